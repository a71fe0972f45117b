//! The rows that are compared. Each has a number by its place (its *doc*), and one by the order in which rows are to be
//! kept (its *rank*); where the first row stays, these are the same. Rows of earlier builds come before the build's own,
//! in both.

mod shared;

use std::ops::Range;
use std::sync::PoisonError;

use arrow::array::{Array, AsArray, FixedSizeBinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type};
use xxhash_rust::xxh3::xxh3_64;

use super::signature::Signature;
use super::stretches::Stretches;
use crate::rows::Use;
use crate::spill::Space;
use crate::spill::flat::{Bits, Flat, SharedBits};
use crate::spill::sorter::Sorter;
use crate::spill::striped::Striped;
use crate::stages::global::Scope;
use crate::stages::rule::number;
use crate::text::near::sketch::{SLOTS, Sketch};
use crate::{Error, Result};

/// Whose rows a stretch of them is.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// Name of the source.
    pub source: String,
    /// Their use.
    pub usage: Use,
    /// The source's priority.
    pub priority: i64,
}

/// How a row of an earlier build stood when it was kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Its source's priority.
    pub priority: i64,
    /// The value that decides who stays; none where the index does not say, none in it where the row has none.
    pub value: Option<Option<f64>>,
}

/// The rows.
pub struct Docs {
    /// What they are compared by: sketches, or fingerprints (which are called sketches here).
    pub signature: Signature,
    /// How many of them are rows of earlier builds.
    earlier: usize,
    /// Row key of each own doc.
    ords: Flat,
    /// Sketch by doc; zeros where there is none.
    sketches: Striped,
    /// Sketches of the last docs, before they are among those.
    waiting: Vec<FixedSizeBinaryArray>,
    /// How many docs there are.
    count: usize,
    /// Docs that have a sketch.
    sketched: Bits,
    /// Key of the text by doc, different for different scopes; gone once rows with the same text are found, unless
    /// they go into an index.
    keys: Flat,
    /// Key of the whole content by doc, where that is more than the text that is compared.
    contents: Option<Flat>,
    /// `(first doc, scope, whose rows)` of each stretch of docs, ascending.
    stretches: Vec<(u32, u64, Origin)>,
    /// Rank by doc, and doc by rank, where they differ.
    ranks: Option<(Flat, Flat)>,
    /// Priority and value of each doc, where they decide.
    order: Option<Sorter>,
    /// The value of each own doc, where it is asked for later; not a number where there is none.
    values: Option<Flat>,
    /// Whether the keys go into an index.
    keep_keys: bool,
}

/// What is asked of docs beside sketches and keys.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Rows are kept in another order than they stand in.
    pub ranks: bool,
    /// The values that decide are compared with those of earlier builds, or written down for later ones.
    pub values: bool,
    /// Keys are written down for later builds.
    pub keys: bool,
    /// The content is more than the text that is compared.
    pub contents: bool,
}

/// Bytes of a key.
pub const KEY: usize = 12;

/// What sets the keys of a scope apart.
fn salt(scope: u64) -> u128 {
    let salt = spread(scope);
    u128::from(salt) << 64 ^ u128::from(salt)
}

/// Spreads numbers over all 64 bits (splitmix64's finaliser).
fn spread(number: u64) -> u64 {
    let a = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ (b >> 31)
}

impl Docs {
    /// No rows; at most `rows` will come, the first of them `earlier` ones of earlier builds.
    pub fn new(space: &Space, signature: Signature, rows: u64, earlier: usize, wanted: Wanted) -> Result<Self> {
        if rows >= u64::from(u32::MAX) {
            return Err(Error::other(
                format!(
                    "at most {} rows are compared in one build, earlier builds' among them; there are {rows}",
                    u32::MAX
                ),
                "build the parts on their own, or let `exact_dedup` and `keep` drop rows before it",
            ));
        }
        Ok(Docs {
            signature,
            earlier,
            ords: space.flat("ords", 8),
            sketches: Striped::new(space, "sketches", signature.width()),
            waiting: Vec::new(),
            count: 0,
            sketched: Bits::new(rows as usize),
            keys: space.flat("keys", KEY),
            contents: wanted.contents.then(|| space.flat("contents", 8)),
            stretches: Vec::new(),
            ranks: None,
            order: wanted.ranks.then(|| space.sorter("order", 14)),
            values: wanted.values.then(|| space.flat("values", 8)),
            keep_keys: wanted.keys,
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The build's own rows: those after the earlier builds'.
    pub fn own(&self) -> Range<usize> {
        self.earlier.min(self.len())..self.len()
    }

    /// Whether a row is of an earlier build.
    pub fn is_earlier(&self, doc: usize) -> bool {
        doc < self.earlier
    }

    /// Whose the rows are that come next; no row is compared with one of another scope.
    pub fn begin(&mut self, scope: Scope, origin: Origin) {
        let scope = match scope {
            Scope::All => 0,
            Scope::Use => 1 + origin.usage as u64,
            Scope::Source => xxh3_64(origin.source.as_bytes()),
        };
        self.stretches.push((self.len() as u32, scope, origin));
    }

    /// Adds a row of an earlier build. These come first, and are to be kept first.
    pub fn add_earlier(&mut self, sketch: Option<&[u8]>, key: &[u8]) -> Result<()> {
        let doc = self.len();
        if let Some(order) = &mut self.order {
            order.push(doc as u128)?;
        }
        let mut bytes = [0; 16];
        bytes[..KEY].copy_from_slice(key);
        self.push(sketch, u128::from_le_bytes(bytes))
    }

    /// Adds a batch of `ord`, sketch, key, key of the content where that is more and, where it decides, value; `place` is
    /// that of the source's priority among all, the highest first.
    pub fn add(&mut self, batch: &RecordBatch, place: u16) -> Result<()> {
        let ords = batch.column(0).as_primitive::<UInt64Type>();
        let sketches = batch.column(1).as_fixed_size_binary();
        let keys = batch.column(2).as_primitive::<Decimal128Type>();
        let decides = batch.columns().get(3 + usize::from(self.contents.is_some()));
        let (first, rows) = (self.len(), batch.num_rows());
        for row in 0..rows {
            if let Some(order) = &mut self.order {
                let value = decides.map_or(Ok(u64::MAX), |c| value(c.as_ref(), row))?;
                // Earlier builds' rows have the first place.
                let doc = (first + row) as u128;
                order.push((u128::from(place) + 1) << 96 | u128::from(value) << 32 | doc)?;
            }
            if let Some(values) = &mut self.values {
                let value = decides.map_or(Ok(f64::NAN), |c| plain(c.as_ref(), row))?;
                values.push(&value.to_bits().to_le_bytes())?;
            }
            if let Some(contents) = &mut self.contents {
                let content = batch.column(3).as_primitive::<Decimal128Type>().value(row);
                contents.push(&content.to_le_bytes()[..8])?;
            }
        }
        // One thread does this for all rows, so it is done for a batch at a time.
        self.ords.push(&ords.values().iter().flat_map(|ord| ord.to_le_bytes()).collect::<Vec<u8>>())?;
        let salt = salt(self.stretches.last().map_or(0, |s| s.1));
        let mut salted = Vec::with_capacity(rows * KEY);
        keys.values().iter().for_each(|key| salted.extend_from_slice(&(*key as u128 ^ salt).to_le_bytes()[..KEY]));
        self.keys.push(&salted)?;
        (0..rows).filter(|row| sketches.is_valid(*row)).for_each(|row| self.sketched.set(first + row));
        self.count += rows;
        self.waiting.push(sketches.clone());
        if self.count - self.sketches.len() < self.sketches.at_once() { Ok(()) } else { self.flush() }
    }

    /// Puts the sketches that wait where they belong, on all threads: they are most of what is held of a row.
    fn flush(&mut self) -> Result<()> {
        let none = &[0; SLOTS][..self.signature.width()];
        let bytes = |of: &FixedSizeBinaryArray| -> Vec<u8> {
            (0..of.len()).flat_map(|row| if of.is_valid(row) { of.value(row) } else { none }).copied().collect()
        };
        let waiting = std::mem::take(&mut self.waiting);
        let filled: Vec<Option<Vec<u8>>> = waiting.iter().map(|of| (of.null_count() > 0).then(|| bytes(of))).collect();
        let records = waiting.iter().zip(&filled).map(|(of, filled)| filled.as_deref().unwrap_or(of.value_data()));
        self.sketches.push(&records.collect::<Vec<_>>())
    }

    fn push(&mut self, sketch: Option<&[u8]>, key: u128) -> Result<()> {
        if sketch.is_some() {
            self.sketched.set(self.len());
        }
        let key = key ^ salt(self.stretches.last().map_or(0, |s| s.1));
        self.keys.push(&key.to_le_bytes()[..KEY])?;
        self.count += 1;
        self.sketches.push(&[sketch.unwrap_or(&[0; SLOTS][..self.signature.width()])])
    }

    /// Finds the rank of each row, once all are there.
    pub fn rank(&mut self, space: &Space) -> Result<()> {
        self.flush()?;
        let Some(order) = self.order.take() else { return Ok(()) };
        let (mut docs, mut back) = (space.flat("docs", 4), space.small_sorter("back", 8));
        order.drain(&mut |record| {
            let (doc, rank) = (record as u32, docs.len() as u32);
            docs.push(&doc.to_le_bytes())?;
            back.push(u128::from(doc) << 32 | u128::from(rank))
        })?;
        let mut ranks = space.flat("ranks", 4);
        back.drain(&mut |record| ranks.push(&(record as u32).to_le_bytes()))?;
        self.ranks = Some((ranks, docs));
        Ok(())
    }

    /// The rank of a doc.
    pub fn rank_of(&self, doc: usize) -> Result<u32> {
        self.ranks.as_ref().map_or(Ok(doc as u32), |(ranks, _)| Ok(ranks.number(doc)? as u32))
    }

    /// The doc of a rank.
    pub fn doc_of(&self, rank: u32) -> Result<usize> {
        self.ranks.as_ref().map_or(Ok(rank as usize), |(_, docs)| Ok(docs.number(rank as usize)? as usize))
    }

    /// The row key of an own doc.
    pub fn ord(&self, doc: usize) -> Result<u64> {
        self.ords.number(doc - self.earlier)
    }

    /// Row keys of some own docs in order.
    pub fn each_ord(&self, docs: Range<usize>, mut found: impl FnMut(usize, u64) -> Result<()>) -> Result<()> {
        self.ords.range(docs.start - self.earlier..docs.end - self.earlier, |own, ord| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(ord);
            found(own + self.earlier, u64::from_le_bytes(bytes))
        })
    }

    fn stretch(&self, doc: usize) -> Option<&(u32, u64, Origin)> {
        let at = self.stretches.partition_point(|s| s.0 as usize <= doc);
        at.checked_sub(1).map(|at| &self.stretches[at])
    }

    /// The scope of a doc.
    pub fn scope(&self, doc: usize) -> u64 {
        self.stretch(doc).map_or(0, |s| s.1)
    }

    /// Whose row a doc is.
    pub fn origin(&self, doc: usize) -> Option<&Origin> {
        self.stretch(doc).map(|s| &s.2)
    }

    /// The value of an own doc that decides who stays.
    pub fn value(&self, doc: usize) -> Result<Option<f64>> {
        let Some(values) = &self.values else { return Ok(None) };
        Ok(Some(f64::from_bits(values.number(doc - self.earlier)?)).filter(|v| !v.is_nan()))
    }

    /// What makes an own doc better than a row of an earlier build, if it is: its value (or priority), and the other's.
    pub fn better(&self, doc: usize, than: &Standing) -> Result<Option<(String, String)>> {
        let priority = self.origin(doc).map_or(0, |o| o.priority);
        if priority != than.priority {
            let said = |priority| format!("priority {priority}");
            return Ok((priority > than.priority).then(|| (said(priority), said(than.priority))));
        }
        Ok(match (self.value(doc)?, than.value) {
            (Some(own), Some(Some(other))) if own > other => Some((number(own), number(other))),
            (Some(own), Some(None)) => Some((number(own), "none".into())),
            _ => None,
        })
    }

    /// Some docs in order, with their keys as the scan made them and, where they are compared by one, their sketches.
    pub fn each_known(&self, docs: Range<usize>, mut found: impl FnMut(&[u8], Option<&[u8]>)) -> Result<()> {
        let mut keys = Vec::with_capacity(docs.len());
        self.keys.range(docs.clone(), |doc, key| {
            let mut bytes = [0; 16];
            bytes[..KEY].copy_from_slice(key);
            keys.push((u128::from_le_bytes(bytes) ^ salt(self.scope(doc))).to_le_bytes());
            Ok(())
        })?;
        let mut keys = keys.iter();
        self.sketches.range(docs, |doc, sketch| {
            if let Some(key) = keys.next() {
                found(&key[..KEY], self.sketched.has(doc).then_some(sketch));
            }
            Ok(())
        })
    }

    /// The sketch of a doc that has one.
    pub fn sketch(&self, doc: usize, sketch: &mut Sketch) -> Result<()> {
        self.sketches.get(doc, &mut sketch[..self.signature.width()])
    }

    /// All sketches, of docs that have one.
    pub fn each_sketch(&self, found: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        self.sketches_of(0..self.len(), found)
    }

    /// Those of some docs.
    pub fn sketches_of(&self, docs: Range<usize>, mut found: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        self.sketches.range(docs, |doc, sketch| if self.sketched.has(doc) { found(doc, sketch) } else { Ok(()) })
    }

    /// Rows with the same text: rank, and rank of the first of them (4 bytes each), for all but the first of each; where the
    /// content is more than the text, for copies of the content and for those that come after `most` contents. These have no
    /// sketch any more. By stretches of the keys, in order.
    ///
    /// # Errors
    ///
    /// Of the disk, and [`Error::Interrupted`].
    pub fn same(&mut self, space: &Space, most: usize) -> Result<Vec<Flat>> {
        let keyed = Stretches::new(space, ("same", 16), 1 << 32, 2);
        let stripe = self.len().div_ceil(space.threads * 4).max(1);
        space.side_by_side(self.len().div_ceil(stripe), |at| {
            let mut sender = keyed.sender();
            self.keys.range(at * stripe..((at + 1) * stripe).min(self.len()), |doc, key| {
                let mut bytes = [0; 16];
                bytes[..KEY].copy_from_slice(key);
                let record = u128::from_le_bytes(bytes) << 32 | u128::from(self.rank_of(doc)?);
                sender.record((record >> 96) as u64, record)
            })?;
            sender.finish()
        })?;
        if !self.keep_keys {
            self.keys = space.flat("keys", KEY);
        }
        let (parts, sketched) = (keyed.into_parts(), SharedBits::from(std::mem::take(&mut self.sketched)));
        let copies = space.side_by_side(parts.len(), |at| {
            let place = space.folder.join(format!("copies-{at}"));
            let mut copies = Flat::new(place, 8, space.budget / 24 / parts.len());
            if let Some(sorter) = parts[at].lock().unwrap_or_else(PoisonError::into_inner).take() {
                self.copies(sorter, most, |doc, rank, first| {
                    sketched.clear(doc);
                    copies.push(&[rank.to_le_bytes(), first.to_le_bytes()].concat())
                })?;
            }
            Ok(copies)
        })?;
        (self.sketched, self.contents) = (sketched.into_bits().0, None);
        Ok(copies)
    }

    /// Hands over those of sorted keys and ranks that count as copies: doc, rank, rank of the first of them.
    fn copies(&self, sorter: Sorter, most: usize, mut found: impl FnMut(usize, u32, u32) -> Result<()>) -> Result<()> {
        // Of a text: its key, and by content the first row with it.
        let (mut text, mut contents): (Option<u128>, Vec<(u64, u32)>) = (None, Vec::new());
        sorter.drain(&mut |record| {
            let (key, rank) = (record >> 32, record as u32);
            if text.replace(key) != Some(key) {
                contents.clear();
            }
            let doc = self.doc_of(rank)?;
            let content = self.contents.as_ref().map_or(Ok(0), |contents| contents.number(doc))?;
            match contents.iter().find(|c| c.0 == content).or(contents.first().filter(|_| contents.len() == most)) {
                Some((_, first)) => found(doc, rank, *first),
                None => {
                    contents.push((content, rank));
                    Ok(())
                }
            }
        })
    }
}

/// Sketches that were read lately. Rows of a pair are near one another, or one of them is the first of a large bucket.
pub struct Recent<'a> {
    docs: &'a Docs,
    cells: Vec<(usize, Sketch)>,
}

impl<'a> Recent<'a> {
    /// Of these docs.
    pub fn new(docs: &'a Docs) -> Self {
        Recent { docs, cells: vec![(usize::MAX, [0; SLOTS]); 1 << 13] }
    }

    /// The sketch of a doc that has one.
    pub fn sketch(&mut self, doc: usize) -> Result<&Sketch> {
        let at = doc % self.cells.len();
        let cell = &mut self.cells[at];
        if cell.0 != doc {
            self.docs.sketch(doc, &mut cell.1)?;
            cell.0 = doc;
        }
        Ok(&cell.1)
    }
}

/// A value that decides who stays, as a number that is less the better it is; none is worst.
fn value(column: &dyn Array, row: usize) -> Result<u64> {
    if column.is_null(row) {
        return Ok(u64::MAX);
    }
    Ok(match column.data_type() {
        DataType::Int64 => !((column.as_primitive::<Int64Type>().value(row) as u64) ^ 1 << 63),
        DataType::Float64 => {
            let bits = column.as_primitive::<Float64Type>().value(row).to_bits();
            // Ascending as numbers ascend.
            !(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
        }
        other => return Err(Error::Engine(format!("no order of {other}"))),
    }
    .min(u64::MAX - 1))
}

/// The same value as it stands; not a number where there is none.
fn plain(column: &dyn Array, row: usize) -> Result<f64> {
    match column.data_type() {
        _ if column.is_null(row) => Ok(f64::NAN),
        DataType::Int64 => Ok(column.as_primitive::<Int64Type>().value(row) as f64),
        DataType::Float64 => Ok(column.as_primitive::<Float64Type>().value(row)),
        other => Err(Error::Engine(format!("no order of {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array};

    #[test]
    fn better_values_are_less() {
        let floats = Float64Array::from(vec![Some(2.5), Some(0.0), Some(-1.0), Some(-7.5), None]);
        let values: Vec<u64> = (0..5).map(|row| value(&floats, row).unwrap()).collect();
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
        let ints = Int64Array::from(vec![Some(i64::MAX), Some(3), Some(0), Some(-2), None]);
        let values: Vec<u64> = (0..5).map(|row| value(&ints, row).unwrap()).collect();
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
    }
}
