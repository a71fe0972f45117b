//! Preference pairs as token ids of whole dialogues, for TRL's `RewardTrainer`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row a pair: `chosen_ids` and `rejected_ids`, each with its prompt, and `margin`, by how much the chosen answer is better: the row's own, else the difference of its scores, else 0. Files end behind 67,108,864 tokens.
//!
//! # What is set aside
//! `export_template`, `export_too_long`, `export_not_cut`, `export_special_token`, `export_no_prompt`, `export_unpaired`,
//! `export_equal_answers`, `export_no_answer`, `export_no_turns`, `export_empty_turn`, `export_arguments`.
//!
//! # Example
//! ```console
//! corpus export builds/mine --to reward --tokenizer models/qwen3/tokenizer.json --template --seq-length 2048
//! ```
//!
//! # Limits
//! Pairs are not packed.

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
pub struct Reward;

/// Its instance.
pub static LAYOUT: Reward = Reward;

impl Layout for Reward {
    fn name(&self) -> &'static str {
        "reward"
    }
    fn about(&self) -> &'static str {
        "token ids of dialogues with the chosen and the rejected answer, for TRL's RewardTrainer"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("reward.rs"))
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
        chat.compared(row, scratch)
    }
    fn width(&self, _vocabulary: u32) -> Width {
        Width::I32
    }
    fn writer<'a>(&self, _sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>> {
        Ok(Box::new(Lists::new(staging, &["chosen_ids", "rejected_ids"], Some(("margin", DataType::Float64)))))
    }
    fn start(&self, folder: &str, _files: &[Written], sheet: &Sheet<'_>) -> String {
        let files = serde_json::json!(format!("{folder}/data/*.parquet"));
        let length = sheet.limit.unwrap_or(0);
        format!(
            "train_dataset = load_dataset(\"parquet\", data_files={files}, split=\"train\")\n\
             RewardConfig(max_length={length})\n"
        )
    }
}
