//! The stages of a recipe: found, named, their options resolved, `--set` applied, and the flow of signals checked.

use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::problem::did_you_mean;
use super::read::Reader;
use super::toml::{Entry, Value, parse_value};
use super::{Only, Source, Step};
use crate::stages::{self, Kind, Stage};
use crate::{Error, Result};

/// A stage as it stands in the recipe.
pub(super) struct Raw<'a> {
    run: String,
    name: String,
    only: Only,
    span: Range<usize>,
    options: Vec<&'a Entry>,
}

impl Reader {
    pub(super) fn raw_stages<'a>(&mut self, entry: Option<&'a Entry>, sources: &[Source]) -> Vec<Raw<'a>> {
        let Some(entry) = entry else { return Vec::new() };
        let Value::List(items) = &entry.node.value else {
            self.wrong(entry, "a list of tables: [[stage]]");
            return Vec::new();
        };
        let words: Vec<&str> = stages::ALL.iter().map(|s| s.name).collect();
        let mut raw: Vec<Raw<'a>> = Vec::new();
        for item in items {
            let entries = item.entries().unwrap_or_default();
            let get = |key: &str| entries.iter().find(|e| e.key == key);
            let Some(run) = get("run") else {
                let help = format!("say what runs: {}", words.join(", "));
                self.cure(&item.span, "the stage has no `run`", "this stage", help);
                continue;
            };
            let Some(word) = self.text(run) else { continue };
            if stages::entry(&word).is_none() {
                let help = did_you_mean(&word, words.iter().copied());
                self.cure(&run.node.span, format!("no stage is called `{word}`"), "unknown stage", help);
                continue;
            }
            let earlier = raw.iter().filter(|r| r.run == word).count();
            let default = if earlier == 0 { word.clone() } else { format!("{word}_{}", earlier + 1) };
            let name = get("name").and_then(|e| self.text(e)).unwrap_or(default);
            if raw.iter().any(|r| r.name == name) {
                let span = get("name").map_or(&run.node.span, |e| &e.node.span);
                self.problem(span, format!("two stages are called `{name}`"), "the second");
            }
            let only = get("only").map(|e| self.only(e, sources)).unwrap_or_default();
            let options = entries.iter().filter(|e| !["run", "name", "only"].contains(&e.key.as_str())).collect();
            raw.push(Raw { run: word, name, only, span: run.node.span.clone(), options });
        }
        raw
    }

    fn only(&mut self, entry: &Entry, sources: &[Source]) -> Only {
        let mut only = Only::default();
        let known: Vec<&str> = sources.iter().map(|s| s.name.as_str()).collect();
        for entry in self.table(Some(entry), &["use", "source", "language"], "`only`") {
            let words = self.texts(entry);
            match entry.key.as_str() {
                "use" => only.usage = words.iter().filter_map(|(w, span)| self.usage(w, span)).collect(),
                "source" => {
                    for (word, span) in words {
                        let found = known.contains(&word.as_str()).then_some(word.clone());
                        only.source.extend(self.word(&word, &span, "source", &known, found));
                    }
                }
                "language" => only.language = words.into_iter().map(|w| w.0).collect(),
                _ => {}
            }
        }
        only
    }

    /// Options resolved, `--set` applied, and the flow of signals checked.
    pub(super) fn stages(&mut self, raw: Vec<Raw<'_>>, sets: &[String]) -> Result<Vec<Step>> {
        let overrides = sets.iter().map(|s| Set::parse(s, &raw)).collect::<Result<Vec<_>>>()?;
        let mut steps = Vec::new();
        let mut measured: Vec<(&'static str, Kind)> = always();
        for stage in &raw {
            let Some(entry) = stages::entry(&stage.run) else { continue };
            let before = self.problems.len();
            let mut options: Map<String, Json> = Map::new();
            if stage.run == "keep" {
                for option in &stage.options {
                    self.rule(option, &measured);
                }
            } else {
                let known = option_names(entry);
                for option in stage.options.iter().filter(|o| !known.contains(&o.key)) {
                    let help = if known.is_empty() {
                        "it has no options".to_owned()
                    } else {
                        did_you_mean(&option.key, known.iter().map(String::as_str))
                    };
                    let message = format!("`{}` has no option `{}`", stage.run, option.key);
                    self.cure(&option.span, message, "unknown option", help);
                }
            }
            options.extend(stage.options.iter().map(|o| (o.key.clone(), o.node.json())));
            overrides.iter().filter(|s| s.stage == stage.name).for_each(|s| s.apply(&mut options));
            if self.problems.len() > before {
                continue;
            }
            match (entry.build)(Json::Object(options)) {
                Ok((built, resolved)) => {
                    if let Stage::Measure(measure) = &built {
                        measured.extend(measure.signals().iter().map(|s| (s.name, s.kind)));
                    }
                    let (run, name, only) = (stage.run.clone(), stage.name.clone(), stage.only.clone());
                    steps.push(Step { run, name, only, options: resolved });
                }
                Err(message) => {
                    let span = stage.options.first().map_or(&stage.span, |o| &o.node.span).clone();
                    self.problem(&span, format!("stage `{}`: {message}", stage.name), "these options");
                }
            }
        }
        Ok(steps)
    }

    /// One rule of a `keep`: the signal is known, measured before, and its limits fit its type.
    fn rule(&mut self, option: &Entry, measured: &[(&'static str, Kind)]) {
        let signal = option.key.as_str();
        if signal == "early" {
            if !matches!(option.node.value, Value::Bool(_)) {
                self.wrong(option, "true or false");
            }
            return;
        }
        let Some(kind) = measured.iter().find(|m| m.0 == signal).map(|m| m.1) else {
            let known = signals();
            match known.iter().find(|s| s.0 == signal) {
                Some((_, stage, _)) => {
                    let help = format!("add [[stage]] run = \"{stage}\" above");
                    self.cure(
                        &option.span,
                        format!("no stage before this one measures `{signal}`"),
                        "not measured",
                        help,
                    );
                }
                None => {
                    let help = did_you_mean(signal, known.iter().map(|s| s.0));
                    self.cure(&option.span, format!("no signal is called `{signal}`"), "unknown signal", help);
                }
            }
            return;
        };
        let Some(limits) = option.node.entries() else {
            let example = if kind == Kind::Text { "{ in = [\"zh\"] }" } else { "{ min = 50 }" };
            return self.wrong(option, &format!("limits such as {example}"));
        };
        let known: &[&str] = if kind == Kind::Text { &["in"] } else { &["min", "max"] };
        self.unknown(limits, known, &format!("a rule on `{signal}`"));
        let number = |key: &str| {
            limits.iter().find(|l| l.key == key).map(|l| match l.node.value {
                Value::Int(v) => Ok(v as f64),
                Value::Float(v) => Ok(v),
                _ => Err(l),
            })
        };
        match (number("min"), number("max")) {
            (Some(Err(limit)), _) | (_, Some(Err(limit))) if kind != Kind::Text => self.wrong(limit, "a number"),
            (Some(Ok(min)), Some(Ok(max))) if min > max => {
                self.problem(&option.node.span, "`min` is greater than `max`: nothing would stay", "these limits");
            }
            _ => {}
        }
        if let Some(list) = limits.iter().find(|l| l.key == "in" && kind == Kind::Text) {
            self.texts(list);
        }
    }
}

/// `--set STAGE.KEY=VALUE`.
struct Set {
    stage: String,
    keys: Vec<String>,
    value: Json,
}

impl Set {
    fn parse(text: &str, raw: &[Raw<'_>]) -> Result<Self> {
        let shape =
            || Error::other(format!("--set {text}: not STAGE.KEY=VALUE"), "for example --set keep.chars.min=80");
        let (path, value) = text.split_once('=').ok_or_else(shape)?;
        let mut keys: Vec<String> = path.split('.').map(|k| k.trim().to_owned()).collect();
        if keys.len() < 2 || keys.iter().any(String::is_empty) {
            return Err(shape());
        }
        let stage = keys.remove(0);
        let Some(found) = raw.iter().find(|r| r.name == stage) else {
            let help = did_you_mean(&stage, raw.iter().map(|r| r.name.as_str()));
            return Err(Error::other(format!("--set {text}: the recipe has no stage `{stage}`"), help));
        };
        if let Some(entry) = stages::entry(&found.run).filter(|_| found.run != "keep") {
            let known = option_names(entry);
            if !known.contains(&keys[0]) {
                let help = did_you_mean(&keys[0], known.iter().map(String::as_str));
                return Err(Error::other(format!("--set {text}: `{}` has no option `{}`", found.run, keys[0]), help));
            }
        }
        Ok(Set { stage, keys, value: parse_value(value.trim()).json() })
    }

    fn apply(&self, options: &mut Map<String, Json>) {
        let mut at = options;
        let Some((last, path)) = self.keys.split_last() else { return };
        for key in path {
            let next = at.entry(key.clone()).or_insert_with(|| Json::Object(Map::new()));
            if !next.is_object() {
                *next = Json::Object(Map::new());
            }
            let Some(object) = next.as_object_mut() else { return };
            at = object;
        }
        at.insert(last.clone(), self.value.clone());
    }
}

/// Names of a stage's options.
fn option_names(entry: &stages::Entry) -> Vec<String> {
    let schema = (entry.schema)().to_value();
    let properties = schema.get("properties").and_then(Json::as_object);
    properties.map(|p| p.keys().cloned().collect()).unwrap_or_default()
}

/// Every signal, the stage that measures it, and its type.
pub fn signals() -> Vec<(&'static str, &'static str, Kind)> {
    let mut all = Vec::new();
    for entry in stages::ALL {
        let full = if entry.name == "words" { serde_json::json!({"column": true}) } else { serde_json::json!({}) };
        if let Ok((Stage::Measure(measure), _)) = (entry.build)(full) {
            all.extend(measure.signals().iter().map(|s| (s.name, entry.name, s.kind)));
        }
    }
    all
}

/// Signals of `characters`, which are measured wherever a rule asks for them.
fn always() -> Vec<(&'static str, Kind)> {
    signals().into_iter().filter(|s| s.1 == "characters").map(|s| (s.0, s.2)).collect()
}
