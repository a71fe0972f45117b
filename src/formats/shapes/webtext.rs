//! webtext2019zh of nlp_chinese_corpus: answers of a forum with their topics and stars.
//!
//! ```json
//! {"qid": 65618973, "title": "AlphaGo只会下围棋吗？", "desc": "…？<br>如果有，…", "topic": "机器人", "star": 3,
//!   "content": "…", "answer_id": 545576062, "answerer_tags": "人工智能@游戏业"}
//! ```
//!
//! For instruction tuning the user says the title and, on the next line, `desc` where it says more; the assistant the
//! content. For pretraining the text is the content, with the title in `meta`. As a task, the input is the question and
//! the output the answer, or its topic (`task = "topic"`). `<br>` in `desc` becomes a line break. The id is
//! `qid/answer_id`, the subset the topic.
//!
//! For RLHF the answers to a question (`qid`) are brought together, wherever they lie in the files of the source, and set
//! against one another by `star`: the highest against the lowest, or what `pairs` says; the earlier one where stars are
//! equal. `chosen_score`, `rejected_score` and `margin` are of the stars, the id is `qid/answer_id/answer_id`, and `meta`
//! what the chosen answer has besides, with that of the rejected one under `rejected`. A question with one answer, or
//! whose answers have the same stars, is one row that is set aside (`one_answer`, `same_score`; the value is the stars):
//! no order is invented. An object that is no answer is unreadable, with its own file and line.
//!
//! Limits: for RLHF, rows are pairs and not answers: those that `pairs` takes no notice of make none. To bring the answers
//! together takes twice their size on disk while it lasts, and once until they are read. `corpus inspect` and `plan` look
//! into a file by itself, where each answer stands alone.
use std::borrow::Cow;

use super::baike::ask;
use super::support::question_groups::{self, Candidate, SCORED_PAIRS};
use super::support::reading::Reading;
use super::support::values::{null, share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: WebText = WebText;
/// See the module.
pub struct WebText;

impl Shape for WebText {
    fn name(&self) -> &'static str {
        "webtext"
    }
    fn about(&self) -> &'static str {
        "webtext2019zh: answers of a forum with topics and stars"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("webtext.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Instruct, Use::Task, Use::Rlhf]
    }
    fn options(&self) -> &'static [Choice] {
        const TASK: Choice = Choice { name: "task", words: &["answer", "topic"], about: "what a task row asks for" };
        &[TASK, SCORED_PAIRS]
    }
    fn groups(&self, layout: &Layout) -> bool {
        layout.usage == Use::Rlhf
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let keys = ["qid", "title", "star", "content", "answer_id"];
        share(sample, |o| keys.iter().all(|key| starts(o, key).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        match layout.usage {
            Use::Rlhf => question_groups::map(answer, object, layout, emit),
            _ => emit(map(object, layout)),
        }
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let answer = reading.need("text", &["content"])?;
    let topic = reading.option("subset", &["topic"])?;
    reading.columns.subset = topic.clone();
    if let (Some(question), Some(number)) = (object.text("qid")?, object.text("answer_id")?) {
        reading.columns.id = Some(Cow::Owned(format!("{question}/{number}")));
        reading.take("answer_id");
    }
    if layout.usage == Use::Pretrain {
        return reading.row(Content::Pretrain { text: answer });
    }
    let title = reading.need("title", &["title"])?;
    let question = ask(&mut reading, title, breaks)?;
    match layout.usage {
        Use::Instruct => {
            let messages = vec![Message::new("user", question), Message::new("assistant", answer)];
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Task => {
            let (task, output) = match layout.option("task") {
                Some("topic") => {
                    reading.extra("content", &serde_json::to_string(&answer).unwrap_or_default());
                    ("classification", topic)
                }
                _ => ("question_answering", Some(answer)),
            };
            let task = Task { task: Some(task.into()), input: Some(question), output, ..Task::default() };
            reading.row(Content::Task(Box::new(task)))
        }
        _ => Err(wrong_use("webtext", layout)),
    }
}

fn answer<'s, 'a>(object: &'s Object<'a>, layout: &'s Layout) -> Result<Candidate<'s, 'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let text = reading.need("response", &["content"])?;
    reading.columns.subset = reading.option("subset", &["topic"])?;
    let title = reading.need("prompt", &["title"])?;
    let prompt = ask(&mut reading, title, breaks)?;
    let question = object.require("qid")?;
    let score = reading.number("chosen_score", &["star"])?.filter(|s| s.is_finite());
    if score.is_none() {
        return Err(object.get("star").map_or_else(
            || object.missing("star"),
            |v| match v.get() {
                "null" => null("star"),
                other => field_type("star", "a number", other),
            },
        ));
    }
    let number = object.text("answer_id")?;
    if let Some(number) = &number {
        reading.columns.id = Some(Cow::Owned(format!("{question}/{number}")));
    }
    Ok(Candidate { question, number, prompt, text, score, reading })
}

/// `<br>` as a line break.
fn breaks(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("<br") {
        return text;
    }
    Cow::Owned(text.replace("<br>", "\n").replace("<br/>", "\n").replace("<br />", "\n"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, preference, row, rows_with, said};
    use super::*;

    #[test]
    fn three_uses() {
        let json = r#"{"qid":1,"title":"t","desc":"d<br>e<br/>","topic":"p","star":3,"content":"a<br>","answer_id":2,"answerer_tags":"x@y"}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: t\nd\ne\n", "assistant: a<br>"]);
        assert_eq!((read.id.as_deref(), read.subset.as_deref()), (Some("1/2"), Some("p")));
        assert_eq!(read.meta.as_deref(), Some(r#"{"qid":1,"star":3,"answerer_tags":"x@y"}"#));
        let read = row(&SHAPE, json, Use::Pretrain).unwrap();
        assert!(read.meta.as_deref().unwrap().starts_with(r#"{"qid":1,"title":"t","desc""#), "{:?}", read.meta);
        let Content::Task(task) = row(&SHAPE, json, Use::Task).unwrap().content else { panic!() };
        assert_eq!(task.output.as_deref(), Some("a<br>"));
        assert_eq!(row(&SHAPE, json, Use::Rlhf).unwrap().aside, Some(("one_answer", String::new())));
        let unstarred = json.replace(r#""star":3"#, r#""star":"x""#);
        assert_eq!(row(&SHAPE, &unstarred, Use::Rlhf).unwrap_err().reason, "field_type");
    }

    fn group(stars: &[i64], pairs: &str) -> Vec<String> {
        let answer = |(n, star): (usize, &i64)| {
            format!(
                r#"{{"qid":7,"title":"t","desc":"","topic":"p","star":{star},"content":"c{n}","answer_id":{n},"answerer_tags":"g{n}"}}"#
            )
        };
        let json = format!(r#"{{"group":[{}]}}"#, stars.iter().enumerate().map(answer).collect::<Vec<_>>().join(","));
        let mut layout = layout(Use::Rlhf);
        layout.options.insert("pairs".into(), pairs.into());
        let rows = rows_with(&SHAPE, &json, &layout);
        rows.iter()
            .map(|row| {
                let row = row.as_ref().unwrap();
                match &row.aside {
                    Some((reason, value)) => format!("{reason} {value}"),
                    None => format!("{} {:?}", row.id.as_deref().unwrap(), preference(row).margin.unwrap()),
                }
            })
            .collect()
    }

    #[test]
    fn pairs_by_stars() {
        assert_eq!(group(&[3, 9, 1, 9, 1], "best_worst"), ["7/1/2 8.0"]);
        assert_eq!(group(&[3, 9, 1, 9], "adjacent"), ["7/1/0 6.0", "7/0/2 2.0"]);
        assert_eq!(group(&[3, 9, 9], "all"), ["7/1/0 6.0", "7/2/0 6.0"]);
        assert_eq!(group(&(0..40).collect::<Vec<_>>(), "all").len(), 16 * 15 / 2);
        assert_eq!(group(&[3], "all"), ["one_answer 3"]);
        assert_eq!(group(&[3, 3], "all"), ["same_score 3"]);
    }

    #[test]
    fn a_pair_has_what_its_answers_have() {
        let answer = |n: u8| {
            format!(
                r#"{{"qid":7,"title":"t","desc":"d<br>","topic":"p","star":{n},"content":"c{n}","answer_id":{n},"answerer_tags":"g{n}"}}"#
            )
        };
        let json = format!(r#"{{"group":[{},{}]}}"#, answer(1), answer(2));
        let row = row(&SHAPE, &json, Use::Rlhf).unwrap();
        let pair = preference(&row);
        assert_eq!(said(&pair.prompt), ["user: t\nd\n"]);
        assert_eq!(said(pair.chosen.as_deref().unwrap()), ["assistant: c2"]);
        assert_eq!(said(pair.rejected.as_deref().unwrap()), ["assistant: c1"]);
        assert_eq!((pair.chosen_score, pair.rejected_score), (Some(2.0), Some(1.0)));
        assert_eq!((row.id.as_deref(), row.subset.as_deref()), (Some("7/2/1"), Some("p")));
        let meta =
            r#"{"qid":7,"answer_id":2,"answerer_tags":"g2","rejected":{"qid":7,"answer_id":1,"answerer_tags":"g1"}}"#;
        assert_eq!(row.meta.as_deref(), Some(meta));
    }
}
