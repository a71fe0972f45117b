//! An object that is read where it lies: from its start on, or by ranges as readers of Parquet ask for them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::folder::{Bytes, Stretch};
use super::lost::{is_lost, noted};
use super::wait::{Pending, begin};
use super::{Folder, Found};
use crate::{Error, Result};

/// Bytes of one request.
const BLOCK: u64 = 4 << 20;
/// Bytes of the first request of a reader: most of them want little.
const FIRST: u64 = 64 << 10;
/// Bytes that a reader by ranges holds of what it asked for: stretches of columns that are read side by side.
const HELD: usize = 8 << 20;

/// An object of one version.
#[derive(Clone)]
pub struct Reading {
    folder: Folder,
    found: Arc<Found>,
    /// Whether it is raw data: what goes wrong with it is noted, and nothing is asked for after that.
    input: bool,
    /// Stretches that were read by ranges, the one used last behind the others, and where each begins.
    held: Arc<Mutex<VecDeque<(u64, Bytes)>>>,
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
        Ok(Reading { folder: folder.clone(), found: Arc::new(found), input: false, held: Arc::default() })
    }

    /// An object that is not asked for, in a version that is made up.
    #[cfg(test)]
    pub(super) fn known(folder: Folder, name: &str, version: &str) -> Self {
        let tag = super::Tag { e_tag: Some(version.to_owned()), version: None };
        let found = Arc::new(Found { name: name.to_owned(), bytes: 1, tag });
        Reading { folder, found, input: false, held: Arc::default() }
    }

    /// The same version, opened as raw data.
    pub(super) fn as_input(&self) -> Self {
        Reading { input: true, held: Arc::default(), ..self.clone() }
    }

    /// What came of a request.
    fn noted<T>(&self, result: Result<T>) -> Result<T> {
        if self.input { noted(result) } else { result }
    }

    /// Fails where a request of this thread has failed: what is read now is thrown away, and another one may take minutes.
    fn go_on(&self) -> Result<()> {
        match self.input && is_lost() {
            true => Err(Error::other("an object of a store could not be read", "run the same command again")),
            false => Ok(()),
        }
    }

    /// What is known of it.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Its key.
    pub fn location(&self) -> object_store::path::Path {
        self.folder.key(&self.found.name)
    }

    fn range(&self, range: &Range<u64>) -> Result<Bytes> {
        self.go_on()?;
        self.noted(self.folder.range(&self.found, range))
    }

    /// Its bytes from an offset on.
    pub fn bytes_from(&self, offset: u64) -> Bytewise {
        self.bytes_within(offset, u64::MAX)
    }

    /// Its bytes from an offset on, of which hardly any behind `until` are wanted.
    pub fn bytes_within(&self, offset: u64, until: u64) -> Bytewise {
        let (of, until) = (self.clone(), until.min(self.found.bytes));
        Bytewise { of, at: offset, next: FIRST, until, block: Bytes::new(), used: 0, ahead: None }
    }

    /// The bytes at `start` that are at hand after at least `length` were asked for. What follows on a stretch that is held is
    /// asked for in larger and larger ones.
    fn stretch(&self, start: u64, length: u64) -> parquet::errors::Result<Bytes> {
        let end = start.saturating_add(length);
        if end > self.found.bytes {
            return Err(ParquetError::EOF(format!("{}: ends before byte {end}", self.folder.url(&self.found.name))));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = |(from, bytes): &(u64, Bytes)| from + bytes.len() as u64;
        let before = held.iter().position(|block| block.0 <= start && start <= ends(block));
        let before = before.and_then(|at| held.remove(at));
        let next = before.as_ref().map_or(FIRST, |block| (2 * block.1.len() as u64).clamp(FIRST, BLOCK));
        let block = match before.filter(|block| end <= ends(block)) {
            Some(block) => block,
            None => {
                // The end of a Parquet file tells what is in it, and is asked for in two steps.
                let from = if end + FIRST > self.found.bytes {
                    start.min(self.found.bytes.saturating_sub(FIRST))
                } else {
                    start
                };
                let to = end.max(start.saturating_add(next)).min(self.found.bytes);
                drop(held);
                let bytes = self.whole(from..to).map_err(|error| ParquetError::External(Box::new(error)))?;
                held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                (from, bytes)
            }
        };
        let bytes = block.1.slice((start - block.0) as usize..);
        held.push_back(block);
        while held.len() > 1 && held.iter().map(|block| block.1.len()).sum::<usize>() > HELD {
            held.pop_front();
        }
        Ok(bytes)
    }

    /// A stretch of any length, by requests of [`BLOCK`].
    fn whole(&self, range: Range<u64>) -> Result<Bytes> {
        if range.end - range.start <= BLOCK {
            return self.range(&range);
        }
        let mut all = Vec::with_capacity((range.end - range.start) as usize);
        let mut at = range.start;
        while at < range.end {
            let to = range.end.min(at + BLOCK);
            all.extend_from_slice(&self.range(&(at..to))?);
            at = to;
        }
        Ok(all.into())
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
        let block = if start < self.found.bytes { self.stretch(start, 1)? } else { Bytes::new() };
        let at = start + block.len() as u64;
        Ok(Bytewise { block, ..self.bytes_within(at, at) })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        Ok(self.stretch(start, length as u64)?.slice(..length))
    }
}

/// The bytes of an object, block after block, larger ones the longer it is read, and the next one asked for while this one
/// is used. A block is one request, made again where the connection breaks: so reading goes on where it was.
pub struct Bytewise {
    of: Reading,
    /// Where the next block begins.
    at: u64,
    /// The bytes of it.
    next: u64,
    /// Where what is wanted ends, about.
    until: u64,
    block: Bytes,
    used: usize,
    ahead: Option<(Range<u64>, Pending<Stretch>)>,
}

thread_local! {
    /// The first block of the object that this thread began to read last: while a file is looked at it is opened often.
    static HEAD: RefCell<Option<(Arc<Found>, Bytes)>> = const { RefCell::new(None) };
}

impl Bytewise {
    fn fetch(&mut self) -> Result<()> {
        let (of, whole) = (&self.of, self.of.found.bytes);
        let limit = if self.at < self.until { self.until } else { whole };
        let wanted = self.at..limit.min(self.at.saturating_add(self.next));
        let first = wanted.start == 0 && self.next == FIRST;
        let known = || HEAD.with_borrow(|head| Some(head.as_ref().filter(|h| Arc::ptr_eq(&h.0, &of.found))?.1.clone()));
        let (range, block) = match (self.ahead.take(), known().filter(|_| first)) {
            (Some((range, answer)), _) => {
                let answer = of.noted(answer.wait(&of.folder.stop, None))?;
                let block = of.noted(of.folder.received(&of.found, &range, answer))?;
                (range, block)
            }
            (None, Some(block)) => (wanted, block),
            (None, None) => {
                let block = of.range(&wanted)?;
                (wanted, block)
            }
        };
        if first {
            HEAD.set(Some((of.found.clone(), block.clone())));
        }
        // What is behind the end is asked for in small steps again.
        let crossed = range.start < self.until && self.until <= range.end;
        let next = if crossed { FIRST } else { (self.next * 4).min(BLOCK) };
        let ahead = range.end..self.until.min(range.end.saturating_add(next));
        if next == BLOCK && ahead.start < ahead.end {
            let answer = begin(of.folder.request(&of.found, &ahead))?;
            self.ahead = Some((ahead, answer));
        }
        (self.at, self.next, self.used, self.block) = (range.end, next, 0, block);
        Ok(())
    }
}

impl Read for Bytewise {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.used == self.block.len() {
            if self.at >= self.of.found.bytes {
                return Ok(0);
            }
            self.fetch().map_err(io::Error::other)?;
        }
        let count = into.len().min(self.block.len() - self.used);
        into[..count].copy_from_slice(&self.block[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

impl Seek for Bytewise {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.of.found.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => (self.at - (self.block.len() - self.used) as u64).checked_add_signed(by),
        };
        let at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        (self.at, self.next, self.used, self.ahead) = (at, FIRST, 0, None);
        self.block = Bytes::new();
        Ok(at)
    }
}
