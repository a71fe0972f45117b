//! Addresses of the internet: e-mail, IPv4, IPv6.

use std::net::Ipv6Addr;

use super::kinds::{Kind, Span};
use super::labels::Label;
use super::units::{self, Sep};
use super::window::Window;

/// Ends of file names that follow an `@` in names of pictures (`icon@2x.png`), and are no domain.
const FILES: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "ico", "js", "css", "html", "htm", "json", "ts", "jsx", "tsx",
    "vue", "less", "scss", "service", "socket", "target", "timer", "mount", "slice",
];

/// Ends of domains that an address has which is written with spaces around its `@`: beside others it is an operator, as in
/// `X @ self.kernel`.
const COMMON: &[&str] =
    &["com", "cn", "net", "org", "edu", "gov", "io", "me", "cc", "co", "hk", "tw", "jp", "uk", "de"];

/// Whether a character may stand in the part before the `@`.
fn in_local(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'%' | b'+' | b'-')
}

/// Behind the characters from byte `i` on that may stand before an `@`.
pub fn local_end(b: &[u8], mut i: usize) -> usize {
    loop {
        let (c, len) = units::at(b, i);
        if !in_local(c) || len == 3 && c == b'-' && b[i] == 0xE2 {
            return i;
        }
        i += len;
    }
}

/// The sign between name and domain at byte `i`: `@`, `＠`, `(at)`, `[at]`, `#` before a known mail host; its end.
fn at_sign(b: &[u8], i: usize) -> Option<usize> {
    let (c, len) = units::at(b, i);
    let mut i = i;
    if c == b'@' {
        return Some(i + len);
    }
    let skip = |i: usize| if units::at(b, i).0 == b' ' { i + units::at(b, i).1 } else { i };
    i = skip(i);
    let (c, len) = units::at(b, i);
    if c == b'@' {
        let end = skip(i + len);
        return (end > i + len).then_some(end);
    }
    if matches!(c, b'(' | b'[' | b'{' | b'<') {
        let word = b.get(i + len..)?;
        let (end, close) =
            if word.get(..2)?.eq_ignore_ascii_case(b"at") { (2, units::at(word, 2)) } else { (1, units::at(word, 1)) };
        let known = end == 2 || word[0] == b'@';
        return (known && matches!(close.0, b')' | b']' | b'}' | b'>')).then(|| skip(i + len + end + close.1));
    }
    if c == b'#' {
        let rest = &b[i + len..];
        const HOSTS: [&[u8]; 6] = [b"qq.com", b"163.com", b"126.com", b"gmail.com", b"sina.com", b"outlook.com"];
        return HOSTS.iter().any(|h| rest.starts_with(h)).then_some(i + len);
    }
    None
}

/// Where a dot of a domain ends at byte `i`: `.`, `．`, `[dot]`, `(dot)`, ` dot ` is not taken.
fn dot(b: &[u8], i: usize) -> Option<usize> {
    let (c, len) = units::at(b, i);
    if c == b'.' {
        return Some(i + len);
    }
    let start = if c == b' ' { i + len } else { i };
    let word = b.get(start..start + 5)?;
    let inner = word[1..4].eq_ignore_ascii_case(b"dot");
    let braced = matches!((word[0], word[4]), (b'[', b']') | (b'(', b')') | (b'{', b'}'));
    let end = start + 5;
    (inner && braced).then(|| if b.get(end) == Some(&b' ') { end + 1 } else { end })
}

/// The e-mail address whose name is at `start..end`.
pub fn email(text: &str, start: usize, end: usize) -> Option<Span> {
    let b = text.as_bytes();
    let domain = at_sign(b, end)?;
    let (first, _) = units::at(b, start);
    let (last, _) = units::before(b, end);
    if matches!(last, b'.' | b'%') || end - start > 64 * 3 {
        return None;
    }
    // Signs before the name are not part of it.
    let mut start = start;
    if !first.is_ascii_alphanumeric() && first != b'_' {
        start += units::at(b, start).1;
    }
    if start >= end {
        return None;
    }
    let (mut i, mut labels, mut label) = (domain, 0, domain);
    let mut last_label = (domain, domain);
    loop {
        let (c, len) = units::at(b, i);
        if c.is_ascii_alphanumeric() || c == b'-' && b[i] != 0xE2 {
            i += len;
            continue;
        }
        if i == label {
            break;
        }
        labels += 1;
        last_label = (label, i);
        match dot(b, i).filter(|next| units::at(b, *next).0.is_ascii_alphanumeric()) {
            Some(next) => (label, i) = (next, next),
            None => break,
        }
    }
    let tld: String = text[last_label.0..last_label.1]
        .chars()
        .map(|c| char::from(units::at(c.to_string().as_bytes(), 0).0))
        .collect();
    let lower = tld.to_ascii_lowercase();
    let named =
        (2..=18).contains(&tld.len()) && tld.bytes().all(|c| c.is_ascii_alphabetic()) || lower.starts_with("xn--");
    let remote = matches!(&text[start..end], "git" | "hg") && b.get(last_label.1) == Some(&b':');
    let spaced = units::at(b, end).0 == b' ' && !COMMON.contains(&lower.as_str());
    if labels < 2 || !named || spaced || FILES.contains(&lower.as_str()) || remote {
        return None;
    }
    Some(Span { start, end: last_label.1, kind: Kind::Email })
}

/// The IPv4 address in a window; loopback, netmasks, networks and `0.0.0.0` name no machine.
pub fn ipv4(window: &Window) -> Option<Span> {
    if window.groups.len() != 4 || !window.only(&[Sep::Dot]) {
        return None;
    }
    let mut octets = [0u32; 4];
    for (slot, group) in octets.iter_mut().zip(window.groups) {
        let d = &window.digits[group.from - window.groups[0].from..group.to - window.groups[0].from];
        if d.len() > 3 || d.len() > 1 && d[0] == 0 {
            return None;
        }
        *slot = d.iter().fold(0, |sum, d| sum * 10 + u32::from(*d));
    }
    if octets.iter().any(|o| *o > 255) || matches!(octets[0], 0 | 127 | 224..) {
        return None;
    }
    let b = window.text.as_bytes();
    let (c, len) = units::before(b, window.start);
    let (further, _) = units::before(b, window.start - len);
    let path = match c {
        b'/' => further != b'/' && !further.is_ascii_digit() && further != units::OTHER,
        b'-' | b'@' => further.is_ascii_alphabetic() && c == b'-',
        b'_' | b'.' => true,
        c => c.is_ascii_alphanumeric() && !called(b, window.start),
    };
    let label = window.label();
    let small = octets.iter().all(|o| *o < 32) && octets[0] != 10;
    let rest = &window.text[window.end..];
    let network = octets[3] == 0 && rest.starts_with('/') && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    let numbered = network
        || [
            "节",
            "章",
            "条",
            "版",
            "小节",
            " 节",
            " 版本",
            "版本",
            "-rc",
            "-beta",
            "-alpha",
            ".jar",
            ".tar",
            ".zip",
            ".whl",
            ".dll",
            ".exe",
            "-snapshot",
            "-SNAPSHOT",
        ]
        .iter()
        .any(|w| rest.starts_with(w));
    let (next, next_len) = units::at(b, window.end);
    let glued = next.is_ascii_alphabetic()
        || next == b'_'
        || next == b'.' && units::at(b, window.end + next_len).0.is_ascii_digit();
    let other = matches!(label, Some(Label::Version | Label::Thing)) || small && label != Some(Label::Ip);
    (!path && !other && !numbered && !glued).then_some(Span { start: window.start, end: window.end, kind: Kind::Ip })
}

/// Whether `IP`, `IPv4` or `IPv6` is all that stands before byte `start` without a space: `登录IP8.8.4.4`.
fn called(b: &[u8], start: usize) -> bool {
    let word = b[..start].iter().rev().take(6).take_while(|c| c.is_ascii_alphanumeric()).count();
    [&b"ip"[..], b"ipv4", b"ipv6"].iter().any(|w| b[start - word..start].eq_ignore_ascii_case(w))
}

/// The IPv6 address that begins at byte `start`: eight groups, or `::` and enough of it to be no path of a program.
pub fn ipv6(text: &str, start: usize) -> Option<Span> {
    let b = text.as_bytes();
    if !b[start..].iter().take(5).any(|c| *c == b':') {
        return None;
    }
    let body = b[start..].iter().take(46).take_while(|c| c.is_ascii_hexdigit() || matches!(c, b':' | b'.')).count();
    let mut end = start + body;
    while end > start && (b[end - 1] == b'.' || b[end - 1] == b':' && !text[start..end].ends_with("::")) {
        end -= 1;
    }
    let next = b.get(end).copied().unwrap_or_default();
    let previous = start.checked_sub(1).map_or(0, |at| b[at]);
    if next.is_ascii_alphanumeric()
        || next == b'_'
        || previous.is_ascii_alphanumeric() && !called(b, start)
        || matches!(previous, b':' | b'_' | b'.')
    {
        return None;
    }
    let address: Ipv6Addr = text[start..end].parse().ok()?;
    let groups: Vec<&str> = text[start..end].split(':').filter(|g| !g.is_empty()).collect();
    let telling = groups.iter().any(|g| g.len() >= 3 && g.bytes().any(|c| c.is_ascii_digit())) || groups.len() >= 4;
    let clock = groups.len() == 8 && groups.iter().all(|g| g.len() == 2);
    let named = !address.is_loopback() && !address.is_unspecified() && !clock;
    (named && telling && groups.len() >= 2).then_some(Span { start, end, kind: Kind::Ip })
}

/// Where the address of the web ends that has `://` at byte `i`, or `www.`: behind its ASCII characters.
pub fn url_end(b: &[u8], i: usize) -> usize {
    let stop = |c: &u8| !(0x21..0x7F).contains(c) || matches!(c, b'"' | b'<' | b'>' | b'`' | b'{' | b'}');
    i + b[i..].iter().position(stop).unwrap_or(b.len() - i)
}

/// Whether a number at byte `start` of a web address is the value of a parameter that names a telephone.
pub fn parameter(text: &str, start: usize) -> bool {
    let head = &text[text.floor_char_boundary(start.saturating_sub(24))..start];
    let Some((name, _)) = head.rsplit_once('=') else { return head.ends_with("tel:") };
    let name = name.rsplit(['?', '&', '/']).next().unwrap_or_default().to_ascii_lowercase();
    head.ends_with('=') && ["phone", "mobile", "tel", "mob", "cell", "idcard", "sfz"].iter().any(|w| name.contains(w))
}
