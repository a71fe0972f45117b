//! `-{ }-`: the words of one variant out of several, and rules for the rest of the page. What each flag does is what
//! MediaWiki's `ConverterRule` does.

use super::rules::Rules;
use super::{COOKED, CUT, RAW, is_mark};
use crate::text::convert::{self, Converter};

/// A variant of written Chinese, as MediaWiki names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// `zh`: as written.
    Zh,
    /// `zh-hans`: Simplified.
    Hans,
    /// `zh-hant`: Traditional.
    Hant,
    /// `zh-cn`: mainland China, Simplified.
    Cn,
    /// `zh-hk`: Hong Kong, Traditional.
    Hk,
    /// `zh-mo`: Macau, Traditional.
    Mo,
    /// `zh-my`: Malaysia, Simplified.
    My,
    /// `zh-sg`: Singapore, Simplified.
    Sg,
    /// `zh-tw`: Taiwan, Traditional.
    Tw,
}

use Variant::{Cn, Hans, Hant, Hk, Mo, My, Sg, Tw, Zh};

/// Codes, and the names that Wikipedia shows for them.
const NAMES: [(Variant, &str, &str); 9] = [
    (Zh, "zh", "中文"),
    (Hans, "zh-hans", "简体"),
    (Hant, "zh-hant", "繁體"),
    (Cn, "zh-cn", "大陆"),
    (Hk, "zh-hk", "香港"),
    (Mo, "zh-mo", "澳門"),
    (My, "zh-my", "大马"),
    (Sg, "zh-sg", "新加坡"),
    (Tw, "zh-tw", "臺灣"),
];

/// Names that some languages have for themselves, for `-{N|…}-`.
const LANGUAGES: &[(&str, &str)] = &[
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "español"),
    ("fr", "français"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("ru", "русский"),
    ("sr-ec", "српски (ћирилица)"),
    ("sr-el", "srpski (latinica)"),
    ("zh-classical", "文言"),
    ("zh-yue", "粵語"),
];

impl Variant {
    /// All of them, in MediaWiki's order.
    pub const ALL: [Variant; 9] = [Zh, Hans, Hant, Cn, Hk, Mo, My, Sg, Tw];

    /// The variant of a code (`zh-tw`), also of its longer form (`zh-Hant-TW`), in any case.
    pub fn parse(code: &str) -> Option<Variant> {
        let code = code.trim();
        let is = |c: &str| c.eq_ignore_ascii_case(code);
        let long = |v: Variant| match v {
            Cn => "zh-hans-cn",
            Hk => "zh-hant-hk",
            Mo => "zh-hant-mo",
            My => "zh-hans-my",
            Sg => "zh-hans-sg",
            Tw => "zh-hant-tw",
            Zh | Hans | Hant => "",
        };
        NAMES.iter().find(|(v, c, _)| is(c) || is(long(*v))).map(|(v, _, _)| *v)
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Whether rules that go both ways hold for it: it is the variant of a place.
    pub(super) fn two_way(self) -> bool {
        !matches!(self, Zh | Hans | Hant)
    }

    /// Whose words to take where there are none of its own, the closest first.
    pub(super) fn fallbacks(self) -> &'static [Variant] {
        match self {
            Zh => &[Hans, Hant, Cn, Tw, Hk, Sg, Mo, My],
            Hans => &[Cn, Sg, My],
            Hant => &[Tw, Hk, Mo],
            Cn => &[Hans, Sg, My],
            Hk => &[Mo, Hant, Tw],
            Mo => &[Hk, Hant, Tw],
            My => &[Sg, Hans, Cn],
            Sg => &[My, Hans, Cn],
            Tw => &[Hant, Hk, Mo],
        }
    }

    /// What converts whole text to it; nothing for `zh`.
    pub fn converter(self) -> Option<&'static Converter> {
        convert::mode(match self {
            Zh => return None,
            Hans | Cn | Sg | My => "t2s",
            Hant => "s2t",
            Tw => "s2tw",
            Hk | Mo => "s2hk",
        })
    }
}

/// What stands between `|` and `}-`: for each variant its words, in the order of the page; and what is replaced by them
/// where a rule goes one way (`from=>zh-cn:to`).
#[derive(Default)]
pub(super) struct Body<'a> {
    pub(super) both: Vec<(Variant, &'a str)>,
    pub(super) one: Vec<(Variant, &'a str, &'a str)>,
}

/// `zh-cn:text` or `from=>zh-cn:text`.
enum Rule<'a> {
    Both(Variant, &'a str),
    One(Variant, &'a str, &'a str),
}

impl<'a> Rule<'a> {
    fn read(segment: &'a str) -> Option<Rule<'a>> {
        let (from, rest) = match segment.split_once("=>") {
            Some((from, rest)) => (Some(from.trim()), rest),
            None => (None, segment),
        };
        let (word, text) = rest.split_once(':')?;
        let variant = Variant::parse(word)?;
        Some(from.map_or(Rule::Both(variant, text), |from| Rule::One(variant, from, text)))
    }
}

impl<'a> Body<'a> {
    /// Reads `zh-cn:甲; zh-tw:乙;`. Empty when it is only text.
    pub(super) fn read(body: &'a str) -> Body<'a> {
        let mut out = Body::default();
        // The rule at hand, and where its segment ends: a `;` before anything but a rule is text (`&nbsp;`).
        let mut open: Option<(Rule<'a>, usize)> = None;
        let (mut at, mut entity) = (0, false);
        let base = body.as_ptr() as usize;
        for segment in body.split(';') {
            let end = at + segment.len();
            let rule = if entity { None } else { Rule::read(segment) };
            match (rule, &mut open) {
                (Some(rule), _) => out.put(open.replace((rule, end)), body, base),
                (None, Some((_, until))) if entity || !segment.trim().is_empty() => *until = end,
                (None, None) if segment.contains(':') => return Body::default(),
                (None, _) => {}
            }
            let name = segment.rfind('&').map(|at| &segment[at + 1..]);
            entity = name.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#'));
            at = end + 1;
        }
        out.put(open, body, base);
        out
    }

    /// Takes a finished rule; of two for a variant, the later one counts.
    fn put(&mut self, rule: Option<(Rule<'a>, usize)>, body: &'a str, base: usize) {
        let Some((rule, until)) = rule else { return };
        let whole = |text: &'a str| body[text.as_ptr() as usize - base..until].trim();
        match rule {
            Rule::Both(variant, text) => {
                let text = whole(text);
                match self.both.iter_mut().find(|b| b.0 == variant) {
                    _ if text.is_empty() => {}
                    Some(there) => there.1 = text,
                    None => self.both.push((variant, text)),
                }
            }
            Rule::One(variant, from, text) => {
                let text = whole(text);
                match self.one.iter_mut().find(|o| o.0 == variant && o.1 == from) {
                    _ if from.is_empty() => {}
                    Some(there) => there.2 = text,
                    None => self.one.push((variant, from, text)),
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.both.is_empty() && self.one.is_empty()
    }

    /// The words for a variant or the closest to it.
    pub(super) fn both_for(&self, variant: Variant) -> Option<&'a str> {
        let of = |v: &Variant| self.both.iter().find(|b| b.0 == *v).map(|b| b.1);
        of(&variant).or_else(|| variant.fallbacks().iter().find_map(of))
    }

    /// What a reader of a variant sees; failing that, the first words there are.
    fn chosen(&self, variant: Variant) -> Option<&'a str> {
        let one = || self.one.iter().find(|o| o.0 == variant).or(self.one.first()).map(|o| o.2);
        let own = || self.one.iter().find(|o| o.0 == variant).map(|o| o.2);
        self.both_for(variant).or_else(own).or(self.both.first().map(|b| b.1)).or_else(one)
    }

    /// `大陆：甲；臺灣：乙；`
    fn described(&self) -> String {
        let name = |v: Variant| NAMES[v as usize].2;
        let both = self.both.iter().map(|(v, text)| format!("{}：{text}；", name(*v)));
        let one = self.one.iter().map(|(v, from, text)| format!("{from}⇒{}：{text}；", name(*v)));
        both.chain(one).collect()
    }
}

/// What a reader sees of `-{flags|body}-`; nothing where it is only a rule. An empty `-{}-` shows an empty text.
pub(super) fn shown(flags: Option<&str>, body: &str, variant: Variant, page: &mut Rules<'_>) -> Option<String> {
    let flags: Vec<&str> = flags.unwrap_or("").split(';').map(str::trim).filter(|f| !f.is_empty()).collect();
    let has = |flag: &str| flags.iter().any(|f| f.eq_ignore_ascii_case(flag));
    if has("R") {
        return Some(raw(body));
    }
    if has("N") {
        let code = body.trim();
        let name = Variant::parse(code).map(|v| NAMES[v as usize].2);
        let name = name.or_else(|| LANGUAGES.iter().find(|(c, _)| c.eq_ignore_ascii_case(code)).map(|(_, n)| *n));
        return Some(raw(name.unwrap_or(code)));
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
