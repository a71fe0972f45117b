//! An export whose place is a prefix of an object store, where nothing can be renamed.
//!
//! ```text
//! OUT/export.json              the manifest; `at` says where the files are: versions/ID
//! OUT/versions/ID/…            the files, below an ID that no other export uses
//! OUT/.corpus-export/ID.json   says that versions/ID is an export's own
//! ```
//!
//! How one goes and another comes: [`crate::output::versions`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Earlier, MANIFEST};
use crate::disk::timestamp;
use crate::objects::{self, Address, Folder, Found, Put, Tag, Upload};
use crate::output::target::Whole;
use crate::output::versions::{self, Claim as _, VERSIONS, is_below, joined, stranger};
use crate::{Error, Result};

/// An export on its way.
pub struct InStore {
    folder: Folder,
    claim: Claim,
    before: Option<(Tag, Earlier)>,
    expected: u64,
    done: bool,
}

/// The claim of an export to all below `at`.
#[derive(Serialize, Deserialize)]
struct Claim {
    /// Version of this layout: 1.
    v: u32,
    at: String,
    /// When it began, in UTC.
    began: String,
}

impl versions::Claim for Claim {
    const FOLDER: &'static str = ".corpus-export";

    fn layout(&self) -> u32 {
        self.v
    }

    fn at(&self) -> &str {
        &self.at
    }

    fn files(&self, folder: &Folder) -> Result<Vec<String>> {
        Ok(folder.list(&self.at)?.into_iter().map(|found| found.name).collect())
    }
}

fn opened(out: &Path) -> Result<Folder> {
    Folder::new(Address::read("--out", &out.to_string_lossy())?, objects::stop())
}

/// The manifest of the export at a place, as it is.
pub(super) fn manifest_of(out: &Path) -> Result<Option<Vec<u8>>> {
    Ok(opened(out)?.read(MANIFEST)?.map(|(bytes, _)| bytes))
}

impl InStore {
    /// An export that somebody else writes: what stands there is known, and nothing is claimed.
    pub(super) fn awaiting(out: &Path) -> Result<Self> {
        let folder = opened(out)?;
        let before = standing(&folder)?;
        only_ours(&folder, before.as_ref().map(|before| &before.1))?;
        let claim = Claim { v: 1, at: String::new(), began: timestamp(std::time::SystemTime::now()) };
        Ok(InStore { folder, claim, before, expected: 0, done: false })
    }

    pub(super) fn new(out: &Path) -> Result<Self> {
        let mut export = InStore::awaiting(out)?;
        export.claim.at = format!("{VERSIONS}/{:012x}", fastrand::u64(..1 << 48));
        match versions::stake(&export.folder, &export.claim)? {
            Put::Done => Ok(export),
            Put::Refused => Err(overtaken(&export.folder)),
        }
    }

    /// Takes what somebody else has claimed and written. That was after this one had looked at what stands there, so whoever
    /// removes it has put something else there, and what is put by this one is refused.
    pub(super) fn take(&mut self, at: &str) {
        at.clone_into(&mut self.claim.at);
    }

    /// Leaves it to somebody else.
    pub(super) fn leave(mut self) {
        self.done = true;
    }

    pub(super) fn expecting(mut self, expected: u64) -> Self {
        self.expected = expected;
        self
    }

    pub(super) fn at(&self) -> &str {
        &self.claim.at
    }

    pub(super) fn file(&self, name: &str) -> Box<dyn Whole> {
        Box::new(Upload::new(&self.folder, &joined(self.at(), name), self.expected))
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.folder.rename(&joined(self.at(), from), &joined(self.at(), to))
    }

    pub(super) fn publish(mut self, manifest: &[u8]) -> Result<()> {
        let tag = self.before.as_ref().map(|before| &before.0);
        let stands = || Ok(standing(&self.folder)?.is_some_and(|now| now.1.at == self.at()));
        let foreign = foreign(&self.folder);
        let put = versions::publish(&self.folder, (MANIFEST, manifest), tag, &self.claim, stands, foreign)?;
        let others = put.ok_or_else(|| overtaken(&self.folder))?;
        self.done = true;
        if let Some((_, old)) = self.before.as_ref().filter(|before| before.1.at != self.at()) {
            versions::remove_old::<Claim>(&self.folder, &old.at, old.files.iter().map(|file| &file.path))?;
        }
        versions::remove(&self.folder, &others)
    }
}

impl Drop for InStore {
    fn drop(&mut self) {
        if !self.done && !self.at().is_empty() {
            // What cannot be removed now is claimed, and goes with the next export.
            let mine = std::slice::from_ref(&self.claim);
            let _ = self.folder.briefly().and_then(|folder| versions::remove(&folder, mine));
        }
    }
}

/// The export that stands at a place.
fn standing(folder: &Folder) -> Result<Option<(Tag, Earlier)>> {
    let Some((bytes, tag)) = folder.read(MANIFEST)? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(earlier) => Ok(Some((tag, earlier))),
        Err(_) => Err(refused(folder, MANIFEST, "was not written by an export")),
    }
}

/// The error of a claim that is none.
fn foreign(folder: &Folder) -> impl Fn(&str) -> Error {
    |name| refused(folder, name, "was not written by an export")
}

/// Refuses a place in which something lies that no export wrote, or that was changed since.
fn only_ours(folder: &Folder, before: Option<&Earlier>) -> Result<()> {
    let claims: Vec<Claim> = versions::claims(folder, foreign(folder))?;
    let size = |name: &str| {
        let before = before?;
        let name = if before.at.is_empty() { name } else { name.strip_prefix(&before.at)?.strip_prefix('/')? };
        before.files.iter().find(|file| file.path == name).map(|file| file.bytes)
    };
    let claimed = |name: &str| claims.iter().any(|claim| is_below(name, &claim.at) || claim.name() == name);
    let ours = |found: &Found| match size(&found.name) {
        Some(bytes) => found.bytes == bytes,
        None => found.name == MANIFEST || claimed(&found.name),
    };
    let listed: Vec<String> =
        folder.list("")?.into_iter().filter(|found| !ours(found)).map(|found| found.name).collect();
    match stranger(folder, &listed, ours)? {
        Some(found) if size(&found.name).is_some() => {
            Err(refused(folder, &found.name, "was changed since it was exported"))
        }
        Some(found) => Err(refused(folder, &found.name, "was not written by an export")),
        None => Ok(()),
    }
}

fn refused(folder: &Folder, name: &str, why: &str) -> Error {
    let message = format!("{} {why}: an export replaces only what an export wrote", folder.url(name));
    Error::input(message, "name another folder with --out, or move what is yours out of it")
}

/// Another export has put its manifest there since this one began.
fn overtaken(folder: &Folder) -> Error {
    let message = format!("{}: another export was put there while this one ran, and stays", folder.url(MANIFEST));
    Error::input(message, "run the same command again to replace it, or name another folder with --out")
}
