//! `corpus plan` before there is data: what cards tell of it, and the command that fetches it.

use serde_json::{Value as Json, json};

use super::plan_stages::{stages_json, stages_table};
use super::ready::Missing;
use super::{Context, Format, table, ui};
use crate::Result;
use crate::catalog::{Card, Catalog};
use crate::messages::said;
use crate::pipeline::inputs::find;
use crate::pipeline::usage::{count, size};
use crate::recipe::{Recipe, Source};
use crate::text::figures::plural;

/// What is known of a source.
struct Known {
    name: String,
    usage: Option<crate::rows::Use>,
    /// Files that are here; none where it is to be fetched.
    files: Option<u64>,
    bytes: Option<u64>,
    rows: Option<u64>,
    license: String,
}

/// Tells what cards tell.
///
/// # Errors
///
/// As [`Catalog::load`] and [`Catalog::find`].
pub fn run(context: &Context, recipe: &Recipe, missing: &Missing) -> Result<()> {
    let catalog = Catalog::load(None)?;
    let known = recipe.sources.iter().map(|s| known(recipe, &catalog, s, missing)).collect::<Result<Vec<_>>>()?;
    if context.format == Format::Json {
        let sources: Vec<Json> = known
            .iter()
            .map(|k| json!({"name": k.name, "use": k.usage, "files": k.files, "bytes": k.bytes, "rows": k.rows, "license": k.license}))
            .collect();
        let document = json!({"v": 1, "recipe": recipe.name, "finished": false, "sources": sources,
            "stages": stages_json(recipe), "jobs": [], "estimate": null, "missing": missing.lacking});
        return super::print(&format!("{document}\n"));
    }
    super::print(&text(recipe, &known, missing))?;
    for command in missing.lacking.commands() {
        ui::say(context, &format!("next: `{command}`"));
    }
    Ok(())
}

fn known(recipe: &Recipe, catalog: &Catalog, source: &Source, missing: &Missing) -> Result<Known> {
    let card: Option<&Card> = source.card.as_ref().and_then(|c| catalog.get(&c.card));
    let part = card.zip(source.card.as_ref()).and_then(|(card, of)| card.part(of.part.as_deref()?));
    let (mut files, mut bytes) =
        (None, card.zip(part).map(|(c, p)| c.bytes_of([p.name.as_str()]).0).filter(|b| *b > 0));
    if !missing.lacks(source) {
        let found = find(recipe, source)?.files;
        bytes = Some(found.iter().filter_map(|f| std::fs::metadata(&f.1).ok()).map(|m| m.len()).sum());
        files = Some(found.len() as u64);
    }
    // A card of one part may tell its rows as a whole.
    let alone = card.filter(|c| c.part.len() == 1).and_then(|c| c.rows);
    let rows = part.and_then(|p| p.rows).or(alone);
    Ok(Known {
        name: source.name.clone(),
        usage: source.usage,
        files,
        bytes,
        rows: source.limit.map_or(rows, |limit| Some(rows.map_or(limit, |r| r.min(limit)))),
        license: source.license.clone().unwrap_or_default(),
    })
}

fn text(recipe: &Recipe, known: &[Known], missing: &Missing) -> String {
    let columns = table::terminal();
    let (sources, stages) =
        (plural(recipe.sources.len() as u64, "source"), plural(recipe.stages.len() as u64, "stage"));
    let mut text = format!("{} · {}\n", recipe.name, said(&format!("{sources} · {stages}")));
    let mut rows = vec![["source", "use", "files", "size", "rows", "licence"].map(|w| said(w).into_owned()).to_vec()];
    rows.extend(known.iter().map(|k| {
        let about = |text: String| if k.files.is_some() { text } else { format!("~{text}") };
        vec![
            k.name.clone(),
            k.usage.map_or(String::new(), |u| u.to_string()),
            k.files.map_or_else(|| said("to fetch").into_owned(), count),
            k.bytes.map_or_else(|| "?".into(), |b| about(size(b))),
            k.rows.map_or_else(|| "?".into(), |r| format!("~{}", count(r))),
            k.license.clone(),
        ]
    }));
    text += &format!("\n{}", table::table(&rows, 2, columns));
    text += &stages_table(recipe, columns);
    text += &format!("\n{}\n", missing.headline());
    missing.lacking.lines().iter().for_each(|line| text += &format!("  {}\n", said(line)));
    let later =
        "Sizes and rows are those of the cards; what is kept, time and disk are estimated once the data is there.";
    text + &format!("{}\n", said(later))
}
