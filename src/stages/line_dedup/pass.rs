//! Lines counted over all rows, and what becomes of them and of their rows.
//!
//! ```text
//! count     hash and row of each line, sorted; runs as long as `documents` are repeated
//! mark      row and hash of what is repeated, sorted
//! judge     rows in order, with their marks: spans to cut, or a drop
//! rescan    to cut: the scan once more, over the text without the spans
//! ```
//!
//! Where there are others they count, mark and judge, by groups of units and ranges of hashes (`marks/parts.rs`).
//!
//! Records are of 16 bytes, sorted in memory or on disk; neither shows in what comes out.

use std::path::Path;

use super::records::each;
use super::{COLUMN, LineDedup, Stay};
use crate::spill::Space;
use crate::stages::global::{Footprint, GlobalContext, GlobalPass, Part, Rows};
use crate::stages::marks::parts::{self, Others, Sought, Work};
use crate::stages::marks::verdict::Verdict;
use crate::stages::marks::{HASH_BITS, Marks, ROW_BITS, Rule, each_row, numbered};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::{Error, Result};

impl GlobalPass for LineDedup {
    fn job(&self) -> &'static str {
        "lines"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { elsewhere: true, ..Footprint::default() })
    }

    fn part(&self, folder: &Path, part: &Part, space: &Space) -> Result<()> {
        match part.read()? {
            Work::Mark { range, bits, rule } => parts::mark(folder, &part.file, (range, bits), rule, space),
            _ => Err(Error::Engine("a part of `line_dedup` without rows".into())),
        }
    }

    fn fed(&self, folder: &Path, part: &Part, rows: &mut Rows<'_>, space: &Space) -> Result<()> {
        match part.read()? {
            Work::Hash { salt } => parts::hash(&part.file, rows, (salt, space), hashes),
            Work::Judge { group, salt, ranges } => {
                let (salt, mut row) = (parts::whole(salt), 0);
                let mut judge = Judge::new(self, parts::marks(folder, (group, parts::ALL), ranges, space)?);
                Verdict::write(&part.file, |add| {
                    each_row(rows, |ord, records| {
                        let found = judge.row(row, salt, records)?;
                        row += 1;
                        found.map_or(Ok(()), |(spans, share)| add(&Verdict { ord, spans, share }))
                    })?;
                    Ok(0)
                })
            }
            Work::Mark { .. } => Err(Error::Engine("a part of `line_dedup` with rows".into())),
        }
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Counting lines", 0);
        let space = context.space(0.5)?;
        let sought = Sought { scope: self.scope, column: COLUMN, bits: HASH_BITS, rule: self.rule() };
        let (fate, mut rows) = (self.fate(), 0);
        let repeated = match Others::mark(context, &space, &sought)? {
            Some((others, repeated)) => {
                others.judge(|of| {
                    rows += 1;
                    fate.meet(context, of.ord, of.spans, of.share)
                })?;
                repeated
            }
            None => {
                let (marks, repeated) = self.marks(context, &space)?;
                rows = self.rows(context, marks)?;
                repeated
            }
        };
        let what = if self.cuts() { "cut" } else { "dropped" };
        let (repeated, rows) = (count(repeated), count(rows));
        context.progress().done(&format!("{}: {repeated} repeated lines, {rows} rows {what}", context.stage()));
        Ok(())
    }
}

impl LineDedup {
    /// What is repeated, by row; and how many lines are.
    fn marks(&self, context: &dyn GlobalContext, space: &Space) -> Result<(Marks, u64)> {
        let mut sorter = space.sorter("lines", 16);
        let mut own: Vec<u128> = Vec::new();
        numbered(context, self.scope, COLUMN, |row, _, salt, records| {
            own.clear();
            hashes(records, &mut own);
            own.sort_unstable();
            own.dedup();
            own.iter().try_for_each(|hash| sorter.push((hash ^ salt) << ROW_BITS | u128::from(row)))
        })?;
        Marks::new(sorter, space, self.rule())
    }

    /// Which lines are repeated.
    fn rule(&self) -> Rule {
        Rule::Repeated { least: u64::from(self.documents), all: self.keep == Stay::None }
    }

    /// Goes over rows and marks side by side; how many rows are cut, or dropped.
    fn rows(&self, context: &dyn GlobalContext, marks: Marks) -> Result<u64> {
        let (fate, mut judge, mut touched) = (self.fate(), Judge::new(self, marks), 0);
        numbered(context, self.scope, COLUMN, |row, ord, salt, records| {
            let Some((spans, share)) = judge.row(row, salt, records)? else { return Ok(()) };
            touched += 1;
            fate.meet(context, ord, spans, share)
        })?;
        Ok(touched)
    }
}

/// The hashes of a row's lines, of those that are looked at.
fn hashes(records: &[u8], hashes: &mut Vec<u128>) {
    hashes.extend(each(records).map(|(hash, _)| hash).filter(|hash| *hash != 0));
}

/// The stretches of a row that are repeated, and the share of its text that they are.
type Found = (Vec<(usize, usize)>, f64);

/// Judges rows in order, by their marks.
struct Judge<'a> {
    options: &'a LineDedup,
    marks: Marks,
    hashes: Vec<u128>,
}

impl<'a> Judge<'a> {
    fn new(options: &'a LineDedup, marks: Marks) -> Self {
        Judge { options, marks, hashes: Vec::new() }
    }

    /// The stretches of the next row that are repeated and the share of its text that they are, if something becomes of it.
    fn row(&mut self, row: u64, salt: u128, records: &[u8]) -> Result<Option<Found>> {
        self.marks.of(row, &mut self.hashes)?;
        if self.hashes.is_empty() {
            return Ok(None);
        }
        let (mut spans, mut place, mut bytes): (Vec<(usize, usize)>, _, _) = (Vec::new(), 0, 0);
        for (hash, length) in each(records) {
            if hash != 0 && self.hashes.binary_search(&(hash ^ salt)).is_ok() {
                bytes += length;
                match spans.last_mut() {
                    Some(last) if last.1 == place => last.1 += length,
                    _ => spans.push((place, place + length)),
                }
            }
            place += length;
        }
        let share = bytes as f64 / place.max(1) as f64;
        Ok((self.options.cuts() || share >= self.options.share).then_some((spans, share)))
    }
}
