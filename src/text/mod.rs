//! Pure kernels over `&str`: no arrow, no engine, no files.
pub mod wikitext;
