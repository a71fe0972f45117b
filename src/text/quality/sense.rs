//! Whether what stands near each other belongs together: how like the company is that a text's words keep elsewhere.
//!
//! `data/sense.zst` has a vector for each of the 6,000 most frequent pairs of Han that words are made of and that tie no
//! sentences together, from the pairs that stand around them (`tests/bench/sense.py`). Text speaks of one thing for some
//! sentences; words that were drawn, or pieces of many texts, speak of something else every few characters.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use super::counter::Mixed;
use super::pairs::{key, simplified, traditional};

static PACKED: &[u8] = include_bytes!("data/sense.zst");
/// Bytes of the table, unpacked.
const ROOM: usize = 1 << 18;
/// Numbers of a vector.
const DIMENSIONS: usize = 32;
/// Length of a vector.
const LENGTH: f64 = 127.0;
/// Words of a text that are compared with one: those in front of it.
const BEFORE: usize = 8;
/// What is taken for known before a text is read: ten comparisons as like as those of good text.
const PRIOR: (f64, f64) = (3.0, 10.0);

/// The words and their vectors.
pub struct Sense {
    numbers: HashMap<u64, u16, BuildHasherDefault<Mixed>>,
    vectors: Vec<[i16; DIMENSIONS]>,
}

static SENSE: LazyLock<Sense> = LazyLock::new(|| {
    let bytes = zstd::bulk::decompress(PACKED, ROOM).unwrap_or_default();
    // A test reads the file; without it no word is known.
    let end = memchr::memchr(b'\n', &bytes).unwrap_or(0);
    let words: Vec<char> = std::str::from_utf8(&bytes[..end]).unwrap_or_default().chars().collect();
    let mut numbers: HashMap<_, _, _> = HashMap::default();
    for (number, word) in (0..).zip(words.chunks_exact(2)) {
        for form in [simplified, traditional] {
            numbers.insert(key(form(word[0]) as u32, form(word[1]) as u32), number);
        }
    }
    numbers
        .extend((0..).zip(words.chunks_exact(2)).map(|(number, word)| (key(word[0] as u32, word[1] as u32), number)));
    let rows = bytes.get(end + 1..).unwrap_or_default().chunks_exact(DIMENSIONS);
    Sense { numbers, vectors: rows.map(|row| std::array::from_fn(|at| i16::from(row[at] as i8))).collect() }
});

/// The words.
pub fn sense() -> &'static Sense {
    &SENSE
}

impl Sense {
    /// The number of a pair of Han.
    #[inline(always)]
    pub fn number(&self, first: u32, then: u32) -> Option<u16> {
        self.numbers.get(&key(first, then)).copied()
    }

    /// How like each other the words are that stand at most eight words apart: the mean cosine of different ones.
    ///
    /// A word is compared with the sum of those in front of it, and what it is like itself is taken off: the same numbers
    /// as word by word, for an eighth of the work.
    pub fn of(&self, words: &[u16]) -> f64 {
        const NONE: [i16; DIMENSIONS] = [0; DIMENSIONS];
        let vector = |word: &u16| self.vectors.get(usize::from(*word)).unwrap_or(&NONE);
        let like = |one: &[i16; DIMENSIONS], other: &[i16; DIMENSIONS]| -> i32 {
            one.iter().zip(other).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
        };
        let (mut sum, mut all, mut before) = (0i64, 0, NONE);
        for (at, word) in words.iter().enumerate() {
            let (here, start) = (vector(word), at.saturating_sub(BEFORE));
            let same = words[start..at].iter().filter(|other| *other == word).count();
            sum += i64::from(like(here, &before)) - same as i64 * i64::from(like(here, here));
            all += at - start - same;
            before.iter_mut().zip(here).for_each(|(sum, number)| *sum += number);
            if at >= BEFORE {
                before.iter_mut().zip(vector(&words[start])).for_each(|(sum, number)| *sum -= number);
            }
        }
        (sum as f64 / (LENGTH * LENGTH) + PRIOR.0) / (all as f64 + PRIOR.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> f64 {
        let number = |word: &str| {
            let mut characters = word.chars().map(u32::from);
            sense().number(characters.next().unwrap(), characters.next().unwrap()).unwrap()
        };
        sense().of(&words.split(' ').map(number).collect::<Vec<_>>())
    }

    #[test]
    fn the_table_is_read() {
        assert_eq!((SENSE.vectors.len(), of("经济") > 0.0), (6000, true));
        assert_eq!((sense().number('经' as u32, '济' as u32), sense().number('的' as u32, '我' as u32)), {
            (sense().number('經' as u32, '濟' as u32), None)
        });
    }

    #[test]
    fn words_of_one_thing_and_of_many() {
        let one = of("经济 增长 投资 企业 市场 生产 出口 消费 银行 贸易");
        let many = of("经济 皇帝 代码 儿子 手术 军队 函数 房间 按钮 比赛");
        assert!(one > 2.0 * many && many < 0.2, "{one} {many}");
        // Word by word, and the same word again and again.
        let slow = |words: &[u16]| {
            let pairs = (0..words.len()).flat_map(|at| (at.saturating_sub(BEFORE)..at).map(move |before| (at, before)));
            let pairs: Vec<_> = pairs.filter(|(at, before)| words[*at] != words[*before]).collect();
            let vector = |at: usize| SENSE.vectors[usize::from(words[at])];
            let like = |at, before| {
                vector(at).iter().zip(vector(before)).map(|(a, b)| i64::from(*a) * i64::from(b)).sum::<i64>()
            };
            let sum: i64 = pairs.iter().map(|(at, before)| like(*at, *before)).sum();
            (sum as f64 / (LENGTH * LENGTH) + PRIOR.0) / (pairs.len() as f64 + PRIOR.1)
        };
        let words: Vec<u16> = (0..200u16).map(|n| n * n % 23 * 250).collect();
        for length in [1, 2, 8, 9, 10, 200] {
            assert_eq!(sense().of(&words[..length]), slow(&words[..length]), "{length}");
        }
        assert_eq!(sense().of(&[]), 0.3);
    }
}
