//! Converts Chinese text to Simplified or Traditional, by OpenCC's dictionaries.
//!
//! # What it does
//! Words first, the longest match, then characters: `頭髮` and `發現` become `头发` and `发现`, `皇后在后面` becomes
//! `皇后在後面`. Text without Chinese does not change; text that is Japanese or Korean (by the rule of `language`) is
//! left as it is.
//!
//! - `to`: `zh-hans` (Simplified; `zh-cn` and `zh-sg` are the same), `zh-tw`, `zh-hk` (Traditional as printed there), or
//!   `zh-hant` (Traditional as OpenCC normalises it: `爲`, `裏`).
//! - `from`: how the text is written. Left out, it may be anything: what is written the other way is converted, and the
//!   rest stands. With `zh-tw` or `zh-hk`, that place's variants are known.
//! - `phrases = true`: also the words of the place (`软件` to `軟體`, from `zh-tw` back). Only where all of the text is
//!   written as `from` says: `程序` is a programme in one place and a procedure in both.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "convert_script"
//! to  = "zh-hans"
//! ```
//!
//! # Limits
//! What one way of writing does not tell apart is guessed by words: `干`, `后`, `里`, `发` alone may come out wrong on
//! the way to Traditional. Quotations, names and code are converted too. With `phrases`, converting twice may change a
//! word twice. Dictionaries: OpenCC at commit 5249273, all of whose own cases come out right.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Clean, Effect, Entry, RowWork, Stage, build, cleaning};
use crate::Result;
use crate::text::convert::{self, Converter};
use crate::text::script;

/// A way to write Chinese.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Script {
    /// Simplified.
    #[serde(rename = "zh-hans", alias = "zh-cn", alias = "zh-sg")]
    Hans,
    /// Traditional, as OpenCC normalises it.
    #[serde(rename = "zh-hant")]
    Hant,
    /// Traditional of Taiwan.
    #[serde(rename = "zh-tw")]
    Tw,
    /// Traditional of Hong Kong.
    #[serde(rename = "zh-hk", alias = "zh-mo")]
    Hk,
}

/// Options of `convert_script`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertScript {
    /// How the text is to be written.
    pub to: Script,
    /// How all of it is written; left out, it may be mixed.
    #[serde(default)]
    pub from: Option<Script>,
    /// Also the words of the place.
    #[serde(default)]
    pub phrases: bool,
}

impl ConvertScript {
    /// OpenCC's name of what is asked for.
    fn mode(&self) -> Option<&'static str> {
        use Script::{Hans, Hant, Hk, Tw};
        Some(match (self.from, self.to, self.phrases) {
            (None | Some(Hant), Hans, false) => "t2s",
            (Some(Tw), Hans, false) => "tw2s",
            (Some(Tw), Hans, true) => "tw2sp",
            (Some(Hk), Hans, false) => "hk2s",
            (Some(Hk), Hans, true) => "hk2sp",
            (None | Some(Hans), Hant, false) => "s2t",
            (Some(Tw), Hant, false) => "tw2t",
            (Some(Hk), Hant, false) => "hk2t",
            (None | Some(Hans), Tw, false) => "s2tw",
            (Some(Hans), Tw, true) => "s2twp",
            (Some(Hant), Tw, false) => "t2tw",
            (None | Some(Hans), Hk, false) => "s2hk",
            (Some(Hans), Hk, true) => "s2hkp",
            (Some(Hant), Hk, false) => "t2hk",
            _ => return None,
        })
    }
}

/// The stage: a converter.
#[derive(Clone)]
struct Convert(&'static Converter);

impl Stage for Convert {
    fn effect(&self) -> Effect {
        Effect::Rewrites
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(cleaning(self.clone()))
    }
}

impl Clean for Convert {
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match script::judge(&[text]).language {
            "ja" | "ko" => Cow::Borrowed(text),
            _ => self.0.convert(text),
        }
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "convert_script",
    "clean",
    "converts Chinese to Simplified or Traditional",
    include_str!("convert_script.rs"),
    || schemars::schema_for!(ConvertScript),
    |json| {
        build::<ConvertScript, _>(json, |stage| {
            let converter = stage.mode().and_then(convert::mode).ok_or(
                "no such conversion; `phrases` needs `from` and goes between zh-hans and zh-tw or zh-hk, and zh-tw and \
             zh-hk are reached from zh-hans or zh-hant",
            )?;
            Ok(Convert(converter))
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_chinese_only() {
        let of = |options: serde_json::Value, text: &str| {
            let options: ConvertScript = serde_json::from_value(options).unwrap();
            Convert(options.mode().and_then(convert::mode).unwrap()).clean(text).into_owned()
        };
        use serde_json::json;
        assert_eq!(of(json!({ "to": "zh-hans" }), "頭髮與發現 in 2020"), "头发与发现 in 2020");
        assert_eq!(of(json!({ "to": "zh-cn" }), "已经是简体"), "已经是简体");
        assert_eq!(of(json!({ "to": "zh-hant" }), "为皇后在后面"), "爲皇后在後面");
        assert_eq!(of(json!({ "to": "zh-tw" }), "为软件"), "為軟件");
        assert_eq!(of(json!({ "to": "zh-tw", "from": "zh-hans", "phrases": true }), "为软件"), "為軟體");
        assert_eq!(of(json!({ "to": "zh-hans", "from": "zh-tw", "phrases": true }), "軟體"), "软件");
        assert_eq!(of(json!({ "to": "zh-hans" }), "これは漢字を発見する"), "これは漢字を発見する");
        for wrong in [json!({}), json!({ "to": "zh-tw", "from": "zh-hk" }), json!({ "to": "zh-tw", "phrases": true })] {
            assert!((ENTRY.build)(wrong).is_err());
        }
    }
}
