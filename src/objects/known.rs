//! Builds in stores that this process reads: what their manifests say, so that nothing of them has to be listed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A build in a store.
#[derive(Debug)]
pub struct Known {
    /// Its manifest, as it is.
    pub manifest: Vec<u8>,
    /// The names of its files, within its folder.
    pub names: Vec<String>,
}

static KNOWN: Mutex<BTreeMap<String, Arc<Known>>> = Mutex::new(BTreeMap::new());

fn all() -> MutexGuard<'static, BTreeMap<String, Arc<Known>>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers what is in the folder of a build, by the address of that folder.
pub fn remember(folder: &str, known: Known) {
    all().insert(folder.to_owned(), Arc::new(known));
}

/// What is known of the build in a folder.
pub fn known(folder: &Path) -> Option<Arc<Known>> {
    all().get(folder.to_str()?).cloned()
}

/// The files of known builds below an address, by their names.
pub fn below(address: &Path) -> Vec<PathBuf> {
    let Some(address) = address.to_str() else { return Vec::new() };
    let mut found = Vec::new();
    for (folder, known) in all().iter() {
        let urls = known.names.iter().map(|name| format!("{folder}/{name}"));
        found.extend(
            urls.filter(|url| url.strip_prefix(address).is_some_and(|rest| rest.starts_with('/'))).map(PathBuf::from),
        );
    }
    found.sort();
    found
}
