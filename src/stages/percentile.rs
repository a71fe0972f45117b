//! Percentiles of a corpus as limits: which are asked for, and how each is found, exactly and in little memory.
//!
//! Values are looked at by the bits that their order depends on: one pass counts them by the first bits, a second one looks
//! at the one stretch in which the limit falls, as the mix does. Only a stretch that is too large to be held is counted
//! once more, by its next bits; of equal values without end there are four passes. Nothing depends on the order of rows.

pub mod rows;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Within which rows a percentile is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Those of the same source.
    Source,
    /// Those of the same language.
    Language,
}

/// A percentile that a rule asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentile {
    /// The signal.
    pub signal: String,
    /// Whether what is greater goes; else what is less.
    pub upper: bool,
    /// The percentile, between 0 and 100.
    pub percentile: f64,
    /// Within which rows; all that reach the stage where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
}

/// The limit that a percentile is, of some rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundIn {
    /// Their source or language; none where they are all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How many rows have the signal.
    pub rows: u64,
    /// The value.
    pub limit: f64,
}

/// A percentile, and what it is in a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What was asked for.
    #[serde(flatten)]
    pub percentile: Percentile,
    /// The limits, by source or language.
    pub limits: Vec<FoundIn>,
}

/// The limits that hold for the rows of one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundLimit {
    /// For all of them.
    pub all: Option<f64>,
    /// For those of a language.
    pub by_language: Vec<(String, f64)>,
}

impl FoundLimit {
    /// The limit for a row of a language.
    pub fn of(&self, language: &str) -> Option<f64> {
        self.all.or_else(|| Some(self.by_language.iter().find(|l| l.0 == language)?.1))
    }
}

impl Found {
    /// What holds for the rows of a source.
    pub fn for_source(&self, source: &str) -> FoundLimit {
        let by_name = |found: &FoundIn| Some((found.of.clone()?, found.limit));
        match self.percentile.per {
            Some(Per::Language) => {
                FoundLimit { all: None, by_language: self.limits.iter().filter_map(by_name).collect() }
            }
            Some(Per::Source) => {
                let found = self.limits.iter().find(|found| found.of.as_deref() == Some(source));
                FoundLimit { all: found.map(|found| found.limit), by_language: Vec::new() }
            }
            None => FoundLimit { all: self.limits.first().map(|found| found.limit), by_language: Vec::new() },
        }
    }
}

/// Values that are held rather than counted once more: 8 MiB.
const HELD: u64 = 1 << 20;
/// Bits of a value that one pass counts by.
const BITS: u32 = 16;

/// The search for one limit, a pass at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    upper: bool,
    percentile: f64,
    /// Values seen in the first pass.
    rows: u64,
    /// The place of the limit among the values of its stretch, in order; known after the first pass.
    rank: u64,
    /// The stretch: the first `bits` bits of its values.
    prefix: u64,
    bits: u32,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum State {
    /// Values of the stretch are counted by their next bits.
    Counts(HashMap<u16, u64>),
    /// They are held.
    Holds(Vec<u64>),
    /// The limit is found, or there are no values.
    Done(Option<f64>),
}

impl Search {
    /// The search for a percentile.
    pub fn new(percentile: &Percentile) -> Self {
        let (upper, percentile) = (percentile.upper, percentile.percentile);
        Search { upper, percentile, rows: 0, rank: 0, prefix: 0, bits: 0, state: State::Counts(HashMap::new()) }
    }

    /// Looks at a value; every pass sees the same ones.
    pub fn see(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let key = key(value);
        if self.bits > 0 && key >> (64 - self.bits) != self.prefix {
            return;
        }
        match &mut self.state {
            State::Counts(counts) => {
                self.rows += u64::from(self.bits == 0);
                *counts.entry((key >> (64 - self.bits - BITS)) as u16).or_default() += 1;
            }
            State::Holds(keys) => keys.push(key),
            State::Done(_) => {}
        }
    }

    /// Adds what another one has seen in this pass, which began as this one stands.
    pub fn add(&mut self, other: Search) {
        self.rows += if self.bits == 0 { other.rows } else { 0 };
        match (&mut self.state, other.state) {
            (State::Counts(counts), State::Counts(more)) => {
                more.into_iter().for_each(|(bin, count)| *counts.entry(bin).or_default() += count);
            }
            (State::Holds(keys), State::Holds(more)) => keys.extend(more),
            _ => {}
        }
    }

    /// Ends a pass; whether there is nothing left to be found.
    pub fn end(&mut self) -> bool {
        match &mut self.state {
            State::Counts(counts) => {
                if self.bits == 0 {
                    self.rank = rank(self.rows, self.percentile, self.upper);
                }
                let mut bins: Vec<(u16, u64)> = counts.drain().collect();
                bins.sort_unstable();
                self.state = State::Done(None);
                for (bin, count) in bins {
                    if self.rank < count {
                        self.prefix = self.prefix << BITS | u64::from(bin);
                        self.bits += BITS;
                        self.state = match (self.bits, count) {
                            (64, _) => State::Done(Some(value(self.prefix))),
                            (_, ..=HELD) => State::Holds(Vec::with_capacity(count as usize)),
                            _ => State::Counts(HashMap::new()),
                        };
                        break;
                    }
                    self.rank -= count;
                }
            }
            State::Holds(keys) => {
                keys.sort_unstable();
                let found = keys.get(self.rank as usize).map(|key| value(*key));
                self.state = State::Done(found);
            }
            State::Done(_) => {}
        }
        matches!(self.state, State::Done(_))
    }

    /// The limit, and how many rows have the signal; none where no row has.
    pub fn found(&self) -> Option<(f64, u64)> {
        match self.state {
            State::Done(found) => Some((found?, self.rows)),
            _ => None,
        }
    }
}

/// The place of the limit among `rows` values in ascending order: at most the share beyond the percentile goes.
fn rank(rows: u64, percentile: f64, upper: bool) -> u64 {
    let share = if upper { 100.0 - percentile } else { percentile } / 100.0;
    // What rounding took from a whole number is given back.
    let go = (share * rows as f64 + 1e-9).floor() as u64;
    let last = rows.saturating_sub(1);
    if upper { last.saturating_sub(go) } else { go.min(last) }
}

/// Bits in the order of the values.
fn key(value: f64) -> u64 {
    // Both zeros are one value.
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The value of a key.
fn value(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[f64], percentile: f64, upper: bool) -> Option<f64> {
        let mut search = Search::new(&Percentile { signal: "s".into(), upper, percentile, per: None });
        loop {
            values.iter().for_each(|value| search.see(*value));
            if search.end() {
                return search.found().map(|found| found.0);
            }
        }
    }

    #[test]
    fn a_limit_is_the_value_at_its_place() {
        let mut state = 88_172_645_463_325_252_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..40 {
            let values: Vec<f64> = (0..1 + draw() % 900)
                .map(|_| match round % 4 {
                    0 => (draw() % 50) as f64,
                    1 => (draw() % 1_000_000) as f64 / 1e6,
                    2 => (draw() % 2_000) as f64 / 7.0 - 140.0,
                    _ => f64::from_bits(draw() >> 2),
                })
                .collect();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for percentile in [0.1, 5.0, 33.3, 50.0, 95.0, 99.9] {
                for upper in [true, false] {
                    let limit = found(&values, percentile, upper).unwrap();
                    let go = values.iter().filter(|v| if upper { **v > limit } else { **v < limit }).count();
                    let share = if upper { 100.0 - percentile } else { percentile } / 100.0;
                    let most = (share * values.len() as f64 + 1e-9).floor() as usize;
                    assert!(go <= most, "{go} of {} go at {percentile}", values.len());
                    // One more value beyond it, and too many would go.
                    let at = if upper { sorted.len() - 1 - most } else { most };
                    assert_eq!(limit, sorted[at], "{percentile} of {}", values.len());
                }
            }
        }
    }

    #[test]
    fn a_stretch_that_is_too_large_is_counted_again() {
        let mut values = vec![0.25; HELD as usize + 10];
        values.extend([1.0; 5]);
        assert_eq!(found(&values, 99.0, true), Some(0.25));
        assert_eq!(found(&values, 100.0 - 2.0 / values.len() as f64 * 100.0, true), Some(1.0));
    }

    #[test]
    fn what_is_no_number_counts_for_nothing() {
        assert_eq!(found(&[], 95.0, true), None);
        assert_eq!(found(&[f64::NAN, 3.0], 50.0, true), Some(3.0));
        assert_eq!(found(&[-0.0, 0.0, -1.0], 50.0, true), Some(0.0));
    }

    #[test]
    fn each_source_has_its_limit() {
        let limits = vec![
            FoundIn { of: Some("a".into()), rows: 3, limit: 1.0 },
            FoundIn { of: Some("b".into()), rows: 4, limit: 2.0 },
        ];
        let mut of = Percentile { signal: "s".into(), upper: true, percentile: 95.0, per: Some(Per::Source) };
        let found = Found { percentile: of.clone(), limits: limits.clone() };
        assert_eq!((found.for_source("b").of("zh"), found.for_source("c").of("zh")), (Some(2.0), None));
        of.per = Some(Per::Language);
        let found = Found { percentile: of, limits };
        assert_eq!((found.for_source("x").of("a"), found.for_source("x").of("zh")), (Some(1.0), None));
    }
}
