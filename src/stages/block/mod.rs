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

mod lists;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::judge::Judge;
use super::resources::{Need, Resource, Wanted};
use super::{Column, Entry, Kind, Reads, RowWork, Stage, build};
use crate::Result;

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

    /// The column in which such a list is looked up; ids have none of their own.
    fn column_name(self) -> Option<&'static str> {
        self.column().and_then(|column| match column.name {
            std::borrow::Cow::Borrowed(name) => Some(name),
            std::borrow::Cow::Owned(_) => None,
        })
    }

    /// The same, with its type: key of the address in its one form, its host, or key of the text.
    fn column(self) -> Option<Column> {
        match self {
            By::Id => None,
            By::Url => Some(Column::hidden("url_key", Kind::Key)),
            By::Domain => Some(Column::hidden("host_key", Kind::Text)),
            By::Content => Some(Column::hidden("text_key", Kind::Key)),
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
}

impl Block {
    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.lists().is_empty() {
            return Err("it names no list; give `ids`, `urls`, `domains` or `keys`, each a file".into());
        }
        Ok(self)
    }
}

impl Stage for Block {
    fn columns(&self) -> Vec<Column> {
        self.lists().into_iter().filter_map(|(by, _)| by.column()).collect()
    }

    /// Which lists there are, not what they say.
    fn measured(&self, _options: &Json) -> Json {
        let named = |path: &Option<String>| path.as_ref().map(|_| "-".to_owned());
        json!(Block { ids: None, urls: named(&self.urls), domains: named(&self.domains), keys: named(&self.keys) })
    }

    fn needs(&self) -> Vec<Need> {
        let need = |(by, path): (By, &str)| Need {
            option: by.option(),
            name: path.to_owned(),
            wanted: Wanted::File,
            for_rows: false,
        };
        self.lists().into_iter().map(need).collect()
    }

    fn check(&self, files: &[Resource]) -> Result<()> {
        self.open_lists(files).map(drop)
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(lists::Keys(self.lists().into_iter().map(|l| l.0).collect()))))
    }

    fn reads(&self) -> Option<Vec<Reads>> {
        let columns = self.lists().into_iter().filter_map(|(by, _)| by.column_name());
        Some(columns.map(Reads::Own).chain([Reads::Id]).collect())
    }

    fn judge(&self, files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(Some(Box::new(lists::Lists(self.open_lists(files)?))))
    }
}

impl Block {
    /// The lists, read: by what, as the recipe names the file, and what it says.
    fn open_lists(&self, files: &[Resource]) -> Result<Vec<(By, String, Arc<lists::List>)>> {
        let open = |((by, _), file): ((By, &str), &Resource)| Ok((by, file.shown.clone(), lists::list(by, file)?));
        self.lists().into_iter().zip(files).map(open).collect()
    }
}

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[
    (
        "blocked_id",
        "The row's id is on a list of `block`: `value` is the entry, `limit` the file. Take the entry out to keep the row",
    ),
    (
        "blocked_url",
        "The row's url is on a list of `block`, both without scheme, `www.` and tracking parameters: `value` is the entry, `limit` the file",
    ),
    (
        "blocked_domain",
        "The row's url lies under a domain on a list of `block`: `value` is the domain, `limit` the file",
    ),
    (
        "blocked_content",
        "The SHA-256 of the row's text is on a list of `block`: `value` is the entry, `limit` the file. A text that a stage before changed has another key",
    ),
];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "block",
    "keep",
    "rows named by id, URL, domain or content in block lists go",
    include_str!("mod.rs"),
    || schemars::schema_for!(Block),
    |json| build(json, Block::checked),
)
.reasons(REASONS);
