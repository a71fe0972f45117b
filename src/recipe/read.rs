//! A recipe's tree to [`Recipe`]: every problem is collected, none stops the reading.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::cards::{ONLY_CARD, Policy};
use super::kinds::Kind;
use super::problem::Problems;
use super::reader::{Reader, TOP};
use super::signals::{Measured, has, signals};
use super::toml::{Entry, Node, Value, parse};
use super::{Codec, Input, Output, Recipe, Source};
use crate::Result;
use crate::formats::{self, FIELDS, TextRows};
use crate::output::codec;
use crate::rows::{LANGUAGE, SCRIPT};
use crate::text::language;
use crate::text::wikitext::Variant;

const SOURCE: [&str; 21] = [
    "name", "path", "card", "parts", "revision", "split", "config", "format", "rows", "use", "language", "license",
    "encoding", "variant", "fields", "options", "limit", "priority", "weight", "repeat", "seed",
];
const INPUT: [&str; 2] = ["max_unreadable", "max_row"];
const OUTPUT: [&str; 4] = ["shard", "signals", "dropped_text", "compression"];
const NO_SOURCE: &str = "add [[source]] with a `card`, or with a `name` and a `path`";
/// Reads a recipe. `path` is for messages; relative inputs start from `base`; `sets` are `STAGE.KEY=VALUE`.
///
/// # Errors
///
/// [`Error::Recipe`](crate::Error::Recipe) with every problem, rendered; [`Error::Other`](crate::Error::Other) where
/// only a `--set` is at fault.
pub fn read(text: &str, path: &Path, base: &Path, sets: &[String]) -> Result<Recipe> {
    check(text, path, base, sets).map_err(|problems| problems.into_error(false))
}

/// The same, with the problems as data.
///
/// # Errors
///
/// Every problem, in the order of the text; at least one.
pub fn check(text: &str, path: &Path, base: &Path, sets: &[String]) -> Result<Recipe, Problems> {
    let report = |problems| Problems::new(path.display().to_string(), text, sets, problems);
    let tree = parse(text).map_err(|problem| report(vec![problem]))?;
    let mut reader = Reader { problems: Vec::new() };
    let recipe = reader.recipe(&tree, text, path, base, sets);
    if reader.problems.is_empty() { Ok(recipe) } else { Err(report(reader.problems)) }
}

impl Reader {
    fn recipe(&mut self, tree: &Node, text: &str, path: &Path, base: &Path, sets: &[String]) -> Recipe {
        let entries = tree.entries().unwrap_or_default();
        self.unknown(entries, &TOP, "a recipe");
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let stem = path.file_stem().map_or_else(|| "recipe".into(), |s| s.to_string_lossy().into_owned());
        let may = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        // A file may be called as it likes: `配 方.toml`.
        let named = || stem.chars().map(|c| if may(c) { c } else { '_' }).collect();
        let name: String = get("name").and_then(|e| self.text(e)).unwrap_or_else(named);
        if name.chars().all(|c| c == '.') || !name.chars().all(may) {
            let span = get("name").map_or(0..0, |e| e.node.span.clone());
            let message = format!("`{name}` cannot name a folder");
            self.cure(Kind::BadName, &span, message, "this name", "use letters, digits, `-`, `_` and `.`");
        }
        let about = get("about").and_then(|e| self.text(e)).unwrap_or_default();
        let policy = self.policy(get("policy"));
        let sources = self.sources(get("source"), text, &policy);
        let input = self.input(get("input"));
        let mut raw = self.raw_stages(get("stage"), &sources);
        self.split(get("split"), &mut raw);
        self.set(&mut raw, text, sets);
        let mix = self.mix(get("mix"), get("source"), &sources, &raw);
        let (stages, measured) = self.stages(raw);
        let output = self.output(get("output"), &measured);
        let exports = self.exports(get("export"), get("split").is_some());
        let gates = self.gates(get("gates"), &stages);
        let (path, base) = (path.to_path_buf(), base.to_path_buf());
        Recipe { name, about, path, base, sources, mix, input, stages, output, exports, gates }
    }

    fn sources(&mut self, entry: Option<&Entry>, text: &str, policy: &Policy) -> Vec<Source> {
        let Some(Value::List(items)) = entry.map(|e| &e.node.value) else {
            let span = entry.map_or(0..0, |e| e.span.clone());
            match entry.map(|e| &e.node.value) {
                Some(Value::Table(_)) => {
                    let help = "write [[source]], with two brackets";
                    self.cure(Kind::NoList, &span, "sources are a list of tables", "one table", help);
                }
                Some(_) => self.cure(Kind::NoList, &span, "sources are a list of tables", "no table", NO_SOURCE),
                None => self.cure(Kind::NoSource, &span, "the recipe names no source", "no [[source]] here", NO_SOURCE),
            }
            return Vec::new();
        };
        if let Some(entry) = entry.filter(|_| items.is_empty()) {
            self.cure(Kind::NoSource, &entry.span, "the recipe names no source", "an empty list", NO_SOURCE);
        }
        let mut sources: Vec<Source> = Vec::new();
        for item in items {
            let Some(entries) = item.entries() else {
                self.problem(Kind::NoList, &item.span, "a source is a table: [[source]]", "not a table");
                continue;
            };
            let found = self.source(entries, item, text, policy);
            if let Some(source) =
                found.iter().find(|f| sources.iter().any(|s| !f.label.is_empty() && s.label == f.label))
            {
                let span = entries.iter().find(|e| e.key == "name").map_or(&item.span, |e| &e.node.span);
                let help = "give one of them another `name`";
                self.cure(
                    Kind::SameSource,
                    span,
                    format!("two sources are called `{}`", source.label),
                    "the second",
                    help,
                );
            }
            sources.extend(found);
        }
        sources
    }

    /// Keys that a source must have, and those that it must not.
    fn source_keys(&mut self, entries: &[Entry], item: &Node) {
        self.unknown(entries, &SOURCE, "a source");
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let card = get("card");
        for key in ["name", "path"].into_iter().filter(|k| get(k).is_none() && card.is_none()) {
            self.problem(Kind::LacksKey, &item.span, format!("the source has no `{key}`"), "this source");
        }
        for key in ONLY_CARD.into_iter().filter(|_| card.is_none()) {
            if let Some(entry) = get(key) {
                self.cure(
                    Kind::NoCard,
                    &entry.span,
                    format!("`{key}` is of a `card`"),
                    "no card here",
                    "name the card, or leave it out",
                );
            }
        }
    }

    fn format(&mut self, word: &str, span: &Range<usize>) -> Option<String> {
        let containers = formats::containers::ALL.iter().map(|c| c.name());
        let known: Vec<&str> = containers.chain(formats::shapes::ALL.iter().map(|s| s.name())).collect();
        let found = known.contains(&word).then(|| word.to_owned());
        self.word(word, span, "format", &known, found)
    }

    fn encoding(&mut self, label: &str, span: &Range<usize>) -> Option<String> {
        let known = ["UTF-8", "UTF-16LE", "UTF-16BE", "gb18030", "GBK", "Big5", "EUC-JP", "Shift_JIS", "EUC-KR"];
        let found = crate::input::encoding::named(label).map(str::to_owned);
        self.word(label, span, "encoding", &known, found)
    }

    fn variant(&mut self, code: &str, span: &Range<usize>) -> Option<String> {
        let known = Variant::ALL.map(Variant::code);
        let found = Variant::parse(code).map(|v| v.code().to_owned());
        self.word(code, span, "variant", &known, found)
    }

    /// `fields = { text = "content" }`: ours = theirs.
    fn fields(&mut self, entry: &Entry) -> BTreeMap<String, String> {
        let Some(entries) = entry.node.entries() else {
            self.wrong(entry, "a table: { text = \"content\" }");
            return BTreeMap::new();
        };
        self.unknown(entries, &FIELDS, "a row");
        entries.iter().filter_map(|entry| Some((entry.key.clone(), self.text(entry)?))).collect()
    }

    /// Paths and globs; none of them is empty, and there is one at least where the key is there.
    fn paths(&mut self, entry: Option<&Entry>) -> Vec<String> {
        let before = self.problems.len();
        let path = entry.map(|e| self.texts(e)).unwrap_or_default();
        for (_, span) in path.iter().filter(|p| p.0.is_empty()) {
            self.problem(Kind::Empty, span, "`path` names no file", "empty");
        }
        if let Some(entry) = entry.filter(|_| path.is_empty() && self.problems.len() == before) {
            self.problem(Kind::Empty, &entry.node.span, "`path` names no file", "empty");
        }
        path.into_iter().map(|p| p.0).collect()
    }

    fn source(&mut self, entries: &[Entry], item: &Node, text: &str, policy: &Policy) -> Vec<Source> {
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let card = get("card");
        self.source_keys(entries, item);
        let mut word = |key: &str| get(key).and_then(|e| Some((self.text(e)?, e.node.span.clone())));
        let (format, rows, usage, encoding) = (word("format"), word("rows"), word("use"), word("encoding"));
        let (name, language, license, variant) = (word("name"), word("language"), word("license"), word("variant"));
        let format = format.and_then(|(word, span)| self.format(&word, &span));
        let rows = rows.and_then(|(word, span)| {
            self.word(&word, &span, "rows", &TextRows::ALL.map(TextRows::as_str), TextRows::parse(&word))
        });
        let usage = usage.and_then(|(word, span)| self.usage(&word, &span));
        let encoding = encoding.and_then(|(label, span)| self.encoding(&label, &span));
        let variant = variant.and_then(|(code, span)| self.variant(&code, &span));
        let fields = get("fields").map(|e| self.fields(e)).unwrap_or_default();
        let options = get("options").map(|e| self.choices(e, format.as_deref())).unwrap_or_default();
        if let Some((_, span)) = name.as_ref().filter(|n| n.0.is_empty()) {
            self.problem(Kind::Empty, span, "`name` is empty", "empty");
        }
        let path = self.paths(get("path"));
        let name = name.map(|n| n.0).unwrap_or_default();
        let mut words = |key: &str| {
            let said = get(key).map(|e| self.texts(e)).unwrap_or_default();
            said.into_iter().map(|w| w.0).collect::<Vec<_>>()
        };
        let (split, config) = (words("split"), words("config"));
        let source = Source {
            label: name.clone(),
            name,
            card: None,
            path,
            split,
            config,
            format,
            rows,
            usage,
            // As it is compared with what `only` names: `zho_Hans` and `中文` are `zh`.
            language: language.map(|(word, _)| language::code(&word).map_or(word, str::to_owned)),
            license: license.map(|l| l.0),
            encoding,
            variant,
            fields,
            options,
            limit: get("limit").and_then(|e| self.int(e, 1)).map(|l| l as u64),
            priority: get("priority").and_then(|e| self.int(e, i64::MIN)).unwrap_or(0),
            share: self.share_in_mix(entries),
            members: Vec::new(),
            stored: Vec::new(),
            line: text[..item.span.start.min(text.len())].matches('\n').count() + 1,
        };
        match card {
            Some(entry) => self.of_card(entry, entries, &source, policy),
            None => vec![source],
        }
    }

    /// `options = { name = "word" }`: those of the format, or of any where it is not named.
    fn choices(&mut self, entry: &Entry, format: Option<&str>) -> BTreeMap<String, String> {
        let Some(entries) = entry.node.entries() else {
            self.wrong(entry, "a table: { prefer = \"safe\" }");
            return BTreeMap::new();
        };
        let known = formats::choices::offered(format);
        let names: Vec<&str> = known.iter().map(|c| c.name).collect();
        self.unknown(entries, &names, format.map_or("a format", |f| f));
        let mut options = BTreeMap::new();
        for entry in entries.iter().filter(|e| names.contains(&e.key.as_str())) {
            let Some(word) = self.text(entry) else { continue };
            let Some(choice) = known.iter().find(|c| c.name == entry.key) else { continue };
            let found = choice.words.contains(&word.as_str()).then(|| word.clone());
            if let Some(word) = self.word(&word, &entry.node.span, &entry.key, &choice.words, found) {
                options.insert(entry.key.clone(), word);
            }
        }
        options
    }

    fn input(&mut self, entry: Option<&Entry>) -> Input {
        let mut input = Input { max_unreadable: 0.01, max_row: 64 << 20 };
        for entry in self.table(entry, &INPUT, "[input]") {
            match entry.key.as_str() {
                "max_unreadable" => input.max_unreadable = self.share(entry).unwrap_or(input.max_unreadable),
                "max_row" => input.max_row = self.size(entry).unwrap_or(input.max_row),
                _ => {}
            }
        }
        input
    }

    fn codec(&mut self, entry: &Entry) -> Option<Codec> {
        let word = self.text(entry)?;
        let codec = Codec::named(&word);
        if codec.is_none() {
            let message = format!("`{word}` is no compression of the output");
            let cure = format!("write {}", codec::WORDS);
            self.cure(Kind::UnknownWord, &entry.node.span, message, "unknown", &cure);
        }
        codec
    }

    fn output(&mut self, entry: Option<&Entry>, measured: &[Measured]) -> Output {
        let compression = Codec::default();
        let mut output = Output { shard: 256 << 20, signals: None, dropped_text: 1.0, compression };
        for entry in self.table(entry, &OUTPUT, "[output]") {
            match entry.key.as_str() {
                "shard" => output.shard = self.size(entry).unwrap_or(output.shard),
                "dropped_text" if entry.node.value == Value::Text("all".into()) => {}
                "dropped_text" => output.dropped_text = self.share(entry).unwrap_or(1.0),
                "compression" => output.compression = self.codec(entry).unwrap_or(compression),
                "signals" => {
                    let known = signals();
                    let words: Vec<&str> = known.iter().map(|s| s.0).collect();
                    let mut names = Vec::new();
                    for (name, span) in self.texts(entry) {
                        let found = known.iter().find(|s| s.0 == name);
                        // Every row has a language and a script, measured or not.
                        let there = [LANGUAGE, SCRIPT].contains(&name.as_str()) || has(measured, &name).is_some();
                        match found.filter(|_| !there) {
                            Some((signal, stage, _)) => self.unmeasured(&span, signal, stage, "no stage measures"),
                            None => {
                                names.extend(self.word(&name, &span, "signal", &words, there.then(|| name.clone())))
                            }
                        }
                    }
                    output.signals = Some(names);
                }
                _ => {}
            }
        }
        output
    }
}
