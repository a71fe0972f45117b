//! Perplexity: how much a text surprises a language model of good text.
//!
//! # What it does
//! Reads an n-gram model (ARPA, KenLM's binary files of all kinds, or one that `corpus train-perplexity` made) and adds
//! `perplexity`, normalised as CCNet does: each line is a sentence between `<s>` and `</s>`, the logarithms of all are
//! added and divided by the number of words and line ends, 10 to the power of which, negative, is the perplexity. Low is
//! like the text that the model was trained on, high is gibberish or another kind of text, very low is boilerplate.
//! `unknown_ratio` is the share of words and line ends that the model does not know. A text without words has neither.
//!
//! `unit` is what the model counts: `characters` (white space is `▁`, and nothing beside Han), `jieba` (words, signs too),
//! or `plain` (what stands between white space). A model that `corpus train-perplexity` made with `--unit characters` or
//! `jieba` says so itself; of all others it must be said where it is not `plain`.
//!
//! `normal = "ccnet"` brings text into the form that CCNet's models were trained on: small letters without accents, digits
//! are 0, wide punctuation is ASCII. `corpus train-perplexity` does no such thing: leave it out for a model of our own.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run   = "perplexity"
//! model = "models/wiki.ngrams"
//!
//! [[stage]]
//! run        = "keep"
//! perplexity = { max = 400 }
//! ```
//!
//! # Limits
//! A limit holds for one model and one unit. CCNet's own models count pieces of SentencePiece, which are not cut here.
//! A model is in memory once, 24 bytes an n-gram. Another model measures everything again.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::{Need, Resource, Shared, Wanted};
use super::{Column, Entry, Kind, Measure, RowWork, Stage, Value, build, measuring, signal};
use crate::models::ngram::{Model, Score, Units, units};
use crate::text::figures::{plural, size};
use crate::text::words;
use crate::{Error, Result};

/// What a model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Characters.
    Characters,
    /// Words of jieba's cut.
    Jieba,
    /// What stands between white space.
    Plain,
}

/// A normal form of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normal {
    /// CCNet's.
    Ccnet,
}

/// Options of `perplexity`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Perplexity {
    /// The model: a file.
    pub model: String,
    /// What the model counts, where its file does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The form that text is brought into before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Normal>,
}

static MODELS: Shared<Model> = Shared::new();

impl Perplexity {
    /// The model, and what it counts.
    fn read(&self, files: &[Resource]) -> Result<(Arc<Model>, Unit)> {
        let [file] = files else {
            let message = format!("`model` names {} files, where one is wanted", files.len());
            return Err(Error::input(message, "name the file of the model"));
        };
        let model = MODELS.get(&file.sha256, || Ok(Model::read(&file.path)?))?;
        // Scores of other units than the model's would be numbers without a meaning.
        let own = match model.units() {
            Units::Words => None,
            Units::Characters => Some((Unit::Characters, "characters")),
            Units::Segmented => Some((Unit::Jieba, "words that jieba cuts")),
        };
        if let Some((own, counts)) = own
            && self.unit.is_some_and(|unit| unit != own)
        {
            let message = format!("{} counts {counts}, and `unit` says otherwise", file.shown);
            return Err(Error::input(message, "leave `unit` out"));
        }
        let unit = self.unit.or(own.map(|(own, _)| own)).unwrap_or(Unit::Plain);
        Ok((model, unit))
    }
}

impl Stage for Perplexity {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal("perplexity", Kind::Float), Column::signal("unknown_ratio", Kind::Float)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { option: "model", name: self.model.clone(), wanted: Wanted::FileOrCard, for_rows: true }]
    }

    fn open(&self, files: &[Resource]) -> Result<Vec<String>> {
        let (model, _) = self.read(files)?;
        let ngrams = plural(model.counts().iter().sum::<usize>() as u64, "n-gram");
        Ok(vec![format!("{}: {ngrams}, {} in memory", self.model, size(model.memory() as u64))])
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let (model, unit) = self.read(files)?;
        let work = Work { model, unit, normal: self.normal };
        Ok(measuring(self.columns(), work))
    }
}

/// The work of one thread.
struct Work {
    model: Arc<Model>,
    unit: Unit,
    normal: Option<Normal>,
}

impl Work {
    fn line(&self, line: &str, score: &mut Score) {
        let line = match self.normal {
            Some(Normal::Ccnet) => Cow::Owned(units::ccnet(line)),
            None => Cow::Borrowed(line),
        };
        if line.trim().is_empty() {
            return;
        }
        let (cut, line) = match self.unit {
            Unit::Characters => (Units::Characters, line),
            Unit::Plain => (Units::Words, line),
            Unit::Jieba => (Units::Words, Cow::Owned(words::spaced(&line))),
        };
        self.model.line(cut, &line, score);
    }
}

impl Measure for Work {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        let mut score = Score::default();
        texts.iter().flat_map(|text| text.lines()).for_each(|line| self.line(line, &mut score));
        match score.perplexity() {
            Some(perplexity) => {
                let ratio = score.unknown as f64 / score.tokens as f64;
                out.extend([Value::Float(perplexity), Value::Float(ratio)]);
            }
            None => out.extend([Value::Null, Value::Null]),
        }
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "perplexity",
    "measure",
    "perplexity by an n-gram model (ARPA, KenLM, or of one's own)",
    include_str!("perplexity.rs"),
    || schemars::schema_for!(Perplexity),
    |json| build::<Perplexity, _>(json, Ok),
)
.signals(&[signal("perplexity", Kind::Float), signal("unknown_ratio", Kind::Float)]);
