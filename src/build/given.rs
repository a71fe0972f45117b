//! The files that stages read beside the rows: found, hashed, and looked into, so that what is wrong with them is said
//! before anything else is read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::engine::functions::block;
use crate::engine::functions::given::Given;
use crate::recipe::{Recipe, Step};
use crate::stages::Stage;
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
        _ => Ok(Vec::new()),
    }
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
    let mut file = File::open(path).map_err(Error::io(path))?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => break,
            read => sha.update(&buffer[..read]),
        }
    }
    Ok(sha.finalize().iter().map(|b| format!("{b:02x}")).collect())
}
