//! Marks of Markdown in text.

use std::borrow::Cow;

use super::stretches::{outside, settle, unwrapped};

/// The text without the marks of Markdown: `#` before headings, `**`, `__` and `~~` around words, `>` before quotations,
/// lines that are rules; links are their words, images go. Lists and code stay.
pub fn markdown(text: &str) -> Cow<'_, str> {
    if !text.contains(['#', '*', '[', '>', '~', '_', '-', '=']) {
        return Cow::Borrowed(text);
    }
    settle(text, &|now| outside(now, &lines))
}

fn lines(piece: &str) -> String {
    let mut out = String::with_capacity(piece.len());
    for (at, line) in piece.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&markdown_line(line));
    }
    out
}

fn markdown_line(line: &str) -> Cow<'_, str> {
    if !line.bytes().any(|b| matches!(b, b'#' | b'*' | b'[' | b'>' | b'~' | b'_' | b'-' | b'=')) {
        return Cow::Borrowed(line);
    }
    let trimmed = line.trim();
    let first = trimmed.as_bytes().first().copied().unwrap_or(0);
    let rule = trimmed.len() >= 3
        && matches!(first, b'-' | b'*' | b'_' | b'=')
        && trimmed.bytes().all(|b| b == first || b == b' ');
    if rule {
        return Cow::Borrowed("");
    }
    let mut rest = line;
    let hashes = rest.trim_start().bytes().take_while(|c| *c == b'#').count();
    if (1..=6).contains(&hashes) && rest.trim_start()[hashes..].starts_with(' ') {
        rest = rest.trim_start()[hashes..].trim_start().trim_end_matches(['#', ' ']);
    }
    while let Some(behind) = rest.strip_prefix("> ").or_else(|| (rest == ">").then_some("")) {
        rest = behind;
    }
    let mut out = if rest.contains("](") { Cow::Owned(linked(rest)) } else { Cow::Borrowed(rest) };
    for mark in ["***", "**", "__", "~~"] {
        if out.contains(mark) {
            out = Cow::Owned(unwrapped(&out, mark));
        }
    }
    out
}

/// Links of Markdown as their words, images as nothing.
fn linked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut from = 0;
    let (mut closes, mut blanks, mut quotes) = (Next::default(), Next::default(), Next::default());
    while let Some(found) = line[from..].find("](") {
        let at = from + found;
        let open = line[from..at].rfind('[').map(|open| from + open);
        let (Some(open), Some(close)) = (open, closes.behind(line, at + 2, |c| c == ')')) else {
            out.push_str(&line[from..at + 2]);
            from = at + 2;
            continue;
        };
        let within = |place: Option<usize>| place.is_some_and(|place| place < close);
        let blank = within(blanks.behind(line, at + 2, char::is_whitespace));
        let is_link = !blank || within(quotes.behind(line, at + 2, |c| c == '"'));
        if !is_link || close == at + 2 {
            out.push_str(&line[from..at + 2]);
            from = at + 2;
            continue;
        }
        let image = line[..open].ends_with('!') && open > from;
        out.push_str(&line[from..open - usize::from(image)]);
        if !image {
            out.push_str(&line[open + 1..at]);
        }
        from = close + 1;
    }
    out.push_str(&line[from..]);
    out
}

/// Where a character stands next, remembered: a line is searched for it once, however often it is asked for.
#[derive(Default)]
struct Next(Option<Option<usize>>);

impl Next {
    /// The first place at byte `from` or behind; `from` never goes back.
    fn behind(&mut self, line: &str, from: usize, is: fn(char) -> bool) -> Option<usize> {
        match self.0 {
            Some(place) if place.is_none_or(|place| place >= from) => place,
            _ => *self.0.insert(line[from..].find(is).map(|place| from + place)),
        }
    }
}
