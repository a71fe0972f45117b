//! Tags, comments and entities of HTML in text.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

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
    let close = inside[..inside.floor_char_boundary(2000)].find('>')?;
    let attributes = inside[..close].trim().trim_end_matches('/').trim();
    // Attributes are a name each, most with a value: `<a 和 b>` is none.
    let shaped = attributes.is_empty()
        || inside.starts_with(char::is_whitespace)
            && (attributes.contains('=') || attributes.is_ascii())
            && !attributes.contains('<');
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
        let lower = now.to_ascii_lowercase();
        // The text is searched once for each element.
        let seen = RefCell::new(HashMap::new());
        let closed =
            |name: &'static str| *seen.borrow_mut().entry(name).or_insert_with(|| lower.contains(&format!("</{name}")));
        outside(now, &|piece| entities::decoded(&tags(piece, &closed)).into_owned())
    })
}

fn tags(text: &str, closed: &dyn Fn(&'static str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[from..]) {
        let at = from + found;
        out.push_str(&text[from..at]);
        if text[at..].starts_with("<!--")
            && let Some(end) = text[at..].find("-->")
        {
            from = at + end + 3;
            continue;
        }
        let Some(tag) = tag(text, at).filter(|t| t.closes || !t.bare || VOID.contains(&t.name) || closed(t.name))
        else {
            out.push('<');
            from = at + 1;
            continue;
        };
        from = tag.end;
        if matches!(tag.name, "script" | "style") && !tag.closes {
            let end = format!("</{}>", tag.name);
            let mut ends = text.as_bytes()[from..].windows(end.len());
            from = ends.position(|w| w.eq_ignore_ascii_case(end.as_bytes())).map_or(from, |at| from + at + end.len());
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
