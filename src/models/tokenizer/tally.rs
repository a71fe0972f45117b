//! What tokenizers make of text, counted: characters and bytes to a token by language and source, characters that fall
//! into bytes, and the words and Han characters that fall into most pieces.
//!
//! A [`Tally`] is of one thread; those of all threads are added up, and the sums depend on neither their number nor who
//! counted what. Sums are a few numbers a language and source; words are bounded ([`words`]).

use std::collections::BTreeMap;

use super::pieces::Piece;
use super::{Scratch, Tokenizer};
use words::Words;

pub mod splits;
pub mod words;

/// A tokenizer that is looked at.
pub struct Subject {
    tokenizer: Tokenizer,
    /// What each id stands for: a whole piece, bytes, or nothing that is known.
    kinds: Vec<Kind>,
}

/// What an id stands for, as far as it is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Bytes,
    Unknown,
}

impl Subject {
    /// Of a tokenizer.
    pub fn new(tokenizer: Tokenizer) -> Self {
        let kind = |id: u32| match tokenizer.piece(id) {
            Some(Piece::Bytes(_)) => Kind::Bytes,
            Some(Piece::Unknown) => Kind::Unknown,
            Some(Piece::Text(_)) | None => Kind::Whole,
        };
        Subject { kinds: (0..tokenizer.vocabulary()).map(kind).collect(), tokenizer }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn kind(&self, id: u32) -> Kind {
        self.kinds.get(id as usize).copied().unwrap_or(Kind::Whole)
    }
}

/// What one tokenizer made of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Tokens.
    pub tokens: u64,
    /// Of these, those that are bytes and no whole characters.
    pub bytes: u64,
    /// Of these, those that say that the vocabulary lacks something.
    pub unknown: u64,
}

/// Texts, and what each tokenizer made of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Texts.
    pub texts: u64,
    /// Their characters.
    pub chars: u64,
    /// Their bytes, in UTF-8.
    pub bytes: u64,
    /// By tokenizer, in their order.
    pub made: Vec<Made>,
}

impl Sums {
    /// Adds others of the same tokenizers.
    pub fn add(&mut self, other: &Sums) {
        self.texts += other.texts;
        self.chars += other.chars;
        self.bytes += other.bytes;
        self.made.resize(self.made.len().max(other.made.len()), Made::default());
        for (mine, other) in self.made.iter_mut().zip(&other.made) {
            mine.tokens += other.tokens;
            mine.bytes += other.bytes;
            mine.unknown += other.unknown;
        }
    }
}

/// What was counted.
#[derive(Default)]
pub struct Tally {
    /// By language and source.
    pub groups: BTreeMap<(String, String), Sums>,
    /// Words and Han characters.
    pub words: Words,
    scratch: Scratch,
    ids: Vec<u32>,
}

impl Tally {
    /// Counts a text.
    ///
    /// # Errors
    /// The tokenizer, by its place, that cannot cut it, and why.
    pub fn text(
        &mut self,
        subjects: &[Subject],
        text: &str,
        (language, source): (&str, &str),
    ) -> Result<(), (usize, String)> {
        let key = (language.to_owned(), source.to_owned());
        let sums = self.groups.entry(key).or_default();
        sums.made.resize(subjects.len(), Made::default());
        sums.texts += 1;
        sums.chars += text.chars().count() as u64;
        sums.bytes += text.len() as u64;
        for (at, (subject, made)) in subjects.iter().zip(&mut sums.made).enumerate() {
            self.ids.clear();
            subject.tokenizer.encode(text, &mut self.scratch, &mut self.ids).map_err(|why| (at, why))?;
            made.tokens += self.ids.len() as u64;
            for id in &self.ids {
                match subject.kind(*id) {
                    Kind::Whole => {}
                    Kind::Bytes => made.bytes += 1,
                    Kind::Unknown => made.unknown += 1,
                }
            }
        }
        self.words.text(text);
        Ok(())
    }

    /// Adds what another thread counted.
    pub fn add(&mut self, other: Tally) {
        for (key, sums) in other.groups {
            self.groups.entry(key).or_default().add(&sums);
        }
        self.words.add(other.words);
    }
}
