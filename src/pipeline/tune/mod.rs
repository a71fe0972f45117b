//! The limits of a finished build, looked at again: how the signal of each is distributed over the rows that reach its
//! stage, what another value would drop, and which rows lie just on either side.
//!
//! All comes from the unit files and the drops of the work folder: nothing is measured, decided or written. What a limit
//! decides is found without asking the rules once for each value: of each row it is known which limits it keeps to, and so
//! whether it would go if one limit held, or did not. Where these two differ the limit decides, and how many of such rows
//! lie beyond a value is how many that value would drop.

mod blocks;
mod counts;
mod edges;
mod rows;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub use counts::{Bin, Neighbour};

use super::publish::manifest::{Manifest, StageLine};
use crate::Result;
use crate::recipe::Only;
use crate::stages::clause::{Bound, Clause, Limit, Side};
use crate::stages::percentile::Found;
use blocks::Blocks;
use counts::{Column, Counted};
use rows::Units;

/// A stage whose limits are looked at.
#[derive(Clone, Debug)]
pub struct Judging {
    /// Its name.
    pub name: String,
    /// Its place among all stages, by which columns are named.
    pub number: usize,
    /// Its place in the funnel.
    pub place: usize,
    /// Its rules: all must hold.
    pub rules: Vec<Clause>,
    /// Which rows it is for.
    pub only: Only,
    /// What its percentiles are in the corpus.
    pub found: Vec<Found>,
}

/// The stages of a build that judge by limits, in order.
pub fn judging(manifest: &Manifest) -> Vec<Judging> {
    let of = |(place, line): (usize, &StageLine)| {
        let plain = Clause { limits: line.rules.clone(), ..Clause::default() };
        let rules: Vec<Clause> = std::iter::once(plain).filter(|c| !c.is_empty()).chain(line.clauses.clone()).collect();
        let (name, number, only, found) = (line.name.clone(), line.number?, line.only.clone(), line.limits.clone());
        (!rules.is_empty()).then_some(Judging { name, number, place, rules, only, found })
    };
    manifest.stages.iter().enumerate().filter_map(of).collect()
}

/// A row near a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    /// What it has.
    pub value: f64,
    /// Its id, as far as is known without looking at the output: several where that leaves a choice.
    pub ids: Vec<String>,
}

/// A limit with the distribution of its signal around it.
#[derive(Clone, Debug)]
pub struct LimitReport {
    /// Its key within the stage: `chars.max`, `any[0].chars.min`.
    pub key: String,
    /// The signal.
    pub signal: String,
    /// Whether what is greater fails it; else what is less.
    pub upper: bool,
    /// The value.
    pub limit: f64,
    /// The percentile that it is, where the recipe says it so.
    pub percentile: Option<f64>,
    /// Whether values are whole numbers.
    pub whole: bool,
    /// Rows that reach the stage and have the signal.
    pub rows: u64,
    /// Those that fail it.
    pub beyond: u64,
    /// Those that go and would stay if this limit were another.
    pub alone: u64,
    /// The least and the greatest value.
    pub range: (f64, f64),
    /// The distribution.
    pub bins: Vec<Bin>,
    /// Other values, and what each would drop; this one among them, ascending.
    pub neighbours: Vec<Neighbour>,
    /// Rows just on the side that fails, the nearest first.
    pub failing: Vec<Near>,
    /// Rows just on the side that holds.
    pub holding: Vec<Near>,
}

/// What is known of the limits of a stage.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The stage.
    pub name: String,
    /// Rows that reach it and that it is for.
    pub reached: u64,
    /// Those that it drops.
    pub drops: u64,
    /// Its limits that are numbers.
    pub limits: Vec<LimitReport>,
    /// Keys of limits that are not looked at, and why.
    pub left: Vec<(String, String)>,
}

/// Which limits are reported, and how finely.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// Only limits with this key or signal.
    pub key: Option<&'a str>,
    /// Look at them as though this were their value.
    pub at: Option<f64>,
    /// Rows on each side.
    pub near: usize,
    /// Further values of which it is said what they would drop: so many places of the distribution.
    pub points: usize,
}

/// Reports on the limits of stages.
///
/// # Errors
/// [`crate::Error::Input`] where the work folder does not hold what the build was made of; a file that cannot be read.
pub fn tune(manifest: &Manifest, work: &Path, stages: &[Judging], asked: &Question<'_>) -> Result<Vec<Tuned>> {
    Opened::new(manifest, work)?.tune(manifest, stages, asked)
}

/// What a build was made of, opened once for many looks: two bytes a row, and two bits for each limit of the stage looked
/// at last.
pub struct Opened {
    units: Units,
    /// The stage that was looked at last, and its rows.
    last: Mutex<Option<(String, Arc<Blocks>)>>,
}

impl Opened {
    /// Opens the work folder of a build.
    ///
    /// # Errors
    /// As [`tune`].
    pub fn new(manifest: &Manifest, work: &Path) -> Result<Opened> {
        Ok(Opened { units: Units::open(manifest, work)?, last: Mutex::new(None) })
    }

    /// Reports on the limits of stages.
    ///
    /// # Errors
    /// As [`tune`].
    pub fn tune(&self, manifest: &Manifest, stages: &[Judging], asked: &Question<'_>) -> Result<Vec<Tuned>> {
        stages.iter().map(|stage| tuned(self, manifest, stage, asked)).collect()
    }

    /// The rows of a stage: looked at once for looks at the same stage.
    fn blocks(&self, stage: &Judging, make: impl FnOnce() -> Result<Blocks>) -> Result<Arc<Blocks>> {
        let Ok(mut last) = self.last.lock() else { return make().map(Arc::new) };
        if let Some((_, blocks)) = last.as_ref().filter(|last| last.0 == stage.name) {
            return Ok(blocks.clone());
        }
        *last = None;
        let blocks = Arc::new(make()?);
        *last = Some((stage.name.clone(), blocks.clone()));
        Ok(blocks)
    }
}

/// A limit that is looked at, its key, the value it is looked at with, and the percentile that it is.
type Wanted<'l> = (&'l Limit, String, f64, Option<f64>);

fn tuned(opened: &Opened, manifest: &Manifest, stage: &Judging, question: &Question<'_>) -> Result<Tuned> {
    let units = &opened.units;
    let clause = Clause::of(stage.rules.clone());
    let signals = clause.signals();
    let asked = clause.asked(&signals);
    let limits: Vec<Limit> = asked.limits().into_iter().cloned().collect();
    let blocks = opened.blocks(stage, || Blocks::of(units, manifest, stage, (&asked, &signals, &limits)))?;
    let keys = stage.rules.iter().flat_map(Clause::keys);
    let mut left = Vec::new();
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for (limit, path) in limits.iter().zip(keys) {
        if question.key.is_some_and(|key| key != path && key != limit.signal && !path.ends_with(&format!(".{key}"))) {
            continue;
        }
        match bound(stage, limit) {
            Ok(Some((value, percentile))) => wanted.push((limit, path, question.at.unwrap_or(value), percentile)),
            Ok(None) => {}
            Err(why) => left.push((path, why)),
        }
    }
    // A column is read once for all limits on its signal.
    let mut signals: Vec<&str> = wanted.iter().map(|(limit, ..)| limit.signal.as_str()).collect();
    signals.sort_unstable();
    signals.dedup();
    let counted = parallel(&signals, |signal| {
        let mine = wanted.iter().enumerate().filter(|(_, wanted)| wanted.0.signal.as_str() == *signal);
        let limits: Vec<(usize, &Limit, f64)> = mine.map(|(number, wanted)| (number, wanted.0, wanted.2)).collect();
        let column = Column::read(units, stage, &blocks, signal)?;
        Ok(column.map(|column| column.counted(&blocks, &limits, (question.near, question.points))).unwrap_or_default())
    })?;
    let mut counted: Vec<(usize, Counted)> = counted.into_iter().flatten().collect();
    counted.sort_by_key(|(number, _)| *number);
    let counted: Vec<(Counted, String, Option<f64>)> =
        counted.into_iter().map(|(number, counted)| (counted, wanted[number].1.clone(), wanted[number].3)).collect();
    let places = counted.iter().flat_map(|(counted, ..)| counted.places());
    let ids = units.ids(manifest, places.collect())?;
    let limits = counted.into_iter().map(|(counted, path, percentile)| counted.into_report(path, percentile, &ids));
    Ok(Tuned {
        name: stage.name.clone(),
        reached: blocks.reached(),
        drops: blocks.drops(),
        limits: limits.collect(),
        left,
    })
}

/// The value of a limit, and its percentile; none where it is a list of words.
fn bound(stage: &Judging, limit: &Limit) -> Result<Option<(f64, Option<f64>)>, String> {
    let (Side::Min(bound) | Side::Max(bound)) = limit.side else { return Ok(None) };
    match bound {
        Bound::Value(value) => Ok(Some((value, None))),
        Bound::Percentile { per: Some(_), .. } => Err("it is another value for each source or language".into()),
        Bound::Percentile { percentile, .. } => {
            let upper = matches!(limit.side, Side::Max(_));
            let asked = |f: &&Found| {
                let p = &f.percentile;
                p.signal == limit.signal && p.upper == upper && p.percentile == percentile && p.per.is_none()
            };
            let found = stage.found.iter().find(asked).and_then(|found| found.for_source("").of(""));
            let value = found.ok_or("what the percentile is in the corpus is known after a build")?;
            Ok(Some((value, Some(percentile))))
        }
    }
}

/// Works on items on all cores; results come in the order of the items.
pub(crate) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len()).max(1);
    let done: Vec<Result<Vec<(usize, R)>>> = std::thread::scope(|scope| {
        let run = || {
            let mut done = Vec::new();
            while let Some((at, item)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
            {
                done.push((at, work(item)?));
            }
            Ok(done)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let joined = running.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    });
    let mut all = BTreeMap::new();
    for part in done {
        all.extend(part?);
    }
    Ok(all.into_values().collect())
}
