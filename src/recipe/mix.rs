//! `[mix]` says how much of each source comes out, in proportions.
//!
//! # What it does
//!
//! Each source has a `weight`: its share of the output, in proportion to the others'. Where a source is too small for its
//! share, `repeat` says how often its rows may come. `total` is the size of the output; without it, the largest at which
//! no source needs more than its `repeat`. Rows that are left out are dropped with the stage `mix` and the reason
//! `not_sampled`; copies have the ids `id#2`, `id#3`, …. Which rows are drawn depends on `seed` and their ids alone.
//!
//! # Example
//!
//! ```toml
//! [mix]
//! by    = "chars"         # or rows, or tokens
//! total = 2_000_000
//!
//! [[source]]
//! name   = "wiki"
//! path   = "wiki/*.jsonl"
//! weight = 3
//! repeat = 2
//!
//! [[source]]
//! name   = "news"
//! path   = "news/*.jsonl"
//! weight = 1
//! ```
//!
//! # Limits
//!
//! Shares are of the whole output, over all uses. `by = "tokens"` takes what a stage `tokens` counts: it stands in the
//! recipe, without `only`; of several the last one counts.

use std::ops::Range;

use serde::Serialize;

use super::Only;
use super::Source;
use super::kinds::Kind;
use super::reader::Reader;
use super::stages::Raw;
use super::toml::{Entry, Value};
use crate::rows::column::TOKENS;
use crate::stages;

/// Words of `[mix]`.
pub(super) const MIX: [&str; 2] = ["by", "total"];
/// What `corpus explain mix` prints: the text above.
pub const DOCS: &str = crate::text::docs::module_docs(include_str!("mix.rs"));
/// Where a row that a mix leaves out stands among the stages.
pub const STAGE: &str = "mix";

/// How sources are mixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mix {
    /// The unit in which shares are counted.
    pub by: By,
    /// Rows, characters or tokens of the output; the most that repeats allow where absent.
    pub total: Option<f64>,
}

/// The unit in which shares are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Rows.
    #[default]
    Rows,
    /// Characters of text.
    Chars,
    /// Tokens, as a stage counts them.
    Tokens,
}

impl By {
    /// The word in recipes.
    pub fn as_str(self) -> &'static str {
        match self {
            By::Rows => "rows",
            By::Chars => "chars",
            By::Tokens => TOKENS,
        }
    }
}

/// What a source says of its place in a mix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// Its share of the output, in proportion to those of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// How often its rows may come at the most; how often they come, where no source has a weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<f64>,
    /// Another seed draws other rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Reader {
    /// What a source says of its place in a mix.
    pub(super) fn share_in_mix(&mut self, entries: &[Entry]) -> Share {
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        Share {
            weight: get("weight").and_then(|e| self.positive(e)),
            repeat: get("repeat").and_then(|e| self.positive(e)),
            seed: get("seed").and_then(|e| self.int(e, 0)).map(|s| s as u64),
        }
    }

    /// A number over 0.
    fn positive(&mut self, entry: &Entry) -> Option<f64> {
        let number = match entry.node.value {
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            _ => {
                self.wrong(entry, "a number");
                return None;
            }
        };
        if number > 0.0 && number.is_finite() {
            return Some(number);
        }
        let help = "to leave a source out, delete it";
        self.cure(
            Kind::NotPositive,
            &entry.node.span,
            format!("`{}` should be over 0", entry.key),
            "out of range",
            help,
        );
        None
    }

    /// How the sources are mixed, if they are: `source` is the list of tables that they were read from.
    pub(super) fn mix(
        &mut self,
        entry: Option<&Entry>,
        source: Option<&Entry>,
        sources: &[Source],
        stages: &[Raw],
    ) -> Option<Mix> {
        let mut mix = Mix::default();
        for entry in self.table(entry, &MIX, "[mix]") {
            match entry.key.as_str() {
                "by" => mix.by = self.by(entry, stages).unwrap_or_default(),
                "total" => mix.total = self.int(entry, 1).map(|t| t as f64),
                _ => {}
            }
        }
        let has = |entries: &[Entry], key: &str| entries.iter().any(|e| e.key == key);
        let items = match source.map(|s| &s.node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        let weighed = sources.iter().any(|s| s.share.weight.is_some());
        let mixed = entry.is_some() || weighed || sources.iter().any(|s| s.share.repeat.is_some());
        for item in items {
            let entries = item.entries().unwrap_or_default();
            if weighed && !has(entries, "weight") {
                let help = "give each source a `weight`, or none";
                self.cure(
                    Kind::SomeWeights,
                    &item.span,
                    "the source has no `weight`, but others have",
                    "this source",
                    help,
                );
            }
            if let Some(seed) = entries.iter().find(|e| e.key == "seed" && !mixed) {
                let help = "`seed` chooses rows in a mix: give sources a `weight` or `repeat`";
                self.cure(Kind::NothingDrawn, &seed.span, "nothing is drawn from this source", "does nothing", help);
            }
        }
        if let Some(stage) = stages.iter().find(|s| mixed && s.name == STAGE) {
            let help = "rows that the mix leaves out are dropped by `mix`: give the stage another `name`";
            self.cure(Kind::StageCalledMix, &stage.span, "a stage is called `mix`", "this stage", help);
        }
        mixed.then_some(mix)
    }

    /// Something is counted in tokens, and no stage counts those of every row.
    pub(super) fn no_tokens(&mut self, span: &Range<usize>) {
        let help = "add a stage: [[stage]] with run = \"tokens\" and tokenizer = \"…/tokenizer.json\", without `only`";
        let message = "no stage counts the tokens of every row";
        self.cure(Kind::NoTokens, span, message, "not counted", help);
    }

    fn by(&mut self, entry: &Entry, stages: &[Raw]) -> Option<By> {
        let word = self.text(entry)?;
        let all = [By::Rows, By::Chars, By::Tokens];
        let found = all.into_iter().find(|b| b.as_str() == word);
        // A stage that looks at some rows only leaves the others without a count.
        let counts = |stage: &&Raw| {
            let entry = stages::entry(&stage.run);
            entry.is_some_and(|e| e.signals.iter().any(|s| s.name == TOKENS)) && stage.only == Only::default()
        };
        if found == Some(By::Tokens) && !stages.iter().any(|stage| counts(&stage)) {
            self.no_tokens(&entry.node.span);
            return None;
        }
        self.word(&word, &entry.node.span, "by", &all.map(By::as_str), found)
    }
}
