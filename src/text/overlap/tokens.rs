//! Tokens of a text, and the hashes of all its n-grams, in bounded memory.

use std::sync::LazyLock;

use super::Size;
use crate::text::near::fold::{Fold, Folder};
use crate::text::near::{S1, S2, mum};

/// What a folded character is.
const NOTHING: u32 = 0;
const LETTER: u32 = 1 << 24;
const CHARACTER: u32 = 2 << 24;

/// Folded code and kind of each character of the first plane.
static TABLE: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let folder = Folder::new(Fold::default());
    let of = |code: u32| char::from_u32(code).map_or(NOTHING, |c| entry(folder.code(c)));
    (0..0x1_0000).map(of).collect()
});

fn entry(folded: u32) -> u32 {
    let kind = match char::from_u32(folded) {
        Some(c) if is_alone(c) => CHARACTER,
        Some(c) if c.is_alphanumeric() => LETTER,
        _ => NOTHING,
    };
    folded | kind
}

/// Whether a character is a token of its own: scripts without spaces between words, and Hangul.
fn is_alone(c: char) -> bool {
    matches!(c as u32,
        0x0E01..=0x0EDF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3005..=0x3007 | 0x3041..=0x30FA | 0x30FC..=0x30FF | 0x3105..=0x312F | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// Base of the polynomial of a run.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// An n-gram: its hash, and the bytes of the text from its first token to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gram {
    /// Of its tokens in order.
    pub hash: u64,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

#[derive(Clone, Copy)]
struct Token {
    /// Polynomial and weight of all tokens before it, and the weight of numbers among them.
    before: u64,
    weight: u64,
    numbers: u64,
    start: usize,
    end: usize,
}

/// A word that is open: its first byte and hash, and whether it is a single Latin letter, or a number, so far.
#[derive(Clone, Copy)]
struct Word {
    start: usize,
    hash: u64,
    letter: bool,
    number: bool,
}

/// Tokens that are held at a time.
const BLOCK: usize = 16 << 10;

/// Cuts texts into n-grams. Holds memory for some thousand tokens, whatever the length of a text.
pub struct Grams {
    size: Size,
    /// Powers of the base.
    powers: Vec<u64>,
    tokens: Vec<Token>,
    sum: u64,
    weight: u64,
    /// Weight of numbers so far.
    numbers: u64,
    /// Whether there was any n-gram.
    any: bool,
    word: Option<Word>,
}

impl Grams {
    /// N-grams of this size.
    pub fn new(size: Size) -> Self {
        // A run has at most as many tokens as there are of the lighter kind.
        let longest = size.words.max(size.chars) as usize + 2;
        let powers = std::iter::successors(Some(1u64), |p| Some(p.wrapping_mul(BASE))).take(longest).collect();
        Grams { size, powers, tokens: Vec::new(), sum: 0, weight: 0, numbers: 0, any: false, word: None }
    }

    /// Hands over the n-grams of a text, in order; their places are counted from `base`. Whether there was any.
    pub fn each(&mut self, text: &str, base: usize, found: &mut impl FnMut(Gram)) -> bool {
        self.begin();
        self.text(text, base, found);
        self.end(found)
    }

    /// Begins a run of texts.
    fn begin(&mut self) {
        self.tokens.clear();
        self.any = false;
        (self.sum, self.weight, self.numbers, self.word) = (0, 0, 0, None);
    }

    /// The n-grams of several texts as though they were one. Places are of no use.
    pub fn joined<'t>(&mut self, texts: impl Iterator<Item = &'t str>, found: &mut impl FnMut(Gram)) -> bool {
        self.begin();
        texts.for_each(|text| self.text(text, 0, found));
        self.end(found)
    }

    fn text(&mut self, text: &str, base: usize, found: &mut impl FnMut(Gram)) {
        let table = TABLE.as_slice();
        for (at, c) in text.char_indices() {
            let code = c as u32;
            let entry = match table.get(code as usize) {
                Some(entry) => *entry,
                None => entry(code),
            };
            let folded = u64::from(entry & 0xff_ffff);
            match entry & (LETTER | CHARACTER) {
                LETTER => {
                    let is = |from: u8, to: u8| (u64::from(from)..=u64::from(to)).contains(&folded);
                    let (first, digit) = (self.word.is_none(), is(b'0', b'9'));
                    let word = self.word.unwrap_or(Word { start: base + at, hash: S2, letter: false, number: true });
                    self.word = Some(Word {
                        start: word.start,
                        hash: mum(word.hash ^ folded, S1),
                        letter: first && is(b'a', b'z'),
                        number: word.number && digit,
                    });
                    continue;
                }
                NOTHING => self.close(base + at),
                _ => {
                    self.close(base + at);
                    self.push(mum(folded ^ S1, S2), true, base + at, base + at + c.len_utf8());
                }
            }
            if self.tokens.len() >= BLOCK {
                self.flush(found);
            }
        }
        self.close(base + text.len());
    }

    fn end(&mut self, found: &mut impl FnMut(Gram)) -> bool {
        self.flush(found);
        self.any
    }

    #[inline]
    fn close(&mut self, end: usize) {
        // A letter alone labels an option, more often than not.
        if let Some(word) = self.word.take().filter(|w| !w.letter) {
            self.push(word.hash, false, word.start, end);
            if word.number {
                self.numbers += self.size.weight(false);
            }
        }
    }

    #[inline]
    fn push(&mut self, hash: u64, is_char: bool, start: usize, end: usize) {
        self.tokens.push(Token { before: self.sum, weight: self.weight, numbers: self.numbers, start, end });
        self.sum = self.sum.wrapping_mul(BASE).wrapping_add(hash);
        self.weight += self.size.weight(is_char);
    }

    /// Hands over what is whole, and keeps the tokens that begin no whole run yet.
    fn flush(&mut self, found: &mut impl FnMut(Gram)) {
        let whole = self.size.whole();
        let (mut first, mut end, mut any) = (0, 0, false);
        // `end` is one past the last token of the run that begins at `first`.
        while first < self.tokens.len() {
            let begin = self.tokens[first];
            let weight_at = |end: usize| self.tokens.get(end).map_or(self.weight, |t| t.weight);
            while end < self.tokens.len() && weight_at(end) - begin.weight < whole {
                end += 1;
            }
            if weight_at(end) - begin.weight < whole {
                break;
            }
            let (sum, numbers) = self.tokens.get(end).map_or((self.sum, self.numbers), |t| (t.before, t.numbers));
            first += 1;
            // Whoever counts, or writes zeros, quotes nothing.
            if (numbers - begin.numbers) * 2 > whole {
                continue;
            }
            any = true;
            let hash = sum.wrapping_sub(begin.before.wrapping_mul(self.powers[end + 1 - first]));
            found(Gram { hash: mum(hash ^ S1, S2), start: begin.start, end: self.tokens[end - 1].end });
        }
        self.tokens.drain(..first);
        self.any |= any;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { words: 3, chars: 5 };

    fn grams(text: &str) -> Vec<(u64, &str)> {
        let mut all = Vec::new();
        Grams::new(SIZE).each(text, 0, &mut |gram| all.push((gram.hash, &text[gram.start..gram.end])));
        all
    }

    fn texts(text: &str) -> Vec<&str> {
        grams(text).into_iter().map(|g| g.1).collect()
    }

    #[test]
    fn characters_words_and_both() {
        assert_eq!(texts("一二三，四五。六"), ["一二三，四五", "二三，四五。六"]);
        assert_eq!(texts("The (big) cat's hat"), ["The (big) cat", "big) cat's hat"]);
        assert_eq!(texts("用GPT模型4"), ["用GPT模型4", "GPT模型4"]);
        assert_eq!(texts("一二三四"), [""; 0]);
    }

    #[test]
    fn layout_case_and_width_do_not_matter() {
        let hashes = |text: &str| grams(text).into_iter().map(|g| g.0).collect::<Vec<_>>();
        assert_eq!(hashes("一二三，四五"), hashes("一 二\n三四「五」"));
        assert_eq!(hashes("ＡＢ cc，Ｄe"), hashes("ab Cc de"));
        assert_ne!(hashes("ab cc dd"), hashes("abcc dd ee"));
        assert_ne!(hashes("一二三四五"), hashes("一二三五四"));
        // Options with labels and without.
        assert_eq!(hashes("首都？ A. 北京 (b) 上海"), hashes("首都？\n北京\n上海"));
        assert_ne!(hashes("首都在北京1号"), hashes("首都在北京2号"));
    }

    #[test]
    fn long_texts_have_every_gram_once() {
        let text = "我们 Clean 数据，then TRAIN。".repeat(4_000);
        let all = grams(&text);
        let one: Vec<_> = grams(&text[..text.len() / 50]);
        assert_eq!(all[..one.len()], one[..]);
        let tokens = 4_000 * 7;
        assert!(all.len() > tokens - 6 && all.len() < tokens, "{}", all.len());
        let mut hashes: Vec<u64> = all.iter().map(|g| g.0).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 7);
    }

    #[test]
    fn numbers_alone_are_no_gram() {
        assert_eq!(texts("1, 2, 3, 4; 0.0 0.0"), [""; 0]);
        assert_eq!(texts("1 plus 2"), [""; 0]);
        assert_eq!(texts("one plus 2"), ["one plus 2"]);
        assert_eq!(texts("共有3名学生"), ["共有3名学", "有3名学生"]);
    }

    #[test]
    fn joined_texts_run_on() {
        let mut grams = Grams::new(SIZE);
        let mut n = 0;
        assert!(grams.joined(["一二", "三四", "五"].into_iter(), &mut |_| n += 1));
        assert_eq!(n, 1);
        assert!(!grams.joined(["aa", "bb"].into_iter(), &mut |_| n += 1));
    }
}
