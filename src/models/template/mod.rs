//! Chat templates: a dialogue to the text that a model is trained on, by the Jinja template that the model ships.
//!
//! A template is rendered as the Python library `transformers` renders it with Jinja2: blocks trimmed, `tojson` as
//! Python writes JSON, the methods of Python's texts and objects, `raise_exception`, `strftime_now`, `namespace`, and
//! `{% generation %}` around what is learnt. What Jinja2 would refuse is refused here, with its reason. Two of a model's
//! templates may be known: one for dialogues in which tools are on offer, and one for all others.
//!
//! Rendering can tell where a part of the text comes from: characters that mean nothing in Unicode ([`WORDS`]) may stand
//! around parts of what is put in, and come out as ranges of the text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest};
use minijinja::{AutoEscape, Environment, ErrorKind};
use serde_json::Value as Json;

use super::{Error, Result};

mod clock;
mod json;
mod names;
mod python;
#[cfg(test)]
mod tests;

pub use clock::Day;
pub use minijinja::value::{Value, ValueKind};

/// Characters that stand before and behind a part that is to be found again in the rendered text. Unicode sets them
/// aside for such uses, so no text has them.
pub const WORDS: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];
/// The same around what a `{% generation %}` block wrote.
const LEARNT: [char; 2] = ['\u{fdd2}', '\u{fdd3}'];

/// The name of the function by which such a block is rendered.
const BLOCK: &str = "corpus_generation";
/// The names of the templates in the engine.
const DEFAULT: &str = "default";
const WITH_TOOLS: &str = "tool_use";

/// A chat template.
pub struct Template {
    environment: Environment<'static>,
    file: PathBuf,
    /// Special tokens and options, as the template reads them.
    variables: Vec<(String, Value)>,
    /// Whether it has `{% generation %}` blocks.
    learns: bool,
    /// Whether it asks which day it is.
    dated: bool,
    /// Whether it writes special tokens that the tokenizer's configuration names.
    tokens: bool,
}

/// A rendered dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What `{% generation %}` blocks wrote, in bytes of it.
    pub learnt: Vec<Range<usize>>,
    /// What stood between [`WORDS`].
    pub words: Vec<Range<usize>>,
}

impl Template {
    /// Reads a template: a file of Jinja, or a JSON file with `chat_template` (`tokenizer_config.json`).
    ///
    /// # Errors
    /// A file that cannot be read, has no template, or one that is not Jinja.
    pub fn read(path: &Path, day: Day) -> Result<Template> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e.to_string()))?;
        if path.extension().is_some_and(|e| e == "json") {
            let named = named(path, &text)?;
            return Template::of(path, &named, day);
        }
        Template::of(path, &[(DEFAULT.to_owned(), text)], day)
    }

    /// Reads the template that a model ships beside its tokenizer: `chat_template.jinja`, `chat_template.json`, or
    /// `chat_template` of `tokenizer_config.json`.
    ///
    /// # Errors
    /// As [`Template::read`]; and where there is none.
    pub fn beside(tokenizer: &Path, day: Day) -> Result<Template> {
        let names = ["chat_template.jinja", "chat_template.json", "tokenizer_config.json"];
        match names.iter().map(|name| tokenizer.with_file_name(name)).find(|path| path.is_file()) {
            Some(path) => Template::read(&path, day),
            None => {
                let what = "has no chat template beside it (chat_template.jinja, or tokenizer_config.json): name one with \
                            --template FILE";
                Err(Error::file(tokenizer, what))
            }
        }
    }

    /// A template of its sources by name, of which one is [`DEFAULT`].
    fn of(path: &Path, sources: &[(String, String)], day: Day) -> Result<Template> {
        let mut environment = environment(day).map_err(|e| Error::file(path, e.to_string()))?;
        let (mut learns, mut dated, mut tokens) = (false, false, false);
        for (name, source) in sources.iter().filter(|s| [DEFAULT, WITH_TOOLS].contains(&s.0.as_str())) {
            // As Jinja2 reads it.
            let source = source.replace("\r\n", "\n").replace('\r', "\n");
            dated |= source.contains("strftime_now");
            tokens |= source.contains("bos_token") || source.contains("eos_token");
            let (source, blocks) = calls(&source);
            learns |= blocks;
            environment.add_template_owned(name.clone(), source).map_err(|e| Error::file(path, refused(&e)))?;
        }
        if environment.get_template(DEFAULT).is_err() {
            let names: Vec<&str> = sources.iter().map(|s| s.0.as_str()).collect();
            let what = format!("has no template called `{DEFAULT}`, but {}", names.join(", "));
            return Err(Error::file(path, what));
        }
        Ok(Template { environment, file: path.to_owned(), variables: Vec::new(), learns, dated, tokens })
    }

    /// Sets a variable: a special token, or an option such as `enable_thinking`.
    pub fn set(&mut self, name: &str, value: Value) {
        self.variables.retain(|variable| variable.0 != name);
        self.variables.push((name.to_owned(), value));
    }

    /// Sets the special tokens that the configuration beside a tokenizer names (`bos_token`, `eos_token`, …); gives them
    /// back by name, or `None` where there is no configuration.
    ///
    /// # Errors
    /// A configuration that is no JSON.
    pub fn set_tokens(&mut self, tokenizer: &Path) -> Result<Option<BTreeMap<String, String>>> {
        let path = tokenizer.with_file_name("tokenizer_config.json");
        let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
        let json: Json = serde_json::from_slice(&bytes).map_err(|e| Error::file(&path, e.to_string()))?;
        let mut found = BTreeMap::new();
        for (name, token) in json.as_object().into_iter().flatten().filter(|(name, _)| name.ends_with("_token")) {
            if let Some(token) = token.as_str().or_else(|| token.get("content")?.as_str()) {
                self.set(name, Value::from(token));
                found.insert(name.clone(), token.to_owned());
            }
        }
        Ok(Some(found))
    }

    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether it says itself what is learnt, by `{% generation %}` blocks.
    pub fn learns(&self) -> bool {
        self.learns
    }

    /// Whether its text depends on the day.
    pub fn is_dated(&self) -> bool {
        self.dated
    }

    /// Whether it writes special tokens by their roles (`bos_token`), which a tokenizer's configuration names.
    pub fn wants_tokens(&self) -> bool {
        self.tokens
    }

    /// Renders a dialogue: messages as objects with `role`, `content`, …, tools as a list of objects or `none`, and
    /// behind them, where it is asked for, the beginning of the next answer.
    ///
    /// # Errors
    /// Why the template does not take the dialogue, in its own words where it has any.
    pub fn render(&self, messages: &[Value], tools: &Value, prompt: bool) -> std::result::Result<Rendered, String> {
        let offered = tools.len().unwrap_or(0) > 0;
        let name = if offered && self.environment.get_template(WITH_TOOLS).is_ok() { WITH_TOOLS } else { DEFAULT };
        let template = self.environment.get_template(name).map_err(|e| refused(&e))?;
        let own = [
            ("messages", Value::from(messages.to_vec())),
            ("tools", tools.clone()),
            ("documents", Value::from(())),
            ("add_generation_prompt", Value::from(prompt)),
        ];
        let variables = self.variables.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let text = template.render(Value::from_pairs(variables.chain(own))).map_err(|e| refused(&e))?;
        Ok(Rendered::of(text))
    }
}

/// What an error says, without the place in the engine's own words.
fn refused(error: &minijinja::Error) -> String {
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::InvalidOperation, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    match error.line() {
        Some(line) if !what.is_empty() => format!("{what} (line {line} of the template)"),
        _ => what,
    }
}

/// The templates that a JSON file has, by name.
fn named(path: &Path, text: &str) -> Result<Vec<(String, String)>> {
    let json: Json = serde_json::from_str(text).map_err(|e| Error {
        file: path.into(),
        place: super::Place::Line(e.line() as u64),
        what: format!("no JSON: {e}; fetch it again"),
    })?;
    let pair = |name: &Json, template: &Json| Some((name.as_str()?.to_owned(), template.as_str()?.to_owned()));
    let found: Option<Vec<(String, String)>> = match json.get("chat_template") {
        Some(Json::String(template)) => Some(vec![(DEFAULT.to_owned(), template.clone())]),
        Some(Json::Array(all)) => all.iter().map(|one| pair(one.get("name")?, one.get("template")?)).collect(),
        Some(Json::Object(all)) => {
            all.iter().map(|(name, one)| Some((name.clone(), one.as_str()?.to_owned()))).collect()
        }
        _ => None,
    };
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        let what =
            "has no `chat_template`: the model has none, or it is in a file of its own; name it with --template FILE";
        Error::file(path, what)
    })
}

/// The engine with all that templates use of Jinja2, of Python and of `transformers`.
fn environment(day: Day) -> std::result::Result<Environment<'static>, minijinja::Error> {
    let mut made = Environment::new();
    made.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    made.set_auto_escape_callback(|_| AutoEscape::None);
    made.set_debug(false);
    made.set_unknown_method_callback(python::method);
    made.set_formatter(|out, _, value| {
        let text = match value.as_str() {
            Some(text) => std::borrow::Cow::Borrowed(text),
            None => std::borrow::Cow::Owned(json::shown(value)),
        };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    made.add_filter("tojson", |value: &Value, plain: Rest<Value>, named: Kwargs| {
        json::tojson(value, &all(plain, named))
    });
    made.add_filter("trim", |value: &Value, plain: Rest<Value>, named: Kwargs| {
        python::trim(&json::shown(value), &all(plain, named))
    });
    made.add_filter("string", |value: &Value| json::shown(value));
    made.add_filter("capitalize", |value: &Value| python::capitalized(&json::shown(value)));
    made.add_test("iterable", |value: &Value| python::is_iterable(value));
    made.add_test("sequence", |value: &Value| python::is_sequence(value));
    made.add_function("raise_exception", |message: &Value| -> std::result::Result<Value, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, message.to_string()))
    });
    made.add_function("strftime_now", move |format: &str| day.format(format));
    made.add_function(BLOCK, |state: &mut minijinja::State, named: Kwargs| {
        let text: Value = named.get::<Value>("caller")?.call(state, &[])?;
        let [open, close] = LEARNT;
        Ok::<_, minijinja::Error>(format!("{open}{text}{close}"))
    });
    Ok(made)
}

/// The arguments of a call as they stood: those with names, if any, last.
fn all(plain: Rest<Value>, named: Kwargs) -> Vec<Value> {
    plain.0.into_iter().chain([Value::from(named)]).collect()
}

/// A template in which `{% generation %}` is a call, and whether it has one: the engine does not know that statement.
fn calls(source: &str) -> (String, bool) {
    let (mut out, mut rest, mut found) = (String::with_capacity(source.len()), source, false);
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at + 2);
        out.push_str(before);
        rest = tag;
        let Some(end) = tag.find("%}") else { break };
        let inside = &tag[..end];
        let (front, word) = inside.split_at(usize::from(inside.starts_with(['-', '+'])));
        let (word, back) = word.split_at(word.len() - usize::from(word.ends_with(['-', '+'])));
        let call = match word.trim() {
            "generation" => {
                let block = tag.find("endgeneration").map_or(tag, |close| &tag[end..close]);
                // The engine hands variables that a block reads to it, and overlooks some: those of which it sets an
                // attribute, and those in a slice or behind the `in` of a loop.
                format!(" call {BLOCK}() %}}{{% if [{}] %}}{{% endif ", names::read(block).join(", "))
            }
            "endgeneration" => " endcall ".to_owned(),
            _ => continue,
        };
        found = true;
        out.push_str(&format!("{front}{call}{back}"));
        rest = &tag[end..];
    }
    out.push_str(rest);
    (out, found)
}

impl Rendered {
    /// Takes the marks out of a text. A mark without its other half is left out, and gives no range.
    fn of(text: String) -> Rendered {
        // All marks begin with these two bytes.
        const HEAD: [u8; 2] = [0xef, 0xb7];
        if memchr::memmem::find(text.as_bytes(), &HEAD).is_none() {
            return Rendered { text, ..Rendered::default() };
        }
        let mut made = Rendered { text: String::with_capacity(text.len()), ..Rendered::default() };
        let mut open: [Option<usize>; 2] = [None; 2];
        let mut rest = text.as_str();
        let is_mark = |c: char| WORDS.contains(&c) || LEARNT.contains(&c);
        while let Some(at) = rest.find(is_mark) {
            made.text.push_str(&rest[..at]);
            let mark = rest[at..].chars().next().unwrap_or_default();
            rest = &rest[at + mark.len_utf8()..];
            let here = made.text.len();
            for (kind, [begin, end]) in [WORDS, LEARNT].into_iter().enumerate() {
                if mark == begin {
                    open[kind] = Some(here);
                } else if mark == end
                    && let Some(start) = open[kind].take()
                {
                    [&mut made.words, &mut made.learnt][kind].push(start..here);
                }
            }
        }
        made.text.push_str(rest);
        made
    }
}
