//! Marks of wikis in text.

use std::borrow::Cow;

use super::stretches::{outside, settle, unwrapped};

/// The text without the marks of a wiki: templates, references and files go, links are their words, headings and bold
/// lines lose their signs, as do `[编辑]`, `[来源请求]` and numbers of notes behind a sentence (`。[12]`).
pub fn wiki(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '{', '=', '\'', '<']) {
        return Cow::Borrowed(text);
    }
    settle(text, &|now| outside(now, &|piece| notes(&wiki_lines(&wiki_links(&without_templates(&references(piece)))))))
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

/// How far behind its opening a template may go on, in bytes.
const TEMPLATE: usize = 20_000;

/// A text without templates (`{{…}}`), nested ones among them; what never closes stays.
fn without_templates(text: &str) -> String {
    let ends = templates(text);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in ends {
        if start >= from {
            out.push_str(&text[from..start]);
            from = end;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Where the templates of a text begin and end, in the order in which they begin.
fn templates(text: &str) -> Vec<(usize, usize)> {
    let b = text.as_bytes();
    let (mut open, mut all, mut at, mut plain) = (Vec::new(), Vec::new(), 0, 0);
    while let Some(found) = memchr::memchr2(b'{', b'}', &b[at..]) {
        if found > 0 {
            plain = text.floor_char_boundary(at + found - 1);
        }
        at += found;
        if b.get(at + 1) != Some(&b[at]) {
            (plain, at) = (at, at + 1);
            continue;
        }
        if b[at] == b'{' {
            open.push(at);
        } else if let Some(start) = open.pop().filter(|start| plain < start + TEMPLATE) {
            all.push((start, at + 2));
        }
        at += 2;
    }
    all.sort_unstable();
    all
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
