//! Measures what is wrong with dialogues, preferences and tasks, message by message.
//!
//! # What it does
//! Adds one column a signal; `docs/dialogue.md` has the definition of each. A `keep` or `profile` that names one has it
//! measured by itself. Most say *which message*: the number of the first message with the problem, counted from 1 (in a
//! preference over prompt, chosen, rejected, completion; in a task over input, output), and 0 where there is none, so
//! that `{ max = 0 }` drops the row and its `value` is `message 4`. In short:
//!
//! - order: `wrong_order`, `no_answer`, `system_messages`, `message_count`, `answer_count`;
//! - answers: `empty_message`, `echo`, `repeated_answer`, `refusal`, `refusal_ratio`, `ai_line`, `model_name`,
//!   `answer_language`, `looping_answer`, `truncated`, `answer_ratio`, `shortest_answer`, `longest_message`;
//! - what was never filled in, or belongs to a template: `placeholder`, `unfilled`, `special_token`, `leaked_prompt`;
//! - calls of tools: `undeclared_tool`, `bad_arguments`, `call_without_result`, `result_without_call`, `tools_on_offer`;
//! - reasoning: `empty_reasoning`, `unclosed_reasoning`;
//! - pairs: `pair_likeness`, `pair_ratio`, `needless_refusal`.
//!
//! In a preference the worse answer may be a bad one: that it refuses, breaks off or is in another language is not
//! counted; that it is empty, or has tokens of a template in it, is. The same holds for an answer that is labelled bad.
//!
//! The phrases behind `refusal`, `ai_line`, `model_name`, `placeholder`, `unfilled`, `special_token`, `leaked_prompt` and
//! `empty_message` are lists in Chinese (both scripts) and English, each with its source and an example. `add` has
//! phrases of your own: `*` stands for up to 24 characters without a sentence's end; `place` is `any`, `start` (the first
//! 20 characters of a message), `line` (the beginning of a line) or `whole` (the whole message). The kinds
//! `asks_language`, `asks_latin`, `asks_dialogue`, `asks_template` and `asks_text` are phrases of questions: after one of them another
//! language, lines of both speakers, blanks, or the text of the question are no problem. `asks_harm` are words among which a
//! refusal may be the better answer.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "dialogue"
//! add = [{ kind = "refusal", pattern = "本店概不*", place = "start" }]
//!
//! [[stage]]
//! run       = "keep"
//! refusal   = { max = 0 }
//! truncated = { max = 0 }
//! ```
//! A dialogue whose second answer, its fourth message, is `本店概不退换。` goes with the reason `refusal_max`, value
//! `message 4`.
//!
//! # Limits
//! Phrases are found as they are written; what a model says in other words is not. Languages are told apart by their
//! letters, those in Latin letters only where both messages are long. Running text has no value, and fails no rule.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::stages::resources::Resource;
use crate::stages::{
    Column, Entry, Kind, RowWork, SignalEntry, Stage, Value, build, measuring_rows, signal_of_message, signal_with,
};
use crate::text::dialogue::Meter;
use crate::text::dialogue::patterns::{self, Pattern};
use crate::text::dialogue::signal::{COUNT, SIGNALS, Unit};

/// A phrase of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// What it tells: `refusal`, `ai_line`, `model_name`, `placeholder`, `unfilled`, `special_token`, `leaked_prompt`,
    /// `empty`; `asks_language`, `asks_latin`, `asks_dialogue`, `asks_template`, `asks_text`, `asks_harm` of
    /// questions.
    pub kind: String,
    /// The phrase, with `*` where up to 24 characters may stand.
    pub pattern: String,
    /// Where it is looked for: `any`, `start`, `line`, `whole`.
    #[serde(default = "anywhere")]
    pub place: String,
}

fn anywhere() -> String {
    "any".into()
}

/// Options of `dialogue`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Phrases beside those that are built in.
    pub add: Vec<Added>,
}

/// The stage: the phrases of the recipe, and the meter once it is needed.
struct Dialogue {
    added: Vec<Pattern>,
    meter: Arc<OnceLock<Meter>>,
}

impl Dialogue {
    fn new(options: Options) -> Result<Self, String> {
        let added = options.add.iter().map(|a| patterns::pattern(&a.kind, &a.place, &a.pattern));
        Ok(Dialogue { added: added.collect::<Result<_, _>>()?, meter: Arc::default() })
    }
}

const fn kind(unit: Unit) -> Kind {
    match unit {
        Unit::Number => Kind::Float,
        Unit::Count | Unit::Message => Kind::Int,
    }
}

impl Stage for Dialogue {
    fn columns(&self) -> Vec<Column> {
        SIGNALS.iter().map(|s| Column::signal(s.name, kind(s.unit))).collect()
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let meter = self.meter.get_or_init(|| Meter::with(&self.added)).clone();
        Ok(measuring_rows(self.columns(), move |batch, row, out| {
            let Some(dialogue) = batch.dialogue(row) else { return };
            let values = meter.measure(&dialogue);
            out.extend(SIGNALS.iter().zip(values.0).map(|(about, value)| match about.unit {
                _ if value.is_nan() => Value::Null,
                Unit::Number => Value::Float(value),
                Unit::Count | Unit::Message => Value::Int(value as i64),
            }));
        }))
    }
}

/// The signals, for the registry.
static ENTRIES: [SignalEntry; COUNT] = {
    let mut entries = [const { signal_with("", Kind::Int, "") }; COUNT];
    let mut at = 0;
    while at < COUNT {
        let about = &SIGNALS[at];
        entries[at] = match about.unit {
            Unit::Message => signal_of_message(about.name, about.about),
            unit => signal_with(about.name, kind(unit), about.about),
        };
        at += 1;
    }
    entries
};

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "dialogue",
    "measure",
    "signals of dialogues and preferences, with the message that has the problem",
    include_str!("mod.rs"),
    || schemars::schema_for!(Options),
    |json| build::<Options, _>(json, Dialogue::new),
)
.signals(&ENTRIES)
.implied();

/// The page of signals, `docs/dialogue.md`.
pub fn page() -> String {
    let mut page = include_str!("head.md").to_owned();
    for about in SIGNALS {
        let of = match about.unit {
            Unit::Count => "count",
            Unit::Number => "number",
            Unit::Message => "message",
        };
        page.push_str(&format!("| `{}` | {of} | {} |\n", about.name, about.about.replace('|', "\\|")));
    }
    page
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn phrases_that_cannot_be_are_named() {
        let error = |add: serde_json::Value| (ENTRY.build)(json!({ "add": [add] })).err().unwrap_or_default();
        assert!(error(json!({"kind": "rude", "pattern": "x"})).contains("`rude` is no kind"));
        assert!(error(json!({"kind": "refusal", "pattern": "*"})).contains("must begin with its words"));
        assert!(error(json!({"kind": "refusal", "pattern": "x", "place": "top"})).contains("`top` is no place"));
        assert_eq!(error(json!({"kind": "refusal", "pattern": "本店概不*", "place": "start"})), "");
    }

    #[test]
    fn signals_that_name_a_message() {
        let at = |name: &str| ENTRIES.iter().find(|e| e.name == name).unwrap();
        assert!(at("refusal").message && !at("pair_likeness").message && !at("message_count").message);
    }
}
