//! The job behind a `shuffle`: rows that `apply` arranged by part ([`crate::output::scatter`]) gathered part by part, each
//! sorted in memory and written as row groups that are ready to be strung together.
//!
//! Parts are planned from the sizes of the rows alone, so the bytes that come out depend on rows and seed. How many
//! parts are worked on side by side, and whether one is gathered in several goes, is a matter of memory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

use super::slabs::Layout;
use crate::output::parquet_file::{PartFile, Style, label};
use crate::output::scatter::{Gather, ScatterSpec, interleaved, keys, part_of, scattered, sizes};
use crate::output::slab::{SignalColumn, data_schema, slab_file};
use crate::pipeline::inputs::Inputs;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::stage_plan::Chain;
use crate::pipeline::publish::filled;
use crate::pipeline::{Build, uses};
use crate::rows::Use;
use crate::stages::shuffle::Shuffle;
use crate::{Error, Result};

/// Metadata key under which a part says how many bytes of text it holds.
const BYTES: &str = "corpus.bytes";
/// Memory of a writer and what it compresses.
const WRITER: u64 = 40 << 20;

/// A part of the new order.
struct Part {
    /// Its number in the build.
    number: u64,
    usage: Use,
    /// Its place among the parts of its use, and how many there are.
    place: (u64, u64),
    /// Bytes that its rows take in memory.
    memory: u64,
}

/// The parts of the new order that are done: use, file and bytes of text.
pub(crate) type Ordered = Vec<(Use, PathBuf, u64)>;

/// How many parts the rows of a use fall into: each makes about a row group.
pub(crate) fn parts(inputs: &Inputs, layout: &Layout, usage: Use) -> u64 {
    let slabs = layout.slabs.iter().filter(|s| inputs.sources[s.source].usage == usage);
    slabs.map(|s| s.kept.1).sum::<u64>().div_ceil(layout.limit()).max(1)
}

impl Build<'_> {
    /// How kept rows of a use are spread by `apply`.
    pub(crate) fn scatter(&self, inputs: &Inputs, chain: &Chain, layout: &Layout, usage: Use) -> Option<ScatterSpec> {
        let shuffle = *chain.shuffle(usage)?;
        let held = (self.options.memory / 4 / self.session.threads as u64).clamp(1 << 20, 64 << 20);
        Some(ScatterSpec { shuffle, parts: parts(inputs, layout, usage), held })
    }

    /// Puts the kept rows of every use that is shuffled in their order.
    pub(crate) fn shuffle(&self, inputs: &Inputs, chain: &Chain, applied: &Job, layout: &Layout) -> Result<Ordered> {
        let mut all: Vec<Part> = Vec::new();
        for usage in uses(inputs).into_iter().filter(|u| chain.shuffle(*u).is_some()) {
            let of = parts(inputs, layout, usage);
            let first = all.len() as u64;
            all.extend((0..of).map(|at| Part { number: first + at, usage, place: (at, of), memory: 0 }));
        }
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let job = Job::new(&self.options.work, "shuffle", &fingerprints::shuffle(&applied.fingerprint))?;
        self.progress.phase("Shuffling", all.len() as u64);
        let done = |part: &Part| slab_file(&job.folder, part.number, "data").is_file();
        let missing = all.iter().any(|p| !done(p));
        if missing {
            self.weigh(inputs, chain, applied, layout, &mut all)?;
        }
        let left: Vec<&Part> = all.iter().filter(|p| !done(p)).collect();
        self.progress.reused((all.len() - left.len()) as u64);
        self.gather(inputs, chain, (applied, &job), layout, &left)?;
        let mut ordered = Vec::new();
        for part in &all {
            let file = slab_file(&job.folder, part.number, "data");
            let bytes = label(&file, BYTES)?.and_then(|b| b.parse().ok());
            let bytes: u64 = bytes.ok_or_else(|| Error::Engine(format!("{}: no size", file.display())))?;
            ordered.extend((bytes > 0).then_some((part.usage, file, bytes)));
        }
        self.progress.done(if missing { "by the hash of the id" } else { "reused" });
        Ok(ordered)
    }

    /// How much memory each part takes.
    fn weigh(&self, inputs: &Inputs, chain: &Chain, applied: &Job, layout: &Layout, all: &mut [Part]) -> Result<()> {
        for usage in uses(inputs).into_iter().filter(|u| chain.shuffle(*u).is_some()) {
            let first = all.iter().position(|p| p.usage == usage).unwrap_or(0);
            for file in files(inputs, applied, layout, usage) {
                for (part, bytes) in Gather::open(&file)?.segments {
                    let part = all.get_mut(first + part as usize);
                    part.ok_or_else(|| Error::Engine(format!("{}: a part too many", file.display())))?.memory += bytes;
                }
            }
        }
        Ok(())
    }

    /// Works on as many parts at a time as fit in memory.
    fn gather(
        &self,
        inputs: &Inputs,
        chain: &Chain,
        (applied, job): (&Job, &Job),
        layout: &Layout,
        left: &[&Part],
    ) -> Result<()> {
        let pool = self.session.pool as u64;
        let workers = ((pool / (192 << 20)) as usize).clamp(1, self.session.threads);
        let budget = (pool / workers as u64).saturating_sub(WRITER).max(48 << 20);
        let signals: Vec<_> =
            chain.output_signals(self.recipe).into_iter().map(|(n, k)| (n, SignalColumn::from(k))).collect();
        let (session, log) = (&self.session, &self.log);
        let run = |part: &Part| -> Result<()> {
            if session.stopped() {
                return Err(Error::Interrupted);
            }
            log.line(job, part.number, "start");
            let Some(shuffle) = chain.shuffle(part.usage) else { return Ok(()) };
            let from = files(inputs, applied, layout, part.usage);
            let to = slab_file(&job.folder, part.number, "data");
            sort(
                part,
                &from,
                &data_schema(part.usage, &signals, filled(inputs, layout, part.usage)[0]),
                to,
                shuffle,
                budget,
            )?;
            log.line(job, part.number, "done");
            Ok(())
        };
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, results) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..workers.min(left.len()) {
                let (sender, next, failed, run) = (sender.clone(), &next, &failed, &run);
                scope.spawn(move || {
                    while let (false, Some(part)) =
                        (failed.load(Ordering::Relaxed), left.get(next.fetch_add(1, Ordering::Relaxed)))
                    {
                        let result = run(part);
                        failed.fetch_or(result.is_err(), Ordering::Relaxed);
                        let _ = sender.send(result);
                    }
                });
            }
            drop(sender);
            results.iter().try_for_each(|result| {
                result?;
                self.progress.advance(1);
                Ok(())
            })
        })
    }
}

/// The scattered rows of a use, in the order of the build.
fn files(inputs: &Inputs, applied: &Job, layout: &Layout, usage: Use) -> Vec<PathBuf> {
    let mine = |s: &&crate::pipeline::run::slabs::Slab| s.kept.0 > 0 && inputs.sources[s.source].usage == usage;
    layout.slabs.iter().filter(mine).map(|s| scattered(&applied.folder, s.number)).collect()
}

/// Gathers one part, sorts it and writes it, in as many goes as `budget` bytes of memory ask for.
fn sort(part: &Part, from: &[PathBuf], schema: &SchemaRef, to: PathBuf, shuffle: &Shuffle, budget: u64) -> Result<()> {
    let mut file = PartFile::create(&to, schema.clone(), Style::Ship)?;
    let goes = part.memory.div_ceil(budget).max(1);
    let (place, of) = part.place;
    let mut bytes = 0;
    for go in 0..goes {
        let wanted = |key: u64| goes == 1 || part_of(key, of * goes) == place * goes + go;
        let mut batches: Vec<RecordBatch> = Vec::new();
        let mut rows: Vec<(u64, usize, usize)> = Vec::new();
        for path in from {
            for batch in Gather::open(path)?.part(place)? {
                let mut keys = keys(&batch, shuffle)?;
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
        }
        // Of equal keys the one that came first stays first.
        rows.sort_unstable();
        for batch in interleaved(&batches, &rows) {
            let batch = batch?;
            let sizes = sizes(&batch)?.values().to_vec();
            bytes += sizes.iter().map(|s| s + 64).sum::<u64>();
            let columns: Vec<usize> = (0..schema.fields().len()).collect();
            file.write(&batch.project(&columns)?.with_schema(schema.clone())?, &sizes)?;
        }
    }
    file.label(BYTES, bytes.to_string());
    file.finish()
}
