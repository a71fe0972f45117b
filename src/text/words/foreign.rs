//! Words of text without Han, by Unicode's word boundaries (UAX 29): pure ASCII by a small automaton with the same
//! result, the rest by `unicode-segmentation`.

use unicode_segmentation::UnicodeSegmentation;

/// Words of a stretch without Han.
pub fn words<'a>(text: &'a str, found: &mut impl FnMut(&'a str)) {
    if text.is_ascii() {
        return ascii(text, found);
    }
    for field in text.split_ascii_whitespace() {
        if field.is_ascii() {
            ascii(field, found);
        } else {
            field.unicode_words().for_each(&mut *found);
        }
    }
}

/// The class of an ASCII byte in UAX 29.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const UNDERSCORE: u8 = 4;
const JOINS_LETTERS: u8 = 8;
const JOINS_DIGITS: u8 = 16;

static KINDS: [u8; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'_' => UNDERSCORE,
            b'.' | b'\'' => JOINS_LETTERS | JOINS_DIGITS,
            b':' => JOINS_LETTERS,
            b',' | b';' => JOINS_DIGITS,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Words of ASCII.
fn ascii<'a>(text: &'a str, found: &mut impl FnMut(&'a str)) {
    let bytes = text.as_bytes();
    let kind = |at: usize| bytes.get(at).map_or(0, |b| KINDS[*b as usize & 127]);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut seen = 0;
        loop {
            let here = kind(at);
            if here & (LETTER | DIGIT | UNDERSCORE) != 0 {
                seen |= here;
                at += 1;
            } else if at > start
                && (here & JOINS_LETTERS != 0 && kind(at - 1) & kind(at + 1) & LETTER != 0
                    || here & JOINS_DIGITS != 0 && kind(at - 1) & kind(at + 1) & DIGIT != 0)
            {
                at += 1;
            } else {
                break;
            }
        }
        if seen & (LETTER | DIGIT) != 0 {
            found(&text[start..at]);
        }
        if at == start {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_equals_the_crate() {
        let alphabet = b"abZ09_.':,; -\n/\"$";
        let mut state = 11u64;
        for _ in 0..40_000 {
            let text: String = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    alphabet[(state >> 33) as usize % alphabet.len()] as char
                })
                .collect();
            let mut words = Vec::new();
            ascii(&text, &mut |w| words.push(w));
            assert_eq!(words, text.unicode_words().collect::<Vec<_>>(), "{text:?}");
        }
    }
}
