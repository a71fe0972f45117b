//! The jobs of a build: what is decided over all rows, what is cut, where rows go, and in which order they come out.

pub mod apply;
pub mod cuts;
pub mod decisions;
pub mod drops;
mod lines;
pub mod mix;
pub mod near;
pub mod row_scan;
pub mod shuffle;
pub mod slabs;
mod substrings;
