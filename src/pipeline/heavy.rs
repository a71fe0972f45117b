//! Rules that take more than half of what reaches them: seldom meant, and easily overlooked in a funnel.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::output::take::NOT_SAMPLED;
use crate::recipe::{MIX_STAGE, Recipe, Step};
use crate::rows::Use;
use crate::stages::{self, Takes};

/// Rows that have to reach a rule before its share says anything.
const LEAST: u64 = 20;

/// A rule that takes more than half of the rows that reach it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heavy {
    /// The stage, by its name in the recipe; none where it is all stages together that take more than half of a source.
    pub stage: Option<String>,
    /// The reason word of the rows that go; of all stages together, the one of most of them.
    pub reason: String,
    /// The source it is so of; none where it is so of all sources together.
    pub source: Option<String>,
    /// Rows that go.
    pub rows: u64,
    /// Rows that reach the rule.
    pub reached: u64,
    /// The rule as the recipe has it, where it is one of a `keep`: `han_ratio = { min = 0.4 }`.
    pub rule: Option<String>,
}

impl Heavy {
    /// The share that goes.
    pub fn share(&self) -> f64 {
        self.rows as f64 / self.reached.max(1) as f64
    }
}

/// Rows of a source that a stage drops for a reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost<'a> {
    /// The stage.
    pub stage: &'a str,
    /// The reason word.
    pub reason: &'a str,
    /// The source.
    pub source: &'a str,
    /// How many.
    pub rows: u64,
}

/// A source, as far as rules are concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached<'a> {
    /// Its name.
    pub name: &'a str,
    /// The uses of its rows.
    pub uses: Vec<Use>,
    /// Rows that could be read.
    pub rows: u64,
}

/// Rules of a recipe that take more than half of what reaches them: of all rows, else of the rows of a source, each said
/// once; and sources of which no single rule, but all together take more than half. Stages that draw rows are left out:
/// they take what they are told to.
pub fn heavy(recipe: &Recipe, sources: &[Reached<'_>], lost: &[Lost<'_>]) -> Vec<Heavy> {
    let mut alive: BTreeMap<&str, u64> = sources.iter().map(|s| (s.name, s.rows)).collect();
    let named = |stage: &str| recipe.stages.iter().any(|s| s.name == stage);
    // What formats set aside, and rows without text, are dropped before the first stage.
    for line in lost.iter().filter(|l| !named(l.stage)).filter(|l| l.stage != MIX_STAGE) {
        take(&mut alive, line);
    }
    let (mut all, mut begin) = (Vec::new(), alive.clone());
    for step in &recipe.stages {
        let mut here: Vec<&Lost<'_>> = lost.iter().filter(|l| l.stage == step.name).collect();
        here.sort_by_key(|l| place(l.reason));
        if here.iter().all(|line| line.reason == NOT_SAMPLED) {
            here.iter().for_each(|line| {
                take(&mut alive, line);
                take(&mut begin, line);
            });
            continue;
        }
        let mut reasons: Vec<&str> = here.iter().map(|l| l.reason).collect();
        reasons.dedup();
        for reason in reasons {
            let dropped: Vec<&Lost<'_>> = here.iter().copied().filter(|l| l.reason == reason).collect();
            all.extend(rule(step, reason, sources, &alive, &dropped));
            dropped.iter().for_each(|line| take(&mut alive, line));
        }
    }
    for source in sources {
        let said = |h: &Heavy| h.source.as_deref().is_none_or(|s| s == source.name);
        let (reached, left) = (begin[source.name], alive[source.name]);
        if all.iter().any(said) || !over_half(reached - left, reached) {
            continue;
        }
        let most = lost
            .iter()
            .filter(|l| l.source == source.name && named(l.stage))
            .max_by_key(|l| (l.rows, Reverse(l.reason)));
        let reason = most.map(|l| l.reason.to_owned()).unwrap_or_default();
        let source = Some(source.name.to_owned());
        all.push(Heavy { stage: None, reason, source, rows: reached - left, reached, rule: None });
    }
    all
}

/// One rule of a stage: over all sources that it looks at, else over those of which it takes more than half.
fn rule(
    step: &Step,
    reason: &str,
    sources: &[Reached<'_>],
    alive: &BTreeMap<&str, u64>,
    dropped: &[&Lost<'_>],
) -> Vec<Heavy> {
    let counts = sources.iter().filter(|s| applies(step, s)).map(|s| {
        let rows: u64 = dropped.iter().filter(|l| l.source == s.name).map(|l| l.rows).sum();
        (s.name, rows, alive[s.name])
    });
    let counts: Vec<(&str, u64, u64)> = counts.collect();
    let (rows, reached) = counts.iter().fold((0, 0), |sum, c| (sum.0 + c.1, sum.1 + c.2));
    let of = |source: Option<&str>, rows, reached| Heavy {
        stage: Some(step.name.clone()),
        reason: reason.to_owned(),
        source: source.map(str::to_owned),
        rows,
        reached,
        rule: limits(step, reason),
    };
    let several = counts.iter().filter(|c| c.2 > 0).count() > 1;
    if over_half(rows, reached) {
        let only = if several { None } else { counts.iter().find(|c| c.2 > 0).map(|c| c.0) };
        return vec![of(only, rows, reached)];
    }
    counts.iter().filter(|c| over_half(c.1, c.2)).map(|c| of(Some(c.0), c.1, c.2)).collect()
}

fn over_half(rows: u64, reached: u64) -> bool {
    reached >= LEAST && rows * 2 > reached
}

fn take(alive: &mut BTreeMap<&str, u64>, line: &Lost<'_>) {
    if let Some(rows) = alive.get_mut(line.source) {
        *rows = rows.saturating_sub(line.rows);
    }
}

/// Whether a stage looks at rows of a source; of which language they are is not known here.
fn applies(step: &Step, source: &Reached<'_>) -> bool {
    let part = |name: &String| name.split_once('/').map_or(name.as_str(), |n| n.0) == source.name;
    (step.only.usage.is_empty() || step.only.usage.iter().any(|u| source.uses.contains(u)))
        && (step.only.source.is_empty() || step.only.source.iter().any(|n| n == source.name || part(n)))
}

/// Where a rule stands among those of its `keep`, which judges by signal, `min` before `max`.
fn place(reason: &str) -> (String, u8, String) {
    let (signal, side) = reason.rsplit_once('_').unwrap_or((reason, ""));
    let side = ["min", "max", "in"].iter().position(|s| *s == side).unwrap_or(3) as u8;
    (signal.to_owned(), side, reason.to_owned())
}

/// The rule as the recipe has it.
fn limits(step: &Step, reason: &str) -> Option<String> {
    let (signal, side) =
        reason.rsplit_once('_').filter(|_| stages::entry(&step.run).is_some_and(|e| e.takes == Takes::Rules))?;
    let limit = step.options.get(signal)?.get(side)?;
    let shown = match limit {
        // 100 is written, where `100.0` is held.
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |n| n.to_string()),
        other => other.to_string(),
    };
    Some(format!("{signal} = {{ {side} = {shown} }}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn recipe(stages: &str) -> Recipe {
        let source = |name: &str| format!("[[source]]\nname='{name}'\npath=['{name}.jsonl']\nuse='pretrain'\n");
        let text = format!("name='h'\n{}{}{stages}", source("a"), source("b"));
        crate::recipe::read(&text, Path::new("h.toml"), Path::new("."), &[]).unwrap()
    }

    fn sources(a: u64, b: u64) -> [Reached<'static>; 2] {
        [("a", a), ("b", b)].map(|(name, rows)| Reached { name, uses: vec![Use::Pretrain], rows })
    }

    fn lost(lines: &[(&'static str, &'static str, &'static str, u64)]) -> Vec<Lost<'static>> {
        lines.iter().map(|(stage, reason, source, rows)| Lost { stage, reason, source, rows: *rows }).collect()
    }

    const STAGES: &str = "[[stage]]\nrun='sample'\nshare=0.5\n\
        [[stage]]\nrun='keep'\nname='basics'\nchars={min=50,max=900}\nhan_ratio={min=0.4}\n\
        [[stage]]\nrun='exact_dedup'\nonly={source=['a']}\n";

    type Said<'a> = (Option<&'a str>, &'a str, Option<&'a str>, u64, u64);

    fn said(heavy: &[Heavy]) -> Vec<Said<'_>> {
        let one = |h: &'_ Heavy| (h.rows, h.reached);
        heavy.iter().map(|h| (h.stage.as_deref(), h.reason.as_str(), h.source.as_deref(), one(h).0, one(h).1)).collect()
    }

    #[test]
    fn a_rule_is_measured_by_what_reaches_it() {
        let recipe = recipe(STAGES);
        // 40 rows have no text, half of the rest is not drawn: neither counts.
        let lines = [
            ("read", "empty", "a", 40),
            ("sample", "not_sampled", "a", 80),
            ("sample", "not_sampled", "b", 100),
            ("basics", "han_ratio_min", "a", 41),
            ("basics", "han_ratio_min", "b", 50),
            ("basics", "chars_min", "a", 20),
            ("basics", "chars_max", "b", 10),
            ("mix", "not_sampled", "b", 30),
        ];
        let found = heavy(&recipe, &sources(200, 200), &lost(&lines));
        // 80 and 100 rows reach the stage, 60 and 90 the rule.
        assert_eq!(said(&found), [(Some("basics"), "han_ratio_min", None, 91, 150)]);
        assert_eq!(found[0].rule.as_deref(), Some("han_ratio = { min = 0.4 }"));
    }

    #[test]
    fn a_source_may_be_alone_with_it_or_lose_by_all_together() {
        let recipe = recipe(STAGES);
        let lines =
            [("basics", "chars_min", "a", 51), ("basics", "chars_min", "b", 30), ("basics", "han_ratio_min", "b", 30)];
        let found = heavy(&recipe, &sources(100, 110), &lost(&lines));
        let b = (None, "chars_min", Some("b"), 60, 110);
        assert_eq!(said(&found), [(Some("basics"), "chars_min", Some("a"), 51, 100), b]);
        // A stage that looks at one source is measured by that one.
        let found = heavy(&recipe, &sources(100, 1000), &lost(&[("exact_dedup", "exact_duplicate", "a", 51)]));
        assert_eq!(said(&found), [(Some("exact_dedup"), "exact_duplicate", Some("a"), 51, 100)]);
        assert_eq!(found[0].rule, None);
    }

    #[test]
    fn half_and_few_rows_are_nothing() {
        let recipe = recipe(STAGES);
        assert_eq!(heavy(&recipe, &sources(100, 0), &lost(&[("basics", "chars_min", "a", 50)])), []);
        assert_eq!(heavy(&recipe, &sources(19, 0), &lost(&[("basics", "chars_min", "a", 19)])), []);
    }
}
