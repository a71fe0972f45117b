//! Preference rows that contradict each other go: the same answer to the same prompt, called good here and bad there.
//!
//! # What it does
//! Of an unpaired row (KTO) prompt, answer and label are compared: rows with the same prompt and the same answer go, all
//! of them, where some label it good and some bad. Of a pair, prompt and both answers: rows go where one prefers A to B,
//! and another B to A; so does a pair whose answers are the same. That an answer is the better one here and the worse one
//! against a third is a ranking, and stays. Messages are compared as the stages before left them, white space at their
//! ends aside, with roles, reasoning and calls.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "label_conflict"
//! ```
//! Of two rows with the prompt `几点了？` and the answer `不知道。`, one labelled `true` and one `false`, neither stays.
//!
//! # Limits
//! No row says which of them is right, so that none stays: where one source is to be believed, leave the other out, or
//! say with `only` what is compared. Answers in other words are other answers. State: 16 bytes an answer or pair, sorted
//! on disk where they do not fit.

mod pass;

use serde::{Deserialize, Serialize};

use super::global::{GlobalPass, Scope};
use super::resources::Resource;
use super::{Column, Entry, Kind, RowContext, RowWork, Stage, Worked, build};
use crate::Result;
use crate::rows::batch::Batch;
use crate::text::dialogue::verdict::verdict;

/// Options of `label_conflict`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabelConflict {
    /// Within what rows are compared: `use`, `source`, or `all`.
    pub scope: Scope,
}

impl Stage for LabelConflict {
    fn columns(&self) -> Vec<Column> {
        vec![Column::hidden(COLUMN, Kind::Bytes)]
    }

    fn measured(&self, _options: &serde_json::Value) -> serde_json::Value {
        serde_json::json!({})
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(Verdicts)))
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

/// Writes what each row says of its answers: a hash of prompt and answers, and on which side it is.
struct Verdicts;

impl RowWork for Verdicts {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut column = arrow::array::BinaryBuilder::new();
        for row in 0..context.rows {
            let dialogue = batch.dialogue(row).filter(|_| context.columns && context.applies(row));
            match dialogue.as_ref().and_then(verdict) {
                None => column.append_null(),
                Some(verdict) => {
                    let mut record = verdict.key.to_le_bytes().to_vec();
                    record.push(u8::from(verdict.good) | u8::from(verdict.bad) << 1);
                    column.append_value(&record);
                }
            }
        }
        Ok(Worked { columns: vec![std::sync::Arc::new(column.finish())], stop: None })
    }
}

/// The column of the stage.
const COLUMN: &str = "verdict_key";
/// The reason of rows that go.
const REASON: &str = "label_conflict";

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    REASON,
    "Another row says the opposite: the same answer to the same prompt with the other label, the same pair the other way round, or a pair of equal answers. Neither stays; leave out the source that is not to be believed to keep the other",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "label_conflict",
    "whole",
    "preference rows that contradict each other go: the same answer called good and bad",
    include_str!("mod.rs"),
    || schemars::schema_for!(LabelConflict),
    |json| build::<LabelConflict, _>(json, Ok),
)
.reasons(REASONS);
