//! PKU-SafeRLHF: two answers, and two preferences that may disagree: the more helpful and the safer one.
//!
//! ```json
//! {"prompt": "…", "response_0": "…", "response_1": "…", "better_response_id": 0, "safer_response_id": 1,
//!   "is_response_0_safe": false, "is_response_1_safe": true, "response_0_severity_level": 2}
//! ```
//!
//! `prefer = "helpful"` (the default) chooses by `better_response_id`, `prefer = "safe"` by `safer_response_id`. Two sources
//! of one recipe make both sets of pairs. All labels stay in `meta`.
//!
//! Limits: an id that is neither 0 nor 1 (-1 in some revisions: no verdict) sets the row aside (`unranked`).
use super::support::reading::Reading;
use super::support::values::{share, starts, verdict, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Content, Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: SafeRlhf = SafeRlhf;
/// See the module.
pub struct SafeRlhf;

impl Shape for SafeRlhf {
    fn name(&self) -> &'static str {
        "safe_rlhf"
    }
    fn about(&self) -> &'static str {
        "PKU-SafeRLHF: two answers, the more helpful and the safer one"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("safe_rlhf.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf]
    }
    fn options(&self) -> &'static [Choice] {
        const PREFER: Choice =
            Choice { name: "prefer", words: &["helpful", "safe"], about: "which of the two preferences decides" };
        &[PREFER]
    }
    /// Which side is chosen follows from them, by what `prefer` says.
    fn leaves(&self) -> &'static [&'static str] {
        &["is_response_0_safe", "is_response_1_safe"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let keys = ["response_0", "response_1", "better_response_id", "safer_response_id"];
        share(sample, |o| keys.iter().all(|key| starts(o, key).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Rlhf {
        return Err(wrong_use("safe_rlhf", layout));
    }
    let mut reading = Reading::new(object, layout);
    let prompt = vec![Message::new("user", reading.need("prompt", &["prompt"])?)];
    let answers = [reading.need("response_0", &["response_0"])?, reading.need("response_1", &["response_1"])?];
    let key = if layout.option("prefer") == Some("safe") { "safer_response_id" } else { "better_response_id" };
    let better = object.require(key)?;
    let [first, second] = answers.map(|text| vec![Message::new("assistant", text)]);
    let margin = (first == second).then_some(0.0);
    let (chosen, rejected) = match verdict("", &better) {
        Some(true) => (second, first),
        Some(false) => (first, second),
        None => {
            reading.aside("unranked", better);
            (first, second)
        }
    };
    let (chosen, rejected) = (Some(chosen), Some(rejected));
    reading.row(Content::Rlhf(Box::new(Preference { prompt, chosen, rejected, margin, ..Preference::default() })))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, preference, row_with, said};
    use super::*;

    #[test]
    fn two_preferences() {
        let json = r#"{"prompt":"p","response_0":"a","response_1":"b","better_response_id":0,"safer_response_id":1,"is_response_0_safe":false}"#;
        let mut layout = layout(Use::Rlhf);
        let chosen = |layout: &Layout, json: &str| {
            let row = row_with(&SHAPE, json, layout).unwrap();
            assert!(row.meta.as_deref().unwrap().contains("is_response_0_safe"));
            (said(preference(&row).chosen.as_deref().unwrap()).remove(0), row.aside.clone())
        };
        assert_eq!(chosen(&layout, json), ("assistant: a".into(), None));
        assert_eq!(chosen(&layout, &json.replace("id\":0", "id\":0.0")), ("assistant: a".into(), None));
        assert_eq!(chosen(&layout, &json.replace("id\":0", "id\":1.0")), ("assistant: b".into(), None));
        assert_eq!(chosen(&layout, &json.replace("id\":0", "id\":-1")).1, Some(("unranked", "-1".into())));
        layout.options.insert("prefer".into(), "safe".into());
        assert_eq!(chosen(&layout, json), ("assistant: b".into(), None));
    }
}
