//! One big compressed stream on all cores: it is unpacked once, to plain UTF-8 in the work folder, and then cut like any
//! plain file. Its text is staged with the units, so the unpacked copy goes as soon as they are there.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::parquet_file::settle;
use crate::formats::{self, Layout, Piece, Split};
use crate::input::{self, Compression, Encoding};
use crate::{Error, Result};

/// Whether a file of `bytes` on disk is worth unpacking: it is larger than a unit, a single core would have to read it,
/// and its container could be cut if only it were plain.
pub fn worth(layout: &Layout, member: Option<&str>, bytes: u64, unit: u64) -> bool {
    let plain = layout.compression == Compression::None && layout.encoding.is_utf8();
    let cuttable = formats::container(&layout.container).is_some_and(|c| c.split(layout) != Split::Whole);
    bytes > unit && member.is_none() && !plain && cuttable && layout.container != "parquet"
}

/// Where the unpacked copy of a file lies.
pub fn place(work: &Path, sha256: &str, layout: &Layout) -> PathBuf {
    let name = format!("{}-{}", &sha256[..sha256.len().min(16)], layout.encoding.0.to_ascii_lowercase());
    work.join("unpacked").join(name)
}

/// How the unpacked copy is read.
pub fn layout(layout: &Layout) -> Layout {
    Layout { compression: Compression::None, encoding: Encoding("UTF-8".into()), ..layout.clone() }
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

/// Unpacks a file to `place`, a file of several streams on several threads. `Ok(false)` where the stream is broken: such a file is read as it is, so that the rows
/// before the break, and the break itself, come out in their place.
pub fn unpack(path: &Path, from: &Layout, place: &Path, threads: usize) -> Result<bool> {
    if place.is_file() {
        return Ok(true);
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let aside = place.with_extension("tmp");
    if from.compression == Compression::Bzip2 && from.encoding.is_utf8() {
        let mut file = Plain { file: std::fs::File::create(&aside).map_err(Error::io(&aside))?, begun: false };
        if input::streams::decode(path, threads, &mut file).map_err(Error::io(path))? {
            settle(file.file, &aside, place)?;
            return Ok(true);
        }
    }
    let whole = Piece { path: path.to_path_buf(), member: None, start: 0, end: u64::MAX };
    let mut stream = input::open(&whole, from).map_err(Error::io(path))?;
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(&aside).map_err(Error::io(&aside))?);
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
