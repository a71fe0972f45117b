//! What repeated stretches of a text are found by: *windows* of a fixed number of characters, the *anchor* of each, and
//! a hash of each.
//!
//! The anchor of a window is the run of half as many characters in it whose hash is least (Schleimer, Wilkerson, Aiken:
//! "Winnowing", 2003). It depends on nothing outside the window, so equal windows have equal anchors, wherever they
//! stand. Neighbours mostly share theirs: in a text that does not repeat itself a new one comes every quarter of a
//! window, and in one that repeats a short period, always the same one. So a window can only occur twice if its anchor
//! does, and there are few of those to compare.

use std::borrow::Cow;

/// The prime that hashes are taken modulo: 2⁶¹ − 1.
const PRIME: u64 = (1 << 61) - 1;
/// Bases of the hashes: of runs, and two for windows.
const BASES: [u64; 3] = [0x0f3d_9d8f_21a5_c34b, 0x1a62_7d4b_55e9_1f07, 0x05b1_8ec3_9f46_d2a9];
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
        let mut hash = Rolling::new(BASES[0], run);
        let mut old = text.chars();
        // Where the least hash of the window is in the ring, and how many runs ago.
        let (mut least, mut age, mut slot) = (u64::MAX, 0, 0);
        let (mut anchor, mut another) = (0, false);
        for (at, c) in text.chars().enumerate() {
            hash.roll(code(c), if at < run { 0 } else { old.next().map_or(0, code) });
            if at + 1 < run {
                continue;
            }
            let value = spread(hash.hash);
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

/// The hash of each window of `window` characters of a text, in order, one a character.
pub fn prints(text: &str, window: usize) -> impl Iterator<Item = u128> {
    let mut hashes = [Rolling::new(BASES[1], window), Rolling::new(BASES[2], window)];
    let mut old = text.chars();
    text.chars().enumerate().filter_map(move |(at, c)| {
        let (new, old) = (code(c), if at < window { 0 } else { old.next().map_or(0, code) });
        hashes.iter_mut().for_each(|hash| hash.roll(new, old));
        // 61 bits of one and 27 of the other.
        let both = u128::from(hashes[0].hash) << 27 | u128::from(spread(hashes[1].hash) >> 37);
        (at + 1 >= window).then_some(both)
    })
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
                let prints: Vec<u128> = prints(&text, window).collect();
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
                let mut hash = Rolling::new(BASES[0], run);
                let chars: Vec<char> = text.chars().collect();
                for (at, c) in chars.iter().enumerate() {
                    hash.roll(code(*c), at.checked_sub(run).map_or(0, |old| code(chars[old])));
                    if at + 1 >= run {
                        values.push(spread(hash.hash));
                    }
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
    fn characters_to_bytes() {
        assert_eq!(in_bytes("a中𠮷b", &[(0, 1), (2, 3), (3, 4)]), [(0, 1), (4, 8), (8, 9)]);
        assert_eq!(in_bytes("a中𠮷b", &[(1, 4)]), [(1, 9)]);
        assert_eq!(in_bytes("", &[]), []);
        assert_eq!(joined(&["一", "二"]), "一\n二");
        assert_eq!(joined(&[]), "");
    }
}
