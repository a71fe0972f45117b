//! LAION's OIG: dialogues as one text with `<human>:` and `<bot>:`, for instruction tuning (or as running text).
//!
//! ```json
//! {"text": "背景文字\n<human>: 问\n<bot>: 答\n<human>: 再问\n<bot>: 再答", "metadata": {"source": "unified_squad_v2"}}
//! ```
//!
//! A turn begins where a line starts with `<human>:` or `<bot>:`; one space after the colon and one line break before
//! the next marker are not part of what is said. What stands before the first marker (a passage that is asked about) is
//! the system's message. Turns are kept as they stand: two of one speaker in a row are two messages, and a last
//! question without an answer stays. A marker at the very end with nothing behind it is no turn; `meta` says that it was
//! there (`turn_fields.text.open`). `metadata.source` is the subset.
//!
//! As pretraining text a row is the text as it stands.
//!
//! Limits: a text without any marker is set aside (`no_turns`); other speakers' names (`User:`, `Joi:`) are no markers.
use super::support::reading::Reading;
use super::support::values::{share, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Oig = Oig;
/// See the module.
pub struct Oig;

const MARKS: [(&str, &str); 2] = [("<human>:", "user"), ("<bot>:", "assistant")];

impl Shape for Oig {
    fn name(&self) -> &'static str {
        "oig"
    }
    fn about(&self) -> &'static str {
        "OIG: dialogues of <human>: and <bot>: as text"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("oig.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Pretrain]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| o.get("text").is_some_and(|v| v.get().contains("<human>:") && v.get().contains("<bot>:")))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let Some(text) = reading.text("text", &["text"])? else { return Err(reading.missing("text", "text")) };
    reading.columns.subset = reading.option("subset", &["subset", "metadata.source"])?;
    match layout.usage {
        Use::Pretrain => reading.row(Content::Pretrain { text }),
        Use::Instruct => {
            let (messages, open) = split(&text);
            if !messages.iter().any(|m| m.role != "system") {
                reading.aside("no_turns", "");
            }
            if open {
                reading.keep("text", r#"{"open":true}"#);
            }
            reading.row(Content::Instruct { messages, tools: None })
        }
        _ => Err(wrong_use("oig", layout)),
    }
}

/// The turns of a text, and whether it ends with a marker that nobody speaks behind.
fn split(text: &str) -> (Vec<Message<'static>>, bool) {
    let mut starts: Vec<(usize, usize, &'static str)> = Vec::new();
    for at in std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)) {
        if let Some((mark, role)) = MARKS.iter().find(|(mark, _)| text[at..].starts_with(mark)) {
            starts.push((at, at + mark.len(), role));
        }
    }
    let first = starts.first().map_or(text.len(), |s| s.0);
    let before = text[..first].strip_suffix('\n').unwrap_or(&text[..first]);
    let mut messages: Vec<Message<'static>> = Vec::new();
    if !before.trim().is_empty() {
        messages.push(Message::new("system", before.to_owned()));
    }
    let ends = starts.iter().skip(1).map(|s| s.0 - 1).chain([text.len()]);
    messages.extend(starts.iter().zip(ends).map(|((_, begin, role), end)| {
        let said = &text[*begin..end.max(*begin)];
        Message::new(role, said.strip_prefix(' ').unwrap_or(said).to_owned())
    }));
    let open = messages.last().is_some_and(|m| m.role != "system" && m.content.trim().is_empty());
    if open {
        messages.pop();
    }
    (messages, open)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let json = serde_json::json!({ "text": text }).to_string();
        said(instruct(&row(&SHAPE, &json, Use::Instruct).unwrap()))
    }

    #[test]
    fn splits_at_markers_and_keeps_the_background() {
        let text =
            "Passage one.\n\nPassage two.\n<human>: a <bot>: x\nmore\n<bot>:b\n\n<human>: c\n<human>: d\n<bot>: ";
        let want =
            ["system: Passage one.\n\nPassage two.", "user: a <bot>: x\nmore", "assistant: b\n", "user: c", "user: d"];
        assert_eq!(read(text), want);
        assert_eq!(read("<human>: a\n<bot>: b\n<human>: c"), ["user: a", "assistant: b", "user: c"]);
    }

    #[test]
    fn subset_comes_from_metadata_and_nothing_is_lost() {
        let json = r#"{"text":"<human>: a\n<bot>: b\n<human>:","metadata":{"source":"unified_x","n":1}}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!((read.subset.as_deref(), instruct(&read).len()), (Some("unified_x"), 2));
        assert_eq!(read.meta.as_deref(), Some(r#"{"metadata":{"n":1},"turn_fields":{"text":{"open":true}}}"#));
        let read = row(&SHAPE, r#"{"text":"none"}"#, Use::Instruct).unwrap();
        assert_eq!(read.aside, Some(("no_turns", String::new())));
        assert_eq!(row(&SHAPE, r#"{"text":[1,{}]}"#, Use::Instruct).unwrap_err().reason, "field_type");
        assert!(row(&SHAPE, json, Use::Pretrain).is_ok());
    }
}
