//! Rows that were scattered over the parts of a new order ([`super::scatter`]), gathered part by part, each sorted in memory
//! and written as row groups that are ready to be strung together. Neighbouring parts that share a stretch of the
//! scattered files are first brought together in one file, arranged by part.

use std::ops::Range;
use std::path::PathBuf;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use super::codec::Codec;
use super::parquet_file::{PartFile, Style};
use super::scatter::{Index, Scatter, ScatterSpec, interleaved, keys, part_of, sizes};
use super::slab::data_schema;
use crate::rows::column::Kind;
use crate::rows::split::Split;
use crate::rows::{Filled, Use};
use crate::{Error, Result};

/// Metadata key under which a part says how many bytes of text it holds.
pub const BYTES: &str = "corpus.bytes";
/// Memory of a writer and what it compresses.
const WRITER: u64 = 40 << 20;
/// The least memory in which a part is sorted.
const LEAST: u64 = 48 << 20;

/// The order of the rows of one use and split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The use.
    pub usage: Use,
    /// The split.
    pub split: Split,
    /// The seed of the hash of ids.
    pub seed: u64,
    /// Signals of the output.
    pub signals: Vec<(String, Kind)>,
    /// Which fields of messages are filled.
    pub filled: Filled,
    /// How pages are compressed.
    pub codec: Codec,
    /// Whether there are large rows.
    pub large: bool,
    /// Parts that it has.
    pub parts: u64,
    /// How many neighbours make a stretch.
    pub wide: u64,
}

/// Neighbouring parts that are not all done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its place among the stretches.
    pub place: u64,
    /// Its parts that are to be written: place in the order, and file.
    pub left: Vec<(u64, PathBuf)>,
    /// Where its rows are brought together.
    pub together: PathBuf,
}

/// The memory for a stretch, where so much is there for it and its writer.
pub fn budget(memory: u64) -> u64 {
    memory.saturating_sub(WRITER).max(LEAST)
}

impl Order {
    /// The schema of its files.
    pub fn schema(&self) -> SchemaRef {
        data_schema(self.usage, &self.signals, self.filled)
    }

    /// Writes the parts of a stretch that are not done, in `budget` bytes of memory; `index` says where its rows lie.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or written.
    pub fn write(&self, stretch: &Stretch, index: &Index, budget: u64) -> Result<()> {
        let work = Work { order: self, schema: self.schema(), stretch, budget };
        if self.wide == 1 {
            return stretch.left.iter().try_for_each(|(place, to)| work.sort(index, *place, to.clone()));
        }
        let all = stretch.place * self.wide..((stretch.place + 1) * self.wide).min(self.parts);
        let index = work.bring_together(index, all)?;
        for (place, to) in &stretch.left {
            work.sort(&index, *place, to.clone())?;
        }
        std::fs::remove_file(&stretch.together).map_err(Error::io(&stretch.together))
    }
}

/// A stretch that is worked on.
struct Work<'a> {
    order: &'a Order,
    schema: SchemaRef,
    stretch: &'a Stretch,
    budget: u64,
}

impl Work<'_> {
    /// A batch without the sizes of its rows.
    fn bare(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns: Vec<usize> = (0..self.schema.fields().len()).collect();
        Ok(batch.project(&columns)?.with_schema(self.schema.clone())?)
    }

    /// All rows of the stretch in one file, arranged by part.
    fn bring_together(&self, index: &Index, parts: Range<u64>) -> Result<Index> {
        let (order, together) = (self.order, &self.stretch.together);
        if !together.is_file() {
            let held = (self.budget / 2).min(64 << 20);
            let spec = ScatterSpec { seed: order.seed, parts: order.parts, wide: 1, held };
            let mut file = Scatter::create(together, &self.schema, &spec)?;
            for batch in index.batches(self.stretch.place) {
                let batch = batch?;
                file.write(&self.bare(&batch)?, sizes(&batch)?.values())?;
            }
            file.finish()?;
        }
        Index::read(vec![together.clone()], &self.schema, parts)
    }

    /// Gathers one part, sorts it and writes it, in as many goes as the budget of memory asks for.
    fn sort(&self, index: &Index, place: u64, to: PathBuf) -> Result<()> {
        let Order { seed, parts, codec, large, .. } = self.order;
        let mut file = PartFile::create(&to, self.schema.clone(), Style::ship(*codec, *large))?;
        let goes = index.memory(place).div_ceil(self.budget).max(1);
        let mut bytes = 0;
        for go in 0..goes {
            let wanted = |key: u64| goes == 1 || part_of(key, parts * goes) == place * goes + go;
            let mut batches: Vec<RecordBatch> = Vec::new();
            let mut rows: Vec<(u64, usize, usize)> = Vec::new();
            for batch in index.batches(place) {
                let batch = batch?;
                let mut keys = keys(&batch, *seed)?;
                let batch = if goes == 1 {
                    batch
                } else {
                    let mask: BooleanArray = keys.iter().map(|k| Some(wanted(*k))).collect();
                    keys.retain(|k| wanted(*k));
                    filter_record_batch(&batch, &mask)?
                };
                rows.extend(keys.into_iter().enumerate().map(|(row, key)| (key, batches.len(), row)));
                batches.push(batch);
            }
            // Of equal keys the one that came first stays first.
            rows.sort_unstable();
            for batch in interleaved(&batches, &rows) {
                let batch = batch?;
                let sizes = sizes(&batch)?.values().to_vec();
                bytes += sizes.iter().map(|s| s + 64).sum::<u64>();
                file.write(&self.bare(&batch)?, &sizes)?;
            }
        }
        file.label(BYTES, bytes.to_string());
        file.finish()
    }
}
