//! How unlikely it is that a text's characters stand beside each other: pairs that come less often than by chance, and
//! characters that are part of no word.
//!
//! `data/unlikely.zst` has a level from 0 to 3 for each pair of the 1,000 most frequent characters and a sign
//! (`tests/bench/unlikely_pairs.py`). Text has such pairs where a word ends and the next one begins, so one says nothing;
//! words or characters in a random order have three times as many. Characters that were put in place of others stand alone:
//! beyond the 500 most frequent ones, nearly all are written in words.

use std::sync::LazyLock;

use super::pairs::{SIDE, pairs, traditional};
use super::properties::{FREQUENT, HAN, PARTING, properties};
use super::tally::CODE;

static PACKED: &[u8] = include_bytes!("data/unlikely.zst");
/// Bytes of the table, unpacked.
const ROOM: usize = 1 << 19;
/// Characters of a text that are looked at: enough to tell.
const BEGINNING: usize = 600;
/// What a pair of each level weighs.
const WEIGHTS: [u64; 4] = [0, 1, 3, 6];

/// The levels of all pairs.
struct Levels {
    /// The number of a character, from 1 on; 0 for those that are not among the most frequent.
    numbers: Box<[u16; 0x1_0000]>,
    /// Two bits a pair, row by row.
    bits: Vec<u8>,
    /// Characters of a row.
    width: usize,
}

static LEVELS: LazyLock<Levels> = LazyLock::new(|| {
    let bytes = zstd::bulk::decompress(PACKED, ROOM).unwrap_or_default();
    // A test reads the file; without it every pair has the level 0.
    let end = memchr::memchr(b'\n', &bytes).unwrap_or(0);
    let most = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
    let mut numbers = Box::new([0; 0x1_0000]);
    for (number, c) in (1..).zip(most.chars()) {
        for c in [traditional(c), c] {
            if let Some(place) = numbers.get_mut(c as usize) {
                *place = number;
            }
        }
    }
    Levels { numbers, bits: bytes.get(end + 1..).unwrap_or_default().to_vec(), width: most.chars().count() }
});

impl Levels {
    #[inline(always)]
    fn number(&self, code: u32) -> usize {
        self.numbers.get(code as usize).map_or(0, |number| usize::from(*number))
    }

    /// The level of a pair of numbers; `None` where either is 0.
    #[inline(always)]
    fn of(&self, first: usize, then: usize) -> Option<usize> {
        let at = first.checked_sub(1)? * self.width + then.checked_sub(1)?;
        Some(usize::from(self.bits.get(at >> 2)? >> ((at & 3) * 2) & 3))
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Pairs of two of the most frequent characters, or of one and a sign.
    pub pairs: u64,
    /// What they weigh, six each at most.
    pub weight: u64,
    /// Han.
    pub han: u64,
    /// Those beyond the 500 most frequent that make a pair of a word with neither neighbour.
    pub lone: u64,
}

/// Looks at the first characters of a text, each with its number above the bits of its code.
pub fn unlikely(codes: &[u32]) -> Found {
    let (levels, words, of) = (&*LEVELS, pairs(), &properties().of);
    let mut found = Found::default();
    // The number of the character before, itself where it is Han, and whether it is rarer and stands alone as yet.
    let (mut number, mut han, mut alone) = (0, 0, false);
    for entry in &codes[..codes.len().min(BEGINNING)] {
        let (code, flags) = (entry & CODE, of[(entry >> 21) as usize]);
        let is_han = flags & HAN != 0;
        let sign = !is_han && (flags & PARTING != 0 || code == u32::from('\n'));
        let this = levels.number(if is_han {
            code
        } else if sign {
            SIDE
        } else {
            0
        });
        if let Some(level) = levels.of(number, this).filter(|_| !(sign && number == levels.number(SIDE))) {
            found.pairs += 1;
            found.weight += WEIGHTS[level];
        }
        let word = is_han && han != 0 && words.of(han, code).0;
        found.lone += u64::from(alone && !word);
        found.han += u64::from(is_han);
        alone = is_han && flags & FREQUENT == 0 && !word;
        han = if is_han { code } else { 0 };
        number = this;
    }
    found.lone += u64::from(alone);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::tally::entries;

    fn of(text: &str) -> Found {
        unlikely(&entries(text))
    }

    fn share(text: &str) -> f64 {
        let found = of(text);
        found.weight as f64 / (found.pairs * 6) as f64
    }

    #[test]
    fn the_table_is_read() {
        assert_eq!((LEVELS.width, LEVELS.bits.len()), (1001, (1001 * 1001usize).div_ceil(4)));
        let (wo, men, de) = (LEVELS.number('我' as u32), LEVELS.number('们' as u32), LEVELS.number('的' as u32));
        assert_eq!((LEVELS.of(wo, men), LEVELS.of(de, de), LEVELS.of(0, de)), (Some(0), Some(3), None));
        assert_eq!(LEVELS.number('們' as u32), men);
        // Bits are never beyond the first plane.
        assert_eq!(LEVELS.number('𠮷' as u32), 0);
    }

    #[test]
    fn an_order_of_chance() {
        let text = "他们在城市的公园里散步，看见了许多朋友，大家一起说起从前的事情，很晚才回家。";
        let mixed = "在们的他园公城里市步散，见朋了看友许多，起大一家从说前的起情事，才很家晚回。";
        assert!(share(text) < 0.1 && share(mixed) > 0.2, "{} {}", share(text), share(mixed));
        let traditional = "他們在城市的公園裡散步，看見了許多朋友，大家一起說起從前的事情，很晚才回家。";
        assert!(share(traditional) < 0.1, "{}", share(traditional));
    }

    #[test]
    fn characters_that_stand_alone() {
        assert_eq!((of("葡萄和蝴蝶").han, of("葡萄和蝴蝶").lone), (5, 0));
        assert_eq!(of("他的葡他的蝶").lone, 2);
        assert_eq!((of("").han, of("abc").pairs), (0, 0));
    }
}
