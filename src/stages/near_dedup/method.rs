//! The two ways of comparing texts: what each asks for, and how it says what it found.

use super::index::Earlier;
use super::signature::Signature;
use super::{NearDedup, Verify};
use crate::Result;
use crate::stages::global::Footprint;
use crate::stages::near_dedup::Rules;
use crate::stages::resources::Resource;
use crate::stages::rule::number;
use crate::text::figures::count;
use crate::text::near::shingle::Shingler;
use crate::text::near::simhash::{BITS, Tables};

/// A stage that compares texts.
#[derive(Clone, Copy)]
pub enum Method<'a> {
    /// By sketches, then by the texts themselves.
    Near(&'a NearDedup),
    /// By fingerprints.
    Simhash {
        /// Bits in which fingerprints of duplicates differ, at most.
        distance: u32,
        /// Which rows stay.
        rules: Rules<'a>,
    },
}

impl<'a> Method<'a> {
    /// Which rows stay.
    pub fn rules(self) -> Rules<'a> {
        match self {
            Method::Near(near) => near.rules(),
            Method::Simhash { rules, .. } => rules,
        }
    }

    /// What cuts the texts that are compared, where texts are.
    pub fn shingler(self) -> Option<Shingler> {
        match self {
            Method::Near(near) if near.verify == Verify::Exact => Some(near.shingler()),
            _ => None,
        }
    }

    /// Whether rows go; else it is only said which are alike.
    pub fn drops(self) -> bool {
        match self {
            Method::Near(near) => near.drop,
            Method::Simhash { .. } => true,
        }
    }

    /// The options of one that writes an index for later builds.
    pub fn index(self) -> Option<&'a NearDedup> {
        match self {
            Method::Near(near) => Some(near).filter(|near| near.index),
            Method::Simhash { .. } => None,
        }
    }

    /// What stands for texts.
    pub fn signature(self) -> Signature {
        match self {
            Method::Near(near) => Signature::Sketch(near.bands(), near.threshold),
            Method::Simhash { distance, .. } => Signature::Fingerprint(distance),
        }
    }

    /// The rows of earlier builds that are compared as well.
    pub fn earlier(self, files: &[Resource]) -> Result<Earlier> {
        match self {
            Method::Near(near) => Earlier::open(files, near),
            Method::Simhash { .. } => Ok(Earlier::default()),
        }
    }

    /// What it holds and sorts: sketch, keys and bands of a row; pairs and texts of candidates depend on what is alike.
    pub fn footprint(self, files: &[Resource]) -> Result<Footprint> {
        let records = match self {
            Method::Near(near) => 300 + 11 * near.bands().bands as u64,
            Method::Simhash { .. } => 72,
        };
        Ok(Footprint { sorted_rows: 0, records, elsewhere: true, earlier: self.earlier(files)?.rows() as u64 })
    }

    /// How candidates were found.
    pub fn said(self, pairs: u64) -> String {
        match self {
            Method::Near(near) => {
                let (bands, at) = (near.bands(), number(near.threshold));
                let finds = bands.finds(near.threshold);
                let pairs = count(pairs);
                format!(
                    "{} bands of {}, which find {finds:.4} at {at}: {pairs} pairs to compare",
                    bands.bands, bands.rows
                )
            }
            Method::Simhash { distance, .. } => {
                let tables = Tables::new(distance).count();
                format!("{tables} tables, for a distance of {distance}: {} pairs", count(pairs))
            }
        }
    }

    /// Of a row that goes: the reason, its value, and the limit.
    pub fn words(self, similarity: f64) -> [String; 3] {
        match self {
            Method::Near(near) => [near.reason().into(), format!("{similarity:.4}"), number(near.threshold)],
            Method::Simhash { distance: limit, .. } => {
                let distance = ((1.0 - similarity) * f64::from(BITS)).round();
                ["simhash_duplicate".into(), number(distance), limit.to_string()]
            }
        }
    }
}
