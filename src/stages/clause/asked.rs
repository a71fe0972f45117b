//! Rules made ready: each signal is a column's place, found once; whether a rule holds is asked first, and why it does not
//! only of rows that go.

use super::Clause;
use crate::stages::judge::{Judge, JudgedRow, Stretch, Verdict};
use crate::stages::names_message;
use crate::stages::percentile::{Per, Percentile};
use crate::stages::rule::{Failure, Rule, number};

/// The measured values of a row, by the places of their columns.
pub trait Values {
    /// A number, where it was measured.
    fn number(&self, at: usize) -> Option<f64>;
    /// A word, where it was measured.
    fn word(&self, at: usize) -> Option<&str>;
    /// What a percentile is in the corpus, by its number ([`Asked::percentiles`]), where that is known.
    fn found(&self, _number: usize) -> Option<f64> {
        None
    }
}

/// A number as a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The number itself.
    Value(f64),
    /// What a percentile is in the corpus.
    Percentile {
        /// Its place among the percentiles of the rule.
        number: usize,
        /// The percentile, between 0 and 100.
        percentile: f64,
        /// Within which rows.
        per: Option<Per>,
    },
}

/// One limit of a signal.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// The least value that stays.
    Min(Bound),
    /// The greatest value that stays.
    Max(Bound),
    /// The words that stay.
    In(Vec<String>),
}

/// A limit within a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Its place among all limits of the rule, in the order in which they are asked.
    pub number: usize,
    /// The place of its signal's column.
    pub at: usize,
    /// The signal.
    pub signal: String,
    /// Whether its number is that of a message.
    pub message: bool,
    /// What it asks for.
    pub side: Side,
}

/// A rule whose signals are places of columns.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub(super) when: Option<Box<Asked>>,
    pub(super) limits: Vec<Limit>,
    pub(super) all: Vec<Asked>,
    pub(super) any: Option<Vec<Asked>>,
    pub(super) not: Option<Box<Asked>>,
}

/// The numbers that the next limit, and the next percentile, of a rule get.
#[derive(Default)]
pub(super) struct Next {
    limit: usize,
    percentile: usize,
}

impl Asked {
    pub(super) fn new(clause: &Clause, signals: &[String], next: &mut Next) -> Self {
        let when = clause.when.as_deref().map(|when| Box::new(Asked::new(when, signals, next)));
        let mut asked = Asked { when, ..Asked::default() };
        for (signal, rule) in &clause.limits {
            let at = signals.iter().position(|s| s == signal).unwrap_or(usize::MAX);
            let message = names_message(signal);
            for side in sides(rule, next) {
                asked.limits.push(Limit { number: next.limit, at, signal: signal.clone(), message, side });
                next.limit += 1;
            }
        }
        let mut list = |list: &Vec<Clause>| list.iter().map(|part| Asked::new(part, signals, next)).collect();
        asked.all = clause.all.as_ref().map(&mut list).unwrap_or_default();
        asked.any = clause.any.as_ref().map(&mut list);
        asked.not = clause.not.as_deref().map(|not| Box::new(Asked::new(not, signals, next)));
        asked
    }

    /// All limits, by their numbers.
    pub fn limits(&self) -> Vec<&Limit> {
        let parts = self.all.iter().chain(self.any.iter().flatten()).chain(self.not.as_deref());
        let when = self.when.iter().flat_map(|when| when.limits());
        when.chain(&self.limits).chain(parts.flat_map(Asked::limits)).collect()
    }

    /// The percentiles that it asks for, by their numbers.
    pub fn percentiles(&self) -> Vec<Percentile> {
        let asked = |limit: &Limit| {
            let (bound, upper) = match limit.side {
                Side::Min(bound) => (bound, false),
                Side::Max(bound) => (bound, true),
                Side::In(_) => return None,
            };
            let Bound::Percentile { percentile, per, .. } = bound else { return None };
            Some(Percentile { signal: limit.signal.clone(), upper, percentile, per })
        };
        self.limits().into_iter().filter_map(asked).collect()
    }

    /// Why a row goes by it, if it does.
    pub fn fails(&self, row: &impl Values) -> Option<Failure> {
        let of = |limit: &Limit| limit.holds(row);
        (self.holds(&of) == Some(false)).then(|| self.why(row, &of))
    }

    /// Whether it holds where its limits hold as `of` says; `None` where what is known does not tell.
    pub fn holds(&self, of: &impl Fn(&Limit) -> Option<bool>) -> Option<bool> {
        if self.when.as_ref().is_some_and(|when| when.holds(of) != Some(true)) {
            return Some(true);
        }
        let mut known = true;
        let mut fails = |holds: Option<bool>| {
            known &= holds.is_some();
            holds == Some(false)
        };
        if self.limits.iter().any(|limit| fails(of(limit)))
            || self.all.iter().any(|rule| fails(rule.holds(of)))
            || self.any.iter().any(|rules| fails(one_of(rules, of)))
            || self.not.iter().any(|rule| fails(rule.holds(of).map(|holds| !holds)))
        {
            return Some(false);
        }
        known.then_some(true)
    }

    /// Why a row that it does not hold for goes.
    fn why(&self, row: &impl Values, of: &impl Fn(&Limit) -> Option<bool>) -> Failure {
        let failing = |rules: &[Asked]| {
            let rule = rules.iter().find(|rule| rule.holds(of) == Some(false));
            rule.map(|rule| rule.why(row, of))
        };
        let own = self.limits.iter().find(|limit| of(limit) == Some(false)).map(|limit| limit.failure(row));
        let any = || self.any.as_ref().filter(|rules| one_of(rules, of) == Some(false)).and_then(|any| failing(any));
        let not = || self.not.as_ref().filter(|not| not.holds(of) == Some(true)).map(|not| not.beyond(row, of));
        own.or_else(|| failing(&self.all)).or_else(any).or_else(not).unwrap_or_default()
    }

    /// Why a row that it holds for goes, where it must not: as the limit from the other side.
    fn beyond(&self, row: &impl Values, of: &impl Fn(&Limit) -> Option<bool>) -> Failure {
        let holding = |rules: &[Asked]| {
            let rule = rules.iter().find(|rule| rule.holds(of) == Some(true));
            rule.map(|rule| rule.beyond(row, of))
        };
        let signal = self.limits.first().map(|first| &first.signal);
        // Of a signal with both limits, the greater one says why.
        let own = self.limits.iter().rfind(|limit| Some(&limit.signal) == signal).map(|limit| limit.beyond(row));
        let any = || self.any.as_ref().and_then(|any| holding(any));
        let not = || self.not.as_ref().map(|not| not.why(row, of));
        own.or_else(|| holding(&self.all)).or_else(any).or_else(not).unwrap_or_default()
    }
}

/// The limits that a rule has on one signal.
fn sides(rule: &Rule, next: &mut Next) -> Vec<Side> {
    let value = |limit: Option<f64>| limit.map(Bound::Value);
    let mut percentile = |limit: Option<f64>| {
        let number = next.percentile;
        next.percentile += usize::from(limit.is_some());
        limit.map(|percentile| Bound::Percentile { number, percentile, per: rule.per })
    };
    let least = value(rule.min).into_iter().chain(percentile(rule.min_percentile)).map(Side::Min);
    let most = value(rule.max).into_iter().chain(percentile(rule.max_percentile)).map(Side::Max);
    rule.any.clone().map(Side::In).into_iter().chain(least).chain(most).collect()
}

impl Bound {
    /// The number for a row, where it is known.
    fn of(self, row: &impl Values) -> Option<f64> {
        match self {
            Bound::Value(value) => Some(value),
            Bound::Percentile { number, .. } => row.found(number),
        }
    }
}

/// Whether one of several rules holds.
fn one_of(rules: &[Asked], of: &impl Fn(&Limit) -> Option<bool>) -> Option<bool> {
    let mut known = true;
    for rule in rules {
        match rule.holds(of) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}

impl Limit {
    /// Whether a row keeps to it; `None` where the signal was not measured.
    pub fn holds(&self, row: &impl Values) -> Option<bool> {
        match &self.side {
            Side::In(words) => {
                let word = row.word(self.at).unwrap_or_default();
                Some(words.iter().any(|w| w == word))
            }
            Side::Min(min) => {
                let below = row.number(self.at)? < min.of(row)?;
                Some(!below)
            }
            Side::Max(max) => {
                let above = row.number(self.at)? > max.of(row)?;
                Some(!above)
            }
        }
    }

    fn failure_on(&self, side: &str, row: &impl Values) -> Failure {
        let (value, limit) = match &self.side {
            Side::In(words) => (row.word(self.at).unwrap_or_default().to_owned(), words.join(", ")),
            Side::Min(limit) | Side::Max(limit) => {
                let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
                let measured = row.number(self.at);
                let message = measured.filter(|number| *number > 0.0 && self.message);
                let value = message.map_or_else(|| shown(measured), |number_of| format!("message {number_of}"));
                (value, shown(limit.of(row)))
            }
        };
        Failure { reason: format!("{}_{side}", self.signal), value, limit }
    }

    fn failure(&self, row: &impl Values) -> Failure {
        let side = match &self.side {
            Side::In(_) => "in",
            Side::Min(_) => "min",
            Side::Max(_) => "max",
        };
        self.failure_on(side, row)
    }

    fn beyond(&self, row: &impl Values) -> Failure {
        let side = match &self.side {
            Side::In(_) => "in",
            Side::Min(_) => "max",
            Side::Max(_) => "min",
        };
        self.failure_on(side, row)
    }
}

impl Values for JudgedRow<'_> {
    fn number(&self, at: usize) -> Option<f64> {
        JudgedRow::number(self, at)
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.text(at)
    }

    fn found(&self, number: usize) -> Option<f64> {
        self.found.get(number)?.of(self.language)
    }
}

/// A row goes by the first rule that it fails.
impl Judge for Asked {
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict> {
        self.fails(row).map(Verdict::from)
    }

    fn may_go(&self, rows: &Stretch<'_>) -> u64 {
        self.holds_of_many(&|limit| limit.holds_of_many(rows)).no
    }
}
