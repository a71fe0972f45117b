//! Unpaired feedback: a prompt, one answer, and whether it is a good one, for KTO.
//!
//! ```json
//! {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}], "label": true}
//! {"prompt": "…", "completion": "…", "label": false}
//! {"instruction": "…", "input": "…", "output": "…", "kto_tag": true}
//! ```
//!
//! The label is `label` or `kto_tag` (`fields.label`): true or false, also as text, 1 or 0, also as 1.0 or 0.0, or a
//! word that judges (`good`, `thumbs_down`, `harmful`, `点赞`). Of a field that is called what is bad (`harmful`, `is_toxic`,
//! `unsafe`), true is bad. The answer
//! is `completion` or `response` (beside an `instruction` also `output`), as text or messages, with the prompt as in the
//! shape `preference`; or else the assistant's last turn of `messages` (or `conversations`), with the turns before it as
//! the prompt.
//!
//! Limits: messages that do not end with the assistant, or start with its answer, are unreadable
//! (`dialogue_mismatch`).
use super::preference::prompt;
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{first, kind, mismatch, scalar, share, starts, verdict, wrong_use};
use crate::formats::object::{field_type, text_of};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Kto = Kto;
/// See the module.
pub struct Kto;

const LABEL: &[&str] = &["label", "kto_tag"];
const COMPLETION: &[&str] = &["completion", "response", "output"];

impl Shape for Kto {
    fn name(&self) -> &'static str {
        "kto"
    }
    fn about(&self) -> &'static str {
        "a prompt with one answer, labelled good or bad"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("kto.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let labelled = judges(sample);
        share(sample, |o| {
            let list = |key| starts(o, key) == Some(b'[');
            let asked = ["prompt", "instruction", "question"].iter().any(|key| starts(o, key).is_some());
            let pair = asked && COMPLETION.iter().any(|key| starts(o, key).is_some_and(|first| first != b'n'));
            labelled && is_labelled(o) && (list("messages") || list("conversations") || pair)
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        emit(match layout.usage {
            Use::Rlhf => read(&mut reading).and_then(|content| reading.row(content)),
            _ => Err(wrong_use("kto", layout)),
        });
    }
}

/// Whether a row has a label that says yes or no.
pub(super) fn is_labelled(object: &Object<'_>) -> bool {
    let says = |key: &&str| object.get(key).and_then(|v| text_of(v).ok().flatten()).and_then(|t| verdict(key, &t));
    LABEL.iter().any(|key| says(key).is_some())
}

/// Whether the labels of rows judge: none is a word of another kind, or the number of a class.
pub(super) fn judges(sample: &[Object<'_>]) -> bool {
    let has = |o: &Object<'_>| LABEL.iter().any(|key| starts(o, key).is_some());
    sample.iter().any(is_labelled) && sample.iter().all(|o| !has(o) || is_labelled(o))
}

/// Reads a labelled answer; the shape `fields` does so too.
pub(super) fn read<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let Some((path, value)) = reading.find("label", LABEL, |_| true)? else {
        return Err(reading.missing("label", LABEL[0]));
    };
    let label = verdict(path, &scalar(path, value)?).ok_or_else(|| field_type(path, "true or false", kind(value)))?;
    let (prompt, completion) = match reading.side("assistant", "completion", COMPLETION)? {
        Some(completion) => (prompt(reading)?, not_empty("completion", completion)?),
        None => {
            let mut turns = reading.opening()?;
            let names = &["messages", "conversations", "prompt"];
            let Some((path, value)) = reading.find("prompt", names, |v| first(v) == b'[')? else {
                return Err(reading.missing("completion", COMPLETION[0]));
            };
            turns.extend(reading.messages(path, value)?);
            let completion = turns.pop().filter(|last| last.role == "assistant");
            let completion = completion.ok_or_else(|| mismatch(format!("`{path}` does not end with the assistant")))?;
            (turns, vec![completion])
        }
    };
    if prompt.is_empty() {
        return Err(mismatch("there is an answer, but no prompt before it"));
    }
    let completion = Some(completion);
    Ok(Content::Rlhf(Box::new(Preference { prompt, completion, label: Some(label), ..Preference::default() })))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{preference, row, said};
    use super::*;

    #[test]
    fn reads_messages_and_pairs() {
        let json = r#"{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],"label":true}"#;
        for json in [json, r#"{"prompt":"p","completion":"c","label":1,"id":"x"}"#] {
            let row = row(&SHAPE, json, Use::Rlhf).unwrap();
            let p = preference(&row);
            assert_eq!((said(&p.prompt), p.label), (vec!["user: p".to_owned()], Some(true)));
            assert_eq!(said(p.completion.as_deref().unwrap()), ["assistant: c"]);
            assert_eq!((&p.chosen, &row.meta), (&None, &None));
        }
    }

    #[test]
    fn reads_every_word_for_yes_and_no() {
        let words = ["true", "1", "1.0", "\"True\"", "\"1\"", "false", "0", "0.0", "\"False\"", "\"0.0\""];
        for (index, word) in words.iter().enumerate() {
            let json = format!(r#"{{"instruction":"p","input":"i","output":"c","kto_tag":{word}}}"#);
            let row = row(&SHAPE, &json, Use::Rlhf).unwrap();
            let p = preference(&row);
            assert_eq!((said(&p.prompt), p.label), (vec!["user: p\ni".to_owned()], Some(index < 5)), "{word}");
            assert_eq!(said(p.completion.as_deref().unwrap()), ["assistant: c"]);
            assert_eq!(SHAPE.fits(&[Object::parse(&json).unwrap()]), 1.0, "{word}");
        }
        for word in ["2", "\"sports\"", "-1", "null"] {
            let json = format!(r#"{{"prompt":"p","response":"c","label":{word}}}"#);
            assert_eq!(SHAPE.fits(&[Object::parse(&json).unwrap()]), 0.0, "{word}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |json: &str| row(&SHAPE, json, Use::Rlhf).unwrap_err().reason;
        assert_eq!(error(r#"{"prompt":"p","completion":"c"}"#), "field_missing");
        assert_eq!(error(r#"{"prompt":"p","completion":"c","label":"sports"}"#), "field_type");
        assert_eq!(error(r#"{"prompt":"p","label":true}"#), "field_missing");
        assert_eq!(error(r#"{"messages":[{"role":"user","content":"p"}],"label":true}"#), "dialogue_mismatch");
        assert_eq!(error(r#"{"messages":[],"label":true}"#), "dialogue_mismatch");
    }
}
