//! Repeated stretches of text, wherever in a line they stand: copied passages, quoted notices, templates. Cut, or rows made of them go.
//!
//! # What it does
//! A stretch of at least `min_chars` characters that stands in the rows more than once, in two rows or in one, is
//! *repeated*. The texts of a row (turns, sides) are one text with newlines between. Text is compared as it stands: put
//! `normalize` before it where widths or spaces should not count. The comparison is exact, by 88 bits of a hash, and of
//! characters, never of bytes.
//!
//! - `keep = "first"`: where a stretch stands first, in source order, it stays. So every character that is cut stands
//!   somewhere before it, in text that stays.
//! - `keep = "none"`: it stays nowhere.
//!
//! What overlaps its own first place is no repeat: of a line of 10,000 dashes the first `min_chars` stay.
//!
//! # What becomes of them
//! - `action = "cut"`: they are taken out. With `whole = "sentences"` (the default) only sentences that lie wholly in
//!   a repeated stretch go, so no sentence is left in halves: sentences end at `。！？；…` and `!?`, at a full stop
//!   before a space, and at the end of a line. `whole = "characters"` cuts to the character. The stages behind see, and
//!   measure, the rest; a row of which nothing is left goes. `build.json` counts rows and bytes that were cut.
//! - `action = "drop"`: a row goes if at least `share` of its text, in bytes, is what would be cut.
//!
//! Rows that go have the reason `repeated_text`, the share as `value`, `min_chars` (and `share`) as `limit`, and the
//! stretches as `spans`.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run       = "substring_dedup"
//! min_chars = 100                # about 60 tokens of Chinese; 200 for English is about 50
//! ```
//!
//! # Limits
//! Put `exact_dedup` and `near_dedup` before it: rows that are copies go whole there, and cost less. What comes together
//! when a stretch is cut from between is not compared again. Rows that lose something are read and measured once more.
//! State on disk: about 24
//! bytes for every `min_chars` characters in the unit files, and twice as much while it runs; then the text of the rows
//! that may have repeats, and 16 bytes for each of their characters that may be in one.

mod parts;
mod pass;
mod records;
mod windows;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::global::GlobalPass;
use super::global::Scope;
use super::line_dedup::Action;
use super::marks::{self, Fate};
use super::resources::Resource;
use super::rule::number;
use super::{Column, Effect, Entry, RowWork, Stage, build};
use crate::Result;

/// Which of the repeated stretches stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stay {
    /// The first of each.
    #[default]
    First,
    /// None.
    None,
}

/// What is cut at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Whole {
    /// Sentences.
    #[default]
    Sentences,
    /// Characters.
    Characters,
}

/// Options of `substring_dedup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SubstringDedup {
    /// Characters of a stretch that counts, at least: 10 to 100,000.
    pub min_chars: u32,
    /// What becomes of repeated stretches: `cut`, or (of rows) `drop`.
    pub action: Action,
    /// Which of them stay: the `first`, or `none`.
    pub keep: Stay,
    /// What goes as a whole: `sentences`, or `characters`.
    pub whole: Whole,
    /// The share of a row's text that must be repeated for it to go, to drop: above 0, at most 1.
    pub share: f64,
    /// Within what rows are compared: `use`, `source`, or `all`.
    pub scope: Scope,
}

impl Default for SubstringDedup {
    fn default() -> Self {
        SubstringDedup {
            min_chars: 100,
            action: Action::Cut,
            keep: Stay::First,
            whole: Whole::Sentences,
            share: 0.5,
            scope: Scope::Use,
        }
    }
}

impl SubstringDedup {
    /// What becomes of what is repeated.
    fn fate(&self) -> Fate {
        Fate { cuts: self.cuts(), reason: REASON, limit: self.limit() }
    }

    /// Whether text is cut.
    pub fn cuts(&self) -> bool {
        self.action == Action::Cut
    }

    /// What a dropped row has crossed.
    pub fn limit(&self) -> String {
        match self.action {
            Action::Cut => format!("{} characters", self.min_chars),
            Action::Drop => format!("{} characters, share {}", self.min_chars, number(self.share)),
        }
    }

    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if !(10..=100_000).contains(&self.min_chars) {
            return Err(format!("`min_chars` is {}; 10 to 100,000 are possible", self.min_chars));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(format!("`share` is {}; it lies above 0 and is at most 1", self.share));
        }
        Ok(self)
    }
}

impl Stage for SubstringDedup {
    fn columns(&self) -> Vec<Column> {
        marks::columns(COLUMN, self.cuts())
    }

    fn measured(&self, _options: &Json) -> Json {
        json!(SubstringDedup { min_chars: self.min_chars, action: self.action, ..SubstringDedup::default() })
    }

    fn effect(&self) -> Effect {
        self.fate().effect()
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(records::Stretches::new(self))))
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

/// The column of the stage: the anchors of a row, ascending, twice where one stands in it twice.
const COLUMN: &str = "anchors_key";
/// The reason of rows that go.
const REASON: &str = "repeated_text";

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    REASON,
    "The row is made of stretches that stand elsewhere too: `value` is their share of its text, `limit` the `min_chars` (and `share`) of `substring_dedup`, `spans` the stretches. Raise `min_chars`, or cut them out with `action = \"cut\"`",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "substring_dedup",
    "whole",
    "stretches of text that stand elsewhere too are cut, or rows made of them go",
    include_str!("mod.rs"),
    || schemars::schema_for!(SubstringDedup),
    |json| build(json, SubstringDedup::checked),
)
.reasons(REASONS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let wrong = |json| (ENTRY.build)(json).err();
        assert_eq!(wrong(json!({})), None);
        assert_eq!(wrong(json!({"action": "drop", "keep": "none", "whole": "characters", "share": 1})), None);
        assert!(wrong(json!({"min_chars": 9})).unwrap().contains("min_chars"));
        assert!(wrong(json!({"share": 0})).unwrap().contains("share"));
    }
}
