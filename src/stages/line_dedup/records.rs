//! The column of `line_dedup`: what the lines of a row are compared by.

use xxhash_rust::xxh3::xxh3_128;

use super::{LineDedup, Unit};
use crate::Result;
use crate::rows::batch::Batch;
use crate::stages::{RowContext, RowWork, Worked, cut, records};
use crate::text::lines::{lines, paragraphs};

/// Bytes of a line's record: 11 of its hash (0 where it is not looked at), 5 of its length.
pub const RECORD: usize = 16;
/// Bits of a length.
pub const LENGTH_BITS: u32 = 40;

/// Makes the records, and takes out what is known to be repeated.
pub struct Lines(pub LineDedup);

impl RowWork for Lines {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut worked = Worked::default();
        if context.columns {
            worked.columns.push(records(batch, context, |texts, bytes| {
                let mut add = |piece: &str, length: usize| {
                    let hash = hash(piece, self.0.min_chars as usize);
                    bytes.extend_from_slice(&(hash << LENGTH_BITS | length as u128).to_be_bytes());
                };
                match self.0.unit {
                    Unit::Line => lines(texts, &mut add),
                    Unit::Paragraph => paragraphs(texts, &mut add),
                }
            }));
        }
        if self.0.cuts() {
            let bytes = cut(batch, context);
            worked.columns.extend(context.columns.then_some(bytes));
        }
        Ok(worked)
    }
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
