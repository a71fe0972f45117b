//! What is wrong with a dialogue, message by message: its order, empty and repeated answers, refusals, another language,
//! blanks that were not filled in, endings, leaked prompts, calls of tools, thoughts; and what a pair of answers has in
//! common.
//!
//! Each message is searched once for all phrases ([`patterns`]), and its code ([`code`]) and letters found once.

pub mod alike;
pub mod calls;
pub mod code;
pub mod ending;
pub mod language;
pub mod looping;
pub mod order;
pub mod patterns;
pub mod reasoning;
pub mod refusal;
pub mod signal;
pub mod turn;
pub mod verdict;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, LazyLock};

use xxhash_rust::xxh3::xxh3_64;

use alike::Folded;
use calls::Call;
use code::Code;
use language::Letters;
use patterns::{EN, Found, Kind, Pattern, Phrases, ZH, parse};
use reasoning::{is_silent, thoughts};
use signal::{COUNT, SIGNALS, Signal, Unit};
use turn::{Dialogue, Part, Role, Turn};

/// What letters (Han count two) an answer has at least that is counted as said twice.
const REPEATED: usize = 40;

/// The phrases that are built in.
static PHRASES: LazyLock<Arc<Phrases>> = LazyLock::new(|| Arc::new(Phrases::new(&built_in())));

/// The patterns that are built in.
pub fn built_in() -> Vec<Pattern> {
    // A test reads both files; a line that is wrong would only lose its own file here.
    [ZH, EN].iter().flat_map(|tsv| parse(tsv).unwrap_or_default()).collect()
}

/// Values of signals by number; NaN where a row has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values(pub [f64; COUNT]);

impl Values {
    /// The value of a signal.
    pub fn get(&self, signal: Signal) -> f64 {
        self.0[signal as usize]
    }

    fn set(&mut self, signal: Signal, value: f64) {
        self.0[signal as usize] = value;
    }

    /// Names the message at `at`, counted from 0, where none is named yet.
    fn blame(&mut self, signal: Signal, at: usize) {
        let value = &mut self.0[signal as usize];
        if *value == 0.0 {
            *value = (at + 1) as f64;
        }
    }
}

/// The measuring of dialogues: the phrases that it looks for.
#[derive(Clone, Debug)]
pub struct Meter {
    phrases: Arc<Phrases>,
}

impl Default for Meter {
    fn default() -> Self {
        Meter { phrases: PHRASES.clone() }
    }
}

/// What is known of the messages before the one that is looked at.
#[derive(Default)]
struct Before {
    /// What questions and the system message ask for.
    asked: Found,
    /// The last question: its letters, and its text folded.
    question: Option<(Letters, Folded)>,
    /// Whether the last question has the words of a refusal in it, to be translated or written on.
    sorry: bool,
    /// Whether there are several answers.
    several: bool,
    /// Hashes of answers.
    answers: HashSet<u64>,
}

/// What letters (Han count two) a refusal has at most that gives no reason and offers nothing else.
const BARE: usize = 60;

/// How a refusal begins.
const SORRY: [&str; 8] = ["对不起", "對不起", "抱歉", "不好意思", "遗憾", "sorry", "Sorry", "apolog"];

/// Sums over the messages.
#[derive(Default)]
struct Sums {
    asked: usize,
    answered: usize,
    answers: usize,
    refusals: usize,
    better: Option<usize>,
    worse: Option<usize>,
}

impl Meter {
    /// A meter that looks for these patterns beside those that are built in.
    pub fn with(added: &[Pattern]) -> Meter {
        if added.is_empty() {
            return Meter::default();
        }
        Meter { phrases: Arc::new(Phrases::new(&[built_in(), added.to_vec()].concat())) }
    }

    /// Measures a row.
    pub fn measure(&self, dialogue: &Dialogue<'_>) -> Values {
        let turns = &dialogue.turns;
        let mut values = Values([0.0; COUNT]);
        for (at, about) in SIGNALS.iter().enumerate() {
            values.0[at] = if about.unit == Unit::Number { f64::NAN } else { 0.0 };
        }
        let of = |t: &Turn<'_>| t.calls.filter(|_| t.has_calls()).map_or(Vec::new(), calls::calls);
        let called: Vec<Vec<Call>> = turns.iter().map(of).collect();
        let ids: Vec<Vec<String>> =
            called.iter().map(|calls| calls.iter().map(|call| call.id.clone()).collect()).collect();
        let order = order::order(turns, &ids);
        for (signal, place) in [
            (Signal::WrongOrder, order.wrong),
            (Signal::NoAnswer, order.unanswered),
            (Signal::CallWithoutResult, order.open_call),
            (Signal::ResultWithoutCall, order.lost_result),
        ] {
            values.set(signal, place as f64);
        }
        let several = turns.iter().filter(|t| t.is_taught()).nth(1).is_some();
        let (mut before, mut sums) = (Before { several, ..Before::default() }, Sums::default());
        for (at, turn) in turns.iter().enumerate() {
            self.message(at, turn, &mut before, &mut sums, &mut values);
        }
        tools(dialogue, &called, &mut values);
        pair(turns, &mut values);
        self.needless(turns, &mut values);
        finish(turns, &sums, &mut values);
        values
    }

    /// The phrases of a message, without a refusal that is none.
    fn found(&self, turn: &Turn<'_>, code: &Code) -> Found {
        let mut found = self.phrases.find(turn.content, code);
        if found.has(Kind::Refusal) && refusal::is_none(thoughts(turn.content, code).said) {
            found.remove(Kind::Refusal);
        }
        found
    }

    /// Looks at one message.
    fn message(&self, at: usize, turn: &Turn<'_>, before: &mut Before, sums: &mut Sums, values: &mut Values) {
        let text = turn.content;
        let code = Code::of(text);
        let found = self.found(turn, &code);
        let chars = text.chars().count();
        values.set(Signal::LongestMessage, values.get(Signal::LongestMessage).max(chars as f64));
        if turn.answers() {
            self.answer(at, turn, (&code, found), before, values);
            sums.answers += usize::from(turn.is_taught());
            sums.refusals += usize::from(turn.is_taught() && found.has(Kind::Refusal));
            match turn.part {
                Part::Chosen => *sums.better.get_or_insert(0) += chars,
                Part::Rejected => *sums.worse.get_or_insert(0) += chars,
                Part::Dialogue => {}
            }
            if turn.is_taught() && !(turn.has_calls() && chars == 0) {
                let shortest = values.get(Signal::ShortestAnswer);
                let first = sums.answered == 0 && shortest == 0.0;
                values.set(Signal::ShortestAnswer, if first { chars as f64 } else { shortest.min(chars as f64) });
                sums.answered += chars;
            }
        }
        let speaks = matches!(turn.role, Role::User | Role::Assistant);
        if speaks && !turn.has_calls() && (is_silent(thoughts(text, &code).said) || found.has(Kind::Empty)) {
            values.blame(Signal::EmptyMessage, at);
        }
        if turn.role != Role::Tool {
            marks(at, turn, found, (text, &code), before.asked, values);
        }
        match turn.role {
            Role::System => before.asked.join(found),
            Role::User => {
                before.asked.join(found);
                sums.asked += chars;
                before.question = Some((Letters::of(text, &code), Folded::of(text)));
                before.sorry = SORRY.iter().any(|word| text.contains(word));
            }
            _ => {}
        }
    }

    /// Names a better answer that refuses and says no more, where the worse one answers, and nothing that is said is of harm.
    fn needless(&self, turns: &[Turn<'_>], values: &mut Values) {
        let of = |turn: &Turn<'_>| self.found(turn, &Code::of(turn.content));
        let last = |part| turns.iter().rposition(|t| t.part == part && t.answers());
        let (Some(better), Some(worse)) = (last(Part::Chosen), last(Part::Rejected)) else { return };
        let bare = Folded::of(turns[better].content).weight <= BARE;
        let answered = turns[worse].content.trim().len() > turns[better].content.trim().len();
        if !bare || !answered || !of(&turns[better]).has(Kind::Refusal) || of(&turns[worse]).has(Kind::Refusal) {
            return;
        }
        let harm = turns.iter().any(|turn| of(turn).has(Kind::AsksHarm));
        if !harm {
            values.blame(Signal::NeedlessRefusal, better);
        }
    }

    /// Looks at an answer.
    fn answer(
        &self,
        at: usize,
        turn: &Turn<'_>,
        (code, found): (&Code, Found),
        before: &mut Before,
        values: &mut Values,
    ) {
        let thought = thoughts(turn.content, code);
        if thought.unclosed {
            values.blame(Signal::UnclosedReasoning, at);
        }
        if thought.empty || turn.reasoning.is_some_and(is_silent) {
            values.blame(Signal::EmptyReasoning, at);
        }
        if !turn.is_taught() {
            return;
        }
        for (signal, kind) in
            [(Signal::Refusal, Kind::Refusal), (Signal::AiLine, Kind::AiLine), (Signal::ModelName, Kind::ModelName)]
        {
            // Who is asked to say that he is sorry does not refuse.
            let asked = kind == Kind::Refusal && before.sorry;
            if found.has(kind) && !asked {
                values.blame(signal, at);
            }
        }
        if !before.asked.has(Kind::AsksTemplate) && found.has(Kind::Placeholder) {
            values.blame(Signal::Placeholder, at);
        }
        if !turn.has_calls() && ending::is_truncated(turn.content, code) {
            values.blame(Signal::Truncated, at);
        }
        let folded = Folded::of(thought.said);
        if let Some((letters, question)) = &before.question {
            if alike::echoes(question, &folded, before.asked.has(Kind::AsksText)) {
                values.blame(Signal::Echo, at);
            }
            let said = Letters::of(turn.content, code);
            let free = before.asked.has(Kind::AsksLanguage) || before.asked.has(Kind::AsksLatin) && said.is_latin();
            if !free && said.differ(letters) {
                values.blame(Signal::AnswerLanguage, at);
            }
        }
        let said: Vec<&str> = code.rest(turn.content).collect();
        if !before.asked.has(Kind::AsksText) && looping::turns(&said) {
            values.blame(Signal::LoopingAnswer, at);
        }
        if before.several && folded.weight >= REPEATED && !before.answers.insert(hash(&folded.text)) {
            values.blame(Signal::RepeatedAnswer, at);
        }
    }
}

/// Tokens, templates and variables in a message.
fn marks(at: usize, turn: &Turn<'_>, found: Found, (text, code): (&str, &Code), asked: Found, values: &mut Values) {
    if found.has(Kind::SpecialToken) {
        values.blame(Signal::SpecialToken, at);
    }
    let lines = found.has(Kind::LeakedPrompt) && turn.role != Role::System;
    if lines && !(turn.answers() && asked.has(Kind::AsksDialogue)) {
        values.blame(Signal::LeakedPrompt, at);
    }
    let mut asked = asked;
    asked.join(found);
    if !asked.has(Kind::AsksTemplate) && (found.has(Kind::Unfilled) || variable(text, code)) {
        values.blame(Signal::Unfilled, at);
    }
}

/// Whether a text has `{{name}}` or `${name}` outside of code: a word of letters between the brackets, and no sign of TeX
/// before them.
fn variable(text: &str, code: &Code) -> bool {
    let mut from = 0;
    while let Some(at) = text[from..].find('{').map(|at| from + at) {
        from = at + 1;
        let (double, dollar) = (text[from..].starts_with('{'), text[..at].ends_with('$'));
        // `${{ … }}` is a build script's, which nobody fills in.
        if double == dollar || code.has(at) {
            from += usize::from(double);
            continue;
        }
        let before = text[..at].trim_end_matches('$').chars().next_back();
        let inside = &text[from + usize::from(double)..];
        let close = if double { "}}" } else { "}" };
        let Some(name) = inside.split_once(close).map(|parts| parts.0.trim()) else { return false };
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ');
        let named = (2..=40).contains(&name.chars().count()) && name.chars().all(word);
        // `\frac{{ab}}` and `x^{{ab}}` are formulas.
        let tex = before.is_some_and(|c| matches!(c, '\\' | '^' | '_' | '}') || c.is_ascii_alphanumeric() && double);
        if named && !tex && name.chars().any(char::is_alphabetic) {
            return true;
        }
    }
    false
}

/// Calls of tools that are not on offer, or that no program can read.
fn tools(dialogue: &Dialogue<'_>, called: &[Vec<Call>], values: &mut Values) {
    let names: Option<BTreeSet<String>> = dialogue.tools.and_then(calls::declared);
    values.set(Signal::Tools, names.as_ref().map_or(0, BTreeSet::len) as f64);
    for (at, calls) in called.iter().enumerate() {
        for call in calls {
            let known = match &names {
                Some(names) => names.contains(&call.name),
                None => dialogue.turns[..at].iter().any(|t| !call.name.is_empty() && t.content.contains(&call.name)),
            };
            if !known {
                values.blame(Signal::UndeclaredTool, at);
            }
            if call.bad {
                values.blame(Signal::BadArguments, at);
            }
        }
    }
}

/// What the answers of a pair have in common.
fn pair(turns: &[Turn<'_>], values: &mut Values) {
    let answer = |part: Part| {
        let mut all = String::new();
        for turn in turns.iter().filter(|t| t.part == part) {
            for text in [turn.reasoning, Some(turn.content), turn.calls].into_iter().flatten() {
                all.push_str(text);
                all.push('\n');
            }
        }
        (!all.trim().is_empty()).then_some(all)
    };
    if let (Some(better), Some(worse)) = (answer(Part::Chosen), answer(Part::Rejected)) {
        values.set(Signal::PairLikeness, alike::likeness(&better, &worse));
    }
}

/// What is of the row as a whole.
fn finish(turns: &[Turn<'_>], sums: &Sums, values: &mut Values) {
    let count = |role: Role| turns.iter().filter(|t| t.role == role).count() as f64;
    values.set(Signal::Messages, turns.len() as f64);
    values.set(Signal::SystemMessages, count(Role::System));
    values.set(Signal::Answers, count(Role::Assistant));
    let mut share = |signal, a: usize, b: usize| {
        if b > 0 {
            values.set(signal, a as f64 / b as f64);
        }
    };
    share(Signal::AnswerRatio, sums.answered, sums.asked);
    share(Signal::RefusalRatio, sums.refusals, sums.answers);
    if let (Some(better), Some(worse)) = (sums.better, sums.worse) {
        share(Signal::PairRatio, better, worse);
    }
}

fn hash(text: &[char]) -> u64 {
    xxh3_64(text.iter().collect::<String>().as_bytes())
}

#[cfg(test)]
mod tests;
