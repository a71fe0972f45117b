//! Objects that are inputs: each is read in the version in which it was probed, however often it is opened.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::lost::noted;
use super::{Address, Found, Reading, at, bucket};
use crate::{Error, Result};

/// Builds whose views are held for tasks to come. One that is forgotten is seen anew by its next task; tasks that are under
/// way have theirs still.
const HELD: usize = 32;

/// What was seen of stores for one build: every object in one version, and each folder as it was listed once.
#[derive(Clone, Default)]
pub struct View(Arc<Seen>);

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "View of {} objects", locked(&self.0.pinned).len())
    }
}

#[derive(Default)]
struct Seen {
    /// Objects that were looked at, by their addresses.
    pinned: Mutex<BTreeMap<String, Reading>>,
    /// Names of the objects in folders that were listed.
    listed: Mutex<BTreeMap<String, Arc<Vec<String>>>>,
}

/// What this process sees for a build of its own.
static OWN: LazyLock<View> = LazyLock::new(View::default);
/// What it sees for builds of others, by their numbers, the one that began work last behind the others.
static OTHERS: Mutex<VecDeque<(u64, View)>> = Mutex::new(VecDeque::new());

thread_local! {
    /// What the work of this thread sees, where it is for somebody else.
    static CURRENT: RefCell<Option<View>> = const { RefCell::new(None) };
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl View {
    /// What this process sees for a build of its own.
    pub fn own() -> Self {
        OWN.clone()
    }

    /// What this process sees for the build of another one, which goes by a number. Builds that are under way side by side
    /// may have found different versions of an object: none of them sees what another does.
    pub fn of(build: u64) -> Self {
        let mut others = locked(&OTHERS);
        let known = others.iter().position(|other| other.0 == build).and_then(|at| others.remove(at));
        let (_, view) = known.unwrap_or_default();
        others.push_back((build, view.clone()));
        if others.len() > HELD {
            others.pop_front();
        }
        view
    }

    /// Does some work of this thread, to which objects are as this view has them.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Back(Option<View>);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _back = Back(CURRENT.replace(Some(self.clone())));
        work()
    }

    fn current() -> Self {
        CURRENT.with_borrow(Clone::clone).unwrap_or_else(View::own)
    }

    fn known(&self, url: &str) -> Option<Reading> {
        locked(&self.0.pinned).get(url).cloned()
    }

    /// The version that was looked at first, where somebody looked meanwhile.
    fn pinned(&self, url: &str, look: impl FnOnce() -> Result<Reading>) -> Result<Reading> {
        if let Some(known) = self.known(url) {
            return Ok(known);
        }
        let now = told_apart(url, look()?)?;
        Ok(locked(&self.0.pinned).entry(url.to_owned()).or_insert(now).clone())
    }

    fn is_still(
        &self,
        url: &str,
        same: impl Fn(&Found) -> bool,
        look: impl FnOnce() -> Result<Reading>,
    ) -> Result<bool> {
        if self.known(url).is_some_and(|known| same(known.found())) {
            return Ok(true);
        }
        let now = look()?;
        let still = same(now.found());
        if still {
            locked(&self.0.pinned).insert(url.to_owned(), now);
        }
        Ok(still)
    }
}

/// # Errors
///
/// An object whose versions the store does not tell apart.
fn told_apart(url: &str, reading: Reading) -> Result<Reading> {
    if reading.found().tag.is_known() {
        return Ok(reading);
    }
    let message =
        format!("{url}: the store tells neither an entity tag nor a version, so a changed object could not be told");
    let cure = format!("fetch it, and read the copy: `card = \"{url}\"` in place of `path`");
    Err(Error::other(message, cure))
}

/// The object at an address as it is now. From here on it is read in this version, or not at all.
///
/// # Errors
///
/// As [`at`]; an object whose versions cannot be told apart.
pub fn pin(url: &str) -> Result<Reading> {
    let reading = told_apart(url, noted(at(url))?)?;
    locked(&View::current().0.pinned).insert(url.to_owned(), reading.clone());
    Ok(reading.as_input())
}

/// The object at an address in the version that was looked at last; as it is now where that was not done.
///
/// # Errors
///
/// As [`pin`].
pub fn pinned(url: &str) -> Result<Reading> {
    View::current().pinned(url, || noted(at(url))).map(|reading| reading.as_input())
}

/// Whether the object at an address is in the version that `same` knows, in which it is read from here on. Where it was
/// looked at in that version it is not asked for again: each read of it is of that version. What is there in another one
/// is not read.
///
/// # Errors
///
/// As [`at`].
pub fn is_still(url: &str, same: impl Fn(&Found) -> bool) -> Result<bool> {
    View::current().is_still(url, same, || noted(at(url)))
}

/// The names of the objects in the folder of an object; a folder is listed once.
///
/// # Errors
///
/// What the store answers.
pub fn beside(url: &str) -> Result<Arc<Vec<String>>> {
    let address = Address::read("the file", url)?;
    let folder = address.key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let bucket = bucket(address)?;
    let view = View::current();
    let mut listed = locked(&view.0.listed);
    if let Some(names) = listed.get(&bucket.url(&folder)) {
        return Ok(names.clone());
    }
    let names = Arc::new(noted(bucket.names(&folder))?);
    listed.insert(bucket.url(&folder), names.clone());
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Folder;

    const URL: &str = "s3://b/x";

    /// The object as it is in a state of the store.
    fn is(version: &str) -> Result<Reading> {
        Ok(Reading::known(Folder::in_memory("s3://b")?, "x", version))
    }

    fn version(reading: &Reading) -> Option<&str> {
        reading.found().tag.e_tag.as_deref()
    }

    /// Two builds found an object in two versions, and one process does the work of both: each looks whether the object
    /// is as it was, and opens it later.
    #[test]
    fn builds_side_by_side_do_not_see_each_others_versions() {
        let of = |version: &'static str| move |found: &Found| found.tag.e_tag.as_deref() == Some(version);
        let never = || Err(Error::Engine("it is known".into()));
        let (one, two) = (View::of(u64::MAX - 1), View::of(u64::MAX - 2));
        assert!(one.is_still(URL, of("old"), || is("old")).unwrap());
        assert!(two.is_still(URL, of("new"), || is("new")).unwrap());
        assert_eq!(version(&one.pinned(URL, never).unwrap()), Some("old"));
        assert_eq!(version(&two.pinned(URL, never).unwrap()), Some("new"));
        // A later task of the first build has its view, and one that finds another version does not take it.
        let again = View::of(u64::MAX - 1);
        assert!(!again.is_still(URL, of("older"), || is("new")).unwrap());
        assert_eq!(version(&again.pinned(URL, never).unwrap()), Some("old"));
        // Whoever looks at the same time as another takes what that one found.
        let raced = View::of(u64::MAX - 3);
        let looked = raced.pinned(URL, || {
            assert!(raced.is_still(URL, of("old"), || is("old")).unwrap());
            is("new")
        });
        assert_eq!(version(&looked.unwrap()), Some("old"));
        // One that is forgotten stays that of whoever has it.
        (0..HELD as u64).for_each(|build| drop(View::of(build)));
        assert!(View::of(u64::MAX - 1).known(URL).is_none());
        assert_eq!(version(&one.pinned(URL, never).unwrap()), Some("old"));
    }

    #[test]
    fn a_view_is_that_of_the_work_that_a_thread_does() {
        let (one, two) = (View::of(u64::MAX - 4), View::of(u64::MAX - 5));
        let same = |view: &View| Arc::ptr_eq(&View::current().0, &view.0);
        assert!(same(&View::own()));
        one.during(|| {
            two.during(|| assert!(same(&two)));
            assert!(same(&one));
        });
        assert!(same(&View::own()));
    }
}
