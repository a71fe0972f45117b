//! The conversion rules of a page, and the conversion of its text: page rules first, then those of the groups that it
//! names, then OpenCC.

use std::borrow::Cow;
use std::collections::HashMap;

use super::groups::{Groups, Table};
use super::rule::{Body, LONGEST, steps};
use super::variants::Variant;
use super::{COOKED, END, PIECE, RAW, RULES, is_mark, may_have_marks};

/// The conversion rules of a page, in the order of the page.
#[derive(Default)]
pub(super) struct Rules<'a> {
    /// From what, and to what if not away with.
    steps: Vec<(String, Option<String>)>,
    /// How many steps hold after each [`RULES`] mark.
    held: Vec<usize>,
    /// Groups that the page names: they hold everywhere on it.
    groups: Vec<&'a Table>,
    known: Option<&'a Groups>,
    /// Whether the page is converted to its variant.
    pub(super) converts: bool,
}

/// How many times longer a text may become before rules stop applying.
const GROWTH: usize = 8;
impl<'a> Rules<'a> {
    pub(super) fn new(known: Option<&'a Groups>, converts: bool) -> Rules<'a> {
        Rules { known, converts, ..Rules::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The next mark is about to be written: all steps so far hold there.
    pub(super) fn announce(&mut self) {
        self.held.push(self.steps.len());
    }

    /// The rules of a body from a template that is a body alone.
    pub(super) fn state(&mut self, body: &str, variant: Variant) {
        self.add(&Body::read(body), "", variant);
    }

    /// The rules of a group.
    pub(super) fn group(&mut self, name: &str, variant: Variant) {
        if let Some(table) = self.known.and_then(|g| g.table(name, variant))
            && !self.groups.iter().any(|g| std::ptr::eq(*g, table))
            && self.groups.len() < 30
        {
            self.groups.push(table);
        }
    }

    /// Adds rules; text without any is a word that stays as it is.
    pub(super) fn add(&mut self, rules: &Body, text: &str, variant: Variant) {
        if rules.is_empty() && variant.two_way() {
            self.step(text, Some(text));
        }
        steps(rules, variant, |from, to| self.step(from, Some(to)));
    }

    /// Takes rules back.
    pub(super) fn remove(&mut self, rules: &Body, text: &str, variant: Variant) {
        if rules.is_empty() {
            self.step(text, None);
        }
        steps(rules, variant, |from, _| self.step(from, None));
    }

    fn step(&mut self, from: &str, to: Option<&str>) {
        if !from.is_empty() && from.len() <= LONGEST && !from.contains(is_mark) {
            // A formula or `<nowiki>` would be repeated wherever the rule applies; a hole is nothing.
            match to {
                Some(to) if to.contains(PIECE) => {}
                _ => self.steps.push((from.to_string(), to.map(|to| to.replace(is_mark, "")))),
            }
        }
    }

    /// The text converted to a variant, rules each from its mark on; without marks but those of pieces.
    pub(super) fn applied<'t>(&self, text: &'t str, variant: Option<Variant>) -> Cow<'t, str> {
        let Some(converter) = variant.and_then(Variant::converter) else { return unmarked(text) };
        let ruled = !self.steps.is_empty() || !self.groups.is_empty();
        let mut out = String::with_capacity(text.len());
        // A hostile page could grow by rules without end.
        let most = GROWTH * (text.len() + 4096);
        let flush = |out: &mut String, run: &str, raw: bool| match raw {
            true => out.push_str(run),
            false => out.push_str(&converter.convert(run)),
        };
        let mut page = Page::default();
        let mut held = self.held.iter();
        let (mut done, mut depth) = (0, 0usize);
        // The text before `i` from `start` on is not written yet.
        let (mut start, mut i) = (0, 0);
        while let Some(c) = text[i..].chars().next() {
            let next = i + c.len_utf8();
            if !is_mark(c) {
                if c == '\n' && depth > 0 {
                    flush(&mut out, &text[start..i], true);
                    (start, depth) = (i, 0);
                }
                if ruled
                    && depth == 0
                    && out.len() < most
                    && let Some((length, to)) = self.found(&page, c, &text[i..])
                {
                    flush(&mut out, &text[start..i], false);
                    out.push_str(to);
                    i += length;
                    start = i;
                    continue;
                }
                i = next;
                continue;
            }
            flush(&mut out, &text[start..i], depth > 0);
            (start, i) = (next, next);
            match c {
                PIECE => {
                    let end = text[i..].find(END).map_or(text.len(), |e| i + e + END.len_utf8());
                    out.push_str(&text[i - PIECE.len_utf8()..end]);
                    (start, i) = (end, end);
                }
                RAW => depth += 1,
                COOKED => depth = depth.saturating_sub(1),
                RULES => {
                    let until = held.next().copied().unwrap_or(self.steps.len());
                    self.steps[done.min(until)..until].iter().for_each(|(from, to)| page.step(from, to.as_deref()));
                    done = until;
                }
                _ => {}
            }
        }
        flush(&mut out, &text[start..], depth > 0);
        out.into()
    }

    /// The rule for what `text` begins with: the longest, and of equally long ones that of the page.
    fn found<'s>(&'s self, page: &Page<'s>, first: char, text: &str) -> Option<(usize, &'s str)> {
        let mut best = page.found(first, text);
        for table in &self.groups {
            if let Some(found) = table.longest(text)
                && best.is_none_or(|b| b.0 < found.0)
            {
                best = Some(found);
            }
        }
        best
    }
}

/// The text without marks but those of pieces.
fn unmarked(text: &str) -> Cow<'_, str> {
    match may_have_marks(text) {
        true => text.replace(|c| is_mark(c) && !matches!(c, PIECE | END), "").into(),
        false => text.into(),
    }
}

/// The page's rules in force at a place.
#[derive(Default)]
struct Page<'a> {
    table: HashMap<&'a str, &'a str>,
    /// Lengths of what is replaced, the longest first, by first character.
    lengths: HashMap<char, Vec<usize>>,
}

impl<'a> Page<'a> {
    fn step(&mut self, from: &'a str, to: Option<&'a str>) {
        match to {
            Some(to) => self.table.insert(from, to),
            None => self.table.remove(from),
        };
        let lengths = from.chars().next().map(|c| self.lengths.entry(c).or_default());
        if let Some(lengths) = lengths
            && let Err(at) = lengths.binary_search_by(|l| from.len().cmp(l))
        {
            lengths.insert(at, from.len());
        }
    }

    fn found(&self, first: char, text: &str) -> Option<(usize, &'a str)> {
        let lengths = self.lengths.get(&first)?;
        lengths.iter().find_map(|l| self.table.get_key_value(text.get(..*l)?)).map(|(from, to)| (from.len(), *to))
    }
}
