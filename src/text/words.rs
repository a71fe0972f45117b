//! Words of a text, in order; punctuation, signs and white space are none.
//!
//! Stretches of Han, with the signs between them, go to jieba (default dictionary, hidden Markov model for unknown
//! words). All else follows Unicode's word boundaries (UAX 29): pure ASCII by a small automaton with the same result,
//! the rest by `unicode-segmentation`. So `Vue.js` is one word and `B超` two; Thai, Lao, Khmer and hiragana, which have
//! neither spaces nor a dictionary here, are cut into characters.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use jieba_rs::Jieba;
use unicode_segmentation::UnicodeSegmentation;

use super::classes::{self, PUNCT, SPACE};

static DEFAULT: LazyLock<Dictionary> = LazyLock::new(|| Dictionary { jieba: Jieba::new(), mixed: None });

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
    unmixed(&DEFAULT.jieba, text, &mut found);
}

/// What Chinese is cut by: jieba's dictionary, and words of one's own.
pub struct Dictionary {
    jieba: Jieba,
    /// Own words that are not of Han alone: they are found before the text is cut.
    mixed: Option<AhoCorasick>,
}

impl Dictionary {
    /// Jieba's dictionary with words of a user dictionary in jieba's format: a word a line, behind it its frequency and
    /// its tag, where they are said (`云计算 5 n`). A word without a frequency gets one by which it is not cut; one that
    /// has other characters than Han (`卡拉OK`) is a word wherever it stands between words.
    ///
    /// # Errors
    /// The line, from 1, and what is wrong with it.
    pub fn with_words(text: &str) -> Result<Dictionary, (usize, String)> {
        let (mut jieba, mut mixed) = (Jieba::new(), Vec::new());
        let table = classes::table();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let Some((word, frequency, tag)) = entry(line).map_err(|what| (number + 1, what))? else { continue };
            if word.chars().all(|c| classes::is_han(table.get(c))) {
                jieba.add_word(word, frequency, tag);
            } else {
                mixed.push(word);
            }
        }
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&mixed);
        let mixed = if mixed.is_empty() { None } else { Some(build().map_err(|e| (1, e.to_string()))?) };
        Ok(Dictionary { jieba, mixed })
    }

    /// Calls `found` with each word.
    pub fn each<'a>(&self, text: &'a str, mut found: impl FnMut(&'a str)) {
        let mut rest = 0;
        for own in self.mixed.iter().flat_map(|words| words.find_iter(text)) {
            // `A股` is no word of `CBA股`.
            let parts = |at: usize| {
                let (before, behind) = (text[..at].chars().next_back(), text[at..].chars().next());
                let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                !(joins(before) && joins(behind))
            };
            if own.start() >= rest && parts(own.start()) && parts(own.end()) {
                unmixed(&self.jieba, &text[rest..own.start()], &mut found);
                found(&text[own.start()..own.end()]);
                rest = own.end();
            }
        }
        unmixed(&self.jieba, &text[rest..], &mut found);
    }

    /// The words, as slices of the text.
    pub fn split<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut words = Vec::with_capacity(text.len() / 6);
        self.each(text, |word| words.push(word));
        words
    }
}

/// The greatest frequency that a user dictionary may give: jieba's own sum up to some 60 million.
const MOST: u64 = 1_000_000_000;

/// A line of a user dictionary: word, frequency, tag.
type Entry<'a> = (&'a str, Option<usize>, Option<&'a str>);

/// Reads a line of a user dictionary; nothing where it is empty. As in jieba, a tag is of small letters, a frequency of
/// digits, and what stands before them is the word.
fn entry(line: &str) -> Result<Option<Entry<'_>>, String> {
    let mut word = line.trim();
    let cut = |word: &str, of: fn(&u8) -> bool| {
        let (before, last) = word.rsplit_once(char::is_whitespace)?;
        last.as_bytes().iter().all(of).then_some(before.len())
    };
    let (mut tag, mut frequency) = (None, None);
    if let Some(at) = cut(word, u8::is_ascii_lowercase) {
        tag = Some(word[at..].trim_start());
        word = word[..at].trim_end();
    }
    if let Some(at) = cut(word, u8::is_ascii_digit) {
        let number = word[at..].trim_start();
        match number.parse::<u64>() {
            Ok(parsed) if (1..=MOST).contains(&parsed) => frequency = Some(parsed as usize),
            _ => return Err(format!("`{number}` is no frequency: 1 to {MOST} are possible")),
        }
        word = word[..at].trim_end();
    }
    let strange = |part: &str| part.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if let Some(part) = word.split_whitespace().skip(1).find(|part| strange(part)) {
        return Err(format!("`{part}` is no frequency: it is a whole number, and stands behind the word"));
    }
    if let Some(c) = word.chars().find(|c| c.is_control()) {
        return Err(format!("a character that is not printed (U+{:04X}) stands in the word", u32::from(c)));
    }
    Ok((!word.is_empty()).then_some((word, frequency, tag)))
}

/// Words of a text without words that are found beforehand.
fn unmixed<'a>(jieba: &Jieba, text: &'a str, found: &mut impl FnMut(&'a str)) {
    let table = classes::table();
    let mut rest = text;
    while !rest.is_empty() {
        let other = length(rest, |c, _| !classes::is_han(table.get(c)));
        foreign(&rest[..other], found);
        rest = &rest[other..];
        let han = length(rest, |c, at| match table.get(c) {
            PUNCT | SPACE => at < LONGEST && !c.is_ascii_punctuation(),
            class => classes::is_han(class),
        });
        chinese(jieba, &rest[..han], found);
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
            for token in DEFAULT.jieba.cut(&rest[..cut], true).iter().filter(|t| !t.word.trim().is_empty()) {
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
fn chinese<'a>(jieba: &Jieba, text: &'a str, found: &mut impl FnMut(&'a str)) {
    let table = classes::table();
    for token in jieba.cut(text, true) {
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
    fn words_of_ones_own_are_not_cut() {
        let text = "凱特琳用云计算平台唱卡拉OK，CBA股和A股，Edu Trust认证";
        let before = split(text);
        assert!(!before.contains(&"云计算平台") && !before.contains(&"卡拉OK"), "{before:?}");
        let own = "\u{feff}云计算平台 5 n\r\n\n凱特琳 nz\n卡拉OK\nA股 3\nEdu Trust认证 2000\n";
        let dictionary = Dictionary::with_words(own).unwrap();
        let words = dictionary.split(text);
        for word in ["凱特琳", "云计算平台", "卡拉OK", "CBA", "股", "A股", "Edu Trust认证"] {
            assert!(words.contains(&word), "{word}: {words:?}");
        }
        let none = Dictionary::with_words("").unwrap();
        assert_eq!(none.split(text), before);
    }

    #[test]
    fn a_wrong_line_of_a_dictionary_is_named() {
        let wrong = |text: &str| Dictionary::with_words(text).err().unwrap();
        assert!(matches!(wrong("好词 3\n词 -5 n\n"), (2, what) if what.contains("`-5` is no frequency")));
        assert!(matches!(wrong("词 99999999999999999999\n"), (1, what) if what.contains("1 to 1000000000")));
        assert!(matches!(wrong("词 0"), (1, what) if what.contains("`0`")));
        assert!(matches!(wrong("\n词\u{0}\n"), (2, what) if what.contains("U+0000")));
        assert_eq!(entry("  创新办 3 i "), Ok(Some(("创新办", Some(3), Some("i")))));
        assert_eq!(entry("台中"), Ok(Some(("台中", None, None))));
        assert_eq!(entry("   "), Ok(None));
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
