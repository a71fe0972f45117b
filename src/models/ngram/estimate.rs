//! Training of a language model: interpolated modified Kneser-Ney smoothing (Chen and Goodman, 1998, "An Empirical Study
//! of Smoothing Techniques for Language Modeling", section 4.1.6), as KenLM's `lmplz` does it (Heafield and others, 2013).
//!
//! All n-grams are held in memory: at most five words in a number of 128 bits, 25 bits each, the last word uppermost, so
//! that one sort brings together what ends alike. Rare long n-grams are left out by their counts; what they would have
//! had goes to backing off, so probabilities still add up to one.

use std::collections::HashMap;

use super::Model;
use super::table::{Table, Words, extend, murmur};
use super::units::Units;

/// Words of the longest n-gram that can be trained.
pub const MOST: usize = 5;

/// Bits of a word's number in a key; fewer words than these hold are numbered.
pub const BITS: u32 = 25;
const UNKNOWN: u32 = 0;
const BEGIN: u32 = 1;
const END: u32 = 2;

/// Memory of training, in bytes for each word or character of the text, at most: a window, and for each length an n-gram
/// with its counts, its place, and what its context leaves. 37 were measured for characters of technical Chinese.
pub const BYTES_A_TOKEN: usize = 120;

/// How a model is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// What is counted.
    pub units: Units,
    /// Words of the longest n-gram, 2 to 5.
    pub order: usize,
    /// N-grams of three words and more that stand fewer times are left out.
    pub least: u32,
    /// Words that stand fewer times are unknown ones.
    pub least_word: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { units: Units::Characters, order: 4, least: 2, least_word: 2 }
    }
}

/// Counts text, then trains on it.
pub struct Trainer {
    options: Options,
    words: HashMap<String, u32>,
    names: Vec<String>,
    tokens: Vec<u32>,
    room: usize,
}

/// A word's place in a key: the last word of the n-gram is uppermost.
fn shift(place: usize) -> u32 {
    128 - BITS * (place as u32 + 1)
}

/// The first `n` words of a key, the last word of the n-gram first.
fn prefix(key: u128, n: usize) -> u128 {
    key >> shift(n - 1) << shift(n - 1)
}

fn word(key: u128, place: usize) -> u32 {
    (key >> shift(place)) as u32 & ((1 << BITS) - 1)
}

/// An n-gram; words are numbered from 1, 0 is no word.
#[derive(Clone, Copy)]
struct Gram {
    key: u128,
    /// How often it stands in the text.
    raw: u32,
    /// How many different words stand before it, or how often it stands if nothing can or it is of the longest.
    count: u32,
}

impl Trainer {
    /// A trainer that takes as much text as `memory` bytes hold.
    ///
    /// # Errors
    /// If the options cannot be; says why.
    pub fn new(options: Options, memory: usize) -> Result<Trainer, String> {
        if !(2..=MOST).contains(&options.order) {
            return Err(format!("order = {}: 2 to {MOST} can be trained", options.order));
        }
        let names: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).to_vec();
        let words = (0..).zip(&names).map(|(id, name)| (name.clone(), id)).collect();
        Ok(Trainer { options, words, names, tokens: Vec::new(), room: memory / BYTES_A_TOKEN })
    }

    /// How many words, characters and line ends were taken.
    pub fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// Takes a text, each line a sentence. False once there is no room for it: it was not taken, and nothing more is.
    pub fn push(&mut self, text: &str) -> bool {
        let before = self.tokens.len();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Trainer { words, names, tokens, .. } = self;
            self.options.units.each(line, |word| {
                let id = match words.get(word) {
                    // The text may hold the names of the marks.
                    Some(id) if *id <= END => UNKNOWN,
                    Some(id) => *id,
                    None if names.len() + 2 >= 1 << BITS => UNKNOWN,
                    None => {
                        let id = names.len() as u32;
                        names.push(word.to_owned());
                        words.insert(word.to_owned(), id);
                        id
                    }
                };
                tokens.push(id);
            });
            self.tokens.push(END);
            if self.tokens.len() > self.room {
                self.tokens.truncate(before);
                self.room = before;
                return false;
            }
        }
        true
    }

    /// Trains the model.
    ///
    /// # Errors
    /// If there is too little text to tell how n-grams are distributed.
    pub fn train(mut self) -> Result<Trained, String> {
        if self.tokens.len() < 1000 {
            return Err(format!("{} words or characters are too few to train on", self.tokens.len()));
        }
        self.number_anew();
        let names = std::mem::take(&mut self.names);
        let windows = self.windows();
        let mut orders = adjusted(&windows, self.options.order);
        drop(windows);
        let mut backed = vec![HashMap::new(); self.options.order + 1];
        let mut made: Vec<Vec<(u128, f32)>> = Vec::new();
        for n in 1..=self.options.order {
            let discounts = discounts(&orders[n - 1]);
            let grams = std::mem::take(&mut orders[n - 1]);
            let least = if n > 2 { self.options.least } else { 1 };
            let weights = &mut backed[n - 1];
            let shares = shares(&grams, discounts, least, weights);
            made.push(interpolate(n, &grams, &shares, least, weights, made.last(), names.len()));
        }
        Ok(Trained::new(names, made, &backed, self.options))
    }

    /// Leaves out rare words, and numbers the others by how often they stand, so that the same text in whatever order
    /// gives the same numbers.
    fn number_anew(&mut self) {
        let mut counts = vec![0u32; self.names.len()];
        self.tokens.iter().for_each(|id| counts[*id as usize] += 1);
        let mut order: Vec<usize> = (3..self.names.len()).filter(|id| counts[*id] >= self.options.least_word).collect();
        order.sort_unstable_by(|a, b| counts[*b].cmp(&counts[*a]).then_with(|| self.names[*a].cmp(&self.names[*b])));
        let mut numbers = vec![UNKNOWN; self.names.len()];
        numbers[END as usize] = END;
        let mut names: Vec<String> = self.names[..3].to_vec();
        for old in order {
            numbers[old] = names.len() as u32;
            names.push(std::mem::take(&mut self.names[old]));
        }
        self.names = names;
        self.words = HashMap::new();
        self.tokens.iter_mut().for_each(|id| *id = numbers[*id as usize]);
    }

    /// Every word with those before it, back to the beginning of the sentence, sorted.
    fn windows(&mut self) -> Vec<u128> {
        let tokens = std::mem::take(&mut self.tokens);
        let mut windows = Vec::with_capacity(tokens.len());
        let keep = prefix(u128::MAX, self.options.order);
        let begin = u128::from(BEGIN + 1) << shift(0);
        let mut key = begin;
        for id in tokens {
            key = (u128::from(id + 1) << shift(0) | key >> BITS) & keep;
            windows.push(key);
            if id == END {
                key = begin;
            }
        }
        windows.sort_unstable();
        windows
    }
}

/// The n-grams of each length with both counts, out of sorted windows.
fn adjusted(windows: &[u128], order: usize) -> Vec<Vec<Gram>> {
    let mut orders: Vec<Vec<Gram>> = vec![Vec::new(); order];
    for same in windows.chunk_by(|a, b| a == b) {
        let (key, raw) = (same[0], same.len() as u32);
        for n in 1..=order {
            if word(key, n - 1) == 0 {
                break;
            }
            let part = prefix(key, n);
            let fixed = n == order || word(part, n - 1) == BEGIN + 1;
            match orders[n - 1].last_mut() {
                Some(last) if last.key == part => {
                    last.raw += raw;
                    last.count += if fixed { raw } else { 0 };
                }
                _ => orders[n - 1].push(Gram { key: part, raw, count: if fixed { raw } else { 0 } }),
            }
            // One more word before it: the next longer n-gram was not there yet.
            if !fixed {
                let longer = prefix(key, n + 1);
                let fresh = orders[n].last().is_none_or(|last| last.key != longer);
                if fresh && let Some(last) = orders[n - 1].last_mut() {
                    last.count += 1;
                }
            }
        }
    }
    orders
}

/// The discounts of n-grams counted once, twice, and more often.
fn discounts(grams: &[Gram]) -> [f64; 3] {
    let mut n = [0f64; 4];
    for gram in grams.iter().filter(|g| (1..=4).contains(&g.count)) {
        n[gram.count as usize - 1] += 1.0;
    }
    let y = n[0] / (n[0] + 2.0 * n[1]);
    let of = |k: usize| k as f64 - (k as f64 + 1.0) * y * n[k] / n[k - 1];
    let found = [of(1), of(2), of(3)];
    // Too little text, or text made by a rule: the counts follow no such distribution.
    let fits = (1..).zip(found).all(|(k, d)| d.is_finite() && (0.0..=f64::from(k)).contains(&d));
    if fits { found } else { [0.5, 1.0, 1.5] }
}

/// The discounted share of each n-gram among those of its context, and what each context (by its key) leaves over.
fn shares(grams: &[Gram], discounts: [f64; 3], least: u32, left: &mut HashMap<u128, f32>) -> Vec<f32> {
    let context = |gram: &Gram| gram.key << BITS;
    let mut order: Vec<u32> = (0..grams.len() as u32).collect();
    order.sort_unstable_by_key(|n| (context(&grams[*n as usize]), *n));
    let mut shares = vec![0f32; grams.len()];
    for same in order.chunk_by(|a, b| context(&grams[*a as usize]) == context(&grams[*b as usize])) {
        let all = || same.iter().map(|n| (*n as usize, &grams[*n as usize]));
        let sum: f64 = all().map(|(_, gram)| f64::from(gram.count)).sum();
        let mut over = sum;
        for (n, gram) in all().filter(|(_, gram)| gram.raw >= least) {
            let count = f64::from(gram.count);
            let kept = count - discounts[(gram.count as usize).clamp(1, 3) - 1].min(count);
            shares[n] = (kept / sum) as f32;
            over -= kept;
        }
        left.insert(context(&grams[same[0] as usize]), (over / sum) as f32);
    }
    shares
}

/// The probabilities of the n-grams that are kept: their share, and what their context leaves over for shorter ones.
fn interpolate(
    n: usize,
    grams: &[Gram],
    shares: &[f32],
    least: u32,
    left: &HashMap<u128, f32>,
    shorter: Option<&Vec<(u128, f32)>>,
    words: usize,
) -> Vec<(u128, f32)> {
    let mut made = Vec::new();
    let mut at = 0;
    for (gram, share) in grams.iter().zip(shares).filter(|(gram, _)| gram.raw >= least) {
        let lower = match shorter {
            // The share of each word where nothing is known: all but `<s>`.
            None => 1.0 / (words as f32 - 1.0),
            // Both are in one order, and what a kept n-gram ends with stands as often, so it is kept too.
            Some(shorter) => {
                let end = prefix(gram.key, n - 1);
                while at + 1 < shorter.len() && shorter[at].0 < end {
                    at += 1;
                }
                shorter[at].1
            }
        };
        let over = left.get(&(gram.key << BITS)).copied().unwrap_or(1.0);
        made.push((gram.key, share + over * lower));
    }
    if n == 1 {
        let over = left.get(&0).copied().unwrap_or(1.0);
        let lower = over / (words as f32 - 1.0);
        for (at, id) in [UNKNOWN, BEGIN].into_iter().enumerate() {
            let key = u128::from(id + 1) << shift(0);
            if made.get(at).is_none_or(|(k, _)| *k != key) {
                made.insert(at, (key, if id == BEGIN { 1.0 } else { lower }));
            }
        }
    }
    made
}

/// A trained model, with its words.
pub struct Trained {
    /// The words, by their numbers.
    pub names: Vec<String>,
    /// For each length the n-grams, as numbers of words, the last word first, sorted; log₁₀ of probability and weight.
    pub orders: Vec<Vec<(Vec<u32>, [f32; 2])>>,
    /// What was counted.
    pub units: Units,
}

impl Trained {
    fn new(names: Vec<String>, made: Vec<Vec<(u128, f32)>>, left: &[HashMap<u128, f32>], options: Options) -> Trained {
        let mut orders = Vec::new();
        for (n, grams) in (1..).zip(made) {
            let longer = |key: u128| left.get(n).and_then(|left| left.get(&key)).copied().unwrap_or(1.0);
            let entry = |(key, p): (u128, f32)| {
                let ids: Vec<u32> = (0..n).map(|place| word(key, place) - 1).collect();
                let weight = if n < options.order { longer(key).log10() } else { 0.0 };
                let p = if ids == [BEGIN] { -99.0 } else { p.log10().min(0.0) };
                (ids, [p, weight])
            };
            orders.push(grams.into_iter().map(entry).collect());
        }
        Trained { names, orders, units: options.units }
    }

    /// The model, ready to score.
    pub fn model(&self) -> Model {
        let mut words = Words::with_room(self.names.len());
        for (id, name) in (0..).zip(&self.names).skip(1) {
            words.put(murmur(name.as_bytes()), id);
        }
        let mut unigrams = vec![[-99.0, 0.0]; self.names.len()];
        self.orders[0].iter().for_each(|(ids, weights)| unigrams[ids[0] as usize] = *weights);
        let mut tables = Vec::new();
        for grams in &self.orders[1..] {
            let mut table = Table::with_room(grams.len());
            for (ids, weights) in grams {
                let key = ids[1..].iter().fold(u64::from(ids[0]), |key, before| extend(key, *before));
                table.put(key, *weights);
            }
            tables.push(table);
        }
        Model { words, unigrams, tables, units: self.units }
    }

    /// Writes the model as an ARPA file.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write_arpa(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let named = |ids: &[u32]| ids.iter().rev().map(|id| self.names[*id as usize].as_str()).collect::<Vec<_>>();
        let orders: Vec<_> = self
            .orders
            .iter()
            .map(|grams| (grams.len(), grams.iter().map(|(ids, weights)| (named(ids), *weights))))
            .collect();
        super::arpa::write(&orders, out)
    }
}
