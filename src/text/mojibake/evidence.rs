//! What a reading of bytes is worth: how much of it is Chinese, Japanese or Korean as people write it.
//!
//! Bytes of one double-byte encoding are nearly always valid in another one, so validity proves nothing there. What does is
//! the language: of neighbouring Han in Chinese a third to a half are pairs that words are made of ([`pairs`]), and of what
//! a wrong reading makes a fortieth; half of Japanese are kana; Korean is hangul alone.

use crate::text::quality::pairs::pairs;
use crate::text::quality::properties::{FREQUENT, HAN, RARE, properties};

/// What is counted in a reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// Characters beyond ASCII.
    pub all: usize,
    /// Han, of any Unihan block.
    pub han: usize,
    /// Han that schools teach on neither side.
    pub rare: usize,
    /// Han among the 500 most frequent characters.
    pub frequent: usize,
    /// Pairs of neighbouring Han.
    pub pairs: usize,
    /// Those of them that words are made of.
    pub known: usize,
    /// Full-width hiragana and katakana.
    kana: usize,
    /// Hangul syllables.
    hangul: usize,
    /// Punctuation of East Asia, and full-width forms.
    signs: usize,
    /// Of private use: no text has them, readings of GBK do.
    private: usize,
}

impl Evidence {
    /// Counts a reading.
    pub fn of(text: &str) -> Evidence {
        let (pairs, properties) = (pairs(), properties());
        let mut found = Evidence::default();
        let mut before = None;
        for c in text.chars().filter(|c| *c != '\n' && *c != ' ') {
            found.all += usize::from(!c.is_ascii());
            let flags = properties.get(c);
            let is = |flag| usize::from(flags & flag != 0);
            found.han += is(HAN);
            found.rare += is(RARE);
            found.frequent += is(FREQUENT);
            match c {
                // 々 and 〇 stand among the signs.
                _ if flags & HAN != 0 => {}
                'ぁ'..='ヺ' | 'ー' => found.kana += 1,
                '가'..='힣' => found.hangul += 1,
                '\u{3000}'..='\u{3020}' | '\u{FF01}'..='\u{FF5E}' | '\u{2010}'..='\u{2044}' | '·' => found.signs += 1,
                '\u{E000}'..='\u{F8FF}' => found.private += 1,
                _ => {}
            }
            if let Some(first) = before.filter(|_| flags & HAN != 0) {
                found.pairs += 1;
                found.known += usize::from(pairs.of(first, c as u32).0);
            }
            before = (flags & HAN != 0).then_some(c as u32);
        }
        found
    }

    /// Whether it is text in one of the three languages, beyond doubt. `least` is how many characters that takes.
    pub fn proves(&self, least: usize) -> bool {
        let rest = self.all - self.han - self.kana - self.hangul - self.signs;
        let chinese = self.han >= least
            && self.pairs * 2 >= least
            && self.known * 5 >= self.pairs
            && self.frequent * 4 >= self.han
            && self.rare * 10 <= self.han
            && self.kana * 10 <= self.han;
        let japanese = self.kana >= least && self.kana * 4 >= self.all && self.rare * 4 <= self.all;
        let korean = self.hangul >= least && self.hangul * 10 >= (self.all - self.signs) * 9;
        rest * 20 <= self.all && (chinese || japanese || korean)
    }

    /// Kana and hangul.
    pub fn letters(&self) -> usize {
        self.kana + self.hangul
    }

    /// Whether there is nothing but Han and punctuation.
    pub fn is_plain(&self) -> bool {
        self.all == self.han + self.signs
    }

    /// How much of it is language, in parts of a thousand: what readings are compared by.
    pub fn worth(&self) -> usize {
        (self.known + self.kana + self.hangul) * 1000 / (self.pairs + self.kana + self.hangul).max(1)
    }

    /// Whether hardly any of its Han stand together as text has them.
    pub fn denies(&self) -> bool {
        let few = self.known * 16 <= self.pairs && self.frequent * 4 <= self.han;
        self.han > 2 && (few || self.private * 8 >= self.all && self.known * 6 <= self.pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_none() {
        for text in [
            "他们在城市的公园里散步，看见了许多朋友。",
            "他們在城市的公園裡散步，看見了許多朋友。",
            "二〇〇〇年，他们时时在城市的公园里散步；一九〇〇年的人々。",
            "これは日本語の文章です。文字コードを間違えて",
            "오늘은 날씨가 좋아서 공원에 갔습니다",
        ] {
            let found = Evidence::of(text);
            assert!(found.proves(6) && !found.denies(), "{text}");
        }
        for text in ["琌いゅ惠璶い翠", "聖経乞雑硅湘怖洪惹", "罕見字：龘靐齉齾爩鱻麤龗灪厵", "ÀÁÂÃÄÅ"]
        {
            assert!(!Evidence::of(text).proves(6), "{text}");
        }
    }
}
