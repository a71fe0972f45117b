//! The four row schemas, and the builder that turns what a format read into Arrow.
//!
//! A format emits [`Record`]s; [`Rows`] collects them into batches whose first columns are the hidden ones
//! ([`hidden`]: the row key and what went wrong) and whose others are the content of one [`Use`] ([`content`]).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub mod batch;
mod builder;
pub mod calls;
pub mod column;
pub mod draw;
pub mod schema;
pub mod spans;
pub mod split;
pub mod turns;

pub use builder::Rows;
pub use schema::{common, content, hidden, messages_type, scan_schema, text_columns};
pub use turns::Filled;

/// The column, and the signal, that says the language of a row.
pub const LANGUAGE: &str = "language";
/// The column, and the signal, that says the script of a row.
pub const SCRIPT: &str = "script";

/// What a row is for. Each use has one schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Running text for pretraining.
    Pretrain,
    /// An input and its output, for tuning on one task.
    Task,
    /// A dialogue, for instruction tuning.
    Instruct,
    /// A prompt with a chosen and a rejected answer (or one labelled answer), for RLHF, DPO, KTO.
    #[serde(alias = "preference")]
    Rlhf,
}

impl Use {
    /// All uses, in the order of a model's training.
    pub const ALL: [Use; 4] = [Use::Pretrain, Use::Task, Use::Instruct, Use::Rlhf];

    /// The word used in recipes, folders and metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Use::Pretrain => "pretrain",
            Use::Task => "task",
            Use::Instruct => "instruct",
            Use::Rlhf => "rlhf",
        }
    }

    /// Reads the word; `preference` is accepted for `rlhf`.
    pub fn parse(word: &str) -> Option<Use> {
        match word {
            "preference" => Some(Use::Rlhf),
            _ => Use::ALL.into_iter().find(|u| u.as_str() == word),
        }
    }
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One turn of a dialogue.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Message<'a> {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: Cow<'a, str>,
    /// What was said.
    pub content: Cow<'a, str>,
    /// What the assistant thought before it said so, kept apart from it.
    pub reasoning: Option<Cow<'a, str>>,
    /// Who said it, where the source has names.
    pub name: Option<Cow<'a, str>>,
    /// The calls an assistant made, as the JSON text of a list of [`calls`].
    pub tool_calls: Option<Cow<'a, str>>,
    /// The call that a tool answers.
    pub tool_call_id: Option<Cow<'a, str>>,
}

impl<'a> Message<'a> {
    /// A turn of `role` that says something and no more.
    pub fn new(role: &'static str, content: impl Into<Cow<'a, str>>) -> Self {
        Message { role: Cow::Borrowed(role), content: content.into(), ..Message::default() }
    }

    /// The same turn, with texts of its own.
    pub fn into_owned(self) -> Message<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        Message {
            role: own(self.role),
            content: own(self.content),
            reasoning: self.reasoning.map(own),
            name: self.name.map(own),
            tool_calls: self.tool_calls.map(own),
            tool_call_id: self.tool_call_id.map(own),
        }
    }
}

/// What a row holds, by use.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'a> {
    /// [`Use::Pretrain`].
    Pretrain {
        /// The document.
        text: Cow<'a, str>,
    },
    /// [`Use::Task`].
    Task(Box<Task<'a>>),
    /// [`Use::Instruct`]; a row that ends on a user turn is a prompt only.
    Instruct {
        /// The turns; a system prompt is the first.
        messages: Vec<Message<'a>>,
        /// The tools on offer, as JSON text.
        tools: Option<Cow<'a, str>>,
    },
    /// [`Use::Rlhf`].
    Rlhf(Box<Preference<'a>>),
}

/// A task row.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Task<'a> {
    /// The task's name (`translation`, `classification`, …).
    pub task: Option<Cow<'a, str>>,
    /// The domain (`medicine`, `law`, …).
    pub domain: Option<Cow<'a, str>>,
    /// The model's input.
    pub input: Option<Cow<'a, str>>,
    /// What it should answer.
    pub output: Option<Cow<'a, str>>,
    /// The answers to choose from.
    pub choices: Option<Vec<Cow<'a, str>>>,
    /// Language of the input.
    pub input_language: Option<Cow<'a, str>>,
    /// Language of the output.
    pub output_language: Option<Cow<'a, str>>,
    /// Running domain text, where the source has no pairs.
    pub text: Option<Cow<'a, str>>,
}

/// A preference row: a pair, or (KTO) one completion with a label.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Preference<'a> {
    /// The dialogue up to the answer.
    pub prompt: Vec<Message<'a>>,
    /// The better answer.
    pub chosen: Option<Vec<Message<'a>>>,
    /// The worse answer.
    pub rejected: Option<Vec<Message<'a>>>,
    /// The source's score of `chosen`.
    pub chosen_score: Option<f64>,
    /// The source's score of `rejected`.
    pub rejected_score: Option<f64>,
    /// By how much `chosen` is better; 0 is a tie.
    pub margin: Option<f64>,
    /// The only answer of an unpaired row.
    pub completion: Option<Vec<Message<'a>>>,
    /// Whether `completion` is a good one.
    pub label: Option<bool>,
}

/// What a program checks the answer to a prompt against (GRPO, RLVR).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Truth<'a> {
    /// The right answer; tests of a program as JSON text.
    pub answer: Option<Cow<'a, str>>,
    /// How it is checked, in the source's word (`rule`, `math`, `code`, …).
    pub answer_kind: Option<Cow<'a, str>>,
    /// The set by whose name a trainer chooses how it is checked (`openai/gsm8k`).
    pub data_source: Option<Cow<'a, str>>,
}

impl Content<'_> {
    /// The use whose schema this fits.
    pub fn usage(&self) -> Use {
        match self {
            Content::Pretrain { .. } => Use::Pretrain,
            Content::Task(_) => Use::Task,
            Content::Instruct { .. } => Use::Instruct,
            Content::Rlhf(_) => Use::Rlhf,
        }
    }
}

/// A row as a format read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The source's own id.
    pub id: Option<Cow<'a, str>>,
    /// Where the text came from.
    pub url: Option<Cow<'a, str>>,
    /// The part of the source it belongs to.
    pub subset: Option<Cow<'a, str>>,
    /// The language that the source states.
    pub language: Option<Cow<'a, str>>,
    /// The licence that the row states.
    pub license: Option<Cow<'a, str>>,
    /// What the source had and the schema does not model: a JSON object as text.
    pub meta: Option<Cow<'a, str>>,
    /// The content.
    pub content: Content<'a>,
    /// What a program checks an answer against, of [`Use::Instruct`].
    pub truth: Option<Box<Truth<'a>>>,
    /// Why the format sets this row aside on purpose (`redirect`, `namespace`, …), and the value that decided:
    /// such a row is *dropped*, with the format's name as the stage.
    pub aside: Option<(&'static str, String)>,
}

impl<'a> Row<'a> {
    /// A row with content only.
    pub fn new(content: Content<'a>) -> Self {
        let (id, url, subset, language, license, meta) = (None, None, None, None, None, None);
        Row { id, url, subset, language, license, meta, content, truth: None, aside: None }
    }

    /// A row with all of this one's fields, and no text yet.
    pub fn shared(&self) -> Self {
        let content = Content::Pretrain { text: Cow::Borrowed("") };
        let (id, url, subset) = (self.id.clone(), self.url.clone(), self.subset.clone());
        let (language, license) = (self.language.clone(), self.license.clone());
        let (meta, truth, aside) = (self.meta.clone(), self.truth.clone(), self.aside.clone());
        Row { id, url, subset, language, license, meta, content, truth, aside }
    }
}

/// Something that could not be read as a row. It is counted, and written to `unreadable/`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// A stable word: `json`, `utf8`, `field_missing`, `field_type`, `row_too_large`, `truncated`, …
    pub reason: &'static str,
    /// What exactly is wrong, for a person.
    pub detail: String,
    /// The first bytes of what was there, lossily decoded, at most 200 characters.
    pub head: String,
}

/// One record of a raw file with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Byte offset of the record in the decoded (decompressed, UTF-8) file.
    pub offset: u64,
    /// Lines before the record *since the reader's start*; the build adds the lines before that.
    pub line: u64,
    /// The row, or why there is none.
    pub row: Result<Row<'a>, Unreadable>,
}
