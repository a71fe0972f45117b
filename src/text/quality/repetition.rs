//! How much of a text repeats itself: n-grams of units, as Gopher counts them (arXiv 2112.11446, table A1).
//!
//! An n-gram can repeat only where the shorter one does, so each size looks only at what is left of the one before. For
//! the smallest size two sets of bits tell at what places a repetition is possible at all; what they let through is
//! counted in a table. Equal to the plain algorithm with a table for each size (a test holds it to that), up to
//! collisions of 64-bit hashes of which the table compares 32 bits and the place.

const BASE: u64 = 0x9E37_79B9_7F4A_7C55;
/// Set in the count of an n-gram that the walk from left to right has taken.
const TAKEN: u32 = 1 << 31;

/// An n-gram.
#[derive(Clone, Copy, Default)]
struct Entry {
    tag: u32,
    round: u32,
    count: u32,
    first: u32,
}

/// Units of a text, ready to be counted.
#[derive(Default)]
pub struct Repetition {
    /// Sums of the hashes of units, each weighed by a power of the base: those of n-grams are differences.
    prefix: Vec<u64>,
    /// Characters before each unit; empty where all units have one.
    lengths: Vec<u32>,
    places: Vec<u32>,
    slots: Vec<u32>,
    table: Vec<Entry>,
    round: u32,
    bits: Vec<[u64; 2]>,
    /// The low bits of the keys of n-grams: where each lies among the bits.
    keys: Vec<u32>,
}

/// What was found of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Characters of the most frequent n-gram (of the first one, where several are) times how often it comes.
    pub top: u64,
    /// How often that is.
    pub times: u32,
    /// Characters of n-grams that came before, going from left to right and past each one that did.
    pub duplicate: u64,
    /// n-grams that come more than once, each time counted.
    pub repeated: u64,
}

/// Mixes the bits of a sum.
#[inline(always)]
fn mix(key: u64) -> u64 {
    let key = (key ^ key >> 31).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    key ^ key >> 32
}

impl Repetition {
    /// Forgets the text before. `words` says whether units differ in length.
    pub fn clear(&mut self, words: bool) {
        self.prefix.clear();
        self.lengths.clear();
        self.prefix.push(0);
        if words {
            self.lengths.push(0);
        }
    }

    /// Adds a word: a hash, and how many characters it has.
    #[inline(always)]
    pub fn push(&mut self, hash: u64, characters: u32) {
        let (Some(sum), Some(length)) = (self.prefix.last().copied(), self.lengths.last().copied()) else { return };
        self.prefix.push(sum.wrapping_mul(BASE).wrapping_add(hash));
        self.lengths.push(length + characters);
    }

    /// Takes characters as the units.
    pub fn characters(&mut self, characters: impl Iterator<Item = u32>) {
        self.clear(false);
        let mut sum = 0u64;
        self.prefix.extend(characters.map(|c| {
            sum = sum.wrapping_mul(BASE).wrapping_add(u64::from(c).wrapping_mul(0xA24B_AED4_963E_E407));
            sum
        }));
    }

    /// How many units there are.
    pub fn units(&self) -> usize {
        self.prefix.len().saturating_sub(1)
    }

    #[inline(always)]
    fn key(&self, at: usize, size: usize, power: u64) -> u64 {
        mix(self.prefix[at + size].wrapping_sub(self.prefix[at].wrapping_mul(power)))
    }

    fn length(&self, at: usize, size: usize) -> u64 {
        if self.lengths.is_empty() {
            return size as u64;
        }
        u64::from(self.lengths[at + size] - self.lengths[at])
    }

    /// Measures the sizes (ascending), calling `found` for each. `counts` gets how often each n-gram of the size `wants`
    /// comes that repeats.
    pub fn measure(
        &mut self,
        sizes: &[usize],
        wants: usize,
        counts: &mut Vec<u32>,
        mut found: impl FnMut(usize, Size),
    ) {
        let smallest = sizes.first().copied().unwrap_or(0);
        self.places.clear();
        if self.units() >= smallest {
            self.possible(smallest);
        }
        for &size in sizes {
            if self.units() < size {
                found(size, Size::default());
                continue;
            }
            let mut result = self.count(size);
            self.retain(&mut result, (wants == size).then_some(&mut *counts));
            found(size, result);
        }
    }

    /// Finds the places where an n-gram of that size may repeat.
    fn possible(&mut self, size: usize) {
        let ngrams = self.units() + 1 - size;
        let power = BASE.wrapping_pow(size as u32);
        let words = (ngrams / 8).next_power_of_two().max(8);
        self.bits.clear();
        self.bits.resize(words, [0; 2]);
        let place = |key: u32| ((key >> 6) as usize & (words - 1), 1u64 << (key & 63));
        let (ends, starts) = (&self.prefix[size..], &self.prefix[..ngrams]);
        let key = |(end, start): (&u64, &u64)| mix(end.wrapping_sub(start.wrapping_mul(power)));
        self.keys.clear();
        self.keys.extend(ends.iter().zip(starts).map(|pair| key(pair) as u32));
        let bits = &mut self.bits[..words];
        for key in &self.keys {
            let (word, bit) = place(*key);
            let cell = &mut bits[word];
            cell[1] |= cell[0] & bit;
            cell[0] |= bit;
        }
        self.places.resize(ngrams, 0);
        let (places, mut kept) = (&mut self.places[..ngrams], 0);
        for (at, key) in (0u32..).zip(&self.keys) {
            let (word, bit) = place(*key);
            places[kept] = at;
            kept += usize::from(bits[word][1] & bit != 0);
        }
        self.places.truncate(kept);
    }

    fn count(&mut self, size: usize) -> Size {
        let places = std::mem::take(&mut self.places);
        let mask = (places.len() * 2).next_power_of_two().max(64) - 1;
        if self.table.len() <= mask || self.round == u32::MAX {
            self.table = vec![Entry::default(); mask + 1];
            self.round = 0;
        }
        self.round += 1;
        self.slots.clear();
        let power = BASE.wrapping_pow(size as u32);
        let last = self.units() - size;
        let mut result = Size::default();
        let (mut best, mut next) = (0, 0);
        for at in places.iter().map(|p| *p as usize).take_while(|at| *at <= last) {
            let key = self.key(at, size, power);
            let slot = self.slot(key, at, mask);
            let entry = &mut self.table[slot];
            entry.count += 1;
            let count = entry.count & !TAKEN;
            if count >= result.times {
                best = if count > result.times { entry.first } else { entry.first.min(best) };
                result.times = count;
            }
            if at >= next {
                let before = entry.count & TAKEN != 0;
                entry.count |= TAKEN;
                if before {
                    result.duplicate += self.length(at, size);
                    next = at + size;
                }
            }
            self.slots.push(slot as u32);
        }
        self.places = places;
        // Where nothing repeats, the first n-gram of the text is the most frequent one.
        let best = if result.times <= 1 { 0 } else { best };
        result.times = result.times.max(1);
        result.top = self.length(best as usize, size) * u64::from(result.times);
        result
    }

    /// The entry of a key, a new one where there is none.
    #[inline(always)]
    fn slot(&mut self, key: u64, at: usize, mask: usize) -> usize {
        let tag = (key >> 32) as u32;
        let mut slot = key as usize & mask;
        loop {
            let entry = &mut self.table[slot];
            if entry.round != self.round {
                *entry = Entry { tag, round: self.round, count: 0, first: at as u32 };
                return slot;
            }
            if entry.tag == tag {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Keeps the places whose n-gram repeats.
    fn retain(&mut self, result: &mut Size, mut counts: Option<&mut Vec<u32>>) {
        let mut kept = 0;
        for (number, slot) in self.slots.iter().enumerate() {
            let entry = &self.table[*slot as usize];
            let count = entry.count & !TAKEN;
            if count > 1 {
                let at = self.places[number];
                if let Some(counts) = counts.as_deref_mut().filter(|_| entry.first == at) {
                    counts.push(count);
                }
                self.places[kept] = at;
                kept += 1;
            }
        }
        result.repeated = kept as u64;
        self.places.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    /// The plain algorithm, as datatrove has it.
    fn plain(words: &[&str], size: usize) -> Size {
        let grams: Vec<String> = words.windows(size).map(|w| w.join("\0")).collect();
        let length = |gram: &str| gram.chars().filter(|c| *c != '\0').count() as u64;
        let mut counts: HashMap<&str, u32> = HashMap::new();
        grams.iter().for_each(|g| *counts.entry(g).or_insert(0) += 1);
        let times = counts.values().copied().max().unwrap_or(0);
        let top = grams.iter().find(|g| counts[g.as_str()] == times);
        let (mut seen, mut at, mut duplicate) = (HashSet::new(), 0, 0);
        while at + size <= words.len() {
            if seen.insert(grams[at].clone()) {
                at += 1;
            } else {
                duplicate += length(&grams[at]);
                at += size;
            }
        }
        let repeated = grams.iter().filter(|g| counts[g.as_str()] > 1).count() as u64;
        Size { top: top.map_or(0, |t| length(t) * u64::from(times)), times, duplicate, repeated }
    }

    #[test]
    fn it_equals_the_plain_algorithm() {
        let mut repetition = Repetition::default();
        let mut state = 7u64;
        let vocabulary = ["我", "们的", "是", "abc", "中国人", "x"];
        for round in 0..400 {
            let draw = |_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 33) as usize % (2 + round % 5)
            };
            let numbers: Vec<usize> = (0..round).map(draw).collect();
            let words: Vec<&str> = numbers.iter().map(|n| vocabulary[*n]).collect();
            repetition.clear(true);
            for (number, word) in numbers.iter().zip(&words) {
                repetition.push(mix(*number as u64 + 5), word.chars().count() as u32);
            }
            let (mut sizes, mut counts) = (Vec::new(), Vec::new());
            repetition.measure(&[2, 3, 4, 5, 6, 7, 8, 9, 10], 4, &mut counts, |n, s| sizes.push((n, s)));
            for (size, found) in sizes {
                assert_eq!(found, plain(&words, size), "{size}-grams of {words:?}");
            }
            assert_eq!(counts.iter().map(|c| u64::from(*c)).sum::<u64>(), plain(&words, 4).repeated);
        }
    }
}
