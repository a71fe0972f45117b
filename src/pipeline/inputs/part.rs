//! A plain copy that is written in steps: whoever is killed on the way goes on from the last step.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::input::mark::{Mark, Sink};
use crate::output::parquet_file::settle;
use crate::{Error, Result};

/// Bytes of a copy between two steps that a kill can go back to, at most.
const STEP: u64 = if cfg!(test) { 1 << 20 } else { 32 << 20 };
/// Bytes and time from which on a step is worth it where decoding is slow.
const SLOW: (u64, Duration) = (1 << 20, Duration::from_millis(500));
/// The byte order mark of UTF-8, which a copy is without.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How far a copy has come.
#[derive(Serialize, Deserialize)]
struct Step {
    /// Bytes that were written.
    written: u64,
    /// From where its file is read on.
    mark: Mark,
}

/// A copy that is being written.
pub struct Part {
    place: PathBuf,
    file: File,
    /// Its first bytes, until there are enough to know whether they are a byte order mark.
    head: Option<Vec<u8>>,
    written: u64,
    /// Bytes written at the last step, and when that was.
    noted: (u64, Instant),
}

impl Part {
    /// Begins the copy that will appear as `place`, or goes on where an earlier run was killed; and from where its file is
    /// read.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file beside it cannot be made or read.
    pub fn open(place: &Path) -> Result<(Self, Option<Mark>)> {
        let (path, steps) = (part(place), steps(place));
        let open = || File::options().create(true).truncate(false).write(true).open(&path);
        let mut file = open().map_err(Error::io(&path))?;
        let there = file.metadata().map_err(Error::io(&path))?.len();
        let step = std::fs::read(&steps).ok().and_then(|json| serde_json::from_slice::<Step>(&json).ok());
        let step = step.filter(|step| step.written <= there);
        let written = step.as_ref().map_or(0, |step| step.written);
        file.set_len(written).and_then(|()| file.seek(SeekFrom::End(0))).map_err(Error::io(&path))?;
        let head = if written == 0 { Some(Vec::new()) } else { None };
        let part = Part { place: place.to_path_buf(), file, head, written, noted: (written, Instant::now()) };
        Ok((part, step.map(|step| step.mark)))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes the first bytes, without a byte order mark.
    fn begin(&mut self, head: &[u8]) -> io::Result<()> {
        self.append(head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head))
    }

    /// Gives the copy its name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing the rest, syncing or renaming.
    pub fn finish(mut self) -> Result<()> {
        let path = part(&self.place);
        if let Some(head) = self.head.take() {
            self.begin(&head).map_err(Error::io(&path))?;
        }
        settle(self.file, &path, &self.place)?;
        let _ = std::fs::remove_file(steps(&self.place));
        Ok(())
    }

    /// Removes what was written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where that fails.
    pub fn discard(self) -> Result<()> {
        let path = part(&self.place);
        let _ = std::fs::remove_file(steps(&self.place));
        std::fs::remove_file(&path).map_err(Error::io(&path))
    }
}

impl Sink for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(mut head) = self.head.take() else { return self.append(bytes) };
        head.extend_from_slice(bytes);
        if head.len() >= BYTE_ORDER_MARK.len() {
            return self.begin(&head);
        }
        self.head = Some(head);
        Ok(())
    }

    fn mark(&mut self, mark: &mut dyn FnMut() -> Mark) -> io::Result<()> {
        let more = self.written - self.noted.0;
        let due = more >= STEP || more >= SLOW.0 && self.noted.1.elapsed() >= SLOW.1;
        if self.head.is_some() || !due {
            return Ok(());
        }
        self.file.sync_data()?;
        let step = serde_json::to_vec(&Step { written: self.written, mark: mark() })?;
        disk::write_whole(&steps(&self.place), &step)?;
        self.noted = (self.written, Instant::now());
        Ok(())
    }
}

/// What is written of a copy so far.
fn part(place: &Path) -> PathBuf {
    place.with_extension("part")
}

/// How far it has come.
fn steps(place: &Path) -> PathBuf {
    place.with_extension("step")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_goes_on_from_its_last_step() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a-utf-8");
        let (mut copy, from) = Part::open(&place).unwrap();
        assert_eq!(from, None);
        // A byte order mark that comes in two parts; no step before there is something to lose.
        copy.write(b"\xEF\xBB").unwrap();
        copy.write(b"\xBFab").unwrap();
        copy.mark(&mut || unreachable!()).unwrap();
        let block = vec![b'x'; STEP as usize];
        copy.write(&block).unwrap();
        copy.mark(&mut || Mark::Blocks(3)).unwrap();
        copy.write(b"lost").unwrap();
        drop(copy);

        let (mut copy, from) = Part::open(&place).unwrap();
        assert_eq!(from, Some(Mark::Blocks(3)));
        // Not the beginning of the text: bytes like a byte order mark are text.
        copy.write(b"\xEF\xBB\xBFend").unwrap();
        copy.finish().unwrap();
        let expected = [b"ab".as_slice(), &block, b"\xEF\xBB\xBFend"].concat();
        assert!(std::fs::read(&place).unwrap() == expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the copy is left");
        // A step that tells of more than there is: from the start.
        std::fs::write(steps(&place), r#"{"written":9,"mark":{"Blocks":1}}"#).unwrap();
        let (copy, from) = Part::open(&place).unwrap();
        assert_eq!(from, None);
        copy.discard().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_copy_of_less_than_a_byte_order_mark_is_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let (mut copy, _) = Part::open(&place).unwrap();
        copy.write(b"a").unwrap();
        copy.finish().unwrap();
        assert_eq!(std::fs::read(&place).unwrap(), b"a");
    }
}
