//! Lines counted over all rows, and what becomes of them and of their rows.
//!
//! ```text
//! count     hash and row of each line, sorted; runs as long as `documents` are repeated
//! mark      row and hash of what is repeated, sorted
//! judge     rows in order, with their marks: spans to cut, or a drop
//! rescan    to cut: the scan once more, over the text without the spans
//! ```
//!
//! Records are of 16 bytes, sorted in memory or on disk; neither shows in what comes out.

use super::records::each;
use super::{COLUMN, LineDedup, Stay};
use crate::Result;
use crate::spill::Space;
use crate::stages::global::{Footprint, GlobalContext, GlobalPass};
use crate::stages::marks::{Marks, ROW_BITS, numbered};
use crate::stages::resources::Resource;
use crate::text::figures::count;

impl GlobalPass for LineDedup {
    fn job(&self) -> &'static str {
        "lines"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint::default())
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Counting lines", 0);
        let space = context.space(0.5)?;
        let (marks, repeated) = self.marks(context, &space)?;
        let rows = self.rows(context, marks)?;
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
        let mut hashes: Vec<u128> = Vec::new();
        numbered(context, self.scope, COLUMN, |row, _, salt, records| {
            hashes.clear();
            hashes.extend(each(records).filter(|(hash, _)| *hash != 0).map(|(hash, _)| hash ^ salt));
            hashes.sort_unstable();
            hashes.dedup();
            hashes.iter().try_for_each(|hash| sorter.push(hash << ROW_BITS | u128::from(row)))
        })?;
        Marks::new(sorter, space, u64::from(self.documents), self.keep == Stay::None)
    }

    /// Goes over rows and marks side by side; how many rows are cut, or dropped.
    fn rows(&self, context: &dyn GlobalContext, mut marks: Marks) -> Result<u64> {
        let (fate, mut hashes, mut touched) = (self.fate(), Vec::new(), 0);
        numbered(context, self.scope, COLUMN, |row, ord, salt, records| {
            marks.of(row, &mut hashes)?;
            if hashes.is_empty() {
                return Ok(());
            }
            let (mut spans, mut place, mut bytes): (Vec<(usize, usize)>, _, _) = (Vec::new(), 0, 0);
            for (hash, length) in each(records) {
                if hash != 0 && hashes.binary_search(&(hash ^ salt)).is_ok() {
                    bytes += length;
                    match spans.last_mut() {
                        Some(last) if last.1 == place => last.1 += length,
                        _ => spans.push((place, place + length)),
                    }
                }
                place += length;
            }
            let share = bytes as f64 / place.max(1) as f64;
            if !fate.cuts && share < self.share {
                return Ok(());
            }
            touched += 1;
            fate.meet(context, ord, spans, share)
        })?;
        Ok(touched)
    }
}
