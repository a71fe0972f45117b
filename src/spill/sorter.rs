//! Records of at most 16 bytes, sorted in bounded memory: kept in memory while they fit, else spread over files by
//! their first byte, and each file over files by the next one, until a file fits.
//!
//! This is what a whole stage sorts that has millions of small fixed records and nothing else: a comparison sort of
//! columns with a row format costs several times as much, and equal keys would have to be merged over runs.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Bytes of a record in memory.
const CELL: usize = size_of::<u128>();
/// Bytes collected for a file before they are written.
const CHUNK: usize = 32 << 10;
/// Bytes of memory that a sorter takes once it writes files, whatever its budget.
pub const LEAST: usize = 256 * CHUNK;

/// Takes records in any order and hands them out sorted.
pub struct Sorter {
    folder: PathBuf,
    /// Bytes of a record that count: its lowest ones.
    width: usize,
    /// Bytes of memory.
    budget: usize,
    memory: Vec<u128>,
    spread: Option<Spread>,
}

/// Records spread by the byte at `digit` (0 is the most significant one that counts).
struct Spread {
    folder: PathBuf,
    digit: usize,
    width: usize,
    chunks: Vec<Vec<u8>>,
    counts: [u64; 256],
}

impl Sorter {
    /// A sorter of records of `width` bytes, in `budget` bytes of memory, whose files lie in `folder`.
    pub fn new(folder: PathBuf, width: usize, budget: usize) -> Self {
        let width = width.clamp(1, CELL);
        Sorter { folder, width, budget: budget.max(4096), memory: Vec::new(), spread: None }
    }

    /// Makes room for so many records, where that much fits in memory.
    pub fn reserve(&mut self, records: usize) {
        if records * CELL < self.budget && self.spread.is_none() {
            self.memory.reserve_exact(records);
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing to its files, once it does not fit in memory.
    #[inline]
    pub fn push(&mut self, record: u128) -> Result<()> {
        match &mut self.spread {
            Some(spread) => spread.push(record),
            None => {
                self.memory.push(record);
                if self.memory.len() * CELL < self.budget { Ok(()) } else { self.spill() }
            }
        }
    }

    #[cold]
    fn spill(&mut self) -> Result<()> {
        let mut spread = Spread::new(&self.folder, 0, self.width)?;
        for record in std::mem::take(&mut self.memory) {
            spread.push(record)?;
        }
        self.spread = Some(spread);
        Ok(())
    }

    /// Hands out all records, sorted.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of reading its files, and the first error of `found`.
    pub fn drain(mut self, found: &mut impl FnMut(u128) -> Result<()>) -> Result<()> {
        match self.spread.take() {
            None => {
                self.memory.sort_unstable();
                self.memory.iter().try_for_each(|record| found(*record))
            }
            Some(spread) => {
                let drained = spread.drain(self.budget, found);
                let _ = std::fs::remove_dir_all(&self.folder);
                drained
            }
        }
    }
}

impl Spread {
    fn new(folder: &Path, digit: usize, width: usize) -> Result<Self> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let chunks = (0..256).map(|_| Vec::new()).collect();
        Ok(Spread { folder: folder.to_path_buf(), digit, width, chunks, counts: [0; 256] })
    }

    fn path(&self, part: usize) -> PathBuf {
        self.folder.join(format!("{part:02x}"))
    }

    #[inline]
    fn push(&mut self, record: u128) -> Result<()> {
        let bytes = record.to_be_bytes();
        let bytes = &bytes[CELL - self.width..];
        let part = usize::from(bytes[self.digit]);
        let chunk = &mut self.chunks[part];
        chunk.extend_from_slice(bytes);
        self.counts[part] += 1;
        if chunk.len() >= CHUNK { self.flush(part) } else { Ok(()) }
    }

    fn flush(&mut self, part: usize) -> Result<()> {
        let path = self.path(part);
        let mut file = File::options().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        file.write_all(&self.chunks[part]).map_err(Error::io(&path))?;
        self.chunks[part].clear();
        Ok(())
    }

    fn drain(mut self, budget: usize, found: &mut impl FnMut(u128) -> Result<()>) -> Result<()> {
        for part in 0..256 {
            if !self.chunks[part].is_empty() {
                self.flush(part)?;
            }
            self.chunks[part] = Vec::new();
        }
        for part in 0..256 {
            let count = self.counts[part] as usize;
            if count == 0 {
                continue;
            }
            let path = self.path(part);
            if count * CELL <= budget {
                let mut records = Vec::with_capacity(count);
                self.read(&path, |record| {
                    records.push(record);
                    Ok(())
                })?;
                let _ = std::fs::remove_file(&path);
                records.sort_unstable();
                records.iter().try_for_each(|record| found(*record))?;
            } else if self.digit + 1 == self.width {
                // All of them are the same record.
                self.read(&path, &mut *found)?;
                let _ = std::fs::remove_file(&path);
            } else {
                let mut finer = Spread::new(&path.with_extension("parts"), self.digit + 1, self.width)?;
                self.read(&path, |record| finer.push(record))?;
                let _ = std::fs::remove_file(&path);
                finer.drain_boxed(budget, found)?;
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
        Ok(())
    }

    fn drain_boxed(self, budget: usize, found: &mut dyn FnMut(u128) -> Result<()>) -> Result<()> {
        self.drain(budget, &mut |record| found(record))
    }

    fn read(&self, path: &Path, mut found: impl FnMut(u128) -> Result<()>) -> Result<()> {
        let mut file = BufReader::with_capacity(256 << 10, File::open(path).map_err(Error::io(path))?);
        let mut block = vec![0; self.width * 4096];
        loop {
            let mut length = 0;
            while length < block.len() {
                match file.read(&mut block[length..]).map_err(Error::io(path))? {
                    0 => break,
                    read => length += read,
                }
            }
            for bytes in block[..length].chunks_exact(self.width) {
                let mut cell = [0; CELL];
                cell[CELL - self.width..].copy_from_slice(bytes);
                found(u128::from_be_bytes(cell))?;
            }
            if length < block.len() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(records: &[u128], width: usize, budget: usize) -> Vec<u128> {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("s");
        let mut sorter = Sorter::new(place.clone(), width, budget);
        records.iter().for_each(|record| sorter.push(*record).unwrap());
        let mut out = Vec::new();
        sorter
            .drain(&mut |record| {
                out.push(record);
                Ok(())
            })
            .unwrap();
        assert!(!place.exists(), "files stay behind");
        out
    }

    #[test]
    fn sorted_whatever_the_memory() {
        let mut state = 3u64;
        let mut records: Vec<u128> = (0..60_000)
            .map(|i| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                // Many equal beginnings, and some records that are wholly equal.
                let key = if i % 3 == 0 { 7 } else { u128::from(state >> 40) };
                key << 32 | u128::from(state >> 50)
            })
            .collect();
        records.extend(std::iter::repeat_n(9, 5_000));
        let mut expected = records.clone();
        expected.sort_unstable();
        for (width, budget) in [(8, 4096), (8, 64 << 10), (8, 64 << 20), (16, 20_000)] {
            assert!(sorted(&records, width, budget) == expected, "{width} {budget}");
        }
        assert!(sorted(&[], 4, 0).is_empty());
    }
}
