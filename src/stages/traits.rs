//! What a stage is: the columns that it adds, the files that it needs, its work on rows, its judgement, its pass over all
//! rows. The pipeline and the engine know these traits and never the name of a stage.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::UInt64Type;
use serde_json::Value as Json;

use super::clause::Clause;
use super::global::GlobalPass;
use super::judge::Judge;
use super::resources::{Need, Resource};
use crate::Result;
use crate::rows::batch::Batch;
pub use crate::rows::column::Kind;

/// Where a column is seen beside the unit files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nowhere: a key or signature, for the stage itself.
    Never,
    /// In `data/`, where the recipe lists it or decides by it.
    Asked,
    /// In `data/`, wherever a stage adds it.
    Always,
    /// It fills a column that every row of `data/` has: `language`, `script`.
    Row,
    /// It is a column that the source brought, under the same name.
    Source,
}

/// A column that a stage adds to the unit files, where it is called `NAME@NUMBER` by the stage's place in the recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; names of columns that are never shown are `key` or end in `_key` ([`crate::rows::column::is_hidden`]).
    pub name: Cow<'static, str>,
    /// Its type.
    pub kind: Kind,
    /// Where it is seen.
    pub shown: Shown,
}

impl Column {
    /// A signal: seen where it is asked for.
    pub const fn signal(name: &'static str, kind: Kind) -> Self {
        Column { name: Cow::Borrowed(name), kind, shown: Shown::Asked }
    }

    /// A column for the stage itself.
    pub const fn hidden(name: &'static str, kind: Kind) -> Self {
        Column { name: Cow::Borrowed(name), kind, shown: Shown::Never }
    }

    /// The same, seen elsewhere.
    pub const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }

    /// Whether recipes can name it.
    pub fn is_signal(&self) -> bool {
        self.shown != Shown::Never
    }
}

/// The column of a stage that cuts: bytes that it took out of a row.
pub const CUT: &str = "cut_key";

/// What a stage does to texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// It rewrites them, by what it sees in the row alone.
    Rewrites,
    /// It takes stretches out of them, by what it sees in the row alone, and says in the column [`CUT`] how much.
    Cuts,
    /// It takes stretches out of them that its pass over all rows finds. A row of which nothing is left goes with this
    /// reason and limit.
    CutsLate {
        /// The reason word.
        reason: &'static str,
        /// The limit that it crossed.
        limit: String,
    },
}

/// A stage with its options. Everything is defaulted: a stage overrides what it is.
pub trait Stage: Send + Sync {
    /// The columns that its row-wise work adds, in order.
    fn columns(&self) -> Vec<Column> {
        Vec::new()
    }

    /// Its options for measuring only what is read of it: `read` says whether somebody reads a signal. `None` where it
    /// measures what it measures.
    fn for_readers(&self, _read: &dyn Fn(&str) -> bool) -> Option<Json> {
        None
    }

    /// Whether it hands on every signal that was measured before it.
    fn hands_on(&self) -> bool {
        false
    }

    /// The part of its resolved `options` on which its columns and the text that it leaves depend: what stays the same
    /// when only thresholds change. Jobs that measure are named by it.
    fn measured(&self, options: &Json) -> Json {
        options.clone()
    }

    /// What it does to texts.
    fn effect(&self) -> Effect {
        Effect::None
    }

    /// Whether its columns are of the text, so that they are measured again where the text has changed.
    fn of_text(&self) -> bool {
        true
    }

    /// Whether its row-wise work costs more than writing a copy of the text: then the text is staged in the unit files,
    /// and nothing is done twice.
    fn is_costly(&self) -> bool {
        false
    }

    /// The program of the recipe's author that it runs, as a shell would read it.
    fn program(&self) -> Option<String> {
        None
    }

    /// Whether its errors name rows: then it knows where each stands ([`RowContext::place`]).
    fn names_rows(&self) -> bool {
        false
    }

    /// The files that it reads beside the rows.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// Looks into these files, as far as that is quick.
    ///
    /// # Errors
    /// A file that is not what the stage reads, with its place and the cure.
    fn check(&self, _files: &[Resource]) -> Result<()> {
        Ok(())
    }

    /// Opens these files for good, before anything else is read, and says what they hold.
    ///
    /// # Errors
    /// As [`Stage::check`].
    fn open(&self, _files: &[Resource]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Whether rows are worked on one by one within the scan: those that add columns or change texts are.
    fn works(&self) -> bool {
        self.effect() != Effect::None || !self.columns().is_empty()
    }

    /// The row-wise work of one thread, with scratch of its own. What is made of `files` is shared ([`super::resources::Shared`]).
    ///
    /// # Errors
    /// A file that cannot be read.
    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(None)
    }

    /// What it judges rows by, one at a time, on narrow columns; `None` where it does not.
    fn reads(&self) -> Option<Vec<Reads>> {
        None
    }

    /// Its judgement.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(None)
    }

    /// The rules that it judges by, in the order in which they are asked: all must hold. For accounts, and for `corpus
    /// why`.
    fn rules(&self) -> Vec<Clause> {
        Vec::new()
    }

    /// How it wants measured what it reads, where recipes can choose that.
    fn wishes(&self) -> Option<Wish> {
        None
    }

    /// The signal, a number, by which it chooses which of several rows stays: it is measured before.
    fn chooses_by(&self) -> Option<String> {
        None
    }

    /// Its pass over all rows.
    fn global(&self) -> Option<&dyn GlobalPass> {
        None
    }

    /// The seed of the order in which it brings the rows that are kept.
    fn order(&self) -> Option<u64> {
        None
    }
}

/// An option of a stage that measures, as somebody who reads its signals wants it: `unit = "words"` of `quality`.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The word of the stage that measures.
    pub stage: &'static str,
    /// The option.
    pub option: &'static str,
    /// What it is to be.
    pub value: Json,
}

/// What a judgement looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// A signal, as the last stage before measured it.
    Signal(String),
    /// A column of the stage itself.
    Own(&'static str),
    /// The row's final id.
    Id,
}

/// A batch of rows as row-wise work sees it, beside the texts.
pub struct RowContext<'a> {
    /// How many rows there are.
    pub rows: usize,
    /// `id`, `url`, `subset`, `language_hint`, `meta`, `ord`, `line`: [`crate::rows::batch::ARGUMENTS`].
    pub common: &'a [ArrayRef],
    /// Which rows the stage applies to; `None` is all of them.
    pub applies: Option<&'a [bool]>,
    /// Whether columns are wanted, or only the changed texts.
    pub columns: bool,
    /// The stretches that the pass of this stage found, where they are known.
    pub cuts: Option<&'a ArrayRef>,
    /// Signals of the stages before, by name; the last of a name counts.
    pub measured: &'a [(Cow<'static, str>, ArrayRef)],
    /// The file of each piece, by the piece's number; empty where no stage names rows.
    pub places: &'a [(u64, String)],
}

impl RowContext<'_> {
    /// Whether the stage applies to a row.
    pub fn applies(&self, row: usize) -> bool {
        self.applies.is_none_or(|a| a[row])
    }

    /// Where a row stands in the input, for messages: file and line.
    pub fn place(&self, row: usize) -> String {
        let number = |at: usize| {
            let column = self.common.get(at)?.as_primitive_opt::<UInt64Type>()?;
            Some(column.value(row))
        };
        let (ord, line) = (number(5).unwrap_or(0), number(6).unwrap_or(0));
        let file = self.places.iter().find(|place| place.0 == ord >> 32).map_or("", |place| place.1.as_str());
        match (line, ord & 0xffff_ffff) {
            // Rows of tables stand on no line.
            (0, nth) if nth > 0 => format!("{file}: row {}", nth + 1),
            (line, _) => format!("{file}: line {}", line + 1),
        }
    }
}

/// What row-wise work gives back.
#[derive(Default)]
pub struct Worked {
    /// One array for each column of the stage, where columns are wanted.
    pub columns: Vec<ArrayRef>,
    /// Rows that are measured no further.
    pub stop: Option<Vec<bool>>,
}

/// The row-wise work of one thread, a batch at a time.
pub trait RowWork: Send {
    /// Works on a batch: changes its texts, or measures them.
    ///
    /// # Errors
    /// Of resources, and of the engine.
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked>;
}

/// A stage built from its options, and the options themselves with every default written out.
pub type Built = (Arc<dyn Stage>, Json);
