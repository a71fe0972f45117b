//! The files that stages read beside the rows: found, hashed, and looked into, so that what is wrong with them is said
//! before anything else is read.

use std::path::Path;

use super::stage_plan::{Chain, Link};
use crate::catalog::Catalog;
use crate::disk;
use crate::engine::functions::given::Given;
use crate::engine::functions::{block, overlap};
use crate::pipeline::inputs::find::named;
use crate::pipeline::inputs::store_sources::is_card;
use crate::pipeline::run::near;
use crate::pipeline::run::near::index::Earlier;
use crate::pipeline::usage::{count, size};
use crate::recipe::{Recipe, Step};
use crate::stages::Stage;
use crate::stages::near_dedup::NearDedup;
use crate::{Error, Result};

/// The files that a stage reads, in the order in which it names them.
///
/// # Errors
/// A file that is not there or not what the stage reads, with its place.
pub fn files(recipe: &Recipe, step: &Step, stage: &Stage) -> Result<Vec<Given>> {
    match stage {
        Stage::Block(options) => {
            let mut files = Vec::new();
            for (by, path) in options.lists() {
                let file = given(recipe, step, by.option(), path)?;
                block::list(by, &file)?;
                files.push(file);
            }
            Ok(files)
        }
        Stage::Decontaminate(options) => {
            let (mut files, catalog) = (Vec::new(), Catalog::load(None)?);
            for name in &options.against {
                match step.stored.get(name) {
                    Some(stored) => files.extend(stored.iter().map(|s| Given {
                        option: "against".into(),
                        shown: s.shown.clone(),
                        path: s.path.clone(),
                        sha256: s.sha256.clone(),
                    })),
                    None if !is_card(&catalog, name) => files.extend(globbed(recipe, step, name)?),
                    None => {}
                }
            }
            Ok(files)
        }
        Stage::NearDedup(near) => {
            let files = near.against.iter().map(|name| index(recipe, step, name)).collect::<Result<Vec<Given>>>()?;
            Earlier::open(&files, near)?;
            Ok(files)
        }
        _ => Ok(Vec::new()),
    }
}

/// The index of a stage in an earlier build.
fn index(recipe: &Recipe, step: &Step, shown: &str) -> Result<Given> {
    let named = recipe.base.join(shown);
    let named = std::path::absolute(&named).map_err(Error::io(&named))?;
    let wrong = |what: &str, cure: &str| {
        let message = format!("stage `{}`: `against` names {}, {what}", step.name, named.display());
        Error::input(message, cure)
    };
    let path = if named.is_dir() { named.join(near::index::place(&step.name)) } else { named.clone() };
    if !named.exists() {
        return Err(wrong("which is not there", "paths are relative to the recipe's folder"));
    } else if !path.is_file() {
        let what = format!("which has no {}", near::index::place(&step.name).display());
        let cure = "build it with `index = true` in its `near_dedup`; if that stage has another name, name the file";
        return Err(wrong(&what, cure));
    }
    Ok(Given { option: "against".into(), shown: shown.to_owned(), sha256: sha256(&path)?, path })
}

/// Makes sure that what the stages of a chain need is there, and can be read.
pub fn ready(chain: &Chain, recipe: &Recipe, mut said: impl FnMut(&str)) -> Result<()> {
    for link in &chain.links {
        if let Stage::NearDedup(near) = &link.stage
            && !link.files.is_empty()
        {
            earlier(link, near, &mut said)?;
        }
        let Stage::Decontaminate(options) = &link.stage else { continue };
        let step = recipe.stages.iter().find(|s| s.name == link.name);
        let catalog = Catalog::load(None)?;
        for name in &options.against {
            if is_card(&catalog, name) && step.is_none_or(|s| !s.stored.contains_key(name)) {
                let message = format!("stage `{}`: {name} is not in the store", link.name);
                return Err(Error::input(message, format!("`corpus fetch {name}`")));
            }
        }
        let set = &overlap::evaluation(options, &link.files)?.set;
        said(&format!(
            "{}: {} items of {} files, {} n-grams in {}; {} items too short, {} n-grams shared by more than {} items",
            link.name,
            count(set.items.len() as u64),
            link.files.len(),
            count(set.len() as u64),
            size(set.bytes() as u64),
            count(set.short),
            count(set.common),
            options.common,
        ));
    }
    Ok(())
}

fn earlier(link: &Link, near: &NearDedup, said: &mut impl FnMut(&str)) -> Result<()> {
    let earlier = Earlier::open(&link.files, near)?;
    let (rows, builds) = (count(earlier.rows() as u64), link.files.len());
    said(&format!("{}: {rows} rows of {builds} earlier builds", link.name));
    let without = earlier.without_values(near);
    if !without.is_empty() {
        let without = without.join(", ");
        said(&format!("{}: made by another `keep`, so not told what would replace rows of {without}", link.name));
    }
    Ok(())
}

fn globbed(recipe: &Recipe, step: &Step, pattern: &str) -> Result<Vec<Given>> {
    let found = named(recipe, pattern)?;
    if found.is_empty() {
        return Err(Error::input(
            format!("stage `{}`: nothing matches {}", step.name, recipe.base.join(pattern).display()),
            "paths are relative to the recipe's folder; cards are called as `corpus list sources` does",
        ));
    }
    let one = |path: std::path::PathBuf| {
        let shown = path.strip_prefix(&recipe.base).unwrap_or(&path).to_string_lossy().into_owned();
        given(recipe, step, "against", &shown)
    };
    found.into_iter().map(one).collect()
}

fn given(recipe: &Recipe, step: &Step, option: &str, shown: &str) -> Result<Given> {
    let path = recipe.base.join(shown);
    let path = std::path::absolute(&path).map_err(Error::io(&path))?;
    if !path.is_file() {
        return Err(Error::input(
            format!("stage `{}`: `{option}` names {}, which is no file", step.name, path.display()),
            "paths are relative to the recipe's folder; an empty file is an empty list",
        ));
    }
    let sha256 = sha256(&path)?;
    Ok(Given { option: option.to_owned(), shown: shown.to_owned(), path, sha256 })
}

/// The SHA-256 of a file's bytes, in hex.
pub fn sha256(path: &Path) -> Result<String> {
    disk::sha256(path, &|| false).map_err(Error::io(path))
}
