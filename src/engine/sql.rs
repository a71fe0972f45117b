//! SQL over the files of a finished build: tables that are read, and no statement that writes.
//!
//! This is the one place where a plan is not put together by hand: DataFusion's parser, planner and optimizer turn a query
//! into one. Jobs of a build never come here.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::sql::parser::Statement;
use datafusion_common::DataFusionError;
use datafusion_execution::config::SessionConfig;
use datafusion_execution::object_store::ObjectStoreUrl;
use futures::StreamExt;

use super::session::runtime;
use crate::objects::is_url;
use crate::rows::split::Split;
use crate::{Error, Result};
use faults::Query;
use files::Files;

mod allowed;
mod faults;
mod files;

/// Rows in a batch: texts may be long.
const ROWS: usize = 1024;

/// The place of a row in its table, from 0: a column of tables that number their rows.
pub const PLACE: &str = "place";

/// A table that queries see.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its files, in order.
    pub files: Vec<Part>,
    /// Whether it has a column `split`.
    pub split: bool,
    /// Whether its rows are numbered: for [`Database::places`].
    pub numbered: bool,
}

/// A file of a table.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where it is.
    pub path: PathBuf,
    /// The split that its rows are in, where the build has splits.
    pub split: Option<Split>,
    /// The place of its first row in the table.
    pub first: u64,
}

/// What a query may take.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Threads.
    pub threads: usize,
    /// Bytes of memory in all.
    pub memory: u64,
    /// Where what does not fit is spilled.
    pub folder: PathBuf,
    /// How long a query may run; where nothing is said, until it is done or Ctrl-C.
    pub time: Option<Duration>,
}

/// The tables of a build, ready for queries.
pub struct Database {
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
    tables: Vec<(Table, SchemaRef)>,
    time: Option<Duration>,
}

impl Database {
    /// Opens tables: the schema of each is that of all its files together.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is no Parquet.
    pub fn open(tables: Vec<Table>, bounds: &Bounds) -> Result<Database> {
        let threads = bounds.threads.max(1);
        let mut config = SessionConfig::new().with_batch_size(ROWS).with_target_partitions(threads);
        config = config.with_information_schema(true).with_default_catalog_and_schema("corpus", "build");
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        // Of a row that does not fit a condition nothing else is decoded: texts are long.
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        let (pool, runtime) = runtime(bounds.memory, &bounds.folder)?;
        // Cursors of a merge in memory can take more than the rows themselves; a sort in one piece takes as much again.
        options.execution.sort_spill_reservation_bytes = pool / (4 * threads);
        options.execution.sort_in_place_threshold_bytes = pool;
        let context = SessionContext::new_with_config_rt(config, runtime);
        let mut opened = Vec::new();
        for table in tables {
            let files = Files::open(&table)?;
            if let Some(part) = table.files.first().filter(|part| is_url(&part.path)) {
                let bucket = files::bucket(&part.path)?;
                let url = ObjectStoreUrl::parse(bucket.url(""))?;
                context.register_object_store(url.as_ref(), bucket.store());
            }
            opened.push((table.clone(), files.columns()));
            context.register_table(faults::exact(&table.name), Arc::new(files))?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .map_err(Error::io("the thread pool"))?;
        Ok(Database { context, runtime, tables: opened, time: bounds.time })
    }

    /// Its tables, each with its columns.
    pub fn tables(&self) -> impl Iterator<Item = (&Table, &SchemaRef)> {
        self.tables.iter().map(|(table, schema)| (table, schema))
    }

    /// Adds a table that is a query over another one, under the name of that.
    ///
    /// # Errors
    ///
    /// As [`Database::query`].
    pub fn define(&mut self, name: &str, text: &str) -> Result<()> {
        let query = Query::new(text);
        let plan = self.runtime.block_on(self.plan(&query))?;
        let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        let view = datafusion::datasource::ViewTable::new(plan, None);
        self.context.deregister_table(faults::exact(name))?;
        self.context.register_table(faults::exact(name), Arc::new(view))?;
        self.tables.iter_mut().filter(|known| known.0.name == name).for_each(|known| known.1 = schema.clone());
        Ok(())
    }

    /// Takes a table away, if there is one: queries that were defined over it keep it.
    ///
    /// # Errors
    ///
    /// Those of the engine's catalog.
    pub fn hide(&mut self, name: &str) -> Result<()> {
        self.context.deregister_table(faults::exact(name))?;
        self.tables.retain(|known| known.0.name != name);
        Ok(())
    }

    /// Runs a query and hands its rows over, batch after batch: first an empty one, which tells the columns. `each` says
    /// whether it wants more.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of what is no query, is refused, or fails, with its place and cure; [`Error::Interrupted`] by
    /// Ctrl-C; [`Error::Other`] where memory or time are not enough; the first error of `each`.
    pub fn query(&self, text: &str, mut each: impl FnMut(&RecordBatch) -> Result<bool>) -> Result<()> {
        let query = Query::new(text);
        let run = async {
            let plan = self.plan(&query).await?;
            let mut stream = self.stream(plan).await.map_err(|fault| query.error(&fault, &self.names()))?;
            if !each(&RecordBatch::new_empty(stream.schema()))? {
                return Ok(());
            }
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(|fault| query.error(&fault, &self.names()))?;
                if !each(&batch)? {
                    break;
                }
            }
            Ok(())
        };
        self.runtime.block_on(self.bounded(run))
    }

    /// The places of the rows of a table that numbers them for which a condition holds, in no order: `each` is given them.
    ///
    /// # Errors
    ///
    /// As [`Database::query`]; what is no condition.
    pub fn places(&self, table: &str, condition: &str, mut each: impl FnMut(u64)) -> Result<()> {
        let query = Query::condition(table, condition);
        let run = async {
            let statement = self.parsed(&query)?;
            allowed::condition(&statement).map_err(|refused| query.refused(&refused))?;
            let plan = self.planned(&query, statement).await?;
            let mut stream = self.stream(plan).await.map_err(|fault| query.error(&fault, &self.names()))?;
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(|fault| query.error(&fault, &self.names()))?;
                let places = batch.column(0).as_primitive::<Int64Type>();
                places.iter().flatten().for_each(|place| each(place.max(0) as u64));
            }
            Ok(())
        };
        self.runtime.block_on(self.bounded(run))
    }

    /// Lets something run until it ends or its time is over; where it has no time, until Ctrl-C.
    async fn bounded<T>(&self, run: impl Future<Output = Result<T>>) -> Result<T> {
        if let Some(time) = self.time {
            return tokio::time::timeout(time, run).await.unwrap_or_else(|_| Err(faults::late(time)));
        }
        tokio::select! {
            done = run => done,
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
        }
    }

    fn parsed(&self, query: &Query) -> Result<Statement> {
        let state = self.context.state();
        let dialect = state.config().options().sql_parser.dialect;
        state.sql_to_statement(&query.text, &dialect).map_err(|fault| query.error(&fault, &self.names()))
    }

    /// The plan of a query: refused unless it only reads.
    async fn plan(&self, query: &Query) -> Result<LogicalPlan> {
        let statement = self.parsed(query)?;
        allowed::reads(&statement).map_err(|refused| query.refused(&refused))?;
        self.planned(query, statement).await
    }

    async fn planned(&self, query: &Query, statement: Statement) -> Result<LogicalPlan> {
        let planned = async {
            let plan = self.context.state().statement_to_plan(statement).await?;
            allowed::plan(&plan)?;
            Ok(plan)
        };
        planned.await.map_err(|fault| query.error(&fault, &self.names()))
    }

    async fn stream(&self, plan: LogicalPlan) -> Result<SendableRecordBatchStream, DataFusionError> {
        self.context.execute_logical_plan(plan).await?.execute_stream().await
    }

    fn names(&self) -> Vec<&str> {
        self.tables.iter().map(|known| known.0.name.as_str()).collect()
    }
}
