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

use super::{Entry, Kind, Measure, Signal, Stage, Value, module_docs, options};
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

impl Measure for Words {
    fn signals(&self) -> Vec<Signal> {
        let mut signals = vec![Signal { name: "word_count", kind: Kind::Int }];
        if self.column {
            signals.push(Signal { name: WORDS, kind: Kind::Words });
        }
        signals
    }

    fn measure(&self, texts: &[&str], out: &mut Vec<Value>) {
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
pub const ENTRY: Entry = Entry {
    name: "words",
    kind: "measure",
    about: "Chinese word segmentation: counts words, writes them on request",
    docs: module_docs(include_str!("words.rs")),
    schema: || schemars::schema_for!(Words),
    build: |json| {
        let (stage, resolved) = options::<Words>(json)?;
        Ok((Stage::Measure(Box::new(stage)), resolved))
    },
};

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
        assert_eq!(Words { column: true }.signals().len(), 2);
        assert_eq!(
            (ENTRY.build)(serde_json::json!({})).ok().map(|b| b.1),
            Some(serde_json::json!({ "column": false }))
        );
    }
}
