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
//! ```

pub mod archive;
pub mod client;
pub mod door;
pub mod download;
pub mod endpoints;
pub mod import;
pub mod names;
pub mod open;
pub mod partial;
pub mod plan;
pub mod problem;
pub mod progress;
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

pub use progress::{Progress, Silent};
pub use summary::{Summary, Told};
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
    /// Tries in a row that gain nothing.
    pub tries: u32,
    /// The longest wait that a host may ask for.
    pub max_wait: Duration,
    /// Connections to one host.
    pub per_host: usize,
    /// Bounds of archives.
    pub bombs: verify::Bombs,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            min_speed: 1024,
            tries: 6,
            max_wait: Duration::from_secs(600),
            per_host: 8,
            bombs: verify::Bombs::default(),
        }
    }
}

/// How to fetch.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to.
    pub store: Store,
    /// Patience.
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
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for want in wants {
        let card = catalog.find(&want.card)?;
        let parts = targets::parts(card, &want.parts)?;
        for part in parts {
            let stored = options.store.find(&card.name, &part, want.revision.as_deref())?;
            match stored {
                Some(files) => found.push((want, part, files)),
                None => missing.push((want, part)),
            }
        }
    }
    if missing.is_empty() {
        return Ok(in_order(wants, found));
    }
    if options.offline {
        let names: Vec<String> = missing.iter().map(|(want, part)| format!("{}/{part}", want.card)).collect();
        return Err(Error::input(
            format!("offline, and the store lacks {}", names.join(", ")),
            format!("run `corpus fetch {}` where there is a network", names_of(&missing)),
        ));
    }
    let lacking: Vec<(&Want, String)> = missing;
    for want in wants {
        let parts: Vec<String> = lacking.iter().filter(|l| std::ptr::eq(l.0, want)).map(|l| l.1.clone()).collect();
        if parts.is_empty() {
            continue;
        }
        let card = catalog.find(&want.card)?;
        let target = Target::of_card(card, parts.clone(), want.revision.clone());
        let mut options = options.clone();
        options.command = format!("corpus fetch {}", card.name);
        let summary = run::fetch(catalog, &[target], &options, progress)?;
        if let Some(error) = summary.error() {
            return Err(error);
        }
        for part in parts {
            let files = options.store.find(&card.name, &part, want.revision.as_deref())?.ok_or_else(|| {
                Error::other(format!("{}/{part} was fetched, and is not in the store", card.name), "report this")
            })?;
            found.push((want, part, files));
        }
    }
    Ok(in_order(wants, found))
}

fn names_of(missing: &[(&Want, String)]) -> String {
    let mut names: Vec<&str> = missing.iter().map(|m| m.0.card.as_str()).collect();
    names.dedup();
    names.join(" ")
}

/// Files by the order of what was wanted.
fn in_order(wants: &[Want], mut found: Vec<(&Want, String, Vec<StoredFile>)>) -> Vec<StoredFile> {
    found.sort_by_key(|(want, ..)| wants.iter().position(|w| std::ptr::eq(w, *want)));
    found.into_iter().flat_map(|(.., files)| files).collect()
}
