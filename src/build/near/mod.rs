//! `near_dedup`: rows that are nearly the same, found by their sketches and compared by their texts.
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
//! Every step but reading is over records of a fixed size, in memory where they fit and in files of the job's folder
//! where they do not. What comes out depends on neither.

pub(super) mod docs;
pub(super) mod flat;
mod pairs;
mod plan;
pub(super) mod sorter;
mod texts;
mod verify;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use futures::StreamExt;

use super::chain::Link;
use super::decide::{self, Buckets, Drop};
use super::inputs::SourceInput;
use super::jobs::Job;
use super::plans::{Folders, Plans};
use super::usage;
use super::{Build, Scanned};
use crate::engine::functions::ids::{IdsKernel, IdsSpec};
use crate::engine::functions::{Kernel, rows::Batch};
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::engine::sink::unit_file;
use crate::stages::keep::number;
use crate::stages::near_dedup::{Keep, NearDedup, Scope, Verify};
use crate::text::near::sketch::least;
use crate::{Error, Result};
use docs::{Docs, Space, scratch};
use flat::{Bits, Flat};
use pairs::Pairs;
use texts::{Texts, Writer};
use verify::{Exact, Fates, Judge, Proof};

/// Standard deviations under the threshold at which a pair is not compared any further.
const SIGMAS: f64 = 5.0;

/// One run of the stage.
struct Run<'a> {
    build: &'a Build<'a>,
    plans: &'a Plans<'a>,
    scanned: &'a Scanned,
    at: Folders<'a>,
    link: &'a Link,
    near: &'a NearDedup,
    space: Space,
}

impl Build<'_> {
    /// Drops rows that are nearly the same as one that is kept.
    pub(super) async fn near(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        repeats: Option<&Job>,
        drops: Option<&Job>,
        (link, near): (&Link, &NearDedup),
        job: &Job,
    ) -> Result<()> {
        let units: Vec<usize> = scanned.units.concat();
        if units.iter().all(|u| job.has(*u)) {
            self.progress.phase("Comparing", 0);
            self.progress.done(&format!("{}: reused", link.name));
            return Ok(());
        }
        self.log.line(job, 0, "start");
        let space = Space { folder: job.folder.join("work"), budget: self.options.memory as usize / 20 * 11 };
        scratch(&space.folder)?;
        let at = scanned.folders(repeats, drops);
        let run = Run { build: self, plans, scanned, at, link, near, space };
        let (mut buckets, count) = run.run(job).await?;
        for unit in &units {
            let mut all = match drops {
                Some(before) => decide::read_drops(&before.unit(*unit))?,
                None => Vec::new(),
            };
            let limit = number(near.threshold);
            all.extend(buckets.take(*unit)?.into_iter().map(|(ord, bits, kept)| {
                let similarity = f64::from_bits(bits);
                let words =
                    [link.name.clone(), "near_duplicate".into(), format!("{similarity:.4}"), limit.clone(), kept];
                Drop { ord, words: words.map(Some), similarity: Some(similarity), spans: Vec::new() }
            }));
            all.sort_by_key(|d| d.ord);
            decide::write_drops(&job.unit(*unit), &all)?;
        }
        let _ = std::fs::remove_dir_all(&run.space.folder);
        self.log.line(job, 0, "done");
        self.progress.done(&format!("{}: {} duplicates", link.name, usage::count(count)));
        Ok(())
    }
}

impl Run<'_> {
    /// The sources that the stage applies to, with their units, in order.
    fn sources(&self) -> impl Iterator<Item = (usize, &SourceInput, &[usize])> {
        let all = self.plans.inputs.sources.iter().zip(&self.scanned.units).enumerate();
        all.filter(|(_, (s, units))| self.link.applies(s) && !units.is_empty()).map(|(n, (s, u))| (n, s, u.as_slice()))
    }

    /// All steps; row key, similarity and id of the row kept, by unit.
    async fn run(&self, job: &Job) -> Result<(Buckets, u64)> {
        let (near, build) = (self.near, self.build);
        let bands = near.bands();
        let stopped = || build.session.stopped();
        build.progress.phase("Comparing", 0);
        let mut docs = self.docs().await?;
        let mut gone = Bits::new(docs.len());
        let mut same = self.space.flat("copies", 8);
        docs.same(&self.space, |rank, first| {
            gone.set(rank as usize);
            same.push(&[rank.to_le_bytes(), first.to_le_bytes()].concat())
        })?;
        let pairs = pairs::candidates(&self.space, &docs, &gone, bands, least(near.threshold, SIGMAS), &stopped)?;
        drop(gone);
        let finds = bands.finds(near.threshold);
        build.progress.done(&format!(
            "{} bands of {}, which find {finds:.4} at {}: {} pairs to compare",
            bands.bands,
            bands.rows,
            number(near.threshold),
            usage::count(pairs.len() as u64)
        ));
        let proof = match near.verify {
            Verify::Sketch => Proof::Sketch,
            Verify::Exact => {
                let texts = self.texts(&docs, &pairs).await?;
                Proof::Exact(Box::new(Exact::new(texts, near.shingler(), &self.space)))
            }
        };
        build.progress.phase("Verifying", pairs.rows);
        let judge = Judge {
            docs: &docs,
            fates: Fates::new(&self.space, docs.len())?,
            proof,
            threshold: near.threshold,
            least: least(near.threshold, SIGMAS),
            stopped: &stopped,
        };
        let fates = judge.run(&pairs, &|rows| build.progress.advance(rows))?;
        drop(pairs);
        self.drops(&docs, &same, &fates, job).await
    }

    /// Reads the rows.
    async fn docs(&self) -> Result<Docs> {
        let mut priorities: Vec<i64> = self.sources().map(|(_, s, _)| s.source.priority).collect();
        priorities.sort_unstable();
        priorities.dedup();
        let ordered = priorities.len() > 1 || self.near.keep != Keep::First;
        let rows = self.scanned.rows.iter().sum();
        let mut docs = Docs::new(&self.space, rows, ordered)?;
        for (number, source, units) in self.sources() {
            docs.begin(match self.near.scope {
                Scope::All => 0,
                Scope::Use => 1 + source.usage as u64,
                Scope::Source => 1 + number as u64,
            });
            let place = priorities.iter().rev().position(|p| *p == source.source.priority).unwrap_or_default() as u16;
            let plan = self.plans.near_rows(self.link, self.near, source, units, &self.at)?;
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
        docs.each_ord(0..docs.len(), |doc, ord| {
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
            if !self.plans.is_staged(self.link, source) {
                let threads = self.build.session.threads;
                crate::build::group::make_readable(&source.files, threads)?;
            }
            let ords: Vec<u64> = wanted.iter().map(|w| w.0).collect();
            let plan = self.build.seen(self.plans.near_texts(self.link, source, unit, &self.at, &ords)?);
            let mut stream = plan.execute(0, self.build.session.context(TEXT_ROWS))?;
            let mut at = 0;
            while let Some(batch) = stream.next().await {
                self.check()?;
                let batch = batch?;
                let content = Batch::new(source.usage, &batch.columns()[1..], batch.num_rows())?;
                let mut texts = Vec::new();
                for (row, ord) in batch.column(0).as_primitive::<UInt64Type>().values().iter().enumerate() {
                    if at < wanted.len() && wanted[at].0 == *ord {
                        content.texts(row, &mut texts);
                        writer.add(wanted[at].1, &texts)?;
                        at += 1;
                    }
                }
            }
            self.build.progress.advance(at as u64);
        }
        self.build.progress.done(&format!("{} rows", usage::count(pairs.rows)));
        writer.finish()
    }

    /// Writes how many rows each row stands for, by unit; `list` is sorted by the row that is kept.
    fn sizes(&self, docs: &Docs, list: &Flat, job: &Job) -> Result<()> {
        let folder = job.folder.join("sizes");
        scratch(&folder)?;
        let (mut at, mut record) = (0, [0; 16]);
        let mut first = 0;
        for unit in self.scanned.units.concat() {
            let end = (self.plans.inputs.units[unit].pieces.end as u64) << 32;
            let mut sizes: Vec<(u64, i64)> = Vec::new();
            while first < docs.len() && docs.ord(first)? < end {
                let mut size = 1;
                while at < list.len() {
                    list.get(at, &mut record)?;
                    if part(&record, 0) != first {
                        break;
                    }
                    (at, size) = (at + 1, size + 1);
                }
                sizes.push((docs.ord(first)?, size));
                first += 1;
            }
            decide::write_numbers(&unit_file(&folder, unit as u64), decide::sizes_schema(), &sizes)?;
        }
        Ok(())
    }

    /// Names the kept row for every row that goes, by unit.
    async fn drops(&self, docs: &Docs, same: &Flat, fates: &Fates, job: &Job) -> Result<(Buckets, u64)> {
        let mut sorter = self.space.sorter("drops", 16);
        let mut add = |rank: u32, keeper: u32, similarity: f64| -> Result<()> {
            let (doc, keeper) = (docs.doc_of(rank)? as u128, docs.doc_of(keeper)? as u128);
            sorter.push(keeper << 96 | doc << 64 | u128::from(similarity.to_bits()))
        };
        let mut count = 0;
        fates.each(|rank, keeper, similarity| {
            count += 1;
            add(rank, keeper, similarity)
        })?;
        same.each(|_, record| {
            let half = |at: usize| record[at..at + 4].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
            let (rank, first) = (half(0), half(4));
            count += 1;
            let (keeper, similarity) = fates.keeper(first)?.unwrap_or((first, 1.0));
            add(rank, keeper, similarity)
        })?;
        let mut list = self.space.flat("by_keeper", 16);
        sorter.drain(&mut |record| list.push(&record.to_be_bytes()))?;
        if self.near.cluster_size {
            self.sizes(docs, &list, job)?;
        }
        let mut buckets = Buckets::new(job.folder.join("work").join("buckets"))?;
        let mut found = |record: &[u8; 16], id: String| -> Result<()> {
            let mut bits = [0; 8];
            bits.copy_from_slice(&record[8..]);
            let ord = docs.ord(part(record, 4))?;
            buckets.add(self.build.unit_of(self.plans.inputs, ord), ord, u64::from_be_bytes(bits), id)
        };
        let (mut at, mut record) = (0, [0; 16]);
        if !self.scanned.own_ids {
            let ids = IdsKernel::new(IdsSpec::clone(&self.scanned.ids))?;
            while at < list.len() {
                list.get(at, &mut record)?;
                found(&record, ids.generated(docs.ord(part(&record, 0))?))?;
                at += 1;
            }
            return Ok((buckets, count));
        }
        for (_, source, units) in self.sources() {
            let plan = self.plans.near_ids(source, units, &self.at)?;
            let mut stream = self.build.seen(plan).execute(0, self.build.session.context(NARROW_ROWS))?;
            while let Some(batch) = stream.next().await {
                self.check()?;
                let batch = batch?;
                let (ords, ids) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_string::<i32>());
                let mut row = 0;
                while at < list.len() && row < batch.num_rows() {
                    list.get(at, &mut record)?;
                    let keeper = docs.ord(part(&record, 0))?;
                    row += ords.values()[row..].partition_point(|ord| *ord < keeper);
                    if row < batch.num_rows() && ords.value(row) == keeper {
                        found(&record, ids.value(row).to_owned())?;
                        at += 1;
                    } else if row < batch.num_rows() {
                        return Err(Error::Engine("a row that is kept has no id".into()));
                    }
                }
            }
        }
        Ok((buckets, count))
    }
}

/// Four bytes of a record, as the number of a doc.
fn part(record: &[u8; 16], at: usize) -> usize {
    record[at..at + 4].iter().fold(0, |n, b| n << 8 | usize::from(*b))
}
