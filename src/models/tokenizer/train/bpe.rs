//! Byte-pair encoding, learnt: again and again the pair of neighbours that stands most often within words becomes one
//! piece (Sennrich et al. 2016). Of pairs that stand as often, the one with the smaller ids is first, as in the library
//! `tokenizers`; so the merges depend on the words and their counts alone.
//!
//! Words lie in one array, four bytes a symbol, and each pair knows the words in which it stands: memory is some 20 bytes
//! a symbol of different words.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// Different words as symbols, with how often each stands.
#[derive(Default)]
pub struct Corpus {
    symbols: Vec<u32>,
    /// Where each word begins, and how many symbols it has.
    words: Vec<(usize, u32)>,
    counts: Vec<u64>,
}

impl Corpus {
    /// Appends a word; one of a single symbol has no pairs.
    pub fn push(&mut self, word: impl IntoIterator<Item = u32>, count: u64) {
        let start = self.symbols.len();
        self.symbols.extend(word);
        match self.symbols.len() - start {
            0 | 1 => self.symbols.truncate(start),
            long => {
                self.words.push((start, u32::try_from(long).unwrap_or(u32::MAX)));
                self.counts.push(count);
            }
        }
    }
}

/// What a pair of symbols becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// This symbol.
    Piece(u32),
    /// Nothing: it stays a pair.
    Never,
    /// Nothing, and no other pair either: the vocabulary is full.
    Full,
}

/// A pair that became a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Its first symbol.
    pub left: u32,
    /// Its second symbol.
    pub right: u32,
    /// What it became.
    pub piece: u32,
    /// How often it stood there.
    pub count: u64,
}

/// Keys are pairs of ids already: one multiplication spreads them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

/// A pair: how often it stands, and in which words it may.
#[derive(Default)]
struct Pair {
    count: u64,
    words: Vec<u32>,
}

impl Pair {
    fn add(&mut self, word: u32, count: u64) {
        self.count += count;
        if self.words.last() != Some(&word) {
            self.words.push(word);
        }
    }
}

type Pairs = HashMap<u64, Pair, BuildHasherDefault<Spread>>;

fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

/// Learns merges, best first, until `join` says that the vocabulary is full or no pair stands `least` times; `stop` is
/// asked between, and ends it early.
pub fn learn(
    mut corpus: Corpus,
    least: u64,
    join: &mut dyn FnMut(u32, u32) -> Join,
    stop: &dyn Fn() -> bool,
) -> Vec<Merge> {
    let mut pairs = Pairs::default();
    for (word, ((start, long), count)) in (0..).zip(corpus.words.iter().zip(&corpus.counts)) {
        for pair in corpus.symbols[*start..start + *long as usize].windows(2) {
            pairs.entry(key(pair[0], pair[1])).or_default().add(word, *count);
        }
    }
    let least = least.max(1);
    let mut queue: BinaryHeap<(u64, Reverse<u64>)> =
        pairs.iter().filter(|p| p.1.count >= least).map(|(key, pair)| (pair.count, Reverse(*key))).collect();
    let (mut merges, mut made) = (Vec::new(), Vec::new());
    while let Some((count, Reverse(best))) = queue.pop() {
        let Some(now) = pairs.get(&best).map(|pair| pair.count) else { continue };
        if now != count {
            // Some of them were merged with a neighbour since.
            if now >= least {
                queue.push((now, Reverse(best)));
            }
            continue;
        }
        let (left, right) = ((best >> 32) as u32, best as u32);
        let piece = match join(left, right) {
            Join::Piece(piece) => piece,
            Join::Never => {
                pairs.remove(&best);
                continue;
            }
            Join::Full => break,
        };
        if stop() {
            break;
        }
        merges.push(Merge { left, right, piece, count });
        let mut words = pairs.remove(&best).unwrap_or_default().words;
        words.sort_unstable();
        words.dedup();
        made.clear();
        for word in words {
            merge(&mut corpus, word, (left, right, piece), &mut pairs, &mut made);
        }
        made.sort_unstable();
        made.dedup();
        let known =
            |key: &u64| pairs.get(key).filter(|pair| pair.count >= least).map(|pair| (pair.count, Reverse(*key)));
        queue.extend(made.iter().filter_map(known));
    }
    merges
}

/// Merges a pair in a word; the pairs that come of it are named in `made`.
fn merge(
    corpus: &mut Corpus,
    word: u32,
    (left, right, piece): (u32, u32, u32),
    pairs: &mut Pairs,
    made: &mut Vec<u64>,
) {
    let (start, long) = corpus.words[word as usize];
    let count = corpus.counts[word as usize];
    let symbols = &mut corpus.symbols[start..start + long as usize];
    let mut less = |key: u64| {
        if let Some(pair) = pairs.get_mut(&key) {
            pair.count = pair.count.saturating_sub(count);
        }
    };
    let (mut from, mut to) = (0, 0);
    let mut more = Vec::new();
    while from < symbols.len() {
        if symbols[from] != left || symbols.get(from + 1) != Some(&right) {
            symbols[to] = symbols[from];
            (from, to) = (from + 1, to + 1);
            continue;
        }
        if to > 0 {
            let before = symbols[to - 1];
            // A piece that was made just now has this pair among those to be added.
            match more.last() {
                Some(last) if *last == key(before, left) && before == piece => drop(more.pop()),
                _ => less(key(before, left)),
            }
            more.push(key(before, piece));
        }
        if let Some(next) = symbols.get(from + 2).copied() {
            less(key(right, next));
            more.push(key(piece, next));
        }
        symbols[to] = piece;
        (from, to) = (from + 2, to + 1);
    }
    corpus.words[word as usize].1 = to as u32;
    for key in more {
        pairs.entry(key).or_default().add(word, count);
        made.push(key);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The same by counting everything anew before each merge.
    fn slowly(words: &[(Vec<u32>, u64)], most: usize) -> Vec<(u32, u32, u64)> {
        let (mut words, mut merges) = (words.to_vec(), Vec::new());
        while merges.len() < most {
            let mut pairs: BTreeMap<(u32, u32), u64> = BTreeMap::new();
            for (word, count) in &words {
                word.windows(2).for_each(|w| *pairs.entry((w[0], w[1])).or_default() += count);
            }
            let Some(((left, right), count)) = pairs.into_iter().max_by_key(|(pair, count)| (*count, Reverse(*pair)))
            else {
                break;
            };
            let piece = 100 + merges.len() as u32;
            for (word, _) in &mut words {
                let mut at = 0;
                while at + 1 < word.len() {
                    if word[at] == left && word[at + 1] == right {
                        word.splice(at..at + 2, [piece]);
                    }
                    at += 1;
                }
            }
            merges.push((left, right, count));
        }
        merges
    }

    #[test]
    fn merges_are_those_of_counting_everything_anew() {
        let mut state = 7u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for letters in [1, 2, 3, 7] {
            let words: Vec<(Vec<u32>, u64)> = (0..60)
                .map(|_| ((0..2 + random(9)).map(|_| random(letters) as u32).collect(), 1 + random(5)))
                .collect();
            let mut corpus = Corpus::default();
            words.iter().for_each(|(word, count)| corpus.push(word.iter().copied(), *count));
            let mut made = 0;
            let mut join = |_, _| {
                made += 1;
                if made > 40 { Join::Full } else { Join::Piece(99 + made) }
            };
            let learnt = learn(corpus, 1, &mut join, &|| false);
            let learnt: Vec<(u32, u32, u64)> = learnt.iter().map(|m| (m.left, m.right, m.count)).collect();
            assert_eq!(learnt, slowly(&words, 40), "{letters} letters");
        }
    }

    #[test]
    fn a_pair_that_may_not_be_joined_stays() {
        let mut corpus = Corpus::default();
        corpus.push([0, 1, 2], 9);
        corpus.push([5], 100);
        let mut next = 9;
        let mut join = |left, right| {
            next += 1;
            if (left, right) == (0, 1) { Join::Never } else { Join::Piece(next) }
        };
        let learnt = learn(corpus, 2, &mut join, &|| false);
        let wanted = [(1, 2, 9), (0, 11, 9)];
        assert_eq!(learnt.iter().map(|m| (m.left, m.right, m.count)).collect::<Vec<_>>(), wanted);
    }
}
