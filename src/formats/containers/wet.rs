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
//! language the first of `WARC-Identified-Content-Language` (as two letters where it is a common one); `meta` holds the
//! other headers that begin with `WARC-`. The file's description of itself (`warcinfo`) is no row.
//!
//! # What is set aside
//! Records of other types (`record_type`, the value says which): a WARC of whole pages is not turned into text here.
//!
//! # What is unreadable
//! `utf8`, `row_too_large`, `truncated`, `corrupt`; `warc` (headers that make no sense: reading ends there).
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

use super::mapped::{stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::{Window, open_at};
use crate::rows::{Content, Record, Row};
use crate::stages::module_docs;

/// The container.
pub struct Wet;

/// Its instance.
pub static CONTAINER: Wet = Wet;

/// More bytes of headers than any record has.
const HEADERS: usize = 64 << 10;

/// Languages as Common Crawl names them.
const LANGUAGES: [(&str, &str); 10] = [
    ("zho", "zh"),
    ("eng", "en"),
    ("jpn", "ja"),
    ("kor", "ko"),
    ("rus", "ru"),
    ("fra", "fr"),
    ("deu", "de"),
    ("spa", "es"),
    ("ara", "ar"),
    ("vie", "vi"),
];

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
        let opened = open_at(piece, layout)?;
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
                self.done = true;
                emit(unreadable("warc", detail.to_owned(), self.window.bytes(), place.0, place.1));
                return true;
            }
        };
        let Some(length) = header(&headers, "Content-Length").and_then(|n| n.parse::<u64>().ok()) else {
            self.done = true;
            let detail = "the record has no `Content-Length`".to_owned();
            emit(unreadable("warc", detail, self.window.bytes(), place.0, place.1));
            return true;
        };
        self.step(end);
        let kind = header(&headers, "WARC-Type").unwrap_or_default();
        let wanted = kind == "conversion";
        if !wanted || length > self.max {
            let head: Vec<u8> = self.window.bytes().iter().take(800).copied().collect();
            // Passed over without holding it.
            let mut left = length;
            while left > 0 {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.window.bytes().len());
                self.step(count);
                left -= count as u64;
                if left > 0 && self.window.bytes().is_empty() && !self.window.more() {
                    self.broken(place, emit);
                    return true;
                }
            }
            if wanted {
                emit(too_large(&head, length, self.max, place.0, place.1));
            } else if kind != "warcinfo" {
                let mut row = row(&headers, Cow::Borrowed(""));
                row.aside = Some(("record_type", kind.to_owned()));
                emit(Record { offset: place.0, line: place.1, row: Ok(row) });
            }
            return true;
        }
        let length = length as usize;
        while self.window.bytes().len() < length {
            if !self.window.more() {
                self.broken(place, emit);
                return true;
            }
        }
        let body = &self.window.bytes()[..length];
        match simdutf8::compat::from_utf8(body) {
            Ok(text) => {
                let row = row(&headers, Cow::Borrowed(text));
                emit(Record { offset: place.0, line: place.1, row: Ok(row) });
            }
            Err(error) => {
                let detail = format!("not UTF-8 at byte {} of the text", error.valid_up_to());
                emit(unreadable("utf8", detail, body, place.0, place.1));
            }
        }
        self.step(length);
        true
    }
}

fn row<'a>(headers: &Headers, text: Cow<'a, str>) -> Row<'a> {
    let mut row = Row::new(Content::Pretrain { text });
    row.url = header(headers, "WARC-Target-URI").filter(|v| !v.is_empty()).map(|v| Cow::Owned(v.to_owned()));
    row.id = header(headers, "WARC-Record-ID").map(|id| Cow::Owned(id.trim_matches(['<', '>']).to_owned()));
    row.language = header(headers, "WARC-Identified-Content-Language").and_then(|list| {
        let code = list.split(',').next()?.trim();
        let short = LANGUAGES.iter().find(|(long, _)| *long == code).map_or(code, |(_, short)| short);
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
