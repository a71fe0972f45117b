//! Places below an address of an object store at which something stands that is replaced as a whole, though nothing can be
//! renamed there:
//!
//! ```text
//! OUT/MANIFEST          says what stands there; `at` in it names the folder of its files
//! OUT/versions/ID/…     those files, below an ID that nothing else uses
//! OUT/CLAIMS/ID.json    the claim of whoever writes there: what below versions/ID is its own
//! ```
//!
//! Whoever writes reads the manifest, makes a claim, puts its files, lists the claims that are there, and puts its manifest
//! last, on the condition that it is what it was. Then it removes what the old manifest names, and what those claims name: who
//! made one of them had read a manifest that is gone, so its own put is refused from then on. No manifest ever names files
//! that somebody else removes. Listings are hints: whatever follows from one is asked of the object itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::objects::{Folder, Found, Put, Tag};
use crate::{Error, Result};

/// Below it lie the files of whatever stands at a place.
pub const VERSIONS: &str = "versions";

/// The claim to a version.
pub trait Claim: Serialize + DeserializeOwned {
    /// Below it lie the claims.
    const FOLDER: &'static str;

    /// The layout of what is claimed: 1.
    fn layout(&self) -> u32;

    /// The folder of the files: `versions/ID`.
    fn at(&self) -> &str;

    /// The names of the files, within the place.
    ///
    /// # Errors
    ///
    /// What the store answers where it is asked.
    fn files(&self, folder: &Folder) -> Result<Vec<String>>;

    /// The name of its own object.
    fn name(&self) -> String {
        name_of::<Self>(self.at())
    }
}

/// The name of the claim to a version.
pub fn name_of<C: Claim>(at: &str) -> String {
    format!("{}/{}.json", C::FOLDER, at.rsplit('/').next().unwrap_or(at))
}

/// A name within a version; within the place itself where what stands there was copied from a disk.
pub fn joined(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") }
}

/// Whether an object lies below a folder.
pub fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Makes a claim, and makes sure that the store keeps to conditions; refused where another has one of this name.
///
/// # Errors
///
/// A store without conditional puts; what it answers.
pub fn stake(folder: &Folder, claim: &impl Claim) -> Result<Put> {
    let bytes = serde_json::to_vec_pretty(claim).map_err(|e| Error::Engine(e.to_string()))?;
    let put = folder.replace(&claim.name(), &bytes, None)?;
    if put == Put::Done {
        folder.has_conditions(&claim.name(), &bytes)?;
    }
    Ok(put)
}

/// All claims that are there; `foreign` is the error of an object that is none.
///
/// # Errors
///
/// That one; what the store answers.
pub fn claims<C: Claim>(folder: &Folder, foreign: impl Fn(&str) -> Error) -> Result<Vec<C>> {
    let mut all = Vec::new();
    for found in folder.list(C::FOLDER)? {
        let Some((bytes, _)) = folder.read(&found.name)? else { continue };
        let claim = serde_json::from_slice::<C>(&bytes).ok();
        let ours = |claim: &C| claim.layout() == 1 && is_below(claim.at(), VERSIONS) && claim.name() == found.name;
        all.push(claim.filter(ours).ok_or_else(|| foreign(&found.name))?);
    }
    Ok(all)
}

/// Puts a manifest in the place of the version `before` of it; the claims of others that go with what stood there. None where
/// something else stands there meanwhile, which is not of this very claim, as `stands` finds: put by an earlier run that did
/// not hear of it.
///
/// # Errors
///
/// As [`claims`].
pub fn publish<C: Claim>(
    folder: &Folder,
    (name, manifest): (&str, &[u8]),
    before: Option<&Tag>,
    mine: &C,
    stands: impl FnOnce() -> Result<bool>,
    foreign: impl Fn(&str) -> Error,
) -> Result<Option<Vec<C>>> {
    // Before the put: whoever claims later may have seen this manifest, and may replace it.
    let mut others: Vec<C> = claims(folder, foreign)?;
    if folder.replace(name, manifest, before)? == Put::Refused && !stands()? {
        return Ok(None);
    }
    others.retain(|claim| claim.at() != mine.at());
    Ok(Some(others))
}

/// Removes what stood at a place: `files` within its folder `at`, and its claim.
///
/// # Errors
///
/// What the store answers.
pub fn remove_old<'n, C: Claim>(folder: &Folder, at: &str, files: impl Iterator<Item = &'n String>) -> Result<()> {
    let names: Vec<String> = files.map(|name| joined(at, name)).collect();
    folder.delete(&names)?;
    if at.is_empty() { Ok(()) } else { folder.delete(&[name_of::<C>(at)]) }
}

/// Removes the files of claims, and then the claims.
///
/// # Errors
///
/// What the store answers.
pub fn remove<C: Claim>(folder: &Folder, claims: &[C]) -> Result<()> {
    for claim in claims {
        folder.delete(&claim.files(folder)?)?;
        folder.delete(&[claim.name()])?;
    }
    Ok(())
}

/// The first of some objects that is there and does not fit; what is listed may have been there a moment ago.
///
/// # Errors
///
/// What the store answers.
pub fn stranger(folder: &Folder, listed: &[String], fits: impl Fn(&Found) -> bool) -> Result<Option<Found>> {
    Ok(folder.heads(listed)?.into_iter().flatten().find(|found| !fits(found)))
}
