//! Normalises text by class of character.
//!
//! # What it does
//! Full-width letters and digits become ASCII while Chinese punctuation stays; control and zero-width characters go;
//! every kind of space becomes a plain one and every kind of line break `\n`; Kangxi radicals and compatibility
//! ideographs become the usual ones; the rest is NFC. Spaces at line ends go, of several blank lines one stays.
//!
//! # Why not NFKC
//! NFKC turns ，！？（） into ASCII, which no Chinese text wants.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "normalize"
//! ```
//!
//! # Limits
//! Spaces within a line stay as they are: code and tables live by them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Clean, Entry, Stage, module_docs, options};
use crate::text::normalize;

/// Options of `normalize`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Normalize {}

impl Clean for Normalize {
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        normalize::normalize(text)
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "normalize",
    kind: "clean",
    about: "folds characters by class: widths, spaces, controls; Chinese punctuation stays",
    docs: module_docs(include_str!("normalize.rs")),
    schema: || schemars::schema_for!(Normalize),
    build: |json| {
        let (stage, resolved) = options::<Normalize>(json)?;
        Ok((Stage::Clean(Box::new(stage)), resolved))
    },
};
