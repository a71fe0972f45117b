//! Keep rows whose signals lie within limits: each line is one rule, and one reason word when it fails.
//!
//! # What it does
//! A rule names a signal and its limits: `chars = { min = 50, max = 100000 }`, `language = { in = ["zh"] }` or, shorter,
//! `language = "zh"`. A row is dropped by the first rule that it fails, with the reason `<signal>_min`, `<signal>_max` or
//! `<signal>_in`, the value and the limit. A signal that could not be measured (no text) fails no `min` or `max` rule, and
//! every `in` rule.
//!
//! Rules are put together with `any` (one of several must hold; the first says why a row goes), `all` (each must), `not` (it
//! must not; the reason is the limit from the other side), and `when`: the rows that the rules beside it are for, such as
//! those of a language. `profile` takes the same rules, and sets of them by name.
//!
//! `max_percentile = 95` drops the highest 5 % of the rows that reach the stage and have the signal, `min_percentile = 5` the
//! lowest; what this value is in the corpus stands as `limit` of a dropped row and in `build.json`. Equal values stay or go
//! together: never more than that share goes. `per = "source"` or `"language"` takes it within each.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run      = "keep"
//! chars    = { min = 50 }
//! language = ["zh", "en"]
//! any      = [{ han_ratio = { min = 0.2 } }, { latin_ratio = { min = 0.5 } }]
//! all      = [
//!     { when = { language = "zh" }, han_ratio = { min = 0.3 } },
//!     { when = { language = "en" }, not = { digit_ratio = { min = 0.3 } } },
//! ]
//! ```
//!
//! # Limits
//! A percentile is of all rows that reach the stage, also where `when` has only some of them asked: `only`, or `per`, says
//! of which. Rules look at signals only, so changing a limit measures nothing again; unless `early = true` says that rows which
//! fail are not measured further (no word segmentation for what is too short), which ties the measuring to the limits.

use serde::{Deserialize, Serialize};

use super::clause::{Asked, Clause};
use super::judge::{Column, Judge, JudgedRow};
use super::resources::Resource;
use super::{Entry, Reads, RowContext, RowWork, Stage, Takes, Worked, build};
use crate::Result;
use crate::rows::batch::Batch;

/// Options of `keep`: any signal = its limits, and `when`, `any`, `all`, `not` of such rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Keep {
    /// Whether rows that fail are measured no further. Right for raw web text, of which nine tenths go; but another
    /// limit then measures everything again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early: bool,
    /// The rules.
    #[serde(flatten)]
    pub rule: Clause,
}

impl Keep {
    fn ready(&self) -> Ready {
        let signals = self.rule.signals();
        Ready { asked: self.rule.asked(&signals), signals }
    }
}

impl Stage for Keep {
    fn reads(&self) -> Option<Vec<Reads>> {
        Some(self.rule.signals().into_iter().map(Reads::Signal).collect())
    }

    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(Some(Box::new(self.ready().asked)))
    }

    fn rules(&self) -> Vec<Clause> {
        vec![self.rule.clone()]
    }

    fn works(&self) -> bool {
        self.early
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(self.ready())))
    }
}

/// The rule over columns, and their signals.
struct Ready {
    asked: Asked,
    signals: Vec<String>,
}

/// Rows that fail are measured no further.
impl RowWork for Ready {
    fn run(&mut self, _batch: &mut Batch<'_>, context: &RowContext<'_>) -> Result<Worked> {
        let column = |signal: &String| context.measured.iter().rfind(|m| m.0 == *signal).map(|m| &m.1);
        let columns: Vec<Option<Column<'_>>> = self.signals.iter().map(|s| column(s).map(Column::from)).collect();
        let fails = |row: usize| {
            let (own_id, final_id, found, language) = (None, "", &[][..], "");
            let judged = JudgedRow { columns: &columns, row, own_id, final_id, blank: false, found, language };
            context.applies(row) && self.asked.holds(&|limit| limit.holds(&judged)) == Some(false)
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
            if stage.rule.is_empty() {
                return Err("a `keep` without rules keeps everything; give one, such as `chars = { min = 50 }`".into());
            }
            stage.rule.check()?;
            if stage.early && !stage.rule.percentiles().is_empty() {
                return Err("`early` decides while rows are read, and a percentile is known when all are".into());
            }
            Ok(stage)
        })
    },
)
.takes(Takes::Rules);
