//! What others do of the comparison, where there are some: the anchors that occur twice are marked as lines are
//! (`marks/parts.rs`); then the texts of rows of some units are gone through by somebody who is handed them, windows are
//! compared in ranges of their hashes, and those rows are judged. Each part reads files in the folder of the pass, and writes
//! its own; what it needs beside that it reads again.
//!
//! The place of a character is that among those of its part, until all are counted, and behind that one among all.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::records::each;
use super::windows::{COUNT_BITS, COVERED, Candidates, Gathered, PLACE_BITS, fits, judged, repeated};
use super::{COLUMN, SubstringDedup};
use crate::rows::Use;
use crate::rows::batch::Batch;
use crate::spill::flat::Flat;
use crate::spill::texts::Texts;
use crate::spill::{Space, written};
use crate::stages::global::{Fed, GlobalContext, Part, Rows};
use crate::stages::marks::parts::{self as marked, Group, Others, RECORD, Sought, starts};
use crate::stages::marks::verdict::Verdict;
use crate::stages::marks::{Rule, of_units, ords_of};
use crate::text::substrings::{ANCHOR_BITS, PRINT_BITS, joined};
use crate::{Error, Result};

/// The file with the places of all parts.
const PLACES: &str = "counts-of-places";
/// Anchors that count: those that occur twice, in all their rows.
pub(super) const TWICE: Rule = Rule::Repeated { least: 2, all: true };
/// Rows that a part goes through before it ends with their unit. It names them, so they are what its plan weighs.
const ROWS: usize = 8192;
/// Bytes of a row that is wanted: its key, and its number in its group; and of one that was read: its key, and the place
/// behind it.
const WANTED: usize = 16;

/// What is to be done; or a [`marked::Work`].
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Work {
    /// The windows of rows of some units of a group; `place` is that of the part.
    Windows { place: usize, group: usize, ranges: usize, salt: [u64; 2], usage: Use },
    /// Windows in a range of hashes that are repeated, of so many such parts.
    Cover { range: (usize, usize), parts: usize },
    /// What becomes of the rows of such a part.
    Verdict { place: usize, ranges: usize },
}

/// A file of a part.
fn file(folder: &Path, name: &str, number: usize) -> PathBuf {
    folder.join(format!("{name}-{number}"))
}

/// Has others compare and judge all rows, where there are others: how many stretches there are, rows that were read, and
/// rows cut or dropped.
///
/// # Errors
/// Of the disk, of those who do it, and more characters than can be numbered.
pub fn compared(
    context: &dyn GlobalContext,
    options: &SubstringDedup,
    space: &Space,
) -> Result<Option<(u64, u64, u64)>> {
    let sought = Sought { scope: options.scope, column: COLUMN, bits: ANCHOR_BITS, rule: TWICE };
    let Some((others, _)) = Others::mark(context, space, &sought)? else { return Ok(None) };
    let (windows, read) = wanted(context, &others, space)?;
    let (folder, ranges) = (others.folder(), others.ranges());
    context.fed_texts(folder, &windows)?;
    let places = windows.iter().map(|(fed, _)| marked::first(&Flat::open(fed.part.file.clone(), RECORD)?));
    let places = places.collect::<Result<Vec<u64>>>()?;
    fits(places.iter().sum())?;
    marked::write_counts(&folder.join(PLACES), &places)?;
    let count = windows.len();
    let cover = |number| others.part("covered", number, &Work::Cover { range: (number, ranges), parts: count });
    context.parts(folder, &(0..ranges).map(cover).collect::<Result<Vec<Part>>>()?)?;
    (0..count).for_each(|place| drop(std::fs::remove_file(file(folder, "windows", place))));
    let judge = |place| others.part("judged", place, &Work::Verdict { place, ranges });
    let judged = (0..count).map(judge).collect::<Result<Vec<Part>>>()?;
    context.parts(folder, &judged)?;
    let (fate, mut touched, mut stretches) = (options.fate(), 0, 0);
    for part in judged {
        stretches += Verdict::each(&part.file, &mut |of| {
            touched += 1;
            fate.meet(context, of.ord, of.spans, of.share)
        })?;
    }
    Ok(Some((stretches, read, touched)))
}

/// A part that goes through texts of some units, with the rows of each that have anchors which occur twice.
type Listed = (Fed, Vec<Vec<u64>>);

/// Such parts, and how many rows they have. Which these are is written down for each.
fn wanted(context: &dyn GlobalContext, others: &Others<'_>, space: &Space) -> Result<(Vec<Listed>, u64)> {
    let (mut parts, mut read, mut hashes) = (Vec::new(), 0, Vec::new());
    for (group, of) in others.groups().iter().enumerate() {
        let source = &context.sources()[of.source];
        let mut marks = marked::marks(others.folder(), (group, marked::ALL), others.ranges(), space)?;
        let (mut number, mut next) = (0, Next::default());
        let usage = source.usage;
        let mut end = |next: Next| -> Result<()> {
            if !next.units.is_empty() {
                read += (next.rows.len() / WANTED) as u64;
                let place = parts.len();
                parts.push(next.listed(others, (group, of), (place, usage))?);
            }
            Ok(())
        };
        of_units(context, source, &of.units, None, &mut number, &mut |row, ord, _| {
            marks.of(row, &mut hashes)?;
            if hashes.is_empty() {
                return Ok(());
            }
            let unit = context.unit_of(ord);
            if next.units.last() != Some(&unit) {
                if next.rows.len() >= ROWS * WANTED {
                    end(std::mem::take(&mut next))?;
                }
                next.units.push(unit);
                next.ords.push(Vec::new());
            }
            next.ords.last_mut().into_iter().for_each(|ords| ords.push(ord));
            next.rows.extend(ord.to_le_bytes().into_iter().chain(row.to_le_bytes()));
            Ok(())
        })?;
        end(next)?;
    }
    Ok((parts, read))
}

/// Rows that are listed for the next part.
#[derive(Default)]
struct Next {
    units: Vec<usize>,
    /// Row keys, by unit.
    ords: Vec<Vec<u64>>,
    /// Records of [`WANTED`] bytes.
    rows: Vec<u8>,
}

impl Next {
    /// Writes them down, for the part at a place.
    fn listed(self, others: &Others<'_>, (group, of): (usize, &Group), (place, usage): (usize, Use)) -> Result<Listed> {
        let path = file(others.folder(), "wanted", place);
        written(&path, |to| to.write_all(&self.rows).map_err(Error::io(&path)))?;
        let work = Work::Windows { place, group, ranges: others.ranges(), salt: of.salt, usage };
        let part = others.part("windows", place, &work)?;
        Ok((Fed { part, source: of.source, units: self.units }, self.ords))
    }
}

/// Does a part that is handed rows.
///
/// # Errors
/// Of the disk, of whoever hands over the rows, and a part that is none of this pass.
pub fn fed(options: &SubstringDedup, folder: &Path, part: &Part, rows: &mut Rows<'_>, space: &Space) -> Result<()> {
    if let Ok(marked::Work::Hash { salt }) = part.read() {
        return marked::hash(&part.file, rows, (salt, space), |records, hashes| {
            hashes.extend(each(records).map(u128::from));
        });
    }
    let Work::Windows { place: own_place, group, ranges, salt, usage } = part.read()? else {
        return Err(Error::Engine("a part of `substring_dedup` with rows".into()));
    };
    let wanted = Flat::open(file(folder, "wanted", own_place), WANTED)?;
    let mut record = [0; WANTED];
    // Of a group of many rows each part reads its own marks alone.
    wanted.get(wanted.len() - 1, &mut record)?;
    let end = halves(&record).1 + 1;
    wanted.get(0, &mut record)?;
    let mut marks = marked::marks(folder, (group, halves(&record).1..end), ranges, space)?;
    let mut gathered = Gathered::new(options, space, wanted.len())?;
    let (salt, mut at, mut hashes, mut anchors) = (marked::whole(salt), 0, Vec::new(), Vec::new());
    for batch in rows {
        let batch = batch?;
        let content = Batch::new(usage, &batch.columns()[1..], batch.num_rows())?;
        for (place, ord) in ords_of(&batch).iter().enumerate() {
            if at == wanted.len() {
                break;
            }
            wanted.get(at, &mut record)?;
            let (own, row) = halves(&record);
            if own != *ord {
                continue;
            }
            at += 1;
            marks.of(row, &mut hashes)?;
            anchors.clear();
            anchors.extend(hashes.iter().map(|hash| *hash as u64));
            let mut texts = Vec::new();
            content.texts(place, &mut texts);
            gathered.add(*ord, &joined(&texts), &anchors, salt)?;
        }
    }
    if at < wanted.len() {
        return Err(Error::Engine("a row was not read again".into()));
    }
    settle(folder, own_place, part, gathered)
}

/// The two numbers of a record.
fn halves(record: &[u8; WANTED]) -> (u64, u64) {
    let (first, second) = record.split_at(WANTED / 2);
    let of = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (of(first), of(second))
}

/// Writes down what was gathered by the part at a place; its own file last.
fn settle(folder: &Path, place: usize, part: &Part, gathered: Gathered) -> Result<()> {
    let Candidates { mut rows, mut texts, windows, covered, places } = gathered.finish()?;
    let copied = |from: &Path, name: &str| {
        let to = file(folder, name, place);
        written(&to, |out| {
            let mut from = File::open(from).map_err(Error::io(from))?;
            std::io::copy(&mut from, out).map(drop).map_err(Error::io(&to))
        })
    };
    copied(rows.settle()?, "rows")?;
    let (text, starts) = texts.settle()?;
    copied(text, "texts")?;
    copied(starts, "places")?;
    let known = file(folder, "known", place);
    marked::records(&known, 0, |add| covered.drain(&mut |record| add(record)))?;
    marked::records(&part.file, places, |add| windows.drain(&mut |record| add(record)))
}

/// Does a part that is handed no rows.
///
/// # Errors
/// Of the disk, [`Error::Interrupted`], and a part that is none of this pass.
pub fn part(options: &SubstringDedup, folder: &Path, part: &Part, space: &Space) -> Result<()> {
    if let Ok(marked::Work::Mark { range, bits, rule }) = part.read() {
        return marked::mark(folder, &part.file, (range, bits), rule, space);
    }
    match part.read()? {
        Work::Cover { range, parts } => cover(options, folder, part, (range, parts), space),
        Work::Verdict { place, ranges } => {
            let starts = starts(&folder.join(PLACES))?;
            let (start, end) = (starts[place], starts[place + 1]);
            let mut covered = space.sorter("covered", COVERED);
            marked::each_of(&file(folder, "known", place), |record| covered.push(record))?;
            for range in 0..ranges {
                space.check()?;
                let within = (COUNT_BITS, u128::from(start)..u128::from(end));
                let add = |record| covered.push(record - (u128::from(start) << COUNT_BITS));
                Flat::within(file(folder, "covered", range), (RECORD, 1), within, add)?;
            }
            let rows = Flat::open(file(folder, "rows", place), WANTED)?;
            let texts = Texts::at(&file(folder, "texts", place), &file(folder, "places", place))?;
            Verdict::write(&part.file, |add| judged(options, (rows, texts), covered, add))
        }
        Work::Windows { .. } => Err(Error::Engine("a part of `substring_dedup` without rows".into())),
    }
}

fn cover(
    options: &SubstringDedup,
    folder: &Path,
    part: &Part,
    (range, parts): ((usize, usize), usize),
    space: &Space,
) -> Result<()> {
    let starts = starts(&folder.join(PLACES))?;
    let bound = |at: usize| ((at as u128) << PRINT_BITS) / range.1 as u128;
    let mut sorter = space.sorter("windows", RECORD);
    for (place, start) in starts.iter().enumerate().take(parts) {
        space.check()?;
        let within = (PLACE_BITS, bound(range.0)..bound(range.0 + 1));
        let add = |record| sorter.push(record + u128::from(*start));
        Flat::within(file(folder, "windows", place), (RECORD, 1), within, add)?;
    }
    let mut covered = space.small_sorter("covered", COVERED);
    repeated(options, sorter, |record| covered.push(record))?;
    marked::records(&part.file, 0, |add| covered.drain(&mut |record| add(record)))
}
