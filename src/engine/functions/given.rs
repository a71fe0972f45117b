//! Files that stages read beside the rows: block lists, evaluation sets. A function that needs them has their paths and
//! hashes among its options; what is made of them is shared by all calls of the process.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Result;

/// A file that a stage reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The option that names it.
    pub option: String,
    /// As the recipe's author would write it.
    pub shown: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Hex, of its bytes.
    pub sha256: String,
}

impl Given {
    /// The same without its place: what results depend on.
    pub fn identity(&self) -> Given {
        Given { path: PathBuf::new(), ..self.clone() }
    }
}

/// The last things made of given files, by what they were made of.
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
