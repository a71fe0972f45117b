//! The SHA-256 of a file, and the line breaks before some places in it: one pass, which can go on where it was cut off.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use super::file;
use crate::disk::{hex, write_whole};
use crate::{Error, Result};

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;
/// Bytes between two looks at whether whoever asked still waits.
const MOMENT: u64 = 64 << 20;

/// What a file hashes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// Its bytes, as they were read.
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
    /// The line breaks before each place; none are counted where there is one place alone.
    pub lines: Vec<u64>,
}

/// How far a file was hashed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Begun {
    offset: u64,
    newlines: u64,
    lines: Vec<u64>,
    /// The state of SHA-256.
    state: Vec<u8>,
}

impl Begun {
    /// SHA-256 of what was hashed.
    fn state(&self) -> Option<Sha256> {
        let state = SerializedState::<Sha256>::try_from(self.state.as_slice()).ok()?;
        Sha256::deserialize(&state).ok()
    }
}

/// Hashes a file, and counts the line breaks before each of `starts`, from where that was `begun`; every `step` bytes `note` is
/// told how far it is.
///
/// # Errors
///
/// What the system says of reading it; that of `note`.
pub fn hash(
    path: &Path,
    starts: &[u64],
    begun: Option<Begun>,
    noted: (u64, &mut dyn FnMut(Begun) -> io::Result<()>),
) -> io::Result<Hashed> {
    hash_by(&mut vec![0; BLOCK], path, starts, begun, noted)
}

/// The same, through a buffer.
fn hash_by(
    buffer: &mut [u8],
    path: &Path,
    starts: &[u64],
    begun: Option<Begun>,
    (step, note): (u64, &mut dyn FnMut(Begun) -> io::Result<()>),
) -> io::Result<Hashed> {
    let (mut file, mut sha) = (file::open(path)?, Sha256::new());
    let (mut offset, mut newlines, mut lines) = (0u64, 0u64, Vec::with_capacity(starts.len()));
    if let Some((begun, state)) = begun.and_then(|begun| begun.state().map(|state| (begun, state))) {
        file.seek(SeekFrom::Start(begun.offset))?;
        (sha, offset, newlines, lines) = (state, begun.offset, begun.newlines, begun.lines);
    }
    let mut noted = offset;
    let counted = starts.len() > 1;
    loop {
        if offset - noted >= step {
            note(Begun { offset, newlines, lines: lines.clone(), state: sha.serialize().to_vec() })?;
            noted = offset;
        }
        let read = file.read(buffer)?;
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
    Ok(Hashed { bytes: offset, sha256: hex(&sha.finalize()), lines })
}

/// A file on a disk that somebody else hashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unhashed {
    /// Where it is.
    pub path: PathBuf,
    /// Places before which line breaks are counted.
    pub starts: Vec<u64>,
    /// Its bytes, as whoever asks has seen them.
    pub bytes: u64,
    /// The time of its last change, as whoever asks has seen it.
    pub modified: u64,
}

/// Hashes some files, and writes what they hash to into `file`, in order; `stop` ends that early.
///
/// # Errors
///
/// What the system says; a file of another size than where it was asked for; [`Error::Interrupted`].
pub fn hash_all(files: &[Unhashed], file: &Path, stop: &AtomicBool) -> Result<()> {
    let (mut found, mut buffer) = (Vec::with_capacity(files.len()), vec![0; BLOCK]);
    for Unhashed { path, starts, bytes, .. } in files {
        let mut waits = |_| match stop.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::Interrupted.into()),
            false => Ok(()),
        };
        let hashed = hash_by(&mut buffer, path, starts, None, (MOMENT, &mut waits));
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let hashed = hashed.map_err(Error::io(path))?;
        if hashed.bytes != *bytes {
            let message = format!(
                "{} has {} bytes on a machine of the cluster, and {bytes} where the build runs",
                path.display(),
                hashed.bytes
            );
            return Err(Error::input(
                message,
                "see to it that all machines read the same files, and that nobody writes them",
            ));
        }
        found.push(hashed);
    }
    let json = serde_json::to_vec(&found).map_err(|e| Error::Engine(e.to_string()))?;
    write_whole(file, &json).map_err(Error::io(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever hashes a file, from its start or from where that was cut off, finds the same; one that is no longer what it was
    /// is told.
    #[test]
    fn a_file_is_hashed_by_whoever_sees_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path().join("a"), folder.path().join("found"));
        let bytes: Vec<u8> = (0..5u32 << 20).map(|n| if n % 97 == 0 { b'\n' } else { (n % 251) as u8 }).collect();
        std::fs::write(&path, &bytes).unwrap();
        let starts = vec![0, 1_500_000, 3_000_000];
        let mut begun = Vec::new();
        let mut note = |at: Begun| {
            begun.push(at);
            Ok(())
        };
        let whole = hash(&path, &starts, None, (1 << 20, &mut note)).unwrap();
        let lines = |to: usize| bytes[..to].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(whole.lines, [0, lines(1_500_000), lines(3_000_000)]);
        assert_eq!((whole.bytes, whole.sha256.as_str()), (5 << 20, hex(&Sha256::digest(&bytes)).as_str()));
        assert_eq!(begun.len(), 5);
        let cut_off = begun.swap_remove(2);
        assert_eq!(hash(&path, &starts, Some(cut_off), (u64::MAX, &mut |_| Ok(()))).unwrap(), whole);
        let asked = Unhashed { path: path.clone(), starts, bytes: 5 << 20, modified: 7 };
        let alone = Unhashed { starts: vec![0], ..asked.clone() };
        let stop = AtomicBool::new(false);
        hash_all(&[asked.clone(), alone], &file, &stop).unwrap();
        let found: Vec<Hashed> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(found, [whole.clone(), Hashed { lines: vec![0], ..whole }]);
        std::fs::remove_file(&file).unwrap();
        let error = hash_all(&[Unhashed { bytes: 9, ..asked.clone() }], &file, &stop).unwrap_err().to_string();
        assert!(
            error.contains("has 5242880 bytes on a machine of the cluster, and 9 where") && !file.exists(),
            "{error}"
        );
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(hash_all(&[asked], &file, &stop), Err(Error::Interrupted)) && !file.exists());
    }
}
