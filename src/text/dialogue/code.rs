//! Which parts of a message are program code: between fences, or between backticks of one line.

use std::ops::Range;

/// The code of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Code {
    /// Its stretches, in order.
    pub spans: Vec<Range<usize>>,
    /// Whether the last fence has code behind it and is not closed.
    pub open: bool,
}

impl Code {
    /// Finds the code of a text. A fence that is not closed reaches to the end.
    pub fn of(text: &str) -> Code {
        let mut code = Code::default();
        if !text.contains('`') {
            return code;
        }
        let (mut fence, mut start): (Option<(usize, usize)>, usize) = (None, 0);
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let bare = line.trim();
            let ticks = bare.bytes().take_while(|b| *b == b'`').count();
            match fence {
                None if ticks >= 3 && !bare[ticks..].contains('`') => fence = Some((start, ticks)),
                None => inline(line, start, &mut code.spans),
                // `}```` at the end of a line closes as well.
                Some((from, opened)) if bare.len() >= opened && bare.ends_with(&"`".repeat(opened)) => {
                    code.spans.push(from..end);
                    fence = None;
                }
                Some(_) => {}
            }
            start = end;
        }
        if let Some((from, _)) = fence {
            let inside = text[from..].split_once('\n').map_or("", |parts| parts.1);
            code.open = !inside.trim().is_empty();
            code.spans.push(from..text.len());
        }
        code
    }

    /// Whether a place of the text is code.
    pub fn has(&self, at: usize) -> bool {
        let before = self.spans.partition_point(|span| span.end <= at);
        self.spans.get(before).is_some_and(|span| span.start <= at)
    }

    /// The parts of the text that are none, in order.
    pub fn rest<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let ends = self.spans.iter().map(|span| span.start).chain([text.len()]);
        let starts = std::iter::once(0).chain(self.spans.iter().map(|span| span.end));
        starts.zip(ends).map(|(from, to)| &text[from..to]).filter(|part| !part.is_empty())
    }
}

/// The stretches between backticks of one line.
fn inline(line: &str, start: usize, spans: &mut Vec<Range<usize>>) {
    let mut from = None;
    for (at, _) in line.match_indices('`') {
        match from.take() {
            None => from = Some(at),
            Some(open) => spans.push(start + open..start + at + 1),
        }
    }
}

/// Whether a line looks like program code or markup: a tenth of its characters are signs of code, or it begins with a
/// word that programs begin lines with.
pub fn is_code_line(line: &str) -> bool {
    const WORDS: [&str; 14] = [
        "import ", "from ", "def ", "return ", "const ", "let ", "var ", "#include", "public ", "func ", "SELECT ",
        "print(", "//", "</",
    ];
    let bare = line.trim();
    let signs = bare.bytes().filter(|b| b"{}();=<>[]\\/+^$&@".contains(b)).count();
    WORDS.iter().any(|word| bare.starts_with(word)) || signs * 10 >= bare.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        Code::of(text).spans.into_iter().map(|span| &text[span]).collect()
    }

    #[test]
    fn fences_and_backticks_are_code() {
        let text = "看 `a` 和 `b`。\n```rust\nlet x = 1;\n```\n完。";
        assert_eq!(parts(text), ["`a`", "`b`", "```rust\nlet x = 1;\n```\n"]);
        assert_eq!(Code::of(text).rest(text).collect::<Vec<_>>(), ["看 ", " 和 ", "。\n", "完。"]);
        let code = Code::of(text);
        assert!(code.has(text.find("let").unwrap()) && !code.has(0) && !code.has(text.len() - 1) && !code.open);
        assert_eq!(parts("一个 ` 反引号"), [""; 0]);
    }

    #[test]
    fn a_fence_is_open_where_code_follows_and_no_end() {
        for (text, open) in [
            ("如下：\n```python\nprint(1)", true),
            ("如下：\n```python\nprint(1)\n```", false),
            ("如下：\n```python\nprint(1)```\n完", false),
            ("完。\n```", false),
            ("完。\n```python\n", false),
            ("````md\n```\na\n```\n````", false),
            ("```a``` b", false),
            ("", false),
        ] {
            assert_eq!(Code::of(text).open, open, "{text}");
        }
    }
}
