//! Records that are not rows, and lines that are records.

use std::io;

use crate::input::lines::Place;
use crate::input::{Line, Lines, broken};
use crate::rows::{Record, Unreadable};

/// The first 200 characters of what was there.
pub fn head(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(800)]);
    text.chars().take(200).collect()
}

/// An unreadable record.
pub fn unreadable(reason: &'static str, detail: String, bytes: &[u8], offset: u64, line: u64) -> Record<'static> {
    Record { offset, line, row: Err(Unreadable { reason, detail, head: head(bytes) }) }
}

/// The record for a stream that broke.
pub fn stream_broke(error: &io::Error, offset: u64, line: u64) -> Record<'static> {
    let detail = format!("the stream breaks off here ({error}); the rows before were read");
    unreadable(broken(error), detail, b"", offset, line)
}

/// What is said of text whose last character breaks off where the file does.
const CUT: &str =
    "the file ends in the middle of a character: it was cut off, fetch it again; the rows before this one are read";

/// Reason and detail of bytes that are not UTF-8: `truncated` where the file ends in the middle of a character, else `utf8`
/// with `other`. `ended` says that something stands behind the bytes in the file, if only a line break.
pub fn not_utf8(error: simdutf8::compat::Utf8Error, ended: bool, other: String) -> (&'static str, String) {
    let cut = error.error_len().is_none() && !ended;
    if cut { ("truncated", CUT.to_owned()) } else { ("utf8", other) }
}

/// The record for a row over the limit.
pub fn too_large(bytes: &[u8], length: u64, max: u64, offset: u64, line: u64) -> Record<'static> {
    let detail = format!("a row of {length} bytes, `max_row` is {max}: raise it under [input] to read the row");
    unreadable("row_too_large", detail, bytes, offset, line)
}

/// How many bytes a row has that is unreadable for its size.
pub fn length_of(row: &Unreadable) -> Option<u64> {
    let rest = row.detail.strip_prefix("a row of ").filter(|_| row.reason == "row_too_large")?;
    rest.split(' ').next()?.parse().ok()
}

/// Reads on to the next line that is a record, and calls `row` with it; a break of the stream and a line over `max` are
/// records too. False at the end.
pub fn next_row(
    lines: &mut Lines,
    max: u64,
    skipped: impl Fn(&[u8], Place) -> bool,
    emit: &mut dyn FnMut(Record<'_>),
    row: impl FnOnce(&[u8], Place, &mut dyn FnMut(Record<'_>)),
) -> bool {
    loop {
        let Some((line, place)) = lines.next_line() else {
            let (offset, line) = (lines.offset(), lines.lines());
            let Some(error) = lines.take_error() else { return false };
            emit(stream_broke(&error, offset, line));
            return true;
        };
        match line {
            Line::Whole(bytes) if skipped(bytes, place) => continue,
            // What stands before a break in the stream is part of the break, which is reported once.
            Line::Whole(_) if place.cut => continue,
            Line::Whole(bytes) => row(bytes, place, emit),
            Line::TooLarge(head, length) => emit(too_large(head, length, max, place.offset, place.line)),
        }
        // The batch that has the row now may be worked on for long.
        lines.release();
        return true;
    }
}
