//! Preference pairs as token ids, for TRL's `DPOTrainer`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row a pair: `prompt_ids`, with the beginning of an answer that the chat template writes, `chosen_ids` and `rejected_ids`; no pair is longer than `--seq-length`. Files end behind 67,108,864 tokens.
//!
//! # What is set aside
//! `export_template`, `export_too_long`, `export_not_cut`, `export_special_token`, `export_no_prompt`, `export_unpaired`,
//! `export_equal_answers`, `export_no_answer`, `export_nothing_learnt`, `export_no_turns`, `export_empty_turn`, `export_arguments`.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to dpo --tokenizer models/qwen3/tokenizer.json --template --seq-length 2048
//! ```
//!
//! # Limits
//! Pairs are not packed. TRL counts prompt and answer together, and so does `--seq-length`.

use super::super::export::folder::{Staging, Written};
use super::chat::Ids;
use super::columns::Lists;
use super::{Chat, Layout, Sheet, Width, Writer, module_docs};
use crate::Result;
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::output::export::{Aside, Example};
use crate::rows::Use;

/// The layout.
pub struct Dpo;

/// Its instance.
pub static LAYOUT: Dpo = Dpo;

impl Layout for Dpo {
    fn name(&self) -> &'static str {
        "dpo"
    }
    fn about(&self) -> &'static str {
        "token ids of prompt, chosen and rejected answer, for TRL's DPOTrainer"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("dpo.rs"))
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
        chat.pair(row, scratch)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, _sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Lists::new(staging, &["prompt_ids", "chosen_ids", "rejected_ids"], None)))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let files = serde_json::json!(format!("{folder}/data/*.parquet"));
        let length = sheet.limit.unwrap_or(0);
        format!(
            "train_dataset = load_dataset(\"parquet\", data_files={files}, split=\"train\")\n\
             DPOConfig(max_length={length})\n"
        )
    }
}
