//! Lines and paragraphs of a text: how they begin, how they end, which of them stood before.

use xxhash_rust::xxh3::xxh3_64;

use super::counter::{Counter, mix};
use super::properties::{END, NUMBER, TERMINAL, properties};

/// Characters of the shortest line that is drawn, without white space.
const DRAWN: usize = 8;
/// Signs that may stand behind the end of a sentence.
const CLOSING: [char; 11] = ['”', '’', '」', '』', '）', ')', '"', '\'', '》', '】', '*'];
/// Bullets, but numbers.
/// How many lines must begin alike.
const ALIKE: u32 = 3;
/// How many characters of a line are its beginning.
const BEGINNING: usize = 4;

/// What was found of the lines of a text.
#[derive(Default)]
pub struct Lines {
    /// What is counted.
    pub found: Found,
    seen: Counter,
    beginnings: Counter,
    /// Slots of the beginnings of lines.
    slots: Vec<u32>,
    paragraphs: Counter,
    paragraph: Paragraph,
    /// Whether it is asked what stood before.
    repeats: bool,
}

#[derive(Clone, Copy, Default)]
struct Paragraph {
    hash: u64,
    characters: u64,
}

/// Lines unless said otherwise; those that are not blank, unless said otherwise.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct Found {
    /// Line breaks and one.
    pub all: u64,
    /// Whether the text ends with a line break.
    pub trailing: bool,
    pub filled: u64,
    /// Characters of filled lines.
    pub characters: u64,
    /// Characters.
    pub longest: u64,
    pub upto_10: u64,
    pub upto_30: u64,
    pub terminal: u64,
    pub ended: u64,
    /// Characters.
    pub ended_characters: u64,
    pub bullets: u64,
    pub listed: u64,
    pub ellipses: u64,
    pub alike: u64,
    pub repeated: u64,
    /// Characters.
    pub repeated_characters: u64,
    pub c4: u64,
    pub caps: u64,
    pub numbers: u64,
    pub paragraphs: u64,
    pub repeated_paragraphs: u64,
    /// Characters.
    pub repeated_paragraph_characters: u64,
    /// Characters.
    pub code: u64,
    fence: bool,
}

impl Lines {
    /// Forgets the text before, and makes room for as many lines; `repeats` asks for what stood before.
    pub fn start(&mut self, lines: usize, repeats: bool) {
        self.found = Found::default();
        self.repeats = repeats;
        if !repeats {
            return;
        }
        self.slots.clear();
        self.paragraph = Paragraph::default();
        self.seen.reset(lines);
        self.beginnings.reset(lines);
        self.paragraphs.reset(lines);
    }

    /// Whether the next line is the first one.
    pub fn is_first(&self) -> bool {
        self.found.all == 0
    }

    /// How many line breaks there were.
    pub fn breaks(&self) -> u64 {
        self.found.all.saturating_sub(1)
    }

    /// A line with that many characters, Han, upper-case letters and signs of code among them.
    pub fn add(&mut self, line: &str, characters: u64, han: u32, upper: u32, code: u32) {
        let found = &mut self.found;
        found.all += 1;
        found.longest = found.longest.max(characters);
        let text = line.trim();
        found.trailing = line.is_empty();
        if text.is_empty() {
            self.end_paragraph();
            return;
        }
        found.filled += 1;
        found.characters += characters;
        found.upto_10 += u64::from(characters <= 10);
        found.upto_30 += u64::from(characters <= 30);
        found.caps += u64::from(u64::from(upper) * 2 > characters);
        found.bullets += u64::from(text.starts_with(['•', '-']));
        found.listed += u64::from(is_listed(text));
        ends(line, text, han, characters, found);
        let fence = text.starts_with("```") || text.starts_with("~~~");
        let like_code = han == 0 && u64::from(code) * 10 >= characters && code > 1;
        if fence || found.fence || like_code || han == 0 && is_drawn(text) {
            found.code += characters;
        }
        found.fence ^= fence;
        if text.chars().all(|c| properties().get(c) & NUMBER != 0) {
            found.numbers += 1;
        }
        if self.repeats {
            self.hash(line, text, characters);
        }
    }

    fn hash(&mut self, line: &str, text: &str, characters: u64) {
        let hash = xxh3_64(line.as_bytes());
        if self.seen.add(hash).1 > 1 {
            self.found.repeated += 1;
            self.found.repeated_characters += characters;
        }
        let beginning = text.chars().take(BEGINNING).fold(0u64, |key, c| {
            let c = if properties().get(c) & NUMBER != 0 { '0' } else { c };
            key << 16 ^ u64::from(c as u32)
        });
        self.slots.push(self.beginnings.add(mix(beginning)).0);
        let paragraph = &mut self.paragraph;
        paragraph.characters += characters + u64::from(paragraph.hash != 0);
        paragraph.hash = mix(paragraph.hash ^ hash) | 1;
    }

    fn count_alike(&mut self) {
        self.found.alike += self.slots.iter().filter(|s| self.beginnings.count(**s) >= ALIKE).count() as u64;
        self.slots.clear();
    }

    fn end_paragraph(&mut self) {
        let Paragraph { hash, characters } = std::mem::take(&mut self.paragraph);
        if hash != 0 {
            self.found.paragraphs += 1;
            if self.paragraphs.add(hash).1 > 1 {
                self.found.repeated_paragraphs += 1;
                self.found.repeated_paragraph_characters += characters;
            }
        }
    }

    /// Ends the text.
    pub fn end(&mut self) {
        self.end_paragraph();
        self.count_alike();
    }
}

/// How a line ends.
fn ends(line: &str, text: &str, han: u32, characters: u64, found: &mut Found) {
    let last = text.chars().next_back();
    found.terminal += u64::from(line.chars().next_back().is_some_and(|c| properties().get(c) & TERMINAL != 0));
    let ellipsis = text.ends_with('…') || text.ends_with("...");
    found.ellipses += u64::from(ellipsis);
    let body = if last.is_some_and(|c| CLOSING.contains(&c)) { text.trim_end_matches(CLOSING) } else { text };
    let sign = body.chars().next_back();
    // Three full stops say that the line was cut.
    if !text.ends_with("...")
        && sign.is_some_and(|c| properties().get(c) & END != 0 || matches!(c, '.' | '．' | '；' | ';'))
    {
        found.ended += 1;
        found.ended_characters += characters;
        let long = han >= 6 || text.split_ascii_whitespace().nth(2).is_some();
        found.c4 += u64::from(long && !ellipsis);
    }
}

/// A sign before an entry of a list.
fn is_bullet(c: char) -> bool {
    matches!(
        c,
        '-' | '*'
            | '+'
            | '•'
            | '·'
            | '●'
            | '◆'
            | '■'
            | '▪'
            | '○'
            | '◎'
            | '◇'
            | '□'
            | '☆'
            | '★'
            | '※'
            | '►'
            | '▶'
            | '▷'
            | '→'
            | '➢'
            | '➤'
            | '✓'
            | '✔'
    )
}

/// A sign of a number before one.
fn is_numeral(c: char) -> bool {
    matches!(
        c,
        '0'..='9' | '０'..='９' | '〇' | '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '百'
    )
}

/// Whether a line begins as an entry of a list does.
fn is_listed(text: &str) -> bool {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return false };
    if is_bullet(first) {
        return characters.next().is_some_and(|c| c != first);
    }
    if ('①'..='⓿').contains(&first) || ('❶'..='➓').contains(&first) {
        return true;
    }
    let bracket = matches!(first, '(' | '（' | '[' | '【');
    let rest = if bracket { characters.as_str() } else { text };
    let number = rest.trim_start_matches(is_numeral);
    let digits = rest.len() - number.len();
    let mut behind = number.chars();
    let Some(sign) = behind.next().filter(|_| (1..=9).contains(&digits)) else { return false };
    match sign {
        ')' | '）' | ']' | '】' | '、' => true,
        '.' | '．' => !behind.next().is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

/// Whether a line is drawn, as the borders of a table, the strings of a guitar and boxes are: signs for the half of it,
/// and two at least where lines meet. A line of dashes alone parts paragraphs.
fn is_drawn(text: &str) -> bool {
    let joint = |c: char| matches!(c, '|' | '+' | '\u{2502}'..='\u{254B}' | '\u{2551}'..='\u{256C}');
    if text.chars().filter(|c| joint(*c)).nth(1).is_none() {
        return false;
    }
    let (mut all, mut signs) = (0, 0);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        all += 1;
        signs += usize::from(matches!(c, '-' | '=' | '_' | '~' | '\u{2500}'..='\u{257F}') || joint(c));
    }
    all >= DRAWN && signs * 2 >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_begin_as_lists_do() {
        for yes in ["- a", "• 一", "1. x", "12、第", "一、总则", "（三）其他", "① 首", "[2] 参考", "(4) d", "★推荐"]
        {
            assert!(is_listed(yes), "{yes}");
        }
        for no in ["一天早上", "3.5 公里", "2020年", "---", "**粗体**", "（注）", "abc", "十分好"] {
            assert!(!is_listed(no), "{no}");
        }
    }

    #[test]
    fn ends_of_lines() {
        let of = |line: &str| {
            let mut found = Found::default();
            ends(line, line.trim(), 9, 9, &mut found);
            (found.terminal, found.ended, found.ellipses, found.c4)
        };
        assert_eq!(of("他说：“好。”"), (0, 1, 0, 1));
        assert_eq!(of("好。 "), (0, 1, 0, 1));
        assert_eq!(of("好……"), (0, 1, 1, 0));
        assert_eq!(of("Good."), (1, 1, 0, 1));
        assert_eq!(of("一个标题..."), (1, 0, 1, 0));
        assert_eq!(of("标题"), (0, 0, 0, 0));
        assert_eq!(of("逗号，"), (0, 0, 0, 0));
    }
}
