//! Objects that are inputs: each is read in the version in which it was probed, however often it is opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::lost::noted;
use super::{Address, Reading, at, bucket};
use crate::{Error, Result};

/// Objects that were looked at, by their addresses.
static PINNED: Mutex<BTreeMap<String, Reading>> = Mutex::new(BTreeMap::new());
/// Names of the objects in folders that were listed.
static LISTED: Mutex<BTreeMap<String, Arc<Vec<String>>>> = Mutex::new(BTreeMap::new());

fn all() -> MutexGuard<'static, BTreeMap<String, Reading>> {
    PINNED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The object at an address as it is now. From here on this process reads it in this version, or not at all.
///
/// # Errors
///
/// As [`at`]; an object whose versions cannot be told apart.
pub fn pin(url: &str) -> Result<Reading> {
    let reading = noted(at(url))?;
    if !reading.found().tag.is_known() {
        let message = format!(
            "{url}: the store tells neither an entity tag nor a version, so a changed object could not be told"
        );
        let cure = format!("fetch it, and read the copy: `card = \"{url}\"` in place of `path`");
        return Err(Error::other(message, cure));
    }
    all().insert(url.to_owned(), reading.clone());
    Ok(reading.as_input())
}

/// The object at an address in the version that was looked at last; as it is now where that was not done.
///
/// # Errors
///
/// As [`pin`].
pub fn pinned(url: &str) -> Result<Reading> {
    let known = all().get(url).map(Reading::as_input);
    known.map_or_else(|| pin(url), Ok)
}

/// The names of the objects in the folder of an object; a folder is listed once.
///
/// # Errors
///
/// What the store answers.
pub fn beside(url: &str) -> Result<Arc<Vec<String>>> {
    let address = Address::read("the file", url)?;
    let folder = address.key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let bucket = bucket(address)?;
    let mut listed = LISTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(names) = listed.get(&bucket.url(&folder)) {
        return Ok(names.clone());
    }
    let names = Arc::new(noted(bucket.names(&folder))?);
    listed.insert(bucket.url(&folder), names.clone());
    Ok(names)
}

/// Work for a build begins, which goes by a number: what was seen for another one is forgotten. Whoever does the work of
/// many builds finds the objects and folders of each as they are then.
pub fn begin(build: u64) {
    static BUILD: Mutex<Option<u64>> = Mutex::new(None);
    if BUILD.lock().unwrap_or_else(PoisonError::into_inner).replace(build) != Some(build) {
        all().clear();
        LISTED.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
