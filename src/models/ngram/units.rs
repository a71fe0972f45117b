//! What the words of a language model are, and the normal form that they are cut from.

/// The unit that a model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// What stands between white space.
    Words,
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
            Units::Words => line.split([' ', '\t', '\n', '\r']).filter(|w| !w.is_empty()).for_each(word),
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

/// CCNet's normal form of a line: small letters, digits are 0, wide punctuation becomes ASCII, and what does not print
/// goes (`text_normalizer.py` of <https://github.com/facebookresearch/cc_net>, MIT). Accents are stripped there by NFD;
/// here from Latin letters that have one in Latin-1 and Latin Extended-A alone, which is where its models have text.
pub fn ccnet(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.trim().chars().flat_map(char::to_lowercase) {
        match punctuation(c) {
            Some(ascii) => out.push_str(ascii),
            None if c.is_ascii_digit() => out.push('0'),
            None if (c as u32) < 32 || ('\u{7f}'..='\u{9f}').contains(&c) => {}
            None => out.push(c),
        }
    }
    out
}

/// CCNet's replacement of a sign. That of `１` is in its table.
fn punctuation(c: char) -> Option<&'static str> {
    Some(match c {
        '，' | '、' => ",",
        '。' => ".",
        '„' | '”' | '“' | '«' | '»' | '１' | '」' | '「' | '《' | '》' => "\"",
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
