//! Where finished files go: a folder of this machine, or a prefix of an object store. Whoever writes them does not know
//! which of the two it is.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::parquet_file::settle;
use crate::objects::Upload;
use crate::{Error, Result};

/// A file that is being written: it appears whole, under its name, when it is finished, and not at all otherwise.
pub trait Whole: Write + Send {
    /// Ends it; its bytes.
    ///
    /// # Errors
    ///
    /// What went wrong with what was written, or now.
    fn finish(self: Box<Self>) -> Result<u64>;
}

impl Whole for Upload {
    fn finish(self: Box<Self>) -> Result<u64> {
        Ok(Upload::finish(*self)?.bytes)
    }
}

/// A place for files. Names are of paths with `/`: `data/pretrain/part-00000.parquet`.
pub trait Target: Sync {
    /// Starts a file of about so many bytes.
    ///
    /// # Errors
    ///
    /// What the system or the store says.
    fn create(&self, name: &str, expected: u64) -> Result<Box<dyn Whole + '_>>;

    /// The bytes of a file that an earlier run has finished, and that need not be written again.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn finished(&self, _name: &str) -> Result<Option<u64>> {
        Ok(None)
    }

    /// A copy of a finished file of this machine that is never written again; its bytes.
    ///
    /// # Errors
    ///
    /// What the system or the store says.
    fn take(&self, file: &Path, name: &str) -> Result<u64> {
        if let Some(bytes) = self.finished(name)? {
            return Ok(bytes);
        }
        let mut from = File::open(file).map_err(Error::io(file))?;
        let mut to = self.create(name, from.metadata().map_or(0, |m| m.len()))?;
        io::copy(&mut from, &mut to).map_err(Error::io(file))?;
        to.finish()
    }
}

/// A folder of this machine.
pub struct InFolder(pub PathBuf);

/// A file that is written beside its place.
struct OnDisk {
    file: BufWriter<File>,
    aside: PathBuf,
    path: PathBuf,
}

impl Target for InFolder {
    fn create(&self, name: &str, _expected: u64) -> Result<Box<dyn Whole + '_>> {
        let path = self.0.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        let aside = crate::disk::aside(&path);
        let file = File::create(&aside).map_err(Error::io(&aside))?;
        Ok(Box::new(OnDisk { file: BufWriter::with_capacity(1 << 20, file), aside, path }))
    }

    fn take(&self, file: &Path, name: &str) -> Result<u64> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        // A second name, where the file system has them.
        let bytes = |path: &Path| std::fs::metadata(path).map(|m| m.len());
        let linked = std::fs::hard_link(file, &path).and_then(|()| bytes(&path));
        linked.or_else(|_| std::fs::copy(file, &path)).map_err(Error::io(&path))
    }
}

impl Write for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Whole for OnDisk {
    fn finish(self: Box<Self>) -> Result<u64> {
        let OnDisk { file, aside, path } = *self;
        let file = file.into_inner().map_err(|e| Error::io(&aside)(e.into_error()))?;
        let bytes = file.metadata().map_err(Error::io(&aside))?.len();
        settle(file, &aside, &path)?;
        Ok(bytes)
    }
}
