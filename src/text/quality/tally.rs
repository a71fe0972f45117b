//! How often each character of a text comes: sums by property, and characters as units of counting, are made of it.

use std::sync::LazyLock;

use super::properties::{BLANK, properties};

/// The bits of an entry of [`super::page::Page::codes`] that are the character's.
pub const CODE: u32 = 0x1F_FFFF;

/// A character with the number of its properties above its code.
#[inline(always)]
pub fn entry(c: char, number: u8) -> u32 {
    c as u32 | u32::from(number) << 21
}

/// The entries of a text.
#[cfg(test)]
pub fn entries(text: &str) -> Vec<u32> {
    let table = properties().table.borrowed();
    text.chars().map(|c| entry(c, table.get(c))).collect()
}

/// FineWeb-2's stop words for cmn_Hani (configs/cmn_Hani.yml).
pub const STOPS: &str = "的年在月是和日了於·為有被人中为他與後也而由";

/// A table by code point, and what is found when a text ends. Of the table, what a text touches is emptied then.
#[derive(Default)]
pub struct Tally {
    by_code: Vec<u32>,
    /// The characters that the text has, each with the number of its properties above the 21 bits of its code; as many
    /// of them as `different` says.
    present: Vec<u32>,
    kinds: usize,
    /// What was found of the characters that are not white space.
    pub found: Found,
}

/// Characters as units.
#[derive(Clone, Default)]
pub struct Found {
    /// Characters.
    pub units: u64,
    /// Different ones.
    pub different: u64,
    /// The sum of c ln c over their counts.
    pub sum: f64,
    /// Different stop words of Chinese.
    pub stops: u32,
}

impl Tally {
    /// Makes room for a text of that many bytes.
    pub fn start(&mut self, bytes: usize) {
        self.by_code.resize(1 << 21, 0);
        let room = bytes.min(char::MAX as usize + 1) + 1;
        if self.present.len() < room {
            self.present.resize(room, 0);
        }
    }

    /// Counts a character with the number of its properties.
    #[inline(always)]
    pub fn add(&mut self, entry: u32) {
        let count = &mut self.by_code[(entry & CODE) as usize];
        // A branch would be mistaken at every fifth character.
        self.present[self.kinds] = entry;
        self.kinds += usize::from(*count == 0);
        *count += 1;
    }

    /// Ends the text: how many characters have each number of properties.
    pub fn finish(&mut self) -> [u64; 256] {
        let of = &properties().of;
        let mut counts = [0; 256];
        let stops = STOPS.chars().map(|c| u32::from(self.by_code[c as usize] > 0)).sum();
        self.found = Found { stops, ..Found::default() };
        for entry in &self.present[..self.kinds] {
            let count = std::mem::take(&mut self.by_code[(entry & CODE) as usize]);
            let number = (entry >> 21) as usize;
            counts[number] += u64::from(count);
            if of[number] & BLANK == 0 {
                self.found.units += u64::from(count);
                self.found.different += 1;
                self.found.sum += term(count);
            }
        }
        self.kinds = 0;
        counts
    }
}

/// c ln c.
pub fn term(count: u32) -> f64 {
    static TERMS: LazyLock<Vec<f64>> = LazyLock::new(|| (0..1024).map(exact).collect());
    fn exact(count: u32) -> f64 {
        if count < 2 { 0.0 } else { f64::from(count) * f64::from(count).ln() }
    }
    TERMS.get(count as usize).copied().unwrap_or_else(|| exact(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_by_character_and_by_property() {
        let mut tally = Tally::default();
        for _ in 0..2 {
            let text = "的的 a\u{E0100}\u{20100}的";
            tally.start(text.len());
            entries(text).into_iter().for_each(|entry| tally.add(entry));
            let counts = tally.finish();
            assert_eq!(counts.iter().sum::<u64>(), 7);
            assert_eq!(counts[properties().table.get('的') as usize], 3);
            let found = tally.found.clone();
            assert_eq!((found.units, found.different, found.stops), (6, 4, 1));
            assert!((found.sum - 3.0 * 3f64.ln()).abs() < 1e-12);
        }
    }
}
