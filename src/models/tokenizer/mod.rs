//! Tokenizers: text to the ids that a language model is trained on.
//!
//! A `tokenizer.json` is read by the crate `tokenizers`; SentencePiece's `.model`, tiktoken's ranks and Mistral's
//! `tekken.json` by `kitoken`. Which one a file is, its first bytes say. A tokenizer is read once and shared by all
//! threads; ids are those of the text alone: no template, no token before or behind it, and special tokens that stand in
//! it as words (`<|im_end|>`) are cut like any other text. Added tokens that are not special (`<think>` of some models)
//! are one token, as they are for the trainers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::{Error, Place, Result};

mod hugging_face;
mod kit;
pub mod pieces;
mod ranks;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod train;

/// A tokenizer.
pub struct Tokenizer {
    engine: Engine,
    kind: &'static str,
    /// One past the largest id.
    vocabulary: u32,
    /// Tokens beside the vocabulary of text, special ones among them.
    added: BTreeMap<String, u32>,
    /// The special ones, of a `tokenizer.json`.
    special: Vec<String>,
    end: Option<(String, u32)>,
}

/// Who cuts.
enum Engine {
    HuggingFace(Box<hugging_face::Engine>),
    Kit(Box<kit::Kit>),
}

/// What reading a file gave, before the end of documents is settled.
struct Read {
    engine: Engine,
    kind: &'static str,
    vocabulary: u32,
    added: BTreeMap<String, u32>,
    special: Vec<String>,
    /// The token at the end of texts, by the file itself.
    end: Option<String>,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch(Vec<tokenizers::pipeline::PipelineToken>);

/// A text that a chat template wrote.
#[derive(Clone, Copy, Debug)]
pub struct Turns<'t> {
    /// The text.
    pub text: &'t str,
    /// Bytes of it that are words, though they read like special tokens; in order.
    pub words: &'t [Range<usize>],
    /// Bytes of it that are learnt; in order.
    pub learnt: &'t [Range<usize>],
}

/// The tokens of such a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The ids.
    pub ids: Vec<u32>,
    /// Whether each is learnt: whether it overlaps with what is learnt of the text.
    pub learnt: Vec<bool>,
}

/// Tokens that end a turn of a dialogue in models that have another one for the end of a document: what is behind the
/// colon ends documents where the vocabulary has it.
const TURN_ENDS: [(&str, &str); 4] = [
    ("<|im_end|>", "<|endoftext|>"),
    ("<|eot_id|>", "<|end_of_text|>"),
    ("<|eot|>", "<|end_of_text|>"),
    ("<end_of_turn>", "<eos>"),
];

impl Tokenizer {
    /// Reads the file of a tokenizer. `tokenizer_config.json` in the same folder says which token ends a text, where the
    /// file itself does not.
    ///
    /// # Errors
    /// A file that cannot be read, is no tokenizer, or is one that is not supported.
    pub fn read(path: &Path) -> Result<Tokenizer> {
        let bytes = std::fs::read(path).map_err(|e| Error::file(path, e.to_string()))?;
        let read = match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'{') => of_json(path, &bytes)?,
            _ if ranks::are(&bytes) => ranks::read(path, &bytes)?,
            Some(_) => kit::sentence_piece(path, &bytes)?,
            None => return Err(Error::file(path, "the file is empty")),
        };
        let Read { engine, kind, vocabulary, added, special, end } = read;
        let end = end.or_else(|| hugging_face::configured_end(path));
        let better = TURN_ENDS.iter().find(|t| end.as_deref() == Some(t.0)).map(|t| t.1);
        let end = [better, end.as_deref()].into_iter().flatten().find_map(|t| Some((t.to_owned(), *added.get(t)?)));
        Ok(Tokenizer { engine, kind, vocabulary, added, special, end })
    }

    /// Appends the ids of a text.
    ///
    /// # Errors
    /// Why the text cannot be cut: the vocabulary lacks a character, and has no token for what it lacks.
    pub fn encode(&self, text: &str, scratch: &mut Scratch, ids: &mut Vec<u32>) -> std::result::Result<(), String> {
        match &self.engine {
            Engine::HuggingFace(engine) => {
                ids.extend_from_slice(tokenizers::pipeline::PipelineToken::cast_slice(engine.cut(text, scratch)?));
            }
            Engine::Kit(engine) => ids.extend(engine.cutter.encode(text, false).map_err(|e| e.to_string())?),
        }
        Ok(())
    }

    /// How many ids a text has.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn count(&self, text: &str, scratch: &mut Scratch) -> std::result::Result<usize, String> {
        match &self.engine {
            Engine::HuggingFace(engine) => Ok(engine.cut(text, scratch)?.len()),
            Engine::Kit(engine) => Ok(engine.cutter.encode(text, false).map_err(|e| e.to_string())?.len()),
        }
    }

    /// Appends the ids of a text that a chat template wrote: special tokens are tokens, unless they stand in what is
    /// words. These are the ids that the library gives of the text, where nothing is marked as words.
    ///
    /// # Errors
    /// Why the text cannot be cut, or not so that what is learnt can be told.
    pub fn encode_turns(
        &self,
        turns: &Turns<'_>,
        scratch: &mut Scratch,
        out: &mut Cut,
    ) -> std::result::Result<(), String> {
        match &self.engine {
            Engine::HuggingFace(engine) => engine.turns(turns, scratch, out),
            Engine::Kit(_) => Err(format!("{} says too little of its special tokens", self.kind)),
        }
    }

    /// Whether it can cut what a chat template wrote: a `tokenizer.json` alone says all of its special tokens.
    pub fn has_turns(&self) -> bool {
        matches!(self.engine, Engine::HuggingFace(_))
    }

    /// The special tokens of a `tokenizer.json`.
    pub fn special(&self) -> &[String] {
        &self.special
    }

    /// Reads a `tokenizer.json` that is at hand; `named` is what errors call it.
    ///
    /// # Errors
    /// As [`Tokenizer::read`].
    pub fn of_json(named: &Path, json: serde_json::Value) -> Result<Tokenizer> {
        let text = json.to_string();
        drop(json);
        let Read { engine, kind, vocabulary, added, special, end } = of_json(named, text.as_bytes())?;
        let end = end.and_then(|t| Some((added.get_key_value(&t)?.0.clone(), *added.get(&t)?)));
        Ok(Tokenizer { engine, kind, vocabulary, added, special, end })
    }

    /// Hands over what a `tokenizer.json` splits a text into before it looks for pieces: no piece goes beyond. Another
    /// tokenizer is handed the whole text.
    ///
    /// # Errors
    /// Why the text cannot be split.
    pub fn words(&self, text: &str, found: &mut dyn FnMut(&str)) -> std::result::Result<(), String> {
        match &self.engine {
            Engine::HuggingFace(engine) => engine.words(text, found),
            Engine::Kit(_) => {
                found(text);
                Ok(())
            }
        }
    }

    /// What an id stands for; nothing where the vocabulary has a gap.
    pub fn piece(&self, id: u32) -> Option<pieces::Piece> {
        match &self.engine {
            Engine::HuggingFace(engine) => engine.piece(id),
            Engine::Kit(engine) => engine.piece(id),
        }
    }

    /// The format of its file, for a person.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The size of its vocabulary: one past the largest id, added tokens too.
    pub fn vocabulary(&self) -> u32 {
        self.vocabulary
    }

    /// The id of a special or added token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.added.get(token).copied()
    }

    /// The special and added tokens.
    pub fn added(&self) -> impl Iterator<Item = &str> {
        self.added.keys().map(String::as_str)
    }

    /// The token that ends a document, and its id, where it is known. Of models of dialogues whose text ends with the
    /// end of a turn it is the one that they were pretrained with.
    pub fn end(&self) -> Option<(&str, u32)> {
        self.end.as_ref().map(|(token, id)| (token.as_str(), *id))
    }
}

/// A JSON file: Hugging Face's, or Mistral's.
fn of_json(path: &Path, bytes: &[u8]) -> Result<Read> {
    let parts: hugging_face::Parts<'_> = serde_json::from_slice(bytes).map_err(|e| Error {
        file: path.into(),
        place: Place::Line(e.line() as u64),
        what: format!("no JSON: {e}; fetch it again"),
    })?;
    if parts.contains_key("model") {
        return hugging_face::read(path, &parts);
    }
    if parts.get("vocab").is_some_and(|vocab| vocab.get().starts_with('[')) && parts.contains_key("config") {
        return kit::tekken(path, bytes);
    }
    let what = "has no `model`, so it is no tokenizer: name the model's tokenizer.json, not its tokenizer_config.json";
    Err(Error::file(path, what))
}
