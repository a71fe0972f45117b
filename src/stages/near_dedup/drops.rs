//! What is written down of the rows that go: drops by unit, sizes of clusters, and the index for later builds.

use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;

use super::docs::{Docs, Standing};
use super::index::part;
use super::index_writer::Writer;
use super::pass::{Outcome, Run};
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
    pub(super) fn drops(&self, docs: &Docs, same: &[Flat], fates: &Fates) -> Result<Outcome> {
        let (rows, list, by_doc_list) = self.sorted_drops(docs, same, fates)?;
        if self.method.rules().cluster_size {
            self.sizes(docs, &list)?;
        }
        let wanted = self.wanted(docs, &list, &by_doc_list)?;
        let mut found = Named { run: self, docs, list: &list, at: 0, better: 0, waiting: Vec::new() };
        self.earlier.kept(&wanted, |doc, id, standing| found.earlier(doc, id, &standing))?;
        let mut writer = match self.method.index() {
            Some(near) => {
                let path = self.context.artifact();
                scratch(path.parent().unwrap_or(&path))?;
                Some(Writer::new(&path, near, &self.earlier, docs, &by_doc_list)?)
            }
            None => None,
        };
        self.ids(docs, &wanted, |doc, id| {
            found.kept(doc, id)?;
            writer.as_mut().map_or(Ok(()), |writer| writer.kept(doc, id))
        })?;
        if let Some(writer) = writer {
            writer.finish()?;
        }
        found.flush()?;
        if found.at < list.len() {
            return Err(Error::Engine("a row that is kept has no id".into()));
        }
        Ok(Outcome { rows, better: found.better, links: 0 })
    }

    /// How many own rows go, and their drops (keeper, doc, similarity) in the order of keepers; for an index those (doc,
    /// keeper, similarity) in the order of docs too.
    fn sorted_drops(&self, docs: &Docs, same: &[Flat], fates: &Fates) -> Result<(u64, Flat, Flat)> {
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
        let mut copy = |record: &[u8]| {
            let half = |at: usize| record[at..at + 4].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
            let (rank, first) = (half(0), half(4));
            let (keeper, similarity) = fates.keeper(first)?.unwrap_or((first, 1.0));
            add(rank, keeper, similarity)
        };
        same.iter().try_for_each(|copies| copies.each(|_, record| copy(record)))?;
        let mut list = self.space.flat("by_keeper", 16);
        by_keeper.drain(&mut |record| list.push(&record.to_be_bytes()))?;
        let mut by_doc_list = self.space.flat("by_doc", 16);
        if let Some(by_doc) = by_doc {
            by_doc.drain(&mut |record| by_doc_list.push(&record.to_be_bytes()))?;
        }
        Ok((rows, list, by_doc_list))
    }

    /// The rows whose ids are needed: those that others went for, and for an index all that stay.
    fn wanted(&self, docs: &Docs, list: &Flat, by_doc_list: &Flat) -> Result<Bits> {
        let mut wanted = Bits::new(docs.len());
        if self.method.index().is_some() {
            docs.own().for_each(|doc| wanted.set(doc));
            by_doc_list.each(|_, record| {
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

/// Rows kept whose names wait until the drops of the rows that went for them are written, side by side.
const WAITING: usize = 1 << 15;

/// Takes the names of rows that others went for, in order.
struct Named<'a> {
    run: &'a Run<'a>,
    docs: &'a Docs,
    /// Docs of a row kept and of one that goes, similarity; sorted.
    list: &'a Flat,
    /// How many of these are dealt with: the first ones.
    at: usize,
    better: u64,
    /// Names of own rows whose turn is next.
    waiting: Vec<(usize, String)>,
}

impl Named<'_> {
    /// A row of an earlier build.
    fn earlier(&mut self, doc: usize, id: &str, standing: &Standing) -> Result<()> {
        self.at = drops_for(self.list, self.at, doc, |dropped_doc, similarity| {
            let better = self.docs.better(dropped_doc, standing)?;
            self.better += u64::from(better.is_some());
            let words = match better {
                Some((own, other)) => ["would_replace".into(), own, other],
                None => self.run.method.words(similarity),
            };
            self.run.context.drop_row(dropped(self.docs, dropped_doc, (id, similarity), words)?)
        })?;
        Ok(())
    }

    /// A row of the build's own.
    fn kept(&mut self, doc: usize, id: &str) -> Result<()> {
        self.waiting.push((doc, id.to_owned()));
        if self.waiting.len() < WAITING { Ok(()) } else { self.flush() }
    }

    /// Drops the rows that went for those whose names wait.
    fn flush(&mut self) -> Result<()> {
        let (method, docs, list, from) = (self.run.method, self.docs, self.list, self.at);
        let done = AtomicUsize::new(0);
        let chunks: Vec<_> = self.waiting.chunks(WAITING / 64).collect();
        self.run.context.drop_rows(chunks.len(), &|at| {
            let mut next =
                chunks[at].first().map_or(Ok(from), |(doc, _)| list.first_of(from, |record| part(record, 0) < *doc))?;
            let mut drops = Vec::new();
            for (doc, id) in chunks[at] {
                next = drops_for(list, next, *doc, |dropped_doc, similarity| {
                    drops.push(dropped(docs, dropped_doc, (id, similarity), method.words(similarity))?);
                    Ok(())
                })?;
            }
            done.fetch_add(drops.len(), Ordering::Relaxed);
            Ok(drops)
        })?;
        self.at += done.into_inner();
        self.waiting.clear();
        Ok(())
    }
}

/// The drop of a row that goes for one that is kept: the id of that one, and their similarity.
fn dropped(docs: &Docs, doc: usize, (id, similarity): (&str, f64), words: [String; 3]) -> Result<Drop> {
    let [reason, value, limit] = words;
    Ok(Drop {
        ord: docs.ord(doc)?,
        reason,
        value: Some(value),
        limit: Some(limit),
        kept_id: Some(id.to_owned()),
        similarity: Some(similarity),
        spans: Vec::new(),
    })
}

/// Hands over what went for the row `doc`, whose records begin at `at` if it has any; gives back where they end.
fn drops_for(list: &Flat, mut at: usize, doc: usize, mut found: impl FnMut(usize, f64) -> Result<()>) -> Result<usize> {
    let (mut record, mut bits) = ([0; 16], [0; 8]);
    while at < list.len() {
        list.get(at, &mut record)?;
        if part(&record, 0) != doc {
            break;
        }
        at += 1;
        bits.copy_from_slice(&record[8..]);
        found(part(&record, 4), f64::from_bits(u64::from_be_bytes(bits)))?;
    }
    Ok(at)
}
