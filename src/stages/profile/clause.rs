//! Rules that are put together of rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stages::rule::{Failure, Rule, number};
use crate::stages::{self, Value};
use crate::text::spelling::did_you_mean;

/// A rule: limits of signals, all of which must hold; or `any`, `all`, `not` of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Clause {
    /// One of them must hold.
    Any {
        /// The alternatives; the first one says why a row fails.
        any: Vec<Clause>,
    },
    /// All of them must hold.
    All {
        /// The rules.
        all: Vec<Clause>,
    },
    /// It must not hold.
    Not {
        /// The rule.
        not: Box<Clause>,
    },
    /// Signals and their limits.
    Limits(BTreeMap<String, Rule>),
}

impl Clause {
    /// The signals that it looks at, in order.
    pub fn signals(&self) -> Vec<String> {
        match self {
            Clause::Any { any: rules } | Clause::All { all: rules } => rules.iter().flat_map(Clause::signals).collect(),
            Clause::Not { not } => not.signals(),
            Clause::Limits(limits) => limits.keys().cloned().collect(),
        }
    }

    /// The limits, where it is nothing else.
    pub fn limits(&self) -> Option<&BTreeMap<String, Rule>> {
        match self {
            Clause::Limits(limits) => Some(limits),
            _ => None,
        }
    }

    /// Why a row fails it, if it does.
    pub fn fails(&self, value: &impl Fn(&str) -> Value) -> Option<Failure> {
        match self {
            Clause::Any { any } => {
                let mut first = None;
                for rule in any {
                    let failure = rule.fails(value)?;
                    first.get_or_insert(failure);
                }
                first
            }
            Clause::All { all } => all.iter().find_map(|rule| rule.fails(value)),
            Clause::Not { not } => match not.fails(value) {
                Some(_) => None,
                None => Some(not.beyond(value)),
            },
            Clause::Limits(limits) => limits.iter().find_map(|(signal, rule)| rule.judge(signal, &value(signal))),
        }
    }

    /// Why a row that it holds for goes, where it must not: as the limit from the other side.
    fn beyond(&self, value: &impl Fn(&str) -> Value) -> Failure {
        let first = match self {
            Clause::Any { any: rules } | Clause::All { all: rules } => rules.first(),
            Clause::Not { not } => Some(not.as_ref()),
            Clause::Limits(_) => None,
        };
        if let Some(first) = first {
            return first.beyond(value);
        }
        let (signal, rule) =
            self.limits().and_then(|l| l.iter().next()).map_or(("", Rule::default()), |(s, r)| (s, r.clone()));
        let (side, limit) = match (rule.max, rule.min) {
            (Some(max), _) => ("min", number(max)),
            (None, Some(min)) => ("max", number(min)),
            (None, None) => ("in", rule.any.unwrap_or_default().join(", ")),
        };
        let text = match value(signal) {
            Value::Int(v) => v.to_string(),
            Value::Float(v) => number(v),
            Value::Text(v) => v.into_owned(),
            Value::Null | Value::Words(_) => String::new(),
        };
        Failure { reason: format!("{signal}_{side}"), value: text, limit }
    }

    /// Whether it can be asked.
    ///
    /// # Errors
    /// A signal that nobody measures, a rule without limits, an empty list.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Clause::Any { any: rules } | Clause::All { all: rules } => {
                if rules.is_empty() {
                    return Err("`any` and `all` need rules: any = [{ units = { min = 20 } }, …]".into());
                }
                rules.iter().try_for_each(Clause::check)
            }
            Clause::Not { not } => not.check(),
            Clause::Limits(limits) if limits.is_empty() => {
                Err("a rule names a signal: { units = { min = 20 } }".into())
            }
            Clause::Limits(limits) => limits.iter().try_for_each(|(signal, rule)| {
                let known = || stages::ALL.iter().flat_map(|entry| entry.signals).map(|s| s.name);
                if !known().any(|name| name == signal) {
                    return Err(format!("no signal is called `{signal}`: {}", did_you_mean(signal, known())));
                }
                if rule.min.is_none() && rule.max.is_none() && rule.any.is_none() {
                    return Err(format!("the rule on `{signal}` has no limits: {signal} = {{ min = 1 }}"));
                }
                Ok(())
            }),
        }
    }
}
