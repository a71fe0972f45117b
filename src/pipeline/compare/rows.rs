//! The rows of two builds, brought together by id: which were gained, which were lost, and where they went.
//!
//! One record of 16 bytes a row, sorted on disk where memory is full: 104 bits of a hash of the id, the build, and what
//! became of the row. Neighbours with the same hash are the same row; of 10⁹ rows two have the same hash by chance with
//! a probability of about 10⁻¹³.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::ProjectionMask;
use serde::Serialize;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::output::parquet_files::{below, open};
use crate::rows::{self, Use};
use crate::spill::sorter::Sorter;
use crate::{Error, Result};

/// Kept rows of each build by use, source and language.
type Groups = BTreeMap<(Use, String, Option<String>), [u64; 2]>;

/// What became of a row in a build.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "in", rename_all = "lowercase")]
pub enum Outcome {
    /// It is in `data/`.
    Kept,
    /// It is in `dropped/`.
    Dropped {
        /// The stage that dropped it.
        stage: String,
        /// The reason word.
        reason: String,
    },
}

/// Rows that went the same way from one build to the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Move {
    /// What they were in the first build; none where it has not read them.
    pub from: Option<Outcome>,
    /// What they are in the second one.
    pub to: Option<Outcome>,
    /// How many.
    pub rows: u64,
    /// Ids of some of them: those with the least hashes.
    pub ids: Vec<String>,
}

/// Kept rows of one use, source and language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Their use.
    #[serde(rename = "use")]
    pub usage: Use,
    /// Their source.
    pub source: String,
    /// Their language, where it is known.
    pub language: Option<String>,
    /// How many, in each build.
    pub rows: [u64; 2],
}

/// Rows that both builds keep, and whether they say the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Texts {
    /// Rows whose content is the same.
    pub same: u64,
    /// Rows whose content differs.
    pub changed: u64,
    /// Ids of some of these.
    pub ids: Vec<String>,
}

/// What the rows of two builds show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Rows that both keep.
    pub both: u64,
    /// Rows that went another way, the most frequent first.
    pub moves: Vec<Move>,
    /// What is kept, by use, source and language.
    pub groups: Vec<Group>,
    /// What both keep, where texts were compared.
    pub texts: Option<Texts>,
}

/// How rows are compared.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of memory for sorting.
    pub memory: usize,
    /// A folder for what does not fit.
    pub folder: PathBuf,
    /// Ids that are named of each move.
    pub ids: usize,
    /// Whether the content of rows that both keep is compared.
    pub texts: bool,
}

/// Rows read at a time.
const BATCH: usize = 8192;
/// Rows read at a time with their content.
const WHOLE: usize = 256;
/// Bits of a record behind the hash: a bit for the build, the others for the outcome.
const TAIL: u32 = 24;
const SIDE: u128 = 1 << (TAIL - 1);

/// Compares the rows of two builds, by their output folders.
///
/// # Errors
///
/// [`Error::Io`] and [`Error::Engine`] where a table cannot be read, or there is no room for what is sorted.
pub fn compare(builds: [&Path; 2], options: &Options) -> Result<Rows> {
    let mut outcomes = Outcomes::default();
    let mut groups = Groups::new();
    let mut sorter = Sorter::new(options.folder.join("ids"), 16, options.memory);
    let mut contents = options.texts.then(|| Sorter::new(options.folder.join("texts"), 16, options.memory));
    for (side, build) in builds.into_iter().enumerate() {
        for table in tables(build) {
            for path in &table.files {
                outcomes.read(path, &table, side, &mut sorter, &mut groups)?;
                if let Some(contents) = contents.as_mut().filter(|_| table.kept) {
                    digests(path, table.usage, side, contents)?;
                }
            }
        }
    }
    let mut moves = Moves { most: options.ids, ..Moves::default() };
    let mut run = Run::default();
    sorter.drain(&mut |record| {
        if let Some(done) = run.push(record) {
            moves.add(&done);
        }
        Ok(())
    })?;
    moves.add(&run);
    let texts = contents.map(|sorter| changed(sorter, options.ids)).transpose()?;
    finish(builds, outcomes, moves, groups, texts)
}

/// Names the outcomes and the ids.
fn finish(
    builds: [&Path; 2],
    outcomes: Outcomes,
    moves: Moves,
    groups: Groups,
    texts: Option<Changed>,
) -> Result<Rows> {
    let mut wanted: HashMap<u128, Option<String>> = HashMap::new();
    wanted.extend(moves.of.values().flat_map(|(_, hashes)| hashes).map(|hash| (*hash, None)));
    // Of contents only the first 64 bits of the hash are known.
    let mut short: HashMap<u64, Option<String>> = HashMap::new();
    short.extend(texts.iter().flat_map(|t| &t.hashes).map(|hash| (*hash, None)));
    if !wanted.is_empty() || !short.is_empty() {
        builds.into_iter().try_for_each(|build| name(build, &mut wanted, &mut short))?;
    }
    let named = |hash: &u128| wanted.get(hash).cloned().flatten();
    let outcome = |at: Option<u32>| at.and_then(|at| outcomes.all.get(at as usize).cloned());
    let kept = outcomes.all.iter().position(|o| *o == Outcome::Kept).map(|at| at as u32);
    let both = moves.same.get(&kept.unwrap_or(u32::MAX)).copied().unwrap_or(0);
    let mut all: Vec<Move> = moves
        .of
        .iter()
        .map(|((from, to), (rows, hashes))| Move {
            from: outcome(*from),
            to: outcome(*to),
            rows: *rows,
            ids: hashes.iter().filter_map(named).collect(),
        })
        .collect();
    all.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
    let group = |((usage, source, language), rows)| Group { usage, source, language, rows };
    let texts = texts.map(|t| Texts {
        same: t.same,
        changed: t.changed,
        ids: t.hashes.iter().filter_map(|hash| short.get(hash).cloned().flatten()).collect(),
    });
    Ok(Rows { both, moves: all, groups: groups.into_iter().map(group).collect(), texts })
}

/// A table of a build.
struct Table {
    usage: Use,
    kept: bool,
    files: Vec<PathBuf>,
}

/// The tables of kept and dropped rows.
fn tables(build: &Path) -> Vec<Table> {
    let of = |kind: &str, kept: bool| {
        let table = |usage: Use| Table { usage, kept, files: below(&build.join(kind).join(usage.as_str())) };
        Use::ALL.map(table)
    };
    of("data", true).into_iter().chain(of("dropped", false)).collect()
}

/// The batches of a file, with these columns.
fn batches(path: &Path, columns: &[&str], rows: usize) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
    let reader = open(path)?;
    let there: Vec<usize> = columns.iter().filter_map(|name| reader.schema().index_of(name).ok()).collect();
    let mask = ProjectionMask::roots(reader.parquet_schema(), there);
    Ok(reader.with_projection(mask).with_batch_size(rows).build()?.map(|batch| Ok(batch?)))
}

fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Option<&'b StringArray> {
    batch.column_by_name(name)?.as_string_opt::<i32>()
}

fn text(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|c| c.is_valid(row)).map(|c| c.value(row))
}

/// The hash of an id: 104 bits.
fn hash_of(id: &str) -> u128 {
    xxh3_128(id.as_bytes()) >> TAIL
}

/// Every outcome that was seen; rows name theirs by its place.
#[derive(Default)]
struct Outcomes {
    all: Vec<Outcome>,
    places: HashMap<Outcome, u32>,
}

impl Outcomes {
    fn place(&mut self, outcome: Outcome) -> u32 {
        *self.places.entry(outcome).or_insert_with_key(|outcome| {
            self.all.push(outcome.clone());
            self.all.len() as u32 - 1
        })
    }

    /// Reads the narrow columns of a file.
    fn read(
        &mut self,
        path: &Path,
        table: &Table,
        side: usize,
        sorter: &mut Sorter,
        groups: &mut Groups,
    ) -> Result<()> {
        for batch in batches(path, &["id", "source", "language", "stage", "reason"], BATCH)? {
            let batch = batch?;
            let column = |name| texts(&batch, name);
            let (ids, stages, reasons) = (column("id"), column("stage"), column("reason"));
            let (sources, languages) = (column("source"), column("language"));
            for row in 0..batch.num_rows() {
                let owned = |column, row| text(column, row).unwrap_or_default().to_owned();
                let outcome = match table.kept {
                    true => Outcome::Kept,
                    false => Outcome::Dropped { stage: owned(stages, row), reason: owned(reasons, row) },
                };
                let place = u128::from(self.place(outcome));
                if place >= SIDE {
                    return Err(Error::Engine(format!("{}: more than {SIDE} reasons", path.display())));
                }
                let id = text(ids, row).unwrap_or_default();
                sorter.push(hash_of(id) << TAIL | if side == 0 { 0 } else { SIDE } | place)?;
                if table.kept {
                    let key = (table.usage, owned(sources, row), text(languages, row).map(str::to_owned));
                    groups.entry(key).or_default()[side] += 1;
                }
            }
        }
        Ok(())
    }
}

/// Records with the same hash: one a build, unless ids repeat.
#[derive(Default)]
struct Run {
    hash: u128,
    sides: [Vec<u32>; 2],
}

impl Run {
    /// Takes a record; the run before it, where it begins another one.
    fn push(&mut self, record: u128) -> Option<Run> {
        let hash = record >> TAIL;
        let done = (hash != self.hash).then(|| std::mem::replace(self, Run { hash, ..Run::default() }));
        let side = usize::from(record & SIDE != 0);
        self.sides[side].push((record & (SIDE - 1)) as u32);
        done
    }
}

type Way = (Option<u32>, Option<u32>);

/// How many rows went which way.
#[derive(Default)]
struct Moves {
    most: usize,
    /// Rows whose outcome is the same, by outcome.
    same: HashMap<u32, u64>,
    of: BTreeMap<Way, (u64, Vec<u128>)>,
}

impl Moves {
    fn add(&mut self, run: &Run) {
        let [a, b] = &run.sides;
        for at in 0..a.len().max(b.len()) {
            let (from, to) = (a.get(at).copied(), b.get(at).copied());
            if let (true, Some(outcome)) = (from == to, from) {
                *self.same.entry(outcome).or_default() += 1;
                continue;
            }
            let (rows, hashes) = self.of.entry((from, to)).or_default();
            *rows += 1;
            if hashes.len() < self.most {
                hashes.push(run.hash);
            }
        }
    }
}

/// What both builds keep, by hashes.
#[derive(Default)]
struct Changed {
    same: u64,
    changed: u64,
    hashes: Vec<u64>,
}

/// A record a row: 64 bits of the hash of its id, 63 of the hash of its content, the build.
fn digests(path: &Path, usage: Use, side: usize, sorter: &mut Sorter) -> Result<()> {
    let fields = rows::content(usage);
    let names: Vec<&str> = std::iter::once("id").chain(fields.iter().map(|f| f.name().as_str())).collect();
    for batch in batches(path, &names, WHOLE)? {
        let batch = batch?;
        let ids = texts(&batch, "id");
        for row in 0..batch.num_rows() {
            let mut hash = Xxh3::new();
            for name in &names[1..] {
                if let Some(column) = batch.column_by_name(name) {
                    digest(column, row, name, &mut hash);
                }
            }
            let id = hash_of(text(ids, row).unwrap_or_default()) >> 40;
            sorter.push(id << 64 | u128::from(hash.digest() & !1) | side as u128)?;
        }
    }
    Ok(())
}

/// Adds a value: what is null adds nothing, so that a column that only one build has makes no difference where it is empty.
fn digest(column: &ArrayRef, row: usize, name: &str, hash: &mut Xxh3) {
    if column.is_null(row) {
        return;
    }
    hash.update(&[0xff]);
    hash.update(name.as_bytes());
    hash.update(&[0xfe]);
    match column.data_type() {
        DataType::Utf8 => {
            let text = column.as_string::<i32>().value(row);
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        DataType::Float64 => hash.update(&column.as_primitive::<Float64Type>().value(row).to_bits().to_le_bytes()),
        DataType::Boolean => hash.update(&[u8::from(column.as_boolean().value(row))]),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).for_each(|at| digest(&items, at, "", hash));
        }
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            fields.iter().zip(columns).for_each(|(field, column)| digest(column, row, field.name(), hash));
        }
        _ => {}
    }
}

fn changed(sorter: Sorter, most: usize) -> Result<Changed> {
    let mut found = Changed::default();
    // The row before, where it has met no row of the other build yet.
    let mut last: Option<(u64, [Vec<u64>; 2])> = None;
    let mut close = |run: (u64, [Vec<u64>; 2])| {
        let (id, [a, b]) = run;
        for at in 0..a.len().min(b.len()) {
            if a[at] == b[at] {
                found.same += 1;
                continue;
            }
            found.changed += 1;
            if found.hashes.len() < most {
                found.hashes.push(id);
            }
        }
    };
    sorter.drain(&mut |record| {
        let (id, content, side) = ((record >> 64) as u64, record as u64 & !1, (record & 1) as usize);
        if last.as_ref().is_none_or(|run| run.0 != id)
            && let Some(done) = last.replace((id, Default::default()))
        {
            close(done);
        }
        if let Some(run) = &mut last {
            run.1[side].push(content);
        }
        Ok(())
    })?;
    last.into_iter().for_each(&mut close);
    Ok(found)
}

/// Looks up the ids of some hashes.
fn name(
    build: &Path,
    wanted: &mut HashMap<u128, Option<String>>,
    short: &mut HashMap<u64, Option<String>>,
) -> Result<()> {
    for table in tables(build) {
        for path in &table.files {
            for batch in batches(path, &["id"], BATCH)? {
                let batch = batch?;
                let ids = texts(&batch, "id");
                for row in 0..batch.num_rows() {
                    let id = text(ids, row).unwrap_or_default();
                    let hash = hash_of(id);
                    let places = [wanted.get_mut(&hash), short.get_mut(&((hash >> 40) as u64))];
                    places.into_iter().flatten().for_each(|place| *place = Some(id.to_owned()));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, side: usize, outcome: u128) -> u128 {
        hash_of(id) << TAIL | if side == 0 { 0 } else { SIDE } | outcome
    }

    #[test]
    fn neighbours_with_one_hash_are_one_row() {
        let mut records =
            vec![record("a", 0, 0), record("a", 1, 2), record("b", 0, 1), record("c", 1, 0), record("d", 0, 0)];
        records.extend([record("d", 1, 0), record("e", 0, 0), record("e", 1, 2)]);
        records.sort_unstable();
        let (mut moves, mut run) = (Moves { most: 1, ..Moves::default() }, Run::default());
        for record in records {
            if let Some(done) = run.push(record) {
                moves.add(&done);
            }
        }
        moves.add(&run);
        let counts: Vec<(Way, u64, usize)> =
            moves.of.iter().map(|(way, (n, hashes))| (*way, *n, hashes.len())).collect();
        assert_eq!(
            counts,
            [((None, Some(0)), 1, 1), ((Some(0), Some(2)), 2, 1), ((Some(1), None), 1, 1)],
            "gained, moved twice with one example, lost"
        );
        assert_eq!(moves.same, HashMap::from([(0, 1)]));
    }

    #[test]
    fn contents_of_one_id_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path().join("t"), 16, 1 << 16);
        for (id, content, side) in [(1_u128, 8, 0), (1, 8, 1), (2, 8, 0), (2, 10, 1), (3, 6, 0), (4, 6, 1)] {
            sorter.push(id << 64 | content | side).unwrap();
        }
        let found = changed(sorter, 9).unwrap();
        assert_eq!((found.same, found.changed, found.hashes), (1, 1, vec![2]));
    }
}
