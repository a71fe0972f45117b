//! Between Simplified and Traditional Chinese, as OpenCC converts: its dictionaries, its configurations to the letter.
//!
//! 1. *Normalise*: compatibility ideographs become the usual characters.
//! 2. *Segment* (only modes that ask for it): words of the segmentation dictionary, the longest first; what lies between
//!    them stays together.
//! 3. Each step of the *chain* converts each segment: from left to right the longest match of the first dictionary that
//!    has any (`short_circuit`); dictionaries in a `union` count as one. An ideographic description sequence (`⿰木目`) is
//!    passed over as a whole.
//!
//! The dictionaries in `data/` are those of OpenCC at commit 5249273 (2026-08-06, <https://github.com/BYVoid/OpenCC>,
//! Apache-2.0), with the first value of each entry only; `data/make.py` makes them from a checkout and says what was
//! changed. All 543 cases of OpenCC's own tests (`data/cases.txt`) come out right.

mod dictionary;
mod modes;

use std::borrow::Cow;

pub use dictionary::Dictionary;
use dictionary::Starts;
pub use modes::{NAMES, mode, simplified, traditional, variants};

/// One conversion of the chain: dictionaries of which the first with a match decides.
struct Step {
    dictionaries: Vec<&'static Dictionary>,
    /// Characters that some key of them begins with.
    starts: Starts,
}

/// Converts text in one of OpenCC's modes. Get one from [`mode`].
pub struct Converter {
    normal: Step,
    segments: Option<Step>,
    chain: Vec<Step>,
}

impl Step {
    fn new(dictionaries: Vec<&'static Dictionary>) -> Step {
        let mut starts = Starts::default();
        dictionaries.iter().for_each(|d| starts.join(&d.starts));
        Step { dictionaries, starts }
    }

    /// The match at the start of `text`: its bytes, and what it becomes.
    fn at(&self, text: &str) -> Option<(usize, &'static str)> {
        self.dictionaries.iter().find_map(|d| d.longest(text))
    }

    /// From `from` on, the first match: where, how many bytes, and what it becomes.
    fn next(&self, text: &str, from: usize) -> Option<(usize, usize, &'static str)> {
        let mut at = from;
        loop {
            let rest = &text[at..];
            let (skip, c) = self.starts.find(rest)?;
            at += skip;
            if let Some((length, value)) = self.at(&text[at..]) {
                return Some((at, length, value));
            }
            at += sequence(&text[at..]).unwrap_or(c.len_utf8());
        }
    }

    /// Converts text, appending to `out`.
    fn append(&self, text: &str, out: &mut String) {
        let mut done = 0;
        while let Some((at, length, value)) = self.next(text, done) {
            out.push_str(&text[done..at]);
            out.push_str(value);
            done = at + length;
        }
        out.push_str(&text[done..]);
    }

    /// Converts text if there is anything to convert.
    fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.next(text, 0).is_none() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        self.append(text, &mut out);
        Cow::Owned(out)
    }
}

impl Converter {
    /// The converted text; borrowed where nothing changed.
    pub fn convert<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let normal = self.normal.apply(text);
        let mut out = String::with_capacity(normal.len() + normal.len() / 8);
        let mut scratch = [String::new(), String::new()];
        match &self.segments {
            None => self.segment(&normal, &mut scratch, &mut out),
            Some(words) => {
                let mut done = 0;
                while let Some((at, length, _)) = words.next(&normal, done) {
                    self.segment(&normal[done..at], &mut scratch, &mut out);
                    self.segment(&normal[at..at + length], &mut scratch, &mut out);
                    done = at + length;
                }
                self.segment(&normal[done..], &mut scratch, &mut out);
            }
        }
        if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
    }

    /// Takes one segment through the chain.
    fn segment(&self, text: &str, scratch: &mut [String; 2], out: &mut String) {
        let Some((last, first)) = self.chain.split_last() else { return out.push_str(text) };
        if text.is_empty() {
            return;
        }
        let [from, to] = scratch;
        let mut text = text;
        for step in first {
            to.clear();
            step.append(text, to);
            std::mem::swap(from, to);
            text = from;
        }
        last.append(text, out);
    }
}

/// Bytes of the ideographic description sequence that `text` begins with, if it begins with a whole one. Bounds as in
/// OpenCC: 16 deep, 64 characters.
fn sequence(text: &str) -> Option<usize> {
    fn arity(c: char) -> usize {
        match c {
            '\u{2FF2}' | '\u{2FF3}' => 3,
            '\u{2FFE}' | '\u{2FFF}' => 1,
            '\u{2FF0}'..='\u{2FFD}' => 2,
            _ => 0,
        }
    }
    // Operands that are still due, by depth.
    let mut due = Vec::new();
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count >= 64 || due.len() >= 16 {
            return None;
        }
        match arity(c) {
            0 if due.is_empty() => return None,
            0 => {
                while let Some(last) = due.last_mut() {
                    *last -= 1;
                    if *last > 0 {
                        break;
                    }
                    due.pop();
                }
                if due.is_empty() {
                    return Some(at + c.len_utf8());
                }
            }
            operands => due.push(operands),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OpenCC's own cases: mode, input, what is expected.
    #[test]
    fn all_cases_of_opencc() {
        let mut seen = 0;
        let mut wrong = Vec::new();
        for line in include_str!("data/cases.txt").lines() {
            let [name, input, wanted] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            seen += 1;
            let got = mode(name).unwrap().convert(input);
            if got != wanted {
                wrong.push(format!("{name}: {input}\n  {got}\n  {wanted}"));
            }
        }
        println!("{} of {seen} right", seen - wrong.len());
        assert!(wrong.is_empty(), "{} of {seen} wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(seen, 543);
    }

    #[test]
    fn by_phrase_before_character() {
        let of = |name: &str, text: &str| mode(name).unwrap().convert(text).into_owned();
        assert_eq!(of("t2s", "乾坤、乾燥的頭髮與發現"), "乾坤、干燥的头发与发现");
        assert_eq!(of("s2tw", "皇后在后面，头发里的发现"), "皇后在後面，頭髮裡的發現");
        assert_eq!(of("s2twp", "用U盘装软件"), "用隨身碟裝軟體");
        assert_eq!(of("t2s", "⿰訁說"), "⿰訁說");
        assert_eq!(of("t2s", "⿰說"), "⿰说");
        assert!(matches!(mode("t2s").unwrap().convert("没有要改的 text"), Cow::Borrowed(_)));
        assert!(mode("s2x").is_none());
        for name in NAMES {
            assert_eq!(of(name, ""), "");
        }
    }

    #[test]
    fn sequences_end_where_they_end() {
        assert_eq!(sequence("⿰木目字"), Some("⿰木目".len()));
        assert_eq!(sequence("⿱⿰木目心字"), Some("⿱⿰木目心".len()));
        assert_eq!(sequence("⿲一二三四"), Some("⿲一二三".len()));
        assert_eq!(sequence("⿰木"), None);
        assert_eq!(sequence("木"), None);
        assert_eq!(sequence(&"⿰".repeat(1000)), None);
    }
}
