//! Python's way of writing a value (`{'a': "it's", 'b': None}`) as JSON: some tools store `str(dict)`.

use std::iter::Peekable;
use std::str::Chars;

/// More brackets inside one another than any row of metadata has.
const DEEPEST: usize = 32;

/// The JSON of a Python literal, or of what is JSON already; `None` where it is neither.
pub fn json(text: &str) -> Option<String> {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Some(text.to_owned());
    }
    let mut chars = text.trim().chars().peekable();
    let mut out = String::with_capacity(text.len());
    value(&mut chars, &mut out, 0)?;
    blank(&mut chars);
    // What came of it must be JSON: numbers such as `1_000` or `nan` are not.
    (chars.next().is_none() && serde_json::from_str::<serde::de::IgnoredAny>(&out).is_ok()).then_some(out)
}

fn blank(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
}

fn value(chars: &mut Peekable<Chars<'_>>, out: &mut String, depth: usize) -> Option<()> {
    blank(chars);
    match *chars.peek()? {
        '\'' | '"' => string(chars, out),
        '{' | '[' | '(' if depth < DEEPEST => list(chars, out, depth),
        c if c.is_ascii_alphanumeric() || "+-.".contains(c) => {
            let mut word = String::new();
            while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || "+-._".contains(*c)) {
                word.push(c);
            }
            out.push_str(match word.as_str() {
                "None" => "null",
                "True" => "true",
                "False" => "false",
                word => word,
            });
            Some(())
        }
        _ => None,
    }
}

fn list(chars: &mut Peekable<Chars<'_>>, out: &mut String, depth: usize) -> Option<()> {
    let open = chars.next()?;
    let (close, left, right) = match open {
        '{' => ('}', '{', '}'),
        '(' => (')', '[', ']'),
        _ => (']', '[', ']'),
    };
    out.push(left);
    let mut count = 0;
    loop {
        blank(chars);
        if chars.next_if_eq(&close).is_some() {
            out.push(right);
            return Some(());
        }
        if count > 0 {
            chars.next_if_eq(&',')?;
            blank(chars);
            if chars.next_if_eq(&close).is_some() {
                out.push(right);
                return Some(());
            }
            out.push(',');
        }
        value(chars, out, depth + 1)?;
        if open == '{' {
            blank(chars);
            chars.next_if_eq(&':')?;
            out.push(':');
            value(chars, out, depth + 1)?;
        }
        count += 1;
    }
}

fn string(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    let quote = chars.next()?;
    let mut text = String::new();
    loop {
        match chars.next()? {
            c if c == quote => break,
            '\\' => {
                let escape = chars.next()?;
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                if digits > 0 {
                    let hex: String = chars.by_ref().take(digits).collect();
                    text.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?).unwrap_or('\u{fffd}'));
                    continue;
                }
                match escape {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    '\\' | '\'' | '"' => text.push(escape),
                    _ => text.extend(['\\', escape]),
                }
            }
            c => text.push(c),
        }
    }
    out.push_str(&serde_json::to_string(&text).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_python_prints() {
        let text = r#"{'url': "it's", 'a': [1, -2.5, None], 'b': (True, False,), 'c': {}, '中': '\x41\u4e2d\n'}"#;
        let want = r#"{"url":"it's","a":[1,-2.5,null],"b":[true,false],"c":{},"中":"A中\n"}"#;
        assert_eq!(json(text).as_deref(), Some(want));
        assert_eq!(json(r#"{"a": 1}"#).as_deref(), Some(r#"{"a": 1}"#));
        for broken in ["", "{'a'", "{'a': }", "{'a': 1} x", "{'a': nan}", "datetime(1)", &"[".repeat(100_000)] {
            assert_eq!(json(broken), None, "{broken:.20}");
        }
    }
}
