//! Jieba's cut, in a structure made for it: what jieba-rs gives (dictionary graph, most probable path, hidden Markov
//! model for what is left), word for word, in less than half of its time.
//!
//! `tests/it/jieba.rs` holds it against jieba-rs.

mod hidden;
mod own;
mod path;
mod tables;
mod trie;
mod window;

use std::cell::Cell;
use std::sync::LazyLock;

use own::Own;
use path::Path;
use tables::Tables;
use trie::Pack;
use window::{Reading, Window};

/// What cuts Chinese into words.
pub struct Cutter {
    tables: Tables,
}

static DEFAULT: LazyLock<Cutter> = LazyLock::new(|| Cutter { tables: Tables::new(Pack::read()) });

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

#[derive(Default)]
struct Scratch {
    window: Window,
    path: Path,
}

impl Cutter {
    /// The cutter with jieba's own dictionary.
    pub fn standard() -> &'static Cutter {
        &DEFAULT
    }

    /// Jieba's dictionary with further words of Han, each with its frequency where it is said, as if they were added one
    /// after the other.
    ///
    /// # Errors
    /// What there is too much of: characters or frequencies.
    pub fn with_words(words: &[(&str, Option<u64>)]) -> Result<Cutter, String> {
        let mut own = Own::new(&DEFAULT.tables);
        words.iter().for_each(|(word, frequency)| own.add(word, *frequency));
        Ok(Cutter { tables: Tables::new(own.merge(Pack::read())?) })
    }

    /// Calls `word` with each word of Han, and `foreign` with each part of the text that has none, in order.
    pub fn words<'a, F>(
        &self,
        text: &'a str,
        found: &mut F,
        word: impl Fn(&mut F, &'a str),
        foreign: impl Fn(&mut F, &'a str),
    ) {
        self.windows(text, Reading::Words, |window| window.each(text, found, &word, &foreign));
    }

    /// Calls `foreign` with each part of the text that has no Han, and gives how many words the rest has.
    pub fn count<'a>(&self, text: &'a str, mut foreign: impl FnMut(&'a str)) -> usize {
        let mut count = 0;
        self.windows(text, Reading::Words, |window| {
            count += window.count();
            window.foreign(text).for_each(&mut foreign);
        });
        count
    }

    /// Calls `found` with each token of jieba's cut that is not white space: words, signs, and what it makes of Latin
    /// letters.
    pub fn tokens<'a>(&self, text: &'a str, mut found: impl FnMut(&'a str)) {
        self.windows(text, Reading::Tokens, |window| {
            window.each(text, &mut found, |found, word| found(word), |_, _| ())
        });
    }

    fn windows(&self, text: &str, how: Reading, mut each: impl FnMut(&Window)) {
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let Scratch { window, path } = &mut *scratch;
        let (mut at, mut stretch) = (0, None);
        while at < text.len() {
            at = window.fill(&self.tables, text, at, &mut stretch, how);
            path.cut(&self.tables, window, text);
            each(window);
        }
        window.shrink();
        path.shrink();
        SCRATCH.set(Some(scratch));
    }
}

#[cfg(test)]
impl Cutter {
    /// The frequency that a word would get.
    pub fn suggest(&self, word: &str) -> u64 {
        Own::new(&self.tables).suggest(word)
    }

    /// The characters of jieba's dictionary and model, most frequent first; calls `found` with each word.
    pub fn known(mut found: impl FnMut(&str)) -> Vec<char> {
        let pack = Pack::read();
        let (mut starts, mut next) = (vec![String::new()], 1);
        for (node, fan) in pack.trie.fans.iter().enumerate() {
            for kid in next..next + usize::from(*fan) {
                let mut word = starts[node].clone();
                word.push(pack.chars[usize::from(pack.trie.chars[kid])]);
                if pack.trie.words[kid] > 0 {
                    found(&word);
                }
                starts.push(word);
            }
            next += usize::from(*fan);
        }
        pack.chars
    }
}
