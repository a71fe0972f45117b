//! Tells the language and the script, simplified and traditional Chinese apart.
//!
//! # What it does
//! Adds `language` (`zh`, `en`, `ja`, `ko`, … or `und`) and `script` (ISO 15924: `Latn`, `Cyrl`, `Jpan`, `Kore`, …).
//! Chinese has `Hans`, `Hant`, `mixed` (characters of both sides, neither four times the other) or `Hani` (no character
//! that decides, as in `大家好`). Scripts decide first; a detector is asked about Latin, Cyrillic, Arabic and Devanagari
//! only, with the first 2,000 bytes. The turns of a dialogue are judged together.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "language"
//!
//! [[stage]]
//! run      = "keep"
//! language = { in = ["zh"] }
//! script   = { in = ["Hans", "Hani"] }
//! ```
//!
//! # Limits
//! One verdict a row, also for text of several languages. Languages of the detector: ar de en es fr hi it nl pt ru sv tr
//! vi; others of these scripts are `und` if their letters give them away (Polish, Ukrainian, Persian), else taken for
//! the nearest. Fewer than 12 Latin letters, or 3 of another script, are `und`; Chinese, Japanese and Korean need one
//! character. Japanese without kana is taken for Chinese; Cantonese and classical Chinese are `zh`. What was measured is
//! in `docs/language-detection.md`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Entry, Kind, Measure, RowWork, Shown, Stage, Value, build, measuring, signal};
use crate::Result;
use crate::text::script;

/// Options of `language`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Language {}

impl Stage for Language {
    fn columns(&self) -> Vec<Column> {
        vec![
            Column::signal("language", Kind::Text).shown(Shown::Row),
            Column::signal("script", Kind::Text).shown(Shown::Row),
        ]
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(measuring(self.columns(), self.clone()))
    }
}

impl Measure for Language {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        if texts.is_empty() {
            return out.extend([Value::Null, Value::Null]);
        }
        let verdict = script::judge(texts);
        out.extend([verdict.language, verdict.script].map(|word| Value::Text(Cow::Borrowed(word))));
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "language",
    "measure",
    "language and script, Simplified or Traditional",
    include_str!("language.rs"),
    || schemars::schema_for!(Language),
    |json| build::<Language, _>(json, Ok),
)
.signals(&[signal("language", Kind::Text), signal("script", Kind::Text)]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_verdict_for_all_turns() {
        let mut out = Vec::new();
        Language {}.measure(&["OK?", "好的，我们开始吧"], &mut out);
        Language {}.measure(&[""], &mut out);
        Language {}.measure(&[], &mut out);
        let text = |word| Value::Text(Cow::Borrowed(word));
        assert_eq!(out, [text("zh"), text("Hans"), text("und"), text("Zyyy"), Value::Null, Value::Null]);
    }
}
