//! One build on its way into a store: claimed, written, put in its place; and what it replaces removed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::journal::{Head, Journal};
use super::{Bucket, Claim, MANIFEST, Standing, foreign, overtaken, standing};
use crate::disk::timestamp;
use crate::objects::{Folder, Found, Put, Upload};
use crate::output::target::{Target, Whole};
use crate::output::versions::{self, VERSIONS, joined};
use crate::pipeline::publish::manifest::Manifest;
use crate::{Error, Result};

/// A build on its way.
pub(crate) struct Attempt {
    folder: Folder,
    before: Option<Standing>,
    claim: Claim,
    journal: Journal,
    /// What an earlier run has finished.
    there: BTreeMap<String, Found>,
}

/// What is built: which build it is, the name of its recipe, and the names of its files.
pub(crate) struct Asked<'a> {
    pub identity: &'a str,
    pub recipe: &'a str,
    pub names: Vec<String>,
}

impl Attempt {
    /// Claims the names of a build that is to be written, or goes on with one that was cut off.
    ///
    /// The order counts: `build.json` is looked at before the claim is made.
    pub(crate) fn begin(bucket: &Bucket, work: &Path, asked: Asked<'_>) -> Result<Self> {
        let folder = bucket.folder.clone();
        let before = standing(&folder)?;
        let tag = before.as_ref().map(|before| before.tag.clone());
        if tag.as_ref() != bucket.before.as_ref().map(|before| &before.tag) {
            return Err(overtaken(&folder));
        }
        let resumed = Journal::read(work).filter(|(head, _)| {
            head.out == folder.url("")
                && head.identity == asked.identity
                && head.before == tag
                && head.claim.names == asked.names
        });
        let (claim, journal, there) = match resumed {
            Some((head, there)) => (head.claim, Journal::resume(work)?, there),
            None => {
                let at = format!(
                    "{VERSIONS}/{}-{:012x}",
                    &asked.identity[..8.min(asked.identity.len())],
                    fastrand::u64(..1 << 48)
                );
                let (recipe, version) = (asked.recipe.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
                let claim =
                    Claim { v: 1, at, recipe, version, began: timestamp(SystemTime::now()), names: asked.names };
                let (out, identity) = (folder.url(""), asked.identity.to_owned());
                let head = Head { out, identity, before: tag, claim: claim.clone() };
                (claim, Journal::begin(work, &head)?, BTreeMap::new())
            }
        };
        let mut attempt = Attempt { folder, before, claim, journal, there };
        attempt.stake()?;
        attempt.look()?;
        Ok(attempt)
    }

    /// The folder of its files within the place.
    pub(crate) fn at(&self) -> &str {
        &self.claim.at
    }

    /// Puts the claim.
    fn stake(&self) -> Result<()> {
        match versions::stake(&self.folder, &self.claim)? {
            Put::Done => Ok(()),
            Put::Refused => Err(overtaken(&self.folder)),
        }
    }

    /// Keeps of what an earlier run has finished what is still there, as it was.
    fn look(&mut self) -> Result<()> {
        let names: Vec<String> = self.there.keys().map(|name| joined(self.at(), name)).collect();
        let found = self.folder.heads(&names)?;
        let is = |was: &Found, is: &Option<Found>| {
            is.as_ref().is_some_and(|is| (is.bytes, &is.tag) == (was.bytes, &was.tag))
        };
        let stay: Vec<bool> = self.there.values().zip(&found).map(|(was, now)| is(was, now)).collect();
        let mut stay = stay.into_iter();
        self.there.retain(|_, _| stay.next().unwrap_or(false));
        Ok(())
    }

    /// The address of the folder of its files.
    pub(crate) fn address(&self) -> String {
        self.folder.url(self.at())
    }

    /// Takes down that somebody else has put a file of it.
    pub(crate) fn arrived(&self, found: &Found) {
        self.journal.arrived(&found.name, found);
    }

    /// The address of a file of it.
    pub(crate) fn url(&self, name: &str) -> PathBuf {
        self.folder.url(&joined(self.at(), name)).into()
    }

    /// Puts the manifest, which makes this the build of the place, and removes what it replaces; what is to be said of what
    /// could not be removed.
    ///
    /// # Errors
    ///
    /// Another build that was put there meanwhile: this one is removed again. What the store answers: then the same command
    /// goes on from here.
    pub(crate) fn publish(&self, manifest: &Manifest) -> Result<Option<String>> {
        let tag = self.before.as_ref().map(|before| &before.tag);
        let (manifest, stands) = (manifest.bytes()?, || self.stands());
        let foreign = foreign(&self.folder);
        let put = versions::publish(&self.folder, (MANIFEST, &manifest), tag, &self.claim, stands, foreign)?;
        let Some(others) = put else {
            // Its own files alone, which no manifest names and none will: the condition of this one never holds again.
            // What cannot be removed now is claimed still, and goes with the next build.
            let _ = versions::remove(&self.folder, std::slice::from_ref(&self.claim));
            self.journal.end();
            return Err(overtaken(&self.folder));
        };
        let left = self.clear(&others);
        self.journal.end();
        Ok(left.err().map(|error| format!("not all of the build before could be removed: {error}")))
    }

    /// Whether the manifest that stands is of this attempt: put by an earlier run that did not hear of it.
    fn stands(&self) -> Result<bool> {
        Ok(standing(&self.folder)?.is_some_and(|now| now.listed.at == self.claim.at))
    }

    /// Removes the build before, and what builds that were cut off have left.
    fn clear(&self, others: &[Claim]) -> Result<()> {
        if let Some(old) = self.before.as_ref().filter(|old| old.listed.at != self.claim.at) {
            versions::remove_old::<Claim>(&self.folder, &old.listed.at, old.listed.written.keys())?;
        }
        versions::remove(&self.folder, others)
    }
}

impl Target for Attempt {
    fn create(&self, name: &str, expected: u64) -> Result<Box<dyn Whole + '_>> {
        if !self.claim.names.iter().any(|claimed| claimed == name) {
            return Err(Error::Engine(format!("{name} is written, and was not claimed")));
        }
        let upload = Upload::new(&self.folder, &joined(self.at(), name), expected);
        Ok(Box::new(Arriving { upload, name: name.to_owned(), attempt: self }))
    }

    fn finished(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.there.get(name).map(|found| found.bytes))
    }
}

/// A file on its way.
struct Arriving<'a> {
    upload: Upload,
    name: String,
    attempt: &'a Attempt,
}

impl Write for Arriving<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.upload.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.upload.flush()
    }
}

impl Whole for Arriving<'_> {
    fn finish(self: Box<Self>) -> Result<u64> {
        let Arriving { upload, name, attempt } = *self;
        let found = upload.finish()?;
        attempt.journal.arrived(&name, &found);
        Ok(found.bytes)
    }
}
