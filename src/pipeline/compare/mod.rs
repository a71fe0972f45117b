//! Two builds compared: what was read, what the recipes say, what each stage let through and why rows went, and which
//! rows were gained and lost.

pub mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::pipeline::publish::manifest::{Manifest, SourceLine, StageLine};
use crate::stages::rule::{Rule, number};
use rows::{Group, Move, Options, Texts};

/// A build that is compared.
#[derive(Clone, Copy)]
pub struct Build<'b> {
    /// Its output folder.
    pub folder: &'b Path,
    /// Its manifest.
    pub manifest: &'b Manifest,
}

/// A build, in a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Its folder, as it was named.
    pub folder: String,
    /// The recipe's name.
    pub recipe: String,
    /// The recipe's fingerprint.
    pub fingerprint: String,
    /// The version of corpus that made it.
    pub version: String,
}

/// A number in both builds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Total {
    /// What is counted: `read`, `added`, `kept`, `dropped`, `unreadable`, `kept_chars`.
    pub what: &'static str,
    /// The number in each.
    pub of: [u64; 2],
}

/// A stage, and the rows before and behind it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageChange {
    /// Its name.
    pub name: String,
    /// The word that it is called by in recipes.
    pub run: String,
    /// Rows that reach it, in each build; none where a build does not have it.
    pub rows_in: [Option<u64>; 2],
    /// Rows that it lets through.
    pub rows_out: [Option<u64>; 2],
    /// Limits that differ.
    pub limits: Vec<LimitChange>,
    /// Whether its options, files or rows differ, where both builds have it and say so.
    pub differs: bool,
}

/// A limit that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LimitChange {
    /// The signal.
    pub signal: String,
    /// `min`, `max` or `in`.
    pub side: &'static str,
    /// The limit in each build.
    pub of: [Option<String>; 2],
}

/// Rows that go for one reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReasonChange {
    /// The stage.
    pub stage: String,
    /// The reason word.
    pub reason: String,
    /// Rows in each build.
    pub rows: [u64; 2],
}

/// Files of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceChange {
    /// The source.
    pub source: String,
    /// Rows read in each build; none where a build does not have it.
    pub read: [Option<u64>; 2],
    /// Rows kept in each build.
    pub kept: [Option<u64>; 2],
    /// Files that only the first build read.
    pub missing: Vec<String>,
    /// Files that only the second one read.
    pub new: Vec<String>,
    /// Files of the same name with other bytes.
    pub changed: Vec<String>,
}

/// Everything in which two builds differ, and what both have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The builds.
    pub builds: [Side; 2],
    /// Whether both are of the same recipe: its stages, output options and uses.
    pub same_recipe: bool,
    /// Whether stages that both have stand in the same order.
    pub same_order: bool,
    /// All rows.
    pub totals: Vec<Total>,
    /// The stages of both, in the order of the first build; those that only the second one has behind what they follow there.
    pub stages: Vec<StageChange>,
    /// Why rows went, those that differ most first.
    pub reasons: Vec<ReasonChange>,
    /// What was read.
    pub sources: Vec<SourceChange>,
    /// What is kept, by use, source and language.
    pub kept: Vec<Group>,
    /// Rows that both keep.
    pub both: u64,
    /// Rows that went another way.
    pub moves: Vec<Move>,
    /// Whether what both keep says the same, where that was asked.
    pub texts: Option<Texts>,
}

/// Compares two builds.
///
/// # Errors
///
/// As [`rows::compare`].
pub fn compare(a: Build<'_>, b: Build<'_>, options: &Options) -> Result<Comparison> {
    let rows = rows::compare([a.folder, b.folder], options)?;
    let side = |of: &Build<'_>| Side {
        folder: of.folder.display().to_string(),
        recipe: of.manifest.recipe.name.clone(),
        fingerprint: of.manifest.recipe.fingerprint.clone(),
        version: of.manifest.version.clone(),
    };
    let both = [a.manifest, b.manifest];
    Ok(Comparison {
        builds: [side(&a), side(&b)],
        same_recipe: a.manifest.recipe.fingerprint == b.manifest.recipe.fingerprint,
        same_order: same_order(&a.manifest.stages, &b.manifest.stages),
        totals: totals(both),
        stages: stages(&a.manifest.stages, &b.manifest.stages),
        reasons: reasons(both),
        sources: sources(both),
        kept: rows.groups,
        both: rows.both,
        moves: rows.moves,
        texts: rows.texts,
    })
}

fn totals(both: [&Manifest; 2]) -> Vec<Total> {
    let of = |what, count: fn(&Manifest) -> u64| Total { what, of: both.map(count) };
    vec![
        of("read", |m| m.totals.read),
        of("added", |m| m.totals.added),
        of("kept", |m| m.totals.kept),
        of("dropped", |m| m.totals.dropped),
        of("unreadable", |m| m.totals.unreadable),
        of("kept_chars", |m| m.kept_chars),
    ]
}

fn same_order(a: &[StageLine], b: &[StageLine]) -> bool {
    let shared = |of: &[StageLine], other: &[StageLine]| -> Vec<String> {
        let there = |stage: &&StageLine| other.iter().any(|o| o.name == stage.name);
        of.iter().filter(there).map(|stage| stage.name.clone()).collect()
    };
    shared(a, b) == shared(b, a)
}

/// The stages of both: each of the second build that the first one lacks stands behind the one that it follows.
fn stages(a: &[StageLine], b: &[StageLine]) -> Vec<StageChange> {
    let mut names: Vec<&str> = a.iter().map(|stage| stage.name.as_str()).collect();
    let mut behind = 0;
    for stage in b {
        match names.iter().position(|name| *name == stage.name) {
            Some(at) => behind = at + 1,
            None => {
                names.insert(behind, &stage.name);
                behind += 1;
            }
        }
    }
    let of = |name: &str| [a, b].map(|stages| stages.iter().find(|stage| stage.name == name));
    let change = |name: &str| {
        let both = of(name);
        let run = both.iter().flatten().next().map_or("", |stage| stage.run.as_str());
        StageChange {
            name: name.to_owned(),
            run: run.to_owned(),
            rows_in: both.map(|stage| stage.map(|s| s.rows_in)),
            rows_out: both.map(|stage| stage.map(|s| s.rows_out)),
            limits: match both {
                [Some(a), Some(b)] => limits(&a.rules, &b.rules),
                _ => Vec::new(),
            },
            differs: matches!(both, [Some(a), Some(b)] if a.fingerprint != b.fingerprint),
        }
    };
    names.into_iter().map(change).collect()
}

/// The limits that differ between two sets of rules.
fn limits(a: &BTreeMap<String, Rule>, b: &BTreeMap<String, Rule>) -> Vec<LimitChange> {
    type Limit = fn(&Rule) -> Option<String>;
    const SIDES: [(&str, Limit); 3] = [
        ("min", |rule| rule.min.map(number)),
        ("max", |rule| rule.max.map(number)),
        ("in", |rule| rule.any.as_ref().map(|words| words.join(", "))),
    ];
    let signals: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let mut found = Vec::new();
    for signal in signals {
        for (side, limit) in SIDES {
            let of = [a, b].map(|rules| rules.get(signal).and_then(limit));
            if of[0] != of[1] {
                found.push(LimitChange { signal: signal.clone(), side, of });
            }
        }
    }
    found
}

/// Reasons over all sources and uses; those that differ most first, then the greatest.
fn reasons(both: [&Manifest; 2]) -> Vec<ReasonChange> {
    let mut sums: BTreeMap<(&str, &str), [u64; 2]> = BTreeMap::new();
    for (side, manifest) in both.into_iter().enumerate() {
        for line in &manifest.reasons {
            sums.entry((&line.stage, &line.reason)).or_default()[side] += line.rows;
        }
    }
    let change = |((stage, reason), rows): ((&str, &str), [u64; 2])| ReasonChange {
        stage: stage.to_owned(),
        reason: reason.to_owned(),
        rows,
    };
    let mut all: Vec<ReasonChange> = sums.into_iter().map(change).collect();
    all.sort_by_key(|r| {
        (std::cmp::Reverse(r.rows[0].abs_diff(r.rows[1])), std::cmp::Reverse(r.rows[0].max(r.rows[1])))
    });
    all
}

fn sources(both: [&Manifest; 2]) -> Vec<SourceChange> {
    let mut names: Vec<&str> = Vec::new();
    for source in both.iter().flat_map(|manifest| &manifest.sources) {
        if !names.contains(&source.name.as_str()) {
            names.push(&source.name);
        }
    }
    let change = |name: &str| {
        let of = both.map(|manifest| manifest.sources.iter().find(|source| source.name == name));
        let sum = |count: fn(&SourceLine) -> u64| of.map(|source| source.map(count));
        let files = of.map(|source| {
            let lines = source.into_iter().flat_map(|source| &source.files);
            lines
                .map(|file| (file.path.as_str(), (&file.sha256, &file.e_tag, &file.version)))
                .collect::<BTreeMap<_, _>>()
        });
        let only = |one: usize| -> Vec<String> {
            let other = &files[1 - one];
            files[one].keys().filter(|path| !other.contains_key(*path)).map(|path| (*path).to_owned()).collect()
        };
        let other_bytes = |(path, is): &(&&str, &_)| files[1].get(*path).is_some_and(|other| other != *is);
        let changed = files[0].iter().filter(other_bytes).map(|file| (*file.0).to_owned()).collect();
        SourceChange {
            source: name.to_owned(),
            read: sum(|source| source.files.iter().map(|file| file.counts.read).sum()),
            kept: sum(|source| source.files.iter().map(|file| file.counts.kept).sum()),
            missing: only(0),
            new: only(1),
            changed,
        }
    };
    names.into_iter().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(name: &str, min: Option<f64>) -> StageLine {
        let rule = |min| ("chars".to_owned(), Rule { min: Some(min), ..Rule::default() });
        StageLine { name: name.into(), rules: min.map(rule).into_iter().collect(), ..StageLine::default() }
    }

    #[test]
    fn stages_of_both_stand_in_one_order() {
        let a = [stage("read", None), stage("keep", Some(50.0)), stage("exact_dedup", None)];
        let b = [stage("read", None), stage("words", None), stage("keep", Some(80.0)), stage("near", None)];
        let names: Vec<String> = stages(&a, &b).into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["read", "words", "keep", "near", "exact_dedup"]);
        let keep = &stages(&a, &b)[2];
        let of = [Some("50".to_owned()), Some("80".to_owned())];
        assert_eq!(keep.limits, [LimitChange { signal: "chars".into(), side: "min", of }]);
        assert!(same_order(&a, &b));
        assert!(!same_order(&a, &[stage("keep", None), stage("read", None)]));
    }
}
