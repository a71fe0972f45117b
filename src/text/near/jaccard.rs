//! The exact Jaccard similarity of two sets of shingles, with one scratch table for all of them.

/// A hash set of hashes that is emptied by counting up, not by clearing.
#[derive(Default)]
pub struct Table {
    /// A hash, and the epoch in which it was put there.
    cells: Vec<(u64, u32)>,
    /// Cells in use: a power of two.
    size: usize,
    epoch: u32,
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Table::default()
    }

    /// Empties the table and makes room for `hashes` hashes. After a large set, small ones stay close together.
    pub fn begin(&mut self, hashes: usize) {
        let size = (hashes * 2).next_power_of_two().max(1 << 10);
        if size > self.cells.len() {
            self.cells = vec![(0, 0); size];
            self.epoch = 0;
        }
        self.size = size;
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.cells.fill((0, 0));
            self.epoch = 1;
        }
    }

    /// Puts a hash in; whether it was not there.
    #[inline]
    pub fn insert(&mut self, hash: u64) -> bool {
        let mask = self.size - 1;
        let mut at = (hash >> 32) as usize;
        loop {
            let cell = &mut self.cells[at & mask];
            if cell.1 != self.epoch {
                *cell = (hash, self.epoch);
                return true;
            }
            if cell.0 == hash {
                return false;
            }
            at += 1;
        }
    }

    /// Whether a hash is there.
    #[inline]
    pub fn has(&self, hash: u64) -> bool {
        let mask = self.size - 1;
        let mut at = (hash >> 32) as usize;
        loop {
            let cell = self.cells[at & mask];
            if cell.1 != self.epoch {
                return false;
            }
            if cell.0 == hash {
                return true;
            }
            at += 1;
        }
    }

    /// Loads a set: what repeats in `hashes` is taken out of it.
    pub fn load(&mut self, hashes: &mut Vec<u64>) {
        self.begin(hashes.len());
        hashes.retain(|hash| self.insert(*hash));
    }

    /// How many of `other` (without repeats) are in the table, unless fewer than `needed` are.
    pub fn common(&self, other: &[u64], needed: usize) -> Option<usize> {
        let mut missing = other.len().checked_sub(needed)?;
        let mut common = 0;
        for chunk in other.chunks(64) {
            let here = chunk.iter().filter(|hash| self.has(**hash)).count();
            common += here;
            missing = missing.checked_sub(chunk.len() - here)?;
        }
        Some(common)
    }
}

/// The least number of common shingles with which sets of these sizes have a similarity of at least `threshold`.
pub fn needed(threshold: f64, a: usize, b: usize) -> usize {
    let estimate = (threshold / (1.0 + threshold) * (a + b) as f64) as usize;
    let mut needed = estimate.saturating_sub(2);
    while similarity(needed, a, b) < threshold && needed <= a + b {
        needed += 1;
    }
    needed
}

/// The similarity of sets of these sizes with `common` members in common.
pub fn similarity(common: usize, a: usize, b: usize) -> f64 {
    let union = (a + b).saturating_sub(common);
    if union == 0 { 1.0 } else { common as f64 / union as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn it_equals_hash_sets() {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state
        };
        let mut table = Table::new();
        for round in 0..400 {
            let pool: Vec<u64> = (0..1 + round * 3).map(|_| next()).collect();
            let mut pick = |n: usize| -> Vec<u64> { (0..n).map(|_| pool[next() as usize % pool.len()]).collect() };
            let (mut a, mut b) = (pick(round * 2), pick(round * 3));
            let sets: [HashSet<u64>; 2] = [a.iter().copied().collect(), b.iter().copied().collect()];
            table.load(&mut b);
            table.load(&mut a);
            assert_eq!((a.len(), b.len()), (sets[0].len(), sets[1].len()));
            let common = sets[0].intersection(&sets[1]).count();
            assert_eq!(table.common(&b, 0), Some(common));
            assert_eq!(table.common(&b, common), Some(common));
            assert_eq!(table.common(&b, common + 1), None);
        }
    }

    #[test]
    fn needed_is_the_least() {
        for (a, b) in [(1, 1), (10, 14), (700, 1000), (2999, 3001)] {
            for threshold in [0.5, 0.7, 0.8, 1.0] {
                let n = needed(threshold, a, b);
                assert!(n > a.min(b) || similarity(n, a, b) >= threshold);
                assert!(n == 0 || similarity(n - 1, a, b) < threshold);
            }
        }
        assert_eq!(similarity(0, 0, 0), 1.0);
    }
}
