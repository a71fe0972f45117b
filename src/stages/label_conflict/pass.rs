//! The pass: verdicts sorted by prompt and answers; where both sides are there, all their rows go. Where there are others they
//! do it, by groups of units and ranges of hashes (`marks/parts.rs`).

use std::path::Path;

use super::{COLUMN, LabelConflict, REASON};
use crate::spill::Space;
use crate::stages::global::{Drop, Footprint, GlobalContext, GlobalPass, Part, Rows};
use crate::stages::marks::parts::{self, Others, Sought, Work};
use crate::stages::marks::verdict::Verdict;
use crate::stages::marks::{HASH_BITS, Marks, ROW_BITS, Rule, each_row, numbered};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::{Error, Result};

impl GlobalPass for LabelConflict {
    fn job(&self) -> &'static str {
        "conflicts"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { records: 32, elsewhere: true, ..Footprint::default() })
    }

    fn part(&self, folder: &Path, part: &Part, space: &Space) -> Result<()> {
        match part.read()? {
            Work::Mark { range, bits, rule } => parts::mark(folder, &part.file, (range, bits), rule, space),
            _ => Err(Error::Engine("a part of `label_conflict` without rows".into())),
        }
    }

    fn fed(&self, folder: &Path, part: &Part, rows: &mut Rows<'_>, space: &Space) -> Result<()> {
        match part.read()? {
            Work::Hash { salt } => parts::hash(&part.file, rows, (salt, space), hashes),
            Work::Judge { group, ranges, .. } => {
                let mut marks = parts::marks(folder, (group, parts::ALL), ranges, space)?;
                let (mut row, mut found) = (0, Vec::new());
                Verdict::write(&part.file, |add| {
                    each_row(rows, |ord, _| {
                        marks.of(row, &mut found)?;
                        row += 1;
                        if found.is_empty() { Ok(()) } else { add(&Verdict { ord, spans: Vec::new(), share: 1.0 }) }
                    })?;
                    Ok(0)
                })
            }
            Work::Mark { .. } => Err(Error::Engine("a part of `label_conflict` with rows".into())),
        }
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Comparing labels", 0);
        let space = context.space(0.5)?;
        let mut rows = 0;
        let mut goes = |ord: u64| {
            rows += 1;
            context.drop_row(Drop { ord, reason: REASON.into(), ..Drop::default() })
        };
        let sought = Sought { scope: self.scope, column: COLUMN, bits: HASH_BITS, rule: Rule::Opposed };
        match Others::mark(context, &space, &sought)? {
            Some((others, _)) => others.judge(|of| goes(of.ord))?,
            None => {
                let (mut marks, mut found) = (self.marks(context, &space)?, Vec::new());
                numbered(context, self.scope, COLUMN, |row, ord, _, _| {
                    marks.of(row, &mut found)?;
                    if found.is_empty() { Ok(()) } else { goes(ord) }
                })?;
            }
        }
        context.progress().done(&format!("{}: {} rows that contradict each other", context.stage(), count(rows)));
        Ok(())
    }
}

impl LabelConflict {
    /// The verdicts that are contradicted, by row.
    fn marks(&self, context: &dyn GlobalContext, space: &Space) -> Result<Marks> {
        let (mut sorter, mut own) = (space.sorter("verdicts", 16), Vec::new());
        numbered(context, self.scope, COLUMN, |row, _, salt, record| {
            own.clear();
            hashes(record, &mut own);
            own.iter().try_for_each(|hash| sorter.push((hash ^ salt) << ROW_BITS | u128::from(row)))
        })?;
        Ok(Marks::new(sorter, space, Rule::Opposed)?.0)
    }
}

/// What a row says: a hash of prompt and answers, with the side in its last bit; both, where it calls equal answers good
/// and bad.
fn hashes(record: &[u8], hashes: &mut Vec<u128>) {
    let Some((key, sides)) = record.split_first_chunk::<16>() else { return };
    let hash = u128::from_le_bytes(*key) >> (ROW_BITS + 1) << 1;
    let sides = sides.first().copied().unwrap_or_default();
    hashes.extend((0..2u8).filter(|side| sides & (1 << side) != 0).map(|side| hash | u128::from(side)));
}
