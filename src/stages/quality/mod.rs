//! Measures what a text looks like: the signals of Gopher, C4, FineWeb, DCLM, RedPajama-V2 and Data-Juicer, and those
//! that Chinese needs.
//!
//! # What it does
//! Adds one column a signal; `docs/quality.md` has the definition, unit and source of each, and where ours differs. A
//! `keep` or `profile` that names one has it measured by itself. In short:
//!
//! - length and units: `units`, `mean_unit_length`, `unique_units`, `unit_entropy`, `letter_units`, `stop_words`,
//!   `sentences`, `lines`, `mean_line_length`, `max_line_length`;
//! - lines: `ended_lines`, `ended_chars`, `terminal_lines`, `lines_upto_10`, `lines_upto_30`, `bullet_lines`,
//!   `list_lines`, `ellipsis_lines`, `like_starts`, `even_lines`, `c4_lines`, `caps_lines`, `number_lines`, `policy_lines`;
//! - what repeats: `dup_lines`, `dup_line_chars`, `dup_paragraphs`, `dup_paragraph_chars`, `fineweb_dup_chars`,
//!   `top_2_gram` to `top_4_gram`, `dup_5_gram` to `dup_10_gram`, `char_rep_10`, `char_dup_13`, `dup_segments`;
//! - characters: `letter_ratio`, `alnum_ratio`, `number_ratio`, `upper_ratio`, `special_ratio`, `mark_ratio`, `broken_ratio`,
//!   `mojibake_ratio`, `sign_runs`, `unpaired_signs`, `divider_ratio`, `hash_per_unit`, `ellipsis_per_unit`;
//! - Chinese: `han_share`, `traditional_ratio`, `mixed_script`, `mixed_lines`, `rare_ratio`, `frequent_ratio`,
//!   `function_ratio`, `known_pairs`, `odd_pairs`, `odd_triples`, `stray_signs`, `classical_ratio`, `modern_ratio`,
//!   `cantonese_ratio`, `misread_ratio`, `half_width_signs`;
//! - words of lists: `spam_ratio`, `spam_terms`, `ad_ratio`, `contact_ratio`, `gambling_ratio`, `adult_ratio`,
//!   `seo_ratio`, `boilerplate_ratio`, `placeholder_ratio`, `sales_ratio`, `report_ratio`, `visitor_ratio`;
//! - how somebody is reached: `reach_ratio`, `pitches`;
//! - what is no prose: `link_ratio`, `code_ratio`, `formula_ratio`, `markup_ratio`.
//!
//! Texts are counted in *units*: Chinese in characters, or with `unit = "words"` in jieba's words; all else in Unicode's
//! words. `dictionary`, a file in the format of jieba's user dictionaries, adds words of your own to jieba's. The turns of a
//! dialogue count together, with a line break between two.
//!
//! Where a rule has it put in, it measures the *groups* of signals that somebody reads: rules, the output's `signals`, a
//! choice between rows; `docs/quality.md` lists the groups. Written into a recipe it measures all of them, to be looked at
//! with `corpus why` and set limits on without measuring again; `signals = "used"` has it measure what is read alone. A
//! limit on a signal of another group then has the texts measured once more, and `corpus plan` says so.
//!
//! # Example
//! ```toml
//! [[stage]]
//! run  = "quality"
//! unit = "words"
//!
//! [[stage]]
//! run         = "keep"
//! ended_chars = { min = 0.2 }
//! dup_5_gram  = { max = 0.2 }
//! ```
//!
//! # Limits
//! In characters `top_2_gram` to `top_4_gram` and `dup_5_gram` to `dup_9_gram` have no value: so few characters are a word
//! or two. With words measuring takes longer, for jieba cuts the text first. A text of more than 4 MiB is judged by its
//! first 4 MiB. The lists of words are short, and know the mainland's spam best.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::Result;
use crate::stages::resources::{Need, Resource};
use crate::stages::{
    Column, Entry, Kind, Measure, RowWork, SignalEntry, Stage, Value, build, dictionary, measuring, signal_with,
};
use crate::text::quality::signal::{COUNT, Group, Groups, SIGNALS};
use crate::text::quality::{LONGEST, Meter};
use crate::text::substrings::joined;
use crate::text::words::{self, Dictionary};

/// What Chinese is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Characters without white space: fast, and enough for most rules.
    #[default]
    Characters,
    /// Words as jieba cuts them: what published thresholds for n-grams and word lengths are of.
    Words,
}

/// Which signals are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signals {
    /// All of them: whatever is looked at later is there.
    #[default]
    All,
    /// Those that the recipe reads, and what is found together with them.
    Used,
}

/// Options of `quality`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quality {
    /// What Chinese is counted in.
    pub unit: Unit,
    /// With `unit = "words"`: the file of words of your own; relative to the recipe's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dictionary: Option<String>,
    /// Which signals are measured.
    pub signals: Signals,
    /// Of `signals = "used"`, once it is known who reads what: the groups that are measured.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
}

impl Quality {
    /// The options, if they can be meant.
    fn checked(self) -> Result<Self, String> {
        if self.dictionary.is_some() && self.unit != Unit::Words {
            return Err("`dictionary` is for `unit = \"words\"` alone: characters need none".into());
        }
        Ok(self)
    }

    /// The groups that are measured; all, as long as it is not known which are read.
    fn groups(&self) -> Groups {
        self.groups.as_ref().map_or(Groups::ALL, |groups| groups.iter().copied().collect())
    }
}

const fn kind(count: bool) -> Kind {
    if count { Kind::Int } else { Kind::Float }
}

impl Stage for Quality {
    fn columns(&self) -> Vec<Column> {
        self.groups().signals().map(|(_, s)| Column::signal(s.name, kind(s.count))).collect()
    }

    fn for_readers(&self, read: &dyn Fn(&str) -> bool) -> Option<Json> {
        if self.signals == Signals::All {
            return None;
        }
        let mut groups: Vec<Group> = SIGNALS.iter().filter(|s| read(s.name)).map(|s| s.group).collect();
        groups.sort_unstable();
        groups.dedup();
        serde_json::to_value(Quality { groups: Some(groups), ..self.clone() }).ok()
    }

    fn needs(&self) -> Vec<Need> {
        dictionary::needs(self.dictionary.as_ref())
    }

    fn check(&self, files: &[Resource]) -> Result<()> {
        dictionary::of(files).map(drop)
    }

    fn row_work(&self, files: &[Resource]) -> Result<Option<Box<dyn RowWork>>> {
        let (unit, groups, meter) = (self.unit, self.groups(), Meter::default());
        let work = Measuring { unit, dictionary: dictionary::of(files)?, groups, meter };
        Ok(measuring(self.columns(), work))
    }
}

/// The work of one thread.
struct Measuring {
    unit: Unit,
    dictionary: Option<Arc<Dictionary>>,
    groups: Groups,
    meter: Meter,
}

impl Measure for Measuring {
    fn measure(&mut self, texts: &[&str], out: &mut Vec<Value>) {
        let text = joined(texts);
        // Words are counted where all else is.
        let text = &text[..text.floor_char_boundary(LONGEST)];
        let of_words = [Group::Units, Group::Grams].iter().any(|group| self.groups.has(*group));
        let words = (self.unit == Unit::Words && of_words).then(|| match &self.dictionary {
            Some(own) => own.split(text),
            None => words::split(text),
        });
        let values = self.meter.measure_some(text, words.as_deref(), self.groups);
        out.extend(self.groups.signals().map(|(number, about)| match values.0[number] {
            value if value.is_nan() => Value::Null,
            value if about.count => Value::Int(value as i64),
            value => Value::Float(value),
        }));
    }
}

/// The signals, for the registry.
static ENTRIES: [SignalEntry; COUNT] = {
    let mut entries = [const { signal_with("", Kind::Float, "") }; COUNT];
    let mut at = 0;
    while at < COUNT {
        entries[at] = signal_with(SIGNALS[at].name, kind(SIGNALS[at].count), SIGNALS[at].about);
        at += 1;
    }
    entries
};

/// The entry of this stage.
pub const ENTRY: Entry = Entry::new(
    "quality",
    "measure",
    "signals of quality: Gopher's, C4's, FineWeb's, Data-Juicer's, and those of Chinese",
    include_str!("mod.rs"),
    || schemars::schema_for!(Quality),
    |json| build(json, Quality::checked),
)
.signals(&ENTRIES)
.implied_with(|| json!({"signals": "used"}));

/// The page of signals, `docs/quality.md`.
pub fn page() -> String {
    let mut page = include_str!("head.md").to_owned();
    for about in SIGNALS {
        let of = if about.count { "count" } else { "number" };
        let group = serde_json::to_value(about.group).unwrap_or_default();
        let group = group.as_str().unwrap_or_default();
        page.push_str(&format!("| `{}` | {of} | {group} | {} |\n", about.name, about.about.replace('|', "\\|")));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(unit: Unit, texts: &[&str]) -> Vec<Value> {
        let mut out = Vec::new();
        let groups = Groups::ALL;
        Measuring { unit, dictionary: None, groups, meter: Meter::default() }.measure(texts, &mut out);
        out
    }

    #[test]
    fn what_is_read_is_measured_with_what_is_found_beside_it() {
        let read = |name: &str| name == "ended_chars" || name == "char_dup_13";
        assert_eq!(Quality::default().for_readers(&read), None);
        let used = Quality { signals: Signals::Used, unit: Unit::Words, ..Quality::default() };
        assert_eq!(used.columns().len(), COUNT);
        let options = used.for_readers(&read).unwrap();
        assert_eq!(options, json!({"unit": "words", "signals": "used", "groups": ["lines", "thirteens"]}));
        let stage: Quality = serde_json::from_value(options).unwrap();
        let names: Vec<_> = stage.columns().into_iter().map(|c| c.name).collect();
        assert!(names.iter().any(|n| n == "list_lines") && names.iter().all(|n| n != "units"), "{names:?}");
        let mut out = Vec::new();
        let meter = Meter::default();
        Measuring { unit: stage.unit, dictionary: None, groups: stage.groups(), meter }
            .measure(&["好。\n好"], &mut out);
        assert_eq!((out.len(), &out[0]), (names.len(), &Value::Int(2)));
        assert!(used.for_readers(&|_| false).is_some_and(|o| o["groups"] == json!([])));
    }

    #[test]
    fn one_value_a_column() {
        let stage = Quality::default();
        let at = |name: &str| stage.columns().iter().position(|c| c.name == name).unwrap();
        let values = measured(Unit::Characters, &["我们走在路上。", "他们也来了。"]);
        assert_eq!(values.len(), stage.columns().len());
        assert_eq!((&values[at("units")], &values[at("lines")]), (&Value::Int(13), &Value::Int(2)));
        assert_eq!((&values[at("ended_lines")], &values[at("top_2_gram")]), (&Value::Float(1.0), &Value::Null));
        let values = measured(Unit::Words, &["我们走在路上。"]);
        assert_eq!(values[at("units")], Value::Int(4));
        assert!(matches!(values[at("top_2_gram")], Value::Float(_)));
        // Of a long text the beginning is measured, in words as well.
        let long = "word\n".repeat(LONGEST / 5 + 9);
        for unit in [Unit::Characters, Unit::Words] {
            assert_eq!(measured(unit, &[&long])[at("units")], Value::Int(LONGEST as i64 / 5 + 1));
        }
        assert_eq!(ENTRIES[at("code_ratio")].name, "code_ratio");
    }
}
