//! The words and Han characters of texts, with how often each stands there: all characters, and of words as many as have
//! a place. Where there are more, every second one is let go by its hash, and again, so that which words stay depends
//! neither on the order of the texts nor on the number of threads; those that stay are counted exactly.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::text::classes::{class, is_han};
use crate::text::words;

/// Words that are kept at the most.
const MOST: usize = 1 << 18;
/// Characters of the longest word that is looked at: what is longer is data.
const LONGEST: usize = 40;

/// Words and Han characters.
#[derive(Default)]
pub struct Words {
    /// Of words whose hash ends with so many zeros.
    level: u32,
    words: HashMap<Box<str>, u64>,
    han: HashMap<char, u64>,
}

fn hash(word: &str) -> u32 {
    xxh3_64(word.as_bytes()).trailing_zeros()
}

impl Words {
    /// Counts those of a text: words of letters alone.
    pub fn text(&mut self, text: &str) {
        for c in text.chars().filter(|c| is_han(class(*c))) {
            *self.han.entry(c).or_default() += 1;
        }
        words::each(text, |word| {
            let letters = word.chars().all(char::is_alphabetic);
            if letters && (2..=LONGEST).contains(&word.chars().take(LONGEST + 1).count()) && hash(word) >= self.level {
                self.count(word, 1);
            }
        });
    }

    fn count(&mut self, word: &str, times: u64) {
        if let Some(count) = self.words.get_mut(word) {
            *count += times;
            return;
        }
        self.words.insert(word.into(), times);
        while self.words.len() > MOST {
            self.level += 1;
            self.words.retain(|word, _| hash(word) >= self.level);
        }
    }

    /// Adds those of another thread.
    pub fn add(&mut self, other: Words) {
        if other.level > self.level {
            self.level = other.level;
            self.words.retain(|word, _| hash(word) >= other.level);
        }
        for (word, times) in other.words {
            if hash(&word) >= self.level {
                self.count(&word, times);
            }
        }
        for (c, times) in other.han {
            *self.han.entry(c).or_default() += times;
        }
    }

    /// Of how many words one is here.
    pub fn one_in(&self) -> u64 {
        1 << self.level.min(63)
    }

    /// Han characters with how often they stand there, in no order.
    pub fn han(&self) -> impl Iterator<Item = (char, u64)> {
        self.han.iter().map(|(c, times)| (*c, *times))
    }

    /// The words that are here, with how often they stand there, in no order.
    pub fn words(&self) -> impl Iterator<Item = (&str, u64)> {
        self.words.iter().map(|(word, times)| (word.as_ref(), *times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(words: &Words) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = words.words().map(|(word, times)| (word.to_owned(), times)).collect();
        all.sort();
        all
    }

    #[test]
    fn words_of_letters_and_characters_are_counted() {
        let mut words = Words::default();
        words.text("河边的小镇很安静，河边有 boats and boats2 9 𠮷。");
        let all = sorted(&words);
        assert!(all.contains(&("河边".into(), 2)) && all.contains(&("boats".into(), 1)), "{all:?}");
        assert!(!all.iter().any(|w| w.0.contains(['2', '9'])), "{all:?}");
        let han: HashMap<char, u64> = words.han().collect();
        assert_eq!((han[&'河'], han[&'𠮷'], han.contains_key(&'b')), (2, 1, false));
    }

    /// More words than there is room for: the same stay, however they come.
    #[test]
    fn which_words_stay_depends_on_nothing_but_the_words() {
        let word = |n: u32| -> String {
            (0..4).map(|at| char::from(b'a' + (n / 26u32.pow(at) % 26) as u8)).chain("zzz".chars()).collect()
        };
        let many = MOST as u32 + MOST as u32 / 2;
        let (mut whole, mut first, mut second) = (Words::default(), Words::default(), Words::default());
        for n in 0..many {
            whole.count(&word(n), 1);
            if n % 3 == 0 { first.text(&word(n)) } else { second.text(&word(n)) }
        }
        first.add(second);
        assert_eq!((whole.one_in(), first.one_in()), (2, 2));
        let (whole, first) = (sorted(&whole), sorted(&first));
        assert!(first.len() > MOST / 2 && first.len() <= MOST);
        let kept: Vec<_> = whole.into_iter().filter(|w| hash(&w.0) >= 1).collect();
        assert_eq!(kept, first);
    }
}
