//! Makes equal texts equal: widths, spaces, line ends, invisible characters, radicals and Unicode's composed form.
//!
//! # What it does
//! - Full-width letters and digits become ASCII; Chinese punctuation (`，！？（）「」`) and other full-width signs stay.
//! - Control and zero-width characters, the colours of a terminal, direction marks, soft hyphens and byte-order marks go.
//!   Joiners stay between emoji, and both joiners in Arabic and Indic scripts, where they are part of the spelling.
//! - Other white space (no-break, ideographic, …) becomes a space; `\r\n`, `\r` and the separators of Unicode become
//!   `\n`. Tabs stay.
//! - Kangxi radicals, as PDF files leave them, and compatibility ideographs become the usual characters; then NFC.
//! - White space at the end of lines and around the text goes; three or more newlines become two. Runs of spaces within
//!   a line stay, for code.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "normalize"
//! ```
//! `ＡＢＣ　１２３，好！` becomes `ABC 123，好！`.
//!
//! # Limits
//! No NFKC (`①`, `㎡` and half-width kana stay), no case folding, no repair of wrongly decoded text, no conversion
//! between simplified and traditional. The indent of the first line goes with the white space around the text.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Clean, Effect, Entry, RowWork, Stage, build, cleaning};
use crate::{Result, text};

/// Options of `normalize`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normalize {}

impl Stage for Normalize {
    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(cleaning(self.clone()))
    }
}

impl Clean for Normalize {
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text::normalize::normalize(text)
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "normalize",
    "clean",
    "folds characters by class: widths, spaces, controls; Chinese punctuation stays",
    include_str!("normalize.rs"),
    || schemars::schema_for!(Normalize),
    |json| build::<Normalize, _>(json, Ok),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() {
        assert_eq!(Normalize {}.clean("ＡＢＣ　１２３，好！"), "ABC 123，好！");
        assert!((ENTRY.build)(serde_json::json!({})).is_ok());
        assert!((ENTRY.build)(serde_json::json!({ "form": "nfkc" })).is_err());
    }
}
