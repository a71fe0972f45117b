//! Rows for people and for machines: Arrow to JSON, and JSON to lines that read well.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value as Json};

use super::columns::{beside, paragraphs};
use super::table::{line, wrap};
use crate::messages::said;
use crate::pipeline::usage::count;
use crate::text::figures::plural;

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

/// Lines of a text that is shown whole.
pub const FULL: usize = 100_000;
/// Columns that go into the line over a row.
const HEAD: [&str; 8] = ["source", "subset", "use", "language", "language_hint", "script", "license", "path"];
/// Columns that the line about a drop is made of.
const DROP: [&str; 7] = ["stage", "reason", "value", "limit", "kept_id", "similarity", "spans"];
/// Columns of the label before each text.
const LABEL: usize = 15;

/// A row for a person: what it is, why it was dropped if it was, then its content: a dialogue turn by turn, the two
/// answers of a preference and the two sides of a translation beside each other. Each text takes at most `lines` lines
/// of `columns` columns.
pub fn row(fields: &Fields, title: &str, columns: usize, lines: usize) -> String {
    let mut head = vec![title.to_owned()];
    head.extend(text(fields, "id").map(|id| if title.is_empty() { line(id) } else { format!("id {}", line(id)) }));
    head.extend(HEAD.iter().filter_map(|name| text(fields, name)).map(line));
    head.extend(text(fields, "text").map(|text| said(&plural(text.chars().count() as u64, "character")).into_owned()));
    head.retain(|part| !part.is_empty());
    let mut out = format!("{}\n", super::table::cut(&head.join(" · "), columns));
    if let Some(reason) = text(fields, "reason") {
        out += &labelled(&said("dropped"), &dropped(fields, reason), columns, 2);
    }
    let pair = pair(fields);
    let mut numbers = Vec::new();
    for (name, value) in fields {
        if name == "id"
            || HEAD.contains(&name.as_str())
            || (DROP.contains(&name.as_str()) && text(fields, "reason").is_some())
        {
            continue;
        }
        match (value, &pair) {
            (Json::Null, _) => {}
            (_, Some((_, second, _))) if name == second.0 => {}
            (_, Some((_, _, false))) if matches!(name.as_str(), "input_language" | "output_language") => {}
            (_, Some((first, second, compare))) if name == first.0 => {
                let label = |side: &(&str, String, String)| side.1.clone();
                let (left, right) = (label(first), label(second));
                out += &beside((&left, &first.2), (&right, &second.2), columns, lines, *compare);
            }
            (Json::String(text), _) if text.is_empty() => {}
            (Json::String(word), _) if name == "aside" => {
                let value = text(fields, "aside_value").filter(|v| !v.is_empty());
                out +=
                    &labelled(&said("set aside"), &value.map_or(word.clone(), |v| format!("{word}: {v}")), columns, 2)
            }
            (Json::String(_), _) if name == "aside_value" => {}
            (Json::String(text), _) if name == "meta" => out += &labelled(name, text, columns, lines.div_ceil(4)),
            (Json::String(text), _) if name == "detail" => out += &labelled(name, &said(text), columns, lines),
            (Json::String(text), _) => out += &spoken(name, text, columns, lines),
            (Json::Array(items), _) if items.iter().any(|i| i.get("role").is_some()) => {
                out += &turns(name, items, columns, lines)
            }
            (Json::Array(items), _) => {
                let items: Vec<String> = items.iter().take(200).map(word).collect();
                out += &labelled(name, &items.join(" | "), columns, 2);
            }
            (Json::Object(_), _) => out += &labelled(name, &value.to_string(), columns, lines),
            (other, _) => numbers.push(format!("{name} {}", word(other))),
        }
    }
    if !numbers.is_empty() {
        out += &labelled("", &numbers.join(" · "), columns, 2);
    }
    out
}

/// A column that is one side of a pair: its name, what it is called, its text.
type Side<'a> = (&'a str, String, String);

/// The two sides of a row that are best read beside each other, and whether they should be compared.
fn pair(fields: &Fields) -> Option<(Side<'_>, Side<'_>, bool)> {
    let value = |name: &str| fields.iter().find(|f| f.0 == name).map(|f| &f.1);
    let answer = |name: &str| match value(name)?.as_array()?.as_slice() {
        [turn] => {
            let said = turn.get("content")?.as_str()?.to_owned();
            let by = turn.get("name").and_then(Json::as_str).map_or(String::new(), |by| format!(" by {}", line(by)));
            Some((said, by))
        }
        _ => None,
    };
    if let (Some((chosen, by)), Some((rejected, other))) = (answer("chosen"), answer("rejected")) {
        let score =
            |name: &str| value(name).filter(|v| !v.is_null()).map_or(String::new(), |v| format!(" · {}", word(v)));
        let left = format!("+ chosen{by}{}", score("chosen_score"));
        let right = format!("- rejected{other}{}", score("rejected_score"));
        return Some((("chosen", left, chosen), ("rejected", right, rejected), true));
    }
    if text(fields, "task") != Some("translation") {
        return None;
    }
    let side = |name: &'static str, language: &str| {
        let language = text(fields, language).map_or(String::new(), |l| format!(" · {}", line(l)));
        Some((name, format!("{name}{language}"), text(fields, name)?.to_owned()))
    };
    Some((side("input", "input_language")?, side("output", "output_language")?, false))
}

fn dropped(fields: &Fields, reason: &str) -> String {
    let mut line = match text(fields, "stage") {
        Some(stage) => said(&format!("{reason} (by {stage})")).into_owned(),
        None => reason.to_owned(),
    };
    if let Some(value) = text(fields, "value").filter(|v| !v.is_empty()) {
        line += &said(&format!(", has {value}"));
    }
    if let Some(limit) = text(fields, "limit").filter(|l| !l.is_empty()) {
        line += &said(&format!(", limit {limit}"));
    }
    if let Some(kept) = text(fields, "kept_id") {
        line += &said(&format!(", kept is {kept}"));
    }
    line
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
    let most = if lines >= FULL { turns.len() } else { 50 };
    for turn in turns.iter().take(most) {
        let of = |key: &str| turn.get(key).and_then(Json::as_str).unwrap_or_default();
        let thought = Some(of("reasoning")).filter(|r| !r.is_empty()).map(|r| format!("(thinks: {r})\n"));
        let mut spoke = thought.unwrap_or_default() + of("content");
        match turn.get("tool_calls") {
            Some(Json::String(calls)) if !calls.is_empty() => spoke += &format!(" [calls {calls}]"),
            Some(Json::Array(calls)) if !calls.is_empty() => {
                spoke += &format!(" [calls {}]", Json::Array(calls.clone()));
            }
            _ => {}
        }
        let by = Some(of("name")).filter(|n| !n.is_empty()).map_or(String::new(), |n| format!(" {n}"));
        out += &spoken(&format!("{mark}{}{by}", of("role")), &spoke, columns, lines);
    }
    if turns.len() > most {
        let more = format!("… and {} turns more", count((turns.len() - most) as u64));
        out += &labelled("", &said(&more), columns, 1);
    }
    out
}

/// `  label  text`, the text on at most `lines` lines, each under the first.
pub fn labelled(label: &str, text: &str, columns: usize, lines: usize) -> String {
    under(label, wrap(text, columns.saturating_sub(LABEL + 4).max(20), lines))
}

/// The same for what somebody wrote: its line breaks stay.
fn spoken(label: &str, text: &str, columns: usize, lines: usize) -> String {
    under(label, paragraphs(text, columns.saturating_sub(LABEL + 4).max(20), lines))
}

fn under(label: &str, text: Vec<String>) -> String {
    let label = super::table::cut(&line(label), LABEL);
    let mut out = String::new();
    for (at, part) in text.into_iter().enumerate() {
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
        assert_eq!(lines[1..3], ["  user             你好，", "                   世界"]);
        assert!(lines[3].starts_with("  assistant        好") && lines[4].ends_with('…'), "{shown}");
        assert!(lines.iter().all(|l| super::super::table::width(l) <= 40), "{shown}");
        assert_eq!(object(&all[0])["messages"][0]["role"], "user");
    }

    #[test]
    fn answers_and_translations_stand_beside_each_other() {
        let turn = |said: &str, by: Json| serde_json::json!([{"role": "assistant", "content": said, "name": by}]);
        let fields: Fields = vec![
            ("prompt".into(), serde_json::json!([{"role": "user", "content": "问"}])),
            ("chosen".into(), turn("今天是晴天，适合出门散步。", "gpt4".into())),
            ("rejected".into(), turn("今天是雨天，适合出门散步。", Json::Null)),
            ("chosen_score".into(), 9.into()),
        ];
        let shown = row(&fields, "", 80, 4);
        assert!(shown.contains("+ chosen by gpt4 · 9") && shown.contains("│ - rejected"), "{shown}");
        assert!(shown.contains("⟦晴⟧天"), "{shown}");
        assert!(shown.contains("⟦雨⟧天"), "{shown}");
        assert!(shown.contains("  user             问"), "{shown}");
        let pair = [("task", "translation"), ("input", "Hello"), ("output", "你好"), ("output_language", "zh")];
        let shown = row(&pair.map(|(k, v)| (k.to_owned(), Json::from(v))).to_vec(), "", 80, 4);
        assert!(shown.lines().any(|l| l.starts_with("  Hello") && l.ends_with("│ 你好")), "{shown}");
        assert!(shown.contains("output · zh") && !shown.contains("output_language"), "{shown}");
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
