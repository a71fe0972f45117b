//! Sketches: 256 bytes that agree in as many places as two sets of shingles are similar.
//!
//! The scheme is *fast similarity sketching* (Dahlgaard, Knudsen, Thorup 2017, arXiv:1704.04370): every shingle is
//! thrown into one of 256 slots, where the least value stays; while slots are empty, all are thrown again with another
//! hash, and round `256 + i` fills slot `i`. A value of an earlier round is less than one of a later round, so texts of
//! any two lengths stay comparable, without bias. Integers only: the same bytes on every machine. Of each slot's least
//! value (9 bits of round, 55 of hash) the low 8 bits are kept: two texts of similarity `J` agree in a byte with the
//! chance `J + (1 - J) / 256`.

use super::shingle::Shingler;
use super::{S2, S3, mum};

/// How folding, shingles, sketches and keys are made. Raise it when one of them changes: sketches of two versions cannot
/// be compared.
pub const VERSION: u32 = 1;

/// Slots, and bytes of a sketch.
pub const SLOTS: usize = 256;

/// A sketch.
pub type Sketch = [u8; SLOTS];

/// Hashes kept for later rounds; longer texts are cut into shingles again, in the rare case that a slot is empty.
const KEPT: usize = 1 << 17;
/// Bits of a slot's value that the hash fills.
const VALUE: u32 = 55;

/// Makes sketches. It keeps its scratch memory, at most a mebibyte.
pub struct Sketcher {
    shingler: Shingler,
    slots: [u64; SLOTS],
    hashes: Vec<u64>,
}

impl Sketcher {
    /// Sketches of the shingles of `shingler`.
    pub fn new(shingler: Shingler) -> Self {
        Sketcher { shingler, slots: [u64::MAX; SLOTS], hashes: Vec::new() }
    }

    /// The shingler.
    pub fn shingler(&self) -> &Shingler {
        &self.shingler
    }

    /// The sketch of texts that belong together; `None` where they are too short for a shingle.
    pub fn sketch(&mut self, texts: &[&str]) -> Option<Sketch> {
        self.slots = [u64::MAX; SLOTS];
        self.hashes.clear();
        let (slots, kept, mut total) = (&mut self.slots, &mut self.hashes, 0);
        self.shingler.each(texts, |hashes| {
            total += hashes.len();
            if total <= KEPT {
                kept.extend_from_slice(hashes);
            }
            first(slots, hashes);
        });
        if total == 0 {
            return None;
        }
        let mut round = 1;
        while slots.contains(&u64::MAX) {
            if total <= KEPT {
                again(slots, kept, round);
            } else {
                self.shingler.each(texts, |hashes| again(slots, hashes, round));
            }
            round += 1;
        }
        Some(std::array::from_fn(|slot| slots[slot] as u8))
    }
}

#[inline]
fn put(slots: &mut [u64; SLOTS], slot: u8, value: u64) {
    let slot = &mut slots[usize::from(slot)];
    *slot = (*slot).min(value);
}

fn first(slots: &mut [u64; SLOTS], hashes: &[u64]) {
    for hash in hashes {
        put(slots, (hash >> 56) as u8, hash & ((1 << VALUE) - 1));
    }
}

fn again(slots: &mut [u64; SLOTS], hashes: &[u64], round: u64) {
    let salt = round.wrapping_mul(S2);
    for hash in hashes {
        let hash = mum(hash ^ salt, S3);
        let slot = if round < SLOTS as u64 { (hash >> 56) as u8 } else { (round - SLOTS as u64) as u8 };
        put(slots, slot, round << VALUE | hash & ((1 << VALUE) - 1));
    }
}

/// In how many bytes two sketches agree.
#[inline]
pub fn agreement(a: &[u8], b: &[u8]) -> usize {
    // Sixteen bytes at a time: at most 16 rounds, so that a byte can count them.
    let mut counts = [0u8; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for i in 0..16 {
            counts[i] += u8::from(a[i] == b[i]);
        }
    }
    counts.iter().map(|c| usize::from(*c)).sum()
}

/// The chance that a byte agrees, at similarity `j`.
pub fn chance(j: f64) -> f64 {
    j + (1.0 - j) / 256.0
}

/// The similarity that an agreement in `agreeing` bytes suggests.
pub fn estimate(agreeing: usize) -> f64 {
    ((agreeing as f64 / SLOTS as f64 - 1.0 / 256.0) * 256.0 / 255.0).max(0.0)
}

/// The agreement that a pair of similarity `j` falls short of only by `sigmas` standard deviations.
pub fn least(j: f64, sigmas: f64) -> usize {
    let p = chance(j);
    let least = SLOTS as f64 * p - sigmas * (SLOTS as f64 * p * (1.0 - p)).sqrt();
    least.ceil().max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::near::fold::Fold;
    use crate::text::near::shingle::Unit;
    use std::collections::HashSet;

    fn sketcher(n: usize) -> Sketcher {
        Sketcher::new(Shingler::new(Fold::default(), n, Unit::Chars))
    }

    fn text(seed: u64, length: usize) -> Vec<char> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let next = |state: &mut u64| {
            *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            char::from_u32(0x4e00 + (*state >> 40) as u32 % 3000).unwrap()
        };
        (0..length).map(|_| next(&mut state)).collect()
    }

    /// Slots by the definition: all rounds over a set of hashes, whatever the order.
    fn naive(hashes: &HashSet<u64>) -> Sketch {
        let mut slots = [u64::MAX; SLOTS];
        for round in 0..512u64 {
            if !slots.contains(&u64::MAX) {
                break;
            }
            for hash in hashes {
                let y = if round == 0 { *hash } else { mum(hash ^ round.wrapping_mul(S2), S3) };
                let slot = if round < 256 { (y >> 56) as usize } else { round as usize - 256 };
                slots[slot] = slots[slot].min(round << VALUE | y & ((1 << VALUE) - 1));
            }
        }
        slots.map(|s| s as u8)
    }

    #[test]
    fn a_sketch_is_of_the_set() {
        for (seed, length) in [(1, 5), (2, 9), (3, 60), (4, 700), (5, 3_000)] {
            let text: String = text(seed, length).into_iter().collect();
            let mut sketcher = sketcher(5);
            let mut set = HashSet::new();
            sketcher.shingler().each(&[&text], |hashes| set.extend(hashes.iter().copied()));
            assert_eq!(sketcher.sketch(&[&text]), Some(naive(&set)), "{length}");
        }
        assert_eq!(sketcher(5).sketch(&["一二三四"]), None);
    }

    #[test]
    fn a_long_text_of_few_shingles_is_read_again() {
        let few = "abcdefg".repeat(40_000);
        assert!(few.len() > KEPT);
        assert_eq!(sketcher(5).sketch(&[&few]), sketcher(5).sketch(&["abcdefgabcdefg"]));
    }

    #[test]
    fn agreement_tells_similarity() {
        let mut worst: f64 = 0.0;
        let mut sum = 0.0;
        for seed in 0..60 {
            let length = [40, 200, 1_000, 4_000][seed as usize % 4];
            let one = text(seed, length);
            let mut other = one.clone();
            for i in (3..length).step_by(37) {
                other[i] = '改';
            }
            let (one, other): (String, String) = (one.iter().collect(), other.iter().collect());
            let mut sketcher = sketcher(5);
            let mut sets = [HashSet::new(), HashSet::new()];
            for (set, text) in sets.iter_mut().zip([&one, &other]) {
                sketcher.shingler().each(&[text], |hashes| set.extend(hashes.iter().copied()));
            }
            let common = sets[0].intersection(&sets[1]).count() as f64;
            let truth = common / (sets[0].len() as f64 + sets[1].len() as f64 - common);
            let agreeing = agreement(&sketcher.sketch(&[&one]).unwrap(), &sketcher.sketch(&[&other]).unwrap());
            assert!(agreeing >= least(truth, 5.0));
            worst = worst.max((estimate(agreeing) - truth).abs());
            sum += estimate(agreeing) - truth;
        }
        assert!(worst < 0.13, "{worst}"); // 4.5 standard deviations
        assert!((sum / 60.0).abs() < 0.015, "{}", sum / 60.0);
    }

    #[test]
    fn counts_and_limits() {
        let a: Sketch = std::array::from_fn(|i| i as u8);
        let b: Sketch = std::array::from_fn(|i| if i % 3 == 0 { i as u8 ^ 1 } else { i as u8 });
        assert_eq!((agreement(&a, &a), agreement(&a, &b)), (256, 256 - 86));
        assert_eq!(least(1.0, 5.0), 256);
        assert!((estimate(256) - 1.0).abs() < 1e-12 && estimate(0) == 0.0);
        assert_eq!(least(0.7, 5.0), 143);
    }
}
