//! Candidates: rows that share a band, compared by their sketches before any text is read.
//!
//! Bands are sorted side by side, a few of them a thread. What pairs they make falls into stretches of ranks, which are
//! sorted and sieved side by side as well. Neither changes what comes out: pairs are sorted, and stretches stand in order.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::PoisonError;

use super::docs::{Docs, Recent};
use super::signature::Signature;
use super::stretches::Stretches;
use super::{BEFORE, blocks};
use crate::Result;
use crate::spill::Space;
use crate::spill::flat::{Bits, Flat, SharedBits};
use crate::spill::sorter::{LEAST, Sorter};
use crate::text::near::bands::Bands;
use crate::text::near::sketch::{SLOTS, Sketch};

/// In a bucket of more rows than this, what they share is common (a template): one row before is enough.
const LARGE: u64 = 256;
/// Bytes of a pair: rank of the later row, agreement, rank of the earlier one.
pub const PAIR: usize = 10;

/// Bytes of an entry of a band: its number, its key and a rank.
pub const ENTRY: usize = 11;
/// Bits of a rank in an entry.
pub const RANK: u32 = 32;
/// Bits of the key before it.
pub const BAND: u32 = 48;
/// An odd number: by it each key of so many bits becomes another one.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Candidate pairs: by rank of the later row, then the most alike first.
pub struct Pairs {
    /// Records of [`PAIR`] bytes, in stretches of ranks.
    lists: Vec<Flat>,
    /// Docs that are in a pair of two own rows: their texts can be compared.
    pub docs: Bits,
    /// How many they are.
    pub rows: u64,
}

/// The earlier rows that one row is compared with: rank and agreement, the most alike first.
pub type Group = Vec<(u32, u16)>;

impl Pairs {
    /// Those of `lists` that were sieved elsewhere, in stretches of ranks.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn of(lists: Vec<Flat>, docs: &Docs) -> Result<Self> {
        let wanted = SharedBits::new(docs.len());
        lists.iter().try_for_each(|list| {
            list.each(|_, record| {
                let (rank, _, other) = pair(record);
                let (doc, other) = (docs.doc_of(rank)?, docs.doc_of(other)?);
                if !docs.is_earlier(other) {
                    wanted.set(doc);
                    wanted.set(other);
                }
                Ok(())
            })
        })?;
        let (docs, rows) = wanted.into_bits();
        Ok(Pairs { lists, docs, rows })
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.lists.iter().map(Flat::len).sum()
    }

    /// The pairs in lists that can be judged apart, of `rows` rows: rows that pairs link, over any number of others, are in
    /// one list. Where there is no memory to tell what is linked, one list has all.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn apart(self, space: &Space, rows: usize) -> Result<Vec<Linked>> {
        let held = rows * size_of::<u32>();
        if space.threads == 1 || held > space.budget / 8 {
            return Ok(vec![Linked(self.lists)]);
        }
        let mut roots: Vec<u32> = (0..rows as u32).collect();
        self.lists.iter().try_for_each(|list| {
            list.each(|_, record| {
                let (rank, _, other) = pair(record);
                let (a, b) = (root(&mut roots, rank), root(&mut roots, other));
                roots[a.max(b) as usize] = a.min(b);
                Ok(())
            })
        })?;
        let count = space.threads * 4;
        let budget = space.budget / 24 / count;
        let list = |at: usize| Flat::new(space.folder.join(format!("linked-{at}")), PAIR, budget);
        let mut apart: Vec<Flat> = (0..count).map(list).collect();
        for list in self.lists {
            list.each(|_, record| {
                let root = root(&mut roots, pair(record).0);
                let at = (u64::from(root).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % count;
                apart[at].push(record)
            })?;
        }
        Ok(apart.into_iter().map(|list| Linked(vec![list])).collect())
    }
}

/// Pairs of which no row is in a pair of another list.
pub struct Linked(Vec<Flat>);

impl Linked {
    /// Those that another process has written down ([`Linked::settle`]).
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn open(files: &[PathBuf]) -> Result<Self> {
        Ok(Linked(files.iter().map(|file| Flat::open(file.clone(), PAIR)).collect::<Result<_>>()?))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Flat::is_empty)
    }

    /// Writes them down; the files.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn settle(&mut self) -> Result<Vec<PathBuf>> {
        self.0.iter_mut().map(|list| Ok(list.settle()?.to_owned())).collect()
    }

    /// Hands over the pairs, a row at a time in the order of ranks.
    ///
    /// # Errors
    ///
    /// Of the disk, and the first error of `found`.
    pub fn each(&self, mut found: impl FnMut(u32, &Group) -> Result<()>) -> Result<()> {
        let (mut current, mut group) = (None, Group::new());
        let mut next = |record: &[u8]| {
            let (rank, agreeing, other) = pair(record);
            if current != Some(rank) {
                if let Some(rank) = current.replace(rank) {
                    found(rank, &group)?;
                }
                group.clear();
            }
            group.push((other, agreeing));
            Ok(())
        };
        self.0.iter().try_for_each(|list| list.each(|_, record| next(record)))?;
        current.map_or(Ok(()), |rank| found(rank, &group))
    }
}

/// What a record of [`PAIR`] bytes says: later rank, agreement, earlier rank.
fn pair(record: &[u8]) -> (u32, u16, u32) {
    let number = |range: std::ops::Range<usize>| record[range].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
    (number(0..4), number(4..6) as u16, number(6..10))
}

/// The first rank that one is linked with, over others.
fn root(roots: &mut [u32], rank: u32) -> u32 {
    let mut at = rank;
    while roots[at as usize] != at {
        roots[at as usize] = roots[roots[at as usize] as usize];
        at = roots[at as usize];
    }
    at
}

/// Walks sorted band entries: a row of a bucket makes pairs with the first of it and with those just before.
struct Buckets {
    bucket: u128,
    count: u64,
    first: u32,
    last: [u32; BEFORE],
    /// Ranks before this one are of earlier builds; what became of them is known.
    earlier: u32,
}

impl Buckets {
    fn walk(&mut self, record: u128, pair: &mut impl FnMut(u32, u32) -> Result<()>) -> Result<()> {
        let (bucket, rank) = (record >> RANK, record as u32);
        if self.count == 0 || bucket != self.bucket {
            *self = Buckets { bucket, count: 1, first: rank, last: [rank; BEFORE], ..*self };
            return Ok(());
        }
        let before = match (rank < self.earlier, self.count < LARGE) {
            (true, _) => 0,
            (_, true) => BEFORE as u64,
            (_, false) => 1,
        };
        if before > 0 {
            pair(rank, self.first)?;
        }
        for back in 1..self.count.min(before + 1) {
            let other = self.last[(self.count - back) as usize % BEFORE];
            if other != self.first {
                pair(rank, other)?;
            }
        }
        self.last[self.count as usize % BEFORE] = rank;
        self.count += 1;
        Ok(())
    }
}

/// How bands are sorted: in how many groups, on how many threads, in how much memory each.
fn groups(space: &Space, rows: usize, bands: usize) -> (usize, usize, usize) {
    let half = space.budget / 2;
    let threads = space.threads.min(half / LEAST).clamp(1, bands.max(1));
    let budget = half / threads;
    let fits = budget / (rows.max(1) * size_of::<u128>());
    // Some groups a thread, so that the last ones end together. What does not fit in memory is read as seldom as can be.
    let wide = if fits == 0 { bands.div_ceil(threads) } else { (bands / (4 * threads)).clamp(1, fits) };
    (bands.div_ceil(wide.max(1)), threads, budget)
}

/// Rows that share a band.
fn banded(space: &Space, docs: &Docs, bands: Bands, pairs: &Stretches) -> Result<()> {
    let (groups, threads, budget) = groups(space, docs.len(), bands.bands);
    let work = |group: usize| {
        let of = |group: usize| group * bands.bands / groups;
        let entries = Sorter::new(space.folder.join(format!("bands-{group}")), ENTRY, budget);
        let mut sender = pairs.sender();
        of_bands(space, docs, (bands, of(group)..of(group + 1)), entries, &mut |rank, other| sender.pair(rank, other))?;
        sender.finish()
    };
    Space { threads, ..space.clone() }.side_by_side(groups, work).map(|_| ())
}

/// Pairs of rows that share one of the bands `mine`, sorted by `entries`; some of them several times.
fn of_bands(
    space: &Space,
    docs: &Docs,
    (bands, mine): (Bands, Range<usize>),
    mut entries: Sorter,
    pair: &mut impl FnMut(u32, u32) -> Result<()>,
) -> Result<()> {
    entries.reserve(docs.len() * mine.len());
    cut(space, docs, (bands, mine), 0..docs.len(), &mut entries)?;
    in_buckets(space, docs, entries, pair)
}

/// Cuts the sketches of `rows` into the bands `mine`: entries of [`ENTRY`] bytes, a bucket and a rank.
///
/// # Errors
///
/// Of the disk, and [`crate::Error::Interrupted`].
pub fn cut(
    space: &Space,
    docs: &Docs,
    (bands, mine): (Bands, Range<usize>),
    rows: Range<usize>,
    entries: &mut Sorter,
) -> Result<()> {
    docs.sketches_of(rows, |doc, sketch| {
        let rank = docs.rank_of(doc)?;
        if doc % 4096 == 0 {
            space.check()?;
        }
        // Bands of different scopes fall apart; a band of at most 48 bits, its number and the rank are a record. Short keys
        // are spread over all of them, so that ranges of keys are alike.
        let salt = docs.scope(doc).wrapping_mul(SPREAD) >> (u64::BITS - BAND);
        for (band, key) in mine.clone().zip(bands.of(sketch).skip(mine.start)) {
            let key = (key ^ salt).wrapping_mul(SPREAD) & ((1 << BAND) - 1);
            entries.push((band as u128) << (BAND + RANK) | u128::from(key) << RANK | u128::from(rank))?;
        }
        Ok(())
    })
}

/// Pairs of rows that share a bucket, of all entries of it; some of them several times.
///
/// # Errors
///
/// Of the disk, the first error of `pair`, and [`crate::Error::Interrupted`].
pub fn in_buckets(
    space: &Space,
    docs: &Docs,
    entries: Sorter,
    pair: &mut impl FnMut(u32, u32) -> Result<()>,
) -> Result<()> {
    let earlier = docs.own().start as u32;
    let mut buckets = Buckets { bucket: 0, count: 0, first: 0, last: [0; BEFORE], earlier };
    let mut seen = 0u64;
    entries.drain(&mut |record| {
        seen += 1;
        if seen.is_multiple_of(1 << 20) {
            space.check()?;
        }
        buckets.walk(record, pair)
    })
}

/// Whether pairs are searched by bands, which can be cut once for all.
pub fn is_banded(signature: Signature) -> bool {
    matches!(signature, Signature::Sketch(..))
}

/// Into how many parts the search for pairs can be cut: bands, or tables.
pub fn searches(signature: Signature) -> usize {
    match signature {
        Signature::Sketch(bands, _) => bands.bands,
        Signature::Fingerprint(within) => blocks::tables(within),
    }
}

/// Pairs of rows that some of the [`searches`] find; some of them several times. As many at a time as half of the memory
/// sorts.
///
/// # Errors
///
/// Of the disk, the first error of `pair`, and [`crate::Error::Interrupted`].
pub fn search(
    space: &Space,
    docs: &Docs,
    mine: Range<usize>,
    pair: &mut impl FnMut(u32, u32) -> Result<()>,
) -> Result<()> {
    let budget = space.budget / 2;
    match docs.signature {
        Signature::Sketch(bands, _) => {
            let fits = budget / (docs.len().max(1) * size_of::<u128>());
            let wide = if fits == 0 { mine.len() } else { fits.min(mine.len()) };
            for first in mine.clone().step_by(wide.max(1)) {
                let entries = Sorter::new(space.folder.join("bands"), ENTRY, budget);
                of_bands(space, docs, (bands, first..mine.end.min(first + wide)), entries, pair)?;
            }
            Ok(())
        }
        Signature::Fingerprint(within) => mine.into_iter().try_for_each(|table| {
            let entries = Sorter::new(space.folder.join("table"), 16, budget);
            blocks::of_table(space, docs, (within, table), entries, pair)
        }),
    }
}

/// Finds the candidates: rows whose sketches agree enough.
///
/// # Errors
///
/// Of the disk, and [`crate::Error::Interrupted`].
pub fn candidates(space: &Space, docs: &Docs) -> Result<Pairs> {
    let pairs = Stretches::new(space, ("pairs", 8), docs.len() as u64, 8);
    match docs.signature {
        Signature::Sketch(bands, _) => banded(space, docs, bands, &pairs)?,
        Signature::Fingerprint(within) => blocks::pairs(space, docs, within, &pairs)?,
    }
    let (parts, wanted) = (pairs.into_parts(), SharedBits::new(docs.len()));
    let count = parts.len();
    let lists = space.side_by_side(count, |part| {
        let sorter = parts[part].lock().unwrap_or_else(PoisonError::into_inner).take();
        let list = Flat::new(space.folder.join(format!("list-{part}")), PAIR, space.budget / 24 / count);
        match sorter {
            Some(sorter) => sieved(space, docs, sorter, list, &wanted),
            None => Ok(list),
        }
    })?;
    let (docs, rows) = wanted.into_bits();
    Ok(Pairs { lists, docs, rows })
}

/// Adds to `list` the pairs of `sorter` whose sketches agree enough, each once; their docs are `wanted`.
///
/// # Errors
///
/// Of the disk, and [`crate::Error::Interrupted`].
pub fn sieved(space: &Space, docs: &Docs, sorter: Sorter, list: Flat, wanted: &SharedBits) -> Result<Flat> {
    let mut sieve = Sieve {
        docs,
        recent: Recent::new(docs),
        least: docs.signature.least(),
        list,
        wanted,
        rank: u32::MAX,
        doc: 0,
        sketch: [0; SLOTS],
        group: Group::new(),
    };
    let mut before = u128::MAX;
    sorter.drain(&mut |record| {
        if record == before {
            return Ok(());
        }
        before = record;
        if (record as u32).is_multiple_of(4096) {
            space.check()?;
        }
        sieve.pair((record >> 32) as u32, record as u32)
    })?;
    sieve.flush()?;
    Ok(sieve.list)
}

/// Lets through the pairs whose sketches agree enough.
struct Sieve<'a> {
    docs: &'a Docs,
    recent: Recent<'a>,
    least: usize,
    list: Flat,
    wanted: &'a SharedBits,
    /// The later row of the pairs that come: rank, doc, sketch, earlier rows so far.
    rank: u32,
    doc: usize,
    sketch: Sketch,
    group: Group,
}

impl Sieve<'_> {
    fn pair(&mut self, rank: u32, other: u32) -> Result<()> {
        if rank != self.rank {
            self.flush()?;
            self.rank = rank;
            self.doc = self.docs.doc_of(rank)?;
            self.sketch = *self.recent.sketch(self.doc)?;
        }
        let doc = self.docs.doc_of(other)?;
        let agreeing = self.docs.signature.agreement(&self.sketch, self.recent.sketch(doc)?);
        if agreeing >= self.least && self.docs.scope(doc) == self.docs.scope(self.doc) {
            self.group.push((other, agreeing as u16));
            if !self.docs.is_earlier(doc) {
                self.wanted.set(doc);
                self.wanted.set(self.doc);
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.group.is_empty() {
            return Ok(());
        }
        self.group.sort_unstable_by_key(|(other, agreeing)| (std::cmp::Reverse(*agreeing), *other));
        for (other, agreeing) in self.group.drain(..) {
            let mut record = [0; PAIR];
            record[..4].copy_from_slice(&self.rank.to_le_bytes());
            record[4..6].copy_from_slice(&agreeing.to_le_bytes());
            record[6..].copy_from_slice(&other.to_le_bytes());
            self.list.push(&record)?;
        }
        Ok(())
    }
}
