//! TMX translation memories (OPUS): each `<tu>` is an aligned pair.
//!
//! ```xml
//! <tu tuid="1"><tuv xml:lang="en"><seg>Hello</seg></tuv><tuv xml:lang="zh"><seg>你好</seg></tuv></tu>
//! ```
//!
//! # What it reads
//! Every `<tu>` becomes an object whose fields are its languages (`xml:lang`, or `lang` in old files), with `id` from
//! `tuid` and the `<prop>`s of the unit by their types; the shape `pairs` makes a translation task of it. Tags inside a
//! segment go: the codes of another format (`bpt`, `ept`, `it`, `ph`, `ut`) with what they hold, others (`hi`, `sub`)
//! without.
//!
//! # What is unreadable
//! `xml` (a unit that is not well-formed: reading goes on behind it), `truncated` (the file ends inside a unit, or
//! without `</tmx>`), `row_too_large`, `corrupt`, and what the shape says.
//!
//! # Example
//! ```toml
//! [[source]]
//! name = "unpc"
//! path = ["en-zh.tmx.gz"]
//! ```
//!
//! # Limits
//! Of a language that stands twice in a unit the last one counts. OPUS leaves repeated pairs out of its TMX files, so they
//! hold fewer than the Moses files.

use std::borrow::Cow;
use std::io;

use quick_xml::Reader as Xml;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::support::mapper::{map, shape_of};
use super::support::records::{stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Shape, Split};
use crate::input::{Window, open_at};
use crate::rows::Record;
use crate::text::docs::module_docs;

/// The container.
pub struct Tmx;

/// Its instance.
pub static CONTAINER: Tmx = Tmx;

const OPEN: &[u8] = b"<tu";
const CLOSE: &[u8] = b"</tu>";
const END: &[u8] = b"</tmx>";

impl Container for Tmx {
    fn name(&self) -> &'static str {
        "tmx"
    }
    fn about(&self) -> &'static str {
        "TMX translation memories: a pair a unit"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("tmx.rs"))
    }
    fn shape(&self) -> &'static str {
        "pairs"
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Bytes
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        // A little before the start: a cut may go through the closing tag of the file.
        let from = piece.start.saturating_sub(END.len() as u64 - 1);
        let opened = open_at(&Piece { start: from, ..piece.clone() }, &layout.transport)?;
        Ok(Box::new(Units {
            window: Window::new(opened.stream, opened.offset),
            start: piece.start,
            end: piece.end,
            lines: 0,
            blank: true,
            closed: false,
            done: false,
            shape: shape_of(layout)?,
            layout: layout.clone(),
            max: usize::try_from(layout.max_row).unwrap_or(usize::MAX),
        }))
    }
}

struct Units {
    window: Window,
    start: u64,
    end: u64,
    /// Line breaks since the start.
    lines: u64,
    /// Whether only white space was seen since the start.
    blank: bool,
    /// Whether `</tmx>` was seen.
    closed: bool,
    done: bool,
    shape: &'static dyn Shape,
    layout: Layout,
    max: usize,
}

/// Where the next unit begins in bytes; and how many bytes before it hold no beginning of one.
fn open(bytes: &[u8]) -> (Option<usize>, usize) {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], OPEN).map(|at| from + at) {
        match bytes.get(at + 3) {
            Some(b'>' | b' ' | b'\t' | b'\r' | b'\n') => return (Some(at), at),
            None => return (None, at),
            Some(_) => from = at + 3,
        }
    }
    (None, bytes.len().saturating_sub(END.len() - 1))
}

/// Where a unit ends that is at the front: behind its closing tag, or, where that is missing, before the next unit. What
/// stands before `from` was looked at.
fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let close = memchr::memmem::find(rest, CLOSE).map(|at| from + at + CLOSE.len());
    let before = &bytes[..close.unwrap_or(bytes.len())];
    let next = before.get(from.max(OPEN.len())..).and_then(|rest| open(rest).0);
    next.map(|at| from.max(OPEN.len()) + at).or(close)
}

impl Units {
    fn step(&mut self, count: usize) {
        let before = (self.start.saturating_sub(self.window.offset()) as usize).min(count);
        let bytes = &self.window.bytes()[before..count];
        self.blank = self.blank && bytes.iter().all(u8::is_ascii_whitespace);
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.window.consume(count);
    }

    /// Goes to the next unit; false where there is none in this piece.
    fn find(&mut self) -> bool {
        loop {
            let (found, clear) = open(self.window.bytes());
            let bytes = &self.window.bytes()[..found.unwrap_or(self.window.bytes().len())];
            self.closed |= memchr::memmem::find(bytes, END).is_some();
            let clear = if found.is_none() && self.window.over() { self.window.bytes().len() } else { clear };
            self.step(clear);
            if self.window.offset() >= self.end {
                return false;
            }
            if found.is_some() && self.window.offset() >= self.start {
                return true;
            }
            if found.is_some() {
                self.step(1);
                continue;
            }
            if !self.window.more() {
                return false;
            }
        }
    }

    /// The bytes of the unit at the front, up to its closing tag or the end.
    fn whole(&mut self) -> Result<usize, usize> {
        let mut from = 0;
        loop {
            let bytes = self.window.bytes();
            if let Some(end) = end(bytes, from) {
                return Ok(end);
            }
            from = bytes.len().saturating_sub(CLOSE.len() - 1);
            // One that is too large is passed over without holding it.
            if bytes.len() > self.max.saturating_add(CLOSE.len()) || !self.window.more() {
                return Err(self.window.bytes().len());
            }
        }
    }

    /// What the end of the file is, where it is not as it should be.
    fn end_of_file(&mut self) -> Option<Record<'static>> {
        let (offset, line) = (self.window.offset(), self.lines);
        if let Some(error) = self.window.error() {
            return Some(stream_broke(&error, offset, line));
        }
        let detail = "the file ends without `</tmx>`; the units before were read";
        let cut = !self.closed && !self.blank && offset < self.end;
        cut.then(|| unreadable("truncated", detail.to_owned(), b"", offset, line))
    }

    /// Passes a unit that is too large, piece by piece; its length in bytes.
    fn pass_unit(&mut self) -> u64 {
        let start = self.window.offset();
        loop {
            let bytes = self.window.bytes();
            let found = end(bytes, if self.window.offset() == start { OPEN.len() } else { 0 });
            let keep = if self.window.over() { 0 } else { CLOSE.len() - 1 };
            let count = found.unwrap_or_else(|| bytes.len().saturating_sub(keep));
            self.step(count);
            if found.is_some() || !self.window.more() {
                return self.window.offset() - start;
            }
        }
    }
}

impl Reader for Units {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if self.done {
            return false;
        }
        if !self.find() {
            self.done = true;
            return self.end_of_file().is_some_and(|record| {
                emit(record);
                true
            });
        }
        let place = (self.window.offset(), self.lines);
        match self.whole() {
            Ok(length) => {
                let bytes = &self.window.bytes()[..length];
                if length > self.max {
                    emit(too_large(bytes, length as u64, self.layout.max_row, place.0, place.1));
                } else {
                    match unit(bytes) {
                        Ok(json) => map(json.as_bytes(), place, true, self.shape, &self.layout, emit),
                        Err((reason, detail)) => emit(unreadable(reason, detail, bytes, place.0, place.1)),
                    }
                }
                self.step(length);
            }
            Err(length) if length > self.max => {
                let head = self.window.bytes()[..length.min(800)].to_vec();
                let length = self.pass_unit();
                emit(too_large(&head, length, self.layout.max_row, place.0, place.1));
            }
            Err(length) => {
                let error = self.window.error();
                let bytes = &self.window.bytes()[..length];
                match error {
                    Some(error) => emit(stream_broke(&error, place.0, place.1)),
                    None => {
                        let detail = "the file ends inside this unit; the units before were read".to_owned();
                        emit(unreadable("truncated", detail, bytes, place.0, place.1));
                    }
                }
                self.done = true;
            }
        }
        true
    }
}

/// Reason and detail of a unit that cannot be read.
type Bad = (&'static str, String);

fn xml(error: impl std::fmt::Display) -> Bad {
    ("xml", error.to_string())
}

/// A unit as a JSON object.
fn unit(bytes: &[u8]) -> Result<String, Bad> {
    let text = std::str::from_utf8(bytes).map_err(|e| ("utf8", e.to_string()))?;
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut reader = Xml::from_str(text);
    let mut language = String::new();
    loop {
        match reader.read_event().map_err(xml)? {
            Event::Start(start) => match start.name().as_ref() {
                "tu" => {
                    if let Some(id) = attribute(&start, &["tuid"])? {
                        fields.push(("id".into(), id));
                    }
                }
                "tuv" => language = attribute(&start, &["xml:lang", "lang"])?.unwrap_or_default(),
                "seg" => {
                    let inner = reader.read_text(start.name()).map_err(xml)?;
                    let said = segment(&inner)?;
                    fields.push((language.clone(), said));
                }
                "prop" => {
                    let kind = attribute(&start, &["type"])?.unwrap_or_else(|| "prop".into());
                    let inner = reader.read_text(start.name()).map_err(xml)?;
                    let value = segment(&inner)?;
                    if language.is_empty() {
                        fields.push((kind, value));
                    }
                }
                _ => {}
            },
            Event::End(end) if end.name().as_ref() == "tu" => break,
            Event::Eof => return Err(xml("the unit is not closed")),
            _ => {}
        }
    }
    let mut json = String::from("{");
    for (key, value) in fields {
        json.push_str(if json.len() > 1 { "," } else { "" });
        for (text, behind) in [(key, ":"), (value, "")] {
            json.push_str(&serde_json::to_string(&text).unwrap_or_default());
            json.push_str(behind);
        }
    }
    json.push('}');
    Ok(json)
}

fn attribute(start: &BytesStart<'_>, names: &[&str]) -> Result<Option<String>, Bad> {
    for name in names {
        if let Some(value) = start.try_get_attribute(name).map_err(xml)? {
            return unescape(&value.value).map(|v| Some(v.into_owned())).map_err(xml);
        }
    }
    Ok(None)
}

/// The text of a segment, without tags.
fn segment(raw: &str) -> Result<String, Bad> {
    if !raw.contains('<') {
        return unescape(raw).map(Cow::into_owned).map_err(xml);
    }
    let mut out = String::new();
    let mut reader = Xml::from_str(raw);
    loop {
        match reader.read_event().map_err(xml)? {
            Event::Start(start) if matches!(start.name().as_ref(), "bpt" | "ept" | "it" | "ph" | "ut") => {
                reader.read_to_end(start.name()).map_err(xml)?;
            }
            Event::Text(text) => out.push_str(&unescape(&text).map_err(xml)?),
            Event::GeneralRef(name) => out.push_str(&unescape(&format!("&{};", &name[..])).map_err(xml)?),
            Event::CData(text) => out.push_str(&text),
            Event::Eof => return Ok(out),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_an_object_of_languages() {
        let text = r#"<tu tuid="7"><prop type="score">1.5</prop><tuv xml:lang="en"><seg>a &lt; b &amp; <bpt i="1">&lt;b&gt;</bpt>bold<ept i="1">x</ept> <hi>hi</hi></seg></tuv>
            <tuv lang="zh_CN"><prop type="x">y</prop><seg>“甲”<![CDATA[<乙>]]></seg></tuv></tu>"#;
        let want = r#"{"id":"7","score":"1.5","en":"a < b & bold hi","zh_CN":"“甲”<乙>"}"#;
        assert_eq!(unit(text.as_bytes()).unwrap(), want);
        assert_eq!(unit(b"<tu><tuv><seg>a</tuv></tu>").unwrap_err().0, "xml");
        assert_eq!(unit(b"<tu><tuv><seg>\xff</seg></tuv></tu>").unwrap_err().0, "utf8");
    }
}
