//! Rows in classes by which limits they keep to: of a class it is known what its stage does with it, and what it would do
//! if one limit were kept or not.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};

use super::Judging;
use super::rows::{Unit, Units, language_columns, named};
use crate::Result;
use crate::pipeline::publish::manifest::{FileLine, Manifest, SourceLine};
use crate::recipe::Only;
use crate::stages::clause::{Asked, Bound, Known, Limit, Side, Values};
use crate::stages::percentile::FoundLimit;

/// Limits of a stage that are told apart.
pub(super) const MOST: usize = 256;

/// One bit a limit.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Bits([u64; MOST / 64]);

impl Bits {
    fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }
}

/// Which limits a row is known to keep to, or not.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Keeps {
    known: Bits,
    holds: Bits,
}

/// What a limit decides for the rows of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decides {
    /// Nothing: they go or stay either way.
    Nothing,
    /// They go where they fail it.
    Failing,
    /// They go where they keep to it: it stands in a `not`.
    Holding,
}

/// A class of rows.
struct Class {
    keeps: Keeps,
    rows: u64,
    goes: bool,
}

/// The rows of a build in classes.
pub(super) struct Classes {
    classes: Vec<Class>,
    /// By unit and row: the class; [`NONE`] for what does not reach the stage.
    of: Vec<Vec<u32>>,
    /// By limit: what is known of it, a bit a class.
    known: Vec<Vec<Known>>,
    /// By block of 64 classes: what is known of each part of the rule, so that of a limit only its own part is asked anew:
    /// a profile has a hundred of them.
    parts: Vec<Vec<Known>>,
    asked: Asked,
}

/// The class of rows that the stage does not see.
const NONE: u32 = u32::MAX;

/// A column, and its numbers where it has some.
type Shown<'b> = (&'b ArrayRef, Option<Numbers<'b>>);

/// Columns of a batch as limits look at them.
struct Row<'b> {
    columns: &'b [Option<Shown<'b>>],
    row: usize,
    found: &'b [FoundLimit],
    language: &'b str,
}

impl Values for Row<'_> {
    fn number(&self, at: usize) -> Option<f64> {
        self.columns.get(at)?.as_ref()?.1.as_ref()?.at(self.row)
    }

    fn word(&self, at: usize) -> Option<&str> {
        let column = self.columns.get(at)?.as_ref().map(|column| column.0).filter(|c| c.is_valid(self.row))?;
        Some(column.as_string_opt::<i32>()?.value(self.row))
    }

    fn found(&self, number: usize) -> Option<f64> {
        self.found.get(number)?.of(self.language)
    }
}

/// A column of numbers.
pub(super) enum Numbers<'b> {
    Whole(&'b Int64Array),
    Real(&'b Float64Array),
}

impl<'b> Numbers<'b> {
    /// A column, where it holds numbers.
    pub(super) fn of(column: &'b ArrayRef) -> Option<Self> {
        let whole = column.as_primitive_opt().map(Numbers::Whole);
        whole.or_else(|| column.as_primitive_opt().map(Numbers::Real))
    }

    /// Whether all are whole numbers.
    pub(super) fn whole(&self) -> bool {
        matches!(self, Numbers::Whole(_))
    }

    /// The number of a row, where it was measured.
    #[inline]
    pub(super) fn at(&self, row: usize) -> Option<f64> {
        match self {
            Numbers::Whole(column) => column.is_valid(row).then(|| column.value(row) as f64),
            Numbers::Real(column) => column.is_valid(row).then(|| column.value(row)).filter(|v| !v.is_nan()),
        }
    }
}

/// Whether a stage is for the rows of a file.
fn applies(only: &Only, source: &SourceLine, file: &FileLine) -> bool {
    let part = || file.part.as_ref().map(|part| format!("{}/{part}", source.name));
    let named = |name: &String| *name == source.name || Some(name) == part().as_ref();
    (only.usage.is_empty() || file.uses.keys().any(|usage| only.usage.contains(usage)))
        && (only.source.is_empty() || only.source.iter().any(named))
}

impl Classes {
    /// Puts the rows that reach a stage into classes.
    pub(super) fn of(
        units: &Units,
        manifest: &Manifest,
        stage: &Judging,
        (asked, signals, limits): (&Asked, &[String], &[Limit]),
    ) -> Result<Self> {
        let read = super::parallel(&units.all, |unit| of_unit(unit, manifest, stage, signals, limits))?;
        let mut known: HashMap<Keeps, u32> = HashMap::new();
        let mut all =
            Classes { classes: Vec::new(), of: Vec::new(), known: Vec::new(), parts: Vec::new(), asked: asked.clone() };
        for (mut rows, found) in read {
            let places: Vec<u32> = found
                .into_iter()
                .map(|keeps| {
                    *known.entry(keeps).or_insert_with(|| {
                        let goes = all.goes(&keeps);
                        all.classes.push(Class { keeps, rows: 0, goes });
                        all.classes.len() as u32 - 1
                    })
                })
                .collect();
            for class in rows.iter_mut().filter(|class| **class != NONE) {
                *class = places[*class as usize];
                all.classes[*class as usize].rows += 1;
            }
            all.of.push(rows);
        }
        all.known = limits.iter().map(|limit| all.known(limit.number)).collect();
        let of = |block: usize| {
            let known = |limit: &Limit| all.known[limit.number][block];
            all.asked.parts().map(|part| part.holds_of_many(&known)).collect()
        };
        all.parts = (0..all.classes.len().div_ceil(64)).map(of).collect();
        Ok(all)
    }

    /// What is known of a limit, a bit a class.
    fn known(&self, limit: usize) -> Vec<Known> {
        let of = |classes: &[Class]| {
            let mut block = Known::default();
            for (at, class) in classes.iter().enumerate().filter(|(_, class)| class.keeps.known.has(limit)) {
                *(if class.keeps.holds.has(limit) { &mut block.yes } else { &mut block.no }) |= 1 << at;
            }
            block
        };
        self.classes.chunks(64).map(of).collect()
    }

    /// Whether rows go that keep to limits so.
    fn goes(&self, keeps: &Keeps) -> bool {
        let holds = |limit: &Limit| keeps.known.has(limit.number).then(|| keeps.holds.has(limit.number));
        self.asked.holds(&holds) == Some(false)
    }

    /// Rows that reach the stage.
    pub(super) fn reached(&self) -> u64 {
        self.classes.iter().map(|class| class.rows).sum()
    }

    /// Those that go.
    pub(super) fn drops(&self) -> u64 {
        self.classes.iter().filter(|class| class.goes).map(|class| class.rows).sum()
    }

    /// What a limit decides, by class; and how many rows go for which it decides nothing.
    pub(super) fn decides(&self, limit: &Limit) -> (Vec<Decides>, u64) {
        let (mut fixed, mut decides) = (0, Vec::with_capacity(self.classes.len()));
        let own =
            self.asked.parts().enumerate().find(|(_, part)| part.limits().iter().any(|l| l.number == limit.number));
        for (block, classes) in self.classes.chunks(64).enumerate() {
            let known = |other: &Limit| self.known[other.number][block];
            let others = self.parts[block].iter().enumerate().filter(|(at, _)| own.as_ref().is_none_or(|o| o.0 != *at));
            let others = Known::all(others.map(|(_, known)| *known));
            // Classes that go if the limit is this for all of them.
            let going = |all: Known| {
                let of = |other: &Limit| if other.number == limit.number { all } else { known(other) };
                let own = own.iter().map(|(_, part)| part.holds_of_many(&of));
                self.asked.asked_of(Known::all(own.chain([others])), &of).no
            };
            let known = self.known[limit.number][block];
            let known = known.yes | known.no;
            let (failing, holding) = (going(Known { yes: 0, no: u64::MAX }), going(Known { yes: u64::MAX, no: 0 }));
            for (at, class) in classes.iter().enumerate() {
                let has = |word: u64| word >> at & 1 == 1;
                decides.push(match (has(known & failing & !holding), has(known & !failing & holding)) {
                    (true, _) => Decides::Failing,
                    (_, true) => Decides::Holding,
                    _ => {
                        fixed += if class.goes { class.rows } else { 0 };
                        Decides::Nothing
                    }
                });
            }
        }
        (decides, fixed)
    }

    /// The class of a row, where the stage sees it.
    pub(super) fn class(&self, unit: usize, row: usize) -> Option<usize> {
        Some(self.of[unit][row] as usize).filter(|class| *class != NONE as usize)
    }
}

/// The classes of the rows of a unit, by their places among those that are given back.
fn of_unit(
    unit: &Unit,
    manifest: &Manifest,
    stage: &Judging,
    signals: &[String],
    limits: &[Limit],
) -> Result<(Vec<u32>, Vec<Keeps>)> {
    let columns: Vec<Option<String>> = signals.iter().map(|signal| unit.column(signal, stage.number)).collect();
    let languages = language_columns(unit, stage);
    let mut wanted: Vec<String> = vec!["ord".to_owned()];
    wanted.extend(columns.iter().flatten().chain(&languages).cloned());
    let (mut rows, mut classes) = (vec![NONE; unit.dropped_by.len()], Vec::new());
    let mut known: HashMap<Keeps, u32> = HashMap::new();
    let (files, mut file, mut at) = (unit.files(manifest), 0, 0);
    for batch in unit.read_columns(&wanted)? {
        let batch = batch?;
        let column = |name: &Option<String>| named(&batch, name.as_ref()).map(|column| (column, Numbers::of(column)));
        let all: Vec<Option<Shown<'_>>> = columns.iter().map(column).collect();
        let (mut kept, others) = kept_by_numbers(limits, &all, batch.num_rows());
        let mut found: Vec<FoundLimit> = Vec::new();
        for (row, keeps) in kept.iter_mut().enumerate() {
            let here = at + row;
            if !unit.reaches(here, stage.place) {
                continue;
            }
            while files.get(file).is_some_and(|f| f.0 <= here) {
                file += 1;
                found.clear();
            }
            let Some((_, source, of)) = files.get(file) else { continue };
            if found.is_empty() {
                found = stage.found.iter().map(|found| found.for_source(&source.name)).collect();
            }
            let language = language(&batch, &languages, row);
            let only = &stage.only;
            if !applies(only, source, of) || !only.language.is_empty() && !only.language.iter().any(|l| l == language) {
                continue;
            }
            let row = Row { columns: &all, row, found: &found, language };
            for limit in &others {
                if let Some(holds) = limit.holds(&row) {
                    keeps.known.set(limit.number);
                    if holds {
                        keeps.holds.set(limit.number);
                    }
                }
            }
            rows[here] = *known.entry(*keeps).or_insert_with(|| {
                classes.push(*keeps);
                classes.len() as u32 - 1
            });
        }
        at += batch.num_rows();
    }
    Ok((rows, classes))
}

/// Rows of a batch that are compared at a time: what is known of them fits a core's own memory.
const AT_A_TIME: usize = 512;

/// What is known of limits that are one number for all rows, by row; and the other limits. Column by column, since rows
/// are millions and limits dozens.
fn kept_by_numbers<'l>(
    limits: &'l [Limit],
    columns: &[Option<Shown<'_>>],
    rows: usize,
) -> (Vec<Keeps>, Vec<&'l Limit>) {
    let plain = |limit: &&Limit| matches!(limit.side, Side::Min(Bound::Value(_)) | Side::Max(Bound::Value(_)));
    let (plain, others): (Vec<&Limit>, Vec<&Limit>) = limits.iter().partition(plain);
    let mut kept = vec![Keeps::default(); rows];
    for (part, kept) in kept.chunks_mut(AT_A_TIME).enumerate() {
        for limit in &plain {
            let Some((_, Some(numbers))) = columns.get(limit.at).and_then(Option::as_ref) else { continue };
            let (min, max) = match limit.side {
                Side::Min(Bound::Value(min)) => (min, f64::INFINITY),
                Side::Max(Bound::Value(max)) => (f64::NEG_INFINITY, max),
                _ => continue,
            };
            for (at, keeps) in kept.iter_mut().enumerate() {
                let Some(value) = numbers.at(part * AT_A_TIME + at) else { continue };
                keeps.known.set(limit.number);
                if value >= min && value <= max {
                    keeps.holds.set(limit.number);
                }
            }
        }
    }
    (kept, others)
}

/// The language of a row.
fn language<'b>(batch: &'b RecordBatch, columns: &[String], row: usize) -> &'b str {
    let said = columns.iter().find_map(|name| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row))
    });
    said.unwrap_or("und")
}
