//! ms-swift's standard form (4.6, ModelScope's trainer): `messages` with a flag of the loss on each, `rejected_messages`,
//! `label`, `channel`.
//!
//! # What it writes
//! JSON lines, each file with the same keys on every line and no nulls:
//!
//! | file | keys | for |
//! | --- | --- | --- |
//! | `pt.jsonl` | `messages` (one of the assistant), `channel` | `swift pt` |
//! | `sft.jsonl` | `messages`, `tools`, `channel` | `swift sft`: tasks, and dialogues with an answer |
//! | `rl.jsonl` | `messages`, `solution`, `answer_kind`, `data_source`, `channel` | `swift rlhf --rlhf_type grpo`: dialogues that end on a question |
//! | `pairs.jsonl` | `messages`, `rejected_messages`, `margin`, `channel` | `--rlhf_type dpo` and `rm` |
//! | `kto.jsonl` | `messages`, `label`, `channel` | `--rlhf_type kto` |
//!
//! A message is `{"role","content","loss"}`: `loss` is true on turns of the assistant. Calls are turns of `tool_call`, one
//! a call, with `{"name","arguments"}` as JSON text; what tools answered is `tool_response`. What the assistant thought
//! stands before what it said, between `<think>` and `</think>`. `tools` is the JSON text of a list. `channel` is the
//! source of the row, by which ms-swift shows the loss (`--enable_channel_loss`). `margin` is the row's own, else the
//! difference of its scores, else 0.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_no_prompt`, `export_turn_order`,
//! `export_tools_no_list`, `export_arguments` (of a call, no JSON object), `export_special_token`; of tasks
//! `export_no_pair`; of pairs `export_equal_answers`, `export_unpaired`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to ms_swift
//! ```
//!
//! # Limits
//! Names, choices, and the checks of rows that are answered are lost, and counted; of scores the difference stays.

use super::example::task_turns;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Held, Part, checks, messages, module_docs};
use crate::rows::{Content, Message, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct MsSwift;

/// Its instance.
pub static EXPORTER: MsSwift = MsSwift;

impl Exporter for MsSwift {
    fn name(&self) -> &'static str {
        "ms_swift"
    }
    fn about(&self) -> &'static str {
        "ms-swift: messages with loss flags, rejected_messages, label, channel by source"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("ms_swift.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("ms-swift 4.6.0")
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match &row.content {
            Content::Pretrain { .. } => &[],
            Content::Task(_) => &[Part::Choices],
            Content::Instruct { messages, .. } if checks::asks(messages) => &[Part::Names],
            Content::Instruct { .. } => &[Part::Names, Part::Truth],
            Content::Rlhf(_) => &[Part::Names],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match &row.content {
            Content::Pretrain { .. } => "pt.jsonl",
            Content::Instruct { messages, .. } if checks::asks(messages) => "rl.jsonl",
            Content::Task(_) | Content::Instruct { .. } => "sft.jsonl",
            Content::Rlhf(row) if row.completion.is_some() => "kto.jsonl",
            Content::Rlhf(_) => "pairs.jsonl",
        }
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        row.dialogues().into_iter().try_for_each(checks::arguments)?;
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::opens(messages)?;
                if checks::asks(messages) { checks::prompt(messages) } else { checks::answered(messages) }
            }
            Content::Rlhf(row) => {
                checks::opens(&row.prompt)?;
                checks::preference(row)
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { text } => {
                turns(&[&[Message::new("assistant", text.as_ref())]], object.key("messages"));
            }
            Content::Task(task) => {
                turns(&[&task_turns(task)], object.key("messages"));
                object.text("tools", "[]");
            }
            Content::Instruct { messages, .. } if checks::asks(messages) => {
                turns(&[messages], object.key("messages"));
                object.text("solution", row.truth.answer.as_deref().unwrap_or_default());
                object.text("answer_kind", row.truth.answer_kind.as_deref().unwrap_or_default());
                object.text("data_source", row.truth.data_source.as_deref().unwrap_or_default());
            }
            Content::Instruct { messages, tools } => {
                turns(&[messages], object.key("messages"));
                object.text("tools", &messages::tool_text(tools.as_deref()));
            }
            Content::Rlhf(row) => {
                let answer = |answer: &Option<Vec<Message<'_>>>, out: &mut Vec<u8>| {
                    turns(&[&row.prompt, answer.as_deref().unwrap_or_default()], out);
                };
                if row.completion.is_some() {
                    answer(&row.completion, object.key("messages"));
                    object.flag("label", row.label == Some(true));
                } else {
                    answer(&row.chosen, object.key("messages"));
                    answer(&row.rejected, object.key("rejected_messages"));
                    json::number(checks::margin(row), object.key("margin"));
                }
            }
        }
        object.text("channel", row.source());
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String {
        let train = |file: &&str| {
            let path = quoted(&format!("{folder}/{file}"));
            let held = held
                .validation(self, file)
                .map_or(String::new(), |held| format!(" --val_dataset {}", quoted(&format!("{folder}/{held}"))));
            let with = |command: &str| {
                format!("swift {command} --model MODEL --dataset {path}{held} --enable_channel_loss true\n")
            };
            match *file {
                "pt.jsonl" => with("pt"),
                "pairs.jsonl" => with("rlhf --rlhf_type dpo"),
                "kto.jsonl" => with("rlhf --rlhf_type kto"),
                "rl.jsonl" => {
                    format!(
                        "swift rlhf --rlhf_type grpo --model MODEL --dataset {path}{held} --reward_funcs accuracy\n"
                    )
                }
                _ => with("sft"),
            }
        };
        files.iter().map(train).collect()
    }
}

/// Appends the turns of a dialogue that comes in parts.
fn turns(parts: &[&[Message<'_>]], out: &mut Vec<u8>) {
    let said = parts.iter().flat_map(|part| part.iter()).flat_map(said);
    json::list(said, out, |(role, content, loss), out| {
        let mut object = Object::new(out);
        object.text("role", role);
        object.text("content", &content);
        object.flag("loss", loss);
        object.end();
    });
}

/// A message as turns: what it says, then each of its calls.
fn said(message: &Message<'_>) -> Vec<(&'static str, String, bool)> {
    let role = match message.role.as_ref() {
        "system" => "system",
        "assistant" => "assistant",
        "tool" => "tool_response",
        _ => "user",
    };
    let calls = message.tool_calls.as_deref().and_then(messages::functions).unwrap_or_default();
    let mut said = Vec::with_capacity(1 + calls.len());
    if calls.is_empty() || message.reasoning.is_some() || !message.content.is_empty() {
        said.push((role, messages::thought(message, &message.content).into_owned(), role == "assistant"));
    }
    said.extend(calls.iter().map(|call| ("tool_call", call.text(), true)));
    said
}
