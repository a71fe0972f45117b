//! The reader of a recipe's tree: values by type, and the problems that are found on the way, all of them.

use std::ops::Range;

use super::bytes;
use super::kinds::Kind;
use super::problem::Problem;
use super::toml::{Entry, Value};
use crate::rows::Use;
use crate::text::spelling::did_you_mean;

/// Keys of a recipe, which may not stand below a source by mistake.
pub(super) const TOP: [&str; 11] =
    ["name", "about", "policy", "source", "mix", "input", "stage", "split", "output", "export", "gates"];

/// Reads values of the tree, and collects what is wrong with them.
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn problem(
        &mut self,
        kind: Kind,
        span: &Range<usize>,
        message: impl Into<String>,
        label: &str,
    ) -> &mut Problem {
        self.problems.push(Problem::new(kind, span.clone(), message, label));
        self.problems.last_mut().expect("one was pushed")
    }

    pub(super) fn cure(
        &mut self,
        kind: Kind,
        span: &Range<usize>,
        message: impl Into<String>,
        label: &str,
        help: impl Into<String>,
    ) {
        self.problem(kind, span, message, label).help = Some(help.into());
    }

    pub(super) fn unknown(&mut self, entries: &[Entry], known: &[&str], place: &str) {
        for entry in entries.iter().filter(|e| !known.contains(&e.key.as_str())) {
            let key = &entry.key;
            let help = if TOP.contains(&key.as_str()) {
                format!("`{key}` belongs to the recipe: write it above the first [[source]]")
            } else {
                did_you_mean(key, known.iter().copied())
            };
            self.cure(Kind::UnknownKey, &entry.span, format!("{place} has no key `{key}`"), "unknown key", help);
        }
    }

    pub(super) fn wrong(&mut self, entry: &Entry, wanted: &str) {
        let message = format!("`{}` should be {wanted}, but is {}", entry.key, entry.node.kind());
        self.problem(Kind::WrongType, &entry.node.span, message, "wrong type");
    }

    pub(super) fn text(&mut self, entry: &Entry) -> Option<String> {
        if let Value::Text(text) = &entry.node.value {
            return Some(text.clone());
        }
        self.wrong(entry, "text");
        None
    }

    pub(super) fn texts(&mut self, entry: &Entry) -> Vec<(String, Range<usize>)> {
        let items = match &entry.node.value {
            Value::Text(text) => return vec![(text.clone(), entry.node.span.clone())],
            Value::List(items) => items,
            _ => {
                self.wrong(entry, "text or a list of texts");
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push((text.clone(), item.span.clone())),
                _ => {
                    self.problem(
                        Kind::WrongType,
                        &item.span,
                        format!("`{}` lists texts, not {}", entry.key, item.kind()),
                        "wrong type",
                    );
                }
            }
        }
        texts
    }

    pub(super) fn int(&mut self, entry: &Entry, least: i64) -> Option<i64> {
        match entry.node.value {
            Value::Int(number) if number >= least => Some(number),
            Value::Int(_) => {
                self.problem(
                    Kind::TooSmall,
                    &entry.node.span,
                    format!("`{}` should be at least {least}", entry.key),
                    "too small",
                );
                None
            }
            _ => {
                self.wrong(entry, "a whole number");
                None
            }
        }
    }

    pub(super) fn share(&mut self, entry: &Entry) -> Option<f64> {
        let share = match entry.node.value {
            Value::Float(share) => share,
            Value::Int(share) => share as f64,
            _ => {
                self.wrong(entry, "a share between 0 and 1");
                return None;
            }
        };
        if (0.0..=1.0).contains(&share) {
            return Some(share);
        }
        self.problem(
            Kind::NoShare,
            &entry.node.span,
            format!("`{}` is a share between 0 and 1", entry.key),
            "out of range",
        );
        None
    }

    pub(super) fn size(&mut self, entry: &Entry) -> Option<u64> {
        let size = match &entry.node.value {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::Text(text) => bytes(text),
            _ => None,
        };
        if size.is_none_or(|s| s == 0) {
            let message = format!("`{}` should be a size", entry.key);
            self.cure(
                Kind::NoSize,
                &entry.node.span,
                message,
                "not a size",
                "write a number with KiB, MiB or GiB: \"64MiB\"",
            );
            return None;
        }
        size
    }

    /// A word out of a set.
    pub(super) fn word<T>(
        &mut self,
        text: &str,
        span: &Range<usize>,
        key: &str,
        known: &[&str],
        found: Option<T>,
    ) -> Option<T> {
        if found.is_none() {
            let help = did_you_mean(text, known.iter().copied());
            self.cure(Kind::UnknownWord, span, format!("`{text}` is no `{key}`"), "unknown word", help);
        }
        found
    }

    pub(super) fn usage(&mut self, text: &str, span: &Range<usize>) -> Option<Use> {
        self.word(text, span, "use", &["pretrain", "task", "instruct", "rlhf"], Use::parse(text))
    }

    pub(super) fn table<'a>(&mut self, entry: Option<&'a Entry>, known: &[&str], place: &str) -> &'a [Entry] {
        let Some(entry) = entry else { return &[] };
        match entry.node.entries() {
            Some(entries) => {
                self.unknown(entries, known, place);
                entries
            }
            None => {
                self.wrong(entry, "a table");
                &[]
            }
        }
    }
}
