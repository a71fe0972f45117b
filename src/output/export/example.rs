//! Rows of a build as exporters take them: out of the Arrow batches of `data/`.

use std::borrow::Cow;
use std::path::Path;

use arrow::array::{Array, AsArray, ListArray, RecordBatch, StructArray};
use arrow::datatypes::Float64Type;

use super::json::{self, Object};
use super::{Aside, Part};
use crate::rows::{Content, Message, Preference, Task, Truth, Use};
use crate::{Error, Result};

/// A row of a build.
pub struct Example<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its content; calls are JSON text in the form of OpenAI.
    pub content: Content<'a>,
    /// What a program checks the answer against.
    pub truth: Truth<'a>,
    batch: &'a RecordBatch,
    at: usize,
}

/// A value of a text column.
fn text<'a>(batch: &'a RecordBatch, name: &str, at: usize) -> Option<&'a str> {
    let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    column.is_valid(at).then(|| column.value(at))
}

fn number(batch: &RecordBatch, name: &str, at: usize) -> Option<f64> {
    let column = batch.column_by_name(name)?.as_primitive_opt::<Float64Type>()?;
    column.is_valid(at).then(|| column.value(at))
}

/// A value of a field of a struct.
fn field<'a>(turns: &'a StructArray, name: &str, at: usize) -> Option<Cow<'a, str>> {
    let column = turns.column_by_name(name)?.as_string_opt::<i32>()?;
    column.is_valid(at).then(|| Cow::Borrowed(column.value(at)))
}

/// Where the items of a list stand among its values.
fn range(list: &ListArray, at: usize) -> std::ops::Range<usize> {
    let offsets = list.value_offsets();
    offsets[at] as usize..offsets[at + 1] as usize
}

/// The turns of a column of messages; `None` where it has no value.
fn messages<'a>(batch: &'a RecordBatch, name: &str, at: usize) -> Option<Vec<Message<'a>>> {
    let list = batch.column_by_name(name)?.as_list_opt::<i32>()?;
    let turns = list.values().as_struct_opt()?;
    if list.is_null(at) {
        return None;
    }
    let turn = |at: usize| Message {
        role: field(turns, "role", at).unwrap_or_default(),
        content: field(turns, "content", at).unwrap_or_default(),
        reasoning: field(turns, "reasoning", at).filter(|t| !t.is_empty()),
        name: field(turns, "name", at).filter(|t| !t.is_empty()),
        tool_calls: calls(turns, at),
        tool_call_id: field(turns, "tool_call_id", at).filter(|t| !t.is_empty()),
    };
    Some(range(list, at).map(turn).collect())
}

/// A task as a turn of the user and one of the assistant.
pub fn task_turns<'t>(task: &'t Task<'_>) -> [Message<'t>; 2] {
    let turn = |role, text: &'t Option<Cow<'_, str>>| Message::new(role, text.as_deref().unwrap_or_default());
    [turn("user", &task.input), turn("assistant", &task.output)]
}

/// What is said in the turns of a task or a dialogue, without system turns, in order.
pub fn turn_texts<'r>(row: &'r Example<'_>) -> Vec<&'r str> {
    match &row.content {
        Content::Task(task) => [&task.input, &task.output].map(|t| t.as_deref().unwrap_or_default()).to_vec(),
        Content::Instruct { messages, .. } => {
            messages.iter().filter(|m| m.role != "system").map(|m| m.content.as_ref()).collect()
        }
        Content::Pretrain { .. } | Content::Rlhf(_) => Vec::new(),
    }
}

/// Appends the turns of a task or a dialogue, without system turns, as a list of `from` (the assistant by this name, or
/// `human`) and `value`.
pub fn conversations(row: &Example<'_>, assistant: &str, out: &mut Vec<u8>) {
    let mut turns = |messages: &[Message<'_>]| {
        json::list(messages.iter().filter(|m| m.role != "system"), out, |message, out| {
            let mut turn = Object::new(out);
            turn.text("from", if message.role == "assistant" { assistant } else { "human" });
            turn.text("value", &message.content);
            turn.end();
        });
    };
    match &row.content {
        Content::Task(task) => turns(&task_turns(task)),
        Content::Instruct { messages, .. } => turns(messages),
        Content::Pretrain { .. } | Content::Rlhf(_) => {}
    }
}

/// The calls of a turn as JSON text.
fn calls(turns: &StructArray, at: usize) -> Option<Cow<'static, str>> {
    let list = turns.column_by_name("tool_calls")?.as_list_opt::<i32>()?;
    if list.is_null(at) || list.value_length(at) == 0 {
        return None;
    }
    let (items, mut out) = (list.values(), Vec::new());
    json::list(range(list, at), &mut out, |item, out| json::value(items.as_ref(), item, out));
    String::from_utf8(out).ok().map(Cow::Owned)
}

impl<'a> Example<'a> {
    /// A row of a batch.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the batch lacks a column that every build writes for this use; `path` is named.
    pub fn of(usage: Use, batch: &'a RecordBatch, at: usize, path: &Path) -> Result<Self> {
        let own = |name: &str| text(batch, name, at).map(Cow::Borrowed);
        let (needs, content) = match usage {
            Use::Pretrain => ("text", Content::Pretrain { text: own("text").unwrap_or_default() }),
            Use::Task => ("input", Content::Task(Box::new(task(batch, at)))),
            Use::Instruct => {
                let messages = messages(batch, "messages", at).unwrap_or_default();
                ("messages", Content::Instruct { messages, tools: own("tools").filter(|t| !t.trim().is_empty()) })
            }
            Use::Rlhf => ("prompt", Content::Rlhf(Box::new(preference(batch, at)))),
        };
        for name in ["id", needs] {
            if batch.column_by_name(name).is_none() {
                let message = format!("{}: no column `{name}`, which every table of {usage} rows has", path.display());
                return Err(Error::input(message, "name the folder of a build; what changed this file broke it"));
            }
        }
        let truth = match usage {
            Use::Instruct => {
                Truth { answer: own("answer"), answer_kind: own("answer_kind"), data_source: own("data_source") }
            }
            _ => Truth::default(),
        };
        Ok(Example { id: text(batch, "id", at).unwrap_or_default(), content, truth, batch, at })
    }

    /// The source that it came from.
    pub fn source(&self) -> &'a str {
        text(self.batch, "source", self.at).unwrap_or_default()
    }

    /// What the source had and the schema does not model: a JSON object as text.
    pub fn meta(&self) -> Option<&'a str> {
        text(self.batch, "meta", self.at)
    }

    /// The batch that it stands in, and where.
    pub fn place(&self) -> (&'a RecordBatch, usize) {
        (self.batch, self.at)
    }

    /// Its texts, in reading order; calls and tools are none.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = match &self.content {
            Content::Pretrain { text } => vec![text],
            Content::Task(task) => {
                [&task.input, &task.output, &task.text].into_iter().flatten().map(Cow::as_ref).collect()
            }
            Content::Instruct { .. } | Content::Rlhf(_) => Vec::new(),
        };
        for message in self.dialogues().into_iter().flatten() {
            texts.extend(message.reasoning.as_deref());
            texts.push(&message.content);
        }
        texts
    }

    /// Bytes of its texts.
    pub fn size(&self) -> u64 {
        self.texts().iter().map(|text| text.len() as u64).sum()
    }

    /// All its dialogues: the messages, or prompt and answers.
    pub fn dialogues(&self) -> Vec<&[Message<'a>]> {
        match &self.content {
            Content::Instruct { messages, .. } => vec![messages],
            Content::Rlhf(row) => {
                let answers = [&row.chosen, &row.rejected, &row.completion];
                let answers = answers.into_iter().flatten().map(Vec::as_slice);
                std::iter::once(row.prompt.as_slice()).chain(answers).collect()
            }
            Content::Pretrain { .. } | Content::Task(_) => Vec::new(),
        }
    }

    /// Whether the row has a part.
    pub fn has(&self, part: Part) -> bool {
        let turn = |has: &dyn Fn(&Message<'a>) -> bool| self.dialogues().into_iter().flatten().any(has);
        match part {
            Part::System => turn(&|m| m.role == "system"),
            Part::Turns => self.dialogues().into_iter().any(|turns| {
                let mut behind = turns.iter().skip_while(|m| m.role != "assistant");
                behind.any(|m| m.role == "user")
            }),
            Part::Tools => {
                matches!(&self.content, Content::Instruct { tools: Some(_), .. })
                    || turn(&|m| m.tool_calls.is_some() || m.role == "tool")
            }
            Part::Beside => turn(&|m| m.tool_calls.is_some() && !m.content.trim().is_empty()),
            Part::Reasoning => turn(&|m| m.reasoning.is_some()),
            Part::Names => turn(&|m| m.name.is_some()),
            Part::Truth => self.truth != Truth::default(),
            Part::Scores => match &self.content {
                Content::Rlhf(row) => {
                    row.chosen_score.is_some() || row.rejected_score.is_some() || row.margin.is_some()
                }
                _ => false,
            },
            Part::Choices => matches!(&self.content, Content::Task(task) if task.choices.is_some()),
        }
    }

    /// Appends all columns of the row as they are, as members of an object.
    pub fn columns(&self, object: &mut Object<'_>) {
        for (field, column) in self.batch.schema_ref().fields().iter().zip(self.batch.columns()) {
            json::value(column.as_ref(), self.at, object.key(field.name()));
        }
    }

    /// Appends the columns that have a value, but this one, as members of an object.
    pub fn values(&self, but: &str, object: &mut Object<'_>) {
        for (field, column) in self.batch.schema_ref().fields().iter().zip(self.batch.columns()) {
            if column.is_valid(self.at) && field.name() != but {
                json::value(column.as_ref(), self.at, object.key(field.name()));
            }
        }
    }

    /// Appends the line of a row that was set aside: why, then all columns.
    pub fn aside(&self, aside: &Aside, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        object.text("aside_reason", aside.reason);
        object.text("aside_detail", &aside.detail);
        self.columns(&mut object);
        object.end();
    }
}

fn task(batch: &RecordBatch, at: usize) -> Task<'_> {
    let own = |name: &str| text(batch, name, at).map(Cow::Borrowed);
    let choices = batch.column_by_name("choices").and_then(|c| c.as_list_opt::<i32>()).filter(|c| c.is_valid(at));
    let choices = choices.and_then(|list| {
        let items = list.values().as_string_opt::<i32>()?;
        Some(range(list, at).map(|item| Cow::Borrowed(items.value(item))).collect())
    });
    Task {
        task: own("task"),
        domain: own("domain"),
        input: own("input"),
        output: own("output"),
        choices,
        input_language: own("input_language"),
        output_language: own("output_language"),
        text: own("text"),
    }
}

fn preference(batch: &RecordBatch, at: usize) -> Preference<'_> {
    let label = batch.column_by_name("label").and_then(|c| c.as_boolean_opt()).filter(|c| c.is_valid(at));
    Preference {
        prompt: messages(batch, "prompt", at).unwrap_or_default(),
        chosen: messages(batch, "chosen", at),
        rejected: messages(batch, "rejected", at),
        chosen_score: number(batch, "chosen_score", at),
        rejected_score: number(batch, "rejected_score", at),
        margin: number(batch, "margin", at),
        completion: messages(batch, "completion", at),
        label: label.map(|c| c.value(at)),
    }
}
