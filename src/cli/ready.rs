//! A recipe made ready to run: what it reads out of the store is there, and is what `corpus.lock` says; or what is not
//! there yet, told with the one command that fetches it.

use super::fetch_bars::FetchBars;
use super::interrupt::stop_on_interrupt;
use super::{Context, ui};
use crate::catalog::Catalog;
use crate::fetch::{self, Lacking, Options, Want};
use crate::messages::chinese;
use crate::pipeline::inputs::store_sources;
use crate::pipeline::inputs::store_sources::Need;
use crate::pipeline::lock;
use crate::pipeline::lock::Lock;
use crate::recipe::{Recipe, Source};
use crate::store::Store;
use crate::{Error, Result};

/// What to do about sets that are not in the store, and about the lock.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// Fetch what is missing.
    pub fetch: bool,
    /// Licences that are accepted.
    pub accept: Vec<String>,
    /// The lock must know everything.
    pub locked: bool,
    /// Take the newest revisions, whatever the lock says.
    pub update: bool,
    /// Write the lock.
    pub write: bool,
}

/// What a recipe reads and the store lacks.
#[derive(Debug)]
pub struct Missing {
    needs: Vec<Need>,
    /// The same, as it is told.
    pub lacking: Lacking,
}

impl Missing {
    /// Whether a source lacks its files.
    pub fn lacks(&self, source: &Source) -> bool {
        store_sources::of_source(source).iter().any(|need| self.needs.contains(need))
    }

    /// The amount, with what it is of: a headline.
    pub fn headline(&self) -> String {
        if crate::messages::chinese() {
            return format!("尚未下载：需下载 {}", self.lacking.amount_zh());
        }
        format!("not fetched yet: would fetch {}", self.lacking.amount())
    }
}

/// Needs of one set and revision together.
fn wants(needs: &[Need]) -> Vec<Want> {
    let mut wants: Vec<Want> = Vec::new();
    for need in needs {
        let same = |w: &&mut Want| w.card == need.card && w.revision == need.revision;
        match wants.iter_mut().find(same) {
            Some(want) if want.parts.contains(&need.part) => {}
            Some(want) => want.parts.push(need.part.clone()),
            None => {
                let (card, revision) = (need.card.clone(), need.revision.clone());
                wants.push(Want { card, parts: vec![need.part.clone()], revision });
            }
        }
    }
    wants
}

/// Fetches what the store lacks, and says so first.
fn fetch(context: &Context, catalog: &Catalog, store: &Store, missing: &[Need], ways: &Ways) -> Result<()> {
    let wants = wants(missing);
    let lacking = Lacking::of(catalog, store, &wants)?;
    let names = wants.iter().map(|w| format!("{} ({})", w.card, w.parts.join(", "))).collect::<Vec<_>>().join("; ");
    let amount = if chinese() { lacking.amount_zh() } else { lacking.amount() };
    ui::say(context, &format!("The store lacks {names}: fetching {amount}"));
    let options = Options {
        stop: stop_on_interrupt(),
        accept: ways.accept.clone(),
        command: ui::command_line(),
        ..Options::new(store.clone())
    };
    let fetched = fetch::ensure(catalog, &wants, &options, &FetchBars::new(context));
    fetched.map(drop).map_err(|error| beside(fetch::room::explained(error), &lacking))
}

/// An error of a fetch within a build, whose cure may name options that only `corpus fetch` has: with that command.
fn beside(error: Error, lacking: &Lacking) -> Error {
    let command = lacking.command.as_deref().unwrap_or_default();
    let with = |hint: Option<String>| match hint {
        // A licence is accepted by the build itself.
        Some(hint) if hint.contains("corpus build") || command.is_empty() => Some(hint),
        hint => {
            let hint = hint.map(|h| h + "\n").unwrap_or_default();
            let apart = "fetched apart from the build, all options of a fetch apply:";
            Some(format!("{hint}{apart}\n  {command}"))
        }
    };
    match error {
        Error::Input { message, hint } => Error::Input { message, hint: with(hint) },
        Error::Other { message, hint } => Error::Other { message, hint: with(hint) },
        other => other,
    }
}

/// A recipe, the store and the lock, brought together.
fn pinned(recipe: &mut Recipe, update: bool) -> Result<(Store, Lock, Vec<Need>)> {
    let store = Store::open()?;
    let lock = Lock::read(&lock::place(recipe))?;
    if !update {
        lock.pin(recipe);
    }
    let missing = store_sources::missing(recipe, &store)?;
    Ok((store, lock, missing))
}

/// Makes a recipe ready to be looked at: with the files that are there; gives back what is not.
///
/// # Errors
///
/// [`Error::Input`] where `corpus.lock` or a manifest of the store cannot be read, or the store has other bytes than
/// the lock says; as [`Catalog::load`].
pub fn seen(recipe: &mut Recipe) -> Result<Option<Missing>> {
    if store_sources::needs(recipe).is_empty() {
        return Ok(None);
    }
    let (store, lock, needs) = pinned(recipe, false)?;
    store_sources::resolve_without(recipe, &store, &needs)?;
    lock.check(recipe, false)?;
    if needs.is_empty() {
        return Ok(None);
    }
    let lacking = Lacking::of(&Catalog::load(None)?, &store, &wants(&needs))?;
    Ok(Some(Missing { needs, lacking }))
}

/// Makes a recipe ready. One that reads nothing out of the store is ready.
///
/// # Errors
///
/// As [`seen`]; [`Error::Input`] where something is missing and is not to be fetched, and what ends a fetch.
pub fn ready(context: &Context, recipe: &mut Recipe, ways: &Ways) -> Result<()> {
    if store_sources::needs(recipe).is_empty() {
        return Ok(());
    }
    let (store, mut lock, missing) = pinned(recipe, ways.update)?;
    if !missing.is_empty() {
        let catalog = Catalog::load(None)?;
        if !ways.fetch {
            return Err(Lacking::of(&catalog, &store, &wants(&missing))?.error(&store));
        }
        fetch(context, &catalog, &store, &missing, ways)?;
    }
    store_sources::resolve(recipe, &store)?;
    if !ways.update {
        lock.check(recipe, ways.locked)?;
    }
    if ways.write && !ways.locked && lock.take(recipe) {
        let place = lock::place(recipe);
        lock.write(&place)?;
        ui::say(context, &format!("Locked the inputs in {}", place.display()));
    }
    Ok(())
}
