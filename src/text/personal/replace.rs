//! What becomes of personal data: a mark with its kind, a mark with a keyed hash, or nothing.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::kinds::{Kind, Kinds, Span};
use super::scan::find;
use super::units;

/// What stands in the place of personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Its kind: `[PHONE]`.
    Mask,
    /// Its kind and a hash of it with this salt, 48 bits as twelve letters: `[EMAIL#kbdnjfalcmop]`. The same value, however
    /// it is parted or written in full width, has the same hash.
    Hash(String),
    /// Nothing.
    Drop,
}

/// The text with its personal data of these kinds replaced, and how many there were of each kind. What comes out has no
/// personal data of these kinds that [`find`] would find.
pub fn replace<'a>(text: &'a str, kinds: Kinds, action: &Action) -> (Cow<'a, str>, Vec<Span>) {
    let spans = find(text, kinds);
    if spans.is_empty() {
        return (Cow::Borrowed(text), spans);
    }
    let mut out = apply(text, &spans, action);
    // What stood apart may make a new number when what was between goes; each round has fewer digits and signs.
    for _ in 0..16 {
        let again = find(&out, kinds);
        if again.is_empty() {
            break;
        }
        out = apply(&out, &again, action);
    }
    (Cow::Owned(out), spans)
}

fn apply(text: &str, spans: &[Span], action: &Action) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out.push_str(&text[from..span.start]);
        match action {
            Action::Mask => out.push_str(span.kind.mask()),
            Action::Hash(salt) => {
                let mask = span.kind.mask();
                out.push_str(&mask[..mask.len() - 1]);
                out.push('#');
                out.push_str(&hash(salt, span.kind, &text[span.start..span.end]));
                out.push(']');
            }
            Action::Drop => {}
        }
        from = span.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The first 48 bits of SHA-256 over salt, kind and value, as letters `a`–`p`: no digits, which might be a number again.
fn hash(salt: &str, kind: Kind, value: &str) -> String {
    let mut state = Sha256::new();
    state.update((salt.len() as u64).to_le_bytes());
    state.update(salt.as_bytes());
    state.update(kind.name().as_bytes());
    state.update([0]);
    state.update(canonical(kind, value).as_bytes());
    let digest = state.finalize();
    let letter = |nibble: u8| char::from(b'a' + nibble);
    digest.iter().take(6).flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect()
}

/// A value in one form: ASCII, lower case; numbers without what parts them, mobile numbers without the country's code.
fn canonical(kind: Kind, value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut i = 0;
    while i < value.len() {
        let (c, len) = units::at(value.as_bytes(), i);
        if c == units::OTHER {
            out.push_str(&value[i..i + len]);
        } else {
            out.push(char::from(c));
        }
        i += len;
    }
    match kind {
        Kind::Secret | Kind::Address => out,
        Kind::Email | Kind::Ip | Kind::Wechat => out.to_ascii_lowercase(),
        Kind::Mobile => {
            let digits: String = out.chars().filter(char::is_ascii_digit).collect();
            digits[digits.len().saturating_sub(11)..].to_owned()
        }
        _ => out.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase(),
    }
}
