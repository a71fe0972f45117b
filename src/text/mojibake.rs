//! Mojibake: text whose bytes were read in another encoding than the one they were written in, put right where the bytes
//! prove it.
//!
//! These readings are known: UTF-8 read as Windows-1252 or Latin-1 (`ä¸­æ–‡`), as the encodings of other alphabets (`дё­ж–‡`),
//! as GBK (`涓枃`), Big5, Shift-JIS and EUC-KR; GBK, Big5, Shift-JIS, EUC-JP and EUC-KR read as Latin-1 (`ÖÐÎÄ`); and one
//! double-byte encoding read as another (`琌`). A run of characters is put right when
//!
//! - written back in the encoding it was read in, its bytes are valid in the one they were written in, whole;
//! - what comes out is plausible: common Han characters and CJK punctuation, or letters of one script; where validity alone
//!   says little, a language beyond doubt (`evidence`);
//! - and what stood there is not: most of the run are characters that such a misreading makes and that running text does not
//!   have side by side.
//!
//! So well-formed text never changes. What looks damaged and cannot be proved is counted ([`Report::suspect`]): replacement
//! characters, `锟斤拷`, runs that lost bytes, runs that no reading explains.

mod evidence;
mod narrow;
mod swapped;

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS};

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
    // One layer at a time: what two misreadings made takes two rounds. A text of which one run was proved to be of a
    // double-byte encoding has short ones too.
    let (mut written, mut swapped) = (None, None);
    // Each layer makes a text longer by half, so there are few.
    for _ in 0..64 {
        let mut round = Round { written, swapped, ..Round::default() };
        round.run(&out);
        report.suspect = round.odd;
        let Some(text) = round.text else { break };
        report.repaired += round.runs;
        report.layers = report.layers.max(round.layers);
        (written, swapped) = (round.written, round.swapped);
        out = Cow::Owned(text);
    }
    report.suspect += suspects(&out);
    (out, report)
}

/// A text of which some runs were put right.
#[derive(Default)]
struct Round {
    /// The text, where any was.
    text: Option<String>,
    /// How many were.
    runs: usize,
    /// How many layers deep.
    layers: usize,
    /// The double-byte encoding that was proved to have been read as Latin-1.
    written: Option<&'static Encoding>,
    /// The double-byte encodings that were proved to have been taken for each other.
    swapped: Option<swapped::Pair>,
    /// Runs that look misread and were left.
    odd: usize,
    /// Up to where it is known that no stretch is of a double-byte encoding read as Latin-1.
    sound: usize,
}

impl Round {
    /// Looks at runs of characters beyond ASCII, and puts each right if it can be.
    fn run(&mut self, text: &str) {
        let table = &*CLASSES;
        let (mut copied, mut at) = (0, 0);
        let b = text.as_bytes();
        while let Some(step) = b[at..].iter().position(|c| *c >= 0x80) {
            let start = at + step;
            let (end, counts) = measure(text, start, table);
            at = end;
            let Some(Fixed { from, to, text: fixed, layers }) = self.fix(text, start, end, &counts) else { continue };
            self.layers = self.layers.max(layers);
            let buffer = self.text.get_or_insert_with(|| String::with_capacity(text.len()));
            buffer.push_str(&text[copied..from]);
            buffer.push_str(&fixed);
            copied = to;
            at = to;
            self.runs += 1;
        }
        if let Some(buffer) = &mut self.text {
            buffer.push_str(&text[copied..]);
        }
    }

    /// The run put right, if it can be.
    fn fix(&mut self, text: &str, start: usize, end: usize, counts: &Counts) -> Option<Fixed> {
        let all: usize = counts.iter().sum();
        let western = counts[usize::from(WESTERN)];
        if western == all {
            return from_western(text, start, end)
                .or_else(|| alphabet(text, start, end))
                .or_else(|| self.narrow(text, start))
                .or_else(|| self.gbk(text, start, end));
        }
        let fixed = |from, to, text| Fixed { from, to, text, layers: 1 };
        if let Some(said) = alphabet(text, start, end) {
            return Some(said);
        }
        if western >= 3
            && let Some(part) = within(text, start, end)
        {
            return Some(part);
        }
        let odd = counts[usize::from(RARE)] + counts[usize::from(PRIVATE)] + counts[usize::from(NONE)];
        if all < 3 && self.swapped.is_none() || odd * 6 < all {
            return None;
        }
        let double =
            DOUBLE.iter().zip(&*HEADS).find_map(|(read_as, heads)| from_double(text, start, end, read_as, heads));
        if double.is_some() {
            return double;
        }
        match swapped::swapped(&text[start..end], counts[usize::from(SIGN)], self.swapped) {
            swapped::Run::Fixed(said, pair) => {
                self.swapped = Some(pair);
                Some(fixed(start, end, said))
            }
            swapped::Run::Odd => {
                self.odd += 1;
                None
            }
            swapped::Run::Sound => None,
        }
    }

    /// GBK that was read as Latin-1.
    fn gbk(&mut self, text: &str, start: usize, end: usize) -> Option<Fixed> {
        let fixed = gbk_as_western(text, start, end, self.written == Some(GBK))?;
        self.written = Some(GBK);
        Some(fixed)
    }

    /// A stretch of a line in another double-byte encoding that was read as Latin-1.
    fn narrow(&mut self, text: &str, start: usize) -> Option<Fixed> {
        if start < self.sound {
            return None;
        }
        let narrow::Stretch { end, fixed, odd } = narrow::stretch(text, start, self.written);
        self.odd += usize::from(odd);
        let Some((said, encoding)) = fixed else {
            self.sound = end;
            return None;
        };
        self.written = Some(encoding);
        Some(Fixed { from: start, to: end, text: said, layers: 1 })
    }
}

/// A run put right: where it begins and ends, what it becomes, and how many layers that took.
struct Fixed {
    from: usize,
    to: usize,
    text: String,
    layers: usize,
}

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

/// UTF-8 that was read as Windows-1252: the run, and the ASCII spaces in it that a no-break space became.
fn from_western(text: &str, start: usize, end: usize) -> Option<Fixed> {
    unread(&text[start..end], 1).map(|(fixed, layers)| Fixed { from: start, to: end, text: fixed, layers })
}

/// UTF-8 that was read in the encoding of another alphabet.
fn alphabet(text: &str, start: usize, end: usize) -> Option<Fixed> {
    narrow::alphabet(&text[start..end]).map(|fixed| Fixed { from: start, to: end, text: fixed, layers: 1 })
}

/// The same of a part of a run, between characters that were read right: three characters or more, the first of which stands
/// for the first byte of three.
fn within(text: &str, start: usize, end: usize) -> Option<Fixed> {
    // Only U+00C0 to U+00FF begin with this byte.
    memchr::memchr(0xC3, &text.as_bytes()[start..end])?;
    let table = &*CLASSES;
    let mut from = start;
    while let Some(step) = text[from..end].find(|c| ('\u{E2}'..='\u{EF}').contains(&c)) {
        let begin = from + step;
        let rest = &text[begin..end];
        let length = rest.find(|c| table.get(c) != WESTERN).unwrap_or(rest.len());
        from = begin + length;
        if rest[..length].chars().nth(2).is_some()
            && let Some(fixed) = from_western(text, begin, from)
        {
            return Some(fixed);
        }
    }
    None
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
    let words = evidence::Evidence::of(&fixed);
    let proved = common * 2 >= all && frequent * 10 >= common && words.known * 6 >= words.pairs;
    let fit = !lossy && !rising && other == 0 && rarer * 5 <= all && (sure || proved);
    fit.then(|| Fixed { from: start, to: end, text: fixed.into_owned(), layers: 1 })
}

/// A bit for each character of the first plane.
type Bits = [u64; 1 << 10];

/// The double-byte encodings in which UTF-8 may have been read.
const DOUBLE: [&Encoding; 4] = [GBK, BIG5, SHIFT_JIS, EUC_KR];

/// Characters whose two bytes in each are those that a character of three begins with in UTF-8.
static HEADS: LazyLock<[Box<Bits>; 4]> = LazyLock::new(|| DOUBLE.map(heads));

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

/// UTF-8 that was read in a double-byte encoding. ASCII bytes may have been taken as second bytes, so the run is tried with
/// the ASCII that follows too; here the run itself must be whole.
fn from_double(text: &str, start: usize, end: usize, read_as: &'static Encoding, heads: &Bits) -> Option<Fixed> {
    // Most runs are told by their first character: its bytes must begin a character of three.
    let first = text[start..].chars().next().map_or(0, u32::from);
    if heads.get(first as usize >> 6).is_none_or(|cell| cell >> (first & 63) & 1 == 0) {
        return None;
    }
    let bytes = swapped::encoded(&text[start..end], read_as)?;
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
    plausible.then(|| Fixed { from: start, to: end, text: fixed.to_owned(), layers: 1 })
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
mod tests;
