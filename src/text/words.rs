//! Words of a text, in order; punctuation, signs and white space are none.
//!
//! Stretches of Han, with the signs between them, go to jieba (default dictionary, hidden Markov model for unknown
//! words). All else follows Unicode's word boundaries (UAX 29): pure ASCII by a small automaton with the same result,
//! the rest by `unicode-segmentation`. So `Vue.js` is one word and `B超` two; Thai, Lao, Khmer and hiragana, which have
//! neither spaces nor a dictionary here, are cut into characters.

use std::sync::LazyLock;

use jieba_rs::Jieba;
use unicode_segmentation::UnicodeSegmentation;

use super::classes::{self, PUNCT, SPACE};

static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// Jieba keeps state for each character of what it cuts: longer stretches are cut at the next sign.
const LONGEST: usize = 64 << 10;

/// The number of words (UAX 29).
pub fn count(text: &str) -> usize {
    let mut n = 0;
    each(text, |_| n += 1);
    n
}

/// The words, as slices of the text.
pub fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(text.len() / 6);
    each(text, |word| words.push(word));
    words
}

/// Calls `found` with each word.
pub fn each<'a>(text: &'a str, mut found: impl FnMut(&'a str)) {
    let table = classes::table();
    let mut rest = text;
    while !rest.is_empty() {
        let other = length(rest, |c, _| !classes::is_han(table.get(c)));
        foreign(&rest[..other], &mut found);
        rest = &rest[other..];
        let han = length(rest, |c, at| match table.get(c) {
            PUNCT | SPACE => at < LONGEST && !c.is_ascii_punctuation(),
            class => classes::is_han(class),
        });
        chinese(&rest[..han], &mut found);
        rest = &rest[han..];
    }
}

/// The text with a space between the words of jieba's cut, signs among them, and a line for each line: what classifiers
/// and language models of Chinese are trained on (`" ".join(jieba.cut(line))` in Python).
pub fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for line in text.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            let cut = if rest.len() <= LONGEST { rest.len() } else { rest.floor_char_boundary(LONGEST) };
            for token in JIEBA.cut(&rest[..cut], true).iter().filter(|t| !t.word.trim().is_empty()) {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push(' ');
                }
                out.push_str(token.word);
            }
            rest = &rest[cut..];
        }
        out.push('\n');
    }
    out
}

/// Bytes of the longest start whose characters all satisfy `holds`, which also gets their place.
#[inline(always)]
fn length(text: &str, holds: impl Fn(char, usize) -> bool) -> usize {
    text.char_indices().find(|(at, c)| !holds(*c, *at)).map_or(text.len(), |(at, _)| at)
}

/// Words of a stretch of Han and signs.
fn chinese<'a>(text: &'a str, found: &mut impl FnMut(&'a str)) {
    let table = classes::table();
    for token in JIEBA.cut(text, true) {
        if token.word.chars().next().is_some_and(|c| classes::is_han(table.get(c))) {
            found(token.word);
        }
    }
}

/// Words of a stretch without Han.
fn foreign<'a>(text: &'a str, found: &mut impl FnMut(&'a str)) {
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
    fn words_in_order_without_signs() {
        assert_eq!(
            split("我来到北京清华大学，Hello, world! 小明"),
            ["我", "来到", "北京", "清华大学", "Hello", "world", "小明"]
        );
        assert_eq!(
            split("用Vue.js写3.14个 can't—naïve café"),
            ["用", "Vue.js", "写", "3.14", "个", "can't", "naïve", "café"]
        );
        assert_eq!(split("  \n。！？…— 😀 _ "), [""; 0]);
        assert_eq!(count(""), 0);
        assert_eq!(split("Привет, мир"), ["Привет", "мир"]);
        let long = "床前明月光，疑是地上霜。\n".repeat(9_000);
        assert_eq!(count(&long), split(&long).len());
        assert_eq!(count(&long), 9_000 * count("床前明月光，疑是地上霜。\n"));
    }

    #[test]
    fn spaced_words_keep_signs_and_lines() {
        assert_eq!(spaced("我来到北京。\n\n 好 的"), "我 来到 北京 。\n\n好 的\n");
    }

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
