//! Segments text into words, and counts them.
//!
//! # What it does
//! Adds `word_count`. Chinese is cut by jieba, other languages at Unicode's word boundaries; white space and
//! punctuation are no words. With `column = true` the words themselves are written as the column `words`.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run    = "words"
//! column = true
//! ```
//!
//! # Limits
//! jieba's dictionary is Simplified: Traditional text is cut into more one-character words. Writing `words` makes the
//! output about twice as large.

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

impl Measure for Words {
    fn signals(&self) -> Vec<Signal> {
        let mut signals = vec![Signal { name: "word_count", kind: Kind::Int }];
        if self.column {
            signals.push(Signal { name: "words", kind: Kind::Words });
        }
        signals
    }

    fn measure(&self, texts: &[&str], out: &mut Vec<Value>) {
        if !self.column {
            out.push(Value::Int(texts.iter().map(|text| words::count(text) as i64).sum()));
            return;
        }
        let mut all = Vec::new();
        texts.iter().for_each(|text| words::each(text, |word| all.push(word.to_owned())));
        out.extend([Value::Int(all.len() as i64), Value::Words(all)]);
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
