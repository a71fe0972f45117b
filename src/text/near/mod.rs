//! Near duplicates: folding, shingles, sketches, bands, and the exact Jaccard similarity of two texts.
//!
//! A text is folded ([`fold`]), cut into shingles of some characters or words, each a 64-bit hash ([`shingle`]), and
//! summarised by a sketch of 256 bytes ([`sketch`]). Equal stretches of sketches make candidates ([`bands`]); what is
//! similar is decided by the sets of shingles themselves ([`jaccard`]). Or by a fingerprint of 8 bytes ([`simhash`]).

pub mod bands;
pub mod fold;
pub mod jaccard;
pub mod shingle;
pub mod simhash;
pub mod sketch;

/// Odd constants (of wyhash) for [`mum`].
pub(super) const S1: u64 = 0xa076_1d64_78bd_642f;
pub(super) const S2: u64 = 0xe703_7ed1_a0b4_28db;
const S3: u64 = 0x8ebc_6af0_9c88_c6e3;

/// The two halves of the 128-bit product, xor-ed: mixes both factors into all 64 bits.
#[inline(always)]
pub(super) fn mum(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
