//! Exports of token ids: the layouts that trainers of language models read without a tokenizer, one file each; to add
//! one, write the file and name it in `layouts!(…)`.
//!
//! A [`Layout`] says how wide its ids are, whether it takes documents as they are or packed into sequences of one
//! length, and makes the [`Writer`] of its files. All else is done here for all of them: rows are read, cut by all
//! threads and brought back into their order ([`run`]), packed ([`packing`]), and the folder appears whole
//! ([`super::export::folder`]). The bytes depend on neither threads nor memory.

use super::export::folder::{Staging, Written};
use super::export::{Aside, Example};
use crate::models::tokenizer::{Scratch, Tokenizer};
use crate::rows::Use;
use crate::{Error, Result};

pub mod chat;
mod columns;
pub mod packing;
pub mod run;
pub mod sent;
#[cfg(test)]
mod tests;

pub use crate::text::docs::module_docs;
pub use chat::Chat;
pub use packing::Packing;

macro_rules! layouts {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every layout of token ids.
        pub static ALL: &[&dyn Layout] = &[$(&$module::LAYOUT),*];
    };
}

layouts!(datatrove, dpo, kto, litdata, llmc, mds, megatron, nanogpt, packed, reward);

/// The layout of this name.
pub fn layout(name: &str) -> Option<&'static dyn Layout> {
    ALL.iter().copied().find(|l| l.name() == name)
}

/// Set in an id that is not learnt: ids themselves are below it.
pub const UNLEARNT: u32 = 1 << 31;

/// A layout of token ids.
pub trait Layout: Sync {
    /// The word behind `--to`.
    fn name(&self) -> &'static str;
    /// One line, without a full stop.
    fn about(&self) -> &'static str;
    /// The `//!` text of the file, which `corpus explain` prints.
    fn docs(&self) -> &'static str;
    /// The trainer and the version whose loading code was run on such files (`tests/trainers`).
    fn trainer(&self) -> Option<&'static str> {
        None
    }
    /// The uses whose rows it takes: running text, and with `chat`, where a chat template writes them, dialogues.
    fn uses(&self, chat: bool) -> &'static [Use] {
        if chat { &[] } else { &[Use::Pretrain] }
    }
    /// The ids of a row that a chat template writes, of `length` at the most.
    ///
    /// # Errors
    ///
    /// Why the row has no place.
    fn ids(
        &self,
        chat: &Chat,
        row: (&Example<'_>, &Tokenizer, u32),
        scratch: &mut Scratch,
    ) -> std::result::Result<chat::Ids, Aside> {
        chat.answered(row, scratch)
    }
    /// Whether a row may be no longer than a sequence, though it is not packed into one.
    fn is_limited(&self) -> bool {
        false
    }
    /// How documents can be packed, the default first; none where the layout has a place for whole documents.
    fn packings(&self) -> &'static [Packing] {
        &[]
    }
    /// The most tokens that one of its files can be asked to have ([`Sheet::with_shards`]); none where all go into one.
    fn most_of_shard(&self) -> Option<u64> {
        None
    }
    /// On which side of a document its end token stands.
    fn end_stands(&self) -> Side {
        Side::Behind
    }
    /// How an id is written, for a vocabulary of this size.
    fn width(&self, vocabulary: u32) -> Width;
    /// What writes its files.
    ///
    /// # Errors
    ///
    /// What the system says of making files.
    fn writer<'a>(&self, sheet: &Sheet<'_>, staging: &'a Staging) -> Result<Box<dyn Writer + 'a>>;
    /// The few lines that start a trainer on these files in a folder.
    fn start(&self, folder: &str, files: &[Written], sheet: &Sheet<'_>) -> String;
}

/// The writer of a layout's files.
pub trait Writer {
    /// Appends a document with its end token, or a packed sequence.
    ///
    /// # Errors
    ///
    /// What the system says of writing.
    fn sequence(&mut self, sequence: &Sequence<'_>) -> Result<()>;
    /// Ends its files, in order.
    ///
    /// # Errors
    ///
    /// As [`Writer::sequence`].
    fn close(self: Box<Self>) -> Result<Done>;
}

/// What a writer leaves.
#[derive(Debug, Default)]
pub struct Done {
    /// Its files, in order.
    pub files: Vec<Written>,
    /// Those of them that hold ids, in the order in which they are read.
    pub shards: Vec<Shard>,
}

/// A file of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// Its path in the folder.
    pub path: String,
    /// Documents, sequences or pairs that begin in it.
    pub rows: u64,
    /// Tokens that lie in it.
    pub tokens: u64,
}

impl Done {
    /// One file of ids, and others beside it.
    fn one(files: Vec<Written>, rows: u64, tokens: u64) -> Self {
        let path = files.first().map_or(String::new(), |file| file.path.clone());
        Done { files, shards: vec![Shard { path, rows, tokens }] }
    }
}

/// Ids that stand together: a document, or what was packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence<'a> {
    /// The ids; of dialogues [`UNLEARNT`] is set in those that are not learnt.
    pub ids: &'a [u32],
    /// The lengths of the documents, or parts of them, of which it consists, in order.
    pub lengths: &'a [u32],
    /// A number that a row has beside its ids ([`chat::Ids`]).
    pub value: Option<f64>,
}

/// The side of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In front of it.
    Before,
    /// Behind it.
    Behind,
}

/// How an id is written, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 16 bits without a sign.
    U16,
    /// 32 bits without a sign.
    U32,
    /// 32 bits with a sign.
    I32,
}

impl Width {
    /// 16 bits where the vocabulary fits, else these.
    fn fitting(vocabulary: u32, limit: u32, wide: Width) -> Width {
        if vocabulary <= limit { Width::U16 } else { wide }
    }

    /// Bytes of an id.
    pub fn bytes(self) -> u64 {
        match self {
            Width::U16 => 2,
            Width::U32 | Width::I32 => 4,
        }
    }

    /// NumPy's name of it.
    pub fn numpy(self) -> &'static str {
        match self {
            Width::U16 => "uint16",
            Width::U32 => "uint32",
            Width::I32 => "int32",
        }
    }

    /// Appends ids.
    fn write(self, ids: &[u32], out: &mut Vec<u8>) {
        match self {
            // Every id is below the vocabulary's size, which fits.
            Width::U16 => ids.iter().for_each(|id| out.extend_from_slice(&(*id as u16).to_le_bytes())),
            Width::U32 | Width::I32 => ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes())),
        }
    }
}

/// What an export of ids is made by.
pub struct Sheet<'a> {
    /// The tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Its file, as it was named.
    pub named: &'a str,
    /// Hex, of its bytes.
    pub sha256: &'a str,
    /// The token that ends documents, and its id; none where a template writes dialogues, which end as it has it.
    pub end: Option<(String, u32)>,
    /// What writes dialogues; none where documents are exported.
    pub chat: Option<Chat>,
    /// How documents are packed, and the length of a sequence in tokens; none where the layout takes documents.
    pub packed: Option<(Packing, u32)>,
    /// Tokens of a sequence, or of a row, at the most.
    pub limit: Option<u32>,
    /// How an id is written.
    pub width: Width,
    /// Tokens that each file is asked to have; what the layout does by itself where it is none.
    pub shard: Option<u64>,
}

impl<'a> Sheet<'a> {
    /// The same with files of so many tokens, where that is asked for.
    ///
    /// # Errors
    ///
    /// A layout that writes one file; a number that it has no place for.
    pub fn with_shards(mut self, layout: &dyn Layout, tokens: Option<u64>) -> Result<Self> {
        self.shard = tokens;
        let (Some(tokens), name) = (tokens, layout.name()) else { return Ok(self) };
        let least = self.packed.map_or(1, |packed| u64::from(packed.1));
        match layout.most_of_shard() {
            None => {
                let hint = "leave --shard-tokens out";
                Err(Error::other(format!("`{name}` writes all ids into one file"), hint))
            }
            Some(most) if (least..=most).contains(&tokens) => Ok(self),
            Some(most) => {
                let message = format!("a file of `{name}` has no place for {tokens} tokens");
                Err(Error::other(message, format!("give {least} to {most}")))
            }
        }
    }

    /// Tokens of a row at the most, where rows are limited and not packed.
    pub fn row_limit(&self) -> Option<u32> {
        self.limit.filter(|_| self.packed.is_none())
    }

    /// What a layout is made by: `end` and `packed` are what was asked for, where anything was.
    ///
    /// # Errors
    ///
    /// A token that the tokenizer does not have; no end token where none is known; a packing that the layout does not
    /// have, or a length without one, or none where one is needed.
    pub fn new(
        layout: &dyn Layout,
        (tokenizer, named, sha256): (&'a Tokenizer, &'a str, &'a str),
        end: Option<&str>,
        (packing, length): (Option<Packing>, Option<u32>),
        chat: Option<Chat>,
    ) -> Result<Self> {
        let end = match (&chat, end) {
            (None, end) => Some(ending(tokenizer, named, end)?),
            (Some(_), None) => None,
            (Some(_), Some(_)) => {
                return Err(Error::other("the chat template writes how dialogues end", "leave --eos out"));
            }
        };
        if chat.is_some() && packing == Some(Packing::Cut) {
            return Err(Error::other("dialogues are not cut", "leave --packing out: they are packed whole"));
        }
        let name = layout.name();
        let packed = match (layout.packings(), packing, length) {
            ([], None, Some(_)) if layout.is_limited() => None,
            ([], None, None) if !layout.is_limited() => None,
            ([], None, None) => {
                let hint = "give how many tokens a row has at the most: --seq-length 4096";
                return Err(Error::other(format!("`{name}` does not cut rows"), hint));
            }
            ([], Some(_), _) if layout.is_limited() => {
                return Err(Error::other(format!("`{name}` does not pack rows"), "leave --packing out"));
            }
            ([], ..) => {
                let hint = "leave --seq-length and --packing out: the trainer cuts the stream itself";
                return Err(Error::other(format!("`{name}` takes whole documents"), hint));
            }
            (_, _, None) => {
                let hint = "give the length that the model is trained with, in tokens: --seq-length 4096";
                return Err(Error::other(format!("`{name}` packs documents into sequences"), hint));
            }
            (all, packing, Some(length)) => match packing.or(all.first().copied()).filter(|p| all.contains(p)) {
                Some(packing) => Some((packing, length)),
                None => {
                    let words: Vec<&str> = all.iter().map(|p| p.as_str()).collect();
                    let hint = format!("it takes --packing {}", words.join(" or "));
                    return Err(Error::other(format!("`{name}` has no place for sequences that are not full"), hint));
                }
            },
        };
        Ok(Sheet {
            tokenizer,
            named,
            sha256,
            end,
            chat,
            packed,
            limit: length,
            width: layout.width(tokenizer.vocabulary()),
            shard: None,
        })
    }
}

/// The token that ends documents.
fn ending(tokenizer: &Tokenizer, named: &str, asked: Option<&str>) -> Result<(String, u32)> {
    if let Some(token) = asked {
        return tokenizer.id(token).map(|id| (token.to_owned(), id)).ok_or_else(|| {
            let known: Vec<&str> = tokenizer.added().take(12).collect();
            let message = format!("{named} has no special token `{token}`");
            Error::other(message, format!("it has {}", known.join(", ")))
        });
    }
    tokenizer.end().map(|(token, id)| (token.to_owned(), id)).ok_or_else(|| {
        let hint =
            "name it: --eos '<|endoftext|>', in a recipe `eos`; or put the model's tokenizer_config.json beside it";
        Error::other(format!("{named} does not say which token ends a document"), hint)
    })
}
