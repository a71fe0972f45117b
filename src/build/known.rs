//! What is remembered of files between builds.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::scan::modified;
use crate::{Error, Result};

/// What is remembered of a file between builds, so that it is hashed once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    pub bytes: u64,
    pub modified: u64,
    pub sha256: String,
    pub at: Vec<u64>,
    pub lines: Vec<u64>,
    /// Bytes, cuts and lines of the plain copy, where the file was worth one.
    #[serde(default)]
    pub unpacked: Option<(u64, Vec<u64>, Vec<u64>)>,
    /// Malformed sequences and characters, by encoding and member.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<String, (u64, u64)>,
}

/// What is remembered, by path.
pub(super) type Knowns = Mutex<BTreeMap<String, Known>>;

/// The hash of a file, and the lines before each of its `starts`: read once, and remembered.
pub(super) fn hashed(path: &Path, meta: &std::fs::Metadata, starts: &[u64], known: &Knowns) -> Result<Known> {
    let key = path.to_string_lossy().into_owned();
    let fresh = |k: &&Known| k.bytes == meta.len() && k.modified == modified(meta) && k.at == starts;
    if let Ok(known) = known.lock()
        && let Some(known) = known.get(&key).filter(fresh)
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
    let fresh =
        Known { bytes: meta.len(), modified: modified(meta), sha256, at: starts.to_vec(), lines, ..Known::default() };
    if let Ok(mut known) = known.lock() {
        known.insert(key, fresh.clone());
    }
    Ok(fresh)
}
