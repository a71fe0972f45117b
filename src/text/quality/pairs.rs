//! Pairs of Han characters that words are made of: how much of a text is words, without cutting it into words.
//!
//! `data/pairs.txt` has them by first character: the pairs inside the words of two to four characters in jieba's
//! dictionary (`dict.txt` of 0.42.1, <https://github.com/fxsjy/jieba>, MIT), with a summed frequency of at least 100.
//! A pair is looked up by a place in a table: one in forty pairs that are not listed is taken for one.
//!
//! `data/odd.txt` has the pairs of frequent characters, and of one and a sign (`，` stands for all of them), that text
//! hardly ever has: less than 15 in 100 times as often as by chance, counted over 31 million pairs of encyclopaedia,
//! news, literature, reviews, answers, technical text, classics and verse (`tests/bench/odd_pairs.py`). Words in a random
//! order have many: `的的`, `了的`, `把，`.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use super::counter::Mixed;
use crate::text::convert;

/// What stands for any run of signs that part, in `data/odd.txt` and `data/triples.txt`.
pub const SIDE: u32 = '，' as u32;
/// Places of the table; a power of two.
const PLACES: u32 = 21;
/// The bit of a place for pairs of words, and the one for pairs that text hardly has.
const WORDS: u64 = 1;
const ODD: u64 = 2;

/// The pairs of both lists. What a pair is takes one look into a table of two bits a place; of those that may be odd, one
/// more into the list of them.
pub struct Pairs {
    table: Box<[u64; 1 << (PLACES - 5)]>,
    odd: HashSet<u64, BuildHasherDefault<Mixed>>,
}

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| {
    let mut pairs = Pairs { table: Box::new([0; 1 << (PLACES - 5)]), odd: HashSet::default() };
    for (list, kind) in [(include_str!("data/pairs.txt"), WORDS), (include_str!("data/odd.txt"), ODD)] {
        for (first, then) in listed(list) {
            pairs.insert(kind, first, then);
            pairs.insert(kind, traditional(first), traditional(then));
            if kind == WORDS {
                pairs.insert(kind, simplified(first), simplified(then));
            }
        }
    }
    pairs
});

/// The pairs of a list: lines of a character and those behind it.
fn listed(list: &str) -> impl Iterator<Item = (char, char)> {
    list.lines().flat_map(|line| {
        let mut characters = line.chars();
        let first = characters.next();
        characters.filter_map(move |then| Some((first?, then)))
    })
}

static TRADITIONAL: LazyLock<HashMap<char, char>> = LazyLock::new(|| convert::traditional().collect());

/// The traditional form of a character, OpenCC's first.
pub fn traditional(c: char) -> char {
    TRADITIONAL.get(&c).copied().unwrap_or(c)
}

/// Forms that OpenCC's table of characters leaves as they are, since phrases decide or Chinese of the mainland does not
/// write them, and the form of the lists.
const OTHERS: [(char, char); 4] = [('著', '着'), ('妳', '你'), ('牠', '它'), ('姊', '姐')];

/// The form of each character of the Basic Multilingual Plane.
static FORMS: LazyLock<Box<[u16; 0x1_0000]>> = LazyLock::new(|| {
    let mut forms: Box<[u16; 0x1_0000]> = Box::new(std::array::from_fn(|code| code as u16));
    for (from, to) in convert::simplified().chain(OTHERS) {
        if let (Ok(from), Ok(to)) = (u16::try_from(u32::from(from)), u16::try_from(u32::from(to))) {
            forms[usize::from(from)] = to;
        }
    }
    forms
});

/// The form of a code point.
#[inline(always)]
pub fn form(code: u32) -> u32 {
    FORMS.get(code as usize).map_or(code, |form| u32::from(*form))
}

/// The form of a character by which traditional text is looked up.
pub fn simplified(c: char) -> char {
    char::from_u32(form(c as u32)).unwrap_or(c)
}

/// The pairs.
pub fn pairs() -> &'static Pairs {
    &PAIRS
}

impl Pairs {
    fn insert(&mut self, kind: u64, first: char, then: char) {
        let key = key(first as u32, then as u32);
        let (word, shift) = place(key);
        self.table[word] |= kind << shift;
        if kind == ODD {
            self.odd.insert(key);
        }
    }

    /// Whether words are made of two code points, one behind the other.
    #[inline(always)]
    pub fn is_word(&self, first: u32, then: u32) -> bool {
        let (word, shift) = place(key(first, then));
        self.table[word % (1 << (PLACES - 5))] >> shift & WORDS != 0
    }

    /// What two code points, one behind the other, are: whether words are made of such a pair, and whether text hardly
    /// has it; `，` stands there for any sign.
    #[inline(always)]
    pub fn of(&self, first: u32, then: u32) -> (bool, bool) {
        let key = key(first, then);
        let (word, shift) = place(key);
        let bits = self.table[word % (1 << (PLACES - 5))] >> shift;
        (bits & WORDS != 0, bits & ODD != 0 && self.odd.contains(&key))
    }
}

/// Two characters as one number.
#[inline(always)]
pub fn key(first: u32, then: u32) -> u64 {
    u64::from(first) << 21 | u64::from(then)
}

/// The word of the table and the first of the two bits in it.
#[inline(always)]
fn place(key: u64) -> (usize, u64) {
    let place = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - PLACES);
    ((place >> 5) as usize, (place & 31) * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_both_scripts() {
        let of = |pair: &str| {
            let mut characters = pair.chars().map(|c| c as u32);
            pairs().of(characters.next().unwrap(), characters.next().unwrap())
        };
        for pair in ["我们", "我們", "中国", "中國", "经济", "經濟", "清华", "华大"] {
            assert!(of(pair).0, "{pair}");
        }
        for pair in ["的的", "，的", "把，", "這的"] {
            assert!(of(pair).1, "{pair}");
        }
        for pair in ["我的", "的，", "，我", "是的", "这是", "這是", "之不", "龙龙"] {
            assert!(!of(pair).1, "{pair}");
        }
        let set = pairs().table.iter().map(|w| (w & 0x5555_5555_5555_5555).count_ones()).sum::<u32>();
        assert!((1 << PLACES) / set > 30, "{set} places of {}", 1 << PLACES);
    }
}
