//! One file in which a line and its translation take turns (UM-Corpus).
//!
//! ```text
//! The weather is fine today.
//! 今天天气很好。
//! See you tomorrow.
//! 明天见。
//! ```
//!
//! # What it reads
//! The first line and the second, the third and the fourth, and so on: the shape `pairs` makes a translation task of
//! each two. Which languages they are in the beginning of the file tells. Lines end at `\n` alone, and empty ones count.
//!
//! # What is unreadable
//! Two lines in the other order (`misaligned`: a line is missing or doubled before), and a last line without its other
//! half. `utf8`, `row_too_large`, `truncated` and `corrupt` as for other files.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "um-corpus"
//! path   = ["UM-Corpus/data/Bilingual/*/Bi-*.txt"]
//! format = "alternating"
//! ```
//!
//! # Limits
//! One core a file. Detected where one of the languages is Chinese; a file of few lines needs its `format`.

use std::io::{self, Read};

use super::aligned::{pair, text};
use super::support::mapper::{map, shape_of};
use super::support::records::{stream_broke, unreadable};
use crate::formats::{Container, Layout, Piece, Reader, Shape, Split};
use crate::input::{self, Lines};
use crate::rows::Record;
use crate::text::docs::module_docs;
use crate::text::script::{self, UND};

/// The container.
pub struct Alternating;

/// Its instance.
pub static CONTAINER: Alternating = Alternating;

/// Bytes that tell the languages.
const HEAD: u64 = 256 << 10;

impl Container for Alternating {
    fn name(&self) -> &'static str {
        "alternating"
    }
    fn about(&self) -> &'static str {
        "one file in which lines and their translations take turns"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("alternating.rs"))
    }
    fn shape(&self) -> &'static str {
        "pairs"
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let mut head = Vec::new();
        // What breaks off is reported by the reader, in its place.
        let _ = input::open(piece, &layout.transport)?.take(HEAD).read_to_end(&mut head);
        let Some(languages) = order(&language_pairs(&String::from_utf8_lossy(&head))) else {
            let name = piece.path.display();
            return Err(io::Error::other(format!("{name}: its lines do not take turns between two languages")));
        };
        Ok(Box::new(Alternate {
            lines: Lines::open(piece, &layout.transport, layout.max_row)?,
            keys: languages.map(|code| format!("\"{code}\"")),
            languages,
            shape: shape_of(layout)?,
            layout: layout.clone(),
            first: String::new(),
            json: Vec::new(),
        }))
    }
}

/// The languages of the first lines of a text, two by two.
fn language_pairs(text: &str) -> Vec<[&'static str; 2]> {
    let language = |line: &str| script::judge(&[line]).language;
    let lines: Vec<&str> = text.split('\n').take(200).map(language).collect();
    lines.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// The languages of the first pair whose languages can be detected, of which one is Chinese.
fn order(pairs: &[[&'static str; 2]]) -> Option<[&'static str; 2]> {
    pairs.iter().copied().find(|pair| pair[0] != pair[1] && pair.contains(&"zh") && !pair.contains(&UND))
}

/// The languages of lines that take turns in a text: four pairs or more, and half of all, can be detected, and nine in ten of
/// these say the same.
pub fn languages(text: &str) -> Option<[&'static str; 2]> {
    let pairs = language_pairs(text);
    let found = order(&pairs)?;
    let count = pairs.iter().filter(|pair| !pair.contains(&UND)).count();
    let same = pairs.iter().filter(|pair| **pair == found).count();
    (count >= 4 && count * 2 >= pairs.len() && same * 10 >= count * 9).then_some(found)
}

struct Alternate {
    lines: Lines,
    languages: [&'static str; 2],
    /// The languages as JSON.
    keys: [String; 2],
    shape: &'static dyn Shape,
    layout: Layout,
    first: String,
    json: Vec<u8>,
}

impl Reader for Alternate {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let place = (self.lines.offset(), self.lines.lines());
        let max = self.layout.max_row;
        let mut wrong = None;
        for side in 0..2 {
            let here = (self.lines.offset(), self.lines.lines());
            match self.lines.next_line() {
                Some((line, at)) if !at.cut => match text(line, max, here) {
                    Ok(line) if side == 0 => self.first = line.to_owned(),
                    Ok(line) if wrong.is_none() => {
                        let found = [script::judge(&[&self.first]).language, script::judge(&[line]).language];
                        if found == [self.languages[1], self.languages[0]] {
                            let detail = format!(
                                "these two lines are in {} and {}, the file has {} first: a line is missing before, or one too many",
                                found[0], found[1], self.languages[0]
                            );
                            emit(unreadable("misaligned", detail, self.first.as_bytes(), place.0, place.1));
                            return true;
                        }
                        pair(&mut self.json, &self.keys, [&self.first, line]);
                    }
                    Ok(_) => {}
                    Err(record) => wrong = wrong.or(Some(record)),
                },
                _ => {
                    if let Some(error) = self.lines.take_error() {
                        emit(stream_broke(&error, here.0, here.1));
                    } else if side == 0 {
                        return false;
                    } else if let Some(record) = wrong {
                        emit(*record);
                    } else if !self.first.trim().is_empty() {
                        let detail = "the last line has no other half".to_owned();
                        emit(unreadable("misaligned", detail, self.first.as_bytes(), place.0, place.1));
                    }
                    self.lines.close();
                    return true;
                }
            }
        }
        match wrong {
            Some(record) => emit(*record),
            None => map(&self.json, place, true, self.shape, &self.layout, emit),
        }
        true
    }
}
