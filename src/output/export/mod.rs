//! Exports of a build: the layouts that trainers read, one file each; to add one, write the file and name it in
//! `exporters!(…)`.
//!
//! An [`Exporter`] says of one row where it goes, what it loses there, whether it can stand there at all, and its
//! bytes. All else is done here for all of them: rows are read batch by batch ([`example`]), counted ([`run`]), and
//! written into a folder that appears whole ([`folder`]).

use arrow::datatypes::Field;

use crate::rows::Use;
use crate::rows::split::Split;

pub mod checks;
pub mod example;
pub mod folder;
pub mod json;
pub mod messages;
pub mod native;
pub mod run;
pub mod sent;
pub mod sink;
pub mod tar;

pub use crate::text::docs::module_docs;
pub use example::Example;

macro_rules! exporters {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every exporter.
        pub static ALL: &[&dyn Exporter] = &[$(&$module::EXPORTER),*];
    };
}

exporters!(
    alpaca,
    axolotl,
    belle,
    chatglm,
    chatyuan,
    csv,
    deepspeed_chat,
    fastchat,
    hf,
    jsonl,
    llama_factory,
    llama_factory_v1,
    lmflow,
    ms_swift,
    openai,
    openrlhf,
    text,
    trl,
    verl,
    webdataset,
);

/// The exporter of this name.
pub fn exporter(name: &str) -> Option<&'static dyn Exporter> {
    ALL.iter().copied().find(|e| e.name() == name)
}

/// A layout that a trainer reads.
pub trait Exporter: Sync {
    /// The word behind `--to`.
    fn name(&self) -> &'static str;
    /// One line, without a full stop.
    fn about(&self) -> &'static str;
    /// The `//!` text of the file, which `corpus explain` prints.
    fn docs(&self) -> &'static str;
    /// The trainer and the version whose loading code was run on an export (`tests/trainers`), where it is one's.
    fn trainer(&self) -> Option<&'static str> {
        None
    }
    /// The uses whose rows it has a place for.
    fn uses(&self) -> &'static [Use];
    /// The parts that have no place where a row like this one goes: if it has one, it loses it, and is counted.
    fn loses(&self, row: &Example<'_>) -> &'static [Part];
    /// The file that the row goes to, without folders; the same few names whatever the rows are.
    fn file(&self, row: &Example<'_>) -> &'static str;
    /// The file that a row goes to which is held out of training, in place of this one.
    fn held_out(&self, file: &str, split: Split) -> String {
        format!("{split}/{file}")
    }
    /// Whether [`Exporter::beside`] describes files of rows that are held out, too.
    fn names_splits(&self) -> bool {
        false
    }
    /// What the file is made of.
    fn frame(&self, _file: &str) -> Frame {
        Frame::Lines
    }
    /// Whether strings that tokenizers read as special tokens may stand in its texts ([`checks::special`]): where
    /// they may not, such a row is set aside before it is checked.
    fn special(&self) -> bool {
        false
    }
    /// Whether the row can stand in the layout.
    ///
    /// # Errors
    ///
    /// Why it cannot: the row is set aside with this reason.
    fn check(&self, row: &Example<'_>) -> Result<(), Aside>;
    /// Appends the bytes of a row that passed [`Exporter::check`]: one line, without its end. Not asked of
    /// [`Frame::Native`].
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>);
    /// Small files beside the rows (a description, a configuration) by name, for these files of rows; `build` has the
    /// `recipe` and its `fingerprint`.
    fn beside(&self, _files: &[Rows], _build: &serde_json::Value) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// What writes a build that holds rows out, where it is not this itself: a layout that draws rows of its own then uses
    /// those instead.
    fn of_splits(&self) -> Option<&'static dyn Exporter> {
        None
    }
    /// The few lines that start the trainer on these files of rows in a folder, and measure it by what is held out there.
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String;
}

/// Files of rows that are held out of training, by their paths in the folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held<'a>(pub &'a [(Split, String)]);

impl<'a> Held<'a> {
    /// The file of rows for validation that belongs to one of rows that are trained on. What is held out for the test is no
    /// trainer's business.
    pub fn validation(&self, exporter: &dyn Exporter, file: &str) -> Option<&'a str> {
        let path = exporter.held_out(file, Split::Validation);
        self.0.iter().map(|held| held.1.as_str()).find(|held| *held == path)
    }
}

/// The exporter that writes rows of these tables: another where some are held out, of layouts that have one for it.
pub fn fitting(exporter: &'static dyn Exporter, tables: &[run::Table]) -> &'static dyn Exporter {
    let held_out = tables.iter().any(|table| table.split != Split::Train);
    exporter.of_splits().filter(|_| held_out).unwrap_or(exporter)
}

/// What a file of rows is made of.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    /// A line a row (JSON lines).
    Lines,
    /// One JSON array, a line a row.
    Array,
    /// What stands before the rows, between two, and behind them.
    Around(&'static str, &'static str, &'static str),
    /// Parquet: [`Exporter::write`] appends a row as a JSON object, which is read by the columns of the file.
    Table(fn(&str) -> Vec<Field>),
    /// Parquet in shards, with the rows and columns of the build.
    Native,
    /// Tar archives: [`Exporter::write`] appends a row as a JSON object, whose keys are the extensions of its members.
    Tars,
}

impl Frame {
    /// What stands before the rows, between two, and behind them, where rows are text.
    pub fn marks(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Frame::Array => ("[\n", ",\n", "\n]\n"),
            Frame::Around(head, between, tail) => (head, between, tail),
            Frame::Lines | Frame::Table(_) | Frame::Native | Frame::Tars => ("", "\n", "\n"),
        }
    }
}

/// A file of rows that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Its name, as [`Exporter::file`] says it.
    pub name: &'static str,
    /// The split of its rows.
    pub split: Split,
    /// Its rows.
    pub rows: u64,
}

/// A part of a row that not every layout has a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A turn of the system.
    System,
    /// Turns behind the first answer.
    Turns,
    /// Tools on offer, calls of them, and what they answered.
    Tools,
    /// What the assistant thought before it answered.
    Reasoning,
    /// Names of speakers.
    Names,
    /// What a program checks the answer against (`answer`, `answer_kind`, `data_source`).
    Truth,
    /// Scores and margins of answers.
    Scores,
    /// Answers to choose from.
    Choices,
    /// Text beside calls of tools.
    Beside,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 9] = [
        Part::System,
        Part::Turns,
        Part::Tools,
        Part::Reasoning,
        Part::Names,
        Part::Truth,
        Part::Scores,
        Part::Choices,
        Part::Beside,
    ];

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::System => "system",
            Part::Turns => "turns",
            Part::Tools => "tools",
            Part::Reasoning => "reasoning",
            Part::Names => "names",
            Part::Truth => "truth",
            Part::Scores => "scores",
            Part::Choices => "choices",
            Part::Beside => "beside_calls",
        }
    }

    /// What is lost, for a person.
    pub fn about(self) -> &'static str {
        match self {
            Part::System => "the system turn",
            Part::Turns => "turns behind the first answer",
            Part::Tools => "tools, calls and their results",
            Part::Reasoning => "the thinking before an answer",
            Part::Names => "names of speakers",
            Part::Truth => "what a program checks the answer against",
            Part::Scores => "scores and margins",
            Part::Choices => "the answers to choose from",
            Part::Beside => "text beside calls",
        }
    }
}

/// Why a row has no place in a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// A word of [`checks::REASONS`].
    pub reason: &'static str,
    /// What exactly, for a person.
    pub detail: String,
}

impl Aside {
    /// A reason with its detail.
    pub fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Aside { reason, detail: detail.into() }
    }
}

/// The file to copy for a new exporter, compiled and run as one (CONTRIBUTING.md).
#[cfg(test)]
#[path = "../../../tests/templates/exporter.rs"]
mod template;
