//! Who does what of a build: this process alone, or several, on one machine or many, that share its folders.
//!
//! Nothing else in the program knows whether a build is shared. A job asks whether it is to do a unit
//! (`Workers::claims`), or for its turn at what one does for all (`Workers::turn`); alone, the answer is always yes.
//! What answers is a lease (`lease.rs`): a worker that is lost (`member.rs`) holds none. Both stand in the folder of jobs that
//! all workers see, or in an object store (`board.rs`), through which they then hand their files to one another (`handed.rs`).
//!
//! Leases save time; they keep no order that the output depends on. A worker that was held up for longer than a lease, and
//! goes on, does again what another did meanwhile: files appear whole and under names that follow from what is in them, so
//! that costs time and never rows. The one thing that only one may do is to put the output in its place: it asks before
//! every step whether its turn is still its own (`Turn::check`).

mod apart;
mod board;
mod ending;
mod handed;
mod lease;
mod member;
mod spare;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::objects::is_url;
use crate::pipeline::jobs::CODE;
use crate::pipeline::publish::ours::MEMBERS;
use crate::{Error, Result};
use board::Board;
use ending::shows_life;
pub(crate) use ending::{none_at_work, tidy};
use handed::Handed;
use lease::Holder;
pub(crate) use member::Identity;
use member::{Member, Statement, Watch};
pub use spare::{Held, StoredJob};

/// A process among those that share a build.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are: where it begins, so that few ask for the same.
    pub of: u32,
    /// The time without a sign of life after which a worker counts as lost.
    pub lease: Duration,
    /// The address below which workers that see no folder in common share what they have done; each has a folder of jobs
    /// of its own then.
    pub store: Option<PathBuf>,
}

/// Who does what.
#[derive(Default)]
pub(crate) struct Workers {
    shared: Option<Shared>,
}

/// This process among others.
struct Shared {
    worker: Worker,
    board: Board,
    /// What goes through a store, where workers see no folder in common.
    handed: Option<Arc<Handed>>,
    member: Member,
    watch: Watch,
    stop: Arc<AtomicBool>,
    /// Whether the build is in its place.
    over: Mutex<Option<Box<dyn Fn() -> bool + Send>>>,
}

/// What asking for a lease gives.
enum Answer {
    /// It is ours; the number of its file.
    Ours(u64),
    /// A worker that lives holds it.
    Other(String),
}

/// A process's turn at what one does for all; it ends when this is dropped.
pub(crate) struct Turn<'a> {
    held: Option<(&'a Shared, PathBuf, u64)>,
}

impl Workers {
    /// Joins the workers that share the folder of jobs `work`.
    ///
    /// # Errors
    ///
    /// Where a worker that lives does something else there: of another recipe or version, or with another output folder.
    pub(crate) fn join(
        worker: &Worker,
        recipe: &str,
        (out, work): (&Path, &Path),
        stop: &Arc<AtomicBool>,
    ) -> Result<Self> {
        let board = match &worker.store {
            Some(address) => Board::at(work, address, stop)?,
            None => Board::here(work),
        };
        let out = if is_url(out) { out.to_path_buf() } else { std::path::absolute(out).map_err(Error::io(out))? };
        let statement = Statement {
            worker: format!("{}/{}", worker.number, worker.of),
            host: host(),
            process: std::process::id(),
            version: CODE.to_owned(),
            recipe: recipe.to_owned(),
            out,
            lease: worker.lease.as_secs_f64(),
            build: None,
        };
        let member = Member::join(&board, statement.clone())?;
        let (watch, stop, worker) = (Watch::default(), stop.clone(), worker.clone());
        let handed = Handed::new(&board, &member.name);
        let shared = Shared { worker, board, handed, member, watch, stop, over: Mutex::default() };
        for (name, other) in shared.others() {
            let what = if other.version != statement.version {
                format!("with another version of corpus ({}; this one is {})", other.version, statement.version)
            } else if other.recipe != statement.recipe {
                format!("at another recipe, `{}`", other.recipe)
            } else if other.out != statement.out {
                format!("with another output folder, {}", other.out.display())
            } else {
                continue;
            };
            if shared.lives(&name, &other)? {
                let at = shared.worker.store.as_deref().unwrap_or(work).display();
                let message = format!("worker {} is at work in {at} {what}", other.named());
                return Err(Error::other(message, "give all workers of a build the same command, or another --work"));
            }
        }
        Ok(Workers { shared: Some(shared) })
    }

    /// Whether others may be at work beside this process.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// How many things of which each has a few units are gone through side by side: alone, as many as there are threads;
    /// among others all, since those at the front may be in other hands.
    pub(crate) fn abreast(&self, threads: usize) -> usize {
        if self.is_shared() { 1 << 16 } else { threads }
    }

    /// How many processes share the build, as far as they were told.
    pub(crate) fn count(&self) -> usize {
        self.shared.as_ref().map_or(1, |s| s.worker.of.clamp(1, 1 << 10) as usize)
    }

    /// The order in which this process goes through so many units.
    pub(crate) fn order(&self, count: usize) -> Vec<usize> {
        let first = self.shared.as_ref().map_or(0, |s| {
            let before = u64::from(s.worker.number.saturating_sub(1));
            (before * count as u64 / u64::from(s.worker.of.max(1))) as usize
        });
        (first..count).chain(0..first.min(count)).collect()
    }

    /// Whether this process is to do what the lease `at` is of, and `done` says to be there already.
    ///
    /// # Errors
    ///
    /// Where the lease cannot be read or made.
    pub(crate) fn claims(&self, at: &Path, done: impl Fn() -> bool) -> Result<bool> {
        let Some(shared) = &self.shared else { return Ok(true) };
        let done = || {
            self.look(&[at.to_path_buf()])?;
            Ok::<_, Error>(done())
        };
        Ok(!done()? && matches!(shared.ask(at)?, Answer::Ours(_)) && !done()?)
    }

    /// Whether the lease `at` is held by no other worker that lives.
    ///
    /// # Errors
    ///
    /// Where the lease cannot be read.
    pub(crate) fn is_open(&self, at: &Path) -> Result<bool> {
        let Some(shared) = &self.shared else { return Ok(true) };
        Ok(match lease::holder(&shared.board, at)? {
            Holder::Nobody(_) => true,
            Holder::Worker(name, number) => shared.holding(at, &name, number).is_none(),
        })
    }

    /// Waits for this process's turn at what one does for all; none where `done` says, then or after a while, that it is
    /// there. `waiting` hears once for whom it waits.
    ///
    /// # Errors
    ///
    /// As [`Workers::claims`] and [`Workers::pause`].
    pub(crate) async fn turn(
        &self,
        at: &Path,
        done: impl Fn() -> Result<bool>,
        waiting: impl Fn(&str),
    ) -> Result<Option<Turn<'_>>> {
        let mut announced = false;
        loop {
            if done()? {
                return Ok(None);
            }
            let Some(shared) = &self.shared else { return Ok(Some(Turn { held: None })) };
            match shared.ask(at)? {
                Answer::Ours(number) => {
                    let turn = Turn { held: Some((shared, at.to_path_buf(), number)) };
                    return Ok((!done()?).then_some(turn));
                }
                Answer::Other(who) if !announced => {
                    waiting(&who);
                    announced = true;
                }
                Answer::Other(_) => {}
            }
            self.pause().await?;
        }
    }

    /// Waits a moment, until it is worth looking again at what others do.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`].
    pub(crate) async fn pause(&self) -> Result<()> {
        let Some(shared) = &self.shared else { return Ok(()) };
        if shared.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        tokio::time::sleep(shared.moment()).await;
        Ok(())
    }

    /// Whether others have finished the build.
    pub(crate) fn is_over(&self) -> bool {
        let over = |shared: &Shared| {
            let over = shared.over.lock().unwrap_or_else(PoisonError::into_inner);
            over.as_ref().is_some_and(|over| over())
        };
        self.shared.as_ref().is_some_and(over)
    }

    /// Says what this process builds, and how it is known to be in its place.
    ///
    /// # Errors
    ///
    /// Where that cannot be written.
    pub(crate) fn builds(&self, build: &Identity, over: impl Fn() -> bool + Send + 'static) -> Result<()> {
        let Some(shared) = &self.shared else { return Ok(()) };
        *shared.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(over));
        shared.member.builds(build)
    }

    /// Refuses to go on beside a worker that lives and builds something else.
    ///
    /// # Errors
    ///
    /// Such a worker, and what is not the same.
    pub(crate) fn agree(&self, build: &Identity) -> Result<()> {
        let Some(shared) = &self.shared else { return Ok(()) };
        for (name, other) in shared.others() {
            let Some(theirs) = other.build.as_ref().filter(|theirs| *theirs != build) else { continue };
            if !shared.lives(&name, &other)? {
                continue;
            }
            let (what, cure) = if theirs.recipe != build.recipe {
                let cure =
                    "give all workers the same recipe and options (--set, --limit), and wait for those of another";
                ("another recipe, or other options", cure)
            } else {
                ("other inputs", "see to it that all machines read the same files: same bytes, same names, same order")
            };
            return Err(Error::other(format!("worker {} builds {what}", other.named()), cure));
        }
        Ok(())
    }

    /// The folder for what the engine spills.
    pub(crate) fn spill(&self, work: &Path) -> PathBuf {
        let spill = work.join("spill");
        self.shared.as_ref().map_or(spill.clone(), |shared| spill.join(&shared.member.name))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let Some(Shared { board, member, watch, .. }) = self.shared.take() else { return };
        drop(member);
        for (name, _) in member::all(&board) {
            // Of one that was not looked at before it is not known whether it lives.
            if watch.living(&board, &name).is_none() {
                member::forget(&board, &name);
            }
        }
        // What a store lists may not be all, and that a build has ended is asked for there later.
        if board.store().is_none() && member::all(&board).is_empty() {
            let _ = fs::remove_dir_all(board.work().join(MEMBERS));
        }
    }
}

impl Shared {
    /// Other workers that have a file, living or lost.
    fn others(&self) -> impl Iterator<Item = (String, Statement)> {
        member::all(&self.board).into_iter().filter(|other| other.0 != self.member.name)
    }

    /// How long to wait between looks at what others do.
    fn moment(&self) -> Duration {
        (self.worker.lease / 30).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }

    /// Whether a worker lives: waits until it shows that it does, or does not. The file of a lost one goes.
    fn lives(&self, name: &str, said: &Statement) -> Result<bool> {
        shows_life(&self.board, name, said, &self.stop)
    }

    /// The worker that holds file `number` of a lease, for people; none where it is ours, or its worker is lost.
    fn holding(&self, at: &Path, name: &str, number: u64) -> Option<String> {
        if name == self.member.name {
            return None;
        }
        if name.is_empty() {
            // Just being made; or its worker was lost in between.
            let what = format!("{} {number}", at.display());
            return self.watch.is_new(&what, self.worker.lease).then(|| "that is just beginning".to_owned());
        }
        self.watch.living(&self.board, name).map(|other| other.named())
    }

    /// Asks for a lease.
    fn ask(&self, at: &Path) -> Result<Answer> {
        loop {
            let next = match lease::holder(&self.board, at)? {
                Holder::Nobody(next) => next,
                Holder::Worker(name, number) if name == self.member.name => return Ok(Answer::Ours(number)),
                Holder::Worker(name, number) => match self.holding(at, &name, number) {
                    Some(other) => return Ok(Answer::Other(other)),
                    None => number + 1,
                },
            };
            if lease::take(&self.board, at, next, &self.member.name)? {
                return Ok(Answer::Ours(next));
            }
        }
    }
}

impl Turn<'_> {
    /// Asks whether the turn is still this process's own.
    ///
    /// # Errors
    ///
    /// Where it was held up for so long that another took it.
    pub(crate) fn check(&self) -> Result<()> {
        let Some((shared, at, number)) = &self.held else { return Ok(()) };
        let ours = Holder::Worker(shared.member.name.clone(), *number);
        if lease::holder(&shared.board, at)? == ours {
            return Ok(());
        }
        Err(Error::other(
            format!("this worker was held up for more than {} s, and another took over", shared.worker.lease.as_secs()),
            "start it again: it goes on with what is left",
        ))
    }

    /// Hands the files that were made in this turn to the others, where they do not see them.
    ///
    /// # Errors
    ///
    /// As [`Turn::check`]; what the system or the store says.
    pub(crate) fn hand(&self, files: impl FnOnce() -> Vec<PathBuf>) -> Result<()> {
        let Some((shared, at, _)) = &self.held else { return Ok(()) };
        let Some(handed) = &shared.handed else { return Ok(()) };
        self.check()?;
        handed.hand(at, &files())
    }

    /// A folder of `job` for what is under way in this turn; those of turns that were not ended are removed.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub(crate) fn folder(&self, job: &Path) -> Result<PathBuf> {
        let name = self.held.as_ref().map_or("turn".to_owned(), |held| format!("turn-{}", held.0.member.name));
        for entry in fs::read_dir(job).map_err(Error::io(job))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("turn") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = job.join(name);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        Ok(folder)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let (Ok(()), Some((shared, at, number))) = (self.check(), &self.held) {
            lease::free(&shared.board, at, *number);
        }
    }
}

/// The name of this machine.
fn host() -> String {
    let named = fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".into())
}
