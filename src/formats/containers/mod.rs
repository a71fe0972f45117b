//! One file a container; to add one, write the file and name it here.
use super::Container;

macro_rules! containers {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every container.
        pub static ALL: &[&dyn Container] = &[$(&$module::CONTAINER),*];
    };
}

containers!(
    mediawiki,
    parquet,
);
