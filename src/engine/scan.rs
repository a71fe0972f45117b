//! The scan: pieces of raw files to batches of rows.
//!
//! It is a `FileSource` under DataFusion's own `FileScanConfig`, one file group a partition: Ballista makes tasks by
//! slicing file groups, and cuts any other leaf wrongly without a word. A `PartitionedFile` names a run of neighbouring
//! pieces by their numbers, in its partition value; the pieces themselves are options of the source. A run is read as one:
//! a batch holds rows of as many small files as it has room for.

use std::ops::Range;
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
use crate::input::file::{self, Facts};
use crate::objects::{self, View, is_url};
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
    /// The file's name below the source's folder, where its rows carry it ([`Layout::file`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
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
    /// The layouts that pieces refer to, each once, without names of files.
    pub layouts: Vec<Layout>,
    /// The pieces, in order.
    pub pieces: Vec<PieceSpec>,
    /// Bytes of the largest row that there is memory for: a larger one, if it is none that `max_row` sets aside, ends the
    /// scan.
    pub largest: u64,
    /// A number of the build's own, by which those who work for many tell them apart.
    pub build: u64,
}

/// The source under the scan.
#[derive(Clone, Debug)]
pub struct ScanSource {
    spec: Arc<ScanSpec>,
    schema: TableSchema,
    metrics: ExecutionPlanMetricsSet,
    /// What is seen of stores.
    view: View,
}

/// A scan over groups of pieces (numbers into [`ScanSpec::pieces`]), one group a partition.
pub fn scan(spec: Arc<ScanSpec>, groups: &[Vec<usize>]) -> Arc<dyn ExecutionPlan> {
    seen(spec, groups, View::own())
}

/// The same for a build of another process, which has a view of its own of what lies in stores.
pub fn seen(spec: Arc<ScanSpec>, groups: &[Vec<usize>], view: View) -> Arc<dyn ExecutionPlan> {
    let partition = Arc::new(Field::new("piece", DataType::UInt64, false));
    let schema = TableSchema::builder(scan_schema(spec.usage)).with_table_partition_cols(vec![partition]).build();
    let file = |run: Range<usize>| file(&spec.pieces[run.start], run);
    let groups = groups.iter().map(|pieces| FileGroup::new(runs(pieces).into_iter().map(file).collect())).collect();
    let source = ScanSource { spec, schema, metrics: ExecutionPlanMetricsSet::new(), view };
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
        .with_file_groups(groups)
        .build();
    DataSourceExec::from_data_source(config)
}

/// Bits of a partition value that say how many pieces a run has, below the number of its first.
const RUN_BITS: u32 = 24;

/// Runs of neighbours among ascending numbers of pieces.
fn runs(pieces: &[usize]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for piece in pieces {
        match runs.last_mut().filter(|run| run.end == *piece && run.len() + 1 < 1 << RUN_BITS) {
            Some(run) => run.end += 1,
            None => runs.push(*piece..*piece + 1),
        }
    }
    runs
}

fn file(first: &PieceSpec, run: Range<usize>) -> PartitionedFile {
    let mut file = PartitionedFile::new(first.path.to_string_lossy().into_owned(), first.bytes);
    file.partition_values = vec![ScalarValue::UInt64(Some((run.start as u64) << RUN_BITS | run.len() as u64))];
    file
}

/// The scan's options and its groups, if `plan` is one.
pub fn parts(plan: &dyn ExecutionPlan) -> Option<(Arc<ScanSpec>, Vec<Vec<usize>>)> {
    let exec = plan.downcast_ref::<DataSourceExec>()?;
    let (config, source) = exec.downcast_to_file_source::<ScanSource>()?;
    let pieces = |group: &FileGroup| group.iter().filter_map(|file| run_of(file).ok()).flatten().collect();
    Some((source.spec.clone(), config.file_groups.iter().map(pieces).collect()))
}

fn run_of(file: &PartitionedFile) -> Result<Range<usize>> {
    match file.partition_values.first() {
        Some(ScalarValue::UInt64(Some(run))) => {
            let first = (run >> RUN_BITS) as usize;
            Ok(first..first + (run & ((1 << RUN_BITS) - 1)) as usize)
        }
        _ => Err(DataFusionError::Internal("a scanned file without the numbers of its pieces".into())),
    }
}

impl FileSource for ScanSource {
    fn create_file_opener(
        &self,
        _store: Arc<dyn ObjectStore>,
        _config: &FileScanConfig,
        _partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let (spec, view) = (self.spec.clone(), self.view.clone());
        Ok(Arc::new(Opener { spec, schema: self.schema.table_schema().clone(), view }))
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
    view: View,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let batches = Batches::new(&self.spec, run_of(&file)?, self.schema.clone(), self.view.clone());
        Ok(async move { Ok(futures::stream::iter(batches).boxed()) }.boxed())
    }
}

/// The batches of a run of pieces. Reads are plain blocking ones: a worker has one piece at a time.
struct Batches {
    spec: Arc<ScanSpec>,
    /// Pieces that are not opened yet.
    left: Range<usize>,
    open: Option<Open>,
    rows: Rows,
    /// The piece of each collected row.
    of: Vec<u64>,
    schema: SchemaRef,
    /// A row for which there is too little memory.
    refused: Option<crate::Error>,
    view: View,
}

/// The piece that is being read.
struct Open {
    index: usize,
    reader: Box<dyn Reader>,
    /// Rows of the piece seen so far.
    seen: u64,
}

impl Batches {
    fn new(spec: &Arc<ScanSpec>, left: Range<usize>, schema: SchemaRef, view: View) -> Self {
        let rows = Rows::new(spec.usage);
        Batches { spec: spec.clone(), left, open: None, rows, of: Vec::new(), schema, refused: None, view }
    }

    /// Opens a piece; one that does not open is a row that cannot be read.
    fn open(&mut self, index: usize) -> Result<()> {
        let piece = &self.spec.pieces[index];
        let layout = &self.spec.layouts[piece.layout];
        // What went wrong on this thread before is no matter of this piece.
        let _ = objects::lost();
        unchanged(piece)?;
        // What there is no memory for is passed over as it is read, and told of.
        let max_row = layout.max_row.min(self.spec.largest);
        let within = Layout { max_row, file: piece.named.clone(), ..layout.clone() };
        let container = formats::container(&layout.container)
            .ok_or_else(|| DataFusionError::Internal(format!("no container is called {}", layout.container)))?;
        let place =
            Piece { path: piece.path.clone(), member: piece.member.clone(), start: piece.start, end: piece.end };
        match container.open(&place, &within) {
            Ok(mut reader) => {
                let seen = if piece.first > 0 { reader.skip(piece.first) } else { 0 };
                self.open = Some(Open { index, reader, seen });
            }
            Err(error) => {
                let row = Err(Unreadable { reason: "open", detail: error.to_string(), head: String::new() });
                push(piece, &mut self.rows, &mut 0, Record { offset: 0, line: 0, row });
                self.of.resize(self.rows.len(), index as u64);
            }
        }
        Ok(())
    }

    /// Reads on by a record of the open piece; at its end the next is opened. False behind the last one.
    fn step(&mut self) -> Result<bool> {
        let Some(Open { index, reader, seen }) = &mut self.open else {
            return self.left.next().map_or(Ok(false), |index| self.open(index).map(|()| true));
        };
        let piece = &self.spec.pieces[*index];
        if let Some((first, _)) = stretch(piece, *seen).filter(|only| only.0 > *seen) {
            if first == u64::MAX {
                self.open = None;
                return Ok(true);
            }
            // A reader that cannot skip reads on: rows that are not wanted are not emitted.
            *seen += reader.skip(first - *seen);
        }
        let max = self.spec.layouts[piece.layout].max_row;
        let (rows, refused, largest) = (&mut self.rows, &mut self.refused, self.spec.largest);
        let more = *seen < piece.last
            && reader.next(&mut |record| {
                let too_large = record.row.as_ref().err().filter(|_| largest < max).and_then(length_of);
                if let Some(length) = too_large.filter(|length| *length <= max) {
                    refused.get_or_insert_with(|| too_little_memory(piece, &record, (length, max)));
                }
                push(piece, rows, seen, record);
            });
        self.of.resize(self.rows.len(), *index as u64);
        if !more {
            self.open = None;
            // One that was cut short meanwhile looks as though it ended there. Objects are read in one version.
            if !is_url(&piece.path) {
                unchanged(piece)?;
            }
        }
        Ok(true)
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let batch = self.rows.finish();
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from(std::mem::take(&mut self.of))) as ArrayRef);
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// The next rows.
    fn more(&mut self) -> Option<Result<RecordBatch>> {
        while self.rows.bytes() < BATCH_BYTES && self.rows.len() < BATCH_ROWS {
            let stepped = self.step();
            // What a store that does not answer seems to have broken is no row.
            let refused = self.refused.take().or_else(objects::lost);
            let stepped = refused.map_or(stepped, |error| Err(super::external(error)));
            match stepped {
                Ok(true) => {}
                Ok(false) => return (!self.rows.is_empty()).then(|| self.batch()),
                Err(error) => {
                    (self.open, self.left) = (None, 0..0);
                    return Some(Err(error));
                }
            }
        }
        Some(self.batch())
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;
    fn next(&mut self) -> Option<Self::Item> {
        let view = self.view.clone();
        view.during(|| self.more())
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

/// A file that was changed since it was looked at would give other rows under the same keys.
fn unchanged(piece: &PieceSpec) -> Result<()> {
    let io = |e| super::external(crate::Error::io(&piece.path)(e));
    if file::is_still(&piece.path, Facts { bytes: piece.bytes, modified: piece.modified }).map_err(io)? {
        return Ok(());
    }
    Err(super::external(crate::Error::input(
        format!("{}: the file changed while the build was reading it", piece.path.display()),
        "run the same command again: what depends on the file is done anew",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Session;
    use arrow::array::AsArray;
    use arrow::datatypes::UInt64Type;

    /// 300 files of three lines each.
    fn spec(folder: &std::path::Path) -> ScanSpec {
        let piece = |number: u64| {
            let path = folder.join(format!("{number:03}.txt"));
            std::fs::write(&path, format!("{number} a\n{number} b\n{number} c\n")).unwrap();
            let now = file::facts(&path).unwrap();
            let (bytes, modified) = (now.bytes, now.modified);
            let named = Some(format!("{number:03}.txt"));
            let (start, end, first, last) = (0, u64::MAX, 0, u64::MAX);
            let (member, lines, layout, only) = (None, 0, 0, None);
            PieceSpec { number, path, member, start, end, lines, layout, named, bytes, modified, first, last, only }
        };
        let mut layout = Layout::plain("text", Use::Pretrain, 1 << 20);
        layout.rows = Some(formats::TextRows::Line);
        ScanSpec {
            usage: Use::Pretrain,
            layouts: vec![layout],
            pieces: (0..300).map(piece).collect(),
            largest: 1 << 20,
            build: 0,
        }
    }

    fn read(plan: &Arc<dyn ExecutionPlan>, partition: usize) -> Result<Vec<RecordBatch>> {
        let spill = tempfile::tempdir().unwrap();
        let session = Session::new(1, 64 << 20, spill.path(), Default::default()).unwrap();
        let stream = plan.execute(partition, session.context(8192))?;
        futures::executor::block_on(stream.collect::<Vec<_>>()).into_iter().collect()
    }

    #[test]
    fn small_files_share_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = spec(folder.path());
        // A slab that ends within a file, and one of which some rows are wanted.
        spec.pieces[0].first = 2;
        spec.pieces[199].last = 1;
        spec.pieces[250].only = Some(vec![(1, 2)]);
        spec.pieces[251].only = Some(Vec::new());
        let groups: Vec<Vec<usize>> = vec![(0..200).collect(), (200..300).filter(|n| *n != 260).collect()];
        let plan = scan(Arc::new(spec.clone()), &groups);
        assert_eq!(parts(plan.as_ref()).map(|(_, groups)| groups), Some(groups));
        let of = |batch: &RecordBatch, name: &str| batch[name].as_primitive::<UInt64Type>().values().to_vec();
        let first = read(&plan, 0).unwrap();
        assert!(first.len() < 5, "{} batches of 200 files", first.len());
        let ords: Vec<u64> = first.iter().flat_map(|batch| of(batch, "ord")).collect();
        let all = (0..200u64).flat_map(|piece| (0..3).map(move |row| piece << 32 | row));
        assert!(all.filter(|ord| *ord > 1 && *ord <= 199 << 32).eq(ords.iter().copied()), "{ords:x?}");
        let pieces: Vec<u64> = first.iter().flat_map(|batch| of(batch, "piece")).collect();
        assert_eq!(pieces, ords.iter().map(|ord| ord >> 32).collect::<Vec<_>>());
        let meta: Vec<String> =
            first.iter().flat_map(|b| b["meta"].as_string::<i32>().iter().flatten().map(str::to_owned)).collect();
        assert_eq!(
            (meta.len(), meta[0].as_str(), meta[1].as_str()),
            (596, "{\"file\":\"000.txt\"}", "{\"file\":\"001.txt\"}")
        );
        let second = read(&plan, 1).unwrap();
        let ords: Vec<u64> = second.iter().flat_map(|batch| of(batch, "ord")).collect();
        assert_eq!(ords.iter().filter(|ord| *ord >> 32 == 250).collect::<Vec<_>>(), [&(250 << 32 | 1)]);
        assert!(ords.iter().all(|ord| ![251, 260].contains(&(ord >> 32))));
        assert_eq!(ords.len(), 97 * 3 + 1);
    }

    #[test]
    fn a_file_that_changed_ends_the_scan() {
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(folder.path());
        std::fs::write(&spec.pieces[7].path, "longer than it was before").unwrap();
        let plan = scan(Arc::new(spec), &[(0..300).collect()]);
        let error = read(&plan, 0).unwrap_err().to_string();
        assert!(error.contains("007.txt: the file changed"), "{error}");
    }

    #[test]
    fn a_file_that_is_cut_short_while_it_is_read_ends_the_scan() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Arc::new(spec(folder.path()));
        for cut in [false, true] {
            let mut batches = Batches::new(&spec, 7..8, scan_schema(spec.usage), View::own());
            assert!(batches.step().unwrap(), "it is opened");
            if cut {
                std::fs::write(&spec.pieces[7].path, "7 a\n").unwrap();
            }
            let steps = std::iter::from_fn(|| Some(batches.step()).filter(|more| !matches!(more, Ok(false))));
            let ended = steps.collect::<Result<Vec<bool>>>();
            assert_eq!(ended.is_err(), cut, "{ended:?}");
        }
    }
}
