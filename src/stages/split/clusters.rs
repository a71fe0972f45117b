//! Clusters: rows that are linked, directly or through others. Each is known by its first row.

use crate::Result;
use crate::rows::Use;
use crate::spill::Space;
use crate::spill::flat::Flat;

/// Rows by number, and what they are linked with.
pub struct Clusters {
    /// A row before each in its cluster, itself where it is the first.
    parents: Flat,
}

impl Clusters {
    /// No rows.
    pub fn new(space: &Space) -> Self {
        Clusters { parents: space.flat("parents", 4) }
    }

    /// Adds a row that is linked with no other.
    pub fn push(&mut self) -> Result<()> {
        let number = self.parents.len() as u32;
        self.parents.push(&number.to_le_bytes())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// The first row of a row's cluster.
    pub fn first(&mut self, row: u32) -> Result<u32> {
        let mut at = row;
        loop {
            let parent = self.parents.number(at as usize)? as u32;
            if parent == at {
                return Ok(at);
            }
            let above = self.parents.number(parent as usize)? as u32;
            if above != parent {
                // The next way up is half as long.
                self.parents.set(at as usize, &above.to_le_bytes())?;
            }
            at = above;
        }
    }

    /// Makes one cluster of those of two rows.
    pub fn link(&mut self, a: u32, b: u32) -> Result<()> {
        let (a, b) = (self.first(a)?, self.first(b)?);
        if a != b {
            self.parents.set(a.max(b) as usize, &a.min(b).to_le_bytes())?;
        }
        Ok(())
    }
}

/// How many rows of each use clusters have, by their first rows.
pub struct Sizes {
    flat: Flat,
    uses: usize,
}

/// Bytes of a number of rows.
const SIZE: usize = 4;

impl Sizes {
    /// No clusters.
    pub fn new(space: &Space, uses: usize) -> Self {
        Sizes { flat: space.flat("sizes", SIZE * uses), uses }
    }

    /// How many uses there are.
    pub fn uses(&self) -> usize {
        self.uses
    }

    /// Adds one without rows.
    pub fn push(&mut self) -> Result<()> {
        self.flat.push(&[0; SIZE * Use::ALL.len()][..SIZE * self.uses])
    }

    /// Adds a row of the use at a place.
    pub fn add(&mut self, cluster: usize, usage: usize) -> Result<()> {
        let mut record = [0; SIZE * Use::ALL.len()];
        let record = &mut record[..SIZE * self.uses];
        self.flat.get(cluster, record)?;
        let own = &mut record.as_chunks_mut::<SIZE>().0[usage];
        *own = (u32::from_le_bytes(*own) + 1).to_le_bytes();
        self.flat.set(cluster, record)
    }

    /// Puts the rows of each use into `sizes`.
    pub fn of(&self, cluster: usize, sizes: &mut [u64]) -> Result<()> {
        let mut record = [0; SIZE * Use::ALL.len()];
        let record = &mut record[..SIZE * self.uses];
        self.flat.get(cluster, record)?;
        let all = record.as_chunks::<SIZE>().0;
        sizes.iter_mut().zip(all).for_each(|(size, bytes)| *size = u64::from(u32::from_le_bytes(*bytes)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_links_are_one_cluster_known_by_its_first_row() {
        let folder = tempfile::tempdir().unwrap();
        for budget in [0, 1 << 30] {
            let mut clusters = Clusters::new(&Space::new(folder.path(), budget));
            (0..1000).for_each(|_| clusters.push().unwrap());
            assert_eq!(clusters.len(), 1000);
            // Three chains, each linked from its end.
            for row in (3..1000).rev() {
                clusters.link(row, row - 3).unwrap();
            }
            assert!((0..1000).all(|row| clusters.first(row).unwrap() == row % 3));
            clusters.link(999, 2).unwrap();
            assert_eq!(clusters.first(998).unwrap(), 0);
            assert_eq!(clusters.first(1).unwrap(), 1);
        }
    }
}
