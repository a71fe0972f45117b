//! A recipe made ready to run: what it reads out of the store is there, and is what `corpus.lock` says.

use super::Context;
use super::ui;
use crate::Result;
use crate::build::lock::{self, Lock};
use crate::build::stored;
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
