//! What other processes do of a comparison, where there are some: the search for pairs, by bands; the sieve, by stretches
//! of ranks; and the judgement of candidates, by lists of those that are linked with no others. Each reads files that lie
//! in the folder of the pass, and writes one. What comes out is what one process finds: pairs are sorted, and lists stand
//! apart.

use std::path::{Path, PathBuf};
use std::sync::RwLock;

use serde::{Deserialize, Serialize};

use super::docs::Docs;
use super::method::Method;
use super::pairs::{self, BAND, ENTRY, Linked, PAIR, Pairs, RANK};
use super::verify::{Fates, Judge, Proof, width};
use crate::spill::flat::{Flat, SharedBits};
use crate::spill::sorter::Sorter;
use crate::spill::texts::Texts;
use crate::spill::{Space, scratch, written};
use crate::stages::global::{GlobalContext, Part};
use crate::text::near::shingle::Shingler;
use crate::{Error, Result};

/// Bytes of a pair that was found: rank of the later row, rank of the earlier one, so that they sort as they stand.
const FOUND: usize = 8;
/// Rows of a stretch that is sieved, at least.
const ROWS: usize = 1 << 16;
/// Groups of bands at most: a sketch is read by each of them, and its bands, which else are written and read again, are as
/// much as four sketches.
const FEW: usize = 8;
/// Into how many lists candidates fall at most, four for each of these.
const LISTS: usize = 64;

/// What is to be done.
#[derive(Serialize, Deserialize)]
enum Work {
    /// Pairs that the searches of a group find, sorted, each once.
    Search { group: usize, groups: usize },
    /// The bands of a stretch of rows, sorted.
    Cut { part: usize, parts: usize },
    /// Pairs in a range of the buckets of all bands, out of what was cut; sorted, each once.
    Range { range: (usize, usize), cuts: Vec<PathBuf> },
    /// The pairs of a stretch of ranks whose sketches agree enough.
    Sieve { part: usize, parts: usize, found: Vec<PathBuf> },
    /// What becomes of the rows of a list, where something is known of some; or which of them are alike.
    Judge { list: Vec<PathBuf>, known: Option<PathBuf>, texts: bool },
}

/// Those who do parts, with a folder that they see.
type Others<'a> = dyn Fn(&Path, &[Part]) -> Result<()> + 'a;

/// The side of the process that has the pass.
pub struct Parts<'a> {
    /// Has parts done.
    others: Box<Others<'a>>,
    /// The folder of what is written down.
    folder: PathBuf,
    /// How many parts are done at a time.
    width: usize,
    /// Rows of a stretch, at least.
    rows: usize,
}

impl<'a> Parts<'a> {
    /// Writes down the rows, where others work for this pass.
    pub fn new(context: &'a dyn GlobalContext, space: &Space, docs: &mut Docs) -> Result<Option<Self>> {
        match context.elsewhere() {
            0 => Ok(None),
            width => {
                let others = Box::new(|folder: &Path, parts: &[Part]| context.parts(folder, parts));
                Self::by(others, width, space, docs).map(Some)
            }
        }
    }

    fn by(others: Box<Others<'a>>, width: usize, space: &Space, docs: &mut Docs) -> Result<Self> {
        let folder = space.folder.join("parts");
        scratch(&folder)?;
        docs.share(&folder)?;
        Ok(Parts { others, folder, width, rows: ROWS })
    }

    fn part(&self, name: String, work: &Work) -> Result<Part> {
        Part::new(self.folder.join(name), work)
    }

    /// Has parts done; their files.
    fn done(&self, parts: Vec<Part>) -> Result<Vec<PathBuf>> {
        (self.others)(&self.folder, &parts)?;
        Ok(parts.into_iter().map(|part| part.file).collect())
    }

    /// Finds the candidates.
    ///
    /// # Errors
    ///
    /// Of the disk, and of those who do it.
    pub fn candidates(&self, docs: &Docs) -> Result<Pairs> {
        let found = match 2 * self.width {
            few if few <= FEW || !pairs::is_banded(docs.signature) => self.by_groups(docs)?,
            _ => self.by_ranges(docs)?,
        };
        let parts = self.stretches(docs);
        let sieve = |part| self.part(format!("sieved-{part}"), &Work::Sieve { part, parts, found: found.clone() });
        let sieved = self.done((0..parts).map(sieve).collect::<Result<_>>()?)?;
        found.iter().for_each(|file| drop(std::fs::remove_file(file)));
        let lists = sieved.into_iter().map(|file| Flat::open(file, PAIR)).collect::<Result<_>>()?;
        Pairs::of(lists, docs)
    }

    /// Stretches of rows: some for each that works.
    fn stretches(&self, docs: &Docs) -> usize {
        (2 * self.width).clamp(1, docs.len() / self.rows + 1)
    }

    /// Pairs, by groups of bands or tables: some for each that works, so that the last ones end together and a lost one
    /// costs little. Each reads all sketches.
    fn by_groups(&self, docs: &Docs) -> Result<Vec<PathBuf>> {
        let groups = (2 * self.width).clamp(1, pairs::searches(docs.signature).max(1));
        let search = |group| self.part(format!("found-{group}"), &Work::Search { group, groups });
        self.done((0..groups).map(search).collect::<Result<_>>()?)
    }

    /// Pairs, by ranges of buckets: each sketch is read once, and its bands are written and read once.
    fn by_ranges(&self, docs: &Docs) -> Result<Vec<PathBuf>> {
        let (parts, ranges) = (self.stretches(docs), 2 * self.width);
        let cut = |part| self.part(format!("bands-{part}"), &Work::Cut { part, parts });
        let cuts = self.done((0..parts).map(cut).collect::<Result<_>>()?)?;
        let work = |range| Work::Range { range: (range, ranges), cuts: cuts.clone() };
        let find = |range| self.part(format!("found-{range}"), &work(range));
        let found = self.done((0..ranges).map(find).collect::<Result<_>>()?)?;
        cuts.iter().for_each(|file| drop(std::fs::remove_file(file)));
        Ok(found)
    }

    /// The candidates in lists that can be judged apart: their files.
    fn lists(&self, pairs: Pairs, space: &Space, rows: usize) -> Result<Vec<(Linked, Vec<PathBuf>)>> {
        let space = Space { threads: self.width.min(LISTS), ..space.clone() };
        let lists = pairs.apart(&space, rows)?.into_iter().filter(|list| !list.is_empty());
        lists
            .map(|mut list| {
                let files = list.settle()?;
                Ok((list, files))
            })
            .collect()
    }

    /// Judges the candidates: `fates` has what is known of rows of earlier builds, and gets what becomes of the others.
    ///
    /// # Errors
    ///
    /// Of the disk, and of those who do it.
    pub fn judge(
        &self,
        docs: &Docs,
        (pairs, space): (Pairs, &Space),
        (fates, most): (&mut Fates, usize),
        texts: bool,
    ) -> Result<()> {
        let lists = self.lists(pairs, space, docs.len())?;
        let mut parts = Vec::new();
        for (at, (list, files)) in lists.iter().enumerate() {
            let known = match docs.own().start {
                0 => None,
                earlier => Some(self.known(at, list, fates, earlier as u32)?),
            };
            parts.push(self.part(format!("judged-{at}"), &Work::Judge { list: files.clone(), known, texts })?);
        }
        for file in self.done(parts)? {
            Flat::open(file, 4 + width(most))?.each(|_, record| fates.take(rank(record), &record[4..]))?;
        }
        Ok(())
    }

    /// Writes down what is known of the earlier builds' rows in a list.
    fn known(&self, at: usize, list: &Linked, fates: &Fates, earlier: u32) -> Result<PathBuf> {
        let mut ranks: Vec<u32> = Vec::new();
        list.each(|_, group| {
            ranks.extend(group.iter().map(|of| of.0).filter(|rank| *rank < earlier));
            Ok(())
        })?;
        ranks.sort_unstable();
        ranks.dedup();
        let path = self.folder.join(format!("known-{at}"));
        let records = ranks.into_iter().map(|rank| Ok((rank, fates.record(rank)?))).collect::<Result<Vec<_>>>()?;
        write_records(&path, &records)?;
        Ok(path)
    }

    /// Hands over the candidates that are alike, by rank.
    ///
    /// # Errors
    ///
    /// Of the disk, of those who do it, and the first one of `found`.
    pub fn alike(
        &self,
        docs: &Docs,
        (pairs, space): (Pairs, &Space),
        texts: bool,
        mut found: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let lists = self.lists(pairs, space, docs.len())?;
        let judge = |(at, (_, files)): (usize, &(Linked, Vec<PathBuf>))| {
            self.part(format!("alike-{at}"), &Work::Judge { list: files.clone(), known: None, texts })
        };
        let files = self.done(lists.iter().enumerate().map(judge).collect::<Result<_>>()?)?;
        files.into_iter().try_for_each(|file| Flat::open(file, 8)?.each(|_, record| found(record)))
    }
}

/// Does a part of a pass, of which `folder` is seen, and writes its file.
///
/// # Errors
///
/// Of the disk, [`Error::Interrupted`], and a part that is none of this pass.
pub fn work(method: Method<'_>, folder: &Path, part: &Part, space: &Space) -> Result<()> {
    let docs = Docs::shared(folder, method.signature())?;
    match part.read()? {
        Work::Search { group, groups } => {
            let of = |group: usize| group * pairs::searches(docs.signature) / groups;
            once(space, &part.file, |pair| {
                pairs::search(space, &docs, of(group)..of(group + 1), &mut |rank, other| pair(rank, other))
            })
        }
        Work::Cut { part: at, parts } => cut(&docs, space, (at, parts), &part.file),
        Work::Range { range, cuts } => once(space, &part.file, |pair| in_range(&docs, space, range, &cuts, pair)),
        Work::Sieve { part: at, parts, found } => sieve(&docs, space, (at, parts), &found, &part.file),
        Work::Judge { list, known, texts } => {
            let shingler = method.shingler().filter(|_| texts);
            let texts = match shingler {
                // They lie where the pass has its files.
                Some(shingler) => Some((Texts::open(folder.parent().unwrap_or(folder))?, shingler)),
                None => None,
            };
            let list = Linked::open(&list)?;
            judge(method, (&docs, &list), texts, known.as_deref(), space, &part.file)
        }
    }
}

/// What is called with the ranks of a pair: the later row, and the earlier one.
type Pair<'a> = dyn FnMut(u32, u32) -> Result<()> + 'a;

/// Writes the pairs that `find` finds, sorted, each once.
fn once(space: &Space, file: &Path, find: impl FnOnce(&mut Pair<'_>) -> Result<()>) -> Result<()> {
    let mut found = Sorter::new(space.folder.join("found"), FOUND, space.budget / 4);
    find(&mut |rank, other| found.push(u128::from(rank) << 32 | u128::from(other)))?;
    let mut before = None;
    written(file, |to| {
        found.drain(&mut |record| match before.replace(record) == Some(record) {
            true => Ok(()),
            false => to.write_all(&(record as u64).to_be_bytes()).map_err(Error::io(file)),
        })
    })
}

/// Writes the bands of a stretch of rows, sorted.
fn cut(docs: &Docs, space: &Space, (part, parts): (usize, usize), file: &Path) -> Result<()> {
    let (of, bands) = (|part: usize| part * docs.len() / parts, docs.signature.bands()?);
    let mut entries = space.sorter("bands", ENTRY);
    pairs::cut(space, docs, (bands, 0..bands.bands), of(part)..of(part + 1), &mut entries)?;
    written(file, |to| {
        entries.drain(&mut |entry| to.write_all(&entry.to_be_bytes()[16 - ENTRY..]).map_err(Error::io(file)))
    })
}

/// Finds the pairs in a range of buckets, of which all entries are in it.
fn in_range(docs: &Docs, space: &Space, range: (usize, usize), cuts: &[PathBuf], pair: &mut Pair<'_>) -> Result<()> {
    let buckets = (docs.signature.bands()?.bands as u128) << BAND;
    let bound = |at: usize| buckets * at as u128 / range.1 as u128;
    let mut entries = space.sorter("bands", ENTRY);
    for path in cuts {
        space.check()?;
        let within = (RANK, bound(range.0)..bound(range.0 + 1));
        Flat::within(path.clone(), (ENTRY, 0), within, |entry| entries.push(entry))?;
    }
    pairs::in_buckets(space, docs, entries, &mut |rank, other| pair(rank, other))
}

fn sieve(docs: &Docs, space: &Space, (part, parts): (usize, usize), found: &[PathBuf], file: &Path) -> Result<()> {
    let of = |part: usize| (part * docs.len() / parts) as u128;
    let mut sorter = Sorter::new(space.folder.join("pairs"), FOUND, space.budget / 2);
    for path in found {
        // Sorted by the rank of the later row, whose four bytes come first.
        let within = (32, of(part)..of(part + 1));
        Flat::within(path.clone(), (FOUND, 0), within, |pair| sorter.push(pair))?;
    }
    let list = Flat::new(space.folder.join("list"), PAIR, space.budget / 8);
    let list = pairs::sieved(space, docs, sorter, list, &SharedBits::new(docs.len()))?;
    written(file, |to| list.each(|_, record| to.write_all(record).map_err(Error::io(file))))
}

fn judge(
    method: Method<'_>,
    (docs, list): (&Docs, &Linked),
    texts: Option<(Texts, Shingler)>,
    known: Option<&Path>,
    space: &Space,
    file: &Path,
) -> Result<()> {
    let most = if method.drops() { method.rules().most as usize } else { 1 };
    let mut fates = Fates::of_some(most);
    if let Some(known) = known {
        Flat::open(known.to_owned(), 4 + width(most))?.each(|_, record| fates.take(rank(record), &record[4..]))?;
    }
    let fates = RwLock::new(fates);
    let proof = Proof::of(texts.as_ref().map(|(texts, shingler)| (texts, shingler.clone())), space);
    let judge = Judge { docs, fates: &fates, most, proof, space };
    if !method.drops() {
        return written(file, |to| {
            judge
                .alike(list, |a, b| to.write_all(&[a.to_le_bytes(), b.to_le_bytes()].concat()).map_err(Error::io(file)))
        });
    }
    judge.run(list)?;
    let mut found = fates.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_some();
    found.retain(|(rank, _)| *rank as usize >= docs.own().start);
    write_records(file, &found)
}

/// The rank that begins a record.
fn rank(record: &[u8]) -> u32 {
    record.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Writes ranks and what is known of them.
fn write_records(file: &Path, records: &[(u32, Vec<u8>)]) -> Result<()> {
    written(file, |to| {
        records.iter().try_for_each(|(rank, record)| {
            to.write_all(&rank.to_le_bytes()).and_then(|()| to.write_all(record)).map_err(Error::io(file))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::docs::{Origin, Wanted};
    use super::super::index::Earlier;
    use super::super::{NearDedup, Verify};
    use super::*;
    use crate::rows::Use;
    use crate::rows::column::KEY;
    use crate::spill::texts::Writer;
    use crate::stages::global::Scope;
    use arrow::array::{ArrayRef, Decimal128Array, FixedSizeBinaryArray, Int64Array, RecordBatch, UInt64Array};
    use std::sync::Arc;

    const ROWS: u64 = 500;
    const EARLIER: usize = 60;

    fn number(n: u64) -> u64 {
        (n ^ 0x5eed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    /// The text of a row: one in four is that of an earlier row with some words changed.
    fn text(row: u64) -> String {
        let (of, changed) = if row > 0 && row.is_multiple_of(4) { (number(row) % row, row) } else { (row, u64::MAX) };
        if changed != u64::MAX && of % 4 == 0 {
            return text(of);
        }
        let word = |at: u64| format!("{:x} ", number(of << 8 | at) >> 40);
        let other = |at: u64| format!("{:x} ", number(changed << 20 | at) >> 40);
        (0..30).map(|at| if changed != u64::MAX && at == changed % 30 { other(at) } else { word(at) }).collect()
    }

    fn sketch(shingler: &Shingler, text: &str, width: usize) -> Vec<u8> {
        let mut hashes = Vec::new();
        shingler.each(&[text], |block| hashes.extend_from_slice(block));
        let least = |slot: u64| hashes.iter().map(|hash| number(hash ^ number(slot) << 1)).min().unwrap_or(0);
        match width {
            8 => {
                // A fingerprint: by bits, what most shingles say.
                let bit =
                    |bit: u32| hashes.iter().filter(|hash| number(**hash) >> bit & 1 == 1).count() * 2 > hashes.len();
                (0..64).filter(|at| bit(*at)).fold(0u64, |all, at| all | 1 << at).to_le_bytes().to_vec()
            }
            width => (0..width as u64).map(|slot| least(slot) as u8).collect(),
        }
    }

    /// The signatures of all rows.
    fn sketches(width: usize) -> Vec<Vec<u8>> {
        let shingler = NearDedup::default().shingler();
        (0..ROWS).map(|row| sketch(&shingler, &text(row), width)).collect()
    }

    fn docs(space: &Space, method: Method<'_>, rows: &[Vec<u8>], (earlier, ranks): (usize, bool)) -> Docs {
        let wanted = Wanted { ranks, values: false, keys: false, contents: false };
        let mut docs = Docs::new(space, method.signature(), ROWS, earlier, wanted).unwrap();
        let origin = || Origin { source: "s".into(), usage: Use::Pretrain, priority: 0 };
        docs.begin(Scope::All, origin());
        let key = |row: u64| [number(row).to_le_bytes(), row.to_le_bytes()].concat();
        for (row, sketch) in rows.iter().take(earlier).enumerate() {
            docs.add_earlier(Some(sketch), &key(row as u64)[..12]).unwrap();
        }
        docs.begin(Scope::All, origin());
        let own = earlier as u64..ROWS;
        let keys = own.clone().map(|row| i128::from(number(row)) << 32 | i128::from(row));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from_iter_values(own.clone())),
            Arc::new(FixedSizeBinaryArray::try_from_iter(rows[earlier..].iter()).unwrap()),
            Arc::new(Decimal128Array::from_iter_values(keys).with_data_type(KEY)),
            Arc::new(Int64Array::from_iter_values(own.map(|row| (number(row) % 9) as i64))),
        ];
        let names = ["ord", "sketch", "key", "value"];
        docs.add(&RecordBatch::try_from_iter(names.into_iter().zip(columns)).unwrap(), 0).unwrap();
        docs.rank(space).unwrap();
        docs
    }

    /// What became of the rows, by rank; `width` others do it, or none.
    fn judged(
        method: Method<'_>,
        rows: &[Vec<u8>],
        (earlier, ranks): (usize, bool),
        (width, threads): (usize, usize),
    ) -> Vec<Option<(u32, f64)>> {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let space = Space { threads, ..Space::new(folder.path(), 64 << 20) };
        let mut docs = docs(&space, method, rows, (earlier, ranks));
        docs.same(&space, 1).unwrap();
        let mut writer = Writer::new(&space).unwrap();
        (0..ROWS).for_each(|row| writer.add(row as usize, &[&text(row)]).unwrap());
        let mut texts = writer.finish().unwrap();
        let mut fates = Fates::new(&space, docs.len(), 1, &Earlier::default()).unwrap();
        // Of rows of earlier builds some went for others.
        (1..earlier as u32).step_by(7).for_each(|rank| {
            let record = [1f64.to_le_bytes().as_slice(), &(rank - 1).to_le_bytes()].concat();
            fates.take(rank, &record).unwrap();
        });
        let others = |folder: &Path, parts: &[Part]| {
            // Whoever does it has a folder of its own; it is done in any order, and may be done twice.
            for part in parts.iter().rev().chain(parts.first()) {
                let own = Space::new(elsewhere.path(), 1 << 20);
                work(method, folder, part, &own)?;
            }
            Ok(())
        };
        match width {
            0 => {
                let pairs = pairs::candidates(&space, &docs).unwrap();
                assert!(pairs.len() > 60, "{}", pairs.len());
                let lists = pairs.apart(&space, docs.len()).unwrap();
                let fates = RwLock::new(fates);
                for list in &lists {
                    let proof = Proof::of(method.shingler().map(|shingler| (&texts, shingler)), &space);
                    Judge { docs: &docs, fates: &fates, most: 1, proof, space: &space }.run(list).unwrap();
                }
                let fates = fates.into_inner().unwrap();
                (0..ROWS as u32).map(|rank| fates.keeper(rank).unwrap()).collect()
            }
            width => {
                let parts = Parts::by(Box::new(others), width, &space, &mut docs).unwrap();
                let parts = Parts { rows: 60, ..parts };
                texts.settle().unwrap();
                let pairs = parts.candidates(&docs).unwrap();
                let by_texts = method.shingler().is_some();
                parts.judge(&docs, (pairs, &space), (&mut fates, 1), by_texts).unwrap();
                (0..ROWS as u32).map(|rank| fates.keeper(rank).unwrap()).collect()
            }
        }
    }

    /// Whoever does it, and in how many parts: the same rows go, for the same others.
    #[test]
    fn others_find_what_one_process_finds() {
        let exact = NearDedup::default();
        let sketch = NearDedup { verify: Verify::Sketch, ..NearDedup::default() };
        let of = NearDedup::default();
        let simhash = Method::Simhash { distance: 6, rules: of.rules() };
        for method in [Method::Near(&exact), Method::Near(&sketch), simhash] {
            let rows = sketches(method.signature().width());
            // Fingerprints are not compared with those of earlier builds.
            let earlier = if matches!(method, Method::Near(_)) { EARLIER } else { 0 };
            for case in [(0, false), (0, true), (earlier, true)] {
                let alone = judged(method, &rows, case, (0, 1));
                let gone = alone.iter().flatten().count();
                assert!((40..300).contains(&gone), "{case:?}: {gone}");
                for elsewhere in [(1, 1), (5, 4)] {
                    assert!(judged(method, &rows, case, elsewhere) == alone, "{case:?} {elsewhere:?}");
                }
            }
        }
    }
}
