//! JSON Schemas, generated: of a recipe, for editors; of the rows of each use.

use arrow::datatypes::{DataType, SchemaRef};
use serde_json::{Map, Value as Json, json};

use super::{Target, signals};
use crate::formats::choices::{Offered, offered};
use crate::formats::{self, FIELDS, TextRows};
use crate::output::codec::PATTERN;
use crate::output::slab::data_schema;
use crate::output::tokens::Packing;
use crate::rows::split::Split;
use crate::rows::turns::OPTIONAL;
use crate::rows::{Filled, Use};
use crate::stages::{self, Kind};
use crate::text::wikitext::Variant;

/// What [`super::bytes`] reads.
const SIZE: &str = r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(B|[KMGT]iB|[kKMGT]B)?\s*$";
const USES: [&str; 5] = ["pretrain", "task", "instruct", "rlhf", "preference"];

/// Where the schema of a rule stands.
const RULE: &str = "#/$defs/rule";

fn text(about: &str) -> Json {
    json!({"type": "string", "description": about})
}

/// A table whose keys are these and no others.
fn closed(properties: Json, required: &[&str], about: &str) -> Json {
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required,
           "description": about})
}

/// JSON Schema (2020-12) of a recipe.
pub fn recipe() -> Json {
    let size = |about: &str| {
        json!({"description": about, "examples": ["64MiB"], "anyOf": [
        {"type": "integer", "minimum": 1}, {"type": "string", "pattern": SIZE}]})
    };
    let share = |about: &str| json!({"type": "number", "minimum": 0, "maximum": 1, "description": about});
    let names: Vec<&str> = signals().into_iter().map(|s| s.0).collect();
    let kinds = crate::catalog::Freedom::ALL.map(crate::catalog::Freedom::as_str);
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
            "policy": closed(json!({"licenses": {
                "description": "Kinds of licences that cards may have; all where absent.",
                "anyOf": [{"enum": kinds}, {"type": "array", "items": {"enum": kinds}}]}}), &[], "What a recipe refuses."),
            "source": {"type": "array", "minItems": 1, "items": source()},
            "mix": closed(json!({
                "by": {"enum": ["rows", "chars", "tokens"], "description": "What weights and the total are counted in; rows where absent."},
                "total": {"type": "integer", "minimum": 1, "description": "Rows or characters of the output; the most that repeats allow where absent."},
            }), &[], "How sources are mixed."),
            "input": closed(json!({
                "max_unreadable": share("Share of rows that may be unreadable before the build counts as failed."),
                "max_row": size("A larger row is unreadable: row_too_large."),
            }), &[], "Limits of the input."),
            "stage": {"type": "array", "items": {"oneOf": stages}},
            "split": split(),
            "output": closed(json!({
                "shard": size("Bytes of text in a shard."),
                "signals": {"type": "array", "items": {"anyOf": [{"enum": names}, own_signal()]}, "description": "Signal columns in data/."},
                "compression": {"type": "string", "pattern": PATTERN, "examples": ["zstd:3"],
                    "description": "How Parquet pages are compressed: zstd with a level, lz4, snappy or none."},
                "dropped_text": {"description": "Share of dropped rows that keep their content.", "anyOf": [
                    {"const": "all"}, {"type": "number", "minimum": 0, "maximum": 1}]},
            }), &[], "What is written."),
            "export": {"type": "array", "items": export(),
                "description": "Layouts of trainers that the build is written in once it is done."},
            "gates": gates(),
        },
        "$defs": definitions(),
    })
}

/// The name of a signal that a stage gives under a name of its options' choosing.
fn own_signal() -> Json {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "A signal that a `command` gives."})
}

/// `[[export]]`.
fn export() -> Json {
    let names: Vec<&str> = Target::names().collect();
    let packings = Packing::ALL.map(Packing::as_str);
    closed(
        json!({
            "to": {"enum": names, "description": "The layout."},
            "use": {"description": "Uses that are exported; all that the layout takes where absent.", "anyOf": [
                {"enum": USES}, {"type": "array", "items": {"enum": USES}}]},
            "split": {"enum": Split::ALL.map(Split::as_str), "description": "Only rows of this split, where the recipe has [split]; of token ids train where absent, else all, each in files of its own."},
            "out": text("Its folder, from the build's; exports/NAME where absent, of what is held out exports/NAME-SPLIT."),
            "strict": {"type": "boolean", "description": "Whether a row that would lose something, or be set aside, is an error; not of running text as token ids."},
            "tokenizer": text("The tokenizer's file, from the recipe's folder; of layouts of token ids."),
            "seq_length": {"type": "integer", "minimum": 1, "maximum": u32::MAX, "description": "Tokens of a packed sequence; of a row, where rows are not packed."},
            "packing": {"enum": packings, "description": "How documents are packed; what the layout names first where absent."},
            "shard_tokens": {"type": "integer", "minimum": 1, "description": "Tokens of each file, of layouts of several; what the layout has where absent."},
            "eos": text("The token that ends a document; the tokenizer's own where absent."),
            "template": {"description": "The chat template that writes dialogues: a file from the recipe's folder, or true for the one beside the tokenizer.",
                "anyOf": [{"type": "boolean"}, {"type": "string"}]},
            "template_options": {"type": "object", "description": "Options of the template: { enable_thinking = false }."},
            "date": text("The day that the template is told, where it asks: 2026-11-29."),
        }),
        &["to"],
        "A layout that a trainer reads.",
    )
}

/// `[split]`: the options of what stands behind it.
fn split() -> Json {
    let Some(entry) = stages::table("split") else { return Json::Null };
    let mut schema = stage(entry);
    if let Json::Object(schema) = &mut schema {
        if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
            properties.retain(|key, _| !["run", "name", "only"].contains(&key.as_str()));
        }
        schema.insert("required".into(), json!([]));
        schema.insert("description".into(), json!(entry.about));
    }
    schema
}

/// `[gates]`.
fn gates() -> Json {
    let count = |about: &str| json!({"type": "integer", "minimum": 0, "description": about});
    let share = json!({"type": "number", "minimum": 0, "maximum": 1});
    let shares = |about: &str| json!({"type": "object", "additionalProperties": share, "description": about});
    let dropped = "Share of the rows that could be read that goes, at most: of all, or by reason or stage.";
    closed(
        json!({
            "min_rows": count("Rows that are kept, at least."),
            "min_chars": count("Characters that are kept, at least."),
            "min_tokens": count("Tokens that are kept, at least; a stage `tokens` counts them."),
            "min_language": shares("Share of the kept rows that are of a language, at least."),
            "max_dropped": {"description": dropped, "anyOf": [share, shares("By reason word, stage, `read`, or `all`.")]},
            "max_evaluation_hits": count("Rows that hold text of an evaluation set, at most."),
        }),
        &[],
        "What a build must hold: where it does not, `build` ends with exit code 1.",
    )
}

/// What `options` of a source may be.
fn options() -> Json {
    let choice = |c: Offered| (c.name.to_owned(), json!({"enum": c.words, "description": c.about}));
    let properties: Map<String, Json> = offered(None).into_iter().map(choice).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties,
           "description": "What the format leaves to the recipe; `corpus explain` says more."})
}

/// For sources that name their format: which of the options it has, and of which it has fewer words; one condition for
/// all formats that have the same.
fn options_by_format(formats: &[&str]) -> Vec<Json> {
    let any = offered(None);
    let mut groups: Vec<(Vec<&str>, Vec<Offered>)> = Vec::new();
    for format in formats {
        let own = offered(Some(format));
        match groups.iter_mut().find(|group| group.1 == own) {
            _ if own == any => {}
            Some(group) => group.0.push(format),
            None => groups.push((vec![format], own)),
        }
    }
    let condition = |(formats, own): (Vec<&str>, Vec<Offered>)| {
        let names: Vec<&str> = own.iter().map(|choice| choice.name).collect();
        let fewer = |own: &&Offered| !any.iter().any(|all| all.name == own.name && all.words.len() == own.words.len());
        let words: Map<String, Json> =
            own.iter().filter(fewer).map(|own| (own.name.to_owned(), json!({"enum": own.words}))).collect();
        json!({"if": {"properties": {"format": {"enum": formats}}, "required": ["format"]},
               "then": {"properties": {"options": {"propertyNames": {"enum": names}, "properties": words}}}})
    };
    groups.into_iter().map(condition).collect()
}

/// `[[source]]`.
fn source() -> Json {
    let paths = json!({"description": "Paths and globs, relative to the recipe's folder, or of objects that are read in a store (s3://, gs://, az://).", "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}]});
    let formats: Vec<&str> = formats::containers::ALL
        .iter()
        .map(|c| c.name())
        .chain(formats::shapes::ALL.iter().map(|s| s.name()))
        .collect();
    let fields: Map<String, Json> = FIELDS.iter().map(|f| ((*f).to_owned(), json!({"type": "string"}))).collect();
    let some = |about: &str| json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": about});
    let source = closed(
        json!({
            "card": text("A data set of the catalog, or hf:owner/name, ms:owner/name, opus:CORPUS/en-zh, wikimedia:zhwiki, s3://BUCKET/FOLDER/; it is fetched."),
            "parts": {"type": "array", "items": {"type": "string"}, "description": "Parts of the card; those of its best use where absent."},
            "revision": text("Commit, dump date or version; the newest in the store where absent."),
            "name": {"type": "string", "minLength": 1, "description": "The source's name, unique in the recipe; the card's where absent."},
            "path": paths,
            "split": some("Splits that are read, of a set of the hub or a folder: train where there is one and nothing is said; all is every one."),
            "config": some("Configurations of a set's card on the hub that are read: the default one, else all, where nothing is said."),
            "format": {"enum": formats, "description": "How the files are read; detected from the content where absent."},
            "rows": {"enum": TextRows::ALL.map(TextRows::as_str), "description": "Plain text only: what one document is."},
            "use": {"enum": USES, "description": "What rows are for."},
            "language": text("The language of the source, where known."),
            "license": text("The licence of the source; it is carried to every row."),
            "encoding": text("The encoding by its WHATWG name; detected where absent."),
            "variant": {"enum": Variant::ALL.map(Variant::code),
                        "description": "MediaWiki only: the variant of Chinese that pages are converted to."},
            "fields": closed(Json::Object(fields), &[], "Ours = theirs, nested by dots."),
            "options": options(),
            "limit": {"type": "integer", "minimum": 1, "description": "Only the first rows."},
            "weight": {"type": "number", "exclusiveMinimum": 0, "description": "Its share of the output, in proportion to those of the others."},
            "repeat": {"type": "number", "exclusiveMinimum": 0, "description": "How often its rows may come at the most (1 where absent); how often they come, where no source has a weight."},
            "seed": {"type": "integer", "minimum": 0, "description": "Another seed draws other rows into the mix."},
            "priority": {"type": "integer", "description": "Of duplicates, the source with the highest stays."},
        }),
        &[],
        "Where rows come from.",
    );
    let either = json!([{"required": ["card"]}, {"required": ["name", "path"]}]);
    match source {
        Json::Object(mut source) => {
            source.remove("required");
            source.insert("oneOf".into(), either);
            source.insert("allOf".into(), Json::Array(options_by_format(&formats)));
            Json::Object(source)
        }
        other => other,
    }
}

fn stage(entry: &stages::Entry) -> Json {
    let schema = (entry.schema)().to_value();
    let mut properties = schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let mut rules = Vec::new();
    match entry.takes {
        stages::Takes::Rules => {
            // A `keep` needs one rule at least.
            rules = rule_properties()
                .keys()
                .filter(|key| *key != "when")
                .map(|signal| json!({"required": [signal]}))
                .collect();
            properties.extend(rule_properties());
        }
        stages::Takes::Clauses(list) => {
            let about = properties[list]["description"].clone();
            properties.insert(list.to_owned(), list_of_rules(about));
        }
        stages::Takes::Options => {}
    }
    let list = |item: Json| json!({"anyOf": [item, {"type": "array", "items": item}]});
    let texts = list(json!({"type": "string"}));
    properties.insert("run".into(), json!({"const": entry.name, "description": entry.about}));
    properties.insert(
        "name".into(),
        json!({"type": "string", "pattern": "^[^.=]+$", "description": "The stage's name, unique."}),
    );
    properties.insert(
        "only".into(),
        json!({"type": "object", "additionalProperties": false, "description": "Which rows the stage applies to.",
            "properties": {"use": list(json!({"enum": USES})), "source": texts, "language": texts}}),
    );
    let mut required = schema.get("required").and_then(Json::as_array).cloned().unwrap_or_default();
    required.insert(0, json!("run"));
    if entry.takes == stages::Takes::Rules {
        required = vec![json!("run")];
    }
    let mut out = json!({"type": "object", "additionalProperties": false, "properties": properties,
                         "required": required});
    if entry.takes == stages::Takes::Rules {
        // Or a rule on a signal that the recipe itself names.
        let known: Vec<Json> = out["properties"].as_object().into_iter().flatten().map(|p| json!(p.0)).collect();
        let own = json!({"not": {"propertyNames": {"enum": known}}});
        out["anyOf"] = rules.into_iter().chain([own]).collect();
        out["additionalProperties"] = own_rule();
    } else if let Some(defs) = schema.get("$defs") {
        inline(&mut out, defs);
    }
    out
}

/// A list of rules, each of which is [`RULE`].
fn list_of_rules(about: impl Into<Json>) -> Json {
    json!({"type": "array", "minItems": 1, "items": {"$ref": RULE}, "description": about.into()})
}

/// What a rule can say: any signal's limits, and rules of rules.
fn rule_properties() -> Map<String, Json> {
    let signals = signals().into_iter().filter_map(|(name, by, kind)| Some((name.to_owned(), rule(by, kind)?)));
    let mut properties: Map<String, Json> = signals.collect();
    let one = |about: &str| json!({"$ref": RULE, "description": about});
    properties.insert("when".into(), one("The rows that the rules beside it are for; others pass."));
    properties.insert("all".into(), list_of_rules("Rules that must hold, all of them."));
    properties.insert("any".into(), list_of_rules("Rules of which one must hold; the first says why a row goes."));
    properties.insert("not".into(), one("A rule that must not hold."));
    properties
}

/// A rule on a signal; none can look at a list.
fn rule(by: &str, kind: Kind) -> Option<Json> {
    let (of, what) = match kind {
        Kind::Text => ("words", "Words that stay of"),
        Kind::Int | Kind::Float => ("limits", "Limits of"),
        Kind::Words | Kind::Key | Kind::Bytes | Kind::Fixed(_) | Kind::Spans => return None,
    };
    Some(json!({"$ref": format!("#/$defs/{of}"), "description": format!("{what} a signal that `{by}` measures.")}))
}

/// A rule on a signal that the recipe itself names.
fn own_rule() -> Json {
    json!({"anyOf": [rule("command", Kind::Float), rule("command", Kind::Text)]})
}

/// What stages of all kinds refer to: a rule, and what it says of one signal.
fn definitions() -> Json {
    let number = |about: &str| json!({"type": "number", "description": about});
    let percentile =
        |about: &str| json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100, "description": about});
    let limits = json!({
        "min": number("The least that stays."),
        "max": number("The most that stays."),
        "min_percentile": percentile("The least that stays, as a percentile of the rows that reach the stage."),
        "max_percentile": percentile("The most that stays, as a percentile: above 95, the highest 5 % go."),
        "per": {"enum": ["source", "language"], "description": "Within which rows percentiles are taken."}});
    let words = json!({"type": "array", "minItems": 1, "items": {"type": "string"},
        "description": "The words that stay."});
    let long =
        json!({"type": "object", "additionalProperties": false, "required": ["in"], "properties": {"in": words}});
    let table = |properties: Json, about: &str| {
        json!({"type": "object", "additionalProperties": false, "minProperties": 1, "properties": properties,
            "description": about})
    };
    let mut rule = table(Json::Object(rule_properties()), "A rule: all that it says must hold.");
    rule["additionalProperties"] = own_rule();
    json!({
        "rule": rule,
        "limits": table(limits, "Limits of a signal that is a number."),
        "words": {"anyOf": [long, {"type": "string"}, words], "description": "Words that stay of a signal."}})
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
        let mut rows = json!({"use": usage.as_str(), "columns": describe(&data_schema(usage, &[], Filled::ALL))});
        if data_schema(usage, &[], Filled::ALL) != data_schema(usage, &[], Filled::default()) {
            let about = "Fields of messages that no row of the output fills are left out of it, the same ones in every \
                         file of the use; the label `corpus.schema` of a file says which are there.";
            rows["left_out_where_no_row_fills_them"] = json!({"fields": OPTIONAL, "about": about});
        }
        files.push((format!("{usage}.json"), rows));
    }
    files
}
