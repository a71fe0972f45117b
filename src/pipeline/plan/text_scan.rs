//! Ids and texts of some rows, read again in order, for passes over all rows.

use std::sync::Arc;

use crate::engine::plan::{self, Plan};
use crate::engine::scan::scan;
use crate::engine::sink::unit_file;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::plan::column_scan::Narrow;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::plans::{id_of, worked};
use crate::pipeline::plan::stage_plan::PlannedStage;
use crate::rows;
use crate::{Error, Result};

impl Plans<'_> {
    /// The final ids of a source's rows, in order and in one partition: `ord`, `final_id`.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn final_ids(&self, source: &SourceInput, units: &[usize], at: &Folders<'_>) -> Result<Plan> {
        let schema = self.unit_schema(source)?;
        let read = Narrow {
            groups: vec![units.iter().map(|u| (*u, vec![])).collect()],
            units: at.units,
            schema: &schema,
            wanted: vec!["ord", "id"],
            constants: vec![],
            cuts: &at.cuts,
            repeats: at.repeats,
            sizes: None,
            drops: None,
        };
        let node = self.narrow(&read)?;
        let columns = vec![(plan::column(&node, "ord")?, "ord".to_owned()), (id_of(&node, at)?, "final_id".to_owned())];
        plan::project(node, columns)
    }

    /// The content of the rows `wanted` (keys, ascending) of a unit, as `stage` finds it, in order and in one partition:
    /// `ord`, then the content columns. Where the text is staged, all rows of the unit.
    ///
    /// # Errors
    /// Where the engine refuses the plan.
    pub fn texts(
        &self,
        stage: &PlannedStage,
        source: &SourceInput,
        unit: usize,
        at: &Folders<'_>,
        wanted: &[u64],
    ) -> Result<Plan> {
        let content = rows::content(source.usage);
        let names: Vec<&str> = std::iter::once("ord").chain(content.iter().map(|f| f.name().as_str())).collect();
        if self.is_staged(stage, source) {
            let file = vec![vec![(unit_file(at.units, unit as u64), Vec::new())]];
            return plan::parquet(&file, &self.unit_schema(source)?, &names, &[]);
        }
        let mut spec = self.scan_spec(source);
        spec.pieces = self.inputs.pieces[self.inputs.units[unit].pieces.clone()].to_vec();
        spec.pieces.iter_mut().for_each(|piece| piece.only = Some(Vec::new()));
        for ord in wanted {
            let (number, row) = (ord >> 32, ord & 0xffff_ffff);
            let only = spec.pieces.iter_mut().find(|p| p.number == number).and_then(|p| p.only.as_mut());
            match only {
                Some(only) => match only.last_mut() {
                    Some(last) if last.1 == row => last.1 += 1,
                    _ => only.push((row, row + 1)),
                },
                None => return Err(Error::Engine(format!("row {ord:x} is not in unit {unit}"))),
            }
        }
        spec.pieces.retain(|piece| piece.only.as_ref().is_some_and(|only| !only.is_empty()));
        let all = vec![(0..spec.pieces.len()).collect()];
        let mut work = self.chain.rows_before(source, stage.number);
        work.place(&spec);
        let scanned = scan(Arc::new(spec), &all);
        if self.chain.cleans(source, 0..stage.number) {
            let scanned = self.with_cuts(scanned, &mut work, &[vec![unit]], at.text_cuts)?;
            return worked(scanned, source, &["ord"], work);
        }
        plan::select(scanned, &names)
    }

    /// Whether the unit files hold the text as `stage` finds it.
    pub fn is_staged(&self, stage: &PlannedStage, source: &SourceInput) -> bool {
        source.staged && !self.chain.cleans(source, stage.number..usize::MAX)
    }
}
