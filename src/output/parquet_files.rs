//! Parquet files that are there: found in order, and opened, on a disk or in an object store.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{ChunkReader, Length};
use walkdir::WalkDir;

use crate::objects::{self, Bytes, Reading};
use crate::{Error, Result};

/// The Parquet files below a folder, by their names; none where there is no folder. In a store, those of the builds that
/// this process has opened.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    match objects::is_url(folder) {
        true => {
            objects::below(folder).into_iter().filter(|path| path.extension().is_some_and(|x| x == "parquet")).collect()
        }
        false => of(WalkDir::new(folder)),
    }
}

/// The Parquet files right in a folder, by their names: the unit files of a job.
pub fn within(folder: &Path) -> Vec<PathBuf> {
    of(WalkDir::new(folder).max_depth(1))
}

fn of(tree: WalkDir) -> Vec<PathBuf> {
    let entries = tree.sort_by_file_name().into_iter().flatten().map(walkdir::DirEntry::into_path);
    entries.filter(|path| path.extension().is_some_and(|x| x == "parquet")).collect()
}

/// Where the bytes of a Parquet file are.
pub enum Input {
    /// On a disk.
    File(File),
    /// In an object store.
    Object(Reading),
}

impl Length for Input {
    fn len(&self) -> u64 {
        match self {
            Input::File(file) => Length::len(file),
            Input::Object(object) => object.len(),
        }
    }
}

impl ChunkReader for Input {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(match self {
            Input::File(file) => Box::new(file.get_read(start)?),
            Input::Object(object) => Box::new(object.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        match self {
            Input::File(file) => file.get_bytes(start, length),
            Input::Object(object) => object.get_bytes(start, length),
        }
    }
}

impl Input {
    /// The bytes of a file; its path may be the address of an object.
    ///
    /// # Errors
    ///
    /// What the system or the store says of opening it.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(match objects::is_url(path) {
            true => Input::Object(objects::at(&path.to_string_lossy())?),
            false => Input::File(File::open(path).map_err(Error::io(path))?),
        })
    }

    /// The bytes of a file of raw data: an object is read in the version that was probed, and what goes wrong with it is
    /// noted ([`objects::lost()`]).
    ///
    /// # Errors
    ///
    /// As [`Input::open`].
    pub fn raw(path: &Path) -> Result<Self> {
        match objects::is_url(path) {
            true => objects::pinned(&path.to_string_lossy()).map(Input::Object),
            false => Input::open(path),
        }
    }

    /// The same bytes once more.
    ///
    /// # Errors
    ///
    /// What the system says of a second handle.
    pub fn again(&self) -> std::io::Result<Self> {
        Ok(match self {
            Input::File(file) => Input::File(file.try_clone()?),
            Input::Object(object) => Input::Object(object.clone()),
        })
    }
}

/// A Parquet file, to be read; its path may be the address of an object.
///
/// # Errors
///
/// What the system or the store says of opening it; a file that is no Parquet.
pub fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<Input>> {
    Ok(ParquetRecordBatchReaderBuilder::try_new(Input::open(path)?)?)
}
