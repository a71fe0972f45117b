//! NVIDIA's HelpSteer3: a dialogue, two answers, and by how much people prefer one of them; for RLHF (or the better
//! answer, for instruction tuning).
//!
//! ```json
//! {"domain": "general", "language": "chinese", "context": [{"role": "user", "content": "…"}], "response1": "…",
//!   "response2": "…", "overall_preference": -2, "individual_preference": [{"score": -2, "reasoning": "…"}]}
//! ```
//!
//! `overall_preference` runs from -3 (the first answer is much better) to 3 (the second is): its size is the margin, and
//! 0 is a tie, whose margin is 0 and whose first answer stands as the chosen one. The subset is the `domain`; what each
//! person said stays in `meta`.
//!
//! For instruction tuning a row is the context and the better answer, or, with `answers = "none"`, the context alone.
//!
//! Limits: a row without a preference is set aside (`unranked`). The feedback and edit parts of the set are other layouts.
use super::answers::{ANSWERS, content};
use super::read::{Reading, share, starts, wrong_use};
use super::turns::not_empty;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: HelpSteer = HelpSteer;
/// See the module.
pub struct HelpSteer;

impl Shape for HelpSteer {
    fn name(&self) -> &'static str {
        "helpsteer"
    }
    fn about(&self) -> &'static str {
        "HelpSteer3: a dialogue, two answers, and a preference from -3 to 3"
    }
    fn docs(&self) -> &'static str {
        crate::stages::module_docs(include_str!("helpsteer.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[ANSWERS]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let keys = ["context", "response1", "response2", "overall_preference"];
        share(sample, |o| keys.iter().all(|key| starts(o, key).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if !matches!(layout.usage, Use::Rlhf | Use::Instruct) {
        return Err(wrong_use("helpsteer", layout));
    }
    let mut reading = Reading::new(object, layout);
    let Some((path, context)) = reading.find("prompt", &["context"], |_| true)? else {
        return Err(reading.missing("prompt", "context"));
    };
    let prompt = not_empty(path, reading.said_by("user", path, context)?)?;
    let mut answer = |name: &'static str| reading.need(name, &[name]).map(|text| vec![Message::new("assistant", text)]);
    let (first, second) = (answer("response1")?, answer("response2")?);
    reading.given.subset = reading.option("subset", &["domain"])?;
    let preference = reading.number("margin", &["overall_preference"])?;
    if preference.is_none() {
        reading.aside("unranked", "");
    }
    let preference = preference.unwrap_or(0.0);
    let (chosen, rejected) = if preference > 0.0 { (second, first) } else { (first, second) };
    let margin = Some(preference.abs());
    let (chosen, rejected) = (Some(chosen), Some(rejected));
    reading.row(content(layout, Preference { prompt, chosen, rejected, margin, ..Preference::default() }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, preference, row, said};
    use super::*;

    #[test]
    fn the_sign_chooses_and_the_size_is_the_margin() {
        let json = |preference: &str| {
            r#"{"domain":"code","language":"chinese","context":[{"role":"user","content":"问"},
                {"role":"assistant","content":"答"},{"role":"user","content":"再问"}],"response1":"一","response2":"二",
                "overall_preference":P}"#
                .replace('P', preference)
        };
        for (preference_of, chosen, margin) in [("-2", "一", 2.0), ("3", "二", 3.0), ("0", "一", 0.0)] {
            let json = json(preference_of);
            let row = row(&SHAPE, &json, Use::Rlhf).unwrap();
            let pair = preference(&row);
            assert_eq!(said(&pair.prompt), ["user: 问", "assistant: 答", "user: 再问"]);
            assert_eq!(said(pair.chosen.as_deref().unwrap()), [format!("assistant: {chosen}")]);
            assert_eq!((pair.margin, row.subset.as_deref()), (Some(margin), Some("code")));
        }
        let json = json("null");
        assert_eq!(row(&SHAPE, &json, Use::Rlhf).unwrap().aside, Some(("unranked", String::new())));
        assert_eq!(said(instruct(&row(&SHAPE, &json, Use::Instruct).unwrap())).len(), 4);
    }
}
