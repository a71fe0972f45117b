//! Anthropic's hh-rlhf: two whole dialogues as text that share all but the last answer, for RLHF (or the chosen one, for
//! instruction tuning).
//!
//! ```json
//! {"chosen": "\n\nHuman: 你好\n\nAssistant: 你好！", "rejected": "\n\nHuman: 你好\n\nAssistant: 走开"}
//! ```
//!
//! A turn begins where a line after an empty line starts with `Human:` or `Assistant:`; one space after it is not part
//! of what is said. All turns but the last are the prompt, the last ones are the answers; equal ones stay (their margin
//! is 0). Line breaks at the end of a prompt are no part of it. What one speaker says in two turns in a row is one message, with an empty line between. Where the row has a
//! `prompt` that is such a dialogue (rm-static, full-hh-rlhf, yitingxie's), `chosen` and `rejected` are the answers alone,
//! with or without a leading `Assistant:`. Where such a prompt has its markers on one line (`Human: … Assistant:`,
//! DeepSpeed-Chat's own files), the turns begin at each of them, as long as both speakers take turns and the last
//! `Assistant:` is empty.
//!
//! Set aside (dropped, with the reason): rows whose sides differ before the last turn (`prompts_differ`, the value says
//! where), and rows with an empty answer (`empty_answer`, the value says whose; `empty = "keep"` keeps them).
//!
//! `mapping = "deepspeed"` reads as DeepSpeed-Chat does: nothing is set aside for an empty answer, and of an answer only
//! what stands behind its last `Assistant:` counts, also where the answer quotes the word.
//!
//! For instruction tuning a row is the prompt and the chosen answer, or, with `answers = "none"`, the prompt alone (what
//! PPO and its kin are fed).
//!
//! Limits: a side that does not begin with the human or end with the assistant is unreadable (`dialogue_mismatch`).
use std::borrow::Cow;

use super::support::ranking::{ANSWERS, content};
use super::support::reading::Reading;
use super::support::values::{mismatch, scalar, share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Message, Preference, Row, Unreadable, Use};

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
        crate::text::docs::module_docs(include_str!("hh.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[MAPPING, ANSWERS]
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

/// Whose reading of a set a recipe wants.
pub(super) const MAPPING: Choice = Choice {
    name: "mapping",
    words: &["corpus", "deepspeed"],
    about: "read as this shape says, or as DeepSpeed-Chat reads the set",
};

/// Whether a field is text that begins as these dialogues do.
pub(super) fn is_dialogue(object: &Object<'_>, key: &str) -> bool {
    let json = object.get(key).map_or("", |v| v.get());
    let text = json.strip_prefix('"').unwrap_or("").trim_start_matches(r"\n").trim_start();
    text.starts_with(MARKS[0].0)
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if !matches!(layout.usage, Use::Rlhf | Use::Instruct) {
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
    let deepspeed = layout.option("mapping") == Some("deepspeed");
    let (prompt, chosen, rejected) = match field("prompt", false)? {
        Some(prompt) => {
            let mut turns = split("prompt", &prompt)?;
            if turns.last().is_some_and(|t| t.role == "assistant" && t.content.trim().is_empty()) {
                turns.pop();
            } else if let Some(inline) = on_one_line(&prompt) {
                turns = inline;
            } else if let Some(last) = turns.last_mut().filter(|t| t.role == "user")
                && let Some(said) = last.content.trim_end().strip_suffix(MARKS[1].0).map(str::to_owned)
            {
                last.content = said.into();
            }
            let (chosen, rejected) = (answer(chosen, deepspeed), answer(rejected, deepspeed));
            (check("prompt", turns, "user")?, vec![chosen], vec![rejected])
        }
        None => {
            let mut better = check("chosen", split("chosen", &chosen)?, "assistant")?;
            let mut worse = check("rejected", split("rejected", &rejected)?, "assistant")?;
            let most = better.len().min(worse.len()) - 1;
            let shared = better.iter().zip(&worse).take(most).take_while(|(a, b)| a == b).count();
            if better.len() != worse.len() {
                reading.aside("prompts_differ", format!("{} and {} turns", better.len(), worse.len()));
            } else if shared < most {
                reading.aside("prompts_differ", format!("turn {}", shared + 1));
            }
            worse.drain(..shared);
            (better.drain(..shared).collect(), better, worse)
        }
    };
    let mut prompt: Vec<_> = prompt;
    if let Some(last) = prompt.pop() {
        prompt.push(ended(last));
    }
    let margin = (chosen == rejected).then_some(0.0);
    let (chosen, rejected) = (Some(chosen), Some(rejected));
    reading.row(content(layout, Preference { prompt, chosen, rejected, margin, ..Preference::default() }))
}

/// The last turn of a prompt without the line breaks at its end.
fn ended(mut turn: Message<'static>) -> Message<'static> {
    if turn.content.ends_with('\n') {
        let end = turn.content.trim_end().len();
        turn.content.to_mut().truncate(end);
    }
    turn
}

/// The turns of a prompt whose markers stand within lines, without the empty one of the answer.
fn on_one_line(text: &str) -> Option<Vec<Message<'static>>> {
    let text = text.trim().strip_suffix(MARKS[1].0)?;
    // A marker in quotes, or within a word, is spoken of.
    let apart = |c: char| !c.is_ascii() || c.is_whitespace() || matches!(c, '.' | '!' | '?');
    let mut starts: Vec<(usize, usize, &'static str)> = MARKS
        .iter()
        .flat_map(|(mark, role)| text.match_indices(mark).map(move |(at, _)| (at, at + mark.len(), *role)))
        .filter(|(at, ..)| *at == 0 || text[..*at].ends_with(apart))
        .collect();
    starts.sort_unstable();
    let alternate = starts.iter().enumerate().all(|(i, (.., role))| *role == MARKS[i % 2].1);
    let ends = starts.iter().skip(1).map(|(at, ..)| *at).chain([text.len()]);
    let turns: Vec<_> = starts
        .iter()
        .zip(ends)
        .map(|((_, begin, role), end)| Message::new(role, text[*begin..end].trim().to_owned()))
        .collect();
    let whole = starts.first().is_some_and(|(at, ..)| *at == 0) && turns.len() % 2 == 1;
    (whole && alternate && turns.iter().all(|t| !t.content.is_empty())).then_some(turns)
}

fn answer(text: Cow<'_, str>, last: bool) -> Message<'static> {
    let behind = if last { text.rsplit_once("Assistant:").map(|(_, said)| said) } else { None };
    let said = behind.or_else(|| text.trim_start().strip_prefix("Assistant:")).unwrap_or(&text);
    Message::new("assistant", said.strip_prefix(' ').unwrap_or(said).to_owned())
}

/// The turns of a dialogue.
fn split(path: &str, text: &str) -> Result<Vec<Message<'static>>, Unreadable> {
    let mended = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    let text = mended.trim_start();
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

/// The turns, those of one speaker in a row put together, if they go from the user to `last`.
fn check(path: &str, turns: Vec<Message<'static>>, last: &str) -> Result<Vec<Message<'static>>, Unreadable> {
    let mut out: Vec<Message<'static>> = Vec::new();
    for turn in turns {
        match out.last_mut().filter(|before| before.role == turn.role) {
            Some(before) => {
                let said = before.content.to_mut();
                said.push_str("\n\n");
                said.push_str(&turn.content);
            }
            None => out.push(turn),
        }
    }
    if out.first().is_none_or(|turn| turn.role != "user") {
        return Err(mismatch(format!("{path} does not begin with Human")));
    }
    if out.last().is_none_or(|turn| turn.role != last) {
        return Err(mismatch(format!(
            "{path} does not end with {}",
            if last == "user" { "Human" } else { "Assistant" }
        )));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{preference, row, said};
    use super::*;
    use crate::formats::containers::support::row_rules;

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
    fn markers_on_one_line_and_white_space_at_the_end() {
        let prompt = |prompt: &str| {
            let json = serde_json::json!({ "prompt": prompt, "chosen": "c", "rejected": "r" }).to_string();
            said(&preference(&row(&SHAPE, &json, Use::Rlhf).unwrap()).prompt)
        };
        assert_eq!(prompt("Human: a b Assistant:"), ["user: a b"]);
        assert_eq!(
            prompt("Human: 早 Assistant: 早。Human: 走吧？Assistant:"),
            ["user: 早", "assistant: 早。", "user: 走吧？"]
        );
        assert_eq!(prompt("Human: who is \"Human: \" here? Assistant:"), ["user: who is \"Human: \" here?"]);
        assert_eq!(prompt("Human: a\nAssistant: b\nHuman: c\nAssistant:"), ["user: a", "assistant: b", "user: c"]);
        assert_eq!(prompt("\n\nHuman: a\n\n"), ["user: a"]);
        assert_eq!(
            prompt("Human: a\r\n\r\nAssistant: b\r\n\r\nHuman: c\r\n\r\nAssistant:"),
            ["user: a", "assistant: b", "user: c"]
        );
    }

    #[test]
    fn broken_rows_are_set_aside_or_refused() {
        let good = "\n\nHuman: a\n\nAssistant: b";
        let aside = |other: &str| row(&SHAPE, &json(good, other), Use::Rlhf).unwrap().aside.unwrap();
        let differ = |value: &str| ("prompts_differ", value.to_owned());
        assert_eq!(aside("\n\nHuman: x\n\nAssistant: b"), differ("turn 1"));
        assert_eq!(aside("\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d"), differ("2 and 4 turns"));
        let error = |other: &str| row(&SHAPE, &json(good, other), Use::Rlhf).unwrap_err().reason;
        for other in ["\n\nHuman: a", "\n\nAssistant: b", "b", ""] {
            assert_eq!(error(other), "dialogue_mismatch", "{other:?}");
        }
        assert_eq!(row(&SHAPE, r#"{"chosen":"x"}"#, Use::Rlhf).unwrap_err().reason, "field_missing");
    }

    #[test]
    fn an_empty_answer_is_set_aside_as_the_recipe_says() {
        let (good, bad) = ("\n\nHuman: 几点？\n\nAssistant: 九点。", "\n\nHuman: 几点？\n\nAssistant: \n");
        let aside = |chosen: &str, rejected: &str, usage: Use, options: &[(&str, &str)]| {
            let mut layout = super::super::tests::layout(usage);
            options.iter().for_each(|(key, word)| drop(layout.options.insert((*key).into(), (*word).into())));
            let json = json(chosen, rejected);
            let mut row = super::super::tests::row_with(&SHAPE, &json, &layout).unwrap();
            row_rules::apply(&mut row, &layout);
            row.aside.map(|(reason, value)| format!("{reason}: {value}"))
        };
        let one = |value: &str| Some(format!("empty_answer: {value}"));
        assert_eq!(aside(good, bad, Use::Rlhf, &[]), one("rejected"));
        assert_eq!(aside(bad, good, Use::Rlhf, &[]), one("chosen"));
        assert_eq!(aside(bad, bad, Use::Rlhf, &[]), one("both"));
        for keep in [("empty", "keep"), ("mapping", "deepspeed")] {
            assert_eq!(aside(good, bad, Use::Rlhf, &[keep]), None, "{keep:?}");
        }
        // For instruction tuning only the answer that the row has counts.
        assert_eq!(aside(good, bad, Use::Instruct, &[]), None);
        assert_eq!(aside(bad, good, Use::Instruct, &[]), one(""));
        assert_eq!(aside(bad, good, Use::Instruct, &[("answers", "none")]), None);
        assert_eq!(aside(bad, good, Use::Instruct, &[("empty", "keep")]), None);
    }

    #[test]
    fn one_speaker_twice_is_one_message() {
        let twice = "\n\nHuman: a\n\nHuman: b\n\nAssistant: c\n\nAssistant: d";
        let json = json(twice, "\n\nHuman: a\n\nb\n\nAssistant: e");
        let row = row(&SHAPE, &json, Use::Rlhf).unwrap();
        let p = preference(&row);
        assert_eq!((said(&p.prompt), row.aside.clone()), (vec!["user: a\n\nb".to_owned()], None));
        assert_eq!(said(p.chosen.as_deref().unwrap()), ["assistant: c\n\nd"]);
    }

    #[test]
    fn deepspeed_keeps_empty_answers_and_cuts_at_the_last_marker() {
        let json = r#"{"prompt":"\n\nHuman: a ","chosen":"Assistant: say Assistant: b","rejected":""}"#;
        let mut layout = super::super::tests::layout(Use::Rlhf);
        layout.options.insert("mapping".into(), "deepspeed".into());
        let row = super::super::tests::row_with(&SHAPE, json, &layout).unwrap();
        assert_eq!(said(preference(&row).chosen.as_deref().unwrap()), ["assistant: b"]);
        assert_eq!(row.aside, None);
    }
}
