//! JSON Schemas, generated: of a recipe, for editors; of the rows of each use.

use arrow::datatypes::{DataType, SchemaRef};
use serde_json::{Map, Value as Json, json};

use super::read::FIELDS;
use super::signals;
use crate::build::output::data_schema;
use crate::formats;
use crate::rows::Use;
use crate::stages::{self, Kind};

/// JSON Schema (2020-12) of a recipe.
pub fn recipe() -> Json {
    let text = |about: &str| json!({"type": "string", "description": about});
    let size = |about: &str| json!({"type": ["string", "integer"], "description": about, "examples": ["64MiB"]});
    let share = |about: &str| json!({"type": "number", "minimum": 0, "maximum": 1, "description": about});
    let texts = |about: &str| {
        json!({"description": about, "anyOf": [
        {"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    };
    let formats: Vec<&str> = formats::containers::ALL
        .iter()
        .map(|c| c.name())
        .chain(formats::shapes::ALL.iter().map(|s| s.name()))
        .collect();
    let fields: Map<String, Json> = FIELDS.iter().map(|f| ((*f).to_owned(), json!({"type": "string"}))).collect();
    let names: Vec<&str> = signals().into_iter().map(|s| s.0).collect();
    let closed = |properties: Json, required: &[&str], about: &str| {
        json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required,
               "description": about})
    };
    let source = closed(
        json!({
            "name": text("The source's name, unique in the recipe."),
            "path": texts("Paths and globs, relative to the recipe's folder."),
            "format": {"enum": formats, "description": "How the files are read; detected from the content where absent."},
            "rows": {"enum": ["file", "line", "block"], "description": "Plain text only: what one document is."},
            "use": {"enum": ["pretrain", "task", "instruct", "rlhf", "preference"], "description": "What rows are for."},
            "language": text("The language of the source, where known."),
            "license": text("The licence of the source; it is carried to every row."),
            "encoding": text("The encoding by its WHATWG name; detected where absent."),
            "fields": closed(Json::Object(fields), &[], "Ours = theirs, nested by dots."),
            "limit": {"type": "integer", "minimum": 1, "description": "Only the first rows."},
            "priority": {"type": "integer", "description": "Of duplicates, the source with the highest stays."},
        }),
        &["name", "path"],
        "Where rows come from.",
    );
    let stages: Vec<Json> = stages::ALL.iter().map(|entry| stage(entry)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A corpus recipe",
        "type": "object",
        "additionalProperties": false,
        "required": ["source"],
        "properties": {
            "name": text("The recipe's name; the output folder is called so."),
            "about": text("What the mix is for, in a sentence."),
            "source": {"type": "array", "items": source},
            "input": closed(json!({
                "max_unreadable": share("Share of rows that may be unreadable before the build counts as failed."),
                "max_row": size("A larger row is unreadable: row_too_large."),
            }), &[], "Limits of the input."),
            "stage": {"type": "array", "items": {"oneOf": stages}},
            "output": closed(json!({
                "shard": size("Bytes of text in a shard."),
                "signals": {"type": "array", "items": {"enum": names}, "description": "Signal columns in data/."},
                "dropped_text": {"description": "Share of dropped rows that keep their content.", "anyOf": [
                    {"const": "all"}, {"type": "number", "minimum": 0, "maximum": 1}]},
            }), &[], "What is written."),
        },
    })
}

fn stage(entry: &stages::Entry) -> Json {
    let mut schema = (entry.schema)().to_value();
    let mut properties = schema.get_mut("properties").and_then(|p| p.as_object_mut()).cloned().unwrap_or_default();
    if entry.name == "keep" {
        let rule = |kind: Kind| match kind {
            Kind::Text | Kind::Words => json!({"type": "object", "additionalProperties": false,
                "properties": {"in": {"type": "array", "items": {"type": "string"}}}}),
            Kind::Int | Kind::Float => json!({"type": "object", "additionalProperties": false,
                "properties": {"min": {"type": "number"}, "max": {"type": "number"}}}),
        };
        let early = properties.remove("early").unwrap_or_default();
        properties = signals().into_iter().map(|(name, _, kind)| (name.to_owned(), rule(kind))).collect();
        properties.insert("early".into(), early);
    }
    let list = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
    properties.insert("run".into(), json!({"const": entry.name, "description": entry.about}));
    properties.insert("name".into(), json!({"type": "string", "description": "The stage's name, unique."}));
    properties.insert(
        "only".into(),
        json!({"type": "object", "additionalProperties": false,
        "properties": {"use": list, "source": list, "language": list},
        "description": "Which rows the stage applies to."}),
    );
    let mut required = schema.get("required").and_then(Json::as_array).cloned().unwrap_or_default();
    required.insert(0, json!("run"));
    if entry.name == "keep" {
        required = vec![json!("run")];
    }
    let mut out = json!({"type": "object", "additionalProperties": false, "properties": properties,
                         "required": required});
    if let (Some(defs), true) = (schema.get("$defs").cloned(), entry.name != "keep") {
        inline(&mut out, &defs);
    }
    out
}

/// Puts definitions in the place of references to them, so that each stage stands alone.
fn inline(value: &mut Json, defs: &Json) {
    let name = value.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix("#/$defs/")).map(str::to_owned);
    if let (Some(def), Json::Object(object)) = (name.and_then(|n| defs.get(n).cloned()), &mut *value) {
        object.remove("$ref");
        if let Json::Object(def) = def {
            for (key, value) in def {
                object.entry(key).or_insert(value);
            }
        }
    }
    match value {
        Json::Object(object) => object.values_mut().for_each(|v| inline(v, defs)),
        Json::Array(items) => items.iter_mut().for_each(|v| inline(v, defs)),
        _ => {}
    }
}

/// The columns of a table, for people and programs: name and type, nested.
pub fn describe(schema: &SchemaRef) -> Json {
    Json::Array(schema.fields().iter().map(|f| json!({"name": f.name(), "type": kind(f.data_type())})).collect())
}

fn kind(data_type: &DataType) -> Json {
    match data_type {
        DataType::Utf8 => json!("string"),
        DataType::Int64 => json!("int64"),
        DataType::UInt64 => json!("uint64"),
        DataType::Float64 => json!("float64"),
        DataType::Boolean => json!("bool"),
        DataType::List(item) => json!({"list": kind(item.data_type())}),
        DataType::Struct(fields) => {
            json!({"struct": fields.iter().map(|f| json!({"name": f.name(), "type": kind(f.data_type())})).collect::<Vec<_>>()})
        }
        other => json!(other.to_string()),
    }
}

/// Every generated file under `schemas/`: name and content.
pub fn files() -> Vec<(String, Json)> {
    let mut files = vec![("recipe.schema.json".to_owned(), recipe())];
    for usage in Use::ALL {
        let rows = json!({"use": usage.as_str(), "columns": describe(&data_schema(usage, &[]))});
        files.push((format!("{usage}.json"), rows));
    }
    files
}
