//! The jobs that decide: own ids that repeat, rows judged one by one, rows compared by their keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use super::drops::{self, Buckets};
use super::pass_context::{SIZES, SPLITS, artifact, linked};
use crate::engine::session::NARROW_ROWS;
use crate::output::parquet_file;
use crate::output::take::Take;
use crate::pipeline::inputs::Inputs;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::key_scan::ID_KEY;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::stage_plan::{Decide, PlannedStage};
use crate::pipeline::{Build, Scanned};
use crate::stages::percentile::Found;
use crate::stages::runs::{Like, Runs};
use crate::{Error, Result};

/// What became of all rows.
pub(crate) struct Decided {
    /// The job that holds every drop.
    pub(crate) drops: Job,
    /// What a mix takes of each source; empty without one.
    pub(crate) takes: Vec<Take>,
    /// What else is said of rows that are kept.
    pub(crate) beside: Beside,
    /// The indexes for later builds: stage, file.
    pub(crate) indexes: Vec<(String, PathBuf)>,
    /// What the percentiles of each stage that asks for some are in the corpus.
    pub(crate) found: Vec<(String, Vec<Found>)>,
}

/// Folders of what passes say of rows beside which of them go.
#[derive(Default)]
pub(crate) struct Beside {
    /// How many rows each row stands for, where that is asked for.
    pub(crate) sizes: Option<PathBuf>,
    /// Which rows are held out of training, where some are.
    pub(crate) splits: Option<PathBuf>,
    /// Files of links between rows that are alike.
    pub(crate) links: Vec<PathBuf>,
}

impl Scanned {
    /// Where the files of rows are in the work folder, for [`crate::pipeline::trace`] and questions in SQL.
    pub(crate) fn work(&self, drops: &Job, repeats: Option<&Job>) -> serde_json::Value {
        let name = |folder: &Path| folder.file_name().map(|n| n.to_string_lossy().into_owned());
        let cuts =
            self.text_cuts.iter().map(|(number, cuts)| (number.to_string(), json!(cuts.parent().and_then(name))));
        json!({
            "scan": name(&self.job.folder),
            "drops": name(&drops.folder),
            "ids": repeats.map(|job| name(&job.folder)),
            "left_out": self.cuts,
            "cuts": cuts.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// The file of the ids' job that says how many of them repeat: there when all its units are.
pub(crate) const REPEATS: &str = "any";

impl Build<'_> {
    /// Own ids that repeat, if any do.
    pub(crate) async fn repeats(&self, plans: &Plans<'_>, scanned: &Scanned) -> Result<Option<Job>> {
        if !scanned.own_ids {
            return Ok(None);
        }
        let job = Job::new(&self.options.work, "ids", &(&scanned.job.fingerprint, &scanned.cuts))?;
        let units: Vec<usize> = scanned.units.concat();
        let any = job.folder.join(REPEATS);
        if let Some(turn) = self.turn(&job.folder.join("pass"), || any.is_file()).await? {
            self.log.line(&job, 0, "start");
            let scratch = turn.folder(&job.folder)?;
            let mut buckets = Buckets::new(scratch.join("buckets"))?;
            let mut count = 0u64;
            let plan = match self.executors() {
                Some(_) => self.own_ids_elsewhere(plans, scanned, (&job, &scratch.join("keys"))).await?,
                None => plans.ids(&units, &scanned.folders(None, None), self.session.threads)?,
            };
            self.walk(plan, ID_KEY, |like| {
                count += 1;
                buckets.add(self.unit_of(plans.inputs, like.ord), like.ord, (like.nth + 1).to_le_bytes().to_vec())
            })
            .await?;
            for unit in &units {
                let number = |n: Vec<u8>| i64::from_le_bytes(n.try_into().unwrap_or_default());
                let repeats: Vec<_> = buckets.take(*unit)?.into_iter().map(|(ord, n)| (ord, number(n))).collect();
                drops::write_numbers(&job.unit(*unit), drops::repeats_schema(), &repeats)?;
            }
            let _ = std::fs::remove_dir_all(scratch);
            parquet_file::write_whole(&any, count.to_string().as_bytes())?;
            turn.hand(|| units.iter().map(|unit| job.unit(*unit)).chain([any.clone()]).collect())?;
            self.log.line(&job, 0, "done");
        }
        let count = std::fs::read_to_string(&any).map_err(Error::io(&any))?;
        Ok((count.trim() != "0").then_some(job))
    }

    pub(crate) fn unit_of(&self, inputs: &Inputs, ord: u64) -> usize {
        let piece = (ord >> 32) as usize;
        inputs.units.partition_point(|u| u.pieces.end <= piece)
    }

    async fn walk(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        key: &str,
        mut like: impl FnMut(Like) -> Result<()>,
    ) -> Result<()> {
        let mut stream = self.seen(plan).execute(0, self.session.context(NARROW_ROWS))?;
        let mut runs = Runs::default();
        while let Some(batch) = stream.next().await {
            if self.session.stopped() {
                return Err(Error::Interrupted);
            }
            runs.walk(&batch?, key, &mut like)?;
        }
        Ok(())
    }

    /// All decisions, in order.
    pub(crate) async fn decide(
        &self,
        plans: &Plans<'_>,
        scanned: &mut Scanned,
        repeats: Option<&Job>,
    ) -> Result<Decided> {
        let (mut drops, mut takes, mut beside): (Option<Job>, Vec<Take>, Beside) =
            (None, Vec::new(), Beside::default());
        let (mut indexes, mut found) = (Vec::new(), Vec::new());
        for decision in plans.chain.decisions() {
            let before = drops.as_ref().map(|j| j.fingerprint.as_str());
            drops = Some(match decision {
                Decide::Judge(stages) => {
                    let key = fingerprints::judge(plans, &scanned.job.fingerprint, &scanned.cuts, before, &stages);
                    let job = Job::new(&self.options.work, "judge", &key)?;
                    let at = scanned.folders(repeats, drops.as_ref());
                    let limits = self.percentiles(plans, scanned, &at, &stages, &job).await?;
                    self.judge(plans, scanned, &at, (&stages, &limits), &job).await?;
                    found.extend(stages.first().filter(|_| !limits.is_empty()).map(|s| (s.name.clone(), limits)));
                    job
                }
                Decide::Global(stage, pass) => {
                    let key = fingerprints::global(plans, &scanned.job.fingerprint, &scanned.cuts, before, stage);
                    let job = Job::new(&self.options.work, pass.job(), &key)?;
                    let before = (repeats, drops.as_ref(), beside.links.as_slice());
                    self.global(plans, scanned, before, (stage, pass), &job).await?;
                    indexes.extend(pass.leaves(&stage.name).map(|_| (stage.name.clone(), artifact(&job))));
                    beside.sizes = pass.counts().then(|| job.folder.join(SIZES)).or(beside.sizes);
                    beside.splits = pass.splits().then(|| job.folder.join(SPLITS)).or(beside.splits);
                    beside.links.extend(linked(&job));
                    self.rescan(plans, scanned, stage, &job).await?;
                    job
                }
                Decide::Mix(mix) => {
                    let key = fingerprints::mix(plans, &scanned.job.fingerprint, &scanned.cuts, before, &mix);
                    let job = Job::new(&self.options.work, "mix", &key)?;
                    takes = self.mix(plans, scanned, repeats, drops.as_ref(), &mix, &job).await?;
                    job
                }
            });
        }
        let drops = drops.ok_or_else(|| Error::Engine("nothing was decided".into()))?;
        Ok(Decided { drops, takes, beside, indexes, found })
    }

    async fn judge(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        at: &Folders<'_>,
        (stages, limits): (&[&PlannedStage], &[Found]),
        job: &Job,
    ) -> Result<()> {
        let names: Vec<&str> = stages.iter().map(|l| l.name.as_str()).collect();
        let units: u64 = scanned.units.iter().map(|u| u.len() as u64).sum();
        self.progress.phase(if names.is_empty() { "Judging" } else { "Judging by " }, units);
        let sources = plans.inputs.sources.iter().zip(&scanned.units).map(async |(source, units)| {
            let (mut spec, signals) = plans.chain.judge(source, stages, at.drops.is_none());
            let first = stages.first().map(|stage| stage.name.as_str());
            if let Some(decision) = spec.decisions.iter_mut().find(|d| Some(d.stage.as_str()) == first) {
                decision.found = limits.iter().map(|found| found.for_source(&source.source.label)).collect();
            }
            let plan = |left: &[usize]| plans.judged(source, left, (spec.clone(), &signals), at, job);
            self.units(job, units, &drops::drops_schema(), NARROW_ROWS, plan).await
        });
        let abreast = self.abreast();
        futures::stream::iter(sources).buffer_unordered(abreast).try_collect::<()>().await?;
        match names.is_empty() {
            true => self.progress.done("empty rows"),
            false => self.progress.named(&names.join(", ")),
        }
        Ok(())
    }
}
