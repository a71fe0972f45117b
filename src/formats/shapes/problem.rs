//! Problems of mathematics with a solution, a short answer, or both (NuminaMath, OpenR1-Math, OpenMath, Big-Math, AIME), for
//! instruction tuning, for answers that a program checks, or as tasks.
//!
//! ```json
//! {"problem": "…", "solution": "… \\boxed{5}", "answer": "5", "source": "amc", "messages": [{"role": "user", …}, …]}
//! {"problem": "…", "answer": "5", "domain": ["Algebra"], "source": "orca_math", "llama8b_solve_rate": 0.5}
//! ```
//!
//! The dialogue is `messages` where they are there (OpenR1's, with the reasoning of a model); else the user says the
//! `problem` (also `question` beside a `final_answer` or a `solution`, as in LIMO) and the assistant the `solution` (`generated_solution`), if there is one. The short answer
//! (`answer`, `final_answer`, `expected_answer`) is in the column `answer`, the `source` is the subset. `checked = "only"` takes the
//! assistant's turns off: a row is then a prompt and the answer that a program checks. `think = "split"` takes the
//! reasoning out of answers.
//!
//! As a task the input is the problem and the output the short answer, or the solution where there is none.
//!
//! Limits: other solutions of the same row (`generations`) stay in `meta`.
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{first, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Problem = Problem;
/// See the module.
pub struct Problem;

const SOLUTION: &[&str] = &["solution", "generated_solution"];
const ANSWER: &[&str] = &["answer", "final_answer", "expected_answer"];

impl Shape for Problem {
    fn name(&self) -> &'static str {
        "problem"
    }
    fn about(&self) -> &'static str {
        "problems of mathematics with a solution, a short answer, or both"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("problem.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Task]
    }
    /// Beside `messages`, which have an answer.
    fn leaves(&self) -> &'static [&'static str] {
        &["solution"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let scalar = |o: &Object<'_>, key: &str| starts(o, key).is_some_and(|b| !matches!(b, b'[' | b'{'));
        share(sample, |o| {
            let solved = SOLUTION.iter().chain(ANSWER).any(|key| scalar(o, key));
            starts(o, "problem") == Some(b'"') && solved
                || starts(o, "question") == Some(b'"') && ["final_answer", "solution"].iter().any(|key| scalar(o, key))
        }) * 1.01
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    reading.columns.id = reading.option("id", &["id", "uuid"])?;
    reading.columns.subset = reading.option("subset", &["subset", "source"])?;
    let problem = reading.need("prompt", &["problem", "question"])?;
    if layout.usage == Use::Task {
        // Beside an answer the worked solution is metadata.
        let output = match reading.option("output", ANSWER)? {
            None => reading.option("response", SOLUTION)?,
            some => some,
        };
        if output.is_none() {
            reading.aside("no_answer", "");
        }
        return reading.row(Content::Task(Box::new(Task { input: Some(problem), output, ..Task::default() })));
    }
    if layout.usage != Use::Instruct {
        return Err(wrong_use("problem", layout));
    }
    let solution = reading.option("response", SOLUTION)?;
    let mut messages = reading.opening()?;
    match reading.find("messages", &["messages"], |v| first(v) == b'[')? {
        Some((path, value)) => {
            messages.extend(not_empty(path, reading.messages(path, value)?)?);
            // What the dialogue does not say is kept.
            for (key, text) in [("problem", Some(&problem)), ("solution", solution.as_ref())] {
                let said = |text: &str| messages.iter().any(|m| m.content.contains(text.trim()));
                if let Some(text) = text.filter(|text| !said(text)) {
                    reading.extra(key, &serde_json::to_string(text).unwrap_or_default());
                }
            }
        }
        None => {
            messages.push(Message::new("user", problem));
            if let Some(solution) = solution {
                messages.push(Message { reasoning: reading.thoughts()?, ..Message::new("assistant", solution) });
            }
        }
    }
    reading.truth(ANSWER)?;
    reading.row(Content::Instruct { messages, tools: None })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn solutions_are_said_and_answers_checked() {
        let answer = |row: &Row<'_>| row.truth.as_deref().and_then(|t| t.answer.as_deref().map(str::to_owned));
        let numina = r#"{"problem":"二加三？","solution":"数到 \\boxed{5}。","answer":"5","source":"amc","uuid":"u"}"#;
        let read = row(&SHAPE, numina, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: 二加三？", "assistant: 数到 \\boxed{5}。"]);
        assert_eq!((answer(&read).as_deref(), read.subset.as_deref()), (Some("5"), Some("amc")));
        assert_eq!((read.id.as_deref(), read.meta.as_deref()), (Some("u"), None));
        let big = r#"{"problem":"二加三？","answer":5,"domain":["Algebra"],"llama8b_solve_rate":0.5}"#;
        let read = row(&SHAPE, big, Use::Instruct).unwrap();
        assert_eq!((said(instruct(&read)).len(), answer(&read).as_deref()), (1, Some("5")));
        let open = r#"{"problem":"二加三？","solution":"另一解。","answer":"5","generations":["a","b"],
            "messages":[{"role":"user","content":"二加三？"},{"role":"assistant","content":"<think>数。</think>五。"}]}"#;
        let read = row(&SHAPE, open, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: 二加三？", "assistant: <think>数。</think>五。"]);
        assert_eq!(read.meta.as_deref(), Some(r#"{"generations":["a","b"],"solution":"另一解。"}"#));
        let Content::Task(task) = row(&SHAPE, numina, Use::Task).unwrap().content else { panic!() };
        assert_eq!((task.input.as_deref(), task.output.as_deref()), (Some("二加三？"), Some("5")));
        // The worked solution is not lost beside the answer.
        assert!(row(&SHAPE, numina, Use::Task).unwrap().meta.is_some_and(|m| m.contains("数到")));
        assert_eq!(row(&SHAPE, r#"{"answer":"5"}"#, Use::Instruct).unwrap_err().reason, "field_missing");
    }
}
