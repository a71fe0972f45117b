//! Leases: files by which workers agree who does what, on any file system on which of several processes that create the
//! same file one succeeds; or objects of a store that are put on the condition that there is none.
//!
//! A lease is a row of files `NAME.lease-0`, `NAME.lease-1`, …, each with the name of the worker that made it, and the last
//! one holds it. Whoever finds its holder gone or lost makes the next one: only one can. None is taken away while the
//! job is under way, so there is no moment at which two could take one another's for free.

use std::path::{Path, PathBuf};

use super::board::Board;
use crate::Result;

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
pub(super) fn holder(board: &Board, at: &Path) -> Result<Holder> {
    let mut last = None;
    for number in 0.. {
        let Some(name) = board.read(&file(at, number))? else {
            let name = last.map(|name: Vec<u8>| String::from_utf8_lossy(&name).trim().to_owned());
            return Ok(match name {
                Some(name) if name != FREE => Holder::Worker(name, number - 1),
                _ => Holder::Nobody(number),
            });
        };
        last = Some(name);
    }
    Ok(Holder::Nobody(0))
}

/// Makes the file `number` of a lease for the worker `name`; false where another was faster.
///
/// # Errors
///
/// Where it cannot be written.
pub(super) fn take(board: &Board, at: &Path, number: u64, name: &str) -> Result<bool> {
    board.create(&file(at, number), name.as_bytes())
}

/// Gives back the file `number` of a lease. Where that cannot be, others wait until its worker is gone.
pub(super) fn free(board: &Board, at: &Path, number: u64) {
    board.leave(&file(at, number), Some(FREE.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_one_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let (board, at) = (&Board::here(folder.path()), folder.path().join("unit-000001"));
        assert_eq!(holder(board, &at).unwrap(), Holder::Nobody(0));
        let took: usize = std::thread::scope(|scope| {
            let one = |n: usize| {
                let at = &at;
                scope.spawn(move || take(board, at, 0, &format!("w{n}")).unwrap() as usize)
            };
            (0..8).map(one).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(took, 1);
        let Holder::Worker(name, 0) = holder(board, &at).unwrap() else { panic!("nobody holds it") };
        assert!(name.starts_with('w'));
        assert!(take(board, &at, 1, "heir").unwrap());
        assert_eq!(holder(board, &at).unwrap(), Holder::Worker("heir".into(), 1));
        free(board, &at, 1);
        assert_eq!(holder(board, &at).unwrap(), Holder::Nobody(2));
        assert!(is_lease("unit-000001.lease-0") && !is_lease("unit-000001.parquet"));
    }
}
