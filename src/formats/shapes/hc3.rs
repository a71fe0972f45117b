//! HC3 and HC3-Chinese: a question, answers of people and answers of ChatGPT.
//!
//! ```json
//! {"question": "…", "human_answers": ["…", "…"], "chatgpt_answers": ["…"], "source": "baike", "index": 3}
//! ```
//!
//! For instruction tuning each answer is a row, its `name` says who gave it (`human`, `chatgpt`); `answers = "human"` or
//! `"chatgpt"` takes those of one side. For RLHF each human answer is set against the first one of ChatGPT; the set does
//! not say which is better, so `prefer` does: `human` (the default) or `chatgpt`. Empty answers are passed over. `source`
//! is the subset.
//!
//! Limits: a question without an answer (for RLHF: of both sides) is set aside (`no_answer`). Human answers of the
//! English set are tokenised (`do n't`); they stay as they are.
use std::borrow::Cow;

use super::support::ranking::unpaired;
use super::support::reading::Reading;
use super::support::values::{items, scalar, share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Hc3 = Hc3;
/// See the module.
pub struct Hc3;

impl Shape for Hc3 {
    fn name(&self) -> &'static str {
        "hc3"
    }
    fn about(&self) -> &'static str {
        "HC3: a question with human and ChatGPT's answers"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("hc3.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Rlhf]
    }
    fn options(&self) -> &'static [Choice] {
        const ANSWERS: Choice =
            Choice { name: "answers", words: &["both", "human", "chatgpt"], about: "whose answers are rows" };
        const PREFER: Choice =
            Choice { name: "prefer", words: &["human", "chatgpt"], about: "whose answers are the chosen ones" };
        &[ANSWERS, PREFER]
    }
    fn several(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| ["human_answers", "chatgpt_answers"].iter().all(|k| starts(o, k) == Some(b'[')))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        match contents(&mut reading) {
            Ok(contents) => reading.rows(contents, emit),
            Err(error) => emit(Err(error)),
        }
    }
}

fn contents<'a>(reading: &mut Reading<'_, 'a>) -> Result<Vec<Content<'a>>, Unreadable> {
    let usage = reading.layout.usage;
    let question = reading.need("prompt", &["question"])?;
    reading.columns.subset = reading.option("subset", &["subset", "source"])?;
    let (human, model) = (said(reading, "human_answers", "human")?, said(reading, "chatgpt_answers", "chatgpt")?);
    let asked = vec![Message::new("user", question)];
    match usage {
        Use::Instruct => {
            let side = reading.layout.option("answers").unwrap_or("both");
            let answers = human.into_iter().chain(model).filter(|a| side == "both" || a.name.as_deref() == Some(side));
            let dialogue = |answer| [asked.clone(), vec![answer]].concat();
            let mut rows: Vec<_> = answers.map(|a| Content::Instruct { messages: dialogue(a), tools: None }).collect();
            if rows.is_empty() {
                reading.aside("no_answer", "");
                rows.push(Content::Instruct { messages: asked, tools: None });
            }
            Ok(rows)
        }
        Use::Rlhf => {
            let turned = reading.layout.option("prefer") == Some("chatgpt");
            let pair = |human: Message<'a>, model: Message<'a>| {
                let (chosen, rejected) = if turned { (model, human) } else { (human, model) };
                let margin = (chosen.content == rejected.content).then_some(0.0);
                let (chosen, rejected) = (Some(vec![chosen]), Some(vec![rejected]));
                let pair = Preference { prompt: asked.clone(), chosen, rejected, margin, ..Preference::default() };
                Content::Rlhf(Box::new(pair))
            };
            let model = model.into_iter().next();
            let mut rows: Vec<_> = human.into_iter().filter_map(|h| Some(pair(h, model.clone()?))).collect();
            if rows.is_empty() {
                reading.aside("no_answer", "");
                rows.push(unpaired(asked));
            }
            Ok(rows)
        }
        _ => Err(wrong_use("hc3", reading.layout)),
    }
}

fn said<'a>(
    reading: &mut Reading<'_, 'a>,
    name: &'static str,
    who: &'static str,
) -> Result<Vec<Message<'a>>, Unreadable> {
    let Some((path, value)) = reading.find(name, &[name], |_| true)? else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for (index, answer) in items(path, value)?.into_iter().enumerate() {
        let text = scalar(&format!("{path}.{index}"), answer)?;
        if !text.trim().is_empty() {
            out.push(Message { name: Some(Cow::Borrowed(who)), ..Message::new("assistant", text) });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, preference, rows_with, said};
    use super::*;

    const ROW: &str =
        r#"{"question":"q","human_answers":["h1",""," h2"],"chatgpt_answers":["c"],"source":"law","index":1}"#;

    #[test]
    fn each_answer_is_a_row() {
        let rows = rows_with(&SHAPE, ROW, &layout(Use::Instruct));
        let last: Vec<String> = rows.iter().map(|r| said(instruct(r.as_ref().unwrap()))[1].clone()).collect();
        assert_eq!(last, ["assistant: h1", "assistant:  h2", "assistant: c"]);
        let row = rows[2].as_ref().unwrap();
        assert_eq!((row.subset.as_deref(), row.meta.as_deref()), (Some("law"), Some(r#"{"index":1}"#)));
        assert_eq!(instruct(row)[1].name.as_deref(), Some("chatgpt"));
        let mut human = layout(Use::Instruct);
        human.options.insert("answers".into(), "human".into());
        assert_eq!(rows_with(&SHAPE, ROW, &human).len(), 2);
    }

    #[test]
    fn pairs_say_who_is_preferred_and_empty_lists_are_set_aside() {
        let mut turned = layout(Use::Rlhf);
        let first = |layout: &Layout| {
            let row = rows_with(&SHAPE, ROW, layout).remove(0).unwrap();
            said(preference(&row).chosen.as_deref().unwrap())
        };
        assert_eq!(first(&turned), ["assistant: h1"]);
        turned.options.insert("prefer".into(), "chatgpt".into());
        assert_eq!(first(&turned), ["assistant: c"]);
        let empty = r#"{"question":"q","human_answers":[""],"chatgpt_answers":[]}"#;
        for usage in [Use::Instruct, Use::Rlhf] {
            let rows = rows_with(&SHAPE, empty, &layout(usage));
            assert_eq!((rows.len(), rows[0].as_ref().unwrap().aside.clone()), (1, Some(("no_answer", String::new()))));
        }
    }
}
