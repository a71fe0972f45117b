//! The pass. `near_dedup`: rows that are nearly the same, found by their sketches and compared by their texts. `simhash_dedup`:
//! the same by fingerprints, without any texts.
//!
//! ```text
//! rows      narrow columns in order: sketch, key of the text, what decides who stays
//! same      keys sorted: rows with the same text count as one
//! bands     sketches cut into bands, sorted; rows of a bucket make pairs
//! pairs     sorted, seen once, compared by their sketches
//! texts     of the rows in a pair: read once, in order
//! verify    in the order in which rows are to be kept, each against rows that were kept
//! drops     by unit, with the ids of the rows kept
//! ```
//!
//! Rows of earlier builds, out of their indexes, come before all others; what became of them is known.
//!
//! Every step but reading is over records of a fixed size, in memory where they fit and in files of the job's folder
//! where they do not. What comes out depends on neither.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use arrow::array::{Array, RecordBatch};

use super::columns::{CONTENT, SKETCH, TEXT, TIME, texts};
use super::docs::{Docs, Origin, Wanted};
use super::index::Earlier;
use super::method::Method;
use super::pairs::{self, Pairs};
use super::parts::{self, Parts};
use super::verify::{Fates, Judge, Proof};
use super::{Keep, NearDedup, Of};
use crate::Result;
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::spill::texts::{Texts, Writer};
use crate::stages::global::{Footprint, GlobalContext, GlobalPass, INDEX, Part, SourceRows, left_file};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::text::near::shingle::Shingler;

/// The share of the build's memory that a comparison may take.
const SHARE: f64 = 0.55;

/// Rows that are listed before their texts are read: those of several units, which are read side by side.
const LISTED: usize = 1 << 18;

/// What candidates are compared by, and by whom.
struct Compared<'a> {
    /// Their texts, where those are compared.
    texts: Option<&'a Texts>,
    /// Other processes, where they do it.
    parts: Option<&'a Parts<'a>>,
}

/// The texts, and what cuts them, where texts are compared.
fn cut<'t>(method: Method<'_>, texts: Option<&'t Texts>) -> Option<(&'t Texts, Shingler)> {
    Some((texts?, method.shingler()?))
}

/// One run of the stage.
pub(super) struct Run<'a> {
    pub(super) context: &'a dyn GlobalContext,
    pub(super) method: Method<'a>,
    pub(super) earlier: Earlier,
    pub(super) space: Space,
}

impl GlobalPass for NearDedup {
    fn job(&self) -> &'static str {
        super::JOB
    }

    fn footprint(&self, files: &[Resource]) -> Result<Footprint> {
        Method::Near(self).footprint(files)
    }

    fn counts(&self) -> bool {
        self.cluster_size
    }

    fn leaves(&self, stage: &str) -> Option<PathBuf> {
        self.index.then(|| left_file(INDEX, stage))
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        run(Method::Near(self), context)
    }

    fn part(&self, folder: &Path, part: &Part, space: &Space) -> Result<()> {
        parts::work(Method::Near(self), folder, part, space)
    }
}

/// How many rows go.
pub struct Outcome {
    /// All of them.
    pub rows: u64,
    /// Those that would stay, were the row kept in their place not published already.
    pub better: u64,
    /// Pairs that are alike, where none of their rows goes.
    pub links: u64,
}

/// Drops rows that are nearly the same as one that is kept.
pub fn run(method: Method<'_>, context: &dyn GlobalContext) -> Result<()> {
    let (space, earlier) = (context.space(SHARE)?, method.earlier(context.files())?);
    let run = Run { context, method, earlier, space };
    let outcome = run.run()?;
    let better = match outcome.better {
        0 => String::new(),
        some => format!(", {} of which would replace a published row", count(some)),
    };
    let found = match method.drops() {
        true => format!("{} duplicates{better}", count(outcome.rows)),
        false => format!("{} pairs alike, none dropped", count(outcome.links)),
    };
    context.progress().done(&format!("{}: {found}", context.stage()));
    Ok(())
}

/// Where one of `lists` lists of candidates is judged.
fn list_space(all: &Space, list: usize, lists: usize) -> Space {
    let budget = all.budget / all.threads.min(lists).max(1);
    Space { folder: all.folder.join(format!("judged-{list}")), budget, ..all.clone() }
}

impl Run<'_> {
    /// All steps.
    fn run(&self) -> Result<Outcome> {
        let progress = self.context.progress();
        progress.phase("Comparing", 0);
        let mut docs = self.docs()?;
        let most = self.method.rules().most as usize;
        let same = docs.same(&self.space, most)?;
        let parts = Parts::new(self.context, &self.space, &mut docs)?;
        let pairs = match &parts {
            Some(parts) => parts.candidates(&docs)?,
            None => pairs::candidates(&self.space, &docs)?,
        };
        progress.done(&self.method.said(pairs.len() as u64));
        let mut texts = self.method.shingler().map(|_| self.texts(&docs, &pairs)).transpose()?;
        if let (Some(texts), Some(_)) = (&mut texts, &parts) {
            texts.settle()?;
        }
        progress.phase("Verifying", 0);
        let compared = Compared { texts: texts.as_ref(), parts: parts.as_ref() };
        if !self.method.drops() {
            return self.only_links(&docs, &same, pairs, &compared);
        }
        let fates = self.judged(&docs, pairs, most, &compared)?;
        fates.links(|rank, other| self.link(&docs, rank, other))?;
        self.drops(&docs, &same, &fates)
    }

    /// Two own rows are alike, given by rank.
    fn link(&self, docs: &Docs, a: u32, b: u32) -> Result<()> {
        let (a, b) = (docs.doc_of(a)?, docs.doc_of(b)?);
        if docs.is_earlier(a) || docs.is_earlier(b) {
            return Ok(());
        }
        self.context.link(docs.ord(a)?, docs.ord(b)?)
    }

    /// Says which rows are alike, and drops none.
    fn only_links(&self, docs: &Docs, same: &[Flat], pairs: Pairs, by: &Compared<'_>) -> Result<Outcome> {
        let mut links = 0;
        let mut link = |record: &[u8]| {
            let half = |at: usize| record[at..at + 4].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
            links += 1;
            self.link(docs, half(0), half(4))
        };
        same.iter().try_for_each(|copies| copies.each(|_, record| link(record)))?;
        if let Some(parts) = by.parts {
            parts.alike(docs, (pairs, &self.space), by.texts.is_some(), &mut link)?;
            return Ok(Outcome { rows: 0, better: 0, links });
        }
        let fates = RwLock::new(Fates::new(&self.space, docs.len(), 1, &self.earlier)?);
        let lists = pairs.apart(&self.space, docs.len())?;
        let (all, method, texts) = (&self.space, self.method, by.texts);
        let found = all.side_by_side(lists.len(), |list| {
            let space = list_space(all, list, lists.len());
            let mut found = all.flat(&format!("links-{list}"), 8);
            let proof = Proof::of(cut(method, texts), &space);
            let judge = Judge { docs, fates: &fates, most: 1, proof, space: &space };
            judge.alike(&lists[list], |a, b| found.push(&[a.to_le_bytes(), b.to_le_bytes()].concat()))?;
            Ok(found)
        })?;
        found.iter().try_for_each(|list| list.each(|_, record| link(record)))?;
        Ok(Outcome { rows: 0, better: 0, links })
    }

    /// Judges the candidates: those that pairs link one after the other, others side by side.
    fn judged(&self, docs: &Docs, pairs: Pairs, most: usize, by: &Compared<'_>) -> Result<Fates> {
        let mut fates = Fates::new(&self.space, docs.len(), most, &self.earlier)?;
        if let Some(parts) = by.parts {
            parts.judge(docs, (pairs, &self.space), (&mut fates, most), by.texts.is_some())?;
            return Ok(fates);
        }
        let fates = RwLock::new(fates);
        let lists = pairs.apart(&self.space, docs.len())?;
        let (all, method, texts) = (&self.space, self.method, by.texts);
        all.side_by_side(lists.len(), |list| {
            let space = list_space(all, list, lists.len());
            let proof = Proof::of(cut(method, texts), &space);
            Judge { docs, fates: &fates, most, proof, space: &space }.run(&lists[list])
        })?;
        Ok(fates.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the rows.
    fn docs(&self) -> Result<Docs> {
        let mut priorities: Vec<i64> = self.context.sources().iter().map(|s| s.priority).collect();
        priorities.sort_unstable();
        priorities.dedup();
        let (rules, index) = (self.method.rules(), self.method.index().is_some());
        let (earlier, valued) = (self.earlier.rows(), rules.keep != Keep::First);
        let wanted = Wanted {
            ranks: priorities.len() > 1 || valued,
            values: valued && (index || earlier > 0),
            keys: index,
            contents: rules.of == Of::Prompt && rules.most > 1,
        };
        let rows = self.context.rows() + earlier as u64;
        let mut docs = Docs::new(&self.space, self.method.signature(), rows, earlier, wanted)?;
        self.earlier.add_to(&mut docs, rules.scope, || self.context.check())?;
        for source in self.context.sources() {
            let origin = Origin { source: source.name.clone(), usage: source.usage, priority: source.priority };
            docs.begin(rules.scope, origin);
            let place = priorities.iter().rev().position(|p| *p == source.priority).unwrap_or_default() as u16;
            self.rows(source, &mut |batch| docs.add(batch, place))?;
        }
        docs.rank(&self.space)?;
        Ok(docs)
    }

    /// The rows of a source that have a key: `ord`, sketch, key of the text, key of the content where that is more, and
    /// the value that decides who stays, where there is one.
    fn rows(&self, source: &SourceRows, each: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        let rules = self.method.rules();
        let [sketch, text, content, time] = [SKETCH, TEXT, CONTENT, TIME].map(|name| self.context.own(name));
        let value = match rules.keep {
            Keep::First => None,
            Keep::Longest => Some("row_bytes".to_owned()),
            Keep::Newest => Some(time),
            Keep::Best => rules.signal().and_then(|signal| self.context.signal(source, signal)),
        };
        let mut wanted = vec!["ord", &sketch, &text];
        // As `Docs` wants it: what decides who stays comes behind it.
        wanted.extend((rules.of == Of::Prompt && rules.most > 1).then_some(content.as_str()));
        wanted.extend(value.as_deref());
        self.context.scan(source, &source.units, &wanted, &mut |batch| {
            if batch.column(2).null_count() == 0 {
                return each(batch);
            }
            let keyed = arrow::compute::is_not_null(batch.column(2))?;
            each(&arrow::compute::filter_record_batch(batch, &keyed)?)
        })
    }

    /// Reads the texts of the rows that are in a pair.
    fn texts(&self, docs: &Docs, pairs: &Pairs) -> Result<Texts> {
        let progress = self.context.progress();
        progress.phase("Reading candidates", pairs.rows);
        // Docs of each unit: `(unit, first doc, one past the last)`.
        let mut units: Vec<(usize, usize, usize)> = Vec::new();
        docs.each_ord(docs.own(), |doc, ord| {
            match units.last_mut() {
                Some((unit, _, last)) if ord < self.context.unit_end(*unit) => *last = doc + 1,
                _ => units.push((self.context.unit_of(ord), doc, doc + 1)),
            }
            Ok(())
        })?;
        let mut writer = Writer::new(&self.space)?;
        let (mut listed, mut of): (Listed, Option<&SourceRows>) = Default::default();
        for (unit, first, last) in units {
            let mut ords = Vec::new();
            docs.each_ord(first..last, |doc, ord| {
                if pairs.docs.has(doc) {
                    ords.push(ord);
                    listed.docs.push(doc);
                }
                Ok(())
            })?;
            let source = self.context.sources().iter().find(|s| s.units.contains(&unit));
            let Some(source) = source.filter(|_| !ords.is_empty()) else { continue };
            if let Some(before) = of.filter(|before| before.number != source.number) {
                let later = listed.docs.split_off(listed.docs.len() - ords.len());
                self.read(
                    before,
                    std::mem::replace(&mut listed, Listed { docs: later, units: Vec::new() }),
                    &mut writer,
                )?;
            }
            (of, _) = (Some(source), listed.units.push((unit, ords)));
            if listed.docs.len() >= LISTED {
                self.read(source, std::mem::take(&mut listed), &mut writer)?;
            }
        }
        of.map_or(Ok(()), |source| self.read(source, listed, &mut writer))?;
        progress.done(&format!("{} rows", count(pairs.rows)));
        writer.finish()
    }

    /// Reads the texts of rows of a source.
    fn read(&self, source: &SourceRows, listed: Listed, writer: &mut Writer) -> Result<()> {
        let (of, count) = (self.method.rules().of, listed.docs.len());
        let mut docs = listed.docs.into_iter();
        self.context.texts(source, &listed.units, &mut |batch, row| {
            let mut of_row = Vec::new();
            texts(of, batch, row, &mut of_row);
            docs.next().map_or(Ok(()), |doc| writer.add(doc, &of_row))
        })?;
        self.context.progress().advance(count as u64);
        Ok(())
    }
}

/// Rows whose texts are to be read.
#[derive(Default)]
struct Listed {
    /// Their docs, in order.
    docs: Vec<usize>,
    /// Their keys, by unit.
    units: Vec<(usize, Vec<u64>)>,
}
