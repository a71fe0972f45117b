//! Files of jobs that workers without a folder in common hand to one another through an object store.
//!
//! ```text
//! WORK/JOB/part-000003.by-WORKER/…   the files of a part, as that worker has them in its folder of jobs
//! WORK/JOB/part-000003.done          whose files count, and which they are; put last, where there is none
//! ```
//!
//! A part is done when its list is there. Of two workers that did the same part the first list stays, and the other one
//! takes its own files away: so a list never names a file that somebody writes. Parts are asked for by their names, and no
//! listing tells what is there.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use super::board::Board;
use super::lease::is_lease;
use crate::disk::aside;
use crate::objects::{Folder, Put, Reading, Upload};
use crate::output::parquet_file::settle;
use crate::{Error, Result};

/// Parts on their way into the store at a time.
const ABREAST: usize = 4;
/// What stands between the name of a part and that of the worker whose files they are.
const BY: &str = ".by-";
/// What lists end with.
pub(super) const DONE: &str = ".done";

/// The files of a part that count.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct List {
    /// Version of this layout: 1.
    v: u32,
    /// The worker that wrote them.
    by: String,
    /// Names within the folder of the job, and bytes.
    files: Vec<(String, u64)>,
}

/// A file that is to come: its object, its place here, its bytes.
type Wanted = (String, PathBuf, u64);

/// What is handed over.
pub(super) struct Handed {
    board: Board,
    folder: Folder,
    /// The name of this worker.
    by: String,
    known: Mutex<BTreeMap<String, List>>,
    under_way: Mutex<VecDeque<JoinHandle<Result<()>>>>,
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
            names.filter(|name| !known.contains_key(name)).collect()
        };
        let objects: Vec<String> = unknown.iter().map(|name| format!("{name}{DONE}")).collect();
        for (name, found) in unknown.into_iter().zip(self.folder.reads(&objects)?) {
            let Some(json) = found else { continue };
            let list = serde_json::from_slice::<List>(&json).ok().filter(|list| list.v == 1);
            let url = self.folder.url(&format!("{name}{DONE}"));
            let list = list.ok_or_else(|| self.broken(&name, format!("{url} is no list of files of a job")))?;
            locked(&self.known).insert(name, list);
        }
        Ok(())
    }

    /// An error of the job of which an object is.
    fn broken(&self, name: &str, message: String) -> Error {
        let job = self.folder.url(name.split('/').next().unwrap_or(name));
        Error::other(message, format!("remove {job} from the store, and run the same command again"))
    }

    /// Whether a part is known to be there.
    pub(super) fn has(&self, at: &Path) -> bool {
        locked(&self.known).contains_key(&self.board.name(at))
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
        let object = |file: &Path| format!("{name}{BY}{}/{}", self.by, within(at, file));
        let mut list = List { v: 1, by: self.by.clone(), files: Vec::new() };
        for path in files {
            let mut file = File::open(path).map_err(Error::io(path))?;
            let bytes = file.metadata().map_err(Error::io(path))?.len();
            let mut upload = Upload::new(&self.folder, &object(path), bytes);
            io::copy(&mut file, &mut upload).map_err(Error::io(path))?;
            list.files.push((within(at, path), upload.finish()?.bytes));
        }
        let json = serde_json::to_vec(&list).map_err(|e| Error::Engine(e.to_string()))?;
        match self.folder.replace(&format!("{name}{DONE}"), &json, None)? {
            Put::Done => drop(locked(&self.known).insert(name, list)),
            Put::Refused => {
                // What cannot be removed now is no harm, and goes when the build has ended.
                let _ = self.folder.delete(&files.iter().map(|file| object(file)).collect::<Vec<_>>());
                self.look(&[at.to_path_buf()])?;
            }
        }
        Ok(())
    }

    /// The same beside what goes on here. Waits where many are on their way.
    ///
    /// # Errors
    ///
    /// Of one that was handed over before.
    pub(super) fn begin(self: &Arc<Self>, at: PathBuf, files: Vec<PathBuf>) -> Result<()> {
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
            names.filter_map(|name| Some((name.clone(), known.get(&name)?.clone()))).collect()
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
                .iter()
                .filter(|one| one.0.starts_with(&below))
                .map(|(name, list)| (name.clone(), list.clone()))
                .collect()
        };
        self.bring(&lists, threads)
    }

    fn bring(&self, lists: &[(String, List)], threads: usize) -> Result<()> {
        let wanted: Vec<Wanted> = lists.iter().flat_map(|(name, list)| self.wanted(name, list)).collect();
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some(one) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.bring_one(one)?;
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

    /// Files of a part that are not on this machine.
    fn wanted(&self, part: &str, list: &List) -> Vec<Wanted> {
        let job = self.board.work().join(part.rsplit_once('/').map_or("", |(job, _)| job));
        let files = list.files.iter().map(|(name, bytes)| (name, job.join(name), *bytes));
        let missing = files.filter(|(_, place, _)| !place.is_file());
        missing.map(|(name, place, bytes)| (format!("{part}{BY}{}/{name}", list.by), place, bytes)).collect()
    }

    fn bring_one(&self, (object, place, bytes): &Wanted) -> Result<()> {
        let there = self.folder.head(object)?.filter(|found| found.bytes == *bytes);
        let missing = || format!("{} was put with {bytes} bytes, and is not there", self.folder.url(object));
        there.ok_or_else(|| self.broken(object, missing()))?;
        let folder = place.parent().unwrap_or(place);
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let path = aside(place);
        let file = File::create_new(&path).map_err(Error::io(&path))?;
        let copied = Reading::open(&self.folder, object).and_then(|reading| {
            let mut to = BufWriter::with_capacity(1 << 18, file);
            io::copy(&mut reading.bytes_from(0), &mut to).map_err(Error::io(&path))?;
            to.into_inner().map_err(|e| Error::io(&path)(e.into_error()))
        });
        copied.and_then(|file| settle(file, &path, place)).inspect_err(|_| drop(std::fs::remove_file(&path)))
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
        known.get(part).is_some_and(|list| !file.starts_with(&format!("{}/", list.by)))
    }
}
