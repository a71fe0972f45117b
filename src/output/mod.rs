//! What a build writes: slabs (the rows of one stretch of a source), Parquet files that appear whole or not at all, rows
//! scattered over the parts of a new order, and shards; and exports of a build in the layouts of trainers, as text or as token ids.

pub mod codec;
pub mod export;
pub mod parquet_file;
pub mod parquet_files;
pub mod scatter;
pub mod shards;
pub mod slab;
pub mod stretch;
pub mod take;
pub mod target;
pub mod tokens;
pub mod versions;
