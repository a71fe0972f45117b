//! What is compared: windows of the texts that may be repeated, where they are, and what becomes of their rows.

use std::ops::Range;

use super::{Stay, SubstringDedup, Whole};
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::spill::sorter::Sorter;
use crate::spill::texts::{Texts, Writer};
use crate::stages::marks::verdict::Verdict;
use crate::text::sentences::within;
use crate::text::substrings::{ANCHOR_BITS, Anchors, PRINT_BITS, Prints, in_bytes};
use crate::{Error, Result};

/// Bits of a place.
pub const PLACE_BITS: u32 = 128 - PRINT_BITS;
/// Bits of how many windows follow one another.
pub const COUNT_BITS: u32 = 24;
/// Bytes of a place and how many windows are there.
pub const COVERED: usize = (PLACE_BITS + COUNT_BITS) as usize / 8;

/// Stretches that are remembered for each row.
const CELLS: usize = 16;

/// The rows that were read again.
pub struct Candidates {
    /// Row key, and the place behind the row.
    pub rows: Flat,
    pub texts: Texts,
    /// Hash and place of each window that may be repeated.
    pub windows: Sorter,
    /// Place and number of windows in a row that are known to be.
    pub covered: Sorter,
    /// The place behind the last row.
    pub places: u64,
}

/// [`Candidates`] while they are gathered, a row at a time.
pub struct Gathered {
    keep: Stay,
    window: usize,
    anchors: Anchors,
    recent: Recent,
    windows: Sorter,
    covered: Sorter,
    rows: Flat,
    texts: Writer,
    /// The place of the next row's first character.
    place: u64,
    /// Where windows of the row start that share an anchor which occurs twice.
    runs: Vec<Range<usize>>,
    /// The hashes of one of these.
    of_run: Vec<u128>,
}

impl Gathered {
    /// Of so many rows at most.
    pub fn new(options: &SubstringDedup, space: &Space, rows: usize) -> Result<Self> {
        let window = options.min_chars as usize;
        // More than a few for each row would be filled for nothing.
        let cells = (space.budget / 8 / size_of::<(Stretch, u64)>()).min(rows.saturating_mul(CELLS)).max(1);
        let cells = vec![Default::default(); cells];
        Ok(Gathered {
            keep: options.keep,
            window,
            anchors: Anchors::new(window),
            recent: Recent { cells, window: window as u64 },
            windows: space.sorter("windows", 16),
            covered: space.small_sorter("covered", COVERED),
            rows: space.flat("rows", 16),
            texts: Writer::new(space)?,
            place: 0,
            runs: Vec::new(),
            of_run: Vec::new(),
        })
    }

    /// Adds a row with its text, and of it the windows that have one of the anchors `own`, which are sorted.
    pub fn add(&mut self, ord: u64, text: &str, own: &[u64], salt: u128) -> Result<()> {
        let (mut count, mut listed) = (0, false);
        let runs = &mut self.runs;
        runs.clear();
        self.anchors.each(text, |anchor, another| {
            if another {
                listed = own.binary_search(&(anchor ^ short(salt))).is_ok();
                runs.extend(listed.then_some(count..count));
            }
            count += 1;
            if let Some(run) = runs.last_mut().filter(|_| listed) {
                run.end = count;
            }
        });
        let mut prints = Prints::new(text, self.window);
        for run in runs {
            prints.of(run.clone(), &mut self.of_run);
            self.of_run.iter_mut().for_each(|print| *print ^= salt);
            let stretch = Stretch { first: self.of_run[0], last: self.of_run[run.len() - 1], count: run.len() };
            let start = self.place + run.start as u64;
            if self.keep == Stay::First && self.recent.had(stretch, start) {
                self.covered.push(u128::from(start) << COUNT_BITS | run.len() as u128)?;
                continue;
            }
            for (print, place) in self.of_run.iter().zip(start..) {
                self.windows.push(print << PLACE_BITS | u128::from(place))?;
            }
        }
        // No window reaches from one row into the next.
        self.place += (count + self.window) as u64;
        self.rows.push(&[ord.to_le_bytes(), self.place.to_le_bytes()].concat())?;
        self.texts.add(self.rows.len() - 1, &[text])
    }

    pub fn finish(self) -> Result<Candidates> {
        fits(self.place)?;
        let Gathered { rows, texts, windows, covered, place: places, .. } = self;
        Ok(Candidates { rows, texts: texts.finish()?, windows, covered, places })
    }
}

/// Sees to it that all places can be numbered.
pub fn fits(places: u64) -> Result<()> {
    if places >> PLACE_BITS == 0 {
        return Ok(());
    }
    let what = format!("rows that may hold repeated text have {places} characters; 2^{PLACE_BITS} can be compared");
    Err(Error::other(what, "let `exact_dedup` and `near_dedup` drop rows before, or build the parts on their own"))
}

/// Windows that share an anchor, and stand in a row.
#[derive(Clone, Copy, Default, PartialEq)]
struct Stretch {
    first: u128,
    last: u128,
    count: usize,
}

/// Such stretches that came by lately, and where: what is there again need not be sorted. A stretch of windows with the
/// same anchor is shorter than two of them, so the first and the last tell all. It saves work and changes nothing.
struct Recent {
    cells: Vec<(Stretch, u64)>,
    window: u64,
}

impl Recent {
    /// Whether the stretch at `place` stood before, and does not overlap the place where.
    fn had(&mut self, stretch: Stretch, place: u64) -> bool {
        let at = (stretch.first as u64 ^ stretch.last as u64) as usize % self.cells.len();
        let cell = &mut self.cells[at];
        if cell.0 == stretch {
            return place >= cell.1 + self.window;
        }
        *cell = (stretch, place);
        false
    }
}

/// The places of windows that are repeated, out of sorted `hash << PLACE_BITS | place`: each with a count of one.
pub fn repeated(options: &SubstringDedup, windows: Sorter, mut covered: impl FnMut(u128) -> Result<()>) -> Result<()> {
    let window = u64::from(options.min_chars);
    let (mut current, mut first) = (None, 0);
    // Where the hash stands before it is known to be repeated.
    let mut waiting: Vec<u64> = Vec::new();
    windows.drain(&mut |record| {
        let (hash, place) = (record >> PLACE_BITS, (record & ((1 << PLACE_BITS) - 1)) as u64);
        if current != Some(hash) {
            (current, first) = (Some(hash), place);
            waiting.clear();
        }
        if place < first + window {
            if options.keep == Stay::None {
                waiting.push(place);
            }
            return Ok(());
        }
        waiting.drain(..).chain([place]).try_for_each(|place| covered(u128::from(place) << COUNT_BITS | 1))
    })
}

/// Goes over rows with what is covered of them, and hands over those of which something becomes; how many stretches there
/// are.
pub fn judged(
    options: &SubstringDedup,
    (rows, texts): (Flat, Texts),
    covered: Sorter,
    found: &mut dyn FnMut(&Verdict) -> Result<()>,
) -> Result<u64> {
    let mut judge = Judge { options, found, rows, texts, doc: 0, start: 0, end: 0, spans: Vec::new(), stretches: 0 };
    covered
        .drain(&mut |record| judge.cover((record >> COUNT_BITS) as u64, record as usize & ((1 << COUNT_BITS) - 1)))?;
    judge.row()?;
    Ok(judge.stretches)
}

/// The salt of a scope for anchors.
pub fn short(salt: u128) -> u64 {
    (salt >> (PRINT_BITS - ANCHOR_BITS)) as u64
}

/// Rows in order, with the windows in them that are repeated.
struct Judge<'a> {
    options: &'a SubstringDedup,
    found: &'a mut dyn FnMut(&Verdict) -> Result<()>,
    rows: Flat,
    texts: Texts,
    /// The row at hand, and the places where it starts and ends.
    doc: usize,
    start: u64,
    end: u64,
    /// Its characters that are covered.
    spans: Vec<(usize, usize)>,
    stretches: u64,
}

impl Judge<'_> {
    /// The next windows that are repeated, `count` in a row.
    fn cover(&mut self, place: u64, count: usize) -> Result<()> {
        while place >= self.end {
            self.row()?;
            // Before the first one none has ended.
            self.doc += usize::from(self.end > 0);
            (self.start, self.end) = (self.end, self.number(8)?);
        }
        let start = (place - self.start) as usize;
        let end = start + count - 1 + self.options.min_chars as usize;
        match self.spans.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => self.spans.push((start, end)),
        }
        Ok(())
    }

    /// A number of the row at hand: its key, or behind that the place where it ends.
    fn number(&self, at: usize) -> Result<u64> {
        let (mut record, mut bytes) = ([0; 16], [0; 8]);
        self.rows.get(self.doc, &mut record)?;
        bytes.copy_from_slice(&record[at..at + 8]);
        Ok(u64::from_le_bytes(bytes))
    }

    /// All windows of the row at hand have come.
    fn row(&mut self) -> Result<()> {
        if self.spans.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let text = self.texts.read(self.doc, &mut bytes)?;
        self.stretches += self.spans.len() as u64;
        let mut spans = in_bytes(text, &std::mem::take(&mut self.spans));
        if self.options.whole == Whole::Sentences {
            spans = within(text, &spans);
        }
        let share = spans.iter().map(|(start, end)| end - start).sum::<usize>() as f64 / text.len().max(1) as f64;
        if spans.is_empty() || (!self.options.cuts() && share < self.options.share) {
            return Ok(());
        }
        let ord = self.number(0)?;
        (self.found)(&Verdict { ord, spans, share })
    }
}
