//! Hash tables of n-grams and words: linear probing over 64-bit keys.
//!
//! Keys are hashes, not the n-grams themselves, as in KenLM's probing tables (Heafield, 2011, "KenLM: Faster and Smaller
//! Language Model Queries"): among 10⁹ n-grams the chance that an n-gram which was never seen meets a key is 10⁻¹⁰.

/// An n-gram: its key, log₁₀ of its probability, and of its weight as a context.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    key: u64,
    weights: [f32; 2],
}

/// The n-grams of one length.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: Vec<Entry>,
    used: usize,
}

#[inline(always)]
fn slot(key: u64, slots: usize) -> usize {
    ((u128::from(key.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * slots as u128) >> 64) as usize
}

impl Table {
    /// A table with room for so many entries.
    pub fn with_room(entries: usize) -> Table {
        Table { entries: vec![Entry::default(); entries + entries / 2 + 2], used: 0 }
    }

    #[inline(always)]
    fn find(&self, key: u64) -> usize {
        let mut at = slot(key, self.entries.len());
        while self.entries[at].key != key && self.entries[at].key != 0 {
            at = if at + 1 == self.entries.len() { 0 } else { at + 1 };
        }
        at
    }

    /// Probability and weight of an n-gram.
    #[inline(always)]
    pub fn get(&self, key: u64) -> Option<[f32; 2]> {
        let entry = &self.entries[self.find(key.max(1))];
        (entry.key != 0).then_some(entry.weights)
    }

    /// Puts an n-gram in; one of the same key is replaced.
    pub fn put(&mut self, key: u64, weights: [f32; 2]) {
        if self.used + self.used / 4 + 2 > self.entries.len() {
            let larger = Table::with_room(2 * self.used + 2);
            for entry in std::mem::replace(self, larger).entries.iter().filter(|e| e.key != 0) {
                self.put(entry.key, entry.weights);
            }
        }
        let at = self.find(key.max(1));
        self.used += usize::from(self.entries[at].key == 0);
        self.entries[at] = Entry { key: key.max(1), weights };
    }

    /// How many n-grams it has.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }
}

/// Numbers of words, by the hash of the word.
#[derive(Clone, Debug, Default)]
pub struct Words {
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Words {
    /// A table with room for so many words.
    pub fn with_room(words: usize) -> Words {
        Words { slots: vec![(0, 0); words + words / 2 + 2], used: 0 }
    }

    #[inline(always)]
    fn find(&self, hash: u64) -> usize {
        let mut at = slot(hash, self.slots.len());
        while self.slots[at].0 != hash && self.slots[at].0 != 0 {
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
        at
    }

    /// The number of a word, 0 of one that the model does not know.
    #[inline(always)]
    pub fn get(&self, word: &[u8]) -> u32 {
        self.slots[self.find(murmur(word).max(1))].1
    }

    /// Puts in the number of the word with that [`murmur`] hash; gives the number that it had.
    pub fn put(&mut self, hash: u64, id: u32) -> Option<u32> {
        if self.used + self.used / 4 + 2 > self.slots.len() {
            let larger = Words::with_room(2 * self.used + 2);
            for (hash, id) in std::mem::replace(self, larger).slots.iter().filter(|s| s.0 != 0) {
                self.put(*hash, *id);
            }
        }
        let at = self.find(hash.max(1));
        let before = (self.slots[at].0 != 0).then_some(self.slots[at].1);
        self.used += usize::from(before.is_none());
        self.slots[at] = (hash.max(1), id);
        before
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<(u64, u32)>()
    }
}

/// MurmurHash64A (Appleby, public domain) with seed 0, which KenLM knows words by.
pub fn murmur(bytes: &[u8]) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = (bytes.len() as u64).wrapping_mul(M);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let k = chunk.iter().rev().fold(0, |k, b| k << 8 | u64::from(*b)).wrapping_mul(M);
        hash = (hash ^ (k ^ k >> 47).wrapping_mul(M)).wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        hash = (hash ^ rest.iter().rev().fold(0, |k, b| k << 8 | u64::from(*b))).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 47).wrapping_mul(M);
    hash ^ hash >> 47
}

/// The key of an n-gram with one more word before it, as KenLM computes it. The key of a single word is its number.
#[inline(always)]
pub fn extend(key: u64, before: u32) -> u64 {
    key.wrapping_mul(8_978_948_897_894_561_157) ^ (1 + u64::from(before)).wrapping_mul(17_894_857_484_156_487_943)
}
