//! Two files whose lines are translations of one another (OPUS' Moses files, WMT, CWMT, IWSLT).
//!
//! # What it reads
//! `NAME.en` and `NAME.zh`, or `NAME_en.txt` and `NAME_ch.txt`: two files, side by side in a folder or an archive, whose
//! names differ by a language only. Give the source both: the one whose language comes first in the alphabet makes the
//! rows, the other one and what lies beside them in an archive (`README`, `LICENSE`, `.ids`, `.scores`) make none. Line 7
//! of the one belongs to line 7 of the other, each in its own encoding; the shape `pairs` makes a translation task of them. `ch` and `cn` are
//! Chinese. Lines end at `\n` alone: these corpora hold other line separators within lines.
//!
//! # What is set aside
//! Pairs of which one side is empty (`one_side_empty`, the value says which); the headers of IWSLT (`<url>`, `<title>`,
//! …, where both sides have one: `header`). Of IWSLT's test files the `<seg>` lines are read. Pairs of two empty lines,
//! which mark the ends of documents, are dropped as `empty`.
//!
//! # What is unreadable
//! Files with different numbers of lines are one unreadable row and no pairs (`misaligned`): nobody can tell where they
//! went apart. `utf8`, `row_too_large`, `truncated` and `corrupt` as for other files.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "news-commentary"
//! path   = ["en-zh.txt.zip"]
//! format = "aligned"
//! ```
//!
//! # Limits
//! One core a pair, and both files are read twice, once to count their lines. Names tell what belongs together, so this
//! format is detected by them, unlike all others.

use std::io::{self, Read};
use std::path::Path;

use super::support::mapper::{map, shape_of};
use super::support::records::{stream_broke, too_large, unreadable};
use crate::formats::shapes::support::translation;
use crate::formats::{Container, Layout, Piece, Reader, Shape, Split};
use crate::input::{self, Line, Lines};
use crate::rows::{Record, Row, Task};
use crate::text::docs::module_docs;

/// The container.
pub struct Aligned;

/// Its instance.
pub static CONTAINER: Aligned = Aligned;

impl Container for Aligned {
    fn name(&self) -> &'static str {
        "aligned"
    }
    fn about(&self) -> &'static str {
        "two files whose lines are translations of one another"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("aligned.rs"))
    }
    fn shape(&self) -> &'static str {
        "pairs"
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        let Some((other, codes)) = partner(&piece.path, piece.member.as_deref())? else {
            if piece.member.is_some() {
                return Ok(Box::new(Nothing));
            }
            let name = piece.path.display();
            return Err(io::Error::other(format!("{name}: no file beside it differs by a language only")));
        };
        if codes[0] > codes[1] {
            return Ok(Box::new(Nothing));
        }
        let mut theirs = match &other.1 {
            None => layout.compressed(input::compression(Path::new(&other.0))?),
            Some(_) => layout.clone(),
        };
        if let Some(encoding) = &layout.other {
            theirs.transport.encoding = encoding.clone();
        }
        let other = Piece { path: other.0, member: other.1, start: 0, end: u64::MAX };
        let counts = [count(piece, layout), count(&other, &theirs)];
        let misaligned = match counts {
            [Ok(a), Ok(b)] if a != b => Some(format!("{} has {a} lines, {} has {b}", codes[0], codes[1])),
            _ => None,
        };
        let sides = [
            Lines::open(piece, &layout.transport, layout.max_row)?,
            Lines::open(&other, &theirs.transport, theirs.max_row)?,
        ];
        let keys = codes.map(|code| serde_json::to_string(&code).unwrap_or_default());
        Ok(Box::new(Pairs {
            sides,
            keys,
            misaligned,
            shape: shape_of(layout)?,
            layout: layout.clone(),
            json: Vec::new(),
        }))
    }
}

/// A path and a member.
type Place = (std::path::PathBuf, Option<String>);

/// The file that belongs to another one, and the languages of both (the other one's first).
pub type Partner = (Place, [String; 2]);

/// The file that belongs to this one; `None` where there is none.
///
/// # Errors
///
/// What the system says of reading the folder or the archive that the file lies in.
pub fn partner(path: &Path, member: Option<&str>) -> io::Result<Option<Partner>> {
    let own = match member {
        Some(member) => member.to_owned(),
        None => path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    if side(&own).is_none() {
        return Ok(None);
    }
    if member.is_some() {
        let members = input::members(path, input::compression(path)?)?.unwrap_or_default();
        let names: Vec<String> = members.into_iter().map(|m| m.name).collect();
        return Ok(partner_among(path, &own, &names));
    }
    Ok(matching(&own, &input::file::beside(path)?).map(|(name, codes)| ((path.with_file_name(name), None), codes)))
}

/// The member that belongs to a member of an archive, by the names of all.
pub fn partner_among(path: &Path, own: &str, names: &[String]) -> Option<Partner> {
    matching(own, names).map(|(name, codes)| ((path.to_path_buf(), Some(name)), codes))
}

fn matching(own: &str, names: &[String]) -> Option<(String, [String; 2])> {
    let this = side(own)?;
    let mut others: Vec<(String, &String)> = names
        .iter()
        .filter_map(|name| {
            side(name).filter(|s| s.before == this.before && s.code != this.code).map(|s| (s.code, name))
        })
        .collect();
    others.sort();
    // `train.en-zh.en` beside `train.en-zh.zh` and `train.en-zh.de`: the name says which two.
    if others.len() > 1 {
        let said = |code: &str| this.before.split(['.', '-', '_', '/']).any(|part| part.eq_ignore_ascii_case(code));
        others.retain(|(code, _)| said(code));
    }
    let [(code, name)] = &others[..] else { return None };
    Some(((*name).clone(), [this.code, code.clone()]))
}

/// How files are named whose lines belong together and of which no name says the language, or that they are translations.
const ROLES: [[&str; 2]; 7] = [
    ["source", "target"],
    ["src", "tgt"],
    ["src", "trg"],
    ["input", "output"],
    ["article", "summary"],
    ["document", "summary"],
    ["question", "answer"],
];

/// The other one of two files that are named by what they are for each other (`train.source`, `train.target`); `beside` are
/// the names of the folder, which only those are looked for in that have such a name.
pub fn counterpart(own: &str, beside: impl FnOnce() -> Vec<String>) -> Option<String> {
    let sides = |name: &str| {
        let stem = name.strip_suffix(".txt").unwrap_or(name);
        let (before, role) = stem.rsplit_once(['.', '_', '-'])?;
        Some((before.to_owned(), role.to_ascii_lowercase(), stem.len() < name.len()))
    };
    let (before, role, text) = sides(own)?;
    let other = |pair: &[&str; 2]| pair.iter().position(|of| *of == role).map(|at| pair[1 - at].to_owned());
    let others: Vec<String> = ROLES.iter().filter_map(other).collect();
    if others.is_empty() {
        return None;
    }
    let is = |name: &String| sides(name).is_some_and(|(b, r, t)| b == before && t == text && others.contains(&r));
    beside().into_iter().find(is)
}

struct Side {
    /// The name without the language.
    before: String,
    code: String,
}

/// The language at the end of a file's name.
fn side(name: &str) -> Option<Side> {
    let plain = [".gz", ".xz", ".bz2", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let (before, code) = match plain.strip_suffix(".txt") {
        Some(stem) => stem.rsplit_once(['_', '.'])?,
        None => plain.rsplit_once('.')?,
    };
    let code = match code {
        "ch" | "cn" => "zh".to_owned(),
        code => crate::text::language::tag(code)?.replace('-', "_"),
    };
    Some(Side { before: before.to_owned(), code })
}

fn count(piece: &Piece, layout: &Layout) -> io::Result<u64> {
    let mut stream = input::open(piece, &layout.transport)?;
    let (mut lines, mut last, mut buffer) = (0u64, b'\n', vec![0; 1 << 18]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(lines + u64::from(last != b'\n')),
            Ok(read) => {
                lines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
                last = buffer[read - 1];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The side that makes no rows.
struct Nothing;

impl Reader for Nothing {
    fn next(&mut self, _emit: &mut dyn FnMut(Record<'_>)) -> bool {
        false
    }
}

struct Pairs {
    sides: [Lines; 2],
    /// The languages as JSON.
    keys: [String; 2],
    misaligned: Option<String>,
    shape: &'static dyn Shape,
    layout: Layout,
    json: Vec<u8>,
}

/// An object of two languages (as JSON) and what is said in them.
pub fn pair(json: &mut Vec<u8>, keys: &[String; 2], sides: [&str; 2]) {
    json.clear();
    for (open, (key, side)) in [b'{', b','].into_iter().zip(keys.iter().zip(sides)) {
        json.push(open);
        json.extend_from_slice(key.as_bytes());
        json.push(b':');
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut *json, side);
    }
    json.push(b'}');
}

/// A line's text, or the record that says why there is none.
///
/// # Errors
///
/// The unreadable record: `row_too_large`, or `utf8` with the byte of the line.
pub fn text<'l>(line: Line<'l>, max: u64, place: (u64, u64)) -> Result<&'l str, Box<Record<'static>>> {
    match line {
        Line::TooLarge(head, length) => Err(Box::new(too_large(head, length, max, place.0, place.1))),
        Line::Whole(bytes) => simdutf8::compat::from_utf8(bytes).map_err(|error| {
            let detail = format!("not UTF-8 at byte {} of the line", error.valid_up_to());
            Box::new(unreadable("utf8", detail, bytes, place.0, place.1))
        }),
    }
}

/// The tag of a header line.
fn tag(line: &str) -> Option<&str> {
    let inner = line.trim_start().strip_prefix('<')?;
    let name = inner.strip_prefix(['/', '?', '!']).unwrap_or(inner).split([' ', '>', '\t']).next()?;
    const TAGS: [&str; 18] = [
        "url",
        "keywords",
        "speaker",
        "talkid",
        "title",
        "description",
        "reviewer",
        "translator",
        "doc",
        "srcset",
        "refset",
        "tstset",
        "mteval",
        "xml",
        "DOCTYPE",
        "hl",
        "p",
        "doctype",
    ];
    TAGS.contains(&name).then_some(name)
}

/// The text of a `<seg id="1"> … </seg>` line.
fn segment(line: &str) -> Option<&str> {
    let inner = line.trim().strip_prefix("<seg")?.strip_suffix("</seg>")?;
    Some(inner.split_once('>')?.1.trim())
}

impl Reader for Pairs {
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        if let Some(detail) = self.misaligned.take() {
            self.sides.iter_mut().for_each(|side| side.close());
            let detail = format!("{detail}: which lines belong together cannot be told");
            emit(unreadable("misaligned", detail, b"", 0, 0));
            return true;
        }
        let [first, second] = &mut self.sides;
        let place = (first.offset(), first.lines());
        let (a, b) = (first.next_line(), second.next_line());
        let (Some((a, at)), Some((b, with))) = (a, b) else {
            for side in &mut self.sides {
                if let Some(error) = side.take_error() {
                    emit(stream_broke(&error, place.0, place.1));
                    return true;
                }
            }
            return false;
        };
        if at.cut || with.cut {
            // What stands before a break in the stream is part of the break.
            for side in &mut self.sides {
                if let Some(error) = side.take_error() {
                    emit(stream_broke(&error, place.0, place.1));
                }
                side.close();
            }
            return true;
        }
        let max = self.layout.max_row;
        let (a, b) = match (text(a, max, place), text(b, max, place)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(record), _) | (_, Err(record)) => {
                emit(*record);
                return true;
            }
        };
        if let (Some(name), Some(_)) = (tag(a), tag(b)) {
            let task = Task { input: Some(a.into()), output: Some(b.into()), ..Task::default() };
            let mut row = Row::new(translation::content(&self.layout, task));
            row.aside = Some(("header", name.to_owned()));
            emit(Record { offset: place.0, line: place.1, row: Ok(row) });
            return true;
        }
        let (a, b) = segment(a).zip(segment(b)).unwrap_or((a, b));
        pair(&mut self.json, &self.keys, [a, b]);
        map(&self.json, place, true, self.shape, &self.layout, emit);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_named_by_what_they_are_for_each_other() {
        let names =
            ["train.source", "train.target", "val.source", "a_src.txt", "a_tgt.txt", "a_tgt", "notes.source.md"];
        let names = names.map(str::to_owned);
        let of = |own: &str| counterpart(own, || names.to_vec());
        assert_eq!(of("train.source").as_deref(), Some("train.target"));
        assert_eq!(of("train.target").as_deref(), Some("train.source"));
        assert_eq!(of("a_src.txt").as_deref(), Some("a_tgt.txt"));
        assert_eq!([of("val.source"), of("source"), of("notes.txt"), of("train.zh")], [None, None, None, None]);
    }
}
