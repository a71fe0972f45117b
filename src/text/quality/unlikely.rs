//! How unlikely it is that a text's characters stand beside each other, or one or two characters apart: pairs that come less
//! often than by chance, and characters that are part of no word; and whether its words belong together (`sense`).
//!
//! `data/unlikely.zst` has a level from 0 to 3 for each pair of the 1,500 most frequent characters and a sign, at each of
//! the three distances (`tests/bench/unlikely_pairs.py`). Text has such pairs where a word ends and the next one begins, so
//! one says nothing; words or characters in a random order have three times as many, and where neighbours are drawn one by
//! the other, the second and third are still those of chance. Characters that were put in place of others stand alone:
//! beyond the 500 most frequent ones, nearly all are written in words.

use std::sync::LazyLock;

use super::cohesion::Cohesion;
use super::pairs::{SIDE, pairs, simplified, traditional};
use super::properties::{CLASSICAL, END, FREQUENT, FUNCTION, HAN, MODERN, PARTING, properties};
use super::sense::sense;
use super::tally::CODE;

static PACKED: &[u8] = include_bytes!("data/unlikely.zst");
/// Bytes of the table, unpacked.
const ROOM: usize = 2 << 20;
/// Characters of a text that are looked at: enough to tell.
const BEGINNING: usize = 600;
/// Characters of a stretch that is looked at beside it, and of the parts that each is taken to pieces in.
const STRETCH: usize = 150;
const PART: usize = 75;
/// Han of a part of which shares say something.
const LEAST: u64 = 30;
/// Words of `data/sense.zst`, most frequent ones first, that any text has: that they come again says nothing.
const COMMON: u16 = 600;
/// What a pair of each level weighs.
const WEIGHTS: [u64; 4] = [0, 1, 3, 6];
/// Distances at which pairs are looked up.
const DISTANCES: usize = 3;

/// The levels of all pairs.
struct Levels {
    /// The number of a character, from 1 on; 0 for those that are not among the most frequent.
    numbers: Box<[u16; 0x1_0000]>,
    /// Two bits a pair, row by row; one such table a distance.
    bits: [Vec<u8>; DISTANCES],
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
    for (number, c) in (1..).zip(most.chars()) {
        if let Some(place @ 0) = numbers.get_mut(simplified(c) as usize) {
            *place = number;
        }
    }
    let width = most.chars().count();
    let mut tables = bytes.get(end + 1..).unwrap_or_default().chunks((width * width).div_ceil(4).max(1));
    Levels { numbers, bits: std::array::from_fn(|_| tables.next().unwrap_or_default().to_vec()), width }
});

impl Levels {
    #[inline(always)]
    fn number(&self, code: u32) -> u16 {
        self.numbers.get(code as usize).copied().unwrap_or(0)
    }

    /// The level of a pair of numbers, neither of which is 0, that stand `apart + 1` characters from each other.
    #[inline(always)]
    fn of(&self, apart: usize, first: u16, then: u16) -> usize {
        let at = usize::from(first - 1) * self.width + usize::from(then - 1);
        self.bits[apart].get(at >> 2).map_or(0, |bits| usize::from(bits >> ((at & 3) * 2) & 3))
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Pairs of two of the most frequent characters, or of one and a sign: neighbours, those with one character between
    /// them, and those with two.
    pub pairs: [u64; DISTANCES],
    /// What they weigh, six each at most.
    pub weight: [u64; DISTANCES],
    /// Han.
    pub han: u64,
    /// Those beyond the 500 most frequent that make a pair of a word with neither neighbour.
    pub lone: u64,
    /// How near in meaning words are that stand near each other.
    pub sense: f64,
    /// The share of words that a sentence before has, and that of sentences that share a word with the one before.
    pub cohesion: (f64, f64),
    /// The largest share of weight of neighbours, and of lone Han, in a stretch of the text.
    pub worst: (f64, f64),
}

/// A stretch of a text as it is walked through.
struct Walk {
    /// Numbers of the characters, a run of signs as one.
    numbers: [u16; BEGINNING],
    length: usize,
    han: u64,
    lone: u64,
    /// Where each part of the stretch ends: numbers, Han and lone ones up to there.
    ends: Vec<(usize, u64, u64)>,
}

/// Looks at the first characters of a text, and at some in its middle and at its end, each with its number above the bits
/// of its code.
pub fn unlikely(codes: &[u32]) -> Found {
    let (levels, sense) = (&*LEVELS, sense());
    let (mut said, mut cohesion) = (Vec::with_capacity(BEGINNING), Cohesion::default());
    let first = walk(&codes[..codes.len().min(BEGINNING)], |pair| match pair {
        Some((before, code, content)) => {
            let number = sense.number(before, code);
            said.extend(number);
            if content && number.is_none_or(|number| number >= COMMON) {
                cohesion.add(before, code);
            }
        }
        None => cohesion.end(),
    });
    let mut found = Found { han: first.han, lone: first.lone, sense: sense.of(&said), ..Found::default() };
    found.cohesion = cohesion.of();
    for apart in 0..DISTANCES {
        (found.pairs[apart], found.weight[apart]) = weigh(levels, &first.numbers[..first.length], apart);
    }
    worst(levels, &first, &mut found.worst);
    let rest = &codes[codes.len().min(BEGINNING)..];
    if rest.len() >= STRETCH {
        worst(levels, &walk(&rest[rest.len() - STRETCH..], |_| ()), &mut found.worst);
    }
    if rest.len() >= 3 * STRETCH {
        worst(levels, &walk(&rest[rest.len() / 2 - STRETCH..][..STRETCH], |_| ()), &mut found.worst);
    }
    found
}

/// Goes through a stretch; says of each pair of a word what it is and whether neither of the two ties sentences together,
/// and where a sentence ends.
fn walk(codes: &[u32], mut say: impl FnMut(Option<(u32, u32, bool)>)) -> Walk {
    let (levels, words, of) = (&*LEVELS, pairs(), &properties().of);
    let side = levels.number(SIDE);
    let mut walk = Walk { numbers: [0; BEGINNING], length: 0, han: 0, lone: 0, ends: Vec::with_capacity(8) };
    // The character before where it is Han, whether it ties, and whether it is rarer and stands alone as yet.
    let (mut han, mut ties, mut alone) = (0, false, false);
    for (at, entry) in codes.iter().enumerate() {
        if at > 0 && at % PART == 0 {
            walk.ends.push((walk.length, walk.han, walk.lone));
        }
        let (code, flags) = (entry & CODE, of[(entry >> 21) as usize]);
        let is_han = flags & HAN != 0;
        let word = is_han && han != 0 && words.is_word(han, code);
        let tie = flags & (FUNCTION | MODERN | CLASSICAL) != 0;
        if word {
            say(Some((han, code, !tie && !ties)));
        }
        walk.lone += u64::from(alone && !word);
        walk.han += u64::from(is_han);
        alone = is_han && flags & FREQUENT == 0 && !word;
        (han, ties) = (if is_han { code } else { 0 }, tie);
        let line = code == u32::from('\n');
        let sign = !is_han && (flags & PARTING != 0 || line);
        if flags & END != 0 || line {
            say(None);
        }
        if sign && walk.length > 0 && walk.numbers[walk.length - 1] == side {
            continue;
        }
        walk.numbers[walk.length] = match (is_han, sign) {
            (true, _) => levels.number(code),
            (_, true) => side,
            _ => 0,
        };
        walk.length += 1;
    }
    walk.lone += u64::from(alone);
    walk.ends.push((walk.length, walk.han, walk.lone));
    walk
}

/// How many pairs of numbers there are at a distance, and what they weigh.
fn weigh(levels: &Levels, numbers: &[u16], apart: usize) -> (u64, u64) {
    let (mut pairs, mut weight) = (0, 0);
    let behind = numbers.get(apart + 1..).unwrap_or_default();
    for (first, then) in numbers.iter().zip(behind).filter(|(first, then)| **first != 0 && **then != 0) {
        pairs += 1;
        weight += WEIGHTS[levels.of(apart, *first, *then)];
    }
    (pairs, weight)
}

/// The largest shares of a stretch's parts; a short last one counts with the one before.
fn worst(levels: &Levels, walk: &Walk, worst: &mut (f64, f64)) {
    let (mut start, mut han, mut lone) = (0, 0, 0);
    for (end, all, alone) in &walk.ends {
        if all - han >= LEAST {
            let (pairs, weight) = weigh(levels, &walk.numbers[start..*end], 0);
            // Of characters that are rare there are hardly any pairs.
            worst.0 = worst.0.max(weight as f64 / (6 * pairs.max(LEAST)) as f64);
            worst.1 = worst.1.max((alone - lone) as f64 / (all - han) as f64);
            (start, han, lone) = (*end, *all, *alone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::tally::entries;

    fn of(text: &str) -> Found {
        unlikely(&entries(text))
    }

    fn share(text: &str, apart: usize) -> f64 {
        let found = of(text);
        found.weight[apart] as f64 / (found.pairs[apart] * 6) as f64
    }

    #[test]
    fn the_table_is_read() {
        let room = (1501 * 1501usize).div_ceil(4);
        assert_eq!((LEVELS.width, LEVELS.bits.each_ref().map(Vec::len)), (1501, [room; DISTANCES]));
        let [wo, men, de] = ['我', '们', '的'].map(|c| LEVELS.number(c as u32));
        assert_eq!((LEVELS.of(0, wo, men), LEVELS.of(0, de, de)), (0, 3));
        assert_eq!(LEVELS.number('們' as u32), men);
        // Bits are never beyond the first plane.
        assert_eq!(LEVELS.number('𠮷' as u32), 0);
    }

    #[test]
    fn an_order_of_chance() {
        let text = "他们在城市的公园里散步，看见了许多朋友，大家一起说起从前的事情，很晚才回家。";
        let mixed = "在们的他园公城里市步散，见朋了看友许多，起大一家从说前的起情事，才很家晚回。";
        let other = "他們在城市的公園裡散步，看見了許多朋友，大家一起說起從前的事情，很晚才回家。";
        assert!(share(mixed, 0) > 0.2, "{}", share(mixed, 0));
        assert!(share(text, 0) < 0.1 && share(other, 0) < 0.1, "{} {}", share(text, 0), share(other, 0));
        // Words in their own order of characters, side by side as they come.
        let words = "散步许多起说的家从城市晚，里一起公园看见大家，从前了朋友很在事情他们回才。";
        assert!(share(words, 1) > 1.5 * share(text, 1), "{} {}", share(words, 1), share(text, 1));
    }

    #[test]
    fn characters_that_stand_alone() {
        assert_eq!((of("葡萄和蝴蝶").han, of("葡萄和蝴蝶").lone), (5, 0));
        assert_eq!(of("他的葡他的蝶").lone, 2);
        assert_eq!((of("").han, of("abc").pairs), (0, [0; DISTANCES]));
    }
}
