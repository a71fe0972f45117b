//! The gates of a recipe judged by what a build says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::heavy::Lost;
use crate::output::take::NOT_SAMPLED;
use crate::recipe::Recipe;
use crate::recipe::gates::{ALL, Gates, looks_for_evaluation};
use crate::stages::CONTAMINATED;

/// A gate, and whether the build passes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The key of `[gates]`: `max_dropped`.
    pub gate: String,
    /// What of it is looked at: a reason, a stage, a language; none where the key says all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The limit: rows, characters, tokens, or a share of rows.
    pub limit: f64,
    /// What the build has.
    pub value: f64,
    /// Whether the value is on the right side of the limit, or equal to it.
    pub passed: bool,
}

impl Judged {
    /// The gate as a recipe has it: `max_dropped.near_duplicate`.
    pub fn name(&self) -> String {
        self.of.as_ref().map_or_else(|| self.gate.clone(), |of| format!("{}.{of}", self.gate))
    }

    /// Whether limit and value are shares.
    pub fn is_share(&self) -> bool {
        self.of.is_some()
    }
}

/// What gates are judged by.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// Rows that could be read.
    pub readable: u64,
    /// Rows that are kept.
    pub rows: u64,
    /// Characters that are kept.
    pub chars: u64,
    /// Tokens that are kept.
    pub tokens: u64,
    /// What was dropped.
    pub lost: Vec<Lost<'a>>,
    /// Stage, and kept rows that it cut something out of.
    pub cut: Vec<(&'a str, u64)>,
    /// Kept rows by language; only where a gate asks for it.
    pub languages: BTreeMap<String, u64>,
}

/// Every gate of a recipe, in the order of the list that explains them.
pub fn judge(recipe: &Recipe, gates: &Gates, facts: &Facts<'_>) -> Vec<Judged> {
    let mut all = Vec::new();
    let least = |gate: &str, limit: Option<u64>, value: u64| {
        let judged = |limit: u64| Judged {
            gate: gate.to_owned(),
            of: None,
            limit: limit as f64,
            value: value as f64,
            passed: value >= limit,
        };
        limit.map(judged)
    };
    all.extend(least("min_rows", gates.min_rows, facts.rows));
    all.extend(least("min_chars", gates.min_chars, facts.chars));
    all.extend(least("min_tokens", gates.min_tokens, facts.tokens));
    let share = |rows: u64, of: u64| if of == 0 { 0.0 } else { rows as f64 / of as f64 };
    for (language, limit) in &gates.min_language {
        let rows = facts.languages.get(language).copied().unwrap_or(0);
        let (value, of) = (share(rows, facts.rows), Some(language.clone()));
        all.push(Judged { gate: "min_language".into(), of, limit: *limit, value, passed: value >= *limit });
    }
    for (word, limit) in &gates.max_dropped {
        let dropped: u64 = facts.lost.iter().filter(|lost| counts(lost, word)).map(|lost| lost.rows).sum();
        let (value, of) = (share(dropped, facts.readable), Some(word.clone()));
        all.push(Judged { gate: "max_dropped".into(), of, limit: *limit, value, passed: value <= *limit });
    }
    all.extend(gates.max_evaluation_hits.map(|limit| {
        let hits = evaluation_hits(recipe, facts);
        let (limit, value, passed) = (limit as f64, hits as f64, hits <= limit);
        Judged { gate: "max_evaluation_hits".into(), of: None, limit, value, passed }
    }));
    all
}

/// Whether rows that went count for a word of `max_dropped`. What a sample or a mix leaves out is no loss, unless it is
/// named.
fn counts(lost: &Lost<'_>, word: &str) -> bool {
    match word {
        ALL => lost.reason != NOT_SAMPLED,
        word => lost.reason == word || lost.stage == word,
    }
}

/// Rows that hold text of an evaluation set: those that went for it, and those that lost it.
fn evaluation_hits(recipe: &Recipe, facts: &Facts<'_>) -> u64 {
    let looks = |stage: &str| recipe.stages.iter().any(|step| step.name == stage && looks_for_evaluation(step));
    let whole = facts.lost.iter().filter(|lost| lost.reason == CONTAMINATED && looks(lost.stage)).map(|lost| lost.rows);
    let cut = facts.cut.iter().filter(|cut| looks(cut.0)).map(|cut| cut.1);
    whole.chain(cut).sum()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::functions::judge::READ;

    fn recipe(more: &str) -> Recipe {
        let text = format!("name='r'\n[[source]]\nname='d'\npath='d.jsonl'\n{more}");
        crate::recipe::read(&text, Path::new("r.toml"), Path::new("."), &[]).unwrap()
    }

    fn lost(stage: &'static str, reason: &'static str, rows: u64) -> Lost<'static> {
        Lost { stage, reason, source: "d", rows }
    }

    #[test]
    fn each_gate_is_judged_by_its_own_figure() {
        let recipe = recipe(
            "[[stage]]\nrun='decontaminate'\nagainst=['e.jsonl']\naction='cut'\n[[stage]]\nrun='near_dedup'\n\
             [[stage]]\nrun='keep'\nchars={min=5}\n[[stage]]\nrun='sample'\nshare=0.5\n\
             [gates]\nmin_rows=50\nmin_chars=1000\nmin_language={chinese=0.9}\nmax_evaluation_hits=3\n\
             max_dropped={all=0.25,near_duplicate=0.05,keep=0.1,read=0,not_sampled=0.1}\n",
        );
        let facts = Facts {
            readable: 100,
            rows: 50,
            chars: 999,
            lost: vec![
                lost(READ, "empty", 1),
                lost("near_dedup", "near_duplicate", 5),
                lost("keep", "chars_min", 11),
                lost("decontaminate", CONTAMINATED, 2),
                lost("sample", NOT_SAMPLED, 31),
            ],
            cut: vec![("decontaminate", 2), ("other", 40)],
            languages: BTreeMap::from([("zh".into(), 45), ("en".into(), 5)]),
            ..Facts::default()
        };
        let judged = judge(&recipe, recipe.gates.as_ref().unwrap(), &facts);
        let found: Vec<_> = judged.iter().map(|g| (g.name(), g.value, g.passed)).collect();
        let expected = [
            ("min_rows", 50.0, true),
            ("min_chars", 999.0, false),
            ("min_language.zh", 0.9, true),
            ("max_dropped.all", 0.19, true),
            ("max_dropped.keep", 0.11, false),
            ("max_dropped.near_duplicate", 0.05, true),
            ("max_dropped.not_sampled", 0.31, false),
            ("max_dropped.read", 0.01, false),
            ("max_evaluation_hits", 4.0, false),
        ];
        assert_eq!(found, expected.map(|(name, value, passed)| (name.to_owned(), value, passed)));
        // The word of a recipe is the one of the funnel.
        assert_eq!(READ, crate::recipe::gates::READ);
    }

    #[test]
    fn nothing_read_is_nothing_lost() {
        let recipe = recipe("[gates]\nmax_dropped=0\nmin_language={zh=0.5}\n");
        let judged = judge(&recipe, recipe.gates.as_ref().unwrap(), &Facts::default());
        assert_eq!(judged.iter().map(|g| g.passed).collect::<Vec<_>>(), [false, true]);
    }
}
