//! OIG's small set before it became text: what the user says and what Chip2 answers, as a list of two or under two names.
//!
//! ```json
//! ["Name three fruits.", "Apple, pear, plum."]
//! {"user": "Name three fruits.", "chip2": "Apple, pear, plum."}
//! ```
//!
//! These are the files `chip2_instruct_alpha_v6a_1.json` to `_4.json` (an array of pairs) and the hub's copies of them
//! (`bot` or `assistant` in place of `chip2`). Where both sides begin with their markers, `User:` and `Chip2:`, these are
//! taken off. The row is for instruction tuning; as a task the user's words are the input.
//!
//! Limits: a list of another length is unreadable (`field_type`). The file `unified_chip2.jsonl`, which holds the same
//! pairs, is read by `oig`.
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Task, Unreadable, Use};

/// The shape.
pub const SHAPE: Chip2 = Chip2;
/// See the module.
pub struct Chip2;

const ASKED: &[&str] = &["0", "user"];
const ANSWERED: &[&str] = &["1", "chip2", "bot", "assistant"];

impl Shape for Chip2 {
    fn name(&self) -> &'static str {
        "chip2"
    }
    fn about(&self) -> &'static str {
        "OIG's chip2: pairs of what the user and the assistant say"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("chip2.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct, Use::Task]
    }
    fn lists(&self) -> bool {
        true
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let text = |o: &Object<'_>, names: &[&str]| names.iter().any(|key| starts(o, key) == Some(b'"'));
        0.9 * share(sample, |o| text(o, ASKED) && text(o, ANSWERED) && o.fields().count() < 5 && !o.has("2"))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    let mut reading = Reading::new(object, layout);
    let items = object.fields().count();
    if object.has("0") && items != 2 {
        return Err(field_type("the row", "a list of two", &format!("one of {items}")));
    }
    let (asked, answered) = (reading.need("prompt", ASKED)?, reading.need("response", ANSWERED)?);
    let marked = asked.starts_with("User:") && answered.starts_with("Chip2:");
    let (asked, answered) = match marked {
        true => (after(asked, "User:"), after(answered, "Chip2:")),
        false => (asked, answered),
    };
    match layout.usage {
        Use::Instruct => {
            let messages = vec![Message::new("user", asked), Message::new("assistant", answered)];
            reading.row(Content::Instruct { messages, tools: None })
        }
        Use::Task => {
            reading.row(Content::Task(Box::new(Task { input: Some(asked), output: Some(answered), ..Task::default() })))
        }
        _ => Err(wrong_use("chip2", layout)),
    }
}

/// What stands behind a marker.
fn after<'a>(text: Cow<'a, str>, mark: &str) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text[mark.len()..].trim()),
        Cow::Owned(text) => Cow::Owned(text[mark.len()..].trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, said};
    use super::*;

    fn read(object: &Object<'_>) -> Result<Vec<String>, &'static str> {
        map(object, &layout(Use::Instruct)).map(|row| said(instruct(&row))).map_err(|e| e.reason)
    }

    #[test]
    fn lists_of_two_and_both_names() {
        let want = Ok(vec!["user: q".to_owned(), "assistant: a".to_owned()]);
        for json in [r#"["q","a"]"#, r#"["User: q","Chip2: a"]"#] {
            let object = Object::list(json).unwrap();
            assert_eq!((read(&object), SHAPE.fits(&[object])), (want.clone(), 0.9));
        }
        assert_eq!(read(&Object::parse(r#"{"user":"q","chip2":"a"}"#).unwrap()), want);
        assert_eq!(read(&Object::parse(r#"{"user":"q","bot":"a"}"#).unwrap()), want);
        assert_eq!(read(&Object::list(r#"["q"]"#).unwrap()), Err("field_type"));
        assert_eq!(read(&Object::list(r#"["q","a","b"]"#).unwrap()), Err("field_type"));
        let kept = read(&Object::list(r#"["q","Chip2: a"]"#).unwrap()).unwrap();
        assert_eq!(kept[1], "assistant: Chip2: a");
    }
}
