//! `<…>`: comments and extension tags, whose contents no other pass may read, and HTML, which is stripped.

use std::fmt::Write as _;

use memchr::{memchr, memmem};

use super::markup::raw;
use super::variants::Variant;
use super::{BREAK, COOKED, HOLE, Pieces, RAW, entities};

/// What becomes of an extension tag's contents.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Drop,
    Nowiki,
    Code,
    Math,
    Chem,
    /// Text to be shown in a variant of its own, whatever that of the page is.
    Convert,
}

/// Extension tags: what stands between them is opaque to templates, links and all else.
const EXTENSIONS: &[(&str, Kind)] = &[
    ("ref", Kind::Drop),
    ("math", Kind::Math),
    ("nowiki", Kind::Nowiki),
    ("references", Kind::Drop),
    ("gallery", Kind::Drop),
    ("chem", Kind::Chem),
    ("ce", Kind::Chem),
    ("pre", Kind::Code),
    ("source", Kind::Code),
    ("syntaxhighlight", Kind::Code),
    ("timeline", Kind::Drop),
    ("score", Kind::Drop),
    ("hiero", Kind::Drop),
    ("imagemap", Kind::Drop),
    ("includeonly", Kind::Drop),
    ("templatestyles", Kind::Drop),
    ("templatedata", Kind::Drop),
    ("graph", Kind::Drop),
    ("mapframe", Kind::Drop),
    ("maplink", Kind::Drop),
    ("indicator", Kind::Drop),
    ("inputbox", Kind::Drop),
    ("categorytree", Kind::Drop),
    ("style", Kind::Drop),
    ("script", Kind::Drop),
    ("rp", Kind::Drop),
    ("langconvert", Kind::Convert),
];

/// The page without comments and extension tags.
pub(super) fn strip(text: &str, pieces: &mut Pieces) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    // Tags that are never closed from here on, so that each is searched for in vain once only.
    let mut unclosed = [false; EXTENSIONS.len()];
    let mut i = 0;
    while let Some(at) = memchr(b'<', &bytes[i..]) {
        out.push_str(&text[i..i + at]);
        i += at;
        if bytes[i..].starts_with(b"<!--") {
            i = memmem::find(&bytes[i + 4..], b"-->").map_or(bytes.len(), |e| i + 4 + e + 3);
            out.push(HOLE);
            continue;
        }
        let tag = Tag::at(text, i);
        if let Some(tag) = &tag
            && !tag.closing
            && tag.name.eq_ignore_ascii_case("code")
            && forced(&text[tag.end..])
        {
            i = tag.end;
            continue;
        }
        let known = tag.as_ref().and_then(|t| EXTENSIONS.iter().position(|(n, _)| n.eq_ignore_ascii_case(t.name)));
        let (Some(tag), Some(which)) = (tag, known) else {
            out.push('<');
            i += 1;
            continue;
        };
        let (name, kind) = EXTENSIONS[which];
        let attributes = &text[i..tag.end];
        i = tag.end;
        if tag.closing {
            continue;
        }
        if tag.selfclosing {
            if kind != Kind::Nowiki {
                out.push(HOLE);
            }
            continue;
        }
        let close = if unclosed[which] { None } else { closing(bytes, i, name) };
        let Some((inner, end)) = close else {
            unclosed[which] = true;
            out.push(HOLE);
            continue;
        };
        let inner = &text[i..inner];
        i = end;
        shown((kind, name), attributes, inner, &mut out, pieces);
    }
    out.push_str(&text[i..]);
    out
}

/// What a reader sees of an extension tag: behind it in the output, or as a piece that nothing changes.
fn shown((kind, name): (Kind, &str), attributes: &str, inner: &str, out: &mut String, pieces: &mut Pieces) {
    match kind {
        Kind::Drop => out.push(HOLE),
        Kind::Math | Kind::Chem if inner.trim().is_empty() => out.push(HOLE),
        Kind::Math => pieces.put(out, format!("${}$", formula(inner))),
        Kind::Chem => pieces.put(out, format!("$\\ce{{{}}}$", formula(inner))),
        Kind::Convert => {
            let to = attributes.split_once("to=").map_or("", |(_, to)| to.trim_start_matches(['"', '\'']));
            let to = to.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or("");
            let converter = Variant::parse(to).and_then(Variant::converter);
            out.push_str(&raw(&converter.map_or(inner.into(), |c| c.convert(inner))));
        }
        Kind::Nowiki if inner.is_empty() => {}
        Kind::Nowiki => pieces.put(out, entities::decoded(inner).into_owned()),
        Kind::Code if name == "pre" && inner.find("-{").is_some_and(|at| inner[at..].contains("}-")) => {
            forced_pre(inner.trim_matches('\n'), out);
        }
        Kind::Code => pieces.put(out, entities::decoded(inner.trim_matches('\n')).into_owned()),
    }
}

/// How far `</code>` is looked for.
const CODE: usize = 4096;

/// Whether a `<code>` is converted although it is code: it has a `-{ }-` in it.
fn forced(inner: &str) -> bool {
    let near = &inner.as_bytes()[..inner.len().min(CODE)];
    memmem::find(near, b"</code").is_some_and(|end| memmem::find(&near[..end], b"-{").is_some())
}

/// A `<pre>` with `-{ }-` in it, which is read as elsewhere, and the text around it converted; all other markup of it is
/// text. Indentation is lost.
fn forced_pre(inner: &str, out: &mut String) {
    out.push(BREAK);
    let mut inside = false;
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let mark = if inside { "}-" } else { "-{" };
        if rest.starts_with(mark) {
            inside = !inside;
            out.push_str(mark);
            rest = &rest[mark.len()..];
            continue;
        }
        match c {
            '\n' => out.push(BREAK),
            '|' | '=' | '>' | ':' | '-' if inside => out.push(c),
            '{' | '}' | '[' | ']' | '|' | '=' | '<' | '>' | '\'' | '*' | '#' | ':' | '_' | '/' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    out.push(BREAK);
}

/// LaTeX on one line.
fn formula(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    for line in inner.split('\n').map(str::trim).filter(|l| !l.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    entities::decoded(&out).into_owned()
}

/// Where `</name>` is: its start and its end.
fn closing(bytes: &[u8], from: usize, name: &str) -> Option<(usize, usize)> {
    let finder = memmem::Finder::new(b"</");
    let mut i = from;
    loop {
        let at = i + finder.find(&bytes[i..])?;
        let after = at + 2;
        i = after;
        let found = bytes.get(after..after + name.len())?;
        if !found.eq_ignore_ascii_case(name.as_bytes()) {
            continue;
        }
        let mut end = after + name.len();
        while bytes.get(end).is_some_and(u8::is_ascii_whitespace) {
            end += 1;
        }
        if bytes.get(end) == Some(&b'>') {
            return Some((at, end + 1));
        }
        i = end;
    }
}

/// A tag as written, from `<` to `>`.
struct Tag<'a> {
    name: &'a str,
    closing: bool,
    selfclosing: bool,
    /// Just after `>`.
    end: usize,
}

impl<'a> Tag<'a> {
    /// The tag that starts at `at`. A tag does not contain a `<`, so looking at all of them reads the text once.
    fn at(text: &'a str, at: usize) -> Option<Tag<'a>> {
        let bytes = text.as_bytes();
        let closing = bytes.get(at + 1) == Some(&b'/');
        let start = at + 1 + usize::from(closing);
        let mut stop = start;
        while bytes.get(stop).is_some_and(u8::is_ascii_alphanumeric) {
            stop += 1;
        }
        let after = *bytes.get(stop)?;
        if stop == start || !(after.is_ascii_whitespace() || matches!(after, b'/' | b'>')) {
            return None;
        }
        let end = stop + memchr::memchr2(b'>', b'<', &bytes[stop..])?;
        (bytes[end] == b'>').then(|| Tag {
            name: &text[start..stop],
            closing,
            selfclosing: bytes[end - 1] == b'/',
            end: end + 1,
        })
    }
}

/// Tags that start and end a line.
const BLOCKS: &[&str] = &[
    "br",
    "hr",
    "p",
    "div",
    "blockquote",
    "center",
    "poem",
    "li",
    "ul",
    "ol",
    "dl",
    "dd",
    "dt",
    "table",
    "tr",
    "caption",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
];
/// Tags that leave nothing.
const SPANS: &[&str] = &[
    "span",
    "small",
    "big",
    "sub",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "code",
    "tt",
    "kbd",
    "samp",
    "var",
    "font",
    "del",
    "ins",
    "strike",
    "abbr",
    "cite",
    "dfn",
    "q",
    "mark",
    "bdi",
    "bdo",
    "ruby",
    "rb",
    "rbc",
    "rtc",
    "nobr",
    "wbr",
    "noinclude",
    "onlyinclude",
    "tbody",
    "thead",
    "tfoot",
    "colgroup",
    "col",
    "data",
    "time",
    "a",
    "img",
    "link",
    "meta",
    "languages",
    "translate",
    "tvar",
    "nowrap",
    "math",
    "ref",
];

/// The text without HTML tags; their contents stay. Anything else in angle brackets is text.
pub(super) fn html(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while let Some(at) = memchr(b'<', &bytes[i..]) {
        out.push_str(&text[i..i + at]);
        i += at;
        let Some(tag) = Tag::at(text, i) else {
            out.push('<');
            i += 1;
            continue;
        };
        let is = |names: &[&str]| names.iter().any(|n| n.eq_ignore_ascii_case(tag.name));
        if is(BLOCKS) {
            out.push(BREAK);
        } else if is(&["code"]) && !tag.selfclosing {
            out.push(if tag.closing { COOKED } else { RAW });
        } else if is(&["td", "th"]) {
            out.push(' ');
        } else if is(&["rt"]) {
            out.push(if tag.closing { '）' } else { '（' });
        } else if is(&["sup"]) {
            // 10<sup>5</sup> is not 105.
            let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
            let rest = text[tag.end..].trim_start_matches(['-', '−', '+']);
            if !tag.closing && digit(out.as_bytes().last()) && digit(rest.as_bytes().first()) {
                out.push('^');
            }
        } else if !is(SPANS) {
            out.push('<');
            i += 1;
            continue;
        }
        i = tag.end;
    }
    out.push_str(&text[i..]);
    out
}
