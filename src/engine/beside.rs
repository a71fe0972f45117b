//! The join of our plans: to each row of one input at most one row of another, by row key, where both are sorted by it.
//!
//! DataFusion's sort-merge join does this too, and copies every row to do so, in batches of its own size, as it must where
//! keys repeat. Here a batch on the left is handed on as it came, cut only where a batch on the right ends, and what
//! stands beside it is a slice where the keys are the same, nulls where there is none, and picked row by row in between.
//! (`ARCHITECTURE.md`, *No text passes a sort*, has what that is worth.)

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{Schema, SchemaRef, UInt64Type};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{DataFusionError, Result};
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType, PlanProperties, ReplaceChildrenOptions};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;

/// An input.
type Plan = Arc<dyn ExecutionPlan>;

/// The column by which rows stand beside each other.
const KEY: &str = "ord";

/// The operator. Partition *i* of both inputs holds the same range of keys, ascending; on the right each key once.
#[derive(Debug)]
pub struct BesideExec {
    left: Plan,
    right: Plan,
    properties: Arc<PlanProperties>,
}

/// The columns of `left`, and those of `right` without its key: null where it has no row.
fn schema(left: &Schema, right: &Schema) -> SchemaRef {
    let beside = right.fields().iter().filter(|field| field.name() != KEY);
    let beside = beside.map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
    Arc::new(Schema::new(left.fields().iter().cloned().chain(beside).collect::<Vec<_>>()))
}

impl BesideExec {
    /// Puts the rows of `right` beside those of `left`.
    pub fn new(left: Plan, right: Plan) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema(&left.schema(), &right.schema())),
            left.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        BesideExec { left, right, properties: Arc::new(properties) }
    }

    /// The join of two inputs, the left one first.
    ///
    /// # Errors
    ///
    /// Where there are more of them, or fewer.
    pub fn of(inputs: Vec<Plan>) -> Result<Plan> {
        match <[Plan; 2]>::try_from(inputs) {
            Ok([left, right]) => Ok(Arc::new(BesideExec::new(left, right))),
            Err(_) => Err(DataFusionError::Internal("rows stand beside those of one other input".into())),
        }
    }
}

impl DisplayAs for BesideExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("BesideExec")
    }
}

impl ExecutionPlan for BesideExec {
    fn name(&self) -> &str {
        "BesideExec"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Plan> {
        vec![&self.left, &self.right]
    }
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true, false]
    }
    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
    fn replace_children(self: Arc<Self>, children: Vec<Plan>, _options: ReplaceChildrenOptions) -> Result<Plan> {
        BesideExec::of(children)
    }
    #[allow(deprecated)]
    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> Result<Plan> {
        BesideExec::of(children)
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let walk = Walk {
            left: self.left.execute(partition, context.clone())?,
            right: self.right.execute(partition, context)?,
            schema: self.schema(),
            rows: None,
            beside: None,
        };
        let stream = futures::stream::try_unfold(walk, |mut walk| async move {
            let batch = walk.next().await?;
            Ok(batch.map(|batch| (batch, walk)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

/// A batch of the right input, and how far it was looked at.
struct Beside {
    batch: RecordBatch,
    at: usize,
}

/// A walk over both inputs.
struct Walk {
    left: SendableRecordBatchStream,
    right: SendableRecordBatchStream,
    schema: SchemaRef,
    /// What is left of a batch of the left input.
    rows: Option<RecordBatch>,
    beside: Option<Beside>,
}

fn keys(batch: &RecordBatch) -> Result<&UInt64Array> {
    let column = batch.column_by_name(KEY).and_then(|column| column.as_primitive_opt::<UInt64Type>());
    column.ok_or_else(|| DataFusionError::Internal("rows that stand beside others have a key".into()))
}

/// The next batch that has rows.
async fn filled(input: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>> {
    while let Some(batch) = input.next().await.transpose()? {
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

impl Walk {
    /// The next rows of the left input with what stands beside them.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let rows = match self.rows.take() {
            Some(rows) => Some(rows),
            None => filled(&mut self.left).await?,
        };
        let Some(rows) = rows else { return Ok(None) };
        let first = keys(&rows)?.value(0);
        // On to the batch that has the first key, or a later one.
        loop {
            let there = match &self.beside {
                Some(beside) => keys(&beside.batch)?.values().last().is_some_and(|last| *last >= first),
                None => false,
            };
            if there {
                break;
            }
            match filled(&mut self.right).await? {
                Some(batch) => self.beside = Some(Beside { batch, at: 0 }),
                None => {
                    self.beside = None;
                    break;
                }
            }
        }
        let Some(beside) = &mut self.beside else { return self.joined(&rows, None).map(Some) };
        let right = keys(&beside.batch)?.values();
        let last = right.last().copied().unwrap_or(u64::MAX);
        // The rows that this batch tells of: what comes behind its last key may be in the next one.
        let known = keys(&rows)?.values().partition_point(|key| *key <= last);
        let mut places: Vec<Option<u32>> = Vec::with_capacity(known);
        for key in &keys(&rows)?.values()[..known] {
            while right.get(beside.at).is_some_and(|other| other < key) {
                beside.at += 1;
            }
            places.push((right.get(beside.at) == Some(key)).then_some(beside.at as u32));
        }
        if known < rows.num_rows() {
            self.rows = Some(rows.slice(known, rows.num_rows() - known));
        }
        self.joined(&rows.slice(0, known), Some(&places)).map(Some)
    }

    /// Rows with those at some places of the right batch beside them.
    fn joined(&self, rows: &RecordBatch, places: Option<&[Option<u32>]>) -> Result<RecordBatch> {
        let count = rows.num_rows();
        let mut columns = rows.columns().to_vec();
        let found = places.filter(|places| places.iter().any(Option::is_some)).zip(self.beside.as_ref());
        match found {
            None => {
                let beside = &self.schema.fields()[columns.len()..];
                columns.extend(beside.iter().map(|field| new_null_array(field.data_type(), count)));
            }
            Some((places, beside)) => {
                let first = places[0]
                    .filter(|first| places.iter().zip(*first..).all(|(place, expected)| *place == Some(expected)));
                let indices = UInt32Array::from(if first.is_none() { places.to_vec() } else { Vec::new() });
                let fields = beside.batch.schema_ref().fields().iter().zip(beside.batch.columns());
                for (_, column) in fields.filter(|(field, _)| field.name() != KEY) {
                    columns.push(match first {
                        Some(first) => column.slice(first as usize, count),
                        None => take(column.as_ref(), &indices, None)?,
                    });
                }
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field};
    use datafusion_datasource::memory::MemorySourceConfig;

    use super::*;

    /// Rows with these keys, and a text for each, in batches of so many.
    fn input(name: &str, keys: &[u64], size: usize) -> Plan {
        let schema = Arc::new(Schema::new(vec![
            Field::new(name, DataType::Utf8, false),
            Field::new(KEY, DataType::UInt64, false),
        ]));
        let batch = |keys: &[u64]| {
            let texts: ArrayRef =
                Arc::new(StringArray::from_iter_values(keys.iter().map(|key| format!("{name}{key}"))));
            RecordBatch::try_new(schema.clone(), vec![texts, Arc::new(UInt64Array::from(keys.to_vec()))]).unwrap()
        };
        let batches: Vec<RecordBatch> = std::iter::once(batch(&[])).chain(keys.chunks(size).map(batch)).collect();
        MemorySourceConfig::try_new_exec(&[batches], schema, None).unwrap()
    }

    async fn rows(plan: Plan) -> Vec<(String, u64, Option<String>)> {
        let mut stream = plan.execute(0, Arc::new(TaskContext::default())).unwrap();
        let mut all = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch.unwrap();
            assert!(batch.num_rows() > 0 && batch.num_columns() == 3);
            let (left, right) = (batch.column(0).as_string::<i32>(), batch.column(2).as_string::<i32>());
            for row in 0..batch.num_rows() {
                let beside = right.is_valid(row).then(|| right.value(row).to_owned());
                all.push((left.value(row).to_owned(), keys(&batch).unwrap().value(row), beside));
            }
        }
        all
    }

    #[tokio::test]
    async fn each_row_has_beside_it_what_has_its_key() {
        let mut state = 11u64;
        let mut some = |of: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33 < of << 25
        };
        for round in 0u64..60 {
            // From none to all of the keys, on either side.
            let left: Vec<u64> = (0..200).filter(|_| some(round % 8 * 36 + 4)).collect();
            let right: Vec<u64> = (0..210).filter(|_| some(round % 7 * 43)).collect();
            for (one, other) in [(1, 7), (64, 64), (7, 1), (300, 50)] {
                let plan: Plan = Arc::new(BesideExec::new(input("l", &left, one), input("r", &right, other)));
                let beside = |key: u64| right.contains(&key).then(|| format!("r{key}"));
                let expected: Vec<_> = left.iter().map(|key| (format!("l{key}"), *key, beside(*key))).collect();
                assert_eq!(rows(plan).await, expected, "{round}: {one} beside {other}");
            }
        }
    }

    #[tokio::test]
    async fn rows_without_a_key_are_an_error() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
        let bare = MemorySourceConfig::try_new_exec(&[vec![batch]], schema, None).unwrap();
        let plan = BesideExec::new(bare, input("r", &[1], 1));
        let said = plan.execute(0, Arc::new(TaskContext::default())).unwrap().next().await.unwrap().unwrap_err();
        assert!(said.to_string().contains("have a key"), "{said}");
    }
}
