//! A dialogue as a template takes it, and what the template writes of it.

use std::borrow::Cow;

use super::Chat;
use crate::models::template::{Rendered, Value, ValueKind, WORDS};
use crate::output::export::Aside;
use crate::output::export::messages::{self, Arguments};
use crate::rows::Message;

/// Characters that mark parts of a text: no text has them, and a row that does is set aside.
pub(super) const MARKS: [char; 5] = ['\u{fdd0}', '\u{fdd1}', '\u{fdd2}', '\u{fdd3}', STAND_IN];
/// What stands in for an answer.
pub(super) const STAND_IN: char = '\u{fdd4}';

/// A dialogue as a template takes it.
pub(super) struct Dialogue<'c> {
    pub(super) chat: &'c Chat,
    /// The messages as they are.
    pub(super) messages: Vec<Value>,
    pub(super) tools: Value,
    /// The same with marks around strings that read like special tokens, where there are any.
    marked: Option<(Vec<Value>, Value)>,
}

/// What a template does not take.
fn refused(why: String) -> Aside {
    Aside::new("export_template", why)
}

impl<'c> Dialogue<'c> {
    /// Hands a dialogue over with the arguments of its calls as objects, as most templates take them, and where that is
    /// refused, as JSON text, as others do (DeepSeek-V3).
    pub(super) fn any<T>(
        chat: &'c Chat,
        messages: &[Message<'_>],
        tools: Option<&str>,
        act: impl Fn(&Dialogue<'c>) -> Result<T, Aside>,
    ) -> Result<T, Aside> {
        let calls = messages.iter().any(|m| m.tool_calls.is_some());
        match act(&Dialogue::new(chat, messages, tools, Arguments::Objects)?) {
            Err(first) if calls && first.reason == "export_template" => {
                act(&Dialogue::new(chat, messages, tools, Arguments::Text)?).map_err(|_| first)
            }
            done => done,
        }
    }

    fn new(chat: &'c Chat, turns: &[Message<'_>], tools: Option<&str>, form: Arguments) -> Result<Self, Aside> {
        let mut json = Vec::new();
        messages::list(turns, form, &mut json);
        let read = |json: &str| serde_json::from_str::<Value>(json).map_err(|e| refused(e.to_string()));
        let list: Vec<Value> = serde_json::from_slice::<Vec<Value>>(&json)
            .map_err(|e| refused(e.to_string()))?
            .iter()
            .map(aliased)
            .collect();
        let tools = match tools.map(|text| messages::tool_text(Some(text))).filter(|text| text != "[]") {
            Some(text) => read(&text)?,
            None => Value::from(()),
        };
        let mut found = false;
        let marked: Result<Vec<Value>, Aside> = list.iter().map(|m| chat.marked(m, &mut found)).collect();
        let marked = (marked?, chat.marked(&tools, &mut found)?);
        Ok(Dialogue { chat, messages: list, tools, marked: found.then_some(marked) })
    }

    /// What the template writes of the first turns, and with `prompt` of the beginning of an answer behind them.
    ///
    /// # Errors
    ///
    /// `export_template` where it refuses; `export_special_token` where a string that reads like a special token makes it
    /// write something else once it is marked.
    pub(super) fn render(&self, turns: usize, prompt: bool) -> Result<Rendered, Aside> {
        let plain = self.plain(&self.messages[..turns], prompt)?;
        let Some((messages, tools)) = &self.marked else { return Ok(plain) };
        let marked = self.chat.template.render(&messages[..turns], tools, prompt).map_err(refused)?;
        if marked.text == plain.text {
            return Ok(marked);
        }
        let what = "a string that reads like a special token decides what the template writes";
        Err(Aside::new("export_special_token", what))
    }

    /// What the template writes of these messages, as they are.
    pub(super) fn plain(&self, messages: &[Value], prompt: bool) -> Result<Rendered, Aside> {
        self.chat.template.render(messages, &self.tools, prompt).map_err(refused)
    }
}

impl Chat {
    /// A value with marks around all strings in it that read like special tokens, keys and roles apart; `found` where there
    /// is one.
    fn marked(&self, value: &Value, found: &mut bool) -> Result<Value, Aside> {
        match value.kind() {
            ValueKind::String => match self.words(value.as_str().unwrap_or_default())? {
                Cow::Owned(text) => {
                    *found = true;
                    Ok(Value::from(text))
                }
                Cow::Borrowed(_) => Ok(value.clone()),
            },
            ValueKind::Seq => {
                let items: Result<Vec<Value>, Aside> =
                    value.try_iter().into_iter().flatten().map(|item| self.marked(&item, found)).collect();
                items.map(Value::from)
            }
            ValueKind::Map => {
                let mut pairs = Vec::new();
                for key in value.try_iter().into_iter().flatten() {
                    let item = value.get_item(&key).unwrap_or_default();
                    let item = if key.as_str() == Some("role") { item } else { self.marked(&item, found)? };
                    pairs.push((key, item));
                }
                Ok(Value::from_pairs(pairs))
            }
            _ => Ok(value.clone()),
        }
    }

    /// A text with marks around strings that read like special tokens.
    fn words<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Aside> {
        let (mut out, mut from) = (String::new(), 0);
        for found in self.reserved.find_iter(text) {
            if found.pattern().as_usize() >= self.special {
                let code = text[found.range()].chars().next().map_or(0, u32::from);
                let what = format!("a text holds U+{code:04X}, which is no character and marks parts of a text here");
                return Err(Aside::new("export_special_token", what));
            }
            let [open, close] = WORDS;
            out.push_str(&text[from..found.start()]);
            out.push(open);
            out.push_str(&text[found.range()]);
            out.push(close);
            from = found.end();
        }
        if from == 0 {
            return Ok(Cow::Borrowed(text));
        }
        out.push_str(&text[from..]);
        Ok(Cow::Owned(out))
    }
}

/// A message with what was thought under each name that templates read: `transformers` does so too.
fn aliased(message: &Value) -> Value {
    let thought = message.get_attr("reasoning_content").unwrap_or_default();
    if thought.is_undefined() {
        return message.clone();
    }
    let own = message.try_iter().into_iter().flatten();
    let own = own.map(|key| (key.clone(), message.get_item(&key).unwrap_or_default()));
    Value::from_pairs([(Value::from("thinking"), thought)].into_iter().chain(own))
}
