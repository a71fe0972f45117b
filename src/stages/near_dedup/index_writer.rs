//! Writing an index: the own rows of a build, a chunk of them at a time, each joined with its id and with what became of it.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, FixedSizeBinaryBuilder, Float64Builder, Int64Array, RecordBatch, StringArray,
    StringBuilder, UInt32Builder,
};

use super::docs::{Docs, KEY, Origin};
use super::index::{CHUNK, Earlier, LABEL, part, schema};
use crate::output::codec::Codec;
use crate::output::parquet_file::{PartFile, Style};
use crate::spill::flat::Flat;
use crate::stages::near_dedup::NearDedup;
use crate::text::near::sketch::SLOTS;
use crate::{Error, Result};

/// Writes the index of a build.
pub struct Writer<'a> {
    docs: &'a Docs,
    /// What became of rows that went: records of doc, doc of the row kept, similarity, by doc.
    fates: &'a Flat,
    at: usize,
    file: PartFile,
    /// Ids of the rows from doc `first` on.
    ids: StringBuilder,
    first: usize,
}

impl<'a> Writer<'a> {
    /// Begins the index of the own rows of `docs`.
    pub fn new(path: &Path, near: &NearDedup, earlier: &Earlier, docs: &'a Docs, fates: &'a Flat) -> Result<Self> {
        let mut file = PartFile::create(path, schema(), Style::Ship(Codec::default()))?;
        file.label(LABEL, serde_json::to_string(&earlier.head(near)).map_err(|e| Error::Engine(e.to_string()))?);
        Ok(Writer { docs, fates, at: 0, file, ids: StringBuilder::new(), first: docs.own().start })
    }

    /// The id of the next row that was kept.
    pub fn kept(&mut self, doc: usize, id: &str) -> Result<()> {
        self.skip(doc)?;
        self.ids.append_value(id);
        self.full()
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<()> {
        self.skip(self.docs.len())?;
        self.flush()?;
        self.file.finish()
    }

    /// Rows before `doc` that have no id yet went.
    fn skip(&mut self, doc: usize) -> Result<()> {
        while self.first + self.ids.len() < doc {
            self.ids.append_null();
            self.full()?;
        }
        Ok(())
    }

    fn full(&mut self) -> Result<()> {
        if self.ids.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<()> {
        let rows = self.first..self.first + self.ids.len();
        let mut keys = FixedSizeBinaryBuilder::with_capacity(rows.len(), KEY as i32);
        let mut sketches = FixedSizeBinaryBuilder::with_capacity(rows.len(), SLOTS as i32);
        self.docs.each_known(rows.clone(), |key, sketch| {
            // They are as long as the columns say.
            keys.append_value(key).unwrap_or_default();
            match sketch {
                Some(sketch) => sketches.append_value(sketch).unwrap_or_default(),
                None => sketches.append_null(),
            }
        })?;
        let (mut values, mut keepers, mut similarities) =
            (Float64Builder::new(), UInt32Builder::new(), Float64Builder::new());
        let mut record = [0; 16];
        for doc in rows.clone() {
            values.append_option(self.docs.value(doc)?);
            if self.at < self.fates.len() {
                self.fates.get(self.at, &mut record)?;
            }
            if self.at < self.fates.len() && part(&record, 0) == doc {
                keepers.append_value(part(&record, 4) as u32);
                let mut bits = [0; 8];
                bits.copy_from_slice(&record[8..]);
                similarities.append_value(f64::from_bits(u64::from_be_bytes(bits)));
                self.at += 1;
            } else {
                keepers.append_null();
                similarities.append_null();
            }
        }
        let origins: Vec<Option<&Origin>> = rows.clone().map(|doc| self.docs.origin(doc)).collect();
        let origins = || origins.iter().copied().flatten();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.ids.finish()),
            Arc::new(StringArray::from_iter_values(origins().map(|o| o.source.as_str()))),
            Arc::new(StringArray::from_iter_values(origins().map(|o| o.usage.as_str()))),
            Arc::new(Int64Array::from_iter_values(origins().map(|o| o.priority))),
            Arc::new(values.finish()),
            Arc::new(keepers.finish()),
            Arc::new(similarities.finish()),
            Arc::new(keys.finish()),
            Arc::new(sketches.finish()),
        ];
        self.first = rows.end;
        self.file.write_all(&RecordBatch::try_new(schema(), columns)?)
    }
}
