//! Natural Instructions: a file is a task with a definition and thousands of instances, each with one output or more.
//!
//! ```json
//! {"Definition": ["…"], "Categories": ["Question Answering"], "Domains": ["Wikipedia"], "Input_language": ["English"],
//!   "Output_language": ["English"], "Positive Examples": [{…}], "Instances": [{"id": "…", "input": "…", "output": ["…"]}]}
//! ```
//!
//! Every output of every instance is a row: the input is the definition and, after an empty line, the instance's input;
//! `definition = "leave"` leaves the definition out. The task is the first category, the domain the first one; the
//! languages are those that the file states. For instruction tuning the user says the input. The id is the instance's.
//!
//! Limits: a file is one object, so it must fit into `max_row`. Positive and negative examples are no rows, and are left
//! out of `meta`, which would repeat them in every row.
use std::borrow::Cow;

use super::support::reading::{Reading, all};
use super::support::values::{items, joined, share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: NaturalInstructions = NaturalInstructions;
/// See the module.
pub struct NaturalInstructions;

const EXAMPLES: [&str; 2] = ["Positive Examples", "Negative Examples"];

impl Shape for NaturalInstructions {
    fn name(&self) -> &'static str {
        "natural_instructions"
    }
    fn about(&self) -> &'static str {
        "Natural Instructions: a definition with instances, a task a file"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("natural_instructions.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        const DEFINITION: Choice = Choice {
            name: "definition",
            words: &["input", "leave"],
            about: "whether the task's definition stands before each input",
        };
        &[DEFINITION]
    }
    fn several(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| starts(o, "Definition").is_some() && starts(o, "Instances") == Some(b'['))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        all(rows(object, layout), emit);
    }
}

/// What all instances of a task have in common. Each of the fields is a list; its first item counts.
fn task<'a>(object: &Object<'a>) -> Result<Task<'a>, Unreadable> {
    let first = |key: &'static str| match object.get(key).map(|v| items(key, v)) {
        Some(Ok(list)) => list.first().map(|v| joined(key, *v)).transpose(),
        _ => Ok(None),
    };
    Ok(Task {
        task: first("Categories")?,
        domain: first("Domains")?,
        input_language: first("Input_language")?,
        output_language: first("Output_language")?,
        ..Task::default()
    })
}

fn rows<'a>(object: &Object<'a>, layout: &Layout) -> Result<Vec<Row<'a>>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    EXAMPLES.into_iter().for_each(|key| reading.take(key));
    let definition = reading.need("instruction", &["Definition"])?;
    let base = task(object)?;
    let Some((path, value)) = reading.find("instances", &["Instances"], |_| true)? else {
        return Err(reading.missing("instances", "Instances"));
    };
    let whole = layout.option("definition") != Some("leave");
    let content = |input: Option<Cow<'a, str>>, output: Option<Cow<'a, str>>| match layout.usage {
        Use::Task => Ok(Content::Task(Box::new(Task { input, output, ..base.clone() }))),
        Use::Instruct => {
            let asked = input.map(|i| Message::new("user", i));
            let answer = output.map(|o| Message::new("assistant", o));
            Ok(Content::Instruct { messages: asked.into_iter().chain(answer).collect(), tools: None })
        }
        _ => Err(wrong_use("natural_instructions", layout)),
    };
    let instances = items(path, value)?;
    if instances.is_empty() {
        reading.aside("no_answer", "");
    }
    let shared = reading.row(content(Some(definition.clone()), None)?)?;
    if instances.is_empty() {
        return Ok(vec![shared]);
    }
    let mut rows = Vec::with_capacity(instances.len());
    for (index, instance) in instances.into_iter().enumerate() {
        let at = format!("{path}.{index}");
        let instance = Object::parse(instance.get()).map_err(|e| field_type(&at, "an instance", &e.to_string()))?;
        let input = instance.require("input")?;
        let input = if whole { Cow::Owned(format!("{definition}\n\n{input}")) } else { input };
        let output = instance.get("output").ok_or_else(|| instance.missing("output"))?;
        let outputs = if output.get().starts_with('[') { items(&at, output)? } else { vec![output] };
        let id = instance.text("id")?;
        let mut answers: Vec<Option<Cow<'a, str>>> = Vec::new();
        for output in outputs {
            answers.push(Some(joined(&format!("{at}.output"), output)?));
        }
        let none = answers.is_empty();
        answers.extend(none.then_some(None));
        for answer in answers {
            let mut row = Row { content: content(Some(input.clone()), answer)?, ..shared.shared() };
            row.id = id.clone().or(row.id);
            row.aside = none.then(|| ("no_answer", String::new()));
            rows.push(row);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, rows_with, said};
    use super::*;

    const FILE: &str = r#"{"Contributors":["c"],"Definition":["Do it."],"Categories":["QA"],"Domains":["Wikipedia"],
        "Input_language":["English"],"Output_language":["Chinese"],"Positive Examples":[{"input":"p"}],"Negative Examples":[],
        "Instances":[{"id":"t-1","input":"a","output":["x","y"]},{"id":"t-2","input":"b","output":"z"},{"input":"c","output":[]}]}"#;

    #[test]
    fn every_output_is_a_row() {
        let rows = rows_with(&SHAPE, FILE, &layout(Use::Task));
        let rows: Vec<&Row<'_>> = rows.iter().map(|r| r.as_ref().unwrap()).collect();
        let task = |row: &Row<'_>| match &row.content {
            Content::Task(task) => (**task).clone().output.map(|o| o.to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            rows.iter().map(|r| task(r)).collect::<Vec<_>>(),
            [Some("x".into()), Some("y".into()), Some("z".into()), None]
        );
        assert_eq!((rows[1].id.as_deref(), rows[3].aside.clone()), (Some("t-1"), Some(("no_answer", String::new()))));
        let Content::Task(first) = &rows[0].content else { panic!() };
        assert_eq!((first.input.as_deref(), first.task.as_deref()), (Some("Do it.\n\na"), Some("QA")));
        assert_eq!(
            (first.input_language.as_deref(), first.output_language.as_deref()),
            (Some("English"), Some("Chinese"))
        );
        assert!(!rows[0].meta.as_deref().unwrap().contains("Examples"));
    }

    #[test]
    fn the_definition_can_be_left_out() {
        let mut layout = layout(Use::Instruct);
        layout.options.insert("definition".into(), "leave".into());
        let rows = rows_with(&SHAPE, FILE, &layout);
        assert_eq!(said(instruct(rows[2].as_ref().unwrap())), ["user: b", "assistant: z"]);
        let wrong = r#"{"Definition":["d"],"Instances":[{"input":"a","output":["x"]},{"output":["y"]}]}"#;
        let rows = rows_with(&SHAPE, wrong, &layout);
        assert!(rows.len() == 1 && rows[0].is_err());
    }
}
