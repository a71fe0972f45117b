//! Limits of signals, and why a row fails them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::percentile::Per;

/// The limits of one signal. A word or a list of words stands for `in`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Rule {
    /// The least value that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest value that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The least value that stays, as a percentile of the rows that reach the stage: below 5, the lowest 5 % go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_percentile: Option<f64>,
    /// The greatest value that stays, as a percentile: above 95, the highest 5 % go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_percentile: Option<f64>,
    /// Within which rows percentiles are taken; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// The words that stay.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<String>>,
}

/// The long form, as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    min: Option<f64>,
    max: Option<f64>,
    min_percentile: Option<f64>,
    max_percentile: Option<f64>,
    per: Option<Per>,
    #[serde(rename = "in")]
    any: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("limits such as { min = 50 }")
            }

            fn visit_str<E>(self, word: &str) -> Result<Rule, E> {
                Ok(Rule { any: Some(vec![word.to_owned()]), ..Rule::default() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Rule, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = items.next_element()? {
                    words.push(word);
                }
                Ok(Rule { any: Some(words), ..Rule::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rule, A::Error> {
                let Table { min, max, min_percentile, max_percentile, per, any } =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Rule { min, max, min_percentile, max_percentile, per, any })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

/// Why a row fails a rule.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// The keys of its limits, in the order in which they are asked.
    pub fn keys(&self) -> Vec<&'static str> {
        let there = [
            ("in", self.any.is_some()),
            ("min", self.min.is_some()),
            ("min_percentile", self.min_percentile.is_some()),
            ("max", self.max.is_some()),
            ("max_percentile", self.max_percentile.is_some()),
        ];
        there.into_iter().filter(|key| key.1).map(|key| key.0).collect()
    }

    /// The limits that are numbers, percentiles among them.
    pub fn numbers(&self) -> impl Iterator<Item = f64> {
        [self.min, self.max, self.min_percentile, self.max_percentile].into_iter().flatten()
    }

    /// The limits on one line: `≥ 50, ≤ 100`.
    pub fn line(&self) -> String {
        let least = self.min.map(|min| format!("≥ {min}"));
        let most = self.max.map(|max| format!("≤ {max}"));
        let within = match self.per {
            Some(Per::Source) => " of its source",
            Some(Per::Language) => " of its language",
            None => "",
        };
        let lowest = self.min_percentile.map(|p| format!("≥ percentile {p}{within}"));
        let highest = self.max_percentile.map(|p| format!("≤ percentile {p}{within}"));
        let words = self.any.as_ref().map(|words| format!("in {}", words.join(", ")));
        [least, most, lowest, highest, words].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
