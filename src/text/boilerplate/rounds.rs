//! The rounds of a cleaning: what is cut makes other lines the edge of the text, and other ends the ends of lines.
//!
//! A round looks at the lines that the one before has changed, at the edge, and at what stands beside these. So a text
//! that is boilerplate all over costs no more for each of its lines than one that has none.

use std::borrow::Cow;

use aho_corasick::AhoCorasick;

use super::Place;

/// Lines at the beginning of a text that are its edge.
const FIRST: usize = 6;
/// Lines at the end of a text that are its edge.
const LAST: usize = 10;

/// What says what goes of a line.
pub(super) trait Judge {
    /// The words of which a line that loses something has one; none without patterns.
    fn words(&self) -> Option<&AhoCorasick>;

    /// What a pattern takes of a line that is not blank: one of the first or last ones (`edge`), or the very last one.
    fn judge(&self, line: &str, facts: &Facts, edge: bool, last: bool) -> Option<Found>;

    /// Whether a pattern is words without a gap; and where it cuts, as it takes this.
    fn is_word(&self, pattern: usize, text: &str) -> (bool, Place);
}

/// No line, and no hit.
const NONE: u32 = u32::MAX;

/// What a pattern takes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// All of it; the pattern.
    Whole(usize),
    /// What begins at this byte of it; the pattern.
    Tail(usize, usize),
}

/// Where things stand in a line that say whether its beginning, of any length, is code or has the word of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Behind the first word of a pattern.
    word: usize,
    /// The first character that is no white space.
    lead: usize,
    /// The first `](`.
    link: Option<usize>,
    /// The first backtick.
    tick: Option<usize>,
    /// The first byte beyond ASCII.
    wide: Option<usize>,
}

impl Facts {
    /// The facts of a line with the word of a pattern, which ends at byte `word`.
    pub(super) fn of(line: &str, word: usize) -> Facts {
        Facts {
            word,
            lead: line.len() - line.trim_start().len(),
            link: line.find("]("),
            tick: line.find('`'),
            wide: line.bytes().position(|b| b >= 0x80),
        }
    }

    /// Whether the line, which may have lost its end since, is rather code or markup than text.
    pub(super) fn is_code(&self, line: &str) -> bool {
        let start = &line[self.lead.min(line.len())..];
        let within = |at: Option<usize>, len: usize| at.is_some_and(|at| at + len <= line.len());
        // A heading stays: its section does.
        start.starts_with('#')
            || line.starts_with("    ") && !within(self.wide, 1)
            || within(self.link, 2)
            || within(self.tick, 1)
            || start.starts_with("//")
            || line.ends_with(['{', ';'])
    }
}

/// A line of the text.
struct Line {
    start: usize,
    /// It loses ends.
    end: usize,
    /// The lines before and behind it that are not blank.
    before: u32,
    behind: u32,
    /// Its number among the hits.
    hit: u32,
    /// Whether it is written.
    kept: bool,
    /// Whether it is one of those that are not blank.
    listed: bool,
    edge: bool,
}

/// A line with the word of a pattern.
struct Hit {
    facts: Facts,
    /// Whether it was the edge, and the last line, when it was looked at; none where it has changed since.
    seen: Option<(bool, bool)>,
    found: Option<Found>,
}

/// A text on its way.
struct Rounds<'a, J> {
    judge: &'a J,
    text: &'a str,
    lines: Vec<Line>,
    hits: Vec<Hit>,
    /// How many lines are not blank; the first and the last one.
    filled: usize,
    first: u32,
    last: u32,
    /// No line from here on is written.
    shown: usize,
}

/// The text without boilerplate.
pub(super) fn clean<'a, J: Judge>(judge: &J, text: &'a str) -> Cow<'a, str> {
    if !judge.words().is_some_and(|words| words.is_match(text)) {
        return Cow::Borrowed(text);
    }
    let mut rounds = Rounds::new(judge, text);
    let mut due = (0..rounds.lines.len() as u32).filter(|id| rounds.lines[*id as usize].hit != NONE).collect();
    let mut changed = false;
    loop {
        let cuts = rounds.cuts(due);
        if cuts.is_empty() {
            return if changed { Cow::Owned(rounds.written()) } else { Cow::Borrowed(text) };
        }
        changed = true;
        due = rounds.cut(&cuts);
    }
}

impl<'a, J: Judge> Rounds<'a, J> {
    fn new(judge: &'a J, text: &'a str) -> Rounds<'a, J> {
        let mut rounds =
            Rounds { judge, text, lines: Vec::new(), hits: Vec::new(), filled: 0, first: NONE, last: NONE, shown: 0 };
        let mut start = 0;
        for line in text.split('\n') {
            rounds.add(line, start);
            start += line.len() + 1;
        }
        rounds.shown = rounds.lines.len();
        rounds
    }

    fn add(&mut self, line: &str, start: usize) {
        let id = self.lines.len() as u32;
        let listed = !line.trim().is_empty();
        let word = self.judge.words().and_then(|words| words.find(line)).filter(|_| listed);
        let hit = word.map_or(NONE, |_| self.hits.len() as u32);
        self.hits.extend(word.map(|word| Hit { facts: Facts::of(line, word.end()), seen: None, found: None }));
        let end = start + line.len();
        let before = if listed { self.last } else { NONE };
        self.lines.push(Line { start, end, before, behind: NONE, hit, kept: true, listed, edge: false });
        if listed {
            match self.lines.get_mut(before as usize) {
                Some(line) => line.behind = id,
                None => self.first = id,
            }
            self.last = id;
            self.filled += 1;
        }
    }

    fn found(&self, id: u32) -> Option<Found> {
        let hit = self.lines.get(id as usize)?.hit;
        self.hits.get(hit as usize)?.found
    }

    /// The lines of which a round cuts something, of those that may have come to it since the round before.
    fn cuts(&mut self, mut due: Vec<u32>) -> Vec<u32> {
        self.edge(&mut due);
        for id in &due {
            self.look(*id);
        }
        // What stands beside a line may be alone no longer.
        for at in 0..due.len() {
            let line = &self.lines[due[at] as usize];
            due.extend([line.before, line.behind].iter().filter(|id| **id != NONE));
        }
        due.sort_unstable();
        due.dedup();
        due.retain(|id| self.lines[*id as usize].listed && self.found(*id).is_some_and(|cut| !self.alone(*id, cut)));
        due
    }

    /// Adds the first and the last lines.
    fn edge(&mut self, due: &mut Vec<u32>) {
        for (mut id, most, back) in [(self.first, FIRST, false), (self.last, LAST, true)] {
            for _ in 0..most {
                let Some(line) = self.lines.get_mut(id as usize) else {
                    break;
                };
                line.edge = true;
                due.push(id);
                id = if back { line.before } else { line.behind };
            }
        }
    }

    /// Asks the patterns about a line, where something about it is new.
    fn look(&mut self, id: u32) {
        let line = &self.lines[id as usize];
        // A text of a line or two has no edge.
        let edge = line.edge && self.filled > 2;
        let how = (edge, edge && id == self.last);
        let Some(hit) = self.hits.get_mut(line.hit as usize).filter(|hit| hit.seen != Some(how)) else {
            return;
        };
        let text = &self.text[line.start..line.end];
        hit.seen = Some(how);
        hit.found = if line.listed && hit.facts.word <= text.len() {
            self.judge.judge(text, &hit.facts, how.0, how.1)
        } else {
            None
        };
    }

    /// Whether what a pattern takes is a word alone (`图片`, `Help`, `- Read more`): it may be a heading or an item, and goes
    /// with others, or at the very edge unless it may be a title.
    fn alone(&self, id: u32, found: Found) -> bool {
        let line = &self.lines[id as usize];
        let (from, pattern) = match found {
            Found::Whole(pattern) => (line.start, pattern),
            Found::Tail(from, pattern) => (line.start + from, pattern),
        };
        let text = self.text[from..line.end].trim_start();
        let (word, place) = self.judge.is_word(pattern, text);
        if !word {
            return false;
        }
        let item = text.starts_with(['-', '*', '•', '·', '+']) || text.starts_with(|c: char| c.is_ascii_digit());
        let beside = |id: u32| (id == NONE && place != Place::Menu) || self.found(id).is_some();
        (place != Place::Any || item) && !beside(line.before) && !beside(line.behind)
    }

    /// Cuts what was found of these lines, and says which ones have changed, or stand beside other lines now.
    fn cut(&mut self, cuts: &[u32]) -> Vec<u32> {
        let mut due = Vec::new();
        for id in cuts {
            let found = self.found(*id);
            let line = &mut self.lines[*id as usize];
            match found {
                Some(Found::Tail(from, _)) => {
                    line.end = line.start + from;
                    if self.text[line.start..line.end].trim().is_empty() {
                        self.unlist(*id, &mut due);
                    } else {
                        self.changed(*id, &mut due);
                    }
                }
                _ => {
                    line.kept = false;
                    self.unlist(*id, &mut due);
                }
            }
        }
        self.trim(&mut due);
        due
    }

    fn changed(&mut self, id: u32, due: &mut Vec<u32>) {
        due.push(id);
        if let Some(hit) = self.hits.get_mut(self.lines[id as usize].hit as usize) {
            hit.seen = None;
        }
    }

    /// Takes a line out of those that are not blank.
    fn unlist(&mut self, id: u32, due: &mut Vec<u32>) {
        let line = &mut self.lines[id as usize];
        let (before, behind) = (line.before, line.behind);
        line.listed = false;
        match self.lines.get_mut(before as usize) {
            Some(line) => line.behind = behind,
            None => self.first = behind,
        }
        match self.lines.get_mut(behind as usize) {
            Some(line) => line.before = before,
            None => self.last = before,
        }
        self.filled -= 1;
        due.extend([before, behind].iter().filter(|id| **id != NONE));
    }

    /// Takes blank lines and spaces off the end.
    fn trim(&mut self, due: &mut Vec<u32>) {
        while let Some(line) = self.shown.checked_sub(1).map(|at| &mut self.lines[at]) {
            let text = &self.text[line.start..line.end];
            let length = text.trim_end_matches(' ').len();
            if line.kept && length > 0 {
                if length < text.len() {
                    line.end = line.start + length;
                    let id = self.shown as u32 - 1;
                    self.changed(id, due);
                }
                return;
            }
            line.kept = false;
            self.shown -= 1;
        }
    }

    fn written(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for (at, line) in self.lines[..self.shown].iter().filter(|line| line.kept).enumerate() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(&self.text[line.start..line.end]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cutter, EN, ZH, parse};
    use super::*;

    /// The same without a memory: every line is looked at in every round.
    fn plain(cutter: &Cutter, text: &str) -> String {
        let words = cutter.words.as_ref().unwrap();
        let mut text = text.to_owned();
        loop {
            let mut lines = Vec::new();
            let mut start = 0;
            for line in text.split('\n') {
                lines.push((start, start + line.len()));
                start += line.len() + 1;
            }
            lines.retain(|(start, end)| !text[*start..*end].trim().is_empty());
            let count = lines.len();
            let look = |(rank, (start, end)): (usize, &(usize, usize))| {
                let edge = count > 2 && (rank < FIRST || rank + LAST >= count);
                let line = &text[*start..*end];
                let facts = Facts::of(line, words.find(line)?.end());
                cutter.judge(line, &facts, edge, edge && rank + 1 == count)
            };
            let found: Vec<Option<Found>> = lines.iter().enumerate().map(look).collect();
            let (mut out, mut from, mut cut) = (String::new(), 0, false);
            for (rank, (start, end)) in lines.iter().enumerate() {
                let (at, pattern, behind) = match found[rank] {
                    Some(Found::Whole(pattern)) => (*start, pattern, (*end + 1).min(text.len())),
                    Some(Found::Tail(at, pattern)) => (start + at, pattern, *end),
                    None => continue,
                };
                let number = pattern;
                let pattern = &cutter.patterns[number];
                let piece = text[at..behind].trim_start();
                let item =
                    piece.starts_with(['-', '*', '•', '·', '+']) || piece.starts_with(|c: char| c.is_ascii_digit());
                let end = cutter.is_word(number, piece.trim_end()).1 != Place::Menu;
                let beside =
                    |rank: Option<usize>| rank.map_or(end, |rank| found.get(rank).map_or(end, |found| found.is_some()));
                let word = (pattern.place != Place::Any || item) && !pattern.text.contains('*');
                if word && !beside(rank.checked_sub(1)) && !beside(Some(rank + 1)) {
                    continue;
                }
                out.push_str(&text[from..at]);
                (from, cut) = (behind, true);
            }
            if !cut {
                return text;
            }
            out.push_str(&text[from..]);
            text = out.trim_end_matches(['\n', ' ']).to_owned();
        }
    }

    #[test]
    fn rounds_with_a_memory_cut_the_same() {
        let cutter = Cutter::new([parse(ZH).unwrap(), parse(EN).unwrap()].concat());
        let pieces = "首页|新闻|Help|展开全文|责任编辑：甲|（责任编辑：乙）|来源：丙|上一篇：丁|- Read more|* Help|1 图片|正文在此。|\
            正文，很长。展开全文|一句。首页|一句。（图片）|一句。首页。新闻|`首页`|# 首页|[图](a)。首页|x;|首页;|\u{3000}| |  |\t|\
            |教育|Search|正文。 |甲。首页 |                              （首页）|Share this|Home|the text.|// 首页|    Help";
        let pieces: Vec<&str> = pieces.split('|').map(|p| p.trim_start_matches("            ")).collect();
        let mut state = 5u64;
        let mut next = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        for round in 0..4_000 {
            let lines: Vec<&str> = (0..next(8 + round % 40)).map(|_| pieces[next(pieces.len())]).collect();
            let text = lines.join("\n");
            assert_eq!(cutter.clean(&text), plain(&cutter, &text), "{text:?}");
        }
    }
}
