//! Names and marks of what builds write: how a build knows its own folders from others.

use std::fs;
use std::path::Path;

use crate::output::parquet_file::write_whole;
use crate::stages::global::INDEX;
use crate::{Error, Result};

/// What a build writes into its output folder.
pub(crate) const NAMES: [&str; 6] = ["build.json", "data", "dropped", "unreadable", INDEX, "README.md"];
/// The folder of what is under way.
pub(crate) const ASIDE: &str = ".corpus";
/// The file that says that a folder is ours.
pub(crate) const MARKER: &str = ".corpus-work";
/// What stands in it.
pub(crate) const MARK: &str = "Jobs of `corpus build` lie here. All in this folder is made again when it is missing.\n";
/// The file in a work folder that names the jobs of the last build.
pub(crate) const LAST: &str = "last.json";
/// The folder in a work folder in which processes that share a build know of each other.
pub(crate) const MEMBERS: &str = "workers";
/// The file in a work folder that says which files of a build have arrived in an object store.
pub(crate) const UPLOADED: &str = "upload.log";
/// The folder in a work folder of copies of inputs that are packed.
pub(crate) const UNPACKED: &str = "unpacked";
/// What builds put into a work folder, beside the folders of jobs.
pub(crate) const WORK: [&str; 9] =
    ["spill", UNPACKED, "prepared", "inputs.json", "inputs.log", "units.log", UPLOADED, LAST, MEMBERS];

/// Whether a folder has our mark.
pub(crate) fn is_marked(folder: &Path) -> bool {
    fs::read(folder.join(MARKER)).is_ok_and(|bytes| bytes == MARK.as_bytes())
}

/// Marks a folder as ours: one that is not there, is empty, or has the mark.
pub(crate) fn claim(folder: &Path) -> Result<()> {
    if is_marked(folder) {
        return Ok(());
    }
    let marker = folder.join(MARKER);
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let others = fs::read_dir(folder).map_err(Error::io(folder))?.flatten().map(|e| e.file_name());
    let mut others: Vec<String> = others.map(|name| name.to_string_lossy().into_owned()).collect();
    others.retain(|name| !name.starts_with(&format!("{MARKER}.")));
    others.sort();
    let Some(other) = others.first() else { return write_whole(&marker, MARK.as_bytes()) };
    // Another worker of the same build has claimed it meanwhile: the mark comes first.
    if is_marked(folder) {
        return Ok(());
    }
    // Builds before the mark was made left folders without one: what is told of them is how they look.
    let older = others.iter().all(|name| job(name) || name == ".lock") && others.iter().any(|name| name == "units.log");
    let why = if older {
        "it has no mark of a build of today, and looks like one of an older corpus:"
    } else {
        "no build of corpus made the folder"
    };
    let cure = if older {
        format!("remove it (`rm -r {}`): all in it is made again; or name another with --work", shell(&[folder]))
    } else {
        "work in another folder with --work, or remove this one yourself if nothing in it is needed".to_owned()
    };
    let (other, folder) = (folder.join(other), folder.display());
    Err(Error::input(format!("{} is in the way: {why} {folder}", other.display()), cure))
}

/// Whether something in a work folder is what builds put there.
pub(crate) fn job(name: &str) -> bool {
    let hex = |tail: &str| tail.len() == 16 && tail.bytes().all(|b| b.is_ascii_hexdigit());
    WORK.contains(&name) || name.rsplit_once('-').is_some_and(|(_, tail)| hex(tail))
}

/// Removes a file or folder of ours, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(m) if m.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path)(e)),
        _ => Ok(()),
    }
}

/// Paths as a shell takes them.
pub(crate) fn shell(paths: &[&Path]) -> String {
    let one = |path: &&Path| format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"));
    paths.iter().map(one).collect::<Vec<_>>().join(" ")
}
