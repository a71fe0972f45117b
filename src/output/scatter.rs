//! Kept rows on their way to another order: those of a slab, arranged by the part of the new order that they go to, in
//! an Arrow file that lists which of its batches are of which part.
//!
//! A file is asked once where its batches lie ([`Index`]); a part then reads its own bytes of each file. So that a file
//! does not fall into ever smaller batches as parts become more, neighbouring parts share a batch where there are more
//! than [`FAN`]; these are told apart in a second step, a stretch of the order at a time.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch, UInt64Array, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use arrow::ipc::{Block, CompressionType, MetadataVersion, root_as_footer};
use serde::{Deserialize, Serialize};

use super::parquet_file::{LARGE, settle};
use crate::rows::draw::order;
use crate::rows::split::Split;
use crate::{Error, Result};

/// The column that follows those of `data/`: bytes of text of each row.
pub const SIZE: &str = "(size)";
/// Bytes of text in a batch.
pub const BATCH_BYTES: u64 = 1 << 20;
/// Stretches of the order that the files of slabs tell apart, at most.
pub const FAN: u64 = 256;
/// Metadata key of the list of batches: `[[stretch, bytes in memory], …]`.
const SEGMENTS: &str = "corpus.segments";

/// How kept rows are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScatterSpec {
    /// The order.
    pub seed: u64,
    /// Parts of the whole, each a stretch of the order.
    pub parts: u64,
    /// Neighbouring parts that make one stretch of the file.
    pub wide: u64,
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

/// The file of the rows of a slab that are in a split.
pub fn scattered(folder: &Path, slab: u64, split: Split) -> PathBuf {
    folder.join(format!("slab-{slab:06}.{}.arrow", kind(split)))
}

/// What files of slabs with the kept rows of a split are called.
pub fn kind(split: Split) -> &'static str {
    match split {
        Split::Train => "data",
        held_out => held_out.as_str(),
    }
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

/// How many neighbouring parts make a stretch, so that there are no more than [`FAN`] stretches.
pub fn wide(parts: u64) -> u64 {
    parts.div_ceil(FAN).max(1)
}

impl Scatter {
    /// Starts a file that will appear as `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file beside it cannot be made, [`Error::Engine`] where Arrow refuses the schema.
    pub fn create(path: &Path, data: &SchemaRef, spec: &ScatterSpec) -> Result<Self> {
        let aside = crate::disk::aside(path);
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
        for (row, key) in keys(batch, self.spec.seed)?.into_iter().enumerate() {
            self.rows.push((part_of(key, self.spec.parts) / self.spec.wide.max(1), self.batches.len(), row));
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
pub fn keys(batch: &RecordBatch, seed: u64) -> Result<Vec<u64>> {
    let ids = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
    let ids = ids.ok_or_else(|| Error::Engine("rows that are shuffled have no id".into()))?;
    Ok(ids.iter().map(|id| order(seed, id.unwrap_or_default())).collect())
}

/// Rows, each given by something and its place in `batches`, as batches of about [`BATCH_BYTES`] of text. A [`LARGE`] row
/// comes alone, and is not copied.
pub fn interleaved<'a>(
    batches: &'a [RecordBatch],
    rows: &'a [(u64, usize, usize)],
) -> impl Iterator<Item = Result<RecordBatch>> + use<'a> {
    let all: Vec<&RecordBatch> = batches.iter().collect();
    let mut left = rows;
    std::iter::from_fn(move || {
        let (mut bytes, mut end) = (0, 0);
        while let Some((_, batch, row)) = left.get(end).filter(|_| bytes < BATCH_BYTES) {
            let size = match sizes(&batches[*batch]) {
                Ok(sizes) => sizes.value(*row),
                Err(error) => return Some(Err(error)),
            };
            if size >= LARGE && end > 0 {
                break;
            }
            (bytes, end) = (bytes + size + 64, end + 1);
            if size >= LARGE {
                left = &left[1..];
                return Some(Ok(batches[*batch].slice(*row, 1)));
            }
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

/// Where the rows of files lie, by stretch of the order.
pub struct Index {
    files: Vec<PathBuf>,
    schema: SchemaRef,
    /// The first stretch of which anything is wanted.
    first: u64,
    stretches: Vec<Vec<Segment>>,
}

/// A batch of a file.
#[derive(Clone, Copy)]
struct Segment {
    file: u32,
    block: Block,
    /// Bytes that its rows take in memory.
    memory: u64,
}

impl Index {
    /// Reads the lists of files that hold rows of `data/`: each once, whatever the number of stretches.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or is of another kind.
    pub fn read(files: Vec<PathBuf>, data: &SchemaRef, stretches: std::ops::Range<u64>) -> Result<Self> {
        let index = Self::read_some(files, data, stretches.clone())?;
        match index.1 {
            None => Ok(index.0),
            Some(path) => Err(Error::Engine(format!("{}: a part too many", path.display()))),
        }
    }

    /// The same of one stretch, whatever others there are.
    ///
    /// # Errors
    ///
    /// As [`Index::read`].
    pub fn read_one(files: Vec<PathBuf>, data: &SchemaRef, stretch: u64) -> Result<Self> {
        Ok(Self::read_some(files, data, stretch..stretch + 1)?.0)
    }

    /// The index of some stretches, and a file that has rows of others.
    fn read_some(
        files: Vec<PathBuf>,
        data: &SchemaRef,
        stretches: std::ops::Range<u64>,
    ) -> Result<(Self, Option<PathBuf>)> {
        let mut all = vec![Vec::new(); (stretches.end - stretches.start) as usize];
        let mut other = None;
        for (file, path) in files.iter().enumerate() {
            for (stretch, block, memory) in listed(path)? {
                match stretch.checked_sub(stretches.start).and_then(|at| all.get_mut(at as usize)) {
                    Some(of) => of.push(Segment { file: file as u32, block, memory }),
                    None => other = Some(path.clone()),
                }
            }
        }
        Ok((Index { files, schema: sized(data), first: stretches.start, stretches: all }, other))
    }

    fn segments(&self, stretch: u64) -> &[Segment] {
        let at = stretch.checked_sub(self.first).and_then(|at| self.stretches.get(at as usize));
        at.map_or(&[], Vec::as_slice)
    }

    /// Bytes that the rows of a stretch take in memory.
    pub fn memory(&self, stretch: u64) -> u64 {
        self.segments(stretch).iter().map(|s| s.memory).sum()
    }

    /// The batches of a stretch, in order.
    pub fn batches(&self, stretch: u64) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
        let decoder = FileDecoder::new(self.schema.clone(), MetadataVersion::V5);
        let mut open: Option<(u32, File)> = None;
        self.segments(stretch).iter().map(move |segment| {
            let path = &self.files[segment.file as usize];
            let file = match open.take() {
                Some((at, file)) if at == segment.file => file,
                _ => File::open(path).map_err(Error::io(path))?,
            };
            let bytes = segment.block.metaDataLength() as usize + segment.block.bodyLength() as usize;
            let mut buffer = vec![0; bytes];
            file.read_exact_at(&mut buffer, segment.block.offset() as u64).map_err(Error::io(path))?;
            open = Some((segment.file, file));
            let batch = decoder.read_record_batch(&segment.block, &Buffer::from_vec(buffer))?;
            let batch = batch.ok_or_else(|| Error::Engine(format!("{}: a batch is missing", path.display())))?;
            if segment.memory >= LARGE { apart(&batch) } else { Ok(batch) }
        })
    }
}

/// A batch that keeps nothing of the bytes it was read from: what is short is not packed, and would hold all that was.
fn apart(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| Ok(make_array(copied(&column.to_data())?)));
    Ok(RecordBatch::try_new(batch.schema(), columns.collect::<Result<_>>()?)?)
}

/// Data whose buffers, but for large ones, are copies.
fn copied(data: &ArrayData) -> Result<ArrayData> {
    let copy = |buffer: &Buffer| match buffer.len() as u64 >= LARGE / 4 {
        true => buffer.clone(),
        false => Buffer::from_slice_ref(buffer.as_slice()),
    };
    let nulls = data.nulls().map(|nulls| {
        let bits = nulls.inner();
        NullBuffer::new(BooleanBuffer::new(copy(bits.inner()), bits.offset(), bits.len()))
    });
    let children = data.child_data().iter().map(copied).collect::<Result<_>>()?;
    let buffers = data.buffers().iter().map(copy).collect();
    Ok(data.clone().into_builder().nulls(nulls).buffers(buffers).child_data(children).build()?)
}

/// Stretch, place and bytes in memory of each batch of a file.
fn listed(path: &Path) -> Result<Vec<(u64, Block, u64)>> {
    let io = |e| Error::io(path)(e);
    let wrong = || Error::Engine(format!("{}: no list of its batches", path.display()));
    let mut file = File::open(path).map_err(io)?;
    let mut end = [0; 10];
    file.seek(SeekFrom::End(-10)).map_err(io)?;
    file.read_exact(&mut end).map_err(io)?;
    let mut footer = vec![0; read_footer_length(end)?];
    file.seek(SeekFrom::End(-10 - footer.len() as i64)).map_err(io)?;
    file.read_exact(&mut footer).map_err(io)?;
    let footer = root_as_footer(&footer).map_err(|_| wrong())?;
    let pairs = footer.custom_metadata().into_iter().flatten();
    let segments = pairs.filter(|pair| pair.key() == Some(SEGMENTS)).find_map(|pair| pair.value());
    let segments: Vec<(u64, u64)> = segments.and_then(|s| serde_json::from_str(s).ok()).ok_or_else(wrong)?;
    let blocks = footer.recordBatches().map_or(0, |blocks| blocks.len());
    if blocks != segments.len() || footer.version() != MetadataVersion::V5 {
        return Err(wrong());
    }
    let blocks = footer.recordBatches().into_iter().flatten();
    Ok(segments.iter().zip(blocks).map(|((stretch, memory), block)| (*stretch, *block, *memory)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    fn batch(schema: &SchemaRef, rows: std::ops::Range<u32>) -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values(rows.map(|i| format!("s:{i}"))));
        RecordBatch::try_new(schema.clone(), vec![ids]).unwrap()
    }

    fn ids(batches: impl Iterator<Item = Result<RecordBatch>>) -> Vec<String> {
        let of =
            |b: RecordBatch| b.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>();
        batches.flat_map(|batch| of(batch.unwrap())).collect()
    }

    #[test]
    fn rows_come_back_by_part_however_much_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        let (path, seed) = (folder.path().join("a.arrow"), 3);
        let read = |held, wide| {
            let spec = ScatterSpec { seed, parts: 4, wide, held };
            let mut file = Scatter::create(&path, &schema, &spec).unwrap();
            for at in 0..10 {
                file.write(&batch(&schema, at * 100..at * 100 + 100), &[10; 100]).unwrap();
            }
            file.finish().unwrap();
            let index = Index::read(vec![path.clone(), path.clone()], &schema, 0..4 / wide).unwrap();
            assert!(index.memory(0) > 1_000);
            (0..4 / wide).map(|part| ids(index.batches(part))).collect::<Vec<_>>()
        };
        let whole = read(1 << 30, 1);
        assert_eq!(whole, read(1_000, 1), "several runs hold the same rows in the same order");
        for (part, ids) in whole.iter().enumerate() {
            assert!((400..600).contains(&ids.len()), "{}", ids.len());
            assert_eq!(ids[..ids.len() / 2], ids[ids.len() / 2..], "both files, one after the other");
            assert!(ids.iter().all(|id| part_of(order(seed, id), 4) == part as u64));
        }
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        let wide = read(1 << 30, 2);
        assert_eq!(wide.len(), 2);
        assert_eq!(sorted(wide[1].clone()), sorted([whole[2].clone(), whole[3].clone()].concat()));
    }

    #[test]
    fn parts_of_parts_lie_within_them() {
        for key in [0, 1, u64::MAX / 3, u64::MAX / 2 + 1, u64::MAX] {
            assert_eq!(part_of(key, 7 * 5) / 5, part_of(key, 7));
        }
    }

    #[test]
    fn a_large_row_comes_alone_and_is_not_copied() {
        let data: SchemaRef = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        let sized = |rows: std::ops::Range<u32>, large: u32| {
            let sizes = rows.clone().map(|row| if row == large { LARGE } else { 10 });
            let sizes: ArrayRef = Arc::new(UInt64Array::from_iter_values(sizes));
            RecordBatch::try_new(sized(&data), vec![batch(&data, rows).column(0).clone(), sizes]).unwrap()
        };
        let batches = [sized(0..100, 42), sized(100..200, u32::MAX)];
        let rows: Vec<(u64, usize, usize)> = (0..200).map(|n| (n as u64, n % 2, n / 2)).collect();
        let found: Vec<RecordBatch> = interleaved(&batches, &rows).map(|batch| batch.unwrap()).collect();
        assert_eq!(found.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [84, 1, 115]);
        let values = |batch: &RecordBatch| batch.column(0).as_string::<i32>().values().as_ptr();
        assert_eq!((values(&found[1]), found[1].num_columns()), (values(&batches[0]), 2));
        let expected: Vec<String> = rows.iter().map(|row| format!("s:{}", row.1 * 100 + row.2)).collect();
        assert_eq!(ids(found.into_iter().map(Ok)), expected);
    }

    #[test]
    fn a_large_row_keeps_nothing_of_what_it_was_read_from() {
        let folder = tempfile::tempdir().unwrap();
        let fields = [Field::new("id", DataType::Utf8, true), Field::new("text", DataType::Utf8, true)];
        let (schema, path) = (Arc::new(Schema::new(fields.to_vec())), folder.path().join("a.arrow"));
        let text = "文".repeat(LARGE as usize / 3 + 1);
        let columns: [ArrayRef; 2] =
            [Arc::new(StringArray::from(vec!["s:0"])), Arc::new(StringArray::from(vec![text.as_str()]))];
        let batch = RecordBatch::try_new(schema.clone(), columns.to_vec()).unwrap();
        let mut file =
            Scatter::create(&path, &schema, &ScatterSpec { seed: 1, parts: 1, wide: 1, held: 1 << 30 }).unwrap();
        file.write(&batch, &[LARGE]).unwrap();
        file.finish().unwrap();
        let index = Index::read(vec![path], &schema, 0..1).unwrap();
        let read = index.batches(0).next().unwrap().unwrap();
        assert!(read.project(&[0, 1]).unwrap() == batch);
        let held = read.column(0).to_data().buffers().iter().map(Buffer::capacity).sum::<usize>();
        assert!(held < 1024, "an id of three letters holds {held} bytes");
    }
}
