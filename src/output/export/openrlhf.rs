//! OpenRLHF's rows (0.11): dialogues, preferences with a margin, prompts with a label, running text.
//!
//! # What it writes
//! JSON lines, each file with the same keys on every line and no nulls:
//!
//! | file | keys | for |
//! | --- | --- | --- |
//! | `pretrain.jsonl` | `text` | `train_sft` with `--model.pretrain_mode_enable` |
//! | `sft.jsonl` | `messages` | `train_sft` with `--data.multiturn`: tasks, and dialogues with an answer |
//! | `preference.jsonl` | `prompt`, `chosen`, `rejected`, `margin` | `train_dpo`, `train_rm` |
//! | `prompts.jsonl` | `prompt`, `label`, `datasource` | `train_ppo_ray`: dialogues that end on a question; `label` is what a program checks the answer against |
//!
//! All but `text`, `margin`, `label` and `datasource` are lists of `{"role","content"}`. What the assistant thought stands
//! before what it said, between `<think>` and `</think>`. `margin` is the row's own, else the difference of its scores,
//! else 0.
//!
//! # What is set aside
//! `export_tools` (rows with tools or calls: OpenRLHF hands none to the template), `export_no_turns`,
//! `export_empty_turn`, `export_no_answer`, `export_no_prompt`, `export_turn_order`, `export_special_token`; of tasks
//! `export_no_pair`; of pairs `export_equal_answers`, `export_unpaired`, and `export_labelled` (OpenRLHF has no KTO).
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to openrlhf
//! ```
//!
//! # Limits
//! Names, choices, and the checks of rows that are answered are lost, and counted; of scores the difference stays, and of
//! what a program checks the answer against its kind (`answer_kind`) is lost. In prompts OpenRLHF reads `<image>` as a
//! picture.

use super::example::task_turns;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Held, Part, checks, messages, module_docs};
use crate::rows::{Content, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct OpenRlhf;

/// Its instance.
pub static EXPORTER: OpenRlhf = OpenRlhf;

impl Exporter for OpenRlhf {
    fn name(&self) -> &'static str {
        "openrlhf"
    }
    fn about(&self) -> &'static str {
        "OpenRLHF: text, dialogues, preferences with margins, prompts with labels"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("openrlhf.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("OpenRLHF 0.11.2")
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
            Content::Pretrain { .. } => "pretrain.jsonl",
            Content::Instruct { messages, .. } if checks::asks(messages) => "prompts.jsonl",
            Content::Task(_) | Content::Instruct { .. } => "sft.jsonl",
            Content::Rlhf(_) => "preference.jsonl",
        }
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::no_tools(row)?;
        match &row.content {
            Content::Pretrain { .. } => Ok(()),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } => {
                checks::opens(messages)?;
                if checks::asks(messages) { checks::prompt(messages) } else { checks::answered(messages) }
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
            Content::Pretrain { text } => object.text("text", text),
            Content::Task(task) => messages::plain(&task_turns(task), object.key("messages")),
            Content::Instruct { messages, .. } if checks::asks(messages) => {
                messages::plain(messages, object.key("prompt"));
                object.text("label", row.truth.answer.as_deref().unwrap_or_default());
                object.text("datasource", row.truth.data_source.as_deref().unwrap_or(row.source()));
            }
            Content::Instruct { messages, .. } => messages::plain(messages, object.key("messages")),
            Content::Rlhf(row) => {
                messages::plain(&row.prompt, object.key("prompt"));
                messages::plain(row.chosen.as_deref().unwrap_or_default(), object.key("chosen"));
                messages::plain(row.rejected.as_deref().unwrap_or_default(), object.key("rejected"));
                json::number(checks::margin(row), object.key("margin"));
            }
        }
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String {
        let train = |file: &&str| {
            let path = quoted(&format!("{folder}/{file}"));
            let (command, more) = match *file {
                "pretrain.jsonl" => ("sft", "--data.dataset PATH --data.input_key text --model.pretrain_mode_enable"),
                "preference.jsonl" => {
                    ("dpo", "--data.dataset PATH --data.prompt_key prompt --data.apply_chat_template")
                }
                "prompts.jsonl" => (
                    "ppo_ray",
                    "--data.prompt_dataset PATH --data.input_key prompt --data.label_key label \
                     --data.apply_chat_template --reward.remote_url REWARD.py",
                ),
                _ => {
                    ("sft", "--data.dataset PATH --data.input_key messages --data.multiturn --data.apply_chat_template")
                }
            };
            let model = if command == "ppo_ray" { "--actor.model_name_or_path" } else { "--model.model_name_or_path" };
            // Its own name of a split differs from command to command; a file's is always the same.
            let held = held.validation(self, file).map_or(String::new(), |held| {
                format!(" --eval.dataset {} --eval.split train", quoted(&format!("{folder}/{held}")))
            });
            let data = more.replace("PATH", &path);
            format!("python -m openrlhf.cli.train_{command} {model} MODEL {data}{held}\n")
        };
        files.iter().map(train).collect()
    }
}
