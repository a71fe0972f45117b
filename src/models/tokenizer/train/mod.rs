//! Tokenizers trained on text: byte-pair encoding, of bytes or characters, unigram models, and vocabularies of others
//! that get new pieces.
//!
//! Texts are drawn by a budget ([`sample`]), split into words as the tokenizer will split them, counted ([`words`]), and
//! pieces are learnt of the words ([`bpe`]). The same words give the same file.

pub mod bpe;
pub mod extend;
pub mod file;
pub mod fresh;
pub mod sample;
pub mod sentence_piece;
pub mod unigram;
pub mod words;

/// What is trained.
#[derive(Clone, Debug)]
pub struct Options {
    /// Ids that the tokenizer has.
    pub size: u32,
    /// Special tokens, in order; the first ends documents.
    pub specials: Vec<String>,
    /// Pairs that stand fewer times are not joined.
    pub least: u64,
    /// Characters of the longest piece.
    pub longest: usize,
}

/// What was made: special tokens, characters that are pieces (of bytes none), and pieces that were learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Special tokens.
    pub specials: usize,
    /// Characters.
    pub characters: usize,
    /// Pieces of several.
    pub pieces: usize,
}
