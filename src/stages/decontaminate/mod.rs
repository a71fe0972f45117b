//! Decontamination: rows that hold stretches of evaluation sets go, or the sentences that hold them.
//!
//! # What it does
//! `against` names evaluation sets: files and globs, and cards of the catalog, which are read from the store. Each of
//! their records (a row of a table, a JSON object, a line of plain text) is an *item*; its texts are all its fields that
//! hold text, or those in `fields`. Rows and items are folded (width, case), cut into tokens (a character of Chinese,
//! Japanese and Korean, a word of other scripts; signs, white space and single letters, which label options, are none),
//! and compared by runs of `words` words or `chars` characters, or of a mixture that weighs as much. Of an item that is
//! shorter than that, all texts together are compared as one; one that is still shorter is skipped, and counted. Runs that more than `common` items share are
//! how questions are asked and nothing of a question: they are left out, and counted. So are runs of which more than half
//! is numbers (`1 2 3 4 …`).
//!
//! A row *overlaps* with an item by the share of the item's runs that it has (runs that an earlier item has as well are
//! that one's). The greatest overlap counts; a row is contaminated where it is above 0 and at least `overlap`.
//!
//! # What becomes of it
//! - `action = "drop"`: the row goes, with the reason `contaminated`, `value` the overlap, the item and the first stretch
//!   that both have, `limit` the length of runs and `overlap`, and `spans` the stretches that it shares with any item,
//!   in bytes of its text (texts of a dialogue have a newline between them).
//! - `action = "cut"`: the sentences that touch such stretches are taken out, and the stages behind see the text without
//!   them; a row of which nothing is left goes as above. `build.json` counts rows and bytes that were cut.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run     = "decontaminate"
//! against = ["ceval", "cmmlu", "eval/*.jsonl"]
//! ```
//!
//! # Limits
//! A paraphrase or a translation has no run in common. Traditional and simplified Chinese are not folded into one. With
//! `overlap` at 0, a passage that the set quotes (a poem, a law) is contamination as well: raise it, or name `fields`
//! without the passage. The runs are held in memory, 15 to 17 bytes each and 12 for an item, once for all threads.
//! Another set, another length or (to cut) another `overlap` reads all text again; another `overlap` to drop does not.

mod evaluation;
mod search;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::judge::{Failure, Judge, JudgedRow, Verdict};
use super::resources::{Need, Resource, Wanted};
use super::rule::number;
use super::{CONTAMINATED, CUT, Column, Effect, Entry, Kind, Reads, RowWork, Stage, build};
use crate::Result;
use crate::text::figures::{count, size};
use crate::text::overlap::Size;

/// What becomes of contaminated rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// They go.
    #[default]
    Drop,
    /// The sentences that overlap go.
    Cut,
}

/// Options of `decontaminate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decontaminate {
    /// Evaluation sets: paths, globs, and cards of the catalog.
    pub against: Vec<String>,
    /// Fields of their records that are compared (nested by dots); all that hold text where it is empty.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Words in a run: 3 to 100.
    #[serde(default = "words")]
    pub words: u32,
    /// Characters in a run, where words are not set apart: 5 to 200.
    #[serde(default = "chars")]
    pub chars: u32,
    /// The share of an item from which a row is contaminated, 0 to 1; 0 is a single run.
    #[serde(default)]
    pub overlap: f64,
    /// Runs that more items than this share are left out.
    #[serde(default = "common")]
    pub common: u32,
    /// What becomes of contaminated rows: `drop`, or `cut`.
    #[serde(default)]
    pub action: Action,
}

fn words() -> u32 {
    13
}

fn chars() -> u32 {
    20
}

fn common() -> u32 {
    10
}

impl Decontaminate {
    /// The length of runs.
    pub fn size(&self) -> Size {
        Size { words: self.words, chars: self.chars }
    }

    /// What a dropped row has crossed, for its `limit`.
    pub fn limit(&self) -> String {
        let run = format!("{} words or {} characters", self.words, self.chars);
        if self.overlap == 0.0 { run } else { format!("{run}, overlap {}", number(self.overlap)) }
    }

    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.against.is_empty() {
            return Err("`against` names no evaluation set; for example against = [\"ceval\"]".into());
        }
        if !(3..=100).contains(&self.words) {
            return Err(format!("`words` is {}; 3 to 100 are possible", self.words));
        }
        if !(5..=200).contains(&self.chars) {
            return Err(format!("`chars` is {}; 5 to 200 are possible", self.chars));
        }
        if !(0.0..=1.0).contains(&self.overlap) {
            return Err(format!("`overlap` is {}, but a share lies between 0 and 1", self.overlap));
        }
        if self.common == 0 {
            return Err("`common` is 0, which leaves nothing to compare; the least is 1".into());
        }
        Ok(self)
    }
}

/// The columns of the stage: the overlap, the hit, its spans; null where a row has nothing in common with any item.
const OVERLAP: &str = "overlap_key";
const HIT: &str = "hit_key";
const SPANS: &str = "spans_key";

impl Stage for Decontaminate {
    fn columns(&self) -> Vec<Column> {
        vec![
            Column::hidden(OVERLAP, Kind::Float),
            Column::hidden(HIT, Kind::Text),
            Column::hidden(SPANS, Kind::Spans),
            Column::hidden(CUT, Kind::Int),
        ]
    }

    /// To drop, `overlap` decides later; to cut, it is part of what is cut.
    fn measured(&self, options: &Json) -> Json {
        match self.action {
            Action::Drop => json!(Decontaminate { overlap: 0.0, ..self.clone() }),
            Action::Cut => options.clone(),
        }
    }

    fn effect(&self) -> Effect {
        if self.action == Action::Cut { Effect::Cuts } else { Effect::None }
    }

    fn needs(&self) -> Vec<Need> {
        let need =
            |name: &String| Need { option: "against", name: name.clone(), wanted: Wanted::FilesOrCard, for_rows: true };
        self.against.iter().map(need).collect()
    }

    fn open(&self, files: &[Resource]) -> Result<Vec<String>> {
        let set = &evaluation::evaluation(self, files)?.set;
        Ok(vec![format!(
            "{} items of {} files, {} n-grams in {}; {} items too short, {} n-grams shared by more than {} items",
            count(set.items.len() as u64),
            files.len(),
            count(set.len() as u64),
            size(set.bytes() as u64),
            count(set.short),
            count(set.common),
            self.common,
        )])
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        Ok(Some(Box::new(search::Search::new(self.clone(), evaluation::evaluation(self, files)?))))
    }

    fn reads(&self) -> Option<Vec<Reads>> {
        Some([OVERLAP, HIT, SPANS, CUT].map(Reads::Own).to_vec())
    }

    fn judge(&self, _files: &[Resource]) -> Result<Option<Box<dyn Judge>>> {
        Ok(Some(Box::new(self.clone())))
    }
}

impl Judge for Decontaminate {
    fn judge(&self, row: &JudgedRow<'_>) -> Option<Verdict> {
        row.float(0).filter(|share| *share >= self.overlap)?;
        // To cut, only rows go of which nothing is left.
        if self.action == Action::Cut && !(row.blank && row.has(3)) {
            return None;
        }
        let hit = row.text(1).unwrap_or_default().to_owned();
        let failure = Failure { reason: CONTAMINATED.into(), value: hit, limit: self.limit() };
        Some(Verdict { failure, spans: row.spans(2) })
    }
}

/// Why rows go, and what to do about it.
const REASONS: &[(&str, &str)] = &[(
    CONTAMINATED,
    "The row holds text of an evaluation set: `value` is the share of the item that it has, the item, and the first stretch that both have, `limit` the length of runs (and `overlap`) of `decontaminate`, `spans` the stretches in bytes of the text. Raise `overlap` to keep rows that only quote a little of an item, or name `fields` without passages that everybody quotes",
)];

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "decontaminate",
    "keep",
    "rows (or sentences) that evaluation sets hold go",
    include_str!("mod.rs"),
    || schemars::schema_for!(Decontaminate),
    |json| build(json, Decontaminate::checked),
)
.reasons(REASONS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let wrong = |json| (ENTRY.build)(json).err();
        assert_eq!(wrong(json!({"against": ["ceval"]})), None);
        assert!(wrong(json!({})).unwrap().contains("against"));
        assert!(wrong(json!({"against": []})).unwrap().contains("against"));
        assert!(wrong(json!({"against": ["x"], "words": 1})).unwrap().contains("words"));
        assert!(wrong(json!({"against": ["x"], "chars": 4})).unwrap().contains("chars"));
        assert!(wrong(json!({"against": ["x"], "overlap": 2})).unwrap().contains("overlap"));
        assert!(wrong(json!({"against": ["x"], "common": 0})).unwrap().contains("common"));
    }

    #[test]
    fn another_overlap_reads_again_only_to_cut() {
        let of = |json| {
            let (stage, options) = (ENTRY.build)(json).unwrap();
            stage.measured(&options)
        };
        assert_eq!(of(json!({"against": ["x"]})), of(json!({"against": ["x"], "overlap": 0.5})));
        let cut = |overlap: f64| of(json!({"against": ["x"], "overlap": overlap, "action": "cut"}));
        assert_ne!(cut(0.0), cut(0.5));
    }
}
