//! Bytes on disk to decoded bytes: compression, archives, encodings; and the lines in them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::formats::{Layout, Piece};

mod archive;
pub mod encoding;
pub mod lines;

pub use archive::{Member, members};
pub use lines::{Line, Lines};

/// How a file's bytes are compressed. All members, streams and frames of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Compression {
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

/// The encoding of a file's text, by its WHATWG name (`UTF-8`, `UTF-16LE`, `UTF-16BE`, `gb18030`, `Big5`, …).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoding(pub String);

impl Encoding {
    /// Whether it is UTF-8: bytes pass through unchanged, and each format checks its own rows.
    pub fn is_utf8(&self) -> bool {
        self.0.eq_ignore_ascii_case("utf-8")
    }
}

/// Bytes read at once.
const BLOCK: usize = 1 << 20;

/// The compression that a file's first bytes tell.
pub fn compression(path: &Path) -> io::Result<Compression> {
    let mut head = [0; 6];
    let mut file = File::open(path)?;
    let mut read = 0;
    while read < head.len() {
        match file.read(&mut head[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(compression_of(&head[..read]))
}

fn compression_of(head: &[u8]) -> Compression {
    match head {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Compression::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Compression::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        // A skippable frame may come first.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

/// Decompresses a stream.
fn decompress(raw: Box<dyn Read + Send>, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let raw = BufReader::with_capacity(BLOCK, raw);
    Ok(match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(raw)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(raw)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(raw)?),
    })
}

/// The decoded bytes of a file (or member), as stored: decompressed, not yet UTF-8.
fn raw(path: &Path, member: Option<&str>, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    match member {
        None => decompress(Box::new(File::open(path)?), compression),
        Some(name) => archive::open(path, name, compression),
    }
}

/// The bytes of a piece: decompressed, UTF-8, from `piece.start` on (which is not 0 only for plain UTF-8 files).
/// What is not valid in an encoding other than UTF-8 becomes U+FFFD; invalid UTF-8 passes, for formats to report by row.
pub fn open(piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Read + Send>> {
    let plain = piece.member.is_none() && layout.compression == Compression::None && layout.encoding.is_utf8();
    if plain {
        let mut file = File::open(&piece.path)?;
        if piece.start > 0 {
            file.seek(SeekFrom::Start(piece.start))?;
            return Ok(Box::new(file));
        }
        return Ok(encoding::without_bom(Box::new(file)));
    }
    let stream = raw(&piece.path, piece.member.as_deref(), layout.compression)?;
    Ok(encoding::to_utf8(stream, &layout.encoding))
}

/// The first `limit` decoded bytes, as stored, of a file or member. A broken stream gives what came before the break.
pub fn head(path: &Path, member: Option<&str>, compression: Compression, limit: usize) -> io::Result<Vec<u8>> {
    let mut stream = raw(path, member, compression)?;
    let mut head = vec![0; limit];
    let mut read = 0;
    while read < limit {
        match stream.read(&mut head[read..]) {
            Ok(0) | Err(_) => break,
            Ok(more) => read += more,
        }
    }
    head.truncate(read);
    Ok(head)
}

/// The reason word for a stream that broke.
pub fn broken(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::UnexpectedEof { "truncated" } else { "corrupt" }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(path: &Path) -> io::Result<String> {
        let mut text = String::new();
        raw(path, None, compression(path)?)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn reads_all_members_streams_and_frames() {
        let folder = tempfile::tempdir().unwrap();
        let gz = |text: &str| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let bz = |text: &str| {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let xz = |text: &str| {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let zst = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        type Pack<'a> = &'a dyn Fn(&str) -> Vec<u8>;
        let packers: [Pack<'_>; 4] = [&gz, &bz, &xz, &zst];
        for (i, pack) in packers.iter().enumerate() {
            let path = folder.path().join(i.to_string());
            std::fs::write(&path, [pack("第一"), pack("第二")].concat()).unwrap();
            assert_eq!(all(&path).unwrap(), "第一第二", "packer {i}");
            let whole = std::fs::read(&path).unwrap();
            std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
            let broken = all(&path).unwrap_err();
            assert!(matches!(super::broken(&broken), "truncated" | "corrupt"), "packer {i}: {broken}");
        }
    }
}
