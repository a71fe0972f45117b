//! What stands beside what: triples of characters that text as good as never has, signs that stray between Han, and how
//! many lines are as long as each other.
//!
//! `data/triples.txt` has pairs of frequent characters (`，` stands for any run of signs), each with those that hardly ever
//! stand behind it though the second of the pair often has them (`tests/bench/odd_triples.py`). Characters that are drawn
//! one by the other have pairs as text has them, and such triples: `提高等`, `准备受`.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use super::counter::Mixed;
use super::pairs::{SIDE, traditional};
use super::properties::{FREQUENT, HAN, PARTING, properties};
use super::tally::CODE;

/// What no writer sets alone between two Han, and a scanner reads out of specks, beside `°`: signs of ASCII and its
/// lower-case letters, a bit each.
const SPECK: u128 = {
    let signs = b"'`^~|_*=\\";
    let (mut bits, mut at) = (0, 0);
    while at < signs.len() {
        bits |= 1u128 << signs[at];
        at += 1;
    }
    bits | 0x3FF_FFFF << b'a'
};
/// Bits of the set: 128 kilobytes, one bit in fifteen taken.
const BITS: u32 = 20;
/// Characters of the shortest line whose length is compared.
const LINE: usize = 8;
/// Characters of a text that are looked at: enough to tell, and a long text takes no longer.
const BEGINNING: usize = 1500;
/// Lines of the longest length that is told from longer ones.
const LONGEST: usize = 255;

/// The triples: bits, and themselves, for a bit may be that of another one.
pub struct Triples(Box<[u64; 1 << (BITS - 6)]>, HashSet<u64, BuildHasherDefault<Mixed>>);

static TRIPLES: LazyLock<Triples> = LazyLock::new(|| Triples::of(include_str!("data/triples.txt")));

impl Triples {
    fn of(list: &str) -> Triples {
        let mut triples = Triples(Box::new([0; 1 << (BITS - 6)]), HashSet::default());
        for line in list.lines() {
            let mut characters = line.chars();
            let (Some(first), Some(then)) = (characters.next(), characters.next()) else { continue };
            for last in characters {
                triples.insert([first, then, last].map(u32::from));
                triples.insert([first, then, last].map(traditional).map(u32::from));
            }
        }
        triples
    }

    fn key([first, then, last]: [u32; 3]) -> u64 {
        u64::from(first) << 42 | u64::from(then) << 21 | u64::from(last)
    }

    fn place(key: u64) -> (usize, u32) {
        let hash = (key ^ key >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS);
        ((hash >> 6) as usize, (hash & 63) as u32)
    }

    fn insert(&mut self, triple: [u32; 3]) {
        let key = Triples::key(triple);
        let (word, bit) = Triples::place(key);
        self.0[word] |= 1 << bit;
        self.1.insert(key);
    }

    /// Whether three code points are such a triple.
    #[inline(always)]
    fn has(&self, triple: [u32; 3]) -> bool {
        let key = Triples::key(triple);
        let (word, bit) = Triples::place(key);
        self.0[word % (1 << (BITS - 6))] >> bit & 1 == 1 && self.1.contains(&key)
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Han, and runs of signs that part them.
    pub all: u64,
    /// Different triples that text as good as never has: a term of the trade is one, however often it comes.
    pub odd: u64,
    /// Specks between two Han.
    pub specks: u64,
    /// Lines of eight characters and more.
    pub lines: u64,
    /// Those whose length differs from the most frequent one by one character at most.
    pub even: u64,
}

/// Looks at the first characters of a text, each with its number above the bits of its code.
pub fn neighbours(codes: &[u32]) -> Found {
    let codes = &codes[..codes.len().min(BEGINNING)];
    let (triples, of) = (&*TRIPLES, &properties().of);
    let mut found = Found::default();
    let mut odd = HashSet::new();
    // The two before; 0 for what is neither a frequent Han nor a sign.
    let mut before = [0u32; 2];
    let mut lengths = [0u32; LONGEST + 1];
    let mut start = 0;
    for (at, entry) in codes.iter().enumerate() {
        let (code, flags) = (entry & CODE, of[(entry >> 21) as usize]);
        let this = if flags & HAN != 0 {
            found.all += 1;
            if flags & FREQUENT != 0 { code } else { 0 }
        } else if flags & PARTING != 0 {
            if before[1] == SIDE {
                continue;
            }
            found.all += 1;
            SIDE
        } else {
            if code == u32::from('\n') {
                lengths[(at - start).min(LONGEST)] += 1;
                start = at + 1;
            } else if is_speck(code) {
                let han = |at: usize| codes.get(at).is_some_and(|c| of[(c >> 21) as usize] & HAN != 0);
                found.specks += u64::from(han(at.wrapping_sub(1)) && han(at + 1));
            }
            0
        };
        let triple = [before[0], before[1], this];
        if before[0] != 0 && before[1] != 0 && this != 0 && triples.has(triple) {
            odd.insert(triple);
        }
        before = [before[1], this];
    }
    lengths[(codes.len() - start).min(LONGEST)] += 1;
    found.odd = odd.len() as u64;
    found.lines = lengths[LINE..].iter().map(|n| u64::from(*n)).sum();
    // Longer lines than are told apart are paragraphs.
    let window = |at: usize| lengths[at - 1..=at + 1].iter().map(|n| u64::from(*n)).sum();
    found.even = (LINE + 1..LONGEST - 1).map(window).max().unwrap_or(0);
    found
}

#[inline(always)]
fn is_speck(code: u32) -> bool {
    code < 128 && SPECK >> code & 1 == 1 || code == u32::from('°')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::Meter;
    use crate::text::quality::signal::Signal;
    use crate::text::quality::tally::entries;

    fn of(text: &str) -> Found {
        neighbours(&entries(text))
    }

    #[test]
    fn triples_of_both_scripts() {
        for (odd, plain) in [("提高等", "提高了"), ("院使用", "能使用"), ("準備受", "準備了")] {
            assert_eq!((of(odd).odd, of(plain).odd), (1, 0), "{odd} {plain}");
            assert_eq!(of(&odd.repeat(3)).odd, of(&odd.repeat(2)).odd, "{odd}");
        }
        // A sign stands for a run of signs, other characters part.
        assert_eq!((of("好了。，中包").odd, of("提a高等").odd), (of("好了，中包").odd, 0));
        let bits = TRIPLES.0.iter().map(|w| w.count_ones()).sum::<u32>();
        assert!((1 << BITS) / bits > 10, "{bits} bits of {}", 1 << BITS);
    }

    #[test]
    fn specks_and_even_lines() {
        let found = of("汉朝是中国第一个在文治|武功\n上达到极盛的_时代，a也是中国\n历史分野上的“第一个”x朝代。\n完");
        assert_eq!((found.specks, found.lines, found.even), (2, 3, 3));
        assert_eq!((of("x").lines, of("").lines, of("甲~乙").specks, of("甲~~乙").specks), (0, 0, 1, 0));
    }

    #[test]
    fn shares_are_signals() {
        let values = Meter::default().measure("他提高等待的本领，可以提高等", None);
        assert!(values.get(Signal::OddTriples).unwrap() > 0.1);
        assert_eq!(values.get(Signal::StraySigns), Some(0.0));
    }
}
