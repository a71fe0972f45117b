//! Classifiers of text in fastText's format: quality, toxicity, topic.
//!
//! # What it does
//! Reads a model, `.bin` or quantised `.ftz`, as the C++ program does, and adds two signals: `class`, the most probable
//! label (without `__label__`), and `class_score`, the probability of `label`, or of the most probable one where no
//! `label` is named. A text of which the model knows nothing has none. The texts of a row are judged together.
//!
//! `model` is a file, or a card (`dclm_fasttext`, `dolma_toxicity/nsfw`; `corpus list sources --use model`), once it is
//! fetched. What the recipe does not say of `label`, `preparation` and `lowercase` is taken from the card.
//!
//! `preparation` is what the model was trained on: `plain` text as it stands (line ends are spaces), or `jieba`, words of
//! jieba's cut with spaces between them, signs too. `lowercase = true` makes letters small before.
//!
//! `corpus train-quality` makes such a model of rows of one's own; any that fastText itself trained can be used. Several
//! may follow one another, each with its `keep` behind it: a rule reads the last one before it.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run         = "classify"
//! model       = "models/quality.bin"
//! label       = "good"
//! preparation = "jieba"
//!
//! [[stage]]
//! run         = "keep"
//! class_score = { min = 0.3 }
//! ```
//!
//! # Limits
//! A model is in memory once, as large as its file; small quantised ones (up to 64 MiB as numbers) take what their numbers
//! take. Another model measures everything again. Probabilities are fastText's, which adds 0.00001 before it rounds: one
//! may be 1.00001. Models of word vectors have no labels and are refused. Speed depends on the model: 4 to 100 MB of
//! text a CPU second were measured, the least with subwords and hundreds of labels.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::resources::{Need, Resource, Shared, Wanted};
use super::{Column, Entry, Kind, Measure, RowWork, Stage, Value, build, measuring, signal};
use crate::models::fasttext::{Model, Scratch};
use crate::text::figures::{plural, size};
use crate::text::words;
use crate::{Error, Result};

/// How text is cut before a model sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preparation {
    /// As it is; white space divides words.
    #[default]
    Plain,
    /// Words of jieba's cut, signs too.
    Jieba,
}

/// Options of `classify`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Classify {
    /// The model: a file in fastText's format, or a card of one.
    pub model: String,
    /// The label whose probability is `class_score`; without it that of the most probable label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How text is cut before the model sees it: as its card says, else `plain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
    /// Whether letters are made small before: as its card says, else not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowercase: Option<bool>,
}

/// What is done with text before the model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prepared {
    preparation: Preparation,
    lowercase: bool,
}

static MODELS: Shared<Model> = Shared::new();

impl Classify {
    /// The model and the number of the label.
    fn read(&self, files: &[Resource]) -> Result<(Arc<Model>, Option<u32>)> {
        let [file] = files else {
            let message = format!("`model` names {} files, where one is wanted", files.len());
            return Err(Error::input(message, "name the file of the model"));
        };
        let model = MODELS.get(&file.sha256, || Ok(Model::read(&file.path)?))?;
        let label = self.label.as_ref().or_else(|| file.card.get("label"));
        let label = label.map(|name| model.label(name, Path::new(&file.shown))).transpose()?;
        Ok((model, label))
    }

    /// What is done with text: as the recipe says, else as the card of the model.
    fn prepared(&self, files: &[Resource]) -> Result<Prepared> {
        let card = |key: &str| files.first().and_then(|file| file.card.get(key)).map(String::as_str);
        let preparation = match (self.preparation, card("preparation")) {
            (Some(preparation), _) => preparation,
            (None, Some("jieba")) => Preparation::Jieba,
            (None, Some("pieces")) => {
                let message =
                    format!("`{}` was trained on the pieces of a tokenizer, which are not cut here", self.model);
                let cure = "say `preparation` to run it on text that is cut otherwise, or take another model";
                return Err(Error::input(message, cure));
            }
            (None, _) => Preparation::Plain,
        };
        Ok(Prepared { preparation, lowercase: self.lowercase.unwrap_or(card("lowercase") == Some("true")) })
    }
}

impl Stage for Classify {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal("class", Kind::Text), Column::signal("class_score", Kind::Float)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { option: "model", name: self.model.clone(), wanted: Wanted::FileOrCard, for_rows: true }]
    }

    fn open(&self, files: &[Resource]) -> Result<Vec<String>> {
        let (model, _) = self.read(files)?;
        self.prepared(files)?;
        let labels = plural(model.labels().len() as u64, "label");
        Ok(vec![format!("{}: {labels}, {} in memory", self.model, size(model.memory() as u64))])
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let (model, label) = self.read(files)?;
        let work = Work { prepared: self.prepared(files)?, model, label, scratch: Scratch::default() };
        Ok(measuring(self.columns(), work))
    }
}

/// The work of one thread.
struct Work {
    prepared: Prepared,
    model: Arc<Model>,
    label: Option<u32>,
    scratch: Scratch,
}

impl Work {
    fn push(&mut self, text: &str) -> bool {
        let text = if self.prepared.lowercase { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
        match self.prepared.preparation {
            Preparation::Plain => self.model.push(&mut self.scratch, &text),
            Preparation::Jieba => self.model.push(&mut self.scratch, &words::spaced(&text)),
        }
    }
}

impl Measure for Work {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        self.model.begin(&mut self.scratch);
        // The word `</s>` in a text ends it, as it does for fastText.
        let _ = texts.iter().all(|text| self.push(text));
        self.model.best_of_pushed(&mut self.scratch, 1);
        let Some((best, score)) = self.scratch.best.first().copied() else {
            return out.extend([Value::Null, Value::Null]);
        };
        let score = match self.label {
            Some(label) if label != best => self.model.probability(&mut self.scratch, label),
            _ => Some(score),
        };
        out.push(Value::Text(Cow::Owned(self.model.labels()[best as usize].clone())));
        out.push(score.map_or(Value::Null, |score| Value::Float(f64::from(score))));
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "classify",
    "measure",
    "a classifier in fastText's format: the most probable label, and a probability",
    include_str!("classify.rs"),
    || schemars::schema_for!(Classify),
    |json| build::<Classify, _>(json, Ok),
)
.signals(&[signal("class", Kind::Text), signal("class_score", Kind::Float)]);
