//! Targets to files in the store: each part by the first way that has it, each file by a job, each job into the
//! manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinSet;

use super::client::Client;
use super::context::{Context, file_report, report_of};
use super::door::{self, InForce};
use super::download::{Done, Job, blocking};
use super::endpoints::Endpoints;
use super::here::{is_commit, is_here, offline};
use super::problem::{Kind, Problem};
use super::progress::{Event, Events, Progress};
use super::routes::{self, Route};
use super::summary::{Failed, SetReport, Summary};
use super::targets::Target;
use super::ways::{Listing, Remote};
use super::{Options, archive, bring, import, lacking, names, room};
use crate::catalog::Catalog;
use crate::disk;
use crate::store::{Entry, Listed, Manifest, Set};
use crate::{Error, Result};

/// A runtime for tasks that fetch.
///
/// # Errors
///
/// [`Error::Other`] where the system gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(2, 4))
        .enable_all()
        .build()
        .map_err(|e| Error::other(format!("no runtime: {e}"), "report this"))
}

/// Fetches (or imports) targets. What could not be had is in the summary.
///
/// # Errors
/// Wrong usage, a licence of a card that was not accepted, or the user's wish to end.
pub fn fetch(_: &Catalog, targets: &[Target], options: &Options, progress: &dyn Progress) -> Result<Summary> {
    let began = Instant::now();
    door::pass_all(targets, &options.accept, &options.command)?;
    let client = Arc::new(Client::new(Endpoints::from_env()?, options.limits)?);
    let context = Context { options, client, progress };
    let runtime = runtime()?;
    let mut summary = Summary { v: 1, ..Summary::default() };
    for target in targets {
        let report = if let Some(from) = &options.from {
            import::import(&context, target, from)
        } else if options.offline {
            offline(&context, target)
        } else {
            runtime.block_on(set(&context, target))
        };
        let report = match report {
            Ok(report) => report,
            Err(error @ Error::Interrupted) => return Err(error),
            Err(error) if error.exit_code() != 1 && targets.len() == 1 => return Err(error),
            Err(error) => {
                let failed = Failed {
                    here: error.exit_code() != 1,
                    cure: error.hint().unwrap_or_default().to_owned(),
                    error: error.to_string(),
                    ..Failed::default()
                };
                SetReport {
                    name: target.name.clone(),
                    key: target.key.clone(),
                    failed: vec![failed],
                    ..SetReport::default()
                }
            }
        };
        let new = report.files.iter().filter(|f| f.state != "cached");
        summary.bytes += new.map(|f| f.bytes).sum::<u64>();
        summary.sets.push(report);
    }
    runtime.shutdown_background();
    summary.seconds = began.elapsed().as_secs_f64();
    Ok(summary)
}

/// Fetches a target.
async fn set(context: &Context<'_>, target: &Target) -> Result<SetReport> {
    if target.revision.as_deref().is_some_and(is_commit) && context.options.way.is_none() {
        // What is named by a commit never changes: nobody has to be asked whether it is all here.
        let here = offline(context, target)?;
        if here.failed.is_empty() {
            return Ok(here);
        }
    }
    let mut report = report_of(target);
    let mut open = Open { pending: target.parts.iter().cloned().collect(), before: BTreeMap::new() };
    let routes = routes::of(target, context.options.way.as_deref())?;
    for (at, route) in routes.iter().enumerate() {
        let parts: BTreeSet<String> = route.parts.intersection(&open.pending).cloned().collect();
        if parts.is_empty() {
            continue;
        }
        let others: Vec<&Route> = routes[at + 1..].iter().filter(|r| !r.parts.is_disjoint(&parts)).collect();
        match one_way(context, target, route, &parts, &mut report).await? {
            Ok(outcome) => open.settle(&parts, &outcome, &others, &mut report),
            Err(problem) if problem.kind == Kind::Here => return Err(problem.error()),
            Err(problem) => parts.iter().for_each(|part| open.gave_up(part, &problem)),
        }
        let next = others.first().map(|r| r.label.clone());
        if let Some(next) = next.filter(|_| parts.iter().any(|p| open.pending.contains(p))) {
            let first = parts.iter().filter_map(|p| open.before.get(p)?.first()).next();
            let why = first.map(|f| f.error.clone()).unwrap_or_default();
            context.progress.warn(&format!("{}: {why}; trying {next}", target.name));
        }
    }
    let nobody = report.files.is_empty() && !open.pending.is_empty();
    open.unreached(target, &mut report.failed);
    if nobody && offline(context, target).is_ok_and(|here| here.failed.is_empty()) {
        for failed in &mut report.failed {
            failed.cure = "the store has all of it, perhaps not the newest: --offline takes what is there".into();
        }
    }
    Ok(report)
}

/// Parts of a target that no way has brought yet.
struct Open {
    pending: BTreeSet<String>,
    /// What went wrong on ways that were given up, by part.
    before: BTreeMap<String, Vec<Failed>>,
}

impl Open {
    fn gave_up(&mut self, part: &str, problem: &Problem) {
        self.before.entry(part.to_owned()).or_default().push(Failed::of("", part, problem.clone()));
    }

    /// Takes what a way brought: a part is done, unless the way had nothing of it and another one may.
    fn settle(&mut self, parts: &BTreeSet<String>, outcome: &Outcome, others: &[&Route], report: &mut SetReport) {
        let (failures, lacking) = outcome;
        for part in parts {
            if let Some((_, problem)) = lacking.iter().find(|(p, _)| p == part) {
                self.gave_up(part, problem);
                continue;
            }
            let of_part: Vec<&(Remote, Problem)> = failures.iter().filter(|f| f.0.part == *part).collect();
            let got = report.files.iter().any(|f| f.part == *part);
            let failed: Vec<Failed> = of_part.iter().map(|(r, p)| Failed::of(&r.path, &r.part, p.clone())).collect();
            let elsewhere = others.iter().find(|r| r.parts.contains(part));
            let theirs = of_part.iter().all(|(_, p)| p.kind != Kind::Here);
            if !failed.is_empty() && !got && theirs && elsewhere.is_some() {
                self.before.insert(part.clone(), failed);
                continue;
            }
            self.pending.remove(part);
            let hint = elsewhere.map(|r| format!("or take another way: --way {}", r.label));
            report.failed.extend(failed.into_iter().map(|mut f| {
                f.cure = [f.cure].into_iter().chain(hint.clone()).collect::<Vec<_>>().join("; ");
                f
            }));
        }
    }

    /// Parts to which no way led: what went wrong on the last one, and how a person gets them.
    fn unreached(mut self, target: &Target, failed: &mut Vec<Failed>) {
        let by_hand = target.card.as_ref().and_then(|card| card.way.iter().find_map(|w| w.how.as_ref()));
        let mut said = false;
        for part in &self.pending {
            let mut of_part = self.before.remove(part).unwrap_or_default();
            // One failure of a way is told once, not for every part.
            of_part.retain(|f| !failed.iter().any(|other| other.error == f.error && other.path == f.path));
            let (Some(card), Some(how)) = (&target.card, by_hand) else {
                failed.extend(of_part);
                continue;
            };
            for failure in &mut of_part {
                failure.cure.clear();
            }
            failed.extend(of_part);
            if !said {
                said = true;
                let parts: Vec<String> = self.pending.iter().cloned().collect();
                let accept = lacking::in_force(&Target { parts: parts.clone(), ..target.clone() }, None).1;
                let error =
                    format!("{}: {} must be fetched by hand: {}\n  {}", card.name, parts.join(", "), how.en, how.zh);
                let command = lacking::import_command(card, &parts, accept.as_deref());
                let cure = format!("then import it: `{command}`");
                failed.push(Failed { error, cure, part: part.clone(), ..Failed::default() });
            }
        }
    }
}

type Failures = Vec<(Remote, Problem)>;

/// Files that could not be had, and parts of which the way has nothing.
type Outcome = (Failures, Vec<(String, Problem)>);

/// Lists and fetches some parts by one way. The outer error ends the command; the inner one is the way's.
async fn one_way(
    context: &Context<'_>,
    target: &Target,
    route: &Route,
    parts: &BTreeSet<String>,
    report: &mut SetReport,
) -> Result<Result<Outcome, Problem>> {
    let stop = &context.options.stop;
    let listing = tokio::select! {
        listing = route.list(&context.client, parts) => listing,
        () = stopped(stop) => return Err(Error::Interrupted),
    };
    let mut listing = match listing {
        Ok(listing) => listing,
        Err(problem) => return Ok(Err(problem)),
    };
    let licenses = door::pass(target, listing.license.as_ref(), &context.options.accept, &context.options.command)?;
    if let Some(warning) = route.warning() {
        context.progress.warn(&warning);
    }
    let listed: Vec<(String, Listed)> =
        listing.files.iter().map(|f| (f.path.clone(), Listed { part: f.part.clone(), bytes: f.bytes })).collect();
    if let Err(problem) = routes::include(&mut listing, &context.options.include, &target.name) {
        return Err(problem.error());
    }
    for (path, why) in &listing.refused {
        let problem = Problem::last(Kind::Name, format!("this file is refused: {why}"));
        report.failed.push(Failed::of(path, "", problem));
    }
    let set = context.options.store.set(&target.key, &crate::store::key(&listing.revision));
    let waiting = || context.progress.say(&format!("another process fetches {}; waiting for it", target.name));
    let lock = set.lock(&waiting, &|| stop.load(Ordering::Relaxed));
    if matches!(lock, Err(ref error) if !matches!(error, Error::Interrupted))
        && let Some(manifest) = set.manifest()?
        && listing.files.iter().all(|remote| is_here(&set, &manifest, remote))
    {
        // A store that cannot be written, and need not be.
        report.revision.clone_from(&listing.revision);
        report.files.extend(listing.files.iter().map(|f| file_report(&manifest, &f.path, "cached")));
        return Ok(Ok((Failures::new(), listing.lacking)));
    }
    let _lock = lock?;
    let mut manifest = set.manifest()?.unwrap_or_else(|| Manifest::new(&target.name, &listing.revision));
    manifest.asked.extend(target.revision.clone());
    let kept: Vec<(String, Listed)> =
        if target.grows() { manifest.listed.clone().into_iter().collect() } else { Vec::new() };
    let lacking = std::mem::take(&mut listing.lacking);
    let parts: BTreeSet<String> = parts.iter().filter(|p| !lacking.iter().any(|l| l.0 == **p)).cloned().collect();
    manifest.list(&parts, kept.into_iter().chain(listed));
    set.write(&manifest)?;
    report.revision.clone_from(&listing.revision);
    credit(report, route, parts.iter().filter_map(|p| licenses.get(p)));
    let mut work = Work { context, target, route, set, manifest, licenses, report, saved: Instant::now() };
    let failures = work.files(listing).await?;
    Ok(Ok((failures, lacking)))
}

/// Notes the way that brought files, and the licences that they are under.
fn credit<'l>(report: &mut SetReport, route: &Route, licenses: impl Iterator<Item = &'l InForce>) {
    if !report.ways.contains(&route.label) {
        report.ways.push(route.label.clone());
    }
    for license in licenses {
        if !report.licenses.contains(&license.line) {
            report.licenses.push(license.line.clone());
        }
    }
}

/// Until the user wants to end.
async fn stopped(stop: &Arc<std::sync::atomic::AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One file, and what came of it.
async fn download(job: Job) -> (Remote, Result<Done, Problem>) {
    let result = job.run().await;
    (job.remote, result)
}

/// What is closed stays closed for the next file, and a full disk stays full.
fn is_hopeless(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Here) || problem.code.as_deref() == Some("GatedRepo")
}

fn said(progress: &dyn Progress, event: Event) {
    match event {
        Event::Retry(path, what) => progress.say(&format!("{}: {what}; trying again", names::shown(&path))),
        Event::Done(path, bytes) => progress.file(&path, bytes),
    }
}

/// Files of a listing on their way into a set that is locked.
struct Work<'a> {
    context: &'a Context<'a>,
    target: &'a Target,
    route: &'a Route,
    set: Set,
    manifest: Manifest,
    licenses: BTreeMap<String, InForce>,
    report: &'a mut SetReport,
    saved: Instant,
}

impl Work<'_> {
    async fn files(&mut self, listing: Listing) -> Result<Failures> {
        let options = self.context.options;
        let missing = self.missing(listing.files).await?;
        self.begin(&missing)?;
        let (events, mut heard) = Events::new(options.stop.clone());
        let progress = self.context.progress;
        let (mut failures, mut done) = (Failures::new(), 0);
        let mut queue = missing.into_iter();
        let mut running: JoinSet<(Remote, Result<Done, Problem>)> = JoinSet::new();
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        let mut hopeless = false;
        loop {
            while running.len() < options.jobs.max(1) && !hopeless {
                let Some(remote) = queue.next() else { break };
                let client = self.context.client.clone();
                running.spawn(download(Job { client, remote, set: self.set.clone(), events: events.clone() }));
            }
            tokio::select! {
                ended = running.join_next() => match ended {
                    None => break,
                    Some(Err(error)) => {
                        return Err(Error::other(format!("a task ended: {error}"), "report this"));
                    }
                    Some(Ok((remote, Ok(file)))) => {
                        done += 1;
                        events.done(&remote.path, file.bytes);
                        self.record(&remote, file)?;
                    }
                    Some(Ok((remote, Err(problem)))) => {
                        let problem = self.route.explain(&self.context.client, problem, &remote.source);
                        hopeless = hopeless || is_hopeless(&problem);
                        failures.push((remote, problem));
                    }
                },
                Some(event) = heard.recv() => said(progress, event),
                _ = tick.tick() => {
                    progress.at(events.bytes(), done);
                    if options.stop.load(Ordering::Relaxed) {
                        running.shutdown().await;
                        self.save()?;
                        progress.end();
                        return Err(Error::Interrupted);
                    }
                }
            }
        }
        while let Ok(event) = heard.try_recv() {
            if let Event::Done(..) = event {
                said(progress, event);
            }
        }
        progress.at(events.bytes(), done);
        progress.end();
        self.save()?;
        self.report.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(failures)
    }

    /// The files that are not here yet.
    async fn missing(&mut self, files: Vec<Remote>) -> Result<Vec<Remote>> {
        let mut missing = Vec::new();
        for remote in files {
            if is_here(&self.set, &self.manifest, &remote) || self.adopt(&remote).await? {
                self.report.files.push(file_report(&self.manifest, &remote.path, "cached"));
            } else {
                missing.push(remote);
            }
        }
        Ok(missing)
    }

    /// A file that got its name in a run that did not come to write the manifest: taken, if its sums are right.
    async fn adopt(&mut self, remote: &Remote) -> Result<bool> {
        let path = self.set.path(&remote.path);
        let plain =
            std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_file() && remote.bytes.is_none_or(|b| b == m.len()));
        if self.manifest.files.contains_key(&remote.path) || !plain || !remote.expected.any() {
            return Ok(false);
        }
        let (expected, stop) = (remote.expected.clone(), self.context.options.stop.clone());
        let found = blocking(move || bring::sums_of(&path, &expected, &|| stop.load(Ordering::Relaxed))).await;
        let Ok(Ok(Ok((found, bytes)))) = found else { return Ok(false) };
        self.record(remote, Done { bytes, found, etag: None })?;
        self.report.files.pop();
        Ok(true)
    }

    /// Says what is to come; refuses what the disk cannot hold.
    fn begin(&self, missing: &[Remote]) -> Result<()> {
        let begun = room::begun(&self.set.partial());
        let needed = missing.iter().filter_map(|r| r.bytes).sum::<u64>().saturating_sub(begun);
        let free = disk::free(self.set.folder()).unwrap_or(u64::MAX);
        match room::short(needed, free, &self.set.folder().display().to_string()) {
            None if missing.is_empty() => {}
            None => {
                let bytes: Option<u64> = missing.iter().map(|r| r.bytes).sum();
                self.context.progress.begin(&self.target.name, missing.len() as u64, bytes);
            }
            Some(what) => return Err(Error::other(format!("{}: {what}", self.target.name), room::CURE)),
        }
        Ok(())
    }

    /// Takes a file into the manifest.
    fn record(&mut self, remote: &Remote, file: Done) -> Result<()> {
        let license = self.licenses.get(&remote.part);
        let entry = Entry {
            part: remote.part.clone(),
            bytes: file.bytes,
            sha256: file.found.sha256,
            sums: file.found.others.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect(),
            source: remote.source.clone(),
            way: self.route.label.clone(),
            etag: file.etag,
            license: license.map_or_else(|| "unstated".into(), |l| l.line.clone()),
            freedom: license.map_or("unstated", |l| l.freedom.as_str()).to_owned(),
            accepted: license.and_then(|l| l.accepted.clone()),
            fetched: disk::timestamp(SystemTime::now()),
            damaged: false,
            lost: self.route.lost.clone(),
            uses: self.route.uses.clone(),
        };
        self.manifest.files.insert(remote.path.clone(), entry);
        self.report.files.push(file_report(&self.manifest, &remote.path, "fetched"));
        let path = self.set.path(&remote.path);
        if let Ok(Some(sealed)) = archive::sealed(&path) {
            let name = names::shown(&remote.path);
            self.context.progress.warn(&format!(
                "{name} is {}: no build reads it; {}",
                sealed.what,
                archive::unpack_first(sealed, &path)
            ));
        }
        // Thousands of small files are not thousands of manifests: what has a sum is taken up again without one.
        if !remote.expected.any() || self.saved.elapsed() > Duration::from_secs(2) {
            self.save()?;
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        self.saved = Instant::now();
        self.set.write(&self.manifest)
    }
}
