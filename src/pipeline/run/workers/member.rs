//! A worker as the others see it: a file that says who it is, and beats while it lives.
//!
//! The file begins with a number of fixed width that its worker raises from time to time, in place; behind it stands what
//! the worker says of itself, as JSON. Whoever wants to know whether the worker lives looks whether the number changes,
//! by its own clock: clocks of machines are never compared. A worker that ends takes its file away.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::board::Board;
use crate::pipeline::publish::ours::MEMBERS;
use crate::{Error, Result};

/// Digits of the number that beats.
const DIGITS: usize = 20;
/// Beats in the time after which a worker that shows none counts as lost.
const BEATS: u32 = 6;
/// What files of workers end with.
const END: &str = ".worker";

/// What a worker says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Statement {
    /// Which of how many: `2/3`.
    pub worker: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub process: u32,
    /// The version of the code.
    pub version: String,
    /// The recipe's name.
    pub recipe: String,
    /// The output folder.
    pub out: PathBuf,
    /// Seconds without a beat after which it counts as lost.
    pub lease: f64,
    /// What it builds, once it knows.
    #[serde(default)]
    pub build: Option<Identity>,
}

/// What makes two builds the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Of the recipe: stages, output options, uses.
    pub recipe: String,
    /// Of the recipe and all that it reads.
    pub build: String,
}

impl Statement {
    /// Who it is, for people.
    pub(super) fn named(&self) -> String {
        format!("{} on {} (process {})", self.worker, self.host, self.process)
    }
}

/// This worker's own file.
pub(super) struct Member {
    /// Its name, which no other worker has.
    pub name: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    board: Board,
    path: PathBuf,
    /// What is said, and the number of beats.
    said: Mutex<(Statement, u64)>,
    ended: Mutex<bool>,
    wake: Condvar,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Member {
    /// Writes the file of a worker, and lets it beat.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written, or no thread begun.
    pub(super) fn join(board: &Board, statement: Statement) -> Result<Self> {
        let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let (worker, host) = (plain(&statement.worker), plain(&statement.host));
        let name = format!("{worker}-{host}-{}-{:08x}", statement.process, fastrand::u32(..));
        let every = Duration::from_secs_f64(statement.lease) / BEATS;
        let shared = Arc::new(Shared {
            board: board.clone(),
            path: file(board, &name),
            said: Mutex::new((statement, 0)),
            ended: Mutex::new(false),
            wake: Condvar::new(),
        });
        shared.write()?;
        let beating = shared.clone();
        let thread = std::thread::Builder::new().name("beats".into()).spawn(move || beating.beat(every));
        let thread = Some(thread.map_err(Error::io("a thread"))?);
        Ok(Member { name, shared, thread })
    }

    /// Says what it builds.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub(super) fn builds(&self, build: &Identity) -> Result<()> {
        locked(&self.shared.said).0.build = Some(build.clone());
        self.shared.write()
    }
}

impl Shared {
    /// What stands in the file, and how many bytes of it are the number.
    fn text(&self) -> Result<(String, usize)> {
        let said = locked(&self.said);
        let json = serde_json::to_string(&said.0).map_err(|e| Error::Engine(e.to_string()))?;
        Ok((format!("{:0DIGITS$}\n{json}\n", said.1), DIGITS))
    }

    /// Writes the file anew.
    fn write(&self) -> Result<()> {
        self.board.write(&self.path, self.text()?.0.as_bytes())
    }

    /// Raises the number until the worker ends. A beat that cannot be written is none: others may then take over what
    /// this worker holds, which costs time and nothing else.
    fn beat(&self, every: Duration) {
        let mut ended = locked(&self.ended);
        while !*ended {
            ended = self.wake.wait_timeout(ended, every).unwrap_or_else(PoisonError::into_inner).0;
            if *ended {
                break;
            }
            locked(&self.said).1 += 1;
            let _ = self.text().and_then(|(text, head)| self.board.renew(&self.path, text.as_bytes(), head));
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        *locked(&self.shared.ended) = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.shared.board.leave(&self.shared.path, None);
    }
}

/// The file of a worker.
fn file(board: &Board, name: &str) -> PathBuf {
    board.work().join(MEMBERS).join(format!("{name}{END}"))
}

/// The number and the words of a worker's file.
fn read(board: &Board, name: &str) -> Option<Said> {
    let text = String::from_utf8(board.read(&file(board, name)).ok()??).ok()?;
    let (beats, json) = text.split_once('\n')?;
    Some((beats.parse().unwrap_or(0), serde_json::from_str(json).ok()?))
}

/// The number of a worker's file.
pub(super) fn beats(board: &Board, name: &str) -> Option<u64> {
    Some(read(board, name)?.0)
}

/// The number and the words of a worker's file.
type Said = (u64, Statement);

/// Which workers live, as far as this process has seen.
#[derive(Default)]
pub(super) struct Watch {
    /// The last number of each, and when it was seen to change.
    seen: Mutex<BTreeMap<String, (u64, Instant)>>,
    /// What objects of workers said, and when: asked for each unit, and a store is far.
    read: Mutex<BTreeMap<String, (Instant, Said)>>,
}

impl Watch {
    /// What a worker says of itself, if it lives: its number has changed not longer ago than it says. One that is seen
    /// for the first time lives.
    pub(super) fn living(&self, board: &Board, name: &str) -> Option<Statement> {
        let (beats, statement) = self.read(board, name)?;
        let now = Instant::now();
        let mut seen = locked(&self.seen);
        let last = seen.entry(name.to_owned()).or_insert((beats, now));
        if last.0 != beats {
            *last = (beats, now);
        }
        (now.duration_since(last.1).as_secs_f64() <= statement.lease).then_some(statement)
    }

    /// The number and the words of a worker; those of a store may be some time old, a small part of what it promised.
    fn read(&self, board: &Board, name: &str) -> Option<Said> {
        if board.store().is_none() {
            return read(board, name);
        }
        let mut known = locked(&self.read);
        let fresh = |at: &Instant, said: &Statement| at.elapsed().as_secs_f64() * f64::from(BEATS * 4) < said.lease;
        if let Some((_, said)) = known.get(name).filter(|(at, said)| fresh(at, &said.1)) {
            return Some(said.clone());
        }
        let said = read(board, name)?;
        known.insert(name.to_owned(), (Instant::now(), said.clone()));
        Some(said)
    }

    /// What was seen of something without a name: whether it has been as it is for no longer than `lease`.
    pub(super) fn is_new(&self, what: &str, lease: Duration) -> bool {
        let mut seen = locked(&self.seen);
        let since = seen.entry(what.to_owned()).or_insert_with(|| (0, Instant::now())).1;
        since.elapsed() <= lease
    }
}

/// All workers that have a file, living or lost, in the order of their names.
pub(super) fn all(board: &Board) -> Vec<(String, Statement)> {
    let names = board.names(&board.work().join(MEMBERS));
    let names = names.iter().filter_map(|name| name.strip_suffix(END));
    names.filter_map(|name| Some((name.to_owned(), read(board, name)?.1))).collect()
}

/// Takes the file of a lost worker away.
pub(super) fn forget(board: &Board, name: &str) {
    board.leave(&file(board, name), None);
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn statement(lease: f64) -> Statement {
        Statement { worker: "2/3".into(), host: "node 7".into(), process: 9, lease, ..Statement::default() }
    }

    #[test]
    fn a_worker_lives_as_long_as_its_number_changes() {
        let folder = tempfile::tempdir().unwrap();
        let board = &Board::here(folder.path());
        let member = Member::join(board, statement(0.6)).unwrap();
        let watch = Watch::default();
        for _ in 0..4 {
            assert!(watch.living(board, &member.name).is_some());
            std::thread::sleep(Duration::from_millis(400));
        }
        member.builds(&Identity { recipe: "r".into(), build: "b".into() }).unwrap();
        let all = all(board);
        assert_eq!((all.len(), all[0].1.build.as_ref().unwrap().build.as_str()), (1, "b"));
        let name = member.name.clone();
        drop(member);
        assert!(watch.living(board, &name).is_none(), "its file is gone");
    }

    #[test]
    fn one_that_beats_no_more_is_lost_by_the_clock_of_whoever_looks() {
        let folder = tempfile::tempdir().unwrap();
        let json = serde_json::to_string(&statement(0.3)).unwrap();
        let board = &Board::here(folder.path());
        let path = file(board, "a");
        std::fs::create_dir_all(folder.path().join(MEMBERS)).unwrap();
        // Times of files mean nothing: this one is of a clock that runs years behind.
        std::fs::write(&path, format!("{:020}\n{json}\n", 7)).unwrap();
        File::open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let watch = Watch::default();
        assert!(watch.living(board, "a").is_some());
        std::thread::sleep(Duration::from_millis(400));
        assert!(watch.living(board, "a").is_none());
        std::fs::write(&path, format!("{:020}\n{json}\n", 8)).unwrap();
        assert!(watch.living(board, "a").is_some(), "it has only been held up");
    }
}
