//! Aligned sentences in two languages, as a translation task, or as instructions to translate.
//!
//! ```json
//! {"english": "Hello", "chinese": "你好"}
//! {"en": "Hello", "zh": "你好"}
//! {"translation": {"en": "Hello", "zh": "你好"}}
//! ```
//!
//! The two fields are those whose names are languages: codes (`en`, `zh`, `zh_CN`, `zh-TW`, `ja`, …) or `english` and
//! `chinese`, with or without `_text` behind. The Chinese side is the output; where none or both are Chinese, the second one in the row is. `fields.input`
//! and `fields.output` name other fields or turn the direction; `fields.input_language` and `fields.output_language`
//! name fields that hold the languages, else the names of the fields tell. The task is `translation`.
//!
//! With `use = "instruct"` the user asks for the translation, in Chinese or English words of which a hash of the pair
//! chooses (`template = "zh"` or `"en"` is one language), and the assistant gives it. `direction = "both"` asks for half
//! of the pairs the other way round.
//!
//! A pair of which one side is empty is set aside (`one_side_empty`, the value says which).
//!
//! Limits: rows of more than two languages need `fields`.
use std::borrow::Cow;

use super::support::reading::Reading;
use super::support::translation::{self, DIRECTION, TEMPLATE};
use super::support::values::{first, is_null, scalar, share, wrong_use};
use crate::formats::json::Json;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Row, Task, Unreadable, Use};
use crate::text::language;

/// The shape.
pub const SHAPE: Pairs = Pairs;
/// See the module.
pub struct Pairs;

/// The sides of a row by the names of its fields, in the order of the row.
fn sides<'a>(object: &Object<'a>) -> Vec<(Cow<'static, str>, Json<'a>)> {
    let named = |object: &Object<'a>| -> Vec<_> {
        let side = |(key, value)| language::tag(key).filter(|_| first(value) == b'"').map(|code| (code, value));
        object.fields().filter_map(side).collect()
    };
    match nested(object) {
        Some(inner) => named(&inner),
        None => named(object),
    }
}

fn nested<'a>(object: &Object<'a>) -> Option<Object<'a>> {
    let inner = object.get("translation").filter(|v| first(*v) == b'{')?;
    Object::parse(inner.get()).ok()
}

impl Shape for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }
    fn about(&self) -> &'static str {
        "aligned sentences in two languages, as translation or instructions to translate"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("pairs.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Task, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[TEMPLATE, DIRECTION]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |object| sides(object).len() == 2)
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if !matches!(layout.usage, Use::Task | Use::Instruct) {
        return Err(wrong_use("pairs", layout));
    }
    let mut reading = Reading::new(object, layout);
    let mut task = Task { task: Some(Cow::Borrowed("translation")), ..Task::default() };
    let mapped = layout.fields.contains_key("input") || layout.fields.contains_key("output");
    if mapped {
        for (ours, text, code) in [
            ("input", &mut task.input, &mut task.input_language),
            ("output", &mut task.output, &mut task.output_language),
        ] {
            let (path, value) = reading.mapped(ours)?.ok_or_else(|| reading.missing(ours, ours))?;
            *text = Some(scalar(path, value)?);
            *code = path.rsplit('.').next().and_then(language::tag);
        }
    } else {
        let mut sides = sides(object);
        if sides.len() == 2 && sides[0].0.starts_with("zh") && !sides[1].0.starts_with("zh") {
            sides.swap(0, 1);
        }
        let [(from, input), (to, output)] = &sides[..] else { return Err(not_two(object, &sides)) };
        (task.input, task.output) = (Some(scalar(from, *input)?), Some(scalar(to, *output)?));
        (task.input_language, task.output_language) = (Some(from.clone()), Some(to.clone()));
        match nested(object) {
            Some(_) => reading.take("translation"),
            None => {
                object.fields().filter(|(key, _)| language::tag(key).is_some()).for_each(|(key, _)| reading.take(key))
            }
        }
    }
    let empty = |side: &Option<Cow<'_, str>>| side.as_deref().is_none_or(|text| text.trim().is_empty());
    match (empty(&task.input), empty(&task.output)) {
        (true, false) => reading.aside("one_side_empty", "input"),
        (false, true) => reading.aside("one_side_empty", "output"),
        _ => {}
    }
    task.input_language = reading.option("input_language", &[])?.or(task.input_language);
    task.output_language = reading.option("output_language", &[])?.or(task.output_language);
    task.domain = reading.option("domain", &["domain"])?;
    reading.row(translation::content(layout, task))
}

fn not_two(object: &Object<'_>, sides: &[(Cow<'static, str>, Json<'_>)]) -> Unreadable {
    let null = |key: &str| object.get(key).is_some_and(is_null);
    let mut error = object.missing("en");
    let nulls: Vec<&str> =
        object.fields().map(|(key, _)| key).filter(|k| language::tag(k).is_some() && null(k)).collect();
    let codes: Vec<&str> = sides.iter().map(|(code, _)| code.as_ref()).collect();
    error.detail = match (nulls.first(), codes.len()) {
        (Some(key), _) => format!("field `{key}` is null"),
        (None, 0) => format!("no two fields named by a language (`en`, `zh`, …): {}", error.detail),
        (None, _) => format!("two languages make a pair, the row has {}: {}", codes.len(), codes.join(", ")),
    };
    error
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, row, row_with};
    use super::*;
    use crate::rows::Content;

    fn read(row: &Row<'_>) -> [String; 4] {
        let Content::Task(task) = &row.content else { panic!("{row:?}") };
        assert_eq!(task.task.as_deref(), Some("translation"));
        [&task.input_language, &task.input, &task.output_language, &task.output]
            .map(|v| v.as_deref().unwrap_or("").to_owned())
    }

    #[test]
    fn reads_every_layout() {
        let wanted = ["en", "Hi", "zh", "你好"];
        for json in [
            r#"{"english":"Hi","chinese":"你好"}"#,
            r#"{"zh":"你好","en":"Hi","id":"7"}"#,
            r#"{"EN":"Hi","ZH":"你好"}"#,
            r#"{"translation":{"en":"Hi","zh":"你好"},"id":"7"}"#,
        ] {
            let row = row(&SHAPE, json, Use::Task).unwrap();
            assert_eq!(read(&row), wanted, "{json}");
            assert_eq!(row.meta, None);
            assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 1.0);
        }
        let regions = ["EN-us", "cmn_hans_cn", "zh-CN", "is_human", "en-tokenized"].map(language::tag);
        let found = regions.iter().map(|l| l.as_deref().unwrap_or("")).collect::<Vec<_>>();
        assert_eq!(found, ["en-US", "zh-Hans-CN", "zh-CN", "", ""]);
        let json = r#"{"de":"Hallo","zh_TW":"你好","score":0.5}"#;
        let row = row(&SHAPE, json, Use::Task).unwrap();
        assert_eq!(
            (read(&row), row.meta.as_deref()),
            (["de", "Hallo", "zh-TW", "你好"].map(str::to_owned), Some(r#"{"score":0.5}"#))
        );
    }

    #[test]
    fn fields_turn_the_direction() {
        let mut layout = layout(Use::Task);
        layout.fields.insert("input".into(), "translation.zh".into());
        layout.fields.insert("output".into(), "translation.en".into());
        let json = r#"{"translation":{"en":"Hi","zh":"你好"}}"#;
        assert_eq!(read(&row_with(&SHAPE, json, &layout).unwrap()), ["zh", "你好", "en", "Hi"]);
        layout.fields.insert("output".into(), "x".into());
        assert_eq!(row_with(&SHAPE, json, &layout).unwrap_err().reason, "field_missing");
    }

    #[test]
    fn one_empty_side_is_set_aside() {
        let aside = |json: &str| row(&SHAPE, json, Use::Task).unwrap().aside;
        assert_eq!(aside(r#"{"en":"a","zh":" "}"#), Some(("one_side_empty", "output".into())));
        assert_eq!(aside(r#"{"en":"","zh":"b"}"#), Some(("one_side_empty", "input".into())));
        assert_eq!(aside(r#"{"en":"","zh":""}"#), None);
    }

    #[test]
    fn names_what_is_wrong() {
        let error = |json: &str| row(&SHAPE, json, Use::Task).unwrap_err();
        assert_eq!(error(r#"{"en":"a","zh":null}"#).detail, "field `zh` is null");
        assert_eq!(error(r#"{"en":"a","zh":"b","ja":"c"}"#).reason, "field_missing");
        assert_eq!(error(r#"{"a":"b"}"#).reason, "field_missing");
    }
}
