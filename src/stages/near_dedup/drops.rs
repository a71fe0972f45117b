//! What is written down of the rows that go: drops by unit, sizes of clusters, and the index for later builds.

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;

use super::docs::{Docs, Standing};
use super::index::part;
use super::index_writer::Writer;
use super::pass::{Gone, Run};
use super::verify::Fates;
use crate::spill::flat::{Bits, Flat};
use crate::spill::scratch;
use crate::stages::global::Drop;
use crate::{Error, Result};

/// A record: docs of a row that goes and of the one kept, in either order, and their similarity.
fn record(first: usize, second: usize, similarity: f64) -> u128 {
    (first as u128) << 96 | (second as u128) << 64 | u128::from(similarity.to_bits())
}

impl Run<'_> {
    /// Names the kept row for every row that goes, and writes the index where the build is to have one.
    pub(super) fn drops(&self, docs: &Docs, same: &Flat, fates: &Fates) -> Result<Gone> {
        let (rows, list, gone) = self.sorted_drops(docs, same, fates)?;
        if self.method.rules().cluster_size {
            self.sizes(docs, &list)?;
        }
        let wanted = self.wanted(docs, &list, &gone)?;
        let mut found = Named { run: self, docs, list: &list, at: 0, better: 0 };
        self.earlier.kept(&wanted, |doc, id, standing| found.kept(doc, id, Some(&standing)))?;
        let mut writer = match self.method.index() {
            Some(near) => {
                let path = self.context.artifact();
                scratch(path.parent().unwrap_or(&path))?;
                Some(Writer::new(&path, near, &self.earlier, docs, &gone)?)
            }
            None => None,
        };
        self.ids(docs, &wanted, |doc, id| {
            found.kept(doc, id, None)?;
            writer.as_mut().map_or(Ok(()), |writer| writer.kept(doc, id))
        })?;
        if let Some(writer) = writer {
            writer.finish()?;
        }
        if found.at < list.len() {
            return Err(Error::Engine("a row that is kept has no id".into()));
        }
        Ok(Gone { rows, better: found.better, links: 0 })
    }

    /// How many own rows go, and their drops (keeper, doc, similarity) in the order of keepers; for an index those (doc,
    /// keeper, similarity) in the order of docs too.
    fn sorted_drops(&self, docs: &Docs, same: &Flat, fates: &Fates) -> Result<(u64, Flat, Flat)> {
        let mut by_keeper = self.space.sorter("drops", 16);
        let mut by_doc = self.method.index().map(|_| self.space.small_sorter("fates", 16));
        let mut rows = 0;
        let mut add = |rank: u32, keeper: u32, similarity: f64| -> Result<()> {
            let (doc, keeper) = (docs.doc_of(rank)?, docs.doc_of(keeper)?);
            if docs.is_earlier(doc) {
                return Ok(());
            }
            rows += 1;
            if let Some(by_doc) = &mut by_doc {
                by_doc.push(record(doc, keeper, similarity))?;
            }
            by_keeper.push(record(keeper, doc, similarity))
        };
        fates.each(&mut add)?;
        same.each(|_, record| {
            let half = |at: usize| record[at..at + 4].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
            let (rank, first) = (half(0), half(4));
            let (keeper, similarity) = fates.keeper(first)?.unwrap_or((first, 1.0));
            add(rank, keeper, similarity)
        })?;
        let mut list = self.space.flat("by_keeper", 16);
        by_keeper.drain(&mut |record| list.push(&record.to_be_bytes()))?;
        let mut gone = self.space.flat("by_doc", 16);
        if let Some(by_doc) = by_doc {
            by_doc.drain(&mut |record| gone.push(&record.to_be_bytes()))?;
        }
        Ok((rows, list, gone))
    }

    /// The rows whose ids are needed: those that others went for, and for an index all that stay.
    fn wanted(&self, docs: &Docs, list: &Flat, gone: &Flat) -> Result<Bits> {
        let mut wanted = Bits::new(docs.len());
        if self.method.index().is_some() {
            docs.own().for_each(|doc| wanted.set(doc));
            gone.each(|_, record| {
                wanted.clear(part(record, 0));
                Ok(())
            })?;
        }
        list.each(|_, record| {
            wanted.set(part(record, 0));
            Ok(())
        })?;
        Ok(wanted)
    }

    /// The final ids of the `wanted` own rows, in order.
    fn ids(&self, docs: &Docs, wanted: &Bits, mut found: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
        if !self.context.has_own_ids() {
            return docs.each_ord(docs.own(), |doc, ord| match wanted.has(doc) {
                true => found(doc, &self.context.kept_id(ord, None)?),
                false => Ok(()),
            });
        }
        let mut next = docs.own().start;
        for source in self.context.sources() {
            self.context.ids(source, &mut |batch| {
                let (ords, ids) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_string::<i32>());
                // Docs are some of these rows.
                let (mut row, first) = (0, next);
                docs.each_ord(first..docs.len().min(first + ords.len()), |doc, ord| {
                    row += ords.values()[row..].partition_point(|o| *o < ord);
                    if row < ords.len() && ords.value(row) == ord {
                        next = doc + 1;
                        return if wanted.has(doc) { found(doc, ids.value(row)) } else { Ok(()) };
                    }
                    Ok(())
                })
            })?;
        }
        Ok(())
    }

    /// Writes how many rows each row stands for, by unit; `list` is sorted by the row that is kept.
    fn sizes(&self, docs: &Docs, list: &Flat) -> Result<()> {
        let (mut at, mut record) = (0, [0; 16]);
        let mut first = docs.own().start;
        while at < list.len() && {
            list.get(at, &mut record)?;
            docs.is_earlier(part(&record, 0))
        } {
            at += 1;
        }
        for unit in self.context.units() {
            let end = self.context.unit_end(unit);
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
            self.context.sizes(unit, &sizes)?;
        }
        Ok(())
    }
}

/// Takes the names of rows that others went for, in order.
struct Named<'a> {
    run: &'a Run<'a>,
    docs: &'a Docs,
    /// Docs of a row kept and of one that goes, similarity; sorted.
    list: &'a Flat,
    at: usize,
    better: u64,
}

impl Named<'_> {
    fn kept(&mut self, doc: usize, id: &str, earlier: Option<&Standing>) -> Result<()> {
        let (mut record, mut bits) = ([0; 16], [0; 8]);
        while self.at < self.list.len() {
            self.list.get(self.at, &mut record)?;
            if part(&record, 0) != doc {
                break;
            }
            self.at += 1;
            let gone = part(&record, 4);
            let better = earlier.map_or(Ok(None), |standing| self.docs.better(gone, standing))?;
            self.better += u64::from(better.is_some());
            bits.copy_from_slice(&record[8..]);
            let similarity = f64::from_bits(u64::from_be_bytes(bits));
            let [reason, value, limit] = match better {
                Some((own, other)) => ["would_replace".into(), own, other],
                None => self.run.method.words(similarity),
            };
            self.run.context.drop_row(Drop {
                ord: self.docs.ord(gone)?,
                reason,
                value: Some(value),
                limit: Some(limit),
                kept_id: Some(id.to_owned()),
                similarity: Some(similarity),
                spans: Vec::new(),
            })?;
        }
        Ok(())
    }
}
