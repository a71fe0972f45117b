//! What `kitoken` reads: SentencePiece's models and Mistral's `tekken.json`.

use std::collections::BTreeMap;
use std::path::Path;

use kitoken::{Definition, Fallback, Kitoken, Model, Normalization, SpecialTokenKind};

use super::pieces::Piece;
use super::{Engine, Read};
use crate::models::{Error, Result};

/// A tokenizer of this kind.
pub(super) struct Kit {
    pub(super) cutter: Kitoken,
    /// By id.
    pieces: Vec<Option<Piece>>,
}

impl Kit {
    /// What an id stands for.
    pub(super) fn piece(&self, id: u32) -> Option<Piece> {
        self.pieces.get(id as usize)?.clone()
    }
}

/// What the ids of a definition stand for. Of SentencePiece's pieces of one byte only those of bytes have no other name:
/// signs that steer, and halves of characters.
fn pieces(definition: &Definition, vocabulary: u32) -> Vec<Option<Piece>> {
    let mut pieces = vec![None; vocabulary as usize];
    let named = matches!(definition.model, Model::BytePair { chars: true, .. });
    for token in definition.model.vocab().iter() {
        let piece = match token.bytes.as_slice() {
            [byte] if named && byte.is_ascii_control() => Piece::Bytes(vec![*byte]),
            bytes => Piece::of_bytes(bytes),
        };
        pieces[token.id as usize] = Some(piece);
    }
    for special in definition.specials.iter().filter(|special| special.id < vocabulary) {
        pieces[special.id as usize] = Some(match special.kind {
            SpecialTokenKind::Unknown => Piece::Unknown,
            _ => Piece::of_bytes(&special.bytes),
        });
    }
    pieces
}

/// A model of SentencePiece.
pub(super) fn sentence_piece(path: &Path, bytes: &[u8]) -> Result<Read> {
    let definition = Definition::from_sentencepiece_slice(bytes).map_err(|e| {
        Error::file(
            path,
            format!("is neither a tokenizer.json, nor SentencePiece's .model, nor ranks of tiktoken: {e}"),
        )
    })?;
    // Of these alone `kitoken` gives the ids that SentencePiece itself does: it has bytes of unknown characters backwards
    // in unigram models, joins unknown ones otherwise, and knows another NFKC.
    let pieces = matches!(definition.model, Model::BytePair { chars: true, .. });
    let bytes = definition.config.fallback.first() == Some(&Fallback::Bytes);
    let plain = |step: &Normalization| matches!(step, Normalization::Replace { .. } | Normalization::Extend { .. });
    if !pieces || !bytes || !definition.config.normalization.iter().all(plain) {
        let what = "a model of SentencePiece that is not BPE, has no bytes for unknown characters, or rewrites text before it \
                    cuts it, is not read as SentencePiece reads it: name the model's tokenizer.json";
        return Err(Error::file(path, what));
    }
    of(path, "SentencePiece", definition)
}

/// Mistral's.
pub(super) fn tekken(path: &Path, bytes: &[u8]) -> Result<Read> {
    let definition = Definition::from_tekken_slice(bytes).map_err(|e| Error::file(path, e.to_string()))?;
    of(path, "tekken.json", definition)
}

/// A tokenizer of its definition.
pub(super) fn of(path: &Path, kind: &'static str, mut definition: Definition) -> Result<Read> {
    // A model without a padding token says that its id is -1.
    let specials = definition.specials.iter().filter(|s| s.id < i32::MAX as u32);
    let named: Vec<(String, u32, Option<&str>)> =
        specials.map(|s| (String::from_utf8_lossy(&s.bytes).into_owned(), s.id, s.ident.as_deref())).collect();
    // Of SentencePiece's tokens the roles are lost, and their names are not.
    let end =
        named.iter().find(|s| s.2 == Some("eos") || ["</s>", "<eos>"].contains(&s.0.as_str())).map(|s| s.0.clone());
    let added: BTreeMap<String, u32> = named.into_iter().map(|s| (s.0, s.1)).collect();
    let ids = definition.model.vocab().iter().map(|t| t.id).chain(added.values().copied());
    let Some(vocabulary) = ids.max().and_then(|last| last.checked_add(1)) else {
        return Err(Error::file(path, "has no tokens"));
    };
    let pieces = pieces(&definition, vocabulary);
    // `kitoken` splits a text around special tokens even where it cuts them like other text: it is not told of them.
    definition.specials.retain(|special| special.kind != SpecialTokenKind::Control);
    definition.config.templates.clear();
    let cutter = Kitoken::from_definition(definition).map_err(|e| Error::file(path, e.to_string()))?;
    Ok(Read {
        engine: Engine::Kit(Box::new(Kit { cutter, pieces })),
        kind,
        vocabulary,
        added,
        special: Vec::new(),
        end,
    })
}
