//! Whole stages on narrow columns: rows sorted by a key, the runs of equal keys walked once, drops written by unit.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::engine::functions::judge::drop_fields;
use crate::output::parquet_file::{PartFile, Style};
use crate::rows::column::CLUSTER_SIZE;
use crate::rows::spans::{Spans, spans_of};
use crate::rows::split::SPLIT;
use crate::spill::scratch;
use crate::stages::global;
use crate::{Error, Result};

/// A drop: the row, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    /// Row key.
    pub ord: u64,
    /// stage, reason, value, limit, kept id.
    pub words: [Option<String>; 5],
    /// Similarity with the kept row.
    pub similarity: Option<f64>,
    /// Stretches of its text that are to blame.
    pub spans: Vec<(usize, usize)>,
}

/// `ord` and the columns of a drop.
pub fn drops_schema() -> SchemaRef {
    let mut fields = vec![Arc::new(Field::new("ord", DataType::UInt64, false))];
    fields.extend(drop_fields().iter().cloned());
    Arc::new(Schema::new(fields))
}

/// `ord` and how often the row's own id has stood before, plus one.
pub fn repeats_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ord", DataType::UInt64, false),
        Field::new("repeat", DataType::Int64, false),
    ]))
}

/// `ord` and how many rows a row stands for, itself among them.
pub fn sizes_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ord", DataType::UInt64, false),
        Field::new(CLUSTER_SIZE, DataType::Int64, false),
    ]))
}

/// `ord` and the number of the split that a row is held out for.
pub fn splits_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("ord", DataType::UInt64, false), Field::new(SPLIT, DataType::Int64, false)]))
}

/// Reads the drops of a unit.
///
/// # Errors
///
/// [`Error::Io`] where it cannot be opened, [`Error::Engine`] where it is broken.
pub fn read_drops(path: &Path) -> Result<Vec<Drop>> {
    let mut drops = Vec::new();
    let file = File::open(path).map_err(Error::io(path))?;
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
        let batch = batch?;
        let ords = batch.column(0).as_primitive::<UInt64Type>();
        let words: [&StringArray; 5] = std::array::from_fn(|i| batch.column(i + 1).as_string::<i32>());
        let similarity = batch.column(6).as_primitive::<Float64Type>();
        let spans = batch.column(7);
        drops.extend((0..batch.num_rows()).map(|row| Drop {
            ord: ords.value(row),
            words: words.map(|w| w.is_valid(row).then(|| w.value(row).to_owned())),
            similarity: similarity.is_valid(row).then(|| similarity.value(row)),
            spans: spans_of(spans, row),
        }));
    }
    Ok(drops)
}

/// Writes the drops of a unit, sorted by row key.
///
/// # Errors
///
/// [`Error::Io`] of writing.
pub fn write_drops(path: &Path, drops: &[Drop]) -> Result<()> {
    let mut file = PartFile::create(path, drops_schema(), Style::Stage)?;
    for chunk in drops.chunks(8192) {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(chunk.iter().map(|d| d.ord).collect::<UInt64Array>())];
        for word in 0..5 {
            columns.push(Arc::new(chunk.iter().map(|d| d.words[word].as_deref()).collect::<StringArray>()));
        }
        columns.push(Arc::new(chunk.iter().map(|d| d.similarity).collect::<Float64Array>()));
        let mut spans = Spans::default();
        chunk.iter().for_each(|d| spans.push(&d.spans));
        columns.push(spans.finish());
        file.write_all(&RecordBatch::try_new(drops_schema(), columns)?)?;
    }
    file.finish()
}

/// Writes a number for some rows of a unit (repeats of ids, sizes of clusters), sorted by row key.
///
/// # Errors
///
/// [`Error::Io`] of writing.
pub fn write_numbers(path: &Path, schema: SchemaRef, numbers: &[(u64, i64)]) -> Result<()> {
    let mut file = PartFile::create(path, schema.clone(), Style::Stage)?;
    for chunk in numbers.chunks(8192) {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(chunk.iter().map(|r| r.0).collect::<UInt64Array>()),
            Arc::new(chunk.iter().map(|r| r.1).collect::<Int64Array>()),
        ];
        file.write_all(&RecordBatch::try_new(schema.clone(), columns)?)?;
    }
    file.finish()
}

/// Collects records of rows by unit: in memory up to a limit, then on disk.
pub struct Buckets {
    folder: PathBuf,
    entries: BTreeMap<usize, Vec<(u64, Vec<u8>)>>,
    held: usize,
}

/// Bytes held in memory before buckets go to disk.
const HELD: usize = 24 << 20;

impl Buckets {
    /// Buckets that go to files under `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be made.
    pub fn new(folder: PathBuf) -> Result<Self> {
        scratch(&folder)?;
        Ok(Buckets { folder, entries: BTreeMap::new(), held: 0 })
    }

    /// Adds a record of row `ord` to the bucket of a unit.
    ///
    /// # Errors
    /// Where the records that are held have to go to disk, and it cannot be written.
    pub fn add(&mut self, unit: usize, ord: u64, record: Vec<u8>) -> Result<()> {
        self.held += 56 + record.len();
        self.entries.entry(unit).or_default().push((ord, record));
        if self.held < HELD {
            return Ok(());
        }
        for (unit, entries) in std::mem::take(&mut self.entries) {
            let path = self.path(unit);
            let io = |e| Error::io(&path)(e);
            let file = File::options().create(true).append(true).open(&path).map_err(io)?;
            let mut file = BufWriter::new(file);
            for (ord, record) in entries {
                let head = [ord.to_le_bytes(), (record.len() as u64).to_le_bytes()].concat();
                file.write_all(&head).and_then(|()| file.write_all(&record)).map_err(io)?;
            }
            file.flush().map_err(io)?;
        }
        self.held = 0;
        Ok(())
    }

    fn path(&self, unit: usize) -> PathBuf {
        self.folder.join(format!("{unit:06}.bucket"))
    }

    /// The bucket of a unit, sorted by row key; it is gone then.
    ///
    /// # Errors
    /// Where records of the unit went to disk, and cannot be read back.
    pub fn take(&mut self, unit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        self.part(unit).read()
    }

    /// The bucket of a unit, to be read elsewhere; it is gone then.
    pub fn part(&mut self, unit: usize) -> Bucket {
        Bucket { entries: self.entries.remove(&unit).unwrap_or_default(), path: self.path(unit) }
    }
}

/// The records of the rows of a unit.
pub struct Bucket {
    entries: Vec<(u64, Vec<u8>)>,
    path: PathBuf,
}

impl Bucket {
    /// The records, sorted by row key.
    ///
    /// # Errors
    /// As [`Buckets::take`].
    pub fn read(self) -> Result<Vec<(u64, Vec<u8>)>> {
        let Bucket { mut entries, path } = self;
        if let Ok(file) = File::open(&path) {
            let mut file = BufReader::new(file);
            let mut head = [0; 16];
            while file.read_exact(&mut head).is_ok() {
                let word = |i: usize| u64::from_le_bytes(head[i * 8..i * 8 + 8].try_into().unwrap_or_default());
                let mut record = vec![0; word(1) as usize];
                file.read_exact(&mut record).map_err(Error::io(&path))?;
                entries.push((word(0), record));
            }
            let _ = std::fs::remove_file(&path);
        }
        entries.sort_unstable();
        Ok(entries)
    }
}

/// A drop of a pass as a record: its texts with their lengths, its similarity, its spans.
pub fn to_record(drop: &global::Drop) -> Vec<u8> {
    let mut record = Vec::new();
    for text in [Some(&drop.reason), drop.value.as_ref(), drop.limit.as_ref(), drop.kept_id.as_ref()] {
        record.extend_from_slice(&text.map_or(u32::MAX, |t| t.len() as u32).to_le_bytes());
        record.extend_from_slice(text.map_or(&[], |t| t.as_bytes()));
    }
    record.extend_from_slice(&drop.similarity.unwrap_or(f64::NAN).to_le_bytes());
    for (start, end) in &drop.spans {
        record.extend_from_slice(&(*start as u64).to_le_bytes());
        record.extend_from_slice(&(*end as u64).to_le_bytes());
    }
    record
}

/// The drop of such a record, by the stage `stage`.
pub fn from_record(stage: &str, ord: u64, record: &[u8]) -> Drop {
    let mut rest = record;
    let mut take = |bytes: usize| {
        let (taken, after) = rest.split_at(bytes.min(rest.len()));
        rest = after;
        taken
    };
    let mut text = || {
        let length = u32::from_le_bytes(take(4).try_into().unwrap_or([0xff; 4]));
        (length != u32::MAX).then(|| String::from_utf8_lossy(take(length as usize)).into_owned())
    };
    let words = [Some(stage.to_owned()), text(), text(), text(), text()];
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let similarity = Some(f64::from_bits(word(take(8)))).filter(|s| !s.is_nan());
    let spans = rest.as_chunks::<16>().0.iter().map(|s| (word(&s[..8]) as usize, word(&s[8..]) as usize)).collect();
    Drop { ord, words, similarity, spans }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_come_back_sorted_even_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut buckets = Buckets::new(folder.path().join("b")).unwrap();
        let long = vec![7; 1 << 20];
        for i in (0..60u64).rev() {
            buckets.add((i % 2) as usize, i, long.clone()).unwrap();
        }
        let even: Vec<u64> = buckets.take(0).unwrap().into_iter().map(|e| e.0).collect();
        assert_eq!(even, (0..60).step_by(2).collect::<Vec<_>>());
        assert_eq!(buckets.take(1).unwrap().len(), 30);
        assert!(buckets.take(1).unwrap().is_empty());
    }

    #[test]
    fn records_of_drops_come_back() {
        let drop = global::Drop {
            ord: 3,
            reason: "repeated_lines".into(),
            value: Some("0.5".into()),
            similarity: Some(0.25),
            spans: vec![(1, 2), (5, 90)],
            ..global::Drop::default()
        };
        let words = [Some("lines".to_owned()), Some("repeated_lines".into()), Some("0.5".into()), None, None];
        let (similarity, spans) = (drop.similarity, drop.spans.clone());
        assert_eq!(from_record("lines", 3, &to_record(&drop)), Drop { ord: 3, words, similarity, spans });
        let bare = global::Drop { ord: 4, reason: "empty".into(), ..global::Drop::default() };
        assert_eq!(from_record("s", 4, &to_record(&bare)).similarity, None);
    }

    #[test]
    fn drops_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.parquet");
        let words = [Some("keep".into()), Some("r".into()), None, None, None];
        let drop = Drop { ord: 7, words, similarity: None, spans: vec![(3, 9)] };
        write_drops(&path, std::slice::from_ref(&drop)).unwrap();
        assert_eq!(read_drops(&path).unwrap(), [drop]);
    }
}
