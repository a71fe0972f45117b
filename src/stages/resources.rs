//! Files that stages read beside the rows: lists, evaluation sets, models, indexes of earlier builds. The pipeline finds
//! and hashes them; their hashes are in fingerprints, and what is made of them is shared by all threads of the process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::Result;

/// What kind of file a stage asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One file.
    File,
    /// One file, if there is one of that name: a word of a command may be one.
    FileIfThere,
    /// Files and globs.
    Files,
    /// The folder from which the recipe's paths are.
    RecipeFolder,
    /// One file, or a card of one, whose file comes from the store; a part of the card is named behind a `/`
    /// (`lid176/bin`).
    FileOrCard,
    /// Files and globs, and cards of the catalog, whose files come from the store.
    FilesOrCard,
    /// The output folder of an earlier build, or the file itself: where it lies in the folder, and the cure where it does
    /// not.
    OfBuild {
        /// The folder of such files in the output folder; there it is called by the stage.
        folder: &'static str,
        /// What makes one, for those who name a build without it.
        cure: &'static str,
    },
}

impl Wanted {
    /// Whether it may be a card of the catalog.
    pub fn takes_cards(&self) -> bool {
        matches!(self, Wanted::FileOrCard | Wanted::FilesOrCard)
    }
}

/// A file (or several) that a stage asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The option that names it.
    pub option: &'static str,
    /// What the option says.
    pub name: String,
    /// What it may be.
    pub wanted: Wanted,
    /// Whether row-wise work depends on it: then another file measures everything again.
    pub for_rows: bool,
}

/// A file that a stage reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The option that names it.
    pub option: String,
    /// As the recipe's author would write it.
    pub shown: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Hex, of its bytes.
    pub sha256: String,
    /// Whether row-wise work depends on it.
    #[serde(default)]
    pub for_rows: bool,
    /// What its card says of the stage's options, where it is of a card: `preparation = "jieba"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub card: BTreeMap<String, String>,
}

impl Resource {
    /// What results depend on: all but its place.
    pub fn identity(&self) -> Json {
        let mut identity = json!({"option": self.option, "shown": self.shown, "path": "", "sha256": self.sha256});
        if !self.card.is_empty() {
            identity["card"] = json!(self.card);
        }
        identity
    }
}

/// What was made of files lately (a list, a compiled evaluation set, a model), by what it was made of: one for all threads.
pub struct Shared<T>(Mutex<Vec<(String, Arc<T>)>>);

/// How many are held: a recipe has few such stages, and what they hold may be large.
const HELD: usize = 4;

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Shared<T> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Shared(Mutex::new(Vec::new()))
    }

    /// What was made under `key`, or is made now. Two threads do not make the same.
    ///
    /// # Errors
    ///
    /// The error of `make`; the next call makes it again.
    pub fn get(&self, key: &str, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = held.iter().find(|(k, _)| k == key) {
            return Ok(found.clone());
        }
        let made = Arc::new(make()?);
        if held.len() == HELD {
            held.remove(0);
        }
        held.push((key.to_owned(), made.clone()));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_the_oldest_goes() {
        let shared: Shared<usize> = Shared::new();
        for key in 0..6 {
            assert_eq!(*shared.get(&key.to_string(), || Ok(key)).unwrap(), key);
        }
        assert_eq!(*shared.get("5", || panic!("made again")).unwrap(), 5);
        assert_eq!(*shared.get("0", || Ok(9)).unwrap(), 9);
    }
}
