//! Normalisation by class of character, not by NFKC: what only looks different becomes the same, what means something
//! stays. NFKC would turn Chinese punctuation (，！？（）) into ASCII.
//!
//! * full-width letters and digits become ASCII; Chinese punctuation stays as it is
//! * control and zero-width characters go; a joiner stays after a script or emoji that needs it
//! * every kind of space becomes a plain one, every kind of line break `\n`; tabs stay
//! * Kangxi radicals become the ideographs they show, compatibility ideographs their unified form; the rest is NFC
//! * spaces at line ends go, of several blank lines one stays, the text begins and ends with something visible

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

const KEEP: u8 = 0;
const DROP: u8 = 1;
const SPACE: u8 = 2;
const BREAK: u8 = 3;
const WIDE: u8 = 4;
const RADICAL: u8 = 5;
const JOINER: u8 = 6;
/// Stays, but its neighbours decide whether the text is NFC: combining marks and what they join with.
const COMPOSE: u8 = 7;

/// Class of every character of the basic plane.
static CLASSES: LazyLock<Box<[u8; 0x1_0000]>> = LazyLock::new(|| {
    let mut classes = Box::new([KEEP; 0x1_0000]);
    for (code, class) in classes.iter_mut().enumerate() {
        let Some(c) = char::from_u32(code as u32) else { continue };
        let alone = is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
        if !alone || canonical_combining_class(c) != 0 {
            *class = COMPOSE;
        }
    }
    let mut set = |first: usize, last: usize, class: u8| classes[first..=last].fill(class);
    set(0x00, 0x1f, DROP);
    set(0x7f, 0x9f, DROP);
    set(0x09, 0x0a, KEEP);
    set(0x0b, 0x0d, BREAK);
    set(0x85, 0x85, BREAK);
    set(0xa0, 0xa0, SPACE);
    set(0xad, 0xad, DROP); // soft hyphen
    set(0x1680, 0x1680, SPACE);
    set(0x180e, 0x180e, DROP);
    set(0x2000, 0x200a, SPACE);
    set(0x200b, 0x200f, DROP);
    set(0x200c, 0x200d, JOINER);
    set(0x2028, 0x2029, BREAK);
    set(0x202a, 0x202e, DROP); // bidirectional controls
    set(0x202f, 0x202f, SPACE);
    set(0x205f, 0x205f, SPACE);
    set(0x2060, 0x206f, DROP);
    set(0x2f00, 0x2fd5, RADICAL);
    set(0x3000, 0x3000, SPACE);
    set(0xfeff, 0xfeff, DROP);
    set(0xff10, 0xff19, WIDE);
    set(0xff21, 0xff3a, WIDE);
    set(0xff41, 0xff5a, WIDE);
    set(0xfff0, 0xfffb, DROP);
    set(0xfffe, 0xffff, DROP);
    classes
});

/// The normalised text; borrowed where nothing changed.
pub fn normalize(text: &str) -> Cow<'_, str> {
    let (folded, compose) = fold(text);
    let composed = if !compose || is_nfc_quick(folded.chars()) == IsNormalized::Yes {
        folded
    } else {
        let nfc: String = folded.nfc().collect();
        if nfc == *folded { folded } else { Cow::Owned(nfc) }
    };
    match tidy(&composed) {
        Cow::Owned(tidied) => Cow::Owned(tidied),
        Cow::Borrowed(part) if part.len() == composed.len() => composed,
        Cow::Borrowed(part) => match composed {
            Cow::Owned(_) => Cow::Owned(part.to_owned()),
            // The part is of `text` itself: give it out with the text's own lifetime.
            Cow::Borrowed(whole) => {
                let start = part.as_ptr() as usize - whole.as_ptr() as usize;
                Cow::Borrowed(&whole[start..start + part.len()])
            }
        },
    }
}

/// Characters folded by class, and whether any is there that NFC might change: text without one is NFC as it is.
fn fold(text: &str) -> (Cow<'_, str>, bool) {
    let classes: &[u8; 0x1_0000] = &CLASSES;
    let bytes = text.as_bytes();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    let mut before = 0u32;
    let mut compose = false;
    while at < bytes.len() {
        // Most text is ASCII or three-byte characters that stay: pass them without decoding to `char`.
        let first = bytes[at];
        let (code, width) = match first {
            0..0x80 => (u32::from(first), 1),
            0xe0..0xf0 => {
                let tail = |i: usize| u32::from(bytes[at + i] & 0x3f);
                (u32::from(first & 0xf) << 12 | tail(1) << 6 | tail(2), 3)
            }
            _ => text[at..].chars().next().map_or((0, 1), |c| (c as u32, c.len_utf8())),
        };
        let class = classes.get(code as usize).copied().unwrap_or(COMPOSE);
        if class == KEEP || class == COMPOSE {
            compose |= class == COMPOSE;
            at += width;
            before = code;
            continue;
        }
        if class == JOINER && joins(before) {
            at += width;
            continue;
        }
        out.push_str(&text[copied..at]);
        at += width;
        copied = at;
        match class {
            SPACE => out.push(' '),
            BREAK if code == 0x0d && bytes.get(at) == Some(&b'\n') => {}
            BREAK => out.push('\n'),
            WIDE => out.push((code - 0xfee0) as u8 as char),
            RADICAL => out.extend(char::from_u32(code).into_iter().nfkc()),
            _ => continue,
        }
        before = out.chars().next_back().map_or(0, u32::from);
    }
    if copied == 0 && out.is_empty() {
        return (Cow::Borrowed(text), compose);
    }
    out.push_str(&text[copied..]);
    (Cow::Owned(out), compose)
}

/// Whether a joiner after this character means something: Arabic to Khmer scripts, and emoji.
fn joins(before: u32) -> bool {
    matches!(before, 0x600..=0x109f | 0x1780..=0x17ff | 0x2600..=0x27bf | 0xfe0f | 0x1f000..)
}

/// Ends of lines, blank lines, and both ends of the text.
fn tidy(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_matches([' ', '\t', '\n']);
    let bytes = trimmed.as_bytes();
    let blank = |b: u8| b == b' ' || b == b'\t';
    let untidy = |at: usize| blank(bytes[at - 1]) || (at >= 2 && bytes[at - 1] == b'\n' && bytes[at - 2] == b'\n');
    if !memchr::memchr_iter(b'\n', bytes).any(|at| at > 0 && untidy(at)) {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len());
    let mut empty = 0;
    for line in trimmed.split('\n') {
        let line = line.trim_end_matches([' ', '\t']);
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty > 1 {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_what_only_looks_different() {
        assert_eq!(normalize("ＧＰＴ－４，（１２３）！"), "GPT－4，（123）！");
        assert_eq!(normalize("零\u{200b}宽\u{feff}，不\u{a0}断"), "零宽，不 断");
        assert_eq!(normalize("\u{2f00}\u{f900}e\u{301}"), "一豈é");
        assert_eq!(normalize("a\r\nb\rc\u{2028}d\u{85}e"), "a\nb\nc\nd\ne");
        assert_eq!(normalize("  \u{3000}行尾 \t\n\n\n\n下一段\u{3000}\n"), "行尾\n\n下一段");
        assert_eq!(normalize("👨\u{200d}👩 می\u{200c}خواهم 汉\u{200d}字"), "👨\u{200d}👩 می\u{200c}خواهم 汉字");
        assert_eq!(normalize("    code\tkept\n  indented"), "code\tkept\n  indented");
    }

    #[test]
    fn borrows_what_is_normal() {
        for text in ["", "中文，标点。", "plain\ntext", "a\n\nb"] {
            assert!(matches!(normalize(text), Cow::Borrowed(t) if t == text), "{text:?}");
        }
        assert!(matches!(normalize(" 中文 "), Cow::Borrowed("中文")));
    }

    #[test]
    fn is_idempotent_on_anything() {
        let alphabet: Vec<char> = "a1 \t\n\r\u{b}\u{85}\u{a0}\u{ad}\u{200b}\u{200d}\u{2028}\u{3000}\u{feff}\u{301}e\
                                   中，Ａ９\u{2f00}\u{f900}👨\u{fe0f}می\u{ac00}\u{1100}\u{1161}\u{344}\u{fffe}"
            .chars()
            .collect();
        let mut state = 1u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push(alphabet[(state >> 33) as usize % alphabet.len()]);
            }
            let once = normalize(&text).into_owned();
            assert_eq!(normalize(&once), once, "{text:?}");
        }
    }
}
