//! Templates that are not on the list: what the rule for them made of each, counted by name for whoever asks.

use std::cell::RefCell;
use std::collections::HashMap;

use super::{END, PIECE, is_mark};

/// Characters of an example and of what it shows.
const LONG: usize = 80;

/// How a template that is not on the list was decided.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rule {
    /// Its name is that of a note, a source, a box or a function: it shows nothing.
    Name,
    /// It shows an argument that is text, inside of a sentence.
    Text,
}

/// One use of a template that is not on the list.
pub(super) struct Use {
    pub(super) name: String,
    pub(super) rule: Rule,
    pub(super) example: String,
    pub(super) shown: Option<String>,
}

impl Use {
    /// Of a template with these contents; nothing where what is between the braces is no name.
    pub(super) fn new(name: String, rule: Rule, contents: &str, shown: Option<&str>) -> Option<Use> {
        if name.is_empty() || name.contains(['\n', '<', '>', '[', ']', '{', '}']) || name.contains(is_mark) {
            return None;
        }
        let example = format!("{{{{{}}}}}", readable(contents));
        Some(Use { name, rule, example, shown: shown.map(readable).filter(|t| !t.is_empty()) })
    }
}

/// A template that is not on the list, in all pages that were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlisted {
    /// Its name, in small letters.
    pub name: String,
    /// How often it stands in text.
    pub times: u64,
    /// How often the rule showed some of it.
    pub shown: u64,
    /// Whether it shows nothing because its name is that of a note, a source, a box or a function.
    pub by_name: bool,
    /// The first of them, with what it holds as that reads.
    pub example: String,
    /// What that one shows.
    pub text: Option<String>,
}

/// Where the templates that are not on the list are counted.
#[derive(Debug, Default)]
pub struct Tally(RefCell<HashMap<String, Unlisted>>);

impl Tally {
    pub(super) fn add(&self, uses: Vec<Use>) {
        let mut all = self.0.borrow_mut();
        for Use { name, rule, example, shown } in uses {
            let seen = u64::from(shown.is_some());
            let new = || Unlisted {
                name: name.clone(),
                times: 0,
                shown: 0,
                by_name: rule == Rule::Name,
                example,
                text: shown,
            };
            let entry = all.entry(name.clone()).or_insert_with(new);
            entry.times += 1;
            entry.shown += seen;
        }
    }

    /// All of them, the most frequent first.
    pub fn ranked(&self) -> Vec<Unlisted> {
        let mut all: Vec<Unlisted> = self.0.borrow().values().cloned().collect();
        all.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.name.cmp(&b.name)));
        all
    }
}

/// A short line without marks of ours; a stored piece is `…`.
fn readable(text: &str) -> String {
    let mut out = String::new();
    let (mut length, mut piece, mut blank) = (0, false, false);
    for c in text.chars() {
        match c {
            PIECE => (piece, length) = (true, length + 1),
            END => {
                out.push('…');
                piece = false;
            }
            _ if piece || (is_mark(c) && c != super::BREAK) => {}
            _ if c.is_whitespace() || c == super::BREAK => blank = !out.is_empty(),
            _ => {
                if std::mem::take(&mut blank) {
                    out.push(' ');
                }
                out.push(c);
                length += 1;
            }
        }
        if length >= LONG {
            out.push('…');
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::wikitext::{Options, plain};

    #[test]
    fn counts_what_it_does_not_know_where_it_would_be_seen() {
        let tally = Tally::default();
        let page = "{{Infobox 湖|名={{没名}}}}\n'''镜湖'''深{{水深| 九尺 }}，又名{{水深|平湖}}。{{lang|de|See}}{{Cite x}}\n{{水深}}\n\
            {{#if:a|b}}<ref>{{没名}}</ref>{{默认排序:镜}}";
        let options = Options { unlisted: Some(&tally), ..Options::default() };
        assert_eq!(plain(page, &options), plain(page, &Options::default()));
        plain("深{{水深|<nowiki>[二]</nowiki>丈}}。", &options);
        let row = |name: &str, times, shown, by_name, example: &str, text: Option<&str>| Unlisted {
            name: name.into(),
            times,
            shown,
            by_name,
            example: example.into(),
            text: text.map(Into::into),
        };
        let expected = [
            row("水深", 4, 3, false, "{{水深| 九尺}}", Some("九尺")),
            row("#if", 1, 0, true, "{{#if:a|b}}", None),
            row("cite x", 1, 0, true, "{{Cite x}}", None),
            row("infobox 湖", 1, 0, true, "{{Infobox 湖|名=}}", None),
        ];
        assert_eq!(tally.ranked(), expected);
    }

    #[test]
    fn examples_are_short_lines() {
        assert_eq!(readable("  a\n\n b "), "a b");
        assert_eq!(readable(&format!("a{PIECE}17{END}b{}", super::super::HOLE)), "a…b");
        assert_eq!(readable(&"字".repeat(200)).chars().count(), LONG + 1);
    }
}
