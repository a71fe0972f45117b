//! Encodings: told from the bytes, and turned into UTF-8 as a stream.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, DecoderResult};

use super::Encoding;

/// Bytes decoded at once.
const CHUNK: usize = 128 << 10;

/// Turns a stream of another encoding into UTF-8. Malformed sequences become U+FFFD and are counted.
pub(super) fn to_utf8(
    stream: Box<dyn Read + Send>,
    encoding: &Encoding,
    malformed: Arc<AtomicU64>,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(Transcode::new(stream, encoding, malformed)?))
}

/// A stream of another encoding, as UTF-8. Malformed sequences become U+FFFD and are counted.
struct Transcode<R> {
    read: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_end: usize,
    text: Vec<u8>,
    text_at: usize,
    text_end: usize,
    last: bool,
    over: bool,
    malformed: Arc<AtomicU64>,
}

impl<R: Read> Transcode<R> {
    /// Fails if nobody knows the encoding.
    fn new(read: R, encoding: &Encoding, malformed: Arc<AtomicU64>) -> io::Result<Self> {
        let known = encoding_rs::Encoding::for_label(encoding.0.as_bytes()).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("no encoding is called `{}`", encoding.0))
        })?;
        Ok(Transcode {
            read,
            decoder: known.new_decoder_with_bom_removal(),
            raw: vec![0; CHUNK],
            raw_at: 0,
            raw_end: 0,
            text: vec![0; CHUNK],
            text_at: 0,
            text_end: 0,
            last: false,
            over: false,
            malformed,
        })
    }

    fn decode(&mut self) -> io::Result<()> {
        if self.raw_at == self.raw_end && !self.last {
            self.raw_at = 0;
            self.raw_end = 0;
            self.raw_end = loop {
                match self.read.read(&mut self.raw) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    result => break result?,
                }
            };
            self.last = self.raw_end == 0;
        }
        // Room for a U+FFFD behind what the decoder writes.
        let room = self.text.len() - 3;
        let (result, read, mut written) = self.decoder.decode_to_utf8_without_replacement(
            &self.raw[self.raw_at..self.raw_end],
            &mut self.text[..room],
            self.last,
        );
        self.raw_at += read;
        match result {
            DecoderResult::Malformed(..) => {
                self.malformed.fetch_add(1, Ordering::Relaxed);
                self.text[written..written + 3].copy_from_slice("\u{fffd}".as_bytes());
                written += 3;
            }
            DecoderResult::InputEmpty => self.over = self.last,
            DecoderResult::OutputFull => {}
        }
        self.text_at = 0;
        self.text_end = written;
        Ok(())
    }
}

impl<R: Read> Read for Transcode<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text_end {
            if self.over || out.is_empty() {
                return Ok(0);
            }
            self.decode()?;
        }
        let count = out.len().min(self.text_end - self.text_at);
        out[..count].copy_from_slice(&self.text[self.text_at..self.text_at + count]);
        self.text_at += count;
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
    if let Some(name) = chinese_utf16(head) {
        return Guess { encoding: Encoding(name.into()), certain: false };
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

/// Chinese as UTF-16 has NULs in a few characters only, and in either byte (`\n`, `一`): the marks and words that every
/// page has tell the order.
fn chinese_utf16(head: &[u8]) -> Option<&'static str> {
    memchr::memchr(0, head)?;
    let common = |unit: u16| matches!(unit, 0x0a | 0x20 | 0x3000..=0x3002 | 0xff0c | 0x4e00 | 0x7684 | 0x662f);
    let count = |order: fn([u8; 2]) -> u16| head.chunks_exact(2).filter(|p| common(order([p[0], p[1]]))).count();
    let (little, big) = (count(u16::from_le_bytes), count(u16::from_be_bytes));
    let (known, name) =
        if little > big { (encoding_rs::UTF_16LE, "UTF-16LE") } else { (encoding_rs::UTF_16BE, "UTF-16BE") };
    let clear = little.max(big) * 100 > head.len() / 2 && little.max(big) > 10 * little.min(big);
    let malformed = || known.decode_without_bom_handling(&head[..head.len() - head.len() % 4]).1;
    (clear && (head.len() < 4 || !malformed())).then_some(name)
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
    use crate::formats::Piece;

    fn through(bytes: &[u8], encoding: &str) -> String {
        counted(bytes, encoding).0
    }

    fn counted(bytes: &[u8], encoding: &str) -> (String, u64) {
        let mut text = String::new();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let layout = serde_json::json!({
            "container": "text", "shape": null, "usage": "pretrain", "compression": "none", "encoding": encoding,
            "rows": "file", "fields": {}, "source": "s", "language": null, "max_row": 1000
        });
        let piece = Piece { path: file.path().to_path_buf(), member: None, start: 0, end: u64::MAX };
        let mut opened = super::super::open_at(&piece, &serde_json::from_value(layout).unwrap()).unwrap();
        opened.stream.read_to_string(&mut text).unwrap();
        (text, opened.malformed.load(Ordering::Relaxed))
    }

    #[test]
    fn long_streams_decode_and_what_is_malformed_is_counted() {
        let text = "世說新語，德行第一😀\n".repeat(30_000);
        for big in [false, true] {
            assert_eq!(through(&utf16(&text, big), if big { "UTF-16BE" } else { "UTF-16LE" }), text);
        }
        let (bytes, _, lossy) = encoding_rs::GB18030.encode(&text);
        assert!(!lossy);
        assert_eq!(counted(&bytes, "gb18030"), (text, 0));
        assert_eq!(counted(b"ab\xff\xffcd\xb0", "GBK"), ("ab\u{fffd}\u{fffd}cd\u{fffd}".to_owned(), 3));
        assert!(to_utf8(Box::new(io::empty()), &Encoding("klingon".into()), Arc::default()).is_err());
    }

    #[test]
    fn utf16_of_chinese_without_a_mark() {
        let text = "第一回　甄士隱夢幻識通靈，賈雨村風塵懷閨秀。\n此開卷第一回也。作者自云：因曾歷過一番夢幻之後。\n"
            .repeat(20);
        for big in [false, true] {
            let name = if big { "UTF-16BE" } else { "UTF-16LE" };
            assert_eq!(guess(&utf16(&text, big), true).encoding.0, name);
        }
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
