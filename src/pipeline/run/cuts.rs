//! What a whole stage cuts: written by unit beside its drops, and joined to the text wherever that is read.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::drops::Drop;
use crate::Result;
use crate::engine::functions::rows::RowsSpec;
use crate::engine::plan::{self, Part, Plan};
use crate::engine::sink::unit_file;
use crate::output::parquet_file::{PartFile, Style};
use crate::pipeline::plan::folders::TextCuts;
use crate::pipeline::plan::planner::Plans;
use crate::rows::spans::{Spans, argument, spans_type};

/// The schema of a unit of cuts: `ord`, and what stage `number` takes out of the row.
pub fn cuts_schema(number: usize) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ord", DataType::UInt64, false),
        Field::new(argument(number), spans_type(), true),
    ]))
}

impl Plans<'_> {
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
