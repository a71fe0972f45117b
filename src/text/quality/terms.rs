//! Words by which text gives itself away: advertisement, betting, pornography, search engines, boilerplate, placeholders.
//!
//! They are looked for among the characters that the pass has read: a set of bits says whether any word begins with the
//! two characters at a place, which is so for few; the words that do are compared, the longest first.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use super::counter::Mixed;
use super::properties::{FUNCTION, properties};
use super::tally::CODE;
use crate::text::convert;

/// Kinds of words, in the order of the counts.
pub const KINDS: [&str; 14] = [
    "ad",
    "contact",
    "gambling",
    "adult",
    "seo",
    "boilerplate",
    "placeholder",
    "mojibake",
    "policy",
    "content",
    "report",
    "sales",
    "service",
    "story",
];
/// How many of them are spam.
pub const SPAM: usize = 5;
/// Number of the kind `mojibake`.
pub const MOJIBAKE: usize = 7;
/// Number of the kind `policy`.
pub const POLICY: usize = 8;
/// Number of the kind `content`: words with a character that ties sentences together elsewhere, as 都 of 成都.
pub const CONTENT: usize = 9;
/// Number of the kind `report`: words with which texts speak of what others sell.
pub const REPORT: usize = 10;
/// Number of the kind `sales`: what is said to make somebody buy.
pub const SALES: usize = 11;
/// Number of the kind `service`: what is said to any public, a quarter as telling.
pub const SERVICE: usize = 12;

/// Number of the kind `story`: what is said where an advertisement is told as an experience.
pub const STORY: usize = 13;
/// Characters in which words that sell stand together.
const STRETCH: usize = 80;

/// Bits of the set of beginnings: sixteen kilobytes, one bit in sixty taken.
const BITS: u32 = 17;

/// Stands for no character.
const NONE: u32 = 0;

/// A word.
struct Word {
    kind: usize,
    /// Its characters, in lower case where they are Latin letters of ASCII.
    characters: Vec<u32>,
    /// Number of the entry: a word and its traditional form have the same.
    number: u32,
    /// How many of its characters are those of function words, where it is of `content`.
    ties: u64,
}

/// The words, ready to be searched for.
pub struct Terms {
    /// Pairs of characters that words begin with.
    bits: Box<[u64; 1 << (BITS - 6)]>,
    /// Those with the character behind them, or with none where the pair is a word: `co` begins many a word, `coo` few.
    thirds: Box<[u64; 1 << (BITS - 6)]>,
    /// Words by the two characters that they begin with, the longest first.
    words: HashMap<u64, Vec<Word>, BuildHasherDefault<Mixed>>,
}

fn beginning(first: u32, then: u32) -> u64 {
    u64::from(first) << 32 | u64::from(then)
}

/// What is found in a text.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Characters covered, by kind.
    pub characters: [u64; KINDS.len()],
    /// Different words of spam.
    pub spam: u64,
    /// Characters of function words that words of `content` have.
    pub content: u64,
    /// Lines with a word of `policy`.
    pub policy_lines: u64,
    seen: Vec<u32>,
    /// Words that sell: where they begin, their numbers, and what they weigh in quarters of a character.
    offers: Vec<(usize, u32, u64)>,
}

static TERMS: LazyLock<Terms> = LazyLock::new(|| Terms::new(entries(include_str!("data/terms.txt"))));

/// The words.
pub fn terms() -> &'static Terms {
    &TERMS
}

/// The entries of a list: kind and word.
pub fn entries(list: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut kind = None;
    list.lines().flat_map(move |line| {
        let name = line.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
        if let Some(name) = name {
            kind = KINDS.iter().position(|k| *k == name);
        }
        let none = name.is_some() || line.starts_with('#') || line.trim().is_empty();
        let by_space = !line.contains('|');
        let parts = if none { "" } else { line }.split(move |c: char| if by_space { c == ' ' } else { c == '|' });
        kind.into_iter()
            .flat_map(move |kind| parts.clone().map(str::trim).filter(|p| !p.is_empty()).map(move |part| (kind, part)))
    })
}

#[inline(always)]
fn fold(code: u32) -> u32 {
    let code = code & CODE;
    if code.wrapping_sub(u32::from(b'A')) < 26 { code + 32 } else { code }
}

fn is_alphanumeric(code: Option<&u32>) -> bool {
    code.and_then(|c| u8::try_from(*c & CODE).ok()).is_some_and(|b| b.is_ascii_alphanumeric())
}

impl Terms {
    fn new<'a>(entries: impl Iterator<Item = (usize, &'a str)>) -> Terms {
        let traditional = convert::mode("s2t");
        let none = || Box::new([0; 1 << (BITS - 6)]);
        let mut terms = Terms { bits: none(), thirds: none(), words: HashMap::default() };
        for (number, (kind, word)) in entries.enumerate() {
            terms.add(kind, word, number as u32);
            if let Some(other) = traditional.as_ref().map(|t| t.convert(word)).filter(|other| other != word) {
                terms.add(kind, &other, number as u32);
            }
        }
        terms.words.values_mut().for_each(|words| words.sort_by_key(|w| std::cmp::Reverse(w.characters.len())));
        terms
    }

    fn add(&mut self, kind: usize, word: &str, number: u32) {
        let characters: Vec<u32> = word.chars().map(|c| fold(c as u32)).collect();
        let &[first, then, ..] = characters.as_slice() else { return };
        // Texts are looked up as they stand: capitals have bits of their own.
        let cases = |code: u32| [Some(code), char::from_u32(code).filter(char::is_ascii_lowercase).map(|_| code - 32)];
        for (first, then) in
            cases(first).into_iter().flatten().flat_map(|f| cases(then).into_iter().flatten().map(move |t| (f, t)))
        {
            let (cell, bit) = Terms::place(first, then);
            self.bits[cell] |= 1 << bit;
        }
        let (cell, bit) = Terms::third(first, then, characters.get(2).copied().unwrap_or(NONE));
        self.thirds[cell] |= 1 << bit;
        let ties = word.chars().filter(|c| kind == CONTENT && properties().get(*c) & FUNCTION != 0).count() as u64;
        self.words.entry(beginning(first, then)).or_default().push(Word { kind, characters, number, ties });
    }

    #[inline(always)]
    fn place(first: u32, then: u32) -> (usize, u32) {
        let hash = (first.wrapping_mul(0x9E37_79B1) ^ then.wrapping_mul(0x85EB_CA77)) >> (32 - BITS);
        ((hash >> 6) as usize, hash & 63)
    }

    #[inline(always)]
    fn third(first: u32, then: u32, third: u32) -> (usize, u32) {
        Terms::place(first ^ third.rotate_left(7).wrapping_mul(0xC2B2_AE35), then)
    }

    /// Whether a word begins with the pair and the character behind it, or is the pair; or may be taken for one that does.
    fn goes_on(&self, first: u32, then: u32, third: u32) -> bool {
        [third, NONE].into_iter().any(|third| {
            let (cell, bit) = Terms::third(first, then, third);
            self.thirds[cell % (1 << (BITS - 6))] >> bit & 1 == 1
        })
    }

    /// Searches the characters of a text.
    pub fn find(&self, codes: &[u32], found: &mut Found) {
        let (seen, offers) = (std::mem::take(&mut found.seen), std::mem::take(&mut found.offers));
        *found = Found { seen, offers, ..Found::default() };
        found.seen.clear();
        found.offers.clear();
        // Where the last word ended, and the last one of `policy`.
        let (mut end, mut policy) = (0, None);
        for (at, pair) in codes.windows(2).enumerate() {
            let (first, then) = (pair[0] & CODE, pair[1] & CODE);
            let (cell, bit) = Terms::place(first, then);
            if self.bits[cell % (1 << (BITS - 6))] >> bit & 1 == 0 || at < end {
                continue;
            }
            let (first, then) = (fold(first), fold(then));
            if !self.goes_on(first, then, codes.get(at + 2).map_or(NONE, |code| fold(*code))) {
                continue;
            }
            let Some(word) = self.longest(codes, at, first, then) else { continue };
            found.count(at, word);
            end = at + word.characters.len();
            if word.kind == POLICY {
                let same = policy.is_some_and(|before| !codes[before..at].iter().any(|c| c & CODE == u32::from('\n')));
                found.policy_lines += u64::from(!same);
                policy = Some(end);
            }
        }
    }

    /// The longest word at a place. A word of Latin letters is not part of a longer one.
    fn longest(&self, codes: &[u32], at: usize, first: u32, then: u32) -> Option<&Word> {
        let rest = codes.get(at..)?;
        let within = is_alphanumeric(codes.get(at.wrapping_sub(1))) && is_alphanumeric(rest.first());
        self.words.get(&beginning(first, then))?.iter().find(|word| {
            let length = word.characters.len();
            let same = rest.len() >= length && rest.iter().zip(&word.characters).all(|(c, w)| fold(*c) == *w);
            let into = same && is_alphanumeric(rest.get(length - 1)) && is_alphanumeric(rest.get(length));
            same && (word.kind == MOJIBAKE || !within && !into)
        })
    }
}

impl Found {
    fn count(&mut self, at: usize, word: &Word) {
        let length = word.characters.len() as u64;
        self.characters[word.kind] += length;
        let weight = match word.kind {
            SERVICE => 1,
            STORY => 2,
            kind if kind < SPAM || kind == SALES => 4,
            _ => 0,
        };
        if weight > 0 {
            self.offers.push((at, word.number, weight * length));
        }
        self.content += word.ties;
        if word.kind < SPAM && self.seen.len() < 256 && !self.seen.contains(&word.number) {
            self.seen.push(word.number);
            self.spam += 1;
        }
    }

    /// What words that sell weigh where they stand thickest, in quarters of a character: in 80 characters, each word once.
    pub fn densest(&self) -> u64 {
        let mut densest = 0;
        for (first, (start, ..)) in self.offers.iter().enumerate() {
            let stretch = &self.offers[first..];
            let stretch = &stretch[..stretch.partition_point(|(at, ..)| at - start < STRETCH)];
            let all: u64 = stretch.iter().map(|(.., weight)| weight).sum();
            if all <= densest {
                continue;
            }
            let again = |at: usize| stretch[..at].iter().any(|(_, number, _)| *number == stretch[at].1);
            let repeated: u64 = (0..stretch.len()).filter(|at| again(*at)).map(|at| stretch[at].2).sum();
            densest = densest.max(all - repeated);
        }
        densest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Found {
        let mut found = Found::default();
        terms().find(&text.chars().map(|c| c as u32).collect::<Vec<_>>(), &mut found);
        found
    }

    #[test]
    fn words_of_both_scripts_and_no_parts_of_words() {
        let of = |text: &str| (find(text).characters, find(text).spam);
        assert_eq!(of("全场包邮，全場包郵！"), ([8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1));
        assert_eq!(of("北京赛车PK10开奖结果").0[2], 12);
        assert_eq!(of("jackpots are not a Jackpot").0[2], 7);
        assert_eq!(find("We use cookies. Use cookies,\nprivacy policy").policy_lines, 2);
        assert_eq!(of("这是一句普通的话，谈的是天气。"), ([0; 14], 0));
        assert_eq!(of(""), ([0; 14], 0));
        assert_eq!(of("包邮").0[0], 2);
        assert_eq!((find("成都和首都都在下雨").content, find("都在下雨").content), (2, 0));
    }

    #[test]
    fn where_words_that_sell_stand_thickest() {
        let of = |text: &str| find(text).densest();
        assert_eq!((of("全场包邮，全场包邮，欲购从速"), of("今天的天气很好")), (32, 0));
        let far = format!("全场包邮{}欲购从速", "，天气很好".repeat(20));
        assert_eq!(of(&far), 16);
        // Told as an experience, a word is half as telling; said to any public, a quarter.
        assert_eq!((of("我抱着试试看的态度"), of("可以预约")), (10, 2));
    }

    #[test]
    fn every_section_has_words() {
        let mut by_kind = [0; KINDS.len()];
        let mut all = std::collections::HashSet::new();
        for (kind, word) in entries(include_str!("data/terms.txt")) {
            by_kind[kind] += 1;
            assert!(word.chars().count() > 1 && all.insert(word.to_lowercase()), "{word}");
        }
        assert!(by_kind.iter().all(|n| *n > 1), "{by_kind:?}");
    }
}
