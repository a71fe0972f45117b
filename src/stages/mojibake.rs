//! Puts right text whose bytes were read in the wrong encoding, where the bytes prove it.
//!
//! # What it does
//! Knows UTF-8 that was read as Windows-1252 or Latin-1 (`ä¸­æ–‡`), once or twice, or as GBK or Big5, and GBK that was
//! read as Latin-1 (`ÖÐÎÄ`). A stretch is put right when its bytes are valid in the other encoding as a whole, what comes
//! out is common text, and what stood there is not; so well-formed text never changes. Adds `misread`: places that look
//! damaged and cannot be proved (replacement characters, `锟斤拷`, stretches that lost bytes), counted in what is left.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "mojibake"
//!
//! [[stage]]
//! run     = "keep"
//! misread = { max = 3 }
//! ```
//! `ä¸­æ–‡` becomes `中文`.
//!
//! # Limits
//! Files in another encoding are read right by the sources themselves; this mends what was damaged before. Bytes that a
//! wrong reading dropped cannot come back.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::Int64Builder;
use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Effect, Entry, Kind, RowContext, RowWork, Stage, Worked, build, signal};
use crate::Result;
use crate::rows::batch::Batch;
use crate::text::mojibake::repair;

/// Options of `mojibake`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mojibake {}

const LEFT: &str = "misread";

impl Stage for Mojibake {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal(LEFT, Kind::Int)]
    }

    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn of_text(&self) -> bool {
        false
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(self.clone())))
    }
}

impl RowWork for Mojibake {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut left = Int64Builder::new();
        let mut changed = vec![false; context.rows];
        let mut texts = Vec::new();
        for (row, changed) in changed.iter_mut().enumerate() {
            batch.texts(row, &mut texts);
            if texts.is_empty() || !context.applies(row) {
                left.append_null();
                continue;
            }
            let mut suspect = 0;
            for text in &texts {
                let (now, report) = repair(text);
                *changed |= matches!(now, Cow::Owned(_));
                suspect += report.suspect;
            }
            left.append_value(suspect as i64);
        }
        drop(texts);
        batch.clean(|row| changed[row], |text| repair(text).0);
        let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(left.finish())];
        Ok(Worked { columns: if context.columns { columns } else { Vec::new() }, stop: None })
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "mojibake",
    "clean",
    "puts right text that was read in the wrong encoding, where its bytes prove it",
    include_str!("mojibake.rs"),
    || schemars::schema_for!(Mojibake),
    |json| build::<Mojibake, _>(json, Ok),
)
.signals(&[signal(LEFT, Kind::Int)]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() {
        assert_eq!(repair("ä¸\u{AD}æ–‡").0, "中文");
        assert!((ENTRY.build)(serde_json::json!({})).is_ok());
        assert!((ENTRY.build)(serde_json::json!({ "from": "gbk" })).is_err());
    }
}
