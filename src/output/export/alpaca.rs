//! Stanford Alpaca's layout: one JSON array of `instruction`, `input`, `output`, which BELLE, Chinese-LLaMA-Alpaca,
//! LMFlow's scripts and most tuning code of that family read.
//!
//! # What it writes
//! `alpaca.json`: of a dialogue the first question and the answer to it, `input` empty; of a task its input as the
//! `instruction`, and its output.
//!
//! # What is set aside
//! `export_no_turns`, `export_empty_turn`, `export_no_answer` (also where the first question is answered by a call of a
//! tool); of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to alpaca
//! ```
//!
//! # Limits
//! One exchange a row: the system turn, later turns, tools, thinking, names, choices and what a program checks an answer
//! against are lost, and counted. For dialogues take `llama_factory` or `openai`. Trainers read the array into memory.

use super::json::Object;
use super::{Aside, Example, Exporter, Frame, Held, Part, checks, module_docs};
use crate::rows::{Content, Use};

/// The exporter.
pub struct Alpaca;

/// Its instance.
pub static EXPORTER: Alpaca = Alpaca;

impl Exporter for Alpaca {
    fn name(&self) -> &'static str {
        "alpaca"
    }
    fn about(&self) -> &'static str {
        "Stanford Alpaca's JSON array of instruction, input, output"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("alpaca.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::System, Part::Turns, Part::Tools, Part::Reasoning, Part::Names, Part::Truth, Part::Choices]
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "alpaca.json"
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Array
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        match &row.content {
            Content::Task(task) => checks::task(task),
            Content::Instruct { messages, .. } => {
                checks::turns(messages)?;
                checks::exchange(messages).map(|_| ())
            }
            Content::Pretrain { .. } | Content::Rlhf(_) => Err(Aside::new("export_no_turns", "no dialogue")),
        }
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let (question, answer) = match &row.content {
            Content::Task(task) => (task.input.as_deref(), task.output.as_deref()),
            Content::Instruct { messages, .. } => checks::exchange(messages).ok().unzip(),
            Content::Pretrain { .. } | Content::Rlhf(_) => (None, None),
        };
        let mut object = Object::new(out);
        object.text("instruction", question.unwrap_or_default());
        object.text("input", "");
        object.text("output", answer.unwrap_or_default());
        object.end();
    }
    fn start(&self, folder: &str, files: &[&str], _held: Held<'_>) -> String {
        let train = |file: &&str| {
            let path = crate::text::shell::quoted(&format!("{folder}/{file}"));
            format!(
                "torchrun --nproc_per_node=4 train.py --model_name_or_path MODEL --data_path {path} --output_dir OUT\n"
            )
        };
        files.iter().map(train).collect()
    }
}
