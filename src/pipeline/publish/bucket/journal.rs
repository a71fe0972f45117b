//! What of a build has arrived in the store, in the folder of jobs: a run that was cut off goes on from there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Claim;
use crate::objects::{Found, Tag};
use crate::pipeline::publish::ours::UPLOADED;
use crate::{Error, Result};

/// The first line: whose files they are.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    /// The address of the place.
    pub out: String,
    /// Which build it is.
    pub identity: String,
    /// Which manifest stood there, if any.
    pub before: Option<Tag>,
    /// The claim, as it was made.
    pub claim: Claim,
}

/// A line of a file that has arrived.
#[derive(Serialize, Deserialize)]
struct Line {
    name: String,
    bytes: u64,
    tag: Tag,
}

/// The journal of what arrives.
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// What the journal in a folder of jobs says, if there is one; a last line that was not ended does not count.
    pub(super) fn read(work: &Path) -> Option<(Head, BTreeMap<String, Found>)> {
        let text = std::fs::read_to_string(work.join(UPLOADED)).ok()?;
        let mut lines = text.lines();
        let head = serde_json::from_str(lines.next()?).ok()?;
        let line = |line: &str| serde_json::from_str::<Line>(line).ok();
        let found =
            lines.filter_map(line).map(|l| (l.name.clone(), Found { name: l.name, bytes: l.bytes, tag: l.tag }));
        Some((head, found.collect()))
    }

    /// Begins a journal, in the place of the one before.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub(super) fn begin(work: &Path, head: &Head) -> Result<Self> {
        let path = work.join(UPLOADED);
        let line = serde_json::to_string(head).map_err(|e| Error::Engine(e.to_string()))?;
        crate::disk::write_whole(&path, format!("{line}\n").as_bytes()).map_err(Error::io(&path))?;
        Journal::resume(work)
    }

    /// Goes on with the journal that is there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of opening.
    pub(super) fn resume(work: &Path) -> Result<Self> {
        let path = work.join(UPLOADED);
        let mut file = File::options().append(true).open(&path).map_err(Error::io(&path))?;
        // Behind a line that was cut off.
        file.write_all(b"\n").map_err(Error::io(&path))?;
        Ok(Journal { path, file: Mutex::new(file) })
    }

    /// Adds a file. One that is missing here is only written again.
    pub(super) fn arrived(&self, name: &str, found: &Found) {
        let line = Line { name: name.to_owned(), bytes: found.bytes, tag: found.tag.clone() };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = serde_json::to_string(&line).map(|line| file.write_all(format!("{line}\n").as_bytes()));
    }

    /// Removes it.
    pub(super) fn end(&self) {
        // One that stays is of another build than the next one.
        let _ = std::fs::remove_file(&self.path);
    }
}
