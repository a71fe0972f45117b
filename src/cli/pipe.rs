//! What comes through a pipe, as a file: `corpus inspect` reads from its beginning more than once.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{Error, Result};

/// Bytes that are taken out of a pipe.
const MOST: u64 = 1 << 30;

/// A copy of what comes out of a pipe or a device (`-` is standard input); `None` for anything else. It goes when it is
/// dropped.
///
/// # Errors
/// More than 1 GiB comes, so that an endless stream does not fill the disk.
pub fn spooled(path: &Path) -> Result<Option<NamedTempFile>> {
    let stdin = path == Path::new("-") && !path.exists();
    let path = if stdin { Path::new("/dev/stdin") } else { path };
    // A file as standard input (`inspect - < FILE`) is read like a pipe.
    if !stdin && !fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        return Ok(None);
    }
    let mut copy = NamedTempFile::with_prefix("corpus-pipe-").map_err(Error::io(std::env::temp_dir()))?;
    let mut pipe = File::open(path).map_err(Error::io(path))?.take(MOST + 1);
    let bytes = std::io::copy(&mut pipe, &mut copy).map_err(Error::io(path))?;
    if bytes > MOST {
        let message = format!("more than 1 GiB comes out of {}", path.display());
        return Err(Error::input(message, "save it to a file, or let less of it through: `… | head -c 64M`"));
    }
    Ok(Some(copy))
}
