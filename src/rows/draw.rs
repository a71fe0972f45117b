//! Random choices that are the same in every run: hashes of a seed and a row's id.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A random number of a row: a hash of its id. Each `purpose` draws for itself: were the rows of a sample ordered by the
/// numbers that chose them, they would all come first.
pub fn draw(purpose: &[u8], seed: u64, id: &str) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), xxh3_64(purpose) ^ seed)
}

/// What the rows of a shuffle with this seed are ordered by.
pub fn order(seed: u64, id: &str) -> u64 {
    draw(b"shuffle", seed, id)
}

/// Whether the row with this id is among the `share` (0 to 1) of rows that a sample with this seed keeps.
pub fn sampled(seed: u64, share: f64, id: &str) -> bool {
    (xxh3_64_with_seed(id.as_bytes(), seed) as f64) < share * u64::MAX as f64 || share >= 1.0
}
