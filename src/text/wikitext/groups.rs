//! Conversion groups (`{{NoteTA|G1=IT}}`): rules that articles of one field share. They are pages of the wiki itself:
//! `Module:CGroup/IT` in Lua, `Template:CGroup/IT` in wikitext.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use super::is_mark;
use super::rule::{Body, LONGEST, steps};
use super::variants::Variant;
use crate::text::convert::Dictionary;

/// Deepest chain of groups that are another group by another name.
const ALIASES: usize = 4;

/// The rules of a group for one variant.
pub(super) struct Table(Dictionary);

impl Table {
    pub(super) fn longest(&self, text: &str) -> Option<(usize, &str)> {
        self.0.longest(text)
    }
}

/// A group as it was collected.
#[derive(Default)]
struct Group {
    rules: Vec<String>,
    /// The group that it is another name of.
    alias: Option<String>,
    tables: [OnceLock<Table>; Variant::ALL.len()],
}

/// Conversion groups by name.
#[derive(Default)]
pub struct Groups(HashMap<String, Group>);

/// A name, comparable: `_` is a space, and the case of the first letter does not count.
fn key(name: &str) -> String {
    let name = name.trim().replace('_', " ");
    let mut chars = name.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

impl Groups {
    /// Groups from what [`collected`] found, under their names. Of two pages for a name, the first with rules counts.
    pub fn new(pages: impl IntoIterator<Item = (String, Vec<String>)>) -> Groups {
        let mut groups: HashMap<String, Group> = HashMap::new();
        for (name, mut rules) in pages {
            let group = groups.entry(key(&name)).or_default();
            if !group.rules.is_empty() {
                continue;
            }
            match rules.iter().find_map(|r| r.strip_prefix(ALIAS)) {
                Some(other) => group.alias = Some(key(other)),
                None => group.rules = std::mem::take(&mut rules),
            }
        }
        Groups(groups)
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules of a group for a variant; made at their first use.
    pub(super) fn table(&self, name: &str, variant: Variant) -> Option<&Table> {
        let mut group = self.0.get(&key(name))?;
        for _ in 0..ALIASES {
            match group.alias.as_ref().filter(|_| group.rules.is_empty()) {
                Some(other) => group = self.0.get(other)?,
                None => break,
            }
        }
        let made = group.tables[variant as usize].get_or_init(|| {
            // Of two rules for a word, the later one counts.
            let mut table = BTreeMap::new();
            for rule in &group.rules {
                steps(&Body::read(rule), variant, |from, to| {
                    if from.len() <= LONGEST && !from.is_empty() && !from.contains(is_mark) {
                        table.insert(from, to);
                    }
                });
            }
            Table(Dictionary::from_pairs(table.iter().map(|(from, to)| (*from, Cow::Owned((*to).to_owned())))))
        });
        Some(made)
    }
}

/// Stands before the name of another group, in place of rules.
const ALIAS: &str = "=";

/// The name of the group that a page of that title holds: `Module:CGroup/IT`, in the names that Chinese wikis give the
/// two namespaces.
pub fn group_of(title: &str) -> Option<&str> {
    let (namespace, name) = title.split_once(':')?;
    let namespaces = ["module", "模块", "模塊", "模組", "模组", "template", "模板", "样板", "樣板"];
    let known = namespaces.contains(&namespace.trim().to_lowercase().as_str());
    let name = name.trim().strip_prefix("CGroup/").filter(|n| known && !n.is_empty())?;
    // Beside the rules lie pages about them.
    (!name.ends_with("/doc") && !name.ends_with("/sandbox") && !matches!(name, "core" | "preload")).then_some(name)
}

/// The rules that a group's page states: texts that read as rules, wherever they stand in its strings (Lua), in its
/// templates' arguments or its `-{ }-` (wikitext). A page that only names another group gives `=` and that name.
pub fn collected(page: &str) -> Vec<String> {
    let lua = page.trim_start();
    let lua = lua.starts_with("--") || lua.starts_with("local ") || lua.starts_with("return");
    let texts = if lua { strings(page) } else { arguments(page) };
    let rules: Vec<String> = texts.iter().filter(|t| !Body::read(t).is_empty()).map(|t| t.trim().to_owned()).collect();
    if rules.is_empty() {
        let name = if lua { texts.iter().find_map(|t| group_of(t)) } else { redirect(page) };
        return name.map(|name| format!("{ALIAS}{name}")).into_iter().collect();
    }
    rules
}

/// The group that `#REDIRECT [[Template:CGroup/IT]]` names.
fn redirect(page: &str) -> Option<&str> {
    let rest = page.trim_start().strip_prefix('#')?;
    let target = rest.split_once("[[")?.1.split(['|', '#', ']']).next()?;
    group_of(target.trim())
}

/// The strings of a Lua source: `'a'`, `"a"`, `[[a]]`, `[=[a]=]`.
fn strings(source: &str) -> Vec<String> {
    let bytes = source.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(at) = bytes[i..].iter().position(|b| matches!(b, b'\'' | b'"' | b'[' | b'-')) {
        i += at;
        let rest = &source[i..];
        let comment = rest.strip_prefix("--");
        let long = |text: &str| {
            let level = text.strip_prefix('[')?.bytes().take_while(|b| *b == b'=').count();
            text[1 + level..].starts_with('[').then_some(level)
        };
        if let Some(level) = long(comment.unwrap_or(rest)) {
            let from = i + 2 + level + if comment.is_some() { 2 } else { 0 };
            let close = format!("]{}]", "=".repeat(level));
            let end = source[from..].find(&close).map_or(source.len(), |e| from + e);
            if comment.is_none() {
                out.push(source[from..end].to_owned());
            }
            i = (end + close.len()).min(source.len());
        } else if comment.is_some() {
            i = rest.find('\n').map_or(source.len(), |e| i + e);
        } else if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let mut text = String::new();
            let mut chars = rest.char_indices().skip(1);
            i = source.len();
            while let Some((n, c)) = chars.next() {
                match c {
                    '\\' => text.extend(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c })),
                    c if c == quote || c == '\n' => {
                        i = bytes.len() - rest.len() + n + 1;
                        break;
                    }
                    c => text.push(c),
                }
            }
            out.push(text);
        } else {
            i += 1;
        }
    }
    out
}

/// What stands between the bars of templates and of `-{ }-`, innermost first come, first served; `1=` is cut off.
fn arguments(page: &str) -> Vec<String> {
    let cut = page.split(['|', '{', '}', '\n']);
    let value = |text: &str| match text.split_once('=') {
        Some((key, rest)) if !rest.starts_with('>') && !key.contains([':', ';']) => rest.trim().to_owned(),
        _ => text.trim().to_owned(),
    };
    cut.map(value).filter(|t| t.contains(':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_both_kinds_of_page() {
        let lua = "-- 'zh-cn:no;zh-tw:no'\nlocal Item = require('Module:CGroup/core').Item\nreturn {\nname = 'IT',\ncontent = {\n\
            { type = 'text', text = [=[\n== a: b ==\n]=] },\n--[[ 'zh-cn:no' ]]\nItem('Program', 'zh-cn:程序;zh-tw:程式;'),\n\
            { type = 'item', original = \"bit\", rule = \"zh-cn:位;zh-tw:位\\'元\" },\nItem('x', 'Foo=>zh-cn:甲')\n}}";
        assert_eq!(collected(lua), ["zh-cn:程序;zh-tw:程式;", "zh-cn:位;zh-tw:位'元", "Foo=>zh-cn:甲"]);
        assert_eq!(collected("return require('Module:CGroup/IT')"), ["=IT"]);
        let template = "{{CGroup/header|a=b}}\n{{CItem|zh-cn:程序; zh-tw:程式;|original=program}}\n\
            {{CItemHidden|1=zh-cn:位;zh-tw:位元}}-{H|zh-cn:丙;zh-tw:丁}-{{CI|甲=>zh-cn:乙}}";
        assert_eq!(
            collected(template),
            ["zh-cn:程序; zh-tw:程式;", "zh-cn:位;zh-tw:位元", "zh-cn:丙;zh-tw:丁", "甲=>zh-cn:乙"]
        );
        assert_eq!(collected("#重定向 [[Template:CGroup/IT]]"), ["=IT"]);
        assert_eq!(collected("nothing"), Vec::<String>::new());
        assert_eq!(group_of("Module:CGroup/地名"), Some("地名"));
        assert_eq!(group_of("模板:CGroup/IT"), Some("IT"));
        for other in ["Module:CGroup/core", "Module:CGroup/IT/doc", "Help:CGroup/IT", "CGroup/IT", "Module:CGroup"] {
            assert_eq!(group_of(other), None, "{other}");
        }
        for broken in ["'", "return [[", "return [=[", "--[[", "return 'a\\", "return \"a\nb", "local [=", "-- -"] {
            assert!(collected(broken).is_empty(), "{broken}");
        }
    }

    #[test]
    fn a_page_that_names_a_group_is_converted_by_it() {
        let rules = |list: &[&str]| list.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>();
        let groups = Groups::new([
            ("IT".to_owned(), rules(&["zh-cn:程序;zh-tw:程式", "zh-cn:软件;zh-tw:軟體;zh-hk:軟件"])),
            ("Computer".to_owned(), rules(&["=IT"])),
        ]);
        assert_eq!(groups.len(), 2);
        let plain = |variant, page: &str| {
            super::super::plain(
                page,
                &super::super::Options { variant: Some(variant), groups: Some(&groups), ..Default::default() },
            )
        };
        let page = "{{NoteTA|G1=iT|1=zh-cn:软体;zh-tw:軟體}}\n軟體、軟件與程式";
        assert_eq!(plain(Variant::Cn, page), "软体、软件与程序");
        assert_eq!(plain(Variant::Tw, page), "軟體、軟體與程式");
        assert_eq!(plain(Variant::Hk, "{{NoteTA|G1=Computer}}\n軟體"), "軟件");
        assert_eq!(plain(Variant::Cn, "{{NoteTA|G1=None}}\n軟體"), "软体");
        assert_eq!(plain(Variant::Cn, "軟體"), "软体");
    }
}
