//! Rows in blocks of 64, a bit a row: which limits they keep to, what their stage does with them, and what it would do if one
//! limit were kept or not.

use arrow::array::{Array, AsArray, RecordBatch};

use super::Judging;
use super::rows::{Unit, Units, language_columns, named};
use crate::Result;
use crate::pipeline::publish::manifest::{FileLine, Manifest, SourceLine};
use crate::recipe::Only;
use crate::stages::clause::{Asked, Limit};
use crate::stages::judge::{Column, JudgedRow, Known, Stretch};
use crate::stages::percentile::FoundLimit;

/// The rows of a build, as a stage sees them.
pub(super) struct Blocks {
    units: Vec<UnitBlocks>,
    asked: Asked,
}

/// The rows of a unit: two bits a row for each limit, and seven more.
#[derive(Default)]
pub(super) struct UnitBlocks {
    /// How many there are.
    pub(super) rows: usize,
    /// By block: those that reach the stage, and that it is for.
    pub(super) reached: Vec<u64>,
    /// By limit: what is known of it, by block.
    known: Vec<Vec<Known>>,
    /// By block: what is known of all parts of the rule, whichever one of them is left out.
    parts: Vec<Parts>,
    /// By block: those that go.
    going: Vec<u64>,
}

/// What a limit decides for the rows of a unit, by block.
pub(super) struct Decided {
    /// Those that go where they fail it, and stay where they keep to it.
    pub(super) failing: Vec<u64>,
    /// Those that go where they keep to it: it stands in a `not`.
    pub(super) holding: Vec<u64>,
}

/// What is known of many parts together, so that it is known of all of them but any one: of a limit only its own part is
/// asked anew then, and a profile has a hundred of them.
#[derive(Clone, Copy, Default)]
struct Parts {
    /// Rows for which one part at least does not hold, and two.
    no: [u64; 2],
    /// Rows for which of one part at least it is not known that it holds, and of two.
    not_yes: [u64; 2],
}

impl Parts {
    fn add(&mut self, part: Known) {
        self.no[1] |= self.no[0] & part.no;
        self.no[0] |= part.no;
        self.not_yes[1] |= self.not_yes[0] & !part.yes;
        self.not_yes[0] |= !part.yes;
    }

    /// What is known of all.
    fn all(&self) -> Known {
        Known { yes: !self.not_yes[0], no: self.no[0] }
    }

    /// What is known of all but this one, which is among them.
    fn others(&self, own: Known) -> Known {
        let no = self.no[1] | self.no[0] & !own.no;
        Known { yes: !(self.not_yes[1] | self.not_yes[0] & own.yes), no }
    }
}

/// Whether a stage is for the rows of a file.
fn applies(only: &Only, source: &SourceLine, file: &FileLine) -> bool {
    let part = || file.part.as_ref().map(|part| format!("{}/{part}", source.name));
    let named = |name: &String| *name == source.name || Some(name) == part().as_ref();
    (only.usage.is_empty() || file.uses.keys().any(|usage| only.usage.contains(usage)))
        && (only.source.is_empty() || only.source.iter().any(named))
}

impl Blocks {
    /// Finds what is known of the rows that reach a stage.
    pub(super) fn of(
        units: &Units,
        manifest: &Manifest,
        stage: &Judging,
        (asked, signals, limits): (&Asked, &[String], &[Limit]),
    ) -> Result<Self> {
        let units = super::parallel(&units.all, |unit| {
            let mut blocks = of_unit(unit, manifest, stage, signals, limits)?;
            blocks.weigh(asked);
            Ok(blocks)
        })?;
        Ok(Blocks { units, asked: asked.clone() })
    }

    /// Rows that reach the stage.
    pub(super) fn reached(&self) -> u64 {
        let all = self.units.iter().flat_map(|unit| &unit.reached);
        all.map(|rows| u64::from(rows.count_ones())).sum()
    }

    /// Those that go.
    pub(super) fn drops(&self) -> u64 {
        let all = self.units.iter().flat_map(|unit| unit.going.iter().zip(&unit.reached));
        all.map(|(going, reached)| u64::from((going & reached).count_ones())).sum()
    }

    /// What a limit decides, by unit; and how many rows go for which it decides nothing.
    pub(super) fn decides(&self, limit: &Limit) -> (Vec<Decided>, u64) {
        let decided: Vec<Decided> = self.units.iter().map(|unit| unit.decides(&self.asked, limit)).collect();
        let by_it = |(unit, of): (&UnitBlocks, &Decided)| -> u64 {
            let all = unit.going.iter().zip(of.failing.iter().zip(&of.holding));
            all.map(|(going, (failing, holding))| u64::from((going & (failing | holding)).count_ones())).sum()
        };
        let gone: u64 = self.units.iter().zip(&decided).map(by_it).sum();
        (decided, self.drops() - gone)
    }

    /// The rows of each unit.
    pub(super) fn units(&self) -> impl Iterator<Item = &UnitBlocks> {
        self.units.iter()
    }
}

impl UnitBlocks {
    fn new(rows: usize, limits: usize) -> Self {
        let blocks = rows.div_ceil(64);
        let known = vec![vec![Known::default(); blocks]; limits];
        UnitBlocks { rows, reached: vec![0; blocks], known, ..UnitBlocks::default() }
    }

    /// Finds what is known of the parts of the rule, and which rows go.
    fn weigh(&mut self, asked: &Asked) {
        for block in 0..self.reached.len() {
            let of = |limit: &Limit| self.known[limit.number][block];
            let mut parts = Parts::default();
            asked.parts().for_each(|part| parts.add(part.holds_of_many(&of)));
            self.going.push(asked.asked_of(parts.all(), &of).no);
            self.parts.push(parts);
        }
    }

    /// What a limit decides for the rows that reach the stage.
    fn decides(&self, asked: &Asked, limit: &Limit) -> Decided {
        let mut decided = Decided { failing: Vec::new(), holding: Vec::new() };
        // A limit of `when` is in none of the parts.
        let own = asked.parts().find(|part| part.limits().iter().any(|l| l.number == limit.number));
        for (block, reached) in self.reached.iter().enumerate() {
            let known = |other: &Limit| self.known[other.number][block];
            let parts = &self.parts[block];
            let others = own.as_ref().map_or(parts.all(), |own| parts.others(own.holds_of_many(&known)));
            // Rows that go if the limit is this for all of them.
            let going = |all: Known| {
                let of = |other: &Limit| if other.number == limit.number { all } else { known(other) };
                let own = own.iter().map(|part| part.holds_of_many(&of));
                asked.asked_of(Known::all(own.chain([others])), &of).no
            };
            let (failing, holding) = (going(Known { yes: 0, no: u64::MAX }), going(Known { yes: u64::MAX, no: 0 }));
            let Known { yes, no } = known(limit);
            let seen = reached & (yes | no);
            decided.failing.push(seen & failing & !holding);
            decided.holding.push(seen & holding & !failing);
        }
        decided
    }
}

/// The places of the bits that are set, ascending.
pub(super) fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        bits &= bits.checked_sub(1)?;
        Some(at)
    })
}

/// The rows of a unit, with what is known of each limit.
fn of_unit(
    unit: &Unit,
    manifest: &Manifest,
    stage: &Judging,
    signals: &[String],
    limits: &[Limit],
) -> Result<UnitBlocks> {
    let columns: Vec<Option<String>> = signals.iter().map(|signal| unit.column(signal, stage.number)).collect();
    let languages = language_columns(unit, stage);
    let mut wanted: Vec<String> = vec!["ord".to_owned()];
    wanted.extend(columns.iter().flatten().chain(&languages).cloned());
    let mut blocks = UnitBlocks::new(unit.dropped_by.len(), limits.len());
    let (files, mut file, mut at) = (unit.files(manifest), 0, 0);
    let (plain, asked): (Vec<&Limit>, Vec<&Limit>) = limits.iter().partition(|limit| limit.is_plain());
    for batch in unit.read_columns(&wanted)? {
        let batch = batch?;
        let column = |name: &Option<String>| named(&batch, name.as_ref()).map(Column::from);
        let all: Vec<Option<Column<'_>>> = columns.iter().map(column).collect();
        blocks.note_numbers(&plain, &all, (at, batch.num_rows()));
        let mut found: Vec<FoundLimit> = Vec::new();
        for row in 0..batch.num_rows() {
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
            blocks.reached[here / 64] |= 1 << (here % 64);
            let (own_id, final_id, blank, found) = (None, "", false, &found[..]);
            let row = JudgedRow { columns: &all, row, own_id, final_id, blank, found, language };
            asked.iter().for_each(|limit| blocks.note(limit, here, limit.holds(&row)));
        }
        at += batch.num_rows();
    }
    Ok(blocks)
}

impl UnitBlocks {
    /// Notes whether a row keeps to a limit, as far as that is known.
    fn note(&mut self, limit: &Limit, row: usize, holds: Option<bool>) {
        let known = &mut self.known[limit.number][row / 64];
        match holds {
            Some(true) => known.yes |= 1 << (row % 64),
            Some(false) => known.no |= 1 << (row % 64),
            None => {}
        }
    }

    /// Notes what the rows of a batch, the first of which is this one, keep to of limits that are one number for all rows:
    /// limit by limit and block by block, since rows are millions and limits dozens.
    fn note_numbers(&mut self, limits: &[&Limit], columns: &[Option<Column<'_>>], (row, rows): (usize, usize)) {
        let mut first = 0;
        while first < rows {
            let (block, shift) = ((row + first) / 64, (row + first) % 64);
            let stretch =
                Stretch { columns, first, rows: (rows - first).min(64 - shift), found: &[], language: &|_| "und" };
            for limit in limits {
                let of = limit.holds_of_many(&stretch);
                let known = &mut self.known[limit.number][block];
                known.yes |= of.yes << shift;
                known.no |= of.no << shift;
            }
            first += stretch.rows;
        }
    }
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
    use arrow::array::Int64Array;

    use super::*;
    use crate::stages::clause::Clause;

    #[test]
    fn all_parts_but_one() {
        let all = [(0b0111, 0b1000), (0b1011, 0b0000), (0b1110, 0b0001)].map(|(yes, no)| Known { yes, no });
        let mut parts = Parts::default();
        all.iter().for_each(|part| parts.add(*part));
        assert_eq!(parts.all(), Known::all(all.into_iter()));
        for left_out in 0..3 {
            let slow = Known::all(all.iter().enumerate().filter(|p| p.0 != left_out).map(|p| *p.1));
            assert_eq!(parts.others(all[left_out]), slow);
        }
    }

    /// Batches need not end where blocks do.
    #[test]
    fn rows_of_batches_fall_into_blocks() {
        let clause: Clause = serde_json::from_value(serde_json::json!({"chars": {"min": 5}})).unwrap();
        let asked = clause.asked(&["chars".to_owned()]);
        let values: Vec<Option<i64>> = (0..200).map(|row| (row % 11 != 3).then_some(row * 7 % 10)).collect();
        let mut blocks = UnitBlocks::new(200, 1);
        for (from, to) in [(0, 30), (30, 31), (31, 159), (159, 200)] {
            let batch = Int64Array::from(values[from..to].to_vec());
            blocks.note_numbers(&asked.limits(), &[Some(Column::Int(&batch))], (from, to - from));
        }
        for (row, value) in values.iter().enumerate() {
            let Known { yes, no } = blocks.known[0][row / 64];
            let bit = |word: u64| word >> (row % 64) & 1 == 1;
            assert_eq!((bit(yes), bit(no)), (value.is_some_and(|v| v >= 5), value.is_some_and(|v| v < 5)), "{row}");
        }
    }
}
