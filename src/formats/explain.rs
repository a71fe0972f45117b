//! Whether a detected shape explains the rows that it was detected on: which of our fields is read from which of
//! theirs, what goes to `meta`, and what of that looks like content that must not be lost there.
//!
//! The shape's own mapping is run over the sample, and what comes out is compared with what was there. A field that is
//! left over is suspect by its name (an answer, a question, a verdict, choices, a score), or by what it holds (a
//! dialogue, the longest text of the row, any text of a row without an answer). A text that the row holds already is
//! none. Shapes of one data set are known by fields of its own, and leave what they leave on purpose: theirs is reported.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{Layout, Object, Shape};
use crate::rows::{Unreadable, Use};

mod names;
mod ours;
mod said;

use super::shapes::{is_switch, templated, verdict};
use names::{Sense, sense};
use ours::{columns, is_content, kept, objects, unanswered};

/// What a row was mapped to: our fields with their texts, its `meta`, and whether nothing answers it.
type Emitted = (Vec<(String, String)>, Option<String>, bool);

/// How the sample of a file was mapped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// Objects that were mapped to rows.
    pub rows: usize,
    /// Objects that were not.
    pub failed: usize,
    /// Why, where it is one reason for all of them.
    pub reason: Option<String>,
    /// Our field, and theirs.
    pub read: Vec<(String, String)>,
    /// Fields that go to `meta`.
    pub left: Vec<Left>,
}

/// A field that is not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Sampled rows that have it, and not empty.
    pub rows: usize,
    /// What it holds, for a person.
    pub kind: &'static str,
    /// What it looks like, if that must not be lost: and our field for it.
    pub suspect: Option<(&'static str, &'static str)>,
}

/// What a field that is left over holds in the sample.
#[derive(Default)]
struct Tally {
    rows: usize,
    texts: usize,
    lists: usize,
    numbers: usize,
    dialogues: usize,
    /// Rows where it is a list of several texts, or JSON of one.
    several: usize,
    /// Rows where it is true or false, 0 or 1, or a word for one of them.
    verdicts: usize,
    /// Rows where that is no number.
    said: usize,
    /// Rows where it only turns something on or off.
    switches: usize,
    /// Rows that hold its text already.
    repeated: usize,
    chars: usize,
}

/// Runs a shape over sampled objects, each as JSON.
pub fn mapping(sample: &[String], shape: &dyn Shape, layout: &Layout) -> Mapping {
    let mut out = Mapping::default();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut tallies: Vec<(String, Tally)> = Vec::new();
    let (mut chars, mut open) = (0, 0);
    for json in &objects(sample, shape) {
        let Ok(object) = Object::parse(json).or_else(|_| Object::list(json)) else { continue };
        match emitted(&object, shape, layout) {
            None => {}
            Some(Err(error)) => {
                out.failed += 1;
                *reasons.entry(format!("{}: {}", error.reason, error.detail)).or_default() += 1;
            }
            Some(Ok((mut columns, meta, without))) => {
                out.rows += 1;
                open += usize::from(without);
                let meta: serde_json::Map<String, Value> =
                    meta.and_then(|m| serde_json::from_str(&m).ok()).unwrap_or_default();
                if shape.groups(layout) {
                    // An answer that is still to be set against others.
                    columns.extend(meta.get("answer").and_then(Value::as_str).map(|a| ("chosen".into(), a.to_owned())));
                }
                let content: Vec<&str> = columns.iter().filter(|c| is_content(&c.0)).map(|c| c.1.as_str()).collect();
                chars += content.iter().map(|c| c.chars().count()).sum::<usize>();
                let joined = object.get("rows").filter(|_| shape.joins()).map_or("", |rows| rows.get());
                let has = |name: &str| object.has(name) || joined.contains(&format!("\"{name}\""));
                let mut left = Vec::new();
                kept(&meta, &has, &mut left);
                sources(&object, &columns, &left.iter().map(|(name, _)| *name).collect::<Vec<_>>(), &mut out.read);
                for (name, value) in left {
                    let at = tallies.iter().position(|t| t.0 == name).unwrap_or_else(|| {
                        tallies.push((name.to_owned(), Tally::default()));
                        tallies.len() - 1
                    });
                    tallies[at].1.add(value, &content);
                }
            }
        }
    }
    if reasons.len() == 1 && out.rows == 0 {
        out.reason = reasons.into_keys().next();
    }
    let sample =
        Sample { usage: layout.usage, rows: out.rows, chars: chars / out.rows.max(1), open: open * 2 > out.rows };
    let left = tallies.into_iter().filter(|(_, tally)| tally.rows > 0);
    out.left = left.map(|(name, tally)| tally.left(name, shape.leaves(), &sample)).collect();
    out
}

/// What an object was mapped to; what is in any of its rows is not lost.
fn emitted(object: &Object<'_>, shape: &dyn Shape, layout: &Layout) -> Option<Result<Emitted, Unreadable>> {
    let mut first: Option<Result<Emitted, Unreadable>> = None;
    shape.map(object, layout, &mut |row| {
        let seen = row.map(|row| (columns(&row), row.meta.as_deref().map(str::to_owned), unanswered(&row)));
        match (&mut first, seen) {
            (Some(Ok(first)), Ok(more)) => first.0.extend(more.0),
            (Some(_), _) => {}
            (None, seen) => first = Some(seen),
        }
    });
    first
}

/// Characters that a program has at least, on average: a shorter `code` is a number of something.
const CODE: usize = 16;

/// Whether a value is a list of texts: of several, or in a text (of one too, since nobody says that as it stands).
fn is_several(value: &Value) -> bool {
    let texts = |items: &[Value]| !items.is_empty() && items.iter().all(Value::is_string);
    match value {
        Value::Array(items) => items.len() > 1 && texts(items),
        Value::String(text) if text.starts_with("[\"") => {
            serde_json::from_str::<Vec<Value>>(text).is_ok_and(|items| texts(&items))
        }
        _ => false,
    }
}

/// The rows that a sample was mapped to.
struct Sample {
    usage: Use,
    rows: usize,
    /// Characters of content of a row, on average.
    chars: usize,
    /// Whether most of them have no answer.
    open: bool,
}

impl Tally {
    fn add(&mut self, value: &Value, content: &[&str]) {
        let mut texts = Vec::new();
        leaves(value, &mut texts);
        let filled = match value {
            Value::Number(_) | Value::Bool(_) => true,
            Value::Object(fields) if texts.is_empty() => !fields.is_empty(),
            _ => texts.iter().any(|t| !t.trim().is_empty()),
        };
        if !filled {
            return;
        }
        self.rows += 1;
        self.several += usize::from(is_several(value));
        self.verdicts += usize::from(is_verdict(value));
        self.said += usize::from(is_verdict(value) && !value.is_number());
        self.switches += usize::from(value.as_str().is_some_and(is_switch));
        self.chars += texts.iter().map(|t| t.chars().count()).sum::<usize>();
        match value {
            Value::String(_) => self.texts += 1,
            Value::Array(items) => {
                self.lists += usize::from(items.iter().all(|i| !i.is_object() && !i.is_array()));
                self.dialogues += usize::from(is_dialogue(items));
            }
            Value::Number(_) | Value::Bool(_) => self.numbers += 1,
            _ => {}
        }
        let holds = |text: &&str| {
            let text = text.trim();
            content.iter().any(|c| c.trim() == text || text.chars().count() >= 4 && c.contains(text))
        };
        // Names of speakers are no text of their own.
        let speaker = |t: &&&str| ["user", "assistant", "human", "gpt", "system", "tool"].contains(*t);
        let mut said = texts.iter().filter(|t| !t.trim().is_empty() && !speaker(t)).peekable();
        let repeated = said.peek().is_some() && said.all(holds);
        self.repeated += usize::from(repeated || value.as_str().is_some_and(|text| is_rendered(text, content)));
    }

    fn kind(&self) -> &'static str {
        match () {
            () if self.dialogues * 2 > self.rows => "a dialogue",
            () if self.texts * 2 > self.rows => "text",
            () if self.numbers * 2 > self.rows => "a number or a truth value",
            () if self.lists * 2 > self.rows => "a list",
            () => "an object",
        }
    }

    /// The field that was left over, and whether that must not be. A field of a few rows among many is an oddity, and
    /// reported; but an answer in one of ten is an answer.
    fn left(&self, name: String, leaves: &[&str], sample: &Sample) -> Left {
        let strong = matches!(sense(&name), Some(Sense::Answer | Sense::Choices)) && self.rows * 10 >= sample.rows;
        let known = leaves.contains(&name.as_str()) || self.rows * 4 < sample.rows && !strong;
        let suspect = if known { None } else { self.suspect(&name, sample) };
        Left { suspect, rows: self.rows, kind: self.kind(), name }
    }

    /// What it looks like, and our field for it.
    fn suspect(&self, name: &str, sample: &Sample) -> Option<(&'static str, &'static str)> {
        let Sample { usage, rows, chars: content, open } = *sample;
        let (scalar, texts) = (self.texts + self.numbers > 0, self.texts + self.lists > 0);
        let mean = self.chars / self.rows.max(1);
        if self.repeated == self.rows {
            return None;
        }
        let sense = sense(name);
        let pretrain = usage == Use::Pretrain;
        let (question, answer) = asked_and_answered(usage);
        match sense {
            // True or false of an answer that is there judges it.
            Some(Sense::Verdict) if !pretrain && !open && self.said == self.rows => {
                return Some(("a label or verdict", "label"));
            }
            Some(Sense::Answer) if self.several == self.rows => return Some(("several answers", "")),
            Some(Sense::Answer) if self.chars > 0 || scalar || texts => return Some(("an answer", answer)),
            Some(Sense::Code) if texts && mean >= CODE => return Some(("an answer", answer)),
            // An object or a list of them is a label that has to be written as text.
            Some(Sense::Label) if (pretrain || open) && !scalar && self.lists == 0 => {
                return Some(("a label that is no text", ""));
            }
            Some(Sense::Question) if texts => return Some(("what an answer answers", question)),
            // Of a pair it is the judge's.
            Some(Sense::Aid) if usage == Use::Rlhf && names::aid(name) == "reasoning" => return None,
            Some(Sense::Aid) if texts && !pretrain && mean > 1 && self.switches < self.rows => {
                return Some(("part of what is asked or answered", names::aid(name)));
            }
            // A class beside a dialogue that has its answers is metadata; a verdict on them is not.
            Some(Sense::Label) if (scalar || self.lists > 0) && (pretrain || open || self.verdicts == self.rows) => {
                let judged = usage == Use::Rlhf || !pretrain && !open && usage != Use::Task;
                return Some(("a label or verdict", if judged { "label" } else { "output" }));
            }
            Some(Sense::Class) if scalar && (pretrain || open) => return Some(("a label or verdict", "output")),
            Some(Sense::Choices) if self.lists + self.dialogues > 0 || self.kind() == "an object" || texts => {
                return Some(("choices", "choices"));
            }
            Some(Sense::Score) if !pretrain && scalar => return Some(("a score", "chosen_score")),
            Some(Sense::Metadata) => return None,
            _ => {}
        }
        if self.dialogues * 2 > self.rows {
            return Some(("a dialogue", "messages"));
        }
        if mean >= 40 && mean > content && self.rows * 2 > rows && self.texts * 2 > self.rows {
            return Some(("the longest text of the row", if pretrain { "text" } else { answer }));
        }
        if open && !pretrain && self.several == self.rows {
            return Some(("several texts beside a question without an answer", ""));
        }
        if open && !pretrain && texts && self.rows * 2 > rows {
            return Some(("text beside a question without an answer", answer));
        }
        None
    }
}

/// Our fields for what is asked and for what is answered.
fn asked_and_answered(usage: Use) -> (&'static str, &'static str) {
    match usage {
        Use::Task => ("input", "output"),
        Use::Rlhf => ("prompt", "completion"),
        _ => ("prompt", "response"),
    }
}

/// Adds which of our fields hold what of theirs, where a text of theirs is one of ours, or stands in it. One that went to
/// `meta` and stands in a text does so by chance, as the name of a site does.
fn sources(object: &Object<'_>, columns: &[(String, String)], left: &[&str], read: &mut Vec<(String, String)>) {
    for (theirs, value) in object.fields() {
        let Ok(value) = serde_json::from_str::<Value>(value.get()) else { continue };
        let scalar = match &value {
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            Value::String(s) => Some(s.clone()),
            _ => None,
        };
        let mut texts = Vec::new();
        leaves(&value, &mut texts);
        let within = !left.contains(&theirs);
        let of = match scalar.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
            Some(text) => columns.iter().find(|c| c.1.trim() == text).or_else(|| {
                let long = within && text.chars().count() >= 4;
                columns.iter().find(|c| long && is_content(&c.0) && c.1.contains(text))
            }),
            None => {
                let list = texts
                    .iter()
                    .filter(|t| t.chars().count() >= 2)
                    .find_map(|text| columns.iter().find(|c| is_content(&c.0) && c.1.contains(text.trim())));
                list.filter(|_| within && !texts.is_empty())
            }
        };
        let Some((ours, _)) = of else { continue };
        let dialogue =
            value.as_array().is_some_and(|items| is_dialogue(items)) && ours != "chosen" && ours != "rejected";
        let ours = if dialogue { "messages" } else { ours.as_str() };
        if !read.iter().any(|r| r.1 == theirs) {
            read.push((ours.to_owned(), theirs.to_owned()));
        }
    }
}

/// Whether a text is the row once more in a chat template, as Alpaca's `text` is: all that is said in it, but by the system,
/// are lines of the row.
fn is_rendered(text: &str, content: &[&str]) -> bool {
    let Some(turns) = templated::split(text) else { return is_filled(text, content) };
    let mut said = turns.iter().filter(|turn| turn.role != "system").peekable();
    let lines: HashSet<&str> = content.iter().flat_map(|text| text.lines()).map(str::trim).collect();
    said.peek().is_some() && said.all(|turn| turn.content.lines().all(|line| lines.contains(line.trim())))
}

/// Whether a text is the row in a template with headings: all lines of the row, and little beside them.
fn is_filled(text: &str, content: &[&str]) -> bool {
    /// Characters of such a template.
    const TEMPLATE: usize = 400;
    let mut lines = content.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty());
    let rest = text.chars().count().checked_sub(content.iter().map(|c| c.trim().chars().count()).sum());
    text.contains("### ") && rest.is_some_and(|rest| rest <= TEMPLATE) && lines.all(|line| text.contains(line))
}

/// All texts in a value.
fn leaves<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Object(fields) => fields.values().for_each(|item| leaves(item, out)),
        _ => {}
    }
}

/// Whether a value judges.
fn is_verdict(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Number(n) => n.as_f64().is_some_and(|n| n == 0.0 || n == 1.0 || n == -1.0),
        Value::String(s) => {
            verdict("", s).is_some() || ["-1", "a", "b", "tie"].contains(&s.trim().to_lowercase().as_str())
        }
        _ => false,
    }
}

/// Whether items are turns.
fn is_dialogue(items: &[Value]) -> bool {
    let has = |item: &Value, names: &[&str]| names.iter().any(|n| item.get(n).is_some_and(|v| !v.is_null()));
    let turn = |item: &Value| {
        has(item, &["role", "from", "speaker"]) && has(item, &["content", "value", "text", "utterance"])
            || has(item, &["human", "user", "question"]) && has(item, &["assistant", "bot", "gpt", "answer"])
    };
    let pair = |item: &Value| item.as_array().is_some_and(|p| p.len() == 2 && p.iter().all(Value::is_string));
    !items.is_empty() && (items.iter().all(turn) || items.iter().all(pair))
}

#[cfg(test)]
mod tests;
