//! Lines of a stream with their place, none longer than allowed held in memory.

use std::io::{self, Read};

use super::{Piece, Transport};

/// Bytes asked for at once, at first and then: most files are small, and what is read fits into a core's own cache until
/// its lines are taken apart.
const BLOCK: (usize, usize) = (16 << 10, 256 << 10);

/// One line.
#[derive(Debug, PartialEq)]
pub enum Line<'a> {
    /// The bytes without the line break (`\n` or `\r\n`) and a byte order mark.
    Whole(&'a [u8]),
    /// A line of more than the allowed bytes: its first bytes, and how long it is.
    TooLarge(&'a [u8], u64),
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Offset of its first byte in the decoded stream.
    pub offset: u64,
    /// Lines before it since the piece's start.
    pub line: u64,
    /// Whether a line break ended it; the last line of a file may have none.
    pub ended: bool,
    /// Whether the stream broke within it: it is the start of a line, and the break itself is yet to be reported.
    pub cut: bool,
}

/// Reads the lines that begin in a piece.
pub struct Lines {
    stream: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    /// Offset of `buffer[at]`.
    offset: u64,
    end: u64,
    line: u64,
    max: usize,
    eof: bool,
    error: Option<io::Error>,
    held: Vec<u8>,
    /// Whether the next line is behind a byte order mark.
    marked: bool,
}

/// Bytes of a line beyond which its memory is not kept for the next one.
const LONG: usize = 4 << 20;
/// Bytes of a line that is too large which are kept for the report.
const HEAD: usize = 800;

impl Lines {
    /// Opens a piece, whose lines of more than `max` bytes are too large. One that starts within a line leaves that line
    /// to the piece before.
    ///
    /// # Errors
    /// As [`open_at`](super::open_at).
    pub fn open(piece: &Piece, transport: &Transport, max: u64) -> io::Result<Self> {
        let mut from = piece.clone();
        from.start = piece.start.saturating_sub(1);
        let opened = super::open_at(&from, transport)?;
        let offset = opened.offset;
        let stream = super::lines_end_by_newline(opened, &from, transport)?;
        let mut lines = Lines::new(stream, offset, piece.end, usize::try_from(max).unwrap_or(usize::MAX));
        // The line behind a byte order mark begins with the mark: it belongs to the piece that does.
        lines.marked = piece.start == 0 && piece.end > 0 && offset > 0;
        if piece.start > 0 {
            // The break that ends the line before may be the very byte before the start.
            lines.next_line();
            lines.line = u64::from(lines.offset > piece.start);
        }
        Ok(lines)
    }

    /// Lines of a stream whose first byte has `offset`, up to those that begin before `end`.
    pub fn new(stream: Box<dyn Read + Send>, offset: u64, end: u64, max: usize) -> Self {
        let (buffer, held) = (vec![0; BLOCK.0], Vec::new());
        Lines {
            stream,
            buffer,
            at: 0,
            filled: 0,
            offset,
            end,
            line: 0,
            max,
            eof: false,
            error: None,
            held,
            marked: false,
        }
    }

    /// Gives back the memory of a line that was long, once it is dealt with.
    pub fn release(&mut self) {
        if self.held.capacity() > LONG {
            self.held = Vec::new();
        }
    }

    /// Line breaks passed since the piece's start.
    pub fn lines(&self) -> u64 {
        self.line
    }

    /// Gives no more lines.
    pub fn close(&mut self) {
        (self.eof, self.at, self.filled) = (true, 0, 0);
        self.error = None;
    }

    /// Offset of the next line.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the stream broke, and the error was not taken yet.
    pub fn is_broken(&self) -> bool {
        self.error.is_some()
    }

    /// What broke the stream, once all whole lines before were returned.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn fill(&mut self) {
        if self.filled == self.buffer.len() && self.filled < BLOCK.1 {
            self.buffer = vec![0; (self.filled * 8).min(BLOCK.1)];
        }
        self.at = 0;
        self.filled = 0;
        while !self.eof {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => self.eof = true,
                Ok(read) => {
                    self.filled = read;
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    self.eof = true;
                }
            }
        }
    }

    /// Passes rows of one line each without looking into them: as many as `wanted`, or fewer at the end. Blank lines are
    /// no rows; the break of a stream is one, and what stands before it is part of it.
    pub fn skip_rows(&mut self, wanted: u64) -> u64 {
        let mut skipped = 0;
        while skipped < wanted {
            match self.next_line() {
                None => return skipped + u64::from(self.take_error().is_some()),
                Some((Line::Whole(bytes), place)) if is_blank(bytes) || place.cut => {}
                Some(_) => skipped += 1,
            }
        }
        skipped
    }

    /// The next line and its place; `None` after the last that begins before the end.
    pub fn next_line(&mut self) -> Option<(Line<'_>, Place)> {
        let marked = std::mem::take(&mut self.marked);
        if self.offset >= self.end && !marked {
            return None;
        }
        let place = Place { offset: self.offset, line: self.line, ended: true, cut: false };
        self.held.clear();
        let mut length = 0u64;
        loop {
            if self.at == self.filled {
                self.fill();
                if self.filled == 0 {
                    if length == 0 {
                        return None;
                    }
                    self.offset += length;
                    let cut = self.error.is_some();
                    return Some((line(&self.held, length, self.max), Place { ended: false, cut, ..place }));
                }
            }
            let rest = &self.buffer[self.at..self.filled];
            let found = memchr::memchr(b'\n', rest);
            let part = found.map_or(rest.len(), |i| i);
            length += part as u64;
            if let Some(break_at) = found {
                let start = self.at;
                self.at += break_at + 1;
                self.offset += length + 1;
                self.line += 1;
                if self.held.is_empty() && length as usize <= self.max {
                    return Some((Line::Whole(trim(&self.buffer[start..start + break_at])), place));
                }
                hold(&mut self.held, &self.buffer[start..start + break_at], self.max);
                return Some((line(&self.held, length, self.max), place));
            }
            let (from, to) = (self.at, self.filled);
            hold(&mut self.held, &self.buffer[from..to], self.max);
            self.at = self.filled;
        }
    }
}

/// Whether a line holds nothing but white space.
pub fn is_blank(line: &[u8]) -> bool {
    // Of a line of text only the first character counts.
    let mut rest = line.trim_ascii_start();
    let front = |rest: &[u8]| rest[..rest.len().min(4)].utf8_chunks().next().and_then(|c| c.valid().chars().next());
    while let Some(c) = front(rest).filter(|c| c.is_whitespace()) {
        rest = rest[c.len_utf8()..].trim_ascii_start();
    }
    rest.is_empty()
}

/// Adds to a line in the making; past the limit only its head is kept.
fn hold(held: &mut Vec<u8>, part: &[u8], max: usize) {
    if held.len() + part.len() <= max.max(HEAD) {
        held.extend_from_slice(part);
    } else {
        let room = HEAD.saturating_sub(held.len()).min(part.len());
        held.extend_from_slice(&part[..room]);
        // Nothing more fits: what follows is counted only.
        held.truncate(HEAD);
        held.shrink_to(HEAD);
    }
}

fn line(held: &[u8], length: u64, max: usize) -> Line<'_> {
    if length > max as u64 { Line::TooLarge(&held[..held.len().min(HEAD)], length) } else { Line::Whole(trim(held)) }
}

/// A line without its carriage returns, and without the byte order mark of a file that was joined to another one.
fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    // Line ends that were translated twice are `\r\r\n`.
    let end = line.iter().rposition(|b| *b != b'\r').map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, start: u64, end: u64, max: usize) -> Vec<(String, u64, u64)> {
        let stream = Box::new(io::Cursor::new(text.as_bytes()[start.saturating_sub(1) as usize..].to_vec()));
        let mut lines = Lines::new(stream, start.saturating_sub(1), end, max);
        if start > 0 {
            lines.next_line();
            lines.line = u64::from(lines.offset > start);
        }
        let mut found = Vec::new();
        while let Some((line, place)) = lines.next_line() {
            let text = match line {
                Line::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Line::TooLarge(_, length) => format!("too large: {length}"),
            };
            found.push((text, place.offset, place.line));
        }
        found
    }

    #[test]
    fn every_cut_gives_the_same_lines() {
        let text = "one\r\n二二\n\n\nlast line\nno break";
        let whole = all(text, 0, u64::MAX, 100);
        assert_eq!(
            whole.iter().map(|l| l.0.as_str()).collect::<Vec<_>>(),
            ["one", "二二", "", "", "last line", "no break"]
        );
        for cut in 0..=text.len() as u64 {
            let (left, right) = (all(text, 0, cut, 100), all(text, cut, u64::MAX, 100));
            let breaks = text.as_bytes()[..cut as usize].iter().filter(|b| **b == b'\n').count() as u64;
            let right: Vec<_> =
                right.into_iter().map(|(t, o, l)| (t, o, if cut > 0 { l + breaks } else { l })).collect();
            assert_eq!([left, right].concat(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn marks_of_joined_files_are_no_text() {
        let found: Vec<String> =
            all("\u{feff}a\nb\u{feff}\n\u{feff}c\r\n", 0, u64::MAX, 100).into_iter().map(|l| l.0).collect();
        assert_eq!(found, ["a", "b\u{feff}", "c"]);
    }

    #[test]
    fn a_line_over_the_limit_is_counted_and_passed() {
        let text = format!("a\n{}\nb\n{}", "x".repeat(3 << 20), "y".repeat(2000));
        let found: Vec<String> = all(&text, 0, u64::MAX, 1000).into_iter().map(|l| l.0).collect();
        assert_eq!(found, ["a", "too large: 3145728", "b", "too large: 2000"]);
    }
}
