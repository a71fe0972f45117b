//! A file under way: its bytes in `.partial`, and a journal of which ranges are there, of which file.
//!
//! The journal is one line of JSON (what file this is) and a line for every stretch that was written. It is appended
//! to, never synced: a killed process loses nothing that the system has taken. After a crash of the machine the bytes
//! are trusted only where a checksum will tell.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sums::{Checksums, Found, Sums};
use crate::disk::hex;

/// HTTP validators (RFC 9110, 8.8) and length: whether a file is still the one that a download began with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Length of the whole, where it is known.
    pub total: Option<u64>,
    /// Entity tag, as sent.
    pub tag: Option<String>,
    /// `Last-Modified`, as sent.
    pub modified: Option<String>,
}

impl Version {
    /// What `If-Range` can hold: a strong tag, else a date.
    pub fn condition(&self) -> Option<String> {
        self.tag.clone().filter(|t| !t.starts_with("W/")).or_else(|| self.modified.clone())
    }

    /// Whether an answer with `other` is of the same file, as far as both say.
    pub fn agrees(&self, other: &Version) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        let tags = same(&self.tag, &other.tag);
        let dates = self.tag.is_some() || same(&self.modified, &other.modified);
        tags && dates && (self.total.is_none() || other.total.is_none() || self.total == other.total)
    }
}

#[derive(Serialize, Deserialize)]
struct Head {
    /// Identity of the file: the hash of its address and size.
    of: String,
    #[serde(flatten)]
    version: Version,
    /// The run of this machine.
    boot: String,
}

/// A file under way.
pub struct Partial {
    data: PathBuf,
    journal: PathBuf,
    of: String,
    expected: Checksums,
    file: File,
    state: Mutex<State>,
}

struct State {
    log: File,
    done: Ranges,
    version: Version,
    sums: Sums,
}

/// Stretches of a file, sorted and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u64, u64)>);

impl Partial {
    /// Opens what lies in `folder` of the file `name`, if it is the file that `of` identifies; else begins anew.
    /// `trusted`: what is whole will be checked by sums, so that bytes of unknown age may be kept.
    ///
    /// # Errors
    ///
    /// What the system says of opening, reading or writing the file and its journal; something that is no file in their
    /// place.
    pub fn open(
        folder: &Path,
        name: &str,
        of: &str,
        expected: &Checksums,
        bytes: Option<u64>,
        trusted: bool,
    ) -> io::Result<Self> {
        let stem = hex(&Sha256::digest(name)[..12]);
        let (data, journal) = (folder.join(format!("{stem}.part")), folder.join(format!("{stem}.log")));
        for path in [&data, &journal] {
            if fs::symlink_metadata(path).is_ok_and(|m| !m.is_file()) {
                return Err(io::Error::other(format!("{} is in the way", path.display())));
            }
        }
        let file = File::options().create(true).read(true).write(true).truncate(false).open(&data)?;
        let log = File::options().create(true).append(true).open(&journal)?;
        let (version, done) = restore(&journal, of, trusted, file.metadata()?.len()).unwrap_or_default();
        let fresh = done.0.is_empty();
        let sums = Sums::new(expected, bytes.or(version.total));
        let state = Mutex::new(State { log, done, version, sums });
        let of = of.to_owned();
        let partial = Partial { data, journal, of, expected: expected.clone(), file, state };
        if fresh {
            partial.reset(bytes)?;
        }
        Ok(partial)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all bytes.
    ///
    /// # Errors
    ///
    /// What the system says of cutting the file or its journal.
    pub fn reset(&self, bytes: Option<u64>) -> io::Result<()> {
        let mut state = self.state();
        state.log.set_len(0)?;
        self.file.set_len(0)?;
        state.done = Ranges::default();
        state.version = Version::default();
        state.sums = Sums::new(&self.expected, bytes);
        Ok(())
    }

    /// Writes down which file it is that begins to arrive.
    ///
    /// # Errors
    ///
    /// What the system says of writing the journal.
    pub fn begin(&self, version: &Version) -> io::Result<()> {
        let mut state = self.state();
        state.version = version.clone();
        if state.sums.at == 0 {
            state.sums = Sums::new(&self.expected, version.total);
        }
        let head = Head { of: self.of.clone(), version: version.clone(), boot: boot() };
        let mut lines = serde_json::to_string(&head).map_err(io::Error::other)? + "\n";
        for (from, to) in &state.done.0 {
            lines += &format!("{from} {to}\n");
        }
        state.log.set_len(0)?;
        state.log.write_all(lines.as_bytes())
    }

    /// The validators of the file that its bytes are of.
    pub fn version(&self) -> Version {
        self.state().version.clone()
    }

    /// Writes bytes at their place, and sums them where they are the next in order.
    ///
    /// # Errors
    ///
    /// What the system says of writing to the file.
    pub fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)?;
        let mut state = self.state();
        if state.sums.at == at {
            state.sums.update(bytes);
        }
        Ok(())
    }

    /// Writes down that a stretch is there.
    ///
    /// # Errors
    ///
    /// What the system says of writing to the journal.
    pub fn mark(&self, from: u64, to: u64) -> io::Result<()> {
        let mut state = self.state();
        state.done.add(from, to);
        state.log.write_all(format!("{from} {to}\n").as_bytes())
    }

    /// Bytes that are there.
    pub fn bytes(&self) -> u64 {
        self.state().done.bytes()
    }

    /// The first stretch that is missing and begins at or after `from`; its end is `None` where no end is known.
    pub fn gaps(&self) -> Vec<(u64, Option<u64>)> {
        let state = self.state();
        state.done.gaps(state.version.total)
    }

    /// Sums the whole, reading back what did not pass in order, and compares with what was told. `Err(Ok(words))` is a
    /// sum that differs.
    ///
    /// # Errors
    ///
    /// `Err(Ok(words))` where a sum differs; `Err(Err(error))` where the file cannot be read back, or is shorter than
    /// its journal says, or once `stop` says so.
    pub fn finish(&self, stop: &dyn Fn() -> bool) -> Result<Found, io::Result<String>> {
        let mut state = self.state();
        let whole = state.done.bytes();
        let mut sums = std::mem::replace(&mut state.sums, Sums::new(&self.expected, Some(whole)));
        drop(state);
        let mut block = vec![0; 1 << 20];
        while sums.at < whole {
            if stop() {
                return Err(Err(io::Error::from(io::ErrorKind::Interrupted)));
            }
            let most = block.len().min(usize::try_from(whole - sums.at).unwrap_or(usize::MAX));
            match self.file.read_at(&mut block[..most], sums.at).map_err(Err)? {
                0 => return Err(Err(io::Error::from(io::ErrorKind::UnexpectedEof))),
                count => sums.update(&block[..count]),
            }
        }
        sums.finish(&self.expected).map_err(Ok)
    }

    /// The path of the data file.
    pub fn path(&self) -> &Path {
        &self.data
    }

    /// Puts the file in its place, for good.
    ///
    /// # Errors
    ///
    /// What the system says of syncing or renaming the file, or of removing its journal.
    pub fn place(self, to: &Path, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        self.file.sync_all()?;
        fs::rename(&self.data, to)?;
        crate::disk::sync_folder(to.parent().unwrap_or(Path::new(".")))?;
        fs::remove_file(&self.journal)
    }
}

/// What a journal says, where it is of this file.
fn restore(journal: &Path, of: &str, trusted: bool, length: u64) -> Option<(Version, Ranges)> {
    let mut text = String::new();
    File::open(journal).ok()?.read_to_string(&mut text).ok()?;
    let (head, rest) = text.split_once('\n')?;
    let head: Head = serde_json::from_str(head).ok()?;
    let known = trusted || (head.boot == boot() && head.version.condition().is_some());
    if head.of != of || !known {
        return None;
    }
    let mut done = Ranges::default();
    // The last line counts only if it is whole.
    for line in rest.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')) {
        let (from, to) = line.split_once(' ')?;
        done.add(from.parse().ok()?, to.parse::<u64>().ok()?.min(length));
    }
    Some((head.version, done))
}

/// Names this run of the machine; the same for ever where the system does not tell.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

impl Ranges {
    /// Adds the byte range `from..to`.
    pub fn add(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|r| r.1 < from);
        let last = self.0.partition_point(|r| r.0 <= to);
        let (mut from, mut to) = (from, to);
        for range in self.0.drain(first..last) {
            (from, to) = (from.min(range.0), to.max(range.1));
        }
        self.0.insert(first, (from, to));
    }

    /// The number of bytes in all ranges.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|r| r.1 - r.0).sum()
    }

    /// What is missing of a whole of `total` bytes.
    pub fn gaps(&self, total: Option<u64>) -> Vec<(u64, Option<u64>)> {
        let (mut at, mut gaps) = (0, Vec::new());
        for (from, to) in &self.0 {
            if at < *from {
                gaps.push((at, Some(*from)));
            }
            at = *to;
        }
        if total.is_none_or(|total| at < total) {
            gaps.push((at, total));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_grow_together() {
        let mut ranges = Ranges::default();
        for (from, to) in [(5, 6), (0, 2), (3, 4), (2, 3), (9, 9), (4, 5), (8, 10)] {
            ranges.add(from, to);
        }
        assert_eq!(ranges.0, [(0, 6), (8, 10)]);
        assert_eq!(ranges.gaps(Some(12)), [(6, Some(8)), (10, Some(12))]);
        assert_eq!(ranges.gaps(Some(10)), [(6, Some(8))]);
        assert_eq!(Ranges::default().gaps(None), [(0, None)]);
        assert_eq!(Ranges::default().gaps(Some(0)), []);
    }

    #[test]
    fn goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let expected =
            Checksums { sha1: Some("a9993e364706816aba3e25717850c26c9cd0d89d".into()), ..Checksums::default() };
        let open = |of: &str, trusted| Partial::open(folder.path(), "n", of, &expected, Some(3), trusted).unwrap();
        let version = Version { total: Some(3), tag: Some("\"t\"".into()), modified: None };
        let first = open("x", true);
        first.begin(&version).unwrap();
        first.write(0, b"a").unwrap();
        first.write(2, b"c").unwrap();
        first.mark(0, 1).unwrap();
        first.mark(2, 3).unwrap();
        drop(first);
        let second = open("x", false);
        assert_eq!((second.bytes(), second.version()), (2, version));
        assert_eq!(second.gaps(), [(1, Some(2))]);
        second.write(1, b"b").unwrap();
        second.mark(1, 2).unwrap();
        assert!(second.gaps().is_empty());
        assert_eq!(second.finish(&|| false).unwrap().others[0].0, "sha1");
        second.place(&folder.path().join("whole"), 3).unwrap();
        assert_eq!(fs::read(folder.path().join("whole")).unwrap(), b"abc");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let none = Checksums::default();
        let open = |of: &str, trusted| Partial::open(folder.path(), "n", of, &none, None, trusted).unwrap();
        let first = open("x", false);
        first.begin(&Version::default()).unwrap();
        first.write(0, b"abc").unwrap();
        first.mark(0, 3).unwrap();
        drop(first);
        assert_eq!(open("x", true).bytes(), 3);
        assert_eq!(open("x", false).bytes(), 0, "no tag, no date, no sum: nothing tells whether it is the same");
        assert_eq!(open("y", true).bytes(), 0);
    }

    #[test]
    fn versions_agree_as_far_as_they_say() {
        let of = |total, tag: &str, modified: &str| {
            let text = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
            Version { total, tag: text(tag), modified: text(modified) }
        };
        assert!(of(Some(1), "\"a\"", "x").agrees(&of(Some(1), "\"a\"", "y")));
        assert!(of(Some(1), "\"a\"", "").agrees(&of(None, "", "")));
        assert!(!of(Some(1), "\"a\"", "").agrees(&of(Some(1), "\"b\"", "")));
        assert!(!of(Some(1), "", "x").agrees(&of(Some(1), "", "y")));
        assert!(!of(Some(1), "", "").agrees(&of(Some(2), "", "")));
        assert_eq!(of(None, "W/\"a\"", "x").condition().as_deref(), Some("x"));
    }
}
