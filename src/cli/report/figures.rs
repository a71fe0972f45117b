//! The figures of a build: each signal as a histogram with its limits, and the shares of words such as languages.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::ProjectionMask;
use serde_json::{Value as Json, json};

use crate::Result;
use crate::cli::rows_of::{Part, open};
use crate::pipeline::publish::manifest::Manifest;
use crate::rows::{self, Use};

/// Bars of a histogram.
const BARS: usize = 40;
/// Words of a share that are shown.
const WORDS: usize = 12;
/// Rows that are read at a time.
const BATCH: usize = 8192;

/// How often values come, by bins that are at most 1/32 of the value wide: a float's sign, exponent and first five bits
/// of its fraction. Some thousand counts at most, whatever the number of values.
#[derive(Debug, Default)]
struct Values {
    bins: BTreeMap<i64, u64>,
    count: u64,
}

impl Values {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            *self.bins.entry(bin(value)).or_default() += 1;
            self.count += 1;
        }
    }

    /// The value under which a share of all lies.
    fn quantile(&self, share: f64) -> f64 {
        let mut left = share * self.count as f64;
        for (bin, count) in &self.bins {
            left -= *count as f64;
            if left <= 0.0 {
                return low(*bin);
            }
        }
        self.bins.keys().next_back().map_or(0.0, |bin| low(*bin))
    }
}

/// The number of a value's bin; greater values have greater numbers.
fn bin(value: f64) -> i64 {
    let bits = (value.abs().to_bits() >> 47) as i64;
    if value < 0.0 { -bits - 1 } else { bits }
}

/// The least value of a bin.
fn low(bin: i64) -> f64 {
    if bin < 0 { -f64::from_bits(((-bin) as u64) << 47) } else { f64::from_bits((bin as u64) << 47) }
}

/// A limit on a signal, and the values of the rows that went by it.
#[derive(Debug)]
struct Limit {
    stage: String,
    side: &'static str,
    limit: f64,
    dropped: Values,
}

/// Every signal that `data/` has as a number, those with limits first: bars over all rows that are kept, and over those
/// that went by a limit on it; quantiles of the kept.
///
/// # Errors
/// Shards that cannot be read.
pub fn signals(manifest: &Manifest, data: &[Part], dropped: &[Part]) -> Result<Vec<Json>> {
    let mut limits: BTreeMap<String, Vec<Limit>> = BTreeMap::new();
    for stage in &manifest.stages {
        for (signal, rule) in &stage.rules {
            for (side, limit) in [("min", rule.min), ("max", rule.max)] {
                let Some(limit) = limit else { continue };
                let limit = Limit { stage: stage.name.clone(), side, limit, dropped: Values::default() };
                limits.entry(signal.clone()).or_default().push(limit);
            }
        }
    }
    for part in dropped {
        columns(part, &["stage", "reason", "value"], |batch| {
            let text = |name: &str| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
            let (Some(stages), Some(reasons), Some(values)) = (text("stage"), text("reason"), text("value")) else {
                return;
            };
            for row in (0..batch.num_rows()).filter(|row| values.is_valid(*row)) {
                let Some((signal, side)) = reasons.value(row).rsplit_once('_') else { continue };
                let Some(of) = limits.get_mut(signal) else { continue };
                let here = of.iter_mut().find(|l| l.stage == stages.value(row) && l.side == side);
                if let (Some(limit), Ok(value)) = (here, values.value(row).parse()) {
                    limit.dropped.add(value);
                }
            }
        })?;
    }
    let mut kept: BTreeMap<String, Values> = BTreeMap::new();
    for part in data {
        let content = content(part);
        let names = numbers(part)?.into_iter().filter(|name| !content.contains(name)).collect::<Vec<_>>();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        columns(part, &names, |batch| add(batch, &names, &mut kept))?;
    }
    let mut all: Vec<Json> = kept.iter().map(|(name, values)| signal(name, values, limits.get(name))).collect();
    let none = Values::default();
    all.extend(limits.iter().filter(|l| !kept.contains_key(l.0)).map(|(name, of)| signal(name, &none, Some(of))));
    all.sort_by_key(|signal| signal["limits"].as_array().is_none_or(Vec::is_empty));
    Ok(all)
}

/// The names of a table's content: what is in them is data, and no signal.
fn content(part: &Part) -> Vec<String> {
    let usage = Use::ALL.into_iter().find(|u| part.name.ends_with(u.as_str()));
    usage.map_or(Vec::new(), |usage| rows::content(usage).iter().map(|f| f.name().clone()).collect())
}

/// The columns of a table that are numbers.
fn numbers(part: &Part) -> Result<Vec<String>> {
    let Some(file) = part.files.first() else { return Ok(Vec::new()) };
    let schema = open(file)?.schema().clone();
    let fields = schema.fields().iter().filter(|f| f.data_type().is_numeric());
    Ok(fields.map(|f| f.name().clone()).collect())
}

/// Calls `each` with every batch of some columns of a table.
fn columns(part: &Part, names: &[&str], mut each: impl FnMut(&RecordBatch)) -> Result<()> {
    for file in part.files.iter().filter(|_| !names.is_empty()) {
        let reader = open(file)?;
        let mask = ProjectionMask::columns(reader.parquet_schema(), names.iter().copied());
        for batch in reader.with_projection(mask).with_batch_size(BATCH).build()? {
            each(&batch?);
        }
    }
    Ok(())
}

fn add(batch: &RecordBatch, names: &[&str], kept: &mut BTreeMap<String, Values>) {
    for name in names {
        let column = batch.column_by_name(name).and_then(|c| cast(c, &DataType::Float64).ok());
        let Some(column) = column else { continue };
        let values = kept.entry((*name).to_owned()).or_default();
        column.as_primitive::<Float64Type>().iter().flatten().for_each(|value| values.add(value));
    }
}

/// A signal as the page draws it: bars `[from, to, kept, dropped by the first limit, by the second, …]`.
fn signal(name: &str, kept: &Values, limits: Option<&Vec<Limit>>) -> Json {
    let none = Vec::new();
    let limits = limits.unwrap_or(&none);
    let all: Vec<&Values> = std::iter::once(kept).chain(limits.iter().map(|l| &l.dropped)).collect();
    let edges = edges(&all, limits);
    let mut bars: Vec<Vec<f64>> =
        edges.windows(2).map(|edge| [vec![edge[0], edge[1]], vec![0.0; all.len()]].concat()).collect();
    for (at, values) in all.iter().enumerate() {
        for (bin, count) in &values.bins {
            let bar = edges.partition_point(|edge| *edge <= low(*bin)).clamp(1, bars.len().max(1)) - 1;
            if let Some(bar) = bars.get_mut(bar) {
                bar[2 + at] += *count as f64;
            }
        }
    }
    let shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
    let quantiles: Vec<f64> = shares.iter().map(|share| kept.quantile(*share)).collect();
    let limits: Vec<Json> = limits
        .iter()
        .map(|l| json!({"stage": l.stage, "side": l.side, "limit": l.limit, "rows": l.dropped.count}))
        .collect();
    json!({"name": name, "rows": kept.count, "quantiles": quantiles, "limits": limits, "bars": bars})
}

/// The edges of the bars: from the least to the greatest value but for a thousandth at each end, even, or even in the
/// logarithm where values span more than two orders of magnitude; every limit is an edge.
fn edges(all: &[&Values], limits: &[Limit]) -> Vec<f64> {
    let some = || all.iter().filter(|v| v.count > 0);
    let least = some().map(|v| v.quantile(0.001)).chain(limits.iter().map(|l| l.limit)).fold(f64::INFINITY, f64::min);
    let most = some().map(|v| v.quantile(0.999)).chain(limits.iter().map(|l| l.limit));
    let most = most.fold(f64::NEG_INFINITY, f64::max);
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
    let mut edges: Vec<f64> = (0..=BARS).map(at).chain(limits.iter().map(|l| l.limit)).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// How many kept rows have which word, the most frequent words first: source, use, language, script, licence.
///
/// # Errors
/// Shards that cannot be read.
pub fn shares(data: &[Part]) -> Result<Vec<Json>> {
    let names = ["source", "use", "language", "script", "license"];
    let mut all: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); names.len()];
    for part in data {
        columns(part, &names, |batch| {
            for (name, words) in names.iter().zip(&mut all) {
                let column = batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
                for word in column.into_iter().flatten() {
                    let word = word.unwrap_or_default();
                    if !words.contains_key(word) {
                        words.insert(word.to_owned(), 0);
                    }
                    if let Some(count) = words.get_mut(word) {
                        *count += 1;
                    }
                }
            }
        })?;
    }
    let share = |(name, words): (&&str, BTreeMap<String, u64>)| {
        let kinds = words.len();
        let mut words: Vec<(String, u64)> = words.into_iter().collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words.truncate(WORDS);
        json!({"name": name, "kinds": kinds, "words": words})
    };
    Ok(names.iter().zip(all).map(share).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_in_the_order_of_values_and_a_32nd_wide() {
        let values = [-1e9, -33.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 1.03125, 33.0, 1e9];
        for pair in values.windows(2) {
            assert!(bin(pair[0]) < bin(pair[1]), "{pair:?}");
        }
        for value in values {
            let from = low(bin(value));
            assert!(from <= value && value - from <= value.abs() / 32.0 + f64::MIN_POSITIVE, "{value}: {from}");
        }
    }

    #[test]
    fn every_row_is_in_one_bar_and_limits_are_edges() {
        let (mut kept, mut dropped) = (Values::default(), Values::default());
        (20..5_000).for_each(|n| kept.add(f64::from(n)));
        (0..20).for_each(|n| dropped.add(f64::from(n)));
        let limit = Limit { stage: "length".into(), side: "min", limit: 20.0, dropped };
        let drawn = signal("chars", &kept, Some(&vec![limit]));
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
        assert_eq!(signal("x", &Values::default(), None)["bars"], json!([]));
        let mut one = Values::default();
        one.add(0.0);
        one.add(f64::NAN);
        assert_eq!(signal("x", &one, None)["rows"], 1);
    }
}
