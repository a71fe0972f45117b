//! Numbers of telephones: Chinese mobile and landline, the US's and the UK's plans, and international ones by their `+`.

use super::kinds::{Kind, Span};
use super::labels::{self, Label};
use super::units::{self, Sep};
use super::window::Window;

/// The telephone number in a window.
pub fn phone(window: &Window) -> Option<Span> {
    if window.digits.len() < 7
        || window.digits.len() > 19
        || window.groups.len() > 6 && window.digits.len() != window.groups.len()
    {
        return None;
    }
    let han = labels::beside_han(window.text, window.start, window.end);
    if unbalanced(window) {
        return None;
    }
    let found = if han {
        mobile(window).or_else(|| landline(window)).or_else(|| western(window, han))
    } else {
        mobile(window).or_else(|| western(window, han)).or_else(|| landline(window))
    };
    let span = found.or_else(|| international(window))?;
    let dismissed = window.thing() || labels::quantity(window.text, window.end);
    (!dismissed).then_some(span)
}

/// Whether a parenthesis opens within that does not close, or holds the end: `281–305 (2012)` is a place in a journal.
fn unbalanced(window: &Window) -> bool {
    let inside = &window.text[window.start..window.end];
    let last = window.groups.last().map_or(0, |g| g.to - g.from);
    let opened = inside.rfind(['(', '（']).is_some_and(|at| !inside[at..].contains([')', '）']));
    if opened && last == 4 && window.groups.len() > 2 {
        return true;
    }
    let closed = inside.matches([')', '）']).count() + usize::from(window.text[window.end..].starts_with([')', '）']));
    inside.matches(['(', '（']).count() > closed
}

fn span(window: &Window, kind: Kind) -> Option<Span> {
    let more = if kind == Kind::Landline { extension(&window.text[window.end..]) } else { 0 };
    Some(Span { start: window.lead().1, end: window.end + more, kind })
}

/// The bytes of an extension behind a landline number: `转802`, ` 轉 12`, `分机号：306`.
fn extension(rest: &str) -> usize {
    let blank = |text: &'_ str| text.len() - text.trim_start_matches([' ', '：', ':']).len();
    let start = blank(rest);
    let Some(word) =
        ["转分机", "分机号", "分機號", "分机", "分機", "转", "轉"].iter().find(|w| rest[start..].starts_with(**w))
    else {
        return 0;
    };
    let from = start + word.len();
    let from = from + blank(&rest[from..]);
    let digits = rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    if (1..=6).contains(&digits) { from + digits } else { 0 }
}

/// Whether a number has a line or a cell of a table for itself, and begins as those of China's carriers do: a list of numbers.
fn listed(window: &Window, number: &[u8]) -> bool {
    let carrier = match number[1] {
        3 | 8 => true,
        4 => matches!(number[2], 5 | 7 | 9),
        5 => number[2] != 4,
        6 => matches!(number[2], 2 | 5..=7),
        7 => number[2] < 9,
        _ => !matches!(number[2], 4),
    };
    let before = window.text[..window.start].rsplit('\n').next().unwrap_or_default();
    let behind = window.text[window.end..].split('\n').next().unwrap_or_default();
    let line = before.trim().is_empty() && behind.trim().is_empty();
    carrier && (line || behind.starts_with("</") && is_cell(before))
}

/// Whether a line ends with the tag that opens a cell, an entry or a paragraph of HTML: what such a one holds stands alone.
fn is_cell(before: &str) -> bool {
    let tag = before.rsplit_once('<').and_then(|(_, tag)| tag.strip_suffix('>')).unwrap_or_default();
    let name = tag.split(' ').next().unwrap_or_default();
    ["td", "th", "li", "dd", "p", "span", "b", "strong"].iter().any(|cell| name.eq_ignore_ascii_case(cell))
}

/// The groups of a window without its country code: how many digits the code has, and the lengths of what is left.
fn national(window: &Window, code: &[u8]) -> Option<(usize, Vec<usize>)> {
    let d = window.digits;
    let zeros = if d.starts_with(&[0, 0]) && d[2..].starts_with(code) { 2 } else { 0 };
    d[zeros..].starts_with(code).then(|| {
        let taken = zeros + code.len();
        let mut left = taken;
        let lens = window.lens().into_iter().filter_map(|n| {
            let taken = left.min(n);
            left -= taken;
            (n > taken).then_some(n - taken)
        });
        (taken, lens.collect())
    })
}

/// Whether people part the eleven digits of a mobile number so.
fn mobile_groups(window: &Window, lens: &[usize]) -> bool {
    match lens {
        [11] => true,
        [3, 4, 4] => true,
        [3, 8] | [7, 4] => window.only(&[Sep::Space, Sep::Hyphen, Sep::Paren]),
        [3, 3, 5] | [4, 4, 3] | [4, 3, 4] | [3, 4, 2, 2] | [3, 5, 3] | [3, 2, 3, 3] | [5, 6] | [6, 5] => {
            window.only(&[Sep::Space, Sep::Hyphen, Sep::Paren]) && window.label() == Some(Label::Phone)
        }
        all => {
            let even = window.only(&[Sep::Space]) || window.only(&[Sep::Hyphen]);
            all.len() == 11 && all.iter().all(|n| *n == 1) && even && window.inner == (false, false)
        }
    }
}

/// A Chinese mobile number: 1, then 3 to 9, then nine digits; with or without the country code, or a zero before it.
fn mobile(window: &Window) -> Option<Span> {
    let d = window.digits;
    let (plus, _) = window.lead();
    let (taken, lens) = match d.len() {
        11 => (0, window.lens()),
        12 if d[0] == 0 => (1, window.lens().iter().enumerate().map(|(at, n)| n - usize::from(at == 0)).collect()),
        13 | 15 => national(window, &[8, 6])?,
        _ => return None,
    };
    let number = &d[taken..];
    if number.len() != 11 || number[0] != 1 || number[1] < 3 || plus && taken == 0 || !mobile_groups(window, &lens) {
        return None;
    }
    // Elsewhere than in Chinese, eleven digits are a number of a telephone where something says so.
    let said = plus || taken > 1 || lens.len() > 1 || labels::beside_han(window.text, window.start, window.end);
    let labelled = || matches!(window.label(), Some(Label::Phone | Label::Wechat | Label::Qq));
    if !said && !labelled() && !listed(window, number) {
        return None;
    }
    // Four groups of four to the left or right are rather a card.
    let fours = |g: Option<&super::units::Group>| g.is_some_and(|g| g.to - g.from == 4);
    if lens.len() > 1 && window.inner.0 && fours(window.groups.first()) && taken == 0 {
        return None;
    }
    span(window, Kind::Mobile)
}

/// How many digits the area code has at the beginning of a Chinese number, its zero among them.
fn area(d: &[u8]) -> Option<usize> {
    match d {
        [0, 1, 0, ..] => Some(3),
        [0, 2, n, ..] if *n != 6 => Some(3),
        [0, 3..=9, n, _, ..] if *n != 0 || d[1] >= 5 => Some(4),
        _ => None,
    }
}

/// A Chinese landline: area code and seven or eight digits, with an extension perhaps; without the area code only behind
/// a word that says so.
fn landline(window: &Window) -> Option<Span> {
    if !window.only(&[Sep::Space, Sep::Hyphen, Sep::Paren]) {
        return None;
    }
    let d = window.digits;
    let lens = window.lens();
    let (plus, _) = window.lead();
    if let Some((taken, lens)) = national(window, &[8, 6]).filter(|_| plus || d[0] == 0 || window.lens()[0] == 2) {
        let zero = usize::from(d.get(taken) != Some(&0));
        let mut number = vec![0; zero];
        number.extend(&d[taken..]);
        let mut lens = lens;
        if let Some(first) = lens.first_mut() {
            *first += zero;
        }
        return local_part(window, &number, &lens, true).and_then(|()| span(window, Kind::Landline));
    }
    if plus {
        return None;
    }
    if local_part(window, d, &lens, false).is_some() {
        return span(window, Kind::Landline);
    }
    let local = matches!(lens[..], [7 | 8] | [4, 4] | [3, 4]) || matches!(lens[..], [7 | 8, 1..=5]);
    let direct = || window.direct(Label::Phone) && window.label() == Some(Label::Phone);
    let single = !window.inner.0 && !window.inner.1;
    (local && d[0] >= 2 && single && direct()).then_some(()).and_then(|()| span(window, Kind::Landline))
}

/// Whether digits in groups of these lengths are an area code and a number.
fn local_part(window: &Window, d: &[u8], lens: &[usize], taken: bool) -> Option<()> {
    let code = area(d)?;
    let parted = lens[0] == code;
    // An extension stands behind a hyphen or parenthesis.
    let last = window.groups.last().map(|g| g.sep);
    let extension = |n: usize| n <= 5 && matches!(last, Some(Sep::Hyphen | Sep::Paren));
    let fits = match (parted, lens) {
        (true, [_, 7 | 8] | [_, 4, 4]) => true,
        (true, [_, 3, 4]) => window.inner == (false, false),
        (true, [_, 7 | 8, n] | [_, 4, 4, n] | [_, 3, 4, n]) => extension(*n),
        (false, [n] | [n, _]) if *n == code + 8 || *n == code + 7 && code == 4 => {
            let said = || {
                window.label() == Some(Label::Phone)
                    || window.text[..window.start].ends_with(|c| matches!(c, '\u{4E00}'..='\u{9FFF}' | '：'))
            };
            (lens.len() == 1 || extension(lens[1])) && (2..=8).contains(&d[code]) && (taken || said())
        }
        (false, [n, 4]) => *n == code + 4 || *n == code + 3,
        _ => false,
    };
    (fits && d[code] != 0).then_some(())
}

/// A number of the plans of North America or the United Kingdom.
fn western(window: &Window, han: bool) -> Option<Span> {
    let (plus, _) = window.lead();
    let phone = || window.label() == Some(Label::Phone);
    let found = american(window, plus, han, &phone) || british(window, plus, &phone);
    found.then_some(()).and_then(|()| span(window, Kind::Phone))
}

/// North American Numbering Plan: area and exchange begin with 2–9; no area ends in 11.
fn american(window: &Window, plus: bool, han: bool, phone: &dyn Fn() -> bool) -> bool {
    let d = window.digits;
    let (taken, lens) = match d.len() {
        10 if !plus => (0, window.lens()),
        11 => match national(window, &[1]) {
            Some(found) => found,
            None => return false,
        },
        _ => return false,
    };
    let n = &d[taken..];
    // Without a country code 800 is China's plan as well, and nobody's in both.
    let hotline = matches!(n[..3], [4, 0, 0]) || (han || taken == 0) && matches!(n[..3], [8, 0, 0]);
    if n[0] < 2 || n[3] < 2 || n[1..3] == [1, 1] || hotline {
        return false;
    }
    let coded = taken > 0 && (plus || window.lens()[0] == 1);
    let alone = !window.inner.0 && !window.inner.1;
    match lens[..] {
        [3, 3, 4] if window.only(&[Sep::Hyphen]) || window.only(&[Sep::Dot]) => true,
        [3, 3, 4] if window.groups.iter().any(|g| g.sep == Sep::Paren) => true,
        [3, 3, 4] if window.only(&[Sep::Space]) => coded || phone() || alone,
        [3, 3, 4] => coded || phone(),
        [10] => coded && plus || phone() && (taken == 0 || plus),
        [3, 7] | [6, 4] => coded || phone() || window.groups.iter().skip(1).any(|g| g.sep == Sep::Paren),
        _ => false,
    }
}

/// The UK's plan (Ofcom): a zero or the country code, then ten digits (nine in some areas) that begin with 1, 2, 3, 7 or 8.
fn british(window: &Window, plus: bool, phone: &dyn Fn() -> bool) -> bool {
    let d = window.digits;
    let coded = national(window, &[4, 4]).filter(|_| plus || d[0] == 0);
    let (taken, mut lens) = match coded {
        Some(found) => found,
        None if d[0] == 0 && !plus => {
            (1, window.lens().iter().enumerate().map(|(at, n)| n - usize::from(at == 0)).collect())
        }
        None => return false,
    };
    let mut n = &d[taken..];
    // `+44 (0)20 …`
    if taken > 1 && n.first() == Some(&0) {
        n = &n[1..];
        if let Some(first) = lens.first_mut() {
            *first -= 1;
        }
        lens.retain(|n| *n > 0);
    }
    if !matches!(n.len(), 9 | 10) || !matches!(n[0], 1 | 2 | 3 | 7 | 8) || window.only(&[Sep::Dot]) && lens.len() > 1 {
        return false;
    }
    if taken > 1 {
        return lens.len() <= 5;
    }
    if !has_british_area(n) {
        return false;
    }
    match lens[..] {
        // Mobile numbers have no area to stand in parentheses, as 0769 is.
        [3, 3, 4] => n[0] != 7 || !window.groups.iter().any(|g| g.sep == Sep::Paren),
        [4, 6] | [4, 3, 3] | [4, 5] | [4, 2, 3] => true,
        [2, 4, 4] => n[0] == 2,
        [10] => n[0] == 7 || phone(),
        _ => false,
    }
}

/// Whether digits behind a zero begin as numbers of the UK do that are not of a Chinese area: 010, 021, 022, 025 and 027 are
/// in China alone, and in the other areas of 02 British numbers begin with digits of their own.
fn has_british_area(n: &[u8]) -> bool {
    match n {
        [2, 0, digit, ..] => matches!(digit, 3 | 4 | 7 | 8),
        [2, 3, digit, ..] => matches!(digit, 8 | 9),
        [2, 4, digit, ..] => *digit == 7,
        [2, 9, digit, ..] => *digit == 2,
        [2, 8, digit, ..] => *digit != 5,
        [2, ..] => false,
        [1, second, ..] => *second != 0,
        [3, second, ..] => matches!(second, 0 | 3 | 4 | 7),
        _ => true,
    }
}

/// Country codes by their first digit or two (ITU-T E.164): whether the digits begin with one.
fn country(d: &[u8]) -> bool {
    matches!(
        d,
        [1 | 7, ..]
            | [2, 0 | 7, ..]
            | [3, 0..=4 | 6 | 9, ..]
            | [4, 0 | 1 | 3..=9, ..]
            | [5, 1..=8, ..]
            | [6, 0..=6, ..]
            | [8, 1 | 2 | 4 | 6, ..]
            | [9, 0..=5 | 8, ..]
            | [2, 1, 1..=3 | 6 | 8, ..]
            | [2, 2..=6, ..]
            | [2, 9, 0 | 1 | 7..=9, ..]
            | [3, 5, ..]
            | [3, 7, 0..=8, ..]
            | [3, 8, 0..=7 | 9, ..]
            | [4, 2, 0..=3, ..]
            | [5, 0 | 9, ..]
            | [6, 7, 0 | 2..=9, ..]
            | [6, 8, ..]
            | [6, 9, 0..=2, ..]
            | [8, 5, 0..=6, ..]
            | [8, 8, 0 | 6, ..]
            | [9, 6, 0..=8, ..]
            | [9, 7, 0..=7, ..]
            | [9, 9, 2..=8, ..]
    )
}

/// A number of any other country: a plus sign, a country code, 8 to 15 digits; or one of Taiwan's mobile form.
fn international(window: &Window) -> Option<Span> {
    let (plus, start) = window.lead();
    let d = window.digits;
    let taiwan = d.len() == 10 && d[..2] == [0, 9] && matches!(window.lens()[..], [4, 3, 3] | [4, 6]);
    let (before, _) = units::before(window.text.as_bytes(), start);
    let free = !before.is_ascii_alphanumeric() && before != b')' && before != b'=';
    let whole = plus
        && free
        && country(d)
        && (9..=15).contains(&d.len())
        && (window.groups.len() == 1 || window.groups.len() <= 6 && window.lens()[0] <= 6)
        && d[..2] != [8, 6];
    let spaced = window.only(&[Sep::Space, Sep::Hyphen, Sep::Paren]);
    (taiwan || whole && spaced).then_some(Span { start, end: window.end, kind: Kind::Phone })
}
