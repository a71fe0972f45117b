//! The pass: rows linked to clusters, clusters drawn source by source. Where there are others they find the links (`parts.rs`).

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;

use super::HoldOut;
use super::clusters::Clusters;
use super::draw::{Quota, quotas};
use super::keys::{COLUMN, draw_of, keys_of};
use super::parts::{self, Found};
use crate::rows::Use;
use crate::rows::split::Split;
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::stages::global::{self, Footprint, GlobalContext, GlobalPass, Part, records_of};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::{Error, Result};

/// The share of the build's memory for numbers.
const SHARE: f64 = 0.5;
/// Bytes a row: keys to sort (16 each, about three), row key, parent, draw, size, side, cluster to sort.
const ROW_BYTES: u64 = 16 * 4 + 8 + 4 + 8 + 4 + 1;
/// Bits of the hash that clusters are drawn by.
const DRAW_BITS: u32 = 48;

impl GlobalPass for HoldOut {
    fn job(&self) -> &'static str {
        "split"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint { records: ROW_BYTES, elsewhere: true, ..Footprint::default() })
    }

    fn splits(&self) -> bool {
        true
    }

    fn part(&self, folder: &Path, part: &Part, space: &Space) -> Result<()> {
        parts::part(folder, part, space)
    }

    fn fed(&self, folder: &Path, part: &Part, rows: &mut global::Rows<'_>, space: &Space) -> Result<()> {
        parts::fed(folder, part, rows, space)
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Splitting", 0);
        let space = context.space(SHARE)?;
        let mut rows = Rows::read(context, &space, self.seed)?;
        rows.link(context, &space)?;
        let (sides, summary) = rows.sides(context, &space, self)?;
        rows.write(context, &sides)?;
        context.progress().done(&format!("{}: {summary}", context.stage()));
        Ok(())
    }
}

/// The kept rows, numbered in order.
struct Rows {
    /// Row key of each.
    ords: Flat,
    /// A hash of each row's text: rows with the same text have the same.
    draws: Flat,
    /// What they are linked with.
    clusters: Clusters,
    /// The first row of each source of the context, and its number behind the last.
    starts: Vec<usize>,
}

impl Rows {
    /// Reads keys, and links rows that share one.
    fn read(context: &dyn GlobalContext, space: &Space, seed: u64) -> Result<Self> {
        let mut rows = Rows {
            ords: space.flat("ords", 8),
            draws: space.flat("draws", 8),
            clusters: Clusters::new(space),
            starts: Vec::new(),
        };
        let elsewhere = parts::found(context, space, seed, |found| match found {
            Found::Row { source, ord, draw } => rows.add(context, source, ord, draw).map(drop),
            Found::Link(a, b) => rows.clusters.link(a, b),
        })?;
        if !elsewhere {
            rows.read_here(context, space, seed)?;
        }
        rows.starts.resize(context.sources().len() + 1, rows.ords.len());
        Ok(rows)
    }

    /// The same by this process alone.
    fn read_here(&mut self, context: &dyn GlobalContext, space: &Space, seed: u64) -> Result<()> {
        let column = context.own(COLUMN);
        let mut keys = space.sorter("keys", 16);
        for (number, source) in context.sources().iter().enumerate() {
            context.scan(source, &source.units, &["ord", &column], &mut |batch| {
                let ords = batch.column(0).as_primitive::<UInt64Type>();
                for row in 0..batch.num_rows() {
                    let record = records_of(batch.column(1), row);
                    let row = self.add(context, number, ords.value(row), draw_of(record, seed))?;
                    keys_of(record, row).try_for_each(|key| keys.push(key))?;
                }
                Ok(())
            })?;
        }
        parts::linked(keys, |a, b| self.clusters.link(a, b))
    }

    /// Adds the next row, of the source at a place; its number.
    fn add(&mut self, context: &dyn GlobalContext, source: usize, ord: u64, draw: u64) -> Result<u32> {
        let number = number(context, self.ords.len())?;
        self.starts.resize(self.starts.len().max(source + 1), self.ords.len());
        self.ords.push(&ord.to_le_bytes())?;
        self.draws.push(&draw.to_le_bytes())?;
        self.clusters.push()?;
        Ok(number)
    }

    /// Links rows that stages before found to be alike, where both are kept.
    fn link(&mut self, context: &dyn GlobalContext, space: &Space) -> Result<()> {
        context.links(&mut |a, b| {
            space.check()?;
            match (self.of(a)?, self.of(b)?) {
                (Some(a), Some(b)) => self.clusters.link(a, b),
                _ => Ok(()),
            }
        })
    }

    /// The number of a row, if it is kept.
    fn of(&self, ord: u64) -> Result<Option<u32>> {
        let (mut low, mut high) = (0, self.ords.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ords.number(middle)? < ord {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = low < self.ords.len() && self.ords.number(low)? == ord;
        Ok(found.then_some(low as u32))
    }

    /// The split of each cluster, by its first row; and what is told of them.
    fn sides(&mut self, context: &dyn GlobalContext, space: &Space, options: &HoldOut) -> Result<(Flat, String)> {
        let rows = self.clusters.len();
        let (mut sizes, mut sides) = (space.flat("sizes", 4), space.flat("sides", 1));
        for _ in 0..rows {
            sizes.push(&[0; 4])?;
            sides.push(&[0])?;
        }
        // Of a cluster the least hash of its rows draws, which says nothing of their order.
        for row in 0..rows {
            let first = self.clusters.first(row as u32)? as usize;
            let size = sizes.number(first)? as u32 + 1;
            sizes.set(first, &size.to_le_bytes())?;
            let draw = self.draws.number(row)?;
            if draw < self.draws.number(first)? {
                self.draws.set(first, &draw.to_le_bytes())?;
            }
        }
        let mut sources: Vec<Quota> =
            context.sources().iter().map(|s| Quota { usage: Some(s.usage), ..Quota::default() }).collect();
        let (mut order, mut largest) = (space.sorter("order", 16), 0);
        for (source, quota) in sources.iter_mut().enumerate() {
            for row in self.starts[source]..self.starts[source + 1] {
                let size = sizes.number(row)?;
                if size > 0 {
                    quota.rows += size;
                    largest = largest.max(size);
                    let draw = self.draws.number(row)? >> (64 - DRAW_BITS);
                    order.push((source as u128) << (DRAW_BITS + 32) | u128::from(draw) << 32 | row as u128)?;
                }
            }
        }
        quotas(options, &mut sources);
        let asked: Vec<Quota> = sources.clone();
        order.drain(&mut |record| {
            let (source, row) = ((record >> (DRAW_BITS + 32)) as usize, record as u32 as usize);
            let split = sources[source].takes(sizes.number(row)?);
            if split == Split::Train { Ok(()) } else { sides.set(row, &[split.number() as u8]) }
        })?;
        enough(context, options, (&asked, &sources), largest)?;
        Ok((sides, summary(options, (&asked, &sources), largest)))
    }

    /// Says which rows are held out, unit by unit.
    fn write(&mut self, context: &dyn GlobalContext, sides: &Flat) -> Result<()> {
        let mut row = 0;
        for unit in context.units() {
            let (end, mut held) = (context.unit_end(unit), Vec::new());
            while row < self.ords.len() {
                let ord = self.ords.number(row)?;
                if ord >= end {
                    break;
                }
                let first = self.clusters.first(row as u32)?;
                let side = sides.number(first as usize)? as i64;
                if side != Split::Train.number() {
                    held.push((ord, side));
                }
                row += 1;
            }
            context.held_out(unit, &held)?;
        }
        Ok(())
    }
}

/// The number of the next row.
fn number(context: &dyn GlobalContext, rows: usize) -> Result<u32> {
    u32::try_from(rows).map_err(|_| {
        let message = format!("`{}` holds rows out of at most {} in one build", context.stage(), u32::MAX);
        Error::other(message, "build the parts on their own")
    })
}

/// Rows of a use: those asked for, and those taken, of a split.
fn taken(usage: Use, at: usize, (asked, left): (&[Quota], &[Quota])) -> (u64, u64) {
    let of = |all: &[Quota]| all.iter().filter(|q| q.usage == Some(usage)).map(|q| q.left[at]).sum::<u64>();
    (of(asked), of(asked) - of(left))
}

/// # Errors
///
/// Where a use has too few rows, or its clusters are too large, for a split that is asked for.
fn enough(context: &dyn GlobalContext, options: &HoldOut, quotas: (&[Quota], &[Quota]), largest: u64) -> Result<()> {
    for usage in Use::ALL {
        let rows: u64 = quotas.0.iter().filter(|q| q.usage == Some(usage)).map(|q| q.rows).sum();
        let asked: u64 = (0..Split::HELD_OUT.len()).map(|at| taken(usage, at, quotas).0).sum();
        if rows > 0 && asked >= rows {
            return Err(Error::input(
                format!(
                    "[split] holds {} rows of {usage} out, and there are {}: nothing is left to train on",
                    count(asked),
                    count(rows)
                ),
                "hold fewer rows out, or a share of them: validation = 0.01",
            ));
        }
        for (at, split) in Split::HELD_OUT.into_iter().enumerate() {
            let (asked, got) = taken(usage, at, quotas);
            if options.amount(split).is_some() && asked > 0 && got == 0 {
                return Err(Error::input(
                    format!(
                        "`{}` can hold no row of {usage} out for {split}: {} are wanted of {}, and they hang together \
                         in clusters of up to {} rows",
                        context.stage(),
                        count(asked),
                        count(rows),
                        count(largest)
                    ),
                    "hold more rows out, or leave fields that all rows share out of `group` under [split]: group = []",
                ));
            }
        }
    }
    Ok(())
}

/// What is held out, in a line.
fn summary(options: &HoldOut, quotas: (&[Quota], &[Quota]), largest: u64) -> String {
    let mut all = Vec::new();
    for (at, split) in Split::HELD_OUT.into_iter().enumerate().filter(|(_, split)| options.amount(*split).is_some()) {
        let rows: u64 = Use::ALL.into_iter().map(|usage| taken(usage, at, quotas).1).sum();
        all.push(format!("{} {split}", count(rows)));
    }
    format!("{}; the largest cluster has {}", all.join(", "), crate::text::figures::plural(largest, "row"))
}
