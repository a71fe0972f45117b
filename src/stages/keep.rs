//! Keep rows whose signals lie within limits: each line is one rule, and one reason word when it fails.
//!
//! # What it does
//! A rule names a signal and its limits: `chars = { min = 50, max = 100000 }`, `language = { in = ["zh"] }`. A row is
//! dropped by the first rule that it fails, with the reason `<signal>_min`, `<signal>_max` or `<signal>_in`, the value
//! and the limit. A signal that could not be measured (no text) fails no `min` or `max` rule, and every `in` rule.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run      = "keep"
//! chars    = { min = 50 }
//! language = { in = ["zh"] }
//! ```
//!
//! # Limits
//! Rules look at signals only, so changing a limit measures nothing again; unless `early = true` says that rows which
//! fail are not measured further (no word segmentation for what is too short), which ties the measuring to the limits.

use std::collections::BTreeMap;

use arrow::array::ArrayRef;
use serde::{Deserialize, Serialize};

use super::judge::{Judge, JudgedRow, Verdict, value};
use super::resources::Resource;
use super::rule::Rule;
use super::{Entry, Reads, RowContext, RowWork, Stage, Worked, build};
use crate::Result;
use crate::rows::batch::Batch;

/// Options of `keep`: any signal = its limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Keep {
    /// Whether rows that fail are measured no further. Right for raw web text, of which nine tenths go; but another
    /// limit then measures everything again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early: bool,
    /// The rules, by signal.
    #[serde(flatten)]
    pub rules: BTreeMap<String, Rule>,
}

impl Stage for Keep {
    fn reads(&self) -> Option<Vec<Reads>> {
        Some(self.rules.keys().cloned().map(Reads::Signal).collect())
    }

    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(Some(Box::new(Rules(self.rules.clone().into_iter().collect()))))
    }

    fn rules(&self) -> BTreeMap<String, Rule> {
        self.rules.clone()
    }

    fn works(&self) -> bool {
        self.early
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(Rules(self.rules.clone().into_iter().collect()))))
    }
}

/// Rules by signal, in the order in which they are asked.
struct Rules(Vec<(String, Rule)>);

impl Judge for Rules {
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict> {
        let fails = |(at, (signal, rule)): (usize, &(String, Rule))| rule.judge(signal, &row.value(at));
        self.0.iter().enumerate().find_map(fails).map(Verdict::from)
    }
}

/// Rows that fail are measured no further.
impl RowWork for Rules {
    fn run(&mut self, _batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let columns: Vec<_> = self
            .0
            .iter()
            .filter_map(|(signal, rule)| {
                let column = context.measured.iter().rfind(|m| m.0 == *signal)?;
                Some((signal, rule, &column.1))
            })
            .collect();
        let fails = |row: usize| {
            let fails = |(signal, rule, column): &(&String, &Rule, &ArrayRef)| {
                rule.judge(signal, &value(column, row)).is_some()
            };
            context.applies(row) && columns.iter().any(fails)
        };
        Ok(Worked { columns: Vec::new(), stop: Some((0..context.rows).map(fails).collect()) })
    }
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "keep",
    "keep",
    "rows whose signals lie within limits stay",
    include_str!("keep.rs"),
    || schemars::schema_for!(Keep),
    |json| {
        build::<Keep, _>(json, |stage| {
            if stage.rules.is_empty() {
                return Err("a `keep` without rules keeps everything; give one, such as `chars = { min = 50 }`".into());
            }
            Ok(stage)
        })
    },
)
.takes_rules();
