//! The job behind a `shuffle`: rows that `apply` arranged by part ([`crate::output::scatter`]) gathered part by part, each
//! sorted in memory and written as row groups that are ready to be strung together.
//!
//! Parts are planned from the sizes of the rows alone, so the bytes that come out depend on rows and seed. How many
//! parts are worked on side by side, and whether one is gathered in several goes, is a matter of memory.
//!
//! Neighbouring parts that share a stretch of the files of slabs (there are more parts than `FAN` of `output::scatter`)
//! are first brought together in one file, arranged by part: text is moved once more, and every file is opened once a
//! stretch, so that the work grows with the rows.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;

use super::slabs::Layout;
use crate::output::parquet_file::{PartFile, Style, label};
use crate::output::scatter::{Index, Scatter, ScatterSpec, interleaved, keys, part_of, scattered, sizes, wide};
use crate::output::slab::{data_schema, slab_file};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::{Build, uses};
use crate::rows::Use;
use crate::rows::split::Split;
use crate::{Error, Result};

/// Metadata key under which a part says how many bytes of text it holds.
const BYTES: &str = "corpus.bytes";
/// Memory of a writer and what it compresses.
const WRITER: u64 = 40 << 20;

/// The order of the rows of one use and split.
struct Order {
    usage: Use,
    split: Split,
    seed: u64,
    schema: SchemaRef,
    style: Style,
    /// Parts that it has, and how many neighbours make a stretch.
    parts: u64,
    wide: u64,
    /// The number in the build of its first part.
    first: u64,
}

/// Neighbouring parts that are not all done.
struct Stretch {
    order: Arc<Order>,
    /// Its place among the stretches.
    place: u64,
    /// Where all rows lie.
    index: Arc<Index>,
    /// Its parts that are to be written: place in the order, and file.
    left: Vec<(u64, PathBuf)>,
    /// Where its rows are brought together.
    together: PathBuf,
    /// Bytes of memory.
    budget: u64,
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
                orders.push(Arc::new(Order {
                    usage,
                    split: *split,
                    seed,
                    schema: data_schema(usage, &signals, layout.filled(inputs, usage)[0]),
                    style: Style::ship(self.recipe.output.compression, large),
                    parts,
                    wide: wide(parts),
                    first,
                }));
                first += parts;
            }
        }
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let job = Job::new(&self.options.work, "shuffle", &fingerprints::shuffle(&applied.fingerprint))?;
        self.progress.phase("Shuffling", first);
        let mut stretches = Vec::new();
        for order in &orders {
            let left: Vec<(u64, PathBuf)> = order.files(&job).filter(|part| !part.1.is_file()).collect();
            self.progress.reused(order.parts - left.len() as u64);
            if left.is_empty() {
                continue;
            }
            let count = order.parts.div_ceil(order.wide);
            let index = Arc::new(Index::read(files(inputs, applied, layout, order), &order.schema, 0..count)?);
            stretches.extend(left.chunk_by(|a, b| a.0 / order.wide == b.0 / order.wide).map(|left| {
                let place = left[0].0 / order.wide;
                let together = job.folder.join(format!("stretch-{}-{}-{place:06}.arrow", order.usage, order.split));
                Stretch { order: order.clone(), place, index: index.clone(), left: left.to_vec(), together, budget: 0 }
            }));
        }
        let missing = !stretches.is_empty();
        self.gather(&job, stretches).await?;
        let mut ordered = Vec::new();
        for (order, (_, file)) in orders.iter().flat_map(|order| order.files(&job).map(move |part| (order, part))) {
            let bytes = label(&file, BYTES)?.and_then(|b| b.parse().ok());
            let bytes: u64 = bytes.ok_or_else(|| Error::Engine(format!("{}: no size", file.display())))?;
            ordered.extend((bytes > 0).then_some(((order.usage, order.split), file, bytes)));
        }
        self.progress.done(if missing { "by the hash of the id" } else { "reused" });
        Ok(ordered)
    }

    /// Works on as many stretches at a time as fit in memory, on the threads that all jobs share: what `apply` freed in
    /// them is used again.
    async fn gather(&self, job: &Job, stretches: Vec<Stretch>) -> Result<()> {
        let pool = self.session.pool as u64;
        let workers = ((pool / (192 << 20)) as usize).clamp(1, self.session.threads);
        let budget = (pool / workers as u64).saturating_sub(WRITER).max(48 << 20);
        let tasks = stretches.into_iter().map(|stretch| {
            let stretch = Stretch { budget, ..stretch };
            async move {
                let _slot = self.session.slot().await?;
                if self.session.stopped() {
                    return Err(Error::Interrupted);
                }
                let numbers: Vec<u64> = stretch.left.iter().map(|part| stretch.order.first + part.0).collect();
                numbers.iter().for_each(|number| self.log.line(job, *number, "start"));
                let done = tokio::spawn(async move { stretch.write() }).await;
                done.map_err(|panic| Error::Engine(format!("a worker failed: {panic}")))??;
                numbers.iter().for_each(|number| self.log.line(job, *number, "done"));
                self.progress.advance(numbers.len() as u64);
                Ok(())
            }
        });
        let mut tasks = std::pin::pin!(futures::stream::iter(tasks).buffer_unordered(workers));
        while let Some(done) = tasks.next().await {
            done?;
        }
        Ok(())
    }
}

impl Order {
    /// Its parts: place in the order, and file.
    fn files(&self, job: &Job) -> impl Iterator<Item = (u64, PathBuf)> + use<'_> {
        let folder = job.folder.clone();
        (0..self.parts).map(move |part| (part, slab_file(&folder, self.first + part, "data")))
    }

    /// A batch without the sizes of its rows.
    fn bare(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns: Vec<usize> = (0..self.schema.fields().len()).collect();
        Ok(batch.project(&columns)?.with_schema(self.schema.clone())?)
    }
}

impl Stretch {
    /// Writes the parts that are not done.
    fn write(&self) -> Result<()> {
        let order = &self.order;
        let all = self.place * order.wide..((self.place + 1) * order.wide).min(order.parts);
        if order.wide == 1 {
            return self.left.iter().try_for_each(|(place, to)| self.sort(&self.index, *place, to.clone()));
        }
        let index = self.bring_together(all)?;
        for (place, to) in &self.left {
            self.sort(&index, *place, to.clone())?;
        }
        std::fs::remove_file(&self.together).map_err(Error::io(&self.together))
    }

    /// All rows of the stretch in one file, arranged by part.
    fn bring_together(&self, parts: Range<u64>) -> Result<Index> {
        let order = &self.order;
        if !self.together.is_file() {
            let held = (self.budget / 2).min(64 << 20);
            let spec = ScatterSpec { seed: order.seed, parts: order.parts, wide: 1, held };
            let mut file = Scatter::create(&self.together, &order.schema, &spec)?;
            for batch in self.index.batches(self.place) {
                let batch = batch?;
                file.write(&order.bare(&batch)?, sizes(&batch)?.values())?;
            }
            file.finish()?;
        }
        Index::read(vec![self.together.clone()], &order.schema, parts)
    }

    /// Gathers one part, sorts it and writes it, in as many goes as the budget of memory asks for.
    fn sort(&self, index: &Index, place: u64, to: PathBuf) -> Result<()> {
        let Order { seed, schema, parts, .. } = self.order.as_ref();
        let mut file = PartFile::create(&to, schema.clone(), self.order.style)?;
        let goes = index.memory(place).div_ceil(self.budget).max(1);
        let mut bytes = 0;
        for go in 0..goes {
            let wanted = |key: u64| goes == 1 || part_of(key, parts * goes) == place * goes + go;
            let mut batches: Vec<RecordBatch> = Vec::new();
            let mut rows: Vec<(u64, usize, usize)> = Vec::new();
            for batch in index.batches(place) {
                let batch = batch?;
                let mut keys = keys(&batch, *seed)?;
                let batch = if goes == 1 {
                    batch
                } else {
                    let mask: BooleanArray = keys.iter().map(|k| Some(wanted(*k))).collect();
                    keys.retain(|k| wanted(*k));
                    filter_record_batch(&batch, &mask)?
                };
                rows.extend(keys.into_iter().enumerate().map(|(row, key)| (key, batches.len(), row)));
                batches.push(batch);
            }
            // Of equal keys the one that came first stays first.
            rows.sort_unstable();
            for batch in interleaved(&batches, &rows) {
                let batch = batch?;
                let sizes = sizes(&batch)?.values().to_vec();
                bytes += sizes.iter().map(|s| s + 64).sum::<u64>();
                file.write(&self.order.bare(&batch)?, &sizes)?;
            }
        }
        file.label(BYTES, bytes.to_string());
        file.finish()
    }
}

/// The scattered rows of a use and split, in the order of the build.
fn files(inputs: &Inputs, applied: &Job, layout: &Layout, order: &Order) -> Vec<PathBuf> {
    let mine = |s: &&super::slabs::Slab| s.of(order.split).0 > 0 && inputs.sources[s.source].usage == order.usage;
    layout.slabs.iter().filter(mine).map(|s| scattered(&applied.folder, s.number, order.split)).collect()
}
