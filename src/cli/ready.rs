//! A recipe made ready to run: what it reads out of the store is there, and is what `corpus.lock` says.

use super::build::stop_on_interrupt;
use super::fetch_bars::FetchBars;
use super::{Context, ui};
use crate::Result;
use crate::build::lock::{self, Lock};
use crate::build::stored;
use crate::catalog::Catalog;
use crate::fetch::{self, Options, Want};
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

/// Fetches what the store lacks, and says so first.
fn fetch(context: &Context, store: &Store, missing: Vec<stored::Need>) -> Result<()> {
    let mut wants: Vec<Want> = Vec::new();
    for need in missing {
        let same = |w: &&mut Want| w.card == need.card && w.revision == need.revision;
        match wants.iter_mut().find(same) {
            Some(want) => want.parts.push(need.part),
            None => wants.push(Want { card: need.card, parts: vec![need.part], revision: need.revision }),
        }
    }
    let names = wants.iter().map(|w| format!("{} ({})", w.card, w.parts.join(", "))).collect::<Vec<_>>().join("; ");
    ui::say(context, &format!("The store lacks {names}: fetching"));
    let options = Options { stop: stop_on_interrupt(), ..Options::new(store.clone()) };
    fetch::ensure(&Catalog::load(None)?, &wants, &options, &FetchBars::new(context)).map(drop)
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
    let missing = stored::missing(recipe, &store)?;
    if ways.fetch && !missing.is_empty() {
        fetch(context, &store, missing)?;
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
