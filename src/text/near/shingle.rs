//! Shingles: every run of `n` characters (or words) of the folded text, each a 64-bit hash.
//!
//! Up to six characters are packed, 21 bits each, into two words, and mixed by one multiplication: what is hashed is
//! the run itself, and two different runs of a text collide with a chance of 2⁻⁶⁴.

use super::fold::{Fold, Folder, HAN};
use super::{S1, S2, S3, mum};
use crate::text::words;

/// The unit of a shingle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Characters.
    Chars,
    /// Words (of [`words`]).
    Words,
}

/// Cuts texts into shingles.
#[derive(Clone)]
pub struct Shingler {
    folder: Folder,
    /// Whether white space next to Han characters is left out.
    space: bool,
    n: usize,
    unit: Unit,
}

/// Characters hashed at a time.
const BLOCK: usize = 4096;

impl Shingler {
    /// Shingles of `n` units of the folded text; `n` is at least 1.
    pub fn new(fold: Fold, n: usize, unit: Unit) -> Self {
        Shingler { folder: Folder::new(fold), space: fold.space, n: n.max(1), unit }
    }

    /// Hands over the hashes of all shingles, in order and block by block. Texts that belong together are one text,
    /// with a newline between.
    pub fn each(&self, texts: &[&str], mut found: impl FnMut(&[u64])) {
        match self.unit {
            Unit::Chars => self.chars(texts, &mut found),
            Unit::Words => self.words(texts, &mut found),
        }
    }

    /// The folded text as code points, for texts too short to have a shingle.
    pub fn folded(&self, texts: &[&str]) -> Vec<u32> {
        let mut all = Vec::new();
        let mut joints = self.space.then(Joints::default);
        for (at, text) in texts.iter().enumerate() {
            let codes =
                (at > 0).then_some(u32::from(b'\n')).into_iter().chain(text.chars().map(|c| self.folder.code(c)));
            match &mut joints {
                Some(joints) => codes.for_each(|code| joints.push(code, &mut all)),
                None => all.extend(codes),
            }
        }
        joints.into_iter().for_each(|joints| joints.end(&mut all));
        all
    }

    fn chars(&self, texts: &[&str], found: &mut impl FnMut(&[u64])) {
        let mut block =
            Block { codes: Vec::with_capacity(BLOCK + 8), hashes: Vec::with_capacity(BLOCK + 8), n: self.n };
        let mut joints = self.space.then(Joints::default);
        for (at, text) in texts.iter().enumerate() {
            if at > 0 {
                match &mut joints {
                    Some(joints) => joints.push(u32::from(b'\n'), &mut block.codes),
                    None => block.codes.push(u32::from(b'\n')),
                }
            }
            let bytes = text.as_bytes();
            let mut start = 0;
            while start < bytes.len() {
                // A stretch that fits into the block, of whole characters.
                let room = BLOCK.saturating_sub(block.codes.len()).max(1);
                let mut end = (start + room).min(bytes.len());
                while !text.is_char_boundary(end) {
                    end += 1;
                }
                match &mut joints {
                    Some(joints) => {
                        text[start..end].chars().for_each(|c| joints.push(self.folder.code(c), &mut block.codes));
                    }
                    None => self.fold_into(&text[start..end], &mut block.codes),
                }
                start = end;
                if block.codes.len() >= BLOCK {
                    block.flush(found);
                }
            }
        }
        joints.into_iter().for_each(|joints| joints.end(&mut block.codes));
        block.flush(found);
    }

    #[inline]
    fn fold_into(&self, text: &str, codes: &mut Vec<u32>) {
        if text.is_ascii() {
            codes.extend(text.bytes().map(|b| self.folder.code(char::from(b))));
        } else {
            codes.extend(text.chars().map(|c| self.folder.code(c)));
        }
    }

    fn words(&self, texts: &[&str], found: &mut impl FnMut(&[u64])) {
        let mut hashes: Vec<u64> = Vec::new();
        for text in texts {
            words::each(text, |word| {
                hashes.push(word.chars().fold(S2, |hash, c| mum(hash ^ u64::from(self.folder.code(c)), S1)));
                if hashes.len() >= BLOCK {
                    found(&runs(&hashes, self.n));
                    hashes.drain(..hashes.len() + 1 - self.n);
                }
            });
        }
        if hashes.len() >= self.n {
            found(&runs(&hashes, self.n));
        }
    }
}

/// White space that is held back until it is known what stands behind it.
#[derive(Default)]
struct Joints {
    last: u32,
    held: Vec<u32>,
}

impl Joints {
    fn push(&mut self, code: u32, to: &mut Vec<u32>) {
        if char::from_u32(code).is_some_and(char::is_whitespace) {
            self.held.push(code);
            return;
        }
        if !self.held.is_empty() {
            if !HAN.contains(&self.last) && !HAN.contains(&code) {
                to.append(&mut self.held);
            }
            self.held.clear();
        }
        self.last = code;
        to.push(code);
    }

    fn end(mut self, to: &mut Vec<u32>) {
        if !HAN.contains(&self.last) {
            to.append(&mut self.held);
        }
    }
}

/// Hashes of runs of `n` words.
fn runs(words: &[u64], n: usize) -> Vec<u64> {
    words.windows(n).map(|run| run.iter().fold(S3, |hash, word| mum(hash ^ word, S1))).collect()
}

struct Block {
    codes: Vec<u32>,
    hashes: Vec<u64>,
    n: usize,
}

impl Block {
    /// Hands over the hashes of what is there, and keeps what begins the next shingles.
    fn flush(&mut self, found: &mut impl FnMut(&[u64])) {
        if self.codes.len() < self.n {
            return;
        }
        self.hashes.clear();
        let word = |c: u32| u64::from(c);
        let codes = &self.codes;
        match self.n {
            5 => self.hashes.extend(codes.windows(5).map(|w| {
                let (a, b) = (word(w[0]) << 42 | word(w[1]) << 21 | word(w[2]), word(w[3]) << 21 | word(w[4]));
                mum(a ^ S1, b ^ S2)
            })),
            n if n <= 6 => self.hashes.extend(codes.windows(n).map(|w| {
                let pack = |part: &[u32]| part.iter().fold(0, |all, c| all << 21 | word(*c));
                mum(pack(&w[..n.div_ceil(2)]) ^ S1, pack(&w[n.div_ceil(2)..]) ^ S2)
            })),
            n => self.hashes.extend(codes.windows(n).map(|w| {
                let pack = |part: &[u32]| part.iter().fold(0, |all, c| all << 21 | word(*c));
                w.chunks(3).fold(S2, |hash, part| mum(hash ^ pack(part), S1))
            })),
        }
        found(&self.hashes);
        let keep = self.codes.len() + 1 - self.n;
        self.codes.drain(..keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    fn all(shingler: &Shingler, texts: &[&str]) -> Vec<u64> {
        let mut all = Vec::new();
        shingler.each(texts, |hashes| all.extend_from_slice(hashes));
        all
    }

    /// A Chinese text whose lines were wrapped is the text; English words, and code, keep their white space.
    #[test]
    fn white_space_next_to_han_is_folded_where_asked_for() {
        let joined = "模型要用好数据来训练，use clean data 再去重。".repeat(400);
        let wrapped: String = joined
            .chars()
            .enumerate()
            .flat_map(|(n, c)| [Some(c), (n % 17 == 16 && HAN.contains(&(c as u32))).then_some('\n')])
            .flatten()
            .collect();
        assert_ne!(joined, wrapped);
        for n in [1, 3, 5, 8] {
            let with = Shingler::new(Fold { space: true, ..Fold::default() }, n, Unit::Chars);
            assert_eq!(all(&with, &[&joined]), all(&with, &[&wrapped]));
            let hashes = all(&with, &[&joined]).len();
            assert_eq!(hashes, with.folded(&[&wrapped]).len() + 1 - n, "over blocks as well");
            let without = Shingler::new(Fold::default(), n, Unit::Chars);
            assert_ne!(all(&without, &[&joined]), all(&without, &[&wrapped]));
        }
        let with = Shingler::new(Fold { space: true, ..Fold::default() }, 5, Unit::Chars);
        assert_ne!(with.folded(&["use clean data"]), with.folded(&["usecleandata"]));
        assert_eq!(with.folded(&["数据 ", " 好"]), with.folded(&["数据好"]));
        assert_eq!(
            with.folded(&["if a:\n    b"]),
            Shingler::new(Fold::default(), 5, Unit::Chars).folded(&["if a:\n    b"])
        );
    }

    /// Equal hashes where the folded runs are equal, and nowhere else; one for each run, over blocks as well.
    #[test]
    fn one_hash_for_each_run() {
        let text = "我们 Clean 数据，then TRAIN。\n模型\u{1F600}是".repeat(700);
        for n in 1..=9 {
            let shingler = Shingler::new(Fold::default(), n, Unit::Chars);
            let folded = shingler.folded(&[&text]);
            let hashes = all(&shingler, &[&text]);
            assert_eq!(hashes.len(), folded.len() + 1 - n);
            let mut seen: HashMap<&[u32], u64> = HashMap::new();
            for (run, hash) in folded.windows(n).zip(&hashes) {
                assert_eq!(seen.entry(run).or_insert(*hash), hash);
            }
            assert_eq!(seen.values().collect::<HashSet<_>>().len(), seen.len());
        }
    }

    #[test]
    fn texts_of_a_row_are_one_text() {
        for unit in [Unit::Chars, Unit::Words] {
            let shingler = Shingler::new(Fold::default(), 2, unit);
            assert_eq!(all(&shingler, &["ab cd", "ef"]), all(&shingler, &["AB cd\nef"]));
        }
        let short = Shingler::new(Fold::default(), 5, Unit::Chars);
        assert!(all(&short, &["一二三四"]).is_empty());
        assert!(all(&short, &[]).is_empty());
        assert_eq!(short.folded(&["Ａ", "b"]), ['a', '\n', 'b'].map(u32::from));
    }

    #[test]
    fn words_are_folded_and_in_order() {
        let shingler = Shingler::new(Fold::default(), 2, Unit::Words);
        assert_eq!(all(&shingler, &["Big cats, sleep"]), all(&shingler, &["big CATS sleep!"]));
        assert_ne!(all(&shingler, &["big cats"]), all(&shingler, &["cats big"]));
        let long = "one two three four five ".repeat(3_000);
        assert_eq!(all(&shingler, &[&long]).len(), 14_999);
        assert_eq!(all(&shingler, &[&long]).into_iter().collect::<HashSet<_>>().len(), 5);
    }
}
