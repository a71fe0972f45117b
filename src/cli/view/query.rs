//! Rows that are asked for by source, language, reason, a signal's range, or by what they say: counted by row groups, so
//! that a page is found without looking at what comes before it.

use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::guard::Asked;
use crate::Result;
use crate::cli::rows_of::holds;
use crate::cli::tables::{Group, Table, Words, on_all_cores};

/// How long a search goes on before it says how far it came.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// Columns of words that rows can be asked for by.
const BY_WORD: [&str; 5] = ["source", "language", "license", "stage", "reason"];

/// Which rows are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// `data`, `dropped`, `unreadable`.
    pub kind: String,
    /// A use, or all.
    pub usage: Option<String>,
    /// Columns and the word that each must have.
    words: Vec<(&'static str, String)>,
    /// A signal, and what it may be.
    range: Option<(String, f64, f64)>,
    /// What a row must say.
    pub grep: Option<String>,
    /// A condition in SQL, which stands alone.
    pub condition: Option<String>,
}

impl Filter {
    /// What a request asks for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(asked: &Asked) -> Result<Filter, String> {
        let kind = asked.get("kind").unwrap_or("data").to_owned();
        if !["data", "dropped", "unreadable"].contains(&kind.as_str()) {
            return Err(format!("kind is data, dropped or unreadable, not {kind}"));
        }
        let number = |name: &str, none: f64| match asked.get(name) {
            None => Ok(none),
            Some(text) => text.parse::<f64>().map_err(|_| format!("{name} is a number, not {text}")),
        };
        let (min, max) = (number("min", f64::NEG_INFINITY)?, number("max", f64::INFINITY)?);
        let range = asked.get("signal").map(|signal| (signal.to_owned(), min, max));
        let words = BY_WORD.into_iter().filter_map(|name| Some((name, asked.get(name)?.to_owned()))).collect();
        let text = |name: &str| asked.get(name).map(str::to_owned);
        let filter = Filter { kind, usage: text("use"), words, range, grep: text("grep"), condition: text("where") };
        if filter.condition.is_some() && (filter.grep.is_some() || !filter.columns().is_empty()) {
            return Err("a condition stands alone: write the others into it".into());
        }
        Ok(filter)
    }

    /// The same without what rows must say.
    pub fn narrow(&self) -> Filter {
        Filter { grep: None, ..self.clone() }
    }

    /// Whether a table may have such rows.
    pub fn reads(&self, table: &Table) -> bool {
        let (kind, usage) = table.part.name.split_once('/').unwrap_or((&table.part.name, ""));
        kind == self.kind && self.usage.as_ref().is_none_or(|wanted| wanted == usage || usage.is_empty())
    }

    /// The columns that it looks at.
    fn columns(&self) -> Vec<&str> {
        let words = self.words.iter().map(|word| word.0);
        words.chain(self.range.iter().map(|range| range.0.as_str())).collect()
    }

    /// Whether a row group has no such rows, by what the file says of it.
    fn passes_over(&self, table: &Table, group: &Group) -> bool {
        let lacks = |name: &str| !table.has(name);
        if self.columns().into_iter().any(lacks) {
            return true;
        }
        let Some((signal, min, max)) = &self.range else { return false };
        table.range(group, signal).is_some_and(|(least, most)| most < *min || least > *max)
    }

    /// The places of the rows of a row group that fit.
    fn places(&self, table: &Table, group: &Group) -> Result<Vec<u64>> {
        if self.columns().is_empty() {
            return Ok((group.first..group.first + group.rows).collect());
        }
        let (mut found, mut first) = (Vec::new(), group.first);
        if self.passes_over(table, group) {
            return Ok(found);
        }
        for batch in table.narrow(group, &self.columns())? {
            let batch = batch?;
            self.fitting(&batch, &mut |row| found.push(first + row as u64));
            first += batch.num_rows() as u64;
        }
        Ok(found)
    }

    /// How many rows of a row group fit.
    fn count(&self, table: &Table, group: &Group) -> Result<u64> {
        if self.columns().is_empty() {
            return Ok(group.rows);
        }
        let mut count = 0;
        if self.passes_over(table, group) {
            return Ok(0);
        }
        for batch in table.narrow(group, &self.columns())? {
            self.fitting(&batch?, &mut |_| count += 1);
        }
        Ok(count)
    }

    fn fitting(&self, batch: &RecordBatch, found: &mut dyn FnMut(usize)) {
        let mut fits = vec![true; batch.num_rows()];
        for (name, word) in &self.words {
            match Words::of(batch, name) {
                Some(words) => {
                    let keys: Vec<bool> = words.words.iter().map(|own| own == Some(word.as_str())).collect();
                    let has = |row: usize| words.key(row).is_some_and(|key| keys[key]);
                    fits.iter_mut().enumerate().for_each(|(row, fits)| *fits &= has(row));
                }
                None => has_text(batch.column_by_name(name), word, &mut fits),
            }
        }
        if let Some((signal, min, max)) = &self.range {
            let column = batch.column_by_name(signal).and_then(|c| cast(c, &DataType::Float64).ok());
            let inside = |row: usize| {
                let column = column.as_ref().filter(|c| c.is_valid(row));
                column.is_some_and(|c| (*min..=*max).contains(&c.as_primitive::<Float64Type>().value(row)))
            };
            fits.iter_mut().enumerate().for_each(|(row, fits)| *fits &= inside(row));
        }
        fits.iter().enumerate().filter(|fits| *fits.1).for_each(|fits| found(fits.0));
    }
}

/// Whether rows of a column of text have a word.
fn has_text(column: Option<&ArrayRef>, word: &str, fits: &mut [bool]) {
    let column = column.and_then(|c| c.as_string_opt::<i32>());
    let has = |row: usize| column.is_some_and(|c| c.is_valid(row) && c.value(row) == word);
    fits.iter_mut().enumerate().for_each(|(row, fits)| *fits &= has(row));
}

/// Rows by row groups, in the order of tables: how many of each fit.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Table, row group, rows.
    groups: Vec<(usize, usize, u64)>,
    /// All of them.
    pub total: u64,
}

/// A row of a build: table and place.
pub type At = (usize, u64);

/// Counts the rows that fit, without regard to what they say.
///
/// # Errors
/// Shards that cannot be read.
pub fn counted(tables: &[Table], filter: &Filter) -> Result<Counted> {
    let of = |(at, table): (usize, &Table)| (0..table.groups().len()).map(move |group| (at, group)).collect::<Vec<_>>();
    let all: Vec<(usize, usize)> = tables.iter().enumerate().filter(|t| filter.reads(t.1)).flat_map(of).collect();
    let counts = on_all_cores(&all, Vec::new, |found, (at, group)| {
        found.push((*at, *group, filter.count(&tables[*at], &tables[*at].groups()[*group])?));
        Ok(())
    })?;
    let mut groups: Vec<(usize, usize, u64)> = counts.into_iter().flatten().collect();
    groups.sort_unstable();
    let total = groups.iter().map(|group| group.2).sum();
    Ok(Counted { groups, total })
}

/// The rows of a page: `size` of them from the one with the number `from` on.
///
/// # Errors
/// Shards that cannot be read.
pub fn page(tables: &[Table], filter: &Filter, counted: &Counted, from: u64, size: usize) -> Result<Vec<At>> {
    let (mut before, mut found) = (0, Vec::new());
    for (at, group, count) in &counted.groups {
        if before + count > from && found.len() < size {
            let places = filter.places(&tables[*at], &tables[*at].groups()[*group])?;
            let skip = from.saturating_sub(before) as usize;
            found.extend(places.into_iter().skip(skip).take(size - found.len()).map(|place| (*at, place)));
        }
        before += count;
    }
    Ok(found)
}

/// What a search found.
pub struct Found {
    /// The rows.
    pub rows: Vec<At>,
    /// Where to go on; none where all was looked at.
    pub next: Option<At>,
    /// How many rows were looked at, and how many there are.
    pub looked: (u64, u64),
}

/// Looks for rows that say something, from a row on, until `size` of them are found or patience ends.
///
/// # Errors
/// Shards that cannot be read.
pub fn search(tables: &[Table], filter: &Filter, counted: &Counted, from: At, size: usize) -> Result<Found> {
    let started = Instant::now();
    let needle = filter.grep.clone().unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let end = |(at, group, _): &(usize, usize, u64)| {
        let group = tables[*at].groups()[*group];
        (*at, group.first + group.rows)
    };
    let left: Vec<&(usize, usize, u64)> = counted.groups.iter().filter(|g| g.2 > 0 && end(g) > from).collect();
    let mut found = Found { rows: Vec::new(), next: None, looked: (0, counted.total) };
    let mut done = counted.groups.iter().filter(|g| g.2 > 0 && end(g) <= from).map(|g| g.2).sum::<u64>();
    for some in left.chunks(threads) {
        if found.rows.len() >= size || started.elapsed() > PATIENCE {
            let (at, group, _) = some[0];
            found.next = Some((*at, tables[*at].groups()[*group].first));
            break;
        }
        let read = on_all_cores(some, Vec::new, |rows: &mut Vec<At>, (at, group, count)| {
            let table = &tables[*at];
            let group = &table.groups()[*group];
            let fitting = (*count < group.rows).then(|| filter.narrow().places(table, group)).transpose()?;
            let mut first = group.first;
            for batch in table.texts(group)? {
                let batch = batch?;
                let mut says = vec![false; batch.num_rows()];
                batch.columns().iter().for_each(|column| holds(column.as_ref(), &needle, &mut says));
                let fits = |place: &u64| fitting.as_ref().is_none_or(|fitting| fitting.binary_search(place).is_ok());
                let places = (first..).zip(&says).filter(|row| *row.1).map(|row| row.0);
                rows.extend(places.filter(fits).map(|place| (*at, place)).filter(|row| *row >= from));
                first += batch.num_rows() as u64;
            }
            Ok(())
        })?;
        let mut rows: Vec<At> = read.into_iter().flatten().collect();
        rows.sort_unstable();
        found.rows.extend(rows);
        done += some.iter().map(|group| group.2).sum::<u64>();
    }
    if found.rows.len() > size {
        found.next = Some(found.rows[size]);
        found.rows.truncate(size);
    }
    found.looked.0 = done;
    Ok(found)
}
