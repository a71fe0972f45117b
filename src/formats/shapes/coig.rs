//! BAAI's COIG: each of its parts has a layout of its own; for instruction tuning, or as tasks.
//!
//! ```json
//! {"textbox_q_instruction": "…", "textbox_q_context": "…", "textbox_question": "…", "textbox_answer": "C",
//!   "textbox_answer_analysis": "…", "subject": "生物"}
//! {"instruction": "…", "trans_instruction": "…", "trans_input": "…", "trans_output": "…"}
//! {"instruction": "…", "conversations": [{"question": "…", "answer": "…"}], "task_type": {"major": ["…"]}}
//! {"round_0": {"response": "{\"Q\": \"…\", \"A\": \"…\"}"}, "round_1": {…}}
//! ```
//!
//! Exams and values: instruction, context and question, a line each; the answer is the analysis, or the bare answer
//! where there is none (as COIG's own loader has it); the bare answer then stays in `meta`. Translated: the three
//! `trans_` fields, with the English ones in `meta`. The unified layout: `instruction` is the system's message, each
//! question and answer two turns. Multi-round chats: the turns in the order of their numbers. The part with plain
//! `instruction`, `input`, `output` (leetcode, values 1) is read by `alpaca`.
//!
//! Limits: a round whose response is no JSON with `Q` and `A` makes the dialogue unreadable (`dialogue_mismatch`).
use std::borrow::Cow;

use super::alpaca::asked;
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{items, mismatch, share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Coig = Coig;
/// See the module.
pub struct Coig;

impl Shape for Coig {
    fn name(&self) -> &'static str {
        "coig"
    }
    fn about(&self) -> &'static str {
        "COIG: exams, translated instructions, multi-round chats"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("coig.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Task]
    }
    /// Parts of its layouts that others of their fields say whole.
    fn leaves(&self) -> &'static [&'static str] {
        &["textbox_answer", "instruction"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let exam = starts(o, "textbox_question").is_some() && starts(o, "textbox_answer").is_some();
            let translated = starts(o, "trans_instruction").is_some() && starts(o, "trans_output").is_some();
            let unified = o.get("conversations.0.question").is_some() && o.get("conversations.0.answer").is_some();
            // More keys than any other shape knows: sure.
            exam || translated || unified || o.get("round_0.response").is_some()
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let (input, output) = if object.has("trans_instruction") {
        let instruction = reading.need("instruction", &["trans_instruction"])?;
        let input = reading.text("input", &["trans_input"])?.unwrap_or_default();
        (asked(instruction, input), reading.need("output", &["trans_output"])?)
    } else if object.has("textbox_question") {
        let mut parts = Vec::new();
        parts.extend(reading.option("instruction", &["textbox_q_instruction"])?);
        parts.extend(reading.option("input", &["textbox_q_context"])?);
        parts.push(reading.need("question", &["textbox_question"])?);
        let output = match reading.option("output", &["textbox_answer_analysis"])? {
            Some(analysis) => analysis,
            None => reading.need("answer", &["textbox_answer"])?,
        };
        let input = if parts.len() == 1 { parts.remove(0) } else { Cow::Owned(parts.join("\n")) };
        (input, output)
    } else {
        return dialogue(reading);
    };
    match layout.usage {
        Use::Instruct => {
            let messages = vec![Message::new("user", input), Message::new("assistant", output)];
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Task => {
            let domain = reading.option("domain", &["subject"])?;
            let task = Task { domain, input: Some(input), output: Some(output), ..Task::default() };
            reading.row(Content::Task(Box::new(task)))
        }
        _ => Err(wrong_use("coig", layout)),
    }
}

fn dialogue<'a>(mut reading: Reading<'_, 'a>) -> Result<Row<'a>, Unreadable> {
    if reading.layout.usage != Use::Instruct {
        return Err(wrong_use("coig", reading.layout));
    }
    let mut messages = Vec::new();
    if let Some(instruction) = reading.option("system", &["instruction"])? {
        messages.push(Message::new("system", instruction));
    }
    if let Some((path, value)) = reading.find("messages", &["conversations"], |_| true)? {
        for (index, round) in items(path, value)?.into_iter().enumerate() {
            let at = format!("{path}.{index}");
            let round = Object::parse(round.get()).map_err(|e| field_type(&at, "a round", &e.to_string()))?;
            messages.push(Message::new("user", round.require("question")?));
            messages.push(Message::new("assistant", round.require("answer")?));
        }
    } else {
        let number = |key: &str| key.strip_prefix("round_").and_then(|n| n.parse::<u32>().ok());
        let mut rounds: Vec<u32> = reading.object.fields().filter_map(|(key, _)| number(key)).collect();
        rounds.sort_unstable();
        if rounds.is_empty() {
            return Err(reading.missing("messages", "conversations"));
        }
        for round in rounds {
            let path = format!("round_{round}.response");
            let response = reading.object.require(&path)?;
            let said = |key: &str| {
                let round = Object::parse(&response).ok()?;
                round.text(key).ok()?.map(Cow::into_owned)
            };
            let (Some(question), Some(answer)) = (said("Q"), said("A")) else {
                return Err(mismatch(format!("`{path}` is no JSON with `Q` and `A`")));
            };
            messages.push(Message::new("user", question));
            messages.push(Message::new("assistant", answer));
            reading.take_path(path);
        }
    }
    if messages.len() < 2 {
        not_empty("conversations", Vec::new())?;
    }
    reading.row(Content::Instruct { messages, tools: None })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    fn read(json: &str) -> Vec<String> {
        said(instruct(&row(&SHAPE, json, Use::Instruct).unwrap()))
    }

    #[test]
    fn reads_every_part() {
        let exam = r#"{"textbox_q_instruction":"i","textbox_q_context":"","textbox_question":"q","textbox_answer":"C","textbox_answer_analysis":"because C","subject":"s"}"#;
        assert_eq!(read(exam), ["user: i\nq", "assistant: because C"]);
        let meta = row(&SHAPE, exam, Use::Task).unwrap().meta.unwrap().into_owned();
        assert!(meta.contains(r#""textbox_answer":"C""#) && !meta.contains("subject"), "{meta}");
        assert_eq!(read(&exam.replace("because C", "")), ["user: i\nq", "assistant: C"]);
        let translated = r#"{"instruction":"e","trans_instruction":"i","trans_input":"x","trans_output":"o"}"#;
        assert_eq!(read(translated), ["user: i\nx", "assistant: o"]);
        let unified = r#"{"instruction":"s","conversations":[{"question":"q","answer":"a"}],"task_type":{"major":[]}}"#;
        assert_eq!(read(unified), ["system: s", "user: q", "assistant: a"]);
        let rounds = r#"{"round_10":{"response":"{\"Q\":\"c\",\"A\":\"d\"}"},"round_9":{"prompt":"p","response":"{\"Q\":\"a\",\"A\":\"b\"}"}}"#;
        assert_eq!(read(rounds), ["user: a", "assistant: b", "user: c", "assistant: d"]);
        assert_eq!(row(&SHAPE, rounds, Use::Instruct).unwrap().meta.as_deref(), Some(r#"{"round_9":{"prompt":"p"}}"#));
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |json: &str| row(&SHAPE, json, Use::Instruct).unwrap_err().reason;
        assert_eq!(error(r#"{"round_0":{"response":"no"}}"#), "dialogue_mismatch");
        assert_eq!(error(r#"{"instruction":"i","conversations":[]}"#), "dialogue_mismatch");
        assert_eq!(error(r#"{"x":1}"#), "field_missing");
    }
}
