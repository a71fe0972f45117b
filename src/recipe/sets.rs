//! `--set STAGE.KEY=VALUE`: written into the stage as though it stood in the recipe, then checked like the rest.

use std::ops::Range;

use super::kinds::Kind;
use super::problem::starts;
use super::reader::Reader;
use super::stages::Raw;
use super::toml::{Entry, Node, Value, parse_value};
use crate::text::spelling::did_you_mean;

/// A word with its place.
type Word<'a> = (&'a str, Range<usize>);

impl Reader {
    /// Writes `sets` into the stages that they name. Their spans lie behind the recipe's text.
    pub(super) fn set(&mut self, raw: &mut [Raw], text: &str, sets: &[String]) {
        for (set, start) in sets.iter().zip(starts(text, sets)) {
            let Some((keys, value)) = words(set, start) else {
                let help = "for example --set keep.chars.min=80";
                self.cure(Kind::BadSet, &(start..start + set.len()), "not STAGE.KEY=VALUE", "this", help);
                continue;
            };
            let (stage, span) = &keys[0];
            match raw.iter_mut().find(|r| r.name == *stage) {
                Some(found) => put(&mut found.options, &keys[1..], value),
                None => {
                    let help = match raw {
                        [] => "the recipe has no stages".to_owned(),
                        _ => did_you_mean(stage, raw.iter().map(|r| r.name.as_str()).collect::<Vec<_>>()),
                    };
                    self.cure(
                        Kind::SetsNoStage,
                        span,
                        format!("the recipe has no stage `{stage}`"),
                        "unknown stage",
                        help,
                    );
                }
            }
        }
    }
}

/// The keys, at least two, and the value.
fn words(set: &str, start: usize) -> Option<(Vec<Word<'_>>, Node)> {
    let (path, value) = set.split_once('=')?;
    let (mut keys, mut at) = (Vec::new(), start);
    for part in path.split('.') {
        let key = part.trim();
        let from = at + part.len() - part.trim_start().len();
        keys.push((key, from..from + key.len()));
        at += part.len() + 1;
    }
    if keys.len() < 2 || keys.iter().any(|k| k.0.is_empty()) {
        return None;
    }
    let from = start + path.len() + 1;
    Some((keys, parse_value(value.trim(), from..from + value.len())))
}

/// Puts a value under nested keys; what is no table on the way becomes one.
fn put(entries: &mut Vec<Entry>, keys: &[Word<'_>], value: Node) {
    let Some(((key, span), rest)) = keys.split_first() else { return };
    let index = entries.iter().position(|e| e.key == *key).unwrap_or_else(|| {
        let node = Node { span: span.clone(), value: Value::Table(Vec::new()) };
        entries.push(Entry { key: (*key).to_owned(), span: span.clone(), node });
        entries.len() - 1
    });
    let entry = &mut entries[index];
    if rest.is_empty() {
        *entry = Entry { key: (*key).to_owned(), span: span.clone(), node: value };
        return;
    }
    if entry.node.entries().is_none() {
        entry.node = Node { span: span.clone(), value: Value::Table(Vec::new()) };
    }
    if let Value::Table(inner) = &mut entry.node.value {
        put(inner, rest, value);
    }
}
