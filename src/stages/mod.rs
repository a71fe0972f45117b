//! Stages: a file each, or a folder. *clean* changes text, *measure* adds signals, *keep* decides by them, *whole* decides
//! by comparing rows, *order* says in which order those that are kept come out. To add one, write the file and name it
//! in `stages!`; CONTRIBUTING.md has a template.

pub mod clause;
mod dictionary;
pub mod global;
pub mod judge;
mod kinds;
pub mod marks;
pub mod percentile;
pub mod resolved;
pub mod resources;
pub mod rule;
pub mod runs;
pub mod split;
mod traits;
mod value;

use std::sync::Arc;

use serde_json::Value as Json;

pub use crate::text::docs::module_docs;
pub use kinds::{
    Clean, Measure, Mend, cleaning, columns_of, cut, measuring, measuring_rows, mending, records, settled, then,
};
pub use traits::{Built, CUT, Column, Effect, Kind, Reads, RowContext, RowWork, Shown, Stage, Wish, Worked};
pub use value::Value;

/// The description of a stage: everything that a user reads about it comes from here.
pub struct Entry {
    /// The word in recipes.
    pub name: &'static str,
    /// `clean`, `measure`, `keep`, `whole` or `order`.
    pub kind: &'static str,
    /// One line for `corpus list`.
    pub about: &'static str,
    /// The whole story for `corpus explain`: the module's `//!` text.
    pub docs: &'static str,
    /// JSON Schema of its options.
    pub schema: fn() -> schemars::Schema,
    /// Every signal that it can measure, whatever its options, and what must be set for it in a recipe, if anything.
    pub signals: &'static [SignalEntry],
    /// Its reason words, each with a sentence: what it means, and the cure.
    pub reasons: &'static [(&'static str, &'static str)],
    /// How its options are read.
    pub takes: Takes,
    /// The options with which it is put in where a rule asks for what it measures, if it is.
    pub implied: Option<fn() -> Json>,
    /// Builds the stage from its options (a JSON object without `run`, `name` and `only`), and gives the options back
    /// resolved (every default written out). The error says what is wrong with them.
    pub build: fn(Json) -> Result<Built, String>,
}

/// The reason of rows that hold text of an evaluation set.
pub const CONTAMINATED: &str = "contaminated";

/// How the options of a stage are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Each by its name.
    Options,
    /// A rule ([`clause::Clause`]): each that its schema does not name is a signal, and its limits.
    Rules,
    /// Each by its name; the one of this name is a list of rules.
    Clauses(&'static str),
}

/// A signal that a stage can measure.
pub struct SignalEntry {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The option without which it is not measured, as a recipe has it.
    pub option: Option<&'static str>,
    /// What it is, for `corpus list` and `corpus explain`; empty where only its stage says so.
    pub about: &'static str,
    /// Whether its number is that of a message.
    pub message: bool,
}

/// A signal that is always measured.
pub const fn signal(name: &'static str, kind: Kind) -> SignalEntry {
    signal_with(name, kind, "")
}

/// A signal that is always measured, and what it is.
pub const fn signal_with(name: &'static str, kind: Kind, about: &'static str) -> SignalEntry {
    SignalEntry { name, kind, option: None, about, message: false }
}

/// A signal whose number is that of the first message that has a problem, from 1; 0 where none has.
pub const fn signal_of_message(name: &'static str, about: &'static str) -> SignalEntry {
    SignalEntry { message: true, ..signal_with(name, Kind::Int, about) }
}

/// Whether the number of a signal is that of a message.
pub fn names_message(signal: &str) -> bool {
    ALL.iter().flat_map(|entry| entry.signals).any(|s| s.message && s.name == signal)
}

impl Entry {
    /// A stage without signals and reasons, whose options are read by name.
    pub const fn new(
        name: &'static str,
        kind: &'static str,
        about: &'static str,
        source: &'static str,
        schema: fn() -> schemars::Schema,
        build: fn(Json) -> Result<Built, String>,
    ) -> Self {
        let docs = module_docs(source);
        Entry {
            name,
            kind,
            about,
            docs,
            schema,
            signals: &[],
            reasons: &[],
            takes: Takes::Options,
            implied: None,
            build,
        }
    }

    /// The same, with the signals that it can measure.
    pub const fn signals(mut self, signals: &'static [SignalEntry]) -> Self {
        self.signals = signals;
        self
    }

    /// The same, with its reasons.
    pub const fn reasons(mut self, reasons: &'static [(&'static str, &'static str)]) -> Self {
        self.reasons = reasons;
        self
    }

    /// The same, put in where a rule asks for what it measures.
    pub const fn implied(self) -> Self {
        self.implied_with(|| serde_json::json!({}))
    }

    /// The same, put in with these options.
    pub const fn implied_with(mut self, options: fn() -> Json) -> Self {
        self.implied = Some(options);
        self
    }

    /// The same, with options that are read in another way.
    pub const fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }
}

/// Reads options of type `O`, checks them, and builds the stage of them.
///
/// # Errors
/// What is wrong with the options, in words for a recipe's author.
pub fn build<O, S>(json: Json, make: impl FnOnce(O) -> Result<S, String>) -> Result<Built, String>
where
    O: serde::de::DeserializeOwned + serde::Serialize,
    S: Stage + 'static,
{
    let options: O = serde_json::from_value(json).map_err(|e| e.to_string())?;
    let resolved = serde_json::to_value(&options).map_err(|e| e.to_string())?;
    Ok((Arc::new(make(options)?), resolved))
}

macro_rules! stages {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every stage.
        pub static ALL: &[&Entry] = &[$(&$module::ENTRY),*];
    };
}

stages!(
    block,
    boilerplate,
    characters,
    classify,
    command,
    convert_script,
    decontaminate,
    dialogue,
    draw,
    exact_dedup,
    keep,
    label_conflict,
    language,
    layout,
    line_dedup,
    margin,
    mojibake,
    near_dedup,
    normalize,
    perplexity,
    personal_data,
    profile,
    quality,
    residue,
    sample,
    shuffle,
    simhash_dedup,
    substring_dedup,
    tokens,
    words
);

/// What stands behind a table of a recipe: it runs as a stage, and no recipe names it as one.
static TABLES: &[&Entry] = &[&split::TABLE];

/// The templates of CONTRIBUTING.md, compiled as their copies would be; recipes of unit tests can name them.
#[cfg(test)]
#[path = "../../tests/templates/stage.rs"]
mod template_stage;
#[cfg(test)]
#[path = "../../tests/templates/whole_stage.rs"]
mod template_whole_stage;

/// Stages that are there in unit tests alone.
#[cfg(test)]
static TEMPLATES: &[&Entry] = &[&template_stage::ENTRY, &template_whole_stage::ENTRY];
#[cfg(not(test))]
static TEMPLATES: &[&Entry] = &[];

/// The stage of that name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    ALL.iter().chain(TABLES).chain(TEMPLATES).copied().find(|e| e.name == name)
}

/// What stands behind a table of a recipe, by the table's word.
pub fn table(name: &str) -> Option<&'static Entry> {
    TABLES.iter().copied().find(|e| e.name == name)
}

/// The type of a signal that a stage measures under this name whatever its options are.
pub fn signal_kind(name: &str) -> Option<Kind> {
    ALL.iter().flat_map(|entry| entry.signals).find(|signal| signal.name == name).map(|signal| signal.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::column::is_hidden;

    /// Columns are told apart by their names where only a file is there: a signal called `monkey_key` would be lost.
    #[test]
    fn names_say_which_columns_are_for_the_stage_itself() {
        for entry in ALL.iter().chain(TEMPLATES) {
            assert!(entry.signals.iter().all(|signal| !is_hidden(signal.name)), "{}", entry.name);
            let Ok((stage, _)) = (entry.build)(serde_json::json!({})) else { continue };
            for column in stage.columns() {
                assert_eq!(is_hidden(&column.name), !column.is_signal(), "{} of {}", column.name, entry.name);
            }
        }
        assert!(is_hidden("key@3") && is_hidden("cut_key@1") && !is_hidden("keyword_ratio@2"));
    }
}
