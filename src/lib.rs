//! `corpus` collects and cleans text for training language models, Chinese first and English beside it.
//!
//! Data flows one way; each module below knows only those under it:
//!
//! ```text
//! cli       the command line: one file a command
//! pipeline  a recipe run as a chain of jobs: inputs, plan, run, publish
//! engine    the only module that names DataFusion: scan, functions, sink, driver
//! fetch     bytes from hubs, dumps, servers: planned, resumed, verified, recorded in the store
//! store     what was fetched, by set and revision, with its manifests
//! recipe    TOML with spans -> sources, stages, output, every problem at once
//! catalog   a card for every data set: best use, licence, problems, where it lies
//! stages    one file a stage: clean, measure, keep, whole
//! formats   one file a shape of raw data: bytes -> rows
//! input     bytes on disk: compression, archives, encodings, lines
//! output    slabs, Parquet files, shards
//! spill     sorting and arrays on disk
//! rows      the four row schemas, and the builder that fills them
//! models    classifiers and language models: their files, what they say of a text, how they are trained
//! text      pure kernels over &str
//! objects   object stores: read by ranges, written in parts, put under conditions
//! heap      what the allocator is asked for
//! messages  what the program says, in Chinese: the catalogue, and how a sentence finds its line
//! ```
pub mod catalog;
pub mod cli;
pub mod disk;
pub mod engine;
pub mod error;
pub mod fetch;
pub mod formats;
pub mod heap;
pub mod input;
pub mod messages;
pub mod models;
pub mod objects;
pub mod output;
pub mod pipeline;
pub mod recipe;
pub mod rows;
pub mod spill;
pub mod stages;
pub mod store;
pub mod text;

#[cfg(test)]
#[path = "../tests/beside.rs"]
mod beside;

pub use error::{Error, Result};
