//! Pure kernels over `&str`: no arrow, no engine, no files.

pub mod boilerplate;
pub mod classes;
pub mod convert;
pub mod date;
pub mod dialogue;
pub mod diff;
pub mod docs;
pub mod figures;
pub mod html;
pub mod language;
pub mod layout;
pub mod lines;
pub mod mojibake;
pub mod near;
pub mod normalize;
pub mod overlap;
pub mod personal;
pub mod quality;
pub mod residue;
pub mod script;
pub mod sentences;
pub mod shell;
pub mod spelling;
pub mod splits;
pub mod substrings;
pub mod table;
pub mod variety;
pub mod web;
pub mod wikitext;
pub mod words;

#[cfg(test)]
mod cleaning_tests;
#[cfg(test)]
mod growth_tests;
