//! Messages: `{role, content}`, `{from, value}` and `{human, assistant}` alike.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::read::{Reading, first, is_null, items, joined, kind, mismatch, null, scalar};
use crate::formats::Object;
use crate::formats::object::field_type;
use crate::rows::calls::{self, Call};
use crate::rows::{Message, Unreadable};

/// The names of a message's fields that the schema models.
const KNOWN: &[&str] = &[
    "role",
    "from",
    "speaker",
    "content",
    "value",
    "text",
    "utterance",
    "name",
    "tool_calls",
    "function_call",
    "tool_call_id",
];

/// What the thoughts before an answer are called, beside it.
pub(super) const THOUGHTS: &[&str] =
    &["reasoning_content", "reasoning", "thinking", "think", "thought", "thoughts", "Complex_CoT"];

/// Our role for a source's word; `call` is a call that an assistant makes.
pub(super) fn role(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "system" | "developer" | "系统" => "system",
        "user" | "human" | "prompter" | "用户" | "问" => "user",
        "client" | "visitor" | "patient" | "customer" | "seeker" | "来访者" | "患者" | "病人" | "客户" | "求助者" => {
            "user"
        }
        "assistant" | "gpt" | "chatgpt" | "bing" | "bard" | "claude" | "gemini" | "model" | "bot" | "moss" | "小元"
        | "答" | "助手" | "机器人" => "assistant",
        "counselor" | "counsellor" | "therapist" | "doctor" | "agent" | "supporter" | "咨询师" | "医生" | "客服" => {
            "assistant"
        }
        "tool" | "observation" | "function" | "function_response" | "tool_response" | "ipython" => "tool",
        "function_call" | "tool_call" => "call",
        _ => return None,
    })
}

/// Calls in a text: a list, one call, or what is no JSON at all.
fn calls(text: &str) -> Vec<Call<'static>> {
    match serde_json::from_str::<Vec<&RawValue>>(text.trim()) {
        Ok(list) => list.into_iter().map(Call::read).collect(),
        Err(_) if matches!(text.trim(), "" | "null") => Vec::new(),
        Err(_) => Call::texts(text),
    }
}

/// Calls in a field: a list, one call, or a text.
pub(super) fn calls_in(path: &str, value: &RawValue) -> Result<Vec<Call<'static>>, Unreadable> {
    match first(value) {
        b'[' => Ok(items(path, value)?.into_iter().map(Call::read).collect()),
        b'"' => scalar(path, value).map(|text| calls(&text)),
        _ => Ok(vec![Call::read(value)]),
    }
}

/// What the assistant calls, as a turn; calls that are written as a text.
pub(super) fn calling(text: &str) -> Message<'static> {
    Message { tool_calls: calls::write(&calls(text)).map(Cow::Owned), ..Message::new("assistant", "") }
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
fn data(value: &RawValue) -> bool {
    let part = |item: &RawValue| Object::parse(item.get()).is_ok_and(|o| o.has("type"));
    match first(value) {
        b'{' => true,
        b'[' => items("content", value).is_ok_and(|l| l.first().is_some_and(|i| first(i) == b'{' && !part(i))),
        _ => false,
    }
}

/// What a message says in its parts.
#[derive(Default)]
struct Said<'a> {
    text: Cow<'a, str>,
    thoughts: Vec<Cow<'a, str>>,
    calls: Vec<Call<'static>>,
    /// Answers of tools that stand among the parts of what the user says: the call, and what it gave.
    results: Vec<(Option<Cow<'a, str>>, Cow<'a, str>)>,
}

/// Text, or a list of parts: those that are text are joined as they are.
fn said<'a>(path: &str, value: &'a RawValue) -> Result<Said<'a>, Unreadable> {
    if first(value) != b'[' {
        return scalar(path, value).map(|text| Said { text, ..Said::default() });
    }
    let (mut out, mut text) = (Said::default(), String::new());
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
                let summary = object.get("summary").filter(|v| first(v) == b'[');
                out.thoughts.extend(summary.map(|v| said(&path, v)).transpose()?.map(|s| s.text));
            }
            ("tool_call" | "function_call", Some(found)) => out.calls.extend(calls_in(&path, found)?),
            ("tool_use" | "tool_call" | "function_call", None) => out.calls.push(Call::read(part)),
            ("tool_result", _) => {
                let id = object.text("tool_use_id")?.or(object.text("tool_call_id")?);
                let given = match found {
                    Some(found) if is_null(found) => Cow::Borrowed(""),
                    Some(found) if data(found) => Cow::Borrowed(found.get()),
                    Some(found) => said(&path, found)?.text,
                    None => Cow::Borrowed(""),
                };
                out.results.push((id, given));
            }
            (word, _) => return Err(field_type(&path, "a part that is text", &format!("`{word}`"))),
        }
    }
    out.text = Cow::Owned(text);
    Ok(out)
}

impl<'a> Reading<'_, 'a> {
    /// The messages in a field: a list, or one message alone.
    ///
    /// # Errors
    ///
    /// `field_type` where the value is no list or message, and what a message in it lacks.
    pub fn messages(&mut self, path: &str, value: &'a RawValue) -> Result<Vec<Message<'a>>, Unreadable> {
        let mut out = Vec::new();
        match first(value) {
            b'{' => {
                // LMFlow's sides are objects that hold the messages.
                let inner = Object::parse(value.get()).ok().filter(|o| !o.has("role") && !o.has("from"));
                match inner.as_ref().and_then(|o| Some((o, o.get("messages").filter(|v| first(v) == b'[')?))) {
                    Some((object, list)) => {
                        let path = format!("{path}.messages");
                        if let Some(system) = object.text("system")?.filter(|s| !s.is_empty()) {
                            out.push(Message::new("system", system));
                        }
                        out.extend(self.messages(&path, list)?);
                    }
                    None => self.message(path, value, &mut out)?,
                }
            }
            b'[' => {
                for (index, item) in items(path, value)?.into_iter().enumerate() {
                    self.message(&format!("{path}.{index}"), item, &mut out)?;
                }
            }
            _ => return Err(field_type(path, "a list of messages", kind(value))),
        }
        Ok(out)
    }

    /// The messages in a field, also as JSON text.
    ///
    /// # Errors
    ///
    /// As [`Reading::messages`]; `field_type` where text is no list of messages.
    pub fn listed(&mut self, path: &str, value: &'a RawValue) -> Result<Vec<Message<'a>>, Unreadable> {
        if first(value) != b'"' {
            return self.messages(path, value);
        }
        let text = scalar(path, value)?;
        within(path, &text).unwrap_or_else(|| Err(field_type(path, "a list of messages", "text")))
    }

    fn message(&mut self, path: &str, value: &'a RawValue, out: &mut Vec<Message<'a>>) -> Result<(), Unreadable> {
        if first(value) != b'{' {
            return Err(field_type(path, "a message", kind(value)));
        }
        let object = Object::parse(value.get()).map_err(|e| field_type(path, "a message", &e.to_string()))?;
        let at = |key: &str| format!("{path}.{key}");
        let Some((key, word)) = ["role", "from", "speaker"].iter().find_map(|k| object.get(k).map(|v| (*k, v))) else {
            return self.round(path, &object, out);
        };
        let word = scalar(&at(key), word)?;
        let role = role(&word).ok_or_else(|| {
            field_type(&at(key), "a role (system, user, assistant, tool, human, gpt, …)", &format!("`{word}`"))
        })?;
        let content = ["content", "value", "text", "utterance"].iter().find_map(|k| object.get(k).map(|v| (*k, v)));
        let raw = |key: &str| object.get(key).filter(|v| !is_null(v));
        let mut made = match raw("tool_calls").or(raw("function_call")) {
            Some(value) => calls_in(&at("tool_calls"), value)?,
            None => Vec::new(),
        };
        let thought = THOUGHTS.iter().find_map(|key| raw(key).filter(|v| first(v) == b'"').map(|v| (*key, v)));
        let mut said = match content {
            Some((_, value))
                if role == "call" && first(value) != b'"' && !is_null(value) || role == "tool" && data(value) =>
            {
                Said { text: Cow::Borrowed(value.get()), ..Said::default() }
            }
            Some((key, value)) if !is_null(value) => said(&at(key), value)?,
            _ if !made.is_empty() => Said::default(),
            Some((key, _)) => return Err(null(&at(key))),
            None => return Err(missing(&object, path, "content")),
        };
        made = if made.is_empty() { std::mem::take(&mut said.calls) } else { made };
        if role == "call" && made.is_empty() {
            made = calls(&std::mem::take(&mut said.text));
        }
        for (index, call) in made.iter().enumerate().filter(|(_, call)| !call.more.is_empty()) {
            let more = serde_json::to_string(&call.more).unwrap_or_default();
            self.keep(&at(&format!("tool_calls.{index}")), &more);
        }
        let mut known = KNOWN.to_vec();
        if let Some((key, value)) = thought {
            known.push(key);
            said.thoughts.insert(0, scalar(&at(key), value)?);
        }
        let results = std::mem::take(&mut said.results);
        let answered = !results.is_empty();
        let at_results = out.len();
        out.extend(results.into_iter().map(|(id, given)| Message { tool_call_id: id, ..Message::new("tool", given) }));
        let message = Message {
            role: Cow::Borrowed(if role == "call" { "assistant" } else { role }),
            content: said.text,
            reasoning: thoughts(said.thoughts),
            name: object.text("name")?.filter(|name| !name.is_empty()),
            tool_calls: calls::write(&made).map(Cow::Owned),
            tool_call_id: object.text("tool_call_id")?.filter(|id| !id.is_empty()),
        };
        // A user's turn that only hands over what tools gave says nothing by itself; calls come before what they gave.
        if message.tool_calls.is_some() && answered {
            out.insert(at_results, message);
        } else if !answered || !message.content.is_empty() || message.reasoning.is_some() {
            out.push(message);
        }
        self.rest(path, &object, &known);
        Ok(())
    }

    /// A round of `{human, assistant}`, or of `{user, assistant}` with the thoughts between.
    fn round(&mut self, path: &str, object: &Object<'a>, out: &mut Vec<Message<'a>>) -> Result<(), Unreadable> {
        let user = if object.has("human") { "human" } else { "user" };
        for (key, role) in [(user, "user"), ("assistant", "assistant")] {
            let value = object.get(key).ok_or_else(|| missing(object, path, "role"))?;
            out.push(Message::new(role, scalar(&format!("{path}.{key}"), value)?));
        }
        let thought = ["inner_thought", "reasoning_content", "reasoning", "thinking"].into_iter();
        let thought = thought.filter_map(|key| Some((key, object.get(key).filter(|v| first(v) == b'"')?))).next();
        if let (Some((key, value)), Some(answer)) = (thought, out.last_mut()) {
            answer.reasoning = Some(scalar(&format!("{path}.{key}"), value)?).filter(|t| !t.trim().is_empty());
        }
        self.rest(path, object, &[user, "assistant", thought.map_or("", |t| t.0)]);
        Ok(())
    }

    /// Keeps what a turn has beside what is modelled.
    fn rest(&mut self, path: &str, object: &Object<'_>, known: &[&str]) {
        if object.fields().any(|(key, value)| !known.contains(&key) && !is_null(value))
            && let Some(fields) = object.rest(known)
        {
            self.keep(path, &fields);
        }
    }

    /// What one side says: text, a message or a list of messages.
    ///
    /// # Errors
    ///
    /// As [`Reading::find`] and [`Reading::said_by`].
    pub fn side(
        &mut self,
        role: &'static str,
        ours: &str,
        names: &[&'static str],
    ) -> Result<Option<Vec<Message<'a>>>, Unreadable> {
        match self.find(ours, names, |_| true)? {
            Some((path, value)) => self.said_by(role, path, value).map(Some),
            None => Ok(None),
        }
    }

    /// What `role` says in a field: text, a message, or messages (also as JSON text).
    ///
    /// # Errors
    ///
    /// As [`Reading::messages`].
    pub fn said_by(
        &mut self,
        role: &'static str,
        path: &str,
        value: &'a RawValue,
    ) -> Result<Vec<Message<'a>>, Unreadable> {
        if matches!(first(value), b'[' | b'{') {
            return self.messages(path, value);
        }
        let text = scalar(path, value)?;
        within(path, &text).unwrap_or_else(|| Ok(vec![Message::new(role, text)]))
    }

    /// A dialogue that starts with the system prompt and the history that stand in fields of their own.
    ///
    /// # Errors
    ///
    /// `field_type` where the history is neither pairs of texts nor messages.
    pub fn opening(&mut self) -> Result<Vec<Message<'a>>, Unreadable> {
        let mut out = Vec::new();
        if let Some(system) = self.option("system", &["system", "system_prompt"])? {
            out.push(Message::new("system", system));
        }
        let Some((path, value)) = self.find("history", &["history"], |v| first(v) == b'[')? else { return Ok(out) };
        for (index, pair) in items(path, value)?.into_iter().enumerate() {
            let path = format!("{path}.{index}");
            if first(pair) == b'{' {
                self.message(&path, pair, &mut out)?;
                continue;
            }
            let pair = items(&path, pair)?;
            let [question, answer] = pair[..] else {
                return Err(field_type(&path, "a question and its answer", &format!("{} items", pair.len())));
            };
            out.push(Message::new("user", scalar(&path, question)?));
            out.push(Message::new("assistant", scalar(&path, answer)?));
        }
        Ok(out)
    }

    /// The tools on offer, as JSON text.
    ///
    /// # Errors
    ///
    /// As [`Reading::find`].
    pub fn tools(&mut self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.find("tools", &["tools", "functions"], |_| true)? {
            Some((path, value)) if first(value) == b'"' => {
                scalar(path, value).map(|t| Some(t).filter(|t| !t.is_empty()))
            }
            Some((_, value)) => Ok(Some(Cow::Borrowed(value.get()))),
            None => Ok(None),
        }
    }

    /// Texts in a list (the choices of a question).
    ///
    /// # Errors
    ///
    /// As [`Reading::find`]; `field_type` where an item is no text.
    pub fn list(&mut self, ours: &str, names: &[&'static str]) -> Result<Option<Vec<Cow<'a, str>>>, Unreadable> {
        let Some((path, value)) = self.find(ours, names, |v| first(v) == b'[')? else { return Ok(None) };
        items(path, value)?.into_iter().map(|v| joined(path, v)).collect::<Result<_, _>>().map(Some)
    }
}

/// Whether a list of turns, also as JSON text, begins with one that `is` what it should be.
pub(super) fn begins(value: &RawValue, is: impl Fn(&Object<'_>) -> bool) -> bool {
    let text = if first(value) == b'"' { scalar("", value).unwrap_or_default() } else { Cow::Borrowed(value.get()) };
    let list = serde_json::from_str::<Vec<&RawValue>>(text.trim()).unwrap_or_default();
    list.first().and_then(|turn| Object::parse(turn.get()).ok()).is_some_and(|turn| is(&turn))
}

/// The messages in a text that is JSON (or what Python prints of it): a list of which every item has a role that we know.
fn within(path: &str, text: &str) -> Option<Result<Vec<Message<'static>>, Unreadable>> {
    let list = text.trim().strip_prefix('[').is_some_and(|t| t.trim_start().starts_with('{'));
    if !list {
        return None;
    }
    let parse = |json: &str| serde_json::from_str::<Vec<serde_json::Map<String, serde_json::Value>>>(json).ok();
    let items = parse(text).or_else(|| parse(&super::python::json(text.trim())?))?;
    let mut out = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let text = |names: &[&str]| names.iter().find_map(|key| item.get(*key)?.as_str().map(str::to_owned));
        let role = role(&text(&["role", "from"])?)?;
        let made = ["tool_calls", "function_call"].iter().find_map(|key| item.get(*key)).filter(|v| !v.is_null());
        let made = made.map(|made| self::calls(&made.as_str().map_or(made.to_string(), str::to_owned)));
        let Some(mut said) = text(&["content", "value", "text"]).or(made.as_ref().map(|_| String::new())) else {
            return Some(Err(field_type(&format!("{path}.{index}.content"), "text", "something else")));
        };
        let made = match made {
            None if role == "call" => self::calls(&std::mem::take(&mut said)),
            made => made.unwrap_or_default(),
        };
        out.push(Message {
            reasoning: text(THOUGHTS).filter(|t| !t.trim().is_empty()).map(Cow::Owned),
            name: text(&["name"]).filter(|n| !n.is_empty()).map(Cow::Owned),
            tool_calls: calls::write(&made).map(Cow::Owned),
            tool_call_id: text(&["tool_call_id"]).filter(|id| !id.is_empty()).map(Cow::Owned),
            ..Message::new(if role == "call" { "assistant" } else { role }, said)
        });
    }
    Some(Ok(out))
}

/// Thoughts in one text; `None` where nothing was thought.
fn thoughts(mut all: Vec<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    all.retain(|thought| !thought.trim().is_empty());
    if all.len() > 1 { Some(Cow::Owned(all.join("\n\n"))) } else { all.pop() }
}

/// A dialogue without turns is an error.
pub(super) fn not_empty<'a>(path: &str, messages: Vec<Message<'a>>) -> Result<Vec<Message<'a>>, Unreadable> {
    if messages.is_empty() { Err(mismatch(format!("field `{path}` has no turns"))) } else { Ok(messages) }
}

fn missing(object: &Object<'_>, path: &str, key: &str) -> Unreadable {
    let mut error = object.missing(key);
    error.detail = format!("{path}: {}", error.detail);
    error
}
