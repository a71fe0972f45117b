//! Ratings: a question, its answer, and the stars that readers gave it, for instruction tuning.
//!
//! ```json
//! {"uid": "q7", "ask": "水为什么会结冰？", "reply": "温度降到零度以下时……", "stars": 4, "topic": "物理"}
//! ```
//!
//! `topic` is the subset, `stars` stays in `meta` (on purpose: see `leaves`, without which a detected shape is refused
//! where a field that looks like content is not read). With `stars = "three"`, an answer of fewer than three sets the row
//! aside (`few_stars`, the value says how many).
//!
//! Limits: one answer to a question; the layout with several has a list in `replies`, which this shape does not read.
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Ratings = Ratings;
/// See the module.
pub struct Ratings;

/// Which answers are good enough.
const STARS: Choice = Choice {
    name: "stars",
    words: &["any", "three"],
    about: "whether an answer of fewer than three stars sets the row aside (`few_stars`)",
};

impl Shape for Ratings {
    fn name(&self) -> &'static str {
        "ratings"
    }
    fn about(&self) -> &'static str {
        "a question, an answer and its stars"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("shape.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[STARS]
    }
    fn leaves(&self) -> &'static [&'static str] {
        &["stars"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| ["ask", "reply", "stars"].iter().all(|key| starts(o, key).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("ratings", layout));
    }
    let mut reading = Reading::new(object, layout);
    let ask = reading.need("prompt", &["ask"])?;
    let reply = reading.need("response", &["reply"])?;
    reading.columns.id = reading.option("id", &["uid"])?;
    reading.columns.subset = reading.option("subset", &["topic"])?;
    if layout.option("stars") == Some("three") {
        let stars = reading.number("stars", &["stars"])?.unwrap_or(0.0);
        if stars < 3.0 {
            reading.aside("few_stars", stars.to_string());
        }
    }
    reading.row(Content::Instruct {
        messages: vec![Message::new("user", ask), Message::new("assistant", reply)],
        tools: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, layout, row, row_with, said};
    use super::*;

    const ROW: &str = r#"{"uid":"q7","ask":"问","reply":"答","stars":2,"topic":"物理"}"#;

    #[test]
    fn a_question_and_its_answer_are_a_dialogue() {
        let read = row(&SHAPE, ROW, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: 问", "assistant: 答"]);
        assert_eq!((read.id.as_deref(), read.subset.as_deref()), (Some("q7"), Some("物理")));
        assert_eq!((read.meta.as_deref(), &read.aside), (Some(r#"{"stars":2}"#), &None));
    }

    #[test]
    fn few_stars_set_a_row_aside_where_the_recipe_says_so() {
        let mut layout = layout(Use::Instruct);
        layout.options.insert("stars".into(), "three".into());
        assert_eq!(row_with(&SHAPE, ROW, &layout).unwrap().aside, Some(("few_stars", "2".into())));
        let good = ROW.replace("\"stars\":2", "\"stars\":4");
        assert_eq!(row_with(&SHAPE, &good, &layout).unwrap().aside, None);
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        let error = |json: &str| row(&SHAPE, json, Use::Instruct).unwrap_err().reason;
        assert_eq!(error(r#"{"ask":"问","stars":1}"#), "field_missing");
        assert_eq!(error(r#"{"ask":{},"reply":"答","stars":1}"#), "field_type");
        assert_eq!(row(&SHAPE, ROW, Use::Rlhf).unwrap_err().reason, "wrong_use");
    }

    #[test]
    fn detection_knows_it_by_its_fields() {
        let object = |json| [Object::parse(json).unwrap()];
        assert!(SHAPE.fits(&object(ROW)) == 1.0 && SHAPE.fits(&object(r#"{"ask":"问","answer":"答"}"#)) == 0.0);
    }
}
