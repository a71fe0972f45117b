//! Marks that others find, where there are some. Units are taken in groups; of each group somebody sorts the hashes of its
//! rows, somebody else finds in a range of hashes, of all groups, those that are repeated, and marks their rows; and who
//! judges a group looks its rows' marks up in all ranges. Each reads files in the folder of the pass, and writes one.
//!
//! A row's number is that of its group, until all groups are counted; behind that, as in one process, its place among all
//! rows. So what is marked, and which row comes first, does not depend on groups or ranges.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;
use super::{HASH_BITS, Marks, ROW_BITS, Rows, Rule, salt};
use crate::spill::flat::{Flat, number};
use crate::spill::{Space, scratch, written};
use crate::stages::global::{Fed, GlobalContext, Part, Scope};
use crate::{Error, Result};

/// All rows of a group, for [`marks`].
pub const ALL: Range<u64> = 0..u64::MAX;
/// Bytes of a record of every file here: a hash and a row, or a row and a hash. The first one is a count.
pub const RECORD: usize = 16;
/// Units of a group at most: what a lost task costs.
const UNITS: usize = 64;
/// Groups for each thread, so that the last ones end together.
const GROUPS: usize = 4;
/// Ranges of hashes at most.
const RANGES: usize = 4096;
/// The file with the rows of all groups.
const COUNTS: &str = "counts";

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Work {
    /// The hashes of a group, which are set apart from those of others by `salt`.
    Hash {
        /// Its upper and lower half.
        salt: [u64; 2],
    },
    /// The marks in a range of hashes.
    Mark {
        /// Which of how many ranges.
        range: (usize, usize),
        /// Bits of a hash.
        bits: u32,
        /// What is marked of it.
        rule: Rule,
    },
    /// What becomes of the rows of a group.
    Judge {
        /// Its number.
        group: usize,
        /// As of [`Work::Hash`].
        salt: [u64; 2],
        /// How many ranges there are.
        ranges: usize,
    },
}

/// Two halves as one.
pub fn whole(halves: [u64; 2]) -> u128 {
    u128::from(halves[0]) << 64 | u128::from(halves[1])
}

fn halves(number: u128) -> [u64; 2] {
    [(number >> 64) as u64, number as u64]
}

/// What is repeated, and how it is counted.
pub struct Sought<'a> {
    /// Within what rows are compared.
    pub scope: Scope,
    /// The column of the stage with the records of rows.
    pub column: &'a str,
    /// Bits of a hash.
    pub bits: u32,
    /// Which are marked.
    pub rule: Rule,
}

/// Neighbouring units of a source.
pub struct Group {
    /// The place of the source among those of the pass.
    pub source: usize,
    /// The units.
    pub units: Vec<usize>,
    /// What sets its hashes apart from those that they are not compared with, in two halves.
    pub salt: [u64; 2],
}

/// The side of the process that has the pass.
pub struct Others<'a> {
    context: &'a dyn GlobalContext,
    column: String,
    folder: PathBuf,
    groups: Vec<Group>,
    ranges: usize,
}

impl<'a> Others<'a> {
    /// Has others mark what is sought, where others work for this pass; and how many hashes are repeated.
    ///
    /// # Errors
    /// Of the disk, and of those who do it; more rows than [`ROW_BITS`] can number.
    pub fn mark(context: &'a dyn GlobalContext, space: &Space, sought: &Sought<'_>) -> Result<Option<(Self, u64)>> {
        let width = context.elsewhere();
        if width == 0 {
            return Ok(None);
        }
        let folder = space.folder.join("parts");
        scratch(&folder)?;
        let (groups, ranges) = (groups(context, sought.scope, width), ranges(width));
        let others = Others { context, column: context.own(sought.column), folder, groups, ranges };
        let hashes = others
            .fed("hashes", |_, group| Work::Hash { salt: halves(whole(group.salt) >> (HASH_BITS - sought.bits)) })?;
        let counts = hashes.iter().map(|file| first(&Flat::open(file.clone(), RECORD)?)).collect::<Result<Vec<_>>>()?;
        if counts.iter().sum::<u64>() >> ROW_BITS != 0 {
            return Err(super::too_many(context));
        }
        write_counts(&others.folder.join(COUNTS), &counts)?;
        let of = |number: usize| {
            let (bits, rule) = (sought.bits, sought.rule);
            others.part("marks", number, &Work::Mark { range: (number, ranges), bits, rule })
        };
        let marks = (0..ranges).map(of).collect::<Result<Vec<Part>>>()?;
        context.parts(&others.folder, &marks)?;
        hashes.iter().for_each(|file| drop(std::fs::remove_file(file)));
        let found = marks.iter().map(|part| first(&Flat::open(part.file.clone(), RECORD)?)).sum::<Result<u64>>()?;
        Ok(Some((others, found)))
    }

    /// A part, and its file.
    ///
    /// # Errors
    /// Work that cannot be written.
    pub fn part(&self, name: &str, number: usize, work: &impl Serialize) -> Result<Part> {
        Part::new(self.folder.join(format!("{name}-{number}")), work)
    }

    /// Has a part of each group done by somebody who is handed its rows; their files.
    fn fed(&self, name: &str, work: impl Fn(usize, &Group) -> Work) -> Result<Vec<PathBuf>> {
        let of = |(number, group): (usize, &Group)| {
            let part = self.part(name, number, &work(number, group))?;
            Ok(Fed { part, source: group.source, units: group.units.clone() })
        };
        let parts = self.groups.iter().enumerate().map(of).collect::<Result<Vec<Fed>>>()?;
        self.context.fed(&self.folder, &["ord", &self.column], &parts)?;
        Ok(parts.into_iter().map(|fed| fed.part.file).collect())
    }

    /// Has all rows judged, and hands over those of which something becomes.
    ///
    /// # Errors
    /// Of the disk, of those who do it, and the first one of `found`.
    pub fn judge(&self, mut found: impl FnMut(Verdict) -> Result<()>) -> Result<()> {
        let ranges = self.ranges;
        let judged = self.fed("judged", |group, of| Work::Judge { group, salt: of.salt, ranges })?;
        judged.iter().try_for_each(|file| Verdict::each(file, &mut found).map(drop))
    }

    /// The groups of units.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The folder of all files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many ranges of hashes there are.
    pub fn ranges(&self) -> usize {
        self.ranges
    }
}

/// Hands over the records of a file.
///
/// # Errors
/// Of the disk, and the first one of `found`.
pub fn each_of(file: &Path, mut found: impl FnMut(u128) -> Result<()>) -> Result<()> {
    let all = Flat::open(file.to_path_buf(), RECORD)?;
    all.range(1..all.len(), |_, record| found(number(record)))
}

/// Writes counts, for [`starts`].
///
/// # Errors
/// Of the disk.
pub fn write_counts(path: &Path, counts: &[u64]) -> Result<()> {
    let all: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
    written(path, |to| to.write_all(&all).map_err(Error::io(path)))
}

/// How many ranges of hashes there are for so many threads.
pub fn ranges(width: usize) -> usize {
    (2 * width).clamp(1, RANGES)
}

/// The units of all sources in groups, so many for `width` threads that the last ones end together, where units are enough.
pub fn groups(context: &dyn GlobalContext, scope: Scope, width: usize) -> Vec<Group> {
    let least = GROUPS * width;
    let all: usize = context.sources().iter().map(|source| source.units.len()).sum();
    let units = all.div_ceil(least).clamp(1, UNITS);
    let of = |(number, source)| {
        let salt = halves(salt(scope, source));
        let group = move |units: &[usize]| Group { source: number, units: units.to_vec(), salt };
        source.units.chunks(units).map(group)
    };
    context.sources().iter().enumerate().flat_map(of).collect()
}

/// The count that begins a file.
///
/// # Errors
/// Of the disk.
pub fn first(file: &Flat) -> Result<u64> {
    let mut record = [0; RECORD];
    file.get(0, &mut record)?;
    Ok(number(&record) as u64)
}

/// Writes a count and records.
///
/// # Errors
/// Of the disk, and of `each`.
pub fn records(
    file: &Path,
    count: u64,
    each: impl FnOnce(&mut dyn FnMut(u128) -> Result<()>) -> Result<()>,
) -> Result<()> {
    written(file, |to| {
        let mut add = |record: u128| to.write_all(&record.to_be_bytes()).map_err(Error::io(file));
        add(u128::from(count))?;
        each(&mut add)
    })
}

/// Sorts the hashes of a group, each once a row: `of(records, hashes)` finds those of a row.
///
/// # Errors
/// Of the disk, and of whoever hands over the rows.
pub fn hash(
    file: &Path,
    rows: &mut Rows<'_>,
    (salt, space): ([u64; 2], &Space),
    of: impl Fn(&[u8], &mut Vec<u128>),
) -> Result<()> {
    let (salt, mut count, mut hashes) = (whole(salt), 0, Vec::new());
    let mut sorter = space.sorter("hashes", RECORD);
    super::each_row(rows, |_, records| {
        hashes.clear();
        of(records, &mut hashes);
        hashes.sort_unstable();
        hashes.dedup();
        let row = count;
        count += 1;
        hashes.iter().try_for_each(|hash| sorter.push((hash ^ salt) << ROW_BITS | u128::from(row)))
    })?;
    records(file, count, |add| sorter.drain(&mut |record| add(record)))
}

/// What counts come to before each one, and behind the last.
///
/// # Errors
/// Of the disk.
pub fn starts(path: &Path) -> Result<Vec<u64>> {
    let counts = Flat::open(path.to_path_buf(), 8)?;
    let (mut starts, mut all) = (vec![0], 0);
    counts.each(|at, _| {
        all += counts.number(at)?;
        starts.push(all);
        Ok(())
    })?;
    Ok(starts)
}

/// Finds what is marked in a range of hashes, and writes the marks, sorted by row.
///
/// # Errors
/// Of the disk, and [`Error::Interrupted`].
pub fn mark(folder: &Path, file: &Path, (range, bits): ((usize, usize), u32), rule: Rule, space: &Space) -> Result<()> {
    let starts = starts(&folder.join(COUNTS))?;
    // Hashes that differ in the last bit alone are in one range.
    let bound = |at: usize| (((at as u128) << bits) / range.1 as u128) & !1;
    let mut sorter = space.sorter("hashes", RECORD);
    for (group, start) in starts.iter().take(starts.len() - 1).enumerate() {
        space.check()?;
        let within = (ROW_BITS, bound(range.0)..bound(range.0 + 1));
        let add = |record| sorter.push(record + u128::from(*start));
        Flat::within(folder.join(format!("hashes-{group}")), (RECORD, 1), within, add)?;
    }
    let mut marks = space.small_sorter("marks", RECORD);
    let count = rule.marks(sorter, |mark| marks.push(mark))?;
    records(file, count, |add| marks.drain(&mut |record| add(record)))
}

/// The marks of some rows of a group, whose numbers are those within the group.
///
/// # Errors
/// Of the disk, and [`Error::Interrupted`].
pub fn marks(folder: &Path, (group, rows): (usize, Range<u64>), ranges: usize, space: &Space) -> Result<Marks> {
    let starts = starts(&folder.join(COUNTS))?;
    let start = starts[group];
    let end = starts[group + 1].min(start.saturating_add(rows.end));
    let mut found = space.small_sorter("found", RECORD);
    for range in 0..ranges {
        space.check()?;
        let within = (HASH_BITS, u128::from(start + rows.start)..u128::from(end));
        let add = |record| found.push(record - (u128::from(start) << HASH_BITS));
        Flat::within(folder.join(format!("marks-{range}")), (RECORD, 1), within, add)?;
    }
    Marks::sorted(found, space)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::marks::each_row;
    use arrow::array::{ArrayRef, BinaryArray, RecordBatch, UInt64Array};
    use serde_json::json;
    use std::sync::Arc;

    const ROWS: u64 = 700;

    /// The hashes of a row: some stand in many rows, of one side or both, and some twice in one.
    fn of_row(row: u64) -> Vec<u128> {
        let side = u128::from(row / 3 % 2);
        let number = |n: u64| u128::from((n ^ 0x5eed).wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 24 | side;
        (0..row % 7).map(|at| if at % 2 == 0 { number(row * 100 + at) } else { number(row * at % 60) }).collect()
    }

    fn batch(rows: std::ops::Range<u64>) -> RecordBatch {
        let bytes = |row| of_row(row).into_iter().flat_map(u128::to_be_bytes).collect::<Vec<u8>>();
        let ords: ArrayRef = Arc::new(UInt64Array::from_iter_values(rows.clone()));
        let records: ArrayRef = Arc::new(BinaryArray::from_iter_values(rows.map(bytes)));
        RecordBatch::try_from_iter([("ord", ords), ("records", records)]).unwrap()
    }

    fn hashes(records: &[u8], hashes: &mut Vec<u128>) {
        hashes.extend(records.chunks_exact(RECORD).map(number));
    }

    /// The marks of all rows.
    fn all(mut marks: Marks, rows: u64) -> Vec<Vec<u128>> {
        let mut found = Vec::new();
        let mut of = |row| {
            let mut own = Vec::new();
            marks.of(row, &mut own).unwrap();
            own
        };
        found.extend((0..rows).map(&mut of));
        found
    }

    /// However the rows are grouped, and in however many ranges: the same marks as those of one process.
    #[test]
    fn others_mark_what_one_process_marks() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let space = Space::new(folder.path(), 8 << 20);
        let salt = 0x77_u128 << 64 | 0x1234;
        let rules = [(2, true), (3, false)].map(|(least, all)| Rule::Repeated { least, all });
        for rule in rules.into_iter().chain([Rule::Opposed]) {
            let mut sorter = space.sorter("lines", RECORD);
            each_row(&mut std::iter::once(Ok(batch(0..ROWS))), |row, records| {
                let mut own = Vec::new();
                hashes(records, &mut own);
                own.sort_unstable();
                own.dedup();
                own.iter().try_for_each(|hash| sorter.push((hash ^ salt) << ROW_BITS | u128::from(row)))
            })
            .unwrap();
            let (marks, count) = Marks::new(sorter, &space, rule).unwrap();
            let alone = all(marks, ROWS);
            assert!(count > 20 && alone.iter().flatten().count() > 200, "{rule:?}: {count}");
            for (sizes, ranges) in [(vec![ROWS], 1), (vec![300, 0, 1, 399], 3), (vec![100; 7], 16)] {
                let own = Space::new(elsewhere.path(), 1 << 20);
                let parts = folder.path().join("parts");
                scratch(&parts).unwrap();
                let (mut start, mut counts) = (0, Vec::new());
                for (group, size) in sizes.iter().enumerate() {
                    // In two batches, or none.
                    let (middle, end) = (start + size / 2, start + size);
                    let mut rows =
                        [start..middle, middle..end].into_iter().filter(|r| !r.is_empty()).map(|r| Ok(batch(r)));
                    hash(&parts.join(format!("hashes-{group}")), &mut rows, (halves(salt), &own), hashes).unwrap();
                    counts.extend(size.to_le_bytes());
                    start = end;
                }
                std::fs::write(parts.join(COUNTS), counts).unwrap();
                let mut found = 0;
                for range in (0..ranges).rev() {
                    let file = parts.join(format!("marks-{range}"));
                    mark(&parts, &file, ((range, ranges), HASH_BITS), rule, &own).unwrap();
                    found += super::first(&Flat::open(file, RECORD).unwrap()).unwrap();
                }
                let of = |(group, size): (usize, &u64)| all(marks_of(&parts, group, ranges, &own), *size);
                let there: Vec<Vec<u128>> = sizes.iter().enumerate().flat_map(of).collect();
                assert!(there == alone && found == count, "{sizes:?} {ranges}: {found} of {count}");
                sizes.iter().enumerate().for_each(|(group, size)| of_some(&parts, (group, *size), ranges, &own));
            }
        }
    }

    fn marks_of(folder: &Path, group: usize, ranges: usize, space: &Space) -> Marks {
        marks(folder, (group, ALL), ranges, space).unwrap()
    }

    /// Who asks for some rows of a group is given the marks of these, and reads no others.
    fn of_some(folder: &Path, (group, size): (usize, u64), ranges: usize, space: &Space) {
        let whole = all(marks_of(folder, group, ranges, space), size);
        let some = size / 3..size / 2;
        let mut found = all(marks(folder, (group, some.clone()), ranges, space).unwrap(), size);
        let these = some.start as usize..some.end as usize;
        assert_eq!(found[these.clone()], whole[these.clone()]);
        found.drain(these);
        assert!(found.iter().all(Vec::is_empty), "{group}");
    }

    #[test]
    fn work_is_read_as_written() {
        let part = |work| Part { file: "f".into(), work };
        assert!(part(json!({"Judge": {"group": 1, "salt": [1, 2], "ranges": 3}})).read::<Work>().is_ok());
        assert!(part(json!({"Other": 1})).read::<Work>().is_err());
    }
}
