//! The exports of a recipe: written when the build is in its place, and accounted for in `build.json`.

mod elsewhere;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::json;
use sha2::{Digest, Sha256};

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
use crate::pipeline::{Build, Options};
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

/// What an export of a build comes to.
#[allow(clippy::large_enum_variant, reason = "one an export")]
enum Wanted<'a> {
    /// It stands.
    Stands(ExportLine),
    /// It is to be written.
    Left(Left<'a>),
}

/// An export that is to be written.
struct Left<'a> {
    spec: &'a Export,
    what: What<'a>,
    /// Its rows.
    tables: Vec<Table>,
}

/// A layout, with what it is made by.
enum What<'a> {
    /// Of rows, and whether the build holds some out.
    Rows(&'static dyn Exporter, bool),
    /// Of token ids.
    Ids(&'static dyn Layout, Box<Loaded<'a>>),
}

impl Build<'_> {
    /// Writes what is not there yet, and says so in `build.json`; `there`: the build itself was there already.
    ///
    /// # Errors
    ///
    /// Of the first export that cannot be written: those before it are there.
    pub(crate) async fn exports(&self, manifest: &mut Manifest, there: bool) -> Result<()> {
        if is_url(&self.options.out) && !self.recipe.exports.is_empty() {
            let folder = files_of(self.options, manifest);
            let known = Known { manifest: manifest.bytes()?, names: manifest.written.keys().cloned().collect() };
            remember(&folder.to_string_lossy(), known);
        }
        let before = std::mem::take(&mut manifest.exports);
        let old = if there { before.as_slice() } else { &[] };
        let (lines, ended) = match self.writers() {
            Some(_) if !self.recipe.exports.is_empty() => self.exports_elsewhere(manifest, old).await,
            _ => self.exports_here(manifest, old),
        };
        manifest.exports = lines;
        if manifest.exports != before {
            match &self.bucket {
                Some(bucket) => bucket.restate(manifest)?,
                None => manifest.write(&self.options.out.join("build.json"))?,
            }
        }
        ended
    }

    /// One export after the other; the lines of those that are there, and whether they are all.
    fn exports_here(&self, manifest: &Manifest, old: &[ExportLine]) -> (Vec<ExportLine>, Result<()>) {
        let mut lines = Vec::new();
        for spec in &self.recipe.exports {
            let line = self.wanted(spec, manifest, old).and_then(|wanted| match wanted {
                Wanted::Stands(line) => Ok(line),
                Wanted::Left(left) => self.written(left, manifest),
            });
            match line {
                Ok(line) => lines.push(line),
                Err(error) => return (lines, Err(error)),
            }
        }
        (lines, Ok(()))
    }

    /// Whether an export stands, or what is to be written.
    fn wanted<'a>(&'a self, spec: &'a Export, manifest: &Manifest, old: &[ExportLine]) -> Result<Wanted<'a>> {
        let (mut standing, folder) = (Vec::new(), files_of(self.options, manifest));
        for line in old {
            standing.extend(stands(spec, line, &self.options.out)?.then_some(line));
        }
        let mut standing = standing.into_iter();
        let (line, what) = match (spec.target(), &spec.ids) {
            (Some(Target::Rows(exporter)), _) => {
                let all = tables(&folder, spec.takes());
                let splits = all.iter().any(|table| table.split != Split::Train);
                (standing.next(), What::Rows(fitting(exporter, &all), splits))
            }
            (Some(Target::Ids(layout)), Some(ids)) => {
                let loaded = Loaded::read(self.recipe, ids, layout.name())?;
                let sheet = loaded.sheet(layout)?;
                let line = standing.find(|line| line.tokens.as_ref().is_some_and(|sums| made_by(sums, &sheet)));
                drop(sheet);
                (line, What::Ids(layout, Box::new(loaded)))
            }
            _ => return Err(Error::Engine(format!("no layout is called {}", spec.to))),
        };
        if let Some(line) = line {
            return Ok(Wanted::Stands(line.clone()));
        }
        let side = match what {
            What::Rows(..) => spec.split,
            // Ids are of what is trained on, where nothing else is asked for.
            What::Ids(..) => Some(spec.split.unwrap_or_default()),
        };
        Ok(Wanted::Left(Left { spec, what, tables: rows(spec, side, &folder)? }))
    }

    /// Writes an export.
    fn written(&self, left: Left<'_>, manifest: &Manifest) -> Result<ExportLine> {
        let Left { spec, what, tables } = left;
        self.progress.phase(&format!("Exporting {}", spec.to), 0);
        let stop = || self.options.stop.load(Ordering::Relaxed);
        let (out, origin) = (self.options.out.join(&spec.out), origin(manifest));
        let (accounts, sums) = match &what {
            What::Rows(exporter, _) => {
                let job = Job { exporter: *exporter, tables: &tables, batch: BATCH, stop: &stop };
                if spec.strict {
                    losses(*exporter, &survey(&job)?)?;
                }
                (export(&job, &out, &origin)?.accounts, None)
            }
            What::Ids(layout, loaded) => {
                let (sheet, layout, threads) = (loaded.sheet(*layout)?, *layout, self.options.threads);
                let (sheet, tables, strict) = (&sheet, &tables, spec.strict);
                let job = of_ids::Job { layout, sheet, tables, batch: BATCH, threads, strict, stop: &stop };
                let done = of_ids::export(&job, &out, &origin)?;
                (done.accounts, Some(done.sums))
            }
        };
        self.progress.done(&said(spec, &accounts, sums.as_ref()));
        line(spec, &out, accounts, sums)
    }
}

/// What is said of an export that is there.
fn said(spec: &Export, accounts: &[Account], sums: Option<&of_ids::Sums>) -> String {
    if let Some(sums) = sums {
        let (documents, tokens) = (plural(sums.documents, "document"), plural(sums.tokens, "token"));
        return format!("{documents}, {tokens} in {}", spec.out);
    }
    let sum = |of: fn(&Account) -> u64| accounts.iter().map(of).sum::<u64>();
    let (written, aside) = (plural(sum(|a| a.written), "row"), sum(|a| a.aside));
    format!("{written} in {}, {aside} set aside", spec.out)
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
