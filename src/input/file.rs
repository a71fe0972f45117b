//! The bytes of a file: on a disk, or of an object in a store.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::objects::{self, Bytewise, Found, Reading, is_url};

/// A file that is read.
pub enum Raw {
    /// On a disk.
    Disk(fs::File),
    /// In a store.
    Object(Box<Bytewise>),
}

/// Opens a file; its path may be the address of an object, which is then read in the version that was looked at.
///
/// # Errors
///
/// What the system or the store says.
pub fn open(path: &Path) -> io::Result<Raw> {
    within(path, 0, u64::MAX)
}

/// Opens a file at an offset, of which hardly any byte behind `end` is wanted.
///
/// # Errors
///
/// What the system or the store says.
pub fn within(path: &Path, start: u64, end: u64) -> io::Result<Raw> {
    if is_url(path) {
        return Ok(Raw::Object(Box::new(object(path, objects::pinned)?.bytes_within(start, end))));
    }
    let mut file = fs::File::open(path)?;
    if start > 0 {
        file.seek(SeekFrom::Start(start))?;
    }
    Ok(Raw::Disk(file))
}

fn object(url: &Path, of: impl FnOnce(&str) -> crate::Result<Reading>) -> io::Result<Reading> {
    of(&url.to_string_lossy()).map_err(io::Error::other)
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its size.
    pub bytes: u64,
    /// The time of its last change, nanoseconds since 1970; of an object a number that stands for its version.
    pub modified: u64,
}

impl Facts {
    fn found(object: &Found) -> Self {
        Facts { bytes: object.bytes, modified: object.tag.number() }
    }
}

/// The state of a file, now. An object is read in this version from here on.
///
/// # Errors
///
/// What the system or the store says.
pub fn facts(path: &Path) -> io::Result<Facts> {
    if is_url(path) {
        return Ok(Facts::found(object(path, objects::pin)?.found()));
    }
    let meta = fs::metadata(path)?;
    let since = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    Ok(Facts { bytes: meta.len(), modified: since.map_or(0, |d| d.as_nanos() as u64) })
}

/// Whether a file is in a state as it was; one that was changed `0` ago may be of any time. An object that was looked at is
/// not asked for again: each read of it is of that version.
///
/// # Errors
///
/// What the system or the store says.
pub fn is_still(path: &Path, was: Facts) -> io::Result<bool> {
    let same = |now: Facts| now.bytes == was.bytes && (was.modified == 0 || now.modified == was.modified);
    if is_url(path) {
        return objects::is_still(&path.to_string_lossy(), |found| same(Facts::found(found))).map_err(io::Error::other);
    }
    facts(path).map(same)
}

/// The names of the files in the folder of a file.
///
/// # Errors
///
/// What the system or the store says.
pub fn beside(path: &Path) -> io::Result<Vec<String>> {
    if is_url(path) {
        let names = objects::beside(&path.to_string_lossy()).map_err(io::Error::other)?;
        return Ok(names.as_ref().clone());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::read_dir(folder)?.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect())
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Raw::Disk(file) => file.read(into),
            Raw::Object(object) => object.read(into),
        }
    }
}

impl Seek for Raw {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Raw::Disk(file) => file.seek(to),
            Raw::Object(object) => object.seek(to),
        }
    }
}
