//! The last step: slabs strung together to shards, labelled, and put in the place of what stood in the output folder.

pub mod card;
pub mod exchange;
pub mod exports;
pub mod ids;
pub mod manifest;
pub(crate) mod ours;
pub mod place;
pub mod shard_lines;
pub mod tables;
pub(crate) mod verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::inputs::Inputs;
use super::jobs::Job;
use super::plan::resources;
use super::plan::stage_plan::StagePlan;
use super::run::shuffle::Ordered;
use super::run::slabs::{Layout, Slab};
use super::run::workers::{self, Turn};
use super::{Build, uses};
use crate::output::scatter::kind;
use crate::output::slab::{data_schema, dropped_schema, slab_file, unreadable_schema};
use crate::output::{parquet_file, shards};
use crate::rows::Use;
use crate::rows::split::Split;
use crate::{Error, Result};
use manifest::{AgainstLine, IndexLine, Manifest};

/// The use and the split of the rows of a shard, where they have them.
type Labels = (Option<Use>, Option<Split>);

impl Build<'_> {
    /// Strings slabs together under a new folder, which then takes the place of what stood in the output.
    pub(crate) fn shards(
        &self,
        (inputs, chain, layout): (&Inputs, &StagePlan, &Layout),
        (applied, ordered): (&Job, &Ordered),
        manifest: &Manifest,
        turn: &Turn<'_>,
    ) -> Result<()> {
        let fresh = exchange::staging(&self.options.out);
        let limit = self.recipe.output.shard;
        let signals: Vec<_> = chain.output_signals(self.recipe);
        let slabs = |usage: Use| layout.slabs.iter().filter(move |s| inputs.sources[s.source].usage == usage);
        let file = |slab: &Slab, kind: &str| slab_file(&applied.folder, slab.number, kind);
        let mut all: Vec<(Labels, shards::Shard)> = Vec::new();
        for usage in uses(inputs) {
            let [kept, gone] = layout.filled(inputs, usage);
            let (data, dropped) = (data_schema(usage, &signals, kept), dropped_schema(usage, gone));
            let folder = fresh.join("data").join(usage.as_str());
            for split in Split::ALL {
                let kept: Vec<(PathBuf, u64)> = match chain.shuffle(usage) {
                    Some(_) => ordered.iter().filter(|o| o.0 == (usage, split)).map(|o| (o.1.clone(), o.2)).collect(),
                    None => {
                        let some = slabs(usage).filter(|s| s.of(split).0 > 0);
                        some.map(|s| (file(s, kind(split)), s.of(split).1)).collect()
                    }
                };
                let (stem, label) = match chain.splits() {
                    true => (split.as_str(), Some(split)),
                    false => ("part", None),
                };
                let mut planned = shards::plan((&folder, stem), &data, kept.into_iter(), limit);
                if planned.is_empty() && split == Split::Train {
                    // A use without rows still has a table: an empty one.
                    planned = shards::plan((&folder, stem), &data, std::iter::once((PathBuf::new(), 0)), limit);
                    planned.iter_mut().for_each(|s| s.parts.clear());
                }
                all.extend(planned.into_iter().map(|s| ((Some(usage), label), s)));
            }
            let gone = slabs(usage).filter(|s| s.dropped.0 > 0).map(|s| (file(s, "dropped"), s.dropped.1));
            let folder = fresh.join("dropped").join(usage.as_str());
            let planned = shards::plan((&folder, "part"), &dropped, gone, limit);
            all.extend(planned.into_iter().map(|s| ((Some(usage), None), s)));
        }
        let unreadable =
            layout.slabs.iter().filter(|s| s.unreadable > 0).map(|s| (file(s, "unreadable"), s.unreadable * 264));
        let planned = shards::plan((&fresh.join("unreadable"), "part"), &unreadable_schema(), unreadable, limit);
        all.extend(planned.into_iter().map(|s| ((None, None), s)));
        self.write_shards(&all, manifest, turn)
    }

    /// Writes shards on all threads: row groups are copied as they are, so what one writes does not depend on the others.
    fn write_shards(&self, all: &[(Labels, shards::Shard)], manifest: &Manifest, turn: &Turn<'_>) -> Result<()> {
        let (session, recipe) = (&self.session, self.recipe);
        let write = |((usage, split), shard): &(Labels, shards::Shard)| -> Result<()> {
            let mut labels = BTreeMap::from([
                ("corpus.recipe".to_owned(), recipe.name.clone()),
                ("corpus.fingerprint".to_owned(), manifest.recipe.fingerprint.clone()),
                ("corpus.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                ("corpus.schema".to_owned(), crate::recipe::schema::describe(&shard.schema).to_string()),
            ]);
            if let Some(usage) = usage {
                labels.insert("corpus.use".to_owned(), usage.as_str().to_owned());
            }
            if let Some(split) = split {
                labels.insert("corpus.split".to_owned(), split.as_str().to_owned());
            }
            shards::write(shard, &labels)
        };
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some(shard) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                if session.stopped() {
                    return Err(Error::Interrupted);
                }
                turn.check()?;
                write(shard)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..session.threads.min(all.len())).map(|_| scope.spawn(work)).collect();
            let failed = || Err(Error::Engine("a worker failed".into()));
            workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| failed()))
        })
    }

    /// Puts indexes for later builds beside the shards; what became of them and of those that were read.
    pub(crate) fn indexes(&self, chain: &StagePlan, written: &[(String, PathBuf)]) -> Result<Vec<IndexLine>> {
        let fresh = exchange::staging(&self.options.out);
        let mut lines = Vec::new();
        for stage in &chain.stages {
            let Some(pass) = stage.pass() else { continue };
            let against = stage.files.iter();
            let against = against.map(|f| AgainstLine { path: f.shown.clone(), sha256: f.sha256.clone() }).collect();
            let mut line = IndexLine { stage: stage.name.clone(), path: None, against };
            if let (Some(place), Some((_, file))) =
                (pass.leaves(&stage.name), written.iter().find(|w| w.0 == stage.name))
            {
                let target = fresh.join(&place);
                let folder = target.parent().unwrap_or(&fresh);
                std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
                // The job keeps its file for the next build; neither is ever written again.
                if std::fs::hard_link(file, &target).is_err() {
                    std::fs::copy(file, &target).map_err(Error::io(&target))?;
                }
                line.path = Some(place.to_string_lossy().into_owned());
            }
            lines.extend((line.path.is_some() || !line.against.is_empty()).then_some(line));
        }
        Ok(lines)
    }

    /// Completes the new output beside the old one, and puts it in its place.
    pub(crate) fn hand_over(&self, manifest: &mut Manifest, turn: &Turn<'_>) -> Result<()> {
        let (out, fresh) = (&self.options.out, exchange::staging(&self.options.out));
        let mut uses: Vec<Use> = manifest.sources.iter().flat_map(|s| s.uses.clone()).collect();
        uses.sort();
        uses.dedup();
        manifest.shards = shard_lines::shards(&fresh)?;
        let card = card::card(self.recipe, manifest, &uses);
        parquet_file::write_whole(&fresh.join("README.md"), card.as_bytes())?;
        manifest.card = resources::sha256(&fresh.join("README.md"))?;
        manifest.written = place::listed(&fresh);
        manifest.write(&fresh.join("build.json"))?;
        // The build may have taken hours: what came into the folder meanwhile is not ours either.
        place::unclaimed(self.recipe, self.options)?;
        let mut watched = exchange::watched();
        exchange::exchange(out, &mut || turn.check().and_then(|()| watched()))?;
        self.free()
    }

    /// Frees what nothing needs any more: slabs are in the shards now.
    pub(crate) fn free(&self) -> Result<()> {
        if self.workers.is_shared() {
            workers::tidy(&self.options.work, true);
        }
        if self.options.keep_work {
            return Ok(());
        }
        let entries = std::fs::read_dir(&self.options.work).map_err(Error::io(&self.options.work))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if ours::job(&name) && ["apply-", "shuffle-"].iter().any(|job| name.starts_with(job)) {
                ours::remove(&entry.path())?;
            }
        }
        Ok(())
    }
}
