//! ShareGPT dialogues: a list of turns `{from, value}`, for instruction tuning.
//!
//! ```json
//! {"id": "1", "system": "…", "tools": "[…]", "conversations": [
//!   {"from": "human", "value": "你好"}, {"from": "gpt", "value": "你好！"}]}
//! ```
//!
//! Reads `conversations` (or `conversation`, `dialogue`, `items`; `fields.messages` names another one), turns of
//! `{role, content}` as well. Every turn is kept, in
//! order: `human`, `user`, `prompter` are the user; `gpt`, `assistant`, `chatgpt`, `bing`, `bard`, `model`, … the
//! assistant; `observation`, `tool`, `function` the tool; `function_call` is an assistant's turn whose `tool_calls` are
//! the value and whose content is empty. Turns of the layout `{human, assistant}` (Firefly) or `{input, output}`
//! (Capybara) are two messages each, behind what their `system` says (XTuner, ms-swift) where it was not said before, and of `{user, inner_thought, assistant}` (Ultra-Innerthought) with the thought as the answer's reasoning.
//! `system` becomes the first message, `tools` stays JSON text. What a turn has besides (`markdown`,
//! `weight`, …) is in `meta.turn_fields`, by its path.
//!
//! Dumps from before the summer of 2023 hold answers as the HTML of ChatGPT's page. Where a dialogue shows that it comes
//! from there (an answer has the page's own classes or buttons, or all are paragraphs of bare HTML), an assistant's turn
//! that is such a page becomes Markdown; HTML that was asked for stays (`html = "keep"` leaves it): code blocks with their language, nested lists, tables, formulas as
//! LaTeX, without buttons and counters. What users said is never parsed.
//!
//! `rules = "fastchat"` cleans as FastChat did for Vicuna; each of its rules can be switched by its own name, and sets
//! rows aside for its own reason:
//! ```toml
//! options = { rules = "fastchat", mentions = "keep" }   # all but the rule about names of the service
//! ```
//!
//! Limits: a role that is not known is an unreadable row (`field_type`); dialogues flattened into one string are other
//! shapes (`hh`, `alpaca`). FastChat's checks for doubles are `exact_dedup`, its language filter `language` with `keep`;
//! it also splits dialogues by tokens, which is the trainer's to do.
use super::support::reading::Reading;
use super::support::turn::round;
use super::support::turns::{begins, not_empty};
use super::support::values::{first, share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Row, Unreadable, Use};

mod rules;

/// The shape.
pub const SHAPE: ShareGpt = ShareGpt;
/// See the module.
pub struct ShareGpt;

const NAMES: &[&str] = &["conversations", "conversation", "dialogue", "items"];

impl Shape for ShareGpt {
    fn name(&self) -> &'static str {
        "sharegpt"
    }
    fn about(&self) -> &'static str {
        "dialogues as turns of {from, value}, with tools and calls"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("sharegpt.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        rules::CHOICES
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let labelled = super::kto::judges(sample);
        share(sample, |object| {
            let turn = |key: &&&str| {
                // Questions and answers that are called items may be a list of rows.
                let names = |r: (&str, &str)| **key != "items" || r.1 == "assistant";
                let is =
                    |t: &Object<'_>| t.has("from") && t.has("value") || t.has("role") || round(t).is_some_and(names);
                object.get(key).filter(|v| matches!(first(*v), b'[' | b'"')).is_some_and(|v| begins(v, is))
            };
            NAMES.iter().any(|key| turn(&key)) && starts(object, "chosen").is_none() && !labelled
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("sharegpt", layout));
    }
    let mut reading = Reading::new(object, layout);
    let mut messages = reading.opening()?;
    let Some((path, value)) = reading.find("messages", NAMES, |_| true)? else {
        return Err(reading.missing("messages", NAMES[0]));
    };
    messages.extend(not_empty(path, reading.listed(path, value)?)?);
    rules::apply(&mut reading, &mut messages);
    let tools = reading.tools()?;
    reading.truth_beside(&messages)?;
    reading.row(Content::Instruct { messages, tools })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn keeps_calls_observations_and_names_unknown_roles() {
        let json = r#"{"id":7,"system":"S","tools":"[1]","x":{"y":1},"conversations":[{"from":"human","value":"问","weight":1},
            {"from":"function_call","value":"{\"name\":\"f\"}"},{"from":"observation","value":"{}"},{"from":"gpt","value":""}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(
            said(instruct(&row)),
            [
                "system: S",
                "user: 问",
                r#"assistant:  [{"type":"function","function":{"name":"f"}}]"#,
                "tool: {}",
                "assistant: "
            ]
        );
        assert_eq!(row.id.as_deref(), Some("7"));
        let meta = row.meta.clone().unwrap();
        assert_eq!(meta, r#"{"x":{"y":1},"turn_fields":{"conversations.0":{"weight":1}}}"#);
        let wrong = r#"{"conversations":[{"from":"narrator","value":"x"}]}"#;
        let error = super::super::tests::row(&SHAPE, wrong, Use::Instruct).unwrap_err();
        assert_eq!(error.reason, "field_type");
        assert!(
            error.detail.contains("`narrator`") && error.detail.contains("conversations.0.from"),
            "{}",
            error.detail
        );
    }

    #[test]
    fn a_picture_by_its_tag_is_set_aside() {
        let json = r#"{"conversations":[{"from":"user","value":"Picture 1: <img>a.jpeg</img>\n这是什么？"},
            {"from":"assistant","value":"河。"}]}"#;
        assert_eq!(row(&SHAPE, json, Use::Instruct).unwrap().aside, Some(("media", "<img>".into())));
    }

    #[test]
    fn reads_rounds() {
        let json = r#"{"conversation":[{"human":"a","assistant":"b"},{"human":"c","assistant":"d"}]}"#;
        let row = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&row)), ["user: a", "assistant: b", "user: c", "assistant: d"]);
        let json =
            r#"{"conversation":[{"system":"S","input":"a","output":"b"},{"system":"S","input":"c","output":"d"}]}"#;
        let row = super::super::tests::row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&row)), ["system: S", "user: a", "assistant: b", "user: c", "assistant: d"]);
        assert_eq!(row.meta, None);
        let json = r#"{"conversations":[{"user":"a","inner_thought":"hm","assistant":"b"}],"language":"zh"}"#;
        let row = super::super::tests::row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!((said(instruct(&row)), row.meta), (vec!["user: a".to_owned(), "assistant: (hm)b".into()], None));
    }
}
