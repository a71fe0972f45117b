//! Whole stages on narrow columns: rows sorted by a key, the runs of equal keys walked once, drops written by unit.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, Float64Type, Int64Type, Schema, SchemaRef, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::engine::functions::ids::{IdsKernel, IdsSpec};
use crate::engine::functions::{Kernel, judge::drop_fields};
use crate::output::parquet_file::{PartFile, Style};
use crate::rows::spans::{Spans, spans_of};
use crate::stages::near_dedup::CLUSTER_SIZE;
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

/// Reads the drops of a unit.
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

/// A row that is like an earlier one of its run.
#[derive(Clone, Debug, PartialEq)]
pub struct Like {
    /// Its row key.
    pub ord: u64,
    /// How many of the run came before it.
    pub nth: u64,
    /// Row key of the run's first.
    pub first: u64,
    /// Own id of the run's first, and how often that stood before.
    pub first_id: Option<(String, i64)>,
}

/// Walks rows that arrive sorted by `key` and hands over all but the first of each run of equal keys.
/// Columns by name: `key` (decimal), `ord`, and where there are own ids `id` and `repeat`.
#[derive(Default)]
pub struct Runs {
    key: Option<i128>,
    nth: u64,
    first: u64,
    first_id: Option<(String, i64)>,
}

impl Runs {
    /// Walks on.
    pub fn walk(&mut self, batch: &RecordBatch, key: &str, mut like: impl FnMut(Like) -> Result<()>) -> Result<()> {
        let column = |name: &str| batch.column_by_name(name);
        let missing = || Error::Engine("a sorted column is missing".into());
        let keys = column(key).ok_or_else(missing)?.as_primitive::<Decimal128Type>();
        let ords = column("ord").ok_or_else(missing)?.as_primitive::<UInt64Type>();
        let ids = column("id").map(|c| c.as_string::<i32>());
        let repeats = column("repeat").map(|c| c.as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let (key, ord) = (keys.value(row), ords.value(row));
            if self.key == Some(key) {
                self.nth += 1;
                like(Like { ord, nth: self.nth, first: self.first, first_id: self.first_id.clone() })?;
                continue;
            }
            (self.key, self.nth, self.first) = (Some(key), 0, ord);
            let repeat = repeats.filter(|r| r.is_valid(row)).map_or(0, |r| r.value(row));
            self.first_id = ids.filter(|i| i.is_valid(row)).map(|i| (i.value(row).to_owned(), repeat));
        }
        Ok(())
    }
}

/// The id of the row that stays instead.
pub fn kept_id(ids: &IdsSpec, like: &Like) -> Result<String> {
    match &like.first_id {
        Some((id, 0)) => Ok(id.clone()),
        Some((id, repeat)) => Ok(format!("{id}~{repeat}")),
        None => Ok(IdsKernel::new(ids.clone())?.generated(like.first)),
    }
}

/// Collects entries by unit: in memory up to a limit, then on disk.
pub struct Buckets {
    folder: PathBuf,
    entries: BTreeMap<usize, Vec<(u64, u64, String)>>,
    held: usize,
}

/// Bytes held in memory before buckets go to disk.
const HELD: usize = 24 << 20;

impl Buckets {
    /// Buckets that go to files under `folder`.
    pub fn new(folder: PathBuf) -> Result<Self> {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        Ok(Buckets { folder, entries: BTreeMap::new(), held: 0 })
    }

    /// Adds `(ord, number, text)` to the bucket of a unit.
    pub fn add(&mut self, unit: usize, ord: u64, number: u64, text: String) -> Result<()> {
        self.held += 56 + text.len();
        self.entries.entry(unit).or_default().push((ord, number, text));
        if self.held < HELD {
            return Ok(());
        }
        for (unit, entries) in std::mem::take(&mut self.entries) {
            let path = self.path(unit);
            let io = |e| Error::io(&path)(e);
            let file = File::options().create(true).append(true).open(&path).map_err(io)?;
            let mut file = BufWriter::new(file);
            for (ord, number, text) in entries {
                let head = [ord.to_le_bytes(), number.to_le_bytes(), (text.len() as u64).to_le_bytes()].concat();
                file.write_all(&head).and_then(|()| file.write_all(text.as_bytes())).map_err(io)?;
            }
            file.flush().map_err(io)?;
        }
        self.held = 0;
        Ok(())
    }

    fn path(&self, unit: usize) -> PathBuf {
        self.folder.join(format!("{unit:06}.bucket"))
    }

    /// The bucket of a unit, sorted; it is gone then.
    pub fn take(&mut self, unit: usize) -> Result<Vec<(u64, u64, String)>> {
        let mut entries = self.entries.remove(&unit).unwrap_or_default();
        let path = self.path(unit);
        if let Ok(file) = File::open(&path) {
            let mut file = BufReader::new(file);
            let mut head = [0; 24];
            while file.read_exact(&mut head).is_ok() {
                let word = |i: usize| u64::from_le_bytes(head[i * 8..i * 8 + 8].try_into().unwrap_or_default());
                let mut text = vec![0; word(2) as usize];
                file.read_exact(&mut text).map_err(Error::io(&path))?;
                entries.push((word(0), word(1), String::from_utf8_lossy(&text).into_owned()));
            }
            let _ = std::fs::remove_file(&path);
        }
        entries.sort_unstable();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_come_back_sorted_even_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut buckets = Buckets::new(folder.path().join("b")).unwrap();
        let long = "x".repeat(1 << 20);
        for i in (0..60u64).rev() {
            buckets.add((i % 2) as usize, i, i * 10, long.clone()).unwrap();
        }
        let even: Vec<u64> = buckets.take(0).unwrap().into_iter().map(|e| e.0).collect();
        assert_eq!(even, (0..60).step_by(2).collect::<Vec<_>>());
        assert_eq!(buckets.take(1).unwrap().len(), 30);
        assert!(buckets.take(1).unwrap().is_empty());
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
