//! Pairs of Han characters that words are made of: how much of a text is words, without cutting it into words.
//!
//! `data/pairs.txt` has them by first character: the pairs inside the words of two to four characters in jieba's
//! dictionary (`dict.txt` of 0.42.1, <https://github.com/fxsjy/jieba>, MIT), with a summed frequency of at least 100.
//! A pair is looked up in a set of bits: one in forty pairs that are not listed is taken for one.
//!
//! `data/odd.txt` has the pairs of frequent characters, and of one and a sign (`，` stands for all of them), that text
//! hardly ever has: less than 15 in 100 times as often as by chance, counted over 31 million pairs of encyclopaedia,
//! news, literature, reviews, answers, technical text, classics and verse (`tests/bench/odd_pairs.py`). Words in a random
//! order have many: `的的`, `了的`, `把，`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::text::convert;

/// Bits of the set; a power of two.
const BITS: u32 = 21;

/// The set of pairs.
pub struct Pairs(Box<[u64; 1 << (BITS - 6)]>);

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| Pairs::of(include_str!("data/pairs.txt")));

/// Pairs that text hardly has: bits, and the pairs themselves, for a place of the bits may be of another one.
pub struct Odd(Pairs, HashSet<(u32, u32)>);

static ODD: LazyLock<Odd> = LazyLock::new(|| {
    let list = include_str!("data/odd.txt");
    let both = |(first, then): (char, char)| {
        [(first as u32, then as u32), (traditional(first) as u32, traditional(then) as u32)]
    };
    Odd(Pairs::of(list), listed(list).flat_map(both).collect())
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

/// The pairs.
pub fn pairs() -> &'static Pairs {
    &PAIRS
}

/// The pairs that text hardly has.
pub fn odd() -> &'static Odd {
    &ODD
}

impl Odd {
    /// Whether the two code points, one behind the other, are such a pair; `，` stands for any sign.
    #[inline(always)]
    pub fn has(&self, first: u32, then: u32) -> bool {
        self.0.has(first, then) && self.1.contains(&(first, then))
    }
}

impl Pairs {
    fn of(list: &str) -> Pairs {
        let mut pairs = Pairs(Box::new([0; 1 << (BITS - 6)]));
        for (first, then) in listed(list) {
            pairs.insert(first, then);
            pairs.insert(traditional(first), traditional(then));
        }
        pairs
    }

    fn place(first: u32, then: u32) -> (usize, u32) {
        let hash = (u64::from(first) << 21 | u64::from(then)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS);
        ((hash >> 6) as usize, (hash & 63) as u32)
    }

    fn insert(&mut self, first: char, then: char) {
        let (word, bit) = Pairs::place(first as u32, then as u32);
        self.0[word] |= 1 << bit;
    }

    /// Whether the two code points, one behind the other, are a pair.
    #[inline(always)]
    pub fn has(&self, first: u32, then: u32) -> bool {
        let (word, bit) = Pairs::place(first, then);
        self.0[word % (1 << (BITS - 6))] >> bit & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_both_scripts() {
        let has = |pair: &str| {
            let mut characters = pair.chars().map(|c| c as u32);
            pairs().has(characters.next().unwrap(), characters.next().unwrap())
        };
        for pair in ["我们", "我們", "中国", "中國", "经济", "經濟", "清华", "华大"] {
            assert!(has(pair), "{pair}");
        }
        let odd = |pair: &str| {
            let mut characters = pair.chars().map(|c| c as u32);
            odd().has(characters.next().unwrap(), characters.next().unwrap())
        };
        for pair in ["的的", "，的", "把，", "這的"] {
            assert!(odd(pair), "{pair}");
        }
        for pair in ["我的", "的，", "，我", "是的", "这是", "這是", "之不", "龙龙"] {
            assert!(!odd(pair), "{pair}");
        }
        let set = pairs().0.iter().map(|w| w.count_ones()).sum::<u32>();
        assert!((1 << BITS) / set > 30, "{set} bits of {}", 1 << BITS);
    }
}
