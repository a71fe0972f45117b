//! The life of one row of a build: all that is known of it.

use super::show::Fields;
use crate::pipeline::publish::manifest::{FileLine, Manifest, SourceLine};
use crate::pipeline::trace::Trace;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in `data/`.
    Kept,
    /// It is in `dropped/`.
    Dropped,
    /// It is in `unreadable/`.
    Unreadable,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::Dropped => "dropped",
            Outcome::Unreadable => "unreadable",
        }
    }
}

/// A row of the output: its table, its file within the build, its place in there from 0, itself.
pub struct Place {
    pub part: String,
    pub file: String,
    pub at: u64,
    pub row: Fields,
}

/// Rows that went since this one stayed: how many, and the first of them: id, stage, similarity.
#[derive(Default)]
pub struct StandsFor {
    pub rows: u64,
    pub first: Vec<(String, String, Option<f64>)>,
}

/// All that is known of a row.
pub struct Life<'m> {
    pub id: String,
    pub outcome: Outcome,
    pub manifest: &'m Manifest,
    /// The row, then copies that a mix made of it.
    pub places: Vec<Place>,
    pub source: Option<&'m SourceLine>,
    pub file: Option<&'m FileLine>,
    /// Its place among the rows of the file, from 1.
    pub row_in_file: Option<u64>,
    /// What the work folder tells.
    pub trace: Option<Trace>,
    /// Where the row that stayed in its place is, if it is in this build.
    pub kept: Option<Place>,
    pub stands_for: StandsFor,
}
