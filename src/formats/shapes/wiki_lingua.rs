//! WikiLingua: wikiHow's guides, a summary for every section, as a task of summarising (or for instruction tuning).
//!
//! ```json
//! {"url": "…", "article": {"section_name": ["步骤"], "document": ["…"], "summary": ["…"], "english_url": ["…"],
//!   "english_section_name": ["Steps"]}}
//! ```
//!
//! Every section is a row: its `document` is the input, its `summary` the output, the task `summarization`. With
//! `sections = "joined"` a guide is one row, its documents and its summaries joined by line breaks. The names of the
//! sections and where their English is are in `meta`. The article may also be a list of sections with these fields.
//!
//! Limits: a guide without sections is set aside (`no_answer`). The English text is in another file: it is not joined.
use std::borrow::Cow;

use super::support::reading::{Reading, all};
use super::support::values::{first, items, mismatch, scalar, share, starts, wrong_use};
use crate::formats::json::Json;
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: WikiLingua = WikiLingua;
/// See the module.
pub struct WikiLingua;

/// What goes into `meta`.
const MORE: [&str; 3] = ["section_name", "english_url", "english_section_name"];

impl Shape for WikiLingua {
    fn name(&self) -> &'static str {
        "wiki_lingua"
    }
    fn about(&self) -> &'static str {
        "WikiLingua: sections of guides with their summaries"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("wiki_lingua.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const SECTIONS: Choice = Choice {
            name: "sections",
            words: &["each", "joined"],
            about: "a row for each section of a guide, or one for the guide",
        };
        &[SECTIONS]
    }
    fn several(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let lists =
            |o: &Object<'_>| ["article.document", "article.summary"].iter().all(|key| starts(o, key) == Some(b'['));
        share(sample, |o| lists(o) || (o.get("article.0.document").is_some() && o.get("article.0.summary").is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        all(rows(object, layout), emit);
    }
}

/// A section: what it says, its summary, and what it has besides as JSON.
type Section<'a> = (Cow<'a, str>, Cow<'a, str>, Vec<(&'static str, Json<'a>)>);

fn sections<'a>(article: Json<'a>) -> Result<Vec<Section<'a>>, Unreadable> {
    let parse = |path: &str, value: Json<'a>| {
        Object::parse(value.get()).map_err(|e| field_type(path, "an object", &e.to_string()))
    };
    let need = |value: Option<Json<'a>>, key: &str| match value {
        Some(value) => scalar(key, value),
        None => Err(mismatch(format!("not every section has a {key}"))),
    };
    let mut out = Vec::new();
    if first(article) == b'[' {
        for (index, section) in items("article", article)?.into_iter().enumerate() {
            let section = parse(&format!("article.{index}"), section)?;
            let more = MORE.into_iter().filter_map(|key| Some((key, section.get(key)?))).collect();
            out.push((need(section.get("document"), "document")?, need(section.get("summary"), "summary")?, more));
        }
        return Ok(out);
    }
    let object = parse("article", article)?;
    let list = |key: &str| object.get(key).filter(|v| first(*v) == b'[').map_or(Ok(Vec::new()), |v| items(key, v));
    let (documents, summaries) = (list("document")?, list("summary")?);
    let more = [list(MORE[0])?, list(MORE[1])?, list(MORE[2])?];
    for index in 0..documents.len().max(summaries.len()) {
        let at = |list: &Vec<Json<'a>>| list.get(index).copied();
        let more = MORE.into_iter().zip(&more).filter_map(|(key, list)| Some((key, at(list)?))).collect();
        out.push((need(at(&documents), "document")?, need(at(&summaries), "summary")?, more));
    }
    Ok(out)
}

fn rows<'a>(object: &Object<'a>, layout: &Layout) -> Result<Vec<Row<'a>>, Unreadable> {
    let Some(article) = object.get("article") else { return Err(object.missing("article")) };
    let mut sections = sections(article)?;
    if layout.option("sections") == Some("joined") && sections.len() > 1 {
        let documents: Vec<&str> = sections.iter().map(|s| s.0.as_ref()).collect();
        let summaries: Vec<&str> = sections.iter().map(|s| s.1.as_ref()).collect();
        sections = vec![(documents.join("\n").into(), summaries.join("\n").into(), Vec::new())];
    }
    let mut rows = Vec::with_capacity(sections.len().max(1));
    let empty = sections.is_empty();
    let sections = sections.into_iter().map(|(document, summary, more)| (document, Some(summary), more));
    for (document, summary, more) in sections.chain(empty.then(|| (Cow::Borrowed(""), None, Vec::new()))) {
        let mut reading = Reading::new(object, layout);
        reading.take("article");
        more.into_iter().for_each(|(key, value)| reading.extra(key, value.get()));
        if empty {
            reading.aside("no_answer", "");
        }
        let content = match layout.usage {
            Use::Task => {
                let task = Some(Cow::Borrowed("summarization"));
                Content::Task(Box::new(Task { task, input: Some(document), output: summary, ..Task::default() }))
            }
            Use::Instruct => {
                let answer = summary.map(|s| Message::new("assistant", s));
                let messages = [Message::new("user", document)].into_iter().chain(answer).collect();
                Content::Instruct { messages, tools: None }
            }
            _ => return Err(wrong_use("wiki_lingua", layout)),
        };
        rows.push(reading.row(content)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, rows_with};
    use super::*;

    const ROW: &str = r#"{"url":"u","article":{"section_name":["步骤","提示"],"document":["先这样。","再那样。"],
        "summary":["这样。","那样。"],"english_url":["e","e"],"english_section_name":["Steps","Tips"]}}"#;

    fn read(json: &str, sections: &str) -> Vec<String> {
        let mut layout = layout(Use::Task);
        layout.options.insert("sections".into(), sections.into());
        let show = |row: Result<Row<'_>, Unreadable>| match row {
            Ok(row) => {
                let Content::Task(task) = &row.content else { panic!() };
                assert_eq!(task.task.as_deref(), Some("summarization"));
                let side = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or("-").to_owned();
                format!("{} > {} {}", side(&task.input), side(&task.output), row.meta.unwrap_or_default())
            }
            Err(error) => error.reason.to_owned(),
        };
        rows_with(&SHAPE, json, &layout).into_iter().map(show).collect()
    }

    #[test]
    fn every_section_is_a_row() {
        let rows = read(ROW, "each");
        let meta = r#"{"section_name":"步骤","english_url":"e","english_section_name":"Steps"}"#;
        assert_eq!((rows.len(), rows[0].clone()), (2, format!("先这样。 > 这样。 {meta}")));
        assert_eq!(read(ROW, "joined"), ["先这样。\n再那样。 > 这样。\n那样。 "]);
        let list = r#"{"url":"u","article":[{"section_name":"步骤","document":"a","summary":"b"}]}"#;
        assert_eq!(read(list, "each"), [r#"a > b {"section_name":"步骤"}"#]);
        assert_eq!(SHAPE.fits(&[Object::parse(ROW).unwrap(), Object::parse(list).unwrap()]), 1.0);
        let none = r#"{"url":"u","article":{"document":[],"summary":[]}}"#;
        let row = rows_with(&SHAPE, none, &layout(Use::Task)).remove(0).unwrap();
        assert_eq!(row.aside, Some(("no_answer", String::new())));
        assert_eq!(read(r#"{"article":{"document":["a"],"summary":[]}}"#, "each"), ["dialogue_mismatch"]);
    }
}
