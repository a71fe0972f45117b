//! Who goes: candidates compared in the order of ranks, each with rows that were kept, until one is similar.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::docs::Docs;
use super::index::Earlier;
use super::pairs::{Group, Linked};
use crate::Result;
use crate::spill::Space;
use crate::spill::flat::{Bits, Flat};
use crate::spill::sorter::Sorter;
use crate::spill::texts::Texts;
use crate::text::near::jaccard::{Table, needed, similarity};
use crate::text::near::shingle::Shingler;
use crate::text::near::sketch::SLOTS;

/// Where there is no further row in a record.
const NONE: [u8; 4] = u32::MAX.to_le_bytes();

/// What became of each row, by rank.
pub struct Fates {
    of: Of,
    /// How many rows may stay of those that are similar.
    most: usize,
}

/// Of whom it is known.
enum Of {
    /// Of all rows: which go; and the similarity with the first, and ranks of as many rows as may stay of those that are
    /// similar, all of which were kept. Of a row that went, there are as many.
    All { dropped: Bits, similar: Flat },
    /// Of some rows: the same. All others stay, and are similar to none.
    Some(HashMap<u32, Vec<u8>>),
}

impl Fates {
    /// All of `rows` rows stay, but for what is known of rows of earlier builds; `most` of those that are similar may.
    pub fn new(space: &Space, rows: usize, most: usize, earlier: &Earlier) -> Result<Self> {
        let (mut dropped, mut similar) = (Bits::new(rows), space.flat("similar", width(most)));
        earlier.fates(|fate| {
            if fate.is_some() {
                dropped.set(similar.len());
            }
            similar.push(&record(fate.as_slice(), most))
        })?;
        let nothing = record(&[], most);
        while similar.len() < rows {
            similar.push(&nothing)?;
        }
        Ok(Fates { of: Of::All { dropped, similar }, most })
    }

    /// All rows stay, but for what is known of some.
    pub fn of_some(most: usize) -> Self {
        Fates { of: Of::Some(HashMap::new()), most }
    }

    /// Whether a row goes.
    fn goes(&self, rank: u32) -> bool {
        match &self.of {
            Of::All { dropped, .. } => dropped.has(rank as usize),
            Of::Some(known) => known.get(&rank).is_some_and(|record| is_full(record)),
        }
    }

    /// What is known of a row: [`width`] bytes.
    pub fn record(&self, rank: u32) -> Result<Vec<u8>> {
        match &self.of {
            Of::All { similar, .. } => {
                let mut record = vec![0; width(self.most)];
                similar.get(rank as usize, &mut record)?;
                Ok(record)
            }
            Of::Some(known) => Ok(known.get(&rank).cloned().unwrap_or_else(|| record(&[], self.most))),
        }
    }

    /// Takes what is known of a row from elsewhere.
    pub fn take(&mut self, rank: u32, record: &[u8]) -> Result<()> {
        match &mut self.of {
            Of::All { dropped, similar } => {
                if is_full(record) {
                    dropped.set(rank as usize);
                }
                similar.set(rank as usize, record)
            }
            Of::Some(known) => {
                known.insert(rank, record.to_vec());
                Ok(())
            }
        }
    }

    /// The rows of which something is known, where that are some; in order.
    pub fn into_some(self) -> Vec<(u32, Vec<u8>)> {
        let mut all: Vec<_> = match self.of {
            Of::All { .. } => Vec::new(),
            Of::Some(known) => known.into_iter().collect(),
        };
        all.sort_unstable();
        all
    }

    /// The row kept in place of another, and their similarity.
    pub fn keeper(&self, rank: u32) -> Result<Option<(u32, f64)>> {
        if !self.goes(rank) {
            return Ok(None);
        }
        Ok(Some(read(&self.record(rank)?)))
    }

    /// Adds the kept rows that are known to be similar to one; whether that one was kept.
    fn similar(&self, rank: u32, similar: &mut Vec<u32>) -> Result<bool> {
        let kept = !self.goes(rank);
        if self.most > 1 || !kept {
            let ranks = self.record(rank)?;
            similar
                .extend(ranks[8..].as_chunks::<4>().0.iter().filter(|r| **r != NONE).map(|r| u32::from_le_bytes(*r)));
        }
        Ok(kept)
    }

    /// What is known of all rows, in order.
    fn each_record(&self, found: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        match &self.of {
            Of::All { similar, .. } => similar.each(found),
            Of::Some(_) => Ok(()),
        }
    }

    /// All rows that go: rank, rank of the keeper, similarity.
    pub fn each(&self, mut found: impl FnMut(u32, u32, f64) -> Result<()>) -> Result<()> {
        self.each_record(|rank, record| {
            if !self.goes(rank as u32) {
                return Ok(());
            }
            let (keeper, similarity) = read(record);
            found(rank as u32, keeper, similarity)
        })
    }

    /// Kept rows that are known to be similar to a kept row, each pair once.
    pub fn links(&self, mut found: impl FnMut(u32, u32) -> Result<()>) -> Result<()> {
        if self.most == 1 {
            return Ok(());
        }
        self.each_record(|rank, record| {
            let others = record[8..].as_chunks::<4>().0.iter().filter(|r| **r != NONE);
            match self.goes(rank as u32) {
                true => Ok(()),
                false => others.map(|r| u32::from_le_bytes(*r)).try_for_each(|other| found(rank as u32, other)),
            }
        })
    }

    /// A row is similar to kept ones, the most similar first, and goes where these are as many as may stay.
    fn found(&mut self, rank: u32, similar: &[(u32, f64)]) -> Result<()> {
        self.take(rank, &record(similar, self.most))
    }
}

/// Bytes of what is known of a row, where `most` of those that are similar may stay.
pub fn width(most: usize) -> usize {
    8 + 4 * most
}

/// Whether there are as many similar rows as may stay.
fn is_full(record: &[u8]) -> bool {
    record.last_chunk() != Some(&NONE)
}

/// What is known of a row.
fn record(similar: &[(u32, f64)], most: usize) -> Vec<u8> {
    let mut record = similar.first().map_or(0.0, |s| s.1).to_le_bytes().to_vec();
    record.extend(similar.iter().flat_map(|s| s.0.to_le_bytes()));
    record.resize(width(most), NONE[0]);
    record
}

/// The first similar row, and the similarity.
fn read(record: &[u8]) -> (u32, f64) {
    let (mut keeper, mut similarity) = ([0; 4], [0; 8]);
    similarity.copy_from_slice(&record[..8]);
    keeper.copy_from_slice(&record[8..12]);
    (u32::from_le_bytes(keeper), f64::from_le_bytes(similarity))
}

/// What rows are compared by.
pub enum Proof<'a> {
    /// Their sketches.
    Sketch,
    /// The sets of shingles of their texts; rows of earlier builds, whose texts are not there, their sketches.
    Exact(Box<Exact<'a>>),
}

impl<'a> Proof<'a> {
    /// By texts, cut by a shingler, where there are some; else by sketches.
    pub fn of(texts: Option<(&'a Texts, Shingler)>, space: &Space) -> Self {
        match texts {
            Some((texts, shingler)) => Proof::Exact(Box::new(Exact::new(texts, shingler, space))),
            None => Proof::Sketch,
        }
    }
}

/// Judges candidates that are linked with no others.
pub struct Judge<'a> {
    /// The rows.
    pub docs: &'a Docs,
    /// What became of them so far: rows with the same text as an earlier one are not candidates.
    pub fates: &'a RwLock<Fates>,
    /// How many similar rows may stay.
    pub most: usize,
    /// What they are compared by.
    pub proof: Proof<'a>,
    /// Which says when to stop.
    pub space: &'a Space,
}

impl Judge<'_> {
    /// Goes through the candidates.
    ///
    /// # Errors
    ///
    /// Of the disk, and [`crate::Error::Interrupted`].
    pub fn run(mut self, pairs: &Linked) -> Result<()> {
        pairs.each(|rank, group| {
            self.space.check()?;
            let similar = self.row(rank, group)?;
            match similar.is_empty() {
                true => Ok(()),
                false => self.fates.write().unwrap_or_else(PoisonError::into_inner).found(rank, &similar),
            }
        })
    }

    /// Goes through the candidates, and hands over those that are similar, whatever becomes of them.
    ///
    /// # Errors
    ///
    /// Of the disk, the first error of `found`, and [`crate::Error::Interrupted`].
    pub fn alike(mut self, pairs: &Linked, mut found: impl FnMut(u32, u32) -> Result<()>) -> Result<()> {
        pairs.each(|rank, group| {
            self.space.check()?;
            if let Proof::Exact(exact) = &mut self.proof {
                exact.begin(self.docs.doc_of(rank)?);
            }
            for (other, agreeing) in group {
                if self.compare(*other, *agreeing)?.is_some() {
                    found(rank, *other)?;
                }
            }
            if let Proof::Exact(exact) = &mut self.proof {
                exact.keep();
            }
            Ok(())
        })
    }

    fn fates(&self) -> RwLockReadGuard<'_, Fates> {
        self.fates.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kept rows that a row is similar to, the most similar first: as many as may stay, or all that there are.
    fn row(&mut self, rank: u32, group: &Group) -> Result<Vec<(u32, f64)>> {
        let doc = self.docs.doc_of(rank)?;
        if let Proof::Exact(exact) = &mut self.proof {
            exact.begin(doc);
        }
        let (mut kept, mut behind) = (Group::new(), Vec::new());
        let fates = self.fates();
        for (other, agreeing) in group {
            if fates.similar(*other, &mut behind)? {
                kept.push((*other, *agreeing));
            }
        }
        drop(fates);
        let mut similar = Vec::new();
        if self.search(&kept, &mut similar)? {
            return Ok(similar);
        }
        // Neighbours that are gone stand for those kept in their place; kept ones, where some more may stay, for those
        // kept beside them.
        behind.sort_unstable();
        behind.dedup();
        behind.retain(|keeper| kept.iter().all(|(other, _)| other != keeper));
        let mut keepers = Group::new();
        for keeper in behind {
            let (mut a, mut b) = ([0; SLOTS], [0; SLOTS]);
            self.docs.sketch(doc, &mut a)?;
            self.docs.sketch(self.docs.doc_of(keeper)?, &mut b)?;
            let agreeing = self.docs.signature.agreement(&a, &b);
            if agreeing >= self.docs.signature.least() {
                keepers.push((keeper, agreeing as u16));
            }
        }
        keepers.sort_unstable_by_key(|(keeper, agreeing)| (std::cmp::Reverse(*agreeing), *keeper));
        if !self.search(&keepers, &mut similar)?
            && let Proof::Exact(exact) = &mut self.proof
        {
            exact.keep();
        }
        Ok(similar)
    }

    /// Compares the row with others, and adds those that it is similar to; whether these are as many as may stay.
    fn search(&mut self, others: &Group, similar: &mut Vec<(u32, f64)>) -> Result<bool> {
        let mut enough = false;
        for (other, agreeing) in others {
            if let Some(similarity) = self.compare(*other, *agreeing)? {
                similar.push((*other, similarity));
                enough = similar.len() == self.most;
            }
            if enough {
                break;
            }
        }
        similar.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(enough)
    }

    fn compare(&mut self, other: u32, agreeing: u16) -> Result<Option<f64>> {
        let doc = self.docs.doc_of(other)?;
        let threshold = self.docs.signature.threshold();
        match &mut self.proof {
            Proof::Exact(exact) if !self.docs.is_earlier(doc) => exact.compare(doc, threshold),
            _ => {
                let similarity = self.docs.signature.similarity(usize::from(agreeing));
                Ok((similarity >= threshold).then_some(similarity))
            }
        }
    }
}

/// Compares one row with others by the shingles of their texts.
pub struct Exact<'a> {
    texts: &'a Texts,
    shingler: Shingler,
    /// Where sets that are too large for memory are sorted.
    space: Space,
    /// Texts of more bytes than this are compared on disk.
    large: usize,
    table: Table,
    scratch: Table,
    bytes: Vec<u8>,
    /// The row that is compared with others, and its set once it was needed (none: too large).
    doc: usize,
    own: Option<Option<Rc<[u64]>>>,
    cache: Cache,
}

impl<'a> Exact<'a> {
    /// Compares `texts` cut by `shingler`.
    pub fn new(texts: &'a Texts, shingler: Shingler, space: &Space) -> Self {
        Exact {
            texts,
            shingler,
            large: (space.budget / 1024).max(1 << 10),
            space: Space { budget: space.budget / 4, ..space.clone() },
            table: Table::new(),
            scratch: Table::new(),
            bytes: Vec::new(),
            doc: 0,
            own: None,
            cache: Cache { limit: space.budget / 8, ..Cache::default() },
        }
    }

    fn begin(&mut self, doc: usize) {
        self.doc = doc;
        self.own = None;
    }

    /// The row stays: others will be compared with it.
    fn keep(&mut self) {
        if let Some(Some(set)) = &self.own {
            self.cache.put(self.doc, set.clone());
        }
    }

    /// The similarity with another row, if it reaches the threshold.
    fn compare(&mut self, other: usize, threshold: f64) -> Result<Option<f64>> {
        if self.own.is_none() {
            self.own = Some(load(self.texts, &self.shingler, self.large, self.doc, &mut self.bytes, &mut self.table)?);
        }
        let theirs = match self.cache.get(other) {
            Some(set) => Some(set),
            None => {
                let set = load(self.texts, &self.shingler, self.large, other, &mut self.bytes, &mut self.scratch)?;
                if let Some(set) = &set {
                    self.cache.put(other, set.clone());
                }
                set
            }
        };
        let (Some(Some(own)), Some(theirs)) = (&self.own, theirs) else {
            let similarity = self.on_disk(other)?;
            return Ok((similarity >= threshold).then_some(similarity));
        };
        let needed = needed(threshold, own.len(), theirs.len());
        if needed > own.len() {
            return Ok(None);
        }
        let common = self.table.common(&theirs, needed);
        Ok(common.map(|common| similarity(common, own.len(), theirs.len())))
    }

    /// The similarity of two texts of any size: all shingles sorted, with a bit that says whose they are.
    fn on_disk(&mut self, other: usize) -> Result<f64> {
        let mut sorter = Sorter::new(self.space.folder.join("large"), 9, self.space.budget);
        for (which, doc) in [self.doc, other].into_iter().enumerate() {
            let text = self.texts.read(doc, &mut self.bytes)?;
            let mut pushed = Ok(());
            self.shingler.each(&[text], |hashes| {
                for hash in hashes {
                    if pushed.is_ok() {
                        pushed = sorter.push(u128::from(*hash) << 1 | which as u128);
                    }
                }
            });
            pushed?;
        }
        self.bytes = Vec::new();
        let (mut counts, mut last) = ([0usize; 4], None);
        let mut whose = 0usize;
        sorter.drain(&mut |record| {
            if last != Some(record >> 1) {
                counts[whose] += 1;
                (last, whose) = (Some(record >> 1), 0);
            }
            whose |= 1 << (record & 1);
            Ok(())
        })?;
        counts[whose] += 1;
        Ok(similarity(counts[3], counts[1] + counts[3], counts[2] + counts[3]))
    }
}

/// The set of a doc, which is then in `table`; none where it is too large.
fn load(
    texts: &Texts,
    shingler: &Shingler,
    large: usize,
    doc: usize,
    bytes: &mut Vec<u8>,
    table: &mut Table,
) -> Result<Option<Rc<[u64]>>> {
    let text = texts.read(doc, bytes)?;
    if text.len() > large {
        *bytes = Vec::new();
        return Ok(None);
    }
    let mut hashes = Vec::with_capacity(text.len() / 2);
    shingler.each(&[text], |block| hashes.extend_from_slice(block));
    table.load(&mut hashes);
    Ok(Some(hashes.into()))
}

/// Sets of rows that others were compared with, the latest used of them.
#[derive(Default)]
struct Cache {
    limit: usize,
    held: usize,
    new: HashMap<usize, Rc<[u64]>>,
    old: HashMap<usize, Rc<[u64]>>,
}

impl Cache {
    fn get(&mut self, doc: usize) -> Option<Rc<[u64]>> {
        if let Some(set) = self.new.get(&doc) {
            return Some(set.clone());
        }
        let set = self.old.remove(&doc)?;
        self.put(doc, set.clone());
        Some(set)
    }

    fn put(&mut self, doc: usize, set: Rc<[u64]>) {
        if self.held > self.limit / 2 {
            self.old = std::mem::take(&mut self.new);
            self.held = 0;
        }
        self.held += set.len() * 8 + 64;
        self.new.insert(doc, set);
    }
}
