//! ChatGLM's p-tuning rows: JSON lines of `{"prompt","response","history"}`.
//!
//! # What it writes
//! `chatglm.jsonl`: the last question and its answer, and the exchanges before it as pairs of texts; of a task its input
//! and output, with an empty history.
//!
//! # What is set aside
//! `export_tools`, `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_not_alternating`,
//! `export_special_token`; of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to chatglm
//! ```
//!
//! # Limits
//! The system turn, thinking, names, choices and what a program checks an answer against are lost, and counted. For
//! ChatGLM3 and GLM-4 take `openai` or a trainer of today. Written by its code (ChatGLM-6B); its loader was not run.

use super::example::turn_texts;
use super::json::{self, Object};
use super::{Aside, Example, Exporter, Held, Part, checks, module_docs};
use crate::rows::Use;
use crate::text::shell::quoted;

/// The exporter.
pub struct ChatGlm;

/// Its instance.
pub static EXPORTER: ChatGlm = ChatGlm;

impl Exporter for ChatGlm {
    fn name(&self) -> &'static str {
        "chatglm"
    }
    fn about(&self) -> &'static str {
        "ChatGLM-6B's p-tuning: prompt, response, history"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("chatglm.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::System, Part::Reasoning, Part::Names, Part::Truth, Part::Choices]
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "chatglm.jsonl"
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::exchanges(row)
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut texts = turn_texts(row);
        let response = texts.pop().unwrap_or_default();
        let prompt = texts.pop().unwrap_or_default();
        let mut object = Object::new(out);
        object.text("prompt", prompt);
        object.text("response", response);
        json::list(texts.chunks(2), object.key("history"), |pair, out| {
            json::list(pair, out, |text, out| json::text(text, out));
        });
        object.end();
    }
    fn start(&self, folder: &str, _files: &[&str], held: Held<'_>) -> String {
        let path = quoted(&format!("{folder}/chatglm.jsonl"));
        let held = held.validation(self, "chatglm.jsonl").map_or(String::new(), |file| {
            format!(" --do_eval --validation_file {}", quoted(&format!("{folder}/{file}")))
        });
        format!(
            "python main.py --do_train --train_file {path}{held} --prompt_column prompt --response_column response \
             --history_column history --model_name_or_path MODEL --output_dir OUT\n"
        )
    }
}
