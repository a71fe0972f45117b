//! The new output in the place of the old one, so that whoever reads the folder finds one of the two whole, whenever a
//! kill comes.
//!
//! `.corpus` lies under the output folder while a build runs: `new` is the output to come, `old` what it replaces, and
//! `moving` a journal: while it is there, the next build ends the exchange rather than forgetting it.
//!
//! Where the file system can swap two names and has symbolic links (all common ones of Linux and macOS), every moment
//! shows one build whole. Each part of the old output is swapped for a link through `.corpus/current`, which leads to
//! `old`; then `current` is made to lead to `new`, in one rename, which is the moment of the exchange; then each link is
//! swapped for the part of the new output that it leads to. Elsewhere the parts are moved one by one, `build.json` away
//! first and in last: a kill between leaves a folder without `build.json`, until the next build ends the exchange.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::ours::{ASIDE, MARKER, NAMES, claim, remove};
use crate::disk::{self, swap};
use crate::output::parquet_file::write_whole;
use crate::{Error, Result};

/// The journal: the names of the new output, after a line that says how they come in.
const MOVING: &str = ".corpus/moving";
/// The link that leads to the output that is shown.
const CURRENT: &str = ".corpus/current";
/// The line of the journal that says that links are used.
const LINKS: &str = "by links";

/// Hears of every change that an exchange is about to make to the disk; an error ends it there.
pub(crate) type Step<'a> = &'a mut dyn FnMut() -> Result<()>;

/// The folder in which the output to come is put together.
pub(crate) fn staging(out: &Path) -> PathBuf {
    out.join(".corpus/new")
}

/// Whether an exchange was begun and not ended.
pub(crate) fn under_way(out: &Path) -> bool {
    out.join(MOVING).exists()
}

/// Puts the staged output in the place of the old one.
pub(crate) fn exchange(out: &Path, step: Step<'_>) -> Result<()> {
    begin(out, can_link(out), step)
}

fn begin(out: &Path, links: bool, step: Step<'_>) -> Result<()> {
    let new = NAMES.into_iter().filter(|name| there(&staging(out).join(name)));
    let journal: Vec<&str> = links.then_some(LINKS).into_iter().chain(new).collect();
    step()?;
    write_whole(&out.join(MOVING), journal.join("\n").as_bytes())?;
    forward(out, step)
}

/// Ends an exchange that was interrupted; forgets an output that was never complete.
pub(crate) fn recover(out: &Path) -> Result<()> {
    let aside = out.join(ASIDE);
    if under_way(out) && aside.join(MARKER).exists() {
        return forward(out, &mut || Ok(()));
    }
    if !aside.exists() {
        return Ok(());
    }
    claim(&aside)?;
    forget(out)
}

/// Removes `.corpus`, the mark last, unless an exchange is still to be ended.
pub(crate) fn forget(out: &Path) -> Result<()> {
    let at = out.join(ASIDE);
    if under_way(out) || !at.join(MARKER).exists() {
        return Ok(());
    }
    for entry in fs::read_dir(&at).map_err(Error::io(&at))?.flatten().filter(|e| e.file_name() != MARKER) {
        remove(&entry.path())?;
    }
    remove(&at.join(MARKER))?;
    remove(&at)
}

/// Makes what is left of the exchange that the journal tells of.
fn forward(out: &Path, step: Step<'_>) -> Result<()> {
    let (moving, old) = (out.join(MOVING), out.join(".corpus/old"));
    let journal = fs::read_to_string(&moving).map_err(Error::io(&moving))?;
    let new: Vec<&str> = journal.lines().filter(|line| NAMES.contains(line)).collect();
    step()?;
    fs::create_dir_all(&old).map_err(Error::io(&old))?;
    match journal.lines().any(|line| line == LINKS) {
        true => by_links(out, &new, step)?,
        false => by_moves(out, &new, step)?,
    }
    synced(out)?;
    step()?;
    remove(&moving)?;
    step()?;
    forget(out)
}

/// Shows the old output through links, makes them lead to the new one, and puts that in their place.
fn by_links(out: &Path, new: &[&str], step: Step<'_>) -> Result<()> {
    let (aside, current) = (out.join(ASIDE), out.join(CURRENT));
    let linked = |name: &str| fs::read_link(out.join(name)).is_ok_and(|to| to == Path::new(CURRENT).join(name));
    if fs::read_link(&current).map_or(true, |to| to != Path::new("new")) {
        if !there(&current) {
            step()?;
            link(Path::new("old"), &current)?;
        }
        for name in NAMES.into_iter().filter(|name| !linked(name)) {
            let (shown, old) = (out.join(name), aside.join("old").join(name));
            let link_in = if there(&shown) { &old } else { &shown };
            if (there(&shown) || new.contains(&name)) && !there(link_in) {
                step()?;
                link(&Path::new(CURRENT).join(name), link_in)?;
            }
            if link_in == &old && there(&shown) {
                step()?;
                swap(&shown, &old)?;
            }
        }
        synced(&aside.join("old"))?;
        synced(out)?;
        let next = aside.join("next");
        remove(&next)?;
        step()?;
        link(Path::new("new"), &next)?;
        // This is the moment.
        step()?;
        fs::rename(&next, &current).map_err(Error::io(&current))?;
        synced(&aside)?;
    }
    for name in NAMES.into_iter().filter(|name| linked(name)) {
        step()?;
        match new.contains(&name) {
            true => swap(&out.join(name), &staging(out).join(name))?,
            false => remove(&out.join(name))?,
        }
    }
    Ok(())
}

/// Moves the old output away, and the new one in. What is staged still was not moved in, so what stands in its place is
/// old. Without a manifest no reader takes a half for a whole: it goes first, and the new one comes last.
fn by_moves(out: &Path, listed: &[&str], step: Step<'_>) -> Result<()> {
    let (new, old) = (staging(out), out.join(".corpus/old"));
    for name in NAMES {
        let shown = out.join(name);
        if shown.exists() && (new.join(name).exists() || !listed.contains(&name)) {
            step()?;
            fs::rename(&shown, old.join(name)).map_err(Error::io(&shown))?;
        }
    }
    for name in NAMES.into_iter().rev().filter(|name| new.join(name).exists()) {
        step()?;
        let shown = out.join(name);
        fs::rename(new.join(name), &shown).map_err(Error::io(&shown))?;
    }
    Ok(())
}

/// Whether the file system has links, and swaps names.
fn can_link(out: &Path) -> bool {
    let (one, other) = (out.join(".corpus/one"), out.join(".corpus/other"));
    let tried = link(Path::new("a"), &one)
        .and_then(|()| link(Path::new("b"), &other))
        .and_then(|()| swap(&one, &other))
        .is_ok_and(|()| fs::read_link(&one).is_ok_and(|to| to == Path::new("b")));
    remove(&one).and(remove(&other)).is_ok() && tried
}

/// Whether anything has this name, a link that leads nowhere among it.
fn there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn link(to: &Path, at: &Path) -> Result<()> {
    symlink(to, at).map_err(Error::io(at))
}

fn synced(folder: &Path) -> Result<()> {
    disk::sync_folder(folder).map_err(Error::io(folder))
}

/// Counts steps, and ends the process without notice before the one that `CORPUS_TEST_KILL_AT` names: a test of what a
/// kill leaves. Only where the program is built with debug assertions.
pub(crate) fn watched() -> impl FnMut() -> Result<()> {
    let named = std::env::var("CORPUS_TEST_KILL_AT").ok().filter(|_| cfg!(debug_assertions));
    let (at, mut steps) = (named.and_then(|n| n.parse::<u64>().ok()), 0);
    move || {
        steps += 1;
        if at == Some(steps) {
            let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            killed.map_err(|e| Error::io("the process itself")(io::Error::from(e)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const OLD: [&str; 5] = ["build.json", "data/a/0", "dropped/a/0", "index/n", "README.md"];
    const NEW: [&str; 5] = ["build.json", "data/a/0", "data/b/0", "unreadable/0", "README.md"];

    fn put(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Every file that a reader finds, through links, and what is in it.
    fn seen(out: &Path) -> BTreeMap<String, String> {
        let all = walkdir::WalkDir::new(out).follow_links(true).into_iter();
        let shown = all.filter_entry(|e| e.file_name() != ASIDE).flatten().filter(|e| e.file_type().is_file());
        let name = |path: &Path| path.strip_prefix(out).unwrap().to_str().unwrap().to_owned();
        shown.map(|e| (name(e.path()), fs::read_to_string(e.path()).unwrap())).collect()
    }

    /// Stops an exchange at its nth step; what a reader finds then, and after the next build has begun.
    fn stopped(links: bool, old: &[&str], stop: u64) -> (bool, BTreeMap<String, String>, BTreeMap<String, String>) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        old.iter().for_each(|name| put(&out.join(name), "old"));
        put(&out.join("notes.txt"), "mine");
        claim(&out.join(ASIDE)).unwrap();
        NEW.iter().for_each(|name| put(&staging(out).join(name), "new"));
        let mut steps = 0;
        let ended = begin(out, links, &mut || {
            steps += 1;
            if steps > stop { Err(Error::other("killed", "")) } else { Ok(()) }
        });
        let at_once = seen(out);
        recover(out).unwrap();
        assert!(!out.join(ASIDE).exists(), "{stop}");
        let links = walkdir::WalkDir::new(out).into_iter().flatten().filter(|e| e.path_is_symlink()).count();
        assert_eq!(links, 0, "{stop}");
        (ended.is_ok(), at_once, seen(out))
    }

    fn whole(age: &str, names: &[&str]) -> BTreeMap<String, String> {
        let mut whole: BTreeMap<_, _> = names.iter().map(|n| ((*n).to_owned(), age.to_owned())).collect();
        whole.insert("notes.txt".into(), "mine".into());
        whole
    }

    #[test]
    fn an_exchange_stopped_at_any_step_shows_one_build_whole() {
        for old in [&OLD[..], &[]] {
            let (was, is) = (whole("old", old), whole("new", &NEW));
            let mut shown = Vec::new();
            for stop in 0.. {
                let (ended, at_once, after) = stopped(true, old, stop);
                assert!(at_once == was || at_once == is, "{stop}: {at_once:?}");
                assert!(after == if stop == 0 { was.clone() } else { is.clone() }, "{stop}: {after:?}");
                shown.push(at_once == is);
                if ended {
                    break;
                }
            }
            // Old, then new, and never back.
            assert!(shown.len() > 15 && shown.is_sorted() && !shown[0] && shown[shown.len() - 1], "{shown:?}");
        }
    }

    #[test]
    fn without_links_the_next_build_ends_the_exchange() {
        for stop in 0.. {
            let (ended, at_once, after) = stopped(false, &OLD, stop);
            let (was, is) = (whole("old", &OLD), whole("new", &NEW));
            // A folder that has a manifest is whole.
            assert!(at_once == was || at_once == is || !at_once.contains_key("build.json"), "{stop}: {at_once:?}");
            assert!(after == if stop == 0 { was } else { is }, "{stop}: {after:?}");
            if ended {
                assert!(stop > 10);
                break;
            }
        }
    }

    #[test]
    fn this_file_system_has_links() {
        let folder = tempfile::tempdir().unwrap();
        claim(&folder.path().join(ASIDE)).unwrap();
        assert!(can_link(folder.path()));
    }
}
