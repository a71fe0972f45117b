//! Preference pairs: a prompt, a better and a worse answer, for RLHF (or the better one, for instruction tuning).
//!
//! ```json
//! {"prompt": "…", "chosen": "…", "rejected": "…", "score_chosen": 8.5, "score_rejected": 6.0}
//! {"conversations": [{"from": "human", "value": "…"}], "chosen": {"from": "gpt", "value": "…"}, "rejected": {…}}
//! {"instruction": "…", "input": "…", "output": ["better", "worse"]}
//! {"chosen": [{"role": "user", …}, {"role": "assistant", …}], "rejected": [{…}, {…}]}
//! ```
//!
//! The prompt is `prompt`, `conversations`, `messages` or `question`, as text or as messages, or `instruction` with
//! `input` below it, or GPT-4-LLM's `user_input`; `system` and `history` come before it. The answers are `chosen` and `rejected` (also
//! `chosen_messages`, CValues' `pos_resp`, GPT-4-LLM's `completion_a` and so on, or the two items of `output`), as text,
//! as a message, as messages, or as an object of `messages` (LMFlow's `paired_conversation`). Where both
//! sides are whole dialogues (they do not begin with the assistant), the turns that they share are the prompt.
//! `fields` maps `prompt`, `chosen`, `rejected`, `chosen_score`, `rejected_score` and `margin`.
//!
//! Scores are `score_chosen` or `chosen_score` (or `chosen_rating`), and so for the rejected one. The margin is the row's
//! own, or else the difference of the scores, or else 0 where both answers are equal: ties are kept.
//!
//! For instruction tuning a row is the prompt and the chosen answer, or, with `answers = "none"`, the prompt alone.
//!
//! Limits: rankings of more than two answers are not read; whole dialogues that share no turn are unreadable
//! (`dialogue_mismatch`).
use std::borrow::Cow;

use super::answers::{ANSWERS, content};
use super::read::{Reading, first, is_scalar, items, mismatch, scalar, share, starts, wrong_use};
use super::turns::not_empty;
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Pairs = Pairs;
/// See the module.
pub struct Pairs;

const PROMPT: &[&str] = &["prompt", "conversations", "messages", "question", "user_input"];
const CHOSEN: &[&str] = &["chosen", "chosen_messages", "pos_resp", "chosen_response", "completion_a"];
const REJECTED: &[&str] = &["rejected", "rejected_messages", "neg_resp", "rejected_response", "completion_b"];

impl Shape for Pairs {
    fn name(&self) -> &'static str {
        "preference"
    }
    fn about(&self) -> &'static str {
        "a prompt with a chosen and a rejected answer"
    }
    fn docs(&self) -> &'static str {
        crate::stages::module_docs(include_str!("preference.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[ANSWERS]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let any = |names: &[&str]| names.iter().find_map(|key| starts(o, key));
            let asked = any(PROMPT).or(starts(o, "instruction")).is_some();
            let two = o.get("output").and_then(|v| items("output", v).ok()).is_some_and(|two| two.len() == 2);
            match (any(CHOSEN), any(REJECTED)) {
                (Some(b'{'), Some(_)) => true,
                (Some(chosen), Some(_)) => (asked && !super::hh::is_dialogue(o, "prompt")) || chosen == b'[',
                _ => two && starts(o, "instruction").is_some(),
            }
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        let mut reading = Reading::new(object, layout);
        emit(match layout.usage {
            Use::Rlhf | Use::Instruct => read(&mut reading).and_then(|content| reading.row(content)),
            _ => Err(wrong_use("preference", layout)),
        });
    }
}

/// Reads a pair; the shape `fields` does so too.
pub(super) fn read<'a>(reading: &mut Reading<'_, 'a>) -> Result<Content<'a>, Unreadable> {
    let mut out = Preference::default();
    let (chosen, rejected) = match reading.side("assistant", "chosen", CHOSEN)? {
        Some(chosen) => {
            let rejected = reading.side("assistant", "rejected", REJECTED)?;
            (chosen, rejected.ok_or_else(|| reading.missing("rejected", REJECTED[0]))?)
        }
        None => two(reading)?.ok_or_else(|| reading.missing("chosen", CHOSEN[0]))?,
    };
    let (mut chosen, mut rejected) = (not_empty("chosen", chosen)?, not_empty("rejected", rejected)?);
    if whole(&chosen) && whole(&rejected) {
        let most = chosen.len().min(rejected.len()) - 1;
        let shared = chosen.iter().zip(&rejected).take(most).take_while(|(a, b)| a == b).count();
        if shared == 0 {
            return Err(mismatch("chosen and rejected are whole dialogues, but share no turn"));
        }
        rejected.drain(..shared);
        out.prompt = reading.opening()?;
        out.prompt.extend(chosen.drain(..shared));
        // A prompt field that only says again what the dialogue says is not kept twice.
        if let Some((path, value)) = reading.find("prompt", PROMPT, is_scalar)?
            && !out.prompt.iter().any(|turn| scalar(path, value).is_ok_and(|text| text == turn.content))
        {
            reading.keep(path, value.get());
        }
    } else {
        out.prompt = prompt(reading)?;
    }
    out.chosen_score = reading.number("chosen_score", &["chosen_score", "score_chosen", "chosen_rating"])?;
    out.rejected_score = reading.number("rejected_score", &["rejected_score", "score_rejected", "rejected_rating"])?;
    out.margin = match (reading.number("margin", &["margin"])?, out.chosen_score, out.rejected_score) {
        (Some(margin), ..) => Some(margin),
        (None, Some(chosen), Some(rejected)) => Some(chosen - rejected),
        _ => (chosen == rejected).then_some(0.0),
    };
    (out.chosen, out.rejected) = (Some(chosen), Some(rejected));
    Ok(content(reading.layout, out))
}

/// Whether a side is a dialogue from its start.
fn whole(side: &[Message<'_>]) -> bool {
    side.len() > 1 && side[0].role != "assistant"
}

type Both<'a> = (Vec<Message<'a>>, Vec<Message<'a>>);

/// The two items of `output`.
fn two<'a>(reading: &mut Reading<'_, 'a>) -> Result<Option<Both<'a>>, Unreadable> {
    if reading.layout.fields.contains_key("chosen") {
        return Ok(None);
    }
    let Some((path, value)) = reading.find("output", &["output"], |v| first(v) == b'[')? else { return Ok(None) };
    let both = items(path, value)?;
    let [chosen, rejected] = both[..] else {
        return Err(field_type(path, "two answers", &format!("a list of {}", both.len())));
    };
    let answer = |index: usize, value| Ok(vec![Message::new("assistant", scalar(&format!("{path}.{index}"), value)?)]);
    Ok(Some((answer(0, chosen)?, answer(1, rejected)?)))
}

/// The prompt, after the system prompt and the history; it must hold something.
pub(super) fn prompt<'a>(reading: &mut Reading<'_, 'a>) -> Result<Vec<Message<'a>>, Unreadable> {
    let mut out = reading.opening()?;
    if let Some(turns) = reading.side("user", "prompt", PROMPT)? {
        out.extend(turns);
        return not_empty("prompt", out);
    }
    let Some(instruction) = reading.text("instruction", &["instruction"])? else {
        return Err(reading.missing("prompt", PROMPT[0]));
    };
    let asked = match reading.option("input", &["input"])? {
        Some(input) => Cow::Owned(format!("{instruction}\n{input}")),
        None => instruction,
    };
    out.push(Message::new("user", asked));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{preference, row, said};
    use super::*;

    fn read(json: &str) -> (Vec<String>, Vec<String>, Vec<String>, Option<f64>) {
        let row = row(&SHAPE, json, Use::Rlhf).unwrap();
        let p = preference(&row);
        let side = |side: &Option<Vec<Message<'_>>>| said(side.as_deref().unwrap());
        (said(&p.prompt), side(&p.chosen), side(&p.rejected), p.margin)
    }

    #[test]
    fn reads_every_layout() {
        let plain = read(r#"{"prompt":"p","chosen":"c","rejected":"c"}"#);
        assert_eq!((plain.0[0].as_str(), plain.1[0].as_str(), plain.3), ("user: p", "assistant: c", Some(0.0)));
        let factory = r#"{"conversations":[{"from":"human","value":"p"}],"chosen":{"from":"gpt","value":"c"},
            "rejected":{"from":"gpt","value":"r"}}"#;
        assert_eq!(read(factory).2, ["assistant: r"]);
        let two = read(r#"{"instruction":"a","input":"b","output":["c","d"]}"#);
        assert_eq!((two.0[0].as_str(), two.2[0].as_str(), two.3), ("user: a\nb", "assistant: d", None));
        let gpt4 = read(r#"{"user_input":"p","completion_a":"c","completion_b":"r"}"#);
        assert_eq!(
            (gpt4.0[0].as_str(), gpt4.1[0].as_str(), gpt4.2[0].as_str()),
            ("user: p", "assistant: c", "assistant: r")
        );
        let cvalues =
            read(r#"{"prompt":"p","pos_resp":"c","neg_resp":"r","pos_type":"拒绝为主","neg_type":"风险回复"}"#);
        assert_eq!(cvalues.2, ["assistant: r"]);
        let side = |text: &str| {
            format!(r#"{{"messages":[{{"role":"user","content":"p"}},{{"role":"assistant","content":"{text}"}}]}}"#)
        };
        let lmflow = read(&format!(r#"{{"conversation_id":1,"chosen":{},"rejected":{}}}"#, side("c"), side("r")));
        assert_eq!(
            (lmflow.0[0].as_str(), lmflow.1[0].as_str(), lmflow.2[0].as_str()),
            ("user: p", "assistant: c", "assistant: r")
        );
        let ultra = r#"{"prompt":"p","prompt_id":"9","chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],
            "rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}],"score_chosen":8.5,"score_rejected":"6"}"#;
        assert_eq!(
            read(ultra),
            (vec!["user: p".into()], vec!["assistant: c".into()], vec!["assistant: r".into()], Some(2.5))
        );
        assert_eq!(row(&SHAPE, ultra, Use::Rlhf).unwrap().meta.as_deref(), Some(r#"{"prompt_id":"9"}"#));
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |json: &str| row(&SHAPE, json, Use::Rlhf).unwrap_err().reason;
        assert_eq!(error(r#"{"prompt":"p","chosen":"c"}"#), "field_missing");
        assert_eq!(error(r#"{"prompt":null,"chosen":"c","rejected":"r"}"#), "field_missing");
        assert_eq!(error(r#"{"instruction":"p","output":["c"]}"#), "field_type");
        assert_eq!(error(r#"{"prompt":[],"chosen":"c","rejected":"r"}"#), "dialogue_mismatch");
        let apart = r#"{"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"c"}],
            "rejected":[{"role":"user","content":"b"},{"role":"assistant","content":"r"}]}"#;
        assert_eq!(error(apart), "dialogue_mismatch");
    }
}
