//! What is malformed in files of an encoding other than UTF-8: read as U+FFFD, counted, and told.

use std::io::Read;
use std::sync::atomic::Ordering;

use crate::formats::{Layout, Piece};
use crate::input;

/// One malformed sequence in so many characters is more than a damaged byte here and there.
const MANY: u64 = 1000;

/// Malformed sequences and characters of a file. (Of one that is UTF-8, rows are told one by one.) A stream that breaks
/// gives those before the break.
pub(crate) fn count(whole: &Piece, layout: &Layout) -> (u64, u64) {
    let Ok(mut opened) = input::open_at(whole, &layout.transport) else { return (0, 0) };
    let (mut chars, mut buffer) = (0, vec![0; 1 << 17]);
    while let Ok(read) = opened.stream.read(&mut buffer)
        && read > 0
    {
        // Bytes that begin a character.
        chars += buffer[..read].iter().filter(|b| **b & 0xc0 != 0x80).count() as u64;
    }
    (opened.malformed.load(Ordering::Relaxed), chars)
}

/// What to do about a file with many of them.
pub(crate) fn note(replaced: u64, chars: u64, layout: &Layout) -> Option<String> {
    (replaced * MANY > chars).then(|| {
        format!(
            "{replaced} malformed sequences among {chars} characters of {} were read as U+FFFD: say another `encoding = \
             \"…\"`, unless the file is damaged",
            layout.transport.encoding.0
        )
    })
}
