//! TRL's dataset types (1.x): language modelling, prompt-completion, prompt-only, preference and unpaired preference.
//!
//! # What it writes
//! JSON lines, each file with the same keys on every line and no nulls, so that `datasets` reads every block alike, and
//! one Parquet file:
//!
//! | file | keys | for |
//! | --- | --- | --- |
//! | `text.jsonl` | `text` | `SFTTrainer` on running text |
//! | `messages.parquet` | `messages`, `tools` | `SFTTrainer` |
//! | `prompt_completion.jsonl` | `prompt`, `completion` | `SFTTrainer`, loss on the completion |
//! | `prompts.jsonl` | `prompt`, `answer`, `answer_kind`, `data_source` | `GRPOTrainer`: columns beside `prompt` reach the reward function |
//! | `preference.jsonl` | `prompt`, `chosen`, `rejected` | `DPOTrainer`, `RewardTrainer` |
//! | `unpaired.jsonl` | `prompt`, `completion`, `label` | `KTOTrainer` |
//!
//! All but `text` are conversational: lists of `{"role","content"}`, never an empty one, since TRL looks at the first
//! message. A task is a prompt of the user and a completion of the assistant; an instruct row that ends on the user is
//! a prompt.
//!
//! The columns of `messages.parquet` are lists of JSON values, which `datasets` (4.7 and later, as TRL asks for) hands out
//! with their own keys and no nulls: messages in OpenAI's form with `reasoning_content`, `name`, `tool_calls` (arguments as
//! objects, as chat templates ask for them), and tools as objects; no tools are an empty list, which TRL reads as none.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_tools_no_list`, `export_special_token`; of tasks `export_no_pair`; of
//! prompts and pairs `export_tools` (those with tools or calls); of pairs `export_equal_answers`, `export_no_answer`,
//! `export_no_prompt`, `export_unpaired`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to trl
//! ```
//!
//! # Limits
//! Thinking and names of prompts and pairs, scores, choices, and the checks of rows that are answered are lost, and
//! counted. GRPO takes tools as functions of Python, not as columns.

use arrow::datatypes::Field;

use super::example::task_turns;
use super::json::{self, Object};
use super::messages::{Arguments, texts, tools};
use super::{Aside, Example, Exporter, Frame, Held, Part, checks, module_docs, sink};
use crate::rows::{Content, Message, Use};

/// The exporter.
pub struct Trl;

/// Its instance.
pub static EXPORTER: Trl = Trl;

/// The columns of `messages.parquet`.
fn columns(_file: &str) -> Vec<Field> {
    vec![sink::json("messages"), sink::json("tools")]
}

impl Exporter for Trl {
    fn name(&self) -> &'static str {
        "trl"
    }
    fn about(&self) -> &'static str {
        "TRL's dataset types: SFT, DPO, reward, KTO, and prompts for GRPO"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("trl.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("TRL 1.16.0")
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match &row.content {
            Content::Pretrain { .. } => &[],
            Content::Task(_) => &[Part::Choices],
            Content::Instruct { messages, .. } if checks::asks(messages) => &[Part::Reasoning, Part::Names],
            Content::Instruct { .. } => &[Part::Truth],
            Content::Rlhf(_) => &[Part::Reasoning, Part::Names, Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match &row.content {
            Content::Pretrain { .. } => "text.jsonl",
            Content::Task(_) => "prompt_completion.jsonl",
            Content::Instruct { messages, .. } if checks::asks(messages) => "prompts.jsonl",
            Content::Instruct { .. } => "messages.parquet",
            Content::Rlhf(row) if row.completion.is_some() => "unpaired.jsonl",
            Content::Rlhf(_) => "preference.jsonl",
        }
    }
    fn frame(&self, file: &str) -> Frame {
        if file.ends_with(".parquet") { Frame::Table(columns) } else { Frame::Lines }
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } if checks::asks(messages) => {
                checks::no_tools(row)?;
                checks::prompt(messages)
            }
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::answered(messages)
            }
            Content::Rlhf(pair) => {
                checks::no_tools(row)?;
                checks::preference(pair)
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { text } => object.text("text", text),
            Content::Task(task) => {
                let [input, output] = task_turns(task);
                turns(&[input], object.key("prompt"));
                turns(&[output], object.key("completion"));
            }
            Content::Instruct { messages, .. } if checks::asks(messages) => {
                turns(messages, object.key("prompt"));
                object.text("answer", row.truth.answer.as_deref().unwrap_or_default());
                object.text("answer_kind", row.truth.answer_kind.as_deref().unwrap_or_default());
                object.text("data_source", row.truth.data_source.as_deref().unwrap_or_default());
            }
            Content::Instruct { messages, tools: offered } => {
                texts(messages, Arguments::Objects, object.key("messages"));
                json::list(tools(offered.as_deref().unwrap_or_default()), object.key("tools"), |tool, out| {
                    json::text(&tool, out);
                });
            }
            Content::Rlhf(row) => {
                turns(&row.prompt, object.key("prompt"));
                match &row.completion {
                    Some(completion) => {
                        turns(completion, object.key("completion"));
                        object.flag("label", row.label == Some(true));
                    }
                    None => {
                        turns(row.chosen.as_deref().unwrap_or_default(), object.key("chosen"));
                        turns(row.rejected.as_deref().unwrap_or_default(), object.key("rejected"));
                    }
                }
            }
        }
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String {
        let mut lines = String::from("from datasets import load_dataset\nimport trl\n");
        for file in files {
            let (trainer, more) = match *file {
                "preference.jsonl" => ("DPOTrainer", ""),
                "unpaired.jsonl" => ("KTOTrainer", ""),
                "prompts.jsonl" => ("GRPOTrainer", ", reward_funcs=REWARD"),
                _ => ("SFTTrainer", ""),
            };
            let path = serde_json::json!(format!("{folder}/{file}"));
            let kind = if file.ends_with(".parquet") { "parquet" } else { "json" };
            lines += &format!("rows = load_dataset(\"{kind}\", data_files={path}, split=\"train\")\n");
            let mut held_out = "";
            if let Some(held) = held.validation(self, file) {
                let path = serde_json::json!(format!("{folder}/{held}"));
                lines += &format!("held_out = load_dataset(\"{kind}\", data_files={path}, split=\"train\")\n");
                held_out = ", eval_dataset=held_out";
            }
            lines += &format!("trl.{trainer}(model=\"MODEL\", train_dataset=rows{held_out}{more}).train()\n");
        }
        lines
    }
}

fn turns(messages: &[Message<'_>], out: &mut Vec<u8>) {
    json::list(messages, out, |message, out| {
        let mut object = Object::new(out);
        object.text("role", &message.role);
        object.text("content", &message.content);
        object.end();
    });
}
