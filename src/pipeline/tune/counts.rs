//! The values of one signal counted: their distribution, and how many lie beyond each of several limits.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;

use super::classes::{Classes, Decides, number};
use super::rows::{Units, named};
use super::{Judging, Looked, Near};
use crate::Result;
use crate::stages::clause::{Limit, Side};

/// Bars of a distribution.
const BINS: usize = 16;
/// Values that places of a distribution are taken from.
const SAMPLE: usize = 20_000;
/// What a limit is multiplied with for its neighbours.
const FACTORS: [f64; 6] = [0.5, 0.8, 0.9, 1.1, 1.25, 2.0];
/// Shares of the rows that are beyond further neighbours.
const SHARES: [f64; 4] = [0.001, 0.01, 0.05, 0.1];

/// Rows whose values lie within a stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// How many rows there are; those below the first stretch are in the first, those above the last in the last.
    pub rows: u64,
}

/// A value that could be the limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// The value.
    pub limit: f64,
    /// Rows that would fail it.
    pub beyond: u64,
    /// Rows that the stage would drop in all.
    pub drops: u64,
}

/// The nearest rows on one side of a limit: distance, unit, row, value.
#[derive(Default)]
struct Nearest(Vec<(f64, usize, usize, f64)>);

impl Nearest {
    fn see(&mut self, most: usize, far: f64, place: (usize, usize), value: f64) {
        if most == 0 || self.0.len() == most && self.0.last().is_some_and(|last| last.0 <= far) {
            return;
        }
        // Of equal ones the first stays.
        let at = self.0.partition_point(|near| near.0 <= far);
        self.0.insert(at, (far, place.0, place.1, value));
        self.0.truncate(most);
    }
}

/// The values of a limit's signal.
#[derive(Default)]
struct Values {
    /// Of all rows.
    all: Vec<f64>,
    /// Of those that go where they fail the limit, and stay where they keep to it.
    failing: Vec<f64>,
    /// Of those that go where they keep to it: it stands in a `not`.
    holding: Vec<f64>,
    /// Whether they are whole numbers.
    whole: bool,
    /// The nearest rows that fail it, and that keep to it: those for which it decides, and others.
    decided: [Nearest; 2],
    others: [Nearest; 2],
}

/// A limit, and what was counted of it.
pub(super) struct Counted {
    signal: String,
    at: f64,
    upper: bool,
    whole: bool,
    rows: u64,
    beyond: u64,
    alone: u64,
    range: (f64, f64),
    bins: Vec<Bin>,
    neighbours: Vec<Neighbour>,
    failing: Nearest,
    holding: Nearest,
}

impl Counted {
    /// Counts the values of a limit's signal; none where no row has any.
    pub(super) fn of(
        units: &Units,
        stage: &Judging,
        classes: &Classes,
        (limit, at): (&Limit, f64),
        (near, points): (usize, usize),
    ) -> Result<Option<Self>> {
        let upper = matches!(limit.side, Side::Max(_));
        let (decides, fixed) = classes.decides(limit);
        let mut values = Values { whole: true, ..Values::default() };
        for (number_of, unit) in units.all.iter().enumerate() {
            let Some(name) = unit.column(&limit.signal, stage.number) else { continue };
            let mut first = 0;
            for batch in unit.read_columns(std::slice::from_ref(&name))? {
                let batch = batch?;
                let Some(column) = named(&batch, Some(&name)) else { continue };
                values.whole &= *column.data_type() == DataType::Int64;
                for row in 0..batch.num_rows() {
                    let Some(class) = classes.class(number_of, first + row) else { continue };
                    let Some(value) = number(column, row) else { continue };
                    let holds = usize::from(!beyond(value, at, upper));
                    let place = (number_of, first + row);
                    values.see(decides[class], value, holds, ((value - at).abs(), place), near);
                }
                first += batch.num_rows();
            }
        }
        Ok(values.counted(limit, at, fixed, points))
    }

    /// The rows that are near it: unit and row.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.failing.0.iter().chain(&self.holding.0).map(|near| (near.1, near.2))
    }

    /// What is told of it.
    pub(super) fn told(
        self,
        key: String,
        percentile: Option<f64>,
        ids: &BTreeMap<(usize, usize), Vec<String>>,
    ) -> Looked {
        let near = |rows: Nearest| -> Vec<Near> {
            let ids = |unit, row| ids.get(&(unit, row)).cloned().unwrap_or_default();
            rows.0.into_iter().map(|(_, unit, row, value)| Near { value, ids: ids(unit, row) }).collect()
        };
        Looked {
            key,
            signal: self.signal,
            upper: self.upper,
            limit: self.at,
            percentile,
            whole: self.whole,
            rows: self.rows,
            beyond: self.beyond,
            alone: self.alone,
            range: self.range,
            bins: self.bins,
            neighbours: self.neighbours,
            failing: near(self.failing),
            holding: near(self.holding),
        }
    }
}

impl Values {
    fn see(&mut self, decides: Decides, value: f64, holds: usize, near: (f64, (usize, usize)), most: usize) {
        self.all.push(value);
        let nearest = match decides {
            Decides::Nothing => &mut self.others,
            Decides::Failing => {
                self.failing.push(value);
                &mut self.decided
            }
            Decides::Holding => {
                self.holding.push(value);
                &mut self.decided
            }
        };
        nearest[holds].see(most, near.0, near.1, value);
    }

    fn counted(self, limit: &Limit, at: f64, fixed: u64, points: usize) -> Option<Counted> {
        if self.all.is_empty() {
            return None;
        }
        let upper = matches!(limit.side, Side::Max(_));
        let least = self.all.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sorted = sample(&self.all);
        let mut limits = limits(at, upper, self.whole, (least, most), &sorted);
        limits.extend((0..points).map(|point| sorted[point * (sorted.len() - 1) / points.max(2).saturating_sub(1)]));
        limits.sort_by(f64::total_cmp);
        limits.dedup();
        let far = |values: &[f64]| far(values, &limits, upper);
        let (beyond_all, beyond_failing, beyond_holding) = (far(&self.all), far(&self.failing), far(&self.holding));
        let drops = |at: usize| fixed + beyond_failing[at] + self.holding.len() as u64 - beyond_holding[at];
        let here = limits.iter().position(|limit| *limit == at)?;
        let neighbour =
            |place: usize| Neighbour { limit: limits[place], beyond: beyond_all[place], drops: drops(place) };
        let [mut failing, mut holding] = self.decided;
        let [other_failing, other_holding] = self.others;
        // Where the limit decides nothing on a side, what lies there all the same.
        if failing.0.is_empty() {
            failing = other_failing;
        }
        if holding.0.is_empty() {
            holding = other_holding;
        }
        Some(Counted {
            signal: limit.signal.clone(),
            at,
            upper,
            whole: self.whole,
            rows: self.all.len() as u64,
            beyond: beyond_all[here],
            alone: drops(here) - fixed,
            range: (least, most),
            bins: bins(&self.all, &sorted, self.whole, at),
            neighbours: (0..limits.len()).map(neighbour).collect(),
            failing,
            holding,
        })
    }
}

fn beyond(value: f64, limit: f64, upper: bool) -> bool {
    if upper { value > limit } else { value < limit }
}

/// How many values lie beyond each of some limits, which ascend.
fn far(values: &[f64], limits: &[f64], upper: bool) -> Vec<u64> {
    // By value: how many limits it lies beyond, which are the first or the last ones.
    let mut counts = vec![0u64; limits.len() + 1];
    let passed = |value: f64| limits.partition_point(|limit| if upper { *limit < value } else { *limit <= value });
    values.iter().for_each(|value| counts[passed(*value)] += 1);
    let mut sum = 0;
    let mut add = |count: &u64| {
        sum += count;
        sum
    };
    if upper {
        let mut far: Vec<u64> = counts[1..].iter().rev().map(&mut add).collect();
        far.reverse();
        far
    } else {
        counts[..limits.len()].iter().map(&mut add).collect()
    }
}

/// Some of the values, sorted: places of the distribution, near enough.
fn sample(values: &[f64]) -> Vec<f64> {
    let mut some: Vec<f64> = values.iter().step_by(values.len().div_ceil(SAMPLE)).copied().collect();
    some.sort_by(f64::total_cmp);
    some
}

/// Values that could be the limit, ascending, the limit itself among them: some near it, and those beyond which certain
/// shares of the rows lie.
fn limits(at: f64, upper: bool, whole: bool, (least, most): (f64, f64), sorted: &[f64]) -> Vec<f64> {
    let place = |share: f64| {
        let share = if upper { 1.0 - share } else { share };
        sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)]
    };
    let shares = SHARES.into_iter().map(place);
    let factors = FACTORS.into_iter().map(|factor| at * factor);
    let round = |value: f64| if whole { value.round() } else { rounded(value, 3) };
    let mut all: Vec<f64> = shares.chain(factors).map(round).filter(|v| (least..=most).contains(v)).collect();
    all.push(at);
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// A number with so many digits.
fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(digits - 1 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// The distribution, in stretches of one width, or of one ratio where the values span many powers of ten; what lies far
/// out is in the first and in the last. The limit is one of their ends.
fn bins(values: &[f64], sorted: &[f64], whole: bool, at: f64) -> Vec<Bin> {
    let place = |share: f64| sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)];
    let (low, high) = (place(0.005).min(at), place(0.995).max(at));
    let ratio = low > 0.0 && high / low > 200.0;
    let (from, to) = if ratio { (low.ln(), high.ln()) } else { (low, high) };
    // The end that would lie nearest to the limit is the limit.
    let width = (to - from) / BINS as f64;
    let nearest = if width > 0.0 { ((if ratio { at.ln() } else { at } - from) / width).round() as usize } else { 0 };
    let step = |part: usize| {
        if part == nearest {
            return at;
        }
        let value = from + width * part as f64;
        let value = if ratio { value.exp() } else { value };
        if whole { value.round() } else { rounded(value, 3) }
    };
    let mut ends: Vec<f64> = (0..=BINS).map(step).collect();
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    if ends.len() == 1 {
        ends.push(ends[0] + if whole { 1.0 } else { ends[0].abs().max(1e-3) / 10.0 });
    }
    let mut bins: Vec<Bin> = ends.windows(2).map(|ends| Bin { from: ends[0], to: ends[1], rows: 0 }).collect();
    let last = bins.len() - 1;
    for value in values {
        bins[ends[1..].partition_point(|end| end <= value).min(last)].rows += 1;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_are_in_a_bin_and_the_limit_is_an_end() {
        let values: Vec<f64> = (0..1_000).map(|i| f64::from(i % 100)).collect();
        let bins = bins(&values, &sample(&values), true, 33.0);
        assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>(), 1_000);
        let below: u64 = bins.iter().filter(|bin| bin.to <= 33.0).map(|bin| bin.rows).sum();
        assert!(below == 330 && bins.iter().any(|bin| bin.from == 33.0), "{bins:?}");
        let wide: Vec<f64> = (0..20).map(|i| 2f64.powi(i)).collect();
        let bins = super::bins(&wide, &sample(&wide), false, 1_000.0);
        assert!(bins.iter().all(|bin| bin.rows <= 3 && bin.to > bin.from), "{bins:?}");
        let same = super::bins(&[0.0; 9], &[0.0; 9], false, 0.0);
        assert_eq!((same.len(), same[0].rows), (1, 9));
    }

    #[test]
    fn what_lies_beyond_is_counted_as_one_by_one() {
        let values: Vec<f64> = (0..500).map(|i| f64::from(i * 37 % 101) / 2.0).collect();
        let limits = [-1.0, 0.0, 0.25, 7.5, 7.5000001, 49.5, 50.0, 80.0];
        for upper in [false, true] {
            let slow = |limit: &f64| values.iter().filter(|v| beyond(**v, *limit, upper)).count() as u64;
            assert_eq!(far(&values, &limits, upper), limits.iter().map(slow).collect::<Vec<_>>(), "{upper}");
        }
        assert_eq!(far(&[], &limits, true), [0; 8]);
    }

    #[test]
    fn neighbours_are_values_that_could_be_said() {
        let values: Vec<f64> = (0..1_000).map(|i| f64::from(i) / 1_000.0).collect();
        let all = limits(0.1, false, false, (0.0, 0.999), &values);
        assert!(all.contains(&0.1) && all.contains(&0.05) && all.contains(&0.125) && all.contains(&0.001), "{all:?}");
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        let whole = limits(50.0, true, true, (0.0, 100.0), &[1.0, 50.0, 90.0, 99.0]);
        assert!(whole.iter().all(|value| value.fract() == 0.0) && whole.contains(&63.0), "{whole:?}");
        assert_eq!(rounded(0.001_234_5, 3), 0.001_23);
    }

    #[test]
    fn the_nearest_are_kept_in_order() {
        let mut near = Nearest::default();
        for (row, far) in [3.0, 1.0, 2.0, 1.0, 0.5].into_iter().enumerate() {
            near.see(3, far, (0, row), far);
        }
        assert_eq!(near.0.iter().map(|n| n.2).collect::<Vec<_>>(), [4, 1, 3]);
    }
}
