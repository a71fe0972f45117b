//! Markdown in the language of the reader: paragraphs, items, headings and rows of tables one by one; of code the
//! remarks.

use super::said;

/// A text of several paragraphs, each said for itself; what has no line stays as it is.
pub fn prose(text: &str) -> String {
    let (mut out, mut open, mut code) = (String::new(), String::new(), false);
    for line in text.lines() {
        let begins = line.trim_start();
        let fence = begins.starts_with("```");
        let apart = fence || begins.is_empty() || begins.starts_with(['#', '|']);
        if code || apart {
            close(&mut out, &mut open);
            out += &match (code, fence) {
                (_, true) => line.to_owned(),
                (true, _) => commented(line),
                _ => said(line).into_owned(),
            };
            out.push('\n');
            code ^= fence;
            continue;
        }
        if begins.starts_with("- ") {
            close(&mut out, &mut open);
        }
        if !open.is_empty() {
            open.push(' ');
        }
        open += if open.is_empty() { line } else { begins };
    }
    close(&mut out, &mut open);
    out
}

/// A line of code, with what its remark says.
fn commented(line: &str) -> String {
    match line.find("# ").filter(|at| line[..*at].is_empty() || line[..*at].ends_with(' ')) {
        Some(at) => format!("{}# {}", &line[..at], said(&line[at + 2..])),
        None => line.to_owned(),
    }
}

/// Ends the paragraph or item that is open.
fn close(out: &mut String, open: &mut String) {
    if open.is_empty() {
        return;
    }
    let (mark, text) = match open.find("- ").filter(|at| open[..*at].trim().is_empty()) {
        Some(at) => open.split_at(at + 2),
        None => ("", open.as_str()),
    };
    *out += &format!("{mark}{}\n", said(text));
    open.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_told_from_code() {
        assert_eq!(commented("a = 1   # one"), "a = 1   # one");
        assert_eq!(commented("a = \"b# c\""), "a = \"b# c\"");
        assert_eq!(commented("# whole"), "# whole");
    }

    #[test]
    fn paragraphs_are_joined_and_code_stays() {
        let text = "One\nparagraph.\n\n- an item\n  of two lines\n- another\n\n```toml\na =\n1\n```\n\n| a |\n";
        let laid = "One paragraph.\n\n- an item of two lines\n- another\n\n```toml\na =\n1\n```\n\n| a |\n";
        assert_eq!(prose(text), laid);
    }
}
