//! The one pass over the characters of a text: it counts properties, and looks at signs, stretches between them, and lines.

use xxhash_rust::xxh3::xxh3_64;

use super::brackets::Brackets;
use super::counter::Counter;
use super::lines::Lines;
use super::pairs::{SIDE, pairs};
use super::properties::{
    ASCII_SIGN, BLANK, CHINESE_SIGN, END, EVENT, HAN, LEAD, MARK, OTHER_SIGN, PARTING, Properties, TRADITIONAL, TRAIL,
    properties,
};
use super::signal::{Group, Groups};
use super::tally::{CODE, Tally, entry};
use super::variants::unify;

const SIGN: u32 = ASCII_SIGN | CHINESE_SIGN | OTHER_SIGN;
/// Characters of the shortest run of signs that counts.
const RUN: usize = 4;
/// Characters of the stretches between signs that may be keywords.
const SEGMENT: std::ops::RangeInclusive<usize> = 2..=24;
/// Characters between dollar signs that may be a formula.
const FORMULA: usize = 200;

/// What was found in a text.
#[derive(Default)]
pub struct Page {
    /// How often each character comes.
    pub tally: Tally,
    /// Properties of the numbers that the text has, and how many characters of each.
    present: Vec<(u32, u64)>,
    /// The characters, each with its number above the 21 bits of its code.
    pub codes: Vec<u32>,
    /// The same in the form by which lists are looked up, where that may be another one.
    forms: Vec<u32>,
    /// What is counted on the way.
    pub found: Found,
    /// The lines.
    pub lines: Lines,
    segments: Counter,
    wants_segments: bool,
}

/// What is counted on the way, in characters unless said otherwise.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct Found {
    pub characters: u64,
    /// Pairs of neighbouring Han, and those that words are made of.
    pub pairs: u64,
    pub known: u64,
    /// Pairs of Han, or of Han and a sign that parts, and those that text hardly has.
    pub sides: u64,
    pub odd: u64,
    pub longest_han: u64,
    pub sentences: u64,
    pub hashes: u64,
    /// Runs.
    pub ellipses: u64,
    pub curly: u64,
    pub half: u64,
    pub full: u64,
    pub unpaired: u64,
    pub in_runs: u64,
    pub in_segments: u64,
    pub mojibake: u64,
    pub formula: u64,
    brackets: Brackets,
    run: usize,
    dots: usize,
    last_sign: Option<char>,
    sentence: usize,
}

/// Where the pass is in a line.
struct Place {
    /// Characters since the start of the line.
    at: usize,
    /// Characters up to the last event.
    event: usize,
    /// Where the stretch begins that a sign ends: byte and character.
    segment: (usize, usize),
    /// Whether the character before was Han.
    han: bool,
    /// Signs of code.
    code: u32,
    /// Characters up to the dollar sign that opens a formula.
    dollar: Option<(usize, usize)>,
}

impl Page {
    /// Looks at a text, for the signals of these groups.
    pub fn read(&mut self, text: &str, groups: Groups) {
        self.codes.clear();
        self.codes.reserve(text.len());
        self.tally.start(text.len());
        self.found = Found::default();
        self.wants_segments = groups.has(Group::Segments);
        if self.wants_segments {
            self.segments.reset(text.len() / 12 + 16);
        }
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        self.lines.start(breaks + 1, groups.has(Group::Repeats));
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
            self.line(&text[start..end]);
            start = end + 1;
        }
        self.line(&text[start..]);
        self.found.characters += breaks as u64;
        self.close_run();
        self.found.unpaired = self.found.brackets.unpaired();
        self.lines.end();
        self.present.clear();
        let counts = properties().of.iter().zip(self.tally.finish()).map(|(flags, count)| (*flags, count));
        self.present.extend(counts.filter(|(_, count)| *count > 0));
        if groups.has(Group::Pairs) || groups.has(Group::Places) {
            self.forms.clear();
            if self.with(TRADITIONAL) > 0 {
                unify(&self.codes, &mut self.forms);
            }
            self.count_pairs();
        }
    }

    /// The characters in the form by which lists of pairs are looked up: simplified.
    pub fn forms(&self) -> &[u32] {
        if self.forms.is_empty() { &self.codes } else { &self.forms }
    }

    /// Counts pairs of neighbouring Han, and of Han and a sign.
    fn count_pairs(&mut self) {
        let (pairs, of) = (pairs(), &properties().of);
        let (mut all, mut known, mut sides, mut odds) = (0, 0, 0, 0);
        let (mut first, mut before) = (0, 0);
        for code in self.forms() {
            let (then, flags) = (code & CODE, of[(code >> 21) as usize]);
            if before & flags & HAN != 0 {
                let (word, odd) = pairs.of(first, then);
                all += 1;
                known += u64::from(word);
                odds += u64::from(odd);
            } else if before & HAN != 0 && flags & PARTING != 0 {
                sides += 1;
                odds += u64::from(pairs.of(first, SIDE).1);
            } else if flags & HAN != 0 && before & PARTING != 0 {
                sides += 1;
                odds += u64::from(pairs.of(SIDE, then).1);
            }
            (first, before) = (then, flags);
        }
        (self.found.pairs, self.found.known, self.found.sides, self.found.odd) = (all, known, sides + all, odds);
    }

    /// Characters with any of the properties.
    pub fn with(&self, flags: u32) -> u64 {
        self.present.iter().filter(|(of, _)| of & flags != 0).map(|(_, count)| count).sum()
    }

    /// Characters with all of the properties.
    pub fn with_all(&self, flags: u32) -> u64 {
        self.present.iter().filter(|(of, _)| of & flags == flags).map(|(_, count)| count).sum()
    }

    fn line(&mut self, line: &str) {
        let properties = properties();
        let (table, of) = (properties.table.borrowed(), &properties.of);
        let mut place = Place { at: 0, event: 0, segment: (0, 0), han: false, code: 0, dollar: None };
        let (mut han, mut upper, mut run) = (0u32, 0u32, 0u32);
        self.found.brackets.line();
        if !self.lines.is_first() {
            self.push('\n', properties.table.get('\n'));
        }
        for (byte, c) in line.char_indices() {
            let number = table.get(c);
            let flags = of[number as usize];
            self.push(c, number);
            if flags & HAN != 0 {
                run += 1;
                place.han = true;
            } else {
                self.found.longest_han = self.found.longest_han.max(u64::from(run));
                (han, run) = (han + run, 0);
                upper += u32::from(flags & super::properties::UPPER != 0);
                if flags & EVENT != 0 {
                    self.event(line, byte, c, flags, &mut place, properties);
                }
                place.han = false;
            }
            place.at += 1;
        }
        self.found.longest_han = self.found.longest_han.max(u64::from(run));
        han += run;
        self.segment(line, line.len(), &place, true);
        self.close_run();
        self.sentence(place.at, place.event);
        self.found.sentence = 0;
        self.found.characters += place.at as u64;
        self.lines.add(line, place.at as u64, han, upper, place.code);
    }

    /// Takes a character with the number of its properties.
    #[inline(always)]
    fn push(&mut self, c: char, number: u8) {
        let entry = entry(c, number);
        self.codes.push(entry);
        self.tally.add(entry);
    }

    /// A sign, a symbol, white space, or the first character of UTF-8 that was read as Latin-1.
    #[inline(never)]
    fn event(&mut self, line: &str, byte: usize, c: char, flags: u32, place: &mut Place, properties: &Properties) {
        let next = byte + c.len_utf8();
        let behind = line[next..].chars().next();
        if flags & LEAD != 0 {
            self.misread(&line[next..], c, properties);
            if flags & (SIGN | BLANK | MARK) == 0 {
                return;
            }
        }
        self.segment(line, byte, place, flags & BLANK == 0);
        if flags & BLANK != 0 {
            self.close_run();
            self.found.sentence += place.at - place.event;
            if place.han || place.event == place.at {
                place.segment = (next, place.at + 1);
            }
            place.event = place.at + 1;
            return;
        }
        place.segment = (next, place.at + 1);
        self.sign(c, place);
        self.found.brackets.sign(c, &line[..byte]);
        if flags & END != 0 || c == '.' && behind.is_none_or(char::is_whitespace) {
            self.sentence(place.at, place.event);
        } else {
            self.found.sentence += place.at - place.event;
        }
        place.code += u32::from(flags & super::properties::CODE != 0);
        if c == '$' {
            self.dollar(line, byte, place);
        }
        place.event = place.at + 1;
    }

    /// Ends a sentence at character `at`, if it has two characters beside signs.
    fn sentence(&mut self, at: usize, event: usize) {
        let characters = self.found.sentence + at.saturating_sub(event);
        self.found.sentences += u64::from(characters >= 2);
        self.found.sentence = 0;
    }

    /// Runs, pairs, and signs that are counted.
    fn sign(&mut self, c: char, place: &Place) {
        let found = &mut self.found;
        let next_to = place.event == place.at && place.at > 0;
        if !next_to {
            found.last_sign = None;
            if found.run >= RUN {
                found.in_runs += found.run as u64;
            }
            (found.run, found.dots) = (0, 0);
        }
        match c {
            '…' => found.ellipses += u64::from(found.last_sign != Some('…')),
            '.' => {
                found.dots = if found.last_sign == Some('.') { found.dots + 1 } else { 1 };
                found.ellipses += u64::from(found.dots == 3);
            }
            '#' => found.hashes += 1,
            '{' => found.curly += 1,
            _ => {}
        }
        found.run += usize::from(c != '…' && c != '—');
        found.last_sign = Some(c);
        match c {
            ',' | '.' | ':' | ';' | '!' | '?' => found.half += u64::from(place.han),
            '，' | '。' | '：' | '；' | '！' | '？' | '、' => found.full += 1,
            _ => {}
        }
    }

    fn close_run(&mut self) {
        if self.found.run >= RUN {
            self.found.in_runs += self.found.run as u64;
        }
        (self.found.run, self.found.dots, self.found.last_sign) = (0, 0, None);
    }

    /// The stretch up to here; one that white space ends is a keyword only behind Han.
    fn segment(&mut self, line: &str, byte: usize, place: &Place, sign: bool) {
        let characters = place.at - place.segment.1;
        if self.wants_segments && (sign || place.han) && SEGMENT.contains(&characters) {
            let hash = xxh3_64(&line.as_bytes()[place.segment.0..byte]);
            if self.segments.add(hash).1 > 1 {
                self.found.in_segments += characters as u64;
            }
        }
    }

    /// Counts what a lead and its trails stand for.
    fn misread(&mut self, rest: &str, c: char, properties: &Properties) {
        let trails = if c < '\u{E0}' { 1 } else { 2 };
        let mut behind = rest.chars().take(trails);
        let all = behind.by_ref().filter(|c| properties.get(*c) & TRAIL != 0).count();
        if all == trails {
            self.found.mojibake += 1 + trails as u64;
        }
    }

    fn dollar(&mut self, line: &str, byte: usize, place: &mut Place) {
        let Some((start, from)) = place.dollar.replace((place.at, byte)) else { return };
        let inside = line[from + 1..byte].trim_matches('$');
        let length = place.at - start + 1;
        if length <= FORMULA && inside.contains(['\\', '^', '_', '=', '{', '+']) {
            self.found.formula += length as u64;
            place.dollar = None;
        }
    }
}
