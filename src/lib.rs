//! `corpus` collects and cleans text for training language models, Chinese first and English beside it.
//!
//! Data flows one way; each room below knows only those under it:
//!
//! ```text
//! cli       the command line: one file a command
//! build     a recipe run as a chain of jobs, and what it writes
//! engine    the only room that names DataFusion: scan, functions, sink, driver
//! fetch     bytes from hubs, dumps, servers: planned, resumed, verified, recorded in the store
//! store     what was fetched, by set and revision, with its manifests
//! recipe    TOML with spans -> sources, stages, output, every problem at once
//! catalog   a card for every data set: best use, licence, problems, where it lies
//! stages    one file a stage: clean, measure, keep, whole
//! formats   one file a shape of raw data: bytes -> rows
//! input     bytes on disk: compression, archives, encodings, lines
//! rows      the four row schemas, and the builder that fills them
//! text      pure kernels over &str
//! ```
pub mod build;
pub mod catalog;
pub mod cli;
pub mod engine;
pub mod error;
pub mod fetch;
pub mod formats;
pub mod input;
pub mod recipe;
pub mod rows;
pub mod stages;
pub mod store;
pub mod text;

#[cfg(test)]
#[path = "../tests/beside.rs"]
mod beside;

pub use error::{Error, Result};
