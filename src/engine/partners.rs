//! Rows whose key stands in another row too, found by several processes: each sorts the keys of some rows, and others find
//! in a range of keys, of all of them, those that stand twice. What they write are lists of row keys, and whoever reads the
//! rows again looks there (`corpus_repeated`). Keys are compared by their first half: of two that share it by chance both
//! are listed, and told apart by whoever sorts them whole.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, UInt64Type};
use serde::{Deserialize, Serialize};

use crate::spill::flat::Flat;
use crate::spill::{Space, written};
use crate::stages::global::Rows;
use crate::{Error, Result};

/// Bytes of a record: half a key, and the row key.
const RECORD: usize = 16;
/// Bytes of a row key.
const ROW: usize = 8;

/// What is to be done, in a folder that all see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Row keys and keys of the rows of a group, sorted.
    Sort {
        /// Its number.
        group: usize,
    },
    /// The rows of a range of keys, of so many groups, that are not alone with theirs.
    List {
        /// Which of how many ranges.
        range: (usize, usize),
        /// How many groups there are.
        groups: usize,
    },
}

impl Work {
    /// The file that comes of it; it appears whole.
    pub fn file(&self, folder: &Path) -> PathBuf {
        match self {
            Work::Sort { group } => keys(folder, *group),
            Work::List { range, .. } => list(folder, range.0),
        }
    }

    /// Does it, with the rows that it is handed.
    ///
    /// # Errors
    ///
    /// Of the disk, of whoever hands over the rows, and [`Error::Interrupted`].
    pub fn run(&self, folder: &Path, rows: Option<&mut Rows<'_>>, space: &Space) -> Result<()> {
        let file = self.file(folder);
        match (self, rows) {
            (Work::Sort { .. }, Some(rows)) => sort(&file, rows, space),
            (Work::List { range, groups }, None) => find(folder, &file, (*range, *groups), space),
            _ => Err(Error::Engine("keys are sorted of rows, and compared without".into())),
        }
    }
}

fn keys(folder: &Path, group: usize) -> PathBuf {
    folder.join(format!("keys-{group}"))
}

fn list(folder: &Path, range: usize) -> PathBuf {
    folder.join(format!("list-{range}"))
}

/// Sorts the keys of rows (`ord`, key); a row without one has no partner.
fn sort(file: &Path, rows: &mut Rows<'_>, space: &Space) -> Result<()> {
    let mut sorter = space.sorter("keys", RECORD);
    for batch in rows {
        let batch = batch?;
        let other = || Error::Engine("a column of keys holds something else".into());
        let ords = batch.column(0).as_primitive_opt::<UInt64Type>().ok_or_else(other)?;
        let keys = batch.column(1).as_primitive_opt::<Decimal128Type>().ok_or_else(other)?;
        for row in (0..batch.num_rows()).filter(|row| keys.is_valid(*row)) {
            let half = keys.value(row) as u128 >> 64;
            sorter.push(half << 64 | u128::from(ords.value(row)))?;
        }
    }
    written(file, |to| sorter.drain(&mut |record| to.write_all(&record.to_be_bytes()).map_err(Error::io(file))))
}

/// Lists the rows of a range of keys that are not alone with theirs, by row key.
fn find(folder: &Path, file: &Path, (range, groups): ((usize, usize), usize), space: &Space) -> Result<()> {
    let bound = |at: usize| ((at as u128) << 64) / range.1 as u128;
    let mut sorter = space.sorter("keys", RECORD);
    for group in 0..groups {
        space.check()?;
        let within = (64, bound(range.0)..bound(range.0 + 1));
        Flat::within(keys(folder, group), (RECORD, 0), within, |record| sorter.push(record))?;
    }
    let mut found = space.small_sorter("found", ROW);
    // The row before, and whether it is listed.
    let mut last: Option<(u128, bool)> = None;
    sorter.drain(&mut |record| {
        let like = last.filter(|(before, _)| before >> 64 == record >> 64);
        if let Some((before, false)) = like {
            found.push(u128::from(before as u64))?;
        }
        last = Some((record, like.is_some()));
        if like.is_some() { found.push(u128::from(record as u64)) } else { Ok(()) }
    })?;
    written(file, |to| found.drain(&mut |row| to.write_all(&(row as u64).to_be_bytes()).map_err(Error::io(file))))
}

/// The rows that are listed in a folder of so many lists, of those from the first to one before the last; ascending.
///
/// # Errors
///
/// Of the disk.
pub fn listed(folder: &Path, lists: usize, (first, last): (u64, u64)) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    for range in 0..lists {
        let within = (0, u128::from(first)..u128::from(last));
        Flat::within(list(folder, range), (ROW, 0), within, |row| {
            found.push(row as u64);
            Ok(())
        })?;
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, RecordBatch, UInt64Array};
    use xxhash_rust::xxh3::xxh3_128;

    use super::*;
    use crate::rows::column::KEY;
    use crate::spill::scratch;

    /// The key of a row: most stand alone, some in many rows, some rows have none.
    fn key(row: u64) -> Option<u128> {
        let row = (row >> 32) * 40 + (row & 0xff);
        let number = if row % 11 == 3 { row / 60 } else { row + 1_000_000 };
        (row % 13 != 5).then(|| xxh3_128(&number.to_le_bytes()))
    }

    fn batch(rows: &[u64]) -> RecordBatch {
        let ords: ArrayRef = Arc::new(UInt64Array::from_iter_values(rows.iter().copied()));
        let keys: Decimal128Array = rows.iter().map(|row| key(*row).map(|key| key as i128)).collect();
        RecordBatch::try_from_iter([("ord", ords), ("key", Arc::new(keys.with_data_type(KEY)) as ArrayRef)]).unwrap()
    }

    /// However rows are grouped, and in however many ranges: the rows whose key stands twice, and no others.
    #[test]
    fn others_list_the_rows_that_have_a_partner() {
        let rows: Vec<u64> = (0..9_000).map(|row| ((row / 40) << 32) | (row % 40)).collect();
        let mut of_key: BTreeMap<u128, Vec<u64>> = BTreeMap::new();
        rows.iter()
            .filter_map(|row| Some((key(*row)?, *row)))
            .for_each(|(key, row)| of_key.entry(key).or_default().push(row));
        let mut expected: Vec<u64> = of_key.into_values().filter(|rows| rows.len() > 1).flatten().collect();
        expected.sort_unstable();
        assert!(expected.len() > 300 && expected.len() < 2_000, "{}", expected.len());
        let here = tempfile::tempdir().unwrap();
        let (folder, space) = (here.path().join("shared"), Space::new(here.path(), 1 << 20));
        for (size, ranges) in [(9_000, 1), (2_500, 3), (1_000, 16)] {
            scratch(&folder).unwrap();
            let groups: Vec<&[u64]> = rows.chunks(size).collect();
            for (group, rows) in groups.iter().enumerate() {
                let mut batches = rows.chunks(700).map(|rows| Ok(batch(rows)));
                Work::Sort { group }.run(&folder, Some(&mut batches), &space).unwrap();
            }
            for range in 0..ranges {
                Work::List { range: (range, ranges), groups: groups.len() }.run(&folder, None, &space).unwrap();
            }
            assert_eq!(listed(&folder, ranges, (0, u64::MAX)).unwrap(), expected, "{size} {ranges}");
            let (first, last) = (7 << 32, (90 << 32) | 3);
            let some: Vec<u64> = expected.iter().copied().filter(|row| (first..last).contains(row)).collect();
            assert_eq!(listed(&folder, ranges, (first, last)).unwrap(), some);
        }
        assert!(Work::Sort { group: 0 }.run(&folder, None, &space).is_err());
    }
}
