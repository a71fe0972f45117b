//! What the words of a language model are, and the normal form that they are cut from.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The unit that a model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// What stands between white space.
    Words,
    /// Words that jieba cut, written with a space between two.
    Segmented,
    /// Characters; a run of white space is one character, `▁`, and none beside Han.
    Characters,
}

/// Stands for white space among characters.
const SPACE: &str = "▁";

impl Units {
    /// Calls `word` with each unit of a line.
    #[inline]
    pub fn each<'a>(self, line: &'a str, mut word: impl FnMut(&'a str)) {
        match self {
            Units::Words | Units::Segmented => {
                line.split([' ', '\t', '\n', '\r']).filter(|w| !w.is_empty()).for_each(word)
            }
            Units::Characters => {
                let (mut space, mut wide) = (false, true);
                for (at, c) in line.char_indices() {
                    if c.is_whitespace() {
                        space = true;
                        continue;
                    }
                    let now = is_wide(c);
                    if space && !wide && !now {
                        word(SPACE);
                    }
                    (space, wide) = (false, now);
                    word(&line[at..at + c.len_utf8()]);
                }
            }
        }
    }
}

/// Han, kana and their punctuation, beside which white space says nothing.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

/// CCNet's normal form of a line: small letters without accents (NFD without its combining marks, so that kana lose
/// their voicing and Hangul fall into jamo, as there), digits are 0, wide punctuation is ASCII, and control characters go
/// (`normalize` in `text_normalizer.py` of <https://github.com/facebookresearch/cc_net>, commit 1341eec, whose results the
/// tests hold on a few lines). Other than there, spacing and enclosing marks (vowel signs of Indic scripts) go too, and of
/// digits those of ASCII, Arabic and Devanagari and the wide ones alone are known.
pub fn ccnet(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.trim().to_lowercase().nfd().filter(|&c| !is_combining_mark(c)) {
        match punctuation(c) {
            _ if is_digit(c) => out.push('0'),
            Some(ascii) => out.push_str(ascii),
            None if (c as u32) < 32 || ('\u{7f}'..='\u{9f}').contains(&c) => {}
            None => out.push(c),
        }
    }
    out
}

/// Decimal digits of ASCII, Arabic (both rows) and Devanagari, and wide ones.
fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' | '\u{966}'..='\u{96f}' | '\u{ff10}'..='\u{ff19}')
}

/// CCNet's replacement of a sign. Its table has `１` too, which is 0 before it gets there.
fn punctuation(c: char) -> Option<&'static str> {
    Some(match c {
        '，' | '、' => ",",
        '。' => ".",
        '„' | '”' | '“' | '«' | '»' | '」' | '「' | '《' | '》' => "\"",
        '´' | '’' => "'",
        '∶' | '：' => ":",
        '？' => "?",
        '！' => "!",
        '（' => "(",
        '）' => ")",
        '；' => ";",
        '–' | '━' | '►' => "-",
        '—' => " - ",
        '．' => ". ",
        '～' => "~",
        '…' => "...",
        '〈' => "<",
        '〉' => ">",
        '【' => "[",
        '】' => "]",
        '％' => "%",
        _ => return None,
    })
}
