//! Fudan's MOSS: dialogues whose every value wears markers (003, with tools), or that are one text (002), for
//! instruction tuning.
//!
//! ```json
//! {"conversation_id": 1, "meta_instruction": "You are …", "num_turns": 1, "chat": {"turn_1": {
//!   "Human": "<|Human|>: 3 乘 4？<eoh>\n", "Inner Thoughts": "<|Inner Thoughts|>: 要算。<eot>\n",
//!   "Commands": "<|Commands|>: Calculate(\"3*4\")<eoc>\n", "Tool Responses": "<|Results|>:\nCalculate(\"3*4\") => 12\n<eor>\n",
//!   "MOSS": "<|MOSS|>: 12。<eom>\n"}}}
//! {"id": "0", "prefix": "MOSS is …", "num_turns": 1, "plain_text": "[Human]: 你好<eoh> [MOSS]: 你好！<eoa>"}
//! ```
//!
//! Markers at both ends of a value go, and with them the white space that they stand in. `meta_instruction` or `prefix`
//! is the system's message; turns are ordered by their numbers. A turn with commands is four messages: the user's, the
//! assistant's with `tool_calls` (the commands as they stand, as text in a JSON array), the tool's with the results, and
//! the assistant's. `None` stands for nothing. Inner thoughts are the reasoning of what the assistant does next. The id is `conversation_id`.
//!
//! Limits: a turn without a question or an answer is unreadable (`field_missing`).
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::turn::calling;
use super::support::turns::not_empty;
use super::support::values::{first, mismatch, scalar, share, starts, wrong_use};
use crate::formats::json::Json;
use crate::formats::object::field_type;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Moss = Moss;
/// See the module.
pub struct Moss;

impl Shape for Moss {
    fn name(&self) -> &'static str {
        "moss"
    }
    fn about(&self) -> &'static str {
        "MOSS-002 and MOSS-003: dialogues in markers, with tools"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("moss.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let turns = o.get("chat.turn_1").is_some_and(|v| first(v) == b'{');
            turns || o.get("plain_text").is_some_and(|v| v.get().contains("[Human]:"))
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("moss", layout));
    }
    let mut reading = Reading::new(object, layout);
    reading.columns.id = reading.option("id", &["conversation_id", "id"])?;
    let mut messages = Vec::new();
    if let Some(system) = reading.option("system", &["meta_instruction", "prefix"])? {
        messages.push(Message::new("system", system));
    }
    if starts(object, "chat").is_none()
        && let Some(text) = reading.option("text", &["plain_text"])?
    {
        messages.extend(not_empty("plain_text", plain(&text)?)?);
        return reading.row(Content::Instruct { messages, tools: None });
    }
    let Some((_, chat)) = reading.find("messages", &["chat"], |_| true)? else {
        return Err(reading.missing("messages", "chat"));
    };
    let chat = Object::parse(chat.get()).map_err(|e| field_type("chat", "an object of turns", &e.to_string()))?;
    let mut turns: Vec<(u64, &str, Json<'_>)> = Vec::new();
    for (key, value) in chat.fields() {
        let number = key.strip_prefix("turn_").and_then(|n| n.parse().ok());
        turns.push((number.ok_or_else(|| field_type("chat", "turns (`turn_1`, …)", &format!("`{key}`")))?, key, value));
    }
    turns.sort_by_key(|t| t.0);
    for (_, key, value) in turns {
        turn(&mut reading, key, value, &mut messages)?;
    }
    let messages = not_empty("chat", messages)?;
    reading.row(Content::Instruct { messages, tools: None })
}

const KNOWN: [&str; 5] = ["Human", "Inner Thoughts", "Commands", "Tool Responses", "MOSS"];

fn turn<'a>(
    reading: &mut Reading<'_, 'a>,
    key: &str,
    value: Json<'a>,
    out: &mut Vec<Message<'a>>,
) -> Result<(), Unreadable> {
    let path = format!("chat.{key}");
    let object = Object::parse(value.get()).map_err(|e| field_type(&path, "a turn", &e.to_string()))?;
    let part = |name: &str| match object.get(name) {
        Some(value) => scalar(&format!("{path}.{name}"), value).map(|text| bare(&text)),
        None => Err(object.missing(name)),
    };
    let used = |name: &str| match object.has(name) {
        true => part(name).map(|text| Some(text).filter(|t| !t.is_empty() && t != "None")),
        false => Ok(None),
    };
    out.push(Message::new("user", part("Human")?));
    let first = out.len();
    if let Some(commands) = used("Commands")? {
        out.push(calling(&commands));
    }
    if let Some(results) = used("Tool Responses")? {
        out.push(Message::new("tool", results));
    }
    out.push(Message::new("assistant", part("MOSS")?));
    if let (Some(thoughts), Some(next)) = (used("Inner Thoughts")?, out.get_mut(first)) {
        next.reasoning = Some(Cow::Owned(thoughts));
    }
    if let Some(rest) = object.rest(&KNOWN).filter(|rest| rest != "{}") {
        reading.keep(&path, &rest);
    }
    Ok(())
}

/// A value without the markers at its ends.
fn bare(text: &str) -> String {
    let mut text = text.trim();
    if let Some((_, rest)) = text.strip_prefix("<|").and_then(|t| t.split_once("|>:")) {
        text = rest.trim_start();
    }
    while let Some((rest, tail)) = text.rsplit_once("<eo") {
        if tail.len() != 2 || !tail.ends_with('>') {
            break;
        }
        text = rest.trim_end();
    }
    text.to_owned()
}

/// The turns of one text: `[Human]:` and `[MOSS]:`, at its start or behind an end marker.
fn plain(text: &str) -> Result<Vec<Message<'static>>, Unreadable> {
    let mut out: Vec<Message<'static>> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (role, said) = match (rest.strip_prefix("[Human]:"), rest.strip_prefix("[MOSS]:")) {
            (Some(said), _) => ("user", said),
            (_, Some(said)) => ("assistant", said),
            _ => return Err(mismatch(format!("turn {} of plain_text has no speaker", out.len() + 1))),
        };
        let end = ["<eoh>", "<eoa>", "<eom>"].iter().filter_map(|mark| said.find(mark)).min();
        out.push(Message::new(role, said[..end.unwrap_or(said.len())].trim().to_owned()));
        rest = end.map_or("", |end| said[end + "<eoh>".len()..].trim_start());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn takes_markers_off_and_orders_turns_by_number() {
        let json = r#"{"conversation_id":7,"meta_instruction":"S","num_turns":2,"category":"c","chat":{
            "turn_10":{"Human":"<|Human|>: b<eoh>\n","Inner Thoughts":"<|Inner Thoughts|>: None<eot>\n","Commands":"<|Commands|>: None<eoc>\n","Tool Responses":"<|Results|>: None<eor>\n","MOSS":"<|MOSS|>: B <eom>x<eom>\n"},
            "turn_2":{"Human":"<|Human|>: a<eoh>\n","Inner Thoughts":"<|Inner Thoughts|>: think<eot>\n","Commands":"<|Commands|>: F(\"1\")<eoc>\n","Tool Responses":"<|Results|>:\nF => 1\n<eor>\n","MOSS":"<|MOSS|>: A<eom>\n"}}}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        let want = [
            "system: S",
            "user: a",
            r#"assistant: (think) [{"type":"function","function":{"name":"F","arguments":"\"1\""}}]"#,
            "tool: F => 1",
            "assistant: A",
            "user: b",
            "assistant: B <eom>x",
        ];
        assert_eq!(said(instruct(&read)), want);
        assert_eq!(read.id.as_deref(), Some("7"));
        let meta = r#"{"num_turns":2,"category":"c"}"#;
        assert_eq!(read.meta.as_deref(), Some(meta));
    }

    #[test]
    fn reads_002_and_names_what_is_wrong() {
        let json = r#"{"id":"0","prefix":"P","plain_text":"[Human]: a<eoh> [MOSS]: b\nc<eoa> [Human]: d<eoh> [MOSS]: e<eoa>"}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["system: P", "user: a", "assistant: b\nc", "user: d", "assistant: e"]);
        let error = |json: &str| row(&SHAPE, json, Use::Instruct).unwrap_err().reason;
        assert_eq!(error(r#"{"plain_text":"a"}"#), "dialogue_mismatch");
        assert_eq!(error(r#"{"chat":{"turn_1":{"Human":"a"}}}"#), "field_missing");
        assert_eq!(error(r#"{"chat":{"x":{}}}"#), "field_type");
        assert_eq!(error(r#"{"chat":{}}"#), "dialogue_mismatch");
        assert_eq!(error("{}"), "field_missing");
    }
}
