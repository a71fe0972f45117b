//! What the plans of a build are made from: inputs, stages, and the columns of unit files.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};

use super::stage_plan::StagePlan;
use crate::Result;
use crate::engine::functions::rows::RowsSpec;
use crate::engine::scan::ScanSpec;
use crate::pipeline::inputs::{Inputs, SourceInput};
use crate::rows;

/// Narrow columns that every unit has beside its signals and keys.
pub(super) const NARROW: [&str; 6] = ["ord", "error", "aside", "aside_value", "id", "language_hint"];
/// What a staged unit has beside those, its content, and its signals.
pub(super) const STAGED: [&str; 8] =
    ["offset", "line", "error_detail", "error_head", "url", "subset", "license", "meta"];

/// Makes the plans of one build.
pub struct Plans<'a> {
    /// What is read.
    pub inputs: &'a Inputs,
    /// What is done.
    pub chain: &'a StagePlan,
    /// Bytes of the largest row that there is memory for.
    pub largest_row: u64,
    /// [`ScanSpec::build`].
    pub number: u64,
}

impl Plans<'_> {
    /// The scan of some pieces of a source.
    pub(crate) fn scan_spec(&self, source: &SourceInput) -> ScanSpec {
        ScanSpec {
            usage: source.usage,
            layouts: source.layouts.iter().map(|layout| layout.as_ref().clone()).collect(),
            pieces: self.inputs.pieces[source.pieces.clone()].to_vec(),
            largest: self.largest_row,
            build: self.number,
        }
    }

    /// The row-wise work of the scan job: signals and keys, and the text where it is staged.
    pub fn rows_spec(&self, source: &SourceInput) -> RowsSpec {
        self.chain.rows(source, source.staged, true)
    }

    /// The schema of a unit's file.
    ///
    /// # Errors
    /// Where the rows of a scan lack one of the narrow columns: a fault of this program.
    pub fn unit_schema(&self, source: &SourceInput) -> Result<SchemaRef> {
        let scanned = rows::scan_schema(source.usage);
        let mut names: Vec<&str> = NARROW.to_vec();
        if source.staged {
            names.extend(STAGED);
        }
        let mut fields =
            names.iter().map(|n| Ok(scanned.field_with_name(n)?.clone())).collect::<Result<Vec<Field>>>()?;
        fields.extend(self.rows_spec(source).fields().iter().map(|f| f.as_ref().clone()));
        Ok(Arc::new(Schema::new(fields)))
    }
}
