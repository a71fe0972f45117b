//! Words of a text, in order; punctuation, signs and white space are none.
//!
//! Stretches of Han, with the signs between them, are cut as jieba does (its dictionary, hidden Markov model for unknown
//! words), by a cutter of our own that gives the same words in less time (`jieba`). All else follows Unicode's word
//! boundaries (UAX 29): pure ASCII by a small automaton with the same result, the rest by `unicode-segmentation`. So
//! `Vue.js` is one word and `B超` two; Thai, Lao, Khmer and hiragana, which have neither spaces nor a dictionary here, are
//! cut into characters.

mod entries;
mod foreign;
mod jieba;
#[cfg(test)]
mod reference_tests;

use aho_corasick::{AhoCorasick, MatchKind};

use super::classes;
use entries::entry;
use jieba::Cutter;

/// The number of words (UAX 29).
pub fn count(text: &str) -> usize {
    unmixed_count(Cutter::standard(), text)
}

/// The words, as slices of the text.
pub fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(text.len() / 6);
    each(text, |word| words.push(word));
    words
}

/// Calls `found` with each word.
pub fn each<'a>(text: &'a str, mut found: impl FnMut(&'a str)) {
    unmixed(Cutter::standard(), text, &mut found);
}

/// The text with a space between the words of jieba's cut, signs among them, and a line for each line: what classifiers
/// and language models of Chinese are trained on (`" ".join(jieba.cut(line))` in Python).
pub fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for line in text.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            let cut = if rest.len() <= LONGEST { rest.len() } else { rest.floor_char_boundary(LONGEST) };
            Cutter::standard().tokens(&rest[..cut], |token| {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push(' ');
                }
                out.push_str(token);
            });
            rest = &rest[cut..];
        }
        out.push('\n');
    }
    out
}

/// Bytes of a line that are cut at once.
const LONGEST: usize = 64 << 10;

fn unmixed<'a>(cutter: &Cutter, text: &'a str, found: &mut impl FnMut(&'a str)) {
    cutter.words(text, found, |found, word| found(word), |found, part| foreign::words(part, found));
}

fn unmixed_count(cutter: &Cutter, text: &str) -> usize {
    let mut count = 0;
    let han = cutter.count(text, |part| foreign::words(part, &mut |_| count += 1));
    han + count
}

/// What Chinese is cut by: jieba's dictionary, and words of one's own.
pub struct Dictionary {
    /// None where there are no words of Han beside jieba's.
    own: Option<Cutter>,
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
        let (mut words, mut mixed) = (Vec::new(), Vec::new());
        let table = classes::table();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let Some((word, frequency, _)) = entry(line).map_err(|what| (number + 1, what))? else { continue };
            if word.chars().all(|c| classes::is_han(table.get(c))) {
                words.push((word, frequency));
            } else {
                mixed.push(word);
            }
        }
        let own = if words.is_empty() { None } else { Some(Cutter::with_words(&words).map_err(|e| (1, e))?) };
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&mixed);
        let mixed = if mixed.is_empty() { None } else { Some(build().map_err(|e| (1, e.to_string()))?) };
        Ok(Dictionary { own, mixed })
    }

    /// Calls `found` with each word.
    pub fn each<'a>(&self, text: &'a str, mut found: impl FnMut(&'a str)) {
        let (cutter, mut rest) = (self.own.as_ref().unwrap_or(Cutter::standard()), 0);
        for own in self.mixed.iter().flat_map(|words| words.find_iter(text)) {
            // `A股` is no word of `CBA股`.
            let parts = |at: usize| {
                let (before, behind) = (text[..at].chars().next_back(), text[at..].chars().next());
                let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                !(joins(before) && joins(behind))
            };
            if own.start() >= rest && parts(own.start()) && parts(own.end()) {
                unmixed(cutter, &text[rest..own.start()], &mut found);
                found(&text[own.start()..own.end()]);
                rest = own.end();
            }
        }
        unmixed(cutter, &text[rest..], &mut found);
    }

    /// The number of words.
    pub fn count(&self, text: &str) -> usize {
        if self.mixed.is_none() {
            return unmixed_count(self.own.as_ref().unwrap_or(Cutter::standard()), text);
        }
        let mut n = 0;
        self.each(text, |_| n += 1);
        n
    }

    /// The words, as slices of the text.
    pub fn split<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut words = Vec::with_capacity(text.len() / 6);
        self.each(text, |word| words.push(word));
        words
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
        assert_eq!(dictionary.count(text), words.len());
        let none = Dictionary::with_words("").unwrap();
        assert_eq!((none.split(text), none.count(text)), (before.clone(), before.len()));
    }

    #[test]
    fn a_wrong_line_of_a_dictionary_is_named() {
        let wrong = |text: &str| Dictionary::with_words(text).err().unwrap();
        assert!(matches!(wrong("好词 3\n词 -5 n\n"), (2, what) if what.contains("`-5` is no frequency")));
        assert!(matches!(wrong("词 99999999999999999999\n"), (1, what) if what.contains("1 to 1000000000")));
        assert!(matches!(wrong("词 0"), (1, what) if what.contains("`0`")));
        assert!(matches!(wrong("\n词\u{0}\n"), (2, what) if what.contains("U+0000")));
    }

    #[test]
    fn spaced_words_keep_signs_and_lines() {
        assert_eq!(spaced("我来到北京。\n\n 好 的"), "我 来到 北京 。\n\n好 的\n");
    }
}
