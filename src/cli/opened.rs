//! The build that a command reads: a folder, or the place of one in an object store.

use std::path::{Path, PathBuf};

use crate::objects::{self, Address, Folder, Known, is_url, known, remember};
use crate::pipeline::publish::manifest::Manifest;
use crate::{Error, Result};

/// The folder of a build: that which was named, or, in a store, that of the version that stands there now. It is read
/// there, and nowhere else, to the end of the command, even if another build is put in its place.
///
/// # Errors
///
/// What the store answers; a manifest there that is none.
pub(super) fn opened(build: &Path) -> Result<PathBuf> {
    if !is_url(build) {
        return Ok(build.to_path_buf());
    }
    let address = Address::read("the build", &build.to_string_lossy())?;
    let name = |text: &str| if text.is_empty() { "build.json".to_owned() } else { format!("{text}/build.json") };
    let bucket = objects::bucket(address.clone())?;
    // The folder of a version is named by what was said of it before.
    let (of, wanted) = match address.key.rsplit_once("/versions/") {
        Some((of, _)) => (of.to_owned(), Some(&address.key)),
        None => (address.key.clone(), None),
    };
    let Some((manifest, _)) = bucket.read(&name(&of))? else { return Ok(build.to_path_buf()) };
    let folder = remembered(&bucket, &of, manifest)?;
    match wanted.filter(|wanted| bucket.url(wanted) != folder) {
        Some(_) => Err(Error::input(
            format!("{} is not the build that stands there any more", address.text()),
            format!("name its place: {}", bucket.url(&of)),
        )),
        None => Ok(folder.into()),
    }
}

/// Takes down what a manifest says; the address of the folder of its files.
fn remembered(bucket: &Folder, of: &str, bytes: Vec<u8>) -> Result<String> {
    let wrong = |e| Error::input(format!("{}: {e}", bucket.url(of)), "another version wrote it: build again");
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(wrong)?;
    let parts = [of, manifest.at.as_str()].into_iter().filter(|part| !part.is_empty());
    let folder = bucket.url(&parts.collect::<Vec<_>>().join("/"));
    remember(&folder, Known { manifest: bytes, names: manifest.written.into_keys().collect() });
    Ok(folder)
}

/// Whether there is a build in a folder that [`opened`] gave.
pub(super) fn is_build(folder: &Path) -> bool {
    known(folder).is_some() || folder.join("build.json").is_file()
}

/// The refusal of what is no build; `example` is how the command is written.
pub(super) fn no_build(folder: &Path, example: &str) -> Error {
    let hint = format!("name the folder of a finished build: `{example}`");
    Error::input(format!("{} is no build: it has no build.json", folder.display()), hint)
}

/// A folder of this machine beside the build, or below it, by default; in a store there is none, and `option` has to say.
///
/// # Errors
///
/// A build in a store.
pub(super) fn beside(build: &Path, name: &str, option: &str) -> Result<PathBuf> {
    if is_url(build) {
        let message = format!("{} is in an object store, where nothing is written", build.display());
        return Err(Error::other(message, format!("say where on this machine with {option}")));
    }
    Ok(build.join(name))
}
