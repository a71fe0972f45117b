//! A part of a pass over all rows, of a comparison of keys, a search for percentiles, a mix or a shuffle, a shard, an
//! export, or hashes of files, as a plan: the way in which it is sent to another process. It has one partition, gives back no
//! rows, and leaves files. Below a part may stand a plan of one partition, whose rows it is handed.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion_common::Result as EngineResult;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType, PlanProperties, ReplaceChildrenOptions};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::external;
use super::partners::Work;
use super::plan::Plan;
use super::room::{Shares, room};
use crate::input::hash::{Unhashed, hash_all};
use crate::output::export::sent::Sent as Export;
use crate::output::scatter::Index;
use crate::output::shards::sent::Sent;
use crate::output::stretch::{Order, Stretch, budget};
use crate::output::take::draws::Draws;
use crate::spill::Space;
use crate::stages::global::Part;
use crate::stages::percentile::rows::{Searches, Source};
use crate::stages::resolved::Resolved;
use crate::{Error, Result};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one a plan")]
pub enum PartSpec {
    /// A part of a pass.
    Pass {
        /// The stage whose pass it is.
        stage: Resolved,
        /// The folder that the pass has filled.
        folder: PathBuf,
        /// The part.
        part: Part,
    },
    /// A part of a comparison of keys.
    Keys {
        /// The folder of its files.
        folder: PathBuf,
        /// The part.
        work: Work,
    },
    /// A pass of a search for percentiles over some rows.
    Percentiles {
        /// The file that it writes.
        file: PathBuf,
        /// The searches as they stand when the pass begins.
        searches: Searches,
        /// Whose rows they are.
        source: Source,
    },
    /// A look at what some rows draw, for a mix.
    Draws {
        /// The file that it writes.
        file: PathBuf,
        /// What is looked for.
        draws: Draws,
    },
    /// A shard of the output.
    Shard(Sent),
    /// An export of the build.
    Export(Export),
    /// Files that are hashed.
    Hashes {
        /// The files.
        files: Vec<Unhashed>,
        /// The file that it writes.
        file: PathBuf,
    },
    /// Some parts of a new order of rows.
    Shuffle {
        /// The order.
        order: Order,
        /// Where all its rows lie.
        files: Vec<PathBuf>,
        /// The parts.
        stretch: Stretch,
    },
}

/// Of parts that need more memory than their share.
static SHARES: LazyLock<Shares> = LazyLock::new(Shares::default);

impl PartSpec {
    /// Does it, with the rows that it is handed.
    fn run(&self, rows: Option<SendableRecordBatchStream>, stop: Arc<AtomicBool>) -> Result<()> {
        let room = room();
        let scratch = tempfile::Builder::new().prefix("part-").tempdir_in(&room.scratch);
        let scratch = scratch.map_err(Error::io(&room.scratch))?;
        let space = Space { stop, ..Space::new(scratch.path(), room.memory) };
        let _held = match self {
            PartSpec::Export(sent) => Some(SHARES.take(sent.memory(), room.whole, &space.stop)?),
            _ => None,
        };
        let mut rows = rows.map(|rows| handed(rows, &space));
        match self {
            PartSpec::Pass { stage, folder, part } => {
                let pass = stage.stage.global();
                let pass = pass.ok_or_else(|| Error::Engine(format!("`{}` has no pass", stage.run())))?;
                match &mut rows {
                    None => pass.part(folder, part, &space),
                    Some(rows) => pass.fed(folder, part, rows, &space),
                }
            }
            PartSpec::Keys { folder, work } => work.run(folder, rows.as_mut().map(|rows| rows as _), &space),
            PartSpec::Percentiles { file, searches, source } => {
                let rows = rows.as_mut().ok_or_else(|| Error::Engine("percentiles are of rows".into()))?;
                searches.clone().look(file, rows, source)
            }
            PartSpec::Draws { file, draws } => {
                let rows = rows.as_mut().ok_or_else(|| Error::Engine("draws are of rows".into()))?;
                draws.clone().look(file, rows)
            }
            PartSpec::Shard(sent) => sent.run(&space.stop),
            PartSpec::Export(sent) => sent.run(&space.stop),
            PartSpec::Hashes { files, file } => hash_all(files, file, &space.stop),
            PartSpec::Shuffle { order, files, stretch } => {
                let index = Index::read_one(files.clone(), &order.schema(), stretch.place)?;
                // Where nobody else is: a part that is done twice is in nobody's way.
                let stretch = Stretch { together: scratch.path().join("together.arrow"), ..stretch.clone() };
                order.write(&stretch, &index, budget(room.memory as u64))
            }
        }
    }

    /// What it does, for people.
    fn does(&self) -> &str {
        match self {
            PartSpec::Pass { stage, .. } => stage.run(),
            PartSpec::Keys { .. } => "keys",
            PartSpec::Percentiles { .. } => "percentiles",
            PartSpec::Draws { .. } => "mix",
            PartSpec::Shard(_) => "shard",
            PartSpec::Export(_) => "export",
            PartSpec::Hashes { .. } => "hashes",
            PartSpec::Shuffle { .. } => "shuffle",
        }
    }
}

/// The rows of a plan, as whoever does a part takes them: until it is to end.
fn handed(mut rows: SendableRecordBatchStream, space: &Space) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
    let here = Handle::current();
    std::iter::from_fn(move || {
        let batch = here.block_on(rows.next())?;
        Some(space.check().and_then(|()| Ok(batch?)))
    })
}

/// The operator.
#[derive(Debug)]
pub struct PartExec {
    spec: PartSpec,
    rows: Option<Plan>,
    properties: Arc<PlanProperties>,
}

/// The plan of a part, which is handed the rows of the one partition of a plan.
pub fn part(spec: PartSpec, rows: Option<Plan>) -> Plan {
    let properties = PlanProperties::new(
        EquivalenceProperties::new(schema()),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Final,
        Boundedness::Bounded,
    );
    Arc::new(PartExec { spec, rows, properties: Arc::new(properties) })
}

fn schema() -> SchemaRef {
    Arc::new(Schema::empty())
}

impl PartExec {
    /// What it does.
    pub fn spec(&self) -> &PartSpec {
        &self.spec
    }
}

impl DisplayAs for PartExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "PartExec: {}", self.spec.does())
    }
}

/// Ends the work of a part that nobody waits for any more.
struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl ExecutionPlan for PartExec {
    fn name(&self) -> &str {
        "PartExec"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Plan> {
        self.rows.iter().collect()
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
        Ok(part(self.spec.clone(), children.pop()))
    }
    #[allow(deprecated)]
    fn with_new_children(self: Arc<Self>, mut children: Vec<Plan>) -> EngineResult<Plan> {
        Ok(part(self.spec.clone(), children.pop()))
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> EngineResult<SendableRecordBatchStream> {
        let rows = self.rows.as_ref().map(|rows| rows.execute(partition, context)).transpose()?;
        let (spec, stop) = (self.spec.clone(), Arc::new(AtomicBool::new(false)));
        let ends = Ends(stop.clone());
        let stream = futures::stream::once(async move {
            let _ends = ends;
            let work = tokio::task::spawn_blocking(move || spec.run(rows, stop));
            let done = work.await.map_err(|panic| Error::Engine(format!("a part failed: {panic}")));
            done.and_then(|done| done).map_err(external)?;
            Ok(RecordBatch::new_empty(schema()))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), stream)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::codec::Codec;
    use datafusion_proto::physical_plan::AsExecutionPlan;
    use datafusion_proto::protobuf::PhysicalPlanNode;
    use serde_json::json;

    /// It comes through protobuf as it is, and its error is that of the pass.
    #[tokio::test]
    async fn a_part_is_sent_and_done() {
        let stage = Resolved::new("exact_dedup", &json!({})).unwrap();
        let part = Part { file: "f".into(), work: json!({"any": 1}) };
        let plan = super::part(PartSpec::Pass { stage, folder: "here".into(), part }, None);
        let mut sent = Vec::new();
        PhysicalPlanNode::try_from_physical_plan(plan.clone(), &Codec).unwrap().try_encode(&mut sent).unwrap();
        let context = Arc::new(TaskContext::default());
        let back = PhysicalPlanNode::try_decode(&sent).unwrap().try_into_physical_plan(&context, &Codec).unwrap();
        let back = back.downcast_ref::<PartExec>().unwrap();
        assert_eq!(back.spec(), plan.downcast_ref::<PartExec>().unwrap().spec());
        let mut stream = back.execute(0, context).unwrap();
        let error = stream.next().await.unwrap().unwrap_err().to_string();
        assert!(error.contains("the pass dedup has no parts"), "{error}");
    }
}
