//! The column of `substring_dedup`: what stretches of a row may be repeated.

use arrow::array::ArrayRef;

use super::batch::{self, Batch};
use crate::stages::substring_dedup::SubstringDedup;
use crate::text::substrings::{ANCHOR_BITS, Anchors, joined};

/// Bytes of an anchor.
const RECORD: usize = ANCHOR_BITS as usize / 8;

/// The column of stage `number`: the anchors of a row, ascending, twice where one stands in it twice.
pub fn column(number: usize) -> String {
    format!("anchors_key@{number}")
}

/// The anchors of a batch.
pub fn records(options: &SubstringDedup, batch: &Batch<'_>, rows: usize, applies: Option<&[bool]>) -> ArrayRef {
    let mut anchors = Anchors::new(options.min_chars as usize);
    batch::records(batch, rows, applies, |texts, bytes| {
        for anchor in anchors.of(&joined(texts)) {
            bytes.extend_from_slice(&anchor.to_be_bytes()[size_of::<u64>() - RECORD..]);
        }
    })
}

/// The anchors in a record list.
pub fn each(records: &[u8]) -> impl Iterator<Item = u64> {
    records.chunks_exact(RECORD).map(|record| record.iter().fold(0, |anchor, byte| anchor << 8 | u64::from(*byte)))
}
