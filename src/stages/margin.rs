//! By how much the chosen answer of a pair is better, as the source says it: what leaves ties out.
//!
//! # What it does
//! Adds `margin`, the number that preference rows carry: the difference of the two scores, or what the source gives
//! itself. 0 is a tie. Pairs that are only ordered, and rows of other uses, have none, and no `min` or `max` drops them.
//!
//! # Example
//! A `keep` that names it has it measured by itself:
//! ```toml
//! [[stage]]
//! run    = "keep"
//! name   = "ties"
//! margin = { min = 0.001 }   # pairs with a margin of 0 go, as `margin_min`
//! ```
//!
//! # Limits
//! Every source scores in its own way (WebGPT from -1 to 1, UltraFeedback from 1 to 10, SHP in votes): a limit above 0
//! means something for one source, so say which with `only = { source = […] }`.

use serde::{Deserialize, Serialize};

use super::resources::Resource;
use super::{Column, Entry, Kind, RowContext, RowWork, Shown, Stage, Worked, build, signal};
use crate::Result;
use crate::rows::batch::Batch;

/// Options of `margin`: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Margin {}

/// The column and the signal.
pub const MARGIN: &str = "margin";

impl Stage for Margin {
    fn columns(&self) -> Vec<Column> {
        vec![Column::signal(MARGIN, Kind::Float).shown(Shown::Source)]
    }

    fn of_text(&self) -> bool {
        false
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(self.clone())))
    }
}

impl RowWork for Margin {
    fn run(&mut self, batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        Ok(Worked { columns: vec![batch.numbers(MARGIN, |row| context.applies(row))], stop: None })
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "margin",
    "measure",
    "by how much the chosen answer of a pair is better",
    include_str!("margin.rs"),
    || schemars::schema_for!(Margin),
    |json| build::<Margin, _>(json, Ok),
)
.signals(&[signal(MARGIN, Kind::Float)])
.implied();
