//! Bytes on disk to decoded bytes: compression, archives, encodings; and the lines in them.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde::{Deserialize, Serialize};

mod archive;
pub mod bzip2_blocks;
mod decompress;
pub mod encoding;
pub mod file;
pub mod hash;
pub mod lines;
pub mod mark;
mod piece;
pub mod resume;
pub mod window;

pub use archive::{Member, at_least, each_member, heads, is_archive, members, packed, within};
pub use lines::{Line, Lines};
pub use piece::{Piece, Transport};
pub use window::Window;

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
        encoding_rs::Encoding::for_label(self.0.as_bytes()) == Some(encoding_rs::UTF_8)
    }
}

/// The compression that a file's first bytes tell.
///
/// # Errors
///
/// What the system says where the file cannot be opened or its first 16 bytes read.
pub fn compression(path: &Path) -> io::Result<Compression> {
    let mut head = Vec::with_capacity(16);
    file::open(path)?.take(16).read_to_end(&mut head)?;
    Ok(decompress::by_magic(&head))
}

/// The decoded bytes of a file (or member), as stored: decompressed, not yet UTF-8. A member that is a compressed file
/// itself is decompressed too.
fn raw(path: &Path, member: Option<&str>, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    match member {
        None => decompress::reader(file::open(path)?, compression),
        Some(name) => archive::open(path, name),
    }
}

/// An opened stream of decoded bytes.
pub struct Opened {
    /// Decompressed bytes in UTF-8, without a byte order mark.
    pub stream: Box<dyn Read + Send>,
    /// Offset of its first byte in the decoded file: 3 after a UTF-8 byte order mark.
    pub offset: u64,
    /// How many malformed sequences of another encoding than UTF-8 were replaced by U+FFFD so far.
    pub malformed: Arc<AtomicU64>,
}

/// The bytes of a piece: decompressed, UTF-8, from `piece.start` on (which is not 0 only for plain UTF-8 files, and
/// members of a plain tar).
/// What is not valid in an encoding other than UTF-8 becomes U+FFFD; invalid UTF-8 passes, for formats to report by row.
///
/// # Errors
///
/// What the system says where the file cannot be opened; a member that is not there; an encoding of an unknown name.
/// What is broken further on comes as an error of the stream.
pub fn open(piece: &Piece, transport: &Transport) -> io::Result<Box<dyn Read + Send>> {
    Ok(open_at(piece, transport)?.stream)
}

/// As [`open`], and says where the stream begins and what was replaced in it.
///
/// # Errors
///
/// As [`open`].
pub fn open_at(piece: &Piece, transport: &Transport) -> io::Result<Opened> {
    let malformed = Arc::new(AtomicU64::new(0));
    if transport.is_plain() && piece.start > 0 {
        let stream = match &piece.member {
            None => Some(Box::new(file::within(&piece.path, piece.start, piece.end)?) as Box<dyn Read + Send>),
            Some(member) => archive::within(&piece.path, member, piece.start)?,
        };
        if let Some(stream) = stream {
            return Ok(Opened { stream, offset: piece.start, malformed });
        }
    }
    let stream = match &piece.member {
        // Only of what is plain does the piece say how much of the file is wanted.
        None if transport.is_plain() => Box::new(file::within(&piece.path, 0, piece.end)?),
        member => raw(&piece.path, member.as_deref(), transport.compression)?,
    };
    if !transport.encoding.is_utf8() {
        let stream = encoding::to_utf8(stream, &transport.encoding, malformed.clone())?;
        return Ok(Opened { stream, offset: 0, malformed });
    }
    let (head, mut stream) = peek(stream, 3);
    let mark = head == [0xef, 0xbb, 0xbf];
    if mark {
        stream.read_exact(&mut [0; 3])?;
    }
    Ok(Opened { stream, offset: if mark { 3 } else { 0 }, malformed })
}

/// The decompressed bytes of a whole file in UTF-8 without its byte order mark; those of an archive as they are.
///
/// # Errors
///
/// What the system says where the file cannot be opened, or the stream is broken within a byte order mark.
pub fn unmarked(path: &Path, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let (head, mut stream) = peek(raw(path, None, compression)?, 3);
    if head == [0xef, 0xbb, 0xbf] {
        stream.read_exact(&mut [0; 3])?;
    }
    Ok(stream)
}

/// Looks at the first `count` bytes of a stream (fewer if it ends or fails before), and gives the whole stream back: a
/// failure is met again where it was.
fn peek(mut stream: Box<dyn Read + Send>, count: usize) -> (Vec<u8>, Box<dyn Read + Send>) {
    let mut head = Vec::new();
    let failed = stream.by_ref().take(count as u64).read_to_end(&mut head).err();
    let front = io::Cursor::new(head.clone());
    match failed {
        Some(error) => (head, Box::new(front.chain(Failing(Some(error))))),
        None => (head, Box::new(front.chain(stream))),
    }
}

/// A stream of lines that a lone `\r` ends (the old Mac, Excel for Mac), with `\n` in its place: detected from the first
/// bytes of the file, which have the one and not the other. Offsets stay.
///
/// # Errors
///
/// As [`open_at`], for a piece that does not begin at the file's start: its first bytes are read too.
pub fn lines_end_by_newline(opened: Opened, piece: &Piece, transport: &Transport) -> io::Result<Box<dyn Read + Send>> {
    let (old, stream) = if piece.start == 0 {
        let (head, stream) = peek(opened.stream, CR_HEAD);
        (returns(&head), stream)
    } else {
        (lines_end_by_return(piece, transport)?, opened.stream)
    };
    Ok(if old { Box::new(Newlines(stream)) } else { stream })
}

/// Whether a lone `\r` ends the lines of a file, as its first bytes tell.
///
/// # Errors
///
/// As [`open_at`].
pub fn lines_end_by_return(piece: &Piece, transport: &Transport) -> io::Result<bool> {
    let first = open_at(&Piece { start: 0, ..piece.clone() }, transport)?;
    Ok(returns(&peek(first.stream, CR_HEAD).0))
}

fn returns(head: &[u8]) -> bool {
    memchr::memchr(b'\r', head).is_some_and(|at| at + 1 < head.len()) && memchr::memchr(b'\n', head).is_none()
}

/// Bytes that tell how lines end.
const CR_HEAD: usize = 64 << 10;

/// Each `\r` as `\n`.
struct Newlines(Box<dyn Read + Send>);

impl Read for Newlines {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(out)?;
        out[..count].iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
        Ok(count)
    }
}

/// Gives an error once, then the end.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The first `limit` decoded bytes, as stored, of a file or member. A broken stream gives what came before the break.
///
/// # Errors
///
/// What the system says where the file cannot be opened, and a member that is not there.
pub fn head(path: &Path, member: Option<&str>, compression: Compression, limit: usize) -> io::Result<Vec<u8>> {
    Ok(first(raw(path, member, compression)?, limit))
}

/// The decoded bytes around the first one that is not ASCII: from the beginning of its line, and `limit` behind. `None`
/// where the first bytes are not ASCII (`limit`), or the first 16 MiB all are.
pub fn behind_ascii(path: &Path, member: Option<&str>, compression: Compression, limit: usize) -> Option<Vec<u8>> {
    const MOST: usize = 16 << 20;
    let mut stream = raw(path, member, compression).ok()?;
    let (mut bytes, mut passed) = (vec![0; limit], 0);
    while passed < MOST {
        let read = stream.read(&mut bytes).ok().filter(|read| *read > 0)?;
        passed += read;
        if let Some(at) = bytes[..read].iter().position(|b| *b >= 0x80) {
            if passed - read + at < limit {
                return None;
            }
            let from = memchr::memrchr(b'\n', &bytes[..at]).map_or(at, |line| line + 1);
            bytes.truncate(read);
            bytes.drain(..from);
            bytes.extend(first(stream, limit));
            return Some(bytes);
        }
    }
    None
}

/// The first `limit` bytes of a stream, or those before it breaks.
fn first(stream: impl Read, limit: usize) -> Vec<u8> {
    let mut head = Vec::new();
    // What was read before an error stays.
    let _ = stream.take(limit as u64).read_to_end(&mut head);
    head
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
