//! How often the rows of a source come out, where a recipe mixes its sources.

pub mod draws;

use serde::{Deserialize, Serialize};

use crate::rows::draw::draw;

/// The reason of rows that a sample, or a mix, leaves out.
pub const NOT_SAMPLED: &str = "not_sampled";

/// What a mix takes of a source: every row `times`, and some of them once more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Take {
    /// Seed of the draw.
    pub seed: u64,
    /// How often every row comes.
    pub times: u64,
    /// Rows that draw less than this come once more.
    pub below: u64,
    /// How much of the source that makes, by what the mix counts in.
    pub share: f64,
}

impl Take {
    /// The number that a row draws.
    pub fn draw(seed: u64, id: &str) -> u64 {
        draw(b"mix", seed, id)
    }

    /// How often a row comes.
    pub fn copies(&self, id: &str) -> u64 {
        self.times + u64::from(Take::draw(self.seed, id) < self.below)
    }

    /// Whether any row comes more than once.
    pub fn repeats(&self) -> bool {
        self.times > 1 || (self.times == 1 && self.below > 0)
    }
}
