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

/// The number of a phone behind a word for WeChat, and behind none for phones: the number by which somebody is found there.
pub fn found_by(window: &Window, span: Span) -> Span {
    let clause = window.clause();
    let phone =
        ["话", "話", "机", "機", "tel", "phone", "mobile", "call", "同", "/", "、"].iter().any(|w| clause.contains(w));
    let wechat = span.kind == Kind::Mobile && window.direct(Label::Wechat) && !phone;
    if wechat { Span { kind: Kind::Wechat, ..span } } else { span }
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
    let said = text[start..end].to_ascii_lowercase();
    let letters =
        || !KNOWN.contains(&said.as_str()) && (is_marked(text, start) || slang(&clause) || !pronounced(&said));
    (!address && (marks > 0 || letters()) && (6..=20).contains(&count)).then_some(Span {
        start,
        end,
        kind: Kind::Wechat,
    })
}

/// Whether a sign or word before byte `start` says that a name follows.
fn is_marked(text: &str, start: usize) -> bool {
    let head = text[..start].trim_end_matches([' ', '\u{3000}', '"', '“', '「']);
    let from = head.floor_char_boundary(head.len().saturating_sub(9));
    let last = head[from..].to_ascii_lowercase();
    [":", "：", "号", "號", "=", "＝", "id", "id is", "号是", "号为", "號是", "id是"]
        .iter()
        .any(|end| last.ends_with(end))
}

/// Whether a clause ends with a word that is said for WeChat where a name follows, and of the program itself never.
fn slang(clause: &str) -> bool {
    let clause = clause.trim_end_matches([' ', '\u{3000}', '我', '的', '❤', '"', '“']);
    let word = [
        "v信",
        "薇信",
        "薇芯",
        "威芯",
        "微芯",
        "徽信",
        "加v",
        "加vx",
        "加wx",
        "加微",
        "加威",
        "薇",
        "加我微信",
        "加微信",
    ]
    .iter()
    .any(|word| clause.ends_with(word));
    // `tar +v` has a word of its own before it.
    let plus = clause.strip_suffix("+v").or_else(|| clause.strip_suffix("+vx"));
    word || plus.is_some_and(|head| !head.trim_end().ends_with(|c: char| c.is_ascii_graphic()))
}

/// Whether letters may be a word of English: vowels among them, and never five consonants in a row.
fn pronounced(word: &str) -> bool {
    let (mut run, mut most) = (0, 0);
    for c in word.chars() {
        run = if matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y') { 0 } else { run + 1 };
        most = most.max(run);
    }
    most < 5
}

/// Words that follow «WeChat:» and name no one.
const KNOWN: &[&str] = &[
    "android",
    "iphone",
    "official",
    "group",
    "groups",
    "service",
    "public",
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
const MARKS: [u32; 10] = [
    mark("信"),
    mark("微"),
    mark("扣"),
    mark("鹅"),
    mark("球"),
    mark("叩"),
    mark("泡"),
    mark("Ｑ"),
    mark("芯"),
    mark("星"),
];

const fn mark(character: &str) -> u32 {
    let b = character.as_bytes();
    (b[0] as u32) << 16 | (b[1] as u32) << 8 | b[2] as u32
}

/// Whether a Latin word is one for QQ or WeChat.
pub fn is_word(word: &[u8]) -> bool {
    [&b"wechat"[..], b"weixin", b"wx", b"vx", b"qq", b"v", b"q"].iter().any(|w| word.eq_ignore_ascii_case(w))
}
