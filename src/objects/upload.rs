//! An object on its way into a store: in parts while it is made, and there when it is whole.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::mem::take;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};

use super::said::problem;
use super::wait::{Pending, begin, wait};
use super::{Folder, Found};
use crate::{Error, Result};

/// Bytes of a part: what comes to less is put in one request.
const PART: usize = 8 << 20;
/// Parts of one object, at most (S3 takes 10,000, all of one size but the last).
const PARTS: u64 = 9_000;
/// Parts on their way at a time.
const ABREAST: usize = 2;
/// The longest wait for an upload to be given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// An object that is being written. It is there once [`Upload::finish`] says so, and not at all when this is dropped before.
pub struct Upload {
    folder: Folder,
    name: String,
    part: usize,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    under_way: VecDeque<Pending<object_store::Result<()>>>,
    bytes: u64,
    failed: Option<Error>,
}

impl Upload {
    /// Starts an object of about so many bytes.
    pub fn new(folder: &Folder, name: &str, expected: u64) -> Self {
        let part = PART.max((expected / PARTS) as usize);
        Upload {
            folder: folder.clone(),
            name: name.to_owned(),
            part,
            buffer: Vec::new(),
            parts: None,
            under_way: VecDeque::new(),
            bytes: 0,
            failed: None,
        }
    }

    fn refused(&self, refusal: &object_store::Error) -> Error {
        problem(&self.folder.url(&self.name), refusal)
    }

    /// Sends what is in the buffer as a part.
    fn send(&mut self) -> Result<()> {
        if self.parts.is_none() {
            let (store, key) = (self.folder.store.clone(), self.folder.key(&self.name));
            let begun = wait(&self.folder.stop, async move { store.put_multipart(&key).await })?;
            self.parts = Some(begun.map_err(|refusal| self.refused(&refusal))?);
        }
        self.arrived(ABREAST - 1)?;
        let payload = PutPayload::from(take(&mut self.buffer));
        if let Some(parts) = &mut self.parts {
            self.under_way.push_back(begin(parts.put_part(payload))?);
        }
        Ok(())
    }

    /// Waits until no more than so many parts are on their way.
    fn arrived(&mut self, left: usize) -> Result<()> {
        while self.under_way.len() > left {
            let Some(part) = self.under_way.pop_front() else { break };
            part.wait(&self.folder.stop, None)?.map_err(|refusal| self.refused(&refusal))?;
        }
        Ok(())
    }

    /// Ends the object: it is there now.
    ///
    /// # Errors
    ///
    /// What the store answered while the object was written, or answers now; [`Error::Interrupted`].
    pub fn finish(mut self) -> Result<Found> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        if self.parts.is_none() {
            self.folder.put(&self.name, take(&mut self.buffer))?;
        } else {
            if !self.buffer.is_empty() {
                self.send()?;
            }
            self.arrived(0)?;
            self.complete()?;
        }
        match self.folder.head(&self.name)? {
            Some(found) if found.bytes == self.bytes => Ok(found),
            found => {
                let there = found.map_or("is not there".to_owned(), |found| format!("has {} bytes there", found.bytes));
                let message = format!("{}: {} bytes were put, and it {there}", self.folder.url(&self.name), self.bytes);
                Err(Error::other(message, "run the same command again"))
            }
        }
    }

    /// Strings the parts together. Where the answer is lost, the same request made again is answered with an error, as there
    /// is no such upload any more: so what counts is whether the object is there. Its name is used by nobody else.
    fn complete(&mut self) -> Result<()> {
        let Some(mut parts) = self.parts.take() else { return Ok(()) };
        let ended = wait(&self.folder.stop, async move {
            let ended = parts.complete().await;
            (parts, ended)
        })?;
        match ended {
            (_, Ok(_)) => Ok(()),
            (parts, Err(refusal)) => match self.folder.head(&self.name) {
                Ok(Some(found)) if found.bytes == self.bytes => Ok(()),
                _ => {
                    // What it sent is freed when this is dropped.
                    self.parts = Some(parts);
                    Err(self.refused(&refusal))
                }
            },
        }
    }
}

impl Write for Upload {
    /// Never fails: what went wrong is said at the end, in its own words, and what comes until then is left out.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_some() {
            return Ok(bytes.len());
        }
        let taken = bytes.len().min(self.part - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        self.bytes += taken as u64;
        if self.buffer.len() == self.part
            && let Err(error) = self.send()
        {
            self.failed = Some(error);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take() else { return };
        // The store keeps parts of uploads, unseen, until it is told not to.
        let under_way = take(&mut self.under_way);
        let _ = begin(async move {
            drop(under_way);
            parts.abort().await
        })
        .map(|freed| freed.wait(&AtomicBool::new(false), Some(Instant::now() + PATIENCE)));
    }
}
