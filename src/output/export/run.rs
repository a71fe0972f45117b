//! An export run: rows counted, then written; read = written + set aside, for each use.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::Length;
use serde::{Deserialize, Serialize};

use super::folder::{Hashed, Staging, Written};
use super::sink::Sink;
use super::{Aside, Example, Exporter, Part, Rows, checks};
use crate::output::parquet_files::Input;
use crate::rows::Use;
use crate::rows::split::Split;
use crate::text::figures::{count, plural};
use crate::{Error, Result};

/// Rows that are read at a time, at the most.
pub const BATCH: usize = 128;
/// Bytes of rows that are read at a time, at about the most; a row that is larger is read alone.
const BYTES: usize = 1 << 23;

/// The kept rows of one use that are in one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The use.
    pub usage: Use,
    /// The split; all rows are trained on where a build holds none out.
    pub split: Split,
    /// Its Parquet files, in order.
    pub files: Vec<PathBuf>,
}

/// What is exported, and how it is read.
pub struct Job<'a> {
    /// The layout.
    pub exporter: &'a dyn Exporter,
    /// What is exported; uses that the layout takes.
    pub tables: &'a [Table],
    /// Rows read at a time ([`BATCH`]); the bytes do not depend on it.
    pub batch: usize,
    /// Asked between batches; ends the export early once it says so.
    pub stop: &'a dyn Fn() -> bool,
}

/// The rows of one use and split: `read` = `written` + `aside`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The use.
    #[serde(rename = "use")]
    pub usage: Use,
    /// What they are held out for, where they are.
    #[serde(default, skip_serializing_if = "is_train")]
    pub split: Split,
    /// Rows of the build.
    pub read: u64,
    /// Rows that are in the layout.
    pub written: u64,
    /// Rows that are not, and are in `dropped/`.
    pub aside: u64,
    /// Those by reason.
    pub reasons: BTreeMap<Cow<'static, str>, u64>,
    /// Written rows that lose a part, by part.
    pub loses: BTreeMap<Cow<'static, str>, u64>,
}

impl Account {
    /// No rows yet.
    pub fn new(usage: Use) -> Self {
        Account {
            usage,
            split: Split::Train,
            read: 0,
            written: 0,
            aside: 0,
            reasons: BTreeMap::new(),
            loses: BTreeMap::new(),
        }
    }

    /// No rows of a table yet.
    fn of(table: &Table) -> Self {
        Account { split: table.split, ..Account::new(table.usage) }
    }

    /// Whether every row was written, with all that it has.
    pub fn is_whole(&self) -> bool {
        self.aside == 0 && self.loses.is_empty()
    }

    fn add(&mut self, exporter: &dyn Exporter, row: &Example<'_>, aside: Option<&'static str>) {
        self.read += 1;
        if let Some(reason) = aside {
            self.aside += 1;
            *self.reasons.entry(reason.into()).or_default() += 1;
            return;
        }
        self.written += 1;
        let lost = exporter.loses(row).iter().filter(|part| row.has(**part));
        lost.for_each(|part: &Part| *self.loses.entry(part.as_str().into()).or_default() += 1);
    }
}

fn is_train(split: &Split) -> bool {
    *split == Split::Train
}

/// Accounts as lines for a person: rows, why some are set aside, what the others lose; `to_be` before it is done.
pub fn lines(accounts: &[Account], to_be: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for account in accounts {
        let (written, aside) = (count(account.written), count(account.aside));
        let rows = plural(account.read, "row");
        let split = if is_train(&account.split) { String::new() } else { format!(" ({})", account.split) };
        lines.push(format!("{}{split}: {rows}: {written} {to_be}written, {aside} {to_be}set aside", account.usage));
        for (reason, rows) in &account.reasons {
            lines.push(format!("  {} {to_be}set aside: {reason}", plural(*rows, "row")));
        }
        for (part, rows) in Part::ALL.iter().filter_map(|p| Some((p, account.loses.get(p.as_str())?))) {
            lines.push(format!("  {} without {} ({})", plural(*rows, "row"), part.about(), part.as_str()));
        }
    }
    lines
}

/// Refuses where a row would lose something, or be set aside.
///
/// # Errors
///
/// [`Error::Input`] with the accounts of the uses that have such rows.
pub fn losses(exporter: &dyn Exporter, accounts: &[Account]) -> Result<()> {
    let lossy: Vec<Account> = accounts.iter().filter(|account| !account.is_whole()).cloned().collect();
    if lossy.is_empty() {
        return Ok(());
    }
    let losses = lines(&lossy, "to be ").join("\n");
    let message = format!("`{}` cannot hold all of these rows, and `strict` was asked for:\n{losses}", exporter.name());
    Err(Error::input(
        message,
        "export without --strict (in a recipe: without `strict`), or to another layout: `corpus list exports`",
    ))
}

/// What the file `export.json` holds.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    v: u32,
    version: &'static str,
    to: &'a str,
    /// In an object store, the folder of the files.
    #[serde(skip_serializing_if = "str::is_empty")]
    at: &'a str,
    build: &'a serde_json::Value,
    uses: &'a [Account],
    files: &'a [Written],
    /// The sums of an export of token ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<&'a serde_json::Value>,
    /// Files of token ids in the order in which they are read, with the row and the token at which each begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    shards: Option<&'a serde_json::Value>,
}

/// A finished export.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// By use.
    pub accounts: Vec<Account>,
    /// Where its files are.
    pub folder: PathBuf,
    /// All files but `export.json`, in order of their names.
    pub files: Vec<Written>,
    /// The names of those that hold rows that are trained on.
    pub rows: Vec<&'static str>,
    /// Those that hold rows that are not, with their splits.
    pub held_out: Vec<(Split, String)>,
}

/// Hands every row of a table over, `rows` at a time; `stop` is asked between.
///
/// # Errors
///
/// As [`batches`].
pub fn each(
    table: &Table,
    rows: usize,
    stop: &dyn Fn() -> bool,
    act: &mut dyn FnMut(&Example<'_>) -> Result<()>,
) -> Result<()> {
    batches(table, rows, stop, &mut |batch, path| {
        (0..batch.num_rows()).try_for_each(|at| act(&Example::of(table.usage, batch, at, path)?))
    })
}

/// Hands the rows of a table over in batches of `rows`, with the file that they are of; `stop` is asked between.
///
/// # Errors
///
/// A file of the build that cannot be read; [`Error::Interrupted`]; those of `act`.
pub fn batches<'t>(
    table: &'t Table,
    rows: usize,
    stop: &dyn Fn() -> bool,
    act: &mut dyn FnMut(&RecordBatch, &'t Path) -> Result<()>,
) -> Result<()> {
    for path in &table.files {
        let file = Input::open(path)?;
        let broken = |error: String| {
            let hint = "the build is damaged: build again";
            Error::input(format!("{}: {error}", path.display()), hint)
        };
        let options = ArrowReaderOptions::new();
        let known = ArrowReaderMetadata::load(&file, options).map_err(|e| broken(e.to_string()))?;
        for group in 0..known.metadata().num_row_groups() {
            let file = file.again().map_err(Error::io(path))?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, known.clone());
            let reader = reader.with_row_groups(vec![group]).with_batch_size(at_a_time(known.metadata(), group, rows));
            for batch in reader.build().map_err(|e| broken(e.to_string()))? {
                if stop() {
                    return Err(Error::Interrupted);
                }
                act(&batch.map_err(|e| broken(e.to_string()))?, path)?;
            }
        }
    }
    Ok(())
}

/// How many rows of a row group are read at a time, of `most`: fewer where they are large.
fn at_a_time(known: &ParquetMetaData, group: usize, most: usize) -> usize {
    let group = known.row_group(group);
    let row = (group.total_byte_size() / group.num_rows().max(1)).max(1) as usize;
    most.min(BYTES / row).max(1)
}

/// Whether a row can stand in the layout.
fn check(exporter: &dyn Exporter, row: &Example<'_>) -> std::result::Result<(), Aside> {
    if !exporter.special() {
        checks::special(row)?;
    }
    exporter.check(row)
}

/// Counts what an export would write, set aside and lose, without writing anything.
///
/// # Errors
///
/// A file of the build that cannot be read; [`Error::Interrupted`].
pub fn survey(job: &Job<'_>) -> Result<Vec<Account>> {
    let of = |table: &Table| {
        let mut account = Account::of(table);
        each(table, job.batch, job.stop, &mut |row| {
            let aside = check(job.exporter, row).err();
            account.add(job.exporter, row, aside.map(|a| a.reason));
            Ok(())
        })?;
        Ok(account)
    };
    job.tables.iter().map(of).collect()
}

/// The files of rows that are being written.
struct Files<'a> {
    staging: &'a Staging,
    /// By name and split, with the rows so far.
    open: BTreeMap<(&'static str, Split), (Sink<'a>, u64)>,
    dropped: Option<Hashed>,
    line: Vec<u8>,
}

impl Files<'_> {
    /// Writes a row, or why it is not written; gives back the reason.
    fn row(&mut self, exporter: &dyn Exporter, table: &Table, row: &Example<'_>) -> Result<Option<&'static str>> {
        self.line.clear();
        let aside = check(exporter, row).err();
        if let Some(aside) = &aside {
            row.aside(aside, &mut self.line);
            self.line.push(b'\n');
            let file = match &mut self.dropped {
                Some(file) => file,
                None => {
                    let split = if is_train(&table.split) { String::new() } else { format!("{}-", table.split) };
                    self.dropped.insert(self.staging.file(&format!("dropped/{split}{}.jsonl", table.usage))?)
                }
            };
            file.write(&self.line)?;
            return Ok(Some(aside.reason));
        }
        let name = exporter.file(row);
        let (sink, rows) = match self.open.entry((name, table.split)) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(free) => {
                let path = path(exporter, name, table.split);
                free.insert((Sink::open(exporter, self.staging, (name, &path))?, 0))
            }
        };
        *rows += 1;
        sink.row(exporter, row, &mut self.line)?;
        Ok(None)
    }
}

/// Where rows of a split lie that go to a file.
fn path(exporter: &dyn Exporter, file: &'static str, split: Split) -> String {
    if is_train(&split) { file.to_owned() } else { exporter.held_out(file, split) }
}

/// Writes an export into a folder, which then is there whole, with `export.json`; `build` is what that file says of the
/// build.
///
/// # Errors
///
/// A file of the build that cannot be read; a folder that holds files of others; [`Error::Interrupted`]; what the
/// system says of writing. Nothing is left under the folder's name then but what was there before.
pub fn export(job: &Job<'_>, out: &Path, build: &serde_json::Value) -> Result<Exported> {
    Staging::whole(out, || expected(job.tables), |staging| write(job, (staging, out), build))
}

/// Writes the files of an export that is to be `out`; gives back what it came to, and its `export.json`.
///
/// # Errors
///
/// As [`export`].
pub fn write(
    job: &Job<'_>,
    (staging, out): (&Staging, &Path),
    build: &serde_json::Value,
) -> Result<(Exported, Vec<u8>)> {
    let mut files = Files { staging, open: BTreeMap::new(), dropped: None, line: Vec::new() };
    let (mut accounts, mut written) = (Vec::new(), Vec::new());
    for table in job.tables {
        let mut account = Account::of(table);
        each(table, job.batch, job.stop, &mut |row| {
            let aside = files.row(job.exporter, table, row)?;
            account.add(job.exporter, row, aside);
            Ok(())
        })?;
        accounts.push(account);
        written.extend(files.dropped.take().map(Hashed::close).transpose()?);
    }
    let rows: Vec<Rows> =
        files.open.iter().map(|((name, split), open)| Rows { name, split: *split, rows: open.1 }).collect();
    let (trained, held): (Vec<Rows>, Vec<Rows>) = rows.iter().copied().partition(|file| is_train(&file.split));
    for (sink, _) in std::mem::take(&mut files.open).into_values() {
        written.extend(sink.close()?);
    }
    let described = if job.exporter.names_splits() { &rows } else { &trained };
    for (name, text) in job.exporter.beside(described, build) {
        let mut file = staging.file(name)?;
        file.write(text.as_bytes())?;
        written.push(file.close()?);
    }
    written.sort_by(|a, b| a.path.cmp(&b.path));
    let text = manifest(staging, job.exporter.name(), build, (&accounts, &written), None)?;
    let folder = staging.within(out);
    let held_out = held.iter().map(|file| (file.split, path(job.exporter, file.name, file.split))).collect();
    let rows = trained.iter().map(|file| file.name).collect();
    Ok((Exported { accounts, folder, files: written, rows, held_out }, text))
}

/// Bytes that a file of an export may have, about: the text of all tables, which is packed there.
pub fn expected(tables: &[Table]) -> u64 {
    let bytes = |path: &PathBuf| Input::open(path).map_or(0, |file| Length::len(&file));
    4 * tables.iter().flat_map(|table| &table.files).map(bytes).sum::<u64>()
}

/// `export.json`: what was exported to which layout, and of which build; of token ids the sums and the files.
///
/// # Errors
///
/// [`Error::Engine`] where it cannot be JSON.
pub fn manifest(
    staging: &Staging,
    to: &str,
    build: &serde_json::Value,
    (uses, files): (&[Account], &[Written]),
    ids: Option<(&serde_json::Value, &serde_json::Value)>,
) -> Result<Vec<u8>> {
    let (tokens, shards) = ids.unzip();
    let (version, at) = (env!("CARGO_PKG_VERSION"), staging.at());
    let manifest = Manifest { v: 1, version, to, at, build, uses, files, tokens, shards };
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::Engine(e.to_string()))?;
    text.push(b'\n');
    Ok(text)
}
