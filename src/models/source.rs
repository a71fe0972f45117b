//! A reader of binary model files that knows where it is and how much is left.
//!
//! Every length is held against the bytes that are left before anything is allocated, so a file cannot ask for more
//! memory than a small multiple of its own size.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{Error, Place, Result};

/// A binary file that is read from front to back. Numbers are little-endian.
pub struct Source {
    file: PathBuf,
    reader: BufReader<File>,
    at: u64,
    length: u64,
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened or is no plain file.
    pub fn open(path: &Path) -> Result<Source> {
        let io = |e: std::io::Error| Error::file(path, e.to_string());
        let file = File::open(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        if !about.is_file() {
            return Err(Error::file(path, "is no plain file"));
        }
        Ok(Source { file: path.into(), reader: BufReader::with_capacity(1 << 18, file), at: 0, length: about.len() })
    }

    /// The place of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        self.length - self.at
    }

    /// An error at a place.
    pub fn error(&self, at: u64, what: impl Into<String>) -> Error {
        Error { file: self.file.clone(), place: Place::Byte(at), what: what.into() }
    }

    /// Fills a buffer; `what` names what is read.
    pub fn fill(&mut self, buffer: &mut [u8], what: &str) -> Result<()> {
        let wanted = buffer.len() as u64;
        if wanted > self.left() {
            return Err(self.error(
                self.at,
                format!("the file ends in {what}: {wanted} bytes are wanted, {} are left; fetch it again", self.left()),
            ));
        }
        self.reader.read_exact(buffer).map_err(|e| self.error(self.at, format!("{what}: {e}")))?;
        self.at += wanted;
        Ok(())
    }

    /// The next bytes, which stay next.
    pub fn peek(&mut self, count: usize, what: &str) -> Result<&[u8]> {
        self.room(count as u64, 1, what)?;
        let (file, at) = (self.file.clone(), self.at);
        let bytes = self.reader.fill_buf();
        match bytes {
            Ok(bytes) if bytes.len() >= count => Ok(&bytes[..count]),
            Ok(_) => Err(Error { file, place: Place::Byte(at), what: format!("{what}: the file ends") }),
            Err(e) => Err(Error { file, place: Place::Byte(at), what: format!("{what}: {e}") }),
        }
    }

    /// Holds `count` things of `size` bytes against what is left; gives `count` as a length in memory.
    pub fn room(&self, count: u64, size: u64, what: &str) -> Result<usize> {
        let bytes = u128::from(count) * u128::from(size);
        if bytes <= u128::from(self.left()) {
            return Ok(count as usize);
        }
        let left = self.left();
        Err(self.error(self.at, format!("{what}: at least {bytes} bytes are claimed, {left} bytes are left")))
    }

    /// One byte.
    pub fn byte(&mut self, what: &str) -> Result<u8> {
        let mut bytes = [0; 1];
        self.fill(&mut bytes, what)?;
        Ok(bytes[0])
    }

    /// A byte that says yes (1) or no (0).
    pub fn flag(&mut self, what: &str) -> Result<bool> {
        match self.byte(what)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.error(self.at - 1, format!("{what} must be 0 or 1, is {other}"))),
        }
    }

    /// A signed number of 32 bits.
    pub fn int(&mut self, what: &str) -> Result<i32> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, what)?;
        Ok(i32::from_le_bytes(bytes))
    }

    /// A number of 32 bits within bounds (both included).
    pub fn int_in(&mut self, what: &str, from: i32, to: i32) -> Result<i32> {
        let at = self.at;
        let value = self.int(what)?;
        if (from..=to).contains(&value) {
            return Ok(value);
        }
        Err(self.error(at, format!("{what} must be {from} to {to}, is {value}")))
    }

    /// A signed number of 64 bits.
    pub fn long(&mut self, what: &str) -> Result<i64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes, what)?;
        Ok(i64::from_le_bytes(bytes))
    }

    /// A number of 64 bits within bounds (both included).
    pub fn long_in(&mut self, what: &str, from: i64, to: i64) -> Result<i64> {
        let at = self.at;
        let value = self.long(what)?;
        if (from..=to).contains(&value) {
            return Ok(value);
        }
        Err(self.error(at, format!("{what} must be {from} to {to}, is {value}")))
    }

    /// Raw bytes.
    pub fn bytes(&mut self, count: u64, what: &str) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.room(count, 1, what)?];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    /// Finite numbers of 32 bits.
    pub fn floats(&mut self, count: u64, what: &str) -> Result<Vec<f32>> {
        let count = self.room(count, 4, what)?;
        let mut floats = Vec::with_capacity(count);
        let mut chunk = [0; 1 << 14];
        while floats.len() < count {
            let start = self.at;
            let bytes = (4 * (count - floats.len())).min(chunk.len());
            self.fill(&mut chunk[..bytes], what)?;
            let before = floats.len();
            floats.extend(chunk[..bytes].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
            if let Some(n) = floats[before..].iter().position(|f| !f.is_finite()) {
                return Err(self.error(start + 4 * n as u64, format!("{what}: {} is no number", floats[before + n])));
            }
        }
        Ok(floats)
    }

    /// Appends the bytes up to a zero byte, which is read too.
    pub fn word(&mut self, most: usize, into: &mut Vec<u8>) -> Result<()> {
        let start = self.at;
        let before = into.len();
        let got = self.reader.by_ref().take(most as u64 + 1).read_until(0, into);
        self.at += got.map_err(|e| self.error(start, e.to_string()))? as u64;
        if into.pop() == Some(0) && into.len() >= before {
            return Ok(());
        }
        Err(self.error(start, format!("a word of the vocabulary does not end within {most} bytes")))
    }
}
