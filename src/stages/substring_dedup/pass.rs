//! Stretches of text compared over all rows, and what becomes of them and of their rows.
//!
//! ```text
//! mark      anchors and rows, sorted: the anchors that occur twice, sorted back into the order of the rows
//! windows   the texts of rows that have such anchors, read again: hash and place of each window with such an anchor
//! cover     windows sorted by hash: places of those that occur again, sorted
//! judge     rows in order, with what is covered: spans to cut, or a drop
//! rescan    to cut: the scan once more, over the text without the spans
//! ```
//!
//! A place is the number of a character among all rows that were read again. Records are of at most 16 bytes, sorted in
//! memory or on disk; neither shows in what comes out.

use std::ops::Range;

use super::records::each;
use super::{COLUMN, Stay, SubstringDedup, Whole};
use crate::spill::Space;
use crate::spill::flat::Flat;
use crate::spill::sorter::Sorter;
use crate::spill::texts::{Texts, Writer};
use crate::stages::global::{Footprint, GlobalContext, GlobalPass};
use crate::stages::marks::{Fate, Marks, ROW_BITS, numbered, of_units, salt};
use crate::stages::resources::Resource;
use crate::text::figures::count;
use crate::text::sentences::within;
use crate::text::substrings::{ANCHOR_BITS, Anchors, PRINT_BITS, Prints, in_bytes, joined};
use crate::{Error, Result};

/// Bits of a place.
const PLACE_BITS: u32 = 128 - PRINT_BITS;
/// Bits of how many windows follow one another.
const COUNT_BITS: u32 = 24;

/// Units whose rows are listed at a time, before their texts are read.
const UNITS: usize = 16;

/// One run of the stage.
struct Run<'a> {
    context: &'a dyn GlobalContext,
    options: &'a SubstringDedup,
    space: Space,
}

/// The rows that were read again.
struct Candidates {
    /// Row key, and the place behind the row.
    rows: Flat,
    texts: Texts,
    /// Hash and place of each window that may be repeated.
    windows: Sorter,
    /// Place and number of windows in a row that are known to be.
    covered: Sorter,
}

/// [`Candidates`] while they are gathered, a row at a time.
struct Gathered {
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
    fn new(run: &Run<'_>) -> Result<Self> {
        let (window, space) = (run.options.min_chars as usize, &run.space);
        let cells = vec![Default::default(); (space.budget / 8 / size_of::<(Stretch, u64)>()).max(1)];
        Ok(Gathered {
            keep: run.options.keep,
            window,
            anchors: Anchors::new(window),
            recent: Recent { cells, window: window as u64 },
            windows: space.sorter("windows", 16),
            covered: space.small_sorter("covered", (PLACE_BITS + COUNT_BITS) as usize / 8),
            rows: space.flat("rows", 16),
            texts: Writer::new(space)?,
            place: 0,
            runs: Vec::new(),
            of_run: Vec::new(),
        })
    }

    /// Adds a row with its text, and of it the windows that have one of the anchors `own`, which are sorted.
    fn add(&mut self, ord: u64, text: &str, own: &[u64], salt: u128) -> Result<()> {
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

    fn finish(self) -> Result<Candidates> {
        if self.place >> PLACE_BITS != 0 {
            let what = format!(
                "rows that may hold repeated text have {} characters; 2^{PLACE_BITS} can be compared",
                self.place
            );
            return Err(Error::other(
                what,
                "let `exact_dedup` and `near_dedup` drop rows before, or build the parts on their own",
            ));
        }
        let Gathered { rows, texts, windows, covered, .. } = self;
        Ok(Candidates { rows, texts: texts.finish()?, windows, covered })
    }
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

impl GlobalPass for SubstringDedup {
    fn job(&self) -> &'static str {
        "substrings"
    }

    fn footprint(&self, _files: &[Resource]) -> Result<Footprint> {
        Ok(Footprint::default())
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        context.progress().phase("Comparing stretches", 0);
        let run = Run { context, options: self, space: context.space(0.5)? };
        let candidates = run.candidates()?;
        let read = count(candidates.rows.len() as u64);
        let (stretches, rows) = run.judge(candidates)?;
        let what = if self.cuts() { "cut" } else { "dropped" };
        let (stretches, rows) = (count(stretches), count(rows));
        context.progress().done(&format!(
            "{}: {stretches} repeated stretches in {read} rows that were compared, {rows} rows {what}",
            context.stage()
        ));
        Ok(())
    }
}

impl Run<'_> {
    /// Reads the rows again that have an anchor which occurs twice.
    fn candidates(&self) -> Result<Candidates> {
        let mut marks = self.marks()?;
        let mut gathered = Gathered::new(self)?;
        let (mut number, mut hashes) = (0, Vec::new());
        for source in self.context.sources() {
            let salt = salt(self.options.scope, source);
            for units in source.units.chunks(UNITS) {
                // Rows by unit; their anchors, and where those of each end.
                let (mut wanted, mut ords, mut marked, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                for unit in units {
                    let before = ords.len();
                    of_units(self.context, source, &[*unit], None, &mut number, &mut |row, ord, _| {
                        marks.of(row, &mut hashes)?;
                        if !hashes.is_empty() {
                            ords.push(ord);
                            marked.extend(hashes.iter().map(|hash| *hash as u64));
                            ends.push(marked.len());
                        }
                        Ok(())
                    })?;
                    wanted.extend((ords.len() > before).then(|| (*unit, ords[before..].to_vec())));
                }
                let (mut row, mut start) = (0, 0);
                self.context.texts(source, &wanted, &mut |batch, at| {
                    let mut of_row = Vec::new();
                    batch.texts(at, &mut of_row);
                    gathered.add(ords[row], &joined(&of_row), &marked[start..ends[row]], salt)?;
                    (start, row) = (ends[row], row + 1);
                    Ok(())
                })?;
            }
        }
        gathered.finish()
    }

    /// The anchors that occur twice, by row.
    fn marks(&self) -> Result<Marks> {
        let mut sorter = self.space.sorter("anchors", (ANCHOR_BITS + ROW_BITS) as usize / 8);
        numbered(self.context, self.options.scope, COLUMN, |row, _, salt, records| {
            each(records)
                .try_for_each(|anchor| sorter.push(u128::from(anchor ^ short(salt)) << ROW_BITS | u128::from(row)))
        })?;
        Ok(Marks::new(sorter, &self.space, 2, true)?.0)
    }

    /// Finds what is repeated, and judges the rows; how many stretches there are, and rows cut or dropped.
    fn judge(&self, candidates: Candidates) -> Result<(u64, u64)> {
        let Candidates { rows, texts, windows, mut covered } = candidates;
        let window = u64::from(self.options.min_chars);
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
                if self.options.keep == Stay::None {
                    waiting.push(place);
                }
                return Ok(());
            }
            waiting.drain(..).chain([place]).try_for_each(|place| covered.push(u128::from(place) << COUNT_BITS | 1))
        })?;
        let (context, options) = (self.context, self.options);
        let (spans, stretches, touched) = (Vec::new(), 0, 0);
        let mut judge = Judge {
            context,
            options,
            fate: options.fate(),
            rows,
            texts,
            doc: 0,
            start: 0,
            end: 0,
            spans,
            stretches,
            touched,
        };
        covered.drain(&mut |record| {
            judge.cover((record >> COUNT_BITS) as u64, record as usize & ((1 << COUNT_BITS) - 1))
        })?;
        judge.row()?;
        Ok((judge.stretches, judge.touched))
    }
}

/// The salt of a scope for anchors.
fn short(salt: u128) -> u64 {
    (salt >> (PRINT_BITS - ANCHOR_BITS)) as u64
}

/// Rows in order, with the windows in them that are repeated.
struct Judge<'a> {
    context: &'a dyn GlobalContext,
    options: &'a SubstringDedup,
    fate: Fate,
    rows: Flat,
    texts: Texts,
    /// The row at hand, and the places where it starts and ends.
    doc: usize,
    start: u64,
    end: u64,
    /// Its characters that are covered.
    spans: Vec<(usize, usize)>,
    stretches: u64,
    touched: u64,
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
        if spans.is_empty() || (!self.fate.cuts && share < self.options.share) {
            return Ok(());
        }
        self.touched += 1;
        let ord = self.number(0)?;
        self.fate.meet(self.context, ord, spans, share)
    }
}
