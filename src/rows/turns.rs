//! Which of the optional fields of a message are filled, and the messages of the output: fields that no row fills are
//! left out of it.
//!
//! A template that asks whether a message has `tool_calls` takes a null for calls, and a trainer's converter takes a
//! column that is there for one that it must read. So a build writes the fields that its rows fill, the same ones
//! in every file of a use; and calls as objects ([`super::calls`]).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use serde::{Deserialize, Serialize};

pub use super::schema::OPTIONAL;
use super::schema::content;
use super::{Use, calls};
use crate::{Error, Result};

/// Where the optional fields begin in a message.
const FIRST: usize = 2;
/// The bit of calls that have an id.
const CALL_IDS: i64 = 1 << OPTIONAL.len();

/// Which optional fields of messages are filled: a bit each, and one for ids of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled(pub i64);

impl Filled {
    /// Every field.
    pub const ALL: Filled = Filled(CALL_IDS * 2 - 1);

    /// Adds what other rows fill.
    pub fn add(&mut self, other: Filled) {
        self.0 |= other.0;
    }

    /// Whether any row fills the optional field.
    pub fn has(self, name: &str) -> bool {
        OPTIONAL.iter().position(|n| *n == name).is_some_and(|at| self.0 & (1 << at) != 0)
    }

    /// What the messages of some row fill, of a column as a scan reads it.
    pub fn of(messages: &ListArray, row: usize) -> Filled {
        let turns = messages.values().as_struct();
        let (offsets, mut found) = (messages.value_offsets(), 0);
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        for (at, name) in OPTIONAL.iter().enumerate() {
            let texts = turns.column(FIRST + at).as_string::<i32>();
            if texts.null_count() == texts.len() {
                continue;
            }
            for turn in range.clone().filter(|turn| texts.is_valid(*turn)) {
                found |= 1 << at;
                if *name == "tool_calls" && calls::has_id(texts.value(turn)) {
                    found |= CALL_IDS;
                }
            }
        }
        Filled(found)
    }

    fn ids(self) -> bool {
        self.0 & CALL_IDS != 0
    }
}

/// The content columns of a use as a build writes them.
pub fn shown(usage: Use, filled: Filled) -> Vec<Field> {
    let fields = content(usage).into_iter();
    fields
        .map(|field| match field.data_type() {
            DataType::List(item) if item.data_type().is_nested() => field.clone().with_data_type(messages(filled)),
            _ => field,
        })
        .collect()
}

/// The type of messages of which these optional fields are filled.
fn messages(filled: Filled) -> DataType {
    let field = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields = vec![field("role"), field("content")];
    for name in OPTIONAL.into_iter().filter(|name| filled.has(name)) {
        fields.push(match name {
            "tool_calls" => Field::new(name, calls::list_type(filled.ids()), true),
            name => field(name),
        });
    }
    DataType::List(Arc::new(Field::new("item", DataType::Struct(Fields::from(fields)), true)))
}

/// A content column in the type that is written.
///
/// # Errors
///
/// [`Error::Engine`] where a field of `to` is missing in the column, or the parts do not fit together.
pub fn show(column: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let (Some(list), DataType::List(item)) = (column.as_list_opt::<i32>(), to) else { return Ok(column.clone()) };
    let (Some(turns), DataType::Struct(fields)) = (list.values().as_struct_opt(), item.data_type()) else {
        return Ok(column.clone());
    };
    let mut parts: Vec<ArrayRef> = Vec::with_capacity(fields.len());
    for field in fields {
        let part = turns.column_by_name(field.name());
        let part = part.ok_or_else(|| Error::Engine(format!("messages have no {}", field.name())))?;
        parts.push(match (field.data_type(), part.as_string_opt::<i32>()) {
            (DataType::List(_), Some(texts)) => typed(texts, field.data_type())?,
            _ => part.clone(),
        });
    }
    let turns = StructArray::try_new(fields.clone(), parts, turns.nulls().cloned())?;
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(item.clone(), offsets, Arc::new(turns), nulls)?))
}

/// Calls as objects, from their JSON texts.
fn typed(texts: &StringArray, to: &DataType) -> Result<ArrayRef> {
    let ids =
        matches!(to, DataType::List(item) if matches!(item.data_type(), DataType::Struct(f) if f.find("id").is_some()));
    let built: ArrayRef = Arc::new(calls::list(texts, ids));
    if built.data_type() == to { Ok(built) } else { Ok(cast(&built, to)?) }
}
