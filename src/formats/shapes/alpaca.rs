//! Alpaca rows: an instruction, perhaps an input, and an output, for instruction tuning (or, where the recipe says so,
//! as tasks).
//!
//! ```json
//! {"instruction": "翻译成英文", "input": "你好", "output": "Hello", "system": "…", "history": [["问", "答"]]}
//! ```
//!
//! The user says the instruction, and below it, after one line break, the input; where one of them is empty (or the
//! input only says that there is none: `noinput`, `No input`, `none`, `N/A`, `nan`, `无`, `无输入`, `没有输入` and the like, also in
//! brackets, with a closing mark, or escaped), the other one alone.
//! `system` becomes the first message, the pairs of `history` the turns before. Thoughts in a field of their own
//! (`reasoning_content`, `reasoning`, `thinking`) are the reasoning of the output.
//!
//! Other names: `instruction_zh`, `input_zh`, `output_zh`; `context` for the input (Dolly); `response` or `target` for
//! the output. BELLE has three more layouts, all read: rows with `input` and `output` (or `target`) only; an
//! instruction that is a dialogue with `Human:` and `Assistant:` (or `用户：` and `助手：`, `问：` and `答：`) at the starts of
//! lines, which becomes turns where they
//! alternate and stays one text where they do not; and `input` and `output` as lists of the same length, one item a
//! turn.
//!
//! Guanaco's dialogues have `User:`, `Assistant:` and `System:` inside the instruction and the input, on lines of their
//! own or not: they become turns where the user and the assistant alternate and the user speaks last.
//!
//! BELLE's first set has a `\n` of two characters beside its line breaks: `escapes = "undo"` makes them line breaks
//! (and `\t` tabs), in all texts of a row.
//!
//! Limits: a dialogue that quotes its own markers may be cut there, or stay one text.
use std::borrow::Cow;

use super::support::reading::{Found, Reading};
use super::support::values::{first, items, mismatch, scalar, share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Alpaca = Alpaca;
/// See the module.
pub struct Alpaca;

const INSTRUCTION: &[&str] = &["instruction", "instruction_zh"];
const INPUT: &[&str] = &["input", "input_zh", "context"];
const OUTPUT: &[&str] = &["output", "output_zh", "response", "target"];
const NO_INPUT: &[&str] = &[
    "no input",
    "noinput",
    "no_input",
    "no-input",
    "none",
    "n/a",
    "null",
    "nil",
    "nan",
    "not applicable",
    "no input provided",
    "no input needed",
    "no input required",
    "no input necessary",
    "input not required",
    "no additional input",
    "empty",
    "无",
    "无输入",
    "没有输入",
    "无需输入",
    "不需要输入",
    "不需输入",
    "输入为空",
    "空输入",
    "无输入内容",
    "没有输入内容",
    "无额外输入",
    "不适用",
];

impl Shape for Alpaca {
    fn name(&self) -> &'static str {
        "alpaca"
    }
    fn about(&self) -> &'static str {
        "instruction, input and output; BELLE's variants too"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("alpaca.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Task]
    }
    fn options(&self) -> &'static [Choice] {
        const ESCAPES: Choice = Choice {
            name: "escapes",
            words: &["keep", "undo"],
            about: "whether line breaks and tabs that are written as two characters become what they stand for",
        };
        &[ESCAPES]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let text = |o: &Object<'_>, names: &[&str]| names.iter().any(|key| starts(o, key) == Some(b'"'));
        let whole = share(sample, |o| text(o, INSTRUCTION) && text(o, OUTPUT) && starts(o, "chosen").is_none());
        let bare = share(sample, |o| {
            let known = o.fields().all(|(key, _)| matches!(key, "id" | "instruction" | "input" | "output" | "target"));
            let same = starts(o, "input").is_some_and(|b| Some(b) == starts(o, "output").or(starts(o, "target")));
            known && same && !text(o, INSTRUCTION)
        });
        // Input and output alone may be any task; an answer with a verdict may be a bad one, which is another shape.
        let judged = if super::kto::judges(sample) { share(sample, super::kto::is_labelled) } else { 0.0 };
        // A dialogue beside its first question and answer holds more than they do.
        let within = share(sample, |o| ["conversations", "messages"].iter().any(|key| starts(o, key) == Some(b'[')));
        whole + bare * 0.8 - 0.1 * judged - 0.3 * within
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let instruction = reading.find("instruction", INSTRUCTION, |_| true)?;
    let input = reading.find("input", INPUT, |_| true)?;
    let output = reading.find("output", OUTPUT, |_| true)?;
    let Some((output_path, output)) = output else { return Err(reading.missing("output", OUTPUT[0])) };
    if instruction.is_none() && input.is_none() {
        return Err(reading.missing("instruction", INSTRUCTION[0]));
    }
    let undo = layout.option("escapes") == Some("undo");
    let scalar = |path: &str, value| scalar(path, value).map(|text| if undo { undone(text) } else { text });
    let text = |found: Option<Found<'_, 'a>>| found.map_or(Ok(Cow::Borrowed("")), |(path, value)| scalar(path, value));
    let lists = first(output) == b'[';
    match layout.usage {
        Use::Task if !lists => {
            let input = asked(text(instruction)?, text(input)?);
            let output = scalar(output_path, output)?;
            reading.row(Content::Task(Box::new(Task { input: Some(input), output: Some(output), ..Task::default() })))
        }
        Use::Instruct if lists => {
            let mut messages = reading.opening()?;
            let Some((input_path, input)) = input else { return Err(reading.missing("input", INPUT[0])) };
            let (questions, answers) = (items(input_path, input)?, items(output_path, output)?);
            if questions.len() != answers.len() || questions.is_empty() {
                return Err(mismatch(format!("{} inputs and {} outputs", questions.len(), answers.len())));
            }
            for (turn, (question, answer)) in questions.into_iter().zip(answers).enumerate() {
                let question = scalar(&format!("{input_path}.{turn}"), question)?;
                let question = if turn == 0 { asked(text(instruction)?, question) } else { question };
                messages.push(Message::new("user", question));
                messages.push(Message::new("assistant", scalar(&format!("{output_path}.{turn}"), answer)?));
            }
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Instruct => {
            let mut messages = reading.opening()?;
            let (instruction, input) = (text(instruction)?, text(input)?);
            let mut output = scalar(output_path, output)?;
            let dialogue = guanaco(&instruction, &input);
            let asked = asked(instruction, input);
            match turns(&asked).or(dialogue) {
                Some(turns) => {
                    messages.extend(turns);
                    output = Cow::Owned(output.trim().to_owned());
                }
                None => messages.push(Message::new("user", asked)),
            }
            let reasoning = reading.thoughts()?;
            messages.push(Message { reasoning, ..Message::new("assistant", output) });
            let tools = reading.tools()?;
            reading.row(Content::Instruct { messages, tools })
        }
        _ => Err(wrong_use("alpaca", layout)),
    }
}

/// Whether an input is empty, or only says that there is none: in English or Chinese, in brackets or not, with a closing
/// mark, escaped for HTML or Markdown.
fn says_none(input: &str) -> bool {
    // The longest of these texts, with what may stand around it.
    if input.trim().len() > 64 {
        return false;
    }
    const AROUND: &[char] = &[
        '<', '>', '(', ')', '[', ']', '{', '}', '（', '）', '【', '】', '《', '》', '〈', '〉', '「', '」', '＜', '＞',
        '"', '\'', '“', '”', '`', '*', '\\', '.', '。', '!', '！', ':', '：', '-',
    ];
    let plain = input.replace("&lt;", "<").replace("&gt;", ">");
    let core = plain.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c)).to_lowercase();
    // Marks alone are an input (`-`, `*`), unless they are a pair of brackets with nothing in it.
    match core.as_str() {
        "" => matches!(plain.trim(), "" | "<>" | "[]" | "()" | "{}" | "（）" | "\"\""),
        core => NO_INPUT.contains(&core),
    }
}

pub(super) fn asked<'a>(instruction: Cow<'a, str>, input: Cow<'a, str>) -> Cow<'a, str> {
    let none = says_none(&input);
    match (instruction.trim().is_empty(), none) {
        (_, true) => instruction,
        (true, false) => input,
        (false, false) => Cow::Owned(format!("{}\n{input}", instruction.strip_suffix('\n').unwrap_or(&instruction))),
    }
}

/// Who speaks in a flattened dialogue, at the starts of lines.
const SPEAKERS: [(&str, &str); 6] = [
    ("Human:", "Assistant:"),
    ("Human：", "Assistant："),
    ("用户：", "助手："),
    ("用户:", "助手:"),
    ("问：", "答："),
    ("User:", "Assistant:"),
];

/// BELLE's dialogues: `Human:` and `Assistant:` at the starts of lines, in turn, the user or an empty `Assistant:` last.
/// White space at the ends of turns, and the CR of line ends, belongs to the markers.
fn turns(text: &str) -> Option<Vec<Message<'static>>> {
    let text = text.trim_start();
    let begins = |(user, assistant): &(&str, &str)| text.starts_with(user) && text.contains(&format!("\n{assistant}"));
    let (user, assistant) = SPEAKERS.into_iter().find(begins)?;
    let mut turns: Vec<Message<'static>> = Vec::new();
    for line in text.lines() {
        let marked = [(user, "user"), (assistant, "assistant")]
            .into_iter()
            .find_map(|(mark, role)| line.strip_prefix(mark).map(|rest| (role, rest)));
        match (marked, turns.last_mut()) {
            (Some((role, rest)), _) => turns.push(Message::new(role, rest.to_owned())),
            (None, Some(turn)) => {
                turn.content.to_mut().push('\n');
                turn.content.to_mut().push_str(line);
            }
            (None, None) => return None,
        }
    }
    for turn in &mut turns {
        turn.content = Cow::Owned(turn.content.trim().to_owned());
    }
    let ended = match turns.last() {
        Some(last) if last.role == "assistant" => last.content.is_empty() && turns.pop().is_some(),
        last => last.is_some(),
    };
    let whole = turns.iter().enumerate().all(|(i, t)| t.role == ["user", "assistant"][i % 2]);
    (ended && whole && turns.len() % 2 == 1).then_some(turns)
}

/// Guanaco's dialogues: markers anywhere, the user and the assistant in turn, the user last.
fn guanaco(instruction: &str, input: &str) -> Option<Vec<Message<'static>>> {
    const MARKS: [(&str, &str); 3] = [("User:", "user"), ("Assistant:", "assistant"), ("System:", "system")];
    let text = format!("{}\n{input}", instruction.trim());
    if !["User:", "System:"].iter().any(|mark| text.trim_start().starts_with(mark)) {
        return None;
    }
    let mut starts: Vec<(usize, usize, &str)> = MARKS
        .iter()
        .flat_map(|(mark, role)| text.match_indices(mark).map(move |(at, _)| (at, at + mark.len(), *role)))
        .collect();
    starts.sort_unstable();
    let ends: Vec<usize> = starts.iter().skip(1).map(|s| s.0).chain([text.len()]).collect();
    let turns: Vec<Message<'static>> = starts
        .iter()
        .zip(ends)
        .map(|((_, begin, role), end)| (role, text[*begin..end].trim()))
        // A marker at the very end is the answer's.
        .filter(|(role, said)| !(said.is_empty() && **role == "assistant"))
        .map(|(role, said)| match *role {
            "user" => Message::new("user", said.to_owned()),
            "assistant" => Message::new("assistant", said.to_owned()),
            _ => Message::new("system", said.to_owned()),
        })
        .collect();
    let speakers: Vec<&str> = turns.iter().map(|t| t.role.as_ref()).filter(|r| *r != "system").collect();
    let whole = speakers.iter().enumerate().all(|(i, role)| *role == ["user", "assistant"][i % 2]);
    (whole && speakers.len() % 2 == 1).then_some(turns)
}

/// Line breaks and tabs that were written as two characters.
fn undone(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text;
    }
    Cow::Owned(text.replace("\\n", "\n").replace("\\t", "\t"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    fn read(json: &str) -> Vec<String> {
        said(instruct(&row(&SHAPE, json, Use::Instruct).unwrap()))
    }

    #[test]
    fn reads_every_variant() {
        let json = r#"{"instruction":"译\n","input":"好","output":"ok","system":"S","history":[["q","a"]]}"#;
        assert_eq!(read(json), ["system: S", "user: q", "assistant: a", "user: 译\n好", "assistant: ok"]);
        assert_eq!(read(r#"{"instruction":"a","input":"<noinput>","output":""}"#), ["user: a", "assistant: "]);
        assert_eq!(read(r#"{"instruction_zh":"a","input_zh":"","output_zh":"b"}"#), ["user: a", "assistant: b"]);
        assert_eq!(read(r#"{"input":"a","target":"b"}"#), ["user: a", "assistant: b"]);
        let lists = r#"{"input":["a","b"],"output":["c","d"]}"#;
        assert_eq!(read(lists), ["user: a", "assistant: c", "user: b", "assistant: d"]);
        let belle = r#"{"instruction":"Human:a\nmore\nAssistant: b\nHuman:c\nAssistant:","input":"","output":"d"}"#;
        assert_eq!(read(belle), ["user: a\nmore", "assistant: b", "user: c", "assistant: d"]);
        let quoted = r#"{"instruction":"Human:a\nHuman:b\nAssistant:","output":"d"}"#;
        assert_eq!(read(quoted), ["user: Human:a\nHuman:b\nAssistant:", "assistant: d"]);
    }

    #[test]
    fn guanaco_speaks_inside_lines() {
        let json =
            r#"{"instruction":"User:a Assistant:b\nUser: c Assistant: d","input":"System: s\nUser:e","output":"f"}"#;
        let want = ["user: a", "assistant: b", "user: c", "assistant: d", "system: s", "user: e", "assistant: f"];
        assert_eq!(read(json), want);
        assert_eq!(read(r#"{"instruction":"User: a","input":"","output":"f"}"#), ["user: a", "assistant: f"]);
        let odd = r#"{"instruction":"User: a User: b","input":"","output":"f"}"#;
        assert_eq!(read(odd), ["user: User: a User: b", "assistant: f"]);
    }

    #[test]
    fn placeholders_and_escapes() {
        for none in [
            "",
            "<no input>",
            "<noinput>",
            "No input",
            "noinput",
            "None",
            "N/A",
            "无",
            "无输入",
            "没有输入。",
            "【无需输入】",
            "&lt;noinput&gt;",
            "(No input)",
            "noinput>",
            "不需要输入",
        ] {
            let json = format!(r#"{{"instruction":"a","input":"{none}","output":"b"}}"#);
            assert_eq!(read(&json), ["user: a", "assistant: b"], "{none}");
        }
        for some in ["-", "无人机", "no", "none of them", "{x}", "没有输入法"] {
            let json = format!(r#"{{"instruction":"a","input":"{some}","output":"b"}}"#);
            assert_eq!(read(&json)[0], format!("user: a\n{some}"));
        }
        let json = r#"{"instruction":"a\\n\n","input":"","output":"b\\tc"}"#;
        assert_eq!(read(json)[0], "user: a\\n\n");
        let mut layout = super::super::tests::layout(Use::Instruct);
        layout.options.insert("escapes".into(), "undo".into());
        let row = super::super::tests::row_with(&SHAPE, json, &layout).unwrap();
        assert_eq!(said(instruct(&row)), ["user: a\n\n", "assistant: b\tc"]);
        let dolly = r#"{"instruction":"a","context":"c","response":"b","category":"qa"}"#;
        assert_eq!(read(dolly), ["user: a\nc", "assistant: b"]);
    }

    #[test]
    fn tasks_and_errors() {
        let task = row(&SHAPE, r#"{"instruction":"a","input":"b","output":"c"}"#, Use::Task).unwrap();
        let Content::Task(task) = task.content else { panic!() };
        assert_eq!((task.input.as_deref(), task.output.as_deref()), (Some("a\nb"), Some("c")));
        let error = |json: &str| row(&SHAPE, json, Use::Instruct).unwrap_err().reason;
        assert_eq!(error(r#"{"instruction":"a","output":null}"#), "field_missing");
        assert_eq!(error(r#"{"instruction":{},"output":"x"}"#), "field_type");
        assert_eq!(error(r#"{"output":"x"}"#), "field_missing");
        assert_eq!(error(r#"{"input":["a"],"output":["x","y"]}"#), "dialogue_mismatch");
        assert_eq!(row(&SHAPE, r#"{"input":"a","output":"x"}"#, Use::Rlhf).unwrap_err().reason, "wrong_use");
    }
}
