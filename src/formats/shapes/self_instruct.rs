//! Seed tasks of self-instruct: an instruction with instances of it, each a row, for instruction tuning or as tasks.
//!
//! ```json
//! {"id": "seed_task_0", "name": "breakfast_suggestion", "instruction": "…", "is_classification": false,
//!   "instances": [{"input": "", "output": "…"}]}
//! ```
//!
//! The user says the instruction and below it the instance's input, as in `alpaca`. The task is `name`.
//!
//! Limits: a task without instances is set aside (`no_answer`).
use super::alpaca::asked;
use super::support::reading::Reading;
use super::support::values::{items, share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: SelfInstruct = SelfInstruct;
/// See the module.
pub struct SelfInstruct;

impl Shape for SelfInstruct {
    fn name(&self) -> &'static str {
        "self_instruct"
    }
    fn about(&self) -> &'static str {
        "self-instruct's seed tasks: an instruction with instances"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("self_instruct.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Task]
    }
    fn several(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| starts(o, "instruction") == Some(b'"') && starts(o, "instances") == Some(b'['))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        match contents(&mut reading) {
            Ok(contents) => reading.rows(contents, emit),
            Err(error) => emit(Err(error)),
        }
    }
}

fn contents<'a>(reading: &mut Reading<'_, 'a>) -> Result<Vec<Content<'a>>, Unreadable> {
    let usage = reading.layout.usage;
    if !matches!(usage, Use::Instruct | Use::Task) {
        return Err(wrong_use("self_instruct", reading.layout));
    }
    let instruction = reading.need("instruction", &["instruction"])?;
    let task = if usage == Use::Task { reading.option("task", &["name"])? } else { None };
    let Some((path, value)) = reading.find("instances", &["instances"], |_| true)? else {
        return Err(reading.missing("instances", "instances"));
    };
    let content = |input, output| match usage {
        Use::Task => {
            Content::Task(Box::new(Task { task: task.clone(), input: Some(input), output, ..Task::default() }))
        }
        _ => {
            let answer = output.map(|o| Message::new("assistant", o));
            let messages = [Message::new("user", input)].into_iter().chain(answer).collect();
            Content::Instruct { messages, tools: None }
        }
    };
    let mut rows = Vec::new();
    for (index, instance) in items(path, value)?.into_iter().enumerate() {
        let at = format!("{path}.{index}");
        let instance = Object::parse(instance.get()).map_err(|e| field_type(&at, "an instance", &e.to_string()))?;
        let input = instance.text("input")?.unwrap_or_default();
        rows.push(content(asked(instruction.clone(), input), Some(instance.require("output")?)));
    }
    if rows.is_empty() {
        reading.aside("no_answer", "");
        rows.push(content(instruction.clone(), None));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, rows_with, said};
    use super::*;

    #[test]
    fn each_instance_is_a_row() {
        let json = r#"{"id":"s","name":"n","instruction":"i","is_classification":true,
            "instances":[{"input":"","output":"a"},{"input":"x","output":"b"}]}"#;
        let rows = rows_with(&SHAPE, json, &layout(Use::Instruct));
        let all: Vec<String> = rows.iter().map(|r| said(instruct(r.as_ref().unwrap())).join("|")).collect();
        assert_eq!(all, ["user: i|assistant: a", "user: i\nx|assistant: b"]);
        let row = rows_with(&SHAPE, json, &layout(Use::Task)).remove(1).unwrap();
        let Content::Task(task) = &row.content else { panic!() };
        assert_eq!((task.task.as_deref(), task.output.as_deref()), (Some("n"), Some("b")));
        assert_eq!((row.id.as_deref(), row.meta.as_deref()), (Some("s"), Some(r#"{"is_classification":true}"#)));
        let none =
            rows_with(&SHAPE, r#"{"instruction":"i","instances":[]}"#, &layout(Use::Instruct)).remove(0).unwrap();
        assert_eq!(none.aside, Some(("no_answer", String::new())));
        let wrong = r#"{"instruction":"i","instances":[{"output":"a"},{"input":"x"}]}"#;
        let rows = rows_with(&SHAPE, wrong, &layout(Use::Instruct));
        assert!(rows.len() == 1 && rows[0].as_ref().unwrap_err().reason == "field_missing");
    }
}
