//! SimHash (Charikar 2002): 64 bits, each the vote of all different shingles of a text on one bit of their hashes.
//!
//! Texts that share most shingles have fingerprints that differ in few bits. *Different* shingles: where each occurrence
//! votes, white space and table rules outvote the text, and fingerprints of texts that share nothing else are equal
//! (measured). A pair within a distance of `d` bits agrees in at least two of `d + 2` blocks (Manku, Jain, Das Sarma 2007),
//! so equal pairs of blocks make candidates.

use super::jaccard::Table;
use super::shingle::Shingler;

/// Bytes of a fingerprint.
pub const BYTES: usize = 8;
/// Bits of a fingerprint.
pub const BITS: u32 = 64;
/// Texts of fewer shingles have no fingerprint: of copies with one character changed it would find one in seven.
pub const SHORTEST: usize = 100;
/// Shingles that are told apart at a time. What recurs in a longer text has a vote in each stretch of as many.
const STRETCH: usize = 1 << 18;
/// Planes of a vote: 2⁴⁰ shingles are more than a text has.
const PLANES: usize = 40;

/// Makes fingerprints. It keeps its scratch memory, at most 8 MiB.
pub struct Fingerprinter {
    shingler: Shingler,
    seen: Table,
    different: Vec<u64>,
}

impl Fingerprinter {
    /// Fingerprints of the shingles of `shingler`.
    pub fn new(shingler: Shingler) -> Self {
        Fingerprinter { shingler, seen: Table::new(), different: Vec::new() }
    }

    /// The fingerprint of texts that belong together; `None` where they have fewer than [`SHORTEST`] shingles.
    pub fn fingerprint(&mut self, texts: &[&str]) -> Option<u64> {
        let (seen, different) = (&mut self.seen, &mut self.different);
        let (mut votes, mut total, mut left) = (Votes::default(), 0, STRETCH);
        let most = texts.iter().map(|t| t.len() + 1).sum::<usize>().min(STRETCH);
        seen.begin(most);
        self.shingler.each(texts, |mut hashes| {
            total += hashes.len();
            while !hashes.is_empty() {
                if left == 0 {
                    seen.begin(STRETCH);
                    left = STRETCH;
                }
                let (now, later) = hashes.split_at(hashes.len().min(left));
                left -= now.len();
                different.clear();
                different.extend(now.iter().filter(|hash| seen.insert(**hash)));
                votes.add(different);
                hashes = later;
            }
        });
        (total >= SHORTEST).then(|| votes.majority())
    }
}

/// Counts of 64 bits over many words, bit-sliced: plane `i` has bit `i` of every count.
struct Votes {
    planes: [u64; PLANES],
    words: u64,
}

impl Default for Votes {
    fn default() -> Self {
        Votes { planes: [0; PLANES], words: 0 }
    }
}

/// A full adder for 64 bits at once: sum and carry.
#[inline(always)]
fn adder(a: u64, b: u64, c: u64) -> (u64, u64) {
    let half = a ^ b;
    (half ^ c, (a & b) | (half & c))
}

impl Votes {
    fn add(&mut self, words: &[u64]) {
        self.words += words.len() as u64;
        let (eights, rest) = words.as_chunks::<8>();
        for word in eights {
            let [mut ones, mut twos, fours] = [self.planes[0], self.planes[1], self.planes[2]];
            let (mut carries, mut pairs) = ([0; 4], [0; 2]);
            for i in 0..4 {
                (ones, carries[i]) = adder(ones, word[2 * i], word[2 * i + 1]);
            }
            for i in 0..2 {
                (twos, pairs[i]) = adder(twos, carries[2 * i], carries[2 * i + 1]);
            }
            let (fours, carry) = adder(fours, pairs[0], pairs[1]);
            self.planes[..3].copy_from_slice(&[ones, twos, fours]);
            self.carry(carry, 3);
        }
        rest.iter().for_each(|word| self.carry(*word, 0));
    }

    fn carry(&mut self, mut carry: u64, from: usize) {
        for plane in &mut self.planes[from..] {
            (*plane, carry) = (*plane ^ carry, *plane & carry);
            if carry == 0 {
                break;
            }
        }
    }

    /// The bits that more than half of the words have.
    fn majority(&self) -> u64 {
        let count = |bit: u32| self.planes.iter().enumerate().map(|(i, p)| (p >> bit & 1) << i).sum::<u64>();
        (0..BITS).filter(|bit| count(*bit) * 2 > self.words).fold(0, |all, bit| all | 1 << bit)
    }
}

/// In how many bits two fingerprints differ.
#[inline]
pub fn distance(a: u64, b: u64) -> u32 {
    (a ^ b).count_ones()
}

/// The similarity of fingerprints at a distance.
pub fn similarity(distance: u32) -> f64 {
    1.0 - f64::from(distance) / f64::from(BITS)
}

/// Pairs of blocks: each is a key of 32 bits at most, under which a row stands in one table.
pub struct Tables {
    /// Bit where each block begins, and how many bits it has.
    blocks: Vec<(u32, u32)>,
    /// Blocks of each table.
    pairs: Vec<(usize, usize)>,
}

impl Tables {
    /// So that fingerprints that differ in up to `distance` bits have the same key in one table, at least.
    pub fn new(distance: u32) -> Self {
        let count = distance + 2;
        let begins = |block: u32| block * BITS / count;
        let blocks = (0..count).map(|b| (begins(b), begins(b + 1) - begins(b))).collect();
        let pairs = (1..count as usize).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
        Tables { blocks, pairs }
    }

    /// The number of tables.
    pub fn count(&self) -> usize {
        self.pairs.len()
    }

    /// The key of a fingerprint in one table.
    #[inline]
    pub fn key(&self, table: usize, fingerprint: u64) -> u32 {
        let block = |at: usize, bits: u32| {
            let (begin, length) = self.blocks[at];
            let bits = bits.min(length);
            (fingerprint >> begin & ((1 << bits) - 1)) as u32
        };
        let (a, b) = self.pairs[table];
        // Blocks of more than sixteen bits are cut: more rows under a key, and none missed.
        block(a, 16) << 16 | block(b, 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::near::fold::Fold;
    use crate::text::near::shingle::Unit;
    use std::collections::HashSet;

    fn shingler() -> Shingler {
        Shingler::new(Fold::default(), 5, Unit::Chars)
    }

    fn text(seed: u64, length: usize) -> String {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            char::from_u32(0x4e00 + (state >> 40) as u32 % 3000).unwrap()
        };
        (0..length).map(|_| next()).collect()
    }

    /// By the definition: over the set of shingles, bit by bit.
    #[test]
    fn a_fingerprint_is_the_vote_of_the_set() {
        for length in [104, 120, 1_001, 9_000] {
            let text = text(length as u64, length).replace('丁', "　　　　　　　　");
            let mut set = HashSet::new();
            shingler().each(&[&text], |hashes| set.extend(hashes.iter().copied()));
            let vote = |bit: u64| set.iter().filter(|h| **h >> bit & 1 == 1).count() * 2 > set.len();
            let naive = (0..64).filter(|bit| vote(*bit)).fold(0u64, |all, bit| all | 1 << bit);
            assert_eq!(Fingerprinter::new(shingler()).fingerprint(&[&text]), Some(naive), "{length}");
        }
        assert_eq!(Fingerprinter::new(shingler()).fingerprint(&[&text(1, 103)]), None);
    }

    #[test]
    fn long_texts_vote_by_stretches() {
        let mut made = Fingerprinter::new(shingler());
        let one = text(7, 4_000);
        let long = one.repeat(200);
        // The same set, but for what lies over the seams.
        assert!(distance(made.fingerprint(&[&long]).unwrap(), made.fingerprint(&[&one]).unwrap()) <= 3);
        assert_eq!(made.fingerprint(&[&long]), Fingerprinter::new(shingler()).fingerprint(&[&long]));
    }

    #[test]
    fn votes_count_every_word() {
        let words: Vec<u64> = (0..5_003u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | (i % 3)).collect();
        let mut votes = Votes::default();
        votes.add(&words[..17]);
        votes.add(&words[17..]);
        for bit in 0..64 {
            let count: u64 = votes.planes.iter().enumerate().map(|(i, plane)| (plane >> bit & 1) << i).sum();
            assert_eq!(count, words.iter().filter(|w| **w >> bit & 1 == 1).count() as u64);
        }
    }

    /// Every way to change up to `d` bits leaves a key that is the same.
    #[test]
    fn no_pair_within_the_distance_is_missed() {
        for d in 0..=8u32 {
            let tables = Tables::new(d);
            assert_eq!(tables.count() as u32, (d + 2) * (d + 1) / 2);
            assert_eq!(tables.blocks.iter().map(|b| b.1).sum::<u32>(), BITS);
            let mut state = 99u64;
            for _ in 0..2_000 {
                let a = state.wrapping_mul(0xd134_2543_de82_ef95);
                let b = (0..d).fold(a, |b, _| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    b ^ 1 << (state >> 58)
                });
                state = state.wrapping_add(1);
                assert!((0..tables.count()).any(|t| tables.key(t, a) == tables.key(t, b)), "{d} {a:x} {b:x}");
            }
        }
    }
}
