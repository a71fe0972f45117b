//! Thoughts in an answer: between `<think>` and `</think>`, as DeepSeek-R1 and Qwen write them.

use super::code::Code;

/// The marks, by pair.
const MARKS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// The thoughts of a message, and what it says beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thoughts<'t> {
    /// Whether a mark opens thoughts that none closes.
    pub unclosed: bool,
    /// Whether thoughts between marks say nothing.
    pub empty: bool,
    /// What stands behind the last thoughts; all of a text without any.
    pub said: &'t str,
}

/// Finds the thoughts of a text, outside of code.
pub fn thoughts<'t>(text: &'t str, code: &Code) -> Thoughts<'t> {
    let mut found = Thoughts { said: text, ..Thoughts::default() };
    if !text.contains('<') {
        return found;
    }
    for (open, close) in MARKS {
        let mut from = 0;
        while let Some(at) = text[from..].find(open).map(|at| from + at) {
            let inside = at + open.len();
            if code.has(at) {
                from = inside;
                continue;
            }
            let Some(end) = text[inside..].find(close).map(|end| inside + end) else {
                found.unclosed = true;
                found.said = "";
                break;
            };
            found.empty |= is_silent(&text[inside..end]);
            found.said = &text[end + close.len()..];
            from = end + close.len();
        }
    }
    found
}

/// Whether a text says nothing: it is blank, or dots, dashes, quotes and such alone.
pub fn is_silent(text: &str) -> bool {
    const SIGNS: &str = "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}.。…·•-—–_=~～,，、;；'\"“”‘’`[]【】";
    text.chars().all(|c| c.is_whitespace() || c.is_control() || SIGNS.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_closed_and_say_something() {
        let seen = |text: &'static str| {
            let found = thoughts(text, &Code::of(text));
            (found.unclosed, found.empty, found.said.trim())
        };
        assert_eq!(seen("<think>先想想。</think>\n是的。"), (false, false, "是的。"));
        assert_eq!(seen("<think>\n\n</think>\n是的。"), (false, true, "是的。"));
        assert_eq!(seen("<think>Let me see"), (true, false, ""));
        assert_eq!(seen("<think>a</think>b<think>c"), (true, false, ""));
        assert_eq!(seen("<thinking>…</thinking>Yes."), (false, true, "Yes."));
        assert_eq!(seen("用 `<think>` 开头。"), (false, false, "用 `<think>` 开头。"));
        assert_eq!(seen("想完了。</think>是的。"), (false, false, "想完了。</think>是的。"));
    }

    #[test]
    fn silence_is_no_letter_and_no_sign_of_meaning() {
        assert!(["", " \n", "……", "---", "\u{200b}", "。", "“”"].iter().all(|text| is_silent(text)));
        assert!(["A", "好", "👍", "？", "!", "+", "42", "%", "/", ":-("].iter().all(|text| !is_silent(text)));
    }
}
