//! The stretch of a file that one reader reads, and how its text is packed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Compression, Encoding};

/// A stretch of a file that is read by one reader. It owns the records that *begin* in `start..end`.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The file.
    pub path: PathBuf,
    /// The member, where the file is a zip or tar archive.
    pub member: Option<String>,
    /// First byte (of the decoded stream; not 0 only for plain UTF-8 files, and Parquet, where it is a row-group index).
    pub start: u64,
    /// One past the last byte; `u64::MAX` is "to the end".
    pub end: u64,
}

impl Piece {
    /// A file or a member from end to end.
    pub fn whole(path: &Path, member: Option<&str>) -> Self {
        Piece { path: path.to_path_buf(), member: member.map(str::to_owned), start: 0, end: u64::MAX }
    }
}

/// How the text of a file is packed: what lies between its bytes on disk and UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transport {
    /// How the bytes are compressed.
    pub compression: Compression,
    /// The encoding of the text.
    pub encoding: Encoding,
}

impl Transport {
    /// That of a file whose bytes are its text.
    pub fn plain() -> Self {
        Transport { compression: Compression::None, encoding: Encoding("UTF-8".into()) }
    }

    /// Whether the bytes of the file are its text.
    pub fn is_plain(&self) -> bool {
        !self.is_compressed() && self.encoding.is_utf8()
    }

    /// Whether the file is compressed.
    pub fn is_compressed(&self) -> bool {
        self.compression != Compression::None
    }
}
