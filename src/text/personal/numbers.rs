//! Numbers that carry a proof of what they are: resident identity numbers and bank cards; and the US's social security
//! numbers by their form.

use super::kinds::{Kind, Span};
use super::labels::{self, Label};
use super::units::{self, Sep};
use super::window::Window;

/// First two digits of a region in GB/T 2260, as identity numbers have them; 81–83 are residence permits.
const PROVINCES: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83,
];

fn pair(digits: &[u8]) -> u8 {
    digits[0] * 10 + digits[1]
}

fn plausible_day(year: u32, month: u8, day: u8) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(leap),
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Whether 17 digits and a check character (0–10, 10 for `X`) are an identity number: GB 11643-1999, ISO 7064 MOD 11-2.
pub fn id18(digits: &[u8], check: u8) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [u8; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    if digits.len() != 17 || !PROVINCES.contains(&pair(digits)) {
        return false;
    }
    let year = u32::from(pair(&digits[6..])) * 100 + u32::from(pair(&digits[8..]));
    let sum: u32 = WEIGHTS.iter().zip(digits).map(|(w, d)| w * u32::from(*d)).sum();
    (1880..=2049).contains(&year)
        && plausible_day(year, pair(&digits[10..]), pair(&digits[12..]))
        && CHECKS[sum as usize % 11] == check
}

/// Whether 15 digits may be an identity number of before 1999: a region and a date of birth, without a check.
pub fn id15(digits: &[u8]) -> bool {
    digits.len() == 15
        && PROVINCES.contains(&pair(digits))
        && matches!(pair(&digits[2..]), 1..=53 | 90)
        && matches!(pair(&digits[4..]), 0..=88)
        && plausible_day(1900 + u32::from(pair(&digits[6..])), pair(&digits[8..]), pair(&digits[10..]))
}

/// Luhn's check (ISO/IEC 7812-1, annex B).
pub fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, d)| match (at % 2, u32::from(*d) * 2) {
            (0, _) => u32::from(*d),
            (_, twice) => twice / 10 + twice % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether the first digits are those of an issuer of cards of that length: UnionPay, Visa, Mastercard, American Express,
/// JCB, Diners Club, Discover, Mir, and Chinese debit cards of before UnionPay (ICBC 9558, BOC 6013, BoCom 6014, ABC 103).
pub fn issuer(digits: &[u8]) -> bool {
    let first = |n: usize| digits[..n].iter().fold(0u32, |sum, d| sum * 10 + u32::from(*d));
    match digits.len() {
        13 => first(1) == 4,
        14 => matches!(first(3), 300..=305 | 309) || matches!(first(2), 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        n @ 16..=19 => {
            first(2) == 62
                || (n == 16 || n == 19) && first(1) == 4
                || n == 16 && (matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720 | 3528..=3589))
                || n == 16
                    && (matches!(first(4), 6011 | 2200..=2204) || matches!(first(3), 644..=649) || first(2) == 65)
                || n == 19 && (first(4) == 9558 || first(4) == 6013 || matches!(first(3), 103 | 955))
                || matches!(first(4), 6014 | 6033 | 6858 | 9559)
                || matches!(first(2), 81)
        }
        _ => false,
    }
}

/// The check character behind 17 digits, where it is an `X`, and its end.
fn check_letter(window: &Window) -> Option<usize> {
    let b = window.text.as_bytes();
    let (c, len) = units::at(b, window.end);
    let (next, _) = units::at(b, window.end + len);
    (matches!(c, b'x' | b'X') && !next.is_ascii_alphanumeric()).then_some(window.end + len)
}

/// The identity number in a window.
pub fn id_number(window: &Window) -> Option<Span> {
    let d = window.digits;
    let span = |end| Some(Span { start: window.start, end, kind: Kind::IdNumber });
    if !matches!(d.len(), 15 | 17 | 18) || !window.only(&[Sep::Space, Sep::Hyphen]) || window.groups.len() > 5 {
        return None;
    }
    match d.len() {
        17 => {
            let end = check_letter(window).filter(|_| id18(d, 10))?;
            return if window.thing() { None } else { span(end) };
        }
        18 if id18(&d[..17], d[17]) => {}
        15 if id15(d) => {
            // Numbers of devices pass Luhn's check and may look alike; so may cards of American Express.
            let labelled = window.label() == Some(Label::Id);
            if luhn(d) && !labelled && matches!(pair(d), 34..=37) || window.groups.len() > 1 && !labelled {
                return None;
            }
        }
        _ => return None,
    }
    if window.thing() || !labels::closes(window.text, window.end) { None } else { span(window.end) }
}

/// The bank card in a window.
pub fn bank_card(window: &Window) -> Option<Span> {
    let d = window.digits;
    let lens = window.lens();
    let even = window.groups.len() == 1
        || window.groups.iter().skip(1).all(|g| g.sep == window.groups[1].sep)
            && window.only(&[Sep::Space, Sep::Hyphen])
            && lens[..lens.len() - 1].iter().all(|n| (3..=8).contains(n));
    if !(13..=19).contains(&d.len()) || !even || !issuer(d) || !luhn(d) {
        return None;
    }
    let labelled = window.label() == Some(Label::Card);
    if window.thing() || !labelled && (d.len() < 15 || labels::quantity(window.text, window.end)) {
        return None;
    }
    Some(Span { start: window.start, end: window.end, kind: Kind::BankCard })
}

/// The social security number in a window: never with area 000, 666 or 900–999, group 00 or serial 0000 (SSA, 2011).
pub fn ssn(window: &Window) -> Option<Span> {
    let d = window.digits;
    if d.len() != 9 {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0u32, |sum, d| sum * 10 + u32::from(*d));
    let (area, group, serial) = (number(&d[..3]), number(&d[3..5]), number(&d[5..]));
    if area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0 {
        return None;
    }
    let labelled = || window.label() == Some(Label::Ssn);
    let found = match window.lens()[..] {
        [3, 2, 4] if window.only(&[Sep::Hyphen]) => {
            !window.thing() && window.label() != Some(Label::Phone) || labelled()
        }
        [3, 2, 4] if window.only(&[Sep::Space]) => labelled(),
        [9] => labelled() && window.direct(Label::Ssn),
        _ => false,
    };
    found.then_some(Span { start: window.start, end: window.end, kind: Kind::Ssn })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|b| b - b'0').collect()
    }

    #[test]
    fn identity_numbers_prove_themselves() {
        assert!(id18(&digits("11010519491231002"), 10));
        assert!(id18(&digits("44052418800101001"), 4));
        assert!(!id18(&digits("11010519491231002"), 1));
        assert!(!id18(&digits("11010519490231002"), 10));
        assert!(id15(&digits("110105491231002")));
        assert!(!id15(&digits("110105491331002")) && !id15(&digits("990105491231002")));
    }

    #[test]
    fn cards_have_an_issuer_and_a_check() {
        for card in ["4111111111111111", "378282246310005", "5555555555554444", "6011111111111117", "3530111333300000"]
        {
            assert!(luhn(&digits(card)) && issuer(&digits(card)), "{card}");
        }
        assert!(!luhn(&digits("4111111111111112")));
        assert!(issuer(&digits("6222021001112345678")) && !issuer(&digits("1234567812345670")));
    }
}
