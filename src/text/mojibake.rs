//! Mojibake: text whose bytes were read in another encoding than the one they were written in, put right where the bytes
//! prove it.
//!
//! Four readings are known: UTF-8 read as Windows-1252 or Latin-1 (`ä¸­æ–‡`), as GBK (`涓枃`) and as Big5, and GBK read as
//! Latin-1 (`ÖÐÎÄ`). A run of characters is put right when
//!
//! - written back in the encoding it was read in, its bytes are valid in the one they were written in, whole;
//! - what comes out is plausible: common Han characters and CJK punctuation, or letters of one script;
//! - and what stood there is not: most of the run are characters that such a misreading makes and that running text does not
//!   have side by side.
//!
//! So well-formed text never changes. What looks damaged and cannot be proved is counted ([`Report::suspect`]): replacement
//! characters, `锟斤拷`, runs that lost bytes.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::{BIG5, Encoding, GBK};

use super::table::Table;

/// What was found in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Runs put right.
    pub repaired: usize,
    /// Layers taken off the deepest run.
    pub layers: usize,
    /// Places that look misread and were left: their number.
    pub suspect: usize,
}

/// Beyond GBK and all that has no class here.
const NONE: u8 = 0;
/// Common Han: the first level of GB 2312 (3,755 characters by frequency).
const COMMON: u8 = 1;
/// The second level of GB 2312 (3,008 rarer characters).
const RARER: u8 = 2;
/// Han of GBK that GB 2312 has not: traditional and rare characters.
const RARE: u8 = 3;
/// CJK punctuation and full-width forms.
const SIGN: u8 = 4;
/// What Windows-1252 and Latin-1 have beyond ASCII.
const WESTERN: u8 = 5;
/// Private use, which readings of GBK and Big5 leave for bytes that have no character.
const PRIVATE: u8 = 6;

static CLASSES: LazyLock<Table> = LazyLock::new(|| Table::new(classify));

fn classify(c: char) -> u8 {
    match c {
        '\u{80}'..='\u{FF}' => WESTERN,
        '\u{100}'..='\u{2122}' if windows_1252(c).is_some() => WESTERN,
        '\u{3000}'..='\u{3020}' | '\u{FF01}'..='\u{FF5E}' => SIGN,
        '\u{E000}'..='\u{F8FF}' => PRIVATE,
        '\u{3400}'..='\u{9FFF}' => match &*GBK.encode(c.encode_utf8(&mut [0; 4])).0 {
            [0xB0..=0xD7, 0xA1..=0xFE] => COMMON,
            [0xD8..=0xF7, 0xA1..=0xFE] => RARER,
            [_, _] => RARE,
            _ => NONE,
        },
        _ => NONE,
    }
}

/// The byte that Windows-1252 has for a character; for its five unassigned bytes, Latin-1's.
fn windows_1252(c: char) -> Option<u8> {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    match c {
        '\0'..='\u{7F}' | '\u{A0}'..='\u{FF}' => Some(c as u32 as u8),
        // Latin-1 has controls there.
        '\u{80}'..='\u{9F}' => Some(c as u32 as u8),
        c => HIGH.iter().position(|h| *h == c).map(|at| 0x80 + at as u8),
    }
}

/// Puts right what is proved, and says what was found.
pub fn repair(text: &str) -> (Cow<'_, str>, Report) {
    let mut report = Report::default();
    let mut out = Cow::Borrowed(text);
    // One layer at a time: what two misreadings made takes two rounds. A text of which one run was GBK has short ones too.
    let mut gbk = false;
    // Each layer makes a text longer by half, so there are few.
    for _ in 0..64 {
        let Some(round) = round(&out, gbk) else { break };
        report.repaired += round.runs;
        report.layers = report.layers.max(round.layers);
        gbk |= round.gbk;
        out = Cow::Owned(round.text);
    }
    report.suspect = suspects(&out);
    (out, report)
}

/// A text of which some runs were put right.
struct Round {
    text: String,
    /// How many were.
    runs: usize,
    /// How many layers deep.
    layers: usize,
    /// Whether one of them was GBK read as Latin-1.
    gbk: bool,
}

/// Runs of characters beyond ASCII, each put right if it can be; `gbk` says that there was GBK read as Latin-1 before.
fn round(text: &str, gbk: bool) -> Option<Round> {
    let table = &*CLASSES;
    let mut out: Option<String> = None;
    let (mut copied, mut runs, mut layers, mut was_gbk) = (0, 0, 0, false);
    let b = text.as_bytes();
    let mut at = 0;
    while let Some(step) = b[at..].iter().position(|c| *c >= 0x80) {
        let start = at + step;
        let (end, counts) = measure(text, start, table);
        at = end;
        let Some((from, to, fixed, taken)) = fix(text, start, end, &counts, gbk) else { continue };
        // No layer: the bytes were right, and their encoding was not.
        was_gbk |= taken == 0;
        layers = layers.max(taken.max(1));
        let buffer = out.get_or_insert_with(|| String::with_capacity(text.len()));
        buffer.push_str(&text[copied..from]);
        buffer.push_str(&fixed);
        copied = to;
        at = at.max(to);
        runs += 1;
    }
    let mut buffer = out?;
    buffer.push_str(&text[copied..]);
    Some(Round { text: buffer, runs, layers, gbk: was_gbk })
}

/// A run put right: where it begins and ends, what it becomes, and how many layers that took (0: GBK).
type Fixed = (usize, usize, String, usize);

/// How many characters of each class a run has.
type Counts = [usize; 8];

/// The run of characters beyond ASCII that begins at a byte.
fn measure(text: &str, start: usize, table: &Table) -> (usize, Counts) {
    let mut counts = [0; 8];
    let mut end = start;
    for c in text[start..].chars().take_while(|c| !c.is_ascii()) {
        counts[usize::from(table.get(c) & 7)] += 1;
        end += c.len_utf8();
    }
    (end, counts)
}

/// The run put right, with where it begins and ends.
fn fix(text: &str, start: usize, end: usize, counts: &Counts, gbk: bool) -> Option<Fixed> {
    let all: usize = counts.iter().sum();
    let western = counts[usize::from(WESTERN)];
    if western == all {
        return from_western(text, start, end).or_else(|| gbk_as_western(text, start, end, gbk));
    }
    let odd = counts[usize::from(RARE)] + counts[usize::from(PRIVATE)] + counts[usize::from(NONE)];
    if all < 3 || odd * 6 < all {
        return None;
    }
    from_double(text, start, end, GBK).or_else(|| from_double(text, start, end, BIG5))
}

/// UTF-8 that was read as Windows-1252: the run, and the ASCII spaces in it that a no-break space became.
fn from_western(text: &str, start: usize, end: usize) -> Option<Fixed> {
    unread(&text[start..end], 1).map(|(fixed, layers)| (start, end, fixed, layers))
}

/// One or two layers of that reading taken off: the first may leave controls, which the second explains.
fn unread(run: &str, layer: usize) -> Option<(String, usize)> {
    let bytes: Vec<u8> = run.chars().map(windows_1252).collect::<Option<_>>()?;
    let fixed = String::from_utf8(bytes).ok()?;
    let plausible = fixed.chars().all(|c| match c {
        '\u{80}'..='\u{9F}' => false,
        '\u{A0}'..='\u{24F}' | '\u{370}'..='\u{52F}' | '\u{590}'..='\u{6FF}' | '\u{E00}'..='\u{E7F}' => true,
        '\u{200B}'..='\u{2044}'
        | '\u{20AC}'
        | '\u{20D0}'..='\u{214F}'
        | '\u{2190}'..='\u{2BFF}'
        | '\u{FE00}'..='\u{FE4F}' => true,
        '\u{3000}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{FF01}'..='\u{FFEE}' => true,
        '\u{1F000}'..='\u{1FAFF}' | '\u{2_0000}'..='\u{3_23AF}' => true,
        _ => false,
    });
    if layer == 1
        && fixed.chars().all(|c| CLASSES.get(c) == WESTERN)
        && let Some(deeper) = unread(&fixed, 2)
    {
        return Some(deeper);
    }
    // A letter or two of another alphabet may be chance (`×•` is a Hebrew letter).
    let foreign = fixed.chars().any(|c| ('\u{370}'..='\u{6FF}').contains(&c)) && fixed.chars().count() < 3;
    (plausible && !foreign).then_some((fixed, layer))
}

/// The most frequent characters of Chinese: running text of some length has some of them.
const FREQUENT: &str = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间知世什两次使身者被高已亲其进此话常与活正感";

/// GBK that was read as Latin-1: six characters or more without an ASCII letter beside, that make common Han, one in ten of
/// them frequent; a list of accented letters, which rises, is none. Where one was found before (`sure`), two characters do.
fn gbk_as_western(text: &str, start: usize, end: usize, sure: bool) -> Option<Fixed> {
    let bytes: Vec<u8> = text[start..end].chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>()?;
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let beside = letter(text[..start].chars().next_back()) || letter(text[end..].chars().next());
    if bytes.len() < if sure { 2 } else { 6 } || !bytes.len().is_multiple_of(2) || beside && !sure {
        return None;
    }
    let (fixed, lossy) = GBK.decode_without_bom_handling(&bytes);
    let rising = bytes.windows(2).filter(|w| w[0] < w[1] && w[1] - w[0] <= 4).count() * 2 > bytes.len();
    let all = fixed.chars().count();
    let count = |f: &dyn Fn(char) -> bool| fixed.chars().filter(|c| f(*c)).count();
    let common = count(&|c| CLASSES.get(c) == COMMON);
    let rarer = count(&|c| matches!(CLASSES.get(c), RARER | RARE));
    let other =
        count(&|c| !matches!(CLASSES.get(c), COMMON | SIGN | RARER | RARE) && !('\u{2010}'..='\u{2044}').contains(&c));
    let frequent = count(&|c| FREQUENT.contains(c));
    let proved = common * 2 >= all && frequent * 10 >= common;
    let fit = !lossy && !rising && other == 0 && rarer * 5 <= all && (sure || proved);
    fit.then(|| (start, end, fixed.into_owned(), 0))
}

/// A bit for each character of the first plane.
type Bits = [u64; 1 << 10];

/// Characters whose two bytes in GBK, and in Big5, are those that a character of three begins with in UTF-8.
static HEADS: LazyLock<[Box<Bits>; 2]> = LazyLock::new(|| [heads(GBK), heads(BIG5)]);

fn heads(encoding: &'static Encoding) -> Box<Bits> {
    let mut bits = Box::new([0; 1 << 10]);
    for lead in 0xE2..=0xEF {
        for trail in 0x80..=0xBF {
            let bytes = [lead, trail];
            let (read, lossy) = encoding.decode_without_bom_handling(&bytes);
            let (written, ..) = encoding.encode(&read);
            if let (Some(c), false, [first, second]) = (read.chars().next(), lossy, &*written)
                && [*first, *second] == bytes
                && let Some(cell) = bits.get_mut(c as usize >> 6)
            {
                *cell |= 1 << (c as u32 & 63);
            }
        }
    }
    bits
}

/// UTF-8 that was read as GBK or Big5. ASCII bytes may have been taken as second bytes, so the run is tried with the ASCII
/// that follows too; here the run itself must be whole.
fn from_double(text: &str, start: usize, end: usize, read_as: &'static Encoding) -> Option<Fixed> {
    // Most runs are told by their first character: its bytes must begin a character of three.
    let first = text[start..].chars().next().map_or(0, u32::from);
    let heads = if read_as == GBK { &HEADS[0] } else { &HEADS[1] };
    if heads.get(first as usize >> 6).is_none_or(|cell| cell >> (first & 63) & 1 == 0) {
        return None;
    }
    let (bytes, _, unmapped) = read_as.encode(&text[start..end]);
    if unmapped {
        return None;
    }
    let fixed = std::str::from_utf8(&bytes).ok()?;
    let table = &*CLASSES;
    let (mut common, mut rarer, mut other, mut narrow) = (0usize, 0usize, 0usize, 0usize);
    for c in fixed.chars() {
        match table.get(c) {
            COMMON | SIGN => common += 1,
            RARER => rarer += 1,
            // Punctuation that Windows-1252 has too (`“”…—`).
            WESTERN if c >= '\u{2010}' => common += 1,
            RARE => other += 1,
            _ => narrow += 1,
        }
    }
    let all = common + rarer + other + narrow;
    let traditional = other * 2 <= all && all >= 6;
    let plausible = narrow == 0 && all >= 2 && (other == 0 && rarer * 4 <= all || traditional);
    plausible.then(|| (start, end, fixed.to_owned(), 1))
}

/// Places that look misread: replacement characters, `锟斤拷` and `烫烫烫`, and Latin-1 runs that begin like UTF-8 of three
/// bytes.
fn suspects(text: &str) -> usize {
    if text.is_ascii() {
        return 0;
    }
    const MARKS: [&str; 7] = ["\u{FFFD}", "锟斤拷", "烫烫烫", "屯屯屯", "ï¿½", "锘挎", "銆傜"];
    let marks: usize = MARKS.iter().map(|m| memchr::memmem::find_iter(text.as_bytes(), m.as_bytes()).count()).sum();
    // No character but U+00C0 to U+00FF begins with this byte.
    let western = memchr::memchr_iter(0xC3, text.as_bytes()).filter(|at| {
        let mut chars = text[*at..].chars();
        let lead = chars.next().is_some_and(|c| matches!(c, 'ã'..='é' | 'ï'));
        let mut trail = || chars.next().and_then(windows_1252).is_some_and(|b| (0x80..0xC0).contains(&b));
        lead && trail() && trail()
    });
    marks + western.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_western(text: &str) -> String {
        text.bytes()
            .map(|b| match b {
                0x80..=0x9F => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[b]).0.chars().next().unwrap(),
                b => char::from(b),
            })
            .collect()
    }

    fn fixed(text: &str) -> String {
        let once = repair(text).0.into_owned();
        assert_eq!(repair(&once).0, once, "again: {text:?}");
        once
    }

    #[test]
    fn utf8_read_as_western_one_and_two_layers() {
        for text in
            ["中文", "编码错误，很常见。", "Café 很好", "“引号”——…", "日本語のテキスト", "naïve résumé", "温度为20°C"]
        {
            assert_eq!(fixed(&as_western(text)), text);
            assert_eq!(fixed(&as_western(&as_western(text))), text);
            let latin: String = text.bytes().map(char::from).collect();
            assert_eq!(fixed(&latin), text);
        }
        assert_eq!(repair(&as_western(&as_western("中文"))).1, Report { repaired: 1, layers: 2, suspect: 0 });
        assert_eq!(fixed("前文 ä¸\u{AD}æ–‡ 后文"), "前文 中文 后文");
    }

    #[test]
    fn first_characters_are_those_that_their_bytes_tell() {
        for (heads, encoding) in HEADS.iter().zip([GBK, BIG5]) {
            for c in (0x80..0x11_0000).filter_map(char::from_u32) {
                let is = heads.get(c as usize >> 6).is_some_and(|cell| cell >> (c as u32 & 63) & 1 == 1);
                let mut buffer = [0; 4];
                let (bytes, ..) = encoding.encode(c.encode_utf8(&mut buffer));
                assert_eq!(is, matches!(*bytes, [0xE2..=0xEF, 0x80..=0xBF]), "{c:?}");
            }
        }
    }

    #[test]
    fn utf8_read_as_gbk_or_big5() {
        for text in ["今天天气真不错呀", "人民代表大会", "我们在学习编程语言", "数据清洗的方法有很多种"]
        {
            let (read, lossy) = GBK.decode_without_bom_handling(text.as_bytes());
            if !lossy {
                assert_eq!(fixed(&read), text);
            }
            let (read, lossy) = BIG5.decode_without_bom_handling(text.as_bytes());
            if !lossy {
                assert_eq!(fixed(&read), text);
            }
        }
        let (read, lossy) = GBK.decode_without_bom_handling("人民代表大会".as_bytes());
        assert!(!lossy, "{read}");
        assert_eq!(fixed(&format!("abc {read} def")), "abc 人民代表大会 def");
    }

    #[test]
    fn gbk_read_as_latin() {
        let (bytes, _, _) = GBK.encode("中华人民共和国");
        let read: String = bytes.iter().map(|b| char::from(*b)).collect();
        assert_eq!(fixed(&read), "中华人民共和国");
        let (bytes, _, _) = GBK.encode("第 2 章：我们用 UI 设计出色的组件，说明书在此。");
        let read: String = bytes.iter().map(|b| char::from(*b)).collect();
        assert_eq!(fixed(&read), "第 2 章：我们用 UI 设计出色的组件，说明书在此。");
    }

    #[test]
    fn well_formed_text_stays() {
        for text in [
            "中文，English。《书名》“引文”……——",
            "繁體中文與簡體中文",
            "Ein schöner Tag für Äpfel und Öl; ça va, où êtes-vous? Ÿ Ã",
            "涓涓细流，汇成江河",
            "罕見字：龘靐齉齾爩鱻麤龗灪厵",
            "±20°C £5 ©®™ «» ½",
            "ăâîșț łódź ñandú",
            "│×•×30000┊",
            "[àáâãäåæçèéêëìíîïðñòóôõö]+ ÀÁÂÃÄÅ ÈÉÊË",
        ] {
            assert!(matches!(repair(text), (Cow::Borrowed(same), Report { suspect: 0, .. }) if same == text), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_proved_is_counted() {
        assert_eq!(repair("锟斤拷锟斤拷").1.suspect, 2);
        assert_eq!(repair("坏\u{FFFD}了").1.suspect, 1);
        assert_eq!(repair("断了的 ä¸\u{AD}æ– 尾").1.repaired, 0);
        assert!(repair("断了的 ä¸\u{AD}æ– 尾").1.suspect > 0);
    }

    #[test]
    fn no_block_of_han_changes() {
        let blocks = [
            (0x2E80, 0x2FDF),
            (0x3000, 0x303F),
            (0x3400, 0x4DBF),
            (0x4E00, 0x9FFF),
            (0xF900, 0xFAFF),
            (0xFE30, 0xFE4F),
            (0xFF00, 0xFFEF),
            (0x20000, 0x323AF),
        ];
        let all: Vec<char> = blocks.iter().flat_map(|(from, to)| *from..=*to).filter_map(char::from_u32).collect();
        for size in [1, 2, 3, 5, 8, 13, 40] {
            for piece in all.chunks(size) {
                let text: String = piece.iter().collect();
                assert_eq!(repair(&text).0, text);
            }
        }
        let mut state = 16u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize
        };
        for _ in 0..100_000 {
            let text: String = (0..3 + next() % 9).map(|_| all[next() % all.len()]).collect();
            assert_eq!(repair(&text).0, text);
        }
    }
}
