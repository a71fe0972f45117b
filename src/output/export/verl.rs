//! verl's Parquet (0.9): dialogues for SFT, prompts with a ground truth for reinforcement learning, pairs for a reward
//! model.
//!
//! # What it writes
//!
//! | file | columns | read by |
//! | --- | --- | --- |
//! | `sft.parquet` | `messages` | `MultiTurnSFTDataset`: tasks, and dialogues with an answer |
//! | `rl.parquet` | `data_source`, `prompt`, `ability`, `reward_model` (`style`, `ground_truth`), `extra_info` (`id`, `source`) | `RLHFDataset`: dialogues that end on a question and have an answer to check |
//! | `rm.parquet` | `prompt`, `chosen`, `rejected` (texts) | `RMDataset` |
//!
//! `messages` and `prompt` are lists of `role` and `content`. What the assistant thought stands before what it said, between
//! `<think>` and `</think>`. `data_source` is the row's own, else the source: verl chooses by it how answers are checked.
//! `ability` is the row's `answer_kind`, and `style` always `rule`.
//!
//! # What is set aside
//! `export_tools` (rows with tools or calls: a Parquet column holds one type, and each tool has its own), `export_no_truth`
//! (a prompt without an answer to check), `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_no_prompt`,
//! `export_turn_order`, `export_special_token`; of tasks `export_no_pair`; of pairs `export_equal_answers`,
//! `export_several_turns`, `export_unpaired`, `export_labelled` (verl has no KTO), and `export_long_prompt` (the prompt is
//! more than one turn of the user).
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to verl
//! ```
//!
//! # Limits
//! Names, scores, choices, the system turn of pairs, and the checks of rows that are answered are lost, and counted. verl
//! reads whole files into memory.

use arrow::datatypes::Field;

use super::example::task_turns;
use super::json::Object;
use super::{Aside, Example, Exporter, Frame, Held, Part, checks, messages, module_docs, sink};
use crate::rows::{Content, Message, Use};
use crate::text::shell::quoted;

/// The exporter.
pub struct Verl;

/// Its instance.
pub static EXPORTER: Verl = Verl;

/// The columns of a file.
fn columns(file: &str) -> Vec<Field> {
    use sink::{messages, record, text};
    match file {
        "sft.parquet" => vec![messages("messages")],
        "rl.parquet" => vec![
            text("data_source"),
            messages("prompt"),
            text("ability"),
            record("reward_model", vec![text("style"), text("ground_truth")]),
            record("extra_info", vec![text("id"), text("source")]),
        ],
        _ => vec![text("prompt"), text("chosen"), text("rejected")],
    }
}

/// What the user asks, where that is the whole prompt but for a system turn before it.
fn question<'m>(prompt: &'m [Message<'_>]) -> Option<&'m str> {
    match prompt {
        [user] if user.role == "user" => Some(&user.content),
        [system, user] if system.role == "system" && user.role == "user" => Some(&user.content),
        _ => None,
    }
}

impl Exporter for Verl {
    fn name(&self) -> &'static str {
        "verl"
    }
    fn about(&self) -> &'static str {
        "verl's Parquet: SFT, RL prompts with ground truth, pairs for a reward model"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("verl.rs"))
    }
    fn trainer(&self) -> Option<&'static str> {
        Some("verl 0.9.1")
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct, Use::Rlhf]
    }
    fn loses(&self, row: &Example<'_>) -> &'static [Part] {
        match &row.content {
            Content::Pretrain { .. } => &[],
            Content::Task(_) => &[Part::Choices],
            Content::Instruct { messages, .. } if checks::asks(messages) => &[Part::Names],
            Content::Instruct { .. } => &[Part::Names, Part::Truth],
            Content::Rlhf(_) => &[Part::System, Part::Names, Part::Scores],
        }
    }
    fn file(&self, row: &Example<'_>) -> &'static str {
        match &row.content {
            Content::Instruct { messages, .. } if checks::asks(messages) => "rl.parquet",
            Content::Pretrain { .. } | Content::Task(_) | Content::Instruct { .. } => "sft.parquet",
            Content::Rlhf(_) => "rm.parquet",
        }
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Table(columns)
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::no_tools(row)?;
        match &row.content {
            Content::Pretrain { .. } => Err(Aside::new("export_no_turns", "running text")),
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } => {
                checks::opens(messages)?;
                if !checks::asks(messages) {
                    return checks::answered(messages);
                }
                match row.truth.answer.as_deref() {
                    None | Some("") => Err(Aside::new("export_no_truth", "a prompt without an answer")),
                    Some(_) => checks::prompt(messages),
                }
            }
            Content::Rlhf(row) => {
                checks::pairs_only(row)?;
                checks::preference(row)?;
                for answer in [&row.chosen, &row.rejected].into_iter().flatten() {
                    checks::one_turn(answer)?;
                }
                let turns = row.prompt.len();
                question(&row.prompt)
                    .map(|_| ())
                    .ok_or_else(|| Aside::new("export_long_prompt", format!("a prompt of {turns} turns")))
            }
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        match &row.content {
            Content::Pretrain { .. } => {}
            Content::Task(task) => messages::plain(&task_turns(task), object.key("messages")),
            Content::Instruct { messages, .. } if checks::asks(messages) => {
                object.text("data_source", row.truth.data_source.as_deref().unwrap_or(row.source()));
                messages::plain(messages, object.key("prompt"));
                object.text("ability", row.truth.answer_kind.as_deref().unwrap_or_default());
                let mut reward = Object::new(object.key("reward_model"));
                reward.text("style", "rule");
                reward.text("ground_truth", row.truth.answer.as_deref().unwrap_or_default());
                reward.end();
                let mut extra = Object::new(object.key("extra_info"));
                extra.text("id", row.id);
                extra.text("source", row.source());
                extra.end();
            }
            Content::Instruct { messages, .. } => messages::plain(messages, object.key("messages")),
            Content::Rlhf(row) => {
                object.text("prompt", question(&row.prompt).unwrap_or_default());
                for (name, answer) in [("chosen", &row.chosen), ("rejected", &row.rejected)] {
                    if let Some([answer]) = answer.as_deref() {
                        object.text(name, &messages::thought(answer, &answer.content));
                    }
                }
            }
        }
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], held: Held<'_>) -> String {
        let train = |file: &&str| {
            let path = quoted(&format!("{folder}/{file}"));
            let held = held.validation(self, file).map(|held| quoted(&format!("{folder}/{held}")));
            match *file {
                "sft.parquet" => {
                    let held = held.map_or(String::new(), |held| format!(" data.val_files={held}"));
                    let train = "torchrun --nproc_per_node=8 -m verl.trainer.sft_trainer";
                    format!("{train} data.train_files={path}{held} model.path=MODEL\n")
                }
                "rl.parquet" => format!(
                    "python -m verl.trainer.main_ppo data.train_files={path} data.val_files={} \
                     actor_rollout_ref.model.path=MODEL algorithm.adv_estimator=grpo\n",
                    held.as_ref().unwrap_or(&path)
                ),
                // 0.9 has a reader of pairs, and no trainer of its own for them.
                _ => {
                    let file = serde_json::json!(format!("{folder}/{file}"));
                    let read =
                        format!("from verl.utils.dataset.rm_dataset import RMDataset; RMDataset({file}, \"MODEL\")");
                    format!("python -c {}\n", quoted(&read))
                }
            }
        };
        files.iter().map(train).collect()
    }
}
