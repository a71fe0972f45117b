//! Anthropic's hh-rlhf: two whole dialogues as text that share all but the last answer, for RLHF.
//!
//! ```json
//! {"chosen": "\n\nHuman: 你好\n\nAssistant: 你好！", "rejected": "\n\nHuman: 你好\n\nAssistant: 走开"}
//! ```
//!
//! A turn begins where a line after an empty line starts with `Human:` or `Assistant:`; one space after it is not part
//! of what is said. All turns but the last are the prompt, the last ones are the answers; an empty answer stays, and so
//! do equal ones (their margin is 0). Where the row has a `prompt` that is such a dialogue (rm-static, full-hh-rlhf),
//! `chosen` and `rejected` are the answers alone, with or without a leading `Assistant:`.
//!
//! Limits: rows whose sides have different turns before the last, or do not begin with the human, take turns and end
//! with the assistant, are unreadable: `dialogue_mismatch`.
use std::borrow::Cow;

use super::read::{Reading, mismatch, scalar, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Hh = Hh;
/// See the module.
pub struct Hh;

const MARKS: [(&str, &str); 2] = [("Human:", "user"), ("Assistant:", "assistant")];

impl Shape for Hh {
    fn name(&self) -> &'static str {
        "hh"
    }
    fn about(&self) -> &'static str {
        "hh-rlhf: whole dialogues of Human: and Assistant: as text"
    }
    fn docs(&self) -> &'static str {
        crate::stages::module_docs(include_str!("hh.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| {
            let answers = starts(o, "chosen") == Some(b'"') && starts(o, "rejected") == Some(b'"');
            answers && (is_dialogue(o, "prompt") || (is_dialogue(o, "chosen") && is_dialogue(o, "rejected")))
        })
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

/// Whether a field is text that begins as these dialogues do.
pub(super) fn is_dialogue(object: &Object<'_>, key: &str) -> bool {
    let json = object.get(key).map_or("", |v| v.get());
    let text = json.strip_prefix('"').unwrap_or("").trim_start_matches(r"\n").trim_start();
    text.starts_with(MARKS[0].0)
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Rlhf {
        return Err(wrong_use("hh", layout));
    }
    let mut reading = Reading::new(object, layout);
    let mut field = |ours: &'static str, wanted: bool| match reading.find(ours, &[ours], |_| true)? {
        Some((path, value)) => scalar(path, value).map(Some),
        None if wanted => Err(reading.missing(ours, ours)),
        None => Ok(None),
    };
    let (chosen, rejected) = (field("chosen", true)?, field("rejected", true)?);
    let (chosen, rejected) = (chosen.unwrap_or_default(), rejected.unwrap_or_default());
    let (prompt, chosen, rejected) = match field("prompt", false)? {
        Some(prompt) => {
            let mut turns = split("prompt", &prompt)?;
            if turns.last().is_some_and(|t| t.role == "assistant" && t.content.trim().is_empty()) {
                turns.pop();
            }
            (check("prompt", turns, "user")?, answer(chosen), answer(rejected))
        }
        None => {
            let mut better = check("chosen", split("chosen", &chosen)?, "assistant")?;
            let mut worse = check("rejected", split("rejected", &rejected)?, "assistant")?;
            let (Some(chosen), Some(rejected)) = (better.pop(), worse.pop()) else {
                return Err(mismatch("there are no turns"));
            };
            if better.len() != worse.len() {
                let (chosen, rejected) = (better.len() + 1, worse.len() + 1);
                return Err(mismatch(format!("chosen has {chosen} turns, rejected {rejected}")));
            }
            if let Some(turn) = better.iter().zip(&worse).position(|(a, b)| a != b) {
                return Err(mismatch(format!(
                    "chosen and rejected differ before their last turn, in turn {}",
                    turn + 1
                )));
            }
            (better, chosen, rejected)
        }
    };
    let margin = (chosen == rejected).then_some(0.0);
    let (chosen, rejected) = (Some(vec![chosen]), Some(vec![rejected]));
    reading.row(Content::Rlhf(Box::new(Preference { prompt, chosen, rejected, margin, ..Preference::default() })))
}

fn answer(text: Cow<'_, str>) -> Message<'static> {
    let said = text.trim_start().strip_prefix("Assistant:").unwrap_or(&text);
    Message::new("assistant", said.strip_prefix(' ').unwrap_or(said).to_owned())
}

/// The turns of a dialogue.
fn split(path: &str, text: &str) -> Result<Vec<Message<'static>>, Unreadable> {
    let text = text.trim_start();
    let mark = |at: usize| MARKS.iter().find(|(mark, _)| text[at..].starts_with(mark));
    let mut starts: Vec<(usize, usize, &'static str)> = Vec::new();
    let after_blank = memchr::memmem::find_iter(text.as_bytes(), "\n\n").map(|at| at + 2);
    let mut behind = 0;
    for at in std::iter::once(0).chain(after_blank) {
        // A run of line breaks counts once; the turn begins behind all of them.
        if at < behind {
            continue;
        }
        behind = at + text[at..].bytes().take_while(|b| *b == b'\n').count();
        if let Some((word, role)) = mark(behind)
            && starts.last().is_none_or(|(last, ..)| *last != behind)
        {
            starts.push((behind, behind + word.len(), role));
        }
    }
    if starts.first().is_none_or(|(at, ..)| *at != 0) {
        return Err(mismatch(format!("{path} does not begin with `Human:`")));
    }
    let ends = starts.iter().skip(1).map(|(at, ..)| at - 2).chain([text.len()]);
    let said = |begin: usize, end: usize| {
        let said = text.get(begin..end.max(begin)).unwrap_or("");
        said.strip_prefix(' ').unwrap_or(said).to_owned()
    };
    Ok(starts.iter().zip(ends).map(|((_, begin, role), end)| Message::new(role, said(*begin, end))).collect())
}

/// The turns, if they alternate from the user to `last`.
fn check(path: &str, turns: Vec<Message<'static>>, last: &str) -> Result<Vec<Message<'static>>, Unreadable> {
    let role = |role: &str| if role == "user" { "Human" } else { "Assistant" };
    for (index, turn) in turns.iter().enumerate() {
        let wanted = ["user", "assistant"][index % 2];
        if turn.role != wanted {
            let (number, found, wanted) = (index + 1, role(&turn.role), role(wanted));
            return Err(mismatch(format!("turn {number} of {path} is {found}'s, and should be {wanted}'s")));
        }
    }
    if turns.last().is_none_or(|turn| turn.role != last) {
        return Err(mismatch(format!("{path} does not end with {}", role(last))));
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{preference, row, said};
    use super::*;

    fn json(chosen: &str, rejected: &str) -> String {
        serde_json::json!({ "chosen": chosen, "rejected": rejected }).to_string()
    }

    #[test]
    fn splits_robustly() {
        let both = "\n\nHuman: a\n\nstill a Human: x\nHuman: y\n\nAssistant: b\n\n\n\nHuman:c\n\nAssistant: ";
        let json = json(&format!("{both}ok\n\nmore"), both);
        let row = row(&SHAPE, &json, Use::Rlhf).unwrap();
        let p = preference(&row);
        assert_eq!(said(&p.prompt), ["user: a\n\nstill a Human: x\nHuman: y", "assistant: b\n\n", "user: c"]);
        assert_eq!(said(p.chosen.as_deref().unwrap()), ["assistant: ok\n\nmore"]);
        assert_eq!(said(p.rejected.as_deref().unwrap()), ["assistant: "]);
        assert_eq!(p.margin, None);
    }

    #[test]
    fn ties_stay_and_prompts_are_read() {
        let tie = "\n\nHuman: a\n\nAssistant: b";
        let json = json(tie, tie);
        assert_eq!(preference(&row(&SHAPE, &json, Use::Rlhf).unwrap()).margin, Some(0.0));
        let json = r#"{"prompt":"\n\nHuman: a\n\nAssistant:","response":"r","chosen":" c","rejected":"Assistant: d"}"#;
        let row = row(&SHAPE, json, Use::Rlhf).unwrap();
        let p = preference(&row);
        assert_eq!(
            (said(&p.prompt), said(p.chosen.as_deref().unwrap())),
            (vec!["user: a".into()], vec!["assistant: c".into()])
        );
        assert_eq!(row.meta.as_deref(), Some(r#"{"response":"r"}"#));
    }

    #[test]
    fn refuses_what_does_not_fit_together() {
        let good = "\n\nHuman: a\n\nAssistant: b";
        let error = |other: &str| row(&SHAPE, &json(good, other), Use::Rlhf).unwrap_err().reason;
        for other in [
            "\n\nHuman: x\n\nAssistant: b",
            "\n\nHuman: a\n\nHuman: a\n\nAssistant: b",
            "\n\nHuman: a",
            "\n\nAssistant: b",
            "b",
            "",
            "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
        ] {
            assert_eq!(error(other), "dialogue_mismatch", "{other:?}");
        }
        assert_eq!(row(&SHAPE, r#"{"chosen":"x"}"#, Use::Rlhf).unwrap_err().reason, "field_missing");
    }
}
