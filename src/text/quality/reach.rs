//! Where a text says how somebody is reached in private: mobile numbers, and handles of QQ and WeChat behind their words;
//! and what is said around these places to make somebody buy.

use std::sync::LazyLock;

use super::tally::CODE;
use super::terms::{self, REPORT, SALES, SERVICE, SPAM};
use super::visitor::Words;

/// Characters of the shortest handle.
const SHORTEST: usize = 5;
/// Letters and digits of ASCII, `_` and `-`, a bit each.
const LETTER: u128 = 0x3FF << b'0' | 0x3FF_FFFF << b'A' | 0x3FF_FFFF << b'a' | 1 << b'_' | 1 << b'-';
/// Characters before and behind such a place in which it is looked for what is said.
const AROUND: usize = 60;
/// Characters before a handle in which its word stands.
const WORD: usize = 6;
/// Words with which a handle is introduced: the last characters of 微信, 薇信, 加, 扣扣, QQ群, 同号, 进群找 …
const BEFORE: &str = "信薇微扣加群号找搜";
/// What may stand between such a word and the handle.
const BETWEEN: &str = " ：:是为他她我号“\"（(";

/// Plain words that offers are made of.
static PITCH: LazyLock<Words> = LazyLock::new(|| Words::of(include_str!("data/pitch.txt")));

/// What was found, in characters unless said otherwise.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Numbers and handles.
    pub reach: u64,
    /// Places where a number or handle and words that sell stand together.
    pub pitches: u64,
}

/// Looks for them among the characters of a text.
pub fn reach(codes: &[u32], words: &mut terms::Found) -> Found {
    let mut found = Found::default();
    let (mut at, mut looked) = (SHORTEST - 1, 0);
    // A run as long as the shortest handle cannot stand between two places looked at.
    while let Some(code) = codes.get(at) {
        if letter(*code).is_none() {
            at += SHORTEST;
            continue;
        }
        let start = codes[..at].iter().rposition(|c| letter(*c).is_none()).map_or(0, |before| before + 1);
        let length = codes[start..].iter().take_while(|c| letter(**c).is_some()).count();
        let run = start..start + length;
        at = run.end + SHORTEST;
        let mobile = is_mobile(&codes[run.clone()]);
        if !mobile && !is_handle(&codes[..start], &codes[run.clone()]) {
            continue;
        }
        found.reach += length as u64;
        if start < looked {
            continue;
        }
        let window = &codes[start.saturating_sub(AROUND)..codes.len().min(run.end + AROUND)];
        terms::terms().find(window, words);
        let sold: u64 = words.characters[..SPAM].iter().sum::<u64>() + words.characters[SALES];
        let listed = 4 * sold + words.characters[SERVICE] >= 8;
        // Who reports of an offer quotes it.
        if words.characters[REPORT] >= 4 {
            continue;
        }
        // Who gives a handle away wants to be written to; a number stands below a notice, too.
        found.pitches += u64::from(listed || PITCH.find(window).1 >= if mobile { 3 } else { 2 });
        looked = run.end + AROUND;
    }
    found
}

/// A letter or digit of ASCII, `_` or `-`.
#[inline(always)]
fn letter(code: u32) -> Option<u8> {
    let code = code & CODE;
    (code < 128 && LETTER >> code & 1 == 1).then_some(code as u8)
}

/// Eleven digits that begin as mobile numbers of the mainland do.
fn is_mobile(run: &[u32]) -> bool {
    let digit = |at: usize| letter(run[at]).unwrap_or(0);
    run.len() == 11
        && digit(0) == b'1'
        && (b'3'..=b'9').contains(&digit(1))
        && run.iter().all(|c| letter(*c).is_some_and(|b| b.is_ascii_digit()))
}

/// Five to twenty letters and digits, both or a number of five to eleven digits, close behind the word for a handle.
fn is_handle(before: &[u32], run: &[u32]) -> bool {
    if !(SHORTEST..=20).contains(&run.len()) {
        return false;
    }
    let digits = run.iter().filter(|c| letter(**c).is_some_and(|b| b.is_ascii_digit())).count();
    if digits == 0 || digits == run.len() && digits > 11 {
        return false;
    }
    let characters = before.iter().rev().take(WORD).map_while(|c| char::from_u32(c & CODE));
    for c in characters {
        if BEFORE.contains(c) || c.eq_ignore_ascii_case(&'q') {
            // 加 and 号 stand before numbers of all kinds.
            return digits < run.len() || !"加号".contains(c);
        }
        if !BETWEEN.contains(c) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (u64, u64) {
        let codes: Vec<u32> = text.chars().map(u32::from).collect();
        let found = reach(&codes, &mut terms::Found::default());
        (found.reach, found.pitches)
    }

    #[test]
    fn numbers_and_handles() {
        assert_eq!(of("开锁换锁芯，全城最低价格公道，13812345678").0, 11);
        assert_eq!(of("加她 abc1234 备注").0, 7);
        assert_eq!(of("微信：wx_9981，QQ群123456789").0, 7 + 9);
        for no in
            ["订单138123456789", "编号20250312", "3.2.0 版本", "加12345", "GPT4o12 模型", "信息ab", "13812-345678"]
        {
            assert_eq!(of(no), (0, 0), "{no}");
        }
    }

    #[test]
    fn what_is_said_around() {
        assert_eq!(of("专业疏通，全城最低，量大从优，电话13812345678").1, 1);
        assert_eq!(of("一个月瘦了二十斤，有效果，加她 abc1234 备注减脂").1, 1);
        assert_eq!(of("家长会周五下午召开，请联系王老师，13812345678。").1, 0);
        assert_eq!(of("他在信封上写了13812345678这个号码，没有别的话。").1, 0);
    }
}
