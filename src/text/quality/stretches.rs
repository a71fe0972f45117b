//! Stretches of a text that are no prose: addresses, tags, mathematical operators.

use memchr::memmem;

use super::tally::CODE;

/// Characters of addresses: from the scheme, or `www.`, to white space, Han, a quote or a bracket that closes.
pub fn links(text: &str) -> u64 {
    let mut characters = 0;
    let (mut from, mut scheme) = (0, None);
    while let Some(at) = next(text, from, &mut scheme) {
        let length = text[at..].find(is_behind).unwrap_or(text.len() - at);
        characters += text[at..at + length].chars().count() as u64;
        from = at + length.max(4);
    }
    characters
}

/// The next address at byte `from` or behind. `scheme` remembers the next `://`: where its letters begin, and itself (the
/// end of the text, where there is none).
fn next(text: &str, from: usize, scheme: &mut Option<(usize, usize)>) -> Option<usize> {
    let b = text.as_bytes();
    let rest = b.get(from..)?;
    let (start, at) = match *scheme {
        Some((start, at)) if at >= from => (start.max(from), at),
        _ => {
            let place = memmem::find(rest, b"://").unwrap_or(rest.len());
            let name = rest[..place].iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
            *scheme.insert((from + place - name, from + place))
        }
    };
    let start = if at == b.len() { at } else { start };
    let bare = memmem::find(&rest[..start - from], b"www.").map(|at| from + at);
    bare.or((at < b.len()).then_some(start))
}

fn is_behind(c: char) -> bool {
    let sign = matches!(
        c,
        '"' | '\'' | '<' | '>' | ')' | ']' | '}' | '）' | '】' | '》' | '，' | '。' | '；' | '！' | '“' | '”' | '|'
    );
    sign || c.is_whitespace() || !c.is_ascii() && c.is_alphabetic()
}

/// Characters of HTML tags: `<`, `/` or not, letters, at most 300 bytes to `>`.
pub fn markup(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (mut characters, mut from) = (0, 0);
    for at in memchr::memchr_iter(b'<', bytes) {
        let name = bytes.get(at + 1).map_or(0, |b| if *b == b'/' { 2 } else { 1 });
        let begins = bytes.get(at + name).is_some_and(u8::is_ascii_alphabetic) && at >= from;
        let end = &bytes[at..bytes.len().min(at + 300)];
        let Some(length) = memchr::memchr2(b'>', b'\n', end).filter(|e| begins && end[*e] == b'>') else { continue };
        characters += text[at..=at + length].chars().count() as u64;
        from = at + length;
    }
    characters
}

/// Mathematical operators among characters, U+2200 to U+22FF.
pub fn operators(codes: &[u32]) -> u64 {
    codes.iter().filter(|c| (0x2200..0x2300).contains(&(*c & CODE))).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_they_end() {
        assert_eq!(links("见https://a.cn/b?c=1。好"), 18);
        assert_eq!(links("www.a.com http://b.cn"), 9 + 11);
        assert_eq!(links("没有"), 0);
        assert_eq!(links("://"), 3);
    }

    #[test]
    fn tags_are_tags() {
        assert_eq!(markup("<p class=\"x\">字</p> 1 < 2 > 3 <\n>"), 13 + 4);
        assert_eq!(markup("a <b"), 0);
    }
}
