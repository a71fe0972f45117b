//! The place of an export: a folder, or a prefix of an object store. It is written aside, put in its place whole, and never
//! over files of others.

mod store;

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk::{self, hex};
use crate::objects::is_url;
use crate::output::target::Whole;
use crate::{Error, Result};
use store::InStore;

/// The file that says what an export is, written last.
pub const MANIFEST: &str = "export.json";

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its path in the folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

/// Where an export lies that one process writes, and another puts in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Below a folder that is there as long as somebody waits, in one that whoever writes makes for itself.
    Folder(PathBuf),
    /// At an address of a store: whoever writes claims a version for itself.
    Store(PathBuf),
}

impl Room {
    /// Whether the files that a manifest names can be seen, in the folder `at` of the room.
    pub fn shows(&self, at: &str, manifest: &[u8]) -> bool {
        let Room::Folder(folder) = self else { return true };
        let there =
            |file: &Written| fs::metadata(folder.join(at).join(&file.path)).is_ok_and(|is| is.len() == file.bytes);
        serde_json::from_slice::<Earlier>(manifest).is_ok_and(|of| of.files.iter().all(there))
    }
}

/// What is read of the manifest of an earlier export.
#[derive(Clone, Deserialize)]
struct Earlier {
    /// In a store, the folder of its files.
    #[serde(default)]
    at: String,
    /// Its files.
    files: Vec<Written>,
}

/// Refuses a folder in which something lies that no export wrote, or that was changed since.
///
/// # Errors
///
/// [`Error::Input`] naming the first such file; what the system says of reading the folder.
pub fn ours(out: &Path) -> Result<()> {
    let refuse = |what: String| {
        let hint = "name another folder with --out, or move what is yours out of it";
        Err(Error::input(format!("{what}: an export replaces only what an export wrote"), hint))
    };
    let Ok(kind) = fs::metadata(out) else { return Ok(()) };
    if !kind.is_dir() {
        return refuse(format!("{} is a file", out.display()));
    }
    let manifest = fs::read(out.join(MANIFEST)).ok();
    let earlier = manifest.and_then(|bytes| serde_json::from_slice::<Earlier>(&bytes).ok());
    let files = earlier.map_or(Vec::new(), |e| e.files);
    let mut known: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
    if !files.is_empty() {
        known.insert(MANIFEST);
    }
    for entry in walkdir::WalkDir::new(out).sort_by_file_name() {
        let entry = entry.map_err(|e| Error::io(out)(e.into()))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let name = entry.path().strip_prefix(out).unwrap_or(entry.path()).to_string_lossy().into_owned();
        if !known.contains(name.as_str()) {
            return refuse(format!("{} was not written by an export", entry.path().display()));
        }
        if let Some(file) = files.iter().find(|f| f.path == name)
            && file.sha256 != crate::disk::sha256(entry.path(), &|| false).map_err(Error::io(entry.path()))?
        {
            return refuse(format!("{} was changed since it was exported", entry.path().display()));
        }
    }
    Ok(())
}

/// An export that is being written: beside its place on a disk, in a folder of its own in an object store. What is not put
/// in its place is removed again.
pub enum Staging {
    /// On a disk.
    Disk(Beside),
    /// In a store.
    Store(Box<InStore>),
}

impl Staging {
    /// A place for the files of an export that is to be `out`; what an interrupted export left there goes.
    ///
    /// # Errors
    ///
    /// As [`ours`]; [`Error::Other`] where another process writes the same export; what the system or the store says.
    pub fn new(out: &Path) -> Result<Self> {
        match is_url(out) {
            true => InStore::new(out).map(|store| Staging::Store(Box::new(store))),
            false => Beside::new(out).map(Staging::Disk),
        }
    }

    /// Writes an export that then is `out`, whole or not at all: `write` puts its files into their place and gives back what it
    /// came to, and the [`MANIFEST`]; `bytes` is what the largest file may have.
    ///
    /// # Errors
    ///
    /// As [`Staging::new`], [`Staging::publish`], and those of `write`.
    pub fn whole<T>(
        out: &Path,
        bytes: impl FnOnce() -> u64,
        write: impl FnOnce(&Self) -> Result<(T, Vec<u8>)>,
    ) -> Result<T> {
        let staging = Staging::new(out)?.expecting(bytes);
        let (exported, manifest) = write(&staging)?;
        staging.publish(&manifest)?;
        Ok(exported)
    }

    /// A place whose files somebody else writes, into the [`Room`] that is given back; then they are [taken](Self::take).
    ///
    /// # Errors
    ///
    /// As [`Staging::new`].
    pub fn awaiting(out: &Path) -> Result<(Self, Room)> {
        if is_url(out) {
            let store = InStore::awaiting(out)?;
            return Ok((Staging::Store(Box::new(store)), Room::Store(out.to_path_buf())));
        }
        let beside = Beside::new(out)?;
        let room = beside.aside.join(format!("room-{:016x}", fastrand::u64(..)));
        fs::create_dir(&room).map_err(Error::io(&room))?;
        Ok((Staging::Disk(beside), Room::Folder(room)))
    }

    /// A place in the room of somebody else, who puts the export in its place.
    ///
    /// # Errors
    ///
    /// A folder that is gone, since nobody waits any more; what the system or the store says.
    pub fn within_room(room: &Room) -> Result<Self> {
        match room {
            Room::Folder(folder) => Beside::within(folder).map(Staging::Disk),
            Room::Store(out) => InStore::new(out).map(|store| Staging::Store(Box::new(store))),
        }
    }

    /// The folder within the room in which its files are.
    pub fn at_in_room(&self) -> String {
        match self {
            Staging::Disk(beside) => beside.aside.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Staging::Store(store) => store.at().to_owned(),
        }
    }

    /// Leaves its files in the room.
    pub fn leave(self) {
        match self {
            Staging::Disk(mut beside) => beside.done = true,
            Staging::Store(store) => store.leave(),
        }
    }

    /// Takes the files that somebody else has left in the folder `at` of a room.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn take(&mut self, room: &Room, at: &str) -> Result<()> {
        match (self, room) {
            (Staging::Disk(beside), Room::Folder(room)) => beside.take(room, at),
            (Staging::Store(store), _) => {
                store.take(at);
                Ok(())
            }
            (Staging::Disk(_), Room::Store(_)) => Err(Error::Engine("an export of a store, for a disk".into())),
        }
    }

    /// The same, where the largest file may have so many bytes: a store takes a number of parts of a file, and not more.
    pub fn expecting(self, bytes: impl FnOnce() -> u64) -> Self {
        match self {
            Staging::Store(store) => Staging::Store(Box::new(store.expecting(bytes()))),
            beside => beside,
        }
    }

    /// The folder of the files within the place of the export; none where they lie in the place itself.
    pub fn at(&self) -> &str {
        match self {
            Staging::Disk(_) => "",
            Staging::Store(store) => store.at(),
        }
    }

    /// The folder of the files, once they are in their place `out`.
    pub fn within(&self, out: &Path) -> PathBuf {
        if self.at().is_empty() { out.to_path_buf() } else { out.join(self.at()) }
    }

    /// Opens a file of the export.
    ///
    /// # Errors
    ///
    /// What the system says of making it.
    pub fn file(&self, name: &str) -> Result<Hashed> {
        let out: Box<dyn Whole> = match self {
            Staging::Disk(beside) => beside.file(name)?,
            Staging::Store(store) => store.file(name),
        };
        Ok(Hashed { out, name: name.to_owned(), hash: Sha256::new(), bytes: 0 })
    }

    /// Gives a finished file another name.
    ///
    /// # Errors
    ///
    /// What the system or the store says.
    pub fn rename(&self, file: Written, name: String) -> Result<Written> {
        match self {
            Staging::Disk(beside) => {
                let (from, to) = (beside.aside.join(&file.path), beside.aside.join(&name));
                fs::rename(from, &to).map_err(Error::io(&to))?;
            }
            Staging::Store(store) => store.rename(&file.path, &name)?,
        }
        Ok(Written { path: name, ..file })
    }

    /// A file of this machine for the time of writing: it has no name, and goes when it is closed.
    ///
    /// # Errors
    ///
    /// What the system says of making it.
    pub fn scratch(&self) -> Result<File> {
        match self {
            Staging::Disk(beside) => tempfile::tempfile_in(&beside.aside).map_err(Error::io(&beside.aside)),
            Staging::Store(_) => tempfile::tempfile().map_err(Error::io(std::env::temp_dir())),
        }
    }

    /// Puts the export in its place, with `manifest` as [`MANIFEST`]; an earlier export there goes.
    ///
    /// # Errors
    ///
    /// As [`ours`], for what came there meanwhile; what the system or the store says.
    pub fn publish(self, manifest: &[u8]) -> Result<()> {
        match self {
            Staging::Disk(beside) => beside.publish(manifest),
            Staging::Store(store) => store.publish(manifest),
        }
    }
}

/// The manifest of the export at a place, as it is; none where there is no export.
///
/// # Errors
///
/// What the store answers.
pub fn manifest_of(out: &Path) -> Result<Option<Vec<u8>>> {
    match is_url(out) {
        true => store::manifest_of(out),
        false => Ok(fs::read(out.join(MANIFEST)).ok()),
    }
}

/// A folder that is being written beside its place.
pub struct Beside {
    out: PathBuf,
    aside: PathBuf,
    /// Held while this process writes, where it is to put it in its place.
    _lock: Option<File>,
    done: bool,
}

impl Beside {
    fn new(out: &Path) -> Result<Self> {
        ours(out)?;
        let name = out.file_name().ok_or_else(|| {
            Error::other(format!("{} has no name", out.display()), "name the folder itself: --out exports/mine")
        })?;
        let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let aside = parent.join(format!(".{}.corpus-export", name.to_string_lossy()));
        fs::create_dir_all(&aside).map_err(Error::io(&aside))?;
        let lock = File::open(&aside).map_err(Error::io(&aside))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another process exports into {}", out.display());
                return Err(Error::other(message, "wait for it, or name another folder with --out"));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(&aside)(error)),
        }
        clear(&aside)?;
        Ok(Beside { out: out.to_owned(), aside, _lock: Some(lock), done: false })
    }

    /// A folder of its own in one of somebody else's.
    fn within(room: &Path) -> Result<Self> {
        let aside = room.join(format!("{:016x}", fastrand::u64(..)));
        match fs::create_dir(&aside) {
            Ok(()) => Ok(Beside { out: room.to_owned(), aside, _lock: None, done: false }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::Engine(format!("{}: nobody waits for an export any more", room.display())))
            }
            Err(error) => Err(Error::io(&aside)(error)),
        }
    }

    /// Takes what lies in a folder of a room that it has made, and ends the room.
    fn take(&self, room: &Path, at: &str) -> Result<()> {
        let from = room.join(at);
        for entry in fs::read_dir(&from).map_err(Error::io(&from))? {
            let entry = entry.map_err(Error::io(&from))?;
            let to = self.aside.join(entry.file_name());
            fs::rename(entry.path(), &to).map_err(Error::io(&to))?;
        }
        // Whoever is late finds it gone at once, and puts nothing into what is being removed.
        let gone = self.aside.join("gone");
        fs::rename(room, &gone).map_err(Error::io(room))?;
        fs::remove_dir_all(&gone).map_err(Error::io(&gone))
    }

    fn file(&self, name: &str) -> Result<Box<dyn Whole>> {
        let path = self.aside.join(name);
        let mut folder = self.aside.clone();
        for part in Path::new(name).parent().into_iter().flatten() {
            // One by one: a folder of somebody else's that is gone is not made again.
            folder.push(part);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(Error::io(&folder)(error)),
                _ => {}
            }
        }
        let file = File::create(&path).map_err(Error::io(&path))?;
        Ok(Box::new(Synced { file: BufWriter::with_capacity(1 << 18, file), path }))
    }

    fn publish(mut self, manifest: &[u8]) -> Result<()> {
        let mut file = self.file(MANIFEST)?;
        file.write_all(manifest).map_err(Error::io(self.aside.join(MANIFEST)))?;
        file.finish()?;
        ours(&self.out)?;
        let failed = |error: std::io::Error| Error::io(&self.out)(error);
        if !self.out.exists() {
            fs::rename(&self.aside, &self.out).map_err(failed)?;
        } else if disk::swap(&self.aside, &self.out).is_ok() {
            // What is aside now is the earlier export.
            fs::remove_dir_all(&self.aside).map_err(Error::io(&self.aside))?;
        } else {
            // A file system that cannot exchange two folders: the earlier export goes when the new one is there.
            let earlier = self.aside.with_extension("earlier");
            fs::rename(&self.out, &earlier).map_err(failed)?;
            if let Err(error) = fs::rename(&self.aside, &self.out) {
                fs::rename(&earlier, &self.out).map_err(failed)?;
                return Err(failed(error));
            }
            fs::remove_dir_all(&earlier).map_err(Error::io(&earlier))?;
        }
        self.done = true;
        let parent = self.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        crate::disk::sync_folder(parent).map_err(Error::io(parent))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.aside);
        }
    }
}

/// A file of this machine that is on the disk when it is finished.
struct Synced {
    file: BufWriter<File>,
    path: PathBuf,
}

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Whole for Synced {
    fn finish(mut self: Box<Self>) -> Result<u64> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let bytes = synced.and_then(|()| self.file.get_ref().metadata()).map_err(Error::io(&self.path))?.len();
        Ok(bytes)
    }
}

fn clear(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(Error::io(&path))?;
    }
    Ok(())
}

/// A file that is hashed as it is written.
pub struct Hashed {
    out: Box<dyn Whole>,
    name: String,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// What the system says of writing.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(Error::io(&self.name))
    }

    /// Brings the file to the disk, or to the store.
    ///
    /// # Errors
    ///
    /// What the system says of writing and syncing; what the store says.
    pub fn close(self) -> Result<Written> {
        self.out.finish()?;
        Ok(Written { path: self.name, bytes: self.bytes, sha256: hex(&self.hash.finalize()) })
    }
}

/// A hashed file, for a writer of bytes.
pub struct Out(pub Hashed);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
