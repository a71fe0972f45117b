//! `-{ }-`: the words of one variant out of several, and rules for the rest of the page.

use std::collections::HashMap;

use super::{COOKED, END, PIECE, RAW, RULES, is_mark};

/// A variant of written Chinese.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// `zh-cn`: mainland China, Simplified.
    #[default]
    Hans,
    /// `zh-tw`: Taiwan, Traditional.
    Hant,
    /// `zh-hk`: Hong Kong, Traditional.
    Hk,
    /// `zh-mo`: Macau, Traditional.
    Mo,
    /// `zh-sg`: Singapore, Simplified.
    Sg,
    /// `zh-my`: Malaysia, Simplified.
    My,
}

/// Codes and the names that Wikipedia shows for them.
const NAMES: &[(&str, &str)] = &[
    ("zh-cn", "大陆"),
    ("zh-hans", "简体"),
    ("zh-hant", "繁體"),
    ("zh-tw", "臺灣"),
    ("zh-hk", "香港"),
    ("zh-mo", "澳門"),
    ("zh-sg", "新加坡"),
    ("zh-my", "大马"),
    ("zh", "中文"),
];

impl Variant {
    /// Its codes, the closest first.
    fn codes(self) -> &'static [&'static str] {
        match self {
            Variant::Hans => &["zh-cn", "zh-hans", "zh-sg", "zh-my", "zh"],
            Variant::Hant => &["zh-tw", "zh-hant", "zh-hk", "zh-mo", "zh"],
            Variant::Hk => &["zh-hk", "zh-mo", "zh-hant", "zh-tw", "zh"],
            Variant::Mo => &["zh-mo", "zh-hk", "zh-hant", "zh-tw", "zh"],
            Variant::Sg => &["zh-sg", "zh-my", "zh-hans", "zh-cn", "zh"],
            Variant::My => &["zh-my", "zh-sg", "zh-hans", "zh-cn", "zh"],
        }
    }

    /// The script that it is written in.
    fn script(self) -> &'static str {
        match self {
            Variant::Hans | Variant::Sg | Variant::My => "zh-hans",
            Variant::Hant | Variant::Hk | Variant::Mo => "zh-hant",
        }
    }
}

/// One of the rules between `;`: `zh-cn:text` or `from=>zh-cn:text`.
struct Rule<'a> {
    from: Option<&'a str>,
    code: &'static str,
    text: &'a str,
}

fn code(word: &str) -> Option<&'static str> {
    NAMES.iter().map(|(code, _)| *code).find(|c| c.eq_ignore_ascii_case(word.trim()))
}

impl<'a> Rule<'a> {
    fn read(segment: &'a str) -> Option<Rule<'a>> {
        let (from, rest) = match segment.split_once("=>") {
            Some((from, rest)) => (Some(from.trim()).filter(|f| !f.is_empty()), rest),
            None => (None, segment),
        };
        let (word, text) = rest.split_once(':')?;
        Some(Rule { from, code: code(word)?, text: text.trim() })
    }
}

/// The rules of a body; none when it is only text.
fn rules(body: &str) -> Vec<Rule<'_>> {
    let mut list: Vec<Rule> = Vec::new();
    // Where the rule at hand begins and ends: a `;` before anything but a rule is text (`&nbsp;`).
    let mut at = 0;
    let mut start = 0;
    let base = body.as_ptr() as usize;
    for segment in body.split(';') {
        let end = at + segment.len();
        if let Some(rule) = Rule::read(segment) {
            list.push(rule);
            start = at;
        } else if let Some(last) = list.last_mut() {
            if !segment.trim().is_empty() {
                let text = last.text.as_ptr() as usize - base;
                last.text = body[text.max(start)..end].trim();
            }
        } else if !segment.trim().is_empty() {
            return Vec::new();
        }
        at = end + 1;
    }
    list
}

/// The text for a variant; failing that, the first there is.
fn chosen<'a>(rules: &[Rule<'a>], variant: Variant) -> Option<&'a str> {
    let of = |code: &&str| rules.iter().find(|r| r.code == *code && r.from.is_none());
    let exact = |code: &&str| rules.iter().find(|r| r.code == *code);
    variant
        .codes()
        .iter()
        .find_map(of)
        .or_else(|| variant.codes().iter().find_map(exact))
        .or(rules.first())
        .map(|r| r.text)
}

/// What a reader sees of `-{flags|body}-`; nothing where it is only a rule. An empty `-{}-` shows an empty text.
pub(super) fn shown(flags: Option<&str>, body: &str, variant: Variant, page: &mut Rules) -> Option<String> {
    let flags: Vec<&str> = flags.unwrap_or("").split(';').map(str::trim).collect();
    let has = |flag: &str| flags.iter().any(|f| f.eq_ignore_ascii_case(flag));
    if has("N") {
        let name = NAMES.iter().find(|(c, _)| c.eq_ignore_ascii_case(body.trim()));
        return Some(raw(name.map_or(body.trim(), |(_, name)| name)));
    }
    if has("R") {
        return Some(raw(body.trim()));
    }
    let rules = rules(body);
    if has("-") {
        page.remove(&rules);
        return None;
    }
    if has("A") || has("H") {
        page.add(&rules, variant);
    }
    if has("H") || has("T") {
        return None;
    }
    if has("D") {
        let name = |code: &str| NAMES.iter().find(|(c, _)| *c == code).map_or("", |(_, n)| n);
        let list: Vec<String> = rules.iter().map(|r| format!("{}：{}", name(r.code), r.text)).collect();
        return Some(raw(&if list.is_empty() { body.trim().to_string() } else { list.join("；") }));
    }
    Some(raw(chosen(&rules, variant).unwrap_or(body.trim())))
}

/// Text that the page's rules leave alone.
fn raw(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{RAW}{text}{COOKED}") }
}

/// The conversion rules of a page, in the order of the page.
#[derive(Default)]
pub(super) struct Rules {
    /// From what, and to what if not away with.
    steps: Vec<(String, Option<String>)>,
    /// How many steps hold after each [`RULES`] mark.
    held: Vec<usize>,
}

/// Longest text that a rule replaces, in bytes; it bounds the work at every character.
const LONGEST: usize = 96;

impl Rules {
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The next mark is about to be written: all steps so far hold there.
    pub(super) fn announce(&mut self) {
        self.held.push(self.steps.len());
    }

    /// The rules of a body as [`shown`] reads it, from a template that is a body alone.
    pub(super) fn state(&mut self, body: &str, variant: Variant) {
        self.add(&rules(body), variant);
    }

    /// Every other variant's words become this one's; `from=>` rules hold for the variant and its script alone.
    fn add(&mut self, rules: &[Rule], variant: Variant) {
        let both = || rules.iter().filter(|r| r.from.is_none());
        if let Some(to) = variant.codes().iter().find_map(|c| both().find(|r| r.code == *c)) {
            for rule in both() {
                self.step(rule.text, Some(to.text));
            }
        }
        for code in [variant.script(), variant.codes()[0]] {
            for rule in rules.iter().filter(|r| r.code == code) {
                if let Some(from) = rule.from {
                    self.step(from, Some(rule.text));
                }
            }
        }
    }

    fn remove(&mut self, rules: &[Rule]) {
        for rule in rules {
            self.step(rule.from.unwrap_or(rule.text), None);
        }
    }

    fn step(&mut self, from: &str, to: Option<&str>) {
        if !from.is_empty() && from.len() <= LONGEST && !from.contains(is_mark) {
            self.steps.push((from.to_string(), to.map(str::to_string)));
        }
    }

    /// The text with the rules applied, each from its mark on, and without marks but those of pieces.
    pub(super) fn applied(&self, text: &str) -> String {
        if self.steps.is_empty() {
            return text.replace(|c| is_mark(c) && !matches!(c, PIECE | END), "");
        }
        let mut out = String::with_capacity(text.len());
        let mut table: HashMap<&str, &str> = HashMap::new();
        // Lengths of what is replaced, the longest first, by first character.
        let mut lengths: HashMap<char, Vec<usize>> = HashMap::new();
        let mut held = self.held.iter();
        let (mut done, mut cooked) = (0, true);
        let mut i = 0;
        while let Some(c) = text[i..].chars().next() {
            let next = i + c.len_utf8();
            match c {
                PIECE => {
                    let end = text[i..].find(END).map_or(text.len(), |e| i + e + END.len_utf8());
                    out.push_str(&text[i..end]);
                    i = end;
                    continue;
                }
                RAW => cooked = false,
                COOKED => cooked = true,
                RULES => {
                    let until = held.next().copied().unwrap_or(self.steps.len());
                    for (from, to) in &self.steps[done.min(until)..until] {
                        match to {
                            Some(to) => table.insert(from, to),
                            None => table.remove(from.as_str()),
                        };
                        let lengths = from.chars().next().map(|c| lengths.entry(c).or_default());
                        if let Some(lengths) = lengths
                            && let Err(at) = lengths.binary_search_by(|l| from.len().cmp(l))
                        {
                            lengths.insert(at, from.len());
                        }
                    }
                    done = until;
                }
                c if is_mark(c) => {}
                _ => {
                    if c == '\n' {
                        cooked = true;
                    }
                    let found = lengths
                        .get(&c)
                        .filter(|_| cooked)
                        .and_then(|lengths| lengths.iter().find_map(|l| table.get_key_value(text.get(i..i + l)?)));
                    if let Some((from, to)) = found {
                        out.push_str(to);
                        i += from.len();
                        continue;
                    }
                    out.push(c);
                }
            }
            i = next;
        }
        out
    }
}
