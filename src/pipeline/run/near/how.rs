//! The stages that compare texts: what each asks for, and how it says what it found.

use super::index::Earlier;
use super::mark::Mark;
use crate::Result;
use crate::pipeline::plan::stage_plan::Link;
use crate::pipeline::usage::count;
use crate::stages::Stage;
use crate::stages::keep::number;
use crate::stages::near_dedup::{NearDedup, Rules};
use crate::stages::simhash_dedup::SimhashDedup;
use crate::text::near::simhash::{BITS, Tables};

/// A stage that compares texts.
#[derive(Clone, Copy)]
pub enum How<'a> {
    /// By sketches, then by the texts themselves.
    Near(&'a NearDedup),
    /// By fingerprints.
    Simhash(&'a SimhashDedup),
}

impl<'a> How<'a> {
    /// The stage, if it is one of them.
    pub fn of(stage: &'a Stage) -> Option<Self> {
        match stage {
            Stage::NearDedup(near) => Some(How::Near(near)),
            Stage::SimhashDedup(simhash) => Some(How::Simhash(simhash)),
            _ => None,
        }
    }

    /// Which rows stay.
    pub fn rules(self) -> Rules<'a> {
        match self {
            How::Near(near) => near.rules(),
            How::Simhash(simhash) => simhash.rules(),
        }
    }

    /// The options of one that writes an index for later builds.
    pub fn index(self) -> Option<&'a NearDedup> {
        match self {
            How::Near(near) => Some(near).filter(|near| near.index),
            How::Simhash(_) => None,
        }
    }

    /// What stands for texts.
    pub fn mark(self) -> Mark {
        match self {
            How::Near(near) => Mark::Sketch(near.bands(), near.threshold),
            How::Simhash(simhash) => Mark::Fingerprint(simhash.distance),
        }
    }

    /// The rows of earlier builds that are compared as well.
    pub fn earlier(self, link: &Link) -> Result<Earlier> {
        match self {
            How::Near(near) => Earlier::open(&link.files, near),
            How::Simhash(_) => Ok(Earlier::default()),
        }
    }

    /// Bytes that a row takes while it is compared.
    pub fn row_bytes(self) -> u64 {
        match self {
            How::Near(near) => 300 + 11 * near.bands().bands as u64,
            How::Simhash(_) => 72,
        }
    }

    /// How candidates were found.
    pub fn said(self, pairs: u64) -> String {
        match self {
            How::Near(near) => {
                let (bands, at) = (near.bands(), number(near.threshold));
                let finds = bands.finds(near.threshold);
                let pairs = count(pairs);
                format!(
                    "{} bands of {}, which find {finds:.4} at {at}: {pairs} pairs to compare",
                    bands.bands, bands.rows
                )
            }
            How::Simhash(simhash) => {
                let tables = Tables::new(simhash.distance).count();
                format!("{tables} tables, for a distance of {}: {} pairs", simhash.distance, count(pairs))
            }
        }
    }

    /// Of a row that goes: the reason, its value, and the limit.
    pub fn words(self, similarity: f64) -> [String; 3] {
        match self {
            How::Near(near) => [near.reason().into(), format!("{similarity:.4}"), number(near.threshold)],
            How::Simhash(simhash) => {
                let distance = ((1.0 - similarity) * f64::from(BITS)).round();
                ["simhash_duplicate".into(), number(distance), simhash.distance.to_string()]
            }
        }
    }
}
