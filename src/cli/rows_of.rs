//! Rows of a finished build, read shard by shard: by id, by text, as a seeded sample. Narrow columns are read first and
//! whole rows only where they are shown, so that memory depends on what is shown and not on the build.

use std::collections::{BinaryHeap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, UInt64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::show::{self, Fields};
use crate::Result;
use crate::output::parquet_files::{Input, below, open};
use crate::pipeline::tune::parallel;
use crate::rows::{self, Use};

/// Rows that are read at a time where they are read whole.
const WHOLE: usize = 64;
/// Rows that are read at a time where a few narrow columns are.
const NARROW: usize = 8192;
/// Rows that may be held whole.
const FEW: usize = 512;

/// A table of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `data/pretrain`, `dropped/task`, `unreadable`.
    pub name: String,
    /// Its files, in order.
    pub files: Vec<PathBuf>,
    /// The columns that hold its text.
    texts: Vec<String>,
}

impl Part {
    /// The columns that hold its text.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// One of its files alone.
    pub fn only(&self, file: &Path) -> Part {
        Part { files: vec![file.to_path_buf()], ..self.clone() }
    }

    /// Whether it has a column.
    pub fn has(&self, column: &str) -> bool {
        self.files.first().and_then(|f| open(f).ok()).is_some_and(|reader| reader.schema().index_of(column).is_ok())
    }

    /// Whether its rows have ids.
    fn has_ids(&self) -> bool {
        self.name != UNREADABLE
    }
}

/// The table of what could not be read.
pub const UNREADABLE: &str = "unreadable";

/// The tables of some kinds (`data`, `dropped`, `unreadable`) that a build has.
pub fn parts(build: &Path, kinds: &[&str], usage: Option<Use>) -> Vec<Part> {
    let mut all = Vec::new();
    for kind in kinds {
        if *kind == UNREADABLE {
            let files = below(&build.join(kind));
            let texts = ["detail", "head"].map(str::to_owned).to_vec();
            all.push(Part { name: (*kind).to_owned(), files, texts });
            continue;
        }
        for usage in Use::ALL.into_iter().filter(|u| usage.is_none_or(|w| w == *u)) {
            let folder = build.join(kind).join(usage.as_str());
            let texts = rows::content(usage).iter().map(|f| f.name().clone()).collect();
            let files = below(&folder);
            let there = folder.is_dir() || !files.is_empty();
            all.extend(there.then(|| Part { name: format!("{kind}/{usage}"), files, texts }));
        }
    }
    all
}

/// Which rows are wanted: those for which everything asked holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Rows with this id.
    pub id: Option<String>,
    /// Rows that have this in a text.
    pub grep: Option<String>,
    /// Rows with this reason word.
    pub reason: Option<String>,
    /// Rows that have their content, or those that have not.
    pub content: Option<bool>,
}

type Filters = Vec<Box<dyn ArrowPredicate>>;

impl Wanted {
    /// The conditions as Parquet's reader takes them, cheap ones first; none where the table cannot have such rows.
    fn filters(&self, part: &Part, reader: &ParquetRecordBatchReaderBuilder<Input>) -> Option<Filters> {
        let mut all: Filters = Vec::new();
        let at = |name: &str| reader.schema().index_of(name).ok();
        for (name, wanted) in [("reason", &self.reason), ("id", &self.id)] {
            let Some(wanted) = wanted.clone() else { continue };
            let mask = ProjectionMask::roots(reader.parquet_schema(), [at(name)?]);
            all.push(Box::new(ArrowPredicateFn::new(mask, move |batch| {
                let column = batch.column(0).as_string::<i32>();
                Ok(column.iter().map(|value| Some(value == Some(wanted.as_str()))).collect::<BooleanArray>())
            })));
        }
        let texts: Vec<usize> = part.texts.iter().filter_map(|name| at(name)).collect();
        if let Some(there) = self.content {
            let mask = ProjectionMask::roots(reader.parquet_schema(), texts.first().copied());
            all.push(Box::new(ArrowPredicateFn::new(mask, move |batch| {
                Ok((0..batch.num_rows()).map(|row| Some(batch.column(0).is_valid(row) == there)).collect())
            })));
        }
        if let Some(needle) = self.grep.clone() {
            let mask = ProjectionMask::roots(reader.parquet_schema(), texts);
            all.push(Box::new(ArrowPredicateFn::new(mask, move |batch| {
                let mut found = vec![false; batch.num_rows()];
                batch.columns().iter().for_each(|column| holds(column.as_ref(), &needle, &mut found));
                Ok(BooleanArray::from(found))
            })));
        }
        Some(all)
    }
}

/// Marks rows of a column that have `needle` in a text, wherever in lists and structs it stands.
pub fn holds(column: &dyn Array, needle: &str, found: &mut [bool]) {
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            for (row, found) in found.iter_mut().enumerate().filter(|(row, _)| texts.is_valid(*row)) {
                *found |= texts.value(row).contains(needle);
            }
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let mut inside = vec![false; list.values().len()];
            holds(list.values().as_ref(), needle, &mut inside);
            for (row, found) in found.iter_mut().enumerate().filter(|(row, _)| list.is_valid(*row)) {
                let (from, to) = (list.value_offsets()[row] as usize, list.value_offsets()[row + 1] as usize);
                *found |= inside[from..to].contains(&true);
            }
        }
        DataType::Struct(_) => {
            column.as_struct().columns().iter().for_each(|inner| holds(inner.as_ref(), needle, found));
        }
        _ => {}
    }
}

/// The first `most` rows of a table that are wanted, in order.
///
/// # Errors
///
/// As [`open`], and what the Parquet reader says of broken pages.
pub fn first(part: &Part, wanted: &Wanted, most: usize) -> Result<Vec<Fields>> {
    let mut rows = Vec::new();
    for path in &part.files {
        if rows.len() >= most {
            break;
        }
        let reader = open(path)?;
        let Some(filters) = wanted.filters(part, &reader) else { continue };
        let reader = reader.with_row_filter(RowFilter::new(filters));
        for batch in reader.with_batch_size(WHOLE).with_limit(most - rows.len()).build()? {
            rows.extend(show::rows(&batch?));
        }
    }
    Ok(rows)
}

/// All rows of a table that are wanted, a few at a time.
///
/// # Errors
///
/// As [`open`]; each item may be what the Parquet reader says of a broken page.
pub fn each<'p>(part: &'p Part, wanted: &'p Wanted) -> Result<impl Iterator<Item = Result<Fields>> + 'p> {
    let mut readers = Vec::new();
    for path in &part.files {
        let reader = open(path)?;
        let Some(filters) = wanted.filters(part, &reader) else { continue };
        readers.push(reader.with_row_filter(RowFilter::new(filters)).with_batch_size(WHOLE).build()?);
    }
    Ok(readers.into_iter().flatten().flat_map(|batch| match batch {
        Ok(batch) => show::rows(&batch).into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error.into())],
    }))
}

/// The first rows of dropped ones: those that have their text, then others.
///
/// # Errors
///
/// As [`first`].
pub fn with_text_first(part: &Part, wanted: &Wanted, most: usize) -> Result<Vec<Fields>> {
    let mut rows = first(part, &Wanted { content: Some(true), ..wanted.clone() }, most)?;
    let left = most - rows.len();
    if left > 0 && wanted.grep.is_none() {
        rows.extend(first(part, &Wanted { content: Some(false), ..wanted.clone() }, left)?);
    }
    Ok(rows)
}

/// What tells a row of a table from all others: its id, or where it could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key(String);

/// The keys of a batch whose columns are those of [`key_columns`].
fn keys(part: &Part, batch: &RecordBatch) -> Vec<Key> {
    let text = |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>().cloned());
    let value = |column: &Option<arrow::array::StringArray>, row: usize| {
        column.as_ref().filter(|c| c.is_valid(row)).map_or("", |c| c.value(row)).to_owned()
    };
    if part.has_ids() {
        let ids = text("id");
        return (0..batch.num_rows()).map(|row| Key(value(&ids, row))).collect();
    }
    let (paths, offsets) = (text("path"), batch.column_by_name("offset"));
    let offset = |row: usize| {
        let offsets = offsets.and_then(|c| c.as_primitive_opt::<UInt64Type>());
        offsets.filter(|c| c.is_valid(row)).map_or(0, |c| c.value(row))
    };
    (0..batch.num_rows()).map(|row| Key(format!("{}:{}", value(&paths, row), offset(row)))).collect()
}

fn key_columns(part: &Part, reader: &ParquetRecordBatchReaderBuilder<Input>) -> ProjectionMask {
    let names: &[&str] = if part.has_ids() { &["id"] } else { &["path", "offset"] };
    ProjectionMask::columns(reader.parquet_schema(), names.iter().copied())
}

/// A seeded sample over all rows that are wanted of some tables: those with the least hashes of seed and id, so that it
/// depends on neither shards nor order. By table, in the order of the hashes.
///
/// # Errors
///
/// As [`first`].
pub fn sample(parts: &[Part], wanted: &Wanted, most: usize, seed: u64) -> Result<Vec<Vec<Fields>>> {
    let mut least: BinaryHeap<(u64, usize, Key)> = BinaryHeap::new();
    for (at, part) in parts.iter().enumerate() {
        for path in &part.files {
            let reader = open(path)?;
            let mask = key_columns(part, &reader);
            let Some(filters) = wanted.filters(part, &reader) else { continue };
            let reader = reader.with_row_filter(RowFilter::new(filters));
            for batch in reader.with_projection(mask).with_batch_size(NARROW).build()? {
                for key in keys(part, &batch?) {
                    let hash = xxh3_64_with_seed(format!("{}\n{}", part.name, key.0).as_bytes(), seed);
                    if least.len() < most {
                        least.push((hash, at, key));
                    } else if least.peek().is_some_and(|top| (hash, at, &key) < (top.0, top.1, &top.2)) {
                        least.pop();
                        least.push((hash, at, key));
                    }
                }
            }
        }
    }
    let mut all = Vec::new();
    let drawn = least.into_sorted_vec();
    for (at, part) in parts.iter().enumerate() {
        let keys: Vec<Key> = drawn.iter().filter(|d| d.1 == at).map(|d| d.2.clone()).collect();
        all.push(rows_of(part, &keys, &|_| true)?);
    }
    Ok(all)
}

/// The rows with these keys, in the order of the keys; of their columns those that are `shown`.
fn rows_of(part: &Part, wanted: &[Key], shown: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<Fields>> {
    let places: Arc<HashMap<Key, usize>> = Arc::new(wanted.iter().cloned().zip(0..).collect());
    let mut groups = Vec::new();
    for path in part.files.iter().filter(|_| !wanted.is_empty()) {
        groups.extend((0..open(path)?.metadata().num_row_groups()).map(|group| (path, group)));
    }
    let found = parallel(&groups, |(path, group)| {
        // Only rows that are wanted are read whole: a few of them may come at a time, out of many.
        let reader = open(path)?.with_batch_size(if wanted.len() <= FEW { NARROW } else { WHOLE });
        let key = key_columns(part, &reader);
        let roots = reader.schema().fields().iter().enumerate();
        let roots: Vec<usize> = roots.filter(|(_, field)| shown(field.name())).map(|(at, _)| at).collect();
        let mut mask = ProjectionMask::roots(reader.parquet_schema(), roots);
        mask.union(&key);
        let (sought, of) = (places.clone(), part.clone());
        let predicate = ArrowPredicateFn::new(key, move |batch| {
            Ok(keys(&of, &batch).iter().map(|key| Some(sought.contains_key(key))).collect::<BooleanArray>())
        });
        let reader = reader.with_row_groups(vec![*group]).with_projection(mask);
        let mut found: Vec<(usize, Fields)> = Vec::new();
        for batch in reader.with_row_filter(RowFilter::new(vec![Box::new(predicate)])).build()? {
            let batch = batch?;
            for (key, fields) in keys(part, &batch).iter().zip(show::rows(&batch)) {
                found.extend(places.get(key).map(|at| (*at, fields)));
            }
        }
        Ok(found)
    })?;
    let mut found: Vec<(usize, Fields)> = found.into_iter().flatten().collect();
    found.sort_by_key(|f| f.0);
    Ok(found.into_iter().map(|f| f.1).collect())
}

/// The rows with these ids, in the order of the ids.
///
/// # Errors
///
/// As [`first`].
pub fn by_ids(part: &Part, ids: &[String]) -> Result<Vec<Fields>> {
    by_ids_shown(part, ids, &|_| true)
}

/// The ids and texts alone of the rows with these ids, in the order of the ids.
///
/// # Errors
///
/// As [`first`].
pub fn texts_by_ids(part: &Part, ids: &[String]) -> Result<Vec<Fields>> {
    by_ids_shown(part, ids, &|column| part.texts.iter().any(|text| text == column))
}

fn by_ids_shown(part: &Part, ids: &[String], shown: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<Fields>> {
    rows_of(part, &ids.iter().cloned().map(Key).collect::<Vec<_>>(), shown)
}

/// A number of each row of a table, with the row's id: what is nearest to something is asked by it.
///
/// # Errors
///
/// As [`first`].
pub fn nearest(
    part: &Part,
    columns: &[&str],
    most: usize,
    mut distance: impl FnMut(&RecordBatch, usize) -> Option<f64>,
) -> Result<Vec<(f64, String)>> {
    // Distances are of finite numbers, so that they have an order.
    let mut least: BinaryHeap<(u64, String)> = BinaryHeap::new();
    for path in &part.files {
        let reader = open(path)?;
        if columns.iter().any(|name| reader.schema().index_of(name).is_err()) {
            continue;
        }
        let mask = ProjectionMask::columns(reader.parquet_schema(), columns.iter().copied().chain(["id"]));
        for batch in reader.with_projection(mask).with_batch_size(NARROW).build()? {
            let batch = batch?;
            let ids = keys(part, &batch);
            for (row, Key(id)) in ids.into_iter().enumerate() {
                let Some(far) = distance(&batch, row).filter(|d| d.is_finite() && *d >= 0.0) else { continue };
                // The bits of numbers that are not negative are in their order.
                least.push((far.to_bits(), id));
                if least.len() > most {
                    least.pop();
                }
            }
        }
    }
    Ok(least.into_sorted_vec().into_iter().map(|(far, id)| (f64::from_bits(far), id)).collect())
}
