//! `corpus cache`: what the store holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Context, Format, table, ui};
use crate::disk;
use crate::messages::said;
use crate::objects::{self, is_url};
use crate::pipeline::publish::place;
use crate::pipeline::run::workers::Held;
use crate::pipeline::spare;
use crate::store::{Lock, Manifest, PARTIAL, Set, Store, is_left, manifest};
use crate::text::figures::{plural, size};
use crate::{Error, Result};

/// What the store holds: list, measure, verify, prune.
#[derive(Debug, Args)]
pub struct Cache {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every file: path, checksum, source, revision, licence.
    List {
        /// Only these sets.
        names: Vec<String>,
    },
    /// What each set takes on disk.
    Size,
    /// Compare every file with its checksum.
    Verify {
        /// Only these sets.
        names: Vec<String>,
    },
    /// Remove sets, or what broken downloads left behind.
    Prune {
        /// These sets; without any, only what is under way or no manifest names.
        names: Vec<String>,
        /// Only this revision.
        #[arg(long)]
        revision: Option<String>,
        /// Instead of sets: the finished jobs in this work folder, or below this address, that the last build there did not
        /// use.
        #[arg(long, value_name = "FOLDER", conflicts_with_all = ["names", "revision"])]
        work: Option<PathBuf>,
        /// Really remove; else only say what would go.
        #[arg(long)]
        yes: bool,
    },
}

impl Cache {
    /// Runs the command; gives back the exit code.
    ///
    /// # Errors
    ///
    /// What the store says: no folder, a manifest that cannot be read, a set that is not there.
    pub fn run(self, context: &Context) -> Result<u8> {
        if let What::Prune { work: Some(work), yes, .. } = &self.what {
            return prune_work(context, work, *yes).map(|()| 0);
        }
        let store = Store::open()?;
        match self.what {
            What::List { names } => list(context, &sets(&store, &names)?).map(|()| 0),
            What::Size => size_of_all(context, &store).map(|()| 0),
            What::Verify { names } => verify(context, &sets(&store, &names)?),
            What::Prune { names, revision, yes, .. } => {
                prune(context, &store, &names, revision.as_deref(), yes).map(|()| 0)
            }
        }
    }
}

/// The sets of these names; all without names.
fn sets(store: &Store, names: &[String]) -> Result<Vec<(Set, Manifest)>> {
    let mut all = store.sets()?;
    let is = |manifest: &Manifest, name: &String| {
        manifest.card == *name || crate::store::key(name) == crate::store::key(&manifest.card)
    };
    for name in names {
        if !all.iter().any(|(_, manifest)| is(manifest, name)) {
            let cure = "`corpus cache size` shows what there is";
            return Err(Error::other(format!("the store has no set `{}`", table::line(name)), cure));
        }
    }
    all.retain(|(_, manifest)| names.is_empty() || names.iter().any(|name| is(manifest, name)));
    Ok(all)
}

fn list(context: &Context, sets: &[(Set, Manifest)]) -> Result<()> {
    let files = sets.iter().flat_map(|(set, m)| m.files.iter().map(move |(name, e)| (set, m, name, e)));
    let here = files.filter(|(set, m, name, _)| set.has(m, name));
    if context.format == Format::Json {
        let files: Vec<_> = here
            .map(|(set, m, name, e)| {
                json!({"path": set.path(name), "sha256": e.sha256, "source": e.source, "revision": m.revision,
                       "license": e.license, "freedom": e.freedom, "accepted": e.accepted, "card": m.card, "part": e.part,
                       "bytes": e.bytes, "fetched": e.fetched, "way": e.way})
            })
            .collect();
        return super::print(&format!("{}\n", json!({"v": 1, "files": files})));
    }
    let mut rows = vec![["set", "revision", "part", "size", "licence", "file"].map(|w| said(w).into_owned()).to_vec()];
    for (_, m, name, e) in here {
        let revision = table::cut(&table::line(&m.revision), 12);
        rows.push(vec![
            table::line(&m.card),
            revision,
            e.part.clone(),
            size(e.bytes),
            table::cut(&table::line(&e.license), 24),
            table::line(name),
        ]);
    }
    if rows.len() == 1 {
        return super::print(&format!("{}\n", said("The store is empty; `corpus fetch NAME` fills it")));
    }
    super::print(&table::table(&rows, 0, table::terminal()))
}

/// Bytes and files under a folder, links not followed.
fn weigh(folder: &std::path::Path) -> (u64, u64) {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
    files.filter_map(|e| Some(e.metadata().ok()?.len())).fold((0, 0), |(bytes, count), len| (bytes + len, count + 1))
}

fn size_of_all(context: &Context, store: &Store) -> Result<()> {
    let mut by_set: BTreeMap<(String, String), (u64, u64, u64)> = BTreeMap::new();
    for (set, manifest) in store.sets()? {
        let here = manifest.files.iter().filter(|(name, _)| set.has(&manifest, name));
        let (bytes, count) = here.fold((0, 0), |(bytes, count), (_, e)| (bytes + e.bytes, count + 1));
        by_set.insert((manifest.card, manifest.revision), (count, bytes, weigh(&set.folder().join(PARTIAL)).0));
    }
    let total: u64 = by_set.values().map(|v| v.1 + v.2).sum();
    if context.format == Format::Json {
        let sets: Vec<_> = by_set
            .iter()
            .map(|((card, revision), (files, bytes, partial))| {
                json!({"card": card, "revision": revision, "files": files, "bytes": bytes, "partial": partial})
            })
            .collect();
        let line =
            json!({"v": 1, "path": store.root(), "bytes": total, "free": disk::free(store.root()), "sets": sets});
        return super::print(&format!("{line}\n"));
    }
    let mut rows = vec![["set", "revision", "files", "size", "under way"].map(|w| said(w).into_owned()).to_vec()];
    for ((card, revision), (files, bytes, partial)) in by_set {
        let partial = if partial > 0 { size(partial) } else { String::new() };
        rows.push(vec![table::line(&card), table::line(&revision), files.to_string(), size(bytes), partial]);
    }
    let (total, root) = (size(total), store.root().display());
    let sum = match disk::free(store.root()).map(size) {
        Some(free) => format!("{total} in {root}, {free} are free"),
        None => format!("{total} in {root}"),
    };
    super::print(&format!("{}{}\n", table::table(&rows, 0, table::terminal()), said(&sum)))
}

fn verify(context: &Context, sets: &[(Set, Manifest)]) -> Result<u8> {
    let stop = super::interrupt::stop_on_interrupt();
    let (mut good, mut bad) = (0u64, Vec::new());
    for (set, manifest) in sets {
        let mut found = BTreeMap::new();
        // What was found damaged before is looked at again: it may have been put right.
        let mut fresh = manifest.clone();
        fresh.files.values_mut().for_each(|e| e.damaged = false);
        for (name, entry) in &fresh.files {
            let path = set.path(name);
            let state = if set.has(&fresh, name) {
                match disk::sha256(&path, &|| stop.load(Ordering::Relaxed)) {
                    Ok(sum) if sum == entry.sha256 => None,
                    Ok(_) => Some("has other bytes than were fetched"),
                    Err(_) if stop.load(Ordering::Relaxed) => return Err(Error::Interrupted),
                    Err(_) => Some("cannot be read"),
                }
            } else {
                Some("is missing, or has another size")
            };
            found.insert(name.clone(), state.is_some());
            match state {
                None => good += 1,
                Some(state) => bad.push((path, manifest.card.clone(), state)),
            }
        }
        mark(set, &found)?;
    }
    if context.format == Format::Json {
        let bad: Vec<_> =
            bad.iter().map(|(path, card, state)| json!({"path": path, "card": card, "error": state})).collect();
        super::print(&format!("{}\n", json!({"v": 1, "good": good, "bad": bad})))?;
        return Ok(u8::from(!bad.is_empty()));
    }
    ui::say(context, &format!("{} as fetched", plural(good, "file")));
    let Some((_, card, _)) = bad.first() else { return Ok(0) };
    let lines: Vec<String> =
        bad.iter().take(20).map(|(path, _, state)| format!("  {} {state}", path.display())).collect();
    let more = if bad.len() > 20 { format!("\n  … and {} more", bad.len() - 20) } else { String::new() };
    let message = format!("{} not as fetched\n{}{more}", plural(bad.len() as u64, "file"), lines.join("\n"));
    Err(Error::input(
        message,
        format!(
            "`corpus fetch {card}` fetches again what is damaged; what came by hand, `corpus fetch {card} --from FILE_OR_FOLDER` imports again"
        ),
    ))
}

/// Writes down which files are damaged, so that the next fetch gets them again.
fn mark(set: &Set, damaged: &BTreeMap<String, bool>) -> Result<()> {
    let changes = |m: &Manifest| m.files.iter().any(|(name, e)| damaged.get(name).is_some_and(|d| *d != e.damaged));
    if !set.manifest()?.is_some_and(|m| changes(&m)) {
        return Ok(());
    }
    let _lock = set.lock(&|| (), &|| false)?;
    let Some(mut manifest) = set.manifest()? else { return Ok(()) };
    for (name, entry) in &mut manifest.files {
        entry.damaged = damaged.get(name).copied().unwrap_or(entry.damaged);
    }
    set.write(&manifest)
}

/// What a prune removes.
#[derive(Default)]
struct Pruned {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    /// Files that no fetch put there: they stay.
    others: u64,
    /// Held until all is removed.
    locks: Vec<Lock>,
}

/// What there is to remove: sets by name, else what unfinished fetches left. Sets are locked where `lock` is asked for:
/// what another process works on stays.
fn to_prune(store: &Store, names: &[String], revision: Option<&str>, lock: bool) -> Result<Pruned> {
    let mut found = Pruned::default();
    for (set, manifest) in sets(store, names)? {
        if revision.is_some_and(|r| !manifest.is_revision(r)) {
            continue;
        }
        if lock {
            let busy = || ();
            found.locks.push(set.lock(&busy, &|| true).map_err(|_| {
                Error::other(format!("another process fetches {}", manifest.card), "wait for it, then prune")
            })?);
        }
        let walk = walkdir::WalkDir::new(set.folder()).sort_by_file_name();
        for entry in walk.into_iter().flatten().filter(|e| !e.file_type().is_dir()) {
            let name = entry.path().strip_prefix(set.folder()).unwrap_or(entry.path()).to_string_lossy().into_owned();
            if !set.is_ours(&manifest, &name) {
                found.others += 1;
            } else if !names.is_empty() || is_left(&name) {
                found.files.push(entry.into_path());
            }
        }
        if !names.is_empty() {
            found.folders.push(set.folder().to_owned());
        }
    }
    Ok(found)
}

fn prune(context: &Context, store: &Store, names: &[String], revision: Option<&str>, yes: bool) -> Result<()> {
    let Pruned { files: mut pruned, folders, others, locks: _locks } = to_prune(store, names, revision, yes)?;
    if others > 0 {
        let stay = if others == 1 { "is left as it is" } else { "are left as they are" };
        let what = format!("{} that no fetch put there {stay}", plural(others, "file"));
        ui::say(context, &what);
    }
    let weight: u64 = pruned.iter().map(|path| weigh(path).0).sum();
    let (shown, word) = if names.is_empty() { (&pruned, "file") } else { (&folders, "folder") };
    let what = format!("{} ({})", plural(shown.len() as u64, word), size(weight));
    if context.format == Format::Json {
        super::print(&format!("{}\n", json!({"v": 1, "removed": yes, "bytes": weight, "paths": shown})))?;
    }
    if !yes {
        for path in shown.iter().take(50) {
            ui::say(context, &format!("  {}", path.display()));
        }
        ui::say(context, &format!("Would remove {what}; --yes does it"));
        return Ok(());
    }
    // The manifest goes last: what is cut off here can be pruned again.
    pruned.sort_by_key(|path| path.ends_with(manifest::NAME));
    for path in &pruned {
        fs::remove_file(path).map_err(Error::io(path))?;
    }
    for folder in &folders {
        let inside = walkdir::WalkDir::new(folder).contents_first(true).into_iter().flatten();
        for within in inside.filter(|e| e.file_type().is_dir()) {
            // Only an empty one goes.
            let _ = fs::remove_dir(within.path());
        }
        // The set's own folder goes with its last revision.
        let _ = folder.parent().map(fs::remove_dir);
    }
    ui::say(context, &format!("Removed {what}"));
    Ok(())
}

/// Removes finished jobs that the last build in a work folder did not use.
fn prune_work(context: &Context, work: &Path, yes: bool) -> Result<()> {
    // Held to the end, so that no build begins meanwhile.
    if is_url(work) {
        let looking = |who: &str| ui::say(context, &format!("looking whether worker {who} is at work"));
        let held = Held::new(work, &objects::stop(), looking)?;
        let jobs = held.spare()?;
        let shown = jobs.iter().map(|job| (work.join(&job.name), job.bytes)).collect();
        return prune_jobs(context, shown, yes, || held.remove(&jobs));
    }
    let _lock = place::hold(work)?;
    let shown = spare::spare(work)?.into_iter().map(|job| (job.path, job.bytes)).collect();
    prune_jobs(context, shown, yes, || spare::shrink(work, 0).map(drop))
}

/// Says which jobs go, with their bytes, and has them removed.
fn prune_jobs(
    context: &Context,
    jobs: Vec<(PathBuf, u64)>,
    yes: bool,
    remove: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let weight: u64 = jobs.iter().map(|job| job.1).sum();
    if context.format == Format::Json {
        let paths: Vec<&PathBuf> = jobs.iter().map(|job| &job.0).collect();
        super::print(&format!("{}\n", json!({"v": 1, "removed": yes, "bytes": weight, "paths": paths})))?;
    }
    let what = format!("{} ({})", plural(jobs.len() as u64, "job"), size(weight));
    if !yes {
        let lines = jobs.iter().take(50);
        lines.for_each(|(path, bytes)| ui::say(context, &format!("  {} ({})", path.display(), size(*bytes))));
        ui::say(context, &format!("Would remove {what}; --yes does it"));
        return Ok(());
    }
    remove()?;
    ui::say(context, &format!("Removed {what}"));
    Ok(())
}
