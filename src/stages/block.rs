//! Block lists: rows that are named by id, URL, domain or content go, whatever they say.
//!
//! # What it does
//! Reads lists, one entry a line; empty lines and what follows a `#` at the start of a line, or after white space, is
//! comment. A row goes when it is on one of them, with the reason and, as `value`, the entry:
//!
//! - `ids`: the id of the row, as the source has it or as the output would (`blocked_id`).
//! - `urls`: its `url`, both in one form: without scheme, `www.`, fragment, tracking parameters and closing slash
//!   (`blocked_url`).
//! - `domains`: the host of its `url`, or any domain above it: `example.org` blocks `news.example.org`
//!   (`blocked_domain`).
//! - `keys`: the SHA-256 of its text as the stages before left it, 64 hex digits; the texts of a dialogue or pair have a
//!   newline between them (`blocked_content`). `printf %s TEXT | sha256sum` prints one.
//!
//! This is where opt-outs and takedowns go.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run     = "block"
//! domains = "lists/opted-out.txt"
//! ids     = "lists/takedowns.txt"
//! ```
//!
//! # Limits
//! Paths are relative to the recipe's folder. A list is held in memory, about 80 bytes an entry. Another list decides
//! again, and reads nothing again. A copy of a blocked row is another row: put `exact_dedup` or `near_dedup` behind, not
//! before, and block by content where copies must go as well.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{Entry, Stage, module_docs, options};

/// Options of `block`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Block {
    /// The file of ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<String>,
    /// The file of URLs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls: Option<String>,
    /// The file of domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<String>,
    /// The file of content keys: SHA-256, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
}

/// By what a row is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Its id.
    Id,
    /// Its address.
    Url,
    /// The domain of its address.
    Domain,
    /// The SHA-256 of its text.
    Content,
}

impl By {
    /// The option that names such a list.
    pub fn option(self) -> &'static str {
        match self {
            By::Id => "ids",
            By::Url => "urls",
            By::Domain => "domains",
            By::Content => "keys",
        }
    }

    /// The reason of rows that are on such a list.
    pub fn reason(self) -> &'static str {
        match self {
            By::Id => "blocked_id",
            By::Url => "blocked_url",
            By::Domain => "blocked_domain",
            By::Content => "blocked_content",
        }
    }
}

impl Block {
    /// The lists, with their paths.
    pub fn lists(&self) -> Vec<(By, &str)> {
        let all = [(By::Id, &self.ids), (By::Url, &self.urls), (By::Domain, &self.domains), (By::Content, &self.keys)];
        all.into_iter().filter_map(|(by, path)| Some((by, path.as_deref()?))).collect()
    }

    /// Whether a row needs columns for it: its id it has anyway.
    pub fn measures(&self) -> bool {
        self.urls.is_some() || self.domains.is_some() || self.keys.is_some()
    }

    /// The options on which the columns of a row depend: which lists there are, not what they say.
    pub fn measured(&self) -> Json {
        let named = |path: &Option<String>| path.as_ref().map(|_| "-".to_owned());
        json!(Block { ids: None, urls: named(&self.urls), domains: named(&self.domains), keys: named(&self.keys) })
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "block",
    kind: "keep",
    about: "rows named by id, URL, domain or content in block lists go",
    docs: module_docs(include_str!("block.rs")),
    schema: || schemars::schema_for!(Block),
    build: |json| {
        let (stage, resolved) = options::<Block>(json)?;
        if stage.lists().is_empty() {
            return Err("it names no list; give `ids`, `urls`, `domains` or `keys`, each a file".into());
        }
        Ok((Stage::Block(stage), resolved))
    },
};
