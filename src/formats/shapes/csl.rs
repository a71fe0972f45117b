//! CSL: titles and abstracts of Chinese scientific papers, for pretraining or as tasks.
//!
//! ```json
//! {"doc_id": "…", "title": "…", "abstract": "…", "keywords": ["…", "…"], "category": "工学", "discipline": "…"}
//! ```
//!
//! For pretraining the text is the abstract; `title = "first"` puts the title on a line before it. As a task, `task` says
//! what is asked for: `title` (the default) or `keywords` of the abstract, joined by `、`; `category` of the title,
//! `discipline` of the abstract. What is not part of the text stays in `meta`.
//!
//! The benchmark's files are columns without names: `format = "tsv"`, `use = "task"` and
//! `fields = { task = "1", input = "2", output = "3" }` read them.
//!
//! Limits: as a task, a row without what is asked for is set aside (`no_answer`).
use std::borrow::Cow;

use super::news::{TITLE, asked, titled};
use super::support::reading::Reading;
use super::support::values::{first, items, scalar, share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Csl = Csl;
/// See the module.
pub struct Csl;

impl Shape for Csl {
    fn name(&self) -> &'static str {
        "csl"
    }
    fn about(&self) -> &'static str {
        "CSL: titles, abstracts and keywords of Chinese papers"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("csl.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Pretrain, Use::Task]
    }
    fn options(&self) -> &'static [Choice] {
        const TASK: Choice = Choice {
            name: "task",
            words: &["title", "keywords", "category", "discipline"],
            about: "what a task row asks for",
        };
        &[TITLE, TASK]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let both = |o: &Object<'_>| ["title", "abstract"].iter().all(|key| starts(o, key) == Some(b'"'));
        share(sample, |o| both(o) && (o.has("keywords") || o.has("discipline")))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    match (layout.usage, layout.option("task")) {
        (Use::Pretrain, _) => {
            let text = reading.need("text", &["abstract"])?;
            let text = titled(&mut reading, text)?;
            reading.row(Content::Pretrain { text })
        }
        (Use::Task, Some("keywords")) => {
            let input = Some(reading.need("input", &["abstract"])?);
            let output = match reading.find("output", &["keywords"], |_| true)? {
                Some((path, value)) if first(value) == b'[' => {
                    let words: Vec<Cow<'a, str>> =
                        items(path, value)?.into_iter().map(|v| scalar(path, v)).collect::<Result<_, _>>()?;
                    Some(Cow::Owned(words.join("、")))
                }
                Some((path, value)) => Some(scalar(path, value)?),
                None => None,
            }
            .filter(|t| !t.is_empty());
            if output.is_none() {
                reading.aside("no_answer", "keywords");
            }
            let task = Task { task: Some("keywords".into()), input, output, ..Task::default() };
            reading.row(Content::Task(Box::new(task)))
        }
        (Use::Task, Some("category")) => {
            let input = reading.need("input", &["title"])?;
            asked(reading, "classification", "category", input)
        }
        (Use::Task, Some("discipline")) => {
            let input = reading.need("input", &["abstract"])?;
            asked(reading, "classification", "discipline", input)
        }
        (Use::Task, _) => {
            let input = reading.need("input", &["abstract"])?;
            asked(reading, "title", "title", input)
        }
        _ => Err(wrong_use("csl", layout)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, row_with};
    use super::*;

    #[test]
    fn texts_and_tasks() {
        let json = r#"{"doc_id":"d","title":"t","abstract":"a","keywords":["k","l"],"category":"c","discipline":"e"}"#;
        let with = |usage, options: &[(&str, &str)]| {
            let mut layout = layout(usage);
            options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
            let row = row_with(&SHAPE, json, &layout).unwrap();
            assert_eq!(row.id.as_deref(), Some("d"));
            match row.content {
                Content::Pretrain { text } => text.into_owned(),
                Content::Task(task) => format!("{} > {}", task.input.unwrap(), task.output.unwrap()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(with(Use::Pretrain, &[]), "a");
        assert_eq!(with(Use::Pretrain, &[("title", "first")]), "t\na");
        assert_eq!(with(Use::Task, &[]), "a > t");
        assert_eq!(with(Use::Task, &[("task", "keywords")]), "a > k、l");
        assert_eq!(with(Use::Task, &[("task", "category")]), "t > c");
        assert_eq!(with(Use::Task, &[("task", "discipline")]), "a > e");
    }
}
