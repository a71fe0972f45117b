//! The lines of the catalogue, and how a text finds the one that made it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::pattern::{Pattern, Sentence};

macro_rules! files {
    ($($name:literal)*) => {
        /// The files of the catalogue: name, and text. Where a sentence is said tells which file has its line; `foreign`
        /// has what libraries and the system say, `counted` the words that are counted (`3 files`), `composed` what is
        /// put together out of several sentences, `recipes` the remarks of shipped recipes.
        pub const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("zh/", $name, ".toml")))),*];
    };
}

files! { "cli" "help" "explain" "options" "counted" "composed" "foreign" "recipe" "stages" "formats" "fetch" "pipeline" "output" "models" "engine" "containers" "shapes" "exports" "objects" "recipes" }

/// The file whose keys are words that are counted.
const COUNTED: &str = "counted";

/// What may stand around a sentence, and stays there.
const ENDS: [char; 2] = [' ', '\n'];

/// The lines of a file: English and Chinese, sorted by the English.
///
/// # Errors
///
/// What is no TOML, a key that stands twice, and a value that is no text, in words for who wrote it.
pub fn lines(text: &str) -> Result<Vec<(String, String)>, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let line = |(english, chinese): (String, toml::Value)| match chinese {
        toml::Value::String(chinese) => Ok((english, chinese)),
        _ => Err(format!("`{english}` has no text")),
    };
    table.into_iter().map(line).collect()
}

/// All lines, ready to be asked.
pub struct Catalogue {
    /// Sentences without places, and every sentence as it stands: what is no template may hold braces of its own.
    fixed: HashMap<String, String>,
    /// Sentences with places, those with the most fixed text first.
    patterns: Vec<(Pattern, Sentence)>,
    /// Words behind a number, in the singular.
    counted: HashMap<String, String>,
}

impl Catalogue {
    /// The catalogue that is compiled in. `tests/it/messages.rs` reads each file, so none is skipped here.
    pub fn shipped() -> &'static Catalogue {
        static SHIPPED: OnceLock<Catalogue> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let of = |(name, text): &(&'static str, &str)| (*name, lines(text).unwrap_or_default());
            Catalogue::new(FILES.iter().map(of))
        })
    }

    /// A catalogue out of files: their names, and their lines.
    pub fn new<'f>(files: impl IntoIterator<Item = (&'f str, Vec<(String, String)>)>) -> Self {
        let (mut fixed, mut patterns, mut counted) = (HashMap::new(), Vec::new(), HashMap::new());
        for (name, lines) in files {
            for (english, chinese) in lines {
                if name == COUNTED {
                    counted.insert(english, chinese);
                    continue;
                }
                let (english, chinese) = (english.trim_matches(ENDS), chinese.trim_matches(ENDS));
                let pattern = Pattern::read(english);
                // What is no template stands in the source as it is printed, braces that look escaped too.
                fixed.insert(english.to_owned(), chinese.to_owned());
                if !pattern.places.is_empty() {
                    patterns.push((pattern, Sentence::read(chinese)));
                } else if pattern.longest() != english {
                    let said = Sentence::read(chinese).filled(|_| "", |_| None, false);
                    fixed.insert(pattern.longest().to_owned(), said.unwrap_or_default());
                }
            }
        }
        patterns.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.weight()));
        Catalogue { fixed, patterns, counted }
    }

    /// A text in Chinese: by the line that made it, else each of its lines, and of the parts between ` · `, for itself.
    /// `None` where no line has any of it.
    pub fn say(&self, text: &str) -> Option<String> {
        let core = text.trim_matches(ENDS);
        if core.is_empty() {
            return None;
        }
        let said = self.whole(core).or_else(|| self.by(core, "\n")).or_else(|| self.by(core, " · "))?;
        let at = text.len() - text.trim_start_matches(ENDS).len();
        Some(format!("{}{said}{}", &text[..at], &text[at + core.len()..]))
    }

    /// A text in Chinese where a line has it word by word.
    pub fn exactly(&self, text: &str) -> Option<&str> {
        self.fixed.get(text).map(String::as_str)
    }

    fn by(&self, text: &str, between: &str) -> Option<String> {
        let parts: Vec<&str> = text.split(between).collect();
        let said: Vec<Option<String>> = parts.iter().filter(|_| parts.len() > 1).map(|part| self.say(part)).collect();
        let any = said.iter().any(Option::is_some);
        let all = said.into_iter().zip(parts).map(|(said, part)| said.unwrap_or_else(|| part.to_owned()));
        any.then(|| all.collect::<Vec<_>>().join(between))
    }

    /// A text that one line made.
    fn whole(&self, text: &str) -> Option<String> {
        if let Some(said) = self.fixed.get(text) {
            return Some(said.clone());
        }
        self.counted(text).or_else(|| self.patterns.iter().find_map(|(pattern, said)| self.made(text, pattern, said)))
    }

    fn made(&self, text: &str, pattern: &Pattern, sentence: &Sentence) -> Option<String> {
        if !text.contains(pattern.longest()) {
            return None;
        }
        // What is filled in is shorter than the text, unless a pattern is nothing but places.
        let again = |part: &str| (part.len() < text.len()).then(|| self.say(part)).flatten();
        let filled = |found: Vec<&str>| {
            let of = |name: &str| pattern.places.iter().position(|place| place == name).map_or("", |at| found[at]);
            sentence.filled(of, again, pattern.is_loose())
        };
        let found = pattern.found(text)?;
        // Where a place ends too early, what stands in another one is no figure.
        filled(found).or_else(|| pattern.found_late(text).and_then(filled))
    }

    /// `3 files`.
    fn counted(&self, text: &str) -> Option<String> {
        let (number, word) = text.split_once(' ')?;
        let digits = |c: char| c.is_ascii_digit() || c == ',';
        if number.is_empty() || !number.trim_start_matches('~').chars().all(digits) {
            return None;
        }
        let one = |word: &str| self.counted.get(word);
        let said = one(word).or_else(|| word.strip_suffix('s').and_then(one))?;
        Some(format!("{number} {said}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&str, &str)]) -> Catalogue {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let counted = vec![("file".to_owned(), "个文件".to_owned())];
        Catalogue::new([("x", lines.iter().map(owned).collect()), (COUNTED, counted)])
    }

    #[test]
    fn the_line_with_most_in_common_is_taken() {
        let all = of(&[("{} is not {}", "{}不是{}"), ("`{}` is not a size", "`{}` 不是大小"), ("Reading", "读取")]);
        assert_eq!(all.say("`a` is not a size").as_deref(), Some("`a` 不是大小"));
        assert_eq!(all.say("a is not b").as_deref(), Some("a 不是 b"));
        assert_eq!(all.say("  Reading\n").as_deref(), Some("  读取\n"));
        assert_eq!(all.say("nothing like it"), None);
        assert_eq!(all.say(""), None);
    }

    #[test]
    fn parts_are_said_for_themselves() {
        let all = of(&[("{of}: {}", "{@of}：{@0}"), ("{#n} rows", ""), ("the end", "完")]);
        assert_eq!(all.say("3 files: the end").as_deref(), Some("3 个文件：完"));
        assert_eq!(all.say("ok x · 1,024 files · y").as_deref(), Some("ok x · 1,024 个文件 · y"));
        assert_eq!(all.say("the end\nof it").as_deref(), Some("完\nof it"));
        assert_eq!(all.say("x files"), None);
    }

    #[test]
    fn what_is_filled_in_may_hold_what_stands_between() {
        let all = of(&[("Mapped: {}; {} rows.", "对应：{0}；{#1} 行。")]);
        assert_eq!(all.say("Mapped: a ← a; 3 rows.").as_deref(), Some("对应：a ← a；3 行。"));
        assert_eq!(all.say("Mapped: a ← a; b ← b; 3 rows.").as_deref(), Some("对应：a ← a; b ← b；3 行。"));
        assert_eq!(all.say("Mapped: a ← a; many rows."), None);
    }
}
