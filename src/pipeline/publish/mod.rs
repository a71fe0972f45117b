//! The last step: slabs strung together to shards, labelled, and put in the place of what stood in the output folder.

pub(crate) mod bucket;
pub mod card;
pub mod exchange;
pub mod exports;
pub mod ids;
pub mod manifest;
pub(crate) mod ours;
pub mod place;
mod sent;
pub mod shard_lines;
pub mod tables;
pub(crate) mod verdict;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::inputs::Inputs;
use super::jobs::Job;
use super::plan::stage_plan::StagePlan;
use super::run::shuffle::Ordered;
use super::run::slabs::{Layout, Slab};
use super::run::workers::{self, Turn};
use super::{Build, finished, uses};
use crate::disk::hex;
use crate::output::scatter::kind;
use crate::output::shards::{self, Shard, Table, Written};
use crate::output::slab::slab_file;
use crate::output::target::{InFolder, Target};
use crate::recipe::Recipe;
use crate::rows::Use;
use crate::rows::split::Split;
use crate::spill::Space;
use crate::{Error, Result};
use bucket::attempt::{Asked, Attempt};
use manifest::{AgainstLine, IndexLine, Manifest};
use shard_lines::ShardLine;

/// The data set card.
const CARD: &str = "README.md";
/// Bytes of memory for a file on its way to a store, with what reads it.
const UPLOADING: u64 = 64 << 20;

/// An index for later builds: the stage that writes it, its name in the output, and its file.
pub(crate) type Index = (String, String, PathBuf);

/// The use and the split of the rows of a shard, where they have them.
type Labels = (Option<Use>, Option<Split>);

/// Where a build is put together.
pub(crate) enum Landing {
    /// Beside the output that it replaces, on a disk.
    Folder(InFolder),
    /// In an object store.
    Bucket(Box<Attempt>),
}

impl Landing {
    fn target(&self) -> &dyn Target {
        match self {
            Landing::Folder(folder) => folder,
            Landing::Bucket(attempt) => &**attempt,
        }
    }
}

/// The shards of a build, planned.
pub(crate) type Planned = Vec<(Labels, Shard)>;

impl Build<'_> {
    /// Plans which slabs make which shard. A shard is written without a look at the others ([`shards::write()`]).
    pub(crate) fn planned(
        &self,
        (inputs, chain, layout): (&Inputs, &StagePlan, &Layout),
        (applied, ordered): (&Job, &Ordered),
        fingerprint: &str,
    ) -> Planned {
        let limit = self.recipe.output.shard;
        let signals: Vec<_> = chain.output_signals(self.recipe);
        let slabs = |usage: Use| layout.slabs.iter().filter(move |s| inputs.sources[s.source].usage == usage);
        let file = |slab: &Slab, kind: &str| slab_file(&applied.folder, slab.number, kind);
        let mut all: Planned = Vec::new();
        let mut add = |labels: Labels, at: (&str, &str), table: Table, slabs: Vec<(PathBuf, u64)>, always: bool| {
            let of = (&table, &metadata(self.recipe, labels, &table, fingerprint));
            let mut planned = shards::plan(at, of, slabs.into_iter(), limit);
            if planned.is_empty() && always {
                planned = shards::plan(at, of, std::iter::once((PathBuf::new(), 0)), limit);
                planned.iter_mut().for_each(|shard| shard.parts.clear());
            }
            all.extend(planned.into_iter().map(|shard| (labels, shard)));
        };
        for usage in uses(inputs) {
            let [kept, dropped] = layout.filled(inputs, usage);
            for split in Split::ALL {
                let of: Vec<(PathBuf, u64)> = match chain.shuffle(usage) {
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
                let table = Table::Kept { usage, signals: signals.clone(), filled: kept };
                // A use without rows still has a table: an empty one.
                add((Some(usage), label), (&format!("data/{usage}"), stem), table, of, split == Split::Train);
            }
            let of = slabs(usage).filter(|s| s.dropped.0 > 0).map(|s| (file(s, "dropped"), s.dropped.1));
            let table = Table::Dropped { usage, filled: dropped };
            add((Some(usage), None), (&format!("dropped/{usage}"), "part"), table, of.collect(), false);
        }
        let of = layout.slabs.iter().filter(|s| s.unreadable > 0).map(|s| (file(s, "unreadable"), s.unreadable * 264));
        add((None, None), ("unreadable", "part"), Table::Unreadable, of.collect(), false);
        all
    }

    /// The manifest of this very build, where the output is there already.
    pub(crate) fn there(&self, identity: &str) -> Result<Option<Manifest>> {
        match &self.bucket {
            Some(bucket) => bucket.finished(identity),
            None => Ok(finished(&self.options.out, identity)),
        }
    }

    /// Where the build is put together; in a store, the names of all its files are claimed.
    pub(crate) fn landing(&self, identity: &str, planned: &Planned, indexes: &[Index]) -> Result<Landing> {
        let Some(bucket) = &self.bucket else {
            return Ok(Landing::Folder(InFolder(exchange::staging(&self.options.out))));
        };
        let shards = planned.iter().map(|(_, shard)| shard.name.clone());
        let indexes = indexes.iter().map(|(_, place, _)| place.clone());
        let names = shards.chain(indexes).chain([CARD.to_owned()]).collect();
        let asked = Asked { identity, recipe: &self.recipe.name, names };
        Ok(Landing::Bucket(Box::new(Attempt::begin(bucket, &self.options.work, asked)?)))
    }

    /// Whether a cluster writes the shards. Where executors see no folder of jobs, a new order of rows is made here, and so are
    /// the shards of it.
    pub(crate) fn shards_are_sent(&self, inputs: &Inputs, chain: &StagePlan) -> bool {
        let ordered = || uses(inputs).into_iter().any(|usage| chain.shuffle(usage).is_some());
        self.executors().is_some() || self.writers().is_some() && !ordered()
    }

    /// Strings slabs together, on all threads or, where they are `sent`, by a cluster: row groups are copied as they are, so what one writes does not
    /// depend on the others.
    pub(crate) async fn shards(
        &self,
        (planned, applied, sent): (&Planned, &Job, bool),
        landing: &Landing,
        manifest: &mut Manifest,
        turn: &Turn<'_>,
    ) -> Result<()> {
        let written = match sent {
            true => self.shards_elsewhere(planned, landing, applied).await?,
            false => self.shards_here(planned, landing, turn)?,
        };
        let all = || planned.iter().zip(&written);
        manifest.written = all().map(|((_, shard), made)| (shard.name.clone(), made.bytes)).collect();
        manifest.shards = shard_lines::numbered(all().filter_map(|(of, made)| line(of, made)).collect());
        Ok(())
    }

    fn shards_here(&self, planned: &Planned, landing: &Landing, turn: &Turn<'_>) -> Result<Vec<Written>> {
        let all = self.all_threads(&self.options.work, 0);
        // What is on its way to a store is held in memory, a few parts of each file.
        let most = match landing {
            Landing::Folder(_) => all.threads,
            Landing::Bucket(_) => (self.options.memory / UPLOADING).max(1) as usize,
        };
        let space = Space { threads: all.threads.min(most), ..all };
        space.side_by_side(planned.len(), |number| {
            turn.check()?;
            shards::write(&planned[number].1, landing.target())
        })
    }

    /// The indexes for later builds that were written, with their names in the output.
    pub(crate) fn index_files(&self, chain: &StagePlan, written: Vec<(String, PathBuf)>) -> Vec<Index> {
        let mut all = Vec::new();
        for stage in &chain.stages {
            let place = stage.pass().and_then(|pass| pass.leaves(&stage.name));
            let file = written.iter().find(|w| w.0 == stage.name);
            if let (Some(place), Some((name, file))) = (place, file) {
                all.push((name.clone(), place.to_string_lossy().into_owned(), file.clone()));
            }
        }
        all
    }

    /// Puts indexes for later builds beside the shards; what became of them and of those that were read.
    pub(crate) fn indexes(
        &self,
        chain: &StagePlan,
        written: &[Index],
        landing: &Landing,
        manifest: &mut Manifest,
    ) -> Result<()> {
        for stage in &chain.stages {
            if stage.pass().is_none() {
                continue;
            }
            let against = stage.files.iter();
            let against = against.map(|f| AgainstLine { path: f.shown.clone(), sha256: f.sha256.clone() }).collect();
            let mut line = IndexLine { stage: stage.name.clone(), path: None, against };
            if let Some((_, place, file)) = written.iter().find(|w| w.0 == stage.name) {
                // The job keeps its file for the next build; neither is ever written again.
                let bytes = landing.target().take(file, place)?;
                manifest.written.insert(place.clone(), bytes);
                line.path = Some(place.clone());
            }
            manifest.indexes.extend((line.path.is_some() || !line.against.is_empty()).then_some(line));
        }
        Ok(())
    }

    /// Completes the new output beside the old one, and puts it in its place.
    pub(crate) fn complete(&self, manifest: &mut Manifest, landing: &Landing, turn: &Turn<'_>) -> Result<()> {
        let mut uses: Vec<Use> = manifest.sources.iter().flat_map(|s| s.uses.clone()).collect();
        uses.sort();
        uses.dedup();
        let card = card::card(self.recipe, manifest, &uses);
        let mut file = landing.target().create(CARD, card.len() as u64)?;
        file.write_all(card.as_bytes()).map_err(Error::io(CARD))?;
        manifest.written.insert(CARD.to_owned(), file.finish()?);
        manifest.card = hex(&Sha256::digest(card.as_bytes()));
        match landing {
            Landing::Folder(InFolder(fresh)) => {
                manifest.write(&fresh.join("build.json"))?;
                // The build may have taken hours: what came into the folder meanwhile is not ours either.
                place::unclaimed(self.recipe, self.options)?;
                let mut watched = exchange::watched();
                exchange::exchange(&self.options.out, &mut || turn.check().and_then(|()| watched()))?;
            }
            Landing::Bucket(attempt) => {
                attempt.at().clone_into(&mut manifest.at);
                manifest.gates = verdict::judged(self.recipe, manifest, &|shard| attempt.url(shard))?;
                if let Some(said) = attempt.publish(manifest)? {
                    self.progress.done(&said);
                }
                let build = manifest.timings.get("identity").and_then(|build| build.as_str());
                if let Some(build) = build.filter(|_| self.workers.is_shared()) {
                    self.workers.ended(build)?;
                }
            }
        }
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
                self.remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the folder of a job, its files on all threads: with each go the pages of text that the system holds of it.
    fn remove(&self, folder: &Path) -> Result<()> {
        let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        let files: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).collect();
        self.all_threads(folder, 0).side_by_side(files.len(), |at| ours::remove(&files[at]))?;
        ours::remove(folder)
    }
}

/// The line of a shard of kept rows.
fn line(((_, split), shard): &(Labels, Shard), made: &Written) -> Option<ShardLine> {
    let Table::Kept { usage, .. } = shard.table else { return None };
    let (path, rows, tokens) = (shard.name.clone(), made.rows, made.tokens);
    Some(ShardLine { path, usage, split: *split, first: 0, rows, tokens })
}

/// What the metadata of a shard says.
fn metadata(recipe: &Recipe, (usage, split): Labels, table: &Table, fingerprint: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        ("corpus.recipe".to_owned(), recipe.name.clone()),
        ("corpus.fingerprint".to_owned(), fingerprint.to_owned()),
        ("corpus.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("corpus.schema".to_owned(), crate::recipe::schema::describe(&table.schema()).to_string()),
    ]);
    labels.extend(usage.map(|usage| ("corpus.use".to_owned(), usage.as_str().to_owned())));
    labels.extend(split.map(|split| ("corpus.split".to_owned(), split.as_str().to_owned())));
    labels
}
