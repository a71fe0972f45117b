//! Fetching: names to files in the store, planned, resumed, verified, recorded.
//!
//! ```text
//! targets   what a name on the command line (or in a recipe) means
//! door      licences that must be accepted first
//! ways/     one file a kind of place: lists files
//! routes    parts to ways
//! run       ways to listings, listings to jobs, jobs to the manifest
//! download  one file, in ranges; partial, open, client below it
//! import    --from: what was fetched by hand
//! plan      --dry-run
//! lacking   what a recipe wants and the store lacks, before anything is fetched
//! ```

pub mod archive;
pub mod bring;
pub mod client;
pub mod context;
pub mod door;
pub mod download;
pub mod endpoints;
pub mod here;
pub mod import;
pub mod lacking;
pub mod names;
pub mod open;
pub mod page;
pub mod partial;
pub mod plan;
pub mod problem;
pub mod progress;
pub mod proxy;
pub mod redirects;
pub mod room;
pub mod routes;
pub mod run;
pub mod summary;
pub mod sums;
pub mod targets;
pub mod verify;
pub mod wait;
pub mod ways;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use lacking::Lacking;
pub use progress::{Progress, Silent};
pub use summary::{SetReport, Summary};
pub use targets::Target;

use crate::catalog::Catalog;
use crate::store::{Store, StoredFile};
use crate::{Error, Result};

/// Patience, politeness, and what is a bomb.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To open a connection.
    pub connect: Duration,
    /// Without a byte; also the stretch over which speed is measured.
    pub idle: Duration,
    /// Bytes a second, over that stretch.
    pub min_speed: u64,
    /// Tries in a row that gain nothing, at most.
    pub tries: u32,
    /// How long to go on trying while nothing is gained.
    pub retry_for: Duration,
    /// The longest wait that a host may ask for.
    pub max_wait: Duration,
    /// Connections to one host.
    pub per_host: usize,
    /// Follow redirects from https to http.
    pub allow_http: bool,
    /// Limits on what an archive may unpack to.
    pub bombs: verify::Bombs,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            min_speed: 1024,
            tries: u32::MAX,
            retry_for: Duration::from_secs(300),
            max_wait: Duration::from_secs(600),
            per_host: 8,
            allow_http: false,
            bombs: verify::Bombs::default(),
        }
    }
}

/// The options of a fetch.
#[derive(Clone, Debug)]
pub struct Options {
    /// The store that files go into.
    pub store: Store,
    /// Timeouts, tries and connections a host.
    pub limits: Limits,
    /// Files at a time.
    pub jobs: usize,
    /// Use the network for nothing.
    pub offline: bool,
    /// Licences that are accepted: names of cards, parts, sets or licences.
    pub accept: Vec<String>,
    /// Only files that one of these globs takes; all where empty.
    pub include: Vec<String>,
    /// Only this way: its number in the card, or what its `from` begins with.
    pub way: Option<String>,
    /// Import from here in the place of fetching.
    pub from: Option<PathBuf>,
    /// An import may put other bytes in the place of a file that came by hand before.
    pub replace: bool,
    /// The command that was given, for errors that say what to add to it.
    pub command: String,
    /// Set by whoever wants it to end; what is finished is kept.
    pub stop: Arc<AtomicBool>,
}

impl Options {
    /// Defaults, for a store.
    pub fn new(store: Store) -> Self {
        Options {
            store,
            limits: Limits::default(),
            jobs: 4,
            offline: false,
            accept: Vec::new(),
            include: Vec::new(),
            way: None,
            from: None,
            replace: false,
            command: String::new(),
            stop: Arc::default(),
        }
    }
}

/// Parts of a card that a build needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// The card.
    pub card: String,
    /// Its parts; all that are not optional where empty.
    pub parts: Vec<String>,
    /// Commit, dump date, version, branch; the newest that is stored where absent.
    pub revision: Option<String>,
}

/// The files of everything wanted: from the store where it has them, else fetched.
///
/// # Errors
/// What cannot be had, with its cure; offline, everything that is missing.
pub fn ensure(
    catalog: &Catalog,
    wants: &[Want],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<StoredFile>> {
    let mut targets = Vec::new();
    for want in wants {
        let name = std::slice::from_ref(&want.card);
        let target = targets::read(catalog, name, &want.parts, want.revision.as_deref())?.remove(0);
        targets.push((want, target));
    }
    let lacking = lacking(&targets, &options.store)?;
    if options.offline && !lacking.is_empty() {
        let wants: Vec<Want> = lacking
            .iter()
            .map(|t| Want {
                card: t.from.first().unwrap_or(&t.name).clone(),
                parts: t.parts.clone(),
                revision: t.revision.clone(),
            })
            .collect();
        return Err(Lacking::of(catalog, &options.store, &wants)?.error(&options.store));
    }
    if !lacking.is_empty()
        && let Some(error) = run::fetch(catalog, &lacking, options, progress)?.error()
    {
        return Err(error);
    }
    let mut files = Vec::new();
    for (want, target) in &targets {
        for part in &target.parts {
            let found = targets::find(&options.store, &want.card, part, want.revision.as_deref())?;
            let lost =
                || Error::other(format!("{}/{part} was fetched, and is not in the store", want.card), "report this");
            files.extend(found.ok_or_else(lost)?);
        }
    }
    Ok(files)
}

/// The targets, cut to the parts that the store has not all of.
fn lacking(targets: &[(&Want, Target)], store: &Store) -> Result<Vec<Target>> {
    let mut lacking = Vec::new();
    for (want, target) in targets {
        let mut target = target.clone();
        let mut parts = Vec::new();
        for part in &target.parts {
            if targets::find(store, &want.card, part, want.revision.as_deref())?.is_none() {
                parts.push(part.clone());
            }
        }
        if !parts.is_empty() {
            (target.parts, target.by_name) = (parts, true);
            lacking.push(target);
        }
    }
    Ok(lacking)
}
