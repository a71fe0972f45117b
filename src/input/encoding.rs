//! Encodings: detected from the bytes, and turned into UTF-8 as a stream.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, DecoderResult};

use super::Encoding;

mod guess;
mod seven;
mod utf32;

/// Bytes decoded at once.
const CHUNK: usize = 128 << 10;

/// Turns a stream of another encoding into UTF-8. Malformed sequences become U+FFFD and are counted.
pub(super) fn to_utf8(
    stream: Box<dyn Read + Send>,
    encoding: &Encoding,
    malformed: Arc<AtomicU64>,
) -> io::Result<Box<dyn Read + Send>> {
    let Some((_, by, known)) = OTHERS.iter().find(|o| o.0.eq_ignore_ascii_case(&encoding.0)) else {
        return Ok(Box::new(Transcode::new(stream, encoding, malformed)?));
    };
    let (raw, out) = (vec![0; CHUNK], Vec::new());
    let read =
        Box::new(Translated { read: stream, by: by(), raw, out, at: 0, over: false, malformed: malformed.clone() });
    let known = Encoding((*known).into());
    Ok(if known.is_utf8() { read } else { Box::new(Transcode::new(read, &known, malformed)?) })
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

pub use guess::{Guess, guess};

/// A name, what makes a reader of it, and the encoding that it is read as.
type Other = (&'static str, fn() -> Box<dyn Translate>, &'static str);

/// Names of encodings that the WHATWG has not, and how they are read.
const OTHERS: [Other; 5] = [
    ("UTF-32LE", || Box::new(utf32::Utf32::new(false)), "UTF-8"),
    ("UTF-32BE", || Box::new(utf32::Utf32::new(true)), "UTF-8"),
    ("HZ-GB-2312", || Box::new(seven::Hz::default()), "gb18030"),
    ("ISO-2022-CN", || Box::new(seven::Shifted::default()), "gb18030"),
    ("ISO-2022-KR", || Box::new(seven::Shifted::default()), "EUC-KR"),
];

/// Labels of Python and of code pages that the WHATWG has not.
const LABELS: [(&str, &str); 10] = [
    ("utf-8-sig", "UTF-8"),
    ("utf8-sig", "UTF-8"),
    ("utf8mb4", "UTF-8"),
    ("cp65001", "UTF-8"),
    ("cp936", "GBK"),
    ("ms936", "GBK"),
    ("cp950", "Big5"),
    ("cp932", "Shift_JIS"),
    ("cp949", "EUC-KR"),
    ("latin-1", "windows-1252"),
];

/// The name of the encoding that a label means, if one is called so.
pub fn named(label: &str) -> Option<&'static str> {
    let other = OTHERS.iter().map(|o| o.0).find(|name| name.eq_ignore_ascii_case(label.trim()));
    let known = |label: &str| encoding_rs::Encoding::for_label(label.as_bytes()).map(encoding_rs::Encoding::name);
    // Python writes `utf_8_sig` as well.
    let dashed = label.trim().to_ascii_lowercase().replace('_', "-");
    let more = LABELS.iter().find(|(name, _)| *name == dashed).map(|(_, encoding)| *encoding);
    other.or_else(|| known(label)).or(more).or_else(|| known(&dashed))
}

/// Bytes of an encoding that nobody else reads, on their way to one that is known.
trait Translate: Send {
    /// Takes bytes, and gives what they are so far. `last` says that none follow; how many were malformed.
    fn step(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> u64;
}

/// A stream whose bytes are translated.
struct Translated {
    read: Box<dyn Read + Send>,
    by: Box<dyn Translate>,
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    over: bool,
    malformed: Arc<AtomicU64>,
}

impl Read for Translated {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() && !self.over && !out.is_empty() {
            let count = self.read.read(&mut self.raw)?;
            (self.at, self.over) = (0, count == 0);
            self.out.clear();
            let bad = self.by.step(&self.raw[..count], self.over, &mut self.out);
            self.malformed.fetch_add(bad, Ordering::Relaxed);
        }
        let count = out.len().min(self.out.len() - self.at);
        out[..count].copy_from_slice(&self.out[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The first bytes of a file as text; what is malformed becomes U+FFFD.
pub fn decoded(head: &[u8], encoding: &Encoding) -> String {
    let mut text = Vec::new();
    let stream = Box::new(io::Cursor::new(head.to_vec()));
    // A stream in memory does not fail, and what it gives is UTF-8 but where it passes UTF-8 as it is.
    if let Ok(mut stream) = to_utf8(stream, encoding, Arc::default()) {
        let _ = stream.read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Compression, Piece, Transport};

    fn through(bytes: &[u8], encoding: &str) -> String {
        counted(bytes, encoding).0
    }

    fn counted(bytes: &[u8], encoding: &str) -> (String, u64) {
        let mut text = String::new();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let transport = Transport { compression: Compression::None, encoding: Encoding(encoding.to_owned()) };
        let mut opened = super::super::open_at(&Piece::whole(file.path(), None), &transport).unwrap();
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

    /// Chinese over some lines.
    fn river() -> String {
        (1..=20).map(|n| format!("第{n}个码头的灯亮了，船都从河口回来，岸上的人数着桅杆。\n")).collect()
    }

    #[test]
    fn a_damaged_place_does_not_make_it_another_encoding() {
        let text = river();
        for (known, name) in
            [(encoding_rs::GB18030, "gb18030"), (encoding_rs::BIG5, "Big5"), (encoding_rs::EUC_KR, "EUC-KR")]
        {
            let text = match name {
                "EUC-KR" => "강가의 등불이 켜지고 배들이 모두 돌아왔다.\n".repeat(20),
                "Big5" => "碼頭的燈亮了，船都從河口回來，岸上的人數著桅杆。\n".repeat(20),
                _ => text.clone(),
            };
            let bytes = known.encode(&text).0.into_owned();
            let mut lost = bytes.clone();
            lost.remove(lost.iter().position(|b| *b >= 0x80).unwrap() + 1);
            let cut = &bytes[..bytes.len() - 2];
            for (damaged, whole) in [(&lost[..], true), (cut, true), (&bytes[..bytes.len() - 4], true)] {
                assert_eq!(guess(damaged, whole).encoding.0, name);
            }
            let (read, bad) = counted(&lost, name);
            let last = text.lines().last().unwrap();
            assert!(bad < 4 && read.matches(last).count() >= text.matches(last).count() - 1, "{name}: {bad} {read}");
        }
        // One line that ends within a character.
        let line = text.replace('\n', "");
        let bytes = encoding_rs::GB18030.encode(&line).0.into_owned();
        assert_eq!(guess(&bytes[..bytes.len() - 1], true).encoding.0, "gb18030");
        // What is Western or Russian stays so.
        let western = "Les bateaux sont rentrés du détroit, à l’été.\n".repeat(20);
        let western = encoding_rs::WINDOWS_1252.encode(&western).0;
        assert_eq!(guess(&western, true).encoding.0, "windows-1252");
        let russian = "Лодки вернулись из устья реки, на причале горят огни.\n".repeat(20);
        let russian = encoding_rs::KOI8_R.encode(&russian).0;
        assert!(guess(&russian, true).encoding.0.starts_with("KOI8"), "{:?}", guess(&russian, true));
    }

    #[test]
    fn encodings_of_four_bytes_and_of_seven_bits() {
        let text = river();
        for (name, big) in [("UTF-32LE", false), ("UTF-32BE", true)] {
            let unit = |c: char| if big { u32::from(c).to_be_bytes() } else { u32::from(c).to_le_bytes() };
            for marked in [format!("\u{feff}{text}"), text.clone()] {
                let bytes: Vec<u8> = marked.chars().flat_map(unit).collect();
                assert_eq!(guess(&bytes, true), Guess { encoding: Encoding(name.into()), certain: true });
                assert_eq!(
                    (counted(&bytes, name), decoded(&bytes, &Encoding(name.into()))),
                    ((text.clone(), 0), text.clone())
                );
                assert_eq!(counted(&bytes[..bytes.len() - 2], name).1, 1);
            }
        }
        // HZ with a tilde of its own and a line that is continued; the first byte of each pair is below that of GBK.
        let pairs = |text: &str| encoding_rs::GBK.encode(text).0.iter().map(|b| b & 0x7f).collect::<Vec<u8>>();
        let hz =
            [&b"A~~B ~{"[..], &pairs("码头的灯亮了，"), b"~}~\nand ~{", &pairs("船都回来了。"), b"~}\nend\n"].concat();
        assert_eq!(guess(&hz, true).encoding.0, "HZ-GB-2312");
        assert_eq!(counted(&hz, "HZ-GB-2312"), ("A~B 码头的灯亮了，and 船都回来了。\nend\n".into(), 0));
        let jis = [&b"\x1b$B"[..], &[0x46, 0x7c, 0x4b, 0x5c], b"\x1b(B ok\n"].concat();
        assert_eq!(
            (guess(&jis, true).encoding.0.as_str(), counted(&jis, "ISO-2022-JP")),
            ("ISO-2022-JP", ("日本 ok\n".into(), 0))
        );
        let cn = [&b"\x1b$)A\x0e"[..], &pairs("河口"), b"\x0f ok\n"].concat();
        assert_eq!(
            (guess(&cn, true).encoding.0.as_str(), counted(&cn, "ISO-2022-CN")),
            ("ISO-2022-CN", ("河口 ok\n".into(), 0))
        );
        for plain in ["let s = ~{a} + ~{b}\n", "~{~}\n", "a ~{not hz\n", "\x1b[31mred\x1b[0m\n", "~"] {
            assert_eq!(guess(plain.as_bytes(), true).encoding.0, "UTF-8", "{plain}");
        }
        assert_eq!(
            (named("hz-gb-2312"), named("utf-32le"), named("gb2312"), named("klingon")),
            (Some("HZ-GB-2312"), Some("UTF-32LE"), Some("GBK"), None)
        );
    }

    #[test]
    fn labels_of_python_and_of_code_pages_are_known() {
        for (label, name) in [("cp936", "GBK"), ("utf_8_sig", "UTF-8"), ("UTF-8-SIG", "UTF-8"), ("euc_kr", "EUC-KR")] {
            assert_eq!(named(label), Some(name), "{label}");
        }
        assert_eq!((named("gbk"), named("klingon")), (Some("GBK"), None));
    }

    #[test]
    fn a_few_characters_that_were_cut_are_what_they_were() {
        let text = "山脚下的磨坊每年秋天才开工";
        let gbk = encoding_rs::GBK.encode(text).0;
        for cut in [5, 7, 9] {
            assert_eq!(guess(&gbk[..cut], true).encoding.0, "gb18030", "{cut}");
        }
        let russian = encoding_rs::WINDOWS_1251.encode("ПРИВЕ").0;
        assert_eq!(guess(&russian, true).encoding.0, "windows-1251");
        // Lines that were cut at a size.
        for cut in [13, 14, 16, 17, 19, 20] {
            let line = [&text.as_bytes()[..cut], b"\n"].concat();
            for lines in [line.clone(), line.repeat(3), [&line[..], text.as_bytes()].concat()] {
                assert_eq!(guess(&lines, true).encoding.0, "UTF-8", "{cut}");
            }
        }
        let lines: Vec<u8> = (0..3).flat_map(|_| [&gbk[..], b"\n"].concat()).collect();
        assert_eq!(guess(&lines, true).encoding.0, "gb18030");
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
