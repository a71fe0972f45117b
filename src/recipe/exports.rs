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
//! ```

use std::path::Path;

use serde::Serialize;

use super::kinds::Kind;
use super::reader::Reader;
use super::toml::{Entry, Node, Value};
use crate::output::export::{self, Exporter};
use crate::rows::Use;

/// Keys of an `[[export]]`.
const KEYS: [&str; 4] = ["to", "use", "out", "strict"];

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
}

impl Export {
    /// The layout.
    pub fn exporter(&self) -> Option<&'static dyn Exporter> {
        export::exporter(&self.to)
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
        self.unknown(entries, &KEYS, "an export");
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let Some(to) = get("to") else {
            let help = "name a layout of `corpus list exports`";
            self.cure(Kind::LacksKey, &item.span, "the export has no `to`", "this export", help);
            return None;
        };
        let word = self.text(to)?;
        let known: Vec<&str> = export::ALL.iter().map(|e| e.name()).collect();
        let exporter = self.word(&word, &to.node.span, "to", &known, export::exporter(&word))?;
        let mut usage = Vec::new();
        for (word, span) in get("use").map(|e| self.texts(e)).unwrap_or_default() {
            let Some(found) = self.usage(&word, &span) else { continue };
            if !exporter.uses().contains(&found) {
                let takes: Vec<&str> = exporter.uses().iter().map(|u| u.as_str()).collect();
                let message = format!("`{}` has no place for {found} rows", exporter.name());
                self.cure(Kind::NoPlace, &span, message, "this use", format!("it takes {}", takes.join(", ")));
            }
            usage.push(found);
        }
        let out = get("out").and_then(|e| self.folder(e)).unwrap_or_else(|| format!("exports/{}", exporter.name()));
        let strict = get("strict").is_some_and(|e| self.flag(e));
        Some(Export { to: word, usage, out, strict })
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
