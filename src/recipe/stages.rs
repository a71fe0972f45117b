//! The stages of a recipe: found, named, their options resolved, and the flow of signals checked.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::kinds::Kind;
use super::reader::Reader;
use super::rules::Within;
use super::signals::{Measured, always, has, signals};
use super::toml::{Entry, Value};
use super::{Only, Source, Step, elsewhere};
use crate::stages::clause::WORDS;
use crate::stages::{self, Built, Kind as Type, Reads, Takes};
use crate::text::language;
use crate::text::spelling::{did_you_mean, nearest};

/// A stage as it stands in the recipe.
pub(super) struct Raw {
    pub(super) run: String,
    pub(super) name: String,
    pub(super) only: Only,
    pub(super) span: Range<usize>,
    pub(super) options: Vec<Entry>,
}

impl Reader {
    pub(super) fn raw_stages(&mut self, entry: Option<&Entry>, sources: &[Source]) -> Vec<Raw> {
        let Some(entry) = entry else { return Vec::new() };
        let Value::List(items) = &entry.node.value else {
            self.problem(
                Kind::NoList,
                &entry.node.span,
                format!("`stage` should be a list of tables: [[stage]], but is {}", entry.node.kind()),
                "wrong type",
            );
            return Vec::new();
        };
        let words: Vec<&str> = stages::ALL.iter().map(|s| s.name).collect();
        let mut raw: Vec<Raw> = Vec::new();
        for item in items {
            let Some(entries) = item.entries() else {
                self.problem(Kind::NoList, &item.span, "a stage is a table: [[stage]]", "not a table");
                continue;
            };
            let get = |key: &str| entries.iter().find(|e| e.key == key);
            let Some(run) = get("run") else {
                let help = format!("say what runs: {}", words.join(", "));
                self.cure(Kind::NoRun, &item.span, "the stage has no `run`", "this stage", help);
                continue;
            };
            let Some(word) = self.text(run) else { continue };
            if stages::entry(&word).is_none() || stages::table(&word).is_some() {
                let help =
                    elsewhere::instead(&word).map_or_else(|| did_you_mean(&word, words.iter().copied()), str::to_owned);
                self.cure(
                    Kind::UnknownStage,
                    &run.node.span,
                    format!("no stage is called `{word}`"),
                    "unknown stage",
                    help,
                );
            }
            let earlier = raw.iter().filter(|r| r.run == word).count();
            let default = if earlier == 0 { word.clone() } else { format!("{word}_{}", earlier + 1) };
            let name = get("name").and_then(|e| self.text(e)).unwrap_or(default);
            let span = get("name").map_or(&run.node.span, |e| &e.node.span);
            if raw.iter().any(|r| r.name == name) {
                self.problem(Kind::SameStage, span, format!("two stages are called `{name}`"), "the second");
            } else if get("name").is_some() && (name.is_empty() || name.contains(['.', '='])) {
                let help = "`.` and `=` are taken by --set STAGE.KEY=VALUE";
                self.cure(Kind::BadStageName, span, format!("`{name}` cannot name a stage"), "this name", help);
            }
            let only = get("only").map(|e| self.only(e, sources)).unwrap_or_default();
            let options = entries.iter().filter(|e| !["run", "name", "only"].contains(&e.key.as_str()));
            raw.push(Raw { run: word, name, only, span: run.node.span.clone(), options: options.cloned().collect() });
        }
        raw
    }

    /// Puts what stands behind the table `[split]` among the stages: behind all that decide, before a shuffle.
    pub(super) fn split(&mut self, entry: Option<&Entry>, raw: &mut Vec<Raw>) {
        let Some(entry) = entry else { return };
        let Some(options) = entry.node.entries() else { return self.wrong(entry, "a table: [split]") };
        if raw.iter().any(|stage| stage.name == entry.key) {
            let message = format!("a stage is called `{}`, as the table is", entry.key);
            let help = "give the stage another `name`";
            return self.cure(Kind::SameStage, &entry.span, message, "this table", help);
        }
        let shuffles = |stage: &Raw| stages::entry(&stage.run).is_some_and(|entry| entry.kind == "order");
        let at = raw.iter().rposition(|stage| !shuffles(stage)).map_or(0, |last| last + 1);
        let (run, name, span) = (entry.key.clone(), entry.key.clone(), entry.span.clone());
        raw.insert(at, Raw { run, name, only: Only::default(), span, options: options.to_vec() });
    }

    fn only(&mut self, entry: &Entry, sources: &[Source]) -> Only {
        let mut only = Only::default();
        let mut known: Vec<&str> = sources.iter().flat_map(|s| [s.label.as_str(), s.name.as_str()]).collect();
        known.dedup();
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
                "language" => {
                    let code = |word: String| language::code(&word).map_or(word, str::to_owned);
                    only.language = words.into_iter().map(|w| code(w.0)).collect();
                }
                _ => {}
            }
        }
        only
    }

    /// The stages with their options resolved, and the signals that are there after the last one.
    pub(super) fn stages(&mut self, raw: Vec<Raw>) -> (Vec<Step>, Vec<Measured>) {
        let mut steps = Vec::new();
        let mut measured: Vec<Measured> = always();
        self.order(&raw);
        for stage in raw {
            let Some(entry) = stages::entry(&stage.run) else {
                // Rules on what it was meant to measure are no further problems.
                let meant = nearest(&stage.run, stages::ALL.iter().map(|s| s.name));
                measured.extend(signals().into_iter().filter(|s| Some(s.1) == meant).map(|s| (s.0.into(), s.2)));
                measured.extend(declared(&stage));
                continue;
            };
            let built = match entry.takes {
                Takes::Rules => self.rules(entry, &stage, &measured),
                Takes::Options | Takes::Clauses(_) => self.options(entry, &stage, &measured),
            };
            let Some((built, options)) = built else {
                measured.extend(signals().into_iter().filter(|s| s.1 == stage.run).map(|s| (s.0.into(), s.2)));
                measured.extend(declared(&stage));
                continue;
            };
            self.read_signals(&stage, built.reads().unwrap_or_default(), &measured);
            let signals = built.columns().into_iter().filter(stages::Column::is_signal);
            measured.extend(signals.map(|s| (s.name, s.kind)));
            if let Some(signal) = built.chooses_by()
                && let Some(by) = stage.options.iter().find(|o| o.key == "by")
            {
                self.ordering(&by.node.span, &signal, &measured);
            }
            let (stored, revisions) = (BTreeMap::new(), BTreeMap::new());
            steps.push(Step { run: stage.run, name: stage.name, only: stage.only, options, stored, revisions });
        }
        (steps, measured)
    }

    /// A `shuffle` comes last, and once for each use.
    fn order(&mut self, raw: &[Raw]) {
        let shuffles = |r: &&Raw| stages::entry(&r.run).is_some_and(|entry| entry.kind == "order");
        let last = raw.iter().rposition(|r| !shuffles(&r)).unwrap_or(0);
        for (at, stage) in raw.iter().enumerate().filter(|(_, r)| shuffles(r)) {
            if at < last {
                let help = "move it to the end: stages decide over rows in the order of the sources";
                self.cure(
                    Kind::ShuffleNotLast,
                    &stage.span,
                    format!("`{}` does not come last", stage.name),
                    "stages follow",
                    help,
                );
            }
            if !stage.only.source.is_empty() || !stage.only.language.is_empty() {
                let help = "a shuffle mixes all rows of a use: only = { use = [\"pretrain\"] }";
                self.cure(
                    Kind::ShuffleForSome,
                    &stage.span,
                    format!("`{}` is for some rows only", stage.name),
                    "not possible",
                    help,
                );
            }
            let (mine, every) = (&stage.only.usage, stage.only.usage.is_empty());
            let same = |r: &&Raw| every || r.only.usage.is_empty() || r.only.usage.iter().any(|u| mine.contains(u));
            if let Some(earlier) = raw[..at].iter().filter(shuffles).find(same) {
                let message = format!("`{}` shuffles the rows that `{}` shuffles", stage.name, earlier.name);
                self.cure(
                    Kind::ShuffledTwice,
                    &stage.span,
                    message,
                    "a second time",
                    "leave one of them out, or give each its uses",
                );
            }
        }
    }

    /// Builds a stage; every option that cannot be used is a problem of its own.
    fn options(&mut self, entry: &stages::Entry, stage: &Raw, measured: &[Measured]) -> Option<Built> {
        let before = self.problems.len();
        let known = known_options(entry);
        if let Takes::Clauses(list) = entry.takes
            && let Some(rules) = stage.options.iter().find(|o| o.key == list)
        {
            self.clauses(rules, Within { measured, not: false, early: false });
        }
        let faulty = self.problems.len() > before;
        let (mut usable, strange): (Vec<&Entry>, Vec<&Entry>) =
            stage.options.iter().partition(|o| known.iter().any(|k| k.0 == o.key));
        for option in strange {
            let help = match known.as_slice() {
                [] => "it has no options".to_owned(),
                _ => did_you_mean(&option.key, known.iter().map(|k| k.0.as_str())),
            };
            let message = format!("`{}` has no option `{}`", stage.run, option.key);
            self.cure(Kind::UnknownOption, &option.span, message, "unknown option", help);
        }
        if faulty {
            return None;
        }
        let mut taken: Vec<String> = Vec::new();
        loop {
            let message = match (entry.build)(json(usable.iter().copied())) {
                Ok(built) => return (self.problems.len() == before).then_some(built),
                Err(message) => message,
            };
            // To blame is the option without which something else is wrong, or nothing.
            let blamed = (0..usable.len()).find(|skip| {
                let others = usable.iter().enumerate().filter(|(i, _)| i != skip).map(|(_, o)| *o);
                (entry.build)(json(others)).err().as_ref() != Some(&message)
            });
            let Some(blamed) = blamed else {
                // What is amiss without the options taken out may be so for want of them; a field that is missing is not.
                let missing = message.starts_with("missing field");
                if taken.is_empty() || missing && !taken.iter().any(|key| message == format!("missing field `{key}`")) {
                    let message = message.replace("missing field", "it lacks the option");
                    self.problem(
                        Kind::Unbuildable,
                        &stage.span,
                        format!("stage `{}`: {message}", stage.name),
                        "this stage",
                    );
                }
                return None;
            };
            let option = usable.remove(blamed);
            let about = known.iter().find(|k| k.0 == option.key).and_then(|k| k.1.clone());
            let message = format!("option `{}` of `{}`: {}", option.key, stage.name, plain(&message));
            self.problem(Kind::BadOption, &option.node.span, message, "this value").help = about;
            taken.push(option.key.clone());
        }
    }

    /// Builds a stage of which each option that its schema does not name is part of a rule.
    fn rules(&mut self, entry: &stages::Entry, stage: &Raw, measured: &[Measured]) -> Option<Built> {
        let before = self.problems.len();
        let known = known_options(entry);
        let (mut rules, mut early) = (Vec::new(), false);
        for option in &stage.options {
            let word = known.iter().any(|k| k.0 == option.key) && !WORDS.contains(&option.key.as_str());
            match option.node.value {
                Value::Bool(yes) if word => early |= yes && option.key == "early",
                _ if word => self.wrong(option, "true or false"),
                _ => rules.push(option),
            }
        }
        self.clause_of(rules, Within { measured, not: false, early });
        if self.problems.len() > before {
            return None;
        }
        match (entry.build)(json(&stage.options)) {
            Ok(built) => Some(built),
            Err(message) => {
                self.problem(Kind::Unbuildable, &stage.span, message, "this stage");
                None
            }
        }
    }

    /// A signal by whose value the best row is chosen: it is a number, and measured before.
    fn ordering(&mut self, span: &Range<usize>, signal: &str, measured: &[Measured]) {
        let known = signals();
        match known.iter().find(|s| s.0 == signal) {
            None => {
                let help = did_you_mean(signal, known.iter().map(|s| s.0));
                self.cure(Kind::UnknownSignal, span, format!("no signal is called `{signal}`"), "unknown signal", help);
            }
            Some((_, _, kind)) if !matches!(kind, Type::Int | Type::Float) => {
                self.problem(Kind::NoOrder, span, format!("`{signal}` is no number: none is the best"), "this signal");
            }
            Some((_, stage, _)) if has(measured, signal).is_none() => {
                self.unmeasured(span, signal, stage, "no stage before this one measures");
            }
            Some(_) => {}
        }
    }

    /// Signals that a stage judges by, beside those that its options name: those of a profile.
    fn read_signals(&mut self, stage: &Raw, reads: Vec<Reads>, measured: &[Measured]) {
        let known = signals();
        for read in reads {
            if let Reads::Signal(signal) = read
                && has(measured, &signal).is_none()
                && let Some((_, by, _)) = known.iter().find(|s| s.0 == signal)
            {
                self.unmeasured(&stage.span, &signal, by, "no stage before this one measures");
            }
        }
    }

    pub(super) fn unmeasured(&mut self, span: &Range<usize>, signal: &str, stage: &str, what: &str) {
        let entries = stages::ALL.iter().flat_map(|entry| entry.signals);
        let option = entries.filter(|s| s.name == signal).find_map(|s| s.option);
        let more = option.map_or_else(String::new, |option| format!(", {option}"));
        let help = format!("add [[stage]] run = \"{stage}\"{more} above");
        self.cure(Kind::NotMeasured, span, format!("{what} `{signal}`"), "not measured", help);
    }
}

/// Signals that the options of a stage declare, under `signals`, where the stage itself cannot be asked.
fn declared(stage: &Raw) -> Vec<Measured> {
    let option = stage.options.iter().find(|option| option.key == "signals");
    let kind = |entry: &Entry| if entry.node.value == Value::Text("text".into()) { Type::Text } else { Type::Float };
    let entries = option.and_then(|option| option.node.entries()).unwrap_or_default();
    entries.iter().map(|entry| (entry.key.clone().into(), kind(entry))).collect()
}

/// Options as JSON, for a stage to read.
fn json<'a>(options: impl IntoIterator<Item = &'a Entry>) -> Json {
    Json::Object(options.into_iter().map(|o| (o.key.clone(), o.node.json())).collect::<Map<String, Json>>())
}

/// What serde says of a value, in the words of a recipe.
fn plain(message: &str) -> String {
    let words = [
        ("invalid type: ", "wrong type: "),
        ("unknown variant ", "unknown word "),
        ("expected u64", "expected a whole number from 0"),
        ("expected u32", "expected a whole number from 0"),
        ("expected usize", "expected a whole number from 0"),
        ("expected f64", "expected a number"),
        ("expected f32", "expected a number"),
        ("a boolean", "true or false"),
        ("a sequence", "a list"),
        ("string or map", "a word in quotes"),
        ("map,", "a table,"),
    ];
    words.iter().fold(message.to_owned(), |message, (theirs, ours)| message.replace(theirs, ours))
}

/// Names of a stage's options, with what they mean.
fn known_options(entry: &stages::Entry) -> Vec<(String, Option<String>)> {
    let schema = (entry.schema)().to_value();
    let about = |value: &Json| Some(value.get("description")?.as_str()?.replace('\n', " "));
    let properties = schema.get("properties").and_then(Json::as_object);
    properties.map(|p| p.iter().map(|(name, value)| (name.clone(), about(value))).collect()).unwrap_or_default()
}
