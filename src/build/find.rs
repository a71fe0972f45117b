//! The files that paths and globs name.

use std::path::{Path, PathBuf};

use super::stored::is_remote;
use crate::recipe::{Recipe, Source};
use crate::{Error, Result};

/// The files that a source has in the store, and those that its paths and globs name, sorted within each pattern.
pub fn find(recipe: &Recipe, source: &Source) -> Result<Vec<(String, PathBuf)>> {
    let mut found: Vec<(String, PathBuf)> = source.stored.iter().map(|s| (s.shown.clone(), s.path.clone())).collect();
    for pattern in source.path.iter().filter(|p| !is_remote(p)) {
        let files = named(recipe, pattern)?;
        if files.is_empty() {
            return Err(Error::input(
                format!("source `{}`: nothing matches {}", source.name, recipe.base.join(pattern).display()),
                "paths are relative to the recipe's folder; `**` matches any number of folders",
            ));
        }
        for file in files {
            let shown = file.strip_prefix(&recipe.base).unwrap_or(&file).to_string_lossy().into_owned();
            if !found.iter().any(|(_, path)| *path == file) {
                found.push((shown, file));
            }
        }
    }
    Ok(found)
}

/// The files that a path or glob of a recipe names.
pub(super) fn named(recipe: &Recipe, pattern: &str) -> Result<Vec<PathBuf>> {
    let whole = recipe.base.join(pattern);
    if whole.is_file() {
        Ok(vec![whole])
    } else if whole.is_dir() {
        walk(&whole, None, false)
    } else {
        globbed(&recipe.base, pattern)
    }
}

/// The name of a file below the folder that the first path or glob of the source names it by; `/` on every system.
/// `None` for files of the store, which have names of their own.
pub(super) fn below(recipe: &Recipe, source: &Source, file: &Path) -> Option<String> {
    source.path.iter().filter(|p| !is_remote(p)).find_map(|pattern| {
        let whole = recipe.base.join(pattern);
        let root = if whole.is_dir() { whole } else { root(&recipe.base, pattern).0 };
        let parts = file.strip_prefix(root).ok()?.components();
        Some(parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    })
}

/// The folder that a pattern begins with, and the pattern below it. Leading folders that are there by these very names are
/// no pattern, and neither is the recipe's own folder: `[语料]/*.jsonl`, where there is a folder `[语料]`.
fn root<'p>(base: &Path, pattern: &'p str) -> (PathBuf, &'p str) {
    let (mut root, mut rest) = (base.to_path_buf(), pattern);
    while let Some((folder, behind)) = rest.split_once('/').filter(|(folder, _)| !folder.contains('*')) {
        let folder = if folder.is_empty() { PathBuf::from("/") } else { root.join(folder) };
        if !folder.is_dir() {
            break;
        }
        (root, rest) = (folder, behind);
    }
    (root, rest)
}

fn globbed(base: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let (root, rest) = root(base, pattern);
    let text = Path::new(&globset::escape(&root.to_string_lossy())).join(rest);
    let glob = globset::GlobBuilder::new(&text.to_string_lossy())
        .literal_separator(true)
        .build()
        .map_err(|e| Error::input(format!("`{pattern}` is not a pattern: {e}"), "`*`, `**`, `?`, `[…]` and `{a,b}`"))?;
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    walk(&root, Some(&glob.compile_matcher()), rest.starts_with('.') || rest.contains("/."))
}

fn walk(root: &Path, matcher: Option<&globset::GlobMatcher>, asked: bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    // Hidden folders (`.git`, `.cache`) and files are taken only where the pattern itself names such.
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let tree = walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    for entry in tree.filter_entry(|entry| asked || !hidden(entry)) {
        let entry = entry.map_err(|e| {
            Error::input(format!("cannot look into {}: {e}", root.display()), "make the folder readable")
        })?;
        let wanted = matcher.is_none_or(|m| m.is_match(entry.path()));
        if entry.file_type().is_file() && wanted {
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
