//! Rust source, read as far as the house rules need it: tokens without comments and tests, what a file imports and
//! defines, and how long its functions are.

use std::collections::{BTreeMap, BTreeSet};

/// A token: a word, a sign, or a literal with its quotes.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// The lines of a text by what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lines {
    pub all: usize,
    pub blank: usize,
    pub docs: usize,
    pub comments: usize,
}

/// One file below `src`, without its tests.
pub struct File {
    /// Its path below the repository.
    pub path: String,
    /// Its module, from the crate's root.
    pub module: Vec<String>,
    /// Its text, with tests.
    pub text: String,
    /// Its tokens, without tests.
    pub code: Vec<Token>,
    /// Modules that it declares for tests alone.
    pub test_modules: BTreeSet<String>,
}

/// An imported or inline path, its parts in order, and the line where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub parts: Vec<String>,
    pub line: usize,
    /// The name that an import gives it; none for a path inside of code. `*` imports everything.
    pub name: Option<String>,
}

/// A function and its lines, from `fn` to the closing brace.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    pub name: String,
    pub lines: usize,
}

impl File {
    pub fn new(path: &str, text: String) -> File {
        let (code, test_modules) = without_tests(tokens(&text));
        File { module: module(path), path: path.to_owned(), text, code, test_modules }
    }

    /// The layer that it belongs to: the first folder below `src`, or its own name.
    pub fn layer(&self) -> &str {
        self.module.first().map_or("main", String::as_str)
    }

    /// What `use` declares, with braces taken apart.
    pub fn imports(&self) -> Vec<Path> {
        let mut found = Vec::new();
        for (at, token) in self.code.iter().enumerate() {
            if token.text == "use" && self.code.get(at + 1).is_some_and(|t| t.text != "<") {
                let mut at = at + 1;
                tree(&self.code, &mut at, &[], &mut found);
            }
        }
        found
    }

    /// Paths inside of code that begin with `crate`, `super` or `self`.
    pub fn inline_paths(&self) -> Vec<Path> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < self.code.len() {
            let token = &self.code[at];
            if token.text == "use" {
                while at < self.code.len() && self.code[at].text != ";" {
                    at += 1;
                }
            } else if ["crate", "super", "self"].contains(&token.text.as_str()) {
                let (mut parts, line) = (vec![token.text.clone()], token.line);
                while is(&self.code, at + 1, ":") && is(&self.code, at + 2, ":") && word(&self.code, at + 3) {
                    parts.push(self.code[at + 3].text.clone());
                    at += 3;
                }
                if parts.len() > 1 {
                    found.push(Path { parts, line, name: None });
                }
            }
            at += 1;
        }
        found
    }

    /// Names that the file defines, at any depth.
    pub fn defines(&self) -> BTreeSet<String> {
        const WORDS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];
        let mut names = BTreeSet::new();
        for (at, token) in self.code.iter().enumerate() {
            if WORDS.contains(&token.text.as_str()) && word(&self.code, at + 1) {
                names.insert(self.code[at + 1].text.clone());
            }
            if token.text == "macro_rules" && word(&self.code, at + 2) {
                names.insert(self.code[at + 2].text.clone());
            }
        }
        names
    }

    /// Modules that the file declares with `mod name;`.
    pub fn declares(&self) -> BTreeSet<String> {
        let named = |at: usize| word(&self.code, at + 1) && is(&self.code, at + 2, ";");
        let places = (0..self.code.len()).filter(|at| self.code[*at].text == "mod" && named(*at));
        places.map(|at| self.code[at + 1].text.clone()).collect()
    }

    /// Its functions, nested ones too.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (at, token) in self.code.iter().enumerate() {
            if token.text != "fn" || !word(&self.code, at + 1) {
                continue;
            }
            let (mut end, mut depth) = (at, 0_i32);
            while end < self.code.len() {
                match self.code[end].text.as_str() {
                    "(" | "[" => depth += 1,
                    ")" | "]" => depth -= 1,
                    "{" | ";" if depth == 0 => break,
                    _ => {}
                }
                end += 1;
            }
            if is(&self.code, end, "{") {
                let close = closing(&self.code, end);
                let lines = self.code[close].line - token.line + 1;
                found.push(Function { name: self.code[at + 1].text.clone(), lines });
            }
        }
        found
    }

    /// Names in a call of a macro of this file, such as a registry's `stages!(a, b)`; literals without their quotes.
    pub fn arguments(&self, name: &str) -> Vec<String> {
        let calls = |at: usize| self.code[at].text == name && is(&self.code, at + 1, "!") && !word(&self.code, at + 2);
        let Some(at) = (0..self.code.len()).find(|at| calls(*at)) else { return Vec::new() };
        let end = closing(&self.code, at + 2);
        let parts = self.code[at + 3..end].iter().filter(|t| t.text != ",");
        parts.map(|t| t.text.trim_matches('"').to_owned()).collect()
    }

    /// Macros that the file defines, with the tokens of their rules.
    pub fn macros(&self) -> BTreeMap<String, &[Token]> {
        let places = (0..self.code.len()).filter(|at| self.code[*at].text == "macro_rules");
        places.map(|at| (self.code[at + 2].text.clone(), &self.code[at + 3..closing(&self.code, at + 3)])).collect()
    }

    /// Its lines without tests, by what they hold.
    pub fn lines(&self) -> Lines {
        let tests = self.test_lines();
        let mut lines = Lines::default();
        for (_, line) in self.text.lines().enumerate().filter(|(n, _)| !tests.contains(&(n + 1))) {
            let line = line.trim();
            lines.all += 1;
            if line.is_empty() {
                lines.blank += 1;
            } else if line.starts_with("///") || line.starts_with("//!") {
                lines.docs += 1;
            } else if line.starts_with("//") {
                lines.comments += 1;
            }
        }
        lines
    }

    /// Lines that only tests hold: from an attribute `#[cfg(test)]` to the end of its item.
    fn test_lines(&self) -> BTreeSet<usize> {
        let all = tokens(&self.text);
        let mut lines = BTreeSet::new();
        let mut at = 0;
        while at < all.len() {
            match test_item(&all, at) {
                Some(end) => {
                    lines.extend(all[at].line..=all[end].line);
                    at = end + 1;
                }
                None => at += 1,
            }
        }
        lines
    }
}

/// The module of a file: `src/a/mod.rs` and `src/a.rs` are `a`, `src/lib.rs` is the root.
fn module(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|part| part == "mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|t| t.text == text)
}

fn word(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|t| t.text.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The place of the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

/// Reads the tree of a `use`: `a::{b, c::d as e, f::*}`.
fn tree(tokens: &[Token], at: &mut usize, before: &[String], found: &mut Vec<Path>) {
    let mut parts = before.to_vec();
    let line = tokens[*at].line;
    while *at < tokens.len() {
        let text = tokens[*at].text.as_str();
        match text {
            "{" => {
                let end = closing(tokens, *at);
                *at += 1;
                while *at < end {
                    tree(tokens, at, &parts, found);
                    if is(tokens, *at, ",") {
                        *at += 1;
                    }
                }
                *at = end + 1;
                return;
            }
            "*" => {
                *at += 1;
                found.push(Path { parts, line, name: Some("*".to_owned()) });
                return;
            }
            ":" => {}
            "as" => {
                let name = tokens[*at + 1].text.clone();
                *at += 2;
                found.push(Path { parts, line, name: Some(name) });
                return;
            }
            "," | ";" | "}" => break,
            "self" if !parts.is_empty() => {}
            _ => parts.push(text.to_owned()),
        }
        *at += 1;
    }
    if parts != before || !parts.is_empty() {
        let name = parts.last().cloned();
        found.push(Path { parts, line, name });
    }
}

/// Where an item that begins with `#[cfg(test)]` at `at` ends.
fn test_item(tokens: &[Token], at: usize) -> Option<usize> {
    let attribute: Vec<&str> = tokens[at..].iter().take(7).map(|t| t.text.as_str()).collect();
    if attribute != ["#", "[", "cfg", "(", "test", ")", "]"] {
        return None;
    }
    let mut end = at + 7;
    while is(tokens, end, "#") {
        end = closing(tokens, end + 1) + 1;
    }
    while end < tokens.len() {
        match tokens[end].text.as_str() {
            ";" => return Some(end),
            "{" => {
                let close = closing(tokens, end);
                // A `use` of several names ends with its semicolon.
                return Some(if is(tokens, close + 1, ";") { close + 1 } else { close });
            }
            "(" | "[" => end = closing(tokens, end) + 1,
            _ => end += 1,
        }
    }
    Some(tokens.len() - 1)
}

fn without_tests(all: Vec<Token>) -> (Vec<Token>, BTreeSet<String>) {
    let (mut kept, mut modules, mut at) = (Vec::new(), BTreeSet::new(), 0);
    while at < all.len() {
        if let Some(end) = test_item(&all, at) {
            let places = (at..end).filter(|i| all[*i].text == "mod" && is(&all, *i + 2, ";"));
            modules.extend(places.map(|i| all[i + 1].text.clone()));
            at = end + 1;
        } else {
            kept.push(all[at].clone());
            at += 1;
        }
    }
    (kept, modules)
}

/// The tokens of a Rust text, without comments.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let (start, begins) = (at, line);
        let c = chars[at];
        match c {
            '/' if get(at + 1) == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
                continue;
            }
            '/' if get(at + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (get(at), get(at + 1)) {
                        ('/', '*') => (depth, at) = (depth + 1, at + 1),
                        ('*', '/') => (depth, at) = (depth - 1, at + 1),
                        ('\n', _) => line += 1,
                        _ => {}
                    }
                    at += 1;
                    if depth == 0 || at >= chars.len() {
                        break;
                    }
                }
                continue;
            }
            '"' => at = quoted(&chars, at),
            'r' | 'b' | 'c' if raw_hashes(&chars, at).is_some() => {
                let (open, hashes) = raw_hashes(&chars, at).unwrap();
                at = open + 1;
                let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                while at < chars.len() && !chars[at..].starts_with(&end) {
                    at += 1;
                }
                at += end.len();
            }
            'b' | 'c' if get(at + 1) == '"' => at = quoted(&chars, at + 1),
            'b' if get(at + 1) == '\'' => at = quoted_char(&chars, at + 1),
            '\'' => {
                let lifetime = (get(at + 1).is_alphabetic() || get(at + 1) == '_') && get(at + 2) != '\'';
                if lifetime {
                    at += 1;
                    while get(at).is_alphanumeric() || get(at) == '_' {
                        at += 1;
                    }
                } else {
                    at = quoted_char(&chars, at);
                }
            }
            _ if c.is_alphanumeric() || c == '_' => {
                while get(at).is_alphanumeric() || get(at) == '_' {
                    at += 1;
                }
            }
            _ => at += 1,
        }
        let at_end = at.min(chars.len());
        line += chars[start..at_end].iter().filter(|c| **c == '\n').count();
        if !c.is_whitespace() {
            found.push(Token { text: chars[start..at_end].iter().collect(), line: begins });
        }
    }
    found
}

/// Where the quote of a raw string stands, and how many `#` are before it.
fn raw_hashes(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let mut open = at;
    if matches!(chars.get(open), Some('b' | 'c')) {
        open += 1;
    }
    if chars.get(open) != Some(&'r') {
        return None;
    }
    open += 1;
    let hashes = chars[open.min(chars.len())..].iter().take_while(|c| **c == '#').count();
    (chars.get(open + hashes) == Some(&'"')).then_some((open + hashes, hashes))
}

fn quoted(chars: &[char], open: usize) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn quoted_char(chars: &[char], open: usize) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != '\'' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r###"//! Words: use crate::not_here.
use crate::{Error, build::{self, plan::Plan as P}, text::*};
use std::io;
/* fn comment() { /* nested */ } */
const QUOTED: &str = "fn no() { use crate::no; \" }";
const RAW: &str = r#"use crate::no; "fn""#;

/// Docs.
pub fn long<'a>(x: &'a [u8; 3]) -> impl Iterator<Item = char> + use<'a>
where
    u8: Copy,
{
    let brace = '{';
    crate::engine::scan::go(x, b'"', super::up);
    inner::<3>()
}
mod child;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "x.rs"]
mod inside {
    use crate::cli;
    fn test() {}
}
macro_rules! kinds { ($($m:ident),*) => { $(pub mod $m;)* pub const ALL: [u8; 2] = [$($m::KIND),*]; }; }
kinds!(one, two,);
fn short() {}
"###;

    #[test]
    fn a_file_is_read_as_far_as_needed() {
        let file = File::new("src/a/b.rs", TEXT.to_owned());
        assert_eq!(file.module, ["a", "b"]);
        let paths: Vec<String> =
            file.imports().iter().map(|p| format!("{} {}", p.parts.join("::"), p.name.as_deref().unwrap())).collect();
        let wanted = ["crate::Error Error", "crate::build build", "crate::build::plan::Plan P", "crate::text *"];
        assert_eq!(paths[..4], wanted);
        assert_eq!(paths[4..], ["std::io io"]);
        let inline: Vec<(String, usize)> = file.inline_paths().iter().map(|p| (p.parts.join("::"), p.line)).collect();
        assert_eq!(inline, [("crate::engine::scan::go".to_owned(), 14), ("super::up".to_owned(), 14)]);
        let functions: Vec<(String, usize)> = file.functions().into_iter().map(|f| (f.name, f.lines)).collect();
        assert_eq!(functions, [("long".to_owned(), 8), ("short".to_owned(), 1)]);
        assert_eq!(file.declares(), BTreeSet::from(["child".to_owned()]));
        assert_eq!(file.test_modules, BTreeSet::from(["tests".to_owned()]));
        assert_eq!(file.arguments("kinds"), ["one", "two"]);
        assert!(file.macros().contains_key("kinds"));
        let lines = file.lines();
        assert_eq!((lines.all, lines.blank, lines.docs, lines.comments), (20, 1, 2, 0));
    }
}
