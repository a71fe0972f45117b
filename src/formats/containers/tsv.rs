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
use super::support::records::next_row;
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::lines::Place;
use crate::input::{Line, Lines};
use crate::rows::Record;
use crate::text::docs::module_docs;

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
        let mut first =
            Lines::open(&Piece { start: 0, end: u64::MAX, ..piece.clone() }, &layout.transport, layout.max_row)?;
        while let Some((line, place)) = first.next_line() {
            if let Line::Whole(bytes) = line
                && !is_blank(bytes)
            {
                names_at = columns.first(bytes.split(|b| *b == b'\t')).then_some(place.offset);
                break;
            }
        }
        Ok(Box::new(TsvReader {
            lines: Lines::open(piece, &layout.transport, layout.max_row)?,
            columns,
            names_at,
            max: layout.max_row,
        }))
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
        let TsvReader { lines, columns, names_at, max } = self;
        let skipped = |bytes: &[u8], place: Place| is_blank(bytes) || *names_at == Some(place.offset);
        next_row(lines, *max, skipped, emit, |bytes, place, emit| {
            columns.emit(bytes.split(|b| *b == b'\t'), bytes, (place.offset, place.line), place.ended, emit);
        })
    }
}
