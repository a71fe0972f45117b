//! The column of `substring_dedup`: what stretches of a row may be repeated.

use super::SubstringDedup;
use crate::Result;
use crate::rows::batch::Batch;
use crate::stages::{RowContext, RowWork, Worked, cut, records};
use crate::text::substrings::{ANCHOR_BITS, Anchors, joined};

/// Bytes of an anchor.
const RECORD: usize = ANCHOR_BITS as usize / 8;

/// Makes the records, and takes out what is known to be repeated.
pub struct Stretches {
    anchors: Anchors,
    cuts: bool,
}

impl Stretches {
    /// As the options say.
    pub fn new(options: &SubstringDedup) -> Self {
        Stretches { anchors: Anchors::new(options.min_chars as usize), cuts: options.cuts() }
    }
}

impl RowWork for Stretches {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut worked = Worked::default();
        if context.columns {
            worked.columns.push(records(batch, context, |texts, bytes| {
                for anchor in self.anchors.of(&joined(texts)) {
                    bytes.extend_from_slice(&anchor.to_be_bytes()[size_of::<u64>() - RECORD..]);
                }
            }));
        }
        if self.cuts {
            let bytes = cut(batch, context);
            worked.columns.extend(context.columns.then_some(bytes));
        }
        Ok(worked)
    }
}

/// The anchors in a record list.
pub fn each(records: &[u8]) -> impl Iterator<Item = u64> {
    records.chunks_exact(RECORD).map(|record| record.iter().fold(0, |anchor, byte| anchor << 8 | u64::from(*byte)))
}
