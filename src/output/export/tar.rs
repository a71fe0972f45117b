//! Tar archives of samples, byte by byte as webdataset's `TarWriter` writes them where it is given a time: each row is
//! one or more members whose names are alike up to the first dot.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::folder::{Hashed, Staging, Written};
use crate::{Error, Result};

/// Bytes of a block, and of a record, to which an archive is filled up.
const BLOCK: usize = 512;
const RECORD: usize = 20 * BLOCK;
/// Samples of an archive at the most, as `ShardWriter` has it.
pub const SAMPLES: u64 = 100_000;

/// Archives `NAME-000000.tar`, `NAME-000001.tar`, …
pub struct Tars<'a> {
    staging: &'a Staging,
    name: String,
    /// Bytes after which an archive ends.
    limit: u64,
    open: Option<Archive>,
    /// Samples of all archives.
    samples: u64,
    written: Vec<Written>,
}

/// An archive that is being written.
struct Archive {
    file: Hashed,
    bytes: u64,
    samples: u64,
}

impl<'a> Tars<'a> {
    /// Archives that end once they have reached `limit` bytes, or [`SAMPLES`].
    pub fn new(staging: &'a Staging, name: &str, limit: u64) -> Self {
        Tars { staging, name: name.to_owned(), limit, open: None, samples: 0, written: Vec::new() }
    }

    /// Appends a sample: a member a key of this JSON object, in the order of their names, the value as it stands, or the
    /// text that it is.
    ///
    /// # Errors
    ///
    /// What the system says of writing; [`Error::Engine`] where it is no object.
    pub fn row(&mut self, object: &[u8]) -> Result<()> {
        let set = self.name.clone();
        let broken = |error: serde_json::Error| Error::Engine(format!("{set}: {error}"));
        let members: BTreeMap<String, &RawValue> = serde_json::from_slice(object).map_err(broken)?;
        if self.open.as_ref().is_some_and(|open| open.bytes >= self.limit || open.samples == SAMPLES) {
            self.end()?;
        }
        let archive = match &mut self.open {
            Some(archive) => archive,
            None => {
                let file = self.staging.file(&format!("{}-{:06}.tar", self.name, self.written.len()))?;
                self.open.insert(Archive { file, bytes: 0, samples: 0 })
            }
        };
        for (extension, value) in members {
            let name = format!("{:09}.{extension}", self.samples);
            if value.get().starts_with('"') {
                let text: String = serde_json::from_str(value.get()).map_err(broken)?;
                archive.member(&name, text.as_bytes())?;
            } else {
                archive.member(&name, value.get().as_bytes())?;
            }
        }
        archive.samples += 1;
        self.samples += 1;
        Ok(())
    }

    /// Ends the open archive.
    fn end(&mut self) -> Result<()> {
        if let Some(archive) = self.open.take() {
            self.written.push(archive.close()?);
        }
        Ok(())
    }

    /// Ends the last archive.
    ///
    /// # Errors
    ///
    /// As [`Tars::row`].
    pub fn close(mut self) -> Result<Vec<Written>> {
        self.end()?;
        Ok(self.written)
    }
}

impl Archive {
    fn member(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.write(&header(name, bytes.len()))?;
        self.write(bytes)?;
        self.write(&[0; BLOCK][..bytes.len().next_multiple_of(BLOCK) - bytes.len()])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write(bytes)
    }

    fn close(mut self) -> Result<Written> {
        let end = self.bytes as usize + 2 * BLOCK;
        self.file.write(&vec![0; end.next_multiple_of(RECORD) - self.bytes as usize])?;
        self.file.close()
    }
}

/// The block in front of a member (POSIX ustar): whoever may read it, no time, and the owners that webdataset names.
fn header(name: &str, size: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000444\x000000000\x000000000\0");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000\0        0");
    put(257, "ustar\x0000bigdata");
    put(297, "bigdata");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What webdataset 1.0.2 writes of `{"__key__": "000000000", "json": …, "txt": "你好"}` with `mtime=0`.
    #[test]
    fn headers_are_those_of_the_real_writer() {
        let block = header("000000000.txt", 6);
        let text = |from: usize, to: usize| std::str::from_utf8(&block[from..to]).unwrap();
        assert_eq!(text(0, 13), "000000000.txt");
        assert_eq!(text(100, 157), "0000444\x000000000\x000000000\x0000000000006\x0000000000000\x00012267\x00 0");
        assert_eq!(text(257, 272), "ustar\x0000bigdata");
        assert_eq!(text(297, 304), "bigdata");
        assert!(block[304..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn archives_end_by_their_bytes_and_keys_run_on() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(&folder.path().join("out")).unwrap();
        let mut tars = Tars::new(&staging, "text", 5 * BLOCK as u64);
        for text in ["一", "", "三\\n"] {
            tars.row(format!("{{\"txt\":\"{text}\",\"json\":{{\"id\":\"a.b\"}}}}").as_bytes()).unwrap();
        }
        let written = tars.close().unwrap();
        let sizes: Vec<(&str, u64)> = written.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
        assert_eq!(sizes, [("text-000000.tar", RECORD as u64), ("text-000001.tar", RECORD as u64)]);
        staging.publish(b"{}\n").unwrap();
        let members = |name: &str| -> Vec<(String, String)> {
            let mut archive = ::tar::Archive::new(std::fs::File::open(folder.path().join("out").join(name)).unwrap());
            let read = |entry: std::io::Result<::tar::Entry<'_, std::fs::File>>| {
                let mut entry = entry.unwrap();
                let name = entry.path().unwrap().to_string_lossy().into_owned();
                (name, std::io::read_to_string(&mut entry).unwrap())
            };
            archive.entries().unwrap().map(read).collect()
        };
        let pair = |key: &str, text: &str| {
            [(format!("{key}.json"), "{\"id\":\"a.b\"}".to_owned()), (format!("{key}.txt"), text.to_owned())]
        };
        assert_eq!(members("text-000000.tar"), [pair("000000000", "一"), pair("000000001", "")].concat());
        assert_eq!(members("text-000001.tar"), pair("000000002", "三\n"));
    }
}
