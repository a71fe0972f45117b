//! Lines and paragraphs that many rows have: menus, licences, disclaimers. They are cut, or rows that are made of them go.
//!
//! # What it does
//! A row is cut into lines (`unit = "line"`) or paragraphs (`"paragraph"`: blank lines lie between), each trimmed. One
//! that stands in at least `documents` rows is *repeated*; how often it stands in one row does not matter. Those with
//! fewer than `min_chars` characters are never looked at: `}`, `---` or `答：` say nothing of where a text is from, and
//! code and tables would lose them. The comparison is exact, by 88 bits of a hash.
//!
//! # What becomes of them
//! - `action = "cut"`: every repeated line is taken out of every row (`keep = "first"`: but for the first row that has
//!   it, in source order). The stages behind see, and measure, the text without them; a row of which nothing is left goes.
//!   `build.json` counts rows and bytes that were cut.
//! - `action = "drop"`: a row goes if at least `share` of its text, in bytes, is repeated lines.
//!
//! Rows that go have the reason `repeated_lines`, the share as `value`, `documents` (and `share`) as `limit`, and the
//! lines as `spans`.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run       = "line_dedup"
//! documents = 20
//! ```
//!
//! # Limits
//! Rows that lose something are read and measured once more; the others are as they were scanned. Signals that are not
//! measured again are of the text before. A line that differs in a date or a name is another line. State on disk: 16 bytes a line in the
//! unit files, and as much again while it runs, and for every repeated one.

mod pass;
mod records;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::global::GlobalPass;
use super::global::Scope;
use super::marks::{self, Fate};
use super::resources::Resource;
use super::rule::number;
use super::{Column, Effect, Entry, RowWork, Stage, build};
use crate::Result;

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Lines.
    #[default]
    Line,
    /// Stretches without a blank line.
    Paragraph,
}

/// What becomes of repeated lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// They are taken out.
    #[default]
    Cut,
    /// Rows that have too much of them go.
    Drop,
}

/// Which of the repeated lines stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stay {
    /// None.
    #[default]
    None,
    /// Those of the first row that has them.
    First,
}

/// Options of `line_dedup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LineDedup {
    /// What is compared: `line`, or `paragraph`.
    pub unit: Unit,
    /// Rows that have a line before it counts as repeated: at least 2.
    pub documents: u32,
    /// Characters that a line has at least, or it is not looked at.
    pub min_chars: u32,
    /// What becomes of repeated lines: `cut`, or (of rows) `drop`.
    pub action: Action,
    /// Which repeated lines stay, to cut: `none`, or those of the `first` row.
    pub keep: Stay,
    /// The share of a row's text that must be repeated for it to go, to drop: above 0, at most 1.
    pub share: f64,
    /// Within what rows are counted: `use`, `source`, or `all`.
    pub scope: Scope,
}

impl Default for LineDedup {
    fn default() -> Self {
        LineDedup {
            unit: Unit::Line,
            documents: 10,
            min_chars: 10,
            action: Action::Cut,
            keep: Stay::None,
            share: 0.5,
            scope: Scope::Use,
        }
    }
}

impl LineDedup {
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
            Action::Cut => format!("{} documents", self.documents),
            Action::Drop => format!("{} documents, share {}", self.documents, number(self.share)),
        }
    }

    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.documents < 2 {
            return Err(format!("`documents` is {}; the least is 2", self.documents));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(format!("`share` is {}; it lies above 0 and is at most 1", self.share));
        }
        if self.action == Action::Drop && self.keep == Stay::First {
            return Err("`keep = \"first\"` goes with `action = \"cut\"`".into());
        }
        Ok(self)
    }
}

impl Stage for LineDedup {
    fn columns(&self) -> Vec<Column> {
        marks::columns(COLUMN, self.cuts())
    }

    fn measured(&self, _options: &Json) -> Json {
        let all = LineDedup { unit: self.unit, min_chars: self.min_chars, action: self.action, ..LineDedup::default() };
        json!(all)
    }

    fn effect(&self) -> Effect {
        self.fate().effect()
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(records::Lines(self.clone()))))
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

/// The column of the stage: the records of the lines.
const COLUMN: &str = "lines_key";
/// The reason of rows that go.
const REASON: &str = "repeated_lines";

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    REASON,
    "The row is made of lines that many rows have: `value` is their share of its text, `limit` the `documents` (and `share`) of `line_dedup`, `spans` the lines. Raise `documents`, or cut them out with `action = \"cut\"`",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "line_dedup",
    "whole",
    "lines that many rows have are cut, or rows made of them go",
    include_str!("mod.rs"),
    || schemars::schema_for!(LineDedup),
    |json| build(json, LineDedup::checked),
)
.reasons(REASONS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let wrong = |json| (ENTRY.build)(json).err();
        assert_eq!(wrong(json!({})), None);
        assert!(wrong(json!({"documents": 1})).unwrap().contains("documents"));
        assert!(wrong(json!({"share": 0})).unwrap().contains("share"));
        assert!(wrong(json!({"action": "drop", "keep": "first"})).unwrap().contains("cut"));
    }
}
