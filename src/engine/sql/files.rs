//! Parquet files of a build as one table of DataFusion.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::logical_expr::{TableProviderFilterPushDown, TableType};
use datafusion_common::stats::Precision;
use datafusion_common::{Result as DfResult, ScalarValue, Statistics};
use datafusion_datasource::file_groups::FileGroup;
use datafusion_datasource::file_scan_config::FileScanConfigBuilder;
use datafusion_datasource::source::DataSourceExec;
use datafusion_datasource::{PartitionedFile, TableSchema};
use datafusion_datasource_parquet::source::ParquetSource;
use datafusion_execution::object_store::ObjectStoreUrl;
use datafusion_expr::Expr;
use datafusion_physical_plan::ExecutionPlan;
use parquet::arrow::RowNumber;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Table;
use crate::engine::plan::partitioned;
use crate::objects::{self, Address, Folder, Reading, is_url};
use crate::output::parquet_files::Input;
use crate::rows::split::SPLIT;
use crate::{Error, Result};

/// The number of a file's first row in its table, and of a row in its file.
pub const NUMBERS: [&str; 2] = ["_first", "_row"];

/// The files of a table, with the columns of all of them together: what a file has not is null in its rows.
#[derive(Debug)]
pub struct Files {
    schema: TableSchema,
    files: Vec<PartitionedFile>,
    rows: usize,
    /// Where all of them are.
    store: ObjectStoreUrl,
}

impl Files {
    /// Reads the columns of the files. Files in one folder have the same.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is no Parquet.
    pub fn open(table: &Table) -> Result<Files> {
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let (mut files, mut folder, mut rows) = (Vec::new(), None, 0);
        for part in &table.files {
            let input = Input::open(&part.path)?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(input.again().map_err(Error::io(&part.path))?)?;
            rows += reader.metadata().file_metadata().num_rows().max(0) as usize;
            if folder != part.path.parent() {
                folder = part.path.parent();
                // Where two uses have a column of one name and two types, the first type counts.
                for field in reader.schema().fields() {
                    if !fields.iter().any(|known| known.name() == field.name()) {
                        fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
                    }
                }
            }
            let split = || ScalarValue::Utf8(part.split.map(|split| split.as_str().to_owned()));
            let first = || ScalarValue::Int64(Some(part.first as i64));
            let constants = table.split.then(split).into_iter().chain(table.numbered.then(first)).collect();
            files.push(match &input {
                Input::Object(object) => of_object(object, constants),
                Input::File(_) => partitioned(&(part.path.clone(), constants))?,
            });
        }
        let split = || Arc::new(Field::new(SPLIT, DataType::Utf8, true));
        let first = || Arc::new(Field::new(NUMBERS[0], DataType::Int64, false));
        let row = || Arc::new(Field::new(NUMBERS[1], DataType::Int64, false).with_extension_type(RowNumber));
        let constants: Vec<_> = table.split.then(split).into_iter().chain(table.numbered.then(first)).collect();
        let numbers: Vec<_> = table.numbered.then(row).into_iter().collect();
        let schema = TableSchema::builder(Arc::new(Schema::new(fields)))
            .with_table_partition_cols(constants)
            .with_virtual_columns(numbers)
            .build();
        let store = match table.files.first().filter(|part| is_url(&part.path)) {
            Some(part) => ObjectStoreUrl::parse(bucket(&part.path)?.url(""))?,
            None => ObjectStoreUrl::local_filesystem(),
        };
        Ok(Files { schema, files, rows, store })
    }

    /// Its columns, but for those that number rows.
    pub fn columns(&self) -> SchemaRef {
        let fields = self.schema.table_schema().fields().iter();
        Arc::new(Schema::new(fields.filter(|f| !NUMBERS.contains(&f.name().as_str())).cloned().collect::<Vec<_>>()))
    }
}

/// An object as the engine names it.
fn of_object(object: &Reading, constants: Vec<ScalarValue>) -> PartitionedFile {
    let mut file = PartitionedFile::new(String::new(), object.found().bytes);
    file.object_meta.location = object.location();
    file.partition_values = constants;
    file
}

/// The bucket of a file that is in a store.
///
/// # Errors
///
/// An address that is none.
pub fn bucket(path: &Path) -> Result<Folder> {
    objects::bucket(Address::read("the file", &path.to_string_lossy())?)
}

impl TableProvider for Files {
    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// The scan of the columns that a query names. Conditions come to it afterwards, as physical expressions.
    fn scan<'a, 's, 'p, 'f, 'r>(
        &'a self,
        state: &'s dyn Session,
        projection: Option<&'p Vec<usize>>,
        _filters: &'f [Expr],
        limit: Option<usize>,
    ) -> Pin<Box<dyn Future<Output = DfResult<Arc<dyn ExecutionPlan>>> + Send + 'r>>
    where
        'a: 'r,
        's: 'r,
        'p: 'r,
        'f: 'r,
    {
        let parquet = state.config_options().execution.parquet.clone();
        let options = datafusion_common::config::TableParquetOptions { global: parquet, ..Default::default() };
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(options);
        // How many rows there are tells which side of a join is the smaller one, and is kept in memory.
        let mut known = Statistics::new_unknown(self.schema.table_schema());
        known.num_rows = Precision::Inexact(self.rows);
        let scan = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(vec![FileGroup::new(self.files.clone())])
            .with_statistics(known)
            .with_limit(limit)
            .with_projection_indices(projection.cloned());
        Box::pin(async move { Ok(DataSourceExec::from_data_source(scan?.build()) as Arc<dyn ExecutionPlan>) })
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DfResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Unsupported; filters.len()])
    }
}
