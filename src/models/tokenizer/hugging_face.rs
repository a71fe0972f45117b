//! `tokenizer.json`, as Hugging Face's tokenizers write it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use tokenizers::pipeline::{
    EncodeOptions, Override, PipelineToken, PipelineTokenizer, PreTokenizer, PreTokenizerScratch, normalize_all,
};

use super::pieces::{Piece, char_to_byte, named_byte};
use super::{Read, Scratch};
use crate::models::{Error, Result};

mod file;
mod turns;

use file::File;
pub(super) use file::Parts;

/// A tokenizer of this kind.
pub(super) struct Engine {
    cutter: PipelineTokenizer,
    options: EncodeOptions,
    tokens: turns::Tokens,
    /// Whether the vocabulary is of bytes.
    of_bytes: bool,
    /// The id of what the vocabulary does not have.
    unknown: Option<u32>,
}

impl Engine {
    /// The tokens of a text.
    pub(super) fn cut<'s>(
        &self,
        text: &str,
        scratch: &'s mut Scratch,
    ) -> std::result::Result<&'s [PipelineToken], String> {
        scratch.0.clear();
        self.cutter.encode_into(text, &self.options, &mut scratch.0).map_err(|e| e.to_string())?;
        Ok(&scratch.0)
    }

    /// Hands over what a text is split into before pieces are looked for, normalised as it is within a text.
    pub(super) fn words(&self, text: &str, found: &mut dyn FnMut(&str)) -> std::result::Result<(), String> {
        let text = normalize_all(self.cutter.get_normalizers(), text, 1).map_err(|e| e.to_string())?;
        let (mut scratch, mut spans) = (PreTokenizerScratch::default(), Vec::new());
        let split = self.cutter.get_pre_tokenizer().pre_tokenize(&text, &mut scratch, &mut spans);
        split.map_err(|e| e.to_string())?;
        let words = spans.iter().filter_map(|span| text.get(span.start as usize..span.end as usize));
        words.filter(|word| !word.is_empty()).for_each(found);
        Ok(())
    }

    /// What an id stands for.
    pub(super) fn piece(&self, id: u32) -> Option<Piece> {
        if self.unknown == Some(id) {
            return Some(Piece::Unknown);
        }
        let piece = self.cutter.decode_tokens(&[id], false).pop()?;
        if let Some(byte) = named_byte(&piece) {
            return Some(Piece::Bytes(vec![byte]));
        }
        // An added token stands there as it is.
        let bytes: Option<Vec<u8>> = if self.of_bytes { piece.chars().map(char_to_byte).collect() } else { None };
        Some(bytes.map_or(Piece::Text(piece), |bytes| Piece::of_bytes(&bytes)))
    }
}

/// Whether the vocabulary is of bytes, each written as a character.
pub(super) fn is_of_bytes(json: &Json) -> bool {
    ["pre_tokenizer", "decoder"].iter().any(|part| json[*part].to_string().contains("\"ByteLevel\""))
}

/// Reads one by its fields; files of older versions are brought into the form of today's.
pub(super) fn read(path: &Path, parts: &Parts<'_>) -> Result<Read> {
    let refuse = |what: String| Error::file(path, format!("this tokenizer cannot be used: {what}"));
    let file = File::of(parts).map_err(|e| refuse(e.to_string()))?;
    let (added, special, of_bytes) = (added(file.root()), special(file.root()), is_of_bytes(file.root()));
    let model = &file.root()["model"];
    let (mut widths, mut named) = (Vec::new(), None);
    let unknown = model["unk_token"].as_str();
    let walked = file.pieces(&mut |piece, id| {
        widths.push((id, turns::width(piece, of_bytes)));
        named = if unknown == Some(piece) { Some(id) } else { named };
    });
    walked.map_err(|e| refuse(e.to_string()))?;
    let unknown = id(&model["unk_id"]).or(named);
    let last = widths.iter().map(|(id, _)| *id).chain(added.values().copied()).max();
    let vocabulary = last.and_then(|last| last.checked_add(1)).ok_or_else(|| refuse("it has no tokens".into()))?;
    let tokens = turns::Tokens::of(file.root(), &widths, vocabulary);
    let text = file.canonical().map_err(refuse)?;
    let cutter = tokenizers::from_json(&text).map_err(|e| refuse(e.to_string()))?;
    // The text alone, whole, special tokens in it as words.
    let options = EncodeOptions {
        add_special_tokens: false,
        encode_special_tokens: true,
        padding: Override::Off,
        truncation: Override::Off,
    };
    let end = cutter.get_token_for_role("eos_token").map(str::to_owned);
    let tokens = tokens.with(&cutter);
    let engine = super::Engine::HuggingFace(Box::new(Engine { cutter, options, tokens, of_bytes, unknown }));
    Ok(Read { engine, kind: "tokenizer.json", vocabulary, added, special, end })
}

/// An id of JSON.
fn id(json: &Json) -> Option<u32> {
    json.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// The added tokens.
fn added(json: &Json) -> BTreeMap<String, u32> {
    let tokens = json.get("added_tokens").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    tokens.iter().filter_map(|t| Some((t.get("content")?.as_str()?.to_owned(), id(t.get("id")?)?))).collect()
}

/// The special ones of them.
fn special(json: &Json) -> Vec<String> {
    let tokens = json.get("added_tokens").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let special = tokens.iter().filter(|t| t["special"].as_bool() == Some(true));
    special.filter_map(|t| Some(t.get("content")?.as_str()?.to_owned())).collect()
}

/// The token at the end of texts, by the configuration that stands beside a tokenizer.
pub(super) fn configured_end(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path.with_file_name("tokenizer_config.json")).ok()?;
    let json: Json = serde_json::from_slice(&bytes).ok()?;
    let token = json.get("eos_token")?;
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
}
