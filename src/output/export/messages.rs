//! Messages, calls and tools as layouts write them.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{self, Object};
use crate::rows::Message;

/// The members of an object as they stand.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// How the arguments of a call are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// As JSON text, as OpenAI has them.
    Text,
    /// As an object, as chat templates ask for them; text that is no JSON object stays text.
    Objects,
}

/// Messages in OpenAI's form, one after the other. What a message has not is left out. Calls without an id get `call_1`,
/// `call_2`, … in order, and the turns of tools that follow them the same ids.
pub struct Turns {
    arguments: Arguments,
    made: usize,
    /// Made ids that no tool has answered yet.
    open: VecDeque<String>,
}

impl Turns {
    /// The messages of one dialogue.
    pub fn new(arguments: Arguments) -> Self {
        Turns { arguments, made: 0, open: VecDeque::new() }
    }

    fn next_id(&mut self) -> String {
        self.made += 1;
        let id = format!("call_{}", self.made);
        self.open.push_back(id.clone());
        id
    }

    /// Appends the next message, as an object.
    pub fn turn(&mut self, message: &Message<'_>, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        object.text("role", &message.role);
        object.text("content", &message.content);
        object.maybe("reasoning_content", message.reasoning.as_deref());
        object.maybe("name", message.name.as_deref());
        if let Some(calls) = &message.tool_calls {
            self.calls(calls, object.key("tool_calls"));
        }
        if message.role == "tool" {
            let id = message.tool_call_id.as_deref().map(str::to_owned).or_else(|| self.open.pop_front());
            object.maybe("tool_call_id", id.as_deref());
        }
        object.end();
    }

    fn calls(&mut self, calls: &str, out: &mut Vec<u8>) {
        // Example wrote the text, so it is a list of objects.
        let calls: Vec<Members<'_>> = serde_json::from_str(calls).unwrap_or_default();
        json::list(&calls, out, |call, out| {
            let mut object = Object::new(out);
            match call.get("id") {
                Some(id) => object.key("id").extend_from_slice(id.get().as_bytes()),
                None => object.text("id", &self.next_id()),
            }
            if let Some(kind) = call.get("type") {
                json::compact(kind.get(), object.key("type"));
            }
            if let Some(function) = call.get("function") {
                self.function(function.get(), object.key("function"));
            }
            object.end();
        });
    }

    fn function(&self, function: &str, out: &mut Vec<u8>) {
        match (self.arguments, serde_json::from_str::<Function>(function)) {
            (Arguments::Objects, Ok(function)) if function.arguments.is_empty() || is_object(&function.arguments) => {
                function.write(out);
            }
            _ => json::compact(function, out),
        }
    }
}

/// Appends a list of messages in OpenAI's form.
pub fn list(messages: &[Message<'_>], arguments: Arguments, out: &mut Vec<u8>) {
    let mut turns = Turns::new(arguments);
    json::list(messages, out, |message, out| turns.turn(message, out));
}

/// Appends a list of the same, each message as JSON *text*: what a column of the type `Json` holds.
pub fn texts(messages: &[Message<'_>], arguments: Arguments, out: &mut Vec<u8>) {
    let (mut turns, mut line) = (Turns::new(arguments), Vec::new());
    json::list(messages, out, |message, out| {
        line.clear();
        turns.turn(message, &mut line);
        json::text(&String::from_utf8_lossy(&line), out);
    });
}

/// Appends a list of `{"role","content"}` alone; what the assistant thought stands before what it said ([`thought`]).
pub fn plain(messages: &[Message<'_>], out: &mut Vec<u8>) {
    json::list(messages, out, |message, out| {
        let mut object = Object::new(out);
        object.text("role", &message.role);
        object.text("content", &thought(message, &message.content));
        object.end();
    });
}

/// What a message says, behind what its speaker thought between `<think>` and `</think>`, as the templates of Qwen and
/// DeepSeek write it.
pub fn thought<'t>(message: &Message<'_>, says: &'t str) -> Cow<'t, str> {
    match &message.reasoning {
        Some(thought) => Cow::Owned(format!("<think>\n{thought}\n</think>\n\n{says}")),
        None => Cow::Borrowed(says),
    }
}

/// Tools on offer, each as the JSON text of `{"type":"function","function":{…}}`.
pub fn tools(tools: &str) -> Vec<String> {
    let tools: Vec<&RawValue> = serde_json::from_str(tools).unwrap_or_default();
    let wrapped = |tool: &&RawValue| {
        let members: Members<'_> = serde_json::from_str(tool.get()).unwrap_or_default();
        let mut out = Vec::new();
        if members.contains_key("type") || members.contains_key("function") {
            json::compact(tool.get(), &mut out);
        } else {
            let mut object = Object::new(&mut out);
            object.text("type", "function");
            json::compact(tool.get(), object.key("function"));
            object.end();
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    tools.iter().map(wrapped).collect()
}

/// Appends tools on offer as a list of objects.
pub fn tool_list(text: &str, out: &mut Vec<u8>) {
    json::list(tools(text), out, |tool, out| out.extend_from_slice(tool.as_bytes()));
}

/// Tools on offer as the JSON text of a list of objects; `[]` where there are none.
pub fn tool_text(text: Option<&str>) -> String {
    let mut out = Vec::new();
    tool_list(text.unwrap_or_default(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A call: the name of what is called, and its arguments.
#[derive(Deserialize)]
pub struct Function {
    name: String,
    #[serde(default)]
    arguments: String,
}

impl Function {
    /// Appends `{"name","arguments":{…}}`, the arguments as the object that they are.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        object.text("name", &self.name);
        let arguments = if self.arguments.is_empty() { "{}" } else { &self.arguments };
        json::compact(arguments, object.key("arguments"));
        object.end();
    }

    /// The same as text.
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Members<'_>>(text).is_ok()
}

/// The calls of a turn; `None` where arguments are no JSON object.
pub fn functions(calls: &str) -> Option<Vec<Function>> {
    #[derive(Deserialize)]
    struct Call {
        function: Function,
    }
    let calls: Vec<Call> = serde_json::from_str(calls).ok()?;
    let fit = |call: &Call| call.function.arguments.is_empty() || is_object(&call.function.arguments);
    calls.iter().all(fit).then(|| calls.into_iter().map(|call| call.function).collect())
}
