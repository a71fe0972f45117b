//! Files of jobs that workers without a folder in common hand to one another through an object store: what this process
//! knows of the lists of parts there ([`lists`]), what it has on the way, and what it lends to executors of a cluster.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::board::Board;
use super::lease::is_lease;
use crate::engine::away::lists::{self, BY, DONE, List, Stored};
use crate::engine::away::{self, AwaySpec};
use crate::engine::plan::Plan;
use crate::objects::Folder;
use crate::pipeline::publish::ours::UNPACKED;
use crate::{Error, Result};

/// Parts on their way into the store at a time.
const ABREAST: usize = 4;

/// What is handed over.
pub(super) struct Handed {
    board: Board,
    folder: Folder,
    /// The name of this worker.
    by: String,
    known: Mutex<Known>,
    under_way: Mutex<VecDeque<JoinHandle<Result<()>>>>,
}

/// What this process knows of the store.
#[derive(Default)]
struct Known {
    /// Lists of parts that are done, by the names of these.
    lists: BTreeMap<String, List>,
    /// The objects of files of the folder of jobs, by their names in it: those of the lists, and what was lent.
    objects: BTreeMap<String, Stored>,
}

impl Known {
    fn add(&mut self, part: String, list: List) {
        self.objects.extend(list.stored(&part).map(|stored| (stored.file.clone(), stored)));
        self.lists.insert(part, list);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of a file within the folder of its job.
fn within(at: &Path, file: &Path) -> String {
    let job = at.parent().unwrap_or(at);
    file.strip_prefix(job).unwrap_or(file).to_string_lossy().into_owned()
}

impl Handed {
    /// By the worker of this name; none where workers see the same folder.
    pub(super) fn new(board: &Board, by: &str) -> Option<Arc<Self>> {
        let (board, folder) = (board.clone(), board.store()?.clone());
        Some(Arc::new(Handed {
            board,
            folder,
            by: by.to_owned(),
            known: Mutex::default(),
            under_way: Mutex::default(),
        }))
    }

    /// Asks for the lists of parts that are not known to be there.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(super) fn look(&self, parts: &[PathBuf]) -> Result<()> {
        let names = parts.iter().map(|at| self.board.name(at));
        let unknown: Vec<String> = {
            let known = locked(&self.known);
            names.filter(|name| !known.lists.contains_key(name)).collect()
        };
        let found = lists::lists(&self.folder, &unknown)?;
        let mut known = locked(&self.known);
        let found = unknown.into_iter().zip(found).filter_map(|(name, list)| Some((name, list?)));
        found.for_each(|(name, list)| known.add(name, list));
        Ok(())
    }

    /// Whether a part is known to be there.
    pub(super) fn has(&self, at: &Path) -> bool {
        locked(&self.known).lists.contains_key(&self.board.name(at))
    }

    /// Hands over the files of a part, which are those of this machine; where another worker has handed over its own
    /// meanwhile, those stay.
    ///
    /// # Errors
    ///
    /// What the system or the store says.
    pub(super) fn hand(&self, at: &Path, files: &[PathBuf]) -> Result<()> {
        self.look(&[at.to_path_buf()])?;
        if self.has(at) {
            return Ok(());
        }
        let name = self.board.name(at);
        let files: Vec<(String, PathBuf)> = files.iter().map(|file| (within(at, file), file.clone())).collect();
        match lists::hand(&self.folder, (&name, &self.by), &files)? {
            Some(list) => locked(&self.known).add(name, list),
            None => self.look(&[at.to_path_buf()])?,
        }
        Ok(())
    }

    /// The same beside what goes on here. Waits where many are on their way.
    ///
    /// # Errors
    ///
    /// Of one that was handed over before.
    pub(super) fn begin(self: &Arc<Self>, at: PathBuf, files: Vec<PathBuf>) -> Result<()> {
        if self.has(&at) {
            // An executor has handed it over.
            return Ok(());
        }
        self.settle(ABREAST - 1)?;
        let handed = self.clone();
        let thread = std::thread::Builder::new().name("handing".into()).spawn(move || handed.hand(&at, &files));
        locked(&self.under_way).push_back(thread.map_err(Error::io("a thread"))?);
        Ok(())
    }

    /// Waits until no more than so many parts are on their way.
    ///
    /// # Errors
    ///
    /// As [`Handed::hand`], of one of them.
    pub(super) fn settle(&self, left: usize) -> Result<()> {
        loop {
            let next = {
                let mut under_way = locked(&self.under_way);
                if under_way.len() > left { under_way.pop_front() } else { None }
            };
            let Some(thread) = next else { return Ok(()) };
            thread.join().unwrap_or_else(|_| Err(Error::Engine("a thread failed".into())))?;
        }
    }

    /// Brings the files of parts that are known to be there to this machine, where they are not.
    ///
    /// # Errors
    ///
    /// What the system or the store says; a file that is listed and not there.
    pub(super) fn receive(&self, parts: &[PathBuf], threads: usize) -> Result<()> {
        let lists: Vec<(String, List)> = {
            let known = locked(&self.known);
            let names = parts.iter().map(|at| self.board.name(at));
            names.filter_map(|name| Some((name.clone(), known.lists.get(&name)?.clone()))).collect()
        };
        self.bring(&lists, threads)
    }

    /// The same of all parts of the job in a folder that are known to be there.
    ///
    /// # Errors
    ///
    /// As [`Handed::receive`].
    pub(super) fn receive_all(&self, job: &Path, threads: usize) -> Result<()> {
        let below = format!("{}/", self.board.name(job));
        let lists: Vec<(String, List)> = {
            let known = locked(&self.known);
            known
                .lists
                .iter()
                .filter(|one| one.0.starts_with(&below))
                .map(|(name, list)| (name.clone(), list.clone()))
                .collect()
        };
        self.bring(&lists, threads)
    }

    fn bring(&self, lists: &[(String, List)], threads: usize) -> Result<()> {
        let stored = lists.iter().flat_map(|(name, list)| list.stored(name));
        let placed = stored.map(|stored| (self.board.work().join(&stored.file), stored));
        let wanted: Vec<(PathBuf, Stored)> = placed.filter(|(place, _)| !place.is_file()).collect();
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some((place, stored)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                lists::bring(&self.folder, stored, place)?;
            }
            Ok(())
        };
        let threads = threads.clamp(1, 2 * ABREAST).min(wanted.len());
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let failed = || Err(Error::Engine("a thread failed".into()));
            let ended: Vec<Result<()>> = all.into_iter().map(|one| one.join().unwrap_or_else(|_| failed())).collect();
            ended.into_iter().collect()
        })
    }

    /// A plan of the part `at` that an executor runs which sees nothing of this machine: what it reads of the folder of jobs is
    /// brought there, and what it writes is handed over by it.
    ///
    /// # Errors
    ///
    /// A file that is larger than what is moved for a part; what the system or the store says.
    pub(super) fn away(&self, plan: Plan, at: &Path) -> Result<Plan> {
        let work = self.board.work();
        let whole = std::fs::canonicalize(work).map_err(Error::io(work))?;
        let roots = vec![work.to_path_buf(), whole];
        let named: BTreeSet<String> = away::paths(&plan, &roots)?.into_iter().collect();
        let part = self.board.name(at);
        let (mut reads, mut folders) = (Vec::new(), BTreeSet::new());
        for name in named {
            let path = work.join(&name);
            match self.lend(&part, &name)? {
                Some(stored) => reads.push(stored),
                None if path.is_dir() => drop(folders.insert(name)),
                // What it writes.
                None => drop(folders.insert(name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())),
            }
        }
        let spec = AwaySpec { store: self.folder.url(""), part, roots, reads, folders: folders.into_iter().collect() };
        Ok(away::away(spec, plan))
    }

    /// The object of a file of the folder of jobs: the one that was handed over, which need not be here, or one that is put now,
    /// for this part and those that come behind it; none where there is no such file.
    fn lend(&self, part: &str, name: &str) -> Result<Option<Stored>> {
        if let Some(stored) = locked(&self.known).objects.get(name) {
            return Ok(Some(stored.clone()));
        }
        let path = self.board.work().join(name);
        if !path.is_file() {
            return Ok(None);
        }
        if name.starts_with(UNPACKED) {
            let message = format!("executors see nothing of {}, which is unpacked", path.display());
            let cure =
                "put the files of this source into a store, and name their address; or name a --work that all see";
            return Err(Error::other(message, cure));
        }
        let object = lists::object(part, &format!("{}-lent", self.by), name);
        let bytes = lists::put(&self.folder, &object, &path)?;
        let stored = Stored { object, file: name.to_owned(), bytes };
        Ok(Some(locked(&self.known).objects.entry(name.to_owned()).or_insert(stored).clone()))
    }

    /// Removes what nothing needs when the build has ended: leases, files that no list names, and the jobs in the folders
    /// `done_with`, their lists first. What is not listed now stays as whole as it is.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(super) fn tidy(&self, done_with: &[&Path]) -> Result<()> {
        let below: Vec<String> = done_with.iter().map(|job| format!("{}/", self.board.name(job))).collect();
        let (mut lists, mut files) = (Vec::new(), Vec::new());
        for found in self.folder.list("")? {
            let name = found.name;
            let part = name.split_once(BY);
            if below.iter().any(|job| name.starts_with(job.as_str())) {
                lists.extend(part.map(|(part, _)| format!("{part}{DONE}")));
                files.push(name);
            } else if is_lease(&name) || part.is_some_and(|(part, by)| self.is_left(part, by)) {
                files.push(name);
            }
        }
        lists.sort();
        lists.dedup();
        self.folder.delete(&lists)?;
        self.folder.delete(&files)
    }

    /// Whether a file of a part is of a worker whose files do not count.
    fn is_left(&self, part: &str, file: &str) -> bool {
        let known = locked(&self.known);
        known.lists.get(part).is_some_and(|list| !file.starts_with(&format!("{}/", list.by)))
    }
}
