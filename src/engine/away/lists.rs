//! Files of parts of jobs in an object store, through which processes hand them to one another that see no folder in common.
//!
//! ```text
//! WORK/JOB/part-000003.by-WORKER/…   the files of a part, as that process has them in its folder of jobs
//! WORK/JOB/part-000003.done          whose files count, and which they are; put last, where there is none
//! ```
//!
//! A part is done when its list is there. Of two processes that did the same part the first list stays, and the other one
//! takes its own files away: so a list never names a file that somebody writes. Parts are asked for by their names, and no
//! listing tells what is there.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::aside;
use crate::objects::{Folder, Put, Reading, Upload};
use crate::output::parquet_file::settle;
use crate::{Error, Result};

/// What stands between the name of a part and that of the process whose files they are.
pub const BY: &str = ".by-";
/// What lists end with.
pub const DONE: &str = ".done";

/// The files of a part that count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List {
    /// Version of this layout: 1.
    v: u32,
    /// The process that wrote them.
    pub by: String,
    /// Names within the folder of the job, and bytes.
    pub files: Vec<(String, u64)>,
}

/// An object that is a file of a folder of jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Its name below the address of the jobs.
    pub object: String,
    /// That of the file, in the folder of jobs.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
}

impl List {
    /// The objects of the part `name`, as files of the folder of jobs.
    pub fn stored(&self, name: &str) -> impl Iterator<Item = Stored> {
        let job = name.rsplit_once('/').map_or(String::new(), |(job, _)| format!("{job}/"));
        self.files.iter().map(move |(file, bytes)| Stored {
            object: object(name, &self.by, file),
            file: format!("{job}{file}"),
            bytes: *bytes,
        })
    }
}

/// The object of a file of a part that a process has done.
pub fn object(part: &str, by: &str, file: &str) -> String {
    format!("{part}{BY}{by}/{file}")
}

/// The lists of some parts, by their names; none of those that are not done.
///
/// # Errors
///
/// What the store answers; a list that is none.
pub fn lists(folder: &Folder, parts: &[String]) -> Result<Vec<Option<List>>> {
    let objects: Vec<String> = parts.iter().map(|name| format!("{name}{DONE}")).collect();
    let read = |(name, found): (&String, Option<Vec<u8>>)| {
        let Some(json) = found else { return Ok(None) };
        let list = serde_json::from_slice::<List>(&json).ok().filter(|list| list.v == 1);
        let url = folder.url(&format!("{name}{DONE}"));
        list.map(Some).ok_or_else(|| broken(folder, name, format!("{url} is no list of files of a job")))
    };
    parts.iter().zip(folder.reads(&objects)?).map(read).collect()
}

/// An error of the job of which an object is.
fn broken(folder: &Folder, name: &str, message: String) -> Error {
    let job = folder.url(name.split('/').next().unwrap_or(name));
    Error::other(message, format!("remove {job} from the store, and run the same command again"))
}

/// Puts a file of this machine; its bytes.
///
/// # Errors
///
/// What the system or the store says.
pub fn put(folder: &Folder, object: &str, path: &Path) -> Result<u64> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let bytes = file.metadata().map_err(Error::io(path))?.len();
    let mut upload = Upload::new(folder, object, bytes);
    io::copy(&mut file, &mut upload).map_err(Error::io(path))?;
    Ok(upload.finish()?.bytes)
}

/// Hands over the files of a part, each with its name within the folder of the job; the list, where it is the first. Where
/// another process has handed over its own meanwhile, those stay, and none of these.
///
/// # Errors
///
/// What the system or the store says.
pub fn hand(folder: &Folder, (part, by): (&str, &str), files: &[(String, PathBuf)]) -> Result<Option<List>> {
    let mut list = List { v: 1, by: by.to_owned(), files: Vec::new() };
    for (name, path) in files {
        list.files.push((name.clone(), put(folder, &object(part, by, name), path)?));
    }
    let json = serde_json::to_vec(&list).map_err(|e| Error::Engine(e.to_string()))?;
    if folder.replace(&format!("{part}{DONE}"), &json, None)? == Put::Done {
        return Ok(Some(list));
    }
    // What cannot be removed now is no harm, and goes when the build has ended.
    let _ = folder.delete(&files.iter().map(|(name, _)| object(part, by, name)).collect::<Vec<_>>());
    Ok(None)
}

/// Brings an object to a place of this machine.
///
/// # Errors
///
/// What the system or the store says; an object that is not there, or not of these bytes.
pub fn bring(folder: &Folder, Stored { object, bytes, .. }: &Stored, place: &Path) -> Result<()> {
    let there = folder.head(object)?.filter(|found| found.bytes == *bytes);
    let missing = || format!("{} was put with {bytes} bytes, and is not there", folder.url(object));
    there.ok_or_else(|| broken(folder, object, missing()))?;
    let parent = place.parent().unwrap_or(place);
    std::fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let path = aside(place);
    let file = File::create_new(&path).map_err(Error::io(&path))?;
    let copied = Reading::open(folder, object).and_then(|reading| {
        let mut to = BufWriter::with_capacity(1 << 18, file);
        io::copy(&mut reading.bytes_from(0), &mut to).map_err(Error::io(&path))?;
        to.into_inner().map_err(|e| Error::io(&path)(e.into_error()))
    });
    copied.and_then(|file| settle(file, &path, place)).inspect_err(|_| drop(std::fs::remove_file(&path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two that did the same part the first one's files count; the other's are gone, and those that count come back whole.
    #[test]
    fn the_first_list_of_a_part_stays() {
        let folder = Folder::in_memory("s3://bucket/jobs").unwrap();
        let disk = tempfile::tempdir().unwrap();
        let (part, name) = ("scan-1/part-000003", "unit-000003.parquet".to_owned());
        let written = |by: &str| {
            let path = disk.path().join(by);
            std::fs::write(&path, format!("by {by}")).unwrap();
            [(name.clone(), path)]
        };
        let known = || lists(&folder, &[part.to_owned(), "scan-1/part-000004".to_owned()]).unwrap();
        assert_eq!(known(), [None, None]);
        let first = hand(&folder, (part, "one"), &written("one")).unwrap();
        assert_eq!(hand(&folder, (part, "two"), &written("two")).unwrap(), None);
        assert_eq!((&known()[0], first.as_ref().map(|list| list.by.as_str())), (&first, Some("one")));
        assert!(folder.head(&object(part, "two", &name)).unwrap().is_none());

        let stored: Vec<Stored> = first.unwrap().stored(part).collect();
        assert_eq!((stored.len(), stored[0].file.as_str()), (1, "scan-1/unit-000003.parquet"));
        let place = disk.path().join(&stored[0].file);
        bring(&folder, &stored[0], &place).unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "by one");
        let other = Stored { bytes: 99, ..stored[0].clone() };
        let error = bring(&folder, &other, &place).unwrap_err().to_string();
        assert!(error.contains("was put with 99 bytes, and is not there"), "{error}");
    }
}
