//! One pass over the narrow columns of the rows that stay: how each signal is distributed, how often words come, which
//! rows are next to a limit, and a sample of rows with all their signals.

use std::collections::{BTreeMap, HashMap};

use arrow::array::AsArray;
use arrow::array::{Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::values::{Least, Values};
use crate::Result;
use crate::cli::tables::{Table, Words};
use crate::recipe::Only;
use crate::rows::{self, Use};

/// Columns of words of which shares are shown.
pub const SHARED: [&str; 5] = ["source", "use", "language", "script", "license"];
/// Rows of the sample with all their signals, about.
const SAMPLED: u64 = 20_000;
/// Rows whose words are counted.
pub const WORDED: usize = 2_000;
/// Rows that are drawn together where a draw may take neighbours: they are read from one page.
const NEIGHBOURS: u64 = 8;

/// A limit on a signal, as a recipe has it or as dropped rows tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The stage.
    pub stage: String,
    /// The reason word of rows that fail it.
    pub reason: String,
    /// The signal; none where the limit is of what a stage found by comparing rows.
    pub signal: Option<String>,
    /// Whether what is greater fails it.
    pub upper: bool,
    /// The limit.
    pub limit: f64,
    /// Which rows it is for.
    pub only: Only,
}

/// A row of the sample: its source, and its signals in the order of [`Kept::names`].
pub struct Sampled {
    /// The source.
    pub source: String,
    /// The signals; NaN where it has none.
    pub values: Vec<f64>,
    order: (usize, u64),
}

/// What is known of the rows that stay.
#[derive(Default)]
pub struct Kept {
    /// The signals.
    pub names: Vec<String>,
    /// Their values.
    pub values: Vec<Values>,
    /// How often each word of [`SHARED`] comes.
    pub shares: Vec<BTreeMap<String, u64>>,
    /// By limit: the nearest rows that keep to it.
    pub near: Vec<Least>,
    /// By limit that is for some rows alone: the values of these.
    pub under: Vec<Option<Values>>,
    /// Rows with all their signals.
    pub sample: Vec<Sampled>,
    /// Rows whose words are counted.
    pub worded: Vec<(usize, u64)>,
}

/// What is asked of the rows.
pub struct Asked<'a> {
    /// The limits.
    pub limits: &'a [Limit],
    /// Rows next to each.
    pub most: usize,
    /// Of the draws.
    pub seed: u64,
}

/// The state of a core.
struct State {
    values: Vec<Values>,
    shares: Vec<HashMap<String, u64>>,
    near: Vec<Least>,
    under: Vec<Option<Values>>,
    worded: Least,
    sample: Vec<Sampled>,
}

/// A number between 0 and 1 that a row, or with `together` above 1 some neighbours, draw.
pub fn drawn(seed: u64, table: usize, place: u64, together: u64) -> f64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(table as u64).to_le_bytes());
    bytes[8..].copy_from_slice(&(place / together).to_le_bytes());
    (xxh3_64_with_seed(&bytes, seed) >> 11) as f64 / (1u64 << 53) as f64
}

/// The same for rows of which neighbours are drawn together.
pub fn drawn_together(seed: u64, table: usize, place: u64) -> f64 {
    drawn(seed, table, place, NEIGHBOURS)
}

/// Goes through the rows that stay.
///
/// # Errors
/// Shards that cannot be read.
pub fn kept(tables: &[Table], asked: &Asked<'_>) -> Result<Kept> {
    let mut names: Vec<String> = tables.iter().flat_map(numbers).collect();
    names.sort();
    names.dedup();
    let total: u64 = tables.iter().map(Table::rows).sum();
    let share = if total <= SAMPLED { 1.1 } else { SAMPLED as f64 / total as f64 };
    let new = || State {
        values: vec![Values::default(); names.len()],
        shares: vec![HashMap::new(); SHARED.len()],
        near: vec![Least::new(asked.most); asked.limits.len()],
        under: under(asked.limits),
        worded: Least::new(WORDED),
        sample: Vec::new(),
    };
    let mut all = Kept { names: names.clone(), values: vec![Values::default(); names.len()], ..Kept::default() };
    (all.shares, all.near) = (vec![BTreeMap::new(); SHARED.len()], vec![Least::new(asked.most); asked.limits.len()]);
    all.under = under(asked.limits);
    let mut worded = Least::new(WORDED);
    for (at, table) in tables.iter().enumerate() {
        let own = numbers(table);
        let columns: Vec<&str> = own.iter().map(String::as_str).chain(SHARED).chain(["subset"]).collect();
        let step = |state: &mut State, batch: &RecordBatch, first: u64| {
            state.see(batch, &names, (at, first), asked, share);
            Ok(())
        };
        for state in table.fold(&columns, new, step)? {
            all.values.iter_mut().zip(&state.values).for_each(|(all, one)| all.merge(one));
            for (all, one) in all.shares.iter_mut().zip(state.shares) {
                one.into_iter().for_each(|(word, count)| *all.entry(word).or_default() += count);
            }
            all.near.iter_mut().zip(state.near).for_each(|(all, one)| all.merge(one));
            for (all, one) in all.under.iter_mut().zip(&state.under) {
                if let (Some(all), Some(one)) = (all, one) {
                    all.merge(one);
                }
            }
            worded.merge(state.worded);
            all.sample.extend(state.sample);
        }
    }
    all.sample.sort_by_key(|row| row.order);
    all.worded = worded.rows.into_iter().map(|row| (row.1, row.2)).collect();
    Ok(all)
}

/// The signals of a table: its numbers that are no content.
fn numbers(table: &Table) -> Vec<String> {
    let usage = Use::ALL.into_iter().find(|u| table.part.name.ends_with(u.as_str()));
    let content: Vec<String> =
        usage.map_or(Vec::new(), |usage| rows::content(usage).iter().map(|f| f.name().clone()).collect());
    let numbers = table.columns().iter().filter(|f| f.data_type().is_numeric() && !content.contains(f.name()));
    numbers.map(|f| f.name().clone()).collect()
}

impl State {
    fn see(&mut self, batch: &RecordBatch, names: &[String], at: (usize, u64), asked: &Asked<'_>, share: f64) {
        let column = |name: &String| batch.column_by_name(name).and_then(|c| cast(c, &DataType::Float64).ok());
        let columns: Vec<_> = names.iter().map(column).collect();
        for (column, values) in columns.iter().zip(&mut self.values) {
            let column = column.iter().flat_map(|c| c.as_primitive::<Float64Type>().iter()).flatten();
            column.for_each(|value| values.add(value));
        }
        for (name, counts) in SHARED.iter().zip(&mut self.shares) {
            count(batch, name, counts);
        }
        for (limit, (near, under)) in asked.limits.iter().zip(self.near.iter_mut().zip(&mut self.under)) {
            let place = limit.signal.as_ref().and_then(|signal| names.iter().position(|name| name == signal));
            let Some(column) = place.and_then(|place| columns[place].as_ref()) else { continue };
            let applies = applies(&limit.only, batch);
            for (row, value) in column.as_primitive::<Float64Type>().iter().enumerate() {
                let Some(value) = value.filter(|_| applies(row)) else { continue };
                if let Some(under) = under {
                    under.add(value);
                }
                let far = if limit.upper { limit.limit - value } else { value - limit.limit };
                if far >= 0.0 {
                    near.see(far, at.0, at.1 + row as u64);
                }
            }
        }
        let sources = Words::of(batch, "source");
        for row in 0..batch.num_rows() {
            let place = at.1 + row as u64;
            let number = drawn_together(asked.seed, at.0, place);
            self.worded.see(number, at.0, place);
            if number < share {
                let value = |column: &Option<arrow::array::ArrayRef>| {
                    let column = column.as_ref().filter(|c| c.is_valid(row));
                    column.map_or(f64::NAN, |c| c.as_primitive::<Float64Type>().value(row))
                };
                let source = sources.as_ref().and_then(|s| s.get(row)).unwrap_or_default().to_owned();
                self.sample.push(Sampled { source, values: columns.iter().map(value).collect(), order: (at.0, place) });
            }
        }
    }
}

/// Values of the rows that limits are for, where these are not all rows.
fn under(limits: &[Limit]) -> Vec<Option<Values>> {
    limits.iter().map(|limit| (limit.only != Only::default()).then(Values::default)).collect()
}

/// Which rows of a batch a limit is for.
fn applies<'b>(only: &'b Only, batch: &'b RecordBatch) -> impl Fn(usize) -> bool + 'b {
    let [usage, language, source, subset] = ["use", "language", "source", "subset"].map(|name| Words::of(batch, name));
    let word = |column: &Option<Words<'b>>, row: usize| column.as_ref().and_then(|c| c.get(row)).unwrap_or_default();
    move |row| {
        let (source, part) = (word(&source, row), word(&subset, row));
        let named = |name: &String| {
            name == source || name.split_once('/').is_some_and(|(of, rest)| of == source && rest == part)
        };
        (only.usage.is_empty() || Use::parse(word(&usage, row)).is_some_and(|own| only.usage.contains(&own)))
            && (only.language.is_empty() || only.language.iter().any(|own| own == word(&language, row)))
            && (only.source.is_empty() || only.source.iter().any(named))
    }
}

/// Counts the words of a column.
fn count(batch: &RecordBatch, name: &str, counts: &mut HashMap<String, u64>) {
    let Some(words) = Words::of(batch, name) else { return };
    let mut here = vec![0u64; words.words.len() + 1];
    let none = words.words.len();
    (0..batch.num_rows()).for_each(|row| here[words.key(row).unwrap_or(none)] += 1);
    for (key, count) in here.into_iter().enumerate().filter(|c| c.1 > 0) {
        let word = if key == none { "" } else { words.words.value(key) };
        match counts.get_mut(word) {
            Some(all) => *all += count,
            None => drop(counts.insert(word.to_owned(), count)),
        }
    }
}
