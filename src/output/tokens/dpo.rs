//! Preference pairs as token ids, for TRL's `DPOTrainer`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row a pair: `prompt_ids`, with the beginning of an answer that the chat template writes, `chosen_ids` and `rejected_ids`; no pair is longer than `--seq-length`. A file ends with the row
//! that fills 67,108,864 tokens, or what `--shard-tokens` says.
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

use super::Chat;
use super::chat::layout::Preferences;

/// The layout.
pub static LAYOUT: Preferences = Preferences {
    name: "dpo",
    about: "token ids of prompt, chosen and rejected answer, for TRL's DPOTrainer",
    docs: include_str!("dpo.rs"),
    lists: &["prompt_ids", "chosen_ids", "rejected_ids"],
    value: None,
    cut: Chat::pair,
    trainer: "DPO",
    prepare: &["return rows"],
};
