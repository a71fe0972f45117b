//! One file a container; to add one, write the file and name it here.

use super::Container;

#[cfg(test)]
mod corpora_tests;
pub(super) mod mapped;
#[cfg(test)]
mod tests;

macro_rules! containers {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every container.
        pub static ALL: &[&dyn Container] = &[$(&$module::CONTAINER),*];
    };
}

containers!(aligned, alternating, articles, csv, json_array, json_lines, mediawiki, parquet, text, tmx, tsv, wet);
