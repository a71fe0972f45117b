//! How a shared build ends, and what is left of workers: signs of life of those who said that they are there, leftovers of
//! those who were lost, and the word that the build is in its place.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::board::Board;
use super::lease;
use super::member::{self, Statement, Watch};
use crate::pipeline::publish::ours::{MEMBERS, job};
use crate::{Error, Result};

/// The file that says which build is in its place.
const ENDED: &str = "ended";

/// Whether a worker shows that it lives, within the time that it says it would; the file of one that does not goes.
pub(super) fn shows_life(board: &Board, name: &str, said: &Statement, stop: &AtomicBool) -> Result<bool> {
    let (watch, began) = (Watch::default(), Instant::now());
    let first = member::beats(board, name);
    while watch.living(board, name).is_some() {
        if member::beats(board, name) != first {
            return Ok(true);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // One that ended by itself has shown that it lived.
    if began.elapsed().as_secs_f64() >= said.lease {
        member::forget(board, name);
    }
    Ok(false)
}

/// Makes sure that no worker is at work in the folder of jobs `work`, on whatever machine; `looking` hears when that takes a
/// while. Leftovers of workers that were lost are removed.
///
/// # Errors
///
/// A worker that lives; [`Error::Interrupted`].
pub(crate) fn none_at_work(work: &Path, stop: &AtomicBool, looking: impl Fn(&str)) -> Result<()> {
    let (board, folder) = (Board::here(work), work.join(MEMBERS));
    for (name, said) in member::all(&board) {
        looking(&said.named());
        if shows_life(&board, &name, &said, stop)? {
            let message = format!("worker {} is at work in {}", said.named(), work.display());
            return Err(Error::other(message, "wait for it, join it with --worker, or work elsewhere with --work"));
        }
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Error::io(&folder))?;
    }
    Ok(())
}

/// Removes from the folders of jobs what lost workers left: files that never got their names, leases, turns. For whoever has
/// the folder of jobs to itself, or has put the build in its place (`over`): before that, rows that a rescan has read again
/// are of use still.
pub(crate) fn tidy(work: &Path, over: bool) {
    let jobs = fs::read_dir(work).into_iter().flatten().flatten();
    for folder in jobs.filter(|entry| job(&entry.file_name().to_string_lossy())).map(|entry| entry.path()) {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".tmp") || lease::is_lease(&name) {
                let _ = fs::remove_file(entry.path());
            } else if over && name == "changed" || name.starts_with("turn-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Says to other workers that the build of this identity is in its place.
///
/// # Errors
///
/// Where that cannot be written.
pub(super) fn ended(board: &Board, build: &str) -> Result<()> {
    board.write(&board.work().join(MEMBERS).join(ENDED), build.as_bytes())
}

/// Whether that was said. `stands` asks the place itself: the build may have been removed there later; and where the folder of
/// workers is gone, they have all ended, and took this one for lost.
pub(super) fn has_ended(board: &Board, build: &str, stands: impl Fn() -> bool) -> bool {
    let folder = board.work().join(MEMBERS);
    let path = folder.join(ENDED);
    let said = || board.read(&path).ok().flatten().is_some_and(|said| said == build.as_bytes());
    if (board.store().is_some() || folder.exists()) && !said() {
        return false;
    }
    let stands = stands();
    if !stands {
        board.leave(&path, None);
    }
    stands
}
