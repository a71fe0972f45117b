//! Candidates by fingerprint: rows that agree in two blocks, compared as they stand in the sorted tables.

use std::collections::VecDeque;

use super::BEFORE;
use super::docs::Docs;
use super::stretches::Stretches;
use crate::Result;
use crate::spill::Space;
use crate::spill::sorter::{LEAST, Sorter};
use crate::text::near::simhash::{Tables, distance};

/// Of the rows under one key, a row is compared with so many of the first, and so many of those just before it.
const HELD: usize = 256;

/// Rows under one key: rank and fingerprint.
struct Held {
    key: u32,
    first: Vec<(u32, u64)>,
    last: VecDeque<(u32, u64)>,
    /// Bits in which they may differ.
    within: u32,
}

impl Held {
    /// The first of the rows before it that is close, and the last few.
    fn walk(&mut self, record: u128, mut pair: impl FnMut(u32, u32) -> Result<()>) -> Result<()> {
        let (key, rank, fingerprint) = ((record >> 96) as u32, (record >> 64) as u32, record as u64);
        if key != self.key {
            self.key = key;
            self.first.clear();
            self.last.clear();
        }
        let close = |other: &&(u32, u64)| distance(other.1, fingerprint) <= self.within;
        let last = self.last.iter().rev().filter(close).take(BEFORE);
        let close: Vec<u32> = self.first.iter().find(close).into_iter().chain(last).map(|other| other.0).collect();
        for other in close {
            pair(rank, other)?;
        }
        if self.first.len() < HELD {
            self.first.push((rank, fingerprint));
        }
        if self.last.len() == HELD {
            self.last.pop_front();
        }
        self.last.push_back((rank, fingerprint));
        Ok(())
    }
}

/// How many tables there are.
pub fn tables(within: u32) -> usize {
    Tables::new(within).count()
}

/// Adds the pairs of rows that differ in up to `within` bits and stand close to one another under a key, some of them
/// several times. A record of 16 bytes a row for each table that is sorted at a time.
///
/// # Errors
///
/// Of the disk, and [`crate::Error::Interrupted`].
pub fn pairs(space: &Space, docs: &Docs, within: u32, pairs: &Stretches) -> Result<()> {
    let tables = tables(within);
    let threads = space.threads.min(space.budget / 2 / LEAST).clamp(1, tables.max(1));
    let work = |table: usize| {
        let entries = Sorter::new(space.folder.join(format!("table-{table}")), 16, space.budget / 2 / threads);
        let mut sender = pairs.sender();
        of_table(space, docs, (within, table), entries, &mut |rank, other| sender.pair(rank, other))?;
        sender.finish()
    };
    Space { threads, ..space.clone() }.side_by_side(tables, work).map(|_| ())
}

/// The pairs of one table, sorted by `entries`.
///
/// # Errors
///
/// Of the disk, the first error of `pair`, and [`crate::Error::Interrupted`].
pub fn of_table(
    space: &Space,
    docs: &Docs,
    (within, table): (u32, usize),
    mut entries: Sorter,
    pair: &mut impl FnMut(u32, u32) -> Result<()>,
) -> Result<()> {
    let tables = Tables::new(within);
    docs.each_sketch(|doc, sketch| {
        if doc % 4096 == 0 {
            space.check()?;
        }
        let fingerprint = sketch.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        // Keys of different scopes fall apart.
        let salt = (docs.scope(doc).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32;
        let key = tables.key(table, fingerprint) ^ salt;
        let rank = docs.rank_of(doc)?;
        entries.push(u128::from(key) << 96 | u128::from(rank) << 64 | u128::from(fingerprint))
    })?;
    let mut held = Held { key: 0, first: Vec::new(), last: VecDeque::new(), within };
    let mut seen = 0u64;
    entries.drain(&mut |record| {
        seen += 1;
        if seen.is_multiple_of(1 << 16) {
            space.check()?;
        }
        held.walk(record, &mut *pair)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_under_a_key_make_few_pairs() {
        let mut found: Vec<(u32, u32)> = Vec::new();
        let mut pair = |rank, other| {
            found.push((rank, other));
            Ok(())
        };
        let mut held = Held { key: 0, first: Vec::new(), last: VecDeque::new(), within: 1 };
        // Every other row is far away; all others are the same.
        for rank in 0..2_000u64 {
            let fingerprint = if rank % 2 == 0 { 7 } else { rank.wrapping_mul(0x9e37_79b9_7f4a_7c15) };
            held.walk(u128::from(rank) << 64 | u128::from(fingerprint), &mut pair).unwrap();
        }
        held.walk(1 << 96 | 2_000 << 64 | 7, &mut pair).unwrap();
        found.sort_unstable();
        let of = |rank: u32| found.iter().filter(|f| f.0 == rank).map(|f| f.1).collect::<Vec<_>>();
        assert_eq!((of(2), of(1_000)), (vec![0, 0], vec![0, 992, 994, 996, 998]));
        assert!(of(2_000).is_empty() && found.iter().all(|f| f.0 % 2 == 0 && f.1 % 2 == 0));
    }
}
