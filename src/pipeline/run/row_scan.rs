//! What a whole stage reads: rows in order with the records that the scan made of them, what of it is repeated, and the
//! texts of some rows.

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use futures::StreamExt;

use crate::engine::functions::near;
use crate::engine::functions::rows::Batch;
use crate::engine::plan;
use crate::engine::session::{NARROW_ROWS, TEXT_ROWS};
use crate::pipeline::inputs::SourceInput;
use crate::pipeline::plan::plans::{Folders, Plans};
use crate::pipeline::plan::stage_plan::Link;
use crate::pipeline::{Build, Scanned};
use crate::rows::spans::of_row;
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::spill::sorter::Sorter;
use crate::stages::near_dedup::{Of, Scope};
use crate::{Error, Result};

/// Bits of a row's number in the order of the walk.
pub(crate) const ROW_BITS: u32 = 40;
/// Bits of a hash at most.
pub(crate) const HASH_BITS: u32 = 128 - ROW_BITS;
/// Marks read at a time.
const CHUNK: usize = 1 << 16;

/// Spreads the number of a scope over the bits of a hash.
fn salt(scope: u64) -> u128 {
    (u128::from(scope).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)) >> ROW_BITS
}

/// The rows that a stage compares.
pub(crate) struct Walk<'a> {
    pub(crate) build: &'a Build<'a>,
    pub(crate) plans: &'a Plans<'a>,
    pub(crate) scanned: &'a Scanned,
    pub(crate) at: Folders<'a>,
    pub(crate) link: &'a Link,
    /// Within what rows are compared.
    pub(crate) scope: Scope,
}

impl Walk<'_> {
    /// The sources that the stage applies to, with their units and the salt of their scope, in order.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (u128, &SourceInput, &[usize])> {
        let all = self.plans.inputs.sources.iter().zip(&self.scanned.units).enumerate();
        let scope = |number: usize, source: &SourceInput| match self.scope {
            Scope::All => 0,
            Scope::Use => 1 + source.usage as u64,
            Scope::Source => 1 + number as u64,
        };
        all.filter(|(_, (s, units))| self.link.applies(s) && !units.is_empty())
            .map(move |(n, (s, u))| (salt(scope(n, s)), s, u.as_slice()))
    }

    /// Walks all rows that are still there: `found(number, row key, salt, records)`.
    pub(crate) async fn rows(
        &self,
        column: &str,
        mut found: impl FnMut(u64, u64, u128, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut number = 0;
        for (salt, source, units) in self.sources() {
            self.some(source, units, &["ord", column], &mut number, |n, ord, records| found(n, ord, salt, records))
                .await?;
        }
        if number >> ROW_BITS != 0 {
            let what = format!("{} counts at most 2^{ROW_BITS} rows in one build", self.link.run);
            return Err(Error::other(what, "build the parts on their own"));
        }
        Ok(())
    }

    /// Walks the rows of some units, numbered on from `number`: of the columns `wanted`, `ord` and records if any.
    pub(crate) async fn some(
        &self,
        source: &SourceInput,
        units: &[usize],
        wanted: &[&str],
        number: &mut u64,
        mut found: impl FnMut(u64, u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let plan = plan::select(self.plans.still_there(source, units, &self.at, wanted, false)?, wanted)?;
        let mut stream = self.build.seen(plan).execute(0, self.build.session.context(NARROW_ROWS))?;
        while let Some(batch) = stream.next().await {
            if self.build.session.stopped() {
                return Err(Error::Interrupted);
            }
            let batch = batch?;
            let ords = batch.column(0).as_primitive::<UInt64Type>();
            for row in 0..batch.num_rows() {
                let records = batch.columns().get(1).map_or(&[][..], |column| of_row(column, row));
                found(*number, ords.value(row), records)?;
                *number += 1;
            }
        }
        Ok(())
    }
}

/// Reads the texts of rows again.
pub(crate) struct TextsOf<'a> {
    pub(crate) build: &'a Build<'a>,
    pub(crate) plans: &'a Plans<'a>,
    /// The stage, as which finds them.
    pub(crate) link: &'a Link,
    pub(crate) at: &'a Folders<'a>,
}

impl TextsOf<'_> {
    /// Hands over the texts, as far as the stage compares them, of the rows `ords` (ascending) of a unit, one after another.
    pub(crate) async fn each(
        &self,
        source: &SourceInput,
        unit: usize,
        ords: &[u64],
        mut found: impl FnMut(&[&str]) -> Result<()>,
    ) -> Result<()> {
        if !self.plans.is_staged(self.link, source) {
            let threads = self.build.session.threads;
            crate::pipeline::inputs::group::make_readable(&source.files, threads)?;
        }
        let plan = self.build.seen(self.plans.near_texts(self.link, source, unit, self.at, ords)?);
        let mut stream = plan.execute(0, self.build.session.context(TEXT_ROWS))?;
        let of = self.link.stage.rules().map_or(Of::Content, |rules| rules.of);
        let mut wanted = ords.iter().peekable();
        while let Some(batch) = stream.next().await {
            if self.build.session.stopped() {
                return Err(Error::Interrupted);
            }
            let batch = batch?;
            let content = Batch::new(source.usage, &batch.columns()[1..], batch.num_rows())?;
            let mut texts = Vec::new();
            for (row, ord) in batch.column(0).as_primitive::<UInt64Type>().values().iter().enumerate() {
                if wanted.next_if_eq(&ord).is_some() {
                    near::texts(of, &content, row, &mut texts);
                    found(&texts)?;
                }
            }
        }
        match wanted.next() {
            None => Ok(()),
            Some(ord) => Err(Error::Engine(format!("row {ord:x} of unit {unit} was not read again"))),
        }
    }
}

/// Marks by row, read in order.
pub(crate) struct Marks {
    all: Flat,
    next: usize,
    chunk: Vec<u128>,
    at: usize,
}

impl Marks {
    /// Of sorted `hash << ROW_BITS | row`, what comes at least `least` times (`all`: the first one too), by row; and how
    /// many hashes do.
    pub(crate) fn new(sorter: Sorter, space: &Space, least: u64, all: bool) -> Result<(Self, u64)> {
        let mut marks = space.small_sorter("marks", 16);
        let (mut current, mut count, mut repeated) = (None, 0u64, 0u64);
        // Rows of the run while it is too short to be repeated.
        let mut waiting: Vec<u64> = Vec::new();
        sorter.drain(&mut |record| {
            let (hash, row) = (record >> ROW_BITS, (record & ((1 << ROW_BITS) - 1)) as u64);
            if current != Some(hash) {
                (current, count) = (Some(hash), 0);
                waiting.clear();
            }
            count += 1;
            if count > 1 || all {
                waiting.push(row);
            }
            if count < least {
                return Ok(());
            }
            repeated += u64::from(count == least);
            waiting.drain(..).try_for_each(|row| marks.push(u128::from(row) << HASH_BITS | hash))
        })?;
        let mut all = space.flat("marked", 16);
        marks.drain(&mut |record| all.push(&record.to_be_bytes()))?;
        Ok((Marks { all, next: 0, chunk: Vec::new(), at: 0 }, repeated))
    }

    /// The hashes that are marked in row `row`, ascending; rows are asked for in ascending order.
    pub(crate) fn of(&mut self, row: u64, hashes: &mut Vec<u128>) -> Result<()> {
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
