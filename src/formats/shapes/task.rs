//! Rows of tasks by their own names: pCLUE, Firefly, xP3, ADGEN, ChatYuan.
//!
//! ```json
//! {"input": "…\n答案：", "target": "不是", "answer_choices": ["是的", "不是", "也许"], "type": "nli"}
//! {"kind": "NER", "input": "…", "target": "…"}
//! {"inputs": "…", "targets": "…"}
//! {"content": "类型#裤*版型#宽松", "summary": "…"}
//! {"source": "用户：你好\n小元：", "target": "你好！"}
//! ```
//!
//! Input and output are `input` and `target`, `inputs` and `targets`, `content` and `summary`, `source` and `target`, or a
//! `document`, `article` or `dialogue` and its `summary` or `highlights` (XSum, CNN/DailyMail, SAMSum), or a `text` and its
//! `summary` with nothing beside them (LCSTS).
//! The task is `type` or `kind`, the choices are `answer_choices`, as they stand: repeated ones too, and without the
//! answer where it is none of them (4.5 % of pCLUE). For instruction tuning the user says the input and the assistant
//! the output; ChatYuan's `用户：` and `小元：` at the starts of lines are turns, and its `\n` and `\t` of two characters
//! become what they stand for.
//!
//! Limits: a row without an output (pCLUE's `test` files) is set aside (`no_answer`).
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Tasks = Tasks;
/// See the module.
pub struct Tasks;

const SIDES: [(&str, &str); 9] = [
    ("input", "target"),
    ("inputs", "targets"),
    ("content", "summary"),
    ("source", "target"),
    ("document", "summary"),
    ("article", "summary"),
    ("article", "highlights"),
    ("dialogue", "summary"),
    ("text", "summary"),
];

impl Shape for Tasks {
    fn name(&self) -> &'static str {
        "task"
    }
    fn about(&self) -> &'static str {
        "inputs and outputs of tasks (pCLUE, Firefly, xP3, ADGEN, ChatYuan)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("task.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let text = |o: &Object<'_>, key: &str| starts(o, key) == Some(b'"');
        let both = |o: &Object<'_>| SIDES.iter().any(|(a, b)| text(o, a) && text(o, b));
        let typed = |o: &Object<'_>| text(o, "kind") || text(o, "type") || starts(o, "answer_choices").is_some();
        // `input` and `target` alone are BELLE's.
        let plain = |o: &Object<'_>| !(text(o, "input") && text(o, "target") && !typed(o));
        // Beside a text of the web a summary is about it; with nothing else in the row it is what is asked for (LCSTS).
        let alone = |o: &Object<'_>| o.fields().all(|(key, _)| ["id", "text", "summary"].contains(&key));
        0.9 * share(sample, |o| {
            both(o) && plain(o) && !text(o, "instruction") && (!text(o, "text") || text(o, "summary") && alone(o))
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let side = SIDES.iter().find(|(a, b)| object.has(a) && object.has(b)).or(SIDES.iter().find(|(a, _)| object.has(a)));
    let (from, to) = side.copied().unwrap_or(SIDES[0]);
    let input = reading.need("input", &[from])?;
    let output = reading.text("output", &[to])?;
    if output.is_none() {
        if object.has(to) && !object.get(to).is_some_and(super::support::values::is_null) {
            return Err(reading.missing("output", to));
        }
        reading.aside("no_answer", "");
    }
    match layout.usage {
        Use::Task => {
            let task = reading.option("task", &["task", "type", "kind"])?;
            let domain = reading.option("domain", &["domain"])?;
            let choices = reading.list("choices", &["answer_choices", "choices"])?;
            let task = Task { task, domain, choices, input: Some(input), output, ..Task::default() };
            reading.row(Content::Task(Box::new(task)))
        }
        Use::Instruct => {
            let mut messages = chatyuan(&input).unwrap_or_else(|| vec![Message::new("user", input)]);
            messages.extend(output.map(|o| Message::new("assistant", o)));
            reading.row(Content::Instruct { messages, tools: None })
        }
        _ => Err(wrong_use("task", layout)),
    }
}

/// ChatYuan's dialogue: `用户：` and `小元：` in turn at the starts of lines, the last one an empty `小元：`.
fn chatyuan(text: &str) -> Option<Vec<Message<'static>>> {
    if !text.starts_with("用户：") {
        return None;
    }
    let text = text.replace("\\n", "\n").replace("\\t", "\t");
    let mut turns: Vec<Message<'static>> = Vec::new();
    for line in text.split('\n') {
        let marked = [("用户：", "user"), ("小元：", "assistant")];
        let marked = marked.into_iter().find_map(|(mark, role)| line.strip_prefix(mark).map(|rest| (role, rest)));
        match (marked, turns.last_mut()) {
            (Some((role, rest)), _) => turns.push(Message::new(role, rest.to_owned())),
            (None, Some(turn)) => {
                let said: &mut String = turn.content.to_mut();
                said.push('\n');
                said.push_str(line);
            }
            (None, None) => return None,
        }
    }
    let open = turns.pop().filter(|t| t.role == "assistant" && t.content.trim().is_empty());
    let whole = turns.iter().enumerate().all(|(i, t)| t.role == ["user", "assistant"][i % 2]);
    (open.is_some() && whole && turns.len() % 2 == 1).then_some(turns)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::tests::{instruct, row, said};
    use super::*;

    fn read(json: &str) -> (Option<String>, String, Option<String>) {
        let row = row(&SHAPE, json, Use::Task).unwrap();
        let Content::Task(task) = row.content else { panic!() };
        (task.task.map(Cow::into_owned), task.input.unwrap().into_owned(), task.output.map(Cow::into_owned))
    }

    #[test]
    fn reads_every_set() {
        let some = |s: &str| Some(s.to_owned());
        let pclue = r#"{"input":"i\n答案：","target":"t","answer_choices":["a","a"],"type":"nli"}"#;
        assert_eq!(read(pclue), (some("nli"), "i\n答案：".into(), some("t")));
        let Content::Task(task) = row(&SHAPE, pclue, Use::Task).unwrap().content else { panic!() };
        assert_eq!(task.choices.unwrap(), ["a", "a"]);
        assert_eq!(read(r#"{"kind":"NER","input":"i","target":"t"}"#), (some("NER"), "i".into(), some("t")));
        assert_eq!(read(r#"{"inputs":"i","targets":"t"}"#), (None, "i".into(), some("t")));
        assert_eq!(
            read(r#"{"content":"类型#裤*版型#宽松","summary":"t"}"#),
            (None, "类型#裤*版型#宽松".into(), some("t"))
        );
        let test = row(&SHAPE, r#"{"input":"i","type":"nli"}"#, Use::Task).unwrap();
        assert_eq!(test.aside, Some(("no_answer", String::new())));
        assert_eq!(row(&SHAPE, r#"{"input":"i","target":{}}"#, Use::Task).unwrap_err().reason, "field_type");
    }

    #[test]
    fn chatyuan_takes_turns() {
        let json = r#"{"source":"用户：a\\nmore\n小元：b\n用户：c\n小元：","target":"d"}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: a\nmore", "assistant: b", "user: c", "assistant: d"]);
        let plain = row(&SHAPE, r#"{"source":"用户：a","target":"d"}"#, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&plain)), ["user: 用户：a", "assistant: d"]);
    }
}
