//! Files that appear whole or not at all, and what a disk has left.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Writes a file aside under a name of its own, syncs it, and puts it in its place: the one way in which this program
/// writes a small file.
///
/// # Errors
///
/// What the system says of making, writing, syncing or renaming the file; what was written aside is removed again.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole_by(path, |file| file.write_all(bytes))
}

/// The same for what is better not in memory as a whole: `write` writes it, in pieces as small as it likes.
///
/// # Errors
///
/// As [`write_whole`], and what `write` says.
pub fn write_whole_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = folder.join(format!("{name}.{}-{:08x}.tmp", std::process::id(), fastrand::u32(..)));
    let written = File::create_new(&aside).and_then(|file| {
        let mut file = BufWriter::with_capacity(1 << 18, file);
        write(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&aside, path)) {
        let _ = fs::remove_file(&aside);
        return Err(error);
    }
    sync_folder(folder)
}

/// Where a file is written before it gets its name: beside its place, under a name that no other process uses, so that two
/// that write the same file do not write into one another's.
pub fn aside(path: &Path) -> PathBuf {
    path.with_extension(format!("{}-{:08x}.tmp", std::process::id(), fastrand::u32(..)))
}

/// Gives a finished file a second name, or a copy under that name where the file system has no second names; one that is
/// there already stays.
///
/// # Errors
///
/// What the system says of linking or copying.
pub fn second(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => write_whole_by(to, |file| io::copy(&mut File::open(from)?, file).map(drop)),
        linked => linked,
    }
}

/// A path that the user named by `option`, where one of this machine is meant.
///
/// # Errors
/// A URL; a `~` that no shell has put the home folder in the place of.
pub fn local(option: &str, path: &Path) -> Result<()> {
    let text = path.to_string_lossy();
    if let Some((scheme, _)) = text.split_once("://")
        && scheme.len() > 1
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        return Err(Error::input(
            format!("{option}: {text} is a URL, and a folder of this machine is meant"),
            "name a local folder, and copy it there afterwards",
        ));
    }
    let first = path.components().next().map(|part| part.as_os_str().to_owned());
    if first.is_some_and(|part| part == "~") && !Path::new("~").exists() {
        return Err(Error::input(
            format!("{option}: {text} begins with `~`, which only the shell replaces"),
            home(path),
        ));
    }
    Ok(())
}

/// How a path that begins with `~` is written out.
pub fn home(path: &Path) -> String {
    let home = std::env::var_os("HOME").map_or_else(|| "/home/NAME".into(), PathBuf::from);
    let whole = home.join(path.strip_prefix("~").unwrap_or(path));
    format!("write it out: {}; or ./{} if a folder called `~` is meant", whole.display(), path.display())
}

/// Makes a rename last.
///
/// # Errors
///
/// What the system says of opening or syncing the folder.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Gives each of two files or folders the name of the other, in one go.
///
/// # Errors
/// What the system says; a file system that cannot do it is one.
pub fn swap(one: &Path, other: &Path) -> Result<()> {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(|e| Error::io(one)(io::Error::from(e)))
}

/// Bytes that may still be written on the disk of `path`, or of the nearest folder above it that exists.
pub fn free(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|p| p.exists())?;
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The SHA-256 of a file, hex; `stop` is asked between blocks and ends it early with `Interrupted`.
///
/// # Errors
///
/// What the system says of opening or reading the file; `Interrupted` once `stop` says so.
pub fn sha256(path: &Path, stop: &dyn Fn() -> bool) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut hasher, mut block) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        if stop() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match file.read(&mut block)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&block[..count]),
        }
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char]).collect()
}

/// A moment in UTC: `2026-01-02T03:04:05Z`.
pub fn timestamp(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, chrono-compatible low-level date algorithms: civil_from_days, for days since 1970.
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_dates() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_772_323_199), "2026-02-28T23:59:59Z");
        assert_eq!(at(1_772_323_200), "2026-03-01T00:00:00Z");
    }

    #[test]
    fn files_appear_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_whole(&path, b"abc").unwrap();
        assert_eq!(
            sha256(&path, &|| false).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(free(&folder.path().join("not/there")).unwrap() > 0);
    }
}
