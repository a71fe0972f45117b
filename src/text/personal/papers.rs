//! Passports and vehicle plates: letters and digits whose form alone says little, read with what stands beside them.

use super::kinds::{Kind, Span};
use super::labels::{self, Label};
use super::units;

/// One character for each province of the mainland, as plates begin.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// What plates of some uses end with.
const SUFFIXES: &str = "挂学警港澳使领试";

/// The ASCII letters and digits from byte `start` on, in capitals, and the end of each; at most 24.
fn code(b: &[u8], start: usize) -> (String, Vec<usize>) {
    let (mut text, mut ends, mut i) = (String::new(), Vec::new(), start);
    while ends.len() < 24 {
        let (c, len) = units::at(b, i);
        if !c.is_ascii_alphanumeric() {
            break;
        }
        i += len;
        text.push(char::from(c.to_ascii_uppercase()));
        ends.push(i);
    }
    (text, ends)
}

/// The vehicle plate (GA 36-2018) whose letter is at byte `start`, behind the character of its province.
pub fn plate(text: &str, start: usize) -> Option<Span> {
    let b = text.as_bytes();
    let province = text[..start].chars().next_back().filter(|c| PROVINCES.contains(*c))?;
    let begin = start - province.len_utf8();
    let (first, mut ends) = code(b, start);
    let mut letters = first;
    if letters.len() == 1 {
        // `京A·12345`
        let dot = text[ends[0]..]
            .chars()
            .next()
            .filter(|c| ['·', '•', '-', ' ', '.', '・', '－', '‧', '∙', '●', '．'].contains(c))?;
        let (rest, more) = code(b, ends[0] + dot.len_utf8());
        letters.push_str(&rest);
        ends.extend(more);
    }
    let mut end = *ends.last()?;
    let suffix = text[end..].chars().next().filter(|c| SUFFIXES.contains(*c));
    let tail = letters.get(1..)?;
    let digits = tail.bytes().filter(u8::is_ascii_digit).count();
    let shaped = letters.starts_with(|c: char| c.is_ascii_uppercase()) && !tail.contains(['I', 'O']);
    let form = match (tail.len(), suffix) {
        (4, Some(_)) => digits >= 2,
        (5, _) => digits >= 3 || digits == 2 && tail.ends_with(|c: char| c.is_ascii_digit()),
        (6, None) => energy(tail),
        _ => false,
    };
    if let (4, Some(c)) = (tail.len(), suffix) {
        end += c.len_utf8();
    }
    let clause = labels::clause(text, begin);
    let labelled = labels::near(&clause) == Some(Label::Plate);
    let raw = units::at(b, start).0;
    let word = text[..begin].chars().next_back().is_some_and(|c| in_word(c, province)) && !labelled;
    let small = raw.is_ascii_lowercase() && !labelled && tail.bytes().any(|c| c.is_ascii_alphabetic());
    (shaped && form && !word && !small).then_some(Span { start: begin, end, kind: Kind::Plate })
}

/// The six characters of a new-energy plate: D or F (small cars: also A–C, E, G, H, J, K) with five that are digits but
/// for the second; or five digits with D or F behind (large ones).
fn energy(tail: &str) -> bool {
    let t = tail.as_bytes();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let small = matches!(t[0], b'A'..=b'H' | b'J' | b'K') && digits(&t[2..]) && t[1].is_ascii_alphanumeric();
    let large = digits(&t[..5]) && matches!(t[5], b'A'..=b'H' | b'J' | b'K');
    small || large
}

/// Whether a character before a province's makes it the end of a word: 北京, 天津, 最新, 阿里云.
fn in_word(before: char, province: char) -> bool {
    let pairs = [
        ('京', "北南东"),
        ('津', "天"),
        ('新', "最全更创崭革刷翻焕"),
        ('云', "里讯为度白乌星山联阿动天"),
        ('川', "四"),
        ('宁', "南辽济"),
        ('吉', "大"),
        ('青', "年"),
        ('藏', "西收典珍宝"),
        ('黑', "漆抹"),
        ('贵', "昂宝珍"),
        ('豫', "犹"),
        ('苏', "江流"),
        ('晋', "东西魏"),
        ('甘', "不"),
    ];
    pairs.iter().any(|(p, befores)| *p == province && befores.contains(before))
}

/// The passport or travel permit whose number is at byte `start`: its form, and a word before or behind that says so.
/// China's: E and eight digits, or E, a letter (not I, O) and seven; G, D, S, P and eight, old ones 14 or 15 and seven;
/// permits for Hong Kong, Macau and Taiwan: C, W, H, M, L, T and eight to ten digits.
pub fn passport(text: &str, start: usize) -> Option<Span> {
    let b = text.as_bytes();
    // Two letters at most, then digits.
    let mut next = start;
    for _ in 0..2 {
        let (c, len) = units::at(b, next);
        next += if c.is_ascii_alphabetic() { len } else { 0 };
    }
    if !units::at(b, next).0.is_ascii_digit() {
        return None;
    }
    let (letters, ends) = code(b, start);
    let head = letters.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = letters.len() - head;
    let shaped = letters[head..].bytes().all(|c| c.is_ascii_digit())
        && match head {
            0 => digits == 9,
            1 => (6..=10).contains(&digits),
            2 => (6..=8).contains(&digits),
            _ => false,
        };
    let end = *ends.last()?;
    if !shaped || ends.len() == 24 || !labels::opens(text, start) || !labels::closes(text, end) {
        return None;
    }
    let clause = labels::clause(text, start);
    let before =
        labels::near(&clause) == Some(Label::Passport) && (head > 0 || labels::direct(&clause, Label::Passport));
    let rest = &text[end..text.floor_char_boundary(end + 24)];
    let rest = rest.split(['，', '。', '；', '\n', ',']).next().unwrap_or_default().to_lowercase();
    let behind = ["护照", "護照", "passport", "通行证", "通行證"].iter().any(|w| rest.contains(w)) && head > 0;
    let thing = labels::near(&clause) == Some(Label::Thing);
    (before || behind && !thing).then_some(Span { start, end, kind: Kind::Passport })
}
