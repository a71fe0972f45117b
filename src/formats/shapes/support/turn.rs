//! One turn of a dialogue as messages: `{role, content}`, `{from, value}` and `{human, assistant}` alike. The names of
//! its fields stand here and nowhere else.

use std::borrow::Cow;

use super::values::{add, first, is_null, items, kind, null, scalar, starts};
use crate::formats::Object;
use crate::formats::json::Json;
use crate::formats::object::{field_type, text_of};
use crate::rows::calls::{self, Call};
use crate::rows::{Message, Unreadable};

/// Names of the field that says who speaks.
pub const ROLES: [&str; 3] = ["role", "from", "speaker"];

/// Names of the field that holds what is said.
pub const CONTENTS: [&str; 4] = ["content", "value", "text", "utterance"];

/// Names of what else of a turn the schema models.
const BESIDE: [&str; 4] = ["name", "tool_calls", "function_call", "tool_call_id"];

/// Names of what the user and the assistant say in a turn that is a whole round.
const ROUNDS: [(&str, &str); 6] = [
    ("human", "assistant"),
    ("user", "assistant"),
    ("input", "output"),
    ("question", "answer"),
    ("prompt", "response"),
    ("instruction", "output"),
];

/// What is said in a round: the names of both sides, where an object has them.
pub fn round(turn: &Object<'_>) -> Option<(&'static str, &'static str)> {
    ROUNDS.into_iter().find(|(user, assistant)| turn.has(user) && turn.has(assistant))
}

/// The role of a turn that is a call of a tool; its message is the assistant's.
const CALL: &str = "call";

/// Whether a field of a turn becomes a part of its message, by its name.
pub fn is_modelled(name: &str) -> bool {
    [&ROLES[..], &CONTENTS, &BESIDE, THOUGHTS].into_iter().any(|names| names.contains(&name))
}

/// The word for who speaks in a turn; `None` where no field of it is one.
pub fn speaker<'a>(turn: &Object<'a>) -> Option<Cow<'a, str>> {
    ROLES.iter().find_map(|key| turn.text(key).ok().flatten())
}

/// What the thoughts before an answer are called, beside it.
pub const THOUGHTS: &[&str] =
    &["reasoning_content", "reasoning", "thinking", "think", "thought", "thoughts", "Complex_CoT"];

/// Whether a text only says if, or how much, is thought (`reasoning: "on"`): it is no thought itself.
pub fn is_switch(text: &str) -> bool {
    const WORDS: [&str; 16] = [
        "on", "off", "true", "false", "yes", "no", "none", "null", "auto", "low", "medium", "high", "enabled",
        "disabled", "think", "no_think",
    ];
    WORDS.contains(&text.trim().trim_start_matches('/').to_ascii_lowercase().as_str())
}

/// Whether a value of a field that is called like thoughts is one.
pub fn is_thought(value: Json<'_>) -> bool {
    first(value) == b'"' && text_of(value).is_ok_and(|text| text.is_some_and(|text| !is_switch(&text)))
}

/// Our role for a source's word; [`CALL`] is a call that an assistant makes.
pub fn role(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "system" | "developer" | "系统" => "system",
        "user" | "human" | "prompter" | "用户" | "问" => "user",
        "client" | "visitor" | "patient" | "customer" | "seeker" | "来访者" | "患者" | "病人" | "客户" | "求助者" => {
            "user"
        }
        "assistant" | "gpt" | "chatgpt" | "bing" | "bard" | "claude" | "gemini" | "model" | "bot" | "chatbot"
        | "moss" | "小元" | "答" | "助手" | "机器人" => "assistant",
        "counselor" | "counsellor" | "therapist" | "doctor" | "agent" | "supporter" | "咨询师" | "医生" | "客服" => {
            "assistant"
        }
        "tool" | "observation" | "function" | "function_response" | "tool_response" | "ipython" => "tool",
        "function_call" | "tool_call" => CALL,
        _ => return None,
    })
}

/// Calls in a text: a list, one call, or what is no JSON at all.
fn calls_of(text: &str) -> Vec<Call<'static>> {
    match serde_json::from_str::<Vec<Json<'_>>>(text.trim()) {
        Ok(list) => list.into_iter().map(|call| Call::read(call.get())).collect(),
        Err(_) if matches!(text.trim(), "" | "null") => Vec::new(),
        Err(_) => Call::texts(text),
    }
}

/// Calls in a field: a list, one call, or a text.
///
/// # Errors
/// `field_type` for a list that is no JSON.
pub fn calls_in(path: &str, value: Json<'_>) -> Result<Vec<Call<'static>>, Unreadable> {
    match first(value) {
        b'[' => Ok(items(path, value)?.into_iter().map(|call| Call::read(call.get())).collect()),
        b'"' => scalar(path, value).map(|text| calls_of(&text)),
        _ => Ok(vec![Call::read(value.get())]),
    }
}

/// What the assistant calls, as a turn; calls that are written as a text.
pub fn calling(text: &str) -> Message<'static> {
    Message { tool_calls: calls::write(&calls_of(text)).map(Cow::Owned), ..Message::new("assistant", "") }
}

/// Splits what an assistant says at the end of `<think>…</think>`: what was thought, and what is said then. Of an answer
/// that never ends its thoughts nothing is said.
pub fn split_thought(text: &str) -> Option<(&str, &str)> {
    let start = text.trim_start();
    let open = start.strip_prefix("<think>");
    match (open, open.unwrap_or(start).split_once("</think>")) {
        // Where the prompt opens the thoughts, only their end is in the answer.
        (_, Some((thought, said))) if open.is_some() || !thought.contains("<think>") => {
            Some((thought.trim(), said.trim_start()))
        }
        (Some(thought), None) => Some((thought.trim(), "")),
        _ => None,
    }
}

/// Whether a tool's result is data and not text: an object, or a list whose first item is an object that is no part.
fn is_data(value: Json<'_>) -> bool {
    let part = |item: Json<'_>| Object::parse(item.get()).is_ok_and(|o| o.has("type"));
    match first(value) {
        b'{' => true,
        b'[' => items("content", value).is_ok_and(|l| l.first().is_some_and(|i| first(*i) == b'{' && !part(*i))),
        _ => false,
    }
}

/// The content of a turn, sorted by what its parts are.
#[derive(Default)]
struct Content<'a> {
    text: Cow<'a, str>,
    thoughts: Vec<Cow<'a, str>>,
    calls: Vec<Call<'static>>,
    /// Answers of tools that stand among the parts of what the user says: the call, and what it gave.
    results: Vec<(Option<Cow<'a, str>>, Cow<'a, str>)>,
}

/// Text, or a list of parts: those that are text are joined as they are.
fn content<'a>(path: &str, value: Json<'a>) -> Result<Content<'a>, Unreadable> {
    if first(value) != b'[' {
        return scalar(path, value).map(|text| Content { text, ..Content::default() });
    }
    let (mut out, mut text) = (Content::default(), String::new());
    for (index, part) in items(path, value)?.into_iter().enumerate() {
        let path = format!("{path}.{index}");
        if first(part) != b'{' {
            text.push_str(&scalar(&path, part)?);
            continue;
        }
        let object = Object::parse(part.get()).map_err(|e| field_type(&path, "an object", &e.to_string()))?;
        let word = object.text("type")?.unwrap_or(Cow::Borrowed("text"));
        let found = ["text", "value", "content", "thinking", "reasoning"].iter().find_map(|k| object.get(k));
        match (word.as_ref(), found) {
            ("text" | "input_text" | "output_text" | "summary_text", Some(found)) => {
                text.push_str(&scalar(&path, found)?)
            }
            ("reasoning" | "thinking" | "reasoning_text", Some(found)) => out.thoughts.push(scalar(&path, found)?),
            ("reasoning" | "thinking", None) => {
                let summary = object.get("summary").filter(|v| first(*v) == b'[');
                out.thoughts.extend(summary.map(|v| content(&path, v)).transpose()?.map(|c| c.text));
            }
            ("tool_call" | "function_call", Some(found)) => out.calls.extend(calls_in(&path, found)?),
            ("tool_use" | "tool_call" | "function_call", None) => out.calls.push(Call::read(part.get())),
            ("tool_result", _) => {
                let id = object.text("tool_use_id")?.or(object.text("tool_call_id")?);
                let result = match found {
                    Some(found) if is_null(found) => Cow::Borrowed(""),
                    Some(found) if is_data(found) => Cow::Borrowed(found.get()),
                    Some(found) => content(&path, found)?.text,
                    None => Cow::Borrowed(""),
                };
                out.results.push((id, result));
            }
            (word, _) => return Err(field_type(&path, "a part that is text", &format!("`{word}`"))),
        }
    }
    out.text = Cow::Owned(text);
    Ok(out)
}

/// Text, or the text of a list of parts.
///
/// # Errors
/// `field_type` for a part that is no text.
pub fn parts<'a>(path: &str, value: Json<'a>) -> Result<Cow<'a, str>, Unreadable> {
    content(path, value).map(|content| content.text)
}

/// What a turn says and calls, of all its fields.
fn contents<'a>(turn: &Object<'a>, path: &str, role: &str) -> Result<Content<'a>, Unreadable> {
    let at = |key: &str| format!("{path}.{key}");
    let filled = |key: &str| turn.get(key).filter(|v| !is_null(*v));
    let beside = match filled("tool_calls").or(filled("function_call")) {
        Some(value) => calls_in(&at("tool_calls"), value)?,
        None => Vec::new(),
    };
    let mut out = match CONTENTS.iter().find_map(|key| turn.get(key).map(|v| (*key, v))) {
        Some((_, value))
            if role == CALL && first(value) != b'"' && !is_null(value) || role == "tool" && is_data(value) =>
        {
            Content { text: Cow::Borrowed(value.get()), ..Content::default() }
        }
        Some((key, value)) if !is_null(value) => content(&at(key), value)?,
        _ if !beside.is_empty() => Content::default(),
        Some((key, _)) => return Err(null(&at(key))),
        None => return Err(missing(turn, path, "content")),
    };
    if !beside.is_empty() {
        out.calls = beside;
    }
    if role == CALL && out.calls.is_empty() {
        out.calls = calls_of(&std::mem::take(&mut out.text));
    }
    Ok(out)
}

/// Reads turns as messages, and collects what they have beside what a message models.
#[derive(Default)]
pub struct TurnReader {
    /// Members of a JSON object: the path of a turn, and its other fields.
    pub beside: String,
}

impl TurnReader {
    /// Adds the messages of one turn: one, or several where results of tools or a whole round stand in it.
    ///
    /// # Errors
    /// `field_type` for what is no turn, a role that is not known, or a part that is no text; `field_missing` where
    /// nothing is said.
    pub fn turn<'a>(&mut self, path: &str, value: Json<'a>, out: &mut Vec<Message<'a>>) -> Result<(), Unreadable> {
        if first(value) != b'{' {
            return Err(field_type(path, "a message", kind(value)));
        }
        let turn = Object::parse(value.get()).map_err(|e| field_type(path, "a message", &e.to_string()))?;
        let at = |key: &str| format!("{path}.{key}");
        let Some((key, word)) = ROLES.iter().find_map(|key| turn.get(key).map(|v| (*key, v))) else {
            return self.round(path, &turn, out);
        };
        let word = scalar(&at(key), word)?;
        let role = role(&word).ok_or_else(|| {
            field_type(&at(key), "a role (system, user, assistant, tool, human, gpt, …)", &format!("`{word}`"))
        })?;
        let mut said = contents(&turn, path, role)?;
        for (index, call) in said.calls.iter().enumerate().filter(|(_, call)| !call.more.is_empty()) {
            let more = serde_json::to_string(&call.more).unwrap_or_default();
            add(&mut self.beside, &at(&format!("tool_calls.{index}")), &more);
        }
        let mut modelled = [&ROLES[..], &CONTENTS, &BESIDE].concat();
        let is_text = |key: &&&str| turn.get(key).is_some_and(|v| first(v) == b'"');
        if let Some((key, value)) = THOUGHTS.iter().find(is_text).and_then(|key| Some((*key, turn.get(key)?))) {
            modelled.push(key);
            said.thoughts.insert(0, scalar(&at(key), value)?);
        }
        let message = Message {
            role: Cow::Borrowed(if role == CALL { "assistant" } else { role }),
            content: said.text,
            reasoning: thoughts(said.thoughts),
            name: turn.text("name")?.filter(|name| !name.is_empty()),
            tool_calls: calls::write(&said.calls).map(Cow::Owned),
            tool_call_id: turn.text("tool_call_id")?.filter(|id| !id.is_empty()),
        };
        let tool = |(id, result)| Message { tool_call_id: id, ..Message::new("tool", result) };
        let results: Vec<Message<'a>> = said.results.into_iter().map(tool).collect();
        // A user's turn that only hands over what tools gave says nothing by itself; calls come before what they gave.
        let says = results.is_empty() || !message.content.is_empty() || message.reasoning.is_some();
        if message.tool_calls.is_some() {
            out.push(message);
            out.extend(results);
        } else {
            out.extend(results);
            out.extend(says.then_some(message));
        }
        self.others(path, &turn, &modelled);
        Ok(())
    }

    /// A round of `{human, assistant}` or the like, or of `{user, assistant}` with the thoughts between; XTuner and ms-swift
    /// have the system's words in the first one, or in each.
    fn round<'a>(&mut self, path: &str, turn: &Object<'a>, out: &mut Vec<Message<'a>>) -> Result<(), Unreadable> {
        let (user, assistant) = round(turn).unwrap_or_else(|| ROUNDS[usize::from(!turn.has("human"))]);
        if let Some(system) = system_of(turn)?
            && !out.iter().any(|m| m.role == "system" && m.content == system)
        {
            out.push(Message::new("system", system));
        }
        for (key, role) in [(user, "user"), (assistant, "assistant")] {
            let value = turn.get(key).ok_or_else(|| missing(turn, path, "role"))?;
            out.push(Message::new(role, scalar(&format!("{path}.{key}"), value)?));
        }
        let thought = ["inner_thought", "reasoning_content", "reasoning", "thinking"].into_iter();
        let thought = thought.filter_map(|key| Some((key, turn.get(key).filter(|v| first(*v) == b'"')?))).next();
        if let (Some((key, value)), Some(answer)) = (thought, out.last_mut()) {
            answer.reasoning = Some(scalar(&format!("{path}.{key}"), value)?).filter(|t| !t.trim().is_empty());
        }
        let system = if starts(turn, "system") == Some(b'"') { "system" } else { "" };
        self.others(path, turn, &[user, assistant, system, thought.map_or("", |t| t.0)]);
        Ok(())
    }

    /// Keeps the fields of a turn that are not `modelled`.
    fn others(&mut self, path: &str, turn: &Object<'_>, modelled: &[&str]) {
        if turn.fields().any(|(key, value)| !modelled.contains(&key) && !is_null(value))
            && let Some(fields) = turn.rest(modelled)
        {
            add(&mut self.beside, path, &fields);
        }
    }
}

/// What the system says in a round, where that is a text.
fn system_of<'a>(turn: &Object<'a>) -> Result<Option<Cow<'a, str>>, Unreadable> {
    let Some(value) = turn.get("system").filter(|v| first(*v) == b'"') else { return Ok(None) };
    scalar("system", value).map(|text| Some(text).filter(|t| !t.trim().is_empty()))
}

/// Thoughts in one text; `None` where nothing was thought.
fn thoughts(mut all: Vec<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    all.retain(|thought| !thought.trim().is_empty());
    if all.len() > 1 { Some(Cow::Owned(all.join("\n\n"))) } else { all.pop() }
}

fn missing(turn: &Object<'_>, path: &str, key: &str) -> Unreadable {
    let mut error = turn.missing(key);
    error.detail = format!("{path}: {}", error.detail);
    error
}
