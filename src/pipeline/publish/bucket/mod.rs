//! A build whose place is a prefix of an object store, where nothing can be renamed.
//!
//! ```text
//! OUT/build.json              the manifest; `at` says where its files are: versions/ID
//! OUT/versions/ID/data/…      the files of a build, under names that no other build uses
//! OUT/.corpus/ID.json         the claim of a build: which names below versions/ID are its own
//! ```
//!
//! How that is done, and why nothing is lost by it: [`crate::output::versions`]. A reader that has read `build.json` finds the
//! old build whole or the new one, and of two builds at once the later one is refused.

pub(crate) mod attempt;
mod journal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::Manifest;
use super::ours::NAMES;
use super::place::{Claim as Listed, older};
use super::verdict;
use crate::disk::hex;
use crate::objects::{Address, Folder, Found, Put, Tag};
use crate::output::versions::{self, Claim as _, VERSIONS, joined, stranger};
use crate::pipeline::{Options, Progress};
use crate::recipe::Recipe;
use crate::{Error, Result};

/// The manifest.
pub(super) const MANIFEST: &str = "build.json";

/// The place of a build, and what stood there when it was opened.
#[derive(Clone)]
pub(crate) struct Bucket {
    folder: Folder,
    before: Option<Standing>,
}

/// A manifest that stands.
#[derive(Clone)]
struct Standing {
    tag: Tag,
    listed: Listed,
}

/// The claim of a build to what it writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claim {
    /// Version of this layout: 1.
    v: u32,
    /// The folder of its files: `versions/ID`.
    at: String,
    /// Name of the recipe.
    recipe: String,
    /// Version of corpus.
    version: String,
    /// When it began, in UTC.
    began: String,
    /// Its files, within that folder.
    names: Vec<String>,
}

impl versions::Claim for Claim {
    const FOLDER: &'static str = ".corpus";

    fn layout(&self) -> u32 {
        self.v
    }

    fn at(&self) -> &str {
        &self.at
    }

    fn files(&self, _folder: &Folder) -> Result<Vec<String>> {
        Ok(self.names.iter().map(|name| joined(&self.at, name)).collect())
    }
}

impl Bucket {
    /// Opens the place `out`, and refuses what is in the way there.
    ///
    /// # Errors
    ///
    /// Something that no build wrote, the build of another recipe; what the store answers.
    pub(crate) fn open(recipe: &Recipe, options: &Options, progress: &dyn Progress) -> Result<Self> {
        // One that does not answer is asked for minutes.
        progress.phase("Asking the store", 0);
        let folder = Folder::new(Address::read("--out", &options.out.to_string_lossy())?, options.stop.clone())?;
        let before = standing(&folder)?;
        let bucket = Bucket { folder, before };
        bucket.unclaimed()?;
        if let Some(old) =
            bucket.before.as_ref().filter(|old| old.listed.recipe.name != recipe.name && !options.replace)
        {
            let recipe = &old.listed.recipe.name;
            return Err(Error::input(
                format!("{} holds the build of another recipe, `{}`", bucket.folder.url(""), recipe),
                "write elsewhere with --out, or replace it with --replace",
            ));
        }
        Ok(bucket)
    }

    /// The manifest of this very build, where it stands and all its files are there.
    pub(crate) fn finished(&self, identity: &str) -> Result<Option<Manifest>> {
        let Some((bytes, _)) = self.folder.read(MANIFEST)? else { return Ok(None) };
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { return Ok(None) };
        if manifest.timings.get("identity").and_then(|is| is.as_str()) != Some(identity) {
            return Ok(None);
        }
        let names: Vec<String> = manifest.written.keys().map(|name| joined(&manifest.at, name)).collect();
        let found = self.folder.heads(&names)?;
        let there = |(found, bytes): (&Option<Found>, &u64)| found.as_ref().is_some_and(|f| f.bytes == *bytes);
        Ok(found.iter().zip(manifest.written.values()).all(there).then_some(manifest))
    }

    /// Judges a build that is there already anew, and says so in its manifest.
    pub(crate) fn judge(&self, recipe: &Recipe, manifest: &mut Manifest) -> Result<()> {
        let judged = verdict::judged(recipe, manifest, &|shard| self.folder.url(&joined(&manifest.at, shard)).into())?;
        if judged == manifest.gates {
            return Ok(());
        }
        manifest.gates = judged;
        let tag = self.before.as_ref().map(|before| &before.tag);
        match self.folder.replace(MANIFEST, &manifest.bytes()?, tag)? {
            Put::Done => Ok(()),
            Put::Refused => Err(overtaken(&self.folder)),
        }
    }

    /// Puts the manifest of the build that stands there anew.
    ///
    /// # Errors
    ///
    /// Another build that was put there meanwhile; what the store answers.
    pub(crate) fn restate(&self, manifest: &Manifest) -> Result<()> {
        let now = standing(&self.folder)?.filter(|now| now.listed.at == manifest.at);
        let Some(now) = now else { return Err(overtaken(&self.folder)) };
        match self.folder.replace(MANIFEST, &manifest.bytes()?, Some(&now.tag))? {
            Put::Done => Ok(()),
            Put::Refused => Err(overtaken(&self.folder)),
        }
    }

    /// Refuses what no build wrote where builds write.
    fn unclaimed(&self) -> Result<()> {
        // Of each name that is ours the bytes, where they are known.
        let mut ours: BTreeMap<String, Option<u64>> = BTreeMap::new();
        for claim in claims(&self.folder)? {
            ours.extend(claim.files(&self.folder)?.into_iter().map(|name| (name, None)));
            ours.insert(claim.name(), None);
        }
        if let Some(old) = &self.before {
            let at = &old.listed.at;
            ours.extend(old.listed.written.iter().map(|(name, bytes)| (joined(at, name), Some(*bytes))));
            self.card_as_written(&old.listed)?;
        }
        let fits = |found: &Found| ours.get(&found.name).is_some_and(|bytes| bytes.is_none_or(|b| b == found.bytes));
        let mut listed = Vec::new();
        for area in NAMES[1..].iter().chain(&[VERSIONS, Claim::FOLDER]) {
            listed.extend(self.folder.list(area)?.into_iter().filter(|found| !fits(found)).map(|found| found.name));
        }
        listed.extend((!ours.contains_key("README.md")).then(|| "README.md".to_owned()));
        stranger(&self.folder, &listed, fits)?.map_or(Ok(()), |found| {
            let why = match ours.get(&found.name) {
                Some(_) => "it was changed since the build wrote it",
                None => "the build there did not write it (build.json lists what it wrote)",
            };
            Err(in_the_way(&self.folder, &found.name, why))
        })
    }

    /// People do edit a card.
    fn card_as_written(&self, old: &Listed) -> Result<()> {
        let name = joined(&old.at, "README.md");
        match self.folder.read(&name)? {
            Some((card, _)) if !old.card.is_empty() && hex(&Sha256::digest(&card)) != old.card => {
                Err(in_the_way(&self.folder, &name, "it was changed since the build wrote it"))
            }
            _ => Ok(()),
        }
    }
}

fn in_the_way(folder: &Folder, name: &str, why: &str) -> Error {
    Error::input(
        format!("{} is in the way: {why}", folder.url(name)),
        "write elsewhere with --out, or move it away yourself",
    )
}

/// Another build has put its manifest there since this one began.
fn overtaken(folder: &Folder) -> Error {
    let message = format!("{}: another build was put there while this one ran, and stays", folder.url(MANIFEST));
    Error::input(message, "run the same command again to replace it, or write elsewhere with --out")
}

/// The manifest that stands at a place.
fn standing(folder: &Folder) -> Result<Option<Standing>> {
    let Some((bytes, tag)) = folder.read(MANIFEST)? else { return Ok(None) };
    let foreign = |why: &str| in_the_way(folder, MANIFEST, why);
    let listed: Listed = serde_json::from_slice(&bytes).map_err(|_| match older(&bytes) {
        Some(_) => foreign("it is of an older corpus, and does not list what it wrote"),
        None => foreign("it is not of a build of corpus"),
    })?;
    if listed.written.is_empty() {
        return Err(foreign("it is of an older corpus, and does not list what it wrote"));
    }
    Ok(Some(Standing { tag, listed }))
}

/// All claims that are there.
fn claims(folder: &Folder) -> Result<Vec<Claim>> {
    versions::claims(folder, foreign(folder))
}

/// The error of a claim that is none.
fn foreign(folder: &Folder) -> impl Fn(&str) -> Error {
    |name| in_the_way(folder, name, "it is not of a build of corpus")
}
