//! What stands for a row's text until texts are compared: a sketch, or a fingerprint.

use crate::text::near::bands::Bands;
use crate::text::near::simhash::{self, BITS};
use crate::text::near::sketch::{self, SLOTS, Sketch};
use crate::{Error, Result};

/// Standard deviations under the threshold at which a pair is not compared any further.
const SIGMAS: f64 = 5.0;

/// The kind, and what makes two of them duplicates.
#[derive(Clone, Copy)]
pub enum Signature {
    /// Sketches, cut into bands, of texts that are duplicates from a similarity on.
    Sketch(Bands, f64),
    /// Fingerprints, of texts that are duplicates up to a distance.
    Fingerprint(u32),
}

impl Signature {
    /// Bytes of one.
    pub fn width(self) -> usize {
        match self {
            Signature::Sketch(..) => SLOTS,
            Signature::Fingerprint(_) => simhash::BYTES,
        }
    }

    /// The bands of sketches.
    ///
    /// # Errors
    ///
    /// Of fingerprints, which have none.
    pub fn bands(self) -> Result<Bands> {
        match self {
            Signature::Sketch(bands, _) => Ok(bands),
            Signature::Fingerprint(_) => Err(Error::Engine("fingerprints have no bands".into())),
        }
    }

    /// In how much two agree: bytes of sketches, bits of fingerprints.
    pub fn agreement(self, a: &Sketch, b: &Sketch) -> usize {
        match self {
            Signature::Sketch(..) => sketch::agreement(a, b),
            Signature::Fingerprint(_) => {
                let bits = |sketch: &Sketch| sketch.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
                (BITS - simhash::distance(bits(a), bits(b))) as usize
            }
        }
    }

    /// The agreement from which a pair is worth comparing.
    pub fn least(self) -> usize {
        match self {
            Signature::Sketch(_, threshold) => sketch::least(threshold, SIGMAS),
            Signature::Fingerprint(within) => (BITS - within) as usize,
        }
    }

    /// The similarity that an agreement tells.
    pub fn similarity(self, agreeing: usize) -> f64 {
        match self {
            Signature::Sketch(..) => sketch::estimate(agreeing),
            Signature::Fingerprint(_) => simhash::similarity(BITS - agreeing as u32),
        }
    }

    /// The similarity from which rows are duplicates.
    pub fn threshold(self) -> f64 {
        match self {
            Signature::Sketch(_, threshold) => threshold,
            Signature::Fingerprint(within) => simhash::similarity(within),
        }
    }
}
