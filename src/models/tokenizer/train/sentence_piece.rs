//! SentencePiece's `.model`, a protobuf message: its pieces read, the same as a `tokenizer.json`, and new pieces put behind
//! them. Fields are those of `sentencepiece_model.proto` (<https://github.com/google/sentencepiece>, Apache-2.0).

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::file;

/// Kinds of pieces that are told apart, by their numbers in the file.
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const USER_DEFINED: u64 = 4;
const UNUSED: u64 = 5;
const BYTE: u64 = 6;

/// A piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// As the model writes it: `▁` is a space.
    pub piece: String,
    /// The higher, the sooner it is made.
    pub score: f32,
    kind: u64,
}

/// What is read of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its pieces, by id.
    pub pieces: Vec<Piece>,
    /// Whether a text begins as though a space stood before it.
    prefix: bool,
}

/// A value of a field.
enum Value<'a> {
    Number(u64),
    Bits(u32),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The fields of a message; nothing where it is broken.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            2 => {
                let long = usize::try_from(varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(long)?;
                bytes = rest;
                Value::Bytes(value)
            }
            kind @ (1 | 5) => {
                let (value, rest) = bytes.split_at_checked(if kind == 1 { 8 } else { 4 })?;
                bytes = rest;
                Value::Bits(u32::from_le_bytes(value.get(..4)?.try_into().ok()?))
            }
            _ => return None,
        };
        fields.push((tag >> 3, value));
    }
    Some(fields)
}

fn piece(bytes: &[u8]) -> Option<Piece> {
    let mut piece = Piece { piece: String::new(), score: 0.0, kind: NORMAL };
    for (number, value) in fields(bytes)? {
        match (number, value) {
            (1, Value::Bytes(text)) => piece.piece = String::from_utf8(text.to_vec()).ok()?,
            (2, Value::Bits(score)) => piece.score = f32::from_bits(score),
            (3, Value::Number(kind)) => piece.kind = kind,
            _ => {}
        }
    }
    Some(piece)
}

/// A number of a message within a message.
fn number(message: Option<&[u8]>, field: u64, otherwise: u64) -> u64 {
    let all = message.and_then(fields).unwrap_or_default();
    let mut mine = all
        .into_iter()
        .filter(|f| f.0 == field)
        .filter_map(|f| if let Value::Number(n) = f.1 { Some(n) } else { None });
    mine.next_back().unwrap_or(otherwise)
}

impl Model {
    /// Reads a model of byte-pair encoding.
    ///
    /// # Errors
    /// What it is instead, or has that cannot be carried over.
    pub fn read(bytes: &[u8]) -> Result<Model, String> {
        let all = fields(bytes).ok_or("is no model of SentencePiece, or is cut off")?;
        let message = |field: u64| {
            let mut mine = all
                .iter()
                .filter(|f| f.0 == field)
                .filter_map(|f| if let Value::Bytes(b) = f.1 { Some(b) } else { None });
            mine.next_back()
        };
        let (trainer, normal) = (message(2), message(3));
        if number(trainer, 3, 1) != 2 {
            return Err("is no model of byte-pair encoding".into());
        }
        if number(trainer, 24, 0) != 0 {
            return Err("has spaces at the end of pieces".into());
        }
        let own = all.iter().filter(|f| f.0 == 1).map(|f| if let Value::Bytes(b) = f.1 { piece(b) } else { None });
        let pieces: Vec<Piece> = own.collect::<Option<_>>().ok_or("has a piece that cannot be read")?;
        if pieces.iter().any(|p| p.kind == UNUSED) {
            return Err("has pieces that are not used".into());
        }
        if pieces.iter().filter(|p| p.kind == BYTE).count() != 256 {
            return Err("has no bytes for unknown characters".into());
        }
        Ok(Model { pieces, prefix: number(normal, 3, 1) != 0 })
    }

    /// The least score of its pieces.
    pub fn least(&self) -> f32 {
        self.pieces.iter().filter(|p| p.kind == NORMAL).map(|p| p.score).fold(0.0, f32::min)
    }

    /// Puts pieces behind its own, each made later than all before it.
    pub fn extend(&mut self, pieces: &[String]) {
        let least = self.least();
        let score = |at: usize| least - 1.0 - at as f32;
        let new = pieces.iter().enumerate();
        self.pieces.extend(new.map(|(at, piece)| Piece { piece: piece.clone(), score: score(at), kind: NORMAL }));
    }

    /// The file with the pieces from this id on put behind it: fields that repeat are strung together.
    pub fn appended(&self, file: &[u8], from: usize) -> Vec<u8> {
        let mut out = file.to_vec();
        for piece in &self.pieces[from.min(self.pieces.len())..] {
            let mut message = vec![0x0a];
            put(&mut message, piece.piece.len() as u64);
            message.extend_from_slice(piece.piece.as_bytes());
            message.push(0x15);
            message.extend_from_slice(&piece.score.to_le_bytes());
            out.push(0x0a);
            put(&mut out, message.len() as u64);
            out.extend_from_slice(&message);
        }
        out
    }

    /// Merges that make each piece out of any two, best first: SentencePiece joins whatever neighbours make a piece.
    fn merges(&self) -> Vec<Json> {
        let normal = |p: &&Piece| p.kind == NORMAL;
        let known: HashMap<&str, f32> =
            self.pieces.iter().filter(normal).map(|p| (p.piece.as_str(), p.score)).collect();
        let mut best: Vec<&Piece> = self.pieces.iter().filter(normal).collect();
        best.sort_by(|a, b| b.score.total_cmp(&a.score));
        let splits = |piece: &&Piece| {
            let text = piece.piece.as_str().to_owned();
            let places: Vec<usize> = text.char_indices().skip(1).map(|(at, _)| at).collect();
            let pair = |at: usize| {
                let (left, right) = text.split_at(at);
                (known.contains_key(left) && known.contains_key(right)).then(|| json!([left, right]))
            };
            places.into_iter().filter_map(pair).collect::<Vec<_>>()
        };
        best.iter().flat_map(splits).collect()
    }

    /// The same as a `tokenizer.json`.
    pub fn json(&self) -> Json {
        let added = |(id, piece): (usize, &Piece)| {
            let mut token = file::special(&piece.piece, id as u32);
            token["special"] = (piece.kind != USER_DEFINED).into();
            (!matches!(piece.kind, NORMAL | BYTE)).then_some(token)
        };
        let added: Vec<Json> = self.pieces.iter().enumerate().filter_map(added).collect();
        let vocabulary: serde_json::Map<String, Json> =
            self.pieces.iter().enumerate().map(|(id, p)| (p.piece.clone(), Json::from(id))).collect();
        let unknown = self.pieces.iter().find(|p| p.kind == UNKNOWN).map(|p| p.piece.clone());
        let model = json!({"type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocabulary, "merges": self.merges()});
        let mut steps = vec![json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})];
        let mut decoders = vec![
            json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
            json!({"type": "ByteFallback"}),
            json!({"type": "Fuse"}),
        ];
        if self.prefix {
            steps.insert(0, json!({"type": "Prepend", "prepend": "▁"}));
            decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
        }
        json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
            "normalizer": {"type": "Sequence", "normalizers": steps}, "pre_tokenizer": null, "post_processor": null,
            "decoder": {"type": "Sequence", "decoders": decoders}, "model": model})
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::models::tokenizer::{Scratch, Tokenizer};

    fn tiny(name: &str) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "tests", "models", name].iter().collect()
    }

    fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        tokenizer.encode(text, &mut Scratch::default(), &mut ids).unwrap();
        ids
    }

    const TEXTS: [&str; 5] = [
        "河边的小镇很安静。\n  boats under the bridge, 12",
        "",
        "魑魅 <s> <0x41> </s>",
        "  the the",
        "a\tb\r\n\u{1F600}",
    ];

    /// The `tokenizer.json` of a model cuts as the model does, and one with new pieces as the model with them.
    #[test]
    fn a_model_and_its_json_cut_alike() {
        let bytes = std::fs::read(tiny("tiny-spm.model")).unwrap();
        let mut model = Model::read(&bytes).unwrap();
        let from = model.pieces.len();
        let json = |model: &Model| Tokenizer::of_json(Path::new("json"), model.json()).unwrap();
        let same = |one: &Tokenizer, other: &Tokenizer| {
            TEXTS.iter().for_each(|text| assert_eq!(ids(one, text), ids(other, text), "{text:?}"));
        };
        same(&json(&model), &Tokenizer::read(&tiny("tiny-spm.model")).unwrap());
        let new = ["魑", "魅", "魑魅", "the▁the", "小镇"].map(str::to_owned);
        model.extend(&new);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("more.model");
        std::fs::write(&path, model.appended(&bytes, from)).unwrap();
        let (json, more) = (json(&model), Tokenizer::read(&path).unwrap());
        assert_eq!((more.vocabulary(), Model::read(&std::fs::read(&path).unwrap()).unwrap()), (from as u32 + 5, model));
        same(&json, &more);
        assert!(ids(&json, "魑魅").contains(&(from as u32 + 2)), "{:?}", ids(&json, "魑魅"));
    }

    #[test]
    fn what_is_no_such_model_is_refused() {
        let unigram = std::fs::read(tiny("tiny-unigram.model")).unwrap();
        assert_eq!(Model::read(&unigram), Err("is no model of byte-pair encoding".into()));
        let bytes = std::fs::read(tiny("tiny-spm.model")).unwrap();
        assert!(Model::read(&bytes[..bytes.len() / 2]).is_err() && Model::read(b"\xff\xff").is_err());
    }
}
