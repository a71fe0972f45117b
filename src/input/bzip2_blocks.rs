//! The blocks of bzip2 files, decoded one by one: side by side, and from any of them on.
//!
//! A bzip2 file is one stream or several, each of blocks of at most 900 kB of text (before its first run-length coding) that
//! know nothing of one another. A block begins at any bit, with 48 bits that nothing else has (but by a chance of 2⁻⁴⁸ a
//! bit); so no index is needed to find them, whoever wrote the file: `bzip2`, `pbzip2`, or MediaWiki's multistream dumps.
//! A block with a head before it and an end behind it is a stream of its own (as `bzip2recover` makes them).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::mark::{Mark, Sink};

/// What a block begins with: π.
const BLOCK: u64 = 0x3141_5926_5359;
/// What the end of a stream begins with: √π.
const END: u64 = 0x1772_4538_5090;
/// Bits of either.
const MAGIC: u64 = 48;
/// Bits of a checksum, which follows either.
const CRC: u64 = 32;
/// Compressed bytes that one thread decodes at once, more or less, and blocks at most.
const STRETCH: (u64, usize) = (1 << 20, 16);
/// Decoded bytes of the largest stretch: one that has more is for a reader that holds less.
const LARGEST: u64 = 64 << 20;
/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// A block: its first bit, one past its last one, and its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    start: u64,
    end: u64,
    crc: u32,
}

/// The blocks of a bzip2 file, in stretches for one thread each.
#[derive(Debug, PartialEq, Eq)]
pub struct Blocks(Vec<Vec<Block>>);

impl Blocks {
    /// Finds the blocks of a file; `None` where something in its structure is broken, as far as that shows without
    /// decoding it.
    ///
    /// # Errors
    ///
    /// What the system says of opening or reading the file.
    pub fn find(path: &Path) -> io::Result<Option<Self>> {
        let marks = magics(path)?;
        let mut bits = Bits { file: File::open(path)?, length: std::fs::metadata(path)?.len() * 8 };
        let (mut blocks, mut at) = (Vec::new(), 0);
        let mut marks = marks.into_iter().peekable();
        // One stream after the other.
        while at < bits.length {
            let head = bits.read(at, 32)?;
            if head.is_none_or(|h| h >> 8 != 0x42_5a_68 || !(0x31..=0x39).contains(&(h & 0xff))) {
                return Ok(None);
            }
            (at, _) = (at + 32, head);
            let mut combined = 0u32;
            loop {
                let (Some((start, kind)), true) = (marks.next(), marks.peek().is_none_or(|next| next.0 > at)) else {
                    return Ok(None);
                };
                let crc = bits.read(start + MAGIC, CRC)?;
                let (Some(crc), true) = (crc, start == at) else { return Ok(None) };
                if kind == END {
                    if crc as u32 != combined {
                        return Ok(None);
                    }
                    at = (start + MAGIC + CRC).next_multiple_of(8);
                    break;
                }
                let Some((end, _)) = marks.peek() else { return Ok(None) };
                combined = combined.rotate_left(1) ^ crc as u32;
                blocks.push(Block { start, end: *end, crc: crc as u32 });
                at = *end;
            }
        }
        let mut stretches: Vec<Vec<Block>> = Vec::new();
        for block in blocks {
            let full = |s: &Vec<Block>| s.len() >= STRETCH.1 || block.start - s[0].start >= STRETCH.0 * 8;
            match stretches.last_mut().filter(|s| !full(s)) {
                Some(open) => open.push(block),
                None => stretches.push(vec![block]),
            }
        }
        Ok(Some(Blocks(stretches)))
    }

    /// How many stretches there are for one thread each.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes the file on several threads, from stretch `from` on, and hands over what it holds, in order. `Ok(false)`
    /// where something is broken or too large; what came before it is right. Memory: 64 MiB a thread at worst, five as a
    /// rule.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn decode(&self, path: &Path, threads: usize, from: usize, out: &mut (dyn Sink + Send)) -> io::Result<bool> {
        // The stretch whose turn it is to be written; none after a failure.
        let turn = Mutex::new((Some(from), out, Ok(true)));
        let (next, moved) = (AtomicUsize::new(from), Condvar::new());
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    let mut decoded = Vec::new();
                    loop {
                        let mine = next.fetch_add(1, Ordering::Relaxed);
                        let Some(blocks) = self.0.get(mine) else { return };
                        decoded.clear();
                        let whole = stretch(path, blocks, &mut decoded).is_ok_and(|whole| whole);
                        let mut state = turn.lock().unwrap_or_else(PoisonError::into_inner);
                        while state.0.is_some_and(|at| at < mine) {
                            state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                        }
                        let (at, out, result) = &mut *state;
                        if at.is_none() {
                            return;
                        }
                        let written = match whole {
                            true => out.write(&decoded).and_then(|()| out.mark(&mut || Mark::Blocks(mine + 1))),
                            false => Ok(()),
                        };
                        *at = (whole && written.is_ok()).then_some(mine + 1);
                        if at.is_none() {
                            *result = written.map(|()| false);
                        }
                        moved.notify_all();
                    }
                });
            }
        });
        turn.into_inner().unwrap_or_else(PoisonError::into_inner).2
    }
}

/// Where blocks and ends of streams begin, by their first bit, ascending.
fn magics(path: &Path) -> io::Result<Vec<(u64, u64)>> {
    // Sixteen bits of each magic that lie within two whole bytes, wherever it begins: what may be one at all.
    let mut may_be = vec![false; 1 << 16];
    for magic in [BLOCK, END] {
        (0..8).for_each(|shift| may_be[(magic >> (16 - shift)) as usize & 0xffff] = true);
    }
    let mut file = File::open(path)?;
    let (mut found, mut buffer) = (Vec::new(), vec![0; CHUNK]);
    let (mut window, mut bits) = (0u64, 0u64);
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(found),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for byte in &buffer[..read] {
            window = window << 8 | u64::from(*byte);
            bits += 8;
            if !may_be[(window >> 16) as usize & 0xffff] {
                continue;
            }
            for shift in (0..8).rev() {
                let here = window >> shift & ((1 << MAGIC) - 1);
                if (here == BLOCK || here == END) && bits >= MAGIC + shift {
                    found.push((bits - shift - MAGIC, here));
                }
            }
        }
    }
}

/// A file read by bits.
struct Bits {
    file: File,
    /// Its bits.
    length: u64,
}

impl Bits {
    /// `count` bits (at most 56) from bit `at` on; `None` beyond the end.
    fn read(&mut self, at: u64, count: u64) -> io::Result<Option<u64>> {
        if at + count > self.length {
            return Ok(None);
        }
        let bytes = (at % 8 + count).div_ceil(8);
        let mut raw = [0; 8];
        self.file.seek(SeekFrom::Start(at / 8))?;
        self.file.read_exact(&mut raw[..bytes as usize])?;
        let value = u64::from_be_bytes(raw) << (at % 8);
        Ok(Some(value >> (64 - count)))
    }
}

/// Decodes the blocks of a stretch; false where they are broken or too many.
fn stretch(path: &Path, blocks: &[Block], decoded: &mut Vec<u8>) -> io::Result<bool> {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(true) };
    let base = first.start / 8;
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(base))?;
    let mut raw = vec![0; (last.end.div_ceil(8) - base) as usize];
    file.read_exact(&mut raw)?;
    // Shifting reads the byte behind the last one.
    raw.push(0);
    for block in blocks {
        let stream = alone(&raw, base, block);
        let left = LARGEST.saturating_sub(decoded.len() as u64);
        let read = bzip2::bufread::BzDecoder::new(stream.as_slice()).take(left + 1).read_to_end(decoded);
        if !read.is_ok_and(|read| read as u64 <= left) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A block as a stream of its own. `raw` begins at byte `base` of the file.
fn alone(raw: &[u8], base: u64, block: &Block) -> Vec<u8> {
    let (bits, shift) = (block.end - block.start, block.start % 8);
    let from = (block.start / 8 - base) as usize;
    let mut stream = Vec::with_capacity((bits / 8) as usize + 24);
    stream.extend_from_slice(b"BZh9");
    for at in from..from + bits.div_ceil(8) as usize {
        let pair = u16::from(raw[at]) << 8 | u16::from(raw[at + 1]);
        stream.push((pair << shift >> 8) as u8);
    }
    // Bits of the last byte that are its own, then the end, from the next bit on.
    let own = bits % 8;
    let mut last = 0u128;
    if own > 0 {
        last = u128::from(stream.pop().unwrap_or_default() >> (8 - own));
    }
    let end = last << (MAGIC + CRC) | u128::from(END) << CRC | u128::from(block.crc);
    let length = own + MAGIC + CRC;
    let end = (end << (128 - length)).to_be_bytes();
    stream.extend_from_slice(&end[..length.div_ceil(8) as usize]);
    stream
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    struct Out(Vec<u8>, Vec<usize>);

    impl Sink for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
        fn mark(&mut self, mark: &mut dyn FnMut() -> Mark) -> io::Result<()> {
            match mark() {
                Mark::Blocks(next) => self.1.push(next),
                other => panic!("{other:?}"),
            }
            Ok(())
        }
    }

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that do not compress, the same every time.
    fn noise(length: usize, mut seed: u64) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn decoded(path: &Path, threads: usize, from: usize) -> Option<(Vec<u8>, Vec<usize>)> {
        let mut out = Out(Vec::new(), Vec::new());
        let blocks = Blocks::find(path).unwrap()?;
        blocks.decode(path, threads, from, &mut out).unwrap().then_some((out.0, out.1))
    }

    #[test]
    fn blocks_of_one_stream_and_of_many_are_decoded_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bz2");
        let one = noise(3_000_000, 5);
        let many: Vec<Vec<u8>> = (0..30).map(|n| noise(150_000 + 977 * n, n as u64 + 1)).collect();
        let streams: Vec<u8> = many.iter().flat_map(|t| bzip2(t)).collect();
        for (packed, text) in [(bzip2(&one), one), (streams, many.concat()), (bzip2(b""), Vec::new())] {
            std::fs::write(&path, &packed).unwrap();
            let (whole, marks) = decoded(&path, 3, 0).unwrap();
            assert!(whole == text);
            assert!(text.is_empty() || marks.len() > 2, "{marks:?}");
            assert!(decoded(&path, 1, 0).unwrap().0 == text);
            // From the middle on: what is behind it.
            let rest = decoded(&path, 2, marks.len() / 2).unwrap().0;
            assert!(text.ends_with(&rest) && (text.is_empty() || rest.len() < text.len()));
        }
    }

    #[test]
    fn what_is_broken_is_for_the_reader_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bz2");
        let packed = bzip2(&noise(3_000_000, 7));
        let mut broken = packed.clone();
        broken[packed.len() / 2] ^= 0x55;
        // The checksum of the stream: the last of its bytes has bits of it.
        let mut sum = packed.clone();
        let at = sum.len() - 3;
        sum[at] ^= 0x10;
        let bomb = bzip2(&vec![0; (LARGEST + 1) as usize]);
        let behind = [packed.clone(), b"not a stream".to_vec()].concat();
        for bytes in [broken, sum, packed[..packed.len() - 20].to_vec(), bomb, behind, b"BZh9".to_vec()] {
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(decoded(&path, 3, 0), None);
        }
    }
}
