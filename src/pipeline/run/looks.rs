//! Looks at narrow columns of all rows by a cluster: each executor those of a group of units, of which it leaves a small file;
//! the driver adds these up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;

use super::partners::{GROUPS, grouped};
use super::units::Parts;
use crate::engine::plan::Plan;
use crate::engine::session::NARROW_ROWS;
use crate::pipeline::Build;
use crate::pipeline::jobs::Job;
use crate::spill::scratch;
use crate::{Error, Result};

/// A pass over rows, for a job.
pub(super) struct Look<'a> {
    /// The job.
    pub(super) job: &'a Job,
    /// Which of the job's passes it is, from 1 on.
    pub(super) number: u64,
    /// The units of each source that is looked at.
    pub(super) units: &'a [Vec<usize>],
}

impl Build<'_> {
    /// Has executors look at the rows of all units. `plan` makes the plan of some units of a source, by its place, which
    /// leaves a file; `add` is handed the files, in order, with the place of the source of each.
    ///
    /// # Errors
    ///
    /// As [`Build::share`], and what `add` says.
    pub(super) async fn looked_elsewhere(
        &self,
        look: &Look<'_>,
        plan: impl Fn(usize, &[usize], PathBuf) -> Result<Plan>,
        mut add: impl FnMut(usize, &Path) -> Result<()>,
    ) -> Result<()> {
        let Look { job, number, units } = look;
        let groups = grouped(units, GROUPS * self.width().await?);
        let folder = job.folder.join(format!("pass-{number}"));
        scratch(&folder)?;
        let file = |place: usize| folder.join(format!("seen-{place}"));
        let shared = Job { name: format!("{}-parts", job.name), folder: folder.clone(), ..(*job).clone() };
        let first = (number - 1) * groups.len() as u64;
        let there = |place: usize| file(place).is_file();
        let all = (first..).take(groups.len()).collect();
        let parts = Parts { all, job: &shared, there: &there, steps: &|_| 0 };
        // A cluster is given one at a time.
        let one = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let (source, units) = &groups[places[0]];
            plan(*source, units, file(places[0]))
        };
        self.share(&parts, NARROW_ROWS, one).await?;
        groups.iter().enumerate().try_for_each(|(place, of)| add(of.0, &file(place)))?;
        std::fs::remove_dir_all(&folder).map_err(Error::io(&folder))
    }
}
