//! Bytes on disk: compression, archives, encodings, lines.

use serde::{Deserialize, Serialize};

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
