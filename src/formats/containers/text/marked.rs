//! Documents between the marks of their ends, as texts are joined for a trainer: `<|endoftext|>`, on a line of its own or
//! behind the last sentence.

use super::super::support::records::{stream_broke, too_large};
use super::{Origin, document};
use crate::formats::Reader;
use crate::input::lines::is_blank;
use crate::input::{Line, Lines};
use crate::rows::Record;

/// What tokenizers call the end of a text: GPT-2's, Llama 3's, DeepSeek's.
const MARKS: [&str; 3] = ["<|endoftext|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>"];

/// The first mark in some bytes: where it begins and ends.
fn mark(bytes: &[u8]) -> Option<(usize, usize)> {
    let of = |mark: &&str| Some((memchr::memmem::find(bytes, mark.as_bytes())?, mark.len()));
    let (at, length) = MARKS.iter().filter_map(of).min()?;
    Some((at, at + length))
}

/// Whether a document ends with this line.
pub(super) fn ends(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    MARKS.iter().any(|mark| line.ends_with(mark.as_bytes()))
}

/// Whether marks stand between the documents of a text, and are not what it speaks of: they begin a line or end one, or
/// stand behind a sentence. A single one has nothing behind it.
pub fn is_marked(text: &str) -> bool {
    let (mut marks, mut between, mut at) = (0, 0, 0);
    while let Some((start, end)) = mark(&text.as_bytes()[at..]) {
        let (before, behind) = (&text[..at + start], &text[at + end..]);
        let alone =
            before.is_empty() || before.ends_with('\n') || behind.is_empty() || behind.starts_with(['\n', '\r']);
        let sentence = before.trim_end_matches(['”', '’', '」', '』', '"', '）', ')']);
        marks += 1;
        between += usize::from(alone || sentence.ends_with(['。', '！', '？', '…', '.', '!', '?']));
        at += end;
    }
    (marks > 1 || marks == 1 && text[at..].trim().is_empty()) && between * 10 >= marks * 9
}

/// Reads them.
pub(super) struct MarkReader {
    lines: Lines,
    origin: Origin,
    /// The document so far, where it began, and how long it is: what is longer than a row may be is not kept.
    text: Vec<u8>,
    start: Option<(u64, u64)>,
    length: u64,
    /// Whether something stands behind the last line, if only a line break.
    ended: bool,
}

impl MarkReader {
    pub(super) fn new(lines: Lines, origin: Origin) -> Self {
        MarkReader { lines, origin, text: Vec::new(), start: None, length: 0, ended: true }
    }
}

impl Reader for MarkReader {
    /// Reads a line, and gives the documents that end in it.
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let MarkReader { lines, origin, text, start, length, ended } = self;
        let mut document_of = |text: &mut Vec<u8>, start: &mut Option<(u64, u64)>, length: &mut u64, ended| {
            if let Some(place) = start.take() {
                match *length > origin.max_row {
                    true => emit(too_large(text, *length, origin.max_row, place.0, place.1)),
                    false => document(text.trim_ascii_end(), place, ended, origin, emit),
                }
            }
            text.clear();
            *length = 0;
        };
        let Some((line, place)) = lines.next_line() else {
            // A document in which the stream breaks is not whole: it is part of the break.
            if !lines.is_broken() {
                document_of(text, start, length, *ended);
            }
            let (offset, line) = (lines.offset(), lines.lines());
            let Some(error) = lines.take_error() else { return false };
            emit(stream_broke(&error, offset, line));
            return true;
        };
        *ended = place.ended;
        if place.cut {
            *start = None;
            return true;
        }
        let (mut rest, size) = match line {
            Line::Whole(bytes) => (bytes, bytes.len() as u64),
            Line::TooLarge(head, size) => (head, size),
        };
        *length += size - rest.len() as u64;
        let mut at = 0;
        loop {
            let found = mark(rest);
            let part = found.map_or(rest, |(from, _)| &rest[..from]);
            if !is_blank(part) || start.is_some() {
                start.get_or_insert((place.offset + at, place.line));
                *length += part.len() as u64 + 1;
                if *length <= origin.max_row + 1 {
                    text.extend_from_slice(part);
                    text.push(b'\n');
                } else if text.is_empty() {
                    text.extend_from_slice(&part[..part.len().min(800)]);
                }
            }
            let Some((_, to)) = found else { return true };
            document_of(text, start, length, true);
            (rest, at) = (&rest[to..], at + to as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_between_documents() {
        for text in [
            "从前有座山。\n<|endoftext|>\n山里有座庙。\n<|endoftext|>\n",
            "One day.<|endoftext|>Two days.<|endoftext|>Three days",
            "他说：“好。”<|end_of_text|>后来呢？<|end_of_text|>",
            "A story of one file.\n<|endoftext|>\n",
        ] {
            assert!(is_marked(text), "{text}");
        }
        for text in [
            "GPT-2 puts <|endoftext|> between texts, and `<|endoftext|>` is one token.",
            "The mark is <|endoftext|>\nand no other.",
            "No mark at all.",
        ] {
            assert!(!is_marked(text), "{text}");
        }
        assert!(ends("好。<|endoftext|> \r".as_bytes()) && !ends("<|endoftext|>好".as_bytes()));
    }
}
