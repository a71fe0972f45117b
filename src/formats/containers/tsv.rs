//! TSV: rows of columns separated by tabs, without quotes.
//!
//! # What it reads
//! As `csv`, but a quote is a character like any other: that is how parallel corpora and titles come.
//!
//! # What is unreadable
//! As for `csv`.
//!
//! # Example
//! ```toml
//! [[source]]
//! name   = "titles"
//! path   = ["thucnews_titles.txt"]
//! format = "tsv"
//! use    = "task"
//! fields = { input = "1", output = "2" }   # numbers: no row of names
//! ```
//!
//! # Limits
//! One core a file.

use std::io;

use super::csv::table;
use crate::formats::{Container, Layout, Piece, Reader, Split};
use crate::stages::module_docs;

/// The container.
pub struct Tsv;

/// Its instance.
pub static CONTAINER: Tsv = Tsv;

impl Container for Tsv {
    fn name(&self) -> &'static str {
        "tsv"
    }
    fn about(&self) -> &'static str {
        "columns separated by tabs, without quotes"
    }
    fn docs(&self) -> &'static str {
        module_docs(include_str!("tsv.rs"))
    }
    fn split(&self, _layout: &Layout) -> Split {
        Split::Whole
    }
    fn open(&self, piece: &Piece, layout: &Layout) -> io::Result<Box<dyn Reader>> {
        table(crate::input::open(piece, layout)?, b'\t', false, layout)
    }
}
