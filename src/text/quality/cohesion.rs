//! Whether sentences speak of the same things: how many of the words of a sentence stood in one before.
//!
//! What explains or reports comes back to its words; sentences, halves of them and words of many texts, one behind the
//! other, hardly do, however well each goes with its neighbours. Stories and verse come back to few words, too: how much
//! that says depends on the rest of the signals.

use super::pairs::key;

/// Sentences with fewer words are counted with the one behind.
const FEWEST: u16 = 3;
/// Places of the table, for the pairs of at most 600 characters; a power of two.
const PLACES: usize = 1024;
/// Bits of a sentence's number.
const SENTENCE: u32 = 10;
/// What is taken for known before a text is read: so many words that stood before, of so many; and the same of sentences.
const WORDS: (f64, f64) = (1.2, 10.0);
const LINKS: (f64, f64) = (1.0, 2.0);

/// The words of a text so far: pairs of Han that tie no sentences together.
pub struct Cohesion {
    /// The upper bits of a pair's hash, and the number of the last sentence that has it; 0 where there is none.
    table: [u32; PLACES],
    /// The number of the sentence, from 1 on, its words, and whether one of them stood in the sentence before.
    sentence: u32,
    words: u16,
    linked: bool,
    /// Words of sentences behind the first one, and those that stood before, once a sentence.
    later: u32,
    again: u32,
    /// Sentences behind the first one that share a word with the one before.
    links: u32,
}

impl Default for Cohesion {
    fn default() -> Self {
        Cohesion { table: [0; PLACES], sentence: 1, words: 0, linked: false, later: 0, again: 0, links: 0 }
    }
}

impl Cohesion {
    /// A pair of Han; at most 600 a text.
    #[inline]
    pub fn add(&mut self, first: u32, then: u32) {
        let hash = (key(first, then).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32;
        let tag = hash & !((1 << SENTENCE) - 1) | 1 << 31;
        let mut at = hash as usize % PLACES;
        loop {
            let entry = self.table[at];
            let (same, before) = (entry & !((1 << SENTENCE) - 1) == tag, entry & ((1 << SENTENCE) - 1));
            if entry == 0 || same {
                if before != self.sentence {
                    self.words += 1;
                    self.later += u32::from(self.sentence > 1);
                    self.again += u32::from(same);
                    self.linked |= same && before + 1 == self.sentence;
                    self.table[at] = tag | self.sentence;
                }
                return;
            }
            at = (at + 1) % PLACES;
        }
    }

    /// Ends a sentence.
    pub fn end(&mut self) {
        if self.words >= FEWEST {
            self.links += u32::from(self.linked);
            (self.sentence, self.words, self.linked) = (self.sentence + 1, 0, false);
        }
    }

    /// The share of words behind the first sentence that stood before, drawn to 0.12 where there are few; and that of
    /// sentences that share a word with the one before, drawn to a half.
    pub fn of(&self) -> (f64, f64) {
        let (sentences, linked) = match self.words >= FEWEST {
            true => (self.sentence - 1, self.linked),
            false => (self.sentence.saturating_sub(2), false),
        };
        let share = |part: u32, all: u32, prior: (f64, f64)| (f64::from(part) + prior.0) / (f64::from(all) + prior.1);
        (share(self.again, self.later, WORDS), share(self.links + u32::from(linked), sentences, LINKS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sentences: &[&str]) -> Cohesion {
        let mut cohesion = Cohesion::default();
        for sentence in sentences {
            let codes: Vec<u32> = sentence.chars().map(u32::from).collect();
            codes.chunks(2).for_each(|pair| cohesion.add(pair[0], pair[1]));
            cohesion.end();
        }
        cohesion
    }

    #[test]
    fn words_that_come_again() {
        let found = of(&["桥梁石料工匠", "工匠桥梁河水工匠", "河水山谷云雾"]);
        // Of three and three words behind the first sentence two and one stood before; each sentence is linked.
        assert_eq!((found.again, found.later, found.links), (3, 6, 2));
        assert_eq!(found.of(), ((3.0 + 1.2) / 16.0, 3.0 / 4.0));
        let found = of(&["桥梁石料工匠", "早餐牛奶面包", "桥梁轮船码头"]);
        assert_eq!((found.again, found.later, found.links), (1, 6, 0));
        assert_eq!(Cohesion::default().of(), (0.12, 0.5));
    }

    #[test]
    fn short_sentences_are_counted_with_the_next() {
        assert_eq!(of(&["桥梁", "石料", "工匠", "桥梁"]).sentence, 2);
        // As many pairs as a text can have.
        let mut cohesion = Cohesion::default();
        (0..600).for_each(|n| cohesion.add(n * 7919, n));
        assert_eq!(cohesion.words, 600);
    }
}
