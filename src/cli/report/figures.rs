//! The figures of a build: each signal as a histogram with its limits, shares of words, lengths, and signals against each
//! other and by source.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::dropped::Dropped;
use super::kept::{Kept, Limit, SHARED};
use super::values::{Values, low};

/// Bars of a histogram.
const BARS: usize = 40;
/// Words of a share that are shown.
const WORDS: usize = 12;
/// Signals that are set against each other.
const AGAINST: usize = 24;
/// Sources of which signals are shown.
const SOURCES: usize = 12;
/// Rows that both signals of a pair, or a source, must have.
const ENOUGH: usize = 20;

/// Every signal, those with limits first: bars over all rows that are kept, and over those that went by a limit on it;
/// quantiles of the kept.
pub fn signals(kept: &Kept, dropped: &Dropped, limits: &[Limit]) -> Vec<Json> {
    let none = Values::default();
    let mut by_name: BTreeMap<&str, (&Values, Vec<Against<'_>>)> =
        kept.names.iter().zip(&kept.values).map(|(name, values)| (name.as_str(), (values, Vec::new()))).collect();
    for (limit, under) in limits.iter().zip(&kept.under) {
        let Some(signal) = &limit.signal else { continue };
        let values = dropped.all.get(&(limit.stage.clone(), limit.reason.clone())).map_or(&none, |rows| &rows.values);
        by_name.entry(signal).or_insert((&none, Vec::new())).1.push((limit, values, under.as_ref()));
    }
    let mut all: Vec<Json> = by_name.into_iter().map(|(name, (kept, limits))| signal(name, kept, &limits)).collect();
    all.sort_by_key(|signal| signal["limits"].as_array().is_none_or(Vec::is_empty));
    all
}

/// A limit, what went by it, and what the rows have that it is for, where these are not all.
type Against<'a> = (&'a Limit, &'a Values, Option<&'a Values>);

/// A signal as the page draws it: bars `[from, to, kept, dropped by the first limit, by the second, …]`.
fn signal(name: &str, kept: &Values, limits: &[Against<'_>]) -> Json {
    let all: Vec<&Values> = std::iter::once(kept).chain(limits.iter().map(|l| l.1)).collect();
    let edges = edges(&all, limits);
    let mut bars: Vec<Vec<f64>> =
        edges.windows(2).map(|edge| [vec![edge[0], edge[1]], vec![0.0; all.len()]].concat()).collect();
    let count = |values: &Values, see: &mut dyn FnMut(usize, u64)| {
        for (bin, count) in values.bins() {
            see(edges.partition_point(|edge| *edge <= low(bin)).clamp(1, edges.len().max(2) - 1) - 1, count);
        }
    };
    let drawn = if bars.is_empty() { 0 } else { all.len() };
    for (at, values) in all.iter().enumerate().take(drawn) {
        count(values, &mut |bar, rows| bars[bar][2 + at] += rows as f64);
    }
    let shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
    let quantiles: Vec<f64> = shares.iter().map(|share| rounded(kept.quantile(*share))).collect();
    let side = |limit: &Limit| if limit.upper { "max" } else { "min" };
    let limit = |(limit, dropped, under): &Against<'_>| {
        let mut entry = json!({"stage": limit.stage, "side": side(limit), "limit": limit.limit, "rows": dropped.count});
        if let Some(under) = under {
            let mut kept = vec![0; bars.len()];
            if !kept.is_empty() {
                count(under, &mut |bar, rows| kept[bar] += rows);
            }
            entry["kept"] = json!(kept);
        }
        entry
    };
    let limits: Vec<Json> = limits.iter().map(limit).collect();
    json!({"name": name, "rows": kept.count, "quantiles": quantiles, "limits": limits, "bars": bars})
}

/// The edges of the bars: from the least to the greatest value but for a thousandth at each end, even, or even in the
/// logarithm where values span more than two orders of magnitude; every limit is an edge.
fn edges(all: &[&Values], limits: &[Against<'_>]) -> Vec<f64> {
    let some = || all.iter().filter(|v| v.count > 0);
    let ends = || limits.iter().map(|l| l.0.limit);
    let least = some().map(|v| v.quantile(0.001)).chain(ends()).fold(f64::INFINITY, f64::min);
    let most = some().map(|v| v.quantile(0.999)).chain(ends()).fold(f64::NEG_INFINITY, f64::max);
    if !least.is_finite() || !most.is_finite() {
        return Vec::new();
    }
    // The bin of the greatest value is a 32nd of it wide.
    let most = if most > least { most + most.abs() / 32.0 } else { least + least.abs().max(1.0) };
    let log = least > 0.0 && most / least > 100.0;
    let at = |step: usize| {
        let share = step as f64 / BARS as f64;
        if log { least * (most / least).powf(share) } else { least + (most - least) * share }
    };
    let mut edges: Vec<f64> = (0..=BARS).map(at).map(rounded).chain(ends()).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// A number with six digits: more tell nothing, and make the page larger.
pub fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(5 - value.abs().log10().floor() as i32);
    if scale.is_finite() && scale > 0.0 { (value * scale).round() / scale } else { value }
}

/// How many kept rows have which word, the most frequent words first.
pub fn shares(kept: &Kept) -> Vec<Json> {
    let share = |(name, words): (&&str, &BTreeMap<String, u64>)| {
        let kinds = words.len();
        let mut words: Vec<(&String, &u64)> = words.iter().collect();
        words.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        words.truncate(WORDS);
        json!({"name": name, "kinds": kinds, "words": words})
    };
    SHARED.iter().zip(&kept.shares).map(share).collect()
}

/// Lengths in powers of two: `[from, to, rows]`.
pub fn lengths(values: &Values) -> Vec<(f64, f64, u64)> {
    let mut all: Vec<(f64, f64, u64)> = Vec::new();
    for (bin, count) in values.bins() {
        let value = low(bin).max(0.0);
        let from = if value < 1.0 { 0.0 } else { 2f64.powf(value.log2().floor()) };
        let to = if from == 0.0 { 1.0 } else { from * 2.0 };
        match all.last_mut().filter(|last| last.0 == from) {
            Some(last) => last.2 += count,
            None => all.push((from, to, count)),
        }
    }
    all
}

/// Signals against each other (Spearman's rank correlation), and their medians by source, over the sample.
pub fn relations(kept: &Kept, limits: &[Limit]) -> Json {
    let limited = |at: &usize| limits.iter().any(|l| l.signal.as_ref() == Some(&kept.names[*at]));
    let varies = |at: &usize| {
        let mut values = kept.sample.iter().map(|row| row.values[*at]).filter(|v| !v.is_nan());
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let mut chosen: Vec<usize> = (0..kept.names.len()).filter(varies).collect();
    chosen.sort_by_key(|at| !limited(at));
    let left_out = chosen.len().saturating_sub(AGAINST);
    chosen.truncate(AGAINST);
    let names: Vec<&String> = chosen.iter().map(|at| &kept.names[*at]).collect();
    let columns: Vec<Vec<f64>> =
        chosen.iter().map(|at| kept.sample.iter().map(|row| row.values[*at]).collect()).collect();
    let cell = |a: usize, b: usize| if a == b { Some(1.0) } else { spearman(&columns[a], &columns[b]) };
    let hundredths = |r: Option<f64>| r.map(|r| (r * 100.0).round() / 100.0);
    let matrix: Vec<Vec<Option<f64>>> =
        (0..chosen.len()).map(|a| (0..a).map(|b| hundredths(cell(a, b))).collect()).collect();
    json!({"rows": kept.sample.len(), "names": names, "left_out": left_out, "matrix": matrix,
        "sources": by_source(kept, &chosen)})
}

/// The quartiles of signals by source: `{source, rows, signals: [[25 %, 50 %, 75 %] or null]}`.
fn by_source(kept: &Kept, chosen: &[usize]) -> Vec<Json> {
    let mut sources: BTreeMap<&str, Vec<&Vec<f64>>> = BTreeMap::new();
    kept.sample.iter().for_each(|row| sources.entry(&row.source).or_default().push(&row.values));
    let mut sources: Vec<_> = sources.into_iter().collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.1.len()));
    sources.truncate(SOURCES);
    let quartiles = |rows: &[&Vec<f64>], at: usize| {
        let mut values: Vec<f64> = rows.iter().map(|row| row[at]).filter(|v| !v.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        let quartile = |share: f64| rounded(values[((values.len() - 1) as f64 * share).round() as usize]);
        (!values.is_empty()).then(|| [quartile(0.25), quartile(0.5), quartile(0.75)])
    };
    let of = |(source, rows): (&str, Vec<&Vec<f64>>)| {
        let signals: Vec<_> = chosen.iter().map(|at| quartiles(&rows, *at)).collect();
        json!({"source": source, "rows": rows.len(), "signals": signals})
    };
    sources.into_iter().map(of).collect()
}

/// Spearman's rank correlation over the rows that have both; none where they are few, or one does not vary.
fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let both: Vec<(f64, f64)> =
        a.iter().zip(b).map(|(a, b)| (*a, *b)).filter(|p| !p.0.is_nan() && !p.1.is_nan()).collect();
    if both.len() < ENOUGH {
        return None;
    }
    let (a, b) = (ranks(both.iter().map(|p| p.0).collect()), ranks(both.iter().map(|p| p.1).collect()));
    let mean = (both.len() as f64 + 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let spread = (sum(&a, &a) * sum(&b, &b)).sqrt();
    (spread > 0.0).then(|| sum(&a, &b) / spread)
}

/// The ranks of values, from 1; equal ones share the mean of theirs.
fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let same = order[at..].iter().take_while(|i| values[**i] == values[order[at]]).count();
        let rank = at as f64 + (same as f64 + 1.0) / 2.0;
        order[at..at + same].iter().for_each(|i| ranks[*i] = rank);
        at += same;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(limit: f64) -> Limit {
        Limit {
            stage: "length".into(),
            reason: "chars_min".into(),
            signal: Some("chars".into()),
            upper: false,
            limit,
            only: Default::default(),
        }
    }

    #[test]
    fn every_row_is_in_one_bar_and_limits_are_edges() {
        let (mut kept, mut dropped) = (Values::default(), Values::default());
        (20..5_000).for_each(|n| kept.add(f64::from(n)));
        (0..20).for_each(|n| dropped.add(f64::from(n)));
        let drawn = signal("chars", &kept, &[(&limit(20.0), &dropped, None)]);
        let bars = drawn["bars"].as_array().unwrap();
        let sum = |at: usize| bars.iter().map(|b| b[at].as_f64().unwrap()).sum::<f64>();
        assert_eq!((sum(2), sum(3)), (4_980.0, 20.0));
        assert!(bars.iter().any(|b| b[0] == 20.0), "{bars:?}");
        let crossed = bars.iter().filter(|b| b[1].as_f64().unwrap() <= 20.0).any(|b| b[2].as_f64().unwrap() > 0.0);
        assert!(!crossed, "no kept row is below the limit: {bars:?}");
        assert_eq!(drawn["limits"][0]["rows"], 20);
    }

    #[test]
    fn a_signal_of_no_rows_or_of_one_value_is_drawn() {
        assert_eq!(signal("x", &Values::default(), &[])["bars"], json!([]));
        let mut one = Values::default();
        one.add(0.0);
        one.add(f64::NAN);
        assert_eq!(signal("x", &one, &[])["rows"], 1);
    }

    #[test]
    fn lengths_are_powers_of_two() {
        let mut values = Values::default();
        [0.0, 1.0, 2.0, 3.0, 4.0, 1_023.0, 1_024.0].into_iter().for_each(|v| values.add(v));
        assert_eq!(
            lengths(&values),
            [(0.0, 1.0, 1), (1.0, 2.0, 1), (2.0, 4.0, 2), (4.0, 8.0, 1), (512.0, 1_024.0, 1), (1_024.0, 2_048.0, 1)]
        );
    }

    #[test]
    fn ranks_tell_what_goes_together() {
        let a: Vec<f64> = (0..50).map(f64::from).collect();
        let cube: Vec<f64> = a.iter().map(|v| v * v * v).collect();
        let back: Vec<f64> = a.iter().map(|v| -v).collect();
        assert_eq!((spearman(&a, &cube), spearman(&a, &back)), (Some(1.0), Some(-1.0)));
        assert_eq!((spearman(&a, &[1.0; 50]), spearman(&a[..5], &cube[..5])), (None, None));
        assert_eq!(ranks(vec![3.0, 1.0, 3.0]), [2.5, 1.0, 2.5]);
        assert_eq!((rounded(1.234_567_89), rounded(0.0), rounded(-123_456_789.0)), (1.23457, 0.0, -123_457_000.0));
    }
}
