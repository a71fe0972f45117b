//! The scan: pieces of raw files to batches of rows.
//!
//! It is a `FileSource` under DataFusion's own `FileScanConfig`, one file group a partition: Ballista makes tasks by
//! slicing file groups, and cuts any other leaf wrongly without a word. A `PartitionedFile` names its piece by number,
//! in its partition value; the pieces themselves are options of the source.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_datasource::file::FileSource;
use datafusion_datasource::file_groups::FileGroup;
use datafusion_datasource::file_scan_config::{FileScanConfig, FileScanConfigBuilder};
use datafusion_datasource::file_stream::{FileOpenFuture, FileOpener};
use datafusion_datasource::source::DataSourceExec;
use datafusion_datasource::{PartitionedFile, TableSchema};
use datafusion_execution::object_store::ObjectStoreUrl;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{FutureExt, StreamExt};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::formats::containers::support::records::length_of;
use crate::formats::{self, Layout, Piece, Reader};
use crate::rows::{Record, Rows, Unreadable, Use, scan_schema};

/// Bytes of text in a batch: cut by bytes before rows.
const BATCH_BYTES: usize = 1 << 20;
/// Rows in a batch at most.
const BATCH_ROWS: usize = 8192;

/// One stretch of a raw file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PieceSpec {
    /// Number of the piece in the build; the high half of every row key in it.
    pub number: u64,
    /// The file.
    pub path: PathBuf,
    /// The member, in an archive.
    pub member: Option<String>,
    /// First byte.
    pub start: u64,
    /// One past the last byte; `u64::MAX` is the end.
    pub end: u64,
    /// Lines of the file before `start`.
    pub lines: u64,
    /// Which of [`ScanSpec::layouts`].
    pub layout: usize,
    /// Bytes of the file on disk.
    pub bytes: u64,
    /// Time of the last change, nanoseconds since 1970: a file that changed under us is an error. 0 is not compared.
    pub modified: u64,
    /// Rows before this one are not emitted.
    pub first: u64,
    /// Rows from this one on are not emitted.
    pub last: u64,
    /// Stretches `(first, one past the last)` of rows outside of which none is emitted, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<(u64, u64)>>,
}

/// Everything a scan needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanSpec {
    /// The use of all rows.
    pub usage: Use,
    /// The layouts that pieces refer to.
    pub layouts: Vec<Layout>,
    /// The pieces, in order.
    pub pieces: Vec<PieceSpec>,
    /// Bytes of the largest row that there is memory for: a larger one, if it is none that `max_row` sets aside, ends the
    /// scan.
    pub largest: u64,
}

/// The source under the scan.
#[derive(Clone, Debug)]
pub struct ScanSource {
    spec: Arc<ScanSpec>,
    schema: TableSchema,
    metrics: ExecutionPlanMetricsSet,
}

/// A scan over groups of pieces (numbers into [`ScanSpec::pieces`]), one group a partition.
pub fn scan(spec: Arc<ScanSpec>, groups: &[Vec<usize>]) -> Arc<dyn ExecutionPlan> {
    let partition = Arc::new(Field::new("piece", DataType::UInt64, false));
    let schema = TableSchema::builder(scan_schema(spec.usage)).with_table_partition_cols(vec![partition]).build();
    let groups = groups
        .iter()
        .map(|pieces| FileGroup::new(pieces.iter().map(|index| file(&spec.pieces[*index], *index)).collect()))
        .collect();
    let source = ScanSource { spec, schema, metrics: ExecutionPlanMetricsSet::new() };
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
        .with_file_groups(groups)
        .build();
    DataSourceExec::from_data_source(config)
}

fn file(piece: &PieceSpec, index: usize) -> PartitionedFile {
    let mut file = PartitionedFile::new(piece.path.to_string_lossy().into_owned(), piece.bytes);
    file.partition_values = vec![ScalarValue::UInt64(Some(index as u64))];
    file
}

/// The scan's options and its groups, if `plan` is one.
pub fn parts(plan: &dyn ExecutionPlan) -> Option<(Arc<ScanSpec>, Vec<Vec<usize>>)> {
    let exec = plan.downcast_ref::<DataSourceExec>()?;
    let (config, source) = exec.downcast_to_file_source::<ScanSource>()?;
    let groups =
        config.file_groups.iter().map(|group| group.iter().filter_map(|f| index_of(f).ok()).collect()).collect();
    Some((source.spec.clone(), groups))
}

fn index_of(file: &PartitionedFile) -> Result<usize> {
    match file.partition_values.first() {
        Some(ScalarValue::UInt64(Some(index))) => Ok(*index as usize),
        _ => Err(DataFusionError::Internal("a scanned file without the number of its piece".into())),
    }
}

impl FileSource for ScanSource {
    fn create_file_opener(
        &self,
        _store: Arc<dyn ObjectStore>,
        _config: &FileScanConfig,
        _partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        Ok(Arc::new(Opener { spec: self.spec.clone(), schema: self.schema.table_schema().clone() }))
    }
    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }
    fn with_batch_size(&self, _rows: usize) -> Arc<dyn FileSource> {
        Arc::new(self.clone())
    }
    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }
    fn file_type(&self) -> &str {
        "corpus"
    }
    fn supports_repartitioning(&self) -> bool {
        false // pieces are cut by the inputs alone
    }
    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
}

struct Opener {
    spec: Arc<ScanSpec>,
    schema: SchemaRef,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let index = index_of(&file)?;
        let batches = Batches::open(&self.spec, index, self.schema.clone())?;
        Ok(async move { Ok(futures::stream::iter(batches).boxed()) }.boxed())
    }
}

/// The batches of one piece. Reads are plain blocking ones: a worker has one piece at a time.
struct Batches {
    spec: Arc<ScanSpec>,
    index: usize,
    reader: Option<Box<dyn Reader>>,
    rows: Rows,
    /// Rows of the piece seen so far.
    seen: u64,
    schema: SchemaRef,
    /// A row for which there is too little memory.
    refused: Option<crate::Error>,
}

impl Batches {
    fn open(spec: &Arc<ScanSpec>, index: usize, schema: SchemaRef) -> Result<Self> {
        let piece = &spec.pieces[index];
        let layout = &spec.layouts[piece.layout];
        unchanged(piece)?;
        let mut batches = Batches {
            spec: spec.clone(),
            index,
            reader: None,
            rows: Rows::new(spec.usage),
            seen: 0,
            schema,
            refused: None,
        };
        // What there is no memory for is passed over as it is read, and told of.
        let within = Layout { max_row: layout.max_row.min(spec.largest), ..layout.clone() };
        let container = formats::container(&layout.container)
            .ok_or_else(|| DataFusionError::Internal(format!("no container is called {}", layout.container)))?;
        let place =
            Piece { path: piece.path.clone(), member: piece.member.clone(), start: piece.start, end: piece.end };
        match container.open(&place, &within) {
            Ok(mut reader) => {
                batches.seen = if piece.first > 0 { reader.skip(piece.first) } else { 0 };
                batches.reader = Some(reader);
            }
            Err(error) => {
                let row = Err(Unreadable { reason: "open", detail: error.to_string(), head: String::new() });
                batches.push(Record { offset: 0, line: 0, row });
            }
        }
        Ok(batches)
    }

    fn push(&mut self, record: Record<'_>) {
        let piece = &self.spec.pieces[self.index];
        push(piece, &mut self.rows, &mut self.seen, record);
    }

    /// Reads on by a record; false at the end.
    fn step(&mut self) -> bool {
        let piece = &self.spec.pieces[self.index];
        let max = self.spec.layouts[piece.layout].max_row;
        let (rows, seen, refused, largest) = (&mut self.rows, &mut self.seen, &mut self.refused, self.spec.largest);
        let Some(reader) = self.reader.as_mut().filter(|_| *seen < piece.last) else { return false };
        reader.next(&mut |record| {
            let too_large = record.row.as_ref().err().filter(|_| largest < max).and_then(length_of);
            if let Some(length) = too_large.filter(|length| *length <= max) {
                refused.get_or_insert_with(|| too_little_memory(piece, &record, (length, max)));
            }
            push(piece, rows, seen, record);
        })
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let batch = self.rows.finish();
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from(vec![self.index as u64; batch.num_rows()])) as ArrayRef);
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Times its bytes that the largest row takes while it is read, cleaned and written: the line, its text without escapes and
/// the batch; or the batch, a page, and the page packed (`tests/bench/growth.py BINARY row` measures it).
pub const ROW_FACTOR: u64 = 3;
/// Memory beside `--memory` that is promised not to be exceeded, bytes: code, stacks, what the allocator holds.
pub const BESIDE: u64 = 200 << 20;
/// Bytes of memory that a build takes without any large row.
const ELSE: u64 = 100 << 20;

/// Bytes of the largest row that there is room for in `memory` and what is beside it.
pub fn largest_row(memory: u64) -> u64 {
    (memory + BESIDE - ELSE) / ROW_FACTOR
}

fn too_little_memory(piece: &PieceSpec, record: &Record<'_>, (length, max): (u64, u64)) -> crate::Error {
    let member = piece.member.as_ref().map(|member| format!("!{member}")).unwrap_or_default();
    let (line, size) = (record.line + piece.lines + 1, crate::text::figures::size);
    let message = format!(
        "{}{member}: line {line}: a row of {} takes up to {} of memory beside the {} of all else: more than --memory and \
         the {} beside it",
        piece.path.display(),
        size(length),
        size(length * ROW_FACTOR),
        size(ELSE),
        size(BESIDE)
    );
    let cure = format!(
        "raise --memory to {}, or set such rows aside as unreadable by a smaller `max_row` (now {}) under [input]",
        size(length * ROW_FACTOR + ELSE - BESIDE),
        size(max)
    );
    crate::Error::input(message, cure)
}

fn push(piece: &PieceSpec, rows: &mut Rows, seen: &mut u64, mut record: Record<'_>) {
    let row = *seen;
    *seen += 1;
    if (piece.first..piece.last).contains(&row) && stretch(piece, row).is_none_or(|only| only.0 <= row) {
        record.line += piece.lines;
        rows.push(piece.number << 32 | row, &record);
    }
}

/// The stretch of wanted rows that `row` is in or that comes next; `None` where all rows are wanted.
fn stretch(piece: &PieceSpec, row: u64) -> Option<(u64, u64)> {
    let only = piece.only.as_ref()?;
    Some(only.get(only.partition_point(|(_, end)| *end <= row)).copied().unwrap_or((u64::MAX, u64::MAX)))
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;
    fn next(&mut self) -> Option<Self::Item> {
        let spec = self.spec.clone();
        let piece = &spec.pieces[self.index];
        while let Some(reader) = &mut self.reader {
            if self.rows.bytes() >= BATCH_BYTES || self.rows.len() >= BATCH_ROWS {
                return Some(self.batch());
            }
            if let Some((first, _)) = stretch(piece, self.seen).filter(|only| only.0 > self.seen) {
                if first == u64::MAX {
                    self.reader = None;
                    continue;
                }
                // A reader that cannot skip reads on: rows that are not wanted are not emitted.
                self.seen += reader.skip(first - self.seen);
            }
            if !self.step() {
                self.reader = None;
            }
            if let Some(error) = self.refused.take() {
                self.reader = None;
                return Some(Err(super::external(error)));
            }
        }
        (!self.rows.is_empty()).then(|| self.batch())
    }
}

/// A file that was changed since it was looked at would give other rows under the same keys.
fn unchanged(piece: &PieceSpec) -> Result<()> {
    let io = |e| super::external(crate::Error::io(&piece.path)(e));
    let meta = std::fs::metadata(&piece.path).map_err(io)?;
    if meta.len() == piece.bytes && (piece.modified == 0 || modified(&meta) == piece.modified) {
        return Ok(());
    }
    Err(super::external(crate::Error::input(
        format!("{}: the file changed while the build was reading it", piece.path.display()),
        "run the same command again: what depends on the file is done anew",
    )))
}

/// Time of the last change, nanoseconds since 1970.
pub fn modified(meta: &std::fs::Metadata) -> u64 {
    let since = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |d| d.as_nanos() as u64)
}
