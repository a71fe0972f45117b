//! What others do, where there are some: keys of the rows of a group of units are sorted by somebody, and somebody else finds
//! in a range of keys, of all groups, which rows share one. What is left is to join these, and to draw.

use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use serde::{Deserialize, Serialize};

use super::keys::{COLUMN, KEY, draw_of, keys_of};
use crate::spill::flat::{Flat, number};
use crate::spill::sorter::Sorter;
use crate::spill::{Space, scratch, written};
use crate::stages::global::{Fed, GlobalContext, Part, Rows, Scope, records_of};
use crate::stages::marks::parts::{groups, ranges, starts, write_counts};
use crate::{Error, Result};

/// Bytes of a key with its row, and of a row.
const RECORD: usize = 16;
/// Bytes of two rows that share a key.
const PAIR: usize = 8;
/// The file with the rows of all groups.
const COUNTS: &str = "counts";

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Work {
    /// The keys of a group, sorted; its rows beside them.
    Keys { group: usize, seed: u64 },
    /// Rows that share a key in a range of keys.
    Links { range: (usize, usize) },
}

fn file(folder: &Path, name: &str, number: usize) -> PathBuf {
    folder.join(format!("{name}-{number}"))
}

/// Has others find the rows and which of them share a key, where others work for this pass: `row` is called for each row in
/// order, with its source, row key and draw; then `linked` with the numbers of two rows.
///
/// # Errors
/// Of the disk, of those who do it, and of `row` and `linked`.
pub fn found(
    context: &dyn GlobalContext,
    space: &Space,
    seed: u64,
    mut row: impl FnMut(Found) -> Result<()>,
) -> Result<bool> {
    let width = context.elsewhere();
    if width == 0 {
        return Ok(false);
    }
    let folder = space.folder.join("parts");
    scratch(&folder)?;
    let (groups, ranges) = (groups(context, Scope::All, width), ranges(width));
    let part = |name, number, work: &Work| Part::new(file(&folder, name, number), work);
    let keys = groups.iter().enumerate().map(|(group, of)| {
        let part = part("keys", group, &Work::Keys { group, seed })?;
        Ok(Fed { part, source: of.source, units: of.units.clone() })
    });
    let column = context.own(COLUMN);
    context.fed(&folder, &["ord", &column], &keys.collect::<Result<Vec<Fed>>>()?)?;
    let mut counts = Vec::new();
    for (group, of) in groups.iter().enumerate() {
        let rows = Flat::open(file(&folder, "rows", group), RECORD)?;
        counts.push(rows.len() as u64);
        rows.each(|_, record| {
            let both = number(record);
            row(Found::Row { source: of.source, ord: (both >> 64) as u64, draw: both as u64 })
        })?;
    }
    write_counts(&folder.join(COUNTS), &counts)?;
    let links = (0..ranges).map(|range| part("links", range, &Work::Links { range: (range, ranges) }));
    let links = links.collect::<Result<Vec<Part>>>()?;
    context.parts(&folder, &links)?;
    for part in links {
        Flat::open(part.file, PAIR)?.each(|_, record| {
            let both = number(record);
            row(Found::Link((both >> 32) as u32, both as u32))
        })?;
    }
    std::fs::remove_dir_all(&folder).map_err(Error::io(&folder)).map(|()| true)
}

/// What others found.
pub enum Found {
    /// The next row.
    Row {
        /// The place of its source.
        source: usize,
        /// Its row key.
        ord: u64,
        /// The hash that draws it.
        draw: u64,
    },
    /// Two rows by their numbers, of which the first one comes first.
    Link(u32, u32),
}

/// Does a part that is handed rows.
///
/// # Errors
/// Of the disk, of whoever hands over the rows, and a part that is none of this pass.
pub fn fed(folder: &Path, part: &Part, rows: &mut Rows<'_>, space: &Space) -> Result<()> {
    let Work::Keys { group, seed } = part.read()? else {
        return Err(Error::Engine("a part of `split` with rows".into()));
    };
    let (mut keys, own) = (space.sorter("keys", RECORD), file(folder, "rows", group));
    written(&own, |to| {
        let mut count = 0u32;
        for batch in rows {
            let batch = batch?;
            let ords = batch.column(0).as_primitive::<UInt64Type>();
            for row in 0..batch.num_rows() {
                let record = records_of(batch.column(1), row);
                let both = u128::from(ords.value(row)) << 64 | u128::from(draw_of(record, seed));
                to.write_all(&both.to_be_bytes()).map_err(Error::io(&own))?;
                keys_of(record, count).try_for_each(|key| keys.push(key))?;
                count = count.checked_add(1).ok_or_else(|| Error::Engine("a group has too many rows".into()))?;
            }
        }
        Ok(())
    })?;
    let keyed = &part.file;
    written(keyed, |to| keys.drain(&mut |record| to.write_all(&record.to_be_bytes()).map_err(Error::io(keyed))))
}

/// Does a part that is handed none.
///
/// # Errors
/// As [`fed`].
pub fn part(folder: &Path, part: &Part, space: &Space) -> Result<()> {
    let Work::Links { range: (range, ranges) } = part.read()? else {
        return Err(Error::Engine("a part of `split` without rows".into()));
    };
    let starts = starts(&folder.join(COUNTS))?;
    let bound = |at: usize| ((at as u128) << (8 * KEY)) / ranges as u128;
    let mut keys = space.sorter("keys", RECORD);
    for (group, start) in starts.iter().take(starts.len() - 1).enumerate() {
        space.check()?;
        let within = (32, bound(range)..bound(range + 1));
        let add = |record| keys.push(record + u128::from(*start));
        Flat::within(file(folder, "keys", group), (RECORD, 0), within, add)?;
    }
    let mut pairs = space.small_sorter("pairs", PAIR);
    linked(keys, |a, b| pairs.push(u128::from(a) << 32 | u128::from(b)))?;
    let (mut last, to_file) = (None, &part.file);
    written(to_file, |to| {
        pairs.drain(&mut |pair| match last.replace(pair) == Some(pair) {
            true => Ok(()),
            false => to.write_all(&(pair as u64).to_be_bytes()).map_err(Error::io(to_file)),
        })
    })
}

/// Links each row with the first one that has its key.
///
/// # Errors
/// Of the sorter's folder, and of `link`.
pub fn linked(keys: Sorter, mut link: impl FnMut(u32, u32) -> Result<()>) -> Result<()> {
    let mut first: Option<(u128, u32)> = None;
    keys.drain(&mut |record| {
        let (key, row) = (record >> 32, record as u32);
        match first {
            Some((known, other)) if known == key => link(other, row),
            _ => {
                first = Some((key, row));
                Ok(())
            }
        }
    })
}
