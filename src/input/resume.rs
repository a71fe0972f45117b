//! Decompression that can be left and taken up again.
//!
//! A file of gigabytes takes minutes to unpack, and whoever is killed on the way should not begin anew. So a decoder says
//! now and then from where it could go on: at a block of bzip2, of gzip or of a deflated member of a zip, and at a frame
//! of zstd. A single frame of zstd, and xz, can only be read from their starts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress};

use super::bzip2_blocks::Blocks;
use super::mark::{Inflating, Mark, Sink};
use super::{Compression, archive};

/// Bytes read from disk at once.
const CHUNK: usize = 1 << 20;
/// How far back deflated text refers (RFC 1951, 2).
const WINDOW: usize = 32 << 10;
/// Bytes that are inflated before they are handed over; a power of two, as the decoder wants it.
const RING: usize = 1 << 20;

/// How a stream came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// All of it was handed over.
    Whole,
    /// Something is broken.
    Broken,
    /// It is of a kind that can only be read from its start; nothing was handed over.
    FromStart,
}

/// Decodes a file, or a member of a zip, from a mark on (an earlier one of the same file), as it is packed: no byte order
/// mark is taken off, no encoding changed.
///
/// # Errors
///
/// What the system says of opening the file, and what `out` says.
pub fn decode(
    path: &Path,
    member: Option<&str>,
    compression: Compression,
    (from, threads): (Option<Mark>, usize),
    out: &mut (dyn Sink + Send),
) -> io::Result<Decoded> {
    let whole = |whole| if whole { Decoded::Whole } else { Decoded::Broken };
    match (member, compression, from) {
        (None, Compression::Bzip2, from) => {
            let Some(blocks) = Blocks::find(path)? else { return Ok(Decoded::FromStart) };
            let from = if let Some(Mark::Blocks(from)) = from { from } else { 0 };
            if blocks.len() < 2 { Ok(Decoded::FromStart) } else { blocks.decode(path, threads, from, out).map(whole) }
        }
        (None, Compression::Zstd, from) => {
            let from = if let Some(Mark::Frame(at)) = from { at } else { 0 };
            frames(path, from, out).map(whole)
        }
        (None, Compression::Gzip, from) => {
            let from = if let Some(Mark::Inflate(from)) = from { Some(from) } else { None };
            let mut raw = Raw::open(path, 0..u64::MAX, from.as_ref())?;
            gzip(&mut raw, from, out).map(whole)
        }
        (Some(member), Compression::None, from) => {
            let Some(place) = archive::deflated(path, member)? else { return Ok(Decoded::FromStart) };
            let from = if let Some(Mark::Inflate(from)) = from { from } else { Inflating::default() };
            let mut raw = Raw::open(path, place.start..place.start + place.packed, Some(&from))?;
            let end = inflate(&mut raw, from, out)?;
            Ok(whole(end.is_some_and(|sum| sum == (place.crc, place.size))))
        }
        _ => Ok(Decoded::FromStart),
    }
}

/// Packed bytes, and how many were read.
struct Raw {
    file: io::Take<BufReader<File>>,
    read: u64,
}

impl Raw {
    /// The bytes `place` of a file, behind those that were read already.
    fn open(path: &Path, place: std::ops::Range<u64>, from: Option<&Inflating>) -> io::Result<Raw> {
        let read = from.map_or(0, |f| f.at);
        let mut file = BufReader::with_capacity(CHUNK, File::open(path)?);
        file.seek(SeekFrom::Start(place.start + read))?;
        Ok(Raw { file: file.take((place.end - place.start).saturating_sub(read)), read })
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.file.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.read += N as u64;
        Ok(bytes)
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        (0..count).try_for_each(|_| self.byte().map(|_| ()))
    }

    fn consume(&mut self, count: usize) {
        self.file.consume(count);
        self.read += count as u64;
    }
}

/// All members of a gzip file (RFC 1952); false where one is broken.
fn gzip(raw: &mut Raw, mut from: Option<Inflating>, out: &mut dyn Sink) -> io::Result<bool> {
    loop {
        let begun = match from.take() {
            Some(from) => from,
            None => match head(raw) {
                Ok(true) => Inflating { at: raw.read, ..Inflating::default() },
                Ok(false) => return Ok(true),
                Err(_) => return Ok(false),
            },
        };
        let Some((crc, length)) = inflate(raw, begun, out)? else { return Ok(false) };
        let (Ok(sum), Ok(size)) = (raw.bytes(), raw.bytes()) else { return Ok(false) };
        if u32::from_le_bytes(sum) != crc || u32::from_le_bytes(size) != length as u32 {
            return Ok(false);
        }
    }
}

/// Reads the head of a member; false where none follows. Zero bytes before it are padding.
fn head(raw: &mut Raw) -> io::Result<bool> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    loop {
        let there = raw.file.fill_buf()?;
        if there.is_empty() {
            return Ok(false);
        }
        let zeros = there.iter().take_while(|b| **b == 0).count();
        if zeros == 0 || raw.read == 0 {
            break;
        }
        raw.consume(zeros);
    }
    let [0x1f, 0x8b, 8, flags, ..] = raw.bytes::<10>()? else { return Err(invalid()) };
    if flags & 4 != 0 {
        let length = u16::from_le_bytes(raw.bytes()?);
        raw.skip(length.into())?;
    }
    for text in [8, 16] {
        while flags & text != 0 && raw.byte()? != 0 {}
    }
    raw.skip(u64::from(flags & 2))?;
    Ok(true)
}

/// Inflates one member; its checksum and length, `None` where it is broken.
fn inflate(raw: &mut Raw, from: Inflating, out: &mut dyn Sink) -> io::Result<Option<(u32, u64)>> {
    let mut ring = vec![0; RING];
    ring[..from.window.len()].copy_from_slice(&from.window);
    let (mut at, mut handed) = (from.window.len(), from.window.len());
    let mut sum = crc32fast::Hasher::new_with_initial_len(from.sum.0, from.sum.1);
    let mut length = from.sum.1;
    let state = BlockBoundaryState { num_bits: from.bits.1, bit_buf: from.bits.0, ..BlockBoundaryState::default() };
    let mut inflater = match from.sum.1 {
        0 => DecompressorOxide::new(),
        _ => DecompressorOxide::from_block_boundary_state(&state),
    };
    loop {
        let Ok(there) = raw.file.fill_buf() else { return Ok(None) };
        let more = if there.is_empty() { 0 } else { TINFL_FLAG_HAS_MORE_INPUT };
        let flags = more | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        let (status, read, written) = decompress(&mut inflater, there, &mut ring, at, flags);
        raw.consume(read);
        at += written;
        if at == RING || status == TINFLStatus::Done || status == TINFLStatus::BlockBoundary {
            let fresh = &ring[handed..at];
            sum.update(fresh);
            length += fresh.len() as u64;
            out.write(fresh)?;
            handed = at;
        }
        match status {
            TINFLStatus::Done => return Ok(Some((sum.finalize(), length))),
            // A mark before the first byte would look like a member that has not begun.
            TINFLStatus::BlockBoundary if length > 0 => {
                let read = raw.read;
                out.mark(&mut || {
                    let state = inflater.block_boundary_state().unwrap_or_default();
                    let window = window(&ring, at, length);
                    let sum = (sum.clone().finalize(), length);
                    Mark::Inflate(Inflating { at: read, bits: (state.bit_buf, state.num_bits), window, sum })
                })?;
            }
            TINFLStatus::NeedsMoreInput if more != 0 => {}
            TINFLStatus::HasMoreOutput | TINFLStatus::BlockBoundary => {}
            _ => return Ok(None),
        }
        if at == RING {
            (at, handed) = (0, 0);
        }
    }
}

/// What came out last of `length` bytes, in a ring that was filled up to `at`.
fn window(ring: &[u8], at: usize, length: u64) -> Vec<u8> {
    let wanted = WINDOW.min(usize::try_from(length).unwrap_or(WINDOW));
    let before = wanted.saturating_sub(at);
    [&ring[ring.len() - before..], &ring[at - (wanted - before)..at]].concat()
}

/// All frames of a zstd file, from the byte `from` on; false where one is broken.
fn frames(path: &Path, from: u64, out: &mut dyn Sink) -> io::Result<bool> {
    let mut raw = Raw::open(path, from..u64::MAX, None)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        match raw.file.fill_buf() {
            Ok([]) => return Ok(true),
            Ok(_) => {}
            Err(_) => return Ok(false),
        }
        let Ok(mut frame) = zstd::stream::read::Decoder::with_buffer(&mut raw).map(|d| d.single_frame()) else {
            return Ok(false);
        };
        frame.window_log_max(31)?;
        loop {
            match frame.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => out.write(&buffer[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(false),
            }
        }
        drop(frame);
        let at = from + raw.read;
        out.mark(&mut || Mark::Frame(at))?;
    }
}

impl Read for Raw {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        Raw::consume(self, amount);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What was handed over, and the first mark after each `every` bytes with the bytes before it.
    struct Out {
        bytes: Vec<u8>,
        marks: Vec<(usize, Mark)>,
        every: usize,
    }

    impl Sink for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.bytes.extend_from_slice(bytes);
            Ok(())
        }
        fn mark(&mut self, mark: &mut dyn FnMut() -> Mark) -> io::Result<()> {
            if self.bytes.len() >= self.marks.last().map_or(0, |m| m.0) + self.every {
                // As it is written down.
                let json = serde_json::to_string(&mark()).unwrap();
                self.marks.push((self.bytes.len(), serde_json::from_str(&json).unwrap()));
            }
            Ok(())
        }
    }

    fn of(path: &Path, member: Option<&str>, from: Option<Mark>) -> (Decoded, Out) {
        let compression = if member.is_some() { Compression::None } else { super::super::compression(path).unwrap() };
        let mut out = Out { bytes: Vec::new(), marks: Vec::new(), every: 100_000 };
        (decode(path, member, compression, (from, 2), &mut out).unwrap(), out)
    }

    /// Text that compresses by a third, the same every time.
    fn text(length: usize) -> Vec<u8> {
        let mut seed = 9u64;
        let mut next = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            b"abcdefgh \n"[(seed >> 40) as usize % 10]
        };
        (0..length).map(|_| next()).collect()
    }

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::GzBuilder::new().filename("a").extra(vec![1, 2, 3]).comment("c");
        out = out.mtime(7);
        let mut out = out.write(Vec::new(), flate2::Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn each_format_goes_on_from_each_of_its_marks() {
        let folder = tempfile::tempdir().unwrap();
        let all = text(3_000_000);
        let (one, two) = all.split_at(1_700_000);
        let member = |path: &Path| {
            let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
            zip.start_file("before", zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(b"before").unwrap();
            zip.start_file("m", zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(&all).unwrap();
            zip.finish().unwrap();
        };
        let frame = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
        let frames: Vec<u8> = all.chunks(200_000).flat_map(frame).collect();
        let zeros = [gz(one), vec![0; 70], gz(two), vec![0; 20]].concat();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("a.gz", &gz(&all));
        write("two.gz", &zeros);
        write("a.zst", &frames);
        member(&folder.path().join("a.zip"));
        for (name, member) in [("a.gz", None), ("two.gz", None), ("a.zst", None), ("a.zip", Some("m"))] {
            let path = folder.path().join(name);
            let (end, out) = of(&path, member, None);
            assert_eq!(end, Decoded::Whole, "{name}");
            assert!(out.bytes == all, "{name}");
            assert!(out.marks.len() > 8, "{name}: {}", out.marks.len());
            for (at, mark) in out.marks {
                let (end, rest) = of(&path, member, Some(mark));
                assert_eq!(end, Decoded::Whole, "{name} from {at}");
                assert!(rest.bytes == all[at..], "{name} from {at}");
            }
        }
    }

    #[test]
    fn what_is_broken_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let all = text(1_000_000);
        for (name, packed) in [("a.gz", gz(&all)), ("a.zst", zstd::encode_all(all.as_slice(), 1).unwrap())] {
            let path = folder.path().join(name);
            let mut sum = packed.clone();
            let at = sum.len() - 6;
            sum[at] ^= 1;
            let behind = [packed.clone(), b"no member".to_vec()].concat();
            for bytes in [packed[..packed.len() / 2].to_vec(), packed[..packed.len() - 3].to_vec(), sum, behind] {
                // zstd has no checksum unless it is asked for.
                if name == "a.zst" && bytes.len() == packed.len() {
                    continue;
                }
                std::fs::write(&path, &bytes).unwrap();
                assert_eq!(of(&path, None, None).0, Decoded::Broken, "{name}");
            }
        }
    }

    #[test]
    fn what_can_only_be_read_from_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xz");
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(b"text").unwrap();
        std::fs::write(&path, xz.finish().unwrap()).unwrap();
        assert_eq!(of(&path, None, None).0, Decoded::FromStart);
        // A member that is a compressed file itself is decompressed twice.
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("a.gz", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&gz(b"text")).unwrap();
        zip.finish().unwrap();
        assert_eq!(of(&path, Some("a.gz"), None).0, Decoded::FromStart);
    }
}
