//! Dialogues as messages in the manner of OpenAI: `{role, content}`, for instruction tuning.
//!
//! ```json
//! {"messages": [{"role": "system", "content": "…"}, {"role": "user", "content": [{"type": "text", "text": "你好"}]},
//!   {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
//!   {"role": "tool", "tool_call_id": "1", "name": "f", "content": "3"}], "tools": […]}
//! ```
//!
//! Reads `messages`, also as JSON text (`fields.messages` names another field), `name`, `tool_calls` (or `function_call`) and `tool_call_id`
//! of a message, and `tools`. `developer` is the system. Content may be a list of parts: text parts are joined as they
//! stand, `tool_call` and `tool_use` parts become `tool_calls`, a `tool_result` part a message of the tool; `thinking` and
//! `reasoning` parts become the message's `reasoning`, as its `reasoning_content`, `reasoning` or `thinking` does.
//! `options = { think = "split" }` takes `<think>…</think>` out of answers, too. Content may be null where there are
//! calls. `answer` (or `ground_truth`), `answer_kind` and `data_source` beside the messages are what a program checks the
//! last answer against; where the
//! last message is the user's and thoughts stand beside it (`reasoning`), `answer` is what the assistant says. What a message or a call has besides (`weight`, `index`, …) is in `meta.turn_fields`, by its path.
//!
//! The turns before the last answer may stand in a list of their own, `prompt` or `input`, and the answer in `completion`,
//! `response` or `output`, as text or messages (TRL's prompts and completions, Llama-Nemotron).
//!
//! Limits: a part that is not text (an image) or a role that is not known is an unreadable row
//! (`field_type`).
use super::support::reading::Reading;
use super::support::turns::{begins, not_empty};
use super::support::values::{first, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Messages = Messages;
/// See the module.
pub struct Messages;

/// Where the turns before an answer stand, and the answer, if not in one list.
const ASKED: &[&str] = &["prompt", "input"];
const ANSWERED: &[&str] = &["completion", "response", "output"];

impl Shape for Messages {
    fn name(&self) -> &'static str {
        "messages"
    }
    fn about(&self) -> &'static str {
        "dialogues as messages of {role, content}, with tools and calls"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("messages.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let labelled = super::kto::judges(sample);
        share(sample, |object| {
            let turns = object.get("messages").filter(|v| matches!(first(*v), b'[' | b'"'));
            let whole = turns.is_some_and(|v| begins(v, |m| m.has("role")));
            let asked = |key: &&str| {
                let list = object.get(key).filter(|v| first(*v) == b'[');
                list.is_some_and(|v| begins(v, |m| m.has("role")))
            };
            let answered = ANSWERED.iter().any(|key| starts(object, key).is_some());
            let parted = ASKED.iter().any(asked) && answered;
            let ranked = |key: &&str| starts(object, key).is_some();
            let against = ranked(&"chosen") || super::preference::is_against(object);
            !labelled && (whole && !against || parted && !["chosen", "rejected", "label"].iter().any(ranked))
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
    match reading.find("messages", &["messages"], |_| true)? {
        Some((path, value)) => messages.extend(not_empty(path, reading.listed(path, value)?)?),
        None => {
            let Some((path, value)) = reading.find("prompt", ASKED, |v| first(v) == b'[')? else {
                return Err(reading.missing("messages", "messages"));
            };
            messages.extend(not_empty(path, reading.listed(path, value)?)?);
            messages.extend(reading.side("assistant", "response", ANSWERED)?.unwrap_or_default());
        }
    }
    let open = messages.last().is_some_and(|last| last.role == "user");
    if open && (layout.fields.contains_key("response") || super::fields::thinks(object)) {
        // What was thought stands beside the answer, and so the answer stands beside the question.
        if let Some(answer) = reading.option("response", &["answer", "response", "content"])? {
            messages.push(Message { reasoning: reading.thoughts()?, ..Message::new("assistant", answer) });
        }
    }
    let tools = reading.tools()?;
    reading.truth_beside(&messages)?;
    reading.row(Content::Instruct { messages, tools })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn joins_parts_and_keeps_calls() {
        let json = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},"b"]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1","index":0,"function":{"name":"f"}}]},
            {"role":"tool","name":"f","tool_call_id":"1","content":"3"}],"tools":[{"a":1}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(
            said(instruct(&row)),
            ["user: ab", r#"assistant:  [{"id":"1","type":"function","function":{"name":"f"}}]"#, "tool: 3"]
        );
        let Content::Instruct { messages, tools } = &row.content else { panic!() };
        assert_eq!((messages[2].name.as_deref(), tools.as_deref()), (Some("f"), Some(r#"[{"a":1}]"#)));
        assert_eq!(messages[2].tool_call_id.as_deref(), Some("1"));
        assert_eq!(row.meta.as_deref(), Some(r#"{"turn_fields":{"messages.1.tool_calls.0":{"index":0}}}"#));
    }

    #[test]
    fn reasoning_is_kept_beside_the_dialogue() {
        let json = r#"{"messages":[{"role":"user","content":"q"},
            {"role":"assistant","content":[{"type":"reasoning","value":"hm"},{"type":"text","value":"a"}]}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&row)), ["user: q", "assistant: (hm)a"]);
        assert_eq!(row.meta, None);
        for field in ["reasoning_content", "reasoning", "thinking"] {
            let json = format!(
                r#"{{"messages":[{{"role":"user","content":"q"}},{{"role":"assistant","{field}":"hm","content":"a"}}]}}"#
            );
            let row = super::super::tests::row(&SHAPE, &json, Use::Instruct).unwrap();
            assert_eq!(
                (said(instruct(&row)), &row.meta),
                (vec!["user: q".to_owned(), "assistant: (hm)a".into()], &None)
            );
        }
    }

    #[test]
    fn what_is_asked_and_answered_may_stand_apart() {
        for json in [
            r#"{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]}"#,
            r#"{"input":[{"role":"user","content":"q"}],"output":"a","reasoning":"off"}"#,
        ] {
            assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 1.0, "{json}");
            assert_eq!(said(instruct(&row(&SHAPE, json, Use::Instruct).unwrap())), ["user: q", "assistant: a"]);
        }
        let with = r#"{"system":[{"text":"S"},{"text":"T"}],"messages":[{"role":"user","content":"q"}]}"#;
        assert_eq!(said(instruct(&row(&SHAPE, with, Use::Instruct).unwrap())), ["system: ST", "user: q"]);
        let pair = r#"{"prompt":[{"role":"user","content":"q"}],"completion":"a","label":true}"#;
        assert_eq!(SHAPE.fits(&[Object::parse(pair).unwrap()]), 0.0);
    }

    #[test]
    fn a_row_of_a_picture_is_set_aside() {
        let row = |more: &str| {
            let json = format!(
                r#"{{"messages":[{{"role":"user","content":"<image>何物？"}},{{"role":"assistant","content":"船"}}]{more}}}"#
            );
            row(&SHAPE, &json, Use::Instruct).unwrap().aside
        };
        let media = |name: &str| Some(("media", name.to_owned()));
        assert_eq!(row(r#","images":["a.jpg"]"#), media("images"));
        assert_eq!(row(r#","image":"a.jpg""#), media("image"));
        assert_eq!(row(r#","videos":[{"path":"a.mp4"}]"#), media("videos"));
        for none in [r#","images":[]"#, r#","images":null"#, r#","image":"""#, r#","images":[null, ""]"#, ""] {
            assert_eq!(row(none), None, "{none}");
        }
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
        assert_eq!(turns[2..], [r#"tool: {"hour":9}"#, r#"tool: [{"hour":10}]"#, "assistant: (看钟)九点"]);
        assert!(turns[1].contains(r#"{"name":"clock"}"#), "{}", turns[1]);
        assert_eq!(row.meta, None);
    }

    #[test]
    fn parts_of_uses_and_results_are_calls_and_tools() {
        let json = r#"{"messages":[{"role":"user","content":"几点？"},{"role":"assistant","content":[
            {"type":"text","text":"我看看"},{"type":"tool_use","id":"t1","name":"clock","input":{"zone":8}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"9:00"}]}]},
            {"role":"assistant","content":"九点。"}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        let turns = said(instruct(&row));
        let call = r#"assistant: 我看看 [{"id":"t1","type":"function","function":{"name":"clock","arguments":"{\"zone\":8}"}}]"#;
        assert_eq!(turns, ["user: 几点？", call, "tool: 9:00", "assistant: 九点。"]);
        assert_eq!(instruct(&row)[2].tool_call_id.as_deref(), Some("t1"));
        // A turn that calls and has what came back, and no text: the call stays, before its result.
        let json = r#"{"messages":[{"role":"user","content":"几点？"},{"role":"assistant","content":[
            {"type":"tool_use","id":"t1","name":"clock","input":{}},
            {"type":"tool_result","tool_use_id":"t1","content":"9:00"}]},{"role":"assistant","content":"九点。"}]}"#;
        let row = super::super::tests::row(&SHAPE, json, Use::Instruct).unwrap();
        let roles: Vec<&str> = instruct(&row).iter().map(|m| m.role.as_ref()).collect();
        assert_eq!(roles, ["user", "assistant", "tool", "assistant"]);
        assert!(instruct(&row)[1].tool_calls.is_some());
    }

    #[test]
    fn a_dialogue_in_a_text_is_read_by_the_same_rules() {
        let turns = r#"[{"role":"user","content":[{"type":"text","text":"渡口几点开船？"}],"weight":0},
            {"speaker":"assistant","text":null,"loss":true,"tool_calls":[{"name":"ferry","arguments":{},"index":2}]},
            {"role":"tool","content":{"hour":7}},{"from":"gpt","value":"<b>七点</b>","thinking":"查过了","score":NaN}]"#;
        let listed = format!(r#"{{"messages":{}}}"#, turns.replace("NaN", "null"));
        let texted = format!(r#"{{"messages":{}}}"#, serde_json::to_string(turns).unwrap());
        let (listed, texted) = (row(&SHAPE, &listed, Use::Instruct).unwrap(), row(&SHAPE, &texted, Use::Instruct));
        assert_eq!(texted.unwrap(), listed);
        let meta: serde_json::Value = serde_json::from_str(listed.meta.as_deref().unwrap()).unwrap();
        let fields = &meta["turn_fields"];
        assert_eq!((&fields["messages.0"]["weight"], &fields["messages.1"]["loss"]), (&0.into(), &true.into()));
        assert_eq!(fields["messages.1.tool_calls.0"]["index"], 2);
        // As Python prints it, with half a surrogate pair, and with a role that nobody has.
        let text = |text: &str| format!(r#"{{"messages":{}}}"#, serde_json::to_string(text).unwrap());
        let printed = text("[{'role': 'user', 'content': '早', 'loss': False}]");
        let printed = row(&SHAPE, &printed, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&printed)), ["user: 早"]);
        assert_eq!(printed.meta.as_deref(), Some(r#"{"turn_fields":{"messages.0":{"loss":false}}}"#));
        let half = text(r#"[{"role":"user","content":"a\ud83db"}]"#);
        assert_eq!(said(instruct(&row(&SHAPE, &half, Use::Instruct).unwrap())), ["user: a\u{fffd}b"]);
        let error = row(&SHAPE, &text(r#"[{"role":"narrator","content":"x"}]"#), Use::Instruct).unwrap_err();
        assert!(error.detail.contains("`messages.0.role`") && error.detail.contains("narrator"), "{}", error.detail);
    }
}
