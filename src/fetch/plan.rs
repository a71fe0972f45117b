//! `--dry-run`: what would be fetched, without fetching it; offline, without asking anybody.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use serde::Serialize;

use super::client::Client;
use super::endpoints::Endpoints;
use super::open::probe;
use super::routes::{self, Route};
use super::run::runtime;
use super::summary::Failed;
use super::targets::Target;
use super::ways::{Listing, Remote};
use super::{Options, room};
use crate::Result;
use crate::disk;

/// Files whose size is asked for one by one, where no listing tells it.
const PROBED: usize = 200;

/// The plan of a fetch: sets, files and bytes, with nothing downloaded.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    /// Version of this layout: 1.
    pub v: u32,
    /// The sets, in the order of the command line.
    pub sets: Vec<PlannedSet>,
    /// Bytes still to fetch, as far as they are known.
    pub bytes: u64,
    /// Files of unknown size among them.
    pub unknown: usize,
    /// What these come to, by the sizes that cards tell.
    pub estimated: u64,
    /// Files of which neither a listing nor a card tells the size.
    pub untold: usize,
    /// Bytes of them that lie on the disk already, from a fetch that broke off.
    pub begun: u64,
    /// Bytes free on the disk of the store.
    pub free: Option<u64>,
    /// What is wrong where the disk does not hold it.
    pub short: Option<String>,
}

/// One set of a plan, at one revision.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlannedSet {
    /// The card, or the address.
    pub name: String,
    /// Commit, date or version, as far as it is known.
    pub revision: Option<String>,
    /// What is to be known of each part.
    pub parts: Vec<PlannedPart>,
    /// The ways that are taken.
    pub ways: Vec<PlannedWay>,
    /// Its files, those in the store among them.
    pub files: Vec<PlannedFile>,
    /// Files and parts that no provider has.
    pub failed: Vec<Failed>,
}

/// One part of a set, with its licence.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlannedPart {
    /// Its name.
    pub part: String,
    /// Its licence, in one line.
    pub license: String,
    /// The class of its licence: `open`, `research`, ….
    pub freedom: String,
    /// Its size, as its card tells it.
    pub bytes: Option<u64>,
    /// Whether the licence must be accepted, and was not.
    pub to_accept: bool,
}

/// One provider of a set, and the parts that it has.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlannedWay {
    /// As in the card.
    pub way: String,
    /// What it lost, and what is good for.
    pub lost: Option<String>,
    /// Offline: the request that will list the files.
    pub request: Option<String>,
}

/// One file of a plan.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlannedFile {
    /// Its path, or a glob where only a listing can tell.
    pub path: String,
    /// Its part.
    pub part: String,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// Whether the store has it.
    pub cached: bool,
}

/// Plans targets.
///
/// # Errors
///
/// As [`Endpoints::from_env`] and [`runtime`]; of a target, what its listing says (not there, refused, no answer), or
/// that the store lacks it while offline.
pub fn plan(targets: &[Target], options: &Options) -> Result<Plan> {
    let client = Arc::new(Client::new(Endpoints::from_env()?, options.limits)?);
    let runtime = runtime()?;
    let mut plan = Plan { v: 1, free: disk::free(options.store.root()), ..Plan::default() };
    for target in targets {
        let set = if options.offline {
            offline(&client, target, options)?
        } else {
            runtime.block_on(online(&client, target, options))?
        };
        let missing: Vec<&PlannedFile> = set.files.iter().filter(|f| !f.cached).collect();
        plan.bytes += missing.iter().filter_map(|f| f.bytes).sum::<u64>();
        plan.unknown += missing.iter().filter(|f| f.bytes.is_none()).count();
        let (bytes, untold) = estimated(target, &set.files);
        // What a card tells is of all files, not of those that a glob leaves.
        let known_bytes = if options.include.is_empty() { bytes } else { 0 };
        plan.estimated += known_bytes;
        plan.untold += if known_bytes > 0 { untold } else { missing.iter().filter(|f| f.bytes.is_none()).count() };
        if let Some(revision) = &set.revision {
            plan.begun += room::begun(&options.store.set(&target.key, &crate::store::key(revision)).partial());
        }
        plan.sets.push(set);
    }
    runtime.shutdown_background();
    let needed = (plan.bytes + plan.estimated).saturating_sub(plan.begun);
    let place = options.store.root().display().to_string();
    plan.short = plan.free.and_then(|free| room::short(needed, free, &place));
    Ok(plan)
}

/// What the files of unknown size come to, by the sizes that the card tells of their parts, and how many files remain
/// of which nobody tells.
fn estimated(target: &Target, files: &[PlannedFile]) -> (u64, usize) {
    let open = |part: &str| files.iter().filter(|f| f.part == part && !f.cached && f.bytes.is_none()).count();
    let parts: Vec<&str> = target.parts.iter().map(String::as_str).filter(|p| open(p) > 0).collect();
    let Some(card) = &target.card else { return (0, parts.into_iter().map(open).sum()) };
    let known =
        |parts: &[&str]| files.iter().filter(|f| parts.contains(&f.part.as_str())).filter_map(|f| f.bytes).sum::<u64>();
    let (bytes, untold) = card.bytes_of(parts.iter().copied());
    let with_size: Vec<&str> = parts.into_iter().filter(|p| !untold.contains(p)).collect();
    (bytes.saturating_sub(known(&with_size)), untold.into_iter().map(open).sum())
}

fn parts(target: &Target, listing: Option<&Listing>, options: &Options) -> Vec<PlannedPart> {
    let stated = listing.and_then(|l| l.license.as_ref());
    let passed = super::door::pass(target, stated, &options.accept, "").ok();
    let of = |(part, license): (String, super::door::InForce)| PlannedPart {
        bytes: target.card.as_ref().and_then(|c| c.part(&part)).and_then(|p| p.bytes),
        license: license.line,
        freedom: license.freedom.as_str().to_owned(),
        to_accept: passed.is_none() && license.freedom != crate::catalog::Freedom::Open,
        part,
    };
    routes::licenses(target, listing).into_iter().map(of).collect()
}

/// The first way to each part.
fn first_ways<'r>(routes: &'r [Route], target: &Target) -> (Vec<(&'r Route, BTreeSet<String>)>, BTreeSet<String>) {
    let mut pending: BTreeSet<String> = target.parts.iter().cloned().collect();
    let mut taken = Vec::new();
    for route in routes {
        let parts: BTreeSet<String> = route.parts.intersection(&pending).cloned().collect();
        if !parts.is_empty() {
            pending.retain(|p| !parts.contains(p));
            taken.push((route, parts));
        }
    }
    (taken, pending)
}

fn by_hand(target: &Target, pending: &BTreeSet<String>, set: &mut PlannedSet) {
    let how = target.card.as_ref().and_then(|c| c.way.iter().find_map(|w| w.how.as_ref()));
    if let (Some(how), false) = (how, pending.is_empty()) {
        let parts: Vec<&str> = pending.iter().map(String::as_str).collect();
        let way = format!("by hand ({})", parts.join(", "));
        set.ways.push(PlannedWay { way, lost: None, request: Some(format!("{}\n{}", how.en, how.zh)) });
    }
}

fn offline(client: &Client, target: &Target, options: &Options) -> Result<PlannedSet> {
    let mut set = PlannedSet { name: target.name.clone(), revision: target.revision.clone(), ..PlannedSet::default() };
    set.parts = parts(target, None, options);
    let routes = routes::of(target, options.way.as_deref())?;
    let (taken, pending) = first_ways(&routes, target);
    for (route, parts) in taken {
        let mut requests = Vec::new();
        for request in &route.requests {
            let mut request = request.clone();
            request.files.retain(|part, _| parts.contains(part));
            requests.push(route.lists.plan(client, &request));
            for (part, files) in &request.files {
                for file in files {
                    let pin = request.pins.iter().find(|p| p.path == *file);
                    let path = if route.label == "drive:" {
                        file.split_once('/').map_or(file.as_str(), |p| p.1)
                    } else {
                        file
                    };
                    let stored = options.store.find(&target.key, part, target.revision.as_deref())?;
                    let cached = stored.is_some_and(|all| all.iter().any(|f| f.name == path));
                    set.files.push(PlannedFile {
                        path: path.to_owned(),
                        part: part.clone(),
                        bytes: pin.and_then(|p| p.bytes),
                        cached,
                    });
                }
            }
        }
        set.revision = set.revision.or_else(|| route.requests.first().and_then(|r| r.revision.clone()));
        set.ways.push(PlannedWay {
            way: route.label.clone(),
            lost: route.warning(),
            request: Some(requests.join("\n")),
        });
    }
    by_hand(target, &pending, &mut set);
    Ok(set)
}

async fn online(client: &Arc<Client>, target: &Target, options: &Options) -> Result<PlannedSet> {
    let mut set = PlannedSet { name: target.name.clone(), ..PlannedSet::default() };
    let routes = routes::of(target, options.way.as_deref())?;
    let (_, mut pending) = (0, target.parts.iter().cloned().collect::<BTreeSet<String>>());
    let mut failed: Vec<(BTreeSet<String>, Failed)> = Vec::new();
    for route in &routes {
        let wanted: BTreeSet<String> = route.parts.intersection(&pending).cloned().collect();
        if wanted.is_empty() {
            continue;
        }
        let listing = route.list(client, &wanted).await.and_then(|mut listing| {
            routes::include(&mut listing, &options.include, &target.name)?;
            Ok(listing)
        });
        let listing = match listing {
            Ok(listing) => listing,
            Err(problem) => {
                failed.push((wanted, Failed::of("", "", problem)));
                continue;
            }
        };
        for (part, problem) in &listing.lacking {
            failed.push((BTreeSet::from([part.clone()]), Failed::of("", part, problem.clone())));
        }
        let wanted: BTreeSet<String> =
            wanted.into_iter().filter(|p| !listing.lacking.iter().any(|l| l.0 == *p)).collect();
        pending.retain(|p| !wanted.contains(p));
        set.parts.extend(parts(target, Some(&listing), options).into_iter().filter(|p| wanted.contains(&p.part)));
        set.ways.push(PlannedWay { way: route.label.clone(), lost: route.warning(), request: None });
        for (path, why) in &listing.refused {
            let problem =
                super::problem::Problem::last(super::problem::Kind::Name, format!("this file is refused: {why}"));
            set.failed.push(Failed::of(path, "", problem));
        }
        let stored = options.store.set(&target.key, &crate::store::key(&listing.revision));
        let manifest = stored.manifest()?;
        let has = |remote: &Remote| manifest.as_ref().is_some_and(|m| stored.has(m, &remote.path));
        let mut sizes: Vec<Option<u64>> = listing.files.iter().map(|f| f.bytes).collect();
        let ask: Vec<usize> =
            (0..sizes.len()).filter(|i| sizes[*i].is_none() && !has(&listing.files[*i])).take(PROBED).collect();
        let found: Vec<(usize, Option<u64>)> = futures::stream::iter(ask)
            .map(|at| {
                let (client, remote) = (client.clone(), listing.files[at].clone());
                async move { (at, probe(&client, &remote).await) }
            })
            .buffer_unordered(8)
            .collect()
            .await;
        found.into_iter().for_each(|(at, size)| sizes[at] = size);
        for (remote, bytes) in listing.files.iter().zip(sizes) {
            let cached = has(remote);
            set.files.push(PlannedFile { path: remote.path.clone(), part: remote.part.clone(), bytes, cached });
        }
        set.revision = Some(listing.revision);
    }
    // A way that failed is an error only where no other way had its parts.
    set.failed.extend(failed.into_iter().filter(|(parts, _)| !parts.is_disjoint(&pending)).map(|(_, f)| f));
    by_hand(target, &pending, &mut set);
    Ok(set)
}
