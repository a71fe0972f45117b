//! A glossary: a line a term, with its explanation behind the first `=`.
//!
//! # What it reads
//! Every line that is not blank. The explanation is the text, the term the row's id, both without white space around.
//!
//! # What is unreadable
//! `utf8` (with the offset of the broken byte), `no_term` (a line without `=`), `row_too_large`, and `truncated` and
//! `corrupt` for compressed files.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "terms"
//! path   = ["terms/*.txt"]
//! format = "glossary"
//! ```
//!
//! # Limits
//! The content of a file does not tell that it is one of these: the recipe says so. A plain UTF-8 file is read by all
//! cores; a compressed one by one core.

use std::io;

use super::support::records::{next_row, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::input::Lines;
use crate::input::lines::{Place, is_blank};
use crate::rows::{Content, Record, Row};
use crate::text::docs::module_docs;

/// The container.
pub struct Glossary;

/// Its instance.
pub static CONTAINER: Glossary = Glossary;

impl Container for Glossary {
    fn name(&self) -> &'static str {
        "glossary"
    }
    fn about(&self) -> &'static str {
        "a line a term, explained behind the first `=`"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("container.rs"))
    }
    fn objects(&self) -> bool {
        false
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Bytes
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        Ok(Box::new(Terms { lines: Lines::open(piece, &layout.transport, layout.max_row)?, max: layout.max_row }))
    }
}

struct Terms {
    lines: Lines,
    max: u64,
}

impl Reader for Terms {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        next_row(
            &mut self.lines,
            self.max,
            |bytes, _| is_blank(bytes),
            emit,
            |bytes, place, emit| {
                emit(record(bytes, place));
            },
        )
    }

    fn skip(&mut self, wanted: u64) -> u64 {
        self.lines.skip_rows(wanted)
    }
}

/// Exactly one record of a line: a row, or what is wrong with it.
fn record(bytes: &[u8], place: Place) -> Record<'_> {
    let Place { offset, line, .. } = place;
    let text = match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let detail = format!("not UTF-8 at byte {}", offset + error.valid_up_to() as u64);
            return unreadable("utf8", detail, bytes, offset, line);
        }
    };
    let Some((term, explanation)) = text.split_once('=') else {
        let detail = "a line of a glossary is TERM=EXPLANATION; this one has no `=`".to_owned();
        return unreadable("no_term", detail, bytes, offset, line);
    };
    let mut row = Row::new(Content::Pretrain { text: explanation.trim().into() });
    row.id = Some(term.trim().into());
    Record { offset, line, row: Ok(row) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Use;

    /// Id and text, or reason, of every record of a piece of a file.
    fn read(bytes: &[u8], start: u64, end: u64) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let piece = Piece { path: file.path().to_owned(), member: None, start, end };
        let mut reader = CONTAINER.open(&piece, &Layout::plain("glossary", Use::Pretrain, 100)).unwrap();
        let mut seen = Vec::new();
        while reader.next(&mut |record| {
            seen.push(match &record.row {
                Ok(Row { id, content: Content::Pretrain { text }, .. }) => {
                    format!("{}: {text}", id.as_deref().unwrap())
                }
                Ok(other) => panic!("{other:?}"),
                Err(wrong) => format!("! {} in line {}", wrong.reason, record.line + 1),
            });
        }) {}
        seen
    }

    #[test]
    fn a_line_is_a_term() {
        let seen = read("河 = 流动的水\n\n桥=跨过河的路=路\r\nno sign\n".as_bytes(), 0, u64::MAX);
        assert_eq!(seen, ["河: 流动的水", "桥: 跨过河的路=路", "! no_term in line 4"]);
    }

    #[test]
    fn what_cannot_be_read_costs_its_line_alone() {
        let long = format!("a={}\n", "x".repeat(200));
        let seen = read(&[b"a=1\nb=\xff\n".as_slice(), long.as_bytes(), b"c=3\n"].concat(), 0, u64::MAX);
        assert_eq!(seen, ["a: 1", "! utf8 in line 2", "! row_too_large in line 3", "c: 3"]);
    }

    /// Two readers of a file that is cut anywhere read each line once.
    #[test]
    fn every_cut_gives_every_line_once() {
        let text = "河=水\n桥=路\n船=木\n".as_bytes();
        for cut in 1..text.len() as u64 {
            let both = [read(text, 0, cut), read(text, cut, u64::MAX)].concat();
            assert_eq!(both, ["河: 水", "桥: 路", "船: 木"], "cut at {cut}");
        }
    }
}
