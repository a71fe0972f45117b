//! The files that paths and globs name.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::in_place::Named;
use super::store_sources::is_fetched;
use super::{hub, in_place, outputs};
use crate::disk::home;
use crate::input::file;
use crate::objects::is_url;
use crate::recipe::{Recipe, Source};
use crate::{Error, Result};

/// The files of a source, and what is said of those beside them that are not read.
#[derive(Debug, Default)]
pub struct Found {
    /// Files as the recipe's author would write them, and where they are.
    pub files: Vec<(String, PathBuf)>,
    /// Splits, configurations and files that are left out, and the keys for them.
    pub said: Vec<String>,
}

/// The files that a source has in the store, and those that its paths and globs name, sorted within each pattern; of
/// sets of the hub and of folders, those that are its data (see `hub.rs`).
///
/// # Errors
///
/// [`Error::Input`] where nothing matches, a pattern is none, a folder cannot be looked into, or the set has no such
/// split.
pub fn find(recipe: &Recipe, source: &Source) -> Result<Found> {
    let mut found = Found::default();
    let stored: Vec<_> = source.stored.iter().map(|s| (s.shown.clone(), s.path.clone())).collect();
    match &source.card {
        Some(of) if of.card.contains(':') => {
            let head = format!("{}/", of.card);
            let mine = stored.iter().all(|f| f.0.starts_with(&head));
            let name = |shown: &str| shown.strip_prefix(&head).unwrap_or(shown).to_owned();
            let names = stored.iter().map(|f| if mine { name(&f.0) } else { f.0.clone() }).collect();
            found.take(source, stored, names, true)?;
        }
        _ => found.files = stored,
    }
    let asked = !source.split.is_empty() || !source.config.is_empty();
    // What earlier patterns named.
    let (mut taken, mut before) = (HashSet::<PathBuf>::new(), 0);
    for pattern in source.path.iter().filter(|p| !is_fetched(p)) {
        let Named { mut files, root, folder, said } = match is_url(Path::new(pattern)) {
            true => in_place::named(source, pattern)?,
            false => on_disk(recipe, source, pattern)?,
        };
        found.said.extend(said);
        taken.extend(found.files[before..].iter().map(|f| f.1.clone()));
        before = found.files.len();
        files.retain(|file| !taken.contains(file));
        let shown = |file: &PathBuf| file.strip_prefix(&recipe.base).unwrap_or(file).to_string_lossy().into_owned();
        if !folder && !asked {
            found.files.extend(files.into_iter().map(|file| (shown(&file), file)));
            continue;
        }
        for (set, files) in sets(&root, files) {
            let of = |file: &PathBuf| file.strip_prefix(&set).unwrap_or(file).to_string_lossy().replace('\\', "/");
            let names = files.iter().map(of).collect();
            found.take(source, files.into_iter().map(|file| (shown(&file), file)).collect(), names, false)?;
        }
    }
    found.once();
    Ok(found)
}

fn on_disk(recipe: &Recipe, source: &Source, pattern: &str) -> Result<Named> {
    let (mut files, whole) = (named(recipe, pattern)?, recipe.base.join(pattern));
    let folder = whole.is_dir();
    let (root, rest) = if folder { (whole.clone(), "") } else { root(&recipe.base, pattern) };
    let left = outputs::leave_out(&root, rest, &mut files).map(|(output, folders)| {
        let output = output.strip_prefix(&recipe.base).unwrap_or(&output).display().to_string();
        let more = if folders > 1 { format!(" and {} more", folders - 1) } else { String::new() };
        (output, more)
    });
    if let Some((output, _)) = left.as_ref().filter(|_| files.is_empty()) {
        return Err(Error::input(
            format!("source `{}`: {} matches only what corpus wrote itself: {output}", source.name, whole.display()),
            format!("to read a build, name its rows: path = \"{output}/data/**/*.parquet\""),
        ));
    }
    if files.is_empty() {
        let cure = match pattern.starts_with("~/") {
            true => format!("only the shell replaces `~`; {}", home(Path::new(pattern))),
            false if pattern.contains('$') || pattern.matches('%').count() > 1 => {
                "variables of the environment are not replaced in a recipe; write the path out".to_owned()
            }
            false => "paths are relative to the recipe's folder; `**` matches any number of folders".to_owned(),
        };
        return Err(Error::input(format!("source `{}`: nothing matches {}", source.name, whole.display()), cure));
    }
    let said = left.map(|(output, more)| {
        format!("left out what corpus wrote itself: {output}{more} (to read a build, name {output}/data/**/*.parquet)")
    });
    Ok(Named { files, root, folder, said })
}

/// A small file as text; nothing where it cannot be read as one.
fn text_of(file: &Path) -> Option<String> {
    const MOST: u64 = 8 << 20;
    let mut text = String::new();
    file::open(file).ok()?.take(MOST).read_to_string(&mut text).ok().map(|_| text)
}

impl Found {
    /// Leaves out what is the same file under a second name, a link or another way to write its path: its rows would
    /// come twice.
    fn once(&mut self) {
        let mut seen = HashSet::new();
        let mut first = |file: &(String, PathBuf)| seen.insert(file.1.canonicalize().unwrap_or(file.1.clone()));
        let (kept, again): (Vec<_>, Vec<_>) = std::mem::take(&mut self.files).into_iter().partition(&mut first);
        self.files = kept;
        if let Some((name, _)) = again.first() {
            let more = if again.len() > 1 { format!(" and {} more", again.len() - 1) } else { String::new() };
            self.said.push(format!("left out second names of files that are read already: {name}{more}"));
        }
    }

    /// Takes the data files of one set; `names` are those below its folder, `stored` says that a fetch brought it.
    fn take(&mut self, source: &Source, files: Vec<(String, PathBuf)>, names: Vec<String>, stored: bool) -> Result<()> {
        let readme = names.iter().position(|n| n.eq_ignore_ascii_case("readme.md")).and_then(|n| files.get(n));
        let readme = readme.and_then(|f| text_of(&f.1)).unwrap_or_default();
        let card = hub::card(&readme);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let asked = hub::Asked { split: &source.split, config: &source.config };
        let chosen = hub::choose(&names, card, stored || card.is_some(), &asked).map_err(|what| {
            Error::input(
                format!("source `{}`: {what}", source.name),
                "name what is there, or say \"all\"; `corpus inspect FOLDER` lists the files",
            )
        })?;
        self.said.extend(chosen.said);
        let mut kept = chosen.files.into_iter().peekable();
        let files = files.into_iter().enumerate().filter(|(n, _)| kept.next_if(|k| k == n).is_some());
        self.files.extend(files.map(|f| f.1));
        Ok(())
    }
}

/// About how many bytes a file that was found has; none where that cannot be told.
pub fn size(path: &Path) -> Option<u64> {
    in_place::size(path).or_else(|| Some(file::facts(path).ok()?.bytes))
}

/// Files by the set that they are of: the deepest folder with a card, else the folder that was named. Of a copy in the
/// hub's own cache, the snapshot that `main` is.
fn sets(root: &Path, mut files: Vec<PathBuf>) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    if let Ok(main) = std::fs::read_to_string(root.join("refs/main")) {
        let snapshot = root.join("snapshots").join(main.trim());
        if snapshot.is_dir() {
            files.retain(|file| file.starts_with(&snapshot));
        }
    }
    let is_card = |file: &&PathBuf| {
        file.file_name().is_some_and(|name| name.eq_ignore_ascii_case("readme.md"))
            && text_of(file).is_some_and(|text| hub::card(&text).is_some())
    };
    let homes: Vec<PathBuf> = files.iter().filter(is_card).filter_map(|f| f.parent().map(Path::to_path_buf)).collect();
    let mut sets: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        let home = file.ancestors().skip(1).find(|folder| homes.iter().any(|h| h == folder)).unwrap_or(root);
        sets.entry(home.to_path_buf()).or_default().push(file);
    }
    sets
}

/// The files that a path or glob of a recipe names.
pub(crate) fn named(recipe: &Recipe, pattern: &str) -> Result<Vec<PathBuf>> {
    let whole = recipe.base.join(pattern);
    if whole.is_file() {
        Ok(vec![whole])
    } else if whole.exists() && !whole.is_dir() {
        Err(no_file(&whole))
    } else if whole.is_dir() {
        walk(&whole, None, false)
    } else {
        globbed(&recipe.base, pattern)
    }
}

/// What a pipe, a socket or a device is told: a build reads its inputs more than once, and from places within them.
fn no_file(path: &Path) -> Error {
    Error::input(
        format!("{} is a pipe or a device, not a file", path.display()),
        "save what it gives to a file, and name that one",
    )
}

/// The name of a file below the folder that the first path or glob of the source names it by; `/` on every system.
/// `None` for files of the store, which have names of their own.
pub(crate) fn below(recipe: &Recipe, source: &Source, file: &Path) -> Option<String> {
    source.path.iter().filter(|p| !is_fetched(p) && is_url(Path::new(p)) == is_url(file)).find_map(|pattern| {
        let whole = recipe.base.join(pattern);
        let root = match is_url(file) {
            true => in_place::root(pattern, file),
            false if whole.is_dir() => whole,
            false => root(&recipe.base, pattern).0,
        };
        let parts = file.strip_prefix(root).ok()?.components();
        Some(parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    })
}

/// The folder that a pattern begins with, and the pattern below it. Leading folders that are there by these very names are
/// no pattern, and neither is the recipe's own folder: `[语料]/*.jsonl`, where there is a folder `[语料]`.
fn root<'p>(base: &Path, pattern: &'p str) -> (PathBuf, &'p str) {
    let (mut root, mut rest) = (base.to_path_buf(), pattern);
    while let Some((folder, behind)) = rest.split_once('/').filter(|(folder, _)| !folder.contains('*')) {
        // Only the first of two slashes can be the root of all.
        let folder = match folder.is_empty() {
            true if rest.len() == pattern.len() => PathBuf::from("/"),
            _ => root.join(folder),
        };
        if !folder.is_dir() {
            break;
        }
        (root, rest) = (folder, behind);
    }
    (root, rest)
}

fn globbed(base: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let (root, rest) = root(base, pattern);
    let folder = globset::escape(&root.to_string_lossy()).replace('\\', r"\\");
    let text = Path::new(&folder).join(rest);
    let glob = globset::GlobBuilder::new(&text.to_string_lossy())
        .literal_separator(true)
        .build()
        .map_err(|e| Error::input(format!("`{pattern}` is not a pattern: {e}"), "`*`, `**`, `?`, `[…]` and `{a,b}`"))?;
    // A folder that is not there has nothing in it.
    let missing = rest.split_once('/').is_some_and(|(folder, _)| !folder.contains(['*', '?', '[', '{', '\\']));
    if !root.is_dir() || missing {
        return Ok(Vec::new());
    }
    // Deeper than the pattern goes, nothing matches.
    let depth = if rest.contains("**") { usize::MAX } else { rest.split('/').count() };
    walk(&root, Some((&glob.compile_matcher(), depth)), rest.starts_with('.') || rest.contains("/."))
}

fn walk(root: &Path, pattern: Option<(&globset::GlobMatcher, usize)>, asked: bool) -> Result<Vec<PathBuf>> {
    let (matcher, depth) = (pattern.map(|p| p.0), pattern.map_or(usize::MAX, |p| p.1));
    let mut files = Vec::new();
    // Hidden folders (`.git`, `.cache`) and files are taken only where the pattern itself names such.
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let tree = walkdir::WalkDir::new(root).max_depth(depth).follow_links(true).sort_by_file_name().into_iter();
    for entry in tree.filter_entry(|entry| asked || !hidden(entry)) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let lost = e.path().filter(|path| path.is_symlink() && !path.exists());
                // What no pattern asks for may lead where it likes.
                if lost.is_some_and(|path| matcher.is_some_and(|m| !m.is_match(path))) {
                    continue;
                }
                let cure = match (e.loop_ancestor(), lost) {
                    (Some(_), _) => {
                        "a link leads back to a folder above it: remove it, or name what is wanted beside it"
                    }
                    (_, Some(_)) => "the link leads nowhere: restore what it leads to, or remove it",
                    _ => "make the folder readable",
                };
                return Err(Error::input(format!("cannot look into {}: {e}", root.display()), cure));
            }
        };
        let wanted = matcher.is_none_or(|m| m.is_match(entry.path())) && !entry.file_type().is_dir();
        if wanted && !entry.file_type().is_file() {
            return Err(no_file(entry.path()));
        } else if wanted {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// Of the members of an archive, those that the card names, if any is named.
pub fn wanted(source: &Source, members: Vec<String>) -> Vec<String> {
    let globs: Vec<globset::GlobMatcher> =
        source.members.iter().filter_map(|g| Some(globset::Glob::new(g).ok()?.compile_matcher())).collect();
    let named = |name: &String| {
        let file = name.rsplit('/').next().unwrap_or(name);
        globs.iter().any(|g| g.is_match(name) || g.is_match(file))
    };
    if members.iter().any(named) { members.into_iter().filter(named).collect() } else { members }
}
