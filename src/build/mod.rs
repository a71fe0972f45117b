//! x
pub mod output;
pub mod parquet_file;
