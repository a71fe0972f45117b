//! Dialogues as one text with the marks of a chat template, for instruction tuning (or as running text).
//!
//! ```json
//! {"text": "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n你好！<|im_end|>\n"}
//! {"text": "### Human: 你好### Assistant: 你好！"}
//! {"text": "<s>[INST] <<SYS>>\n简短回答。\n<</SYS>>\n\n你好 [/INST] 你好！ </s>"}
//! ```
//!
//! Reads ChatML, the templates of Llama 2 and 3, Gemma, Zephyr and Phi, `### Human:` and `### Assistant:` (Guanaco),
//! `### Instruction:`, `### Input:` and `### Response:` (Alpaca), `USER:` and `ASSISTANT:` (Vicuna), and lines that begin with
//! `Human:` and `Assistant:`. Marks are no part of what is said, nor is white space beside them; what stands before the
//! first is the system's message. A mark at the very end with nothing behind it is no turn.
//!
//! As pretraining text a row is the text as it stands.
//!
//! Limits: a text without the marks of both sides is set aside (`no_turns`); calls of tools stay in the text of their turn.
use super::support::reading::Reading;
use super::support::values::{share, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Templated = Templated;
/// See the module.
pub struct Templated;

/// What more of a question stands behind a mark of its own.
const MORE: &str = "more";

/// How a template marks turns.
struct Template {
    /// The mark that opens a turn, and whose it is.
    marks: &'static [(&'static str, &'static str)],
    /// Whether marks stand at the starts of lines only.
    lines: bool,
}

const TEMPLATES: [Template; 9] = [
    Template {
        marks: &[
            ("<|im_start|>system\n", "system"),
            ("<|im_start|>user\n", "user"),
            ("<|im_start|>assistant\n", "assistant"),
            ("<|im_start|>tool\n", "tool"),
        ],
        lines: false,
    },
    Template {
        marks: &[
            ("<|start_header_id|>system<|end_header_id|>", "system"),
            ("<|start_header_id|>user<|end_header_id|>", "user"),
            ("<|start_header_id|>assistant<|end_header_id|>", "assistant"),
            ("<|start_header_id|>ipython<|end_header_id|>", "tool"),
        ],
        lines: false,
    },
    Template { marks: &[("<start_of_turn>user\n", "user"), ("<start_of_turn>model\n", "assistant")], lines: false },
    Template {
        marks: &[
            ("<|system|>", "system"),
            ("<|user|>", "user"),
            ("<|prompter|>", "user"),
            ("<|assistant|>", "assistant"),
            ("<|observation|>", "tool"),
        ],
        lines: false,
    },
    Template { marks: &[("[INST]", "user"), ("[/INST]", "assistant")], lines: false },
    Template {
        marks: &[("### System:", "system"), ("### Human:", "user"), ("### Assistant:", "assistant")],
        lines: false,
    },
    Template {
        marks: &[("### Instruction:", "user"), ("### Input:", MORE), ("### Response:", "assistant")],
        lines: true,
    },
    Template { marks: &[("USER:", "user"), ("ASSISTANT:", "assistant")], lines: false },
    Template { marks: &[("System:", "system"), ("Human:", "user"), ("Assistant:", "assistant")], lines: true },
];

/// What begins or ends a text or a turn, and is no part of it.
const EDGES: [&str; 14] = [
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|im_start|>",
    "### End",
];

impl Shape for Templated {
    fn name(&self) -> &'static str {
        "templated"
    }
    fn about(&self) -> &'static str {
        "dialogues as one text with the marks of a chat template"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("templated.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Pretrain]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| o.text("text").ok().flatten().is_some_and(|text| starts(&text).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let Some(text) = reading.text("text", &["text"])? else { return Err(reading.missing("text", "text")) };
    match layout.usage {
        Use::Pretrain => reading.row(Content::Pretrain { text }),
        Use::Instruct => {
            let messages = split(&text).unwrap_or_default();
            if messages.is_empty() {
                reading.aside("no_turns", "");
            }
            reading.row(Content::Instruct { messages, tools: None })
        }
        _ => Err(wrong_use("templated", layout)),
    }
}

/// Where a turn begins: its mark, its first byte, and whose it is.
type Start = (usize, usize, &'static str);

/// The turns of a text by the first template whose marks of both sides it has: the user's first.
fn starts(text: &str) -> Option<Vec<Start>> {
    TEMPLATES.iter().find_map(|template| {
        let mut starts: Vec<Start> = Vec::new();
        for (mark, role) in template.marks {
            let found = memchr::memmem::find_iter(text.as_bytes(), mark.as_bytes());
            let begins = |at: &usize| !template.lines || *at == 0 || text.as_bytes()[at - 1] == b'\n';
            starts.extend(found.filter(begins).map(|at| (at, at + mark.len(), *role)));
        }
        starts.sort_unstable();
        let first = |role: &str| starts.iter().position(|s| s.2 == role);
        first("user").zip(first("assistant")).is_some_and(|(user, answer)| user < answer).then_some(starts)
    })
}

/// The messages of a text; `None` where no template is in it.
pub(in crate::formats) fn split(text: &str) -> Option<Vec<Message<'static>>> {
    let starts = starts(text)?;
    let mut messages: Vec<Message<'static>> = Vec::new();
    let before = bare(&text[..starts.first()?.0]);
    if !before.is_empty() {
        messages.push(Message::new("system", before.to_owned()));
    }
    let ends = starts.iter().skip(1).map(|s| s.0).chain([text.len()]);
    for ((_, begin, role), end) in starts.iter().zip(ends) {
        let mut said = bare(&text[*begin..end]);
        if *role == MORE {
            if let Some(question) = messages.last_mut().filter(|_| !said.is_empty()) {
                question.content = format!("{}\n{said}", question.content).into();
            }
            continue;
        }
        // The system's words of Llama 2 stand in the user's turn.
        if let Some((system, rest)) = said.strip_prefix("<<SYS>>").and_then(|s| s.split_once("<</SYS>>")) {
            messages.extend((!bare(system).is_empty()).then(|| Message::new("system", bare(system).to_owned())));
            said = bare(rest);
        }
        messages.push(Message::new(role, said.to_owned()));
    }
    if messages.last().is_some_and(|m| m.role != "system" && m.content.is_empty()) {
        messages.pop();
    }
    Some(messages)
}

/// A text without white space and edges around it.
fn bare(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(rest) = EDGES.iter().find_map(|edge| text.strip_prefix(edge).or_else(|| text.strip_suffix(edge))) {
        text = rest.trim();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let json = serde_json::json!({ "text": text }).to_string();
        let fits = SHAPE.fits(&[Object::parse(&json).unwrap()]);
        assert_eq!(fits, 1.0, "{text}");
        said(instruct(&row(&SHAPE, &json, Use::Instruct).unwrap()))
    }

    #[test]
    fn every_template_becomes_turns() {
        let two = ["user: 河水去哪里？", "assistant: 流进海里。"];
        for text in [
            "<|im_start|>user\n河水去哪里？<|im_end|>\n<|im_start|>assistant\n流进海里。<|im_end|>\n",
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n河水去哪里？<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n流进海里。<|eot_id|>",
            "<bos><start_of_turn>user\n河水去哪里？<end_of_turn>\n<start_of_turn>model\n流进海里。<end_of_turn>\n",
            "<|user|>\n河水去哪里？</s>\n<|assistant|>\n流进海里。</s>",
            "<|prompter|>河水去哪里？<|endoftext|><|assistant|>流进海里。<|endoftext|>",
            "<s>[INST] 河水去哪里？ [/INST] 流进海里。 </s>",
            "### Human: 河水去哪里？### Assistant: 流进海里。",
            "### Instruction:\n河水去哪里？\n\n### Response:\n流进海里。",
            "USER: 河水去哪里？ ASSISTANT: 流进海里。</s>",
            "Human: 河水去哪里？\n\nAssistant: 流进海里。",
        ] {
            assert_eq!(read(text), two, "{text}");
        }
    }

    #[test]
    fn the_system_more_of_a_question_and_an_open_end() {
        let text = "<s>[INST] <<SYS>>\n简短回答。\n<</SYS>>\n\n河？ [/INST] 海。 </s><s>[INST] 海呢？ [/INST]";
        assert_eq!(read(text), ["system: 简短回答。", "user: 河？", "assistant: 海。", "user: 海呢？"]);
        let text = "Below is a task.\n\n### Instruction:\n译成英语。\n\n### Input:\n河\n\n### Response:\nriver";
        assert_eq!(read(text), ["system: Below is a task.", "user: 译成英语。\n河", "assistant: river"]);
    }

    #[test]
    fn prose_with_marks_is_no_dialogue() {
        for text in ["The tag [INST] opens a question.", "He said Human: and Assistant: aloud.", "用户的一句话。"]
        {
            let json = serde_json::json!({ "text": text }).to_string();
            assert_eq!(SHAPE.fits(&[Object::parse(&json).unwrap()]), 0.0, "{text}");
            let row = row(&SHAPE, &json, Use::Instruct).unwrap();
            assert_eq!(row.aside, Some(("no_turns", String::new())));
        }
        let json = r#"{"text":"USER: a ASSISTANT: b","id":1}"#;
        assert!(matches!(row(&SHAPE, json, Use::Pretrain).unwrap().content, Content::Pretrain { .. }));
    }
}
