//! `near_dedup`: rows that are nearly the same, found by their sketches and compared by their texts. `simhash_dedup`:
//! the same by fingerprints, without any texts.
//!
//! ```text
//! rows      narrow columns in order: sketch, key of the text, what decides who stays
//! same      keys sorted: rows with the same text count as one
//! bands     sketches cut into bands, sorted; rows of a bucket make pairs
//! pairs     sorted, seen once, compared by their sketches
//! texts     of the rows in a pair: read once, in order
//! verify    in the order in which rows are to be kept, each against rows that were kept
//! drops     by unit, with the ids of the rows kept
//! ```
//!
//! Rows of earlier builds, out of their indexes, come before all others; what became of them is known.
//!
//! Every step but reading is over records of a fixed size, in memory where they fit and in files of the job's folder
//! where they do not. What comes out depends on neither.

mod blocks;
mod docs;
mod drops;
pub(crate) mod how;
pub(crate) mod index;
mod index_writer;
mod mark;
mod pairs;
mod plan;
mod verify;

use futures::StreamExt;

use super::drops as unit_drops;
use super::row_scan::TextsOf;
use crate::engine::session::NARROW_ROWS;
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::jobs::Job;
use crate::pipeline::plan::plans::{Folders, Plans};
use crate::pipeline::plan::stage_plan::Link;
use crate::pipeline::usage;
use crate::pipeline::{Build, Scanned};
use crate::spill::texts::{Texts, Writer};
use crate::spill::{Space, scratch};
use crate::stages::near_dedup::{Keep, Of, Verify};
use crate::{Error, Result};
use docs::{Docs, Wanted};
use drops::Gone;
pub(crate) use drops::job_file;
use how::How;
use index::{Earlier, Origin};
use pairs::Pairs;
use verify::{Exact, Fates, Judge, Proof};

/// One run of the stage.
struct Run<'a> {
    build: &'a Build<'a>,
    plans: &'a Plans<'a>,
    scanned: &'a Scanned,
    at: Folders<'a>,
    link: &'a Link,
    how: How<'a>,
    earlier: Earlier,
    space: Space,
}

impl Build<'_> {
    /// Drops rows that are nearly the same as one that is kept.
    pub(crate) async fn near(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        repeats: Option<&Job>,
        drops: Option<&Job>,
        (link, how): (&Link, How<'_>),
        job: &Job,
    ) -> Result<()> {
        let units: Vec<usize> = scanned.units.concat();
        if units.iter().all(|u| job.has(*u)) && (how.index().is_none() || job_file(job).is_file()) {
            self.progress.phase("Comparing", 0);
            self.progress.done(&format!("{}: reused", link.name));
            return Ok(());
        }
        self.log.line(job, 0, "start");
        let space = Space { folder: job.folder.join("work"), budget: self.options.memory as usize / 20 * 11 };
        scratch(&space.folder)?;
        let at = scanned.folders(repeats, drops);
        let earlier = how.earlier(link)?;
        let run = Run { build: self, plans, scanned, at, link, how, earlier, space };
        let mut gone = run.run(job).await?;
        for unit in &units {
            let mut all = match drops {
                Some(before) => unit_drops::read_drops(&before.unit(*unit))?,
                None => Vec::new(),
            };
            all.extend(gone.of_unit(*unit, &link.name, how)?);
            all.sort_by_key(|d| d.ord);
            unit_drops::write_drops(&job.unit(*unit), &all)?;
        }
        let _ = std::fs::remove_dir_all(&run.space.folder);
        self.log.line(job, 0, "done");
        let better = match gone.better {
            0 => String::new(),
            some => format!(", {} of which would replace a published row", usage::count(some)),
        };
        self.progress.done(&format!("{}: {} duplicates{better}", link.name, usage::count(gone.rows)));
        Ok(())
    }
}

impl Run<'_> {
    /// The sources that the stage applies to, with their units, in order.
    fn sources(&self) -> impl Iterator<Item = (&SourceInput, &[usize])> {
        let all = self.plans.inputs.sources.iter().zip(&self.scanned.units);
        all.filter(|(s, units)| self.link.applies(s) && !units.is_empty()).map(|(s, u)| (s, u.as_slice()))
    }

    /// All steps.
    async fn run(&self, job: &Job) -> Result<Gone> {
        let build = self.build;
        let stopped = || build.session.stopped();
        build.progress.phase("Comparing", 0);
        let mut docs = self.docs().await?;
        let mut same = self.space.flat("copies", 8);
        let most = self.how.rules().most as usize;
        docs.same(&self.space, most, |rank, first| same.push(&[rank.to_le_bytes(), first.to_le_bytes()].concat()))?;
        let pairs = pairs::candidates(&self.space, &docs, &stopped)?;
        build.progress.done(&self.how.said(pairs.len() as u64));
        let proof = match self.how {
            How::Near(near) if near.verify == Verify::Exact => {
                let texts = self.texts(&docs, &pairs).await?;
                Proof::Exact(Box::new(Exact::new(texts, near.shingler(), &self.space)))
            }
            _ => Proof::Sketch,
        };
        build.progress.phase("Verifying", pairs.rows);
        let judge = Judge {
            docs: &docs,
            fates: Fates::new(&self.space, docs.len(), most, &self.earlier)?,
            proof,
            stopped: &stopped,
        };
        let fates = judge.run(&pairs, &|rows| build.progress.advance(rows))?;
        drop(pairs);
        self.drops(&docs, &same, &fates, job).await
    }

    /// Reads the rows.
    async fn docs(&self) -> Result<Docs> {
        let mut priorities: Vec<i64> = self.sources().map(|(s, _)| s.source.priority).collect();
        priorities.sort_unstable();
        priorities.dedup();
        let (rules, index) = (self.how.rules(), self.how.index().is_some());
        let (earlier, valued) = (self.earlier.rows(), rules.keep != Keep::First);
        let wanted = Wanted {
            ranks: priorities.len() > 1 || valued,
            values: valued && (index || earlier > 0),
            keys: index,
            contents: rules.of == Of::Prompt && rules.most > 1,
        };
        let rows = self.scanned.rows.iter().sum::<u64>() + earlier as u64;
        let mut docs = Docs::new(&self.space, self.how.mark(), rows, earlier, wanted)?;
        self.earlier.add_to(&mut docs, rules.scope, || self.check())?;
        for (source, units) in self.sources() {
            let of = &source.source;
            let origin = Origin { source: of.name.clone(), usage: source.usage, priority: of.priority };
            docs.begin(rules.scope, origin);
            let place = priorities.iter().rev().position(|p| *p == source.source.priority).unwrap_or_default() as u16;
            let plan = self.plans.near_rows(self.link, rules, source, units, &self.at)?;
            let mut stream = self.build.seen(plan).execute(0, self.build.session.context(NARROW_ROWS))?;
            while let Some(batch) = stream.next().await {
                self.check()?;
                docs.add(&batch?, place)?;
            }
        }
        docs.rank(&self.space)?;
        Ok(docs)
    }

    fn check(&self) -> Result<()> {
        if self.build.session.stopped() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Reads the texts of the rows that are in a pair.
    async fn texts(&self, docs: &Docs, pairs: &Pairs) -> Result<Texts> {
        self.build.progress.phase("Reading candidates", pairs.rows);
        // Docs of each unit: `(unit, first doc, one past the last)`.
        let mut units: Vec<(usize, usize, usize)> = Vec::new();
        docs.each_ord(docs.own(), |doc, ord| {
            match units.last_mut() {
                Some((unit, _, last)) if ord >> 32 < self.plans.inputs.units[*unit].pieces.end as u64 => {
                    *last = doc + 1
                }
                _ => units.push((self.build.unit_of(self.plans.inputs, ord), doc, doc + 1)),
            }
            Ok(())
        })?;
        let mut writer = Writer::new(&self.space)?;
        for (unit, first, last) in units {
            let mut wanted: Vec<(u64, usize)> = Vec::new();
            docs.each_ord(first..last, |doc, ord| {
                wanted.extend(pairs.docs.has(doc).then_some((ord, doc)));
                Ok(())
            })?;
            let source = self.plans.inputs.sources.iter().find(|s| s.units.contains(&unit));
            let Some(source) = source.filter(|_| !wanted.is_empty()) else { continue };
            let ords: Vec<u64> = wanted.iter().map(|w| w.0).collect();
            let texts_of = TextsOf { build: self.build, plans: self.plans, link: self.link, at: &self.at };
            let mut docs = wanted.iter().map(|w| w.1);
            texts_of
                .each(source, unit, &ords, |texts| docs.next().map_or(Ok(()), |doc| writer.add(doc, texts)))
                .await?;
            self.build.progress.advance(ords.len() as u64);
        }
        self.build.progress.done(&format!("{} rows", usage::count(pairs.rows)));
        writer.finish()
    }
}
