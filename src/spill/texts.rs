//! The texts of the candidates, in a file, in the order in which they were read.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Space;
use super::flat::Flat;
use crate::{Error, Result};

/// Where a text is that is not there.
const NOWHERE: u64 = u64::MAX;
/// The file of the texts.
const TEXTS: &str = "texts";
/// The file of where each is.
const PLACES: &str = "places";

/// Takes texts in the order of docs.
pub struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
    places: Flat,
}

/// Hands out texts by doc.
pub struct Texts {
    path: PathBuf,
    file: File,
    places: Flat,
}

impl Writer {
    /// No texts.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be made.
    pub fn new(space: &Space) -> Result<Self> {
        let path = space.folder.join(TEXTS);
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&path);
        let file = BufWriter::with_capacity(1 << 20, file.map_err(Error::io(&path))?);
        Ok(Writer { path, file, bytes: 0, places: space.flat(PLACES, 8) })
    }

    /// Adds the texts of a doc, which is after all those before.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub fn add(&mut self, doc: usize, texts: &[&str]) -> Result<()> {
        while self.places.len() < doc {
            self.places.push(&NOWHERE.to_le_bytes())?;
        }
        self.places.push(&self.bytes.to_le_bytes())?;
        let length = texts.iter().map(|t| t.len() as u64 + 1).sum::<u64>().saturating_sub(1);
        let mut write = || -> std::io::Result<()> {
            self.file.write_all(&length.to_le_bytes())?;
            for (at, text) in texts.iter().enumerate() {
                self.file.write_all(if at > 0 { b"\n" } else { b"" })?;
                self.file.write_all(text.as_bytes())?;
            }
            Ok(())
        };
        write().map_err(Error::io(&self.path))?;
        self.bytes += 8 + length;
        Ok(())
    }

    /// All texts are there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing the rest.
    pub fn finish(self) -> Result<Texts> {
        let file = self.file.into_inner().map_err(|e| Error::io(&self.path)(e.into_error()))?;
        Ok(Texts { path: self.path, file, places: self.places })
    }
}

impl Texts {
    /// The texts that another process has written down ([`Texts::settle`]) in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where they cannot be opened.
    pub fn open(folder: &Path) -> Result<Self> {
        Texts::at(&folder.join(TEXTS), &folder.join(PLACES))
    }

    /// The same by the names of the two files.
    ///
    /// # Errors
    ///
    /// As [`Texts::open`].
    pub fn at(texts: &Path, places: &Path) -> Result<Self> {
        let file = File::open(texts).map_err(Error::io(texts))?;
        Ok(Texts { path: texts.to_path_buf(), file, places: Flat::open(places.to_path_buf(), 8)? })
    }

    /// Writes all down, so that other processes can open them, in the folder of the space that they were made in: the texts,
    /// and where each is.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub fn settle(&mut self) -> Result<(&Path, &Path)> {
        self.file.sync_data().map_err(Error::io(&self.path))?;
        Ok((&self.path, self.places.settle()?))
    }

    /// The text of a doc, in `bytes`: texts of a row with newlines between.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the doc has no text, [`Error::Io`] of reading it.
    pub fn read<'b>(&self, doc: usize, bytes: &'b mut Vec<u8>) -> Result<&'b str> {
        let place = if doc < self.places.len() { self.places.number(doc)? } else { NOWHERE };
        if place == NOWHERE {
            return Err(Error::Engine("the text of a candidate was not read".into()));
        }
        let io = Error::io(&self.path);
        let mut read = || -> std::io::Result<()> {
            let mut length = [0; 8];
            self.file.read_exact_at(&mut length, place)?;
            bytes.resize(u64::from_le_bytes(length) as usize, 0);
            self.file.read_exact_at(bytes, place + 8)
        };
        read().map_err(io)?;
        simdutf8::basic::from_utf8(bytes).map_err(|_| Error::Engine("a text that was written is not UTF-8".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_by_doc() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::new(folder.path(), 1 << 20);
        let mut writer = Writer::new(&space).unwrap();
        writer.add(2, &["一", "二"]).unwrap();
        writer.add(7, &[]).unwrap();
        writer.add(8, &["x"]).unwrap();
        let mut texts = writer.finish().unwrap();
        let mut bytes = Vec::new();
        texts.settle().unwrap();
        let others = Texts::open(folder.path()).unwrap();
        assert_eq!(others.read(2, &mut bytes).unwrap(), "一\n二");
        assert!(others.read(3, &mut bytes).is_err());
        assert_eq!(texts.read(8, &mut bytes).unwrap(), "x");
        assert_eq!(texts.read(2, &mut bytes).unwrap(), "一\n二");
        assert_eq!(texts.read(7, &mut bytes).unwrap(), "");
        assert!(texts.read(3, &mut bytes).is_err() && texts.read(9, &mut bytes).is_err());
    }
}
