//! What a text looks like, as numbers: the signals by which Gopher, C4, FineWeb, DCLM, Dolma, RedPajama-V2 and
//! Data-Juicer tell good text from bad, and those that Chinese needs; each defined once, in [`signal`].
//!
//! One pass over the characters (`page`), one over the units for what repeats (`repetition`), one search for words of
//! lists ([`terms`]). A [`Meter`] keeps its tables from text to text.

mod brackets;
mod cohesion;
mod counter;
mod disorder;
mod keyword;
mod lines;
mod linked;
mod mash;
mod neighbours;
mod notice;
mod page;
pub mod pairs;
pub mod properties;
mod reach;
pub mod reference;
mod repetition;
mod sense;
pub mod signal;
mod stretches;
mod tally;
pub mod terms;
mod units;
mod unlikely;
mod variants;
mod visitor;

use page::Page;
use properties::*;
use repetition::Repetition;
use signal::{COUNT, Group, Groups, Signal};
use units::Units;

/// The values of one text, by number of the signal; not a number where there is none.
#[derive(Clone, Debug)]
pub struct Values(pub [f64; COUNT]);

impl Values {
    /// The value of a signal.
    pub fn get(&self, signal: Signal) -> Option<f64> {
        Some(self.0[signal as usize]).filter(|v| !v.is_nan())
    }

    fn set(&mut self, signal: Signal, value: f64) {
        self.0[signal as usize] = value;
    }

    /// `part` by `whole`; 0 where there is no whole.
    fn share(&mut self, signal: Signal, part: u64, whole: u64) {
        self.set(signal, if whole == 0 { 0.0 } else { part as f64 / whole as f64 });
    }
}

/// Measures texts.
#[derive(Default)]
pub struct Meter {
    page: Page,
    units: Units,
    repetition: Repetition,
    counts: Vec<u32>,
    found: terms::Found,
    keyword: keyword::Keyword,
}

/// Bytes of a text that are measured: a longer one is judged by its beginning.
pub const LONGEST: usize = 4 << 20;
/// Sizes of n-grams of words, and of characters: ten are some six words. What the
/// shorter ones tell of words, letters that form them tell of no text.
const WORDS: [usize; 9] = [2, 3, 4, 5, 6, 7, 8, 9, 10];
const TEN: usize = 10;
const THIRTEEN: usize = 13;

impl Meter {
    /// Measures a text. `words` are its words, where they are to be counted in; without them Chinese is counted in
    /// characters, and all else in Unicode's words.
    pub fn measure(&mut self, text: &str, words: Option<&[&str]>) -> Values {
        self.measure_some(text, words, Groups::ALL)
    }

    /// Measures the signals of some groups; the others have no value.
    pub fn measure_some(&mut self, text: &str, words: Option<&[&str]>, groups: Groups) -> Values {
        let mut values = Values([f64::NAN; COUNT]);
        let text = &text[..text.floor_char_boundary(LONGEST)];
        self.page.read(text, groups);
        let chinese = self.page.with(HAN) * 5 >= self.page.with(ROMAN) && self.page.with(HAN) > 0;
        let characters = words.is_none() && chinese;
        let ngrams = groups.has(Group::Grams).then_some(&mut self.repetition);
        if groups.has(Group::Units) || groups.has(Group::Grams) {
            match words {
                Some(words) => self.units.of_words(words, chinese, ngrams),
                None if chinese => self.units.of_characters(&self.page.tally.found),
                None => self.units.of_text(text, ngrams),
            }
        }
        if groups.has(Group::Characters) {
            self.characters(&mut values);
            self.chinese(&mut values);
        }
        if groups.has(Group::Pairs) {
            self.pairs(&mut values);
        }
        let found = &self.page.found;
        if groups.has(Group::Segments) {
            values.share(Signal::DupSegments, found.in_segments, found.characters);
        }
        if groups.has(Group::Lines) {
            self.lines(&mut values);
        }
        if groups.has(Group::Repeats) {
            self.repeats(&mut values);
        }
        if groups.has(Group::Terms) {
            self.terms(&mut values);
        }
        if groups.has(Group::Stretches) {
            self.stretches(text, &mut values);
        }
        if groups.has(Group::Places) {
            self.places(&mut values);
            self.disorder(groups, &mut values);
        }
        if groups.has(Group::Units) {
            self.unit_signals(characters, &mut values);
        }
        self.repetition_signals(characters, groups, &mut values);
        values
    }

    fn pairs(&self, values: &mut Values) {
        let found = &self.page.found;
        values.share(Signal::KnownPairs, found.known, found.pairs);
        values.share(Signal::OddPairs, found.odd, found.sides);
    }

    fn characters(&self, values: &mut Values) {
        let page = &self.page;
        let all = page.found.characters;
        let letters = page.with(LETTER);
        values.share(Signal::LetterRatio, letters, all);
        values.share(Signal::AlnumRatio, page.with(LETTER | NUMBER), all);
        values.share(Signal::NumberRatio, page.with(NUMBER), all);
        values.share(Signal::UpperRatio, page.with(UPPER), all);
        values.share(Signal::SpecialRatio, page.with(SPECIAL), all);
        values.share(Signal::MarkRatio, page.with(MARK), all);
        values.share(Signal::BrokenRatio, page.with(BROKEN), all);
        values.share(Signal::DividerRatio, page.with(DIVIDER), all);
        values.share(Signal::UnpairedSigns, page.found.unpaired, all);
        values.share(Signal::SignRuns, page.found.in_runs, all);
        values.set(Signal::Curly, page.found.curly as f64);
        values.set(Signal::Sentences, page.found.sentences as f64);
        values.share(Signal::MeanSentence, all, page.found.sentences);
    }

    fn chinese(&self, values: &mut Values) {
        let page = &self.page;
        let han = page.with(HAN);
        let (simplified, traditional) = (page.with(SIMPLIFIED), page.with(TRADITIONAL));
        let filled = page.found.characters - page.with(BLANK);
        values.share(Signal::HanRatio, han, filled);
        values.share(Signal::TraditionalRatio, traditional, simplified + traditional);
        values.share(Signal::MixedScript, traditional.min(simplified), simplified + traditional);
        let mixed = if traditional.min(simplified) > 0 { variants::mixed(&page.codes) } else { 0 };
        values.share(Signal::MixedLines, mixed, simplified + traditional);
        for (signal, flag) in [
            (Signal::RareRatio, RARE),
            (Signal::FrequentRatio, FREQUENT),
            (Signal::ClassicalRatio, CLASSICAL),
            (Signal::ModernRatio, MODERN),
            (Signal::CantoneseRatio, CANTONESE),
            (Signal::MisreadRatio, MISREAD),
        ] {
            values.share(signal, page.with_all(flag | HAN), han);
        }
        values.share(Signal::HalfWidthSigns, page.found.half, page.found.half + page.found.full);
        values.set(Signal::LongestHan, page.found.longest_han as f64);
        values.share(Signal::SignRatio, page.with(CHINESE_SIGN), han);
    }

    fn lines(&self, values: &mut Values) {
        let (lines, all) = (&self.page.lines.found, self.page.found.characters);
        let filled = lines.filled;
        let with_blank = lines.all - u64::from(lines.trailing);
        values.set(Signal::Lines, filled as f64);
        values.share(Signal::MeanLine, all, with_blank);
        values.set(Signal::MaxLine, lines.longest as f64);
        for (signal, part) in [
            (Signal::LinesUpTo10, lines.upto_10),
            (Signal::LinesUpTo30, lines.upto_30),
            (Signal::TerminalLines, lines.terminal),
            (Signal::EndedLines, lines.ended),
            (Signal::ListLines, lines.listed),
            (Signal::C4Lines, lines.c4),
            (Signal::CapsLines, lines.caps),
            (Signal::NumberLines, lines.numbers),
        ] {
            values.share(signal, part, filled);
        }
        values.share(Signal::EndedChars, lines.ended_characters, lines.characters);
        values.share(Signal::BulletLines, lines.bullets, with_blank);
        values.share(Signal::EllipsisLines, lines.ellipses, with_blank);
        values.share(Signal::CodeRatio, lines.code, all);
    }

    fn repeats(&mut self, values: &mut Values) {
        let (lines, all) = (&self.page.lines.found, self.page.found.characters);
        values.share(Signal::LikeStarts, lines.alike, lines.filled);
        values.share(Signal::DupLines, lines.repeated, lines.filled);
        values.share(Signal::DupLineChars, lines.repeated_characters, all);
        values.share(Signal::FinewebDup, lines.repeated_characters, all - (lines.all - 1));
        values.share(Signal::DupParagraphs, lines.repeated_paragraphs, lines.paragraphs);
        values.share(Signal::DupParagraphChars, lines.repeated_paragraph_characters, all);
    }

    fn terms(&mut self, values: &mut Values) {
        terms::terms().find(&self.page.codes, &mut self.found);
        let all = self.page.found.characters;
        for (signal, kind) in [
            (Signal::AdRatio, 0),
            (Signal::ContactRatio, 1),
            (Signal::GamblingRatio, 2),
            (Signal::AdultRatio, 3),
            (Signal::SeoRatio, 4),
            (Signal::BoilerplateRatio, 5),
            (Signal::PlaceholderRatio, 6),
            (Signal::ReportRatio, terms::REPORT),
        ] {
            values.share(signal, self.found.characters[kind], all);
        }
        let ties = self.page.with_all(FUNCTION | HAN).saturating_sub(self.found.content);
        values.share(Signal::FunctionRatio, ties, self.page.with(HAN));
        values.set(Signal::SpamTerms, self.found.spam as f64);
        let spam = self.found.characters[..terms::SPAM].iter().sum();
        values.share(Signal::SpamRatio, spam, all);
        let sales = spam + self.found.characters[terms::SALES];
        values.share(Signal::SalesRatio, 4 * sales + self.found.characters[terms::SERVICE], 4 * all);
        values.set(Signal::DensestOffer, self.found.densest() as f64 / 4.0);
        values.share(Signal::MojibakeRatio, self.page.found.mojibake + self.found.characters[terms::MOJIBAKE], all);
        values.set(Signal::PolicyLines, self.found.policy_lines as f64);
    }

    fn stretches(&self, text: &str, values: &mut Values) {
        let all = self.page.found.characters;
        values.share(Signal::LinkRatio, stretches::links(text), all);
        values.share(Signal::MarkupRatio, stretches::markup(text), all);
        // Text in sentences is no page of links, however many it has.
        let lines = &self.page.lines.found;
        let sentences = lines.ended_characters * 10 >= lines.characters * 3;
        values.share(Signal::LinkedChars, if sentences { 0 } else { linked::linked(text) }, all);
        values.share(Signal::FormulaRatio, self.page.found.formula + stretches::operators(&self.page.codes), all);
    }

    /// What stands beside what: triples of characters, specks, lines of one length; numbers and what is said around them.
    fn places(&mut self, values: &mut Values) {
        let (codes, all) = (&self.page.codes, self.page.found.characters);
        let found = neighbours::neighbours(self.page.forms());
        values.share(Signal::OddTriples, found.odd, found.all);
        values.share(Signal::StraySigns, found.specks, found.all);
        values.share(Signal::EvenLines, found.even, found.lines);
        // Who sells in Chinese speaks it; code has numbers and names of its own.
        let spoken = self.page.with(HAN) * 5 >= all * 2;
        let found = if spoken { reach::reach(codes, &mut self.found) } else { reach::Found::default() };
        values.share(Signal::ReachRatio, found.reach, all);
        values.set(Signal::Pitches, found.pitches as f64);
        values.share(Signal::VisitorRatio, visitor::visitor(codes), all);
        let found = unlikely::unlikely(self.page.forms());
        values.share(Signal::UnlikelyPairs, found.weight[0], 6 * found.pairs[0]);
        values.share(Signal::UnlikelySkips, found.weight[1] + found.weight[2], 6 * (found.pairs[1] + found.pairs[2]));
        values.share(Signal::LoneHan, found.lone, found.han);
        values.set(Signal::Sense, found.sense);
        values.set(Signal::Recurrence, found.cohesion.0);
        values.set(Signal::LinkedSentences, found.cohesion.1);
        values.set(Signal::UnlikelyWorst, found.worst.0);
        values.set(Signal::LoneWorst, found.worst.1);
        let found = self.keyword.of(codes);
        values.share(Signal::KeywordChars, (2 * found.times).min(found.han), found.han);
        values.share(Signal::KeywordClauses, found.with, found.clauses);
        let (part, looked) = mash::mash(codes);
        values.share(Signal::MashRatio, part, looked);
        let (part, looked) = notice::notice(codes);
        values.share(Signal::NoticeRatio, part, looked);
    }

    /// How much speaks for a random order. The signals of other groups are measured for it alone where nobody asked.
    fn disorder(&self, groups: Groups, values: &mut Values) {
        let mut all = values.clone();
        if !groups.has(Group::Characters) {
            self.characters(&mut all);
            self.chinese(&mut all);
        }
        if !groups.has(Group::Lines) {
            self.lines(&mut all);
        }
        if !groups.has(Group::Pairs) {
            self.pairs(&mut all);
        }
        let filled = self.page.found.characters - self.page.with(BLANK);
        values.set(Signal::Disorder, disorder::disorder(&all.0, filled));
    }

    fn unit_signals(&mut self, characters: bool, values: &mut Values) {
        let found = &self.units.found;
        let units = found.units;
        values.set(Signal::Units, units as f64);
        values.share(Signal::MeanUnit, found.characters, units);
        values.share(Signal::UniqueUnits, found.different, units);
        values.set(Signal::Entropy, found.entropy);
        // Of characters, the letters have been counted.
        let letters = if characters { self.page.with(LETTER) } else { found.lettered };
        values.share(Signal::LetterUnits, letters, units);
        values.set(Signal::StopWords, f64::from(found.stops));
        values.share(Signal::NewlinesPerUnit, self.page.lines.breaks(), units);
        values.share(Signal::HashPerUnit, self.page.found.hashes, units);
        values.share(Signal::EllipsisPerUnit, self.page.found.ellipses, units);
    }

    /// n-grams: `characters` says whether those of units are of characters.
    fn repetition_signals(&mut self, characters: bool, groups: Groups, values: &mut Values) {
        const DUP: [Signal; 6] = [Signal::Dup5, Signal::Dup6, Signal::Dup7, Signal::Dup8, Signal::Dup9, Signal::Dup10];
        const TOP: [Signal; 3] = [Signal::Top2, Signal::Top3, Signal::Top4];
        let all = self.page.found.characters;
        let spaced = u64::from(!characters && self.units.found.spaced);
        let ngrams = |repetition: &Repetition, size: u64| (repetition.units() as u64 + 1).saturating_sub(size);
        let set = |size: usize, found: repetition::Size, values: &mut Values| {
            if let Some(signal) = size.checked_sub(2).and_then(|n| TOP.get(n)) {
                let between = (size as u64 - 1) * spaced * u64::from(found.times);
                values.share(*signal, found.top + between, all);
            } else if let Some(signal) = size.checked_sub(5).and_then(|n| DUP.get(n)) {
                values.share(*signal, found.duplicate, all);
            }
        };
        let grams = groups.has(Group::Grams);
        if grams && !characters {
            self.repetition.measure(&WORDS, 0, &mut self.counts, |size, found| set(size, found, values));
        }
        let wanted = [(TEN, groups.has(Group::Tens) || grams && characters), (THIRTEEN, groups.has(Group::Thirteens))];
        let sizes: Vec<usize> = wanted.iter().filter(|size| size.1).map(|size| size.0).collect();
        if sizes.is_empty() {
            return;
        }
        self.repetition.characters(self.page.codes.iter().map(|c| c & tally::CODE));
        self.counts.clear();
        let (tens, thirteens) = (ngrams(&self.repetition, 10), ngrams(&self.repetition, 13));
        let mut repeated = 0;
        self.repetition.measure(&sizes, TEN, &mut self.counts, |size, found| {
            if characters && grams {
                set(size, found, values);
            }
            match size {
                TEN => repeated = found.repeated,
                THIRTEEN => values.share(Signal::CharDup13, found.repeated, thirteens),
                _ => {}
            }
        });
        if groups.has(Group::Tens) {
            values.set(Signal::CharRep10, most_frequent(&mut self.counts, repeated, tens));
        }
    }
}

/// Data-Juicer's share: n-grams of the most frequent kinds, as many as the root of the number of kinds, of those that
/// repeat; `counts` says how often each of these comes, `repeated` their sum, `all` the number of n-grams.
fn most_frequent(counts: &mut [u32], repeated: u64, all: u64) -> f64 {
    if all == 0 {
        return 0.0;
    }
    let kinds = all - repeated + counts.len() as u64;
    let most = (kinds.isqrt() as usize).min(counts.len());
    if most == 0 {
        return 0.0;
    }
    counts.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
    counts[..most].iter().map(|c| u64::from(*c)).sum::<u64>() as f64 / all as f64
}

#[cfg(test)]
mod tests;
