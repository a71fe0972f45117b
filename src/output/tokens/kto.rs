//! Labelled answers as token ids, for TRL's `KTOTrainer`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row an answer: `prompt_ids`, `completion_ids`, and `label`, whether it is a good one. Files end behind 67,108,864 tokens.
//!
//! # What is set aside
//! `export_template`, `export_too_long`, `export_not_cut`, `export_special_token`, `export_no_prompt`, `export_paired` (a pair),
//! `export_no_answer`, `export_nothing_learnt`, `export_no_turns`, `export_empty_turn`, `export_arguments`.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to kto --tokenizer models/qwen3/tokenizer.json --template --seq-length 2048
//! ```
//!
//! # Limits
//! Answers are not packed. Rows with a chosen and a rejected answer go to `dpo`.

use arrow::datatypes::DataType;

use super::super::export::folder::{Staging, Written};
use super::chat::Ids;
use super::columns::Lists;
use super::{Chat, Layout, Sheet, Width, Writer, module_docs};
use crate::Result;
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::output::export::{Aside, Example};
use crate::rows::Use;

/// The layout.
pub struct Kto;

/// Its instance.
pub static LAYOUT: Kto = Kto;

impl Layout for Kto {
    fn name(&self) -> &'static str {
        "kto"
    }
    fn about(&self) -> &'static str {
        "token ids of prompt, answer and label, for TRL's KTOTrainer"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("kto.rs"))
    }
    fn uses(&self, chat: bool) -> &'static [Use] {
        if chat { &[Use::Rlhf] } else { &[] }
    }
    fn is_limited(&self) -> bool {
        true
    }
    fn ids(
        &self,
        chat: &Chat,
        row: (&Example<'_>, &Tokenizer, u32),
        scratch: &mut Scratch,
    ) -> std::result::Result<Ids, Aside> {
        chat.labelled(row, scratch)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, _sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Lists::new(staging, &["prompt_ids", "completion_ids"], Some(("label", DataType::Boolean)))))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let files = serde_json::json!(format!("{folder}/data/*.parquet"));
        let length = sheet.limit.unwrap_or(0);
        format!(
            "train_dataset = load_dataset(\"parquet\", data_files={files}, split=\"train\")\n\
             KTOConfig(max_length={length})\n"
        )
    }
}
