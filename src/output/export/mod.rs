//! Exports of a build: the layouts that trainers read, one file each; to add one, write the file and name it in
//! `exporters!(…)`.
//!
//! An [`Exporter`] says of one row where it goes, what it loses there, whether it can stand there at all, and its
//! bytes. All else is done here for all of them: rows are read batch by batch ([`example`]), counted ([`run`]), and
//! written into a folder that appears whole ([`folder`]).

use crate::rows::Use;

pub mod checks;
pub mod example;
pub mod folder;
pub mod json;
pub mod run;

pub use crate::text::docs::module_docs;
pub use example::Example;

macro_rules! exporters {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every exporter.
        pub static ALL: &[&dyn Exporter] = &[$(&$module::EXPORTER),*];
    };
}

exporters!(alpaca, jsonl, llama_factory, openai, trl);

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
    /// The uses whose rows it has a place for.
    fn uses(&self) -> &'static [Use];
    /// The parts that have no place where a row like this one goes: if it has one, it loses it, and is counted.
    fn loses(&self, row: &Example<'_>) -> &'static [Part];
    /// The file that the row goes to, without folders; the same few names whatever the rows are.
    fn file(&self, row: &Example<'_>) -> &'static str;
    /// What stands between, before and behind the rows of a file.
    fn frame(&self) -> Frame {
        Frame::Lines
    }
    /// Whether the row can stand in the layout.
    ///
    /// # Errors
    ///
    /// Why it cannot: the row is set aside with this reason.
    fn check(&self, row: &Example<'_>) -> Result<(), Aside>;
    /// Appends the bytes of a row that passed [`Exporter::check`]: one line, without its end.
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>);
    /// Small files beside the rows (a description, a configuration) by name, for these files of rows.
    fn beside(&self, _files: &[&str]) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// The few lines that start the trainer on these files of rows in a folder.
    fn start(&self, folder: &str, files: &[&str]) -> String;
}

/// What stands around the rows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A line a row (JSON lines).
    Lines,
    /// One JSON array, a line a row.
    Array,
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
