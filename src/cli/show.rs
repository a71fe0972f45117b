//! Rows for people and for machines: Arrow to JSON, and JSON to lines that read well.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value as Json};

use super::table::{line, wrap};
use crate::build::usage::count;

/// The columns of one row, in the order of the file.
pub type Fields = Vec<(String, Json)>;

/// The rows of a batch.
pub fn rows(batch: &RecordBatch) -> Vec<Fields> {
    let schema = batch.schema();
    let of = |row: usize| {
        let columns = schema.fields().iter().zip(batch.columns());
        columns.map(|(field, column)| (field.name().clone(), value(column.as_ref(), row))).collect()
    };
    (0..batch.num_rows()).map(of).collect()
}

/// One value as JSON.
fn value(column: &dyn Array, row: usize) -> Json {
    if column.is_null(row) {
        return Json::Null;
    }
    let list = |items: &dyn Array| Json::Array((0..items.len()).map(|i| value(items, i)).collect());
    match column.data_type() {
        DataType::Null => Json::Null,
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).into(),
        DataType::Utf8View => column.as_string_view().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Float32 => f64::from(column.as_primitive::<Float32Type>().value(row)).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::List(_) => list(column.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) => list(column.as_list::<i64>().value(row).as_ref()),
        DataType::FixedSizeList(..) => list(column.as_fixed_size_list().value(row).as_ref()),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(column.as_struct().columns());
            Json::Object(columns.map(|(field, column)| (field.name().clone(), value(column.as_ref(), row))).collect())
        }
        other => {
            let options = FormatOptions::default();
            let text = ArrayFormatter::try_new(column, &options).map(|f| f.value(row).to_string()).unwrap_or_default();
            let number = if other.is_integer() { serde_json::from_str(&text).ok() } else { None };
            number.unwrap_or(Json::String(text))
        }
    }
}

/// A row as a JSON object.
pub fn object(fields: &Fields) -> Json {
    Json::Object(fields.iter().cloned().collect::<Map<String, Json>>())
}

/// The text of a field, if it has some.
pub fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|f| f.0 == name).and_then(|f| f.1.as_str())
}

/// Columns that go into the line over a row.
const HEAD: [&str; 8] = ["source", "subset", "use", "language", "language_hint", "script", "license", "path"];
/// Columns that the line about a drop is made of.
const DROP: [&str; 7] = ["stage", "reason", "value", "limit", "kept_id", "similarity", "spans"];
/// Columns of the label before each text.
const LABEL: usize = 15;

/// A row for a person: what it is, why it was dropped if it was, then its content, one text under the other. Each text
/// takes at most `lines` lines of `columns` columns.
pub fn row(fields: &Fields, title: &str, columns: usize, lines: usize) -> String {
    let mut head = vec![title.to_owned()];
    head.extend(text(fields, "id").map(|id| if title.is_empty() { line(id) } else { format!("id {}", line(id)) }));
    head.extend(HEAD.iter().filter_map(|name| text(fields, name)).map(line));
    head.extend(text(fields, "text").map(|text| format!("{} characters", count(text.chars().count() as u64))));
    head.retain(|part| !part.is_empty());
    let mut out = format!("{}\n", super::table::cut(&head.join(" · "), columns));
    if let Some(reason) = text(fields, "reason") {
        out += &labelled("dropped", &dropped(fields, reason), columns, 2);
    }
    let mut numbers = Vec::new();
    for (name, value) in fields {
        if name == "id"
            || HEAD.contains(&name.as_str())
            || (DROP.contains(&name.as_str()) && text(fields, "reason").is_some())
        {
            continue;
        }
        match value {
            Json::Null => {}
            Json::String(text) if text.is_empty() => {}
            Json::String(word) if name == "aside" => out += &labelled("set aside", word, columns, 1),
            Json::String(text) if name == "meta" => out += &labelled(name, text, columns, 1),
            Json::String(text) => out += &labelled(name, text, columns, lines),
            Json::Array(items) if items.iter().any(|i| i.get("role").is_some()) => {
                out += &turns(name, items, columns, lines)
            }
            Json::Array(items) => {
                let items: Vec<String> = items.iter().take(200).map(word).collect();
                out += &labelled(name, &items.join(" | "), columns, 2);
            }
            Json::Object(_) => out += &labelled(name, &value.to_string(), columns, lines),
            other => numbers.push(format!("{name} {}", word(other))),
        }
    }
    if !numbers.is_empty() {
        out += &labelled("", &numbers.join(" · "), columns, 2);
    }
    out
}

fn dropped(fields: &Fields, reason: &str) -> String {
    let mut said = match text(fields, "stage") {
        Some(stage) => format!("{reason} (by {stage})"),
        None => reason.to_owned(),
    };
    if let Some(value) = text(fields, "value").filter(|v| !v.is_empty()) {
        said += &format!(", has {value}");
    }
    if let Some(limit) = text(fields, "limit").filter(|l| !l.is_empty()) {
        said += &format!(", limit {limit}");
    }
    if let Some(kept) = text(fields, "kept_id") {
        said += &format!(", kept is {kept}");
    }
    said
}

fn word(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_u64() => count(number.as_u64().unwrap_or_default()),
        other => other.to_string(),
    }
}

/// A dialogue turn by turn; the better and the worse answer are marked `+` and `-`.
fn turns(name: &str, turns: &[Json], columns: usize, lines: usize) -> String {
    let mark = match name {
        "chosen" => "+ ",
        "rejected" => "- ",
        "completion" => "= ",
        _ => "",
    };
    let mut out = String::new();
    for turn in turns.iter().take(50) {
        let of = |key: &str| turn.get(key).and_then(Json::as_str).unwrap_or_default();
        let mut said = of("content").to_owned();
        if !of("tool_calls").is_empty() {
            said += &format!(" [calls {}]", of("tool_calls"));
        }
        out += &labelled(&format!("{mark}{}", of("role")), &said, columns, lines);
    }
    if turns.len() > 50 {
        out += &labelled("", &format!("… and {} turns more", count(turns.len() as u64 - 50)), columns, 1);
    }
    out
}

/// `  label  text`, the text on at most `lines` lines, each under the first.
pub fn labelled(label: &str, text: &str, columns: usize, lines: usize) -> String {
    let label = super::table::cut(&line(label), LABEL);
    let mut out = String::new();
    for (at, part) in wrap(text, columns.saturating_sub(LABEL + 4).max(20), lines).into_iter().enumerate() {
        let label = if at == 0 { label.as_str() } else { "" };
        let gap = " ".repeat(LABEL.saturating_sub(super::table::width(label)));
        out += format!("  {label}{gap}  {part}").trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Content, Message, Record, Row, Rows, Use};

    #[test]
    fn a_dialogue_reads_turn_by_turn() {
        let mut rows_of = Rows::new(Use::Instruct);
        let messages = vec![Message::new("user", "你好，\n世界"), Message::new("assistant", "好".repeat(500))];
        let mut said = Row::new(Content::Instruct { messages, tools: None });
        said.id = Some("a:1".into());
        rows_of.push(0, &Record { offset: 0, line: 0, row: Ok(said) });
        let all = rows(&rows_of.finish());
        let shown = row(&all[0].iter().filter(|f| f.0 != "ord").cloned().collect(), "line 1", 40, 2);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "line 1 · id a:1");
        assert_eq!(lines[1], "  user             你好， 世界");
        assert!(lines[2].starts_with("  assistant        好") && lines[3].ends_with('…'), "{shown}");
        assert!(lines.iter().all(|l| super::super::table::width(l) <= 40), "{shown}");
        assert_eq!(object(&all[0])["messages"][0]["role"], "user");
    }

    #[test]
    fn a_drop_says_why() {
        let fields: Fields =
            [("id", "s:1"), ("stage", "basics"), ("reason", "chars_min"), ("value", "12"), ("limit", "50")]
                .map(|(k, v)| (k.to_owned(), Json::from(v)))
                .to_vec();
        assert_eq!(row(&fields, "", 80, 2), "s:1\n  dropped          chars_min (by basics), has 12, limit 50\n");
    }
}
