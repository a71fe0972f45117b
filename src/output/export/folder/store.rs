//! An export whose place is a prefix of an object store, where nothing can be renamed.
//!
//! ```text
//! OUT/export.json              the manifest; `at` says where the files are: versions/ID
//! OUT/versions/ID/…            the files, below an ID that no other export uses
//! OUT/.corpus-export/ID.json   says that versions/ID is an export's own
//! ```
//!
//! The manifest is put last, on the condition that it is what it was when the export began; what it replaces goes then, and
//! what exports that were cut off have left: those that were there before the put, whose own put is refused from then on.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Earlier, MANIFEST};
use crate::disk::timestamp;
use crate::objects::{self, Address, Folder, Found, Put, Tag, Upload};
use crate::output::target::Whole;
use crate::{Error, Result};

/// Below it lie the files of exports.
const VERSIONS: &str = "versions";
/// Below it lie the claims of exports.
const CLAIMS: &str = ".corpus-export";

/// An export on its way.
pub struct InStore {
    folder: Folder,
    at: String,
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

/// The name of the claim of a version.
fn claim_of(at: &str) -> String {
    format!("{CLAIMS}/{}.json", at.rsplit('/').next().unwrap_or(at))
}

/// Whether an object lies below a folder.
fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn opened(out: &Path) -> Result<Folder> {
    Folder::new(Address::read("--out", &out.to_string_lossy())?, objects::stop())
}

/// The manifest of the export at a place, as it is.
pub(super) fn manifest_of(out: &Path) -> Result<Option<Vec<u8>>> {
    Ok(opened(out)?.read(MANIFEST)?.map(|(bytes, _)| bytes))
}

impl InStore {
    pub(super) fn new(out: &Path) -> Result<Self> {
        let folder = opened(out)?;
        let before = standing(&folder)?;
        only_ours(&folder, before.as_ref().map(|before| &before.1))?;
        let at = format!("{VERSIONS}/{:012x}", fastrand::u64(..1 << 48));
        let export = InStore { folder, at, before, expected: 0, done: false };
        let claim = Claim { v: 1, at: export.at.clone(), began: timestamp(std::time::SystemTime::now()) };
        let bytes = serde_json::to_vec_pretty(&claim).map_err(|e| Error::Engine(e.to_string()))?;
        match export.folder.replace(&claim_of(&export.at), &bytes, None)? {
            Put::Done => export.folder.has_conditions(&claim_of(&export.at), &bytes)?,
            Put::Refused => return Err(overtaken(&export.folder)),
        }
        Ok(export)
    }

    pub(super) fn expecting(mut self, expected: u64) -> Self {
        self.expected = expected;
        self
    }

    pub(super) fn at(&self) -> &str {
        &self.at
    }

    pub(super) fn file(&self, name: &str) -> Box<dyn Whole> {
        Box::new(Upload::new(&self.folder, &format!("{}/{name}", self.at), self.expected))
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.folder.rename(&format!("{}/{from}", self.at), &format!("{}/{to}", self.at))
    }

    pub(super) fn publish(mut self, manifest: &[u8]) -> Result<()> {
        // Before the put: whoever claims later may have seen this manifest, and may replace it.
        let others = claims(&self.folder)?;
        let tag = self.before.as_ref().map(|before| &before.0);
        let stands = || Ok::<_, Error>(standing(&self.folder)?.is_some_and(|now| now.1.at == self.at));
        if self.folder.replace(MANIFEST, manifest, tag)? == Put::Refused && !stands()? {
            return Err(overtaken(&self.folder));
        }
        self.done = true;
        if let Some((_, old)) = self.before.as_ref().filter(|before| before.1.at != self.at) {
            let at = |name: &String| if old.at.is_empty() { name.clone() } else { format!("{}/{name}", old.at) };
            let mut names: Vec<String> = old.files.iter().map(|file| at(&file.path)).collect();
            names.extend((!old.at.is_empty()).then(|| claim_of(&old.at)));
            self.folder.delete(&names)?;
        }
        others.iter().filter(|claim| claim.at != self.at).try_for_each(|claim| removed(&self.folder, &claim.at))
    }
}

impl Drop for InStore {
    fn drop(&mut self) {
        if !self.done {
            // What cannot be removed now is claimed, and goes with the next export.
            let _ = self.folder.briefly().and_then(|folder| removed(&folder, &self.at));
        }
    }
}

/// Removes what an export has put, and then its claim.
fn removed(folder: &Folder, at: &str) -> Result<()> {
    let names: Vec<String> = folder.list(at)?.into_iter().map(|found| found.name).collect();
    folder.delete(&names)?;
    folder.delete(&[claim_of(at)])
}

/// The export that stands at a place.
fn standing(folder: &Folder) -> Result<Option<(Tag, Earlier)>> {
    let Some((bytes, tag)) = folder.read(MANIFEST)? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(earlier) => Ok(Some((tag, earlier))),
        Err(_) => Err(refused(folder, MANIFEST, "was not written by an export")),
    }
}

/// All claims that are there.
fn claims(folder: &Folder) -> Result<Vec<Claim>> {
    let mut all = Vec::new();
    for found in folder.list(CLAIMS)? {
        let Some((bytes, _)) = folder.read(&found.name)? else { continue };
        let claim = serde_json::from_slice::<Claim>(&bytes).ok();
        let ours = |claim: &Claim| claim.v == 1 && is_below(&claim.at, VERSIONS) && claim_of(&claim.at) == found.name;
        all.push(claim.filter(ours).ok_or_else(|| refused(folder, &found.name, "was not written by an export"))?);
    }
    Ok(all)
}

/// Refuses a place in which something lies that no export wrote, or that was changed since.
fn only_ours(folder: &Folder, before: Option<&Earlier>) -> Result<()> {
    let claims = claims(folder)?;
    let size = |name: &str| {
        let before = before?;
        let name = if before.at.is_empty() { name } else { name.strip_prefix(&before.at)?.strip_prefix('/')? };
        before.files.iter().find(|file| file.path == name).map(|file| file.bytes)
    };
    let claimed = |name: &str| claims.iter().any(|claim| is_below(name, &claim.at) || claim_of(&claim.at) == name);
    let ours = |found: &Found| match size(&found.name) {
        Some(bytes) => found.bytes == bytes,
        None => found.name == MANIFEST || claimed(&found.name),
    };
    let listed: Vec<String> =
        folder.list("")?.into_iter().filter(|found| !ours(found)).map(|found| found.name).collect();
    // What is listed may have been there a moment ago.
    match folder.heads(&listed)?.into_iter().flatten().find(|found| !ours(found)) {
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
