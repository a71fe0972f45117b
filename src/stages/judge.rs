//! Judgements: whether a row stays, by narrow columns.

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
        match self.column(at)? {
            Column::Int(column) => column.is_valid(self.row).then(|| column.value(self.row) as f64),
            Column::Float(column) => column.is_valid(self.row).then(|| column.value(self.row)),
            Column::Other(_) => None,
        }
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
