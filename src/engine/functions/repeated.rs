//! `corpus_repeated(key)`: whether another row may have the key of a row too; `corpus_repeated(ord)`, where other processes
//! have listed the rows of which that is so ([`crate::engine::partners`]).
//!
//! What compares rows by their keys sorts those of them alone that may have a partner; most have none. Which these are is
//! found without a sort, by all threads at once: each key sets one of so many bits, and a bit that was set before is noted
//! in a second set. Keys that share a bit by chance are sorted for nothing, and change nothing.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, UInt64Type};
use serde::{Deserialize, Serialize};

use super::Kernel;
use crate::engine::partners;
use crate::{Error, Result};

/// Bits for a row: of keys that stand once, one in so many shares its bit with another.
const BITS: u64 = 16;
/// Words of 64 bits that are written at a time.
const WRITTEN: usize = 1 << 15;
/// Bits at least.
const LEAST: u64 = 1 << 16;

/// The bit of a key, of a power of two of bits.
fn bit(key: i128, bits: u64) -> u64 {
    let key = key as u128;
    let folded = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (folded ^ folded >> 32) & (bits - 1)
}

/// The keys that came by.
pub struct Seen {
    once: Vec<AtomicU64>,
    twice: Vec<AtomicU64>,
}

impl Seen {
    /// None so far; room for `rows` of them, in two sets of at most `memory` bytes together.
    pub fn new(rows: u64, memory: u64) -> Self {
        let most = 1 << (memory * 4).max(LEAST).ilog2();
        let bits = rows.saturating_mul(BITS).clamp(LEAST, most).next_power_of_two().min(most);
        let set = || (0..bits / 64).map(|_| AtomicU64::new(0)).collect();
        Seen { once: set(), twice: set() }
    }

    fn bits(&self) -> u64 {
        self.once.len() as u64 * 64
    }

    /// Adds the keys of a batch, its first column; any number of threads does so at once.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the column is none of keys.
    pub fn add(&self, batch: &RecordBatch) -> Result<()> {
        let keys = batch.column(0).as_primitive_opt::<Decimal128Type>();
        let keys = keys.ok_or_else(|| Error::Engine("a column of keys holds something else".into()))?;
        for key in keys.iter().flatten() {
            let bit = bit(key, self.bits());
            let (word, mask) = ((bit / 64) as usize, 1 << (bit % 64));
            if self.once[word].fetch_or(mask, Ordering::Relaxed) & mask != 0 {
                self.twice[word].fetch_or(mask, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Writes down which bits were set twice; the file is of this run alone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub fn write(self, path: &Path) -> Result<RepeatedSpec> {
        let bits = self.bits();
        drop(self.once);
        let mut file = File::create(path).map_err(Error::io(path))?;
        let mut bytes = Vec::with_capacity(WRITTEN * 8);
        for words in self.twice.chunks(WRITTEN) {
            bytes.clear();
            words.iter().for_each(|word| bytes.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes()));
            file.write_all(&bytes).map_err(Error::io(path))?;
        }
        Ok(RepeatedSpec::Bits { file: path.to_path_buf(), bits })
    }
}

/// Where it is written which rows may have a partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedSpec {
    /// By the bits of their keys that were set twice.
    Bits {
        /// The file: the bits, from the lowest of the first byte on.
        file: PathBuf,
        /// How many there are.
        bits: u64,
    },
    /// By their row keys.
    Rows {
        /// The folder of the lists.
        folder: PathBuf,
        /// How many there are.
        lists: usize,
        /// The row keys that may come by: the first, and one past the last.
        rows: (u64, u64),
    },
}

impl RepeatedSpec {
    /// What was written down.
    fn read(&self) -> Result<Repeated> {
        match self {
            RepeatedSpec::Bits { file, bits } => {
                let bytes = std::fs::read(file).map_err(Error::io(file))?;
                if bytes.len() as u64 * 8 != *bits {
                    return Err(Error::Engine(format!("{}: not {bits} bits", file.display())));
                }
                Ok(Repeated::Bits(bytes))
            }
            RepeatedSpec::Rows { folder, lists, rows } => Ok(Repeated::Rows(partners::listed(folder, *lists, *rows)?)),
        }
    }
}

/// Which rows may have a partner.
#[derive(Debug)]
enum Repeated {
    Bits(Vec<u8>),
    /// Row keys, ascending.
    Rows(Vec<u64>),
}

/// The ready function.
#[derive(Debug)]
pub struct RepeatedKernel {
    spec: RepeatedSpec,
    /// What is written down, read once: by the first run, for which others wait.
    read: Mutex<Option<Arc<Repeated>>>,
}

impl RepeatedKernel {
    fn read(&self) -> Result<Arc<Repeated>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some(read) => Ok(read.clone()),
            None => Ok(read.insert(Arc::new(self.spec.read()?)).clone()),
        }
    }
}

impl Kernel for RepeatedKernel {
    const NAME: &'static str = "corpus_repeated";
    type Spec = RepeatedSpec;

    fn new(spec: RepeatedSpec) -> Result<Self> {
        Ok(RepeatedKernel { spec, read: Mutex::default() })
    }

    fn returns(&self) -> DataType {
        DataType::Boolean
    }

    /// Argument: the key (a row without one has no partner), or the row key where rows are listed.
    fn run(&self, arguments: &[ArrayRef], _rows: usize) -> Result<ArrayRef> {
        let other = || Error::Engine("a column of keys holds something else".into());
        let found: BooleanArray = match &*self.read()? {
            Repeated::Bits(bits) => {
                let keys = arguments[0].as_primitive_opt::<Decimal128Type>().ok_or_else(other)?;
                let repeated = |key: Option<i128>| {
                    let bit = bit(key?, bits.len() as u64 * 8);
                    Some(bits[(bit / 8) as usize] >> (bit % 8) & 1 == 1)
                };
                keys.iter().map(|key| Some(repeated(key).unwrap_or(false))).collect()
            }
            Repeated::Rows(rows) => {
                let ords = arguments[0].as_primitive_opt::<UInt64Type>().ok_or_else(other)?;
                ords.values().iter().map(|ord| Some(rows.binary_search(ord).is_ok())).collect()
            }
        };
        Ok(Arc::new(found))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, Decimal128Array};
    use arrow::datatypes::{Field, Schema};
    use xxhash_rust::xxh3::xxh3_128;

    use super::*;
    use crate::rows::column::KEY;

    fn batch(keys: impl Iterator<Item = Option<u64>>) -> RecordBatch {
        let key = |n: u64| xxh3_128(&n.to_le_bytes()) as i128;
        let keys: Decimal128Array = keys.map(|n| n.map(key)).collect();
        let keys = keys.with_data_type(KEY);
        RecordBatch::try_new(Arc::new(Schema::new(vec![Field::new("key", KEY, true)])), vec![Arc::new(keys)]).unwrap()
    }

    #[test]
    fn keys_that_repeat_are_found_and_few_others() {
        let folder = tempfile::tempdir().unwrap();
        let seen = Seen::new(100_000, 1 << 30);
        std::thread::scope(|scope| {
            for part in 0..4 {
                let seen = &seen;
                // 1, 5, 9 … of the second part stand in the first one too.
                scope.spawn(move || seen.add(&batch((0..25_000).map(|n| Some(n * 4 + part % 3)))).unwrap());
            }
        });
        seen.add(&batch([None, None].into_iter())).unwrap();
        let spec = seen.write(&folder.path().join("twice")).unwrap();
        let kernel = RepeatedKernel::new(spec).unwrap();
        let ask = |numbers: &mut dyn Iterator<Item = Option<u64>>| {
            let found = kernel.run(batch(numbers).columns(), 0).unwrap();
            let found = found.as_boolean();
            (found.true_count(), found.len(), found.null_count())
        };
        // Parts 0 and 3 are the same.
        assert_eq!(ask(&mut (0..25_000).map(|n| Some(n * 4))), (25_000, 25_000, 0));
        let (some, all, _) = ask(&mut (0..25_000).map(|n| Some(n * 4 + 1)));
        assert!(some < all / 8, "{some} of {all}");
        assert_eq!(ask(&mut [None].into_iter()), (0, 1, 0));
    }

    #[test]
    fn memory_bounds_the_bits() {
        assert_eq!(Seen::new(1 << 40, 16 << 20).bits(), 64 << 20);
        assert_eq!(Seen::new(1 << 40, 0).bits(), LEAST);
        assert_eq!(Seen::new(0, 1 << 30).bits(), LEAST);
        assert_eq!(Seen::new(5_000, 1 << 30).bits(), 1 << 17);
    }
}
