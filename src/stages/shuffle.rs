//! Shuffling: the rows of all sources in one order that has nothing to do with where they came from.
//!
//! # What it does
//! Orders the kept rows of each use by a hash of `seed` and the row's id, so that sources, files and topics lie mixed:
//! a model that reads mixed sources one after the other learns them badly. The order depends on the ids and the seed
//! alone: not on threads, memory, or how the input is split into files. Rows in `dropped/` and `unreadable/` keep the
//! order of the sources.
//!
//! It comes last in a recipe, after everything that decides. Copies that a `repeat` makes have ids of their own
//! (`id#2`), so they are spread as other rows are.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run  = "shuffle"
//! seed = 42
//! only = { use = ["pretrain"] }   # else every use, each by itself
//! ```
//!
//! # Limits
//! Text is written once more than without it (compressed by LZ4), sorted on disk in parts that fit in memory. A part is
//! gathered from every stretch of about 64 MiB of the input: from some hundreds of GB on, what is read at a time becomes
//! so small that a disk that seeks slowly is slow.

use serde::{Deserialize, Serialize};

use super::{Entry, Stage, build};

/// Options of `shuffle`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shuffle {
    /// Another seed gives another order.
    pub seed: u64,
}

impl Stage for Shuffle {
    fn order(&self) -> Option<u64> {
        Some(self.seed)
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "shuffle",
    "order",
    "the rows of all sources in one seeded order",
    include_str!("shuffle.rs"),
    || schemars::schema_for!(Shuffle),
    |json| build::<Shuffle, _>(json, Ok),
);
