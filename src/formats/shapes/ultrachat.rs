//! UltraChat and LIMA: a dialogue as a list of texts, the user's and the assistant's in turn, for instruction tuning.
//!
//! ```json
//! {"id": "0", "data": ["问", "答", "再问", "再答"]}
//! {"conversations": ["问", "答"], "source": "stackexchange"}
//! ```
//!
//! An odd number of texts ends with a question that nobody answers; it stays.
//!
//! Limits: lines of the original files that are no JSON are unreadable (`json`). UltraChat-200k has `messages`, which
//! the shape of that name reads.
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{items, scalar, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: UltraChat = UltraChat;
/// See the module.
pub struct UltraChat;

const NAMES: &[&str] = &["data", "conversations", "conversation", "dialogue", "dialog"];

impl Shape for UltraChat {
    fn name(&self) -> &'static str {
        "ultrachat"
    }
    fn about(&self) -> &'static str {
        "UltraChat, LIMA: a dialogue as a list of texts"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("ultrachat.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let texts = |o: &Object<'_>| {
            let list = |key: &&str| o.get(key).and_then(|v| items(key, v).ok());
            let said = |l: Vec<_>| {
                !l.is_empty() && l.iter().all(|v: &crate::formats::json::Json<'_>| v.get().starts_with('"'))
            };
            NAMES.iter().find_map(list).is_some_and(said)
        };
        share(sample, |o| texts(o) && starts(o, "text").is_none())
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("ultrachat", layout));
    }
    let mut reading = Reading::new(object, layout);
    let Some((path, value)) = reading.find("messages", NAMES, |_| true)? else {
        return Err(reading.missing("messages", NAMES[0]));
    };
    let turn =
        |(index, value)| Ok(Message::new(["user", "assistant"][index % 2], scalar(&format!("{path}.{index}"), value)?));
    let messages = items(path, value)?.into_iter().enumerate().map(turn).collect::<Result<_, _>>()?;
    let messages = not_empty(path, messages)?;
    reading.row(Content::Instruct { messages, tools: None })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn texts_take_turns() {
        let read = row(&SHAPE, r#"{"id":"0","data":["a","b","c"]}"#, Use::Instruct).unwrap();
        assert_eq!(
            (said(instruct(&read)).join("|").as_str(), read.id.as_deref()),
            ("user: a|assistant: b|user: c", Some("0"))
        );
        let error = |json: &str| row(&SHAPE, json, Use::Instruct).unwrap_err().reason;
        assert_eq!(error(r#"{"data":[]}"#), "dialogue_mismatch");
        assert_eq!(error(r#"{"data":[{}]}"#), "field_type");
        assert_eq!(error(r#"{"x":1}"#), "field_missing");
    }
}
