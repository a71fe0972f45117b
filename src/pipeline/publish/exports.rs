//! The exports of a recipe: written when the build is in its place, and accounted for in `build.json`.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::json;

use super::manifest::{ExportLine, Manifest};
use super::ours::{ASIDE, NAMES};
use crate::output::export::folder::MANIFEST;
use crate::output::export::run::{Account, BATCH, Job, Table, export, losses, survey};
use crate::output::parquet_file::write_whole;
use crate::pipeline::{Options, Progress};
use crate::recipe::{Export, Recipe};
use crate::rows::Use;
use crate::text::figures::plural;
use crate::{Error, Result};

/// Refuses an export that would lie among what builds write.
pub(crate) fn apart(recipe: &Recipe, options: &Options) -> Result<()> {
    let (out, work) = (&options.out, std::path::absolute(&options.work).unwrap_or_else(|_| options.work.clone()));
    for export in &recipe.exports {
        let folder = out.join(&export.out);
        let absolute = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
        let ours = NAMES.iter().chain(&[ASIDE]).any(|name| folder.starts_with(out.join(name)));
        if ours || absolute.starts_with(&work) {
            let message =
                format!("the export to `{}` would lie in {}, where the build writes", export.to, folder.display());
            return Err(Error::input(message, "name another folder with `out`: \"exports/mine\""));
        }
    }
    Ok(())
}

/// The kept rows of a build: the Parquet files of each of these uses, in order; uses without files are left out.
pub fn tables(build: &Path, uses: &[Use]) -> Vec<Table> {
    let files = |usage: &Use| -> Vec<PathBuf> {
        let folder = build.join("data").join(usage.as_str());
        let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
        entries.map(walkdir::DirEntry::into_path).filter(|p| p.extension().is_some_and(|x| x == "parquet")).collect()
    };
    let table = |usage: &Use| Table { usage: *usage, files: files(usage) };
    Use::ALL.iter().filter(|u| uses.contains(u)).map(table).filter(|t| !t.files.is_empty()).collect()
}

/// Writes what is not there yet, and says so in `build.json`; `there`: the build itself was there already.
pub(crate) fn run(
    recipe: &Recipe,
    options: &Options,
    manifest: &mut Manifest,
    there: bool,
    progress: &dyn Progress,
) -> Result<()> {
    let before = std::mem::take(&mut manifest.exports);
    let mut failed = Ok(());
    for export in &recipe.exports {
        let old = before.iter().filter(|_| there).find(|line| stands(export, line, &options.out));
        let line = match old {
            Some(line) => Ok(line.clone()),
            None => write(export, options, manifest, progress),
        };
        match line {
            Ok(line) => manifest.exports.push(line),
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    if manifest.exports != before {
        let text = serde_json::to_vec_pretty(manifest).map_err(|e| Error::Engine(e.to_string()))?;
        write_whole(&options.out.join("build.json"), &text)?;
    }
    failed
}

/// Whether the export that a line is of is there as it was written, and is what is asked for.
fn stands(export: &Export, line: &ExportLine, out: &Path) -> bool {
    let asked = (&line.to, &line.out, &line.usage) == (&export.to, &export.out, &export.usage);
    let path = out.join(&line.out).join(MANIFEST);
    let whole = || line.uses.iter().all(Account::is_whole);
    let same = || crate::disk::sha256(&path, &|| false).is_ok_and(|hash| hash == line.sha256);
    asked && (!export.strict || whole()) && same()
}

fn write(spec: &Export, options: &Options, manifest: &Manifest, progress: &dyn Progress) -> Result<ExportLine> {
    let exporter = spec.exporter().ok_or_else(|| Error::Engine(format!("no layout is called {}", spec.to)))?;
    let uses = if spec.usage.is_empty() { exporter.uses() } else { &spec.usage };
    let tables = tables(&options.out, uses);
    if tables.is_empty() {
        let uses: Vec<&str> = uses.iter().map(|u| u.as_str()).collect();
        let message = format!("the build has no {} rows for the export to `{}`", uses.join(" or "), spec.to);
        return Err(Error::input(message, "leave the [[export]] out, or name a layout of `corpus list exports`"));
    }
    progress.phase(&format!("Exporting {}", spec.to), 0);
    let stop = || options.stop.load(Ordering::Relaxed);
    let job = Job { exporter, tables: &tables, batch: BATCH, stop: &stop };
    if spec.strict {
        losses(exporter, &survey(&job)?)?;
    }
    let build = json!({"recipe": manifest.recipe.name, "fingerprint": manifest.recipe.fingerprint});
    let out = options.out.join(&spec.out);
    let done = export(&job, &out, &build)?;
    let sum = |of: fn(&Account) -> u64| done.accounts.iter().map(of).sum::<u64>();
    let (written, aside) = (plural(sum(|a| a.written), "row"), sum(|a| a.aside));
    progress.done(&format!("{written} in {}, {aside} set aside", spec.out));
    let sha256 = crate::disk::sha256(&out.join(MANIFEST), &|| false).map_err(Error::io(&out))?;
    let (to, out, usage) = (spec.to.clone(), spec.out.clone(), spec.usage.clone());
    Ok(ExportLine { to, out, usage, uses: done.accounts, sha256 })
}
