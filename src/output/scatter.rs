//! Kept rows on their way to another order: those of a slab, arranged by the part of the new order that they go to, in
//! an Arrow file that lists which of its batches are of which part.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use serde::{Deserialize, Serialize};

use super::parquet_file::settle;
use crate::stages::shuffle::Shuffle;
use crate::{Error, Result};

/// The column that follows those of `data/`: bytes of text of each row.
pub const SIZE: &str = "(size)";
/// Bytes of text in a batch.
pub const BATCH_BYTES: u64 = 1 << 20;
/// Metadata key of the list of batches: `[[part, bytes in memory], …]`.
const SEGMENTS: &str = "corpus.segments";

/// How kept rows are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScatterSpec {
    /// The order.
    pub shuffle: Shuffle,
    /// Parts of the whole, each a stretch of the order.
    pub parts: u64,
    /// Bytes held in memory until they are written. What comes out in the end does not depend on it.
    pub held: u64,
}

/// The part that a key belongs to: parts are stretches of equal length of the 64 bits.
pub fn part_of(key: u64, parts: u64) -> u64 {
    ((u128::from(key) * u128::from(parts)) >> 64) as u64
}

/// The columns of a file: those of `data/` and [`SIZE`].
fn sized(data: &SchemaRef) -> SchemaRef {
    let size = Arc::new(Field::new(SIZE, DataType::UInt64, false));
    Arc::new(Schema::new(data.fields().iter().cloned().chain([size]).collect::<Vec<_>>()))
}

/// Bytes that the rows of a batch take in memory.
fn memory(batch: &RecordBatch) -> Result<u64> {
    let sizes = batch.columns().iter().map(|c| Ok(c.to_data().get_slice_memory_size()? as u64));
    sizes.sum::<Result<u64>>()
}

/// The file of a slab.
pub fn scattered(folder: &Path, slab: u64) -> PathBuf {
    folder.join(format!("slab-{slab:06}.data.arrow"))
}

/// A file that is being written.
pub struct Scatter {
    spec: ScatterSpec,
    path: PathBuf,
    aside: PathBuf,
    writer: FileWriter<BufWriter<File>>,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// Part, batch and row of each row held.
    rows: Vec<(u64, usize, usize)>,
    held: u64,
    segments: Vec<(u64, u64)>,
}

impl Scatter {
    /// Starts a file that will appear as `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file beside it cannot be made, [`Error::Engine`] where Arrow refuses the schema.
    pub fn create(path: &Path, data: &SchemaRef, spec: &ScatterSpec) -> Result<Self> {
        let aside = path.with_extension("tmp");
        let file = File::create(&aside).map_err(Error::io(&aside))?;
        let schema = sized(data);
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
        let writer = FileWriter::try_new_with_options(BufWriter::with_capacity(1 << 20, file), &schema, options)?;
        let (spec, path) = (spec.clone(), path.to_path_buf());
        let (batches, rows, segments) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Scatter { spec, path, aside, writer, schema, batches, rows, held: 0, segments })
    }

    /// Adds rows of `data/`, given the bytes of text in each.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where rows have no id or are not of the file's schema, [`Error::Io`] of writing.
    pub fn write(&mut self, batch: &RecordBatch, sizes: &[u64]) -> Result<()> {
        for (row, key) in keys(batch, &self.spec.shuffle)?.into_iter().enumerate() {
            self.rows.push((part_of(key, self.spec.parts), self.batches.len(), row));
        }
        let sizes: ArrayRef = Arc::new(UInt64Array::from(sizes.to_vec()));
        let columns = batch.columns().iter().cloned().chain([sizes]).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        self.held += memory(&batch)?;
        self.batches.push(batch);
        if self.held < self.spec.held { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<()> {
        self.rows.sort_unstable();
        let mut rows = std::mem::take(&mut self.rows);
        for segment in rows.chunk_by(|a, b| a.0 == b.0) {
            for batch in interleaved(&self.batches, segment) {
                let batch = batch?;
                self.segments.push((segment[0].0, memory(&batch)?));
                self.writer.write(&batch)?;
            }
        }
        rows.clear();
        (self.rows, self.held) = (rows, 0);
        self.batches.clear();
        Ok(())
    }

    /// Ends the file, syncs it and gives it its name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing the rest, syncing or renaming.
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        let segments = serde_json::to_string(&self.segments).map_err(|e| Error::Engine(e.to_string()))?;
        self.writer.write_metadata(SEGMENTS, segments);
        let file = self.writer.into_inner()?;
        let file = file.into_inner().map_err(|e| Error::io(&self.aside)(e.into_error()))?;
        settle(file, &self.aside, &self.path)
    }
}

/// What each row is ordered by.
///
/// # Errors
///
/// [`Error::Engine`] where the batch has no column of ids.
pub fn keys(batch: &RecordBatch, shuffle: &Shuffle) -> Result<Vec<u64>> {
    let ids = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
    let ids = ids.ok_or_else(|| Error::Engine("rows that are shuffled have no id".into()))?;
    Ok(ids.iter().map(|id| shuffle.key(id.unwrap_or_default())).collect())
}

/// Rows, each given by something and its place in `batches`, as batches of about [`BATCH_BYTES`] of text.
pub fn interleaved<'a>(
    batches: &'a [RecordBatch],
    rows: &'a [(u64, usize, usize)],
) -> impl Iterator<Item = Result<RecordBatch>> + use<'a> {
    let all: Vec<&RecordBatch> = batches.iter().collect();
    let mut left = rows;
    std::iter::from_fn(move || {
        let (mut bytes, mut end) = (0, 0);
        while let Some((_, batch, row)) = left.get(end).filter(|_| bytes < BATCH_BYTES) {
            match sizes(&batches[*batch]) {
                Ok(sizes) => bytes += sizes.value(*row) + 64,
                Err(error) => return Some(Err(error)),
            }
            end += 1;
        }
        let places: Vec<(usize, usize)> = left[..end].iter().map(|r| (r.1, r.2)).collect();
        left = &left[end..];
        (end > 0).then(|| Ok(interleave_record_batch(&all, &places)?))
    })
}

/// Bytes of text of the rows of a batch.
///
/// # Errors
///
/// [`Error::Engine`] where the batch has no column of sizes.
pub fn sizes(batch: &RecordBatch) -> Result<&UInt64Array> {
    let column = batch.column_by_name(SIZE).and_then(|c| c.as_primitive_opt());
    column.ok_or_else(|| Error::Engine("rows that are shuffled have no size".into()))
}

/// A file that is read.
pub struct Gather {
    reader: FileReader<File>,
    /// Part and bytes in memory of each batch.
    pub segments: Vec<(u64, u64)>,
}

impl Gather {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be opened, [`Error::Engine`] where it is no file of [`Scatter`].
    pub fn open(path: &Path) -> Result<Self> {
        let reader = FileReader::try_new(File::open(path).map_err(Error::io(path))?, None)?;
        let segments = reader.custom_metadata().get(SEGMENTS).map(|s| serde_json::from_str(s));
        match segments {
            Some(Ok(segments)) => Ok(Gather { reader, segments }),
            _ => Err(Error::Engine(format!("{}: no list of its batches", path.display()))),
        }
    }

    /// The batches of a part, in order.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where a batch cannot be read.
    pub fn part(&mut self, part: u64) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        for (index, segment) in self.segments.iter().enumerate() {
            if segment.0 == part {
                self.reader.set_index(index)?;
                batches.extend(self.reader.next().transpose()?);
            }
        }
        Ok(batches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    fn batch(schema: &SchemaRef, rows: std::ops::Range<u32>) -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values(rows.map(|i| format!("s:{i}"))));
        RecordBatch::try_new(schema.clone(), vec![ids]).unwrap()
    }

    #[test]
    fn rows_come_back_by_part_however_much_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        let (path, shuffle) = (folder.path().join("a.arrow"), Shuffle { seed: 3 });
        let read = |held| {
            let mut file = Scatter::create(&path, &schema, &ScatterSpec { shuffle, parts: 4, held }).unwrap();
            for at in 0..10 {
                file.write(&batch(&schema, at * 100..at * 100 + 100), &[10; 100]).unwrap();
            }
            file.finish().unwrap();
            let mut file = Gather::open(&path).unwrap();
            let ids = |part| -> Vec<String> {
                let batches: Vec<RecordBatch> = file.part(part).unwrap();
                let of = |b: &RecordBatch| -> Vec<String> {
                    b.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect()
                };
                batches.iter().flat_map(of).collect()
            };
            (0..4).map(ids).collect::<Vec<_>>()
        };
        let whole = read(1 << 30);
        assert_eq!(whole, read(1_000), "several runs hold the same rows in the same order");
        for (part, ids) in whole.iter().enumerate() {
            assert!((200..300).contains(&ids.len()), "{}", ids.len());
            assert!(ids.iter().all(|id| part_of(shuffle.key(id), 4) == part as u64));
        }
    }

    #[test]
    fn parts_of_parts_lie_within_them() {
        for key in [0, 1, u64::MAX / 3, u64::MAX / 2 + 1, u64::MAX] {
            assert_eq!(part_of(key, 7 * 5) / 5, part_of(key, 7));
        }
    }
}
