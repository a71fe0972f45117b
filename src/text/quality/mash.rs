//! Letters and digits of ASCII as a hand on a keyboard leaves them, or a random number in base 64: runs that no language has.
//!
//! Letters that never follow each other (`FOLLOWERS`): those pairs that are less than 1 in 25,000 of the pairs in the
//! 5,378 words that at least eight Chinese texts on technical matters have, English, names and abbreviations of programs
//! (zh-97; LCTT/TranslateProject: Apache-2.0; xitu/gold-miner, ruanyf/weekly: statistics only).

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use super::counter::Mixed;
use super::tally::CODE;

/// Characters of a text that are looked at.
const BEGINNING: usize = 1500;
/// Characters of the shortest run that is looked at.
const SHORTEST: usize = 5;
/// Turns from letters to digits or back, and letters in a row none of which is a vowel, from which on a run is wild.
const TURNS: usize = 2;
const CONSONANTS: usize = 6;
/// Pairs of letters that never follow each other, from which on a run is wild, where they are at least a quarter of its pairs.
const STRANGERS: usize = 2;
/// Of each letter from a to z those that never stand behind it.
const FOLLOWERS: [&[u8]; 26] = [
    b"j",
    b"fgkqtvwxz",
    b"jqvwxz",
    b"jqz",
    b"",
    b"bghjknpqvwxz",
    b"fjkqvwx",
    b"bfghjkqvx",
    b"jwy",
    b"bcfghjklmnqrtwxyz",
    b"bfhjmqz",
    b"jqz",
    b"fhqrxz",
    b"qrw",
    b"q",
    b"fjqxz",
    b"abcdefghijkmnopqrstvwxyz",
    b"jqz",
    b"jz",
    b"qvz",
    b"hkquvwz",
    b"bdfhjklnqrstvwxyz",
    b"bfjkmpqvyz",
    b"ghjklnoqrsvwz",
    b"dhjkqvx",
    b"bcdfgjklmnpqrstvwxz",
];
/// The same, a bit each.
const STRANGE: [u32; 26] = {
    let (mut bits, mut letter) = ([0; 26], 0);
    while letter < 26 {
        let mut at = 0;
        while at < FOLLOWERS[letter].len() {
            bits[letter] |= 1 << (FOLLOWERS[letter][at] - b'a');
            at += 1;
        }
        letter += 1;
    }
    bits
};

/// Characters of wild runs among the first ones of a text, each run once, and how many were looked at.
pub fn mash(codes: &[u32]) -> (u64, u64) {
    let beginning = &codes[..codes.len().min(BEGINNING)];
    let mut seen: HashSet<u64, BuildHasherDefault<Mixed>> = HashSet::default();
    let (mut at, mut wild) = (SHORTEST - 1, 0);
    // A run as long as the shortest one cannot stand between two places looked at.
    while let Some(code) = beginning.get(at) {
        if letter(*code).is_none() {
            at += SHORTEST;
            continue;
        }
        let start = beginning[..at].iter().rposition(|c| letter(*c).is_none()).map_or(0, |before| before + 1);
        let length = beginning[start..].iter().take_while(|c| letter(**c).is_some()).count();
        let run = &beginning[start..start + length];
        if length >= SHORTEST && is_wild(run) && seen.insert(hash(run)) {
            wild += length as u64;
        }
        at = start + length + SHORTEST;
    }
    (wild, beginning.len() as u64)
}

fn letter(code: u32) -> Option<u8> {
    u8::try_from(code & CODE).ok().filter(u8::is_ascii_alphanumeric)
}

fn hash(run: &[u32]) -> u64 {
    run.iter().fold(0, |hash: u64, code| hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(code & CODE))
}

fn is_wild(run: &[u32]) -> bool {
    let (mut turns, mut consonants, mut digit) = (0, 0, None);
    let (mut strangers, mut before) = (0, None);
    for byte in run.iter().filter_map(|code| letter(*code)) {
        let this = Some(byte.to_ascii_lowercase().wrapping_sub(b'a')).filter(|letter| *letter < 26);
        strangers +=
            usize::from(before.zip(this).is_some_and(|(a, b): (u8, u8)| STRANGE[usize::from(a)] >> b & 1 == 1));
        before = this;
        turns +=
            usize::from(digit.replace(byte.is_ascii_digit()).is_some_and(|before| before != byte.is_ascii_digit()));
        let vowel = b"aeiouy".contains(&byte.to_ascii_lowercase()) || byte.is_ascii_digit();
        consonants = if vowel { 0 } else { consonants + 1 };
        if turns >= TURNS || consonants >= CONSONANTS {
            return true;
        }
    }
    strangers >= STRANGERS && strangers * 4 >= run.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> u64 {
        mash(&text.chars().map(u32::from).collect::<Vec<_>>()).0
    }

    #[test]
    fn keys_and_words() {
        assert_eq!(of("啊lzkxcv的撒v0f9q4哈斯"), 6 + 6);
        assert_eq!(of("3JxM9jZrg1w05iq FDC"), 15);
        assert_eq!(of("v0f9q4 v0f9q4 v0f9q4"), 6);
        // Pairs of letters that no word has; one may be that of a name.
        assert_eq!((of("是否bfuwqgx啊"), of("lwkqez 的"), of("XHTML, jQuery")), (7, 6, 0));
        for good in ["用 Schryptomon 和 MySQL 8.0，2024 年", "rhythms of html5 and https", "ABC123 Python3", ""] {
            assert_eq!(of(good), 0, "{good}");
        }
    }
}
