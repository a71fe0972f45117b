//! State that grows with the rows, of numbers alone: in memory where it fits, and in files of a job's folder where it does
//! not. What comes out does not depend on that.

pub mod flat;
pub mod sorter;
pub mod texts;

use std::path::{Path, PathBuf};

use crate::{Error, Result};
use flat::Flat;
use sorter::Sorter;

/// Where files of a comparison lie, and how much memory it may take.
pub struct Space {
    /// A folder of its own.
    pub folder: PathBuf,
    /// Bytes of memory for everything together.
    pub budget: usize,
}

impl Space {
    /// A sorter that takes half of the memory.
    pub fn sorter(&self, name: &str, width: usize) -> Sorter {
        Sorter::new(self.folder.join(name), width, self.budget / 2)
    }

    /// A sorter that is filled while another one is emptied.
    pub fn small_sorter(&self, name: &str, width: usize) -> Sorter {
        Sorter::new(self.folder.join(name), width, self.budget / 8)
    }

    /// An array that takes up to a quarter of the memory; others of a few bytes a row stand beside it.
    pub fn flat(&self, name: &str, width: usize) -> Flat {
        Flat::new(self.folder.join(name), width, self.budget / if width > 16 { 4 } else { 24 })
    }
}

/// A folder that goes away when the work in it is done.
///
/// # Errors
///
/// [`Error::Io`] where it cannot be made.
pub fn scratch(folder: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(Error::io(folder))
}
