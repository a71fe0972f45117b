//! news2016zh of nlp_chinese_corpus: articles with titles, keywords and summaries, for pretraining or as tasks.
//!
//! ```json
//! {"news_id": "610130831", "keywords": "导游，门票", "title": "…", "desc": "…", "source": "新华网", "time": "03-22 12:00",
//!   "content": "…"}
//! ```
//!
//! For pretraining the text is the content; `title = "first"` puts the title on a line before it. As a task, the input is
//! the content, and the output what `task` says: `title` (the default), `summary` (`desc`) or `keywords`. The id is
//! `news_id`; what is not part of the text stays in `meta` (`time` has no year).
//!
//! Limits: `desc` is often the beginning of the content, so it is never put before it. As a task, a row without what
//! is asked for is set aside (`no_answer`).
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: News = News;
/// See the module.
pub struct News;

/// Where the title of a document goes.
pub(super) const TITLE: Choice =
    Choice { name: "title", words: &["meta", "first"], about: "whether the title is the first line of the text" };

impl Shape for News {
    fn name(&self) -> &'static str {
        "news"
    }
    fn about(&self) -> &'static str {
        "news2016zh: articles with titles, keywords and summaries"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("news.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Task]
    }
    fn options(&self) -> &'static [Choice] {
        const TASK: Choice =
            Choice { name: "task", words: &["title", "summary", "keywords"], about: "what a task row asks for" };
        &[TITLE, TASK]
    }
    /// The summary, where the title is the task.
    fn leaves(&self) -> &'static [&'static str] {
        &["desc"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| ["news_id", "title", "content"].iter().all(|key| starts(o, key) == Some(b'"')))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    reading.columns.id = reading.option("id", &["news_id"])?;
    let content = reading.need("text", &["content"])?;
    match layout.usage {
        Use::Pretrain => {
            let text = titled(&mut reading, content)?;
            reading.row(Content::Pretrain { text })
        }
        Use::Task => {
            let (task, key) = match layout.option("task") {
                Some("summary") => ("summary", "desc"),
                Some("keywords") => ("keywords", "keywords"),
                _ => ("title", "title"),
            };
            asked(reading, task, key, content)
        }
        _ => Err(wrong_use("news", layout)),
    }
}

/// The text, with the title before it where the recipe says so.
pub(super) fn titled<'a>(reading: &mut Reading<'_, 'a>, text: Cow<'a, str>) -> Result<Cow<'a, str>, Unreadable> {
    if reading.layout.option("title") != Some("first") {
        return Ok(text);
    }
    Ok(match reading.option("title", &["title"])? {
        Some(title) => Cow::Owned(format!("{}\n{text}", title.trim())),
        None => text,
    })
}

/// A task row that asks for a field.
pub(super) fn asked<'a>(
    mut reading: Reading<'_, 'a>,
    task: &'static str,
    key: &'static str,
    input: Cow<'a, str>,
) -> Result<Row<'a>, Unreadable> {
    let output = reading.text("output", &[key])?.filter(|t| !t.trim().is_empty());
    if output.is_none() {
        reading.aside("no_answer", key);
    }
    let task = Task { task: Some(task.into()), input: Some(input), output, ..Task::default() };
    reading.row(Content::Task(Box::new(task)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, row_with};
    use super::*;

    #[test]
    fn texts_and_tasks() {
        let json =
            r#"{"news_id":"6","keywords":"","title":" t ","desc":"d","source":"s","time":"03-22 12:00","content":"c"}"#;
        let with = |usage, options: &[(&str, &str)]| {
            let mut layout = layout(usage);
            options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
            let row = row_with(&SHAPE, json, &layout).unwrap();
            let content = match row.content {
                Content::Pretrain { text } => text.into_owned(),
                Content::Task(task) => task.output.unwrap_or_default().into_owned(),
                other => panic!("{other:?}"),
            };
            (content, row.id.map(Cow::into_owned), row.aside)
        };
        let id = Some("6".to_owned());
        assert_eq!(with(Use::Pretrain, &[]), ("c".into(), id.clone(), None));
        assert_eq!(with(Use::Pretrain, &[("title", "first")]).0, "t\nc");
        assert_eq!(with(Use::Task, &[]).0, " t ");
        assert_eq!(with(Use::Task, &[("task", "summary")]).0, "d");
        assert_eq!(with(Use::Task, &[("task", "keywords")]).2, Some(("no_answer", "keywords".into())));
    }
}
