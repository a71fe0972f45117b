//! Text whose bytes were read one by one: double-byte encodings as Windows-1252 or Latin-1, and UTF-8 as the single-byte
//! encodings of other alphabets.

use std::sync::LazyLock;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, IBM866, KOI8_R, MACINTOSH, SHIFT_JIS};
use encoding_rs::{WINDOWS_1250, WINDOWS_1251, WINDOWS_1254};

use super::evidence::Evidence;
use super::swapped::encoded;
use super::windows_1252;
use crate::text::table::Table;

/// The double-byte encodings that are tried.
const DOUBLE: [&Encoding; 5] = [GBK, BIG5, SHIFT_JIS, EUC_JP, EUC_KR];
/// Characters that are proof enough of a language.
const LEAST: usize = 6;
/// Misread characters of the shortest stretch that is looked at.
const SHORTEST: usize = 8;

/// A stretch of bytes of a double-byte encoding that was read as Windows-1252.
pub struct Stretch {
    /// Where it ends; it is known not to be one up to here, where nothing was found.
    pub end: usize,
    /// What it says, and in which encoding it was written.
    pub fixed: Option<(String, &'static Encoding)>,
    /// Whether it looks misread all the same.
    pub odd: bool,
}

/// The stretch of a line that begins at byte `start`: ASCII and what Windows-1252 has beyond it. Second bytes of Big5 and
/// Shift-JIS may be letters of ASCII, so runs of other characters are not enough. `before` is the encoding that was proved
/// for another stretch of the text: then a few characters do.
pub fn stretch(text: &str, start: usize, before: Option<&'static Encoding>) -> Stretch {
    let mut bytes = Vec::new();
    // Bytes of the text and of the reading up to the last character beyond ASCII.
    let (mut end, mut last, mut wide, mut rising) = (start, 0, 0usize, 0usize);
    for (at, c) in text[start..].char_indices() {
        let Some(byte) = windows_1252(c).filter(|b| !matches!(b, b'\n' | b'\r' | b'\t')) else { break };
        bytes.push(byte);
        if byte >= 0x80 {
            let next = bytes.len().checked_sub(2).is_some_and(|b| byte > bytes[b] && byte - bytes[b] <= 4);
            (end, last, wide) = (start + at + c.len_utf8(), bytes.len(), wide + 1);
            rising += usize::from(next);
        }
    }
    let least = if before.is_some() { 1 } else { SHORTEST };
    // French and Vietnamese have fewer; a list of accented letters rises.
    if wide < least || wide * 4 < last || rising * 2 > wide {
        return Stretch { end, fixed: None, odd: false };
    }
    // The last second byte may be ASCII.
    let trail = usize::from(bytes.get(last).is_some_and(|b| (0x40..0x7F).contains(b)));
    let read = |length: usize| best(&bytes[..length], before).map(|fixed| (length, fixed));
    let found = read(last).or_else(|| if trail > 0 { read(last + trail) } else { None });
    match found {
        Some((length, fixed)) => Stretch { end: end + length - last, fixed: Some(fixed), odd: false },
        None => Stretch { end, fixed: None, odd: wide >= 2 * SHORTEST && wide * 5 >= last * 2 },
    }
}

/// The reading of bytes that is a language, if one is, and no other one nearly as much.
fn best(bytes: &[u8], before: Option<&'static Encoding>) -> Option<(String, &'static Encoding)> {
    // The reading was written as UTF-8, and that read in the same way.
    if let Ok(inner) = std::str::from_utf8(bytes)
        && let Some(inner) = inner.chars().map(windows_1252).collect::<Option<Vec<u8>>>()
        && inner.len() < bytes.len()
    {
        return best(&inner, before);
    }
    // What these have beyond the national standard is rare, and has the bytes of UTF-8.
    let strict = bytes.iter().all(|b| !(0x80..=0xA0).contains(b));
    let read = |encoding: &'static Encoding| {
        if encoding == EUC_KR && !strict {
            return None;
        }
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned();
        let found = Evidence::of(&text);
        Some((found, text, encoding))
    };
    let mut readings: Vec<_> = DOUBLE.into_iter().filter_map(read).collect();
    readings.sort_by_key(|(found, ..)| std::cmp::Reverse(found.worth()));
    let whole = bytes.iter().filter(|b| **b >= 0x80).count() * 2 >= bytes.len();
    let sure = |found: &Evidence| {
        found.han > 0 && found.rare == 0 && (found.frequent + found.known > 0 || whole && found.is_plain())
    };
    if let Some(at) = readings.iter().position(|(found, _, encoding)| before == Some(*encoding) && sure(found)) {
        let (_, text, encoding) = readings.swap_remove(at);
        return Some((text, encoding));
    }
    readings.retain(|(found, ..)| found.proves(LEAST));
    let next = readings.get(1).map_or(0, |(found, ..)| found.worth());
    let (found, text, encoding) = readings.into_iter().next()?;
    // Kana have the same bytes in GBK and EUC-JP; what is Han in between tells.
    (next * 3 <= found.worth() * 2 || encoding == EUC_JP).then_some((text, encoding))
}

/// The single-byte encodings of other alphabets that are tried.
const SINGLE: [&Encoding; 6] = [WINDOWS_1251, WINDOWS_1250, WINDOWS_1254, KOI8_R, IBM866, MACINTOSH];

/// For every character the encodings, a bit each, in which its byte begins a character of three in UTF-8.
static LEADS: LazyLock<Table> = LazyLock::new(|| {
    let high: Vec<Vec<char>> = SINGLE.iter().map(|encoding| leads(encoding)).collect();
    Table::new(|c| (0..).zip(&high).map(|(bit, leads)| u8::from(leads.contains(&c)) << bit).sum())
});

fn leads(encoding: &'static Encoding) -> Vec<char> {
    let read = |byte| encoding.decode_without_bom_handling(&[byte]).0.chars().next();
    (0xE2..=0xEF).filter_map(read).collect()
}

/// UTF-8 that was read in the encoding of another alphabet: what a whole run says, where that is East Asian text alone.
pub fn alphabet(run: &str) -> Option<String> {
    let mut bits = LEADS.get(run.chars().next()?);
    while bits != 0 {
        let encoding = SINGLE[bits.trailing_zeros() as usize % SINGLE.len()];
        bits &= bits - 1;
        let Some(bytes) = encoded(run, encoding) else { continue };
        let Ok(fixed) = std::str::from_utf8(&bytes) else { continue };
        let east = |c: char| {
            matches!(c, '\u{3000}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}'
                | '\u{FF01}'..='\u{FF5E}' | '\u{2010}'..='\u{2044}' | '·')
        };
        if fixed.chars().all(east) && fixed.chars().nth(1).is_some() {
            return Some(fixed.to_owned());
        }
    }
    None
}
