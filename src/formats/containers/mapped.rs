//! What containers of objects share: one object as JSON text, through the shape, to records.

use std::borrow::Cow;
use std::io;

use crate::formats::{self, Layout, Object, Shape};
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

/// The record for a row over the limit.
pub fn too_large(bytes: &[u8], length: u64, max: u64, offset: u64, line: u64) -> Record<'static> {
    let detail = format!("a row of {length} bytes, `max_row` is {max}: raise it under [input] to read the row");
    unreadable("row_too_large", detail, bytes, offset, line)
}

/// Reads on to the next line that is a record, and hands it to `row`; a break of the stream and a line over `max` are
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
        return true;
    }
}

/// The shape of a layout.
pub fn shape_of(layout: &Layout) -> io::Result<&'static dyn Shape> {
    let name = layout.shape.as_deref().unwrap_or("fields");
    formats::shape(name).ok_or_else(|| io::Error::other(format!("no format is called `{name}`")))
}

/// Maps the bytes of one JSON value to records. `whole` says that the value's end is not the end of the file: one that
/// breaks off all the same is broken, not truncated.
pub fn map(
    bytes: &[u8],
    (offset, line): (u64, u64),
    whole: bool,
    shape: &dyn Shape,
    layout: &Layout,
    emit: &mut dyn FnMut(Record<'_>),
) {
    let json = match simdutf8::compat::from_utf8(bytes) {
        Ok(json) => json,
        Err(error) => {
            let detail = format!(
                "not UTF-8 at byte {} of the row; if the file has another encoding, say `encoding`",
                error.valid_up_to()
            );
            return emit(unreadable("utf8", detail, bytes, offset, line));
        }
    };
    let mended = mend(json);
    let object = match Object::parse(&mended) {
        Ok(object) => object,
        Err(error) => {
            let (reason, detail) = reason(&mended, whole, &error);
            return emit(unreadable(reason, detail, bytes, offset, line));
        }
    };
    shape.map(&object, layout, &mut |row| match row {
        Ok(row) => emit(Record { offset, line, row: Ok(row) }),
        Err(mut error) => {
            if error.head.is_empty() {
                error.head = head(bytes);
            }
            emit(Record { offset, line, row: Err(error) });
        }
    });
}

fn reason(json: &str, whole: bool, error: &serde_json::Error) -> (&'static str, String) {
    if error.is_eof() && !whole {
        return ("truncated", "the row breaks off before its JSON is closed".into());
    }
    match json.trim_start().as_bytes().first() {
        Some(b'{') => ("json", error.to_string()),
        Some(_) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => {
            ("not_object", "a JSON value, but not an object with fields".into())
        }
        _ => ("json", error.to_string()),
    }
}

/// Lone surrogate escapes (Python's `json.dumps` writes them) become U+FFFD: they stand for no character.
fn mend(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let escape = |at: usize| -> Option<u32> {
        let hex = bytes.get(at + 2..at + 6)?;
        (bytes.get(at..at + 2)? == b"\\u").then_some(())?;
        u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    // Surrogates are written \uD8.. to \uDF..: text without `\ud` or `\uD` has none.
    if memchr::memmem::find(bytes, b"\\ud").is_none() && memchr::memmem::find(bytes, b"\\uD").is_none() {
        return Cow::Borrowed(json);
    }
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        let here = at + found;
        at = here + 2;
        match escape(here) {
            Some(0xd800..=0xdbff) if matches!(escape(here + 6), Some(0xdc00..=0xdfff)) => at = here + 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&json[copied..here]);
                out.push_str("\\ufffd");
                at = here + 6;
                copied = at;
            }
            _ => {}
        }
        if at >= bytes.len() {
            break;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_lone_surrogates_only() {
        assert_eq!(
            mend(r#"{"a":"\ud83d\ude00 \\ud83d \ud83d x \udc00"}"#),
            r#"{"a":"\ud83d\ude00 \\ud83d \ufffd x \ufffd"}"#
        );
        assert_eq!(mend(r#""\ud83d"#), r#""\ufffd"#);
        assert_eq!(mend(r#""\ud8"#), r#""\ud8"#);
        assert!(matches!(mend(r#"{"a":"\u4e2d"}"#), Cow::Borrowed(_)));
    }
}
