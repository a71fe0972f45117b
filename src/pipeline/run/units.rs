//! How the units of a job are run: those that are not there, by whoever is to do them (`Workers`); and what one does for
//! all who share a build.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_physical_plan::ExecutionPlan;

use super::workers::{Identity, Turn};
use crate::disk::write_whole;
use crate::engine::cluster::Cluster;
use crate::engine::{drive, sink};
use crate::objects::is_url;
use crate::pipeline::inputs::{self, Effort, Inputs, SourceInput, group};
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::publish::ours::MEMBERS;
use crate::pipeline::{Build, finished};
use crate::spill::Space;
use crate::{Error, Result};

/// What a job's parts are, for [`Build::share`]: each has a lease, and is there or not.
pub(crate) struct Parts<'a> {
    /// Numbers of the parts, by which leases and the log name them.
    pub(crate) all: Vec<u64>,
    /// The job.
    pub(crate) job: &'a Job,
    /// Whether a part, by its place, is there.
    pub(crate) there: &'a dyn Fn(usize) -> bool,
    /// How much of the progress a part makes.
    pub(crate) steps: &'a dyn Fn(usize) -> u64,
}

/// What is to be done where a part, by its place, has been run: on the thread that ran it.
pub(crate) type Ended = Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;

/// What workers without a folder in common hand to one another of parts.
pub(crate) struct Handing<'a> {
    /// The files of a part that is done.
    pub(crate) files: &'a dyn Fn(usize) -> Vec<PathBuf>,
    /// Whether every worker needs them all, or only the one that ends the build.
    pub(crate) for_all: bool,
}

impl Parts<'_> {
    /// Where the lease of a part is.
    fn lease(&self, place: usize) -> PathBuf {
        self.job.lease(self.all[place])
    }
}

impl Build<'_> {
    /// Runs the units of a job that are not done, and makes sure that each has its file.
    ///
    /// # Errors
    ///
    /// As [`Build::share`].
    pub(crate) async fn units(
        &self,
        job: &Job,
        units: &[usize],
        schema: &SchemaRef,
        rows: usize,
        plan: impl Fn(&[usize]) -> Result<Arc<dyn ExecutionPlan>>,
    ) -> Result<()> {
        let there = |place: usize| job.has(units[place]);
        let all = units.iter().map(|unit| *unit as u64).collect();
        let files = |place: usize| vec![job.unit(units[place])];
        let parts = Parts { all, job, there: &there, steps: &|_| 1 };
        let handing = Handing { files: &files, for_all: true };
        let made = |places: &[usize]| plan(&places.iter().map(|place| units[*place]).collect::<Vec<_>>());
        let (own, numbers, schema) = (job.clone(), units.to_vec(), schema.clone());
        let ended: Ended = Arc::new(move |place| match own.has(numbers[place]) {
            true => Ok(()),
            false => sink::write_empty(&own.folder, numbers[place] as u64, schema.clone()),
        });
        self.share_handing((&parts, &handing), rows, made, ended).await
    }

    /// Runs the parts of a job that are not there, among all who share the build, until all are there. `plan` makes a plan
    /// whose partitions are parts at these places.
    ///
    /// # Errors
    ///
    /// What running them gives, [`Error::Interrupted`], and that others have finished the build.
    pub(crate) async fn share(
        &self,
        parts: &Parts<'_>,
        rows: usize,
        plan: impl Fn(&[usize]) -> Result<Arc<dyn ExecutionPlan>>,
    ) -> Result<()> {
        let handing = Handing { files: &|_| Vec::new(), for_all: false };
        self.share_handing((parts, &handing), rows, plan, Arc::new(|_| Ok(()))).await
    }

    /// The same of parts whose files are handed over where workers have no folder in common; `ended` hears of each that this
    /// process has run, or had run.
    ///
    /// # Errors
    ///
    /// As [`Build::share`]; what a store says.
    pub(crate) async fn share_handing(
        &self,
        (parts, handing): (&Parts<'_>, &Handing<'_>),
        rows: usize,
        plan: impl Fn(&[usize]) -> Result<Arc<dyn ExecutionPlan>>,
        ended: Ended,
    ) -> Result<()> {
        let leases: Vec<PathBuf> = (0..parts.all.len()).map(|place| parts.lease(place)).collect();
        self.workers.look(&leases)?;
        let there = |place: usize| self.workers.has(&leases[place], || (parts.there)(place));
        let mut left: BTreeSet<usize> = (0..parts.all.len()).filter(|place| !there(*place)).collect();
        let all = (0..parts.all.len()).map(parts.steps).sum::<u64>();
        self.progress.reused(all - left.iter().map(|place| (parts.steps)(*place)).sum::<u64>());
        let mut open: Vec<usize> = left.iter().copied().collect();
        while !left.is_empty() {
            let begin = |at: usize| {
                let (place, number) = (open[at], parts.all[open[at]]);
                if self.workers.is_apart() && self.cluster.is_none() {
                    // A list that is missing may have been freed, and a lease that is made then would stay.
                    self.workers.look(&leases[place..=place])?;
                    self.go_on()?;
                }
                let claimed = self.cluster.is_some() || self.workers.claims(&leases[place], || there(place))?;
                if claimed && (parts.there)(place) {
                    // Done by an earlier run on this machine, of which the others do not know.
                    self.workers.hand(leases[place].clone(), || (handing.files)(place))?;
                    return Ok(false);
                }
                if claimed {
                    // What is missing may have been freed: asked for in this order, nobody makes it again.
                    self.go_on()?;
                    self.log.line(parts.job, number, "start");
                }
                Ok(claimed)
            };
            let mut done = |at: usize| {
                self.workers.hand(leases[open[at]].clone(), || (handing.files)(open[at]))?;
                self.log.line(parts.job, parts.all[open[at]], "done");
                self.progress.advance((parts.steps)(open[at]));
                left.remove(&open[at]);
                Ok(())
            };
            let order = self.workers.order(open.len());
            match &self.cluster {
                None => {
                    let (all, places, ended) = (self.seen(plan(&open)?), open.clone(), ended.clone());
                    drive(&self.session, all, rows, order, begin, move |at| ended(places[at]), done).await?;
                }
                Some(cluster) => {
                    let ended = |place: usize| if self.workers.is_apart() { Ok(()) } else { ended(place) };
                    let done = |at: usize| ended(open[at]).and_then(|()| done(at));
                    let these = (open.as_slice(), leases.as_slice());
                    self.driven(cluster, (rows, order), these, (&plan, begin), &there, done).await?;
                }
            }
            self.workers.settle()?;
            open = self.others(parts, (&leases, &there), &mut left).await?;
        }
        if handing.for_all { self.workers.receive(&leases, self.session.threads) } else { Ok(()) }
    }

    /// Has a cluster run the parts at the places `open`; whoever is asked of, or told, one of these hears its place among them.
    /// One process asks executors, so there are no leases; and where the folder of jobs is that process's own, an executor
    /// looks first whether its part is done, and the files of what they did, those of units without rows among them, come
    /// later.
    async fn driven(
        &self,
        cluster: &Cluster,
        how: (usize, Vec<usize>),
        (open, leases): (&[usize], &[PathBuf]),
        (plan, begin): (impl Fn(&[usize]) -> Result<Arc<dyn ExecutionPlan>>, impl Fn(usize) -> Result<bool>),
        there: &dyn Fn(usize) -> bool,
        done: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let one = |at: usize| self.workers.away(self.seen(plan(&open[at..=at])?), &leases[open[at]]);
        let there = async |at: usize| {
            self.workers.look_beside(leases[open[at]].clone()).await;
            there(open[at])
        };
        cluster.drive(&self.session, how, one, begin, there, done).await
    }

    /// All threads of the build, and some of its memory, for work that is no plan of the engine.
    pub(crate) fn all_threads(&self, folder: &Path, budget: usize) -> Space {
        let (folder, stop) = (folder.to_owned(), self.options.stop.clone());
        Space { folder, budget, threads: self.session.threads, stop }
    }

    /// The cluster, where its executors see the folder of jobs: only then they do more than units.
    pub(crate) fn executors(&self) -> Option<&Cluster> {
        self.cluster.as_ref().filter(|_| !self.workers.is_apart())
    }

    /// The cluster, where it writes shards and exports: of what lies in a store executors see all that they need.
    pub(crate) fn writers(&self) -> Option<&Cluster> {
        self.cluster.as_ref().filter(|_| !self.workers.is_apart() || is_url(&self.options.out))
    }

    /// Has executors do parts that each leave a file, of which the driver needs all.
    ///
    /// # Errors
    ///
    /// As [`Build::share`]; what a store says.
    pub(crate) async fn written_elsewhere(
        &self,
        parts: &Parts<'_>,
        rows: usize,
        file: &dyn Fn(usize) -> PathBuf,
        plan: impl Fn(usize) -> Result<Arc<dyn ExecutionPlan>>,
    ) -> Result<()> {
        let handing = Handing { files: &|place| vec![file(place)], for_all: true };
        // A cluster is given one at a time.
        let one = |places: &[usize]| plan(places[0]);
        self.share_handing((parts, &handing), rows, one, Arc::new(|_| Ok(()))).await
    }

    /// How many things of which each has a few units are gone through side by side.
    pub(crate) fn abreast(&self) -> usize {
        match self.cluster {
            Some(_) => usize::from(u16::MAX),
            None => self.workers.abreast(self.session.threads),
        }
    }

    /// Waits for what others do of a job, until it is there or may be taken over: gives back the places of what may.
    async fn others(
        &self,
        parts: &Parts<'_>,
        (leases, there): (&[PathBuf], &dyn Fn(usize) -> bool),
        left: &mut BTreeSet<usize>,
    ) -> Result<Vec<usize>> {
        loop {
            self.workers.look(&left.iter().map(|place| leases[*place].clone()).collect::<Vec<_>>())?;
            left.retain(|place| {
                let there = there(*place);
                self.progress.advance(if there { (parts.steps)(*place) } else { 0 });
                !there
            });
            let mut open = Vec::new();
            for place in left.iter() {
                if self.workers.is_open(&leases[*place])? {
                    open.push(*place);
                }
            }
            if left.is_empty() || !open.is_empty() {
                return Ok(open);
            }
            self.go_on()?;
            self.workers.pause().await?;
        }
    }

    /// Ends a process that works on while others have finished the build: what it looks for may be gone.
    ///
    /// # Errors
    ///
    /// That it is so.
    pub(crate) fn go_on(&self) -> Result<()> {
        match self.workers.is_over() {
            true => Err(Error::Engine("other workers have finished the build".into())),
            false => Ok(()),
        }
    }

    /// Waits for the turn at what one does for all; none where it is there already, as `done` says.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`], and that others have finished the build.
    pub(crate) async fn turn(&self, at: &Path, done: impl Fn() -> bool) -> Result<Option<Turn<'_>>> {
        let (part, threads) = ([at.to_path_buf()], self.session.threads);
        let there = || {
            self.workers.look(&part)?;
            self.workers.receive(&part, threads)?;
            Ok(self.workers.has(at, &done) && done() || self.workers.is_over())
        };
        let turn = self.wait(at, there).await?;
        if turn.is_none() && !done() {
            self.go_on()?;
        }
        Ok(turn)
    }

    /// The turn at what ends a build, which is each worker's once.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`].
    pub(crate) async fn last_turn(&self) -> Result<Turn<'_>> {
        let turn = self.wait(&self.options.work.join(MEMBERS).join("last"), || Ok(false)).await?;
        turn.ok_or_else(|| Error::Engine("no turn".into()))
    }

    async fn wait(&self, at: &Path, done: impl Fn() -> Result<bool>) -> Result<Option<Turn<'_>>> {
        let waits = RefCell::new(None);
        let waiting = |who: &str| {
            self.progress.phase("Waiting", 0);
            *waits.borrow_mut() = Some(format!("for worker {who}"));
        };
        let turn = self.workers.turn(at, done, waiting).await;
        if let Some(who) = waits.into_inner() {
            self.progress.done(&who);
        }
        turn
    }

    /// Makes sure that the files of a source can be read: plain copies that are gone are made again, by one for all.
    ///
    /// # Errors
    ///
    /// As [`group::make_readable`] and [`Build::turn`].
    pub(crate) async fn readable(&self, source: &SourceInput, number: usize) -> Result<()> {
        if !self.workers.is_shared() || self.workers.is_apart() {
            return group::make_readable(&source.files, self.session.threads);
        }
        let at = self.options.work.join(MEMBERS).join(format!("copies-{number}"));
        match self.turn(&at, || group::is_readable(&source.files)).await? {
            Some(_turn) => group::make_readable(&source.files, self.session.threads),
            None => Ok(()),
        }
    }

    /// What the build reads, and what makes it this build. Of workers one hashes and unpacks; the others find what it found,
    /// and see that they look at the same. Those without a folder in common each do all of it.
    ///
    /// # Errors
    ///
    /// As [`inputs::gather`]; a worker that builds something else.
    pub(crate) async fn inputs_of(&self, chain: &StagePlan) -> Result<(Inputs, Identity)> {
        if !self.workers.is_shared() || self.workers.is_apart() {
            let (inputs, identity) = self.found(chain, Effort::Build).await?;
            self.builds(&identity)?;
            return Ok((inputs, identity));
        }
        let folder = self.options.work.join(MEMBERS);
        let (at, path) = (folder.join("gather"), folder.join("build.json"));
        let agreed = || std::fs::read(&path).ok().and_then(|json| serde_json::from_slice::<Identity>(&json).ok());
        loop {
            let there = agreed();
            let turn = match &there {
                Some(_) => None,
                None => match self.wait(&at, || Ok(agreed().is_some())).await? {
                    Some(turn) => Some(turn),
                    None => continue,
                },
            };
            self.progress.phase("Looking at files", 0);
            let effort = if turn.is_some() { Effort::Build } else { Effort::Known };
            let (inputs, identity) = self.found(chain, effort).await?;
            if turn.is_none() && there.as_ref() != Some(&identity) {
                // Of a build before this one, or of one that is under way.
                self.builds(&identity)?;
                let _turn = self.wait(&at, || Ok(false)).await?;
                if agreed() == there {
                    let _ = std::fs::remove_file(&path);
                }
                continue;
            }
            self.builds(&identity)?;
            if turn.is_some() {
                let json = serde_json::to_vec(&identity).map_err(|e| Error::Engine(e.to_string()))?;
                write_whole(&path, &json).map_err(Error::io(&path))?;
            }
            return Ok((inputs, identity));
        }
    }

    /// The build, where it is shared and stands in its place: asked of the place itself, since what workers say to one
    /// another goes with the last of them.
    pub(crate) fn made_by_others(&self, identity: &Identity) -> Option<Manifest> {
        if self.workers.is_shared() { self.there(&identity.build).ok().flatten() } else { None }
    }

    /// Says what this process builds, and refuses to do so beside a worker that builds something else.
    fn builds(&self, identity: &Identity) -> Result<()> {
        let (out, build) = (self.options.out.clone(), identity.build.clone());
        match self.bucket.clone() {
            None => self.workers.builds(identity, move || finished(&out, &build).is_some())?,
            Some(bucket) => {
                // Asked before each unit, and a store is far.
                let stands = move |build: &str| bucket.finished(build).is_ok_and(|manifest| manifest.is_some());
                self.workers.builds(identity, self.workers.has_ended(build, stands))?;
            }
        }
        self.workers.agree(identity)
    }

    async fn found(&self, chain: &StagePlan, effort: Effort) -> Result<(Inputs, Identity)> {
        let mut inputs = match &self.given {
            Some(given) => given.clone(),
            None => {
                let (unit, threads, elsewhere) = (self.options.unit, self.options.threads, self.executors().is_some());
                let mut looked = inputs::look(self.recipe, unit, &self.options.work, threads, (effort, elsewhere))?;
                self.hashed_elsewhere(&mut looked).await?;
                looked.inputs()?
            }
        };
        chain.stage(&mut inputs);
        if self.cluster.is_some() {
            // Executors run in folders of their own.
            for piece in inputs.pieces.iter_mut().filter(|piece| !is_url(&piece.path)) {
                piece.path = std::path::absolute(&piece.path).map_err(Error::io(&piece.path))?;
            }
        }
        let recipe = fingerprints::recipe(self.recipe, &inputs, chain);
        let build = fingerprints::build(self.recipe, &inputs, &recipe);
        Ok((inputs, Identity { recipe, build }))
    }
}
