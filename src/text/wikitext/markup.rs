//! `-{ }-`: the words of one variant out of several, and rules for the rest of the page. What each flag does is what
//! MediaWiki's `ConverterRule` does.

use super::rule::Body;
use super::rules::Rules;
use super::variants::{self, Variant};
use super::{COOKED, CUT, RAW, is_mark};

/// What a reader sees of `-{flags|body}-`; nothing where it is only a rule. An empty `-{}-` shows an empty text.
pub(super) fn shown(flags: Option<&str>, body: &str, variant: Variant, page: &mut Rules<'_>) -> Option<String> {
    let flags: Vec<&str> = flags.unwrap_or("").split(';').map(str::trim).filter(|f| !f.is_empty()).collect();
    let has = |flag: &str| flags.iter().any(|f| f.eq_ignore_ascii_case(flag));
    if has("R") {
        return Some(raw(body));
    }
    if has("N") {
        let code = body.trim();
        return Some(raw(variants::name_of(code).unwrap_or(code)));
    }
    let title_alone = flags.len() == 1 && has("T");
    if !(has("-") || has("H") || title_alone) {
        let listed: Vec<Variant> = flags.iter().filter_map(|f| Variant::parse(f)).collect();
        if !listed.is_empty() {
            return Some(named(&listed, body, variant, page.converts));
        }
    }
    let rules = Body::read(body);
    if has("-") {
        page.remove(&rules, body.trim(), variant);
        return None;
    }
    if has("A") || has("H") {
        page.add(&rules, body.trim(), variant);
    }
    if has("T") || (has("H") && !has("D")) || (has("A") && has("D")) {
        return None;
    }
    if has("D") {
        return Some(raw(&if rules.is_empty() { body.to_owned() } else { rules.described() }));
    }
    Some(raw(rules.chosen(variant).unwrap_or(body)))
}

/// Text for the variants that its flags name: converted to the reader's where that is one of them, else to the closest
/// that is, and as it stands where none is close.
fn named(listed: &[Variant], body: &str, variant: Variant, converts: bool) -> String {
    if listed.contains(&variant) {
        return format!("{CUT}{body}{CUT}");
    }
    let close = variant.fallbacks().iter().find(|v| listed.contains(v));
    let converter = close.filter(|_| converts && !body.contains(is_mark)).and_then(|v| v.converter());
    raw(&converter.map_or(body.into(), |c| c.convert(body)))
}

/// Text that no rule may change, nor see as part of a word.
pub(super) fn raw(text: &str) -> String {
    if text.is_empty() { CUT.into() } else { format!("{RAW}{text}{COOKED}") }
}
