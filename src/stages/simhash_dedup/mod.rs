//! Near deduplication by SimHash: a fingerprint of 64 bits a row. Cheap, and for copies that are all but equal.
//!
//! # What it does
//! The text of a row is folded and cut into shingles as by `near_dedup`; every different shingle votes on each of 64 bits,
//! and rows whose fingerprints differ in at most `distance` bits are duplicates. Texts of fewer than 100 shingles have no
//! fingerprint: these are duplicates when they are the same once folded. No text is read again, so what goes has been
//! compared by fingerprints only.
//!
//! # When to use it
//! Where rows are many and disk is scarce: it keeps 24 bytes a row, where `near_dedup` keeps 272, and reads no text again.
//! The pass over the text takes as long. It finds copies in which a date, a counter or a few characters differ, not copies
//! that were edited: with `distance = 3`, of copies with 0.1 % of their characters changed it finds three in four, with
//! 0.5 % one in three or four, with 1 % one in ten, with 2 % hardly any, where `near_dedup` finds them all. What it drops
//! is as good: of 1,308 and 2,183 rows in two sets of 97 and 101 MB none was less similar to the row kept than 0.7, by
//! shingles. From 5 on some are, so raise `distance` with care: `docs/deduplication.md` has the figures by length.
//!
//! # Which row stays
//! As `near_dedup` says: by the `priority` of the source, then `keep` and `by`, then the first; a row is dropped when it is
//! close to one that was kept. A dropped row has the reason `simhash_duplicate`, the distance as `value`, the greatest that
//! is allowed as `limit`, `kept_id`, and as `similarity` 1 - distance / 64. `cluster_size` is as in `near_dedup`.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run = "simhash_dedup"
//! ```
//!
//! # Limits
//! Rows under the same 26 bits of a fingerprint (16 at a distance of 6) are not compared all with all: each with the first
//! 256 and the 256 before it. In texts of more than 262,144 shingles a shingle that recurs far away votes again. There is
//! no `index` for later builds. State on disk: 24 bytes a row in the unit files, and while it runs some 70 more.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::global::{Footprint, GlobalContext, GlobalPass, Part, Scope};
use super::near_dedup::columns::{self, Signatures, Width};
use super::near_dedup::method::Method;
use super::near_dedup::{self, FoldOf, Keep, NearDedup, Of, Rules, ShingleOf, shingler};
use super::resources::Resource;
use super::{Column, Entry, RowWork, Stage, build};
use crate::Result;
use crate::spill::Space;
use crate::text::near::shingle::Shingler;

/// Options of `simhash_dedup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimhashDedup {
    /// Bits in which fingerprints of duplicates differ, at most: 0 to 8.
    pub distance: u32,
    /// Characters (or words) in a shingle: 2 to 12.
    pub shingle: usize,
    /// What shingles are made of: `chars`, or `words`.
    pub unit: ShingleOf,
    /// What counts as the same: `width`, `case`, `punctuation`; and `script` and `space`, where asked for.
    pub fold: Vec<FoldOf>,
    /// Which row stays: `first`, `longest`, `best` (by a signal) or `newest` (by a field of `meta`).
    pub keep: Keep,
    /// The signal of `best`, or the field of `newest` (nested by dots).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Within what rows are compared: `use`, `source`, or `all`.
    pub scope: Scope,
    /// Whether `data/` has a column `cluster_size`: how many rows a row stands for, itself among them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cluster_size: bool,
}

impl Default for SimhashDedup {
    fn default() -> Self {
        let NearDedup { shingle, unit, fold, keep, by, scope, cluster_size, .. } = NearDedup::default();
        SimhashDedup { distance: 3, shingle, unit, fold, keep, by, scope, cluster_size }
    }
}

impl SimhashDedup {
    /// How rows are compared.
    fn method(&self) -> Method<'_> {
        Method::Simhash { distance: self.distance, rules: self.rules() }
    }

    /// Cuts texts as the options say.
    pub fn shingler(&self) -> Shingler {
        shingler(&self.fold, self.shingle, self.unit)
    }

    /// Who stays.
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            of: Of::Content,
            most: 1,
            keep: self.keep,
            by: self.by.as_deref(),
            scope: self.scope,
            cluster_size: self.cluster_size,
        }
    }

    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.distance > 8 {
            return Err(format!(
                "`distance` is {}; 0 to 8 are possible, and near_dedup finds what differs more",
                self.distance
            ));
        }
        if !(2..=12).contains(&self.shingle) {
            return Err(format!("`shingle` is {}; 2 to 12 are possible", self.shingle));
        }
        self.rules().check()?;
        Ok(self)
    }
}

impl Stage for SimhashDedup {
    fn columns(&self) -> Vec<Column> {
        columns::columns(Width::Fingerprint, self.rules())
    }

    fn measured(&self, _options: &Json) -> Json {
        let all = SimhashDedup { shingle: self.shingle, unit: self.unit, fold: self.fold.clone(), ..Self::default() };
        let all = match self.keep {
            Keep::Newest => SimhashDedup { keep: self.keep, by: self.by.clone(), ..all },
            _ => all,
        };
        serde_json::to_value(all).unwrap_or_default()
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(Signatures::new(self.shingler(), Width::Fingerprint, self.rules()))))
    }

    fn chooses_by(&self) -> Option<String> {
        self.rules().signal().map(str::to_owned)
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

impl GlobalPass for SimhashDedup {
    fn job(&self) -> &'static str {
        near_dedup::JOB
    }

    fn footprint(&self, files: &[Resource]) -> Result<Footprint> {
        self.method().footprint(files)
    }

    fn counts(&self) -> bool {
        self.cluster_size
    }

    fn run(&self, context: &dyn GlobalContext) -> Result<()> {
        near_dedup::pass::run(self.method(), context)
    }

    fn part(&self, folder: &Path, part: &Part, space: &Space) -> Result<()> {
        near_dedup::parts::work(self.method(), folder, part, space)
    }
}

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    "simhash_duplicate",
    "The fingerprint of another row is the same, or all but: `value` is in how many of 64 bits they differ, `limit` the `distance` of `simhash_dedup`, and `kept_id` names the one that stayed. Lower `distance` to keep more; to prefer another row, set `keep`, or a higher `priority` of its source",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "simhash_dedup",
    "whole",
    "of rows whose fingerprints are all but equal one stays: cheap, for copies with hardly a change",
    include_str!("mod.rs"),
    || schemars::schema_for!(SimhashDedup),
    |json| build(json, SimhashDedup::checked),
)
.reasons(REASONS);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_checked() {
        let wrong = |json| (ENTRY.build)(json).err();
        assert!(wrong(json!({})).is_none());
        assert!(wrong(json!({"distance": 9})).unwrap().contains("near_dedup"));
        assert!(wrong(json!({"shingle": 1})).unwrap().contains("shingle"));
        assert!(wrong(json!({"keep": "best"})).unwrap().contains("by"));
        assert!(wrong(json!({"threshold": 0.7})).is_some());
    }
}
