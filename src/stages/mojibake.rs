//! Puts right text whose bytes were read in the wrong encoding, where the bytes prove it.
//!
//! # What it does
//! Knows UTF-8 that was read as Windows-1252 or Latin-1 (`ä¸­æ–‡`), once or twice, as an encoding of another alphabet
//! (Windows-1251, KOI8-R …), or as GBK, Big5, Shift-JIS or EUC-KR; GBK, Big5, Shift-JIS, EUC-JP and EUC-KR that were read as
//! Latin-1 (`ÖÐÎÄ`); and one of them read as another (Big5 as GBK, GBK as Big5 …). A stretch is put right when its bytes
//! are valid in the other encoding as a whole, what comes out is common text (for double-byte encodings: a language beyond
//! doubt, by its pairs of characters), and what stood there is not; so well-formed text never changes. Adds `misread`:
//! places that look damaged and cannot be proved (replacement characters, `锟斤拷`, stretches that lost bytes or that no
//! reading explains), counted in what is left.
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

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Effect, Entry, Kind, Mend, RowWork, Stage, Value, build, mending, signal};
use crate::Result;
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
        Ok(mending(self.columns(), self.clone()))
    }
}

impl Mend for Mojibake {
    /// Places that look damaged.
    type Found = usize;

    fn mend<'a>(&self, text: &'a str, found: &mut usize) -> Cow<'a, str> {
        let (text, report) = repair(text);
        *found += report.suspect;
        text
    }

    fn values(&self, found: &usize, out: &mut Vec<Value>) {
        out.push(Value::Int(*found as i64));
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
