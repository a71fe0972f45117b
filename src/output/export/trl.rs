//! TRL's dataset types (1.x): language modelling, prompt-completion, prompt-only, preference and unpaired preference.
//!
//! # What it writes
//! JSON lines, each file with the same keys on every line and no nulls, so that `datasets` reads every block alike:
//!
//! | file | keys | for |
//! | --- | --- | --- |
//! | `text.jsonl` | `text` | `SFTTrainer` on running text |
//! | `messages.jsonl` | `messages` | `SFTTrainer` |
//! | `prompt_completion.jsonl` | `prompt`, `completion` | `SFTTrainer`, loss on the completion |
//! | `prompts.jsonl` | `prompt`, `answer`, `answer_kind`, `data_source` | `GRPOTrainer`: columns beside `prompt` reach the reward function |
//! | `preference.jsonl` | `prompt`, `chosen`, `rejected` | `DPOTrainer`, `RewardTrainer` |
//! | `unpaired.jsonl` | `prompt`, `completion`, `label` | `KTOTrainer` |
//!
//! All but `text` are conversational: lists of `{"role","content"}`, never an empty one, since TRL looks at the first
//! message. A task is a prompt of the user and a completion of the assistant; an instruct row that ends on the user is
//! a prompt.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_tools` (rows with tools or calls); of tasks `export_no_pair`; of pairs
//! `export_equal_answers`, `export_no_answer`, `export_no_prompt`, `export_unpaired`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to trl
//! ```
//!
//! # Limits
//! Thinking, names, scores, choices, and the checks of rows that are answered are lost, and counted. Rows with tools
//! go to `openai` or `llama_factory`.

use super::example::task_turns;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Part, checks, module_docs};
use crate::rows::{Content, Message, Use};

/// The exporter.
pub struct Trl;

/// Its instance.
pub static EXPORTER: Trl = Trl;

/// Whether a dialogue asks and is not answered.
fn asks(messages: &[Message<'_>]) -> bool {
    messages.last().is_some_and(|m| m.role == "user")
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
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match &row.content {
            Content::Pretrain { .. } => &[],
            Content::Task(_) => &[Part::Choices],
            Content::Instruct { messages, .. } if asks(messages) => &[Part::Reasoning, Part::Names],
            Content::Instruct { .. } => &[Part::Reasoning, Part::Names, Part::Truth],
            Content::Rlhf(_) => &[Part::Reasoning, Part::Names, Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match &row.content {
            Content::Pretrain { .. } => "text.jsonl",
            Content::Task(_) => "prompt_completion.jsonl",
            Content::Instruct { messages, .. } if asks(messages) => "prompts.jsonl",
            Content::Instruct { .. } => "messages.jsonl",
            Content::Rlhf(row) if row.completion.is_some() => "unpaired.jsonl",
            Content::Rlhf(_) => "preference.jsonl",
        }
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        if row.has(Part::Tools) {
            return Err(Aside::new("export_tools", "tools, or calls of them"));
        }
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } if asks(messages) => checks::prompt(messages),
            Content::Instruct { messages, .. } => checks::answered(messages),
            Content::Rlhf(row) => {
                checks::prompt(&row.prompt)?;
                match (&row.completion, row.label) {
                    (Some(completion), Some(_)) => checks::answered(completion),
                    (Some(_), None) => Err(Aside::new("export_unpaired", "an answer without a label")),
                    (None, _) => checks::pair(row).map(|_| ()),
                }
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
            Content::Instruct { messages, .. } if asks(messages) => {
                turns(messages, object.key("prompt"));
                object.text("answer", row.truth.answer.as_deref().unwrap_or_default());
                object.text("answer_kind", row.truth.answer_kind.as_deref().unwrap_or_default());
                object.text("data_source", row.truth.data_source.as_deref().unwrap_or_default());
            }
            Content::Instruct { messages, .. } => turns(messages, object.key("messages")),
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
    fn start(&self, folder: &str, files: &[&str]) -> String {
        let mut lines = String::from("from datasets import load_dataset\nimport trl\n");
        for file in files {
            let (trainer, more) = match *file {
                "preference.jsonl" => ("DPOTrainer", ""),
                "unpaired.jsonl" => ("KTOTrainer", ""),
                "prompts.jsonl" => ("GRPOTrainer", ", reward_funcs=REWARD"),
                _ => ("SFTTrainer", ""),
            };
            let path = serde_json::json!(format!("{folder}/{file}"));
            lines += &format!("rows = load_dataset(\"json\", data_files={path}, split=\"train\")\n");
            lines += &format!("trl.{trainer}(model=\"MODEL\", train_dataset=rows{more}).train()\n");
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
