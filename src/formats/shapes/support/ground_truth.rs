//! What stands beside a prompt or an answer: the thoughts before it, and what a program checks it against.

use std::borrow::Cow;

use super::reading::Reading;
use super::turn::{THOUGHTS, is_thought};
use super::values::{first, joined, kind};
use crate::formats::object::{field_type, text_of};
use crate::rows::{Content, Message, Row, Truth, Unreadable};

impl<'a> Reading<'_, 'a> {
    /// What was thought before the response that stands in a field of its own.
    ///
    /// # Errors
    ///
    /// As [`Reading::option`].
    pub fn thoughts(&mut self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.find("reasoning", THOUGHTS, is_thought)? {
            Some((path, value)) => joined(path, value).map(|text| Some(text).filter(|t| !t.is_empty())),
            None => Ok(None),
        }
    }

    /// Whether the recipe says what an answer is checked against.
    pub fn checked(&self) -> bool {
        self.layout.fields.contains_key("answer")
    }

    /// The same beside a dialogue, in a field of the usual names; one that repeats what was said already is none.
    ///
    /// # Errors
    ///
    /// As [`Reading::truth`].
    pub fn truth_beside(&mut self, messages: &[Message<'_>]) -> Result<(), Unreadable> {
        const NAMES: &[&str] = &["answer", "ground_truth"];
        let text = |key: &str| self.object.get(key).and_then(|v| text_of(v).ok().flatten());
        let said = |key: &str| text(key).is_some_and(|a| messages.iter().any(|m| m.content.trim() == a.trim()));
        self.truth(if NAMES.iter().any(|key| said(key)) { &[] } else { NAMES })
    }

    /// Reads what an answer is checked against: the fields that the recipe maps; without it the answer in one of `names`.
    /// An answer may be text or any JSON (the tests of a program).
    ///
    /// # Errors
    ///
    /// As [`Reading::find`]; `field_type` where a mapped field is no text.
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
            self.columns.truth = Some(Box::new(truth));
        }
        Ok(())
    }
}

/// Takes the answer that a program checks out of what the assistant says last; with `only` that turn goes, and the row is
/// the prompt. One that has no such answer is set aside then.
pub fn check(row: &mut Row<'_>, only: bool) {
    let Content::Instruct { messages, .. } = &mut row.content else { return };
    let said = messages.last().filter(|m| m.role == "assistant");
    let mut truth = row.truth.take().unwrap_or_default();
    if truth.answer.is_none() {
        truth.answer = said.and_then(|m| marked(&m.content)).map(|answer| Cow::Owned(answer.to_owned()));
    }
    if only {
        while messages.last().is_some_and(|m| m.role == "assistant") {
            messages.pop();
        }
        if row.aside.is_none() && truth.answer.is_none() {
            row.aside = Some(("no_answer", String::new()));
        }
    }
    row.truth = Some(truth).filter(|t| **t != Truth::default());
}

/// The answer behind the last `####` of a worked solution, on its last line, as GSM8K marks it; the last `\boxed{…}` where
/// there is none. (A `####` with more lines behind it is a heading.)
fn marked(solution: &str) -> Option<&str> {
    if let Some((_, answer)) = solution.rsplit_once("####") {
        let answer = answer.trim();
        if !answer.is_empty() && !answer.contains('\n') {
            return Some(answer);
        }
    }
    let (_, boxed) = solution.rsplit_once("\\boxed{")?;
    let mut depth = 1;
    let end = boxed.char_indices().find(|(_, c)| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    Some(boxed[..end.0].trim()).filter(|a| !a.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mark_counts() {
        assert_eq!(marked("先 3，\n再 4。\n#### 7\n"), Some("7"));
        assert_eq!(marked("a \\boxed{1}, no: \\boxed{\\frac{1}{2}}."), Some("\\frac{1}{2}"));
        assert_eq!(marked("## 解\n#### 步骤二\n算得 \\boxed{5}。"), Some("5"), "a heading marks nothing");
        assert_eq!((marked("seven"), marked("#### "), marked("\\boxed{1")), (None, None, None));
    }
}
