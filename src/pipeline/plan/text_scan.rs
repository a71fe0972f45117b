//! Ids and texts of some rows, read again in order, for passes over all rows.

use std::sync::Arc;

use crate::engine::plan::{self, Plan};
use crate::engine::scan::{PieceSpec, scan};
use crate::engine::sink::unit_file;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::plan::column_scan::{Narrow, each};
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::plans::{id_of, stretches, worked};
use crate::pipeline::plan::stage_plan::PlannedStage;
use crate::rows;
use crate::{Error, Result};

impl Plans<'_> {
    /// The final ids of a source's rows, in order, a partition a unit: `ord`, `final_id`.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn final_ids(&self, source: &SourceInput, units: &[usize], at: &Folders<'_>) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let read = Narrow { drops: None, ..Narrow::of(&each(units), vec!["ord", "id"], &schema, at) };
        let node = self.narrow(&read)?;
        let columns = vec![
            (plan::column(&node, "ord")?, "ord".to_owned()),
            (id_of(&node, at, &(0..u64::MAX))?, "final_id".to_owned()),
        ];
        plan::project(node, columns)
    }

    /// The content of the rows `wanted` of some units (keys, ascending), as `stage` finds it, in order, a partition a unit, or
    /// all in one if they are to be `together`: `ord`, then the content columns. Where the text is staged, all rows of these
    /// units.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn texts(
        &self,
        stage: &PlannedStage,
        source: &SourceInput,
        (wanted, together): (&[(usize, Vec<u64>)], bool),
        at: &Folders<'_>,
    ) -> Result<Plan> {
        let content = rows::content(source.usage);
        let names: Vec<&str> = std::iter::once("ord").chain(content.iter().map(|f| f.name().as_str())).collect();
        if self.is_staged(stage, source) {
            let file = |(unit, _): &(usize, Vec<u64>)| (unit_file(at.units, *unit as u64), Vec::new());
            let files = grouped(wanted.iter().map(file), together);
            return plan::parquet(&files, &self.unit_schema(source)?, &names, &[]);
        }
        let mut spec = self.scan_spec(source);
        spec.pieces.clear();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (unit, ords) in wanted {
            let first = spec.pieces.len();
            let pieces = self.inputs.units[*unit].pieces.clone();
            if let Some(ord) = ords.iter().find(|ord| !pieces.contains(&((**ord >> 32) as usize))) {
                return Err(Error::Engine(format!("row {ord:x} is not in unit {unit}")));
            }
            for piece in pieces {
                let only = stretches(ords, piece as u64);
                if !only.is_empty() {
                    spec.pieces.push(PieceSpec { only: Some(only), ..self.inputs.pieces[piece].clone() });
                }
            }
            groups.push((first..spec.pieces.len()).collect());
        }
        if together {
            groups = vec![groups.concat()];
        }
        let mut work = self.chain.rows_before(source, stage.number);
        work.place(&spec);
        let scanned = scan(Arc::new(spec), &groups);
        if self.chain.cleans(source, 0..stage.number) {
            let units = grouped(wanted.iter().map(|(unit, _)| *unit), together);
            let scanned = self.with_cuts(scanned, &mut work, &units, at.text_cuts)?;
            return worked(scanned, source, &["ord"], work);
        }
        plan::select(scanned, &names)
    }

    /// Whether the unit files hold the text as `stage` finds it.
    pub fn is_staged(&self, stage: &PlannedStage, source: &SourceInput) -> bool {
        source.staged && !self.chain.cleans(source, stage.number..usize::MAX)
    }
}

/// Each in a group of its own, or all in one.
fn grouped<T>(all: impl Iterator<Item = T>, together: bool) -> Vec<Vec<T>> {
    if together { vec![all.collect()] } else { all.map(|one| vec![one]).collect() }
}
