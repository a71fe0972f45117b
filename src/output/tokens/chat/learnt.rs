//! What is learnt of a dialogue: ranges of the text that the template wrote.
//!
//! A template with `{% generation %}` says it itself. Of any other, turn *k* of the assistant begins behind what the
//! template writes of the turns before it and of the beginning of an answer (`add_generation_prompt`), and ends behind what
//! it writes of the turns up to *k*. Where what it writes of fewer turns is not how the whole begins (templates that drop
//! the thinking of earlier turns), the beginning of an answer is looked for behind the turn before, and the turn is written
//! with a stand-in for its words, which tells what stands behind them. Where that does not hold together either, the row is
//! set aside.

use std::ops::Range;

use super::dialogue::{Dialogue, STAND_IN};
use crate::models::template::{Rendered, Value};
use crate::output::export::Aside;
use crate::rows::Message;

/// The ranges of the whole text that are learnt; `flags` says of each message whether its source wants it learnt.
///
/// # Errors
///
/// `export_no_mask`.
pub(super) fn of(
    dialogue: &Dialogue<'_>,
    messages: &[Message<'_>],
    flags: &[bool],
    whole: &Rendered,
) -> Result<Vec<Range<usize>>, Aside> {
    let answers: Vec<usize> = (0..messages.len()).filter(|at| messages[*at].role == "assistant").collect();
    let all = answers.iter().all(|at| flags[*at]);
    let parts = if dialogue.chat.template.learns() {
        if !all && whole.learnt.len() != answers.len() {
            let what = "the template's generation blocks are not one a turn, so a turn cannot be left out";
            return Err(Aside::new("export_no_mask", what));
        }
        whole.learnt.clone()
    } else {
        difference(dialogue, &answers, whole)?
    };
    match all {
        true => Ok(parts),
        false => Ok(parts.into_iter().zip(&answers).filter(|(_, at)| flags[**at]).map(|(part, _)| part).collect()),
    }
}

/// The ranges of the assistant's turns, by what the template writes of fewer turns.
fn difference(dialogue: &Dialogue<'_>, answers: &[usize], whole: &Rendered) -> Result<Vec<Range<usize>>, Aside> {
    let mut parts: Vec<Range<usize>> = Vec::with_capacity(answers.len());
    for at in answers {
        let before = parts.last().map_or(0, |part| part.end);
        let begin = begin(dialogue, *at, before, whole)?;
        let end = begin.and_then(|begin| end(dialogue, *at, whole).filter(|end| *end > begin).map(|end| begin..end));
        match end {
            Some(part) if part.start >= before => parts.push(part),
            _ => {
                let what = format!(
                    "the template writes turn {} otherwise once others follow: name one with generation blocks",
                    at + 1
                );
                return Err(Aside::new("export_no_mask", what));
            }
        }
    }
    Ok(parts)
}

/// Where turn `at` begins; not before `from`.
fn begin(dialogue: &Dialogue<'_>, at: usize, from: usize, whole: &Rendered) -> Result<Option<usize>, Aside> {
    let messages = &dialogue.messages;
    let prompted = match dialogue.plain(&messages[..at], true) {
        Ok(prompted) => prompted.text,
        // No dialogue of its own: it begins with the assistant, say.
        Err(_) => return Ok(None),
    };
    if whole.text.starts_with(&prompted) {
        return Ok(Some(prompted.len()));
    }
    let bare = dialogue.plain(&messages[..at], false)?.text;
    let Some(prompt) = prompted.strip_prefix(&bare).filter(|prompt| !prompt.is_empty()) else { return Ok(None) };
    let is_said = |start: usize| whole.words.iter().any(|word| word.start < start + prompt.len() && start < word.end);
    let found = whole.text[from..].match_indices(prompt).map(|found| from + found.0).find(|start| !is_said(*start));
    Ok(found.map(|start| start + prompt.len()))
}

/// Where turn `at` ends.
fn end(dialogue: &Dialogue<'_>, at: usize, whole: &Rendered) -> Option<usize> {
    let messages = &dialogue.messages;
    if at + 1 == messages.len() {
        return Some(whole.text.len());
    }
    let upto = dialogue.plain(&messages[..=at], false).ok()?.text;
    if whole.text.starts_with(&upto) {
        return Some(upto.len());
    }
    let words = STAND_IN.to_string();
    let stand_in = Value::from_pairs([("role", "assistant"), ("content", words.as_str())]);
    let mut others = messages.clone();
    others[at] = stand_in;
    let behind = |messages: &[Value]| {
        let text = dialogue.plain(messages, false).ok()?.text;
        text.rsplit_once(STAND_IN).map(|(_, behind)| behind.to_owned())
    };
    let (rest, close) = (behind(&others)?, behind(&others[..=at])?);
    let said = whole.text.strip_suffix(&rest)?.len();
    rest.starts_with(&close).then_some(said + close.len())
}
