//! The exports of a recipe: written when the build is in its place, and accounted for in `build.json`.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::bucket::Bucket;
use super::ids::Loaded;
use super::manifest::{ExportLine, Manifest};
use super::ours::{ASIDE, NAMES};
use super::tables::tables;
use crate::disk::hex;
use crate::objects::{Known, is_url, remember};
use crate::output::export::folder::{MANIFEST, manifest_of};
use crate::output::export::run::{Account, BATCH, Job, Table, export, losses, survey};
use crate::output::export::{Exporter, fitting};
use crate::output::tokens::run as of_ids;
use crate::output::tokens::{Chat, Layout, Sheet};
use crate::output::versions::VERSIONS;
use crate::pipeline::{Options, Progress};
use crate::recipe::{Export, Recipe, Target};
use crate::rows::split::Split;
use crate::text::figures::plural;
use crate::{Error, Result};

/// Refuses an export that would lie among what builds write.
pub(crate) fn apart(recipe: &Recipe, options: &Options) -> Result<()> {
    let (out, work) = (&options.out, std::path::absolute(&options.work).unwrap_or_else(|_| options.work.clone()));
    for export in &recipe.exports {
        let folder = out.join(&export.out);
        let absolute = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
        let ours = NAMES.iter().chain(&[ASIDE, VERSIONS]).any(|name| folder.starts_with(out.join(name)));
        if ours || absolute.starts_with(&work) {
            let message =
                format!("the export to `{}` would lie in {}, where the build writes", export.to, folder.display());
            return Err(Error::input(message, "name another folder with `out`: \"exports/mine\""));
        }
    }
    Ok(())
}

/// Where the files of the build are that is in its place: below its folder, or in an object store.
fn files_of(options: &Options, manifest: &Manifest) -> PathBuf {
    if manifest.at.is_empty() { options.out.clone() } else { options.out.join(&manifest.at) }
}

/// Writes what is not there yet, and says so in `build.json`; `there`: the build itself was there already.
pub(crate) fn run(
    recipe: &Recipe,
    (options, bucket): (&Options, Option<&Bucket>),
    manifest: &mut Manifest,
    there: bool,
    progress: &dyn Progress,
) -> Result<()> {
    if is_url(&options.out) && !recipe.exports.is_empty() {
        let folder = files_of(options, manifest);
        let known = Known { manifest: manifest.bytes()?, names: manifest.written.keys().cloned().collect() };
        remember(&folder.to_string_lossy(), known);
    }
    let before = std::mem::take(&mut manifest.exports);
    let mut failed = Ok(());
    for export in &recipe.exports {
        let old: Vec<&ExportLine> = before.iter().filter(|_| there).collect();
        match one(export, recipe, options, (manifest, &old), progress) {
            Ok(line) => manifest.exports.push(line),
            Err(error) => {
                failed = Err(error);
                break;
            }
        }
    }
    if manifest.exports != before {
        match bucket {
            Some(bucket) => bucket.restate(manifest)?,
            None => manifest.write(&options.out.join("build.json"))?,
        }
    }
    failed
}

/// The line of an export: an `old` one that stands, or that of one that is written.
fn one(
    export: &Export,
    recipe: &Recipe,
    options: &Options,
    (manifest, old): (&Manifest, &[&ExportLine]),
    progress: &dyn Progress,
) -> Result<ExportLine> {
    let mut standing = Vec::new();
    for line in old {
        standing.extend(stands(export, line, &options.out)?.then_some(*line));
    }
    let mut standing = standing.into_iter();
    match (export.target(), &export.ids) {
        (Some(Target::Rows(exporter)), _) => match standing.next() {
            Some(line) => Ok(line.clone()),
            None => write(export, exporter, options, manifest, progress),
        },
        (Some(Target::Ids(layout)), Some(ids)) => {
            let loaded = Loaded::read(recipe, ids, layout.name())?;
            let sheet = loaded.sheet(layout)?;
            match standing.find(|line| line.tokens.as_ref().is_some_and(|sums| made_by(sums, &sheet))) {
                Some(line) => Ok(line.clone()),
                None => write_ids(export, (layout, &sheet), options, manifest, progress),
            }
        }
        _ => Err(Error::Engine(format!("no layout is called {}", export.to))),
    }
}

/// Whether an export of token ids was made by what is asked for.
fn made_by(sums: &of_ids::Sums, sheet: &Sheet<'_>) -> bool {
    let packed = sums.packed.as_ref().map(|packed| (packed.packing, packed.length));
    let end = sheet.end.as_ref().map(|end| end.1);
    let chat = sheet.chat.as_ref().map(Chat::facts);
    (sums.tokenizer.as_str(), sums.sha256.as_str(), sums.end_id) == (sheet.named, sheet.sha256, end)
        && (packed, sums.limit, sums.shard, sums.template.as_ref())
            == (sheet.packed, sheet.row_limit(), sheet.shard, chat)
}

/// Whether the export that a line is of is there as it was written, and is what is asked for.
fn stands(export: &Export, line: &ExportLine, out: &Path) -> Result<bool> {
    let asked =
        (&line.to, &line.out, &line.usage, line.split) == (&export.to, &export.out, &export.usage, export.split);
    let whole = || line.uses.iter().all(Account::is_whole);
    if !asked || export.strict && !whole() {
        return Ok(false);
    }
    let there = manifest_of(&out.join(&line.out))?;
    Ok(there.is_some_and(|bytes| hex(&Sha256::digest(bytes)) == line.sha256))
}

/// The rows that an export takes of the build: of one split, where `side` says so.
fn rows(spec: &Export, side: Option<Split>, folder: &Path) -> Result<Vec<Table>> {
    let uses = if spec.usage.is_empty() { spec.takes() } else { &spec.usage };
    let mut tables = tables(folder, uses);
    tables.retain(|table| side.is_none_or(|split| table.split == split));
    if tables.is_empty() {
        let uses: Vec<&str> = uses.iter().map(|u| u.as_str()).collect();
        let what = spec.split.map_or(String::new(), |split| format!("{split} ")) + &uses.join(" or ");
        let message = format!("the build has no {} rows for the export to `{}`", what, spec.to);
        return Err(Error::input(message, "leave the [[export]] out, or name a layout of `corpus list exports`"));
    }
    Ok(tables)
}

fn write(
    spec: &Export,
    exporter: &'static dyn Exporter,
    options: &Options,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<ExportLine> {
    let folder = files_of(options, manifest);
    let exporter = fitting(exporter, &tables(&folder, spec.takes()));
    let tables = rows(spec, spec.split, &folder)?;
    progress.phase(&format!("Exporting {}", spec.to), 0);
    let stop = || options.stop.load(Ordering::Relaxed);
    let job = Job { exporter, tables: &tables, batch: BATCH, stop: &stop };
    if spec.strict {
        losses(exporter, &survey(&job)?)?;
    }
    let out = options.out.join(&spec.out);
    let done = export(&job, &out, &origin(manifest))?;
    let sum = |of: fn(&Account) -> u64| done.accounts.iter().map(of).sum::<u64>();
    let (written, aside) = (plural(sum(|a| a.written), "row"), sum(|a| a.aside));
    progress.done(&format!("{written} in {}, {aside} set aside", spec.out));
    line(spec, &out, done.accounts, None)
}

fn write_ids(
    spec: &Export,
    (layout, sheet): (&dyn Layout, &Sheet<'_>),
    options: &Options,
    manifest: &Manifest,
    progress: &dyn Progress,
) -> Result<ExportLine> {
    // Ids are of what is trained on, where nothing else is asked for.
    let tables = rows(spec, Some(spec.split.unwrap_or_default()), &files_of(options, manifest))?;
    progress.phase(&format!("Exporting {}", spec.to), 0);
    let stop = || options.stop.load(Ordering::Relaxed);
    let (threads, strict) = (options.threads, spec.strict);
    let job = of_ids::Job { layout, sheet, tables: &tables, batch: BATCH, threads, strict, stop: &stop };
    let out = options.out.join(&spec.out);
    let done = of_ids::export(&job, &out, &origin(manifest))?;
    let (documents, tokens) = (plural(done.sums.documents, "document"), plural(done.sums.tokens, "token"));
    progress.done(&format!("{documents}, {tokens} in {}", spec.out));
    line(spec, &out, done.accounts, Some(done.sums))
}

/// What an export says of the build.
fn origin(manifest: &Manifest) -> serde_json::Value {
    json!({"recipe": manifest.recipe.name, "fingerprint": manifest.recipe.fingerprint})
}

/// The line of an export that was written.
fn line(spec: &Export, out: &Path, uses: Vec<Account>, tokens: Option<of_ids::Sums>) -> Result<ExportLine> {
    let written = manifest_of(out)?.ok_or_else(|| Error::Engine(format!("{} has no {MANIFEST}", out.display())))?;
    let sha256 = hex(&Sha256::digest(written));
    let (to, out, usage, split) = (spec.to.clone(), spec.out.clone(), spec.usage.clone(), spec.split);
    Ok(ExportLine { to, out, usage, split, uses, tokens, sha256 })
}
