//! Judgements: whether a row stays, by narrow columns.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};

use super::percentile::FoundLimit;
pub use super::rule::Failure;
use super::value::Value;
use crate::rows::spans::spans_of;

/// Why a row goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Reason, value and limit.
    pub failure: Failure,
    /// Stretches of its text that are to blame.
    pub spans: Vec<(usize, usize)>,
}

impl From<Failure> for Verdict {
    fn from(failure: Failure) -> Self {
        Verdict { failure, spans: Vec::new() }
    }
}

/// A judgement, shared by all threads.
pub trait Judge: Send + Sync {
    /// Why the row goes, if it does.
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict>;

    /// Which rows of a stretch may go, a bit each: the others stay, and are not asked about. A judgement that looks at
    /// numbers alone knows by a few operations a column; most rows keep to most limits.
    fn may_go(&self, _rows: &Stretch<'_>) -> u64 {
        u64::MAX
    }
}

/// A column that a judgement reads. What it holds is asked once for all rows of a batch: a rule may have a hundred limits,
/// and finding out the type of an array costs more than reading a number of it.
#[derive(Clone, Copy)]
pub enum Column<'a> {
    /// Whole numbers.
    Int(&'a Int64Array),
    /// Numbers.
    Float(&'a Float64Array),
    /// Anything else.
    Other(&'a ArrayRef),
}

impl<'a> From<&'a ArrayRef> for Column<'a> {
    fn from(array: &'a ArrayRef) -> Self {
        match array.data_type() {
            DataType::Int64 => Column::Int(array.as_primitive()),
            DataType::Float64 => Column::Float(array.as_primitive()),
            _ => Column::Other(array),
        }
    }
}

impl Column<'_> {
    /// The number of a row, whole or not.
    #[inline]
    pub fn number(self, row: usize) -> Option<f64> {
        match self {
            Column::Int(column) => column.is_valid(row).then(|| column.value(row) as f64),
            Column::Float(column) => column.is_valid(row).then(|| column.value(row)),
            Column::Other(_) => None,
        }
    }

    /// Puts the numbers of all rows behind others: `NaN` where a row has none.
    pub fn append_to(self, numbers: &mut Vec<f64>) {
        match self {
            Column::Int(column) if column.null_count() == 0 => {
                numbers.extend(column.values().iter().map(|value| *value as f64));
            }
            Column::Float(column) if column.null_count() == 0 => numbers.extend_from_slice(column.values()),
            Column::Int(column) => numbers.extend(column.iter().map(|value| value.map_or(f64::NAN, |v| v as f64))),
            Column::Float(column) => numbers.extend(column.iter().map(|value| value.unwrap_or(f64::NAN))),
            Column::Other(other) => numbers.extend(std::iter::repeat_n(f64::NAN, other.len())),
        }
    }
}

/// What is known of 64 rows: a bit is in one of the two words, or in none where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Rows for which it holds.
    pub yes: u64,
    /// Rows for which it does not.
    pub no: u64,
}

impl Known {
    /// What holds where this does not.
    pub fn opposite(self) -> Known {
        Known { yes: self.no, no: self.yes }
    }

    /// What holds where each of several holds, and does not where one does not.
    pub fn all(parts: impl Iterator<Item = Known>) -> Known {
        let start = Known { yes: u64::MAX, no: 0 };
        parts.fold(start, |all, part| Known { yes: all.yes & part.yes, no: all.no | part.no })
    }

    /// What holds where one of several holds, and does not where none does.
    pub fn any(parts: impl Iterator<Item = Known>) -> Known {
        Known::all(parts.map(Known::opposite)).opposite()
    }
}

/// Up to 64 neighbouring rows as a judgement sees them.
pub struct Stretch<'a> {
    /// What the judgement reads, as in [`JudgedRow`].
    pub columns: &'a [Option<Column<'a>>],
    /// The place of the first row in the columns.
    pub first: usize,
    /// How many rows there are.
    pub rows: usize,
    /// What the percentiles of the stage are in the corpus, by their numbers.
    pub found: &'a [FoundLimit],
    /// The language of the row at a place in the columns.
    pub language: &'a dyn Fn(usize) -> &'a str,
}

impl<'a> Stretch<'a> {
    /// What is known of the rows, each by its place in the columns.
    pub fn known(&self, of: impl Fn(usize) -> Option<bool>) -> Known {
        let see = |known: Known, at: usize| {
            let (bit, holds) = (1 << at, of(self.first + at));
            let word = |outcome| if holds == Some(outcome) { bit } else { 0 };
            Known { yes: known.yes | word(true), no: known.no | word(false) }
        };
        (0..self.rows).fold(Known::default(), see)
    }

    /// Of which rows the number of a column is one that `stays`, and of which it is another.
    pub fn numbers(&self, at: usize, stays: impl Fn(f64) -> bool) -> Known {
        let rows = self.first..self.first + self.rows;
        let (stays, valid) = match self.columns.get(at).copied().flatten() {
            Some(Column::Int(column)) => {
                (bits(&column.values()[rows.clone()], |value| stays(*value as f64)), valid(column, rows))
            }
            Some(Column::Float(column)) => {
                (bits(&column.values()[rows.clone()], |value| stays(*value)), valid(column, rows))
            }
            Some(Column::Other(_)) | None => (0, 0),
        };
        Known { yes: stays & valid, no: !stays & valid }
    }

    /// One of the rows, for a judgement that knows neither its id nor its text.
    pub fn row(&self, row: usize) -> JudgedRow<'a> {
        let (columns, found, language) = (self.columns, self.found, (self.language)(row));
        JudgedRow { columns, row, own_id: None, final_id: "", blank: false, found, language }
    }
}

/// A bit for each of up to 64 values.
fn bits<T>(values: &[T], of: impl Fn(&T) -> bool) -> u64 {
    values.iter().rev().fold(0, |bits, value| bits << 1 | u64::from(of(value)))
}

/// The rows that have a value.
fn valid(column: &dyn Array, rows: Range<usize>) -> u64 {
    let all = u64::MAX >> (64 - rows.len().clamp(1, 64));
    match column.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => rows.rev().fold(0, |bits, row| bits << 1 | u64::from(nulls.is_valid(row))),
        None => all,
    }
}

/// A row as a judgement sees it.
pub struct JudgedRow<'a> {
    /// What the judgement reads ([`super::Stage::reads`]), in that order; none where the source has no such column.
    pub columns: &'a [Option<Column<'a>>],
    /// The row's place in the columns.
    pub row: usize,
    /// The id that the source gave it.
    pub own_id: Option<&'a str>,
    /// The id that it has in the output; empty where no judgement asked for it.
    pub final_id: &'a str,
    /// Whether it has no text (any more).
    pub blank: bool,
    /// What the percentiles of the stage are in the corpus, by their numbers.
    pub found: &'a [FoundLimit],
    /// The language of the row.
    pub language: &'a str,
}

impl<'a> JudgedRow<'a> {
    fn column(&self, at: usize) -> Option<Column<'a>> {
        self.columns.get(at).copied().flatten()
    }

    /// The column, where it holds no numbers and the row has a value in it.
    fn other(&self, at: usize) -> Option<&'a ArrayRef> {
        match self.column(at)? {
            Column::Other(column) => column.is_valid(self.row).then_some(column),
            _ => None,
        }
    }

    /// Whether the row has a value in a column.
    pub fn has(&self, at: usize) -> bool {
        self.number(at).is_some() || self.other(at).is_some()
    }

    /// A number, whole or not.
    pub fn number(&self, at: usize) -> Option<f64> {
        self.column(at)?.number(self.row)
    }

    /// A number that is none of a count.
    pub fn float(&self, at: usize) -> Option<f64> {
        matches!(self.column(at)?, Column::Float(_)).then(|| self.number(at))?
    }

    /// A text.
    pub fn text(&self, at: usize) -> Option<&'a str> {
        Some(self.other(at)?.as_string_opt::<i32>()?.value(self.row))
    }

    /// A key.
    pub fn key(&self, at: usize) -> Option<u128> {
        Some(self.other(at)?.as_primitive_opt::<Decimal128Type>()?.value(self.row) as u128)
    }

    /// Stretches of the text.
    pub fn spans(&self, at: usize) -> Vec<(usize, usize)> {
        self.other(at).map_or(Vec::new(), |column| spans_of(column, self.row))
    }
}

/// A measured value of a row; null where it was not measured.
pub fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Int64 => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned().into()),
        _ => Value::Null,
    }
}
