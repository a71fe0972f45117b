//! What each character is to the signals: a set of properties, found by one look into a table.
//!
//! Characters with the same properties share a number; there are fewer than 256 such sets, so that a text is counted by
//! number and every property is a sum over numbers afterwards.

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{BIG5, GBK};
use unicode_normalization::char::is_combining_mark;

use crate::text::classes::{self, HANS, HANT, LATIN, NONE, PUNCT, SPACE, SYMBOL};
use crate::text::convert;
use crate::text::table::Table;

/// A letter (Unicode's category L, as Python's `isalpha`), Han among them.
pub const LETTER: u32 = 1;
/// A number sign of any script (categories Nd, Nl, No).
pub const NUMBER: u32 = 1 << 1;
/// An upper-case letter.
pub const UPPER: u32 = 1 << 2;
/// White space, as Python's `isspace`.
pub const BLANK: u32 = 1 << 3;
/// Han, of any Unihan block.
pub const HAN: u32 = 1 << 4;
/// Han of simplified Chinese only.
pub const SIMPLIFIED: u32 = 1 << 5;
/// Han of traditional Chinese only.
pub const TRADITIONAL: u32 = 1 << 6;
/// Han that is neither in GB 2312 nor on Big5's first level, nor of written Cantonese: outside of what schools teach on
/// either side, and of what Hong Kong writes.
pub const RARE: u32 = 1 << 7;
/// Han among the 500 most frequent characters.
pub const FREQUENT: u32 = 1 << 8;
/// Han that ties sentences together: see `data/characters.txt`.
pub const FUNCTION: u32 = 1 << 9;
/// Han of classical Chinese.
pub const CLASSICAL: u32 = 1 << 10;
/// Han of modern Chinese.
pub const MODERN: u32 = 1 << 11;
/// Han of written Cantonese.
pub const CANTONESE: u32 = 1 << 12;
/// Han that appears where UTF-8 is read as GBK.
pub const MISREAD: u32 = 1 << 13;
/// What no text has: U+FFFD, C1 controls, private use, unassigned, controls beside tab and line break.
pub const BROKEN: u32 = 1 << 14;
/// A Latin letter.
pub const ROMAN: u32 = 1 << 15;
/// Punctuation of Chinese: ，。、；：？！…—· and brackets, full width.
pub const CHINESE_SIGN: u32 = 1 << 16;
/// Punctuation of ASCII.
pub const ASCII_SIGN: u32 = 1 << 17;
/// Other punctuation.
pub const OTHER_SIGN: u32 = 1 << 18;
/// Symbols, emoji among them.
pub const MARK: u32 = 1 << 19;
/// A special character of Data-Juicer; letters left out.
pub const SPECIAL: u32 = 1 << 20;
/// Ends a sentence by datatrove's table.
pub const TERMINAL: u32 = 1 << 21;
/// Ends a sentence: 。！？… and the like; a full stop only before white space.
pub const END: u32 = 1 << 22;
/// A sign of program code: `{}[]()<>=;$\|&_#*/`.
pub const CODE: u32 = 1 << 23;
/// A sign that parts entries of a menu: `|｜»›>·•_/` and the like.
pub const DIVIDER: u32 = 1 << 24;
/// U+00C2–U+00F4, but `×`, which stands in Chinese for what is left out: with one of U+0080–U+00BF behind it, UTF-8 that
/// was read as Latin-1.
pub const LEAD: u32 = 1 << 25;
/// What stands behind a [`LEAD`] in such text: U+0080–U+00BF, or what Windows-1252 has there.
pub const TRAIL: u32 = 1 << 26;
/// Hiragana, katakana or hangul.
pub const OTHER_EAST: u32 = 1 << 27;
/// What the pass over a text has to look at: punctuation, white space, symbols and the two above.
pub const EVENT: u32 = 1 << 28;

/// A sign that parts what stands on either side, as `data/odd.txt` counts them.
pub const PARTING: u32 = 1 << 29;

/// The signs that part.
const PARTING_SIGNS: &str = "，。！？；：、";
/// Characters of Windows-1252 at 0x80 to 0x9F.
const WINDOWS: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
const ENDS: &str = "。！？!?…｡．‼⁇⁈⁉";
const CODE_SIGNS: &str = "{}[]()<>=;$\\|&_#*/";
const DIVIDERS: &str = "|｜»›>＞·•_/丨│┃";
/// Punctuation that Chinese shares with other languages.
const SHARED: &str = "“”‘’…—·";

/// The table, and the properties of each number in it.
pub struct Properties {
    /// The number of a character.
    pub table: Table,
    /// The properties of a number.
    pub of: [u32; 256],
}

static PROPERTIES: LazyLock<Properties> = LazyLock::new(build);

/// The properties of all characters.
pub fn properties() -> &'static Properties {
    &PROPERTIES
}

impl Properties {
    /// The properties of one character.
    pub fn get(&self, c: char) -> u32 {
        self.of[self.table.get(c) as usize]
    }
}

fn build() -> Properties {
    let named = named();
    let mut numbers: HashMap<u32, u8> = HashMap::from([(0, 0)]);
    let mut of = [0; 256];
    // Neighbours mostly have the same properties: those of the last character, and their number.
    let cell = std::cell::RefCell::new((&mut numbers, &mut of, (0, 0)));
    let table = Table::new(|c| {
        let flags = flags(c, named[c as usize]);
        let (numbers, of, last) = &mut *cell.borrow_mut();
        if last.0 != flags {
            let next = numbers.len().min(255) as u8;
            *last = (flags, *numbers.entry(flags).or_insert(next));
            of[last.1 as usize] = flags;
        }
        last.1
    });
    Properties { table, of }
}

/// Properties that come from lists, by code point.
fn named() -> Vec<u32> {
    let mut named = vec![0; char::MAX as usize + 1];
    let mut add = |c: char, flag: u32| named[c as usize] |= flag;
    for line in include_str!("data/characters.txt").lines().filter(|l| !l.starts_with('#')) {
        let Some((name, characters)) = line.split_once(' ') else { continue };
        let flag = match name {
            "function" => FUNCTION,
            "classical" => CLASSICAL,
            "modern" => MODERN,
            _ => CANTONESE,
        };
        characters.chars().for_each(|c| add(c, flag));
    }
    for (c, other) in frequent() {
        add(c, FREQUENT);
        add(other, FREQUENT);
    }
    for line in include_str!("data/sets.txt").lines().filter(|l| !l.starts_with('#')) {
        let mut fields = line.split(' ');
        let flag = if fields.next() == Some("terminal") { TERMINAL } else { SPECIAL };
        for field in fields {
            let (from, to) = field.split_once('-').unwrap_or((field, field));
            let number = |hex| u32::from_str_radix(hex, 16).unwrap_or(0);
            (number(from)..=number(to)).filter_map(char::from_u32).for_each(|c| add(c, flag));
        }
    }
    ENDS.chars().for_each(|c| add(c, END));
    PARTING_SIGNS.chars().for_each(|c| add(c, PARTING));
    CODE_SIGNS.chars().for_each(|c| add(c, CODE));
    DIVIDERS.chars().for_each(|c| add(c, DIVIDER));
    WINDOWS.chars().chain('\u{80}'..='\u{BF}').for_each(|c| add(c, TRAIL));
    ('\u{C2}'..='\u{F4}').filter(|c| *c != '×').for_each(|c| add(c, LEAD));
    common_and_misread(&mut add);
    for (from, to) in variants() {
        named[to as usize] |= named[from as usize] & OF_ALL_FORMS;
    }
    named
}

/// What a character is in whatever form it is written; of the lists, [`RARE`] says that it is common.
const OF_ALL_FORMS: u32 = FREQUENT | FUNCTION | CLASSICAL | MODERN | RARE;

/// Characters and the forms that traditional text has of them, by OpenCC: as it writes it, as Hong Kong and Taiwan do, and
/// what becomes the same in simplified text.
fn variants() -> impl Iterator<Item = (char, char)> {
    let traditional = |c: char| classes::class(c) == HANT;
    let read = convert::simplified().filter(move |(form, _)| traditional(*form)).map(|(form, c)| (c, form));
    read.chain(convert::traditional()).chain(convert::variants())
}

/// The most frequent characters with their traditional forms.
pub fn frequent() -> impl Iterator<Item = (char, char)> {
    include_str!("data/frequent.txt").chars().filter(|c| *c != '\n').map(|c| (c, super::pairs::traditional(c)))
}

/// Marks a Han character that GB 2312 or Big5's first level has (with a flag that [`flags`] turns round), and one that
/// stands where two bytes of UTF-8 are read as one character of GBK.
fn common_and_misread(add: &mut impl FnMut(char, u32)) {
    let one = |text: &str| text.chars().next().filter(|c| text.chars().count() == 1 && *c != '\u{FFFD}');
    for lead in 0x81..=0xFEu8 {
        for trail in 0x40..=0xFEu8 {
            let bytes = [lead, trail];
            if let Some(c) = one(&GBK.decode_without_bom_handling(&bytes).0) {
                if (0xB0..=0xF7).contains(&lead) && trail >= 0xA1 {
                    add(c, RARE);
                }
                let (first, then) = (0xE4..=0xE9u8, 0x80..=0xBFu8);
                let pair = |a: &u8, b: &u8| {
                    first.contains(a) && then.contains(b) || then.contains(a) && (then.contains(b) || first.contains(b))
                };
                if pair(&lead, &trail) {
                    add(c, MISREAD);
                }
            }
            if (0xA4..=0xC6).contains(&lead)
                && let Some(c) = one(&BIG5.decode_without_bom_handling(&bytes).0)
            {
                add(c, RARE);
            }
        }
    }
}

fn flags(c: char, named: u32) -> u32 {
    // Planes without characters, and of private use: asking for each of their code points would slow a start.
    if matches!(c, '\u{40000}'..='\u{DFFFF}' | '\u{F0000}'..) {
        return BROKEN;
    }
    let class = classes::class(c);
    let mut flags = named & !(RARE | MISREAD | SPECIAL);
    if classes::is_han(class) {
        flags |= HAN | named & MISREAD;
        // Of the lists, the flag says that the character is common.
        flags |= if named & (RARE | CANTONESE) == 0 && c >= '\u{3400}' { RARE } else { 0 };
        flags |= match class {
            HANS => SIMPLIFIED,
            HANT => TRADITIONAL,
            _ => 0,
        };
    }
    let marks = is_combining_mark(c) || matches!(c, '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F189}');
    let letter = c.is_alphabetic() && !c.is_numeric() && !marks;
    flags |= if letter { LETTER } else { named & SPECIAL };
    flags |= if c.is_numeric() { NUMBER } else { 0 };
    flags |= if c.is_uppercase() { UPPER } else { 0 };
    let blank = c.is_whitespace() || matches!(c, '\u{1C}'..='\u{1F}');
    flags |= if blank { BLANK } else { 0 };
    let broken =
        class == NONE && !marks && !is_format(c) && !blank || c == '\u{FFFD}' || matches!(c, '\u{80}'..='\u{9F}');
    flags |= if broken { BROKEN } else { 0 };
    flags |= match class {
        LATIN => ROMAN,
        PUNCT if c.is_ascii() => ASCII_SIGN,
        PUNCT if is_chinese_sign(c) => CHINESE_SIGN,
        PUNCT => OTHER_SIGN,
        SYMBOL => MARK,
        classes::KANA | classes::HANGUL => OTHER_EAST,
        _ => 0,
    };
    let event = matches!(class, PUNCT | SPACE | SYMBOL) || blank || flags & LEAD != 0 && !c.is_ascii();
    flags | if event { EVENT } else { 0 }
}

fn is_chinese_sign(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301F}' | '\u{30FB}')
        || matches!(c, '\u{FE10}'..='\u{FE19}' | '\u{FE30}'..='\u{FE6B}' | '\u{FF01}'..='\u{FF65}')
        || SHARED.contains(c)
}

/// Format characters and variation selectors, which text may have: joiners, marks of direction, soft hyphens, BOM.
fn is_format(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_known_characters() {
        let has = |c: char, flag: u32| properties().get(c) & flag != 0;
        for (flag, yes, no) in [
            (LETTER, "a一々éЖ한あ", "1〇Ⅳ，ⓐ ́"),
            (NUMBER, "1１①½〇Ⅳ", "一a"),
            (BLANK, " \t\n\u{3000}\u{1C}\u{A0}", "a\u{200B}"),
            (RARE, "𠀀㐀龘鐡", "的國龍汉们〇々"),
            (FREQUENT, "的国國", "龙龘"),
            (FUNCTION, "的之於", "国"),
            (CANTONESE, "嘅喺", "的"),
            (MISREAD, "鐨涓鏄", "的我们国文"),
            (BROKEN, "\u{FFFD}\u{E000}\u{85}\u{1}", "\n\t\u{200B}\u{FEFF}\u{FE0F}́aー"),
            (CHINESE_SIGN, "，。《”…—！", ",.\"«"),
            (SPECIAL, "，1 *→", "一上士"),
            (TERMINAL, "。！.?", "…”；"),
            (END, "。！?…", "."),
        ] {
            for c in yes.chars() {
                assert!(has(c, flag), "{c:?} has not {flag:#x}");
            }
            for c in no.chars() {
                assert!(!has(c, flag), "{c:?} has {flag:#x}");
            }
        }
    }

    #[test]
    fn there_are_numbers_enough() {
        let used = properties().of.iter().filter(|f| **f != 0).count();
        assert!((60..250).contains(&used), "{used}");
        for c in ['的', '，', 'a', '\u{FFFD}', '𠀀'] {
            assert_eq!(properties().get(c), flags(c, named()[c as usize]));
        }
    }
}
