//! The columns of `line_dedup`: what the lines of a row are compared by.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, Int64Builder};
use arrow::datatypes::{DataType, Field};
use xxhash_rust::xxh3::xxh3_128;

use super::rows::Batch;
use super::spans::spans_of;
use crate::stages::line_dedup::{LineDedup, Unit};
use crate::text::lines::{lines, paragraphs};

/// Bytes of a line's record: 11 of its hash (0 where it is not looked at), 5 of its length.
pub const RECORD: usize = 16;
/// Bits of a length.
pub const LENGTH_BITS: u32 = 40;

/// The names of the columns of stage `number`: the records of the lines, and the bytes that were cut.
pub fn columns(number: usize) -> [String; 2] {
    [format!("lines_key@{number}"), format!("cut_key@{number}")]
}

/// Their fields.
pub fn fields(options: &LineDedup, number: usize) -> Vec<Field> {
    let [lines, cut] = columns(number);
    let mut fields = vec![Field::new(lines, DataType::Binary, true)];
    if options.cuts() {
        fields.push(Field::new(cut, DataType::Int64, true));
    }
    fields
}

/// The argument that holds what is cut out of rows by stage `number`.
pub fn argument(number: usize) -> String {
    format!("spans@{number}")
}

/// The records of a batch.
pub fn records(options: &LineDedup, batch: &Batch<'_>, rows: usize, applies: Option<&[bool]>) -> ArrayRef {
    let mut column = BinaryBuilder::new();
    let (mut texts, mut bytes) = (Vec::new(), Vec::new());
    for row in 0..rows {
        batch.texts(row, &mut texts);
        if texts.is_empty() || applies.is_some_and(|a| !a[row]) {
            column.append_null();
            continue;
        }
        bytes.clear();
        let mut add = |piece: &str, length: usize| {
            let hash = hash(piece, options.min_chars as usize);
            bytes.extend_from_slice(&(hash << LENGTH_BITS | length as u128).to_be_bytes());
        };
        match options.unit {
            Unit::Line => lines(&texts, &mut add),
            Unit::Paragraph => paragraphs(&texts, &mut add),
        }
        column.append_value(&bytes);
    }
    Arc::new(column.finish())
}

/// 88 bits; 0 where the line is too short.
fn hash(piece: &str, least: usize) -> u128 {
    let piece = piece.trim();
    // A character has at most four bytes.
    if piece.len() < least || (piece.len() < least * 4 && piece.chars().count() < least) {
        return 0;
    }
    (xxh3_128(piece.as_bytes()) >> LENGTH_BITS).max(1)
}

/// The hashes and lengths in a record list.
pub fn each(records: &[u8]) -> impl Iterator<Item = (u128, usize)> {
    records.chunks_exact(RECORD).map(|record| {
        let mut bytes = [0; RECORD];
        bytes.copy_from_slice(record);
        let record = u128::from_be_bytes(bytes);
        (record >> LENGTH_BITS, (record & ((1 << LENGTH_BITS) - 1)) as usize)
    })
}

/// What the rows of a batch lose, given the column of their spans; and the column that says how much.
pub fn cuts(spans: Option<&ArrayRef>, rows: usize) -> (Vec<Vec<(usize, usize)>>, ArrayRef) {
    let mut bytes = Int64Builder::with_capacity(rows);
    let mut all = Vec::new();
    for row in 0..rows {
        let own = spans.map_or(Vec::new(), |s| spans_of(s, row));
        bytes.append_option((!own.is_empty()).then(|| own.iter().map(|(s, e)| (e - s) as i64).sum::<i64>()));
        all.push(own);
    }
    (all, Arc::new(bytes.finish()))
}

/// The records of a row; none where it was not looked at.
pub fn of_row(column: &ArrayRef, row: usize) -> &[u8] {
    let column = column.as_binary::<i32>();
    if column.is_valid(row) { column.value(row) } else { &[] }
}
