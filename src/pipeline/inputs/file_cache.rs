//! What is remembered of files between builds, so that they are read once.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::input::Member;
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
}

/// Bytes, starts of pieces, and lines before them; `own` says that they are those of a plain copy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cut {
    pub own: bool,
    pub bytes: u64,
    pub starts: Vec<u64>,
    pub lines: Vec<u64>,
}

/// What is remembered, by path, or by `path!member`.
pub(crate) type Knowns = Mutex<BTreeMap<String, Known>>;

/// A file on disk that is being looked at.
pub(crate) struct OnDisk<'a> {
    pub path: &'a Path,
    pub bytes: u64,
    pub modified: u64,
    /// Of a compressed tar: the plain copy that its members are read from, and its bytes.
    pub tar: Option<(PathBuf, u64)>,
}

/// What a file, or a member, is remembered by.
pub(crate) fn name(path: &Path, member: Option<&Member>) -> String {
    let path = path.to_string_lossy();
    member.map_or_else(|| path.clone().into_owned(), |m| format!("{path}!{}", m.name))
}

impl Known {
    /// What stands for a file that is not read: a hash of its name, size and time.
    pub(crate) fn unread(disk: &OnDisk<'_>, starts: &[u64]) -> Known {
        let sha256 = crate::pipeline::jobs::fingerprint(&(disk.path, disk.bytes, disk.modified));
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
    known.lock().ok().and_then(|all| all.get(key).filter(|k| k.is(disk)).and_then(of))
}

/// Adds to what is remembered of a file or member.
pub(crate) fn remember(known: &Knowns, key: &str, disk: &OnDisk<'_>, add: impl FnOnce(&mut Known)) {
    if let Ok(mut all) = known.lock() {
        let sha256 = all.get(&name(disk.path, None)).map(|k| k.sha256.clone()).unwrap_or_default();
        let (bytes, modified) = (disk.bytes, disk.modified);
        let entry = all.entry(key.to_owned()).or_default();
        if !entry.is(disk) {
            *entry = Known { bytes, modified, sha256, at: vec![0], lines: vec![0], ..Known::default() };
        }
        add(entry);
    }
}

/// The hash of a file, and the lines before each start: read once as long as the file stays as it is.
pub(crate) fn hashed(known: &Knowns, disk: &OnDisk<'_>, starts: &[u64]) -> Result<Known> {
    let (path, key) = (disk.path, name(disk.path, None));
    // What was remembered of it before it was hashed (how it is encoded) has no hash.
    let fresh = |k: &&Known| k.is(disk) && k.at == starts && !k.sha256.is_empty();
    if let Ok(all) = known.lock()
        && let Some(known) = all.get(&key).filter(fresh)
    {
        return Ok(known.clone());
    }
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    let (mut offset, mut newlines, mut lines) = (0u64, 0u64, Vec::with_capacity(starts.len()));
    let counted = starts.len() > 1;
    loop {
        let read = file.read(&mut buffer).map_err(Error::io(path))?;
        let block = &buffer[..read];
        sha.update(block);
        let mut from = 0;
        while let Some(start) = starts.get(lines.len()).filter(|s| **s < offset + read as u64 || read == 0) {
            let to = (start.saturating_sub(offset) as usize).min(read);
            if counted {
                newlines += memchr::memchr_iter(b'\n', &block[from..to]).count() as u64;
            }
            from = to;
            lines.push(newlines);
        }
        if read == 0 {
            break;
        }
        if counted {
            newlines += memchr::memchr_iter(b'\n', &block[from..]).count() as u64;
        }
        offset += read as u64;
    }
    let sha256 = sha.finalize().iter().map(|b| format!("{b:02x}")).collect();
    let (bytes, modified) = (disk.bytes, disk.modified);
    let mut fresh = Known { bytes, modified, sha256, at: starts.to_vec(), lines, ..Known::default() };
    if let Ok(mut all) = known.lock() {
        if let Some(before) = all.get(&key).filter(|k| k.is(disk)) {
            fresh.malformed = before.malformed.clone();
        }
        all.insert(key, fresh.clone());
    }
    Ok(fresh)
}
