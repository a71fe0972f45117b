//! Folding for comparison only: what differs in width, case or the style of its punctuation counts as the same.
//!
//! One character becomes one character, so that a folded text has as many as the text (but for `space`, which takes
//! white space away next to Han characters, where a line may be broken anywhere). Other white space is not folded:
//! dropping it makes code and tables, which repeat little else, look less alike than they are (measured).
//!
//! - *width*: full-width ASCII (`Ａ`, `１`, `％`) to ASCII, the ideographic space to a space;
//! - *case*: the lower-case letter, where it is one character;
//! - *punctuation*: `，` and `、` to `,`, `。` to `.`, `：；！？（）` to their ASCII signs, corner brackets and curly quotes
//!   to `"` and `'`, dashes to `-`, `…` to `.`;
//! - *script*: Traditional characters to Simplified ones, one by one, by OpenCC's table of characters (what becomes a
//!   character beyond the first plane stays as it is). Words that convert otherwise (`乾坤`) are alike all the same, since
//!   both sides of a comparison are folded in the same way.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{LazyLock, OnceLock};

use crate::text::convert;

/// The differences between characters that do not count: case, width, script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fold {
    /// Full width to half width.
    pub width: bool,
    /// Upper case to lower case.
    pub case: bool,
    /// Punctuation of Chinese and of typesetting to ASCII.
    pub punctuation: bool,
    /// Traditional Chinese to Simplified Chinese, by character.
    pub script: bool,
    /// White space next to a Han character to nothing: a line of Chinese may be broken anywhere.
    pub space: bool,
}

impl Default for Fold {
    fn default() -> Self {
        Fold { width: true, case: true, punctuation: true, script: false, space: false }
    }
}

/// Pairs: a sign, and what it becomes.
const SIGNS: &str = "，,、,﹐,﹑,､,。.．.｡.﹒.…:：:﹕:；;﹔;！!﹗!？?﹖?（(）)﹙(﹚)〔(〕)【[】]［[］]〖[〗]｛{｝}「\"」\"『\"』\"｢\"｣\"“\"”\"„\"‟\"＂\"«\"»\"〝\"〞\"〟\"‘'’'‚'‛'＇'‹'›'《<》>〈<〉>＜<＞>‐-‑-‒-–-—-―-－-﹣-−-～~〜~·.・.･.•.／/＼\\";

impl Fold {
    /// The character that `c` is folded to.
    pub fn of(self, c: char) -> char {
        let mut c = c;
        if self.script && HAN.contains(&(c as u32)) {
            return simplified(c);
        }
        if self.punctuation
            && !c.is_ascii()
            && let Some(sign) = sign(c)
        {
            return sign;
        }
        if self.width {
            c = match c {
                '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
                '\u{3000}' => ' ',
                _ => c,
            };
        }
        if self.case {
            let mut lower = c.to_lowercase();
            if let (Some(one), None) = (lower.next(), lower.next()) {
                c = one;
            }
        }
        c
    }
}

/// Characters without case, width or punctuation.
pub(super) const HAN: RangeInclusive<u32> = 0x3400..=0xA63F;

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let close = |pair: &(char, char)| HAN.contains(&(pair.0 as u32)) && (pair.1 as usize) < TABLE;
    convert::simplified().filter(close).collect()
});

fn simplified(c: char) -> char {
    SIMPLIFIED.get(&c).copied().unwrap_or(c)
}

fn sign(c: char) -> Option<char> {
    if c == '…' {
        return Some('.');
    }
    let mut pairs = SIGNS.chars();
    while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
        if from == c {
            return Some(to);
        }
    }
    None
}

/// Characters under this one are in a table: all that folding changes, but for some rare scripts.
const TABLE: usize = 0x1_0000;

/// A fold, ready: a table of what each character of the first plane becomes.
#[derive(Clone)]
pub struct Folder {
    fold: Fold,
    table: &'static [u16],
}

static TABLES: [OnceLock<Vec<u16>>; 16] = [const { OnceLock::new() }; 16];

fn table(fold: Fold) -> Vec<u16> {
    let of = |code: u32| match code {
        // Asking each of these for case, width and punctuation would cost a start some milliseconds.
        _ if HAN.contains(&code) && !fold.script => code as u16,
        0xAC00..=0xD7FF => code as u16,
        _ => char::from_u32(code).map_or(code as u16, |c| u16::try_from(fold.of(c) as u32).unwrap_or(code as u16)),
    };
    (0..TABLE as u32).map(of).collect()
}

impl Folder {
    /// Makes it ready.
    pub fn new(fold: Fold) -> Self {
        let bits = [fold.width, fold.case, fold.punctuation, fold.script];
        let number = bits.iter().fold(0, |number, bit| number << 1 | usize::from(*bit));
        Folder { fold, table: TABLES[number].get_or_init(|| table(fold)) }
    }

    /// The code point that `c` becomes.
    #[inline(always)]
    pub fn code(&self, c: char) -> u32 {
        let code = c as u32;
        match code {
            _ if HAN.contains(&code) && !self.fold.script => code,
            _ => self.table.get(code as usize).map_or_else(|| self.rare(c), |to| u32::from(*to)),
        }
    }

    #[cold]
    fn rare(&self, c: char) -> u32 {
        self.fold.of(c) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str, fold: Fold) -> String {
        let folder = Folder::new(fold);
        text.chars().filter_map(|c| char::from_u32(folder.code(c))).collect()
    }

    #[test]
    fn width_case_and_punctuation() {
        let all = |text: &str| folded(text, Fold::default());
        assert_eq!(all("ＡＢＣ，１２３％。「好」、Ünï"), "abc,123%.\"好\",ünï");
        assert_eq!(all("它—是…“真的”！？；：（）"), "它-是.\"真的\"!?;:()");
        assert_eq!(all("　x\ty\n𐐀"), " x\ty\n𐐨");
        let none = Fold { width: false, case: false, punctuation: false, script: false, space: false };
        assert_eq!(folded("Ａ，B。　", none), "Ａ，B。　");
        assert_eq!(folded("Ａ，B。", Fold { width: true, ..none }), "A,B。");
        assert_eq!(folded("Ａ，B。", Fold { case: true, ..none }), "ａ，b。");
        assert_eq!(folded("Ａ，B。", Fold { punctuation: true, ..none }), "Ａ,B.");
    }

    #[test]
    fn traditional_is_simplified_by_character() {
        let fold = Fold { script: true, ..Fold::default() };
        assert_eq!(folded("皇后在後面，說「乾燥的頭髮」ＡＢ", fold), "皇后在后面,说\"干燥的头发\"ab");
        assert_eq!(folded("皇后在后面，说「干燥的头发」", fold), "皇后在后面,说\"干燥的头发\"");
        assert_eq!(folded("後", Fold::default()), "後");
    }

    #[test]
    fn the_table_equals_its_function() {
        for script in [false, true] {
            let fold = Fold { script, ..Fold::default() };
            let folder = Folder::new(fold);
            for c in '\0'..=char::MAX {
                assert_eq!(folder.code(c), fold.of(c) as u32, "{c:?}");
            }
        }
    }
}
