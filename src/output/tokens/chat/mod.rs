//! Dialogues as token ids: a chat template writes them, the tokenizer cuts what it wrote, and each token says whether it
//! is learnt.
//!
//! **What is learnt** is what the template's `{% generation %}` blocks write; of a template without such blocks, what each
//! turn of the assistant adds behind the beginning that the template writes for it (`learnt.rs`). A turn whose source says
//! that it is not to be learnt (`flags.rs`) is left out.
//!
//! **Special tokens** are those that the template itself writes. A string in a dialogue that reads like one
//! (`<|im_end|>`) is marked before the template is rendered, and found again in what it wrote, so that it is cut like any
//! other text (`dialogue.rs`).

use std::collections::BTreeMap;
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};

use crate::models::template::{Day, Template, Value};
use crate::models::tokenizer::{Cut, Scratch, Tokenizer, Turns};
use crate::output::export::example::task_turns;
use crate::output::export::{Aside, Example, checks};
use crate::rows::Content;
use crate::{Error, Result};

mod dialogue;
mod flags;
pub mod layout;
mod learnt;
mod pairs;
pub mod run;
#[cfg(test)]
mod tests;

use dialogue::Dialogue;

/// What a dialogue is written and cut by.
pub struct Chat {
    template: Template,
    /// Strings that the tokenizer reads as special tokens, and characters that mark parts of a text.
    reserved: AhoCorasick,
    /// How many of them are special tokens; the marks stand behind them.
    special: usize,
    facts: ChatFacts,
    /// Whether the template writes special tokens by roles that nothing names.
    nameless: bool,
}

/// What an export says of its template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatFacts {
    /// Its file.
    pub file: String,
    /// Hex, of its bytes.
    pub sha256: String,
    /// The day that it was told, where it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Options that were given to it, as JSON.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Special tokens that it knows by their roles (`bos_token`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub special_tokens: BTreeMap<String, String>,
    /// How it is known what is learnt: `generation` blocks, or the `difference` of what it writes.
    pub learnt_by: std::borrow::Cow<'static, str>,
}

/// The token ids of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ids {
    /// The ids; [`super::UNLEARNT`] is set in those that are not learnt.
    pub ids: Vec<u32>,
    /// The lengths of its parts.
    pub lengths: Vec<u32>,
    /// What the row says of its answers: by how much one is better, or whether it is a good one (1 or 0).
    pub value: Option<f64>,
}

impl Chat {
    /// What a template and a tokenizer make of dialogues; the template is read from `file`, or from where the tokenizer
    /// lies.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] of a template that cannot be read, or of a tokenizer that does not say its special tokens;
    /// [`Error::Other`] of options that are no JSON object.
    pub fn new(
        (tokenizer, named): (&Tokenizer, &Path),
        file: Option<&Path>,
        options: Option<&str>,
        day: Day,
    ) -> Result<Chat> {
        if !tokenizer.has_turns() {
            let message = format!("{}: {} says too little of its special tokens", named.display(), tokenizer.kind());
            return Err(Error::input(message, "dialogues need the model's tokenizer.json"));
        }
        let mut template = match file {
            Some(file) => Template::read(file, day)?,
            None => Template::beside(named, day)?,
        };
        let special_tokens = template.set_tokens(named)?;
        let nameless = special_tokens.is_none() && template.wants_tokens();
        let options = match options.map(serde_json::from_str) {
            None => serde_json::Map::new(),
            Some(Ok(serde_json::Value::Object(options))) => options,
            Some(_) => {
                let hint = "write an object: --template-options '{\"enable_thinking\": false}'";
                return Err(Error::other("the options of the template are no JSON object", hint));
            }
        };
        for (name, value) in &options {
            template.set(name, serde_json::from_value(value.clone()).unwrap_or(Value::UNDEFINED));
        }
        let special = tokenizer.special().iter().filter(|token| !token.is_empty());
        let mut reserved: Vec<String> = special.cloned().collect();
        let special = reserved.len();
        reserved.extend(dialogue::MARKS.map(String::from));
        let reserved = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&reserved);
        let reserved = reserved.map_err(|e| Error::Engine(e.to_string()))?;
        let sha256 = crate::disk::sha256(template.file(), &|| false).map_err(Error::io(template.file()))?;
        let facts = ChatFacts {
            file: template.file().display().to_string(),
            sha256,
            date: template.is_dated().then(|| day.to_string()),
            options,
            special_tokens: special_tokens.filter(|_| template.wants_tokens()).unwrap_or_default(),
            learnt_by: if template.learns() { "generation" } else { "difference" }.into(),
        };
        Ok(Chat { template, reserved, special, facts, nameless })
    }

    /// What an export says of the template.
    pub fn facts(&self) -> &ChatFacts {
        &self.facts
    }

    /// The file of the template.
    pub fn file(&self) -> &Path {
        self.template.file()
    }

    /// The same, with the template's file as a recipe in this folder names it.
    pub fn named_from(self, base: &Path) -> Self {
        match self.file().strip_prefix(base).map(|named| named.display().to_string()) {
            Ok(named) => self.named(named),
            Err(_) => self,
        }
    }

    /// The same, with the template's file under this name.
    pub fn named(mut self, file: String) -> Self {
        self.facts.file = file;
        self
    }

    /// Whether the template writes special tokens by their roles (`bos_token`), and nothing beside the tokenizer names them:
    /// it writes none then.
    pub fn is_nameless(&self) -> bool {
        self.nameless
    }

    /// The ids of a dialogue or a task, of `length` at the most.
    ///
    /// # Errors
    ///
    /// Why the row has no place.
    pub fn answered(
        &self,
        (row, tokenizer, length): (&Example<'_>, &Tokenizer, u32),
        scratch: &mut Scratch,
    ) -> std::result::Result<Ids, Aside> {
        let turns;
        let (messages, tools, flags) = match &row.content {
            Content::Task(task) => {
                checks::task(task)?;
                turns = task_turns(task);
                (turns.as_slice(), None, vec![true; 2])
            }
            Content::Instruct { messages, tools } => {
                checks::tools(tools.as_deref())?;
                checks::answered(messages)?;
                checks::arguments(messages)?;
                (messages.as_slice(), tools.as_deref(), flags::of(messages, row.meta())?)
            }
            Content::Pretrain { .. } | Content::Rlhf(_) => {
                return Err(Aside::new("export_no_turns", format!("a {} row", row.content.usage())));
            }
        };
        let (rendered, learnt) = Dialogue::any(self, messages, tools, |dialogue| {
            let whole = dialogue.render(messages.len(), false)?;
            let learnt = learnt::of(dialogue, messages, &flags, &whole)?;
            Ok((whole, learnt))
        })?;
        let cut =
            self.cut(&Turns { text: &rendered.text, words: &rendered.words, learnt: &learnt }, tokenizer, scratch)?;
        let count = cut.ids.len();
        if count > length as usize {
            return Err(Aside::new("export_too_long", format!("{count} tokens")));
        }
        if !cut.learnt.contains(&true) {
            return Err(Aside::new("export_nothing_learnt", format!("{count} tokens, none of which is learnt")));
        }
        let mark = |(id, learnt): (&u32, &bool)| if *learnt { *id } else { *id | super::UNLEARNT };
        Ok(Ids { ids: cut.ids.iter().zip(&cut.learnt).map(mark).collect(), lengths: vec![count as u32], value: None })
    }

    fn cut(&self, turns: &Turns<'_>, tokenizer: &Tokenizer, scratch: &mut Scratch) -> std::result::Result<Cut, Aside> {
        let mut cut = Cut::default();
        let done = tokenizer.encode_turns(turns, scratch, &mut cut);
        done.map(|()| cut).map_err(|why| Aside::new("export_not_cut", why))
    }
}
