//! WET files of Common Crawl: the text of pages as WARC `conversion` records, for pretraining.
//!
//! ```text
//! WARC/1.0
//! WARC-Type: conversion
//! WARC-Target-URI: https://example.org/
//! WARC-Identified-Content-Language: zho
//! Content-Type: text/plain
//! Content-Length: 42
//!
//! 正文 …
//! ```
//!
//! # What it reads
//! Each `conversion` record is a document: the url is `WARC-Target-URI`, the id `WARC-Record-ID` without its brackets, the
//! language the first of `WARC-Identified-Content-Language` (as two letters where there are two); `meta` holds the other
//! headers that begin with `WARC-`. The file's description of itself (`warcinfo`) is no row. Where the line breaks of a
//! file were converted from `\r\n` to `\n`, lengths that counted both bytes are understood.
//!
//! # What is set aside
//! Records of other types (`record_type`, the value says which): a WARC of whole pages is not turned into text here.
//!
//! # What is unreadable
//! `utf8`, `row_too_large`, `truncated`, `corrupt`; `warc` (headers that make no sense, or a `Content-Length` behind which
//! no record begins: reading goes on at the next record).
//!
//! # Example
//! ```toml
//! [[source]]
//! name = "cc"
//! path = ["CC-MAIN-*.warc.wet.gz"]
//! ```
//!
//! # Limits
//! One core a file.

use std::borrow::Cow;
use std::io;

use super::support::records::{stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::{Window, open_at};
use crate::rows::{Content, Record, Row};
use crate::text::docs::module_docs;
use crate::text::language;

/// The container.
pub struct Wet;

/// Its instance.
pub static CONTAINER: Wet = Wet;

/// More bytes of headers than any record has.
const HEADERS: usize = 64 << 10;

/// How a record begins, behind the line break before it.
const BEGIN: &[u8] = b"\nWARC/";

impl Container for Wet {
    fn name(&self) -> &'static str {
        "wet"
    }
    fn about(&self) -> &'static str {
        "WET files of Common Crawl: text of pages as conversion records"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("wet.rs"))
    }
    fn objects(&self) -> bool {
        false
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let opened = open_at(piece, &layout.transport)?;
        let window = Window::new(opened.stream, opened.offset);
        Ok(Box::new(Records { window, lines: 0, done: false, max: layout.max_row }))
    }
}

struct Records {
    window: Window,
    lines: u64,
    done: bool,
    max: u64,
}

/// The headers of a record, in order.
type Headers = Vec<(String, String)>;

impl Records {
    fn step(&mut self, count: usize) {
        self.lines += memchr::memchr_iter(b'\n', &self.window.bytes()[..count]).count() as u64;
        self.window.consume(count);
    }

    /// Passes the empty lines between records; false at the end.
    fn begin(&mut self) -> bool {
        loop {
            let blank = self.window.bytes().iter().take_while(|b| b.is_ascii_whitespace()).count();
            self.step(blank);
            if !self.window.bytes().is_empty() {
                return true;
            }
            if !self.window.more() {
                return false;
            }
        }
    }

    /// The headers at the front and how long they are. `Err` is what is wrong with them; none, that the file ends.
    fn headers(&mut self) -> Result<(Headers, usize), Option<&'static str>> {
        let end = loop {
            let bytes = self.window.bytes();
            let windows = memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4);
            let plain = memchr::memmem::find(bytes, b"\n\n").map(|at| at + 2);
            if let Some(end) = windows.into_iter().chain(plain).min() {
                break end;
            }
            if bytes.len() > HEADERS {
                return Err(Some("the headers of the record do not end"));
            }
            if !self.window.more() {
                return Err(None);
            }
        };
        let text = String::from_utf8_lossy(&self.window.bytes()[..end]);
        let mut lines = text.lines();
        if !lines.next().is_some_and(|first| first.starts_with("WARC/")) {
            return Err(Some("a record should begin here with `WARC/1.0`"));
        }
        let pair = |line: &str| line.split_once(':').map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()));
        Ok((lines.filter_map(pair).collect(), end))
    }

    /// Whether the record whose body ends after `at` bytes ends there: at the line breaks of the standard, before another
    /// record, or at the end of the file.
    fn closes(&mut self, at: usize) -> bool {
        loop {
            let rest = &self.window.bytes()[at..];
            if rest.starts_with(b"\r\n\r\n") {
                return true;
            }
            let next = rest.trim_ascii_start();
            if next.len() >= BEGIN.len() || !next.is_empty() && !BEGIN[1..].starts_with(next) {
                return next.starts_with(&BEGIN[1..]);
            }
            if !self.window.more() {
                return self.window.bytes()[at..].trim_ascii_start().is_empty();
            }
        }
    }

    /// Goes to the next record that begins behind the first `from` buffered bytes, or to the end.
    fn resume(&mut self, from: usize) {
        self.step(from);
        loop {
            match next_record(self.window.bytes(), self.window.over()) {
                Ok(at) => return self.step(at),
                Err(clear) => self.step(clear),
            }
            if !self.window.more() {
                return self.step(self.window.bytes().len());
            }
        }
    }

    /// Passes the body of `length` bytes at the front without holding it; false where it does not end there, and the
    /// record that was passed is reported as broken.
    fn pass(&mut self, length: u64, place: (u64, u64), emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let mut left = length;
        while left > 0 {
            let found = next_record(self.window.bytes(), self.window.over());
            let clear = found.unwrap_or_else(|clear| clear) as u64;
            let count = clear.min(left);
            self.step(usize::try_from(count).unwrap_or(usize::MAX));
            left -= count;
            if left > 0 && found.is_ok() {
                emit(wrong_length(length, Some(length - left), b"", place));
                return false;
            }
            if left > 0 && !self.window.more() && self.window.bytes().is_empty() {
                self.broken(place, emit);
                return false;
            }
        }
        true
    }

    /// Hands over the record whose body lies between two places of the window, if it ends there.
    fn held(
        &mut self,
        headers: &Headers,
        (end, whole): (usize, usize),
        place: (u64, u64),
        emit: &mut dyn FnMut(Record<'_>),
    ) {
        while self.window.bytes().len() < whole && self.window.more() {}
        if self.window.bytes().len() >= whole && self.closes(whole) {
            emit_record(headers, &self.window.bytes()[end..whole], place, emit);
            return self.step(whole);
        }
        let length = (whole - end) as u64;
        match self.mend(end, whole - end) {
            (Some(next), Some(real)) => {
                emit_record(headers, &self.window.bytes()[end..end + real], place, emit);
                self.step(next);
            }
            (Some(next), None) => {
                let head = &self.window.bytes()[end..next];
                emit(wrong_length(length, Some((next - end) as u64), head, place));
                self.step(next);
            }
            (None, _) if self.window.bytes().len() < whole => self.broken(place, emit),
            (None, _) => {
                emit(wrong_length(length, None, &self.window.bytes()[end..], place));
                self.resume(end - 1);
            }
        }
    }

    /// A record behind whose body of `length` bytes, after `end` bytes of headers, no record begins: where the next one
    /// does begin, and the length of the body if only its line breaks were counted otherwise.
    fn mend(&mut self, end: usize, length: usize) -> (Option<usize>, Option<usize>) {
        let most = end.saturating_add(length).saturating_add(HEADERS);
        let next = loop {
            // The line break before the record may be the last byte of the headers.
            let bytes = &self.window.bytes()[end - 1..];
            match next_record(bytes, self.window.over()) {
                Ok(at) => break Some(end - 1 + at),
                Err(_) if self.window.bytes().len() > most || !self.window.more() => break None,
                Err(_) => {}
            }
        };
        let Some(next) = next else { return (None, None) };
        let headers = &self.window.bytes()[..end];
        let body = &self.window.bytes()[end..next];
        let body = body.strip_suffix(b"\n\n").unwrap_or(body);
        let breaks = memchr::memchr_iter(b'\n', body).count();
        let converted = !headers.contains(&b'\r') && breaks > 0 && body.len() + breaks == length;
        (Some(next), converted.then_some(body.len()))
    }

    fn broken(&mut self, place: (u64, u64), emit: &mut dyn FnMut(Record<'_>)) {
        self.done = true;
        match self.window.error() {
            Some(error) => emit(stream_broke(&error, place.0, place.1)),
            None => {
                let detail = "the file ends within this record; the records before were read".to_owned();
                emit(unreadable("truncated", detail, self.window.bytes(), place.0, place.1));
            }
        }
    }
}

fn header<'h>(headers: &'h Headers, name: &str) -> Option<&'h str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl Reader for Records {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if self.done {
            return false;
        }
        if !self.begin() {
            self.done = true;
            let (offset, line) = (self.window.offset(), self.lines);
            return match self.window.error() {
                Some(error) => {
                    emit(stream_broke(&error, offset, line));
                    true
                }
                None => false,
            };
        }
        let place = (self.window.offset(), self.lines);
        let (headers, end) = match self.headers() {
            Ok(found) => found,
            Err(None) => {
                self.broken(place, emit);
                return true;
            }
            Err(Some(detail)) => {
                emit(unreadable("warc", detail.to_owned(), self.window.bytes(), place.0, place.1));
                self.resume(0);
                return true;
            }
        };
        let Some(length) = header(&headers, "Content-Length").and_then(|n| n.parse::<u64>().ok()) else {
            let detail = "the record has no `Content-Length`; reading goes on at the next one".to_owned();
            emit(unreadable("warc", detail, self.window.bytes(), place.0, place.1));
            self.resume(end - 1);
            return true;
        };
        if length > self.max {
            let head: Vec<u8> = self.window.bytes()[end..].iter().take(800).copied().collect();
            // The line break of the headers stays, since a record may begin behind it.
            self.step(end - 1);
            if !self.pass(length.saturating_add(1), place, emit) {
                return true;
            }
            if header(&headers, "WARC-Type") == Some("conversion") {
                emit(too_large(&head, length, self.max, place.0, place.1));
            } else {
                emit_record(&headers, b"", place, emit);
            }
            return true;
        }
        self.held(&headers, (end, end + length as usize), place, emit);
        true
    }
}

/// Hands over a record with its body.
fn emit_record(headers: &Headers, body: &[u8], place: (u64, u64), emit: &mut dyn FnMut(Record<'_>)) {
    let kind = header(headers, "WARC-Type").unwrap_or_default();
    if kind == "warcinfo" {
        return;
    }
    if kind != "conversion" {
        let mut row = row(headers, Cow::Borrowed(""));
        row.aside = Some(("record_type", kind.to_owned()));
        return emit(Record { offset: place.0, line: place.1, row: Ok(row) });
    }
    match simdutf8::compat::from_utf8(body) {
        Ok(text) => emit(Record { offset: place.0, line: place.1, row: Ok(row(headers, Cow::Borrowed(text))) }),
        Err(error) => {
            let detail = format!("not UTF-8 at byte {} of the text", error.valid_up_to());
            emit(unreadable("utf8", detail, body, place.0, place.1));
        }
    }
}

/// The record for one behind which no other begins.
fn wrong_length(length: u64, real: Option<u64>, head: &[u8], place: (u64, u64)) -> Record<'static> {
    let next = real.map_or("no record begins there".into(), |real| format!("the next record begins after {real}"));
    let detail = format!("`Content-Length` says {length} bytes, but {next}; reading goes on at the next record");
    unreadable("warc", detail, head, place.0, place.1)
}

/// Where a record begins that has a line break before it; or how many bytes hold no beginning of one. `over` says that
/// no bytes follow.
fn next_record(bytes: &[u8], over: bool) -> Result<usize, usize> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], BEGIN).map(|at| from + at) {
        let rest = &bytes[at + BEGIN.len()..];
        let version = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let line = rest[version..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let name = &rest[version + line..];
        let letters = name.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
        match name.get(letters) {
            None if !over && rest.len() < HEADERS => return Err(at),
            Some(b':') if version > 0 && rest[version..][..line].contains(&b'\n') && letters > 0 => return Ok(at + 1),
            _ => from = at + 1,
        }
    }
    Err(if over { bytes.len() } else { bytes.len().saturating_sub(BEGIN.len() - 1) })
}

fn row<'a>(headers: &Headers, text: Cow<'a, str>) -> Row<'a> {
    let mut row = Row::new(Content::Pretrain { text });
    row.url = header(headers, "WARC-Target-URI").filter(|v| !v.is_empty()).map(|v| Cow::Owned(v.to_owned()));
    row.id = header(headers, "WARC-Record-ID").map(|id| Cow::Owned(id.trim_matches(['<', '>']).to_owned()));
    row.language = header(headers, "WARC-Identified-Content-Language").and_then(|list| {
        let code = list.split(',').next()?.trim();
        let short = language::code(code).unwrap_or(code);
        (!short.is_empty()).then(|| Cow::Owned(short.to_owned()))
    });
    const USED: [&str; 3] = ["warc-target-uri", "warc-record-id", "warc-type"];
    let rest: serde_json::Map<String, serde_json::Value> = headers
        .iter()
        .filter(|(key, _)| key.to_ascii_lowercase().starts_with("warc-"))
        .filter(|(key, _)| !USED.contains(&key.to_ascii_lowercase().as_str()))
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    row.meta = (!rest.is_empty()).then(|| Cow::Owned(serde_json::Value::Object(rest).to_string()));
    row
}
