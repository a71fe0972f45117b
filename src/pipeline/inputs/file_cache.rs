//! What is remembered of files between builds, so that they are read once.
//!
//! It lies in `inputs.json` of the work folder. While files are looked at, each finding is appended to `inputs.log` as soon
//! as it is made: a kill loses the file that was being read, and none that was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::input::Member;
use crate::input::hash::{self, Begun, Hashed};
use crate::objects::Tag;
use crate::pipeline::jobs;
use crate::{Error, Result};

/// What is remembered of a file between builds, so that it is hashed once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Known {
    bytes: u64,
    modified: u64,
    pub sha256: String,
    at: Vec<u64>,
    pub lines: Vec<u64>,
    /// How a plain copy of it is cut, or the member of a plain tar that `path!member` names.
    #[serde(default)]
    pub cut: Option<Cut>,
    /// Malformed sequences and characters, by the encoding in which it was read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub malformed: BTreeMap<String, (u64, u64)>,
    /// How far it was hashed, where that is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hashing: Option<Begun>,
}

/// Bytes that are hashed before that is noted: what a kill may cost.
const STEP: u64 = if cfg!(test) { 1 << 20 } else { 256 << 20 };

/// Bytes, starts of pieces, and lines before them; `own` says that they are those of a plain copy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cut {
    pub own: bool,
    pub bytes: u64,
    pub starts: Vec<u64>,
    pub lines: Vec<u64>,
}

/// What is remembered, by path, or by `path!member`.
pub(crate) struct Knowns {
    all: Mutex<BTreeMap<String, Known>>,
    store: PathBuf,
    /// Where findings go at once; `None` where nothing is written.
    log: Option<(PathBuf, Mutex<File>)>,
}

impl Knowns {
    /// What earlier builds remembered in a work folder, the findings of a killed one among it. `keep` says whether what is
    /// found now is written down.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be written to.
    pub(crate) fn open(work: &Path, keep: bool) -> Result<Self> {
        let (store, log) = (work.join("inputs.json"), work.join("inputs.log"));
        let whole = std::fs::read(&store).ok().and_then(|b| serde_json::from_slice(&b).ok());
        let mut all: BTreeMap<String, Known> = whole.unwrap_or_default();
        let lines = std::fs::read(&log).unwrap_or_default();
        // The line at which a kill came is no JSON.
        all.extend(lines.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice::<(String, Known)>(l).ok()));
        let mut open = None;
        if keep {
            let mut file = File::options().create(true).append(true).open(&log).map_err(Error::io(&log))?;
            file.write_all(b"\n").map_err(Error::io(&log))?;
            open = Some((log, Mutex::new(file)));
        }
        Ok(Knowns { all: Mutex::new(all), store, log: open })
    }

    /// All files were looked at: what is remembered is written down as a whole.
    ///
    /// # Errors
    ///
    /// Where that fails.
    pub(crate) fn close(self) -> Result<()> {
        let Some((log, file)) = self.log else { return Ok(()) };
        let all = self.all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let write = |file: &mut dyn Write| Ok(serde_json::to_writer(file, &all)?);
        disk::write_whole_by(&self.store, write).map_err(Error::io(&self.store))?;
        drop(file);
        std::fs::remove_file(&log).map_err(Error::io(&log))
    }

    /// Appends a finding. One that cannot be written is found again after a kill, and stops no build.
    fn note(&self, key: &str, known: &Known) {
        if let Some((_, file)) = &self.log
            && let (Ok(mut file), Ok(mut line)) = (file.lock(), serde_json::to_vec(&(key, known)))
        {
            line.push(b'\n');
            let _ = file.write_all(&line);
        }
    }
}

/// A file on disk that is being looked at.
pub(crate) struct OnDisk<'a> {
    pub path: &'a Path,
    pub bytes: u64,
    pub modified: u64,
    /// Of a compressed tar: the plain copy that its members are read from, and its bytes.
    pub tar: Option<(PathBuf, u64)>,
    /// Of an object in a store: which version of it is read.
    pub version: Option<Tag>,
}

impl OnDisk<'_> {
    /// What stands for the hash of an object, none for a file: to hash it would be to read it once more. It is of its address,
    /// version and size, since an entity tag tells versions of one object apart.
    pub(crate) fn identity(&self) -> Option<String> {
        self.version.as_ref().map(|tag| jobs::fingerprint(&(self.path, self.bytes, tag)))
    }
}

/// What a file, or a member, is remembered by.
pub(crate) fn name(path: &Path, member: Option<&Member>) -> String {
    let path = path.to_string_lossy();
    member.map_or_else(|| path.clone().into_owned(), |m| format!("{path}!{}", m.name))
}

impl Known {
    /// What stands for a file that is not read: a hash of its name, size and time.
    pub(crate) fn unread(disk: &OnDisk<'_>, starts: &[u64]) -> Known {
        let sha256 = jobs::fingerprint(&(disk.path, disk.bytes, disk.modified));
        Known { sha256, lines: vec![0; starts.len()], ..Known::default() }
    }

    /// A file of which no lines are counted, under this hash: of an object its identity.
    pub(crate) fn uncounted(sha256: String, starts: &[u64]) -> Known {
        Known { sha256, lines: vec![0; starts.len()], ..Known::default() }
    }

    /// Whether it is of the file as it is now.
    pub(crate) fn is(&self, disk: &OnDisk<'_>) -> bool {
        self.bytes == disk.bytes && self.modified == disk.modified
    }
}

/// What is known of a file or member as it is now.
pub(crate) fn recall<T>(
    known: &Knowns,
    key: &str,
    disk: &OnDisk<'_>,
    of: impl FnOnce(&Known) -> Option<T>,
) -> Option<T> {
    known.all.lock().ok().and_then(|all| all.get(key).filter(|k| k.is(disk)).and_then(of))
}

/// Adds to what is remembered of a file or member.
pub(crate) fn remember(known: &Knowns, key: &str, disk: &OnDisk<'_>, add: impl FnOnce(&mut Known)) {
    if let Ok(mut all) = known.all.lock() {
        let sha256 = all.get(&name(disk.path, None)).map(|k| k.sha256.clone()).unwrap_or_default();
        let (bytes, modified) = (disk.bytes, disk.modified);
        let entry = all.entry(key.to_owned()).or_default();
        if !entry.is(disk) {
            *entry = Known { bytes, modified, sha256, at: vec![0], lines: vec![0], ..Known::default() };
        }
        add(entry);
        known.note(key, entry);
    }
}

/// The hash of a file, and the lines before each start, where they are known of it as it is now.
pub(crate) fn fresh(known: &Knowns, disk: &OnDisk<'_>, starts: &[u64]) -> Option<Known> {
    // What was remembered of it before it was hashed (how it is encoded) has no hash.
    let all = known.all.lock().ok()?;
    all.get(&name(disk.path, None)).filter(|k| k.is(disk) && k.at == starts && !k.sha256.is_empty()).cloned()
}

/// The hash of a file, and the lines before each start: read once as long as the file stays as it is.
pub(crate) fn hashed(known: &Knowns, disk: &OnDisk<'_>, starts: &[u64]) -> Result<Known> {
    if let Some(known) = fresh(known, disk, starts) {
        return Ok(known);
    }
    let (path, key) = (disk.path, name(disk.path, None));
    let (bytes, modified) = (disk.bytes, disk.modified);
    let part = Known { bytes, modified, at: starts.to_vec(), ..Known::default() };
    let begun = recall(known, &key, disk, |k| k.hashing.clone().filter(|_| k.at == starts));
    let mut note = |begun| {
        known.note(&key, &Known { hashing: Some(begun), ..part.clone() });
        Ok(())
    };
    let found = hash::hash(path, starts, begun, (STEP, &mut note)).map_err(Error::io(path))?;
    Ok(learn(known, disk, starts, found))
}

/// Remembers what a file hashes to.
pub(crate) fn learn(known: &Knowns, disk: &OnDisk<'_>, starts: &[u64], found: Hashed) -> Known {
    let (key, sha256) = (name(disk.path, None), disk.identity().unwrap_or(found.sha256));
    let (bytes, modified, at) = (disk.bytes, disk.modified, starts.to_vec());
    let mut fresh = Known { bytes, modified, at, sha256, lines: found.lines, ..Known::default() };
    if let Ok(mut all) = known.all.lock() {
        if let Some(before) = all.get(&key).filter(|k| k.is(disk)) {
            fresh.malformed = before.malformed.clone();
        }
        known.note(&key, &fresh);
        all.insert(key, fresh.clone());
    }
    fresh
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_was_killed_is_not_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (work, path) = (folder.path().join("work"), folder.path().join("a"));
        std::fs::create_dir(&work).unwrap();
        let bytes: Vec<u8> = (0..4u32 << 20).map(|n| if n % 97 == 0 { b'\n' } else { (n % 251) as u8 }).collect();
        std::fs::write(&path, &bytes).unwrap();
        let disk = OnDisk { path: &path, bytes: bytes.len() as u64, modified: 7, tar: None, version: None };
        let starts = [0, 1_500_000, 3_000_000];
        let known = Knowns::open(&work, true).unwrap();
        let whole = hashed(&known, &disk, &starts).unwrap();
        let log = std::fs::read_to_string(work.join("inputs.log")).unwrap();
        let steps: Vec<&str> = log.lines().filter(|line| line.contains("hashing")).collect();
        assert_eq!(steps.len(), 4, "{log}");
        // Killed after the second step, which is not read again: it is another one now.
        std::fs::write(work.join("inputs.log"), format!("{}\n{}\n{{\"cut", steps[0], steps[1])).unwrap();
        let mut hurt = bytes.clone();
        hurt[..2 << 20].fill(b'\n');
        std::fs::write(&path, &hurt).unwrap();
        let again = hashed(&Knowns::open(&work, true).unwrap(), &disk, &starts).unwrap();
        assert_eq!((&again.sha256, &again.lines), (&whole.sha256, &whole.lines));
        // A file that has changed is hashed from its start.
        let changed = OnDisk { modified: 8, ..disk };
        let fresh = hashed(&Knowns::open(&work, true).unwrap(), &changed, &starts).unwrap();
        assert_ne!(fresh.sha256, whole.sha256);
    }
}
