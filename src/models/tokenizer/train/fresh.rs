//! Tokenizers that are trained from nothing.

use std::path::Path;

use serde_json::Value as Json;

use super::bpe::{Corpus, Join, learn};
use super::file::{self, UNKNOWN, Vocabulary};
use super::words::{Words, alphabet};
use super::{Made, Options};
use crate::models::tokenizer::Tokenizer;

/// The share of the text whose characters are pieces, in a vocabulary that is not of bytes; the rest falls into bytes.
pub const COVERAGE: f64 = 0.9995;

/// What every vocabulary of this kind begins with: special tokens and bytes.
fn beginning(options: &Options, of_bytes: bool) -> (Vocabulary, Vec<String>) {
    let mut vocabulary = Vocabulary::default();
    let unknown = (!of_bytes).then(|| UNKNOWN.to_owned());
    for token in unknown.into_iter().chain(options.specials.iter().cloned()) {
        vocabulary.push(token);
    }
    let specials = vocabulary.pieces().to_vec();
    for byte in file::bytes(of_bytes) {
        vocabulary.push(byte);
    }
    (vocabulary, specials)
}

/// What splits texts into words as the tokenizer will that is trained.
///
/// # Errors
/// None but of the library that reads it.
pub fn splitter(options: &Options) -> Result<Tokenizer, String> {
    // Every word in the same way, whichever model comes of it.
    let (vocabulary, specials) = beginning(options, true);
    let json = file::tokenizer(file::bpe(&vocabulary, &[], true), &specials, true);
    Tokenizer::of_json(Path::new("the tokenizer that is trained"), json).map_err(|e| e.to_string())
}

/// Characters of a piece, in a vocabulary of bytes or of characters.
pub(super) fn long(piece: &str, of_bytes: bool) -> usize {
    // A byte that goes on with a character begins none.
    let begins = |c: &char| super::super::pieces::char_to_byte(*c).is_none_or(|byte| byte & 0xc0 != 0x80);
    if of_bytes { piece.chars().filter(begins).count() } else { piece.chars().count() }
}

/// Trains byte-pair encoding.
///
/// # Errors
/// A size that has no room for the special tokens, bytes and characters.
pub fn bpe(words: &Words, options: &Options, of_bytes: bool, stop: &dyn Fn() -> bool) -> Result<(Json, Made), String> {
    let (mut vocabulary, specials) = beginning(options, of_bytes);
    let room = room(options, vocabulary.len())?;
    if !of_bytes {
        let characters = alphabet(words, COVERAGE);
        if characters.len() >= room {
            return Err(too_small(options, vocabulary.len(), characters.len()));
        }
        for c in characters {
            vocabulary.push(c.to_string());
        }
    }
    let known = vocabulary.len();
    let mut corpus = Corpus::default();
    for (word, times) in words {
        if of_bytes {
            corpus.push(file::in_bytes(word).chars().filter_map(|c| vocabulary.id(c.encode_utf8(&mut [0; 4]))), *times);
            continue;
        }
        // Between characters that are not in the alphabet nothing is joined.
        let rare = |c: char| vocabulary.id(c.encode_utf8(&mut [0; 4])).is_none();
        for run in word.split(rare) {
            corpus.push(run.chars().filter_map(|c| vocabulary.id(c.encode_utf8(&mut [0; 4]))), *times);
        }
    }
    let mut merges = Vec::new();
    let size = options.size as usize;
    let mut join = |left: u32, right: u32| {
        if vocabulary.len() >= size {
            return Join::Full;
        }
        let (left, right) = (vocabulary.piece(left).to_owned(), vocabulary.piece(right).to_owned());
        let piece = format!("{left}{right}");
        if long(&piece, of_bytes) > options.longest
            || vocabulary.id(&piece).is_some_and(|id| id < specials.len() as u32)
        {
            return Join::Never;
        }
        merges.push((left, right));
        Join::Piece(vocabulary.push(piece))
    };
    learn(corpus, options.least, &mut join, stop);
    // A special token may be the name of a byte.
    let characters = known.saturating_sub(specials.len() + 256);
    let made = Made { specials: specials.len(), characters, pieces: vocabulary.len() - known };
    Ok((file::tokenizer(file::bpe(&vocabulary, &merges, of_bytes), &specials, of_bytes), made))
}

/// Pieces that there is room for behind those that must be.
pub(super) fn room(options: &Options, known: usize) -> Result<usize, String> {
    let room = (options.size as usize).checked_sub(known).filter(|room| *room > 0);
    room.ok_or_else(|| format!("{} ids have no room for {known} special tokens and bytes", options.size))
}

/// What is said where they are too many.
pub(super) fn too_small(options: &Options, known: usize, characters: usize) -> String {
    let (size, share) = (options.size, 100.0 * COVERAGE);
    format!(
        "{size} ids have no room for {known} special tokens and bytes and the {characters} characters that are {share}% of the text"
    )
}
