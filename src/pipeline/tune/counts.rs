//! The values of one signal counted: their distribution, and how many lie beyond each of several limits.

use std::collections::BTreeMap;

use super::blocks::{Blocks, Decided, ones};
use super::edges::Edges;
use super::rows::{Units, named};
use super::{Judging, LimitReport, Near};
use crate::Result;
use crate::stages::clause::{Limit, Side};
use crate::stages::judge::Column as Values;

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

/// The nearest rows on one side of a limit.
struct Nearest {
    /// How many there may be.
    most: usize,
    /// Distance, unit, row, value; the nearest first.
    rows: Vec<(f64, usize, usize, f64)>,
    /// What is as far is not looked at; no number while all is.
    reach: f64,
}

impl Nearest {
    fn new(most: usize) -> Self {
        Nearest { most, rows: Vec::new(), reach: if most == 0 { f64::NEG_INFINITY } else { f64::NAN } }
    }

    /// Whether any is there, or none is wanted.
    fn is_found(&self) -> bool {
        self.most == 0 || !self.rows.is_empty()
    }

    #[inline]
    fn see(&mut self, far: f64, place: (usize, usize), value: f64) {
        if far >= self.reach {
            return;
        }
        // Of equal ones the first stays.
        let at = self.rows.partition_point(|near| near.0 <= far);
        self.rows.insert(at, (far, place.0, place.1, value));
        self.rows.truncate(self.most);
        if self.rows.len() == self.most {
            self.reach = self.rows.last().map_or(self.reach, |last| last.0);
        }
    }
}

/// The values of a signal, of the rows that reach the stage.
pub(super) struct Column {
    /// Of all rows of all units; no number where the stage does not see the row, or it has no value.
    values: Vec<f64>,
    /// How many are numbers.
    count: usize,
    /// Whether they are whole numbers.
    whole: bool,
    /// The least and the greatest.
    range: (f64, f64),
    /// Some of them, in order.
    sorted: Vec<f64>,
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
    /// The nearest rows that fail it: distance, unit, row, value.
    failing: Vec<(f64, usize, usize, f64)>,
    /// Those that keep to it.
    holding: Vec<(f64, usize, usize, f64)>,
}

impl Counted {
    /// The rows that are near it: unit and row.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.failing.iter().chain(&self.holding).map(|near| (near.1, near.2))
    }

    /// What is told of it.
    pub(super) fn into_report(
        self,
        key: String,
        percentile: Option<f64>,
        ids: &BTreeMap<(usize, usize), Vec<String>>,
    ) -> LimitReport {
        let near = |rows: Vec<(f64, usize, usize, f64)>| -> Vec<Near> {
            let ids = |unit, row| ids.get(&(unit, row)).cloned().unwrap_or_default();
            rows.into_iter().map(|(_, unit, row, value)| Near { value, ids: ids(unit, row) }).collect()
        };
        LimitReport {
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

impl Column {
    /// Reads the values of a signal; none where no row has any.
    pub(super) fn read(units: &Units, stage: &Judging, blocks: &Blocks, signal: &str) -> Result<Option<Self>> {
        // Not more room than there are rows: an array that grows takes up to twice as much.
        let (mut values, mut whole) = (Vec::with_capacity(blocks.units().map(|unit| unit.rows).sum()), true);
        for (unit, seen) in units.all.iter().zip(blocks.units()) {
            let first = values.len();
            if let Some(name) = unit.column(signal, stage.number) {
                for batch in unit.read_columns(std::slice::from_ref(&name))? {
                    let batch = batch?;
                    let before = values.len();
                    if let Some(numbers) = named(&batch, Some(&name)).map(Values::from) {
                        whole &= matches!(numbers, Values::Int(_));
                        numbers.append_to(&mut values);
                    }
                    values.resize(before + batch.num_rows(), f64::NAN);
                }
            }
            values.resize(first + seen.rows, f64::NAN);
            for (values, reached) in values[first..].chunks_mut(64).zip(&seen.reached) {
                let rows = values.len();
                ones(!reached).take_while(|row| *row < rows).for_each(|row| values[row] = f64::NAN);
            }
        }
        let numbers = || values.iter().copied().filter(|value| !value.is_nan());
        let (count, least, most) = numbers()
            .fold((0, f64::INFINITY, f64::NEG_INFINITY), |(count, least, most), value| {
                (count + 1, least.min(value), most.max(value))
            });
        if count == 0 {
            return Ok(None);
        }
        let sorted = sample(numbers(), count);
        Ok(Some(Column { values, count, whole, range: (least, most), sorted }))
    }

    /// Counts what lies beyond limits of the signal, each with its number and value.
    pub(super) fn counted(
        &self,
        blocks: &Blocks,
        limits: &[(usize, &Limit, f64)],
        (near, points): (usize, usize),
    ) -> Vec<(usize, Counted)> {
        let candidates: Vec<Vec<f64>> =
            limits.iter().map(|(_, limit, at)| self.candidates(limit, *at, points)).collect();
        let ends: Vec<Vec<f64>> = limits.iter().map(|(.., at)| ends(&self.sorted, self.whole, *at)).collect();
        let edges = Edges::new(candidates.iter().chain(&ends).flatten().copied().collect());
        let mut all = vec![0u64; edges.slots()];
        let mut counting: Vec<Counting<'_>> =
            limits.iter().map(|(_, limit, at)| Counting::new(blocks, limit, *at, near, edges.slots())).collect();
        let (mut first, mut slots) = (0, [0; 64]);
        for (unit, seen) in blocks.units().enumerate() {
            for (block, values) in self.values[first..first + seen.rows].chunks(64).enumerate() {
                let mut there = 0;
                for (row, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                    there |= 1 << row;
                    slots[row] = edges.slot(*value);
                    all[slots[row]] += 1;
                }
                counting.iter_mut().for_each(|limit| limit.see((unit, block), values, there, &slots));
            }
            first += seen.rows;
        }
        let numbers = limits.iter().map(|limit| limit.0);
        let counted = counting
            .into_iter()
            .enumerate()
            .map(|(place, limit)| limit.counted(self, (&candidates[place], &ends[place]), (&edges, &all)));
        numbers.zip(counted).collect()
    }

    /// Values that could be the limit.
    fn candidates(&self, limit: &Limit, at: f64, points: usize) -> Vec<f64> {
        let upper = matches!(limit.side, Side::Max(_));
        let sorted = &self.sorted;
        let mut limits = limits(at, upper, self.whole, self.range, sorted);
        limits.extend((0..points).map(|point| sorted[point * (sorted.len() - 1) / points.max(2).saturating_sub(1)]));
        limits.sort_by(f64::total_cmp);
        limits.dedup();
        limits
    }
}

/// A limit while the values of its signal are counted.
struct Counting<'l> {
    limit: &'l Limit,
    at: f64,
    upper: bool,
    /// What it decides, by unit.
    decides: Vec<Decided>,
    /// How many rows go for which it decides nothing.
    fixed: u64,
    /// By slot: the rows that go where they fail it, and those that go where they keep to it.
    counts: [Vec<u64>; 2],
    /// The nearest rows that fail it, and that keep to it: those for which it decides.
    decided: [Nearest; 2],
    /// And others, where there is none of those.
    others: [Nearest; 2],
}

impl<'l> Counting<'l> {
    fn new(blocks: &Blocks, limit: &'l Limit, at: f64, near: usize, slots: usize) -> Self {
        let (decides, fixed) = blocks.decides(limit);
        let (decided, others) = ([(); 2].map(|()| Nearest::new(near)), [(); 2].map(|()| Nearest::new(near)));
        let upper = matches!(limit.side, Side::Max(_));
        let counts = [vec![0u64; slots], vec![0u64; slots]];
        Counting { limit, at, upper, decides, fixed, counts, decided, others }
    }

    /// Counts the rows of a block: those that have a value, and the slots of these values.
    fn see(&mut self, (unit, block): (usize, usize), values: &[f64], there: u64, slots: &[usize; 64]) {
        let of = &self.decides[unit];
        let (failing, holding) = (of.failing[block], of.holding[block]);
        for row in ones((failing | holding) & there) {
            let (value, slot) = (values[row], slots[row]);
            self.counts[usize::from(holding >> row & 1 == 1)][slot] += 1;
            let holds = usize::from(!beyond(value, self.at, self.upper));
            self.decided[holds].see((value - self.at).abs(), (unit, 64 * block + row), value);
        }
        if self.decided.iter().all(Nearest::is_found) {
            return;
        }
        for row in ones(there & !(failing | holding)) {
            let value = values[row];
            let holds = usize::from(!beyond(value, self.at, self.upper));
            if self.decided[holds].rows.is_empty() {
                self.others[holds].see((value - self.at).abs(), (unit, 64 * block + row), value);
            }
        }
    }

    /// What was counted: `all` rows by slot too.
    fn counted(
        mut self,
        column: &Column,
        (candidates, ends): (&[f64], &[f64]),
        (edges, all): (&Edges, &[u64]),
    ) -> Counted {
        let (at, upper, fixed) = (self.at, self.upper, self.fixed);
        let [failing, holding] = &self.counts;
        let held: u64 = holding.iter().sum();
        let drops =
            |limit: f64| fixed + edges.beyond(failing, limit, upper) + held - edges.beyond(holding, limit, upper);
        let neighbour = |limit: &f64| {
            let beyond = edges.beyond(all, *limit, upper);
            Neighbour { limit: *limit, beyond, drops: drops(*limit) }
        };
        // Where the limit decides nothing on a side, what lies there all the same.
        let [failing, holding] = std::array::from_fn(|side| {
            let rows = std::mem::take(&mut self.decided[side].rows);
            if rows.is_empty() { std::mem::take(&mut self.others[side].rows) } else { rows }
        });
        Counted {
            signal: self.limit.signal.clone(),
            at,
            upper,
            whole: column.whole,
            rows: column.count as u64,
            beyond: edges.beyond(all, at, upper),
            alone: drops(at) - fixed,
            range: column.range,
            bins: bins(ends, edges, all),
            neighbours: candidates.iter().map(neighbour).collect(),
            failing,
            holding,
        }
    }
}

fn beyond(value: f64, limit: f64, upper: bool) -> bool {
    if upper { value > limit } else { value < limit }
}

/// Some of the values, sorted: places of the distribution, near enough.
fn sample(values: impl Iterator<Item = f64>, count: usize) -> Vec<f64> {
    let mut some: Vec<f64> = values.step_by(count.div_ceil(SAMPLE)).collect();
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

/// The distribution by these ends; what lies far out is in the first and in the last.
fn bins(ends: &[f64], edges: &Edges, counts: &[u64]) -> Vec<Bin> {
    let mut bins: Vec<Bin> = ends.windows(2).map(|ends| Bin { from: ends[0], to: ends[1], rows: 0 }).collect();
    let (last, mut slot) = (bins.len() - 1, 0);
    for (at, bin) in bins.iter_mut().enumerate() {
        let behind = if at == last { counts.len() } else { edges.slot(bin.to) };
        bin.rows = counts[slot..behind].iter().sum();
        slot = behind;
    }
    bins
}

/// The ends of the bars of a distribution: stretches of one width, or of one ratio where the values span many powers of
/// ten. The limit is one of them.
fn ends(sorted: &[f64], whole: bool, at: f64) -> Vec<f64> {
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
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values by the slots of some edges.
    fn by_slot(values: &[f64], edges: &[f64]) -> (Edges, Vec<u64>) {
        let edges = Edges::new(edges.to_vec());
        let mut counts = vec![0; edges.slots()];
        values.iter().for_each(|value| counts[edges.slot(*value)] += 1);
        (edges, counts)
    }

    fn bars(values: &[f64], whole: bool, at: f64) -> Vec<Bin> {
        let ends = ends(&sample(values.iter().copied(), values.len()), whole, at);
        // Edges of other limits change nothing.
        let others = [3.0, 33.5, 400.0];
        let (edges, counts) = by_slot(values, &[&ends[..], &others].concat());
        bins(&ends, &edges, &counts)
    }

    #[test]
    fn all_values_are_in_a_bin_and_the_limit_is_an_end() {
        let values: Vec<f64> = (0..1_000).map(|i| f64::from(i % 100)).collect();
        let bins = bars(&values, true, 33.0);
        assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>(), 1_000);
        let below: u64 = bins.iter().filter(|bin| bin.to <= 33.0).map(|bin| bin.rows).sum();
        assert!(below == 330 && bins.iter().any(|bin| bin.from == 33.0), "{bins:?}");
        let wide: Vec<f64> = (0..20).map(|i| 2f64.powi(i)).collect();
        let bins = bars(&wide, false, 1_000.0);
        assert!(bins.iter().all(|bin| bin.rows <= 3 && bin.to > bin.from), "{bins:?}");
        let same = bars(&[0.0; 9], false, 0.0);
        assert_eq!((same.len(), same[0].rows), (1, 9));
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
        for (most, kept) in [(3, &[4, 1, 3][..]), (9, &[4, 1, 3, 2, 0, 5]), (0, &[])] {
            let mut near = Nearest::new(most);
            for (row, far) in [3.0, 1.0, 2.0, 1.0, 0.5, f64::INFINITY].into_iter().enumerate() {
                near.see(far, (0, row), far);
            }
            assert_eq!(near.rows.iter().map(|n| n.2).collect::<Vec<_>>(), kept);
        }
    }
}
