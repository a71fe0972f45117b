//! Calls of tools: `[{"id": …, "type": "function", "function": {"name": …, "arguments": "{…}"}}]`, the form of OpenAI.
//!
//! The arguments are JSON text there, and here: they differ in type from call to call, and a column of Parquet has one
//! type. While rows are read and cleaned, all calls of a message are one JSON text; a build writes them as objects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ListArray, ListBuilder, StringArray, StringBuilder, StructBuilder};
use arrow::datatypes::{DataType, Field, Fields};
use serde_json::value::RawValue;

/// What is known of one call.
#[derive(Clone, Debug, Default)]
pub struct Call<'a> {
    /// Its id, by which the answer of a tool names it.
    pub id: Option<Cow<'a, str>>,
    /// What kind of call it is: `function` where nothing is said.
    pub kind: Option<Cow<'a, str>>,
    /// What is called.
    pub name: Option<Cow<'a, str>>,
    /// With which arguments, as JSON text.
    pub arguments: Option<Cow<'a, str>>,
    /// Whatever else the source says of it.
    pub more: Parts,
}

/// The fields of an object as they stand.
type Parts = BTreeMap<String, Box<RawValue>>;

impl Call<'_> {
    /// A call from a JSON value: the forms of OpenAI, of `{name, arguments}`, of `{type: "tool_use", name, input}`, and
    /// a text (`{…}` as text, `name(arguments)`, or anything).
    pub fn read(value: &str) -> Call<'static> {
        if let Ok(parts) = serde_json::from_str(value) {
            return Call::of(parts);
        }
        match serde_json::from_str::<String>(value) {
            Ok(text) => {
                let mut calls = Call::texts(&text);
                match calls.len() {
                    1 => calls.remove(0),
                    _ => Call { arguments: Some(Cow::Owned(text)), ..Call::default() },
                }
            }
            Err(_) => Call { arguments: Some(Cow::Owned(value.to_owned())), ..Call::default() },
        }
    }

    /// The calls that a text holds: an object, `name(arguments)` once or several times, or what is none of them and
    /// stands as the arguments of a call without a name.
    pub fn texts(text: &str) -> Vec<Call<'static>> {
        if let Ok(parts) = serde_json::from_str(text) {
            return vec![Call::of(parts)];
        }
        let made = |name: Option<&str>, arguments: &str| Call {
            name: name.map(|name| Cow::Owned(name.to_owned())),
            arguments: Some(Cow::Owned(arguments.to_owned())),
            ..Call::default()
        };
        match spoken(text) {
            Some(calls) => calls.into_iter().map(|(name, arguments)| made(Some(name), arguments)).collect(),
            None => vec![made(None, text)],
        }
    }

    fn of(mut parts: Parts) -> Call<'static> {
        let mut call = Call { id: text(parts.remove("id")), ..Call::default() };
        // A tool's name and arguments stand in an object of their own, or beside the id.
        let inner = parts.get("function").and_then(|f| serde_json::from_str::<Parts>(f.get()).ok());
        if let Some(mut inner) = inner {
            call.name = text(inner.remove("name"));
            call.arguments = arguments(&mut inner);
            if inner.values().all(|value| value.get() == "null") {
                parts.remove("function");
            }
        } else {
            let name = ["name", "function", "tool_name", "api_name"].iter();
            let name = name.copied().find(|key| parts.get(*key).is_some_and(|v| v.get().starts_with('"')));
            call.name = name.and_then(|key| text(parts.remove(key)));
            call.arguments = arguments(&mut parts);
        }
        let kind = text(parts.remove("type"));
        call.kind = kind.filter(|kind| !["function", "tool_use", "tool_call"].contains(&kind.as_ref()));
        parts.retain(|_, value| value.get() != "null");
        call.more = parts;
        call
    }

    /// The call in the form of OpenAI, without what that form does not have.
    fn write(&self, out: &mut String) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        out.push('{');
        if let Some(id) = &self.id {
            out.push_str(&format!("\"id\":{},", quoted(id)));
        }
        let kind = self.kind.as_deref().unwrap_or("function");
        out.push_str(&format!("\"type\":{},\"function\":{{", quoted(kind)));
        let parts = [("name", &self.name), ("arguments", &self.arguments)];
        let parts = parts.iter().filter_map(|(key, value)| Some(format!("\"{key}\":{}", quoted(value.as_deref()?))));
        out.push_str(&parts.collect::<Vec<_>>().join(","));
        out.push_str("}}");
    }
}

/// `name(arguments)`, several of them with commas or line breaks between; `None` for any other text.
fn spoken(text: &str) -> Option<Vec<(&str, &str)>> {
    let (mut out, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('(')?;
        let word = |c: char| c.is_alphanumeric() || "_.-".contains(c);
        if name.is_empty() || !name.chars().all(word) {
            return None;
        }
        let (mut depth, mut quote, mut escaped) = (1, None, false);
        let end = after.char_indices().find(|(_, c)| {
            match (quote, c) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), c) if open == *c => quote = None,
                (None, '"' | '\'') => quote = Some(*c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        out.push((name, &after[..end.0]));
        rest = after[end.0 + 1..].trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == ';');
    }
    (!out.is_empty()).then_some(out)
}

/// What arguments are called.
const ARGUMENTS: [&str; 5] = ["arguments", "parameters", "input", "args", "kwargs"];

fn text(value: Option<Box<RawValue>>) -> Option<Cow<'static, str>> {
    let value = value?;
    match value.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(value.get()).ok().filter(|t| !t.is_empty()).map(Cow::Owned),
        Some(b'-' | b'0'..=b'9') => Some(Cow::Owned(value.get().to_owned())),
        _ => None,
    }
}

/// Arguments as text: JSON that is text already stays as it is.
fn arguments(parts: &mut Parts) -> Option<Cow<'static, str>> {
    let value = ARGUMENTS.iter().find_map(|key| parts.remove(*key)).filter(|value| value.get() != "null")?;
    Some(Cow::Owned(serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())))
}

/// Calls as one JSON text; `None` where there are none.
pub fn write(calls: &[Call<'_>]) -> Option<String> {
    if calls.is_empty() {
        return None;
    }
    let mut out = String::from("[");
    for (index, call) in calls.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        call.write(&mut out);
    }
    out.push(']');
    Some(out)
}

/// Whether any call in a text of [`write()`] has an id.
pub fn has_id(text: &str) -> bool {
    // Inside a string the quotes would be escaped.
    text.contains("{\"id\":\"")
}

/// The type of calls as they are written, with ids or without.
pub fn list_type(ids: bool) -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(fields(ids)), true)))
}

fn fields(ids: bool) -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let function = DataType::Struct(Fields::from(vec![text("name"), text("arguments")]));
    let all = [text("id"), text("type"), Field::new("function", function, true)];
    all.into_iter().skip(usize::from(!ids)).collect()
}

/// Calls as objects, from the texts of [`write()`]; no calls are an empty list, whose length a converter may ask for.
pub fn list(texts: &StringArray, ids: bool) -> ListArray {
    let mut out = ListBuilder::new(StructBuilder::from_fields(fields(ids), 0));
    for text in texts {
        let items = text.and_then(|text| serde_json::from_str::<Vec<&RawValue>>(text).ok());
        for item in items.unwrap_or_default() {
            let call = Call::read(item.get());
            let item = out.values();
            let first = usize::from(ids);
            if ids && let Some(id) = item.field_builder::<StringBuilder>(0) {
                id.append_option(call.id.as_deref());
            }
            if let Some(kind) = item.field_builder::<StringBuilder>(first) {
                kind.append_value(call.kind.as_deref().unwrap_or("function"));
            }
            if let Some(function) = item.field_builder::<StructBuilder>(first + 1) {
                for (at, part) in [&call.name, &call.arguments].into_iter().enumerate() {
                    if let Some(builder) = function.field_builder::<StringBuilder>(at) {
                        builder.append_option(part.as_deref());
                    }
                }
                function.append(true);
            }
            item.append(true);
        }
        out.append(true);
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;

    fn read(json: &str) -> (String, String) {
        let items: Vec<&RawValue> = serde_json::from_str(json).unwrap();
        let calls: Vec<Call<'_>> = items.into_iter().map(|item| Call::read(item.get())).collect();
        let more: Vec<_> = calls.iter().map(|c| &c.more).collect();
        (write(&calls).unwrap(), serde_json::to_string(&more).unwrap())
    }

    #[test]
    fn every_form_becomes_one() {
        let clock = r#"[{"type":"function","function":{"name":"clock","arguments":"{\"zone\":8}"}}]"#;
        for form in [
            clock,
            r#"[{"id":null,"type":"function","function":{"name":"clock","arguments":"{\"zone\":8}"}}]"#,
            r#"[{"function":{"name":"clock","arguments":{"zone":8}}}]"#,
            r#"[{"name":"clock","parameters":{"zone":8}}]"#,
            r#"[{"type":"tool_use","name":"clock","input":{"zone":8}}]"#,
            r#"["{\"name\": \"clock\", \"arguments\": {\"zone\":8}}"]"#,
        ] {
            assert_eq!(read(form), (clock.to_owned(), "[{}]".to_owned()), "{form}");
        }
        let (text, more) = read(r#"["look(\"sea\")", "no call", {"id":"7","name":"f","index":0}]"#);
        let expected = r#"[{"type":"function","function":{"name":"look","arguments":"\"sea\""}},{"type":"function","function":{"arguments":"no call"}},{"id":"7","type":"function","function":{"name":"f"}}]"#;
        assert_eq!((text.as_str(), more.as_str()), (expected, r#"[{},{},{"index":0}]"#));
        assert!(has_id(&text) && !has_id(clock));
        let made = Call::texts("look(\"a (b), c\"), add(1, f(2))");
        let made: Vec<_> = made.iter().map(|c| (c.name.as_deref().unwrap(), c.arguments.as_deref().unwrap())).collect();
        assert_eq!(made, [("look", "\"a (b), c\""), ("add", "1, f(2)")]);
    }

    #[test]
    fn calls_are_handed_over_as_objects() {
        let texts = StringArray::from(vec![
            Some(r#"[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]"#),
            None,
        ]);
        let with = list(&texts, true);
        assert_eq!(with.data_type(), &list_type(true));
        assert_eq!((with.null_count(), with.value_length(1)), (0, 0));
        let call = with.value(0);
        let function = call.as_struct().column_by_name("function").unwrap().as_struct();
        assert_eq!(function.column(0).as_string::<i32>().value(0), "f");
        assert_eq!(call.as_struct().column(0).as_string::<i32>().value(0), "a");
        assert_eq!(list(&texts, false).data_type(), &list_type(false));
    }
}
