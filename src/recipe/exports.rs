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
//! seq_length = 4096               # of layouts that pack documents into sequences
//! packing    = "best-fit"         # what the layout names first, where absent
//! eos        = "<|endoftext|>"    # the tokenizer's own, where absent
//! ```

use std::path::Path;

use serde::Serialize;

use super::kinds::Kind;
use super::reader::Reader;
use super::toml::{Entry, Node, Value};
use crate::output::export::{self, Exporter};
use crate::output::tokens::{self, Layout, Packing};
use crate::rows::Use;

/// Keys of an `[[export]]`: of all, of layouts of rows, and of those of token ids.
const KEYS: [&str; 3] = ["to", "use", "out"];
const OF_ROWS: [&str; 1] = ["strict"];
const OF_IDS: [&str; 4] = ["tokenizer", "seq_length", "packing", "eos"];

/// One `[[export]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The layout.
    pub to: String,
    /// Uses that are exported; all that the layout takes where there is none.
    #[serde(rename = "use", skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<Use>,
    /// Where it goes, from the build's folder.
    pub out: String,
    /// Whether a row that would lose something, or be set aside, is an error.
    pub strict: bool,
    /// What token ids are made by; none in a layout of rows.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Ids>,
}

/// What a layout of token ids is made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ids {
    /// The tokenizer's file, from the recipe's folder.
    pub tokenizer: String,
    /// Tokens of a sequence, where documents are packed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq_length: Option<u32>,
    /// How they are packed; what the layout names first where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packing: Option<Packing>,
    /// The token that ends a document; the tokenizer's own where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eos: Option<String>,
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
    /// The layout of this name; those that hold dialogues alone need a template, and are written by the command.
    pub fn named(name: &str) -> Option<Target> {
        let ids = || tokens::layout(name).filter(|layout| !layout.uses(false).is_empty()).map(Target::Ids);
        export::exporter(name).map(Target::Rows).or_else(ids)
    }

    /// The uses that it takes.
    pub fn uses(self) -> &'static [Use] {
        match self {
            Target::Rows(exporter) => exporter.uses(),
            Target::Ids(layout) => layout.uses(false),
        }
    }

    /// The names of all layouts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        export::ALL.iter().map(|e| e.name()).chain(of_ids().map(|l| l.name()))
    }
}

/// Layouts of token ids that take running text.
fn of_ids() -> impl Iterator<Item = &'static dyn Layout> {
    tokens::ALL.iter().copied().filter(|layout| !layout.uses(false).is_empty())
}

impl Export {
    /// The layout.
    pub fn target(&self) -> Option<Target> {
        Target::named(&self.to)
    }
}

impl Reader {
    /// `[[export]]`: layouts of trainers that the build is written in.
    pub(super) fn exports(&mut self, entry: Option<&Entry>) -> Vec<Export> {
        let Some(entry) = entry else { return Vec::new() };
        let Value::List(items) = &entry.node.value else {
            let help = "write [[export]], with two brackets";
            self.cure(Kind::NoList, &entry.span, "exports are a list of tables", "no list", help);
            return Vec::new();
        };
        let mut exports: Vec<Export> = Vec::new();
        for item in items {
            let Some(made) = self.export(item) else { continue };
            if let Some(other) = exports.iter().find(|e| Path::new(&e.out) == Path::new(&made.out)) {
                let message = format!("`{}` and `{}` go to the same folder, `{}`", other.to, made.to, made.out);
                let help = "name another folder with `out`";
                self.cure(Kind::SameFolder, &item.span, message, "the second", help);
            }
            exports.push(made);
        }
        exports
    }

    fn export(&mut self, item: &Node) -> Option<Export> {
        let Some(entries) = item.entries() else {
            self.problem(Kind::NoList, &item.span, "an export is a table: [[export]]", "not a table");
            return None;
        };
        let known: Vec<&str> = [&KEYS[..], &OF_ROWS, &OF_IDS].concat();
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
        let mut usage = Vec::new();
        for (name, span) in get("use").map(|e| self.texts(e)).unwrap_or_default() {
            let Some(found) = self.usage(&name, &span) else { continue };
            if !target.uses().contains(&found) {
                let takes: Vec<&str> = target.uses().iter().map(|u| u.as_str()).collect();
                let message = format!("`{word}` has no place for {found} rows");
                self.cure(Kind::NoPlace, &span, message, "this use", format!("it takes {}", takes.join(", ")));
            }
            usage.push(found);
        }
        let out = get("out").and_then(|e| self.folder(e)).unwrap_or_else(|| format!("exports/{word}"));
        let strict = get("strict").is_some_and(|e| self.flag(e));
        let ids = match target {
            Target::Rows(_) => {
                self.idle(entries, &OF_IDS, &format!("`{word}` holds text"), "leave it out");
                None
            }
            Target::Ids(layout) => {
                let help = "leave it out: every row is written whole";
                self.idle(entries, &OF_ROWS, &format!("`{word}` holds token ids"), help);
                Some(self.ids(item, entries, layout)?)
            }
        };
        Some(Export { to: word, usage, out, strict, ids })
    }

    /// Keys that do nothing in a layout.
    fn idle(&mut self, entries: &[Entry], keys: &[&str], why: &str, help: &str) {
        for entry in entries.iter().filter(|e| keys.contains(&e.key.as_str())) {
            let message = format!("{why}: `{}` does nothing there", entry.key);
            self.cure(Kind::ExportKeys, &entry.span, message, "this key", help);
        }
    }

    /// What a layout of token ids is made by.
    fn ids(&mut self, item: &Node, entries: &[Entry], layout: &dyn Layout) -> Option<Ids> {
        let (name, all) = (layout.name(), layout.packings());
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        if all.is_empty() {
            let help = "leave it out: the trainer cuts the stream itself";
            self.idle(entries, &["seq_length", "packing"], &format!("`{name}` takes whole documents"), help);
        } else if get("seq_length").is_none() {
            let message = format!("`{name}` packs documents into sequences, and their length is not said");
            let help = "give the length that the model is trained with, in tokens: seq_length = 4096";
            self.cure(Kind::ExportKeys, &item.span, message, "this export", help);
        }
        let seq_length = get("seq_length").and_then(|e| self.length(e));
        let packing = get("packing").and_then(|entry| {
            let (word, known) = (self.text(entry)?, all.iter().map(|p| p.as_str()).collect::<Vec<_>>());
            let found = all.iter().copied().find(|p| p.as_str() == word);
            if all.is_empty() { None } else { self.word(&word, &entry.node.span, "packing", &known, found) }
        });
        let eos = get("eos").and_then(|e| self.text(e));
        let Some(entry) = get("tokenizer") else {
            let message = format!("`{name}` holds token ids, and no tokenizer is named");
            let help = "name the model's file: tokenizer = \"models/qwen3/tokenizer.json\"";
            self.cure(Kind::ExportKeys, &item.span, message, "this export", help);
            return None;
        };
        Some(Ids { tokenizer: self.text(entry)?, seq_length, packing, eos })
    }

    /// Tokens of a sequence.
    fn length(&mut self, entry: &Entry) -> Option<u32> {
        let length = self.int(entry, 1)?;
        u32::try_from(length).ok().or_else(|| {
            let message = format!("`{}` should be below 4,294,967,296", entry.key);
            self.cure(Kind::ExportKeys, &entry.node.span, message, "too large", "tokens of one sequence: 4096");
            None
        })
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

#[cfg(test)]
mod tests {
    use crate::output::tokens::Packing;
    use crate::recipe::{Ids, read};

    #[test]
    fn exports_of_token_ids_are_read_and_their_mistakes_told() {
        let source = "[[source]]\nname = 'd'\npath = 'd.jsonl'\n";
        let of = |export: &str| read(&format!("{source}[[export]]\n{export}"), "r.toml".as_ref(), ".".as_ref(), &[]);
        let full = "to = 'packed'\ntokenizer = 't.json'\nseq_length = 4_096\npacking = 'cut'\neos = '</s>'\n";
        let ids = Ids {
            tokenizer: "t.json".into(),
            seq_length: Some(4096),
            packing: Some(Packing::Cut),
            eos: Some("</s>".into()),
        };
        assert_eq!(of(full).unwrap().exports[0].ids, Some(ids));
        let plain = of("to = 'megatron'\ntokenizer = 't.json'\n").unwrap();
        let ids = Ids { tokenizer: "t.json".into(), seq_length: None, packing: None, eos: None };
        assert_eq!((plain.exports[0].ids.clone(), plain.exports[0].out.as_str()), (Some(ids), "exports/megatron"));
        for (export, says) in [
            ("to = 'packed'\nseq_length = 8\n", "`packed` holds token ids, and no tokenizer is named"),
            ("to = 'packed'\ntokenizer = 't.json'\n", "their length is not said"),
            ("to = 'packed'\ntokenizer = 't.json'\nseq_length = 0\n", "`seq_length` should be at least 1"),
            ("to = 'packed'\ntokenizer = 't.json'\nseq_length = 4_294_967_296\n", "should be below 4,294,967,296"),
            ("to = 'mds'\ntokenizer = 't.json'\nseq_length = 8\npacking = 'best-fit'\n", "`best-fit` is no `packing`"),
            (
                "to = 'megatron'\ntokenizer = 't.json'\nseq_length = 8\n",
                "`megatron` takes whole documents: `seq_length`",
            ),
            (
                "to = 'megatron'\ntokenizer = 't.json'\npacking = 'cut'\n",
                "takes whole documents: `packing` does nothing",
            ),
            ("to = 'megatron'\ntokenizer = 7\n", "`tokenizer` should be text, but is"),
            ("to = 'megatron'\ntokenizer = 't.json'\nuse = 'rlhf'\n", "`megatron` has no place for rlhf rows"),
            (
                "to = 'megatron'\ntokenizer = 't.json'\nstrict = true\n",
                "`megatron` holds token ids: `strict` does nothing",
            ),
            ("to = 'trl'\ntokenizer = 't.json'\n", "`trl` holds text: `tokenizer` does nothing there"),
            ("to = 'trl'\neos = '</s>'\n", "`trl` holds text: `eos` does nothing there"),
            ("to = 'pakced'\n", "did you mean `packed`?"),
        ] {
            let told = of(export).unwrap_err().to_string();
            assert!(told.contains(says), "{export}: {told}");
        }
    }
}
