//! The four row schemas, and the builder that turns what a format read into Arrow.
//!
//! A format hands over [`Record`]s; [`Rows`] collects them into batches whose first columns are the hidden ones
//! ([`hidden`]: the row key and what went wrong) and whose others are the content of one [`Use`] ([`content`]).

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, ListBuilder, RecordBatch, StringBuilder, StructBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

/// What a row is for. Each use has one schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Running text for pretraining.
    Pretrain,
    /// An input and its output, for tuning on one task.
    Task,
    /// A dialogue, for instruction tuning.
    Instruct,
    /// A prompt with a chosen and a rejected answer (or one labelled answer), for RLHF, DPO, KTO.
    #[serde(alias = "preference")]
    Rlhf,
}

impl Use {
    /// All uses, in the order of a model's training.
    pub const ALL: [Use; 4] = [Use::Pretrain, Use::Task, Use::Instruct, Use::Rlhf];

    /// The word used in recipes, folders and metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Use::Pretrain => "pretrain",
            Use::Task => "task",
            Use::Instruct => "instruct",
            Use::Rlhf => "rlhf",
        }
    }

    /// Reads the word; `preference` is accepted for `rlhf`.
    pub fn parse(word: &str) -> Option<Use> {
        match word {
            "preference" => Some(Use::Rlhf),
            _ => Use::ALL.into_iter().find(|u| u.as_str() == word),
        }
    }
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One turn of a dialogue.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Message<'a> {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: Cow<'a, str>,
    /// What was said.
    pub content: Cow<'a, str>,
    /// Who said it, where the source has names.
    pub name: Option<Cow<'a, str>>,
    /// The calls an assistant made, as JSON text.
    pub tool_calls: Option<Cow<'a, str>>,
}

impl<'a> Message<'a> {
    /// A turn of `role` without a name or calls.
    pub fn new(role: &'static str, content: impl Into<Cow<'a, str>>) -> Self {
        Message { role: Cow::Borrowed(role), content: content.into(), name: None, tool_calls: None }
    }
}

/// What a row holds, by use.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'a> {
    /// [`Use::Pretrain`].
    Pretrain {
        /// The document.
        text: Cow<'a, str>,
    },
    /// [`Use::Task`].
    Task(Box<Task<'a>>),
    /// [`Use::Instruct`]; a row that ends on a user turn is a prompt only.
    Instruct {
        /// The turns; a system prompt is the first.
        messages: Vec<Message<'a>>,
        /// The tools on offer, as JSON text.
        tools: Option<Cow<'a, str>>,
    },
    /// [`Use::Rlhf`].
    Rlhf(Box<Preference<'a>>),
}

/// A task row.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Task<'a> {
    /// The task's name (`translation`, `classification`, …).
    pub task: Option<Cow<'a, str>>,
    /// The domain (`medicine`, `law`, …).
    pub domain: Option<Cow<'a, str>>,
    /// What the model is given.
    pub input: Option<Cow<'a, str>>,
    /// What it should answer.
    pub output: Option<Cow<'a, str>>,
    /// The answers to choose from.
    pub choices: Option<Vec<Cow<'a, str>>>,
    /// Language of the input.
    pub input_language: Option<Cow<'a, str>>,
    /// Language of the output.
    pub output_language: Option<Cow<'a, str>>,
    /// Running domain text, where the source has no pairs.
    pub text: Option<Cow<'a, str>>,
}

/// A preference row: a pair, or (KTO) one completion with a label.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Preference<'a> {
    /// The dialogue up to the answer.
    pub prompt: Vec<Message<'a>>,
    /// The better answer.
    pub chosen: Option<Vec<Message<'a>>>,
    /// The worse answer.
    pub rejected: Option<Vec<Message<'a>>>,
    /// The source's score of `chosen`.
    pub chosen_score: Option<f64>,
    /// The source's score of `rejected`.
    pub rejected_score: Option<f64>,
    /// By how much `chosen` is better; 0 is a tie.
    pub margin: Option<f64>,
    /// The only answer of an unpaired row.
    pub completion: Option<Vec<Message<'a>>>,
    /// Whether `completion` is a good one.
    pub label: Option<bool>,
}

impl Content<'_> {
    /// The use whose schema this fits.
    pub fn usage(&self) -> Use {
        match self {
            Content::Pretrain { .. } => Use::Pretrain,
            Content::Task(_) => Use::Task,
            Content::Instruct { .. } => Use::Instruct,
            Content::Rlhf(_) => Use::Rlhf,
        }
    }
}

/// A row as a format read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The source's own id.
    pub id: Option<Cow<'a, str>>,
    /// Where the text came from.
    pub url: Option<Cow<'a, str>>,
    /// The part of the source it belongs to.
    pub subset: Option<Cow<'a, str>>,
    /// The language that the source states.
    pub language: Option<Cow<'a, str>>,
    /// The licence that the row states.
    pub license: Option<Cow<'a, str>>,
    /// What the source had and the schema does not model: a JSON object as text.
    pub meta: Option<Cow<'a, str>>,
    /// The content.
    pub content: Content<'a>,
    /// Why the format sets this row aside on purpose (`redirect`, `namespace`, …), and the value that decided:
    /// such a row is *dropped*, with the format's name as the stage.
    pub aside: Option<(&'static str, String)>,
}

impl<'a> Row<'a> {
    /// A row with content only.
    pub fn new(content: Content<'a>) -> Self {
        Row { id: None, url: None, subset: None, language: None, license: None, meta: None, content, aside: None }
    }
}

/// Something that could not be read as a row. It is counted, and written to `unreadable/`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// A stable word: `json`, `utf8`, `field_missing`, `field_type`, `row_too_large`, `truncated`, …
    pub reason: &'static str,
    /// What exactly is wrong, for a person.
    pub detail: String,
    /// The first bytes of what was there, lossily decoded, at most 200 characters.
    pub head: String,
}

/// One record of a raw file with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Byte offset of the record in the decoded (decompressed, UTF-8) file.
    pub offset: u64,
    /// Lines before the record *since the reader's start*; the build adds the lines before that.
    pub line: u64,
    /// The row, or why there is none.
    pub row: Result<Row<'a>, Unreadable>,
}

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

fn message_fields() -> Fields {
    Fields::from(vec![
        Field::new("role", DataType::Utf8, true),
        Field::new("content", DataType::Utf8, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("tool_calls", DataType::Utf8, true),
    ])
}

/// `list<struct<role, content, name, tool_calls>>`.
pub fn messages_type() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(message_fields()), true)))
}

/// The content columns of a use, as house rules fix them.
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
        Use::Instruct => vec![messages("messages"), text("tools")],
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
    Task { columns: [StringBuilder; 7], choices: ListBuilder<StringBuilder> },
    Instruct { messages: MessagesBuilder, tools: StringBuilder },
    Rlhf { sides: [MessagesBuilder; 4], numbers: [Float64Builder; 3], label: BooleanBuilder },
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
            message.name.as_deref(),
            message.tool_calls.as_deref(),
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
            Use::Task => ContentBuilder::Task {
                columns: Default::default(),
                choices: ListBuilder::new(StringBuilder::new()),
            },
            Use::Instruct => ContentBuilder::Instruct { messages: messages_builder(), tools: StringBuilder::new() },
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
        self.bytes += self.content.push(row.map(|r| &r.content));
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
    fn push(&mut self, content: Option<&Content<'_>>) -> usize {
        match (self, content) {
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
            (ContentBuilder::Instruct { messages, tools }, Some(Content::Instruct { messages: said, tools: offer })) => {
                append_messages(messages, Some(said)) + append(tools, offer.as_deref())
            }
            (ContentBuilder::Instruct { messages, tools }, _) => {
                append_messages(messages, None) + append(tools, None)
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
            ContentBuilder::Pretrain(text) => columns.push(Arc::new(text.finish())),
            ContentBuilder::Task { columns: texts, choices } => {
                let mut texts = texts.each_mut().map(|b| Arc::new(b.finish()) as ArrayRef).into_iter();
                columns.extend(texts.by_ref().take(4));
                columns.push(Arc::new(choices.finish()));
                columns.extend(texts);
            }
            ContentBuilder::Instruct { messages, tools } => {
                columns.push(Arc::new(messages.finish()));
                columns.push(Arc::new(tools.finish()));
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
