//! Words of a user beside those of the dictionary, with frequencies as jieba gives them.

use std::collections::{BTreeMap, HashMap};

use super::tables::{MOST, Tables, WEIGHT, is_block};
use super::trie::Pack;

/// Words that were added, one after the other: the frequency of one that says none follows from those before it.
pub struct Own<'t> {
    tables: &'t Tables,
    /// Nodes of a trie of the added words, by parent and character; the root is 0.
    nodes: HashMap<(u32, char), u32>,
    /// Frequencies of the added words, by node.
    frequencies: HashMap<u32, u64>,
    total: u64,
    words: BTreeMap<String, u64>,
}

impl<'t> Own<'t> {
    /// No words beside those of the tables.
    pub fn new(tables: &'t Tables) -> Own<'t> {
        let (nodes, frequencies, words) = Default::default();
        Own { tables, nodes, frequencies, total: tables.total, words }
    }

    /// Adds a word. Without a frequency it gets one by which it is not cut.
    pub fn add(&mut self, word: &str, frequency: Option<u64>) {
        let frequency = frequency.unwrap_or_else(|| self.suggest(word));
        let old = self.frequency(word);
        let mut node = 0;
        for c in word.chars() {
            let next = self.nodes.len() as u32 + 1;
            node = *self.nodes.entry((node, c)).or_insert(next);
        }
        self.frequencies.insert(node, frequency);
        self.total = self.total + frequency - old.unwrap_or(0);
        self.words.insert(word.to_owned(), frequency);
    }

    /// The frequency of a word, if it is one.
    fn frequency(&self, word: &str) -> Option<u64> {
        let chars: Vec<char> = word.chars().collect();
        self.from(&chars, 0).find(|(len, _)| *len == chars.len()).map(|(_, frequency)| frequency)
    }

    /// The words that begin at a character: how long they are, and their frequencies.
    fn from(&self, chars: &[char], at: usize) -> impl Iterator<Item = (usize, u64)> {
        let (mut own, mut base) = (Some(0), Some(0));
        let steps = chars[at..].iter().enumerate().map_while(move |(place, c)| {
            own = own.and_then(|node| self.nodes.get(&(node, *c)).copied());
            base = base.and_then(|node| self.tables.child(node, self.tables.number(*c)));
            (own.is_some() || base.is_some()).then_some((place + 1, own, base))
        });
        steps.filter_map(|(len, own, base)| {
            let own = own.and_then(|node| self.frequencies.get(&node).copied());
            Some((len, own.or_else(|| base.and_then(|node| self.tables.frequency(node)))?))
        })
    }

    /// A frequency by which a word is as probable as the words that it is cut into, and one more.
    pub fn suggest(&self, word: &str) -> u64 {
        let chars: Vec<char> = word.chars().collect();
        let total = (self.total as f64).ln();
        let mut sum = 0.0;
        for block in chars.chunk_by(|a, b| is_block(*a) && is_block(*b)) {
            for frequency in self.cut(block, total) {
                sum += (frequency as f64).ln() - total;
            }
        }
        ((sum + total).exp() as u64 + 1).max(self.frequency(word).unwrap_or(1))
    }

    /// The frequencies of the words of a block on the most probable way, 1 for a character that is none.
    fn cut(&self, block: &[char], total: f64) -> Vec<u64> {
        let mut ways = vec![(0.0, 1, 1); block.len() + 1];
        for at in (0..block.len()).rev() {
            let mut best: Option<(f64, usize, u64)> = None;
            for (len, frequency) in self.from(block, at) {
                let all = (frequency as f64).ln() - total + ways[at + len].0;
                if best.is_none_or(|best| all >= best.0) {
                    best = Some((all, len, frequency));
                }
            }
            ways[at] = best.unwrap_or((0.0 - total + ways[at + 1].0, 1, 1));
        }
        let (mut at, mut out) = (0, Vec::new());
        while at < block.len() {
            out.push(ways[at].2);
            at += ways[at].1;
        }
        out
    }

    /// The dictionary with these words.
    ///
    /// # Errors
    /// What there is too much of.
    pub fn merge(self, mut pack: Pack) -> Result<Pack, String> {
        let mut places: HashMap<char, u16> = pack.chars.iter().zip(0..).map(|(c, place)| (*c, place)).collect();
        let mut frequencies: HashMap<u64, u32> =
            pack.frequencies.iter().zip(0..).map(|(f, place)| (u64::from(*f), place)).collect();
        let mut words = Vec::new();
        for (word, frequency) in &self.words {
            // A word with a character that ends jieba's stretches is never found; it counts in the sum alone.
            if !word.chars().all(is_block) {
                continue;
            }
            let place = |c| {
                *places.entry(c).or_insert_with(|| {
                    pack.chars.push(c);
                    pack.emits.push([None; 4]);
                    (pack.chars.len() - 1) as u16
                })
            };
            let word: Vec<u16> = word.chars().map(place).collect();
            let next = frequencies.len() as u32;
            let frequency = *frequencies.entry(*frequency).or_insert_with_key(|frequency| {
                pack.frequencies.push(u32::try_from(*frequency).unwrap_or(u32::MAX));
                next
            });
            words.push((word, frequency));
        }
        if pack.chars.len() + 8 > MOST {
            return Err(format!("there are words of more than {} different characters", MOST - 8));
        }
        if pack.frequencies.len() > WEIGHT as usize {
            return Err(format!("there are more than {WEIGHT} different frequencies"));
        }
        words.sort_unstable();
        pack.trie = pack.trie.with(&words);
        pack.total = self.total;
        Ok(pack)
    }
}
