//! A window: some hundred characters of a text, across stretches of Han and what stands between them, as numbers.
//!
//! Stretches of Han are short, and a loop for each would mispredict its end; so the steps of the cut go over a whole
//! window. It ends where no word can go on.

use super::tables::{ALONE, FOREIGN, INNER, SIGN, Tables};
use crate::text::classes;

/// Characters after which a window ends with the next sign.
const FULL: usize = 256;
/// Characters that a window is kept for.
const KEPT: usize = 1 << 16;
/// Bytes of a stretch behind which a sign ends it: what stands there is cut as text without Han is.
const LONGEST: usize = 64 << 10;

/// Characters of a text, and where its words begin and end.
#[derive(Default)]
pub struct Window {
    /// How many characters there are.
    pub len: usize,
    /// Numbers of characters, and behind them two signs at least.
    pub numbers: Vec<u16>,
    /// The first byte of each character in the text, and of what comes behind them.
    pub bytes: Vec<usize>,
    /// Bits by character: whether a word of the dictionary or the model begins there.
    pub starts: Vec<u64>,
    /// Bits by character: signs that are no word.
    pub signs: Vec<u64>,
    /// Bits by character: signs, and what is a word by itself.
    pub breaks: Vec<u64>,
    /// Parts that other rules cut, each at a sign: its place, and its bytes.
    foreign: Vec<(usize, usize, usize)>,
}

/// What a text is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Words of Han; the rest is foreign.
    Words,
    /// All of jieba's tokens but white space.
    Tokens,
}

impl Window {
    /// Reads the characters from `at`, and gives the place behind them. `stretch` is where the stretch of Han began that
    /// the text is in, if it is in one.
    pub fn fill(&mut self, tables: &Tables, text: &str, at: usize, stretch: &mut Option<usize>, how: Reading) -> usize {
        self.len = 0;
        self.foreign.clear();
        let mut at = at;
        while at < text.len() {
            if self.len + 8 > self.numbers.len() {
                let more = (self.len * 2).max(FULL * 2);
                self.numbers.resize(more, SIGN);
                self.bytes.resize(more, 0);
            }
            let number = match (how, *stretch) {
                (Reading::Tokens, _) => self.read_token(tables, text, &mut at),
                (Reading::Words, Some(from)) => self.read_word(tables, text, &mut at, from, stretch),
                (Reading::Words, None) => {
                    let han = next_han(text, at);
                    self.foreign.push((self.len, at, han));
                    self.push(SIGN, at);
                    (at, *stretch) = (han, Some(han));
                    SIGN
                }
            };
            if number < INNER && self.len >= FULL {
                break;
            }
        }
        let behind = self.len;
        self.push(SIGN, at);
        self.push(SIGN, at);
        self.len = behind;
        at
    }

    #[inline(always)]
    fn push(&mut self, number: u16, at: usize) {
        self.numbers[self.len] = number;
        self.bytes[self.len] = at;
        self.len += 1;
    }

    /// Reads a character of a stretch of Han, or many; gives the number of the last, or ends the stretch.
    #[inline(always)]
    fn read_word(
        &mut self,
        tables: &Tables,
        text: &str,
        at: &mut usize,
        from: usize,
        stretch: &mut Option<usize>,
    ) -> u16 {
        let all = text.as_bytes();
        let near = &all[..all.len().min(from + LONGEST)];
        let room = self.numbers.len() - 4;
        let (mut here, mut len, mut number) = (*at, self.len, INNER);
        // Nearly all characters have three bytes.
        while let Some(&[a, b, c]) = near.get(here..).and_then(|rest| rest.first_chunk::<3>()) {
            if a & 0xF0 != 0xE0 || len >= room {
                break;
            }
            let c = u16::from(a) << 12 | u16::from(b & 63) << 6 | u16::from(c & 63);
            let next = tables.plane(c);
            if next == FOREIGN {
                break;
            }
            number = next;
            self.numbers[len] = number;
            self.bytes[len] = here;
            (here, len) = (here + 3, len + 1);
            if len >= FULL && number < INNER {
                break;
            }
        }
        if len > self.len {
            (*at, self.len) = (here, len);
            return number;
        }
        let Some(c) = text[here..].chars().next() else { return SIGN };
        let number = match tables.number(c) {
            _ if c.is_ascii() && !c.is_ascii_whitespace() && c != '\u{b}' => FOREIGN,
            SIGN if here - from >= LONGEST => FOREIGN,
            number => number,
        };
        if number == FOREIGN {
            *stretch = None;
            return INNER;
        }
        self.push(number, here);
        *at = here + c.len_utf8();
        number
    }

    /// Reads a character of a text that jieba cuts as a whole.
    #[inline(always)]
    fn read_token(&mut self, tables: &Tables, text: &str, at: &mut usize) -> u16 {
        let Some(c) = text[*at..].chars().next() else { return SIGN };
        let number = match tables.number(c) {
            number if number >= INNER => number,
            _ if c.is_whitespace() => SIGN,
            _ => ALONE,
        };
        self.push(number, *at);
        *at += c.len_utf8();
        number
    }

    /// How many words of Han the window has.
    pub fn count(&self) -> usize {
        self.starts.iter().zip(&self.signs).map(|(starts, signs)| (starts & !signs).count_ones() as usize).sum()
    }

    /// The parts that other rules cut.
    pub fn foreign<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
        self.foreign.iter().map(|(_, from, to)| &text[*from..*to])
    }

    /// Calls `word` with each word and `foreign` with each part that other rules cut, in the order of the text.
    pub fn each<'a, F>(
        &self,
        text: &'a str,
        found: &mut F,
        word: impl Fn(&mut F, &'a str),
        foreign: impl Fn(&mut F, &'a str),
    ) {
        let mut parts = self.foreign.iter().peekable();
        let mut open = None;
        for (block, (starts, signs)) in self.starts.iter().zip(&self.signs).enumerate() {
            let mut ends = starts | signs;
            while ends != 0 {
                let at = block << 6 | ends.trailing_zeros() as usize;
                let bit = ends & ends.wrapping_neg();
                ends ^= bit;
                if let Some(from) = open.take() {
                    word(found, &text[from..self.bytes[at]]);
                }
                if signs & bit == 0 {
                    open = Some(self.bytes[at]);
                } else if let Some((_, from, to)) = parts.next_if(|part| part.0 == at) {
                    foreign(found, &text[*from..*to]);
                }
            }
        }
        if let Some(from) = open {
            word(found, &text[from..self.bytes[self.len]]);
        }
    }

    /// Frees what a very long stretch took.
    pub fn shrink(&mut self) {
        if self.numbers.len() > KEPT * 2 {
            *self = Window::default();
        }
    }
}

/// Where the next Han character stands, or the end.
fn next_han(text: &str, from: usize) -> usize {
    // No Han character begins with a byte below.
    const LEAST: u8 = 0xE2;
    let (table, bytes) = (classes::table(), text.as_bytes());
    let mut at = from;
    loop {
        while bytes.get(at..).and_then(|b| b.first_chunk::<16>()).is_some_and(|b| b.iter().all(|b| *b < LEAST)) {
            at += 16;
        }
        at += bytes[at..].iter().take_while(|b| **b < LEAST).count();
        match text[at..].chars().next() {
            Some(c) if !classes::is_han(table.get(c)) => at += c.len_utf8(),
            _ => return at,
        }
    }
}
