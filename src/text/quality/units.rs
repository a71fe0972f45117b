//! Units of counting: words or characters, how many there are, how many differ, how evenly they are used.

use std::collections::HashSet;
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::counter::{Counter, mix};
use super::properties::{BLANK, LETTER, properties};
use super::repetition::Repetition;
use crate::text::words;

/// Gopher's stop words.
const ENGLISH: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];
/// FineWeb-2's for cmn_Hani (configs/cmn_Hani.yml).
const CHINESE: &str = "的年在月是和日了於·為有被人中为他與後也而由";

static STOPS: LazyLock<[HashSet<u64>; 2]> = LazyLock::new(|| {
    let mut buffer = [0; 4];
    [
        ENGLISH.iter().map(|w| xxh3_64(w.as_bytes())).collect(),
        CHINESE.chars().map(|c| xxh3_64(c.encode_utf8(&mut buffer).as_bytes())).collect(),
    ]
});

/// What is counted.
#[derive(Clone, Default)]
pub struct Found {
    /// Units.
    pub units: u64,
    /// Their characters.
    pub characters: u64,
    /// Different units.
    pub different: u64,
    /// Units with a letter; of words alone.
    pub lettered: u64,
    /// Different stop words.
    pub stops: u32,
    /// Nats.
    pub entropy: f64,
    /// Whether white space stands between units.
    pub spaced: bool,
}

/// Counts units.
#[derive(Default)]
pub struct Units {
    /// What is counted.
    pub found: Found,
    counter: Counter,
    counts: Vec<u32>,
    /// How often each character of the first two planes comes, and which do.
    by_code: Vec<u32>,
    codes: Vec<u32>,
}

impl Units {
    /// Counts words.
    pub fn of_words(&mut self, words: &[&str], chinese: bool, repetition: &mut Repetition) {
        self.start(words.len(), !chinese, repetition);
        words.iter().for_each(|word| self.word(word, chinese, repetition));
        self.finish();
    }

    /// Counts Unicode's words of a text.
    pub fn of_text(&mut self, text: &str, repetition: &mut Repetition) {
        self.start(text.len() / 4, true, repetition);
        words::each(text, |word| self.word(word, false, repetition));
        self.finish();
    }

    fn start(&mut self, units: usize, spaced: bool, repetition: &mut Repetition) {
        self.found = Found { spaced, ..Found::default() };
        self.counter.reset(units / 2);
        self.counts.clear();
        repetition.clear(true);
    }

    fn word(&mut self, word: &str, chinese: bool, repetition: &mut Repetition) {
        let hash = xxh3_64(word.as_bytes());
        let characters = if word.is_ascii() { word.len() } else { word.chars().count() };
        repetition.push(hash, characters as u32);
        let found = &mut self.found;
        found.units += 1;
        found.characters += characters as u64;
        let first = word.as_bytes().first().copied().unwrap_or(0);
        let lettered = first.is_ascii_alphabetic() || word.chars().any(|c| properties().get(c) & LETTER != 0);
        found.lettered += u64::from(lettered);
        let (_, count) = self.counter.add(mix(hash));
        if count == 1 {
            found.different += 1;
            found.stops += u32::from(word.len() <= 4 && STOPS[usize::from(chinese)].contains(&hash));
        }
        // The sum of c ln c grows with each further one.
        found.entropy += term(count) - term(count - 1);
    }

    fn finish(&mut self) {
        let units = self.found.units as f64;
        self.found.entropy = if units > 0.0 { units.ln() - self.found.entropy / units } else { 0.0 };
    }

    /// Counts characters without white space.
    pub fn of_characters(&mut self, codes: &[u32], repetition: &mut Repetition) {
        self.found = Found::default();
        self.by_code.resize(1 << 18, 0);
        let of = &properties().of;
        for code in codes {
            if of[(code >> 21) as usize] & BLANK != 0 {
                continue;
            }
            self.found.units += 1;
            let count = &mut self.by_code[(code & 0x3_FFFF) as usize];
            *count += 1;
            if *count == 1 {
                self.codes.push(*code & 0x3_FFFF);
            }
        }
        self.found.stops = CHINESE.chars().map(|c| u32::from(self.by_code[c as usize] > 0)).sum();
        for code in self.codes.drain(..) {
            let count = std::mem::take(&mut self.by_code[code as usize]);
            self.found.different += 1;
            self.found.entropy += term(count);
        }
        self.found.characters = self.found.units;
        self.finish();
        repetition.characters(codes.iter().map(|c| c & super::page::CODE));
    }
}

/// c ln c.
fn term(count: u32) -> f64 {
    static TERMS: LazyLock<Vec<f64>> = LazyLock::new(|| (0..1024).map(exact).collect());
    fn exact(count: u32) -> f64 {
        if count < 2 { 0.0 } else { f64::from(count) * f64::from(count).ln() }
    }
    TERMS.get(count as usize).copied().unwrap_or_else(|| exact(count))
}
