//! The built-in operators that our plans are made of, with the settings that they need.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion_common::ScalarValue;
use datafusion_datasource::file_groups::FileGroup;
use datafusion_datasource::file_scan_config::FileScanConfigBuilder;
use datafusion_datasource::source::DataSourceExec;
use datafusion_datasource::{PartitionedFile, TableSchema};
use datafusion_datasource_parquet::source::ParquetSource;
use datafusion_execution::object_store::ObjectStoreUrl;
use datafusion_expr::{Operator, ScalarUDF};
use datafusion_physical_expr::expressions::{BinaryExpr, CastExpr, Column, IsNotNullExpr, IsNullExpr, Literal};
use datafusion_physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr, ScalarFunctionExpr};
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::filter::FilterExec;
use datafusion_physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion_physical_plan::sorts::sort::SortExec;
use datafusion_physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;

use super::beside::BesideExec;
use super::session::{NARROW_ROWS, TEXT_ROWS};
use crate::rows::{Use, content};
use crate::{Error, Result};

/// A node of a plan.
pub type Plan = Arc<dyn ExecutionPlan>;
/// An expression of a plan.
pub type Expr = Arc<dyn PhysicalExpr>;

/// Which way to sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Least first.
    Up,
    /// Greatest first.
    Down,
}

/// The column `name` of a node. It is there: the builders of plans name only what they put in.
///
/// # Errors
///
/// [`Error::Engine`] where the input has no such column.
pub fn column(plan: &Plan, name: &str) -> Result<Expr> {
    let index = plan.schema().index_of(name)?;
    Ok(Arc::new(Column::new(name, index)))
}

fn ordering(plan: &Plan, columns: &[(&str, Direction)]) -> Result<LexOrdering> {
    let exprs = columns
        .iter()
        .map(|(name, direction)| {
            let options = SortOptions { descending: *direction == Direction::Down, nulls_first: true };
            Ok(PhysicalSortExpr::new(column(plan, name)?, options))
        })
        .collect::<Result<Vec<_>>>()?;
    LexOrdering::new(exprs).ok_or_else(|| Error::Engine("an order needs a column".into()))
}

/// A Parquet file of this build, with the values of the constant columns that its rows carry.
pub type Part = (PathBuf, Vec<ScalarValue>);

/// Constant columns that say which row keys of a file are wanted: the first, and one past the last.
pub const BOUNDS: [&str; 2] = ["slab_first", "slab_last"];

/// Scans Parquet files that this build wrote, one group of files a partition, each sorted by `ord`. Only the columns
/// `wanted` are read; the `constants` (one value a file) follow them. Where these are [`BOUNDS`], row groups that hold no
/// wanted row are not read; of the others all rows come.
///
/// # Errors
///
/// [`Error::Engine`] where a column is `wanted` that the schema has not, or a file is not there.
pub fn parquet(groups: &[Vec<Part>], schema: &SchemaRef, wanted: &[&str], constants: &[Field]) -> Result<Plan> {
    let fields = constants.iter().map(|f| Arc::new(f.clone())).collect::<Vec<_>>();
    let schema = TableSchema::builder(schema.clone()).with_table_partition_cols(fields).build();
    let mut source = ParquetSource::new(schema.clone());
    if BOUNDS.iter().all(|name| constants.iter().any(|f| f.name() == name)) {
        source = source.with_predicate(within(schema.table_schema(), "ord", BOUNDS)?);
    }
    let source = Arc::new(source);
    let groups = groups
        .iter()
        .map(|files| Ok(FileGroup::new(files.iter().map(partitioned).collect::<Result<Vec<_>>>()?)))
        .collect::<Result<Vec<_>>>()?;
    let names = wanted.iter().copied().chain(constants.iter().map(|f| f.name().as_str()));
    let projection = names.map(|name| Ok(schema.table_schema().index_of(name)?)).collect::<Result<Vec<_>>>()?;
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
        .with_file_groups(groups)
        .with_projection_indices(Some(projection))?
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// A file as the engine names it.
///
/// # Errors
///
/// [`Error::Io`] where it is not there.
pub(super) fn partitioned((path, constants): &Part) -> Result<PartitionedFile> {
    // The engine knows no `..` and no links: this is where every path of its files passes.
    let path = std::fs::canonicalize(path).map_err(Error::io(path))?;
    let size = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
    let location = object_store::path::Path::from_absolute_path(&path).map_err(|e| Error::Engine(e.to_string()))?;
    // `new` would escape the location once more.
    let mut file = PartitionedFile::new(String::new(), size);
    file.object_meta.location = location;
    file.partition_values = constants.clone();
    Ok(file)
}

/// Names columns and expressions: `(expression, name)`.
///
/// # Errors
///
/// [`Error::Engine`] where an expression does not fit the input.
pub fn project(input: Plan, columns: Vec<(Expr, String)>) -> Result<Plan> {
    let exprs = columns.into_iter().map(|(expr, name)| ProjectionExpr::new(expr, name));
    Ok(Arc::new(ProjectionExec::try_new(exprs, input)?))
}

/// The same rows with views of their content where it is plain text (`Utf8View`): joins and filters then pass on where a
/// text lies, and do not copy it.
///
/// # Errors
///
/// As [`column()`].
pub fn views(input: Plan) -> Result<Plan> {
    let schema = input.schema();
    let content: Vec<Field> = Use::ALL.iter().flat_map(|usage| content(*usage)).collect();
    let large =
        |field: &Field| *field.data_type() == DataType::Utf8 && content.iter().any(|c| c.name() == field.name());
    let columns = schema.fields().iter().map(|field| {
        let whole = column(&input, field.name())?;
        let viewed = || Arc::new(CastExpr::new(whole.clone(), DataType::Utf8View, None)) as Expr;
        Ok((if large(field) { viewed() } else { whole.clone() }, field.name().clone()))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    project(input, columns)
}

/// Keeps the columns `names` as they are.
///
/// # Errors
///
/// As [`column()`].
pub fn select(input: Plan, names: &[&str]) -> Result<Plan> {
    let columns = names.iter().map(|n| Ok((column(&input, n)?, (*n).to_owned()))).collect::<Result<Vec<_>>>()?;
    project(input, columns)
}

/// Keeps the rows for which `predicate` holds. What is left of batches is put together again, to its own number of rows
/// whatever the job's: where there is text, to no more than a job with text has in a batch.
///
/// # Errors
///
/// [`Error::Engine`] where the predicate is no boolean.
pub fn filter(input: Plan, predicate: Expr) -> Result<Plan> {
    let schema = input.schema();
    let text = Use::ALL.iter().any(|usage| content(*usage).iter().any(|f| schema.index_of(f.name()).is_ok()));
    let rows = if text { TEXT_ROWS } else { NARROW_ROWS };
    Ok(Arc::new(FilterExec::try_new(predicate, input)?.with_batch_size(rows)?))
}

/// `column is null`.
///
/// # Errors
///
/// As [`column()`].
pub fn is_null(input: &Plan, name: &str) -> Result<Expr> {
    Ok(Arc::new(IsNullExpr::new(column(input, name)?)))
}

/// `column is not null`.
///
/// # Errors
///
/// As [`column()`].
pub fn is_not_null(input: &Plan, name: &str) -> Result<Expr> {
    Ok(Arc::new(IsNotNullExpr::new(column(input, name)?)))
}

/// `column < first or column >= last`.
///
/// # Errors
///
/// As [`column()`].
pub fn outside(input: &Plan, name: &str, first: u64, last: u64) -> Result<Expr> {
    let number = |value| constant(ScalarValue::UInt64(Some(value)));
    let less = BinaryExpr::new(column(input, name)?, Operator::Lt, number(first));
    let at_least = BinaryExpr::new(column(input, name)?, Operator::GtEq, number(last));
    Ok(Arc::new(BinaryExpr::new(Arc::new(less), Operator::Or, Arc::new(at_least))))
}

/// `low <= column and column < high`, all three columns.
///
/// # Errors
///
/// As [`column()`].
pub fn between(input: &Plan, name: &str, low: &str, high: &str) -> Result<Expr> {
    within(&input.schema(), name, [low, high])
}

fn within(schema: &SchemaRef, name: &str, [low, high]: [&str; 2]) -> Result<Expr> {
    let column = |name: &str| -> Result<Expr> { Ok(Arc::new(Column::new(name, schema.index_of(name)?))) };
    let at_least = BinaryExpr::new(column(name)?, Operator::GtEq, column(low)?);
    let less = BinaryExpr::new(column(name)?, Operator::Lt, column(high)?);
    Ok(Arc::new(BinaryExpr::new(Arc::new(at_least), Operator::And, Arc::new(less))))
}

/// A constant.
pub fn constant(value: ScalarValue) -> Expr {
    Arc::new(Literal::new(value))
}

/// A call of one of our functions.
///
/// # Errors
///
/// [`Error::Engine`] where the function does not take the arguments.
pub fn call(input: &Plan, function: ScalarUDF, arguments: Vec<Expr>) -> Result<Expr> {
    let schema = input.schema();
    let config = Arc::new(datafusion_common::config::ConfigOptions::new());
    Ok(Arc::new(ScalarFunctionExpr::try_new(Arc::new(function), arguments, &schema, config)?))
}

/// The field `field` of a struct.
///
/// # Errors
///
/// [`Error::Engine`] where the struct has no such field.
pub fn field(input: &Plan, of: Expr, field: &str) -> Result<Expr> {
    let name: Expr = Arc::new(Literal::new(ScalarValue::Utf8(Some(field.to_owned()))));
    call(input, ScalarUDF::new_from_impl(datafusion_functions::core::getfield::GetFieldFunc::new()), vec![of, name])
}

/// Joins `left` with at most one row each of `right` by `ord`; partition *i* of both must hold the same range, sorted.
/// The right side's `ord` is left out, its other columns follow the left ones.
///
/// # Errors
///
/// As [`column()`], of `ord`.
pub fn left_join(left: Plan, right: Plan) -> Result<Plan> {
    for side in [&left, &right] {
        column(side, "ord")?;
    }
    Ok(Arc::new(BesideExec::new(left, right)))
}

/// Sorts all partitions (spilling) and merges them into one.
///
/// # Errors
///
/// As [`column()`].
pub fn sort(input: Plan, columns: &[(&str, Direction)]) -> Result<Plan> {
    let order = ordering(&input, columns)?;
    let sorted: Plan = Arc::new(SortExec::new(order.clone(), input).with_preserve_partitioning(true));
    Ok(Arc::new(SortPreservingMergeExec::new(order, sorted)))
}
