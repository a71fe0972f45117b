//! Listed words: how many words of a list a text holds, for 1,000 of its characters.
//!
//! # What it does
//! Reads a list, one word a line, and counts how often any of them stands in the texts of a row. The signal
//! `listed_words` is that count for 1,000 characters; a row without text has none.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run  = "listed_words"
//! list = "words.txt"
//! ```
//!
//! # Limits
//! The list is held in memory, once for all threads. Another list measures everything again. A word inside a longer one
//! counts.
use serde::{Deserialize, Serialize};

use super::resources::{Need, Resource, Shared, Wanted};
use super::{Column, Entry, Kind, Measure, RowWork, Stage, Value, build, measuring, signal};
use crate::{Error, Result};

/// Options of `listed_words`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedWords {
    /// The file of words, one a line; relative to the recipe's folder.
    pub list: String,
}

/// Lists that were read lately: a model would be held in the same way.
static LISTS: Shared<Vec<String>> = Shared::new();

impl Stage for ListedWords {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal("listed_words", Kind::Float)]
    }

    fn needs(&self) -> Vec<Need> {
        // What rows are measured by: its hash is in the fingerprint of the scan.
        vec![Need { option: "list", name: self.list.clone(), wanted: Wanted::File, for_rows: true }]
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let words = match files {
            [file] => LISTS.get(&file.sha256, || {
                let text = std::fs::read_to_string(&file.path).map_err(Error::io(&file.path))?;
                Ok(text.lines().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
            })?,
            _ => return Err(Error::Engine("`listed_words` reads one list".into())),
        };
        Ok(measuring(self.columns(), Counter { words }))
    }
}

/// Counts; one a thread, so that it may keep scratch of its own.
struct Counter {
    words: std::sync::Arc<Vec<String>>,
}

impl Measure for Counter {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        let chars: usize = texts.iter().map(|text| text.chars().count()).sum();
        let found = |text: &&str| self.words.iter().map(|word| text.matches(word.as_str()).count()).sum::<usize>();
        let hits: usize = texts.iter().map(found).sum();
        out.push(if chars == 0 { Value::Null } else { Value::Float(hits as f64 * 1000.0 / chars as f64) });
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "listed_words",
    "measure",
    "how many words of a list a text holds, for 1,000 characters",
    include_str!("stage.rs"),
    || schemars::schema_for!(ListedWords),
    |json| build::<ListedWords, _>(json, Ok),
)
.signals(&[signal("listed_words", Kind::Float)]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_for_a_thousand_characters() {
        let mut out = Vec::new();
        let words = std::sync::Arc::new(vec!["猫".to_owned(), "dog".to_owned()]);
        Counter { words }.measure(&["猫和猫", "a dog"], &mut out);
        assert_eq!(out, [Value::Float(3.0 * 1000.0 / 8.0)]);
    }
}
