//! Text laid out for a terminal: widths that count Chinese characters as two columns, cutting, wrapping, tables.

use std::fmt::Write;

/// Columns that a character takes on a terminal.
pub fn columns_of(c: char) -> usize {
    match u32::from(c) {
        0..0x20 | 0x7f..0xa0 | 0x300..0x370 | 0x200b..0x2010 | 0x2028..0x2030 | 0xfe00..0xfe10 | 0xfeff => 0,
        0x1100..0x1160 | 0x2e80..0x303f | 0x3041..0xa4d0 | 0xa960..0xa980 | 0xac00..0xd7a4 | 0xf900..0xfb00 => 2,
        0xfe10..0xfe20 | 0xfe30..0xfe70 | 0xff00..0xff61 | 0xffe0..0xffe7 | 0x1f300..0x1f650 | 0x1f680..0x1f700 => 2,
        0x1f900..0x1fb00 | 0x20000..0x3fffe => 2,
        _ => 1,
    }
}

/// Columns that a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The width of the terminal that stdout is; elsewhere `COLUMNS`, else 100 (so that files and pipes get the same
/// everywhere).
pub fn terminal() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    let said = || std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok()).unwrap_or(0);
    let columns = if columns == 0 { said() } else { columns };
    if columns == 0 { 100 } else { columns.clamp(40, 200) }
}

/// `1 file`, `2 files`.
pub fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", crate::build::usage::count(number), if number == 1 { "" } else { "s" })
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
            c if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c) => {
                out.push('\u{fffd}');
            }
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

/// A text on at most `lines` lines of `columns` columns; the last one ends with `…` where there is more. Breaks at
/// spaces where there is one in the last third of a line.
pub fn wrap(text: &str, columns: usize, lines: usize) -> Vec<String> {
    // No more than could be shown is looked at: a row may be megabytes long.
    let most: String = text.chars().take(columns * (lines + 1) * 2).collect();
    let whole = line(&most);
    let cut_short = most.len() < text.trim_end().len();
    let (mut rest, mut out) = (whole.as_str(), Vec::new());
    while out.len() + 1 < lines && width(rest) > columns {
        let mut part = head(rest, columns);
        if let Some(space) =
            part.rfind(' ').filter(|at| *at > part.len() * 2 / 3 && !rest[part.len()..].starts_with(' '))
        {
            part = &part[..space];
        }
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

/// A table: columns as wide as their widest cell, two spaces between, numbers to the right; `indent` spaces in front.
/// The last column is cut to what is left of `columns`, unless it holds numbers.
pub fn table(rows: &[Vec<String>], indent: usize, columns: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..count).map(|c| rows.iter().filter_map(|r| r.get(c)).map(|t| width(t)).max().unwrap_or(0)).collect();
    let numeric: Vec<bool> =
        (0..count).map(|c| rows.iter().skip(1).filter_map(|r| r.get(c)).all(|t| number(t))).collect();
    let mut out = String::new();
    for row in rows {
        let mut written = " ".repeat(indent);
        for (at, cell) in row.iter().enumerate() {
            let last = at + 1 == row.len();
            let used = width(&written);
            let cell = if last && !numeric[at] { cut(cell, columns.saturating_sub(used).max(8)) } else { cell.clone() };
            let gap = " ".repeat(widths[at].saturating_sub(width(&cell)));
            match (numeric[at] && rows.len() > 1, last) {
                (true, true) => written += &format!("{gap}{cell}"),
                (true, false) => written += &format!("{gap}{cell}  "),
                (false, _) => written += &format!("{cell}{gap}  "),
            }
        }
        let _ = writeln!(out, "{}", written.trim_end());
    }
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
        assert_eq!(table(&rows, 2, 28), "  名字   rows  about\n  a     1,024  一二三四五六…\n");
    }
}
