//! Which encoding a file has, detected from its first bytes.

use super::super::Encoding;

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
    if let Some(name) = by_mark(head).or_else(|| utf32(head)) {
        return sure(name);
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
    if head.is_ascii()
        && let Some(name) = super::seven::guess(head)
    {
        return Guess { encoding: Encoding(name.into()), certain: false };
    }
    match std::str::from_utf8(head) {
        Ok(_) => return sure("UTF-8"),
        Err(error) if !whole && error.error_len().is_none() => return sure("UTF-8"),
        // Text that was cut at a size: the first bytes of one more character.
        Err(error) if error.error_len().is_none() && speaks(&head[..error.valid_up_to()]) => {
            return Guess { encoding: Encoding("UTF-8".into()), certain: false };
        }
        // A few broken bytes in long UTF-8 do not make it another encoding: each row says what is wrong with it.
        Err(_) if mostly_utf8(head) || lines_are_cut(head) => {
            return Guess { encoding: Encoding("UTF-8".into()), certain: false };
        }
        Err(_) => {}
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, whole);
    let found = detector.guess(None, chardetng::Utf8Detection::Deny);
    if let Some(name) =
        (found.is_single_byte() || found.decode_without_bom_handling(head).1).then(|| damaged(head)).flatten()
    {
        return Guess { encoding: Encoding(name.into()), certain: false };
    }
    if whole && found.is_single_byte() && is_few_han(head) {
        return Guess { encoding: Encoding("gb18030".into()), certain: false };
    }
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

/// The encoding that a byte order mark tells, or the first bytes of XML.
fn by_mark(head: &[u8]) -> Option<&'static str> {
    match head {
        // Before the marks of UTF-16, with which one of them begins.
        [0xff, 0xfe, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] => Some("UTF-32BE"),
        [0xef, 0xbb, 0xbf, ..] => Some("UTF-8"),
        [0xff, 0xfe, ..] => Some("UTF-16LE"),
        [0xfe, 0xff, ..] => Some("UTF-16BE"),
        [0, b'<', 0, b'?', ..] | [0, b'<', 0, b'm', ..] => Some("UTF-16BE"),
        [b'<', 0, b'?', 0, ..] | [b'<', 0, b'm', 0, ..] => Some("UTF-16LE"),
        _ => None,
    }
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

/// Whether valid UTF-8 holds enough beyond ASCII that it is none by chance: a character of three bytes, as Chinese has
/// them, or some of two.
fn speaks(valid: &[u8]) -> bool {
    let wide = valid.iter().filter(|b| **b >= 0xc0);
    wide.clone().any(|b| *b >= 0xe0) || wide.count() > 2
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

/// Whether all that is no UTF-8 are the first bytes of a character at the end of a line: lines that were cut at a size.
fn lines_are_cut(head: &[u8]) -> bool {
    let (mut chunks, mut wide) = (head.utf8_chunks().peekable(), 0);
    while let Some(chunk) = chunks.next() {
        wide += chunk.valid().chars().filter(|c| *c >= '\u{800}').count();
        let mut ends = || chunks.peek().is_none_or(|next| next.valid().starts_with(['\r', '\n']));
        let begins = |bad: &[u8]| bad[0] >= 0xe0 && std::str::from_utf8(bad).is_err_and(|e| e.error_len().is_none());
        let bad = chunk.invalid();
        if !(bad.is_empty() || begins(bad) && ends()) {
            return false;
        }
    }
    wide >= 4
}

/// Whether these few bytes are common characters of GBK, of which the last was cut: too few for detection to tell. A word
/// in other letters has none of the bytes that are signs in encodings of one byte (but for ISO-8859-5, which nobody uses).
fn is_few_han(head: &[u8]) -> bool {
    let pairs = head.chunks_exact(2);
    let cut = pairs.remainder();
    matches!(head.len(), 5..=7)
        && cut.iter().all(|b| *b >= 0xa1)
        && !cut.is_empty()
        && head.iter().any(|b| matches!(b, 0xa1..=0xbf))
        && pairs.into_iter().all(|pair| matches!(pair, [0xb0..=0xd7, 0xa1..=0xfe]))
}

/// UTF-32 without a mark: of every four bytes the highest is zero, and the next one nearly always.
fn utf32(head: &[u8]) -> Option<&'static str> {
    let units = head.chunks_exact(4);
    let count = units.len();
    let valid = |order: fn([u8; 4]) -> u32| {
        let odd = |unit: &[u8]| !matches!(order([unit[0], unit[1], unit[2], unit[3]]), 9..0x3_0000);
        units.clone().filter(|unit| odd(unit)).count() * 50 <= count
    };
    // Two characters of Latin letters as UTF-16 are no character of UTF-32.
    match (count >= 4 && valid(u32::from_le_bytes), count >= 4 && valid(u32::from_be_bytes)) {
        (true, false) => Some("UTF-32LE"),
        (false, true) => Some("UTF-32BE"),
        _ => None,
    }
}

/// An encoding of East Asia in which few places are damaged: a byte was lost, or the text was cut at a size. Detection
/// gives an encoding up at the first place that it does not allow, so it is asked about the lines without such a place.
fn damaged(head: &[u8]) -> Option<&'static str> {
    let high = |bytes: &[u8]| bytes.iter().filter(|b| **b >= 0x80).count();
    let beside = head.windows(2).filter(|pair| pair[0] >= 0x80 && pair[1] >= 0x80).count();
    let all = high(head);
    // Letters with accents stand alone; bytes of these encodings mostly do not.
    if all < 8 || beside * 2 < all {
        return None;
    }
    let known =
        [encoding_rs::GB18030, encoding_rs::BIG5, encoding_rs::EUC_JP, encoding_rs::SHIFT_JIS, encoding_rs::EUC_KR];
    known.into_iter().find_map(|known| {
        let (mut kept, mut bad) = (Vec::with_capacity(head.len()), 0);
        for line in head.split_inclusive(|b| *b == b'\n') {
            let sound = sound(line, known);
            bad += usize::from(sound < line.len());
            kept.extend_from_slice(&line[..sound]);
        }
        let lines = kept.split(|b| *b == b'\n').count();
        if bad * 5 > lines.max(5) || high(&kept) * 2 < all {
            return None;
        }
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
        detector.feed(&kept, true);
        let found = detector.guess(None, chardetng::Utf8Detection::Deny);
        let same = found == known || found == encoding_rs::GBK && known == encoding_rs::GB18030;
        same.then(|| if known == encoding_rs::GB18030 { "gb18030" } else { known.name() })
    })
}

/// How many bytes of a line are sound: those before the first that an encoding does not allow.
fn sound(line: &[u8], known: &'static encoding_rs::Encoding) -> usize {
    let mut decoder = known.new_decoder_without_bom_handling();
    let mut text = vec![0; decoder.max_utf8_buffer_length(line.len()).unwrap_or(0)];
    let (result, read, _) = decoder.decode_to_utf8_without_replacement(line, &mut text, true);
    match result {
        encoding_rs::DecoderResult::Malformed(bytes, ahead) => {
            read.saturating_sub(usize::from(bytes) + usize::from(ahead))
        }
        _ => line.len(),
    }
}
