//! N-gram overlap with a set of texts: which stretches of a text stand in the set as well.
//!
//! A text is folded (width, case) and cut into tokens: a character of Chinese, Japanese or Korean each, a run of other
//! letters and digits each; signs and white space are none, so that another layout or other punctuation hides nothing;
//! nor are single Latin letters, which label options ([`tokens`]). An n-gram is the shortest run of tokens that weighs enough: 13 words, or 20 characters, or a mixture
//! of both in which 13 characters weigh as much as 8.45 words ([`Size`]). It begins at every token;
//! one of which more than half is numbers is none. The set holds the
//! 64-bit hash of each n-gram and the item that it is of ([`set`]).
//!
//! That a run is of the same tokens is judged by the hash: against ten million n-grams, one of 10¹² runs is wrong.

pub mod set;
pub mod tokens;

/// The length of an n-gram, in words and in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In words, where there are only words.
    pub words: u32,
    /// In characters, where there are only those.
    pub chars: u32,
}

impl Size {
    /// The weight of a token.
    pub fn weight(self, is_char: bool) -> u64 {
        u64::from(if is_char { self.words } else { self.chars })
    }

    /// The least weight of an n-gram.
    pub fn whole(self) -> u64 {
        u64::from(self.words) * u64::from(self.chars)
    }
}
