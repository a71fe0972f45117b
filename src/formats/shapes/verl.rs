//! Prompts whose answer a program checks, as verl reads them (DAPO-Math, Skywork-OR1, code with tests), for GRPO and RLVR.
//!
//! ```json
//! {"data_source": "math_dapo", "prompt": [{"role": "user", "content": "…"}], "ability": "MATH",
//!   "reward_model": {"ground_truth": "34", "style": "rule"}, "extra_info": {"index": "a1"}}
//! ```
//!
//! An instruct row that ends on the user: the `prompt` (messages, also as JSON text, or a text), with the `answer` of
//! `reward_model.ground_truth` (what is no text, as JSON text), its `style` as `answer_kind`, and `data_source`. The id is
//! that of the row, or `extra_info.index`; the rest is in `meta`.
//!
//! Limits: a row without a truth is set aside (`no_answer`).
use super::support::reading::Reading;
use super::support::turns::not_empty;
use super::support::values::{is_scalar, scalar, share, starts, wrong_use};
use crate::formats::{Layout, Object, Shape};
use crate::rows::{Content, Row, Unreadable, Use};

/// The shape.
pub const SHAPE: Verl = Verl;
/// See the module.
pub struct Verl;

const TRUTH: &str = "reward_model.ground_truth";

impl Shape for Verl {
    fn name(&self) -> &'static str {
        "verl"
    }
    fn about(&self) -> &'static str {
        "prompts whose answer a program checks: reward_model and data_source (verl, DAPO)"
    }
    fn docs(&self) -> &'static str {
        crate::text::docs::module_docs(include_str!("verl.rs"))
    }
    fn uses(&self) -> &'static [Use] {
        &[Use::Instruct]
    }
    /// A class of the question.
    fn leaves(&self) -> &'static [&'static str] {
        &["ability"]
    }
    fn fits(&self, sample: &[Object<'_>]) -> f32 {
        share(sample, |o| starts(o, "prompt").is_some() && starts(o, TRUTH).is_some())
    }
    fn map<'a>(&self, object: &Object<'a>, layout: &Layout, emit: &mut dyn FnMut(Result<Row<'a>, Unreadable>)) {
        emit(map(object, layout));
    }
}

fn map<'a>(object: &Object<'a>, layout: &Layout) -> Result<Row<'a>, Unreadable> {
    if layout.usage != Use::Instruct {
        return Err(wrong_use("verl", layout));
    }
    let mut reading = Reading::new(object, layout);
    let Some((path, value)) = reading.find("prompt", &["prompt"], |_| true)? else {
        return Err(reading.missing("prompt", "prompt"));
    };
    let messages = not_empty(path, reading.said_by("user", path, value)?)?;
    reading.truth(&[TRUTH])?;
    let style = object.get("reward_model.style").filter(|v| is_scalar(*v));
    let truth = reading.columns.truth.get_or_insert_default();
    if let Some(style) = style.filter(|_| truth.answer_kind.is_none()) {
        truth.answer_kind = Some(scalar("reward_model.style", style)?);
        reading.take("reward_model.style");
    }
    if reading.columns.truth.as_ref().is_none_or(|t| t.answer.as_deref().is_none_or(|a| a.trim().is_empty())) {
        reading.aside("no_answer", "");
    }
    reading.columns.id = reading.option("id", &["id", "uid", "extra_info.index"])?;
    let tools = reading.tools()?;
    reading.row(Content::Instruct { messages, tools })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{instruct, row, said};
    use super::*;

    #[test]
    fn a_prompt_and_its_truth() {
        let json = r#"{"data_source":"math_dapo","prompt":[{"role":"user","content":"一加一？"}],"ability":"MATH",
            "reward_model":{"ground_truth":"2","style":"rule"},"extra_info":{"index":"a1","split":"train"}}"#;
        let read = row(&SHAPE, json, Use::Instruct).unwrap();
        assert_eq!(said(instruct(&read)), ["user: 一加一？"]);
        let truth = read.truth.as_deref().unwrap();
        let found = [&truth.answer, &truth.answer_kind, &truth.data_source].map(|t| t.as_deref().unwrap());
        assert_eq!(found, ["2", "rule", "math_dapo"]);
        assert_eq!(read.id.as_deref(), Some("a1"));
        assert_eq!(read.meta.as_deref(), Some(r#"{"ability":"MATH","extra_info":{"split":"train"}}"#));
        let tests = r#"{"prompt":"写 f","reward_model":{"ground_truth":{"in":[1],"out":[2]},"style":"code"}}"#;
        let read = row(&SHAPE, tests, Use::Instruct).unwrap();
        assert_eq!(read.truth.as_deref().unwrap().answer.as_deref(), Some(r#"{"in":[1],"out":[2]}"#));
        let none = row(&SHAPE, r#"{"prompt":"p","reward_model":{"style":"rule"}}"#, Use::Instruct).unwrap();
        assert_eq!(none.aside, Some(("no_answer", String::new())));
    }
}
