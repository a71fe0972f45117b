//! DeepSpeed-Chat's local JSON: `train.json` and `eval.json` of prompt, chosen and rejected texts, which its three phases
//! read.
//!
//! # What it writes
//! Two JSON arrays of `{"prompt","chosen","rejected"}`: `train.json`, and `eval.json` with what the build holds out for
//! validation (`test.json` has what it holds out for the test). Of a build without `[split]`, `eval.json` has the rows whose
//! id hashes to one in twenty. A prompt is `Human: … Assistant: … Human: … Assistant:`, flat; the answers are texts.
//! `rejected` is null of tasks and dialogues, which the first phase (SFT) alone then reads; the second (reward) reads
//! pairs, the third (RLHF) prompts.
//!
//! # What is set aside
//! `export_tools`, `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_no_prompt`,
//! `export_not_alternating`, `export_special_token`; of tasks `export_no_pair`; of pairs `export_equal_answers`,
//! `export_several_turns`, `export_unpaired`, `export_labelled`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to deepspeed_chat
//! ```
//!
//! # Limits
//! The system turn, thinking, names, scores, choices and what a program checks an answer against are lost, and counted. A
//! small export may have no row in `eval.json`: then the lines that start it copy one. The arrays are read into memory.
//! Written by its documentation (`DeepSpeedExamples@83757d9`); its own loader was not run.

use super::example::task_turns;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Frame, Held, Part, checks, module_docs};
use crate::rows::split::Split;
use crate::rows::{Content, Message, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct DeepSpeedChat {
    /// Whether the build holds rows out; else some are drawn.
    splits: bool,
}

/// Its instance.
pub static EXPORTER: DeepSpeedChat = DeepSpeedChat { splits: false };
static OF_SPLITS: DeepSpeedChat = DeepSpeedChat { splits: true };

/// Appends turns as the trainer's examples have them, up to the answer that is to come.
fn flat(turns: &[Message<'_>], out: &mut Vec<u8>) {
    let mut text = String::new();
    for message in turns.iter().filter(|m| m.role != "system") {
        text += if message.role == "assistant" { " Assistant: " } else { " Human: " };
        text += &message.content;
    }
    json::text(&format!("{} Assistant:", text.trim_start()), out);
}

impl Exporter for DeepSpeedChat {
    fn name(&self) -> &'static str {
        "deepspeed_chat"
    }
    fn about(&self) -> &'static str {
        "DeepSpeed-Chat: train.json and eval.json for its three phases"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("deepspeed_chat.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct, Use::Rlhf]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::System, Part::Reasoning, Part::Names, Part::Truth, Part::Scores, Part::Choices]
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        let drawn = || xxhash_rust::xxh3::xxh3_64(row.id.as_bytes()).is_multiple_of(20);
        if !self.splits && drawn() { "eval.json" } else { "train.json" }
    }
    fn held_out(&self, _file: &str, split: Split) -> String {
        let name = if split == Split::Test { "test.json" } else { "eval.json" };
        name.to_owned()
    }
    fn of_splits(&self) -> Option<&'static dyn Exporter> {
        Some(&OF_SPLITS)
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Array
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::no_tools(row)?;
        match &row.content {
            Content::Pretrain { .. } => Err(Aside::new("export_no_turns", "running text")),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } => {
                checks::answered(messages)?;
                checks::alternates(messages)
            }
            Content::Rlhf(row) => {
                checks::pairs_only(row)?;
                checks::preference(row)?;
                checks::alternates(&row.prompt)?;
                [&row.chosen, &row.rejected].into_iter().flatten().try_for_each(|answer| checks::one_turn(answer))
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let tasks;
        let (prompt, chosen, rejected): (&[Message<'_>], &[Message<'_>], &[Message<'_>]) = match &row.content {
            Content::Pretrain { .. } => (&[], &[], &[]),
            Content::Task(task) => {
                tasks = task_turns(task);
                (&tasks[..1], &tasks[1..], &[])
            }
            Content::Instruct { messages, .. } => {
                let (asked, answer) = messages.split_at(messages.len().saturating_sub(1));
                (asked, answer, &[])
            }
            Content::Rlhf(row) => {
                (&row.prompt, row.chosen.as_deref().unwrap_or_default(), row.rejected.as_deref().unwrap_or_default())
            }
        };
        let mut object = Object::new(out);
        flat(prompt, object.key("prompt"));
        object.text("chosen", chosen.last().map_or("", |m| &m.content));
        match rejected.last() {
            Some(answer) => object.text("rejected", &answer.content),
            None => object.key("rejected").extend_from_slice(b"null"),
        }
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String {
        let folder = quoted(folder);
        let evaluates = files.contains(&"eval.json") || held.validation(self, "train.json").is_some();
        let copy = match evaluates && files.contains(&"train.json") {
            true => format!("cp {folder}/train.json {folder}/eval.json data/\n"),
            false => format!("cp {folder}/{0} data/train.json && cp {folder}/{0} data/eval.json\n", files.join("")),
        };
        format!("{copy}deepspeed main.py --data_path local/jsonfile --data_split 2,4,4 --model_name_or_path MODEL\n")
    }
}
