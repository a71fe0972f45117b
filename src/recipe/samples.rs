//! Sample data of shipped recipes, compiled in, so that they run from any folder.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::disk::hex;
use crate::{Error, Result};

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../recipes/", $name)))),*]
    };
}

/// Paths under `recipes/`, with their bytes.
const SAMPLES: &[(&str, &[u8])] = samples![
    "quickstart/alpaca_zh.json",
    "quickstart/essays.txt.gz",
    "quickstart/news.jsonl",
    "quickstart/preferences.jsonl",
    "quickstart/sentiment.csv",
    "quickstart/sharegpt.jsonl",
    "quickstart/translations.tsv",
    "quickstart/wiki.xml",
];

/// Writes the sample data of a shipped recipe to a temporary folder, if it has any, and gives that folder: the base of
/// its relative paths. The same data goes to the same place, so that finished jobs are reused.
///
/// # Errors
///
/// [`Error::Input`] where a file of other content lies in its place, [`Error::Io`] where the folder or a file cannot be
/// written.
pub fn unpack(name: &str) -> Result<Option<PathBuf>> {
    let mine = SAMPLES.iter().filter(|(path, _)| path.starts_with(&format!("{name}/"))).collect::<Vec<_>>();
    if mine.is_empty() {
        return Ok(None);
    }
    // A folder of these very bytes: what another version left is another folder.
    let sum = SAMPLES.iter().fold(Sha256::new(), |sum, (path, bytes)| sum.chain_update(path).chain_update(bytes));
    let base = std::env::temp_dir().join(format!("corpus-samples-{}", &hex(&sum.finalize())[..12]));
    for (path, bytes) in mine {
        let path = base.join(path);
        match std::fs::read(&path) {
            Ok(there) if there == *bytes => continue,
            Ok(_) => {
                let what = format!("{} is in the way: it is not what the recipe `{name}` reads", path.display());
                return Err(Error::input(what, "move it away, or set TMPDIR to another folder"));
            }
            Err(_) => {}
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        crate::output::parquet_file::write_whole(&path, bytes)?;
    }
    Ok(Some(base))
}
