//! A row, read and written in its shape's own words again, is the same conversation, character for character.

use serde_json::{Value as Json, json};

use super::{layout, row_with};
use crate::formats::Shape;
use crate::formats::shapes::{alpaca, hh, messages, oig, preference, sharegpt};
use crate::rows::{Content, Message, Preference, Use};

/// What people and models write: marks, quotes, blanks at the ends, lines, code, emoji, what looks like a marker.
const SAID: [&str; 8] = [
    "你好，世界！",
    " a space at both ends ",
    "lines\n\nwith an empty one\tand a tab",
    "```python\nprint(\"<human>: hi\")\n```",
    "quotes \" and \\ and \\n and </p> & &amp;",
    "😀\u{200d}\u{fe0f} \u{2028} \u{0}",
    "the words Human: and Assistant: within a line",
    "1",
];

fn read(shape: &dyn Shape, json: &Json, usage: Use) -> Content<'static> {
    let text = json.to_string();
    let mut layout = layout(usage);
    // Cleaning is off.
    layout.options.insert("html".into(), "keep".into());
    let content = row_with(shape, &text, &layout).unwrap().content;
    match content {
        Content::Instruct { messages, tools } => {
            Content::Instruct { messages: owned(&messages), tools: tools.map(|t| t.into_owned().into()) }
        }
        Content::Rlhf(p) => Content::Rlhf(Box::new(Preference {
            prompt: owned(&p.prompt),
            chosen: p.chosen.as_deref().map(owned),
            rejected: p.rejected.as_deref().map(owned),
            completion: p.completion.as_deref().map(owned),
            ..Preference {
                chosen_score: p.chosen_score,
                rejected_score: p.rejected_score,
                margin: p.margin,
                label: p.label,
                ..Preference::default()
            }
        })),
        other => panic!("{other:?}"),
    }
}

fn owned(messages: &[Message<'_>]) -> Vec<Message<'static>> {
    let own = |m: &Message<'_>| Message {
        role: m.role.to_string().into(),
        content: m.content.to_string().into(),
        reasoning: m.reasoning.as_ref().map(|r| r.to_string().into()),
        name: m.name.as_ref().map(|n| n.to_string().into()),
        tool_calls: m.tool_calls.as_ref().map(|c| c.to_string().into()),
        tool_call_id: m.tool_call_id.as_ref().map(|i| i.to_string().into()),
    };
    messages.iter().map(own).collect()
}

fn turns(content: &Content<'static>) -> Vec<Message<'static>> {
    match content {
        Content::Instruct { messages, .. } => messages.clone(),
        other => panic!("{other:?}"),
    }
}

/// A dialogue of two rounds with every text in every place.
fn dialogues() -> Vec<Vec<Message<'static>>> {
    let said = |i: usize| SAID[i % SAID.len()].to_owned();
    (0..SAID.len())
        .map(|i| {
            let roles = ["user", "assistant", "user", "assistant"];
            roles.into_iter().enumerate().map(|(n, role)| Message::new(role, said(i + n))).collect()
        })
        .collect()
}

fn with_system(mut dialogue: Vec<Message<'static>>, system: &str) -> Vec<Message<'static>> {
    dialogue.insert(0, Message::new("system", system.to_owned()));
    dialogue
}

#[test]
fn alpaca_rows() {
    for dialogue in dialogues() {
        let dialogue = with_system(dialogue, "系统");
        let [system, q, a, instruction, output] = &dialogue[..] else { panic!() };
        let row = json!({"instruction": instruction.content, "input": "", "output": output.content,
            "system": system.content, "history": [[q.content, a.content]]});
        let read = read(&alpaca::SHAPE, &row, Use::Instruct);
        assert_eq!(turns(&read), dialogue);
    }
}

#[test]
fn sharegpt_rows() {
    for dialogue in dialogues() {
        let from =
            |m: &Message<'_>| json!({"from": if m.role == "user" { "human" } else { "gpt" }, "value": m.content});
        let row = json!({"id": "1", "conversations": dialogue.iter().map(from).collect::<Vec<_>>(), "tools": "[{}]"});
        let read = read(&sharegpt::SHAPE, &row, Use::Instruct);
        assert_eq!(read, Content::Instruct { messages: dialogue, tools: Some("[{}]".into()) });
    }
}

#[test]
fn messages_rows() {
    for dialogue in dialogues() {
        let mut dialogue = with_system(dialogue, "系统");
        let call = r#"[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]"#;
        dialogue.push(Message { tool_calls: Some(call.into()), ..Message::new("assistant", "") });
        dialogue.push(Message { name: Some("f".into()), ..Message::new("tool", "3") });
        let message = |m: &Message<'_>| {
            let mut json = json!({"role": m.role, "content": m.content});
            if let Some(name) = &m.name {
                json["name"] = json!(name);
            }
            if let Some(calls) = &m.tool_calls {
                json["tool_calls"] = serde_json::from_str(calls).unwrap();
            }
            json
        };
        let row = json!({"messages": dialogue.iter().map(message).collect::<Vec<_>>()});
        let read = turns(&read(&messages::SHAPE, &row, Use::Instruct));
        // JSON may order the keys of a call anew.
        let calls = |m: &[Message<'_>]| -> Vec<Option<Json>> {
            m.iter().map(|m| m.tool_calls.as_ref().map(|c| serde_json::from_str(c).unwrap())).collect()
        };
        assert_eq!(calls(&read), calls(&dialogue));
        let bare =
            |m: &[Message<'static>]| m.iter().map(|m| Message { tool_calls: None, ..m.clone() }).collect::<Vec<_>>();
        assert_eq!(bare(&read), bare(&dialogue));
    }
}

fn pair(content: &Content<'static>) -> (Vec<Message<'static>>, Vec<Message<'static>>, Vec<Message<'static>>) {
    match content {
        Content::Rlhf(p) => (p.prompt.clone(), p.chosen.clone().unwrap(), p.rejected.clone().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn preference_rows() {
    let from = |m: &Message<'_>| json!({"from": if m.role == "user" { "human" } else { "gpt" }, "value": m.content});
    for mut dialogue in dialogues() {
        let chosen = dialogue.pop().unwrap();
        let rejected = Message::new("assistant", format!("{} 或者", chosen.content));
        let row = json!({"conversations": dialogue.iter().map(from).collect::<Vec<_>>(), "chosen": from(&chosen),
            "rejected": from(&rejected)});
        assert_eq!(
            pair(&read(&preference::SHAPE, &row, Use::Rlhf)),
            (dialogue.clone(), vec![chosen.clone()], vec![rejected.clone()])
        );
        let prompt = Message::new("user", dialogue[0].content.clone());
        let row = json!({"prompt": prompt.content, "chosen": chosen.content, "rejected": rejected.content});
        assert_eq!(pair(&read(&preference::SHAPE, &row, Use::Rlhf)), (vec![prompt], vec![chosen], vec![rejected]));
    }
}

#[test]
fn hh_rows() {
    let text = |turns: &[Message<'_>]| {
        let mark = |m: &Message<'_>| if m.role == "user" { "Human" } else { "Assistant" };
        turns.iter().map(|m| format!("\n\n{}: {}", mark(m), m.content)).collect::<String>()
    };
    for mut dialogue in dialogues() {
        let chosen = dialogue.pop().unwrap();
        let rejected = Message::new("assistant", format!("{} or", chosen.content));
        let side = |answer: &Message<'static>| [dialogue.clone(), vec![answer.clone()]].concat();
        let row = json!({"chosen": text(&side(&chosen)), "rejected": text(&side(&rejected))});
        assert_eq!(pair(&read(&hh::SHAPE, &row, Use::Rlhf)), (dialogue.clone(), vec![chosen.clone()], vec![rejected]));
    }
}

#[test]
fn oig_rows() {
    let text = |turns: &[Message<'_>]| {
        let turn = |m: &Message<'_>| match m.role.as_ref() {
            "system" => m.content.to_string(),
            "user" => format!("<human>: {}", m.content),
            _ => format!("<bot>: {}", m.content),
        };
        turns.iter().map(turn).collect::<Vec<_>>().join("\n")
    };
    for dialogue in dialogues() {
        let questions = with_system(dialogue[..3].to_vec(), "Background.\n\nMore of it.");
        for dialogue in [dialogue.clone(), with_system(dialogue, "Background."), questions] {
            let row = json!({"text": text(&dialogue)});
            let read = turns(&read(&oig::SHAPE, &row, Use::Instruct));
            assert_eq!((&read, text(&read)), (&dialogue, text(&dialogue)));
        }
    }
}
