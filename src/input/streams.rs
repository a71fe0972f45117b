//! Compressed files that are several streams one after the other: decoded side by side.
//!
//! bzip2 is slow to decode, and some writers help: dumps of MediaWiki (`…-multistream.xml.bz2`) and `pbzip2` start a new
//! stream every few hundred kilobytes. A stream begins at a whole byte with ten bytes that nothing else in a bzip2 file
//! has (but by a chance of 2⁻⁸⁰ a byte), so no index is needed to find them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::Compression;

/// Compressed bytes that one thread decodes at once, at least.
const STRETCH: u64 = 1 << 20;
/// Compressed bytes of the largest stretch, and decoded ones: a stream that is larger is for one thread alone.
const LARGEST: u64 = 64 << 20;
/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Where the streams of a bzip2 file begin, in stretches of about a megabyte: ascending, the first is 0.
///
/// # Errors
///
/// What the system says of opening or reading the file.
pub fn bzip2_streams(path: &Path) -> io::Result<Vec<u64>> {
    let finder = memchr::memmem::Finder::new(b"1AY&SY");
    let mut file = File::open(path)?;
    let mut starts = vec![0];
    // The searched bytes begin at `base`; the last nine bytes of a chunk are seen again with the next.
    let (mut buffer, mut base) = (Vec::with_capacity(CHUNK + 16), 0u64);
    loop {
        let kept = buffer.len();
        if Read::by_ref(&mut file).take(CHUNK as u64).read_to_end(&mut buffer)? == 0 {
            return Ok(starts);
        }
        let from = kept.saturating_sub(9);
        for at in finder.find_iter(&buffer[from..]).map(|at| from + at) {
            let head = at.checked_sub(4).map(|start| &buffer[start..at]);
            let start = base + at as u64 - 4.min(at as u64);
            if matches!(head, Some([b'B', b'Z', b'h', b'1'..=b'9']))
                && starts.last().is_some_and(|last| start >= last + STRETCH)
            {
                starts.push(start);
            }
        }
        let cut = buffer.len().saturating_sub(9);
        buffer.drain(..cut);
        base += cut as u64;
    }
}

/// Decodes a bzip2 file of several streams on several threads, and writes what it holds, in order. `Ok(false)` where it
/// has to be read from its start by one thread: it is one stream, or something in it is broken or too large; what was
/// written then counts for nothing. Memory: about 64 MiB a thread at worst, ten as a rule.
///
/// # Errors
///
/// What the system says of reading the file, or of writing to `out`.
pub fn decode(path: &Path, threads: usize, out: &mut (impl Write + Send)) -> io::Result<bool> {
    let starts = bzip2_streams(path)?;
    let length = std::fs::metadata(path)?.len();
    let end = |n: usize| starts.get(n + 1).copied().unwrap_or(length);
    if threads < 2 || starts.len() < 2 || (0..starts.len()).any(|n| end(n) - starts[n] > LARGEST) {
        return Ok(false);
    }
    // The stretch whose turn it is to be written; none after a failure.
    let turn = Mutex::new((Some(0), out, Ok(true)));
    let (next, moved) = (AtomicUsize::new(0), Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut decoded = Vec::new();
                loop {
                    let mine = next.fetch_add(1, Ordering::Relaxed);
                    if mine >= starts.len() {
                        return;
                    }
                    decoded.clear();
                    let whole = stretch(path, starts[mine], end(mine), &mut decoded);
                    let mut state = turn.lock().unwrap_or_else(PoisonError::into_inner);
                    while state.0.is_some_and(|at| at < mine) {
                        state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                    let (at, out, result) = &mut *state;
                    if at.is_none() {
                        return;
                    }
                    let written = whole.and_then(|whole| {
                        if whole {
                            out.write_all(&decoded)?;
                        }
                        Ok(whole)
                    });
                    *at = matches!(written, Ok(true)).then_some(mine + 1);
                    if at.is_none() {
                        *result = written;
                    }
                    moved.notify_all();
                }
            });
        }
    });
    turn.into_inner().unwrap_or_else(PoisonError::into_inner).2
}

/// Decodes the bytes of a stretch; false where they are broken or too many.
fn stretch(path: &Path, start: u64, end: u64, decoded: &mut Vec<u8>) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let stream = super::decompress::reader(file.take(end - start), Compression::Bzip2)?;
    let read = stream.take(LARGEST + 1).read_to_end(decoded);
    Ok(read.is_ok_and(|read| read as u64 <= LARGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn streams_are_decoded_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bz2");
        let texts: Vec<Vec<u8>> = (0..40).map(|n| noise(150_000 + 977 * n, n as u64 + 1)).collect();
        let packed: Vec<u8> = texts.iter().flat_map(|t| bzip2(t)).collect();
        std::fs::write(&path, &packed).unwrap();
        let starts = bzip2_streams(&path).unwrap();
        assert!(starts.len() > 3, "{starts:?}");
        assert!(starts.windows(2).all(|w| w[1] >= w[0] + STRETCH));
        let mut out = Vec::new();
        assert!(decode(&path, 3, &mut out).unwrap());
        assert!(out == texts.concat());
        // One thread, or one stream: nothing to share.
        assert!(!decode(&path, 1, &mut Vec::new()).unwrap());
        std::fs::write(&path, bzip2(b"one")).unwrap();
        assert!(!decode(&path, 3, &mut Vec::new()).unwrap());
        // Broken in the middle, or cut: for the reader that says so.
        let mut broken = packed.clone();
        broken[packed.len() / 2] ^= 0x55;
        std::fs::write(&path, &broken).unwrap();
        assert!(!decode(&path, 3, &mut Vec::new()).unwrap());
        std::fs::write(&path, &packed[..packed.len() - 20]).unwrap();
        assert!(!decode(&path, 3, &mut Vec::new()).unwrap());
        // More than a thread may hold.
        let bomb = bzip2(&vec![0; (LARGEST + 1) as usize]);
        let padded: Vec<u8> = [packed, bomb].concat();
        std::fs::write(&path, &padded).unwrap();
        assert!(!decode(&path, 3, &mut Vec::new()).unwrap());
    }
}
