//! Two texts beside each other, with what differs between them marked, and texts with their own line breaks.

use std::io::IsTerminal;

use super::table::{closes, columns_of, opens, steers, width};
use crate::text::diff::{Part, diff};

/// Characters of each side that are compared.
const COMPARED: usize = 4_000;
/// A stretch shorter than this between two differences is part of the difference.
const STRETCH: usize = 3;
/// Characters shown before the first difference where the texts begin alike for long.
const BEFORE: usize = 20;

/// Whether stdout takes colours.
pub fn coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// A character, and whether it is marked.
type Cell = (char, bool);

/// A side of a comparison: what it is called, and its text.
pub type Side<'a> = (&'a str, &'a str);

/// Two texts in two columns, at most `lines` lines each. With `compare`, what differs is marked where the texts have
/// something in common; where they begin alike for longer than is shown, they are shown from the first difference on.
pub fn beside(left: Side<'_>, right: Side<'_>, columns: usize, lines: usize, compare: bool) -> String {
    let room = columns.saturating_sub(5) / 2;
    let shown = room.saturating_mul(lines).saturating_mul(2);
    let head = |text: &str| text.trim().chars().take(shown.max(COMPARED)).collect::<String>();
    let (a, b) = (head(left.1), head(right.1));
    let plain = |text: &str| text.chars().map(|c| (c, false)).collect::<Vec<Cell>>();
    let sides = match compare && a.chars().count().max(b.chars().count()) <= COMPARED {
        true => differences(&a, &b, room.saturating_mul(lines)).unwrap_or_else(|| [plain(&a), plain(&b)]),
        false => [plain(&a), plain(&b)],
    };
    let colour = coloured();
    let [left_lines, right_lines] =
        sides.map(|cells| flow(&if colour { cells } else { bracketed(&cells) }, room, lines));
    let mut out = String::new();
    let mut put = |left: &str, right: &str| {
        let gap = " ".repeat(room.saturating_sub(visible(left)));
        out += format!("  {left}{gap} │ {right}").trim_end();
        out.push('\n');
    };
    put(left.0, right.0);
    for at in 0..left_lines.len().max(right_lines.len()) {
        let text = |lines: &[Vec<Cell>], code: &str| lines.get(at).map_or(String::new(), |cells| painted(cells, code));
        put(&text(&left_lines, "32"), &text(&right_lines, "31"));
    }
    out
}

/// Both texts with what differs marked; `None` where they have too little in common for marks to help.
fn differences(a: &str, b: &str, room: usize) -> Option<[Vec<Cell>; 2]> {
    let mut sides: [Vec<Cell>; 2] = Default::default();
    let mut same = 0;
    let parts = diff(a, b);
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Same(text) => {
                let count = text.chars().count();
                let between = at > 0 && at + 1 < parts.len();
                same += count;
                let marked = between && count < STRETCH;
                sides.iter_mut().for_each(|side| side.extend(text.chars().map(|c| (c, marked))));
            }
            Part::Differs(a, b) => {
                sides[0].extend(a.chars().map(|c| (c, true)));
                sides[1].extend(b.chars().map(|c| (c, true)));
            }
        }
    }
    if same * 2 < a.chars().count().max(b.chars().count()) {
        return None;
    }
    // They begin alike: both are cut at the same place.
    let begin = sides[0].iter().position(|c| c.1).unwrap_or(0);
    if begin > room / 2 {
        for side in &mut sides {
            side.drain(..(begin - BEFORE).min(side.len()));
            side.insert(0, ('…', false));
        }
    }
    Some(sides)
}

/// With brackets around what is marked.
fn bracketed(cells: &[Cell]) -> Vec<Cell> {
    let mut out = Vec::with_capacity(cells.len());
    let mut marked = false;
    for (c, is) in cells.iter().copied().chain([('\0', false)]) {
        if is != marked {
            out.push((if is { '⟦' } else { '⟧' }, false));
            marked = is;
        }
        out.push((c, false));
    }
    out.pop();
    out
}

/// How many cells of a full line stay on it, so that the next one, with `next` behind them, begins with no mark that belongs
/// to what is before it, nor this one ends with a bracket that opens.
fn together(full: &[Cell], next: char) -> usize {
    let wide = |c: char| !c.is_ascii();
    let (mut stay, mut behind) = (full.len(), next);
    while stay > 1 && full.len() - stay < 3 {
        let last = full[stay - 1].0;
        if !(wide(behind) && closes(behind) || wide(last) && opens(last)) {
            break;
        }
        stay -= 1;
        behind = last;
    }
    stay
}

/// Lines of at most `columns` columns: at the text's own breaks, else at a space in the last third, else anywhere.
fn flow(cells: &[Cell], columns: usize, lines: usize) -> Vec<Vec<Cell>> {
    let mut out: Vec<Vec<Cell>> = vec![Vec::new()];
    let mut used = 0;
    for (c, marked) in cells.iter().copied() {
        if c == '\n' {
            used = 0;
            out.push(Vec::new());
        } else {
            let c = match c {
                c if c.is_whitespace() => ' ',
                c if steers(c) => '\u{fffd}',
                c => c,
            };
            if used + columns_of(c) > columns {
                let last = out.last_mut().map(std::mem::take).unwrap_or_default();
                let space =
                    last.iter().rposition(|cell| cell.0 == ' ').filter(|at| c != ' ' && *at > last.len() * 2 / 3);
                let (kept, moved) = last.split_at(space.map_or_else(|| together(&last, c), |at| at + 1));
                used = moved.iter().map(|cell| columns_of(cell.0)).sum();
                let moved = moved.to_vec();
                let kept = kept.to_vec();
                if let Some(place) = out.last_mut() {
                    *place = kept;
                }
                out.push(moved);
            }
            if let Some(last) = out.last_mut().filter(|last| c != ' ' || !last.is_empty() || used > 0 || marked) {
                last.push((c, marked));
                used += columns_of(c);
            }
        }
        if out.len() > lines {
            out.truncate(lines);
            if let Some(last) = out.last_mut() {
                while last.iter().map(|cell| columns_of(cell.0)).sum::<usize>() >= columns {
                    last.pop();
                }
                last.push(('…', false));
            }
            break;
        }
    }
    out
}

/// A text on at most `lines` lines, with its own line breaks and the indents of its lines.
pub fn paragraphs(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let most: String = text.trim_end().chars().take(columns.saturating_mul(lines + 1).saturating_mul(2)).collect();
    let mut out = Vec::new();
    for (at, part) in most.split('\n').enumerate() {
        let part = part.trim_end();
        let bare = part.trim_start();
        let indent: String =
            if at == 0 { String::new() } else { " ".repeat((width(part) - width(bare)).min(columns / 2)) };
        let cells: Vec<Cell> = bare.chars().map(|c| (c, false)).collect();
        for line in flow(&cells, columns - indent.len(), lines + 1) {
            let line: String = line.into_iter().map(|c| c.0).collect();
            out.push(format!("{indent}{}", line.trim_end()));
            if out.len() > lines {
                break;
            }
        }
    }
    let more = out.len() > lines || most.len() < text.trim_end().len();
    out.truncate(lines);
    if let Some(last) = out.last_mut().filter(|_| more) {
        *last = super::table::cut(&format!("{last} …"), columns);
        if !last.ends_with('…') {
            last.push('…');
        }
    }
    out
}

fn painted(cells: &[Cell], code: &str) -> String {
    let mut out = String::new();
    let mut marked = false;
    for (c, is) in cells.iter().copied() {
        if is != marked {
            out += &if is { format!("\x1b[7;{code}m") } else { "\x1b[0m".to_owned() };
            marked = is;
        }
        out.push(c);
    }
    out + if marked { "\x1b[0m" } else { "" }
}

/// The columns that a painted text takes.
fn visible(text: &str) -> usize {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        plain += &rest[..at];
        rest = rest[at..].split_once('m').map_or("", |(_, behind)| behind);
    }
    width(&(plain + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_stand_side_by_side_with_what_differs_marked() {
        let shown = beside(
            ("+ chosen", "今天是晴天，适合出门散步。"),
            ("- rejected", "今天是雨天，适合出门散步。"),
            65,
            4,
            true,
        );
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], format!("  + chosen{} │ - rejected", " ".repeat(22)));
        assert_eq!(lines[1], "  今天是⟦晴⟧天，适合出门散步。   │ 今天是⟦雨⟧天，适合出门散步。");
        assert_eq!(lines.len(), 2);
        let apart = beside(("+", "全然不同的话"), ("-", "quite another thing"), 60, 4, true);
        assert!(!apart.contains('⟦') && apart.lines().nth(1).unwrap().contains("│ quite another thing"), "{apart}");
    }

    #[test]
    fn no_line_begins_with_a_mark() {
        assert_eq!(paragraphs("一二三四五。六七", 10, 9), ["一二三四", "五。六七"]);
        assert_eq!(paragraphs("一二三四（五六", 10, 9), ["一二三四", "（五六"]);
        assert_eq!(paragraphs("一二三四五六", 10, 9), ["一二三四五", "六"]);
        assert_eq!(paragraphs("。。。。。。", 6, 9).concat(), "。。。。。。", "marks alone end somewhere");
    }

    #[test]
    fn a_difference_far_inside_is_shown() {
        let same = "一二三四五六七八九十".repeat(50);
        let shown = beside(("+", &format!("{same}甲尾")), ("-", &format!("{same}乙尾")), 60, 3, true);
        assert!(shown.contains("⟦甲⟧尾"), "{shown}");
        assert!(shown.contains("⟦乙⟧尾"), "{shown}");
        assert!(shown.contains('…'), "{shown}");
        assert!(shown.lines().all(|l| width(l) <= 60), "{shown}");
    }

    #[test]
    fn line_breaks_and_indents_stay() {
        let code = "看：\n\ndef f():\n    return 1\x1b[31m\n尾";
        assert_eq!(paragraphs(code, 30, 9), ["看：", "", "def f():", "    return 1\u{fffd}[31m", "尾"]);
        assert_eq!(paragraphs("a\nb\nc", 10, 2), ["a", "b …"]);
        assert_eq!(paragraphs("one two three", 9, 3), ["one two", "three"]);
        let long = "长".repeat(1_000_000);
        let lines = paragraphs(&long, 10, 3);
        assert_eq!(lines.len(), 3);
        assert!(lines[2].ends_with('…') && width(&lines[2]) <= 10, "{lines:?}");
    }
}
