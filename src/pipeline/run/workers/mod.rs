//! Who does what of a build: this process alone, or several, on one machine or many, that share its folders.
//!
//! Nothing else in the program knows whether a build is shared. A job asks whether it is to do a unit
//! (`Workers::claims`), or for its turn at what one does for all (`Workers::turn`); alone, the answer is always yes.
//! What answers is a lease (`lease.rs`): a worker that is lost (`member.rs`) holds none.
//!
//! Leases save time; they keep no order that the output depends on. A worker that was held up for longer than a lease, and
//! goes on, does again what another did meanwhile: files appear whole and under names that follow from what is in them, so
//! that costs time and never rows. The one thing that only one may do is to put the output in its place: it asks before
//! every step whether its turn is still its own (`Turn::check`).

mod lease;
mod member;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::disk::write_whole;
use crate::objects::is_url;
use crate::pipeline::jobs::CODE;
use crate::pipeline::publish::ours::{MEMBERS, job};
use crate::{Error, Result};
use lease::Holder;
pub(crate) use member::Identity;
use member::{Member, Statement, Watch};

/// The file that says which build is in its place.
const ENDED: &str = "ended";

/// A process among those that share a build.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are: where it begins, so that few ask for the same.
    pub of: u32,
    /// The time without a sign of life after which a worker counts as lost.
    pub lease: Duration,
}

/// Who does what.
#[derive(Default)]
pub(crate) struct Workers {
    shared: Option<Shared>,
}

/// This process among others.
struct Shared {
    worker: Worker,
    folder: PathBuf,
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
        let folder = work.join(MEMBERS);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
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
        let member = Member::join(&folder, statement.clone())?;
        let (watch, stop, worker) = (Watch::default(), stop.clone(), worker.clone());
        let shared = Shared { worker, folder, member, watch, stop, over: Mutex::default() };
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
                let message = format!("worker {} is at work in {} {what}", other.named(), work.display());
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
        Ok(!done() && matches!(shared.ask(at)?, Answer::Ours(_)) && !done())
    }

    /// Whether the lease `at` is held by no other worker that lives.
    ///
    /// # Errors
    ///
    /// Where the lease cannot be read.
    pub(crate) fn is_open(&self, at: &Path) -> Result<bool> {
        let Some(shared) = &self.shared else { return Ok(true) };
        Ok(match lease::holder(at)? {
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
        done: impl Fn() -> bool,
        waiting: impl Fn(&str),
    ) -> Result<Option<Turn<'_>>> {
        let mut announced = false;
        loop {
            if done() {
                return Ok(None);
            }
            let Some(shared) = &self.shared else { return Ok(Some(Turn { held: None })) };
            match shared.ask(at)? {
                Answer::Ours(number) => {
                    let turn = Turn { held: Some((shared, at.to_path_buf(), number)) };
                    return Ok((!done()).then_some(turn));
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
        let Some(Shared { folder, member, watch, .. }) = self.shared.take() else { return };
        drop(member);
        for (name, _) in member::all(&folder) {
            // Of one that was not looked at before it is not known whether it lives.
            if watch.living(&folder, &name).is_none() {
                member::forget(&folder, &name);
            }
        }
        if member::all(&folder).is_empty() {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

impl Shared {
    /// Other workers that have a file, living or lost.
    fn others(&self) -> impl Iterator<Item = (String, Statement)> {
        member::all(&self.folder).into_iter().filter(|other| other.0 != self.member.name)
    }

    /// How long to wait between looks at what others do.
    fn moment(&self) -> Duration {
        (self.worker.lease / 30).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }

    /// Whether a worker lives: waits until it shows that it does, or does not. The file of a lost one goes.
    fn lives(&self, name: &str, said: &Statement) -> Result<bool> {
        shows_life(&self.folder, name, said, &self.stop)
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
        self.watch.living(&self.folder, name).map(|other| other.named())
    }

    /// Asks for a lease.
    fn ask(&self, at: &Path) -> Result<Answer> {
        loop {
            let next = match lease::holder(at)? {
                Holder::Nobody(next) => next,
                Holder::Worker(name, number) if name == self.member.name => return Ok(Answer::Ours(number)),
                Holder::Worker(name, number) => match self.holding(at, &name, number) {
                    Some(other) => return Ok(Answer::Other(other)),
                    None => number + 1,
                },
            };
            if lease::take(at, next, &self.member.name)? {
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
        if lease::holder(at)? == ours {
            return Ok(());
        }
        Err(Error::other(
            format!("this worker was held up for more than {} s, and another took over", shared.worker.lease.as_secs()),
            "start it again: it goes on with what is left",
        ))
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
        if let (Ok(()), Some((_, at, number))) = (self.check(), &self.held) {
            lease::free(at, *number);
        }
    }
}

/// Whether a worker shows that it lives, within the time that it says it would; the file of one that does not goes.
fn shows_life(folder: &Path, name: &str, said: &Statement, stop: &AtomicBool) -> Result<bool> {
    let (watch, began) = (Watch::default(), Instant::now());
    let first = member::beats(folder, name);
    while watch.living(folder, name).is_some() {
        if member::beats(folder, name) != first {
            return Ok(true);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // One that ended by itself has shown that it lived.
    if began.elapsed().as_secs_f64() >= said.lease {
        member::forget(folder, name);
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
    let folder = work.join(MEMBERS);
    for (name, said) in member::all(&folder) {
        looking(&said.named());
        if shows_life(&folder, &name, &said, stop)? {
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

/// Says to the workers that share the folder of jobs `work` that the build of this identity is in its place, where to ask the
/// place itself takes long.
///
/// # Errors
///
/// [`Error::Io`] of writing.
pub(crate) fn ended(work: &Path, build: &str) -> Result<()> {
    let path = work.join(MEMBERS).join(ENDED);
    write_whole(&path, build.as_bytes()).map_err(Error::io(&path))
}

/// Whether that was said. `stands` asks the place itself: the build may have been removed there later; and where the folder of
/// workers is gone, they have all ended, and took this one for lost.
pub(crate) fn has_ended(work: &Path, build: &str, stands: impl Fn() -> bool) -> bool {
    let folder = work.join(MEMBERS);
    let path = folder.join(ENDED);
    if folder.exists() && fs::read(&path).ok().is_none_or(|said| said != build.as_bytes()) {
        return false;
    }
    let stands = stands();
    if !stands {
        let _ = fs::remove_file(&path);
    }
    stands
}

/// The name of this machine.
fn host() -> String {
    let named = fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".into())
}
