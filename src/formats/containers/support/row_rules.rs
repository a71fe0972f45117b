//! Rules that hold for the rows of every shape, whatever shape made them: thoughts in an answer, the answer that a
//! program checks, and answers that are empty.

use std::borrow::Cow;

use crate::formats::shapes::{check, split_thought};
use crate::formats::{CHECKED, EMPTY, Layout, THINK};
use crate::rows::{Content, Message, Row, Use};

/// Applies the rules to a row that a shape made, as the options of the layout say.
pub fn apply(row: &mut Row<'_>, layout: &Layout) {
    if layout.option(THINK.name) == Some("split") {
        split_thoughts(&mut row.content);
    }
    if let Some(checked @ ("beside" | "only")) = layout.option(CHECKED.name) {
        check(row, checked == "only");
    }
    if row.aside.is_none()
        && !keeps_empty(layout)
        && let Some(which) = empty_answer(&row.content)
    {
        row.aside = Some(("empty_answer", which));
    }
}

/// Whether rows with an empty answer stay: the recipe says so, or wants DeepSpeed-Chat's reading, which keeps such pairs.
fn keeps_empty(layout: &Layout) -> bool {
    layout.option(EMPTY.name) == Some("keep")
        || layout.usage == Use::Rlhf && layout.option("mapping") == Some("deepspeed")
}

/// Which answer of a row is there, but says nothing: the last one has no name, one before it has its place among the
/// turns, one of a pair its side.
fn empty_answer(content: &Content<'_>) -> Option<String> {
    let says = |text: &str| !text.trim().is_empty();
    let silent = |m: &Message<'_>| m.role == "assistant" && !says(&m.content) && m.tool_calls.is_none();
    match content {
        Content::Instruct { messages, .. } => {
            let asked = messages.iter().position(|m| says(&m.content))?;
            let place = asked + messages[asked..].iter().position(silent)?;
            Some(if place + 1 == messages.len() { String::new() } else { format!("turn {}", place + 1) })
        }
        Content::Task(task) => {
            let empty = task.output.as_deref().is_some_and(|o| !says(o)) && task.input.as_deref().is_some_and(says);
            empty.then(String::new)
        }
        Content::Rlhf(pair) => {
            let empty = |side: &Option<Vec<Message<'_>>>| side.as_ref().is_some_and(|s| s.last().is_none_or(silent));
            match (empty(&pair.chosen), empty(&pair.rejected)) {
                (true, true) => Some("both".into()),
                (true, false) => Some("chosen".into()),
                (false, true) => Some("rejected".into()),
                (false, false) => empty(&pair.completion).then(|| "completion".into()),
            }
        }
        Content::Pretrain { .. } => None,
    }
}

/// Takes `<think>…</think>` out of what assistants say, into the reasoning of the message.
fn split_thoughts(content: &mut Content<'_>) {
    let split = |message: &mut Message<'_>| {
        if message.role != "assistant" || message.reasoning.is_some() {
            return;
        }
        let found = split_thought(&message.content).map(|(thought, said)| (thought.to_owned(), said.to_owned()));
        if let Some((thought, said)) = found {
            message.reasoning = Some(thought).filter(|t| !t.is_empty()).map(Cow::Owned);
            message.content = Cow::Owned(said);
        }
    };
    match content {
        Content::Instruct { messages, .. } => messages.iter_mut().for_each(split),
        Content::Rlhf(pair) => {
            pair.prompt.iter_mut().for_each(split);
            let sides = [&mut pair.chosen, &mut pair.rejected, &mut pair.completion];
            sides.into_iter().flatten().flatten().for_each(split);
        }
        Content::Pretrain { .. } | Content::Task(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Preference, Task};

    #[test]
    fn an_empty_answer_is_set_aside_unless_it_shall_stay() {
        let message = |role: &'static str, text: &'static str| Message::new(role, text);
        let said =
            |messages: Vec<Message<'static>>| empty_answer(&Content::Instruct { messages, tools: None }).is_some();
        assert!(said(vec![message("user", "a"), message("assistant", " \n")]));
        assert!(!said(vec![message("user", "a"), message("assistant", "b")]));
        // A prompt alone, a row that says nothing at all, and a call of a tool are other things.
        assert!(!said(vec![message("user", "a")]) && !said(vec![message("user", ""), message("assistant", "")]));
        let call = Message { tool_calls: Some("[1]".into()), ..message("assistant", "") };
        assert!(!said(vec![message("user", "a"), call]));
        let task = |input: &'static str, output: Option<&'static str>| {
            let task = Task { input: Some(input.into()), output: output.map(Into::into), ..Task::default() };
            empty_answer(&Content::Task(Box::new(task))).is_some()
        };
        assert!(task("a", Some("")));
        assert!(!task("a", Some("b")));
        assert!(!task("a", None));
        assert!(!task("", Some("")));
    }

    #[test]
    fn an_empty_answer_is_named_wherever_it_stands() {
        let message = |role: &'static str, text: &'static str| Message::new(role, text);
        let messages = vec![message("user", "a"), message("assistant", " "), message("user", "b")];
        assert_eq!(empty_answer(&Content::Instruct { messages, tools: None }).as_deref(), Some("turn 2"));
        let side = |text: &'static str| Some(vec![message("assistant", text)]);
        let pair = |chosen, rejected, completion| {
            let prompt = vec![message("user", "p")];
            let pair = Preference { prompt, chosen, rejected, completion, ..Preference::default() };
            empty_answer(&Content::Rlhf(Box::new(pair)))
        };
        assert_eq!(pair(side(" "), side("r"), None).as_deref(), Some("chosen"));
        assert_eq!(pair(side("c"), side(""), None).as_deref(), Some("rejected"));
        assert_eq!(pair(side(""), side("\n"), None).as_deref(), Some("both"));
        assert_eq!(pair(None, None, side("")).as_deref(), Some("completion"));
        assert_eq!((pair(side("c"), side("r"), None), pair(None, None, None)), (None, None));
    }
}
