//! Units of counting: words or characters, how many there are, how many differ, how evenly they are used.

use std::collections::HashSet;
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::counter::{Counter, mix};
use super::properties::{LETTER, properties};
use super::repetition::Repetition;
use super::tally::{self, STOPS, term};
use crate::text::words;

/// Gopher's stop words.
const ENGLISH: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

static STOP_WORDS: LazyLock<[HashSet<u64>; 2]> = LazyLock::new(|| {
    let mut buffer = [0; 4];
    [
        ENGLISH.iter().map(|w| xxh3_64(w.as_bytes())).collect(),
        STOPS.chars().map(|c| xxh3_64(c.encode_utf8(&mut buffer).as_bytes())).collect(),
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
}

impl Units {
    /// Counts words, and hands them to `repetition`.
    pub fn of_words(&mut self, words: &[&str], chinese: bool, mut repetition: Option<&mut Repetition>) {
        self.start(words.len(), !chinese, repetition.as_deref_mut());
        words.iter().for_each(|word| self.word(word, chinese, repetition.as_deref_mut()));
        self.finish();
    }

    /// Counts Unicode's words of a text, and hands them to `repetition`.
    pub fn of_text(&mut self, text: &str, mut repetition: Option<&mut Repetition>) {
        self.start(text.len() / 4, true, repetition.as_deref_mut());
        words::each(text, |word| self.word(word, false, repetition.as_deref_mut()));
        self.finish();
    }

    fn start(&mut self, units: usize, spaced: bool, repetition: Option<&mut Repetition>) {
        self.found = Found { spaced, ..Found::default() };
        self.counter.reset(units / 2);
        if let Some(repetition) = repetition {
            repetition.clear(true);
        }
    }

    fn word(&mut self, word: &str, chinese: bool, repetition: Option<&mut Repetition>) {
        let hash = xxh3_64(word.as_bytes());
        let characters = if word.is_ascii() { word.len() } else { word.chars().count() };
        if let Some(repetition) = repetition {
            repetition.push(hash, characters as u32);
        }
        let found = &mut self.found;
        found.units += 1;
        found.characters += characters as u64;
        let first = word.as_bytes().first().copied().unwrap_or(0);
        let lettered = first.is_ascii_alphabetic() || word.chars().any(|c| properties().get(c) & LETTER != 0);
        found.lettered += u64::from(lettered);
        let (_, count) = self.counter.add(mix(hash));
        if count == 1 {
            found.different += 1;
            found.stops += u32::from(word.len() <= 4 && STOP_WORDS[usize::from(chinese)].contains(&hash));
        }
        // The sum of c ln c grows with each further one.
        found.entropy += term(count) - term(count - 1);
    }

    fn finish(&mut self) {
        let units = self.found.units as f64;
        self.found.entropy = if units > 0.0 { units.ln() - self.found.entropy / units } else { 0.0 };
    }

    /// Takes what was counted of characters without white space.
    pub fn of_characters(&mut self, found: &tally::Found) {
        let tally::Found { units, different, sum, stops } = *found;
        self.found = Found { units, characters: units, different, entropy: sum, stops, ..Found::default() };
        self.finish();
    }
}
