//! Tags, comments and entities of HTML in text.

use std::borrow::Cow;
use std::collections::HashSet;

use super::stretches::{outside, settle};
use crate::text::wikitext::entities;

/// Elements of HTML that parsers leave behind in text, and whether one begins a line.
const ELEMENTS: &[(&str, bool)] = &[
    ("a", false),
    ("abbr", false),
    ("article", true),
    ("aside", true),
    ("b", false),
    ("big", false),
    ("blockquote", true),
    ("br", true),
    ("button", false),
    ("center", true),
    ("cite", false),
    ("code", false),
    ("dd", true),
    ("del", false),
    ("div", true),
    ("dl", true),
    ("dt", true),
    ("em", false),
    ("embed", false),
    ("figcaption", true),
    ("figure", true),
    ("font", false),
    ("footer", true),
    ("form", true),
    ("h1", true),
    ("h2", true),
    ("h3", true),
    ("h4", true),
    ("h5", true),
    ("h6", true),
    ("header", true),
    ("hr", true),
    ("i", false),
    ("iframe", false),
    ("img", false),
    ("input", false),
    ("ins", false),
    ("label", false),
    ("li", true),
    ("link", false),
    ("main", true),
    ("mark", false),
    ("meta", false),
    ("nav", true),
    ("object", false),
    ("ol", true),
    ("option", true),
    ("p", true),
    ("pre", true),
    ("s", false),
    ("script", true),
    ("section", true),
    ("select", true),
    ("small", false),
    ("span", false),
    ("strike", false),
    ("strong", false),
    ("style", true),
    ("sub", false),
    ("sup", false),
    ("table", true),
    ("tbody", true),
    ("td", false),
    ("textarea", true),
    ("tfoot", true),
    ("th", false),
    ("thead", true),
    ("tr", true),
    ("u", false),
    ("ul", true),
    ("video", false),
];
/// Elements without an end.
const VOID: &[&str] = &["br", "hr", "img", "input", "link", "meta", "embed"];

/// A tag in a text.
struct Tag {
    /// Of the element, as [`ELEMENTS`] has it.
    name: &'static str,
    closes: bool,
    bare: bool,
    end: usize,
    line: bool,
}

/// The tag of a known element that begins at byte `at`.
fn tag(text: &str, at: usize) -> Option<Tag> {
    let rest = &text[at + 1..];
    let (closes, body) = rest.strip_prefix('/').map_or((false, rest), |body| (true, body));
    let len = body.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let &(name, line) = ELEMENTS.iter().find(|(n, _)| n.eq_ignore_ascii_case(&body[..len]))?;
    let inside = &body[len..];
    let near = &inside.as_bytes()[..inside.len().min(2000)];
    let close = memchr::memchr2(b'<', b'>', near).filter(|at| near[*at] == b'>')?;
    let attributes = inside[..close].trim().trim_end_matches('/').trim();
    // Attributes are a name each, most with a value: `<a 和 b>` is none.
    let shaped = attributes.is_empty()
        || inside.starts_with(char::is_whitespace) && (attributes.contains('=') || attributes.is_ascii());
    let bare = attributes.is_empty();
    let end = at + text[at..].len() - inside.len() + close + 1;
    shaped.then_some(Tag { name, closes, bare, end, line })
}

/// The text without comments, scripts, styles and tags of HTML, and with its entities decoded. A tag goes where it has
/// attributes, closes, is void (`<br>`), or has its other half in the text: `<div>` in a sentence about HTML stays.
pub fn html(text: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'<', b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    settle(text, &|now| {
        let closed = closed(now);
        outside(now, &|piece| entities::decoded(&tags(piece, &closed)).into_owned())
    })
}

/// The known elements that some tag of a text closes.
fn closed(text: &str) -> HashSet<&'static str> {
    let mut all = HashSet::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), "</") {
        let name = &text[at + 2..];
        let name = &name[..name.bytes().take_while(u8::is_ascii_alphanumeric).count()];
        all.extend(ELEMENTS.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name)));
    }
    all
}

/// Ends that were looked for: a text is searched to its own end once for each.
#[derive(Default)]
struct Ends(Vec<&'static str>);

impl Ends {
    /// Behind the next `end` from byte `from` on, in letters of any case.
    fn behind(&mut self, text: &str, from: usize, end: &'static str) -> Option<usize> {
        if self.0.contains(&end) {
            return None;
        }
        let (b, last) = (text.as_bytes(), end.len() - 1);
        let mut at = from + last;
        while let Some(found) = b.get(at..).and_then(|rest| memchr::memchr(b'>', rest)) {
            at += found + 1;
            if b[at - 1 - last..at].eq_ignore_ascii_case(end.as_bytes()) {
                return Some(at);
            }
        }
        self.0.push(end);
        None
    }
}

fn tags(text: &str, closed: &HashSet<&str>) -> String {
    let mut ends = Ends::default();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[from..]) {
        let at = from + found;
        out.push_str(&text[from..at]);
        if text[at..].starts_with("<!--")
            && let Some(end) = ends.behind(text, at, "-->")
        {
            from = end;
            continue;
        }
        let Some(tag) =
            tag(text, at).filter(|t| t.closes || !t.bare || VOID.contains(&t.name) || closed.contains(t.name))
        else {
            out.push('<');
            from = at + 1;
            continue;
        };
        from = tag.end;
        if matches!(tag.name, "script" | "style") && !tag.closes {
            let end = if tag.name == "script" { "</script>" } else { "</style>" };
            from = ends.behind(text, from, end).unwrap_or(from);
        }
        if tag.line
            && !out.is_empty()
            && !out.ends_with('\n')
            && !text[from..].starts_with('\n')
            && !text[from..].is_empty()
        {
            out.push('\n');
        }
        if tag.closes && matches!(tag.name, "td" | "th") {
            out.push(' ');
        }
    }
    out.push_str(&text[from..]);
    out
}
