//! Preference pairs as token ids of whole dialogues, for TRL's `RewardTrainer`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row a pair: `chosen_ids` and `rejected_ids`, each with its prompt, and `margin`, by how much the chosen answer is better: the row's own, else the difference of its scores, else 0. A file ends with the row
//! that fills 67,108,864 tokens, or what `--shard-tokens` says.
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

use super::Chat;
use super::chat::layout::Preferences;

/// The layout.
pub static LAYOUT: Preferences = Preferences {
    name: "reward",
    about: "token ids of dialogues with the chosen and the rejected answer, for TRL's RewardTrainer",
    docs: include_str!("reward.rs"),
    lists: &["chosen_ids", "rejected_ids"],
    value: Some(("margin", DataType::Float64)),
    cut: Chat::compared,
    trainer: "Reward",
    prepare: &[],
};
