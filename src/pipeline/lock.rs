//! `corpus.lock`: the revisions and checksums of what the recipes of a folder read out of the store, so that a colleague
//! gets the same bytes. It lies beside the recipe and belongs under version control.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::inputs::store_sources::of_stage;
use crate::output::parquet_file::write_whole;
use crate::recipe::{Recipe, Step, Stored};
use crate::{Error, Result};

/// The file's name.
pub const NAME: &str = "corpus.lock";
const HEAD: &str = "# Written by `corpus build`: what the recipes of this folder read. Keep it under version control;\n\
                    # `corpus build --update` takes the newest revisions.\n";

/// What is locked, recipe by recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    version: u32,
    #[serde(default, rename = "set", skip_serializing_if = "Vec::is_empty")]
    sets: Vec<Set>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Set {
    recipe: String,
    /// The source that reads it, or `STAGE: CARD` of a stage.
    source: String,
    #[serde(default)]
    revision: String,
    way: String,
    license: String,
    #[serde(rename = "file")]
    files: Vec<Locked>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Locked {
    path: String,
    bytes: u64,
    sha256: String,
}

/// Where the lock of a recipe lies.
pub fn place(recipe: &Recipe) -> PathBuf {
    recipe.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).join(NAME)
}

impl Lock {
    /// Reads a lock; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be read, [`Error::Input`] where it is no lock of this version.
    pub fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Lock { version: 1, sets: vec![] }),
            Err(error) => return Err(Error::io(path)(error)),
        };
        let broken =
            |what: String| Error::input(format!("{}: {what}", path.display()), "restore it, or delete it to lock anew");
        let lock: Lock = toml::from_str(&text).map_err(|e| broken(e.to_string()))?;
        if lock.version == 1 { Ok(lock) } else { Err(broken(format!("version {} is of another corpus", lock.version))) }
    }

    fn of(&self, recipe: &Recipe, reader: &str) -> Option<&Set> {
        self.sets.iter().find(|s| s.recipe == recipe.name && s.source == reader)
    }

    /// The revision that is locked.
    fn revision(&self, recipe: &Recipe, reader: &str) -> Option<String> {
        self.of(recipe, reader).map(|set| set.revision.clone()).filter(|r| r != "-")
    }

    /// Gives the sources and stages of a recipe that name no revision the one that is locked.
    pub fn pin(&self, recipe: &mut Recipe) {
        for at in 0..recipe.sources.len() {
            let locked = self.revision(recipe, &recipe.sources[at].name);
            if let Some(card) = &mut recipe.sources[at].card
                && card.revision.is_none()
            {
                card.revision = locked;
            }
        }
        for at in 0..recipe.stages.len() {
            for (card, _) in of_stage(&recipe.stages[at]) {
                if let Some(revision) = self.revision(recipe, &reader(&recipe.stages[at], &card)) {
                    recipe.stages[at].revisions.insert(card, revision);
                }
            }
        }
    }

    /// Compares what a recipe is about to read with what is locked.
    ///
    /// # Errors
    /// A file with other bytes; with `all`, a set that is not locked.
    pub fn check(&self, recipe: &Recipe, all: bool) -> Result<()> {
        for (reader, stored) in read(recipe) {
            let Some(set) = self.of(recipe, &reader) else {
                if all {
                    let cure = format!("build once without --locked to write it into {NAME}");
                    return Err(Error::input(format!("source `{reader}` is not locked"), cure));
                }
                continue;
            };
            let now = files(stored);
            if let Some(other) =
                set.files.iter().find(|f| !now.contains(f)).or(now.iter().find(|f| !set.files.contains(f)))
            {
                let cure = "fetch the locked revision again, or build with --update to lock what is here now";
                let message = format!("source `{reader}`: {} is not what {NAME} has locked", other.path);
                return Err(Error::input(message, cure));
            }
        }
        Ok(())
    }

    /// Locks what a recipe reads; false where that was locked already.
    pub fn take(&mut self, recipe: &Recipe) -> bool {
        let before = self.clone();
        self.sets.retain(|s| s.recipe != recipe.name);
        for (source, stored) in read(recipe) {
            let origin = &stored[0].origin;
            self.sets.push(Set {
                recipe: recipe.name.clone(),
                source,
                revision: origin.revision.clone(),
                way: origin.way.clone(),
                license: origin.license.clone(),
                files: files(stored),
            });
        }
        self.sets.sort_by(|a, b| (&a.recipe, &a.source).cmp(&(&b.recipe, &b.source)));
        *self != before
    }

    /// Writes the lock.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] of writing.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(|e| Error::Engine(e.to_string()))?;
        write_whole(path, format!("{HEAD}{text}").as_bytes())
    }
}

/// What a recipe reads out of the store, by who reads it.
fn read(recipe: &Recipe) -> Vec<(String, &[Stored])> {
    let sources = recipe.sources.iter().map(|s| (s.name.clone(), s.stored.as_slice()));
    let stages =
        recipe.stages.iter().flat_map(|s| s.stored.iter().map(move |(card, f)| (reader(s, card), f.as_slice())));
    sources.chain(stages).filter(|(_, stored)| !stored.is_empty()).collect()
}

/// A stage that reads a card, as the lock calls it.
fn reader(step: &Step, card: &str) -> String {
    format!("{}: {card}", step.name)
}

fn files(stored: &[Stored]) -> Vec<Locked> {
    let one = |s: &Stored| Locked { path: s.shown.clone(), bytes: s.bytes, sha256: s.sha256.clone() };
    stored.iter().map(one).collect()
}
