//! Splits of the kept rows: what a model learns, and what is held out to measure it by.

use serde::{Deserialize, Serialize};

/// The column of jobs that says which split a row is in; a row without a number is trained on.
pub const SPLIT: &str = "split";

/// A split, by the names that trainers and `datasets` know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What a model is trained on.
    #[default]
    Train,
    /// What tells how well it learns, while it does.
    Validation,
    /// What tells how well it has learned, in the end.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];
    /// Those that are held out.
    pub const HELD_OUT: [Split; 2] = [Split::Validation, Split::Test];

    /// Its name in files, cards and recipes.
    pub fn as_str(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }

    /// The split of that name.
    pub fn parse(word: &str) -> Option<Split> {
        Split::ALL.into_iter().find(|split| split.as_str() == word)
    }

    /// Its number in the files of jobs.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The split of a number; what has none is trained on.
    pub fn of(number: i64) -> Split {
        Split::ALL.into_iter().find(|split| split.number() == number).unwrap_or_default()
    }

    /// Its place among [`Split::HELD_OUT`].
    pub fn held_out(self) -> Option<usize> {
        Split::HELD_OUT.iter().position(|split| *split == self)
    }
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
