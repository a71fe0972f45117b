//! The output and work folders: nothing in them is replaced or removed but what a build wrote.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Deserialize;

use super::exchange;
use super::manifest::RecipeLine;
use super::ours::{ASIDE, MARKER, NAMES, WORK, claim, is_marked, job, remove, shell};
use crate::disk::local;
use crate::objects::is_url;
use crate::pipeline::inputs::find::find;
use crate::pipeline::plan::resources::sha256;
use crate::pipeline::plan::stage_plan::StagePlan;
use crate::pipeline::run::slabs::Counts;
use crate::pipeline::run::workers::{self, Workers};
use crate::pipeline::{Options, Progress};
use crate::recipe::{Recipe, Source};
use crate::{Error, Result};

/// Every name that builds use: in an output folder, and in a work folder.
pub fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    let job = ["scan-0123456789abcdef", "apply-0123456789abcdef", ".lock", MARKER];
    (NAMES.into_iter().chain([ASIDE]).collect(), WORK.into_iter().chain(job).collect())
}

/// Refuses what a build reads where it lies where the build writes; touches nothing.
pub(crate) fn apart(recipe: &Recipe, chain: &StagePlan, options: &Options) -> Result<()> {
    let out_is_local = !is_url(&options.out);
    if out_is_local {
        local("--out", &options.out)?;
    }
    local("--work", &options.work)?;
    let folders = [("--out", &options.out), ("--work", &options.work)];
    for (option, folder) in folders.into_iter().skip(usize::from(!out_is_local)) {
        let there = folder.ancestors().find(|path| fs::symlink_metadata(path).is_ok());
        if let Some(there) = there.filter(|path| !path.is_dir()) {
            let what = if there.exists() { "is a file" } else { "is a link that leads nowhere" };
            let message = format!("{option}: {} {what}, and a folder is meant", there.display());
            return Err(Error::other(message, "name a folder, or one that is not there yet"));
        }
    }
    let (out, work) = (real(&options.out), real(&options.work));
    if work.to_str().is_none_or(|text| text.chars().any(char::is_control)) {
        return Err(Error::input(
            format!("--work: {} is not UTF-8, or has control characters in it", work.display()),
            "name another folder with --work (it lies in the output folder unless told): the engine cannot name files here",
        ));
    }
    if out_is_local && out.starts_with(&work) {
        let message = format!("--work {} holds the output folder {}", work.display(), out.display());
        return Err(Error::input(message, "name a work folder of its own, or leave --work out"));
    }
    let store = options.worker.as_ref().and_then(|worker| worker.store.as_deref());
    for source in &recipe.sources {
        if let Some(path) =
            source.path.iter().find(|path| store.is_some_and(|store| Path::new(path).starts_with(store)))
        {
            return Err(where_we_write(&format!("source `{}`", source.name), path, "--work"));
        }
    }
    for (reader, shown, path) in read(recipe, chain) {
        let path = real(&path);
        let ours = out_is_local && NAMES.iter().chain(&[ASIDE]).any(|name| path.starts_with(out.join(name)));
        let option = if path.starts_with(&work) {
            "--work"
        } else if ours {
            "--out"
        } else {
            continue;
        };
        return Err(where_we_write(&reader, &shown, option));
    }
    Ok(())
}

/// The error of a file that a build reads and that lies where it would write.
fn where_we_write(reader: &str, shown: &str, option: &str) -> Error {
    Error::input(
        format!("{reader}: {shown} lies where the build would write ({option})"),
        format!("move it, or write elsewhere with {option}"),
    )
}

/// All files that a build reads: by whom, as the recipe calls it, and where it lies.
fn read(recipe: &Recipe, chain: &StagePlan) -> Vec<(String, String, PathBuf)> {
    let mut all = Vec::new();
    if recipe.path.is_file() {
        all.push(("the recipe".to_owned(), recipe.path.display().to_string(), recipe.path.clone()));
    }
    // What is read in a store lies nowhere here, and asking for it takes long.
    let afar = |source: &&Source| source.card.is_none() && source.path.iter().all(|path| is_url(Path::new(path)));
    for source in recipe.sources.iter().filter(|source| !afar(source)) {
        // What cannot be found is said by the build itself.
        let found = find(recipe, source).unwrap_or_default().files;
        all.extend(found.into_iter().map(|(shown, path)| (format!("source `{}`", source.name), shown, path)));
    }
    for link in &chain.stages {
        let files = link.files.iter().filter(|file| !file.path.is_dir());
        all.extend(files.map(|f| (format!("stage `{}`", link.name), f.shown.clone(), f.path.clone())));
    }
    all
}

/// A path with links followed as far as it exists.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let there = whole.ancestors().find_map(|p| Some((p, fs::canonicalize(p).ok()?)));
    there.map_or(whole.clone(), |(p, real)| real.join(whole.strip_prefix(p).unwrap_or(Path::new(""))))
}

/// The output folder, locked, with an exchange that was interrupted at its end, and with nothing in the way.
pub(crate) fn open(recipe: &Recipe, options: &Options) -> Result<File> {
    let out = &options.out;
    if !exchange::under_way(out) {
        // Another worker may have begun just now to put the build in its place, or have done so.
        unclaimed(recipe, options).or_else(|error| match options.worker {
            Some(_) if exchange::under_way(out) => Ok(()),
            Some(_) => unclaimed(recipe, options),
            None => Err(error),
        })?;
    }
    fs::create_dir_all(out).map_err(Error::io(out))?;
    let file = lock(&out.join(".lock"), options.worker.is_some())?.ok_or_else(|| {
        let by = fs::read_to_string(options.work.join(".lock")).unwrap_or_default();
        let message = format!("another build is writing into {} {by}", out.display());
        Error::other(message.trim_end(), "wait for it, or write elsewhere with --out")
    })?;
    if options.worker.is_none() {
        clear(recipe, options)?;
    }
    Ok(file)
}

/// An output folder in which nothing is under way any more, ready for what is to come.
fn clear(recipe: &Recipe, options: &Options) -> Result<()> {
    exchange::recover(&options.out)?;
    unclaimed(recipe, options)?;
    claim(&options.out.join(ASIDE))
}

/// The same where others share the build: for the one that is to put it in its place, before it begins.
pub(crate) fn begin(recipe: &Recipe, options: &Options) -> Result<()> {
    if options.worker.is_some() && !is_url(&options.out) { clear(recipe, options) } else { Ok(()) }
}

/// Who is at work in the folder of jobs that [`open_work`] has opened: this process alone, with leftovers of others removed,
/// or one of the workers of a build.
pub(crate) fn enter(recipe: &Recipe, options: &Options, progress: &dyn Progress) -> Result<Workers> {
    let (out, work) = (options.out.as_path(), options.work.as_path());
    let apart = options.worker.as_ref().is_some_and(|worker| worker.store.is_some());
    if apart {
        workers::tidy(work, false);
    }
    let Some(worker) = &options.worker else {
        let looking = |who: &str| progress.phase(&format!("Looking for worker {who}"), 0);
        workers::none_at_work(work, &options.stop, looking)?;
        workers::tidy(work, false);
        return Ok(Workers::default());
    };
    Workers::join(worker, &recipe.name, (out, work), &options.stop)
}

/// The work folder, marked and locked; with `fresh`, without earlier jobs.
pub(crate) fn open_work(recipe: &Recipe, options: &Options) -> Result<File> {
    let work = &options.work;
    claim(work)?;
    let store = options.worker.as_ref().and_then(|worker| worker.store.as_deref());
    let mut file = lock(&work.join(".lock"), options.worker.is_some() && store.is_none())?.ok_or_else(|| {
        let by = fs::read_to_string(work.join(".lock")).unwrap_or_default();
        let message = format!("another build works in {} {by}", work.display());
        let cure = match store {
            Some(_) => "give each worker a folder of its own with --scratch, or wait for it",
            None => "wait for it, or work elsewhere with --work",
        };
        Error::other(message.trim_end(), cure)
    })?;
    let who = match &options.worker {
        Some(_) => "workers".to_owned(),
        None => format!("process {}", std::process::id()),
    };
    let by = format!("({who}, recipe `{}`, --out {})", recipe.name, options.out.display());
    // Who holds it is for the message alone.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(by.as_bytes()));
    if options.fresh {
        for entry in fs::read_dir(work).map_err(Error::io(work))?.flatten() {
            if job(&entry.file_name().to_string_lossy()) {
                remove(&entry.path())?;
            }
        }
    }
    Ok(file)
}

/// Holds a work folder in which no build is at work, for as long as what is given back lives.
///
/// # Errors
///
/// Where the folder is not of builds, or one is at work in it.
pub fn hold(work: &Path) -> Result<File> {
    if !is_marked(work) {
        let message = format!("{} is no work folder of a build", work.display());
        return Err(Error::input(message, "name the folder given to --work, else `.work` in the output folder"));
    }
    let file = lock(&work.join(".lock"), false)?.ok_or_else(|| {
        let by = fs::read_to_string(work.join(".lock")).unwrap_or_default();
        Error::other(format!("a build works in {} {by}", work.display()).trim_end(), "wait for it")
    })?;
    // Those of other machines may not show in the lock.
    workers::none_at_work(work, &AtomicBool::new(false), |_| ())?;
    Ok(file)
}

/// The system frees the lock when the process ends, however it ends. Workers of a build share it; whether they build the
/// same is asked elsewhere ([`enter`]), and where a file system has no locks leases are enough for them.
fn lock(path: &Path, shared: bool) -> Result<Option<File>> {
    let file =
        File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(Error::io(path))?;
    match if shared { file.try_lock_shared() } else { file.try_lock() } {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::Error(e)) if shared && e.kind() == std::io::ErrorKind::Unsupported => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(e)) => Err(Error::io(path)(e)),
    }
}

/// Of a manifest, what says which files are of its build: those that it lists by source may be a hundred thousand.
#[derive(Clone, Deserialize)]
pub(super) struct Claim {
    version: String,
    pub(super) recipe: RecipeLine,
    /// What only a manifest has.
    #[serde(rename = "totals")]
    _totals: Counts,
    /// In an object store, the folder of the files.
    #[serde(default)]
    pub(super) at: String,
    #[serde(default)]
    pub(super) written: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) card: String,
}

/// Refuses an output folder that holds what no build wrote under the names of ours, or the build of another recipe.
pub(crate) fn unclaimed(recipe: &Recipe, options: &Options) -> Result<()> {
    let out = &options.out;
    let manifest = out.join("build.json");
    let foreign = |path: &Path, why: &str| {
        Error::input(
            format!("{} is in the way: {why}", path.display()),
            "write elsewhere with --out, or move it away yourself",
        )
    };
    let old: Option<Claim> = match File::open(&manifest) {
        Ok(file) => Some(serde_json::from_reader(BufReader::new(file)).map_err(|_| {
            match older(&fs::read(&manifest).unwrap_or_default()) {
                Some((name, version)) => unlisted(out, &name, &version),
                None => foreign(&manifest, "it is not of a build of corpus"),
            }
        })?),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(Error::io(&manifest)(e)),
    };
    let ours = old.as_ref().map(|m| m.written.clone()).unwrap_or_default();
    if let (Some(old), true) = (&old, ours.is_empty()) {
        return Err(unlisted(out, &old.recipe.name, &old.version));
    }
    for path in NAMES[1..].iter().flat_map(|name| files(&out.join(name))) {
        let name = path.strip_prefix(out).unwrap_or(&path).to_string_lossy().into_owned();
        let bytes = fs::symlink_metadata(&path).map_or(0, |m| m.len());
        let card = old.as_ref().map(|m| m.card.as_str()).filter(|sum| name == "README.md" && !sum.is_empty());
        match ours.get(&name) {
            // People do edit a card.
            Some(_) if card.is_some_and(|sum| sha256(&path).is_ok_and(|now| now != *sum)) => {
                return Err(foreign(&path, "it was changed since the build wrote it"));
            }
            Some(written) if *written == bytes => {}
            Some(_) => return Err(foreign(&path, "it was changed since the build wrote it")),
            None => return Err(foreign(&path, "the build there did not write it (build.json lists what it wrote)")),
        }
    }
    let other = old.filter(|m| m.recipe.name != recipe.name && !options.replace);
    other.map_or(Ok(()), |other| {
        Err(Error::input(
            format!("{} holds the build of another recipe, `{}`", out.display(), other.recipe.name),
            "write elsewhere with --out, or replace it with --replace",
        ))
    })
}

/// Recipe and version of a manifest whose other keys are not those of today.
pub(super) fn older(manifest: &[u8]) -> Option<(String, String)> {
    let json: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    json["recipe"]["fingerprint"].as_str()?;
    Some((json["recipe"]["name"].as_str()?.to_owned(), json["version"].as_str()?.to_owned()))
}

/// What is told of the build of a version that did not list what it wrote.
fn unlisted(out: &Path, recipe: &str, version: &str) -> Error {
    let there: Vec<PathBuf> = NAMES.iter().map(|name| out.join(name)).filter(|path| path.exists()).collect();
    let there = shell(&there.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    Error::input(
        format!(
            "{} holds a build of an older corpus (`{recipe}`, {version}), whose build.json does not list what it wrote",
            out.display()
        ),
        format!("write elsewhere with --out; or, if nothing of yours lies there, `rm -r {there}` and build again"),
    )
}

/// All files under a path, links and empty folders among them, and the path itself if it is a file.
fn files(path: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(path).into_iter().flatten();
    let empty = |e: &walkdir::DirEntry| fs::read_dir(e.path()).is_ok_and(|mut inside| inside.next().is_none());
    let file = |e: &walkdir::DirEntry| !e.file_type().is_dir() || e.depth() > 0 && empty(e);
    let mut files: Vec<_> = all.filter(file).map(walkdir::DirEntry::into_path).collect();
    files.sort();
    files
}
