//! JSON arrays: one array of objects, or objects one after the other over several lines.
//!
//! # What it reads
//! Elements one by one, so an array of any size is never held whole. An object that holds one array under `data`,
//! `rows`, `examples`, `instances`, `train` or `conversations` as its first field with brackets is read as that array.
//! Objects without an array around them (pretty-printed, or concatenated) are read the same way.
//!
//! # What is unreadable
//! `json` (an element that does not parse; reading goes on after it), `truncated` (the array breaks off: the elements
//! before were read), `row_too_large`, `utf8`, `not_object`, and what the shape says.
//!
//! # Example
//! ```toml
//! [[source]]
//! name = "alpaca"
//! path = ["alpaca_data.json"]
//! ```
//!
//! # Limits
//! A plain file is cut for several cores at elements, which costs one quick pass over it.

use std::io::{self, Read};
use std::path::Path;

use super::mapped::{map, shape_of, stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Shape, Split};
use crate::rows::Record;
use crate::stages::module_docs;

/// The container.
pub struct JsonArray;

/// Its instance.
pub static CONTAINER: JsonArray = JsonArray;

/// Bytes read at once.
const BLOCK: usize = 256 << 10;

impl Container for JsonArray {
    fn name(&self) -> &'static str {
        "json"
    }
    fn about(&self) -> &'static str {
        "a JSON array of objects, streamed; or objects over several lines"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("json_array.rs"))
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Cuts
    }
    fn cuts(&self, path: &Path, _layout: &Layout, unit: u64) -> io::Result<Vec<u64>> {
        let mut elements = Elements::new(Box::new(std::fs::File::open(path)?), 0, 0);
        let mut cuts = vec![0];
        while let Some(element) = elements.next_element() {
            if element.offset >= cuts.last().unwrap_or(&0) + unit {
                cuts.push(element.offset);
            }
        }
        Ok(cuts)
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let stream = crate::input::open(piece, layout)?;
        let elements = Elements::new(stream, piece.start, layout.max_row as usize);
        Ok(Box::new(ArrayReader { elements, shape: shape_of(layout)?, layout: layout.clone(), end: piece.end }))
    }
}

struct ArrayReader {
    elements: Elements,
    shape: &'static dyn Shape,
    layout: Layout,
    end: u64,
}

impl Reader for ArrayReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(element) = self.elements.next_element() else {
            let (offset, line) = (self.elements.offset, self.elements.line);
            if let Some(error) = self.elements.error.take() {
                emit(stream_broke(&error, offset, line));
            } else {
                return false;
            }
            return true;
        };
        if element.offset >= self.end {
            return false;
        }
        let place = (element.offset, element.line);
        let bytes = &self.elements.held;
        match element.end {
            End::TooLarge => emit(too_large(bytes, element.length, self.layout.max_row, place.0, place.1)),
            End::Whole => map(bytes, place, true, self.shape, &self.layout, emit),
            // A stream that broke says so itself.
            End::Cut if self.elements.error.is_some() => return self.next(emit),
            End::Cut => {
                let detail = "the array breaks off within this row; the rows before were read".to_owned();
                emit(unreadable("truncated", detail, bytes, place.0, place.1));
            }
        }
        true
    }

    fn skip(&mut self, wanted: u64) -> u64 {
        let mut skipped = 0;
        while skipped < wanted && self.elements.next_element().is_some_and(|e| e.offset < self.end) {
            skipped += 1;
        }
        skipped
    }

    fn lines(&self) -> u64 {
        self.elements.line
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    TooLarge,
    Cut,
}

/// An element; its bytes are in `Elements::held`, at most as many as are allowed.
struct Element {
    offset: u64,
    line: u64,
    length: u64,
    end: End,
}

/// Words under which an object may hold the array of rows.
const HOLDERS: [&[u8]; 6] =
    [b"\"data\"", b"\"rows\"", b"\"examples\"", b"\"instances\"", b"\"train\"", b"\"conversations\""];

struct Elements {
    stream: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    offset: u64,
    line: u64,
    max: usize,
    held: Vec<u8>,
    error: Option<io::Error>,
    eof: bool,
    /// Whether nothing was read yet: an object may hold the array.
    fresh: bool,
}

impl Elements {
    /// Elements of a stream whose first byte has `offset`. With `max` 0 no bytes are kept.
    fn new(stream: Box<dyn Read + Send>, offset: u64, max: usize) -> Self {
        let (buffer, held) = (vec![0; BLOCK], Vec::new());
        let fresh = offset == 0;
        Elements { stream, buffer, at: 0, filled: 0, offset, line: 0, max, held, error: None, eof: false, fresh }
    }

    fn more(&mut self) -> bool {
        if self.at < self.filled {
            return true;
        }
        (self.at, self.filled) = (0, 0);
        while !self.eof && self.filled == 0 {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => self.eof = true,
                Ok(read) => self.filled = read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => (self.error, self.eof) = (Some(error), true),
            }
        }
        self.filled > 0
    }

    fn step(&mut self, bytes: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.buffer[self.at..self.at + bytes]).count() as u64;
        self.at += bytes;
        self.offset += bytes as u64;
    }

    /// The next element: what stands between separators, brackets of an outer array left out.
    fn next_element(&mut self) -> Option<Element> {
        loop {
            if !self.more() {
                return None;
            }
            let rest = &self.buffer[self.at..self.filled];
            let between = |b: &&u8| b.is_ascii_whitespace() || matches!(b, b',' | b'[' | b']' | 0xef | 0xbb | 0xbf);
            let skip = rest.iter().take_while(between).count();
            if skip < rest.len() {
                let brace = rest[skip] == b'}';
                self.step(skip);
                if brace {
                    // The end of an object that holds the array.
                    self.step(1);
                    continue;
                }
                if std::mem::take(&mut self.fresh)
                    && let Some(to) = self.holder()
                {
                    self.step(to);
                    continue;
                }
                return Some(self.element());
            }
            self.step(skip);
        }
    }

    /// If an object begins here whose first bytes lead to an array under a known word: how far that array is.
    fn holder(&self) -> Option<usize> {
        let rest = &self.buffer[self.at..self.filled];
        let body = rest.strip_prefix(b"{")?;
        let key = body.iter().position(|b| !b.is_ascii_whitespace())?;
        let word = HOLDERS.iter().find(|w| body[key..].starts_with(w))?;
        let mut at = 1 + key + word.len();
        for wanted in [b':', b'['] {
            at += rest[at..].iter().position(|b| !b.is_ascii_whitespace())?;
            (*rest.get(at)? == wanted).then_some(())?;
            at += 1;
        }
        // A row that has a list of texts or turns under such a word is a row: the array holds objects with fields.
        at += rest[at..].iter().position(|b| !b.is_ascii_whitespace())?;
        let turns = *word == b"\"conversations\"";
        (rest[at] == b'{' && !turns).then_some(at)
    }

    fn element(&mut self) -> Element {
        let (offset, line) = (self.offset, self.line);
        self.held.clear();
        let (mut depth, mut text, mut escaped, mut length) = (0u64, false, false, 0u64);
        let mut scalar = true;
        loop {
            if !self.more() {
                let end = if depth == 0 && scalar && !text && self.error.is_none() { End::Whole } else { End::Cut };
                return Element { offset, line, length, end };
            }
            let rest = &self.buffer[self.at..self.filled];
            let mut done = None;
            let mut i = 0;
            while i < rest.len() {
                if escaped {
                    escaped = false;
                    i += 1;
                    continue;
                }
                if text {
                    match memchr::memchr2(b'"', b'\\', &rest[i..]) {
                        None => i = rest.len(),
                        Some(found) => {
                            i += found;
                            text = rest[i] != b'"';
                            escaped = text;
                            i += 1;
                        }
                    }
                    continue;
                }
                match rest[i] {
                    b'"' => text = true,
                    b'{' | b'[' => (depth, scalar) = (depth + 1, false),
                    b'}' | b']' if depth > 0 => {
                        depth -= 1;
                        if depth == 0 {
                            done = Some(i + 1);
                            break;
                        }
                    }
                    b',' | b']' | b'}' if depth == 0 => {
                        done = Some(i);
                        break;
                    }
                    b'\n' if depth == 0 && scalar => {
                        done = Some(i);
                        break;
                    }
                    _ => {}
                }
                i += 1;
            }
            let taken = done.unwrap_or(rest.len());
            length += taken as u64;
            let keep = taken.min(self.max.max(800).saturating_sub(self.held.len()));
            if self.max > 0 {
                self.held.extend_from_slice(&rest[..keep]);
            }
            self.step(taken);
            if done.is_some() {
                let end = if length > self.max as u64 { End::TooLarge } else { End::Whole };
                return Element { offset, line, length, end };
            }
        }
    }
}

/// The first whole elements of a text, for detection.
pub fn first(text: &str, count: usize) -> Vec<String> {
    let stream = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
    let mut elements = Elements::new(stream, 0, text.len());
    let mut found = Vec::new();
    while found.len() < count
        && let Some(element) = elements.next_element()
    {
        if element.end == End::Whole {
            found.push(String::from_utf8_lossy(&elements.held).into_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, max: usize) -> Vec<(String, u64, End)> {
        let mut elements = Elements::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())), 0, max);
        let mut found = Vec::new();
        while let Some(element) = elements.next_element() {
            found.push((String::from_utf8_lossy(&elements.held).into_owned(), element.line, element.end));
        }
        found
    }

    fn texts(text: &str) -> Vec<String> {
        all(text, 1000).into_iter().map(|e| e.0).collect()
    }

    #[test]
    fn finds_elements_in_every_dress() {
        let rows = [r#"{"a":"],}"}"#, r#"{"b":[1,{"c":2}]}"#, r#"{"d":"\"\\"}"#];
        assert_eq!(texts(&format!("[{}]", rows.join(","))), rows);
        assert_eq!(texts(&format!("\u{feff}[\n  {}\n]\n", rows.join(",\n  "))), rows);
        assert_eq!(texts(&rows.join("\n")), rows);
        assert_eq!(texts(&format!("{{\"data\": [{}], \"n\": 3}}", rows.join(", ")))[..3], rows);
        assert_eq!(texts("[1, \"two\", {\"three\": 3}]"), ["1", "\"two\"", "{\"three\": 3}"]);
        let turns = r#"{"conversations": [{"from": "human", "value": "你好"}]}"#;
        assert_eq!(texts(turns), [turns]);
        assert!(texts("[]").is_empty() && texts("").is_empty());
    }

    #[test]
    fn tells_what_is_cut_and_what_is_too_large() {
        let found = all("[{\"a\":1},\n{\"b\":\"xxxxxxxxxxxxxxxxxxxxxxxx\"},\n{\"c\":2},{\"d", 16);
        let ends: Vec<_> = found.iter().map(|e| (e.1, e.2)).collect();
        assert_eq!(ends, [(0, End::Whole), (1, End::TooLarge), (2, End::Whole), (2, End::Cut)]);
    }

    #[test]
    fn survives_any_prefix_and_deep_nesting() {
        let text = r#"[{"a":"],}\""},{"b":[1,{"c":"深"}]}]"#;
        (0..text.len()).filter(|i| text.is_char_boundary(*i)).for_each(|i| {
            all(&text[..i], 100);
        });
        assert_eq!(all(&"[".repeat(100_000), 100).len(), 0);
        assert_eq!(all(&format!("{{\"a\":{}", "[".repeat(100_000)), 100).len(), 1);
    }
}
