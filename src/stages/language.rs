//! Measures language and script.
//!
//! # What it does
//! Adds `language` (`zh`, `en`, `ja`, `ko`, …; `und` where nothing can be said) and `script` (`Hans`, `Hant`, `mixed`
//! for both, `Hani` where no character tells, `Latn`, `Jpan`, …). Chinese, Japanese and Korean are told by their
//! characters, other languages by a statistical model of 16 languages. A dialogue is judged over all its turns.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "language"
//!
//! [[stage]]
//! run      = "keep"
//! language = { in = ["zh", "en"] }
//! ```
//!
//! # Limits
//! Japanese without any kana reads as Chinese. A language in Latin letters that the model does not know gets the
//! nearest that it knows; Cyrillic is `ru` and Arabic letters are `ar`, whatever the language.

use serde::{Deserialize, Serialize};

use super::{Entry, Kind, Measure, Signal, Stage, Value, module_docs, options};
use crate::text::script;

/// Options of `language`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Language {}

impl Measure for Language {
    fn signals(&self) -> Vec<Signal> {
        ["language", "script"].map(|name| Signal { name, kind: Kind::Text }).to_vec()
    }

    fn measure(&self, texts: &[&str], out: &mut Vec<Value>) {
        let verdict = script::judge(texts);
        out.extend([Value::Text(verdict.language.into()), Value::Text(verdict.script.into())]);
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "language",
    kind: "measure",
    about: "language and script, Simplified or Traditional",
    docs: module_docs(include_str!("language.rs")),
    schema: || schemars::schema_for!(Language),
    build: |json| {
        let (stage, resolved) = options::<Language>(json)?;
        Ok((Stage::Measure(Box::new(stage)), resolved))
    },
};
