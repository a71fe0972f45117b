//! Marks of Markdown in text.

use std::borrow::Cow;

use super::stretches::{outside, settle, unwrapped};

/// The text without the marks of Markdown: `#` before headings, `**`, `__` and `~~` around words, `>` before quotations,
/// lines that are rules; links are their words, images go. Lists and code stay.
pub fn markdown(text: &str) -> Cow<'_, str> {
    if !text.contains(['#', '*', '[', '>', '~', '_', '-', '=']) {
        return Cow::Borrowed(text);
    }
    settle(text, &|now| outside(now, &|piece| piece.split('\n').map(markdown_line).collect::<Vec<_>>().join("\n")))
}

fn markdown_line(line: &str) -> String {
    let trimmed = line.trim();
    let rule = trimmed.len() >= 3
        && ["-", "*", "_", "="].iter().any(|s| trimmed.replace([' '], "").chars().all(|c| s.contains(c)));
    if rule {
        return String::new();
    }
    let mut rest = line;
    let hashes = rest.trim_start().bytes().take_while(|c| *c == b'#').count();
    if (1..=6).contains(&hashes) && rest.trim_start()[hashes..].starts_with(' ') {
        rest = rest.trim_start()[hashes..].trim_start().trim_end_matches(['#', ' ']);
    }
    while let Some(behind) = rest.strip_prefix("> ").or_else(|| (rest == ">").then_some("")) {
        rest = behind;
    }
    let mut out = linked(rest);
    for mark in ["***", "**", "__", "~~"] {
        out = unwrapped(&out, mark);
    }
    out
}

/// Links of Markdown as their words, images as nothing.
fn linked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut from = 0;
    while let Some(found) = line[from..].find("](") {
        let at = from + found;
        let (Some(open), Some(close)) = (line[from..at].rfind('['), line[at + 2..].find(')')) else {
            out.push_str(&line[from..at + 2]);
            from = at + 2;
            continue;
        };
        let open = from + open;
        let address = &line[at + 2..at + 2 + close];
        let is_link = !address.contains(char::is_whitespace) || address.contains('"');
        if !is_link || address.is_empty() {
            out.push_str(&line[from..at + 2]);
            from = at + 2;
            continue;
        }
        let image = line[..open].ends_with('!') && open > from;
        out.push_str(&line[from..open - usize::from(image)]);
        if !image {
            out.push_str(&line[open + 1..at]);
        }
        from = at + 2 + close + 1;
    }
    out.push_str(&line[from..]);
    out
}
