//! What a whole stage cuts: written by unit beside its drops, joined to the text wherever that is read, and a scan once
//! more over the text without it.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::drops::Drop;
use crate::engine::functions::rows::RowsSpec;
use crate::engine::plan::{self, Part, Plan};
use crate::engine::session::TEXT_ROWS;
use crate::engine::sink::unit_file;
use crate::output::parquet_file::{PartFile, Style};
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::folders::TextCuts;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::stage_plan::PlannedStage;
use crate::pipeline::{Amount, Build, Scanned};
use crate::rows::spans::{Spans, argument, spans_type};
use crate::{Error, Result};

/// The schema of a unit of cuts: `ord`, and what stage `number` takes out of the row.
pub fn cuts_schema(number: usize) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ord", DataType::UInt64, false),
        Field::new(argument(number), spans_type(), true),
    ]))
}

impl Plans<'_> {
    /// The row-wise work of a scan, up to the first stage that cuts what only all rows together tell, and of which that is not known.
    pub fn spec_with(&self, source: &SourceInput, cuts: &[TextCuts]) -> RowsSpec {
        let mut spec = self.rows_spec(source);
        let late = |number: usize| self.chain.stages.iter().any(|l| l.number == number && l.cuts_late());
        let known = |number: usize| cuts.iter().any(|c| c.0 == number);
        if let Some(stop) = spec.steps.iter().map(|s| s.number).find(|n| late(*n) && !known(*n)) {
            spec.steps.retain(|s| s.number <= stop);
        }
        spec
    }

    /// Joins what is known to be cut to scanned text, partition by partition, and says so in the work to do.
    pub(crate) fn with_cuts(
        &self,
        mut node: Plan,
        spec: &mut RowsSpec,
        groups: &[Vec<usize>],
        cuts: &[TextCuts],
    ) -> Result<Plan> {
        for (number, folder) in cuts.iter().filter(|c| spec.steps.iter().any(|s| s.number == c.0)) {
            let of = |unit: &usize| (unit_file(folder, *unit as u64), Vec::new());
            let parts: Vec<Vec<Part>> = groups.iter().map(|group| group.iter().map(of).collect()).collect();
            let wanted = ["ord", &argument(*number)];
            node = plan::left_join(node, plan::parquet(&parts, &cuts_schema(*number), &wanted, &[])?)?;
            spec.cuts.push(*number);
        }
        Ok(node)
    }
}

impl Build<'_> {
    /// The scan once more, with what `stage` cuts taken out, if it cuts; units of sources that it leaves alone are linked.
    pub(crate) async fn rescan(
        &self,
        plans: &Plans<'_>,
        scanned: &mut Scanned,
        stage: &PlannedStage,
        cut: &Job,
    ) -> Result<()> {
        if !stage.cuts_late() {
            return Ok(());
        }
        let job =
            Job::new(&self.options.work, "rescan", &fingerprints::rescan(plans, self.options.unit, &cut.fingerprint))?;
        scanned.text_cuts.push((stage.number, cut.folder.join("cuts")));
        let units = scanned.units.concat().len() as u64;
        self.progress.counted("Reading without them", units, Amount::Bytes(plans.inputs.bytes()));
        for (number, source) in plans.inputs.sources.iter().enumerate() {
            let units = &scanned.units[number];
            if !stage.applies(source) {
                for unit in units.iter().filter(|u| !job.has(**u)) {
                    let (from, to) = (scanned.job.unit(*unit), job.unit(*unit));
                    std::fs::hard_link(&from, &to)
                        .or_else(|_| std::fs::copy(&from, &to).map(|_| ()))
                        .map_err(Error::io(&to))?;
                }
                continue;
            }
            if units.iter().any(|u| !job.has(*u)) {
                crate::pipeline::inputs::group::make_readable(&source.files, self.session.threads)?;
            }
            let cuts = &scanned.text_cuts;
            self.units(&job, units, &plans.unit_schema(source)?, TEXT_ROWS, |left| {
                plans.scan(source, left, &job, cuts)
            })
            .await?;
        }
        if !self.options.keep_work {
            let _ = std::fs::remove_dir_all(self.options.work.join("unpacked"));
        }
        self.progress.done(&format!("without what {} cuts", stage.name));
        scanned.job = job;
        Ok(())
    }
}

/// Writes what a stage cuts out of the rows of a unit, sorted by row key.
pub(crate) fn write_cuts(path: &Path, number: usize, cuts: &[Drop]) -> Result<()> {
    let schema = cuts_schema(number);
    let mut file = PartFile::create(path, schema.clone(), Style::Stage)?;
    for chunk in cuts.chunks(8192) {
        let mut spans = Spans::default();
        chunk.iter().for_each(|cut| spans.push(&cut.spans));
        let ords: ArrayRef = Arc::new(chunk.iter().map(|cut| cut.ord).collect::<UInt64Array>());
        file.write_all(&RecordBatch::try_new(schema.clone(), vec![ords, spans.finish()])?)?;
    }
    file.finish()
}
