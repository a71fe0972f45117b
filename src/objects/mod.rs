//! Objects of a store in a cloud or a machine room: S3, Google Cloud Storage, Azure Blob Storage, and what speaks as they
//! do. Where they are, how they are asked, how one is read by ranges and written in parts.
//!
//! Whoever calls this is not asynchronous: requests run on threads of their own, and the caller waits for the answer
//! (`wait`). Credentials come from the environment of the process, and are kept nowhere.

mod folder;
mod inputs;
mod known;
mod lost;
mod open;
mod read;
mod said;
mod upload;
mod wait;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

pub use folder::{Bytes, Folder, Found, Put, Tag};
pub use inputs::{View, beside, is_still, pin, pinned};
pub use known::{Known, below, known, remember};
pub use lost::{is_lost, lost};
pub use open::{Patience, open};
pub use read::{Bytewise, Reading};
pub use said::elsewhere;
pub use upload::Upload;

use crate::{Error, Result};

/// What addresses of objects begin with.
pub const SCHEMES: [&str; 3] = ["s3", "gs", "az"];

/// Whether a path is the address of an object or of objects, rather than a file of this machine.
pub fn is_url(path: &Path) -> bool {
    path.to_str().and_then(|text| text.split_once("://")).is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
}

/// The object at an address, as it is now.
///
/// # Errors
///
/// An address that is none; where there is no such object; what the store answers.
pub fn at(url: &str) -> Result<Reading> {
    let address = Address::read("the file", url)?;
    let name = address.key.clone();
    Reading::open(&bucket(address)?, &name)
}

/// All of the bucket of an address. It is opened once, so that its connections are used again.
///
/// # Errors
///
/// Variables of the environment that cannot be.
pub fn bucket(address: Address) -> Result<Folder> {
    static OPEN: Mutex<BTreeMap<String, Folder>> = Mutex::new(BTreeMap::new());
    let address = Address { key: String::new(), ..address };
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let text = address.text();
    if let Some(folder) = open.get(&text) {
        return Ok(folder.clone());
    }
    let folder = Folder::new(address, stop())?;
    open.insert(text, folder.clone());
    Ok(folder)
}

/// The flag of this process that ends what waits for a store, once it is set.
pub fn stop() -> Arc<AtomicBool> {
    static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
    STOP.clone()
}

/// `s3://bucket/some/folder`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `s3`, `gs` or `az`.
    pub scheme: String,
    /// The bucket; in Azure the container.
    pub bucket: String,
    /// The key, or what keys begin with, without slashes at its ends.
    pub key: String,
}

impl Address {
    /// Reads an address that the user gave by `option`.
    ///
    /// # Errors
    ///
    /// What names no bucket, has credentials or a query in it (which is not repeated), or cannot be a key.
    pub fn read(option: &str, text: &str) -> Result<Self> {
        let form = "write s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or az://CONTAINER/FOLDER";
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.contains(['@', ':']) || text.contains('?') {
            let message = format!("{option}: an address has no credentials and no query in it");
            return Err(Error::input(message, "set the variables of the store (AWS_*, GOOGLE_*, AZURE_*) instead"));
        }
        if !SCHEMES.contains(&scheme) || bucket.is_empty() {
            return Err(Error::input(format!("{option}: {text} names no bucket"), form));
        }
        let key = key.trim_matches('/');
        let wrong = key.split('/').any(|part| part.is_empty() || part == "." || part == "..");
        if !key.is_empty() && wrong || text.chars().any(char::is_control) {
            return Err(Error::input(format!("{option}: {text} has a part without a name"), form));
        }
        Ok(Address { scheme: scheme.to_owned(), bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// As it is written, without a slash at its end.
    pub fn text(&self) -> String {
        let Address { scheme, bucket, key } = self;
        if key.is_empty() { format!("{scheme}://{bucket}") } else { format!("{scheme}://{bucket}/{key}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let read = |text: &str| Address::read("--out", text);
        let address = read("s3://b/a/c/").unwrap();
        assert_eq!((address.bucket.as_str(), address.key.as_str()), ("b", "a/c"));
        assert_eq!(address.text(), "s3://b/a/c");
        assert_eq!(read("gs://b").unwrap().text(), "gs://b");
        for wrong in ["az:///x", "s3://", "https://host/x", "s3://b/a//c", "s3://b/../c"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for secret in ["s3://KEY:HUSH@b/a", "az://c/a?sig=HUSH"] {
            let error = read(secret).unwrap_err().to_string();
            assert!(!error.contains("HUSH") && error.contains("no credentials"), "{error}");
        }
        assert!(is_url(Path::new("s3://b/x")) && !is_url(Path::new("https://b/x")) && !is_url(Path::new("s3:/b")));
    }
}
