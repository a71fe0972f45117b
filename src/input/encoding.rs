//! Encodings: told from the bytes, and turned into UTF-8 as a stream.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder};

use super::Encoding;

/// Passes a stream on without the byte order mark that it may begin with.
pub fn without_bom(mut stream: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    let mut head = [0; 3];
    let mut read = 0;
    while read < 3 {
        match stream.read(&mut head[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            // The reader that comes after meets the same error.
            Err(_) => break,
        }
    }
    let skip = if head[..read] == [0xef, 0xbb, 0xbf] { 3 } else { 0 };
    Box::new(io::Cursor::new(head[skip..read].to_vec()).chain(stream))
}

/// Turns a stream into UTF-8. UTF-8 passes through, without its byte order mark.
pub fn to_utf8(stream: Box<dyn Read + Send>, encoding: &Encoding) -> Box<dyn Read + Send> {
    match encoding_rs::Encoding::for_label(encoding.0.as_bytes()) {
        Some(known) if known != encoding_rs::UTF_8 => Box::new(Transcoder {
            stream,
            decoder: known.new_decoder_with_bom_removal(),
            input: vec![0; 64 << 10],
            filled: 0,
            at: 0,
            ended: false,
            output: Vec::new(),
            given: 0,
        }),
        _ => without_bom(stream),
    }
}

struct Transcoder {
    stream: Box<dyn Read + Send>,
    decoder: Decoder,
    input: Vec<u8>,
    filled: usize,
    at: usize,
    ended: bool,
    output: Vec<u8>,
    given: usize,
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            if self.at == self.filled && !self.ended {
                self.filled = self.stream.read(&mut self.input)?;
                self.at = 0;
                self.ended = self.filled == 0;
            }
            self.output.resize(4 * self.input.len(), 0);
            let source = &self.input[self.at..self.filled];
            let (result, read, written, _) = self.decoder.decode_to_utf8(source, &mut self.output, self.ended);
            self.output.truncate(written);
            self.given = 0;
            self.at += read;
            if self.ended && result == CoderResult::InputEmpty && written == 0 {
                return Ok(0);
            }
            if self.ended && result == CoderResult::InputEmpty {
                // A decoder that has been told the end must not be asked again.
                self.decoder = encoding_rs::UTF_8.new_decoder_without_bom_handling();
            }
        }
        let ready = &self.output[self.given..];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.given += count;
        Ok(count)
    }
}

/// What the first bytes of a file tell about its encoding.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The encoding.
    pub encoding: Encoding,
    /// Whether that is certain: a byte order mark, a declaration that fits, or valid UTF-8.
    pub certain: bool,
}

/// Tells the encoding from the first bytes; `whole` says that these are all there are.
pub fn guess(head: &[u8], whole: bool) -> Guess {
    let sure = |name: &str| Guess { encoding: Encoding(name.into()), certain: true };
    match head {
        [0xef, 0xbb, 0xbf, ..] => return sure("UTF-8"),
        [0xff, 0xfe, ..] => return sure("UTF-16LE"),
        [0xfe, 0xff, ..] => return sure("UTF-16BE"),
        [0, b'<', 0, b'?', ..] | [0, b'<', 0, b'm', ..] => return sure("UTF-16BE"),
        [b'<', 0, b'?', 0, ..] | [b'<', 0, b'm', 0, ..] => return sure("UTF-16LE"),
        _ => {}
    }
    // Text in Latin letters as UTF-16 has a NUL in every other byte.
    let pairs = head.len() / 2;
    let nuls = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    if pairs > 8 {
        match (nuls(0) * 10 > pairs * 7, nuls(1) * 10 > pairs * 7) {
            (true, false) => return sure("UTF-16BE"),
            (false, true) => return sure("UTF-16LE"),
            _ => {}
        }
    }
    match std::str::from_utf8(head) {
        Ok(_) => return sure("UTF-8"),
        Err(error) if !whole && error.error_len().is_none() => return sure("UTF-8"),
        // A few broken bytes in long UTF-8 do not make it another encoding: each row says what is wrong with it.
        Err(_) if mostly_utf8(head) => return Guess { encoding: Encoding("UTF-8".into()), certain: false },
        Err(_) => {}
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, whole);
    let found = detector.guess(None, chardetng::Utf8Detection::Deny);
    // A guess of a Western single-byte encoding is what is left when nothing fits. Where some of the text is valid
    // UTF-8, or it is JSON (which is UTF-8 by its standard), it is UTF-8 with broken rows.
    let western = found.is_single_byte();
    let json = head.trim_ascii_start().starts_with(b"{") || head.trim_ascii_start().starts_with(b"[");
    let some_utf8 = head.utf8_chunks().any(|c| c.valid().bytes().any(|b| b >= 0x80));
    if western && (json || some_utf8) {
        return Guess { encoding: Encoding("UTF-8".into()), certain: false };
    }
    // GBK is a part of GB18030, and files in the larger one are read wrong by the smaller.
    let name = if found == encoding_rs::GBK { "gb18030" } else { found.name() };
    Guess { encoding: Encoding(name.into()), certain: false }
}

/// Whether nearly all bytes outside ASCII are valid UTF-8.
fn mostly_utf8(head: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in head.utf8_chunks() {
        good += chunk.valid().bytes().filter(|b| *b >= 0x80).count();
        bad += chunk.invalid().len();
    }
    good > 20 * bad || (good == 0 && bad * 200 < head.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(bytes: &[u8], encoding: &str) -> String {
        let mut text = String::new();
        let stream = Box::new(io::Cursor::new(bytes.to_vec()));
        to_utf8(stream, &Encoding(encoding.into())).read_to_string(&mut text).unwrap();
        text
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    #[test]
    fn decodes_what_it_guesses() {
        let text = "中文的编码检测需要足够长的句子，才能够说得准；这里有很多常用的汉字。".repeat(20);
        for encoding in ["gb18030", "Big5", "EUC-JP"] {
            let text = if encoding == "gb18030" {
                text.clone()
            } else {
                "日本語の文章と漢字を検出する".repeat(20)
            };
            let text = if encoding == "Big5" {
                "這是一段繁體中文，用來測試編碼的偵測是否正確。".repeat(20)
            } else {
                text
            };
            let known = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
            let (bytes, _, lossy) = known.encode(&text);
            assert!(!lossy, "{encoding}");
            assert_eq!(guess(&bytes, true).encoding.0, encoding);
            assert_eq!(through(&bytes, encoding), text);
        }
    }

    #[test]
    fn decodes_utf16_with_and_without_mark() {
        let text = "<?xml version=\"1.0\"?><a>中文</a>";
        for big in [true, false] {
            let name = if big { "UTF-16BE" } else { "UTF-16LE" };
            let bare = utf16(text, big);
            assert_eq!(guess(&bare, true), Guess { encoding: Encoding(name.into()), certain: true });
            assert_eq!(through(&bare, name), text);
            assert_eq!(through(&utf16(&format!("\u{feff}{text}"), big), name), text);
        }
    }

    #[test]
    fn utf8_loses_its_mark_and_nothing_else() {
        assert_eq!(through("\u{feff}中".as_bytes(), "UTF-8"), "中");
        assert_eq!(through(b"a", "UTF-8"), "a");
        assert_eq!(through(b"", "UTF-8"), "");
        let mut broken = "大部分是好的".repeat(30).into_bytes();
        broken.push(0xff);
        assert_eq!(guess(&broken, true).encoding.0, "UTF-8");
        assert_eq!(guess(&"中".as_bytes()[..2], false).encoding.0, "UTF-8");
    }
}
