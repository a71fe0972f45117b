//! Jobs in an object store that the last build there did not use, and how they go.
//!
//! `last.json` says which jobs that build used: whoever puts a build in its place says so after that. What a later build has
//! put there counts as used, whether it ended or not. Who removes jobs is a worker like any other to whoever begins a build
//! meanwhile, so that one of the two is refused; and lists of parts go before the files that they name, so that what is cut
//! off leaves no list of files that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use super::board::Board;
use super::ending::shows_life;
use super::member::{self, Member, Statement};
use super::{Workers, host};
use crate::engine::away::lists::DONE;
use crate::objects::Folder;
use crate::pipeline::jobs::CODE;
use crate::pipeline::publish::ours::{LAST, job};
use crate::{Error, Result};

/// The time without a sign of life after which whoever removes jobs counts as lost.
const LEASE: Duration = Duration::from_secs(60);

/// A job in a store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredJob {
    /// Its name below the address.
    pub name: String,
    /// Bytes of its objects.
    pub bytes: u64,
    /// When the last of them was put.
    pub used: SystemTime,
    /// Their names.
    objects: Vec<String>,
}

/// The jobs below an address, the one used longest ago first, as the store lists them; and when `last.json` was put there.
fn jobs(folder: &Folder) -> Result<(Vec<StoredJob>, Option<SystemTime>)> {
    let (mut all, mut ended) = (BTreeMap::new(), None);
    for (found, put) in folder.listed("")? {
        if found.name == LAST {
            ended = Some(put);
        }
        let Some((name, _)) = found.name.split_once('/').filter(|(name, _)| job(name) && name.contains('-')) else {
            continue;
        };
        let new = || StoredJob { name: name.to_owned(), bytes: 0, used: put, objects: Vec::new() };
        let of = all.entry(name.to_owned()).or_insert_with(new);
        (of.bytes, of.used) = (of.bytes + found.bytes, of.used.max(put));
        of.objects.push(found.name);
    }
    let mut jobs: Vec<StoredJob> = all.into_values().collect();
    jobs.sort_by(|a, b| (a.used, &a.name).cmp(&(b.used, &b.name)));
    Ok((jobs, ended))
}

/// Those of some jobs that are none of `used`, and of which nothing was put since that was said.
fn spare(jobs: Vec<StoredJob>, used: &BTreeSet<String>, said: SystemTime) -> Vec<StoredJob> {
    jobs.into_iter().filter(|job| !used.contains(&job.name) && job.used <= said).collect()
}

/// Removes jobs, their lists first.
fn remove(folder: &Folder, jobs: &[StoredJob]) -> Result<()> {
    let (lists, files): (Vec<String>, Vec<String>) =
        jobs.iter().flat_map(|job| job.objects.iter().cloned()).partition(|name| name.ends_with(DONE));
    folder.delete(&lists)?;
    folder.delete(&files)
}

impl Workers {
    /// Says in the store which jobs the build has used that this worker has put in its place, and frees others until all
    /// together take no more than `limit` bytes, where there is one: the bytes that went and those that are left. Nothing
    /// where workers see a folder in common. Whoever is at work there builds the same.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(crate) fn keep(&self, used: &[String], limit: Option<u64>) -> Result<Option<(u64, u64)>> {
        let Some(folder) = self.shared.as_ref().and_then(|shared| shared.board.store()) else { return Ok(None) };
        folder.put(LAST, serde_json::to_vec(used).unwrap_or_default())?;
        let Some(limit) = limit else { return Ok(None) };
        let (jobs, said) = jobs(folder)?;
        let mut there: u64 = jobs.iter().map(|job| job.bytes).sum();
        let (mut go, mut freed) = (Vec::new(), 0);
        // A listing that lacks what was put a moment ago says nothing of what is spare.
        for job in said.map_or(Vec::new(), |said| spare(jobs, &used.iter().cloned().collect(), said)) {
            if there <= limit {
                break;
            }
            (there, freed) = (there.saturating_sub(job.bytes), freed + job.bytes);
            go.push(job);
        }
        remove(folder, &go)?;
        Ok(Some((freed, there)))
    }
}

/// An address of jobs at which no build is at work, and none begins while this lives.
pub struct Held {
    board: Board,
    _member: Member,
}

impl Held {
    /// Makes sure that no build is at work there; `looking` hears whose sign of life is waited for.
    ///
    /// # Errors
    ///
    /// An address without our mark; a worker that lives; what the store answers; [`Error::Interrupted`].
    pub fn new(address: &Path, stop: &Arc<AtomicBool>, looking: impl Fn(&str)) -> Result<Self> {
        let board = Board::marked(address, stop)?;
        let statement = Statement {
            worker: "cache prune".to_owned(),
            host: host(),
            process: std::process::id(),
            version: CODE.to_owned(),
            recipe: "cache prune".to_owned(),
            lease: LEASE.as_secs_f64(),
            ..Statement::default()
        };
        let member = Member::join(&board, statement)?;
        for (name, said) in member::all(&board).into_iter().filter(|other| other.0 != member.name) {
            looking(&said.named());
            if shows_life(&board, &name, &said, stop)? {
                let message = format!("worker {} is at work in {}", said.named(), address.display());
                return Err(Error::other(message, "wait for it"));
            }
        }
        Ok(Held { board, _member: member })
    }

    fn folder(&self) -> Result<&Folder> {
        self.board.store().ok_or_else(|| Error::Engine("the board is no store".into()))
    }

    /// The jobs that the last build did not use; none where no build has said which it used.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub fn spare(&self) -> Result<Vec<StoredJob>> {
        let folder = self.folder()?;
        let used = folder.read(LAST)?.and_then(|(json, _)| serde_json::from_slice::<BTreeSet<String>>(&json).ok());
        let (jobs, said) = jobs(folder)?;
        Ok(used.zip(said).map_or(Vec::new(), |(used, said)| spare(jobs, &used, said)))
    }

    /// Removes jobs.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub fn remove(&self, jobs: &[StoredJob]) -> Result<()> {
        remove(self.folder()?, jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_last_build_used_or_a_later_one_has_put_is_not_spare() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let job = |name: &str, used| StoredJob { name: name.into(), bytes: 1, used: at(used), objects: Vec::new() };
        let jobs = ["scan-1", "scan-2", "near-3", "near-4"].into_iter().zip([3, 5, 9, 10]);
        let jobs: Vec<StoredJob> = jobs.map(|(name, used)| job(name, used)).collect();
        let used = BTreeSet::from(["scan-2".to_owned()]);
        let names: Vec<String> = spare(jobs, &used, at(9)).into_iter().map(|job| job.name).collect();
        assert_eq!(names, ["scan-1", "near-3"]);
    }
}
