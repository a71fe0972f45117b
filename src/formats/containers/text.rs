//! Plain text: the file, each line, each block between blank lines, or what stands between marks is a document.
//!
//! # What it reads
//! `rows = "file"`: the whole file. `rows = "line"`: every line that is not blank. `rows = "block"`: stretches of lines
//! between blank ones (or lines of a single `%`, as fortune files have them). `rows = "mark"`: what stands between marks
//! of the end of a text (`<|endoftext|>`, `<|end_of_text|>`), which are part of none. Where the recipe has no `rows`, detection says
//! what it chose, and what else it might have been.
//!
//! Each row says in `meta` which file it stands in (`{"file":"novels/a.txt"}`, in archives `novels.zip!a.txt`), from the
//! folder that the source's path names. A file that is one document has an id made of it, `source:novels/a.txt`, which
//! stays the same when other files come and go.
//!
//! # What is unreadable
//! `utf8` (with the offset of the broken byte), `row_too_large`, `truncated` (a compressed file that breaks off, or a file
//! that ends in the middle of a character) and `corrupt` for compressed files.
//!
//! # Example
//! ```toml
//! [[source]]
//! name = "novels"
//! path = ["novels/**/*.txt"]
//! rows = "file"
//! ```
//!
//! # Limits
//! For tasks the text is the column `text`; for dialogues and preferences plain text says too little.

mod marked;

use std::borrow::Cow;
use std::io::{self, Read};

use super::support::records::{next_row, not_utf8, stream_broke, too_large, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Split, TextRows};
use crate::input::lines::is_blank;
use crate::input::{Line, Lines};
use crate::rows::{Content, Record, Row, Task, Use};
use crate::text::docs::module_docs;
use marked::MarkReader;
pub use marked::is_marked;

/// The container.
pub struct Text;

/// Its instance.
pub static CONTAINER: Text = Text;

impl Container for Text {
    fn name(&self) -> &'static str {
        "text"
    }
    fn about(&self) -> &'static str {
        "plain text: a document a file, a line, a block between blank lines, or what marks part"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("text.rs"))
    }
    fn objects(&self) -> bool {
        false
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Task]
    }
    fn names_file(&self) -> bool {
        true
    }
    fn split(&self, layout: &Layout) -> Split {
        match layout.rows {
            Some(TextRows::Line) => Split::Bytes,
            Some(TextRows::Block | TextRows::Mark) => Split::Cuts,
            Some(TextRows::File) | None => Split::Whole,
        }
    }
    fn cuts(&self, whole: &Piece, layout: &Layout, unit: u64) -> io::Result<Vec<u64>> {
        let marked = layout.rows == Some(TextRows::Mark);
        let ends = if marked { marked::ends } else { separates };
        let mut cuts = vec![0u64];
        loop {
            // The first block that begins behind a blank line at least a unit further on.
            let start = cuts.last().copied().unwrap_or(0).saturating_add(unit.max(1));
            let mut lines = Lines::open(&Piece { start, ..whole.clone() }, &layout.transport, layout.max_row)?;
            let mut between = false;
            loop {
                let Some((line, place)) = lines.next_line() else { return Ok(cuts) };
                let (Line::Whole(bytes) | Line::TooLarge(bytes, _)) = line;
                let end = ends(bytes);
                // What stands before a mark is text, a blank line is none.
                if between && (marked || !end) {
                    cuts.push(place.offset);
                    break;
                }
                between |= end;
            }
        }
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        if !matches!(layout.usage, Use::Pretrain | Use::Task) {
            return Err(io::Error::other(format!("plain text says too little for {}", layout.usage)));
        }
        let origin = Origin::new(layout);
        Ok(match layout.rows.unwrap_or(TextRows::File) {
            TextRows::File => {
                let stream = crate::input::open(piece, &layout.transport)?;
                Box::new(FileReader { stream: Some(stream), origin })
            }
            TextRows::Line => {
                Box::new(LineReader { lines: Lines::open(piece, &layout.transport, layout.max_row)?, origin })
            }
            TextRows::Block => {
                let lines = Lines::open(piece, &layout.transport, layout.max_row)?;
                Box::new(BlockReader { lines, origin, block: Vec::new() })
            }
            TextRows::Mark => {
                let lines = Lines::open(piece, &layout.transport, layout.max_row)?;
                Box::new(MarkReader::new(lines, origin))
            }
        })
    }
}

/// What all documents of a file have in common.
struct Origin {
    usage: Use,
    max_row: u64,
    /// The id of a file that is one document: its source and its name, which other files do not change.
    id: Option<String>,
    /// The file's name below the source's folder, as JSON.
    meta: Option<String>,
}

impl Origin {
    fn new(layout: &Layout) -> Self {
        let file = layout.file.as_deref();
        let whole = layout.rows.is_none_or(|rows| rows == TextRows::File);
        Origin {
            usage: layout.usage,
            max_row: layout.max_row,
            id: file.filter(|_| whole).map(|file| format!("{}:{file}", layout.source)),
            meta: file.map(|file| serde_json::json!({ "file": file }).to_string()),
        }
    }
}

/// Emits one document. `ended` says that something stands behind it in the file, if only a line break.
fn document(bytes: &[u8], (offset, line): (u64, u64), ended: bool, origin: &Origin, emit: &mut dyn FnMut(Record<'_>)) {
    let text = match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = offset + error.valid_up_to() as u64;
            let detail = format!("not UTF-8 at byte {at} of the file; if it has another encoding, say `encoding`");
            let (reason, detail) = not_utf8(error, ended, detail);
            return emit(unreadable(reason, detail, bytes, offset, line));
        }
    };
    // Files with a byte order mark, joined.
    let marked = text.contains("\n\u{feff}");
    let text = if marked { Cow::Owned(text.replace("\n\u{feff}", "\n")) } else { Cow::Borrowed(text) };
    let content = match origin.usage {
        Use::Task => Content::Task(Box::new(Task { text: Some(text), ..Task::default() })),
        _ => Content::Pretrain { text },
    };
    let id = origin.id.as_deref().map(Cow::Borrowed);
    let meta = origin.meta.as_deref().map(Cow::Borrowed);
    emit(Record { offset, line, row: Ok(Row { id, meta, ..Row::new(content) }) });
}

struct FileReader {
    stream: Option<Box<dyn Read + Send>>,
    origin: Origin,
}

impl Reader for FileReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(mut stream) = self.stream.take() else { return false };
        let mut bytes = Vec::new();
        let read = (&mut stream).take(self.origin.max_row + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            emit(stream_broke(&error, 0, 0));
        } else if bytes.len() as u64 > self.origin.max_row {
            let rest = io::copy(&mut stream, &mut io::sink()).unwrap_or(0);
            emit(too_large(&bytes, bytes.len() as u64 + rest, self.origin.max_row, 0, 0));
        } else if !bytes.is_empty() {
            document(&bytes, (0, 0), false, &self.origin, emit);
        }
        true
    }
}

struct LineReader {
    lines: Lines,
    origin: Origin,
}

impl Reader for LineReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let LineReader { lines, origin } = self;
        next_row(
            lines,
            origin.max_row,
            |bytes, _| is_blank(bytes),
            emit,
            |bytes, place, emit| {
                document(bytes, (place.offset, place.line), place.ended, origin, emit);
            },
        )
    }

    fn skip(&mut self, wanted: u64) -> u64 {
        self.lines.skip_rows(wanted)
    }
}

/// Whether a line stands between blocks.
fn separates(line: &[u8]) -> bool {
    is_blank(line) || line == b"%"
}

struct BlockReader {
    lines: Lines,
    origin: Origin,
    block: Vec<u8>,
}

impl Reader for BlockReader {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        self.block.clear();
        let mut start = None;
        let (mut length, mut ended) = (0u64, true);
        let max = self.origin.max_row;
        while let Some((line, place)) = self.lines.next_line() {
            let (bytes, size) = match line {
                Line::Whole(bytes) => (bytes, bytes.len() as u64),
                Line::TooLarge(head, size) => (head, size),
            };
            if separates(bytes) {
                if start.is_some() {
                    break;
                }
                continue;
            }
            if place.cut {
                break;
            }
            ended = place.ended;
            start.get_or_insert((place.offset, place.line));
            length += size + 1;
            if length <= max + 1 {
                self.block.extend_from_slice(bytes);
                self.block.push(b'\n');
            } else if self.block.is_empty() {
                self.block.extend_from_slice(&bytes[..bytes.len().min(800)]);
            }
        }
        // A block in which the stream breaks is not whole: it is part of the break.
        if let Some(place) = start.filter(|_| !self.lines.is_broken()) {
            if length > max + 1 {
                emit(too_large(&self.block, length, max, place.0, place.1));
            } else {
                document(self.block.strip_suffix(b"\n").unwrap_or(&self.block), place, ended, &self.origin, emit);
            }
            return true;
        }
        let (offset, line) = (self.lines.offset(), self.lines.lines());
        let Some(error) = self.lines.take_error() else { return false };
        emit(stream_broke(&error, offset, line));
        true
    }
}
