//! TSV: rows of columns separated by tabs, without quotes.
//!
//! # What it reads
//! As `csv`, but a quote is a character like any other: that is how parallel corpora and titles come.
//!
//! # What is unreadable
//! As for `csv`.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "titles"
//! path   = ["thucnews_titles.txt"]
//! format = "tsv"
//! use    = "task"
//! fields = { input = "1", output = "2" }   # numbers: no row of names
//! ```
//!
//! # Limits
//! A plain UTF-8 file is read by all cores; a compressed one by one core.

use std::io;

use super::csv::Columns;
use super::mapped::{stream_broke, too_large};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::{Line, Lines};
use crate::rows::Record;
use crate::stages::module_docs;

/// The container.
pub struct Tsv;

/// Its instance.
pub static CONTAINER: Tsv = Tsv;

impl Container for Tsv {
    fn name(&self) -> &'static str {
        "tsv"
    }
    fn about(&self) -> &'static str {
        "columns separated by tabs, without quotes"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("tsv.rs"))
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Bytes
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        // The first row tells the columns to all pieces.
        let mut columns = Columns::new(layout)?;
        let mut names_at = None;
        let mut first = Lines::open(&Piece { start: 0, end: u64::MAX, ..piece.clone() }, layout)?;
        while let Some((line, place)) = first.next_line() {
            if let Line::Whole(bytes) = line
                && !is_blank(bytes)
            {
                names_at = columns.first(bytes.split(|b| *b == b'\t')).then_some(place.offset);
                break;
            }
        }
        Ok(Box::new(TsvReader { lines: Lines::open(piece, layout)?, columns, names_at, max: layout.max_row }))
    }
}

struct TsvReader {
    lines: Lines,
    columns: Columns,
    /// Where the row of names is.
    names_at: Option<u64>,
    max: u64,
}

/// A line of tabs is a row of empty cells.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| b.is_ascii_whitespace() && *b != b'\t')
}

impl Reader for TsvReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        loop {
            let Some((line, place)) = self.lines.next_line() else {
                let (offset, line) = (self.lines.offset(), self.lines.lines());
                let Some(error) = self.lines.take_error() else { return false };
                emit(stream_broke(&error, offset, line));
                return true;
            };
            match line {
                Line::Whole(bytes) if is_blank(bytes) => continue,
                Line::Whole(_) if place.cut || self.names_at == Some(place.offset) => continue,
                Line::Whole(bytes) => {
                    let cells = bytes.split(|b| *b == b'\t');
                    self.columns.emit(cells, bytes, (place.offset, place.line), emit);
                }
                Line::TooLarge(head, length) => emit(too_large(head, length, self.max, place.offset, place.line)),
            }
            return true;
        }
    }
}
