//! Zhihu-KOL: questions and long answers, for instruction tuning, as pretraining text, or as pairs by upvotes.
//!
//! ```json
//! {"INSTRUCTION": "怎么说服男朋友买烤箱？", "RESPONSE": "…", "SOURCE": "Zhihu",
//!   "METADATA": "{\"question_id\": 357137111.0, \"answer_id\": 914332816.0, \"upvotes\": \"赞同 1.2 万\"}"}
//! ```
//!
//! `METADATA` is JSON inside a text: it stands in `meta` as an object, and the upvotes also as a number
//! (`upvotes_count`: 12000). Id and url are made of the question's and the answer's numbers.
//!
//! For RLHF the answers to a question (its number, or its text where it has none) are brought together, wherever they
//! lie in the files of the source, and set against one another by their upvotes: the highest against the lowest, or what
//! `pairs` says. A question with one answer, or whose answers have as many upvotes, is one row that is set aside
//! (`one_answer`, `same_score`); so is an answer without upvotes (`unscored`). The id is
//! `question/answer/answer`; `meta` has what the chosen answer has, with that of the rejected one under `rejected`.
//!
//! Limits: tails such as `编辑于 …` stay; a question with many answers gives as many rows for instruction tuning. Upvotes
//! grow with an answer's age and its author's fame, not with its worth alone.
use std::borrow::Cow;

use super::support::question_groups::{self, Candidate, SCORED_PAIRS};
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Zhihu = Zhihu;
/// See the module.
pub struct Zhihu;

impl Shape for Zhihu {
    fn name(&self) -> &'static str {
        "zhihu"
    }
    fn about(&self) -> &'static str {
        "Zhihu-KOL: INSTRUCTION, RESPONSE and METADATA"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("zhihu.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Pretrain, Use::Rlhf]
    }
    fn options(&self) -> &'static [Choice] {
        &[SCORED_PAIRS]
    }
    fn groups(&self, layout: &Layout) -> bool {
        layout.usage == Use::Rlhf
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        1.01 * share(sample, |o| ["INSTRUCTION", "RESPONSE"].iter().all(|k| starts(o, k) == Some(b'"')))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        match layout.usage {
            Use::Rlhf => question_groups::map(answer, object, layout, emit),
            _ => emit(map(object, layout)),
        }
    }
}

fn answer<'s, 'a>(object: &'s Object<'a>, layout: &'s Layout) -> Result<Candidate<'s, 'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let prompt = reading.need("prompt", &["INSTRUCTION"])?;
    let text = reading.need("response", &["RESPONSE"])?;
    let mut answer = Candidate { question: prompt.clone(), number: None, prompt, text, score: None, reading };
    let Some(text) = object.text("METADATA").ok().flatten() else { return Ok(answer) };
    let Ok(data) = Object::parse(&text) else { return Ok(answer) };
    let reading = &mut answer.reading;
    reading.take("METADATA");
    reading.extra("METADATA", &text);
    // Numbers come as floats: 357137111.0.
    let number = |key: &str| {
        let text = data.text(key).ok().flatten()?;
        Some(text.strip_suffix(".0").unwrap_or(&text).to_owned()).filter(|t| !t.is_empty())
    };
    if let (Some(question), Some(number)) = (number("question_id"), number("answer_id")) {
        reading.columns.id = Some(Cow::Owned(format!("{question}/{number}")));
        let url = format!("https://www.zhihu.com/question/{question}/answer/{number}");
        reading.columns.url = Some(Cow::Owned(url));
        (answer.question, answer.number) = (Cow::Owned(question), Some(Cow::Owned(number)));
    }
    if let Some(count) = data.text("upvotes").ok().flatten().and_then(|t| upvotes(&t)) {
        reading.extra("upvotes_count", &count.to_string());
        answer.score = Some(count as f64);
    }
    Ok(answer)
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let Candidate { prompt, text, mut reading, .. } = answer(object, layout)?;
    match layout.usage {
        Use::Instruct => {
            let messages = vec![Message::new("user", prompt), Message::new("assistant", text)];
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Pretrain => {
            reading.extra("title", &serde_json::to_string(&prompt).unwrap_or_default());
            reading.row(Content::Pretrain { text })
        }
        _ => Err(wrong_use("zhihu", layout)),
    }
}

/// `赞同 1.2 万` is 12000.
fn upvotes(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches("赞同").trim().replace(',', "");
    let (number, factor) = match text.strip_suffix('万').or(text.strip_suffix('w')) {
        Some(number) => (number.trim(), 10_000.0),
        None => (text.as_str(), 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (0.0..1e9).contains(&number).then_some((number * factor).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, preference, row, said};
    use super::*;

    #[test]
    fn opens_the_metadata() {
        let json = r#"{"INSTRUCTION":"q","RESPONSE":"a","SOURCE":"Zhihu","METADATA":"{\"question_id\": 35.0, \"answer_id\": 9.0, \"upvotes\": \"赞同 1.2 万\"}"}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: q", "assistant: a"]);
        assert_eq!(
            (read.id.as_deref(), read.url.as_deref()),
            (Some("35/9"), Some("https://www.zhihu.com/question/35/answer/9"))
        );
        let meta = r#"{"SOURCE":"Zhihu","METADATA":{"question_id": 35.0, "answer_id": 9.0, "upvotes": "赞同 1.2 万"},"upvotes_count":12000}"#;
        assert_eq!(read.meta.as_deref(), Some(meta));
        let Content::Pretrain { text } = row(&SHAPE, json, Use::Pretrain).unwrap().content else { panic!() };
        assert_eq!(text, "a");
        let broken = r#"{"INSTRUCTION":"q","RESPONSE":"a","METADATA":"{'x': 1}"}"#;
        assert_eq!(row(&SHAPE, broken, Use::Instruct).unwrap().meta.as_deref(), Some(r#"{"METADATA":"{'x': 1}"}"#));
        assert_eq!(row(&SHAPE, r#"{"INSTRUCTION":"q"}"#, Use::Instruct).unwrap_err().reason, "field_missing");
    }

    #[test]
    fn pairs_by_upvotes() {
        let answer = |n: u8, upvotes: &str| {
            format!(
                r#"{{"INSTRUCTION":"q","RESPONSE":"a{n}","METADATA":"{{\"question_id\": 35.0, \"answer_id\": {n}.0, \"upvotes\": \"{upvotes}\"}}"}}"#
            )
        };
        let json =
            format!(r#"{{"group":[{},{},{}]}}"#, answer(1, "赞同 7"), answer(2, "赞同 1.2 万"), answer(3, "赞同 3"));
        let row = row(&SHAPE, &json, Use::Rlhf).unwrap();
        let pair = preference(&row);
        assert_eq!((row.id.as_deref(), pair.margin), (Some("35/2/3"), Some(11_997.0)));
        let unscored = super::super::tests::row(&SHAPE, r#"{"INSTRUCTION":"q","RESPONSE":"a"}"#, Use::Rlhf).unwrap();
        assert_eq!(unscored.aside, Some(("unscored", String::new())));
    }

    #[test]
    fn counts_upvotes() {
        let counts = ["赞同 1.2 万", "赞同 35", "1,024", "3w", "赞同", "x"].map(upvotes);
        assert_eq!(counts, [Some(12_000), Some(35), Some(1024), Some(30_000), None, None]);
    }
}
