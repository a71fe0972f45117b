//! The pass: rows linked to clusters, clusters drawn source by source. Where there are others they find the links (`parts.rs`).

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;

use super::HoldOut;
use super::clusters::{Clusters, Sizes};
use super::draw::{Draw, Drawn, Quota};
use super::keys::{COLUMN, draw_of, keys_of};
use super::parts::{self, Found};
use crate::rows::Use;
use crate::rows::split::Split;
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::spill::sorter::Sorter;
use crate::stages::global::{self, Footprint, GlobalContext, GlobalPass, Part, records_of};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::{Error, Result};

/// The share of the build's memory for numbers.
const SHARE: f64 = 0.5;
/// Bytes a row: keys to sort (16 each, about three), row key, parent, draw, sizes by use, uses seen, side, cluster to sort.
const ROW_BYTES: u64 = 16 * 4 + 8 + 4 + 8 + 4 * Use::ALL.len() as u64 + 1 + 1;
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
        let used: Vec<Use> = context.sources().iter().map(|s| s.usage).collect();
        let uses: Vec<Use> = Use::ALL.into_iter().filter(|usage| used.contains(usage)).collect();
        let place = |usage: &Use| uses.iter().position(|of| of == usage).unwrap_or_default();
        let mut quotas: Vec<Quota> = used.iter().map(|usage| Quota::of(place(usage))).collect();
        let sizes = self.count(space, &quotas, uses.len())?;
        let (order, largest) = self.order(space, &sizes, &mut quotas)?;
        let (mut draw, mut all) = (Draw::new(options, &uses, quotas), vec![0; uses.len()]);
        let mut sides = space.flat("sides", 1);
        (0..self.clusters.len()).try_for_each(|_| sides.push(&[0]))?;
        order.drain(&mut |record| {
            let (source, row) = ((record >> (DRAW_BITS + 32)) as u32 as usize, record as u32 as usize);
            sizes.of(row, &mut all)?;
            let split = draw.takes(source, &all);
            if split == Split::Train { Ok(()) } else { sides.set(row, &[split.number() as u8]) }
        })?;
        enough(context, options, &draw.uses, largest)?;
        Ok((sides, summary(options, &draw.uses, largest)))
    }

    /// Rows of each use in each cluster; the draw of its first row becomes the least of all of its rows, which says nothing
    /// of their order.
    fn count(&mut self, space: &Space, quotas: &[Quota], uses: usize) -> Result<Sizes> {
        let mut sizes = Sizes::new(space, uses);
        (0..self.clusters.len()).try_for_each(|_| sizes.push())?;
        for (source, quota) in quotas.iter().enumerate() {
            for row in self.starts[source]..self.starts[source + 1] {
                let first = self.clusters.first(row as u32)? as usize;
                sizes.add(first, quota.usage)?;
                let draw = self.draws.number(row)?;
                if draw < self.draws.number(first)? {
                    self.draws.set(first, &draw.to_le_bytes())?;
                }
            }
        }
        Ok(sizes)
    }

    /// Clusters in the order in which they are drawn, and the rows of the largest; quotas are told their rows. One of several
    /// uses is drawn for the use that has the fewest rows, before all that have more: what few rows hang on is not left to
    /// chance then.
    fn order(&mut self, space: &Space, sizes: &Sizes, quotas: &mut [Quota]) -> Result<(Sorter, u64)> {
        let mut uses = vec![0; sizes.uses()];
        for (source, quota) in quotas.iter().enumerate() {
            uses[quota.usage] += self.starts[source + 1] - self.starts[source];
        }
        let rank = |usage: usize| uses.iter().enumerate().filter(|of| (*of.1, of.0) < (uses[usage], usage)).count();
        let ranks: Vec<usize> = (0..uses.len()).map(rank).collect();
        let (mut order, mut seen, mut largest) = (space.sorter("order", 16), space.flat("seen", 1), 0);
        (0..self.clusters.len()).try_for_each(|_| seen.push(&[0]))?;
        let mut all = vec![0; uses.len()];
        for (source, quota) in quotas.iter_mut().enumerate() {
            for row in self.starts[source]..self.starts[source + 1] {
                let first = self.clusters.first(row as u32)?;
                let known = seen.number(first as usize)? as u8;
                if known & 1 << quota.usage != 0 {
                    continue;
                }
                seen.set(first as usize, &[known | 1 << quota.usage])?;
                sizes.of(first as usize, &mut all)?;
                quota.rows += all[quota.usage];
                largest = largest.max(all.iter().sum());
                let fewest = (0..uses.len()).filter(|usage| all[*usage] > 0).min_by_key(|usage| ranks[*usage]);
                if fewest == Some(quota.usage) {
                    let draw = self.draws.number(first as usize)? >> (64 - DRAW_BITS);
                    let place = (ranks[quota.usage] as u128) << 32 | source as u128;
                    order.push(place << (DRAW_BITS + 32) | u128::from(draw) << 32 | u128::from(first))?;
                }
            }
        }
        Ok((order, largest))
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

/// # Errors
///
/// Where a use has too few rows, or its clusters are too large, for a split that is asked for.
fn enough(context: &dyn GlobalContext, options: &HoldOut, uses: &[Drawn], largest: u64) -> Result<()> {
    for Drawn { usage, rows, asked, taken } in uses.iter().filter(|of| of.rows > 0) {
        let all: u64 = asked.iter().sum();
        if all >= *rows {
            return Err(Error::input(
                format!(
                    "[split] holds {} rows of {usage} out, and there are {}: nothing is left to train on",
                    count(all),
                    count(*rows)
                ),
                "hold fewer rows out, or a share of them: validation = 0.01",
            ));
        }
        for (at, split) in Split::HELD_OUT.into_iter().enumerate() {
            if options.amount(split).is_some() && asked[at] > 0 && taken[at] == 0 {
                return Err(Error::input(
                    format!(
                        "`{}` can hold no row of {usage} out for {split}: {} are wanted of {}, and they hang together \
                         in clusters of up to {} rows",
                        context.stage(),
                        count(asked[at]),
                        count(*rows),
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
fn summary(options: &HoldOut, uses: &[Drawn], largest: u64) -> String {
    let mut all = Vec::new();
    for (at, split) in Split::HELD_OUT.into_iter().enumerate().filter(|(_, split)| options.amount(*split).is_some()) {
        let rows: u64 = uses.iter().map(|of| of.taken[at]).sum();
        all.push(format!("{} {split}", count(rows)));
    }
    format!("{}; the largest cluster has {}", all.join(", "), crate::text::figures::plural(largest, "row"))
}
