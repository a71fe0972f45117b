//! The pass: verdicts sorted by prompt and answers; where both sides are there, all their rows go.

use super::{COLUMN, LabelConflict, REASON};
use crate::Result;
use crate::spill::Space;
use crate::stages::global::{Drop, Footprint, GlobalContext, GlobalPass};
use crate::stages::marks::{Marks, ROW_BITS, numbered};
use crate::stages::resources::Resource;
use crate::text::figures::count;

impl GlobalPass for LabelConflict {
    fn job(&self) -> &'static str {
        "conflicts"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { records: 32, ..Footprint::default() })
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Comparing labels", 0);
        let space = context.space(0.5)?;
        let (mut marks, mut hashes, mut rows) = (self.marks(context, &space)?, Vec::new(), 0);
        numbered(context, self.scope, COLUMN, |row, ord, _, _| {
            marks.of(row, &mut hashes)?;
            if hashes.is_empty() {
                return Ok(());
            }
            rows += 1;
            context.drop_row(Drop { ord, reason: REASON.into(), ..Drop::default() })
        })?;
        context.progress().done(&format!("{}: {} rows that contradict each other", context.stage(), count(rows)));
        Ok(())
    }
}

impl LabelConflict {
    /// The rows that are contradicted, each as a mark of its own.
    fn marks(&self, context: &dyn GlobalContext, space: &Space) -> Result<Marks> {
        let mut sorter = space.sorter("verdicts", 16);
        numbered(context, self.scope, COLUMN, |row, _, salt, record| {
            let Some((key, sides)) = record.split_first_chunk::<16>() else { return Ok(()) };
            let hash = (u128::from_le_bytes(*key) ^ salt) >> (ROW_BITS + 1);
            let sides = sides.first().copied().unwrap_or_default();
            (0..2u8).filter(|side| sides & (1 << side) != 0).try_for_each(|side| {
                sorter.push(hash << (ROW_BITS + 1) | u128::from(side) << ROW_BITS | u128::from(row))
            })
        })?;
        let mut found = space.small_sorter("contradicted", 16);
        let (mut current, mut waiting, mut both) = (None, Vec::new(), false);
        let mask = (1u128 << ROW_BITS) - 1;
        sorter.drain(&mut |record| {
            let (hash, row) = (record >> (ROW_BITS + 1), record & mask);
            if current != Some(hash) {
                (current, both) = (Some(hash), false);
                waiting.clear();
            }
            // Of one hash, the rows of one side come before those of the other.
            let second = record >> ROW_BITS & 1 == 1;
            if !second {
                waiting.push(row);
                return Ok(());
            }
            both |= !waiting.is_empty();
            waiting.drain(..).chain(Some(row)).filter(|_| both).try_for_each(|row| found.push(row << ROW_BITS | row))
        })?;
        Ok(Marks::new(found, space, 1, true)?.0)
    }
}
