//! Classes of characters, counted in one pass.

use std::sync::LazyLock;

/// A class of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Class {
    Other,
    Han,
    Kana,
    Hangul,
    Latin,
    Cyrillic,
    Arabic,
    Greek,
    Hebrew,
    Thai,
    Devanagari,
    Digit,
    Punctuation,
    Space,
}

const CLASSES: usize = 14;

/// The characters that only Simplified (first line) or only Traditional (second line) Chinese writes, derived from
/// OpenCC's STCharacters.txt and TSCharacters.txt (Apache-2.0).
const HANS_HANT: &str = include_str!("hans_hant.txt");

const SIMPLIFIED: u8 = 0x40;
const TRADITIONAL: u8 = 0x80;

/// Class of every character of the basic plane, and in the two highest bits whether only one script writes it.
static TABLE: LazyLock<Box<[u8; 0x1_0000]>> = LazyLock::new(|| {
    let mut table = Box::new([Class::Other as u8; 0x1_0000]);
    for (code, entry) in table.iter_mut().enumerate() {
        *entry = char::from_u32(code as u32).map_or(Class::Other, class_of) as u8;
    }
    for (line, bit) in HANS_HANT.lines().zip([SIMPLIFIED, TRADITIONAL]) {
        line.chars().for_each(|c| {
            if let Some(entry) = table.get_mut(c as usize) {
                *entry |= bit;
            }
        });
    }
    table
});

fn class_of(c: char) -> Class {
    match c as u32 {
        0x3005 | 0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff => Class::Han,
        0x3041..=0x3096 | 0x309d..=0x309f | 0x30a1..=0x30fa | 0x30fc..=0x30ff | 0x31f0..=0x31ff | 0xff66..=0xff9d => {
            Class::Kana
        }
        0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff => Class::Hangul,
        0x0400..=0x052f => Class::Cyrillic,
        0x0620..=0x064a | 0x066e..=0x06d3 | 0x0750..=0x077f | 0xfb50..=0xfdff | 0xfe70..=0xfefc => Class::Arabic,
        0x0370..=0x03ff | 0x1f00..=0x1fff if c.is_alphabetic() => Class::Greek,
        0x05d0..=0x05ea => Class::Hebrew,
        0x0e01..=0x0e3a | 0x0e40..=0x0e4e => Class::Thai,
        0x0900..=0x0963 => Class::Devanagari,
        0x41..=0x5a | 0x61..=0x7a | 0xc0..=0x24f | 0x1e00..=0x1eff | 0xff21..=0xff3a | 0xff41..=0xff5a
            if c.is_alphabetic() =>
        {
            Class::Latin
        }
        _ if c.is_whitespace() => Class::Space,
        _ if c.is_numeric() => Class::Digit,
        0x21..=0x7e
        | 0xa1..=0xbf
        | 0x2010..=0x2027
        | 0x2030..=0x205e
        | 0x3001..=0x303f
        | 0x30fb
        | 0xfe10..=0xfe1f
        | 0xfe30..=0xfe6f
        | 0xff01..=0xff65
        | 0x060c
        | 0x061b
        | 0x061f
        | 0x0964..=0x0965 => Class::Punctuation,
        _ => Class::Other,
    }
}

/// How many characters of each class a text has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_class: [u64; CLASSES],
    /// Characters that only Simplified Chinese writes.
    pub simplified: u64,
    /// Characters that only Traditional Chinese writes.
    pub traditional: u64,
    /// All characters.
    pub chars: u64,
    /// All bytes (UTF-8).
    pub bytes: u64,
}

impl Counts {
    /// Counts a text; about 1 GB/s.
    pub fn of(text: &str) -> Self {
        let mut counts = Counts::default();
        counts.add(text);
        counts
    }

    /// Counts a further text.
    pub fn add(&mut self, text: &str) {
        let table: &[u8; 0x1_0000] = &TABLE;
        // Two histograms in turn: neighbours are mostly of one class, and adding twice to one place waits.
        let mut histograms = [[0u32; 256]; 2];
        let bytes = text.as_bytes();
        let (mut at, mut turn) = (0, 0);
        while at < bytes.len() {
            let first = bytes[at];
            let (code, width) = match first {
                0..0x80 => (usize::from(first), 1),
                0xe0..0xf0 => {
                    let tail = |i: usize| usize::from(bytes[at + i] & 0x3f);
                    (usize::from(first & 0xf) << 12 | tail(1) << 6 | tail(2), 3)
                }
                _ => text[at..].chars().next().map_or((0, 1), |c| (c as usize, c.len_utf8())),
            };
            let class = match table.get(code) {
                Some(class) => *class,
                // Ideographs of the further planes; emoji and the rest are Other.
                None if (0x2_0000..0x4_0000).contains(&code) => Class::Han as u8,
                None => Class::Other as u8,
            };
            histograms[turn][usize::from(class)] += 1;
            turn ^= 1;
            at += width;
        }
        self.bytes += text.len() as u64;
        for (class, (one, two)) in histograms[0].iter().zip(&histograms[1]).enumerate() {
            let count = u64::from(*one) + u64::from(*two);
            self.chars += count;
            self.by_class[(class & 0x1f).min(CLASSES - 1)] += count;
            self.simplified += if class as u8 & SIMPLIFIED != 0 { count } else { 0 };
            self.traditional += if class as u8 & TRADITIONAL != 0 { count } else { 0 };
        }
    }

    /// Characters of a class.
    pub fn get(&self, class: Class) -> u64 {
        self.by_class[class as usize]
    }

    /// Share of a class among all characters; 0 for no text.
    pub fn share(&self, class: Class) -> f64 {
        if self.chars == 0 { 0.0 } else { self.get(class) as f64 / self.chars as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_class_once() {
        let counts = Counts::of("中文 Abc，12。かナ한Ж\n𠀀👍");
        let get = |class| counts.get(class);
        assert_eq!((get(Class::Han), get(Class::Latin), get(Class::Digit)), (3, 3, 2));
        assert_eq!((get(Class::Punctuation), get(Class::Space), get(Class::Kana)), (2, 2, 2));
        assert_eq!((get(Class::Hangul), get(Class::Cyrillic), get(Class::Other)), (1, 1, 1));
        assert_eq!(counts.chars, counts.by_class.iter().sum::<u64>());
        assert_eq!(Counts::of("").share(Class::Han), 0.0);
    }
}
