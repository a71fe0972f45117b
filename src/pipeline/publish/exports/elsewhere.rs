//! Exports that a cluster writes, a task each, side by side. On a disk one goes into a room beside the place of the export, out
//! of which its files are moved there; in a store below a version that the executor claims, of which `export.json` is put here.
//!
//! What each came to is said in a folder of jobs that no other run uses, and rooms are this run's alone: an executor that was
//! held up finds both gone.

use std::mem;
use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;

use super::{Left, Wanted, What, line, origin, said};
use crate::engine::part::{self, PartSpec};
use crate::engine::session::TEXT_ROWS;
use crate::output::export::folder::Staging;
use crate::output::export::sent::{self, Came, Sent};
use crate::output::tokens::sent as ids;
use crate::pipeline::Build;
use crate::pipeline::jobs::Job;
use crate::pipeline::publish::manifest::{ExportLine, Manifest};
use crate::pipeline::publish::ours;
use crate::pipeline::run::units::Parts;
use crate::recipe::Export;
use crate::{Error, Result};

/// The name of the job.
const JOB: &str = "exports";

/// An export on its way.
#[allow(clippy::large_enum_variant, reason = "one an export")]
enum Step<'a> {
    /// It stands.
    Stands(ExportLine),
    /// It is written by somebody else, and put in its place here.
    Sent(&'a Export, Box<(Staging, Sent)>),
}

impl Build<'_> {
    /// Has executors write the exports that are to be written; the lines of those that are there, up to the first that cannot
    /// be written, and whether they are all.
    pub(super) async fn exports_elsewhere(
        &self,
        manifest: &Manifest,
        old: &[ExportLine],
    ) -> (Vec<ExportLine>, Result<()>) {
        let job = match self.exports_job() {
            Ok(job) => job,
            Err(error) => return (Vec::new(), Err(error)),
        };
        let (mut steps, mut begun) = (Vec::new(), Ok(()));
        for spec in &self.recipe.exports {
            match self.step(spec, (&job, steps.len()), (manifest, old)) {
                Ok(step) => steps.push(step),
                Err(error) => {
                    begun = Err(error);
                    break;
                }
            }
        }
        let ran = self.run_exports(&job, &steps).await;
        let (lines, placed) = self.placed(steps, ran);
        // What cannot be removed now goes with the next run.
        let _ = ours::remove(&job.folder);
        let _ = self.workers.tidy(&[&job.folder]);
        (lines, placed.and(begun))
    }

    /// The job of this run; what runs before it have left goes.
    fn exports_job(&self) -> Result<Job> {
        let work = &self.options.work;
        for entry in std::fs::read_dir(work).map_err(Error::io(work))?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if ours::job(&name) && name.rsplit_once('-').is_some_and(|(job, _)| job == JOB) {
                ours::remove(&entry.path())?;
            }
        }
        let fingerprint = format!("{:016x}", fastrand::u64(..));
        let folder = work.join(format!("{JOB}-{fingerprint}"));
        std::fs::create_dir(&folder).map_err(Error::io(&folder))?;
        Ok(Job { name: JOB.to_owned(), folder, fingerprint })
    }

    /// An export that stands, or is made ready to be sent.
    fn step<'a>(
        &'a self,
        spec: &'a Export,
        (job, number): (&Job, usize),
        (manifest, old): (&Manifest, &[ExportLine]),
    ) -> Result<Step<'a>> {
        let Left { what, tables, .. } = match self.wanted(spec, manifest, old)? {
            Wanted::Stands(line) => return Ok(Step::Stands(line)),
            Wanted::Left(left) => left,
        };
        let what = match what {
            What::Rows(exporter, splits) => sent::What::Rows { to: exporter.name().to_owned(), splits },
            What::Ids(layout, loaded) => {
                sent::What::Ids(ids::Sent::of(layout, &loaded.sheet(layout)?, &loaded.file())?)
            }
        };
        let (staging, room) = Staging::awaiting(&self.options.out.join(&spec.out))?;
        let (build, file) = (origin(manifest), job.folder.join(format!("came-{number}")));
        let sent = Sent { what, tables, strict: spec.strict, build, room, file };
        Ok(Step::Sent(spec, Box::new((staging, sent))))
    }

    async fn run_exports(&self, job: &Job, steps: &[Step<'_>]) -> Result<()> {
        let sent = steps.iter().filter_map(|step| match step {
            Step::Stands(_) => None,
            Step::Sent(_, one) => Some(&one.1),
        });
        let sent: Vec<&Sent> = sent.collect();
        if sent.is_empty() {
            return Ok(());
        }
        self.progress.phase("Exporting", sent.len() as u64);
        let there = |place: usize| sent[place].came().is_some();
        let parts = Parts { all: (0..sent.len() as u64).collect(), job, there: &there, steps: &|_| 1 };
        let plan = |place: usize| -> Result<Arc<dyn ExecutionPlan>> {
            Ok(part::part(PartSpec::Export(sent[place].clone()), None))
        };
        self.written_elsewhere(&parts, TEXT_ROWS, &|place| sent[place].file.clone(), plan).await
    }

    /// Puts in their places what was written before the first that was not; `ran`: whether all were.
    fn placed(&self, steps: Vec<Step<'_>>, mut ran: Result<()>) -> (Vec<ExportLine>, Result<()>) {
        let (mut lines, mut ended) = (Vec::new(), Ok(()));
        for step in steps {
            let placed = match step {
                Step::Stands(line) => Ok(line),
                Step::Sent(spec, one) => self.place(spec, *one, ended.is_ok(), &mut ran),
            };
            match placed {
                Ok(line) if ended.is_ok() => lines.push(line),
                Err(error) if ended.is_ok() => ended = Err(error),
                _ => {}
            }
        }
        (lines, ended.and(ran))
    }

    /// Puts an export in its place that was written, where it is `wanted`; else what was written goes.
    fn place(
        &self,
        spec: &Export,
        (mut staging, sent): (Staging, Sent),
        wanted: bool,
        ran: &mut Result<()>,
    ) -> Result<ExportLine> {
        let gone = || Error::Engine(format!("{}: what an export came to is gone", sent.file.display()));
        let written = match sent.came() {
            Some(Came::Written(written)) => written,
            Some(Came::Refused { message, hint }) => return Err(Error::Input { message, hint }),
            None => return Err(mem::replace(ran, Ok(())).err().unwrap_or_else(gone)),
        };
        staging.take(&sent.room, &written.at)?;
        if !wanted {
            return Err(gone());
        }
        self.progress.phase(&format!("Exporting {}", spec.to), 0);
        staging.publish(written.manifest.as_bytes())?;
        self.progress.done(&said(spec, &written.uses, written.tokens.as_ref()));
        line(spec, &self.options.out.join(&spec.out), written.uses, written.tokens)
    }
}
