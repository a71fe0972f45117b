//! Recipes: TOML with spans to sources, stages and output, with every problem reported at once.

mod cards;
pub mod differences;
pub mod elsewhere;
mod exports;
pub mod gates;
pub mod kinds;
pub mod mix;
pub mod problem;
pub mod read;
mod reader;
mod rules;
mod samples;
pub mod schema;
mod sets;
mod signals;
mod stages;
mod toml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::formats::TextRows;
use crate::rows::Use;
use crate::text::spelling::nearest;
use crate::{Error, Result};

pub use crate::output::codec::Codec;
pub use exports::{Export, Ids, Target, Template};
pub use gates::Gates;
pub use mix::{By, Mix, STAGE as MIX_STAGE, Share};
pub use problem::Problems;
pub use read::read;
pub use signals::signals;

/// A checked recipe. As JSON it says nothing of where it was read from.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Recipe {
    /// Its name: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What the mix is for, in a sentence.
    pub about: String,
    /// The recipe's file, for messages.
    #[serde(skip)]
    pub path: PathBuf,
    /// The folder that relative input paths start from.
    #[serde(skip)]
    pub base: PathBuf,
    /// Where rows come from, in order.
    pub sources: Vec<Source>,
    /// How the sources are mixed, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<Mix>,
    /// Limits of the input.
    pub input: Input,
    /// The stages, in order.
    pub stages: Vec<Step>,
    /// The output options.
    pub output: Output,
    /// Layouts of trainers that the build is written in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Export>,
    /// What the build must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<Gates>,
}

/// A data set of one's own: files of one use.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Source {
    /// Its name, unique in the recipe: `label`, or `label/part` where a card has several parts.
    pub name: String,
    /// What the recipe, the rows and the manifest call it.
    pub label: String,
    /// The card and part that it is of.
    pub card: Option<FromCard>,
    /// Paths and globs, as written.
    pub path: Vec<String>,
    /// Splits of a set that are read: `train` where there is one and nothing is said, `all` is every one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<String>,
    /// Configurations of a set's card on the hub that are read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<String>,
    /// A container or a shape; detected where absent.
    pub format: Option<String>,
    /// Plain text only.
    pub rows: Option<TextRows>,
    /// The use; taken from the format where absent.
    #[serde(rename = "use")]
    pub usage: Option<Use>,
    /// Language of the source, where known.
    pub language: Option<String>,
    /// Licence of the source.
    pub license: Option<String>,
    /// Encoding by WHATWG name; detected where absent.
    pub encoding: Option<String>,
    /// MediaWiki only: the variant of Chinese that pages are converted to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Ours = theirs, nested by dots.
    pub fields: BTreeMap<String, String>,
    /// Choices that the format leaves to the recipe.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// First rows only.
    pub limit: Option<u64>,
    /// Of duplicates, the one of the source with the highest priority stays.
    pub priority: i64,
    /// Of an archive, only members that match one of these globs, if any does.
    #[serde(skip)]
    pub members: Vec<String>,
    /// Its place in a mix.
    #[serde(flatten)]
    pub share: Share,
    /// Its files in the store, once they are known.
    #[serde(skip)]
    pub stored: Vec<Stored>,
    /// Line of the source in the recipe (from 1), for messages.
    #[serde(skip)]
    pub line: usize,
}

/// A data set of the catalog, or of a place that the catalog does not know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FromCard {
    /// The card's name, or `hf:owner/name`, `ms:owner/name`, ….
    pub card: String,
    /// The part; all files where the catalog does not know the set.
    pub part: Option<String>,
    /// Revision, dump date or version; the newest that is there where absent.
    pub revision: Option<String>,
}

/// A file of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// `set/path`, as the manifest and the lock call it.
    pub shown: String,
    /// Its path; absolute.
    pub path: PathBuf,
    /// Hex, as it was fetched.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a file of a build came from, for its manifest.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub struct Origin {
    pub url: String,
    pub way: String,
    pub revision: String,
    pub license: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// `[input]`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Input {
    /// Share of rows that may be unreadable before the build counts as failed.
    pub max_unreadable: f64,
    /// Bytes of the largest raw row.
    pub max_row: u64,
}

/// One `[[stage]]`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// What runs: the name of a stage.
    pub run: String,
    /// Its name in this recipe, unique: `run`, else `run_2`, `run_3`, …
    pub name: String,
    /// Which rows it applies to.
    pub only: Only,
    /// Its options, resolved: every default written out.
    pub options: Json,
    /// Files in the store of the cards that it names, once they are known.
    #[serde(skip)]
    pub stored: BTreeMap<String, Vec<Stored>>,
    /// Revisions of these cards that are locked.
    #[serde(skip)]
    pub revisions: BTreeMap<String, String>,
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
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Output {
    /// Bytes of text in a shard.
    pub shard: u64,
    /// Signal columns in `data/`; `None` is: those that the recipe decides by.
    pub signals: Option<Vec<String>>,
    /// Share of dropped rows that keep their content.
    pub dropped_text: f64,
    /// How pages are compressed.
    #[serde(skip_serializing_if = "Codec::is_default")]
    pub compression: Codec,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// Recipes that are compiled in, by name. To add one, write `recipes/NAME.toml` and its name here.
        pub const SHIPPED: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../recipes/", $name, ".toml")))),*];
    };
}

shipped![
    "quickstart",
    "alpaca",
    "alpaca-lora",
    "belle",
    "chatglm-6b",
    "chatyuan",
    "chinese-chatllama",
    "chinese-llama-alpaca-pretrain",
    "chinese-llama-alpaca-sft",
    "chinese-vicuna",
    "deepspeed-chat",
    "dolly",
    "gpt4-llm-reward",
    "gpt4-llm-sft",
    "koala",
    "llama",
    "lmflow-instruct",
    "lmflow-task",
    "openchatkit",
    "vicuna",
    "zh-instruct",
    "zh-instruct-open",
    "zh-pretrain",
    "zh-reason",
    "zh-rl",
    "zh-rlhf",
    "zh-rlhf-open",
    "zh-task",
    "zh-task-open",
    "zh-web",
];

/// The text of a shipped recipe.
pub fn shipped(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    SHIPPED.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// Reads a recipe by path, or by the bare name of a shipped one. Paths in a recipe start from the recipe's folder; those
/// of a shipped recipe from the current folder, but for its sample data, which is compiled in.
///
/// # Errors
///
/// [`Error::Input`] where no such file can be read or it is no UTF-8, [`Error::Recipe`] with every problem of its text,
/// [`Error::Other`] where only a `--set` is at fault, [`Error::Io`] where the sample data cannot be written to the
/// temporary folder.
pub fn load(reference: &str, sets: &[String]) -> Result<Recipe> {
    check(reference, sets)?.map_err(|problems| problems.into_error(false))
}

/// The same, with the problems of the recipe as data; an error is a recipe that cannot be read at all.
///
/// # Errors
///
/// [`Error::Input`] where no such file can be read or it is no UTF-8, and [`Error::Io`] where the sample data cannot be
/// written to the temporary folder. Problems of its text are the inner `Err`.
pub fn check(reference: &str, sets: &[String]) -> Result<Result<Recipe, Problems>> {
    let path = Path::new(reference);
    if let (Some(text), false) = (shipped(reference), path.is_file()) {
        let name = reference.strip_suffix(".toml").unwrap_or(reference);
        let base = samples::unpack(name)?.unwrap_or_else(|| PathBuf::from("."));
        return Ok(read::check(text, Path::new(&format!("{name}.toml")), &base, sets));
    }
    let text = std::fs::read(path).map_err(|e| {
        let known: Vec<&str> = SHIPPED.iter().map(|s| s.0).collect();
        let cure = match nearest(reference, known.iter().copied()) {
            _ if e.kind() == std::io::ErrorKind::PermissionDenied => crate::error::NO_RIGHT.to_owned(),
            Some(near) if !path.exists() => format!("did you mean `{near}`?"),
            _ => format!("name a file, or a shipped recipe: {}", known.join(", ")),
        };
        Error::input(format!("cannot read the recipe {reference}: {e}"), cure)
    })?;
    let text = String::from_utf8(text).map_err(|e| {
        let place = e.utf8_error().valid_up_to();
        Error::input(format!("{reference}: not UTF-8 at byte {place}"), "save the recipe as UTF-8")
    })?;
    let base = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(read::check(&text, path, base, sets))
}

/// Bytes of a size such as `64MiB`, `1.5GB`, `4096`.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * factor) as u64)
}

#[cfg(test)]
mod tests;
