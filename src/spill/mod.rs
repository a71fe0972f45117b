//! State that grows with the rows, of numbers alone: in memory where it fits, and in files of a job's folder where it does
//! not. What comes out does not depend on that.

pub mod flat;
pub mod sorter;
pub mod striped;
pub mod texts;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::write_whole_by;
use crate::{Error, Result};
use flat::Flat;
use sorter::Sorter;

/// Where files of a comparison lie, how much memory it may take, and how many threads.
#[derive(Clone)]
pub struct Space {
    /// A folder of its own.
    pub folder: PathBuf,
    /// Bytes of memory for everything together.
    pub budget: usize,
    /// Tasks that run at a time.
    pub threads: usize,
    /// Set when the work is to end.
    pub stop: Arc<AtomicBool>,
}

impl Space {
    /// One of a single thread that nobody stops.
    pub fn new(folder: &Path, budget: usize) -> Self {
        Space { folder: folder.to_path_buf(), budget, threads: 1, stop: Arc::default() }
    }

    /// # Errors
    ///
    /// [`Error::Interrupted`], where the work is to end.
    pub fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Runs the tasks `0..count` on all threads, and gives back what each made, in their order.
    ///
    /// # Errors
    ///
    /// That of the first task, in their order, of those that failed; [`Error::Interrupted`], where the work is to end. No
    /// task begins after either.
    pub fn side_by_side<T: Send>(&self, count: usize, task: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let slots: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::new(None)).collect();
        let work = || {
            // What is claimed is done, so that of tasks that fail the first one tells.
            while !failed.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(slot) = slots.get(at) else { return };
                let made = self.check().and_then(|()| task(at));
                failed.fetch_or(made.is_err(), Ordering::Relaxed);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            }
        };
        let threads = self.threads.clamp(1, count.max(1));
        if threads == 1 {
            work();
        } else {
            std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        }
        let mut made = Vec::with_capacity(count);
        for slot in slots {
            match slot.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(result) => made.push(result?),
                None => return Err(Error::Engine("a task did not run".into())),
            }
        }
        Ok(made)
    }

    /// A sorter that takes half of the memory.
    pub fn sorter(&self, name: &str, width: usize) -> Sorter {
        Sorter::new(self.folder.join(name), width, self.budget / 2)
    }

    /// A sorter that is filled while another one is emptied.
    pub fn small_sorter(&self, name: &str, width: usize) -> Sorter {
        Sorter::new(self.folder.join(name), width, self.budget / 8)
    }

    /// An array that takes up to a quarter of the memory; others of a few bytes a row stand beside it.
    pub fn flat(&self, name: &str, width: usize) -> Flat {
        Flat::new(self.folder.join(name), width, self.budget / if width > 16 { 4 } else { 24 })
    }
}

/// A folder that goes away when the work in it is done.
///
/// # Errors
///
/// [`Error::Io`] where it cannot be made.
pub fn scratch(folder: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(Error::io(folder))
}

/// Writes a file that appears whole, for others to read.
///
/// # Errors
///
/// What `write` says, and [`Error::Io`].
pub fn written(file: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut own = None;
    let ended = write_whole_by(file, |to| {
        write(to).map_err(|error| {
            own = Some(error);
            std::io::Error::other("not written")
        })
    });
    match own {
        Some(error) => Err(error),
        None => ended.map_err(Error::io(file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_run_side_by_side_and_answer_in_order() {
        let space = Space { threads: 4, ..Space::new(Path::new("nowhere"), 0) };
        let squares = space.side_by_side(1000, |n| Ok(n * n)).unwrap();
        assert!(squares.iter().enumerate().all(|(n, square)| *square == n * n) && squares.len() == 1000);
        let failed = space.side_by_side(1000, |n| if n < 3 { Ok(()) } else { Err(Error::Engine(format!("task {n}"))) });
        assert!(failed.unwrap_err().to_string().contains("task 3"));
        space.stop.store(true, Ordering::Relaxed);
        assert!(matches!(space.side_by_side(3, |_| Ok(())), Err(Error::Interrupted)));
    }
}
