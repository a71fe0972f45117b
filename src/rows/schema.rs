//! The schemas of rows: what a scan reads for each [`Use`], and which of its columns hold text.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::Use;

/// Fields of a message that not every message has, in their order behind `role` and `content`.
pub const OPTIONAL: [&str; 4] = ["reasoning", "name", "tool_calls", "tool_call_id"];

/// The hidden columns in front of every batch.
///
/// `ord` u64 row key (piece << 32 | row); `offset`, `line` u64; `error`, `error_detail`, `error_head` what could not be
/// read; `aside`, `aside_value` what the format set aside.
pub fn hidden() -> Vec<Field> {
    let text = |name| Field::new(name, DataType::Utf8, true);
    vec![
        Field::new("ord", DataType::UInt64, false),
        Field::new("offset", DataType::UInt64, false),
        Field::new("line", DataType::UInt64, false),
        text("error"),
        text("error_detail"),
        text("error_head"),
        text("aside"),
        text("aside_value"),
    ]
}

/// What every row may carry beside its content: `id`, `url`, `subset`, `language_hint`, `license`, `meta`.
pub fn common() -> Vec<Field> {
    ["id", "url", "subset", "language_hint", "license", "meta"]
        .into_iter()
        .map(|name| Field::new(name, DataType::Utf8, true))
        .collect()
}

pub(super) fn message_fields() -> Fields {
    let names = ["role", "content"].into_iter().chain(OPTIONAL);
    names.map(|name| Field::new(name, DataType::Utf8, true)).collect()
}

/// `list<struct<role, content, reasoning, name, tool_calls, tool_call_id>>`, all of them text.
pub fn messages_type() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(message_fields()), true)))
}

/// The content columns of a use, as a scan reads them. What a build writes is [`super::turns::shown`].
pub fn content(usage: Use) -> Vec<Field> {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let messages = |name| Field::new(name, messages_type(), true);
    let number = |name| Field::new(name, DataType::Float64, true);
    match usage {
        Use::Pretrain => vec![text("text")],
        Use::Task => vec![
            text("task"),
            text("domain"),
            text("input"),
            text("output"),
            Field::new("choices", DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))), true),
            text("input_language"),
            text("output_language"),
            text("text"),
        ],
        Use::Instruct => {
            vec![messages("messages"), text("tools"), text("answer"), text("answer_kind"), text("data_source")]
        }
        Use::Rlhf => vec![
            messages("prompt"),
            messages("chosen"),
            messages("rejected"),
            number("chosen_score"),
            number("rejected_score"),
            number("margin"),
            messages("completion"),
            Field::new("label", DataType::Boolean, true),
        ],
    }
}

/// The content columns that hold *text of the row*, in reading order: what stages clean, measure and hash.
pub fn text_columns(usage: Use) -> &'static [&'static str] {
    match usage {
        Use::Pretrain => &["text"],
        Use::Task => &["input", "output", "text"],
        Use::Instruct => &["messages"],
        Use::Rlhf => &["prompt", "chosen", "rejected", "completion"],
    }
}

/// The schema of a scan: hidden, common, content.
pub fn scan_schema(usage: Use) -> SchemaRef {
    let fields: Vec<Field> = hidden().into_iter().chain(common()).chain(content(usage)).collect();
    Arc::new(Schema::new(fields))
}
