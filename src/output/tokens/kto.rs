//! Labelled answers as token ids, for TRL's `KTOTrainer`.
//!
//! # What it writes
//! `data/train-00000.parquet`, …: a row an answer: `prompt_ids`, `completion_ids`, and `label`, whether it is a good one. A file ends with the row
//! that fills 67,108,864 tokens, or what `--shard-tokens` says.
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

use super::Chat;
use super::chat::layout::Preferences;

/// The layout.
pub static LAYOUT: Preferences = Preferences {
    name: "kto",
    about: "token ids of prompt, answer and label, for TRL's KTOTrainer",
    docs: include_str!("kto.rs"),
    lists: &["prompt_ids", "completion_ids"],
    value: Some(("label", DataType::Boolean)),
    cut: Chat::labelled,
    trainer: "KTO",
    prepare: &[
        "# answers of the rows beside, by which the trainer estimates how far the model has gone",
        "beside = lambda batch: {\"KL_completion_ids\": batch[\"completion_ids\"][-1:] + batch[\"completion_ids\"][:-1]}",
        "return rows.map(beside, batched=True, batch_size=args.per_device_train_batch_size)",
    ],
};
