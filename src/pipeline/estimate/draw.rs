//! The sample of a plan: which rows of the input a rehearsal builds.
//!
//! A row is drawn by a hash of its content, not by its place: the least hash of its shingles, hashed once more. Copies
//! of a text go into the sample together or not at all, and near copies of similarity *s* do so with probability *s*
//! (Broder, *On the resemblance and containment of documents*, 1997), so that a sample of one row in a hundred has the
//! same share of duplicates as the whole. A least hash that many rows share is one of a licence or a page head: such a
//! row is drawn by its next one, or by all of its text if its four least are all common.
//!
//! An input of at most [`Depth::read`] bytes is read from end to end. Of a larger one stretches are read, spread over its
//! files: what is a copy of a row in another place is not seen then, and the plan says so.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::expect::{Expected, Stretch, expected};
use super::least::{Hasher, Hashes, mixed};
use super::members;
use crate::engine::scan::PieceSpec;
use crate::formats::{Layout, Piece};
use crate::objects;
use crate::pipeline::inputs;
use crate::pipeline::inputs::sample;
use crate::pipeline::inputs::{Effort, InputFile, Inputs};
use crate::pipeline::{Options, usage};
use crate::recipe::{Recipe, Source};
use crate::{Error, Result};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Bytes on disk up to which the whole input is read; of a larger one, the decoded bytes that are.
    pub read: u64,
    /// Bytes of text that are built.
    pub text: u64,
}

impl Default for Depth {
    fn default() -> Self {
        Depth { read: 256 << 20, text: 64 << 20 }
    }
}

/// Stretches that are read of a source that is not read whole, at most.
const STRETCHES: usize = 256;
/// Bytes of a stretch, at least.
const STRETCH: u64 = 64 << 10;
/// Bytes of text for each of which a row is built, at most.
const A_ROW: u64 = 640;
/// Rows of each source that are built at least, where it has them.
const FEW: u64 = 500;
/// Rows whose hashes are remembered at a time.
const REMEMBERED: usize = 2 << 20;
/// Files of a source that are asked how many rows they have.
const STATED: usize = 1_000;
/// Rows that share a hash before it is a common one.
const COMMON: u32 = 16;

/// A row that may be drawn: its place in its piece, the bytes of its text, hashes of its content.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    row: u32,
    bytes: u32,
    hashes: Hashes,
    /// The one that decides, once all are known.
    key: u32,
}

/// A piece that was read, and what was found.
#[derive(Default)]
struct Seen {
    candidates: Vec<Candidate>,
    records: u64,
    text: u64,
    chars: u64,
    /// Squares of the bytes of their texts, summed.
    squares: f64,
    /// Decoded bytes from the first record to the last.
    decoded: u64,
    ended: bool,
    /// A store that did not answer.
    lost: Option<Error>,
}

/// What is known of one source after it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceDraw {
    /// Rows that it has: counted where all of it was read, else expected.
    pub rows: u64,
    /// Bytes of text of these rows, in the same sense.
    pub text: f64,
    /// By how much of themselves the rows may be off: two standard errors; 0 where they were counted.
    pub off: f64,
    /// Characters of a row.
    pub chars_a_row: f64,
    /// Share of its bytes that was read.
    pub read: f64,
    /// Names of the files whose rows may be drawn.
    pub files: HashSet<String>,
    /// The share of the rows read that is drawn.
    pub share: f64,
}

/// The sample, and what was seen while it was drawn.
pub struct Draw {
    /// By source, in the recipe's order.
    pub sources: Vec<SourceDraw>,
    /// All inputs, as a build would cut them.
    pub inputs: Inputs,
    /// CPU seconds of finding, hashing and unpacking, where a build's own way was gone.
    pub look_seconds: Option<f64>,
    /// CPU seconds of passing through compressed archives, which a build does once, where the input is not read whole.
    pub unpack_seconds: f64,
    /// What is drawn: by piece of [`Draw::sampled`], ascending by row.
    candidates: Vec<Vec<Candidate>>,
    sampled: Inputs,
    /// Whether all rows that were read may be drawn.
    remembered: bool,
}

/// Reads the input (or stretches of it) and chooses rows. What a build would unpack, bring together or look up first is
/// made in `folder`, where the input is read whole.
///
/// # Errors
///
/// As [`inputs::gather`]; [`Error::Io`] of writing to `folder`.
pub fn draw(recipe: &Recipe, options: &Options, depth: Depth, folder: &Path) -> Result<Draw> {
    let mut bytes = 0u64;
    for source in &recipe.sources {
        let found = inputs::find(recipe, source)?.files;
        bytes += found.iter().filter_map(|f| inputs::size(&f.1)).sum::<u64>();
    }
    let whole = bytes <= depth.read;
    let before = usage::cpu_seconds();
    let effort = if whole { Effort::Build } else { Effort::Glance };
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let inputs = inputs::gather(recipe, options.unit, folder, options.threads, effort)?;
    let look_seconds = whole.then(|| usage::cpu_seconds() - before);
    let mut sampled = Inputs { sources: Vec::new(), pieces: Vec::new(), owners: Vec::new(), units: Vec::new() };
    let (mut sources, mut candidates, mut unpack_seconds) = (Vec::new(), Vec::new(), 0.0);
    let keys = Keys::default();
    for (number, source) in inputs.sources.iter().enumerate() {
        let read = if whole { u64::MAX } else { (depth.read as f64 * share(source_bytes(source), bytes)) as u64 };
        let picked = picked(source.pieces.clone().collect(), whole);
        let stretch = (read / picked.len().max(1) as u64).max(STRETCH);
        let mut pieces: Vec<PieceSpec> = picked.iter().map(|n| inputs.pieces[*n].clone()).collect();
        let of: Vec<usize> = picked.iter().map(|n| inputs.owners[*n].1).collect();
        let (mut copies, mut cut) = (source.files.clone(), Vec::new());
        if !whole {
            let began = usage::cpu_seconds();
            cut = members::copy(&mut copies, &of, stretch, &folder.join(format!("members-{number}")))?;
            unpack_seconds += usage::cpu_seconds() - began;
            for (piece, file) in pieces.iter_mut().zip(&of) {
                let (path, member) = copies[*file].read_from();
                (piece.path, piece.member) = (path.to_path_buf(), member.cloned());
            }
        }
        let layouts = |index: usize| copies[of[index]].read_whole_as();
        let limit = source.source.limit;
        let mut seen = read_all(&pieces, &layouts, stretch, limit, options, &keys);
        seen.iter_mut().find_map(|seen| seen.lost.take()).map_or(Ok(()), Err)?;
        for (_, seen) in of.iter().zip(&mut seen).filter(|(file, _)| cut.binary_search(file).is_ok()) {
            seen.goes_on();
        }
        sources.push(known(&inputs, source, (&picked, &copies), &seen, whole));
        let mut files: Vec<InputFile> = Vec::new();
        for ((piece, file), seen) in pieces.iter().zip(&of).zip(seen) {
            let cut = (piece.start, piece.end, piece.lines);
            let file = &copies[*file];
            match files.last_mut().filter(|f| f.name == file.name) {
                Some(last) => last.cuts.push(cut),
                None => files.push(InputFile { cuts: vec![cut], ..file.clone() }),
            }
            candidates.push(seen.candidates);
        }
        if let Some(draw) = sources.last_mut() {
            draw.files = files.iter().map(|f| f.name.clone()).collect();
        }
        sampled.add(&Source { limit: None, ..source.source.clone() }, files, options.unit)?;
    }
    let remembered = keys.bound.load(Ordering::Relaxed) == u32::MAX;
    let mut draw = Draw { sources, inputs, look_seconds, unpack_seconds, candidates, sampled, remembered };
    draw.decide(keys.bound.load(Ordering::Relaxed));
    draw.choose(depth.text);
    Ok(draw)
}

/// Bytes on disk, those of an archive once however many members it has.
fn source_bytes(source: &inputs::SourceInput) -> u64 {
    let mut paths: Vec<_> = source.files.iter().map(|f| (&f.path, f.bytes)).collect();
    paths.sort();
    paths.dedup();
    paths.iter().map(|p| p.1).sum()
}

/// Bytes of a piece: of its file on disk, or of its member.
fn length(file: &InputFile, piece: &PieceSpec) -> u64 {
    let length = if file.member.is_some() { file.size } else { piece.bytes };
    piece.end.min(length.max(piece.start)) - piece.start
}

fn share(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

/// The pieces that are read: all of them, or some from everywhere.
fn picked(pieces: Vec<usize>, whole: bool) -> Vec<usize> {
    match pieces.len() {
        n if whole || n <= STRETCHES => pieces,
        n => (0..STRETCHES).map(|i| pieces[i * n / STRETCHES]).collect(),
    }
}

/// The hashes that are remembered: those up to a bound, which sinks as rows come.
struct Keys {
    bound: AtomicU32,
    kept: AtomicUsize,
}

impl Default for Keys {
    fn default() -> Self {
        Keys { bound: AtomicU32::new(u32::MAX), kept: AtomicUsize::new(0) }
    }
}

/// Reads pieces side by side; with a limit one after the other, until there are enough rows.
fn read_all(
    pieces: &[PieceSpec],
    layout: &(dyn Fn(usize) -> Layout + Sync),
    bytes: u64,
    limit: Option<u64>,
    options: &Options,
    keys: &Keys,
) -> Vec<Seen> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Seen>> = pieces.iter().map(|_| Mutex::default()).collect();
    let left = AtomicU64::new(limit.unwrap_or(u64::MAX));
    let threads = if limit.is_some() { 1 } else { options.threads.clamp(1, pieces.len().max(1)) };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut hasher = Hasher::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(piece) = pieces.get(index) else { break };
                    let rows = left.load(Ordering::Relaxed);
                    if rows == 0 || options.stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let seen = read_one(piece, &layout(index), (rows, bytes), keys, &mut hasher);
                    if limit.is_some() {
                        left.fetch_sub(seen.records.min(rows), Ordering::Relaxed);
                    }
                    if let Ok(mut slot) = slots[index].lock() {
                        *slot = seen;
                    }
                }
            });
        }
    });
    slots.into_iter().map(|s| s.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)).collect()
}

fn read_one(piece: &PieceSpec, layout: &Layout, (rows, bytes): (u64, u64), keys: &Keys, hasher: &mut Hasher) -> Seen {
    let place = Piece { path: piece.path.clone(), member: piece.member.clone(), start: piece.start, end: piece.end };
    let mut seen = Seen::default();
    let (mut row, mut total, mut squares) = (0u64, (0u64, 0u64), 0.0);
    let mut candidates: Vec<Candidate> = Vec::new();
    let read = sample::read(&place, layout, rows, bytes, &mut |record| {
        let (hashes, text, chars) = hasher.of(&record, piece.number << 32 | row);
        total = (total.0 + text, total.1 + chars);
        squares += (text * text) as f64;
        if hashes.least[0] <= keys.bound.load(Ordering::Relaxed) && row < u64::from(u32::MAX) && row < rows {
            let bytes = text.min(u64::from(u32::MAX)) as u32;
            candidates.push(Candidate { row: row as u32, bytes, hashes, key: 0 });
            if keys.kept.fetch_add(1, Ordering::Relaxed) >= REMEMBERED {
                let bound = keys.bound.load(Ordering::Relaxed) / 2;
                keys.bound.fetch_min(bound, Ordering::Relaxed);
                keys.kept.store(REMEMBERED / 2, Ordering::Relaxed);
                candidates.retain(|c| c.hashes.least[0] <= bound);
            }
        }
        row += 1;
    });
    (seen.text, seen.chars, seen.squares, seen.candidates) = (total.0, total.1, squares, candidates);
    (seen.records, seen.decoded, seen.ended) = (read.records.min(rows), read.bytes, read.ended);
    seen.lost = objects::lost();
    seen
}

impl Seen {
    /// Of a copy that ends before its piece does: a row at its end is not whole.
    fn goes_on(&mut self) {
        if std::mem::take(&mut self.ended) && self.records > 1 {
            self.records -= 1;
            self.candidates.retain(|c| u64::from(c.row) < self.records);
        }
    }
}

/// What a source has, by what was read of it.
fn known(
    inputs: &Inputs,
    source: &inputs::SourceInput,
    (picked, copies): (&[usize], &[InputFile]),
    seen: &[Seen],
    whole: bool,
) -> SourceDraw {
    let records: u64 = seen.iter().map(|s| s.records).sum();
    let (text, chars): (u64, u64) = seen.iter().fold((0, 0), |sum, s| (sum.0 + s.text, sum.1 + s.chars));
    let a_row = |n: u64| n as f64 / records.max(1) as f64;
    let limit = source.source.limit.unwrap_or(u64::MAX);
    let mut expected_rows = Expected { rows: records as f64, read: 1.0, off: 0.0 };
    if !whole && records < limit {
        expected_rows = expected_of(inputs, source, (picked, copies), seen);
    }
    let rows = (expected_rows.rows.round() as u64).max(records).min(limit);
    SourceDraw {
        rows,
        // Where a limit is reached in any case, nothing is unsure.
        off: if expected_rows.rows * (1.0 - expected_rows.off) >= limit as f64 { 0.0 } else { expected_rows.off },
        text: a_row(text) * rows as f64,
        chars_a_row: a_row(chars),
        read: expected_rows.read,
        files: HashSet::new(),
        share: 1.0,
    }
}

/// Decoded bytes of a byte of a file, or of the member that it is.
fn expansion(file: &InputFile) -> Option<f64> {
    let (path, member) = file.read_from();
    sample::expansion(path, member.map(String::as_str), file.read_as().transport.compression).ok()
}

/// Rows of a source of which stretches were read, and the share of it that they are.
fn expected_of(
    inputs: &Inputs,
    source: &inputs::SourceInput,
    (picked, copies): (&[usize], &[InputFile]),
    seen: &[Seen],
) -> Expected {
    // Parquet files say how many rows they have.
    let stated: Option<Vec<f64>> =
        source.files.iter().take(STATED).map(|f| sample::stated_rows(&f.path, &f.layout)).collect();
    let records: f64 = seen.iter().map(|s| s.records as f64).sum();
    if let Some(stated) = stated.filter(|s| !s.is_empty()) {
        let rows = stated.iter().sum::<f64>() / stated.len() as f64 * source.files.len() as f64;
        let off = if source.files.len() > STATED { 0.1 } else { 0.0 };
        return Expected { rows, read: (records / rows.max(1.0)).min(1.0), off };
    }
    let size = |n: usize| length(inputs.file(n), &inputs.pieces[n]) as f64;
    // Decoded bytes of a byte, by the first files that were looked into.
    let mut first: Vec<usize> = picked.iter().map(|n| inputs.owners[*n].1).collect();
    first.dedup();
    let ratios: Vec<f64> = first.into_iter().take(4).filter_map(|file| expansion(&copies[file])).collect();
    let ratio = if ratios.is_empty() { 1.0 } else { ratios.iter().sum::<f64>() / ratios.len() as f64 };
    let total = source.pieces.clone().map(size).sum::<f64>() * ratio;
    // Of a piece that was read to its end the size is known; of another how far it was read.
    let stretches: Vec<Stretch> = picked
        .iter()
        .zip(seen)
        .map(|(piece, seen)| match seen.ended {
            true => Stretch { rows: seen.records as f64, bytes: size(*piece) * ratio, ended: true },
            false => Stretch { rows: seen.records.saturating_sub(1) as f64, bytes: seen.decoded as f64, ended: false },
        })
        .collect();
    let mean = seen.iter().map(|s| s.text as f64).sum::<f64>() / records.max(1.0);
    let squares = seen.iter().map(|s| s.squares).sum::<f64>() / records.max(1.0);
    let varied = (squares / (mean * mean).max(1.0) - 1.0).max(0.0).sqrt();
    expected(source.pieces.len(), total, varied, &stretches)
}

impl Draw {
    /// Settles which hash decides on each row: of those that could be remembered under `bound`.
    fn decide(&mut self, bound: u32) {
        let mut rows: HashMap<u32, u32> = HashMap::new();
        for candidates in &mut self.candidates {
            candidates.retain(|c| c.hashes.least[0] <= bound);
            for hash in candidates.iter().flat_map(|c| c.hashes.least) {
                *rows.entry(hash).or_default() += 1;
            }
        }
        for candidate in self.candidates.iter_mut().flatten() {
            let rare = candidate.hashes.least.into_iter().find(|h| rows.get(h).is_none_or(|n| *n <= COMMON));
            // Hashed again: that it is a small one has decided already that it was remembered.
            candidate.key = mixed(u64::from(rare.unwrap_or(candidate.hashes.text))) as u32;
        }
    }

    /// Sets the shares: `most` bytes of text in all, one share for all sources so that copies between sources are
    /// seen, and more of a source that would have next to no rows.
    fn choose(&mut self, most: u64) {
        let (mut rows, mut text) = (0u64, 0u64);
        for candidate in self.candidates.iter().flatten() {
            rows += 1;
            text += u64::from(candidate.bytes);
        }
        let all = (most as f64 / text.max(1) as f64).min((most / A_ROW) as f64 / rows.max(1) as f64).min(1.0);
        let mut there = vec![0usize; self.sources.len()];
        for (piece, candidates) in self.candidates.iter().enumerate() {
            there[self.sampled.owners[piece].0] += candidates.len();
        }
        for (source, there) in self.sources.iter_mut().zip(there) {
            source.share = all.max(FEW as f64 / there.max(1) as f64).min(1.0);
        }
    }

    /// Whether every row of the input is in the sample.
    pub fn is_whole(&self) -> bool {
        self.remembered && self.sources.iter().all(|s| s.read >= 1.0 && s.share >= 1.0)
    }

    /// Rows and bytes of text of a sample that is `part` (of 1) of the drawn rows.
    pub fn amount(&self, part: f64) -> (u64, f64) {
        let chosen = self.candidates.iter().enumerate().flat_map(|(piece, all)| {
            let most = self.bound(piece, part);
            all.iter().filter(move |c| c.key <= most)
        });
        chosen.fold((0, 0.0), |sum, c| (sum.0 + 1, sum.1 + f64::from(c.bytes)))
    }

    fn bound(&self, piece: usize, part: f64) -> u32 {
        (self.sources[self.sampled.owners[piece].0].share * part * f64::from(u32::MAX)) as u32
    }

    /// The sample as inputs of a build.
    pub fn sample(&self, part: f64) -> Inputs {
        let mut inputs = self.sampled.clone();
        for (number, (piece, candidates)) in inputs.pieces.iter_mut().zip(&self.candidates).enumerate() {
            let most = self.bound(number, part);
            let mut only: Vec<(u64, u64)> = Vec::new();
            for row in candidates.iter().filter(|c| c.key <= most).map(|c| u64::from(c.row)) {
                match only.last_mut().filter(|last| last.1 == row) {
                    Some(last) => last.1 += 1,
                    None => only.push((row, row + 1)),
                }
            }
            piece.only = Some(only);
        }
        inputs
    }

    /// The share of the input that no two threads can work on together.
    pub fn greatest(&self) -> f64 {
        let lengths = self.inputs.pieces.iter().enumerate().map(|(n, piece)| length(self.inputs.file(n), piece));
        let total: u64 = lengths.clone().sum();
        lengths.max().map_or(1.0, |most| share(most, total).min(1.0))
    }
}
