//! Text laid out for a terminal: widths that count Chinese characters as two columns, cutting, wrapping, tables.

use std::fmt::Write;

use crate::messages::{Catalogue, Speech, chinese, remarks};
pub use crate::text::figures::columns_of;

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// A text at the left end of `columns` columns.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A text at the right end of `columns` columns.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The columns that `out` has: those of the terminal that it is, else `COLUMNS`; 0 where nobody says.
fn columns(out: impl std::os::fd::AsFd) -> usize {
    let columns = rustix::termios::tcgetwinsize(out).map_or(0, |size| usize::from(size.ws_col));
    let said = || std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok()).unwrap_or(0);
    let columns: usize = if columns == 0 { said() } else { columns };
    if columns == 0 { 0 } else { columns.clamp(40, 200) }
}

/// The width of the terminal that stdout is; elsewhere `COLUMNS`, else 100 (so that files and pipes get the same
/// everywhere).
pub fn terminal() -> usize {
    Some(columns(std::io::stdout())).filter(|c| *c > 0).unwrap_or(100)
}

/// The same for lists, which programs search line by line: without a terminal and `COLUMNS`, nothing is wrapped.
pub fn lists() -> usize {
    Some(columns(std::io::stdout())).filter(|c| *c > 0).unwrap_or(100_000)
}

/// The width for talk on stderr.
pub fn talk() -> usize {
    Some(columns(std::io::stderr())).filter(|c| *c > 0).unwrap_or(100)
}

/// Whether a character could steer the terminal, or turn the text behind it around.
pub fn steers(c: char) -> bool {
    c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// One line: runs of white space become a space, and characters that would steer the terminal become `�`.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if steers(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The text, cut to `columns` columns with `…` at its end where it is longer.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = head(text, columns.saturating_sub(1)).to_owned();
    out.push('…');
    out
}

/// As much of the text as fits into `columns` columns.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns_of(c);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// A text on at most `lines` lines of `columns` columns; the last one ends with `…` where there is more. Breaks between
/// words, and beside Chinese characters; within a word only where it is longer than a line.
pub fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    // No more than could be shown is looked at: a row may be megabytes long.
    let most: String = text.chars().take(columns.saturating_mul(lines + 1).saturating_mul(2)).collect();
    let whole = line(&most);
    let cut_short = most.len() < text.trim_end().len();
    let (mut rest, mut out) = (whole.as_str(), Vec::new());
    while out.len() + 1 < lines && width(rest) > columns {
        let part = &rest[..end_of_line(rest, columns)];
        if part.is_empty() {
            break;
        }
        out.push(part.trim_end().to_owned());
        rest = rest[part.len()..].trim_start();
    }
    if cut_short && width(rest) <= columns {
        out.push(format!("{}…", head(rest, columns.saturating_sub(1))));
    } else {
        out.push(cut(rest, columns));
    }
    out
}

/// A recipe with its remarks in the language of the reader.
pub fn remarks_said(recipe: &str) -> String {
    if !chinese() {
        return recipe.to_owned();
    }
    let said = &mut |text: &str| Catalogue::shipped().exactly(text).map(str::to_owned);
    remarks(recipe, &mut Speech { said, laid: &|text, columns| wrap(text, columns, 200) })
}

/// Whether a mark stays with the character before it: no line begins with it.
pub fn closes(c: char) -> bool {
    "，。！？；：、）》」』】”’…,.!?;:)]}".contains(c)
}

/// Whether a bracket stays with the character behind it: no line ends with it.
pub fn opens(c: char) -> bool {
    "（《「『【“‘([{".contains(c)
}

/// How many bytes of a text make its first line: up to the last place where it may break.
fn end_of_line(text: &str, columns: usize) -> usize {
    let most = head(text, columns).len();
    let wide = |c: Option<char>| c.is_some_and(|c| columns_of(c) == 2);
    let closes = |c: Option<char>| c.is_some_and(closes);
    let opens = |c: Option<char>| c.is_some_and(opens);
    let breaks = |at: usize| {
        let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
        after == Some(' ') || before == Some(' ') || (wide(before) || wide(after)) && !closes(after) && !opens(before)
    };
    let places = text[..most].char_indices().map(|(at, _)| at).chain([most]).filter(|at| *at > 0 && breaks(*at));
    places.max().unwrap_or(most)
}

/// A label with a text behind it, which goes on under itself.
pub fn hanging(label: &str, text: &str, columns: usize) -> String {
    let gap = width(label);
    let lines = wrap(text, columns.saturating_sub(gap).max(20), 20);
    let of = |(at, line): (usize, &String)| match at {
        0 => format!("{label}{line}\n"),
        _ => format!("{}{line}\n", " ".repeat(gap)),
    };
    lines.iter().enumerate().map(of).collect()
}

/// Lines of a cell before it ends with `…`.
const CELL: usize = 8;
/// Columns that a cell of text keeps where a table is too wide, and where it is far too wide.
const NARROW: [usize; 2] = [8, 4];

/// A table: columns as wide as their widest cell, two spaces between, numbers to the right; `indent` spaces in front.
/// Where that is more than `columns`, the widest columns of text are made narrower, and their cells go on below.
pub fn table(rows: &[Vec<String>], indent: usize, columns: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let of = |c: usize| rows.iter().filter_map(move |r| r.get(c));
    let mut widths: Vec<usize> = (0..count).map(|c| of(c).map(|t| width(t)).max().unwrap_or(0)).collect();
    let numeric: Vec<bool> = (0..count).map(|c| of(c).skip(1).all(|t| number(t)) && rows.len() > 1).collect();
    let room = columns.saturating_sub(indent + 2 * count.saturating_sub(1));
    for least in NARROW {
        while widths.iter().sum::<usize>() > room {
            let text = (0..count).filter(|c| !numeric[*c] && widths[*c] > least);
            let Some(widest) = text.max_by_key(|c| widths[*c]) else { break };
            widths[widest] -= 1;
        }
    }
    let mut out = String::new();
    for row in rows {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(&widths)
            .map(|(cell, room)| if width(cell) <= *room { vec![cell.clone()] } else { wrap(cell, *room, CELL) })
            .collect();
        for at in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let mut written = " ".repeat(indent);
            for (c, cell) in cells.iter().enumerate() {
                let cell = cell.get(at).map_or("", String::as_str);
                let gap = " ".repeat(widths[c].saturating_sub(width(cell)));
                written += &if numeric[c] { format!("{gap}{cell}  ") } else { format!("{cell}{gap}  ") };
            }
            let _ = writeln!(out, "{}", cut(written.trim_end(), columns));
        }
    }
    out
}

/// Paragraphs that are wider than `columns`, laid out anew; indented lines, lists, tables and code stay as they are
/// but for lines that are too long.
pub fn flow(text: &str, columns: usize) -> String {
    let (mut out, mut paragraph, mut code) = (String::new(), String::new(), false);
    let end = |paragraph: &mut String, out: &mut String| {
        if !paragraph.is_empty() {
            wrap(paragraph, columns, usize::MAX / 4).iter().for_each(|line| *out += &format!("{line}\n"));
            paragraph.clear();
        }
    };
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        let plain = !code && !fence && line.starts_with(|c: char| c.is_alphanumeric() || "`*\"'([".contains(c));
        code ^= fence;
        let item = line.trim_start().starts_with("- ") && !code;
        if plain && (!paragraph.is_empty() || !line.is_empty()) {
            let gap = if paragraph.is_empty() { "" } else { " " };
            paragraph += &format!("{gap}{line}");
            continue;
        }
        end(&mut paragraph, &mut out);
        if item && width(line) > columns {
            let indent = line.len() - line.trim_start().len() + 2;
            for (at, part) in wrap(&line.trim_start()[2..], columns.saturating_sub(indent), 200).iter().enumerate() {
                let mark = if at == 0 { "- " } else { "  " };
                out += &format!("{}{mark}{part}\n", " ".repeat(indent - 2));
            }
            continue;
        }
        out += &format!("{line}\n");
    }
    end(&mut paragraph, &mut out);
    out
}

/// Whether a cell holds a number, with its unit perhaps (`1,024`, `3.5 %`, `64.0 MiB`) or nothing.
fn number(cell: &str) -> bool {
    let (digits, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let unit_only = matches!(unit, "" | "%" | "B" | "KiB" | "MiB" | "GiB" | "TiB" | "s");
    let digits = digits.trim_end_matches('%').trim_start_matches('~');
    unit_only && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '–'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_columns() {
        assert_eq!((width("abc"), width("中文"), width("，a。"), width("e\u{301}"), width("한")), (3, 4, 5, 1, 2));
        assert_eq!(cut("中文字符", 8), "中文字符");
        assert_eq!(cut("中文字符", 7), "中文字…");
        assert_eq!(cut("中文字符", 6), "中文…");
        assert_eq!(cut("abc", 0), "…");
    }

    #[test]
    fn lines_cannot_steer_the_terminal() {
        assert_eq!(line(" a\r\n\n b\x1b[31m\u{202e}c "), "a b\u{fffd}[31m\u{fffd}c");
    }

    #[test]
    fn wrapping_stops_where_told() {
        assert_eq!(wrap("一二三四五六七八", 6, 2), ["一二三", "四五…"]);
        assert_eq!(wrap("one two three", 9, 3), ["one two", "three"]);
        assert_eq!(wrap("短", 6, 2), ["短"]);
        assert_eq!(wrap("", 6, 2), [""]);
        let long = "长".repeat(1_000_000);
        let lines = wrap(&long, 10, 3);
        assert_eq!((lines.len(), lines[2].as_str()), (3, "长长长长…"));
        assert!(wrap(&format!("a{}", " ".repeat(500)), 10, 3)[0].starts_with('a'));
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let row = |a: &str, b: &str, c: &str| vec![a.to_owned(), b.to_owned(), c.to_owned()];
        let rows = [row("名字", "rows", "about"), row("a", "1,024", "一二三四五六七八九十")];
        assert_eq!(table(&rows, 2, 28), "  名字   rows  about\n  a     1,024  一二三四五六\n               七八九十\n");
        assert_eq!(table(&rows, 2, 100), "  名字   rows  about\n  a     1,024  一二三四五六七八九十\n");
    }

    #[test]
    fn no_table_is_wider_than_told_and_no_word_is_broken() {
        let row = |words: [&str; 4]| words.map(str::to_owned).to_vec();
        let rows = [
            row(["name", "kind", "rows", "about"]),
            row(["near_dedup", "whole", "1,024", "of rows that are nearly the same one stays, each compared with it"]),
            row([
                "书库/小说/红楼梦全本校订版",
                "text",
                "7",
                "一份很长的说明：近似的行只留一行（逐对核实），其余去掉。",
            ]),
        ];
        for columns in 40..120 {
            let shown = table(&rows, 2, columns);
            assert!(shown.lines().all(|l| width(l) <= columns), "{columns}\n{shown}");
            let words: Vec<&str> = shown.split_whitespace().collect();
            for word in ["near_dedup", "nearly", "compared", "1,024"] {
                assert!(words.contains(&word), "{columns}: {word}\n{shown}");
            }
            assert!(!shown.lines().any(|l| l.trim_start().starts_with(['，', '。', '）'])), "{columns}\n{shown}");
        }
    }

    #[test]
    fn paragraphs_flow_and_code_stays() {
        let text = "# What\n\nOne paragraph of words that is\nset in two lines.\n\n- an item of a list that is too long\n\n```toml\nkey = \"a value that is wider than that\"\n```\n";
        let shown = flow(text, 24);
        assert!(shown.contains("One paragraph of words\nthat is set in two\nlines.\n"), "{shown}");
        assert!(shown.contains("- an item of a list that\n  is too long\n"), "{shown}");
        assert!(shown.contains("\nkey = \"a value that is wider than that\"\n"), "{shown}");
        assert_eq!(flow("short\n", 80), "short\n");
    }
}
