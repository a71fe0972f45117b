//! Jobs: a folder named by a fingerprint of everything that its files depend on, and a log of the units done.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::engine::sink::unit_file;
use crate::{Error, Result};

/// The version of the code that files of a job depend on; it goes into every fingerprint.
pub const CODE: &str = concat!(env!("CARGO_PKG_VERSION"), "/19");

/// The version that a driver, a scheduler and executors compare: that of the package, and a hash of the sources that it was
/// compiled from (`src/build.rs`). What they send one another has no version of its own that somebody would have to raise.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "/", env!("CORPUS_SOURCES"));

/// The first 16 hex digits of a SHA-256 of `what` as JSON.
pub fn fingerprint(what: &impl Serialize) -> String {
    let mut hash = Hash(Sha256::new());
    // As nothing is written there is no other error than of what cannot be JSON: which is nothing.
    let hash = serde_json::to_writer(&mut hash, what).map_or_else(|_| Sha256::new(), |()| hash.0);
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// What is written is hashed, and kept nowhere.
struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A job: one plan, its units, their files.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What it does, one word.
    pub name: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// What its files depend on.
    pub fingerprint: String,
}

impl Job {
    /// The job `name` whose files depend on `what`; its folder is made.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be made.
    pub fn new(work: &Path, name: &str, what: &impl Serialize) -> Result<Self> {
        let job = Job::find(work, name, what);
        std::fs::create_dir_all(&job.folder).map_err(Error::io(&job.folder))?;
        // The time of its last use; where it cannot be set the job counts as older than it is, and goes earlier.
        let _ = File::open(&job.folder).and_then(|folder| folder.set_modified(SystemTime::now()));
        Ok(job)
    }

    /// The same, without touching the disk.
    pub fn find(work: &Path, name: &str, what: &impl Serialize) -> Self {
        let fingerprint = fingerprint(&(CODE, name, what));
        Job { name: name.to_owned(), folder: work.join(format!("{name}-{fingerprint}")), fingerprint }
    }

    /// The name of its folder.
    pub fn folder_name(&self) -> Option<String> {
        Some(self.folder.file_name()?.to_string_lossy().into_owned())
    }

    /// The file of a unit.
    pub fn unit(&self, number: usize) -> PathBuf {
        unit_file(&self.folder, number as u64)
    }

    /// The file of what the job takes out of the texts of a unit.
    pub fn cuts(&self, number: usize) -> PathBuf {
        unit_file(&self.folder.join("cuts"), number as u64)
    }

    /// The lease of a unit, or of another part of the job.
    pub fn lease(&self, number: u64) -> PathBuf {
        self.folder.join(format!("part-{number:06}"))
    }

    /// Whether a unit is done.
    pub fn has(&self, number: usize) -> bool {
        self.unit(number).is_file()
    }
}

/// `units.log` in the work folder: a line for each unit that was started or done.
pub struct Log {
    file: Mutex<File>,
}

impl Log {
    /// Opens the log for appending.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be opened.
    pub fn open(work: &Path) -> Result<Self> {
        let path = work.join("units.log");
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        Ok(Log { file: Mutex::new(file) })
    }

    /// Adds a line. The log is for people and tests; that it cannot be written is no reason to stop a build.
    pub fn line(&self, job: &Job, unit: u64, what: &str) {
        if let Ok(mut file) = self.file.lock() {
            // In one go: other processes may write to it, too.
            let _ = file.write_all(format!("{what} {} {} {unit}\n", job.name, job.fingerprint).as_bytes());
        }
    }
}
