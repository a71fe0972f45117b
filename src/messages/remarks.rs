//! The remarks of a recipe in the language of the reader; its keys and values stay as they stand.

/// Columns of a line of remarks.
const WIDE: usize = 100;
/// What a heading begins and ends with.
const RULE: char = '─';

/// How remarks become those of the reader: what a text is in his language, and its lines of so many columns.
pub struct Speech<'s> {
    /// A text in his language; `None` where there is none.
    pub said: &'s mut dyn FnMut(&str) -> Option<String>,
    /// A text on lines of at most so many columns.
    pub laid: &'s dyn Fn(&str, usize) -> Vec<String>,
}

/// One paragraph, heading or item of a list, with the lines that it was written on.
#[derive(Default)]
struct Block<'t> {
    lines: Vec<&'t str>,
    /// Blanks before its first word.
    indent: usize,
    /// The first word and the blanks behind it, where the text stands apart from that.
    name: &'t str,
    text: String,
}

impl<'t> Block<'t> {
    fn new(line: &'t str, content: &'t str) -> Block<'t> {
        let words = content.trim_start();
        let indent = content.len() - words.len();
        let apart = words.find("  ").filter(|at| indent > 0 && !words[..*at].contains(' '));
        let text = apart.map_or(words, |at| words[at..].trim_start());
        let name = &words[..words.len() - text.len()];
        Block { lines: vec![line], indent, name, text: text.trim_end().to_owned() }
    }

    /// Whether a line of remarks goes on with this one.
    fn goes_on(&self, content: &str) -> bool {
        let indent = content.len() - content.trim_start().len();
        if self.indent == 0 { indent == 0 } else { indent > self.indent }
    }

    fn close(self, out: &mut String, speech: &mut Speech<'_>) {
        let heading = self.text.starts_with(RULE);
        let text = if heading { self.text.trim_matches([RULE, ' ']) } else { &self.text };
        match (speech.said)(text).filter(|_| !text.is_empty()) {
            None => self.lines.iter().for_each(|line| code(out, line, speech)),
            Some(said) if heading => *out += &format!("# {RULE}{RULE} {said} {}\n", String::from(RULE).repeat(40)),
            Some(said) => {
                let (first, more) = (self.indent, self.indent + self.name.chars().count());
                for (at, part) in (speech.laid)(&said, WIDE.saturating_sub(more + 2)).iter().enumerate() {
                    let (blanks, name) = if at == 0 { (first, self.name) } else { (more, "") };
                    *out += &format!("# {}{name}{part}\n", " ".repeat(blanks));
                }
            }
        }
    }
}

/// A recipe with its remarks in the language of the reader: paragraphs, items and headings one by one, and what stands
/// behind a line. A paragraph that has no other text keeps its lines.
pub fn remarks(recipe: &str, speech: &mut Speech<'_>) -> String {
    let (mut out, mut open) = (String::new(), None::<Block<'_>>);
    for line in recipe.lines() {
        let content = line.strip_prefix('#').filter(|rest| rest.starts_with(' ')).map(|rest| &rest[1..]);
        match (content, &mut open) {
            (Some(content), Some(block)) if block.goes_on(content) => {
                block.text += &format!(" {}", content.trim());
                block.lines.push(line);
            }
            _ => {
                open.take().into_iter().for_each(|block: Block<'_>| block.close(&mut out, speech));
                match content {
                    Some(content) => open = Some(Block::new(line, content)),
                    None => code(&mut out, line, speech),
                }
            }
        }
    }
    open.into_iter().for_each(|block| block.close(&mut out, speech));
    out
}

/// A line of a recipe, with the remark behind it.
fn code(out: &mut String, line: &str, speech: &mut Speech<'_>) {
    let remark = line.rmatch_indices("# ").map(|found| found.0).find(|at| *at > 1 && line[..*at].ends_with(' '));
    let said = remark.and_then(|at| Some((at, (speech.said)(&line[at + 2..])?)));
    match said {
        Some((at, said)) => *out += &format!("{}# {said}\n", &line[..at]),
        None => *out += &format!("{line}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_items_headings_and_what_stands_behind_a_line() {
        let recipe = "#:schema x\n# One\n# paragraph:\n#   name   an item\n#          of two lines\n#   corpus fetch a   # which\n#\n# ── Head ──\n\
                      run = \"a # b\"   # behind\n# a = 1\n";
        let mut asked = Vec::new();
        let mut said = |text: &str| {
            asked.push(text.to_owned());
            ["One paragraph:", "an item of two lines", "which", "Head", "behind"]
                .contains(&text)
                .then(|| text.to_uppercase())
        };
        let laid = |text: &str, columns: usize| vec![format!("{text} {columns}"), "more".to_owned()];
        let got = remarks(recipe, &mut Speech { said: &mut said, laid: &laid });
        let rule = "─".repeat(40);
        let wanted = format!(
            "#:schema x\n# ONE PARAGRAPH: 98\n# more\n#   name   AN ITEM OF TWO LINES 89\n#          more\n#   corpus fetch a   # WHICH\n\
             #\n# ── HEAD {rule}\nrun = \"a # b\"   # BEHIND\n# a = 1\n"
        );
        assert_eq!(got, wanted);
        assert!(
            asked.contains(&"corpus fetch a   # which".to_owned()) && asked.contains(&"a = 1".to_owned()),
            "{asked:?}"
        );
        let mut none = |_: &str| None;
        assert_eq!(remarks(recipe, &mut Speech { said: &mut none, laid: &laid }), recipe);
    }
}
