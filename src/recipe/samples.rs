//! Sample data of shipped recipes, compiled in, so that they run from any folder.

use std::path::PathBuf;

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
pub fn unpack(name: &str) -> Result<Option<PathBuf>> {
    let mine = SAMPLES.iter().filter(|(path, _)| path.starts_with(&format!("{name}/"))).collect::<Vec<_>>();
    if mine.is_empty() {
        return Ok(None);
    }
    let base = std::env::temp_dir().join(format!("corpus-samples-{}", env!("CARGO_PKG_VERSION")));
    for (path, bytes) in mine {
        let path = base.join(path);
        if std::fs::read(&path).is_ok_and(|there| there == *bytes) {
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        crate::build::parquet_file::write_whole(&path, bytes)?;
    }
    Ok(Some(base))
}
