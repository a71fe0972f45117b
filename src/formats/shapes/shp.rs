//! Stanford's SHP: two comments to a Reddit post, one of them preferred, for RLHF (or the preferred one, for instruction
//! tuning).
//!
//! ```json
//! {"post_id": "…", "domain": "askculinary_train", "history": "…", "human_ref_A": "…", "human_ref_B": "…",
//!   "labels": 1, "score_A": 12, "score_B": 4, "score_ratio": 3.0, "seconds_difference": 3600.0}
//! ```
//!
//! `labels` decides: 1 is A, 0 is B. The scores are those of the comments, the margin is their difference, and
//! `score_ratio` stays in `meta` with all else; the subset is `domain`. A comment that was taken away (`[removed]`,
//! `[deleted]`) sets the row aside (`removed`, the value says which one); with `mapping = "deepspeed"` it stays.
//!
//! For instruction tuning a row is the post and the preferred comment, or, with `answers = "none"`, the post alone.
//!
//! Limits: Reddit's entities (`&gt;`, `&amp;#x200B;`) stay as they are. One post gives many rows: nothing is capped.
use super::hh::MAPPING;
use super::support::ranking::{ANSWERS, content};
use super::support::reading::Reading;
use super::support::values::{share, starts, wrong_use};
use crate::formats::object::field_type;
use crate::formats::{Choice, Layout, Object, Shape};
use crate::rows::{Message, Preference, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Shp = Shp;
/// See the module.
pub struct Shp;

impl Shape for Shp {
    fn name(&self) -> &'static str {
        "shp"
    }
    fn about(&self) -> &'static str {
        "SHP: two comments to a post, with labels and scores"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("shp.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Rlhf, Use::Instruct]
    }
    fn options(&self) -> &'static [Choice] {
        &[MAPPING, ANSWERS]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| ["human_ref_A", "human_ref_B", "labels"].iter().all(|key| starts(o, key).is_some()))
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if !matches!(layout.usage, Use::Rlhf | Use::Instruct) {
        return Err(wrong_use("shp", layout));
    }
    let mut reading = Reading::new(object, layout);
    let history = reading.need("prompt", &["history"])?;
    reading.columns.subset = reading.option("subset", &["subset", "domain"])?;
    let label = reading.need("label", &["labels"])?;
    let a_is_better = match label.as_ref() {
        "1" | "1.0" => true,
        "0" | "0.0" => false,
        other => return Err(field_type("labels", "1 (A) or 0 (B)", &format!("`{other}`"))),
    };
    let a = (reading.need("human_ref_A", &["human_ref_A"])?, reading.number("score_A", &["score_A"])?);
    let b = (reading.need("human_ref_B", &["human_ref_B"])?, reading.number("score_B", &["score_B"])?);
    let (chosen, rejected) = if a_is_better { (a, b) } else { (b, a) };
    if layout.option("mapping") != Some("deepspeed") {
        for (side, text) in [("prompt", &history), ("chosen", &chosen.0), ("rejected", &rejected.0)] {
            if matches!(text.trim(), "[removed]" | "[deleted]") {
                reading.aside("removed", side);
            }
        }
    }
    let margin = chosen.1.zip(rejected.1).map(|(a, b)| a - b);
    let answer = |text| Some(vec![Message::new("assistant", text)]);
    let pair = Preference {
        prompt: vec![Message::new("user", history)],
        chosen: answer(chosen.0),
        rejected: answer(rejected.0),
        chosen_score: chosen.1,
        rejected_score: rejected.1,
        margin,
        ..Preference::default()
    };
    reading.row(content(layout, pair))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{layout, preference, row, row_with, said};
    use super::*;

    const ROW: &str = r#"{"post_id":"p","domain":"askhr_train","history":"q","human_ref_A":"a","human_ref_B":"b","labels":0,"score_A":3,"score_B":9,"score_ratio":3.0}"#;

    #[test]
    fn labels_decide() {
        let row = row(&SHAPE, ROW, Use::Rlhf).unwrap();
        let p = preference(&row);
        assert_eq!(said(p.chosen.as_deref().unwrap()), ["assistant: b"]);
        assert_eq!((p.chosen_score, p.rejected_score, p.margin), (Some(9.0), Some(3.0), Some(6.0)));
        assert_eq!(
            (row.subset.as_deref(), row.meta.as_deref()),
            (Some("askhr_train"), Some(r#"{"post_id":"p","score_ratio":3.0}"#))
        );
        let turned = ROW.replace("\"labels\":0", "\"labels\":1");
        let row = super::super::tests::row(&SHAPE, &turned, Use::Rlhf).unwrap();
        assert_eq!(preference(&row).margin, Some(-6.0));
    }

    #[test]
    fn removed_comments_are_set_aside() {
        let json = ROW.replace("\"a\"", "\"[removed]\"");
        assert_eq!(row(&SHAPE, &json, Use::Rlhf).unwrap().aside, Some(("removed", "rejected".into())));
        let mut layout = layout(Use::Rlhf);
        layout.options.insert("mapping".into(), "deepspeed".into());
        assert_eq!(row_with(&SHAPE, &json, &layout).unwrap().aside, None);
        let wrong = ROW.replace("\"labels\":0", "\"labels\":2");
        assert_eq!(row(&SHAPE, &wrong, Use::Rlhf).unwrap_err().reason, "field_type");
    }
}
