//! What a build would find done already: for `corpus plan`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::fingerprints;
use super::planner::Plans;
use super::stage_plan::{Decide, StagePlan};
use crate::Result;
use crate::pipeline::inputs::Effort;
use crate::pipeline::jobs::Job;
use crate::pipeline::{Options, finished, inputs, spare};
use crate::recipe::Recipe;

/// A job of a build, and how much of it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct JobState {
    /// `scan`, `judge`, `dedup`, `near`, `mix`, `apply`, `shuffle`.
    pub name: &'static str,
    /// What it does, for people.
    pub does: String,
    /// Its units, where they are known before it runs.
    pub units: Option<u64>,
    /// Units that are done.
    pub done: u64,
}

/// The jobs of a build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Whether the output folder holds this very build.
    pub finished: bool,
    /// The jobs, in order.
    pub jobs: Vec<JobState>,
    /// Bytes of finished jobs in the work folder that this build would not use.
    pub spare_bytes: u64,
}

impl JobState {
    /// The share that is still to do.
    pub fn left(&self) -> f64 {
        self.units.filter(|u| *u > 0).map_or(1.0, |units| 1.0 - self.done as f64 / units as f64)
    }
}

/// Compares what a build would do with what lies in its folders. Files are hashed only where an earlier build left
/// something that could be reused; nothing is written.
///
/// # Errors
/// Inputs that are not there, cannot be read, or are not understood.
pub fn state(recipe: &Recipe, chain: &StagePlan, options: &Options) -> Result<State> {
    let Some(known) = options.known() else {
        return Ok(State { finished: false, jobs: jobs(chain, None), spare_bytes: 0 });
    };
    let mut inputs = inputs::gather(recipe, options.unit, known, options.threads, Effort::Known)?;
    chain.stage(&mut inputs);
    let plans = Plans { inputs: &inputs, chain, largest_row: options.largest_row(), number: 0 };
    let fingerprint = fingerprints::recipe(recipe, &inputs, chain);
    let mut state = State {
        finished: finished(&options.out, &fingerprints::build(recipe, &inputs, &fingerprint)).is_some(),
        jobs: jobs(chain, Some(inputs.units.len() as u64)),
        spare_bytes: 0,
    };
    let mut scan = Job::find(&options.work, "scan", &fingerprints::scan(&plans, options.unit));
    state.jobs[0].done = done(options, &scan, ".parquet");
    let ids = |scan: &Job| Job::find(&options.work, "ids", &(&scan.fingerprint, fingerprints::NO_CUTS));
    let mut needed: BTreeSet<String> = [&scan, &ids(&scan)].into_iter().filter_map(Job::folder_name).collect();
    // What a limit cuts off is known only after the scan; jobs behind it are not looked for.
    if recipe.sources.iter().any(|s| s.limit.is_some()) {
        return Ok(state);
    }
    let mut before: Option<String> = None;
    for (decision, line) in chain.decisions().iter().zip(1..) {
        let (name, key) = key(&plans, decision, &scan.fingerprint, before.as_deref());
        let job = Job::find(&options.work, name, &key);
        state.jobs[line].done = done(options, &job, ".parquet");
        needed.extend(job.folder_name());
        if let Decide::Global(stage, _) = decision
            && stage.cuts_late()
        {
            scan = Job::find(&options.work, "rescan", &fingerprints::rescan(&plans, options.unit, &job.fingerprint));
            needed.extend(scan.folder_name());
        }
        before = Some(job.fingerprint);
    }
    let apply = Job::find(&options.work, "apply", &fingerprints::apply(recipe, &plans, &before.unwrap_or_default()));
    let shuffle = Job::find(&options.work, "shuffle", &fingerprints::shuffle(&apply.fingerprint));
    needed.extend([&apply, &shuffle].into_iter().filter_map(Job::folder_name));
    state.spare_bytes = spare::beside(&options.work, &needed);
    for line in &mut state.jobs {
        match line.name {
            // Of a slab that is to be shuffled the kept rows are in another kind of file.
            "apply" => line.done = done(options, &apply, ".data.parquet") + done(options, &apply, ".data.arrow"),
            "shuffle" => line.done = done(options, &shuffle, ".data.parquet"),
            _ => {}
        }
    }
    Ok(state)
}

/// The job of a decision, and what its files depend on: the scan, and the decision `before`.
fn key(plans: &Plans<'_>, decision: &Decide<'_>, scan: &str, before: Option<&str>) -> (&'static str, Json) {
    match decision {
        Decide::Judge(stages) => ("judge", fingerprints::judge(plans, scan, &[], before, stages)),
        Decide::Global(stage, pass) => (pass.job(), fingerprints::global(plans, scan, &[], before, stage)),
        Decide::Mix(mix) => ("mix", fingerprints::mix(plans, scan, &[], before, mix)),
    }
}

/// The jobs of a chain, none of them begun.
fn jobs(chain: &StagePlan, units: Option<u64>) -> Vec<JobState> {
    let mut does = vec!["read".to_owned()];
    does.extend(chain.stages.iter().filter(|l| !l.decides()).map(|l| l.run().to_owned()));
    let mut jobs = vec![JobState { name: "scan", does: does.join(", "), units, done: 0 }];
    for decision in chain.decisions() {
        let (name, does) = match decision {
            Decide::Judge(links) => {
                let first = if jobs.len() == 1 { vec!["empty rows"] } else { Vec::new() };
                let names = first.into_iter().chain(links.iter().map(|l| l.name.as_str()));
                ("judge", names.collect::<Vec<_>>().join(", "))
            }
            Decide::Global(stage, pass) => (pass.job(), stage.name.clone()),
            Decide::Mix(mix) => ("mix", format!("shares of the sources by {}", mix.by.as_str())),
        };
        jobs.push(JobState { name, does, units, done: 0 });
    }
    jobs.push(JobState { name: "apply", does: "write data, dropped, unreadable".into(), units: None, done: 0 });
    let shuffles = chain.stages.iter().filter(|l| l.stage().order().is_some());
    let names: Vec<&str> = shuffles.map(|l| l.name.as_str()).collect();
    if !names.is_empty() {
        jobs.push(JobState { name: "shuffle", does: names.join(", "), units: None, done: 0 });
    }
    jobs
}

/// Units of a job that are done: files of its folder that end so, here or where a trial takes them from.
fn done(options: &Options, job: &Job, end: &str) -> u64 {
    let Some(name) = job.folder.file_name() else { return 0 };
    let there = |work: &Path| {
        let entries = std::fs::read_dir(work.join(name)).into_iter().flatten().flatten();
        entries.map(|e| e.file_name()).filter(|n| n.to_string_lossy().ends_with(end)).collect::<Vec<_>>()
    };
    // Slabs are of one output.
    let own = ["apply", "shuffle"].contains(&job.name.as_str());
    options.works().take(if own { 1 } else { 2 }).flat_map(there).collect::<BTreeSet<_>>().len() as u64
}
