//! Rows in classes by which limits they keep to: of a class it is known what its stage does with it, and what it would do
//! if one limit were kept or not.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use arrow::array::{Array, AsArray, RecordBatch};

use super::Judging;
use super::rows::{Unit, Units, language_columns, named};
use crate::Result;
use crate::pipeline::publish::manifest::{FileLine, Manifest, SourceLine};
use crate::recipe::Only;
use crate::stages::clause::{Asked, Limit};
use crate::stages::judge::{Column, JudgedRow, Known, Stretch};
use crate::stages::percentile::FoundLimit;

/// Limits of a stage that are told apart.
pub(super) const MOST: usize = 256;

/// One bit a limit.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Bits([u64; MOST / 64]);

impl Bits {
    fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }
}

/// Which limits a row is known to keep to, or not.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Keeps {
    known: Bits,
    holds: Bits,
}

/// Its words are mixed into one: the map's own hash over all of them took a tenth of the time of `tune`.
impl Hash for Keeps {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let words = self.known.0.iter().chain(&self.holds.0);
        let mixed = words.fold(0u64, |mixed, word| (mixed.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        state.write_u64(mixed);
    }
}

impl Keeps {
    /// Notes whether a limit holds, as far as that is known.
    fn note(&mut self, limit: usize, holds: Option<bool>) {
        if let Some(holds) = holds {
            self.known.set(limit);
            if holds {
                self.holds.set(limit);
            }
        }
    }
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
}

/// The rows of a build in classes.
pub(super) struct Classes {
    classes: Vec<Class>,
    /// By unit and row: the class; [`NONE`] for what does not reach the stage.
    of: Vec<Vec<u32>>,
    /// By limit: what is known of it, a bit a class.
    known: Vec<Vec<Known>>,
    /// By block of 64 classes: what is known of all parts of the rule but one, by that one, so that of a limit only its own
    /// part is asked anew: a profile has a hundred of them.
    others: Vec<Vec<Known>>,
    /// By block of 64 classes: those that go.
    going: Vec<u64>,
    asked: Asked,
}

/// The class of rows that the stage does not see.
pub(super) const NONE: u32 = u32::MAX;

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
        let mut all = Classes {
            classes: Vec::new(),
            of: Vec::new(),
            known: Vec::new(),
            others: Vec::new(),
            going: Vec::new(),
            asked: asked.clone(),
        };
        for (mut rows, found) in read {
            let places: Vec<u32> = found
                .into_iter()
                .map(|keeps| {
                    *known.entry(keeps).or_insert_with(|| {
                        all.classes.push(Class { keeps, rows: 0 });
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
        all.weigh(limits.len());
        Ok(all)
    }

    /// Finds what is known of each limit and each part of the rule, and which classes go.
    fn weigh(&mut self, limits: usize) {
        let blocks: Vec<Vec<Known>> = self.classes.chunks(64).map(|classes| known_of(classes, limits)).collect();
        self.known = (0..limits).map(|limit| blocks.iter().map(|known| known[limit]).collect()).collect();
        for known in &blocks {
            let of = |limit: &Limit| known[limit.number];
            let parts: Vec<Known> = self.asked.parts().map(|part| part.holds_of_many(&of)).collect();
            self.others.push(all_but_one(&parts));
            self.going.push(self.asked.asked_of(Known::all(parts.into_iter()), &of).no);
        }
    }

    /// Rows that reach the stage.
    pub(super) fn reached(&self) -> u64 {
        self.classes.iter().map(|class| class.rows).sum()
    }

    /// Those that go.
    pub(super) fn drops(&self) -> u64 {
        let blocks = self.classes.chunks(64).zip(&self.going);
        blocks.flat_map(|(classes, going)| ones(*going).filter_map(|at| classes.get(at))).map(|class| class.rows).sum()
    }

    /// What a limit decides, by class; and how many rows go for which it decides nothing.
    pub(super) fn decides(&self, limit: &Limit) -> (Vec<Decides>, u64) {
        let (mut fixed, mut decides) = (self.drops(), vec![Decides::Nothing; self.classes.len()]);
        let own =
            self.asked.parts().enumerate().find(|(_, part)| part.limits().iter().any(|l| l.number == limit.number));
        for (block, classes) in self.classes.chunks(64).enumerate() {
            let known = |other: &Limit| self.known[other.number][block];
            // A limit of `when` is in none of the parts: then the last, which is all of them.
            let others = self.others[block][own.as_ref().map_or(self.others[block].len() - 1, |own| own.0)];
            // Classes that go if the limit is this for all of them.
            let going = |all: Known| {
                let of = |other: &Limit| if other.number == limit.number { all } else { known(other) };
                let own = own.iter().map(|(_, part)| part.holds_of_many(&of));
                self.asked.asked_of(Known::all(own.chain([others])), &of).no
            };
            let known = self.known[limit.number][block];
            let known = known.yes | known.no;
            let (failing, holding) = (going(Known { yes: 0, no: u64::MAX }), going(Known { yes: u64::MAX, no: 0 }));
            for at in ones(known & (failing ^ holding)).take_while(|at| *at < classes.len()) {
                let fails = failing >> at & 1 == 1;
                decides[block * 64 + at] = if fails { Decides::Failing } else { Decides::Holding };
                fixed -= if self.going[block] >> at & 1 == 1 { classes[at].rows } else { 0 };
            }
        }
        (decides, fixed)
    }

    /// The classes of the rows of each unit: [`NONE`] where the stage does not see one.
    pub(super) fn units(&self) -> impl Iterator<Item = &[u32]> {
        self.of.iter().map(Vec::as_slice)
    }
}

/// The places of the bits that are set, ascending.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        bits &= bits.checked_sub(1)?;
        Some(at)
    })
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
    let (plain, asked): (Vec<&Limit>, Vec<&Limit>) = limits.iter().partition(|limit| limit.is_plain());
    for batch in unit.read_columns(&wanted)? {
        let batch = batch?;
        let column = |name: &Option<String>| named(&batch, name.as_ref()).map(Column::from);
        let all: Vec<Option<Column<'_>>> = columns.iter().map(column).collect();
        let mut found: Vec<FoundLimit> = Vec::new();
        let mut kept = Vec::new();
        for row in 0..batch.num_rows() {
            if row % 64 == 0 {
                kept = kept_by_numbers(&plain, &all, (row, batch.num_rows().min(row + 64) - row));
            }
            let (here, keeps) = (at + row, &mut kept[row % 64]);
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
            let (own_id, final_id, blank, found) = (None, "", false, &found[..]);
            let row = JudgedRow { columns: &all, row, own_id, final_id, blank, found, language };
            for limit in &asked {
                keeps.note(limit.number, limit.holds(&row));
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

/// What up to 64 rows keep to of limits that are one number for all rows: column by column, since rows are millions and
/// limits dozens.
fn kept_by_numbers(limits: &[&Limit], columns: &[Option<Column<'_>>], (first, rows): (usize, usize)) -> Vec<Keeps> {
    let stretch = Stretch { columns, first, rows, found: &[], language: &|_| "und" };
    let (mut known, mut holds) = ([[0; 64]; MOST / 64], [[0; 64]; MOST / 64]);
    for limit in limits {
        let of = limit.holds_of_many(&stretch);
        let (word, bit) = (limit.number / 64, limit.number % 64);
        (known[word][bit], holds[word][bit]) = (of.yes | of.no, of.yes);
    }
    let words = limits.iter().map(|limit| limit.number / 64 + 1).max().unwrap_or(0);
    for word in 0..words {
        turn(&mut known[word]);
        turn(&mut holds[word]);
    }
    let of = |row: usize| Keeps {
        known: Bits(std::array::from_fn(|word| known[word][row])),
        holds: Bits(std::array::from_fn(|word| holds[word][row])),
    };
    (0..rows).map(of).collect()
}

/// What is known of so many limits, each for all of up to 64 classes.
fn known_of(classes: &[Class], limits: usize) -> Vec<Known> {
    let mut known = Vec::with_capacity(limits.next_multiple_of(64));
    for word in 0..limits.div_ceil(64) {
        let of = |bits: fn(&Keeps) -> &Bits| {
            let mut square = std::array::from_fn(|at| classes.get(at).map_or(0, |class| bits(&class.keeps).0[word]));
            turn(&mut square);
            square
        };
        let (told, holds) = (of(|keeps| &keeps.known), of(|keeps| &keeps.holds));
        known.extend(told.iter().zip(holds).map(|(told, holds)| Known { yes: holds, no: told & !holds }));
    }
    known
}

/// Turns a square of bits, so that rows are columns: in halves, then in quarters, and so on (H. S. Warren, *Hacker's
/// Delight*, 7-3).
fn turn(square: &mut [u64; 64]) {
    let (mut width, mut mask) = (32, u64::MAX >> 32);
    while width > 0 {
        let mut at = 0;
        while at < 64 {
            let swapped = (square[at] >> width ^ square[at + width]) & mask;
            square[at + width] ^= swapped;
            square[at] ^= swapped << width;
            at = (at + width + 1) & !width;
        }
        width /= 2;
        mask ^= mask << width;
    }
}

/// What is known of all of some parts but one, by that one; and last, of all of them.
fn all_but_one(parts: &[Known]) -> Vec<Known> {
    let mut behind = vec![Known::all([].into_iter()); parts.len() + 1];
    for (at, part) in parts.iter().enumerate().rev() {
        behind[at] = Known::all([behind[at + 1], *part].into_iter());
    }
    let mut before = behind[parts.len()];
    let mut others = Vec::with_capacity(parts.len() + 1);
    for (at, part) in parts.iter().enumerate() {
        others.push(Known::all([before, behind[at + 1]].into_iter()));
        before = Known::all([before, *part].into_iter());
    }
    others.push(before);
    others
}

/// The language of a row.
fn language<'b>(batch: &'b RecordBatch, columns: &[String], row: usize) -> &'b str {
    let said = columns.iter().find_map(|name| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row))
    });
    said.unwrap_or("und")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_turned() {
        let bit = |row: usize, column: usize| (((row * 64 + column) * 0x9e37_79b9) >> 7) & 1;
        let mut square = std::array::from_fn(|row| (0..64).map(|column| (bit(row, column) as u64) << column).sum());
        turn(&mut square);
        for (row, word) in square.iter().enumerate() {
            let here: u64 = (0..64).map(|column| (bit(column, row) as u64) << column).sum();
            assert_eq!(*word, here, "{row}");
        }
    }

    #[test]
    fn all_parts_but_one() {
        let parts = [(0b0111, 0b1000), (0b1011, 0b0000), (0b1110, 0b0001)].map(|(yes, no)| Known { yes, no });
        let slow = |left_out: usize| Known::all(parts.iter().enumerate().filter(|p| p.0 != left_out).map(|p| *p.1));
        assert_eq!(all_but_one(&parts), [slow(0), slow(1), slow(2), slow(3)]);
    }
}
