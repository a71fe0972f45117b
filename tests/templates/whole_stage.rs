//! One of each start: of rows whose texts begin alike, the first stays.
//!
//! # What it does
//! The key of a row is a hash of the first `chars` characters of its first text. Of rows with the same key the one of the
//! source with the highest `priority` stays, else the first in source order. Rows that go have the reason `same_start`;
//! `kept_id` names the row that stayed.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run   = "same_start"
//! chars = 40
//! ```
//!
//! # Limits
//! Texts shorter than `chars` are compared as they are. State: 48 bytes a row, sorted on disk where memory is full.
use std::sync::Arc;

use arrow::array::Decimal128Builder;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::global::{Drop, Footprint, GlobalContext, GlobalPass, SortedRows};
use super::resources::Resource;
use super::runs::Runs;
use super::{Column, Entry, Kind, RowContext, RowWork, Stage, Worked, build};
use crate::Result;
use crate::rows::batch::Batch;
use crate::rows::column::KEY;

/// Options of `same_start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SameStart {
    /// Characters that are compared.
    pub chars: usize,
}

impl Default for SameStart {
    fn default() -> Self {
        SameStart { chars: 40 }
    }
}

impl Stage for SameStart {
    fn columns(&self) -> Vec<Column> {
        // For the stage itself: names of such columns end in `_key`.
        vec![Column::hidden("start_key", Kind::Key)]
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(self.clone())))
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

impl RowWork for SameStart {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let mut keys = Decimal128Builder::with_capacity(context.rows).with_data_type(KEY);
        let mut texts = Vec::new();
        for row in 0..context.rows {
            batch.texts(row, &mut texts);
            let text = texts.first().filter(|_| context.applies(row));
            let start = |text: &&str| text.chars().take(self.chars).collect::<String>();
            keys.append_option(text.map(start).map(|start| xxh3_128(start.as_bytes()) as i128));
        }
        Ok(Worked { columns: vec![Arc::new(keys.finish())], stop: None })
    }
}

impl GlobalPass for SameStart {
    fn job(&self) -> &'static str {
        "same_start"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { sorted_rows: 48, ..Footprint::default() })
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Comparing starts", 0);
        let (key, mut runs, mut rows) = (context.own("start_key"), Runs::default(), 0);
        context.sorted(&SortedRows { key: &key, prefer: None }, &mut |batch| {
            runs.walk(batch, &key, |like| {
                rows += 1;
                let own = like.first_id.as_ref().map(|(id, repeat)| (id.as_str(), *repeat));
                let kept_id = Some(context.kept_id(like.first, own)?);
                context.drop_row(Drop { ord: like.ord, reason: "same_start".into(), kept_id, ..Drop::default() })
            })
        })?;
        context.progress().done(&format!("{}: {rows} rows", context.stage()));
        Ok(())
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "same_start",
    "whole",
    "of rows that begin alike one stays",
    include_str!("whole_stage.rs"),
    || schemars::schema_for!(SameStart),
    |json| build::<SameStart, _>(json, Ok),
)
.reasons(&[(
    "same_start",
    "Another row begins with the same characters; `kept_id` names it. Raise `chars` to keep more",
)]);
