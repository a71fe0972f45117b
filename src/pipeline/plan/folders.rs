//! Where the files of earlier jobs of a build are, and what is known from them.

use std::path::{Path, PathBuf};

use crate::engine::functions::ids::IdsSpec;

/// What a stage takes out of texts: its number, and the folder of spans by unit.
pub type TextCuts = (usize, PathBuf);

/// Where the files of earlier jobs are, and what is known from them.
pub struct Folders<'a> {
    /// Unit files.
    pub units: &'a Path,
    /// Repeats of ids, if any repeat.
    pub repeats: Option<&'a Path>,
    /// Drops so far.
    pub drops: Option<&'a Path>,
    /// How many rows each row stands for, where that is asked for.
    pub sizes: Option<&'a Path>,
    /// Which rows are held out of training, where some are.
    pub splits: Option<&'a Path>,
    /// Whether any row has an id of its own.
    pub own_ids: bool,
    /// What ids are made of.
    pub ids: IdsSpec,
    /// Rows in each piece.
    pub rows: &'a [u64],
    /// Stretches of row keys that a `limit` cuts off.
    pub cuts: Vec<(u64, u64)>,
    /// What stages take out of texts.
    pub text_cuts: &'a [TextCuts],
}
