//! Addresses of the web in text.

use std::borrow::Cow;

use super::stretches::settle;

/// Addresses of the web in a text, in bytes: from `http://`, `https://`, `ftp://` or `www.` to the last of their
/// characters; a sign that ends a sentence or closes a bracket behind one is not part of it.
pub fn addresses(text: &str) -> Vec<(usize, usize)> {
    let b = text.as_bytes();
    let mut all = Vec::new();
    let mut from = 0;
    while from < b.len() {
        let Some(found) = next_address(b, from) else { break };
        let stop = |c: &u8| {
            !(0x21..0x7F).contains(c)
                || matches!(c, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'[' | b']')
        };
        let mut end = found + b[found..].iter().position(stop).unwrap_or(b.len() - found);
        let count = |sign: u8| b[found..end].iter().filter(|c| **c == sign).count();
        let (opened, mut closed) = (count(b'('), count(b')'));
        while end > found {
            match b[end - 1] {
                b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' | b'_' => end -= 1,
                b')' if opened < closed => (end, closed) = (end - 1, closed - 1),
                _ => break,
            }
        }
        let host = text[found..end].split("://").nth(1).unwrap_or(&text[found..end]);
        if host.len() > 4 && host.contains('.') {
            all.push((found, end));
        }
        from = end.max(found + 4);
    }
    all
}

fn next_address(b: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + memchr::memchr3(b'h', b'f', b'w', &b[at..])?;
        let rest = &b[found..];
        let begins = [&b"http://"[..], b"https://", b"ftp://", b"www."].iter().any(|s| rest.starts_with(s));
        if begins && (found == 0 || !b[found - 1].is_ascii_alphanumeric()) {
            return Some(found);
        }
        at = found + 1;
    }
}

/// The text with its addresses of the web replaced by a mark (nothing, where it is empty).
pub fn unlink<'a>(text: &'a str, mark: &str) -> Cow<'a, str> {
    settle(text, &|now| {
        let mut out = String::with_capacity(now.len());
        let mut from = 0;
        for (start, end) in addresses(now) {
            out.push_str(&now[from..start]);
            out.push_str(mark);
            from = end;
        }
        out.push_str(&now[from..]);
        out
    })
}
