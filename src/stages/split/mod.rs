//! `[split]` holds rows out of training: for validation, and for a test. Rows that belong together stay together.
//!
//! # What it does
//!
//! When every stage and the mix have decided, some of the kept rows are held out. They are drawn by *clusters*: rows that
//! are linked, directly or through others, whatever their source and use, and a cluster is never on two sides. Linked are
//! rows
//! - with the same text, but for white space, width, case and the style of punctuation;
//! - with the same question: the first turn of the user in a dialogue or in the prompt of a preference, the input of a
//!   task, folded in the same way;
//! - with the same `group`: the page (`url`, in one form), the `title`, or any field of `meta` that is named;
//! - that a `near_dedup` (or `simhash_dedup`) of the recipe found to be alike, though both stay: with `most` above 1, or
//!   with `drop = false`, which drops nothing and only finds them.
//!
//! What is alike is known only where such a stage looks: without one, two rows that differ in a word may come to stand on
//! both sides.
//!
//! Each source gives its share, so that a split is made up as the whole is. Of a source, clusters are taken in the order
//! of a hash of `seed` and their texts until its share is full; one that does not fit is passed over, so that
//! large clusters are trained on. A cluster of several sources counts for that of its first row. Rows of several uses in
//! one cluster (a dialogue and a preference with the same question) count for each of their uses: it goes where all have
//! room, and is drawn for the use that has the fewest rows. What is held out says nothing of the order of rows, of files,
//! threads or memory; more rows move the line a little, and leave the others where they are.
//!
//! `data/{use}/` has files `train-00000.parquet`, `validation-00000.parquet`, `test-00000.parquet`, and the data card
//! names them, so that `load_dataset(BUILD)` sees splits. Held-out rows come once, however often a mix repeats them.
//!
//! # Example
//!
//! ```toml
//! [split]
//! validation = 0.01       # a share of the rows of each source
//! test       = 500        # or so many rows of each use
//! group      = ["url", "title", "book"]
//! ```
//!
//! # Limits
//!
//! Where all rows hang together nothing can be held out, and the build says so: `group = []` leaves the fields out. State:
//! some 80 bytes a row on disk where they do not fit in memory.

mod clusters;
mod draw;
mod keys;
mod parts;
mod pass;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::global::GlobalPass;
use super::resources::Resource;
use super::{Column, Entry, Kind, RowWork, Stage, build};
use crate::Result;
use crate::rows::split::Split;

/// How much is held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// Rows of each use.
    Rows(u64),
    /// A share of the rows of each source: above 0, below 1.
    Share(f64),
}

/// `[split]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HoldOut {
    /// What is held out for validation: a share of the rows of each source, or a number of rows of each use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Amount>,
    /// What is held out for a test, in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Amount>,
    /// Fields of which rows with the same value stay together: `url`, `id`, `subset`, or fields of `meta` (nested by dots).
    pub group: Vec<String>,
    /// Another seed holds other rows out.
    pub seed: u64,
}

impl Default for HoldOut {
    fn default() -> Self {
        HoldOut { validation: None, test: None, group: vec!["url".into(), "title".into()], seed: 0 }
    }
}

impl HoldOut {
    /// How much of a split is held out.
    pub fn amount(&self, split: Split) -> Option<Amount> {
        match split {
            Split::Train => None,
            Split::Validation => self.validation,
            Split::Test => self.test,
        }
    }

    fn checked(self) -> Result<Self, String> {
        let amounts: Vec<(Split, Amount)> =
            Split::HELD_OUT.into_iter().filter_map(|split| Some((split, self.amount(split)?))).collect();
        if amounts.is_empty() {
            return Err("`split` holds nothing out: say validation = 0.01, or test = 500".into());
        }
        let mut all = 0.0;
        for (split, amount) in amounts {
            match amount {
                Amount::Share(share) if !(share > 0.0 && share < 1.0) => {
                    return Err(format!(
                        "`{split}` is {share}; a share lies between 0 and 1, a number of rows is whole"
                    ));
                }
                Amount::Share(share) => all += share,
                Amount::Rows(0) => return Err(format!("`{split}` is 0; leave it out to hold nothing out")),
                Amount::Rows(_) => {}
            }
        }
        if all >= 1.0 {
            return Err("`validation` and `test` together leave nothing to train on".into());
        }
        if self.group.iter().any(|field| field.trim().is_empty()) {
            return Err("`group` names an empty field".into());
        }
        Ok(self)
    }
}

impl Stage for HoldOut {
    fn columns(&self) -> Vec<Column> {
        vec![Column::hidden(keys::COLUMN, Kind::Bytes)]
    }

    fn measured(&self, _options: &Json) -> Json {
        json!(self.group)
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(keys::Keys::new(&self.group))))
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

/// The entry of what stands behind `[split]`: a table of the recipe, and no stage that a recipe names.
pub const TABLE: Entry = Entry::new(
    "split",
    "split",
    "rows held out for validation and test, in whole clusters",
    include_str!("mod.rs"),
    || schemars::schema_for!(HoldOut),
    |json| build(json, HoldOut::checked),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let wrong = |json| (TABLE.build)(json).err();
        assert_eq!(wrong(json!({"validation": 0.01})), None);
        assert_eq!(wrong(json!({"validation": 0.5, "test": 500, "group": []})), None);
        assert!(wrong(json!({})).unwrap().contains("holds nothing out"));
        assert!(wrong(json!({"validation": 1.0})).unwrap().contains("between 0 and 1"));
        assert!(wrong(json!({"test": 0})).unwrap().contains("leave it out"));
        assert!(wrong(json!({"validation": 0.5, "test": 0.5})).unwrap().contains("nothing to train on"));
        assert!(wrong(json!({"test": 5, "group": [" "]})).unwrap().contains("empty field"));
        let (stage, options) = (TABLE.build)(json!({"test": 5})).unwrap();
        assert_eq!(options, json!({"test": 5, "group": ["url", "title"], "seed": 0}));
        // Other amounts measure nothing again.
        let (other, more) = (TABLE.build)(json!({"validation": 0.2, "seed": 3})).unwrap();
        assert_eq!(stage.measured(&options), other.measured(&more));
    }
}
