//! Stretches of text compared over all rows, and what becomes of them and of their rows.
//!
//! ```text
//! mark      anchors and rows, sorted: the anchors that occur twice, sorted back into the order of the rows
//! windows   the texts of rows that have such anchors, read again: hash and place of each window with such an anchor
//! cover     windows sorted by hash: places of those that occur again, sorted
//! judge     rows in order, with what is covered: spans to cut, or a drop
//! rescan    to cut: the scan once more, over the text without the spans
//! ```
//!
//! Where there are others they do it, by groups of units and ranges of hashes (`parts.rs`).
//!
//! A place is the number of a character among all rows that were read again. Records are of at most 16 bytes, sorted in
//! memory or on disk; neither shows in what comes out.

use std::path::Path;

use super::records::each;
use super::windows::{Candidates, Gathered, judged, repeated, short};
use super::{COLUMN, SubstringDedup, parts};
use crate::Result;
use crate::spill::Space;
use crate::stages::global::{Footprint, GlobalContext, GlobalPass, Part, Rows};
use crate::stages::marks::{Marks, ROW_BITS, numbered, of_units, salt};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::text::substrings::{ANCHOR_BITS, joined};

/// Units whose rows are listed at a time, before their texts are read.
const UNITS: usize = 16;

/// One run of the stage.
struct Run<'a> {
    context: &'a dyn GlobalContext,
    options: &'a SubstringDedup,
    space: Space,
}

impl GlobalPass for SubstringDedup {
    fn job(&self) -> &'static str {
        "substrings"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { elsewhere: true, ..Footprint::default() })
    }

    fn part(&self, folder: &Path, part: &Part, space: &Space) -> Result<()> {
        parts::part(self, folder, part, space)
    }

    fn fed(&self, folder: &Path, part: &Part, rows: &mut Rows<'_>, space: &Space) -> Result<()> {
        parts::fed(self, folder, part, rows, space)
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Comparing stretches", 0);
        let run = Run { context, options: self, space: context.space(0.5)? };
        let (stretches, read, rows) = match parts::compared(context, self, &run.space)? {
            Some(found) => found,
            None => {
                let candidates = run.candidates()?;
                let read = candidates.rows.len() as u64;
                let (stretches, rows) = run.judge(candidates)?;
                (stretches, read, rows)
            }
        };
        let what = if self.cuts() { "cut" } else { "dropped" };
        let (stretches, read, rows) = (count(stretches), count(read), count(rows));
        context.progress().done(&format!(
            "{}: {stretches} repeated stretches in {read} rows that were compared, {rows} rows {what}",
            context.stage()
        ));
        Ok(())
    }
}

impl Run<'_> {
    /// Reads the rows again that have an anchor which occurs twice.
    fn candidates(&self) -> Result<Candidates> {
        let mut marks = self.marks()?;
        let mut gathered = Gathered::new(self.options, &self.space, usize::MAX)?;
        let (mut number, mut hashes) = (0, Vec::new());
        for source in self.context.sources() {
            let salt = salt(self.options.scope, source);
            for units in source.units.chunks(UNITS) {
                // Rows by unit; their anchors, and where those of each end.
                let (mut wanted, mut ords, mut marked, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                for unit in units {
                    let before = ords.len();
                    of_units(self.context, source, &[*unit], None, &mut number, &mut |row, ord, _| {
                        marks.of(row, &mut hashes)?;
                        if !hashes.is_empty() {
                            ords.push(ord);
                            marked.extend(hashes.iter().map(|hash| *hash as u64));
                            ends.push(marked.len());
                        }
                        Ok(())
                    })?;
                    wanted.extend((ords.len() > before).then(|| (*unit, ords[before..].to_vec())));
                }
                let (mut row, mut start) = (0, 0);
                self.context.texts(source, &wanted, &mut |batch, at| {
                    let mut of_row = Vec::new();
                    batch.texts(at, &mut of_row);
                    gathered.add(ords[row], &joined(&of_row), &marked[start..ends[row]], salt)?;
                    (start, row) = (ends[row], row + 1);
                    Ok(())
                })?;
            }
        }
        gathered.finish()
    }

    /// The anchors that occur twice, by row.
    fn marks(&self) -> Result<Marks> {
        let mut sorter = self.space.sorter("anchors", (ANCHOR_BITS + ROW_BITS) as usize / 8);
        numbered(self.context, self.options.scope, COLUMN, |row, _, salt, records| {
            each(records)
                .try_for_each(|anchor| sorter.push(u128::from(anchor ^ short(salt)) << ROW_BITS | u128::from(row)))
        })?;
        Ok(Marks::new(sorter, &self.space, parts::TWICE)?.0)
    }

    /// Finds what is repeated, and judges the rows; how many stretches there are, and rows cut or dropped.
    fn judge(&self, candidates: Candidates) -> Result<(u64, u64)> {
        let Candidates { rows, texts, windows, mut covered, .. } = candidates;
        repeated(self.options, windows, |record| covered.push(record))?;
        let (fate, mut touched) = (self.options.fate(), 0);
        let stretches = judged(self.options, (rows, texts), covered, &mut |of| {
            touched += 1;
            fate.meet(self.context, of.ord, of.spans.clone(), of.share)
        })?;
        Ok((stretches, touched))
    }
}
