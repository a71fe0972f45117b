//! LLaMA-Factory's new form (v1 in 0.9.5, behind `USE_V1=1`): messages in parts with weights of the loss, pairs of
//! dialogues, and the YAML that names them.
//!
//! # What it writes
//! JSON lines, each file with the same keys on every line and no nulls:
//!
//! - `sft.jsonl`, named by `sft.yaml`: `{"messages","tools"}`: tasks, and dialogues with an answer
//! - `pairs.jsonl`, named by `dpo.yaml`: `{"chosen_messages","rejected_messages"}`: whole dialogues
//!
//! A message is `{"role","content":[{"type","value"}],"loss_weight"}`. The parts are `reasoning` (what the assistant
//! thought), `text`, and `tool_call` (`{"name","arguments"}` as JSON text), in this order; the weight is 1 on turns of the
//! assistant, and 0 on others. `tools` is the JSON text of a list, empty where there are none. No converter is named, since
//! those of v1 lose the system turn and what was thought before a call.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_no_prompt`, `export_turn_order`,
//! `export_tools_no_list`, `export_arguments`, `export_special_token`; of tasks `export_no_pair`; of pairs
//! `export_equal_answers`, `export_unpaired`, `export_labelled` (v1 has no KTO).
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to llama_factory_v1
//! ```
//!
//! # Limits
//! v1 reads no running text: that goes to `llama_factory`. Names, scores, choices and what a program checks an answer
//! against are lost, and counted.

use super::example::task_turns;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Held, Part, Rows, checks, messages, module_docs};
use crate::rows::{Content, Message, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct LlamaFactoryV1;

/// Its instance.
pub static EXPORTER: LlamaFactoryV1 = LlamaFactoryV1;

/// Files of rows, the YAML that names each, and its name there, which is the command too.
const FILES: [(&str, &str, &str); 2] = [("sft.jsonl", "sft.yaml", "sft"), ("pairs.jsonl", "dpo.yaml", "dpo")];

impl Exporter for LlamaFactoryV1 {
    fn name(&self) -> &'static str {
        "llama_factory_v1"
    }
    fn about(&self) -> &'static str {
        "LLaMA-Factory's new form: messages in parts with loss weights, pairs, with YAML"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("llama_factory_v1.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("LLaMA-Factory 0.9.5 (v1)")
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct, Use::Rlhf]
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match row.content.usage() {
            Use::Pretrain => &[],
            Use::Task => &[Part::Choices],
            Use::Instruct => &[Part::Names, Part::Truth],
            Use::Rlhf => &[Part::Names, Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match row.content.usage() {
            Use::Rlhf => "pairs.jsonl",
            Use::Pretrain | Use::Task | Use::Instruct => "sft.jsonl",
        }
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        row.dialogues().into_iter().try_for_each(checks::arguments)?;
        match &row.content {
            Content::Pretrain { .. } => Err(Aside::new("export_no_turns", "running text")),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::opens(messages)?;
                checks::answered(messages)
            }
            Content::Rlhf(row) => {
                checks::pairs_only(row)?;
                checks::opens(&row.prompt)?;
                checks::preference(row)
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { .. } => {}
            Content::Task(task) => {
                json::list(&task_turns(task), object.key("messages"), turn);
                object.text("tools", "");
            }
            Content::Instruct { messages, tools } => {
                json::list(messages, object.key("messages"), turn);
                object.text("tools", &tools.as_deref().map(|t| messages::tool_text(Some(t))).unwrap_or_default());
            }
            Content::Rlhf(row) => {
                for (name, answer) in [("chosen_messages", &row.chosen), ("rejected_messages", &row.rejected)] {
                    let answer = answer.as_deref().unwrap_or_default();
                    json::list(row.prompt.iter().chain(answer), object.key(name), turn);
                }
            }
        }
        object.end();
    }
    fn beside(&self, files: &[Rows], _build: &serde_json::Value) -> Vec<(&'static str, String)> {
        let there = FILES.iter().filter(|f| files.iter().any(|rows| rows.name == f.0));
        there.map(|(file, yaml, name)| (*yaml, format!("corpus_{name}:\n  path: {file}\n  source: local\n"))).collect()
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let train = |(_, yaml, name): &(&str, &str, &str)| {
            format!(
                "(cd {} && USE_V1=1 llamafactory-cli {name} --model MODEL --train_dataset {yaml} --output_dir \
                 saves/{name})\n",
                quoted(folder)
            )
        };
        FILES.iter().filter(|f| files.contains(&f.0)).map(train).collect()
    }
}

fn turn(message: &Message<'_>, out: &mut Vec<u8>) {
    let calls = message.tool_calls.as_deref().and_then(messages::functions).unwrap_or_default();
    let mut parts: Vec<(&str, String)> = Vec::new();
    parts.extend(message.reasoning.as_deref().map(|thought| ("reasoning", thought.to_owned())));
    if !message.content.is_empty() || calls.is_empty() {
        parts.push(("text", message.content.as_ref().to_owned()));
    }
    parts.extend(calls.iter().map(|call| ("tool_call", call.text())));
    let mut object = Object::new(out);
    object.text("role", &message.role);
    json::list(parts, object.key("content"), |(kind, value), out| {
        let mut part = Object::new(out);
        part.text("type", kind);
        part.text("value", &value);
        part.end();
    });
    json::number(if message.role == "assistant" { 1.0 } else { 0.0 }, object.key("loss_weight"));
    object.end();
}
