//! Exact deduplication: of rows with the same content, one stays.
//!
//! # What it does
//! The key of a row is the xxh3-128 of its content as the stages before left it, per use: the text of a document, both
//! sides of a task pair, the roles and contents of a dialogue, prompt and both answers of a preference. With `by`, the
//! key is a named field instead: `id`, `url`, `subset`, a text column of the use (`input`, `prompt` is none: it is a
//! dialogue), or a field of `meta`, nested by dots. Rows without that field are never duplicates of each other.
//!
//! # Which row stays
//! The one of the source with the highest `priority`, else the first in source order; `keep = "longest"` prefers more
//! characters of text (only useful with `by`).
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "exact_dedup"
//! by  = "url"
//! ```
//!
//! # Limits
//! Equal after `normalize` counts as equal only if `normalize` runs before. State: 24 bytes a row, sorted on disk.

use serde::{Deserialize, Serialize};

use super::{Entry, Stage, module_docs, options};

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
    /// What makes two rows the same: `content`, or a field: `id`, `url`, `subset`, a text column of the use, or a field
    /// of `meta` (nested by dots).
    pub by: String,
    /// Which of them stays.
    pub keep: Prefer,
}

impl Default for ExactDedup {
    fn default() -> Self {
        ExactDedup { by: CONTENT.into(), keep: Prefer::First }
    }
}

/// The word for "the whole content".
pub const CONTENT: &str = "content";

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "exact_dedup",
    kind: "whole",
    about: "of rows with the same content (or id, or url) one stays",
    docs: module_docs(include_str!("exact_dedup.rs")),
    schema: || schemars::schema_for!(ExactDedup),
    build: |json| {
        let (stage, resolved) = options::<ExactDedup>(json)?;
        if stage.by.trim().is_empty() {
            return Err("`by` names no field; say `content`, `id`, `url`, or a field of the rows".into());
        }
        Ok((Stage::ExactDedup(stage), resolved))
    },
};
