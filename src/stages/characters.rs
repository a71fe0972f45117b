//! Measures length, and shares of classes of characters.
//!
//! # What it does
//! Adds `chars` and `bytes`, and the shares of all characters that are Han (`han_ratio`), Latin letters
//! (`latin_ratio`), digits (`digit_ratio`), punctuation of any script (`punct_ratio`) and white space (`space_ratio`).
//! A dialogue or pair is measured over all its texts together.
//!
//! # Example
//! A `keep` that names one of these signals measures them by itself:
//! ```toml
//! [[stage]]
//! run       = "keep"
//! chars     = { min = 50 }
//! han_ratio = { min = 0.3 }
//! ```
//!
//! # Limits
//! Characters are Unicode scalar values, not what a reader sees as one: an emoji of five is five.

use serde::{Deserialize, Serialize};

use super::{Entry, Kind, Measure, Signal, Stage, Value, module_docs, options};
use crate::text::classes::{Class, Counts};

/// Options of `characters`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Characters {}

const SHARES: [(&str, Class); 5] = [
    ("han_ratio", Class::Han),
    ("latin_ratio", Class::Latin),
    ("digit_ratio", Class::Digit),
    ("punct_ratio", Class::Punctuation),
    ("space_ratio", Class::Space),
];

impl Measure for Characters {
    fn signals(&self) -> Vec<Signal> {
        let counts = ["chars", "bytes"].map(|name| Signal { name, kind: Kind::Int });
        let shares = SHARES.map(|(name, _)| Signal { name, kind: Kind::Float });
        counts.into_iter().chain(shares).collect()
    }

    fn measure(&self, texts: &[&str], out: &mut Vec<Value>) {
        let mut counts = Counts::default();
        texts.iter().for_each(|text| counts.add(text));
        out.extend([Value::Int(counts.chars as i64), Value::Int(counts.bytes as i64)]);
        out.extend(SHARES.map(|(_, class)| Value::Float(counts.share(class))));
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "characters",
    kind: "measure",
    about: "length, and shares of Han, Latin, digits, punctuation and white space",
    docs: module_docs(include_str!("characters.rs")),
    schema: || schemars::schema_for!(Characters),
    build: |json| {
        let (stage, resolved) = options::<Characters>(json)?;
        Ok((Stage::Measure(Box::new(stage)), resolved))
    },
};
