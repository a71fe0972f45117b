//! `corpus build`: run a recipe.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::export_tokens;
use super::interrupt::stop_on_interrupt;
use super::notes::{self, Note};
use super::ready::{Ways, ready};
use super::{Context, Format, choices, gates, heavy, no_rows, ui};
use crate::disk::local;
use crate::engine::cluster::Address;
use crate::heap;
use crate::messages::said;
use crate::objects::is_url;
use crate::output::export::run::lines;
use crate::pipeline as runner;
use crate::pipeline::Options;
use crate::pipeline::publish::manifest::Manifest;
use crate::pipeline::run::workers::Worker;
use crate::pipeline::usage::{count, size};
use crate::recipe::{self, Recipe};
use crate::{Error, Result};

/// Run a recipe: raw files in, labelled Parquet out. Resumes where it stopped.
#[derive(Debug, Args)]
pub struct Build {
    #[command(flatten)]
    recipe: RecipeOption,
    #[command(flatten)]
    run: RunOptions,
    /// Be one of several processes, on one machine or many, that share this build: the K-th of N, all with the same
    /// command, on folders that all of them see. The last one finishes it.
    #[arg(long, value_name = "K/N", conflicts_with_all = ["fresh", "update"])]
    worker: Option<String>,
    /// Seconds without a sign of life after which a worker counts as lost.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, hide = true)]
    lease: f64,
    /// With --work in an object store: this machine's own folder of jobs, a copy of what is there [default:
    /// builds/NAME/.work; .work-K of one of several workers].
    #[arg(long, value_name = "FOLDER", requires = "work")]
    scratch: Option<PathBuf>,
    /// Have the units done by an Apache Ballista cluster, whose scheduler is there; --out and --work are folders that all
    /// its machines see under the same path, or in an object store.
    #[arg(long, value_name = "df://HOST:PORT", conflicts_with = "worker")]
    cluster: Option<String>,
    /// Keep the text of finished jobs too.
    #[arg(long)]
    keep_work: bool,
    /// Bytes that finished jobs may take when the build is done: those that it did not use go first, the one used
    /// longest ago before the others.
    #[arg(long, value_name = "SIZE")]
    work_limit: Option<String>,
    /// Throw finished jobs away first.
    #[arg(long)]
    fresh: bool,
    /// Replace the build of another recipe in the output folder.
    #[arg(long)]
    replace: bool,
    /// Use what the store has, and fetch nothing.
    #[arg(long)]
    offline: bool,
    /// Accept a licence that is not open of what is fetched: name of the set, part, or licence; may be repeated.
    #[arg(long, value_name = "NAME")]
    accept_license: Vec<String>,
    /// Read only what `corpus.lock` names, and leave the lock as it is.
    #[arg(long, conflicts_with = "update")]
    locked: bool,
    /// Take the newest revisions of data sets, and write `corpus.lock` anew.
    #[arg(long)]
    update: bool,
}

/// The recipe that `build` and `plan` run.
#[derive(Debug, Args)]
pub struct RecipeOption {
    /// The recipe: a path, or the name of a shipped one.
    #[arg(long, short, required_unless_present = "bare")]
    recipe: Option<String>,
    /// A recipe without `--recipe`: answered with the command that was meant.
    #[arg(hide = true, conflicts_with = "recipe")]
    bare: Option<String>,
}

impl RecipeOption {
    /// What was said after `--recipe`.
    ///
    /// # Errors
    /// Where a word stands there without it: the command that was meant.
    pub fn reference(&self, command: &str) -> Result<&str> {
        self.recipe.as_deref().ok_or_else(|| {
            let word = self.bare.as_deref().unwrap_or_default();
            let cure = format!("say `corpus {command} --recipe {}`", ui::quoted(word));
            Error::other(format!("`{word}` stands where an option is meant"), cure)
        })
    }
}

/// Options that `build` and `plan` share.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// The output folder, or s3://BUCKET/FOLDER, gs://…, az://… [default: builds/NAME; builds/NAME-trial with --limit or
    /// --set].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The folder of finished jobs, for resuming and reuse [default: OUT/.work; builds/NAME/.work for an object store]. Of a
    /// build also s3://BUCKET/FOLDER, gs://…, az://…, where --out is one.
    #[arg(long)]
    work: Option<PathBuf>,
    /// Units worked on at a time [default: the cores there are]; one for each 32 MiB of --memory at most.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Memory to use: peak resident stays under this plus 200 MiB.
    #[arg(long, default_value = "2GiB")]
    memory: String,
    /// Change an option of a stage: STAGE.KEY=VALUE.
    #[arg(long, value_name = "STAGE.KEY=VALUE")]
    set: Vec<String>,
    /// Only the first N rows of each source.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Refuse a recipe that runs a program of its author (`run = "command"`); so does CORPUS_NO_COMMANDS=1.
    #[arg(long)]
    no_commands: bool,
    /// Bytes of a unit of work; for tests.
    #[arg(long, default_value = "64MiB", hide = true)]
    unit: String,
}

impl RunOptions {
    /// Sees to it that the allocator keeps to `--memory`: what starts the program anew comes first ([`heap::few`]). A size
    /// that is none is told where options are read.
    pub fn settle(&self) {
        if let Ok(memory) = memory(&self.memory) {
            heap::few(memory);
        }
    }

    /// The recipe, with `--set` and `--limit` applied.
    ///
    /// # Errors
    ///
    /// As [`recipe::load`].
    pub fn recipe(&self, reference: &str) -> Result<Recipe> {
        let mut recipe = recipe::load(reference, &self.set)?;
        if self.no_commands || ui::no_commands() {
            choices::refuse_programs(&recipe)?;
        }
        if let Some(limit) = self.limit {
            recipe.sources.iter_mut().for_each(|s| s.limit = Some(s.limit.map_or(limit, |l| l.min(limit))));
        }
        Ok(recipe)
    }

    /// How a build of `recipe` runs; Ctrl-C stops it.
    ///
    /// # Errors
    ///
    /// [`Error::Input`](crate::Error::Input) where a folder is a URL, and [`Error::Other`](crate::Error::Other) where a
    /// size is none.
    pub fn options(self, context: &Context, recipe: &Recipe) -> Result<Options> {
        let trial = self.limit.is_some() || !self.set.is_empty();
        let named = |tail: &str| PathBuf::from("builds").join(format!("{}{tail}", recipe.name));
        // A trial begins with what the real build has done.
        let reuse = (trial && self.out.is_none() && self.work.is_none()).then(|| named("").join(".work"));
        let usual = named(if trial { "-trial" } else { "" });
        let out = self.out.unwrap_or_else(|| usual.clone());
        if !is_url(&out) {
            local("--out", &out)?;
        }
        // Beside the output, where that is a folder.
        let beside = if is_url(&out) { usual } else { out.clone() };
        if let Some(work) = self.work.as_deref() {
            here(work)?;
        }
        let memory = memory(&self.memory)?;
        let threads = threads_for(context, self.threads, (memory, &self.memory));
        Ok(Options {
            work: self.work.unwrap_or_else(|| beside.join(".work")),
            out,
            reuse,
            threads,
            memory,
            unit: bytes("--unit", &self.unit)?.max(1024),
            fresh: false,
            keep_work: false,
            work_limit: None,
            replace: false,
            stop: stop_on_interrupt(),
            watch: None,
            worker: None,
            cluster: None,
        })
    }
}

/// The threads that `--memory`, as it was given, is enough for: of those `asked` for, else of the cores there are.
pub(super) fn threads_for(context: &Context, asked: Option<NonZeroUsize>, (memory, given): (u64, &str)) -> usize {
    /// Bytes of `--memory` for each thread: what it reads, holds, packs and writes at a time.
    const THREAD: u64 = 32 << 20;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let (threads, most) = (asked.map_or_else(cores, NonZeroUsize::get), (memory / THREAD).max(1) as usize);
    if asked.is_some_and(|asked| asked.get() > most) {
        ui::say(context, &format!("--memory {given} is enough for {most} of {threads} threads"));
    }
    threads.min(most)
}

/// Bytes of `--memory`. No build runs in less than 64 MiB, so less counts as that; a number without a unit, which would
/// be bytes, cannot be meant.
pub(super) fn memory(text: &str) -> Result<u64> {
    const LEAST: u64 = 1 << 20;
    let given = bytes("--memory", text)?;
    if given < LEAST {
        let message = format!("--memory: `{text}` is {given} bytes, in which nothing runs");
        return Err(Error::other(message, format!("write it with a unit: --memory {}GiB", given.clamp(1, 64))));
    }
    Ok(given.max(64 << 20))
}

/// The worker of `--worker K/N`.
fn worker(text: &str, lease: f64) -> Result<Worker> {
    let numbers = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    let Some((number, of)) = numbers.filter(|(k, n)| (1..=*n).contains(k)) else {
        let cure = "write which of how many it is, from 1: --worker 2/3";
        return Err(Error::other(format!("--worker: `{text}` is not one of so many workers"), cure));
    };
    Ok(Worker { number, of, lease: seconds(lease), store: None })
}

fn seconds(lease: f64) -> Duration {
    Duration::from_secs_f64(lease.clamp(0.1, 86_400.0))
}

pub(super) fn bytes(option: &str, text: &str) -> Result<u64> {
    let cure = "write a number with KiB, MiB or GiB: 512MiB";
    recipe::bytes(text).ok_or_else(|| Error::other(format!("{option}: `{text}` is not a size"), cure))
}

impl Build {
    /// The address of `--work`, where it is one; the folder of jobs is that of `--scratch` then.
    fn place_jobs(&mut self) -> Result<Option<PathBuf>> {
        let refused = |message: &str, cure: &str| Err(Error::other(message, cure));
        if !self.run.work.as_deref().is_some_and(is_url) {
            return match self.scratch {
                None => Ok(None),
                Some(_) => {
                    refused("--scratch goes with --work in an object store", "name the folder itself with --work")
                }
            };
        }
        let store = std::mem::replace(&mut self.run.work, self.scratch.take());
        let Some(out) = self.run.out.as_deref().filter(|out| is_url(out)) else {
            let message =
                "--work is in an object store, and --out is a folder of one machine: any worker may end the build";
            return refused(message, "let --out be in a store too (s3://…), and copy the build from there");
        };
        if store.as_deref().is_some_and(|work| out.starts_with(work)) {
            return refused(
                "--work holds the place of --out",
                "name another place for the jobs, beside the output or below it",
            );
        }
        if self.fresh {
            let message = "--fresh: jobs in an object store may be those of other machines";
            return refused(message, "name another place with --work, or remove the old one from the store");
        }
        Ok(store)
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// As [`recipe::load`], [`ready`] and [`runner::run`].
    pub fn run(mut self, context: &Context) -> Result<()> {
        self.run.settle();
        let store = self.place_jobs()?;
        let cluster = self.cluster.map(|text| Address::parse("--cluster", &text)).transpose()?;
        let mut recipe = self.run.recipe(self.recipe.reference("build")?)?;
        choices::warn(context, &recipe)?;
        let ways = Ways {
            fetch: !(self.offline || ui::offline()),
            accept: self.accept_license,
            locked: self.locked,
            update: self.update,
            write: true,
        };
        ready(context, &mut recipe, &ways)?;
        let work_named = self.run.work.is_some();
        let mut options = Options {
            fresh: self.fresh,
            keep_work: self.keep_work,
            work_limit: self.work_limit.map(|limit| bytes("--work-limit", &limit)).transpose()?,
            replace: self.replace,
            worker: self.worker.map(|text| worker(&text, self.lease)).transpose()?,
            cluster,
            ..self.run.options(context, &recipe)?
        };
        if let Some(store) = store {
            stored_jobs(store, &mut options, work_named, seconds(self.lease));
        }
        anchored(context, &mut options, work_named)?;
        let built = runner::run(&recipe, &options, &ui::Bars::new(context))?;
        let said: Vec<Note> = built.notes.iter().map(|(file, text)| Note::of(file, text)).collect();
        notes::warn(context, &said);
        let damaged = built.manifest.sources.iter().flat_map(|s| &s.files).filter(|f| f.replaced > 0);
        let (files, sequences) = damaged.fold((0, 0), |(files, sum), f| (files + 1, sum + f.replaced));
        if files > 0 {
            let of = if files == 1 { "a file that is".to_owned() } else { format!("{files} files that are") };
            let what = if sequences == 1 { "malformed sequence" } else { "malformed sequences" };
            ui::say(context, &format!("{sequences} {what} in {of} not UTF-8 became U+FFFD: `replaced` in build.json"));
        }
        let folder = options.out.display();
        if built.reused {
            ui::say(context, &format!("{folder} holds this very build already"));
        }
        heavy::warn(context, &built.manifest.heavy, Some(&folder.to_string()));
        match context.format {
            Format::Json => super::print(&format!("{}\n", serde_json::to_string(&built.manifest).unwrap_or_default()))?,
            Format::Human => {
                for export in &built.manifest.exports {
                    ui::say(context, &format!("{} as {}", options.out.join(&export.out).display(), export.to));
                    let ids = export.tokens.as_ref().map_or(Vec::new(), export_tokens::said);
                    let lines_shown = lines(&export.uses, "").into_iter().chain(ids);
                    lines_shown.for_each(|line| ui::say(context, &format!("  {line}")));
                }
                ui::say(context, &funnel(&built.manifest, &options));
            }
        }
        no_rows::judge(context, &recipe, &built.manifest, &options.out)?;
        gates::judge(&built.manifest.gates, &options.out)
    }
}

/// Lets jobs go through an object store, by a worker: a process alone is the only one.
fn stored_jobs(store: PathBuf, options: &mut Options, work_named: bool, lease: Duration) {
    let worker = options.worker.get_or_insert(Worker { number: 1, of: 1, lease, store: None });
    worker.store = Some(store);
    if worker.of > 1 && !work_named {
        // Several may run on one machine.
        options.work.set_file_name(format!(".work-{}", worker.number));
    }
}

/// Refuses a folder of jobs that is not on this machine.
fn here(work: &Path) -> Result<()> {
    if is_url(work) {
        let message =
            format!("--work: {} is in an object store, and jobs are looked for on this machine", work.display());
        return Err(Error::other(message, "name this machine's copy: --scratch of the build, else builds/NAME/.work"));
    }
    local("--work", work)
}

/// Makes folders that executors see too whole paths, and says where jobs are where that does not follow from the output.
fn anchored(context: &Context, options: &mut Options, work_named: bool) -> Result<()> {
    if options.cluster.is_some() {
        // Executors run in folders of their own.
        for folder in [&mut options.out, &mut options.work].into_iter().filter(|folder| !is_url(folder)) {
            *folder = std::path::absolute(&folder).map_err(Error::io(&*folder))?;
        }
    }
    let stored = options.worker.as_ref().is_some_and(|worker| worker.store.is_some());
    if is_url(&options.out) && !work_named && !stored {
        ui::say(context, &format!("jobs are in {}: another run goes on from there", options.work.display()));
    }
    Ok(())
}

fn funnel(manifest: &Manifest, options: &Options) -> String {
    let totals = &manifest.totals;
    let share = |rows: u64| if totals.read == 0 { 0.0 } else { rows as f64 * 100.0 / totals.read as f64 };
    let mut lines = vec![format!("Built {}", manifest.recipe.name)];
    lines.push(format!("  {} read -> {} kept ({:.1}%)", count(totals.read), count(totals.kept), share(totals.kept)));
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for line in &manifest.reasons {
        let name = format!("{} ({})", line.reason, line.stage);
        match reasons.iter_mut().find(|r| r.0 == name) {
            Some(reason) => reason.1 += line.rows,
            None => reasons.push((name, line.rows)),
        }
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    if totals.unreadable > 0 {
        reasons.push((said("unreadable").into_owned(), totals.unreadable));
    }
    let width = reasons.iter().map(|r| count(r.1).len()).max().unwrap_or(0);
    for (name, rows) in reasons {
        lines.push(format!("  - {:>width$} {name}", count(rows)));
    }
    let sizes: Vec<u64> =
        manifest.written.iter().filter(|(name, _)| name.starts_with("data/")).map(|(_, bytes)| *bytes).collect();
    let mut uses: Vec<&str> = manifest.sources.iter().flat_map(|s| &s.uses).map(|u| u.as_str()).collect();
    uses.dedup();
    let out = options.out.display();
    let (shards, bytes) = (sizes.len(), size(sizes.iter().sum()));
    lines.push(format!(
        "  {out}/  {shards} shard{} · {bytes} · {}",
        if shards == 1 { "" } else { "s" },
        uses.join(", ")
    ));
    lines.extend(gates::lines(&manifest.gates));
    lines.push(format!("next: `corpus inspect {}`", ui::quoted(&out.to_string())));
    lines.join("\n")
}
