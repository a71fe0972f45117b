//! baike2018qa of nlp_chinese_corpus: a question with its category, and an answer.
//!
//! ```json
//! {"qid": "qid_254…", "category": "生活知识", "title": "冬天进补好一些呢，还是夏天进步好啊？ ", "desc": "", "answer": "你好！\r\r当然是冬天…"}
//! ```
//!
//! For instruction tuning the user says the title and, on the next line, `desc` where it says more; the assistant the
//! answer. For pretraining the three stand below one another. As a task, the input is the question and the output its
//! category (`task = "category"`), or the answer (`task = "answer"`, the default). Line breaks are bare `\r` in this set: they
//! become `\n`. The subset is the category, the id `qid`.
//!
//! Limits: a `desc` that equals the title but for white space and marks is passed over, and stays in `meta`. Short answers
//! stay: `keep` on `chars` is there for those.
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Baike = Baike;
/// See the module.
pub struct Baike;

impl Shape for Baike {
    fn name(&self) -> &'static str {
        "baike"
    }
    fn about(&self) -> &'static str {
        "baike2018qa: questions by category, with answers"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("baike.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Pretrain, Use::Task]
    }
    fn options(&self) -> &'static [Choice] {
        const TASK: Choice = Choice { name: "task", words: &["answer", "category"], about: "what a task row asks for" };
        &[TASK]
    }
    /// Where the category is the task.
    fn leaves(&self) -> &'static [&'static str] {
        &["answer"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let keys = ["qid", "category", "title", "answer"];
        share(sample, |o| keys.iter().all(|key| starts(o, key).is_some()) && o.has("desc"))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let title = breaks(reading.need("title", &["title"])?);
    let answer = breaks(reading.need("answer", &["answer"])?);
    let question = ask(&mut reading, title, breaks)?;
    let category = reading.option("subset", &["category"])?;
    reading.columns.subset = category.clone();
    match layout.usage {
        Use::Instruct => {
            let messages = vec![Message::new("user", question), Message::new("assistant", answer)];
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Pretrain => reading.row(Content::Pretrain { text: format!("{question}\n{answer}").into() }),
        Use::Task => {
            let (task, output) = match layout.option("task") {
                Some("category") => {
                    reading.extra("answer", &serde_json::to_string(&answer).unwrap_or_default());
                    ("classification", category)
                }
                _ => ("question_answering", Some(answer)),
            };
            let task = Task { task: Some(task.into()), input: Some(question), output, ..Task::default() };
            reading.row(Content::Task(Box::new(task)))
        }
        Use::Rlhf => Err(wrong_use("baike", layout)),
    }
}

/// The title, and `desc` below it where that says more.
pub(super) fn ask<'a>(
    reading: &mut Reading<'_, 'a>,
    title: Cow<'a, str>,
    clean: impl Fn(Cow<'a, str>) -> Cow<'a, str>,
) -> Result<Cow<'a, str>, Unreadable> {
    let Some(desc) = reading.object.text("desc")? else { return Ok(title) };
    let desc = clean(desc);
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    if desc.trim().is_empty() || letters(&desc) == letters(&title) {
        if desc.is_empty() {
            reading.take("desc");
        }
        return Ok(title);
    }
    reading.take("desc");
    Ok(Cow::Owned(format!("{}\n{desc}", title.trim_end())))
}

/// Bare `\r` as line breaks.
fn breaks(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\r') {
        return text;
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, row, row_with, said};
    use super::*;

    const ROW: &str = r#"{"qid":"qid_1","category":"c","title":"t？ ","desc":"d\re","answer":"a\r\rb"}"#;

    #[test]
    fn three_uses() {
        let read = row(&SHAPE, ROW, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: t？\nd\ne", "assistant: a\n\nb"]);
        assert_eq!((read.id.as_deref(), read.subset.as_deref(), read.meta), (Some("qid_1"), Some("c"), None));
        let Content::Pretrain { text } = row(&SHAPE, ROW, Use::Pretrain).unwrap().content else { panic!() };
        assert_eq!(text, "t？\nd\ne\na\n\nb");
        let mut layout = layout(Use::Task);
        layout.options.insert("task".into(), "category".into());
        let Content::Task(task) = row_with(&SHAPE, ROW, &layout).unwrap().content else { panic!() };
        assert_eq!((task.output.as_deref(), task.task.as_deref()), (Some("c"), Some("classification")));
    }

    #[test]
    fn a_desc_that_repeats_the_title_is_passed_over() {
        let json = ROW.replace("d\\re", "t?");
        let read = row(&SHAPE, &json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read))[0], "user: t？ ");
        assert_eq!(read.meta.as_deref(), Some(r#"{"desc":"t?"}"#));
        assert_eq!(row(&SHAPE, r#"{"title":"t"}"#, Use::Instruct).unwrap_err().reason, "field_missing");
        assert_eq!(row(&SHAPE, ROW, Use::Rlhf).unwrap_err().reason, "wrong_use");
    }
}
