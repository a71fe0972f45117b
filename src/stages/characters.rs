//! Counts characters, and the shares of Han, Latin, digits, punctuation and white space.
//!
//! # What it does
//! Adds `chars` and `bytes` (of UTF-8), and as shares of all characters, 0 to 1: `han_ratio`, `latin_ratio`,
//! `digit_ratio`, `punct_ratio`, `space_ratio`. Punctuation is ASCII's and that of other scripts, Chinese and full width
//! among it; digits are those of any script and signs such as `①`, but not `一`. The turns of a dialogue count together.
//!
//! # Example
//! A `keep` that names one of these signals has them measured by itself:
//! ```toml
//! [[stage]]
//! run       = "keep"
//! chars     = { min = 50 }
//! han_ratio = { min = 0.3 }
//! ```
//!
//! # Limits
//! Characters are code points: an emoji of several counts as several. The shares do not add up to 1: other scripts,
//! symbols and control characters are in none. A row without characters has no shares.

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Entry, Kind, Measure, RowWork, Stage, Value, build, measuring, signal};
use crate::Result;
use crate::text::classes::{Counts, DIGIT, LATIN, PUNCT, SPACE};

/// Options of `characters`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Characters {}

impl Stage for Characters {
    fn columns(&self) -> Vec<Column> {
        vec![
            Column::signal("chars", Kind::Int),
            Column::signal("bytes", Kind::Int),
            Column::signal("han_ratio", Kind::Float),
            Column::signal("latin_ratio", Kind::Float),
            Column::signal("digit_ratio", Kind::Float),
            Column::signal("punct_ratio", Kind::Float),
            Column::signal("space_ratio", Kind::Float),
        ]
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(measuring(self.columns(), self.clone()))
    }
}

impl Measure for Characters {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        let mut counts = Counts::default();
        texts.iter().for_each(|text| counts.add(text));
        let int = |n: usize| if texts.is_empty() { Value::Null } else { Value::Int(n as i64) };
        let share = |n: usize| if counts.bytes == 0 { Value::Null } else { Value::Float(counts.share(n)) };
        out.extend([int(counts.chars()), int(counts.bytes), share(counts.han())]);
        out.extend([LATIN, DIGIT, PUNCT, SPACE].map(|class| share(counts.get(class))));
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "characters",
    "measure",
    "length, and shares of Han, Latin, digits, punctuation and white space",
    include_str!("characters.rs"),
    || schemars::schema_for!(Characters),
    |json| build::<Characters, _>(json, Ok),
)
.signals(&[
    signal("chars", Kind::Int),
    signal("bytes", Kind::Int),
    signal("han_ratio", Kind::Float),
    signal("latin_ratio", Kind::Float),
    signal("digit_ratio", Kind::Float),
    signal("punct_ratio", Kind::Float),
    signal("space_ratio", Kind::Float),
])
.implied();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_over_all_texts() {
        let mut out = Vec::new();
        Characters {}.measure(&["中文，a1 ", "Bc\n好"], &mut out);
        let float = Value::Float;
        let want = [Value::Int(10), Value::Int(18), float(0.3), float(0.3), float(0.1), float(0.1), float(0.2)];
        assert_eq!(out, want);
        assert_eq!(out.len(), Characters {}.columns().len());
        out.clear();
        Characters {}.measure(&[""], &mut out);
        assert_eq!(out[..3], [Value::Int(0), Value::Int(0), Value::Null]);
        out.clear();
        Characters {}.measure(&[], &mut out);
        assert_eq!(out, vec![Value::Null; 7]);
    }
}
