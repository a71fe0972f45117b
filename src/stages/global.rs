//! Whole stages: a pass over all rows, and what it asks of whoever runs it.
//!
//! A pass sees rows as narrow columns, texts by row key, and records that are sorted for it; it gives back drops, spans,
//! sizes and a file. It never sees files of the job, plans or threads, so that one machine and many can run it: a
//! cluster implements [`GlobalContext`] with its own shuffles, and cuts the sorts of [`Footprint`] by key range.

use std::path::{Path, PathBuf};

use arrow::array::{ArrayRef, RecordBatch};

use super::resources::Resource;
use crate::rows::Use;
use crate::rows::batch::Batch;
use crate::spill::Space;
use crate::{Error, Result};

/// Within what rows are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All rows with one another.
    All,
    /// Rows of the same use, of all sources.
    #[default]
    Use,
    /// Rows of the same source.
    Source,
}

/// The folder of the output for files that passes leave for later builds.
pub const INDEX: &str = "index";

/// A row that goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drop {
    /// Row key.
    pub ord: u64,
    /// The reason word.
    pub reason: String,
    /// What the row has.
    pub value: Option<String>,
    /// What it had to have.
    pub limit: Option<String>,
    /// Id of the row that stays instead.
    pub kept_id: Option<String>,
    /// Similarity with that row, 0 to 1.
    pub similarity: Option<f64>,
    /// Stretches of its text that are to blame, in bytes.
    pub spans: Vec<(usize, usize)>,
}

/// The rows of a source that a pass works on.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRows {
    /// Its place among the sources of the build.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The use of its rows.
    pub usage: Use,
    /// Its priority: of equal rows that of the highest stays.
    pub priority: i64,
    /// The units that hold its rows, in order.
    pub units: Vec<usize>,
}

/// A sort that a pass asks for: rows by a key of 128 bits, and of equal ones the row to keep first: of the source with the
/// highest priority, then with most of `prefer`, then the first in order.
pub struct SortedRows<'a> {
    /// The column of the key; rows without one are left out.
    pub key: &'a str,
    /// A column of numbers, of which the greatest comes first.
    pub prefer: Option<&'a str>,
}

/// What a pass holds and sorts, a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes that the context sorts for it ([`GlobalContext::sorted`]).
    pub sorted_rows: u64,
    /// Bytes of records that it sorts or holds itself, in memory or in files of its [`Space`].
    pub records: u64,
    /// Whether others do parts of it, where there are some ([`GlobalPass::part`], [`GlobalContext::sorted`]).
    pub elsewhere: bool,
    /// Rows of earlier builds that are compared as well.
    pub earlier: u64,
}

/// Talks to the person who waits.
pub trait PassProgress {
    /// Begins a phase of `total` steps; 0 where that is not known.
    fn phase(&self, name: &str, total: u64);
    /// So many steps more.
    fn advance(&self, steps: u64);
    /// Ends the phase.
    fn done(&self, summary: &str);
}

/// A part of a pass that another process can do.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// The file that it writes, which appears whole.
    pub file: PathBuf,
    /// What is to be done, in the words of the pass.
    pub work: serde_json::Value,
}

impl Part {
    /// A part in the words of its pass.
    ///
    /// # Errors
    /// Where these cannot be written.
    pub fn new(file: PathBuf, work: &impl serde::Serialize) -> Result<Self> {
        Ok(Part { file, work: serde_json::to_value(work).map_err(|e| Error::Engine(e.to_string()))? })
    }

    /// What is to be done.
    ///
    /// # Errors
    /// Where its words are none of these.
    pub fn read<'a, W: serde::Deserialize<'a>>(&'a self) -> Result<W> {
        W::deserialize(&self.work).map_err(|e| Error::Engine(e.to_string()))
    }
}

/// A part that is handed columns of the rows of some units ([`GlobalPass::fed`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Fed {
    /// The part.
    pub part: Part,
    /// The place of the units' source among [`GlobalContext::sources`].
    pub source: usize,
    /// The units, in order.
    pub units: Vec<usize>,
}

/// Columns of rows, in order.
pub type Rows<'a> = dyn Iterator<Item = Result<RecordBatch>> + 'a;

/// What whoever runs a pass offers to it. Rows that earlier decisions dropped, and rows that the stage does not apply to,
/// are never seen.
pub trait GlobalContext {
    /// The name of the stage in the recipe.
    fn stage(&self) -> &str;

    /// The files that the stage reads.
    fn files(&self) -> &[Resource];

    /// The sources whose rows there are, in order.
    fn sources(&self) -> &[SourceRows];

    /// How many rows there are, at most.
    fn rows(&self) -> u64;

    /// The name in the unit files of a column of the stage.
    fn own(&self, column: &str) -> String;

    /// The name in the unit files of a signal of a source, as it stands before the stage.
    fn signal(&self, source: &SourceRows, signal: &str) -> Option<String>;

    /// Columns of the rows of some units, in order; `ord` is the row key.
    ///
    /// # Errors
    /// Of the engine, the disk, or [`crate::Error::Interrupted`]; so are those of all that follows.
    fn scan(
        &self,
        source: &SourceRows,
        units: &[usize],
        columns: &[&str],
        each: &mut dyn FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()>;

    /// All rows whose key is that of another row too, and maybe some others, sorted: the key, `ord`, and what
    /// [`GlobalContext::kept_id`] needs.
    ///
    /// # Errors
    /// As of [`GlobalContext::scan`].
    fn sorted(&self, sort: &SortedRows<'_>, each: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()>;

    /// The texts of rows `wanted` of some units (units and row keys ascending), as the stage finds them, in order: the batch
    /// that holds a row, and its place in it.
    ///
    /// # Errors
    /// As of [`GlobalContext::scan`].
    fn texts(
        &self,
        source: &SourceRows,
        wanted: &[(usize, Vec<u64>)],
        each: &mut dyn FnMut(&Batch<'_>, usize) -> Result<()>,
    ) -> Result<()>;

    /// Whether any row has an id of its own; else all are made of source and ordinal.
    fn has_own_ids(&self) -> bool;

    /// Row keys and final ids of all rows of a source, in order: `ord`, `final_id`.
    ///
    /// # Errors
    /// As of [`GlobalContext::scan`].
    fn ids(&self, source: &SourceRows, each: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()>;

    /// The final id of a row of [`GlobalContext::sorted`]: its own id with how often that stood before, or one that is
    /// made of source and ordinal.
    ///
    /// # Errors
    /// A row key that is none.
    fn kept_id(&self, ord: u64, own: Option<(&str, i64)>) -> Result<String>;

    /// All units, in order.
    fn units(&self) -> Vec<usize>;

    /// The unit of a row.
    fn unit_of(&self, ord: u64) -> usize;

    /// The row key behind the last row of a unit.
    fn unit_end(&self, unit: usize) -> u64;

    /// A folder for files of the pass, and the memory that it may take: `share` of the build's.
    ///
    /// # Errors
    /// Of the disk.
    fn space(&self, share: f64) -> Result<Space>;

    /// How many processes' threads do parts of this pass ([`GlobalContext::parts`]); none where it is alone.
    fn elsewhere(&self) -> usize;

    /// Has other processes do `parts` of the pass ([`GlobalPass::part`]), until the file of each is there. They see
    /// `folder`, and what the pass has written down there.
    ///
    /// # Errors
    /// Of the first part that failed.
    fn parts(&self, folder: &Path, parts: &[Part]) -> Result<()>;

    /// The same of parts that are handed `columns` of the rows of units ([`GlobalContext::scan`], [`GlobalPass::fed`]).
    ///
    /// # Errors
    /// As of [`GlobalContext::parts`].
    fn fed(&self, folder: &Path, columns: &[&str], parts: &[Fed]) -> Result<()>;

    /// The same of parts that are handed the texts of some rows of each of their units (row keys, ascending), and maybe of
    /// others beside them, in order: row keys, and the columns of which [`Batch`] finds the texts.
    ///
    /// # Errors
    /// As of [`GlobalContext::parts`].
    fn fed_texts(&self, folder: &Path, parts: &[(Fed, Vec<Vec<u64>>)]) -> Result<()>;

    /// A row goes. Rows come in any order, each at most once.
    ///
    /// # Errors
    /// Of the disk.
    fn drop_row(&self, drop: Drop) -> Result<()>;

    /// Rows go: `parts` lists of them, which are made side by side. As [`GlobalContext::drop_row`] else.
    ///
    /// # Errors
    /// Of the disk, and the first one of `made`.
    fn drop_rows(&self, parts: usize, made: &(dyn Fn(usize) -> Result<Vec<Drop>> + Sync)) -> Result<()>;

    /// A row loses stretches of its texts: bytes of them with one byte between two, ascending. Rows come in any order.
    ///
    /// # Errors
    /// Of the disk.
    fn cut_row(&self, ord: u64, spans: Vec<(usize, usize)>) -> Result<()>;

    /// How many rows those of a unit stand for, themselves among them, in order.
    ///
    /// # Errors
    /// Of the disk.
    fn sizes(&self, unit: usize, sizes: &[(u64, i64)]) -> Result<()>;

    /// Two rows are alike, and both may stay.
    ///
    /// # Errors
    /// Of the disk.
    fn link(&self, a: u64, b: u64) -> Result<()>;

    /// Hands over the row keys that passes before have linked.
    ///
    /// # Errors
    /// Of the disk, and the first one of `each`.
    fn links(&self, each: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<()>;

    /// Which rows of a unit are held out of training, in order: row key and the number of the
    /// [split](crate::rows::split::Split).
    ///
    /// # Errors
    /// Of the disk.
    fn held_out(&self, unit: usize, rows: &[(u64, i64)]) -> Result<()>;

    /// Where the file lies that the pass leaves ([`GlobalPass::leaves`]).
    fn artifact(&self) -> PathBuf;

    /// The person who waits.
    fn progress(&self) -> &dyn PassProgress;

    /// # Errors
    /// [`crate::Error::Interrupted`], where the build is to stop.
    fn check(&self) -> Result<()>;
}

/// A pass over all rows.
pub trait GlobalPass: Send + Sync {
    /// The name of its job: a folder of the work folder begins with it.
    fn job(&self) -> &'static str;

    /// What it holds and sorts.
    ///
    /// # Errors
    /// Of files of earlier builds.
    fn footprint(&self, files: &[Resource]) -> Result<Footprint>;

    /// Whether it says how many rows each row stands for ([`GlobalContext::sizes`]).
    fn counts(&self) -> bool {
        false
    }

    /// Whether it says which rows are held out ([`GlobalContext::held_out`]): then it runs once all is decided.
    fn splits(&self) -> bool {
        false
    }

    /// The file that it leaves for later builds: its place in the output folder.
    fn leaves(&self, _stage: &str) -> Option<PathBuf> {
        None
    }

    /// Does one of the parts that it has others do, with `folder` as it has left it, and writes the part's file.
    ///
    /// # Errors
    /// Of the disk, [`crate::Error::Interrupted`], and a pass that has no parts.
    fn part(&self, _folder: &Path, _part: &Part, _space: &Space) -> Result<()> {
        Err(Error::Engine(format!("the pass {} has no parts", self.job())))
    }

    /// The same for a part that is handed rows ([`Fed`]).
    ///
    /// # Errors
    /// As of [`GlobalPass::part`], and what `rows` says.
    fn fed(&self, _folder: &Path, _part: &Part, _rows: &mut Rows<'_>, _space: &Space) -> Result<()> {
        Err(Error::Engine(format!("no part of the pass {} is handed rows", self.job())))
    }

    /// Runs it; drops, cuts and sizes go to the context.
    ///
    /// # Errors
    /// Of the context, and more rows than it can count.
    fn run(&self, context: &dyn GlobalContext) -> Result<()>;
}

/// The records of a row in a column of bytes; none where the stage did not look at it.
pub fn records_of(column: &ArrayRef, row: usize) -> &[u8] {
    crate::rows::spans::of_row(column, row)
}

/// The name of a file that a pass leaves in `folder` for the stage `stage`.
pub fn left_file(folder: &str, stage: &str) -> PathBuf {
    Path::new(folder).join(format!("{}.parquet", stage.replace(['/', '\\'], "-")))
}
