//! What stands beside a prompt or an answer: the thoughts before it, and what a program checks it against.

use std::borrow::Cow;

use super::read::{Reading, first, kind};
use super::turns::THOUGHTS;
use crate::formats::object::{field_type, text_of};
use crate::rows::{Truth, Unreadable};

impl<'a> Reading<'_, 'a> {
    /// What was thought before the response that stands in a field of its own.
    pub fn thoughts(&mut self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        self.option("reasoning", THOUGHTS)
    }

    /// Whether the recipe says what an answer is checked against.
    pub fn checked(&self) -> bool {
        self.layout.fields.contains_key("answer")
    }

    /// The usual names of the answer that stands beside a dialogue.
    pub const BESIDE: &'static [&'static str] = &["answer", "ground_truth"];

    /// Reads what an answer is checked against: the fields that the recipe maps; without it the answer in one of `names`.
    /// An answer may be text or any JSON (the tests of a program).
    pub fn truth(&mut self, names: &[&'static str]) -> Result<(), Unreadable> {
        let answer = match self.find("answer", names, |_| true)? {
            Some((_, value)) if matches!(first(value), b'[' | b'{') => Some(Cow::Borrowed(value.get())),
            Some((path, value)) => text_of(value).map_err(|_| field_type(path, "text", kind(value)))?,
            None => None,
        };
        let kinds: &[&str] = if names.is_empty() { &[] } else { &["answer_kind"] };
        let sources: &[&str] = if names.is_empty() { &[] } else { &["data_source"] };
        let (answer_kind, data_source) = (self.option("answer_kind", kinds)?, self.option("data_source", sources)?);
        let truth = Truth { answer, answer_kind, data_source };
        if truth != Truth::default() {
            self.given.truth = Some(Box::new(truth));
        }
        Ok(())
    }
}
