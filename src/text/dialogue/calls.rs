//! Calls of tools: what is called, and whether a program could read it.

use std::collections::BTreeSet;

use serde_json::Value;

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// What is called; empty where nothing says so.
    pub name: String,
    /// Its id; empty where it has none.
    pub id: String,
    /// Whether its arguments are there, and no JSON.
    pub bad: bool,
}

/// The calls of a message, from the JSON text of a list in OpenAI's form; what is no such list is one bad call.
pub fn calls(text: &str) -> Vec<Call> {
    let broken = || vec![Call { bad: true, ..Call::default() }];
    match serde_json::from_str(text) {
        Ok(Value::Array(list)) => list.iter().map(call).collect(),
        Ok(Value::Null) => Vec::new(),
        Ok(one @ Value::Object(_)) => vec![call(&one)],
        _ => broken(),
    }
}

fn call(value: &Value) -> Call {
    let inner = value.get("function").filter(|f| f.is_object()).unwrap_or(value);
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let bad = match inner.get("arguments") {
        Some(Value::String(text)) => serde_json::from_str::<serde::de::IgnoredAny>(text).is_err(),
        // A call of a name alone has no arguments; one of no name is no call.
        None | Some(Value::Null) => inner.get("name").is_none(),
        Some(_) => false,
    };
    Call { name: text(inner, "name"), id: text(value, "id"), bad }
}

/// The names of the tools on offer; `None` where the text names none.
pub fn declared(tools: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    collect(&serde_json::from_str(tools).ok()?, &mut names, 0);
    (!names.is_empty()).then_some(names)
}

/// The names in a list of tools, in one tool, or in texts that are such.
fn collect(value: &Value, names: &mut BTreeSet<String>, depth: usize) {
    if depth > 4 {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|one| collect(one, names, depth + 1)),
        Value::Object(tool) => {
            let inner = ["function", "tools", "functions"].iter().filter_map(|key| tool.get(*key));
            let before = names.len();
            inner.filter(|v| !v.is_string()).for_each(|v| collect(v, names, depth + 1));
            let name = ["name", "tool_name", "api_name"].iter().find_map(|key| tool.get(*key)?.as_str());
            match name {
                Some(name) => {
                    names.insert(name.to_owned());
                }
                // Tools by their names.
                None if names.len() == before => names.extend(
                    tool.iter().filter(|(key, v)| v.is_object() && key.as_str() != "function").map(|(k, _)| k.clone()),
                ),
                None => {}
            }
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Array(_) | Value::Object(_))) => collect(&inner, names, depth + 1),
            _ if depth > 0 => {
                names.insert(text.clone());
            }
            _ => {}
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_whatever_they_are() {
        let good = r#"[{"id":"a","type":"function","function":{"name":"查天气","arguments":"{\"城市\":\"北京\"}"}}]"#;
        assert_eq!(calls(good), [Call { name: "查天气".into(), id: "a".into(), bad: false }]);
        for (text, bad) in [
            (r#"[{"function":{"name":"f","arguments":"{\"a\": 1,}"}}]"#, true),
            (r#"[{"function":{"name":"f","arguments":""}}]"#, true),
            (r#"[{"function":{"name":"f","arguments":"city=Paris"}}]"#, true),
            (r#"[{"function":{"arguments":"{}"}}]"#, false),
            (r#"[{"function":{"name":"f"}}]"#, false),
            (r#"[{"function":{"name":"f","arguments":{"a":1}}}]"#, false),
            (r#"{"name":"f","arguments":"[1]"}"#, false),
            ("[{}]", true),
            ("not JSON", true),
        ] {
            assert_eq!(calls(text)[0].bad, bad, "{text}");
        }
        assert!(calls("[]").is_empty() && calls("null").is_empty());
    }

    #[test]
    fn names_of_tools_are_found_in_every_form() {
        for text in [
            r#"[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#,
            r#"[{"name":"f","parameters":{"properties":{"name":{"type":"string"}}}}]"#,
            r#"{"name":"f"}"#,
            r#"{"f":{"description":"d"}}"#,
            r#"{"tools":[{"name":"f"}]}"#,
            r#"["f"]"#,
            r#""[{\"name\":\"f\"}]""#,
            r#"["{\"name\":\"f\"}"]"#,
        ] {
            assert_eq!(Vec::from_iter(declared(text).unwrap()), ["f"], "{text}");
        }
        assert!(["[]", "", "null", "3", "none"].iter().all(|text| declared(text).is_none()));
    }
}
