//! Counts words; on request keeps them as a column.
//!
//! # What it does
//! Adds `word_count`. Chinese is cut by jieba with its own dictionary and a hidden Markov model for unknown words, all
//! else at Unicode's word boundaries; punctuation, signs and white space are no words. With `column = true` the words
//! themselves follow as `words`, a list, for stages and readers that need them. The turns of a dialogue count together.
//!
//! `dictionary` names a file of words of your own, in the format of jieba's user dictionaries: a word a line, behind it
//! its frequency and its tag where you know them (`云计算 5 n`). They are added to jieba's dictionary; another file measures
//! again.
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

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::{Need, Resource};
use super::{
    Column, Entry, Kind, Measure, RowWork, Shown, SignalEntry, Stage, Value, build, dictionary, measuring, signal,
};
use crate::Result;
use crate::text::words::{self, Dictionary};

/// Options of `words`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// Whether the words are written as the column `words`.
    pub column: bool,
    /// The file of words of your own; relative to the recipe's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dictionary: Option<String>,
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

    fn needs(&self) -> Vec<Need> {
        dictionary::needs(self.dictionary.as_ref())
    }

    fn check(&self, files: &[Resource]) -> Result<()> {
        dictionary::of(files).map(drop)
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(measuring(self.columns(), Cutter { column: self.column, dictionary: dictionary::of(files)? }))
    }
}

/// The work of one thread.
struct Cutter {
    column: bool,
    dictionary: Option<Arc<Dictionary>>,
}

impl Measure for Cutter {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        let (mut count, mut list) = (0, Vec::new());
        for text in texts {
            match (&self.dictionary, self.column) {
                (Some(own), true) => own.each(text, |word| list.push(word.to_owned())),
                (None, true) => words::each(text, |word| list.push(word.to_owned())),
                (Some(own), false) => count += own.count(text),
                (None, false) => count += words::count(text),
            }
        }
        let none = texts.is_empty();
        out.push(if none { Value::Null } else { Value::Int((count + list.len()) as i64) });
        out.extend(self.column.then_some(if none { Value::Null } else { Value::Words(list) }));
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
    SignalEntry { option: Some("column = true"), ..signal(WORDS, Kind::Words) },
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_and_column_agree() {
        let texts = ["我来到北京清华大学。", "Hello, world!"];
        let mut out = Vec::new();
        Cutter { column: false, dictionary: None }.measure(&texts, &mut out);
        Cutter { column: true, dictionary: None }.measure(&texts, &mut out);
        let list = ["我", "来到", "北京", "清华大学", "Hello", "world"].map(str::to_owned).to_vec();
        assert_eq!(out, [Value::Int(6), Value::Int(6), Value::Words(list)]);
        assert_eq!(Words { column: true, dictionary: None }.columns().len(), 2);
        let dictionary = Dictionary::with_words("北京清华大学 9 nt").ok().map(Arc::new);
        Cutter { column: true, dictionary }.measure(&texts[..1], &mut out);
        let list = ["我", "来到", "北京清华大学"].map(str::to_owned).to_vec();
        assert_eq!(out[3..], [Value::Int(3), Value::Words(list)]);
        assert_eq!(
            (ENTRY.build)(serde_json::json!({})).ok().map(|b| b.1),
            Some(serde_json::json!({ "column": false }))
        );
    }
}
