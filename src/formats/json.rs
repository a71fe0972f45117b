//! A JSON value as it stands in a file, and the scanner that finds where a text ends and what it says.
//!
//! Most bytes of a corpus in JSON lie in one long text a row. Such a text is looked through 64 bytes at a time for the
//! three things that matter in it: quotes, backslashes, control characters (Langdale and Lemire, "Parsing Gigabytes of
//! JSON per Second", 2019). Whatever the scanner is not sure of it leaves to `serde_json`, whose rules and errors hold.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use wide::u8x64;

/// A JSON value, whole and well formed, as unparsed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(deserializer).map(|raw| Json(raw.get()))
    }
}

impl<'a> Json<'a> {
    /// The text of the value, from its first byte to its last.
    pub fn get(self) -> &'a str {
        self.0
    }

    /// What a text says: the characters between its quotes. `None` where the value is no text, or an escape in it stands
    /// for no character.
    pub fn characters(self) -> Option<Cow<'a, str>> {
        unescaped(self.0.strip_prefix('"')?.strip_suffix('"')?)
    }
}

/// The members of an object at its top level, in source order, handed to `member`. False where the text is not plainly an
/// object and nothing else: what is wrong with it, if anything is, a parser says.
pub fn members<'a>(json: &'a str, mut member: impl FnMut(Cow<'a, str>, Json<'a>)) -> bool {
    let bytes = json.as_bytes();
    let mut at = blank(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return false;
    }
    at = blank(bytes, at + 1);
    if bytes.get(at) != Some(&b'}') {
        loop {
            let Some(end) = text_end(bytes, at) else { return false };
            let Some(key) = Json(&json[at..end]).characters() else { return false };
            at = blank(bytes, end);
            if bytes.get(at) != Some(&b':') {
                return false;
            }
            at = blank(bytes, at + 1);
            let Some(value) = value_at(json, at) else { return false };
            member(key, value);
            at = blank(bytes, at + value.0.len());
            match bytes.get(at) {
                Some(b',') => at = blank(bytes, at + 1),
                Some(b'}') => break,
                _ => return false,
            }
        }
    }
    blank(bytes, at + 1) == bytes.len()
}

/// The value that begins at `at`.
fn value_at(json: &str, at: usize) -> Option<Json<'_>> {
    if json.as_bytes().get(at) == Some(&b'"') {
        return Some(Json(&json[at..text_end(json.as_bytes(), at)?]));
    }
    Json::deserialize(&mut serde_json::Deserializer::from_str(&json[at..])).ok()
}

/// The first byte from `at` on that is no white space of JSON.
fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}

/// Where the text that begins at `at` ends, behind its closing quote. `None` where there is none, an escape in it is none
/// of JSON's, or a control character stands bare.
fn text_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    // Where the block begins, and whether its first byte stands behind a backslash.
    let (mut at, mut carried) = (at + 1, 0);
    while at < bytes.len() {
        let block = Block::at(bytes, at);
        let behind = block.escapes << 1 | carried;
        // Line breaks and quotes are what is escaped most, and stand in a block as they will: no branch for each of them.
        if block.controls | (block.quotes & !behind) | (behind & !(block.quotes | block.of(b'n'))) == 0 {
            (at, carried) = (at + BLOCK, block.escapes >> (BLOCK - 1));
            continue;
        }
        // The block once more, from that backslash on.
        at -= carried as usize;
        let block = if carried == 1 { Block::at(bytes, at) } else { block };
        let (mut here, mut signs) = (at, block.escapes | block.quotes | block.controls);
        while signs != 0 {
            let sign = at + signs.trailing_zeros() as usize;
            signs &= signs - 1;
            // What a sign before it escapes.
            if sign < here {
                continue;
            }
            here = sign;
            match (bytes[here], bytes.get(here + 1)) {
                (b'"', _) => return Some(here + 1),
                (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => here += 2,
                (b'\\', Some(b'u')) if bytes.get(here + 2..here + 6)?.iter().all(u8::is_ascii_hexdigit) => here += 6,
                _ => return None,
            }
        }
        (at, carried) = ((at + BLOCK).max(here), 0);
    }
    None
}

/// Bytes that are looked through at once.
const BLOCK: usize = 64;

/// Where backslashes, quotes and control characters stand in 64 bytes: a bit for each byte, the first one lowest.
struct Block {
    bytes: u8x64,
    escapes: u64,
    quotes: u64,
    controls: u64,
}

impl Block {
    /// The block that begins at `at`, filled up with blanks at the end.
    #[inline(always)]
    fn at(bytes: &[u8], at: usize) -> Self {
        let rest = &bytes[at..];
        let mut filled = [b' '; BLOCK];
        let bytes = u8x64::new(*rest.first_chunk().unwrap_or_else(|| {
            filled[..rest.len()].copy_from_slice(rest);
            &filled
        }));
        let mut block = Block { bytes, escapes: 0, quotes: 0, controls: 0 };
        (block.escapes, block.quotes) = (block.of(b'\\'), block.of(b'"'));
        block.controls = bytes.min(u8x64::splat(0x1f)).simd_eq(bytes).to_bitmask();
        block
    }

    /// Where a byte stands.
    #[inline(always)]
    fn of(&self, byte: u8) -> u64 {
        self.bytes.simd_eq(u8x64::splat(byte)).to_bitmask()
    }
}

/// The characters of a text between its quotes; `None` where an escape stands for none.
fn unescaped(inner: &str) -> Option<Cow<'_, str>> {
    let bytes = inner.as_bytes();
    let (mut out, mut copied) = (String::new(), 0);
    for at in (0..bytes.len()).step_by(BLOCK) {
        let mut escapes = Block::at(bytes, at).escapes;
        while escapes != 0 {
            let escape = at + escapes.trailing_zeros() as usize;
            escapes &= escapes - 1;
            // The second of two backslashes is what the first one escapes.
            if escape < copied {
                continue;
            }
            if copied == 0 {
                out.reserve_exact(inner.len());
            }
            out.push_str(&inner[copied..escape]);
            // Most of them by far.
            if bytes.get(escape + 1) == Some(&b'n') {
                out.push('\n');
                copied = escape + 2;
                continue;
            }
            let (character, length) = match bytes.get(escape + 1)? {
                b't' => ('\t', 2),
                b'r' => ('\r', 2),
                b'b' => ('\u{8}', 2),
                b'f' => ('\u{c}', 2),
                sign @ (b'"' | b'\\' | b'/') => (char::from(*sign), 2),
                b'u' => coded(bytes, escape)?,
                _ => return None,
            };
            out.push(character);
            copied = escape + length;
        }
    }
    if copied == 0 {
        return Some(Cow::Borrowed(inner));
    }
    out.push_str(&inner[copied..]);
    Some(Cow::Owned(out))
}

/// The character of a `\u` escape that begins at `at`, and the bytes it is written in: 12 for a pair of surrogates.
fn coded(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u16> {
        let hex = bytes.get(at + 2..at + 6)?;
        if bytes.get(at..at + 2)? != b"\\u" || !hex.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let first = unit(at)?;
    match char::from_u32(u32::from(first)) {
        Some(character) => Some((character, 6)),
        None => {
            let pair = char::decode_utf16([first, unit(at + 6)?]).next()?.ok()?;
            Some((pair, 12))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECES: [&str; 27] = [
        "深",
        "a",
        "\\n",
        "\\t",
        "\\r",
        "\\b",
        "\\f",
        "\\/",
        "\\\\",
        "\\\"",
        "\\u6df1",
        "\\u00e9",
        "\\u0000",
        "\\ud83d",
        "\\ude00",
        "\\uD83D\\uDE00",
        "\\u+123",
        "\\u12",
        "\\x",
        "\\",
        "😀",
        " ",
        "\\uFFFF",
        "\"",
        "\u{1f}",
        "fifteen letters",
        "中文的一段话。中文的一段话，和后面的一句。",
    ];

    /// The members of an object as `serde_json` reads them, in order.
    fn by_parser(json: &str) -> Option<Vec<(String, &str)>> {
        struct Members<'a>(Vec<(String, &'a str)>);
        impl<'de> Deserialize<'de> for Members<'de> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = Members<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut out = Vec::new();
                        while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                            out.push((key, value.get()));
                        }
                        Ok(Members(out))
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
        serde_json::from_str::<Members<'_>>(json).ok().map(|members| members.0)
    }

    fn by_scanner(json: &str) -> Option<Vec<(String, &str)>> {
        let mut out = Vec::new();
        members(json, |key, value| out.push((key.into_owned(), value.get()))).then_some(out)
    }

    #[test]
    fn texts_and_objects_are_read_as_the_parser_reads_them() {
        let (mut read, mut refused) = (0, 0);
        // All texts of three pieces: every escape before, behind and between every other.
        for a in PIECES {
            for b in PIECES {
                for c in PIECES {
                    let quoted = format!("\"{a}{b}{c}\"");
                    let json = format!("{{\"k\":{quoted} ,{quoted}:1}}");
                    assert_eq!(by_scanner(&json), by_parser(&json), "{json}");
                    if serde_json::from_str::<&RawValue>(&quoted).is_ok() {
                        read += 1;
                        let text = Json(&quoted).characters();
                        assert_eq!(
                            text.as_deref(),
                            serde_json::from_str::<String>(&quoted).ok().as_deref(),
                            "{quoted}"
                        );
                    } else {
                        refused += 1;
                    }
                }
            }
        }
        assert!(read > 8_000 && refused > 8_000, "{read} {refused}");
    }

    #[test]
    fn an_object_broken_at_any_byte_is_read_as_the_parser_reads_it() {
        let whole = " { \"a\" : \"深\\n\\u4e2d \\\\\" ,\"b\":[1,{\"c\":\"}\"}],\t\"n\":null,\"d\":-1.5e3,\"\":{},\"a\":true\r\n}\n";
        assert_eq!(by_scanner(whole).unwrap().len(), 6);
        let signs = ["", "\"", "\\", "{", "}", "[", "]", ",", ":", "1", "x", " ", "\u{1}", "\n", "深"];
        let mut compared = 0;
        for (at, character) in whole.char_indices() {
            for sign in signs {
                // Broken off, one character another one, one more.
                let behind = &whole[at + character.len_utf8()..];
                for json in [
                    format!("{}{sign}", &whole[..at]),
                    format!("{}{sign}{behind}", &whole[..at]),
                    format!("{}{sign}{}", &whole[..at], &whole[at..]),
                ] {
                    compared += 1;
                    assert_eq!(by_scanner(&json), by_parser(&json), "{json}");
                }
            }
        }
        assert!(compared > 2_000);
    }
}
