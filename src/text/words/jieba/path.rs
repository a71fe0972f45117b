//! The cut of a window: the most probable way through the words of the dictionary, then the model for what it leaves.

use super::hidden;
use super::tables::{ALONE, INNER, NO_ROW, SIGN, Tables, WEIGHT, filter};
use super::window::Window;

/// A word of three characters and more.
#[derive(Clone, Copy, Default)]
struct Long {
    at: usize,
    len: usize,
    weight: u32,
}

/// Scratch of a cut.
#[derive(Default)]
pub struct Path {
    /// By character: the cell of the pair that begins there, and the node of the first such pair.
    places: Vec<u32>,
    cells: Vec<u64>,
    /// By character: the node of the pair.
    nodes: Vec<u32>,
    /// By character: the place of that pair's weight.
    pairs: Vec<u32>,
    /// Characters at which a longer word may begin.
    hits: Vec<u32>,
    /// The longer words, by place and length.
    longs: Vec<Long>,
    /// By character: how probable the rest of its stretch is.
    rest: Vec<f64>,
    /// By character: how long its word is.
    steps: Vec<u32>,
    rows: Vec<u16>,
    back: Vec<u8>,
}

impl Path {
    /// Finds the words of a window.
    pub fn cut(&mut self, tables: &Tables, window: &mut Window, text: &str) {
        let len = window.len;
        if self.nodes.len() < len + 2 {
            let room = (len + 2).next_multiple_of(1024);
            self.places.resize(room, 0);
            self.cells.resize(room, 0);
            self.nodes.resize(room, 0);
            self.pairs.resize(room, 0);
            self.hits.resize(room, 0);
            self.rest.resize(room, 0.0);
            self.steps.resize(room, 1);
            self.back.resize(room, 0);
        }
        let hits = self.find_pairs(tables, &window.numbers[..len + 2]);
        self.find_longer(tables, &window.numbers[..len], hits);
        self.find_best(tables, &window.numbers[..len]);
        self.mark(window);
        self.guess(tables, window, text);
    }

    /// Looks up each pair; gives the number of those that a third character may follow.
    #[inline(never)]
    fn find_pairs(&mut self, tables: &Tables, numbers: &[u16]) -> usize {
        // A loop for each load, so that many of them are under way at once.
        let out = self.places.iter_mut().zip(&mut self.nodes);
        for (two, (place, node)) in numbers.windows(2).zip(out) {
            let &[one, two] = two else { continue };
            (*place, *node) = tables.cell(one, two);
        }
        for (place, cell) in self.places[..numbers.len()].iter().zip(&mut self.cells) {
            *cell = tables.cells[*place as usize];
        }
        let cells = self.cells.iter().zip(&mut self.nodes);
        for (two, (cell, node)) in numbers[1..].iter().zip(cells) {
            *node = Tables::pair(*cell, *node, *two);
        }
        for (node, pair) in self.nodes[..numbers.len()].iter().zip(&mut self.pairs) {
            *pair = tables.data[*node as usize];
        }
        let mut hits = 0;
        for (at, (three, pair)) in numbers[2..].iter().zip(&mut self.pairs).enumerate() {
            self.hits[hits] = at as u32;
            hits += usize::from(*pair & filter(*three) != 0);
            *pair &= WEIGHT;
        }
        hits
    }

    /// Finds words of three characters and more.
    #[inline(never)]
    fn find_longer(&mut self, tables: &Tables, numbers: &[u16], hits: usize) {
        self.longs.clear();
        for at in self.hits[..hits].iter().map(|at| *at as usize) {
            let mut node = self.nodes[at];
            for (len, number) in numbers.get(at + 2..).unwrap_or_default().iter().enumerate() {
                if tables.data[node as usize] & filter(*number) == 0 {
                    break;
                }
                let Some(child) = tables.child(node, *number) else { break };
                node = child;
                let weight = tables.data[node as usize] & WEIGHT;
                if weight > 0 {
                    self.longs.push(Long { at, len: len + 3, weight });
                }
            }
        }
    }

    /// Finds how long the word at each character is on the most probable way. Sums are made in jieba's order, so they are
    /// the same to the bit; of equally probable words the longer is taken.
    #[inline(never)]
    fn find_best(&mut self, tables: &Tables, numbers: &[u16]) {
        let len = numbers.len();
        (self.rest[len], self.rest[len + 1]) = (0.0, 0.0);
        let (mut rest, mut behind) = (0.0, 0.0);
        let mut longs = self.longs.as_slice();
        let mut next = longs.last().map_or(usize::MAX, |word| word.at);
        let pairs = numbers.iter().zip(&self.pairs[..len]).zip(&mut self.steps[..len]);
        for (at, ((number, pair), step)) in pairs.enumerate().rev() {
            let one = tables.singles[*number as usize] + rest;
            let two = tables.weights[*pair as usize] + behind;
            let mut best = if one > two { one } else { two };
            *step = 1 + u32::from(two >= one);
            while at == next {
                let Some((word, others)) = longs.split_last() else { break };
                let all = tables.weights[word.weight as usize] + self.rest[at + word.len];
                if all > best || all == best && word.len as u32 > *step {
                    (best, *step) = (all, word.len as u32);
                }
                longs = others;
                next = longs.last().map_or(usize::MAX, |word| word.at);
            }
            if *number < INNER {
                best = 0.0;
            } else if best == f64::NEG_INFINITY {
                // It begins words, but none that is here, and is none.
                (best, *step) = (tables.unknown() + rest, 1);
            }
            self.rest[at] = best;
            (behind, rest) = (rest, best);
        }
    }

    /// Marks the first characters of the words, and the signs.
    #[inline(never)]
    fn mark(&mut self, window: &mut Window) {
        let Window { numbers, starts, signs, breaks, len, .. } = window;
        starts.clear();
        signs.clear();
        breaks.clear();
        let mut at = 0;
        for (block, numbers) in numbers[..*len].chunks(64).enumerate() {
            let (mut sign, mut stop) = (0, 0);
            let (fours, others) = numbers.as_chunks::<4>();
            for (at, number) in others.iter().enumerate() {
                sign |= u64::from(*number == SIGN) << at;
                stop |= u64::from(*number < INNER) << at;
            }
            for four in fours.iter().rev() {
                let four = four.iter().rev().fold(0, |all, number| all << 16 | u64::from(*number));
                sign = sign << 4 | zeros(four);
                stop = stop << 4 | zeros(four & ALL_BUT_ALONE);
            }
            breaks.push(stop);
            let (from, mut start) = (block * 64, 0);
            while let Some(step) = self.steps[..from + numbers.len()].get(at) {
                start |= 1 << (at & 63);
                at += *step as usize;
            }
            starts.push(start & !sign);
            signs.push(sign);
        }
    }

    /// Cuts again what is left as single characters, two and more in a row: by the model, unless they are a word.
    #[inline(never)]
    fn guess(&mut self, tables: &Tables, window: &mut Window, text: &str) {
        // A character is a word where another begins behind it, or a sign or the end is there.
        let last = window.len - 1;
        let bits = |window: &Window, block: usize| match (window.starts.get(block), window.signs.get(block)) {
            (Some(starts), Some(signs)) => (*starts, starts | signs),
            _ => (0, 1),
        };
        let mut longs = 0;
        let mut run: Option<usize> = None;
        let (mut starts, mut ends) = bits(window, 0);
        for block in 0..window.starts.len() {
            let (next_starts, next_ends) = bits(window, block + 1);
            if block == last >> 6 && last & 63 < 63 {
                ends |= 2 << (last & 63);
            }
            let mut singles = starts & (ends >> 1 | next_ends << 63) & !window.breaks[block];
            let mut from = 0;
            while from < 64 {
                if run.is_none() {
                    if singles == 0 {
                        break;
                    }
                    from = singles.trailing_zeros();
                    run = Some(block * 64 + from as usize);
                }
                let to = from + (!(singles >> from)).trailing_zeros();
                if to >= 64 {
                    break;
                }
                let begin = run.take().unwrap_or_default();
                self.again(tables, window, text, begin, block * 64 + to as usize, &mut longs);
                singles &= u64::MAX << to;
                from = to;
            }
            (starts, ends) = (next_starts, next_ends);
        }
        if let Some(begin) = run {
            self.again(tables, window, text, begin, window.len, &mut longs);
        }
    }

    /// Cuts a run of single characters again. `longs` is the place of the first longer word that may stand there.
    #[inline(always)]
    fn again(&mut self, tables: &Tables, window: &mut Window, text: &str, from: usize, to: usize, longs: &mut usize) {
        if to - from < 2 {
            return;
        }
        let is_word = if to - from == 2 {
            self.pairs[from] > 0
        } else {
            while self.longs.get(*longs).is_some_and(|word| word.at < from) {
                *longs += 1;
            }
            self.longs[*longs..].iter().take_while(|word| word.at == from).any(|word| word.len == to - from)
        };
        if !is_word {
            self.join(tables, window, text, from, to);
        }
    }

    /// Joins characters to words by the model, and those that it does not cut by their kind.
    fn join(&mut self, tables: &Tables, window: &mut Window, text: &str, from: usize, to: usize) {
        let Window { starts, bytes, numbers, .. } = window;
        self.rows.clear();
        self.rows.extend(numbers[from..to].iter().map(|number| tables.rows[*number as usize]));
        if !self.rows.contains(&NO_ROW) {
            return hidden::join(tables, &self.rows, from, starts, &mut self.back);
        }
        let mut at = from;
        for run in self.rows.chunk_by(|a, b| (*a == NO_ROW) == (*b == NO_ROW)) {
            if run[0] == NO_ROW {
                let clear = |place: usize| starts[(at + place) >> 6] &= !(1 << ((at + place) & 63));
                join_strange(text.as_bytes(), &bytes[at..at + run.len()], clear);
            } else if run.len() > 1 {
                hidden::join(tables, run, at, starts, &mut self.back);
            }
            at += run.len();
        }
    }

    /// Frees what a very long stretch took.
    pub fn shrink(&mut self) {
        if self.nodes.len() > 1 << 18 {
            *self = Path::default();
        }
    }
}

/// Of four numbers, takes away what tells [`ALONE`] from [`SIGN`].
const ALL_BUT_ALONE: u64 = !(ALONE as u64 * 0x0001_0001_0001_0001);

/// Which of four numbers are 0, a bit each.
#[inline(always)]
fn zeros(four: u64) -> u64 {
    const LOW: u64 = 0x7FFF_7FFF_7FFF_7FFF;
    let zeros = !(((four & LOW) + LOW) | four | LOW);
    (zeros >> 15).wrapping_mul(0x0001_0002_0004_0008) >> 48 & 15
}

/// Joins characters that the model does not cut, each given by its first byte: letters and digits of ASCII with `.`, `_`
/// or `-` between them, and `%` behind them, are a word; what stands between such words is one.
fn join_strange(text: &[u8], places: &[usize], mut joined: impl FnMut(usize)) {
    let byte = |at: usize| places.get(at).map_or(0, |place| text[*place]);
    let inner = |at: usize| byte(at).is_ascii_alphanumeric();
    let mut at = 0;
    while at < places.len() {
        let from = at;
        if inner(at) {
            while inner(at) || matches!(byte(at), b'.' | b'_' | b'-') && inner(at + 1) {
                at += 1;
            }
            at += usize::from(byte(at) == b'%');
        } else {
            while at < places.len() && !inner(at) {
                at += 1;
            }
        }
        (from + 1..at).for_each(&mut joined);
    }
}
