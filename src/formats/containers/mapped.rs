//! What containers of objects share: one object as JSON text, through the shape, to records.

use std::borrow::Cow;
use std::io;

use crate::formats::object::finite;
use crate::formats::shapes::{check, split_thought};
use crate::formats::{self, CHECKED, EMPTY, Layout, Object, Shape, Split, THINK};
use crate::input::lines::Place;
use crate::input::{Line, Lines, broken};
use crate::rows::{Content, Message, Record, Unreadable, Use};

/// The first 200 characters of what was there.
pub fn head(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(800)]);
    text.chars().take(200).collect()
}

/// An unreadable record.
pub fn unreadable(reason: &'static str, detail: String, bytes: &[u8], offset: u64, line: u64) -> Record<'static> {
    Record { offset, line, row: Err(Unreadable { reason, detail, head: head(bytes) }) }
}

/// The record for a stream that broke.
pub fn stream_broke(error: &io::Error, offset: u64, line: u64) -> Record<'static> {
    let detail = format!("the stream breaks off here ({error}); the rows before were read");
    unreadable(broken(error), detail, b"", offset, line)
}

/// The record for a row over the limit.
pub fn too_large(bytes: &[u8], length: u64, max: u64, offset: u64, line: u64) -> Record<'static> {
    let detail = format!("a row of {length} bytes, `max_row` is {max}: raise it under [input] to read the row");
    unreadable("row_too_large", detail, bytes, offset, line)
}

/// How many bytes a row has that is unreadable for its size.
pub fn length_of(row: &Unreadable) -> Option<u64> {
    let rest = row.detail.strip_prefix("a row of ").filter(|_| row.reason == "row_too_large")?;
    rest.split(' ').next()?.parse().ok()
}

/// Reads on to the next line that is a record, and hands it to `row`; a break of the stream and a line over `max` are
/// records too. False at the end.
pub fn next_row(
    lines: &mut Lines,
    max: u64,
    skipped: impl Fn(&[u8], Place) -> bool,
    emit: &mut dyn FnMut(Record<'_>),
    row: impl FnOnce(&[u8], Place, &mut dyn FnMut(Record<'_>)),
) -> bool {
    loop {
        let Some((line, place)) = lines.next_line() else {
            let (offset, line) = (lines.offset(), lines.lines());
            let Some(error) = lines.take_error() else { return false };
            emit(stream_broke(&error, offset, line));
            return true;
        };
        match line {
            Line::Whole(bytes) if skipped(bytes, place) => continue,
            // What stands before a break in the stream is part of the break, which is reported once.
            Line::Whole(_) if place.cut => continue,
            Line::Whole(bytes) => row(bytes, place, emit),
            Line::TooLarge(head, length) => emit(too_large(head, length, max, place.offset, place.line)),
        }
        return true;
    }
}

/// The shape of a layout.
///
/// # Errors
///
/// An error that names the shape where there is none of that name.
pub fn shape_of(layout: &Layout) -> io::Result<&'static dyn Shape> {
    let name = layout.shape.as_deref().unwrap_or("fields");
    formats::shape(name).ok_or_else(|| io::Error::other(format!("no format is called `{name}`")))
}

/// Objects on their way to a shape. Those that make rows only together ([`Shape::joined`]) are collected first.
pub struct Mapper {
    shape: &'static dyn Shape,
    layout: Layout,
    group: Option<Group>,
}

/// Objects in a row that have something in common: `{"group": "…", "rows": […`.
struct Group {
    key: String,
    json: Vec<u8>,
    length: u64,
    place: (u64, u64),
}

impl Mapper {
    /// # Errors
    ///
    /// As [`shape_of`].
    pub fn new(layout: &Layout) -> io::Result<Self> {
        Ok(Mapper { shape: shape_of(layout)?, layout: layout.clone(), group: None })
    }

    /// How a container whose plain files are cut by `split` cuts them for the shape of a layout.
    pub fn split(layout: &Layout, split: Split) -> Split {
        if shape_of(layout).is_ok_and(|shape| shape.joins()) { Split::Whole } else { split }
    }

    /// Whether each object is exactly one row.
    pub fn one_each(&self) -> bool {
        !(self.shape.several() || self.shape.groups(&self.layout))
    }

    /// As [`map`].
    pub fn map(&mut self, bytes: &[u8], place: (u64, u64), whole: bool, emit: &mut dyn FnMut(Record<'_>)) {
        if self.shape.joins()
            && let Ok(json) = std::str::from_utf8(bytes)
            && let Ok(object) = Object::parse(&mend(json))
            && let Some(key) = self.shape.joined(&object)
        {
            if self.group.as_ref().is_none_or(|group| group.key != key) {
                self.finish(emit);
                let open = format!("{{\"group\":{},\"rows\":[", serde_json::to_string(&key).unwrap_or_default());
                self.group = Some(Group { key, length: open.len() as u64, json: open.into_bytes(), place });
            } else if let Some(group) = &mut self.group {
                group.json.push(b',');
            }
            if let Some(group) = &mut self.group {
                group.length += bytes.len() as u64 + 1;
                if group.length <= self.layout.max_row {
                    group.json.extend_from_slice(bytes);
                }
            }
            return;
        }
        self.finish(emit);
        map(bytes, place, whole, self.shape, &self.layout, emit);
    }

    /// Hands over what was collected; false where there was nothing.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(mut group) = self.group.take() else { return false };
        if group.length > self.layout.max_row {
            emit(too_large(&group.json, group.length, self.layout.max_row, group.place.0, group.place.1));
        } else {
            group.json.extend_from_slice(b"]}");
            map(&group.json, group.place, true, self.shape, &self.layout, emit);
        }
        true
    }
}

/// Which answer of a row is there, but says nothing: the last one has no name, one before it has its place among the
/// turns, one of a pair its side.
fn unanswered(content: &Content<'_>) -> Option<String> {
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

/// Maps the bytes of one JSON value to records. `whole` says that the value's end is not the end of the file: one that
/// breaks off all the same is broken, not truncated.
pub fn map(
    bytes: &[u8],
    (offset, line): (u64, u64),
    whole: bool,
    shape: &dyn Shape,
    layout: &Layout,
    emit: &mut dyn FnMut(Record<'_>),
) {
    let json = match simdutf8::compat::from_utf8(bytes) {
        Ok(json) => json,
        Err(error) => {
            let detail = format!(
                "not UTF-8 at byte {} of the row; if the file has another encoding, say `encoding`",
                error.valid_up_to()
            );
            return emit(unreadable("utf8", detail, bytes, offset, line));
        }
    };
    let mended = mend(json);
    let list = shape.lists() && mended.trim_start().starts_with('[');
    let parse = |json| if list { Object::list(json) } else { Object::parse(json) };
    let numbers = std::cell::OnceCell::new();
    let without_nan = |error| match finite(&mended) {
        Cow::Owned(json) => parse(numbers.get_or_init(|| json)).map_err(|_| error),
        Cow::Borrowed(_) => Err(error),
    };
    let object = match parse(&mended).or_else(without_nan) {
        Ok(object) => object,
        Err(error) => {
            let (reason, detail) = reason(&mended, whole, &error);
            return emit(unreadable(reason, detail, bytes, offset, line));
        }
    };
    shape.map(&object, layout, &mut |row| match row {
        Ok(mut row) => {
            if layout.option(THINK.name) == Some("split") {
                split_thoughts(&mut row.content);
            }
            if let Some(how @ ("beside" | "only")) = layout.option(CHECKED.name) {
                check(&mut row, how == "only");
            }
            if row.aside.is_none()
                && layout.option(EMPTY.name) != Some("keep")
                // DeepSpeed-Chat keeps pairs with an empty answer.
                && !(layout.usage == Use::Rlhf && layout.option("mapping") == Some("deepspeed"))
                && let Some(which) = unanswered(&row.content)
            {
                row.aside = Some(("empty_answer", which));
            }
            emit(Record { offset, line, row: Ok(row) });
        }
        Err(mut error) => {
            if error.head.is_empty() {
                error.head = head(bytes);
            }
            emit(Record { offset, line, row: Err(error) });
        }
    });
}

fn reason(json: &str, whole: bool, error: &serde_json::Error) -> (&'static str, String) {
    if error.is_eof() && !whole {
        return ("truncated", "the row breaks off before its JSON is closed".into());
    }
    match json.trim_start().as_bytes().first() {
        Some(b'{') => ("json", error.to_string()),
        Some(_) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => {
            ("not_object", "a JSON value, but not an object with fields".into())
        }
        _ => ("json", error.to_string()),
    }
}

/// Lone surrogate escapes (Python's `json.dumps` writes them) become U+FFFD: they stand for no character.
fn mend(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let escape = |at: usize| -> Option<u32> {
        let hex = bytes.get(at + 2..at + 6)?;
        (bytes.get(at..at + 2)? == b"\\u").then_some(())?;
        u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    // Surrogates are written \uD8.. to \uDF..: text without `\ud` or `\uD` has none.
    if memchr::memmem::find(bytes, b"\\ud").is_none() && memchr::memmem::find(bytes, b"\\uD").is_none() {
        return Cow::Borrowed(json);
    }
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        let here = at + found;
        at = here + 2;
        match escape(here) {
            Some(0xd800..=0xdbff) if matches!(escape(here + 6), Some(0xdc00..=0xdfff)) => at = here + 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&json[copied..here]);
                out.push_str("\\ufffd");
                at = here + 6;
                copied = at;
            }
            _ => {}
        }
        if at >= bytes.len() {
            break;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Preference, Task};

    #[test]
    fn an_empty_answer_is_set_aside_unless_it_shall_stay() {
        let message = |role: &'static str, text: &'static str| Message::new(role, text);
        let said = |messages: Vec<Message<'static>>| unanswered(&Content::Instruct { messages, tools: None }).is_some();
        assert!(said(vec![message("user", "a"), message("assistant", " \n")]));
        assert!(!said(vec![message("user", "a"), message("assistant", "b")]));
        // A prompt alone, a row that says nothing at all, and a call of a tool are other things.
        assert!(!said(vec![message("user", "a")]) && !said(vec![message("user", ""), message("assistant", "")]));
        let call = Message { tool_calls: Some("[1]".into()), ..message("assistant", "") };
        assert!(!said(vec![message("user", "a"), call]));
        let task = |input: &'static str, output: Option<&'static str>| {
            let task = Task { input: Some(input.into()), output: output.map(Into::into), ..Task::default() };
            unanswered(&Content::Task(Box::new(task))).is_some()
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
        assert_eq!(unanswered(&Content::Instruct { messages, tools: None }).as_deref(), Some("turn 2"));
        let side = |text: &'static str| Some(vec![message("assistant", text)]);
        let pair = |chosen, rejected, completion| {
            let prompt = vec![message("user", "p")];
            let pair = Preference { prompt, chosen, rejected, completion, ..Preference::default() };
            unanswered(&Content::Rlhf(Box::new(pair)))
        };
        assert_eq!(pair(side(" "), side("r"), None).as_deref(), Some("chosen"));
        assert_eq!(pair(side("c"), side(""), None).as_deref(), Some("rejected"));
        assert_eq!(pair(side(""), side("\n"), None).as_deref(), Some("both"));
        assert_eq!(pair(None, None, side("")).as_deref(), Some("completion"));
        assert_eq!((pair(side("c"), side("r"), None), pair(None, None, None)), (None, None));
    }

    #[test]
    fn mends_lone_surrogates_only() {
        assert_eq!(
            mend(r#"{"a":"\ud83d\ude00 \\ud83d \ud83d x \udc00"}"#),
            r#"{"a":"\ud83d\ude00 \\ud83d \ufffd x \ufffd"}"#
        );
        assert_eq!(mend(r#""\ud83d"#), r#""\ufffd"#);
        assert_eq!(mend(r#""\ud8"#), r#""\ud8"#);
        assert!(matches!(mend(r#"{"a":"\u4e2d"}"#), Cow::Borrowed(_)));
    }
}
