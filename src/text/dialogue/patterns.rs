//! Phrases by which messages give themselves away, and the search for all of them in one pass.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::code::Code;
use crate::text::convert;

/// The most characters that `*` stands for.
const GAP: usize = 24;
/// Characters from the beginning of a message within which `start` looks.
const START: usize = 20;

/// What a phrase tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An answer refuses.
    Refusal,
    /// An answer speaks as a language model.
    AiLine,
    /// An answer names the model that gave it.
    ModelName,
    /// An answer has a blank to fill in.
    Placeholder,
    /// A variable of a template stands in a message.
    Unfilled,
    /// A token of a vocabulary stands in a message.
    SpecialToken,
    /// Parts of a prompt's template stand in a message.
    LeakedPrompt,
    /// A whole message that says nothing.
    Empty,
    /// A question about languages.
    AsksLanguage,
    /// A question that code, a formula or a name in Latin letters answers.
    AsksLatin,
    /// A question for a dialogue.
    AsksDialogue,
    /// A question about templates, forms and letters.
    AsksTemplate,
    /// A question whose answer is the text itself, mended or said again.
    AsksText,
    /// Words of harm, of what is private or forbidden, and of what a model cannot know: a refusal may be right.
    AsksHarm,
}

/// The kinds by their names in pattern files and recipes.
pub const KINDS: [(&str, Kind); 14] = [
    ("refusal", Kind::Refusal),
    ("ai_line", Kind::AiLine),
    ("model_name", Kind::ModelName),
    ("placeholder", Kind::Placeholder),
    ("unfilled", Kind::Unfilled),
    ("special_token", Kind::SpecialToken),
    ("leaked_prompt", Kind::LeakedPrompt),
    ("empty", Kind::Empty),
    ("asks_language", Kind::AsksLanguage),
    ("asks_latin", Kind::AsksLatin),
    ("asks_dialogue", Kind::AsksDialogue),
    ("asks_template", Kind::AsksTemplate),
    ("asks_text", Kind::AsksText),
    ("asks_harm", Kind::AsksHarm),
];

/// Where a pattern is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Anywhere.
    Any,
    /// At the beginning of a message: within its first 20 characters.
    Start,
    /// At the beginning of a line.
    Line,
    /// As the whole message.
    Whole,
}

/// The places by their names.
pub const PLACES: [(&str, Place); 4] =
    [("any", Place::Any), ("start", Place::Start), ("line", Place::Line), ("whole", Place::Whole)];

/// A pattern, with where it was seen and an example that it takes.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it tells.
    pub kind: Kind,
    /// Where it is looked for.
    pub place: Place,
    /// Its words; `*` is up to 24 characters without a sentence's end.
    pub text: String,
    /// Where it was seen.
    pub source: String,
    /// A message that it takes.
    pub example: String,
}

/// Chinese patterns, as [`parse`] reads them.
pub const ZH: &str = include_str!("zh.tsv");
/// English patterns and tokens, as [`parse`] reads them.
pub const EN: &str = include_str!("en.tsv");

/// Reads patterns: a line each of kind, place, pattern, source and example, tabs between; lines that begin with `#` and a
/// space are comment.
///
/// # Errors
/// Names the line that is not of this form, or whose example its pattern does not take.
pub fn parse(tsv: &str) -> Result<Vec<Pattern>, String> {
    let mut patterns = Vec::new();
    for (at, line) in tsv.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with("# ")) {
        let fail = |what: String| Err(format!("line {}: {what}", at + 1));
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, place, text, source, example] = fields[..] else {
            return fail(format!(
                "{} fields where there are five: kind, place, pattern, source, example",
                fields.len()
            ));
        };
        let pattern = match pattern(kind, place, text) {
            Ok(pattern) => Pattern { source: source.into(), example: example.into(), ..pattern },
            Err(what) => return fail(what),
        };
        if !Phrases::new(std::slice::from_ref(&pattern)).find(example, &Code::default()).has(pattern.kind) {
            return fail(format!("the pattern `{text}` does not take its example `{example}`"));
        }
        patterns.push(pattern);
    }
    Ok(patterns)
}

/// A pattern of a recipe, or of a file.
///
/// # Errors
/// A kind or place that there is not, a pattern without words.
pub fn pattern(kind: &str, place: &str, text: &str) -> Result<Pattern, String> {
    fn names<T>(all: &[(&'static str, T)]) -> String {
        all.iter().map(|one| one.0).collect::<Vec<_>>().join(", ")
    }
    let found = KINDS.iter().find(|k| k.0 == kind);
    let kind = found.ok_or_else(|| format!("`{kind}` is no kind of phrase; there are {}", names(&KINDS)))?.1;
    let found = PLACES.iter().find(|p| p.0 == place);
    let place = found.ok_or_else(|| format!("`{place}` is no place; there are {}", names(&PLACES)))?.1;
    if !text.chars().any(|c| !c.is_whitespace() && c != '*') || text.starts_with('*') {
        return Err(format!("the pattern `{text}` must begin with its words: it would take too much"));
    }
    Ok(Pattern { kind, place, text: text.into(), source: String::new(), example: String::new() })
}

/// A pattern ready to be searched for: its words, one form of spelling.
#[derive(Clone, Debug)]
struct Words {
    kind: Kind,
    place: Place,
    first: String,
    /// What follows, each behind a gap.
    then: Vec<String>,
    /// Whether anything may stand behind the last.
    open: bool,
}

/// The kinds of phrases that a message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found(u16);

impl Found {
    /// Whether it has a phrase of the kind.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Adds a kind.
    pub fn add(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u16;
    }

    /// Takes a kind away.
    pub fn remove(&mut self, kind: Kind) {
        self.0 &= !(1 << kind as u16);
    }

    /// Adds what another message has.
    pub fn join(&mut self, other: Found) {
        self.0 |= other.0;
    }
}

/// All patterns, ready.
#[derive(Clone, Debug)]
pub struct Phrases {
    words: Vec<Words>,
    search: Option<AhoCorasick>,
}

impl Phrases {
    /// Makes patterns ready: in Traditional characters too, with square brackets of either width, and with the
    /// apostrophe of printers.
    pub fn new(patterns: &[Pattern]) -> Phrases {
        let mut words: Vec<Words> = Vec::new();
        for pattern in patterns {
            for form in spellings(&pattern.text) {
                let mut parts = form.split('*');
                let first = parts.next().unwrap_or_default().to_owned();
                let mut then: Vec<String> = parts.map(str::to_owned).collect();
                let open = then.last().is_some_and(String::is_empty);
                then.retain(|part| !part.is_empty());
                words.push(Words { kind: pattern.kind, place: pattern.place, first, then, open });
            }
        }
        let mut search = AhoCorasick::builder();
        search.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
        search.kind(Some(AhoCorasickKind::DFA));
        let search = search.build(words.iter().map(|w| w.first.as_bytes())).ok();
        Phrases { words, search }
    }

    /// The kinds of phrases in a text. Tokens, templates and blanks within code are none.
    pub fn find(&self, text: &str, code: &Code) -> Found {
        let mut found = Found::default();
        let Some(search) = &self.search else { return found };
        let start = text.char_indices().nth(START).map_or(text.len(), |c| c.0);
        for hit in search.find_overlapping_iter(text) {
            let words = &self.words[hit.pattern().as_usize()];
            if found.has(words.kind) || !words.takes(text, hit.start(), hit.end(), start) {
                continue;
            }
            let aside = matches!(
                words.kind,
                Kind::Placeholder | Kind::Unfilled | Kind::SpecialToken | Kind::LeakedPrompt | Kind::AiLine
            );
            if !(aside && code.has(hit.start())) {
                found.add(words.kind);
            }
        }
        found
    }
}

impl Words {
    /// Whether the pattern stands in the text, its first words at `from..to`.
    fn takes(&self, text: &str, from: usize, to: usize, start: usize) -> bool {
        let bare = |part: &str| part.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
        let line = || text[..from].rfind('\n').map_or(0, |at| at + 1);
        let placed = match self.place {
            Place::Any => true,
            Place::Start => from < start,
            Place::Line => bare(&text[line()..from]),
            Place::Whole => bare(&text[..from]),
        };
        let cut = self.open && self.then.is_empty();
        let whole = edge(text, from, &self.first, true) && (cut || edge(text, to, &self.first, false));
        if !placed || !whole {
            return false;
        }
        let mut end = to;
        let mut last = &self.first;
        for part in &self.then {
            let Some(next) = behind(text, end, part) else { return false };
            (end, last) = (next, part);
        }
        (self.open || edge(text, end, last, false)) && (self.place != Place::Whole || bare(&text[end..]))
    }
}

/// Where a part ends that stands behind `from` with a gap.
fn behind(text: &str, from: usize, part: &str) -> Option<usize> {
    let mut left = GAP;
    for (at, c) in text[from..].char_indices() {
        let at = from + at;
        let here = text.as_bytes().get(at..at + part.len());
        if here.is_some_and(|here| here.eq_ignore_ascii_case(part.as_bytes())) {
            return Some(at + part.len());
        }
        let full_stop = c == '.' && text[at + 1..].starts_with(char::is_whitespace);
        if left == 0 || full_stop || matches!(c, '。' | '！' | '？' | '!' | '?' | '\n') {
            return None;
        }
        left -= 1;
    }
    None
}

/// Whether no Latin word is cut at a side of words that stand at `at`.
fn edge(text: &str, at: usize, words: &str, front: bool) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    match front {
        true => !(word(words.chars().next()) && word(text[..at].chars().next_back())),
        false => !(word(words.chars().next_back()) && word(text[at..].chars().next())),
    }
}

/// The spellings of a pattern.
fn spellings(pattern: &str) -> Vec<String> {
    let mut forms = vec![pattern.to_owned()];
    let mut more = |change: &dyn Fn(&str) -> String| {
        for at in 0..forms.len() {
            let other = change(&forms[at]);
            if !forms.contains(&other) {
                forms.push(other);
            }
        }
    };
    if let Some(traditional) = convert::mode("s2t") {
        more(&|form| traditional.convert(form).into_owned());
    }
    more(&|form| form.replace('\'', "’"));
    let square = pattern.starts_with('[') && !pattern.is_ascii() || pattern.contains('[') && pattern.contains(' ');
    if square {
        more(&|form| form.replace('[', "【").replace(']', "】"));
        more(&|form| form.replace('[', "［").replace(']', "］"));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Phrases {
        Phrases::new(&[parse(ZH).unwrap(), parse(EN).unwrap()].concat())
    }

    #[test]
    fn every_example_is_taken() {
        let phrases = all();
        for pattern in [parse(ZH).unwrap(), parse(EN).unwrap()].concat() {
            assert!(phrases.find(&pattern.example, &Code::default()).has(pattern.kind), "{pattern:?}");
            assert!(!pattern.source.is_empty(), "{pattern:?}");
        }
    }

    #[test]
    fn places_and_edges_count() {
        let add = [
            pattern("refusal", "start", "不行").unwrap(),
            pattern("empty", "whole", "nan").unwrap(),
            pattern("leaked_prompt", "line", "Human:").unwrap(),
            pattern("ai_line", "any", "As an AI*I").unwrap(),
        ];
        let phrases = Phrases::new(&add);
        let has = |kind, text: &str| phrases.find(text, &Code::of(text)).has(kind);
        assert!(has(Kind::Refusal, "这可不行。"));
        assert!(!has(Kind::Refusal, "这件事说来话长，要从去年春天那场雨讲起，总之不行。"));
        assert!(has(Kind::Empty, " NaN.") && !has(Kind::Empty, "nan 是什么") && !has(Kind::Empty, "Nancy"));
        assert!(has(Kind::LeakedPrompt, "好。\n\n**human: 再说") && !has(Kind::LeakedPrompt, "He is Human: yes"));
        assert!(has(Kind::AiLine, "as an ai model, I cannot") && !has(Kind::AiLine, "As an AI model. Then I"));
        assert!(!has(Kind::AiLine, "as an aide I") && !has(Kind::AiLine, "用 `As an AI, I` 开头"));
    }

    #[test]
    fn other_spellings_are_found() {
        let phrases = all();
        let has = |kind, text: &str| phrases.find(text, &Code::default()).has(kind);
        assert!(has(Kind::Refusal, "抱歉，我無法回答這個問題。") && has(Kind::Refusal, "I can’t help with that."));
        assert!(has(Kind::Placeholder, "此致，【您的姓名】") && has(Kind::Placeholder, "Dear [Your Name],"));
    }

    #[test]
    fn a_line_of_a_file_that_is_wrong_is_named() {
        for (line, said) in [
            ("refusal\tany\tx", "line 1: 3 fields"),
            ("rude\tany\tx\ty\tx", "`rude` is no kind"),
            ("refusal\ttop\tx\ty\tx", "`top` is no place"),
            ("refusal\tany\t*x\ty\tx", "must begin with its words"),
            ("# c\n\nrefusal\tany\tx\ty\tz", "line 3: the pattern `x` does not take"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
