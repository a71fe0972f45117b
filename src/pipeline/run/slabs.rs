//! The layout of the output: slabs planned from the sizes of the rows alone, and the counts of what became of them.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, UInt64Type};

use crate::engine::functions::judge::UNREADABLE;
use crate::output::parquet_file::{GROUP_BYTES, LARGE};
use crate::output::take::Take;
use crate::pipeline::inputs::Inputs;
use crate::rows::column::TOKENS;
use crate::rows::split::{SPLIT, Split};
use crate::rows::{Filled, Use};

/// A stretch of row keys of one source, worked on by one thread: as many rows as make a row group of kept text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slab {
    /// Its number in the build.
    pub number: u64,
    /// First row key.
    pub first: u64,
    /// One past the last row key.
    pub last: u64,
    /// The source.
    pub source: usize,
    /// Kept rows that are trained on, and bytes of their text.
    pub kept: (u64, u64),
    /// The same of rows that are held out, by [`Split::HELD_OUT`].
    pub held: [(u64, u64); 2],
    /// Dropped rows and bytes of their text.
    pub dropped: (u64, u64),
    /// Unreadable rows.
    pub unreadable: u64,
    /// Bytes of text of its largest row.
    pub largest: u64,
}

impl Slab {
    /// Whether a row of it is large enough to be written in another way.
    pub fn large(&self) -> bool {
        self.largest >= LARGE
    }
}

impl Slab {
    /// Rows of a split, and bytes of their text.
    pub fn of(&self, split: Split) -> (u64, u64) {
        split.held_out().map_or(self.kept, |at| self.held[at])
    }

    /// Kept rows, and bytes of their text.
    pub fn all_kept(&self) -> (u64, u64) {
        self.held.iter().fold(self.kept, |all, held| (all.0 + held.0, all.1 + held.1))
    }

    fn of_mut(&mut self, split: Split) -> &mut (u64, u64) {
        match split.held_out() {
            Some(at) => &mut self.held[at],
            None => &mut self.kept,
        }
    }
}

/// What became of the rows of a file (or source, or build).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Rows that the format yielded.
    pub read: u64,
    /// Rows that were added (repeats of a mix).
    pub added: u64,
    /// Rows in `data/`.
    pub kept: u64,
    /// Rows in `dropped/`.
    pub dropped: u64,
    /// Rows in `unreadable/`.
    pub unreadable: u64,
}

impl Counts {
    /// Adds up.
    pub fn add(&mut self, other: &Counts) {
        self.read += other.read;
        self.added += other.added;
        self.kept += other.kept;
        self.dropped += other.dropped;
        self.unreadable += other.unreadable;
    }
}

/// Walks the rows of the build in order.
pub struct Layout {
    /// The slabs.
    pub slabs: Vec<Slab>,
    /// Counts by piece.
    pub pieces: Vec<Counts>,
    /// `(stage, reason, source)` to rows and characters.
    pub reasons: BTreeMap<(String, String, usize), (u64, u64)>,
    /// What a mix takes of each source; empty where none does.
    pub takes: Vec<Take>,
    /// `(stage, source)` to kept rows that it cut, and bytes that it took out of them.
    pub cuts: BTreeMap<(String, usize), (u64, u64)>,
    /// Which fields of messages the rows of each source fill that are kept, and that are dropped.
    pub filled: BTreeMap<usize, [Filled; 2]>,
    /// Tokens of the kept rows of each source, where a stage counts them.
    pub tokens: BTreeMap<usize, u64>,
    /// Kept rows and their characters by source and split, where some are held out.
    pub splits: BTreeMap<(usize, Split), (u64, u64)>,
    /// Bytes of kept text that close a slab.
    limit: u64,
    /// Bytes of kept text and its characters.
    pub kept_chars: u64,
}

fn add(sums: &mut (u64, u64), rows: u64, size: u64) {
    *sums = (sums.0 + rows, sums.1 + size);
}

/// The split of a kept row, and how often it comes: what is held out comes once.
fn placed(splits: Option<&Int64Array>, row: usize, take: Option<(Take, &str)>) -> (Split, u64) {
    let split = splits.filter(|s| s.is_valid(row)).map_or(Split::Train, |s| Split::of(s.value(row)));
    let copies = take.map_or(1, |(take, id)| take.copies(id));
    (split, if split == Split::Train { copies } else { copies.min(1) })
}

impl Layout {
    /// An empty layout for `pieces` pieces and shards of `shard` bytes of text, each of which weighs `weight` in a slab.
    pub fn new(pieces: usize, shard: u64, weight: u64) -> Self {
        let limit = (GROUP_BYTES / weight.max(1)).min(shard.max(1));
        Layout {
            slabs: Vec::new(),
            pieces: vec![Counts::default(); pieces],
            reasons: BTreeMap::new(),
            takes: Vec::new(),
            cuts: BTreeMap::new(),
            filled: BTreeMap::new(),
            tokens: BTreeMap::new(),
            splits: BTreeMap::new(),
            limit,
            kept_chars: 0,
        }
    }

    /// What a mix takes of a source whose rows it repeats.
    pub fn repeats(&self, source: usize) -> Option<&Take> {
        self.takes.get(source).filter(|t| t.repeats())
    }

    /// Which fields of messages the rows of a use fill, in `data/` and in `dropped/`.
    pub fn filled(&self, inputs: &Inputs, usage: Use) -> [Filled; 2] {
        let mut all = [Filled::default(); 2];
        let sources = (0..inputs.sources.len()).filter(|source| inputs.sources[*source].usage == usage);
        for of in sources.filter_map(|source| self.filled.get(&source)) {
            all.iter_mut().zip(of).for_each(|(all, of)| all.add(*of));
        }
        all
    }

    /// Walks on over a batch of `ord, row_bytes, row_chars, stage, reason, filled`, and bytes that each of the stages `cutting`
    /// took out; and `final_id` of a source that repeats; the tokens of each row, where they are counted; last the split,
    /// where rows are held out.
    pub fn walk(&mut self, source: usize, batch: &RecordBatch, cutting: &[String]) {
        let tokens = batch.column_by_name(TOKENS).map(|column| column.as_primitive::<Int64Type>());
        if tokens.is_some() {
            self.tokens.entry(source).or_default();
        }
        let splits = batch.column_by_name(SPLIT).map(|column| column.as_primitive::<Int64Type>());
        self.walk_cuts(source, batch, cutting);
        let ords = batch.column(0).as_primitive::<UInt64Type>().values();
        let bytes = batch.column(1).as_primitive::<Int64Type>().values();
        let chars = batch.column(2).as_primitive::<Int64Type>().values();
        let stages = batch.column(3).as_string::<i32>();
        let reasons = batch.column(4).as_string::<i32>();
        let filled = batch.column(5).as_primitive::<Int64Type>().values();
        let take = self.repeats(source).copied();
        for row in 0..batch.num_rows() {
            let (ord, size) = (ords[row], bytes[row] as u64);
            let open = self.slabs.last().is_some_and(|s| s.source == source && !self.full(s));
            if !open {
                let number = self.slabs.len() as u64;
                self.slabs.push(Slab { number, first: ord, source, ..Slab::default() });
            }
            let Some(slab) = self.slabs.last_mut() else { continue };
            slab.last = ord + 1;
            slab.largest = slab.largest.max(size);
            let counts = &mut self.pieces[(ord >> 32) as usize];
            counts.read += 1;
            if stages.is_null(row) {
                let id = take.map(|take| (take, batch.column(6 + cutting.len()).as_string::<i32>().value(row)));
                let (split, copies) = placed(splits, row, id);
                if copies > 0 {
                    self.filled.entry(source).or_default()[0].add(Filled(filled[row]));
                }
                add(slab.of_mut(split), copies, copies * (size + 64));
                if splits.is_some() {
                    add(self.splits.entry((source, split)).or_default(), copies, copies * chars[row] as u64);
                }
                counts.kept += copies;
                counts.added += copies.saturating_sub(1);
                self.kept_chars += copies * chars[row] as u64;
                if let (Some(tokens), Some(sum)) = (tokens.filter(|t| t.is_valid(row)), self.tokens.get_mut(&source)) {
                    *sum += copies * tokens.value(row) as u64;
                }
                continue;
            }
            let stage = stages.value(row);
            if stage == UNREADABLE {
                slab.unreadable += 1;
                counts.unreadable += 1;
            } else {
                self.filled.entry(source).or_default()[1].add(Filled(filled[row]));
                slab.dropped.0 += 1;
                slab.dropped.1 += size + 64;
                counts.dropped += 1;
            }
            let key = (stage.to_owned(), reasons.value(row).to_owned(), source);
            let sums = self.reasons.entry(key).or_default();
            sums.0 += 1;
            sums.1 += chars[row] as u64;
        }
    }

    /// Adds up what the stages `cutting` took out of rows that are kept.
    fn walk_cuts(&mut self, source: usize, batch: &RecordBatch, cutting: &[String]) {
        for (stage, bytes) in cutting.iter().zip(&batch.columns()[6..]) {
            let sums = self.cuts.entry((stage.clone(), source)).or_default();
            let kept = batch.column(3).as_string::<i32>();
            let bytes = bytes.as_primitive::<Int64Type>();
            for row in (0..batch.num_rows()).filter(|row| kept.is_null(*row) && bytes.is_valid(*row)) {
                sums.0 += 1;
                sums.1 += bytes.value(row) as u64;
            }
        }
    }

    /// Bytes of kept text that make a slab.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    fn full(&self, slab: &Slab) -> bool {
        let kept = slab.all_kept().1;
        slab.kept.1 >= self.limit || kept + slab.dropped.1 + slab.unreadable * 64 >= 4 * self.limit
    }
}
