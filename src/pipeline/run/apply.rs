//! The job that writes: text joined with what became of it, to `data`, `dropped` and `unreadable` by slab.
//!
//! A slab's rows may lie in a piece that can only be read from its start (a compressed file, a CSV without cuts, one row
//! group). If each slab had a reader of its own, such a piece would be read once a slab, and its rows before the slab
//! parsed for nothing: work that grows with the square of the file. So slabs that begin in the same piece are a *run*:
//! one partition, whose one reader fills one slab after the other. Where rows are passed over for next to nothing (plain
//! lines, row groups of staged text) a run ends with the first slab that fills it up to `RUN`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};

use super::decisions::Beside;
use super::slabs::{Layout, Slab};
use super::units::{Handing, Parts};
use crate::Result;
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::formats;
use crate::output::scatter::{kind, scattered};
use crate::output::slab::{OutputSpec, slab_file};
use crate::pipeline::inputs::{Inputs, SourceInput};
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::fingerprints;
use crate::pipeline::plan::folders::Folders;
use crate::pipeline::plan::planner::Plans;
use crate::pipeline::plan::plans::pieces_of;
use crate::pipeline::{Amount, Build, Scanned, usage};
use crate::rows::column::CLUSTER_SIZE;
use crate::rows::split::Split;
use crate::rows::{LANGUAGE, SCRIPT};

/// Bytes of text in a run of slabs of which each could have a reader: passing over the rows before a slab is cheap, not
/// free, and a row group of staged text holds some 8 MiB.
const RUN: u64 = 16 << 20;

/// What every source's slabs are made from.
#[derive(Clone, Copy)]
struct From<'a> {
    plans: &'a Plans<'a>,
    scanned: &'a Scanned,
    repeats: Option<&'a Job>,
    drops: &'a Job,
    beside: &'a Beside,
    layout: &'a Layout,
}

impl Build<'_> {
    /// Writes every slab that is not there yet; slabs of different sources side by side.
    ///
    /// # Errors
    ///
    /// What reading and writing give, and [`crate::Error::Interrupted`].
    pub(crate) async fn apply(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        repeats: Option<&Job>,
        (drops, beside): (&Job, &Beside),
        layout: &Layout,
    ) -> Result<Job> {
        let job = Job::new(&self.options.work, "apply", &fingerprints::apply(self.recipe, plans, &drops.fingerprint))?;
        let rows = layout.slabs.iter().map(|s| s.all_kept().0 + s.dropped.0 + s.unreadable).sum();
        self.progress.counted("Writing", layout.slabs.len() as u64, Amount::Rows(rows));
        let from = From { plans, scanned, repeats, drops, beside, layout };
        let sources = (0..plans.inputs.sources.len()).map(|number| self.apply_source(from, number, &job));
        let abreast = self.abreast();
        futures::stream::iter(sources).buffer_unordered(abreast).try_collect::<()>().await?;
        let kept: u64 = layout.slabs.iter().map(|s| s.all_kept().0).sum();
        self.progress.done(&format!("{} rows", usage::count(kept)));
        Ok(job)
    }

    /// Writes the slabs of one source.
    async fn apply_source(&self, from: From<'_>, number: usize, job: &Job) -> Result<()> {
        let From { plans, scanned, repeats, drops, beside, layout } = from;
        let source = &plans.inputs.sources[number];
        let mine: Vec<Slab> = layout.slabs.iter().filter(|s| s.source == number).cloned().collect();
        let shuffled = plans.chain.shuffle(source.usage).is_some();
        let file = |s: &Slab| match shuffled {
            true => scattered(&job.folder, s.number, Split::Train),
            false => slab_file(&job.folder, s.number, kind(Split::Train)),
        };
        // Runs are the same whoever asks, and whatever is there: what is left of one is its end.
        let runs = runs(plans.inputs, source, &mine);
        let left = |run: usize| {
            let slabs: &[Slab] = &runs[run];
            &slabs[slabs.iter().position(|s| !file(s).is_file()).unwrap_or(slabs.len())..]
        };
        let (sizes, splits) = (beside.sizes.as_deref(), beside.splits.as_deref());
        let at = Folders { sizes, splits, ..scanned.folders(repeats, Some(drops)) };
        let plan = |open: &[usize]| {
            // One that another process has ended this very moment is in the plan all the same: places must agree.
            let of = |run: &usize| Some(left(*run)).filter(|left| !left.is_empty()).unwrap_or(&runs[*run]);
            let open: Vec<&[Slab]> = open.iter().map(of).collect();
            let spans: Vec<Slab> = open.iter().filter_map(|run| span(run)).collect();
            let mut spec = self.output_spec(plans, source, &open.concat(), job);
            spec.take = layout.repeats(number).copied();
            spec.filled = layout.filled(plans.inputs, source.usage);
            spec.scatter = self.scatter(plans.inputs, plans.chain, layout, source.usage);
            plans.apply(source, &spans, &at, spec)
        };
        let parts = Parts {
            all: runs.iter().map(|run| run[0].number).collect(),
            job,
            there: &|run| left(run).is_empty(),
            steps: &|run| runs[run].len() as u64,
        };
        let files = |run: usize| runs[run].iter().flat_map(|slab| files(&job.folder, slab.number)).collect();
        let handing = Handing { files: &files, for_all: false };
        let rows = if source.staged { TEXT_ROWS } else { NARROW_ROWS };
        self.share_handing((&parts, &handing), rows, plan, Arc::new(|_| Ok(()))).await
    }

    fn output_spec(&self, plans: &Plans<'_>, source: &SourceInput, slabs: &[Slab], job: &Job) -> OutputSpec {
        let last = |signal: &str| plans.chain.column(source, signal, usize::MAX).map(|c| c.0);
        let last = |signal: &str| {
            let size = (signal == CLUSTER_SIZE && plans.chain.sized()).then(|| signal.to_owned());
            size.or_else(|| last(signal))
        };
        let signals = plans.chain.output_signals(self.recipe).into_iter();
        let (pieces, of) = (pieces_of(slabs), &source.pieces);
        let pieces = (pieces.start as usize).max(of.start)..(pieces.end as usize).min(of.end);
        OutputSpec {
            folder: job.folder.clone(),
            slabs: slabs.iter().map(|s| (s.first, s.number)).collect(),
            large: slabs.iter().filter(|s| s.large()).map(|s| s.number).collect(),
            usage: source.usage,
            source: source.source.label.clone(),
            subset: source.source.card.as_ref().and_then(|c| c.part.clone()).filter(|p| p != "all"),
            license: source.source.license.clone(),
            language: source.source.language.clone(),
            measured_language: plans.chain.all_columns(source, LANGUAGE),
            measured_script: plans.chain.all_columns(source, SCRIPT),
            signals: signals.map(|(name, kind)| (name.clone(), kind, last(&name))).collect(),
            dropped_text: self.recipe.output.dropped_text,
            filled: Default::default(),
            take: None,
            scatter: Vec::new(),
            codec: self.recipe.output.compression,
            paths: pieces.map(|p| (p as u64, plans.inputs.file(p).name.clone())).collect(),
        }
    }
}

/// The files of a slab that are there.
fn files(folder: &Path, slab: u64) -> impl Iterator<Item = PathBuf> + use<> {
    let kept = Split::ALL.map(|split| [slab_file(folder, slab, kind(split)), scattered(folder, slab, split)]);
    let others = ["dropped", "unreadable"].map(|kind| slab_file(folder, slab, kind));
    kept.into_iter().flatten().chain(others).filter(|file| file.is_file())
}

/// The stretch of row keys that a run covers, as one slab.
fn span(run: &[Slab]) -> Option<Slab> {
    Some(Slab { last: run.last()?.last, ..run.first()?.clone() })
}

/// Slabs that one reader fills one after the other, by the inputs.
fn runs(inputs: &Inputs, source: &SourceInput, slabs: &[Slab]) -> Vec<Vec<Slab>> {
    let mut runs: Vec<Vec<Slab>> = Vec::new();
    let mut bytes = 0;
    for slab in slabs {
        let size = slab.all_kept().1 + slab.dropped.1;
        let cheap = || source.staged || passes_cheaply(inputs, (slab.first >> 32) as usize);
        let goes_on = |last: &Slab| last.number + 1 == slab.number && last.first >> 32 == slab.first >> 32;
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(goes_on) && (bytes < RUN || !cheap()) => {
                run.push(slab.clone());
                bytes += size;
            }
            _ => {
                runs.push(vec![slab.clone()]);
                bytes = size;
            }
        }
    }
    runs
}

/// Whether rows of a piece are passed over without being parsed or decompressed.
fn passes_cheaply(inputs: &Inputs, piece: usize) -> bool {
    let layout = inputs.file(piece).read_as();
    let several = layout.shape.as_deref().and_then(formats::shape).is_some_and(|s| s.several() || s.joins());
    let lines = formats::container(&layout.container).is_some_and(|c| c.split(layout) == formats::Split::Bytes);
    lines && !several && layout.transport.is_plain()
}
