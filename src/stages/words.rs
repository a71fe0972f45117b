//! Counts words; on request keeps them as a column.
//!
//! # What it does
//! Adds `word_count`. Chinese is cut by jieba with its own dictionary and a hidden Markov model for unknown words, all
//! else at Unicode's word boundaries; punctuation, signs and white space are no words. With `column = true` the words
//! themselves follow as `words`, a list, for stages and readers that need them. The turns of a dialogue count together.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run    = "words"
//! column = true
//!
//! [[stage]]
//! run        = "keep"
//! word_count = { min = 20 }
//! ```
//! `我来到北京清华大学` has the words 我, 来到, 北京, 清华大学.
//!
//! # Limits
//! The dictionary is of simplified Chinese: traditional text is cut into shorter words. A word does not join Han with
//! Latin letters (`B超` is two). Japanese outside kanji, Thai, Lao and Khmer have no dictionary: hiragana and Thai count by
//! character.

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Entry, Kind, Measure, RowWork, Shown, SignalEntry, Stage, Value, build, measuring, signal};
use crate::Result;
use crate::text::words;

/// Options of `words`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// Whether the words are written as the column `words`.
    pub column: bool,
}

/// The column of the words themselves.
pub const WORDS: &str = "words";

impl Stage for Words {
    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::signal("word_count", Kind::Int)];
        if self.column {
            columns.push(Column::signal(WORDS, Kind::Words).shown(Shown::Always));
        }
        columns
    }

    fn is_costly(&self) -> bool {
        // Segmentation is far dearer than a copy of the text; without the column it is not done again.
        self.column
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(measuring(self.columns(), self.clone()))
    }
}

impl Measure for Words {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        if texts.is_empty() {
            out.push(Value::Null);
            out.extend(self.column.then_some(Value::Null));
        } else if self.column {
            let mut list = Vec::new();
            texts.iter().for_each(|text| words::each(text, |word| list.push(word.to_owned())));
            out.extend([Value::Int(list.len() as i64), Value::Words(list)]);
        } else {
            out.push(Value::Int(texts.iter().map(|text| words::count(text) as i64).sum()));
        }
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "words",
    "measure",
    "Chinese word segmentation: counts words, writes them on request",
    include_str!("words.rs"),
    || schemars::schema_for!(Words),
    |json| build::<Words, _>(json, Ok),
)
.signals(&[
    signal("word_count", Kind::Int),
    SignalEntry { name: WORDS, kind: Kind::Words, option: Some("column = true") },
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_and_column_agree() {
        let texts = ["我来到北京清华大学。", "Hello, world!"];
        let mut out = Vec::new();
        Words { column: false }.measure(&texts, &mut out);
        Words { column: true }.measure(&texts, &mut out);
        let list = ["我", "来到", "北京", "清华大学", "Hello", "world"].map(str::to_owned).to_vec();
        assert_eq!(out, [Value::Int(6), Value::Int(6), Value::Words(list)]);
        assert_eq!(Words { column: true }.columns().len(), 2);
        assert_eq!(
            (ENTRY.build)(serde_json::json!({})).ok().map(|b| b.1),
            Some(serde_json::json!({ "column": false }))
        );
    }
}
