//! FastChat's rules for ShareGPT dumps (`clean_sharegpt.py`, `filter_wrong_format.py`), each a choice of its own.

use std::borrow::Cow;

use super::super::support::reading::Reading;
use crate::formats::{Choice, Layout};
use crate::rows::Message;
use crate::text::html;

/// The choices; `rules` sets all that the recipe does not name.
pub(super) const CHOICES: &[Choice] = &[
    Choice {
        name: "html",
        words: &["markdown", "keep"],
        about: "whether answers that are HTML of the chat page become Markdown; what users said is never parsed",
    },
    Choice {
        name: "rules",
        words: &["none", "fastchat"],
        about: "sets all choices below, but for those that are named",
    },
    Choice {
        name: "ends",
        words: &["keep", "trim"],
        about: "whether an answer at the very beginning and a question at the very end go",
    },
    Choice {
        name: "order",
        words: &["keep", "drop"],
        about: "whether dialogues in which the user and the assistant do not take turns are set aside",
    },
    Choice {
        name: "mentions",
        words: &["keep", "drop"],
        about: "whether dialogues that name OpenAI or ChatGPT, the user's turns too, are set aside",
    },
    Choice {
        name: "errors",
        words: &["keep", "drop"],
        about: "whether dialogues with the service's answer to too many requests are set aside",
    },
    Choice {
        name: "blank",
        words: &["keep", "cut"],
        about: "whether a dialogue ends before the first turn that is empty or begins with a character that cannot be seen",
    },
    Choice {
        name: "short",
        words: &["keep", "drop"],
        about: "whether dialogues of less than two turns or 16 characters are set aside",
    },
    Choice {
        name: "plugins",
        words: &["keep", "drop"],
        about: "whether dialogues in which plugins spoke are set aside",
    },
    Choice {
        name: "numbering",
        words: &["keep", "drop"],
        about: "whether dialogues in which a list begins with 1. again and again are set aside",
    },
];

/// Whether a rule is on.
fn on(layout: &Layout, name: &str, word: &str) -> bool {
    match layout.option(name) {
        Some(said) => said == word,
        None => layout.option("rules") == Some("fastchat"),
    }
}

/// Puts the rules to a dialogue, in FastChat's order. A system's message at the front is no turn.
pub(super) fn apply<'a>(reading: &mut Reading<'_, 'a>, messages: &mut Vec<Message<'a>>) {
    let layout = reading.layout;
    let first = messages.iter().take_while(|m| m.role == "system").count();
    if on(layout, "plugins", "drop") && reading.object.get("plugins").is_some_and(|v| v.get() != "null") {
        reading.aside("plugins", "");
    }
    if on(layout, "ends", "trim") {
        trim_ends(messages, first);
    }
    if on(layout, "order", "drop") {
        let turns = messages[first..].iter().enumerate();
        if let Some((at, turn)) = turns.into_iter().find(|(i, m)| m.role != ["user", "assistant"][i % 2]) {
            reading.aside("not_alternating", format!("turn {} is the {}'s", at + 1, turn.role));
        }
    }
    if on(layout, "mentions", "drop") {
        let word = ["openai", "chatgpt"].into_iter().find(|word| messages.iter().any(|m| names(&m.content, word)));
        if let Some(word) = word {
            reading.aside("mentions_service", word);
        }
    }
    let answers = || messages.iter().filter(|m| m.role == "assistant").map(|m| m.content.as_ref());
    if layout.option("html") != Some("keep") && html::from_chat(answers) {
        for message in messages.iter_mut().filter(|m| m.role == "assistant") {
            if html::is_page(&message.content) {
                message.content = Cow::Owned(html::markdown(&message.content));
            }
        }
    }
    let limit = |m: &Message<'_>| {
        let said = m.content.trim().trim_start_matches('!');
        m.role == "assistant" && said.starts_with("Too many requests in 1 hour. Try again later.")
    };
    if on(layout, "errors", "drop") && messages.iter().any(limit) {
        reading.aside("service_error", "");
    }
    if on(layout, "blank", "cut") {
        cut_at_blank(messages, first);
    }
    if on(layout, "short", "drop") {
        let turns = messages.len() - first;
        let chars: usize = messages[first..].iter().map(|m| m.content.chars().count()).sum();
        if turns < 2 {
            reading.aside("few_turns", turns.to_string());
        } else if chars < 16 {
            reading.aside("short_dialogue", chars.to_string());
        }
    }
    if on(layout, "numbering", "drop") && messages.iter().any(|m| renumbered(&m.content)) {
        reading.aside("list_numbering", "");
    }
}

/// Takes off an answer at the beginning and a question at the end; `first` is the first turn behind the system's.
fn trim_ends(messages: &mut Vec<Message<'_>>, first: usize) {
    if messages.get(first).is_some_and(|m| m.role != "user") {
        messages.remove(first);
    }
    if messages.len() > first && messages.last().is_some_and(|m| m.role == "user") {
        messages.pop();
    }
}

/// Cuts a dialogue before the first turn that says nothing, to whole rounds.
fn cut_at_blank(messages: &mut Vec<Message<'_>>, first: usize) {
    let blank = |m: &Message<'_>| m.tool_calls.is_none() && m.content.trim().chars().next().is_none_or(unseen);
    if let Some(at) = messages[first..].iter().position(blank) {
        messages.truncate(first + at);
    }
    if (messages.len() - first) % 2 == 1 {
        messages.pop();
    }
}

/// Whether a text has a word in any case; the word is lower case and ASCII.
fn names(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

/// A character that is not printed.
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}')
}

/// Two items numbered 1 at the starts of lines, and no 2 between.
fn renumbered(text: &str) -> bool {
    let mut starts = text.match_indices("\n1. ").map(|(at, _)| at);
    let Some(mut before) = starts.next() else { return false };
    for at in starts {
        if !text[before + 4..at].contains('2') {
            return true;
        }
        before = at;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{instruct, layout, row_with, said};
    use super::super::SHAPE;
    use super::*;
    use crate::rows::{Row, Use};

    fn json(turns: &[(&str, &str)]) -> String {
        let turns: Vec<_> =
            turns.iter().map(|(from, value)| serde_json::json!({"from": from, "value": value})).collect();
        serde_json::json!({ "conversations": turns }).to_string()
    }

    fn with<'a>(json: &'a str, options: &[(&str, &str)]) -> Row<'a> {
        let mut layout = layout(Use::Instruct);
        options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
        row_with(&SHAPE, json, &layout).unwrap()
    }

    const FAST: (&str, &str) = ("rules", "fastchat");

    #[test]
    fn answers_become_markdown_and_questions_are_never_parsed() {
        let page =
            json(&[("human", "<p>List<int></p>"), ("gpt", "<div class=\"markdown prose\"><p>a_b <b>c</b></p></div>")]);
        assert_eq!(said(instruct(&with(&page, &[]))), ["user: <p>List<int></p>", "assistant: a_b **c**"]);
        assert!(said(instruct(&with(&page, &[("html", "keep")])))[1].contains("<div"));
        // What was asked for is no page.
        for asked in
            ["<div class=\"box\"><p>甲</p></div>", "<ul>\n  <li>甲</li>\n</ul>", "<div>{all.map(x => <p>)}</div>"]
        {
            let json = json(&[("human", "写一个"), ("gpt", asked)]);
            assert_eq!(said(instruct(&with(&json, &[])))[1], format!("assistant: {asked}"));
        }
        let mixed = json(&[("human", "a"), ("gpt", "Here it is."), ("human", "b"), ("gpt", "<p>甲</p>")]);
        assert_eq!(said(instruct(&with(&mixed, &[])))[3], "assistant: <p>甲</p>");
        let pages =
            json(&[("human", "a"), ("gpt", "<p>一 <b>二</b></p>"), ("human", "b"), ("gpt", "<ol><li>甲</li></ol>")]);
        assert_eq!(said(instruct(&with(&pages, &[])))[1], "assistant: 一 **二**");
    }

    #[test]
    fn ends_are_trimmed_and_blank_turns_cut() {
        let long = "an answer of some length";
        let text = json(&[("gpt", "hi"), ("human", "a"), ("gpt", long), ("human", "b"), ("gpt", " "), ("human", "c")]);
        assert_eq!(instruct(&with(&text, &[])).len(), 6);
        let row = with(&text, &[FAST]);
        assert_eq!(
            (said(instruct(&row)), row.aside.clone()),
            (vec!["user: a".into(), format!("assistant: {long}")], None)
        );
        assert_eq!(instruct(&with(&text, &[("ends", "trim")])).len(), 4);
        assert_eq!(instruct(&with(&text, &[FAST, ("blank", "keep")])).len(), 4);
    }

    #[test]
    fn each_rule_sets_aside_for_its_reason() {
        let long = "an answer of some length";
        let reason = |text: &str, options: &[(&str, &str)]| with(text, options).aside.map(|a| a.0);
        let cases = [
            (json(&[("human", "a"), ("human", "b"), ("gpt", long)]), "not_alternating", "order"),
            (json(&[("human", "Is this ChatGPT?"), ("gpt", long)]), "mentions_service", "mentions"),
            (
                json(&[("human", "what now"), ("gpt", "!Too many requests in 1 hour. Try again later.")]),
                "service_error",
                "errors",
            ),
            (json(&[("human", "a"), ("gpt", "b")]), "short_dialogue", "short"),
            (json(&[("human", long)]), "few_turns", "short"),
            (json(&[("human", "list"), ("gpt", "so:\n1. a\n1. b\n1. c and more")]), "list_numbering", "numbering"),
            (
                json(&[("human", "a"), ("gpt", long)]).replace("{\"conv", "{\"plugins\":[1],\"conv"),
                "plugins",
                "plugins",
            ),
        ];
        for (text, word, rule) in &cases {
            assert_eq!(reason(text, &[]), None, "{word}");
            assert_eq!(reason(text, &[FAST]), Some(*word));
            assert_eq!(reason(text, &[(rule, "drop")]), Some(*word));
            assert_ne!(reason(text, &[FAST, (rule, "keep")]), Some(*word));
        }
        assert!(!renumbered("x\n1. a\n2. b\ny\n1. c"));
    }
}
