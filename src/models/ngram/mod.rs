//! N-gram language models: how probable a text is, word after word or character after character.
//!
//! A model says how likely each word is after those before it; where it never saw them together it backs off to fewer.
//! Perplexity is normalised as CCNet does (Wenzek and others, 2020, "CCNet: Extracting High Quality Monolingual Datasets
//! from Web Crawl Data"): each line is a sentence between `<s>` and `</s>`, the logarithms of all lines are added, and
//! divided by the number of words and line ends. Read from ARPA files, KenLM's binary files and files of our own.

use std::path::Path;

use super::{Error, Result};
use table::{Table, Words, extend};

pub mod arpa;
pub mod compact;
pub mod estimate;
pub mod kenlm;
pub mod table;
pub mod units;

pub use units::Units;

/// Words of the longest n-gram; KenLM has the same limit unless compiled for more.
pub const LONGEST: usize = 6;

/// A language model. Read-only: threads share one.
#[derive(Debug)]
pub struct Model {
    words: Words,
    /// Probability and weight of each word; 0 is the unknown word.
    unigrams: Vec<[f32; 2]>,
    /// The n-grams of two words, of three …
    tables: Vec<Table>,
    units: Units,
}

/// The last words of a sentence, the last one first, with the weight of each as a context.
#[derive(Clone, Copy, Debug, Default)]
pub struct State {
    words: [u32; LONGEST - 1],
    weights: [f32; LONGEST - 1],
    length: usize,
}

/// What a model says of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Log₁₀ of the probability.
    pub log10: f64,
    /// Words and line ends.
    pub tokens: u64,
    /// Words that the model does not know.
    pub unknown: u64,
}

impl Score {
    /// Perplexity: the number of equally likely words that would surprise as much. `None` of a text without words.
    pub fn perplexity(&self) -> Option<f64> {
        (self.tokens > 0).then(|| 10f64.powf(-self.log10 / self.tokens as f64))
    }
}

impl Model {
    /// Reads a model, of whatever format the file begins with. Memory is about 24 bytes an n-gram.
    ///
    /// # Errors
    /// If the file cannot be read, or is no language model; the error names the byte or the line.
    pub fn read(path: &Path) -> Result<Model> {
        use std::io::Read;
        let mut head = Vec::new();
        let file = std::fs::File::open(path);
        file.and_then(|file| file.take(64).read_to_end(&mut head)).map_err(|e| Error::file(path, e.to_string()))?;
        if head.starts_with(b"mmap lm ") {
            kenlm::read(path)
        } else if head.starts_with(compact::MAGIC) {
            compact::read(path)
        } else if head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Err(Error::file(path, "is compressed: decompress it first"))
        } else {
            arpa::read(path)
        }
    }

    /// What the model's words are.
    pub fn units(&self) -> Units {
        self.units
    }

    /// Words of the longest n-gram.
    pub fn order(&self) -> usize {
        self.tables.len() + 1
    }

    /// How many n-grams there are of each length.
    pub fn counts(&self) -> Vec<usize> {
        std::iter::once(self.unigrams.len()).chain(self.tables.iter().map(Table::len)).collect()
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.words.memory() + 8 * self.unigrams.capacity() + self.tables.iter().map(Table::memory).sum::<usize>()
    }

    /// The number of a word; 0 of one that the model does not know.
    #[inline(always)]
    pub fn word(&self, word: &str) -> u32 {
        self.words.get(word.as_bytes())
    }

    /// The state at the beginning of a sentence.
    pub fn begin(&self) -> State {
        let word = self.word("<s>");
        let mut state = State { length: 1, ..State::default() };
        (state.words[0], state.weights[0]) = (word, self.unigrams[word as usize][1]);
        state
    }

    /// Log₁₀ of the probability of the next word; the state goes on.
    #[inline]
    pub fn score(&self, state: &mut State, word: u32) -> f32 {
        let [mut log10, weight] = self.unigrams[word as usize];
        let mut next = State { length: 1, ..State::default() };
        (next.words[0], next.weights[0]) = (word, weight);
        let mut key = u64::from(word);
        let mut found = 1;
        for (table, before) in self.tables.iter().zip(&state.words[..state.length]) {
            key = extend(key, *before);
            let Some([probability, weight]) = table.get(key) else { break };
            log10 = probability;
            if found < self.tables.len() {
                (next.words[found], next.weights[found]) = (*before, weight);
                next.length = found + 1;
            }
            found += 1;
        }
        for weight in &state.weights[(found - 1).min(state.length)..state.length] {
            log10 += weight;
        }
        *state = next;
        log10
    }

    /// Adds a word to a score.
    #[inline]
    pub fn next(&self, state: &mut State, word: &str, score: &mut Score) {
        let word = self.word(word);
        score.unknown += u64::from(word == 0);
        score.tokens += 1;
        score.log10 += f64::from(self.score(state, word));
    }

    /// Adds the end of a sentence to a score.
    pub fn end(&self, state: &mut State, score: &mut Score) {
        score.tokens += 1;
        score.log10 += f64::from(self.score(state, self.word("</s>")));
    }

    /// The score of a text whose lines are sentences; empty lines are none. Words are cut as [`Units`] says, by white
    /// space for units that a segmenter makes.
    pub fn text(&self, text: &str) -> Score {
        let mut score = Score::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.line(self.units, line, &mut score);
        }
        score
    }

    /// Adds a line, cut into units, to a score.
    pub fn line(&self, units: Units, line: &str, score: &mut Score) {
        let mut state = self.begin();
        units.each(line, |word| self.next(&mut state, word, score));
        self.end(&mut state, score);
    }
}
