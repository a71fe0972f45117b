//! Columns that stages add to rows: the kinds there are, and their Arrow types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use serde::{Deserialize, Serialize};

use super::spans::spans_type;

/// The type of keys: 128 bits of a hash. One primitive column sorts, and spills, far cheaper than two.
pub const KEY: DataType = DataType::Decimal128(38, 0);

/// The column of `data/` that says how many rows a row stands for, itself among them.
pub const CLUSTER_SIZE: &str = "cluster_size";

/// The signal, and the column of `data/`, that says how many tokens a row has.
pub const TOKENS: &str = "tokens";

/// Whether a column of the unit files is for a stage itself, by its name (with or without `@` and the stage's number):
/// such names are `key`, or end so.
pub fn is_hidden(column: &str) -> bool {
    let name = column.split('@').next().unwrap_or_default();
    name == "key" || name.ends_with("_key")
}

/// The type of a column that a stage adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A count.
    Int,
    /// A share or score.
    Float,
    /// A word out of a small set.
    Text,
    /// A list of words.
    Words,
    /// A hash of 128 bits.
    Key,
    /// Bytes that a stage knows the meaning of.
    Bytes,
    /// As many bytes for every row.
    Fixed(i32),
    /// Stretches of a row's text, in bytes: from, to.
    Spans,
}

impl Kind {
    /// The Arrow type.
    pub fn data_type(self) -> DataType {
        match self {
            Kind::Int => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Text => DataType::Utf8,
            Kind::Words => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
            Kind::Key => KEY,
            Kind::Bytes => DataType::Binary,
            Kind::Fixed(width) => DataType::FixedSizeBinary(width),
            Kind::Spans => spans_type(),
        }
    }
}
