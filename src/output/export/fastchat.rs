//! FastChat's conversations (Vicuna): one JSON array of `{"id","conversations":[{"from","value"}]}`.
//!
//! # What it writes
//! `fastchat.json`: turns of `human` and `gpt`, one after the other, beginning with `human`.
//!
//! # What is set aside
//! `export_tools`, `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_not_alternating` (its trainer stops
//! at such a row), `export_special_token`; of tasks `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to fastchat
//! ```
//!
//! # Limits
//! The system turn (it knows one of its own alone), thinking, names, choices and what a program checks an answer against
//! are lost, and counted. The array is read into memory. Written by its code (0.2.36); its loader was not run.

use super::example::conversations;
use super::json::Object;
use super::{Aside, Example, Exporter, Frame, Held, Part, checks, module_docs};
use crate::rows::Use;
use crate::text::shell::quoted;

/// The exporter.
pub struct FastChat;

/// Its instance.
pub static EXPORTER: FastChat = FastChat;

impl Exporter for FastChat {
    fn name(&self) -> &'static str {
        "fastchat"
    }
    fn about(&self) -> &'static str {
        "FastChat's (Vicuna's) JSON array of conversations"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("fastchat.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::System, Part::Reasoning, Part::Names, Part::Truth, Part::Choices]
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "fastchat.json"
    }
    fn frame(&self, _file: &str) -> Frame {
        Frame::Array
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::exchanges(row)
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        object.text("id", row.id);
        conversations(row, "gpt", object.key("conversations"));
        object.end();
    }
    fn start(&self, folder: &str, _files: &[&str], held: Held<'_>) -> String {
        let path = quoted(&format!("{folder}/fastchat.json"));
        let held = held
            .validation(self, "fastchat.json")
            .map_or(String::new(), |file| format!(" --eval_data_path {}", quoted(&format!("{folder}/{file}"))));
        let train = "torchrun --nproc_per_node=4 fastchat/train/train.py --model_name_or_path MODEL";
        format!("{train} --data_path {path}{held}\n")
    }
}
