//! Preference pairs: a prompt, a better and a worse answer, for RLHF (or the better one, for instruction tuning).
//!
//! ```json
//! {"prompt": "…", "chosen": "…", "rejected": "…", "score_chosen": 8.5, "score_rejected": 6.0}
//! {"conversations": [{"from": "human", "value": "…"}], "chosen": {"from": "gpt", "value": "…"}, "rejected": {…}}
//! {"instruction": "…", "input": "…", "output": ["better", "worse"]}
//! {"chosen": [{"role": "user", …}, {"role": "assistant", …}], "rejected": [{…}, {…}]}
//! ```
//!
//! The prompt is `prompt`, `conversations`, `messages` or `question`, as text or as messages, or `instruction` with
//! `input` below it, or GPT-4-LLM's `user_input`, or the `messages` in `input` (OpenAI's own layout), or `input` or `query` alone; `system` and `history` come before it. The answers are `chosen` and `rejected` (also
//! `chosen_messages`, CValues' `pos_resp`, GPT-4-LLM's `completion_a`, `response_j` and `response_k`, `winning_response` and
//! so on, or the two items of `output`, or the last turn of `messages` beside a `rejected_response`, as ms-swift has it), as text, as a message, as messages (also as JSON text), or as an object of
//! `messages` (LMFlow's `paired_conversation`). Where both sides are whole dialogues (they do not begin with the
//! assistant), the turns that they share are the prompt; where one is, all its turns but the last. A prompt field that
//! says the same again (also with a system prompt before it) is not said twice; another one goes to `meta`.
//!
//! Two answers may be judged by a third field: `response_a` and `response_b` (`answer_`, `output_`, `conversation_`; also
//! `_1` and `_2`) with `preference`, `winner`, `preferred` or `better`, which names one of them (`a`, `model_b`, `2`) or says
//! `tie` (also both bad), as the votes of an arena do; a row with another verdict is set aside (`unranked`).
//! Columns `winner_model_a`, `winner_model_b` and `winner_tie` of 0 and 1 say so too.
//!
//! `fields` maps `prompt`, `chosen`, `rejected`, `chosen_score`, `rejected_score` and `margin`.
//!
//! Scores are `score_chosen` or `chosen_score` (or `chosen_rating`, `chosen-rating`), and so for the rejected one. The margin is the row's
//! own, or else the difference of the scores, or else 0 where both answers are equal: ties are kept.
//!
//! For instruction tuning a row is the prompt and the chosen answer, or, with `answers = "none"`, the prompt alone.
//!
//! Limits: rankings of more than two answers are the shape `ranked`; whole dialogues that share no turn are unreadable
//! (`dialogue_mismatch`).
use std::borrow::Cow;

use super::support::ranking::{ANSWERS, content};
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{first, is_scalar, items, mismatch, scalar, share, starts, verdict, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Pairs = Pairs;
/// See the module.
pub struct Pairs;

const PROMPT: &[&str] = &["prompt", "conversations", "messages", "question", "user_input", "input.messages"];
/// Without an instruction to stand below.
const ALONE: &[&str] = &["input", "query"];
const CHOSEN: &[&str] = &[
    "chosen",
    "chosen_messages",
    "pos_resp",
    "chosen_response",
    "chosen-response",
    "chosen_answer",
    "completion_a",
    "response_j",
    "winning_response",
    "better_response",
    "preferred_response",
    "preferred_output",
    "accepted",
];
const REJECTED: &[&str] = &[
    "rejected",
    "rejected_messages",
    "neg_resp",
    "rejected_response",
    "rejected-response",
    "rejected_answer",
    "completion_b",
    "response_k",
    "losing_response",
    "worse_response",
    "dispreferred_response",
    "non_preferred_output",
];
/// Two answers that a third field judges.
const TWO: [[&str; 2]; 10] = [
    ["response_a", "response_b"],
    ["answer_a", "answer_b"],
    ["output_a", "output_b"],
    ["conversation_a", "conversation_b"],
    ["response_1", "response_2"],
    ["response1", "response2"],
    ["answer_1", "answer_2"],
    ["answer1", "answer2"],
    ["output_1", "output_2"],
    ["response_0", "response_1"],
];
/// Which of the two is better.
const VERDICT: [&str; 5] = ["preference", "winner", "preferred", "better", "better_answer"];

impl Shape for Pairs {
    fn name(&self) -> &'static str {
        "preference"
    }
    fn about(&self) -> &'static str {
        "a prompt with a chosen and a rejected answer"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("preference.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[ANSWERS]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let any = |names: &[&str]| names.iter().find_map(|key| starts(o, key));
            let asked = any(PROMPT).or(starts(o, "instruction")).or(any(ALONE)).is_some();
            let two = o.get("output").and_then(|v| items("output", v).ok()).is_some_and(|two| two.len() == 2);
            match (any(CHOSEN), any(REJECTED)) {
                // Whole dialogues (the votes of an arena) hold what was asked.
                _ if has_winner(o) => true,
                _ if judged(o).is_some_and(|(two, _)| asked || starts(o, two[0]) == Some(b'[')) => true,
                (Some(b'{'), Some(_)) => true,
                (Some(chosen), Some(_)) => (asked && !super::hh::is_dialogue(o, "prompt")) || chosen == b'[',
                _ => two && starts(o, "instruction").is_some() || is_against(o),
            }
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        emit(match layout.usage {
            Use::Rlhf | Use::Instruct => read(&mut reading).and_then(|content| reading.row(content)),
            _ => Err(wrong_use("preference", layout)),
        });
    }
}

/// Reads a pair; the shape `fields` does so too.
pub(super) fn read<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let mut out = Preference::default();
    let (chosen, rejected) = match reading.side("assistant", "chosen", CHOSEN)? {
        Some(chosen) => {
            let rejected = reading.side("assistant", "rejected", REJECTED)?;
            (chosen, rejected.ok_or_else(|| reading.missing("rejected", REJECTED[0]))?)
        }
        None => match two(reading)?.or(against(reading)?) {
            Some(both) => both,
            None => match by_verdict(reading, &mut out)? {
                Some(both) => both,
                None => by_winner(reading, &mut out)?.ok_or_else(|| reading.missing("chosen", CHOSEN[0]))?,
            },
        },
    };
    let (mut chosen, mut rejected) = (not_empty("chosen", chosen)?, not_empty("rejected", rejected)?);
    out.prompt = match (whole(&chosen), whole(&rejected)) {
        (true, true) => {
            let most = chosen.len().min(rejected.len()) - 1;
            let shared = chosen.iter().zip(&rejected).take(most).take_while(|(a, b)| a == b).count();
            if shared == 0 {
                return Err(mismatch("chosen and rejected are whole dialogues, but share no turn"));
            }
            rejected.drain(..shared);
            around(reading, chosen.drain(..shared).collect(), false)?
        }
        // One side is the whole dialogue, the other one the answer alone.
        (true, false) => around(reading, chosen.drain(..chosen.len() - 1).collect(), true)?,
        (false, true) => around(reading, rejected.drain(..rejected.len() - 1).collect(), true)?,
        (false, false) => prompt(reading)?,
    };
    const CHOSEN_SCORE: &[&str] = &["chosen_score", "score_chosen", "chosen_rating", "chosen-rating", "chosen-score"];
    const REJECTED_SCORE: &[&str] =
        &["rejected_score", "score_rejected", "rejected_rating", "rejected-rating", "rejected-score"];
    out.chosen_score = reading.number("chosen_score", CHOSEN_SCORE)?;
    out.rejected_score = reading.number("rejected_score", REJECTED_SCORE)?;
    out.margin = match (reading.number("margin", &["margin"])?, out.chosen_score, out.rejected_score) {
        (Some(margin), ..) => Some(margin),
        _ if out.margin.is_some() => out.margin,
        (None, Some(chosen), Some(rejected)) => Some(chosen - rejected),
        _ => (chosen == rejected).then_some(0.0),
    };
    (out.chosen, out.rejected) = (Some(chosen), Some(rejected));
    Ok(content(reading.layout, out))
}

/// Whether a side is a dialogue from its start.
fn whole(side: &[Message<'_>]) -> bool {
    side.len() > 1 && side[0].role != "assistant"
}

/// The prompt where a side is a whole dialogue that begins with `turns`, put together with what the row says before and
/// besides. `strict`: a prompt that the dialogue does not begin with is an error; else it goes to `meta`.
fn around<'a>(
    reading: &mut Reading<'_, 'a>,
    turns: Vec<Message<'a>>,
    strict: bool,
) -> Result<Vec<Message<'a>>, Unreadable> {
    let before = reading.opening()?;
    let Some((path, value)) = reading.find("prompt", PROMPT, |v| is_scalar(v) || first(v) == b'[')? else {
        return Ok(united(&before, &turns).unwrap_or_else(|| [before, turns].concat()));
    };
    let mut stated = before.clone();
    stated.extend(reading.said_by("user", path, value)?);
    if let Some(all) = united(&stated, &turns) {
        return Ok(all);
    }
    let has = |said: &str| turns.iter().any(|t| t.content == said);
    let begins = |said: &str| turns_in(said).is_some_and(|all| all.first().is_some_and(|first| has(first)));
    let again = stated[before.len()..].iter().all(|said| has(&said.content) || begins(&said.content));
    if strict && !again {
        return Err(mismatch(format!("one side is a whole dialogue that does not begin with `{path}`")));
    }
    if !again {
        reading.keep(path, value.get());
    }
    Ok(united(&before, &turns).unwrap_or_else(|| [before, turns].concat()))
}

/// Two tellings of one dialogue as one, where one of them begins with, or ends as the other; the system prompts of both.
fn united<'a>(stated: &[Message<'a>], turns: &[Message<'a>]) -> Option<Vec<Message<'a>>> {
    fn apart<'s, 'a>(all: &'s [Message<'a>]) -> (&'s [Message<'a>], &'s [Message<'a>]) {
        all.split_at(all.iter().take_while(|m| m.role == "system").count())
    }
    let same = |a: &[Message<'_>], b: &[Message<'_>]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.role == b.role && a.content.trim() == b.content.trim())
    };
    let ((system, stated), (own, turns)) = (apart(stated), apart(turns));
    let shorter = stated.len().min(turns.len());
    let rest = if same(&stated[..shorter], &turns[..shorter]) {
        turns
    } else if stated.len() > turns.len() && same(&stated[stated.len() - shorter..], turns) {
        stated
    } else {
        return None;
    };
    let own = own.iter().filter(|m| !system.iter().any(|s| s.content.trim() == m.content.trim()));
    Some(system.iter().chain(own).chain(rest).cloned().collect())
}

/// Two answers and the field that judges them, where the row has all three.
fn judged(object: &Object<'_>) -> Option<(&'static [&'static str; 2], &'static str)> {
    let verdict = VERDICT.into_iter().find(|key| starts(object, key).is_some_and(|b| !matches!(b, b'[' | b'{')))?;
    TWO.iter().find(|two| two.iter().all(|key| starts(object, key).is_some())).map(|two| (two, verdict))
}

/// Which of two fields a verdict names (0 or 1), by its whole name or its last letter; `Some(None)` is a tie. A number
/// below 0 is no name: of `-2` the sign says which is better, not the digit.
fn better(two: &[&str; 2], word: &str) -> Option<Option<usize>> {
    let word = word.trim().trim_matches(['[', ']']).to_lowercase();
    let word = word.strip_suffix(".0").unwrap_or(&word);
    if ["tie", "both", "equal", "same", "draw"].iter().any(|tie| word.starts_with(tie)) {
        return Some(None);
    }
    let names = |name: &str| {
        let last = &name[name.len() - 1..];
        word == name
            || word == last
            || word.strip_suffix(last).is_some_and(|w| w.len() > 1 && w.ends_with(['_', ' ', '-']))
    };
    two.iter().position(|name| names(name)).map(Some)
}

/// Two answers of which a third field says which is better.
fn by_verdict<'a>(reading: &mut Reading<'_, 'a>, out: &mut Preference<'a>) -> Result<Option<Both<'a>>, Unreadable> {
    let mapped = ["chosen", "rejected"].iter().any(|ours| reading.layout.fields.contains_key(*ours));
    let Some((two, verdict)) = judged(reading.object).filter(|_| !mapped) else { return Ok(None) };
    let mut sides = Vec::new();
    for &name in two {
        let value = reading.object.get(name).ok_or_else(|| reading.missing(name, name))?;
        reading.take(name);
        sides.push(reading.said_by("assistant", name, value)?);
    }
    let word = reading.object.require(verdict)?;
    let which = better(two, &word);
    if which.is_some() {
        reading.take(verdict);
    } else {
        reading.aside("unranked", word);
    }
    match which {
        Some(Some(1)) => sides.swap(0, 1),
        Some(None) => out.margin = Some(0.0),
        _ => {}
    }
    let rejected = sides.pop().unwrap_or_default();
    Ok(sides.pop().map(|chosen| (chosen, rejected)))
}

/// Who won, in columns of 0 and 1: the votes of an arena as a competition had them, whose texts are lists of turns.
const WINNERS: [&str; 3] = ["winner_model_a", "winner_model_b", "winner_tie"];

fn has_winner(object: &Object<'_>) -> bool {
    let all = |keys: &[&str]| keys.iter().all(|key| starts(object, key).is_some());
    all(&WINNERS[..2]) && all(&TWO[0])
}

fn by_winner<'a>(reading: &mut Reading<'_, 'a>, out: &mut Preference<'a>) -> Result<Option<Both<'a>>, Unreadable> {
    if !has_winner(reading.object) {
        return Ok(None);
    }
    let asked = reading.object.text("prompt")?.and_then(|text| turns_in(&text));
    let mut sides = Vec::new();
    for name in TWO[0] {
        let text = reading.object.require(name)?;
        reading.take(name);
        sides.push(match (&asked, turns_in(&text)) {
            (Some(asked), Some(said)) if asked.len() == said.len() => {
                let round = |(a, b): (&String, String)| [Message::new("user", a.clone()), Message::new("assistant", b)];
                reading.take("prompt");
                asked.iter().zip(said).flat_map(round).collect()
            }
            _ => vec![Message::new("assistant", text)],
        });
    }
    let won = |key: &&str| reading.object.text(key).ok().flatten().and_then(|t| verdict("", &t)) == Some(true);
    let which = WINNERS.iter().position(won);
    WINNERS.into_iter().for_each(|key| reading.take(key));
    match which {
        Some(0) => {}
        Some(1) => sides.swap(0, 1),
        Some(_) => out.margin = Some(0.0),
        None => reading.aside("unranked", "0"),
    }
    let rejected = sides.pop().unwrap_or_default();
    Ok(sides.pop().map(|chosen| (chosen, rejected)))
}

/// The texts of a list that stands in a text as JSON; null is an empty one.
fn turns_in(text: &str) -> Option<Vec<String>> {
    let list: Vec<Option<String>> = serde_json::from_str(text).ok()?;
    (!list.is_empty()).then(|| list.into_iter().map(Option::unwrap_or_default).collect())
}

type Both<'a> = (Vec<Message<'a>>, Vec<Message<'a>>);

/// The two items of `output`.
fn two<'a>(reading: &mut Reading<'_, 'a>) -> Result<Option<Both<'a>>, Unreadable> {
    if reading.layout.fields.contains_key("chosen") {
        return Ok(None);
    }
    let Some((path, value)) = reading.find("output", &["output"], |v| first(v) == b'[')? else { return Ok(None) };
    let both = items(path, value)?;
    let [chosen, rejected] = both[..] else {
        return Err(field_type(path, "two answers", &format!("a list of {}", both.len())));
    };
    let answer = |index: usize, value| Ok(vec![Message::new("assistant", scalar(&format!("{path}.{index}"), value)?)]);
    Ok(Some((answer(0, chosen)?, answer(1, rejected)?)))
}

/// A whole dialogue with a worse last answer beside it (ms-swift): its own last answer is the better one.
fn against<'a>(reading: &mut Reading<'_, 'a>) -> Result<Option<Both<'a>>, Unreadable> {
    if !is_against(reading.object) || reading.layout.fields.contains_key("chosen") {
        return Ok(None);
    }
    let Some(rejected) = reading.side("assistant", "rejected", REJECTED)? else { return Ok(None) };
    let Some((path, value)) = reading.find("messages", &["messages"], |v| first(v) == b'[')? else { return Ok(None) };
    Ok(Some((reading.messages(path, value)?, rejected)))
}

/// Whether a row is a whole dialogue with a worse last answer beside it.
pub(super) fn is_against(object: &Object<'_>) -> bool {
    let ends = |key| {
        let turns = object.get(key).and_then(|v| items(key, v).ok())?;
        let last = Object::parse(turns.last()?.get()).ok()?;
        last.text("role").ok()?.filter(|role| role == "assistant")
    };
    let worse = REJECTED.iter().find_map(|key| starts(object, key));
    worse.is_some() && !CHOSEN.iter().any(|key| object.has(key)) && ends("messages").is_some()
}

/// The prompt, after the system prompt and the history; it must hold something.
pub(super) fn prompt<'a>(reading: &mut Reading<'_, 'a>) -> Result<Vec<Message<'a>>, Unreadable> {
    let mut out = reading.opening()?;
    if let Some(turns) = reading.side("user", "prompt", PROMPT)? {
        out.extend(turns);
        return not_empty("prompt", out);
    }
    let Some(instruction) = reading.text("instruction", &["instruction"])? else {
        let Some(input) = reading.text("prompt", ALONE)? else { return Err(reading.missing("prompt", PROMPT[0])) };
        out.push(Message::new("user", input));
        return Ok(out);
    };
    let asked = match reading.option("input", &["input"])? {
        Some(input) => Cow::Owned(format!("{instruction}\n{input}")),
        None => instruction,
    };
    out.push(Message::new("user", asked));
    Ok(out)
}

#[cfg(test)]
mod tests;
