//! Files that others hash: asked for while files are looked at, and filled in before anything depends on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::InputFile;
use super::file_cache::{Known, Knowns, OnDisk, learn};
use crate::input::hash::{Hashed, Unhashed};
use crate::{Error, Result};

/// What is asked for: by whole path and places, the path by which a file is remembered, and the file as it was seen.
type Asked = BTreeMap<(PathBuf, Vec<u64>), (PathBuf, u64, u64)>;

/// Files that others are to hash.
#[derive(Default)]
pub(crate) struct Later {
    asked: Mutex<Asked>,
    found: BTreeMap<(PathBuf, Vec<u64>), Hashed>,
}

impl Later {
    /// Asks for the hash of a file, and the lines before `starts`; gives back nothing, for as many.
    ///
    /// # Errors
    ///
    /// Where the folder of this process cannot be told.
    pub(super) fn ask(&self, disk: &OnDisk<'_>, starts: &[u64]) -> Result<Known> {
        let path = std::path::absolute(disk.path).map_err(Error::io(disk.path))?;
        let seen = (disk.path.to_path_buf(), disk.bytes, disk.modified);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert((path, starts.to_vec()), seen);
        Ok(Known::uncounted(String::new(), starts))
    }

    /// What was asked for, in the order of the paths.
    pub(super) fn asked(&self) -> Vec<Unhashed> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |((path, starts), (_, bytes, modified)): (&(PathBuf, Vec<u64>), &(PathBuf, u64, u64))| {
            let (path, starts, bytes, modified) = (path.clone(), starts.clone(), *bytes, *modified);
            Unhashed { path, starts, bytes, modified }
        };
        asked.iter().map(one).collect()
    }

    /// Takes what somebody has found, and remembers it.
    pub(super) fn take(&mut self, known: &Knowns, asked: Unhashed, found: Hashed) {
        let Unhashed { path, starts, .. } = asked;
        let key = (path, starts);
        let seen = self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        if let Some((path, bytes, modified)) = seen {
            let disk = OnDisk { path: &path, bytes, modified, tar: None, version: None };
            learn(known, &disk, &key.1, found.clone());
        }
        self.found.insert(key, found);
    }

    /// Fills in what was found of a file.
    ///
    /// # Errors
    ///
    /// Where it was not hashed.
    pub(super) fn fill(&self, file: &mut InputFile) -> Result<()> {
        if !file.sha256.is_empty() {
            return Ok(());
        }
        let starts = file.cuts.iter().map(|cut| cut.0).collect();
        let found = self.found.get(&(file.path.clone(), starts));
        let found = found.ok_or_else(|| Error::Engine(format!("{} was not hashed", file.path.display())))?;
        file.sha256.clone_from(&found.sha256);
        file.cuts.iter_mut().zip(&found.lines).for_each(|(cut, lines)| cut.2 = *lines);
        Ok(())
    }
}
