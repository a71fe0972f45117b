//! Trained models: files that score a text or cut it into tokens, and the chat templates beside them. Read once, checked whole, then shared read-only by every thread.
//!
//! Nothing here knows rows, recipes or Arrow. A model file comes from elsewhere and may be cut or hostile: each number in
//! it is checked before it is used, and what cannot be used is an [`Error`] that names the file and the place in it.

use std::path::{Path, PathBuf};

pub mod fasttext;
pub mod ngram;
mod source;
pub mod template;
pub mod tokenizer;
pub mod train;

/// A place in a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A byte, counted from 0.
    Byte(u64),
    /// A line, counted from 1.
    Line(u64),
}

/// A model file that cannot be used.
#[derive(Debug)]
pub struct Error {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub place: Place,
    /// What is wrong there, and the cure where there is one.
    pub what: String,
}

impl Error {
    /// An error about the file as a whole.
    pub fn file(file: &Path, what: impl Into<String>) -> Error {
        Error { file: file.into(), place: Place::File, what: what.into() }
    }
}

impl std::error::Error for Error {}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.place {
            Place::File => {}
            Place::Byte(at) => write!(f, ", byte {at}")?,
            Place::Line(line) => write!(f, ", line {line}")?,
        }
        write!(f, ": {}", self.what)
    }
}

impl From<Error> for crate::Error {
    fn from(error: Error) -> crate::Error {
        crate::Error::input(error.to_string(), "name a file that is a whole model, or fetch it again")
    }
}

/// What reading a model file gives.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests;
