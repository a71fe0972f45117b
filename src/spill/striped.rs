//! An array of records of one size that several threads fill: so many neighbours make a block, and blocks go to a few arrays
//! in turn, each of which is one thread's while records are added.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Space;
use super::flat::Flat;
use crate::{Error, Result};

/// Records of a block.
const BLOCK: usize = 1 << 13;
/// Bytes of a comparison's memory for each array: what waits for all threads at once is in nobody's limit.
const EACH: usize = 64 << 20;

/// The array.
pub struct Striped {
    parts: Vec<Flat>,
    width: usize,
    len: usize,
}

impl Striped {
    /// An empty array of records of `width` bytes, in as many parts as there are threads and memory for; it takes what an
    /// array of one part takes ([`Space::flat`]).
    pub fn new(space: &Space, name: &str, width: usize) -> Self {
        let count = (space.budget / EACH).clamp(1, space.threads.max(1));
        let own = Space { budget: space.budget / count, ..space.clone() };
        let parts = (0..count).map(|part| own.flat(&format!("{name}-{part}"), width)).collect();
        Striped { parts, width, len: 0 }
    }

    /// The array that another process has written down ([`Striped::settle`]), to be read.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where a file of it cannot be opened.
    pub fn open(paths: Vec<PathBuf>, width: usize) -> Result<Self> {
        let parts = paths.into_iter().map(|path| Flat::open(path, width)).collect::<Result<Vec<_>>>()?;
        let len = parts.iter().map(Flat::len).sum();
        Ok(Striped { parts, width, len })
    }

    /// Writes down all records, so that other processes can open them. Gives back where.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub fn settle(&mut self) -> Result<Vec<PathBuf>> {
        self.parts.iter_mut().map(|part| part.settle().map(Path::to_path_buf)).collect()
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many records are best added at once, so that each thread has some.
    pub fn at_once(&self) -> usize {
        self.parts.len() * BLOCK
    }

    /// Adds records, those of one slice behind those of the one before.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing to its files, once it does not fit in memory.
    pub fn push(&mut self, records: &[&[u8]]) -> Result<()> {
        let count = self.parts.len();
        if let [one] = records
            && one.len() <= (BLOCK - self.len % BLOCK) * self.width
        {
            let part = &mut self.parts[self.len / BLOCK % count];
            self.len += one.len() / self.width;
            return part.push(one);
        }
        let mut shares: Vec<Vec<&[u8]>> = vec![Vec::new(); count];
        for some in records {
            debug_assert_eq!(some.len() % self.width, 0);
            let mut left = *some;
            while !left.is_empty() {
                let room = (BLOCK - self.len % BLOCK) * self.width;
                let (now, later) = left.split_at(room.min(left.len()));
                shares[self.len / BLOCK % count].push(now);
                self.len += now.len() / self.width;
                left = later;
            }
        }
        let add = |(part, share): (&mut Flat, Vec<&[u8]>)| share.into_iter().try_for_each(|some| part.push(some));
        let mut work: Vec<_> = self.parts.iter_mut().zip(shares).filter(|(_, share)| !share.is_empty()).collect();
        if work.len() < 2 {
            return work.pop().map_or(Ok(()), add);
        }
        std::thread::scope(|scope| {
            let workers: Vec<_> = work.into_iter().map(|of| scope.spawn(move || add(of))).collect();
            let failed = || Err(Error::Engine("a worker failed".into()));
            workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| failed()))
        })
    }

    /// The array in which record `at` is, and its number there.
    fn place(&self, at: usize) -> (&Flat, usize) {
        let (block, count) = (at / BLOCK, self.parts.len());
        (&self.parts[block % count], block / count * BLOCK + at % BLOCK)
    }

    /// Reads record `at` into `record`.
    ///
    /// # Errors
    ///
    /// As [`Flat::get`].
    pub fn get(&self, at: usize, record: &mut [u8]) -> Result<()> {
        let (part, own) = self.place(at);
        part.get(own, record)
    }

    /// Hands over some records in order.
    ///
    /// # Errors
    ///
    /// As [`Flat::range`].
    pub fn range(&self, wanted: Range<usize>, mut found: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let mut at = wanted.start;
        while at < wanted.end {
            let end = ((at / BLOCK + 1) * BLOCK).min(wanted.end);
            let (part, own) = self.place(at);
            part.range(own..own + end - at, |number, record| found(at + number - own, record))?;
            at = end;
        }
        Ok(())
    }
}

impl Drop for Striped {
    /// Gives back memory and files, each part by a thread of its own: of what is large that takes long.
    fn drop(&mut self) {
        if self.len > self.at_once() {
            std::thread::scope(|scope| self.parts.drain(..).for_each(|part| _ = scope.spawn(move || drop(part))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many parts, in memory or not, and however they come: the records in their order, here and elsewhere.
    #[test]
    fn records_come_back_in_order() {
        let record = |at: usize| (at as u32 * 7).to_le_bytes();
        for (threads, budget) in [(1, 1 << 20), (3, 200 << 20), (8, 1 << 30)] {
            let folder = tempfile::tempdir().unwrap();
            let space = Space { threads, ..Space::new(folder.path(), budget) };
            let mut all = Striped::new(&space, "s", 4);
            assert_eq!(all.parts.len(), threads);
            let (mut sizes, mut from) = ([1, 1, BLOCK - 2, 5, 3 * BLOCK + 1, 100_000, 9, 600_000].into_iter(), 0);
            while let (Some(one), other) = (sizes.next(), sizes.next().unwrap_or(0)) {
                let bytes = |from: usize, count: usize| (from..from + count).flat_map(record).collect::<Vec<u8>>();
                all.push(&[&bytes(from, one), &[], &bytes(from + one, other)]).unwrap();
                from += one + other;
            }
            assert_eq!(all.len(), from);
            let other = Striped::open(all.settle().unwrap(), 4).unwrap();
            for all in [&all, &other] {
                let mut next = 5;
                all.range(5..from - 1, |at, found| {
                    assert!(at == next && found == record(at));
                    next += 1;
                    Ok(())
                })
                .unwrap();
                assert_eq!((next, all.len()), (from - 1, from));
                let mut found = [0; 4];
                for at in [0, 1, BLOCK - 1, BLOCK, 5 * BLOCK + 3, from - 1] {
                    all.get(at, &mut found).unwrap();
                    assert_eq!(found, record(at));
                }
            }
            drop(all);
            assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
        }
    }
}
