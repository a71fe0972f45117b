//! The codec of Parquet pages in the output, as recipes name it: `zstd:3`, `lz4`, `snappy`, `none`.
//!
//! Compression is the largest part of the time of a build that does little else. A higher level of zstd makes smaller
//! files and takes longer (level 6 twice as long as 3); lz4 takes a third of the time of `zstd:3` for files half as large
//! again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A compression codec of Parquet, with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Codec {
    /// Zstandard at a level from 1 to 22.
    Zstd(i32),
    /// LZ4 blocks without a frame (`LZ4_RAW`).
    Lz4,
    /// Snappy.
    Snappy,
    /// Plain bytes.
    Uncompressed,
}

/// What a recipe may say, for messages and the schema.
pub const WORDS: &str = "\"zstd:3\" (levels 1 to 22), \"lz4\", \"snappy\" or \"none\"";
/// The same as a regular expression.
pub const PATTERN: &str = "^(zstd(:([1-9]|1[0-9]|2[0-2]))?|lz4|snappy|none)$";

impl Default for Codec {
    fn default() -> Self {
        Codec::Zstd(3)
    }
}

impl Codec {
    /// The codec that a word names; `None` where none does.
    pub fn named(word: &str) -> Option<Codec> {
        match word {
            "zstd" => Some(Codec::default()),
            "lz4" => Some(Codec::Lz4),
            "snappy" => Some(Codec::Snappy),
            "none" => Some(Codec::Uncompressed),
            word => {
                let level = word.strip_prefix("zstd:")?;
                let plain = !level.starts_with(['+', '0']);
                level.parse().ok().filter(|level| plain && (1..=22).contains(level)).map(Codec::Zstd)
            }
        }
    }

    /// Whether it is that of a recipe that names none.
    pub fn is_default(&self) -> bool {
        *self == Codec::default()
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Codec::Zstd(level) => write!(f, "zstd:{level}"),
            Codec::Lz4 => f.write_str("lz4"),
            Codec::Snappy => f.write_str("snappy"),
            Codec::Uncompressed => f.write_str("none"),
        }
    }
}

impl From<Codec> for String {
    fn from(codec: Codec) -> String {
        codec.to_string()
    }
}

impl TryFrom<String> for Codec {
    type Error = String;
    fn try_from(word: String) -> Result<Self, String> {
        Codec::named(&word).ok_or_else(|| format!("`{word}` is no codec"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_levels() {
        for (word, codec) in [
            ("zstd:1", Some(Codec::Zstd(1))),
            ("zstd:22", Some(Codec::Zstd(22))),
            ("zstd", Some(Codec::Zstd(3))),
            ("lz4", Some(Codec::Lz4)),
            ("snappy", Some(Codec::Snappy)),
            ("none", Some(Codec::Uncompressed)),
            ("zstd:0", None),
            ("zstd:23", None),
            ("zstd:03", None),
            ("zstd:+3", None),
            ("zstd:-1", None),
            ("gzip", None),
            ("", None),
        ] {
            assert_eq!(Codec::named(word), codec, "{word}");
            if let Some(codec) = codec {
                assert_eq!(Codec::named(&codec.to_string()), Some(codec), "{word} and back");
            }
        }
    }
}
