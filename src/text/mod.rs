//! Pure kernels over `&str`: no arrow, no engine, no files.

pub mod classes;
pub mod html;
pub mod normalize;
pub mod script;
pub mod table;
pub mod wikitext;
pub mod words;
