//! A recipe run as a short chain of jobs, each one plan from files to files, cut into units:
//!
//! ```text
//! gather   files found, detected, hashed, cut into pieces and units
//! scan     raw files -> unit files: signals, keys, sizes (and the text, where reading it twice costs more)
//! ids      own ids that repeat
//! decide   keep, sample, whole stages, mix: narrow columns -> drops by unit
//! layout   sizes of the rows -> slabs, counts
//! apply    text joined with what became of it -> data, dropped, unreadable by slab
//! shuffle  kept rows in another order, where the recipe says so
//! shards   slabs strung together
//! exports  kept rows in layouts of trainers, where the recipe says so
//! ```

pub mod compare;
mod ending;
pub mod estimate;
pub mod gates;
pub mod heavy;
pub mod inputs;
pub mod jobs;
pub mod lock;
pub mod plan;
mod progress;
pub mod publish;
mod reuse;
pub mod run;
pub mod spare;
#[cfg(test)]
mod template_tests;
pub mod trace;
pub mod tune;
pub mod usage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use datafusion_physical_plan::ExecutionPlan;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::engine::cluster::{Address, Cluster};
use crate::engine::functions::ids::IdsSpec;
use crate::engine::scan::largest_row;
use crate::engine::session::NARROW_ROWS;
use crate::engine::{Session, in_order};
use crate::objects::is_url;
use crate::output::take::Take;
use crate::pipeline::plan::folders::{Folders, TextCuts};
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::plans::folder;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::run::decisions::{Beside, Decided};
use crate::pipeline::run::slabs::Layout;
use crate::pipeline::run::workers::{Identity, Turn, Worker, Workers};
use crate::recipe::Recipe;
use crate::rows::Use;
use crate::rows::column::Kind;
use crate::text::figures;
use crate::{Error, Result};
use inputs::Inputs;
use jobs::{BUILD, Job, Log};
use plan::fingerprints;
pub use progress::{Amount, Progress};
use publish::bucket::Bucket;
use publish::{exchange, exports, ids, manifest, place};

/// Sees every plan before it runs.
pub type Watch = Arc<dyn Fn(&Arc<dyn ExecutionPlan>) + Send + Sync>;

/// How a build runs: nothing here changes what comes out.
#[derive(Clone)]
pub struct Options {
    /// The output folder.
    pub out: PathBuf,
    /// The folder of jobs.
    pub work: PathBuf,
    /// The work folder of another build, whose finished jobs are taken for these.
    pub reuse: Option<PathBuf>,
    /// Units worked on at a time.
    pub threads: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of a unit (for tests; 64 MiB).
    pub unit: u64,
    /// Whether earlier jobs are thrown away first.
    pub fresh: bool,
    /// Whether the build of another recipe in the output folder is replaced.
    pub replace: bool,
    /// Whether the text of finished jobs is kept.
    pub keep_work: bool,
    /// Bytes of jobs in the work folder when the build is done, beyond which those that it did not use go.
    pub work_limit: Option<u64>,
    /// Set when the user asks to stop.
    pub stop: Arc<AtomicBool>,
    /// Sees every plan before it runs.
    pub watch: Option<Watch>,
    /// Which of the processes that share the build this is; `None` where it has its folders to itself.
    pub worker: Option<Worker>,
    /// The scheduler of the cluster that does what is done unit by unit; `None` where this process does it.
    pub cluster: Option<Address>,
}

impl Options {
    /// Bytes of the largest row that there is memory for.
    pub fn largest_row(&self) -> u64 {
        largest_row(self.memory)
    }
}

/// What a build gives back.
pub struct Built {
    /// The manifest.
    pub manifest: Manifest,
    /// Whether the output was there already.
    pub reused: bool,
    /// Files whose format was not certain, and what is to be said of each.
    pub notes: Vec<(String, String)>,
}

/// Runs a recipe.
///
/// # Errors
///
/// [`Error::Input`] where inputs are not as the recipe says, too many rows cannot be read, or something that no build
/// wrote is in the way; [`Error::Io`]; [`Error::Interrupted`] once `options.stop` is set; [`Error::Engine`] otherwise.
pub fn run(recipe: &Recipe, options: &Options, progress: &dyn Progress) -> Result<Built> {
    run_over(recipe, options, progress, None)
}

/// Runs a recipe; over `given` inputs rather than those that it names, where there are some.
fn run_over(recipe: &Recipe, options: &Options, progress: &dyn Progress, given: Option<Inputs>) -> Result<Built> {
    let chain = StagePlan::new(recipe)?;
    if given.is_none() {
        place::apart(recipe, &chain, options)?;
        exports::apart(recipe, options)?;
        ids::ready(recipe)?;
    }
    let bucket = is_url(&options.out).then(|| Bucket::open(recipe, options, progress)).transpose()?;
    let _lock = if bucket.is_none() { Some(place::open(recipe, options)?) } else { None };
    let _work = place::open_work(recipe, options)?;
    let workers = place::enter(recipe, options, progress)?;
    let began = std::time::SystemTime::now();
    reuse::begin(options, progress)?;
    let spill = workers.spill(&options.work);
    let _ = std::fs::remove_dir_all(&spill);
    std::fs::create_dir_all(&spill).map_err(Error::io(&spill))?;
    let session = Session::new(options.threads, options.memory, &spill, options.stop.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads)
        .enable_all()
        .build()
        .map_err(Error::io("the thread pool"))?;
    let cluster = options.cluster.as_ref().map(|at| runtime.block_on(joined(at, options, progress))).transpose()?;
    let build =
        Build { recipe, options, progress, session, log: Log::open(&options.work)?, given, workers, cluster, bucket };
    let built = runtime.block_on(build.run(chain));
    let _ = std::fs::remove_dir_all(&spill);
    // Where other workers spill into it still, it stays.
    let _ = std::fs::remove_dir(options.work.join("spill"));
    // What the build says goes before what tidying up says.
    let ours = build.bucket.is_none() && (built.is_ok() || options.worker.is_none());
    let tidied = if ours { exchange::forget(&options.out) } else { Ok(()) };
    let (mut built, _turn) = built.and_then(|built| tidied.map(|()| built))?;
    runtime.block_on(build.ended(&mut built, began))?;
    Ok(built)
}

/// The cluster of a scheduler, with a word where it has no executors yet.
async fn joined(at: &Address, options: &Options, progress: &dyn Progress) -> Result<Cluster> {
    let cluster = Cluster::join(at, BUILD, &options.work).await?;
    progress.phase("Joining", 0);
    let (executors, threads) = cluster.executors().await?;
    let threads = figures::plural(threads as u64, "thread");
    progress.done(&match executors {
        0 => format!("{}: no executor is there yet, and units wait for one", at.shown()),
        some => format!("{}: {}, {threads}", at.shown(), figures::plural(some as u64, "executor")),
    });
    Ok(cluster)
}

pub(crate) struct Build<'a> {
    recipe: &'a Recipe,
    options: &'a Options,
    progress: &'a dyn Progress,
    session: Session,
    log: Log,
    given: Option<Inputs>,
    workers: Workers,
    cluster: Option<Cluster>,
    bucket: Option<Bucket>,
}

/// Units that were scanned, and the rows in each of their pieces.
type ScannedUnits = Vec<(usize, Vec<(u64, u64)>)>;

/// What the scan of the inputs found.
pub(crate) struct Scanned {
    job: Job,
    /// Rows in each piece.
    rows: Vec<u64>,
    /// Stretches of row keys that a `limit` cuts off.
    cuts: Vec<(u64, u64)>,
    /// Units of each source that count.
    units: Vec<Vec<usize>>,
    ids: IdsSpec,
    own_ids: bool,
    /// What stages take out of texts.
    text_cuts: Vec<TextCuts>,
}

/// What stands between the inputs and the output.
struct Applied {
    scanned: Scanned,
    decided: Decided,
    layout: Layout,
    job: Job,
    repeats: Option<Job>,
}

impl Build<'_> {
    /// Runs all jobs; with the turn at what ends the build, which lasts until that is done.
    async fn run(&self, chain: StagePlan) -> Result<(Built, Turn<'_>)> {
        let mut timings = usage::Timings::start();
        self.progress.phase("Looking at files", 0);
        chain.open(self.recipe, |said| {
            self.progress.done(said);
            self.progress.phase("Looking at files", 0);
        })?;
        let (inputs, identity) = self.inputs_of(&chain).await?;
        let files: usize = inputs.sources.iter().map(|s| s.files.len()).sum();
        self.progress.done(&format!("{}, {}", figures::plural(files as u64, "file"), usage::size(inputs.bytes())));
        self.progress.inputs(&inputs);
        let notes = inputs.notes();
        timings.lap("look");

        let there = || self.there(&identity.build);
        if let Some(manifest) = there()?.filter(|_| !self.options.fresh) {
            return Ok((Built { manifest, reused: true, notes }, self.last_turn().await?));
        }
        let number = fastrand::u64(..);
        let plans = Plans { inputs: &inputs, chain: &chain, largest_row: self.options.largest_row(), number };
        let applied = match self.rows(&plans, &mut timings).await {
            // Whatever held this process up, others have finished what it was to do.
            Err(_) if self.made_by_others(&identity).is_some() => None,
            applied => Some(applied?),
        };
        let turn = self.last_turn().await?;
        match (applied, if self.workers.is_shared() { there()? } else { None }) {
            (Some(applied), None) => {
                place::begin(self.recipe, self.options)?;
                let made = self.output(&plans, (&identity, applied), timings, &turn).await;
                // Where its turn was taken over meanwhile, what it was to copy is freed.
                let others = |error| self.made_by_others(&identity).map(|m| (m, true)).ok_or(error);
                let (manifest, reused) = made.map(|m| (m, false)).or_else(others)?;
                Ok((Built { manifest, reused, notes }, turn))
            }
            (_, Some(manifest)) => {
                self.free()?;
                Ok((Built { manifest, reused: true, notes }, turn))
            }
            (None, None) => Err(Error::Engine("the build that other workers had finished is gone".into())),
        }
    }

    /// From the inputs to slabs.
    async fn rows(&self, plans: &Plans<'_>, timings: &mut usage::Timings) -> Result<Applied> {
        let mut scanned = self.scan(plans).await?;
        timings.lap("scan");
        let repeats = self.repeats(plans, &scanned).await?;
        timings.lap("ids");
        let mut decided = self.decide(plans, &mut scanned, repeats.as_ref()).await?;
        timings.lap("decide");
        let takes = std::mem::take(&mut decided.takes);
        let said = (&decided.drops, &decided.beside);
        let layout = self.layout(plans, &scanned, repeats.as_ref(), said, takes).await?;
        timings.lap("layout");
        let job = self.apply(plans, &scanned, repeats.as_ref(), said, &layout).await?;
        timings.lap("apply");
        Ok(Applied { scanned, decided, layout, job, repeats })
    }

    /// From slabs to the output in its place.
    async fn output(
        &self,
        plans: &Plans<'_>,
        (identity, applied): (&Identity, Applied),
        mut timings: usage::Timings,
        turn: &Turn<'_>,
    ) -> Result<Manifest> {
        let (inputs, chain) = (plans.inputs, plans.chain);
        let Applied { scanned, decided, layout, job, repeats } = applied;
        let elsewhere = self.shards_are_sent(inputs, chain);
        if !elsewhere {
            self.workers.receive_all(&job.folder, self.session.threads)?;
        }
        let ordered = self.shuffle(inputs, chain, &job, &layout).await?;
        timings.lap("shuffle");
        let mut manifest = manifest::manifest(self.recipe, &identity.recipe, inputs, chain, &layout);
        manifest.found(decided.found);
        let planned = self.planned((inputs, chain, &layout), (&job, &ordered), &identity.recipe);
        let indexes = self.index_files(chain, decided.indexes);
        let landing = self.landing(&identity.build, &planned, &indexes)?;
        self.shards((&planned, &job, elsewhere), &landing, &mut manifest, turn).await?;
        self.indexes(chain, &indexes, &landing, &mut manifest)?;
        timings.lap("shards");
        manifest.timings = timings.finish();
        manifest.timings.insert("identity".into(), json!(identity.build));
        manifest.timings.insert("work".into(), scanned.work(&decided.drops, repeats.as_ref()));
        self.complete(&mut manifest, &landing, turn)?;
        let done_with = [job.folder.as_path()];
        if let Err(error) = self.workers.tidy(if self.options.keep_work { &[] } else { &done_with }) {
            self.progress.done(&format!("not all that is no longer needed could be removed: {error}"));
        }
        Ok(manifest)
    }

    /// The scan job: every unit that is not there yet.
    async fn scan(&self, plans: &Plans<'_>) -> Result<Scanned> {
        let inputs = plans.inputs;
        let job = Job::new(&self.options.work, "scan", &fingerprints::scan(plans, self.options.unit))?;
        self.progress.counted("Reading", inputs.units.len() as u64, Amount::Bytes(inputs.bytes()));
        let mut scanned = Scanned {
            rows: vec![0; inputs.pieces.len()],
            cuts: Vec::new(),
            units: Vec::new(),
            ids: IdsSpec { sources: Vec::new(), bases: Vec::new() },
            own_ids: false,
            text_cuts: Vec::new(),
            job,
        };
        let sources = (0..inputs.sources.len()).map(|number| self.scan_source(plans, number, &scanned.job));
        let abreast = self.abreast();
        let read: Vec<ScannedUnits> = futures::stream::iter(sources).buffered(abreast).try_collect().await?;
        let mut total = 0;
        for (number, (source, units)) in inputs.sources.iter().zip(read).enumerate() {
            let limit = source.source.limit.unwrap_or(u64::MAX);
            let mut seen = 0;
            for (piece, rows) in units.iter().flat_map(|unit| unit.1.iter().copied()) {
                scanned.rows[piece as usize] = rows;
                scanned.ids.bases.push((piece, seen, number));
                if seen <= limit && seen + rows > limit {
                    scanned.cuts.push((piece << 32 | (limit - seen), (source.pieces.end as u64) << 32));
                }
                seen += rows;
            }
            total += seen.min(limit);
            scanned.units.push(units.into_iter().map(|unit| unit.0).collect());
            scanned.ids.sources.push(source.source.name.clone());
        }
        scanned.own_ids = self.has_ids(&scanned.job, &scanned.units.concat())?;
        self.progress.done(&format!("{} rows", usage::count(total)));
        if !self.options.keep_work && !plans.chain.stages.iter().any(|stage| stage.cuts_late()) {
            // Its text is staged with the units.
            let _ = std::fs::remove_dir_all(self.options.work.join("unpacked"));
        }
        Ok(scanned)
    }

    /// Scans the units of a source, or as many as its limit asks for.
    async fn scan_source(&self, plans: &Plans<'_>, number: usize, job: &Job) -> Result<ScannedUnits> {
        let source = &plans.inputs.sources[number];
        let (limit, threads) = (source.source.limit.unwrap_or(u64::MAX), self.session.threads);
        // A source with a limit is read a few units at a time, until there is enough.
        let step = if limit == u64::MAX { source.units.len() } else { threads };
        let all: Vec<usize> = source.units.clone().collect();
        let (mut used, mut seen) = (Vec::new(), 0);
        for units in all.chunks(step.max(1)) {
            if units.iter().any(|u| !job.has(*u)) {
                self.readable(source, number).await?;
            }
            let schema = plans.unit_schema(source)?;
            self.units(job, units, &schema, NARROW_ROWS, |left| plans.scan(source, left, job, &[], None)).await?;
            // How many are read at a time is a matter of threads; which of them count is not.
            for (unit, rows) in units.iter().zip(self.pieces_of(job, units)?) {
                if seen >= limit {
                    break;
                }
                seen += rows.iter().map(|piece| piece.1).sum::<u64>();
                used.push((*unit, rows));
            }
            if seen >= limit {
                break;
            }
        }
        Ok(used)
    }

    fn seen(&self, plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        if let Some(watch) = &self.options.watch {
            watch(&plan);
        }
        plan
    }

    async fn layout(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        repeats: Option<&Job>,
        (drops, beside): (&Job, &Beside),
        takes: Vec<Take>,
    ) -> Result<Layout> {
        let signals = plans.chain.output_signals(self.recipe);
        // A column of words takes four times the writer's memory that the text does: smaller slabs keep the promise.
        let weight = if signals.iter().any(|s| s.1 == Kind::Words) { 4 } else { 1 };
        let mut layout = Layout::new(plans.inputs.pieces.len(), self.recipe.output.shard, weight);
        layout.takes = takes;
        for (number, source) in plans.inputs.sources.iter().enumerate() {
            if scanned.units[number].is_empty() {
                continue;
            }
            let at = Folders { splits: beside.splits.as_deref(), ..scanned.folders(repeats, Some(drops)) };
            let cutting: Vec<String> = plans.chain.cutting(source).into_iter().map(|c| c.0).collect();
            let plan = plans.layout(source, &scanned.units[number], &at, layout.repeats(number).is_some())?;
            in_order(&self.session, self.seen(plan), NARROW_ROWS, |batch| {
                layout.walk(number, batch, &cutting);
                Ok(())
            })
            .await?;
        }
        Ok(layout)
    }
}

impl Scanned {
    fn folders<'a>(&'a self, repeats: Option<&'a Job>, drops: Option<&'a Job>) -> Folders<'a> {
        Folders {
            units: &self.job.folder,
            repeats: folder(repeats),
            drops: folder(drops),
            sizes: None,
            splits: None,
            own_ids: self.own_ids,
            ids: self.ids.clone(),
            rows: &self.rows,
            cuts: self.cuts.clone(),
            text_cuts: &self.text_cuts,
        }
    }
}

/// The uses of a build, in the order of a model's training.
fn uses(inputs: &Inputs) -> Vec<Use> {
    Use::ALL.into_iter().filter(|u| inputs.sources.iter().any(|s| s.usage == *u)).collect()
}

/// The manifest of this very build, where the folder holds it already.
fn finished(out: &Path, identity: &str) -> Option<Manifest> {
    let bytes = std::fs::read(out.join("build.json")).ok()?;
    // Asked before each unit where others share the build: that of another build is known without parsing it.
    memchr::memmem::find(&bytes, identity.as_bytes())?;
    let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
    let there = || manifest.written.keys().all(|name| out.join(name).is_file()) && out.join("data").is_dir();
    let ours = manifest.timings.get("identity")?.as_str()? == identity && there();
    ours.then_some(manifest)
}
