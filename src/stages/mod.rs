//! Stages, one file each, of five kinds: *clean* changes text, *measure* adds signals, *keep* decides by signals,
//! *whole* decides by comparing rows, *order* says in which order those that are kept come out. To add one, write the file and name it here.

use std::borrow::Cow;

use serde_json::Value as Json;

pub use crate::text::docs::module_docs;

/// The type of a signal column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A count.
    Int,
    /// A share or score.
    Float,
    /// A word out of a small set.
    Text,
    /// A list of words (only the `words` column).
    Words,
}

/// A column that a stage adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its name in recipes and output.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// A value of a signal.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(Cow<'static, str>),
    Words(Vec<String>),
}

/// Changes text. Pure; idempotent, unless its docs say where it is not.
pub trait Clean: Send + Sync {
    /// The changed text; borrowed where nothing changed.
    fn clean<'a>(&self, text: &'a str) -> Cow<'a, str>;
}

/// Adds signals. Pure.
pub trait Measure: Send + Sync {
    /// The columns it adds, in the order of the values.
    fn signals(&self) -> Vec<Signal>;
    /// The column of the rows that is its signal, for a stage that hands on what the source measured: rows of a use
    /// without it have none, and [`measure`](Measure::measure) is not asked.
    fn column(&self) -> Option<&'static str> {
        None
    }
    /// Measures one row, given the texts of the row in reading order (one for a document, one a turn for a dialogue),
    /// and pushes exactly one value for each signal.
    fn measure(&self, texts: &[&str], out: &mut Vec<Value>);
}

/// What a stage turned out to be, built from its options.
pub enum Stage {
    /// Changes text.
    Clean(Box<dyn Clean>),
    /// Adds signals.
    Measure(Box<dyn Measure>),
    /// Decides by signals.
    Keep(keep::Keep),
    /// Decides by a hash of the row's id.
    Sample(sample::Sample),
    /// Decides by lists of rows.
    Block(block::Block),
    /// Decides by (or cuts) what evaluation sets hold.
    Decontaminate(decontaminate::Decontaminate),
    /// Decides by comparing keys of rows.
    ExactDedup(exact_dedup::ExactDedup),
    /// Decides by (or cuts) lines that many rows have.
    LineDedup(line_dedup::LineDedup),
    /// Decides by comparing texts of rows.
    NearDedup(near_dedup::NearDedup),
    /// Decides by comparing fingerprints of rows.
    SimhashDedup(simhash_dedup::SimhashDedup),
    /// Decides by (or cuts) stretches of text that stand elsewhere too.
    SubstringDedup(substring_dedup::SubstringDedup),
    /// Orders the rows that are kept.
    Shuffle(shuffle::Shuffle),
}

impl Stage {
    /// Which rows stay, where the stage compares texts.
    pub fn rules(&self) -> Option<near_dedup::Rules<'_>> {
        match self {
            Stage::NearDedup(near) => Some(near.rules()),
            Stage::SimhashDedup(simhash) => Some(simhash.rules()),
            _ => None,
        }
    }

    /// Where the stage cuts what only all rows together tell: the reason and the limit of a row of which nothing is left.
    pub fn cuts_late(&self) -> Option<(&'static str, String)> {
        match self {
            Stage::LineDedup(options) => options.cuts().then(|| ("repeated_lines", options.limit())),
            Stage::SubstringDedup(options) => options.cuts().then(|| ("repeated_text", options.limit())),
            _ => None,
        }
    }
}

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
    /// Builds the stage from its options (a JSON object without `run`, `name` and `only`), and gives the options back
    /// resolved (every default written out). The error says what is wrong with them.
    pub build: fn(Json) -> Result<(Stage, Json), String>,
}

/// Builds options of type `O`, for [`Entry::build`].
pub fn options<O: serde::de::DeserializeOwned + serde::Serialize>(json: Json) -> Result<(O, Json), String> {
    let options: O = serde_json::from_value(json).map_err(|e| e.to_string())?;
    let resolved = serde_json::to_value(&options).map_err(|e| e.to_string())?;
    Ok((options, resolved))
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
    characters,
    convert_script,
    decontaminate,
    draw,
    exact_dedup,
    keep,
    language,
    line_dedup,
    margin,
    near_dedup,
    normalize,
    sample,
    shuffle,
    simhash_dedup,
    substring_dedup,
    words
);

/// Stages that are put in where a rule asks for what they measure.
pub const ALWAYS: [&str; 2] = ["characters", "margin"];

/// The stage of that name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    ALL.iter().copied().find(|e| e.name == name)
}
