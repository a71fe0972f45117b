//! Parquet files: each row is an object, whatever its columns are.
//!
//! A row is turned into a JSON object (lists, structs and maps with it) and read by the shape, so that a recipe's
//! `fields` mean the same as for JSON: `messages.0.content`. Dates, times and decimals are text as Arrow shows them;
//! bytes are text where they are UTF-8, else null; NaN and infinity are null.
//!
//! ```toml
//! [[source]]
//! name   = "wikipedia"
//! path   = ["wikipedia/20231101.zh/*.parquet"]
//! use    = "pretrain"
//! fields = { text = "text", id = "id", url = "url" }
//! ```
//!
//! Row groups are the pieces in which a large file is shared out. A file inside an archive, or compressed as a whole,
//! is read into memory, up to 1 GiB.
//!
//! Text that is not UTF-8 makes a row unreadable (`utf8`) where it is content; elsewhere (a title in `meta`) what is wrong
//! in it becomes U+FFFD.
//!
//! Limits: encrypted files and LZO pages are not read. A file that is not Parquet, or is cut short, is one unreadable
//! record (`corrupt`); of a row group with a corrupt page the rows before it are read, each one behind it is such a
//! record, and reading goes on with the next row group.
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::reader::ChunkReader;

use super::support::mapper::Mapper;
use super::support::records::{too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::{Compression, Encoding, Transport, file};
use crate::output::parquet_files::Input;
use crate::rows::{Record, Unreadable};

mod json;
mod unchecked;

use json::Json;

/// The container.
pub const CONTAINER: Parquet = Parquet;
/// See the module.
pub struct Parquet;

/// A file that has to be in memory may have no more bytes.
const MOST: u64 = 1 << 30;

/// Rows of a broken row group that are reported one by one, at the most: its count may be broken, too.
const MOST_LOST: u64 = 1 << 20;

/// Bytes of a row from which no copy of it is kept that need not be.
const LONG: usize = 16 << 20;

/// `bytes::Bytes`, which is no dependency by name.
type Bytes = <object_store::PutPayload as IntoIterator>::Item;

impl Container for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }
    fn about(&self) -> &'static str {
        "Parquet files of any columns; each row is an object"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("parquet.rs"))
    }
    fn is_random_access(&self) -> bool {
        true
    }
    fn stated_rows(&self, path: &Path) -> Option<u64> {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&Input::raw(path).ok()?).ok()?;
        Some(metadata.file_metadata().num_rows().max(0) as u64)
    }
    fn split(&self, layout: &Layout) -> Split {
        Mapper::split(layout, Split::Cuts)
    }
    fn cuts(&self, whole: &Piece, _layout: &Layout, unit: u64) -> io::Result<Vec<u64>> {
        // A corrupt file is reported by the reader of its only piece.
        let Ok(metadata) = guarded(|| load(&Input::raw(&whole.path).map_err(|e| e.to_string())?)) else {
            return Ok(vec![0]);
        };
        let (mut cuts, mut bytes) = (vec![0], 0u64);
        for (index, group) in metadata.metadata().row_groups().iter().enumerate() {
            if bytes >= unit.max(1) {
                cuts.push(index as u64);
                bytes = 0;
            }
            bytes = bytes.saturating_add(group.compressed_size().max(0).unsigned_abs());
        }
        Ok(cuts)
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let source = if !layout.transport.is_compressed() && piece.member.is_none() {
            file::open(&piece.path)?;
            Source::Path(piece.path.clone())
        } else {
            Source::Memory(whole(piece, layout)?)
        };
        let mut groups = Groups {
            source,
            max: layout.max_row,
            mapper: Mapper::new(layout)?,
            metadata: None,
            group: usize::try_from(piece.start).unwrap_or(usize::MAX),
            end: usize::try_from(piece.end).unwrap_or(usize::MAX),
            before: 0,
            done: 0,
            size: 1024,
            mode: Mode::Texts,
            reader: None,
            batch: None,
            json: Json::default(),
            lost: None,
            failed: None,
        };
        match groups.source.metadata() {
            Ok(metadata) => groups.start(metadata),
            Err(error) => groups.failed = Some(format!("not a readable Parquet file: {error}")),
        }
        Ok(Box::new(groups))
    }
}

/// All bytes of a compressed file or a member.
fn whole(piece: &Piece, layout: &Layout) -> io::Result<Bytes> {
    let piece = Piece { start: 0, end: u64::MAX, ..piece.clone() };
    let encoding = Encoding("UTF-8".into());
    let transport = Transport { encoding, ..layout.transport.clone() };
    let mut bytes = Vec::new();
    crate::input::open(&piece, &transport)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        let message = "a Parquet file of more than 1 GiB inside an archive: unpack it first";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(Bytes::from(bytes))
}

/// The first rows as JSON, for detection: none of a file that is not plain, or that cannot be read. Rows of 16 MiB and more
/// are passed over, for detection holds each several times; where all are, the first of them is there.
pub fn first(path: &Path, member: Option<&str>, count: usize) -> Vec<String> {
    if member.is_some() || !matches!(crate::input::compression(path), Ok(Compression::None)) {
        return Vec::new();
    }
    let source = Source::Path(path.to_path_buf());
    let metadata = source.metadata().ok().filter(|m| m.metadata().num_row_groups() > 0);
    metadata.and_then(|metadata| sample(&source, &metadata, count).ok()).unwrap_or_default()
}

/// Rows of [`LONG`] bytes that are passed over at the most.
const PASSED: usize = 4;

fn sample(source: &Source, metadata: &ArrowReaderMetadata, count: usize) -> Result<Vec<String>, String> {
    let next = |reader: &mut ParquetRecordBatchReader| guarded(|| reader.next().transpose().map_err(|e| e.to_string()));
    let as_json = |batch: &RecordBatch| {
        let mut json = Json::default();
        json::object(batch, 0, &mut json);
        json.text
    };
    // A row a batch, so that the batch tells the size of the row.
    let mut reader = source.rows(metadata, 0, 1, 0)?;
    let (mut rows, mut passed) = (Vec::new(), Vec::new());
    for at in 0..count {
        match next(&mut reader)? {
            Some(batch) if batch.get_array_memory_size() >= LONG => passed.push(at),
            Some(batch) => rows.push(as_json(&batch)),
            None => break,
        }
        if passed.len() >= PASSED {
            break;
        }
    }
    if let (true, Some(at)) = (rows.is_empty(), passed.first()) {
        drop(reader);
        let mut reader = source.rows(metadata, 0, 1, *at)?;
        let batch = next(&mut reader)?;
        // Pages and dictionary go before the row is copied.
        drop(reader);
        rows.extend(batch.as_ref().map(as_json));
    }
    Ok(rows)
}

/// Runs a call into the Parquet crate, which may panic on bytes that make no sense.
fn guarded<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err("the bytes make no sense".into()))
}

/// The Arrow schema that some writers embed is of no use here, and may contradict the file.
fn load<T: ChunkReader>(input: &T) -> Result<ArrowReaderMetadata, String> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ArrowReaderMetadata::load(input, options).map_err(|e| e.to_string())
}

enum Source {
    Path(PathBuf),
    Memory(Bytes),
}

impl Source {
    fn metadata(&self) -> Result<ArrowReaderMetadata, String> {
        guarded(|| match self {
            Source::Path(path) => load(&Input::raw(path).map_err(|e| e.to_string())?),
            Source::Memory(bytes) => load(bytes),
        })
    }

    fn rows(
        &self,
        metadata: &ArrowReaderMetadata,
        group: usize,
        size: usize,
        skip: usize,
    ) -> Result<ParquetRecordBatchReader, String> {
        fn rows<T: ChunkReader + 'static>(
            input: T,
            metadata: &ArrowReaderMetadata,
            group: usize,
            size: usize,
            skip: usize,
        ) -> Result<ParquetRecordBatchReader, String> {
            ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata.clone())
                .with_row_groups(vec![group])
                .with_batch_size(size)
                .with_offset(skip)
                .build()
                .map_err(|e| e.to_string())
        }
        guarded(|| match self {
            Source::Path(path) => rows(Input::raw(path).map_err(|e| e.to_string())?, metadata, group, size, skip),
            Source::Memory(bytes) => rows(bytes.clone(), metadata, group, size, skip),
        })
    }
}

/// Reads one row group after the other.
struct Groups {
    source: Source,
    max: u64,
    mapper: Mapper,
    metadata: Option<ArrowReaderMetadata>,
    /// The current row group, and the one before which to stop.
    group: usize,
    end: usize,
    /// Rows of the file before this row group.
    before: u64,
    /// Rows of this row group that were emitted.
    done: usize,
    /// Rows a batch.
    size: usize,
    mode: Mode,
    reader: Option<ParquetRecordBatchReader>,
    batch: Option<(RecordBatch, usize)>,
    json: Json,
    /// Why the rest of the current row group cannot be read, and how many rows that are.
    lost: Option<(String, u64)>,
    failed: Option<String>,
}

/// How the current row group is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// In batches.
    Texts,
    /// A batch failed: texts as bytes, since one may not be UTF-8.
    Bytes,
    /// That failed too: row by row, up to the one that cannot be read.
    Rows,
}

impl Groups {
    fn start(&mut self, metadata: ArrowReaderMetadata) {
        let groups = metadata.metadata().row_groups();
        let rows = |group: &parquet::file::metadata::RowGroupMetaData| group.num_rows().max(0).unsigned_abs();
        self.end = self.end.min(groups.len());
        self.before = groups.iter().take(self.group).map(rows).fold(0, u64::saturating_add);
        let (bytes, count) = groups.iter().fold((0u64, 0u64), |(bytes, count), group| {
            let size = group.total_byte_size().max(0).unsigned_abs();
            (bytes.saturating_add(size), count.saturating_add(rows(group)))
        });
        // About 8 MiB a batch.
        let each = bytes / count.max(1);
        self.size = ((8 << 20) / each.max(1)).clamp(1, 1024) as usize;
        self.metadata = Some(metadata);
    }

    /// The next batch; `None` at the end.
    fn read(&mut self) -> Option<Result<RecordBatch, String>> {
        let metadata = &self.metadata.clone()?;
        loop {
            if self.group >= self.end {
                return None;
            }
            if self.reader.is_none() {
                let size = if self.mode == Mode::Rows { 1 } else { self.size };
                let bytes = (self.mode != Mode::Texts).then(|| unchecked::metadata(metadata)).and_then(Result::ok);
                let known = bytes.as_ref().unwrap_or(metadata);
                match self.source.rows(known, self.group, size, self.done) {
                    Ok(reader) => self.reader = Some(reader),
                    Err(error) => return Some(Err(error)),
                }
            }
            let reader = self.reader.as_mut()?;
            match guarded(|| reader.next().transpose().map_err(|e| e.to_string())) {
                Ok(Some(batch)) => return Some(Ok(batch)),
                Ok(None) => self.next_group(),
                Err(error) if self.mode == Mode::Rows => return Some(Err(error)),
                Err(_) => {
                    self.mode = if self.mode == Mode::Texts { Mode::Bytes } else { Mode::Rows };
                    self.reader = None;
                }
            }
        }
    }

    fn rows_of_group(&self) -> u64 {
        let group = self.metadata.as_ref().and_then(|m| m.metadata().row_groups().get(self.group));
        group.map_or(0, |group| group.num_rows().max(0).unsigned_abs())
    }

    fn next_group(&mut self) {
        self.before = self.before.saturating_add(self.rows_of_group());
        (self.group, self.done, self.reader, self.mode) = (self.group + 1, 0, None, Mode::Texts);
    }

    fn offset(&self) -> u64 {
        self.before.saturating_add(self.done as u64)
    }

    fn fail(&mut self, error: &str, emit: &mut dyn FnMut(Record<'_>)) {
        (self.metadata, self.reader, self.batch) = (None, None, None);
        let error = Unreadable { reason: "corrupt", detail: error.to_owned(), head: String::new() };
        emit(Record { offset: self.offset(), line: 0, row: Err(error) });
    }

    /// A row of a row group whose rest cannot be read: each is reported, since each is lost.
    fn lose(&mut self, error: String, left: u64, emit: &mut dyn FnMut(Record<'_>)) {
        let detail = error.clone();
        let error_row = Unreadable { reason: "corrupt", detail, head: String::new() };
        emit(Record { offset: self.offset(), line: 0, row: Err(error_row) });
        self.done += 1;
        if left > 1 {
            self.lost = Some((error, left - 1));
        } else {
            self.next_group();
        }
    }

    fn emit(&mut self, emit: &mut dyn FnMut(Record<'_>)) {
        let (offset, json) = (self.offset(), self.json.text.as_bytes());
        if json.len() as u64 > self.max {
            return emit(too_large(json, json.len() as u64, self.max, offset, 0));
        }
        if self.json.damaged.is_empty() {
            return self.mapper.map(json, (offset, 0), true, emit);
        }
        // Content with a replacement in it is lost; where it is a column beside the content, the row stays.
        let columns = self.json.damaged.join("`, `");
        self.mapper.map(json, (offset, 0), true, &mut |mut record| {
            if record.row.as_ref().is_ok_and(|row| format!("{:?}", row.content).contains('\u{fffd}')) {
                let detail = format!("not UTF-8 in column `{columns}`");
                record = unreadable("utf8", detail, json, record.offset, record.line);
            }
            emit(record);
        });
    }
}

impl Reader for Groups {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if let Some(error) = self.failed.take() {
            self.fail(&error, emit);
            return true;
        }
        if let Some((error, left)) = self.lost.take() {
            self.lose(error, left, emit);
            return true;
        }
        loop {
            if let Some((batch, at)) = &mut self.batch
                && *at < batch.num_rows()
            {
                if batch.num_rows() == 1 && batch.get_array_memory_size() >= LONG {
                    // Pages and dictionary go before the row is copied; reading begins again behind it.
                    self.reader = None;
                }
                self.json.clear();
                json::object(batch, *at, &mut self.json);
                *at += 1;
                if self.json.text.len() >= LONG && *at == batch.num_rows() {
                    // What the row was read from goes before it is mapped; reading begins again behind it.
                    (self.batch, self.reader) = (None, None);
                }
                self.emit(emit);
                self.json.release();
                self.done += 1;
                return true;
            }
            self.batch = None;
            match self.read() {
                Some(Ok(batch)) => self.batch = Some((batch, 0)),
                Some(Err(error)) => {
                    let error = format!("row group {}: {error}", self.group);
                    let left = self.rows_of_group().saturating_sub(self.done as u64);
                    self.mapper.finish(emit);
                    self.reader = None;
                    self.lose(error, left.min(MOST_LOST), emit);
                    return true;
                }
                None => return self.mapper.finish(emit),
            }
        }
    }
}

#[cfg(test)]
mod tests;
