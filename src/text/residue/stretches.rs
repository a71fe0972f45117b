//! What is code in a text and stays, and changes that are made until nothing is left to change.

use std::borrow::Cow;

/// Stretches of code in a text, in bytes: fenced blocks, what stands between backticks, indented lines of ASCII.
fn code(text: &str) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = Vec::new();
    let mut fence: Option<usize> = None;
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.len();
        let mark = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        match (fence, mark) {
            (None, true) => fence = Some(start),
            (Some(from), true) => {
                all.push((from, end));
                fence = None;
            }
            (Some(_), false) => {}
            (None, false) if line.starts_with("    ") && line.is_ascii() => all.push((start, end)),
            (None, false) => ticks(line, start, &mut all),
        }
        start = end + 1;
    }
    if let Some(from) = fence {
        all.push((from, text.len()));
    }
    all
}

fn ticks(line: &str, start: usize, all: &mut Vec<(usize, usize)>) {
    let places: Vec<usize> = line.match_indices('`').map(|(at, _)| at).collect();
    for pair in places.chunks_exact(2) {
        all.push((start + pair[0], start + pair[1] + 1));
    }
}

/// Rewrites what is no code, stretch by stretch.
pub(super) fn outside(text: &str, rewrite: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in code(text) {
        if start >= from {
            out.push_str(&rewrite(&text[from..start]));
            out.push_str(&text[start..end]);
            from = end;
        }
    }
    out.push_str(&rewrite(&text[from..]));
    out
}

/// Bytes that may be read again and again until nothing changes.
const ROUNDS_BYTES: usize = 1 << 24;

/// Applies a change until it changes nothing: what one layer hid, the next shows.
pub(super) fn settle<'a>(text: &'a str, change: &dyn Fn(&str) -> String) -> Cow<'a, str> {
    let mut now = Cow::Borrowed(text);
    // What is nested deeper than that was made to be; a short text may have as many layers as it likes.
    let most = (ROUNDS_BYTES / text.len().max(1)).max(16);
    for _ in 0..most {
        let next = change(&now);
        if next == *now {
            break;
        }
        now = Cow::Owned(next);
    }
    now
}

/// A line without pairs of a mark that stand close around words.
pub(super) fn unwrapped(line: &str, mark: &str) -> String {
    let parts: Vec<&str> = line.split(mark).collect();
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while at < parts.len() {
        out.push_str(parts[at]);
        if at + 1 == parts.len() {
            break;
        }
        let inner = parts[at + 1];
        let tight =
            !inner.is_empty() && !inner.starts_with(char::is_whitespace) && !inner.ends_with(char::is_whitespace);
        // `__init__` and `2**3**4` are code.
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let glued = word(out.chars().next_back()) && word(inner.chars().next())
            || mark == "__" && !inner.contains(' ') && inner.is_ascii();
        if at + 2 < parts.len() && tight && !glued {
            out.push_str(inner);
            at += 2;
        } else {
            out.push_str(mark);
            at += 1;
        }
    }
    out
}
