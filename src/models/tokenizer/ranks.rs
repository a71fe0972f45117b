//! tiktoken's ranks: a line a token, in base64, and its id. Such a file says neither how text is split before it is cut
//! nor which tokens are special: both follow from its number of tokens, for the vocabularies that are known here. Others
//! are refused, since another split gives other ids without a word.

use std::path::Path;

use kitoken::{
    Definition, Normalization, Regex, SpecialToken, SpecialTokenKind, Split, SplitBehavior, UnicodeNormalization,
};

use super::{Read, kit};
use crate::models::{Error, Place, Result};

/// GPT-2's split.
const GPT_2: &str = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// Of cl100k and Llama 3.
const CL100K: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen's, up to Qwen3: digits stand alone.
const QWEN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen3.5's and Qwen3.6's: marks belong to letters.
const QWEN_3_5: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A known vocabulary.
struct Known {
    /// Its number of tokens that are not special.
    tokens: usize,
    name: &'static str,
    /// Its split; `None` where `kitoken` has it.
    split: Option<&'static str>,
    /// Whether text is brought into Unicode's form C before.
    composed: bool,
    /// The tokens that end documents and turns.
    special: &'static [(&'static str, u32)],
}

const KNOWN: [Known; 9] = [
    Known { tokens: 50_256, name: "r50k", split: Some(GPT_2), composed: false, special: &[("<|endoftext|>", 50_256)] },
    Known { tokens: 50_280, name: "p50k", split: Some(GPT_2), composed: false, special: &[("<|endoftext|>", 50_256)] },
    Known {
        tokens: 100_256,
        name: "cl100k",
        split: Some(CL100K),
        composed: false,
        special: &[("<|endoftext|>", 100_257), ("<|endofprompt|>", 100_276)],
    },
    Known {
        tokens: 128_000,
        name: "Llama 3",
        split: Some(CL100K),
        composed: false,
        special: &[("<|begin_of_text|>", 128_000), ("<|end_of_text|>", 128_001), ("<|eot_id|>", 128_009)],
    },
    Known {
        tokens: 151_643,
        name: "Qwen",
        split: Some(QWEN),
        composed: true,
        special: &[("<|endoftext|>", 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645)],
    },
    Known { tokens: 163_584, name: "Kimi", split: None, composed: false, special: &[] },
    Known { tokens: 199_998, name: "o200k", split: None, composed: false, special: &[] },
    Known { tokens: 200_000, name: "Llama 4", split: None, composed: false, special: &[] },
    Known {
        tokens: 248_044,
        name: "Qwen3.5",
        split: Some(QWEN_3_5),
        composed: true,
        special: &[("<|endoftext|>", 248_044), ("<|im_start|>", 248_045), ("<|im_end|>", 248_046)],
    },
];

/// Whether the first line is a token in base64 and a number.
pub(super) fn are(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let Some((token, rank)) = line.split_at_checked(line.iter().position(|b| *b == b' ').unwrap_or(line.len())) else {
        return false;
    };
    let digits = rank.trim_ascii();
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
    !token.is_empty() && token.iter().all(base64) && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Reads them.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Read> {
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    let Some(known) = KNOWN.iter().find(|known| known.tokens == lines) else {
        let names: Vec<String> = KNOWN.iter().map(|k| format!("{} ({})", k.name, k.tokens)).collect();
        return Err(Error {
            file: path.into(),
            place: Place::Line(lines as u64),
            what: format!(
                "{lines} ranks of tiktoken are of no vocabulary whose split is known, which are {}: name the model's \
                 tokenizer.json",
                names.join(", ")
            ),
        });
    };
    let mut definition = Definition::from_tiktoken_slice(bytes).map_err(|e| Error::file(path, e.to_string()))?;
    if let Some(split) = known.split {
        let pattern = Regex::new(split).map_err(|e| Error::file(path, e.0))?.into();
        definition.config.split = vec![Split::Pattern { pattern, behavior: SplitBehavior::Isolate }];
        let special = |(at, (token, id)): (usize, &(&str, u32))| SpecialToken {
            id: *id,
            bytes: token.as_bytes().to_vec(),
            kind: SpecialTokenKind::Control,
            ident: ["<|endoftext|>", "<|end_of_text|>"].contains(token).then(|| "eos".to_owned()),
            score: at as f32,
            extract: true,
        };
        definition.specials = known.special.iter().enumerate().map(special).collect();
        definition.specials.sort();
    }
    if known.composed {
        definition.config.normalization = vec![Normalization::Unicode { scheme: UnicodeNormalization::NFC }];
    }
    kit::of(path, known.name, definition)
}
