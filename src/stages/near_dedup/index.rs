//! The index of a build: what later builds need to know of its rows, without their text.
//!
//! One row for each row that was compared, in order: sketch and key, whose it was, what decided who stays, and what
//! became of it. A build that is given indexes takes their rows for its own first ones, of which all is known.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, UInt32Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use super::docs::{Docs, KEY, Origin, Standing};
use super::{Keep, NearDedup};
use crate::output::parquet_file;
use crate::rows::Use;
use crate::spill::flat::Bits;
use crate::stages::global::Scope;
use crate::stages::resources::Resource;
use crate::text::near::sketch::{SLOTS, VERSION};
use crate::{Error, Result};

/// The folder of indexes in an output folder.
pub const FOLDER: &str = crate::stages::global::INDEX;
/// The key of an index's metadata.
pub const LABEL: &str = "corpus.index";
/// Rows written, or read, at a time.
pub const CHUNK: usize = 4096;

/// A number of a record: four of its bytes.
pub fn part(record: &[u8], at: usize) -> usize {
    record[at..at + 4].iter().fold(0, |n, b| n << 8 | usize::from(*b))
}

/// What an index says of itself.
#[derive(Serialize, Deserialize)]
pub struct Head {
    /// How sketches and keys are made.
    sketch: u32,
    /// The stage's options.
    options: NearDedup,
    /// The indexes that it was compared with, in order: path, SHA-256, rows.
    after: Vec<(String, String, u64)>,
}

/// The cure where a build has no index.
pub const CURE: &str =
    "build it with `index = true` in its `near_dedup`; if that stage has another name, name the file";

/// The schema of an index.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("source", DataType::Utf8, false),
        Field::new("use", DataType::Utf8, false),
        Field::new("priority", DataType::Int64, false),
        Field::new("value", DataType::Float64, true),
        Field::new("kept_row", DataType::UInt32, true),
        Field::new("similarity", DataType::Float64, true),
        Field::new("key", DataType::FixedSizeBinary(KEY as i32), false),
        Field::new("sketch", DataType::FixedSizeBinary(SLOTS as i32), true),
    ]))
}

/// The indexes of earlier builds, the oldest first.
#[derive(Default)]
pub struct Earlier(Vec<Index>);

struct Index {
    path: PathBuf,
    sha256: String,
    shown: String,
    /// What its rows are called by, before their ids.
    name: String,
    /// The doc of its first row, and how many rows it has.
    first: usize,
    rows: usize,
    /// By ascending number: rows from this number on, as it counts them, are docs from the other on.
    moves: Vec<(usize, usize)>,
    /// Whether it has the values by which rows are kept here.
    valued: bool,
}

impl Earlier {
    /// Looks into the files of a stage's `against`.
    ///
    /// # Errors
    /// A file that is no index, one whose sketches cannot be compared, or one that was compared with another that does
    /// not stand before it.
    pub fn open(files: &[Resource], near: &NearDedup) -> Result<Self> {
        let mut all: Vec<Index> = Vec::new();
        for file in files {
            let path = &file.path;
            let (head, rows) = head(path)?;
            if let Some((option, there, here)) = head.options.differing(near) {
                return Err(Error::input(
                    format!("{}: made with {option} = {there}, and here it is {here}", path.display()),
                    format!(
                        "set {option} = {there}: rows compared in different ways cannot be compared with each other"
                    ),
                ));
            }
            if all.iter().any(|i| i.path == *path) {
                let message = format!("{}: `against` names it twice", path.display());
                return Err(Error::input(message, "name every build once, the oldest first"));
            }
            let first = all.last().map_or(0, |i| i.first + i.rows);
            let (mut moves, mut number) = (Vec::new(), 0);
            for (shown, sha256, rows) in &head.after {
                let Some(same) = all.iter().find(|i| i.sha256 == *sha256) else {
                    return Err(Error::input(
                        format!("{}: compared with {shown}, which `against` does not name before it", path.display()),
                        "name all builds that it was compared with, the oldest first; after one that was built anew, build \
                         those that come after it anew",
                    ));
                };
                moves.push((number, same.first));
                number += *rows as usize;
            }
            moves.push((number, first));
            all.push(Index {
                path: path.clone(),
                sha256: file.sha256.clone(),
                shown: file.shown.clone(),
                name: String::new(),
                first,
                rows,
                moves,
                valued: near.keep != Keep::First && (head.options.keep, &head.options.by) == (near.keep, &near.by),
            });
        }
        let short: Vec<Option<String>> = all.iter().map(|i| folder_of(&i.shown)).collect();
        for (at, index) in all.iter_mut().enumerate() {
            let alone = short[at].as_ref().filter(|name| short.iter().flatten().filter(|n| n == name).count() == 1);
            index.name = alone.unwrap_or(&index.shown).clone();
        }
        Ok(Earlier(all))
    }

    /// What an index says that is made after these.
    pub fn head(&self, near: &NearDedup) -> Head {
        let after = self.0.iter().map(|i| (i.shown.clone(), i.sha256.clone(), i.rows as u64)).collect();
        Head { sketch: VERSION, options: near.clone(), after }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.0.last().map_or(0, |i| i.first + i.rows)
    }

    /// Indexes that lack the value by which rows are kept here, as the recipe names them.
    pub fn without_values(&self, near: &NearDedup) -> Vec<&str> {
        self.0.iter().filter(|i| near.keep != Keep::First && !i.valued).map(|i| i.shown.as_str()).collect()
    }

    /// Adds the rows to those that are compared.
    pub fn add_to(&self, docs: &mut Docs, scope: Scope, check: impl Fn() -> Result<()>) -> Result<()> {
        let mut origin: Option<Origin> = None;
        for index in &self.0 {
            index.read(&["source", "use", "priority", "key", "sketch"], |batch| {
                check()?;
                let (sources, uses) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
                let priorities = batch.column(2).as_primitive::<Int64Type>();
                let (keys, sketches) = (batch.column(3).as_fixed_size_binary(), batch.column(4).as_fixed_size_binary());
                for row in 0..batch.num_rows() {
                    let (source, word, priority) = (sources.value(row), uses.value(row), priorities.value(row));
                    let same = |o: &Origin| o.source == source && o.usage.as_str() == word && o.priority == priority;
                    if !origin.as_ref().is_some_and(same) {
                        let usage = Use::parse(word).ok_or_else(|| index.strange())?;
                        let new = Origin { source: source.to_owned(), usage, priority };
                        docs.begin(scope, new.clone());
                        origin = Some(new);
                    }
                    docs.add_earlier(sketches.is_valid(row).then(|| sketches.value(row)), keys.value(row))?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What became of each row, in order: the doc of the row kept in its place and their similarity, or nothing.
    pub fn fates(&self, mut found: impl FnMut(Option<(u32, f64)>) -> Result<()>) -> Result<()> {
        for index in &self.0 {
            index.read(&["kept_row", "similarity"], |batch| {
                let keepers = batch.column(0).as_primitive::<UInt32Type>();
                let similarities = batch.column(1).as_primitive::<Float64Type>();
                for row in 0..batch.num_rows() {
                    found(match keepers.is_valid(row) {
                        true => Some((index.doc(keepers.value(row))?, similarities.value(row))),
                        false => None,
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Those of the `wanted` docs that are rows of earlier builds, in order: doc, what it is called, how it stood.
    pub fn kept(&self, wanted: &Bits, mut found: impl FnMut(usize, &str, Standing) -> Result<()>) -> Result<()> {
        for index in &self.0 {
            let mut doc = index.first;
            index.read(&["id", "priority", "value"], |batch| {
                let (ids, priorities) =
                    (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
                let values = batch.column(2).as_primitive::<Float64Type>();
                for row in 0..batch.num_rows() {
                    if wanted.has(doc) && ids.is_valid(row) {
                        let value = values.is_valid(row).then(|| values.value(row));
                        let standing =
                            Standing { priority: priorities.value(row), value: index.valued.then_some(value) };
                        found(doc, &format!("{}#{}", index.name, ids.value(row)), standing)?;
                    }
                    doc += 1;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Index {
    /// Hands over some columns, batch by batch.
    fn read(&self, columns: &[&str], mut found: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let file = File::open(&self.path).map_err(Error::io(&self.path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        for batch in builder.with_projection(mask).with_batch_size(CHUNK).build()? {
            found(batch?)?;
        }
        Ok(())
    }

    /// The doc of a row, by its number in this index.
    fn doc(&self, number: u32) -> Result<u32> {
        let number = number as usize;
        let at = self.moves.partition_point(|m| m.0 <= number) - 1;
        let doc = self.moves[at].1 + number - self.moves[at].0;
        if doc < self.first + self.rows { Ok(doc as u32) } else { Err(self.strange()) }
    }

    fn strange(&self) -> Error {
        strange(&self.path, "a row of it makes no sense")
    }
}

fn strange(path: &Path, what: &str) -> Error {
    let cure =
        "`against` takes output folders of builds whose `near_dedup` has `index = true`, or the files in `index/`";
    Error::input(format!("{}: no index that this corpus can read: {what}", path.display()), cure)
}

/// What an index says of itself, and its rows.
fn head(path: &Path) -> Result<(Head, usize)> {
    let wrong = |what: String| strange(path, &what);
    let file = File::open(path).map_err(Error::io(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(e.to_string()))?;
    let label = parquet_file::label(path, LABEL)?.ok_or_else(|| wrong("it is another Parquet file".into()))?;
    let head: Head = serde_json::from_str(&label).map_err(|e| wrong(e.to_string()))?;
    if head.sketch != VERSION {
        return Err(Error::input(
            format!("{}: its sketches are of version {}, those made here of {VERSION}", path.display(), head.sketch),
            "build those rows again with this corpus",
        ));
    }
    if builder.schema().fields() != schema().fields() {
        return Err(wrong("it has other columns".into()));
    }
    Ok((head, builder.metadata().file_metadata().num_rows() as usize))
}

/// The name of the output folder that a path names, or that the index it names lies in.
fn folder_of(shown: &str) -> Option<String> {
    let mut path = Path::new(shown);
    if path.extension().is_some_and(|x| x == "parquet") {
        path = match path.parent() {
            Some(folder) if folder.ends_with(FOLDER) => folder.parent()?,
            _ => return Some(path.file_stem()?.to_string_lossy().into_owned()),
        };
    }
    Some(path.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_called_by_their_folders() {
        let names = ["builds/2026-11-01", "../b/", "builds/x/index/near_dedup.parquet", "old.parquet", "..", "a/index"];
        let expected = [Some("2026-11-01"), Some("b"), Some("x"), Some("old"), None, Some("index")];
        assert_eq!(names.map(folder_of).map(|n| n.unwrap_or_default()), expected.map(Option::unwrap_or_default));
    }

    #[test]
    fn rows_are_found_in_another_order_of_builds() {
        // It counts two rows of another build and then its own; here that build comes after one of five rows.
        let index = Index {
            path: PathBuf::new(),
            sha256: String::new(),
            shown: String::new(),
            name: String::new(),
            first: 7,
            rows: 3,
            moves: vec![(0, 5), (2, 7)],
            valued: false,
        };
        assert_eq!([0, 1, 2, 4].map(|n| index.doc(n).unwrap()), [5, 6, 7, 9]);
        assert!(index.doc(5).is_err());
    }
}
