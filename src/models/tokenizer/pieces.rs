//! What the ids of a tokenizer stand for.

/// What an id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Whole characters; `▁` is a space in tokenizers of SentencePiece's kind.
    Text(String),
    /// Bytes that are no whole characters, or one byte that the vocabulary has by its number (`<0xE9>`): what a character
    /// falls into that has no piece of its own.
    Bytes(Vec<u8>),
    /// What the vocabulary does not have.
    Unknown,
}

impl Piece {
    /// A piece of a vocabulary of bytes.
    pub(super) fn of_bytes(bytes: &[u8]) -> Piece {
        match std::str::from_utf8(bytes) {
            Ok(text) => Piece::Text(text.to_owned()),
            Err(_) => Piece::Bytes(bytes.to_vec()),
        }
    }
}

impl std::fmt::Display for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Piece::Text(text) => f.write_str(text),
            Piece::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "<0x{byte:02X}>")),
            Piece::Unknown => f.write_str("<unk>"),
        }
    }
}

/// The byte that a piece of this name stands for: `<0x0A>`.
pub fn named_byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>').filter(|digits| digits.len() == 2)?;
    u8::from_str_radix(digits, 16).ok()
}

/// The character that stands for a byte in vocabularies of bytes (GPT-2's table).
pub fn byte_to_char(byte: u8) -> char {
    match byte {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
        0..=0x20 => char::from_u32(0x100 + u32::from(byte)).unwrap_or(' '),
        0x7f..=0xa0 => char::from_u32(0x100 + 33 + u32::from(byte - 0x7f)).unwrap_or(' '),
        0xad => '\u{143}',
    }
}

/// The byte that a character stands for in vocabularies of bytes.
pub fn char_to_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => u8::try_from(u32::from(c)).ok(),
        at @ 0x100..=0x120 => u8::try_from(at - 0x100).ok(),
        at @ 0x121..=0x142 => u8::try_from(at - 0x121 + 0x7f).ok(),
        0x143 => Some(0xad),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own() {
        let chars: std::collections::BTreeSet<char> = (0..=255).map(byte_to_char).collect();
        assert_eq!(chars.len(), 256);
        assert!((0..=255).all(|byte| char_to_byte(byte_to_char(byte)) == Some(byte)));
        assert_eq!((byte_to_char(b' '), byte_to_char(b'\n'), char_to_byte('中')), ('Ġ', 'Ċ', None));
        assert_eq!((named_byte("<0x0A>"), named_byte("<0xA>"), named_byte("<s>")), (Some(10), None, None));
    }

    #[test]
    fn pieces_show_their_bytes() {
        assert_eq!(Piece::of_bytes("中".as_bytes()).to_string(), "中");
        assert_eq!(Piece::of_bytes(&[0xe4, 0xb8]).to_string(), "<0xE4><0xB8>");
        assert_eq!(Piece::Unknown.to_string(), "<unk>");
    }
}
