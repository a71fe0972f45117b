//! Records to Arrow: one builder a column.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Float64Builder, ListBuilder, RecordBatch, StringBuilder, StructBuilder,
    UInt64Builder,
};
use arrow::datatypes::SchemaRef;

use super::schema::{message_fields, scan_schema};
use super::{Content, Message, Record, Row, Task, Unreadable, Use};

/// Bytes of text for which room is made before they are there.
const MOST_AHEAD: usize = 1 << 20;

/// Collects records into a batch of [`scan_schema`].
pub struct Rows {
    usage: Use,
    schema: SchemaRef,
    numbers: [UInt64Builder; 3],
    errors: [StringBuilder; 5],
    common: [StringBuilder; 6],
    content: ContentBuilder,
    bytes: usize,
    rows: usize,
}

type MessagesBuilder = ListBuilder<StructBuilder>;

#[allow(clippy::large_enum_variant, reason = "one builder a scan")]
enum ContentBuilder {
    Pretrain(StringBuilder),
    Task {
        columns: [StringBuilder; 7],
        choices: ListBuilder<StringBuilder>,
    },
    /// `tools`, and what an answer is checked against.
    Instruct {
        messages: MessagesBuilder,
        besides: [StringBuilder; 4],
    },
    Rlhf {
        sides: [MessagesBuilder; 4],
        numbers: [Float64Builder; 3],
        label: BooleanBuilder,
    },
}

fn messages_builder() -> MessagesBuilder {
    ListBuilder::new(StructBuilder::from_fields(message_fields(), 0))
}

fn append_messages(builder: &mut MessagesBuilder, messages: Option<&[Message<'_>]>) -> usize {
    let mut bytes = 0;
    let Some(messages) = messages else {
        builder.append(false);
        return 0;
    };
    for message in messages {
        let item = builder.values();
        let fields = [
            Some(message.role.as_ref()),
            Some(message.content.as_ref()),
            message.reasoning.as_deref(),
            message.name.as_deref(),
            message.tool_calls.as_deref(),
            message.tool_call_id.as_deref(),
        ];
        for (index, value) in fields.into_iter().enumerate() {
            if let Some(field) = item.field_builder::<StringBuilder>(index) {
                field.append_option(value);
            }
            bytes += value.map_or(0, str::len);
        }
        item.append(true);
    }
    builder.append(true);
    bytes
}

fn append(builder: &mut StringBuilder, value: Option<&str>) -> usize {
    builder.append_option(value);
    value.map_or(0, str::len)
}

impl Rows {
    /// An empty collector for rows of one use.
    pub fn new(usage: Use) -> Self {
        let content = match usage {
            Use::Pretrain => ContentBuilder::Pretrain(StringBuilder::new()),
            Use::Task => {
                ContentBuilder::Task { columns: Default::default(), choices: ListBuilder::new(StringBuilder::new()) }
            }
            Use::Instruct => ContentBuilder::Instruct { messages: messages_builder(), besides: Default::default() },
            Use::Rlhf => ContentBuilder::Rlhf {
                sides: std::array::from_fn(|_| messages_builder()),
                numbers: Default::default(),
                label: BooleanBuilder::new(),
            },
        };
        Rows {
            usage,
            schema: scan_schema(usage),
            numbers: Default::default(),
            errors: Default::default(),
            common: Default::default(),
            content,
            bytes: 0,
            rows: 0,
        }
    }

    /// Bytes of text collected so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Rows collected so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a record under the row key `ord`. Content of another use than the collector's becomes an unreadable row
    /// (`wrong_use`): a format promised otherwise.
    pub fn push(&mut self, ord: u64, record: &Record<'_>) {
        self.rows += 1;
        for (builder, value) in self.numbers.iter_mut().zip([ord, record.offset, record.line]) {
            builder.append_value(value);
        }
        let wrong;
        let row = match &record.row {
            Ok(row) if row.content.usage() == self.usage => Ok(row),
            Ok(row) => {
                wrong = Unreadable {
                    reason: "wrong_use",
                    detail: format!("the row is for {}, the source for {}", row.content.usage(), self.usage),
                    head: String::new(),
                };
                Err(&wrong)
            }
            Err(unreadable) => Err(unreadable),
        };
        let (row, error) = match row {
            Ok(row) => (Some(row), None),
            Err(error) => (None, Some(error)),
        };
        let aside = row.and_then(|r| r.aside.as_ref());
        let errors = [
            error.map(|e| e.reason),
            error.map(|e| e.detail.as_str()),
            error.map(|e| e.head.as_str()),
            aside.map(|a| a.0),
            aside.map(|a| a.1.as_str()),
        ];
        for (builder, value) in self.errors.iter_mut().zip(errors) {
            self.bytes += append(builder, value);
        }
        let common = row.map(|r| [&r.id, &r.url, &r.subset, &r.language, &r.license, &r.meta].map(|v| v.as_deref()));
        for (builder, value) in self.common.iter_mut().zip(common.unwrap_or_default()) {
            self.bytes += append(builder, value);
        }
        self.bytes += self.content.push(row);
    }

    /// The batch, and an empty collector again.
    pub fn finish(&mut self) -> RecordBatch {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        columns.extend(self.numbers.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        columns.extend(self.errors.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        columns.extend(self.common.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
        self.content.finish(&mut columns);
        self.bytes = 0;
        self.rows = 0;
        RecordBatch::try_new(self.schema.clone(), columns).expect("the builders follow scan_schema")
    }
}

impl ContentBuilder {
    fn push(&mut self, row: Option<&Row<'_>>) -> usize {
        match (self, row.map(|r| &r.content)) {
            (ContentBuilder::Pretrain(builder), Some(Content::Pretrain { text })) => append(builder, Some(text)),
            (ContentBuilder::Pretrain(builder), _) => append(builder, None),
            (ContentBuilder::Task { columns, choices }, content) => {
                let empty = Task::default();
                let task = if let Some(Content::Task(task)) = content { task } else { &empty };
                let values = [
                    &task.task,
                    &task.domain,
                    &task.input,
                    &task.output,
                    &task.input_language,
                    &task.output_language,
                    &task.text,
                ];
                let mut bytes = 0;
                for (builder, value) in columns.iter_mut().zip(values) {
                    bytes += append(builder, value.as_deref());
                }
                for choice in task.choices.iter().flatten() {
                    bytes += append(choices.values(), Some(choice));
                }
                choices.append(task.choices.is_some());
                bytes
            }
            (ContentBuilder::Instruct { messages, besides }, content) => {
                let (said, tools) = match content {
                    Some(Content::Instruct { messages, tools }) => (Some(messages.as_slice()), tools.as_deref()),
                    _ => (None, None),
                };
                let truth = row.and_then(|r| r.truth.as_deref());
                let truth = truth.map(|t| [&t.answer, &t.answer_kind, &t.data_source].map(|v| v.as_deref()));
                let [answer, kind, from] = truth.unwrap_or_default();
                let values = besides.iter_mut().zip([tools, answer, kind, from]);
                append_messages(messages, said) + values.map(|(builder, value)| append(builder, value)).sum::<usize>()
            }
            (ContentBuilder::Rlhf { sides, numbers, label }, content) => {
                let preference = if let Some(Content::Rlhf(preference)) = content { Some(preference) } else { None };
                let said = [
                    preference.map(|p| p.prompt.as_slice()),
                    preference.and_then(|p| p.chosen.as_deref()),
                    preference.and_then(|p| p.rejected.as_deref()),
                    preference.and_then(|p| p.completion.as_deref()),
                ];
                let scores = preference.map(|p| [p.chosen_score, p.rejected_score, p.margin]).unwrap_or_default();
                for (builder, value) in numbers.iter_mut().zip(scores) {
                    builder.append_option(value);
                }
                label.append_option(preference.and_then(|p| p.label));
                sides.iter_mut().zip(said).map(|(builder, value)| append_messages(builder, value)).sum()
            }
        }
    }

    fn finish(&mut self, columns: &mut Vec<ArrayRef>) {
        match self {
            ContentBuilder::Pretrain(text) => {
                // The next batch is about as large: a buffer that grows to it would be copied on the way.
                let (rows, bytes) = (text.len(), text.values_slice().len().min(MOST_AHEAD));
                columns.push(Arc::new(text.finish()));
                *text = StringBuilder::with_capacity(rows, bytes + bytes / 16);
            }
            ContentBuilder::Task { columns: texts, choices } => {
                let mut texts = texts.each_mut().map(|b| Arc::new(b.finish()) as ArrayRef).into_iter();
                columns.extend(texts.by_ref().take(4));
                columns.push(Arc::new(choices.finish()));
                columns.extend(texts);
            }
            ContentBuilder::Instruct { messages, besides } => {
                columns.push(Arc::new(messages.finish()));
                columns.extend(besides.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
            }
            ContentBuilder::Rlhf { sides, numbers, label } => {
                let mut sides = sides.each_mut().map(|b| Arc::new(b.finish()) as ArrayRef).into_iter();
                columns.extend(sides.by_ref().take(3));
                columns.extend(numbers.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef));
                columns.extend(sides);
                columns.push(Arc::new(label.finish()));
            }
        }
    }
}
