//! The texts of a row by the names of our fields, and the objects of a sample as shapes map them.

use std::borrow::Cow;

use crate::formats::{Object, Shape};
use crate::rows::{Content, Message, Row};

/// Whether a field is content rather than what every row may carry.
pub(super) fn is_content(ours: &str) -> bool {
    !["id", "url", "subset", "language", "license"].contains(&ours)
}

/// Whether an instruction or task has no answer.
pub(super) fn unanswered(row: &Row<'_>) -> bool {
    match &row.content {
        Content::Instruct { messages, .. } => messages.last().is_some_and(|m| m.role == "user"),
        Content::Task(task) => task.output.is_none() && task.text.is_none(),
        _ => false,
    }
}

/// The texts of a row by the names of our fields.
pub(super) fn columns(row: &Row<'_>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, text: Option<&Cow<'_, str>>| {
        out.extend(text.map(|t| (name.to_owned(), t.as_ref().to_owned())));
    };
    add("id", row.id.as_ref());
    add("url", row.url.as_ref());
    add("subset", row.subset.as_ref());
    add("language", row.language.as_ref());
    add("license", row.license.as_ref());
    match &row.content {
        Content::Pretrain { text } => add("text", Some(text)),
        Content::Task(task) => {
            add("task", task.task.as_ref());
            add("domain", task.domain.as_ref());
            add("input", task.input.as_ref());
            add("output", task.output.as_ref());
            task.choices.iter().flatten().for_each(|c| add("choices", Some(c)));
            add("input_language", task.input_language.as_ref());
            add("output_language", task.output_language.as_ref());
            add("text", task.text.as_ref());
        }
        Content::Instruct { messages, tools } => {
            said("", messages, &mut add);
            add("tools", tools.as_ref());
            if let Some(truth) = &row.truth {
                add("answer", truth.answer.as_ref());
                add("answer_kind", truth.answer_kind.as_ref());
                add("data_source", truth.data_source.as_ref());
            }
        }
        Content::Rlhf(p) => {
            said("prompt", &p.prompt, &mut add);
            said("chosen", p.chosen.as_deref().unwrap_or_default(), &mut add);
            said("rejected", p.rejected.as_deref().unwrap_or_default(), &mut add);
            said("completion", p.completion.as_deref().unwrap_or_default(), &mut add);
            let number = |n: Option<f64>| n.map(|n| Cow::Owned(n.to_string()));
            add("chosen_score", number(p.chosen_score).as_ref());
            add("rejected_score", number(p.rejected_score).as_ref());
            add("margin", number(p.margin).as_ref());
            add("label", p.label.map(|l| Cow::Owned(l.to_string())).as_ref());
        }
    }
    out
}

fn said(of: &str, messages: &[Message<'_>], add: &mut impl FnMut(&str, Option<&Cow<'_, str>>)) {
    for message in messages {
        let name = match (of, message.role.as_ref()) {
            ("", "user") => "prompt",
            ("", "assistant") => "response",
            ("", "system") => "system",
            ("", _) => "messages",
            (of, _) => of,
        };
        add(name, Some(&message.content));
        add("reasoning", message.reasoning.as_ref());
        add(name, message.tool_call_id.as_ref());
        add(name, message.tool_calls.as_ref());
    }
}

/// The objects of a sample that a shape maps. Those that make rows only together are put together as the reader does.
pub(super) fn objects<'s>(sample: &'s [String], shape: &dyn Shape) -> Vec<Cow<'s, str>> {
    let mut all: Vec<Cow<'s, str>> = Vec::new();
    let mut open: Option<(String, Vec<&str>)> = None;
    let close = |open: Option<(String, Vec<&str>)>, all: &mut Vec<Cow<'s, str>>| {
        let of = |(key, rows): (String, Vec<&str>)| {
            let key = serde_json::to_string(&key).unwrap_or_default();
            Cow::Owned(format!("{{\"group\":{key},\"rows\":[{}]}}", rows.join(",")))
        };
        all.extend(open.map(of));
    };
    for json in sample.iter().map(|json| json.trim()) {
        let key = Object::parse(json).ok().filter(|_| shape.joins()).and_then(|object| shape.joined(&object));
        match (key, &mut open) {
            (Some(key), Some(group)) if group.0 == key => group.1.push(json),
            (key, _) => {
                close(open.take(), &mut all);
                match key {
                    Some(key) => open = Some((key, vec![json])),
                    None => all.push(Cow::Borrowed(json)),
                }
            }
        }
    }
    close(open, &mut all);
    all
}

/// Fields of `meta` that stand in the object under the same name: on top, or kept under a name of ours (`rejected`, the
/// place of a message).
pub(super) fn kept<'m>(
    meta: &'m serde_json::Map<String, serde_json::Value>,
    has: &dyn Fn(&str) -> bool,
    out: &mut Vec<(&'m str, &'m serde_json::Value)>,
) {
    for (name, value) in meta {
        match value {
            _ if has(name) => out.push((name, value)),
            serde_json::Value::Object(inner) => kept(inner, has, out),
            _ => {}
        }
    }
}
