//! Exact deduplication: of rows with the same content, address, prompt or field, one stays, or a few.
//!
//! # What it does
//! The key of a row is the xxh3-128 of its content as the stages before left it, per use: the text of a document, both
//! sides of a task pair, the roles and contents of a dialogue, prompt and both answers of a preference; and its label, the
//! tools on offer and the answers to choose from, where it has them: two verdicts that contradict each other are no
//! duplicates. With `by`, the key is something else instead:
//!
//! - `page`: the `url` in one form (without scheme, `www.`, fragment, tracking parameters and closing slash);
//! - `prompt`: what is asked, as the stages before left it: a dialogue up to its last answer, the `prompt` of a
//!   preference, the `input` of a task. Rows with one prompt and different answers have the same key;
//! - a field: `id`, `url` as it stands, `subset`, a text column of the use (`input`), or a field of `meta`, nested by dots.
//!
//! Rows without it are never duplicates of each other.
//!
//! # Which row stays
//! The one of the source with the highest `priority`, else the first in source order; `keep = "longest"` prefers more
//! bytes of text (only useful with `by`). With `most = 3`, as many as three stay: of a prompt with ten answers, the first
//! (or longest) three; or every one, where `exact_dedup` is left out. Rows that go have the reason `exact_duplicate`, or
//! `same_prompt`; `kept_id` is the first of those that stay.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "exact_dedup"
//! by  = "page"
//! ```
//!
//! # Limits
//! Equal after `normalize` counts as equal only if `normalize` runs before. State: 24 bytes a row, sorted on disk.

mod key;
mod pass;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::global::GlobalPass;
use super::resources::Resource;
use super::{Column, Entry, Kind, RowWork, Stage, build};
use crate::Result;

/// Which of the rows stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// The first in source order.
    #[default]
    First,
    /// The one with most bytes of text; of equals, the first.
    Longest,
}

/// Options of `exact_dedup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExactDedup {
    /// What makes two rows the same: `content`, `page`, `prompt`, or a field: `id`, `url`, `subset`, a text column of the
    /// use, or a field of `meta` (nested by dots).
    pub by: String,
    /// Which of them stays.
    pub keep: Prefer,
    /// How many of them stay: at least 1.
    pub most: u32,
}

impl Default for ExactDedup {
    fn default() -> Self {
        ExactDedup { by: CONTENT.into(), keep: Prefer::First, most: 1 }
    }
}

/// The word for "the whole content".
pub const CONTENT: &str = "content";

/// The word for "the address in its one form".
pub const PAGE: &str = "page";
/// The word for "what is asked".
pub const PROMPT: &str = "prompt";

impl ExactDedup {
    /// The reason of rows that go.
    pub fn reason(&self) -> &'static str {
        if self.by == PROMPT { "same_prompt" } else { "exact_duplicate" }
    }
}

impl ExactDedup {
    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.by.trim().is_empty() {
            return Err("`by` names no field; say `content`, `id`, `url`, or a field of the rows".into());
        }
        if self.most == 0 {
            return Err("`most` is 0: nothing would stay; the least is 1".into());
        }
        Ok(self)
    }
}

impl Stage for ExactDedup {
    fn columns(&self) -> Vec<Column> {
        vec![Column::hidden("key", Kind::Key)]
    }

    fn measured(&self, _options: &Json) -> Json {
        json!(ExactDedup { by: self.by.clone(), ..ExactDedup::default() })
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(key::Keys(self.by.clone()))))
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[
    (
        "exact_duplicate",
        "Another row has the same content (or id, or url, as `by` of `exact_dedup` says); `kept_id` names the one that stayed. To prefer another one, give its source a higher `priority`",
    ),
    (
        "same_prompt",
        "As many rows as `most` of `exact_dedup` allows have the same prompt already; `kept_id` names the first of them. Raise `most` to keep more answers",
    ),
];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "exact_dedup",
    "whole",
    "of rows with the same content, page, prompt or field one stays, or a few",
    include_str!("mod.rs"),
    || schemars::schema_for!(ExactDedup),
    |json| build(json, ExactDedup::checked),
)
.reasons(REASONS);
