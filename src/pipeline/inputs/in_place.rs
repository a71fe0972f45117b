//! Objects of a store that are read where they lie: what addresses, folders and globs name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::objects::{self, Address};
use crate::recipe::Source;
use crate::{Error, Result};

/// Bytes of objects, as listings had them: so that nobody asks for each of a hundred thousand.
static SIZES: Mutex<BTreeMap<PathBuf, u64>> = Mutex::new(BTreeMap::new());

/// The bytes of an object, as the listing that named it has them.
pub(super) fn size(url: &Path) -> Option<u64> {
    SIZES.lock().unwrap_or_else(PoisonError::into_inner).get(url).copied()
}

/// What begins the part of an address that is a pattern.
const MARKS: [char; 4] = ['*', '?', '[', '{'];

/// What a path or glob names.
pub(super) struct Named {
    /// The files, sorted.
    pub files: Vec<PathBuf>,
    /// The folder that it begins with.
    pub root: PathBuf,
    /// Whether it is a folder.
    pub folder: bool,
    /// What is said of files that are left out.
    pub said: Option<String>,
}

/// The objects that an address names: one, those of a folder, or those that a glob matches. Empty ones stand for folders in
/// many stores, and hold no row; hidden ones are taken only where the pattern itself names such.
///
/// # Errors
///
/// An address or a glob that is none; where nothing matches; what the store answers.
pub(super) fn named(source: &Source, pattern: &str) -> Result<Named> {
    let option = format!("source `{}`", source.name);
    let nothing = |cure: &str| Err(Error::input(format!("{option}: nothing matches {pattern}"), cure));
    let Some(mark) = pattern.find(MARKS) else {
        let address = Address::read(&option, pattern)?;
        let bucket = objects::bucket(address.clone())?;
        let (url, key) = (address.text(), address.key.clone());
        if !key.is_empty() && !pattern.ends_with('/') && bucket.head(&key)?.is_some() {
            let root = url.rsplit_once('/').map_or("", |(folder, _)| folder).into();
            return Ok(Named { files: vec![url.into()], root, folder: false, said: None });
        }
        let files = listed(&address, |_| true, false)?;
        return match files.is_empty() {
            true => nothing("name an object, a folder that has some, or a glob"),
            false => Ok(Named { files, root: url.into(), folder: true, said: None }),
        };
    };
    let folder = Address::read(&option, pattern[..mark].rsplit_once('/').map_or("", |(folder, _)| folder))?;
    // Only what follows the folder is a pattern.
    let head = folder.text().len();
    let rest = &pattern[head..];
    let glob = globset::GlobBuilder::new(rest).literal_separator(true).build();
    let glob = glob
        .map_err(|e| Error::input(format!("`{pattern}` is not a pattern: {e}"), "`*`, `**`, `?`, `[…]` and `{a,b}`"))?
        .compile_matcher();
    let files = listed(&folder, |url| glob.is_match(&url[head..]), rest.contains("/."))?;
    match files.is_empty() {
        true => nothing("`*` stands for part of a name, `**` for any number of folders"),
        false => Ok(Named { files, root: folder.text().into(), folder: false, said: None }),
    }
}

/// The objects below a folder that are wanted, sorted.
fn listed(folder: &Address, wanted: impl Fn(&str) -> bool, hidden: bool) -> Result<Vec<PathBuf>> {
    let bucket = objects::bucket(folder.clone())?;
    let head = folder.text().len();
    let found = bucket.list(&folder.key)?.into_iter().filter(|found| found.bytes > 0);
    let urls = found.map(|found| (bucket.url(&found.name), found.bytes));
    let seen = |url: &str| hidden || !url.get(head..).unwrap_or_default().contains("/.");
    let named = urls.filter(|(url, _)| seen(url) && wanted(url)).map(|(url, bytes)| (PathBuf::from(url), bytes));
    let named: BTreeMap<PathBuf, u64> = named.collect();
    // As paths are sorted on a disk.
    let urls = named.keys().cloned().collect();
    SIZES.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
    Ok(urls)
}

/// The folder that the address of a source begins with, which names `file` or is above it.
pub(super) fn root(pattern: &str, file: &Path) -> PathBuf {
    let whole = pattern.trim_end_matches('/');
    match pattern.find(MARKS) {
        None if file != Path::new(whole) => whole.into(),
        mark => pattern[..mark.unwrap_or(whole.len())].rsplit_once('/').map_or("", |(folder, _)| folder).into(),
    }
}
