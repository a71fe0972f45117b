//! Keep rows whose signals lie within limits: each line is one rule, and one reason word when it fails.
//!
//! # What it does
//! A rule names a signal and its limits: `chars = { min = 50, max = 100000 }`, `language = { in = ["zh"] }`. A row is
//! dropped by the first rule that it fails, with the reason `<signal>_min`, `<signal>_max` or `<signal>_in`, the value
//! and the limit. A signal that could not be measured (no text) fails no `min` or `max` rule, and every `in` rule.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run      = "keep"
//! chars    = { min = 50 }
//! language = { in = ["zh"] }
//! ```
//!
//! # Limits
//! Rules look at signals only, so changing a limit measures nothing again; unless `early = true` says that rows which
//! fail are not measured further (no word segmentation for what is too short), which ties the measuring to the limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entry, Stage, Value, module_docs, options};

/// The limits of one signal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The least value that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest value that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The words that stay.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<String>>,
}

/// Options of `keep`: any signal = its limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Keep {
    /// Whether rows that fail are measured no further. Right for raw web text, of which nine tenths go; but another
    /// limit then measures everything again.
    #[serde(default)]
    pub early: bool,
    /// The rules, by signal.
    #[serde(flatten)]
    pub rules: BTreeMap<String, Rule>,
}

/// Why a row fails a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// `chars_min`, `language_in`, …
    pub reason: String,
    /// What the row has.
    pub value: String,
    /// What the rule asks for.
    pub limit: String,
}

/// A number as a person writes it: no trailing zeros, at most six digits after the point.
pub fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Rule {
    /// Judges one value of `signal`.
    pub fn judge(&self, signal: &str, value: &Value) -> Option<Failure> {
        let fail = |side: &str, value: String, limit: String| {
            Some(Failure { reason: format!("{signal}_{side}"), value, limit })
        };
        if let Some(words) = &self.any {
            let word = match value {
                Value::Text(word) => word.as_ref(),
                _ => "",
            };
            if !words.iter().any(|w| w == word) {
                return fail("in", word.to_owned(), words.join(", "));
            }
        }
        let measured = match value {
            Value::Int(v) => *v as f64,
            Value::Float(v) => *v,
            _ => return None,
        };
        if let Some(min) = self.min.filter(|min| measured < *min) {
            return fail("min", number(measured), number(min));
        }
        if let Some(max) = self.max.filter(|max| measured > *max) {
            return fail("max", number(measured), number(max));
        }
        None
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "keep",
    kind: "keep",
    about: "rows whose signals lie within limits stay",
    docs: module_docs(include_str!("keep.rs")),
    schema: || schemars::schema_for!(Keep),
    build: |json| {
        let (stage, resolved) = options::<Keep>(json)?;
        if stage.rules.is_empty() {
            return Err("a `keep` without rules keeps everything; give one, such as `chars = { min = 50 }`".into());
        }
        Ok((Stage::Keep(stage), resolved))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_reason() {
        let rule = Rule { min: Some(2.0), max: Some(3.0), any: None };
        assert_eq!(rule.judge("chars", &Value::Int(2)), None);
        let failure = rule.judge("chars", &Value::Int(1)).unwrap();
        assert_eq!((failure.reason.as_str(), failure.value.as_str(), failure.limit.as_str()), ("chars_min", "1", "2"));
        assert_eq!(rule.judge("x", &Value::Float(3.25)).unwrap().value, "3.25");
        let rule = Rule { any: Some(vec!["zh".into(), "en".into()]), ..Rule::default() };
        assert_eq!(rule.judge("language", &Value::Text("zh".into())), None);
        assert_eq!(rule.judge("language", &Value::Text("ja".into())).unwrap().reason, "language_in");
        assert_eq!(rule.judge("language", &Value::Null).unwrap().value, "");
    }
}
