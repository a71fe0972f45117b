//! Words with which a program speaks to the visitor of a page, where there is nothing else: errors, logins, checks.
//!
//! A page of these is short, and says little else; prose about programs has the same words, and many others between them.
//! So they are counted in short texts alone, by character: the list is `data/visitor.txt`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use super::counter::Mixed;
use super::tally::CODE;
use crate::text::convert;

/// Characters of the longest text that is looked at.
const SHORT: usize = 300;
/// Different words of the fewest that tell.
const FEWEST: usize = 4;

/// Words, the traditional forms too.
pub struct Words {
    /// Which characters a word begins with, a bit for each of the first plane: most do not, and cost no more than that.
    first: Box<[u64; 1 << 10]>,
    /// Words by their first character, the longest first.
    by_first: HashMap<u64, Vec<Vec<u32>>, BuildHasherDefault<Mixed>>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::of(include_str!("data/visitor.txt")));

impl Words {
    /// The words of a list: lines with blanks between words, or of a remark behind `#`.
    pub fn of(list: &str) -> Words {
        let traditional = convert::mode("s2t");
        let mut words = Words { first: Box::new([0; 1 << 10]), by_first: HashMap::default() };
        for word in list.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace) {
            let other = traditional.as_ref().map(|t| t.convert(word).to_string()).filter(|other| other != word);
            for word in std::iter::once(word.to_owned()).chain(other) {
                let characters: Vec<u32> = word.chars().map(u32::from).collect();
                words.first[characters[0] as usize >> 6 & 1023] |= 1 << (characters[0] & 63);
                words.by_first.entry(u64::from(characters[0])).or_default().push(characters);
            }
        }
        words.by_first.values_mut().for_each(|w| w.sort_by_key(|w| std::cmp::Reverse(w.len())));
        words
    }

    /// How many characters of a text such words cover, and how many different ones there are. For short texts.
    pub fn find(&self, codes: &[u32]) -> (u64, usize) {
        let mut seen: Vec<&[u32]> = Vec::new();
        let (mut characters, mut at) = (0, 0);
        while let Some(first) = codes.get(at).map(|code| code & CODE) {
            if self.first[first as usize >> 6 & 1023] >> (first & 63) & 1 == 0 {
                at += 1;
                continue;
            }
            let rest = &codes[at..];
            let fits =
                |word: &&Vec<u32>| rest.len() >= word.len() && rest.iter().zip(*word).all(|(c, w)| c & CODE == *w);
            let Some(word) = self.by_first.get(&u64::from(first)).and_then(|words| words.iter().find(fits)) else {
                at += 1;
                continue;
            };
            at += word.len();
            characters += word.len() as u64;
            if !seen.contains(&word.as_slice()) {
                seen.push(word);
            }
        }
        (characters, seen.len())
    }
}

/// Characters of such words in a text, if it is short and has several.
pub fn visitor(codes: &[u32]) -> u64 {
    if codes.len() > SHORT {
        return 0;
    }
    let (characters, different) = WORDS.find(codes);
    if different < FEWEST { 0 } else { characters }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> u64 {
        visitor(&text.chars().map(u32::from).collect::<Vec<_>>())
    }

    #[test]
    fn short_pages_of_errors() {
        assert!(of("您的会话已失效，请重新登录。") >= 9);
        assert!(of("您的會話已失效，請重新登錄。") >= 9);
        assert_eq!(of("今天的天气很好，我们去公园走一走，晚上再回来。"), 0);
        // Too few different ones, and too long a text.
        assert_eq!(of("登录登录登录"), 0);
        assert_eq!(of(&"您的会话已失效，请重新登录。".repeat(40)), 0);
    }
}
