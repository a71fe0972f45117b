//! Files of a person brought into the store: a second name where the disk is the same, else a copy; and their sums.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::sums::{Checksums, Found, Sums};

/// A second name for a file; a copy where that cannot be, or where the file could be changed by others.
///
/// # Errors
///
/// What the system says of linking, copying, syncing or renaming; `Interrupted` once `stop` says so.
pub fn bring(from: &Path, to: &Path, aside: &Path, stop: &dyn Fn() -> bool) -> io::Result<()> {
    let aside = aside.join(format!("{:x}.import", fastrand::u64(..)));
    let linked = fs::hard_link(from, &aside);
    let brought = linked.or_else(|_| copy(from, &aside, stop)).and_then(|()| {
        File::open(&aside)?.sync_all()?;
        fs::rename(&aside, to)
    });
    // Whatever failed, no copy stays behind.
    brought.inspect_err(|_| {
        let _ = fs::remove_file(&aside);
    })
}

/// Copies a file; `stop` is asked between blocks.
fn copy(from: &Path, to: &Path, stop: &dyn Fn() -> bool) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create_new(to)?);
    let mut block = vec![0; 1 << 20];
    loop {
        if stop() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match from.read(&mut block)? {
            0 => return Ok(()),
            count => to.write_all(&block[..count])?,
        }
    }
}

/// The sums of a file compared with what was told, and its length; the inner error says which sum differs.
///
/// # Errors
///
/// What the system says of reading the file; `Interrupted` once `stop` says so.
pub fn sums_of(path: &Path, expected: &Checksums, stop: &dyn Fn() -> bool) -> io::Result<Result<(Found, u64), String>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let (mut sums, mut block) = (Sums::new(expected, Some(bytes)), vec![0; 1 << 20]);
    loop {
        if stop() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match file.read(&mut block)? {
            0 => break,
            count => sums.update(&block[..count]),
        }
    }
    Ok(sums.finish(expected).map(|found| (found, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_copy_stays_behind_whatever_fails() {
        let folder = tempfile::tempdir().unwrap();
        let (aside, from) = (folder.path().join("aside"), folder.path().join("from"));
        fs::create_dir(&aside).unwrap();
        fs::write(&from, "abc").unwrap();
        let left = || fs::read_dir(&aside).unwrap().count();
        // The place is not there; what is to be copied cannot be read (no folder has a second name).
        assert!(bring(&from, &folder.path().join("no/where"), &aside, &|| false).is_err());
        assert_eq!(left(), 0);
        assert!(bring(&aside, &folder.path().join("to"), &aside, &|| false).is_err());
        assert_eq!(left(), 0);
        bring(&from, &folder.path().join("to"), &aside, &|| false).unwrap();
        assert_eq!((left(), fs::read(folder.path().join("to")).unwrap()), (0, b"abc".to_vec()));
        assert!(copy(&from, &folder.path().join("stopped"), &|| true).is_err());
    }
}
