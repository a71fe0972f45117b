//! A prompt and its response under the usual names, or a prompt alone; for instruction tuning, or as tasks.
//!
//! ```json
//! {"prompt": "…", "response": "…", "history": [["问", "答"]]}
//! {"question": "…", "answer": "…"}
//! {"id_": 1, "prompt": "…", "domain_zh": "环境科学"}
//! ```
//!
//! The prompt is `prompt`, `question` or `query`, the response `response`, `answer`, `completion` or `output` (beside
//! a `prompt` also `summary`, as in ChatGLM-6B's sets); `system`
//! and `history` come before. A `question` or `query` stands below the text that it is about (`context`, `passage`), after
//! an empty line (BoolQ, SQL of questions). Where the thoughts before the response stand beside it (`reasoning_content`, `reasoning`,
//! `thinking`), they are its reasoning, and the prompt may also be `input`, the response `content` (R1's distilled sets). Without a response the row is a prompt only. As a task the prompt is the input and the
//! response the output. `fields` can name others, as in the shape `fields`, which reads these rows too, when told their
//! use.
//!
//! Limits: rows with more than one answer, or with a label, are other shapes.
use super::fields::{self, ANSWERED, ASKED};
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Prompt = Prompt;
/// See the module.
pub struct Prompt;

const PROMPT: &[&str] = &["prompt", "question", "query"];
const RESPONSE: &[&str] = &["response", "answer", "completion", "output"];
/// What rows of other shapes have.
const OTHERS: [&str; 9] =
    ["chosen", "rejected", "pos_resp", "text", "content", "messages", "conversations", "response_0", "answer_0"];

impl Shape for Prompt {
    fn name(&self) -> &'static str {
        "prompt"
    }
    fn about(&self) -> &'static str {
        "a prompt and its response under the usual names, or a prompt alone"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("prompt.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Task]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let text = |o: &Object<'_>, names: &[&str]| names.iter().any(|key| starts(o, key) == Some(b'"'));
        let judged = super::kto::judges(sample);
        let alone = |o: &Object<'_>| {
            let labelled = judged && super::kto::is_labelled(o);
            !labelled && !OTHERS.iter().any(|key| starts(o, key).is_some())
        };
        let prompts = share(sample, |o| text(o, PROMPT) && alone(o));
        let answer = |o: &Object<'_>| text(o, RESPONSE) || text(o, &["prompt"]) && text(o, &["summary"]);
        let answered = share(sample, |o| text(o, PROMPT) && answer(o) && alone(o));
        // Thoughts beside an answer tell that it is one, whatever it is called.
        let others = |o: &Object<'_>| judged || OTHERS.iter().any(|key| *key != "content" && starts(o, key).is_some());
        let thought = share(sample, |o| fields::thinks(o) && text(o, ASKED) && text(o, ANSWERED) && !others(o));
        (0.6 * prompts + 0.2 * answered).max(0.95 * thought)
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        let content = match layout.usage {
            Use::Instruct => fields::instruct(&mut reading),
            Use::Task => task(&mut reading),
            _ => Err(wrong_use("prompt", layout)),
        };
        emit(content.and_then(|content| reading.row(content)));
    }
}

fn task<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let input = reading.need("input", PROMPT)?;
    let input = Some(fields::below(reading, input)?);
    let output = reading.text("output", RESPONSE)?;
    if output.is_none() {
        reading.aside("no_answer", "");
    }
    let domain = reading.option("domain", &["domain"])?;
    Ok(Content::Task(Box::new(Task { input, output, domain, ..Task::default() })))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn reads_pairs_and_prompts() {
        let json = r#"{"prompt":"p","response":"r","history":[["a","b"]]}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: a", "assistant: b", "user: p", "assistant: r"]);
        let summary = r#"{"prompt":"p","summary":"r","history":[]}"#;
        let read = row(&SHAPE, summary, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: p", "assistant: r"]);
        let r1 = r#"{"input":"p","reasoning_content":"t","content":"r"}"#;
        let read = row(&SHAPE, r1, Use::Instruct).unwrap();
        assert_eq!((said(instruct(&read)), read.meta), (vec!["user: p".to_owned(), "assistant: (t)r".into()], None));
        assert!(SHAPE.fits(&[Object::parse(r1).unwrap()]) > 0.9);
        let about = row(&SHAPE, r#"{"question":"p","summary":"s"}"#, Use::Instruct).unwrap();
        assert_eq!((said(instruct(&about)).len(), about.meta.as_deref()), (1, Some(r#"{"summary":"s"}"#)));
        let read = row(&SHAPE, r#"{"id_":1,"prompt":"p"}"#, Use::Instruct).unwrap();
        assert_eq!((said(instruct(&read)), read.meta.as_deref()), (vec!["user: p".to_owned()], Some(r#"{"id_":1}"#)));
        let Content::Task(task) = row(&SHAPE, json, Use::Task).unwrap().content else { panic!() };
        assert_eq!((task.input.as_deref(), task.output.as_deref()), (Some("p"), Some("r")));
        assert_eq!(row(&SHAPE, r#"{"prompt":"p"}"#, Use::Task).unwrap().aside, Some(("no_answer", String::new())));
        assert_eq!(row(&SHAPE, r#"{"x":"p"}"#, Use::Instruct).unwrap_err().reason, "field_missing");
    }
}
