//! What one core would have to read alone, on all cores: it is unpacked once, to plain bytes in the work folder, and then
//! cut like any plain file. Its text is staged with the units, so the unpacked copy goes as soon as they are there.
//!
//! That is a big compressed file, or one in another encoding; a big member of an archive; and a compressed tar as a
//! whole, since each of its members would be streamed from the start of the archive otherwise. Members of a plain tar are
//! read where they lie.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::part::Part;
use crate::formats::{self, Layout, Piece, Split};
use crate::input::bzip2_blocks::Blocks;
use crate::input::resume::Decoded;
use crate::input::{self, Compression};
use crate::output::parquet_file::settle;
use crate::pipeline::jobs::fingerprint;
use crate::{Error, Result};

/// bzip2 is so slow to decode that the blocks of a file are shared out from this size on.
const BZIP2: u64 = 8 << 20;

/// A plain copy that is read in place of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainCopy {
    /// Where it lies.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// The member, where the copy is that of a whole archive.
    pub member: Option<String>,
    /// How it is read.
    pub layout: Arc<Layout>,
}

/// Whether a file or member of `bytes` is worth unpacking: it is larger than a unit, or takes long to decode and can be
/// decoded side by side; a single core would have to read it; and its container could be cut if only it were plain.
///
/// # Errors
///
/// What the system says of reading a bzip2 file.
pub fn worth(path: &Path, layout: &Layout, member: bool, bytes: u64, unit: u64) -> io::Result<bool> {
    if formats::container(&layout.container).is_none_or(|c| c.split(layout) == Split::Whole) {
        return Ok(false);
    }
    let slow = layout.transport.compression == Compression::Bzip2 && !member && bytes > BZIP2.min(unit);
    Ok(bytes > unit || slow && Blocks::find(path)?.is_some_and(|blocks| blocks.len() > 1))
}

/// Where a plain copy of the file lies; `tail` tells copies of it apart.
pub fn place(work: &Path, sha256: &str, tail: &str) -> PathBuf {
    work.join("unpacked").join(format!("{}-{tail}", &sha256[..sha256.len().min(16)]))
}

/// The end of a copy's name: the encoding that was read, and the member.
pub fn tail(layout: &Layout, member: Option<&str>) -> String {
    let encoding = layout.transport.encoding.0.to_ascii_lowercase();
    member.map_or_else(|| encoding.clone(), |member| format!("{encoding}-{}", fingerprint(&member)))
}

/// How the unpacked copy is read.
pub fn layout(layout: &Layout) -> Layout {
    layout.unpacked()
}

/// Unpacks a file, or a member, to `place`. `Ok(false)` where the stream is broken: such a file is read as it is, so that
/// the rows before the break, and the break itself, come out in their place.
///
/// A copy that a kill cut off is gone on with from its last step, of 32 MiB or half a second. Text that is not UTF-8, xz, a zstd file
/// of one frame, and members of a zip that are not deflated begin anew.
///
/// # Errors
///
/// [`Error::Io`] of opening the file, or of writing the copy.
pub fn unpack(path: &Path, member: Option<&str>, from: &Layout, place: &Path, threads: usize) -> Result<bool> {
    if from.transport.encoding.is_utf8() {
        let whole = Piece::whole(path, member);
        return utf8(path, (member, from.transport.compression), place, threads, || {
            input::open(&whole, &from.transport)
        });
    }
    let whole = Piece::whole(path, member);
    let _alone = Alone::at(place);
    copy(place, || input::open(&whole, &from.transport))
}

/// Unpacks a compressed archive, as [`unpack`] does a file.
///
/// # Errors
///
/// As [`unpack`].
pub fn archive(path: &Path, compression: Compression, place: &Path, threads: usize) -> Result<bool> {
    utf8(path, (None, compression), place, threads, || input::unmarked(path, compression))
}

/// Unpacks what is UTF-8 when it is decompressed: in steps where that can be, else from the stream that `open` gives.
fn utf8(
    path: &Path,
    (member, compression): (Option<&str>, Compression),
    place: &Path,
    threads: usize,
    open: impl FnOnce() -> io::Result<Box<dyn io::Read + Send>>,
) -> Result<bool> {
    let _alone = Alone::at(place);
    if place.is_file() {
        return Ok(true);
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let (mut part, from) = Part::open(place)?;
    match input::resume::decode(path, member, compression, (from, threads), &mut part).map_err(Error::io(path))? {
        Decoded::Whole => part.finish().map(|()| true),
        Decoded::Broken => part.discard().map(|()| false),
        Decoded::FromStart => {
            part.discard()?;
            copy(place, open)
        }
    }
}

/// A copy that this thread alone writes: of files with the same bytes there is one.
struct Alone<'a>(&'a Path);

/// Copies that are being written, and who waits for one.
static WRITTEN: (Mutex<Vec<PathBuf>>, Condvar) = (Mutex::new(Vec::new()), Condvar::new());

impl<'a> Alone<'a> {
    /// Waits until no other thread writes the copy.
    fn at(place: &'a Path) -> Self {
        let mut written = WRITTEN.0.lock().unwrap_or_else(PoisonError::into_inner);
        while written.iter().any(|other| other == place) {
            written = WRITTEN.1.wait(written).unwrap_or_else(PoisonError::into_inner);
        }
        written.push(place.to_path_buf());
        Alone(place)
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        WRITTEN.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| other != self.0);
        WRITTEN.1.notify_all();
    }
}

/// Writes a copy of the stream that `open` gives, from its start.
fn copy(place: &Path, open: impl FnOnce() -> io::Result<Box<dyn io::Read + Send>>) -> Result<bool> {
    if place.is_file() {
        return Ok(true);
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let Ok(mut stream) = open() else { return Ok(false) };
    let aside = place.with_extension("tmp");
    let file = std::fs::File::create(&aside).map_err(Error::io(&aside))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => file.write_all(&buffer[..read]).map_err(Error::io(&aside))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                std::fs::remove_file(&aside).map_err(Error::io(&aside))?;
                return Ok(false);
            }
        }
    }
    let file = file.into_inner().map_err(|e| Error::io(&aside)(e.into_error()))?;
    settle(file, &aside, place)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::mark::{Mark, Sink};
    use crate::rows::Use;

    /// A copy that is killed when it has so many bytes.
    struct Killed(Part, usize);

    impl Sink for Killed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.1 = self.1.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("killed"))?;
            self.0.write(bytes)
        }
        fn mark(&mut self, mark: &mut dyn FnMut() -> Mark) -> io::Result<()> {
            self.0.mark(mark)
        }
    }

    /// Bytes that compress by a third, the same every time.
    fn text() -> Vec<u8> {
        let mut seed = 3u64;
        let mut next = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            b"abcdefgh \n"[(seed >> 40) as usize % 10]
        };
        (0..6 << 20).map(|_| next()).collect()
    }

    #[test]
    fn a_copy_that_was_killed_is_not_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let text = text();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(&text).unwrap();
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bz.write_all(&text).unwrap();
        let packed = [(Compression::Gzip, gz.finish().unwrap()), (Compression::Bzip2, bz.finish().unwrap())];
        for (compression, packed) in packed {
            let path = folder.path().join("packed");
            std::fs::write(&path, &packed).unwrap();
            let layout = Layout::plain("text", Use::Pretrain, 1 << 20).compressed(compression);
            let place = folder.path().join("copy");
            let mut killed = Killed(Part::open(&place).unwrap().0, 5 << 20);
            assert!(input::resume::decode(&path, None, compression, (None, 2), &mut killed).is_err());
            drop(killed);
            // What was read before the kill is not read again: it is not there any more.
            let mut hurt = packed.clone();
            let (from, to) = (packed.len() / 4, packed.len() / 3);
            hurt[from..to].iter_mut().for_each(|b| *b ^= 0x5a);
            std::fs::write(&path, &hurt).unwrap();
            if compression == Compression::Gzip {
                assert!(unpack(&path, None, &layout, &place, 2).unwrap());
            } else {
                // Blocks are counted anew, which says that the file is another one: it is broken.
                std::fs::write(&path, &packed).unwrap();
                assert!(unpack(&path, None, &layout, &place, 2).unwrap());
            }
            assert!(std::fs::read(&place).unwrap() == text);
            std::fs::remove_file(&place).unwrap();
            // Without what was written before, the break shows.
            std::fs::write(&path, &hurt).unwrap();
            assert!(!unpack(&path, None, &layout, &place, 2).unwrap());
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of a broken one");
        }
    }

    #[test]
    fn files_with_the_same_bytes_have_one_copy() {
        let folder = tempfile::tempdir().unwrap();
        let text = text();
        let path = folder.path().join("packed");
        std::fs::write(&path, zstd::encode_all(text.as_slice(), 1).unwrap()).unwrap();
        let layout = Layout::plain("text", Use::Pretrain, 1 << 20).compressed(Compression::Zstd);
        let place = folder.path().join("unpacked/copy");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert!(unpack(&path, None, &layout, &place, 2).unwrap()));
            }
        });
        assert!(std::fs::read(&place).unwrap() == text);
    }
}
