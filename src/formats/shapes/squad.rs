//! Questions about a text whose answers are stretches of it: SQuAD and those laid out like it (CMRC2018, DRCD,
//! DuReader-robust, XQuAD), as a task or for instruction tuning.
//!
//! ```json
//! {"data": [{"title": "…", "paragraphs": [{"context": "…", "qas": [
//!   {"id": "…", "question": "…", "answers": [{"text": "…", "answer_start": 30}], "is_impossible": false}]}]}]}
//! {"context_id": "…", "context_text": "…", "title": "…", "qas": [{"query_id": "…", "query_text": "…", "answers": ["…"]}]}
//! {"id": "…", "context": "…", "question": "…", "answers": {"text": ["…"], "answer_start": [30]}}
//! ```
//!
//! These are the nested files, CMRC2018's own ones, and the flat rows of the hub. Every question is a row: the input is
//! the text and, after an empty line, the question; the output is the first of its answers, and with `take = "all"`
//! every different one is a row (test sets have the answers of several people). The task is `reading_comprehension`,
//! the id the question's. For instruction tuning the user says the input.
//!
//! A question that the text does not answer (`is_impossible`, or no answer in the list) is set aside (`no_answer`);
//! `unanswerable = "word"` keeps it, with the answer that is usual for it: `无答案` to a question with Chinese
//! characters, `unanswerable` to another one.
//!
//! Limits: an element of `data` is one object, so it must fit into `max_row` (DuReader-robust has all its texts in one).
//! Where the answer stands in the text is not kept.
use std::borrow::Cow;

use super::support::reading::{Reading, all};
use super::support::values::{first, is_null, items, scalar, share, starts, wrong_use};
use crate::formats::json::Json;
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};
use crate::text::classes::Counts;

/// The shape.
pub const SHAPE: Squad = Squad;
/// See the module.
pub struct Squad;

const CONTEXT: [&str; 2] = ["context", "context_text"];
const QUESTION: [&str; 2] = ["question", "query_text"];
const ID: [&str; 2] = ["id", "query_id"];

impl Shape for Squad {
    fn name(&self) -> &'static str {
        "squad"
    }
    fn about(&self) -> &'static str {
        "questions about a text (SQuAD, CMRC2018, DRCD, DuReader-robust)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("squad.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const ANSWERS: Choice = Choice {
            name: "take",
            words: &["first", "all"],
            about: "the first answer to a question, or a row for every different one",
        };
        const NONE: Choice = Choice {
            name: "unanswerable",
            words: &["aside", "word"],
            about: "whether a question without an answer is set aside (`no_answer`) or answered by `无答案`",
        };
        &[ANSWERS, NONE]
    }
    fn several(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let text = |o: &Object<'_>, keys: [&str; 2]| keys.iter().any(|key| starts(o, key) == Some(b'"'));
        let list = |o: &Object<'_>, key: &str| o.get(key).is_some_and(|v| first(v) == b'[');
        share(sample, |o| {
            let nested = list(o, "paragraphs.0.qas") || (text(o, CONTEXT) && list(o, "qas"));
            nested || (text(o, CONTEXT) && text(o, QUESTION) && list(o, "answers.text"))
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut rows = Vec::new();
        all(read(object, layout, &mut rows).map(|()| rows), emit);
    }
}

fn read<'a>(object: &Object<'a>, layout: &Layout, rows: &mut Vec<Row<'a>>) -> Result<(), Unreadable> {
    if !matches!(layout.usage, Use::Task | Use::Instruct) {
        return Err(wrong_use("squad", layout));
    }
    let mut reading = Reading::new(object, layout);
    for key in ["paragraphs", "qas", "answers", "is_impossible", "plausible_answers"].into_iter().chain(QUESTION) {
        reading.take(key);
    }
    CONTEXT.into_iter().chain(ID).for_each(|key| reading.take(key));
    let shared = reading.row(content(layout, None, None))?;
    let before = rows.len();
    if let Some(paragraphs) = object.get("paragraphs").filter(|v| !is_null(*v)) {
        for (index, paragraph) in items("paragraphs", paragraphs)?.into_iter().enumerate() {
            questions(&parse(&format!("paragraphs.{index}"), paragraph)?, &shared, layout, rows)?;
        }
    } else {
        questions(object, &shared, layout, rows)?;
    }
    if rows.len() == before {
        // A text about which nothing is asked.
        rows.push(Row { aside: Some(("no_answer", "no questions".into())), ..shared });
    }
    Ok(())
}

fn parse<'a>(path: &str, value: Json<'a>) -> Result<Object<'a>, Unreadable> {
    Object::parse(value.get()).map_err(|e| field_type(path, "an object", &e.to_string()))
}

/// The text of the first of these fields that is there.
fn text<'a>(object: &Object<'a>, keys: [&str; 2]) -> Result<Cow<'a, str>, Unreadable> {
    object.require(keys.into_iter().find(|key| object.has(key)).unwrap_or(keys[0]))
}

/// The questions about one text.
fn questions<'a>(
    paragraph: &Object<'a>,
    shared: &Row<'a>,
    layout: &Layout,
    rows: &mut Vec<Row<'a>>,
) -> Result<(), Unreadable> {
    let context = text(paragraph, CONTEXT)?;
    match paragraph.get("qas").filter(|v| !is_null(*v)) {
        Some(qas) => {
            for (index, qa) in items("qas", qas)?.into_iter().enumerate() {
                question(&context, &parse(&format!("qas.{index}"), qa)?, shared, layout, rows)?;
            }
            Ok(())
        }
        None => question(&context, paragraph, shared, layout, rows),
    }
}

fn question<'a>(
    context: &str,
    qa: &Object<'a>,
    shared: &Row<'a>,
    layout: &Layout,
    rows: &mut Vec<Row<'a>>,
) -> Result<(), Unreadable> {
    let asked = text(qa, QUESTION)?;
    let impossible = qa.get("is_impossible").is_some_and(|v| v.get() == "true");
    let mut answers = if impossible { Vec::new() } else { answers_of(qa)? };
    if layout.option("take") != Some("all") {
        answers.truncate(1);
    }
    let mut aside = None;
    let mut answers: Vec<Option<Cow<'a, str>>> = answers.into_iter().map(Some).collect();
    if answers.is_empty() {
        let word = if Counts::of(&asked).han() > 0 { "无答案" } else { "unanswerable" };
        let kept = layout.option("unanswerable") == Some("word");
        answers.push(kept.then_some(Cow::Borrowed(word)));
        aside = (!kept).then(|| ("no_answer", String::new()));
    }
    let id = ID.iter().find_map(|key| qa.get(key)).filter(|v| !is_null(*v));
    let id = id.map(|id| scalar("id", id)).transpose()?;
    for output in answers {
        let input: Cow<'a, str> = Cow::Owned(format!("{context}\n\n{asked}"));
        let content = content(layout, Some(input), output);
        let id = id.clone().or_else(|| shared.id.clone());
        rows.push(Row { content, id, aside: aside.clone(), ..shared.shared() });
    }
    Ok(())
}

fn content<'a>(layout: &Layout, input: Option<Cow<'a, str>>, output: Option<Cow<'a, str>>) -> Content<'a> {
    if layout.usage == Use::Instruct {
        let asked = input.map(|i| Message::new("user", i));
        let answer = output.map(|o| Message::new("assistant", o));
        return Content::Instruct { messages: asked.into_iter().chain(answer).collect(), tools: None };
    }
    let task = Some(Cow::Borrowed("reading_comprehension"));
    Content::Task(Box::new(Task { task, input, output, ..Task::default() }))
}

/// The different answers, in order: objects with a text, texts, or an object of lists.
fn answers_of<'a>(qa: &Object<'a>) -> Result<Vec<Cow<'a, str>>, Unreadable> {
    let Some(value) = qa.get("answers.text").or_else(|| qa.get("answers")).filter(|v| !is_null(*v)) else {
        return Ok(Vec::new());
    };
    let mut answers = Vec::new();
    for (index, item) in items("answers", value)?.into_iter().enumerate() {
        let path = format!("answers.{index}");
        let answer = match first(item) {
            b'{' => parse(&path, item)?.require("text")?,
            _ => scalar(&path, item)?,
        };
        if !answer.trim().is_empty() && !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, rows_with};
    use super::*;

    const NESTED: &str = r#"{"title":"文","id":"T1","paragraphs":[{"id":"P1","context":"甲是乙。","qas":[
        {"id":"1","question":"甲是什么？","answers":[{"text":"乙","answer_start":2},{"text":"乙","answer_start":2},{"text":"是乙","answer_start":1}]},
        {"id":"2","question":"丙是什么？","answers":[],"is_impossible":true,"plausible_answers":[{"text":"乙"}]},
        {"id":"3","question":"What?","answers":[{"text":"","answer_start":-1}]}]},
        {"context":"丁。","qas":[]}]}"#;

    fn read(json: &str, options: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut layout = layout(Use::Task);
        options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
        let show = |row: Result<Row<'_>, Unreadable>| {
            let row = row.unwrap();
            let Content::Task(task) = &row.content else { panic!() };
            assert_eq!(task.task.as_deref(), Some("reading_comprehension"));
            assert!(row.aside.is_none() || task.output.is_none());
            (
                row.id.unwrap().into_owned(),
                format!("{} > {}", task.input.as_deref().unwrap(), task.output.as_deref().unwrap_or("-")),
            )
        };
        rows_with(&SHAPE, json, &layout).into_iter().map(show).collect()
    }

    #[test]
    fn every_question_is_a_row() {
        let pair = |id: &str, said: &str| (id.to_owned(), said.to_owned());
        let rows = read(NESTED, &[]);
        assert_eq!(rows[0], pair("1", "甲是乙。\n\n甲是什么？ > 乙"));
        assert_eq!(rows[1..], [pair("2", "甲是乙。\n\n丙是什么？ > -"), pair("3", "甲是乙。\n\nWhat? > -")]);
        let rows = read(NESTED, &[("take", "all"), ("unanswerable", "word")]);
        let said: Vec<&str> = rows.iter().map(|r| r.1.rsplit(" > ").next().unwrap()).collect();
        assert_eq!(said, ["乙", "是乙", "无答案", "unanswerable"]);
        let none = rows_with(&SHAPE, r#"{"paragraphs":[]}"#, &layout(Use::Task)).remove(0).unwrap();
        assert_eq!(none.aside, Some(("no_answer", "no questions".into())));
    }

    #[test]
    fn the_other_layouts() {
        for json in [
            r#"{"context_id":"T_0","context_text":"c","title":"t","qas":[{"query_text":"q","query_id":"7","answers":["a","b"]}]}"#,
            r#"{"id":"7","title":"t","context":"c","question":"q","answers":{"text":["a"],"answer_start":[0]}}"#,
            r#"{"id":"7","context":"c","question":"q","answers":[{"text":"a"}]}"#,
        ] {
            assert_eq!(read(json, &[]), [("7".to_owned(), "c\n\nq > a".to_owned())], "{json}");
        }
        let wrong = r#"{"context":"c","qas":[{"id":"1","question":"q","answers":[]},{"id":"2"}]}"#;
        let rows = rows_with(&SHAPE, wrong, &layout(Use::Task));
        assert!(rows.len() == 1 && rows[0].as_ref().unwrap_err().reason == "field_missing");
        assert_eq!(SHAPE.fits(&[Object::parse(NESTED).unwrap(), Object::parse(wrong).unwrap()]), 1.0);
    }
}
