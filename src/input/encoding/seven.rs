//! Encodings of seven bits, as mail and news had them: Chinese as HZ (RFC 1843), and what shifts between two sets of
//! characters by control bytes (ISO-2022-CN, ISO-2022-KR).

use super::Translate;

/// Which encoding of seven bits a text in ASCII bytes is; `None` of one that is just ASCII.
pub(super) fn guess(head: &[u8]) -> Option<&'static str> {
    for at in memchr::memchr_iter(0x1b, head) {
        match head.get(at + 1..at + 4).unwrap_or_default() {
            [b'$', b'B' | b'@', _] => return Some("ISO-2022-JP"),
            b"$)C" => return Some("ISO-2022-KR"),
            b"$)A" => return Some("ISO-2022-CN"),
            _ => {}
        }
    }
    let (mut pairs, mut usual, mut from) = (0, 0, 0);
    while let Some(open) = memchr::memmem::find(&head[from..], b"~{").map(|at| from + at + 2) {
        let rest = &head[open..];
        let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let end = memchr::memmem::find(&rest[..line], b"~}").unwrap_or(line);
        let text = &rest[..end];
        if text.len() % 2 == 1 || !text.iter().all(|b| (0x21..=0x7e).contains(b)) {
            // At the end of what is there, the text may be cut.
            if open + end == head.len() && pairs > 0 {
                break;
            }
            return None;
        }
        pairs += text.len() / 2;
        // Marks, and the characters of the first level.
        usual += text.chunks_exact(2).filter(|pair| matches!(pair[0], 0x21 | 0x23 | 0x30..=0x57)).count();
        from = open + end;
    }
    (pairs > 0 && usual * 5 >= pairs * 4).then_some("HZ-GB-2312")
}

/// HZ to GB 2312: `~{` and `~}` around pairs, `~~` for a tilde; a line break ends the pairs, and one behind a tilde is
/// none.
#[derive(Default)]
pub(super) struct Hz {
    pairs: bool,
    tilde: bool,
    /// The first byte of a pair.
    lead: Option<u8>,
}

impl Translate for Hz {
    fn step(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> u64 {
        for byte in bytes {
            match (std::mem::take(&mut self.tilde), *byte) {
                (true, b'{') => self.pairs = true,
                (true, b'}') => self.pairs = false,
                (true, b'~') => out.push(b'~'),
                (true, b'\n') => {}
                (tilde, byte) => {
                    if tilde {
                        out.push(b'~');
                    }
                    match self.lead.take() {
                        // What is no pair is reported by the decoder behind.
                        Some(lead) => out.extend_from_slice(&[lead | 0x80, byte | 0x80]),
                        None if byte == b'~' => self.tilde = true,
                        None if self.pairs && (0x21..=0x7e).contains(&byte) => self.lead = Some(byte),
                        None => {
                            self.pairs = self.pairs && byte != b'\n';
                            out.push(byte);
                        }
                    }
                }
            }
        }
        if last {
            out.extend(self.lead.take().map(|lead| lead | 0x80));
            out.extend(std::mem::take(&mut self.tilde).then_some(b'~'));
        }
        0
    }
}

/// What shifts to pairs by SO and back by SI: the high bit is set in between. The designation at the start goes.
#[derive(Default)]
pub(super) struct Shifted {
    shifted: bool,
    /// Bytes of an escape sequence that are still to come.
    escape: u8,
}

impl Translate for Shifted {
    fn step(&mut self, bytes: &[u8], _last: bool, out: &mut Vec<u8>) -> u64 {
        for byte in bytes {
            match *byte {
                _ if self.escape > 0 => self.escape -= 1,
                0x1b => self.escape = 3,
                0x0e => self.shifted = true,
                0x0f => self.shifted = false,
                byte if self.shifted && (0x21..=0x7e).contains(&byte) => out.push(byte | 0x80),
                byte => {
                    self.shifted = self.shifted && byte != b'\n';
                    out.push(byte);
                }
            }
        }
        0
    }
}
