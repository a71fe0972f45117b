//! Shards that a cluster writes, a task each: into a folder beside the output to come, out of which they are moved when all
//! are there, or into the store, under the names that the build has claimed.
//!
//! The folder has a name that no other run uses. An executor that was held up, and goes on when the build is done with,
//! finds it gone; so what it writes never lands among files of another build.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;

use super::{Landing, Planned, exchange};
use crate::disk::sync_folder;
use crate::engine::part::{self, PartSpec};
use crate::engine::session::TEXT_ROWS;
use crate::output::shards::sent::{Came, Place, Sent};
use crate::output::shards::{Shard, Written};
use crate::output::target::{InFolder, Target};
use crate::pipeline::Build;
use crate::pipeline::jobs::Job;
use crate::pipeline::run::units::Parts;
use crate::spill::scratch;
use crate::{Error, Result};

impl Build<'_> {
    /// Has executors write the shards that are made of the slabs of the job `applied`; what each came to.
    pub(super) async fn shards_elsewhere(
        &self,
        planned: &Planned,
        landing: &Landing,
        applied: &Job,
    ) -> Result<Vec<Written>> {
        let out = std::path::absolute(exchange::staging(&self.options.out)).map_err(Error::io(&self.options.out))?;
        let here = out.with_file_name(format!("shards-{:016x}", fastrand::u64(..)));
        if matches!(landing, Landing::Folder(_)) {
            scratch(&here)?;
        }
        // Whatever a run before this one has left: what its shards came to is of places that it had claimed.
        let name = format!("shards-{:016x}", fastrand::u64(..));
        let job = Job { name: "shards".into(), folder: applied.folder.join(name), ..applied.clone() };
        scratch(&job.folder)?;
        let sent = |(number, (_, shard)): (usize, &(_, Shard))| -> Result<Sent> {
            let file = job.folder.join(format!("came-{number}"));
            Ok(match landing {
                Landing::Folder(_) => {
                    let shard = Shard { name: format!("{number}.parquet"), ..shard.clone() };
                    Sent { shard, to: Place::Folder(here.clone()), file }
                }
                Landing::Bucket(attempt) => {
                    let to = Place::Store(attempt.address(), attempt.finished(&shard.name)?);
                    Sent { shard: shard.clone(), to, file }
                }
            })
        };
        let sent = planned.iter().enumerate().map(sent).collect::<Result<Vec<Sent>>>()?;
        let there = |place: usize| sent[place].came().is_some();
        let all = (0..sent.len() as u64).collect();
        let parts = Parts { all, job: &job, there: &there, steps: &|_| 0 };
        let plan = |place: usize| -> Result<Arc<dyn ExecutionPlan>> {
            Ok(part::part(PartSpec::Shard(sent[place].clone()), None))
        };
        self.written_elsewhere(&parts, TEXT_ROWS, &|place| sent[place].file.clone(), plan).await?;
        let gone = |of: &Sent| Error::Engine(format!("{}: what a shard came to is gone", of.file.display()));
        let came = sent.iter().map(|of| of.came().ok_or_else(|| gone(of))).collect::<Result<Vec<Came>>>()?;
        match landing {
            Landing::Folder(InFolder(fresh)) => {
                let places = planned.iter().map(|(_, shard)| fresh.join(&shard.name));
                moved(sent.iter().map(|of| here.join(&of.shard.name)).zip(places))?;
                std::fs::remove_dir_all(&here).map_err(Error::io(&here))?;
            }
            Landing::Bucket(attempt) => {
                came.iter().filter_map(|of| of.found.as_ref()).for_each(|of| attempt.arrived(of))
            }
        }
        Ok(came.into_iter().map(|of| of.written).collect())
    }
}

/// Gives files other names on the same file system.
fn moved(files: impl Iterator<Item = (PathBuf, PathBuf)>) -> Result<()> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for (from, to) in files {
        let folder = to.parent().unwrap_or(&to).to_path_buf();
        if folders.last() != Some(&folder) {
            std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
            folders.push(folder);
        }
        std::fs::rename(&from, &to).map_err(Error::io(&to))?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder).map_err(Error::io(folder)))
}
