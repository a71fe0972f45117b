//! Rows as the searches for percentiles see them: by one process, or by several, each those of some units; what these have
//! seen in a pass is added up, in any order.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use serde::{Deserialize, Serialize};

use super::{Found, FoundIn, Per, Percentile, Search};
use crate::spill::written;
use crate::stages::global::Rows;
use crate::stages::judge::{Column, JudgedRow};
use crate::{Error, Result};

/// Rows of a source: the columns that are read of them, and what holds for all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The label that the source goes by.
    pub label: String,
    /// The language of rows that say nothing of theirs.
    pub language: String,
    /// The languages that are looked at; all where none is named.
    pub only: Vec<String>,
    /// The place of each percentile's signal.
    pub signals: Vec<Option<usize>>,
    /// The place of the language, where it is asked for and measured.
    pub measured: Option<usize>,
    /// The place of what the row itself says of its language.
    pub hint: usize,
}

/// One search for each percentile and each source or language that it is taken within.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Searches {
    asked: Vec<Percentile>,
    by: Vec<BTreeMap<String, Search>>,
}

impl Searches {
    /// Searches for what is asked.
    pub fn new(asked: Vec<Percentile>) -> Self {
        Searches { by: vec![BTreeMap::new(); asked.len()], asked }
    }

    /// What is asked.
    pub fn asked(&self) -> &[Percentile] {
        &self.asked
    }

    /// Looks at the rows of a batch, each once.
    pub fn see(&mut self, batch: &RecordBatch, source: &Source) {
        let column = |at: &Option<usize>| Some(Column::from(batch.column((*at)?)));
        let all: Vec<Option<Column<'_>>> = source.signals.iter().map(column).collect();
        let text = |at: usize, row: usize| {
            let column = batch.column(at).as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row))
        };
        for row in 0..batch.num_rows() {
            let language = source.measured.and_then(|at| text(at, row)).or_else(|| text(source.hint, row));
            let language = language.unwrap_or(&source.language);
            if !source.only.is_empty() && !source.only.iter().any(|code| code == language) {
                continue;
            }
            let judged =
                JudgedRow { columns: &all, row, own_id: None, final_id: "", blank: false, found: &[], language };
            for (number, (percentile, by)) in self.asked.iter().zip(&mut self.by).enumerate() {
                let Some(value) = judged.number(number) else { continue };
                let of = match percentile.per {
                    Some(Per::Source) => source.label.as_str(),
                    Some(Per::Language) => language,
                    None => "",
                };
                match by.get_mut(of) {
                    Some(search) => search.see(value),
                    None => by.entry(of.to_owned()).or_insert_with(|| Search::new(percentile)).see(value),
                }
            }
        }
    }

    /// Looks at all rows that are handed over, and writes down what it saw, for [`Searches::add`].
    ///
    /// # Errors
    ///
    /// Of the disk, and of whoever hands over the rows.
    pub fn look(mut self, file: &Path, rows: &mut Rows<'_>, source: &Source) -> Result<()> {
        for batch in rows {
            self.see(&batch?, source);
        }
        let json = serde_json::to_vec(&self.by).map_err(|e| Error::Engine(e.to_string()))?;
        written(file, |to| to.write_all(&json).map_err(Error::io(file)))
    }

    /// Adds what others that began as these stand have seen, and written down.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn add(&mut self, file: &Path) -> Result<()> {
        let json = std::fs::read(file).map_err(Error::io(file))?;
        let others: Vec<BTreeMap<String, Search>> =
            serde_json::from_slice(&json).map_err(|e| Error::Engine(format!("{}: {e}", file.display())))?;
        for ((percentile, by), others) in self.asked.iter().zip(&mut self.by).zip(others) {
            for (of, other) in others {
                by.entry(of).or_insert_with(|| Search::new(percentile)).add(other);
            }
        }
        Ok(())
    }

    /// Ends a pass; whether everything is found.
    pub fn end(&mut self) -> bool {
        // Each of them ends its pass.
        self.by.iter_mut().flat_map(BTreeMap::values_mut).fold(true, |done, search| search.end() & done)
    }

    /// What was found.
    pub fn found(self) -> Vec<Found> {
        let found = |(percentile, by): (Percentile, BTreeMap<String, Search>)| {
            let limit = |(of, search): (String, Search)| {
                let (limit, rows) = search.found()?;
                Some(FoundIn { of: percentile.per.map(|_| of), rows, limit })
            };
            let limits = by.into_iter().filter_map(limit).collect();
            Found { percentile, limits }
        };
        self.asked.into_iter().zip(self.by).map(found).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, StringArray};

    use super::*;

    fn batch(rows: std::ops::Range<u64>) -> RecordBatch {
        let value = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / 7.0;
        let values: ArrayRef = Arc::new(Float64Array::from_iter_values(rows.clone().map(value)));
        let languages = rows.map(|n| (n % 5 != 0).then_some(if n % 3 == 0 { "zh" } else { "en" }));
        RecordBatch::try_from_iter([("s", values), ("l", Arc::new(languages.collect::<StringArray>()) as ArrayRef)])
            .unwrap()
    }

    /// However rows are shared out, pass by pass: the limits that one process finds.
    #[test]
    fn several_find_what_one_finds() {
        let source = |label: &str| Source {
            label: label.into(),
            language: "de".into(),
            only: Vec::new(),
            signals: vec![Some(0); 3],
            measured: None,
            hint: 1,
        };
        let asked = |per, percentile, upper| Percentile { signal: "s".into(), upper, percentile, per };
        let all = vec![
            asked(None, 95.0, true),
            asked(Some(Per::Language), 10.0, false),
            asked(Some(Per::Source), 50.0, true),
        ];
        let sources = [(source("a"), 0..3_000), (source("b"), 3_000..4_100)];
        let mut alone = Searches::new(all.clone());
        let mut passes = 1;
        while {
            sources.iter().for_each(|(source, rows)| alone.see(&batch(rows.clone()), source));
            !alone.end()
        } {
            passes += 1;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut shared = Searches::new(all);
        for pass in 1..=passes {
            let mut files = Vec::new();
            for (source, rows) in &sources {
                for first in rows.clone().step_by(700) {
                    let file = folder.path().join(format!("{first}"));
                    let mut batches = std::iter::once(Ok(batch(first..rows.end.min(first + 700))));
                    shared.clone().look(&file, &mut batches, source).unwrap();
                    files.push(file);
                }
            }
            files.iter().rev().for_each(|file| shared.add(file).unwrap());
            assert_eq!(shared.end(), pass == passes);
        }
        let (alone, shared) = (alone.found(), shared.found());
        assert_eq!(alone.iter().map(|found| found.limits.len()).collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!(alone, shared);
    }
}
