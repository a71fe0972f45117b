//! A hash table that counts 64-bit keys and is emptied in no time: entries carry the number of the round they belong to.

use std::hash::Hasher;

/// One key.
#[derive(Clone, Copy, Default)]
struct Entry {
    key: u64,
    round: u32,
    count: u32,
}

/// A hasher of keys of 64 bits, such as those of two characters.
#[derive(Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Counts keys; open addressing, linear probing, at most half full.
#[derive(Default)]
pub struct Counter {
    entries: Vec<Entry>,
    mask: usize,
    round: u32,
    used: usize,
}

impl Counter {
    /// Empties it and makes room for `keys` different keys. More have room too, but places in the table change then.
    pub fn reset(&mut self, keys: usize) {
        let size = (keys * 2).next_power_of_two().max(64);
        if self.entries.len() < size || self.round == u32::MAX || self.entries.len() > size.max(1 << 16) * 16 {
            self.entries = vec![Entry::default(); size];
            self.round = 0;
        }
        // A small part of a large table stays in the cache.
        self.mask = size - 1;
        self.round += 1;
        self.used = 0;
    }

    /// Doubles the table.
    #[cold]
    fn grow(&mut self) {
        let all = std::mem::take(&mut self.entries);
        let old: Vec<Entry> = all.into_iter().take(self.mask + 1).filter(|e| e.round == self.round).collect();
        self.reset(old.len() * 2);
        for entry in old {
            let (slot, _) = self.add(entry.key);
            self.entries[slot as usize] = Entry { round: self.round, ..entry };
        }
    }

    /// Counts a key; gives its place in the table, and how often it has come.
    #[inline(always)]
    pub fn add(&mut self, key: u64) -> (u32, u32) {
        if self.used * 2 > self.mask + 1 {
            self.grow();
        }
        let mut slot = (key >> 32 ^ key) as usize & self.mask;
        loop {
            let entry = &mut self.entries[slot];
            if entry.round != self.round {
                self.used += 1;
                *entry = Entry { key, round: self.round, count: 1 };
                return (slot as u32, 1);
            }
            if entry.key == key {
                entry.count += 1;
                return (slot as u32, entry.count);
            }
            slot = (slot + 1) & self.mask;
        }
    }

    /// How many places there are, as long as it does not grow.
    pub fn places(&self) -> usize {
        self.mask + 1
    }

    /// How often the key of a slot came.
    #[inline(always)]
    pub fn count(&self, slot: u32) -> u32 {
        self.entries[slot as usize].count
    }
}

/// Mixes the bits of a key, so that its low ones depend on all.
#[inline(always)]
pub fn mix(key: u64) -> u64 {
    let product = u128::from(key ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_and_forgets() {
        let mut counter = Counter::default();
        for _ in 0..3 {
            counter.reset(1_000);
            for at in 0..3_000u32 {
                let (slot, count) = counter.add(mix(u64::from(at % 1_000)));
                assert_eq!((count, counter.count(slot)), (at / 1_000 + 1, at / 1_000 + 1));
            }
        }
        counter.reset(1);
        assert_eq!(counter.add(mix(5)).1, 1);
        for at in 0..9_000u32 {
            let count = counter.add(mix(u64::from(at % 3_000) + 9)).1;
            assert_eq!(count, at / 3_000 + 1);
        }
        assert_eq!(counter.add(mix(5)).1, 2);
    }
}
