//! The dictionary and the model as the cut looks them up: a row of bits for each character that begins a word, which
//! says what may follow it, and the trie as arrays for what is longer.
//!
//! A character's *number* is `cell << 6 | bit`: its place in every row. A cell has 48 bits, and above them how many bits
//! are set in the cells of the row before it: so one load says whether a pair begins a word, and which node of the trie
//! it is.

use super::trie::{Pack, Trie};
use crate::text::classes::{self, PUNCT, SPACE};

/// The number of what stands between words and is none.
pub const SIGN: u16 = 0;
/// The number of what is a word by itself, and no part of a longer one.
pub const ALONE: u16 = 1;
/// The number of what other rules cut.
pub const FOREIGN: u16 = 2;
/// The least number of a character that can be in a word.
pub const INNER: u16 = 3;
/// The number of a character that neither the dictionary nor the model has, outside of the model's range.
const STRANGE: u16 = 3;
/// The same, in the model's range.
const UNSEEN: u16 = 4;
/// The place of the first character that has a number of its own.
const OWN: usize = 5;

/// Bits of a cell that stand for characters.
const BITS: usize = 48;
/// How many characters can have a number.
pub const MOST: usize = BITS << 10;

/// Of a node's data, the place of its word's weight; above it, which characters may follow.
pub const WEIGHT: u32 = (1 << 20) - 1;

/// The logarithm of what the model has no probability for.
pub const NEVER: f64 = -3.14e100;
/// The row of a character that the model does not cut.
pub const NO_ROW: u16 = u16::MAX;

/// A character that begins words.
#[derive(Clone, Copy, Default)]
pub struct First {
    /// Its first cell.
    pub cells: u32,
    /// Its first pair, as a node.
    pub node: u32,
    /// How many cells it has.
    pub width: u16,
}

/// What the cut looks up.
pub struct Tables {
    /// The number of each character of the first plane.
    plane: Box<[u16; 0x1_0000]>,
    /// Numbers of characters beyond it, by character.
    beyond: Vec<(char, u16)>,
    /// By the number of a character.
    pub firsts: Vec<First>,
    /// The model's row of a character, by its number.
    pub rows: Vec<u16>,
    /// The weight of a word of one character, by its number.
    pub singles: Vec<f64>,
    /// Rows of pairs; the first cell is empty.
    pub cells: Vec<u64>,
    /// By node of the trie: the place of its weight, and a filter of its children.
    pub data: Vec<u32>,
    /// By node: its character.
    chars: Vec<u16>,
    /// By node: its first child; the children of the next node begin behind its last one.
    kids: Vec<u32>,
    /// What a frequency weighs: its logarithm less that of the total. The first is of no word.
    pub weights: Vec<f64>,
    frequencies: Vec<u32>,
    /// The sum of all frequencies.
    pub total: u64,
    /// The model's first states.
    pub first: [f64; 4],
    /// The model's transitions.
    pub follows: [[f64; 4]; 4],
    /// The model's emissions, by row.
    pub emits: Vec<[f64; 4]>,
}

/// The number of the character at `place` of the list.
pub fn number(place: usize) -> u16 {
    let place = place + OWN;
    ((place / BITS) << 6 | (place % BITS)) as u16
}

/// Whether jieba has a character in one stretch with those beside it: Han of the blocks that it knows.
pub fn is_block(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2A6DF}'
        | '\u{2A700}'..='\u{2EBEF}' | '\u{2F800}'..='\u{2FA1F}')
}

/// The same for ASCII, in a text that is cut as a whole.
fn is_block_ascii(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '&' | '.' | '_' | '%' | '-')
}

/// Whether the model cuts a character.
fn is_modelled(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FD5}')
}

/// The number of a character that has none of its own.
fn nameless(c: char) -> u16 {
    match classes::table().get(c) {
        _ if is_modelled(c) => UNSEEN,
        _ if is_block(c) || is_block_ascii(c) => STRANGE,
        PUNCT | SPACE => SIGN,
        class if classes::is_han(class) => ALONE,
        _ => FOREIGN,
    }
}

/// The bit of a character in the filter of a node.
#[inline(always)]
pub fn filter(number: u16) -> u32 {
    (1 << 20) << (number >> 2 & 15)
}

impl Tables {
    /// The tables of a dictionary.
    pub fn new(pack: Pack) -> Tables {
        let Trie { fans, mut chars, words } = pack.trie;
        chars.iter_mut().for_each(|place| *place = number(usize::from(*place)));
        let most = number(pack.chars.len()) as usize + 1;
        let mut plane = Box::new([FOREIGN; 0x1_0000]);
        for (at, number) in plane.iter_mut().enumerate() {
            *number = char::from_u32(at as u32).map_or(FOREIGN, nameless);
        }
        let mut beyond = Vec::new();
        let firsts = vec![First::default(); most];
        let mut rows = vec![NO_ROW; most];
        rows[UNSEEN as usize] = 0;
        let mut emits = vec![[NEVER; 4]];
        for (place, (c, emit)) in pack.chars.iter().zip(&pack.emits).enumerate() {
            let number = number(place);
            match plane.get_mut(*c as usize) {
                Some(slot) => *slot = number,
                None => beyond.push((*c, number)),
            }
            if is_modelled(*c) {
                rows[number as usize] = 0;
                if emit.iter().any(Option::is_some) {
                    rows[number as usize] = emits.len() as u16;
                    emits.push(emit.map(|e| e.unwrap_or(NEVER)));
                }
            }
        }
        beyond.sort_unstable();
        let mut tables = Tables {
            plane,
            beyond,
            firsts,
            rows,
            singles: Vec::new(),
            cells: Vec::new(),
            data: words,
            chars,
            kids: Vec::with_capacity(fans.len() + 1),
            weights: Vec::new(),
            frequencies: pack.frequencies,
            total: pack.total,
            first: pack.first,
            follows: pack.follows,
            emits,
        };
        tables.link(&fans);
        tables.weigh(most);
        tables
    }

    /// Finds the children of each node, and says in each node which there are.
    fn link(&mut self, fans: &[u16]) {
        let mut kid = 1u32;
        let Tables { data, chars, kids, cells, firsts, .. } = self;
        for (data, fan) in data.iter_mut().zip(fans) {
            kids.push(kid);
            let next = kid + u32::from(*fan);
            for number in &chars[kid as usize..next as usize] {
                *data |= filter(*number);
            }
            kid = next;
        }
        kids.push(kid);
        cells.push(0);
        // The root is the node of no pair, and so of no word.
        data[0] = 0;
        for node in 1..1 + fans[0] as usize {
            let (from, to) = (kids[node] as usize, kids[node + 1] as usize);
            let first = &mut firsts[chars[node] as usize];
            (first.cells, first.node) = (cells.len() as u32, from as u32);
            for (rank, number) in chars[from..to].iter().enumerate() {
                let cell = first.cells as usize + (number >> 6) as usize;
                while cells.len() <= cell {
                    cells.push((rank as u64) << BITS);
                }
                cells[cell] |= 1 << (number & 63);
            }
            first.width = (cells.len() - first.cells as usize) as u16;
        }
    }

    /// Makes weights of frequencies.
    fn weigh(&mut self, most: usize) {
        let total = (self.total as f64).ln();
        self.weights = self.frequencies.iter().map(|f| (f64::from(*f)).ln() - total).collect();
        self.singles = vec![self.unknown(); most];
        self.singles[SIGN as usize] = 0.0;
        // Where a character begins words and is none, it is a word of its own only where no other is found.
        for node in self.kids[0] as usize..self.kids[1] as usize {
            self.singles[self.chars[node] as usize] = self.weights[(self.data[node] & WEIGHT) as usize];
        }
    }

    /// What a character weighs that is in no word of the dictionary.
    pub fn unknown(&self) -> f64 {
        0.0 - (self.total as f64).ln()
    }

    /// The number of a character of the first plane.
    #[inline(always)]
    pub fn plane(&self, c: u16) -> u16 {
        self.plane[c as usize]
    }

    /// The number of a character.
    pub fn number(&self, c: char) -> u16 {
        match self.plane.get(c as usize) {
            Some(number) => *number,
            None => match self.beyond.binary_search_by_key(&c, |pair| pair.0) {
                Ok(at) => self.beyond[at].1,
                Err(_) => nameless(c),
            },
        }
    }

    /// The cell of a pair of characters, and the node of the first one's first pair.
    #[inline(always)]
    pub fn cell(&self, one: u16, two: u16) -> (u32, u32) {
        let first = self.firsts[one as usize];
        let cell = u32::from(two >> 6);
        let inside = u32::from(cell < u32::from(first.width)).wrapping_neg();
        ((first.cells + cell) & inside, first.node)
    }

    /// The node of a pair of characters, 0 where no word begins with it: from the cell and the first pair's node.
    #[inline(always)]
    pub fn pair(cell: u64, node: u32, two: u16) -> u32 {
        let bit = two & 63;
        let rank = (cell >> BITS) as u32 + (cell & ((1 << bit) - 1)).count_ones();
        (node + rank) & ((cell >> bit & 1) as u32).wrapping_neg()
    }

    /// The child of a node.
    #[inline]
    pub fn child(&self, node: u32, number: u16) -> Option<u32> {
        let (from, to) = (self.kids[node as usize] as usize, self.kids[node as usize + 1] as usize);
        let chars = &self.chars[from..to];
        let at = if chars.len() <= 8 {
            chars.iter().position(|c| *c == number)?
        } else {
            chars.binary_search(&number).ok()?
        };
        Some((from + at) as u32)
    }

    /// The frequency of the word that ends in a node.
    pub fn frequency(&self, node: u32) -> Option<u64> {
        let word = self.data[node as usize] & WEIGHT;
        (word > 0 && node > 0).then(|| u64::from(self.frequencies[word as usize]))
    }
}
