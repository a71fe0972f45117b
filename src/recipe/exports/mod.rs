//! `[[export]]` writes the build in the layout of a trainer once it is done.
//!
//! # Example
//!
//! ```toml
//! [[export]]
//! to     = "trl"                  # `corpus list exports`
//! use    = ["instruct", "rlhf"]   # all that the layout takes, where absent
//! out    = "exports/chat"         # from the build's folder; exports/NAME where absent
//! strict = true                   # nothing may be lost or set aside
//!
//! [[export]]
//! to         = "packed"           # a layout of token ids
//! tokenizer  = "tokenizer.json"   # from the recipe's folder
//! seq_length = 4096               # of layouts that pack documents into sequences, or limit rows
//! packing    = "best-fit"         # what the layout names first, where absent
//! eos        = "<|endoftext|>"    # the tokenizer's own, where absent
//! shard_tokens = 16_777_216       # tokens of each file, of layouts of several
//!
//! [[export]]
//! to               = "dpo"        # dialogues and pairs: a chat template writes them
//! tokenizer        = "tokenizer.json"
//! seq_length       = 2048
//! template         = "chat.jinja" # true: the one beside the tokenizer
//! template_options = { enable_thinking = false }
//! date             = 2026-11-29   # what a template is told that asks which day it is
//! split            = "validation" # only what is held out for it, where the recipe has [split]
//! ```

use std::path::Path;

use serde::Serialize;

use super::kinds::Kind;
use super::reader::Reader;
use super::toml::{Entry, Node, Value};
use crate::output::export::{self, Exporter};
use crate::output::tokens::{self, Layout};
use crate::rows::Use;
use crate::rows::split::Split;

mod ids;
#[cfg(test)]
mod tests;

pub use ids::{Ids, Template};

/// Keys of an `[[export]]`: of all, and of those of token ids.
const KEYS: [&str; 5] = ["to", "use", "split", "out", "strict"];
const OF_IDS: [&str; 8] =
    ["tokenizer", "seq_length", "packing", "shard_tokens", "eos", "template", "template_options", "date"];

/// One `[[export]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The layout.
    pub to: String,
    /// Uses that are exported; all that the layout takes where there is none.
    #[serde(rename = "use", skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<Use>,
    /// The only split whose rows are exported; of a layout of token ids those that are trained on, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Where it goes, from the build's folder.
    pub out: String,
    /// Whether a row that would lose something, or be set aside, is an error.
    pub strict: bool,
    /// What token ids are made by; none in a layout of rows.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Ids>,
}

/// A layout of an export.
#[derive(Clone, Copy)]
pub enum Target {
    /// Of rows.
    Rows(&'static dyn Exporter),
    /// Of token ids.
    Ids(&'static dyn Layout),
}

impl Target {
    /// The layout of this name.
    pub fn named(name: &str) -> Option<Target> {
        export::exporter(name).map(Target::Rows).or_else(|| tokens::layout(name).map(Target::Ids))
    }

    /// The uses that it takes; `chat`: a chat template writes dialogues.
    pub fn uses(self, chat: bool) -> &'static [Use] {
        match self {
            Target::Rows(exporter) => exporter.uses(),
            Target::Ids(layout) => layout.uses(chat),
        }
    }

    /// The names of all layouts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        export::ALL.iter().map(|e| e.name()).chain(tokens::ALL.iter().map(|l| l.name()))
    }
}

impl Export {
    /// The layout.
    pub fn target(&self) -> Option<Target> {
        Target::named(&self.to)
    }

    /// The uses that the layout takes of it.
    pub fn takes(&self) -> &'static [Use] {
        let chat = self.ids.as_ref().is_some_and(|ids| ids.template.is_some());
        self.target().map_or(&[], |target| target.uses(chat))
    }
}

impl Reader {
    /// `[[export]]`: layouts of trainers that the build is written in.
    /// `splits`: the recipe holds rows out.
    pub(super) fn exports(&mut self, entry: Option<&Entry>, splits: bool) -> Vec<Export> {
        let Some(entry) = entry else { return Vec::new() };
        let Value::List(items) = &entry.node.value else {
            let help = "write [[export]], with two brackets";
            self.cure(Kind::NoList, &entry.span, "exports are a list of tables", "no list", help);
            return Vec::new();
        };
        let mut exports: Vec<Export> = Vec::new();
        for item in items {
            let Some(made) = self.export(item, splits) else { continue };
            if let Some(other) = exports.iter().find(|e| Path::new(&e.out) == Path::new(&made.out)) {
                let message = format!("`{}` and `{}` go to the same folder, `{}`", other.to, made.to, made.out);
                let help = "name another folder with `out`";
                self.cure(Kind::SameFolder, &item.span, message, "the second", help);
            }
            exports.push(made);
        }
        exports
    }

    fn export(&mut self, item: &Node, splits: bool) -> Option<Export> {
        let Some(entries) = item.entries() else {
            self.problem(Kind::NoList, &item.span, "an export is a table: [[export]]", "not a table");
            return None;
        };
        let known: Vec<&str> = [&KEYS[..], &OF_IDS].concat();
        self.unknown(entries, &known, "an export");
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let Some(to) = get("to") else {
            let help = "name a layout of `corpus list exports`";
            self.cure(Kind::LacksKey, &item.span, "the export has no `to`", "this export", help);
            return None;
        };
        let word = self.text(to)?;
        let known: Vec<&str> = Target::names().collect();
        let target = self.word(&word, &to.node.span, "to", &known, Target::named(&word))?;
        let ids = match target {
            Target::Rows(_) => {
                self.idle(entries, &OF_IDS, &format!("`{word}` holds text"), "leave it out");
                None
            }
            Target::Ids(layout) => Some(self.ids(item, entries, layout)?),
        };
        let chat = ids.as_ref().is_some_and(|ids| ids.template.is_some());
        if ids.is_some() && !chat {
            let help = "leave it out: every row is written whole";
            self.idle(entries, &["strict"], &format!("`{word}` holds token ids"), help);
        }
        let usage = self.exported(get("use"), &word, target.uses(chat));
        let split = get("split").and_then(|e| self.side(e, splits));
        let folder = || match split {
            Some(split) if split != Split::Train => format!("exports/{word}-{split}"),
            _ => format!("exports/{word}"),
        };
        let out = get("out").and_then(|e| self.folder(e)).unwrap_or_else(folder);
        let strict = get("strict").is_some_and(|e| self.flag(e));
        Some(Export { to: word, usage, split, out, strict, ids })
    }

    /// The uses of an export to a layout that takes these.
    fn exported(&mut self, entry: Option<&Entry>, word: &str, takes: &[Use]) -> Vec<Use> {
        let mut usage = Vec::new();
        for (name, span) in entry.map(|e| self.texts(e)).unwrap_or_default() {
            let Some(found) = self.usage(&name, &span) else { continue };
            if !takes.contains(&found) {
                let takes: Vec<&str> = takes.iter().map(|u| u.as_str()).collect();
                let message = format!("`{word}` has no place for {found} rows");
                self.cure(Kind::NoPlace, &span, message, "this use", format!("it takes {}", takes.join(", ")));
            }
            usage.push(found);
        }
        usage
    }

    /// The split whose rows are exported.
    fn side(&mut self, entry: &Entry, splits: bool) -> Option<Split> {
        let word = self.text(entry)?;
        let found = self.word(&word, &entry.node.span, "split", &Split::ALL.map(Split::as_str), Split::parse(&word))?;
        if !splits {
            let help = "leave it out, or hold rows out: [split]";
            let message = "the export is of a split, and the recipe holds nothing out";
            self.cure(Kind::ExportKeys, &entry.span, message, "this key", help);
        }
        Some(found)
    }

    /// Keys that do nothing in a layout.
    fn idle(&mut self, entries: &[Entry], keys: &[&str], why: &str, help: &str) {
        for entry in entries.iter().filter(|e| keys.contains(&e.key.as_str())) {
            let message = format!("{why}: `{}` does nothing there", entry.key);
            self.cure(Kind::ExportKeys, &entry.span, message, "this key", help);
        }
    }

    /// A folder of the build.
    fn folder(&mut self, entry: &Entry) -> Option<String> {
        let text = self.text(entry)?;
        let names = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        if text.is_empty() || !Path::new(&text).components().all(names) {
            let message = format!("`{text}` is no folder within the build's");
            let help = "name one from the build's folder, without `..`: \"exports/mine\"";
            self.cure(Kind::ExportFolder, &entry.node.span, message, "this folder", help);
            return None;
        }
        Some(text)
    }

    /// Yes or no.
    fn flag(&mut self, entry: &Entry) -> bool {
        match entry.node.value {
            Value::Bool(flag) => flag,
            _ => {
                self.wrong(entry, "true or false");
                false
            }
        }
    }
}
