//! Workers that see no folder in common hand their files to one another; for all others these do nothing, and what is there is
//! what lies in the folder of jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::handed::Handed;
use super::{Workers, ending};
use crate::Result;
use crate::engine::plan::Plan;

impl Workers {
    fn handed(&self) -> Option<&Arc<Handed>> {
        self.shared.as_ref()?.handed.as_ref()
    }

    /// Whether the folder of jobs is this worker's own, and what others have done comes through a store.
    pub(crate) fn is_apart(&self) -> bool {
        self.handed().is_some()
    }

    /// Asks which of some parts others have done.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(crate) fn look(&self, parts: &[PathBuf]) -> Result<()> {
        self.handed().map_or(Ok(()), |handed| handed.look(parts))
    }

    /// The same of one part, beside what goes on here: a store takes its time to answer. Whatever it answers that is in trouble,
    /// it is asked again.
    pub(crate) async fn look_beside(&self, part: PathBuf) {
        if let Some(handed) = self.handed().cloned() {
            let _ = tokio::task::spawn_blocking(move || handed.look(&[part])).await;
        }
    }

    /// Whether a part is there for all, as [`Workers::look`] last found; `here` says whether it lies in the folder of jobs.
    pub(crate) fn has(&self, part: &Path, here: impl Fn() -> bool) -> bool {
        self.handed().map_or_else(here, |handed| handed.has(part))
    }

    /// Begins to hand over the files of a part.
    ///
    /// # Errors
    ///
    /// What the system or the store says, of this part or of one before.
    pub(crate) fn hand(&self, part: PathBuf, files: impl FnOnce() -> Vec<PathBuf>) -> Result<()> {
        self.handed().map_or(Ok(()), |handed| handed.begin(part, files()))
    }

    /// The plan of a part as executors of a cluster run it, which see no folder of jobs that is this worker's own.
    ///
    /// # Errors
    ///
    /// What such a plan cannot read; what the system or the store says.
    pub(crate) fn away(&self, plan: Plan, part: &Path) -> Result<Plan> {
        match self.handed() {
            Some(handed) => handed.away(plan, part),
            None => Ok(plan),
        }
    }

    /// Waits until all is handed over.
    ///
    /// # Errors
    ///
    /// As [`Workers::hand`].
    pub(crate) fn settle(&self) -> Result<()> {
        self.handed().map_or(Ok(()), |handed| handed.settle(0))
    }

    /// Brings the files of some parts here, where others have done them.
    ///
    /// # Errors
    ///
    /// What the system or the store says.
    pub(crate) fn receive(&self, parts: &[PathBuf], threads: usize) -> Result<()> {
        self.handed().map_or(Ok(()), |handed| handed.receive(parts, threads))
    }

    /// The same for all parts of the job in a folder that this worker knows of.
    ///
    /// # Errors
    ///
    /// As [`Workers::receive`].
    pub(crate) fn receive_all(&self, job: &Path, threads: usize) -> Result<()> {
        self.handed().map_or(Ok(()), |handed| handed.receive_all(job, threads))
    }

    /// Removes from the store what nothing needs when the build is in its place, the jobs `done_with` among it.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(crate) fn tidy(&self, done_with: &[&Path]) -> Result<()> {
        self.handed().map_or(Ok(()), |handed| handed.tidy(done_with))
    }

    /// Says to the others that the build of this identity is in its place, where to ask the place itself takes long.
    ///
    /// # Errors
    ///
    /// Where that cannot be written.
    pub(crate) fn ended(&self, build: &str) -> Result<()> {
        self.shared.as_ref().map_or(Ok(()), |shared| ending::ended(&shared.board, build))
    }

    /// Whether that was said of the build of this identity, and it stands, as `stands` finds.
    pub(crate) fn has_ended<S: Fn(&str) -> bool>(&self, build: String, stands: S) -> impl Fn() -> bool + use<S> {
        let board = self.shared.as_ref().map(|shared| shared.board.clone());
        move || board.as_ref().is_some_and(|board| ending::has_ended(board, &build, || stands(&build)))
    }
}
