//! What stages that count have in common: rows numbered in order with the records that the scan made of them, and what of
//! these is repeated, by row.

pub mod parts;
pub mod verdict;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use serde::{Deserialize, Serialize};

use super::global::{Drop, GlobalContext, Rows, Scope, SourceRows, records_of};
use super::rule::number;
use super::{CUT, Column, Effect, Kind};
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::spill::sorter::Sorter;
use crate::{Error, Result};

/// Bits of a row's number.
pub const ROW_BITS: u32 = 40;
/// Bits of a hash at most.
pub const HASH_BITS: u32 = 128 - ROW_BITS;
/// Marks read at a time.
const CHUNK: usize = 1 << 16;

/// The columns of a stage that keeps `records` of rows, and that of what it cuts, where it cuts.
pub fn columns(records: &'static str, cuts: bool) -> Vec<Column> {
    let cut = cuts.then_some(Column::hidden(CUT, Kind::Int));
    std::iter::once(Column::hidden(records, Kind::Bytes)).chain(cut).collect()
}

/// What becomes of repeated pieces of a row.
pub struct Fate {
    /// Whether they are cut; else the row goes.
    pub cuts: bool,
    /// The reason of rows that go.
    pub reason: &'static str,
    /// What such a row has crossed.
    pub limit: String,
}

impl Fate {
    /// What the stage does to texts.
    pub fn effect(self) -> Effect {
        match self.cuts {
            true => Effect::CutsLate { reason: self.reason, limit: self.limit },
            false => Effect::None,
        }
    }

    /// Cuts the pieces at `spans` out of row `ord`, or drops it for them: they are this `share` of its text.
    ///
    /// # Errors
    /// Of the context.
    pub fn meet(&self, context: &dyn GlobalContext, ord: u64, spans: Vec<(usize, usize)>, share: f64) -> Result<()> {
        if self.cuts {
            return context.cut_row(ord, spans);
        }
        let (value, limit) = (Some(number(share)), Some(self.limit.clone()));
        context.drop_row(Drop { ord, reason: self.reason.into(), value, limit, spans, ..Drop::default() })
    }
}

/// What sets the hashes of a source apart from those of sources that it is not compared with.
pub fn salt(scope: Scope, source: &SourceRows) -> u128 {
    let number = match scope {
        Scope::All => 0,
        Scope::Use => 1 + source.usage as u64,
        Scope::Source => 1 + source.number as u64,
    };
    (u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)) >> ROW_BITS
}

/// Goes over all rows: `found(number, row key, salt, records)`, the records out of the column `column` of the stage.
///
/// # Errors
/// Of the context; more rows than [`ROW_BITS`] can number.
pub fn numbered(
    context: &dyn GlobalContext,
    scope: Scope,
    column: &str,
    mut found: impl FnMut(u64, u64, u128, &[u8]) -> Result<()>,
) -> Result<()> {
    let (mut number, column) = (0, context.own(column));
    for source in context.sources() {
        let salt = salt(scope, source);
        of_units(context, source, &source.units, Some(&column), &mut number, &mut |n, ord, records| {
            found(n, ord, salt, records)
        })?;
    }
    if number >> ROW_BITS != 0 { Err(too_many(context)) } else { Ok(()) }
}

/// More rows than can be numbered.
fn too_many(context: &dyn GlobalContext) -> Error {
    let what = format!("`{}` counts at most 2^{ROW_BITS} rows in one build", context.stage());
    Error::other(what, "build the parts on their own")
}

/// What is called with a row's number, key and records.
pub type Found<'a> = dyn FnMut(u64, u64, &[u8]) -> Result<()> + 'a;

/// Goes over the rows of some units, numbered on from `number`: row keys, and records where a column is named.
///
/// # Errors
/// Of the context.
pub fn of_units(
    context: &dyn GlobalContext,
    source: &SourceRows,
    units: &[usize],
    column: Option<&str>,
    number: &mut u64,
    found: &mut Found<'_>,
) -> Result<()> {
    let wanted: Vec<&str> = std::iter::once("ord").chain(column).collect();
    context.scan(source, units, &wanted, &mut |batch| {
        of_batch(batch, &mut |ord, records| {
            found(*number, ord, records)?;
            *number += 1;
            Ok(())
        })
    })
}

/// The row keys of a batch.
pub fn ords_of(batch: &RecordBatch) -> &[u64] {
    batch.column(0).as_primitive::<UInt64Type>().values()
}

/// Row keys and records out of the two first columns of a batch; no records where there is one.
fn of_batch(batch: &RecordBatch, found: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
    let ords = batch.column(0).as_primitive::<UInt64Type>();
    for row in 0..batch.num_rows() {
        found(ords.value(row), batch.columns().get(1).map_or(&[][..], |column| records_of(column, row)))?;
    }
    Ok(())
}

/// Row keys and records of rows that are handed over.
///
/// # Errors
/// Of whoever hands them over, and the first one of `found`.
pub fn each_row(rows: &mut Rows<'_>, mut found: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
    for batch in rows {
        of_batch(&batch?, &mut found)?;
    }
    Ok(())
}

/// Which hashes are marks of their rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// Those that come `least` times at least; where `all`, the first row that has one is marked too.
    Repeated {
        /// How often.
        least: u64,
        /// Whether the first row is marked.
        all: bool,
    },
    /// Those that come with the last bit set and without it: all their rows are marked.
    Opposed,
}

impl Rule {
    /// Goes over sorted `hash << ROW_BITS | row`, and gives marks, `row << HASH_BITS | hash`, in no order; how many hashes
    /// are some.
    fn marks(self, sorter: Sorter, mut marked: impl FnMut(u128) -> Result<()>) -> Result<u64> {
        // Hashes that differ in the last bit alone are one where they are opposed: they stand together.
        let (apart, all, least) = match self {
            Rule::Repeated { least, all } => (0, all, least.max(1)),
            Rule::Opposed => (1, true, 1),
        };
        let (mut current, mut count, mut first, mut found) = (None, 0u64, 0, 0u64);
        // Marks of the run until it is known whether they are some.
        let mut waiting: Vec<u128> = Vec::new();
        sorter.drain(&mut |record| {
            let (hash, row) = (record >> ROW_BITS, record & ((1 << ROW_BITS) - 1));
            if current != Some(hash >> apart) {
                (current, count, first) = (Some(hash >> apart), 0, hash);
                waiting.clear();
            }
            let before = count;
            // Of opposed ones those that differ from the first count.
            count += u64::from(apart == 0 || hash != first);
            if count > 1 || all {
                waiting.push(row << HASH_BITS | hash);
            }
            if count < least {
                return Ok(());
            }
            found += u64::from(before < least);
            waiting.drain(..).try_for_each(&mut marked)
        })?;
        Ok(found)
    }
}

/// Marks by row, read in order.
pub struct Marks {
    all: Flat,
    next: usize,
    chunk: Vec<u128>,
    at: usize,
}

impl Marks {
    /// Of sorted `hash << ROW_BITS | row`, those that a rule marks, by row; and how many hashes it does.
    ///
    /// # Errors
    /// Where the sorter cannot use its folder.
    pub fn new(sorter: Sorter, space: &Space, rule: Rule) -> Result<(Self, u64)> {
        let mut marks = space.small_sorter("marks", 16);
        let count = rule.marks(sorter, |mark| marks.push(mark))?;
        Ok((Marks::sorted(marks, space)?, count))
    }

    /// Of marks that are to be sorted.
    fn sorted(marks: Sorter, space: &Space) -> Result<Self> {
        let mut all = space.flat("marked", 16);
        marks.drain(&mut |record| all.push(&record.to_be_bytes()))?;
        Ok(Marks { all, next: 0, chunk: Vec::new(), at: 0 })
    }

    /// The hashes that are marked in row `row`, ascending; rows are asked for in ascending order.
    ///
    /// # Errors
    /// Where the sorter cannot use its folder.
    pub fn of(&mut self, row: u64, hashes: &mut Vec<u128>) -> Result<()> {
        hashes.clear();
        loop {
            if self.at == self.chunk.len() {
                let end = self.all.len().min(self.next + CHUNK);
                (self.at, self.chunk) = (0, Vec::with_capacity(end - self.next));
                let chunk = &mut self.chunk;
                self.all.range(self.next..end, |_, record| {
                    let mut bytes = [0; 16];
                    bytes.copy_from_slice(record);
                    chunk.push(u128::from_be_bytes(bytes));
                    Ok(())
                })?;
                self.next = end;
            }
            let Some(mark) = self.chunk.get(self.at).filter(|m| (*m >> HASH_BITS) as u64 == row) else { return Ok(()) };
            hashes.push(mark & ((1 << HASH_BITS) - 1));
            self.at += 1;
        }
    }
}
