//! `[gates]` says what a build must hold to pass.
//!
//! # What it does
//!
//! Gates change nothing of what comes out. When the build is done and in its place each is judged by what `build.json`
//! says, and shares of languages by the column `language` of the kept rows. One that fails ends `build` with exit code 1;
//! the build stays where it is. `build.json` has all of them with limit and value, and `corpus report` shows them first.
//!
//! - `min_rows`, `min_chars`, `min_tokens`: rows, characters and tokens that are kept, at least; tokens are those that a
//!   stage `tokens` counts;
//! - `min_language`: the share of the kept rows that are of a language, at least;
//! - `max_dropped`: the share of the rows that could be read that goes for a reason, at most; a stage's name stands for
//!   all of its reasons, `read` for what formats set aside and rows without text, and `all` for every reason;
//! - `max_evaluation_hits`: rows that hold text of an evaluation set, at most: those that `decontaminate` drops, or cuts.
//!
//! # Example
//!
//! ```toml
//! [gates]
//! min_rows            = 10_000
//! min_language        = { zh = 0.9 }
//! max_dropped         = { near_duplicate = 0.05, all = 0.5 }
//! ```
//!
//! # Limits
//!
//! Gates of a trial (`--limit`, `--set`) are judged by the trial. A limit is passed where the value is equal to it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use super::kinds::Kind;
use super::reader::Reader;
use super::toml::{Entry, Value};
use super::{MIX_STAGE, Only, Step};
use crate::rows::column::TOKENS;
use crate::stages::resolved::Resolved;
use crate::stages::{self, CONTAMINATED, Reads};
use crate::text::language;
use crate::text::spelling::{did_you_mean, nearest};

/// What `corpus explain gates` prints: the text above.
pub const DOCS: &str = crate::text::docs::module_docs(include_str!("gates.rs"));
/// The word for every reason.
pub const ALL: &str = "all";
/// The name that the funnel gives to what goes before the first stage.
pub const READ: &str = "read";

/// Words of `[gates]`.
const GATES: [&str; 6] = ["min_rows", "min_chars", "min_tokens", "min_language", "max_dropped", "max_evaluation_hits"];
/// Languages that are named where a word is none.
const LANGUAGES: [&str; 12] = ["zh", "en", "ja", "ko", "yue", "lzh", "de", "fr", "es", "ru", "ar", "und"];

/// What a build must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gates {
    /// Rows that are kept, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rows: Option<u64>,
    /// Characters of kept text, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_chars: Option<u64>,
    /// Tokens of kept text, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_tokens: Option<u64>,
    /// Language to the share of the kept rows that are of it, at least.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub min_language: BTreeMap<String, f64>,
    /// Reason, stage, or [`ALL`], to the share of the rows that could be read that goes for it, at most.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub max_dropped: BTreeMap<String, f64>,
    /// Rows that hold text of an evaluation set, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_evaluation_hits: Option<u64>,
}

impl Reader {
    /// What the build must hold; `steps` are the stages of the recipe, all of them if nothing is wrong with any.
    pub(super) fn gates(&mut self, entry: Option<&Entry>, steps: &[Step]) -> Option<Gates> {
        entry?;
        let sound = self.problems.is_empty();
        let mut gates = Gates::default();
        for entry in self.table(entry, &GATES, "[gates]") {
            match entry.key.as_str() {
                "min_rows" => gates.min_rows = self.number(entry),
                "min_chars" => gates.min_chars = self.number(entry),
                "min_tokens" => {
                    gates.min_tokens = self.number(entry);
                    if sound && !steps.iter().any(counts_tokens) {
                        self.no_tokens(&entry.span);
                    }
                }
                "min_language" => gates.min_language = self.languages(entry),
                "max_dropped" => gates.max_dropped = self.dropped(entry, steps, sound),
                "max_evaluation_hits" => {
                    gates.max_evaluation_hits = self.number(entry);
                    if sound && !steps.iter().any(looks_for_evaluation) {
                        let help = "add [[stage]] run = \"decontaminate\" with the sets in `against`";
                        let message = "no stage looks for text of evaluation sets";
                        self.cure(Kind::GateOfNothing, &entry.span, message, "always 0", help);
                    }
                }
                _ => {}
            }
        }
        Some(gates)
    }

    fn number(&mut self, entry: &Entry) -> Option<u64> {
        self.int(entry, 0).map(|number| number as u64)
    }

    /// Languages, each with a share.
    fn languages(&mut self, entry: &Entry) -> BTreeMap<String, f64> {
        let Some(entries) = entry.node.entries() else {
            self.wrong(entry, "a table: { zh = 0.9 }");
            return BTreeMap::new();
        };
        let mut shares = BTreeMap::new();
        for entry in entries {
            let known = if entry.key == "und" { Some("und") } else { language::code(&entry.key) };
            let Some(code) = known else {
                let help = did_you_mean(&entry.key, LANGUAGES);
                let message = format!("`{}` is no language", entry.key);
                self.cure(Kind::UnknownWord, &entry.span, message, "unknown language", help);
                continue;
            };
            shares.extend(self.share(entry).map(|share| (code.to_owned(), share)));
        }
        shares
    }

    /// Reasons, each with a share; a share alone is that of all.
    fn dropped(&mut self, entry: &Entry, steps: &[Step], sound: bool) -> BTreeMap<String, f64> {
        let mut shares = BTreeMap::new();
        if let Value::Float(_) | Value::Int(_) = entry.node.value {
            shares.extend(self.share(entry).map(|share| (ALL.to_owned(), share)));
            return shares;
        }
        let Some(entries) = entry.node.entries() else {
            self.wrong(entry, "a share, or a table: { near_duplicate = 0.05 }");
            return shares;
        };
        // What a program says is its own.
        let (known, open) = reasons(steps);
        for entry in entries {
            if sound && !open && !known.contains(&entry.key) {
                self.no_reason(&entry.key, &entry.span, &known);
            }
            shares.extend(self.share(entry).map(|share| (entry.key.clone(), share)));
        }
        shares
    }

    /// A word for which no stage of the recipe drops rows.
    fn no_reason(&mut self, word: &str, span: &Range<usize>, known: &[String]) {
        let gives = |entry: &&&stages::Entry| entry.reasons.iter().any(|reason| reason.0 == word);
        let help = match (nearest(word, known.iter().map(String::as_str)), stages::ALL.iter().find(gives)) {
            (_, Some(stage)) => format!("add [[stage]] run = \"{}\", or leave the gate out", stage.name),
            (Some(near), None) => format!("did you mean `{near}`?"),
            (None, None) => format!("there are: {}", known.join(", ")),
        };
        let message = format!("no stage of the recipe drops rows for `{word}`");
        self.cure(Kind::GateOfNothing, span, message, "no such reason here", help);
    }
}

/// Whether a stage counts the tokens of every row.
fn counts_tokens(step: &Step) -> bool {
    let entry = stages::entry(&step.run);
    entry.is_some_and(|e| e.signals.iter().any(|s| s.name == TOKENS)) && step.only == Only::default()
}

/// Whether a stage looks for text of evaluation sets.
pub fn looks_for_evaluation(step: &Step) -> bool {
    stages::entry(&step.run).is_some_and(|e| e.reasons.iter().any(|reason| reason.0 == CONTAMINATED))
}

/// The words that `max_dropped` takes for these stages, and whether a program of theirs may give others.
fn reasons(steps: &[Step]) -> (Vec<String>, bool) {
    let (mut known, mut open) = (vec![ALL.to_owned(), READ.to_owned(), MIX_STAGE.to_owned()], false);
    for step in steps {
        known.push(step.name.clone());
        let Ok(stage) = Resolved::new(&step.run, &step.options) else { continue };
        known.extend(stage.entry.reasons.iter().map(|reason| reason.0.to_owned()));
        open |= stage.stage.program().is_some();
        for read in stage.stage.reads().unwrap_or_default() {
            if let Reads::Signal(signal) = read {
                known.extend(["min", "max", "in"].map(|side| format!("{signal}_{side}")));
            }
        }
    }
    (known, open)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// `line:column message | hint` of each problem of gates behind a sound recipe of two stages; lines count from them.
    fn problems(gates: &str) -> Vec<String> {
        let text = format!(
            "name='r'\n[[source]]\nname='d'\npath='d.jsonl'\n[[stage]]\nrun='keep'\nname='length'\nchars={{min=5}}\n\
             [[stage]]\nrun='exact_dedup'\n{gates}"
        );
        let problems = crate::recipe::read::check(&text, Path::new("r.toml"), Path::new("."), &[]).err();
        let tell = |p: crate::recipe::problem::Place| {
            format!("{}:{} {} | {}", p.line - 10, p.column, p.message, p.hint.unwrap_or_default())
        };
        problems.iter().flat_map(|p| p.places()).map(tell).collect()
    }

    #[test]
    fn words_that_nothing_gives_are_told_with_what_was_meant() {
        let wrong = "[gates]\nmin_row = 1\nmin_rows = -1\nmin_tokens = 5\nmin_language = { zh = 90, xyzzy = 0.1 }\n\
                     max_dropped = { near_duplicate = 0.05, exact_duplicates = 0.1, chars_min = 0.1, lenght = 0.1 }\n\
                     max_evaluation_hits = 0\n";
        let problems = problems(wrong);
        let expected = [
            "2:1 [gates] has no key `min_row` | did you mean `min_rows`?",
            "3:12 `min_rows` should be at least 0 | ",
            "4:1 no stage counts the tokens of every row | add a stage: [[stage]] with run = \"tokens\"",
            "5:23 `zh` is a share between 0 and 1 | ",
            "5:27 `xyzzy` is no language | there are: zh, en",
            "6:17 no stage of the recipe drops rows for `near_duplicate` | add [[stage]] run = \"near_dedup\"",
            "6:40 no stage of the recipe drops rows for `exact_duplicates` | did you mean `exact_duplicate`?",
            "6:81 no stage of the recipe drops rows for `lenght` | did you mean `length`?",
            "7:1 no stage looks for text of evaluation sets | add [[stage]] run = \"decontaminate\"",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problems, expected) in problems.iter().zip(expected) {
            assert!(problems.starts_with(expected), "{problems}\n{expected}");
        }
    }

    #[test]
    fn what_a_recipe_can_give_is_taken() {
        let all = "[gates]\nmin_rows = 0\nmin_chars = 1\nmin_language = { Chinese = 1, und = 0.0 }\n\
                   max_dropped = { all = 1, read = 0, mix = 0, length = 0.1, chars_min = 0, exact_duplicate = 0 }\n";
        assert_eq!(problems(all), Vec::<String>::new());
        assert_eq!(problems("[gates]\nmax_dropped = 0.25\n"), Vec::<String>::new());
        // A stage that is wrong is told alone.
        let only = problems("[[stage]]\nrun = 'near_dedpu'\n[gates]\nmax_dropped = { near_duplicate = 0.1 }\n");
        assert_eq!(only.len(), 1, "{only:?}");
    }
}
