//! The encoding of a file that begins in ASCII: its first bytes say nothing, so the first text behind them does.

use std::path::Path;

use super::{Detected, HEAD};
use crate::input::{self, Compression, Member, encoding};

/// Detects the encoding from later bytes of a file whose first `looked` bytes are ASCII and not all.
pub(super) fn settle(path: &Path, member: Option<&str>, (ascii, looked): (bool, usize), found: &mut Detected) {
    if !ascii || !found.encoding.is_utf8() || looked < HEAD || found.container == "parquet" {
        return;
    }
    let Some(later) = input::behind_ascii(path, member, found.compression, HEAD) else { return };
    let guess = encoding::guess(&later, false).encoding;
    if guess.is_utf8() || guess.0.starts_with("UTF-") {
        return;
    }
    let name = &guess.0;
    found.note =
        Some(format!("begins in ASCII, and goes on as {name}, judged by its bytes; say `encoding` to settle it"));
    (found.encoding, found.confidence) = (guess, found.confidence.min(0.8));
}

/// The same for members of an archive in which each is opened by a seek; `ascii` says of which the first bytes were.
pub(super) fn members(path: &Path, compression: Compression, ascii: &[bool], all: &mut [(Member, Detected)]) {
    if compression != Compression::None {
        return;
    }
    for ((member, found), ascii) in all.iter_mut().zip(ascii) {
        settle(path, Some(&member.name), (*ascii, usize::try_from(member.size).unwrap_or(HEAD)), found);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_that_begins_in_ascii_is_what_comes_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let ascii = "{\"text\":\"the ferry comes at noon\"}\n".repeat(9_000);
        let chinese = "{\"text\":\"码头的灯亮了，船都从河口回来。\"}\n".repeat(20);
        let gbk = encoding_rs::GB18030.encode(&chinese).0.into_owned();
        for (later, name) in [(&gbk[..], "gb18030"), (chinese.as_bytes(), "UTF-8"), (b"", "UTF-8")] {
            std::fs::write(&path, [ascii.as_bytes(), later].concat()).unwrap();
            let found = super::super::detect(&path, None).unwrap();
            assert_eq!((found.container, found.encoding.0.as_str()), ("jsonl", name));
            assert_eq!(found.note.is_some(), name == "gb18030", "{:?}", found.note);
        }
    }
}
