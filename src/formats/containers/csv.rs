//! CSV: rows of columns, with quotes.
//!
//! # What it reads
//! The first row names the columns; where `fields` maps to column numbers (`"1"` is the first), there is no such row.
//! Nor is there where the first row does not look like one (a number, or what stands in the rows below too): columns are
//! then called by number, and a Chinese column beside one in another language makes an aligned pair of them.
//! The separator (`,` `;` `|` or tab) is detected from the first line, or said by it (`sep=;`, as Excel writes). Quoted cells may hold separators and line breaks.
//! Lines may end by a lone carriage return, as Excel for Mac writes them.
//! Every row becomes an object of texts, so that all shapes read it.
//!
//! # What is unreadable
//! `columns` (a row of another length than the first, or a quote that is not closed before the file ends: reading goes
//! on at the next line), `row_too_large` (also a quote that is not closed within `max_row`), `utf8`, `truncated`,
//! `corrupt`, and what the shape says.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "reviews"
//! path   = ["reviews.csv"]
//! use    = "task"
//! fields = { input = "review", output = "label" }
//! ```
//!
//! # Limits
//! A large file is read once beforehand, to see where rows begin, since a quote may open anywhere; then by all cores (but
//! for one whose lines end by a lone carriage return).

use std::io;

mod cells;

pub(in crate::formats) use cells::first_rows;
use cells::{Cells, End};

use super::support::mapper::{Mapper, map, shape_of};
use super::support::records::{not_utf8, stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Shape, Split};
use crate::input::{Window, lines_end_by_newline, lines_end_by_return, open_at};
use crate::rows::Record;
use crate::text::docs::module_docs;

/// The container.
pub struct Csv;

/// Its instance.
pub static CONTAINER: Csv = Csv;

impl Container for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }
    fn about(&self) -> &'static str {
        "columns with quotes; the first row names them"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("csv.rs"))
    }
    fn split(&self, layout: &Layout) -> Split {
        Mapper::split(layout, Split::Cuts)
    }
    fn cuts(&self, whole: &Piece, layout: &Layout, unit: u64) -> io::Result<Vec<u64>> {
        if lines_end_by_return(whole, &layout.transport)? {
            return Ok(vec![0]);
        }
        let mut reader = reader(whole, layout)?;
        let separator = reader.separator();
        let mut cuts = vec![0u64];
        while let Some(offset) = reader.pass_row(separator) {
            if offset >= cuts.last().copied().unwrap_or(0).saturating_add(unit.max(1)) {
                cuts.push(offset);
            }
        }
        Ok(cuts)
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let mut reader = reader(piece, layout)?;
        if piece.start > 0 {
            let mut first = self::reader(&Piece { start: 0, ..piece.clone() }, layout)?;
            reader.separator = Some(first.learn_columns());
            reader.columns = first.columns;
        }
        Ok(Box::new(reader))
    }
}

/// A reader of the rows that begin in a piece, which knows no columns yet.
fn reader(piece: &Piece, layout: &Layout) -> io::Result<CsvReader> {
    let opened = open_at(piece, &layout.transport)?;
    let offset = opened.offset;
    let window = Window::new(lines_end_by_newline(opened, piece, &layout.transport)?, offset);
    CsvReader::new(window, layout, piece.end)
}

/// What makes objects of rows of cells.
pub(super) struct Columns {
    /// `"name":`, in JSON; empty until the first row was seen.
    keys: Vec<String>,
    shape: &'static dyn Shape,
    layout: Layout,
    json: Vec<u8>,
}

impl Columns {
    pub(super) fn new(layout: &Layout) -> io::Result<Self> {
        Ok(Columns { keys: Vec::new(), shape: shape_of(layout)?, layout: layout.clone(), json: Vec::new() })
    }

    /// Whether the recipe names columns by number: then there is no row of names. Nor is there where detection saw none
    /// and the recipe names no column.
    fn numbered(&self) -> bool {
        let fields = &self.layout.fields;
        let number = |f: &String| f.parse::<usize>().is_ok();
        if fields.is_empty() { self.layout.columns.is_some() } else { fields.values().all(number) }
    }

    /// Takes the first row; whether it was the row of names.
    pub(super) fn first<'c>(&mut self, cells: impl Iterator<Item = &'c [u8]>) -> bool {
        let numbered = self.numbered();
        let known = self.layout.columns.clone().filter(|_| self.layout.fields.is_empty()).unwrap_or_default();
        let key = |(i, cell): (usize, &[u8])| {
            if let Some(name) = known.get(i) {
                return serde_json::to_string(name).map(|name| name + ":").unwrap_or_default();
            }
            let name = String::from_utf8_lossy(cell).trim().to_owned();
            let name = if numbered || name.is_empty() { (i + 1).to_string() } else { name };
            serde_json::to_string(&name).map(|name| name + ":").unwrap_or_default()
        };
        self.keys = cells.enumerate().map(key).collect();
        !numbered
    }

    /// Whether the first row was seen.
    pub(super) fn known(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Emits one row. `bytes` are its text in the file, and `ended` says that something stands behind it.
    pub(super) fn emit<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c [u8]>,
        bytes: &[u8],
        place: (u64, u64),
        ended: bool,
        emit: &mut dyn FnMut(Record<'_>),
    ) {
        self.json.clear();
        self.json.push(b'{');
        let mut count = 0;
        for cell in cells {
            let Some(key) = self.keys.get(count) else {
                count += 1;
                continue;
            };
            let cell = match simdutf8::compat::from_utf8(cell) {
                Ok(cell) => cell,
                Err(error) => {
                    let name = key.trim_end_matches(':');
                    let detail =
                        format!("column {name} is not UTF-8; if the file has another encoding, say `encoding`");
                    let (reason, detail) = not_utf8(error, ended || !bytes.ends_with(cell), detail);
                    return emit(unreadable(reason, detail, bytes, place.0, place.1));
                }
            };
            if count > 0 {
                self.json.push(b',');
            }
            self.json.extend_from_slice(key.as_bytes());
            // Writing to memory does not fail.
            let _ = serde_json::to_writer(&mut self.json, cell);
            count += 1;
        }
        if count != self.keys.len() {
            let detail = format!("{count} columns, but the first row has {}", self.keys.len());
            return emit(unreadable("columns", detail, bytes, place.0, place.1));
        }
        self.json.push(b'}');
        map(&self.json, place, true, self.shape, &self.layout, emit);
    }
}

struct CsvReader {
    window: Window,
    line: u64,
    /// Bytes at the front of the window that the last row took.
    used: usize,
    separator: Option<u8>,
    columns: Columns,
    cells: Cells,
    max: usize,
    /// Rows that begin from this offset on are another piece's.
    end: u64,
    over: bool,
}

enum Found {
    /// A row of so many bytes, its line break included.
    Row(usize),
    TooLarge,
    /// A quote is open at the end of the file.
    Quote,
    Failed(io::Error),
    End,
}

impl CsvReader {
    fn new(window: Window, layout: &Layout, end: u64) -> io::Result<Self> {
        Ok(CsvReader {
            window,
            line: 0,
            used: 0,
            separator: None,
            columns: Columns::new(layout)?,
            cells: Cells::default(),
            max: usize::try_from(layout.max_row).unwrap_or(usize::MAX),
            end,
            over: false,
        })
    }

    /// The separator, told from the first line where it is not known.
    fn separator(&mut self) -> u8 {
        if let Some(separator) = self.separator {
            return separator;
        }
        let (separator, declared) = self.tell_separator();
        if declared {
            self.pass_line();
        }
        *self.separator.insert(separator)
    }

    /// Goes to where the next row begins, or to the end of the piece: its offset and line.
    fn next_row(&mut self) -> Option<(u64, u64)> {
        let used = std::mem::take(&mut self.used);
        self.step(used);
        while self.window.bytes().len() < 3 && self.window.more() {}
        if self.window.bytes().starts_with(b"\xef\xbb\xbf") {
            // A file with a byte order mark, joined to another one.
            self.step(3);
        }
        (self.window.offset() < self.end).then(|| (self.window.offset(), self.line))
    }

    /// Passes over a row, however it is to be read; where it begins.
    fn pass_row(&mut self, separator: u8) -> Option<u64> {
        let (offset, _) = self.next_row()?;
        match self.find(separator) {
            Found::Row(length) => self.used = length,
            Found::TooLarge | Found::Quote => {
                self.pass_line();
            }
            Found::Failed(_) | Found::End => return None,
        }
        Some(offset)
    }

    /// Reads the first row that is one, as the reader of the first piece does; the separator.
    fn learn_columns(&mut self) -> u8 {
        let separator = self.separator();
        while !self.columns.known() && self.next_row().is_some() {
            match self.find(separator) {
                Found::Row(length) => {
                    self.used = length;
                    self.cells.take(&self.window.bytes()[..length], separator);
                    let blank = |b: &u8| b.is_ascii_whitespace() && *b != separator;
                    if !self.window.bytes()[..length].iter().all(blank) {
                        self.columns.first(self.cells.iter());
                    }
                }
                Found::TooLarge | Found::Quote => {
                    self.pass_line();
                }
                Found::Failed(_) | Found::End => break,
            }
        }
        separator
    }

    /// Gives back the memory of the last row, if it was long.
    fn release(&mut self) {
        let used = std::mem::take(&mut self.used);
        self.step(used);
        self.window.release();
        self.cells.release();
    }

    fn step(&mut self, bytes: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.window.bytes()[..bytes]).count() as u64;
        self.window.consume(bytes);
    }

    /// Uses up the line at the front, however long; what follows may be read as rows again.
    fn pass_line(&mut self) -> u64 {
        let start = self.window.offset();
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', bytes) {
                self.step(at + 1);
                break;
            }
            self.step(bytes.len());
            if !self.window.more() {
                break;
            }
        }
        self.window.offset() - start
    }

    /// The separator that the first line declares, or has most of; and whether it declares it.
    fn tell_separator(&mut self) -> (u8, bool) {
        while memchr::memchr(b'\n', self.window.bytes()).is_none()
            && self.window.bytes().len() <= self.max
            && self.window.more()
        {}
        let bytes = self.window.bytes();
        let first = &bytes[..memchr::memchr(b'\n', bytes).unwrap_or(bytes.len())];
        if let Some(separator) = declared(first) {
            return (separator, true);
        }
        let count = |b: &u8| memchr::memchr_iter(*b, first).count();
        // Of equals the last counts: the comma.
        ([b'|', b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b','), false)
    }

    /// Finds the end of the row at the front.
    fn find(&mut self, separator: u8) -> Found {
        let mut end = End::default();
        loop {
            let over = self.window.over();
            let bytes = self.window.bytes();
            if let Some(length) = end.find(bytes, separator, over) {
                return if length - 1 > self.max { Found::TooLarge } else { Found::Row(length) };
            }
            if bytes.len() > self.max {
                return Found::TooLarge;
            }
            if !self.window.more() {
                return match self.window.error() {
                    Some(error) => Found::Failed(error),
                    None if self.window.bytes().is_empty() => Found::End,
                    None if !over => continue,
                    None if end.is_quoted() => Found::Quote,
                    None => Found::Row(self.window.bytes().len()),
                };
            }
        }
    }
}

/// The separator that a line of Excel's own says (`sep=;`), before the row of names.
pub(in crate::formats) fn declared(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=")).then(|| line[4])
}

impl Reader for CsvReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let separator = self.separator();
        while !self.over {
            let Some((offset, line)) = self.next_row() else {
                self.over = true;
                break;
            };
            let max = self.max as u64;
            match self.find(separator) {
                Found::End => self.over = true,
                Found::Failed(error) => {
                    self.over = true;
                    emit(stream_broke(&error, offset, line));
                    return true;
                }
                Found::TooLarge => {
                    let head = self.window.bytes()[..self.window.bytes().len().min(800)].to_vec();
                    let length = self.pass_line().max(max + 1);
                    emit(too_large(&head, length, max, offset, line));
                    return true;
                }
                Found::Quote => {
                    let head = self.window.bytes()[..self.window.bytes().len().min(800)].to_vec();
                    self.pass_line();
                    let detail = "a quote that opens in this row is not closed; reading goes on at the next line";
                    emit(unreadable("columns", detail.to_owned(), &head, offset, line));
                    return true;
                }
                Found::Row(length) => {
                    self.used = length;
                    self.cells.take(&self.window.bytes()[..length], separator);
                    let bytes = &self.window.bytes()[..length];
                    if bytes.iter().all(|b| b.is_ascii_whitespace() && *b != separator) {
                        continue;
                    }
                    if !self.columns.known() && self.columns.first(self.cells.iter()) {
                        continue;
                    }
                    let ended = bytes.ends_with(b"\n") || bytes.ends_with(b"\r");
                    self.columns.emit(self.cells.iter(), bytes, (offset, line), ended, emit);
                    self.release();
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_breaks_and_short_rows() {
        let layout: Layout = serde_json::from_value(serde_json::json!({
            "container": "csv", "shape": "fields", "usage": "task", "compression": "none", "encoding": "UTF-8",
            "rows": null, "fields": {"input": "q", "output": "a"}, "source": "s", "language": null, "max_row": 100
        }))
        .unwrap();
        let text = "q,a\n\"一,二\n三\",四\nonly one\n五,六\n";
        let stream = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        let window = Window::new(stream, 0);
        let mut reader = CsvReader::new(window, &layout, u64::MAX).unwrap();
        let mut seen = Vec::new();
        while reader.next(&mut |record| {
            seen.push((record.line, record.row.as_ref().map(|_| ()).map_err(|e| e.reason)));
        }) {}
        assert_eq!(seen, [(1, Ok(())), (3, Err("columns")), (4, Ok(()))]);
    }
}
