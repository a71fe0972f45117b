//! Dialogues as messages in the manner of OpenAI: `{role, content}`, for instruction tuning.
//!
//! ```json
//! {"messages": [{"role": "system", "content": "…"}, {"role": "user", "content": [{"type": "text", "text": "你好"}]},
//!   {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
//!   {"role": "tool", "tool_call_id": "1", "name": "f", "content": "3"}], "tools": […]}
//! ```
//!
//! Reads `messages` (`fields.messages` names another field), `name` and `tool_calls` (or `function_call`) of a message,
//! and `tools`. `developer` is the system. Content may be a list of parts: text parts are joined as they stand,
//! `tool_call` parts become `tool_calls`, `reasoning` parts go to `meta.turn_fields`. Content may be null where there are calls. What a message has besides
//! (`tool_call_id`, `weight`, …) is in `meta.turn_fields`, by its path.
//!
//! Limits: a part that is not text (an image) or a role that is not known is an unreadable row
//! (`field_type`).
use super::read::{Reading, first, items, share, starts, wrong_use};
use super::turns::not_empty;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Messages = Messages;
/// See the module.
pub struct Messages;

impl Shape for Messages {
    fn name(&self) -> &'static str {
        "messages"
    }
    fn about(&self) -> &'static str {
        "dialogues as messages of {role, content}, with tools and calls"
    }
    fn docs(&self) -> &'static str {
        crate::stages::module_docs(include_str!("messages.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |object| {
            let list = object.get("messages").and_then(|v| items("messages", v).ok());
            let message = list.and_then(|l| Object::parse(l.first()?.get()).ok());
            message.is_some_and(|m| m.has("role"))
                && !["label", "kto_tag", "chosen"].iter().any(|key| starts(object, key).is_some())
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("messages", layout));
    }
    let mut reading = Reading::new(object, layout);
    let mut messages = reading.opening()?;
    let Some((path, value)) = reading.find("messages", &["messages"], |v| first(v) != b'"')? else {
        return Err(reading.missing("messages", "messages"));
    };
    messages.extend(not_empty(path, reading.messages(path, value)?)?);
    let tools = reading.tools()?;
    reading.row(Content::Instruct { messages, tools })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn joins_parts_and_keeps_calls() {
        let json = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},"b"]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},
            {"role":"tool","name":"f","tool_call_id":"1","content":"3"}],"tools":[{"a":1}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&row)), ["user: ab", r#"assistant:  [{"id":"1"}]"#, "tool: 3"]);
        let Content::Instruct { messages, tools } = &row.content else { panic!() };
        assert_eq!((messages[2].name.as_deref(), tools.as_deref()), (Some("f"), Some(r#"[{"a":1}]"#)));
        assert_eq!(row.meta.as_deref(), Some(r#"{"turn_fields":{"messages.2":{"tool_call_id":"1"}}}"#));
    }

    #[test]
    fn reasoning_is_kept_beside_the_dialogue() {
        let json = r#"{"messages":[{"role":"user","content":"q"},
            {"role":"assistant","content":[{"type":"reasoning","value":"hm"},{"type":"text","value":"a"}]}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&row)), ["user: q", "assistant: a"]);
        assert_eq!(row.meta.as_deref(), Some(r#"{"turn_fields":{"messages.1.reasoning":["hm"]}}"#));
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |json: &str| row(&SHAPE, json, Use::Instruct).unwrap_err();
        assert_eq!(error(r#"{"messages":null}"#).detail, "field `messages` is null");
        assert_eq!(error(r#"{"messages":[]}"#).reason, "dialogue_mismatch");
        assert_eq!(error(r#"{"messages":[{"role":"user","content":null}]}"#).reason, "field_missing");
        assert_eq!(error(r#"{"messages":[{"role":"user"}]}"#).reason, "field_missing");
        assert_eq!(error(r#"{"messages":["x"]}"#).reason, "field_type");
        assert_eq!(error(r#"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#).reason, "field_type");
        assert_eq!(row(&SHAPE, r#"{"messages":[]}"#, Use::Pretrain).unwrap_err().reason, "wrong_use");
    }

    #[test]
    fn a_tools_result_may_be_data_and_thinking_a_part() {
        let json = r#"{"messages":[{"role":"user","content":"几点？"},{"role":"tool_call","content":{"name":"clock"}},
            {"role":"tool_response","content":{"hour":9}},{"role":"tool","content":[{"hour":10}]},
            {"role":"assistant","content":[{"type":"thinking","thinking":"看钟"},{"type":"text","text":"九点"}]}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        let turns = said(instruct(&row));
        assert_eq!(turns[2..], [r#"tool: {"hour":9}"#, r#"tool: [{"hour":10}]"#, "assistant: 九点"]);
        assert!(turns[1].contains(r#"[{"name":"clock"}]"#), "{}", turns[1]);
        assert!(row.meta.unwrap().contains("看钟"));
    }
}
