//! A sentence with places that are filled in: found again in what was printed, and made anew in Chinese.

/// The English of a line, as `format!` has it: what stands between the places, and the names of those.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// One more than there are places.
    between: Vec<String>,
    /// The name of each place; its number, from 0, where it has none.
    pub places: Vec<String>,
}

/// A part of a sentence.
enum Part<'t> {
    Text(&'t str),
    /// What stands between braces, without its format (`:.1`).
    Place(&'t str),
}

/// The parts of a text in `format!`'s writing. Braces around anything but a name or nothing are text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, behind) = rest.split_at(at);
        let twice = behind.starts_with("{{") || behind.starts_with("}}");
        let inside = behind.strip_prefix('{').and_then(|b| b.split_once('}')).map(|(inside, _)| inside);
        let named = inside.filter(|i| {
            let name = i.split(':').next().unwrap_or_default().trim_start_matches(['@', '#', '!']);
            name.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        match named {
            Some(inside) if !twice => {
                parts.extend([Part::Text(before), Part::Place(inside.split(':').next().unwrap_or_default())]);
                rest = &behind[inside.len() + 2..];
            }
            _ => {
                parts.push(Part::Text(&rest[..at + 1]));
                rest = &behind[if twice { 2 } else { 1 }..];
            }
        }
    }
    parts.push(Part::Text(rest));
    parts
}

impl Pattern {
    /// The pattern of an English sentence.
    pub fn read(text: &str) -> Pattern {
        let (mut between, mut places, mut unnamed) = (vec![String::new()], Vec::new(), 0);
        for part in parts(text) {
            match part {
                Part::Text(text) => between.last_mut().into_iter().for_each(|last| last.push_str(text)),
                Part::Place("") => {
                    places.push(unnamed.to_string());
                    between.push(String::new());
                    unnamed += 1;
                }
                Part::Place(name) => {
                    places.push(name.to_owned());
                    between.push(String::new());
                }
            }
        }
        Pattern { between, places }
    }

    /// How much of the sentence is fixed, in bytes: of two patterns that match, the one with more is meant.
    pub fn weight(&self) -> usize {
        self.between.iter().map(String::len).sum()
    }

    /// Whether it has so little fixed text (`{} in {}`) that much else could look like it: then names in it are words
    /// without spaces.
    pub fn is_loose(&self) -> bool {
        self.between.iter().flat_map(|text| text.chars()).filter(|c| !c.is_whitespace()).count() < 4
    }

    /// The longest fixed stretch, by which a sentence is sieved.
    pub fn longest(&self) -> &str {
        self.between.iter().max_by_key(|text| text.len()).map_or("", String::as_str)
    }

    /// What a text has in the places, in their order; `None` where it was not made by this pattern. What is filled in
    /// holds no line break. Where it holds what stands between two places, a place ends as soon as it can.
    pub fn found<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (mut rest, middle) = self.inside(text)?;
        let mut found = Vec::with_capacity(self.places.len());
        for stop in middle {
            let (filled, behind) = rest.split_once(stop.as_str())?;
            found.push(filled);
            rest = behind;
        }
        found.extend((!self.places.is_empty()).then_some(rest));
        found.iter().all(|filled| !filled.contains('\n')).then_some(found)
    }

    /// The same, where a place ends as late as it can: of `{}; {} rows` and `a; b; 3 rows` the second place has `3`.
    pub fn found_late<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (mut rest, middle) = self.inside(text)?;
        let mut found = Vec::with_capacity(self.places.len());
        for stop in middle.iter().rev() {
            let (before, filled) = rest.rsplit_once(stop.as_str())?;
            found.push(filled);
            rest = before;
        }
        found.extend((!self.places.is_empty()).then_some(rest));
        found.reverse();
        found.iter().all(|filled| !filled.contains('\n')).then_some(found)
    }

    /// What stands between the beginning and the end of a text that could be of this pattern, and what stands between
    /// its places.
    fn inside<'t>(&self, text: &'t str) -> Option<(&'t str, &[String])> {
        let [first, rest @ ..] = self.between.as_slice() else { return None };
        let [middle @ .., last] = rest else { return (text == first).then_some(("", [].as_slice())) };
        Some((text.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?, middle))
    }
}

/// How a place of a Chinese sentence is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// With what stood in the English one: a name, a path, a word of the user's.
    Same,
    /// The same, which is a figure: `{#rows}`. A text that has anything else there was not made by this line.
    Figure,
    /// With what stood there, in Chinese where a line has it: `{@why}`.
    Said,
    /// Not at all: `{!s}`, the ending of an English plural.
    Nothing,
}

/// The Chinese of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// The text before each place.
    parts: Vec<(String, String, Filling)>,
    end: String,
}

impl Sentence {
    /// Reads a Chinese sentence.
    pub fn read(text: &str) -> Sentence {
        let (mut done, mut end, mut unnamed) = (Vec::new(), String::new(), 0);
        for part in parts(text) {
            let place = match part {
                Part::Text(text) => {
                    end += text;
                    continue;
                }
                Part::Place(place) => place,
            };
            let (filling, name) = match place.split_at_checked(1) {
                Some(("@", name)) => (Filling::Said, name),
                Some(("#", name)) => (Filling::Figure, name),
                Some(("!", name)) => (Filling::Nothing, name),
                _ => (Filling::Same, place),
            };
            let name = if name.is_empty() {
                unnamed += 1;
                (unnamed - 1).to_string()
            } else {
                name.to_owned()
            };
            done.push((std::mem::take(&mut end), name, filling));
        }
        Sentence { parts: done, end }
    }

    /// The places, with how each is filled.
    pub fn places(&self) -> impl Iterator<Item = (&str, Filling)> {
        self.parts.iter().map(|(_, name, filling)| (name.as_str(), *filling))
    }

    /// The sentence with its places filled: `of` has what stood in a place, `again` says a text in Chinese. `None` where
    /// a figure is none, or, of a `loose` pattern, something with spaces would stay as it is.
    pub fn filled<'t>(
        &self,
        of: impl Fn(&str) -> &'t str,
        again: impl Fn(&str) -> Option<String>,
        loose: bool,
    ) -> Option<String> {
        let mut out = String::new();
        for (before, name, filling) in &self.parts {
            join(&mut out, before);
            let value = of(name);
            match filling {
                Filling::Same if loose && value.trim().contains(' ') => return None,
                Filling::Same => join(&mut out, value),
                Filling::Figure if is_figure(value) => join(&mut out, value),
                Filling::Figure => return None,
                Filling::Said => match again(value) {
                    Some(said) => join(&mut out, &said),
                    None if loose && value.trim().contains(' ') => return None,
                    None => join(&mut out, value),
                },
                Filling::Nothing => {}
            }
        }
        join(&mut out, &self.end);
        Some(out)
    }
}

/// Whether a text is a figure: `1,024`, `~3.5 %`, `64.0 MiB`, `2–3`.
fn is_figure(text: &str) -> bool {
    let units = ["%", "B", "KiB", "MiB", "GiB", "TiB", "PiB", "s", "m", "min", "h"];
    let number = |word: &str| {
        word.contains(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_digit() || ",.~–-+%".contains(c))
    };
    let mut words = text.split(' ');
    words.next().is_some_and(number) && words.all(|word| number(word) || units.contains(&word))
}

/// Whether a character is of Chinese text: no space stands between two of these.
fn is_chinese(c: char) -> bool {
    matches!(u32::from(c), 0x3000..0x3040 | 0x3400..0xa000 | 0xff00..0xff61 | 0x20000..0x3fffe)
}

/// Puts text behind text: the space that a sentence has beside a name goes where the name is Chinese.
fn join(out: &mut String, text: &str) {
    let mut ends = out.chars().rev();
    let (last, before) = (ends.next(), ends.next());
    let mut begins = text.chars();
    let (first, second) = (begins.next(), begins.next());
    let is = |c: Option<char>| c.is_some_and(is_chinese);
    // What is filled in may be Chinese or not: a space stands between Han and Latin, and only there; not within
    // backticks, where a name stands as it is.
    let quoted = out.matches('`').count() % 2 == 1;
    let han = |c: Option<char>| c.is_some_and(|c| is_chinese(c) && c.is_alphabetic());
    let latin = |c: Option<char>, marks: &str| c.is_some_and(|c| c.is_ascii_alphanumeric() || marks.contains(c));
    if last == Some(' ') && is(before) && is(first) {
        out.pop();
    } else if !quoted && (han(last) && latin(first, "`") || latin(last, "`]%") && han(first)) {
        out.push(' ');
    }
    let skip = first == Some(' ') && is(last) && is(second);
    out.push_str(if skip { &text[1..] } else { text });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(english: &str, chinese: &str, text: &str) -> Option<String> {
        let (pattern, sentence) = (Pattern::read(english), Sentence::read(chinese));
        let found = pattern.found(text)?;
        let of = |name: &str| pattern.places.iter().position(|p| p == name).map_or("", |at| found[at]);
        let again = |text: &str| (text == "two").then(|| "两".to_owned());
        sentence.filled(of, again, pattern.is_loose())
    }

    #[test]
    fn a_sentence_is_found_and_said_again() {
        let english = "{} of {name} have {count:.1} row{}";
        assert_eq!(Pattern::read(english).places, ["0", "name", "count", "1"]);
        let chinese = "{name} 中 {0} 有 {#count} 行{!1}";
        assert_eq!(say(english, chinese, "a/b of 新闻 have 3.5 rows").as_deref(), Some("新闻中 a/b 有 3.5 行"));
        assert_eq!(say(english, chinese, "a of b have many rows"), None, "no figure");
        assert_eq!(say(english, chinese, "a of b\nc have 1 row"), None, "a line break");
        assert_eq!(say("`{}` is no {}", "`{}` 不是 {}", "`a` is no b"), Some("`a` 不是 b".into()));
        assert_eq!(say("{} in {}", "{1} 中 {0}", "a in b"), Some("b 中 a".into()));
        assert_eq!(say("{} in {}", "{1} 中 {0}", "a sentence in other words"), None, "too little is fixed");
    }

    #[test]
    fn what_is_said_again_stands_without_spaces() {
        assert_eq!(say("it has {}", "共 {@} 个", "it has two"), Some("共两个".into()));
        assert_eq!(say("it has {}", "共 {@} 个", "it has 7"), Some("共 7 个".into()));
        assert_eq!(say("{} has it", "{@}有", "[output] has it"), Some("[output] 有".into()));
        assert_eq!(
            say("source `{}`: {} rows", "来源 `{}`：{1} 行", "source `一a`: 3 rows"),
            Some("来源 `一a`：3 行".into())
        );
        assert_eq!(say("a [{}]", "甲 [{@}]", "a [two]"), Some("甲 [两]".into()));
        assert_eq!(say("it took {}", "用了 {#}", "it took 4 m 10 s"), Some("用了 4 m 10 s".into()));
    }

    #[test]
    fn braces_of_other_writings_are_text() {
        assert_eq!(Pattern::read("{{x}} is { min, max }").found("{x} is { min, max }"), Some(vec![]));
        assert_eq!(Pattern::read("a {b").places.len(), 0);
        assert_eq!(Pattern::read("").found(""), Some(vec![]));
    }
}
