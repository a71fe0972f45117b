//! What one core would have to read alone, on all cores: it is unpacked once, to plain bytes in the work folder, and then
//! cut like any plain file. Its text is staged with the units, so the unpacked copy goes as soon as they are there.
//!
//! That is a big compressed file, or one in another encoding; a big member of an archive; and a compressed tar as a
//! whole, since each of its members would be streamed from the start of the archive otherwise. Members of a plain tar are
//! read where they lie.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::formats::{self, Layout, Piece, Split};
use crate::input::{self, Compression};
use crate::output::parquet_file::settle;
use crate::pipeline::jobs::fingerprint;
use crate::{Error, Result};

/// bzip2 is so slow to decode that files of several streams are shared out from this size on.
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
    pub layout: Layout,
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
    Ok(bytes > unit || slow && input::streams::bzip2_streams(path)?.len() > 1)
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

/// A file without the byte order mark that its first bytes may be.
struct Plain {
    file: std::fs::File,
    begun: bool,
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }
    /// The first call has at least three bytes, if the file has.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        self.file.write_all(bytes.strip_prefix(b"\xEF\xBB\xBF").filter(|_| first).unwrap_or(bytes))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Unpacks a file, or a member, to `place`. `Ok(false)` where the stream is broken: such a file is read as it is, so that
/// the rows before the break, and the break itself, come out in their place.
///
/// # Errors
///
/// [`Error::Io`] of opening the file, or of writing the copy.
pub fn unpack(path: &Path, member: Option<&str>, from: &Layout, place: &Path, threads: usize) -> Result<bool> {
    if member.is_none() && from.transport.encoding.is_utf8() {
        return archive(path, from.transport.compression, place, threads);
    }
    let whole = Piece::whole(path, member);
    copy(path, place, |_| Ok(false), || input::open(&whole, &from.transport))
}

/// Unpacks a compressed file in UTF-8, or an archive: one of several streams on several threads.
///
/// # Errors
///
/// As [`unpack`].
pub fn archive(path: &Path, compression: Compression, place: &Path, threads: usize) -> Result<bool> {
    let streams = |file: &mut Plain| match compression {
        Compression::Bzip2 => input::streams::decode(path, threads, file),
        _ => Ok(false),
    };
    copy(path, place, streams, || input::unmarked(path, compression))
}

/// Writes a copy, by `streams` if that does it, else from the stream that `open` gives.
fn copy(
    path: &Path,
    place: &Path,
    streams: impl FnOnce(&mut Plain) -> io::Result<bool>,
    open: impl FnOnce() -> io::Result<Box<dyn io::Read + Send>>,
) -> Result<bool> {
    if place.is_file() {
        return Ok(true);
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    // Two files with the same bytes are unpacked side by side.
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let aside = place.with_extension(format!("{}.tmp", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let create = || std::fs::File::create(&aside).map_err(Error::io(&aside));
    let mut file = Plain { file: create()?, begun: false };
    if streams(&mut file).map_err(Error::io(path))? {
        settle(file.file, &aside, place)?;
        return Ok(true);
    }
    let mut file = BufWriter::with_capacity(1 << 20, create()?);
    let mut buffer = vec![0; 1 << 20];
    let Ok(mut stream) = open() else { return Ok(false) };
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
