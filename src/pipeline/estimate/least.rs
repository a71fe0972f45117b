//! Hashes of the content of a row, by which a sample is drawn: the least ones of its shingles, so that near copies have
//! the same one as often as they are alike.

use xxhash_rust::xxh3::xxh3_64;

use crate::rows::{Content, Message, Record};
use crate::text::near::fold::Fold;
use crate::text::near::shingle::{Shingler, Unit};

/// Least hashes that are remembered of a row.
const LEAST: usize = 4;

/// Hashes of a row: the least ones of its shingles, and one of all its text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hashes {
    /// The least hashes, ascending.
    pub least: [u32; LEAST],
    /// That of the text.
    pub text: u32,
}

/// Hashes rows.
pub struct Hasher {
    shingler: Shingler,
}

impl Hasher {
    /// One for a thread.
    pub fn new() -> Self {
        Hasher { shingler: Shingler::new(Fold::default(), 5, Unit::Chars) }
    }

    /// The hashes of a row, and bytes and characters of its text. What cannot be read is drawn by its place.
    pub fn of(&mut self, record: &Record<'_>, place: u64) -> (Hashes, u64, u64) {
        let Ok(row) = &record.row else { return (Hashes::one(mixed(place)), 0, 0) };
        let texts = texts(&row.content);
        let (mut bytes, mut chars, mut text) = (0, 0, 0);
        for part in &texts {
            (bytes, chars) = (bytes + part.len() as u64, chars + part.chars().count() as u64);
            text = mixed(text ^ xxh3_64(part.as_bytes()));
        }
        let mut least = [u64::MAX; LEAST];
        self.shingler.each(&texts, |hashes| {
            for hash in hashes {
                if *hash < least[LEAST - 1] && !least.contains(hash) {
                    let at = least.partition_point(|l| l < hash);
                    least[at..].rotate_right(1);
                    least[at] = *hash;
                }
            }
        });
        if least[0] == u64::MAX {
            // Too short for a shingle.
            let folded = self.shingler.folded(&texts).into_iter().fold(1, |hash, c| mixed(hash ^ u64::from(c)));
            return (Hashes::one(folded), bytes, chars);
        }
        (Hashes { least: least.map(|l| mixed(l) as u32), text: text as u32 }, bytes, chars)
    }
}

impl Hashes {
    /// Of what has one hash only.
    fn one(hash: u64) -> Self {
        Hashes { least: [hash as u32; LEAST], text: hash as u32 }
    }
}

/// The least of many hashes is a small number; what decides is spread evenly.
pub fn mixed(hash: u64) -> u64 {
    xxh3_64(&hash.to_le_bytes())
}

/// All texts of a row.
fn texts<'a>(content: &'a Content<'_>) -> Vec<&'a str> {
    let turns = |messages: &'a [Message<'_>]| messages.iter().map(|m| m.content.as_ref()).collect::<Vec<_>>();
    match content {
        Content::Pretrain { text } => vec![text.as_ref()],
        Content::Task(task) => {
            [&task.input, &task.output, &task.text].into_iter().flatten().map(std::convert::AsRef::as_ref).collect()
        }
        Content::Instruct { messages, .. } => turns(messages),
        Content::Rlhf(pair) => {
            let mut all = turns(&pair.prompt);
            for side in [&pair.chosen, &pair.rejected, &pair.completion].into_iter().flatten() {
                all.extend(turns(side));
            }
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::rows::Row;

    fn hashes(text: &str) -> Hashes {
        let content = Content::Pretrain { text: Cow::Borrowed(text) };
        Hasher::new().of(&Record { offset: 0, line: 0, row: Ok(Row::new(content)) }, 0).0
    }

    #[test]
    fn copies_are_drawn_together_and_near_copies_mostly() {
        let page = |n: usize, changed: usize| -> String {
            (0..400)
                .map(|i| {
                    char::from_u32(0x4E00 + ((i * 37 + n * 101 + i * i * n) % 5000) as u32 + u32::from(i == changed))
                })
                .map(|c| c.unwrap_or('字'))
                .collect()
        };
        assert_eq!(hashes(&page(3, 999)), hashes(&page(3, 999)));
        // Width and case do not matter.
        assert_eq!(hashes("Ａ long line of text").least, hashes("a long line of text").least);
        let same = (0..200).filter(|n| hashes(&page(*n, 999)).least[0] == hashes(&page(*n, 200)).least[0]).count();
        assert!(same > 180, "{same} of 200 pairs of similarity 0.97 and more");
        let others = (0..200).filter(|n| hashes(&page(*n, 999)).least[0] == hashes(&page(n + 1, 999)).least[0]).count();
        assert!(others < 20, "{others}");
        // What is too short for a shingle is drawn by all of it.
        assert_ne!(hashes("甲").least, hashes("乙").least);
    }
}
