//! A recipe made ready to run: what it reads out of the store is there, and is what `corpus.lock` says.

use super::fetch_bars::FetchBars;
use super::{Context, ui};
use crate::Result;
use crate::build::lock::{self, Lock};
use crate::build::stored::{self, ALL, Need};
use crate::catalog::Catalog;
use crate::fetch::{Options, run, targets};
use crate::recipe::Recipe;
use crate::store::Store;

/// What to do about sets that are not in the store, and about the lock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// Fetch what is missing.
    pub fetch: bool,
    /// The lock must know everything.
    pub locked: bool,
    /// Take the newest revisions, whatever the lock says.
    pub update: bool,
    /// Write the lock.
    pub write: bool,
}

/// Makes a recipe ready. One that reads nothing out of the store is ready.
pub fn ready(context: &Context, recipe: &mut Recipe, ways: Ways) -> Result<()> {
    if stored::needs(recipe).is_empty() {
        return Ok(());
    }
    let store = Store::open()?;
    let place = lock::place(recipe);
    let mut lock = Lock::read(&place)?;
    if !ways.update {
        lock.pin(recipe);
    }
    if ways.fetch {
        fetch(context, stored::missing(recipe, &store)?, &store)?;
    }
    stored::resolve(recipe, &store)?;
    if !ways.update {
        lock.check(recipe, ways.locked)?;
    }
    if ways.write && !ways.locked && lock.take(recipe) {
        lock.write(&place)?;
        ui::say(context, &format!("Locked the inputs in {}", place.display()));
    }
    Ok(())
}

/// Fetches what a recipe reads and the store lacks, and says so first.
fn fetch(context: &Context, missing: Vec<Need>, store: &Store) -> Result<()> {
    let catalog = Catalog::load(None)?;
    let mut wanted: Vec<(String, Option<String>, Vec<String>)> = Vec::new();
    for need in missing {
        let part = (need.part != ALL || catalog.get(&need.card).is_some()).then_some(need.part);
        match wanted.iter_mut().find(|(card, revision, _)| *card == need.card && *revision == need.revision) {
            Some((.., parts)) => parts.extend(part),
            None => wanted.push((need.card, need.revision, part.into_iter().collect())),
        }
    }
    for (card, revision, parts) in wanted {
        let targets = targets::read(&catalog, std::slice::from_ref(&card), &parts, revision.as_deref())?;
        let mut command = format!("corpus fetch {card}");
        parts.iter().for_each(|part| command += &format!(" --part {part}"));
        if let Some(revision) = &revision {
            command += &format!(" --revision {revision}");
        }
        ui::say(context, &format!("The store lacks {card}: `{command}`"));
        let options = Options { command, stop: super::build::stop_on_interrupt(), ..Options::new(store.clone()) };
        let summary = run::fetch(&catalog, &targets, &options, &FetchBars::new(context))?;
        if let Some(error) = summary.error() {
            return Err(error);
        }
    }
    Ok(())
}
