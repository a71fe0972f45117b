//! Whether a short text turns around one keyword: the pair of characters that most of its clauses have.
//!
//! An article on something names it in a third of its clauses at most; a page that is made to be found names it in every one.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::counter::Mixed;
use super::pairs::key;
use super::properties::{CLASSICAL, FUNCTION, HAN, MODERN, properties};
use super::tally::CODE;

/// Characters of the longest text that is looked at.
const LONGEST: usize = 1000;
/// Clauses of the fewest that tell.
const FEWEST: u64 = 4;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Han of the text.
    pub han: u64,
    /// How often the most frequent pair of characters comes that tie no sentences together.
    pub times: u64,
    /// Stretches of Han.
    pub clauses: u64,
    /// Those that have it.
    pub with: u64,
}

/// How often a pair comes, in how many clauses, and the last of these.
type Seen = (u64, u64, u64);

/// The search; it keeps its table from text to text.
#[derive(Default)]
pub struct Keyword(HashMap<u64, Seen, BuildHasherDefault<Mixed>>);

impl Keyword {
    /// Looks at a text, by characters with their numbers above the bits of their codes.
    pub fn of(&mut self, codes: &[u32]) -> Found {
        let mut found = Found::default();
        if codes.len() > LONGEST {
            return found;
        }
        let of = &properties().of;
        self.0.clear();
        let mut best: Seen = (0, 0, 0);
        // The character before where it is Han, and where it can be part of a keyword.
        let (mut inside, mut before) = (false, 0);
        for entry in codes {
            let (code, flags) = (entry & CODE, of[(entry >> 21) as usize]);
            if flags & HAN == 0 {
                (inside, before) = (false, 0);
                continue;
            }
            found.han += 1;
            found.clauses += u64::from(!inside);
            inside = true;
            let content = flags & (FUNCTION | CLASSICAL | MODERN) == 0;
            if content && before != 0 {
                let pair = self.0.entry(key(before, code)).or_insert((0, 0, 0));
                *pair = (pair.0 + 1, pair.1 + u64::from(pair.2 != found.clauses), found.clauses);
                if pair.0 > best.0 {
                    best = *pair;
                }
            }
            before = if content { code } else { 0 };
        }
        if found.clauses >= FEWEST {
            (found.times, found.with) = (best.0, best.1);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::quality::tally::entries;

    fn of(text: &str) -> Found {
        Keyword::default().of(&entries(text))
    }

    #[test]
    fn every_clause_has_it() {
        let found = of("选择开锁就找老王开锁，开锁价格低，开锁速度快，开锁服务好！");
        assert_eq!((found.clauses, found.with, found.times), (4, 4, 5));
        // Function words make no keyword, and few clauses say nothing.
        assert_eq!(of("的的的的，的的，的的，的的").times, 0);
        assert_eq!(of("开锁，开锁").times, 0);
        assert_eq!(of(&"开锁，".repeat(400)), Found::default());
    }
}
