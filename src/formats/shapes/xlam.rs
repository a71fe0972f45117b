//! xLAM and APIGen: a question, the tools on offer, and the calls that answer it.
//!
//! ```json
//! {"id": 0, "query": "青石镇现在几度？", "answers": "[{\"name\": \"weather\", \"arguments\": {\"place\": \"青石镇\"}}]",
//!   "tools": "[{\"name\": \"weather\", \"parameters\": {…}}]"}
//! ```
//!
//! The user asks the `query`; the assistant's turn makes the calls of `answers` (JSON, or JSON text), its content is empty.
//! `tools` stays JSON text.
//!
//! Limits: what a tool gave is not in these rows, so no turn follows the calls. An answer without a call is set aside
//! (`no_answer`).
use super::support::reading::Reading;
use super::support::turn::calls_in;
use super::support::values::{first, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use, calls};

/// The shape.
pub const SHAPE: Xlam = Xlam;
/// See the module.
pub struct Xlam;

impl Shape for Xlam {
    fn name(&self) -> &'static str {
        "xlam"
    }
    fn about(&self) -> &'static str {
        "a question, tools, and the calls that answer it (xLAM, APIGen)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("xlam.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let call = |o: &Object<'_>| {
            let text = o.get("answers").filter(|v| matches!(first(*v), b'"' | b'['));
            text.is_some_and(|v| v.get().contains("name") && v.get().contains("arguments"))
        };
        let asked = |o: &Object<'_>| starts(o, "query") == Some(b'"') && starts(o, "tools").is_some();
        let asks = share(sample, asked);
        // Some rows may do without a call.
        if share(sample, |o| asked(o) && call(o)) > 0.5 { asks } else { 0.0 }
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("xlam", layout));
    }
    let mut reading = Reading::new(object, layout);
    let mut messages = reading.opening()?;
    messages.push(Message::new("user", reading.need("prompt", &["query"])?));
    let Some((path, value)) = reading.find("response", &["answers"], |_| true)? else {
        return Err(reading.missing("response", "answers"));
    };
    let made = calls_in(path, value)?;
    if made.is_empty() {
        reading.aside("no_answer", "");
    }
    for (index, call) in made.iter().enumerate().filter(|(_, call)| !call.more.is_empty()) {
        reading.keep(&format!("{path}.{index}"), &serde_json::to_string(&call.more).unwrap_or_default());
    }
    messages.push(Message { tool_calls: calls::write(&made).map(Into::into), ..Message::new("assistant", "") });
    let tools = reading.tools()?;
    reading.row(Content::Instruct { messages, tools })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn calls_answer_the_question() {
        let call = r#"assistant:  [{"type":"function","function":{"name":"times","arguments":"{\"a\": 7}"}}]"#;
        for answers in
            [r#""[{\"name\": \"times\", \"arguments\": {\"a\": 7}}]""#, r#"[{"name":"times","arguments":{"a": 7}}]"#]
        {
            let json =
                format!(r#"{{"id":3,"query":"七倍？","answers":{answers},"tools":"[{{\"name\": \"times\"}}]"}}"#);
            let row = row(&SHAPE, &json, Use::Instruct).unwrap();
            assert_eq!(said(instruct(&row)), ["user: 七倍？", call]);
            assert_eq!((row.id.as_deref(), row.meta.as_deref()), (Some("3"), None));
        }
        let none = row(&SHAPE, r#"{"query":"q","answers":"[]","tools":"[]"}"#, Use::Instruct).unwrap();
        assert_eq!(none.aside, Some(("no_answer", String::new())));
        assert_eq!(row(&SHAPE, r#"{"query":"q","tools":"[]"}"#, Use::Instruct).unwrap_err().reason, "field_missing");
    }
}
