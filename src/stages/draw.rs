//! A seeded random number for each row, the same for all rows that begin alike: what splits are made of.
//!
//! # What it does
//! `draw` is a number from 0 up to 1, a hash of `seed` and the row's first text: the document, the input of a task, the
//! first turn of a dialogue or of a preference's prompt. It says nothing of the row's id, source or use, so that the
//! same question draws the same number wherever it stands. A `keep` on it cuts a corpus into parts that share no
//! question: training and validation, or the three phases of RLHF. `of = "all"` hashes all texts of the row; rows that
//! all begin with the same system prompt need that.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run  = "draw"
//! seed = 1234
//!
//! [[stage]]
//! run  = "keep"
//! name = "reward"
//! only = { use = ["rlhf"] }
//! draw = { min = 0.2, max = 0.6 }   # four tenths; another stage keeps another part for another source
//! ```
//!
//! # Limits
//! Shares are met in expectation, not to the row. It looks at the text as the stages before left it: let `normalize`
//! come first where sources write the same text differently.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::resources::Resource;
use super::{Column, Entry, Kind, Measure, RowWork, Stage, Value, build, measuring, signal};
use crate::Result;

/// Which texts of a row make its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// The first one.
    #[default]
    First,
    /// All of them.
    All,
}

/// Options of `draw`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Draw {
    /// Another seed draws other numbers.
    pub seed: u64,
    /// Which texts of a row make its number: `first` or `all`.
    pub of: Of,
}

impl Stage for Draw {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal("draw", Kind::Float)]
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(measuring(self.columns(), *self))
    }
}

impl Measure for Draw {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        let wanted = if self.of == Of::All { texts.len() } else { texts.len().min(1) };
        let mut hash = Xxh3::with_seed(self.seed);
        for text in &texts[..wanted] {
            hash.update(text.as_bytes());
            hash.update(&[0]);
        }
        // The upper 53 bits are what a float holds exactly.
        let number = (hash.digest() >> 11) as f64 / (1u64 << 53) as f64;
        out.push(if wanted == 0 { Value::Null } else { Value::Float(number) });
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "draw",
    "measure",
    "a seeded number for each row, to cut splits that share no question",
    include_str!("draw.rs"),
    || schemars::schema_for!(Draw),
    |json| build::<Draw, _>(json, Ok),
)
.signals(&[signal("draw", Kind::Float)]);

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, of: Of, texts: &[&str]) -> f64 {
        let mut out = Vec::new();
        Draw { seed, of }.measure(texts, &mut out);
        let [Value::Float(number)] = out[..] else { panic!("{out:?}") };
        number
    }

    #[test]
    fn numbers_are_even_and_follow_the_first_text() {
        let below = (0..10_000).filter(|i| draw(7, Of::First, &[&format!("问题{i}")]) < 0.2).count();
        assert!((1_880..2_120).contains(&below), "{below}");
        assert_eq!(draw(7, Of::First, &["问", "甲"]), draw(7, Of::First, &["问", "乙"]));
        assert_ne!(draw(7, Of::All, &["问", "甲"]), draw(7, Of::All, &["问", "乙"]));
        assert_ne!(draw(7, Of::First, &["问"]), draw(8, Of::First, &["问"]));
        let mut out = Vec::new();
        Draw::default().measure(&[], &mut out);
        assert_eq!(out, [Value::Null]);
    }
}
