//! The column of `line_dedup`: what the lines of a row are compared by.

use arrow::array::ArrayRef;
use xxhash_rust::xxh3::xxh3_128;

use super::batch::{self, Batch};
use crate::stages::line_dedup::{LineDedup, Unit};
use crate::text::lines::{lines, paragraphs};

/// Bytes of a line's record: 11 of its hash (0 where it is not looked at), 5 of its length.
pub const RECORD: usize = 16;
/// Bits of a length.
pub const LENGTH_BITS: u32 = 40;

/// The column of stage `number`: the records of the lines.
pub fn column(number: usize) -> String {
    format!("lines_key@{number}")
}

/// The records of a batch.
pub fn records(options: &LineDedup, batch: &Batch<'_>, rows: usize, applies: Option<&[bool]>) -> ArrayRef {
    batch::records(batch, rows, applies, |texts, bytes| {
        let mut add = |piece: &str, length: usize| {
            let hash = hash(piece, options.min_chars as usize);
            bytes.extend_from_slice(&(hash << LENGTH_BITS | length as u128).to_be_bytes());
        };
        match options.unit {
            Unit::Line => lines(texts, &mut add),
            Unit::Paragraph => paragraphs(texts, &mut add),
        }
    })
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
