//! `line_dedup`: lines counted over all rows, and what becomes of them and of their rows.
//!
//! ```text
//! count     hash and row of each line, sorted; runs as long as `documents` are repeated
//! mark      row and hash of what is repeated, sorted
//! judge     rows in order, with their marks: spans to cut, or a drop
//! rescan    to cut: the scan once more, over the text without the spans
//! ```
//!
//! Records are of 16 bytes, sorted in memory or on disk; neither shows in what comes out.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use futures::StreamExt;

use super::chain::Link;
use super::decide::{self, Drop};
use super::inputs::SourceInput;
use super::jobs::Job;
use super::keys;
use super::near::docs::{Space, scratch};
use super::near::flat::Flat;
use super::parquet_file::{PartFile, Style};
use super::plans::{Folders, Plans, TextCuts};
use super::{Build, Scanned, usage};
use crate::engine::functions::lines::{LENGTH_BITS, argument, columns, each, of_row};
use crate::engine::functions::rows::RowsSpec;
use crate::engine::functions::spans::{Spans, spans_type};
use crate::engine::plan::{self, Part, Plan};
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::engine::sink::unit_file;
use crate::stages::keep::number;
use crate::stages::line_dedup::{LineDedup, Stay};
use crate::stages::near_dedup::Scope;
use crate::{Error, Result};

/// Bits of a row's number in the order of the walk.
const ROW_BITS: u32 = LENGTH_BITS;
const HASH_BITS: u32 = 128 - ROW_BITS;
/// Marks read at a time.
const CHUNK: usize = 1 << 16;

/// The schema of a unit of cuts: `ord`, and what stage `number` takes out of the row.
pub fn cuts_schema(number: usize) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ord", DataType::UInt64, false),
        Field::new(argument(number), spans_type(), true),
    ]))
}

/// Spreads the number of a scope over the bits of a hash.
fn salt(scope: u64) -> u128 {
    (u128::from(scope).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)) >> ROW_BITS
}

impl Plans<'_> {
    /// The row-wise work of a scan, up to the first stage that cuts what only all rows together tell, and of which that is not known.
    pub fn spec_with(&self, source: &SourceInput, cuts: &[TextCuts]) -> RowsSpec {
        let mut spec = self.rows_spec(source);
        let late = |number: usize| self.chain.links.iter().any(|l| l.number == number && l.cuts_late());
        let known = |number: usize| cuts.iter().any(|c| c.0 == number);
        if let Some(stop) = spec.steps.iter().map(|s| s.number).find(|n| late(*n) && !known(*n)) {
            spec.steps.retain(|s| s.number <= stop);
        }
        spec
    }

    /// Joins what is known to be cut to scanned text, partition by partition, and says so in the work to do.
    pub(super) fn with_cuts(
        &self,
        mut node: Plan,
        spec: &mut RowsSpec,
        groups: &[Vec<usize>],
        cuts: &[TextCuts],
    ) -> Result<Plan> {
        for (number, folder) in cuts.iter().filter(|c| spec.steps.iter().any(|s| s.number == c.0)) {
            let of = |unit: &usize| (unit_file(folder, *unit as u64), Vec::new());
            let parts: Vec<Vec<Part>> = groups.iter().map(|group| group.iter().map(of).collect()).collect();
            let wanted = ["ord", &argument(*number)];
            node = plan::left_join(node, plan::parquet(&parts, &cuts_schema(*number), &wanted, &[])?)?;
            spec.cuts.push(*number);
        }
        Ok(node)
    }

    /// The rows of a source that are still there, in order and in one partition: `ord`, records of the lines.
    fn line_rows(&self, link: &Link, source: &SourceInput, units: &[usize], at: &Folders<'_>) -> Result<Plan> {
        let [lines, _] = columns(link.number);
        let wanted = ["ord", lines.as_str()];
        plan::select(self.still_there(source, units, at, &wanted, false)?, &wanted)
    }
}

/// Marks by row, read in order.
struct Marks {
    all: Flat,
    next: usize,
    chunk: Vec<u128>,
    at: usize,
}

impl Marks {
    /// The hashes that are marked in row `row`, ascending; rows are asked for in ascending order.
    fn of(&mut self, row: u64, hashes: &mut Vec<u128>) -> Result<()> {
        hashes.clear();
        loop {
            if self.at == self.chunk.len() {
                let end = self.all.len().min(self.next + CHUNK);
                (self.at, self.chunk) = (0, Vec::with_capacity(end - self.next));
                let chunk = &mut self.chunk;
                self.all.range(self.next..end, |_, record| {
                    let mut bytes = [0; 16];
                    bytes.copy_from_slice(record);
                    chunk.push(u128::from_be_bytes(bytes));
                    Ok(())
                })?;
                self.next = end;
            }
            let Some(mark) = self.chunk.get(self.at).filter(|m| (*m >> HASH_BITS) as u64 == row) else { return Ok(()) };
            hashes.push(mark & ((1 << HASH_BITS) - 1));
            self.at += 1;
        }
    }
}

/// One run of the stage.
struct Run<'a> {
    build: &'a Build<'a>,
    plans: &'a Plans<'a>,
    scanned: &'a Scanned,
    at: Folders<'a>,
    link: &'a Link,
    options: &'a LineDedup,
    space: Space,
}

impl Build<'_> {
    /// Finds repeated lines; writes what they cut, and the drops.
    pub(super) async fn lines(
        &self,
        plans: &Plans<'_>,
        scanned: &Scanned,
        drops: Option<&Job>,
        (link, options): (&Link, &LineDedup),
        job: &Job,
    ) -> Result<()> {
        self.progress.phase("Counting lines", 0);
        let units: Vec<usize> = scanned.units.concat();
        if units.iter().all(|u| job.has(*u)) {
            self.progress.done(&format!("{}: reused", link.name));
            return Ok(());
        }
        self.log.line(job, 0, "start");
        let space = Space { folder: job.folder.join("work"), budget: self.options.memory as usize / 2 };
        scratch(&space.folder)?;
        let cuts = job.folder.join("cuts");
        std::fs::create_dir_all(&cuts).map_err(Error::io(&cuts))?;
        let run = Run { build: self, plans, scanned, at: scanned.folders(None, drops), link, options, space };
        let (marks, repeated) = run.marks().await?;
        let rows = run.judge(marks, drops, job).await?;
        let _ = std::fs::remove_dir_all(&run.space.folder);
        self.log.line(job, 0, "done");
        let what = if options.cuts() { "cut" } else { "dropped" };
        let (repeated, rows) = (usage::count(repeated), usage::count(rows));
        self.progress.done(&format!("{}: {repeated} repeated lines, {rows} rows {what}", link.name));
        Ok(())
    }

    /// The scan once more, with what `link` cuts taken out; units of sources that it leaves alone are linked.
    pub(super) async fn rescan(&self, plans: &Plans<'_>, scanned: &mut Scanned, link: &Link, cut: &Job) -> Result<()> {
        let job = Job::new(&self.options.work, "rescan", &keys::rescan(plans, self.options.unit, &cut.fingerprint))?;
        scanned.text_cuts.push((link.number, cut.folder.join("cuts")));
        self.progress.phase("Reading without them", scanned.units.concat().len() as u64);
        for (number, source) in plans.inputs.sources.iter().enumerate() {
            let units = &scanned.units[number];
            if !link.applies(source) {
                for unit in units.iter().filter(|u| !job.has(**u)) {
                    let (from, to) = (scanned.job.unit(*unit), job.unit(*unit));
                    std::fs::hard_link(&from, &to)
                        .or_else(|_| std::fs::copy(&from, &to).map(|_| ()))
                        .map_err(Error::io(&to))?;
                }
                continue;
            }
            if units.iter().any(|u| !job.has(*u)) {
                super::group::make_readable(&source.files, self.session.threads)?;
            }
            let cuts = &scanned.text_cuts;
            self.units(&job, units, &plans.unit_schema(source)?, TEXT_ROWS, |left| {
                plans.scan(source, left, &job, cuts)
            })
            .await?;
        }
        if !self.options.keep_work {
            let _ = std::fs::remove_dir_all(self.options.work.join("unpacked"));
        }
        self.progress.done(&format!("without what {} cuts", link.name));
        scanned.job = job;
        Ok(())
    }
}

impl Run<'_> {
    /// The sources that the stage applies to, with their units and the salt of their scope, in order.
    fn sources(&self) -> impl Iterator<Item = (u128, &SourceInput, &[usize])> {
        let all = self.plans.inputs.sources.iter().zip(&self.scanned.units).enumerate();
        let scope = |number: usize, source: &SourceInput| match self.options.scope {
            Scope::All => 0,
            Scope::Use => 1 + source.usage as u64,
            Scope::Source => 1 + number as u64,
        };
        all.filter(|(_, (s, units))| self.link.applies(s) && !units.is_empty())
            .map(move |(n, (s, u))| (salt(scope(n, s)), s, u.as_slice()))
    }

    /// Walks all rows: their number, row key, salt and records.
    async fn walk(&self, mut found: impl FnMut(u64, u64, u128, &[u8]) -> Result<()>) -> Result<u64> {
        let mut number = 0;
        for (salt, source, units) in self.sources() {
            let plan = self.plans.line_rows(self.link, source, units, &self.at)?;
            let mut stream = self.build.seen(plan).execute(0, self.build.session.context(NARROW_ROWS))?;
            while let Some(batch) = stream.next().await {
                if self.build.session.stopped() {
                    return Err(Error::Interrupted);
                }
                let batch = batch?;
                let ords = batch.column(0).as_primitive::<UInt64Type>();
                for row in 0..batch.num_rows() {
                    found(number, ords.value(row), salt, of_row(batch.column(1), row))?;
                    number += 1;
                }
            }
        }
        Ok(number)
    }

    /// What is repeated, by row; and how many lines are.
    async fn marks(&self) -> Result<(Marks, u64)> {
        let mut sorter = self.space.sorter("lines", 16);
        let mut hashes: Vec<u128> = Vec::new();
        let rows = self
            .walk(|row, _, salt, records| {
                hashes.clear();
                hashes.extend(each(records).filter(|(hash, _)| *hash != 0).map(|(hash, _)| hash ^ salt));
                hashes.sort_unstable();
                hashes.dedup();
                hashes.iter().try_for_each(|hash| sorter.push(hash << ROW_BITS | u128::from(row)))
            })
            .await?;
        if rows >> ROW_BITS != 0 {
            return Err(Error::other(
                "line_dedup counts at most 2^40 rows in one build",
                "build the parts on their own",
            ));
        }
        let mut marks = self.space.small_sorter("marks", 16);
        let (mut current, mut count, mut repeated) = (None, 0u64, 0u64);
        // Rows of the run while it is too short to be repeated.
        let mut waiting: Vec<u64> = Vec::new();
        let least = u64::from(self.options.documents);
        sorter.drain(&mut |record| {
            let (hash, row) = (record >> ROW_BITS, (record & ((1 << ROW_BITS) - 1)) as u64);
            if current != Some(hash) {
                (current, count) = (Some(hash), 0);
                waiting.clear();
            }
            count += 1;
            if count > 1 || self.options.keep == Stay::None {
                waiting.push(row);
            }
            if count < least {
                return Ok(());
            }
            repeated += u64::from(count == least);
            waiting.drain(..).try_for_each(|row| marks.push(u128::from(row) << HASH_BITS | hash))
        })?;
        let mut all = self.space.flat("marked", 16);
        marks.drain(&mut |record| all.push(&record.to_be_bytes()))?;
        Ok((Marks { all, next: 0, chunk: Vec::new(), at: 0 }, repeated))
    }

    /// Walks rows and marks side by side; how many rows are cut, or dropped.
    async fn judge(&self, mut marks: Marks, drops: Option<&Job>, job: &Job) -> Result<u64> {
        let mut units = self.scanned.units.concat().into_iter().peekable();
        let mut out = Out { drops, job, number: self.link.number, cuts: Vec::new(), gone: Vec::new() };
        let (mut hashes, mut touched) = (Vec::new(), 0);
        self.walk(|row, ord, salt, records| {
            let unit = self.build.unit_of(self.plans.inputs, ord);
            while let Some(done) = units.next_if(|u| *u != unit) {
                out.write(done)?;
            }
            marks.of(row, &mut hashes)?;
            if hashes.is_empty() {
                return Ok(());
            }
            let (mut spans, mut place, mut bytes): (Vec<(usize, usize)>, _, _) = (Vec::new(), 0, 0);
            for (hash, length) in each(records) {
                if hash != 0 && hashes.binary_search(&(hash ^ salt)).is_ok() {
                    bytes += length;
                    match spans.last_mut() {
                        Some(last) if last.1 == place => last.1 += length,
                        _ => spans.push((place, place + length)),
                    }
                }
                place += length;
            }
            if self.options.cuts() {
                touched += 1;
                out.cuts.push((ord, spans));
                return Ok(());
            }
            let share = bytes as f64 / place.max(1) as f64;
            if share >= self.options.share {
                touched += 1;
                let [stage, reason] = [self.link.name.clone(), "repeated_lines".into()];
                let words = [Some(stage), Some(reason), Some(number(share)), Some(self.options.limit()), None];
                out.gone.push(Drop { ord, words, similarity: None, spans });
            }
            Ok(())
        })
        .await?;
        units.try_for_each(|unit| out.write(unit))?;
        Ok(touched)
    }
}

/// What becomes of the rows of a unit.
struct Out<'a> {
    drops: Option<&'a Job>,
    job: &'a Job,
    number: usize,
    cuts: Vec<(u64, Vec<(usize, usize)>)>,
    gone: Vec<Drop>,
}

impl Out<'_> {
    fn write(&mut self, unit: usize) -> Result<()> {
        let path: PathBuf = unit_file(&self.job.folder.join("cuts"), unit as u64);
        let schema = cuts_schema(self.number);
        let mut file = PartFile::create(&path, schema.clone(), Style::Stage)?;
        for chunk in self.cuts.chunks(8192) {
            let mut spans = Spans::default();
            chunk.iter().for_each(|cut| spans.push(&cut.1));
            let ords: ArrayRef = Arc::new(chunk.iter().map(|cut| cut.0).collect::<UInt64Array>());
            file.write_all(&RecordBatch::try_new(schema.clone(), vec![ords, spans.finish()])?)?;
        }
        file.finish()?;
        self.cuts.clear();
        let mut all = match self.drops {
            Some(before) => decide::read_drops(&before.unit(unit))?,
            None => Vec::new(),
        };
        all.append(&mut self.gone);
        all.sort_by_key(|d| d.ord);
        decide::write_drops(&self.job.unit(unit), &all)
    }
}
