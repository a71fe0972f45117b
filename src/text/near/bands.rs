//! Bands: stretches of a sketch. Two texts are candidates when any of their bands agree.
//!
//! With `b` bands of `r` bytes, a pair of similarity `J` is a candidate with the chance `1 - (1 - pʳ)ᵇ`, where `p` is
//! the chance that a byte agrees. More bytes in a band mean fewer candidates that are none; more bands mean fewer
//! pairs missed.

use super::sketch::{SLOTS, chance};

/// The cut of a sketch into bands of equal length (locality-sensitive hashing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bands {
    /// The number of bands.
    pub bands: usize,
    /// Bytes in each.
    pub rows: usize,
}

/// Bytes in a band at most: a band is the key of a bucket.
pub const LONGEST: usize = 6;

impl Bands {
    /// The longest bands that still find a pair of similarity `threshold` with the chance `recall`.
    pub fn choose(threshold: f64, recall: f64) -> Bands {
        let of = |rows: usize| Bands { bands: SLOTS / rows, rows };
        (1..=LONGEST).rev().map(of).find(|b| b.finds(threshold) >= recall).unwrap_or(of(1))
    }

    /// The chance that a pair of similarity `j` is a candidate.
    pub fn finds(self, j: f64) -> f64 {
        1.0 - (1.0 - chance(j).powi(self.rows as i32)).powi(self.bands as i32)
    }

    /// The bytes of each band of a sketch, as a number.
    #[inline]
    pub fn of(self, sketch: &[u8]) -> impl Iterator<Item = u64> {
        let number = |band: &[u8]| band.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        sketch.chunks_exact(self.rows).take(self.bands).map(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_by_target() {
        let bands = Bands::choose(0.7, 0.99);
        assert_eq!((bands.bands, bands.rows), (42, 6));
        assert!((bands.finds(0.7) - 0.995).abs() < 0.001);
        assert!(bands.finds(0.75) > 0.9997);
        assert!(bands.finds(0.2) < 0.004);
        let bands = Bands::choose(0.7, 0.999);
        assert_eq!((bands.bands, bands.rows), (51, 5));
        assert_eq!(Bands::choose(0.9, 0.99).rows, 6);
        assert_eq!(Bands::choose(0.5, 0.99).rows, 3);
        assert!(Bands::choose(0.1, 0.999).finds(0.1) > 0.999);
    }

    #[test]
    fn bands_are_stretches() {
        let sketch: Vec<u8> = (0..=255).collect();
        let keys: Vec<u64> = Bands { bands: 42, rows: 6 }.of(&sketch).collect();
        assert_eq!(keys.len(), 42);
        assert_eq!((keys[0], keys[1]), (0x0001_0203_0405, 0x0607_0809_0a0b));
        assert_eq!(Bands { bands: 256, rows: 1 }.of(&sketch).last(), Some(255));
    }
}
