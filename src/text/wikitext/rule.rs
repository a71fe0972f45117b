//! The rules of `-{ }-` and of groups: words for each variant, and what is replaced by them.

use super::variants::Variant;

/// Longest text that a rule replaces, in bytes; it bounds the work at every character.
pub(super) const LONGEST: usize = 96;

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
    pub(super) fn chosen(&self, variant: Variant) -> Option<&'a str> {
        let one = || self.one.iter().find(|o| o.0 == variant).or(self.one.first()).map(|o| o.2);
        let own = || self.one.iter().find(|o| o.0 == variant).map(|o| o.2);
        self.both_for(variant).or_else(own).or(self.both.first().map(|b| b.1)).or_else(one)
    }

    /// `大陆：甲；臺灣：乙；`
    pub(super) fn described(&self) -> String {
        let both = self.both.iter().map(|(v, text)| format!("{}：{text}；", v.name()));
        let one = self.one.iter().map(|(v, from, text)| format!("{from}⇒{}：{text}；", v.name()));
        both.chain(one).collect()
    }
}

/// What becomes of what, for one variant: every other variant's words, and rules that go one way for this one alone.
/// Rules that go both ways are for places only, not for `zh-hans` and `zh-hant` (MediaWiki's "manual level").
pub(super) fn steps<'b>(rules: &Body<'b>, variant: Variant, mut step: impl FnMut(&'b str, &'b str)) {
    if variant == Variant::Zh {
        return;
    }
    if variant.two_way()
        && let Some(to) = rules.both_for(variant)
    {
        rules.both.iter().for_each(|(_, from)| step(from, to));
    }
    rules.one.iter().filter(|o| o.0 == variant).for_each(|(_, from, to)| step(from, to));
}
