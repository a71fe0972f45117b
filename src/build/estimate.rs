//! What a build would cost: its real jobs run over a sample of each source, and scaled up.
//!
//! The sample is a few stretches spread over a source's files. It is built twice, an eighth of it and the whole: what
//! grows between the two is the cost of a row, the rest is the cost of starting (dictionaries, threads).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chain::{Chain, Decide};
use super::heavy::{Heavy, Lost, Reached, heavy};
use super::inputs::{self, InputFile, Inputs};
use super::manifest::{Manifest, ReasonLine};
use super::mix::{self, Group};
use super::sample;
use super::state::State;
use super::{Options, Progress, run_over};
use crate::engine::scan::modified;
use crate::formats::{self, Layout, Piece, Split, detect};
use crate::input::{self, Compression};
use crate::recipe::{By, MIX_STAGE, Recipe, Source};
use crate::rows::Use;
use crate::{Error, Result};

/// Rows of a source that are built for the estimate.
const ROWS: u64 = 2_000;
/// Bytes of a source that are read for it.
const BYTES: u64 = 8 << 20;
/// Stretches that a sample is made of.
const STRETCHES: usize = 8;
/// Rows that are too few; and files then looked at.
const FEW: u64 = 200;
/// Phases of a build, and the job whose files make them needless.
const PHASES: [(&str, &str); 7] = [
    ("scan", "scan"),
    ("ids", "judge"),
    ("decide", "judge"),
    ("layout", ""),
    ("apply", "apply"),
    ("shuffle", "shuffle"),
    ("shards", ""),
];

/// What is expected of one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceEstimate {
    /// Its name.
    pub name: String,
    /// The use of its rows.
    pub usage: Option<Use>,
    /// How many files it has.
    pub files: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Formats of the files looked at, most frequent first.
    pub formats: Vec<String>,
    /// Rows expected.
    pub rows: u64,
    /// Rows built for the estimate.
    pub sampled: u64,
    /// Rows expected to be kept.
    pub kept: u64,
}

/// Rows that are expected to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The stage.
    pub stage: String,
    /// The reason word.
    pub reason: String,
    /// Rows expected.
    pub rows: u64,
}

/// What a build is expected to cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// By source.
    pub sources: Vec<SourceEstimate>,
    /// CPU seconds.
    pub cpu_seconds: f64,
    /// Seconds.
    pub wall_seconds: f64,
    /// Peak resident memory: a promise, not an estimate.
    pub memory_bytes: u64,
    /// Signals, keys and decisions on disk; and the text where it is staged.
    pub work_bytes: u64,
    /// Sorted runs on disk.
    pub spill_bytes: u64,
    /// Rows on their way to the output.
    pub slab_bytes: u64,
    /// What is handed over.
    pub output_bytes: u64,
    /// Losses, the greatest first.
    pub losses: Vec<Loss>,
    /// Rules that are expected to take more than half of what reaches them.
    pub heavy: Vec<Heavy>,
}

impl Estimate {
    /// The most that lies on disk at a time: while shards are strung together, what they are made of lies there too.
    pub fn disk_bytes(&self) -> u64 {
        self.work_bytes + self.slab_bytes + self.output_bytes + self.spill_bytes
    }
}

/// A quantity that grows with the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Line {
    fixed: f64,
    row: f64,
}

impl Line {
    /// Through two measurements `(rows, quantity)`; never less than half of what the greater one says of each row.
    fn through(small: (u64, f64), whole: (u64, f64)) -> Line {
        let rows = whole.0.saturating_sub(small.0);
        if rows == 0 || whole.0 == 0 {
            return Line { fixed: whole.1, row: 0.0 };
        }
        let row = ((whole.1 - small.1) / rows as f64).clamp(0.5 * (whole.1 / whole.0 as f64).max(0.0), f64::MAX);
        Line { fixed: (whole.1 - row * whole.0 as f64).max(0.0), row: row.max(0.0) }
    }

    fn at(self, rows: u64) -> f64 {
        self.fixed + self.row * rows as f64
    }
}

/// Silent progress.
struct Quiet;

impl Progress for Quiet {
    fn phase(&self, _name: &str, _total: u64) {}
    fn advance(&self, _steps: u64) {}
    fn done(&self, _summary: &str) {}
}

/// Estimates what a build costs, given what is done already.
pub fn estimate(recipe: &Recipe, chain: &Chain, options: &Options, state: &State) -> Result<Estimate> {
    let folder = tempfile::Builder::new().prefix("corpus-plan-").tempdir().map_err(Error::io(std::env::temp_dir()))?;
    let mut all = Estimate { memory_bytes: options.memory + (200 << 20), ..Estimate::default() };
    let (mut losses, mut longest) = (BTreeMap::<(String, String), f64>::new(), 0f64);
    // What rules take, by source.
    let (mut reached, mut lost) = (Vec::<(&str, Option<Use>, u64)>::new(), Vec::<ReasonLine>::new());
    // What a mix is made of, by source; and bytes of slabs and output.
    let (mut groups, mut sizes): (Vec<Group>, Vec<(f64, f64)>) = (Vec::new(), Vec::new());
    for source in &recipe.sources {
        let sample = Sample::of(recipe, source)?;
        let mut line = sample.line.clone();
        let small = rehearse(recipe, source, sample.inputs(source, 8)?, options, folder.path())?;
        let whole = rehearse(recipe, source, sample.inputs(source, 1)?, options, folder.path())?;
        line.sampled = whole.manifest.totals.read;
        if sample.whole {
            line.rows = line.sampled;
        }
        line.rows = line.rows.max(line.sampled);
        // A limit counts rows, but whole units are scanned, as many at a time as there are threads.
        let limit = source.limit.unwrap_or(u64::MAX);
        let step =
            (line.rows as f64 * (options.unit * options.threads as u64) as f64 / line.bytes.max(1) as f64).max(1.0);
        let scanned = line.rows.min(((limit as f64 / step).ceil() * step) as u64);
        line.rows = line.rows.min(limit);
        let per = |n: u64| n as f64 * line.rows as f64 / line.sampled.max(1) as f64;
        line.kept = per(whole.manifest.totals.kept) as u64;
        for reason in &whole.manifest.reasons {
            *losses.entry((reason.stage.clone(), reason.reason.clone())).or_default() += per(reason.rows);
        }
        if whole.manifest.totals.unreadable > 0 {
            *losses.entry((String::new(), "unreadable".into())).or_default() += per(whole.manifest.totals.unreadable);
        }
        lost.extend(whole.manifest.reasons.iter().map(|r| ReasonLine { rows: per(r.rows) as u64, ..r.clone() }));
        reached.push((source.label.as_str(), line.usage, per(line.sampled - whole.manifest.totals.unreadable) as u64));
        let of = |rows: u64, get: &dyn Fn(&Rehearsal) -> f64| {
            Line::through((small.manifest.totals.read, get(&small)), (line.sampled, get(&whole))).at(rows)
        };
        let mut cpu = 0.0;
        for (phase, job) in PHASES {
            let left = state.jobs.iter().filter(|j| j.name == job).map(|j| j.left()).fold(0.0, f64::max);
            let left = if job.is_empty() { 1.0 } else { left };
            let rows = if job == "scan" { scanned } else { line.rows };
            cpu += left
                * of(rows, &|r| r.manifest.timings.get(phase).and_then(|p| p["cpu_seconds"].as_f64()).unwrap_or(0.0));
        }
        all.cpu_seconds += cpu;
        longest = longest.max(cpu * sample.greatest.min(1.0));
        all.work_bytes += of(scanned, &|r| r.work as f64) as u64;
        sizes.push((of(line.rows, &|r| r.slabs as f64), of(line.rows, &|r| r.output as f64)));
        let kept = if chain.mix.is_some_and(|m| m.by == By::Chars) {
            per(whole.manifest.kept_chars)
        } else {
            line.kept as f64
        };
        groups.push(Group { label: source.label.clone(), share: source.share, amount: kept });
        all.sources.push(line);
    }
    all.heavy = heavy_of(recipe, &reached, &lost);
    let shares = mixed(chain, &groups);
    for ((line, share), (slabs, output)) in all.sources.iter_mut().zip(&shares).zip(sizes) {
        let taken = line.kept as f64 * share;
        if *share < 1.0 {
            *losses.entry((MIX_STAGE.into(), "not_sampled".into())).or_default() += line.kept as f64 - taken;
        }
        line.kept = taken as u64;
        all.slab_bytes += (slabs * share) as u64;
        all.output_bytes += (output * share) as u64;
    }
    let rows: u64 = all.sources.iter().map(|s| s.rows).sum();
    let sorts = chain.decisions().iter().any(|d| matches!(d, Decide::Dedup(..)));
    // Key, row key and id of a row, as they are sorted.
    all.spill_bytes = if sorts && rows * 48 > options.memory / 5 * 3 { rows * 48 } else { 0 };
    for decision in chain.decisions() {
        // Sketch, keys and bands of a row; pairs and texts of candidates depend on what is alike.
        if let Decide::Near(link, how) = decision {
            let rows = rows + how.earlier(link)?.rows() as u64;
            let bytes = rows * how.row_bytes();
            all.spill_bytes = all.spill_bytes.max(if bytes > options.memory / 2 { bytes } else { 0 });
        }
    }
    if options.known().is_none() {
        all.cpu_seconds += all.sources.iter().map(|s| s.bytes).sum::<u64>() as f64 * sample::hash_second_a_byte();
    }
    let threads = options.threads.min(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    all.wall_seconds = longest.max(all.cpu_seconds / threads as f64);
    all.losses =
        losses.into_iter().map(|((stage, reason), rows)| Loss { stage, reason, rows: rows.round() as u64 }).collect();
    all.losses.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.reason.cmp(&b.reason)));
    Ok(all)
}

/// Rules that take more than half, by what each source's sample showed; parts of one card stand together.
fn heavy_of(recipe: &Recipe, read: &[(&str, Option<Use>, u64)], lost: &[ReasonLine]) -> Vec<Heavy> {
    let mut reached: Vec<Reached<'_>> = Vec::new();
    for (name, usage, rows) in read {
        match reached.iter_mut().find(|r| r.name == *name) {
            Some(same) => {
                same.rows += rows;
                same.uses.extend(usage);
            }
            None => reached.push(Reached { name, uses: usage.iter().copied().collect(), rows: *rows }),
        }
    }
    let lost: Vec<Lost<'_>> = lost.iter().map(Lost::of).collect();
    heavy(recipe, &reached, &lost)
}

/// How often a mix takes each source, by what is expected of them.
fn mixed(chain: &Chain, sources: &[Group]) -> Vec<f64> {
    let Some(mix) = chain.mix else { return vec![1.0; sources.len()] };
    let mut groups: Vec<Group> = Vec::new();
    for source in sources {
        match groups.iter_mut().find(|g| g.label == source.label) {
            Some(group) => group.amount += source.amount,
            None => groups.push(source.clone()),
        }
    }
    let most = mix::most(&groups);
    let amounts = mix::amounts(&groups, mix.total.unwrap_or(most).min(most));
    let share = |s: &Group| groups.iter().zip(&amounts).find(|(g, _)| g.label == s.label).map(|(g, a)| a / g.amount);
    sources.iter().map(|s| share(s).filter(|s| s.is_finite()).unwrap_or(0.0)).collect()
}

/// What a build of a sample showed.
struct Rehearsal {
    manifest: Manifest,
    work: u64,
    slabs: u64,
    output: u64,
}

fn rehearse(recipe: &Recipe, source: &Source, inputs: Inputs, options: &Options, folder: &Path) -> Result<Rehearsal> {
    let _ = std::fs::remove_dir_all(folder);
    let mut recipe = recipe.clone();
    recipe.sources = vec![Source { limit: None, ..source.clone() }];
    // How much of each source comes out is known when all are counted.
    recipe.mix = None;
    let (out, work) = (folder.join("out"), folder.join("work"));
    let options = Options { out, work, reuse: None, fresh: false, keep_work: true, ..options.clone() };
    let built = run_over(&recipe, &options, &Quiet, Some(inputs))?;
    let size = |folder: &Path, wanted: &dyn Fn(&str) -> bool| -> u64 {
        let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
        files.filter(|e| wanted(&e.path().to_string_lossy())).filter_map(|e| Some(e.metadata().ok()?.len())).sum()
    };
    let slab = |path: &str| path.contains("/apply-") || path.contains("/shuffle-");
    Ok(Rehearsal {
        manifest: built.manifest,
        work: size(&options.work, &|path| !slab(path)),
        slabs: size(&options.work, &slab),
        output: size(&options.out, &|path| path.ends_with(".parquet")),
    })
}

/// Stretches of a source.
struct Sample {
    line: SourceEstimate,
    files: Vec<(InputFile, u64, u64)>,
    /// Whether the sample is the whole source.
    whole: bool,
    /// Share of the source that no two threads can share.
    greatest: f64,
}

impl Sample {
    /// A sample of a few files; of many, where a file holds next to nothing.
    fn of(recipe: &Recipe, source: &Source) -> Result<Sample> {
        let found = inputs::find(recipe, source)?.files;
        let sample = Sample::over(recipe, source, &found, STRETCHES)?;
        let rows: u64 = sample.files.iter().map(|f| f.1).sum();
        if rows < FEW && sample.files.len() < found.len() {
            return Sample::over(recipe, source, &found, FEW as usize);
        }
        Ok(sample)
    }

    fn over(recipe: &Recipe, source: &Source, found: &[(String, PathBuf)], most: usize) -> Result<Sample> {
        let sizes: Vec<u64> = found.iter().map(|f| std::fs::metadata(&f.1).map_or(0, |m| m.len())).collect();
        let bytes: u64 = sizes.iter().sum();
        let picks: Vec<usize> = match found.len() {
            n if n <= most => (0..n).collect(),
            n => (0..most).map(|i| i * n / most).collect(),
        };
        let mut sample = Sample {
            line: SourceEstimate::default(),
            files: Vec::new(),
            whole: picks.len() == found.len(),
            greatest: 0.0,
        };
        let (mut formats, mut looked, mut rows) = (BTreeMap::<String, usize>::new(), 0u64, 0f64);
        let (mut read, mut stretches) = (0u64, 0u64);
        for pick in &picks {
            let (shown, path) = &found[*pick];
            let (layout, expected, seen) = sample.file(recipe, source, shown, path, picks.len())?;
            let format =
                layout.shape.as_ref().map_or_else(|| layout.container.clone(), |s| format!("{}/{s}", layout.container));
            *formats.entry(format).or_default() += 1;
            sample.line.usage = Some(layout.usage);
            looked += sizes[*pick];
            rows += expected;
            read += seen.records;
            stretches += 1;
        }
        let mut formats: Vec<(String, usize)> = formats.into_iter().collect();
        formats.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sample.line.name = source.name.clone();
        sample.line.files = found.len() as u64;
        sample.line.bytes = bytes;
        sample.line.formats = formats.into_iter().map(|f| f.0).collect();
        sample.line.rows = if looked == 0 {
            read / stretches.max(1) * found.len() as u64
        } else {
            (rows * bytes as f64 / looked as f64) as u64
        };
        let total = bytes.max(1) as f64;
        let uncut = |file: &InputFile| file.layout.compression != Compression::None || file.member.is_some();
        let greatest =
            sample.files.iter().filter(|f| uncut(&f.0)).map(|f| f.0.bytes as f64 / total).fold(0.0, f64::max);
        sample.greatest = greatest;
        Ok(sample)
    }

    /// Adds stretches of a file; gives back how it is read, and how many rows it is expected to have.
    fn file(
        &mut self,
        recipe: &Recipe,
        source: &Source,
        shown: &str,
        path: &Path,
        files: usize,
    ) -> Result<(Layout, f64, sample::Seen)> {
        let io = |e| Error::io(path)(e);
        let meta = std::fs::metadata(path).map_err(io)?;
        let compression = input::compression(path).map_err(io)?;
        let members = input::members(path, compression).unwrap_or(None);
        let unpacked: Option<u64> = members.as_ref().map(|m| m.iter().map(|m| m.size).sum());
        let member = members.and_then(|m| m.into_iter().next()).map(|m| m.name);
        let mut seen = detect::detect(path, member.as_deref()).map_err(io)?;
        let sampled = std::mem::take(&mut seen.sample);
        let (layout, note) = inputs::layout(recipe.input.max_row, source, path, seen)?;
        inputs::explained(source, shown, &layout, &sampled, recipe.input.max_unreadable)?;
        let (rows, bytes) = ((ROWS / files.max(1) as u64).max(1), (BYTES / files.max(1) as u64).max(1));
        let plain = layout.compression == Compression::None
            && member.is_none()
            && layout.encoding.0.eq_ignore_ascii_case("utf-8");
        let cut = formats::container(&layout.container).map_or(Split::Whole, |c| c.split(&layout));
        let stretches = if plain && cut == Split::Bytes && meta.len() > 2 * bytes {
            (STRETCHES / files.max(1)).max(1) as u64
        } else {
            1
        };
        let (mut total, mut spans) = (sample::Seen::default(), 0);
        for stretch in 0..stretches {
            let start = meta.len() / stretches * stretch;
            let piece = Piece { path: path.to_path_buf(), member: member.clone(), start, end: u64::MAX };
            let seen = sample::read(&piece, &layout, (rows / stretches).max(1), bytes / stretches, &mut |_| {});
            let file = InputFile {
                unpacked: None,
                name: member.as_ref().map_or_else(|| shown.to_owned(), |m| format!("{shown}!{m}")),
                path: std::path::absolute(path).map_err(io)?,
                member: member.clone(),
                bytes: meta.len(),
                size: meta.len(),
                modified: modified(&meta),
                sha256: String::new(),
                layout: layout.clone(),
                note: note.clone(),
                understood: Default::default(),
                replaced: 0,
                cuts: vec![(start, u64::MAX, 0)],
            };
            self.whole &= seen.ended && stretches == 1;
            self.files.push((file, seen.records, if seen.ended { u64::MAX } else { seen.records }));
            total.ended = seen.ended && stretches == 1;
            total.records += seen.records;
            total.bytes += seen.bytes;
            spans += seen.records.saturating_sub(1);
        }
        if unpacked.is_some() {
            self.whole = false;
        }
        if let Some(rows) = sample::parquet_rows(path, &layout) {
            return Ok((layout, rows, total));
        }
        let ratio = match unpacked {
            Some(bytes) => bytes as f64 / meta.len().max(1) as f64,
            None => sample::expansion(path, layout.compression).map_err(io)?,
        };
        // Of a file that was read to its end the rows are known; of another, how far apart they lie.
        let expected = match total.bytes {
            _ if total.ended && unpacked.is_none() => total.records as f64,
            0 => total.records as f64,
            bytes => meta.len() as f64 * ratio * spans as f64 / bytes as f64,
        };
        Ok((layout, expected, total))
    }

    /// The sample as inputs of a build; `part` 8 takes an eighth of each stretch.
    fn inputs(&self, source: &Source, part: u64) -> Result<Inputs> {
        let mut inputs = Inputs { sources: Vec::new(), pieces: Vec::new(), owners: Vec::new(), units: Vec::new() };
        let files = self.files.iter().map(|f| f.0.clone()).collect();
        inputs.add(&Source { limit: None, ..source.clone() }, files, u64::MAX)?;
        for (piece, (_, records, last)) in inputs.pieces.iter_mut().zip(&self.files) {
            piece.last = if part == 1 { *last } else { records.div_ceil(part) };
        }
        Ok(inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_two_builds() {
        let line = Line::through((100, 3.0), (800, 10.0));
        assert_eq!((line.row, line.fixed.round()), (0.01, 2.0));
        assert!((line.at(1_000_000) - 10_002.0).abs() < 1e-6);
        // Noise does not make rows free, nor the rest negative.
        let line = Line::through((100, 5.0), (800, 4.0));
        assert!(line.row > 0.0 && line.fixed >= 0.0);
        assert_eq!(Line::through((0, 0.0), (0, 1.0)).at(0), 1.0);
    }
}
