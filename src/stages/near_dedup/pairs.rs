//! Candidates: rows that share a band, compared by their sketches before any text is read.

use super::docs::{Docs, Recent};
use super::signature::Signature;
use super::{BEFORE, blocks};
use crate::spill::Space;
use crate::spill::flat::{Bits, Flat};
use crate::spill::sorter::Sorter;
use crate::text::near::bands::Bands;
use crate::text::near::sketch::{SLOTS, Sketch};
use crate::{Error, Result};
/// In a bucket of more rows than this, what they share is common (a template): one row before is enough.
const LARGE: u64 = 256;
/// Bytes of a pair: rank of the later row, agreement, rank of the earlier one.
pub const PAIR: usize = 10;

/// Candidate pairs: by rank of the later row, then the most alike first.
pub struct Pairs {
    /// Records of [`PAIR`] bytes.
    list: Flat,
    /// Docs that are in a pair of two own rows: their texts can be compared.
    pub docs: Bits,
    /// How many they are.
    pub rows: u64,
}

/// The earlier rows that one row is compared with: rank and agreement, the most alike first.
pub type Group = Vec<(u32, u16)>;

impl Pairs {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Hands over the pairs, a row at a time in the order of ranks.
    pub fn each(&self, mut found: impl FnMut(u32, &Group) -> Result<()>) -> Result<()> {
        let (mut current, mut group) = (None, Group::new());
        self.list.each(|_, record| {
            let number =
                |range: std::ops::Range<usize>| record[range].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
            let rank = number(0..4);
            if current != Some(rank) {
                if let Some(rank) = current.replace(rank) {
                    found(rank, &group)?;
                }
                group.clear();
            }
            group.push((number(6..10), number(4..6) as u16));
            Ok(())
        })?;
        current.map_or(Ok(()), |rank| found(rank, &group))
    }
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
    fn walk(&mut self, record: u128, pairs: &mut Sorter) -> Result<()> {
        let (bucket, rank) = (record >> 32, record as u32);
        if self.count == 0 || bucket != self.bucket {
            *self = Buckets { bucket, count: 1, first: rank, last: [rank; BEFORE], ..*self };
            return Ok(());
        }
        let pair = |other: u32| u128::from(rank) << 32 | u128::from(other);
        let before = match (rank < self.earlier, self.count < LARGE) {
            (true, _) => 0,
            (_, true) => BEFORE as u64,
            (_, false) => 1,
        };
        if before > 0 {
            pairs.push(pair(self.first))?;
        }
        for back in 1..self.count.min(before + 1) {
            let other = self.last[(self.count - back) as usize % BEFORE];
            if other != self.first {
                pairs.push(pair(other))?;
            }
        }
        self.last[self.count as usize % BEFORE] = rank;
        self.count += 1;
        Ok(())
    }
}

/// Rows that share a band.
fn banded(space: &Space, docs: &Docs, bands: Bands, pairs: &mut Sorter, stopped: &dyn Fn() -> bool) -> Result<()> {
    let mut entries = space.sorter("bands", 11);
    docs.each_sketch(|doc, sketch| {
        let rank = docs.rank_of(doc)?;
        if doc % 4096 == 0 && stopped() {
            return Err(Error::Interrupted);
        }
        // Bands of different scopes fall apart; a band of at most 48 bits, its number and the rank are a record.
        let salt = docs.scope(doc).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        for (band, key) in bands.of(sketch).enumerate() {
            entries.push((band as u128) << 80 | u128::from(key ^ salt) << 32 | u128::from(rank))?;
        }
        Ok(())
    })?;
    let earlier = docs.own().start as u32;
    let mut buckets = Buckets { bucket: 0, count: 0, first: 0, last: [0; BEFORE], earlier };
    let mut seen = 0u64;
    entries.drain(&mut |record| {
        seen += 1;
        if seen.is_multiple_of(1 << 20) && stopped() {
            return Err(Error::Interrupted);
        }
        buckets.walk(record, pairs)
    })
}

/// Finds the candidates: rows whose sketches agree enough.
pub fn candidates(space: &Space, docs: &Docs, stopped: &dyn Fn() -> bool) -> Result<Pairs> {
    let mut pairs = space.small_sorter("pairs", 8);
    match docs.signature {
        Signature::Sketch(bands, _) => banded(space, docs, bands, &mut pairs, stopped)?,
        Signature::Fingerprint(within) => blocks::pairs(space, docs, within, &mut pairs, stopped)?,
    }
    let mut sieve = Sieve {
        docs,
        recent: Recent::new(docs),
        least: docs.signature.least(),
        list: space.flat("list", PAIR),
        wanted: Bits::new(docs.len()),
        rows: 0,
        rank: u32::MAX,
        doc: 0,
        sketch: [0; SLOTS],
        group: Group::new(),
    };
    let mut before = u128::MAX;
    pairs.drain(&mut |record| {
        if record == before {
            return Ok(());
        }
        before = record;
        if (record as u32).is_multiple_of(4096) && stopped() {
            return Err(Error::Interrupted);
        }
        sieve.pair((record >> 32) as u32, record as u32)
    })?;
    sieve.flush()?;
    Ok(Pairs { list: sieve.list, docs: sieve.wanted, rows: sieve.rows })
}

/// Lets through the pairs whose sketches agree enough.
struct Sieve<'a> {
    docs: &'a Docs,
    recent: Recent<'a>,
    least: usize,
    list: Flat,
    wanted: Bits,
    rows: u64,
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
                self.want(doc);
                self.want(self.doc);
            }
        }
        Ok(())
    }

    fn want(&mut self, doc: usize) {
        self.rows += u64::from(!self.wanted.has(doc));
        self.wanted.set(doc);
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
