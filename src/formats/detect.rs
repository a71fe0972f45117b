//! Which format a file has, judged by its content; a name is asked only where that would be plain text (`named`). Where
//! the content cannot tell, it says what was chosen, what else it might be, and the recipe key that settles it.

use std::io;
use std::path::Path;

use serde::Serialize;

use super::containers::csv;
use super::containers::json_array::over_lines;
use super::containers::text::is_marked;
use super::{Object, TextRows, not_data, shapes};
use crate::input::{self, Compression, Encoding, Member, encoding};
use crate::text::script;
use beside::{aligned, is_lines, sides};

mod beside;
mod late;
mod named;

pub(super) use named::name;

/// Decoded bytes by which a file is judged.
const HEAD: usize = 256 << 10;
/// Objects that shapes are tried on.
const SAMPLE: usize = 20;

/// What a file was found to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detected {
    /// Name of the container.
    pub container: &'static str,
    /// Name of the shape, for containers of objects.
    pub shape: Option<String>,
    /// How it is compressed.
    pub compression: Compression,
    /// How its text is encoded.
    pub encoding: Encoding,
    /// How that of the file is encoded whose lines belong to its own.
    #[serde(skip)]
    pub other: Option<Encoding>,
    /// What a row of plain text is.
    pub rows: Option<TextRows>,
    /// How sure that is, 0 to 1.
    pub confidence: f32,
    /// Names of the columns of a table without a row of names.
    pub columns: Option<Vec<String>>,
    /// The shapes that fit, the best one first.
    pub fits: Vec<String>,
    /// What else it might be.
    pub runner_up: Option<String>,
    /// The objects that the shapes were tried on, as JSON.
    #[serde(skip)]
    pub sample: Vec<String>,
    /// What a person should know: a choice that was not clear, and the key that settles it.
    pub note: Option<String>,
}

/// The format of a file, or of a member of an archive.
///
/// # Errors
/// Where the file cannot be read.
pub fn detect(path: &Path, member: Option<&str>) -> io::Result<Detected> {
    let mut found = alone(path, member)?;
    if found.container == "parquet" {
        shape(&super::containers::parquet::first(path, member, SAMPLE), &mut found);
    }
    if is_lines(&found)
        && let Ok(partner) = super::containers::aligned::partner(path, member)
    {
        let other = partner.as_ref().map(|(place, _)| alone(&place.0, place.1.as_deref())).transpose()?;
        aligned(&mut found, partner, other.map(|other| other.encoding));
    }
    if found.container == "text" && member.is_none() {
        let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let beside = || input::file::beside(path).unwrap_or_default();
        sides(&mut found, &own, super::containers::aligned::counterpart(&own, beside));
    }
    Ok(found)
}

/// The format of a file by its own bytes and name, whatever lies beside it.
fn alone(path: &Path, member: Option<&str>) -> io::Result<Detected> {
    let outer = input::compression(path)?;
    // A broken archive or stream is reported by its reader, row by row.
    let head = input::head(path, member, outer, HEAD).ok();
    let mut found = of_head(head.as_deref(), &named::name(path, member));
    let head = head.unwrap_or_default();
    found.compression = outer;
    late::settle(path, member, (head.is_ascii(), head.len()), &mut found);
    Ok(found)
}

/// Judges the rows of a file as those of the container that a recipe names, where its bytes looked like another one.
pub fn asked(
    (path, member, compression): (&Path, Option<&str>, Compression),
    container: &'static str,
    found: &mut Detected,
) {
    if found.container == container {
        return;
    }
    let head = input::head(path, member, compression, HEAD).unwrap_or_default();
    let (text, whole) = (encoding::decoded(&head, &found.encoding), head.len() < HEAD);
    let note = of_encoding(found.note.take());
    (found.shape, found.runner_up, found.columns) = (None, None, None);
    (found.sample, found.fits) = (Vec::new(), Vec::new());
    match container {
        "csv" | "tsv" => named::asked(&text, whole, container, found),
        "json" | "jsonl" if text.trim_start().starts_with(['{', '[']) => json(text.trim_start(), whole, found),
        _ => {}
    }
    found.container = container;
    found.note = note.into_iter().chain(found.note.take()).reduce(|a, b| format!("{a}; {b}"));
}

/// The formats of all members of an archive, found in one pass over it; `None` if the file is no archive.
///
/// # Errors
/// Where the file cannot be read, or its archive is broken.
pub fn members(path: &Path, compression: Compression) -> io::Result<Option<Vec<(Member, Detected)>>> {
    let (mut all, mut ascii) = (Vec::new(), Vec::new());
    let archive = input::heads(path, compression, HEAD, &mut |member, head| {
        ascii.push(head.as_ref().is_none_or(|head| head.is_ascii()));
        let found = Detected { compression, ..of_head(head.as_deref(), &member.name) };
        all.push((member, found));
    })?;
    late::members(path, compression, &ascii, &mut all);
    let names: Vec<String> = all.iter().map(|(member, _)| member.name.clone()).collect();
    if compression == Compression::None && not_data::is_document(names.iter().map(String::as_str)) {
        return Ok(None);
    }
    let encodings: Vec<Encoding> = all.iter().map(|(_, found)| found.encoding.clone()).collect();
    for (member, found) in all.iter_mut().filter(|m| is_lines(&m.1)) {
        let partner = super::containers::aligned::partner_among(path, &member.name, &names);
        let at = partner.as_ref().and_then(|(place, _)| names.iter().position(|name| Some(name) == place.1.as_ref()));
        aligned(found, partner, at.map(|at| encodings[at].clone()));
    }
    Ok(archive.then_some(all))
}

/// What a note says of the encoding: that stays, whatever the text is taken for.
fn of_encoding(note: Option<String>) -> Option<String> {
    let note = note?;
    let (said, _) = note.split_once("; plain text").unwrap_or((&note, ""));
    ["read as ", "begins in ASCII"].iter().any(|begin| said.starts_with(begin)).then(|| said.to_owned())
}

/// By the first bytes of a file, where it has any that can be read.
fn of_head(head: Option<&[u8]>, name: &str) -> Detected {
    let bytes = head.unwrap_or_default();
    let mut found = of_file(bytes, bytes.len() < HEAD, name);
    if head.is_none() {
        // Its reader says what is wrong.
        found.note = None;
    }
    found
}

/// As [`of`], and by the name of the file where its content could be any text.
pub(super) fn of_file(head: &[u8], whole: bool, name: &str) -> Detected {
    let mut found = of(head, whole);
    named::settle(name, head, whole, &mut found);
    found
}

/// The format that the first decoded bytes of a file tell; `whole` says that these are all.
pub fn of(head: &[u8], whole: bool) -> Detected {
    let guess = encoding::guess(head, whole);
    let mut found = Detected {
        container: "text",
        shape: None,
        compression: Compression::None,
        encoding: guess.encoding.clone(),
        other: None,
        rows: None,
        confidence: 1.0,
        columns: None,
        fits: Vec::new(),
        runner_up: None,
        sample: Vec::new(),
        note: None,
    };
    if head.is_empty() {
        (found.rows, found.note) = (Some(TextRows::File), Some("the file is empty".into()));
        return found;
    }
    if head.starts_with(b"PAR1") {
        found.container = "parquet";
        found.encoding = Encoding("UTF-8".into());
        // The rows are not in the head.
        found.shape = Some("fields".into());
        return found;
    }
    if let Some(kind) = not_data::by_bytes(head) {
        refuse(kind, 1.0, &mut found);
        return found;
    }
    let mut text = encoding::decoded(head, &guess.encoding);
    if !text.contains('\n') {
        // Line ends of the old Mac, as Excel still writes them.
        text = text.replace('\r', "\n");
    }
    if !guess.certain && !guess.encoding.is_utf8() {
        let name = &guess.encoding.0;
        found.confidence = 0.8;
        found.note =
            Some(format!("read as {name}, judged by its bytes; say `encoding = \"{name}\"` (or another) to settle it"));
    }
    let start = text.trim_start();
    if start.starts_with("<mediawiki") || (start.starts_with("<?xml") && start.contains("<mediawiki")) {
        found.container = "mediawiki";
    } else if start.starts_with("<tmx") || (start.starts_with("<?xml") && start.contains("<tmx")) {
        (found.container, found.shape) = ("tmx", Some("pairs".into()));
    } else if is_json(start, whole) {
        json(start, whole, &mut found);
    } else if is_wet(start) {
        found.container = "wet";
    } else if let Some(kind) = not_data::by_text(start) {
        refuse(kind, not_data::PAGES, &mut found);
    } else if is_binary(&text) && !(guess.certain && guess.encoding.is_utf8() && !head.contains(&0)) {
        refuse(not_data::BINARY, not_data::UNKNOWN, &mut found);
    } else if !table(start, whole, &mut found) && !alternating(start, &mut found) {
        plain(&text, whole, &mut found);
    }
    found
}

/// Adds a note.
fn also(found: &mut Detected, note: String) {
    found.note = Some(found.note.take().map_or(note.clone(), |before| format!("{before}; {note}")));
}

/// Whether lines and their translations take turns.
fn alternating(start: &str, found: &mut Detected) -> bool {
    let Some([first, second]) = super::containers::alternating::languages(start) else { return false };
    (found.container, found.shape, found.confidence) = ("alternating", Some("pairs".into()), 0.7);
    found.runner_up = Some("text".into());
    let note =
        format!("read as lines in {first} and {second} by turns; say `format = \"text\"` if they do not pair up");
    also(found, note);
    true
}

/// A file that is no data: what it is stands in the note.
fn refuse(kind: not_data::Kind, confidence: f32, found: &mut Detected) {
    (found.container, found.confidence) = (not_data::NAME, confidence);
    if confidence == 1.0 {
        found.encoding = Encoding("UTF-8".into());
    }
    found.note = Some(kind.sentence());
}

/// Whether a text that begins with a bracket is JSON, or could be if it were whole: lyrics begin with `[ti:`, pages in
/// Markdown with `[![`, TeX with `{\\`, and a table may call its first column `[id]`.
fn is_json(start: &str, whole: bool) -> bool {
    if let Some(rest) = start.strip_prefix('{') {
        // A quote of the other kind is an object that Python printed: its reader says so.
        return rest.trim_start().starts_with(['"', '}', '\'']) || rest.trim().is_empty();
    }
    if !start.starts_with('[') {
        return false;
    }
    let inner = start.trim_start_matches(|c: char| c == '[' || c.is_whitespace());
    if inner.starts_with('{') && is_json(inner, whole) {
        return true;
    }
    let mut values = serde_json::Deserializer::from_str(start).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            start[values.byte_offset()..].trim_start_matches([' ', '\t', ',', '\r']).starts_with('\n')
                || start[values.byte_offset()..].trim().is_empty()
        }
        Some(Err(error)) if error.is_eof() => !whole || inner.starts_with('"'),
        // Behind a whole element there is something wrong: an array that is broken there.
        _ => {
            inner.starts_with('"') && start.contains("\",")
                || start
                    .lines()
                    .take(SAMPLE)
                    .filter(|l| serde_json::from_str::<serde::de::IgnoredAny>(l).is_ok())
                    .count()
                    > 1
        }
    }
}

/// Whether records of texts of pages begin; names of headers may be written in small letters.
fn is_wet(start: &str) -> bool {
    let types = |line: &str| line.trim_end().eq_ignore_ascii_case("WARC-Type: conversion");
    start.starts_with("WARC/1.") && start.lines().any(types)
}

fn is_binary(text: &str) -> bool {
    // Half a character at the end says that the text was cut.
    let text = text.strip_suffix('\u{fffd}').unwrap_or(text);
    let odd = |c: &char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{1b}' | '\u{c}')) || *c == '\u{fffd}';
    let (count, bad) = (text.chars().count(), text.chars().filter(odd).count());
    bad * 10 > count
}

/// An array, lines, or objects over several lines; and the shape of the objects.
fn json(start: &str, whole: bool, found: &mut Detected) {
    let start = &*super::object::finite(start);
    let lines: Vec<&str> = start.lines().filter(|l| !l.trim().is_empty()).collect();
    let complete = if whole { lines.len() } else { lines.len().saturating_sub(1) };
    let parses = |line: &&&str| serde_json::from_str::<serde::de::IgnoredAny>(line.trim()).is_ok();
    let judged = complete.min(SAMPLE);
    let good = lines[..judged].iter().filter(parses).count();
    let array_of_objects = start[1..].trim_start().starts_with(['{', ']']);
    // Several lines that are each a whole array (WebGPT's two answers a line) are no array together.
    let lists = lines.len() > 1 && judged > 0 && good == judged && lines[..judged].iter().all(|l| l.starts_with('['));
    let is_array = start.starts_with('[') && !lists && (array_of_objects || good * 2 < judged.max(1));
    // One line of JSON that ends within the head may be either; lines win where most lines stand alone.
    let framed = is_array || over_lines(start) || lines.len() == 1 && holds_rows(start);
    let is_lines = !framed && (good * 2 > judged || (judged == 0 && start.starts_with('{')) || judged > 1 && good > 0);
    found.container = if is_lines { "jsonl" } else { "json" };
    if !is_lines && !is_array {
        found.confidence = 0.9;
    }
    let elements: Vec<String> = if is_lines {
        lines[..judged.max(1).min(lines.len())].iter().map(|l| (*l).to_owned()).collect()
    } else {
        super::containers::json_array::first(start, SAMPLE)
    };
    shape(&elements, found);
    if let Some(note) = super::containers::json_array::splits_of(start).filter(|_| !is_lines) {
        also(found, note);
    }
}

/// Whether an object on one line is no row, but holds an array of them (LMFlow's `instances`).
fn holds_rows(start: &str) -> bool {
    let inner = super::containers::json_array::first(start, SAMPLE);
    let own = Object::parse(start.trim()).ok();
    let is_row = own.is_some_and(|o| shapes::ALL.iter().any(|s| s.fits(std::slice::from_ref(&o)) > 0.5));
    !is_row && inner.first().is_some_and(|row| !start.starts_with(row.as_str()))
}

/// The shape of objects.
fn shape(elements: &[String], found: &mut Detected) {
    let mut objects: Vec<Object<'_>> =
        elements.iter().filter_map(|e| Object::parse(e.trim()).or_else(|_| Object::list(e.trim())).ok()).collect();
    let mut fits = fitting(&objects);
    if fits.iter().all(|f| f.0 <= 0.5) && objects.iter().any(|o| !has_empty_list(o)) {
        // A dialogue without turns says nothing of the others.
        objects.retain(|o| !has_empty_list(o));
        fits = fitting(&objects);
    }
    let best = fits.first().copied().filter(|f| f.0 > 0.5).unwrap_or((0.5, "fields"));
    found.shape = Some(best.1.to_owned());
    found.sample = elements.to_vec();
    found.fits = fits.iter().filter(|f| f.0 > 0.5).map(|f| f.1.to_owned()).collect();
    found.confidence = found.confidence.min(best.0.max(0.5));
    if let Some(second) = fits.iter().find(|f| f.1 != best.1).filter(|f| f.0 > 0.5 && best.0 - f.0 < 0.2) {
        found.runner_up = Some(second.1.to_owned());
        found.note = Some(format!("read as `{}`, but it may be `{}`; say `format` to settle it", best.1, second.1));
    }
}

/// How well each shape fits, the best one first.
fn fitting(objects: &[Object<'_>]) -> Vec<(f32, &'static str)> {
    let mut fits: Vec<(f32, &str)> = shapes::ALL.iter().map(|s| (s.fits(objects), s.name())).collect();
    fits.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    fits
}

fn has_empty_list(object: &Object<'_>) -> bool {
    object.fields().any(|(_, value)| {
        let inner = value.get().trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        inner.is_some_and(|inner| inner.trim().is_empty())
    })
}

/// The first lines of a text that may be a table, and what the first of them declares to part its columns.
fn first_lines(start: &str, whole: bool) -> (Vec<&str>, Option<char>) {
    let mut lines: Vec<&str> = start.lines().take(50).collect();
    if !whole && lines.len() < 50 {
        lines.pop();
    }
    lines.retain(|l| !l.trim().is_empty());
    let declared = lines.first().and_then(|l| csv::declared(l.as_bytes())).map(char::from);
    if declared.is_some() {
        lines.remove(0);
    }
    (lines, declared)
}

/// Whether the text is columns: the same number of separators in every line, and short cells in the first.
fn table(start: &str, whole: bool, found: &mut Detected) -> bool {
    let (lines, declared) = first_lines(start, whole);
    if lines.len() < if declared.is_some() { 1 } else { 3 } {
        return false;
    }
    let usual = [('\t', "tsv"), (',', "csv"), (';', "csv")];
    match declared {
        Some(separator) => columns(&lines, start, &[(separator, "csv")], found),
        None => columns(&lines, start, &usual, found),
    }
}

/// Takes lines for a table, if they are columns with one of these separators.
fn columns(lines: &[&str], start: &str, separators: &[(char, &'static str)], found: &mut Detected) -> bool {
    for &(separator, container) in separators {
        let columns = lines[0].matches(separator).count();
        let same = lines.iter().filter(|l| l.matches(separator).count() == columns).count();
        let cells: Vec<&str> = lines[0].split(separator).map(|c| c.trim().trim_matches('"')).collect();
        let below = |column: usize| lines[1..].iter().filter_map(move |l| l.split(separator).nth(column));
        let header = cells.iter().enumerate().all(|(column, cell)| {
            let name = !cell.is_empty() && cell.chars().count() <= 40 && !cell.contains(['。', '，', '.', '！']);
            // Of the numbers that pandas writes before each row.
            let name = name || cell.is_empty() && column == 0 && cells.len() > 1;
            // A name is no number, and does not stand among the values.
            name && cell.parse::<f64>().is_err() && !below(column).any(|c| c.trim().trim_matches('"') == *cell)
        });
        let quoted = start.contains(&format!("{separator}\""));
        let enough =
            if container == "tsv" { same == lines.len() } else { header && (same * 10 >= lines.len() * 9 || quoted) };
        if columns > 0 && enough {
            found.container = container;
            found.shape = Some("fields".into());
            found.confidence = if header { 0.9 } else { 0.6 };
            if header {
                let body = &start[start.find(lines[0]).unwrap_or(0)..];
                named::below_names(&named::rows(body, separator, container == "csv"), found);
            } else {
                headless(lines, separator, columns + 1, found);
            }
            return true;
        }
    }
    false
}

/// A table without a row of names: aligned sentences where one column is Chinese and another one is not.
fn headless(lines: &[&str], separator: char, columns: usize, found: &mut Detected) {
    let mut names: Vec<String> = (1..=columns).map(|n| n.to_string()).collect();
    let column = |n: usize| -> Vec<&str> { lines.iter().filter_map(|l| l.split(separator).nth(n)).collect() };
    let languages: Vec<&str> = (0..columns).map(|n| script::judge(&column(n)).language).collect();
    let known: Vec<usize> = (0..columns).filter(|n| languages[*n] != script::UND).collect();
    let numbers = |n: usize| column(n).iter().all(|c| c.trim().parse::<f64>().is_ok());
    let rest = (0..columns).filter(|n| !known.contains(n)).all(numbers);
    if let [a, b] = known[..]
        && rest
        && languages[a] != languages[b]
        && [languages[a], languages[b]].contains(&"zh")
    {
        (names[a], names[b]) = (languages[a].to_owned(), languages[b].to_owned());
        (found.shape, found.confidence) = (Some("pairs".into()), 0.7);
        found.note = Some(format!("columns without names, read as aligned {} and {}", languages[a], languages[b]));
    } else {
        let note = "columns without a row of names: map them by number, fields = { text = \"1\" }";
        found.note = Some(note.to_owned());
    }
    found.columns = Some(names);
}

/// Plain text: what is a document?
fn plain(text: &str, whole: bool, found: &mut Detected) {
    let lines: Vec<&str> = text.lines().collect();
    let filled: Vec<usize> = lines.iter().filter(|l| !l.trim().is_empty()).map(|l| l.chars().count()).collect();
    let blank = lines.len() - filled.len();
    let mean = filled.iter().sum::<usize>() / filled.len().max(1);
    let percent = lines.iter().filter(|l| **l == "%").count();
    let (rows, other, confidence) = if is_marked(text) {
        also(
            found,
            "plain text whose documents end with a mark, which is no part of them: rows = \"file\" keeps it".into(),
        );
        (TextRows::Mark, TextRows::File, 0.9)
    } else if percent > 2 {
        (TextRows::Block, TextRows::File, 0.9)
    } else if filled.len() <= 1 {
        (TextRows::File, TextRows::Line, 0.9)
    } else if blank == 0 && mean >= 300 {
        // Long lines without a blank between them: an article each, as LLaMA-Factory's wiki_demo has them.
        (TextRows::Line, TextRows::File, 0.7)
    } else if blank == 0 && filled.len() > 200 && mean < 300 {
        (TextRows::Line, TextRows::File, 0.6)
    } else {
        (TextRows::File, if blank * 4 > filled.len() { TextRows::Block } else { TextRows::Line }, 0.6)
    };
    found.rows = Some(rows);
    found.confidence = found.confidence.min(confidence);
    if confidence < 0.9 {
        found.runner_up = Some(format!("rows = \"{}\"", other.as_str()));
        let seen = if whole { "" } else { " (from its beginning)" };
        let note = format!(
            "plain text{seen}: one document a {}; it may be one a {}: say `rows` to settle it",
            rows.as_str(),
            other.as_str()
        );
        also(found, note);
    }
}

#[cfg(test)]
mod files;
#[cfg(test)]
mod tests;
