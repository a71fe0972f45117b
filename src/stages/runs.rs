//! Runs of equal keys among sorted rows.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, UInt64Type};

use crate::{Error, Result};

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
    /// Goes through the next batch of sorted rows: `like` is called for each row that has the key of the one before.
    ///
    /// # Errors
    /// Where the batch lacks a sorted column, and what `like` fails with.
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
