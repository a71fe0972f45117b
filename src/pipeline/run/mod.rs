//! The jobs of a build: what is decided over all rows, what is cut, where rows go, and in which order they come out;
//! and by whom they are run.

pub mod apply;
pub mod cuts;
pub mod decisions;
pub mod drops;
mod hashes;
mod looks;
pub mod mix;
mod partners;
pub mod pass_context;
pub mod percentiles;
pub mod rescan;
pub mod shuffle;
pub mod slabs;
mod unit_files;
pub mod units;
pub mod workers;
