//! Parquet files that are there: found in order, and opened.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use walkdir::WalkDir;

use crate::{Error, Result};

/// The Parquet files below a folder, by their names; none where there is no folder.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    of(WalkDir::new(folder))
}

/// The Parquet files right in a folder, by their names: the unit files of a job.
pub fn within(folder: &Path) -> Vec<PathBuf> {
    of(WalkDir::new(folder).max_depth(1))
}

fn of(tree: WalkDir) -> Vec<PathBuf> {
    let entries = tree.sort_by_file_name().into_iter().flatten().map(walkdir::DirEntry::into_path);
    entries.filter(|path| path.extension().is_some_and(|x| x == "parquet")).collect()
}

/// A Parquet file, to be read.
///
/// # Errors
///
/// What the system says of opening it; a file that is no Parquet.
pub fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).map_err(Error::io(path))?;
    Ok(ParquetRecordBatchReaderBuilder::try_new(file)?)
}
