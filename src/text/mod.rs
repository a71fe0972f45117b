//! Pure kernels over `&str`: no arrow, no engine, no files.
pub mod wikitext;

pub mod classes;
pub mod normalize;
pub mod script;
pub mod words;
