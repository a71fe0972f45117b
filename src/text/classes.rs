//! What a text is made of: how many characters of each class, in one pass over a table.
//!
//! Classes are by use, not by Unicode's general category:
//!
//! - Han are the unified and compatibility ideographs, radicals, `々`, `〆` and `〇`; those of only one side of the
//!   simplification are told apart on the way, for [`script`](super::script);
//! - a digit is a digit of any script or another number sign (`①`, `½`, `Ⅳ`), but not `一`;
//! - punctuation is all of ASCII's, and what separates, ends, brackets or quotes in other scripts, CJK and full width
//!   among it (`・` too, which stands in Chinese names); other signs (emoji, arrows, `°`, `€`) are symbols;
//! - a letter outside the scripts of [`SCRIPTS`] is [`OTHER`].

use std::sync::LazyLock;

use super::table::Table;

/// Control, format and unassigned characters, and marks that belong to no script.
pub const NONE: u8 = 0;
/// White space.
pub const SPACE: u8 = 1;
/// Punctuation.
pub const PUNCT: u8 = 2;
/// Digits and other numbers.
pub const DIGIT: u8 = 3;
/// Symbols.
pub const SYMBOL: u8 = 4;
/// Letters of scripts that have no class of their own.
pub const OTHER: u8 = 5;
/// Han characters that simplified and traditional Chinese share.
pub const HAN: u8 = 6;
/// Han characters of simplified Chinese only.
pub const HANS: u8 = 7;
/// Han characters of traditional Chinese only.
pub const HANT: u8 = 8;
/// Hiragana and katakana.
pub const KANA: u8 = 9;
/// Hangul syllables and jamo.
pub const HANGUL: u8 = 10;
/// Latin letters, full-width ones among them.
pub const LATIN: u8 = 11;
/// The class of `SCRIPTS[0]`; the others follow.
pub const FIRST_SCRIPT: u8 = 12;

/// How many classes there are, rounded up.
const CLASSES: usize = 64;

/// A script that needs no rule of its own.
pub struct Script {
    /// ISO 15924.
    pub code: &'static str,
    /// The language that it nearly always writes, else empty (ask a detector) or `und`.
    pub language: &'static str,
    /// Its blocks.
    pub ranges: &'static [(u32, u32)],
}

const fn script(code: &'static str, language: &'static str, ranges: &'static [(u32, u32)]) -> Script {
    Script { code, language, ranges }
}

/// The scripts beside Han, kana, Hangul and Latin. The class of `SCRIPTS[i]` is `FIRST_SCRIPT + i`.
pub static SCRIPTS: &[Script] = &[
    script("Cyrl", "", &[(0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)]),
    script("Arab", "", &[(0x600, 0x6FF), (0x750, 0x77F), (0x870, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC)]),
    script("Grek", "el", &[(0x370, 0x3FF), (0x1F00, 0x1FFF)]),
    script("Hebr", "he", &[(0x590, 0x5FF), (0xFB1D, 0xFB4F)]),
    script("Deva", "", &[(0x900, 0x97F), (0xA8E0, 0xA8FF)]),
    script("Thai", "th", &[(0xE00, 0xE7F)]),
    script("Beng", "bn", &[(0x980, 0x9FF)]),
    script("Guru", "pa", &[(0xA00, 0xA7F)]),
    script("Gujr", "gu", &[(0xA80, 0xAFF)]),
    script("Orya", "or", &[(0xB00, 0xB7F)]),
    script("Taml", "ta", &[(0xB80, 0xBFF)]),
    script("Telu", "te", &[(0xC00, 0xC7F)]),
    script("Knda", "kn", &[(0xC80, 0xCFF)]),
    script("Mlym", "ml", &[(0xD00, 0xD7F)]),
    script("Sinh", "si", &[(0xD80, 0xDFF)]),
    script("Laoo", "lo", &[(0xE80, 0xEFF)]),
    script("Tibt", "bo", &[(0xF00, 0xFFF)]),
    script("Mymr", "my", &[(0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)]),
    script("Geor", "ka", &[(0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F)]),
    script("Armn", "hy", &[(0x530, 0x58F), (0xFB13, 0xFB17)]),
    script("Ethi", "und", &[(0x1200, 0x139F), (0x2D80, 0x2DDF), (0xAB00, 0xAB2F)]),
    script("Khmr", "km", &[(0x1780, 0x17FF)]),
    script("Mong", "mn", &[(0x1800, 0x18AF)]),
    script("Yiii", "ii", &[(0xA000, 0xA4CF)]),
    script("Bopo", "zh", &[(0x2EA, 0x2EB), (0x3105, 0x312F), (0x31A0, 0x31BF)]),
];

const HAN_RANGES: &[(u32, u32)] = &[
    (0x2E80, 0x2FD5),
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x2_0000, 0x3_FFFD),
];
const KANA_RANGES: &[(u32, u32)] =
    &[(0x3041, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1_AFF0, 0x1_B16F)];
const HANGUL_RANGES: &[(u32, u32)] =
    &[(0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FB), (0xFFA0, 0xFFDC)];
const LATIN_RANGES: &[(u32, u32)] = &[
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xAA, 0xAA),
    (0xBA, 0xBA),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x2AF),
    (0x1E00, 0x1EFF),
    (0x2C60, 0x2C7F),
    (0xA722, 0xA7FF),
    (0xAB30, 0xAB6F),
    (0xFB00, 0xFB06),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
];
/// Punctuation beyond ASCII.
const PUNCT_RANGES: &[(u32, u32)] = &[
    (0xA1, 0xA1),
    (0xA7, 0xA7),
    (0xAB, 0xAB),
    (0xB6, 0xB7),
    (0xBB, 0xBB),
    (0xBF, 0xBF),
    (0x37E, 0x37E),
    (0x387, 0x387),
    (0x55A, 0x55F),
    (0x589, 0x58A),
    (0x5BE, 0x5BE),
    (0x5F3, 0x5F4),
    (0x60C, 0x60D),
    (0x61B, 0x61B),
    (0x61E, 0x61F),
    (0x66A, 0x66D),
    (0x6D4, 0x6D4),
    (0x964, 0x965),
    (0xE5A, 0xE5B),
    (0xF04, 0xF14),
    (0x104A, 0x104F),
    (0x1361, 0x1368),
    (0x17D4, 0x17DA),
    (0x1800, 0x180A),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x2308, 0x230B),
    (0x2329, 0x232A),
    (0x2768, 0x2775),
    (0x27E6, 0x27EF),
    (0x2983, 0x2998),
    (0x2E00, 0x2E5D),
    (0x3001, 0x3003),
    (0x3008, 0x3011),
    (0x3014, 0x301F),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x30A0, 0x30A0),
    (0x30FB, 0x30FB),
    (0xFE10, 0xFE19),
    (0xFE30, 0xFE6B),
    (0xFF01, 0xFF0F),
    (0xFF1A, 0xFF20),
    (0xFF3B, 0xFF40),
    (0xFF5B, 0xFF65),
];

/// Characters of simplified Chinese only, then those of traditional Chinese only; [`super::script`] says whence.
const HANS_HANT: &str = include_str!("hans_hant.txt");

fn within(c: char, ranges: &[(u32, u32)]) -> bool {
    ranges.iter().any(|(from, to)| (*from..=*to).contains(&(c as u32)))
}

/// The class of `c` by the rules at the head.
fn classify(c: char) -> u8 {
    if matches!(c, '\u{AC00}'..='\u{D7A3}') {
        HANGUL
    } else if matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{40000}'..) {
        NONE
    } else if within(c, HAN_RANGES) {
        HAN
    } else if c.is_whitespace() {
        SPACE
    } else if c.is_ascii_punctuation() || within(c, PUNCT_RANGES) {
        PUNCT
    } else if c.is_numeric() {
        DIGIT
    } else if within(c, LATIN_RANGES) {
        LATIN
    } else if within(c, KANA_RANGES) {
        KANA
    } else if within(c, HANGUL_RANGES) {
        HANGUL
    } else if let Some(at) = SCRIPTS.iter().position(|s| within(c, s.ranges)).filter(|_| c.is_alphabetic()) {
        FIRST_SCRIPT + at as u8
    } else if c.is_alphabetic() {
        OTHER
    } else if is_symbol(c) {
        SYMBOL
    } else {
        NONE
    }
}

/// Signs that are neither letters nor punctuation, by block.
fn is_symbol(c: char) -> bool {
    const BLOCKS: &[(u32, u32)] = &[
        (0xA2, 0xAC),
        (0xAE, 0xBF),
        (0xD7, 0xD7),
        (0xF7, 0xF7),
        (0x20A0, 0x20CF),
        (0x2100, 0x2BFF),
        (0x3004, 0x3020),
        (0x302A, 0x303F),
        (0x3190, 0x33FF),
        (0x4DC0, 0x4DFF),
        (0xFFE0, 0xFFFD),
        (0x1_D000, 0x1_D7FF),
        (0x1_F000, 0x1_FBFF),
    ];
    !matches!(c, '\u{FFF0}'..='\u{FFFB}') && within(c, BLOCKS)
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut lines = HANS_HANT.lines().map(|l| l.chars().collect::<Vec<char>>());
    let (hans, hant) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    Table::new(|c| match classify(c) {
        HAN if hans.binary_search(&c).is_ok() => HANS,
        HAN if hant.binary_search(&c).is_ok() => HANT,
        class => class,
    })
});

/// The class of one character.
pub fn class(c: char) -> u8 {
    TABLE.get(c)
}

/// The table of classes, for loops over many characters.
pub fn table() -> &'static Table {
    &TABLE
}

/// Whether a class is one of Han.
#[inline(always)]
pub fn is_han(class: u8) -> bool {
    matches!(class, HAN | HANS | HANT)
}

/// Counts of the characters of one or several texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Bytes of UTF-8.
    pub bytes: usize,
    by_class: [usize; CLASSES],
}

impl Default for Counts {
    fn default() -> Self {
        Counts { bytes: 0, by_class: [0; CLASSES] }
    }
}

impl Counts {
    /// The counts of one text.
    pub fn of(text: &str) -> Counts {
        let mut counts = Counts::default();
        counts.add(text);
        counts
    }

    /// Counts a further text.
    pub fn add(&mut self, text: &str) {
        // Four lanes, so that equal classes one after the other need not wait for each other.
        let mut lanes = [[0usize; CLASSES]; 4];
        let (table, ascii) = (&*TABLE, TABLE.first());
        let index = |class: u8| class as usize % CLASSES;
        let mut rest = text;
        while !rest.is_empty() {
            while let Some((block, _)) = rest.as_bytes().split_first_chunk::<16>().filter(|(b, _)| b.is_ascii()) {
                for (i, byte) in block.iter().enumerate() {
                    lanes[i % 4][index(ascii[*byte as usize])] += 1;
                }
                rest = &rest[16..];
            }
            let mut chars = rest.chars();
            for i in 0..32 {
                let Some(c) = chars.next() else { break };
                lanes[i % 4][index(table.get(c))] += 1;
            }
            rest = chars.as_str();
        }
        for lane in lanes {
            for (sum, n) in self.by_class.iter_mut().zip(lane) {
                *sum += n;
            }
        }
        self.bytes += text.len();
    }

    /// Characters of a class.
    pub fn get(&self, class: u8) -> usize {
        self.by_class.get(class as usize).copied().unwrap_or(0)
    }

    /// All characters.
    pub fn chars(&self) -> usize {
        self.by_class.iter().sum()
    }

    /// Han characters.
    pub fn han(&self) -> usize {
        self.get(HAN) + self.get(HANS) + self.get(HANT)
    }

    /// Characters of the script with that code, out of [`SCRIPTS`].
    pub fn script(&self, code: &str) -> usize {
        SCRIPTS.iter().position(|s| s.code == code).map_or(0, |at| self.get(FIRST_SCRIPT + at as u8))
    }

    /// Letters of all scripts, Han among them.
    pub fn letters(&self) -> usize {
        self.by_class[OTHER as usize..].iter().sum()
    }

    /// `n` as a share of all characters, 0 for an empty text.
    pub fn share(&self, n: usize) -> f64 {
        if n == 0 { 0.0 } else { n as f64 / self.chars() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_known_characters() {
        for (class_, chars) in [
            (HAN, "一人々〇㐀𠀀﨎"),
            (HANS, "们汉书马听"),
            (HANT, "們漢書馬聽"),
            (KANA, "あアーｱ"),
            (HANGUL, "한ㄱᄀ"),
            (LATIN, "aZéａＺßạ"),
            (DIGIT, "09０①½Ⅳ٣"),
            (PUNCT, "!$~，。！？（）「」《》、・…—“”·؟。"),
            (SPACE, " \t\n\u{3000}\u{A0}"),
            (SYMBOL, "😀→°€©"),
            (NONE, "\u{0}\u{200B}\u{FEFF}\u{E000}"),
        ] {
            for c in chars.chars() {
                assert_eq!(class(c), class_, "{c:?}");
            }
        }
        assert_eq!(Counts::of("Привет мир").script("Cyrl"), 9);
        assert_eq!(Counts::of("مرحبا").script("Arab"), 5);
        assert!(FIRST_SCRIPT as usize + SCRIPTS.len() <= CLASSES);
    }

    #[test]
    fn blocks_and_characters_count_alike() {
        let text = "Plain ASCII of more than sixteen bytes, 然後中文，123 and ASCII again to the end.\n".repeat(3);
        let counts = Counts::of(&text);
        for class_ in 0..CLASSES as u8 {
            assert_eq!(counts.get(class_), text.chars().filter(|c| class(*c) == class_).count());
        }
        assert_eq!((counts.chars(), counts.bytes), (text.chars().count(), text.len()));
        let mut twice = counts.clone();
        twice.add(&text);
        assert_eq!(twice, Counts::of(&text.repeat(2)));
        assert_eq!(Counts::of("").share(0), 0.0);
    }
}
