//! Recipes: TOML with spans to sources, stages and output, with every problem reported at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::formats::TextRows;
use crate::rows::Use;

/// A checked recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Its name: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What the mix is for, in a sentence.
    pub about: String,
    /// The recipe's file, for messages.
    pub path: PathBuf,
    /// The folder that relative input paths start from.
    pub base: PathBuf,
    /// Where rows come from, in order.
    pub sources: Vec<Source>,
    /// Limits of the input.
    pub input: Input,
    /// What happens to rows, in order.
    pub stages: Vec<Step>,
    /// What is written.
    pub output: Output,
}

/// A data set of one's own: files of one use.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name, unique in the recipe.
    pub name: String,
    /// Paths and globs, as written.
    pub path: Vec<String>,
    /// A container or a shape; detected where absent.
    pub format: Option<String>,
    /// Plain text only.
    pub rows: Option<TextRows>,
    /// The use; taken from the format where absent.
    pub usage: Option<Use>,
    /// Language of the source, where known.
    pub language: Option<String>,
    /// Licence of the source.
    pub license: Option<String>,
    /// Encoding by WHATWG name; detected where absent.
    pub encoding: Option<String>,
    /// Ours = theirs, nested by dots.
    pub fields: BTreeMap<String, String>,
    /// First rows only.
    pub limit: Option<u64>,
    /// Of duplicates, the one of the source with the highest priority stays.
    pub priority: i64,
    /// Line of the source in the recipe (from 1), for messages.
    pub line: usize,
}

/// `[input]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Share of rows that may be unreadable before the build counts as failed.
    pub max_unreadable: f64,
    /// Bytes of the largest raw row.
    pub max_row: u64,
}

/// One `[[stage]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What runs: the name of a stage.
    pub run: String,
    /// Its name in this recipe, unique: `run`, else `run_2`, `run_3`, …
    pub name: String,
    /// Which rows it applies to.
    pub only: Only,
    /// Its options, resolved: every default written out.
    pub options: Json,
}

/// `only = { use = [...], source = [...], language = [...] }`; an empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Only {
    /// Rows of these uses.
    #[serde(rename = "use")]
    pub usage: Vec<Use>,
    /// Rows of these sources.
    pub source: Vec<String>,
    /// Rows of these languages: the measured one, else what the source says.
    pub language: Vec<String>,
}

/// `[output]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Bytes of text in a shard.
    pub shard: u64,
    /// Signal columns in `data/`; `None` is: those that the recipe decides by.
    pub signals: Option<Vec<String>>,
    /// Share of dropped rows that keep their content.
    pub dropped_text: f64,
}
