//! Fields that hold messages: a list of turns, one turn, or JSON text of such a list; and what stands around a dialogue
//! in fields of its own.

use std::borrow::Cow;

use super::python_literal;
use super::reading::Reading;
use super::turn::{TurnReader, parts, role, speaker};
use super::values::{first, is_scalar, items, joined, kind, mismatch, scalar};
use crate::formats::Object;
use crate::formats::json::Json;
use crate::formats::object::{field_type, finite, mended};
use crate::rows::{Message, Unreadable};

impl TurnReader {
    /// The messages in a value: a list of turns, one turn alone, or an object that holds such a list.
    fn messages<'a>(&mut self, path: &str, value: Json<'a>) -> Result<Vec<Message<'a>>, Unreadable> {
        let mut out = Vec::new();
        match first(value) {
            b'{' => {
                // LMFlow's sides are objects that hold the messages.
                let inner = Object::parse(value.get()).ok().filter(|o| !o.has("role") && !o.has("from"));
                match inner.as_ref().and_then(|o| Some((o, o.get("messages").filter(|v| first(*v) == b'[')?))) {
                    Some((object, list)) => {
                        let path = format!("{path}.messages");
                        if let Some(system) = object.text("system")?.filter(|s| !s.is_empty()) {
                            out.push(Message::new("system", system));
                        }
                        out.extend(self.messages(&path, list)?);
                    }
                    None => self.turn(path, value, &mut out)?,
                }
            }
            b'[' => {
                for (index, item) in items(path, value)?.into_iter().enumerate() {
                    self.turn(&format!("{path}.{index}"), item, &mut out)?;
                }
            }
            _ => return Err(field_type(path, "a list of messages", kind(value))),
        }
        Ok(out)
    }

    /// The messages in JSON that stood in a text: read by the same rules as those that stand in the row itself.
    fn in_text(&mut self, path: &str, json: &str) -> Result<Vec<Message<'static>>, Unreadable> {
        let list: Json<'_> =
            serde_json::from_str(json).map_err(|e| field_type(path, "a list of messages", &e.to_string()))?;
        Ok(self.messages(path, list)?.into_iter().map(Message::into_owned).collect())
    }
}

impl<'a> Reading<'_, 'a> {
    /// The messages in a field: a list, or one message alone.
    ///
    /// # Errors
    /// `field_type` or `field_missing` for what is no turn, by its path.
    pub fn messages(&mut self, path: &str, value: Json<'a>) -> Result<Vec<Message<'a>>, Unreadable> {
        self.turns.messages(path, value)
    }

    /// The messages in a field, also as JSON text.
    ///
    /// # Errors
    /// As [`messages`](Reading::messages); `field_type` for a text that is no list of objects.
    pub fn listed(&mut self, path: &str, value: Json<'a>) -> Result<Vec<Message<'a>>, Unreadable> {
        if first(value) != b'"' {
            return self.messages(path, value);
        }
        match list_in(&scalar(path, value)?) {
            Some(json) => self.turns.in_text(path, &json),
            None => Err(field_type(path, "a list of messages", "text")),
        }
    }

    /// What one side says: text, a message or a list of messages.
    ///
    /// # Errors
    /// As [`said_by`](Reading::said_by).
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
    /// As [`messages`](Reading::messages).
    pub fn said_by(&mut self, role: &'static str, path: &str, value: Json<'a>) -> Result<Vec<Message<'a>>, Unreadable> {
        // An answer alone in a list.
        let alone = if first(value) == b'[' { items(path, value)? } else { Vec::new() };
        let value = if let [one] = alone[..]
            && first(one) == b'"'
        {
            one
        } else {
            value
        };
        if matches!(first(value), b'[' | b'{') {
            return self.messages(path, value);
        }
        let text = scalar(path, value)?;
        if let Some(json) = list_in(&text).filter(|json| are_turns(json)) {
            return self.turns.in_text(path, &json);
        }
        Ok(vec![Message::new(role, text)])
    }

    /// A dialogue that starts with the system prompt and the history that stand in fields of their own.
    ///
    /// # Errors
    /// `field_type` for a history that is no list of rounds.
    pub fn opening(&mut self) -> Result<Vec<Message<'a>>, Unreadable> {
        let mut out = Vec::new();
        let system = self.find("system", &["system", "system_prompt"], |v| is_scalar(v) || first(v) == b'[')?;
        if let Some((path, value)) = system {
            let system = parts(path, value)?;
            out.extend((!system.is_empty()).then(|| Message::new("system", system)));
        }
        let Some((path, value)) = self.find("history", &["history"], |v| first(v) == b'[')? else { return Ok(out) };
        for (index, pair) in items(path, value)?.into_iter().enumerate() {
            let path = format!("{path}.{index}");
            if first(pair) == b'{' {
                self.turns.turn(&path, pair, &mut out)?;
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
    /// As [`mapped`](Reading::mapped).
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
    /// `field_type` for an item that is no text.
    pub fn list(&mut self, ours: &str, names: &[&'static str]) -> Result<Option<Vec<Cow<'a, str>>>, Unreadable> {
        let Some((path, value)) = self.find(ours, names, |v| first(v) == b'[')? else { return Ok(None) };
        items(path, value)?.into_iter().map(|v| joined(path, v)).collect::<Result<_, _>>().map(Some)
    }
}

/// The JSON of a list of objects that is a text, as the rows of a file are read: what is no number is null, half a
/// surrogate pair is mended, and so is what Python prints of such a list.
fn list_in(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if !text.strip_prefix('[')?.trim_start().starts_with('{') {
        return None;
    }
    let is_list = |json: &str| serde_json::from_str::<Vec<Json<'_>>>(json).is_ok();
    let json = mended(text);
    if is_list(&json) {
        return Some(json);
    }
    match finite(&json) {
        Cow::Owned(json) if is_list(&json) => Some(Cow::Owned(json)),
        _ => python_literal::json(text).map(Cow::Owned),
    }
}

/// Whether every item of a list says who speaks, in a word that is a role: else the list is what is said.
fn are_turns(json: &str) -> bool {
    let known = |item: &Json<'_>| {
        Object::parse(item.get()).is_ok_and(|turn| speaker(&turn).is_some_and(|word| role(&word).is_some()))
    };
    serde_json::from_str::<Vec<Json<'_>>>(json).is_ok_and(|list| list.iter().all(known))
}

/// Whether a list of turns, also as JSON text, begins with one that `is` what it should be.
pub fn begins(value: Json<'_>, is: impl Fn(&Object<'_>) -> bool) -> bool {
    let text = if first(value) == b'"' { scalar("", value).unwrap_or_default() } else { Cow::Borrowed(value.get()) };
    let json = list_in(&text).unwrap_or_default();
    let list = serde_json::from_str::<Vec<Json<'_>>>(&json).unwrap_or_default();
    list.first().and_then(|turn| Object::parse(turn.get()).ok()).is_some_and(|turn| is(&turn))
}

/// A dialogue without turns is an error.
///
/// # Errors
/// `dialogue_mismatch` where there is no turn.
pub fn not_empty<'a>(path: &str, messages: Vec<Message<'a>>) -> Result<Vec<Message<'a>>, Unreadable> {
    if messages.is_empty() { Err(mismatch(format!("field `{path}` has no turns"))) } else { Ok(messages) }
}
