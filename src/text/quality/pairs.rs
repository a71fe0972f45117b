//! Pairs of Han characters that words are made of: how much of a text is words, without cutting it into words.
//!
//! `data/pairs.txt` has them by first character: the pairs inside the words of two to four characters in jieba's
//! dictionary (`dict.txt` of 0.42.1, <https://github.com/fxsjy/jieba>, MIT), with a summed frequency of at least 100.
//! A pair is looked up in a set of bits: one in forty pairs that are not listed is taken for one.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::convert;

/// Bits of the set; a power of two.
const BITS: u32 = 21;

/// The set of pairs.
pub struct Pairs(Box<[u64; 1 << (BITS - 6)]>);

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| {
    let mut pairs = Pairs(Box::new([0; 1 << (BITS - 6)]));
    for line in include_str!("data/pairs.txt").lines() {
        let mut characters = line.chars();
        let Some(first) = characters.next() else { continue };
        for then in characters {
            pairs.insert(first, then);
            pairs.insert(traditional(first), traditional(then));
        }
    }
    pairs
});

static TRADITIONAL: LazyLock<HashMap<char, char>> = LazyLock::new(|| convert::traditional().collect());

/// The traditional form of a character, OpenCC's first.
pub fn traditional(c: char) -> char {
    TRADITIONAL.get(&c).copied().unwrap_or(c)
}

/// The pairs.
pub fn pairs() -> &'static Pairs {
    &PAIRS
}

impl Pairs {
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
        let set = pairs().0.iter().map(|w| w.count_ones()).sum::<u32>();
        assert!((1 << BITS) / set > 30, "{set} bits of {}", 1 << BITS);
    }
}
