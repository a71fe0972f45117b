//! The sink: the end of a plan that writes files. A partition's rows go to one file (or one of each kind), or to those of
//! one slab after the other; files are named by the row keys that arrive and never by the partition's number, which means
//! something else on a cluster. A file appears whole, synced and under its final name, or not at all.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion_common::Result as EngineResult;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType, PlanProperties, ReplaceChildrenOptions};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::external;
use super::plan::Plan;
use crate::output::parquet_file::{PartFile, Style};
use crate::output::slab::{OutputSpec, SlabWriter};
use crate::{Error, Result};

/// What a sink writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkSpec {
    /// All columns, one file a unit.
    Units(UnitsSpec),
    /// The rows of a slab, routed to `data`, `dropped` and `unreadable`.
    Slabs(Box<OutputSpec>),
}

/// Where the rows of a unit go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitsSpec {
    /// The job's folder.
    pub folder: PathBuf,
    /// `(first piece, number)` of each unit, ascending.
    pub units: Vec<(u64, u64)>,
}

impl UnitsSpec {
    fn unit(&self, ord: u64) -> Option<u64> {
        let at = self.units.partition_point(|(first, _)| *first <= ord >> 32);
        Some(self.units[at.checked_sub(1)?].1)
    }
}

/// The file of unit `number`.
pub fn unit_file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("unit-{number:06}.parquet"))
}

/// Metadata key under which a unit's file counts its rows by piece: `[[piece, rows], …]`.
pub const PIECES: &str = "corpus.pieces";

/// The operator.
#[derive(Debug)]
pub struct SinkExec {
    spec: SinkSpec,
    input: Plan,
    properties: Arc<PlanProperties>,
}

impl SinkExec {
    /// Ends `input` with a sink.
    pub fn new(spec: SinkSpec, input: Plan) -> Self {
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(summary_schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        SinkExec { spec, input, properties: Arc::new(properties) }
    }

    /// What it writes.
    pub fn spec(&self) -> &SinkSpec {
        &self.spec
    }
}

/// What a partition reports: how many rows it wrote.
fn summary_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("rows", DataType::UInt64, false)]))
}

impl DisplayAs for SinkExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.spec {
            SinkSpec::Units(_) => f.write_str("SinkExec: units"),
            SinkSpec::Slabs(_) => f.write_str("SinkExec: slabs"),
        }
    }
}

impl ExecutionPlan for SinkExec {
    fn name(&self) -> &str {
        "SinkExec"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Plan> {
        vec![&self.input]
    }
    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> EngineResult<TreeNodeRecursion>,
    ) -> EngineResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Plan>,
        _options: ReplaceChildrenOptions,
    ) -> EngineResult<Plan> {
        let child = children.pop().unwrap_or_else(|| self.input.clone());
        Ok(Arc::new(SinkExec::new(self.spec.clone(), child)))
    }
    #[allow(deprecated)]
    fn with_new_children(self: Arc<Self>, mut children: Vec<Plan>) -> EngineResult<Plan> {
        let child = children.pop().unwrap_or_else(|| self.input.clone());
        Ok(Arc::new(SinkExec::new(self.spec.clone(), child)))
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> EngineResult<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let written = write(self.spec.clone(), input);
        let stream = futures::stream::once(async move {
            let rows = written.await.map_err(external)?;
            Ok(RecordBatch::try_new(summary_schema(), vec![Arc::new(UInt64Array::from(vec![rows]))])?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(summary_schema(), stream)))
    }
}

async fn write(spec: SinkSpec, mut input: SendableRecordBatchStream) -> Result<u64> {
    let mut rows = 0;
    let mut writer: Option<Writer> = None;
    while let Some(batch) = input.next().await {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        rows += batch.num_rows() as u64;
        let mut left = batch;
        while left.num_rows() > 0 {
            let mut at = match writer.take() {
                Some(at) => at,
                None => Writer::open(&spec, &left)?,
            };
            let here = at.own(&left)?;
            at.write(&left.slice(0, here))?;
            left = left.slice(here, left.num_rows() - here);
            if left.num_rows() == 0 {
                writer = Some(at);
            } else {
                at.finish()?;
            }
        }
    }
    match (writer, &spec) {
        (Some(writer), _) => writer.finish()?,
        // Of one unit it is known which one has no rows: whoever waits for its file on another machine is not to guess.
        (None, SinkSpec::Units(UnitsSpec { folder, units })) => {
            if let [(_, unit)] = units.as_slice() {
                write_empty(folder, *unit, input.schema())?;
            }
        }
        (None, SinkSpec::Slabs(_)) => {}
    }
    Ok(rows)
}

#[allow(clippy::large_enum_variant, reason = "one a partition")]
enum Writer {
    Unit { file: PartFile, pieces: Vec<(u64, u64)> },
    Slab(SlabWriter),
}

fn ords(batch: &RecordBatch) -> Result<&UInt64Array> {
    batch
        .column_by_name("ord")
        .and_then(|c| c.as_primitive_opt::<UInt64Type>())
        .ok_or_else(|| Error::Engine("the rows have no key".into()))
}

impl Writer {
    fn open(spec: &SinkSpec, first: &RecordBatch) -> Result<Self> {
        let ord = ords(first)?.value(0);
        match spec {
            SinkSpec::Units(units) => {
                let unit = units.unit(ord).ok_or_else(|| Error::Engine(format!("row {ord:x} is in no unit")))?;
                let path = unit_file(&units.folder, unit);
                Ok(Writer::Unit { file: PartFile::create(&path, first.schema(), Style::Stage)?, pieces: Vec::new() })
            }
            SinkSpec::Slabs(spec) => Ok(Writer::Slab(SlabWriter::open(spec, ord)?)),
        }
    }

    /// How many of the first rows belong to the file at hand; the others to the next slab.
    fn own(&self, batch: &RecordBatch) -> Result<usize> {
        match self {
            Writer::Unit { .. } => Ok(batch.num_rows()),
            Writer::Slab(writer) => Ok(ords(batch)?.values().partition_point(|ord| *ord < writer.end())),
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Writer::Unit { file, pieces } => {
                for ord in ords(batch)?.values() {
                    match pieces.last_mut() {
                        Some((piece, rows)) if *piece == ord >> 32 => *rows = (ord & 0xffff_ffff) + 1,
                        _ => pieces.push((ord >> 32, (ord & 0xffff_ffff) + 1)),
                    }
                }
                file.write_all(batch)
            }
            Writer::Slab(writer) => writer.write(batch),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Writer::Unit { mut file, pieces } => {
                let pieces = serde_json::to_string(&pieces).map_err(|e| Error::Engine(e.to_string()))?;
                file.label(PIECES, pieces);
                file.finish()
            }
            Writer::Slab(writer) => writer.finish(),
        }
    }
}

/// Writes an empty file for a unit without rows, so that later plans find one for each unit.
///
/// # Errors
///
/// As [`PartFile::create`] and [`PartFile::finish`].
pub fn write_empty(folder: &Path, unit: u64, schema: SchemaRef) -> Result<()> {
    let mut file = PartFile::create(&unit_file(folder, unit), schema, Style::Stage)?;
    file.label(PIECES, "[]".into());
    file.finish()
}
