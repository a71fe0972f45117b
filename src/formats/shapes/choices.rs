//! Questions with answers to choose from (C-Eval, CMMLU, MMLU, ARC, MedQA, RACE): as tasks, or for instruction tuning.
//!
//! ```json
//! {"question": "哪种动物会飞？", "A": "牛", "B": "麻雀", "C": "鱼", "D": "羊", "answer": "B"}
//! {"question": "Which is a fruit?", "choices": ["stone", "plum"], "answer": 1}
//! {"question": "…", "choices": {"text": ["…", "…"], "label": ["A", "B"]}, "answerKey": "B"}
//! ```
//!
//! The question is `question`, `Question` or `query`, with a `context`, `passage` or `article` above it. The choices are
//! columns (`A`, `B`, …; `option_a`, …; `opa`, …; `answerA`, …), or `choices` or `options`: a list, an object of letters, or one of `text`
//! and `label`. The answer is `answer`, `answerKey`, `answer_idx`, `correct_option`, `cop` or `label`: a letter, a label, the text of a
//! choice, or its number from 0 (`index = "one"`: from 1).
//!
//! As a task the input is the question, `choices` are the choices, the output is the text of the right one. For
//! instruction tuning the user says the question with the choices below it, each behind its letter, and the assistant the
//! right one as `say` has it: with its letter (`both`), the `letter` or the `text` alone; the letter is in the column
//! `answer`, too.
//!
//! Limits: an answer that is none of the choices is unreadable (`field_type`); an empty one (tests) is set aside
//! (`no_answer`).
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::values::{first, is_scalar, items, scalar, share, starts, wrong_use};
use crate::formats::json::Json;
use crate::formats::object::{field_type, text_of};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Truth, Unreadable, Use};

/// The shape.
pub const SHAPE: Choices = Choices;
/// See the module.
pub struct Choices;

const QUESTION: &[&str] = &["question", "Question", "query"];
const ABOVE: &[&str] = &["context", "passage", "article"];
const LISTS: &[&str] = &["choices", "options"];
const ANSWER: &[&str] = &["answer", "Answer", "answerKey", "answer_idx", "correct_option", "cop", "label"];
const LETTERS: [&str; 10] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
/// Choices in columns of their own, by what their letters stand behind, and whether those are small.
const COLUMNS: [(&str, bool); 7] = [
    ("answer", false),
    ("", false),
    ("option_", true),
    ("option_", false),
    ("option", false),
    ("op", true),
    ("choice_", true),
];
const INDEX: Choice =
    Choice { name: "index", words: &["zero", "one"], about: "which number the first of the choices has" };
const SAY: Choice = Choice {
    name: "say",
    words: &["both", "letter", "text"],
    about: "for instruction tuning: whether the assistant says the right choice with its letter, or one of them alone",
};

impl Shape for Choices {
    fn name(&self) -> &'static str {
        "choices"
    }
    fn about(&self) -> &'static str {
        "questions with answers to choose from (C-Eval, MMLU, ARC)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("choices.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[INDEX, SAY]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let judged = |o: &Object<'_>| {
            let asked = QUESTION.iter().any(|key| starts(o, key) == Some(b'"'));
            let all = choices_of(o).ok().flatten().filter(|all| asked && all.len() > 1)?;
            match answer(o) {
                Some((_, word)) if word.trim().is_empty() => Some(true),
                Some((key, word)) => Some(which(&all, &word, (by_place(o, key), false)).is_some()),
                // The rows of a test may have none; others of the sample have.
                None => Some(false),
            }
        };
        let judged: Vec<Option<bool>> = sample.iter().map(judged).collect();
        // A number that is one too large tells that they are not counted from 0.
        let counted =
            |o: &Object<'_>| o.has("answer") || answer(o).is_some_and(|(key, _)| by_place(o, key) || o.has("answerA"));
        if judged.contains(&Some(false)) && share(sample, counted) > 0.0 {
            return 0.0;
        }
        judged.iter().filter(|j| **j == Some(true)).count() as f32 / sample.len().max(1) as f32
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

/// A choice: its label, and its text.
type One<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The choices of a row, wherever they stand, with the fields that hold them.
struct AnswerChoices<'a> {
    all: Vec<One<'a>>,
    fields: Vec<String>,
}

impl AnswerChoices<'_> {
    fn len(&self) -> usize {
        self.all.len()
    }
}

/// The choices of a row; `None` where it has none.
fn choices_of<'a>(object: &Object<'a>) -> Result<Option<AnswerChoices<'a>>, Unreadable> {
    for key in LISTS {
        let Some(value) = object.get(key).filter(|v| matches!(first(*v), b'[' | b'{')) else { continue };
        return Ok(Some(AnswerChoices { all: listed(key, value)?, fields: vec![(*key).to_owned()] }));
    }
    for (before, small) in COLUMNS {
        let name = |letter: &str| format!("{before}{}", if small { letter.to_lowercase() } else { letter.to_owned() });
        let (mut all, mut fields) = (Vec::new(), Vec::new());
        for letter in LETTERS {
            let Some(value) = object.get(&name(letter)).filter(|v| is_scalar(*v)) else { break };
            let text = scalar(&name(letter), value)?;
            // A table has the columns of the longest row.
            if !text.trim().is_empty() {
                all.push((Cow::Borrowed(letter), text));
            }
            fields.push(name(letter));
        }
        if all.len() > 1 {
            return Ok(Some(AnswerChoices { all, fields }));
        }
    }
    Ok(None)
}

/// Choices in one field: texts, letters with texts, or lists of texts and labels.
fn listed<'a>(path: &str, value: Json<'a>) -> Result<Vec<One<'a>>, Unreadable> {
    let lettered =
        |texts: Vec<Cow<'a, str>>| texts.into_iter().zip(LETTERS).map(|(t, l)| (Cow::Borrowed(l), t)).collect();
    let texts = |value: Json<'a>| -> Result<Vec<Cow<'a, str>>, Unreadable> {
        items(path, value)?.into_iter().map(|v| scalar(path, v)).collect()
    };
    if first(value) == b'[' {
        return Ok(lettered(texts(value)?));
    }
    let object = Object::parse(value.get()).map_err(|e| field_type(path, "choices", &e.to_string()))?;
    if let (Some(said), Some(labels)) = (object.get("text"), object.get("label")) {
        return Ok(texts(labels)?.into_iter().zip(texts(said)?).collect());
    }
    let one = |(key, value): (&str, Json<'a>)| Ok((Cow::Owned(key.to_owned()), scalar(path, value)?));
    object.fields().filter(|(_, value)| is_scalar(*value)).map(one).collect()
}

/// The answer: its field, and its words.
fn answer<'a>(object: &Object<'a>) -> Option<(&'static str, Cow<'a, str>)> {
    ANSWER.iter().find_map(|key| Some((*key, text_of(object.get(key)?).ok().flatten()?)))
}

/// Whether the answer in `key` is a number rather than text: then it is the place of a choice before it is one's text
/// (`"choices": ["1", "2"], "answer": 1`).
fn by_place(object: &Object<'_>, key: &str) -> bool {
    object.get(key).is_some_and(|v| matches!(first(v), b'-' | b'0'..=b'9'))
}

/// The choice that an answer names: by its label, then by its text or (first, where `place` says so) by its place.
fn which(choices: &AnswerChoices<'_>, word: &str, (place, from_one): (bool, bool)) -> Option<usize> {
    let word = word.trim();
    let bare = word.trim_matches(['(', ')', '（', '）', '.', '。', '、', ' ']);
    let label = choices.all.iter().position(|(label, _)| label.eq_ignore_ascii_case(bare));
    let text = || choices.all.iter().position(|(_, text)| text.trim() == word);
    let number = || {
        let number = bare.strip_suffix(".0").unwrap_or(bare).parse::<usize>().ok()?;
        number.checked_sub(usize::from(from_one)).filter(|at| *at < choices.len())
    };
    label.or_else(|| if place { number().or_else(text) } else { text().or_else(number) })
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if !matches!(layout.usage, Use::Task | Use::Instruct) {
        return Err(wrong_use("choices", layout));
    }
    let mut reading = Reading::new(object, layout);
    let question = reading.need(if layout.usage == Use::Task { "input" } else { "prompt" }, QUESTION)?;
    let question = match reading.option("context", ABOVE)? {
        Some(above) => Cow::Owned(format!("{above}\n{question}")),
        None => question,
    };
    let Some(choices) = choices_of(object)? else { return Err(object.missing("choices")) };
    choices.fields.iter().for_each(|field| reading.take_path(field.clone()));
    let word = answer(object).filter(|(_, word)| !word.trim().is_empty());
    let right =
        match &word {
            Some((key, word)) => {
                reading.take(key);
                let right = which(&choices, word, (by_place(object, key), layout.option(INDEX.name) == Some("one")));
                Some(right.ok_or_else(|| {
                    field_type(key, "one of the choices (or its number: `index`)", &format!("`{word}`"))
                })?)
            }
            None => None,
        };
    if right.is_none() {
        reading.aside("no_answer", "");
    }
    if layout.usage == Use::Task {
        let output = right.map(|at| choices.all[at].1.clone());
        let choices = Some(choices.all.into_iter().map(|one| one.1).collect());
        return reading.row(Content::Task(Box::new(Task {
            input: Some(question),
            output,
            choices,
            ..Task::default()
        })));
    }
    let line = |(label, text): &One<'_>| format!("{label}. {text}");
    let asked =
        std::iter::once(question.into_owned()).chain(choices.all.iter().map(line)).collect::<Vec<_>>().join("\n");
    let mut messages = vec![Message::new("user", asked)];
    if let Some(one) = right.map(|at| &choices.all[at]) {
        let said = match layout.option(SAY.name) {
            Some("letter") => one.0.clone(),
            Some("text") => one.1.clone(),
            _ => Cow::Owned(line(one)),
        };
        messages.push(Message::new("assistant", said));
        reading.columns.truth = Some(Box::new(Truth { answer: Some(one.0.clone()), ..Truth::default() }));
    }
    reading.row(Content::Instruct { messages, tools: None })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, row, row_with, said};
    use super::*;

    fn task(json: &str) -> (Vec<String>, Option<String>) {
        let Content::Task(task) = row(&SHAPE, json, Use::Task).unwrap().content else { panic!() };
        (task.choices.unwrap().into_iter().map(Into::into).collect(), task.output.map(Into::into))
    }

    #[test]
    fn choices_wherever_they_stand() {
        for json in [
            r#"{"question":"会飞的？","A":"牛","B":"麻雀","C":"","answer":"B"}"#,
            r#"{"question":"会飞的？","choices":["牛","麻雀"],"answer":1}"#,
            r#"{"question":"会飞的？","choices":{"text":["牛","麻雀"],"label":["1","2"]},"answerKey":"2"}"#,
            r#"{"question":"会飞的？","options":{"A":"牛","B":"麻雀"},"answer":"麻雀","answer_idx":"B"}"#,
            r#"{"question":"会飞的？","option_a":"牛","option_b":"麻雀","answer":"(b)"}"#,
            r#"{"question":"会飞的？","opa":"牛","opb":"麻雀","cop":1}"#,
        ] {
            assert_eq!(task(json), (vec!["牛".to_owned(), "麻雀".into()], Some("麻雀".into())), "{json}");
            assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 1.0, "{json}");
        }
        // A number is a place before it is a text; a text is a text before it is a place.
        for (answer, right) in [("1", "2"), (r#""1""#, "1")] {
            let json = format!(r#"{{"question":"一加一？","choices":["1","2","3","4"],"answer":{answer}}}"#);
            assert_eq!(task(&json).1.as_deref(), Some(right), "{json}");
        }
        let json = r#"{"question":"会飞的？","A":"牛","B":"麻雀","answer":"B","explanation":"e"}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: 会飞的？\nA. 牛\nB. 麻雀", "assistant: B. 麻雀"]);
        assert_eq!(read.truth.unwrap().answer.as_deref(), Some("B"));
        assert_eq!(read.meta.as_deref(), Some(r#"{"explanation":"e"}"#));
    }

    #[test]
    fn an_answer_that_is_no_choice_is_told() {
        let json = r#"{"question":"会飞的？","choices":["牛","麻雀"],"answer":2}"#;
        assert_eq!(row(&SHAPE, json, Use::Task).unwrap_err().reason, "field_type");
        assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 0.0);
        let mut one = layout(Use::Task);
        one.options.insert("index".into(), "one".into());
        let Content::Task(read) = row_with(&SHAPE, json, &one).unwrap().content else { panic!() };
        assert_eq!(read.output.as_deref(), Some("麻雀"));
        let test = r#"{"question":"会飞的？","A":"牛","B":"麻雀","answer":""}"#;
        assert_eq!(row(&SHAPE, test, Use::Task).unwrap().aside, Some(("no_answer", String::new())));
        assert_eq!(row(&SHAPE, r#"{"question":"q","answer":"a"}"#, Use::Task).unwrap_err().reason, "field_missing");
    }
}
