//! Messages: `{role, content}`, `{from, value}` and `{human, assistant}` alike.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::read::{Reading, first, is_null, items, joined, kind, mismatch, null, scalar};
use crate::formats::Object;
use crate::formats::object::field_type;
use crate::rows::{Message, Unreadable};

/// The names of a message's fields that the schema models.
const KNOWN: &[&str] = &["role", "from", "content", "value", "text", "name", "tool_calls", "function_call"];

/// Our role for a source's word; `call` is a call that an assistant makes.
fn role(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "system" | "developer" => "system",
        "user" | "human" | "prompter" | "用户" | "问" => "user",
        "assistant" | "gpt" | "chatgpt" | "bing" | "bard" | "claude" | "gemini" | "model" | "bot" | "moss" | "小元"
        | "答" => "assistant",
        "tool" | "observation" | "function" | "function_response" | "tool_response" | "ipython" => "tool",
        "function_call" | "tool_call" => "call",
        _ => return None,
    })
}

/// Calls as a JSON array: one call is wrapped, and what is no JSON at all becomes JSON text.
fn calls(text: Cow<'_, str>) -> Cow<'_, str> {
    match serde_json::from_str::<&RawValue>(text.trim()) {
        Ok(_) if text.trim().starts_with('[') => text,
        Ok(_) => Cow::Owned(format!("[{}]", text.trim())),
        Err(_) => Cow::Owned(format!("[{}]", serde_json::to_string(&text).unwrap_or_default())),
    }
}

fn call<'a>(text: Cow<'a, str>) -> Message<'a> {
    Message { tool_calls: Some(calls(text)), ..Message::new("assistant", "") }
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

/// What a message says, the tool calls among its parts, and the reasoning among them as JSON texts.
type Said<'a> = (Cow<'a, str>, Option<Cow<'a, str>>, Vec<&'a str>);

/// Text, or a list of parts: those that are text are joined as they are.
fn said<'a>(path: &str, value: &'a RawValue) -> Result<Said<'a>, Unreadable> {
    if first(value) != b'[' {
        return scalar(path, value).map(|text| (text, None, Vec::new()));
    }
    let (mut text, mut made, mut thoughts) = (String::new(), Vec::new(), Vec::new());
    for (index, part) in items(path, value)?.into_iter().enumerate() {
        let path = format!("{path}.{index}");
        if first(part) != b'{' {
            text.push_str(&scalar(&path, part)?);
            continue;
        }
        let object = Object::parse(part.get()).map_err(|e| field_type(&path, "an object", &e.to_string()))?;
        let word = object.text("type")?.unwrap_or(Cow::Borrowed("text"));
        let found = ["text", "value", "content", "thinking"].iter().find_map(|k| object.get(k));
        match (word.as_ref(), found) {
            ("text" | "input_text" | "output_text", Some(found)) => text.push_str(&scalar(&path, found)?),
            ("reasoning" | "thinking", Some(found)) => thoughts.push(found.get()),
            ("tool_call", Some(found)) if first(found) == b'"' => made.push(scalar(&path, found)?.into_owned()),
            ("tool_call", Some(found)) => made.push(found.get().to_owned()),
            (word, _) => return Err(field_type(&path, "a part that is text", &format!("`{word}`"))),
        }
    }
    let made = Some(made).filter(|m| !m.is_empty()).map(|m| Cow::Owned(format!("[{}]", m.join(","))));
    Ok((Cow::Owned(text), made, thoughts))
}

impl<'a> Reading<'_, 'a> {
    /// The messages in a field: a list, or one message alone.
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

    fn message(&mut self, path: &str, value: &'a RawValue, out: &mut Vec<Message<'a>>) -> Result<(), Unreadable> {
        if first(value) != b'{' {
            return Err(field_type(path, "a message", kind(value)));
        }
        let object = Object::parse(value.get()).map_err(|e| field_type(path, "a message", &e.to_string()))?;
        let at = |key: &str| format!("{path}.{key}");
        let Some((key, word)) = ["role", "from"].iter().find_map(|k| object.get(k).map(|v| (*k, v))) else {
            return self.round(path, &object, out);
        };
        let word = scalar(&at(key), word)?;
        let role = role(&word).ok_or_else(|| {
            field_type(&at(key), "a role (system, user, assistant, tool, human, gpt, …)", &format!("`{word}`"))
        })?;
        let content = ["content", "value", "text"].iter().find_map(|k| object.get(k).map(|v| (*k, v)));
        let raw = |key: &str| object.get(key).filter(|v| !is_null(v));
        let mut made = match (raw("tool_calls"), raw("function_call")) {
            (Some(value), _) | (None, Some(value)) if first(value) == b'"' => Some(calls(scalar(&at("calls"), value)?)),
            (Some(value), _) | (None, Some(value)) => Some(calls(Cow::Borrowed(value.get()))),
            (None, None) => None,
        }
        .filter(|c| c != "[]" && c != "[\"\"]");
        let (text, parts, thoughts) = match content {
            Some((_, value))
                if role == "call" && first(value) != b'"' && !is_null(value) || role == "tool" && data(value) =>
            {
                (Cow::Borrowed(value.get()), None, Vec::new())
            }
            Some((key, value)) if !is_null(value) => said(&at(key), value)?,
            _ if made.is_some() => (Cow::Borrowed(""), None, Vec::new()),
            Some((key, _)) => return Err(null(&at(key))),
            None => return Err(missing(&object, path, "content")),
        };
        made = made.or(parts);
        out.push(match role {
            "call" if made.is_none() => call(text),
            "call" => Message { tool_calls: made, ..Message::new("assistant", text) },
            role => Message { name: object.text("name")?, tool_calls: made, ..Message::new(role, text) },
        });
        self.rest(path, &object, KNOWN);
        if !thoughts.is_empty() {
            self.keep(&at("reasoning"), &format!("[{}]", thoughts.join(",")));
        }
        Ok(())
    }

    /// A round of `{human, assistant}`.
    fn round(&mut self, path: &str, object: &Object<'a>, out: &mut Vec<Message<'a>>) -> Result<(), Unreadable> {
        for (key, role) in [("human", "user"), ("assistant", "assistant")] {
            let value = object.get(key).ok_or_else(|| missing(object, path, "role"))?;
            out.push(Message::new(role, scalar(&format!("{path}.{key}"), value)?));
        }
        self.rest(path, object, &["human", "assistant"]);
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
    pub fn list(&mut self, ours: &str, names: &[&'static str]) -> Result<Option<Vec<Cow<'a, str>>>, Unreadable> {
        let Some((path, value)) = self.find(ours, names, |v| first(v) == b'[')? else { return Ok(None) };
        items(path, value)?.into_iter().map(|v| joined(path, v)).collect::<Result<_, _>>().map(Some)
    }
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
        let made = made.map(|calls| self::calls(Cow::Owned(calls.as_str().map_or(calls.to_string(), str::to_owned))));
        let Some(said) = text(&["content", "value", "text"]).or(made.as_ref().map(|_| String::new())) else {
            return Some(Err(field_type(&format!("{path}.{index}.content"), "text", "something else")));
        };
        out.push(match role {
            "call" => call(Cow::Owned(said)),
            role => Message { name: text(&["name"]).map(Cow::Owned), tool_calls: made, ..Message::new(role, said) },
        });
    }
    Some(Ok(out))
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
