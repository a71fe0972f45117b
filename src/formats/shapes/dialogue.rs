//! A file that is one dialogue: an array (or lines) of turns, with nothing around them.
//!
//! ```json
//! [{"role": "client", "content": "我睡不好。"}, {"role": "counselor", "content": "多久了？"}, …]
//! ```
//!
//! All turns of a file are one row, in their order, as the shape `messages` reads them: `{role, content}` or
//! `{from, value}`, also `{speaker, text}`. Besides the usual words for who speaks, `client`, `visitor`, `patient`, `customer`, `seeker` (and 来访者,
//! 患者, 客户, …) are the user; `counselor`, `therapist`, `doctor`, `agent`, `supporter` (咨询师, 医生, 客服, …) the assistant.
//!
//! Limits: it is detected where two speakers take turns. A file that holds several dialogues one after the other, with
//! nothing that parts them, is read as one. Another word for who speaks makes the file unreadable (`field_type`), and is
//! named.
use std::borrow::Cow;
use std::collections::BTreeSet;

use super::support::reading::Reading;
use super::support::turn::{CONTENTS, is_modelled, role, speaker};
use super::support::turns::not_empty;
use super::support::values::{first, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Dialogue = Dialogue;
/// See the module.
pub struct Dialogue;

impl Shape for Dialogue {
    fn name(&self) -> &'static str {
        "dialogue"
    }
    fn about(&self) -> &'static str {
        "a file that is one dialogue: turns with nothing around them"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("dialogue.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn joins(&self) -> bool {
        true
    }
    fn joined(&self, object: &Object<'_>) -> Option<String> {
        word(object).map(|_| String::new())
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let Some(words) = sample.iter().map(word).collect::<Option<Vec<_>>>() else { return 0.0 };
        let known = sample.iter().all(|o| o.fields().all(|(key, _)| is_modelled(key) || key == "timestamp"));
        let speakers: Vec<&str> = words.iter().map(|word| role(word).unwrap_or(word)).collect();
        let said = speakers.strip_prefix(&["system"]).unwrap_or(&speakers);
        let turns = said.iter().zip(said.iter().skip(1)).all(|(a, b)| a != b);
        let who: BTreeSet<&str> = said.iter().copied().collect();
        if !known || !turns || who.contains("system") || who.len() < 2 {
            return 0.0;
        }
        // Two people whose names are no role that we know take turns, too: the error says which name that is.
        match ["user", "assistant"].iter().all(|one| who.contains(one)) {
            true => 1.0,
            false if who.len() == 2 && said.len() > 2 => 0.9,
            false => 0.0,
        }
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

/// The word for who speaks in a turn; `None` where it is none.
fn word<'a>(object: &Object<'a>) -> Option<Cow<'a, str>> {
    let text = |key: &&str| object.get(key).is_some_and(|v| first(v) == b'"');
    let said = CONTENTS.iter().any(text) || starts(object, "tool_calls").is_some();
    speaker(object).filter(|_| said)
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("dialogue", layout));
    }
    let mut reading = Reading::new(object, layout);
    reading.take("group");
    let Some((path, value)) = reading.find("messages", &["rows"], |_| true)? else {
        return Err(object.missing("role"));
    };
    let messages = not_empty(path, reading.messages(path, value)?)?;
    reading.row(Content::Instruct { messages, tools: None })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    fn fits(json: &[&str]) -> f32 {
        SHAPE.fits(&json.iter().map(|j| Object::parse(j).unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn turns_of_two_speakers_are_one_row() {
        let turns = [r#"{"role":"client","content":"问"}"#, r#"{"role":"counselor","content":"答"}"#];
        assert_eq!(fits(&turns), 1.0);
        let json = format!(r#"{{"group":"","rows":[{}]}}"#, turns.join(","));
        let row = row(&SHAPE, &json, Use::Instruct).unwrap();
        assert_eq!(
            (said(instruct(&row)), row.meta.as_deref()),
            (vec!["user: 问".to_owned(), "assistant: 答".into()], None)
        );
        // What the shape `messages` reads of a turn is known here, too.
        let calls = r#"{"role":"assistant","content":"","function_call":{"name":"f"},"thinking":"嗯","timestamp":3}"#;
        assert_eq!(fits(&[turns[0], calls]), 1.0);
        // One speaker, a system prompt in the middle, fields of a row of its own.
        assert_eq!(fits(&[turns[0], turns[0]]) + fits(&[turns[0]]), 0.0);
        assert_eq!(fits(&[turns[0], turns[1], r#"{"role":"system","content":"s"}"#]), 0.0);
        assert_eq!(fits(&[r#"{"role":"user","content":"a","url":"u"}"#, turns[1]]), 0.0);
    }
}
