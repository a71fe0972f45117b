//! What a build would cost: its real jobs run over a sample of all sources together, and scaled up.
//!
//! The sample (`draw`) is drawn by content from the whole input, so that copies are seen in it as often as in all of
//! it. It is built twice, an eighth of it and the whole of it: what grows between the two is the cost of a row, the rest
//! is the cost of starting (dictionaries, threads) and of passing over what is not in the sample. A small input is its
//! own sample: then what is told of its rows is what comes out.

mod cluster;
mod draw;
mod expect;
mod least;
mod members;
mod range;
mod rehearse;

use std::collections::BTreeMap;

pub use cluster::{ClusterJob, ClusterPlan, on_cluster};
pub use draw::Depth;
pub use range::Range;

use super::Options;
use super::heavy::{Heavy, heavy};
use super::inputs::sample;
use super::plan::stage_plan::StagePlan;
use super::plan::state::State;
use super::run::mix;
use super::run::mix::Group;
use crate::recipe::{By, MIX_STAGE, Recipe};
use crate::rows::Use;
use crate::{Error, Result};
use draw::Draw;
use range::Weight;
use rehearse::{Rehearsal, rehearse};

/// The part of a sample that is built first.
const PART: f64 = 0.125;
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
    /// Formats of its files, most frequent first.
    pub formats: Vec<String>,
    /// Rows: counted where its files were read whole, else expected.
    pub rows: u64,
    /// Whether the rows were counted.
    pub counted: bool,
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
    pub rows: Range,
}

/// What a build is expected to cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// By source.
    pub sources: Vec<SourceEstimate>,
    /// Share of the input's bytes that was read.
    pub read: f64,
    /// Rows kept.
    pub kept: Range,
    /// CPU seconds.
    pub cpu_seconds: Range<f64>,
    /// The same by phase of a build, where something of it is left.
    pub phases: Vec<(&'static str, f64)>,
    /// Seconds.
    pub wall_seconds: f64,
    /// Peak resident memory: a promise, not an estimate.
    pub memory_bytes: u64,
    /// Peak resident memory that is likely.
    pub likely_memory_bytes: u64,
    /// Signals, keys and decisions on disk; the text where it is staged; plain copies.
    pub work_bytes: u64,
    /// Sorted runs on disk.
    pub spill_bytes: u64,
    /// Rows on their way to the output.
    pub slab_bytes: u64,
    /// What is handed over.
    pub output_bytes: Range,
    /// Losses, the greatest first.
    pub losses: Vec<Loss>,
    /// Rows that may go for reasons that the sample did not show.
    pub unseen: u64,
    /// Rules that are expected to take more than half of what reaches them.
    pub heavy: Vec<Heavy>,
}

impl Estimate {
    /// The most that lies on disk at a time: while shards are strung together, what they are made of lies there too.
    pub fn disk_bytes(&self) -> Range {
        let jobs = self.work_bytes + self.spill_bytes;
        let of = |output: u64| jobs + self.slab_bytes * output / self.output_bytes.likely.max(1) + output;
        let output = &self.output_bytes;
        Range { low: of(output.low), likely: of(output.likely), high: of(output.high) }
    }
}

/// A quantity that grows with what is built.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Line {
    fixed: f64,
    each: f64,
}

impl Line {
    /// Through two measurements `(amount, quantity)`; never less than half of what the greater one says of each.
    fn through(small: (f64, f64), whole: (f64, f64)) -> Line {
        let more = whole.0 - small.0;
        if more <= 0.0 || whole.0 <= 0.0 {
            return Line { fixed: whole.1, each: 0.0 };
        }
        let each = ((whole.1 - small.1) / more).clamp(0.5 * (whole.1 / whole.0).max(0.0), f64::MAX);
        Line { fixed: (whole.1 - each * whole.0).max(0.0), each: each.max(0.0) }
    }

    fn at(self, amount: f64) -> f64 {
        self.fixed + self.each * amount
    }
}

/// What a row and its text cost, in bytes of text.
fn amount(rows: u64, text: f64) -> f64 {
    text + 100.0 * rows as f64
}

/// Estimates what a build costs, given what is done already.
///
/// # Errors
/// What a build of the sample fails with: inputs or files of stages that cannot be read, a disk that is full.
pub fn estimate(
    recipe: &Recipe,
    chain: &StagePlan,
    options: &Options,
    depth: Depth,
    state: &State,
) -> Result<Estimate> {
    let folder = tempfile::Builder::new().prefix("corpus-plan-").tempdir().map_err(Error::io("a temporary folder"))?;
    let look = folder.path().join("look");
    let draw = draw::draw(recipe, options, depth, &look)?;
    let of = |part: f64| {
        let (rows, text) = draw.amount(part);
        rehearse(recipe, draw.sample(part), amount(rows, text), options, &folder.path().join("build"))
    };
    let small = of(PART)?;
    let whole = of(1.0)?;
    let scaled = Scaled { recipe, chain, options, draw: &draw, small, whole };
    let mut all = Estimate { memory_bytes: options.memory + (200 << 20), ..Estimate::default() };
    scaled.rows(&mut all);
    scaled.cost(state, &mut all)?;
    let copies = walkdir::WalkDir::new(&look).into_iter().flatten().filter(|e| e.file_type().is_file());
    all.work_bytes += copies.filter_map(|e| Some(e.metadata().ok()?.len())).sum::<u64>();
    Ok(all)
}

/// What a row of the sample stands for.
#[derive(Clone, Copy, Debug)]
struct Stands {
    /// Rows.
    each: f64,
    /// Whether it stands for itself alone.
    whole: bool,
    /// By how much of itself the number of rows may be off.
    off: f64,
}

/// Two rehearsals, and the input that they stand for.
struct Scaled<'a> {
    recipe: &'a Recipe,
    chain: &'a StagePlan,
    options: &'a Options,
    draw: &'a Draw,
    small: Rehearsal,
    whole: Rehearsal,
}

impl Scaled<'_> {
    /// What becomes of the rows: by source, by reason, and what a mix leaves out.
    fn rows(&self, all: &mut Estimate) {
        let weights = self.sources(all);
        let (bytes, read) =
            all.sources.iter().zip(&self.draw.sources).fold((0.0, 0.0), |sum, (line, draw)| {
                (sum.0 + line.bytes as f64, sum.1 + line.bytes as f64 * draw.read)
            });
        all.read = if bytes > 0.0 { read / bytes } else { 1.0 };
        let mut losses: BTreeMap<(String, String), Weight> = BTreeMap::new();
        let mut more: BTreeMap<&str, f64> = BTreeMap::new();
        for reason in &self.whole.manifest.reasons {
            let Some(stands) = weights.get(reason.source.as_str()) else { continue };
            let (weight, draws) = (stands.each, stands.whole);
            let mut of = Weight::new(reason.rows as f64, weight, draws);
            of.off = stands.off;
            if let Some(link) = self.chain.stages.iter().find(|l| l.name == reason.stage) {
                of.copies = link.pass().is_some();
                // Two near copies are drawn together as often as they are alike; of many versions of one text nearly
                // all are. What is true lies between.
                let alike = self.whole.similarity.get(&reason.stage).filter(|_| !draws && of.copies);
                let more_rows = alike.map_or(0.0, |alike| of.rows * (1.0 / alike.clamp(0.5, 1.0) - 1.0) / 2.0);
                *more.entry(reason.source.as_str()).or_default() += more_rows * weight;
                of.doubt = more_rows;
                of.rows += more_rows;
            }
            losses.entry((reason.stage.clone(), reason.reason.clone())).or_default().add(of);
        }
        for line in &mut all.sources {
            let label = self.recipe.sources.iter().find(|s| s.name == line.name).map_or("", |s| s.label.as_str());
            let share = line.kept as f64 / self.kept_of(label, &weights).max(1.0);
            line.kept = (line.kept as f64 - more.get(label).unwrap_or(&0.0) * share).max(0.0).round() as u64;
        }
        let unreadable: u64 = self.whole.manifest.totals.unreadable;
        if unreadable > 0 {
            let rows: u64 = all.sources.iter().map(|s| s.rows).sum();
            let sampled: u64 = all.sources.iter().map(|s| s.sampled).sum();
            let each = rows as f64 / sampled.max(1) as f64;
            let weight = Weight::new(unreadable as f64, each, rows == sampled);
            losses.entry((String::new(), "unreadable".into())).or_default().add(weight);
        }
        let read: u64 = all.sources.iter().map(|s| s.rows).sum();
        let kept: u64 = all.sources.iter().map(|s| s.kept).sum();
        let losses: Vec<Loss> = losses
            .into_iter()
            .map(|((stage, reason), weight)| Loss { stage, reason, rows: weight.range(read, all.read) })
            .collect();
        all.kept = range::kept(kept, losses.iter().map(|l| l.rows), read).wider(self.off(&all.sources));
        all.losses = losses;
        all.heavy = self.heavy(&weights);
        // None of n rows: with a chance of 95 % fewer than 3 of them (the rule of three).
        let most = weights.values().filter(|w| !w.whole).map(|w| w.each * 3.0).fold(0.0, f64::max);
        all.unseen = most.ceil() as u64;
        self.mix(all);
        all.losses.sort_by(|a, b| b.rows.likely.cmp(&a.rows.likely).then_with(|| a.reason.cmp(&b.reason)));
    }

    /// By how much of itself what is kept may be off, since rows were not counted: of a mix as much as the least known of
    /// its sources, since the scarcest one decides how much is taken of all.
    fn off(&self, lines: &[SourceEstimate]) -> f64 {
        let kept: f64 = lines.iter().map(|line| line.kept as f64).sum();
        let offs = lines.iter().zip(&self.draw.sources).map(|(line, draw)| (line.kept as f64, draw.off));
        match self.chain.mix {
            Some(_) => offs.map(|o| o.1).fold(0.0, f64::max),
            None => offs.map(|(kept, off)| (kept * off).powi(2)).sum::<f64>().sqrt() / kept.max(1.0),
        }
    }

    /// Fills the lines of the sources. Gives back, by label, what a sampled row stands for.
    fn sources(&self, all: &mut Estimate) -> BTreeMap<&str, Stands> {
        let mut sums: BTreeMap<&str, (u64, u64, f64)> = BTreeMap::new();
        for ((source, draw), input) in self.recipe.sources.iter().zip(&self.draw.sources).zip(&self.draw.inputs.sources)
        {
            let files = self.whole.manifest.sources.iter().filter(|s| s.name == source.label).flat_map(|s| &s.files);
            let mine = files.filter(|f| draw.files.contains(&f.path));
            let (sampled, kept) = mine.fold((0, 0), |sum, f| (sum.0 + f.counts.read, sum.1 + f.counts.kept));
            let sum = sums.entry(source.label.as_str()).or_default();
            *sum = (sum.0 + draw.rows, sum.1 + sampled, sum.2 + (draw.rows as f64 * draw.off).powi(2));
            let each = draw.rows as f64 / sampled.max(1) as f64;
            let mut formats: BTreeMap<String, usize> = BTreeMap::new();
            for layout in input.files.iter().map(|f| &f.layout) {
                let shape = layout.shape.as_ref().map_or_else(String::new, |s| format!("/{s}"));
                *formats.entry(format!("{}{shape}", layout.container)).or_default() += 1;
            }
            let mut formats: Vec<(String, usize)> = formats.into_iter().collect();
            formats.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let mut paths: Vec<_> = input.files.iter().map(|f| (&f.path, f.bytes)).collect();
            paths.sort();
            paths.dedup();
            all.sources.push(SourceEstimate {
                name: source.name.clone(),
                usage: Some(input.usage),
                files: paths.len() as u64,
                bytes: paths.iter().map(|p| p.1).sum(),
                formats: formats.into_iter().map(|f| f.0).collect(),
                rows: draw.rows,
                counted: draw.read >= 1.0,
                sampled,
                kept: (kept as f64 * each).round() as u64,
            });
        }
        let stands = |(rows, sampled, off): (u64, u64, f64)| Stands {
            each: rows as f64 / sampled.max(1) as f64,
            whole: rows == sampled,
            off: off.sqrt() / rows.max(1) as f64,
        };
        sums.into_iter().map(|(label, sums)| (label, stands(sums))).collect()
    }

    /// Rules that take more than half, by what the sample showed of each source.
    fn heavy(&self, weights: &BTreeMap<&str, Stands>) -> Vec<Heavy> {
        let scaled = |rows: u64, label: &str| (rows as f64 * weights.get(label).map_or(1.0, |w| w.each)) as u64;
        let (mut reached, mut lost) = (self.whole.manifest.reached(), self.whole.manifest.lost());
        reached.iter_mut().for_each(|r| r.rows = scaled(r.rows, r.name));
        lost.iter_mut().for_each(|l| l.rows = scaled(l.rows, l.source));
        heavy(self.recipe, &reached, &lost)
    }

    /// Rows of a label that are expected to be kept.
    fn kept_of(&self, label: &str, weights: &BTreeMap<&str, Stands>) -> f64 {
        let lines = self.whole.manifest.sources.iter().filter(|s| s.name == label).flat_map(|s| &s.files);
        lines.map(|f| f.counts.kept).sum::<u64>() as f64 * weights.get(label).map_or(1.0, |w| w.each)
    }

    /// Tokens of a kept row of a label, in the sample.
    fn tokens_a_row(&self, label: &str) -> f64 {
        let manifest = &self.whole.manifest;
        let files = manifest.sources.iter().filter(|s| s.name == label).flat_map(|s| &s.files);
        let rows: u64 = files.map(|f| f.counts.kept).sum();
        let tokens: u64 = manifest.tokens.iter().filter(|t| t.source == label).map(|t| t.tokens).sum();
        tokens as f64 / rows.max(1) as f64
    }

    /// What a mix takes of each source.
    fn mix(&self, all: &mut Estimate) {
        let Some(mix) = self.chain.mix else { return };
        let groups: Vec<Group> = (self.recipe.sources.iter().zip(&self.draw.sources).zip(&all.sources))
            .map(|((source, draw), line)| {
                let each = match mix.by {
                    By::Rows => 1.0,
                    By::Chars => draw.chars_a_row,
                    By::Tokens => self.tokens_a_row(&source.label),
                };
                Group { label: source.label.clone(), share: source.share, amount: line.kept as f64 * each }
            })
            .collect();
        let before: u64 = all.sources.iter().map(|s| s.kept).sum();
        let mut left = 0.0;
        for (line, share) in all.sources.iter_mut().zip(mixed(&mix, &groups)) {
            left += line.kept as f64 * (1.0 - share).max(0.0);
            line.kept = (line.kept as f64 * share) as u64;
        }
        let after: u64 = all.sources.iter().map(|s| s.kept).sum();
        all.kept = all.kept.times(after as f64 / before.max(1) as f64);
        if left > 0.0 {
            let rows = Range::counted(left, all.kept.spread());
            all.losses.push(Loss { stage: MIX_STAGE.into(), reason: "not_sampled".into(), rows });
        }
    }

    /// Time, memory, disk.
    fn cost(&self, state: &State, all: &mut Estimate) -> Result<()> {
        let draws = &self.draw.sources;
        let total: f64 = draws.iter().map(|s| amount(s.rows, s.text)).sum();
        let at = |get: &dyn Fn(&Rehearsal) -> f64, amount: f64| match self.draw.is_whole() {
            true => get(&self.whole),
            false => {
                Line::through((self.small.amount, get(&self.small)), (self.whole.amount, get(&self.whole))).at(amount)
            }
        };
        let scanned = self.scanned(all);
        for (phase, job) in PHASES {
            let left = state.jobs.iter().filter(|j| j.name == job).map(|j| j.left()).fold(0.0, f64::max);
            let left = if job.is_empty() { 1.0 } else { left };
            let amount = if job == "scan" { scanned } else { total };
            all.phases.push((phase, left * at(&|r| r.seconds(phase), amount)));
        }
        all.phases.push(("look", self.draw.unpack_seconds));
        let bytes: u64 = all.sources.iter().map(|s| s.bytes).sum();
        if self.options.known().is_none() {
            let hashing = bytes as f64 * sample::hash_second_a_byte();
            all.phases.push(("look", self.draw.look_seconds.unwrap_or(hashing)));
        }
        all.cpu_seconds.likely = all.phases.iter().map(|phase| phase.1).sum();
        let taken = all.sources.iter().map(|s| s.kept).sum::<u64>() as f64 / self.kept_before_mix(all);
        let spread = all.kept.spread();
        let bytes = |get: &dyn Fn(&Rehearsal) -> f64, of: f64| get(&self.whole) * of / self.whole.amount.max(1.0);
        all.work_bytes = bytes(&|r| r.work, scanned) as u64;
        all.slab_bytes = (bytes(&|r| r.slabs, total) * taken) as u64;
        all.output_bytes = Range::counted(bytes(&|r| r.output, total) * taken, spread + self.doubt(0.05));
        // A tenth of a second is what starting and ending cost, more or less.
        let cpu = all.cpu_seconds.likely;
        all.cpu_seconds = Range::about(cpu, spread / 2.0 + self.doubt(0.15).max(0.1) + 0.1 / cpu.max(0.1));
        let rows: u64 = all.sources.iter().map(|s| s.rows).sum();
        let (spills, held) = self.sorting(rows)?;
        all.spill_bytes = spills;
        // What reading and writing hold grows until every thread has a unit.
        let most = self.whole.amount.max(total.min((self.options.unit * self.options.threads as u64) as f64));
        all.likely_memory_bytes = (at(&|r| r.peak as f64, most) as u64 + held).min(all.memory_bytes);
        let threads = self.options.threads.min(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        let cpu = all.cpu_seconds.likely;
        all.wall_seconds = (cpu * self.draw.greatest()).max(cpu / threads as f64);
        Ok(())
    }

    /// What is not sure although the rows are: nothing of it where the whole input was built.
    fn doubt(&self, share: f64) -> f64 {
        if self.draw.is_whole() { 0.0 } else { share }
    }

    /// What is scanned: a limit counts rows, but whole units are scanned, as many at a time as there are threads.
    fn scanned(&self, all: &Estimate) -> f64 {
        let each = |(line, (source, draw)): (&SourceEstimate, (&crate::recipe::Source, &draw::SourceDraw))| {
            let of = amount(draw.rows, draw.text);
            let Some(limit) = source.limit.filter(|limit| *limit <= line.rows) else { return of };
            let step = (self.options.unit * self.options.threads as u64) as f64;
            let units = (line.bytes as f64 / step).ceil().max(1.0);
            // Where all lies in the first units, all of it is read; how many rows that are is not known beyond them.
            of * (step.min(line.bytes as f64) / (limit as f64 * line.bytes as f64 / line.rows.max(1) as f64))
                .clamp(1.0, units)
        };
        all.sources.iter().zip(self.recipe.sources.iter().zip(&self.draw.sources)).map(each).sum()
    }

    /// Rows that would be kept if nothing were mixed.
    fn kept_before_mix(&self, all: &Estimate) -> f64 {
        let mixed: u64 = all.losses.iter().filter(|l| l.stage == MIX_STAGE).map(|l| l.rows.likely).sum();
        (all.sources.iter().map(|s| s.kept).sum::<u64>() + mixed).max(1) as f64
    }

    /// Bytes that sorting puts on disk, and those that it holds in memory beyond what the rehearsal held.
    fn sorting(&self, rows: u64) -> Result<(u64, u64)> {
        let memory = self.options.memory;
        let (mut spill, mut held) = (0, 0);
        for stage in &self.chain.stages {
            let Some(pass) = stage.pass() else { continue };
            let footprint = pass.footprint(&stage.files)?;
            let sorted = rows * footprint.sorted_rows;
            let records = (rows + footprint.earlier) * footprint.records;
            for (bytes, most) in [(sorted, memory / 5 * 3), (records, memory / 2)] {
                spill = spill.max(if bytes > most { bytes } else { 0 });
                held = held.max(bytes.min(most));
            }
        }
        let share = self.whole.manifest.totals.read as f64 / rows.max(1) as f64;
        Ok((spill, (held as f64 * (1.0 - share).max(0.0)) as u64))
    }
}

/// How often a mix takes each source, by what is expected of them.
fn mixed(mix: &crate::recipe::Mix, sources: &[Group]) -> Vec<f64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_two_builds() {
        let line = Line::through((100.0, 3.0), (800.0, 10.0));
        assert_eq!((line.each, line.fixed.round()), (0.01, 2.0));
        assert!((line.at(1_000_000.0) - 10_002.0).abs() < 1e-6);
        // Noise does not make rows free, nor the rest negative.
        let line = Line::through((100.0, 5.0), (800.0, 4.0));
        assert!(line.each > 0.0 && line.fixed >= 0.0);
        assert_eq!(Line::through((0.0, 0.0), (0.0, 1.0)).at(0.0), 1.0);
    }
}
