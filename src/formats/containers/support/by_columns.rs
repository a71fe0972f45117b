//! An object that is a table, column by column: what `to_dict` of `datasets` and `to_json` of pandas (`orient` "columns",
//! its default, "index" and "split") write. Taken for a row, its texts would become one, and its answers the first of them.

use serde_json::Value;

use crate::formats::Object;

/// Fields of one row that hold a list each, as long as one another: turns that begin with the same ones.
const TURNS: [&str; 9] =
    ["chosen", "rejected", "conversation", "conversations", "dialog", "dialogue", "history", "messages", "turns"];

/// What makes an object a table by columns; `None` where it may be a row.
pub fn told(object: &Object<'_>) -> Option<String> {
    let fields: Vec<(&str, &str)> = object.fields().map(|(name, value)| (name, value.get().trim_start())).collect();
    // Of nearly all rows the first field is a text, or a list of messages.
    if !fields.first().is_some_and(|(_, value)| value.starts_with(['[', '{'])) {
        return None;
    }
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    if names.contains(&"columns")
        && names.contains(&"data")
        && names.iter().all(|n| ["columns", "index", "data"].contains(n))
    {
        return Some("it has `columns` and `data`: a table, not one row".into());
    }
    if fields.len() > 1 && are_numbers(names.iter().copied()) && fields.iter().all(|(_, value)| value.starts_with('{'))
    {
        return Some(format!("its fields are the numbers of {} rows: a table, not one row", fields.len()));
    }
    let counts: Vec<usize> = fields.iter().map(|(_, value)| values(value)).collect::<Option<_>>()?;
    let count = counts.first().copied().filter(|count| *count > 1 && counts.iter().all(|other| other == count))?;
    let lists = fields.iter().all(|(_, value)| value.starts_with('['));
    // Chinese-Vicuna has the turns of a chat in two lists.
    let is_chat = names.iter().any(|name| TURNS.contains(name)) || names == ["input", "output"];
    if lists && (fields.len() < 2 || is_chat) {
        return None;
    }
    Some(format!("each of its fields holds {count} values: a table by columns, not one row"))
}

/// Whether these are 0, 1, 2 and so on.
fn are_numbers<'n>(mut names: impl Iterator<Item = &'n str>) -> bool {
    (0usize..).zip(names.by_ref()).all(|(number, name)| name.parse() == Ok(number))
}

/// How many values a column has: a list of plain ones, or an object of any by their numbers.
fn values(json: &str) -> Option<usize> {
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    let first = json.get(1..)?.trim_start();
    match json.as_bytes().first()? {
        b'[' if !first.starts_with(['[', '{', ']']) => {
            let values: Vec<Value> = serde_json::from_str(json).ok()?;
            values.iter().all(plain).then_some(values.len())
        }
        b'{' if first.starts_with("\"0\"") => {
            let values: serde_json::Map<String, Value> = serde_json::from_str(json).ok()?;
            let mut numbers: Vec<usize> = values.keys().map(|key| key.parse().ok()).collect::<Option<_>>()?;
            numbers.sort_unstable();
            numbers.iter().copied().eq(0..numbers.len()).then_some(numbers.len())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_by_columns_are_no_rows() {
        let is = |json: &str| told(&Object::parse(json).unwrap()).is_some();
        for table in [
            r#"{"text":["一","二"],"id":[1,2]}"#,
            r#"{ "instruction": ["a","b"], "input": ["",""], "output": ["c", null] }"#,
            r#"{"text":{"0":"a","1":"b"},"id":{"0":1,"1":2}}"#,
            r#"{"text":{"0":"a","1":"b"}}"#,
            r#"{"0":{"text":"a"},"1":{"text":"b"}}"#,
            r#"{"columns":["text"],"index":[0,1],"data":[["a"],["b"]]}"#,
        ] {
            assert!(is(table), "{table}");
        }
        for row in [
            r#"{"text":"a","id":[1,2]}"#,
            r#"{"text":["一","二"]}"#,
            r#"{"text":["一","二"],"id":[1]}"#,
            r#"{"text":["一"],"id":[1]}"#,
            r#"{"chosen":["q","a"],"rejected":["q","b"]}"#,
            r#"{"messages":[{"role":"user","content":"a"}],"tools":[{"name":"b"}]}"#,
            r#"{"input":["a","b"],"output":["c","d"]}"#,
            r#"{"questions":[["a"],["b"]],"answers":[["c"],["d"]]}"#,
            r#"{"translation":{"en":"a","zh":"b"}}"#,
            r#"{"0":"a","1":"b"}"#,
            r#"{"meta":{"0":1,"2":2}}"#,
            "{}",
        ] {
            assert!(!is(row), "{row}");
        }
    }
}
