//! OpenAI's WebGPT comparisons: two answers with quotes and scores, for RLHF (or the better answer, for instruction
//! tuning).
//!
//! ```json
//! {"question": {"dataset": "eli5", "id": "…", "full_text": "…"}, "answer_0": "… [1]", "score_0": 0.5,
//!   "answer_1": "…", "score_1": -0.5, "quotes_0": {"title": ["…"], "extract": ["…"]}, "quotes_1": {…}, "tokens_0": {…}}
//! [{"question": {…}, "answer": "… [1]", "score": 0.5, "quotes": {…}, "tokens": {…}}, {"question": {…}, "answer": "…", …}]
//! ```
//!
//! The first layout is the hub's, the second OpenAI's own file (`comparisons.jsonl`): a list of two answers a line.
//!
//! The answer with the higher score is chosen; the scores are those of the source, and the margin is their difference.
//! Equal scores are a tie: the first answer is the chosen one and the margin is 0 (a `keep` on it, or a trainer, can
//! leave ties out). The id is the question's, the subset its `dataset`. Quotes stay in `meta`; the tokens of the answers,
//! which say the same again, do not.
//!
//! `citations = "drop"` takes `[1]` and `[2, 3]` out of the answers, with the space before. `mapping = "deepspeed"` reads
//! as DeepSpeed-Chat does: it takes out everything in brackets and in parentheses too.
//!
//! For instruction tuning a row is the question and the chosen answer, or, with `answers = "none"`, the question alone.
//!
//! Limits: a row without two answers is unreadable (`field_missing`).
use std::borrow::Cow;

use super::hh::MAPPING;
use super::support::ranking::{ANSWERS, content};
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: WebGpt = WebGpt;
/// See the module.
pub struct WebGpt;

/// What the hub's layout has, and what OpenAI's has.
const FLAT: [&str; 4] = ["answer_0", "answer_1", "score_0", "score_1"];
const RAW: [&str; 4] = ["0.answer", "1.answer", "0.score", "1.score"];

impl Shape for WebGpt {
    fn name(&self) -> &'static str {
        "webgpt"
    }
    fn about(&self) -> &'static str {
        "WebGPT comparisons: two answers with scores and quotes"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("webgpt.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const CITATIONS: Choice =
            Choice { name: "citations", words: &["keep", "drop"], about: "whether `[1]` stays in the answers" };
        &[MAPPING, CITATIONS, ANSWERS]
    }
    fn lists(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let all = |o: &Object<'_>, keys: [&str; 4]| keys.iter().all(|key| starts(o, key).is_some());
        share(sample, |o| all(o, FLAT) || all(o, RAW))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if !matches!(layout.usage, Use::Rlhf | Use::Instruct) {
        return Err(wrong_use("webgpt", layout));
    }
    let mut reading = Reading::new(object, layout);
    // Both answers of OpenAI's layout have the question.
    ["tokens_0", "tokens_1", "0.tokens", "1.tokens", "1.question"].into_iter().for_each(|key| reading.take(key));
    let question = match ["question", "0.question"].map(|key| starts(object, key)) {
        [Some(b'{'), _] | [_, Some(b'{')] => reading.need("prompt", &["question.full_text", "0.question.full_text"])?,
        _ => reading.need("prompt", &["question", "0.question"])?,
    };
    reading.columns.id = reading.option("id", &["id", "question.id", "0.question.id"])?;
    reading.columns.subset =
        reading.option("subset", &["subset", "question.dataset", "dataset", "0.question.dataset"])?;
    let answers =
        [reading.need("answer_0", &["answer_0", "0.answer"])?, reading.need("answer_1", &["answer_1", "1.answer"])?];
    let scores =
        [reading.number("score_0", &["score_0", "0.score"])?, reading.number("score_1", &["score_1", "1.score"])?];
    let deepspeed = layout.option("mapping") == Some("deepspeed");
    let drop = layout.option("citations") == Some("drop");
    let said = |text: Cow<'a, str>| {
        let text = match (deepspeed, drop) {
            (true, _) => without(&without(&text, true, |_| true), false, |_| true).into(),
            (_, true) => without(&text, true, citation).into(),
            _ => text,
        };
        vec![Message::new("assistant", text)]
    };
    // As in DeepSpeed-Chat, the first answer of a tie stands as the chosen one.
    let better = usize::from(scores[0].unwrap_or(0.0) < scores[1].unwrap_or(0.0));
    let [first, second] = answers.map(said);
    let (chosen, rejected) = if better == 0 { (first, second) } else { (second, first) };
    let (chosen_score, rejected_score) = (scores[better], scores[1 - better]);
    let pair = Preference {
        prompt: vec![Message::new("user", question)],
        chosen: Some(chosen),
        rejected: Some(rejected),
        chosen_score,
        rejected_score,
        margin: chosen_score.zip(rejected_score).map(|(a, b)| a - b),
        ..Preference::default()
    };
    reading.row(content(layout, pair))
}

/// Whether what stands in square brackets are numbers of sources.
fn citation(inside: &str) -> bool {
    let number = |part: &str| !part.trim().is_empty() && part.trim().bytes().all(|b| b.is_ascii_digit());
    inside.strip_prefix('[').is_some_and(|list| list.split(',').all(number))
}

/// A text without what stands in brackets or parentheses within a line, the opening one up to the next closing one of
/// either kind; `inside` receives it from the opening sign on. `space` takes a space before along, and leaves what none
/// stands before (where `inside` must be all of it).
fn without(text: &str, space: bool, inside: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['[', '(']) {
        let close = rest[open..].find([']', ')', '\n']).map(|at| open + at);
        let spaced = rest[..open].ends_with(' ');
        let only_spaced = space && inside("(");
        match close.filter(|at| !rest[*at..].starts_with('\n') && inside(&rest[open..*at]) && (spaced || !only_spaced))
        {
            Some(at) => {
                out.push_str(if space && spaced { &rest[..open - 1] } else { &rest[..open] });
                rest = &rest[at + 1..];
            }
            None => {
                out.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, preference, row_with, said};
    use super::*;

    const ROW: &str = r#"{"question":{"dataset":"eli5","id":"q1","full_text":"Q"},"answer_0":"a (see b) [1] c[2, 3].",
        "answer_1":"d","score_0":-0.5,"score_1":0.5,"quotes_0":{"title":["t"],"extract":["e"]},"tokens_0":{"prefix":[1]}}"#;

    fn read(json: &str, options: &[(&str, &str)]) -> (String, String, Option<f64>) {
        let mut layout = layout(Use::Rlhf);
        options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
        let row = row_with(&SHAPE, json, &layout).unwrap();
        let p = preference(&row);
        let text = |m: &Option<Vec<Message<'_>>>| m.as_ref().unwrap()[0].content.to_string();
        (text(&p.chosen), text(&p.rejected), p.margin)
    }

    #[test]
    fn the_higher_score_is_chosen_and_parentheses_stay() {
        assert_eq!(read(ROW, &[]), ("d".into(), "a (see b) [1] c[2, 3].".into(), Some(1.0)));
        assert_eq!(read(ROW, &[("citations", "drop")]).1, "a (see b) c.");
        assert_eq!(read(ROW, &[("mapping", "deepspeed")]).1, "a c.");
        let row = row_with(&SHAPE, ROW, &layout(Use::Rlhf)).unwrap();
        assert_eq!((row.id.as_deref(), row.subset.as_deref()), (Some("q1"), Some("eli5")));
        assert_eq!(row.meta.as_deref(), Some(r#"{"quotes_0":{"title":["t"],"extract":["e"]}}"#));
        let row = row_with(&SHAPE, ROW, &layout(Use::Instruct)).unwrap();
        assert_eq!(said(instruct(&row)), ["user: Q", "assistant: d"]);
    }

    #[test]
    fn a_list_of_two_is_the_same_pair() {
        let side = |answer: &str, score: f64| {
            format!(
                r#"{{"question":{{"dataset":"eli5","id":"q1","full_text":"Q"}},"answer":"{answer}","score":{score},
                "quotes":{{"title":["{answer}t"],"extract":["e"]}},"tokens":{{"prefix":[1]}}}}"#
            )
        };
        let json = format!("[{},{}]", side("a", -0.5), side("b", 0.5));
        let list = Object::list(&json).unwrap();
        let row = map(&list, &layout(Use::Rlhf)).unwrap();
        let pair = preference(&row);
        let said = |m: &Option<Vec<Message<'_>>>| m.as_ref().unwrap()[0].content.to_string();
        assert_eq!((said(&pair.chosen), said(&pair.rejected), pair.margin), ("b".into(), "a".into(), Some(1.0)));
        assert_eq!((row.id.as_deref(), row.subset.as_deref()), (Some("q1"), Some("eli5")));
        let meta =
            r#"{"0":{"quotes":{"title":["at"],"extract":["e"]}},"1":{"quotes":{"title":["bt"],"extract":["e"]}}}"#;
        assert_eq!(row.meta.as_deref(), Some(meta));
        assert_eq!(SHAPE.fits(&[list]), 1.0);
    }

    #[test]
    fn ties_are_ties() {
        let tie = r#"{"question":"Q","answer_0":"a","answer_1":"b","score_0":0.0,"score_1":0.0}"#;
        assert_eq!(read(tie, &[]), ("a".into(), "b".into(), Some(0.0)));
        assert_eq!(row_with(&SHAPE, r#"{"question":"Q"}"#, &layout(Use::Rlhf)).unwrap_err().reason, "field_missing");
    }
}
