//! What became of a fetch.

use serde::Serialize;

use super::names;
use super::problem::{Kind, Problem};
use crate::Error;

/// Everything that was asked for, set by set.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Version of this layout: 1.
    pub v: u32,
    /// The report of each set.
    pub sets: Vec<SetReport>,
    /// Bytes that came over the network, or were imported.
    pub bytes: u64,
    /// Wall seconds.
    pub seconds: f64,
}

/// The report of one set: files, licences, failures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetReport {
    /// The card, or the address.
    pub name: String,
    /// Its folder in the store.
    pub key: String,
    /// Commit, date or version.
    pub revision: String,
    /// The ways that were taken.
    pub ways: Vec<String>,
    /// The licences of what was fetched.
    pub licenses: Vec<String>,
    /// Its files.
    pub files: Vec<FileReport>,
    /// Files and parts that could not be fetched.
    pub failed: Vec<Failed>,
}

/// The report of one file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FileReport {
    /// Its path.
    pub path: String,
    /// Its part.
    pub part: String,
    /// Its size.
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
    /// `fetched`, `imported`, or `cached` where it was there before.
    pub state: &'static str,
}

/// Something that could not be had.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Failed {
    /// The file; empty where it is about the whole set or a part.
    pub path: String,
    /// Its part, where it is about one.
    pub part: String,
    /// The error message, with host or file.
    pub error: String,
    /// What to do about it.
    pub cure: String,
    /// Whether this machine is at fault.
    #[serde(skip)]
    pub here: bool,
}

impl Failed {
    /// A failure about a part of a set.
    pub fn of(path: &str, part: &str, problem: Problem) -> Self {
        Failed {
            path: names::shown(path),
            part: part.to_owned(),
            here: problem.kind == Kind::Here,
            cure: problem.remedy(),
            error: problem.what,
        }
    }
}

/// Failures that are shown one by one.
const SHOWN: usize = 12;

impl Summary {
    /// The error that a summary with failures is.
    pub fn error(&self) -> Option<Error> {
        let failed: Vec<(&str, &Failed)> =
            self.sets.iter().flat_map(|set| set.failed.iter().map(|f| (set.name.as_str(), f))).collect();
        let first = failed.first()?;
        let line = |(set, failed): &(&str, &Failed)| match failed.path.as_str() {
            "" => failed.error.clone(),
            path => format!("{set}: {path}: {}", failed.error),
        };
        let message = if failed.len() == 1 {
            line(first)
        } else {
            let mut lines =
                vec![format!("{} could not be fetched", crate::text::figures::plural(failed.len() as u64, "file"))];
            lines.extend(failed.iter().take(SHOWN).map(|f| format!("  {}", line(f))));
            if failed.len() > SHOWN {
                lines.push(format!("  … and {} more", failed.len() - SHOWN));
            }
            lines.join("\n")
        };
        let mut cures: Vec<&str> = Vec::new();
        for cure in failed.iter().map(|f| f.1.cure.as_str()).filter(|c| !c.is_empty()) {
            if !cures.contains(&cure) && cures.len() < 3 {
                cures.push(cure);
            }
        }
        let cure = cures.join("\n");
        Some(if failed.iter().all(|f| f.1.here) { Error::other(message, cure) } else { Error::input(message, cure) })
    }
}
