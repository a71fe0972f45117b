//! The words and Han characters that fall into most pieces.

use super::words::Words;
use super::{Kind, Subject};
use crate::models::tokenizer::Scratch;
use crate::text::classes::{class, is_han};

/// Words that stand fewer times are not looked at: most are misspelt, or no words.
pub const LEAST: u64 = 5;

/// A word or character as a tokenizer cuts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The word.
    pub word: String,
    /// How often it stands in the texts.
    pub times: u64,
    /// What it falls into: text, or bytes as `<0xE9>`.
    pub pieces: Vec<String>,
}

/// Han characters, as a tokenizer cuts each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Han {
    /// Different ones.
    pub different: u64,
    /// Of these, those that are one piece.
    pub whole: u64,
    /// Of these, those that fall into bytes, or are unknown.
    pub bytes: u64,
    /// How often one of them stands in the texts.
    pub times: u64,
    /// How often one of those does that fall into bytes, or are unknown.
    pub times_bytes: u64,
}

/// What falls into most pieces, most first.
#[derive(Clone, Debug, Default)]
pub struct Splits {
    /// Han characters in sum.
    pub han: Han,
    /// Han characters.
    pub characters: Vec<Split>,
    /// Words of Han.
    pub han_words: Vec<Split>,
    /// Other words.
    pub words: Vec<Split>,
}

/// Cuts words as they stand within a text.
struct Cutter<'a> {
    subject: &'a Subject,
    scratch: Scratch,
    ids: Vec<u32>,
    /// The ids of a line's end, before which a text may begin otherwise than it goes on.
    before: Vec<u32>,
}

impl<'a> Cutter<'a> {
    fn new(subject: &'a Subject) -> Self {
        let mut cutter = Cutter { subject, scratch: Scratch::default(), ids: Vec::new(), before: Vec::new() };
        cutter.before = cutter.encode("\n").to_vec();
        cutter
    }

    /// The ids of a text; none where it cannot be cut.
    fn encode(&mut self, text: &str) -> &[u32] {
        self.ids.clear();
        if self.subject.tokenizer.encode(text, &mut self.scratch, &mut self.ids).is_err() {
            self.ids.clear();
        }
        &self.ids
    }

    /// The ids of a word behind the end of a line, and a space where words have one.
    fn word(&mut self, word: &str, spaced: bool) -> &[u32] {
        let text = if spaced { format!("\n {word}") } else { format!("\n{word}") };
        self.encode(&text);
        if !self.ids.starts_with(&self.before) || self.ids.len() == self.before.len() {
            self.encode(word);
            return &self.ids;
        }
        &self.ids[self.before.len()..]
    }
}

/// The most of one kind.
struct Most<'w> {
    most: usize,
    /// Pieces, times, word.
    found: Vec<(usize, u64, &'w str)>,
}

impl<'w> Most<'w> {
    fn new(most: usize) -> Self {
        Most { most, found: Vec::new() }
    }

    fn add(&mut self, pieces: usize, times: u64, word: &'w str) {
        if pieces < 2 {
            return;
        }
        self.found.push((pieces, times, word));
        if self.found.len() >= 4 * self.most + 64 {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.found.sort_unstable_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(a.2.cmp(b.2)));
        self.found.truncate(self.most);
    }

    fn splits(mut self, cutter: &mut Cutter<'_>, spaced: bool) -> Vec<Split> {
        self.settle();
        let split = |(_, times, word): (usize, u64, &str)| {
            let ids = cutter.word(word, spaced).to_vec();
            let piece = |id: u32| cutter.subject.tokenizer.piece(id).map_or_else(|| id.to_string(), |p| p.to_string());
            Split { word: word.to_owned(), times, pieces: ids.into_iter().map(piece).collect() }
        };
        self.found.into_iter().map(split).collect()
    }
}

/// What falls into most pieces; `most` of each kind.
pub fn splits(subject: &Subject, words: &Words, most: usize) -> Splits {
    let mut cutter = Cutter::new(subject);
    let mut all = Splits::default();
    let han: Vec<(String, u64)> = words.han().map(|(c, times)| (c.to_string(), times)).collect();
    let mut characters = Most::new(most);
    for (character, times) in &han {
        let ids = cutter.word(character, false);
        let bytes = ids.iter().any(|id| subject.kind(*id) != Kind::Whole);
        all.han.different += 1;
        all.han.times += times;
        all.han.whole += u64::from(ids.len() == 1 && !bytes);
        all.han.bytes += u64::from(bytes);
        all.han.times_bytes += if bytes { *times } else { 0 };
        let pieces = ids.len();
        characters.add(pieces, *times, character);
    }
    all.characters = characters.splits(&mut cutter, false);
    let (mut of_han, mut other) = (Most::new(most), Most::new(most));
    for (word, times) in words.words().filter(|word| word.1 >= LEAST) {
        let of = word.chars().next().is_some_and(|c| is_han(class(c)));
        let pieces = cutter.word(word, !of).len();
        if of { of_han.add(pieces, times, word) } else { other.add(pieces, times, word) }
    }
    all.han_words = of_han.splits(&mut cutter, false);
    all.words = other.splits(&mut cutter, true);
    all
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::models::tokenizer::Tokenizer;
    use crate::models::tokenizer::tally::Tally;

    fn subject(name: &str) -> Subject {
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "models", name].iter().collect();
        Subject::new(Tokenizer::read(&path).unwrap())
    }

    /// A character without a piece falls into its bytes, in a vocabulary of bytes and in one that names them.
    #[test]
    fn characters_fall_into_bytes() {
        for name in ["tiny-tokenizer.json", "tiny-spm.model"] {
            let subjects = [subject(name)];
            let mut tally = Tally::default();
            for _ in 0..LEAST {
                tally.text(&subjects, "魑魅魍魉，extraordinarily。\n", ("zh", "a")).unwrap();
            }
            let sums = &tally.groups[&("zh".to_owned(), "a".to_owned())];
            assert_eq!((sums.texts, sums.chars), (LEAST, LEAST * 22));
            let made = sums.made[0];
            assert!(made.bytes >= 12 * LEAST / 2 && made.bytes < made.tokens && made.unknown == 0, "{name}: {made:?}");
            let all = splits(&subjects[0], &tally.words, 3);
            assert_eq!((all.han.different, all.han.whole, all.han.times), (4, 0, 4 * LEAST), "{name}");
            assert_eq!((all.han.bytes, all.han.times_bytes, all.characters.len()), (4, 4 * LEAST, 3), "{name}");
            let wanted = "魅".bytes().map(|b| format!("<0x{b:02X}>")).collect::<String>();
            let found = all.characters.iter().find(|s| s.word == "魅").map(|s| s.pieces.concat());
            assert!(found.is_none_or(|found| found == wanted), "{name}: {all:?}");
            assert_eq!(all.words[0].word, "extraordinarily", "{name}");
            assert_eq!(all.words[0].pieces.concat().trim_start_matches([' ', '▁']), "extraordinarily", "{name}");
        }
    }
}
