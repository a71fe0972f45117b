//! The verdict on a text: by its scripts, and by a model among the languages of a script.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::labels::Labels;
use crate::models::fasttext::Scratch;
use crate::text::classes::Counts;
use crate::text::script::{self, Finding, Verdict};

/// What decides about the language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decide {
    /// The script, and the model among the languages of a script.
    #[default]
    Both,
    /// The model alone.
    Model,
}

/// What a text is.
pub struct Detected {
    /// The normal code, or `und`.
    pub language: Cow<'static, str>,
    /// ISO 15924, or `mixed` for Chinese of both sides.
    pub script: &'static str,
    /// How sure that is, 0 to 1.
    pub score: Option<f64>,
}

/// What tells languages: the rule, and perhaps a model, with the memory of one thread.
pub struct Detector {
    model: Option<Arc<Labels>>,
    decide: Decide,
    scratch: Scratch,
    sample: String,
}

impl Detector {
    /// The rule, with a model or without.
    pub fn new(model: Option<Arc<Labels>>, decide: Decide) -> Detector {
        Detector { model, decide, scratch: Scratch::default(), sample: String::new() }
    }

    /// The verdict on texts that belong together, whose characters are counted.
    pub fn detect(&mut self, counts: &Counts, texts: &[&str]) -> Detected {
        let by_rule = |verdict: Verdict| Detected {
            language: Cow::Borrowed(verdict.language),
            script: verdict.script,
            score: script::share_of(counts, verdict).filter(|_| verdict.language != script::UND),
        };
        let Some(model) = &self.model else { return by_rule(script::decide(counts, texts)) };
        let (wanted, otherwise) = match (script::by_script(counts, texts), self.decide) {
            (Finding::Settled(verdict), Decide::Both) => return by_rule(verdict),
            (Finding::Settled(verdict), Decide::Model) => {
                (None, Verdict { language: script::UND, script: verdict.script })
            }
            (Finding::Open(open), Decide::Both) if open.letters < script::ENOUGH => return by_rule(open.otherwise),
            (Finding::Open(open), Decide::Both) => (Some(open), open.otherwise),
            (Finding::Open(open), Decide::Model) => (None, Verdict { language: script::UND, script: open.code }),
        };
        script::sample(texts, &mut self.sample);
        let found = model.best(&mut self.scratch, &self.sample, wanted.map(|open| open.code));
        match found.filter(|(language, _)| wanted.is_none_or(|open| open.believes(language))) {
            Some((language, score)) => {
                Detected { language, script: wanted.map_or(otherwise.script, |open| open.code), score: Some(score) }
            }
            None => by_rule(otherwise),
        }
    }
}
