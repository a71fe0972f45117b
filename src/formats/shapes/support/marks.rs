//! Marks of who speaks, before what is said: `问：` and `答：`, `Q:` and `A:`. They belong to no text.

use std::borrow::Cow;

use crate::rows::{Content, Message};

/// What a question begins with, and its answer.
const MARKS: [(&str, &str); 14] = [
    ("问：", "答："),
    ("问:", "答:"),
    ("问题：", "答案："),
    ("问题：", "回答："),
    ("提问：", "回答："),
    ("用户：", "助手："),
    ("用户:", "助手:"),
    ("Q:", "A:"),
    ("Q：", "A："),
    ("Question:", "Answer:"),
    ("Human:", "Assistant:"),
    ("Human:", "AI:"),
    ("User:", "Assistant:"),
    ("User:", "Bot:"),
];

/// Takes the marks off a row, where each question and answer has its own.
pub fn take_off(content: &mut Content<'_>) {
    match content {
        Content::Instruct { messages, .. } => dialogue(messages),
        Content::Task(task) => {
            if let (Some(input), Some(output)) = (&mut task.input, &mut task.output)
                && let Some((asks, answers)) = marks(input, output)
            {
                *input = without(input, asks);
                *output = without(output, answers);
            }
        }
        _ => {}
    }
}

fn dialogue(messages: &mut [Message<'_>]) {
    let system = messages.iter().take_while(|m| m.role == "system").count();
    let talk = &mut messages[system..];
    let [first, second, ..] = talk else { return };
    let Some((asks, answers)) = marks(&first.content, &second.content) else { return };
    let mark = |m: &Message<'_>| match m.role.as_ref() {
        "user" => Some(asks),
        "assistant" => Some(answers),
        _ => None,
    };
    if !talk.iter().all(|m| mark(m).is_some_and(|mark| m.content.trim_start().starts_with(mark))) {
        return;
    }
    for message in talk {
        if let Some(mark) = mark(message) {
            message.content = without(&message.content, mark);
        }
    }
}

/// The marks that a question and its answer begin with. A text with such a mark at the start of another line holds more than
/// one turn, and stays.
fn marks(question: &str, answer: &str) -> Option<(&'static str, &'static str)> {
    let (question, answer) = (question.trim_start(), answer.trim_start());
    let begin = |(asks, answers): &(&str, &str)| {
        let turns = |text: &str| text.lines().skip(1).any(|l| l.starts_with(asks) || l.starts_with(answers));
        question.starts_with(asks) && answer.starts_with(answers) && !turns(question) && !turns(answer)
    };
    MARKS.into_iter().find(begin)
}

fn without(text: &str, mark: &str) -> Cow<'static, str> {
    let text = text.trim_start();
    Cow::Owned(text.strip_prefix(mark).unwrap_or(text).trim_start().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{instruct, row, said};
    use crate::rows::Use;

    fn read(question: &str, answer: &str) -> Vec<String> {
        let json = serde_json::json!({"question": question, "answer": answer}).to_string();
        said(instruct(&row(&super::super::super::prompt::SHAPE, &json, Use::Instruct).unwrap()))
    }

    #[test]
    fn marks_of_a_question_and_its_answer_are_no_text() {
        assert_eq!(read("问：几点了？", "答：九点。"), ["user: 几点了？", "assistant: 九点。"]);
        assert_eq!(read("Q: When?", "A: At nine."), ["user: When?", "assistant: At nine."]);
        // One of them alone is what was written, and so is more than one turn.
        assert_eq!(read("问：几点了？", "九点。"), ["user: 问：几点了？", "assistant: 九点。"]);
        assert_eq!(read("问：几点？\n答：九点。\n问：几号？", "答：三号。")[1], "assistant: 答：三号。");
    }
}
