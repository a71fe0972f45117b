//! The kept rows of a build as files: by use, and by split where some are held out.

use std::path::{Path, PathBuf};

use crate::output::export::run::Table;
use crate::output::parquet_files::below;
use crate::rows::Use;
use crate::rows::split::Split;

/// The Parquet files with the kept rows of each of these uses, in order, what is held out behind what is trained on; uses
/// and splits without files are left out.
pub fn tables(build: &Path, uses: &[Use]) -> Vec<Table> {
    let mut all = Vec::new();
    for usage in Use::ALL.into_iter().filter(|u| uses.contains(u)) {
        let files = below(&build.join("data").join(usage.as_str()));
        for split in Split::ALL {
            let mine = |path: &&PathBuf| split_of(path).unwrap_or_default() == split;
            let files: Vec<PathBuf> = files.iter().filter(mine).cloned().collect();
            if !files.is_empty() {
                all.push(Table { usage, split, files });
            }
        }
    }
    all
}

/// The split that a file of kept rows is of, where the build has splits.
pub fn split_of(path: &Path) -> Option<Split> {
    Split::parse(path.file_name()?.to_str()?.split_once('-')?.0)
}
