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
//! Limits: several rows share a `qid`, in no order that the set promises, so one pass over rows makes no preference pairs
//! of them. `qid` and `star` stay in `meta` for those who group the output by them.
use std::borrow::Cow;

use super::baike::ask;
use super::read::{Reading, share, starts, wrong_use};
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
        crate::stages::module_docs(include_str!("webtext.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Instruct, Use::Task]
    }
    fn options(&self) -> &'static [Choice] {
        const TASK: Choice = Choice { name: "task", words: &["answer", "topic"], about: "what a task row asks for" };
        &[TASK]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let keys = ["qid", "title", "star", "content", "answer_id"];
        share(sample, |o| keys.iter().all(|key| starts(o, key).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let answer = reading.need("text", &["content"])?;
    let topic = reading.option("subset", &["topic"])?;
    reading.given.subset = topic.clone();
    if let (Some(question), Some(number)) = (object.text("qid")?, object.text("answer_id")?) {
        reading.given.id = Some(Cow::Owned(format!("{question}/{number}")));
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

/// `<br>` as a line break.
fn breaks(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("<br") {
        return text;
    }
    Cow::Owned(text.replace("<br>", "\n").replace("<br/>", "\n").replace("<br />", "\n"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
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
        assert_eq!(row(&SHAPE, json, Use::Rlhf).unwrap_err().reason, "wrong_use");
    }
}
