//! Rules on signals: limits, and why a row fails them.

use serde::{Deserialize, Serialize};

use super::value::Value;

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
