//! What lies below one address: objects by their names within it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use super::Address;
use super::open::{Patience, open};
use super::said::problem;
use super::wait::wait;
use crate::{Error, Result};

/// `bytes::Bytes`, which is no dependency by name.
pub type Bytes = <object_store::PutPayload as IntoIterator>::Item;

/// Questions at a time.
const ABREAST: usize = 16;
/// How often a conditional put of which nothing is known is made again.
const AGAIN: usize = 3;
/// The longest that tidying up waits for an answer.
const BRIEF: Duration = Duration::from_secs(5);
/// The wait before that.
const PAUSE: Duration = Duration::from_millis(300);

/// The objects below an address.
#[derive(Clone)]
pub struct Folder {
    pub(super) store: Arc<dyn ObjectStore>,
    address: Address,
    pub(super) stop: Arc<AtomicBool>,
}

/// Which version of an object it is: what a store tells, and takes as a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tag {
    /// The entity tag.
    pub e_tag: Option<String>,
    /// The version or generation, where the store has them.
    pub version: Option<String>,
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Found {
    /// Its name within the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Which version of it.
    pub tag: Tag,
}

/// The answer to a request for a stretch of an object: the entity tag of what it is of, and its bytes.
pub(super) type Stretch = object_store::Result<(Option<String>, Bytes)>;

/// What became of a conditional put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is there, as it was put.
    Done,
    /// The condition does not hold: something else is there.
    Refused,
}

impl Tag {
    /// Whether it tells one version of an object from another.
    pub fn is_known(&self) -> bool {
        self.e_tag.is_some() || self.version.is_some()
    }

    /// A number that stands for the version, as the time of its last change does for a file.
    pub fn number(&self) -> u64 {
        let text = format!("{:?}", (&self.e_tag, &self.version));
        xxhash_rust::xxh3::xxh3_64(text.as_bytes()).max(1)
    }
}

impl Folder {
    /// The objects below an address; asks nobody yet. Whatever waits for an answer ends once `stop` is set.
    ///
    /// # Errors
    ///
    /// Variables of the environment that cannot be.
    pub fn new(address: Address, stop: Arc<AtomicBool>) -> Result<Self> {
        let store = open(&address.scheme, &address.bucket, &Patience::default());
        let store = store.map_err(|refusal| problem(&address.text(), &refusal))?;
        Ok(Folder { store, address, stop })
    }

    /// A store that ends with this process.
    #[cfg(test)]
    pub(crate) fn in_memory(address: &str) -> Result<Self> {
        let store = Arc::new(object_store::memory::InMemory::new());
        Ok(Folder { store, address: Address::read("a test", address)?, stop: Arc::default() })
    }

    /// The store itself, for whoever asks it in ways of its own; keys are those of the bucket.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// The address of an object.
    pub fn url(&self, name: &str) -> String {
        if name.is_empty() { self.address.text() } else { format!("{}/{name}", self.address.text()) }
    }

    /// The key of an object.
    pub(super) fn key(&self, name: &str) -> Path {
        let whole = [self.address.key.as_str(), name].into_iter().filter(|part| !part.is_empty());
        let whole = whole.collect::<Vec<_>>().join("/");
        // As it is written: another way to make a path would escape Chinese names in the key itself.
        Path::parse(&whole).unwrap_or_else(|_| Path::from(whole))
    }

    fn found(name: &str, meta: ObjectMeta) -> Found {
        Found { name: name.to_owned(), bytes: meta.size, tag: Tag { e_tag: meta.e_tag, version: meta.version } }
    }

    /// A small object, whole, and which version of it; none where there is none.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn read(&self, name: &str) -> Result<Option<(Vec<u8>, Tag)>> {
        let (store, key) = (self.store.clone(), self.key(name));
        let answer = wait(&self.stop, async move {
            let got = store.get(&key).await?;
            let tag = Tag { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            Ok((got.bytes().await?.to_vec(), tag))
        })?;
        self.unless_missing(name, answer)
    }

    /// The size and version of an object; none where there is none.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn head(&self, name: &str) -> Result<Option<Found>> {
        let (store, key) = (self.store.clone(), self.key(name));
        let answer = wait(&self.stop, async move { store.head(&key).await })?;
        Ok(self.unless_missing(name, answer)?.map(|meta| Folder::found(name, meta)))
    }

    /// Those of some objects that are there, in the order of the names.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn heads(&self, names: &[String]) -> Result<Vec<Option<Found>>> {
        let (store, keys) = (self.store.clone(), names.iter().map(|name| self.key(name)).collect::<Vec<_>>());
        let answers = wait(&self.stop, async move {
            let ask = |key: Path| {
                let store = store.clone();
                async move { store.head(&key).await }
            };
            futures::stream::iter(keys.into_iter().map(ask)).buffered(ABREAST).collect::<Vec<_>>().await
        })?;
        let found = names
            .iter()
            .zip(answers)
            .map(|(name, answer)| Ok(self.unless_missing(name, answer)?.map(|meta| Folder::found(name, meta))));
        found.collect()
    }

    /// Those of some small objects that are there, whole, in the order of the names.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn reads(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let (store, keys) = (self.store.clone(), names.iter().map(|name| self.key(name)).collect::<Vec<_>>());
        let answers = wait(&self.stop, async move {
            let ask = |key: Path| {
                let store = store.clone();
                async move { Ok(store.get(&key).await?.bytes().await?.to_vec()) }
            };
            futures::stream::iter(keys.into_iter().map(ask)).buffered(ABREAST).collect::<Vec<_>>().await
        })?;
        names.iter().zip(answers).map(|(name, answer)| self.unless_missing(name, answer)).collect()
    }

    /// Whatever the store lists below a name, `""` for all. A listing may be of a moment ago: what it says is asked again
    /// before anything is done because of it.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn list(&self, below: &str) -> Result<Vec<Found>> {
        Ok(self.listed(below)?.into_iter().map(|one| one.0).collect())
    }

    /// The same, with the time at which each was put, by the clock of the store.
    ///
    /// # Errors
    ///
    /// As [`Folder::list`].
    pub fn listed(&self, below: &str) -> Result<Vec<(Found, SystemTime)>> {
        let (store, prefix) = (self.store.clone(), self.key(below));
        let answer: object_store::Result<Vec<ObjectMeta>> =
            wait(&self.stop, async move { store.list(Some(&prefix)).try_collect().await })?;
        let metas = answer.map_err(|refusal| problem(&self.url(below), &refusal))?;
        let skip = if self.address.key.is_empty() { 0 } else { self.address.key.len() + 1 };
        let name = |meta: &ObjectMeta| meta.location.as_ref().get(skip..).unwrap_or_default().to_owned();
        let found = |meta: ObjectMeta| (SystemTime::from(meta.last_modified), Folder::found(&name(&meta), meta));
        let mut all: Vec<(Found, SystemTime)> = metas.into_iter().map(found).map(|(put, of)| (of, put)).collect();
        all.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        Ok(all)
    }

    /// The names of the objects right below a name, as the store lists them.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn names(&self, below: &str) -> Result<Vec<String>> {
        let (store, prefix) = (self.store.clone(), self.key(below));
        let answer = wait(&self.stop, async move { store.list_with_delimiter(Some(&prefix)).await })?;
        let listed = answer.map_err(|refusal| problem(&self.url(below), &refusal))?;
        Ok(listed.objects.iter().filter_map(|meta| meta.location.filename().map(str::to_owned)).collect())
    }

    /// Puts an object that no other process puts, in the place of whatever is there.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let (store, key) = (self.store.clone(), self.key(name));
        let answer = wait(&self.stop, async move { store.put(&key, PutPayload::from(bytes)).await })?;
        answer.map(drop).map_err(|refusal| problem(&self.url(name), &refusal))
    }

    /// Puts an object in the place of the version `old` of it, or where there is none.
    ///
    /// An answer may be lost or late while the put was done, and the same put made again is refused then. So a refusal
    /// counts only where something else is there than what was put.
    ///
    /// # Errors
    ///
    /// What the store answers; a store that has no conditional puts; [`Error::Interrupted`].
    pub fn replace(&self, name: &str, bytes: &[u8], old: Option<&Tag>) -> Result<Put> {
        for left in (0..AGAIN).rev() {
            let Err(refusal) = self.conditional(name, bytes.to_vec(), old)? else { return Ok(Put::Done) };
            if let object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. } = refusal {
                return Err(self.unconditional());
            }
            let there = self.read(name)?;
            if there.as_ref().is_some_and(|(is, _)| is == bytes) {
                return Ok(Put::Done);
            }
            let (as_before, refused) = (there.as_ref().map(|t| &t.1) == old, is_refusal(&refusal));
            // Refused, and nothing has changed: the store answers of a put that it has forgotten, or of its own accord.
            if !as_before {
                return Ok(Put::Refused);
            }
            if left == 0 || !refused && !is_unknown(&refusal) {
                return Err(problem(&self.url(name), &refusal));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Put::Refused)
    }

    fn conditional(&self, name: &str, bytes: Vec<u8>, old: Option<&Tag>) -> Result<object_store::Result<()>> {
        let mode = old.map_or(PutMode::Create, |tag| {
            PutMode::Update(UpdateVersion { e_tag: tag.e_tag.clone(), version: tag.version.clone() })
        });
        let (store, key) = (self.store.clone(), self.key(name));
        let options = PutOptions { mode, ..PutOptions::default() };
        wait(&self.stop, async move { store.put_opts(&key, PutPayload::from(bytes), options).await.map(drop) })
    }

    /// Makes sure that a put under a condition that does not hold is refused; `name` is an object that is there, with
    /// these bytes, and is put again as it is where the store does not know conditions.
    ///
    /// # Errors
    ///
    /// A store that has no conditional puts; what the store answers; [`Error::Interrupted`].
    pub fn has_conditions(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let other = Tag { e_tag: Some("\"00000000000000000000000000000000\"".into()), version: Some("1".into()) };
        for old in [None, Some(&other)] {
            match self.conditional(name, bytes.to_vec(), old)? {
                Err(refusal) if is_refusal(&refusal) => {}
                Err(refusal) if is_unknown(&refusal) => return Err(problem(&self.url(name), &refusal)),
                _ => return Err(self.unconditional()),
            }
        }
        Ok(())
    }

    fn unconditional(&self) -> Error {
        let message = format!("{}: the store does no conditional puts, so two builds could mix there", self.url(""));
        Error::other(message, "write to a store that does (If-None-Match and If-Match), or to a folder, and copy that")
    }

    /// Gives an object another name: it is copied within the store, and then removed.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (store, keys) = (self.store.clone(), (self.key(from), self.key(to)));
        let answer = wait(&self.stop, async move { store.copy(&keys.0, &keys.1).await })?;
        answer.map_err(|refusal| problem(&self.url(to), &refusal))?;
        self.delete(&[from.to_owned()])
    }

    /// The same folder, for what is tidied up when all else has ended: nobody waits long for that.
    ///
    /// # Errors
    ///
    /// As [`Folder::new`].
    pub fn briefly(&self) -> Result<Self> {
        let patience = Patience { retry_for: BRIEF, answer: Some(BRIEF), connect: BRIEF, ..Patience::default() };
        let store = open(&self.address.scheme, &self.address.bucket, &patience);
        let store = store.map_err(|refusal| problem(&self.address.text(), &refusal))?;
        Ok(Folder { store, address: self.address.clone(), stop: Arc::default() })
    }

    /// Removes objects; those that are not there are as good as removed.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub fn delete(&self, names: &[String]) -> Result<()> {
        for left in (0..AGAIN).rev() {
            let (store, keys) = (self.store.clone(), names.iter().map(|name| Ok(self.key(name))).collect::<Vec<_>>());
            let answers: Vec<object_store::Result<Path>> =
                wait(
                    &self.stop,
                    async move { store.delete_stream(futures::stream::iter(keys).boxed()).collect().await },
                )?;
            let deleted = |answer: &object_store::Result<Path>| {
                matches!(answer, Ok(_) | Err(object_store::Error::NotFound { .. }))
            };
            match answers.into_iter().find(|answer| !deleted(answer)) {
                // Whether it was done is not known, and doing it again does no harm.
                Some(Err(refusal)) if left > 0 && is_unknown(&refusal) => std::thread::sleep(PAUSE),
                Some(Err(refusal)) => return Err(problem(&self.url(""), &refusal)),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// A stretch of an object, if it is still of this version.
    ///
    /// # Errors
    ///
    /// What the store answers; [`Error::Interrupted`].
    pub(super) fn range(&self, found: &Found, range: &Range<u64>) -> Result<Bytes> {
        let answer = wait(&self.stop, self.request(found, range))?;
        self.received(found, range, answer)
    }

    /// The request for a stretch, and the entity tag of what the answer is of.
    pub(super) fn request(&self, found: &Found, range: &Range<u64>) -> impl Future<Output = Stretch> + Send + 'static {
        let (store, key, if_match) = (self.store.clone(), self.key(&found.name), found.tag.e_tag.clone());
        let options = GetOptions { if_match, range: Some(range.clone().into()), ..GetOptions::default() };
        async move {
            let got = store.get_opts(&key, options).await?;
            Ok((got.meta.e_tag.clone(), got.bytes().await?))
        }
    }

    /// The bytes of a stretch, out of the answer to a request for it.
    ///
    /// # Errors
    ///
    /// What the store answers; another version; fewer bytes.
    pub(super) fn received(&self, found: &Found, range: &Range<u64>, answer: Stretch) -> Result<Bytes> {
        let url = self.url(&found.name);
        let other = || {
            let message = format!("{url}: another object is there by now, or none");
            Error::other(message, "run the same command again")
        };
        let (e_tag, bytes) = answer.map_err(|refusal| match refusal {
            object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. } => other(),
            refusal => problem(&url, &refusal),
        })?;
        // A store may pass over the condition.
        if e_tag.is_some() && found.tag.e_tag.is_some() && e_tag != found.tag.e_tag {
            return Err(other());
        }
        if bytes.len() as u64 != range.end - range.start {
            let message = format!("{url}: the store sends {} bytes of {}", bytes.len(), range.end - range.start);
            return Err(Error::other(message, "run the same command again"));
        }
        Ok(bytes)
    }

    fn unless_missing<T>(&self, name: &str, answer: object_store::Result<T>) -> Result<Option<T>> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            // Where the bucket is missing, so is all in it: that is no answer.
            Err(refusal @ object_store::Error::NotFound { .. }) if refusal.to_string().contains("NoSuchBucket") => {
                let message = format!("{}://{}: there is no such bucket", self.address.scheme, self.address.bucket);
                Err(Error::other(
                    message,
                    "make it, or name another; AWS_ENDPOINT_URL and AWS_REGION say where it is looked for",
                ))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(refusal) => Err(problem(&self.url(name), &refusal)),
        }
    }
}

/// Whether a condition did not hold.
fn is_refusal(refusal: &object_store::Error) -> bool {
    use object_store::Error as E;
    matches!(refusal, E::AlreadyExists { .. } | E::Precondition { .. } | E::NotModified { .. })
}

/// Whether a refusal says nothing of what was done.
fn is_unknown(refusal: &object_store::Error) -> bool {
    matches!(refusal, object_store::Error::Generic { .. } | object_store::Error::JoinError { .. })
}
