//! A shard that somebody else writes: who sees the slabs, and the folder or the store that it goes to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::{Shard, Written, write};
use crate::disk::write_whole;
use crate::objects::{Address, Folder, Found, Upload, elsewhere};
use crate::output::target::{InFolder, Target, Whole};
use crate::{Error, Result};

/// Where a shard goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A folder that is there as long as somebody waits for the shard: no other one is written into it.
    Folder(PathBuf),
    /// Below an address whose names the build has claimed. Where the shard is there already, its bytes.
    Store(String, Option<u64>),
}

/// A shard that is sent away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The shard; its name is that within the place.
    pub shard: Shard,
    /// Where it goes.
    pub to: Place,
    /// The file that says what it came to. It is written last.
    pub file: PathBuf,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Came {
    /// The shard.
    pub written: Written,
    /// In a store, the object.
    pub found: Option<Found>,
}

impl Sent {
    /// Writes the shard, and says what it came to; `stop` ends that early.
    ///
    /// # Errors
    ///
    /// As [`write()`]; a folder that is gone, since nobody waits any more; a store that this process does not reach.
    pub fn run(&self, stop: &Arc<AtomicBool>) -> Result<()> {
        let came = match &self.to {
            Place::Folder(folder) => {
                if !folder.is_dir() {
                    return Err(Error::Engine(format!("{}: nobody waits for shards any more", folder.display())));
                }
                Came { written: write(&self.shard, &InFolder(folder.clone()))?, found: None }
            }
            Place::Store(address, known) => self.put(address, *known, stop)?,
        };
        let json = serde_json::to_vec(&came).map_err(|e| Error::Engine(e.to_string()))?;
        write_whole(&self.file, &json).map_err(Error::io(&self.file))
    }

    fn put(&self, address: &str, known: Option<u64>, stop: &Arc<AtomicBool>) -> Result<Came> {
        let put = || -> Result<Came> {
            let folder = Folder::new(Address::read("--out", address)?, stop.clone())?;
            let written = write(&self.shard, &InStore { folder: &folder, known })?;
            let found = if known.is_none() { folder.head(&self.shard.name)? } else { None };
            Ok(Came { written, found })
        };
        put().map_err(|error| match error {
            Error::Interrupted => error,
            error => elsewhere(format!("an executor puts {}: {error}", self.shard.name), &error),
        })
    }

    /// What it came to, once that was said and the file can be seen from here.
    pub fn came(&self) -> Option<Came> {
        let came: Came = serde_json::from_slice(&std::fs::read(&self.file).ok()?).ok()?;
        let seen = |folder: &Path| std::fs::metadata(folder.join(&self.shard.name)).map(|is| is.len());
        match &self.to {
            Place::Folder(folder) => seen(folder).is_ok_and(|bytes| bytes == came.written.bytes).then_some(came),
            Place::Store(..) => Some(came),
        }
    }
}

/// An address of a store.
struct InStore<'a> {
    folder: &'a Folder,
    known: Option<u64>,
}

impl Target for InStore<'_> {
    fn create(&self, name: &str, expected: u64) -> Result<Box<dyn Whole + '_>> {
        Ok(Box::new(Upload::new(self.folder, name, expected)))
    }

    fn finished(&self, _name: &str) -> Result<Option<u64>> {
        Ok(self.known)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Table;
    use super::*;

    /// It comes as the shard that is written here would, and nothing is written where nobody waits.
    #[test]
    fn a_shard_is_written_by_somebody_else() {
        let here = tempfile::tempdir().unwrap();
        let folder = here.path().join("shards-1");
        let shard = Shard {
            name: "7.parquet".into(),
            parts: Vec::new(),
            table: Table::Unreadable,
            labels: BTreeMap::from([("corpus.version".to_owned(), "0".to_owned())]),
        };
        let sent = Sent { shard: shard.clone(), to: Place::Folder(folder.clone()), file: here.path().join("came-7") };
        let sent: Sent = serde_json::from_slice(&serde_json::to_vec(&sent).unwrap()).unwrap();
        let error = sent.run(&Arc::default()).unwrap_err().to_string();
        assert!(error.contains("nobody waits") && !folder.exists() && sent.came().is_none(), "{error}");
        std::fs::create_dir(&folder).unwrap();
        sent.run(&Arc::default()).unwrap();
        let own = InFolder(here.path().join("own"));
        let written = write(&shard, &own).unwrap();
        assert_eq!(sent.came(), Some(Came { written, found: None }));
        let read = |folder: &Path| std::fs::read(folder.join("7.parquet")).unwrap();
        assert_eq!(read(&folder), read(&own.0));
        // Not before the file is seen whole.
        std::fs::write(folder.join("7.parquet"), b"PAR1").unwrap();
        assert_eq!(sent.came(), None);
    }
}
