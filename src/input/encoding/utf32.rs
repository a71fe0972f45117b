//! UTF-32, which no library of the web reads any more.

use super::Translate;

/// Units of four bytes to UTF-8; the mark at the start goes.
pub(super) struct Utf32 {
    big: bool,
    unit: Vec<u8>,
    first: bool,
}

impl Utf32 {
    pub(super) fn new(big: bool) -> Self {
        Utf32 { big, unit: Vec::with_capacity(4), first: true }
    }
}

impl Translate for Utf32 {
    fn step(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> u64 {
        let mut malformed = 0;
        let mut push = |letter: Option<char>| {
            malformed += u64::from(letter.is_none());
            out.extend_from_slice(letter.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]).as_bytes());
        };
        for byte in bytes {
            self.unit.push(*byte);
            if let [a, b, c, d] = self.unit[..] {
                let number = if self.big { u32::from_be_bytes([a, b, c, d]) } else { u32::from_le_bytes([a, b, c, d]) };
                self.unit.clear();
                let letter = char::from_u32(number);
                if !std::mem::take(&mut self.first) || letter != Some('\u{feff}') {
                    push(letter);
                }
            }
        }
        if last && !self.unit.is_empty() {
            push(None);
        }
        malformed
    }
}
