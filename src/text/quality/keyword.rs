//! Whether a short text turns around one keyword: the pair of characters that most of its clauses have.
//!
//! An article on something names it in a third of its clauses at most; a page that is made to be found names it in every one.

use super::counter::Counter;
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

/// Makes a pair's number one whose low bits depend on all; odd, so that no two pairs become the same.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// The search; it keeps its tables from text to text.
#[derive(Default)]
pub struct Keyword {
    pairs: Counter,
    /// Of each place of `pairs`: how many clauses have the pair, and the last of them.
    clauses: Vec<(u64, u64)>,
}

impl Keyword {
    /// Looks at a text, by characters with their numbers above the bits of their codes.
    pub fn of(&mut self, codes: &[u32]) -> Found {
        let mut found = Found::default();
        if codes.len() > LONGEST {
            return found;
        }
        let of = &properties().of;
        // As much room as never has to grow: a pair keeps its place.
        self.pairs.reset(codes.len());
        self.clauses.resize(self.clauses.len().max(self.pairs.places()), (0, 0));
        let mut best = (0, 0);
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
                let (place, times) = self.pairs.add(key(before, code).wrapping_mul(SPREAD));
                let (with, last) = &mut self.clauses[place as usize];
                if times == 1 {
                    (*with, *last) = (0, 0);
                }
                (*with, *last) = (*with + u64::from(*last != found.clauses), found.clauses);
                if u64::from(times) > best.0 {
                    best = (u64::from(times), *with);
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
