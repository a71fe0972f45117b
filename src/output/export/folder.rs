//! The folder of an export: written aside, put in its place whole, and never over files of others.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk::{self, hex};
use crate::{Error, Result};

/// The file that says what an export is, written last.
pub const MANIFEST: &str = "export.json";

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its path in the folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

impl Written {
    /// A finished file; `name` is its path in the folder.
    ///
    /// # Errors
    ///
    /// What the system says of reading it.
    pub fn of(path: &Path, name: String) -> Result<Self> {
        let bytes = fs::metadata(path).map_err(Error::io(path))?.len();
        let sha256 = disk::sha256(path, &|| false).map_err(Error::io(path))?;
        Ok(Written { path: name, bytes, sha256 })
    }
}

/// What is read of the manifest of an earlier export.
#[derive(Deserialize)]
struct Earlier {
    files: Vec<Written>,
}

/// Refuses a folder in which something lies that no export wrote, or that was changed since.
///
/// # Errors
///
/// [`Error::Input`] naming the first such file; what the system says of reading the folder.
pub fn ours(out: &Path) -> Result<()> {
    let refuse = |what: String| {
        let hint = "name another folder with --out, or move what is yours out of it";
        Err(Error::input(format!("{what}: an export replaces only what an export wrote"), hint))
    };
    let Ok(kind) = fs::metadata(out) else { return Ok(()) };
    if !kind.is_dir() {
        return refuse(format!("{} is a file", out.display()));
    }
    let manifest = fs::read(out.join(MANIFEST)).ok();
    let earlier = manifest.and_then(|bytes| serde_json::from_slice::<Earlier>(&bytes).ok());
    let files = earlier.map_or(Vec::new(), |e| e.files);
    let mut known: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
    if !files.is_empty() {
        known.insert(MANIFEST);
    }
    for entry in walkdir::WalkDir::new(out).sort_by_file_name() {
        let entry = entry.map_err(|e| Error::io(out)(e.into()))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let name = entry.path().strip_prefix(out).unwrap_or(entry.path()).to_string_lossy().into_owned();
        if !known.contains(name.as_str()) {
            return refuse(format!("{} was not written by an export", entry.path().display()));
        }
        if let Some(file) = files.iter().find(|f| f.path == name)
            && file.sha256 != crate::disk::sha256(entry.path(), &|| false).map_err(Error::io(entry.path()))?
        {
            return refuse(format!("{} was changed since it was exported", entry.path().display()));
        }
    }
    Ok(())
}

/// A folder that is being written beside its place; what is not put there is removed again.
#[derive(Debug)]
pub struct Staging {
    out: PathBuf,
    aside: PathBuf,
    /// Held while this process writes.
    _lock: File,
    done: bool,
}

impl Staging {
    /// Makes an empty folder beside `out`; what an interrupted export left in it goes.
    ///
    /// # Errors
    ///
    /// As [`ours`]; [`Error::Other`] where another process writes the same export; what the system says.
    pub fn new(out: &Path) -> Result<Self> {
        ours(out)?;
        let name = out.file_name().ok_or_else(|| {
            Error::other(format!("{} has no name", out.display()), "name the folder itself: --out exports/mine")
        })?;
        let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let aside = parent.join(format!(".{}.corpus-export", name.to_string_lossy()));
        fs::create_dir_all(&aside).map_err(Error::io(&aside))?;
        let lock = File::open(&aside).map_err(Error::io(&aside))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another process exports into {}", out.display());
                return Err(Error::other(message, "wait for it, or name another folder with --out"));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(&aside)(error)),
        }
        clear(&aside)?;
        Ok(Staging { out: out.to_owned(), aside, _lock: lock, done: false })
    }

    /// Where a file of the export is written; its folder is made.
    ///
    /// # Errors
    ///
    /// What the system says of making the folder.
    pub fn place(&self, name: &str) -> Result<PathBuf> {
        let path = self.aside.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        Ok(path)
    }

    /// Opens a file of the export.
    ///
    /// # Errors
    ///
    /// What the system says of making it.
    pub fn file(&self, name: &str) -> Result<Hashed> {
        let path = self.place(name)?;
        let file = File::create(&path).map_err(Error::io(&path))?;
        Ok(Hashed {
            out: BufWriter::with_capacity(1 << 18, file),
            path,
            name: name.to_owned(),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// A file for the time of writing: it has no name, and goes when it is closed.
    ///
    /// # Errors
    ///
    /// What the system says of making it.
    pub fn scratch(&self) -> Result<File> {
        tempfile::tempfile_in(&self.aside).map_err(Error::io(&self.aside))
    }

    /// Puts the folder in its place; an earlier export there goes.
    ///
    /// # Errors
    ///
    /// As [`ours`], for what came there meanwhile; what the system says of renaming.
    pub fn publish(mut self) -> Result<()> {
        ours(&self.out)?;
        let failed = |error: std::io::Error| Error::io(&self.out)(error);
        if !self.out.exists() {
            fs::rename(&self.aside, &self.out).map_err(failed)?;
        } else if disk::swap(&self.aside, &self.out).is_ok() {
            // What is aside now is the earlier export.
            fs::remove_dir_all(&self.aside).map_err(Error::io(&self.aside))?;
        } else {
            // A file system that cannot exchange two folders: the earlier export goes when the new one is there.
            let earlier = self.aside.with_extension("earlier");
            fs::rename(&self.out, &earlier).map_err(failed)?;
            if let Err(error) = fs::rename(&self.aside, &self.out) {
                fs::rename(&earlier, &self.out).map_err(failed)?;
                return Err(failed(error));
            }
            fs::remove_dir_all(&earlier).map_err(Error::io(&earlier))?;
        }
        self.done = true;
        let parent = self.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        crate::disk::sync_folder(parent).map_err(Error::io(parent))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.aside);
        }
    }
}

fn clear(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(Error::io(&path))?;
    }
    Ok(())
}

/// A file that is hashed as it is written.
#[derive(Debug)]
pub struct Hashed {
    out: BufWriter<File>,
    path: PathBuf,
    name: String,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// What the system says of writing.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(Error::io(&self.path))
    }

    /// Brings the file to the disk.
    ///
    /// # Errors
    ///
    /// What the system says of writing and syncing.
    pub fn close(mut self) -> Result<Written> {
        let synced = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(Error::io(&self.path))?;
        Ok(Written { path: self.name, bytes: self.bytes, sha256: hex(&self.hash.finalize()) })
    }
}

/// A hashed file, for a writer of bytes.
#[derive(Debug)]
pub struct Out(pub Hashed);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
