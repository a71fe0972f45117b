//! What is left to read inside a line: links out of the wiki, bold and italics, magic words, entities.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{BREAK, COOKED, HOLE, RAW, entities, is_void};

/// A line with its inline markup read, and whether it had a link out of the wiki.
pub(super) fn read(line: &str) -> (String, bool) {
    let (text, linked) = outward(line);
    let text = apostrophes(&text);
    let text = magic(&text);
    (entities::decoded(&text).into_owned(), linked)
}

const SCHEMES: &[&str] = &[
    "http://", "https://", "//", "ftp://", "ftps://", "mailto:", "news:", "irc://", "ircs://", "git://", "magnet:",
    "tel:",
];

/// `[http://a label]` shows the label.
fn outward(line: &str) -> (Cow<'_, str>, bool) {
    let bytes = line.as_bytes();
    let mut out = String::new();
    let mut done = 0;
    let mut i = 0;
    let mut linked = line.contains("://");
    while let Some(at) = memchr(b'[', &bytes[i..]) {
        let open = i + at;
        i = open + 1;
        let rest = &line[i..];
        let scheme = |s: &&str| rest.get(..s.len()).is_some_and(|r| r.eq_ignore_ascii_case(s));
        if !rest.starts_with(HOLE) && !SCHEMES.iter().any(scheme) {
            continue;
        }
        let Some(close) = memchr(b']', rest.as_bytes()) else { break };
        let inside = &rest[..close];
        linked = true;
        let label = if inside.starts_with(HOLE) {
            inside
        } else {
            inside.find(|c: char| c.is_whitespace() || c == BREAK || c == HOLE).map_or("", |at| &inside[at..])
        };
        let label = label.trim_matches(|c| is_void(c) && c != HOLE);
        out.push_str(&line[done..open]);
        if label.trim_matches(is_void).is_empty() {
            out.push(HOLE);
        } else {
            out.push_str(label);
        }
        i += close + 1;
        done = i;
    }
    if done == 0 {
        return (Cow::Borrowed(line), linked);
    }
    out.push_str(&line[done..]);
    (Cow::Owned(out), linked)
}

/// `''italic''`, `'''bold'''`, `'''''both'''''`; of four, the first is text.
fn apostrophes(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memmem::find(bytes, b"''").is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while let Some(at) = memchr(b'\'', &bytes[i..]) {
        out.push_str(&text[i..i + at]);
        i += at;
        let run = bytes[i..].iter().take_while(|b| **b == b'\'').count();
        if run == 1 || run == 4 {
            out.push('\'');
        }
        i += run;
    }
    out.push_str(&text[i..]);
    Cow::Owned(out)
}

const MAGIC: &[&str] = &[
    "NOTOC",
    "FORCETOC",
    "TOC",
    "NOEDITSECTION",
    "NEWSECTIONLINK",
    "NONEWSECTIONLINK",
    "NOGALLERY",
    "HIDDENCAT",
    "EXPECTUNUSEDCATEGORY",
    "NOCONTENTCONVERT",
    "NOCC",
    "NOTITLECONVERT",
    "NOTC",
    "INDEX",
    "NOINDEX",
    "STATICREDIRECT",
    "NOGLOBAL",
    "DISAMBIG",
    "ARCHIVEDTALK",
    "NOTALK",
    "EXPECTUNUSEDTEMPLATE",
    "EXPECTED_UNCONNECTED_PAGE",
];

/// Words that keep a page from being converted, in any case.
const AS_WRITTEN: &[&str] = &["NOCONTENTCONVERT", "NOCC", "不转换内容", "不轉換內容"];
/// Those of the magic words that count in any case.
const ANY_CASE: &[&str] =
    &["NOTOC", "FORCETOC", "TOC", "NOEDITSECTION", "NOGALLERY", "NOCONTENTCONVERT", "NOCC", "NOTITLECONVERT", "NOTC"];

/// Whether a page says that its text is not to be converted.
pub(super) fn keeps_as_written(page: &str) -> bool {
    memmem::find_iter(page.as_bytes(), b"__").any(|at| {
        let rest = &page[at + 2..];
        AS_WRITTEN.iter().any(|word| {
            rest.get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word)) && rest[word.len()..].starts_with("__")
        })
    })
}

/// `__NOTOC__` and its like, also in Chinese.
fn magic(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memmem::find(bytes, b"__").is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while let Some(at) = memmem::find(&bytes[i..], b"__") {
        let start = i + at;
        out.push_str(&text[i..start]);
        // The longest word has 25 bytes; look no further.
        let mut limit = (start + 2 + 40).min(text.len());
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        let word = text[start + 2..limit].find("__").map(|len| &text[start + 2..start + 2 + len]);
        let chinese = |w: &str| w.chars().count() >= 2 && w.chars().all(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
        match word {
            Some(word)
                if MAGIC.contains(&word)
                    || chinese(word)
                    || ANY_CASE.iter().any(|any| any.eq_ignore_ascii_case(word)) =>
            {
                out.push(HOLE);
                i = start + word.len() + 4;
            }
            _ => {
                out.push('_');
                i = start + 1;
            }
        }
    }
    out.push_str(&text[i..]);
    Cow::Owned(out)
}

/// Where a term's `:` is in `term: meaning`; not that of an address, and none inside `-{ }-`.
pub(super) fn colon(line: &str) -> Option<usize> {
    let (mut depth, mut skip) = (0usize, 0);
    for (at, c) in line.char_indices() {
        match c {
            _ if at < skip => {}
            RAW => depth += 1,
            COOKED => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            // Without an end, there is no link from here on.
            '[' => skip = memchr(b']', &line.as_bytes()[at..]).map(|e| at + e + 1)?,
            ':' if !line[at + 1..].starts_with("//") => return Some(at),
            _ => {}
        }
    }
    None
}
