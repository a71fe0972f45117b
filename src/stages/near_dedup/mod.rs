//! Near deduplication: of rows that are nearly the same, one stays. What is dropped has been compared with the row kept.
//!
//! # What it does
//! The text of a row (the turns of a dialogue, the sides of a pair, are one text with newlines between) is folded for
//! comparison: full width to half width, upper case to lower case, Chinese punctuation to ASCII; the output is not
//! touched. With `script` in `fold`, Traditional characters are Simplified ones as well, each for itself: a conversion by
//! words, as `convert_script` does it, would differ in one Han character of eight hundred, and look up words at each of
//! them, where this is a table that is looked up anyway. The text is cut into shingles, all runs of five characters, in
//! every language: words make English copies with small changes look different (with one character in a hundred changed,
//! half of all pairs of word 5-grams fall under a similarity of 0.56) and are no unit of Chinese. Two rows are alike when
//! the Jaccard similarity of their sets of shingles, common ones over all, is at least `threshold`.
//!
//! Candidates are found by a sketch of 256 bytes a row, in bands (`recall` says how sure a pair just at the threshold is
//! to be found; one that is more alike is found more surely: at 0.7 and 0.99, bands of 6 bytes find 0.995 at 0.70 and
//! 0.9997 at 0.75). Then their texts are read again and compared (`verify = "exact"`), or judged by the sketches alone
//! (`"sketch"`: cheaper, with a standard deviation of 0.03).
//!
//! # Which row stays
//! The one of the source with the highest `priority`; then as `keep` says: the `first` in source order, the `longest`,
//! the `best` by the signal named in `by`, or the `newest` by the field of `meta` named in `by`; then the first. Rows are
//! gone through in this order, and a row is dropped when it is similar to one that was *kept*, so there are no chains:
//! if B is like A, and C like B but not like A, then A and C stay. Rows with the same text count as one.
//!
//! A dropped row has the reason `near_duplicate`, the similarity as `value`, the threshold as `limit`, and `kept_id`
//! and `similarity`.
//!
//! `cluster_size = true` adds the column `cluster_size` to `data/`: how many rows a row stands for, itself among them, to
//! weigh it by in a mix. Rows that the stage does not apply to have none.
//!
//! # Similar prompts
//! `of = "prompt"` compares what is asked, as `by = "prompt"` of `exact_dedup` does: the turns of a dialogue before its last
//! answer, the `prompt` of a preference, the `input` of a task. Documents ask nothing and stay. Rows that go have the
//! reason `similar_prompt`.
//!
//! `most = 3` keeps three of rows that are similar: gone through in the same order, a row is dropped when three rows that
//! were kept are similar to it, and `kept_id` is the most similar of these. Copies do not count: of rows with the same
//! content (roles among it) one stays, whatever `most` says. So of one prompt that is asked in many ways, three different
//! answers stay. `most` goes up to 100, and not with `index` or `against`.
//!
//! `drop = false` drops nothing: all candidates are compared, and a `[split]` keeps those that are alike on one side.
//!
//! # New rows against earlier builds
//! `index = true` writes `index/NAME.parquet` (the stage's name) into the output folder: what later builds need to know of
//! the rows, without their text. `against` names the output folders of earlier builds, the oldest first; their rows come
//! before all rows of the build, and what became of them stands: what is published stays published, and earlier builds
//! are only read. With `keep = "first"`, one priority and `verify = "sketch"`, batches built one after another, each
//! against all before it, drop the same rows as one build over all of them. With `verify = "exact"` two rows of the build
//! are compared by their texts, and a row with an earlier one by their sketches.
//!
//! The `kept_id` of a row that goes for an earlier one is `FOLDER#ID`, such as `2026-11-01#wiki:17`. Where `keep` (or the
//! `priority` of its source) would have preferred the new row, the reason is `would_replace`, `value` and `limit` are what
//! `keep` goes by in the new row and in the published one, and the build says how many there are. The index has this value
//! only if it was made with the same `keep` and `by`.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run       = "near_dedup"
//! threshold = 0.8
//! keep      = "best"
//! by        = "chars"
//! index     = true
//! against   = ["builds/2026-11-01", "builds/2026-11-02"]
//! ```
//!
//! # Limits
//! Texts shorter than a shingle are compared as a whole. A group of rows that share a band is not compared all with
//! all, but each with the first and with the four before it (one, after the first 256): a row that is alike only to
//! others of a large group can stay. Traditional and simplified Chinese are the same only with `script` in `fold`. State
//! on disk: 272 bytes a row in the unit files; while it runs 264 more, 11 for each band (462 at the defaults), and the
//! texts of the candidates. An index takes about 270 bytes a row; each of its rows costs a build about a third of what a
//! short row of its own does. A row that a later stage drops is in the index all the same: let this be the last stage
//! that drops rows. `cluster_size` counts the rows of this build alone.

mod blocks;
pub(super) mod columns;
mod docs;
mod drops;
mod index;
mod index_writer;
pub(super) mod method;
mod pairs;
pub(super) mod parts;
pub(super) mod pass;
mod signature;
mod stretches;
mod verify;

use columns::{Signatures, Width};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::global::{GlobalPass, Scope};
use super::resources::{Need, Resource, Wanted};
use super::{Column, Entry, RowWork, Stage, build};
use crate::Result;
use crate::text::figures::count;
use crate::text::near::bands::Bands;
use crate::text::near::fold::Fold;
use crate::text::near::shingle::{Shingler, Unit};

/// Rows before it in its bucket that a row is compared with, beside the first.
const BEFORE: usize = 4;

/// What shingles are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShingleOf {
    /// Characters.
    #[default]
    Chars,
    /// Words, as the stage `words` finds them.
    Words,
}

/// What of a row is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// All its texts.
    #[default]
    Content,
    /// What is asked.
    Prompt,
}

/// What is the same for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FoldOf {
    /// Full width and half width (`Ａ` and `A`, `％` and `%`).
    Width,
    /// Upper case and lower case.
    Case,
    /// Chinese (and typographic) and ASCII punctuation (`，` and `,`).
    Punctuation,
    /// Traditional and Simplified Chinese (`說` and `说`), character by character.
    Script,
    /// White space next to a Han character, and none: one text, its lines joined or wrapped.
    Space,
}

/// How candidates are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// By the shingles of their texts, which are read again.
    #[default]
    Exact,
    /// By the agreement of their sketches.
    Sketch,
}

/// Which of the rows stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The first in source order.
    #[default]
    First,
    /// The one with most bytes of text.
    Longest,
    /// The one with the greatest value of the signal `by`.
    Best,
    /// The one with the latest date (or greatest number) in the field `by` of `meta`.
    Newest,
}

/// Options of `near_dedup`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NearDedup {
    /// What is compared: `content`, or the `prompt` of dialogues, preferences and tasks.
    pub of: Of,
    /// How many similar rows stay: 1 to 100.
    pub most: u32,
    /// Whether rows go. With `false` all stay, and a split keeps those that are alike on one side.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub drop: bool,
    /// The Jaccard similarity from which two rows are duplicates: above 0, at most 1.
    pub threshold: f64,
    /// The chance with which a pair just at the threshold is found, at least.
    pub recall: f64,
    /// Characters (or words) in a shingle: 2 to 12.
    pub shingle: usize,
    /// What shingles are made of: `chars`, or `words`.
    pub unit: ShingleOf,
    /// What counts as the same: `width`, `case`, `punctuation`; and `script` and `space`, where asked for.
    pub fold: Vec<FoldOf>,
    /// How candidates are judged: `exact`, by their texts, or `sketch`.
    pub verify: Verify,
    /// Which row stays: `first`, `longest`, `best` (by a signal) or `newest` (by a field of `meta`).
    pub keep: Keep,
    /// The signal of `best`, or the field of `newest` (nested by dots): a number, or a date in any common spelling
    /// (`2023年9月30日`, `2023-9-30`, `Sat, 30 Sep 2023 08:00:00 +0800`); a row that says none is the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Within what rows are compared: `use`, `source`, or `all`.
    pub scope: Scope,
    /// Whether `data/` has a column `cluster_size`: how many rows a row stands for, itself among them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cluster_size: bool,
    /// Whether the build has an index, `index/NAME.parquet`: what later builds compare their rows with.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub index: bool,
    /// Output folders of earlier builds with an index, the oldest first: their rows come before all others. Paths are
    /// relative to the recipe's folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
}

impl Default for NearDedup {
    fn default() -> Self {
        NearDedup {
            of: Of::Content,
            most: 1,
            drop: true,
            threshold: 0.7,
            recall: 0.99,
            shingle: 5,
            unit: ShingleOf::Chars,
            fold: vec![FoldOf::Width, FoldOf::Case, FoldOf::Punctuation],
            verify: Verify::Exact,
            keep: Keep::First,
            by: None,
            scope: Scope::Use,
            cluster_size: false,
            index: false,
            against: Vec::new(),
        }
    }
}

impl NearDedup {
    /// Cuts texts as the options say.
    pub fn shingler(&self) -> Shingler {
        shingler(&self.fold, self.shingle, self.unit)
    }

    /// The reason of rows that go.
    pub fn reason(&self) -> &'static str {
        match self.of {
            Of::Content => "near_duplicate",
            Of::Prompt => "similar_prompt",
        }
    }

    /// How sketches are cut.
    pub fn bands(&self) -> Bands {
        Bands::choose(self.threshold, self.recall)
    }

    /// Who stays.
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            of: self.of,
            most: self.most,
            keep: self.keep,
            by: self.by.as_deref(),
            scope: self.scope,
            cluster_size: self.cluster_size,
        }
    }

    /// The options on which sketches and keys depend.
    fn compared(&self) -> NearDedup {
        let mut fold = self.fold.clone();
        fold.sort_unstable();
        fold.dedup();
        NearDedup { of: self.of, shingle: self.shingle, unit: self.unit, fold, ..NearDedup::default() }
    }

    /// The first option by which rows were compared in another way than with `other`: its name, and both values.
    pub fn differing(&self, other: &NearDedup) -> Option<(String, Json, Json)> {
        let compared = |options: &NearDedup| NearDedup { scope: options.scope, ..options.compared() };
        let json = |options: &NearDedup| serde_json::to_value(compared(options)).unwrap_or_default();
        let (own, other) = (json(self), json(other));
        let name = own.as_object()?.keys().find(|key| own[*key] != other[*key])?;
        Some((name.clone(), own[name].clone(), other[name].clone()))
    }

    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if !(self.threshold > 0.0 && self.threshold <= 1.0) {
            return Err(format!("`threshold` is {}; it lies above 0 and is at most 1", self.threshold));
        }
        if !(self.recall > 0.0 && self.recall < 1.0) {
            return Err(format!("`recall` is {}; it lies between 0 and 1, for example 0.99", self.recall));
        }
        if !(2..=12).contains(&self.shingle) {
            return Err(format!("`shingle` is {}; 2 to 12 are possible", self.shingle));
        }
        if !(1..=100).contains(&self.most) {
            return Err(format!("`most` is {}; 1 to 100 are possible", self.most));
        }
        if self.most > 1 && (self.index || !self.against.is_empty()) {
            return Err("`most` above 1 does not go with `index` or `against`, where one row stays".into());
        }
        if !self.drop && (self.most > 1 || self.cluster_size || self.index || !self.against.is_empty()) {
            return Err(
                "`drop = false` drops nothing: `most`, `cluster_size`, `index` and `against` say nothing then".into()
            );
        }
        self.rules().check()?;
        Ok(self)
    }
}

/// What stages that compare texts have in common: which rows they compare, and which stay.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// What is compared.
    pub of: Of,
    /// How many similar rows stay.
    pub most: u32,
    /// Which of them.
    pub keep: Keep,
    /// The signal of `best`, or the field of `newest`.
    pub by: Option<&'a str>,
    /// Within what rows are compared.
    pub scope: Scope,
    /// Whether rows tell how many they stand for.
    pub cluster_size: bool,
}

impl<'a> Rules<'a> {
    /// The signal that decides who stays.
    pub fn signal(&self) -> Option<&'a str> {
        self.by.filter(|_| self.keep == Keep::Best)
    }

    /// The field that decides who stays.
    pub fn field(&self) -> Option<&'a str> {
        self.by.filter(|_| self.keep == Keep::Newest)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match (self.keep, self.by) {
            (Keep::Best, None) => Err("`keep = \"best\"` needs the signal in `by`, such as by = \"chars\"".into()),
            (Keep::Newest, None) => Err("`keep = \"newest\"` needs the field in `by`, such as by = \"date\"".into()),
            (Keep::First | Keep::Longest, Some(_)) => Err("`by` goes with `keep` = \"best\" or \"newest\"".into()),
            _ => Ok(()),
        }
    }
}

/// Cuts texts as options say.
pub(super) fn shingler(fold: &[FoldOf], n: usize, unit: ShingleOf) -> Shingler {
    let has = |what| fold.contains(&what);
    let (width, case, punctuation) = (has(FoldOf::Width), has(FoldOf::Case), has(FoldOf::Punctuation));
    let fold = Fold { width, case, punctuation, script: has(FoldOf::Script), space: has(FoldOf::Space) };
    let unit = match unit {
        ShingleOf::Chars => Unit::Chars,
        ShingleOf::Words => Unit::Words,
    };
    Shingler::new(fold, n, unit)
}

impl Stage for NearDedup {
    fn columns(&self) -> Vec<Column> {
        columns::columns(Width::Sketch, self.rules())
    }

    fn measured(&self, _options: &Json) -> Json {
        let all = self.compared();
        let all = match self.keep {
            Keep::Newest => NearDedup { keep: self.keep, by: self.by.clone(), ..all },
            _ => all,
        };
        serde_json::to_value(all).unwrap_or_default()
    }

    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need {
            option: "against",
            name: name.clone(),
            wanted: Wanted::OfBuild { folder: index::FOLDER, cure: index::CURE },
            for_rows: false,
        };
        self.against.iter().map(need).collect()
    }

    fn check(&self, files: &[Resource]) -> Result<()> {
        index::Earlier::open(files, self).map(drop)
    }

    fn open(&self, files: &[Resource]) -> Result<Vec<String>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let earlier = index::Earlier::open(files, self)?;
        let mut said = vec![format!("{} rows of {} earlier builds", count(earlier.rows() as u64), files.len())];
        let without = earlier.without_values(self);
        if !without.is_empty() {
            let without = without.join(", ");
            said.push(format!("made by another `keep`, so not told what would replace rows of {without}"));
        }
        Ok(said)
    }

    fn row_work(&self, _files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(Signatures::new(self.shingler(), Width::Sketch, self.rules()))))
    }

    fn chooses_by(&self) -> Option<String> {
        self.rules().signal().map(str::to_owned)
    }

    fn global(&self) -> Option<&dyn GlobalPass> {
        Some(self)
    }
}

/// The name of the job of stages that compare texts.
pub(super) const JOB: &str = "near";

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[
    (
        "near_duplicate",
        "Another row is nearly the same: `value` is the Jaccard similarity of their shingles, `limit` the `threshold` of `near_dedup`, and `kept_id` names the one that stayed. Raise `threshold` to keep more; `corpus inspect BUILD --clusters` shows pairs side by side. To prefer another one, set `keep`, or a higher `priority` of its source",
    ),
    (
        "similar_prompt",
        "As many rows as `most` of `near_dedup` allows have a prompt that is nearly the same already, or one of them is the same row: `value` is the Jaccard similarity, `limit` the `threshold`, and `kept_id` names the most similar one. Raise `most` to keep more answers, or `threshold` to keep more ways to ask",
    ),
    (
        "would_replace",
        "A row of an earlier build (`against` of `near_dedup`) is nearly the same, and would go for this one, were it not published: `value` is what `keep` goes by in this row, `limit` the same in the published one, and `kept_id` names that build and row. Publish it anew in a build over both to take this one",
    ),
];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "near_dedup",
    "whole",
    "of rows that are nearly the same one stays, each compared with the row kept",
    include_str!("mod.rs"),
    || schemars::schema_for!(NearDedup),
    |json| build(json, NearDedup::checked),
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
        assert!(wrong(json!({"threshold": 0})).unwrap().contains("threshold"));
        assert!(wrong(json!({"threshold": 1.5})).unwrap().contains("at most 1"));
        assert!(wrong(json!({"recall": 1})).unwrap().contains("recall"));
        assert!(wrong(json!({"shingle": 1})).unwrap().contains("shingle"));
        assert!(wrong(json!({"keep": "best"})).unwrap().contains("by"));
        assert!(wrong(json!({"by": "chars"})).unwrap().contains("keep"));
        assert!(wrong(json!({"keep": "newest", "by": "date"})).is_none());
        assert!(wrong(json!({"against": "builds/a"})).is_some());
        assert!(wrong(json!({"of": "prompt", "most": 3, "fold": ["script"]})).is_none());
        assert!(wrong(json!({"drop": false})).is_none());
        assert!(wrong(json!({"drop": false, "index": true})).unwrap().contains("drops nothing"));
        assert!(wrong(json!({"most": 0})).unwrap().contains("most"));
        assert!(wrong(json!({"most": 2, "index": true})).unwrap().contains("index"));
    }

    #[test]
    fn sketches_are_alike_where_rows_are_measured_alike() {
        let (own, fold) = (NearDedup::default(), vec![FoldOf::Case, FoldOf::Punctuation, FoldOf::Width]);
        assert_eq!(own.differing(&NearDedup { threshold: 0.9, fold, ..own.clone() }), None);
        let scope = NearDedup { scope: Scope::All, ..own.clone() };
        assert_eq!(own.differing(&scope), Some(("scope".into(), json!("use"), json!("all"))));
        let other = NearDedup { shingle: 7, ..own.clone() };
        assert_eq!(own.differing(&other), Some(("shingle".into(), json!(5), json!(7))));
    }
}
