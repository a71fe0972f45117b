//! Marks of wikis in text.

use std::borrow::Cow;

use super::stretches::{outside, settle, unwrapped};

/// The text without the marks of a wiki: templates, references and files go, links are their words, headings and bold
/// lines lose their signs, as do `[编辑]`, `[来源请求]` and numbers of notes behind a sentence (`。[12]`).
pub fn wiki(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '{', '=', '\'', '<']) {
        return Cow::Borrowed(text);
    }
    settle(text, &|now| {
        outside(now, &|piece| notes(&wiki_lines(&wiki_links(&balanced(&references(piece), "{{", "}}")))))
    })
}

fn references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<ref") {
        let Some(close) = rest[at..].find('>') else { break };
        let end = if rest[..at + close].ends_with('/') {
            Some(at + close + 1)
        } else {
            rest[at..].find("</ref>").map(|end| at + end + 6)
        };
        let Some(end) = end else { break };
        out.push_str(&rest[..at]);
        rest = &rest[end..];
    }
    out + rest
}

/// A text without what stands between two marks, nested ones among it; what never closes stays.
fn balanced(text: &str, open: &str, close: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = text[from..].find(open) {
        let at = from + found;
        let (mut depth, mut place) = (0usize, at);
        let end = loop {
            let rest = &text[place..];
            if rest.starts_with(open) {
                (depth, place) = (depth + 1, place + open.len());
            } else if rest.starts_with(close) {
                (depth, place) = (depth - 1, place + close.len());
                if depth == 0 {
                    break Some(place);
                }
            } else {
                match rest.chars().next() {
                    Some(c) if place - at < 20_000 => place += c.len_utf8(),
                    _ => break None,
                }
            }
        };
        let Some(end) = end else {
            out.push_str(&text[from..at + open.len()]);
            from = at + open.len();
            continue;
        };
        out.push_str(&text[from..at]);
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

fn wiki_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    // Inner links first, so the last opening before a closing.
    while let Some(found) = text[from..].find("]]") {
        let close = from + found;
        let Some(open) = text[from..close].rfind("[[").map(|at| from + at) else {
            out.push_str(&text[from..close + 2]);
            from = close + 2;
            continue;
        };
        out.push_str(&text[from..open]);
        let inner = &text[open + 2..close];
        let lower = inner.to_lowercase();
        let aside = ["file:", "image:", "category:", "文件:", "图像:", "圖像:", "檔案:", "分类:", "分類:"]
            .iter()
            .any(|p| lower.starts_with(p));
        if !aside {
            out.push_str(inner.rsplit('|').next().unwrap_or(inner));
        }
        from = close + 2;
    }
    out.push_str(&text[from..]);
    out
}

fn wiki_lines(text: &str) -> String {
    let line = |line: &str| {
        let trimmed = line.trim();
        let level = trimmed.bytes().take_while(|c| *c == b'=').count();
        let heading = (2..=6).contains(&level) && trimmed.len() > 2 * level && trimmed.ends_with(&"=".repeat(level));
        let out = if heading { trimmed[level..trimmed.len() - level].trim() } else { line };
        let out = unwrapped(out, "'''''");
        let out = unwrapped(&out, "'''");
        unwrapped(&out, "''")
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn notes(text: &str) -> String {
    let mut out = text.to_owned();
    for mark in [
        "[编辑]",
        "[編輯]",
        "[edit]",
        "[来源请求]",
        "[來源請求]",
        "[citation needed]",
        "__TOC__",
        "__NOTOC__",
        "__NOEDITSECTION__",
    ] {
        if out.contains(mark) {
            out = out.replace(mark, "");
        }
    }
    let mut kept = String::with_capacity(out.len());
    let mut rest = out.as_str();
    while let Some(at) = rest.find('[') {
        let inner = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let closes = rest[at + 1 + inner..].starts_with(']');
        let behind = rest[..at]
            .chars()
            .next_back()
            .or_else(|| kept.chars().next_back())
            .is_some_and(|c| c >= '\u{2E80}' || matches!(c, '.' | '”' | '"'));
        kept.push_str(&rest[..at]);
        if (1..=3).contains(&inner) && closes && behind && !rest[at + inner + 2..].starts_with(['(', ':']) {
            rest = &rest[at + inner + 2..];
        } else {
            kept.push('[');
            rest = &rest[at + 1..];
        }
    }
    kept + rest
}
