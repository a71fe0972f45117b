//! The stages and exports of a recipe, as `corpus plan` shows them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::table;
use crate::messages::said;
use crate::recipe::{Ids, Recipe, Step, Template};
use crate::rows::Use;
use crate::rows::split::Split;
use crate::stages;
use crate::text::figures::count;

/// The kind of a stage, by its word.
pub fn kind(run: &str) -> &'static str {
    stages::entry(run).map_or("", |e| e.kind)
}

/// The stages of a recipe; nothing where it has none.
pub fn stages_table(recipe: &Recipe, columns: usize) -> String {
    let words = |words: &[&str]| words.iter().map(|w| said(w).into_owned()).collect::<Vec<_>>();
    let mut rows = vec![words(&["#", "stage", "runs", "kind", "options"])];
    rows.extend(recipe.stages.iter().zip(1..).map(|(step, n)| {
        let only = serde_json::to_value(&step.only).unwrap_or_default();
        let only: Vec<String> = only
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, v)| v.as_array().is_some_and(|v| !v.is_empty()))
            .map(|(k, v)| said(&format!("only {k} {v}")).into_owned())
            .collect();
        let options = [vec![step.options.to_string()], only].concat().join(" ");
        let options = if options == "{}" { String::new() } else { options };
        vec![n.to_string(), step.name.clone(), step.run.clone(), said(kind(&step.run)).into_owned(), options]
    }));
    if rows.len() > 1 { format!("\n{}", table::table(&rows, 2, columns)) } else { String::new() }
}

/// The stages of a recipe, for machines.
pub fn stages_json(recipe: &Recipe) -> Vec<Json> {
    let stage =
        |s: &Step| json!({"name": s.name, "run": s.run, "kind": kind(&s.run), "only": s.only, "options": s.options});
    recipe.stages.iter().map(stage).collect()
}

/// The rows that a recipe holds out, by split and use, of so many kept rows of each use.
pub fn held_out(recipe: &Recipe, kept: &BTreeMap<Use, u64>) -> Vec<(Split, Use, u64)> {
    let mut all = Vec::new();
    for step in recipe.stages.iter().filter(|step| stages::table(&step.run).is_some()) {
        for split in Split::HELD_OUT {
            let rows = |all: u64| match &step.options[split.as_str()] {
                Json::Number(rows) if rows.is_u64() => rows.as_u64(),
                Json::Number(share) => share.as_f64().map(|share| ((share * all as f64).round() as u64).max(1)),
                _ => None,
            };
            let some = kept.iter().filter(|kept| *kept.1 > 0);
            all.extend(some.filter_map(|(usage, kept)| Some((split, *usage, rows(*kept)?.min(*kept)))));
        }
    }
    all
}

/// The same as a table; nothing where nothing is held out.
pub fn splits_table(held_out: &[(Split, Use, u64)], columns: usize) -> String {
    let mut rows = vec![["split", "use", "about"].map(str::to_owned).to_vec()];
    rows.extend(held_out.iter().map(|(split, usage, rows)| vec![split.to_string(), usage.to_string(), count(*rows)]));
    if rows.len() > 1 { format!("\n{}", table::table(&rows, 2, columns)) } else { String::new() }
}

/// The exports of a recipe; nothing where it has none.
pub fn exports_table(recipe: &Recipe, columns: usize) -> String {
    let mut rows = vec![["export", "uses", "to", ""].map(|w| said(w).into_owned()).to_vec()];
    rows.extend(recipe.exports.iter().map(|export| {
        let uses = if export.usage.is_empty() { export.takes() } else { &export.usage };
        let uses: Vec<&str> = uses.iter().map(|u| u.as_str()).collect();
        let strict = export.strict.then(|| "strict".to_owned());
        let split = export.split.map(|split| split.to_string());
        let how: Vec<String> = [split, export.ids.as_ref().map(made_by), strict].into_iter().flatten().collect();
        vec![export.to.clone(), uses.join(", "), export.out.clone(), how.join(", ")]
    }));
    if rows.len() > 1 { format!("\n{}", table::table(&rows, 2, columns)) } else { String::new() }
}

/// What token ids are made by, in a few words.
fn made_by(ids: &Ids) -> String {
    let length = ids.seq_length.map(|length| format!("sequences of {}", count(length.into())));
    let packing = ids.packing.map(|packing| packing.as_str().to_owned());
    let eos = ids.eos.as_ref().map(|eos| format!("ends with {eos}"));
    let template = ids.template.as_ref().map(|template| match template {
        Template::Beside(_) => "written by its template".to_owned(),
        Template::File(file) => format!("written by {file}"),
    });
    [Some(ids.tokenizer.clone()), template, length, packing, eos].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
