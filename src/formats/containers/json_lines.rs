//! JSON lines: one object a line.
//!
//! # What it reads
//! Every line that is not blank is an object, or a string, which is a text for pretraining; a byte order mark at the start of a line is passed over (files that were
//! joined). Lone surrogate escapes become U+FFFD; `NaN` and `Infinity` are null. Of a key that stands twice, the last
//! counts.
//!
//! # What is unreadable
//! `utf8`, `json`, `not_object`, `by_columns`, `truncated` (the file ends within a row), `row_too_large`, and what the shape says.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "news"
//! path   = ["news/*.jsonl"]
//! use    = "pretrain"
//! fields = { text = "content", id = "news_id" }
//! ```
//!
//! # Limits
//! A plain UTF-8 file is read by all cores; a compressed one by one core.

use std::io;

use super::support::mapper::Mapper;
use super::support::records::next_row;
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::Lines;
use crate::input::lines::is_blank;
use crate::rows::Record;
use crate::text::docs::module_docs;

/// The container.
pub struct JsonLines;

/// Its instance.
pub static CONTAINER: JsonLines = JsonLines;

impl Container for JsonLines {
    fn name(&self) -> &'static str {
        "jsonl"
    }
    fn about(&self) -> &'static str {
        "JSON lines: one object a line"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("json_lines.rs"))
    }
    fn split(&self, layout: &Layout) -> Split {
        Mapper::split(layout, Split::Bytes)
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let lines = Lines::open(piece, &layout.transport, layout.max_row)?;
        Ok(Box::new(JsonLinesReader { lines, mapper: Mapper::new(layout)?, max: layout.max_row }))
    }
}

struct JsonLinesReader {
    lines: Lines,
    mapper: Mapper,
    max: u64,
}

impl Reader for JsonLinesReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let JsonLinesReader { lines, mapper, max } = self;
        let read = next_row(
            lines,
            *max,
            |bytes, _| is_blank(bytes),
            emit,
            |bytes, place, emit| {
                mapper.map(bytes, (place.offset, place.line), place.ended, emit);
            },
        );
        read || mapper.finish(emit)
    }

    fn skip(&mut self, wanted: u64) -> u64 {
        if !self.mapper.one_each() {
            return 0;
        }
        self.lines.skip_rows(wanted)
    }
}
