//! One file a container; to add one, write the file and name it here. What containers share lies under `support/`.

use super::Container;

#[cfg(test)]
mod corpora_tests;
pub(crate) mod support;
/// The file to copy for a new container, compiled and tested as one (CONTRIBUTING.md).
#[cfg(test)]
#[path = "../../../tests/templates/container.rs"]
mod template;
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
