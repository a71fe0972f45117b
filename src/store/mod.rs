//! The store: everything that was fetched, by set and revision, with a manifest for each.
//!
//! ```text
//! CORPUS_CACHE/sets/KEY/REVISION/…            files, by their paths at the source
//! CORPUS_CACHE/sets/KEY/REVISION/.corpus.json the manifest
//! CORPUS_CACHE/sets/KEY/REVISION/.partial/    what is under way
//! ```
//!
//! KEY is the name of a card, or the name of a set without one with `--` in the place of `:` and `/`. A file stands
//! under its name only when it is whole and verified.

pub mod manifest;

use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};

pub use manifest::{Entry, Listed, Manifest};

use crate::disk;
use crate::{Error, Result};

/// The folder of a set in which files are under way.
pub const PARTIAL: &str = ".partial";

/// The folder that holds everything fetched.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// A file of the store, for who reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFile {
    /// Where it lies; absolute.
    pub path: PathBuf,
    /// Its path at the source.
    pub name: String,
    /// The card, or the name of the set.
    pub card: String,
    /// Commit, dump date or version; `-` where there is none.
    pub revision: String,
    /// Its entry in the manifest.
    pub entry: Entry,
}

/// A set at a revision: a folder of the store.
#[derive(Clone, Debug)]
pub struct Set {
    folder: PathBuf,
}

/// Keeps other processes from a set while it is held.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Store {
    /// The store that `CORPUS_CACHE` names, else `$XDG_CACHE_HOME/corpus`, else `~/.cache/corpus`. Nothing is made yet.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where `CORPUS_CACHE` is a URL or begins with a `~`, [`Error::Other`] where no variable names a
    /// folder; [`Error::Io`] where the current folder, from which a relative path starts, is unknown.
    pub fn open() -> Result<Self> {
        let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = var("CORPUS_CACHE")
            .or_else(|| Some(var("XDG_CACHE_HOME")?.join("corpus")))
            .or_else(|| Some(var("HOME")?.join(".cache/corpus")));
        root.as_deref().map_or(Ok(()), |root| disk::local("CORPUS_CACHE", root))?;
        let cure = "set CORPUS_CACHE to the folder that is to hold what is fetched";
        Self::at(root.ok_or_else(|| Error::other("there is no home folder to keep a cache in", cure))?)
    }

    /// The store in a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the path is empty, or relative and the current folder unknown.
    pub fn at(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        Ok(Store { root: std::path::absolute(&root).map_err(Error::io(&root))? })
    }

    /// The root folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a set at a revision. Both must be names that a folder can have.
    pub fn set(&self, key: &str, revision: &str) -> Set {
        Set { folder: self.root.join("sets").join(key).join(revision) }
    }

    /// All sets that have a manifest, by key and revision.
    ///
    /// # Errors
    ///
    /// As [`Set::manifest`], of the first set whose manifest cannot be read. A folder that is not there holds no sets.
    pub fn sets(&self) -> Result<Vec<(Set, Manifest)>> {
        let mut sets = Vec::new();
        for key in folders(&self.root.join("sets")) {
            for folder in folders(&key) {
                let set = Set { folder };
                if let Some(manifest) = set.manifest()? {
                    sets.push((set, manifest));
                }
            }
        }
        Ok(sets)
    }

    /// The revisions of a set, the one that was added to last first.
    ///
    /// # Errors
    ///
    /// As [`Set::manifest`], of the first revision whose manifest cannot be read.
    pub fn revisions(&self, key: &str) -> Result<Vec<(Set, Manifest)>> {
        let mut sets = Vec::new();
        for folder in folders(&self.root.join("sets").join(key)) {
            let set = Set { folder };
            if let Some(manifest) = set.manifest()? {
                sets.push((set, manifest));
            }
        }
        let newest = |m: &Manifest| m.files.values().map(|f| f.fetched.clone()).max();
        sets.sort_by_key(|(_, manifest)| std::cmp::Reverse(newest(manifest)));
        Ok(sets)
    }

    /// The files of a part of a set, by name, of the revision asked for, else of the newest that has the whole part.
    /// `None` where no revision has all of it.
    ///
    /// # Errors
    ///
    /// As [`Store::revisions`].
    pub fn find(&self, key: &str, part: &str, revision: Option<&str>) -> Result<Option<Vec<StoredFile>>> {
        for (set, manifest) in self.revisions(key)? {
            if revision.is_some_and(|r| !manifest.is_revision(r)) || !manifest.parts.contains(part) {
                continue;
            }
            let of_part = |name: &String| manifest.listed[name].part == part;
            let names: Vec<&String> = manifest.listed.keys().filter(|name| of_part(name)).collect();
            if !names.is_empty() && names.iter().all(|name| set.has(&manifest, name)) {
                return Ok(Some(names.into_iter().map(|name| set.stored(&manifest, name)).collect()));
            }
        }
        Ok(None)
    }

    /// Every file that a manifest names, by set and path.
    ///
    /// # Errors
    ///
    /// As [`Store::sets`].
    pub fn files(&self) -> Result<Vec<StoredFile>> {
        let sets = self.sets()?;
        Ok(sets.iter().flat_map(|(set, m)| m.files.keys().map(|name| set.stored(m, name))).collect())
    }
}

/// The folder of a set, or of a revision, by its name: `hf:owner/name` is `hf--owner--name`. Names that no folder can
/// have, or that are too long for one, become a readable head and a sum.
pub fn key(name: &str) -> String {
    use sha2::Digest;
    let key = name.replace("://", "--").replace(['/', ':'], "--");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+=@,~".contains(c);
    let fits = key.len() <= 150 && key.chars().all(plain) && key.starts_with(|c: char| c != '.') && !key.ends_with('.');
    if fits || key == "-" {
        return key;
    }
    let head: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    format!("{head}--{}", disk::hex(&sha2::Sha256::digest(name)[..8]))
}

/// Whether a file of a set is what a fetch that was stopped left behind.
pub fn is_left(name: &str) -> bool {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(rest) = name.strip_prefix(manifest::NAME).and_then(|rest| rest.strip_prefix('.')) {
        return rest.strip_suffix(".tmp").and_then(|of| of.split_once('-')).is_some_and(|(a, b)| hex(a) && hex(b));
    }
    let under_way = name.strip_prefix(PARTIAL).and_then(|rest| rest.strip_prefix('/')?.rsplit_once('.'));
    under_way.is_some_and(|(stem, end)| hex(stem) && ["part", "log", "import", "member"].contains(&end))
}

/// The folders in a folder, sorted; none where it is not there.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

impl Set {
    /// The folder of the set at its revision.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder for what is under way.
    pub fn partial(&self) -> PathBuf {
        self.folder.join(PARTIAL)
    }

    /// Its manifest, where there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be read, [`Error::Input`] where it is no manifest of this version.
    pub fn manifest(&self) -> Result<Option<Manifest>> {
        let path = self.folder.join(manifest::NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path)(error)),
        };
        let broken = |what: String| {
            let cure = format!("remove {} and fetch the set again", self.folder.display());
            Error::input(format!("{}: {what}", path.display()), cure)
        };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?;
        if manifest.v != 1 {
            return Err(broken(format!("version {} is of another corpus", manifest.v)));
        }
        Ok(Some(manifest))
    }

    /// Writes the manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be written.
    pub fn write(&self, manifest: &Manifest) -> Result<()> {
        let path = self.folder.join(manifest::NAME);
        let text = serde_json::to_vec_pretty(manifest).map_err(|e| Error::other(e.to_string(), "report this"))?;
        disk::write_whole(&path, &text).map_err(Error::io(path))
    }

    /// Makes the folder and waits until no other process works on the set. `waiting` is called once where one does;
    /// `stop` ends the wait.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] where `stop` ends the wait, [`Error::Io`] where the folder or the lock file cannot be
    /// made or locked.
    pub fn lock(&self, waiting: &dyn Fn(), stop: &dyn Fn() -> bool) -> Result<Lock> {
        let partial = self.partial();
        fs::create_dir_all(&partial).map_err(Error::io(&partial))?;
        let path = partial.join("lock");
        let file = File::options().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        let mut said = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(fs::TryLockError::WouldBlock) if stop() => return Err(Error::Interrupted),
                Err(fs::TryLockError::WouldBlock) => {
                    if !said {
                        waiting();
                    }
                    said = true;
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
                Err(fs::TryLockError::Error(error)) => return Err(Error::io(path)(error)),
            }
        }
    }

    /// Where a file lies, or is to lie.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether a file of the manifest is here as the manifest says: an ordinary file of that size, reached by no link.
    pub fn has(&self, manifest: &Manifest, name: &str) -> bool {
        let Some(entry) = manifest.files.get(name).filter(|e| !e.damaged) else { return false };
        let path = self.path(name);
        let plain = |m: fs::Metadata| m.is_file() && m.len() == entry.bytes;
        fs::symlink_metadata(&path).is_ok_and(plain) && self.link_above(name).is_none()
    }

    /// The folder on the way to a file that is a link, or no folder.
    fn link_above(&self, name: &str) -> Option<PathBuf> {
        let mut path = self.folder.clone();
        let parts: Vec<Component<'_>> = Path::new(name).components().collect();
        for part in &parts[..parts.len().saturating_sub(1)] {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(meta) if !meta.is_dir() => return Some(path),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Makes the folders in which a file is to lie.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where a link is in the way, [`Error::Io`] where a folder cannot be made.
    pub fn make_room(&self, name: &str) -> Result<()> {
        if let Some(link) = self.link_above(name) {
            let message = format!("{} is in the way of {name}: it is no folder of the store", link.display());
            return Err(Error::input(message, "remove it; the store holds folders and files only"));
        }
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(Error::io(folder))
    }

    /// Refuses new bytes of this sum where a file lies that no fetch put there: the manifest does not name it, and it is
    /// not the same file, left by a fetch that was killed.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where such a file lies there; [`Error::Io`] where it or the manifest cannot be read.
    pub fn unclaimed(&self, name: &str, sha256: &str) -> Result<()> {
        let path = self.path(name);
        let Ok(there) = fs::symlink_metadata(&path) else { return Ok(()) };
        let ours = self.manifest()?.is_some_and(|manifest| manifest.files.contains_key(name))
            || there.is_file() && disk::sha256(&path, &|| false).map_err(Error::io(&path))? == sha256;
        if ours {
            return Ok(());
        }
        let message = format!("{} is in the way: no fetch put it there", path.display());
        Err(Error::input(message, "move it away, and run the same command again"))
    }

    /// Files under the set's folder that fetches made: `.corpus.json`, what it names, and what is under way.
    pub fn is_ours(&self, manifest: &Manifest, name: &str) -> bool {
        name == manifest::NAME
            || name == format!("{PARTIAL}/lock")
            || manifest.files.contains_key(name)
            || is_left(name)
    }

    /// A file of the manifest, for who reads it.
    pub fn stored(&self, manifest: &Manifest, name: &str) -> StoredFile {
        StoredFile {
            path: self.path(name),
            name: name.to_owned(),
            card: manifest.card.clone(),
            revision: manifest.revision.clone(),
            entry: manifest.files.get(name).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(part: &str, bytes: u64, fetched: &str) -> Entry {
        Entry { part: part.into(), bytes, fetched: fetched.into(), license: "MIT".into(), ..Entry::default() }
    }

    #[test]
    fn a_part_is_found_where_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path()).unwrap();
        for (revision, fetched) in [("r1", "2025"), ("r2", "2026")] {
            let set = store.set("mine", revision);
            let _lock = set.lock(&|| (), &|| false).unwrap();
            let mut manifest = Manifest::new("mine", revision);
            let listed = Listed { part: "all".into(), bytes: Some(3) };
            let names = ["a.txt", "b/c.txt"];
            manifest.list(&["all".to_owned()].into(), names.map(|n| (n.to_owned(), listed.clone())));
            for name in names {
                set.make_room(name).unwrap();
                fs::write(set.path(name), "abc").unwrap();
                manifest.files.insert(name.into(), entry("all", 3, fetched));
            }
            set.write(&manifest).unwrap();
        }
        let revision = |found: Option<Vec<StoredFile>>| found.map(|files| files[0].revision.clone());
        assert_eq!(revision(store.find("mine", "all", None).unwrap()).as_deref(), Some("r2"));
        assert_eq!(revision(store.find("mine", "all", Some("r1")).unwrap()).as_deref(), Some("r1"));
        assert_eq!(store.find("mine", "other", None).unwrap(), None);
        fs::write(store.set("mine", "r2").path("b/c.txt"), "abcd").unwrap();
        assert_eq!(revision(store.find("mine", "all", None).unwrap()).as_deref(), Some("r1"));
        assert_eq!(store.files().unwrap().len(), 4);
    }

    #[test]
    fn keys_are_folders() {
        assert_eq!(key("hf:owner/name"), "hf--owner--name");
        assert_eq!(key("opus:UNPC/en-zh"), "opus--UNPC--en-zh");
        assert_eq!(
            (key("-"), key("refs/convert/parquet"), key("a.b_c")),
            ("-".into(), "refs--convert--parquet".into(), "a.b_c".into())
        );
        for odd in ["..", ".", "a\\b", "a b", "x.", &"x".repeat(500)] {
            let key = key(odd);
            assert!(key.len() < 100, "{odd}: {key}");
            assert!(key.contains("--"), "{odd}: {key}");
            assert!(!key.contains([' ', '\\']), "{odd}: {key}");
            assert!(!key.starts_with('.'), "{odd}: {key}");
        }
        assert_ne!(key(&"x".repeat(500)), key(&"x".repeat(501)));
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let set = Store::at(folder.path().join("s")).unwrap().set("mine", "-");
        let _lock = set.lock(&|| (), &|| false).unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("out/a"), "abc").unwrap();
        std::os::unix::fs::symlink(folder.path().join("out"), set.path("d")).unwrap();
        let mut manifest = Manifest::new("mine", "-");
        manifest.files.insert("d/a".into(), entry("all", 3, ""));
        assert!(!set.has(&manifest, "d/a"));
        assert!(set.make_room("d/b").is_err());
    }
}
