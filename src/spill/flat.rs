//! An array of records of one size: in memory up to a limit, then in a file that is read and written by number.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// Bytes collected before they are written.
const CHUNK: usize = 1 << 20;

/// A record as a number whose bytes are written from the highest on; of at most 16 bytes.
#[inline]
pub fn number(record: &[u8]) -> u128 {
    match record.first_chunk() {
        Some(bytes) => u128::from_be_bytes(*bytes),
        None => record.iter().fold(0, |number, byte| number << 8 | u128::from(*byte)),
    }
}

/// The array.
pub struct Flat {
    path: PathBuf,
    width: usize,
    limit: usize,
    /// All records, or the last ones that are not in the file.
    memory: Vec<u8>,
    file: Option<File>,
    /// Bytes in the file.
    written: u64,
    /// Whether there is a file that goes when this does.
    ours: bool,
}

impl Flat {
    /// An empty array of records of `width` bytes, of which up to `limit` bytes stay in memory.
    pub fn new(path: PathBuf, width: usize, limit: usize) -> Self {
        Flat { path, width, limit, memory: Vec::new(), file: None, written: 0, ours: false }
    }

    /// The array that another process has written down ([`Flat::settle`]), to be read.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where its file cannot be opened.
    pub fn open(path: PathBuf, width: usize) -> Result<Self> {
        let file = File::open(&path).map_err(Error::io(&path))?;
        let written = file.metadata().map_err(Error::io(&path))?.len();
        Ok(Flat { path, width, limit: 0, memory: Vec::new(), file: Some(file), written, ours: false })
    }

    /// Hands over those records of a sorted array that another process has written down, as numbers, that lie in a range by
    /// their leading bits: all but the lowest `below`. The first `skip` records are no part of it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of its file, and the first error of `found`.
    pub fn within(
        path: PathBuf,
        (width, skip): (usize, usize),
        (below, range): (u32, Range<u128>),
        mut found: impl FnMut(u128) -> Result<()>,
    ) -> Result<()> {
        let all = Flat::open(path, width)?;
        let from = |place: u128| all.first_of(skip, |record| number(record) >> below < place);
        all.range(from(range.start)?..from(range.end)?, |_, record| found(number(record)))
    }

    /// Writes down all records, so that other processes can open them; what is in memory stays there, too. Gives back
    /// where.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing the file.
    pub fn settle(&mut self) -> Result<&Path> {
        match &self.file {
            Some(_) => {
                self.flush()?;
                self.file.as_ref().map_or(Ok(()), File::sync_data).map_err(Error::io(&self.path))?;
            }
            None => {
                self.ours = true;
                File::create(&self.path)
                    .and_then(|mut file| file.write_all(&self.memory).and_then(|()| file.sync_data()))
                    .map_err(Error::io(&self.path))?;
            }
        }
        Ok(&self.path)
    }

    /// The first record from `from` on that is not `before` a place, in an array that is sorted by it; their number where
    /// all are.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of reading the file.
    pub fn first_of(&self, from: usize, before: impl Fn(&[u8]) -> bool) -> Result<usize> {
        let (mut low, mut high, mut record) = (from, self.len(), vec![0; self.width]);
        while low < high {
            let middle = low.midpoint(high);
            self.get(middle, &mut record)?;
            if before(&record) { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        (self.written as usize + self.memory.len()) / self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a record, or some, one behind the other.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing to its file, once it does not fit in memory.
    pub fn push(&mut self, records: &[u8]) -> Result<()> {
        debug_assert_eq!(records.len() % self.width, 0);
        self.memory.extend_from_slice(records);
        let limit = if self.file.is_some() { CHUNK } else { self.limit.max(CHUNK) };
        if self.memory.len() < limit { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<()> {
        let io = Error::io(&self.path);
        let create = || File::options().create(true).truncate(true).read(true).write(true).open(&self.path);
        let first = self.file.is_none();
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                self.ours = true;
                create().map_err(Error::io(&self.path))?
            }
        };
        file.write_all_at(&self.memory, self.written).map_err(io)?;
        self.file = Some(file);
        self.written += self.memory.len() as u64;
        if first {
            self.memory = Vec::new()
        } else {
            self.memory.clear()
        }
        Ok(())
    }

    /// Reads record `at` into `record`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of reading its file, [`Error::Engine`] where there is no record `at`.
    pub fn get(&self, at: usize, record: &mut [u8]) -> Result<()> {
        let start = (at * self.width) as u64;
        match (&self.file, start.checked_sub(self.written)) {
            (_, Some(start)) => {
                let start = start as usize;
                record.copy_from_slice(&self.memory[start..start + self.width]);
                Ok(())
            }
            (Some(file), None) => file.read_exact_at(record, start).map_err(Error::io(&self.path)),
            (None, None) => Err(Error::Engine("a record that is nowhere".into())),
        }
    }

    /// Writes record `at`, which is there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing its file, [`Error::Engine`] where there is no record `at`.
    pub fn set(&mut self, at: usize, record: &[u8]) -> Result<()> {
        let start = (at * self.width) as u64;
        match (&self.file, start.checked_sub(self.written)) {
            (_, Some(start)) => {
                let start = start as usize;
                self.memory[start..start + self.width].copy_from_slice(record);
                Ok(())
            }
            (Some(file), None) => file.write_all_at(record, start).map_err(Error::io(&self.path)),
            (None, None) => Err(Error::Engine("a record that is nowhere".into())),
        }
    }

    /// Record `at` as a number.
    ///
    /// # Errors
    ///
    /// As [`Flat::get`].
    pub fn number(&self, at: usize) -> Result<u64> {
        let mut bytes = [0; 8];
        self.get(at, &mut bytes[..self.width.min(8)])?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Hands over all records in order.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of reading its file, and the first error of `found`.
    pub fn each(&self, found: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        self.range(0..self.len(), found)
    }

    /// Hands over some records in order.
    ///
    /// # Errors
    ///
    /// As [`Flat::each`].
    pub fn range(&self, wanted: Range<usize>, mut found: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let on_disk = self.written as usize / self.width;
        let mut at = wanted.start;
        if let Some(file) = self.file.as_ref().filter(|_| at < on_disk) {
            let mut block = Vec::new();
            while at < wanted.end.min(on_disk) {
                let records = (CHUNK / self.width).max(1).min(wanted.end.min(on_disk) - at);
                block.resize(records * self.width, 0);
                file.read_exact_at(&mut block, (at * self.width) as u64).map_err(Error::io(&self.path))?;
                for record in block.chunks_exact(self.width) {
                    found(at, record)?;
                    at += 1;
                }
            }
        }
        while at < wanted.end {
            let start = (at - on_disk) * self.width;
            found(at, &self.memory[start..start + self.width])?;
            at += 1;
        }
        Ok(())
    }
}

impl Drop for Flat {
    fn drop(&mut self) {
        if self.ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A bit for each of some rows.
#[derive(Clone, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// All of `count` bits off.
    pub fn new(count: usize) -> Self {
        Bits(vec![0; count.div_ceil(64)])
    }

    /// Sets one.
    pub fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    /// Takes one back.
    pub fn clear(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }

    /// All of them, to be written down.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Those that were written down.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Bits(bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// Whether one is set.
    pub fn has(&self, at: usize) -> bool {
        self.0[at / 64] & 1 << (at % 64) != 0
    }
}

/// Bits that several threads set.
pub struct SharedBits(Vec<AtomicU64>);

impl From<Bits> for SharedBits {
    fn from(bits: Bits) -> Self {
        SharedBits(bits.0.into_iter().map(AtomicU64::new).collect())
    }
}

impl SharedBits {
    /// All of `count` bits off.
    pub fn new(count: usize) -> Self {
        SharedBits((0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    /// Sets one.
    pub fn set(&self, at: usize) {
        self.0[at / 64].fetch_or(1 << (at % 64), Ordering::Relaxed);
    }

    /// Takes one back.
    pub fn clear(&self, at: usize) {
        self.0[at / 64].fetch_and(!(1 << (at % 64)), Ordering::Relaxed);
    }

    /// The bits, and how many are set.
    pub fn into_bits(self) -> (Bits, u64) {
        let words: Vec<u64> = self.0.into_iter().map(AtomicU64::into_inner).collect();
        let count = words.iter().map(|word| u64::from(word.count_ones())).sum();
        (Bits(words), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_in_memory_and_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        for limit in [0, 3 << 20, 1 << 30] {
            let path = folder.path().join("f");
            let mut flat = Flat::new(path.clone(), 8, limit);
            for i in 0..500_000u64 {
                flat.push(&i.to_le_bytes()).unwrap();
            }
            assert_eq!(path.exists(), limit < 4 << 20);
            flat.set(3, &77u64.to_le_bytes()).unwrap();
            flat.set(499_999, &78u64.to_le_bytes()).unwrap();
            assert_eq!(flat.len(), 500_000);
            assert_eq!([3, 4, 250_000, 499_999].map(|at| flat.number(at).unwrap()), [77, 4, 250_000, 78]);
            let mut sum = 0;
            flat.each(|_, record| {
                sum += u64::from_le_bytes(record.try_into().unwrap());
                Ok(())
            })
            .unwrap();
            assert_eq!(sum, 499_999 * 250_000 - 3 + 77 - 499_999 + 78);
            let place = flat.settle().unwrap().to_owned();
            assert_eq!(place, path);
            // What is in memory and written down may still change here; whoever opens it has what it was.
            let other = Flat::open(place, 8).unwrap();
            assert_eq!((other.len(), flat.len()), (500_000, 500_000));
            assert_eq!([3, 4, 499_999].map(|at| other.number(at).unwrap()), [77, 4, 78]);
            drop(other);
            assert!(path.exists());
            drop(flat);
            assert!(!path.exists());
        }
    }

    /// In whatever ranges sorted records are read: each once, but for the head of the file.
    #[test]
    fn sorted_records_are_read_by_ranges() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sorted");
        let records: Vec<u128> = (0..1000u128).map(|n| ((n * n / 7) << 16) | (n % 3)).collect();
        let bytes = |record: &u128| record.to_be_bytes()[16 - 5..].to_vec();
        std::fs::write(&path, [vec![0; 5], records.iter().flat_map(bytes).collect()].concat()).unwrap();
        let read = |range: Range<u128>| {
            let mut found = Vec::new();
            Flat::within(path.clone(), (5, 1), (16, range), |record| {
                found.push(record);
                Ok(())
            })
            .unwrap();
            found
        };
        assert_eq!(read(0..1 << 24), records);
        let bounds = [0, 1, 7, 7, 5000, 1 << 24];
        let parts: Vec<Vec<u128>> = bounds.windows(2).map(|two| read(two[0]..two[1])).collect();
        assert!(parts.concat() == records && parts[2].is_empty() && !parts[0].is_empty());
        assert!(parts[3].iter().all(|record| (7..5000).contains(&(record >> 16))));
    }

    #[test]
    fn bits_set_by_several_threads() {
        let bits = SharedBits::new(1000);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let bits = &bits;
                scope.spawn(move || (thread..1000).step_by(8).for_each(|at| bits.set(at)));
            }
        });
        let (bits, count) = bits.into_bits();
        assert_eq!(count, 500);
        assert!((0..1000).all(|at| bits.has(at) == (at % 8 < 4)));
        let bits = SharedBits::from(bits);
        (0..1000).step_by(8).for_each(|at| bits.clear(at));
        let (bits, count) = bits.into_bits();
        assert!(count == 375 && !bits.has(8) && bits.has(9) && !bits.has(12));
    }

    #[test]
    fn bits() {
        let mut bits = Bits::new(70);
        bits.set(69);
        assert!(bits.has(69) && !bits.has(68) && !bits.has(0));
        let same = Bits::from_bytes(&bits.to_bytes());
        assert!(same.has(69) && !same.has(68));
        bits.clear(69);
        assert!(!bits.has(69));
    }
}
