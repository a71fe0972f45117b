//! Pairs that several threads find, by stretches of ranks: each is sorted apart, and they stand in order.

use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::spill::Space;
use crate::spill::sorter::{LEAST, Sorter};

/// Pairs on their way to be sieved, by stretches of the rank of the later row.
pub struct Stretches {
    /// Records of the later rank and the earlier one.
    parts: Vec<Mutex<Sorter>>,
    ranks: u64,
}

/// Pairs that a sender holds for a stretch.
const HELD: usize = 4096;

impl Stretches {
    /// No pairs of `ranks` rows: a few stretches a thread, as far as there is memory for their files.
    pub fn new(space: &Space, ranks: usize) -> Self {
        let budget = space.budget / 8;
        let count = if space.threads == 1 { 1 } else { (budget / LEAST).clamp(1, space.threads * 4) };
        let sorter = |at: usize| Mutex::new(Sorter::new(space.folder.join(format!("pairs-{at}")), 8, budget / count));
        Stretches { parts: (0..count).map(sorter).collect(), ranks: ranks.max(1) as u64 }
    }

    /// The pairs of each stretch, in order.
    pub fn into_parts(self) -> Vec<Mutex<Option<Sorter>>> {
        self.parts.into_iter().map(|part| Mutex::new(part.into_inner().ok())).collect()
    }

    /// Where a thread puts its pairs.
    pub fn sender(&self) -> Sender<'_> {
        Sender { to: self, held: vec![Vec::new(); self.parts.len()] }
    }
}

/// Collects the pairs of a thread.
pub struct Sender<'a> {
    to: &'a Stretches,
    held: Vec<Vec<u64>>,
}

impl Sender<'_> {
    /// Adds a pair; each may come several times.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn pair(&mut self, rank: u32, other: u32) -> Result<()> {
        let part = (u64::from(rank) * self.held.len() as u64 / self.to.ranks) as usize;
        self.held[part].push(u64::from(rank) << 32 | u64::from(other));
        if self.held[part].len() < HELD { Ok(()) } else { self.send(part) }
    }

    fn send(&mut self, part: usize) -> Result<()> {
        let mut sorter = self.to.parts[part].lock().unwrap_or_else(PoisonError::into_inner);
        self.held[part].drain(..).try_for_each(|pair| sorter.push(u128::from(pair)))
    }

    /// Hands over what is left.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn finish(mut self) -> Result<()> {
        (0..self.held.len()).try_for_each(|part| self.send(part))
    }
}
