//! Where workers leave word for one another: small files in a folder of jobs that all of them see, or objects below an
//! address, beside which each has a folder of jobs of its own. A place is named by its path in the folder of jobs both
//! times; its object has the same name within the address.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::disk::write_whole;
use crate::objects::{Address, Folder, Put};
use crate::pipeline::publish::ours::{MARK, MARKER};
use crate::{Error, Result};

/// Where workers leave word.
#[derive(Clone)]
pub(super) struct Board {
    work: PathBuf,
    /// The objects, and the same for what is tidied up while all ends.
    store: Option<(Folder, Folder)>,
}

impl Board {
    /// The folder of jobs itself.
    pub(super) fn here(work: &Path) -> Self {
        Board { work: work.to_path_buf(), store: None }
    }

    /// Objects below `address`, which is marked as ours.
    ///
    /// # Errors
    ///
    /// An address that is none; what no build wrote below it; a store without conditional puts; what it answers.
    pub(super) fn at(work: &Path, address: &Path, stop: &Arc<AtomicBool>) -> Result<Self> {
        let folder = Folder::new(Address::read("--work", &address.to_string_lossy())?, stop.clone())?;
        claim(&folder)?;
        let brief = folder.briefly()?;
        Ok(Board { work: work.to_path_buf(), store: Some((folder, brief)) })
    }

    /// Objects below an address that is marked as ours, without a folder of jobs.
    ///
    /// # Errors
    ///
    /// An address that is none, or is not marked; what the store answers.
    pub(super) fn marked(address: &Path, stop: &Arc<AtomicBool>) -> Result<Self> {
        let folder = Folder::new(Address::read("--work", &address.to_string_lossy())?, stop.clone())?;
        if !is_marked(&folder)? {
            let message = format!("{} is no place of jobs of builds", address.display());
            return Err(Error::input(message, "name the address given to `build --work`"));
        }
        let brief = folder.briefly()?;
        // Paths are those of a folder that nobody makes.
        Ok(Board { work: PathBuf::from("jobs"), store: Some((folder, brief)) })
    }

    /// The folder of jobs.
    pub(super) fn work(&self) -> &Path {
        &self.work
    }

    /// The objects, where it is these.
    pub(super) fn store(&self) -> Option<&Folder> {
        self.store.as_ref().map(|store| &store.0)
    }

    /// The name of the object of a path of the folder of jobs.
    pub(super) fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.work).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// What stands at a place, if anything does.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(super) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        match self.store() {
            Some(folder) => Ok(folder.read(&self.name(path))?.map(|there| there.0)),
            None => match fs::read(path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Error::io(path)(error)),
            },
        }
    }

    /// Writes to a place where nothing stands; false where something does. Of several that do so one is told that it did.
    /// On a disk what it wrote may be there a moment later. In a store no two may write the same.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn create(&self, path: &Path, bytes: &[u8]) -> Result<bool> {
        match self.store() {
            Some(folder) => Ok(folder.replace(&self.name(path), bytes, None)? == Put::Done),
            None => match File::create_new(path) {
                Ok(mut file) => file.write_all(bytes).map(|()| true).map_err(Error::io(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(Error::io(path)(error)),
            },
        }
    }

    /// Writes to a place that is the caller's own.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        match self.store() {
            Some(folder) => folder.put(&self.name(path), bytes.to_vec()),
            None => {
                let folder = path.parent().unwrap_or(&self.work);
                fs::create_dir_all(folder).map_err(Error::io(folder))?;
                write_whole(path, bytes).map_err(Error::io(path))
            }
        }
    }

    /// Writes anew to a place of the caller's own of which only the first `head` bytes are new.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn renew(&self, path: &Path, bytes: &[u8], head: usize) -> Result<()> {
        if self.store.is_some() {
            return self.write(path, bytes);
        }
        match File::options().write(true).open(path).and_then(|file| file.write_all_at(&bytes[..head], 0)) {
            // The last of the others took the folder with it.
            Err(error) if error.kind() == ErrorKind::NotFound => self.write(path, bytes),
            written => written.map_err(Error::io(path)),
        }
    }

    /// Writes over what stands there, or takes it away. For what is given back, maybe while all ends: where it cannot be
    /// done, others wait until this worker counts as lost.
    pub(super) fn leave(&self, path: &Path, bytes: Option<&[u8]>) {
        let (brief, name) = (self.store.as_ref().map(|store| &store.1), self.name(path));
        let _ = match (brief, bytes) {
            (Some(folder), Some(bytes)) => folder.put(&name, bytes.to_vec()),
            (Some(folder), None) => folder.delete(&[name]),
            (None, Some(bytes)) => fs::write(path, bytes).map_err(Error::io(path)),
            (None, None) => fs::remove_file(path).map_err(Error::io(path)),
        };
    }

    /// The names of what stands right below a folder, in order. A listing of a store may be of a moment ago.
    pub(super) fn names(&self, folder: &Path) -> Vec<String> {
        let mut names = match self.store() {
            Some(objects) => objects.names(&self.name(folder)).unwrap_or_default(),
            None => {
                let entries = fs::read_dir(folder).into_iter().flatten().flatten();
                entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
            }
        };
        names.sort();
        names
    }
}

/// Whether an address is marked as ours.
fn is_marked(folder: &Folder) -> Result<bool> {
    Ok(folder.read(MARKER)?.is_some_and(|there| there.0 == MARK.as_bytes()))
}

/// Marks an address as ours: one below which nothing lies, or that has the mark.
fn claim(folder: &Folder) -> Result<()> {
    let marked = || is_marked(folder);
    if !marked()? {
        let listed: Vec<String> = folder.list("")?.into_iter().map(|found| found.name).collect();
        // What is listed may have been there a moment ago, and another worker may have put the mark meanwhile.
        let there = folder.heads(&listed)?.into_iter().flatten().find(|found| found.name != MARKER);
        let put = there.is_none() && folder.replace(MARKER, MARK.as_bytes(), None)? == Put::Done;
        if !put && !marked()? {
            let other = there.map_or(MARKER.to_owned(), |found| found.name);
            let message = format!("{} is in the way: no build of corpus wrote it", folder.url(&other));
            return Err(Error::input(message, "name another folder with --work, in which nothing lies"));
        }
    }
    folder.has_conditions(MARKER, MARK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_that_create_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::here(folder.path());
        let place = folder.path().join("a/b");
        assert_eq!((board.read(&place).unwrap(), board.name(&place)), (None, "a/b".to_owned()));
        board.renew(&place, b"12 more", 2).unwrap();
        board.renew(&place, b"34 less", 2).unwrap();
        assert_eq!(board.read(&place).unwrap().unwrap(), b"34 more");
        let other = folder.path().join("a/c");
        assert!(board.create(&other, b"x").unwrap() && !board.create(&other, b"y").unwrap());
        assert_eq!(board.names(&folder.path().join("a")), ["b", "c"]);
        board.leave(&other, None);
        board.leave(&place, Some(b"-"));
        assert_eq!((board.read(&other).unwrap(), board.read(&place).unwrap()), (None, Some(b"-".to_vec())));
    }
}
