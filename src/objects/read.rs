//! An object that is read where it lies: from its start on, or by ranges as readers of Parquet ask for them.

use std::io::{self, Read};
use std::ops::Range;

use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::{Folder, Found};
use crate::{Error, Result};

/// `bytes::Bytes`, which is no dependency by name.
pub type Bytes = <object_store::PutPayload as IntoIterator>::Item;

/// Bytes of one request.
const BLOCK: u64 = 4 << 20;
/// Bytes of the first request of a reader: most of them want little.
const FIRST: u64 = 64 << 10;

/// An object of one version.
#[derive(Clone)]
pub struct Reading {
    folder: Folder,
    found: Found,
}

impl Reading {
    /// An object as it is now.
    ///
    /// # Errors
    ///
    /// Where there is none; what the store answers; [`Error::Interrupted`].
    pub fn open(folder: &Folder, name: &str) -> Result<Self> {
        let found = folder.head(name)?.ok_or_else(|| {
            let message = format!("{}: there is no such object", folder.url(name));
            Error::input(message, "if a build was replaced there just now, run the same command again")
        })?;
        Ok(Reading { folder: folder.clone(), found })
    }

    /// What is known of it.
    pub fn found(&self) -> &Found {
        &self.found
    }

    fn range(&self, range: Range<u64>) -> Result<Vec<u8>> {
        self.folder.range(&self.found.name, &self.found.tag, range)
    }

    /// Its bytes from an offset on.
    pub fn bytes_from(&self, offset: u64) -> Bytewise {
        Bytewise { of: self.clone(), at: offset, next: FIRST, block: Vec::new(), used: 0 }
    }
}

impl Length for Reading {
    fn len(&self) -> u64 {
        self.found.bytes
    }
}

impl ChunkReader for Reading {
    type T = Bytewise;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Bytewise> {
        Ok(self.bytes_from(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let end = start.saturating_add(length as u64);
        if end > self.found.bytes {
            return Err(ParquetError::EOF(format!("{}: ends before byte {end}", self.folder.url(&self.found.name))));
        }
        let mut all = Vec::with_capacity(length);
        let mut at = start;
        while at < end {
            let to = end.min(at + BLOCK);
            all.extend(self.range(at..to).map_err(|error| ParquetError::External(Box::new(error)))?);
            at = to;
        }
        Ok(all.into())
    }
}

/// The bytes of an object, block after block, larger ones the longer it is read. A block is one request, made again where
/// the connection breaks: so reading goes on where it was.
pub struct Bytewise {
    of: Reading,
    at: u64,
    next: u64,
    block: Vec<u8>,
    used: usize,
}

impl Read for Bytewise {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.used == self.block.len() {
            let end = self.of.found.bytes.min(self.at.saturating_add(self.next));
            if self.at >= end {
                return Ok(0);
            }
            self.block = self.of.range(self.at..end).map_err(io::Error::other)?;
            (self.at, self.used, self.next) = (end, 0, (self.next * 4).min(BLOCK));
        }
        let count = into.len().min(self.block.len() - self.used);
        into[..count].copy_from_slice(&self.block[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}
