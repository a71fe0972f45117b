//! The labels of a model of languages, in our codes.

use std::borrow::Cow;
use std::path::Path;

use crate::models::fasttext::{Model, Scratch};
use crate::text::language;
use crate::{Error, Result};

/// Labels that are asked for: enough that one of the right script is among them.
const ASKED: usize = 8;

/// A label that is a language.
#[derive(Clone, Debug, PartialEq)]
struct Label {
    language: Cow<'static, str>,
    /// The script that it names.
    script: Option<&'static str>,
}

/// A model, and what its labels mean.
pub struct Labels {
    model: Model,
    labels: Vec<Option<Label>>,
}

impl Labels {
    /// Reads a model whose labels are languages.
    ///
    /// # Errors
    /// A file that is no model; a model most of whose labels name no language.
    pub fn read(path: &Path) -> Result<Labels> {
        Labels::new(Model::read(path)?, path)
    }

    fn new(model: Model, path: &Path) -> Result<Labels> {
        let label = |name: &String| language::label(name).map(|(language, script)| Label { language, script });
        let labels: Vec<Option<Label>> = model.labels().iter().map(label).collect();
        let strange: Vec<&str> =
            model.labels().iter().zip(&labels).filter(|l| l.1.is_none()).map(|l| l.0.as_str()).collect();
        if strange.len() * 2 > labels.len() {
            let some = strange.iter().take(6).copied().collect::<Vec<_>>().join(", ");
            let message = format!("{}: the labels of the model are no languages: {some}", path.display());
            return Err(Error::input(message, "a model of quality or topic is for `classify`"));
        }
        Ok(Labels { model, labels })
    }

    /// How many languages there are.
    pub fn languages(&self) -> usize {
        let mut all: Vec<&str> = self.labels.iter().flatten().map(|label| label.language.as_ref()).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.model.memory()
    }

    /// The most probable language of a text, with the probability of all its labels among the first eight; of those
    /// that are written in `script`, where one is asked for.
    pub fn best(&self, scratch: &mut Scratch, text: &str, script: Option<&str>) -> Option<(Cow<'static, str>, f64)> {
        self.model.best(scratch, text, ASKED);
        let label = |number: u32| self.labels.get(number as usize)?.as_ref();
        let fits =
            |label: &&Label| script.is_none_or(|script| language::is_written(&label.language, label.script, script));
        let language = scratch.best.iter().find_map(|(number, _)| label(*number).filter(fits))?.language.clone();
        let same = |number: u32| label(number).is_some_and(|label| label.language == language);
        let all: f64 = scratch.best.iter().filter(|(number, _)| same(*number)).map(|(_, p)| f64::from(*p)).sum();
        Some((language, all.min(1.0)))
    }
}
