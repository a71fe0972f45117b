//! Formats: bytes to rows.
//!
//! A raw file is a *container* (how bytes fall into raw records: JSON lines, a JSON array, CSV, Parquet, plain text,
//! MediaWiki XML) and, where its records are objects, a *shape* (what the fields of an object mean: mapped fields,
//! Alpaca, ShareGPT, preference pairs, aligned pairs, …). A recipe's `format` names either; the other is detected.
//! One file each, and one line in [`containers`] or [`shapes`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::input::{Compression, Encoding};
pub use crate::input::{Piece, Transport};
use crate::rows::{Record, Use};
use crate::text::wikitext::Unlisted;

pub mod choices;
pub mod containers;
pub mod detect;
pub mod explain;
pub mod json;
pub mod not_data;
pub mod object;
pub mod shapes;

pub use choices::{CHECKED, Choice, EMPTY, THINK};
pub use object::Object;

/// How a plain text file falls into rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextRows {
    /// The file is one document.
    File,
    /// Each line that is not blank is a document.
    Line,
    /// Blank lines separate the documents.
    Block,
    /// Marks of the end of a text separate them: `<|endoftext|>`.
    Mark,
}

impl TextRows {
    /// All of them.
    pub const ALL: [TextRows; 4] = [TextRows::File, TextRows::Line, TextRows::Block, TextRows::Mark];

    /// Its word in recipes.
    pub fn as_str(self) -> &'static str {
        match self {
            TextRows::File => "file",
            TextRows::Line => "line",
            TextRows::Block => "block",
            TextRows::Mark => "mark",
        }
    }

    /// The one that a word of a recipe or card means.
    pub fn parse(word: &str) -> Option<TextRows> {
        TextRows::ALL.into_iter().find(|rows| rows.as_str() == word)
    }
}

/// How a file is read, resolved from the recipe and from detection: its container and shape, how its text is packed, and
/// what the rows are for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Name of the container.
    pub container: String,
    /// Name of the shape, for containers of objects.
    pub shape: Option<String>,
    /// The use that the rows are for.
    pub usage: Use,
    /// How the text is packed.
    #[serde(flatten)]
    pub transport: Transport,
    /// How the other one of two aligned files is encoded; none as this one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Encoding>,
    /// Plain text only.
    pub rows: Option<TextRows>,
    /// Ours = theirs, nested by dots.
    pub fields: BTreeMap<String, String>,
    /// Names of the columns of a table whose first row is not one of names, as detection found them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Splits that are read of a file that holds several (see `json`); none is `train` where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<String>,
    /// Choices of the shape, as the recipe makes them (see [`Shape::options`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// The file's name below the source's folder, for containers whose rows carry it (see [`Container::names_file`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Name of the source: prefix of ids that a format makes (`zhwiki:120388`).
    pub source: String,
    /// Language of the source, where stated.
    pub language: Option<String>,
    /// MediaWiki only: the variant of Chinese that pages are converted to, by its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The file with what [`Container::prepare`] found in all files of the source, named by its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<PathBuf>,
    /// The part that is read of a source whose objects make rows together: see [`Shape::groups`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grouped: Option<Grouped>,
    /// A larger raw record is unreadable: `row_too_large`. Bytes.
    pub max_row: u64,
}

/// How the objects of a source are read that make rows together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grouped {
    /// To bring them together: each one's JSON is a text, and what it has in common with others its id.
    Gather,
    /// In their own files, once they were brought together: only those that could not be.
    Rest,
}

impl Layout {
    /// The layout of a plain file in UTF-8 of which nothing else is known.
    pub fn plain(container: &str, usage: Use, max_row: u64) -> Self {
        Layout {
            container: container.to_owned(),
            shape: None,
            usage,
            transport: Transport::plain(),
            other: None,
            rows: None,
            fields: BTreeMap::new(),
            columns: None,
            split: Vec::new(),
            options: BTreeMap::new(),
            file: None,
            source: String::new(),
            language: None,
            variant: None,
            prepared: None,
            grouped: None,
            max_row,
        }
    }

    /// The same for a copy of the file whose bytes are its text.
    pub fn unpacked(&self) -> Self {
        Layout { transport: Transport::plain(), ..self.clone() }
    }

    /// The same for a copy of the file that is decompressed, in its own encoding.
    pub fn decompressed(&self) -> Self {
        self.compressed(Compression::None)
    }

    /// The same for a file that is compressed in another way.
    pub fn compressed(&self, compression: Compression) -> Self {
        Layout { transport: Transport { compression, ..self.transport.clone() }, ..self.clone() }
    }

    /// Whether a reader seeks its pieces: see [`Container::is_random_access`].
    pub fn is_random_access(&self) -> bool {
        container(&self.container).is_some_and(Container::is_random_access)
    }

    /// What the recipe chose for an option; `None` is the shape's default.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }
}

/// Reads the records of one piece, one after the other. Never fails: what can't be read comes out as a record whose
/// row is an [`crate::rows::Unreadable`], and after one that ends the piece (a cut gzip stream) `next` returns false.
pub trait Reader: Send {
    /// Reads one raw record and emits the records in it (none, one or several); false at the end.
    fn next(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool;

    /// Skips raw records cheaply, if each is exactly one record; returns how many of the `wanted` were skipped.
    fn skip(&mut self, _wanted: u64) -> u64 {
        0
    }
}

/// How a plain (uncompressed, UTF-8) file of a container may be cut for several readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// At any byte: the reader finds the first record that begins at or after its start by itself.
    Bytes,
    /// Where [`Container::cuts`] says (row groups; elements of a JSON array; quoted CSV).
    Cuts,
    /// Not at all.
    Whole,
}

/// A way in which bytes fall into raw records.
pub trait Container: Send + Sync {
    /// The word in recipes.
    fn name(&self) -> &'static str;
    /// One line for `corpus list`.
    fn about(&self) -> &'static str;
    /// The whole story for `corpus explain`: the module's `//!` text.
    fn docs(&self) -> &'static str;
    /// Whether its records are objects, which a shape reads; else it makes rows by itself.
    fn objects(&self) -> bool {
        true
    }
    /// The shape that reads its objects where neither the recipe nor detection names one.
    fn shape(&self) -> &'static str {
        "fields"
    }
    /// The uses of a container that makes rows by itself; the first is the default.
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain]
    }
    /// Whether rows say in which file they stand, since nothing else in them does.
    fn names_file(&self) -> bool {
        false
    }
    /// Whether its pieces are numbered by parts of the file that a reader seeks (row groups), so that neither compression
    /// nor encoding nor lines stand between a piece and its rows.
    fn is_random_access(&self) -> bool {
        false
    }
    /// How many rows a file says it has, without being read.
    fn stated_rows(&self, _path: &Path) -> Option<u64> {
        None
    }
    /// How a plain file may be cut.
    fn split(&self, layout: &Layout) -> Split;
    /// Where to cut, for [`Split::Cuts`]: ascending starts of pieces of about `unit` bytes, the first is 0. `whole` is a
    /// file, or a member of a plain tar.
    ///
    /// # Errors
    ///
    /// What the system says of reading the file.
    fn cuts(&self, _whole: &Piece, _layout: &Layout, _unit: u64) -> std::io::Result<Vec<u64>> {
        Ok(vec![0])
    }
    /// Whether reading costs so much (decompression aside) that a build should do it only once.
    fn costly(&self) -> bool {
        false
    }
    /// Whether [`prepare`](Container::prepare) has anything to do for files that are read so.
    fn prepares(&self, _layout: &Layout) -> bool {
        false
    }
    /// What reading any row needs to know from all files of the source: collected once, in the file that `piece` is,
    /// and joined by [`join`](Container::join).
    ///
    /// # Errors
    ///
    /// What the system says of opening the piece, and what breaks it off.
    fn prepare(&self, _piece: &Piece, _layout: &Layout) -> std::io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
    /// The small file that [`Layout::prepared`] names, from what was found in each file, in order.
    fn join(&self, _found: Vec<Vec<u8>>) -> Vec<u8> {
        Vec::new()
    }
    /// The templates in the first `records` records of a piece that the converter does not know, for `corpus inspect`;
    /// nothing where records have no templates.
    ///
    /// # Errors
    ///
    /// What the system says of opening the piece.
    fn unlisted(&self, _piece: &Piece, _layout: &Layout, _records: u64) -> std::io::Result<Option<Vec<Unlisted>>> {
        Ok(None)
    }
    /// Opens a piece.
    ///
    /// # Errors
    ///
    /// What the system says of a file that cannot be opened at all; it becomes one unreadable row.
    fn open(&self, piece: &Piece, layout: &Layout) -> std::io::Result<Box<dyn Reader>>;
}

/// What the fields of an object mean.
pub trait Shape: Send + Sync {
    /// The word in recipes.
    fn name(&self) -> &'static str;
    /// One line for `corpus list`.
    fn about(&self) -> &'static str;
    /// The whole story for `corpus explain`: the module's `//!` text.
    fn docs(&self) -> &'static str;
    /// The uses its rows can have; the first is the default.
    fn uses(&self) -> &'static [Use];
    /// What the recipe can choose; [`choices`](Shape::choices) has what all shapes of its kind have besides.
    fn options(&self) -> &'static [Choice] {
        &[]
    }
    /// All that the recipe can choose.
    fn choices(&self) -> Vec<Choice> {
        let answers = self.uses().iter().any(|u| *u != Use::Pretrain);
        let asks = self.uses().contains(&Use::Instruct);
        let turns = self.uses().iter().any(|u| matches!(u, Use::Instruct | Use::Rlhf));
        self.options()
            .iter()
            .copied()
            .chain(answers.then_some(EMPTY))
            .chain(turns.then_some(THINK))
            .chain(asks.then_some(CHECKED))
            .collect()
    }
    /// Whether its objects may also be arrays, whose items are fields named by number from 0.
    fn lists(&self) -> bool {
        false
    }
    /// Whether objects that stand one after the other may make rows only together (see [`Shape::joined`]): such a file is
    /// read by one reader.
    fn joins(&self) -> bool {
        false
    }
    /// What an object has in common with those that belong to it. Those in a row with the same are handed to
    /// [`Shape::map`] as one object, `{"group": "…", "rows": […]}`. `None` stands alone.
    fn joined(&self, _object: &Object<'_>) -> Option<String> {
        None
    }
    /// Fields of its data sets that it leaves to `meta` on purpose, though they look like content.
    fn leaves(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether an object may give several rows: then rows cannot be skipped by counting objects.
    fn several(&self) -> bool {
        false
    }
    /// Whether rows are made of several objects that lie anywhere in the files (the answers to one question): a build
    /// brings them together first, and [`map`](Shape::map) is given objects `{"group": […]}`. See
    /// `shapes::support::question_groups`.
    fn groups(&self, _layout: &Layout) -> bool {
        false
    }
    /// How well a sample of objects fits, 0 (not at all) to 1 (it is this): used by detection, highest wins.
    fn fits(&self, sample: &[Object<'_>]) -> f32;
    /// Maps an object to rows. Emits exactly one `Err` for an object that cannot be mapped.
    fn map<'a>(
        &self,
        object: &Object<'a>,
        layout: &Layout,
        emit: &mut dyn FnMut(Result<crate::rows::Row<'a>, crate::rows::Unreadable>),
    );
}

/// The container of that name.
pub fn container(name: &str) -> Option<&'static dyn Container> {
    let hidden: [&'static dyn Container; 1] = [&not_data::reader::CONTAINER];
    containers::ALL.iter().copied().chain(hidden).find(|c| c.name() == name)
}

/// The shape of that name.
pub fn shape(name: &str) -> Option<&'static dyn Shape> {
    let hidden: [&'static dyn Shape; 1] = [&shapes::texts::SHAPE];
    shapes::ALL.iter().copied().chain(hidden).find(|s| s.name() == name)
}

/// The use that mapped fields are of, where a field tells it.
pub fn usage_of<'f>(fields: impl Iterator<Item = &'f str>) -> Option<Use> {
    fields
        .filter_map(|ours| match ours {
            "chosen" | "rejected" | "chosen_score" | "rejected_score" | "margin" | "completion" | "label" => {
                Some(Use::Rlhf)
            }
            "messages" | "prompt" | "response" | "history" | "system" | "tools" | "reasoning" | "answer"
            | "answer_kind" | "data_source" => Some(Use::Instruct),
            "input" | "output" | "choices" => Some(Use::Task),
            _ => None,
        })
        // A preference has a prompt, too.
        .max()
}

/// Fields of rows that `fields` can map.
pub const FIELDS: [&str; 30] = [
    "text",
    "id",
    "url",
    "subset",
    "language",
    "license",
    "input",
    "output",
    "task",
    "domain",
    "choices",
    "input_language",
    "output_language",
    "messages",
    "tools",
    "system",
    "prompt",
    "response",
    "history",
    "reasoning",
    "answer",
    "answer_kind",
    "data_source",
    "chosen",
    "rejected",
    "chosen_score",
    "rejected_score",
    "margin",
    "completion",
    "label",
];
