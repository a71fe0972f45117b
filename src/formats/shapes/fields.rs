//! Objects whose fields are named by the recipe, or have the usual names; for every use.
//!
//! ```json
//! {"id": "1", "url": "https://…", "text": "正文"}
//! ```
//! ```toml
//! fields = { text = "body.content", url = "metadata.url" }   # ours = theirs; dots go into objects and arrays
//! ```
//!
//! Every row may have `id` (else `id`, `_id`, `uid`, `doc_id` or `qid`), `url`, `subset`, `language` and `license`.
//!
//! - pretrain: `text`, else the first of `text`, `content`, `body`, `document`, `raw_content`, `paragraphs` that holds
//!   text; a list of texts is joined by line breaks.
//! - task: `input` (else `input`, `inputs`, `question`) and `output` (else `output`, `target`, `targets`, `answer`);
//!   `task` (`task`, `kind`, `type`), `domain`, `choices` (`choices`, `answer_choices`, `options`), `input_language`,
//!   `output_language`; or `text` alone, for running text of a domain.
//! - instruct: `messages` as a list of `{role, content}` or `{from, value}`; or `prompt` (else `prompt`, `question`,
//!   `query`) and `response` (else `response`, `answer`, `completion`, `output`, beside a `prompt` also `summary`), with `system` and `history`, a list of
//!   `[question, answer]`. A `question` or `query` stands below the text that it is about (`context`, `passage`), after an empty line. Without a response the row is a prompt only. `reasoning` (`reasoning_content`, `reasoning`,
//!   `thinking`) is what was thought before the response. `fields` may name what a program checks an answer against:
//!   `answer`, `answer_kind`, `data_source`.
//! - rlhf: `prompt`, `chosen`, `rejected`, `chosen_score`, `rejected_score`, `margin` as in the shape `preference`, or
//!   `completion` and `label` as in `kto`.
//!
//! Limits: a field that the recipe maps must be there in every row, and content must not be null (`field_missing`); a field of
//! another type is `field_type`. Empty text is a row. Everything that is not read becomes `meta`.
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::turn::{THOUGHTS, is_thought};
use super::support::turns::not_empty;
use super::support::values::{first, joined, scalar, share, starts};
use super::{kto, preference};
use crate::formats::json::Json;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Fields = Fields;
/// See the module.
pub struct Fields;

const TEXT: &[&str] = &["text", "content", "body", "document", "raw_content", "paragraphs"];
const INPUT: &[&str] = &["input", "inputs", "question"];
const OUTPUT: &[&str] = &["output", "target", "targets", "answer"];
const PROMPT: &[&str] = &["prompt", "question", "query"];
const RESPONSE: &[&str] = &["response", "answer", "completion", "output"];
/// What is asked and answered where thoughts stand beside them: a `content` is no document then.
pub(super) const ASKED: &[&str] = &["prompt", "question", "query", "instruction", "input", "problem", "Question"];
pub(super) const ANSWERED: &[&str] = &["response", "answer", "completion", "output", "content", "solution", "Response"];
/// ChatGLM-6B's sets have the answer to a `prompt` there.
const SUMMARY: &[&str] = &["response", "answer", "completion", "output", "summary"];

impl Shape for Fields {
    fn name(&self) -> &'static str {
        "fields"
    }
    fn about(&self) -> &'static str {
        "fields that the recipe maps, or that have the usual names"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("fields.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &Use::ALL
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let text = |o: &Object<'_>, names: &[&str]| names.iter().any(|key| starts(o, key) == Some(b'"'));
        let list = |o: &Object<'_>, names: &[&str]| names.iter().any(|key| starts(o, key) == Some(b'['));
        let share = share(sample, |o| text(o, TEXT) || list(o, TEXT) || text(o, INPUT) || text(o, PROMPT));
        0.1 + 0.4 * share
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        let content = match layout.usage {
            Use::Pretrain => pretrain(&mut reading),
            Use::Task => task(&mut reading),
            Use::Instruct => instruct(&mut reading),
            Use::Rlhf => rlhf(&mut reading),
        };
        emit(content.and_then(|content| reading.row(content)));
    }
}

fn pretrain<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    match reading.text("text", TEXT)? {
        Some(text) => Ok(Content::Pretrain { text }),
        None => Err(reading.missing("text", TEXT[0])),
    }
}

fn task<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let mut out =
        Task { input: reading.text("input", INPUT)?, output: reading.text("output", OUTPUT)?, ..Task::default() };
    match (&out.input, &out.output) {
        (Some(_), Some(_)) => out.text = reading.text("text", &[])?,
        (input, _) => {
            out.text = reading.text("text", TEXT)?;
            if out.text.is_none() {
                let (ours, name) = if input.is_none() { ("input", INPUT[0]) } else { ("output", OUTPUT[0]) };
                return Err(reading.missing(ours, name));
            }
        }
    }
    out.task = reading.option("task", &["task", "kind", "type"])?;
    out.domain = reading.option("domain", &["domain"])?;
    out.choices = reading.list("choices", &["choices", "answer_choices", "options"])?;
    out.input_language = reading.option("input_language", &["input_language"])?;
    out.output_language = reading.option("output_language", &["output_language"])?;
    Ok(Content::Task(Box::new(out)))
}

/// Reads a dialogue; the shape `prompt` does so too.
pub(super) fn instruct<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let mut messages = reading.opening()?;
    let asked = reading.layout.fields.contains_key("prompt");
    let names: &[&str] = if asked { &[] } else { &["messages", "conversations"] };
    if let Some((path, value)) = reading.find("messages", names, |v| first(v) == b'[')? {
        messages.extend(not_empty(path, reading.messages(path, value)?)?);
        if let Some((path, value)) = reading.mapped("response")? {
            messages
                .push(Message { reasoning: reading.thoughts()?, ..Message::new("assistant", joined(path, value)?) });
        }
        reading.truth(&[])?;
    } else {
        let thinks = thinks(reading.object);
        let names = if thinks { ASKED } else { PROMPT };
        let Some(prompt) = reading.text("prompt", names)? else { return Err(reading.missing("prompt", PROMPT[0])) };
        let prompt = below(reading, prompt)?;
        messages.push(Message::new("user", prompt));
        let names = match (thinks, reading.object.has("prompt")) {
            (true, _) => ANSWERED,
            (false, true) => SUMMARY,
            (false, false) => RESPONSE,
        };
        // Where the recipe says what an answer is checked against, a field of that name is no response.
        let names = if reading.checked() { &names[..1] } else { names };
        match reading.text("response", names)? {
            Some(response) => {
                messages.push(Message { reasoning: reading.thoughts()?, ..Message::new("assistant", response) })
            }
            None if reading.layout.fields.contains_key("response") || has_response(reading) => {
                return Err(reading.missing("response", RESPONSE[0]));
            }
            None => {}
        }
        reading.truth(&[])?;
    }
    let tools = reading.tools()?;
    Ok(Content::Instruct { messages, tools })
}

/// What a question is about, above it: the text that it asks for something of, or the tables of a database.
const ABOVE: &[&str] = &["context", "passage", "上下文"];

/// A question below the text that it is about, where that stands beside it and the recipe does not say what is asked.
pub(super) fn below<'a>(reading: &mut Reading<'_, 'a>, question: Cow<'a, str>) -> Result<Cow<'a, str>, Unreadable> {
    let asks = ["question", "query"].iter().any(|key| starts(reading.object, key) == Some(b'"'));
    let mapped = ["prompt", "input"].iter().any(|ours| reading.layout.fields.contains_key(*ours));
    if !asks || mapped || reading.object.has("prompt") {
        return Ok(question);
    }
    let is_text = |value: Json<'_>| first(value) == b'"';
    let Some((path, value)) = reading.find("context", ABOVE, is_text)? else { return Ok(question) };
    let above = scalar(path, value)?;
    Ok(if above.trim().is_empty() { question } else { Cow::Owned(format!("{above}\n\n{question}")) })
}

/// Whether the thoughts before an answer stand in a field of their own.
pub(super) fn thinks(object: &Object<'_>) -> bool {
    THOUGHTS.iter().any(|key| object.get(key).is_some_and(is_thought))
}

/// Whether the row has a response, if only as null.
fn has_response(reading: &Reading<'_, '_>) -> bool {
    reading.object.has(RESPONSE[0])
}

fn rlhf<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let has = |ours: &str| reading.layout.fields.contains_key(ours) || reading.object.has(ours);
    if !has("chosen") && has("label") { kto::read(reading) } else { preference::read(reading) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, row, row_with, said};
    use super::*;

    fn text(json: &str) -> Result<String, String> {
        match row(&SHAPE, json, Use::Pretrain).map(|row| row.content) {
            Ok(Content::Pretrain { text }) => Ok(text.into_owned()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(format!("{}: {}", error.reason, error.detail)),
        }
    }

    #[test]
    fn finds_text() {
        assert_eq!(text(r#"{"id":"a","text":"b"}"#).unwrap(), "b");
        assert_eq!(text(r#"{"text":""}"#).unwrap(), "");
        assert_eq!(text(r#"{"content":{"a":1},"body":"b"}"#).unwrap(), "b");
        assert_eq!(text(r#"{"paragraphs":["a","b"],"title":"t"}"#).unwrap(), "a\nb");
        assert_eq!(text(r#"{"text":null,"a":1}"#).unwrap_err(), "field_missing: field `text` is null");
        assert_eq!(text(r#"{"a":1}"#).unwrap_err(), "field_missing: no field `text`; the row has: a");
        assert!(text(r#"{"text":["a",1,{}]}"#).unwrap_err().starts_with("field_type: field `text.2`"));
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_copied() {
        let json = r#"{"id":7,"url":"u","text":"b","lang":{"x":1},"n":null}"#;
        let row = row(&SHAPE, json, Use::Pretrain).unwrap();
        assert_eq!((row.id.as_deref(), row.url.as_deref(), row.language.as_deref()), (Some("7"), Some("u"), None));
        assert_eq!(row.meta.as_deref(), Some(r#"{"lang":{"x":1},"n":null}"#));
        let plain = super::super::tests::row(&SHAPE, r#"{"id":"a","text":"b"}"#, Use::Pretrain).unwrap();
        assert!(matches!(plain.content, Content::Pretrain { text: std::borrow::Cow::Borrowed(_) }));
        assert_eq!(plain.meta, None);
    }

    #[test]
    fn maps_nested_paths() {
        let mut layout = layout(Use::Task);
        for (ours, theirs) in [("input", "instruction"), ("output", "instances.0.output"), ("task", "name")] {
            layout.fields.insert(ours.into(), theirs.into());
        }
        let json = r#"{"id":"s","name":"n","instruction":"i","instances":[{"input":"","output":"o"}],"x":true}"#;
        let row = row_with(&SHAPE, json, &layout).unwrap();
        let Content::Task(task) = &row.content else { panic!() };
        assert_eq!(
            (task.input.as_deref(), task.output.as_deref(), task.task.as_deref()),
            (Some("i"), Some("o"), Some("n"))
        );
        assert_eq!(row.meta.as_deref(), Some(r#"{"instances":[{"input":""}],"x":true}"#));
        let error = row_with(&SHAPE, r#"{"name":"n","instruction":"i","instances":[]}"#, &layout).unwrap_err();
        assert_eq!(error.reason, "field_missing");
        let error = row_with(&SHAPE, r#"{"name":"n","instruction":{},"instances":[]}"#, &layout).unwrap_err();
        assert_eq!(error.reason, "field_type");
    }

    #[test]
    fn reads_the_other_uses() {
        let json = r#"{"prompt":"p","response":"r","system":"s","history":[["a","b"]]}"#;
        let row = |json, usage| super::super::tests::row(&SHAPE, json, usage);
        let read = row(json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["system: s", "user: a", "assistant: b", "user: p", "assistant: r"]);
        assert_eq!(said(instruct(&row(r#"{"prompt":"p"}"#, Use::Instruct).unwrap())), ["user: p"]);
        assert_eq!(row(r#"{"prompt":"p","response":null}"#, Use::Instruct).unwrap_err().reason, "field_missing");
        let pclue = r#"{"input":"a","target":"b","answer_choices":["b","c"],"type":"nli"}"#;
        let Content::Task(task) = row(pclue, Use::Task).unwrap().content else { panic!() };
        assert_eq!((task.choices.unwrap().len(), task.task.as_deref()), (2, Some("nli")));
        assert!(row(r#"{"text":"a"}"#, Use::Task).is_ok());
        assert_eq!(row(r#"{"input":"a"}"#, Use::Task).unwrap_err().reason, "field_missing");
        let Content::Rlhf(kto) = row(r#"{"prompt":"p","completion":"c","label":true}"#, Use::Rlhf).unwrap().content
        else {
            panic!()
        };
        assert_eq!(kto.label, Some(true));
        assert!(row(r#"{"prompt":"p","chosen":"c","rejected":"r"}"#, Use::Rlhf).is_ok());
    }
}
