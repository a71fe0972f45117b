//! What repeated stretches of a text are found by: *windows* of a fixed number of characters, the *anchor* of each, and
//! a hash of each.
//!
//! The anchor of a window is the run of half as many characters in it whose hash is least (Schleimer, Wilkerson, Aiken:
//! "Winnowing", 2003). It depends on nothing outside the window, so equal windows have equal anchors, wherever they
//! stand. Neighbours mostly share theirs: in a text that does not repeat itself a new one comes every quarter of a
//! window, and in one that repeats a short period, always the same one. So a window can only occur twice if its anchor
//! does, and there are few of those to compare.

use std::borrow::Cow;
use std::ops::Range;
use std::str::Chars;

/// The prime that hashes are taken modulo: 2⁶¹ − 1.
const PRIME: u64 = (1 << 61) - 1;
/// Bases of the two hashes of a window.
const BASES: [u64; 2] = [0x1a62_7d4b_55e9_1f07, 0x05b1_8ec3_9f46_d2a9];
/// The base of the hash of a run, modulo 2⁶⁴: quicker, and good enough to choose by.
const BASE: u64 = 0x0f3d_9d8f_21a5_c34b;
/// Bits of an anchor's hash.
pub const ANCHOR_BITS: u32 = 48;
/// Bits of a window's hash.
pub const PRINT_BITS: u32 = 88;

/// The text of a row: its texts with newlines between.
pub fn joined<'t>(texts: &[&'t str]) -> Cow<'t, str> {
    match texts {
        [text] => Cow::Borrowed(text),
        texts => Cow::Owned(texts.join("\n")),
    }
}

/// A polynomial hash of the last characters that went by (Karp, Rabin 1987).
struct Rolling {
    base: u64,
    /// `base` to the power of how many characters it covers.
    out: u64,
    hash: u64,
}

impl Rolling {
    fn new(base: u64, length: usize) -> Self {
        let out = (0..length).fold(1, |power, _| times(power, base));
        Rolling { base, out, hash: 0 }
    }

    /// `new` comes and `old` goes: characters plus one, or 0 for none.
    #[inline]
    fn roll(&mut self, new: u64, old: u64) {
        let rest = PRIME - times(old, self.out) + new;
        self.hash = reduce(u128::from(self.hash) * u128::from(self.base) + u128::from(rest));
    }
}

#[inline]
fn times(a: u64, b: u64) -> u64 {
    reduce(u128::from(a) * u128::from(b))
}

/// Modulo [`PRIME`]; of less than 2¹²³.
#[inline]
fn reduce(number: u128) -> u64 {
    let sum = (number as u64 & PRIME) + (number >> 61) as u64;
    if sum >= PRIME { sum - PRIME } else { sum }
}

#[inline]
fn code(c: char) -> u64 {
    u64::from(u32::from(c)) + 1
}

/// Finds the anchors of windows.
pub struct Anchors {
    /// Characters of a run.
    run: usize,
    /// Hashes of the runs in a window, in a ring.
    ring: Vec<u64>,
}

impl Anchors {
    /// Of windows of `window` characters, at least 2.
    pub fn new(window: usize) -> Self {
        let run = (window / 2).max(1);
        Anchors { run, ring: vec![0; window.max(2) - run + 1] }
    }

    /// Calls `found(anchor, another)` for each window of the text in order, one a character: the anchor's hash, and
    /// whether it stands elsewhere than that of the window before. Of equal hashes in a window the last is the anchor.
    pub fn each(&mut self, text: &str, mut found: impl FnMut(u64, bool)) {
        let (run, runs) = (self.run, self.ring.len());
        let out = (0..run).fold(1u64, |power, _| power.wrapping_mul(BASE));
        let (mut hash, mut old) = (0u64, text.chars());
        // Where the least hash of the window is in the ring, and how many runs ago.
        let (mut least, mut age, mut slot) = (u64::MAX, 0, 0);
        let (mut anchor, mut another) = (0, false);
        for (at, c) in text.chars().enumerate() {
            let leaving = if at < run { 0 } else { old.next().map_or(0, code) };
            hash = hash.wrapping_mul(BASE).wrapping_add(code(c).wrapping_sub(leaving.wrapping_mul(out)));
            if at + 1 < run {
                continue;
            }
            let value = spread(hash);
            self.ring[slot] = value;
            age += 1;
            if value <= least {
                (least, age, another) = (value, 0, true);
            } else if age == runs {
                // It has left the window: the last of the least of those that are in it, the oldest first.
                let older = self.ring[slot + 1..].iter().chain(&self.ring[..=slot]);
                least = u64::MAX;
                for (place, value) in older.enumerate() {
                    if *value <= least {
                        (least, age) = (*value, runs - 1 - place);
                    }
                }
                another = true;
            }
            slot = if slot + 1 == runs { 0 } else { slot + 1 };
            if at + 2 >= run + runs {
                if another {
                    anchor = spread(least) >> (u64::BITS - ANCHOR_BITS);
                }
                found(anchor, another);
                another = false;
            }
        }
    }

    /// The anchors of all windows of a text, ascending; one that stands in several places comes twice.
    pub fn of(&mut self, text: &str) -> Vec<u64> {
        let mut all: Vec<u64> = Vec::new();
        self.each(text, |anchor, another| {
            if another && !all.ends_with(&[anchor, anchor]) {
                all.push(anchor);
            }
        });
        all.sort_unstable();
        let mut before = (None, 0);
        all.retain(|anchor| {
            before = if before.0 == Some(*anchor) { (before.0, before.1 + 1) } else { (Some(*anchor), 1) };
            before.1 <= 2
        });
        all
    }
}

/// Spreads a hash over all 64 bits, one to one.
#[inline]
fn spread(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// Hashes windows of a text, from its start to its end.
pub struct Prints<'t> {
    window: usize,
    hashes: [Rolling; 2],
    /// What comes next into the hashes, and what goes next.
    new: Chars<'t>,
    old: Chars<'t>,
    /// The characters in the hashes.
    inside: Range<usize>,
}

impl<'t> Prints<'t> {
    /// The windows of `window` characters of a text.
    pub fn new(text: &'t str, window: usize) -> Self {
        let hashes = BASES.map(|base| Rolling::new(base, window));
        Prints { window, hashes, new: text.chars(), old: text.chars(), inside: 0..0 }
    }

    /// Hashes the windows that start at these characters, none before those of the last call.
    pub fn of(&mut self, starts: Range<usize>, prints: &mut Vec<u128>) {
        prints.clear();
        if starts.start >= self.inside.end {
            if let Some(skip) = (starts.start - self.inside.start).checked_sub(1) {
                self.old.nth(skip);
            }
            self.new = self.old.clone();
            self.inside = starts.start..starts.start;
            self.hashes.iter_mut().for_each(|hash| hash.hash = 0);
        }
        while self.inside.end + 1 < starts.end + self.window {
            let Some(new) = self.new.next().map(code) else { return };
            let mut old = 0;
            if self.inside.len() == self.window {
                old = self.old.next().map_or(0, code);
                self.inside.start += 1;
            }
            self.inside.end += 1;
            self.hashes.iter_mut().for_each(|hash| hash.roll(new, old));
            if self.inside.len() == self.window && self.inside.start >= starts.start {
                // 61 bits of one and 27 of the other.
                prints.push(u128::from(self.hashes[0].hash) << 27 | u128::from(spread(self.hashes[1].hash) >> 37));
            }
        }
    }
}

/// Stretches of characters, ascending and apart, as bytes of the text.
pub fn in_bytes(text: &str, spans: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut starts = text.char_indices().map(|c| c.0).chain(std::iter::once(text.len()));
    // The last place asked for, and its byte.
    let (mut at, mut byte) = (0, starts.next().unwrap_or_default());
    let mut byte = |place: usize| {
        if place > at {
            byte = starts.nth(place - at - 1).unwrap_or(text.len());
            at = place;
        }
        byte
    };
    spans.iter().map(|(start, end)| (byte(*start), byte(*end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    /// A text of so many characters, by a seed.
    fn text(seed: u64, alphabet: &[char], length: usize) -> String {
        let mut state = seed.wrapping_mul(2_862_933_555_777_941_757) | 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        (0..length).map(|_| alphabet[next() % alphabet.len()]).collect()
    }

    fn texts() -> Vec<String> {
        let alphabets: [&[char]; 4] = [&['a'], &['a', 'b'], &['中', 'a', '𠮷', '。'], &['x', 'y', 'z', '\n', '字']];
        let mut all: Vec<String> =
            (0..80).map(|i| text(i, alphabets[i as usize % 4], [0, 1, 7, 8, 9, 40, 300][i as usize % 7])).collect();
        all.push("𠮷野".repeat(60));
        all.push(format!("{0}X{0}", text(7, alphabets[3], 90)));
        all
    }

    #[test]
    fn equal_windows_have_equal_anchors_and_hashes_and_others_do_not() {
        for window in [2, 3, 8, 9, 31] {
            let (mut anchors, mut hashes) = (HashMap::new(), HashMap::new());
            let mut windows = HashSet::new();
            for text in texts() {
                let chars: Vec<char> = text.chars().collect();
                let mut own = Vec::new();
                Anchors::new(window).each(&text, |anchor, _| own.push(anchor));
                let mut prints = Vec::new();
                Prints::new(&text, window).of(0..own.len(), &mut prints);
                assert_eq!((own.len(), prints.len()), (chars.windows(window).len(), chars.windows(window).len()));
                for ((window, anchor), print) in chars.windows(window).zip(own).zip(prints) {
                    windows.insert(window.to_vec());
                    assert_eq!(*anchors.entry(window.to_vec()).or_insert(anchor), anchor, "{window:?}");
                    assert_eq!(*hashes.entry(window.to_vec()).or_insert(print), print, "{window:?}");
                }
            }
            assert_eq!(hashes.values().collect::<HashSet<_>>().len(), windows.len());
            assert!(hashes.values().all(|hash| hash >> PRINT_BITS == 0));
        }
    }

    /// By the book: the last of the least in each window.
    #[test]
    fn the_anchor_is_the_last_of_the_least() {
        for window in [2, 5, 8, 30] {
            for text in texts() {
                let run = window / 2;
                let mut values = Vec::new();
                for of_run in text.chars().collect::<Vec<_>>().windows(run) {
                    let add = |hash: u64, c: &char| hash.wrapping_mul(BASE).wrapping_add(code(*c));
                    values.push(spread(of_run.iter().fold(0, add)));
                }
                let mut expected = Vec::new();
                for (start, runs) in values.windows(window - run + 1).enumerate() {
                    let least = runs.iter().enumerate().min_by_key(|(at, v)| (**v, std::cmp::Reverse(*at))).unwrap();
                    expected.push((spread(*least.1) >> 16, start + least.0));
                }
                let mut own = Vec::new();
                Anchors::new(window).each(&text, |anchor, another| own.push((anchor, another)));
                assert_eq!(own.len(), expected.len());
                for (at, (anchor, another)) in own.iter().enumerate() {
                    assert_eq!(*anchor, expected[at].0);
                    assert_eq!(*another, at == 0 || expected[at].1 != expected[at - 1].1, "{window} {text} {at}");
                }
            }
        }
    }

    #[test]
    fn anchors_are_few() {
        let alphabet: Vec<char> = ('一'..'龥').collect();
        let long = text(5, &alphabet, 100_000);
        let count = Anchors::new(100).of(&long).len();
        assert!((3_700..4_100).contains(&count), "{count}");
        assert_eq!(Anchors::new(100).of(&"啊".repeat(100_000)).len(), 2);
        assert!(Anchors::new(100).of(&"abc".repeat(30_000)).len() <= 2);
        assert!(Anchors::new(100).of(&"字".repeat(99)).is_empty());
        assert_eq!(Anchors::new(100).of(&"字".repeat(100)).len(), 1);
    }

    #[test]
    fn windows_are_hashed_alike_wherever_one_begins() {
        for text in texts() {
            let count = (text.chars().count() + 1).saturating_sub(9);
            let (mut all, mut some) = (Vec::new(), Vec::new());
            Prints::new(&text, 9).of(0..count, &mut all);
            let mut prints = Prints::new(&text, 9);
            for starts in [0..0, 2..5, 5..6, 7..7, 8..20, 28..31, 39..40, 60..290] {
                if starts.end <= count {
                    prints.of(starts.clone(), &mut some);
                    assert_eq!(some, all[starts]);
                }
            }
        }
    }

    #[test]
    fn characters_to_bytes() {
        assert_eq!(in_bytes("a中𠮷b", &[(0, 1), (2, 3), (3, 4)]), [(0, 1), (4, 8), (8, 9)]);
        assert_eq!(in_bytes("a中𠮷b", &[(1, 4)]), [(1, 9)]);
        assert_eq!(in_bytes("", &[]), []);
        assert_eq!(joined(&["一", "二"]), "一\n二");
        assert_eq!(joined(&[]), "");
    }
}
