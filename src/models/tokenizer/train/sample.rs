//! A sample of texts that fits into a budget of bytes: those whose hashes are smallest, so that the same texts and seed
//! give the same sample.

use std::collections::BinaryHeap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of a part: longer texts are cut, so that no text is all of the sample.
const PART: usize = 64 << 10;

/// Texts as they are drawn.
pub struct Sample {
    budget: u64,
    seed: u64,
    bytes: u64,
    /// Hash, place among all parts, part: the largest on top.
    parts: BinaryHeap<(u64, u64, Box<str>)>,
    seen: Seen,
}

/// What was drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Texts.
    pub texts: u64,
    /// Their parts.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Sample {
    /// Nothing yet.
    pub fn new(budget: u64, seed: u64) -> Self {
        Sample { budget, seed, bytes: 0, parts: BinaryHeap::new(), seen: Seen::default() }
    }

    /// Offers a text.
    pub fn push(&mut self, text: &str) {
        self.seen.texts += 1;
        self.seen.bytes += text.len() as u64;
        let mut rest = text;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(cut(rest));
            self.part(part);
            rest = behind;
        }
    }

    fn part(&mut self, part: &str) {
        let place = self.seen.parts;
        self.seen.parts += 1;
        // Copies of a text are drawn each for itself.
        let hash = xxh3_64_with_seed(&place.to_le_bytes(), xxh3_64_with_seed(part.as_bytes(), self.seed));
        let full = self.bytes + part.len() as u64 > self.budget;
        if full && self.parts.peek().is_some_and(|last| last.0 < hash) {
            return;
        }
        self.bytes += part.len() as u64;
        self.parts.push((hash, place, part.into()));
        while self.bytes > self.budget && self.parts.len() > 1 {
            self.bytes -= self.parts.pop().map_or(0, |last| last.2.len() as u64);
        }
    }

    /// What was drawn, in the order of the texts, and what it was drawn from.
    pub fn finish(self) -> (Vec<Box<str>>, Seen) {
        let mut parts = self.parts.into_vec();
        parts.sort_unstable_by_key(|part| part.1);
        (parts.into_iter().map(|part| part.2).collect(), self.seen)
    }
}

/// Where the first part of a text ends: behind the last line of it, or within a line that is too long.
fn cut(text: &str) -> usize {
    if text.len() <= PART {
        return text.len();
    }
    let most = text.floor_char_boundary(PART);
    text[..most].rfind('\n').map_or(most, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(budget: u64, seed: u64) -> (Vec<Box<str>>, Seen) {
        let mut sample = Sample::new(budget, seed);
        (0..1_000).for_each(|n| sample.push(&format!("text {n} of some length {}", "x".repeat(n % 40))));
        sample.finish()
    }

    #[test]
    fn the_budget_is_kept_and_the_seed_decides() {
        let (texts, seen) = drawn(5_000, 1);
        let bytes: usize = texts.iter().map(|t| t.len()).sum();
        assert!(bytes <= 5_000 && bytes > 4_900 && seen.texts == 1_000, "{bytes} {seen:?}");
        assert_eq!(drawn(5_000, 1).0, texts);
        assert_ne!(drawn(5_000, 2).0, texts);
        assert_eq!(drawn(1 << 20, 2).0.len(), 1_000);
        // Early and late texts alike.
        let early = texts.iter().filter(|t| t.split(' ').nth(1).unwrap().parse::<u32>().unwrap() < 500).count();
        assert!((texts.len() * 3 / 10..texts.len() * 7 / 10).contains(&early), "{early} of {}", texts.len());
    }

    #[test]
    fn a_long_text_is_cut_at_its_lines() {
        let mut sample = Sample::new(1 << 20, 0);
        let text = format!("{}\n{}", "长".repeat(1_000), "行\n".repeat(40_000));
        sample.push(&text);
        let (parts, seen) = sample.finish();
        assert!(parts.len() > 2 && seen.parts == parts.len() as u64 && parts.iter().all(|p| p.ends_with('\n')));
        assert_eq!(parts.concat(), text);
        assert_eq!(cut(&"长".repeat(40_000)), PART / 3 * 3);
    }
}
