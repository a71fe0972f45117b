//! `corpus explain`: what a stage, a format, a signal, a reason word or the id of a problem means.

use clap::Args;
use serde_json::{Value as Json, json};

use super::list::{Item, Section};
use super::{Context, Format, reasons, sources, table, ui};
use crate::catalog::Catalog;
use crate::messages::{chinese, prose, said};
use crate::output::{export, tokens};
use crate::recipe::kinds;
use crate::{Error, Result, formats, recipe, stages};

/// Explain a data set, a stage, a format, a signal, a shipped recipe, a layout of a trainer, the reason why a row was dropped, or the id of a
/// problem.
#[derive(Debug, Args)]
pub struct Explain {
    /// A name out of `corpus list`, a reason word of a build, or the id of a problem of a recipe (R041).
    name: String,
}

/// All there is to say about one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    kind: String,
    about: String,
    docs: String,
    options: Vec<OptionLine>,
    card: Option<Json>,
}

/// An option of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionLine {
    name: String,
    kind: String,
    default: Option<Json>,
    about: String,
}

/// Everything that goes by this name.
pub fn entries(name: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    if let Some(stage) = stages::entry(name).filter(|_| stages::table(name).is_none()) {
        let options = options(&serde_json::to_value((stage.schema)()).unwrap_or_default());
        found.push(Entry {
            kind: format!("stage ({})", stage.kind),
            about: stage.about.into(),
            docs: plain(stage.docs),
            options,
            card: None,
        });
    }
    if let Some(container) = formats::container(name) {
        let (about, docs) = (container.about().into(), plain(container.docs()));
        found.push(Entry { kind: "format (container)".into(), about, docs, ..Entry::default() });
    }
    if let Some(shape) = formats::shape(name) {
        let uses: Vec<&str> = shape.uses().iter().map(|u| u.as_str()).collect();
        let kind = format!("format (shape of {} rows)", uses.join(" or "));
        let option = |choice: &formats::Choice| OptionLine {
            name: choice.name.into(),
            kind: choice.words.join(" | "),
            default: choice.words.first().map(|w| json!(w)),
            about: choice.about.into(),
        };
        let options = shape.choices().iter().map(option).collect();
        found.push(Entry { kind, about: shape.about().into(), docs: plain(shape.docs()), options, card: None });
    }
    if let Some(layout) = export::exporter(name) {
        let uses: Vec<&str> = layout.uses().iter().map(|u| u.as_str()).collect();
        let kind = format!("export (layout of {} rows)", uses.join(" or "));
        let read = read_by(layout.trainer());
        let recipe = in_recipe(&format!("to = \"{name}\""));
        let docs = format!("{}{read}{recipe}", plain(layout.docs()).trim_end());
        found.push(Entry { kind, about: layout.about().into(), docs, ..Entry::default() });
    }
    if let Some(layout) = tokens::layout(name) {
        let docs = format!("{}{}{}", plain(layout.docs()).trim_end(), read_by(layout.trainer()), of_tokens(layout));
        let kind = "export (layout of token ids)".into();
        found.push(Entry { kind, about: layout.about().into(), docs, ..Entry::default() });
    }
    if let Some(card) = Catalog::load(None).ok().as_ref().and_then(|c| c.get(name)) {
        found.push(Entry {
            kind: "data set".into(),
            about: card.about.en.clone(),
            docs: sources::text(card, table::terminal(), chinese()),
            card: Some(sources::json(card)),
            ..Entry::default()
        });
    }
    found.extend(words(name));
    found
}

/// How a recipe names a layout, by the keys of its table.
fn in_recipe(keys: &str) -> String {
    format!("\n\nIn a recipe, once the build is done:\n\n```toml\n[[export]]\n{keys}\n```")
}

/// How a recipe names a layout of token ids.
fn of_tokens(layout: &dyn tokens::Layout) -> String {
    let (name, sized) = (layout.name(), !layout.packings().is_empty() || layout.is_limited());
    let length = if sized { "\nseq_length = 4096" } else { "" };
    let template = if layout.uses(false).is_empty() { "\ntemplate = true" } else { "" };
    in_recipe(&format!("to = \"{name}\"\ntokenizer = \"models/qwen3/tokenizer.json\"{length}{template}"))
}

/// Whose code has read a layout.
fn read_by(trainer: Option<&str>) -> String {
    trainer.map_or(String::new(), |name| format!("\n\nRead by the code of {name} (tests/trainers)."))
}

/// What goes by this name and is no stage, format or data set.
fn words(name: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    if let Some(sentence) = reasons::explain(name) {
        found.push(Entry { kind: "reason".into(), about: sentence, ..Entry::default() });
    }
    if let Some(row) = kinds::row(name) {
        found.push(Entry {
            kind: format!("problem of a recipe: {}", row.title),
            about: row.title.into(),
            docs: row.docs(),
            ..Entry::default()
        });
    }
    found.extend(stages::table(name).map(|table| Entry {
        kind: "table of a recipe".into(),
        about: table.about.into(),
        docs: plain(table.docs),
        options: options(&(table.schema)().to_value()),
        ..Entry::default()
    }));
    let tables = [
        (recipe::mix::STAGE, "how much of each source comes out", recipe::mix::DOCS),
        ("gates", "what a build must hold to pass", recipe::gates::DOCS),
    ];
    found.extend(tables.into_iter().filter(|table| table.0 == name).map(|(_, about, docs)| Entry {
        kind: "table of a recipe".into(),
        about: about.into(),
        docs: plain(docs),
        ..Entry::default()
    }));
    for section in [Section::Signals, Section::Recipes] {
        let of = |i: Item| {
            let docs = recipe::shipped(&i.name).filter(|_| section == Section::Recipes).unwrap_or_default();
            Entry { kind: i.kind, about: i.about, docs: docs.trim_end().into(), ..Entry::default() }
        };
        found.extend(section.items().into_iter().filter(|i| i.name == name).map(|mut item| {
            if section == Section::Signals {
                item.kind = format!("signal (a {})", item.kind);
            }
            of(item)
        }));
    }
    found
}

/// Every name that can be explained.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = [Section::Stages, Section::Formats, Section::Signals, Section::Exports]
        .iter()
        .flat_map(|s| s.items())
        .map(|i| i.name)
        .collect();
    names.extend(Catalog::load(None).unwrap_or_default().names().map(str::to_owned));
    names.extend(recipe::SHIPPED.iter().map(|r| r.0.to_owned()));
    names.extend(reasons::words().map(|w| w.0.to_owned()));
    names.extend(kinds::ALL.iter().map(|row| row.id.to_owned()));
    names.sort();
    names.dedup();
    names
}

/// The name that was probably meant.
pub fn nearest(name: &str, names: &[String]) -> Option<String> {
    let name = name.to_lowercase().replace('-', "_");
    let scored = names.iter().map(|n| (strsim::jaro_winkler(&name, &n.replace('-', "_")), n));
    scored.filter(|s| s.0 > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|s| s.1.clone())
}

/// What is said of a thing, in the language of the reader. English keeps its lines as they were written.
fn localized(docs: &str) -> String {
    if chinese() { prose(docs) } else { docs.to_owned() }
}

/// The text of `//!` lines.
pub fn plain(docs: &str) -> String {
    let lines = docs.lines().map(|l| l.strip_prefix("//!").map_or(l, |l| l.strip_prefix(' ').unwrap_or(l)));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The options that a JSON schema describes.
fn options(schema: &Json) -> Vec<OptionLine> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<OptionLine> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let whole = resolve(schema, property);
            let about = [property, whole].iter().find_map(|p| p["description"].as_str()).unwrap_or_default();
            let needed = required.iter().any(|r| r == name);
            let default = property.get("default").or(whole.get("default")).cloned().filter(|d| !d.is_null());
            let mut kind = kind(schema, property);
            if needed {
                kind += ", required";
            }
            OptionLine { name: name.clone(), kind, default, about: table::line(about) }
        })
        .collect();
    let more = &schema["additionalProperties"];
    if more.is_object() {
        let about = resolve(schema, more)["description"].as_str().map(table::line).unwrap_or_default();
        lines.push(OptionLine { name: "<name>".into(), kind: kind(schema, more), default: None, about });
    }
    lines
}

fn resolve<'a>(schema: &'a Json, property: &'a Json) -> &'a Json {
    let target = property["$ref"].as_str().and_then(|r| r.strip_prefix('#')).and_then(|r| schema.pointer(r));
    target.unwrap_or(property)
}

/// The type that a schema describes, for people: `number`, `list of text`, `content | id | url`, `{ min, max }`.
fn kind(schema: &Json, property: &Json) -> String {
    let whole = resolve(schema, property);
    let word = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let of = |name: &str, whole: &Json| match name {
        "string" => "text".to_owned(),
        "boolean" => "true | false".to_owned(),
        "array" => format!("list of {}", kind(schema, &whole["items"])),
        "object" => whole["properties"].as_object().filter(|p| !p.is_empty()).map_or("table".to_owned(), |fields| {
            format!("{{ {} }}", fields.keys().cloned().collect::<Vec<_>>().join(", "))
        }),
        other => other.to_owned(),
    };
    if let Some(words) = whole["enum"].as_array() {
        return words.iter().map(word).collect::<Vec<_>>().join(" | ");
    }
    if let Some(value) = whole.get("const") {
        return word(value);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(ways) = whole[key].as_array() {
            let ways = ways.iter().map(|w| kind(schema, w)).filter(|w| w != "null");
            return ways.collect::<Vec<_>>().join(" | ");
        }
    }
    match &whole["type"] {
        Json::String(name) => of(name, whole),
        Json::Array(names) => {
            let names = names.iter().filter_map(Json::as_str).filter(|n| *n != "null").map(|n| of(n, whole));
            names.collect::<Vec<_>>().join(" | ")
        }
        _ => "any".into(),
    }
}

impl Entry {
    fn json(&self) -> Json {
        let options = self
            .options
            .iter()
            .map(|o| json!({"name": o.name, "type": o.kind, "default": o.default, "about": o.about}));
        let mut json = json!({"kind": self.kind, "about": self.about, "docs": self.docs,
            "options": options.collect::<Vec<_>>()});
        if let (Json::Object(fields), Some(card)) = (&mut json, &self.card) {
            fields.insert("card".into(), card.clone());
        }
        json
    }

    fn text(&self, name: &str, columns: usize) -> String {
        if self.card.is_some() {
            return self.docs.clone();
        }
        let mut text = format!("{name} · {}\n\n", said(&self.kind));
        let docs = if self.docs.is_empty() { &self.about } else { &self.docs };
        // The text of a recipe is TOML, to be copied: its remarks alone are said, and what it is for stands above it.
        text += &if self.kind == "recipe" {
            let about = said(&self.about);
            let above = if about == self.about { String::new() } else { table::flow(&about, columns) + "\n" };
            format!("{above}{}\n", table::remarks_said(docs).trim_end())
        } else {
            table::flow(&localized(docs), columns)
        };
        if !self.options.is_empty() {
            text += &format!("\n{}\n", said("# Options"));
            for option in &self.options {
                let default = option.default.as_ref().map_or(String::new(), |d| format!(", default {d}"));
                let (colon, kind) = (if chinese() { "：" } else { ": " }, said(&option.kind));
                text += &format!("  {}{colon}{kind}{}\n", option.name, said(&default));
                for line in table::wrap(&said(&option.about), columns.saturating_sub(6), 8) {
                    text += format!("      {line}").trim_end();
                    text.push('\n');
                }
            }
        }
        text
    }
}

impl Explain {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`Error::Other`] with the nearest name, where nothing is called so; what the system says of writing to stdout.
    pub fn run(self, context: &Context) -> Result<()> {
        let entries = entries(&self.name);
        if entries.is_empty() {
            let near = || nearest(&self.name, &names()).map(|near| format!("did you mean `{near}`?"));
            let hint = recipe::elsewhere::instead(&self.name).map(str::to_owned).or_else(near).unwrap_or_else(|| {
                "`corpus list` names all data sets, stages, formats, signals and recipes".to_owned()
            });
            return Err(Error::other(
                format!("nothing is called `{}`", table::cut(&table::line(&self.name), 60)),
                hint,
            ));
        }
        if context.format == Format::Json {
            let entries: Vec<Json> = entries.iter().map(Entry::json).collect();
            return super::print(&format!("{}\n", json!({"v": 2, "name": self.name, "entries": entries})));
        }
        let columns = table::terminal();
        let texts: Vec<String> = entries.iter().map(|e| e.text(&self.name, columns)).collect();
        super::print(&texts.join("\n"))?;
        if entries.iter().any(|e| e.kind == "reason") {
            ui::say(context, &format!("next: `corpus inspect BUILD --reason {}`", self.name));
        }
        if entries.iter().any(|e| e.card.is_some()) {
            ui::say(context, &format!("next: `corpus fetch {} --dry-run`", self.name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_reasons_are_explained() {
        let keep = entries("keep");
        assert_eq!(keep.len(), 1);
        assert!(keep[0].docs.starts_with("Keep rows") && keep[0].docs.contains("\n# Example\n"), "{}", keep[0].docs);
        assert!(!keep[0].docs.contains("//!"));
        let dedup = &entries("exact_dedup")[0].options;
        let by = dedup.iter().find(|o| o.name == "by").unwrap();
        assert_eq!((by.kind.as_str(), &by.default), ("text", &Some(json!("content"))));
        let sample = &entries("sample")[0].options;
        assert_eq!(sample.iter().find(|o| o.name == "share").unwrap().kind, "number, required");
        assert_eq!(entries("not_sampled")[0].kind, "reason");
        assert!(entries("no such thing").is_empty());
    }

    #[test]
    fn near_names_are_found() {
        let names: Vec<String> = ["exact_dedup", "keep", "chars_min"].map(String::from).to_vec();
        assert_eq!(nearest("exact-dedupe", &names).as_deref(), Some("exact_dedup"));
        assert_eq!(nearest("char_min", &names).as_deref(), Some("chars_min"));
        assert_eq!(nearest("zzz", &names), None);
    }
}
