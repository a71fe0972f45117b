//! Rules as data: limits of signals, and `when`, `any`, `all`, `not` of rules. One language for every stage that judges by
//! signals.
//!
//! All that a table says must hold. A number that was not measured is unknown, and so is what depends on it alone; a row
//! goes only where a rule is known not to hold.

mod asked;
mod side_by_side;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use asked::{Asked, Bound, Limit, Side, Values};

use asked::Next;

use super::percentile::Percentile;
use super::rule::{Rule, number};
use super::{Kind, signal_kind};
use crate::text::spelling::did_you_mean;

/// A rule: all that it says must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Clause {
    /// The rows that are asked: those for which this holds. The others pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Box<Clause>>,
    /// Rules that must hold, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<Clause>>,
    /// Rules of which one must hold; the first one says why a row fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<Clause>>,
    /// A rule that must not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<Clause>>,
    /// Signals and their limits.
    #[serde(flatten)]
    pub limits: BTreeMap<String, Rule>,
}

/// The keys of a rule that are no signals.
pub const WORDS: [&str; 4] = ["when", "all", "any", "not"];

impl Clause {
    /// The rule that all of `rules` hold.
    pub fn of(rules: Vec<Clause>) -> Self {
        Clause { all: Some(rules), ..Clause::default() }
    }

    /// Whether it is limits of signals and nothing else.
    pub fn is_limits(&self) -> bool {
        self.when.is_none() && self.all.is_none() && self.any.is_none() && self.not.is_none()
    }

    /// Its own limits apart from all else, unless they are for some rows only.
    pub fn parted(self) -> (BTreeMap<String, Rule>, Clause) {
        match self.when {
            None => (self.limits, Clause { limits: BTreeMap::new(), ..self }),
            Some(_) => (BTreeMap::new(), self),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.is_limits() && self.limits.is_empty()
    }

    /// The rules in it: those of `when`, `all`, `any`, `not`, in this order.
    fn parts(&self) -> impl Iterator<Item = &Clause> {
        let lists = [&self.all, &self.any].into_iter().flatten().flatten();
        self.when.as_deref().into_iter().chain(lists).chain(self.not.as_deref())
    }

    /// The signals that it looks at, each once: its own limits', then those of the rules in it.
    pub fn signals(&self) -> Vec<String> {
        let mut names: Vec<String> = self.limits.keys().cloned().collect();
        for name in self.parts().flat_map(Clause::signals) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The rule over columns in the order of `signals`, which name every signal of it.
    pub fn asked(&self, signals: &[String]) -> Asked {
        Asked::new(self, signals, &mut Next::default())
    }

    /// The rule on one line, each signal followed by what `shown` says of it: `chars ≥ 50 and (a ≤ 1 or not b ≥ 2)`.
    pub fn line(&self, shown: &dyn Fn(&str) -> String) -> String {
        let limits = self.limits.iter().map(|(signal, rule)| format!("{signal}{} {}", shown(signal), rule.line()));
        let mut all: Vec<String> = limits.collect();
        let several = |parts: &[Clause], word: &str| {
            let lines: Vec<String> = parts.iter().map(|part| part.line(shown)).collect();
            if lines.len() == 1 { lines.concat() } else { format!("({})", lines.join(word)) }
        };
        all.extend(self.all.as_ref().map(|parts| several(parts, " and ")));
        all.extend(self.any.as_ref().map(|parts| several(parts, " or ")));
        all.extend(self.not.as_ref().map(|part| format!("not ({})", part.line(shown))));
        let line = all.join(" and ");
        match &self.when {
            Some(when) => format!("when {}: {line}", when.line(shown)),
            None => line,
        }
    }

    /// Whether it can be asked.
    ///
    /// # Errors
    /// A rule that says nothing, an empty list, `when` within `not`, a limit that fits no signal of that name.
    pub fn check(&self) -> Result<(), String> {
        if self.signals().is_empty() || self.parts().any(Clause::is_empty) {
            return Err("a rule names a signal: { units = { min = 20 } }".into());
        }
        let lists = [("all", &self.all), ("any", &self.any)];
        if let Some((word, _)) = lists.iter().find(|(_, list)| list.as_ref().is_some_and(Vec::is_empty)) {
            return Err(format!("`{word}` needs rules: {word} = [{{ units = {{ min = 20 }} }}, …]"));
        }
        if self.when.is_some() && self.parts().count() == 1 && self.limits.is_empty() {
            return Err("`when` says which rows a rule is for: add the rule beside it".into());
        }
        if self.not.as_ref().is_some_and(|not| not.has_when()) {
            return Err("`when` cannot stand in `not`: put it beside, { when = …, not = … }".into());
        }
        self.limits.iter().try_for_each(|(signal, rule)| check_limits(signal, rule))?;
        self.parts().try_for_each(Clause::check)
    }

    /// The keys of its limits, in the order of their numbers: `chars.min`, `any[0].chars.max`.
    pub fn keys(&self) -> Vec<String> {
        let inner = |name: &str, part: &Clause| -> Vec<String> {
            part.keys().into_iter().map(|key| format!("{name}.{key}")).collect()
        };
        let list = |name: &str, parts: &Option<Vec<Clause>>| -> Vec<String> {
            let parts = parts.iter().flatten().enumerate();
            parts.flat_map(|(at, part)| inner(&format!("{name}[{at}]"), part)).collect()
        };
        let mut keys: Vec<String> = self.when.iter().flat_map(|when| inner("when", when)).collect();
        for (signal, rule) in &self.limits {
            keys.extend(rule.keys().into_iter().map(|key| format!("{signal}.{key}")));
        }
        keys.extend(list("all", &self.all).into_iter().chain(list("any", &self.any)));
        keys.extend(self.not.iter().flat_map(|not| inner("not", not)));
        keys
    }

    /// The percentiles that it asks for, in the order in which they are asked.
    pub fn percentiles(&self) -> Vec<Percentile> {
        self.asked(&[]).percentiles()
    }

    /// Whether it, or a rule in it, is for some rows only.
    fn has_when(&self) -> bool {
        self.when.is_some() || self.parts().any(Clause::has_when)
    }

    /// Whether every signal is one that some stage measures.
    ///
    /// # Errors
    /// The first that is none, with what it may have been meant to be.
    pub fn check_signals(&self) -> Result<(), String> {
        let known = || super::ALL.iter().flat_map(|entry| entry.signals).map(|s| s.name);
        match self.signals().iter().find(|signal| !known().any(|name| name == signal.as_str())) {
            Some(signal) => Err(format!("no signal is called `{signal}`: {}", did_you_mean(signal, known()))),
            None => Ok(()),
        }
    }
}

/// Whether limits say something, and fit the signal where it is known.
fn check_limits(signal: &str, rule: &Rule) -> Result<(), String> {
    let example = match signal_kind(signal) {
        Some(Kind::Int | Kind::Float) if rule.any.is_some() => {
            return Err(format!("`{signal}` is a number: {signal} = {{ min = 1 }}"));
        }
        Some(Kind::Text) if rule.numbers().next().is_some() => {
            return Err(format!("`{signal}` is a word: {signal} = {{ in = [\"zh\"] }}"));
        }
        Some(Kind::Int | Kind::Float) | None => "{ min = 1 }",
        Some(Kind::Text) => "{ in = [\"zh\"] }",
        Some(Kind::Words | Kind::Key | Kind::Bytes | Kind::Fixed(_) | Kind::Spans) => {
            return Err(format!("`{signal}` is a list: no rule can look at it"));
        }
    };
    for (side, value, percentile) in [("min", rule.min, rule.min_percentile), ("max", rule.max, rule.max_percentile)] {
        if value.is_some() && percentile.is_some() {
            return Err(format!("`{signal}` has `{side}` and `{side}_percentile`: two rules, in `all`, say both"));
        }
        if percentile.is_some_and(|p| p.is_nan() || p <= 0.0 || p >= 100.0) {
            return Err(format!("`{side}_percentile` of `{signal}` lies between 0 and 100"));
        }
    }
    if rule.per.is_some() && rule.min_percentile.or(rule.max_percentile).is_none() {
        return Err(format!("`per` of `{signal}` says within which rows a percentile is taken: add `max_percentile`"));
    }
    if rule.min_percentile.zip(rule.max_percentile).is_some_and(|(min, max)| min > max) {
        return Err(format!("`min_percentile` of `{signal}` is greater than `max_percentile`: nothing would stay"));
    }
    match (rule.min, rule.max, &rule.any) {
        (None, None, None) if rule.numbers().next().is_some() => Ok(()),
        (None, None, None) => Err(format!("the rule on `{signal}` has no limits: {signal} = {example}")),
        (Some(min), Some(max), _) if min > max => Err(format!(
            "`min` of `{signal}` is {}, greater than its `max`, {}: nothing would stay",
            number(min),
            number(max)
        )),
        (_, _, Some(words)) if words.is_empty() => Err(format!("`in` of `{signal}` lists no word: nothing would stay")),
        _ => Ok(()),
    }
}
