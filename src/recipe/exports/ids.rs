//! What a layout of token ids is made by, as an `[[export]]` says it.

use serde::Serialize;

use super::super::kinds::Kind;
use super::super::reader::Reader;
use super::super::toml::{Entry, Node, Value};
use crate::models::template::Day;
use crate::output::tokens::{Layout, Packing};

/// What a layout of token ids is made by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ids {
    /// The tokenizer's file, from the recipe's folder.
    pub tokenizer: String,
    /// Tokens of a sequence where documents are packed, of a row where rows are limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq_length: Option<u32>,
    /// How they are packed; what the layout names first where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packing: Option<Packing>,
    /// Tokens of each file; what the layout has where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard_tokens: Option<u64>,
    /// The token that ends a document; the tokenizer's own where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eos: Option<String>,
    /// The chat template that writes dialogues; none where running text is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// Its options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_options: Option<serde_json::Value>,
    /// The day that it is told, as it was written: `2026-11-29`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// Where a chat template is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Template {
    /// Beside the tokenizer, as the model ships it: `true`.
    Beside(bool),
    /// In a file, from the recipe's folder.
    File(String),
}

impl Reader {
    /// What a layout of token ids is made by.
    pub(super) fn ids(&mut self, item: &Node, entries: &[Entry], layout: &dyn Layout) -> Option<Ids> {
        let get = |key: &str| entries.iter().find(|e| e.key == key);
        let template = get("template").and_then(|e| self.template(e));
        self.template_fits(item, entries, layout, template.is_some());
        self.length_fits(item, entries, layout);
        let seq_length = get("seq_length").and_then(|e| self.length(e));
        let packing = get("packing").and_then(|e| self.packing(e, layout, template.is_some()));
        let shard_tokens = get("shard_tokens").and_then(|e| self.shard(e, layout, seq_length));
        let eos = get("eos").and_then(|e| self.text(e));
        let template_options = get("template_options").and_then(|entry| match entry.node.value {
            Value::Table(_) => Some(entry.node.json()),
            _ => {
                self.wrong(entry, "a table: { enable_thinking = false }");
                None
            }
        });
        let date = get("date").and_then(|e| self.day(e));
        let Some(entry) = get("tokenizer") else {
            let message = format!("`{}` holds token ids, and no tokenizer is named", layout.name());
            let help = "name the model's file: tokenizer = \"models/qwen3/tokenizer.json\"";
            self.cure(Kind::ExportKeys, &item.span, message, "this export", help);
            return None;
        };
        let tokenizer = self.text(entry)?;
        Some(Ids { tokenizer, seq_length, packing, shard_tokens, eos, template, template_options, date })
    }

    /// Where the chat template is; none where it is `false`.
    fn template(&mut self, entry: &Entry) -> Option<Template> {
        match &entry.node.value {
            Value::Bool(beside) => beside.then_some(Template::Beside(true)),
            Value::Text(file) => Some(Template::File(file.clone())),
            _ => {
                self.wrong(entry, "a file, or true for the one beside the tokenizer");
                None
            }
        }
    }

    /// Whether the layout takes what a chat template writes, or what none writes, and which keys then do nothing.
    fn template_fits(&mut self, item: &Node, entries: &[Entry], layout: &dyn Layout, chat: bool) {
        let name = layout.name();
        if chat {
            self.idle(entries, &["eos"], "the chat template writes how dialogues end", "leave it out");
        } else {
            let help = "leave it out, or name a `template`";
            self.idle(entries, &["template_options", "date"], "no chat template writes this export", help);
        }
        if !layout.uses(chat).is_empty() {
            return;
        }
        let template = entries.iter().find(|e| e.key == "template").filter(|_| chat);
        match template {
            Some(entry) => {
                let message = format!("`{name}` has no place for dialogues");
                let help = "leave `template` out for running text; `packed` takes dialogues";
                self.cure(Kind::ExportKeys, &entry.span, message, "this key", help);
            }
            None => {
                let message = format!("`{name}` holds dialogues, and no chat template writes them");
                let help = "template = true takes the one beside the tokenizer, template = \"chat.jinja\" a file";
                self.cure(Kind::ExportKeys, &item.span, message, "this export", help);
            }
        }
    }

    /// Whether a length is said where one is needed, and only there.
    fn length_fits(&mut self, item: &Node, entries: &[Entry], layout: &dyn Layout) {
        let (name, packs, limits) = (layout.name(), !layout.packings().is_empty(), layout.is_limited());
        let is_said = entries.iter().any(|e| e.key == "seq_length");
        if limits && !packs {
            self.idle(entries, &["packing"], &format!("`{name}` does not pack rows"), "leave it out");
        } else if !packs {
            let help = "leave it out: the trainer cuts the stream itself";
            self.idle(entries, &["seq_length", "packing"], &format!("`{name}` takes whole documents"), help);
        }
        if (packs || limits) && !is_said {
            let help = "give the length that the model is trained with, in tokens: seq_length = 4096";
            let message = match packs {
                true => format!("`{name}` packs documents into sequences, and their length is not said"),
                false => format!("`{name}` does not cut rows, and how long they may be is not said"),
            };
            self.cure(Kind::ExportKeys, &item.span, message, "this export", help);
        }
    }

    /// How documents are packed.
    fn packing(&mut self, entry: &Entry, layout: &dyn Layout, chat: bool) -> Option<Packing> {
        let all = layout.packings();
        let (word, known) = (self.text(entry)?, all.iter().map(|p| p.as_str()).collect::<Vec<_>>());
        let found = all.iter().copied().find(|p| p.as_str() == word);
        let found = if all.is_empty() { None } else { self.word(&word, &entry.node.span, "packing", &known, found) };
        if chat && found == Some(Packing::Cut) {
            let help = "leave it out: they are packed whole";
            self.cure(Kind::ExportKeys, &entry.node.span, "dialogues are not cut", "this packing", help);
        }
        found
    }

    /// Tokens of a file.
    fn shard(&mut self, entry: &Entry, layout: &dyn Layout, length: Option<u32>) -> Option<u64> {
        let name = layout.name();
        let Some(most) = layout.most_of_shard() else {
            self.idle(
                std::slice::from_ref(entry),
                &["shard_tokens"],
                &format!("`{name}` writes one file"),
                "leave it out",
            );
            return None;
        };
        let least = length.filter(|_| !layout.packings().is_empty()).map_or(1, u64::from);
        let tokens = self.int(entry, 1)? as u64;
        if !(least..=most).contains(&tokens) {
            let message = format!("a file of `{name}` has no place for {tokens} tokens");
            self.cure(Kind::ExportKeys, &entry.node.span, message, "this number", format!("give {least} to {most}"));
            return None;
        }
        Some(tokens)
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

    /// A day.
    fn day(&mut self, entry: &Entry) -> Option<String> {
        let text = self.text(entry)?;
        if Day::parse(&text).is_none() {
            let message = format!("`{text}` is no day");
            self.cure(Kind::ExportKeys, &entry.node.span, message, "this day", "write it as 2026-11-29");
            return None;
        }
        Some(text)
    }
}
