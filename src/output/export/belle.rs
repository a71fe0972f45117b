//! BELLE's conversations: JSON lines of `{"id","conversations":[{"from","value"}]}`, with `human` and `assistant`.
//!
//! # What it writes
//! `belle.jsonl`: turns of `human` and `assistant`, as BELLE's `sft_train.py` reads them and its set of 3.5 million
//! dialogues has them; of a task one exchange.
//!
//! # What is set aside
//! `export_tools`, `export_no_turns`, `export_empty_turn`, `export_no_answer`, `export_special_token`; of tasks
//! `export_no_pair`.
//!
//! # Example
//! ```console
//! corpus export builds/quickstart --to belle
//! ```
//!
//! # Limits
//! The system turn (it would be learned as an answer), thinking, names, choices and what a program checks an answer against
//! are lost, and counted. BELLE's sets of single questions have the keys of `alpaca`. Its trainer also wants a file for
//! validation: export another build, or cut the end off. Written by its code of 2023; its loader was not run.

use super::example::conversations;
use super::json::Object;
use super::{Aside, Example, Exporter, Held, Part, checks, module_docs};
use crate::rows::Use;
use crate::text::shell::quoted;

/// The exporter.
pub struct Belle;

/// Its instance.
pub static EXPORTER: Belle = Belle;

impl Exporter for Belle {
    fn name(&self) -> &'static str {
        "belle"
    }
    fn about(&self) -> &'static str {
        "BELLE's JSON lines of conversations between human and assistant"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("belle.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn loses(&self, _row: &Example<'_>) -> &'static [Part] {
        &[Part::System, Part::Reasoning, Part::Names, Part::Truth, Part::Choices]
    }
    fn file(&self, _row: &Example<'_>) -> &'static str {
        "belle.jsonl"
    }
    fn check(&self, row: &Example<'_>) -> Result<(), Aside> {
        checks::conversation(row)
    }
    fn write(&self, row: &Example<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        object.text("id", row.id);
        conversations(row, "assistant", object.key("conversations"));
        object.end();
    }
    fn start(&self, folder: &str, _files: &[&str], held: Held<'_>) -> String {
        let path = quoted(&format!("{folder}/belle.jsonl"));
        let held = held.validation(self, "belle.jsonl").map(|file| quoted(&format!("{folder}/{file}")));
        let held = held.unwrap_or_else(|| "VALIDATION".into());
        format!(
            "torchrun --nproc_per_node 8 src/entry_point/sft_train.py --model_name_or_path MODEL --train_file {path} \
             --validation_file {held} --model_max_length 1024 --output_dir OUT\n"
        )
    }
}
