//! Records that several threads find, by stretches of the number that they are sorted by first (a rank, the beginning of a
//! key): each stretch is sorted apart, and they stand in order.

use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::spill::Space;
use crate::spill::sorter::{LEAST, Sorter};

/// Records on their way to be sorted, by stretches of their numbers.
pub struct Stretches {
    parts: Vec<Mutex<Sorter>>,
    /// Numbers are less.
    end: u64,
}

/// Records that a sender holds for a stretch.
const HELD: usize = 4096;

impl Stretches {
    /// No records of `width` bytes, whose numbers are less than `end`: a few stretches a thread, as far as the memory, one
    /// part in `share` of all, is enough for their files.
    pub fn new(space: &Space, (name, width): (&str, usize), end: u64, share: usize) -> Self {
        let budget = space.budget / share;
        let count = if space.threads == 1 { 1 } else { (budget / LEAST).clamp(1, space.threads * 4) };
        let place = |at: usize| space.folder.join(format!("{name}-{at}"));
        let sorter = |at: usize| Mutex::new(Sorter::new(place(at), width, budget / count));
        Stretches { parts: (0..count).map(sorter).collect(), end: end.max(1) }
    }

    /// The records of each stretch.
    pub fn into_parts(self) -> Vec<Mutex<Option<Sorter>>> {
        self.parts.into_iter().map(|part| Mutex::new(part.into_inner().ok())).collect()
    }

    /// Where a thread puts its records.
    pub fn sender(&self) -> Sender<'_> {
        Sender { to: self, held: vec![Vec::new(); self.parts.len()] }
    }
}

/// Collects the records of a thread.
pub struct Sender<'a> {
    to: &'a Stretches,
    held: Vec<Vec<u128>>,
}

impl Sender<'_> {
    /// Adds a pair of ranks, by the later one; each may come several times.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn pair(&mut self, rank: u32, other: u32) -> Result<()> {
        self.record(u64::from(rank), u128::from(rank) << 32 | u128::from(other))
    }

    /// Adds a record by its number.
    ///
    /// # Errors
    ///
    /// Of the disk.
    pub fn record(&mut self, number: u64, record: u128) -> Result<()> {
        let part = (u128::from(number) * self.held.len() as u128 / u128::from(self.to.end)) as usize;
        self.held[part].push(record);
        if self.held[part].len() < HELD { Ok(()) } else { self.send(part) }
    }

    fn send(&mut self, part: usize) -> Result<()> {
        let mut sorter = self.to.parts[part].lock().unwrap_or_else(PoisonError::into_inner);
        self.held[part].drain(..).try_for_each(|record| sorter.push(record))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_stand_in_order_whoever_sends() {
        let folder = tempfile::tempdir().unwrap();
        let numbers: Vec<u64> = (0..200_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).collect();
        let mut expected: Vec<u128> = numbers.iter().map(|n| u128::from(*n) << 64 | 7).collect();
        expected.sort_unstable();
        for (threads, budget) in [(1, 1 << 30), (4, 1 << 30), (4, 3 * LEAST)] {
            let space = Space { threads, ..Space::new(folder.path(), budget) };
            let all = Stretches::new(&space, ("s", 16), 1 << 32, 1);
            let send = |at: usize| {
                let mut sender = all.sender();
                numbers[at * 50_000..][..50_000]
                    .iter()
                    .try_for_each(|n| sender.record(*n, u128::from(*n) << 64 | 7))?;
                sender.finish()
            };
            space.side_by_side(4, send).unwrap();
            let mut found = Vec::new();
            let parts = all.into_parts();
            assert_eq!(parts.len(), if threads == 1 { 1 } else { (budget / LEAST).min(16) });
            for part in parts {
                let mut each = |record| {
                    found.push(record);
                    Ok(())
                };
                part.into_inner().unwrap().unwrap().drain(&mut each).unwrap();
            }
            assert!(found == expected, "{threads} {budget}");
        }
    }
}
