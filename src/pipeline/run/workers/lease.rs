//! Leases: files by which workers agree who does what, on any file system on which of several processes that create the
//! same file one succeeds.
//!
//! A lease is a row of files `NAME.lease-0`, `NAME.lease-1`, …, each with the name of the worker that made it, and the last
//! one holds it. Whoever finds its holder gone or lost makes the next one: only one can. None is taken away while the
//! job is under way, so there is no moment at which two could take one another's for free.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// What stands in a lease that was given back.
const FREE: &str = "-";

/// Who holds a lease.
#[derive(Debug, PartialEq)]
pub(super) enum Holder {
    /// Nobody: the number of the next file.
    Nobody(u64),
    /// A worker, by its name, with the number of its file. The name is empty where it is just being written.
    Worker(String, u64),
}

fn file(at: &Path, number: u64) -> PathBuf {
    let mut path = at.as_os_str().to_owned();
    path.push(format!(".lease-{number}"));
    path.into()
}

/// Whether a file of this name is one of a lease.
pub(super) fn is_lease(name: &str) -> bool {
    name.rsplit_once(".lease-").is_some_and(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()))
}

/// Who holds the lease `at`.
///
/// # Errors
///
/// Where a file of it cannot be read.
pub(super) fn holder(at: &Path) -> Result<Holder> {
    let mut last = None;
    for number in 0.. {
        let path = file(at, number);
        match fs::read_to_string(&path) {
            Ok(name) => last = Some(name),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(match last {
                    Some(name) if name.trim() != FREE => Holder::Worker(name.trim().to_owned(), number - 1),
                    _ => Holder::Nobody(number),
                });
            }
            Err(error) => return Err(Error::io(path)(error)),
        }
    }
    Ok(Holder::Nobody(0))
}

/// Makes the file `number` of a lease for the worker `name`; false where another was faster.
///
/// # Errors
///
/// Where it cannot be written.
pub(super) fn take(at: &Path, number: u64, name: &str) -> Result<bool> {
    let path = file(at, number);
    match File::create_new(&path) {
        Ok(mut file) => file.write_all(name.as_bytes()).map(|()| true).map_err(Error::io(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Gives back the file `number` of a lease. Where that cannot be, others wait until its worker is gone.
pub(super) fn free(at: &Path, number: u64) {
    let _ = fs::write(file(at, number), FREE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_one_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("unit-000001");
        assert_eq!(holder(&at).unwrap(), Holder::Nobody(0));
        let took: usize = std::thread::scope(|scope| {
            let one = |n: usize| {
                let at = &at;
                scope.spawn(move || take(at, 0, &format!("w{n}")).unwrap() as usize)
            };
            (0..8).map(one).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(took, 1);
        let Holder::Worker(name, 0) = holder(&at).unwrap() else { panic!("nobody holds it") };
        assert!(name.starts_with('w'));
        assert!(take(&at, 1, "heir").unwrap());
        assert_eq!(holder(&at).unwrap(), Holder::Worker("heir".into(), 1));
        free(&at, 1);
        assert_eq!(holder(&at).unwrap(), Holder::Nobody(2));
        assert!(is_lease("unit-000001.lease-0") && !is_lease("unit-000001.parquet"));
    }
}
