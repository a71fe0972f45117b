//! Zhihu-KOL: questions and long answers, for instruction tuning (or the answers as pretraining text).
//!
//! ```json
//! {"INSTRUCTION": "怎么说服男朋友买烤箱？", "RESPONSE": "…", "SOURCE": "Zhihu",
//!   "METADATA": "{\"question_id\": 357137111.0, \"answer_id\": 914332816.0, \"upvotes\": \"赞同 1.2 万\"}"}
//! ```
//!
//! `METADATA` is JSON inside a text: it stands in `meta` as an object, and the upvotes also as a number
//! (`upvotes_count`: 12000). Id and url are made of the question's and the answer's numbers.
//!
//! Limits: tails such as `编辑于 …` stay; a question with many answers gives as many rows.
use std::borrow::Cow;

use super::read::{Reading, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Zhihu = Zhihu;
/// See the module.
pub struct Zhihu;

impl Shape for Zhihu {
    fn name(&self) -> &'static str {
        "zhihu"
    }
    fn about(&self) -> &'static str {
        "Zhihu-KOL: INSTRUCTION, RESPONSE and METADATA"
    }
    fn docs(&self) -> &'static str {
        crate::stages::module_docs(include_str!("zhihu.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Pretrain]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| ["INSTRUCTION", "RESPONSE"].iter().all(|k| starts(o, k) == Some(b'"')))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let question = reading.need("prompt", &["INSTRUCTION"])?;
    let answer = reading.need("response", &["RESPONSE"])?;
    if let Some(text) = object.text("METADATA").ok().flatten()
        && let Ok(data) = Object::parse(&text)
    {
        reading.take("METADATA");
        reading.extra("METADATA", &text);
        // Numbers come as floats: 357137111.0.
        let number = |key: &str| {
            let text = data.text(key).ok().flatten()?;
            Some(text.strip_suffix(".0").unwrap_or(&text).to_owned()).filter(|t| !t.is_empty())
        };
        if let (Some(question), Some(answer)) = (number("question_id"), number("answer_id")) {
            reading.given.id = Some(Cow::Owned(format!("{question}/{answer}")));
            let url = format!("https://www.zhihu.com/question/{question}/answer/{answer}");
            reading.given.url = Some(Cow::Owned(url));
        }
        if let Some(count) = data.text("upvotes").ok().flatten().and_then(|t| upvotes(&t)) {
            reading.extra("upvotes_count", &count.to_string());
        }
    }
    match layout.usage {
        Use::Instruct => {
            let messages = vec![Message::new("user", question), Message::new("assistant", answer)];
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Pretrain => {
            reading.extra("title", &serde_json::to_string(&question).unwrap_or_default());
            reading.row(Content::Pretrain { text: answer })
        }
        _ => Err(wrong_use("zhihu", layout)),
    }
}

/// `赞同 1.2 万` is 12000.
fn upvotes(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches("赞同").trim().replace(',', "");
    let (number, factor) = match text.strip_suffix('万').or(text.strip_suffix('w')) {
        Some(number) => (number.trim(), 10_000.0),
        None => (text.as_str(), 1.0),
    };
    let number: f64 = number.parse().ok()?;
    (0.0..1e9).contains(&number).then_some((number * factor).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn opens_the_metadata() {
        let json = r#"{"INSTRUCTION":"q","RESPONSE":"a","SOURCE":"Zhihu","METADATA":"{\"question_id\": 35.0, \"answer_id\": 9.0, \"upvotes\": \"赞同 1.2 万\"}"}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: q", "assistant: a"]);
        assert_eq!(
            (read.id.as_deref(), read.url.as_deref()),
            (Some("35/9"), Some("https://www.zhihu.com/question/35/answer/9"))
        );
        let meta = r#"{"SOURCE":"Zhihu","METADATA":{"question_id": 35.0, "answer_id": 9.0, "upvotes": "赞同 1.2 万"},"upvotes_count":12000}"#;
        assert_eq!(read.meta.as_deref(), Some(meta));
        let Content::Pretrain { text } = row(&SHAPE, json, Use::Pretrain).unwrap().content else { panic!() };
        assert_eq!(text, "a");
        let broken = r#"{"INSTRUCTION":"q","RESPONSE":"a","METADATA":"{'x': 1}"}"#;
        assert_eq!(row(&SHAPE, broken, Use::Instruct).unwrap().meta.as_deref(), Some(r#"{"METADATA":"{'x': 1}"}"#));
        assert_eq!(row(&SHAPE, r#"{"INSTRUCTION":"q"}"#, Use::Instruct).unwrap_err().reason, "field_missing");
    }

    #[test]
    fn counts_upvotes() {
        let counts = ["赞同 1.2 万", "赞同 35", "1,024", "3w", "赞同", "x"].map(upvotes);
        assert_eq!(counts, [Some(12_000), Some(35), Some(1024), Some(30_000), None, None]);
    }
}
