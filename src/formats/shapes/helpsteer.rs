//! NVIDIA's HelpSteer3 and the comparisons of HelpSteer2: a dialogue, two answers, and by how much people prefer one of
//! them; for RLHF (or the better answer, for instruction tuning).
//!
//! ```json
//! {"domain": "general", "language": "chinese", "context": [{"role": "user", "content": "…"}], "response1": "…",
//!   "response2": "…", "overall_preference": -2, "individual_preference": [{"score": -2, "reasoning": "…"}]}
//! {"split": "train", "prompt": "…\n<extra_id_1>Assistant\n…\n<extra_id_1>User\n…", "response_1": "…", "response_2": "…",
//!   "preference_strength": -2, "preference_statement": "…"}
//! ```
//!
//! The preference (`overall_preference`, `preference_strength`) runs from -3 (the first answer is much better) to 3 (the
//! second is): its size is the margin, and 0 is a tie, whose margin is 0 and whose first answer stands as the chosen one.
//! The subset is the `domain`; what each person said stays in `meta`. HelpSteer2 writes the turns of a dialogue into one
//! text, with a marker before each.
//!
//! For instruction tuning a row is the context and the better answer, or, with `answers = "none"`, the context alone.
//!
//! Limits: a row without a preference is set aside (`unranked`). The feedback and edit parts of HelpSteer3, and the
//! ratings of HelpSteer2, are other layouts.
use super::support::ranking::{ANSWERS, content};
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{share, starts, wrong_use};
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: HelpSteer = HelpSteer;
/// See the module.
pub struct HelpSteer;

/// The names of the dialogue, the answers and the preference, in version 3 and in version 2.
const LAYOUTS: [[&str; 4]; 2] = [
    ["context", "response1", "response2", "overall_preference"],
    ["prompt", "response_1", "response_2", "preference_strength"],
];
/// What HelpSteer2 writes before a turn that is not the first.
const MARKER: &str = "<extra_id_1>";

impl Shape for HelpSteer {
    fn name(&self) -> &'static str {
        "helpsteer"
    }
    fn about(&self) -> &'static str {
        "HelpSteer2 and 3: a dialogue, two answers, and a preference from -3 to 3"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("helpsteer.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[ANSWERS]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        let all = |object: &Object<'_>, keys: [&str; 4]| keys.iter().all(|key| starts(object, key).is_some());
        share(sample, |object| LAYOUTS.iter().any(|keys| all(object, *keys)))
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
    let Some((path, context)) = reading.find("prompt", &["context", "prompt"], |_| true)? else {
        return Err(reading.missing("prompt", "context"));
    };
    let prompt = turns(not_empty(path, reading.said_by("user", path, context)?)?);
    let mut answer = |name: &'static str, other: &'static str| {
        reading.need(name, &[name, other]).map(|text| vec![Message::new("assistant", text)])
    };
    let (first, second) = (answer("response1", "response_1")?, answer("response2", "response_2")?);
    reading.columns.subset = reading.option("subset", &["domain"])?;
    let preference = reading.number("margin", &["overall_preference", "preference_strength"])?;
    if preference.is_none() {
        reading.aside("unranked", "");
    }
    let preference = preference.unwrap_or(0.0);
    let (chosen, rejected) = if preference > 0.0 { (second, first) } else { (first, second) };
    let margin = Some(preference.abs());
    let (chosen, rejected) = (Some(chosen), Some(rejected));
    reading.row(content(layout, Preference { prompt, chosen, rejected, margin, ..Preference::default() }))
}

/// A dialogue that is one text with a marker before each further turn, as its turns.
fn turns(prompt: Vec<Message<'_>>) -> Vec<Message<'_>> {
    let [only] = &prompt[..] else { return prompt };
    let mut pieces = only.content.split(MARKER);
    let mut out = vec![Message::new("user", pieces.next().unwrap_or_default().trim().to_owned())];
    for piece in pieces {
        let (role, text) = match piece.split_once('\n').map(|(role, text)| (role.trim(), text.trim())) {
            Some(("Assistant", text)) => ("assistant", text),
            Some(("User", text)) => ("user", text),
            _ => return prompt,
        };
        out.push(Message::new(role, text.to_owned()));
    }
    if out.len() > 1 { out } else { prompt }
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

    #[test]
    fn the_second_version_has_other_names_and_marks_its_turns() {
        let json = r#"{"split":"train","prompt":"问\n<extra_id_1>Assistant\n答\n<extra_id_1>User\n再问","response_1":"一",
            "response_2":"二","preference_strength":1,"preference_statement":"二更好"}"#;
        assert_eq!(SHAPE.fits(&[Object::parse(json).unwrap()]), 1.0);
        let row = row(&SHAPE, json, Use::Rlhf).unwrap();
        let pair = preference(&row);
        assert_eq!(said(&pair.prompt), ["user: 问", "assistant: 答", "user: 再问"]);
        assert_eq!((said(pair.chosen.as_deref().unwrap()), pair.margin), (vec!["assistant: 二".to_owned()], Some(1.0)));
        let odd = json.replace("Assistant\\n答", "答");
        let row = super::super::tests::row(&SHAPE, &odd, Use::Rlhf).unwrap();
        assert_eq!(said(&preference(&row).prompt).len(), 1);
    }
}
