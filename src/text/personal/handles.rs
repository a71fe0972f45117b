//! Names and numbers of QQ and WeChat, right behind the words that say so.

use super::kinds::{Kind, Span};
use super::labels::{self, Label};
use super::units;
use super::window::Window;

/// The QQ number in a window: five to eleven digits behind its word; or the number by which a WeChat name is found.
pub fn number(window: &Window) -> Option<Span> {
    let d = window.digits;
    if window.groups.len() != 1 || !(5..=11).contains(&d.len()) || d[0] == 0 || window.inner.0 {
        return None;
    }
    let head = &window.text[..window.start];
    let marked = head.ends_with([':', '：', '号', '码', '是', '为', '=', '加', '#'])
        || head.ends_with(": ")
        || head.ends_with("： ");
    let kind = if window.direct(Label::Qq) {
        Kind::Qq
    } else if window.direct(Label::Wechat) && (marked || d.len() > 6) {
        Kind::Wechat
    } else {
        return None;
    };
    let few = !marked && (d.len() == 5 || labels::quantity(window.text, window.end));
    (!few && !group(window.clause())).then_some(Span { start: window.start, end: window.end, kind })
}

/// Whether the words name a group or a public account, which are nobody's.
fn group(clause: &str) -> bool {
    let word = clause.char_indices().rev().nth(7).map_or(clause, |(at, _)| &clause[at..]);
    word.contains('群')
        || word.contains("公众")
        || word.contains("公号")
        || word.contains("小程序")
        || word.contains("视频号")
        || word.contains("group")
}

/// Characters that are looked at: no name has so many, hyphens behind it among them.
const MOST: usize = 64;

/// The WeChat name at byte `start`: a letter, then letters, digits, `_` and `-`, six to twenty in all.
pub fn name(text: &str, start: usize) -> Option<Span> {
    let b = text.as_bytes();
    let clause = labels::clause(text, start);
    let qq = labels::direct(&clause, Label::Qq) && (clause.contains("微信") || clause.contains("wechat"));
    // `wechat-sdk` is the name of a thing.
    let joined = start > 1 && b[start - 1] == b'-' && b[start - 2].is_ascii_alphabetic();
    if joined || !(labels::direct(&clause, Label::Wechat) || qq) || group(&clause) {
        return None;
    }
    let (mut end, mut marks, mut count) = (start, 0, 0);
    loop {
        let (c, len) = units::at(b, end);
        if count > MOST || !(c.is_ascii_alphanumeric() || c == b'_' || c == b'-' && b[end] != 0xE2) {
            break;
        }
        marks += usize::from(!c.is_ascii_alphabetic());
        count += 1;
        end += len;
    }
    while text[..end].ends_with('-') {
        (end, count) = (end - 1, count - 1);
    }
    let next = b.get(end).copied().unwrap_or_default();
    let address = next == b'.' && units::at(b, end + 1).0.is_ascii_alphanumeric()
        || next == b'@'
        || text[end..].starts_with("://")
        || next == b'(';
    let head = text[..start].trim_end_matches([' ', '\u{3000}', '"', '“', '「']);
    let marked = head.ends_with([':', '：', '号', '=', '＝'])
        || head.to_ascii_lowercase().ends_with("id")
        || head.to_ascii_lowercase().ends_with("id is");
    let pure = marks == 0 && (!marked || KNOWN.contains(&text[start..end].to_ascii_lowercase().as_str()));
    (!address && !pure && (6..=20).contains(&count)).then_some(Span { start, end, kind: Kind::Wechat })
}

/// Words that follow «WeChat:» and name no one.
const KNOWN: &[&str] = &[
    "android",
    "iphone",
    "official",
    "windows",
    "payment",
    "version",
    "channel",
    "channels",
    "mini-program",
    "program",
    "wechat",
    "weixin",
    "tencent",
];

/// Whether what stands in the forty bytes before `start` may be a word for QQ or WeChat, cheaply. `word` is where the last
/// Latin one ended ([`is_word`]).
pub fn likely(b: &[u8], start: usize, word: usize) -> bool {
    const REACH: usize = 40;
    if word > 0 && word <= start && start - word <= REACH {
        return true;
    }
    let before = &b[start.saturating_sub(REACH)..start];
    // Han is next to it, but for signs.
    let signs = before.iter().rev().take_while(|c| matches!(c, b' ' | b':' | b'=' | b'"' | b'(' | b'[' | b'#')).count();
    if signs == before.len() || before[before.len() - signs - 1] < 0x80 {
        return false;
    }
    before.windows(3).any(|w| MARKS.contains(&(u32::from(w[0]) << 16 | u32::from(w[1]) << 8 | u32::from(w[2]))))
        || before.iter().any(|c| matches!(c, b'v' | b'V' | b'q' | b'Q'))
}

/// Characters of words for QQ and WeChat, by their three bytes.
const MARKS: [u32; 8] =
    [mark("信"), mark("微"), mark("扣"), mark("鹅"), mark("球"), mark("叩"), mark("泡"), mark("Ｑ")];

const fn mark(character: &str) -> u32 {
    let b = character.as_bytes();
    (b[0] as u32) << 16 | (b[1] as u32) << 8 | b[2] as u32
}

/// Whether a Latin word is one for QQ or WeChat.
pub fn is_word(word: &[u8]) -> bool {
    [&b"wechat"[..], b"weixin", b"wx", b"vx", b"qq", b"v", b"q"].iter().any(|w| word.eq_ignore_ascii_case(w))
}
