//! The job behind a `shuffle`: rows that `apply` arranged by part ([`crate::output::scatter`]) gathered part by part, each
//! sorted in memory and written as row groups that are ready to be strung together ([`crate::output::stretch`]).
//!
//! Parts are planned from the sizes of the rows alone, so the bytes that come out depend on rows and seed. How many
//! parts are worked on side by side, and whether one is gathered in several goes, is a matter of memory.
//!
//! Neighbouring parts that share a stretch of the files of slabs (there are more parts than `FAN` of `output::scatter`)
//! are first brought together in one file, arranged by part: text is moved once more, and every file is opened once a
//! stretch, so that the work grows with the rows.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion_physical_plan::ExecutionPlan;
use futures::StreamExt;

use super::slabs::Layout;
use super::units::Parts;
use crate::engine::part::{self, PartSpec};
use crate::engine::session::TEXT_ROWS;
use crate::output::parquet_file::label;
use crate::output::scatter::{Index, ScatterSpec, scattered, wide};
use crate::output::slab::slab_file;
use crate::output::stretch::{BYTES, Order, Stretch, budget};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::{Build, uses};
use crate::rows::Use;
use crate::rows::split::Split;
use crate::{Error, Result};

/// An order, and where its parts are.
struct Numbered {
    order: Order,
    /// The number in the build of its first part.
    first: u64,
    /// Where all its rows lie.
    files: Vec<PathBuf>,
}

/// Neighbouring parts that are not all done.
struct Left {
    of: Arc<Numbered>,
    stretch: Stretch,
    /// Where the rows lie, where this process gathers them.
    index: Option<Arc<Index>>,
}

/// The parts of the new order that are done: use and split, file and bytes of text.
pub(crate) type Ordered = Vec<((Use, Split), PathBuf, u64)>;

/// How many parts the rows of a use and split fall into: each makes about a row group.
fn parts(inputs: &Inputs, layout: &Layout, usage: Use, split: Split) -> u64 {
    let slabs = layout.slabs.iter().filter(|s| inputs.sources[s.source].usage == usage);
    slabs.map(|s| s.of(split).1).sum::<u64>().div_ceil(layout.limit()).max(1)
}

impl Build<'_> {
    /// How kept rows of a use are spread by `apply`, by split; not at all where they keep their order.
    pub(crate) fn scatter(&self, inputs: &Inputs, chain: &StagePlan, layout: &Layout, usage: Use) -> Vec<ScatterSpec> {
        let held = (self.options.memory / 4 / self.session.threads as u64).clamp(1 << 20, 64 << 20);
        let spec = |seed: u64, split: Split| {
            let parts = parts(inputs, layout, usage, split);
            // Few rows are held out: they wait in less memory.
            let held = if split == Split::Train { held } else { (held / 16).max(1 << 20) };
            ScatterSpec { seed, parts, wide: wide(parts), held }
        };
        chain.shuffle(usage).map_or(Vec::new(), |seed| Split::ALL.map(|split| spec(seed, split)).to_vec())
    }

    /// Puts the kept rows of every use that is shuffled in their order.
    pub(crate) async fn shuffle(
        &self,
        inputs: &Inputs,
        chain: &StagePlan,
        applied: &Job,
        layout: &Layout,
    ) -> Result<Ordered> {
        let signals: Vec<_> = chain.output_signals(self.recipe);
        let (mut orders, mut first) = (Vec::new(), 0);
        for usage in uses(inputs) {
            let Some(seed) = chain.shuffle(usage) else { continue };
            let large = layout.slabs.iter().any(|s| s.large() && inputs.sources[s.source].usage == usage);
            let splits = if chain.splits() { &Split::ALL[..] } else { &[Split::Train] };
            for split in splits {
                let parts = parts(inputs, layout, usage, *split);
                let order = Order {
                    usage,
                    split: *split,
                    seed,
                    signals: signals.clone(),
                    filled: layout.filled(inputs, usage)[0],
                    codec: self.recipe.output.compression,
                    large,
                    parts,
                    wide: wide(parts),
                };
                let files = files(inputs, applied, layout, &order);
                orders.push(Arc::new(Numbered { order, first, files }));
                first += parts;
            }
        }
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let job = Job::new(&self.options.work, "shuffle", &fingerprints::shuffle(&applied.fingerprint))?;
        self.progress.phase("Shuffling", first);
        let stretches = self.left(&job, &orders)?;
        let missing = !stretches.is_empty();
        match self.executors() {
            None => self.gather(&job, stretches).await?,
            Some(_) => self.gathered_elsewhere(&job, stretches).await?,
        }
        let mut ordered = Vec::new();
        for (of, (_, file)) in orders.iter().flat_map(|of| of.files(&job).map(move |part| (of, part))) {
            let bytes = label(&file, BYTES)?.and_then(|b| b.parse().ok());
            let bytes: u64 = bytes.ok_or_else(|| Error::Engine(format!("{}: no size", file.display())))?;
            ordered.extend((bytes > 0).then_some(((of.order.usage, of.order.split), file, bytes)));
        }
        self.progress.done(if missing { "by the hash of the id" } else { "reused" });
        Ok(ordered)
    }

    /// The stretches that are not all done.
    fn left(&self, job: &Job, orders: &[Arc<Numbered>]) -> Result<Vec<Left>> {
        let mut stretches = Vec::new();
        for of in orders {
            let order = &of.order;
            let left: Vec<(u64, PathBuf)> = of.files(job).filter(|part| !part.1.is_file()).collect();
            self.progress.reused(order.parts - left.len() as u64);
            let here = self.executors().is_none() && !left.is_empty();
            let count = order.parts.div_ceil(order.wide);
            let index = here.then(|| Index::read(of.files.clone(), &order.schema(), 0..count).map(Arc::new));
            let index = index.transpose()?;
            stretches.extend(left.chunk_by(|a, b| a.0 / order.wide == b.0 / order.wide).map(|left| {
                let place = left[0].0 / order.wide;
                let together = job.folder.join(format!("stretch-{}-{}-{place:06}.arrow", order.usage, order.split));
                let stretch = Stretch { place, left: left.to_vec(), together };
                Left { of: of.clone(), stretch, index: index.clone() }
            }));
        }
        Ok(stretches)
    }

    /// Works on as many stretches at a time as fit in memory, on the threads that all jobs share: what `apply` freed in
    /// them is used again.
    async fn gather(&self, job: &Job, stretches: Vec<Left>) -> Result<()> {
        let pool = self.session.pool as u64;
        let workers = ((pool / (192 << 20)) as usize).clamp(1, self.session.threads);
        let budget = budget(pool / workers as u64);
        let tasks = stretches.into_iter().map(|Left { of, stretch, index }| async move {
            let _slot = self.session.slot().await?;
            if self.session.stopped() {
                return Err(Error::Interrupted);
            }
            let numbers: Vec<u64> = stretch.left.iter().map(|part| of.first + part.0).collect();
            numbers.iter().for_each(|number| self.log.line(job, *number, "start"));
            let work = async move { index.map_or(Ok(()), |index| of.order.write(&stretch, &index, budget)) };
            let done = tokio::spawn(work).await;
            done.map_err(|panic| Error::Engine(format!("a worker failed: {panic}")))??;
            numbers.iter().for_each(|number| self.log.line(job, *number, "done"));
            self.progress.advance(numbers.len() as u64);
            Ok(())
        });
        let mut tasks = std::pin::pin!(futures::stream::iter(tasks).buffer_unordered(workers));
        while let Some(done) = tasks.next().await {
            done?;
        }
        Ok(())
    }

    /// Has a cluster work on the stretches, a task each.
    async fn gathered_elsewhere(&self, job: &Job, stretches: Vec<Left>) -> Result<()> {
        let there = |place: usize| stretches[place].stretch.left.iter().all(|part| part.1.is_file());
        let steps = |place: usize| stretches[place].stretch.left.len() as u64;
        let first = |left: &Left| left.of.first + left.stretch.left.first().map_or(0, |part| part.0);
        let parts = Parts { all: stretches.iter().map(first).collect(), job, there: &there, steps: &steps };
        // A cluster is given one at a time.
        let plan = |places: &[usize]| -> Result<Arc<dyn ExecutionPlan>> {
            let Left { of, stretch, .. } = &stretches[places[0]];
            let (order, files, stretch) = (of.order.clone(), of.files.clone(), stretch.clone());
            Ok(part::part(PartSpec::Shuffle { order, files, stretch }, None))
        };
        self.share(&parts, TEXT_ROWS, plan).await
    }
}

impl Numbered {
    /// Its parts: place in the order, and file.
    fn files(&self, job: &Job) -> impl Iterator<Item = (u64, PathBuf)> + use<'_> {
        let folder = job.folder.clone();
        (0..self.order.parts).map(move |part| (part, slab_file(&folder, self.first + part, "data")))
    }
}

/// The scattered rows of a use and split, in the order of the build.
fn files(inputs: &Inputs, applied: &Job, layout: &Layout, order: &Order) -> Vec<PathBuf> {
    let mine = |s: &&super::slabs::Slab| s.of(order.split).0 > 0 && inputs.sources[s.source].usage == order.usage;
    layout.slabs.iter().filter(mine).map(|s| scattered(&applied.folder, s.number, order.split)).collect()
}
