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

use super::{Entry, Stage, module_docs, options};

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

impl Sample {
    /// Whether the row with this id stays.
    pub fn keeps(&self, id: &str) -> bool {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), self.seed);
        (hash as f64) < self.share * u64::MAX as f64 || self.share >= 1.0
    }
}

/// A random number of a row: a hash of its id. Each `purpose` draws for itself: were the rows of a sample ordered by the
/// numbers that chose them, they would all come first.
pub fn draw(purpose: &[u8], seed: u64, id: &str) -> u64 {
    use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};
    xxh3_64_with_seed(id.as_bytes(), xxh3_64(purpose) ^ seed)
}

/// The entry of this stage.
pub const ENTRY: Entry = Entry {
    name: "sample",
    kind: "keep",
    about: "a seeded share of the rows stays",
    docs: module_docs(include_str!("sample.rs")),
    schema: || schemars::schema_for!(Sample),
    build: |json| {
        let (stage, resolved) = options::<Sample>(json)?;
        if !(0.0..=1.0).contains(&stage.share) {
            return Err(format!("`share` is {}, but a share lies between 0 and 1", stage.share));
        }
        Ok((Stage::Sample(stage), resolved))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_met_and_seeds_differ() {
        let kept = |seed| {
            let sample = Sample { share: 0.3, seed };
            (0..10_000).filter(|i| sample.keeps(&format!("s:{i}"))).collect::<Vec<_>>()
        };
        assert!((2_800..3_200).contains(&kept(1).len()), "{}", kept(1).len());
        assert_ne!(kept(1), kept(2));
        assert!(Sample { share: 1.0, seed: 0 }.keeps("x"));
        assert!(!Sample { share: 0.0, seed: 0 }.keeps("x"));
    }
}
