//! The verdict on a build that is in its place: its gates, judged anew whenever it is asked for, and written down in
//! `build.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use parquet::arrow::ProjectionMask;

use super::manifest::Manifest;
use crate::Result;
use crate::output::parquet_files::open;
use crate::pipeline::gates::{Facts, Judged, judge};
use crate::recipe::Recipe;
use crate::rows::LANGUAGE;

/// Judges the gates of a recipe, and says in `build.json` what came of it.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) of the files of kept rows, which are read where a gate asks for languages, and of
/// `build.json`.
pub(crate) fn run(recipe: &Recipe, out: &Path, manifest: &mut Manifest) -> Result<()> {
    let judged = judged(recipe, manifest, &|shard| out.join(shard))?;
    if judged == manifest.gates {
        return Ok(());
    }
    manifest.gates = judged;
    manifest.write(&out.join("build.json"))
}

/// The gates of a recipe, judged by what a build says of itself, and by the files of its kept rows where languages count:
/// `place` is where a shard of that name is.
///
/// # Errors
///
/// What is said of reading them.
pub(crate) fn judged(recipe: &Recipe, manifest: &Manifest, place: &dyn Fn(&str) -> PathBuf) -> Result<Vec<Judged>> {
    let Some(gates) = &recipe.gates else { return Ok(Vec::new()) };
    let asked = !gates.min_language.is_empty();
    let facts = Facts {
        readable: manifest.totals.read.saturating_sub(manifest.totals.unreadable),
        rows: manifest.totals.kept,
        chars: manifest.kept_chars,
        tokens: manifest.kept_tokens().unwrap_or(0),
        lost: manifest.lost(),
        cut: manifest.cuts.iter().map(|line| (line.stage.as_str(), line.rows)).collect(),
        languages: if asked {
            languages(manifest.shards.iter().map(|shard| place(&shard.path)))?
        } else {
            BTreeMap::new()
        },
    };
    Ok(judge(recipe, gates, &facts))
}

/// Kept rows by language.
fn languages(files: impl Iterator<Item = PathBuf>) -> Result<BTreeMap<String, u64>> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for path in files {
        let reader = open(&path)?;
        let mask = ProjectionMask::columns(reader.parquet_schema(), [LANGUAGE]);
        for batch in reader.with_projection(mask).with_batch_size(8192).build()? {
            let batch = batch?;
            let column = batch.column_by_name(LANGUAGE).and_then(|c| c.as_string_opt::<i32>());
            for language in column.into_iter().flatten().flatten() {
                match rows.get_mut(language) {
                    Some(count) => *count += 1,
                    None => drop(rows.insert(language.to_owned(), 1)),
                }
            }
        }
    }
    Ok(rows)
}
