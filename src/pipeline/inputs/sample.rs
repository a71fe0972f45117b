//! Looking at the beginning of raw files: for `corpus inspect`, and for what `corpus plan` estimates.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Instant;

use sha2::{Digest, Sha256};

use crate::formats::{self, Layout, Piece};
use crate::input::{self, Compression};
use crate::rows::{Record, Unreadable};

/// How far a piece was read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Records seen.
    pub records: u64,
    /// Decoded bytes from the first record to the last one's start.
    pub bytes: u64,
    /// Whether the piece ended.
    pub ended: bool,
}

/// Reads records of a piece until there are `records` of them or `bytes` (decoded) lie behind.
pub fn read(piece: &Piece, layout: &Layout, records: u64, bytes: u64, each: &mut dyn FnMut(Record<'_>)) -> Seen {
    let mut seen = Seen::default();
    let mut open = |error: String| {
        each(Record {
            offset: 0,
            line: 0,
            row: Err(Unreadable { reason: "open", detail: error, head: String::new() }),
        });
        Seen { records: 1, bytes: 0, ended: true }
    };
    let Some(container) = formats::container(&layout.container) else {
        return open(format!("no container is called {}", layout.container));
    };
    let mut reader = match container.open(piece, layout) {
        Ok(reader) => reader,
        Err(error) => return open(error.to_string()),
    };
    let mut first = None;
    while seen.records < records && seen.bytes < bytes {
        let more = reader.next(&mut |record| {
            seen.bytes = record.offset.saturating_sub(*first.get_or_insert(record.offset));
            seen.records += 1;
            each(record);
        });
        if !more {
            seen.ended = true;
            break;
        }
    }
    seen
}

/// Bytes that a compressed byte of a file, or of a member, stands for, judged by the first few MiB; 1 where nothing is
/// compressed. The size of a member is counted behind the compression of its archive: its own is meant.
///
/// # Errors
///
/// What the system says of opening the file.
pub fn expansion(path: &Path, member: Option<&str>, compression: Compression) -> std::io::Result<f64> {
    const HEAD: u64 = 2 << 20;
    let (stream, compression): (Box<dyn Read + Send>, _) = match member {
        None => (Box::new(input::file::open(path)?), compression),
        Some(member) => input::packed(path, member)?,
    };
    let head = BufReader::with_capacity(1 << 16, stream.take(HEAD));
    let mut packed = Counted { inner: head, read: 0 };
    let mut decoder: Box<dyn Read + '_> = match compression {
        Compression::None => return Ok(1.0),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(&mut packed)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(&mut packed)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(&mut packed)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(&mut packed)?),
    };
    let (mut buffer, mut decoded) = (vec![0; 1 << 16], 0u64);
    // The head is cut anywhere, so an error is its end.
    while let Ok(read) = decoder.read(&mut buffer) {
        decoded += read as u64;
        if read == 0 || decoded > 64 << 20 {
            break;
        }
    }
    drop(decoder);
    Ok(if packed.read == 0 || decoded == 0 { 1.0 } else { decoded as f64 / packed.read as f64 })
}

struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        self.read += amount as u64;
        self.inner.consume(amount);
    }
}

/// The rows that a file says it has, without being read: of Parquet.
pub fn stated_rows(path: &Path, layout: &Layout) -> Option<f64> {
    formats::container(&layout.container)?.stated_rows(path).map(|rows| rows as f64)
}

/// How long hashing takes, seconds a byte.
pub fn hash_second_a_byte() -> f64 {
    let block = vec![0u8; 4 << 20];
    let start = Instant::now();
    let digest = Sha256::digest(&block);
    let seconds = start.elapsed().as_secs_f64();
    std::hint::black_box(digest);
    seconds / block.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_compressed_file_tells_its_ratio() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        let mut gz = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, &b"0123456789".repeat(10_000)).unwrap();
        gz.finish().unwrap();
        let packed = std::fs::metadata(&path).unwrap().len();
        let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.path().join("a.zip")).unwrap());
        zip.start_file("a.gz", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &std::fs::read(&path).unwrap()).unwrap();
        zip.finish().unwrap();
        let ratio = expansion(&path, None, Compression::Gzip).unwrap();
        assert!((ratio - 100_000.0 / packed as f64).abs() < 0.5, "{ratio} {packed}");
        assert_eq!(expansion(&path, None, Compression::None).unwrap(), 1.0);
        let within = expansion(&folder.path().join("a.zip"), Some("a.gz"), Compression::None).unwrap();
        assert!((within - ratio).abs() < 0.5, "{within} {ratio}");
    }
}
