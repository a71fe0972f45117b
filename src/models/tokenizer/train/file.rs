//! A `tokenizer.json` put together: what the library `tokenizers` of all versions, and `transformers` with it, reads.

use serde_json::{Map, Value as Json, json};

use crate::models::tokenizer::pieces::byte_to_char;

/// How text is split before pieces are looked for: words with the space before them, single digits, runs of signs, line
/// ends. It is Qwen2's pattern, which libraries have a fast path for.
pub const SPLIT: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The piece for what the vocabulary lacks, where it is not of bytes.
pub const UNKNOWN: &str = "<unk>";

/// A vocabulary that grows, as it stands in a file.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    pieces: Vec<String>,
    ids: std::collections::HashMap<String, u32>,
}

impl Vocabulary {
    /// Appends a piece; the id that it has, where it was there before.
    pub fn push(&mut self, piece: String) -> u32 {
        if let Some(id) = self.ids.get(&piece) {
            return *id;
        }
        let id = self.pieces.len() as u32;
        self.ids.insert(piece.clone(), id);
        self.pieces.push(piece);
        id
    }

    /// The id of a piece.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.ids.get(piece).copied()
    }

    /// A piece by its id.
    pub fn piece(&self, id: u32) -> &str {
        self.pieces.get(id as usize).map_or("", String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// All of them, by id.
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// As the file has it.
    pub fn json(&self) -> Json {
        let of = |(id, piece): (usize, &String)| (piece.clone(), Json::from(id));
        Json::Object(self.pieces.iter().enumerate().map(of).collect::<Map<_, _>>())
    }
}

/// The names of all bytes: characters of a vocabulary of bytes, else `<0x00>` and on.
pub fn bytes(of_bytes: bool) -> Vec<String> {
    if !of_bytes {
        return (0..=255u8).map(|byte| format!("<0x{byte:02X}>")).collect();
    }
    let mut chars: Vec<char> = (0..=255).map(byte_to_char).collect();
    chars.sort_unstable();
    chars.into_iter().map(String::from).collect()
}

/// A text as a vocabulary of bytes writes it.
pub fn in_bytes(text: &str) -> String {
    text.bytes().map(byte_to_char).collect()
}

/// A special token as the file has it.
pub fn special(content: &str, id: u32) -> Json {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true})
}

/// A model of byte-pair encoding.
pub fn bpe(vocabulary: &Vocabulary, merges: &[(String, String)], of_bytes: bool) -> Json {
    let unknown = if of_bytes { Json::Null } else { UNKNOWN.into() };
    let merges: Vec<Json> = merges.iter().map(|(left, right)| json!([left, right])).collect();
    json!({"type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": !of_bytes, "ignore_merges": false,
        "vocab": vocabulary.json(), "merges": merges})
}

/// A unigram model of pieces with their scores, by id.
pub fn unigram(pieces: &[(String, f64)]) -> Json {
    let pieces: Vec<Json> = pieces.iter().map(|(piece, score)| json!([piece, score])).collect();
    json!({"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": true})
}

/// The file around a model; `specials` are its special tokens, from id 0 on.
pub fn tokenizer(model: Json, specials: &[String], of_bytes: bool) -> Json {
    let split = json!({"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": false});
    let level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false});
    let (splits, decoder) = match of_bytes {
        true => (json!({"type": "Sequence", "pretokenizers": [split, level]}), level),
        false => (split, json!({"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]})),
    };
    let added: Vec<Json> = (0..).zip(specials).map(|(id, token)| special(token, id)).collect();
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": splits, "post_processor": null, "decoder": decoder, "model": model})
}

/// What `transformers` reads beside it.
pub fn configuration(end: &str, unknown: bool) -> Json {
    let mut config = json!({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end,
        "clean_up_tokenization_spaces": false, "model_max_length": 1_000_000_000_000_000_000u64});
    if unknown {
        config["unk_token"] = UNKNOWN.into();
    }
    config
}
