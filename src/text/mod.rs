//! Pure kernels over `&str`: no arrow, no engine, no files.

pub mod classes;
pub mod convert;
pub mod date;
pub mod diff;
pub mod docs;
pub mod figures;
pub mod html;
pub mod language;
pub mod lines;
pub mod near;
pub mod normalize;
pub mod overlap;
pub mod quality;
pub mod script;
pub mod sentences;
pub mod shell;
pub mod spelling;
pub mod splits;
pub mod substrings;
pub mod table;
pub mod web;
pub mod wikitext;
pub mod words;
