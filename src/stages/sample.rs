//! Seeded sampling: a share of the rows stays, chosen by a hash.
//!
//! # What it does
//! A row stays if the hash of `seed` and its id falls into the first `share` of the range. The choice depends on
//! nothing else: the same rows stay for any number of threads, and however the input is split into files. Dropped rows
//! have the reason `not_sampled`.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run   = "sample"
//! share = 0.1
//! seed  = 42
//! ```
//!
//! # Limits
//! The share is met in expectation, not to the row.

use serde::{Deserialize, Serialize};

use super::judge::{Failure, Judge, JudgedRow, Verdict};
use super::resources::Resource;
use super::rule::number;
use super::{Entry, Reads, Stage, build};
use crate::Result;
use crate::output::take::NOT_SAMPLED;
use crate::rows::draw::sampled;

/// Options of `sample`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The share of rows that stays, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
    /// Another seed chooses other rows.
    #[serde(default)]
    pub seed: u64,
}

impl Stage for Sample {
    fn reads(&self) -> Option<Vec<Reads>> {
        Some(vec![Reads::Id])
    }

    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(Some(Box::new(self.clone())))
    }
}

impl Judge for Sample {
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict> {
        (!sampled(self.seed, self.share, row.final_id)).then(|| {
            let (reason, value, limit) = (NOT_SAMPLED.into(), String::new(), number(self.share));
            Failure { reason, value, limit }.into()
        })
    }
}

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    NOT_SAMPLED,
    "Left out by `sample` (or by the weights of a mix), by a hash of seed and id. Raise `share`, or change `seed` for other rows",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "sample",
    "keep",
    "a seeded share of the rows stays",
    include_str!("sample.rs"),
    || schemars::schema_for!(Sample),
    |json| {
        build::<Sample, _>(json, |stage| {
            if !(0.0..=1.0).contains(&stage.share) {
                return Err(format!("`share` is {}, but a share lies between 0 and 1", stage.share));
            }
            Ok(stage)
        })
    },
)
.reasons(REASONS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_met_and_seeds_differ() {
        let kept = |seed| (0..10_000).filter(|i| sampled(seed, 0.3, &format!("s:{i}"))).collect::<Vec<_>>();
        assert!((2_800..3_200).contains(&kept(1).len()), "{}", kept(1).len());
        assert_ne!(kept(1), kept(2));
        assert!(sampled(0, 1.0, "x"));
        assert!(!sampled(0, 0.0, "x"));
    }
}
