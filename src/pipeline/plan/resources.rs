//! The files that stages read beside the rows: found, hashed, and looked into, so that what is wrong with them is said
//! before anything else is read.

use std::collections::BTreeMap;
use std::path::Path;

use crate::catalog::Catalog;
use crate::disk;
use crate::pipeline::inputs::find::named;
use crate::pipeline::inputs::store_sources::{card_of, of_model, parts_of};
use crate::recipe::{Recipe, Step};
use crate::stages::global::left_file;
use crate::stages::resolved::Resolved;
use crate::stages::resources::{Need, Resource, Wanted};
use crate::{Error, Result};

/// The files that a stage reads, in the order in which it names them.
///
/// # Errors
/// A file that is not there or not what the stage reads, with its place.
pub fn files(recipe: &Recipe, step: &Step, resolved: &Resolved) -> Result<Vec<Resource>> {
    let mut files = Vec::new();
    for need in resolved.stage.needs() {
        let card = of_model(step, &need)?;
        match &need.wanted {
            Wanted::File => files.push(file(recipe, step, &need, &need.name)?),
            Wanted::FileIfThere if !recipe.base.join(&need.name).is_file() => {}
            Wanted::FileIfThere => files.push(file(recipe, step, &need, &need.name)?),
            Wanted::Files => files.extend(globbed(recipe, step, &need)?),
            Wanted::RecipeFolder => files.push(folder(recipe, &need)?),
            Wanted::OfBuild { folder, cure } => files.push(of_build(recipe, step, &need, (folder, cure))?),
            Wanted::FileOrCard | Wanted::FilesOrCard => match step.stored.get(&need.name) {
                Some(stored) => files.extend(stored.iter().map(|s| Resource {
                    option: need.option.into(),
                    shown: s.shown.clone(),
                    path: s.path.clone(),
                    sha256: s.sha256.clone(),
                    for_rows: need.for_rows,
                    card: card.clone(),
                })),
                None if parts_of(&Catalog::load(None)?, &need.wanted, &need.name).is_some() => {}
                None if need.wanted == Wanted::FileOrCard => files.push(file(recipe, step, &need, &need.name)?),
                None => files.extend(globbed(recipe, step, &need)?),
            },
        }
    }
    resolved.stage.check(&files)?;
    Ok(files)
}

/// The folder from which the recipe's paths are; results do not depend on where it lies.
fn folder(recipe: &Recipe, need: &Need) -> Result<Resource> {
    let base = if recipe.base.as_os_str().is_empty() { Path::new(".") } else { &recipe.base };
    let path = std::path::absolute(base).map_err(Error::io(base))?;
    let option = need.option.to_owned();
    Ok(Resource {
        option,
        shown: String::new(),
        path,
        sha256: String::new(),
        for_rows: need.for_rows,
        card: BTreeMap::new(),
    })
}

/// The file that a stage of an earlier build left in its output folder.
fn of_build(recipe: &Recipe, step: &Step, need: &Need, (folder, cure): (&str, &str)) -> Result<Resource> {
    let named = recipe.base.join(&need.name);
    let named = std::path::absolute(&named).map_err(Error::io(&named))?;
    let wrong = |what: &str, cure: &str| {
        let message = format!("stage `{}`: `{}` names {}, {what}", step.name, need.option, named.display());
        Error::input(message, cure)
    };
    let place = left_file(folder, &step.name);
    let path = if named.is_dir() { named.join(&place) } else { named.clone() };
    if !named.exists() {
        return Err(wrong("which is not there", RELATIVE));
    } else if !path.is_file() {
        return Err(wrong(&format!("which has no {}", place.display()), cure));
    }
    let (option, shown, sha256) = (need.option.to_owned(), need.name.clone(), sha256(&path)?);
    Ok(Resource { option, shown, sha256, path, for_rows: need.for_rows, card: BTreeMap::new() })
}

/// Makes sure that what a stage needs is there, and can be read; what it is.
///
/// # Errors
/// A card that is not in the store, with the command that fetches it; a file that cannot be read.
pub fn open(name: &str, resolved: &Resolved, files: &[Resource], step: Option<&Step>) -> Result<Vec<String>> {
    for need in resolved.stage.needs().iter().filter(|n| n.wanted.takes_cards()) {
        let stored = step.is_some_and(|s| s.stored.contains_key(&need.name));
        let catalog = Catalog::load(None)?;
        if !stored && parts_of(&catalog, &need.wanted, &need.name).is_some() {
            let message = format!("stage `{name}`: {} is not in the store", need.name);
            let cure = match card_of(&catalog, &need.wanted, &need.name) {
                Some((card, Some(part))) => format!("`corpus fetch {} --part {part}`", card.name),
                _ => format!("`corpus fetch {}`", need.name),
            };
            return Err(Error::input(message, cure));
        }
    }
    resolved.stage.open(files)
}

/// The cure for a path that leads nowhere.
const RELATIVE: &str = "paths are relative to the recipe's folder";

fn globbed(recipe: &Recipe, step: &Step, need: &Need) -> Result<Vec<Resource>> {
    let found = named(recipe, &need.name)?;
    if found.is_empty() {
        return Err(Error::input(
            format!("stage `{}`: nothing matches {}", step.name, recipe.base.join(&need.name).display()),
            format!("{RELATIVE}; cards are called as `corpus list sources` does"),
        ));
    }
    let one = |path: std::path::PathBuf| {
        let shown = path.strip_prefix(&recipe.base).unwrap_or(&path).to_string_lossy().into_owned();
        file(recipe, step, need, &shown)
    };
    found.into_iter().map(one).collect()
}

fn file(recipe: &Recipe, step: &Step, need: &Need, shown: &str) -> Result<Resource> {
    let path = recipe.base.join(shown);
    let path = std::path::absolute(&path).map_err(Error::io(&path))?;
    if !path.is_file() {
        return Err(Error::input(
            format!("stage `{}`: `{}` names {}, which is no file", step.name, need.option, path.display()),
            format!("{RELATIVE}; an empty file is an empty list"),
        ));
    }
    let (option, sha256) = (need.option.to_owned(), sha256(&path)?);
    Ok(Resource { option, shown: shown.to_owned(), path, sha256, for_rows: need.for_rows, card: BTreeMap::new() })
}

/// The SHA-256 of a file's bytes, in hex.
///
/// # Errors
///
/// [`Error::Io`] of reading it.
pub fn sha256(path: &Path) -> Result<String> {
    disk::sha256(path, &|| false).map_err(Error::io(path))
}
