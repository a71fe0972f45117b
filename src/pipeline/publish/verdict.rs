//! The verdict on a build that is in its place: its gates, judged anew whenever it is asked for, and written down in
//! `build.json`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::AsArray;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::manifest::Manifest;
use super::tables::tables;
use crate::pipeline::gates::{Facts, judge};
use crate::recipe::Recipe;
use crate::rows::{LANGUAGE, Use};
use crate::{Error, Result};

/// Judges the gates of a recipe, and says in `build.json` what came of it.
///
/// # Errors
///
/// [`Error::Io`] of the files of kept rows, which are read where a gate asks for languages, and of `build.json`.
pub(crate) fn run(recipe: &Recipe, out: &Path, manifest: &mut Manifest) -> Result<()> {
    let judged = match &recipe.gates {
        Some(gates) => {
            let asked = !gates.min_language.is_empty();
            let facts = Facts {
                readable: manifest.totals.read.saturating_sub(manifest.totals.unreadable),
                rows: manifest.totals.kept,
                chars: manifest.kept_chars,
                tokens: manifest.kept_tokens().unwrap_or(0),
                lost: manifest.lost(),
                cut: manifest.cuts.iter().map(|line| (line.stage.as_str(), line.rows)).collect(),
                languages: if asked { languages(out)? } else { BTreeMap::new() },
            };
            judge(recipe, gates, &facts)
        }
        None => Vec::new(),
    };
    if judged == manifest.gates {
        return Ok(());
    }
    manifest.gates = judged;
    manifest.write(&out.join("build.json"))
}

/// Kept rows by language.
fn languages(out: &Path) -> Result<BTreeMap<String, u64>> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for path in tables(out, &Use::ALL).into_iter().flat_map(|table| table.files) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).map_err(Error::io(&path))?)?;
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
